// SPDX-License-Identifier: GPL-2.0-only
/*
 * Order, limits and ledger of one queue. Everything here and in queue.h runs
 * under the queue's lock (but for making and freeing it), never sleeps and
 * never sees user memory. Who waits and who is woken is wait.c's business.
 *
 * The states of an accepted message and what moves it:
 *
 *	           accept
 *	             |
 *	   push      v      pass
 *	queued <-- in hand --> received, or leased
 *	   |         ^  \
 *	   |  untake |   restore: queued again
 *	   |---- take: received, or leased
 *	   |---- drop: dropped        settle:  leased -> received
 *	   `---- purge: purged        forfeit: leased -> purged
 *
 * "In hand" lasts only while the lock is held: the ledger has no column for it.
 */
#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "notify.h"
#include "queue.h"
#include "viewer.h"

/**
 * kmq_queue_new() - make a queue that nobody knows yet
 * @settings: checked, with no zero left where a default applies
 * @uid: owner
 * @gid: group
 *
 * Context: may sleep.
 * Return: the queue with one reference, or ERR_PTR(-ENOMEM).
 */
struct kmq_queue *kmq_queue_new(const struct kmq_create *settings, kuid_t uid,
				kgid_t gid)
{
	struct kmq_queue *queue = kzalloc(sizeof(*queue), GFP_KERNEL_ACCOUNT);

	if (!queue)
		return ERR_PTR(-ENOMEM);
	if (settings->kind == KMQ_KIND_MESSAGE &&
	    kmq_pool_init(&queue->pool, settings->capacity, settings->slots,
			  settings->inline_size)) {
		kfree(queue);
		return ERR_PTR(-ENOMEM);
	}
	strscpy(queue->name, settings->name, sizeof(queue->name));
	queue->creator_uid = current_euid();
	queue->creator_gid = current_egid();
	queue->creator = get_pid(task_tgid(current));
	queue->policy = settings->policy;
	queue->lifetime = settings->lifetime;
	queue->overtake = settings->flags & KMQ_CREATE_OVERTAKE;
	queue->max_message = settings->max_message;
	queue->mode = settings->mode;
	queue->uid = uid;
	queue->gid = gid;
	queue->capacity = settings->capacity;
	queue->byte_limit = settings->byte_limit;
	queue->rise = 1;
	queue->created = ktime_get_ns();
	queue->last_change = ktime_get_real_seconds();
	kref_init(&queue->ref);
	spin_lock_init(&queue->lock);
	spin_lock_init(&queue->holders_lock);
	mutex_init(&queue->set_lock);
	kmq_order_init(&queue->order);
	INIT_LIST_HEAD(&queue->senders);
	INIT_LIST_HEAD(&queue->receivers);
	INIT_LIST_HEAD(&queue->registrations);
	queue->callers = RB_ROOT;
	init_waitqueue_head(&queue->pollers);
	return queue;
}

/**
 * kmq_queue_free() - free a queue without references
 * @queue: empty: it was retired, or never seen
 *
 * Context: may sleep.
 */
void kmq_queue_free(struct kmq_queue *queue)
{
	kmq_pool_destroy(&queue->pool);
	kmq_notify_free(queue);
	mutex_destroy(&queue->set_lock);
	put_pid(queue->creator);
	put_pid(queue->last_sender);
	put_pid(queue->last_receiver);
	kfree(queue->histograms);
	kfree(queue->key);
	/* Without a reference nobody reads it. */
	kfree(rcu_access_pointer(queue->permit));
	/* The hub may be looking at its id and its count (key.c). */
	kfree_rcu(queue, rcu);
}

/*
 * Who may see it. Under the queue's lock or the registry's, either of which
 * keeps owner and mode as they are. What has no name nobody can read but who was
 * given a descriptor, unless the hub leads to it.
 */
void kmq_queue_subject(const struct kmq_queue *queue,
		       struct kmq_subject *subject)
{
	subject->uid = queue->uid;
	subject->gid = queue->gid;
	subject->mode = *queue->name || queue->key ? queue->mode :
						     queue->mode & 0700;
}

/* Received or leased -> in hand: the receiver could not keep it. */
void kmq_queue_untake(struct kmq_queue *queue, struct kmq_slot *slot,
		      bool leased)
{
	lockdep_assert_held(&queue->lock);
	if (!leased) {
		queue->ledger.received--;
		return;
	}
	queue->leased--;
	queue->bytes -= slot->size;
	queue->leased_bytes -= slot->size;
}

/*
 * In hand -> queued, at its old place. A message whose receiver failed may find
 * that its room was taken meanwhile; it is let in all the same.
 */
void kmq_queue_restore(struct kmq_queue *queue, struct kmq_slot *slot)
{
	lockdep_assert_held(&queue->lock);
	kmq_order_restore(&queue->order, slot);
	kmq_queue_enter(queue, slot);
	kmq_queue_note_peak(queue);
}

/* Leased -> received. */
void kmq_queue_settle(struct kmq_queue *queue, struct kmq_slot *slot)
{
	kmq_queue_untake(queue, slot, true);
	queue->ledger.received++;
}

/* True if a message of @size bytes would fit into the queue without the queued. */
bool kmq_queue_can_drop(const struct kmq_queue *queue, u32 size)
{
	lockdep_assert_held(&queue->lock);
	return queue->leased < queue->capacity &&
	       queue->leased_bytes + size <= queue->byte_limit;
}

/* Queued -> dropped, by policy. */
void kmq_queue_drop(struct kmq_queue *queue, struct kmq_slot *slot)
{
	lockdep_assert_held(&queue->lock);
	kmq_queue_leave(queue, slot);
	queue->ledger.dropped++;
	queue->lost++;
}

/* A message that policy takes from its sender and drops at once. */
void kmq_queue_drop_newest(struct kmq_queue *queue)
{
	lockdep_assert_held(&queue->lock);
	queue->sequence++;	/* accepted: its place stays empty */
	queue->ledger.dropped++;
	queue->lost++;
}

/* Queued -> purged. */
void kmq_queue_purge(struct kmq_queue *queue, struct kmq_slot *slot)
{
	lockdep_assert_held(&queue->lock);
	kmq_queue_leave(queue, slot);
	queue->ledger.purged++;
}

/* Leased -> purged: it has no queue to come back to. */
void kmq_queue_forfeit(struct kmq_queue *queue, struct kmq_slot *slot)
{
	kmq_queue_untake(queue, slot, true);
	queue->ledger.purged++;
}
