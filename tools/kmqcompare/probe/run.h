/* SPDX-License-Identifier: GPL-2.0-only */
/* The probe as a whole: runs the cells, several at a time, and tells what came of them. */
#ifndef KMQCOMPARE_PROBE_RUN_H
#define KMQCOMPARE_PROBE_RUN_H

#include "cell.h"

#include <json-c/json.h>
#include <stdio.h>

/**
 * struct probe - what to run, and how to tell it
 * @claims: ends with NULL
 * @subjects: ends with NULL
 * @expected: expected_verdict()
 * @evidence: shows every cell's
 * @progress: says how far it is in lines of their own, not only on a terminal
 * @json: the file for all of it, NULL: none; "-": standard output, and then nothing else
 * @out: where the matrix goes
 */
struct probe {
	const struct claim *const *claims;
	const struct subject *const *subjects;
	enum verdict (*expected)(const char *claim, const char *mechanism, const char **source);
	bool evidence;
	bool progress;
	const char *json;
	FILE *out;
};

/* How many of the cells ... */
struct tally {
	unsigned int agree;
	unsigned int differ;
	unsigned int not_run;
	unsigned int silent;	/* ran, but the manual pages are silent */
	unsigned int broke;	/* of @not_run */
};

struct tally cells_tally(const struct cells *cells);

/* Runs the cells of a claim and a subject each. True: to the end; false: interrupted. */
bool probe_run(const struct probe *probe, struct cells *cells);

/* The matrix, the evidence if asked for, what differs, and the tally in the last line. */
void matrix_print(const struct probe *probe, const struct cells *cells);

/* kmqcompare-probe/1. Owned by the caller (json_object_put). */
struct json_object *probe_json(const struct probe *probe, const struct cells *cells,
			       bool interrupted);

/* All of it. Returns the exit status. */
int probe_all(const struct probe *probe);

#endif
