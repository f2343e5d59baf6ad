// SPDX-License-Identifier: GPL-2.0-only
/* pipe(2): a byte stream, in which up to PIPE_BUF bytes stay together. */
#include "../mechanism.h"
#include "../pipe_room.h"
#include "../stream.h"

#include <fcntl.h>
#include <unistd.h>

static void pipe_close(struct channel *channel)
{
	close(channel->fd[0]);
	close(channel->fd[1]);
}

static int pipe_open(struct channel *channel)
{
	if (pipe2(channel->fd, O_CLOEXEC))
		return -1;
	pipe_set_room(channel, channel->fd[1]);
	return 0;
}

static int pipe_send(struct channel *channel, void *body, uint32_t size)
{
	return stream_send(channel, channel->fd[1], body, size);
}

static ssize_t pipe_receive(struct channel *channel, void *body, uint32_t room)
{
	return stream_receive(channel, channel->fd[0], body, room);
}

static int pipe_send_batch(struct channel *channel, struct batch_item *items, unsigned int count)
{
	return stream_send_batch(channel, channel->fd[1], items, pipe_batch(channel, count));
}

static int pipe_receive_batch(struct channel *channel, struct batch_item *items,
			      unsigned int count)
{
	return stream_receive_batch(channel, channel->fd[0], items, count);
}

const struct mechanism mechanism_pipe = {
	.name = "pipe",
	.title = "pipe",
	.about = "An anonymous pipe: a stream of bytes through pages of the kernel, by "
		 "write(2) and read(2), which sleep in the kernel; the reader knows the size "
		 "of a message.",
	.unfit = pipe_unfit,
	.open = pipe_open,
	.close = pipe_close,
	.send = pipe_send,
	.receive = pipe_receive,
	.send_batch = pipe_send_batch,
	.receive_batch = pipe_receive_batch,
};
