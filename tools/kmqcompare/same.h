/* SPDX-License-Identifier: GPL-2.0-only */
/* One unmodified program, natively and under a preloaded library: what `same` found. */
#ifndef KMQCOMPARE_SAME_H
#define KMQCOMPARE_SAME_H

#include "machine.h"
#include "outputs.h"
#include "program_run.h"
#include "statistics.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>

#define SAME_SCHEMA	"kmqcompare-same/1"
#define SHIMS_MAX	2

enum way { NATIVE, SHIM, WAYS };

enum quantity {
	QUANTITY_ELAPSED,
	QUANTITY_CPU,
	QUANTITY_USER,
	QUANTITY_SYSTEM,
	QUANTITY_SWITCHES,
	QUANTITY_INSTRUCTIONS,
	QUANTITIES
};

/* Of all runs: what the program wrote, or how it ended. */
enum agreement {
	AGREE,		/* all alike */
	VARY,		/* natively it is not always the same: nothing can be said */
	DIFFER,
};

/**
 * struct same - a comparison
 * @shims: paths, in the order in which they are loaded
 * @names: as they were asked for
 * @runs: measured, each way; before them one each to warm up
 * @values: of each run; NAN: not to be had
 * @syscalls: of one more run of each; 0: not counted
 * @queues: that were made in kmq, by whomever, during that run; -1: the hub
 *	could not be asked
 * @status: of the run each way that warmed up
 * @late: it took longer than it was given, in some run
 * @ends: how they ended
 * @outputs: what they wrote
 * @stream: where they differ or vary first,
 * @difference: and how: the first native run on the left
 */
struct same {
	struct machine machine;
	char **arguments;
	const char *names[SHIMS_MAX];
	char shims[SHIMS_MAX][PATH_MAX];
	unsigned int shim_count;
	unsigned int runs;
	double values[WAYS][QUANTITIES][VALUES_MAX];
	uint64_t syscalls[WAYS];
	int64_t queues[WAYS];
	int status[WAYS];
	bool late[WAYS];
	enum agreement ends;
	enum agreement outputs;
	int stream;
	struct difference difference;
};

/* "exit 0", "signal 11 (Segmentation fault)", "too late" */
void same_status(const struct same *same, enum way way, char *text, size_t room);

void same_show(const struct same *same, FILE *out);
/* Owned by the caller. */
struct json_object *same_json(const struct same *same);

#endif
