/* SPDX-License-Identifier: GPL-2.0-only */
/* Who keeps a queue, or sleeps in it. */
#ifndef _KMQ_HOLDER_H
#define _KMQ_HOLDER_H

#include <linux/rbtree.h>
#include <linux/types.h>

struct file;
struct kmq_leases;
struct kmq_queue;
struct pid;

/**
 * struct kmq_keeper - an open file description, in its own struct
 * @node: in queue->holders
 * @serial: in order of opening
 * @opener: referenced
 * @file: of it, not referenced: it outlives this
 * @access: KMQ_ACCESS_READ and _WRITE; NONBLOCK is asked of @file
 * @leases: of it; or NULL
 * @attachment: its number; 0: it has none
 */
struct kmq_keeper {
	struct rb_node node;
	u64 serial;
	struct pid *opener;
	const struct file *file;
	u32 access;
	struct kmq_leases *leases;
	u32 attachment;
};

/**
 * struct kmq_holding - a copy, of one instant
 * @serial: to go on from
 * @opener: referenced
 * @access: KMQ_ACCESS_*
 * @leases: of them
 * @attachment: its number; 0: it has none
 */
struct kmq_holding {
	u64 serial;
	struct pid *opener;
	u32 access;
	u32 leases;
	u32 attachment;
};

/**
 * struct kmq_sleeping - a thread that sleeps in a queue, at one instant
 * @serial: to go on from
 * @thread: referenced
 * @process: referenced
 * @since: CLOCK_MONOTONIC, ns
 */
struct kmq_sleeping {
	u64 serial;
	struct pid *thread;
	struct pid *process;
	u64 since;
};

void kmq_holder_add(struct kmq_queue *queue, struct kmq_keeper *holder,
		    const struct file *file, u32 access);
u32 kmq_file_access(const struct file *file);
void kmq_holder_remove(struct kmq_queue *queue, struct kmq_keeper *holder);
bool kmq_holder_next(struct kmq_queue *queue, u64 serial, u64 last,
		     struct kmq_holding *holding);
u64 kmq_holder_last(struct kmq_queue *queue);
void kmq_holders_watch_leases(struct kmq_queue *queue);

void kmq_sleeping_note(struct kmq_sleeping *row, struct task_struct *task,
		       u64 serial, u64 since);

#endif /* _KMQ_HOLDER_H */
