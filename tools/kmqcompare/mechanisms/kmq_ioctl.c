// SPDX-License-Identifier: GPL-2.0-only
/* kmq by ioctl(2), through libkmq: a type with every message, metadata back. */
#include "../kmq_queue.h"

#include <kmq.h>

static int kmq_ioctl_send_typed(struct channel *channel, void *body, uint32_t size, long type)
{
	struct kmq_msg message = kmq_msg_from(type, body, size);

	if (SYSCALL(channel, kmq_send(channel->fd[0], &message)))
		return -1;
	COPIED(channel, size);
	return 0;
}

static ssize_t receive_selected(struct channel *channel, void *body, uint32_t room,
				const struct kmq_selection *which)
{
	struct kmq_msg message = kmq_msg_into(body, room);

	if (SYSCALL(channel, kmq_receive(channel->fd[0], &message, which, 0)))
		return -1;
	COPIED(channel, message.size);
	return message.size;
}

static ssize_t kmq_ioctl_receive_typed(struct channel *channel, void *body, uint32_t room,
				       long type)
{
	struct kmq_selection which = kmq_select_type(type);

	return receive_selected(channel, body, room, type ? &which : NULL);
}

static int kmq_ioctl_send(struct channel *channel, void *body, uint32_t size)
{
	return kmq_ioctl_send_typed(channel, body, size, 1);
}

static ssize_t kmq_ioctl_receive(struct channel *channel, void *body, uint32_t room)
{
	return receive_selected(channel, body, room, NULL);
}

const struct mechanism mechanism_kmq_ioctl = {
	.name = "kmq-ioctl",
	.title = "kmq ioctl",
	.about = "A kmq queue by ioctl(2): a type goes with every message and its metadata "
		 "come back; copies and sleeps as write(2) and read(2) do.",
	.traits = MECHANISM_IS_KMQ,
	.unavailable = kmq_queue_unavailable,
	.open = kmq_queue_open,
	.close = kmq_queue_close,
	.send = kmq_ioctl_send,
	.receive = kmq_ioctl_receive,
	.send_typed = kmq_ioctl_send_typed,
	.receive_typed = kmq_ioctl_receive_typed,
};
