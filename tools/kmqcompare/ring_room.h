/* SPDX-License-Identifier: GPL-2.0-only */
/* How large a ring of <linux/kmq_ring.h> must be for so many messages. */
#ifndef KMQCOMPARE_RING_ROOM_H
#define KMQCOMPARE_RING_ROOM_H

#include <linux/kmq_ring.h>
#include <stdint.h>
#include <unistd.h>

/* Bytes of data: a power of two of pages. A record takes half of them at most. */
static inline uint64_t ring_bytes(uint32_t capacity, uint32_t size)
{
	uint64_t needed = kmq_ring_record_bytes(size) * (capacity < 2 ? 2 : capacity);
	uint64_t bytes = sysconf(_SC_PAGESIZE);

	while (bytes < needed)
		bytes *= 2;
	return bytes;
}

/* And how many it holds then: all that fit, wherever it is in its round. */
static inline uint32_t ring_capacity(uint64_t bytes, uint32_t size)
{
	return bytes / kmq_ring_record_bytes(size);
}

#endif
