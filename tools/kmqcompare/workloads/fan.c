// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several processes send to one channel as fast as they can, several receive from
 * it: each message goes to one of them, exactly once. A receiver sees the
 * messages of a sender in rising order, but not which ones the others have; so it
 * keeps a tally of what it got, senders keep one of what they sent, and at the end
 * all of them must add up.
 *
 * A phase ends by a stop message for each receiver, sent one after the other when
 * all senders have sent everything, and the next one not before the one was
 * taken. Then all meet at the barrier, so that nobody's stop is another's.
 */
#include "../worker.h"

#define STOPPER		15	/* who sends stop messages; no sender has this number */

/* This process's alone: every trial has new ones. */
static uint32_t sent;				/* by this sender */
static uint32_t expected[CHANNEL_SENDERS];	/* at least this number is next from each */
static uint32_t stops;

static uint64_t hash(uint64_t sequence)
{
	sequence = (sequence ^ sequence >> 15) * 0xbf58476d1ce4e5b9u;
	return sequence ^ sequence >> 31;
}

static void count(struct worker *worker, uint64_t sequence)
{
	struct tally *tally = &worker->report->tally;

	tally->count[payload_sender(sequence)]++;
	tally->sum[payload_sender(sequence)] += hash(sequence);
}

static int send_some(struct worker *worker, uint64_t sequence, uint32_t most)
{
	if (worker_needs_batches(worker))
		return worker_send_batch(worker, 0, sequence, most);
	return worker_send(worker, 0, sequence) ? -1 : 1;
}

static int send_share(struct worker *worker, uint64_t share)
{
	while (share) {
		uint64_t sequence = payload_sequence_of(worker->role, sent);
		int some = send_some(worker, sequence, share < UINT32_MAX ? share : UINT32_MAX);

		if (some < 0)
			return -1;
		for (int i = 0; i < some; i++)
			count(worker, sequence + i);
		sent += some;
		share -= some;
	}
	return 0;
}

static int stop_receivers(struct worker *worker)
{
	for (unsigned int i = 0; i < worker->plan->at.receivers; i++) {
		if (send_some(worker, payload_sequence_of(STOPPER, stops), 1) < 0)
			return -1;
		sem_wait(&worker->shared->stopped);
	}
	return 0;
}

static int send_phase(struct worker *worker, uint64_t units)
{
	unsigned int senders = worker->plan->at.senders;

	if (send_share(worker, units / senders + (worker->role < units % senders)))
		return -1;
	pthread_barrier_wait(&worker->shared->senders);
	return worker->role ? 0 : stop_receivers(worker);
}

static int take_stop(struct worker *worker, uint32_t number)
{
	if (number != stops)
		return worker_fail(worker, "stop message %u instead of %u: doubled or reordered",
				   number, stops);
	sem_post(&worker->shared->stopped);
	return 1;
}

/* Where one receives all, a gap is a loss; else the tallies will tell. */
static const char *misplaced(const struct worker *worker, uint64_t sequence)
{
	uint32_t number = payload_number(sequence), least = expected[payload_sender(sequence)];

	if (number < least)
		return "doubled or reordered";
	if (number > least && worker->plan->at.receivers == 1)
		return "lost or reordered";
	return NULL;
}

/* 1 if it was the stop message. */
static int take(struct worker *worker, const void *body, size_t received)
{
	uint32_t size = worker->plan->at.size;
	uint64_t sequence = payload_sequence(body);
	unsigned int sender = payload_sender(sequence);
	const char *wrong = payload_check(body, size, received, sequence);

	if (!wrong && sender == STOPPER)
		return take_stop(worker, payload_number(sequence));
	if (!wrong && sender >= worker->plan->at.senders)
		wrong = "from nobody";
	if (!wrong)
		wrong = misplaced(worker, sequence);
	if (wrong)
		return worker_fail(worker, "message %u of sender %u: %s", payload_number(sequence),
				   sender, wrong);
	expected[sender] = payload_number(sequence) + 1;
	count(worker, sequence);
	worker->report->verified++;
	return 0;
}

static int receive_one(struct worker *worker)
{
	ssize_t received = worker->mechanism->receive(&worker->channels[0], worker->incoming,
						      worker->plan->at.size);

	return received < 0 ? worker_fail_call(worker, "receive")
			    : take(worker, worker->seen, received);
}

static int receive_some(struct worker *worker)
{
	int received = worker_take_batch(worker, 0, UINT32_MAX);
	int result = received < 0 ? -1 : 0;

	for (int i = 0; i < received && !result; i++)
		result = take(worker, worker->items_seen[i].body, worker->items_in[i].size);
	return result;
}

static int receive_phase(struct worker *worker)
{
	int result;

	do
		result = worker_needs_batches(worker) ? receive_some(worker) : receive_one(worker);
	while (!result);
	return result < 0 ? -1 : 0;
}

static int fan_run(struct worker *worker, uint64_t first, uint64_t units)
{
	(void)first;
	if (worker_is_sender(worker) ? send_phase(worker, units) : receive_phase(worker))
		return -1;
	pthread_barrier_wait(&worker->shared->barrier);
	stops++;
	return 0;
}

static int fan_work(struct worker *worker)
{
	return worker_measure(worker, fan_run);
}

static const char *fan_audit(const struct plan *plan, const struct worker_report *reports)
{
	for (unsigned int sender = 0; sender < plan->at.senders; sender++) {
		const struct tally *tally = &reports[sender].tally;
		uint64_t count_left = tally->count[sender], sum_left = tally->sum[sender];

		for (unsigned int i = 0; i < plan->at.receivers; i++) {
			tally = &reports[plan->at.senders + i].tally;
			count_left -= tally->count[sender];
			sum_left -= tally->sum[sender];
		}
		if (count_left)
			return (int64_t)count_left > 0 ? "messages lost" : "messages doubled";
		if (sum_left)
			return "as many messages lost as doubled";
	}
	return NULL;
}

const struct workload workload_fan = {
	.name = "fan",
	.title = "several processes send, several receive, each message goes to one of them",
	.unit = "message",
	.channels = 1,
	.placement = PLACE_APART,
	.counted = 20000,
	.harness_units = 1,
	.unfit = workload_wants_queue,
	.work = fan_work,
	.audit = fan_audit,
};
