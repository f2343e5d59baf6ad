// SPDX-License-Identifier: GPL-2.0-only
/* kmq by write(2) and read(2). */
#include "../kmq_queue.h"

#include <unistd.h>

static int kmq_write(struct channel *channel, void *body, uint32_t size)
{
	return SYSCALL(channel, write(channel->fd[0], body, size)) == (ssize_t)size ? 0 : -1;
}

static ssize_t kmq_read(struct channel *channel, void *body, uint32_t room)
{
	return SYSCALL(channel, read(channel->fd[0], body, room));
}

const struct mechanism mechanism_kmq = {
	.name = "kmq",
	.title = "kmq write+read",
	.unavailable = kmq_queue_unavailable,
	.open = kmq_queue_open,
	.close = kmq_queue_close,
	.send = kmq_write,
	.receive = kmq_read,
};
