/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is to be told, once, that a message has come into an empty queue. */
#ifndef _KMQ_NOTIFY_H
#define _KMQ_NOTIFY_H

#include <linux/types.h>

struct kmq_notify;
struct kmq_queue;
struct kmq_registration;
struct pid;
struct task_struct;

long kmq_notify_ioctl(struct kmq_queue *queue, struct kmq_notify __user *arg);
void kmq_notify_flush(struct kmq_queue *queue);
bool kmq_notify_show(const struct kmq_queue *queue, struct pid **pid,
		     u64 show[2]);
void kmq_notify_free(struct kmq_queue *queue);

/* For wait.c, which holds the queue's lock, and has none for the last. */
struct kmq_registration *kmq_notify_arrived(struct kmq_queue *queue,
					    struct task_struct *sender);
struct kmq_registration *kmq_notify_retire(struct kmq_queue *queue);
void kmq_notify_tell(struct kmq_registration *told);

#endif /* _KMQ_NOTIFY_H */
