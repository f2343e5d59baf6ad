/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running a cell. Its processes:
 *
 *	runner			kmqcompare itself
 *	  guard			a session of its own; ends the cell when its time is up,
 *				adopts and kills whatever is left of it
 *	    stage		runs the claim's experiment
 *	      (parent)		one for each puppet, which only waits for it
 *	        puppet
 *
 * Whoever of them dies, the rest follows.
 */
#ifndef KMQCOMPARE_CELL_H
#define KMQCOMPARE_CELL_H

#include "claim.h"

/**
 * struct cell_result - what is kept of a cell
 * @broke: the experiment itself failed; @answer tells how. The verdict is VERDICT_NONE
 * @evidence: lines, each with its newline; malloc()ed; NULL before it ran
 * @expected: what the manual pages say, VERDICT_NONE if nothing
 * @source: which of them, if they say anything
 */
struct cell_result {
	const struct claim *claim;
	const struct subject *subject;
	enum verdict verdict;
	bool broke;
	char answer[ANSWER_SIZE];
	char *evidence;
	double elapsed_ms;
	enum verdict expected;
	const char *source;
};

/* The cells of a run, in the order of output: all of a claim, then the next claim's. */
struct cells {
	struct cell_result *results;
	size_t count;
};

const char *verdict_name(enum verdict verdict);

/* True if it ran, the manual pages tell of it, and it is as they say; the same with not. */
bool cell_agrees(const struct cell_result *result);
bool cell_differs(const struct cell_result *result);

struct cell_job;

/* Starts it; result->claim and ->subject say which. NULL, with result filled in, if it cannot. */
struct cell_job *cell_start(struct cell_result *result);

/* True once it is over: its result is filled in, the job is no more. */
bool cell_is_over(struct cell_job *job);

/* Ends it now; cell_is_over() soon says so. */
void cell_stop(struct cell_job *job);

/* Starts it and waits for its end. */
void cell_run(struct cell_result *result);

#endif
