// SPDX-License-Identifier: GPL-2.0-only
/* Unix stream sockets, a connected pair. */
#include "../socket_room.h"
#include "../stream.h"

#include <sys/socket.h>

static int unix_stream_open(struct channel *channel)
{
	return socket_open(channel, SOCK_STREAM);
}

static int unix_stream_send(struct channel *channel, void *body, uint32_t size)
{
	return stream_send(channel, channel->fd[1], body, size);
}

static ssize_t unix_stream_receive(struct channel *channel, void *body, uint32_t room)
{
	return stream_receive(channel, channel->fd[0], body, room);
}

/* A batch longer than the room would have to wait for a reader, who may be this process. */
static int unix_stream_send_batch(struct channel *channel, struct batch_item *items,
				  unsigned int count)
{
	return stream_send_batch(channel, channel->fd[1], items,
				 count < channel->capacity ? count : channel->capacity);
}

static int unix_stream_receive_batch(struct channel *channel, struct batch_item *items,
				     unsigned int count)
{
	return stream_receive_batch(channel, channel->fd[0], items, count);
}

const struct mechanism mechanism_unix_stream = {
	.name = "unix-stream",
	.title = "Unix stream",
	.about = "A connected pair of Unix stream sockets: a stream of bytes by write(2) and "
		 "read(2), which sleep in the kernel; the reader knows the size of a message.",
	.unfit = stream_unfit,
	.open = unix_stream_open,
	.close = socket_close,
	.send = unix_stream_send,
	.receive = unix_stream_receive,
	.send_batch = unix_stream_send_batch,
	.receive_batch = unix_stream_receive_batch,
};
