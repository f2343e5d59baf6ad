// SPDX-License-Identifier: GPL-2.0-only
/*
 * Concurrency Kit's ck_ring, by value: an element is a length and a body. It inlines
 * itself for a type, so there is a type for each of some sizes, and the one that a
 * channel's messages fit in best is used. Where they fit exactly there is one copy
 * each way; else a second one, from and to a body of the type's size.
 *
 * A single producer writes in place (ck_ring_enqueue_reserve_spsc); for all else the
 * element is copied in one piece, made in the room before the harness's body.
 */
#include "../peer.h"

#include "peers.h"

#ifdef HAVE_CK_RING
#include "../shm_memory.h"
#include "../spin.h"

#include <ck_ring.h>
#include <stdlib.h>
#include <string.h>

struct ck_way;

/* channel->state. */
struct ck_queue {
	ck_ring_t *ring;		/* shared, as what follows it */
	void *slots;
	const struct ck_way *way;
	size_t bytes;
	void *spare;			/* an element for bodies of another size; NULL: not needed */
};

/* What all elements begin with. */
struct ck_head {
	uint32_t size;
	uint32_t reserved;
};

/* One type's calls. */
struct ck_way {
	uint32_t size;
	size_t element;
	bool (*put_single)(struct ck_queue *queue, const void *body, uint32_t size);
	bool (*put)(struct ck_queue *queue, void *element);
	bool (*take_single)(struct ck_queue *queue, void *element);
	bool (*take)(struct ck_queue *queue, void *element);
};

#define CK_WAY(bytes)									\
struct ck_element_##bytes {								\
	struct ck_head head;								\
	char body[bytes];								\
};											\
CK_RING_PROTOTYPE(of_##bytes, ck_element_##bytes)					\
static bool put_single_##bytes(struct ck_queue *queue, const void *body, uint32_t size)	\
{											\
	struct ck_element_##bytes *element =						\
		ck_ring_enqueue_reserve_spsc_of_##bytes(queue->ring, queue->slots);	\
											\
	if (!element)									\
		return false;								\
	element->head.size = size;							\
	memcpy(element->body, body, size);						\
	ck_ring_enqueue_commit_spsc(queue->ring);					\
	return true;									\
}											\
static bool put_##bytes(struct ck_queue *queue, void *element)				\
{											\
	return ck_ring_enqueue_mpmc_of_##bytes(queue->ring, queue->slots, element);	\
}											\
static bool take_single_##bytes(struct ck_queue *queue, void *element)			\
{											\
	return ck_ring_dequeue_spsc_of_##bytes(queue->ring, queue->slots, element);	\
}											\
static bool take_##bytes(struct ck_queue *queue, void *element)				\
{											\
	return ck_ring_dequeue_mpmc_of_##bytes(queue->ring, queue->slots, element);	\
}

#define CK_WAY_OF(bytes)								\
	{ bytes, sizeof(struct ck_element_##bytes), put_single_##bytes, put_##bytes,	\
	  take_single_##bytes, take_##bytes }

CK_WAY(8)
CK_WAY(64)
CK_WAY(256)
CK_WAY(512)
CK_WAY(1024)
CK_WAY(4096)
CK_WAY(16384)
CK_WAY(65536)
CK_WAY(1048576)

static const struct ck_way *way_for(uint32_t size)
{
	static const struct ck_way ways[] = {
		CK_WAY_OF(8), CK_WAY_OF(64), CK_WAY_OF(256), CK_WAY_OF(512), CK_WAY_OF(1024),
		CK_WAY_OF(4096), CK_WAY_OF(16384), CK_WAY_OF(65536), CK_WAY_OF(1048576),
	};
	const struct ck_way *way = ways;

	while (way->size < size)
		way++;
	return way;
}

static int ck_send_spsc(struct channel *channel, void *body, uint32_t size)
{
	struct ck_queue *queue = channel->state;

	while (!queue->way->put_single(queue, body, size))
		spin_pause();
	COPIED(channel, size);
	return 0;
}

static int ck_send_mp(struct channel *channel, void *body, uint32_t size)
{
	struct ck_queue *queue = channel->state;
	struct ck_head *head = queue->spare ? queue->spare : (struct ck_head *)body - 1;

	if (queue->spare) {
		memcpy(head + 1, body, size);
		COPIED(channel, size);
	}
	head->size = size;
	while (!queue->way->put(queue, head))
		spin_pause();
	COPIED(channel, size);
	return 0;
}

static ssize_t ck_receive(struct channel *channel, void *body, uint32_t room,
			  bool (*take)(struct ck_queue *queue, void *element))
{
	struct ck_queue *queue = channel->state;
	struct ck_head *head = queue->spare ? queue->spare : (struct ck_head *)body - 1;
	uint32_t size;

	while (!take(queue, head))
		spin_pause();
	size = head->size < room ? head->size : room;
	COPIED(channel, size);
	if (queue->spare) {
		memcpy(body, head + 1, size);
		COPIED(channel, size);
	}
	return size;
}

static ssize_t ck_receive_sc(struct channel *channel, void *body, uint32_t room)
{
	struct ck_queue *queue = channel->state;

	return ck_receive(channel, body, room, queue->way->take_single);
}

static ssize_t ck_receive_mc(struct channel *channel, void *body, uint32_t room)
{
	struct ck_queue *queue = channel->state;

	return ck_receive(channel, body, room, queue->way->take);
}

/* A power of two, of which one stays empty. */
static unsigned int slots_for(uint32_t capacity)
{
	unsigned int slots = 2;

	while (slots < capacity + 1)
		slots *= 2;
	return slots;
}

static int ck_open(struct channel *channel)
{
	struct ck_queue *queue = calloc(1, sizeof(*queue));
	unsigned int slots = slots_for(channel->capacity);
	size_t head = (sizeof(ck_ring_t) + 63) / 64 * 64;

	if (!queue)
		return -1;
	queue->way = way_for(channel->size);
	queue->bytes = head + slots * queue->way->element;
	queue->ring = shm_memory(queue->bytes);
	if (queue->way->size != channel->size)
		queue->spare = calloc(1, queue->way->element);
	if (!queue->ring || (queue->way->size != channel->size && !queue->spare)) {
		if (queue->ring)
			shm_release(queue->ring, queue->bytes);
		free(queue->spare);
		free(queue);
		return channel_refuse(channel, "no shared memory for a ring");
	}
	queue->slots = (char *)queue->ring + head;
	ck_ring_init(queue->ring, slots);
	channel->capacity = slots - 1;
	channel->state = queue;
	return 0;
}

static int ck_attach(struct channel *channel, enum side side, unsigned int nth)
{
	struct ck_queue *queue = channel->state;

	shm_touch(queue->ring, queue->bytes);
	return 0;
}

static void ck_close(struct channel *channel)
{
	struct ck_queue *queue = channel->state;

	shm_release(queue->ring, queue->bytes);
	free(queue->spare);
	free(queue);
}

#define CK_HOOKS(sender, receiver)	\
	.open = ck_open,		\
	.attach = ck_attach,		\
	.close = ck_close,		\
	.send = sender,			\
	.receive = receiver

#else
static const char *ck_left_out(void)
{
	return "not in this build: libck-dev was not installed";
}

#define CK_HOOKS(sender, receiver)	PEER_LEFT_OUT(ck_left_out)
#endif

static const char *ck_unfit_spsc(const struct shape *shape)
{
	return shape->senders > 1 || shape->receivers > 1 ? "one sender and one receiver only"
							  : NULL;
}

static const char *ck_unfit_mpsc(const struct shape *shape)
{
	return shape->receivers > 1 ? "one receiver only" : NULL;
}

const struct mechanism mechanism_ck_ring = {
	.name = "ck-ring",
	.title = "ck_ring",
	.about = "Concurrency Kit's ck_ring in shared memory, for one producer and one consumer, "
		 "messages by value; who finds it empty or full spins.",
	.traits = MECHANISM_SPINS,
	.unfit = ck_unfit_spsc,
	CK_HOOKS(ck_send_spsc, ck_receive_sc),
};

const struct mechanism mechanism_ck_ring_mpsc = {
	.name = "ck-ring-mpsc",
	.title = "ck_ring mpsc",
	.about = "Concurrency Kit's ck_ring in shared memory, for many producers and one "
		 "consumer, messages by value; who finds it empty or full spins.",
	.traits = MECHANISM_SPINS | MECHANISM_IS_VARIANT,
	.unfit = ck_unfit_mpsc,
	CK_HOOKS(ck_send_mp, ck_receive_sc),
};

const struct mechanism mechanism_ck_ring_mpmc = {
	.name = "ck-ring-mpmc",
	.title = "ck_ring mpmc",
	.about = "Concurrency Kit's ck_ring in shared memory, for many producers and many "
		 "consumers, messages by value; who finds it empty or full spins.",
	.traits = MECHANISM_SPINS | MECHANISM_IS_VARIANT,
	CK_HOOKS(ck_send_mp, ck_receive_mc),
};
