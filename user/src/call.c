// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/ioctl.h>

#include "internal.h"

int libkmq_call(int fd, const struct kmq_msg *request, struct kmq_msg *reply,
		unsigned int flags, uint64_t deadline)
{
	struct kmq_call call = { .deadline = deadline, .flags = flags };

	if (libkmq_message_to_send(&call.request, request))
		return -1;
	if (libkmq_message_to_receive(&call.reply, reply, flags))
		return -1;
	if (ioctl(fd, KMQ_IOC_CALL, &call))
		return -1;
	libkmq_message_received(reply, &call.reply);
	return 0;
}

int kmq_call(int fd, const struct kmq_msg *request, struct kmq_msg *reply,
	     unsigned int flags)
{
	return libkmq_call(fd, request, reply, flags, NO_DEADLINE);
}

int kmq_reply(int fd, uint64_t sequence, const struct kmq_msg *reply)
{
	struct kmq_transfer transfer = { .flags = 0 };

	if (libkmq_message_to_send(&transfer.message, reply))
		return -1;
	transfer.message.sequence = sequence;
	return ioctl(fd, KMQ_IOC_REPLY, &transfer);
}
