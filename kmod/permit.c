// SPDX-License-Identifier: GPL-2.0-only
/* Permission of a queue of the hub, off the way of a message. */
#include <linux/capability.h>
#include <linux/slab.h>

#include "permit.h"

/* To be filled in, and published or freed. NULL: no memory. May sleep. */
struct kmq_permit *kmq_permit_new(void)
{
	return kzalloc(sizeof(struct kmq_permit), GFP_KERNEL_ACCOUNT);
}

/* With what the queue has now: under its lock, or before anybody knows it. */
void kmq_permit_fill(struct kmq_permit *permit, const struct kmq_queue *queue)
{
	permit->uid = queue->uid;
	permit->gid = queue->gid;
	permit->creator_uid = queue->creator_uid;
	permit->creator_gid = queue->creator_gid;
	permit->mode = queue->mode;
}

/*
 * What the mode does not grant. Not where the mode would do: to ask marks the
 * process as one that has used the privilege.
 *
 * Context: does not sleep. Not within the hub's look at its table: what security
 * modules do to answer is long.
 * Return: 0 or -EACCES.
 */
int kmq_permit_privileged(void)
{
	return capable(CAP_IPC_OWNER) ? 0 : -EACCES;
}

/**
 * kmq_permit_ask() - may the caller do that now?
 * @queue: of the hub, referenced by the caller
 * @need: KMQ_MAY_*; 0 is granted to everybody
 *
 * Context: does not sleep; with the queue's lock held or without.
 * Return: 0 or -EACCES.
 */
int kmq_permit_ask(const struct kmq_queue *queue, u32 need)
{
	bool granted;

	rcu_read_lock();
	granted = kmq_permit_grants(rcu_dereference(queue->permit), need);
	rcu_read_unlock();
	return granted ? 0 : kmq_permit_privileged();
}
