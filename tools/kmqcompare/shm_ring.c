// SPDX-License-Identifier: GPL-2.0-only
/*
 * What orders what, in the forms without a lock:
 *
 *	turn, filled	release by the sender, acquire by the receiver: who sees that
 *			a slot is filled, sees its size and body.
 *	turn, freed	release by the receiver, acquire by the sender: a body is
 *			read to its end before it is written over.
 *	head, tail	relaxed. They hand out positions and guard no data: what is in
 *			a slot is ordered by its turn, which the claimant has read with
 *			acquire before the compare-and-swap. As positions never recur,
 *			a compare-and-swap succeeds only if nobody else claimed since.
 *
 * Whoever sleeps needs more: that "I am asleep" and "it is there" do not miss each
 * other. That is shm_sleep.c's, with the fences there.
 */
#include "shm_ring.h"

#include <string.h>

enum slot_state { SLOT_FREE, SLOT_FILLED, SLOT_FREED };

size_t shm_ring_bytes(uint32_t capacity, uint32_t size)
{
	size_t stride = (sizeof(struct shm_slot) + size + SHM_LINE - 1) / SHM_LINE * SHM_LINE;

	return sizeof(struct shm_ring) + capacity * stride;
}

void shm_ring_init(struct shm_ring *ring, uint32_t capacity, uint32_t size)
{
	ring->capacity = capacity;
	ring->stride = (shm_ring_bytes(1, size) - sizeof(*ring));
}

static struct shm_slot *slot_at(struct shm_ring *ring, uint64_t position)
{
	return (struct shm_slot *)(ring->slots + (size_t)(uint32_t)position * ring->stride);
}

/* The upper half is the lap, the lower the index; behind the last index the next lap begins. */
static uint64_t position_after(const struct shm_ring *ring, uint64_t position)
{
	return (uint32_t)position + 1 == ring->capacity ? (position | UINT32_MAX) + 1
							 : position + 1;
}

static uint32_t turn_of(uint64_t position, enum slot_state state)
{
	return 2 * (uint32_t)(position >> 32) + state;
}

static bool is_turn(struct shm_ring *ring, uint64_t position, enum slot_state state)
{
	return atomic_load_explicit(&slot_at(ring, position)->turn, memory_order_acquire) ==
	       turn_of(position, state);
}

static void set_turn(struct shm_ring *ring, uint64_t position, enum slot_state state)
{
	atomic_store_explicit(&slot_at(ring, position)->turn, turn_of(position, state),
			      memory_order_release);
}

static void fill(struct shm_ring *ring, uint64_t position, const void *body, uint32_t size)
{
	struct shm_slot *slot = slot_at(ring, position);

	slot->size = size;
	memcpy(slot->body, body, size);
	set_turn(ring, position, SLOT_FILLED);
}

static uint32_t empty(struct shm_ring *ring, uint64_t position, void *body, uint32_t room)
{
	struct shm_slot *slot = slot_at(ring, position);
	uint32_t size = slot->size < room ? slot->size : room;

	memcpy(body, slot->body, size);
	set_turn(ring, position, SLOT_FREED);
	return size;
}

/* How many slots from @position on are in that state; @count is enough. */
static unsigned int count_slots(struct shm_ring *ring, uint64_t position, enum slot_state state,
				unsigned int count, uint64_t *after)
{
	unsigned int n = 0;

	while (n < count && is_turn(ring, position, state)) {
		position = position_after(ring, position);
		n++;
	}
	*after = position;
	return n;
}

/* Takes as many positions as are in that state at one end, in one step. */
static unsigned int claim(struct shm_ring *ring, _Atomic uint64_t *end, enum slot_state state,
			  unsigned int count, uint64_t *first)
{
	uint64_t after, now;
	unsigned int n;

	*first = atomic_load_explicit(end, memory_order_relaxed);
	for (;;) {
		n = count_slots(ring, *first, state, count, &after);
		if (n && atomic_compare_exchange_weak_explicit(end, first, after,
							       memory_order_relaxed,
							       memory_order_relaxed))
			return n;
		if (n)
			continue;
		/* Nothing there, or somebody else has just had it. */
		now = atomic_load_explicit(end, memory_order_relaxed);
		if (now == *first)
			return 0;
		*first = now;
	}
}

/* The same for one, without what several cost. */
static bool claim_one(struct shm_ring *ring, _Atomic uint64_t *end, enum slot_state state,
		      uint64_t *position)
{
	uint64_t now = atomic_load_explicit(end, memory_order_relaxed);

	for (;;) {
		*position = now;
		if (!is_turn(ring, now, state)) {
			now = atomic_load_explicit(end, memory_order_relaxed);
			if (now == *position)
				return false;
		} else if (atomic_compare_exchange_weak_explicit(end, &now,
								 position_after(ring, now),
								 memory_order_relaxed,
								 memory_order_relaxed)) {
			return true;
		}
	}
}

bool shm_ring_put_one(struct shm_ring *ring, const void *body, uint32_t size)
{
	uint64_t position;

	if (!claim_one(ring, &ring->head, SLOT_FREE, &position))
		return false;
	fill(ring, position, body, size);
	return true;
}

bool shm_ring_take_one(struct shm_ring *ring, void *body, uint32_t *size)
{
	uint64_t position;

	if (!claim_one(ring, &ring->tail, SLOT_FILLED, &position))
		return false;
	*size = empty(ring, position, body, *size);
	return true;
}

unsigned int shm_ring_put(struct shm_ring *ring, const struct batch_item *items, unsigned int count)
{
	uint64_t position;
	unsigned int n = claim(ring, &ring->head, SLOT_FREE, count, &position);

	for (unsigned int i = 0; i < n; i++, position = position_after(ring, position))
		fill(ring, position, items[i].body, items[i].size);
	return n;
}

unsigned int shm_ring_take(struct shm_ring *ring, struct batch_item *items, unsigned int count)
{
	uint64_t position;
	unsigned int n = claim(ring, &ring->tail, SLOT_FILLED, count, &position);

	for (unsigned int i = 0; i < n; i++, position = position_after(ring, position))
		items[i].size = empty(ring, position, items[i].body, items[i].size);
	return n;
}

static bool is_ready(struct shm_ring *ring, _Atomic uint64_t *end, enum slot_state state)
{
	uint64_t position, now = atomic_load_explicit(end, memory_order_relaxed);

	do {
		position = now;
		if (is_turn(ring, position, state))
			return true;
		now = atomic_load_explicit(end, memory_order_relaxed);
	} while (now != position);
	return false;
}

bool shm_ring_has_room(struct shm_ring *ring)
{
	return is_ready(ring, &ring->head, SLOT_FREE);
}

bool shm_ring_has_message(struct shm_ring *ring)
{
	return is_ready(ring, &ring->tail, SLOT_FILLED);
}

/*
 * Under a lock, which orders everything; relaxed would do, but for the compiler:
 * the turn must be written before the end moves on, for shm_ring_repair().
 */
static uint64_t end_of(_Atomic uint64_t *end)
{
	return atomic_load_explicit(end, memory_order_relaxed);
}

static void set_end(_Atomic uint64_t *end, uint64_t position)
{
	atomic_store_explicit(end, position, memory_order_release);
}

unsigned int shm_ring_put_locked(struct shm_ring *ring, const struct batch_item *items,
				 unsigned int count)
{
	uint64_t position = end_of(&ring->head);
	unsigned int n;

	for (n = 0; n < count && is_turn(ring, position, SLOT_FREE); n++) {
		fill(ring, position, items[n].body, items[n].size);
		position = position_after(ring, position);
		set_end(&ring->head, position);
	}
	return n;
}

unsigned int shm_ring_take_locked(struct shm_ring *ring, struct batch_item *items,
				  unsigned int count)
{
	uint64_t position = end_of(&ring->tail);
	unsigned int n;

	for (n = 0; n < count && is_turn(ring, position, SLOT_FILLED); n++) {
		items[n].size = empty(ring, position, items[n].body, items[n].size);
		position = position_after(ring, position);
		set_end(&ring->tail, position);
	}
	return n;
}

static void repair_end(struct shm_ring *ring, _Atomic uint64_t *end, enum slot_state done)
{
	uint64_t position = end_of(end);

	if (is_turn(ring, position, done))
		set_end(end, position_after(ring, position));
}

void shm_ring_repair(struct shm_ring *ring)
{
	repair_end(ring, &ring->head, SLOT_FILLED);
	repair_end(ring, &ring->tail, SLOT_FREED);
}
