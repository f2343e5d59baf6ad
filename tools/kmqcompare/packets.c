// SPDX-License-Identifier: GPL-2.0-only
#include "packets.h"

#include <errno.h>
#include <sys/socket.h>

#define PACKETS_MAX	1024	/* UIO_MAXIOV: the most of one sendmmsg(2) */

struct packets {
	struct mmsghdr headers[PACKETS_MAX];
	struct iovec bodies[PACKETS_MAX];
};

int packets_send(struct channel *channel, void *body, uint32_t size)
{
	if (SYSCALL(channel, send(channel->fd[1], body, size, 0)) != (ssize_t)size)
		return -1;
	COPIED(channel, size);
	return 0;
}

ssize_t packets_receive(struct channel *channel, void *body, uint32_t room)
{
	ssize_t got = SYSCALL(channel, recv(channel->fd[0], body, room, 0));

	if (got > 0)
		COPIED(channel, got);
	return got;
}

/* One process has one batch at a time; the headers stay as they are but for what is set here. */
static struct mmsghdr *set_headers(const struct batch_item *items, unsigned int count)
{
	static struct packets packets;

	for (unsigned int i = 0; i < count; i++) {
		packets.bodies[i].iov_base = items[i].body;
		packets.bodies[i].iov_len = items[i].size;
		packets.headers[i].msg_hdr.msg_iov = &packets.bodies[i];
		packets.headers[i].msg_hdr.msg_iovlen = 1;
	}
	return packets.headers;
}

/* Sends what goes at once; if that is nothing, waits until one has gone. */
static int send_headers(struct channel *channel, struct mmsghdr *headers, unsigned int count)
{
	int sent = SYSCALL(channel, sendmmsg(channel->fd[1], headers, count, MSG_DONTWAIT));

	if (sent < 0 && errno == EAGAIN)
		sent = SYSCALL(channel, sendmmsg(channel->fd[1], headers, 1, 0));
	return sent;
}

int packets_send_batch(struct channel *channel, struct batch_item *items, unsigned int count)
{
	int sent;

	if (count > PACKETS_MAX)
		count = PACKETS_MAX;
	sent = send_headers(channel, set_headers(items, count), count);
	for (int i = 0; i < sent; i++)
		COPIED(channel, items[i].size);
	return sent;
}

int packets_receive_batch(struct channel *channel, struct batch_item *items, unsigned int count)
{
	struct mmsghdr *headers;
	int got;

	if (count > PACKETS_MAX)
		count = PACKETS_MAX;
	headers = set_headers(items, count);
	got = SYSCALL(channel, recvmmsg(channel->fd[0], headers, count, MSG_WAITFORONE, NULL));
	for (int i = 0; i < got; i++) {
		items[i].size = headers[i].msg_len;
		COPIED(channel, items[i].size);
	}
	return got;
}
