// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue that always holds plan->depth messages, first one of each type. A
 * unit sends one message and receives one: the oldest of all (`select-any`),
 * or the oldest of a type drawn at random (`select`), which lies somewhere in
 * the middle.
 *
 * For the messages taken by type, the sequence number is that type in the
 * upper half and a count of its messages in the lower.
 */
#include "../worker.h"

#include <stdlib.h>

/* This process's alone: every trial has new ones. */
static bool by_type;
static uint64_t random_state = 88172645463325252u;
static uint32_t *sent_of;	/* messages of each type */
static uint32_t *received_of;
static uint64_t sent;
static uint64_t received;

static long draw_type(uint32_t types)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return 1 + ((random_state >> 32) * types >> 32);
}

static uint64_t next_sequence(uint32_t *of_type, uint64_t *of_all, long type)
{
	return by_type ? (uint64_t)type << 32 | of_type[type]++ : (*of_all)++;
}

static int send_typed(struct worker *worker, long type)
{
	uint32_t size = worker->plan->at.size;

	payload_fill(worker->outgoing, size, next_sequence(sent_of, &sent, type));
	if (worker->mechanism->send_typed(&worker->channels[0], worker->outgoing, size, type))
		return worker_fail_call(worker, "send");
	return 0;
}

static int receive_typed(struct worker *worker, long type)
{
	ssize_t got = worker->mechanism->receive_typed(&worker->channels[0], worker->incoming,
						       worker->plan->at.size, by_type ? type : 0);

	if (got < 0)
		return worker_fail_call(worker, "receive");
	return worker_verify(worker, worker->seen, got,
			     next_sequence(received_of, &received, type));
}

static int select_run(struct worker *worker, uint64_t first, uint64_t count)
{
	(void)first;
	while (count--) {
		long type = draw_type(worker->plan->depth);

		if (send_typed(worker, type) || receive_typed(worker, type))
			return -1;
	}
	return 0;
}

static int populate(struct worker *worker)
{
	uint32_t depth = worker->plan->depth;

	sent_of = calloc(depth + 1, sizeof(*sent_of));
	received_of = calloc(depth + 1, sizeof(*received_of));
	if (!sent_of || !received_of)
		return worker_fail_call(worker, "malloc");
	/* Where nothing travels, what is received is what was sent last. */
	if (worker->mechanism->traits & MECHANISM_CARRIES_NOTHING)
		return 0;
	for (long type = 1; type <= (long)depth; type++)
		if (send_typed(worker, type))
			return -1;
	return 0;
}

static int any_work(struct worker *worker)
{
	return populate(worker) ? -1 : worker_measure(worker, select_run);
}

static int select_work(struct worker *worker)
{
	by_type = true;
	return any_work(worker);
}

static const char *select_unfit(const struct mechanism *mechanism)
{
	return mechanism->send_typed ? NULL : "has no message types";
}

static uint32_t select_capacity(const struct plan *plan)
{
	return plan->depth + 1;
}

const struct workload workload_select_any = {
	.name = "select-any",
	.title = "send one and receive the oldest, many types queued",
	.unit = "message",
	.workers = 1,
	.channels = 1,
	.placement = PLACE_ONE_CPU,
	.counted = 2000,
	.unfit = select_unfit,
	.capacity = select_capacity,
	.work = any_work,
};

const struct workload workload_select = {
	.name = "select",
	.title = "send one and receive one of the same type, many types queued",
	.unit = "message",
	.workers = 1,
	.channels = 1,
	.placement = PLACE_ONE_CPU,
	.counted = 2000,
	.base = "select-any",
	.unfit = select_unfit,
	.capacity = select_capacity,
	.work = select_work,
};
