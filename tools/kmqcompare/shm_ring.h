/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bounded ring of messages that every shared-memory mechanism uses, so that
 * they differ in how they wait and in nothing else. It never waits itself: who
 * finds it full or empty is told so.
 *
 * Each slot carries a turn, which says whose it is: 2 * lap while it is free for
 * that lap, 2 * lap + 1 while it holds that lap's message. A position is a lap
 * and an index in one word, so that head and tail move on by one addition, for
 * any capacity, and never come back to a value that they had.
 *
 * There are two ways in. put() and take() are for any number of processes
 * at once and take no lock: a position is claimed first, filled or emptied then.
 * The locked forms are for those who hold a lock of their own: a slot is filled
 * first, and claimed then, so that a holder who dies in between leaves no
 * claimed slot behind that nobody fills.
 */
#ifndef KMQCOMPARE_SHM_RING_H
#define KMQCOMPARE_SHM_RING_H

#include "mechanism.h"

#include <stdatomic.h>

/* Apart by this, two variables do not share what processors hand to each other. */
#define SHM_LINE	64

struct shm_slot {
	_Atomic uint32_t turn;
	uint32_t size;
	char body[];
};

/* In shared memory. Head and tail have a line each: senders write one, receivers the other. */
struct shm_ring {
	_Atomic uint64_t head __attribute__((aligned(SHM_LINE)));	/* next to fill */
	_Atomic uint64_t tail __attribute__((aligned(SHM_LINE)));	/* next to empty */
	uint32_t capacity __attribute__((aligned(SHM_LINE)));
	uint32_t stride;
	char slots[] __attribute__((aligned(SHM_LINE)));
};

/* Bytes of a ring of @capacity messages of up to @size bytes. */
size_t shm_ring_bytes(uint32_t capacity, uint32_t size);

/* Makes one in memory that is zero. */
void shm_ring_init(struct shm_ring *ring, uint32_t capacity, uint32_t size);

/*
 * Puts up to @count messages in, takes up to @count out (each item's size: in: its
 * room, out: its length). How many: 0 if there was no room, no message.
 */
unsigned int shm_ring_put(struct shm_ring *ring, const struct batch_item *items,
			  unsigned int count);
unsigned int shm_ring_take(struct shm_ring *ring, struct batch_item *items, unsigned int count);

/* One message; false: no room, no message. @size: in: the room, out: the length. */
bool shm_ring_put_one(struct shm_ring *ring, const void *body, uint32_t size);
bool shm_ring_take_one(struct shm_ring *ring, void *body, uint32_t *size);

/* Whether a put, a take would do something, at the moment. */
bool shm_ring_has_room(struct shm_ring *ring);
bool shm_ring_has_message(struct shm_ring *ring);

/* The same as above, for the holder of a lock that every user of the ring takes. */
unsigned int shm_ring_put_locked(struct shm_ring *ring, const struct batch_item *items,
				 unsigned int count);
unsigned int shm_ring_take_locked(struct shm_ring *ring, struct batch_item *items,
				  unsigned int count);

/* Ends what a holder of the lock began and died in. For the holder after it. */
void shm_ring_repair(struct shm_ring *ring);

/* Counts what was copied of these messages. */
static inline void shm_count_copies(struct channel *channel, const struct batch_item *items,
				    unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		COPIED(channel, items[i].size);
}

typedef int (*batch_hook)(struct channel *channel, struct batch_item *items, unsigned int count);

/* One message by a hook for batches. */
static inline int send_as_batch(batch_hook send, struct channel *channel, void *body, uint32_t size)
{
	struct batch_item item = { .body = body, .size = size };

	return send(channel, &item, 1) == 1 ? 0 : -1;
}

static inline ssize_t receive_as_batch(batch_hook receive, struct channel *channel, void *body,
				       uint32_t room)
{
	struct batch_item item = { .body = body, .size = room };

	return receive(channel, &item, 1) == 1 ? (ssize_t)item.size : -1;
}

#endif
