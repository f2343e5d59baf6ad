// SPDX-License-Identifier: GPL-2.0-only
/* What becomes of measured samples: medians, harness, ratios, JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "results.h"
#include "show.h"
#include "table.h"

#define UNITS	1000
#define COUNT	6

/* Samples of the given nanoseconds per unit, and the same once more. */
static void set(struct series *series, const char *workload, const char *mechanism,
		struct sample samples[COUNT], const unsigned int ns[3])
{
	memset(series, 0, sizeof(*series));
	memset(samples, 0, COUNT * sizeof(*samples));
	series->workload = workload_find(workload);
	series->mechanism = mechanism_find(mechanism);
	series->at = (struct point){
		.size = 64, .capacity = 64, .batch = 1, .senders = 1, .receivers = 1,
	};
	series->at_base = true;
	series->outcome = OUTCOME_OK;
	series->repetitions = COUNT;
	series->samples = samples;
	for (int i = 0; i < COUNT; i++) {
		samples[i].units = UNITS;
		samples[i].elapsed_ns = (uint64_t)ns[i % 3] * UNITS;
		samples[i].syscalls = 2 * UNITS;
		samples[i].copied = 128 * UNITS;
		samples[i].voluntary = UNITS / 2;
		samples[i].capacity = 64;
	}
}

static struct sample memory[4][COUNT];
static struct series series[4];

static struct campaign campaign;

/* Of the first so many series. */
static struct json_object *make_of(const struct machine *machine, size_t count)
{
	campaign.options = (struct bench_options){
		.depth = 100, .repeat = COUNT, .relative_to = "sysv-msg",
	};
	campaign.machine = *machine;
	campaign.series = series;
	campaign.series_count = count;
	return results_make(&campaign);
}

static void set_all(void)
{
	set(&series[0], "pair", "harness", memory[0], (unsigned int[]){ 200, 220, 180 });
	set(&series[1], "pair", "sysv-msg", memory[1], (unsigned int[]){ 1200, 2180, 3230 });
	set(&series[2], "pair", "pipe", memory[2], (unsigned int[]){ 700, 1200, 1400 });
	set(&series[3], "pingpong", "pipe", memory[3], (unsigned int[]){ 5000, 5400, 5800 });
}

static struct json_object *make(struct machine *machine)
{
	set_all();
	return make_of(machine, 4);
}

static void assert_number(struct json_object *object, const char *path, double expected)
{
	double value = json_number(object, path);

	if (!(fabs(value - expected) < 0.0001))
		fail_msg("%s is %f, not %f", path, value, expected);
}

static void the_harness_is_subtracted_repetition_by_repetition(void **state)
{
	struct machine machine = { .processors = 1 };
	struct json_object *file = make(&machine);
	struct json_object *pipe = results_find(file, "pair", "pipe", 64);

	/* 700 - 200, 1200 - 220, 1400 - 180 */
	assert_number(pipe, "figure.median", 980);
	assert_number(pipe, "figure.min", 500);
	assert_number(pipe, "figure.max", 1220);
	assert_number(json_object_array_get_idx(json_at(pipe, "repetitions"), 1), "figure", 980);
	assert_number(pipe, "raw.median", 1200);
	assert_number(pipe, "harness", 200);
	assert_number(file, "options.capacity", 64);
	assert_number(file, "options.batch", 32);
	assert_string_equal(json_text(file, "quantity"), "ns");
	json_object_put(file);
}

static void a_round_trip_has_the_harness_twice(void **state)
{
	struct machine machine = { .processors = 1 };
	struct json_object *file = make(&machine);

	assert_number(results_find(file, "pingpong", "pipe", 64), "figure.median", 4960);
	json_object_put(file);
}

static void where_the_harness_has_fewer_repetitions_its_median_is_subtracted(void **state)
{
	struct machine machine = { .processors = 1 };
	struct json_object *file, *repetitions;

	set_all();
	series[0].repetitions = 1;
	file = make_of(&machine, 4);
	repetitions = json_at(results_find(file, "pair", "pipe", 64), "repetitions");
	assert_number(json_object_array_get_idx(repetitions, 0), "figure", 500);
	assert_number(json_object_array_get_idx(repetitions, 1), "figure", 1000);
	json_object_put(file);
}

/* As where the machine was disturbed while the harness ran. */
static void what_costs_less_than_the_harness_has_no_figure(void **state)
{
	struct machine machine = { .processors = 1 };
	struct json_object *file, *pipe, *repetitions;

	set_all();
	memory[0][1].elapsed_ns = 1200 * UNITS;
	file = make_of(&machine, 4);
	pipe = results_find(file, "pair", "pipe", 64);
	assert_true(results_ok(pipe));
	assert_null(json_at(pipe, "figure.median"));
	assert_null(json_at(pipe, "ratio.median"));
	assert_null(json_at(pipe, "ratio.verdict"));
	assert_number(pipe, "raw.median", 1200);
	repetitions = json_at(pipe, "repetitions");
	assert_number(json_object_array_get_idx(repetitions, 0), "figure", 500);
	assert_null(json_at(json_object_array_get_idx(repetitions, 1), "figure"));
	json_object_put(file);
}

static char *tables_of(struct json_object *file)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	show_tables(file, out);
	fclose(out);
	return text;
}

static void assert_shown(struct json_object *file, const char *words, bool shown)
{
	char *text = tables_of(file);

	if (!strstr(text, words) == shown)
		fail_msg("%s in the tables: %s\n%s", shown ? "not" : "is", words, text);
	free(text);
}

static void a_ratio_without_verdict_is_marked_as_if_it_were_one(void **state)
{
	struct machine machine = { .processors = 1 };
	struct json_object *file = make(&machine);

	assert_shown(file, " 0.50 ", true);
	assert_shown(file, "~0.50", false);
	json_object_put(file);
	set_all();
	series[2].repetitions = 1;
	file = make_of(&machine, 4);
	assert_shown(file, "~0.50", true);
	json_object_put(file);
}

static void who_moves_batches_among_single_messages_says_so(void **state)
{
	struct machine machine = { .processors = 1 };
	struct json_object *file;

	set_all();
	set(&series[3], "oneway", "kmq-batch", memory[3], (unsigned int[]){ 50, 54, 58 });
	file = make_of(&machine, 4);
	assert_number(results_find(file, "oneway", "kmq-batch", 64), "moved_in_batches_of", 32);
	assert_null(json_at(results_find(file, "pair", "pipe", 64), "moved_in_batches_of"));
	assert_shown(file, "kmq batch: batches of 32 here, all others one by one", true);
	json_object_put(file);
	set(&series[3], "batch", "kmq-batch", memory[3], (unsigned int[]){ 50, 54, 58 });
	file = make_of(&machine, 4);
	assert_null(json_at(results_find(file, "batch", "kmq-batch", 64), "moved_in_batches_of"));
	assert_shown(file, "all others one by one", false);
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

	/* 500/1000, 980/1960, 1220/3050 */
	assert_number(pipe, "ratio.median", 0.5);
	assert_number(pipe, "ratio.low", 0.4);
	assert_number(pipe, "ratio.high", 0.5);
	assert_string_equal(json_text(pipe, "ratio.verdict"), "faster");
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

	assert_number(pipe, "figure.median", 490);
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
	assert_number(pipe, "cost.copied_bytes", 128);
	assert_null(json_at(pipe, "cost.instructions"));
	json_object_put(file);
}

static void what_failed_has_a_reason_and_no_figure(void **state)
{
	struct machine machine = { .processors = 1 };
	struct json_object *file, *pipe;

	set(&series[0], "pair", "pipe", memory[0], (unsigned int[]){ 1, 1, 1 });
	series[0].outcome = OUTCOME_FAILED;
	strcpy(series[0].reason, "message 7: corrupt");
	file = make_of(&machine, 1);
	pipe = results_find(file, "pair", "pipe", 64);
	assert_false(results_ok(pipe));
	assert_string_equal(json_text(pipe, "status"), "failed");
	assert_string_equal(json_text(pipe, "reason"), "message 7: corrupt");
	assert_true(isnan(results_figure(file, "pair", "pipe", 64)));
	json_object_put(file);
}

static void faster_is_said_only_where_the_interval_excludes_one(void **state)
{
	struct machine machine = { .processors = 1 };
	struct json_object *file, *pipe;

	/* Twice as fast twice, and once slower. */
	set(&series[0], "pair", "sysv-msg", memory[0], (unsigned int[]){ 1000, 1000, 1000 });
	set(&series[1], "pair", "pipe", memory[1], (unsigned int[]){ 500, 500, 1100 });
	file = make_of(&machine, 2);
	pipe = results_find(file, "pair", "pipe", 64);
	assert_number(pipe, "ratio.median", 0.5);
	assert_number(pipe, "ratio.high", 1.1);
	assert_string_equal(json_text(pipe, "ratio.verdict"), "same");
	json_object_put(file);
}

static void an_interrupted_series_keeps_what_it_has(void **state)
{
	struct machine machine = { .processors = 1 };
	struct json_object *file;

	set_all();
	series[2].repetitions = 1;
	campaign.interrupted = true;
	file = make_of(&machine, 4);
	campaign.interrupted = false;
	assert_true(json_flag(file, "interrupted"));
	assert_number(results_find(file, "pair", "pipe", 64), "figure.median", 500);
	/* One repetition has no interval, and allows no verdict. */
	assert_number(results_find(file, "pair", "pipe", 64), "ratio.median", 0.5);
	assert_null(json_at(results_find(file, "pair", "pipe", 64), "ratio.verdict"));
	json_object_put(file);
}

static void latencies_are_told_as_far_as_their_number_allows(void **state)
{
	struct machine machine = { .processors = 1 };
	struct histogram *latencies = histogram_new();
	struct json_object *file, *latency;

	set_all();
	for (unsigned int i = 1; i <= 1000; i++)
		histogram_record(latencies, i);
	series[3].latencies = latencies;
	file = make_of(&machine, 4);
	latency = json_at(results_find(file, "pingpong", "pipe", 64), "latency");
	assert_string_equal(json_text(latency, "of"), "round trip");
	assert_number(latency, "count", 1000);
	assert_number(latency, "p50", 500);
	assert_number(latency, "p99", 990);
	assert_null(json_at(latency, "p999"));
	assert_number(latency, "max", 1000);
	assert_true(json_object_array_length(json_at(latency, "percentiles")) > 20);
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

/* A disk that is full looks like this. */
static int write_with_little_room(struct json_object *file, const char *path)
{
	struct rlimit before, little;
	int status;

	getrlimit(RLIMIT_FSIZE, &before);
	little = (struct rlimit){ .rlim_cur = 100, .rlim_max = before.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &little);
	status = results_write(file, path);
	setrlimit(RLIMIT_FSIZE, &before);
	return status;
}

static unsigned int entries_of(const char *path)
{
	DIR *directory = opendir(path);
	unsigned int count = 0;

	for (struct dirent *entry; (entry = readdir(directory));)
		count += *entry->d_name != '.';
	closedir(directory);
	return count;
}

static void a_file_is_replaced_only_by_a_whole_one(void **state)
{
	struct machine machine = { .processors = 1 };
	char directory[] = "/tmp/kmqcompare-results-XXXXXX", path[64];
	struct json_object *file = make(&machine), *again;

	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/results", directory);
	assert_int_equal(results_write(file, path), 0);
	assert_int_equal(write_with_little_room(file, path), -1);
	again = results_read(path);
	assert_non_null(again);
	assert_int_equal(entries_of(directory), 1);
	json_object_put(again);
	json_object_put(file);
	unlink(path);
	assert_int_equal(rmdir(directory), 0);
}

static void more_repetitions_than_there_can_be_are_refused(void **state)
{
	struct machine machine = { .processors = 1 };
	char path[] = "/tmp/kmqcompare-results-XXXXXX";
	struct json_object *file = make(&machine), *again;
	struct json_object *repetitions = json_at(results_find(file, "pair", "pipe", 64),
						  "repetitions");

	close(mkstemp(path));
	while (json_object_array_length(repetitions) < 1000)
		json_object_array_add(repetitions, json_object_new_object());
	assert_int_equal(results_write(file, path), 0);
	again = results_read(path);
	assert_non_null(again);
	json_object_put(again);
	json_object_array_add(repetitions, json_object_new_object());
	assert_int_equal(results_write(file, path), 0);
	assert_null(results_read(path));
	json_object_put(file);
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
		cmocka_unit_test(the_harness_is_subtracted_repetition_by_repetition),
		cmocka_unit_test(a_round_trip_has_the_harness_twice),
		cmocka_unit_test(where_the_harness_has_fewer_repetitions_its_median_is_subtracted),
		cmocka_unit_test(what_costs_less_than_the_harness_has_no_figure),
		cmocka_unit_test(a_ratio_without_verdict_is_marked_as_if_it_were_one),
		cmocka_unit_test(who_moves_batches_among_single_messages_says_so),
		cmocka_unit_test(the_harness_itself_is_told_whole),
		cmocka_unit_test(a_ratio_is_of_the_same_repetitions),
		cmocka_unit_test(a_ratio_to_nothing_is_none),
		cmocka_unit_test(where_time_counts_instructions_figures_are_instructions),
		cmocka_unit_test(costs_are_per_unit),
		cmocka_unit_test(what_failed_has_a_reason_and_no_figure),
		cmocka_unit_test(faster_is_said_only_where_the_interval_excludes_one),
		cmocka_unit_test(an_interrupted_series_keeps_what_it_has),
		cmocka_unit_test(latencies_are_told_as_far_as_their_number_allows),
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(a_file_is_replaced_only_by_a_whole_one),
		cmocka_unit_test(more_repetitions_than_there_can_be_are_refused),
		cmocka_unit_test(what_is_no_result_is_refused),
		cmocka_unit_test(columns_of_a_table_are_aligned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
