/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A trial: one run of one mechanism at one workload, in processes of its own.
 * The runner opens the channels, forks the workers, collects what they
 * measured, and closes the channels whatever became of the workers.
 */
#ifndef KMQCOMPARE_TRIAL_H
#define KMQCOMPARE_TRIAL_H

#include "events.h"
#include "histogram.h"
#include "mechanism.h"
#include "workload.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * struct point - the conditions of a trial; every series has one
 * @size: bytes of each message
 * @capacity: messages that a channel should hold
 * @batch: messages per batch; 1 where the workload has none
 * @senders: processes that send
 * @receivers: processes that receive
 * @load: percent of the mechanism's own saturation; 0 where the workload sends
 *	as fast as it can
 */
struct point {
	uint32_t size;
	uint32_t capacity;
	uint32_t batch;
	uint32_t senders;
	uint32_t receivers;
	uint32_t load;
};

/**
 * struct plan - what a trial is to do
 * @at: under which conditions; @at.batch is what a mechanism that moves batches
 *	only is given, also where the workload has none
 * @depth: messages (and types) that lie queued in the selecting workloads
 * @units: of the workload, measured
 * @warmup: units before them, not measured
 * @interval_ns: between two messages, where they are sent at a rate
 * @expected_ns: about how long it takes; 0: not known
 * @count_events: count kernel events too, which slows it down
 * @clocked: read the clock at every unit, where the workload knows how
 * @stall_ms: if nothing arrives for so long, something was lost; 0: a few seconds
 */
struct plan {
	const struct mechanism *mechanism;
	const struct workload *workload;
	struct point at;
	uint32_t depth;
	uint64_t units;
	uint64_t warmup;
	double interval_ns;
	double expected_ns;
	bool count_events;
	bool clocked;
	unsigned int stall_ms;
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
	uint64_t copied;		/* bytes, the same */
	uint64_t verified;		/* messages received and found right */
	uint64_t instructions;		/* counted by the processor; 0: it cannot */
	uint64_t latency_ns;		/* median; 0: the clock was not read */
	uint32_t capacity;		/* what a channel really held */
	uint32_t most;			/* the most that it may hold; 0: the same */
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

/* Processes and channels of a plan. */
unsigned int plan_workers(const struct plan *plan);
unsigned int plan_channels(const struct plan *plan);

/* A trial that takes longer will not end. */
uint64_t trial_limit_ns(const struct plan *plan);

/* To be called once, before the first trial: signals wait for trials' ends. */
void trial_setup(void);

/**
 * trial_run() - run a plan
 * @sample: out, on OUTCOME_OK
 * @latencies: NULL, or what the clock told is added to it, on OUTCOME_OK
 * @reason: out, otherwise: REASON_SIZE bytes for a sentence
 */
enum outcome trial_run(const struct plan *plan, struct sample *sample,
		       struct histogram *latencies, char *reason);

#endif
