/* SPDX-License-Identifier: GPL-2.0-only */
/* Names and minors -> queues, and their nodes below /dev/kmq. */
#ifndef _KMQ_REGISTRY_H
#define _KMQ_REGISTRY_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct kmq_create;
struct kmq_node;
struct kmq_queue;

int kmq_registry_init(void);
void kmq_registry_exit(void);

struct kmq_queue *kmq_registry_create(const struct kmq_create *settings,
				      kuid_t uid, kgid_t gid, bool open);
void kmq_registry_abort(struct kmq_queue *queue, bool open);
int kmq_registry_remove(const char *name);
struct kmq_queue *kmq_registry_next(u32 id);
int kmq_registry_resize(struct kmq_queue *queue, u32 capacity, u64 byte_limit);

struct kmq_queue *kmq_registry_open(u32 id);
void kmq_registry_hold(struct kmq_queue *queue);
void kmq_registry_close(struct kmq_queue *queue);
void kmq_queue_put(struct kmq_queue *queue);
bool kmq_queue_owned(const struct kmq_queue *queue);

dev_t kmq_devt(u32 minor);
struct kmq_node *kmq_node_new(const char *name, u32 minor, u32 mode, kuid_t uid,
			      kgid_t gid);
void kmq_node_free(struct kmq_node *node);

#endif /* _KMQ_REGISTRY_H */
