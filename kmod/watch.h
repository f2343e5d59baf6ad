/* SPDX-License-Identifier: GPL-2.0-only */
/* What is watched of a queue: how full it is, and how long things take. */
#ifndef _KMQ_WATCH_H
#define _KMQ_WATCH_H

#include <linux/types.h>
#include <linux/kmq_netlink.h>

#include "moment.h"
#include "queue.h"

struct kmq_fault;

/**
 * struct kmq_histograms - how long things took; guarded by the queue's lock
 * @queued: from accepted to received
 * @blocked: that senders and receivers slept
 */
struct kmq_histograms {
	u64 queued[KMQ_HISTOGRAM_BUCKETS];
	u64 blocked[KMQ_HISTOGRAM_BUCKETS];
};

int kmq_watch_check(const struct kmq_watch *watch, u32 kind,
		    struct kmq_fault *fault);
int kmq_watch_prepare(const struct kmq_watch *watch,
		      struct kmq_histograms **histograms);
void kmq_watch_set(struct kmq_queue *queue, const struct kmq_watch *watch,
		   struct kmq_histograms **histograms);
void kmq_watch_full(struct kmq_queue *queue);
void kmq_watch_queued(struct kmq_queue *queue, const struct kmq_slot *slot,
		      u64 now);
void kmq_watch_slept(struct kmq_queue *queue, struct kmq_moment since);
bool kmq_watch_times(struct kmq_queue *queue, struct kmq_histograms *copy);

#endif /* _KMQ_WATCH_H */
