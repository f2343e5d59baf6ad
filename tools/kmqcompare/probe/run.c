// SPDX-License-Identifier: GPL-2.0-only
#include "run.h"

#include "../placement.h"
#include "../progress.h"
#include "../results.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define JOBS_MAX	8	/* at a time; most of a cell is waiting */

/* A run under way. */
struct run {
	const struct probe *probe;
	struct cells *cells;
	struct cell_job *jobs[JOBS_MAX];
	const struct cell_result *running[JOBS_MAX];	/* NULL: the place is free */
	unsigned int places;
	bool *started;			/* of each of the cells */
	bool interrupted;
	struct progress progress;
};

static bool is_idle(const struct run *run)
{
	for (unsigned int i = 0; i < run->places; i++)
		if (run->running[i])
			return false;
	return true;
}

/* Nobody is to be disturbed: not what must be alone, and no subject by itself. */
static bool may_start(const struct run *run, const struct cell_result *result)
{
	for (unsigned int i = 0; i < run->places; i++)
		if (run->running[i] &&
		    (result->claim->alone || run->running[i]->claim->alone ||
		     run->running[i]->subject == result->subject))
			return false;
	return true;
}

static struct cell_result *next_of(const struct run *run)
{
	for (size_t i = 0; i < run->cells->count; i++)
		if (!run->started[i] && may_start(run, &run->cells->results[i]))
			return &run->cells->results[i];
	return NULL;
}

static void fill_place(struct run *run, unsigned int place)
{
	for (struct cell_result *next; !run->running[place] && (next = next_of(run));) {
		run->started[next - run->cells->results] = true;
		progress_step(&run->progress, "%s of %s", next->claim->name,
			      next->subject->mechanism);
		run->jobs[place] = cell_start(next);
		if (run->jobs[place])
			run->running[place] = next;
	}
}

static void clear_places(struct run *run)
{
	for (unsigned int i = 0; i < run->places; i++)
		if (run->running[i] && cell_is_over(run->jobs[i]))
			run->running[i] = NULL;
}

static void stop_all(struct run *run)
{
	run->interrupted = true;
	for (unsigned int i = 0; i < run->places; i++)
		if (run->running[i])
			cell_stop(run->jobs[i]);
}

/* Being stopped and continued interrupts it. */
static int await_signal(const sigset_t *signals)
{
	int signal;

	do
		signal = sigwaitinfo(signals, NULL);
	while (signal < 0);
	return signal;
}

static void run_cells(struct run *run, const sigset_t *signals)
{
	for (;;) {
		for (unsigned int i = 0; i < run->places && !run->interrupted; i++)
			fill_place(run, i);
		if (is_idle(run))
			return;
		if (await_signal(signals) != SIGCHLD)
			stop_all(run);
		clear_places(run);
	}
}

/* Those of a subject that is not to be had here have their answer already. How many have not. */
static size_t see_unavailable(struct run *run)
{
	size_t left = run->cells->count;

	for (size_t i = 0; i < run->cells->count; i++) {
		struct cell_result *result = &run->cells->results[i];
		const struct subject *subject = result->subject;
		const char *why = subject->unavailable ? subject->unavailable() : NULL;

		if (!why)
			continue;
		snprintf(result->answer, sizeof(result->answer), "%s", why);
		run->started[i] = true;
		left--;
	}
	return left;
}

/* What was broken off is no experiment that failed. */
static void see_interrupted(const struct run *run)
{
	for (size_t i = 0; i < run->cells->count && run->interrupted; i++) {
		struct cell_result *result = &run->cells->results[i];

		if (run->started[i] && !(result->broke && strstr(result->answer, "interrupted")))
			continue;
		result->broke = false;
		snprintf(result->answer, sizeof(result->answer), "interrupted");
	}
}

static size_t make_cells(const struct probe *probe, struct cell_result *results)
{
	size_t count = 0;

	for (const struct claim *const *c = probe->claims; *c; c++)
		for (const struct subject *const *s = probe->subjects; *s; s++) {
			struct cell_result *result = &results[count++];

			if (!results)
				continue;
			result->claim = *c;
			result->subject = *s;
			result->expected = probe->expected((*c)->name, (*s)->mechanism,
							   &result->source);
		}
	return count;
}

static sigset_t awaited_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return set;
}

static void *or_exit(void *memory)
{
	if (memory)
		return memory;
	fputs("kmqcompare: out of memory\n", stderr);
	exit(1);
}

bool probe_run(const struct probe *probe, struct cells *cells)
{
	unsigned int twice = 2 * placement_cpus();
	struct run run = {
		.probe = probe,
		.cells = cells,
		.places = twice < JOBS_MAX ? twice : JOBS_MAX,
	};
	sigset_t signals = awaited_signals(), before;

	cells->count = make_cells(probe, NULL);
	cells->results = or_exit(calloc(cells->count + 1, sizeof(*cells->results)));
	run.started = or_exit(calloc(cells->count + 1, sizeof(*run.started)));
	make_cells(probe, cells->results);
	progress_begin(&run.progress, probe->progress);
	progress_expect(&run.progress, see_unavailable(&run));
	sigprocmask(SIG_BLOCK, &signals, &before);
	run_cells(&run, &signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
	see_interrupted(&run);
	progress_end(&run.progress);
	free(run.started);
	return !run.interrupted;
}

struct tally cells_tally(const struct cells *cells)
{
	struct tally tally = { 0 };

	for (size_t i = 0; i < cells->count; i++) {
		const struct cell_result *result = &cells->results[i];

		if (result->verdict == VERDICT_NONE)
			tally.not_run++;
		else if (cell_agrees(result))
			tally.agree++;
		else if (cell_differs(result))
			tally.differ++;
		else
			tally.silent++;
		tally.broke += result->broke;
	}
	return tally;
}

static int publish(const struct probe *probe, const struct cells *cells, bool interrupted)
{
	struct tally tally = cells_tally(cells);
	struct json_object *json;
	int failed = 0;

	if (!probe->json || strcmp(probe->json, "-"))
		matrix_print(probe, cells);
	if (probe->json) {
		json = probe_json(probe, cells, interrupted);
		failed = results_write(json, probe->json);
		json_object_put(json);
	}
	if (interrupted) {
		fputs("kmqcompare: interrupted\n", stderr);
		return 130;
	}
	return failed || tally.differ || tally.broke ? 1 : 0;
}

int probe_all(const struct probe *probe)
{
	struct cells cells;
	bool interrupted = !probe_run(probe, &cells);
	int status = publish(probe, &cells, interrupted);

	for (size_t i = 0; i < cells.count; i++)
		free(cells.results[i].evidence);
	free(cells.results);
	return status;
}
