/* SPDX-License-Identifier: GPL-2.0-only */
/* What can be shown of a queue. Rows are, or begin with, a struct kmq_nl_queue. */
#ifndef KMQCTL_QUEUE_COLUMNS_H
#define KMQCTL_QUEUE_COLUMNS_H

#include <stdbool.h>

#include <kmq_nl.h>

#include "column.h"

extern const struct column queue_columns[];

/* Where the keys of the hub's queues come from: 0 or an errno, silently. NULL: nowhere. */
extern int (*queue_key_source)(uint32_t id, struct kmq_nl_key *key);

/* The key as it is shown; NULL for none. The caller frees it. */
char *queue_key(const struct kmq_nl_queue *queue);

/*
 * Turns the counts that only grow into what they grew by since @before; what
 * tells a level, or a most ever, stays.
 */
void queue_since(struct kmq_info *now, const struct kmq_info *before);

bool queue_is_ring(const struct kmq_info *info);

/* Found inconsistent, and of no more use. */
bool queue_is_broken(const struct kmq_info *info);

/* Whether it can be full at all: a broadcast ring overwrites instead. */
bool queue_fills(const struct kmq_info *info);

/* How full it is, in percent of whichever of its two limits is nearer. */
unsigned int queue_use(const struct kmq_info *info);

#endif
