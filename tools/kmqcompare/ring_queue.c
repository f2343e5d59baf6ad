// SPDX-License-Identifier: GPL-2.0-only
#include "ring_queue.h"

#include "ring_room.h"

#include <errno.h>
#include <kmq.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kmq_queue.h"

const char *ring_queue_unavailable(void)
{
	struct kmq_features features = { 0 };
	const char *why = kmq_queue_unavailable();

	if (why || kmq_features(&features))
		return why;
	return features.features & KMQ_FEATURE_RING ? NULL : "the module that is loaded has no rings";
}

const char *ring_queue_unfit_single(const struct shape *shape)
{
	return shape->senders > 1 || shape->receivers > 1 ? "one sender and one receiver only"
							  : NULL;
}

const char *ring_queue_unfit_mpsc(const struct shape *shape)
{
	return shape->receivers > 1 ? "one receiver only" : NULL;
}

static int make(const struct channel *channel, struct ring_kind kind, uint64_t bytes)
{
	struct kmq_create_options options = KMQ_CREATE_OPTIONS_INIT;

	if (kind.twin)
		return kmq_ring_open_memfd(kind.mode, bytes);
	options.kind = KMQ_KIND_RING;
	options.ring_mode = kind.mode;
	options.byte_limit = bytes;
	options.max_message = channel->size;
	return kmq_create_unnamed(&options);
}

int ring_queue_open(struct channel *channel, struct ring_kind kind)
{
	struct ring_queue *queue = calloc(1, sizeof(*queue));
	uint64_t bytes = ring_bytes(channel->capacity, channel->size);
	const uint64_t least = ring_bytes(1, channel->size);

	if (!queue)
		return -1;
	queue->kind = kind;
	queue->parts = calloc(channel->shape.batch, sizeof(*queue->parts));
	channel->fd[0] = -1;
	/* A user's bytes are limited (max_bytes_per_user). */
	while (queue->parts && (channel->fd[0] = make(channel, kind, bytes)) < 0 &&
	       errno == EDQUOT && bytes > least)
		bytes /= 2;
	if (channel->fd[0] < 0) {
		free(queue->parts);
		free(queue);
		return -1;
	}
	channel->capacity = ring_capacity(bytes, channel->size);
	channel->state = queue;
	return 0;
}

void ring_queue_close(struct channel *channel)
{
	struct ring_queue *queue = channel->state;

	close(channel->fd[0]);
	free(queue->parts);
	free(queue);
}

int ring_queue_attach_as(struct channel *channel, unsigned int flags)
{
	struct ring_queue *queue = channel->state;

	queue->ring = kmq_ring_attach(channel->fd[0], flags);
	if (!queue->ring)
		return -1;
	if (queue->kind.spins)
		kmq_ring_set_spin(queue->ring, UINT32_MAX);
	return 0;
}

int ring_queue_attach(struct channel *channel, enum side side, unsigned int nth)
{
	static const unsigned int flags[] = {
		[SIDE_SENDER] = KMQ_RING_PRODUCER,
		[SIDE_RECEIVER] = KMQ_RING_CONSUMER,
		[SIDE_BOTH] = KMQ_RING_PRODUCER | KMQ_RING_CONSUMER,
	};

	return ring_queue_attach_as(channel, flags[side]);
}

void ring_queue_count(struct channel *channel)
{
	struct ring_queue *queue = channel->state;
	struct kmq_ring_info info;

	if (!queue->ring)
		return;
	kmq_ring_get_info(queue->ring, &info);
	channel->syscalls += info.sleeps + info.wakes - queue->counted;
	queue->counted = info.sleeps + info.wakes;
}

void ring_queue_detach(struct channel *channel)
{
	struct ring_queue *queue = channel->state;

	kmq_ring_detach(queue->ring);
	queue->ring = NULL;
}

int ring_queue_send(struct channel *channel, void *body, uint32_t size)
{
	struct ring_queue *queue = channel->state;

	COPIED(channel, size);
	return kmq_ring_send(queue->ring, body, size);
}

ssize_t ring_queue_receive(struct channel *channel, void *body, uint32_t room)
{
	struct ring_queue *queue = channel->state;
	struct kmq_ring_part part;

	part.data = body;
	part.size = room;
	if (kmq_ring_receive(queue->ring, &part))
		return -1;
	COPIED(channel, part.size);
	return part.size;
}

int ring_queue_send_batch(struct channel *channel, struct batch_item *items, unsigned int count)
{
	struct ring_queue *queue = channel->state;
	int reserved;

	if (count > channel->shape.batch)
		count = channel->shape.batch;
	for (unsigned int i = 0; i < count; i++) {
		queue->parts[i].size = items[i].size;
		queue->parts[i].flags = 0;
	}
	reserved = kmq_ring_reserve_batch(queue->ring, queue->parts, count);
	for (int i = 0; i < reserved; i++) {
		memcpy(queue->parts[i].data, items[i].body, items[i].size);
		COPIED(channel, items[i].size);
	}
	return reserved < 0 || kmq_ring_commit(queue->ring) ? -1 : reserved;
}

int ring_queue_receive_batch(struct channel *channel, struct batch_item *items,
			     unsigned int count)
{
	struct ring_queue *queue = channel->state;
	int got;

	if (count > channel->shape.batch)
		count = channel->shape.batch;
	got = kmq_ring_peek_batch(queue->ring, queue->parts, count);
	for (int i = 0; i < got; i++) {
		if (queue->parts[i].size < items[i].size)
			items[i].size = queue->parts[i].size;
		memcpy(items[i].body, queue->parts[i].data, items[i].size);
		COPIED(channel, items[i].size);
	}
	return got < 0 || kmq_ring_release(queue->ring) ? -1 : got;
}

/* Messages of one call each; the workloads of batches would copy. */
const char *ring_queue_unfit_in_place(const struct shape *shape)
{
	return shape->batch > 1 ? "in place one at a time" : ring_queue_unfit_single(shape);
}

static struct kmq_ring *ring_of(const struct channel *channel)
{
	return ((const struct ring_queue *)channel->state)->ring;
}

void *ring_queue_reserve(struct channel *channel, uint32_t size)
{
	void *room = kmq_ring_try_reserve(ring_of(channel), size);

	return room ? room : kmq_ring_reserve(ring_of(channel), size);
}

int ring_queue_commit(struct channel *channel)
{
	return kmq_ring_commit(ring_of(channel));
}

ssize_t ring_queue_peek(struct channel *channel, const void **body)
{
	struct kmq_ring_part part;

	if (kmq_ring_try_peek(ring_of(channel), &part) && kmq_ring_peek(ring_of(channel), &part))
		return -1;
	*body = part.data;
	return part.size;
}

int ring_queue_release(struct channel *channel)
{
	return kmq_ring_release(ring_of(channel));
}
