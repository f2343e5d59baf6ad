// SPDX-License-Identifier: GPL-2.0-only
/* Settings and ledger of a queue, as of one instant. */
#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "notify.h"
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

/* What does not change. */
static void kmq_stats_constants(const struct kmq_queue *queue,
				struct kmq_description *description)
{
	struct kmq_info *info = &description->info;

	info->id = queue->id;
	strscpy(info->name, queue->name, sizeof(info->name));
	info->kind = queue->ring ? KMQ_KIND_RING : KMQ_KIND_MESSAGE;
	info->lifetime = queue->lifetime;
	info->inline_size = queue->pool.inline_size;
	info->max_message = queue->max_message;
	info->created = queue->created;
	description->creator_uid = queue->creator_uid;
	description->creator = get_pid(queue->creator);
}

/* What does, under the lock, and is not of the ledger. */
static void kmq_stats_variables(const struct kmq_queue *queue,
				struct kmq_description *description)
{
	lockdep_assert_held(&queue->lock);
	description->info.policy = queue->policy;
	description->info.mode = queue->mode;
	kmq_queue_subject(queue, &description->subject);
	description->watch = queue->watch;
	description->last_send = queue->last_send;
	description->last_receive = queue->last_receive;
	description->last_sender = get_pid(queue->last_sender);
	description->last_receiver = get_pid(queue->last_receiver);
	kmq_notify_show(queue, &description->notified,
			description->notify_show);
}

/**
 * kmq_describe_queue() - all that can be told of a queue
 * @queue: whose lock is not held
 * @description: out: for kmq_description_put()
 *
 * Context: may sleep, for a ring.
 */
void kmq_describe_queue(struct kmq_queue *queue,
			struct kmq_description *description)
{
	struct kmq_info *info = &description->info;

	memset(description, 0, sizeof(*description));
	kmq_stats_constants(queue, description);
	spin_lock(&queue->lock);
	kmq_stats_variables(queue, description);
	if (!queue->ring)
		kmq_stats_ledger(queue, info);
	spin_unlock(&queue->lock);
	description->last_change = READ_ONCE(queue->last_change);
	/* Of no consistency with the rest: it has another lock. */
	info->descriptors = READ_ONCE(queue->descriptors);
	if (queue->ring)
		kmq_ring_fill(queue->ring, info);
}

void kmq_description_put(struct kmq_description *description)
{
	put_pid(description->creator);
	put_pid(description->last_sender);
	put_pid(description->last_receiver);
	put_pid(description->notified);
}

/**
 * kmq_stats_fill() - describe a queue to the caller
 * @queue: whose lock is not held
 * @info: out: whole
 *
 * Context: may sleep, for a ring.
 */
void kmq_stats_fill(struct kmq_queue *queue, struct kmq_info *info)
{
	struct user_namespace *users = current_user_ns();
	struct kmq_description description;

	kmq_describe_queue(queue, &description);
	*info = description.info;
	info->uid = from_kuid_munged(users, description.subject.uid);
	info->gid = from_kgid_munged(users, description.subject.gid);
	kmq_description_put(&description);
}

/* The counts, for fdinfo. May sleep, for a ring. */
void kmq_stats_show(struct seq_file *seq, struct kmq_queue *queue)
{
	struct kmq_description description;
	const struct kmq_info *info = &description.info;

	kmq_describe_queue(queue, &description);
	seq_printf(seq, "kmq-queued:\t%llu\n", info->queued);
	seq_printf(seq, "kmq-leased:\t%llu\n", info->leased);
	seq_printf(seq, "kmq-bytes:\t%llu\n", info->bytes);
	seq_printf(seq, "kmq-sent:\t%llu\n", info->sent);
	seq_printf(seq, "kmq-received:\t%llu\n", info->received);
	seq_printf(seq, "kmq-dropped:\t%llu\n", info->dropped);
	seq_printf(seq, "kmq-purged:\t%llu\n", info->purged);
	seq_printf(seq, "kmq-rejected:\t%llu\n", info->rejected);
	seq_printf(seq, "kmq-abandoned:\t%llu\n", info->abandoned);
	seq_printf(seq, "kmq-blocked:\t%u %u %u\n", info->blocked_senders,
		   info->blocked_receivers, info->blocked_callers);
	kmq_description_put(&description);
}
