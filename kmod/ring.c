// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ring's memory, its parties, and what is done when one of them is gone.
 *
 * The id of an attachment is given back when it has been repaired, but is not
 * given out again before the orphan it may have left is consumed. That is read
 * from the ring: who lies about it takes ids from this ring's others only.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "event.h"
#include "queue.h"
#include "ring.h"
#include "trace.h"
#include "wait.h"

/* Sequence numbers are told to receivers, and are from 1 everywhere. */
#define KMQ_RING_FIRST_SEQUENCE 1
#define KMQ_RING_FIRST_POSITION 0

/* Times that a release may find the lock taken, and free a moment later. */
#define KMQ_RELEASE_TRIES 1000

static u32 kmq_ring_pages(u32 data_pages)
{
	return KMQ_RING_DATA_PAGE + data_pages;
}

static u32 kmq_ring_mapped_pages(u32 data_pages)
{
	return KMQ_RING_DATA_PAGE + 2 * data_pages;
}

/* Bytes that a ring of @size bytes of data takes. */
u64 kmq_ring_charge(u64 size)
{
	u32 data_pages = size >> PAGE_SHIFT;

	return sizeof(struct kmq_ring) +
	       (u64)kmq_ring_pages(data_pages) * PAGE_SIZE +
	       (u64)kmq_ring_mapped_pages(data_pages) * sizeof(struct page *);
}

static void kmq_ring_free_pages(struct kmq_ring *ring)
{
	u32 i, count = kmq_ring_pages(ring->data_pages);

	for (i = 0; i < count && ring->pages[i]; i++)
		__free_page(ring->pages[i]);
	kvfree(ring->pages);
}

static int kmq_ring_alloc_pages(struct kmq_ring *ring)
{
	u32 n = ring->data_pages, i;

	ring->pages = kvcalloc(kmq_ring_mapped_pages(n), sizeof(*ring->pages),
			       GFP_KERNEL_ACCOUNT);
	if (!ring->pages)
		return -ENOMEM;
	for (i = 0; i < kmq_ring_pages(n); i++) {
		ring->pages[i] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO |
					    __GFP_NOWARN);
		if (!ring->pages[i])
			goto free;
		if (i >= KMQ_RING_DATA_PAGE)
			ring->pages[i + n] = ring->pages[i];
		cond_resched();
	}
	return 0;
free:
	kmq_ring_free_pages(ring);
	return -ENOMEM;
}

/* One range of addresses: the control pages, and the data twice. */
static int kmq_ring_map(struct kmq_ring *ring)
{
	struct kmq_words *words = &ring->words;
	u8 *base;

	base = vmap(ring->pages, kmq_ring_mapped_pages(ring->data_pages),
		    VM_MAP, PAGE_KERNEL);
	if (!base)
		return -ENOMEM;
	words->control = (void *)base;
	words->consumers = (void *)(base + KMQ_RING_CONSUMERS_PAGE * PAGE_SIZE);
	words->producers = (void *)(base + KMQ_RING_PRODUCERS_PAGE * PAGE_SIZE);
	words->data = base + KMQ_RING_DATA_PAGE * PAGE_SIZE;
	return 0;
}

static void kmq_ring_init_locks(struct kmq_ring *ring)
{
	u32 i;

	/* One by one, so that lockdep tells the sides apart. */
	mutex_init(&ring->door[KMQ_RING_CONSUMERS]);
	mutex_init(&ring->door[KMQ_RING_PRODUCERS]);
	mutex_init(&ring->words_lock[KMQ_RING_CONSUMERS]);
	mutex_init(&ring->words_lock[KMQ_RING_PRODUCERS]);
	spin_lock_init(&ring->lock);
	for (i = 0; i < ARRAY_SIZE(ring->sleepers); i++)
		INIT_LIST_HEAD(&ring->sleepers[i]);
}

/**
 * kmq_ring_new() - make the ring of a queue that nobody knows yet
 * @queue: to hang it at
 * @settings: checked, with no zero left where a default applies
 *
 * Context: may sleep.
 * Return: the ring, for kmq_ring_free(); or ERR_PTR(-ENOMEM).
 */
struct kmq_ring *kmq_ring_new(struct kmq_queue *queue,
			      const struct kmq_create *settings)
{
	struct kmq_ring *ring = kzalloc(sizeof(*ring), GFP_KERNEL_ACCOUNT);

	if (!ring)
		return ERR_PTR(-ENOMEM);
	BUILD_BUG_ON(sizeof(struct kmq_ring_consumers) > PAGE_SIZE);
	ring->queue = queue;
	ring->data_pages = settings->byte_limit >> PAGE_SHIFT;
	ring->words.size = settings->byte_limit;
	ring->words.mode = settings->ring_mode;
	ring->words.max_message = settings->max_message;
	kmq_ring_init_locks(ring);
	if (kmq_ring_alloc_pages(ring))
		goto free;
	if (kmq_ring_map(ring))
		goto pages;
	kmq_words_init(&ring->words, PAGE_SIZE, KMQ_RING_FIRST_SEQUENCE,
		       KMQ_RING_FIRST_POSITION);
	kmq_ring_init_wake(ring);
	return ring;
pages:
	kmq_ring_free_pages(ring);
free:
	kfree(ring);
	return ERR_PTR(-ENOMEM);
}

/* Free a ring without references: nobody has it mapped. May sleep. */
void kmq_ring_free(struct kmq_ring *ring)
{
	if (!ring)
		return;
	vunmap(ring->words.control);
	kmq_ring_free_pages(ring);
	kfree(ring);
}

/* End it for all of its parties with @err; once for each kind of end. */
static void kmq_ring_end(struct kmq_ring *ring, u32 flag, int err)
{
	struct kmq_ring_control *control = ring->words.control;

	spin_lock(&ring->lock);
	if (control->flags & flag) {
		spin_unlock(&ring->lock);
		return;
	}
	/* Removed is the last word. */
	if (ring->error != -EIDRM)
		WRITE_ONCE(ring->error, err);
	WRITE_ONCE(control->flags, control->flags | flag);
	spin_unlock(&ring->lock);
	if (flag == KMQ_RING_BROKEN) {
		kmq_event_unlocked(ring->queue, KMQ_EVENT_BROKEN, NULL, 0);
		kmq_trace(ring_broken, ring->queue, 0, 0, 0);
	}
	kmq_ring_wake_everyone(ring, EPOLLHUP | EPOLLERR);
}

/**
 * kmq_ring_retire() - end the ring of a queue that nobody can find any more
 * @ring: whose lock is not held
 *
 * Everyone asleep in it is woken with -EIDRM and every later call gets that. The
 * memory stays until the last descriptor and mapping are gone, marked.
 *
 * Context: does not sleep.
 */
void kmq_ring_retire(struct kmq_ring *ring)
{
	struct kmq_queue *queue = ring->queue;

	spin_lock(&queue->lock);
	queue->removed = true;
	spin_unlock(&queue->lock);
	kmq_ring_end(ring, KMQ_RING_REMOVED, -EIDRM);
}

/**
 * kmq_ring_break() - the ring was found inconsistent
 * @ring: whose lock is not held
 *
 * Context: does not sleep.
 * Return: -EUCLEAN, always.
 */
int kmq_ring_break(struct kmq_ring *ring)
{
	kmq_ring_end(ring, KMQ_RING_BROKEN, -EUCLEAN);
	return -EUCLEAN;
}

/* What kmq_info tells of a ring. May sleep. */
void kmq_ring_fill(struct kmq_ring *ring, struct kmq_info *info)
{
	struct mutex *lock = &ring->words_lock[KMQ_RING_CONSUMERS];
	struct kmq_ring_ledger ledger;

	mutex_lock(lock);
	if (kmq_words_ledger(&ring->words, &ledger)) {
		/* Nothing adds up any more, and nothing is told. */
		kmq_ring_break(ring);
		ledger = (struct kmq_ring_ledger){};
	} else {
		info->purged = ring->purged;
	}
	mutex_unlock(lock);
	info->kind = KMQ_KIND_RING;
	info->ring_mode = ring->words.mode;
	info->byte_limit = ring->words.size;
	info->sent = ledger.sent;
	info->received = ledger.received - info->purged;
	info->queued = ledger.queued;
	info->dropped = ledger.dropped;
	info->abandoned = ledger.abandoned;
	info->bytes = ledger.bytes;

	spin_lock(&ring->lock);
	info->rejected = ring->rejected;
	info->blocked_senders = ring->asleep[KMQ_RING_PRODUCERS];
	info->blocked_receivers = ring->asleep[KMQ_RING_CONSUMERS];
	info->attachments = ring->attachments;
	info->deaths = ring->words.control->deaths;
	info->ring_flags = ring->words.control->flags & KMQ_RING_BROKEN;
	spin_unlock(&ring->lock);
}

/* An id that nothing in the ring names, or 0. */
static u32 kmq_ring_free_id(const struct kmq_ring *ring)
{
	u32 id;

	lockdep_assert_held(&ring->lock);
	for (id = KMQ_RING_KERNEL + 1; id < KMQ_RING_IDS; id++)
		if (!(ring->ids & BIT_ULL(id)) &&
		    kmq_words_id_is_free(&ring->words, id))
			return id;
	return 0;
}

/* The flag of an attachment that is of a side. */
static const u32 kmq_ring_party[KMQ_RING_SIDES] = {
	[KMQ_RING_CONSUMERS] = KMQ_RING_CONSUMER,
	[KMQ_RING_PRODUCERS] = KMQ_RING_PRODUCER,
};

/*
 * The doors that a party of @flags must find empty: a read() or write() that is
 * at work is waited for. One that sleeps loses its place.
 */
static bool kmq_ring_needs_door(const struct kmq_ring *ring, u32 flags,
				enum kmq_ring_side side)
{
	return flags & kmq_ring_party[side] && kmq_ring_exclusive(ring, side);
}

static int kmq_ring_lock_doors(struct kmq_ring *ring, u32 flags)
{
	bool first = kmq_ring_needs_door(ring, flags, KMQ_RING_CONSUMERS);

	if (first &&
	    mutex_lock_interruptible(&ring->door[KMQ_RING_CONSUMERS]))
		return -ERESTARTSYS;
	if (!kmq_ring_needs_door(ring, flags, KMQ_RING_PRODUCERS) ||
	    !mutex_lock_interruptible(&ring->door[KMQ_RING_PRODUCERS]))
		return 0;
	if (first)
		mutex_unlock(&ring->door[KMQ_RING_CONSUMERS]);
	return -ERESTARTSYS;
}

static void kmq_ring_unlock_doors(struct kmq_ring *ring, u32 flags)
{
	if (kmq_ring_needs_door(ring, flags, KMQ_RING_PRODUCERS))
		mutex_unlock(&ring->door[KMQ_RING_PRODUCERS]);
	if (kmq_ring_needs_door(ring, flags, KMQ_RING_CONSUMERS))
		mutex_unlock(&ring->door[KMQ_RING_CONSUMERS]);
}

static int kmq_ring_admit(struct kmq_ring *ring, u32 flags, u32 *id)
{
	enum kmq_ring_side side;

	lockdep_assert_held(&ring->lock);
	if (ring->error)
		return ring->error;
	for (side = KMQ_RING_CONSUMERS; side <= KMQ_RING_PRODUCERS; side++)
		if (flags & kmq_ring_party[side] && kmq_ring_taken(ring, side))
			return -EBUSY;
	*id = kmq_ring_free_id(ring);
	if (!*id)
		return -EDQUOT;
	ring->ids |= BIT_ULL(*id);
	ring->attachments++;
	for (side = KMQ_RING_CONSUMERS; side <= KMQ_RING_PRODUCERS; side++)
		if (flags & kmq_ring_party[side])
			WRITE_ONCE(ring->parties[side],
				   ring->parties[side] + 1);
	return 0;
}

/**
 * kmq_ring_subscribe() - a reader that begins with the next record
 * @ring: BROADCAST
 * @reader: out
 *
 * Context: may sleep.
 * Return: 0, -EUCLEAN, -ERESTARTSYS.
 */
int kmq_ring_subscribe(struct kmq_ring *ring, struct kmq_reader *reader)
{
	int err;

	for (;;) {
		err = kmq_words_subscribe(&ring->words, reader);
		if (err != -EAGAIN)
			return err ? kmq_ring_break(ring) : 0;
		/* The producer was faster. */
		if (signal_pending(current))
			return -ERESTARTSYS;
		cond_resched();
	}
}

/* Where a BROADCAST consumer begins; before it is told its id. */
static int kmq_ring_set_cursor(struct kmq_ring *ring, u32 flags, u32 id)
{
	struct kmq_reader reader;
	int err;

	if (!kmq_ring_broadcasts(ring) || !(flags & KMQ_RING_CONSUMER))
		return 0;
	err = kmq_ring_subscribe(ring, &reader);
	if (!err)
		kmq_words_set_cursor(&ring->words, id, &reader);
	return err;
}

/**
 * kmq_ring_enter() - a party wants to map the ring
 * @ring: none of whose locks is held
 * @flags: KMQ_RING_PRODUCER, KMQ_RING_CONSUMER
 * @id: out: for kmq_ring_leave()
 *
 * Context: may sleep.
 * Return: 0, -EBUSY, -EDQUOT, -EIDRM, -EUCLEAN, -ERESTARTSYS.
 */
int kmq_ring_enter(struct kmq_ring *ring, u32 flags, u32 *id)
{
	enum kmq_ring_side side;
	int err;

	err = kmq_ring_lock_doors(ring, flags);
	if (err)
		return err;
	spin_lock(&ring->lock);
	err = kmq_ring_admit(ring, flags, id);
	spin_unlock(&ring->lock);
	kmq_ring_unlock_doors(ring, flags);
	if (err)
		return err;
	kmq_trace(ring_attach, ring->queue, *id, flags,
		  READ_ONCE(ring->attachments));
	err = kmq_ring_set_cursor(ring, flags, *id);
	if (err) {
		kmq_ring_leave(ring, flags, *id, NULL);
		return err;
	}
	/* Whoever sleeps in read() or write() is told EBUSY. */
	for (side = KMQ_RING_CONSUMERS; side <= KMQ_RING_PRODUCERS; side++)
		if (kmq_ring_needs_door(ring, flags, side))
			kmq_ring_wake_all(ring, side);
	return 0;
}

/**
 * kmq_ring_release_claim() - the kernel is done with what it claimed
 * @ring: whose consumers' words_lock is held
 * @reader: BROADCAST; else NULL
 * @found: what it was
 * @tail: out: for kmq_ring_released()
 *
 * Context: does not sleep.
 * Return: 0; -ESTALE; -EINPROGRESS: a process holds the consumers' lock and will
 * wake, or so many take turns with it that the next claim may try as well;
 * -EUCLEAN.
 */
int kmq_ring_release_claim(struct kmq_ring *ring, struct kmq_reader *reader,
			   const struct kmq_found *found, u64 *tail)
{
	u32 tries;
	int err;

	lockdep_assert_held(&ring->words_lock[KMQ_RING_CONSUMERS]);
	for (tries = 0; tries < KMQ_RELEASE_TRIES; tries++) {
		err = kmq_words_release(&ring->words, reader, found, tail);
		if (err != -EINPROGRESS ||
		    kmq_words_contend(&ring->words, KMQ_RING_CONSUMERS_LOCK))
			break;
	}
	return err;
}

/**
 * kmq_ring_settle() - give back what the kernel claimed last
 * @ring: whose consumers' words_lock is held
 *
 * To be called before the next claim.
 *
 * Context: does not sleep.
 * Return: 0; -EINPROGRESS: a process holds the consumers' lock
 * (kmq_words_contend()); -EUCLEAN, with the ring broken.
 */
int kmq_ring_settle(struct kmq_ring *ring)
{
	u64 tail;
	int err;

	lockdep_assert_held(&ring->words_lock[KMQ_RING_CONSUMERS]);
	if (likely(!ring->owes))
		return 0;
	err = kmq_ring_release_claim(ring, NULL, &ring->owed, &tail);
	if (err == -EINPROGRESS)
		return err;
	WRITE_ONCE(ring->owes, false);
	if (err)
		return kmq_ring_break(ring);
	kmq_ring_released(ring, tail);
	return 0;
}

/* The consumers' lock was given back. May sleep, but never for long. */
void kmq_ring_lock_freed(struct kmq_ring *ring)
{
	if (!READ_ONCE(ring->owes))
		return;
	mutex_lock(&ring->words_lock[KMQ_RING_CONSUMERS]);
	kmq_ring_settle(ring);
	mutex_unlock(&ring->words_lock[KMQ_RING_CONSUMERS]);
	kmq_ring_kicks(ring);
}

static void kmq_ring_repair(struct kmq_ring *ring, u32 flags, u32 id,
			    struct kmq_repair *repair)
{
	int err = 0;

	if (flags & KMQ_RING_PRODUCER) {
		mutex_lock(&ring->words_lock[KMQ_RING_PRODUCERS]);
		err = kmq_words_repair_producer(&ring->words, id, repair);
		mutex_unlock(&ring->words_lock[KMQ_RING_PRODUCERS]);
	}
	if (flags & KMQ_RING_CONSUMER) {
		mutex_lock(&ring->words_lock[KMQ_RING_CONSUMERS]);
		err = kmq_words_repair_consumer(&ring->words, id, repair) ?:
		      err;
		mutex_unlock(&ring->words_lock[KMQ_RING_CONSUMERS]);
	}
	if (err)
		kmq_ring_break(ring);
}

static void kmq_ring_tell_leave(const struct kmq_ring *ring, u32 flags, u32 id,
				const struct kmq_repair *repair)
{
	if (repair->held)
		kmq_trace(ring_death, ring->queue, id, flags,
			  READ_ONCE(ring->words.control->deaths));
	if (repair->abandoned)
		kmq_trace(ring_abandon, ring->queue, id, flags,
			  repair->abandoned);
	kmq_trace(ring_detach, ring->queue, id, flags,
		  READ_ONCE(ring->attachments));
}

/**
 * kmq_ring_leave() - a party is gone
 * @ring: none of whose locks is held
 * @flags: as it entered
 * @id: of it; not the caller's any more
 * @opener: who it was, if that may be told; or NULL
 *
 * It cannot write to the ring any more. What it held is repaired before its
 * place is free, and everyone is woken.
 *
 * Context: may sleep, but never for long; under mmap_lock.
 */
void kmq_ring_leave(struct kmq_ring *ring, u32 flags, u32 id,
		    struct pid *opener)
{
	struct kmq_ring_control *control = ring->words.control;
	struct kmq_repair repair = {};
	enum kmq_ring_side side;

	kmq_ring_repair(ring, flags, id, &repair);
	spin_lock(&ring->lock);
	WRITE_ONCE(control->abandoned, control->abandoned + repair.abandoned);
	WRITE_ONCE(control->deaths, control->deaths + repair.held);
	ring->ids &= ~BIT_ULL(id);
	ring->attachments--;
	for (side = KMQ_RING_CONSUMERS; side <= KMQ_RING_PRODUCERS; side++)
		if (flags & kmq_ring_party[side])
			WRITE_ONCE(ring->parties[side],
				   ring->parties[side] - 1);
	spin_unlock(&ring->lock);
	if (repair.held)
		kmq_event_unlocked(ring->queue, KMQ_EVENT_PEER_DIED, opener,
				   id);
	kmq_ring_tell_leave(ring, flags, id, &repair);
	/* It may have held the lock that the kernel could not wait for. */
	kmq_ring_lock_freed(ring);
	kmq_ring_kicks(ring);
	kmq_ring_wake_everyone(ring, 0);
}

/* Is @id somebody who will give a lock back, or whose end will? */
static bool kmq_ring_knows(struct kmq_ring *ring, u32 id)
{
	bool known;

	spin_lock(&ring->lock);
	known = id < KMQ_RING_IDS && ring->ids & BIT_ULL(id);
	spin_unlock(&ring->lock);
	return known;
}

/**
 * kmq_ring_check_holder() - will a lock be given back?
 * @ring: none of whose locks is held
 * @lock: KMQ_RING_PRODUCERS_LOCK or CONSUMERS_LOCK
 *
 * Context: may sleep, but never for long.
 * Return: 0, or -EUCLEAN with the ring broken: nobody holds it, whatever it
 * says.
 */
int kmq_ring_check_holder(struct kmq_ring *ring, enum kmq_ring_side lock)
{
	struct mutex *words_lock = &ring->words_lock[
		lock == KMQ_RING_PRODUCERS_LOCK ? KMQ_RING_PRODUCERS :
						  KMQ_RING_CONSUMERS];
	u32 id = kmq_words_lock_holder(&ring->words, lock);
	bool lost;

	if (!id || kmq_ring_knows(ring, id))
		return 0;
	/*
	 * Under words_lock the kernel itself does not hold it, and nobody is
	 * forgotten who does: a party is repaired before that.
	 */
	mutex_lock(words_lock);
	id = kmq_words_lock_holder(&ring->words, lock);
	lost = id && !kmq_ring_knows(ring, id);
	mutex_unlock(words_lock);
	return lost ? kmq_ring_break(ring) : 0;
}
