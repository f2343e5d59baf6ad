// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/ioctl.h>

#include "internal.h"

int libkmq_receive(int fd, struct kmq_msg *msg, const struct kmq_selection *which,
		   unsigned int flags, unsigned int how, uint64_t deadline)
{
	struct kmq_transfer transfer = { .deadline = deadline, .flags = flags | how };

	if (libkmq_message_to_receive(&transfer.message, msg, flags))
		return -1;
	if (which) {
		transfer.select = which->select;
		transfer.select_type = which->type;
	}
	if (ioctl(fd, KMQ_IOC_RECEIVE, &transfer))
		return -1;
	libkmq_message_received(msg, &transfer.message);
	return 0;
}

int kmq_receive(int fd, struct kmq_msg *msg, const struct kmq_selection *which,
		unsigned int flags)
{
	return libkmq_receive(fd, msg, which, flags, 0, NO_DEADLINE);
}

int kmq_try_receive(int fd, struct kmq_msg *msg, const struct kmq_selection *which,
		    unsigned int flags)
{
	return libkmq_receive(fd, msg, which, flags, KMQ_DONTWAIT, NO_DEADLINE);
}

int kmq_peek(int fd, struct kmq_msg *msg, const struct kmq_selection *which,
	     unsigned int flags)
{
	return libkmq_receive(fd, msg, which, flags, KMQ_PEEK | KMQ_DONTWAIT, NO_DEADLINE);
}

ssize_t kmq_next_size(int fd)
{
	int size;

	if (ioctl(fd, FIONREAD, &size))
		return -1;
	return size;
}
