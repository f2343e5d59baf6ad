/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A series: the repetitions of one mechanism at one workload and one point; one
 * line of a table. And the options that all series of a run share.
 */
#ifndef KMQCOMPARE_SERIES_H
#define KMQCOMPARE_SERIES_H

#include "trial.h"

#define LIST_MAX	16

struct list {
	uint32_t values[LIST_MAX];
	unsigned int count;
};

/* What a run can vary, one at a time. */
enum axis {
	AXIS_SIZE,
	AXIS_CAPACITY,
	AXIS_BATCH,
	AXIS_SENDERS,
	AXIS_RECEIVERS,
	AXIS_LOAD,
	AXES
};

/**
 * struct bench_options - what the command line asked for
 * @axes: values for each axis; none: those of sweep.c
 * @no_sweeps: vary only what @axes says
 * @depth: types queued in the selecting workloads; 0: as sweep.c has it
 * @messages: per repetition; 0: as many as @seconds take
 * @seconds: aimed at, per repetition; 0: as the budget allows
 * @repeat: repetitions
 * @quick: fewer points, less work
 * @relative_to: name of a mechanism
 */
struct bench_options {
	struct list axes[AXES];
	bool no_sweeps;
	uint32_t depth;
	uint64_t messages;
	double seconds;
	unsigned int repeat;
	bool quick;
	const char *relative_to;
};

/**
 * struct series
 * @at_base: at its workload's base point, which no sweep varies
 * @units: per repetition
 * @unit_ns: about what one takes, as found by trying
 * @saturation_ns: what a message takes at the mechanism's own saturation, where
 *	the workload has a rate
 * @reason: unless OUTCOME_OK
 * @samples: of each repetition
 * @counted: one more, for kernel events only
 * @latencies: of all repetitions, or NULL
 */
struct series {
	const struct mechanism *mechanism;
	const struct workload *workload;
	struct point at;
	bool at_base;
	uint64_t units;
	double unit_ns;
	double saturation_ns;
	enum outcome outcome;
	char reason[REASON_SIZE];
	unsigned int repetitions;
	struct sample *samples;
	struct sample counted;
	struct histogram *latencies;
};

bool point_equal(const struct point *a, const struct point *b);

/* The series of that kind among @count, or NULL. */
const struct series *series_find(const struct series *series, size_t count,
				 const struct workload *workload, const struct mechanism *mechanism,
				 const struct point *at);

#endif
