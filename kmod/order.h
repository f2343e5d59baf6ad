/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The order of the queued messages, indexed by type. Pure: no lock, no
 * allocation, no sleep; the caller holds the queue's lock throughout. The unit
 * tests compile it in user space.
 */
#ifndef _KMQ_ORDER_H
#define _KMQ_ORDER_H

#include <linux/rbtree_augmented.h>
#include <linux/types.h>
#include <linux/kmq.h>

#include "message.h"

/**
 * struct kmq_order - messages by (type, priority falling, sequence)
 * @runs: tree of runs, see order.c
 * @fresh: the run that took the latest arrival, or NULL; a short cut
 */
struct kmq_order {
	struct rb_root runs;
	struct kmq_slot *fresh;
};

/**
 * struct kmq_selection - which messages a receiver may take
 * @mode: enum kmq_select, never KMQ_SELECT_FILTER; KMQ_SELECT_POSITION for
 *	kmq_peek() only, which asks kmq_order_at()
 * @type: what @mode compares with
 */
struct kmq_selection {
	u32 mode;
	s64 type;
};

static inline bool kmq_selects(const struct kmq_selection *selection, s64 type)
{
	switch (selection->mode) {
	case KMQ_SELECT_EQUAL:
		return type == selection->type;
	case KMQ_SELECT_NOT_EQUAL:
		return type != selection->type;
	case KMQ_SELECT_LOWEST:
		return type <= selection->type;
	default:
		return true;
	}
}

void kmq_order_init(struct kmq_order *order);
void kmq_order_append_seek(struct kmq_order *order, struct kmq_slot *slot);
void kmq_order_restore(struct kmq_order *order, struct kmq_slot *slot);
void kmq_order_remove_leader(struct kmq_order *order, struct kmq_slot *slot,
			     struct kmq_slot *heir);

struct kmq_slot *kmq_order_find_selected(const struct kmq_order *order,
					 const struct kmq_selection *selection);
struct kmq_slot *kmq_order_at(const struct kmq_order *order, u64 position,
			      u32 count, u64 newest);
struct kmq_slot *kmq_order_oldest(const struct kmq_order *order);
struct kmq_slot *kmq_order_first(const struct kmq_order *order,
				 const struct kmq_selection *selection);
struct kmq_slot *kmq_order_next(const struct kmq_order *order,
				const struct kmq_slot *slot,
				const struct kmq_selection *selection);

/* True if @slot, just arrived, belongs at the end of @run, which may be NULL. */
static inline bool kmq_may_join(const struct kmq_slot *run,
				const struct kmq_slot *slot)
{
	return run && run->type == slot->type &&
	       run->priority == slot->priority && !run->restored;
}

static inline void kmq_join(struct kmq_slot *run, struct kmq_slot *slot)
{
	slot->leads = false;
	slot->newer = run;
	slot->older = run->older;
	run->older->newer = slot;
	run->older = slot;
}

/* @slot, just arrived, is the only run there is: what is most often received. */
static inline void kmq_order_begin(struct kmq_order *order,
				   struct kmq_slot *slot)
{
	slot->newer = slot;
	slot->older = slot;
	slot->leads = true;
	slot->restored = false;
	slot->bounds.best = slot;
	slot->bounds.oldest = slot;
	rb_link_node(&slot->node, NULL, &order->runs.rb_node);
	/* All that there is to balance of one node. */
	rb_set_parent_color(&slot->node, NULL, RB_BLACK);
	order->fresh = slot;
}

/**
 * kmq_order_append() - add a message that has just arrived
 * @order: of the queue
 * @slot: its sequence is above all that were ever appended
 */
static inline void kmq_order_append(struct kmq_order *order,
				    struct kmq_slot *slot)
{
	if (likely(kmq_may_join(order->fresh, slot)))
		kmq_join(order->fresh, slot);
	else if (RB_EMPTY_ROOT(&order->runs))
		kmq_order_begin(order, slot);
	else
		kmq_order_append_seek(order, slot);
}

/* Out of the circle; the second of the run, or NULL. */
static inline struct kmq_slot *kmq_run_leave(struct kmq_slot *slot)
{
	struct kmq_slot *heir = slot->newer;

	if (heir == slot)
		return NULL;
	heir->older = slot->older;
	slot->older->newer = heir;
	return heir;
}

/* @heir, which may be NULL, takes the place of the only run there is. */
static inline void kmq_order_inherit(struct kmq_order *order,
				     struct kmq_slot *heir)
{
	if (!heir) {
		order->runs.rb_node = NULL;
		return;
	}
	/* A root without parent or children, and black, as all roots are. */
	heir->node = *order->runs.rb_node;
	heir->bounds.best = heir;
	heir->bounds.oldest = heir;
	order->runs.rb_node = &heir->node;
}

/**
 * kmq_order_remove() - take a message out
 * @order: of the queue
 * @slot: any message in it; one that will be restored must have come from
 *	kmq_order_find()
 */
static inline void kmq_order_remove(struct kmq_order *order,
				    struct kmq_slot *slot)
{
	struct kmq_slot *heir = kmq_run_leave(slot);

	if (unlikely(!slot->leads))
		return;
	if (order->fresh == slot)
		order->fresh = heir;
	if (heir) {
		heir->leads = true;
		heir->restored = false;
	}
	if (likely(order->runs.rb_node == &slot->node && !slot->node.rb_left &&
		   !slot->node.rb_right))
		kmq_order_inherit(order, heir);
	else
		kmq_order_remove_leader(order, slot, heir);
}

/**
 * kmq_order_find() - the message that a receiver is to be given
 * @order: of the queue
 * @selection: what the receiver asks for
 *
 * O(log n); O(1) for KMQ_SELECT_ANY, and where the best of all is of the type that
 * is asked for.
 *
 * Return: the message, which stays where it is, or NULL.
 */
static inline struct kmq_slot *
kmq_order_find(const struct kmq_order *order,
	       const struct kmq_selection *selection)
{
	struct kmq_slot *best;

	if (RB_EMPTY_ROOT(&order->runs))
		return NULL;
	best = rb_entry(order->runs.rb_node, struct kmq_slot, node)->bounds.best;
	if (likely(selection->mode == KMQ_SELECT_ANY))
		return best;
	if (likely(selection->mode == KMQ_SELECT_EQUAL &&
		   best->type == selection->type))
		return best;
	return kmq_order_find_selected(order, selection);
}

#endif /* _KMQ_ORDER_H */
