// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP over the loopback interface: the creator listens at a port that the kernel
 * chooses (ids[0]). TCP_NODELAY, or a second small message waits for the first
 * one's acknowledgement.
 */
#include "connections.h"
#include "ports.h"

#include <stdio.h>

static int tcp_create(struct end *end, struct object *object)
{
	struct sockaddr_in address = loopback_address(0);

	if (connections_listen(end, object, SOCK_STREAM, (struct sockaddr *)&address,
			       sizeof(address), "127.0.0.1:0"))
		return -1;
	object->ids[0] = port_of(end->fd[LISTENER]);
	end_says(end, "getsockname(%d): port %d", end->fd[LISTENER], object->ids[0]);
	return 0;
}

static int tcp_attach(struct end *end, struct object *object, enum way way)
{
	struct sockaddr_in address = loopback_address(object->ids[0]);
	char name[32];

	snprintf(name, sizeof(name), "127.0.0.1:%d", object->ids[0]);
	return connections_join(end, object, SOCK_STREAM, (struct sockaddr *)&address,
				sizeof(address), name);
}

const struct subject subject_tcp = {
	.mechanism = "tcp",
	.traits = SUBJECT_IS_STREAM | SUBJECT_TO_CREATOR,
	.unavailable = loopback_unavailable,
	.create = tcp_create,
	.attach = tcp_attach,
	.borrow = connections_borrow,
	.adopt = descriptors_adopt,
	.detach = end_close,
	.seen = port_seen,
	.send = connections_send,
	.receive = connections_receive,
	.poll_fd = connections_poll_fd,
	.half_send = connections_half_send,
};
