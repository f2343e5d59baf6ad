/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A workload: what is done with a mechanism, by one process or by several. To add
 * one, write a file in workloads/, add its line to the table in workloads.c, and
 * say in sweep.c what is varied in it.
 */
#ifndef KMQCOMPARE_WORKLOAD_H
#define KMQCOMPARE_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

#define WORKERS_MAX	8
#define CHANNELS_MAX	2

struct mechanism;
struct plan;
struct worker;
struct worker_report;

/* Where the workers run. */
enum placement {
	PLACE_ONE_CPU,		/* all pinned to the same processor */
	PLACE_TWO_CPUS,		/* one each; not run where there is only one */
	PLACE_APART,		/* spread over the processors there are */
};

/**
 * struct workload - the hooks of one workload
 * @name: what --workload takes and JSON says
 * @title: for people: what one unit of it is
 * @unit: what a figure is per: "message", "round trip"
 * @workers: processes; 0: as many as the point has senders and receivers
 * @channels: 1 or 2
 * @placement: where the workers run
 * @counted: units per repetition when instructions are counted and --messages
 *	was not given
 * @harness_units: units of `pair` whose harness cost is in one unit here; 0 if
 *	the harness mechanism runs this workload itself
 * @base: name of the workload that this one is compared with, mechanism by
 *	mechanism, or NULL
 * @paced_by: name of the workload whose throughput is a mechanism's saturation
 *	here: this one sends at a rate, and its figure is the median latency. Or NULL
 * @latency_of: what the clock is read for, "round trip", or NULL
 * @batches: moves batches, where the mechanism has them
 * @calls: knows how to run mechanisms that answer
 * @unfit: NULL, or why this mechanism cannot do it (NULL if it can)
 * @capacity: NULL, or messages that the channel must hold, rather than those
 *	of the point
 * @work: one worker's whole work; -1 if worker_fail() was called
 * @audit: NULL, or what is wrong with the reports of all workers (NULL if
 *	nothing), once they have ended
 */
struct workload {
	const char *name;
	const char *title;
	const char *unit;
	unsigned int workers;
	unsigned int channels;
	enum placement placement;
	uint64_t counted;
	unsigned int harness_units;
	const char *base;
	const char *paced_by;
	const char *latency_of;
	bool batches;
	bool calls;
	const char *(*unfit)(const struct mechanism *mechanism);
	uint32_t (*capacity)(const struct plan *plan);
	int (*work)(struct worker *worker);
	const char *(*audit)(const struct plan *plan, const struct worker_report *reports);
};

/* The table, in the order of output; ends with NULL. */
extern const struct workload *const workloads[];

/* Returns the workload of that name, or NULL. */
const struct workload *workload_find(const char *name);

/* For @unfit of workloads that send and receive one message at a time. */
const char *workload_wants_single(const struct mechanism *mechanism);

/* The message must arrive in another process. */
const char *workload_wants_carrier(const struct mechanism *mechanism);

/* And wait there until it is received, whatever is sent meanwhile. */
const char *workload_wants_queue(const struct mechanism *mechanism);

/* A carrier of single messages. */
const char *workload_wants_single_carrier(const struct mechanism *mechanism);

#endif
