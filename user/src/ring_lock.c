// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * F and G: the two lock words. One of them says who has it in the store that takes
 * it, so that the kernel knows what to repair.
 */
#include <sched.h>

#include "ring.h"

/* Held for a few dozen instructions. What lasts longer has lost its processor, or is stopped. */
#define LOOKS		200
/* Who may not sleep gives it up after it was so often another's turn. */
#define TURNS		20
/* Who may looks at the clock so seldom, as long as it is always another's turn. */
#define TURNS_PER_CLOCK	64

static struct kmq_ring_half *half_of(struct ring *ring, enum kmq_ring_side lock)
{
	return lock == KMQ_RING_PRODUCERS_LOCK ? &ring->hot.producer : &ring->hot.consumer;
}

/* Somebody's, and not one's own: only one thread of an attachment takes each of the two. */
static int can_be(const struct ring *ring, uint32_t seen)
{
	uint32_t holder = seen & ~KMQ_RING_CONTENDED;

	return holder && holder < KMQ_RING_IDS && holder != ring->id;
}

static int spin(uint32_t *word)
{
	for (int i = 0; i < LOOKS; i++) {
		if (!LOAD(*word))
			return 1;
		relax();
	}
	return 0;
}

/* One step towards it: 0, taken or not; EAGAIN: it stays held. */
static int wait_for(struct ring *ring, enum kmq_ring_side lock, uint32_t seen, uint64_t deadline)
{
	struct ring_want want = { .side = lock, .word = lock_word(ring, lock), .patient = 1 };
	struct ring_half *half = lock == KMQ_RING_PRODUCERS_LOCK ? &ring->producing : &ring->consuming;
	uint32_t contended = seen | KMQ_RING_CONTENDED;

	if (seen != contended && !__atomic_compare_exchange_n(lock_word(ring, lock), &seen, contended, 0,
							      __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return 0;
	want.expected = contended;
	return libkmq_ring_sleep(ring, half, &want, deadline);
}

/*
 * What no turn of the lock tells. Who has slept for it (@mine says so) was woken in
 * another's stead, and whoever has it now may not know of others who sleep.
 */
static int should_give_up(struct ring *ring, enum kmq_ring_side lock, uint32_t mine, int turn, uint64_t deadline)
{
	struct ring_half *half = lock == KMQ_RING_PRODUCERS_LOCK ? &ring->producing : &ring->consuming;

	if (turn % TURNS_PER_CLOCK != TURNS_PER_CLOCK - 1)
		return 0;
	if (!libkmq_ring_is_late(deadline))
		return health(ring);
	if (mine & KMQ_RING_CONTENDED)
		libkmq_ring_wake(ring, half, lock);
	return ETIMEDOUT;
}

int libkmq_ring_lock_slowly(struct ring *ring, enum kmq_ring_side lock, uint64_t deadline)
{
	uint32_t *word = lock_word(ring, lock), mine = ring->id, seen;
	int error;

	for (int turn = 0; !try_lock(word, mine); turn++) {
		seen = LOAD(*word);
		if (seen && !can_be(ring, seen))
			return libkmq_ring_broken(ring, half_of(ring, lock));
		if (deadline == NEVER_SLEEP && turn == TURNS)
			return EAGAIN;
		if (!seen || (!libkmq_ring_alone() && spin(word))) {
			error = should_give_up(ring, lock, mine, turn, deadline);
			if (error)
				return error;
			continue;
		}
		if (deadline == NEVER_SLEEP) {
			sched_yield();
			continue;
		}
		/* Who never sleeps is told by nobody. */
		error = health(ring);
		if (!error)
			error = wait_for(ring, lock, seen, deadline);
		if (error)
			return error;
		/* Others may sleep as well, of whom nobody else knows. */
		mine = ring->id | KMQ_RING_CONTENDED;
	}
	return 0;
}

int libkmq_ring_unlock_slowly(struct ring *ring, enum kmq_ring_side lock, uint32_t held)
{
	struct ring_half *half = lock == KMQ_RING_PRODUCERS_LOCK ? &ring->producing : &ring->consuming;

	if (held != (ring->id | KMQ_RING_CONTENDED))
		return libkmq_ring_broken(ring, half_of(ring, lock));
	return libkmq_ring_wake(ring, half, lock);
}
