/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A workload: what is done with a mechanism, by one process or by two. To add
 * one, write a file in workloads/ and add its line to the table in
 * workloads.c.
 */
#ifndef KMQCOMPARE_WORKLOAD_H
#define KMQCOMPARE_WORKLOAD_H

#include <stdint.h>

#define WORKERS_MAX	2
#define CHANNELS_MAX	2

struct mechanism;
struct plan;
struct worker;

/* Where the workers run. */
enum placement {
	PLACE_ONE_CPU,		/* all pinned to the same processor */
	PLACE_TWO_CPUS,		/* one each; not run where there is only one */
	PLACE_APART,		/* one each where there are two, else the same */
};

/**
 * struct workload - the hooks of one workload
 * @name: what --workload takes and JSON says
 * @title: for people: what one unit of it is
 * @unit: what a figure is per: "message", "round trip"
 * @workers: processes, 1 or 2
 * @channels: 1 or 2
 * @placement: where the workers run
 * @counted: units per repetition when instructions are counted and --messages
 *	was not given
 * @harness_units: units of `pair` whose harness cost is in one unit here; 0 if
 *	the harness mechanism runs this workload itself
 * @base: name of the workload that this one is compared with, mechanism by
 *	mechanism, or NULL
 * @unfit: NULL, or why this mechanism cannot do it (NULL if it can)
 * @capacity: NULL, or messages that the channel must hold, rather than those
 *	of --capacity
 * @work: one worker's whole work; -1 if worker_fail() was called
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
	const char *(*unfit)(const struct mechanism *mechanism);
	uint32_t (*capacity)(const struct plan *plan);
	int (*work)(struct worker *worker);
};

/* The table, in the order of output; ends with NULL. */
extern const struct workload *const workloads[];

/* Returns the workload of that name, or NULL. */
const struct workload *workload_find(const char *name);

/* For @unfit of workloads that send and receive one message at a time. */
const char *workload_wants_single(const struct mechanism *mechanism);

/* The same, and the message must arrive in another process. */
const char *workload_wants_carrier(const struct mechanism *mechanism);

#endif
