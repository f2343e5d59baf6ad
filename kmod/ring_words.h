/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words of a shared ring, as the kernel reads and writes them: the protocol
 * of <linux/kmq_ring.h>, one party of which is the kernel itself. Pure: nothing
 * here waits, wakes, allocates or touches user memory, and nothing here is
 * believed: what processes can write is loaded once and checked, and each call's
 * work is bounded by the size of the ring, whatever the words say.
 *
 * -EUCLEAN anywhere: the ring is inconsistent, and the caller marks it broken.
 *
 * The kernel is one producer and one consumer. The caller serialises
 *	- reserve: SPSC, BROADCAST: until commit or discard. MPSC, MPMC: the call
 *	  alone; several reservations may be open
 *	- claim until release or unclaim (BROADCAST: of the same reader), and
 *	  release itself
 * and sees to it that each attachment is repaired once, before its id, or what
 * its mode has only one of, is another's. All else may run beside anything: no
 * repair waits for the kernel's own producer or consumer, nor for a process.
 *
 * A walk over a large ring takes long, and lets others run meanwhile: claim,
 * peek, readable, reserve, subscribe, ledger and the repairs are called from where
 * one may sleep. All else is for anywhere.
 *
 * After reserve, claim, release, unclaim and the repairs the caller asks
 * kmq_words_kicked() for each side, and wakes whom it says.
 */
#ifndef _KMQ_RING_WORDS_H
#define _KMQ_RING_WORDS_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/kmq_ring.h>

/**
 * struct kmq_words - a ring as mapped by the kernel
 * @control: page 0
 * @consumers: page 1
 * @producers: page 2
 * @data: 2 * @size bytes, the second half the same memory as the first
 * @size: bytes, a power of two
 * @mode: enum kmq_ring_mode
 * @max_message: bytes, with its header at most half of @size
 * @first_sequence: see struct kmq_ring_control
 * @first_position: likewise
 * @kicks: by enum kmq_ring_side: somebody there is to be woken
 *
 * All but @kicks is constant: the kernel keeps its own copy of what it wrote into
 * page 0.
 */
struct kmq_words {
	struct kmq_ring_control *control;
	struct kmq_ring_consumers *consumers;
	struct kmq_ring_producers *producers;
	u8 *data;
	u64 size;
	u32 mode;
	u32 max_message;
	u64 first_sequence;
	u64 first_position;
	u32 kicks[4];
};

/**
 * kmq_words_kicked() - is a wake-up due that no other result tells?
 * @words: of the ring
 * @side: who may sleep
 *
 * LOCK sides: the kernel has given the lock back. It always takes one as
 * CONTENDED, since it knows who sleeps: to look there costs no system call.
 *
 * KMQ_RING_CONSUMERS: a claim of the kernel's left something for others (MPMC;
 * what consumer_wake says is seen to), or unclaim gave a record back. As
 * KMQ_IOC_RING_WAKE: if there is an orphan, someone is woken whatever his number.
 *
 * KMQ_RING_PRODUCERS: tail was moved although nothing was released, and
 * producer_wake says that someone waits for it.
 *
 * Return: true once, to one who asks.
 */
static inline bool kmq_words_kicked(struct kmq_words *words,
				    enum kmq_ring_side side)
{
	return READ_ONCE(words->kicks[side]) && xchg(&words->kicks[side], 0);
}

/**
 * struct kmq_room - a reservation of the kernel's
 * @position: of the record
 * @sequence: its number
 * @size: bytes of body
 * @body: where to write it
 */
struct kmq_room {
	u64 position;
	u64 sequence;
	u8 *body;
	u32 size;
};

/**
 * struct kmq_found - a record that the kernel reads
 * @position: of the record
 * @end: position behind it
 * @sequence: its number, as loaded once
 * @lost: BROADCAST: records overwritten before it
 * @size: bytes of body, checked
 * @redelivered: a consumer that died had claimed it
 * @body: what to read; written by others meanwhile if they are hostile, and in
 *	BROADCAST mode by honest ones
 */
struct kmq_found {
	u64 position;
	u64 end;
	u64 sequence;
	u64 lost;
	const u8 *body;
	u32 size;
	bool redelivered;
};

/**
 * struct kmq_reader - where one reader of a BROADCAST ring is
 * @next: position
 * @expected: sequence number
 */
struct kmq_reader {
	u64 next;
	u64 expected;
};

/**
 * struct kmq_ring_ledger - the counts of struct kmq_info that lie in the ring
 */
struct kmq_ring_ledger {
	u64 sent;
	u64 received;
	u64 queued;
	u64 dropped;
	u64 abandoned;
	u64 bytes;
};

/*
 * Writes the first state of all three pages, which are zero. @words has all but
 * first_* and what is behind. @first_position is a multiple of KMQ_RING_ALIGN.
 */
void kmq_words_init(struct kmq_words *words, u32 page_size, u64 first_sequence,
		    u64 first_position);

/*
 * Producing. The caller has seen to it that the mode allows the kernel to be a
 * producer.
 *
 * reserve: 0; -EAGAIN: no room (never in BROADCAST mode); -EINPROGRESS: a
 * process holds the lock: sleep while kmq_words_contend(). @wake: out, with
 * -EAGAIN: the position of tail to wait for. -EMSGSIZE.
 * commit: makes it readable. @sequence: out: its number, for the look at
 * consumer_wake, which is after a full barrier.
 * discard: SPSC, BROADCAST: nothing was there. MPSC, MPMC: the look at
 * consumer_wake is with the @sequence of the room.
 */
int kmq_words_reserve(struct kmq_words *words, u32 size, struct kmq_room *room,
		      u64 *wake);
void kmq_words_commit(struct kmq_words *words, const struct kmq_room *room,
		      u64 *sequence);
void kmq_words_discard(struct kmq_words *words, const struct kmq_room *room);

/*
 * Consuming, likewise. @reader: BROADCAST; else NULL.
 *
 * claim: 0; -EAGAIN: nothing there, @wake: out: sequence number to wait for;
 * -EINPROGRESS: as above.
 * peek: as claim, without taking (MPSC, MPMC without the lock: what it says may
 * be over when it returns; the body must not be read).
 * release: the record is read. MPMC: -EINPROGRESS: not yet, the lock is held; to
 * be called again. BROADCAST: -ESTALE: it was overwritten meanwhile and what was
 * read is void; the next claim goes on behind it and tells it as lost. @tail: out:
 * for the look at producer_wake, which is after a full barrier.
 * claim_before: claims the next one if its number is before @end, and else is
 * -EAGAIN, for which there is nothing to wait. Not in BROADCAST mode.
 * unclaim: the record could not be read, and is to be found again before later
 * ones (MPSC, MPMC: it is an orphan until then).
 */
int kmq_words_claim(struct kmq_words *words, struct kmq_reader *reader,
		    struct kmq_found *found, u64 *wake);
int kmq_words_claim_before(struct kmq_words *words, u64 end,
			   struct kmq_found *found);
int kmq_words_peek(struct kmq_words *words, const struct kmq_reader *reader,
		   struct kmq_found *found);
int kmq_words_release(struct kmq_words *words, struct kmq_reader *reader,
		      const struct kmq_found *found, u64 *tail);
int kmq_words_unclaim(struct kmq_words *words, struct kmq_reader *reader,
		      const struct kmq_found *found);

/*
 * BROADCAST: a reader that begins with the next record. For an attachment, its
 * cursor is then to be set, before the attachment can be mapped. -EAGAIN: the
 * producer is too fast; try again.
 */
int kmq_words_subscribe(struct kmq_words *words, struct kmq_reader *reader);
void kmq_words_set_cursor(struct kmq_words *words, u32 id,
			  const struct kmq_reader *reader);

/*
 * Is any claim ORPHANED? For WAIT: to give a record back changes no word that a
 * consumer sleeps at. Who looked before and sleeps after would miss it.
 */
bool kmq_words_has_orphan(const struct kmq_words *words);

/*
 * May @id be given to a new attachment? Not while an orphan that it left is not
 * yet consumed: the new one could not write its own claim.
 */
bool kmq_words_id_is_free(const struct kmq_words *words, u32 id);

/*
 * For poll: 1, 0, -EUCLEAN. @id: whose claim or cursor counts (attachments), or
 * KMQ_RING_KERNEL. An attachment that holds a claim has a record. Writable: a
 * record of max_message has room, and nobody holds the lock (which is CONTENDED
 * then: the poller is to be woken as a sleeper for the lock is, too).
 */
int kmq_words_readable(struct kmq_words *words, u32 id,
		       const struct kmq_reader *reader);
int kmq_words_writable(struct kmq_words *words);

/* Does what has been published want a wake-up? Called after a full barrier. */
static inline bool kmq_words_wakes_consumers(const struct kmq_words *words,
					     u64 sequence)
{
	return (s64)(sequence - READ_ONCE(words->control->consumer_wake)) >= 0;
}

static inline bool kmq_words_wakes_producers(const struct kmq_words *words,
					     u64 tail)
{
	return (s64)(tail - READ_ONCE(words->control->producer_wake)) >= 0;
}

/**
 * struct kmq_repair - what the end of an attachment left behind
 * @abandoned: records
 * @held: it held a lock, a reservation or a claim
 */
struct kmq_repair {
	u64 abandoned;
	bool held;
};

/*
 * RECOVERY of <linux/kmq_ring.h>; @id writes no more. Neither waits for anyone.
 * @repair is zero before the first of them, and both add to it; the caller adds
 * to control.abandoned and control.deaths, and wakes everyone, whatever the wake
 * words say. The locks that the dead one held are free in any case; kicked.
 */
int kmq_words_repair_producer(struct kmq_words *words, u32 id,
			      struct kmq_repair *repair);
int kmq_words_repair_consumer(struct kmq_words *words, u32 id,
			      struct kmq_repair *repair);

/* Consistent if nobody works meanwhile, a good estimate if someone does. */
int kmq_words_ledger(struct kmq_words *words, struct kmq_ring_ledger *ledger);

/*
 * The last look before sleeping for a lock: true if it is held, and CONTENDED
 * now, so that its holder will wake. False: try again (the word is free, or has
 * changed too often).
 */
bool kmq_words_contend(struct kmq_words *words, enum kmq_ring_side lock);

/*
 * Id that a lock word names, 0 for none. If it is neither KMQ_RING_KERNEL nor an
 * attachment's (which may be dead and not repaired yet), the ring is
 * inconsistent: nobody would ever wake.
 */
u32 kmq_words_lock_holder(const struct kmq_words *words,
			  enum kmq_ring_side lock);

#endif /* _KMQ_RING_WORDS_H */
