/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kmq: the mapped door of a ring. Included by <kmq.h>; overview and protocol in
 * kmq_ring(7), the functions in kmq_ring(3).
 *
 * A struct kmq_ring is one attachment to a ring: to a queue of KMQ_KIND_RING, or
 * to a ring in a memfd that needs no module (the user-space twin). It is a
 * producer, a consumer, or both. One thread at a time may use its producing
 * half, and one, perhaps another, its consuming half; threads that want more
 * attach more (and so does a signal handler: these calls keep state in the struct).
 * It is of no use in a forked child, who attaches its own: each call on an inherited
 * one is EBADF there, and kmq_ring_detach() harmless.
 *
 * The verb tells whether the call sleeps, as everywhere in libkmq:
 * kmq_ring_try_reserve() never, kmq_ring_reserve() until it can,
 * kmq_ring_reserve_until() until a deadline; and so for peek, send, receive and
 * the batches. Before it sleeps a call spins, as long as spinning has paid off
 * of late and not at all on one processor (kmq_ring_set_spin()).
 *
 * Producing: reserve room, write the record where it lies, commit it (or
 * discard it). Consuming: peek at what is there, read it where it lies, release
 * it. An attachment has at most one reservation and one claim at a time, of one
 * record or of a batch (KMQ_BATCH_MAX at most): EBUSY for a second.
 *
 * Errors of every call, not repeated below:
 *	EBADF	   the attachment is not a producer, or not a consumer
 *	EIDRM	   the queue was removed
 *	EUCLEAN	   the ring was found inconsistent: it is broken for good
 * (one record, or room for one, may still be had then; the release, or the commit,
 * tells; after kmq_ring_receive() the next call)
 * of those that reserve:
 *	EMSGSIZE   the record is longer than the ring takes
 * of try_:
 *	EAGAIN	   no room, no record; or a lock of the ring stays held by another
 * of _until:
 *	ETIMEDOUT, and EINVAL for what is not a time
 * of those that sleep:
 *	EINTR	   a signal handler without SA_RESTART ran (for a ring in a memfd,
 *		   with a deadline: any handler)
 */
#ifndef KMQ_RING_H
#define KMQ_RING_H

#include <kmq.h>

#include <stdint.h>
#include <time.h>

#include <linux/kmq_ring.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kmq_ring;

/* Flags of a record. */
#define KMQ_RING_RECORD_OWNER_DIED (1u << 0) /* since the last peek that told it, a
					      * party died holding something */
#define KMQ_RING_RECORD_REDELIVERED (1u << 1) /* a consumer that died had it */

/**
 * struct kmq_ring_part - one record of a reservation or a claim
 * @data: reserve: where to write. Peek: what to read, which is not to be written
 *	(the pages cannot be)
 * @size: bytes. Reserve: in. Peek: out
 * @flags: peek: out: KMQ_RING_RECORD_*. Reserve: zero
 * @sequence: peek: out: its number, from 1
 * @lost: peek: out: KMQ_RING_BROADCAST: records overwritten before this one could
 *	be read; else 0
 */
struct kmq_ring_part {
	void *data;
	uint32_t size;
	uint32_t flags;
	uint64_t sequence;
	uint64_t lost;
};

/**
 * struct kmq_ring_info - what a ring is, and its counts now
 * @mode: enum kmq_ring_mode
 * @id: of this attachment
 * @size: bytes of data
 * @max_message: bytes
 * @flags: KMQ_RING_REMOVED, KMQ_RING_BROKEN, KMQ_RING_TWIN
 * @deaths: attachments that ended while they held something
 * @sequence: of the next record to be reserved
 * @abandoned: records whose producer died before the commit
 * @sleeps: this attachment's KMQ_IOC_RING_WAITs (the twin: futex waits)
 * @wakes: and KMQ_IOC_RING_WAKEs
 */
struct kmq_ring_info {
	uint32_t mode;
	uint32_t id;
	uint64_t size;
	uint32_t max_message;
	uint32_t flags;
	uint32_t deaths;
	uint32_t reserved;
	uint64_t sequence;
	uint64_t abandoned;
	uint64_t sleeps;
	uint64_t wakes;
};

/**
 * kmq_ring_open_memfd() - make a ring without the module
 * @mode: enum kmq_ring_mode
 * @size: bytes of data, a power of two of pages, at most KMQ_RING_SIZE_MAX
 *
 * The descriptor (O_CLOEXEC, sealed against resizing) may be passed on; who has
 * it may attach, and is trusted by all others: what a process may write is not
 * divided by the MMU, and who dies holding a lock or a reservation is not
 * repaired: its lock stays taken, its records stay in the way, its id stays in
 * use, and so does its place where the mode has one producer or one consumer.
 * Its kmq_ring_fd() is -1: it has no poll. All of the memory is taken at once.
 *
 * Who works pays nothing for those who sleep, if membarrier(2) has the global
 * expedited barriers. If it has not when the ring is made, the ring is
 * KMQ_RING_FENCED: each commit and release has a full fence.
 *
 * Return: a descriptor for kmq_ring_attach(), or -1: EINVAL, ENOMEM, EMFILE,
 * ENFILE.
 */
int kmq_ring_open_memfd(uint32_t mode, uint64_t size);

/**
 * kmq_ring_attach() - become a party of a ring
 * @fd: descriptor of a queue of KMQ_KIND_RING, or from kmq_ring_open_memfd(); may
 *	be closed afterwards
 * @flags: KMQ_RING_PRODUCER, KMQ_RING_CONSUMER, or both
 *
 * Return: the attachment, for kmq_ring_detach(); or NULL: EBADF (not open for
 * what @flags ask; a memfd is always for both), EBUSY (the mode allows one such
 * party, and there is one), EDQUOT (no id is free), EINVAL, ENODEV (not a ring),
 * ENOMEM, EIDRM, EUCLEAN, EOPNOTSUPP (a memfd made where there was membarrier(2),
 * which this process may not use).
 */
struct kmq_ring *kmq_ring_attach(int fd, unsigned int flags);

/**
 * kmq_ring_detach() - end it; an open reservation is discarded, an open claim goes
 * back, to be claimed again. NULL is welcome. errno is kept.
 */
void kmq_ring_detach(struct kmq_ring *ring);

/**
 * kmq_ring_fd() - its descriptor, for poll(2): POLLIN, POLLOUT as <linux/kmq_ring.h>;
 * -1 for the twin. Not to be closed.
 */
int kmq_ring_fd(const struct kmq_ring *ring);

/** kmq_ring_get_info() - see struct kmq_ring_info */
void kmq_ring_get_info(const struct kmq_ring *ring, struct kmq_ring_info *info);

/**
 * kmq_ring_set_spin() - how long to spin before sleeping
 * @rounds: at most so many looks; 0: never spin; UINT32_MAX: never sleep;
 *	otherwise what was found to pay off decides below that (default 2000, and
 *	0 where only one processor is online)
 */
void kmq_ring_set_spin(struct kmq_ring *ring, uint32_t rounds);

/**
 * kmq_ring_reserve() - room for a record of @size bytes
 *
 * Return: where to write it, aligned to KMQ_RING_ALIGN; or NULL.
 */
void *kmq_ring_reserve(struct kmq_ring *ring, uint32_t size);
static inline void *kmq_ring_try_reserve(struct kmq_ring *ring, uint32_t size);
void *kmq_ring_reserve_until(struct kmq_ring *ring, uint32_t size, const struct timespec *deadline)
	KMQ_TIME64(kmq_ring_reserve_until);

/**
 * kmq_ring_reserve_batch() - room for several records, one behind the other
 * @parts: @size in, @data out
 * @count: of @parts, at least 1
 *
 * Sleeps for room for the first; takes as many as have room at once, and ends
 * before one that is too long. Return: how many, or -1.
 */
int kmq_ring_reserve_batch(struct kmq_ring *ring, struct kmq_ring_part *parts, unsigned int count);
int kmq_ring_try_reserve_batch(struct kmq_ring *ring, struct kmq_ring_part *parts, unsigned int count);
int kmq_ring_reserve_batch_until(struct kmq_ring *ring, struct kmq_ring_part *parts, unsigned int count,
				 const struct timespec *deadline)
	KMQ_TIME64(kmq_ring_reserve_batch_until);

/**
 * kmq_ring_commit() - the reservation's records can be read from now on
 *
 * Does not sleep; a system call only if a consumer sleeps for it.
 * Return: 0; or -1: EINVAL (nothing is reserved), EIDRM, EUCLEAN (the records
 * may not be read any more).
 */
static inline int kmq_ring_commit(struct kmq_ring *ring);

/** kmq_ring_discard() - give the reservation up; nobody will see it. 0, or -1: as kmq_ring_commit(). */
int kmq_ring_discard(struct kmq_ring *ring);

/**
 * kmq_ring_peek() - claim the next record
 * @part: out
 *
 * KMQ_RING_BROADCAST: the producer may overwrite it while it is read, which
 * kmq_ring_release() tells.
 * Return: 0, or -1.
 */
int kmq_ring_peek(struct kmq_ring *ring, struct kmq_ring_part *part);
static inline int kmq_ring_try_peek(struct kmq_ring *ring, struct kmq_ring_part *part);
int kmq_ring_peek_until(struct kmq_ring *ring, struct kmq_ring_part *part, const struct timespec *deadline)
	KMQ_TIME64(kmq_ring_peek_until);

/** kmq_ring_peek_batch() - claim up to @count records that are there; sleeps for the first only. How many, or -1. */
int kmq_ring_peek_batch(struct kmq_ring *ring, struct kmq_ring_part *parts, unsigned int count);
int kmq_ring_try_peek_batch(struct kmq_ring *ring, struct kmq_ring_part *parts, unsigned int count);
int kmq_ring_peek_batch_until(struct kmq_ring *ring, struct kmq_ring_part *parts, unsigned int count,
			      const struct timespec *deadline)
	KMQ_TIME64(kmq_ring_peek_batch_until);

/**
 * kmq_ring_release() - done with what was peeked at; its room may be used again
 *
 * Return: 0; or -1: EINVAL (nothing is claimed); ESTALE (KMQ_RING_BROADCAST: it
 * was overwritten in the meantime, and what was read is void; the records lost are
 * told by the next peek).
 */
static inline int kmq_ring_release(struct kmq_ring *ring);

/**
 * kmq_ring_wait() - sleep until @count records can be read, or the deadline
 * @count: at least 1; the producers wake for the last of them only
 * @deadline: CLOCK_MONOTONIC; NULL for none
 *
 * A producer that waits for room wakes nobody: ask for no more than have room, or
 * with a deadline. It also returns if there is a record that a dead consumer had; and
 * with KMQ_RING_MPMC when there is one, whatever @count: other consumers may take the
 * rest, and may be faster than this.
 *
 * Return: 0; or -1: ETIMEDOUT (perhaps with some records to be read), EINTR, EBUSY
 * (a claim is open), EINVAL (more than could ever have room).
 */
int kmq_ring_wait(struct kmq_ring *ring, uint64_t count, const struct timespec *deadline)
	KMQ_TIME64(kmq_ring_wait);

/** kmq_ring_send() - reserve, copy, commit. 0, or -1. */
int kmq_ring_send(struct kmq_ring *ring, const void *data, uint32_t size);
int kmq_ring_try_send(struct kmq_ring *ring, const void *data, uint32_t size);
int kmq_ring_send_until(struct kmq_ring *ring, const void *data, uint32_t size, const struct timespec *deadline)
	KMQ_TIME64(kmq_ring_send_until);

/**
 * kmq_ring_receive() - peek, copy, release
 * @part: in: @data and @size, the room there; out: @size and the rest
 *
 * With KMQ_RING_BROADCAST it returns only what was whole; if record after record is
 * overwritten while it is copied: EAGAIN, ETIMEDOUT. With KMQ_RING_MPMC to give back
 * a record that is longer than 64 bytes, or was taken while others had claims, or
 * from behind one that was given up, takes a lock, which even
 * kmq_ring_try_receive() may sleep for.
 * Return: 0; or -1: EMSGSIZE, the record is longer than the room, and stays.
 */
int kmq_ring_receive(struct kmq_ring *ring, struct kmq_ring_part *part);
int kmq_ring_try_receive(struct kmq_ring *ring, struct kmq_ring_part *part);
int kmq_ring_receive_until(struct kmq_ring *ring, struct kmq_ring_part *part, const struct timespec *deadline)
	KMQ_TIME64(kmq_ring_receive_until);

/* ------------------------------------------------------------------------
 * The calls that are inline, for the case that they are made for: one producer
 * or one consumer, and room or a record that is known to be there. That is a few
 * loads and stores, without an atomic read-modify-write and without a fence. For
 * all else they call what is declared first here.
 *
 * These are whole calls, too, for languages that have no inline functions of C.
 */

void *kmq_ring_try_reserve_slow(struct kmq_ring *ring, uint32_t size);
int kmq_ring_commit_slow(struct kmq_ring *ring);
int kmq_ring_try_peek_slow(struct kmq_ring *ring, struct kmq_ring_part *part);
int kmq_ring_release_slow(struct kmq_ring *ring);

/* Private: what follows a commit or a release that somebody sleeps for. */
int kmq_ring_wake_slow(struct kmq_ring *ring, unsigned int side);

/*
 * Private: the half of an attachment that is a producer, or a consumer. One
 * thread has it, and it is in a line of its own. Nothing in it is shared, so
 * that no word of the ring that others write need be believed.
 *
 * at: position of the next record (where another call than the inline ones keeps
 *	it: 0)
 * end: behind the record that is reserved or claimed; equal to at if none is
 * limit: producer: the tail seen last, plus size. Consumer: the head seen last
 * sequence: of the next record
 * mask: size - 1
 * ceiling: shorter bodies go inline; 0: none
 * id: of the attachment
 * deaths: consumer: control.deaths as told last
 */
struct kmq_ring_half {
	uint64_t at __attribute__((aligned(64)));
	uint64_t end;
	uint64_t limit;
	uint64_t sequence;
	uint64_t mask;
	uint32_t ceiling;
	uint32_t id;
	uint32_t deaths;
};

/* Private: its beginning. */
struct kmq_ring {
	struct kmq_ring_half producer;
	struct kmq_ring_half consumer;
};

/*
 * Private: the pieces of the ring are mapped behind the struct, so far apart that
 * pages of any size will do, and no pointer to them need be loaded.
 */
#define KMQ_RING_PIECE		0x10000
#define KMQ_RING_CONTROL_AT	(1 * KMQ_RING_PIECE)
#define KMQ_RING_CONSUMERS_AT	(2 * KMQ_RING_PIECE)
#define KMQ_RING_PRODUCERS_AT	(3 * KMQ_RING_PIECE)
#define KMQ_RING_DATA_AT	(4 * KMQ_RING_PIECE)

/* Private: where they are counted from. A test has several structs before one ring. */
#ifndef KMQ_RING_BASE
#define KMQ_RING_BASE(ring) ((char *)(ring))
#endif

/* Private: a shared word of 64 bit, which compilers for 32 bit may think less aligned than it is. */
typedef __aligned_u64 kmq_ring_word64;
#define KMQ_RING_WORD64(word) ((kmq_ring_word64 *)(uintptr_t)&(word))

static inline struct kmq_ring_control *kmq_ring_control_of(const struct kmq_ring *ring)
{
	return (struct kmq_ring_control *)(uintptr_t)(KMQ_RING_BASE(ring) + KMQ_RING_CONTROL_AT);
}

static inline struct kmq_ring_consumers *kmq_ring_consumers_of(const struct kmq_ring *ring)
{
	return (struct kmq_ring_consumers *)(uintptr_t)(KMQ_RING_BASE(ring) + KMQ_RING_CONSUMERS_AT);
}

static inline struct kmq_ring_producers *kmq_ring_producers_of(const struct kmq_ring *ring)
{
	return (struct kmq_ring_producers *)(uintptr_t)(KMQ_RING_BASE(ring) + KMQ_RING_PRODUCERS_AT);
}

static inline struct kmq_ring_record *kmq_ring_record_of(const struct kmq_ring *ring,
							 uint64_t position, uint64_t mask)
{
	return (struct kmq_ring_record *)(uintptr_t)(KMQ_RING_BASE(ring) + KMQ_RING_DATA_AT +
						     (size_t)(position & mask));
}

/* Private: the room; or NULL, and nothing was done. */
static inline void *kmq_ring_reserve_fast(struct kmq_ring *ring, uint32_t size)
{
	struct kmq_ring_half *half = &ring->producer;
	uint64_t at = half->at, end = at + kmq_ring_record_bytes(size);
	struct kmq_ring_record *record;

	if (__builtin_expect(size >= half->ceiling || half->end != at ||
			     (int64_t)(half->limit - end) < 0, 0))
		return 0;
	record = kmq_ring_record_of(ring, at, half->mask);
	/* Behind head: nobody looks there. */
	__atomic_store_n(&record->word, size, __ATOMIC_RELAXED);
	__atomic_store_n(&record->owner, half->id, __ATOMIC_RELAXED);
	record->sequence = half->sequence;
	half->end = end;
	return record + 1;
}

/** kmq_ring_try_reserve() - as kmq_ring_reserve(), never sleeps. EAGAIN: full */
static inline void *kmq_ring_try_reserve(struct kmq_ring *ring, uint32_t size)
{
	void *room = kmq_ring_reserve_fast(ring, size);

	return __builtin_expect(!room, 0) ? kmq_ring_try_reserve_slow(ring, size) : room;
}

/* Private: the record with this number, which ends here, is whole. As kmq_ring_commit(). */
static inline int kmq_ring_publish(struct kmq_ring *ring, uint64_t end, uint64_t sequence)
{
	struct kmq_ring_half *half = &ring->producer;
	struct kmq_ring_producers *producers = kmq_ring_producers_of(ring);
	uint64_t wake;

	half->at = end;
	half->sequence = sequence + 1;
	__atomic_store_n(KMQ_RING_WORD64(producers->sequence), sequence + 1, __ATOMIC_RELAXED);
	/* B: all of the record before head. */
	__atomic_store_n(KMQ_RING_WORD64(producers->head), end, __ATOMIC_RELEASE);
	/* C: head before the look at consumer_wake, by the sleeper's barrier. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	wake = __atomic_load_n(KMQ_RING_WORD64(kmq_ring_control_of(ring)->consumer_wake), __ATOMIC_RELAXED);
	if (__builtin_expect((int64_t)(sequence - wake) >= 0, 0))
		return kmq_ring_wake_slow(ring, KMQ_RING_CONSUMERS);
	return 0;
}

static inline int kmq_ring_commit(struct kmq_ring *ring)
{
	struct kmq_ring_half *half = &ring->producer;
	uint64_t end = half->end;

	if (__builtin_expect(end == half->at, 0))
		return kmq_ring_commit_slow(ring);
	return kmq_ring_publish(ring, end, half->sequence);
}

/* Private: the next record, its size and its end; or NULL. Nothing is claimed. */
static inline struct kmq_ring_record *kmq_ring_find_fast(struct kmq_ring *ring, uint32_t *size, uint64_t *end)
{
	struct kmq_ring_half *half = &ring->consumer;
	uint64_t at = half->at, limit = half->limit;
	struct kmq_ring_record *record;

	if (limit == at) {
		/* In a forked child there is nothing to be looked at. */
		if (!half->ceiling)
			return 0;
		/* B: all of the records before head. */
		limit = __atomic_load_n(KMQ_RING_WORD64(kmq_ring_producers_of(ring)->head), __ATOMIC_ACQUIRE);
		if (limit - at - 1 > half->mask || limit % KMQ_RING_ALIGN)
			return 0;
		/* Someone died: the whole call tells. */
		if (__builtin_expect(__atomic_load_n(&kmq_ring_control_of(ring)->deaths, __ATOMIC_RELAXED) !=
				     half->deaths, 0))
			return 0;
		half->limit = limit;
	}
	record = kmq_ring_record_of(ring, at, half->mask);
	/* Once, since it is another's. */
	*size = __atomic_load_n(&record->word, __ATOMIC_RELAXED);
	*end = at + kmq_ring_record_bytes(*size);
	if (__builtin_expect(half->end != at || *size >= half->ceiling || (int64_t)(limit - *end) < 0 ||
			     record->sequence != half->sequence, 0))
		return 0;
	return record;
}

/* Private: 1; or 0, and nothing was claimed. */
static inline int kmq_ring_peek_fast(struct kmq_ring *ring, struct kmq_ring_part *part)
{
	struct kmq_ring_record *record;
	uint64_t end;
	uint32_t size;

	record = kmq_ring_find_fast(ring, &size, &end);
	if (__builtin_expect(!record, 0))
		return 0;
	ring->consumer.end = end;
	part->data = record + 1;
	part->size = size;
	part->flags = 0;
	part->sequence = ring->consumer.sequence;
	part->lost = 0;
	return 1;
}

/** kmq_ring_try_peek() - as kmq_ring_peek(), never sleeps. EAGAIN: none there */
static inline int kmq_ring_try_peek(struct kmq_ring *ring, struct kmq_ring_part *part)
{
	struct kmq_ring_part slow;

	if (__builtin_expect(kmq_ring_peek_fast(ring, part), 1))
		return 0;
	/* Not @part itself, which can stay in registers if nobody asks for its address. */
	if (kmq_ring_try_peek_slow(ring, &slow))
		return -1;
	*part = slow;
	return 0;
}

/* Private: the record before this one, which begins here, is done with. As kmq_ring_release(). */
static inline int kmq_ring_pass(struct kmq_ring *ring, uint64_t end, uint64_t sequence)
{
	struct kmq_ring_half *half = &ring->consumer;
	struct kmq_ring_consumers *consumers = kmq_ring_consumers_of(ring);
	uint64_t wake;

	half->at = end;
	half->sequence = sequence;
	__atomic_store_n(KMQ_RING_WORD64(consumers->expected), sequence, __ATOMIC_RELAXED);
	/* A: the reading before tail. */
	__atomic_store_n(KMQ_RING_WORD64(consumers->tail), end, __ATOMIC_RELEASE);
	/* D: tail before the look at producer_wake, by the sleeper's barrier. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	wake = __atomic_load_n(KMQ_RING_WORD64(kmq_ring_control_of(ring)->producer_wake), __ATOMIC_RELAXED);
	if (__builtin_expect((int64_t)(end - wake) >= 0, 0))
		return kmq_ring_wake_slow(ring, KMQ_RING_PRODUCERS);
	return 0;
}

static inline int kmq_ring_release(struct kmq_ring *ring)
{
	struct kmq_ring_half *half = &ring->consumer;
	uint64_t end = half->end;

	if (__builtin_expect(end == half->at, 0))
		return kmq_ring_release_slow(ring);
	return kmq_ring_pass(ring, end, half->sequence + 1);
}

#ifdef __cplusplus
}
#endif

#endif /* KMQ_RING_H */
