// SPDX-License-Identifier: GPL-2.0-only
/*
 * One process sends at a fixed rate, whatever becomes of the messages; another
 * receives. A latency is from when a message was meant to be sent to when it is
 * received: if the sender is held up, the messages that wait for it are late too,
 * as they would be for whoever asked for them (no coordinated omission).
 *
 * A sender that is late sends at once, and never moves its schedule. One that
 * moves batches only puts everything that is due into one.
 */
#include "../worker.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

/* Sleeping ends late by about this at worst; the rest is waited for awake. */
#define AWAKE_NS	100000

static uint64_t start_ns;	/* of this process's schedule */

static uint64_t due(const struct worker *worker, uint64_t nth)
{
	return start_ns + (uint64_t)(nth * worker->plan->interval_ns);
}

static void sleep_until(uint64_t when)
{
	struct timespec time = { .tv_sec = when / 1000000000, .tv_nsec = when % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL))
		;
}

/* Only who has a processor of its own may wait awake. */
static void wait_until(const struct worker *worker, uint64_t when)
{
	if (!worker->channels[0].shape.parallel) {
		sleep_until(when);
		return;
	}
	if (when > worker_clock() + 2 * AWAKE_NS)
		sleep_until(when - AWAKE_NS);
	while (worker_clock() < when)
		;
}

/* Messages after the @nth, of @count, that are due as well. */
static uint32_t due_by_now(const struct worker *worker, uint64_t nth, uint64_t count)
{
	uint64_t now = worker_clock();
	uint32_t more = 1;

	while (more < worker->batch && nth + more < count && due(worker, nth + more) <= now)
		more++;
	return more;
}

static int send_due(struct worker *worker, uint64_t first, uint64_t nth, uint64_t count)
{
	if (worker_needs_batches(worker))
		return worker_send_batch(worker, 0, first + nth, due_by_now(worker, nth, count));
	return worker_send(worker, 0, first + nth) ? -1 : 1;
}

static int send_at_rate(struct worker *worker, uint64_t first, uint64_t count)
{
	uint64_t nth = 0;

	start_ns = worker_clock() + (uint64_t)worker->plan->interval_ns;
	/* The first message takes it to the receiver. */
	if (worker->measuring)
		__atomic_store_n(&worker->shared->schedule_ns, start_ns, __ATOMIC_RELEASE);
	while (nth < count) {
		int some;

		wait_until(worker, due(worker, nth));
		some = send_due(worker, first, nth, count);
		if (some < 0)
			return -1;
		nth += some;
	}
	return 0;
}

static int receive_some(struct worker *worker, uint64_t sequence, uint64_t left)
{
	if (worker_needs_batches(worker))
		return worker_receive_batch(worker, 0, sequence, left);
	return worker_receive(worker, 0, sequence) ? -1 : 1;
}

static void record(struct worker *worker, uint64_t nth, int some)
{
	uint64_t now = worker_clock();

	start_ns = __atomic_load_n(&worker->shared->schedule_ns, __ATOMIC_ACQUIRE);
	for (int i = 0; i < some; i++)
		worker_record(worker, now - due(worker, nth + i));
}

static int receive_all(struct worker *worker, uint64_t first, uint64_t count)
{
	uint64_t nth = 0;

	while (nth < count) {
		int some = receive_some(worker, first + nth, count - nth);

		if (some < 0)
			return -1;
		if (worker->measuring)
			record(worker, nth, some);
		nth += some;
	}
	return 0;
}

static int open_loop_run(struct worker *worker, uint64_t first, uint64_t count)
{
	return worker->role ? receive_all(worker, first, count)
			    : send_at_rate(worker, first, count);
}

static int open_loop_work(struct worker *worker)
{
	if (worker->role)
		histogram_clear(&worker->shared->latencies);
	else
		prctl(PR_SET_TIMERSLACK, 1);
	return worker_measure(worker, open_loop_run);
}

const struct workload workload_open_loop = {
	.name = "open-loop",
	.title = "one process sends at a fixed rate, another receives",
	.unit = "message",
	.workers = 2,
	.channels = 1,
	.placement = PLACE_APART,
	.counted = 20000,
	.harness_units = 1,
	.paced_by = "oneway",
	.latency_of = "message",
	.unfit = workload_wants_queue,
	.work = open_loop_work,
};
