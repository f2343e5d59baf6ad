/* SPDX-License-Identifier: GPL-2.0-only */
/* The mapped door of a ring. */
#ifndef _KMQ_ATTACHMENT_H
#define _KMQ_ATTACHMENT_H

struct file;
struct kmq_queue;
struct kmq_ring_attach;

long kmq_attach(struct file *file, struct kmq_queue *queue,
		struct kmq_ring_attach __user *arg);

#endif /* _KMQ_ATTACHMENT_H */
