/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands of a queue. */
#ifndef _KMQ_IOCTL_H
#define _KMQ_IOCTL_H

#include "file.h"

/* Flags that a send may have. */
#define KMQ_SEND_FLAGS KMQ_DONTWAIT

long kmq_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
int kmq_ioctl_check(const struct file *file, const struct kmq_queue *queue,
		    unsigned int cmd);

/* What single messages and batches say in the same words. */
bool kmq_selection_valid(u32 select, s64 type);
struct kmq_patience kmq_patience_of(const struct file *file, u32 flags,
				    u64 deadline);
int kmq_want_of(struct kmq_handle *handle, u32 flags, u32 select, s64 type,
		struct kmq_want *want);

#endif /* _KMQ_IOCTL_H */
