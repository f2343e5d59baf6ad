// SPDX-License-Identifier: GPL-2.0-only
/* What the options of create and set for watches ask of the kernel. */
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "watches.h"

#define CLAIM(claim) cmocka_unit_test(claim)
#define HAS(attribute) KMQ_NL_BIT(KMQ_A_##attribute)

/* In the place of command.c, which prints. */
int command_bad_argument(const struct command *command, const char *option,
			 const char *argument, const char *form)
{
	return STATUS_USAGE;
}

static const struct command command;

static int take(struct watches *watches, int code, const char *argument)
{
	int status = -1;

	optarg = (char *)argument;
	assert_true(watches_option(watches, &command, code, &status));
	return status;
}

static void nothing_asked_is_nothing_set(void **state)
{
	struct watches watches = { .has_high = false };

	assert_false(watches_any(&watches));
	assert_false(watches_want_whole(&watches));
	watches_settle(&watches, 64);
	assert_int_equal(watches.settings.has, 0);
}

static void a_high_watermark_brings_a_low_one_of_half(void **state)
{
	struct watches watches = { .has_high = false };

	assert_int_equal(take(&watches, OPTION_HIGH_WATERMARK, "50"), 0);
	assert_false(watches_want_whole(&watches));
	watches_settle(&watches, 0);
	assert_int_equal(watches.settings.has, HAS(HIGH_WATERMARK) | HAS(LOW_WATERMARK));
	assert_int_equal(watches.settings.high_watermark, 50);
	assert_int_equal(watches.settings.low_watermark, 25);
}

static void both_are_taken_as_they_are_said(void **state)
{
	struct watches watches = { .has_high = false };

	take(&watches, OPTION_LOW_WATERMARK, "1K");
	take(&watches, OPTION_HIGH_WATERMARK, "90%");
	assert_true(watches_want_whole(&watches));
	watches_settle(&watches, 4096);
	assert_int_equal(watches.settings.high_watermark, 3686);
	assert_int_equal(watches.settings.low_watermark, 1024);
}

static void a_low_watermark_alone_leaves_the_high_one(void **state)
{
	struct watches watches = { .has_high = false };

	take(&watches, OPTION_LOW_WATERMARK, "3");
	watches_settle(&watches, 0);
	assert_int_equal(watches.settings.has, HAS(LOW_WATERMARK));
}

static void off_is_zero_for_both(void **state)
{
	struct watches watches = { .has_high = false };

	take(&watches, OPTION_HIGH_WATERMARK, "off");
	assert_true(watches_any(&watches));
	watches_settle(&watches, 64);
	assert_int_equal(watches.settings.has, HAS(HIGH_WATERMARK) | HAS(LOW_WATERMARK));
	assert_int_equal(watches.settings.high_watermark, 0);
	assert_int_equal(watches.settings.low_watermark, 0);
}

static void a_percentage_of_little_is_not_off(void **state)
{
	struct watches watches = { .has_high = false };

	take(&watches, OPTION_HIGH_WATERMARK, "50%");
	watches_settle(&watches, 1);
	assert_int_equal(watches.settings.high_watermark, 1);
	assert_int_equal(watches.settings.low_watermark, 0);
}

static void a_lease_limit_is_in_milliseconds(void **state)
{
	struct watches watches = { .has_high = false };

	assert_int_equal(take(&watches, OPTION_LEASE_LIMIT, "1.5s"), 0);
	assert_int_equal(watches.settings.lease_limit, 1500);
	assert_int_equal(take(&watches, OPTION_LEASE_LIMIT, "1d"), 0);
	assert_int_equal(watches.settings.lease_limit, KMQ_LEASE_LIMIT_MAX);
	assert_int_equal(watches.settings.has, HAS(LEASE_LIMIT));
}

static void a_lease_limit_keeps_to_its_bounds(void **state)
{
	static const char *const wrong[] = { "0", "999us", "86401", "25h", "on", "" };
	struct watches watches = { .has_high = false };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(take(&watches, OPTION_LEASE_LIMIT, wrong[i]), STATUS_USAGE);
	assert_int_equal(watches.settings.lease_limit, 0);
}

static void the_histogram_is_on_or_off(void **state)
{
	struct watches watches = { .has_high = false };

	assert_int_equal(take(&watches, OPTION_HISTOGRAM, "1"), STATUS_USAGE);
	assert_int_equal(watches.settings.has, 0);
	assert_int_equal(take(&watches, OPTION_HISTOGRAM, "on"), 0);
	assert_int_equal(watches.settings.histogram, 1);
	assert_int_equal(take(&watches, OPTION_HISTOGRAM, "off"), 0);
	assert_int_equal(watches.settings.histogram, 0);
	assert_int_equal(watches.settings.has, HAS(HISTOGRAM));
}

int main(void)
{
	static const struct CMUnitTest claims[] = {
		CLAIM(nothing_asked_is_nothing_set),
		CLAIM(a_high_watermark_brings_a_low_one_of_half),
		CLAIM(both_are_taken_as_they_are_said),
		CLAIM(a_low_watermark_alone_leaves_the_high_one),
		CLAIM(off_is_zero_for_both),
		CLAIM(a_percentage_of_little_is_not_off),
		CLAIM(a_lease_limit_is_in_milliseconds),
		CLAIM(a_lease_limit_keeps_to_its_bounds),
		CLAIM(the_histogram_is_on_or_off),
	};
	int count = sizeof(claims) / sizeof(*claims);
	int failed = cmocka_run_group_tests(claims, NULL, NULL);

	printf("%d passed, %d failed\n", count - failed, failed);
	return failed != 0;
}
