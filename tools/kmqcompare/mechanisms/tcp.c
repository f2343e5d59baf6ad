// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP over loopback. Its buffers are in bytes, two of them, and what they hold depends
 * on when the receiver's kernel acknowledges. SO_SNDBUF is set so that the messages
 * asked for fit in it unacknowledged, each with the kernel's own memory for it; but it
 * is not made smaller than what keeps the stream moving (with a few KiB a sender
 * waits 40 ms for each delayed acknowledgement). What is told is what a sender can
 * always send without waiting. The receive buffer stays the system's, which grows
 * with the use that is made of it: a small one stalls for 200 ms.
 *
 * What goes in beyond that is another number each time, for it depends on how packets
 * are put together and when they are acknowledged. But there is a bound to it. Each byte
 * that was sent lies with the sender, unsent or unacknowledged, or with the receiver,
 * unread, and on both sides a packet is charged with its bytes at least:
 *
 *	The sender's kernel begins no packet while those that it has are charged
 *	SO_SNDBUF or more; so they have less bytes than that, and one packet more. As
 *	it was set, SO_SNDBUF no longer grows.
 *
 *	The receiver's kernel allots no more memory to packets while those that lie
 *	there are charged more than SO_RCVBUF; so it has no more bytes than that, and
 *	one packet more. That grows up to the third number of net.ipv4.tcp_rmem.
 */
#include "../loopback.h"
#include "../mechanism.h"
#include "../stream.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Charged to SO_SNDBUF with each packet, beside its bytes, at most: SO_MEMINFO tells 1280
 * in Linux 6.1, 896 in 6.12. More only where the kernel was configured to have more
 * fragments in a packet (MAX_SKB_FRAGS).
 */
#define OVERHEAD	1280u
#define PACKET		32000u	/* bytes of a message that are a packet of their own, at least */
/* Of one packet: loopback's gso_max_size, the kernel's memory for it, what is left of a page. */
#define PACKET_MOST	(65536u + 4096u + 4096u)
#define SNDBUF_LEAST	32768u	/* less stalls */

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

/* A socket's buffer as it is now; 0: not known. */
static uint64_t buffer_of(int fd, int option)
{
	int bytes = 0;
	socklen_t length = sizeof(bytes);

	return getsockopt(fd, SOL_SOCKET, option, &bytes, &length) ? 0 : bytes;
}

/* What the receive buffer may grow to. */
static uint64_t most_received(int fd)
{
	FILE *file = fopen("/proc/sys/net/ipv4/tcp_rmem", "re");
	uint64_t now = buffer_of(fd, SO_RCVBUF);
	unsigned long most = 0;

	if (file && fscanf(file, "%*u %*u %lu", &most) != 1)
		most = 0;
	if (file)
		fclose(file);
	return most > now ? most : now;
}

static uint32_t most_in(const struct channel *channel)
{
	uint64_t sent = buffer_of(channel->fd[1], SO_SNDBUF) + PACKET_MOST;
	uint64_t received = most_received(channel->fd[0]) + PACKET_MOST;

	return (sent + received) / channel->size;
}

static int tcp_open(struct channel *channel)
{
	int asked = room_for(channel) / 2;	/* the kernel doubles it */
	uint32_t most;

	if (loopback_open(channel->fd, asked))
		return channel_refuse(channel, "no connection over 127.0.0.1");
	/* Above net.core.wmem_max for root; else what was granted stays. */
	setsockopt(channel->fd[1], SOL_SOCKET, SO_SNDBUFFORCE, &asked, sizeof(asked));
	channel->capacity = buffer_of(channel->fd[1], SO_SNDBUF) / charge_of_one(channel);
	if (!channel->capacity)
		channel->capacity = 1;	/* written and read in pieces */
	most = most_in(channel);
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
