// SPDX-License-Identifier: GPL-2.0-only
/*
 * `kmqcompare same`: one unmodified program, natively and with the libraries
 * preloaded that serve its calls from kmq, in turn, as often as it takes.
 */
#include "same.h"

#include "preload.h"
#include "program_run.h"
#include "results.h"
#include "subcommand.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kmq.h>

#define RUNS_TIMED	10
#define RUNS_COUNTED	INTERVAL_VALUES
#define HUB_PATH	"/dev/kmq/.hub"

enum option_key {
	KEY_JSON = 0x100,
	KEY_RUNS,
	KEY_SHIM,
	KEY_TIMEOUT,
};

static const struct {
	const char *name;
	const char *library;
} known_shims[] = {
	{ "sysv", "libkmq-sysv.so.0" },
	{ "mqueue", "libkmq-mqueue.so.0" },
};

/* What was asked for. */
struct request {
	struct same same;
	const char *json;
	uint64_t timeout_ns;
	char *preload;
	bool shim_given;
};

static const struct argp_option same_argp_options[] = {
	{ "shim", KEY_SHIM, "WHICH", 0, "what is preloaded: sysv, mqueue, both (unless told), or the path of a library", 0 },
	{ "runs", KEY_RUNS, "N", 0, "runs each way; 10 unless told, 6 where instructions are counted", 0 },
	{ "timeout", KEY_TIMEOUT, "S", 0, "end a run that takes longer than S seconds; it has failed", 0 },
	{ "json", KEY_JSON, "FILE", 0, "write it to FILE as JSON; - is standard output, and then no table", 0 },
	{ 0 }
};

static bool add_shim(struct same *same, const char *library)
{
	if (same->shim_count == SHIMS_MAX)
		return false;
	same->names[same->shim_count++] = library;
	return true;
}

static void choose_shim(struct same *same, const char *which, struct argp_state *state)
{
	bool known = false, fits = true;

	for (size_t i = 0; i < sizeof(known_shims) / sizeof(*known_shims); i++) {
		if (strcmp(which, known_shims[i].name) && strcmp(which, "both"))
			continue;
		known = true;
		fits = fits && add_shim(same, known_shims[i].library);
	}
	if (strchr(which, '/')) {
		known = true;
		fits = add_shim(same, which);
	}
	if (!known)
		argp_error(state, "--shim takes sysv, mqueue, both or a path with a slash, not %s", which);
	if (!fits)
		argp_error(state, "more than %d libraries", SHIMS_MAX);
}

static double number_of(const char *value, double least, double most, const char *what, struct argp_state *state)
{
	char *end;
	double number = strtod(value, &end);

	if (end == value || *end || !(number >= least && number <= most))
		argp_error(state, "%s, %g to %g, not %s", what, least, most, value);
	return number;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case KEY_SHIM:
		request->shim_given = true;
		choose_shim(&request->same, value, state);
		return 0;
	case KEY_RUNS:
		request->same.runs = (unsigned int)number_of(value, 1, VALUES_MAX, "--runs takes a number", state);
		return 0;
	case KEY_TIMEOUT:
		request->timeout_ns = (uint64_t)(number_of(value, 0.001, 1e6, "--timeout takes seconds", state) * 1e9);
		return 0;
	case KEY_JSON:
		request->json = value;
		return 0;
	case ARGP_KEY_ARGS:
		/* All of the rest: its options are not ours. */
		request->same.arguments = state->argv + state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a program is needed, with its arguments, behind --");
		return 0;
	case ARGP_KEY_END:
		if (!request->shim_given)
			choose_shim(&request->same, "both", state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp same_argp = {
	.options = same_argp_options,
	.parser = parse,
	.args_doc = "-- PROGRAM [ARGUMENT]...",
	.doc = "Run one unmodified PROGRAM natively and with the libraries preloaded that serve System V and POSIX "
	       "queues from kmq, in turn, and show both: whether they did the same, and what it cost."
	       "\vExit status: 0 if both did the same; 1 if not, or it could not be run; 2 for a wrong usage; 130 if "
	       "interrupted.",
};

static int complain(const char *why)
{
	fprintf(stderr, "kmqcompare: %s\n", why);
	return 1;
}

/* What LD_PRELOAD will be, if the program heeds it at all. 0, or 1 with a sentence. */
static int prepare(struct request *request)
{
	struct same *same = &request->same;
	char why[2 * PATH_MAX], libraries[SHIMS_MAX * (PATH_MAX + 1)] = "";
	size_t used = 0;

	for (unsigned int i = 0; i < same->shim_count; i++) {
		if (!preload_find(same->names[i], same->shims[i], why, sizeof(why)))
			return complain(why);
		used += (size_t)snprintf(libraries + used, sizeof(libraries) - used, "%s%s", i ? ":" : "",
					 same->shims[i]);
	}
	if (!preload_program(same->arguments[0], why, sizeof(why)))
		return complain(why);
	request->preload = preload_value(libraries, getenv("LD_PRELOAD"));
	return request->preload ? 0 : complain("out of memory");
}

/*
 * Ids are given in turn: that of a queue made for this tells how many were made
 * since the last one. 0 if there is no asking.
 */
static uint32_t next_id(void)
{
	struct kmq_hub_open open_one = {
		.space = KMQ_SPACE_MAX,
		.flags = KMQ_HUB_CREATE,
		.create = { .capacity = 1, .inline_size = 8, .max_message = 8, .mode = 0600 },
	};
	struct kmq_hub_remove remove = { .id = 0 };
	int hub = open(HUB_PATH, O_RDWR | O_CLOEXEC);

	if (hub < 0)
		return 0;
	if (!ioctl(hub, KMQ_HUB_OPEN, &open_one)) {
		remove.id = open_one.id;
		ioctl(hub, KMQ_HUB_REMOVE, &remove);
	}
	close(hub);
	return remove.id;
}

static int64_t made_between(uint32_t before, uint32_t after)
{
	return before && after > before ? (int64_t)(after - before) - 1 : -1;
}

static void take_values(struct same *same, enum way way, unsigned int index, const struct program_run *run)
{
	double cpu = (double)(run->user_ns + run->system_ns);
	double instructions = run->instructions ? (double)run->instructions : NAN;
	const double values[QUANTITIES] = {
		[QUANTITY_ELAPSED] = (double)run->elapsed_ns / 1e6,
		[QUANTITY_CPU] = cpu / 1e6,
		[QUANTITY_USER] = (double)run->user_ns / 1e6,
		[QUANTITY_SYSTEM] = (double)run->system_ns / 1e6,
		[QUANTITY_SWITCHES] = (double)run->switches,
		/* The clock of processes stands while the machine idles; that on the wall goes on. */
		[QUANTITY_INSTRUCTIONS] = same->machine.counting ? cpu / same->machine.ns_per_instruction : instructions,
	};

	for (enum quantity quantity = 0; quantity < QUANTITIES; quantity++)
		same->values[way][quantity][index] = values[quantity];
}

/* A run beside the first native one. What varies natively says nothing of the library. */
static void compare(struct same *same, enum way way, const struct program_run *first, const struct program_run *run)
{
	enum agreement found = way == NATIVE ? VARY : DIFFER;
	struct difference difference;

	if (run->status != first->status || run->late != first->late)
		same->ends = same->ends == VARY ? VARY : found;
	if (same->outputs == VARY || (same->outputs == DIFFER && way == SHIM))
		return;
	for (int stream = 0; stream < STREAMS; stream++) {
		if (!texts_differ(&first->streams[stream], &run->streams[stream], &difference))
			continue;
		same->outputs = found;
		same->stream = stream;
		same->difference = difference;
		return;
	}
}

static bool run_way(struct request *request, enum way way, bool counting, struct program_run *run)
{
	const struct program program = {
		.arguments = request->same.arguments,
		.preload = way == SHIM ? request->preload : NULL,
		.timeout_ns = request->timeout_ns,
		.counting = counting,
	};

	return program_run(&program, run);
}

/* What a run did, beside the first native one, which is the first of all and is kept in @first. */
static void judge(struct same *same, enum way way, struct program_run *run, struct program_run *first)
{
	same->late[way] |= run->late;
	if (first->streams[STREAM_OUTPUT].bytes) {
		compare(same, way, first, run);
		program_forget(run);
	} else {
		*first = *run;
	}
}

/*
 * A run each before all others: what is measured then finds files in memory, and
 * counting costs it nothing. What these two do counts as much as what all others do.
 */
static bool warm_up(struct request *request, struct program_run *first)
{
	struct same *same = &request->same;
	/* With several emulated processors, tracepoints switched on can hang QEMU. */
	bool counting = !same->machine.emulated || same->machine.counting;
	struct program_run run;

	for (enum way way = 0; way < WAYS; way++) {
		uint32_t before = next_id();

		if (!run_way(request, way, counting, &run))
			return false;
		same->queues[way] = made_between(before, next_id());
		same->syscalls[way] = run.syscalls;
		same->status[way] = run.status;
		judge(same, way, &run, first);
	}
	return true;
}

static bool run_once(struct request *request, enum way way, unsigned int index, struct program_run *first)
{
	struct program_run run;

	if (!run_way(request, way, false, &run))
		return false;
	take_values(&request->same, way, index, &run);
	judge(&request->same, way, &run, first);
	return true;
}

/* What drifts, drifts for both; but that the one always comes first. */
static bool run_all(struct request *request)
{
	struct program_run first = { .status = 0 };
	bool done = warm_up(request, &first);

	for (unsigned int i = 0; done && i < request->same.runs; i++) {
		enum way begins = i % 2 ? SHIM : NATIVE;

		done = run_once(request, begins, i, &first) &&
		       run_once(request, begins == SHIM ? NATIVE : SHIM, i, &first);
	}
	program_forget(&first);
	return done;
}

static int tell(const struct request *request)
{
	const struct same *same = &request->same;
	int status = same->ends == DIFFER || same->outputs == DIFFER || same->late[NATIVE] || same->late[SHIM];
	struct json_object *json;

	if (!request->json || strcmp(request->json, "-"))
		same_show(same, stdout);
	if (!request->json)
		return status;
	json = same_json(same);
	if (results_write(json, request->json))
		status = 1;
	json_object_put(json);
	return status;
}

int same_main(int argc, char **argv)
{
	static struct request request;
	int status = 1;

	memset(&request, 0, sizeof(request));
	argp_parse(&same_argp, argc, argv, ARGP_IN_ORDER, NULL, &request);
	machine_look(&request.same.machine);
	if (!request.same.runs)
		request.same.runs = request.same.machine.counting ? RUNS_COUNTED : RUNS_TIMED;
	if (prepare(&request))
		return 1;
	program_catch();
	if (run_all(&request))
		status = tell(&request);
	free(request.preload);
	return status;
}
