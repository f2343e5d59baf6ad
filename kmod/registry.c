// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which queues there are.
 *
 * Teardown of a queue, in this order:
 *
 *	1. unpublished, under the registry's lock: its name, its minor and its
 *	   node are gone, so that no new descriptor can come to be;
 *	2. retired (wait.c; ring.c): everyone asleep in it is woken, everyone
 *	   who comes through an old descriptor is told EIDRM, its messages are
 *	   freed; those of a ring stay, for who has them mapped;
 *	3. freed with its last reference. The registry drops its own after 2,
 *	   each open file description its own when it is released, which is
 *	   after the last call through it has returned.
 *
 * A queue is unpublished by its removal, by the last close if it is ephemeral,
 * or by the end of the module, which comes only when no descriptor is left.
 */
#include <linux/capability.h>
#include <linux/cdev.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/kdev_t.h>
#include <linux/slab.h>
#include <linux/stringhash.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "compat.h"
#include "quota.h"
#include "registry.h"
#include "ring.h"
#include "wait.h"

/**
 * struct kmq_node - a device below /dev/kmq
 * @device: what devtmpfs and sysfs know
 * @mode: of the node
 * @uid: of the node
 * @gid: of the node
 */
struct kmq_node {
	struct device device;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
};

static DEFINE_MUTEX(kmq_registry_lock);
/* Guarded by kmq_registry_lock. */
static DEFINE_XARRAY_ALLOC1(kmq_by_id);
static DEFINE_HASHTABLE(kmq_by_name, 8);
static u32 kmq_next_id;

static struct class *kmq_class;
static dev_t kmq_base;

static char *kmq_devnode(kmq_devnode_device *device, umode_t *mode, kuid_t *uid,
			 kgid_t *gid)
{
	const struct kmq_node *node = container_of(device, struct kmq_node,
						   device);

	if (mode)
		*mode = node->mode;
	if (uid)
		*uid = node->uid;
	if (gid)
		*gid = node->gid;
	return kasprintf(GFP_KERNEL, "kmq/%s", dev_name(device));
}

static const struct device_type kmq_device_type = {
	.name = "kmq",
	.devnode = kmq_devnode,
};

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
 * @name: of the node
 * @minor: of the node
 * @mode: permission bits
 * @uid: owner
 * @gid: group
 *
 * Context: may sleep.
 * Return: the node, to be freed by kmq_node_free(); or an ERR_PTR.
 */
struct kmq_node *kmq_node_new(const char *name, u32 minor, u32 mode, kuid_t uid,
			      kgid_t gid)
{
	struct kmq_node *node = kzalloc(sizeof(*node), GFP_KERNEL_ACCOUNT);
	int err;

	if (!node)
		return ERR_PTR(-ENOMEM);
	node->mode = mode;
	node->uid = uid;
	node->gid = gid;
	/* From here on the device's count rules the node. */
	atomic_inc(&kmq_nodes);
	device_initialize(&node->device);
	node->device.class = kmq_class;
	node->device.type = &kmq_device_type;
	node->device.devt = kmq_devt(minor);
	node->device.release = kmq_node_release;
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

static void kmq_queue_release(struct kref *ref)
{
	struct kmq_queue *queue = container_of(ref, struct kmq_queue, ref);

	kmq_ring_free(queue->ring);
	kmq_quota_close(queue->account, queue->charged);
	kmq_queue_free(queue);
}

/* Drop a reference. May sleep. */
void kmq_queue_put(struct kmq_queue *queue)
{
	kref_put(&queue->ref, kmq_queue_release);
}

/* True if the caller may remove or resize the queue. */
bool kmq_queue_owned(const struct kmq_queue *queue)
{
	return uid_eq(current_fsuid(), queue->uid) || capable(CAP_SYS_ADMIN);
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

/* Name, minor and node; all or none. */
static int kmq_publish(struct kmq_queue *queue)
{
	struct kmq_node *node;
	int err;

	lockdep_assert_held(&kmq_registry_lock);
	if (*queue->name && kmq_lookup(queue->name))
		return -EEXIST;
	err = xa_alloc_cyclic(&kmq_by_id, &queue->id, queue,
			      XA_LIMIT(1, MINORMASK), &kmq_next_id,
			      GFP_KERNEL_ACCOUNT);
	if (err < 0)
		return err == -EBUSY ? -EDQUOT : err;
	queue->published = true;
	if (!*queue->name)
		return 0;
	node = kmq_node_new(queue->name, queue->id, queue->mode, queue->uid,
			    queue->gid);
	if (IS_ERR(node)) {
		xa_erase(&kmq_by_id, queue->id);
		queue->published = false;
		return PTR_ERR(node);
	}
	queue->node = node;
	hash_add(kmq_by_name, &queue->by_name, kmq_hash(queue->name));
	return 0;
}

/* Step 1 of the teardown. */
static void kmq_unpublish(struct kmq_queue *queue)
{
	lockdep_assert_held(&kmq_registry_lock);
	queue->published = false;
	xa_erase(&kmq_by_id, queue->id);
	if (!queue->node)
		return;
	hash_del(&queue->by_name);
	kmq_node_free(queue->node);
	queue->node = NULL;
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

static u64 kmq_charge_of(u32 capacity, u32 inline_size, u32 max_message,
			 u64 byte_limit)
{
	u64 bytes = sizeof(struct kmq_queue) +
		    (u64)capacity * kmq_slot_bytes(inline_size);

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
	return kmq_charge_of(settings->capacity, settings->inline_size,
			     settings->max_message, settings->byte_limit);
}

/* A queue that is charged for and that nobody knows yet. */
static struct kmq_queue *kmq_build(const struct kmq_create *settings,
				   kuid_t uid, kgid_t gid)
{
	u64 bytes = kmq_charge_of_kind(settings);
	struct kmq_account *account = kmq_quota_open(current_uid(), bytes);
	struct kmq_queue *queue;

	if (IS_ERR(account))
		return ERR_CAST(account);
	queue = kmq_build_kind(settings, uid, gid);
	if (IS_ERR(queue)) {
		kmq_quota_close(account, bytes);
		return queue;
	}
	queue->account = account;
	queue->charged = bytes;
	return queue;
}

static bool kmq_name_taken(const char *name)
{
	bool taken;

	mutex_lock(&kmq_registry_lock);
	taken = *name && kmq_lookup(name);
	mutex_unlock(&kmq_registry_lock);
	return taken;
}

/**
 * kmq_registry_create() - make a queue and publish it
 * @settings: checked and complete
 * @uid: owner
 * @gid: group
 * @open: count it as open, for a descriptor that the caller will make
 *
 * Context: may sleep.
 * Return: the queue, with a reference to be ended by kmq_registry_close() if
 * @open, by kmq_queue_put() if not; or ERR_PTR of -EEXIST, -EDQUOT, -ENOMEM.
 */
struct kmq_queue *kmq_registry_create(const struct kmq_create *settings,
				      kuid_t uid, kgid_t gid, bool open)
{
	struct kmq_queue *queue;
	int err;

	/* A first look, so that an existing name is told before any quota. */
	if (kmq_name_taken(settings->name))
		return ERR_PTR(-EEXIST);
	queue = kmq_build(settings, uid, gid);
	if (IS_ERR(queue))
		return queue;
	mutex_lock(&kmq_registry_lock);
	err = kmq_publish(queue);
	if (!err) {
		kref_get(&queue->ref);	/* the caller's; the first is ours */
		queue->descriptors += open;
	}
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

/**
 * kmq_registry_remove() - end a queue
 * @name: NUL-terminated
 *
 * Context: may sleep.
 * Return: 0, -ENOENT, or -EPERM.
 */
int kmq_registry_remove(const char *name)
{
	struct kmq_queue *queue;
	int err = 0;

	mutex_lock(&kmq_registry_lock);
	queue = *name ? kmq_lookup(name) : NULL;
	if (!queue)
		err = -ENOENT;
	else if (!kmq_queue_owned(queue))
		err = -EPERM;
	else
		kmq_unpublish(queue);
	mutex_unlock(&kmq_registry_lock);
	if (err)
		return err;
	kmq_end(queue);
	return 0;
}

/**
 * kmq_registry_next() - walk over all queues
 * @id: the queue with the lowest id above this
 *
 * Context: may sleep.
 * Return: the queue, with a reference for kmq_queue_put(); or NULL.
 */
struct kmq_queue *kmq_registry_next(u32 id)
{
	struct kmq_queue *queue;
	unsigned long index = id;

	mutex_lock(&kmq_registry_lock);
	queue = xa_find_after(&kmq_by_id, &index, ULONG_MAX, XA_PRESENT);
	if (queue)
		kref_get(&queue->ref);
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
	if (queue && *queue->name) {
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
	       queue->lifetime == KMQ_LIFETIME_EPHEMERAL;
	if (ends)
		kmq_unpublish(queue);
	mutex_unlock(&kmq_registry_lock);
	if (ends)
		kmq_end(queue);
	kmq_queue_put(queue);
}

/*
 * More is charged for before it is taken, so that no way back can fail; less
 * only as far as it has been given up: what a queue still holds beyond its new
 * limits stays charged, until the next resize or its end.
 */
static int kmq_resize_locked(struct kmq_queue *queue, u32 capacity,
			     u64 byte_limit)
{
	u32 inline_size = queue->pool.inline_size;
	u64 after, most;
	int err;

	lockdep_assert_held(&queue->resize_lock);
	capacity = capacity ?: READ_ONCE(queue->capacity);
	byte_limit = byte_limit ?: READ_ONCE(queue->byte_limit);
	most = max(queue->charged,
		   kmq_charge_of(capacity, inline_size, queue->max_message,
				 byte_limit));
	err = kmq_quota_change(queue->account, queue->charged, most);
	if (err)
		return err;
	after = queue->charged;
	err = kmq_pool_resize(&queue->pool, capacity);
	if (err)
		goto settle;
	after = most;	/* removed: the new slots stay until it ends */
	err = kmq_set_limits(queue, &capacity, &byte_limit);
	if (!err)
		after = min(most, kmq_charge_of(capacity, inline_size,
						queue->max_message,
						byte_limit));
settle:
	queue->charged = after;
	kmq_quota_change(queue->account, most, after);
	return err;
}

/**
 * kmq_registry_resize() - change how much a queue takes
 * @queue: that the caller owns
 * @capacity: messages; 0 keeps it
 * @byte_limit: bytes, at least max_message; 0 keeps it
 *
 * Context: may sleep.
 * Return: 0, -EDQUOT, -ENOMEM, -EIDRM.
 */
int kmq_registry_resize(struct kmq_queue *queue, u32 capacity, u64 byte_limit)
{
	int err;

	mutex_lock(&queue->resize_lock);
	err = kmq_resize_locked(queue, capacity, byte_limit);
	mutex_unlock(&queue->resize_lock);
	return err;
}

int kmq_registry_init(void)
{
	int err;

	err = alloc_chrdev_region(&kmq_base, 0, MINORMASK + 1, "kmq");
	if (err)
		return err;
	kmq_class = kmq_class_create("kmq");
	if (!IS_ERR(kmq_class))
		return 0;
	unregister_chrdev_region(kmq_base, MINORMASK + 1);
	return PTR_ERR(kmq_class);
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
	class_destroy(kmq_class);
	unregister_chrdev_region(kmq_base, MINORMASK + 1);
}
