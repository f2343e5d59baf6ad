// SPDX-License-Identifier: GPL-2.0-only
/*
 * DPDK's rte_ring, with elements of any size: a length and a body. Its headers do all
 * of the work; rte_ring_init() alone is in a library, which would bring the start-up
 * of all of DPDK into this program, so what it writes is written here: the sizes and
 * the ways of synchronising. RING_F_EXACT_SZ: it holds as many as it was asked for.
 *
 * One producer and one consumer write and read in place (rte_ring_peek_zc.h). The
 * default of many cannot: the element is copied in one piece, made in the room before
 * the harness's body, and by way of a spare one if the size is no multiple of 4.
 */
#include "../peer.h"

#include "peers.h"

#ifdef HAVE_RTE_RING
#include "../shm_memory.h"
#include "../spin.h"

#include <rte_ring_elem.h>
#include <rte_ring_peek_zc.h>
#include <stdlib.h>
#include <string.h>

/* What every element begins with. */
struct rte_head {
	uint32_t size;
	uint32_t reserved;
};

/* channel->state. */
struct rte_queue {
	struct rte_ring *ring;		/* shared */
	size_t bytes;
	unsigned int element;		/* bytes */
	struct rte_head *spare;		/* NULL: not needed */
};

static struct rte_head *nth_element(const struct rte_ring_zc_data *room, unsigned int nth,
				    unsigned int element)
{
	return nth < room->n1 ? (void *)((char *)room->ptr1 + (size_t)nth * element)
			      : (void *)((char *)room->ptr2 + (size_t)(nth - room->n1) * element);
}

static void fill(struct channel *channel, struct rte_head *head, const void *body, uint32_t size)
{
	head->size = size;
	memcpy(head + 1, body, size);
	COPIED(channel, size);
}

static uint32_t empty(struct channel *channel, const struct rte_head *head, void *body,
		      uint32_t room)
{
	uint32_t size = head->size < room ? head->size : room;

	memcpy(body, head + 1, size);
	COPIED(channel, size);
	return size;
}

static int rte_send_sp(struct channel *channel, void *body, uint32_t size)
{
	struct rte_queue *queue = channel->state;
	struct rte_ring_zc_data room;

	while (!rte_ring_enqueue_zc_bulk_elem_start(queue->ring, queue->element, 1, &room, NULL))
		spin_pause();
	fill(channel, room.ptr1, body, size);
	rte_ring_enqueue_zc_elem_finish(queue->ring, 1);
	return 0;
}

static ssize_t rte_receive_sc(struct channel *channel, void *body, uint32_t room)
{
	struct rte_queue *queue = channel->state;
	struct rte_ring_zc_data there;
	uint32_t size;

	while (!rte_ring_dequeue_zc_bulk_elem_start(queue->ring, queue->element, 1, &there, NULL))
		spin_pause();
	size = empty(channel, there.ptr1, body, room);
	rte_ring_dequeue_zc_elem_finish(queue->ring, 1);
	return size;
}

static int rte_send_batch(struct channel *channel, struct batch_item *items, unsigned int count)
{
	struct rte_queue *queue = channel->state;
	struct rte_ring_zc_data room;
	unsigned int n;

	while (!(n = rte_ring_enqueue_zc_burst_elem_start(queue->ring, queue->element, count,
							  &room, NULL)))
		spin_pause();
	for (unsigned int i = 0; i < n; i++)
		fill(channel, nth_element(&room, i, queue->element), items[i].body, items[i].size);
	rte_ring_enqueue_zc_elem_finish(queue->ring, n);
	return n;
}

static int rte_receive_batch(struct channel *channel, struct batch_item *items, unsigned int count)
{
	struct rte_queue *queue = channel->state;
	struct rte_ring_zc_data there;
	unsigned int n;

	while (!(n = rte_ring_dequeue_zc_burst_elem_start(queue->ring, queue->element, count,
							  &there, NULL)))
		spin_pause();
	for (unsigned int i = 0; i < n; i++)
		items[i].size = empty(channel, nth_element(&there, i, queue->element),
				      items[i].body, items[i].size);
	rte_ring_dequeue_zc_elem_finish(queue->ring, n);
	return n;
}

static int rte_send_mp(struct channel *channel, void *body, uint32_t size)
{
	struct rte_queue *queue = channel->state;
	struct rte_head *head = queue->spare ? queue->spare : (struct rte_head *)body - 1;

	if (queue->spare)
		fill(channel, head, body, size);
	head->size = size;
	while (rte_ring_mp_enqueue_elem(queue->ring, head, queue->element))
		spin_pause();
	COPIED(channel, size);
	return 0;
}

static ssize_t rte_take(struct channel *channel, void *body, uint32_t room, bool alone)
{
	struct rte_queue *queue = channel->state;
	struct rte_head *head = queue->spare ? queue->spare : (struct rte_head *)body - 1;

	while (alone ? rte_ring_sc_dequeue_elem(queue->ring, head, queue->element)
		     : rte_ring_mc_dequeue_elem(queue->ring, head, queue->element))
		spin_pause();
	COPIED(channel, head->size);
	if (queue->spare)
		return empty(channel, head, body, room);
	return head->size < room ? head->size : room;
}

static ssize_t rte_receive_elem_sc(struct channel *channel, void *body, uint32_t room)
{
	return rte_take(channel, body, room, true);
}

static ssize_t rte_receive_mc(struct channel *channel, void *body, uint32_t room)
{
	return rte_take(channel, body, room, false);
}

static void init(struct rte_ring *ring, uint32_t capacity, enum rte_ring_sync_type producers,
		 enum rte_ring_sync_type consumers)
{
	ring->flags = RING_F_EXACT_SZ;
	ring->prod.sync_type = producers;
	ring->cons.sync_type = consumers;
	ring->size = rte_align32pow2(capacity + 1);
	ring->mask = ring->size - 1;
	ring->capacity = capacity;
}

static int rte_open(struct channel *channel, enum rte_ring_sync_type producers,
		    enum rte_ring_sync_type consumers)
{
	struct rte_queue *queue = calloc(1, sizeof(*queue));
	bool in_place = producers == RTE_RING_SYNC_ST;

	if (!queue)
		return -1;
	queue->element = (sizeof(struct rte_head) + channel->size + 3) / 4 * 4;
	queue->bytes = sizeof(struct rte_ring) +
		       (size_t)rte_align32pow2(channel->capacity + 1) * queue->element;
	queue->ring = shm_memory(queue->bytes);
	if (!in_place && channel->size % 4)
		queue->spare = calloc(1, queue->element);
	if (!queue->ring || (!in_place && channel->size % 4 && !queue->spare)) {
		if (queue->ring)
			shm_release(queue->ring, queue->bytes);
		free(queue->spare);
		free(queue);
		return channel_refuse(channel, "no shared memory for a ring");
	}
	init(queue->ring, channel->capacity, producers, consumers);
	channel->state = queue;
	return 0;
}

static int rte_open_spsc(struct channel *channel)
{
	return rte_open(channel, RTE_RING_SYNC_ST, RTE_RING_SYNC_ST);
}

static int rte_open_mpsc(struct channel *channel)
{
	return rte_open(channel, RTE_RING_SYNC_MT, RTE_RING_SYNC_ST);
}

static int rte_open_mpmc(struct channel *channel)
{
	return rte_open(channel, RTE_RING_SYNC_MT, RTE_RING_SYNC_MT);
}

static int rte_attach(struct channel *channel, enum side side, unsigned int nth)
{
	struct rte_queue *queue = channel->state;

	shm_touch(queue->ring, queue->bytes);
	return 0;
}

static void rte_close(struct channel *channel)
{
	struct rte_queue *queue = channel->state;

	shm_release(queue->ring, queue->bytes);
	free(queue->spare);
	free(queue);
}

#define RTE_HOOKS(opener, sender, receiver)	\
	.open = opener,				\
	.attach = rte_attach,			\
	.close = rte_close,			\
	.send = sender,				\
	.receive = receiver

#define RTE_BATCHES				\
	.send_batch = rte_send_batch,		\
	.receive_batch = rte_receive_batch

#else
static const char *rte_left_out(void)
{
	return "not in this build: libdpdk-dev was not installed";
}

#define RTE_HOOKS(opener, sender, receiver)	PEER_LEFT_OUT(rte_left_out)
#define RTE_BATCHES				.send_batch = NULL
#endif

static const char *rte_unfit_spsc(const struct shape *shape)
{
	return shape->senders > 1 || shape->receivers > 1 ? "one sender and one receiver only"
							  : NULL;
}

static const char *rte_unfit_mpsc(const struct shape *shape)
{
	return shape->receivers > 1 ? "one receiver only" : NULL;
}

const struct mechanism mechanism_rte_ring = {
	.name = "rte-ring",
	.title = "rte_ring",
	.about = "DPDK's rte_ring in shared memory, for one producer and one consumer, who write "
		 "and read in place; who finds it empty or full spins.",
	.traits = MECHANISM_SPINS,
	.unfit = rte_unfit_spsc,
	RTE_HOOKS(rte_open_spsc, rte_send_sp, rte_receive_sc),
	RTE_BATCHES,
};

const struct mechanism mechanism_rte_ring_mpsc = {
	.name = "rte-ring-mpsc",
	.title = "rte_ring mpsc",
	.about = "DPDK's rte_ring in shared memory, for many producers and one consumer, messages "
		 "by value; who finds it empty or full spins.",
	.traits = MECHANISM_SPINS | MECHANISM_IS_VARIANT,
	.unfit = rte_unfit_mpsc,
	RTE_HOOKS(rte_open_mpsc, rte_send_mp, rte_receive_elem_sc),
};

const struct mechanism mechanism_rte_ring_mpmc = {
	.name = "rte-ring-mpmc",
	.title = "rte_ring mpmc",
	.about = "DPDK's rte_ring in shared memory, for many producers and many consumers, "
		 "messages by value; who finds it empty or full spins.",
	.traits = MECHANISM_SPINS | MECHANISM_IS_VARIANT,
	RTE_HOOKS(rte_open_mpmc, rte_send_mp, rte_receive_mc),
};
