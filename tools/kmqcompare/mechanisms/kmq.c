// SPDX-License-Identifier: GPL-2.0-only
/* kmq by write(2) and read(2). */
#include "../kmq_queue.h"

#include <unistd.h>

static int kmq_write(struct channel *channel, void *body, uint32_t size)
{
	if (SYSCALL(channel, write(channel->fd[0], body, size)) != (ssize_t)size)
		return -1;
	COPIED(channel, size);
	return 0;
}

static ssize_t kmq_read(struct channel *channel, void *body, uint32_t room)
{
	ssize_t size = SYSCALL(channel, read(channel->fd[0], body, room));

	if (size > 0)
		COPIED(channel, size);
	return size;
}

const struct mechanism mechanism_kmq = {
	.name = "kmq",
	.title = "kmq write+read",
	.about = "A kmq queue in the kernel, by write(2) and read(2), which copy the message "
		 "in and out and sleep in the kernel.",
	.traits = MECHANISM_IS_KMQ,
	.unavailable = kmq_queue_unavailable,
	.open = kmq_queue_open,
	.close = kmq_queue_close,
	.send = kmq_write,
	.receive = kmq_read,
};
