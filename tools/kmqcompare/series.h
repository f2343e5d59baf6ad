/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A series: the repetitions of one mechanism at one workload and message size;
 * one line of a table. And the options that all series of a run share.
 */
#ifndef KMQCOMPARE_SERIES_H
#define KMQCOMPARE_SERIES_H

#include "trial.h"

#define SIZES_MAX	16

/* What the command line asked for. */
struct bench_options {
	uint32_t sizes[SIZES_MAX];
	unsigned int size_count;
	uint32_t capacity;
	uint32_t batch;
	uint32_t depth;
	uint64_t messages;	/* per repetition; 0: as many as @seconds take */
	double seconds;		/* aimed at, per repetition */
	unsigned int repeat;
	bool quick;
	const char *relative_to;	/* name of a mechanism */
};

struct series {
	const struct mechanism *mechanism;
	const struct workload *workload;
	uint32_t size;
	uint64_t units;			/* per repetition */
	enum outcome outcome;
	char reason[REASON_SIZE];	/* unless OUTCOME_OK */
	unsigned int repetitions;
	struct sample *samples;		/* of each repetition */
	struct sample counted;		/* one more, for kernel events only */
};

/* The series of that kind among @count, or NULL. */
const struct series *series_find(const struct series *series, size_t count,
				 const char *workload, const char *mechanism, uint32_t size);

#endif
