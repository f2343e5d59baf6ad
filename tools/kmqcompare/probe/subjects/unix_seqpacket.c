// SPDX-License-Identifier: GPL-2.0-only
/* Unix seqpacket socket: listens at a path, others connect to it. */
#include "unix_sockets.h"

static int unix_seqpacket_create(struct end *end, struct object *object)
{
	return unix_listen(end, object, SOCK_SEQPACKET);
}

static int unix_seqpacket_attach(struct end *end, struct object *object, enum way way)
{
	return unix_join(end, object, SOCK_SEQPACKET);
}

const struct subject subject_unix_seqpacket = {
	.mechanism = "unix-seqpacket",
	.traits = SUBJECT_TO_CREATOR,
	.create = unix_seqpacket_create,
	.attach = unix_seqpacket_attach,
	.borrow = connections_borrow,
	.adopt = descriptors_adopt,
	.detach = end_close,
	.remove = file_remove,
	.seen = unix_seen,
	.send = connections_send,
	.receive = connections_receive,
	.poll_fd = connections_poll_fd,
};
