// SPDX-License-Identifier: GPL-2.0-only
/* kmq by the batch ioctls: several messages in one system call. */
#include "../kmq_queue.h"

#include <kmq.h>
#include <stdlib.h>

static int kmq_batch_open(struct channel *channel)
{
	channel->state = calloc(KMQ_BATCH_MAX, sizeof(struct kmq_message));
	if (!channel->state)
		return -1;
	if (!kmq_queue_open(channel))
		return 0;
	free(channel->state);
	return -1;
}

static void kmq_batch_close(struct channel *channel)
{
	kmq_queue_close(channel);
	free(channel->state);
}

/*
 * The array is zero from its start, and what the kernel writes of an untruncated
 * message leaves it fit for the next: only what differs is set, as a program in
 * a loop would do.
 */
static void kmq_batch_set(struct kmq_message *message, const struct batch_item *item)
{
	message->body = (uintptr_t)item->body;
	message->size = item->size;
	message->type = 1;
}

static int kmq_batch_send(struct channel *channel, struct batch_item *items, unsigned int count)
{
	struct kmq_message *messages = channel->state;
	int sent;

	for (unsigned int i = 0; i < count; i++)
		kmq_batch_set(&messages[i], &items[i]);
	sent = SYSCALL(channel, kmq_send_batch(channel->fd[0], messages, count));
	if (sent > 0)
		COPIED(channel, (uint64_t)sent * channel->size);
	return sent;
}

static int kmq_batch_receive(struct channel *channel, struct batch_item *items,
			     unsigned int count)
{
	struct kmq_message *messages = channel->state;
	int got;

	for (unsigned int i = 0; i < count; i++)
		kmq_batch_set(&messages[i], &items[i]);
	got = SYSCALL(channel, kmq_receive_batch(channel->fd[0], messages, count, NULL, 0));
	for (int i = 0; i < got; i++)
		items[i].size = messages[i].size;
	if (got > 0)
		COPIED(channel, (uint64_t)got * channel->size);
	return got;
}

const struct mechanism mechanism_kmq_batch = {
	.name = "kmq-batch",
	.title = "kmq batch",
	.about = "A kmq queue by its batch ioctl(2): several messages are copied in or out by "
		 "one system call, which sleeps for the first only.",
	.traits = MECHANISM_IS_KMQ | MECHANISM_BATCHES_ONLY,
	.unavailable = kmq_queue_unavailable,
	.open = kmq_batch_open,
	.close = kmq_batch_close,
	.send_batch = kmq_batch_send,
	.receive_batch = kmq_batch_receive,
};
