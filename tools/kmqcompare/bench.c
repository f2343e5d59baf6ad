// SPDX-License-Identifier: GPL-2.0-only
/*
 * `kmqcompare bench`: what the command line asks for is run, shown and stored.
 */
#include "campaign.h"
#include "payload.h"
#include "results.h"
#include "show.h"
#include "statistics.h"
#include "subcommand.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPEAT_TIMED	10
#define REPEAT_COUNTED	INTERVAL_VALUES
#define UNITS_MAX	50000000
#define EXIT_INTERRUPTED	130

enum option_key {
	KEY_BATCH = 0x100,
	KEY_CAPACITY,
	KEY_DEPTH,
	KEY_ICOUNT,
	KEY_JSON,
	KEY_LIST,
	KEY_LOAD,
	KEY_MESSAGES,
	KEY_NO_SWEEPS,
	KEY_ONLY,
	KEY_PROGRESS,
	KEY_QUICK,
	KEY_RECEIVERS,
	KEY_RELATIVE,
	KEY_REPEAT,
	KEY_SECONDS,
	KEY_SENDERS,
	KEY_SIZE,
	KEY_VERBOSE,
	KEY_WORKLOAD,
};

struct bench {
	struct campaign campaign;
	const char *json;
	struct results_file file;	/* @json, while it is written */
	bool must_count;
	bool list;
	bool progress;
};

static const struct argp_option bench_argp_options[] = {
	{ "only", KEY_ONLY, "LIST", 0, "mechanisms to run, by comma; --list names them", 0 },
	{ "workload", KEY_WORKLOAD, "LIST", 0, "workloads to run, by comma; --list names them", 0 },
	{ "quick", KEY_QUICK, NULL, 0, "fewer points and shorter repetitions: about three minutes", 0 },
	{ "no-sweeps", KEY_NO_SWEEPS, NULL, 0, "vary nothing but what the following six options say", 0 },
	{ "size", KEY_SIZE, "LIST", 0, "bytes of a message, by comma: 8 to 1048576; around 64 unless told", 0 },
	{ "capacity", KEY_CAPACITY, "LIST", 0, "messages that a queue holds; around 64 unless told", 0 },
	{ "batch", KEY_BATCH, "LIST", 0, "messages of a batch, 1 to 1024; around 32 unless told", 0 },
	{ "senders", KEY_SENDERS, "LIST", 0, "processes that send in the workload fan, 1 to 4", 0 },
	{ "receivers", KEY_RECEIVERS, "LIST", 0, "processes that receive in the workload fan, 1 to 4", 0 },
	{ "load", KEY_LOAD, "LIST", 0, "percent of its own saturation in the workload open-loop, 1 to 100", 0 },
	{ "depth", KEY_DEPTH, "N", 0, "types queued in the select workloads; 10000 unless told, 1000 with --quick", 0 },
	{ "messages", KEY_MESSAGES, "N", 0, "messages or round trips of a repetition, rather than --seconds", 0 },
	{ "seconds", KEY_SECONDS, "S", 0, "about how long a repetition takes, rather than what --quick, or 20 minutes, leave it", 0 },
	{ "repeat", KEY_REPEAT, "N", 0, "repetitions; 10 unless told, 6 where instructions are counted", 0 },
	{ "relative-to", KEY_RELATIVE, "NAME", 0, "the mechanism that ratios are to; sysv-msg unless told", 0 },
	{ "icount", KEY_ICOUNT, NULL, 0, "fail unless instructions are counted (tools/vm/run --icount)", 0 },
	{ "json", KEY_JSON, "FILE", 0, "write everything to FILE; - is standard output, and then no tables", 0 },
	{ "progress", KEY_PROGRESS, NULL, 0, "tell the progress in lines, also where standard error is no terminal", 0 },
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

static void add_mechanism(struct argp_state *state, struct campaign *campaign, const char *name)
{
	const struct mechanism *mechanism = mechanism_find(name);

	if (!mechanism || campaign->mechanism_count == NAMES_MAX)
		argp_error(state, "no such mechanism: %s (--list names them)", name);
	campaign->mechanisms[campaign->mechanism_count++] = mechanism;
}

static void add_workload(struct argp_state *state, struct campaign *campaign, const char *name)
{
	const struct workload *workload = workload_find(name);

	if (!workload || campaign->workload_count == NAMES_MAX)
		argp_error(state, "no such workload: %s (--list names them)", name);
	campaign->workloads[campaign->workload_count++] = workload;
}

static void names_option(struct argp_state *state, struct campaign *campaign, char *list,
			 void (*take)(struct argp_state *, struct campaign *, const char *))
{
	char *rest = NULL;

	for (char *word = strtok_r(list, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
		take(state, campaign, word);
}

/* Values of an axis; said twice, the last one counts. */
static void axis_option(struct argp_state *state, enum axis axis, char *text, unsigned long least,
			unsigned long most)
{
	struct bench *bench = state->input;
	struct list *list = &bench->campaign.options.axes[axis];
	char *rest = NULL;

	list->count = 0;
	for (char *word = strtok_r(text, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		if (list->count == LIST_MAX)
			argp_error(state, "more than %d values", LIST_MAX);
		list->values[list->count++] = number_option(state, word, least, most);
	}
	if (!list->count)
		argp_error(state, "a number is needed");
}

static error_t parse_axis(int key, char *value, struct argp_state *state)
{
	switch (key) {
	case KEY_BATCH:
		axis_option(state, AXIS_BATCH, value, 1, 1024);
		return 0;
	case KEY_CAPACITY:
		axis_option(state, AXIS_CAPACITY, value, 1, 65536);
		return 0;
	case KEY_LOAD:
		axis_option(state, AXIS_LOAD, value, 1, 100);
		return 0;
	case KEY_RECEIVERS:
		axis_option(state, AXIS_RECEIVERS, value, 1, CHANNEL_RECEIVERS);
		return 0;
	case KEY_SENDERS:
		axis_option(state, AXIS_SENDERS, value, 1, CHANNEL_SENDERS);
		return 0;
	case KEY_SIZE:
		axis_option(state, AXIS_SIZE, value, PAYLOAD_MIN, PAYLOAD_MAX);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct bench *bench = state->input;
	struct campaign *campaign = &bench->campaign;
	struct bench_options *options = &campaign->options;

	switch (key) {
	case KEY_DEPTH:
		options->depth = number_option(state, value, 1, 60000);
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
	case KEY_NO_SWEEPS:
		options->no_sweeps = true;
		return 0;
	case KEY_ONLY:
		names_option(state, campaign, value, add_mechanism);
		return 0;
	case KEY_PROGRESS:
		bench->progress = true;
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
		options->repeat = number_option(state, value, 1, VALUES_MAX);
		return 0;
	case KEY_SECONDS:
		options->seconds = seconds_option(state, value);
		return 0;
	case KEY_VERBOSE:
		campaign->verbose = true;
		return 0;
	case KEY_WORKLOAD:
		names_option(state, campaign, value, add_workload);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "no arguments are taken: %s", value);
		return 0;
	}
	return parse_axis(key, value, state);
}

static const struct argp bench_argp = {
	.options = bench_argp_options,
	.parser = parse,
	.doc = "Run the same work through every mechanism and measure it."
	       "\vExit status: 0; 1 if a mechanism failed its verification or FILE cannot be written; 2 for a wrong usage; "
	       "130 if interrupted, and what there was until then is shown and written.",
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

static int publish(struct bench *bench)
{
	struct json_object *json = results_make(&bench->campaign);
	int failed = bench->json ? results_finish(&bench->file, json) : 0;

	if (!bench->json || strcmp(bench->json, "-")) {
		show_machine(json, stdout);
		show_tables(json, stdout);
	}
	json_object_put(json);
	if (bench->campaign.interrupted) {
		fputs("kmqcompare: interrupted; this is what there was until then\n", stderr);
		return failed ? 1 : EXIT_INTERRUPTED;
	}
	if (campaign_any_failed(&bench->campaign)) {
		fputs("kmqcompare: a mechanism failed; its line tells how\n", stderr);
		return 1;
	}
	return failed ? 1 : 0;
}

static int measure(struct bench *bench)
{
	struct campaign *campaign = &bench->campaign;

	machine_look(&campaign->machine);
	if (bench->must_count && !campaign->machine.counting) {
		fputs("kmqcompare: instructions are not counted here; tools/vm/run --icount makes a machine that does\n",
		      stderr);
		return 1;
	}
	if (!campaign->options.repeat)
		campaign->options.repeat = campaign->machine.counting ? REPEAT_COUNTED : REPEAT_TIMED;
	progress_begin(&campaign->progress, bench->progress);
	/* A clock that counts instructions does not go as ours does. */
	campaign->progress.timeless = campaign->machine.counting;
	/* From here on no signal ends it without its file and its channels being tidied up. */
	trial_setup();
	if (bench->json && results_begin(&bench->file, bench->json))
		return 1;
	if (!campaign_run(campaign))
		return publish(bench);
	if (bench->json)
		results_abandon(&bench->file);
	return 1;
}

int bench_main(int argc, char **argv)
{
	struct bench bench = { .campaign.options.relative_to = "sysv-msg" };
	int status;

	argp_parse(&bench_argp, argc, argv, 0, NULL, &bench);
	if (bench.list)
		return list();
	status = measure(&bench);
	campaign_free(&bench.campaign);
	return status;
}
