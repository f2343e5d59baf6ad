/* SPDX-License-Identifier: GPL-2.0-only */
/* KMQ_IOC_SEND_BATCH and KMQ_IOC_RECEIVE_BATCH. */
#ifndef _KMQ_BATCH_H
#define _KMQ_BATCH_H

struct file;
struct kmq_batch;
struct kmq_handle;

long kmq_ioctl_send_batch(struct file *file, struct kmq_handle *handle,
			  struct kmq_batch __user *arg);
long kmq_ioctl_receive_batch(struct file *file, struct kmq_handle *handle,
			     struct kmq_batch __user *arg);

#endif /* _KMQ_BATCH_H */
