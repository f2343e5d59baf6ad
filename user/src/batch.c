// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/ioctl.h>

#include "internal.h"

int libkmq_send_batch(int fd, const struct kmq_message *messages, unsigned int count,
		      unsigned int how, uint64_t deadline)
{
	struct kmq_batch batch = {
		.deadline = deadline,
		.flags = how,
		.messages = (uintptr_t)messages,
		.count = count,
	};

	return ioctl(fd, KMQ_IOC_SEND_BATCH, &batch);
}

int libkmq_receive_batch(int fd, struct kmq_message *messages, unsigned int count,
			 const struct kmq_selection *which, unsigned int flags,
			 unsigned int how, uint64_t deadline)
{
	struct kmq_batch batch = {
		.deadline = deadline,
		.flags = flags | how,
		.messages = (uintptr_t)messages,
		.count = count,
	};

	if (!libkmq_flags_ok(flags))
		return -1;
	if (which) {
		batch.select = which->select;
		batch.select_type = which->type;
	}
	return ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch);
}

int kmq_send_batch(int fd, const struct kmq_message *messages, unsigned int count)
{
	return libkmq_send_batch(fd, messages, count, 0, NO_DEADLINE);
}

int kmq_try_send_batch(int fd, const struct kmq_message *messages, unsigned int count)
{
	return libkmq_send_batch(fd, messages, count, KMQ_DONTWAIT, NO_DEADLINE);
}

int kmq_receive_batch(int fd, struct kmq_message *messages, unsigned int count,
		      const struct kmq_selection *which, unsigned int flags)
{
	return libkmq_receive_batch(fd, messages, count, which, flags, 0, NO_DEADLINE);
}

int kmq_try_receive_batch(int fd, struct kmq_message *messages, unsigned int count,
			  const struct kmq_selection *which, unsigned int flags)
{
	return libkmq_receive_batch(fd, messages, count, which, flags, KMQ_DONTWAIT,
				    NO_DEADLINE);
}

int kmq_peek_batch(int fd, struct kmq_message *messages, unsigned int count,
		   const struct kmq_selection *which, unsigned int flags)
{
	return libkmq_receive_batch(fd, messages, count, which, flags,
				    KMQ_PEEK | KMQ_DONTWAIT, NO_DEADLINE);
}

int kmq_lease_batch(int fd, struct kmq_message *messages, unsigned int count,
		    const struct kmq_selection *which, unsigned int flags)
{
	return libkmq_receive_batch(fd, messages, count, which, flags, KMQ_LEASE, NO_DEADLINE);
}

int kmq_try_lease_batch(int fd, struct kmq_message *messages, unsigned int count,
			const struct kmq_selection *which, unsigned int flags)
{
	return libkmq_receive_batch(fd, messages, count, which, flags,
				    KMQ_LEASE | KMQ_DONTWAIT, NO_DEADLINE);
}
