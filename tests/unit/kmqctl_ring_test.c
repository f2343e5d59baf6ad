// SPDX-License-Identifier: GPL-2.0-only
/* What kmqctl says of a ring, as against a message queue. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "queue_columns.h"
#include "ring_mode.h"

#define CLAIM(claim) cmocka_unit_test(claim)

static const struct kmq_info messages = {
	.kind = KMQ_KIND_MESSAGE,
	.capacity = 64,
	.inline_size = 256,
	.byte_limit = 1000,
};

static const struct kmq_info ring = {
	.kind = KMQ_KIND_RING,
	.ring_mode = KMQ_RING_MPSC,
	.byte_limit = 65536,
	.bytes = 32768,
	.attachments = 3,
	.deaths = 2,
	.abandoned = 7,
};

/* The value is @wanted as JSON writes it; "null" for none. */
static void shows(const struct kmq_info *info, const char *name, const char *wanted)
{
	const struct kmq_nl_queue row = { .info = *info };
	const struct column *column = queue_columns;
	struct json_object *value;

	while (column->name && strcmp(column->name, name))
		column++;
	assert_non_null(column->name);
	value = column->value(column, &row);
	assert_string_equal(json_object_to_json_string(value), wanted);
	json_object_put(value);
}

static void every_mode_has_a_name_that_is_taken_back(void **state)
{
	for (uint32_t mode = KMQ_RING_SPSC; mode <= KMQ_RING_BROADCAST; mode++)
		assert_int_equal(ring_mode_value(ring_mode_name(mode)), mode);
	assert_string_equal(ring_mode_name(KMQ_RING_BROADCAST), "broadcast");
}

static void an_unknown_mode_has_no_name(void **state)
{
	assert_null(ring_mode_name(KMQ_RING_BROADCAST + 1));
	assert_null(ring_mode_name(UINT32_MAX));
	assert_int_equal(ring_mode_value("SPSC"), -1);
	assert_int_equal(ring_mode_value(""), -1);
}

static void a_ring_shows_what_only_a_ring_has(void **state)
{
	shows(&ring, "KIND", "\"ring\"");
	shows(&ring, "RING-MODE", "\"mpsc\"");
	shows(&ring, "ATTACHMENTS", "3");
	shows(&ring, "DEATHS", "2");
	shows(&ring, "ABANDONED", "7");
	shows(&ring, "BROKEN", "false");
}

static void a_ring_has_no_capacity_in_messages(void **state)
{
	shows(&ring, "CAPACITY", "null");
	shows(&ring, "INLINE", "null");
	shows(&ring, "PEAK", "null");
	shows(&messages, "PEAK", "0");
	shows(&messages, "CAPACITY", "64");
	shows(&messages, "INLINE", "256");
}

static void a_message_queue_has_nothing_of_a_ring(void **state)
{
	shows(&messages, "RING-MODE", "null");
	shows(&messages, "ATTACHMENTS", "null");
	shows(&messages, "DEATHS", "null");
	shows(&messages, "BROKEN", "null");
	shows(&messages, "ABANDONED", "0");
}

static void a_mode_that_is_not_known_is_shown_as_its_number(void **state)
{
	struct kmq_info later = ring;

	later.ring_mode = 9;
	shows(&later, "RING-MODE", "9");
}

static void a_broken_ring_is_told_and_nothing_else_is_broken(void **state)
{
	struct kmq_info broken = ring, odd = messages;

	broken.ring_flags = KMQ_RING_BROKEN;
	odd.ring_flags = KMQ_RING_BROKEN;
	assert_true(queue_is_broken(&broken));
	assert_false(queue_is_broken(&ring));
	assert_false(queue_is_broken(&odd));
	shows(&broken, "BROKEN", "true");
}

static void a_ring_fills_by_bytes_and_a_broadcast_ring_never(void **state)
{
	struct kmq_info broadcast = ring;

	broadcast.ring_mode = KMQ_RING_BROADCAST;
	assert_int_equal(queue_use(&ring), 50);
	assert_true(queue_fills(&ring));
	assert_true(queue_fills(&messages));
	assert_false(queue_fills(&broadcast));
	shows(&ring, "USE", "50");
	shows(&broadcast, "USE", "null");
}

static void what_grew_is_the_difference_and_never_negative(void **state)
{
	struct kmq_info before = { .sent = 5, .received = 4, .abandoned = 1, .deaths = 1 };
	struct kmq_info now = { .sent = 9, .received = 3, .abandoned = 3, .deaths = 2 };

	queue_since(&now, &before);
	assert_int_equal(now.sent, 4);
	assert_int_equal(now.received, 0);
	assert_int_equal(now.abandoned, 2);
	assert_int_equal(now.deaths, 1);
}

int main(void)
{
	static const struct CMUnitTest claims[] = {
		CLAIM(every_mode_has_a_name_that_is_taken_back),
		CLAIM(an_unknown_mode_has_no_name),
		CLAIM(a_ring_shows_what_only_a_ring_has),
		CLAIM(a_ring_has_no_capacity_in_messages),
		CLAIM(a_message_queue_has_nothing_of_a_ring),
		CLAIM(a_mode_that_is_not_known_is_shown_as_its_number),
		CLAIM(a_broken_ring_is_told_and_nothing_else_is_broken),
		CLAIM(a_ring_fills_by_bytes_and_a_broadcast_ring_never),
		CLAIM(what_grew_is_the_difference_and_never_negative),
	};
	int count = sizeof(claims) / sizeof(*claims);
	int failed = cmocka_run_group_tests(claims, NULL, NULL);

	printf("%d passed, %d failed\n", count - failed, failed);
	return failed != 0;
}
