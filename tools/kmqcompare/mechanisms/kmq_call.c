// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmq by request and answer, through libkmq: kmq_call(3) sends and sleeps until the
 * answer in one system call; the other side takes the request and answers it.
 */
#include "../kmq_queue.h"

#include <kmq.h>
#include <stdlib.h>

/* The request last taken; each process has its own. */
struct kmq_call_state {
	uint64_t sequence;
};

static int kmq_call_open(struct channel *channel)
{
	channel->state = calloc(1, sizeof(struct kmq_call_state));
	if (!channel->state)
		return -1;
	if (!kmq_queue_open(channel))
		return 0;
	free(channel->state);
	return -1;
}

static void kmq_call_close(struct channel *channel)
{
	kmq_queue_close(channel);
	free(channel->state);
}

static ssize_t kmq_call_call(struct channel *channel, void *request, uint32_t size, void *answer,
			     uint32_t room)
{
	struct kmq_msg out = kmq_msg_from(1, request, size);
	struct kmq_msg in = kmq_msg_into(answer, room);

	if (SYSCALL(channel, kmq_call(channel->fd[0], &out, &in, 0)))
		return -1;
	COPIED(channel, size + in.size);
	return in.size;
}

static ssize_t kmq_call_take_request(struct channel *channel, void *request, uint32_t room)
{
	struct kmq_call_state *state = channel->state;
	struct kmq_msg message = kmq_msg_into(request, room);

	if (SYSCALL(channel, kmq_receive(channel->fd[0], &message, NULL, 0)))
		return -1;
	state->sequence = message.sequence;
	COPIED(channel, message.size);
	return message.size;
}

static int kmq_call_answer(struct channel *channel, void *answer, uint32_t size)
{
	struct kmq_call_state *state = channel->state;
	struct kmq_msg message = kmq_msg_from(1, answer, size);

	if (SYSCALL(channel, kmq_reply(channel->fd[0], state->sequence, &message)))
		return -1;
	COPIED(channel, size);
	return 0;
}

const struct mechanism mechanism_kmq_call = {
	.name = "kmq-call",
	.title = "kmq call+reply",
	.about = "A kmq queue by request and answer: one ioctl(2) sends and sleeps until the "
		 "answer, the other side receives and replies by an ioctl(2) each.",
	.traits = MECHANISM_IS_KMQ | MECHANISM_CALLS,
	.unavailable = kmq_queue_unavailable,
	.open = kmq_call_open,
	.close = kmq_call_close,
	.call = kmq_call_call,
	.take_request = kmq_call_take_request,
	.answer = kmq_call_answer,
};
