// SPDX-License-Identifier: GPL-2.0-only
/*
 * `kmqcompare report`: stored results of one run or of several. Instructions
 * come from a run that counted them, times from one that did not; the table
 * has both, and a few sentences say what follows.
 */
#include "results.h"
#include "show.h"
#include "subcommand.h"
#include "table.h"

#include <argp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX	8

struct report {
	const char *paths[FILES_MAX];
	struct json_object *files[FILES_MAX];
	unsigned int count;
	bool tables;
	struct json_object *counted;	/* the first that counted instructions, or NULL */
	struct json_object *timed;	/* the first that did not, or NULL */
	int64_t size;			/* of the messages that the overview is about */
};

static const struct argp_option report_argp_options[] = {
	{ "tables", 't', NULL, 0, "also every table of every file", 0 },
	{ 0 }
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct report *report = state->input;

	switch (key) {
	case 't':
		report->tables = true;
		return 0;
	case ARGP_KEY_ARG:
		if (report->count == FILES_MAX)
			argp_error(state, "more than %d files", FILES_MAX);
		report->paths[report->count++] = value;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a file is needed, as `kmqcompare bench --json FILE` writes it");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp report_argp = {
	.options = report_argp_options,
	.parser = parse,
	.args_doc = "FILE...",
	.doc = "Show stored results: one table of all files, instructions from those that counted "
	       "them and times from the others, and what follows from it.",
};

static double instructions(const struct report *report, const char *workload, const char *mechanism)
{
	return results_figure(report->counted, workload, mechanism, report->size);
}

static double timing(const struct report *report, const char *workload, const char *mechanism)
{
	return results_figure(report->timed, workload, mechanism, report->size);
}

/* The bare call: a single message if the mechanism has such, else one of a batch. */
static double bare_call(const struct report *report, const char *mechanism)
{
	double pair = instructions(report, "pair", mechanism);

	return isnan(pair) ? instructions(report, "batch", mechanism) : pair;
}

static void cell(struct table *table, double value, int digits)
{
	if (isnan(value))
		table_cell(table, "-");
	else
		table_cell(table, "%.*f", digits, value);
}

static void overview_head(struct table *table)
{
	static const char *const heads[] = {
		"mechanism", "in+out\ninstr.", "x\nSystem V", "x\npipe",
		"one way\n1000/s", "\nCPU ns", "\nswitches", "\nsyscalls",
		"round trip\n1 CPU, instr.", "\n1 CPU, us", "\n2 CPUs, us",
	};

	table_row(table);
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		table_cell(table, "%s", heads[i]);
}

static void overview_row(const struct report *report, struct table *table, const char *name,
			 const char *title)
{
	struct json_object *source = report->timed ? report->timed : report->counted;
	struct json_object *oneway = results_find(source, "oneway", name, report->size);
	double bare = bare_call(report, name);

	table_row(table);
	table_cell(table, "%s", title);
	cell(table, bare, 0);
	cell(table, bare / instructions(report, "pair", "sysv-msg"), 2);
	cell(table, bare / instructions(report, "pair", "pipe"), 2);
	cell(table, 1e6 / timing(report, "oneway", name), 0);
	cell(table, json_number(results_find(report->timed, "oneway", name, report->size),
				"cost.cpu_ns"), 0);
	cell(table, json_number(oneway, "cost.switches"), 3);
	cell(table, json_number(oneway, "cost.syscalls"), 2);
	cell(table, instructions(report, "pingpong", name), 0);
	cell(table, timing(report, "pingpong", name) / 1e3, 1);
	cell(table, timing(report, "pingpong-2cpu", name) / 1e3, 1);
}

/* Why a mechanism has no figures: the reason it gave first, or NULL. */
static const char *why_absent(struct json_object *file, const char *mechanism)
{
	struct json_object *results = json_at(file, "results");
	const char *why = NULL;

	for (size_t i = 0; i < json_object_array_length(results); i++) {
		struct json_object *result = json_object_array_get_idx(results, i);

		if (strcmp(json_text(result, "mechanism"), mechanism))
			continue;
		if (results_ok(result))
			return NULL;
		if (!why && strcmp(json_text(result, "status"), "unfit"))
			why = json_text(result, "reason");
	}
	return why;
}

/* Whether this result is the first of its mechanism in the file. */
static bool is_first_of_its_kind(struct json_object *results, size_t index)
{
	const char *name = json_text(json_object_array_get_idx(results, index), "mechanism");

	for (size_t i = 0; i < index; i++)
		if (!strcmp(json_text(json_object_array_get_idx(results, i), "mechanism"), name))
			return false;
	return true;
}

static void overview(const struct report *report)
{
	struct json_object *file = report->files[0];
	struct json_object *results = json_at(file, "results");
	struct table *table = table_new();

	overview_head(table);
	for (size_t i = 0; i < json_object_array_length(results); i++) {
		struct json_object *result = json_object_array_get_idx(results, i);
		const char *name = json_text(result, "mechanism");
		const char *why = why_absent(file, name);

		if (!is_first_of_its_kind(results, i) || !strcmp(name, "harness"))
			continue;
		if (why) {
			table_row(table);
			table_cell(table, "%s", json_text(result, "title"));
			table_rest(table, "%s", why);
			continue;
		}
		overview_row(report, table, name, json_text(result, "title"));
	}
	printf("\nAll mechanisms, messages of %lld bytes, capacity %.0f\n\n", (long long)report->size,
	       json_number(file, "options.capacity"));
	table_print(table, stdout);
	table_free(table);
}

static void legend(const struct report *report)
{
	struct json_object *batch = report->counted ? report->counted : report->timed;

	printf("\nin+out: instructions of sending and receiving one message in one process, harness subtracted;\n"
	       "  x: that, over the same of System V messages and of the pipe. A mechanism that moves batches\n"
	       "  only: per message, of %.0f. one way: throughput from one process to another, with the CPU\n"
	       "  time, context switches and system calls per message. round trip: a message and its answer\n"
	       "  between two processes that sleep for each other.\n",
	       json_number(batch, "options.batch"));
}

static void say_bare(const struct report *report)
{
	double kmq = instructions(report, "pair", "kmq");
	double zero = instructions(report, "pair", "null");
	double batch = instructions(report, "batch", "kmq-batch");

	if (isnan(kmq))
		return;
	printf("A message through kmq by write and read takes %.0f instructions: %.2f x System V messages,\n"
	       "%.2f x a pipe, %.2f x POSIX, and %.2f x two system calls that move the same bytes nowhere.\n",
	       kmq, kmq / instructions(report, "pair", "sysv-msg"),
	       kmq / instructions(report, "pair", "pipe"),
	       kmq / instructions(report, "pair", "posix-mq"), kmq / zero);
	if (!isnan(batch))
		printf("In batches of %.0f it takes %.0f, %.2f of that.\n",
		       json_number(report->counted, "options.batch"), batch, batch / kmq);
}

static void say_round_trip(const struct report *report)
{
	double kmq = instructions(report, "pingpong", "kmq");

	if (!isnan(kmq))
		printf("A round trip between two sleeping processes on one processor takes %.0f: %.2f x a pipe,\n"
		       "%.2f x System V messages.\n", kmq,
		       kmq / instructions(report, "pingpong", "pipe"),
		       kmq / instructions(report, "pingpong", "sysv-msg"));
}

static void say_selection(const struct report *report)
{
	struct json_object *file = report->counted ? report->counted : report->timed;
	double kmq = json_number(results_find(file, "select", "kmq-ioctl", report->size),
				 "base_ratio.median");
	double sysv = json_number(results_find(file, "select", "sysv-msg", report->size),
				  "base_ratio.median");

	if (!isnan(kmq) && !isnan(sysv))
		printf("Receiving by type among %.0f types costs kmq %.2f x, and System V %.1f x, what receiving the\n"
		       "oldest costs.\n", json_number(file, "options.depth"), kmq, sysv);
}

static void say_throughput(const struct report *report)
{
	struct json_object *results = json_at(report->timed, "results");
	size_t count = results ? json_object_array_length(results) : 0;
	struct json_object *best = NULL;

	for (size_t i = 0; i < count; i++) {
		struct json_object *result = json_object_array_get_idx(results, i);

		if (strcmp(json_text(result, "workload"), "oneway") || !results_ok(result) ||
		    (int64_t)json_number(result, "size") != report->size)
			continue;
		if (!best || json_number(result, "figure.median") < json_number(best, "figure.median"))
			best = result;
	}
	if (best)
		printf("One way, %s had the highest throughput: %.0f thousand messages a second%s.\n",
		       json_text(best, "title"), 1e6 / json_number(best, "figure.median"),
		       json_flag(report->timed, "machine.emulated") ? ", under emulation" : "");
}

/* Of all files: what was verified, and what failed. */
static void say_verification(const struct report *report)
{
	double verified = 0;
	unsigned int failed = 0;

	for (unsigned int f = 0; f < report->count; f++) {
		struct json_object *results = json_at(report->files[f], "results");

		for (size_t i = 0; i < json_object_array_length(results); i++) {
			struct json_object *result = json_object_array_get_idx(results, i);
			struct json_object *samples = json_at(result, "repetitions");
			size_t count = samples ? json_object_array_length(samples) : 0;

			failed += !strcmp(json_text(result, "status"), "failed");
			if (!strcmp(json_text(result, "mechanism"), "harness") ||
			    !strcmp(json_text(result, "mechanism"), "null"))
				continue;
			for (size_t s = 0; s < count; s++)
				verified += json_number(json_object_array_get_idx(samples, s),
							"verified_messages");
		}
	}
	printf("%.0f messages were verified; ", verified);
	if (failed)
		printf("%u measurements FAILED: --tables tells which and how.\n", failed);
	else
		puts("none was lost, doubled, reordered or corrupt.");
}

static void conclude(const struct report *report)
{
	puts("");
	say_bare(report);
	say_round_trip(report);
	say_selection(report);
	say_throughput(report);
	say_verification(report);
}

static bool read_files(struct report *report)
{
	for (unsigned int i = 0; i < report->count; i++) {
		struct json_object *file = results_read(report->paths[i]);

		if (!file)
			return false;
		report->files[i] = file;
		if (json_flag(file, "machine.counting"))
			report->counted = report->counted ? report->counted : file;
		else
			report->timed = report->timed ? report->timed : file;
	}
	return true;
}

static void show(struct report *report)
{
	struct json_object *sizes = json_at(report->files[0], "options.sizes");
	size_t count = json_object_is_type(sizes, json_type_array) ? json_object_array_length(sizes) : 0;

	for (unsigned int i = 0; i < report->count; i++) {
		show_machine(report->files[i], stdout);
		if (report->tables)
			show_tables(report->files[i], stdout);
	}
	for (size_t i = 0; i < count; i++) {
		report->size = json_object_get_int64(json_object_array_get_idx(sizes, i));
		overview(report);
	}
	legend(report);
	report->size = count ? json_object_get_int64(json_object_array_get_idx(sizes, 0)) : 0;
	conclude(report);
}

int report_main(int argc, char **argv)
{
	struct report report = { .count = 0 };
	bool done;

	argp_parse(&report_argp, argc, argv, 0, NULL, &report);
	done = read_files(&report);
	if (done)
		show(&report);
	for (unsigned int i = 0; i < report.count; i++)
		json_object_put(report.files[i]);
	return done ? 0 : 1;
}
