/* SPDX-License-Identifier: GPL-2.0-only */
/* An open file description of a queue. */
#ifndef _KMQ_FILE_H
#define _KMQ_FILE_H

#include <linux/fs.h>

#include "lease.h"
#include "wait.h"

/**
 * struct kmq_handle - file->private_data
 * @queue: referenced and counted as open
 * @leases: what it has received and not confirmed
 * @lock: guards @filter; a leaf
 * @filter: what read() may take; changed and copied whole under @lock
 * @filtered: it is not KMQ_SELECT_ANY: a way past the lock
 * @truncate: read() cuts messages
 * @last_size: full length of the message that read() took last
 */
struct kmq_handle {
	struct kmq_queue *queue;
	struct kmq_leases leases;
	spinlock_t lock;
	struct kmq_selection filter;
	bool filtered;
	bool truncate;
	u32 last_size;
};

int kmq_file_init(void);
void kmq_file_exit(void);
int kmq_file_install(struct kmq_queue *queue, unsigned int flags);

/* A consistent copy of the filter. Does not sleep. */
static inline struct kmq_selection kmq_handle_filter(struct kmq_handle *handle)
{
	struct kmq_selection filter = { .mode = KMQ_SELECT_ANY };

	if (likely(!READ_ONCE(handle->filtered)))
		return filter;
	spin_lock(&handle->lock);
	filter = handle->filter;
	spin_unlock(&handle->lock);
	return filter;
}

#endif /* _KMQ_FILE_H */
