// SPDX-License-Identifier: GPL-2.0-only
/* Settings and ledger of a queue, as of one instant. */
#include <linux/cred.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "queue.h"
#include "ring.h"
#include "stats.h"

static void kmq_stats_ledger(const struct kmq_queue *queue,
			     struct kmq_info *info)
{
	lockdep_assert_held(&queue->lock);
	info->capacity = queue->capacity;
	info->byte_limit = queue->byte_limit;
	info->bytes = queue->bytes;
	info->queued = queue->queued;
	info->leased = queue->leased;
	info->sent = queue->sequence;
	info->received = queue->ledger.received;
	info->dropped = queue->ledger.dropped;
	info->purged = queue->ledger.purged;
	info->returned = queue->ledger.returned;
	info->rejected = queue->ledger.rejected;
	info->calls = queue->ledger.calls;
	info->replies = queue->ledger.replies;
	info->peak = queue->ledger.peak;
	info->blocked_senders = queue->blocked_senders;
	info->blocked_receivers = queue->blocked_receivers;
	info->blocked_callers = queue->blocked_callers;
}

/**
 * kmq_stats_fill() - describe a queue
 * @queue: whose lock is not held
 * @info: out: whole
 *
 * Context: may sleep, for a ring.
 */
void kmq_stats_fill(struct kmq_queue *queue, struct kmq_info *info)
{
	memset(info, 0, sizeof(*info));
	info->id = queue->id;
	strscpy(info->name, queue->name, sizeof(info->name));
	info->kind = KMQ_KIND_MESSAGE;
	info->policy = queue->policy;
	info->lifetime = queue->lifetime;
	info->inline_size = queue->pool.inline_size;
	info->max_message = queue->max_message;
	info->mode = queue->mode;
	info->uid = from_kuid_munged(current_user_ns(), queue->uid);
	info->gid = from_kgid_munged(current_user_ns(), queue->gid);
	info->created = queue->created;
	/* Of no consistency with the rest: it has another lock. */
	info->descriptors = READ_ONCE(queue->descriptors);

	if (queue->ring) {
		kmq_ring_fill(queue->ring, info);
		return;
	}
	spin_lock(&queue->lock);
	kmq_stats_ledger(queue, info);
	spin_unlock(&queue->lock);
}
