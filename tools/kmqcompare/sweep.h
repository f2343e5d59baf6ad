/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is varied in which workload. Around a base point, one axis at a time; but
 * senders and receivers go together.
 */
#ifndef KMQCOMPARE_SWEEP_H
#define KMQCOMPARE_SWEEP_H

#include "series.h"

#define POINTS_MAX	128

/* How the command line and JSON say it: "size". */
const char *axis_name(enum axis axis);

/* The value of a point on an axis. */
uint32_t point_at(const struct point *point, enum axis axis);

/* Where a workload is when nothing is varied: the defaults, or the first values told. */
struct point sweep_base(const struct workload *workload, const struct bench_options *options);

/**
 * sweep_points() - all points of a workload
 * @counting: instructions are counted here
 * @points: out, POINTS_MAX of them; the first is the base point
 *
 * Returns how many.
 */
size_t sweep_points(const struct workload *workload, const struct bench_options *options,
		    bool counting, struct point *points);

/*
 * Messages of the batches that a mechanism which has nothing else moves in a
 * workload that has none; 0: it moves one at a time, or the workload has them.
 */
uint32_t sweep_imposed_batch(const struct workload *workload, const struct mechanism *mechanism,
			     const struct bench_options *options);

/* Messages that the selecting workloads hold. */
uint32_t sweep_depth(const struct bench_options *options);

#endif
