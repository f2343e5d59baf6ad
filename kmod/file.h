/* SPDX-License-Identifier: GPL-2.0-only */
/* An open file description of a queue. */
#ifndef _KMQ_FILE_H
#define _KMQ_FILE_H

#include <linux/fs.h>

#include "holder.h"
#include "lease.h"
#include "wait.h"

/**
 * struct kmq_handle - file->private_data
 * @queue: referenced and counted as open
 * @holder: of it
 * @leases: what it has received and not confirmed
 * @filter: what read() may take; guarded by the queue's lock
 * @truncate: read() cuts messages
 * @last_size: full length of the message that read() took last
 */
struct kmq_handle {
	struct kmq_queue *queue;
	struct kmq_keeper holder;
	struct kmq_leases leases;
	struct kmq_selection filter;
	bool truncate;
	u32 last_size;
};

int kmq_file_init(void);
void kmq_file_exit(void);
struct file *kmq_file_new(struct kmq_queue *queue, unsigned int flags,
			  bool calls);
int kmq_file_install(struct kmq_queue *queue, unsigned int flags);

/* A consistent copy of the filter. Does not sleep. */
static inline struct kmq_selection kmq_handle_filter(struct kmq_handle *handle)
{
	struct kmq_selection filter = { .mode = KMQ_SELECT_ANY };

	/* With ANY there is nothing that could be torn. */
	if (likely(READ_ONCE(handle->filter.mode) == KMQ_SELECT_ANY))
		return filter;
	spin_lock(&handle->queue->lock);
	filter = handle->filter;
	spin_unlock(&handle->queue->lock);
	return filter;
}

#endif /* _KMQ_FILE_H */
