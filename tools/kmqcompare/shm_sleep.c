// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who must sleep, says so in `sleepers`, looks once more, and takes a token, which
 * it has to wait for. Who brings an event about, looks at `sleepers`, and if there
 * are any, takes some off and gives as many tokens. So there is one wake-up for
 * each sleep, and none for those who are awake, however many messages come
 * before the sleeper runs.
 *
 * No wake-up is missed: the sleeper writes `sleepers` and then reads the ring, the
 * other writes the ring and then reads `sleepers`, with a full fence between the
 * two on both sides (A and B below); one of them sees the other.
 *
 * Slots are filled and freed out of order where several do it at once: a message
 * may be there, and be behind one that is not yet. Who was woken for it then finds
 * nothing and sleeps again. So everybody who has moved an end of the ring looks
 * whether something is behind, and passes the wake-up on (C). Fence B stands before
 * that look, too: if the sleeper did not see the slot which we have just passed,
 * then we see the sleeper.
 */
#include "shm_sleep.h"

#include "shm_memory.h"

#include <stdlib.h>

static bool is_there(struct shm_queue *queue, enum shm_event event)
{
	return event == EVENT_ROOM ? shm_ring_has_room(queue->ring)
				   : shm_ring_has_message(queue->ring);
}

/* Takes up to @count off the sleepers. How many; the caller owes them that many tokens. */
static unsigned int claim_sleepers(struct shm_bell *bell, unsigned int count)
{
	uint32_t sleepers = atomic_load_explicit(&bell->sleepers, memory_order_relaxed);
	uint32_t n;

	do {
		n = sleepers < count ? sleepers : count;
		if (!n)
			return 0;
		/* Only a number; what the woken read is ordered by the slot's turn. */
	} while (!atomic_compare_exchange_weak_explicit(&bell->sleepers, &sleepers, sleepers - n,
							memory_order_relaxed,
							memory_order_relaxed));
	return n;
}

static int sleep_for(struct channel *channel, enum shm_event event)
{
	struct shm_queue *queue = channel->state;
	struct shm_bell *bell = &queue->bells[event];

	atomic_fetch_add_explicit(&bell->sleepers, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);	/* A */
	/* There after all, and nobody owes us a token: up again. */
	if (is_there(queue, event) && claim_sleepers(bell, 1))
		return 0;
	return queue->waiting->take_token(channel, event);
}

static int wake(struct channel *channel, enum shm_event event, unsigned int count)
{
	struct shm_queue *queue = channel->state;
	unsigned int n = claim_sleepers(&queue->bells[event], count);

	return n ? queue->waiting->give_tokens(channel, event, n) : 0;
}

/* After @count messages went in (or out): wakes who waits for that, and those like us. */
static int wake_others(struct channel *channel, enum shm_event brought, enum shm_event used,
		       unsigned int count)
{
	struct shm_queue *queue = channel->state;
	struct shm_bell *alike = &queue->bells[used];

	atomic_thread_fence(memory_order_seq_cst);	/* B */
	if (wake(channel, brought, count))
		return -1;
	/* C */
	if (!atomic_load_explicit(&alike->sleepers, memory_order_relaxed) || !is_there(queue, used))
		return 0;
	return wake(channel, used, 1);
}

int shm_queue_send_batch(struct channel *channel, struct batch_item *items, unsigned int count)
{
	struct shm_queue *queue = channel->state;
	unsigned int sent;

	while (!(sent = shm_ring_put(queue->ring, items, count)))
		if (sleep_for(channel, EVENT_ROOM))
			return -1;
	shm_count_copies(channel, items, sent);
	return wake_others(channel, EVENT_MESSAGE, EVENT_ROOM, sent) ? -1 : (int)sent;
}

int shm_queue_receive_batch(struct channel *channel, struct batch_item *items, unsigned int count)
{
	struct shm_queue *queue = channel->state;
	unsigned int got;

	while (!(got = shm_ring_take(queue->ring, items, count)))
		if (sleep_for(channel, EVENT_MESSAGE))
			return -1;
	shm_count_copies(channel, items, got);
	return wake_others(channel, EVENT_ROOM, EVENT_MESSAGE, got) ? -1 : (int)got;
}

int shm_queue_send(struct channel *channel, void *body, uint32_t size)
{
	struct shm_queue *queue = channel->state;

	while (!shm_ring_put_one(queue->ring, body, size))
		if (sleep_for(channel, EVENT_ROOM))
			return -1;
	COPIED(channel, size);
	return wake_others(channel, EVENT_MESSAGE, EVENT_ROOM, 1);
}

ssize_t shm_queue_receive(struct channel *channel, void *body, uint32_t room)
{
	struct shm_queue *queue = channel->state;
	uint32_t size = room;

	while (!shm_ring_take_one(queue->ring, body, &size))
		if (sleep_for(channel, EVENT_MESSAGE))
			return -1;
	COPIED(channel, size);
	return wake_others(channel, EVENT_ROOM, EVENT_MESSAGE, 1) ? -1 : (ssize_t)size;
}

int shm_queue_open(struct channel *channel, const struct shm_waiting *waiting)
{
	struct shm_queue *queue = calloc(1, sizeof(*queue));
	const size_t before = SHM_EVENTS * sizeof(struct shm_bell);

	if (!queue)
		return -1;
	queue->waiting = waiting;
	queue->bytes = before + shm_ring_bytes(channel->capacity, channel->size);
	queue->bells = shm_memory(queue->bytes);
	if (!queue->bells) {
		channel_refuse(channel, "no %zu bytes of shared memory", queue->bytes);
		free(queue);
		return -1;
	}
	queue->ring = (struct shm_ring *)((char *)queue->bells + before);
	shm_ring_init(queue->ring, channel->capacity, channel->size);
	channel->state = queue;
	return 0;
}

int shm_queue_attach(struct channel *channel, enum side side, unsigned int nth)
{
	struct shm_queue *queue = channel->state;

	(void)side;
	(void)nth;
	shm_touch(queue->bells, queue->bytes);
	return 0;
}

void shm_queue_close(struct channel *channel)
{
	struct shm_queue *queue = channel->state;

	shm_release(queue->bells, queue->bytes);
	free(queue);
}
