/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A worker: one process of a trial. Its workload calls worker_measure() with
 * what it does, and the functions below to send and receive; they make every
 * message, verify every message, and say what went wrong.
 */
#ifndef KMQCOMPARE_WORKER_H
#define KMQCOMPARE_WORKER_H

#include "payload.h"
#include "trial.h"

#include <pthread.h>

/* What a worker hands back, in memory shared with the runner. */
struct worker_report {
	bool failed;
	char reason[REASON_SIZE];
	uint64_t started_ns;		/* CLOCK_MONOTONIC */
	uint64_t ended_ns;
	struct sample sample;		/* this worker's share */
};

/* Shared by the runner and all workers of a trial. */
struct trial_shared {
	pthread_barrier_t barrier;
	struct worker_report reports[WORKERS_MAX];
};

/**
 * struct worker - what a workload's work() is given
 * @role: 0 or 1
 * @outgoing: body of the message to be sent
 * @incoming: where a message is received
 * @seen: what is verified: @incoming, or @outgoing where nothing travels, so
 *	that verification costs the same
 * @items_out: the same three for batches, plan->batch of each
 * @verified: messages found right so far
 */
struct worker {
	const struct plan *plan;
	const struct mechanism *mechanism;
	struct channel *channels;
	unsigned int role;
	void *outgoing;
	void *incoming;
	void *seen;
	struct batch_item *items_out;
	struct batch_item *items_in;
	struct batch_item *items_seen;
	uint64_t verified;
	struct trial_shared *shared;
	struct worker_report *report;
};

/* Does one worker's share of @count units, whose sequence begins at @first. */
typedef int (*worker_run)(struct worker *worker, uint64_t first, uint64_t count);

/**
 * worker_measure() - warm up, wait for the others, measure
 *
 * Ends with one more unit, unmeasured: it finds messages that were left over.
 * 0, or -1 if @run failed.
 */
int worker_measure(struct worker *worker, worker_run run);

/* The process's whole life, from after fork. Returns its exit status. */
int worker_main(const struct plan *plan, struct channel *channels, unsigned int role,
		struct trial_shared *shared);

/* Says why this worker fails. Always -1. */
__attribute__((format(printf, 2, 3)))
int worker_fail(struct worker *worker, const char *format, ...);

/* The same for a call that set errno. */
int worker_fail_call(struct worker *worker, const char *call);

/* Counts a message as right, or fails. */
static inline int worker_verify(struct worker *worker, const void *body, size_t received,
				uint64_t sequence)
{
	const char *wrong = payload_check(body, worker->plan->size, received, sequence);

	if (wrong)
		return worker_fail(worker, "message %llu: %s", (unsigned long long)sequence, wrong);
	worker->verified++;
	return 0;
}

static inline int worker_send(struct worker *worker, unsigned int channel, uint64_t sequence)
{
	uint32_t size = worker->plan->size;

	payload_fill(worker->outgoing, size, sequence);
	if (worker->mechanism->send(&worker->channels[channel], worker->outgoing, size))
		return worker_fail_call(worker, "send");
	return 0;
}

static inline int worker_receive(struct worker *worker, unsigned int channel, uint64_t sequence)
{
	ssize_t received = worker->mechanism->receive(&worker->channels[channel],
						      worker->incoming, worker->plan->size);

	if (received < 0)
		return worker_fail_call(worker, "receive");
	return worker_verify(worker, worker->seen, received, sequence);
}

/*
 * Batches: up to @count messages, at most plan->batch, in one call where the
 * mechanism has such a call, else in one each. How many, or -1.
 */
int worker_send_batch(struct worker *worker, unsigned int channel, uint64_t first,
		      unsigned int count);
int worker_receive_batch(struct worker *worker, unsigned int channel, uint64_t first,
			 unsigned int count);

#endif
