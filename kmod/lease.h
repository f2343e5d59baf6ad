/* SPDX-License-Identifier: GPL-2.0-only */
/* Leases: messages that a descriptor has received and not yet confirmed. */
#ifndef _KMQ_LEASE_H
#define _KMQ_LEASE_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct kmq_queue;
struct kmq_slot;
struct pid;

/**
 * struct kmq_leases - of one open file description
 * @queue: that they are of
 * @opener: of the description, referenced; told with what is overdue
 * @overdue: looks for such
 * @lock: guards the rest; a leaf
 * @tree: slots by sequence
 * @by_age: those that have not been told to be overdue, oldest first
 * @count: of all
 */
struct kmq_leases {
	struct kmq_queue *queue;
	struct pid *opener;
	struct delayed_work overdue;
	spinlock_t lock;
	struct rb_root tree;
	struct list_head by_age;
	u32 count;
};

void kmq_leases_init(struct kmq_leases *leases, struct kmq_queue *queue);
void kmq_leases_end(struct kmq_leases *leases);
void kmq_leases_watch(struct kmq_leases *leases);
void kmq_lease_keep(struct kmq_leases *leases, struct kmq_slot *slot);
int kmq_lease_ack(struct kmq_leases *leases, struct kmq_queue *queue,
		  u64 sequence);
int kmq_lease_nack(struct kmq_leases *leases, struct kmq_queue *queue,
		   u64 sequence);
#endif /* _KMQ_LEASE_H */
