/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mapped door, as the files of it see it. One core for the two places where a
 * ring may lie: a queue's attachment, and a memfd (the twin). A record's way:
 *
 *	kmq_ring.h (inline) -> ring_produce.c -> commit: ring_sleep.c (wake)
 *	ring_sleep.c (sleep) -> ring_consume.c -> SPSC there, MPSC and MPMC in
 *	ring_claim.c, BROADCAST in ring_broadcast.c -> release
 *	ring.c, ring_map.c, ring_twin.c: how an attachment begins and ends
 *
 * Functions return 0 or an errno, and only what is exported sets errno. EAGAIN
 * tells in a struct ring_want what to wait for.
 *
 * Words of the ring are read and written with LOAD and STORE and their kin, and
 * with nothing else; the barrier of <linux/kmq_ring.h> is named where they order
 * something. What others may write is loaded once and checked, and what cannot be
 * goes through libkmq_ring_broken().
 */
#ifndef LIBKMQ_RING_H
#define LIBKMQ_RING_H

#include <errno.h>
#include <string.h>

#include "internal.h"

#define LINE		64

/* What the fast paths are made of, each of which is to be one piece. */
#define IN_ONE_PIECE	static inline __attribute__((always_inline))

/* In place of a deadline: never sleep, EAGAIN. */
#define NEVER_SLEEP	UINT64_MAX

/* So far ahead that it means never, and so far behind that it means always. */
#define FAR_AWAY	(1ull << 62)

/* Most records of one reservation or claim. */
#define BATCH_MAX	KMQ_BATCH_MAX

#define SPIN_DEFAULT	2000
#define SPIN_FOR_EVER	UINT32_MAX

#define LOAD(word)			__atomic_load_n(&(word), __ATOMIC_RELAXED)
#define LOAD_ACQUIRE(word)		__atomic_load_n(&(word), __ATOMIC_ACQUIRE)
#define STORE(word, value)		__atomic_store_n(&(word), value, __ATOMIC_RELAXED)
#define STORE_RELEASE(word, value)	__atomic_store_n(&(word), value, __ATOMIC_RELEASE)

/*
 * Between stores of which the first must be there if this process is killed before
 * the second: the processor keeps the order for whoever comes after its death, the
 * compiler would not.
 */
#define STEP() __atomic_signal_fence(__ATOMIC_SEQ_CST)

/**
 * struct ring_want - what a call that found nothing to do waits for
 * @side: who is to wake it
 * @word: changes when it is to look again
 * @expected: its value when it looked
 * @wake: sequence number, position, or 0 for a lock
 * @bell: the twin's, read before the look: also rings for what no word tells
 * @patient: more than the next record is missing: not worth spinning
 */
struct ring_want {
	enum kmq_ring_side side;
	const uint32_t *word;
	uint32_t expected;
	uint64_t wake;
	uint32_t bell;
	int patient;
};

/**
 * struct ring_half - what a half needs beyond struct kmq_ring_half
 * @start: of the open reservation or claim that calls in this library made; the
 *	inline ones' is in struct kmq_ring_half
 * @finish: behind it
 * @sequence: of its first record
 * @records: in it; 0: none is open
 * @brief: MPSC, MPMC: bodies that are shorter are sent all in one, and any is
 *	received so; 0: a reservation is open, or the ring is no more
 * @seen: MPSC, MPMC: the other side's tail, or head, as seen last
 * @oldest: BROADCAST producer: of the words of the ring
 * @next: BROADCAST consumer: its cursor
 * @expected: BROADCAST consumer: sequence number of the record there
 * @fresh: BROADCAST consumer: it has not seen a record yet
 * @lapped: BROADCAST consumer: records were overwritten since the last release
 * @spin_most: see kmq_ring_set_spin()
 * @spin: looks before the next sleep
 * @unspun: sleeps before which that was none
 * @returns: of libkmq_ring_sleep() for another look, since one at the clock
 * @sleeps: for struct kmq_ring_info
 * @wakes: likewise
 * @counted: what kmq_ring_wait() has walked over: from this position
 * @counted_to: to this one
 * @counted_sequence: of the record there
 * @counted_records: so many
 */
struct ring_half {
	uint64_t start;
	uint64_t finish;
	uint64_t sequence;
	uint32_t records;
	uint32_t brief;
	uint64_t seen;
	uint64_t oldest;
	uint64_t next;
	uint64_t expected;
	int fresh;
	int lapped;
	uint32_t spin_most;
	uint32_t spin;
	uint32_t unspun;
	uint32_t returns;
	uint64_t sleeps;
	uint64_t wakes;
	uint64_t counted;
	uint64_t counted_to;
	uint64_t counted_sequence;
	uint64_t counted_records;
} __attribute__((aligned(LINE)));

/**
 * struct ring - one attachment; zero in a forked child (MADV_WIPEONFORK)
 * @hot: first, as programs see it
 * @roles: KMQ_RING_PRODUCER, KMQ_RING_CONSUMER
 * @mode: enum kmq_ring_mode
 * @id: of the attachment
 * @fd: of the attachment; -1 for the twin
 * @twin: it lies in a memfd
 * @fenced: KMQ_RING_FENCED
 * @max_message: bytes
 * @page_size: bytes
 * @ceiling: of the inline calls
 * @brief: of the halves of that name
 * @error: EUCLEAN once the ring was found inconsistent
 * @size: bytes of data
 * @mapped: bytes of address space, from this struct on
 * @producing: of one thread
 * @consuming: of one thread
 * @sizes: producing: of the records of a batch
 */
struct ring {
	struct kmq_ring hot;
	uint32_t roles;
	uint32_t mode;
	uint32_t id;
	int fd;
	int twin;
	int fenced;
	uint32_t max_message;
	uint32_t page_size;
	uint32_t ceiling;
	uint32_t brief;
	int error;
	uint64_t size;
	size_t mapped;
	struct ring_half producing;
	struct ring_half consuming;
	uint32_t sizes[BATCH_MAX];
};

_Static_assert(sizeof(struct ring) <= KMQ_RING_PIECE, "the pieces begin behind the struct");

static inline struct ring *ring_of(const struct kmq_ring *ring)
{
	return (struct ring *)(uintptr_t)ring;
}

static inline struct kmq_ring_control *control_of(const struct ring *ring)
{
	return kmq_ring_control_of(&ring->hot);
}

static inline struct kmq_ring_consumers *consumers_of(const struct ring *ring)
{
	return kmq_ring_consumers_of(&ring->hot);
}

static inline struct kmq_ring_producers *producers_of(const struct ring *ring)
{
	return kmq_ring_producers_of(&ring->hot);
}

static inline struct kmq_ring_record *record_at(const struct ring *ring, uint64_t position)
{
	return kmq_ring_record_of(&ring->hot, position, ring->size - 1);
}

/* The lower half of a word of 64 bit, which is what a sleeper watches. */
static inline const uint32_t *lower_half(const void *word)
{
	return (const uint32_t *)word + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
}

static inline int is_exclusive(uint32_t mode, uint32_t role)
{
	if (role == KMQ_RING_PRODUCER)
		return mode == KMQ_RING_SPSC || mode == KMQ_RING_BROADCAST;
	return mode == KMQ_RING_SPSC || mode == KMQ_RING_MPSC;
}

/* Positions are multiples of KMQ_RING_ALIGN, and no two that matter are further apart than the size. */
static inline int is_position(const struct ring *ring, uint64_t position, uint64_t from)
{
	return position % KMQ_RING_ALIGN == 0 && position - from <= ring->size;
}

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
	__asm__ volatile("yield" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

/* -1 with errno, if there is an @error. */
static inline int fail(int error)
{
	if (!error)
		return 0;
	errno = error;
	return -1;
}

/* Bodies that are copied without a call of memcpy(), by those who do all in one. */
#define SHORT_BODY	64

/*
 * @size is at most SHORT_BODY: a few moves, which may overlap; those of the longer
 * ones without a jump.
 */
IN_ONE_PIECE void copy_short(void *target, const void *source, uint32_t size)
{
	const char *from = source;
	char *to = target;

	/* Where it comes from is forgotten: the ring is not in its struct, as compilers find. */
	__asm__("" : "+r"(to));
	if (__builtin_expect(size >= 32, 1)) {
		memcpy(to, from, 16);
		memcpy(to + 16, from + 16, 16);
		memcpy(to + size - 32, from + size - 32, 16);
		memcpy(to + size - 16, from + size - 16, 16);
	} else if (size >= 16) {
		memcpy(to, from, 16);
		memcpy(to + size - 16, from + size - 16, 16);
	} else if (size >= 8) {
		memcpy(to, from, 8);
		memcpy(to + size - 8, from + size - 8, 8);
	} else if (size >= 4) {
		memcpy(to, from, 4);
		memcpy(to + size - 4, from + size - 4, 4);
	} else if (size) {
		to[0] = from[0];
		to[size / 2] = from[size / 2];
		to[size - 1] = from[size - 1];
	}
}

/* ring.c */

/* The ring is inconsistent: remembered here, and by the twin told to all. @half finds out inline, too. EUCLEAN. */
int libkmq_ring_broken(struct ring *ring, struct kmq_ring_half *half);
/* Where the halves of a ring that is mapped and joined begin. EUCLEAN: nowhere. */
int libkmq_ring_begin(struct ring *ring);

/* ring_map.c */

/* The struct, with address space for a ring of @size behind it. NULL, errno. */
struct ring *libkmq_ring_room(uint64_t size);
/* Maps what @fd shows there, as ring->roles and ring->twin say. */
int libkmq_ring_map(struct ring *ring, int fd);
void libkmq_ring_unmap(struct ring *ring);

/* ring_twin.c */

/* As kmq_ring_open_memfd(), with positions and sequence numbers from elsewhere. For tests. */
int libkmq_ring_open_memfd(uint32_t mode, uint64_t size, uint64_t first_sequence, uint64_t first_position);
/* Attaches to a memfd. */
int libkmq_ring_twin(int fd, uint32_t roles, struct ring **ring);
/* An id, and the roles that there is only one of, for a ring that is mapped. */
int libkmq_ring_join(struct ring *ring);
void libkmq_ring_leave(struct ring *ring);

/* ring_sleep.c */

/* Spins and sleeps. 0: look again, perhaps for no reason; EINTR, ETIMEDOUT, EIDRM, EUCLEAN. */
int libkmq_ring_sleep(struct ring *ring, struct ring_half *half, const struct ring_want *want, uint64_t deadline);
/* Has it passed? For calls that may sleep. */
int libkmq_ring_is_late(uint64_t deadline);
/* Rings, whoever sleeps. */
int libkmq_ring_wake(struct ring *ring, struct ring_half *half, enum kmq_ring_side side);
/* Everyone, because the twin is broken. */
void libkmq_ring_wake_all(struct ring *ring);
/* One processor: who spins keeps from it the one that is waited for. */
int libkmq_ring_alone(void);
/* As kmq_ring_set_spin(), with what is allowed unless told otherwise. */
void libkmq_ring_spin_default(struct ring *ring);

/* ring_lock.c */

/* It was held when it was tried: EAGAIN with NEVER_SLEEP if it stays so; else as libkmq_ring_sleep(). */
int libkmq_ring_lock_slowly(struct ring *ring, enum kmq_ring_side lock, uint64_t deadline);
/* It was given back, and the word was @held. */
int libkmq_ring_unlock_slowly(struct ring *ring, enum kmq_ring_side lock, uint32_t held);

/* ring_produce.c */
int libkmq_ring_reserve(struct kmq_ring *ring, struct kmq_ring_part *parts, unsigned int count, uint64_t deadline);
void *libkmq_ring_reserve_one(struct kmq_ring *ring, uint32_t size, uint64_t deadline);
int libkmq_ring_send(struct kmq_ring *ring, const void *data, uint32_t size, uint64_t deadline);

/* ring_consume.c */
int libkmq_ring_peek(struct kmq_ring *ring, struct kmq_ring_part *parts, unsigned int count, uint64_t deadline);
int libkmq_ring_wait(struct kmq_ring *ring, uint64_t count, uint64_t deadline);
int libkmq_ring_receive(struct kmq_ring *ring, struct kmq_ring_part *part, uint64_t deadline);

/**
 * struct ring_found - a record, as checked
 * @state: KMQ_RING_BUSY (then @size and @end are not checked), DISCARDED,
 *	ABANDONED, or 0
 * @busy: BUSY: the word as it was
 * @size: of its body
 * @end: position behind it
 */
struct ring_found {
	uint32_t state;
	uint32_t busy;
	uint32_t size;
	uint64_t end;
};

/* KMQ_RING_RECORD_OWNER_DIED if someone did since it was told. */
uint32_t libkmq_ring_deaths(struct ring *ring);

/*
 * ring_claim.c for MPSC and MPMC, and ring_broadcast.c for BROADCAST: to claim, to give back,
 * to count.
 */

/* Up to @count records, the first of them no longer than @room (EMSGSIZE). */
int libkmq_ring_claim(struct ring *ring, struct kmq_ring_part *parts, unsigned int count, uint32_t room,
		      struct ring_want *want, uint64_t deadline);
int libkmq_ring_unclaim(struct ring *ring);
/* Claims, copies and releases in one. ENOTSUP: it is not that simple, and nothing was done. */
int libkmq_ring_take(struct ring *ring, struct kmq_ring_part *part, struct ring_want *want, uint64_t deadline);
/* Likewise, at once. EAGAIN: there is none yet, or somebody has the lock. */
int libkmq_ring_take_now(struct ring *ring, struct kmq_ring_part *part);
/* 0 if so many could be claimed. */
int libkmq_ring_claimable(struct ring *ring, uint64_t count, struct ring_want *want, uint64_t deadline);
/* The end of an attachment to the twin. */
void libkmq_ring_orphan(struct ring *ring);

int libkmq_ring_follow(struct ring *ring, struct kmq_ring_part *parts, unsigned int count, uint32_t room,
		       struct ring_want *want);
int libkmq_ring_followed(struct ring *ring);
int libkmq_ring_followable(struct ring *ring, uint64_t count, struct ring_want *want);
/* memcpy() of what may be overwritten meanwhile. */
void libkmq_ring_copy(void *to, const void *from, uint32_t size);

/* ------------------------------------------------------------------------
 * What every call goes through, inline
 */

/* EIDRM or EUCLEAN, if it is so. */
static inline int health(const struct ring *ring)
{
	uint32_t flags;

	if (LOAD(ring->error))
		return LOAD(ring->error);
	flags = LOAD(control_of(ring)->flags);
	if (flags & KMQ_RING_REMOVED)
		return EIDRM;
	return flags & KMQ_RING_BROKEN ? EUCLEAN : 0;
}

static inline uint32_t *bell_of(const struct ring *ring, enum kmq_ring_side side)
{
	struct kmq_ring_control *control = control_of(ring);

	return side == KMQ_RING_CONSUMERS ? &control->twin_consumer_bell : &control->twin_producer_bell;
}

/* A want's bell, before the look that may lead to a sleep. */
static inline void listen_for(const struct ring *ring, struct ring_want *want, enum kmq_ring_side side)
{
	want->side = side;
	want->patient = 0;
	want->bell = ring->twin ? LOAD_ACQUIRE(*bell_of(ring, side)) : 0;
}

static inline uint32_t *lock_word(const struct ring *ring, enum kmq_ring_side lock)
{
	return lock == KMQ_RING_PRODUCERS_LOCK ? &producers_of(ring)->lock : &consumers_of(ring)->lock;
}

static inline int try_lock(uint32_t *word, uint32_t mine)
{
	uint32_t free_word = 0;

	return __atomic_compare_exchange_n(word, &free_word, mine, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* F, G. As libkmq_ring_lock_slowly(). */
static inline int lock_ring(struct ring *ring, enum kmq_ring_side lock, uint64_t deadline)
{
	return try_lock(lock_word(ring, lock), ring->id) ? 0 : libkmq_ring_lock_slowly(ring, lock, deadline);
}

/* F, G. EUCLEAN, EIDRM, if it was somebody else's, or nobody could be woken. */
static inline int unlock_ring(struct ring *ring, enum kmq_ring_side lock)
{
	uint32_t held = __atomic_exchange_n(lock_word(ring, lock), 0, __ATOMIC_RELEASE);

	return held == ring->id ? 0 : libkmq_ring_unlock_slowly(ring, lock, held);
}

/* C, D, of who works: the sleeper's barrier makes it one, but for the fenced. */
static inline void between(const struct ring *ring)
{
	if (ring->fenced)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	else
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* C: records up to @sequence were committed. Rings if someone sleeps for them. */
static inline int committed(struct ring *ring, struct ring_half *half, uint64_t sequence)
{
	between(ring);
	if ((int64_t)(sequence - LOAD(control_of(ring)->consumer_wake)) < 0)
		return 0;
	return libkmq_ring_wake(ring, half, KMQ_RING_CONSUMERS);
}

/* D: tail was moved to @tail. Likewise. */
static inline int released(struct ring *ring, uint64_t tail)
{
	between(ring);
	if ((int64_t)(tail - LOAD(control_of(ring)->producer_wake)) < 0)
		return 0;
	return libkmq_ring_wake(ring, &ring->consuming, KMQ_RING_PRODUCERS);
}

/* The record at @position, number @sequence, before @head. EUCLEAN, and nothing was done about it. */
static inline int look_at_record(const struct ring *ring, uint64_t position, uint64_t sequence, uint64_t head,
				 struct ring_found *found)
{
	const struct kmq_ring_record *record = record_at(ring, position);
	uint32_t word = LOAD_ACQUIRE(record->word); /* E */

	found->state = word & ~KMQ_RING_RECORD_SIZE;
	found->busy = word;
	found->size = word & KMQ_RING_RECORD_SIZE;
	found->end = position + kmq_ring_record_bytes(found->size);
	if (found->state == KMQ_RING_BUSY)
		return 0;
	if (found->state && found->state != KMQ_RING_DISCARDED && found->state != KMQ_RING_ABANDONED)
		return EUCLEAN;
	if (found->size > ring->max_message || found->end - position > head - position)
		return EUCLEAN;
	return LOAD(record->sequence) == sequence ? 0 : EUCLEAN;
}

#endif /* LIBKMQ_RING_H */
