// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leases: a receive that the reader must confirm.
 *
 * A leased message belongs to the open file description through which it was
 * received, until that acknowledges it or goes away. The last close, which the
 * end of a process implies, puts it back at its place in the order.
 *
 * A lease enters the tree only when its message has been copied out in full, so
 * that another thread with the same descriptor cannot end it under the copy.
 *
 * Where the queue has a lease limit, a work item per description comes when its
 * oldest lease is due to be overdue. It is set going by whoever adds a lease or
 * sets a limit, both of whom see what the other has done before or are seen: the
 * limit is read under leases->lock, and set before that is taken.
 */
#include <linux/jiffies.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>

#include "event.h"
#include "lease.h"
#include "wait.h"

/* Overdue leases found under one hold of the lock. */
#define KMQ_OVERDUE_CHUNK 16

/* In jiffies; 0: there is none. */
static unsigned long kmq_lease_limit(const struct kmq_leases *leases)
{
	u32 ms = READ_ONCE(leases->queue->watch.lease_limit);

	/* A tick more, since nobody knows how far the first one was. */
	return ms ? msecs_to_jiffies(ms) + 1 : 0;
}

/* Come when the oldest is due. */
static void kmq_leases_await(struct kmq_leases *leases)
{
	unsigned long limit = kmq_lease_limit(leases), age;
	struct kmq_slot *oldest;

	lockdep_assert_held(&leases->lock);
	if (!limit || list_empty(&leases->by_age))
		return;
	oldest = list_first_entry(&leases->by_age, struct kmq_slot, by_age);
	age = jiffies - oldest->leased;
	mod_delayed_work(system_wq, &leases->overdue,
			 age < limit ? limit - age : 0);
}

/* Those that are overdue and were not told; how many. */
static u32 kmq_leases_overdue(struct kmq_leases *leases, u64 *sequences)
{
	unsigned long limit;
	u32 n = 0;

	spin_lock(&leases->lock);
	limit = kmq_lease_limit(leases);
	while (limit && n < KMQ_OVERDUE_CHUNK &&
	       !list_empty(&leases->by_age)) {
		struct kmq_slot *oldest = list_first_entry(&leases->by_age,
							   struct kmq_slot,
							   by_age);

		if (jiffies - oldest->leased < limit)
			break;
		list_del_init(&oldest->by_age);
		sequences[n++] = oldest->sequence;
	}
	kmq_leases_await(leases);
	spin_unlock(&leases->lock);
	return n;
}

static void kmq_leases_work(struct work_struct *work)
{
	struct kmq_leases *leases = container_of(work, struct kmq_leases,
						 overdue.work);
	struct kmq_queue *queue = leases->queue;
	u64 sequences[KMQ_OVERDUE_CHUNK];
	u32 n = kmq_leases_overdue(leases, sequences), i;

	spin_lock(&queue->lock);
	for (i = 0; i < n && !queue->removed; i++)
		kmq_event(queue, KMQ_EVENT_LEASE_OVERDUE, leases->opener,
			  sequences[i]);
	spin_unlock(&queue->lock);
}

/* For a descriptor that `current` opens. Does not sleep. */
void kmq_leases_init(struct kmq_leases *leases, struct kmq_queue *queue)
{
	leases->queue = queue;
	leases->opener = get_pid(task_tgid(current));
	INIT_DELAYED_WORK(&leases->overdue, kmq_leases_work);
	spin_lock_init(&leases->lock);
	leases->tree = RB_ROOT;
	INIT_LIST_HEAD(&leases->by_age);
	leases->count = 0;
}

/* The queue's lease limit is another now. Does not sleep. */
void kmq_leases_watch(struct kmq_leases *leases)
{
	spin_lock(&leases->lock);
	kmq_leases_await(leases);
	spin_unlock(&leases->lock);
}

/**
 * kmq_lease_keep() - let the descriptor hold a message
 * @leases: of the descriptor
 * @slot: received with kmq_want.lease; no longer the caller's
 *
 * Context: does not sleep.
 */
void kmq_lease_keep(struct kmq_leases *leases, struct kmq_slot *slot)
{
	struct rb_node **link = &leases->tree.rb_node, *parent = NULL;
	bool first;

	slot->leased = jiffies;
	spin_lock(&leases->lock);
	while (*link) {
		parent = *link;
		link = slot->sequence < rb_entry(parent, struct kmq_slot,
						 node)->sequence ?
			       &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&slot->node, parent, link);
	rb_insert_color(&slot->node, &leases->tree);
	first = list_empty(&leases->by_age);
	list_add_tail(&slot->by_age, &leases->by_age);
	if (first)
		kmq_leases_await(leases);
	leases->count++;
	spin_unlock(&leases->lock);
}

static struct kmq_slot *kmq_lease_find(const struct kmq_leases *leases,
				       u64 sequence)
{
	struct rb_node *node = leases->tree.rb_node;

	while (node) {
		struct kmq_slot *slot = rb_entry(node, struct kmq_slot, node);

		if (slot->sequence == sequence)
			return slot;
		node = sequence < slot->sequence ? node->rb_left :
						   node->rb_right;
	}
	return NULL;
}

static void kmq_lease_erase(struct kmq_leases *leases, struct kmq_slot *slot)
{
	lockdep_assert_held(&leases->lock);
	rb_erase(&slot->node, &leases->tree);
	list_del(&slot->by_age);
	leases->count--;
}

/* Out of the tree, the caller's again; or NULL. */
static struct kmq_slot *kmq_lease_take(struct kmq_leases *leases, u64 sequence)
{
	struct kmq_slot *slot;

	spin_lock(&leases->lock);
	slot = kmq_lease_find(leases, sequence);
	if (slot)
		kmq_lease_erase(leases, slot);
	spin_unlock(&leases->lock);
	return slot;
}

/**
 * kmq_lease_ack() - the message has been dealt with
 * @leases: of the descriptor
 * @queue: that it came from
 * @sequence: of the message
 *
 * Context: may sleep.
 * Return: 0, or -ESRCH.
 */
int kmq_lease_ack(struct kmq_leases *leases, struct kmq_queue *queue,
		  u64 sequence)
{
	struct kmq_slot *slot = kmq_lease_take(leases, sequence);

	if (!slot)
		return -ESRCH;
	kmq_settle(queue, slot);
	return 0;
}

/**
 * kmq_lease_nack() - the message is for somebody else
 * @leases: of the descriptor
 * @queue: that it came from
 * @sequence: of the message
 *
 * Context: may sleep.
 * Return: 0, or -ESRCH.
 */
int kmq_lease_nack(struct kmq_leases *leases, struct kmq_queue *queue,
		   u64 sequence)
{
	struct kmq_slot *slot = kmq_lease_take(leases, sequence);

	if (!slot)
		return -ESRCH;
	slot->next = NULL;
	kmq_return(queue, slot);
	return 0;
}

/**
 * kmq_leases_end() - the descriptor is gone: put all back
 * @leases: of the descriptor, which nobody uses any more
 *
 * Context: may sleep.
 */
void kmq_leases_end(struct kmq_leases *leases)
{
	struct kmq_slot *chain = NULL;
	struct rb_node *node;

	cancel_delayed_work_sync(&leases->overdue);
	/* Nobody else is here: the lock is for lockdep's eyes, and held briefly. */
	while ((node = rb_last(&leases->tree))) {
		struct kmq_slot *slot = rb_entry(node, struct kmq_slot, node);

		spin_lock(&leases->lock);
		kmq_lease_erase(leases, slot);
		spin_unlock(&leases->lock);
		slot->next = chain;
		chain = slot;
	}
	if (chain)
		kmq_return(leases->queue, chain);
	put_pid(leases->opener);
}
