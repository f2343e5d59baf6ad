// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP over loopback. Its buffers are in bytes, two of them, and what they hold depends
 * on when the receiver's kernel acknowledges. SO_SNDBUF is set so that the messages
 * asked for fit in it unacknowledged, each with the kernel's own memory for it; but it
 * is not made smaller than what keeps the stream moving (with a few KiB a sender
 * waits 40 ms for each delayed acknowledgement). What is told is what a sender can
 * always send without waiting; once acknowledged, as much as the receive buffer holds
 * may follow. The receive buffer stays the system's: a small one stalls for 200 ms.
 *
 * The most that it may hold is found by filling another connection, with the same
 * buffers, until it stays full: the one that is used shall be as new. The kernel may
 * give a receiver who has read much a larger buffer; that is not in it.
 */
#include "../loopback.h"
#include "../mechanism.h"
#include "../stream.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define OVERHEAD	896u	/* charged to SO_SNDBUF with each packet, at most */
#define PACKET		32768u	/* bytes of a message that are a packet of their own, at least */
#define SNDBUF_LEAST	32768u	/* less stalls */
#define ACK_MS		250	/* acknowledgements are delayed by 200 ms at most */
#define ACKS_MAX	100	/* waited for while a connection is filled */
#define FILLS		32	/* that are remembered */

/* What a connection has once taken; a campaign comes to each point again and again. */
struct fill {
	uint32_t size;
	int buffer;
	uint32_t most;
};

static void tcp_close(struct channel *channel)
{
	close(channel->fd[0]);
	close(channel->fd[1]);
}

static uint32_t charge_of_one(const struct channel *channel)
{
	return channel->size + OVERHEAD * (1 + channel->size / PACKET);
}

static uint64_t room_for(const struct channel *channel)
{
	uint64_t bytes = (uint64_t)channel->capacity * charge_of_one(channel);

	if (bytes < SNDBUF_LEAST)
		return SNDBUF_LEAST;
	return bytes < 1u << 30 ? bytes : 1u << 30;
}

static int connect_with(int ends[2], int buffer)
{
	if (loopback_open(ends, buffer))
		return -1;
	/* Above net.core.wmem_max for root; else what was granted stays. */
	setsockopt(ends[1], SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer));
	return 0;
}

/* How many whole messages go in until nothing more does, even once all is acknowledged. */
static uint32_t fill(int fd, const char *body, uint32_t size)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	uint64_t bytes = 0;

	for (int acks = 0; acks < ACKS_MAX;) {
		ssize_t n = send(fd, body, size - bytes % size, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0)
			bytes += n;
		else if (errno != EAGAIN || poll(&room, 1, ACK_MS) <= 0)
			break;
		else
			acks++;
	}
	return bytes / size;
}

static uint32_t fill_another(uint32_t size, int buffer)
{
	char *body = calloc(1, size);
	uint32_t most = 0;
	int ends[2];

	if (body && !connect_with(ends, buffer)) {
		most = fill(ends[1], body, size);
		close(ends[0]);
		close(ends[1]);
	}
	free(body);
	return most;
}

/* In messages; 0: not known. */
static uint32_t most_in(uint32_t size, int buffer)
{
	static struct fill fills[FILLS];
	static unsigned int next;
	struct fill *known;

	for (known = fills; known < fills + FILLS; known++)
		if (known->size == size && known->buffer == buffer)
			return known->most;
	known = &fills[next++ % FILLS];
	*known = (struct fill){ size, buffer, fill_another(size, buffer) };
	return known->most;
}

static int tcp_open(struct channel *channel)
{
	int asked = room_for(channel) / 2, buffer;	/* the kernel doubles it */
	socklen_t length = sizeof(buffer);
	uint32_t most;

	if (connect_with(channel->fd, asked))
		return channel_refuse(channel, "no connection over 127.0.0.1");
	if (getsockopt(channel->fd[1], SOL_SOCKET, SO_SNDBUF, &buffer, &length)) {
		tcp_close(channel);
		return -1;
	}
	channel->capacity = buffer / charge_of_one(channel);
	if (!channel->capacity)
		channel->capacity = 1;	/* written and read in pieces */
	most = most_in(channel->size, asked);
	channel->most = most > channel->capacity ? most : 0;
	return 0;
}

static int tcp_send(struct channel *channel, void *body, uint32_t size)
{
	return stream_send(channel, channel->fd[1], body, size);
}

static ssize_t tcp_receive(struct channel *channel, void *body, uint32_t room)
{
	return stream_receive(channel, channel->fd[0], body, room);
}

/* A batch longer than the room would have to wait for a reader, who may be this process. */
static int tcp_send_batch(struct channel *channel, struct batch_item *items, unsigned int count)
{
	return stream_send_batch(channel, channel->fd[1], items,
				 count < channel->capacity ? count : channel->capacity);
}

static int tcp_receive_batch(struct channel *channel, struct batch_item *items, unsigned int count)
{
	return stream_receive_batch(channel, channel->fd[0], items, count);
}

static const char *tcp_unavailable(void)
{
	int ends[2];

	if (loopback_open(ends, 0))
		return "no connection over 127.0.0.1";
	close(ends[0]);
	close(ends[1]);
	return NULL;
}

const struct mechanism mechanism_tcp = {
	.name = "tcp",
	.title = "TCP loopback",
	.about = "A TCP connection over 127.0.0.1 with TCP_NODELAY: a stream of bytes by "
		 "write(2) and read(2), which sleep in the kernel; the reader knows the size "
		 "of a message.",
	.unavailable = tcp_unavailable,
	.unfit = stream_unfit,
	.open = tcp_open,
	.close = tcp_close,
	.send = tcp_send,
	.receive = tcp_receive,
	.send_batch = tcp_send_batch,
	.receive_batch = tcp_receive_batch,
};
