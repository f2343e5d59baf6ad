// SPDX-License-Identifier: GPL-2.0-only
/*
 * The least that two system calls with a buffer can cost: write(2) to
 * /dev/null, read(2) from /dev/zero. The zero of the scale for the mechanisms
 * that make one call each way. Nothing is copied: the one throws the bytes away,
 * the other clears them.
 */
#include "../mechanism.h"

#include <fcntl.h>
#include <unistd.h>

static void null_close(struct channel *channel)
{
	close(channel->fd[0]);
	close(channel->fd[1]);
}

static int null_open(struct channel *channel)
{
	channel->fd[0] = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	channel->fd[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (channel->fd[0] >= 0 && channel->fd[1] >= 0)
		return 0;
	null_close(channel);
	return channel_refuse(channel, "/dev/zero or /dev/null does not open");
}

static int null_send(struct channel *channel, void *body, uint32_t size)
{
	return SYSCALL(channel, write(channel->fd[1], body, size)) == (ssize_t)size ? 0 : -1;
}

static ssize_t null_receive(struct channel *channel, void *body, uint32_t room)
{
	return SYSCALL(channel, read(channel->fd[0], body, room));
}

const struct mechanism mechanism_null = {
	.name = "null",
	.title = "null write+read",
	.about = "Two system calls that carry nothing: write(2) to /dev/null, read(2) from "
		 "/dev/zero. Nobody waits.",
	.traits = MECHANISM_CARRIES_NOTHING,
	.open = null_open,
	.close = null_close,
	.send = null_send,
	.receive = null_receive,
};
