/* SPDX-License-Identifier: GPL-2.0-only */
/* What a queue tells of itself. */
#ifndef _KMQ_STATS_H
#define _KMQ_STATS_H

#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/kmq.h>

#include "queue.h"
#include "viewer.h"

struct seq_file;

/**
 * struct kmq_description - all that can be told of a queue, at one instant but
 *	for @info.descriptors
 * @info: but for uid and gid, which depend on who asks
 * @subject: who may ask; @subject.mode is not @info.mode where it has no name
 * @creator_uid: who made it
 * @creator: likewise, referenced
 * @watch: what is watched
 * @last_send: CLOCK_REALTIME, s; 0: never
 * @last_receive: likewise
 * @last_change: likewise
 * @last_sender: referenced; or NULL
 * @last_receiver: likewise
 * @notified: process that is to be notified, referenced; or NULL
 * @notify_show: what it has said to be shown of that
 */
struct kmq_description {
	struct kmq_info info;
	struct kmq_subject subject;
	kuid_t creator_uid;
	struct pid *creator;
	struct kmq_watch watch;
	u64 last_send;
	u64 last_receive;
	u64 last_change;
	struct pid *last_sender;
	struct pid *last_receiver;
	struct pid *notified;
	u64 notify_show[2];
};

void kmq_describe_queue(struct kmq_queue *queue,
			struct kmq_description *description);
void kmq_description_put(struct kmq_description *description);
void kmq_stats_show(struct seq_file *seq, struct kmq_queue *queue);
void kmq_stats_fill(struct kmq_queue *queue, struct kmq_info *info);

#endif /* _KMQ_STATS_H */
