/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may do what with a queue of the hub. It is asked at each call, and so is
 * one object that is replaced as a whole: who reads it without a lock never sees
 * the owner of one time with the mode of another.
 */
#ifndef _KMQ_PERMIT_H
#define _KMQ_PERMIT_H

#include <linux/cred.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "queue.h"

/* With KMQ_MAY_READ and KMQ_MAY_WRITE all that can be asked for. */
#define KMQ_MAY_ALL	7

/**
 * struct kmq_permit - owner, creator and mode of a queue at one time
 * @uid: owner
 * @creator_uid: who has the owner's rights for good
 * @gid: group
 * @creator_gid: likewise
 * @mode: permission bits
 * @rcu: once it has been replaced
 */
struct kmq_permit {
	kuid_t uid;
	kuid_t creator_uid;
	kgid_t gid;
	kgid_t creator_gid;
	u32 mode;
	struct rcu_head rcu;
};

struct kmq_permit *kmq_permit_new(void);
void kmq_permit_fill(struct kmq_permit *permit, const struct kmq_queue *queue);
int kmq_permit_privileged(void);
int kmq_permit_ask(const struct kmq_queue *queue, u32 need);

/*
 * Does the mode grant @need, bits of KMQ_MAY_ALL, to the caller's class? As
 * System V's queues have it: the first class that he is in decides alone, and
 * the creator and his group never leave theirs. Does not sleep.
 */
static inline bool kmq_permit_grants(const struct kmq_permit *permit, u32 need)
{
	const kuid_t euid = current_euid();
	u32 mode = permit->mode;

	if (uid_eq(euid, permit->uid) || uid_eq(euid, permit->creator_uid))
		mode >>= 6;
	else if (in_group_p(permit->gid) || in_group_p(permit->creator_gid))
		mode >>= 3;
	return !(need & ~mode);
}

#endif /* _KMQ_PERMIT_H */
