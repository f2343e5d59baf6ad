// SPDX-License-Identifier: GPL-2.0-only
/*
 * A Unix socket has no capacity in messages. The sender's SO_SNDBUF is charged with
 * each message that lies unread and with the kernel's own memory for it, and a sender
 * waits while the charge is not below the limit. So one message is sent to learn what
 * is charged (SIOCOUTQ), and the limit set to as many times that.
 */
#include "socket_room.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel doubles what it is told. Above net.core.wmem_max only for root. */
static int set_buffer(int fd, uint64_t bytes)
{
	int half = (bytes + 1) / 2 < 1 << 29 ? (bytes + 1) / 2 : 1 << 29;
	socklen_t length = sizeof(half);

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &half, length) &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &half, length))
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &half, &length))
		return -1;
	return half;
}

static void drain(int fd, char *body, uint32_t size)
{
	while (recv(fd, body, size, MSG_DONTWAIT) > 0)
		;
}

/* What one message is charged with. 0: it does not fit at all. */
static int charge_of_one(struct channel *channel)
{
	char *body = calloc(1, channel->size);
	int charge = 0;

	if (!body)
		return 0;
	if (send(channel->fd[1], body, channel->size, MSG_DONTWAIT) != (ssize_t)channel->size ||
	    ioctl(channel->fd[1], SIOCOUTQ, &charge))
		charge = 0;
	drain(channel->fd[0], body, channel->size);
	free(body);
	return charge;
}

/*
 * The message that finds the charge below the limit still goes; one of a stream that
 * is cut into several buffers may stop within.
 */
static uint32_t messages_in(int buffer, int charge, bool cut)
{
	uint32_t messages = cut ? buffer / charge : (buffer + charge - 1) / charge;

	return messages ? messages : 1;
}

/* A stream takes in pieces what does not fit. */
static int refuse_packets(struct channel *channel, int type, int buffer)
{
	channel->capacity = 1;
	if (type == SOCK_STREAM)
		return 0;
	return channel_refuse(channel, "%u bytes do not fit in %d (SO_SNDBUF, net.core.wmem_max)",
			      channel->size, buffer);
}

static int set_room(struct channel *channel, int type)
{
	const int page_buffer = 16384;	/* a stream's message above this may be cut */
	int buffer = set_buffer(channel->fd[1], 2ull * channel->size + 4096), charge = 0;

	/* Twice: how a stream's message is cut depends on the limit, too. */
	for (int pass = 0; pass < 2; pass++) {
		charge = charge_of_one(channel);
		if (charge <= 0)
			return refuse_packets(channel, type, buffer);
		buffer = set_buffer(channel->fd[1], (uint64_t)channel->capacity * charge);
	}
	channel->capacity = messages_in(buffer, charge, type == SOCK_STREAM &&
							(int)channel->size > page_buffer);
	return 0;
}

int socket_open(struct channel *channel, int type)
{
	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, channel->fd))
		return -1;
	if (!set_room(channel, type))
		return 0;
	socket_close(channel);
	return -1;
}

void socket_close(struct channel *channel)
{
	close(channel->fd[0]);
	close(channel->fd[1]);
}
