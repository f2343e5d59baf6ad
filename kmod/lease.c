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
 */
#include "lease.h"
#include "wait.h"

void kmq_leases_init(struct kmq_leases *leases)
{
	spin_lock_init(&leases->lock);
	leases->tree = RB_ROOT;
	leases->count = 0;
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

	spin_lock(&leases->lock);
	while (*link) {
		parent = *link;
		link = slot->sequence < rb_entry(parent, struct kmq_slot,
						 node)->sequence ?
			       &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&slot->node, parent, link);
	rb_insert_color(&slot->node, &leases->tree);
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
 * kmq_leases_return() - the descriptor is gone: put all back
 * @leases: of the descriptor, which nobody uses any more
 * @queue: that they came from
 *
 * Context: may sleep.
 */
void kmq_leases_return(struct kmq_leases *leases, struct kmq_queue *queue)
{
	struct kmq_slot *chain = NULL;
	struct rb_node *node;

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
		kmq_return(queue, chain);
}
