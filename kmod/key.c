// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys, spaces, and the table by id.
 *
 * Keys are for who opens: they are looked up under the registry's lock. Ids are
 * for every message, and are looked up without one:
 *
 *	who looks			who ends the queue
 *	preempt_disable()		clear the place
 *	load the place			retire; drop the registry's
 *	take a reference if there	...the last of all: kfree_rcu()
 *	is one left
 *	preempt_enable()
 *
 * The struct is there as long as somebody may be looking at it; who came too
 * late for a reference has seen no queue, and who was in time is told EIDRM by
 * the queue itself.
 *
 * Guarded by kmq_registry_lock, but for the look at a place.
 */
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/jhash.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xarray.h>

#include "key.h"
#include "registry.h"

/**
 * struct kmq_share - what a user has in a space
 * @link: in the space
 * @uid: who, by the real id, as the accounts have it
 * @queues: that he made; it lives while there are any
 * @weight: of these, as he reckons it: it may overflow, to nobody else's harm
 */
struct kmq_share {
	struct list_head link;
	kuid_t uid;
	u32 queues;
	u64 weight;
};

/**
 * struct kmq_space - a space of keys
 * @shares: of those who have queues in it; @next is NULL until the first
 * @queues: in it, those that have given up their key among them
 * @indexes: of these. Each keeps its own while it lives: who walks by them may
 *	remove as he goes, and meets the others all the same
 */
struct kmq_space {
	struct list_head shares;
	u32 queues;
	struct xarray indexes;
};

static DEFINE_HASHTABLE(kmq_by_key, 8);
static struct kmq_space kmq_spaces[KMQ_SPACE_MAX + 1];
static u32 kmq_keyed;	/* in all of them */

struct kmq_places *kmq_pages[KMQ_PLACES / KMQ_PAGE_PLACES];

static u32 kmq_key_hash(u32 space, const u8 *bytes, u32 size)
{
	return jhash(bytes, size, space);
}

/**
 * kmq_key_new() - for a queue that nobody knows yet
 * @address: of the queue
 *
 * Context: may sleep.
 * Return: the key, for kfree(); or NULL.
 */
struct kmq_key *kmq_key_new(const struct kmq_address *address)
{
	struct kmq_key *key = kzalloc(struct_size(key, bytes, address->size),
				      GFP_KERNEL_ACCOUNT);

	if (!key)
		return NULL;
	key->space = address->space;
	key->size = address->size;
	key->weight = address->weight;
	memcpy(key->bytes, address->key, address->size);
	return key;
}

/* The queue of a key; NULL: there is none. Does not sleep. */
struct kmq_queue *kmq_key_find(const struct kmq_address *address)
{
	const u32 hash = kmq_key_hash(address->space, address->key,
				      address->size);
	struct kmq_key *key;

	lockdep_assert_held(&kmq_registry_lock);
	if (!address->size)
		return NULL;
	hash_for_each_possible(kmq_by_key, key, by_key, hash)
		if (key->space == address->space &&
		    key->size == address->size &&
		    !memcmp(key->bytes, address->key, key->size))
			return key->queue;
	return NULL;
}

static struct kmq_space *kmq_space_of(u32 space)
{
	struct kmq_space *found = &kmq_spaces[space];

	lockdep_assert_held(&kmq_registry_lock);
	if (found->shares.next)
		return found;
	INIT_LIST_HEAD(&found->shares);
	xa_init_flags(&found->indexes, XA_FLAGS_ALLOC);
	return found;
}

static struct kmq_share *kmq_share_find(struct kmq_space *space, kuid_t uid)
{
	struct kmq_share *share;

	list_for_each_entry(share, &space->shares, link)
		if (uid_eq(share->uid, uid))
			return share;
	return NULL;
}

static struct kmq_share *kmq_share_get(struct kmq_space *space, kuid_t uid)
{
	struct kmq_share *share = kmq_share_find(space, uid);

	if (share)
		return share;
	share = kzalloc(sizeof(*share), GFP_KERNEL_ACCOUNT);
	if (!share)
		return NULL;
	share->uid = uid;
	list_add(&share->link, &space->shares);
	return share;
}

static void kmq_share_put(struct kmq_share *share)
{
	if (share->queues)
		return;
	list_del(&share->link);
	kfree(share);
}

static bool kmq_share_affords(const struct kmq_share *share,
			      const struct kmq_address *address)
{
	const u64 weight = share ? share->weight : 0;

	if (!address->most_weight)
		return true;
	return weight <= address->most_weight &&
	       address->weight <= address->most_weight - weight;
}

/**
 * kmq_key_affords() - is there room in the space for a queue more?
 * @address: of the new queue; out: @refused, if there is not
 *
 * Context: does not sleep.
 * Return: 0 or -EDQUOT.
 */
int kmq_key_affords(struct kmq_address *address)
{
	struct kmq_space *space = kmq_space_of(address->space);

	if (kmq_keyed >= KMQ_PLACES ||
	    (address->most_queues && space->queues >= address->most_queues)) {
		address->refused = KMQ_REFUSED_QUEUES;
		return -EDQUOT;
	}
	if (!kmq_share_affords(kmq_share_find(space, current_uid()), address)) {
		address->refused = KMQ_REFUSED_WEIGHT;
		return -EDQUOT;
	}
	return 0;
}

/**
 * kmq_key_enter() - count a queue that is about to be published
 * @queue: with its key
 * @address: it was made for; out: @refused
 *
 * Context: may sleep.
 * Return: 0, for kmq_key_leave(); or -EEXIST, -EDQUOT, -ENOMEM.
 */
int kmq_key_enter(struct kmq_queue *queue, struct kmq_address *address)
{
	struct kmq_space *space = kmq_space_of(address->space);
	struct kmq_share *share;
	int err;

	if (kmq_key_find(address))
		return -EEXIST;
	err = kmq_key_affords(address);
	if (err)
		return err;
	share = kmq_share_get(space, current_uid());
	if (!share)
		return -ENOMEM;
	/* The lowest that is free. There is one: kmq_key_affords(). */
	err = xa_alloc(&space->indexes, &queue->key->index, queue,
		       XA_LIMIT(0, KMQ_PLACES - 1), GFP_KERNEL_ACCOUNT);
	if (err) {
		kmq_share_put(share);
		return err;
	}
	queue->key->share = share;
	share->queues++;
	share->weight += queue->key->weight;
	space->queues++;
	kmq_keyed++;
	return 0;
}

/* The reverse. Does not sleep. */
void kmq_key_leave(struct kmq_queue *queue)
{
	struct kmq_space *space = kmq_space_of(queue->key->space);
	struct kmq_share *share = queue->key->share;

	kmq_keyed--;
	space->queues--;
	xa_erase(&space->indexes, queue->key->index);
	share->weight -= queue->key->weight;
	share->queues--;
	kmq_share_put(share);
}

/* How many queues there are in a space. Does not sleep. */
u32 kmq_space_queues(u32 space)
{
	lockdep_assert_held(&kmq_registry_lock);
	return kmq_space_of(space)->queues;
}

/* They, by index. Does not sleep. */
struct xarray *kmq_space_indexes(u32 space)
{
	return &kmq_space_of(space)->indexes;
}

static struct kmq_queue __rcu **kmq_place_of(u32 id)
{
	const u32 place = id % KMQ_PLACES;

	lockdep_assert_held(&kmq_registry_lock);
	return &kmq_pages[place / KMQ_PAGE_PLACES]->at[place % KMQ_PAGE_PLACES];
}

/**
 * kmq_place_reserve() - may a queue of the hub have this id?
 * @id: of it, if so
 *
 * Context: may sleep.
 * Return: 0; -EBUSY: not while another has its place; -ENOMEM.
 */
int kmq_place_reserve(u32 id)
{
	struct kmq_places **page = &kmq_pages[id % KMQ_PLACES /
					      KMQ_PAGE_PLACES];
	struct kmq_places *made;

	lockdep_assert_held(&kmq_registry_lock);
	if (*page)
		return rcu_access_pointer(*kmq_place_of(id)) ? -EBUSY : 0;
	made = kzalloc(sizeof(*made), GFP_KERNEL);
	if (!made)
		return -ENOMEM;
	/* Zeroed before it is seen; kmq_place_find() depends on the address. */
	smp_store_release(page, made);
	return 0;
}

/* The end of the module: nobody is left who could look. */
void kmq_places_free(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(kmq_pages); i++)
		kfree(kmq_pages[i]);
}

/* From here on the hub finds the queue, whose place was reserved. */
void kmq_key_publish(struct kmq_queue *queue)
{
	struct kmq_key *key = queue->key;

	key->queue = queue;
	if (key->size)
		hash_add(kmq_by_key, &key->by_key,
			 kmq_key_hash(key->space, key->bytes, key->size));
	rcu_assign_pointer(*kmq_place_of(queue->id), queue);
}

/* Its key leads to it no more, and may lead to another. Does not sleep. */
void kmq_key_hide(struct kmq_queue *queue)
{
	lockdep_assert_held(&kmq_registry_lock);
	if (queue->key->size)
		hash_del(&queue->key->by_key);
}

/* Nor does its id. Who has found it has a reference. Does not sleep. */
void kmq_key_unpublish(struct kmq_queue *queue)
{
	RCU_INIT_POINTER(*kmq_place_of(queue->id), NULL);
}
