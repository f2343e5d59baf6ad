/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A queue: its settings, what lies in it, the ledger.
 *
 * Locking, outermost first:
 *
 *	queue->set_lock (mutex)     one change of its settings at a time
 *	  queue->pool.charging (mutex) what the slots of it are charged with;
 *	                            outside kmq_quota_lock and pool.lock alone
 *	  kmq_registry_lock (mutex) names, nodes, @descriptors, @published
 *	  kmq_quota_lock (mutex)    what each user is charged with; leaf
 *	    queue->lock (spinlock)  everything marked so below
 *	      events (event.c)      what is to be told to listeners; leaf
 *	  queue->pool.lock          free slots; leaf
 *	leases->lock (spinlock)     of one descriptor; leaf
 *	queue->holders_lock (spinlock) who has it open; outside leases->lock
 *
 * Nothing that sleeps or touches user memory happens under queue->lock, and no
 * task is woken under it but by the signal of a registration (notify.c): whoever
 * changes the queue collects what there is to
 * wake in a struct kmq_wakeups and does it after the unlock (wait.c).
 *
 * References: the registry holds one on each queue that has not been removed,
 * each open file description one, each call by the hub one. The hub finds a queue
 * without a lock and takes its reference if there is still one to be had: so the
 * struct itself is freed a grace period after its last.
 *
 * The functions kmq_queue_*() move messages between the states of the ledger.
 * Those that take a queue want queue->lock held; at every unlock
 *
 *	sent = received + queued + leased + dropped + purged
 */
#ifndef _KMQ_QUEUE_H
#define _KMQ_QUEUE_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/kmq.h>

#include "message.h"
#include "order.h"

struct fasync_struct;
struct kmq_account;
struct kmq_histograms;
struct kmq_key;
struct kmq_node;
struct kmq_permit;
struct kmq_registration;
struct kmq_ring;
struct kmq_subject;
struct pid;

/* What became of messages, ever. Guarded by the queue's lock. */
struct kmq_ledger {
	u64 received;
	u64 dropped;
	u64 purged;
	u64 returned;
	u64 rejected;
	u64 calls;
	u64 replies;
	u64 peak;
};

/**
 * struct kmq_watch - what is watched of a queue, as its owner wants it
 * @high: messages queued and leased; 0: off
 * @low: below @high, 0: off
 * @lease_limit: ms; 0: off
 * @histogram: times are taken
 */
struct kmq_watch {
	u32 high;
	u32 low;
	u32 lease_limit;
	bool histogram;
};

/* What is asked of a permit; as the bits of a mode. */
#define KMQ_MAY_READ	4
#define KMQ_MAY_WRITE	2

/* Why a queue is not quiet (wait.c), whoever sleeps in it or polls. */
#define KMQ_LOUD_REMOVED	BIT(0)
#define KMQ_LOUD_FALLING	BIT(1)	/* somebody hears of it when it has
					 * fallen below @fall
					 */
#define KMQ_LOUD_HISTOGRAM	BIT(2)
#define KMQ_LOUD_NOTIFY		BIT(3)

struct kmq_queue {
	/* Constant from creation on. */
	char name[KMQ_NAME_SIZE];
	u32 id;
	u32 lifetime;
	u32 max_message;
	u64 created;
	/*
	 * A message that fits is not held up by a sleeper whose message does
	 * not.
	 */
	bool overtake;
	/*
	 * Of a queue of the hub: may the caller still do @need, KMQ_MAY_*? 0 or
	 * -EACCES. It is called with @lock held or without, and does not sleep.
	 */
	int (*permits)(const struct kmq_queue *queue, u32 need);
	kuid_t creator_uid;
	kgid_t creator_gid;
	struct kmq_key *key;	/* made through the hub; NULL: elsewhere */
	struct pid *creator;
	struct kmq_account *account;
	struct kref ref;
	/*
	 * KMQ_KIND_RING: what holds its messages, and NULL otherwise. Of what
	 * is below such a queue uses @removed, @pollers and @fasync, and what
	 * the registry guards; ring.h has the rest, with locks of its own.
	 */
	struct kmq_ring *ring;

	struct kmq_pool pool;

	spinlock_t lock;
	/*
	 * Guarded by @lock: what a look at the queue before a message needs,
	 * first. @loud has a reason for every case that is not the plain one,
	 * so that the plain one pays for a single test.
	 */
	bool removed;
	u8 loud;		/* KMQ_LOUD_* */
	struct kmq_order order;
	u32 capacity;
	u32 queued;
	u32 leased;
	u64 bytes;		/* of bodies queued and leased */
	u64 leased_bytes;	/* of those leased */
	u64 byte_limit;
	u64 sequence;		/* of the message accepted last: all ever sent */
	u64 lost;		/* dropped and not yet told to a receiver */
	u32 policy;
	u32 rise;		/* kmq_watch_rise() when it holds so many, */
	u32 fall;		/* kmq_watch_fall() when it holds fewer */
	/*
	 * CLOCK_REALTIME, s, 0: never; the pids are referenced. Of the last
	 * message that came,
	 */
	u64 last_send;
	u64 last_receive;	/* and of the last that went */
	struct pid *last_sender;
	struct pid *last_receiver;
	struct kmq_ledger ledger;
	struct kmq_watch watch;
	bool above;		/* HIGH was told, and LOW was not since */
	bool full;		/* FULL was told, and DRAINED was not since */
	struct kmq_histograms *histograms;	/* while they are on */
	u64 sleeps;		/* waiters ever; the last one's number */
	struct list_head senders;	/* asleep for room, first come first */
	struct list_head receivers;	/* asleep for a message, likewise */
	struct rb_root callers;		/* asleep for a reply, by sequence */
	u32 blocked_senders;
	u32 blocked_receivers;
	u32 blocked_callers;
	struct kmq_registration *registration;	/* to be told of a message */
	struct list_head registrations;	/* it, and outcomes not yet read */

	/* These two have locks of their own; see wait.c about the pairing. */
	wait_queue_head_t pollers;
	struct fasync_struct *fasync;

	struct mutex set_lock;
	/* Guarded by @set_lock. */
	u64 charged;		/* bytes */
	u64 last_change;	/* CLOCK_REALTIME, s; read without it, too */

	/*
	 * Written under kmq_registry_lock and @lock, read under either: who may
	 * see it is asked where events are told.
	 */
	u32 mode;
	kuid_t uid;
	kgid_t gid;
	/* With @key: these, for who has no lock (permit.h). */
	struct kmq_permit __rcu *permit;
	/*
	 * Raised with each new permit: who was granted something and may have
	 * slept since asks again if it differs (kmq_short_put()).
	 */
	u32 generation;

	spinlock_t holders_lock;
	/* Guarded by @holders_lock. */
	struct rb_root holders;	/* open file descriptions, by serial */
	u64 holder_serial;

	/* Guarded by kmq_registry_lock. */
	bool published;
	/* Its name, node and key are gone; read by who describes it, too. */
	bool deferred;
	u32 descriptors;
	struct hlist_node by_name;
	struct kmq_node *node;

	struct rcu_head rcu;	/* once there is no reference */
};

struct kmq_queue *kmq_queue_new(const struct kmq_create *settings, kuid_t uid,
				kgid_t gid);
void kmq_queue_free(struct kmq_queue *queue);
void kmq_queue_subject(const struct kmq_queue *queue,
		       struct kmq_subject *subject);

bool kmq_queue_can_drop(const struct kmq_queue *queue, u32 size);

/*
 * The transitions on a message's way through an idle queue are inline: each is
 * a few instructions, and a message makes four of them.
 */

/* True if a message of @size bytes fits now. */
static inline bool kmq_queue_admits(const struct kmq_queue *queue, u32 size)
{
	lockdep_assert_held(&queue->lock);
	return queue->queued + queue->leased < queue->capacity &&
	       queue->bytes + size <= queue->byte_limit;
}

/*
 * True if a send of any legal size would neither sleep nor fail for room. Then
 * nobody sleeps for room either: his message would fit.
 */
static inline bool kmq_queue_writable(const struct kmq_queue *queue)
{
	lockdep_assert_held(&queue->lock);
	if (queue->policy == KMQ_POLICY_DROP_NEWEST ||
	    queue->policy == KMQ_POLICY_DROP_OLDEST)
		return true;
	return kmq_queue_admits(queue, queue->max_message);
}

/* -> in hand: gets its place among all messages of the queue. */
static inline void kmq_queue_accept(struct kmq_queue *queue,
				    struct kmq_slot *slot, u64 now)
{
	lockdep_assert_held(&queue->lock);
	slot->sequence = ++queue->sequence;
	slot->time = now;
}

static inline void kmq_queue_enter(struct kmq_queue *queue,
				   struct kmq_slot *slot)
{
	queue->queued++;
	queue->bytes += slot->size;
}

void kmq_watch_rise(struct kmq_queue *queue);
void kmq_watch_fall(struct kmq_queue *queue);

/* To be called when messages have come in, before the unlock. */
static inline void kmq_queue_note_peak(struct kmq_queue *queue)
{
	if (unlikely(queue->queued + queue->leased >= queue->rise))
		kmq_watch_rise(queue);
}

/*
 * To be called when messages have gone, and those have come that waited for
 * the room, before the unlock. A quiet queue has nothing to tell.
 */
static inline void kmq_queue_note_left(struct kmq_queue *queue)
{
	lockdep_assert_held(&queue->lock);
	if (unlikely(queue->queued + queue->leased < queue->fall))
		kmq_watch_fall(queue);
}

static inline void kmq_queue_leave(struct kmq_queue *queue,
				   struct kmq_slot *slot)
{
	kmq_order_remove(&queue->order, slot);
	queue->queued--;
	queue->bytes -= slot->size;
}

/* In hand -> queued, behind all of its priority. */
static inline void kmq_queue_push(struct kmq_queue *queue,
				   struct kmq_slot *slot)
{
	lockdep_assert_held(&queue->lock);
	kmq_order_append(&queue->order, slot);
	kmq_queue_enter(queue, slot);
}

/* In hand -> received or leased: a receiver was waiting for it. */
static inline void kmq_queue_pass(struct kmq_queue *queue,
				  struct kmq_slot *slot, bool lease)
{
	lockdep_assert_held(&queue->lock);
	if (!lease) {
		queue->ledger.received++;
		return;
	}
	queue->leased++;
	queue->bytes += slot->size;
	queue->leased_bytes += slot->size;
	kmq_queue_note_peak(queue);
}

/* Queued -> received or leased. */
static inline void kmq_queue_take(struct kmq_queue *queue,
				  struct kmq_slot *slot, bool lease)
{
	lockdep_assert_held(&queue->lock);
	kmq_queue_leave(queue, slot);
	kmq_queue_pass(queue, slot, lease);
}

void kmq_queue_untake(struct kmq_queue *queue, struct kmq_slot *slot,
		      bool leased);
void kmq_queue_restore(struct kmq_queue *queue, struct kmq_slot *slot);
void kmq_queue_settle(struct kmq_queue *queue, struct kmq_slot *slot);
void kmq_queue_drop(struct kmq_queue *queue, struct kmq_slot *slot);
void kmq_queue_drop_newest(struct kmq_queue *queue);
void kmq_queue_purge(struct kmq_queue *queue, struct kmq_slot *slot);
void kmq_queue_forfeit(struct kmq_queue *queue, struct kmq_slot *slot);

#endif /* _KMQ_QUEUE_H */
