// SPDX-License-Identifier: GPL-2.0-only
/* How kmqctl draws times, and what it says of them in JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "histogram.h"

#define CLAIM(claim) cmocka_unit_test(claim)

static void bar_is(double part, double whole, unsigned int cells, bool unicode, const char *wanted)
{
	char *bar = bar_draw(part, whole, cells, unicode);

	assert_string_equal(bar, wanted);
	free(bar);
}

static void a_bar_is_as_long_as_its_share(void **state)
{
	bar_is(0, 10, 10, false, "");
	bar_is(5, 10, 10, false, "#####");
	bar_is(10, 10, 10, false, "##########");
	bar_is(5, 10, 1, true, "▌");
	bar_is(5, 8, 3, true, "█▉");
	bar_is(7, 0, 4, true, "▏");
}

static void a_bar_of_something_is_not_empty(void **state)
{
	bar_is(1, 1000000, 10, false, "#");
	bar_is(1, 1000000, 10, true, "▏");
}

static void a_bar_never_leaves_its_cells(void **state)
{
	bar_is(30, 10, 3, false, "###");
	bar_is(30, 10, 3, true, "███");
}

static void drawn_are_the_buckets_from_the_first_to_the_last(void **state)
{
	struct kmq_nl_histogram histogram = { .bucket = { [1] = 2, [3] = 1 } };
	char *text = histogram_draw(&histogram, "time queued", "message", 40, false);

	assert_string_equal(text,
			    "time queued: 3 messages\n"
			    "  50% < 2us, 90% < 8.1us, 99% < 8.1us, 99.9% < 8.1us, "
			    "all < 8.1us\n"
			    "     1us - 2us      2 ##################\n"
			    "     2us - 4us      0\n"
			    "     4us - 8.1us    1 #########\n");
	free(text);
}

static void the_last_bucket_has_no_end(void **state)
{
	struct kmq_nl_histogram histogram = { .bucket = { [31] = 1 } };
	char *text = histogram_draw(&histogram, "t", "sleep", 40, false);

	assert_non_null(strstr(text, "t: 1 sleep\n  50% > 1099s"));
	assert_non_null(strstr(text, "   1099s - longer   1 #"));
	free(text);
}

static void nothing_is_a_line_without_buckets(void **state)
{
	struct kmq_nl_histogram histogram = { { 0 } };
	char *text = histogram_draw(&histogram, "time blocked", "sleep", 80, true);

	assert_string_equal(text, "time blocked: 0 sleeps\n");
	free(text);
}

static void no_line_is_longer_than_the_terminal(void **state)
{
	struct kmq_nl_histogram histogram;
	char *text, *line, *rest;

	for (unsigned int i = 0; i < KMQ_HISTOGRAM_BUCKETS; i++)
		histogram.bucket[i] = 1ull << i;
	for (unsigned int width = 50; width < 200; width++) {
		text = histogram_draw(&histogram, "t", "s", width, false);
		/* The line of percentiles is as long as it is. */
		rest = strchr(strchr(text, '\n') + 1, '\n') + 1;
		while ((line = strsep(&rest, "\n")))
			assert_true(strlen(line) <= width);
		free(text);
	}
}

static void json_is(const struct kmq_nl_histogram *histogram, const char *wanted)
{
	struct json_object *object = histogram_json(histogram);

	assert_string_equal(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN),
			    wanted);
	json_object_put(object);
}

static void json_has_seconds_and_the_buckets_that_have_any(void **state)
{
	struct kmq_nl_histogram histogram = { .bucket = { [0] = 3, [31] = 1 } };

	json_is(&histogram,
		"{\"count\":4,\"p50\":0.000001024,\"p90\":null,\"p99\":null,\"p99_9\":null,"
		"\"max\":null,\"buckets\":[{\"from\":0.000000000,\"below\":0.000001024,"
		"\"count\":3},{\"from\":1099.511627776,\"below\":null,\"count\":1}]}");
}

static void json_of_nothing_has_no_percentiles(void **state)
{
	struct kmq_nl_histogram histogram = { { 0 } };

	json_is(&histogram, "{\"count\":0,\"p50\":null,\"p90\":null,\"p99\":null,\"p99_9\":null,"
		"\"max\":null,\"buckets\":[]}");
}

int main(void)
{
	static const struct CMUnitTest claims[] = {
		CLAIM(a_bar_is_as_long_as_its_share),
		CLAIM(a_bar_of_something_is_not_empty),
		CLAIM(a_bar_never_leaves_its_cells),
		CLAIM(drawn_are_the_buckets_from_the_first_to_the_last),
		CLAIM(the_last_bucket_has_no_end),
		CLAIM(nothing_is_a_line_without_buckets),
		CLAIM(no_line_is_longer_than_the_terminal),
		CLAIM(json_has_seconds_and_the_buckets_that_have_any),
		CLAIM(json_of_nothing_has_no_percentiles),
	};
	int count = sizeof(claims) / sizeof(*claims);
	int failed = cmocka_run_group_tests(claims, NULL, NULL);

	printf("%d passed, %d failed\n", count - failed, failed);
	return failed != 0;
}
