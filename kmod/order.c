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
#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/rbtree_augmented.h>
#include <linux/string.h>

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
 * A stretch of the delivery order: from the message with @oldest of the priority
 * @highest to that with @newest of @lowest, whether or not there are such.
 */
struct kmq_span {
	u32 highest;
	u32 lowest;
	u64 oldest;
	u64 newest;
};

static inline bool kmq_starts_after(const struct kmq_span *span,
				    const struct kmq_slot *slot)
{
	if (slot->priority != span->highest)
		return slot->priority > span->highest;
	return slot->sequence < span->oldest;
}

static inline bool kmq_ends_before(const struct kmq_span *span,
				   const struct kmq_slot *slot)
{
	if (slot->priority != span->lowest)
		return slot->priority < span->lowest;
	return slot->sequence > span->newest;
}

/* How far into @span @slot is: by priority or, where that is one, by arrival. */
static inline u64 kmq_span_depth(const struct kmq_span *span,
				 const struct kmq_slot *slot)
{
	if (span->highest != span->lowest)
		return span->highest - slot->priority;
	return slot->sequence - span->oldest;
}

/* How deep @span is at its end. */
static inline u64 kmq_span_width(const struct kmq_span *span)
{
	if (span->highest != span->lowest)
		return span->highest - span->lowest;
	return span->newest - span->oldest;
}

/* Of @span, the depths that are @first to @last without their low @shift bits. */
static struct kmq_span kmq_span_parts(const struct kmq_span *span, int shift,
				      u32 first, u32 last)
{
	u64 from = (u64)first << shift;
	u64 to = ((u64)last << shift) + (BIT_ULL(shift) - 1);
	struct kmq_span parts = *span;

	to = min_t(u64, to, kmq_span_width(span));
	if (span->highest != span->lowest) {
		parts.highest = span->highest - from;
		parts.lowest = span->highest - to;
	} else {
		parts.oldest = span->oldest + from;
		parts.newest = span->oldest + to;
	}
	return parts;
}

/**
 * struct kmq_search - how far kmq_order_at() has come
 * @span: where the message is
 * @position: how many in @span are before it
 * @alone: it is the only one in @span
 * @done: the pass has nothing more to learn
 * @shift: what makes of a depth in @span the number of one of its parts
 * @last: no part after this one has the message
 * @head: of @span, what is still to be met
 * @met: messages up to the end of @last
 * @counts: those, by part
 * @found: the message
 */
struct kmq_search {
	struct kmq_span span;
	u32 position;
	bool alone;
	bool done;
	int shift;
	u32 last;
	struct kmq_span head;
	u32 met;
	u32 counts[256];
	struct kmq_slot *found;
};

static void kmq_search_begin(struct kmq_search *search)
{
	u64 width = kmq_span_width(&search->span);

	search->done = false;
	search->shift = width > 255 ? fls64(width) - 8 : 0;
	search->last = width >> search->shift;
	search->head = search->span;
	search->met = 0;
	memset(search->counts, 0, sizeof(search->counts));
}

/*
 * As many were met as are before the message, and more. So it is in the part
 * where the count passes @position, or an earlier one: what is after that part
 * need not be met, nor what is in it, once it is known not to be alone there.
 */
static void kmq_search_shorten(struct kmq_search *search)
{
	u32 last = search->last;
	bool crowded;

	while (search->met - search->counts[last] > search->position)
		search->met -= search->counts[last--];
	search->last = last;
	crowded = search->counts[last] > 1;
	search->done = crowded && !last;	/* nothing is before it */
	if (!search->done)
		search->head = kmq_span_parts(&search->span, search->shift, 0,
					      last - crowded);
}

/* @slot is in @head. */
static inline void kmq_search_meet(struct kmq_search *search,
				   struct kmq_slot *slot)
{
	if (search->alone) {
		search->found = slot;
		search->done = true;
		return;
	}
	search->counts[kmq_span_depth(&search->span, slot) >> search->shift]++;
	if (++search->met > search->position)
		kmq_search_shorten(search);
}

static void kmq_search_run(struct kmq_search *search, struct kmq_slot *run)
{
	struct kmq_slot *slot = run;

	if (kmq_starts_after(&search->head, run->older))
		return;
	do {
		if (kmq_ends_before(&search->head, slot))
			return;
		if (!kmq_starts_after(&search->head, slot))
			kmq_search_meet(search, slot);
		slot = slot->newer;
	} while (slot != run && !search->done);
}

/* @node, or NULL if all in its subtree are after @head. */
static inline struct rb_node *kmq_search_under(const struct kmq_search *search,
					       struct rb_node *node)
{
	if (!node || kmq_ends_before(&search->head,
				     kmq_slot_of(node)->bounds.best))
		return NULL;
	return node;
}

/* Which run comes after @node: parents first, then what is left, then right. */
static struct rb_node *kmq_search_next(const struct kmq_search *search,
				       struct rb_node *node)
{
	struct rb_node *next = kmq_search_under(search, node->rb_left);
	struct rb_node *parent;

	if (!next)
		next = kmq_search_under(search, node->rb_right);
	for (; !next && (parent = rb_parent(node)); node = parent)
		if (node == parent->rb_left)
			next = kmq_search_under(search, parent->rb_right);
	return next;
}

/* Find the message where it is alone in @span, else cut @span to a part of it. */
static void kmq_search_pass(struct kmq_search *search,
			    const struct kmq_order *order)
{
	struct rb_node *node = order->runs.rb_node;
	u32 left;

	kmq_search_begin(search);
	for (; node && !search->done; node = kmq_search_next(search, node))
		kmq_search_run(search, kmq_slot_of(node));
	if (search->alone)
		return;
	left = search->counts[search->last];
	search->position -= search->met - left;
	search->alone = left == 1;
	search->span = kmq_span_parts(&search->span, search->shift,
				      search->last, search->last);
}

/* kmq_order_at() among many runs, and not the first of all. */
static struct kmq_slot *kmq_order_search(const struct kmq_order *order,
					 u32 position, u64 newest)
{
	const struct kmq_slot *root = kmq_slot_of(order->runs.rb_node);
	struct kmq_search search;

	search.span.highest = root->bounds.best->priority;
	search.span.lowest = 0;
	search.span.oldest = root->bounds.oldest->sequence;
	search.span.newest = newest;
	search.position = position;
	search.alone = false;
	search.found = NULL;
	do
		kmq_search_pass(&search, order);
	while (!search.alone);
	kmq_search_pass(&search, order);
	return search.found;
}

/**
 * kmq_order_at() - the message at a place in delivery order, of all types
 * @order: of the queue
 * @position: how many are before it
 * @count: messages in @order
 * @newest: sequence that none of them is above
 *
 * The order by priority and arrival is kept nowhere, so the message is searched
 * for: in a stretch of that order which has it, at first the whole. A pass through
 * the messages counts how many are in each 256th of the stretch, and so finds out
 * which 256th is the next stretch; the last pass gets the only one that is left.
 *
 * Nothing is written to any message, and a pass meets each at most once: not those
 * of whole subtrees and of the ends of runs that are after the stretch or, as far
 * as counted, after the message, so that what is soon to be delivered is soon
 * found. It takes one pass for each 8 bits that are needed to tell apart the
 * priorities in the queue (from 0), then the sequences from the oldest to @newest,
 * and the last one: 3 where 65536 were sent in a row with priority 0, 5 with any
 * priorities, 11 at the most, in a queue that has its oldest message since 2^56
 * others. O(1) for the first, O(@position) where there is one run.
 *
 * Return: the message, which stays where it is, or NULL, at once.
 */
struct kmq_slot *kmq_order_at(const struct kmq_order *order, u64 position,
			      u32 count, u64 newest)
{
	const struct rb_node *root = order->runs.rb_node;
	struct kmq_slot *slot;

	if (position >= count)
		return NULL;
	slot = kmq_slot_of(root)->bounds.best;
	if (!position)
		return slot;
	if (root->rb_left || root->rb_right)
		return kmq_order_search(order, position, newest);
	while (position--)
		slot = slot->newer;
	return slot;
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
