/* SPDX-License-Identifier: GPL-2.0-only */
/* Leases: messages that a descriptor has received and not yet confirmed. */
#ifndef _KMQ_LEASE_H
#define _KMQ_LEASE_H

#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct kmq_queue;
struct kmq_slot;

/**
 * struct kmq_leases - of one open file description
 * @lock: guards the rest; a leaf
 * @tree: slots by sequence
 * @count: of them
 */
struct kmq_leases {
	spinlock_t lock;
	struct rb_root tree;
	u32 count;
};

void kmq_leases_init(struct kmq_leases *leases);
void kmq_lease_keep(struct kmq_leases *leases, struct kmq_slot *slot);
int kmq_lease_ack(struct kmq_leases *leases, struct kmq_queue *queue,
		  u64 sequence);
int kmq_lease_nack(struct kmq_leases *leases, struct kmq_queue *queue,
		   u64 sequence);
void kmq_leases_return(struct kmq_leases *leases, struct kmq_queue *queue);

#endif /* _KMQ_LEASE_H */
