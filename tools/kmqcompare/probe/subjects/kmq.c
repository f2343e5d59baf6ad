// SPDX-License-Identifier: GPL-2.0-only
/* kmq by write(2) and read(2). */
#include "kmq_node.h"

static ssize_t kmq_write(struct end *end, struct parcel *parcel)
{
	return descriptor_write(end, end->fd[0], parcel, "write(2) takes no time limit");
}

static ssize_t kmq_read(struct end *end, struct parcel *parcel)
{
	return descriptor_read(end, end->fd[0], parcel, "read(2) takes no time limit");
}

const struct subject subject_kmq = {
	.mechanism = "kmq",
	.unavailable = kmq_node_unavailable,
	.create = kmq_node_create,
	.attach = kmq_node_attach,
	.borrow = kmq_node_borrow,
	.adopt = descriptors_adopt,
	.detach = end_close,
	.remove = kmq_node_remove,
	.seen = kmq_node_seen,
	.send = kmq_write,
	.receive = kmq_read,
	.poll_fd = poll_only_fd,
};
