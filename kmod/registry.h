/* SPDX-License-Identifier: GPL-2.0-only */
/* Names, keys and minors -> queues, and their nodes below /dev/kmq. */
#ifndef _KMQ_REGISTRY_H
#define _KMQ_REGISTRY_H

#include <linux/bits.h>
#include <linux/kdev_t.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct device;
struct kmq_address;
struct kmq_create;
struct kmq_fault;
struct kmq_node;
struct kmq_queue;
struct kmq_watch;
struct kref;
struct mutex;

/* What struct kmq_change has to say. */
#define KMQ_CHANGE_CAPACITY	BIT(0)
#define KMQ_CHANGE_BYTE_LIMIT	BIT(1)
#define KMQ_CHANGE_POLICY	BIT(2)
#define KMQ_CHANGE_MODE		BIT(3)
#define KMQ_CHANGE_UID		BIT(4)
#define KMQ_CHANGE_GID		BIT(5)
#define KMQ_CHANGE_HIGH		BIT(6)
#define KMQ_CHANGE_LOW		BIT(7)
#define KMQ_CHANGE_LEASE_LIMIT	BIT(8)
#define KMQ_CHANGE_HISTOGRAM	BIT(9)
/* Zero in @capacity and @byte_limit is meant, and any byte limit will do. */
#define KMQ_CHANGE_EXACT	BIT(10)

/**
 * struct kmq_change - new settings of a queue
 * @what: KMQ_CHANGE_*: which of the others count
 * @judged_uid: owner, by whom it was judged whether the caller may do that
 * @judged_gid: group, likewise
 * @high: and the following four: as in struct kmq_watch
 */
struct kmq_change {
	u32 what;
	kuid_t judged_uid;
	kgid_t judged_gid;
	u32 capacity;
	u64 byte_limit;
	u32 policy;
	u32 mode;
	kuid_t uid;
	kgid_t gid;
	u32 high;
	u32 low;
	u32 lease_limit;
	bool histogram;
};

/**
 * struct kmq_space_totals - sums over the queues of a space
 * @queues: how many
 * @highest: index of them; 0: there are none
 * @queued: messages
 * @bytes: of bodies queued and leased
 */
struct kmq_space_totals {
	u32 queues;
	u32 highest;
	u64 queued;
	u64 bytes;
};

/* Names, keys, ids and nodes: registry.c and key.c. */
extern struct mutex kmq_registry_lock;

int kmq_registry_init(void);
void kmq_registry_exit(void);

struct kmq_queue *kmq_registry_create(const struct kmq_create *settings,
				      const struct kmq_watch *watch,
				      kuid_t uid, kgid_t gid, bool open);
struct kmq_queue *kmq_registry_create_keyed(const struct kmq_create *settings,
					    struct kmq_address *address,
					    bool open);
void kmq_registry_abort(struct kmq_queue *queue, bool open);
int kmq_registry_remove(const char *name, bool defer);
int kmq_registry_end(struct kmq_queue *queue, kuid_t judged_uid);
int kmq_registry_end_judged(struct kmq_queue *queue, bool defer);
struct kmq_queue *kmq_registry_next(u32 id, u32 *generation);
struct kmq_queue *kmq_registry_find(const char *name, u32 id);
struct kmq_queue *kmq_registry_find_keyed(const struct kmq_address *address,
					  bool open);
struct kmq_queue *kmq_registry_at(u32 space, u32 index);
void kmq_registry_totals(u32 space, struct kmq_space_totals *totals);
int kmq_registry_set(struct kmq_queue *queue, const struct kmq_change *change,
		     struct kmq_fault *fault);

struct kmq_queue *kmq_registry_open(u32 id);
void kmq_registry_hold(struct kmq_queue *queue);
void kmq_registry_close(struct kmq_queue *queue);
void kmq_queue_put(struct kmq_queue *queue);
void kmq_queue_release(struct kref *ref);
bool kmq_owner_is_served(const struct kmq_queue *queue, kuid_t owner);

dev_t kmq_devt(u32 minor);
struct kmq_node *kmq_node_new(const char *name, u32 minor, u32 mode, kuid_t uid,
			      kgid_t gid, struct kmq_queue *queue);
void kmq_node_free(struct kmq_node *node);
struct kmq_queue *kmq_node_queue(struct device *device);

/* Minors: 0 is the control device's, the last the hub's, between are ids. */
#define KMQ_CONTROL_MINOR	0
#define KMQ_HUB_MINOR		MINORMASK
#define KMQ_ID_MAX		(MINORMASK - 1)

#endif /* _KMQ_REGISTRY_H */
