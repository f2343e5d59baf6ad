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
#include <semaphore.h>

/* Messages of each sender, and the sum of their hashes. */
struct tally {
	uint64_t count[CHANNEL_SENDERS];
	uint64_t sum[CHANNEL_SENDERS];
};

/* What a worker hands back, in memory shared with the runner. */
struct worker_report {
	uint64_t verified;		/* messages found right so far */
	bool failed;
	bool unavailable;		/* failed, before it did anything */
	char reason[REASON_SIZE];
	uint64_t started_ns;		/* CLOCK_MONOTONIC */
	uint64_t ended_ns;
	struct sample sample;		/* this worker's share */
	struct tally tally;		/* what it sent, or received; see fan.c */
} __attribute__((aligned(64)));

/* Shared by the runner and all workers of a trial. */
struct trial_shared {
	pthread_barrier_t barrier;	/* all workers */
	pthread_barrier_t senders;
	sem_t stopped;			/* see fan.c */
	uint64_t schedule_ns;		/* when the first message is due; see open_loop.c */
	struct worker_report reports[WORKERS_MAX];
	struct histogram latencies;	/* one worker's */
};

/**
 * struct worker - what a workload's work() is given
 * @role: senders from 0, then receivers
 * @batch: the most messages of one batch
 * @measuring: not warming up
 * @outgoing: body of the message to be sent
 * @incoming: where a message is received
 * @seen: what is verified: @incoming, or @outgoing where nothing travels, so
 *	that verification costs the same
 * @items_out: the same three for batches, @batch of each
 */
struct worker {
	const struct plan *plan;
	const struct mechanism *mechanism;
	struct channel *channels;
	unsigned int role;
	unsigned int batch;
	bool measuring;
	void *outgoing;
	void *incoming;
	void *seen;
	struct batch_item *items_out;
	struct batch_item *items_in;
	struct batch_item *items_seen;
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

/* CLOCK_MONOTONIC. */
uint64_t worker_clock(void);

/* Adds to the latencies that the trial tells of. For one worker of a trial. */
static inline void worker_record(struct worker *worker, uint64_t nanoseconds)
{
	histogram_record(&worker->shared->latencies, nanoseconds);
}

static inline bool worker_is_sender(const struct worker *worker)
{
	return worker->role < worker->plan->at.senders;
}

/* Says why this worker fails. Always -1. */
__attribute__((format(printf, 2, 3)))
int worker_fail(struct worker *worker, const char *format, ...);

/* The same for a call that set errno. */
int worker_fail_call(struct worker *worker, const char *call);

/* Counts a message as right, or fails. */
static inline int worker_verify(struct worker *worker, const void *body, size_t received,
				uint64_t sequence)
{
	const char *wrong = payload_check(body, worker->plan->at.size, received, sequence);

	if (wrong)
		return worker_fail(worker, "message %llu: %s", (unsigned long long)sequence, wrong);
	worker->report->verified++;
	return 0;
}

/* The two below, where the mechanism lets messages be made and verified in place. */
static inline int worker_send_in_place(struct worker *worker, struct channel *to,
				       uint64_t sequence)
{
	const struct mechanism *mechanism = worker->mechanism;
	void *body = mechanism->reserve(to, worker->plan->at.size);

	if (!body)
		return worker_fail_call(worker, "reserve");
	payload_fill(body, worker->plan->at.size, sequence);
	return mechanism->commit(to) ? worker_fail_call(worker, "commit") : 0;
}

static inline int worker_receive_in_place(struct worker *worker, struct channel *from,
					  uint64_t sequence)
{
	const struct mechanism *mechanism = worker->mechanism;
	const void *body;
	ssize_t size = mechanism->peek(from, &body);

	if (size < 0)
		return worker_fail_call(worker, "peek");
	if (worker_verify(worker, body, size, sequence))
		return -1;
	return mechanism->release(from) ? worker_fail_call(worker, "release") : 0;
}

static inline int worker_send(struct worker *worker, unsigned int channel, uint64_t sequence)
{
	uint32_t size = worker->plan->at.size;

	if (worker->mechanism->reserve)
		return worker_send_in_place(worker, &worker->channels[channel], sequence);
	payload_fill(worker->outgoing, size, sequence);
	if (worker->mechanism->send(&worker->channels[channel], worker->outgoing, size))
		return worker_fail_call(worker, "send");
	return 0;
}

static inline int worker_receive(struct worker *worker, unsigned int channel, uint64_t sequence)
{
	ssize_t received;

	if (worker->mechanism->peek)
		return worker_receive_in_place(worker, &worker->channels[channel], sequence);
	received = worker->mechanism->receive(&worker->channels[channel], worker->incoming,
					      worker->plan->at.size);
	if (received < 0)
		return worker_fail_call(worker, "receive");
	return worker_verify(worker, worker->seen, received, sequence);
}

/*
 * Batches: up to @count messages, at most worker->batch, in one call where the
 * mechanism has such a call, else in one each. How many, or -1.
 */
int worker_send_batch(struct worker *worker, unsigned int channel, uint64_t first,
		      unsigned int count);
int worker_receive_batch(struct worker *worker, unsigned int channel, uint64_t first,
			 unsigned int count);

/* As worker_receive_batch(), unverified: lengths in items_in, bodies in items_seen. */
int worker_take_batch(struct worker *worker, unsigned int channel, unsigned int count);

/* For those that have no single messages. */
static inline bool worker_needs_batches(const struct worker *worker)
{
	return worker->mechanism->traits & MECHANISM_BATCHES_ONLY;
}

#endif
