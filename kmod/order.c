// SPDX-License-Identifier: GPL-2.0-only
/*
 * The order of the queued messages.
 *
 * Delivery is by priority, then arrival, among the messages that a receiver
 * selects by type. Every selection is answered in O(log n) by one tree:
 *
 * - A node of the tree is a *run*: messages of one type and one priority in
 *   order of arrival. The first leads: it sits in the tree, the others follow
 *   it in a circle. So a queue that is used as a plain FIFO has a tree of one
 *   node, and sending and receiving are list operations.
 * - The tree is sorted by type, then falling priority, then the leader's
 *   sequence. All of one type is contiguous, its next message first.
 * - Each node knows of its subtree the message to deliver first (@best) and
 *   the one that arrived first (@oldest): an augmented tree in the sense of
 *   Documentation/core-api/rbtree.rst. The root knows it of the whole queue.
 *
 * A message that comes back (a lease that was not confirmed, a receive that
 * faulted) becomes a run of its own, which nobody ever joins. This keeps runs
 * from overlapping. A message comes back only after it was taken, and what is
 * taken leads its run; so it is older than all that is left of that run, and
 * than all that joins it later. (Or it was handed to a receiver that slept for
 * it, at a time when nothing that the receiver selects, so nothing of its type,
 * was queued.) Hence of one type and priority there is at most
 * one run that can be joined, and it is the last in the tree.
 */
#include <linux/minmax.h>
#include <linux/rbtree_augmented.h>

#include "message.h"
#include "order.h"

static inline struct kmq_slot *kmq_slot_of(const struct rb_node *node)
{
	return rb_entry(node, struct kmq_slot, node);
}

/* True if @a is delivered before @b when both may be. */
static inline bool kmq_precedes(const struct kmq_slot *a,
				const struct kmq_slot *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return a->sequence < b->sequence;
}

/* True if @a stands left of @b in the tree. */
static inline bool kmq_left_of(const struct kmq_slot *a,
			       const struct kmq_slot *b)
{
	if (a->type != b->type)
		return a->type < b->type;
	return kmq_precedes(a, b);
}

static inline void kmq_bounds_merge(struct kmq_bounds *bounds,
				    const struct rb_node *child)
{
	const struct kmq_bounds *other;

	if (!child)
		return;
	other = &kmq_slot_of(child)->bounds;
	if (kmq_precedes(other->best, bounds->best))
		bounds->best = other->best;
	if (other->oldest->sequence < bounds->oldest->sequence)
		bounds->oldest = other->oldest;
}

static inline bool kmq_bounds_compute(struct kmq_slot *slot, bool exit)
{
	struct kmq_bounds bounds = { .best = slot, .oldest = slot };

	kmq_bounds_merge(&bounds, slot->node.rb_left);
	kmq_bounds_merge(&bounds, slot->node.rb_right);
	if (exit && slot->bounds.best == bounds.best &&
	    slot->bounds.oldest == bounds.oldest)
		return true;
	slot->bounds = bounds;
	return false;
}

RB_DECLARE_CALLBACKS(static, kmq_bounds_callbacks, struct kmq_slot, node,
		     bounds, kmq_bounds_compute);

void kmq_order_init(struct kmq_order *order)
{
	order->runs = RB_ROOT;
	order->fresh = NULL;
}

/*
 * Where a run led by @slot belongs: the link to hang it on, its parent, and the
 * run to its left.
 */
static struct rb_node **kmq_order_seek(struct kmq_order *order,
				       const struct kmq_slot *slot,
				       struct rb_node **parent,
				       struct kmq_slot **left)
{
	struct rb_node **link = &order->runs.rb_node;

	*parent = NULL;
	*left = NULL;
	while (*link) {
		struct kmq_slot *here = kmq_slot_of(*link);

		*parent = *link;
		if (kmq_left_of(here, slot)) {
			*left = here;
			link = &(*link)->rb_right;
		} else {
			link = &(*link)->rb_left;
		}
	}
	return link;
}

static void kmq_order_lead(struct kmq_order *order, struct kmq_slot *slot,
			   struct rb_node **link, struct rb_node *parent)
{
	slot->newer = slot;
	slot->older = slot;
	slot->leads = true;
	slot->bounds.best = slot;
	slot->bounds.oldest = slot;
	rb_link_node(&slot->node, parent, link);
	kmq_bounds_callbacks.propagate(parent, NULL);
	rb_insert_augmented(&slot->node, &order->runs, &kmq_bounds_callbacks);
}

/* kmq_order_append() where the short cut does not lead. */
void kmq_order_append_seek(struct kmq_order *order, struct kmq_slot *slot)
{
	struct rb_node **link, *parent;
	struct kmq_slot *run;

	link = kmq_order_seek(order, slot, &parent, &run);
	if (kmq_may_join(run, slot)) {
		kmq_join(run, slot);
		order->fresh = run;
		return;
	}
	slot->restored = false;
	kmq_order_lead(order, slot, link, parent);
	order->fresh = slot;
}

/**
 * kmq_order_restore() - put a message that was taken back at its place
 * @order: of the queue
 * @slot: was in @order before
 */
void kmq_order_restore(struct kmq_order *order, struct kmq_slot *slot)
{
	struct rb_node **link, *parent;
	struct kmq_slot *left;

	slot->restored = true;
	link = kmq_order_seek(order, slot, &parent, &left);
	kmq_order_lead(order, slot, link, parent);
}

/* kmq_order_remove() of one that leads a run among others. */
void kmq_order_remove_leader(struct kmq_order *order, struct kmq_slot *slot,
			     struct kmq_slot *heir)
{
	if (!heir) {
		rb_erase_augmented(&slot->node, &order->runs,
				   &kmq_bounds_callbacks);
		return;
	}
	heir->bounds = slot->bounds;
	rb_replace_node(&slot->node, &heir->node, &order->runs);
	kmq_bounds_callbacks.propagate(&heir->node, NULL);
}

/* The leftmost run whose type is at least @type, or above it. */
static struct kmq_slot *kmq_order_from(const struct kmq_order *order, s64 type)
{
	struct rb_node *node = order->runs.rb_node;
	struct kmq_slot *found = NULL;

	while (node) {
		struct kmq_slot *here = kmq_slot_of(node);

		if (here->type >= type) {
			found = here;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

/* The one of the two that is delivered first; @best may be NULL. */
static inline struct kmq_slot *kmq_better(struct kmq_slot *best,
					  struct kmq_slot *other)
{
	if (!best || kmq_precedes(other, best))
		return other;
	return best;
}

/*
 * The best message of any type but @type: left of its range, then right of it.
 * On the way to the edge of the range, whole subtrees answer by their bounds.
 */
static struct kmq_slot *kmq_order_except(const struct kmq_order *order,
					 s64 type)
{
	struct kmq_slot *best = NULL;
	struct rb_node *node;

	for (node = order->runs.rb_node; node;) {
		struct kmq_slot *here = kmq_slot_of(node);

		if (here->type >= type) {
			node = node->rb_left;
			continue;
		}
		best = kmq_better(best, here);
		if (node->rb_left)
			best = kmq_better(best,
					  kmq_slot_of(node->rb_left)->bounds.best);
		node = node->rb_right;
	}
	for (node = order->runs.rb_node; node;) {
		struct kmq_slot *here = kmq_slot_of(node);

		if (here->type <= type) {
			node = node->rb_right;
			continue;
		}
		best = kmq_better(best, here);
		if (node->rb_right)
			best = kmq_better(best,
					  kmq_slot_of(node->rb_right)->bounds.best);
		node = node->rb_left;
	}
	return best;
}

/*
 * A pairing heap of the runs that kmq_order_at() has still to go through, each
 * there by the first of its messages that was not passed: its next in delivery
 * order is on top. It is threaded through @next (the first child) and @sibling,
 * which a queued message has no other use for. The two heaps may be NULL.
 */
static struct kmq_slot *kmq_heap_meld(struct kmq_slot *a, struct kmq_slot *b)
{
	if (!a || !b)
		return a ?: b;
	if (kmq_precedes(b, a))
		swap(a, b);
	b->sibling = a->next;
	a->next = b;
	return a;
}

static struct kmq_slot *kmq_heap_add(struct kmq_slot *heap,
				     struct kmq_slot *slot)
{
	slot->next = NULL;
	slot->sibling = NULL;
	return kmq_heap_meld(heap, slot);
}

/* Without its top. Pairs of children first, then the pairs: O(log n), amortised. */
static struct kmq_slot *kmq_heap_rest(struct kmq_slot *top)
{
	struct kmq_slot *child = top->next, *pairs = NULL, *heap = NULL;

	while (child) {
		struct kmq_slot *a = child, *b = child->sibling, *pair;

		child = b ? b->sibling : NULL;
		pair = kmq_heap_meld(a, b);
		pair->sibling = pairs;
		pairs = pair;
	}
	while (pairs) {
		struct kmq_slot *pair = pairs;

		pairs = pair->sibling;
		heap = kmq_heap_meld(heap, pair);
	}
	return heap;
}

/**
 * kmq_order_at() - the message at a place in delivery order, of all types
 * @order: of the queue
 * @position: how many are before it
 *
 * The order by priority and arrival is kept nowhere: the runs are merged, as far
 * as @position. O(runs + position * log(runs)), and no more than O(position) where
 * there is one run, as System V's own walk.
 *
 * Return: the message, which stays where it is, or NULL.
 */
struct kmq_slot *kmq_order_at(const struct kmq_order *order, u64 position)
{
	struct kmq_slot *heap = NULL;
	struct rb_node *node;

	for (node = rb_first(&order->runs); node; node = rb_next(node))
		heap = kmq_heap_add(heap, kmq_slot_of(node));
	for (; heap && position; position--) {
		struct kmq_slot *newer = heap->newer;

		heap = kmq_heap_rest(heap);
		if (!newer->leads)
			heap = kmq_heap_add(heap, newer);
	}
	return heap;
}

/* kmq_order_find() for any mode, in a queue that is not empty. */
struct kmq_slot *kmq_order_find_selected(const struct kmq_order *order,
					 const struct kmq_selection *selection)
{
	struct kmq_slot *found;

	switch (selection->mode) {
	case KMQ_SELECT_EQUAL:
		found = kmq_order_from(order, selection->type);
		break;
	case KMQ_SELECT_LOWEST:
		found = kmq_slot_of(rb_first(&order->runs));
		break;
	case KMQ_SELECT_NOT_EQUAL:
		return kmq_order_except(order, selection->type);
	case KMQ_SELECT_POSITION:
		return kmq_order_at(order, selection->type);
	default:
		return kmq_slot_of(order->runs.rb_node)->bounds.best;
	}
	if (!found || !kmq_selects(selection, found->type))
		return NULL;
	return found;
}

/**
 * kmq_order_oldest() - the message that arrived first, whatever its priority
 * @order: of the queue
 *
 * Return: the message, which stays where it is, or NULL.
 */
struct kmq_slot *kmq_order_oldest(const struct kmq_order *order)
{
	if (RB_EMPTY_ROOT(&order->runs))
		return NULL;
	return kmq_slot_of(order->runs.rb_node)->bounds.oldest;
}

static struct kmq_slot *kmq_order_after(const struct kmq_slot *slot)
{
	struct kmq_slot *next = slot->newer;
	struct rb_node *node;

	if (!next->leads)
		return next;
	node = rb_next(&next->node);	/* round to the leader: next run */
	return node ? kmq_slot_of(node) : NULL;
}

/*
 * From @slot on, the first that @selection admits. Types only rise, so at most
 * one range is passed over, and in one step.
 */
static struct kmq_slot *kmq_order_skip(const struct kmq_order *order,
				       struct kmq_slot *slot,
				       const struct kmq_selection *selection)
{
	if (!slot || kmq_selects(selection, slot->type))
		return slot;
	if (selection->mode != KMQ_SELECT_NOT_EQUAL || slot->type == S64_MAX)
		return NULL;
	return kmq_order_from(order, slot->type + 1);
}

/**
 * kmq_order_first() - start a walk by type, priority, arrival
 * @order: of the queue
 * @selection: messages it does not select are passed over
 *
 * O(log n).
 *
 * Return: the first message, or NULL.
 */
struct kmq_slot *kmq_order_first(const struct kmq_order *order,
				 const struct kmq_selection *selection)
{
	struct rb_node *node = rb_first(&order->runs);

	if (selection->mode == KMQ_SELECT_EQUAL)
		return kmq_order_find(order, selection);
	return kmq_order_skip(order, node ? kmq_slot_of(node) : NULL,
			      selection);
}

/**
 * kmq_order_next() - go on with a walk
 * @order: of the queue
 * @slot: where the walk is
 * @selection: as for kmq_order_first()
 *
 * O(log n).
 *
 * Return: the next message, or NULL.
 */
struct kmq_slot *kmq_order_next(const struct kmq_order *order,
				const struct kmq_slot *slot,
				const struct kmq_selection *selection)
{
	return kmq_order_skip(order, kmq_order_after(slot), selection);
}
