/* SPDX-License-Identifier: GPL-2.0-only */
/* What the hub finds its queues by: a key in a space, and the id. */
#ifndef _KMQ_KEY_H
#define _KMQ_KEY_H

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <linux/kmq.h>

#include "queue.h"

struct kmq_share;
struct xarray;

/**
 * struct kmq_address - a key, and what a new queue of this key is to heed
 * @space: 1 to KMQ_SPACE_MAX
 * @size: bytes of @key; 0: without a key
 * @key: of the queue
 * @most_queues: of the space; 0: any number
 * @weight: of the new queue
 * @most_weight: of all that its user has made in the space; 0: any
 * @refused: out, with -EDQUOT: enum kmq_refused
 */
struct kmq_address {
	u32 space;
	u32 size;
	u8 key[KMQ_KEY_MAX];
	u32 most_queues;
	u64 weight;
	u64 most_weight;
	u32 refused;
};

/**
 * struct kmq_key - of one queue; constant while that is found by it
 * @by_key: among all
 * @queue: whose it is
 * @share: of who made the queue
 * @weight: in @share
 * @space: 1 to KMQ_SPACE_MAX
 * @index: in the space, as long as the queue is counted there
 * @size: bytes; 0: nothing finds the queue but its id
 * @bytes: of the key
 */
struct kmq_key {
	struct hlist_node by_key;
	struct kmq_queue *queue;
	struct kmq_share *share;
	u64 weight;
	u32 space;
	u32 index;
	u32 size;
	u8 bytes[];
};

struct kmq_key *kmq_key_new(const struct kmq_address *address);
struct kmq_queue *kmq_key_find(const struct kmq_address *address);
int kmq_key_affords(struct kmq_address *address);
int kmq_key_enter(struct kmq_queue *queue, struct kmq_address *address);
void kmq_key_publish(struct kmq_queue *queue);
void kmq_key_hide(struct kmq_queue *queue);
void kmq_key_unpublish(struct kmq_queue *queue);
void kmq_key_leave(struct kmq_queue *queue);
u32 kmq_space_queues(u32 space);
struct xarray *kmq_space_indexes(u32 space);

int kmq_place_reserve(u32 id);
void kmq_places_free(void);

/* Bytes of its key that others may know of: 0 once it has been given up. */
static inline u32 kmq_key_size(const struct kmq_queue *queue)
{
	return READ_ONCE(queue->deferred) ? 0 : queue->key->size;
}

/*
 * The table by id: a message by the hub pays for a look at it, and so it is two
 * loads deep. Queues whose ids differ by KMQ_PLACES contend for a place, and
 * who comes second gets another id.
 */
#define KMQ_PLACES	32768u
#define KMQ_PAGE_PLACES	512u

struct kmq_places {
	struct kmq_queue __rcu *at[KMQ_PAGE_PLACES];
};

/* Each is set once, from NULL, and freed when nobody can look any more. */
extern struct kmq_places *kmq_pages[KMQ_PLACES / KMQ_PAGE_PLACES];

/**
 * kmq_place_find() - the queue of the hub with this id
 * @id: any number
 *
 * Context: RCU reader, preemption disabled.
 * Return: the queue, whose last reference may be gone; or NULL.
 */
static inline struct kmq_queue *kmq_place_find(u32 id)
{
	const u32 place = id % KMQ_PLACES;
	/* Set by kmq_place_reserve(), zeroed before: address dependency. */
	struct kmq_places *page = READ_ONCE(kmq_pages[place / KMQ_PAGE_PLACES]);
	struct kmq_queue *queue;

	if (unlikely(!page))
		return NULL;
	queue = rcu_dereference_sched(page->at[place % KMQ_PAGE_PLACES]);
	/* @id stays as it is from before the publication to the very end. */
	return likely(queue && queue->id == id) ? queue : NULL;
}

#endif /* _KMQ_KEY_H */
