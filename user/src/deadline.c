// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The calls with a deadline, together because all that touches struct timespec
 * is compiled twice where time_t has two sizes: see deadline_time64.c.
 */
#ifndef DEADLINE_TIME64
#undef _TIME_BITS
#endif

#include <errno.h>

#include "internal.h"
#include "ring.h"

/* 0, or -1 and errno. */
static int to_ns(const struct timespec *deadline, uint64_t *ns)
{
	int error = deadline_ns(deadline, ns);

	if (!error)
		return 0;
	errno = error;
	return -1;
}

int kmq_send_until(int fd, struct kmq_msg *msg, const struct timespec *deadline)
{
	uint64_t ns;

	if (to_ns(deadline, &ns))
		return -1;
	return libkmq_send(fd, msg, 0, ns);
}

int kmq_receive_until(int fd, struct kmq_msg *msg, const struct kmq_selection *which,
		      unsigned int flags, const struct timespec *deadline)
{
	uint64_t ns;

	if (to_ns(deadline, &ns))
		return -1;
	return libkmq_receive(fd, msg, which, flags, 0, ns);
}

int kmq_lease_until(int fd, struct kmq_msg *msg, const struct kmq_selection *which,
		    unsigned int flags, const struct timespec *deadline)
{
	uint64_t ns;

	if (to_ns(deadline, &ns))
		return -1;
	return libkmq_receive(fd, msg, which, flags, KMQ_LEASE, ns);
}

int kmq_send_batch_until(int fd, const struct kmq_message *messages, unsigned int count,
			 const struct timespec *deadline)
{
	uint64_t ns;

	if (to_ns(deadline, &ns))
		return -1;
	return libkmq_send_batch(fd, messages, count, 0, ns);
}

int kmq_receive_batch_until(int fd, struct kmq_message *messages, unsigned int count,
			    const struct kmq_selection *which, unsigned int flags,
			    const struct timespec *deadline)
{
	uint64_t ns;

	if (to_ns(deadline, &ns))
		return -1;
	return libkmq_receive_batch(fd, messages, count, which, flags, 0, ns);
}

int kmq_lease_batch_until(int fd, struct kmq_message *messages, unsigned int count,
			  const struct kmq_selection *which, unsigned int flags,
			  const struct timespec *deadline)
{
	uint64_t ns;

	if (to_ns(deadline, &ns))
		return -1;
	return libkmq_receive_batch(fd, messages, count, which, flags, KMQ_LEASE, ns);
}

int kmq_call_until(int fd, const struct kmq_msg *request, struct kmq_msg *reply,
		   unsigned int flags, const struct timespec *deadline)
{
	uint64_t ns;

	if (to_ns(deadline, &ns))
		return -1;
	return libkmq_call(fd, request, reply, flags, ns);
}

void *kmq_ring_reserve_until(struct kmq_ring *ring, uint32_t size, const struct timespec *deadline)
{
	uint64_t ns;

	if (to_ns(deadline, &ns))
		return NULL;
	return libkmq_ring_reserve_one(ring, size, ns);
}

int kmq_ring_reserve_batch_until(struct kmq_ring *ring, struct kmq_ring_part *parts, unsigned int count,
				 const struct timespec *deadline)
{
	uint64_t ns;

	if (to_ns(deadline, &ns))
		return -1;
	return libkmq_ring_reserve(ring, parts, count, ns);
}

int kmq_ring_send_until(struct kmq_ring *ring, const void *data, uint32_t size, const struct timespec *deadline)
{
	uint64_t ns;

	if (to_ns(deadline, &ns))
		return -1;
	return libkmq_ring_send(ring, data, size, ns);
}

int kmq_ring_peek_until(struct kmq_ring *ring, struct kmq_ring_part *part, const struct timespec *deadline)
{
	return kmq_ring_peek_batch_until(ring, part, 1, deadline) < 0 ? -1 : 0;
}

int kmq_ring_peek_batch_until(struct kmq_ring *ring, struct kmq_ring_part *parts, unsigned int count,
			      const struct timespec *deadline)
{
	uint64_t ns;

	if (to_ns(deadline, &ns))
		return -1;
	return libkmq_ring_peek(ring, parts, count, ns);
}

int kmq_ring_receive_until(struct kmq_ring *ring, struct kmq_ring_part *part, const struct timespec *deadline)
{
	uint64_t ns;

	if (to_ns(deadline, &ns))
		return -1;
	return libkmq_ring_receive(ring, part, ns);
}

int kmq_ring_wait(struct kmq_ring *ring, uint64_t count, const struct timespec *deadline)
{
	uint64_t ns;

	if (to_ns(deadline, &ns))
		return -1;
	return libkmq_ring_wait(ring, count, ns);
}
