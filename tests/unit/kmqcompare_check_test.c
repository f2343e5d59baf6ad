// SPDX-License-Identifier: GPL-2.0-only
/* Budgets and baseline: what passes, what fails, and the exit status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "results.h"
#include "subcommand.h"

static char result_path[] = "/tmp/kmqcompare-check-result-XXXXXX";
static char baseline_path[] = "/tmp/kmqcompare-check-baseline-XXXXXX";

static void add(struct json_object *results, const char *workload, const char *mechanism,
		double median)
{
	char text[400];

	snprintf(text, sizeof(text),
		 "{\"workload\": \"%s\", \"mechanism\": \"%s\", \"size\": 64, \"at_base\": true, \"status\": \"ok\","
		 " \"figure\": {\"median\": %f}, \"cost\": {\"syscalls\": 0.0, \"switches\": 0.0005},"
		 " \"events\": {\"slab_allocations\": 0.001, \"page_allocations\": 0.0}}",
		 workload, mechanism, median);
	json_object_array_add(results, json_tokener_parse(text));
}

/* A result that keeps every budget, but for what its test changes. */
static struct json_object *good(void)
{
	struct json_object *file = json_tokener_parse(
		"{\"machine\": {\"kernel\": \"6.1.0\", \"counting\": true},"
		" \"workloads\": [], \"results\": []}");
	struct json_object *results = json_at(file, "results");

	json_object_object_add(file, "schema", json_object_new_string(RESULTS_SCHEMA));
	add(results, "pair", "null", 1300);
	add(results, "pair", "kmq", 1800);
	add(results, "pair", "kmq-ioctl", 2000);
	add(results, "pair", "sysv-msg", 2600);
	add(results, "pair", "pipe", 2500);
	add(results, "pair", "kmq-ring", 110);
	add(results, "pair", "plain-ring", 90);
	add(results, "batch", "kmq-batch", 400);
	add(results, "pingpong", "kmq", 9000);
	add(results, "pingpong", "pipe", 13000);
	add(results, "pingpong", "sysv-msg", 12000);
	add(results, "select", "kmq-ioctl", 2200);
	add(results, "select-any", "kmq-ioctl", 2000);
	return file;
}

static void change(struct json_object *file, const char *workload, const char *mechanism,
		   double median)
{
	struct json_object *figure = json_at(results_find(file, workload, mechanism, 64), "figure");

	json_object_object_add(figure, "median", json_object_new_double(median));
}

/* Writes and frees @file, then checks it. */
static int check(struct json_object *file, char *option, char *value)
{
	char name[] = "check";
	char *arguments[] = { name, result_path, option, value, NULL };
	int count = option ? 4 : 2;

	assert_int_equal(results_write(file, result_path), 0);
	json_object_put(file);
	if (!option)
		arguments[2] = NULL;
	return check_main(count, arguments);
}

static char baseline_option[] = "--baseline", store_option[] = "--store";

static void within_all_budgets_it_passes(void **state)
{
	assert_int_equal(check(good(), NULL, NULL), 0);
}

static void each_budget_is_checked(void **state)
{
	static const struct {
		const char *workload, *mechanism;
		double median;
	} too_much[] = {
		{ "pair", "kmq", 2001 },		/* 0.8 x pipe is 2000 */
		{ "pair", "sysv-msg", 2399 },		/* 0.75 of it is below 1800 */
		{ "batch", "kmq-batch", 451 },		/* 0.25 x single is 450 */
		{ "pingpong", "kmq", 9601 },		/* 0.8 x System V is 9600 */
		{ "pingpong", "pipe", 9999 },		/* 0.9 of it is below 9000 */
		{ "pair", "kmq-ring", 113 },		/* 1.25 x a plain ring is 112.5 */
		{ "select", "kmq-ioctl", 2601 },	/* 1.3 x unselective is 2600 */
	};

	for (size_t i = 0; i < sizeof(too_much) / sizeof(*too_much); i++) {
		struct json_object *file = good();

		change(file, too_much[i].workload, too_much[i].mechanism, too_much[i].median);
		assert_int_equal(check(file, NULL, NULL), 1);
	}
}

static void an_allocation_per_message_fails(void **state)
{
	struct json_object *file = good();
	struct json_object *events = json_at(results_find(file, "pair", "kmq", 64), "events");

	json_object_object_add(events, "page_allocations", json_object_new_double(1));
	assert_int_equal(check(file, NULL, NULL), 1);
}

static void allocations_that_nobody_counted_fail(void **state)
{
	struct json_object *file = good();

	json_object_object_del(results_find(file, "pair", "kmq", 64), "events");
	assert_int_equal(check(file, NULL, NULL), 1);
}

static void a_ring_is_held_to_system_v_as_well(void **state)
{
	struct json_object *file = good();

	/* 0.05 x System V is 130. */
	change(file, "pair", "plain-ring", 200);
	change(file, "pair", "kmq-ring", 130);
	assert_int_equal(check(file, NULL, NULL), 0);
	file = good();
	change(file, "pair", "plain-ring", 200);
	change(file, "pair", "kmq-ring", 131);
	assert_int_equal(check(file, NULL, NULL), 1);
}

static void a_call_now_and_then_fails_a_ring(void **state)
{
	static const char *const costs[] = { "syscalls", "switches" };

	for (size_t i = 0; i < 2; i++) {
		struct json_object *file = good();
		struct json_object *cost =
			json_at(results_find(file, "pair", "kmq-ring", 64), "cost");

		json_object_object_add(cost, costs[i], json_object_new_double(0.0011));
		assert_int_equal(check(file, NULL, NULL), 1);
	}
}

static void a_figure_that_is_missing_fails(void **state)
{
	struct json_object *file = good();

	json_object_object_del(results_find(file, "batch", "kmq-batch", 64), "figure");
	assert_int_equal(check(file, NULL, NULL), 1);
}

static void times_cannot_be_checked(void **state)
{
	struct json_object *file = good();

	json_object_object_add(json_at(file, "machine"), "counting", json_object_new_boolean(0));
	assert_int_equal(check(file, NULL, NULL), 1);
}

static void what_was_stored_is_kept(void **state)
{
	struct json_object *file;

	assert_int_equal(check(good(), store_option, baseline_path), 0);
	assert_int_equal(check(good(), baseline_option, baseline_path), 0);

	/* 2% is drift, 4% is not; better is never wrong. */
	file = good();
	change(file, "pair", "kmq", 1836);
	assert_int_equal(check(file, baseline_option, baseline_path), 0);
	file = good();
	change(file, "pair", "kmq", 1872);
	assert_int_equal(check(file, baseline_option, baseline_path), 1);
	file = good();
	change(file, "pair", "kmq", 1500);
	change(file, "batch", "kmq-batch", 300);
	assert_int_equal(check(file, baseline_option, baseline_path), 0);
}

static void a_stored_figure_that_is_gone_fails(void **state)
{
	struct json_object *file = good();

	assert_int_equal(check(good(), store_option, baseline_path), 0);
	json_object_object_del(results_find(file, "pair", "null", 64), "figure");
	assert_int_equal(check(file, baseline_option, baseline_path), 1);
}

static void what_is_no_baseline_is_refused(void **state)
{
	assert_int_equal(check(good(), baseline_option, result_path), 1);
}

static int make_paths(void **state)
{
	int result = mkstemp(result_path), baseline = mkstemp(baseline_path);

	close(result);
	close(baseline);
	return result < 0 || baseline < 0;
}

static int remove_paths(void **state)
{
	unlink(result_path);
	unlink(baseline_path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(within_all_budgets_it_passes),
		cmocka_unit_test(each_budget_is_checked),
		cmocka_unit_test(an_allocation_per_message_fails),
		cmocka_unit_test(allocations_that_nobody_counted_fail),
		cmocka_unit_test(a_ring_is_held_to_system_v_as_well),
		cmocka_unit_test(a_call_now_and_then_fails_a_ring),
		cmocka_unit_test(a_figure_that_is_missing_fails),
		cmocka_unit_test(times_cannot_be_checked),
		cmocka_unit_test(what_was_stored_is_kept),
		cmocka_unit_test(a_stored_figure_that_is_gone_fails),
		cmocka_unit_test(what_is_no_baseline_is_refused),
	};

	return cmocka_run_group_tests(tests, make_paths, remove_paths);
}
