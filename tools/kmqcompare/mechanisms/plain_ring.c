// SPDX-License-Identifier: GPL-2.0-only
/*
 * The least that a ring of kmq's records can cost: one producer, one consumer, and
 * both honest. The records, positions and barriers A and B are those of
 * <linux/kmq_ring.h>; there is no sleeping, no way to find a dead peer, and no check
 * of what the other side has written. What the mapped ring costs beyond it is the
 * price of those.
 *
 * Each side keeps its own position, and the other's as it was seen last, to itself:
 * the other's is looked at only when that one says full, or empty.
 */
#include "../mechanism.h"
#include "../ring_room.h"
#include "../spin.h"

#include <linux/kmq_ring.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LINE	64

/* In a page of shared memory. */
struct plain_positions {
	_Atomic uint64_t head __attribute__((aligned(LINE)));
	_Atomic uint64_t tail __attribute__((aligned(LINE)));
};

/* One process's; channel->state. */
struct plain_ring {
	struct plain_positions *shared;
	char *data;			/* twice in a row */
	uint64_t size;
	uint64_t mask;
	uint64_t mapped;
	/* The sender's. */
	uint64_t head __attribute__((aligned(LINE)));
	uint64_t tail_seen;
	uint64_t sequence;
	/* The receiver's. */
	uint64_t tail __attribute__((aligned(LINE)));
	uint64_t head_seen;
};

static const char *plain_ring_unfit(const struct shape *shape)
{
	return shape->senders > 1 || shape->receivers > 1 ? "one sender and one receiver only"
							  : NULL;
}

static struct kmq_ring_record *record_at(const struct plain_ring *ring, uint64_t position)
{
	return (struct kmq_ring_record *)(ring->data + (position & ring->mask));
}

static int plain_ring_send(struct channel *channel, void *body, uint32_t size)
{
	struct plain_ring *ring = channel->state;
	uint64_t bytes = kmq_ring_record_bytes(size);
	struct kmq_ring_record *record = record_at(ring, ring->head);

	while (ring->head + bytes - ring->tail_seen > ring->size) {
		ring->tail_seen = atomic_load_explicit(&ring->shared->tail, memory_order_acquire);
		if (ring->head + bytes - ring->tail_seen > ring->size)
			spin_pause();
	}
	record->word = size;
	record->owner = 1;
	record->sequence = ring->sequence++;
	memcpy(record + 1, body, size);
	ring->head += bytes;
	atomic_store_explicit(&ring->shared->head, ring->head, memory_order_release);
	COPIED(channel, size);
	return 0;
}

static ssize_t plain_ring_receive(struct channel *channel, void *body, uint32_t room)
{
	struct plain_ring *ring = channel->state;
	const struct kmq_ring_record *record = record_at(ring, ring->tail);
	uint32_t size;

	while (ring->tail == ring->head_seen) {
		ring->head_seen = atomic_load_explicit(&ring->shared->head, memory_order_acquire);
		if (ring->tail == ring->head_seen)
			spin_pause();
	}
	size = record->word < room ? record->word : room;
	memcpy(body, record + 1, size);
	ring->tail += kmq_ring_record_bytes(record->word);
	atomic_store_explicit(&ring->shared->tail, ring->tail, memory_order_release);
	COPIED(channel, size);
	return size;
}

/* A page and the data twice, of one file. */
static int map(struct plain_ring *ring, int fd)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	const int both = PROT_READ | PROT_WRITE;
	char *memory;

	ring->mapped = page + 2 * ring->size;
	if (ftruncate(fd, page + ring->size))
		return -1;
	memory = mmap(NULL, ring->mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return -1;
	ring->shared = (struct plain_positions *)memory;
	ring->data = memory + page;
	if (mmap(memory, page + ring->size, both, MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED &&
	    mmap(ring->data + ring->size, ring->size, both, MAP_SHARED | MAP_FIXED, fd, page) !=
		    MAP_FAILED)
		return 0;
	munmap(memory, ring->mapped);
	return -1;
}

static int plain_ring_open(struct channel *channel)
{
	struct plain_ring *ring = aligned_alloc(LINE, sizeof(*ring));
	int fd = memfd_create("kmqcompare", MFD_CLOEXEC), failed;

	if (ring && fd >= 0) {
		memset(ring, 0, sizeof(*ring));
		ring->size = ring_bytes(channel->capacity, channel->size);
		ring->mask = ring->size - 1;
	}
	failed = !ring || fd < 0 || map(ring, fd);
	if (fd >= 0)
		close(fd);
	if (failed) {
		free(ring);
		return channel_refuse(channel, "no shared memory for a ring");
	}
	channel->capacity = ring_capacity(ring->size, channel->size);
	channel->state = ring;
	return 0;
}

static int plain_ring_attach(struct channel *channel, enum side side, unsigned int nth)
{
	struct plain_ring *ring = channel->state;

	/* Kernels before 5.14 do not know it: then the warm-up touches what it uses. */
	madvise(ring->shared, ring->mapped, MADV_POPULATE_WRITE);
	return 0;
}

static void plain_ring_close(struct channel *channel)
{
	struct plain_ring *ring = channel->state;

	munmap(ring->shared, ring->mapped);
	free(ring);
}

const struct mechanism mechanism_plain_ring = {
	.name = "plain-ring",
	.title = "plain ring",
	.about = "The least that a ring can cost: records in shared memory, two positions, each "
		 "side remembers the other's; who finds it empty or full spins. Nothing is "
		 "checked, nobody sleeps, and who dies is not noticed.",
	.traits = MECHANISM_SPINS,
	.unfit = plain_ring_unfit,
	.open = plain_ring_open,
	.attach = plain_ring_attach,
	.close = plain_ring_close,
	.send = plain_ring_send,
	.receive = plain_ring_receive,
};
