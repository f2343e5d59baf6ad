// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/ioctl.h>

#include "internal.h"

int kmq_lease(int fd, struct kmq_msg *msg, const struct kmq_selection *which,
	      unsigned int flags)
{
	return libkmq_receive(fd, msg, which, flags, KMQ_LEASE, NO_DEADLINE);
}

int kmq_try_lease(int fd, struct kmq_msg *msg, const struct kmq_selection *which,
		  unsigned int flags)
{
	return libkmq_receive(fd, msg, which, flags, KMQ_LEASE | KMQ_DONTWAIT, NO_DEADLINE);
}

int kmq_ack(int fd, uint64_t sequence)
{
	struct kmq_settle settle = { .sequence = sequence };

	return ioctl(fd, KMQ_IOC_ACK, &settle);
}

int kmq_nack(int fd, uint64_t sequence)
{
	struct kmq_settle settle = { .sequence = sequence };

	return ioctl(fd, KMQ_IOC_NACK, &settle);
}
