// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/ioctl.h>

#include "internal.h"

int libkmq_send(int fd, struct kmq_msg *msg, unsigned int flags, uint64_t deadline)
{
	struct kmq_transfer transfer = { .deadline = deadline, .flags = flags };

	if (libkmq_message_to_send(&transfer.message, msg))
		return -1;
	if (ioctl(fd, KMQ_IOC_SEND, &transfer))
		return -1;
	msg->sequence = transfer.message.sequence;
	return 0;
}

int kmq_send(int fd, struct kmq_msg *msg)
{
	return libkmq_send(fd, msg, 0, NO_DEADLINE);
}

int kmq_try_send(int fd, struct kmq_msg *msg)
{
	return libkmq_send(fd, msg, KMQ_DONTWAIT, NO_DEADLINE);
}
