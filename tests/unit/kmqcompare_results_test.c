// SPDX-License-Identifier: GPL-2.0-only
/* What becomes of measured samples: medians, harness, ratios, JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "results.h"
#include "statistics.h"
#include "table.h"

#define UNITS	1000

static void the_median_of_an_even_count_is_between_the_two(void **state)
{
	const double values[] = { 4, 1, 3, 100 };
	struct spread spread = spread_of(values, 4);

	assert_true(spread.median == 3.5);
	assert_true(spread.min == 1);
	assert_true(spread.max == 100);
	assert_true(spread_of(values, 3).median == 3);
	assert_true(spread_of(values, 1).median == 4);
}

/* Samples of the given nanoseconds per unit. */
static void set(struct series *series, const char *workload, const char *mechanism,
		struct sample samples[3], const unsigned int ns[3])
{
	memset(series, 0, sizeof(*series));
	memset(samples, 0, 3 * sizeof(*samples));
	series->workload = workload_find(workload);
	series->mechanism = mechanism_find(mechanism);
	series->size = 64;
	series->outcome = OUTCOME_OK;
	series->repetitions = 3;
	series->samples = samples;
	for (int i = 0; i < 3; i++) {
		samples[i].units = UNITS;
		samples[i].elapsed_ns = (uint64_t)ns[i] * UNITS;
		samples[i].syscalls = 2 * UNITS;
		samples[i].voluntary = UNITS / 2;
		samples[i].capacity = 64;
	}
}

static struct sample memory[4][3];
static struct series series[4];

static struct json_object *make(struct machine *machine)
{
	static const struct bench_options options = {
		.sizes = { 64 }, .size_count = 1, .capacity = 64, .repeat = 3,
		.relative_to = "sysv-msg",
	};

	set(&series[0], "pair", "harness", memory[0], (unsigned int[]){ 200, 220, 180 });
	set(&series[1], "pair", "sysv-msg", memory[1], (unsigned int[]){ 1200, 2200, 3200 });
	set(&series[2], "pair", "pipe", memory[2], (unsigned int[]){ 700, 1200, 1400 });
	set(&series[3], "pingpong", "pipe", memory[3], (unsigned int[]){ 5000, 5400, 5800 });
	return results_make(machine, &options, series, 4);
}

static void assert_number(struct json_object *object, const char *path, double expected)
{
	double value = json_number(object, path);

	if (!(fabs(value - expected) < 0.0001))
		fail_msg("%s is %f, not %f", path, value, expected);
}

static void the_harness_is_subtracted(void **state)
{
	struct machine machine = { .processors = 1 };
	struct json_object *file = make(&machine);
	struct json_object *pipe = results_find(file, "pair", "pipe", 64);

	assert_number(pipe, "figure.median", 1000);
	assert_number(pipe, "figure.min", 500);
	assert_number(pipe, "figure.max", 1200);
	assert_number(pipe, "raw.median", 1200);
	assert_number(pipe, "harness", 200);
	assert_number(file, "options.capacity", 64);
	assert_string_equal(json_text(file, "quantity"), "ns");
	json_object_put(file);
}

static void a_round_trip_has_the_harness_twice(void **state)
{
	struct machine machine = { .processors = 1 };
	struct json_object *file = make(&machine);

	assert_number(results_find(file, "pingpong", "pipe", 64), "figure.median", 5000);
	json_object_put(file);
}

static void the_harness_itself_is_told_whole(void **state)
{
	struct machine machine = { .processors = 1 };
	struct json_object *file = make(&machine);

	assert_number(results_find(file, "pair", "harness", 64), "figure.median", 200);
	json_object_put(file);
}

static void a_ratio_is_of_the_same_repetitions(void **state)
{
	struct machine machine = { .processors = 1 };
	struct json_object *file = make(&machine);
	struct json_object *pipe = results_find(file, "pair", "pipe", 64);

	/* 500/1000, 1000/2000, 1200/3000 */
	assert_number(pipe, "ratio.median", 0.5);
	assert_number(pipe, "ratio.min", 0.4);
	assert_number(pipe, "ratio.max", 0.5);
	json_object_put(file);
}

static void a_ratio_to_nothing_is_none(void **state)
{
	struct machine machine = { .processors = 1 };
	struct json_object *file = make(&machine);
	struct json_object *pingpong = results_find(file, "pingpong", "pipe", 64);

	assert_null(json_at(pingpong, "ratio"));
	assert_true(isnan(json_number(pingpong, "ratio.median")));
	json_object_put(file);
}

static void where_time_counts_instructions_figures_are_instructions(void **state)
{
	struct machine machine = { .processors = 1, .counting = true, .ns_per_instruction = 2 };
	struct json_object *file = make(&machine);
	struct json_object *pipe = results_find(file, "pair", "pipe", 64);
	struct json_object *first = json_object_array_get_idx(json_at(pipe, "repetitions"), 0);

	assert_number(pipe, "figure.median", 500);
	assert_number(first, "instructions", 350 * UNITS);
	assert_number(first, "elapsed_ns", 700 * UNITS);
	assert_string_equal(json_text(file, "quantity"), "instructions");
	json_object_put(file);
}

static void costs_are_per_unit(void **state)
{
	struct machine machine = { .processors = 1 };
	struct json_object *file = make(&machine);
	struct json_object *pipe = results_find(file, "pair", "pipe", 64);

	assert_number(pipe, "cost.syscalls", 2);
	assert_number(pipe, "cost.switches", 0.5);
	json_object_put(file);
}

static void what_failed_has_a_reason_and_no_figure(void **state)
{
	struct machine machine = { .processors = 1 };
	struct bench_options options = { .sizes = { 64 }, .size_count = 1, .relative_to = "pipe" };
	struct json_object *file, *pipe;

	set(&series[0], "pair", "pipe", memory[0], (unsigned int[]){ 1, 1, 1 });
	series[0].outcome = OUTCOME_FAILED;
	strcpy(series[0].reason, "message 7: corrupt");
	file = results_make(&machine, &options, series, 1);
	pipe = results_find(file, "pair", "pipe", 64);
	assert_false(results_ok(pipe));
	assert_string_equal(json_text(pipe, "status"), "failed");
	assert_string_equal(json_text(pipe, "reason"), "message 7: corrupt");
	assert_true(isnan(results_figure(file, "pair", "pipe", 64)));
	json_object_put(file);
}

static void what_is_written_can_be_read(void **state)
{
	struct machine machine = { .processors = 1, .kernel = "6.1.0" };
	char path[] = "/tmp/kmqcompare-results-XXXXXX";
	struct json_object *file = make(&machine), *again;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(results_write(file, path), 0);
	again = results_read(path);
	assert_non_null(again);
	assert_true(json_object_equal(file, again));
	assert_string_equal(json_text(again, "machine.kernel"), "6.1.0");
	json_object_put(file);
	json_object_put(again);
	unlink(path);
}

static void what_is_no_result_is_refused(void **state)
{
	char path[] = "/tmp/kmqcompare-results-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "{\"schema\":\"other\"}", 18), 18);
	close(fd);
	assert_null(results_read(path));
	unlink(path);
	assert_null(results_read(path));
}

static void columns_of_a_table_are_aligned(void **state)
{
	struct table *table = table_new();
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	table_row(table);
	table_cell(table, "name");
	table_cell(table, "two\nlines");
	table_row(table);
	table_cell(table, "a longer name");
	table_cell(table, "%d", 7);
	table_row(table);
	table_cell(table, "absent");
	table_rest(table, "not loaded, and this does not widen a column");
	table_print(table, file);
	fclose(file);
	assert_string_equal(text,
			    "                 two\n"
			    "name           lines\n"
			    "--------------------\n"
			    "a longer name      7\n"
			    "absent         not loaded, and this does not widen a column\n");
	free(text);
	table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_median_of_an_even_count_is_between_the_two),
		cmocka_unit_test(the_harness_is_subtracted),
		cmocka_unit_test(a_round_trip_has_the_harness_twice),
		cmocka_unit_test(the_harness_itself_is_told_whole),
		cmocka_unit_test(a_ratio_is_of_the_same_repetitions),
		cmocka_unit_test(a_ratio_to_nothing_is_none),
		cmocka_unit_test(where_time_counts_instructions_figures_are_instructions),
		cmocka_unit_test(costs_are_per_unit),
		cmocka_unit_test(what_failed_has_a_reason_and_no_figure),
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(what_is_no_result_is_refused),
		cmocka_unit_test(columns_of_a_table_are_aligned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
