// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who keeps a queue: its open file descriptions, in the order in which they came,
 * so that a walk over them can stop and go on while others come and go.
 */
#include <linux/fs.h>
#include <linux/kmq_netlink.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>

#include "holder.h"
#include "lease.h"
#include "queue.h"

/* Descriptions looked after under one hold of holders_lock. */
#define KMQ_WATCH_STEP 64

static struct kmq_keeper *kmq_holder_of(struct rb_node *node)
{
	return rb_entry_safe(node, struct kmq_keeper, node);
}

static u32 kmq_holder_access(const struct kmq_keeper *holder)
{
	u32 access = holder->access;

	/* The file is there as long as its holder; fcntl() has other locks. */
	if (READ_ONCE(holder->file->f_flags) & O_NONBLOCK)
		access |= KMQ_ACCESS_NONBLOCK;
	return access;
}

/* What a file was opened for. */
u32 kmq_file_access(const struct file *file)
{
	u32 access = 0;

	if (file->f_mode & FMODE_READ)
		access |= KMQ_ACCESS_READ;
	if (file->f_mode & FMODE_WRITE)
		access |= KMQ_ACCESS_WRITE;
	return access;
}

/**
 * kmq_holder_add() - `current` has opened a queue
 * @queue: referenced by the description
 * @holder: of the description; but for @leases and @attachment set here
 * @file: likewise
 * @access: KMQ_ACCESS_READ and _WRITE
 *
 * Context: does not sleep.
 */
void kmq_holder_add(struct kmq_queue *queue, struct kmq_keeper *holder,
		    const struct file *file, u32 access)
{
	struct rb_node **link = &queue->holders.rb_node, *parent = NULL;

	/* The number alone might be another's when it is told. Put with the holder. */
	holder->opener = get_pid(task_tgid(current));
	holder->file = file;
	holder->access = access;
	spin_lock(&queue->holders_lock);
	holder->serial = ++queue->holder_serial;
	while (*link) {		/* the newest is the last */
		parent = *link;
		link = &parent->rb_right;
	}
	rb_link_node(&holder->node, parent, link);
	rb_insert_color(&holder->node, &queue->holders);
	spin_unlock(&queue->holders_lock);
}

/* The description is being released. Does not sleep. */
void kmq_holder_remove(struct kmq_queue *queue, struct kmq_keeper *holder)
{
	spin_lock(&queue->holders_lock);
	rb_erase(&holder->node, &queue->holders);
	spin_unlock(&queue->holders_lock);
	put_pid(holder->opener);
}

static struct kmq_keeper *kmq_holder_after(const struct kmq_queue *queue,
					   u64 serial)
{
	struct rb_node *node = queue->holders.rb_node;
	struct kmq_keeper *found = NULL;

	lockdep_assert_held(&queue->holders_lock);
	while (node) {
		struct kmq_keeper *holder = kmq_holder_of(node);

		if (holder->serial > serial) {
			found = holder;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

/**
 * kmq_holder_next() - a walk over the descriptions of a queue
 * @queue: whose holders_lock is not held
 * @serial: of the one before; 0: the first is asked for
 * @last: from kmq_holder_last(), before the first
 * @holding: out: opener for put_pid()
 *
 * Context: does not sleep.
 * Return: false: there is none behind @serial.
 */
bool kmq_holder_next(struct kmq_queue *queue, u64 serial, u64 last,
		     struct kmq_holding *holding)
{
	const struct kmq_keeper *holder;

	spin_lock(&queue->holders_lock);
	holder = kmq_holder_after(queue, serial);
	if (holder && holder->serial > last)
		holder = NULL;
	if (holder)
		*holding = (struct kmq_holding){
			.serial = holder->serial,
			.opener = get_pid(holder->opener),
			.access = kmq_holder_access(holder),
			/* Each has a lock of its own: as of some moment. */
			.leases = holder->leases ?
					  READ_ONCE(holder->leases->count) : 0,
			.attachment = READ_ONCE(holder->attachment),
		};
	spin_unlock(&queue->holders_lock);
	return holder;
}

/* Of the newest description there is, or was. Does not sleep. */
u64 kmq_holder_last(struct kmq_queue *queue)
{
	u64 last;

	spin_lock(&queue->holders_lock);
	last = queue->holder_serial;
	spin_unlock(&queue->holders_lock);
	return last;
}

/* A step of kmq_holders_watch_leases(): up to where it came; 0: to the end. */
static u64 kmq_holders_watch_some(struct kmq_queue *queue, u64 serial)
{
	struct kmq_keeper *holder;
	u32 i = 0;

	spin_lock(&queue->holders_lock);
	holder = kmq_holder_after(queue, serial);
	for (; holder && i < KMQ_WATCH_STEP; i++) {
		if (holder->leases)
			kmq_leases_watch(holder->leases);
		serial = holder->serial;
		holder = kmq_holder_of(rb_next(&holder->node));
	}
	spin_unlock(&queue->holders_lock);
	return holder ? serial : 0;
}

/**
 * kmq_holders_watch_leases() - the lease limit of the queue is another now
 * @queue: whose holders_lock is not held
 *
 * Whoever opens it meanwhile knows the limit and need not be met.
 *
 * Context: may sleep.
 */
void kmq_holders_watch_leases(struct kmq_queue *queue)
{
	const u64 last = kmq_holder_last(queue);
	u64 serial = 0;

	do {
		serial = kmq_holders_watch_some(queue, serial);
		cond_resched();
	} while (serial && serial < last);
}

/**
 * kmq_sleeping_note() - take down a sleeper
 * @row: out: pids for put_pid()
 * @task: asleep, and kept so by a lock of the caller's
 * @serial: to go on from
 * @since: CLOCK_MONOTONIC, ns
 *
 * Context: does not sleep.
 */
void kmq_sleeping_note(struct kmq_sleeping *row, struct task_struct *task,
		       u64 serial, u64 since)
{
	*row = (struct kmq_sleeping){
		.serial = serial,
		.since = since,
		.thread = get_task_pid(task, PIDTYPE_PID),
		.process = get_task_pid(task, PIDTYPE_TGID),
	};
}
