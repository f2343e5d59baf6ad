/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A trial: one run of one mechanism at one workload, in processes of its own.
 * The runner opens the channels, forks the workers, collects what they
 * measured, and closes the channels whatever became of the workers.
 */
#ifndef KMQCOMPARE_TRIAL_H
#define KMQCOMPARE_TRIAL_H

#include "events.h"
#include "mechanism.h"
#include "workload.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * struct plan - what a trial is to do
 * @size: bytes of each message
 * @capacity: messages that a channel should hold
 * @batch: messages per batch
 * @depth: messages (and types) that lie queued in the selecting workloads
 * @units: of the workload, measured
 * @warmup: units before them, not measured
 * @count_events: count kernel events too, which slows it down
 */
struct plan {
	const struct mechanism *mechanism;
	const struct workload *workload;
	uint32_t size;
	uint32_t capacity;
	uint32_t batch;
	uint32_t depth;
	uint64_t units;
	uint64_t warmup;
	bool count_events;
};

/* What one trial measured, all workers together. */
struct sample {
	uint64_t units;
	uint64_t elapsed_ns;
	uint64_t user_ns;
	uint64_t system_ns;
	uint64_t voluntary;		/* context switches */
	uint64_t involuntary;
	uint64_t syscalls;		/* on the channels, counted where they are made */
	uint64_t verified;		/* messages received and found right */
	uint32_t capacity;		/* what a channel really held */
	bool events_counted;
	uint64_t events[EVENT_KINDS];
};

enum outcome {
	OUTCOME_OK,
	OUTCOME_FAILED,		/* a message was lost or wrong, or a call failed */
	OUTCOME_UNAVAILABLE,	/* cannot run on this machine */
	OUTCOME_UNFIT,		/* does not apply: to this mechanism, or to one processor */
	OUTCOME_INTERRUPTED,	/* SIGINT or SIGTERM came */
};

/* How JSON says it. */
const char *outcome_name(enum outcome outcome);

/* To be called once, before the first trial: signals wait for trials' ends. */
void trial_setup(void);

/**
 * trial_run() - run a plan
 * @sample: out, on OUTCOME_OK
 * @reason: out, otherwise: REASON_SIZE bytes for a sentence
 */
enum outcome trial_run(const struct plan *plan, struct sample *sample, char *reason);

#endif
