// SPDX-License-Identifier: GPL-2.0-only
/*
 * `kmqcompare check`: holds the figures of a run that counted instructions
 * against the budgets of the design and against a stored baseline. One line a
 * verdict; the last line counts them.
 */
#include "results.h"
#include "subcommand.h"

#include <argp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASELINE_SCHEMA	"kmqcompare-baseline/1"
#define DRIFT		0.03	/* how much worse than the baseline is still the same */
#define SIZE		64	/* bytes; what the budgets are about */
/* Interrupts allocate a little now and then; a mechanism would do so every time. */
#define NO_ALLOCATIONS	0.01
#define NO_CALLS	0.001

enum option_key {
	KEY_BASELINE = 0x100,
	KEY_DRIFT,
	KEY_STORE,
};

struct check {
	const char *result_path;
	const char *baseline_path;
	const char *store_path;
	double drift;
	struct json_object *file;
	struct json_object *baseline;
	unsigned int passed;
	unsigned int failed;
};

static const struct argp_option check_argp_options[] = {
	{ "baseline", KEY_BASELINE, "FILE", 0, "also compare with the figures stored in FILE", 0 },
	{ "drift", KEY_DRIFT, "PERCENT", 0, "how much worse than the baseline passes; 3 unless told", 0 },
	{ "store", KEY_STORE, "FILE", 0, "write the figures to FILE as a new baseline, and check nothing", 0 },
	{ 0 }
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct check *check = state->input;
	char *end;

	switch (key) {
	case KEY_BASELINE:
		check->baseline_path = value;
		return 0;
	case KEY_STORE:
		check->store_path = value;
		return 0;
	case KEY_DRIFT:
		check->drift = strtod(value, &end) / 100;
		if (end == value || *end || !(check->drift >= 0 && check->drift < 1))
			argp_error(state, "not a percentage: %s", value);
		return 0;
	case ARGP_KEY_ARG:
		if (check->result_path)
			argp_error(state, "one result file at a time");
		check->result_path = value;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a result is needed, as `kmqcompare bench --json FILE` writes it");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp check_argp = {
	.options = check_argp_options,
	.parser = parse,
	.args_doc = "RESULT",
	.doc = "Hold the figures of a run that counted instructions against the budgets, and against "
	       "a stored baseline."
	       "\vExit status: 0 if everything passed, 1 if not, 2 for a wrong usage.",
};

static void verdict(struct check *check, bool pass)
{
	fputs(pass ? "ok      " : "FAILED  ", stdout);
	pass ? check->passed++ : check->failed++;
}

static double figure(const struct check *check, const char *workload, const char *mechanism)
{
	return results_figure(check->file, workload, mechanism, SIZE);
}

/* A figure is at most so many times another. */
static void budget(struct check *check, const char *what, double value, const char *of, double other,
		   double most, double aim)
{
	double ratio = value / other;

	/* No figure is no pass: NAN compares false. */
	verdict(check, ratio <= most);
	printf("%s: ", what);
	if (isnan(ratio))
		printf("no figure (must be at most %.2f x %s)\n", most, of);
	else
		printf("%.0f, %.3f x %s (%.0f); must %.2f, aim %.2f\n", value, ratio, of, other,
		       most, aim);
}

static double least(double a, double b)
{
	return isnan(b) || a < b ? a : b;
}

static void no_allocations(struct check *check, const char *mechanism, const char *workload)
{
	struct json_object *result = results_find(check->file, workload, mechanism, SIZE);
	double slab = json_number(result, "events.slab_allocations");
	double pages = json_number(result, "events.page_allocations");

	verdict(check, slab + pages < NO_ALLOCATIONS);
	printf("%s, allocations per message: ", mechanism);
	if (isnan(slab + pages))
		puts("not counted (must be 0)");
	else
		printf("%.4f; must 0\n", slab + pages);
}

/* System calls and context switches in a steady stream. */
static void no_calls(struct check *check, const char *mechanism, const char *workload)
{
	struct json_object *result = results_find(check->file, workload, mechanism, SIZE);
	double calls = json_number(result, "cost.syscalls") + json_number(result, "cost.switches");

	verdict(check, calls <= NO_CALLS);
	printf("%s, system calls and wake-ups per message: ", mechanism);
	if (isnan(calls))
		printf("not counted (must be at most %.3f)\n", NO_CALLS);
	else
		printf("%.4f; must %.3f, aim 0\n", calls, NO_CALLS);
}

static void check_ring(struct check *check)
{
	double ring = figure(check, "pair", "kmq-ring");

	budget(check, "kmq ring, mapped, steady", ring, "sysv-msg",
	       figure(check, "pair", "sysv-msg"), 0.05, 0.02);
	budget(check, "kmq ring, mapped, steady", ring, "plain-ring",
	       figure(check, "pair", "plain-ring"), 1.25, 1.05);
	no_allocations(check, "kmq-ring", "pair");
	no_calls(check, "kmq-ring", "pair");
}

static void check_budgets(struct check *check)
{
	double kmq = figure(check, "pair", "kmq");
	double single = least(kmq, figure(check, "pair", "kmq-ioctl"));
	double round_trip = figure(check, "pingpong", "kmq");

	/* The aim is 1.35 x the null pair; it is told in terms of each peer. */
	double aim = 1.35 * figure(check, "pair", "null");
	double sysv = figure(check, "pair", "sysv-msg"), pipe = figure(check, "pair", "pipe");

	budget(check, "kmq write + read", kmq, "sysv-msg", sysv, 0.75, aim / sysv);
	budget(check, "kmq write + read", kmq, "pipe", pipe, 0.8, aim / pipe);
	budget(check, "kmq batch of 32, per message", figure(check, "batch", "kmq-batch"),
	       "its own single", single, 0.25, 0.15);
	budget(check, "kmq ping-pong on one processor", round_trip, "pipe",
	       figure(check, "pingpong", "pipe"), 0.9, 0.7);
	budget(check, "kmq ping-pong on one processor", round_trip, "sysv-msg",
	       figure(check, "pingpong", "sysv-msg"), 0.8, 0.8);
	budget(check, "kmq selecting among 10000 types", figure(check, "select", "kmq-ioctl"),
	       "unselective", figure(check, "select-any", "kmq-ioctl"), 1.3, 1.1);
	no_allocations(check, "kmq", "pair");
	no_allocations(check, "kmq-ioctl", "pair");
	no_allocations(check, "kmq-batch", "batch");
	check_ring(check);
}

static void compare_figure(struct check *check, const char *key, double stored, double now)
{
	double change = now / stored - 1;

	verdict(check, change <= check->drift);
	printf("%s: ", key);
	if (isnan(now))
		printf("no figure (baseline %.0f)\n", stored);
	else
		printf("%.1f, baseline %.1f (%+.1f%%)%s\n", now, stored, change * 100,
		       change < -check->drift ? ": better; `make baseline` keeps it" : "");
}

/* A key is workload/mechanism/size. */
static void compare_key(struct check *check, const char *key, double stored)
{
	char workload[32], mechanism[32];
	long long size;

	if (sscanf(key, "%31[^/]/%31[^/]/%lld", workload, mechanism, &size) != 3) {
		verdict(check, false);
		printf("%s: not a figure's name\n", key);
		return;
	}
	compare_figure(check, key, stored,
		       results_figure(check->file, workload, mechanism, size));
}

static void compare_baseline(struct check *check)
{
	const char *stored = json_text(check->baseline, "kernel");
	const char *now = json_text(check->file, "machine.kernel");

	if (strcmp(stored, now))
		printf("note    the baseline is of Linux %s, and this run of %s\n", stored, now);
	json_object_object_foreach(json_at(check->baseline, "figures"), key, value)
		compare_key(check, key, json_object_get_double(value));
}

static void store_figure(struct json_object *figures, struct json_object *result)
{
	char key[80], text[32];
	double median = json_number(result, "figure.median");

	if (!results_ok(result) || !json_flag(result, "at_base"))
		return;
	snprintf(key, sizeof(key), "%s/%s/%lld", json_text(result, "workload"),
		 json_text(result, "mechanism"), (long long)json_number(result, "size"));
	snprintf(text, sizeof(text), "%.1f", median);
	json_object_object_add(figures, key, json_object_new_double_s(median, text));
}

static int store(struct check *check)
{
	struct json_object *results = json_at(check->file, "results");
	struct json_object *baseline = json_object_new_object();
	struct json_object *figures = json_object_new_object();
	int status;

	json_object_object_add(baseline, "schema", json_object_new_string(BASELINE_SCHEMA));
	json_object_object_add(baseline, "kernel",
			       json_object_get(json_at(check->file, "machine.kernel")));
	json_object_object_add(baseline, "figures", figures);
	for (size_t i = 0; i < json_object_array_length(results); i++)
		store_figure(figures, json_object_array_get_idx(results, i));
	status = results_write(baseline, check->store_path);
	json_object_put(baseline);
	return status ? 1 : 0;
}

static bool read_baseline(struct check *check)
{
	check->baseline = json_object_from_file(check->baseline_path);
	if (!strcmp(json_text(check->baseline, "schema"), BASELINE_SCHEMA) &&
	    json_object_is_type(json_at(check->baseline, "figures"), json_type_object))
		return true;
	fprintf(stderr, "kmqcompare: %s is no baseline; `make baseline` makes one\n",
		check->baseline_path);
	return false;
}

static int run(struct check *check)
{
	if (!json_flag(check->file, "machine.counting")) {
		fprintf(stderr, "kmqcompare: %s has no counted instructions; run bench in tools/vm/run --icount\n",
			check->result_path);
		return 1;
	}
	if (check->store_path)
		return store(check);
	if (check->baseline_path && !read_baseline(check))
		return 1;
	check_budgets(check);
	if (check->baseline)
		compare_baseline(check);
	printf("%u passed, %u failed\n", check->passed, check->failed);
	return check->failed ? 1 : 0;
}

int check_main(int argc, char **argv)
{
	struct check check = { .drift = DRIFT };
	int status;

	argp_parse(&check_argp, argc, argv, 0, NULL, &check);
	check.file = results_read(check.result_path);
	if (!check.file)
		return 1;
	status = run(&check);
	json_object_put(check.baseline);
	json_object_put(check.file);
	return status;
}
