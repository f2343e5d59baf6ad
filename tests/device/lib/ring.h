/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mapped door of a ring, by its words alone: each step of the protocol of
 * <linux/kmq_ring.h>, so that a test may stop between any two, and die there.
 */
#ifndef KMQ_TEST_RING_H
#define KMQ_TEST_RING_H

#include <sys/mman.h>

#include <linux/kmq_ring.h>

#include "kmq_test.h"

/* RING(.ring_mode = KMQ_RING_MPMC): a ring without a name, open for both. */
#define RING(...) QUEUE(.kind = KMQ_KIND_RING, __VA_ARGS__)
/* NAMED_RING(name, .byte_limit = 4096): with a name. */
#define NAMED_RING(name, ...) NAMED(name, .kind = KMQ_KIND_RING, __VA_ARGS__)

#define BOTH	(KMQ_RING_PRODUCER | KMQ_RING_CONSUMER)
/* Nobody sleeps: a wake word is at least so far ahead (2^62, less what was since). */
#define FAR	(1ull << 61)

/* A reservation: @next is behind it. */
struct ring_room {
	struct kmq_ring_record *record;
	unsigned char *body;
	__u64 position;
	__u64 next;
	__u64 sequence;
	__u32 size;
	__u32 from;		/* an orphan's id, of a claim */
};

/* One party. */
struct ring {
	int fd;
	__u32 id;
	__u32 flags;
	__u32 mode;
	__u64 size;
	size_t page;
	const struct kmq_ring_control *control;
	struct kmq_ring_consumers *consumers;
	struct kmq_ring_producers *producers;
	unsigned char *data;
	/* BROADCAST: */
	__u64 cursor;
	__u64 expected;
	/* The open reservation, the open claim; their @record is NULL for none. */
	struct ring_room room;
	struct ring_room claim;
	__u64 lost;		/* BROADCAST: before the last claim */
	/* System calls made. */
	unsigned int waits;
	unsigned int wakes;
};

/* Raw: as ioctl. The struct is poisoned but for what is read. */
int attach(int fd, __u32 flags, struct kmq_ring_attach *attached);
/* Length of a piece, and its mmap with what the role may do. */
size_t piece_bytes(const struct ring *ring, int piece);
int piece_protection(const struct ring *ring, int piece);
void *map_piece(const struct ring *ring, int piece, int protection, int flags);

/* Checked: attaches, without mapping; maps; both; ends it. */
struct ring ring_attach(int fd, __u32 flags);
void ring_map(struct ring *ring);
struct ring ring_open(int fd, __u32 flags);
void ring_unmap(struct ring *ring);
void ring_close(struct ring *ring);

/* Raw doorbells. @word points into the mapping. */
__u64 ring_offset(const struct ring *ring, const void *word);
int ring_wait(struct ring *ring, __u32 side, const void *word, __u32 expected,
	      __u64 wake, __u64 deadline);
int ring_wake(struct ring *ring, __u32 side);

/* Where each step ends, for those that stop there. */
enum ring_step {
	RING_LOCKED,		/* all: the lock is held, nothing done (SPSC: no lock) */
	RING_HEADER,		/* reserve: the header is written */
	RING_HEAD,		/* reserve: head has moved, sequence has not */
	RING_SEQUENCE,		/* reserve: sequence has moved, the lock is held.
				 * SPSC, BROADCAST: before head has */
	RING_CLAIM,		/* claim: claims[id] is written, its bit not set */
	RING_BIT,		/* claim: its bit is set. Release: it is cleared */
	RING_CURSOR,		/* claim: the other cursor is written. Of an orphan: its
				 * start has moved, or its state is FREE, and no more */
	RING_VERSION,		/* claim: it is current, the lock is held */
	RING_FREE,		/* release: the state is FREE, the bit still set */
	RING_TAIL,		/* release: tail has moved, the lock is held */
	RING_DONE,
};

/*
 * Each: 0, or -1 with EAGAIN where nothing is to be had. A lock is slept for.
 * Not one of them sleeps for a record or room, or looks at its end.
 */
int ring_lock(struct ring *ring, __u32 side);
void ring_unlock(struct ring *ring, __u32 side);
int ring_reserve_to(struct ring *ring, __u32 size, enum ring_step last);
int ring_reserve(struct ring *ring, __u32 size);
void ring_commit(struct ring *ring);
/* MPSC, MPMC. Without the look at consumer_wake: ring_ring_consumers(). */
void ring_commit_silently(struct ring *ring);
void ring_ring_consumers(struct ring *ring, __u64 sequence);
void ring_ring_producers(struct ring *ring);
void ring_discard(struct ring *ring);
int ring_claim_to(struct ring *ring, unsigned int count, enum ring_step last);
int ring_claim(struct ring *ring);
/* The next record of the claim: -1 behind the last. */
int ring_next(const struct ring *ring, struct ring_room *found);
/* BROADCAST: -1 with ESTALE if it was overwritten. */
int ring_release(struct ring *ring);
int ring_release_to(struct ring *ring, enum ring_step last);

/* Those that sleep; -1 with the errno of KMQ_IOC_RING_WAIT. */
int ring_send(struct ring *ring, const void *body, __u32 size, __u64 deadline);
/* Its size; the body is checked to have room. */
int ring_receive(struct ring *ring, void *body, __u32 room, __u64 deadline);
/* Sleeps until there may be something. */
int ring_sleep_for_record(struct ring *ring, __u64 deadline);
int ring_sleep_for_room(struct ring *ring, __u32 size, __u64 deadline);

/* Checked, at once. */
void ring_put(struct ring *ring, const char *text);
void ring_expect(struct ring *ring, const char *text);
void ring_expect_empty(struct ring *ring);
/* Checked: write(2) and read(2) of a whole text. */
void put_text(int fd, const char *text);

/* Loads and stores of shared words. */
#define LOAD(word)		__atomic_load_n(&(word), __ATOMIC_ACQUIRE)
#define STORE(word, value)	__atomic_store_n(&(word), value, __ATOMIC_RELEASE)

static inline bool ring_consumers_sleep(const struct ring *ring, __u64 sequence)
{
	return LOAD(ring->control->consumer_wake) == sequence;
}

static inline bool ring_is_quiet(const struct ring *ring)
{
	return (__s64)(LOAD(ring->control->consumer_wake) -
		       LOAD(ring->producers->sequence)) > (__s64)FAR &&
	       (__s64)(LOAD(ring->control->producer_wake) -
		       LOAD(ring->producers->head)) > (__s64)FAR;
}

#endif /* KMQ_TEST_RING_H */
