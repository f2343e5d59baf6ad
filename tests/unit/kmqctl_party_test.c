// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel knows of holders, joined with what /proc shows. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control.h"
#include "party.h"

#define CLAIM(claim) cmocka_unit_test(claim)

static const struct kmq_info queue = { .id = 5, .name = "q" };

static const struct kmq_nl_holder *known;
static size_t known_count;
static int known_error;

/* In the place of the kernel. */
int control_holders(uint32_t id, struct kmq_nl_holder **list, size_t *count)
{
	assert_int_equal(id, 5);
	*list = calloc(known_count + 1, sizeof(**list));
	assert_non_null(*list);
	if (known_count)
		memcpy(*list, known, known_count * sizeof(**list));
	*count = known_count;
	return known_error;
}

static struct parties joined(const struct kmq_nl_holder *kernel, size_t kernel_count,
			     struct holder *proc, size_t proc_count)
{
	struct holders seen = { .list = proc, .count = proc_count, .complete = true };
	struct parties parties = { .count = 0 };

	known = kernel;
	known_count = kernel_count;
	assert_int_equal(parties_add(&parties, &queue, &seen), known_error);
	return parties;
}

static void party_is(const struct parties *parties, size_t i, enum party_role role, pid_t pid,
		     int fd, const char *command)
{
	assert_true(i < parties->count);
	assert_int_equal(parties->list[i].role, role);
	assert_int_equal(parties->list[i].pid, pid);
	assert_int_equal(parties->list[i].fd, fd);
	assert_string_equal(parties->list[i].command, command);
	assert_string_equal(parties->list[i].queue, "q");
}

static void the_opener_gets_the_number_of_its_descriptor(void **state)
{
	const struct kmq_nl_holder kernel = { .pid = 10, .comm = "sh" };
	struct holder proc = { .pid = 10, .fd = 3, .id = 5, .command = "renamed" };
	struct parties parties = joined(&kernel, 1, &proc, 1);

	assert_int_equal(parties.count, 1);
	party_is(&parties, 0, PARTY_DESCRIPTOR, 10, 3, "renamed");
	parties_free(&parties);
}

static void who_has_it_and_did_not_open_it_inherited_it(void **state)
{
	const struct kmq_nl_holder kernel = { .pid = 10, .comm = "sh" };
	struct holder proc[] = {
		{ .pid = 10, .fd = 3, .id = 5, .command = "sh" },
		{ .pid = 11, .fd = 3, .id = 5, .command = "sleep" },
		{ .pid = 12, .fd = 3, .id = 6, .command = "of another queue" },
	};
	struct parties parties = joined(&kernel, 1, proc, 3);

	assert_int_equal(parties.count, 2);
	party_is(&parties, 0, PARTY_DESCRIPTOR, 10, 3, "sh");
	party_is(&parties, 1, PARTY_INHERITED, 11, 3, "sleep");
	parties_free(&parties);
}

static void an_opener_that_closed_it_is_still_told(void **state)
{
	const struct kmq_nl_holder kernel = { .pid = 10, .comm = "gone" };
	struct holder proc = { .pid = 11, .fd = 4, .id = 5, .command = "heir" };
	struct parties parties = joined(&kernel, 1, &proc, 1);

	assert_int_equal(parties.count, 2);
	party_is(&parties, 0, PARTY_DESCRIPTOR, 10, -1, "gone");
	party_is(&parties, 1, PARTY_INHERITED, 11, 4, "heir");
	parties_free(&parties);
}

static void a_duplicate_in_the_opener_is_one_more(void **state)
{
	const struct kmq_nl_holder kernel = { .pid = 10, .comm = "sh" };
	struct holder proc[] = {
		{ .pid = 10, .fd = 3, .id = 5, .command = "sh" },
		{ .pid = 10, .fd = 7, .id = 5, .command = "sh" },
	};
	struct parties parties = joined(&kernel, 1, proc, 2);

	assert_int_equal(parties.count, 2);
	party_is(&parties, 0, PARTY_DESCRIPTOR, 10, 3, "sh");
	party_is(&parties, 1, PARTY_INHERITED, 10, 7, "sh");
	parties_free(&parties);
}

static void a_mapping_is_joined_with_a_descriptor_of_the_ring_alone(void **state)
{
	const struct kmq_nl_holder kernel[] = {
		{ .holder = KMQ_HOLDER_DESCRIPTOR, .pid = 10, .comm = "camera" },
		{ .holder = KMQ_HOLDER_MAPPING, .pid = 10, .comm = "camera" },
	};
	struct holder proc[] = {
		{ .pid = 10, .fd = 4, .id = 5, .ring = true, .command = "camera" },
		{ .pid = 10, .fd = 3, .id = 5, .command = "camera" },
	};
	struct parties parties = joined(kernel, 2, proc, 2);

	assert_int_equal(parties.count, 2);
	party_is(&parties, 0, PARTY_DESCRIPTOR, 10, 3, "camera");
	party_is(&parties, 1, PARTY_MAPPING, 10, 4, "camera");
	parties_free(&parties);
}

static void a_sleeper_has_no_descriptor(void **state)
{
	const struct kmq_nl_holder kernel = {
		.holder = KMQ_HOLDER_SLEEPER, .pid = 10, .comm = "reader",
	};
	struct holder proc = { .pid = 10, .fd = 3, .id = 5, .command = "reader" };
	struct parties parties = joined(&kernel, 1, &proc, 1);

	assert_int_equal(parties.count, 2);
	party_is(&parties, 0, PARTY_SLEEPER, 10, -1, "reader");
	party_is(&parties, 1, PARTY_INHERITED, 10, 3, "reader");
	parties_free(&parties);
}

static void a_kind_of_holder_that_is_not_known_is_left_out(void **state)
{
	const struct kmq_nl_holder kernel = { .holder = KMQ_HOLDER_SLEEPER + 1, .pid = 10 };
	struct parties parties = joined(&kernel, 1, NULL, 0);

	assert_int_equal(parties.count, 0);
	parties_free(&parties);
}

static void without_netlink_it_is_what_proc_shows(void **state)
{
	struct holder proc[] = {
		{ .pid = 10, .fd = 3, .id = 5, .command = "sh" },
		{ .pid = 11, .fd = 4, .id = 5, .ring = true, .command = "camera" },
	};
	struct parties parties;

	known_error = ENODEV;
	parties = joined(NULL, 0, proc, 2);
	known_error = 0;
	assert_int_equal(parties.count, 2);
	party_is(&parties, 0, PARTY_DESCRIPTOR, 10, 3, "sh");
	party_is(&parties, 1, PARTY_MAPPING, 11, 4, "camera");
	parties_free(&parties);
}

int main(void)
{
	static const struct CMUnitTest claims[] = {
		CLAIM(the_opener_gets_the_number_of_its_descriptor),
		CLAIM(who_has_it_and_did_not_open_it_inherited_it),
		CLAIM(an_opener_that_closed_it_is_still_told),
		CLAIM(a_duplicate_in_the_opener_is_one_more),
		CLAIM(a_mapping_is_joined_with_a_descriptor_of_the_ring_alone),
		CLAIM(a_sleeper_has_no_descriptor),
		CLAIM(a_kind_of_holder_that_is_not_known_is_left_out),
		CLAIM(without_netlink_it_is_what_proc_shows),
	};
	int count = sizeof(claims) / sizeof(*claims);
	int failed = cmocka_run_group_tests(claims, NULL, NULL);

	printf("%d passed, %d failed\n", count - failed, failed);
	return failed != 0;
}
