/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A ring: what a queue of KMQ_KIND_RING has in place of slots and order. Its
 * words are ring_words.c's business; who may do what, when, and who sleeps and
 * is woken, is decided here, in ring_wait.c and by the two doors: ring_file.c
 * (read, write and ioctl) and attachment.c (mmap).
 *
 * Locking, outermost first:
 *
 *	ring->door[] (mutex)	of a side: the kernel's producers are one party,
 *				in turn, and so are its consumers. Taken
 *				interruptibly and held while a body is copied
 *				from or to user memory, straight into or out of
 *				the ring, as pipe_write() holds the pipe's.
 *				Never held asleep for room or records. The
 *				consumers' is taken before the producers'.
 *	  mmap_lock		by the faults of such a copy
 *	    ring->words_lock[] (mutex)	of a side: one call into ring_words.c at
 *				a time, which may walk the whole ring. Never
 *				held across a copy or a sleep, since the end of
 *				an attachment takes it under mmap_lock.
 *	      ring->lock (spinlock)	who sleeps, who is attached, what was told;
 *				a leaf but for the locks of waking a task and
 *				of starting a timer
 *
 * queue->lock is taken inside words_lock at most, for an event, and never
 * together with ring->lock. None is shared with a
 * process: the locks in the ring are words, which the kernel tries for a bounded
 * time and then sleeps for as a process does, interruptibly.
 *
 * Why nobody sleeps who could go on: a sleeper lowers the wake word of its side
 * under ring->lock, passes barrier C or D of <linux/kmq_ring.h>, and looks once
 * more at what it waits for. Whoever changes that afterwards sees the wake word
 * and comes to kmq_ring_wake(), by KMQ_IOC_RING_WAKE or by itself; that takes
 * ring->lock, and so finds the sleeper. A poller is a sleeper that lowers the wake
 * word below everything and leaves it there ("armed") until it has been told.
 * Where a wake-up is for one sleeper of several, that one either takes what it
 * was woken for or wakes the next (kmq_ring_pass()). A producer that has room
 * may be left asleep for more of it, but not for long (kmq_ring_defer()).
 *
 * The end of an attachment, a new exclusive party, the removal and the break of
 * a ring wake everyone.
 */
#ifndef _KMQ_RING_H
#define _KMQ_RING_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/kmq_netlink.h>
#include <linux/kmq_ring.h>

#include "moment.h"
#include "ring_words.h"

struct hrtimer;
struct kmq_create;
struct kmq_info;
struct kmq_patience;
struct kmq_queue;
struct kmq_sleeping;
struct page;
struct pid;

#define KMQ_RING_SIDES 2	/* CONSUMERS and PRODUCERS, without their locks */

struct kmq_ring {
	/* Constant from creation on. */
	struct kmq_queue *queue;
	struct page **pages;	/* as mapped: those of the data twice */
	u32 data_pages;

	struct mutex door[KMQ_RING_SIDES];
	struct mutex words_lock[KMQ_RING_SIDES];

	/* Constant but for what words_lock guards. */
	struct kmq_words words;

	/* Guarded by words_lock[KMQ_RING_CONSUMERS]. */
	bool owes;		/* a process held the lock when the kernel was */
	struct kmq_found owed;	/* done with this record of its claim */
	u64 purged;

	spinlock_t lock;
	/* Guarded by @lock; @error and @parties are read without it, too. */
	int error;		/* 0, -EIDRM, -EUCLEAN */
	u64 ids;		/* of attachments, until they are repaired */
	u32 attachments;
	u32 parties[KMQ_RING_SIDES];	/* attachments of that side */
	struct list_head sleepers[4];	/* by enum kmq_ring_side */
	u32 asleep[4];
	bool armed[KMQ_RING_SIDES];	/* for pollers */
	u64 armed_tail;		/* where tail was when PRODUCERS was armed */
	u32 lowered[KMQ_RING_SIDES];	/* times the wake word was lowered, */
	u32 fenced[KMQ_RING_SIDES];	/* and a barrier passed since */
	u64 rejected;
	u64 sleeps;		/* sleepers ever; the last one's number */
};

/* One party at a time, or one kind of them. */
static inline bool kmq_ring_exclusive(const struct kmq_ring *ring,
				      enum kmq_ring_side side)
{
	u32 mode = ring->words.mode;

	if (side == KMQ_RING_PRODUCERS)
		return mode == KMQ_RING_SPSC || mode == KMQ_RING_BROADCAST;
	return mode == KMQ_RING_SPSC || mode == KMQ_RING_MPSC;
}

/*
 * True if a mapped party excludes the kernel's. It cannot become true while the
 * caller holds the door.
 */
static inline bool kmq_ring_taken(const struct kmq_ring *ring,
				  enum kmq_ring_side side)
{
	return kmq_ring_exclusive(ring, side) && READ_ONCE(ring->parties[side]);
}

static inline bool kmq_ring_broadcasts(const struct kmq_ring *ring)
{
	return ring->words.mode == KMQ_RING_BROADCAST;
}

/* Its life. ring.c */
u64 kmq_ring_charge(u64 size);
struct kmq_ring *kmq_ring_new(struct kmq_queue *queue,
			      const struct kmq_create *settings);
void kmq_ring_free(struct kmq_ring *ring);
void kmq_ring_retire(struct kmq_ring *ring);
int kmq_ring_break(struct kmq_ring *ring);
void kmq_ring_fill(struct kmq_ring *ring, struct kmq_info *info);

/* Its parties. ring.c */
int kmq_ring_enter(struct kmq_ring *ring, u32 flags, u32 *id);
void kmq_ring_leave(struct kmq_ring *ring, u32 flags, u32 id,
		    struct pid *opener);
void kmq_ring_lock_freed(struct kmq_ring *ring);
int kmq_ring_release_claim(struct kmq_ring *ring, struct kmq_reader *reader,
			   const struct kmq_found *found, u64 *tail);
int kmq_ring_settle(struct kmq_ring *ring);
int kmq_ring_subscribe(struct kmq_ring *ring, struct kmq_reader *reader);
int kmq_ring_check_holder(struct kmq_ring *ring, enum kmq_ring_side lock);

/**
 * struct kmq_sleeper - somebody asleep in a ring, on its own stack
 * @side: what for
 * @wake: sequence number or position to be woken at; not for a lock
 * @word: of the ring: what a process looked at; NULL for a call of the kernel's
 * @expected: what it saw there
 * @id: of its attachment, or KMQ_RING_KERNEL
 * @ended: of that; NULL for a call of the kernel's
 * @reader: BROADCAST, the kernel's: where it reads; a copy, since others may
 *	read on through the same file
 * @node: in ring->sleepers; empty when not there
 * @task: who
 * @serial: among all who ever slept in the ring
 * @since: when it joined
 * @timer: PRODUCERS: until when it is left asleep, if @deferred
 * @enough: and the position that it is left asleep for
 * @realtime: its deadline is of CLOCK_REALTIME
 * @obeys: PRODUCERS: it does not join while the policy is to reject
 * @deferred: there was room for it, but not much; guarded by ring->lock
 * @due: by @timer; release and acquire
 * @woken: by kmq_ring_wake() or one of its kin; likewise
 */
struct kmq_sleeper {
	enum kmq_ring_side side;
	u64 wake;
	const u32 *word;
	u32 expected;
	u32 id;
	const bool *ended;
	struct kmq_reader reader;
	struct list_head node;
	struct task_struct *task;
	u64 serial;
	struct kmq_moment since;
	struct hrtimer *timer;
	u64 enough;
	bool realtime;
	bool obeys;
	bool deferred;
	bool due;
	bool woken;
};

/* Its sleepers and pollers. ring_wait.c */
u32 kmq_ring_sleepers(struct kmq_ring *ring, enum kmq_sleep sleep, u64 after,
		      u64 last, struct kmq_sleeping *rows, u32 count);
u64 kmq_ring_sleepers_last(struct kmq_ring *ring);
int kmq_ring_sleep(struct kmq_ring *ring, struct kmq_sleeper *sleeper,
		   u64 deadline);
void kmq_ring_wake(struct kmq_ring *ring, enum kmq_ring_side side);
void kmq_ring_wake_all(struct kmq_ring *ring, enum kmq_ring_side side);
void kmq_ring_wake_everyone(struct kmq_ring *ring, __poll_t events);
void kmq_ring_kicks(struct kmq_ring *ring);
void kmq_ring_committed(struct kmq_ring *ring, u64 sequence);
void kmq_ring_released(struct kmq_ring *ring, u64 tail);
void kmq_ring_pass(struct kmq_ring *ring);
void kmq_ring_init_wake(struct kmq_ring *ring);
void kmq_ring_arm(struct kmq_ring *ring, enum kmq_ring_side side);
__poll_t kmq_ring_poll(struct kmq_ring *ring, struct file *file,
		       poll_table *table, u32 sides, u32 id,
		       const struct kmq_reader *reader);

#endif /* _KMQ_RING_H */
