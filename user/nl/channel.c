// SPDX-License-Identifier: LGPL-2.1-or-later
/* A netlink socket, and the datagrams that come from it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

/* The kernel fills a dump's datagrams up to this if it is offered so much. */
#define RECEIVE_MIN	32768
/* Room in the kernel; what the machine's limit cuts off is no error. */
#define SOCKET_ROOM	(256 * 1024)

static int set_option(int fd, int option)
{
	int on = 1;

	return setsockopt(fd, SOL_NETLINK, option, &on, sizeof(on));
}

int libkmq_nl_channel_open(struct libkmq_nl_channel *channel)
{
	struct nl_sock *sock = nl_socket_alloc();
	int error;

	if (!sock)
		return ENOMEM;
	errno = 0;
	if (genl_connect(sock) < 0)
		goto failed;
	/*
	 * Sentences and the places of attributes with an error, which the request
	 * is not repeated in; and a kernel that refuses what it does not know.
	 */
	if (set_option(nl_socket_get_fd(sock), NETLINK_EXT_ACK) ||
	    set_option(nl_socket_get_fd(sock), NETLINK_CAP_ACK) ||
	    set_option(nl_socket_get_fd(sock), NETLINK_GET_STRICT_CHK))
		goto failed;
	if (nl_socket_set_buffer_size(sock, SOCKET_ROOM, 0) < 0)
		goto failed;
	channel->sock = sock;
	channel->fd = nl_socket_get_fd(sock);
	return 0;
failed:
	/* libnl has an error of its own; the system's was set before it. */
	error = errno ? errno : EIO;
	nl_socket_free(sock);
	return error;
}

void libkmq_nl_channel_close(struct libkmq_nl_channel *channel)
{
	if (channel->sock)
		nl_socket_free(channel->sock);
	else if (channel->fd >= 0)
		close(channel->fd);
	free(channel->data);
	memset(channel, 0, sizeof(*channel));
	channel->fd = -1;
}

int libkmq_nl_send(struct libkmq_nl_channel *channel, const struct nlmsghdr *header)
{
	ssize_t sent;

	/* Without an address it goes to the kernel. */
	do
		sent = send(channel->fd, header, header->nlmsg_len, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? errno : 0;
}

static int make_room(struct libkmq_nl_channel *channel, size_t size)
{
	size_t room = channel->end + size;
	char *data;

	if (room <= channel->room)
		return 0;
	/* Twice as much, so that many datagrams are not copied for each. */
	if (room < 2 * channel->room)
		room = 2 * channel->room;
	data = realloc(channel->data, room);
	if (!data)
		return ENOMEM;
	channel->data = data;
	channel->room = room;
	return 0;
}

/* How many of the @size bytes at @data are whole messages. */
static size_t whole_messages(const char *data, size_t size)
{
	const struct nlmsghdr *header;
	size_t at = 0;

	while (size - at >= sizeof(*header)) {
		header = (const void *)(data + at);
		if (header->nlmsg_len < sizeof(*header) || header->nlmsg_len > size - at)
			break;
		at += NLMSG_ALIGN(header->nlmsg_len);
		if (at >= size)
			return size;
	}
	return at;
}

/**
 * libkmq_nl_receive() - one datagram behind those that are there
 * @channel: what it appends to; its @data may move
 *
 * Never sleeps. One from anybody but the kernel is thrown away, with no error.
 *
 * Return: 0 or an errno: EAGAIN: nothing there. ENOBUFS: the socket was full,
 * something is missing here, and the next receive goes on. EBADMSG: cut off; what
 * was whole of it is there.
 */
int libkmq_nl_receive(struct libkmq_nl_channel *channel)
{
	struct sockaddr_nl from = { .nl_family = AF_UNSPEC };
	socklen_t length = sizeof(from);
	ssize_t size;
	size_t whole;
	int error;

	/* Its length first: what does not fit is lost, and cannot be had again. */
	size = recv(channel->fd, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
	if (size < 0)
		return errno;
	if (size < RECEIVE_MIN)
		size = RECEIVE_MIN;
	error = make_room(channel, NLMSG_ALIGN(size));
	if (error)
		return error;
	size = recvfrom(channel->fd, channel->data + channel->end, channel->room - channel->end,
			MSG_DONTWAIT, (struct sockaddr *)&from, &length);
	if (size < 0)
		return errno;
	if (from.nl_family == AF_NETLINK && from.nl_pid)
		return 0;
	whole = whole_messages(channel->data + channel->end, size);
	channel->end += NLMSG_ALIGN(whole);
	return whole == (size_t)size && size ? 0 : EBADMSG;
}
