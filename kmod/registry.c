// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which queues there are.
 *
 * Teardown of a queue, in this order:
 *
 *	1. unpublished, under the registry's lock: its name or key, its minor
 *	   and its node are gone, so that no new descriptor can come to be, and
 *	   its place in the hub's table, so that no new call by the id can;
 *	2. retired (wait.c; ring.c): everyone asleep in it is woken, everyone
 *	   who comes through an old descriptor is told EIDRM, its messages are
 *	   freed; those of a ring stay, for who has them mapped;
 *	3. freed with its last reference. The registry drops its own after 2,
 *	   each open file description its own when it is released, which is
 *	   after the last call through it has returned, each call by the hub
 *	   its own when it returns.
 *
 * A queue is unpublished by its removal, by the last close if it is ephemeral,
 * or by the end of the module, which comes only when no descriptor is left. A
 * removal that is deferred takes its name, key and node at once, and leaves the
 * rest to the last close.
 */
#include <linux/capability.h>
#include <linux/cdev.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/kdev_t.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/stringhash.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "compat.h"
#include "create.h"
#include "event.h"
#include "holder.h"
#include "key.h"
#include "permit.h"
#include "quota.h"
#include "registry.h"
#include "ring.h"
#include "sysfs.h"
#include "trace.h"
#include "wait.h"
#include "watch.h"

/**
 * struct kmq_node - a device below /dev/kmq
 * @device: what devtmpfs and sysfs know
 * @mode: of the node
 * @uid: of the node
 * @gid: of the node
 * @queue: that it leads to, while the device is registered; NULL: none
 */
struct kmq_node {
	struct device device;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
	struct kmq_queue *queue;
};

DEFINE_MUTEX(kmq_registry_lock);
/* Guarded by kmq_registry_lock. */
static DEFINE_XARRAY_ALLOC1(kmq_by_id);
static DEFINE_HASHTABLE(kmq_by_name, 8);
static u32 kmq_next_id;
static u32 kmq_generation = 1;	/* another when a queue comes or goes; not 0 */

static struct class *kmq_class;
static dev_t kmq_base;

static char *kmq_devnode(kmq_devnode_device *device, umode_t *mode, kuid_t *uid,
			 kgid_t *gid)
{
	const struct kmq_node *node = container_of(device, struct kmq_node,
						   device);

	/* With its type: of a plain 0 devtmpfs would make a default. */
	if (mode)
		*mode = S_IFCHR | node->mode;
	if (uid)
		*uid = node->uid;
	if (gid)
		*gid = node->gid;
	/* No queue's name begins so: kmq_name_valid(). */
	if (*dev_name(device) == '@')
		return kasprintf(GFP_KERNEL, "kmq/.%s", dev_name(device) + 1);
	return kasprintf(GFP_KERNEL, "kmq/%s", dev_name(device));
}

static const struct device_type kmq_device_type = {
	.name = "kmq",
	.groups = kmq_sysfs_groups,
	.devnode = kmq_devnode,
};

/* What is below /sys/class/kmq/NAME belongs to the queue's owner, too. */
static void kmq_ownership(kmq_ownership_device *device, kuid_t *uid,
			  kgid_t *gid)
{
	const struct kmq_node *node = container_of(device, struct kmq_node,
						   device);

	*uid = node->uid;
	*gid = node->gid;
}

/* The queue that a node leads to; NULL: it is no queue's. Does not sleep. */
struct kmq_queue *kmq_node_queue(struct device *device)
{
	return container_of(device, struct kmq_node, device)->queue;
}

/* Others may hold a device longer than we do; the module waits for them. */
static atomic_t kmq_nodes = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(kmq_nodes_gone);

static void kmq_node_release(struct device *device)
{
	kfree(container_of(device, struct kmq_node, device));
	if (atomic_dec_and_test(&kmq_nodes))
		wake_up_all(&kmq_nodes_gone);
}

/* The device number of a minor of ours. */
dev_t kmq_devt(u32 minor)
{
	return MKDEV(MAJOR(kmq_base), minor);
}

/**
 * kmq_node_new() - make /dev/kmq/NAME appear
 * @name: of the node. "@NAME" for /dev/kmq/.NAME: udev passes over devices whose
 *	names begin with a dot when it goes through those there are
 * @minor: of the node
 * @mode: permission bits
 * @uid: owner
 * @gid: group
 * @queue: that lives until kmq_node_free() has returned; or NULL
 *
 * Context: may sleep.
 * Return: the node, to be freed by kmq_node_free(); or an ERR_PTR.
 */
struct kmq_node *kmq_node_new(const char *name, u32 minor, u32 mode, kuid_t uid,
			      kgid_t gid, struct kmq_queue *queue)
{
	struct kmq_node *node = kzalloc(sizeof(*node), GFP_KERNEL_ACCOUNT);
	int err;

	if (!node)
		return ERR_PTR(-ENOMEM);
	node->mode = mode;
	node->uid = uid;
	node->gid = gid;
	node->queue = queue;
	/* From here on the device's count rules the node. */
	atomic_inc(&kmq_nodes);
	device_initialize(&node->device);
	node->device.class = kmq_class;
	node->device.type = &kmq_device_type;
	node->device.devt = kmq_devt(minor);
	node->device.release = kmq_node_release;
	device_set_pm_not_required(&node->device);
	err = dev_set_name(&node->device, "%s", name);
	if (!err)
		err = device_add(&node->device);
	if (!err)
		return node;
	put_device(&node->device);
	return ERR_PTR(err);
}

/* Make it vanish. May sleep. */
void kmq_node_free(struct kmq_node *node)
{
	device_unregister(&node->device);
}

/* The last reference is gone, and with it all but the struct. May sleep. */
void kmq_queue_release(struct kref *ref)
{
	struct kmq_queue *queue = container_of(ref, struct kmq_queue, ref);

	kmq_ring_free(queue->ring);
	kmq_quota_close(queue->account,
			queue->charged + kmq_pool_extra(&queue->pool));
	kmq_queue_free(queue);
}

/* Drop a reference. May sleep. */
void kmq_queue_put(struct kmq_queue *queue)
{
	kref_put(&queue->ref, kmq_queue_release);
}

/*
 * True if the caller may remove or change @queue, which is @owner's: the owner,
 * and for good the creator, where it is the hub's and there is no node whose
 * owner would be asked for.
 */
bool kmq_owner_is_served(const struct kmq_queue *queue, kuid_t owner)
{
	if (!queue->key)
		return uid_eq(current_fsuid(), owner) || capable(CAP_SYS_ADMIN);
	return uid_eq(current_euid(), owner) ||
	       uid_eq(current_euid(), queue->creator_uid) ||
	       capable(CAP_SYS_ADMIN);
}

static u32 kmq_hash(const char *name)
{
	return full_name_hash(NULL, name, strlen(name));
}

static struct kmq_queue *kmq_lookup(const char *name)
{
	struct kmq_queue *queue;

	lockdep_assert_held(&kmq_registry_lock);
	hash_for_each_possible(kmq_by_name, queue, by_name, kmq_hash(name))
		if (!strcmp(queue->name, name))
			return queue;
	return NULL;
}

static void kmq_next_generation(void)
{
	lockdep_assert_held(&kmq_registry_lock);
	kmq_generation = kmq_generation + 1 ?: 1;
}

static struct kmq_node *kmq_node_of(struct kmq_queue *queue)
{
	return kmq_node_new(queue->name, queue->id, queue->mode, queue->uid,
			    queue->gid, queue);
}

static int kmq_number(struct kmq_queue *queue)
{
	int err = xa_alloc_cyclic(&kmq_by_id, &queue->id, queue,
				  XA_LIMIT(1, KMQ_ID_MAX), &kmq_next_id,
				  GFP_KERNEL_ACCOUNT);

	return min(err, 0);	/* 1: begun from the start again */
}

/*
 * The next id whose place in the hub's table is free. There is such a place
 * (kmq_key_affords()); but named queues may have all of its ids, and then the
 * search ends.
 */
static int kmq_number_keyed(struct kmq_queue *queue)
{
	u32 i;

	for (i = 0; i < 2 * KMQ_PLACES; i++) {
		int err = kmq_number(queue);

		if (err)
			return err;
		err = kmq_place_reserve(queue->id);
		if (!err)
			return 0;
		xa_erase(&kmq_by_id, queue->id);
		if (err != -EBUSY)
			return err;
	}
	return -EBUSY;
}

/* Name, minor and node; all or none. */
static int kmq_publish(struct kmq_queue *queue)
{
	struct kmq_node *node;
	int err;

	lockdep_assert_held(&kmq_registry_lock);
	if (*queue->name && kmq_lookup(queue->name))
		return -EEXIST;
	err = queue->key ? kmq_number_keyed(queue) : kmq_number(queue);
	if (err)
		return err == -EBUSY ? -EDQUOT : err;
	queue->published = true;
	kmq_next_generation();
	if (!*queue->name)
		return 0;
	node = kmq_node_of(queue);
	if (IS_ERR(node)) {
		xa_erase(&kmq_by_id, queue->id);
		queue->published = false;
		return PTR_ERR(node);
	}
	queue->node = node;
	hash_add(kmq_by_name, &queue->by_name, kmq_hash(queue->name));
	return 0;
}

/* Counted in its space, and published, for the hub to find; all or none. */
static int kmq_publish_keyed(struct kmq_queue *queue,
			     struct kmq_address *address)
{
	int err = kmq_key_enter(queue, address);

	if (err)
		return err;
	err = kmq_publish(queue);
	if (!err)
		return 0;
	if (err == -EDQUOT)
		address->refused = KMQ_REFUSED_QUEUES;
	kmq_key_leave(queue);
	return err;
}

/* Its name or key, and its node. */
static void kmq_unname(struct kmq_queue *queue)
{
	lockdep_assert_held(&kmq_registry_lock);
	if (queue->key)
		kmq_key_hide(queue);
	if (*queue->name)
		hash_del(&queue->by_name);
	/* A change of its owner may have failed half-way: kmq_move(). */
	if (queue->node)
		kmq_node_free(queue->node);
	queue->node = NULL;
}

/* Step 1 of the teardown. */
static void kmq_unpublish(struct kmq_queue *queue)
{
	lockdep_assert_held(&kmq_registry_lock);
	queue->published = false;
	kmq_trace(remove, queue);
	xa_erase(&kmq_by_id, queue->id);
	kmq_next_generation();
	kmq_event(queue, KMQ_EVENT_REMOVED, task_tgid(current), 0);
	if (!queue->deferred)
		kmq_unname(queue);
	if (!queue->key)
		return;
	kmq_key_unpublish(queue);
	kmq_key_leave(queue);
}

/* Steps 2 and 3, for the one who unpublished it. */
static void kmq_end(struct kmq_queue *queue)
{
	if (queue->ring)
		kmq_ring_retire(queue->ring);
	else
		kmq_retire(queue);
	kmq_queue_put(queue);
}

static u64 kmq_charge_of(u32 slots, u32 inline_size, u32 max_message,
			 u64 byte_limit)
{
	u64 bytes = sizeof(struct kmq_queue) +
		    (u64)slots * kmq_slot_bytes(inline_size);

	return max_message > inline_size ? bytes + byte_limit : bytes;
}

/* With what its kind keeps the messages in. */
static struct kmq_queue *kmq_build_kind(const struct kmq_create *settings,
					kuid_t uid, kgid_t gid)
{
	struct kmq_queue *queue = kmq_queue_new(settings, uid, gid);
	struct kmq_ring *ring;

	if (IS_ERR(queue) || settings->kind != KMQ_KIND_RING)
		return queue;
	ring = kmq_ring_new(queue, settings);
	if (IS_ERR(ring)) {
		kmq_queue_free(queue);
		return ERR_CAST(ring);
	}
	queue->ring = ring;
	return queue;
}

static u64 kmq_charge_of_kind(const struct kmq_create *settings)
{
	if (settings->kind == KMQ_KIND_RING)
		return sizeof(struct kmq_queue) +
		       kmq_ring_charge(settings->byte_limit);
	return kmq_charge_of(settings->slots ?: settings->capacity,
			     settings->inline_size, settings->max_message,
			     settings->byte_limit);
}

/* What a queue of the hub has besides. Its creator is its owner. */
static int kmq_build_key(struct kmq_queue *queue,
			 const struct kmq_address *address)
{
	struct kmq_permit *permit = kmq_permit_new();

	/* Nobody else knows the queue; it frees them. */
	RCU_INIT_POINTER(queue->permit, permit);
	queue->key = kmq_key_new(address);
	if (!permit || !queue->key)
		return -ENOMEM;
	kmq_permit_fill(permit, queue);
	queue->permits = kmq_permit_ask;
	return 0;
}

/* A queue that is charged for and that nobody knows yet. */
static struct kmq_queue *kmq_build(const struct kmq_create *settings,
				   kuid_t uid, kgid_t gid, u32 *refused)
{
	u64 bytes = kmq_charge_of_kind(settings);
	struct kmq_account *account;
	struct kmq_queue *queue;

	account = kmq_quota_open(current_uid(), bytes, refused);
	if (IS_ERR(account))
		return ERR_CAST(account);
	queue = kmq_build_kind(settings, uid, gid);
	if (IS_ERR(queue)) {
		kmq_quota_close(account, bytes);
		return queue;
	}
	queue->account = account;
	queue->charged = bytes;
	kmq_pool_charge_to(&queue->pool, account);
	return queue;
}

/* Nobody knows the queue yet. */
static int kmq_build_watch(struct kmq_queue *queue,
			   const struct kmq_watch *watch)
{
	struct kmq_histograms *histograms;
	int err = kmq_watch_prepare(watch, &histograms);

	if (err)
		return err;
	spin_lock(&queue->lock);
	kmq_watch_set(queue, watch, &histograms);
	spin_unlock(&queue->lock);
	return 0;
}

/* Charged for, watched, and told of where it could not be. */
static struct kmq_queue *kmq_build_watched(const struct kmq_create *settings,
					   const struct kmq_watch *watch,
					   kuid_t uid, kgid_t gid, u32 *refused)
{
	struct kmq_queue *queue = kmq_build(settings, uid, gid, refused);
	int err;

	if (PTR_ERR_OR_ZERO(queue) == -EDQUOT)
		kmq_event_quota(settings->name, current_uid());
	if (IS_ERR(queue) || !watch)
		return queue;
	err = kmq_build_watch(queue, watch);
	if (!err)
		return queue;
	kmq_queue_put(queue);
	return ERR_PTR(err);
}

static bool kmq_name_taken(const char *name)
{
	bool taken;

	mutex_lock(&kmq_registry_lock);
	taken = *name && kmq_lookup(name);
	mutex_unlock(&kmq_registry_lock);
	return taken;
}

/*
 * Published, for the caller. Under the lock, so that nothing of it is told
 * before it itself is.
 */
static void kmq_announce(struct kmq_queue *queue, bool open)
{
	lockdep_assert_held(&kmq_registry_lock);
	kref_get(&queue->ref);	/* the caller's; the first is ours */
	queue->descriptors += open;
	kmq_event(queue, KMQ_EVENT_CREATED, task_tgid(current), 0);
	kmq_trace(create, queue);
	if (queue->key)
		kmq_key_publish(queue);
}

/**
 * kmq_registry_create() - make a queue and publish it
 * @settings: checked and complete
 * @watch: checked; or NULL
 * @uid: owner
 * @gid: group
 * @open: count it as open, for a descriptor that the caller will make
 *
 * Context: may sleep.
 * Return: the queue, with a reference to be ended by kmq_registry_close() if
 * @open, by kmq_queue_put() if not; or ERR_PTR of -EEXIST, -EDQUOT, -ENOMEM.
 */
struct kmq_queue *kmq_registry_create(const struct kmq_create *settings,
				      const struct kmq_watch *watch,
				      kuid_t uid, kgid_t gid, bool open)
{
	struct kmq_queue *queue;
	u32 refused;
	int err;

	/* A first look, so that an existing name is told before any quota. */
	if (kmq_name_taken(settings->name))
		return ERR_PTR(-EEXIST);
	queue = kmq_build_watched(settings, watch, uid, gid, &refused);
	if (IS_ERR(queue))
		return queue;
	mutex_lock(&kmq_registry_lock);
	err = kmq_publish(queue);
	if (!err)
		kmq_announce(queue, open);
	mutex_unlock(&kmq_registry_lock);
	if (err == -EDQUOT)
		kmq_event_quota(settings->name, current_uid());
	if (!err)
		return queue;
	kmq_queue_put(queue);
	return ERR_PTR(err);
}

/*
 * A first look: an existing key is told before any limit, and that of its space
 * before any quota.
 */
static int kmq_key_look(struct kmq_address *address)
{
	int err;

	mutex_lock(&kmq_registry_lock);
	err = kmq_key_find(address) ? -EEXIST : kmq_key_affords(address);
	mutex_unlock(&kmq_registry_lock);
	return err;
}

static struct kmq_queue *kmq_build_keyed(const struct kmq_create *settings,
					 struct kmq_address *address)
{
	struct kmq_queue *queue;
	int err;

	queue = kmq_build_watched(settings, NULL, current_euid(),
				  current_egid(), &address->refused);
	if (IS_ERR(queue))
		return queue;
	err = kmq_build_key(queue, address);
	if (!err)
		return queue;
	kmq_queue_put(queue);
	return ERR_PTR(err);
}

/**
 * kmq_registry_create_keyed() - make a queue for the hub and publish it
 * @settings: checked and complete
 * @address: its key and limits; out: @refused, with -EDQUOT
 * @open: count it as open, for a descriptor that the caller will make
 *
 * Its owner is who is at work, by the effective ids: as System V has it, whose
 * permissions it will have.
 *
 * Context: may sleep.
 * Return: as kmq_registry_create(); -EEXIST: there is one of this key by now.
 */
struct kmq_queue *kmq_registry_create_keyed(const struct kmq_create *settings,
					    struct kmq_address *address,
					    bool open)
{
	struct kmq_queue *queue;
	int err;

	err = kmq_key_look(address);
	if (err)
		return ERR_PTR(err);
	queue = kmq_build_keyed(settings, address);
	if (IS_ERR(queue)) {
		const u32 refused = address->refused;

		/* Who made one of this key meanwhile may have taken what we lack. */
		if (kmq_key_look(address) == -EEXIST)
			return ERR_PTR(-EEXIST);
		address->refused = refused;
		return queue;
	}
	mutex_lock(&kmq_registry_lock);
	err = kmq_publish_keyed(queue, address);
	if (!err)
		kmq_announce(queue, open);
	mutex_unlock(&kmq_registry_lock);
	if (!err)
		return queue;
	kmq_queue_put(queue);
	return ERR_PTR(err);
}

/**
 * kmq_registry_abort() - take a creation back
 * @queue: from kmq_registry_create(); not used by the caller any more
 * @open: as there
 *
 * Who was quick enough to open it meanwhile is told EIDRM.
 *
 * Context: may sleep.
 */
void kmq_registry_abort(struct kmq_queue *queue, bool open)
{
	bool ends;

	mutex_lock(&kmq_registry_lock);
	queue->descriptors -= open;
	ends = queue->published;
	if (ends)
		kmq_unpublish(queue);
	mutex_unlock(&kmq_registry_lock);
	if (ends)
		kmq_end(queue);
	kmq_queue_put(queue);
}

static int kmq_end_check(const struct kmq_queue *queue, kuid_t judged_uid)
{
	lockdep_assert_held(&kmq_registry_lock);
	if (!queue->published)
		return -ENOENT;
	return uid_eq(judged_uid, queue->uid) ? 0 : -ESTALE;
}

/**
 * kmq_registry_end() - end a queue
 * @queue: referenced by the caller, who may do that
 * @judged_uid: owner, by whom it was judged that he may
 *
 * Context: may sleep.
 * Return: 0; -ENOENT: somebody else has; -ESTALE: the owner is another by now,
 * so that it has to be judged anew.
 */
int kmq_registry_end(struct kmq_queue *queue, kuid_t judged_uid)
{
	int err;

	mutex_lock(&kmq_registry_lock);
	err = kmq_end_check(queue, judged_uid);
	if (!err)
		kmq_unpublish(queue);
	mutex_unlock(&kmq_registry_lock);
	if (!err)
		kmq_end(queue);
	return err;
}

/* Likewise, but that it lasts as long as somebody has a descriptor of it. */
static int kmq_registry_defer(struct kmq_queue *queue, kuid_t judged_uid)
{
	bool ends = false;
	int err;

	mutex_lock(&kmq_registry_lock);
	err = kmq_end_check(queue, judged_uid);
	if (!err && queue->deferred)
		err = -ENOENT;
	if (!err) {
		kmq_unname(queue);
		/* Before the end is looked for, which need not do it again. */
		WRITE_ONCE(queue->deferred, true);
		kmq_next_generation();
		ends = !queue->descriptors;
	}
	if (ends)
		kmq_unpublish(queue);
	mutex_unlock(&kmq_registry_lock);
	if (ends)
		kmq_end(queue);
	return err;
}

/**
 * kmq_registry_end_judged() - end a queue, if the caller may
 * @queue: referenced by the caller
 * @defer: its name, key and node now, the rest with its last descriptor
 *
 * Context: may sleep.
 * Return: 0; -ENOENT: somebody else has; or -EPERM.
 */
int kmq_registry_end_judged(struct kmq_queue *queue, bool defer)
{
	kuid_t owner;
	int err;

	do {
		/* No lock: it is compared again under one. */
		owner = READ_ONCE(queue->uid);
		if (!kmq_owner_is_served(queue, owner))
			return -EPERM;
		err = defer ? kmq_registry_defer(queue, owner) :
			      kmq_registry_end(queue, owner);
	} while (err == -ESTALE);
	return err;
}

/**
 * kmq_registry_remove() - end a queue, if the caller may
 * @name: NUL-terminated
 * @defer: as kmq_registry_end_judged()
 *
 * Context: may sleep.
 * Return: 0, -ENOENT, or -EPERM.
 */
int kmq_registry_remove(const char *name, bool defer)
{
	struct kmq_queue *queue = kmq_registry_find(name, 0);
	int err;

	if (!queue)
		return -ENOENT;
	err = kmq_registry_end_judged(queue, defer);
	kmq_queue_put(queue);
	return err;
}

/**
 * kmq_registry_find() - one queue
 * @name: NUL-terminated; or NULL
 * @id: of it, where there is no @name
 *
 * Context: may sleep.
 * Return: the queue, with a reference for kmq_queue_put(); or NULL.
 */
struct kmq_queue *kmq_registry_find(const char *name, u32 id)
{
	struct kmq_queue *queue;

	mutex_lock(&kmq_registry_lock);
	if (name)
		queue = *name ? kmq_lookup(name) : NULL;
	else
		queue = xa_load(&kmq_by_id, id);
	if (queue)
		kref_get(&queue->ref);
	mutex_unlock(&kmq_registry_lock);
	return queue;
}

/**
 * kmq_registry_find_keyed() - the queue of a key
 * @address: the key
 * @open: count it as open, for a descriptor that the caller will make
 *
 * Context: may sleep.
 * Return: the queue, with a reference to be ended by kmq_registry_close() if
 * @open, by kmq_queue_put() if not; or NULL.
 */
struct kmq_queue *kmq_registry_find_keyed(const struct kmq_address *address,
					  bool open)
{
	struct kmq_queue *queue;

	mutex_lock(&kmq_registry_lock);
	queue = kmq_key_find(address);
	if (queue) {
		kref_get(&queue->ref);
		queue->descriptors += open;
	}
	mutex_unlock(&kmq_registry_lock);
	return queue;
}

/**
 * kmq_registry_at() - one queue of a space
 * @space: 1 to KMQ_SPACE_MAX
 * @index: of the queue, any number
 *
 * Context: may sleep.
 * Return: the queue, with a reference for kmq_queue_put(); or NULL.
 */
struct kmq_queue *kmq_registry_at(u32 space, u32 index)
{
	struct kmq_queue *queue;

	mutex_lock(&kmq_registry_lock);
	queue = xa_load(kmq_space_indexes(space), index);
	if (queue)
		kref_get(&queue->ref);
	mutex_unlock(&kmq_registry_lock);
	return queue;
}

/* Sums over the queues of a space, each as of some moment. May sleep. */
void kmq_registry_totals(u32 space, struct kmq_space_totals *totals)
{
	struct kmq_queue *queue;
	unsigned long index;

	mutex_lock(&kmq_registry_lock);
	*totals = (struct kmq_space_totals){
		.queues = kmq_space_queues(space),
	};
	xa_for_each(kmq_space_indexes(space), index, queue) {
		totals->highest = index;
		spin_lock(&queue->lock);
		totals->queued += queue->queued;
		totals->bytes += queue->bytes;
		spin_unlock(&queue->lock);
	}
	mutex_unlock(&kmq_registry_lock);
}

/**
 * kmq_registry_next() - walk over all queues
 * @id: the queue with the lowest id above this
 * @generation: out: not zero, and the same as long as no queue comes or goes;
 *	or NULL
 *
 * Context: may sleep.
 * Return: the queue, with a reference for kmq_queue_put(); or NULL.
 */
struct kmq_queue *kmq_registry_next(u32 id, u32 *generation)
{
	struct kmq_queue *queue;
	unsigned long index = id;

	mutex_lock(&kmq_registry_lock);
	queue = xa_find_after(&kmq_by_id, &index, ULONG_MAX, XA_PRESENT);
	if (queue)
		kref_get(&queue->ref);
	if (generation)
		*generation = kmq_generation;
	mutex_unlock(&kmq_registry_lock);
	return queue;
}

/**
 * kmq_registry_open() - a descriptor of a queue comes to be
 * @id: its minor
 *
 * Context: may sleep.
 * Return: the queue, with a reference and counted, for kmq_registry_close();
 * or ERR_PTR(-ENOENT): removed between the look at its node and this.
 */
struct kmq_queue *kmq_registry_open(u32 id)
{
	struct kmq_queue *queue;

	mutex_lock(&kmq_registry_lock);
	queue = xa_load(&kmq_by_id, id);
	/* A node for a queue without a name can only be made by mknod. */
	if (queue && *queue->name && !queue->deferred) {
		kref_get(&queue->ref);
		queue->descriptors++;
	} else {
		queue = ERR_PTR(-ENOENT);
	}
	mutex_unlock(&kmq_registry_lock);
	return queue;
}

/**
 * kmq_registry_hold() - one more descriptor of a queue comes to be
 * @queue: that the caller has a descriptor of
 *
 * Context: may sleep. To be ended by kmq_registry_close().
 */
void kmq_registry_hold(struct kmq_queue *queue)
{
	mutex_lock(&kmq_registry_lock);
	kref_get(&queue->ref);
	queue->descriptors++;
	mutex_unlock(&kmq_registry_lock);
}

/**
 * kmq_registry_close() - a descriptor of a queue is gone
 * @queue: from kmq_registry_open(), kmq_registry_create() or
 *	kmq_registry_hold(); not used by the caller any more
 *
 * Context: may sleep.
 */
void kmq_registry_close(struct kmq_queue *queue)
{
	bool ends;

	mutex_lock(&kmq_registry_lock);
	ends = !--queue->descriptors && queue->published &&
	       (queue->lifetime == KMQ_LIFETIME_EPHEMERAL || queue->deferred);
	if (ends)
		kmq_unpublish(queue);
	mutex_unlock(&kmq_registry_lock);
	if (ends)
		kmq_end(queue);
	kmq_queue_put(queue);
}

/**
 * struct kmq_plan - a change on its way, of which either all or nothing happens
 * @change: as asked for
 * @capacity: that it will have
 * @byte_limit: that it will have
 * @watch: as it will be
 * @charged: bytes, as long as it is on its way
 * @histograms: that it will have, then: that it had
 * @permit: likewise, of a queue of the hub
 */
struct kmq_plan {
	const struct kmq_change *change;
	u32 capacity;
	u64 byte_limit;
	struct kmq_watch watch;
	u64 charged;
	struct kmq_histograms *histograms;
	struct kmq_permit *permit;
};

static bool kmq_resizes(const struct kmq_change *change)
{
	return change->what & (KMQ_CHANGE_CAPACITY | KMQ_CHANGE_BYTE_LIMIT);
}

static bool kmq_moves(const struct kmq_change *change)
{
	return change->what & (KMQ_CHANGE_MODE | KMQ_CHANGE_UID |
			       KMQ_CHANGE_GID);
}

static u64 kmq_charge_of_plan(const struct kmq_queue *queue,
			      const struct kmq_plan *plan)
{
	return kmq_charge_of(kmq_pool_slots(&queue->pool, plan->capacity),
			     queue->pool.inline_size, queue->max_message,
			     plan->byte_limit);
}

static int kmq_check_policy(const struct kmq_queue *queue, u32 policy,
			    struct kmq_fault *fault)
{
	if (policy > KMQ_POLICY_DROP_OLDEST)
		return kmq_refuse(fault, KMQ_A_POLICY, "no such policy",
				  -EINVAL);
	if (!queue->ring)
		return 0;
	if (policy > KMQ_POLICY_REJECT)
		return kmq_refuse(fault, KMQ_A_POLICY,
				  "a ring blocks or rejects, it does not drop",
				  -EINVAL);
	if (kmq_ring_broadcasts(queue->ring) && policy != KMQ_POLICY_BLOCK)
		return kmq_refuse(fault, KMQ_A_POLICY,
				  "a broadcast ring is never full", -EINVAL);
	return 0;
}

/*
 * Is @limit, a KMQ_CHANGE_*, one that must make sense? Those that stay as they
 * are may be what KMQ_CREATE_EXACT has made them.
 */
static bool kmq_judges(const struct kmq_plan *plan, u32 limit)
{
	return (plan->change->what & (limit | KMQ_CHANGE_EXACT)) == limit;
}

static int kmq_check_limits(const struct kmq_queue *queue,
			    const struct kmq_plan *plan,
			    struct kmq_fault *fault)
{
	bool limit = plan->change->what & KMQ_CHANGE_BYTE_LIMIT;

	if (queue->ring)
		return kmq_refuse(fault,
				  limit ? KMQ_A_BYTE_LIMIT : KMQ_A_CAPACITY,
				  "a ring keeps its size", -EOPNOTSUPP);
	if (plan->capacity > KMQ_CAPACITY_MAX ||
	    (!plan->capacity && kmq_judges(plan, KMQ_CHANGE_CAPACITY)))
		return kmq_refuse(fault, KMQ_A_CAPACITY,
				  "the capacity is out of its range", -EINVAL);
	if (plan->byte_limit < queue->max_message &&
	    kmq_judges(plan, KMQ_CHANGE_BYTE_LIMIT))
		return kmq_refuse(fault, KMQ_A_BYTE_LIMIT,
				  "the byte limit is below the largest message",
				  -EINVAL);
	if (plan->byte_limit > KMQ_BYTE_LIMIT_MAX)
		return kmq_refuse(fault, KMQ_A_BYTE_LIMIT,
				  "the byte limit is above its maximum",
				  -EINVAL);
	return 0;
}

/* What the queue is to be, from what it is and what is asked for. */
static int kmq_plan_make(struct kmq_queue *queue, struct kmq_plan *plan,
			 struct kmq_fault *fault)
{
	const struct kmq_change *change = plan->change;
	struct kmq_watch *watch = &plan->watch;
	int err = 0;

	lockdep_assert_held(&queue->set_lock);
	plan->capacity = change->what & KMQ_CHANGE_CAPACITY ?
				 change->capacity : queue->capacity;
	plan->byte_limit = change->what & KMQ_CHANGE_BYTE_LIMIT ?
				   change->byte_limit : queue->byte_limit;
	*watch = queue->watch;
	if (change->what & KMQ_CHANGE_HIGH)
		watch->high = change->high;
	if (change->what & KMQ_CHANGE_LOW)
		watch->low = change->low;
	else if (!watch->high)
		watch->low = 0;
	if (change->what & KMQ_CHANGE_LEASE_LIMIT)
		watch->lease_limit = change->lease_limit;
	if (change->what & KMQ_CHANGE_HISTOGRAM)
		watch->histogram = change->histogram;
	if (kmq_resizes(change))
		err = kmq_check_limits(queue, plan, fault);
	if (!err && change->what & KMQ_CHANGE_POLICY)
		err = kmq_check_policy(queue, change->policy, fault);
	return err ?: kmq_watch_check(watch, queue->ring ? KMQ_KIND_RING :
							   KMQ_KIND_MESSAGE,
				      fault);
}

/*
 * More is charged for before it is taken, and taken before anything shows, so
 * that no way back can fail.
 */
static int kmq_plan_reserve(struct kmq_queue *queue, struct kmq_plan *plan,
			    struct kmq_fault *fault)
{
	u64 most;
	int err;

	plan->charged = queue->charged;
	if (queue->key && kmq_moves(plan->change)) {
		plan->permit = kmq_permit_new();
		if (!plan->permit)
			return -ENOMEM;
	}
	if (!kmq_resizes(plan->change))
		return 0;
	most = max(queue->charged, kmq_charge_of_plan(queue, plan));
	err = kmq_quota_change(queue->account, queue->charged, most);
	if (err == -EDQUOT) {
		kmq_event_quota(queue->name, current_uid());
		kmq_refuse(fault, 0, "over the limit of bytes of the user who made the queue",
			   err);
	}
	if (err)
		return err;
	plan->charged = most;
	if (plan->capacity <= queue->capacity)
		return 0;
	return kmq_pool_resize(&queue->pool, plan->capacity);
}

static void kmq_plan_drop(struct kmq_queue *queue, struct kmq_plan *plan)
{
	if (kmq_resizes(plan->change))
		kmq_pool_resize(&queue->pool, queue->capacity);
	kmq_quota_change(queue->account, plan->charged, queue->charged);
	kfree(plan->histograms);
	kfree(plan->permit);
}

/* What who has no lock will judge by: of a queue of the hub. */
static void kmq_set_permit(struct kmq_queue *queue, struct kmq_permit *permit)
{
	struct kmq_permit *old;

	lockdep_assert_held(&queue->lock);
	kmq_permit_fill(permit, queue);
	old = rcu_replace_pointer(queue->permit, permit,
				  lockdep_is_held(&queue->lock));
	/* Who reads this one sees the permit, too: kmq_hub_enter(). */
	smp_store_release(&queue->generation, queue->generation + 1);
	/* Somebody may be reading it. */
	kfree_rcu(old, rcu);
}

static void kmq_set_owner(struct kmq_queue *queue, u32 mode, kuid_t uid,
			  kgid_t gid, struct kmq_permit *permit)
{
	lockdep_assert_held(&kmq_registry_lock);
	spin_lock(&queue->lock);
	queue->mode = mode;
	/* Read without a lock by who judges, and looks again under one. */
	WRITE_ONCE(queue->uid, uid);
	WRITE_ONCE(queue->gid, gid);
	if (permit)
		kmq_set_permit(queue, permit);
	spin_unlock(&queue->lock);
}

/* The node with the queue's name, made anew. */
static int kmq_renew_node(struct kmq_queue *queue)
{
	struct kmq_node *node;

	lockdep_assert_held(&kmq_registry_lock);
	if (!*queue->name || queue->deferred)
		return 0;
	if (queue->node)
		kmq_node_free(queue->node);
	node = kmq_node_of(queue);
	queue->node = IS_ERR(node) ? NULL : node;
	return PTR_ERR_OR_ZERO(node);
}

/*
 * Another owner or mode. A node cannot be given either while it is there; a
 * queue of the hub has none, and what it has instead was made before.
 */
static int kmq_move_locked(struct kmq_queue *queue, struct kmq_plan *plan,
			   struct kmq_fault *fault)
{
	const struct kmq_change *change = plan->change;
	u32 mode = queue->mode;
	kuid_t uid = queue->uid;
	kgid_t gid = queue->gid;
	int err;

	kmq_set_owner(queue,
		      change->what & KMQ_CHANGE_MODE ? change->mode : mode,
		      change->what & KMQ_CHANGE_UID ? change->uid : uid,
		      change->what & KMQ_CHANGE_GID ? change->gid : gid,
		      plan->permit);
	plan->permit = NULL;	/* the queue's now */
	err = kmq_renew_node(queue);
	if (!err)
		return 0;
	kmq_set_owner(queue, mode, uid, gid, NULL);
	if (!kmq_renew_node(queue))
		return kmq_refuse(fault, 0, "the node could not be made anew; it is the old one",
				  err);
	return kmq_refuse(fault, 0, "the node could not be made anew, nor the old one: it is gone",
			  err);
}

static int kmq_move(struct kmq_queue *queue, struct kmq_plan *plan,
		    struct kmq_fault *fault)
{
	int err = -ENOENT;

	mutex_lock(&kmq_registry_lock);
	if (queue->published)
		err = kmq_move_locked(queue, plan, fault);
	mutex_unlock(&kmq_registry_lock);
	/*
	 * Before the limits change, if they do: who may not send any more is
	 * not let in by them.
	 */
	if (!err && queue->key)
		kmq_disturb(queue);
	return err;
}

/*
 * From here on nothing fails, but for the queue's end. Less is charged for only
 * as far as it has been given up: what a queue still holds beyond its new limits
 * stays charged, until the next change or its end.
 */
static int kmq_plan_resize(struct kmq_queue *queue, struct kmq_plan *plan)
{
	u64 after = plan->charged;
	int err;

	err = kmq_set_limits(queue, &plan->capacity, &plan->byte_limit);
	if (!err) {
		kmq_pool_resize(&queue->pool, queue->capacity);
		after = min(after, kmq_charge_of_plan(queue, plan));
	}
	queue->charged = after;	/* removed: what was taken stays until its end */
	kmq_quota_change(queue->account, plan->charged, after);
	return err;
}

static int kmq_plan_commit(struct kmq_queue *queue, struct kmq_plan *plan)
{
	const struct kmq_change *change = plan->change;
	int err = 0;

	if (kmq_resizes(change))
		err = kmq_plan_resize(queue, plan);
	if (change->what & KMQ_CHANGE_POLICY)
		kmq_set_policy(queue, change->policy);
	/* One changes it at a time; who describes the queue has no lock. */
	WRITE_ONCE(queue->last_change, ktime_get_real_seconds());
	spin_lock(&queue->lock);
	kmq_watch_set(queue, &plan->watch, &plan->histograms);
	if (!queue->removed)
		kmq_event(queue, KMQ_EVENT_CHANGED, task_tgid(current), 0);
	spin_unlock(&queue->lock);
	if (change->what & KMQ_CHANGE_LEASE_LIMIT)
		kmq_holders_watch_leases(queue);
	kfree(plan->histograms);
	return err;
}

static int kmq_set_locked(struct kmq_queue *queue, struct kmq_plan *plan,
			  struct kmq_fault *fault)
{
	int err;

	lockdep_assert_held(&queue->set_lock);
	/* Owner and group change under this lock alone. */
	if (!uid_eq(plan->change->judged_uid, queue->uid) ||
	    !gid_eq(plan->change->judged_gid, queue->gid))
		return -ESTALE;
	err = kmq_plan_make(queue, plan, fault);
	if (err)
		return err;
	err = kmq_watch_prepare(&plan->watch, &plan->histograms);
	if (err)
		return err;
	err = kmq_plan_reserve(queue, plan, fault);
	if (!err && kmq_moves(plan->change))
		err = kmq_move(queue, plan, fault);
	if (!err)
		return kmq_plan_commit(queue, plan);
	kmq_plan_drop(queue, plan);
	return err;
}

/**
 * kmq_registry_set() - change the settings of a queue
 * @queue: referenced by the caller, who may do that
 * @change: all of which happens, or with an error nothing
 * @fault: out: what is to blame, if that can be said
 *
 * Context: may sleep.
 * Return: 0, -EINVAL, -EOPNOTSUPP, -EDQUOT, -ENOMEM; -ENOENT, -EIDRM: it is
 * being removed; -ESTALE: owner or group are not those it was judged by: it has
 * to be judged anew; what device_add() returns.
 */
int kmq_registry_set(struct kmq_queue *queue, const struct kmq_change *change,
		     struct kmq_fault *fault)
{
	struct kmq_plan plan = { .change = change };
	int err;

	*fault = (struct kmq_fault){};
	mutex_lock(&queue->set_lock);
	err = kmq_set_locked(queue, &plan, fault);
	mutex_unlock(&queue->set_lock);
	return err;
}

int kmq_registry_init(void)
{
	int err;

	err = alloc_chrdev_region(&kmq_base, 0, MINORMASK + 1, "kmq");
	if (err)
		return err;
	kmq_class = kmq_class_create("kmq");
	if (IS_ERR(kmq_class)) {
		unregister_chrdev_region(kmq_base, MINORMASK + 1);
		return PTR_ERR(kmq_class);
	}
	kmq_class->get_ownership = kmq_ownership;
	return 0;
}

/* No descriptor is left, and the doors are gone: nobody else is here. */
void kmq_registry_exit(void)
{
	struct kmq_queue *queue;
	unsigned long id;

	xa_for_each(&kmq_by_id, id, queue) {
		mutex_lock(&kmq_registry_lock);
		kmq_unpublish(queue);
		mutex_unlock(&kmq_registry_lock);
		kmq_end(queue);
	}
	wait_event(kmq_nodes_gone, !atomic_read(&kmq_nodes));
	xa_destroy(&kmq_by_id);
	kmq_places_free();
	class_destroy(kmq_class);
	unregister_chrdev_region(kmq_base, MINORMASK + 1);
}
