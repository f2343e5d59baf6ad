// SPDX-License-Identifier: GPL-2.0-only
/* Unix stream socket: listens at a path, others connect to it. */
#include "unix_sockets.h"

static int unix_stream_create(struct end *end, struct object *object)
{
	return unix_listen(end, object, SOCK_STREAM);
}

static int unix_stream_attach(struct end *end, struct object *object, enum way way)
{
	return unix_join(end, object, SOCK_STREAM);
}

const struct subject subject_unix_stream = {
	.mechanism = "unix-stream",
	.traits = SUBJECT_IS_STREAM | SUBJECT_TO_CREATOR,
	.create = unix_stream_create,
	.attach = unix_stream_attach,
	.borrow = connections_borrow,
	.adopt = descriptors_adopt,
	.detach = end_close,
	.remove = file_remove,
	.seen = unix_seen,
	.send = connections_send,
	.receive = connections_receive,
	.poll_fd = connections_poll_fd,
	.half_send = connections_half_send,
};
