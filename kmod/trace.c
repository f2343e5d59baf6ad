// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is told to whom traces: the slow half of trace.h. All of it is called
 * only while somebody listens, under whatever lock the transition holds.
 */
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "trace.h"

#define CREATE_TRACE_POINTS
#include "tracepoints.h"

#define KMQ_TELL(event, queue, slot, task)				\
	trace_kmq_##event(queue, (slot)->sequence, (slot)->type,	\
			  (slot)->priority, (slot)->size, task)

void kmq_trace_create(const struct kmq_queue *queue)
{
	trace_kmq_create(queue, current);
}

void kmq_trace_remove(const struct kmq_queue *queue)
{
	trace_kmq_remove(queue, current);
}

void kmq_trace_send(const struct kmq_queue *queue, const struct kmq_slot *slot,
		    const struct task_struct *task)
{
	KMQ_TELL(send, queue, slot, task);
}

void kmq_trace_receive(const struct kmq_queue *queue,
		       const struct kmq_slot *slot, bool lease,
		       const struct task_struct *task)
{
	trace_kmq_receive(queue, slot->sequence, slot->type, slot->size, lease,
			  slot->redeliveries, ktime_get_ns() - slot->time,
			  task);
}

/* Not the slot's own number: what policy drops at once has got none. */
void kmq_trace_drop(const struct kmq_queue *queue, const struct kmq_slot *slot,
		    u64 sequence, const struct task_struct *task)
{
	trace_kmq_drop(queue, sequence, slot->type, slot->priority, slot->size,
		       task);
}

void kmq_trace_purge(const struct kmq_queue *queue,
		     const struct kmq_slot *slot)
{
	KMQ_TELL(purge, queue, slot, current);
}

void kmq_trace_lease(const struct kmq_queue *queue,
		     const struct kmq_slot *slot)
{
	KMQ_TELL(lease, queue, slot, current);
}

void kmq_trace_ack(const struct kmq_queue *queue, const struct kmq_slot *slot)
{
	KMQ_TELL(ack, queue, slot, current);
}

void kmq_trace_return(const struct kmq_queue *queue,
		      const struct kmq_slot *slot)
{
	KMQ_TELL(return, queue, slot, current);
}

void kmq_trace_put_back(const struct kmq_queue *queue,
			const struct kmq_slot *slot)
{
	KMQ_TELL(put_back, queue, slot, current);
}

void kmq_trace_call(const struct kmq_queue *queue, const struct kmq_slot *slot,
		    const struct task_struct *task)
{
	KMQ_TELL(call, queue, slot, task);
}

void kmq_trace_reply(const struct kmq_queue *queue,
		     const struct kmq_slot *slot)
{
	KMQ_TELL(reply, queue, slot, current);
}

void kmq_trace_block(const struct kmq_queue *queue, enum kmq_trace_side side,
		     u64 deadline)
{
	trace_kmq_block(queue, side, deadline, current);
}

void kmq_trace_wake(const struct kmq_queue *queue, enum kmq_trace_side side,
		    struct kmq_moment since, int result)
{
	trace_kmq_wake(queue, side, result, ktime_get_ns() - kmq_moment_ns(since),
		       current);
}

void kmq_trace_reject(const struct kmq_queue *queue, u32 size, int result,
		      const struct task_struct *task)
{
	trace_kmq_reject(queue, size, result, task);
}

void kmq_trace_quota(kuid_t uid, u64 asked, u64 charged, u32 queues)
{
	trace_kmq_quota(from_kuid_munged(&init_user_ns, uid), asked, charged,
			queues, current);
}

void kmq_trace_ring_attach(const struct kmq_queue *queue, u32 attachment,
			   u32 parties, u64 count)
{
	trace_kmq_ring_attach(queue, attachment, parties, count, current);
}

void kmq_trace_ring_detach(const struct kmq_queue *queue, u32 attachment,
			   u32 parties, u64 count)
{
	trace_kmq_ring_detach(queue, attachment, parties, count, current);
}

void kmq_trace_ring_death(const struct kmq_queue *queue, u32 attachment,
			  u32 parties, u64 count)
{
	trace_kmq_ring_death(queue, attachment, parties, count, current);
}

void kmq_trace_ring_abandon(const struct kmq_queue *queue, u32 attachment,
			    u32 parties, u64 count)
{
	trace_kmq_ring_abandon(queue, attachment, parties, count, current);
}

void kmq_trace_ring_broken(const struct kmq_queue *queue, u32 attachment,
			   u32 parties, u64 count)
{
	trace_kmq_ring_broken(queue, attachment, parties, count, current);
}

/* When it was sent is not known: time is not among a record's words. */
void kmq_trace_ring_send(const struct kmq_queue *queue, u64 sequence, u32 size)
{
	trace_kmq_send(queue, sequence, 1, 0, size, current);
}

void kmq_trace_ring_receive(const struct kmq_queue *queue, u64 sequence,
			    u32 size, bool redelivered)
{
	trace_kmq_receive(queue, sequence, 1, size, false, redelivered, 0,
			  current);
}

void kmq_trace_ring_purge(const struct kmq_queue *queue, u64 sequence, u32 size)
{
	trace_kmq_purge(queue, sequence, 1, 0, size, current);
}
