// SPDX-License-Identifier: GPL-2.0-only
/*
 * `kmqcompare bench`: plans the series, runs their repetitions interleaved,
 * shows and stores what came out.
 */
#include "machine.h"
#include "payload.h"
#include "placement.h"
#include "results.h"
#include "series.h"
#include "show.h"
#include "subcommand.h"

#include <argp.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES_MAX		32
#define REPEAT_MAX		1000
#define BATCH_MAX		1024
#define DEPTH_MAX		60000
#define UNITS_MIN		64
#define UNITS_MAX		50000000
#define PROBE_UNITS		64		/* of the first look at how long a unit takes */
#define PROBE_NS		4000000		/* a look shorter than this tells little */
#define QUICK			8		/* times fewer */

enum option_key {
	KEY_BATCH = 0x100,
	KEY_CAPACITY,
	KEY_DEPTH,
	KEY_ICOUNT,
	KEY_JSON,
	KEY_LIST,
	KEY_MESSAGES,
	KEY_ONLY,
	KEY_QUICK,
	KEY_RELATIVE,
	KEY_REPEAT,
	KEY_SECONDS,
	KEY_SIZE,
	KEY_VERBOSE,
	KEY_WORKLOAD,
};

/* Options of the command alone; those that results tell of are in bench_options. */
struct bench {
	struct bench_options options;
	const struct mechanism *mechanisms[NAMES_MAX];
	unsigned int mechanism_count;
	const struct workload *workloads[NAMES_MAX];
	unsigned int workload_count;
	const char *json;
	bool must_count;
	bool list;
	bool verbose;
	struct machine machine;
	struct series *series;
	size_t series_count;
};

static const struct argp_option bench_argp_options[] = {
	{ "only", KEY_ONLY, "LIST", 0, "mechanisms to run, by comma; --list names them", 0 },
	{ "workload", KEY_WORKLOAD, "LIST", 0, "workloads to run, by comma; --list names them", 0 },
	{ "size", KEY_SIZE, "LIST", 0, "bytes of a message, by comma: 16 to 1048576; 64 unless told", 0 },
	{ "capacity", KEY_CAPACITY, "N", 0, "messages that a queue holds; 64 unless told", 0 },
	{ "batch", KEY_BATCH, "N", 0, "messages of a batch, 1 to 1024; 32 unless told", 0 },
	{ "depth", KEY_DEPTH, "N", 0, "types queued in the select workloads; 10000 unless told", 0 },
	{ "messages", KEY_MESSAGES, "N", 0, "messages or round trips of a repetition, rather than --seconds", 0 },
	{ "seconds", KEY_SECONDS, "S", 0, "about how long a repetition takes; 0.25 unless told", 0 },
	{ "repeat", KEY_REPEAT, "N", 0, "repetitions; 5 unless told, 3 where instructions are counted", 0 },
	{ "relative-to", KEY_RELATIVE, "NAME", 0, "the mechanism that ratios are to; sysv-msg unless told", 0 },
	{ "quick", KEY_QUICK, NULL, 0, "an eighth of the work, for a first look", 0 },
	{ "icount", KEY_ICOUNT, NULL, 0, "fail unless instructions are counted (tools/vm/run --icount)", 0 },
	{ "json", KEY_JSON, "FILE", 0, "write everything to FILE; - is standard output, and then no tables", 0 },
	{ "verbose", KEY_VERBOSE, NULL, 0, "say on standard error what is being run", 0 },
	{ "list", KEY_LIST, NULL, 0, "list mechanisms and workloads, and stop", 0 },
	{ 0 }
};

static unsigned long number_option(struct argp_state *state, const char *text, unsigned long least,
				   unsigned long most)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || value < least || value > most)
		argp_error(state, "not a number from %lu to %lu: %s", least, most, text);
	return value;
}

static double seconds_option(struct argp_state *state, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value > 0 && value <= 60))
		argp_error(state, "not a time of up to 60 seconds: %s", text);
	return value;
}

static void add_mechanism(struct argp_state *state, struct bench *bench, const char *name)
{
	const struct mechanism *mechanism = mechanism_find(name);

	if (!mechanism || bench->mechanism_count == NAMES_MAX)
		argp_error(state, "no such mechanism: %s (--list names them)", name);
	bench->mechanisms[bench->mechanism_count++] = mechanism;
}

static void add_workload(struct argp_state *state, struct bench *bench, const char *name)
{
	const struct workload *workload = workload_find(name);

	if (!workload || bench->workload_count == NAMES_MAX)
		argp_error(state, "no such workload: %s (--list names them)", name);
	bench->workloads[bench->workload_count++] = workload;
}

static void add_size(struct argp_state *state, struct bench *bench, const char *text)
{
	if (bench->options.size_count == SIZES_MAX)
		argp_error(state, "more than %d sizes", SIZES_MAX);
	bench->options.sizes[bench->options.size_count++] =
		number_option(state, text, PAYLOAD_MIN, PAYLOAD_MAX);
}

static void each_of_list(struct argp_state *state, struct bench *bench, char *list,
			 void (*take)(struct argp_state *, struct bench *, const char *))
{
	char *rest = NULL;

	for (char *word = strtok_r(list, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
		take(state, bench, word);
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct bench *bench = state->input;
	struct bench_options *options = &bench->options;

	switch (key) {
	case KEY_BATCH:
		options->batch = number_option(state, value, 1, BATCH_MAX);
		return 0;
	case KEY_CAPACITY:
		options->capacity = number_option(state, value, 1, 65536);
		return 0;
	case KEY_DEPTH:
		options->depth = number_option(state, value, 1, DEPTH_MAX);
		return 0;
	case KEY_ICOUNT:
		bench->must_count = true;
		return 0;
	case KEY_JSON:
		bench->json = value;
		return 0;
	case KEY_LIST:
		bench->list = true;
		return 0;
	case KEY_MESSAGES:
		options->messages = number_option(state, value, 1, UNITS_MAX);
		return 0;
	case KEY_ONLY:
		each_of_list(state, bench, value, add_mechanism);
		return 0;
	case KEY_QUICK:
		options->quick = true;
		return 0;
	case KEY_RELATIVE:
		if (!mechanism_find(value))
			argp_error(state, "no such mechanism: %s (--list names them)", value);
		options->relative_to = value;
		return 0;
	case KEY_REPEAT:
		options->repeat = number_option(state, value, 1, REPEAT_MAX);
		return 0;
	case KEY_SECONDS:
		options->seconds = seconds_option(state, value);
		return 0;
	case KEY_SIZE:
		each_of_list(state, bench, value, add_size);
		return 0;
	case KEY_VERBOSE:
		bench->verbose = true;
		return 0;
	case KEY_WORKLOAD:
		each_of_list(state, bench, value, add_workload);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "no arguments are taken: %s", value);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp bench_argp = {
	.options = bench_argp_options,
	.parser = parse,
	.doc = "Run the same work through every mechanism and measure it."
	       "\vExit status: 0; 1 if a mechanism failed its verification; 2 for a wrong usage.",
};

static int list(void)
{
	puts("mechanisms:");
	for (const struct mechanism *const *m = mechanisms; *m; m++) {
		const char *why = (*m)->unavailable ? (*m)->unavailable() : NULL;

		printf("  %-14s %s%s%s\n", (*m)->name, (*m)->title, why ? ": " : "", why ? why : "");
	}
	puts("workloads:");
	for (const struct workload *const *w = workloads; *w; w++)
		printf("  %-14s %s\n", (*w)->name, (*w)->title);
	return 0;
}

static bool is_harness(const struct mechanism *mechanism)
{
	return mechanism->traits & MECHANISM_IS_HARNESS;
}

/* What was asked for; else all. The harness is always needed. */
static bool wants_mechanism(const struct bench *bench, const struct mechanism *mechanism)
{
	if (!bench->mechanism_count || is_harness(mechanism))
		return true;
	for (unsigned int i = 0; i < bench->mechanism_count; i++)
		if (bench->mechanisms[i] == mechanism)
			return true;
	return false;
}

static bool names_workload(const struct bench *bench, const char *name)
{
	for (unsigned int i = 0; i < bench->workload_count; i++)
		if (!strcmp(bench->workloads[i]->name, name))
			return true;
	return !bench->workload_count;
}

/* Also what a wanted one is compared with. */
static bool wants_workload(const struct bench *bench, const struct workload *workload)
{
	for (unsigned int i = 0; i < bench->workload_count; i++) {
		const char *base = bench->workloads[i]->base;

		if (base && !strcmp(base, workload->name))
			return true;
	}
	return names_workload(bench, workload->name);
}

/* The harness at `pair` is what other workloads subtract. */
static bool wants(const struct bench *bench, const struct mechanism *mechanism,
		  const struct workload *workload)
{
	if (is_harness(mechanism) && !strcmp(workload->name, "pair"))
		return true;
	return wants_mechanism(bench, mechanism) && wants_workload(bench, workload);
}

static void add_series(struct bench *bench, uint32_t size, const struct workload *workload,
		       const struct mechanism *mechanism)
{
	struct series *series = &bench->series[bench->series_count++];

	series->mechanism = mechanism;
	series->workload = workload;
	series->size = size;
	series->outcome = OUTCOME_OK;
	series->samples = calloc(bench->options.repeat, sizeof(*series->samples));
}

static size_t table_length(const void *const *table)
{
	size_t length = 0;

	while (table[length])
		length++;
	return length;
}

static bool make_series(struct bench *bench)
{
	size_t most = bench->options.size_count * table_length((const void *const *)mechanisms) *
		      table_length((const void *const *)workloads);

	bench->series = calloc(most, sizeof(*bench->series));
	if (!bench->series)
		return false;
	for (unsigned int s = 0; s < bench->options.size_count; s++)
		for (const struct workload *const *w = workloads; *w; w++)
			for (const struct mechanism *const *m = mechanisms; *m; m++)
				if (wants(bench, *m, *w))
					add_series(bench, bench->options.sizes[s], *w, *m);
	for (size_t i = 0; i < bench->series_count; i++)
		if (!bench->series[i].samples)
			return false;
	return true;
}

static struct plan plan_of(const struct bench *bench, const struct series *series, uint64_t units)
{
	return (struct plan){
		.mechanism = series->mechanism,
		.workload = series->workload,
		.size = series->size,
		.capacity = bench->options.capacity,
		.batch = bench->options.batch,
		.depth = bench->options.depth,
		.units = units,
		.warmup = units / 8 + 16,
	};
}

static enum outcome run(struct series *series, const struct plan *plan, struct sample *sample)
{
	series->outcome = trial_run(plan, sample, series->reason);
	return series->outcome;
}

/* Units that take about the time asked for: doubled until a look is long enough. */
static void size_by_time(const struct bench *bench, struct series *series)
{
	double wanted_ns = bench->options.seconds * 1e9;
	uint64_t units = PROBE_UNITS;
	struct sample sample;

	for (;;) {
		struct plan plan = plan_of(bench, series, units);

		if (run(series, &plan, &sample) != OUTCOME_OK)
			return;
		if (sample.elapsed_ns >= PROBE_NS || units >= UNITS_MAX / 4)
			break;
		units *= 4;
	}
	wanted_ns = wanted_ns / sample.elapsed_ns * units;
	series->units = wanted_ns < UNITS_MIN ? UNITS_MIN
		      : wanted_ns > UNITS_MAX ? UNITS_MAX : (uint64_t)wanted_ns;
}

/* How many units each repetition has; also finds who cannot run at all. */
static void size_series(const struct bench *bench, struct series *series)
{
	struct sample sample;

	if (bench->options.messages || bench->machine.counting) {
		struct plan plan = plan_of(bench, series, UNITS_MIN);

		series->units = bench->options.messages ? bench->options.messages
							: series->workload->counted;
		if (!bench->options.messages && bench->options.quick)
			series->units /= QUICK;
		run(series, &plan, &sample);
		return;
	}
	size_by_time(bench, series);
}

static void repeat(const struct bench *bench, struct series *series)
{
	struct plan plan = plan_of(bench, series, series->units);

	if (run(series, &plan, &series->samples[series->repetitions]) == OUTCOME_OK)
		series->repetitions++;
}

/* Kernel events are per unit and need no long run; where they cannot be had, none. */
static void count_events(const struct bench *bench, struct series *series)
{
	struct plan plan = plan_of(bench, series, series->units < 20000 ? series->units : 20000);

	plan.count_events = true;
	run(series, &plan, &series->counted);
}

static void say(const struct bench *bench, const char *what, const struct series *series)
{
	if (bench->verbose)
		fprintf(stderr, "kmqcompare: %s: %s, %s, %u bytes\n", what, series->workload->name,
			series->mechanism->name, series->size);
}

/* One step for every series that still runs, beginning at another one each time. */
static bool for_each(struct bench *bench, size_t first, const char *what,
		     void (*step)(const struct bench *, struct series *))
{
	for (size_t i = 0; i < bench->series_count; i++) {
		struct series *series = &bench->series[(first + i) % bench->series_count];

		if (series->outcome != OUTCOME_OK)
			continue;
		say(bench, what, series);
		step(bench, series);
		if (series->outcome == OUTCOME_INTERRUPTED)
			return false;
	}
	return true;
}

/* Repetition by repetition, not series by series: what drifts, drifts for all. */
static bool run_all(struct bench *bench)
{
	if (!for_each(bench, 0, "sizing", size_series))
		return false;
	for (unsigned int r = 0; r < bench->options.repeat; r++) {
		size_t first = bench->series_count * r / bench->options.repeat;

		if (!for_each(bench, first, "repetition", repeat))
			return false;
	}
	/* With several emulated processors, tracepoints switched on can hang QEMU. */
	if (bench->machine.emulated && !bench->machine.counting)
		return true;
	return for_each(bench, 0, "counting events", count_events);
}

static bool any_failed(const struct bench *bench)
{
	for (size_t i = 0; i < bench->series_count; i++)
		if (bench->series[i].outcome == OUTCOME_FAILED)
			return true;
	return false;
}

static int publish(const struct bench *bench)
{
	struct json_object *json = results_make(&bench->machine, &bench->options, bench->series,
						bench->series_count);
	int failed = bench->json ? results_write(json, bench->json) : 0;

	if (!bench->json || strcmp(bench->json, "-")) {
		show_machine(json, stdout);
		show_tables(json, stdout);
	}
	json_object_put(json);
	if (any_failed(bench)) {
		fputs("kmqcompare: a mechanism failed; its line tells how\n", stderr);
		return 1;
	}
	return failed ? 1 : 0;
}

static void set_defaults(struct bench *bench)
{
	struct bench_options *options = &bench->options;

	if (!options->size_count)
		options->sizes[options->size_count++] = 64;
	if (!options->repeat)
		options->repeat = bench->machine.counting ? 3 : 5;
	if (options->quick)
		options->seconds /= QUICK;
}

static int measure(struct bench *bench)
{
	machine_look(&bench->machine);
	if (bench->must_count && !bench->machine.counting) {
		fputs("kmqcompare: instructions are not counted here; tools/vm/run --icount makes a machine that does\n",
		      stderr);
		return 1;
	}
	set_defaults(bench);
	if (!make_series(bench)) {
		fputs("kmqcompare: out of memory\n", stderr);
		return 1;
	}
	trial_setup();
	if (run_all(bench))
		return publish(bench);
	fputs("kmqcompare: interrupted\n", stderr);
	return 130;
}

int bench_main(int argc, char **argv)
{
	struct bench bench = {
		.options = {
			.capacity = 64,
			.batch = 32,
			.depth = 10000,
			.seconds = 0.25,
			.relative_to = "sysv-msg",
		},
	};
	int status;

	argp_parse(&bench_argp, argc, argv, 0, NULL, &bench);
	if (bench.list)
		return list();
	status = measure(&bench);
	for (size_t i = 0; i < bench.series_count; i++)
		free(bench.series[i].samples);
	free(bench.series);
	return status;
}
