/* SPDX-License-Identifier: GPL-2.0-only */
/* What a queue tells of itself. */
#ifndef _KMQ_STATS_H
#define _KMQ_STATS_H

struct kmq_info;
struct kmq_queue;

void kmq_stats_fill(struct kmq_queue *queue, struct kmq_info *info);

#endif /* _KMQ_STATS_H */
