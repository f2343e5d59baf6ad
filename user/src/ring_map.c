// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where a ring lies in this address space: behind its struct, at fixed distances. */
#include <sys/mman.h>
#include <unistd.h>

#include "ring.h"

struct ring *libkmq_ring_room(uint64_t size)
{
	size_t mapped = KMQ_RING_DATA_AT + 2 * (size_t)size;
	struct ring *ring;

	ring = mmap(NULL, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ring == MAP_FAILED)
		return NULL;
	/*
	 * A child has none of the kernel's mappings, and is no party of the twin: there
	 * the struct is zero, and every call finds that it is for nothing.
	 */
	if (mprotect(ring, KMQ_RING_PIECE, PROT_READ | PROT_WRITE) ||
	    madvise(ring, KMQ_RING_PIECE, MADV_WIPEONFORK)) {
		munmap(ring, mapped);
		return NULL;
	}
	ring->mapped = mapped;
	ring->size = size;
	ring->fd = -1;
	return ring;
}

/* With all of its pages, as the kernel's has: the first record at each place is to be no slower than others. */
static int piece(const struct ring *ring, size_t at, size_t length, int writable, int fd, uint64_t page)
{
	void *address = (char *)ring + at;
	void *where = mmap(address, length, writable ? PROT_READ | PROT_WRITE : PROT_READ,
			   MAP_SHARED | MAP_FIXED | (ring->twin ? MAP_POPULATE : 0), fd, (off_t)(page * ring->page_size));

	return where == MAP_FAILED ? errno : 0;
}

/* The kernel's is one piece; a file is mapped one time and again. */
static int map_data(const struct ring *ring, int writable, int fd)
{
	size_t size = (size_t)ring->size;
	int error;

	if (!ring->twin)
		return piece(ring, KMQ_RING_DATA_AT, 2 * size, writable, fd, KMQ_RING_DATA_PAGE);
	error = piece(ring, KMQ_RING_DATA_AT, size, writable, fd, KMQ_RING_DATA_PAGE);
	return error ? error : piece(ring, KMQ_RING_DATA_AT + size, size, writable, fd, KMQ_RING_DATA_PAGE);
}

int libkmq_ring_map(struct ring *ring, int fd)
{
	int producer = ring->roles & KMQ_RING_PRODUCER, consumer = ring->roles & KMQ_RING_CONSUMER;
	int error;

	error = piece(ring, KMQ_RING_CONTROL_AT, ring->page_size, ring->twin, fd, KMQ_RING_CONTROL_PAGE);
	if (error)
		return error;
	error = piece(ring, KMQ_RING_CONSUMERS_AT, ring->page_size, consumer, fd, KMQ_RING_CONSUMERS_PAGE);
	if (error)
		return error;
	error = piece(ring, KMQ_RING_PRODUCERS_AT, ring->page_size, producer, fd, KMQ_RING_PRODUCERS_PAGE);
	if (error)
		return error;
	return map_data(ring, producer, fd);
}

void libkmq_ring_unmap(struct ring *ring)
{
	/* In a forked child the rest is not known any more. */
	munmap(ring, ring->mapped ? ring->mapped : KMQ_RING_PIECE);
}
