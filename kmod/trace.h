/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracepoints as the module sees them: kmq_trace(event, ...) is a no-op
 * instruction until somebody listens, and then a call of kmq_trace_EVENT() in
 * trace.c, whose arguments are worked out only then. That is a call more than
 * the usual trace_EVENT() in place, but keeps its code, and the registers that
 * it needs, out of the way of a message.
 *
 * Events of a queue's messages are told under its lock, so that a message is
 * sent before it is received in the trace, too.
 */
#ifndef _KMQ_TRACE_H
#define _KMQ_TRACE_H

#include <linux/tracepoint-defs.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "moment.h"

struct kmq_queue;
struct kmq_slot;
struct task_struct;

/* What a task sleeps for. kmq_trace(7) gives out the numbers. */
enum kmq_trace_side {
	KMQ_TRACE_SEND = 0,
	KMQ_TRACE_RECEIVE = 1,
	KMQ_TRACE_REPLY = 2,
	KMQ_TRACE_SEND_LOCK = 3,
	KMQ_TRACE_RECEIVE_LOCK = 4,
};

DECLARE_TRACEPOINT(kmq_create);
DECLARE_TRACEPOINT(kmq_remove);
DECLARE_TRACEPOINT(kmq_send);
DECLARE_TRACEPOINT(kmq_receive);
DECLARE_TRACEPOINT(kmq_block);
DECLARE_TRACEPOINT(kmq_wake);
DECLARE_TRACEPOINT(kmq_drop);
DECLARE_TRACEPOINT(kmq_purge);
DECLARE_TRACEPOINT(kmq_lease);
DECLARE_TRACEPOINT(kmq_ack);
DECLARE_TRACEPOINT(kmq_return);
DECLARE_TRACEPOINT(kmq_put_back);
DECLARE_TRACEPOINT(kmq_call);
DECLARE_TRACEPOINT(kmq_reply);
DECLARE_TRACEPOINT(kmq_reject);
DECLARE_TRACEPOINT(kmq_quota);
DECLARE_TRACEPOINT(kmq_ring_attach);
DECLARE_TRACEPOINT(kmq_ring_detach);
DECLARE_TRACEPOINT(kmq_ring_death);
DECLARE_TRACEPOINT(kmq_ring_abandon);
DECLARE_TRACEPOINT(kmq_ring_broken);

/* None of them sleeps. @task: whom the event is about; else it is current. */
void kmq_trace_create(const struct kmq_queue *queue);
void kmq_trace_remove(const struct kmq_queue *queue);
void kmq_trace_send(const struct kmq_queue *queue, const struct kmq_slot *slot,
		    const struct task_struct *task);
void kmq_trace_receive(const struct kmq_queue *queue,
		       const struct kmq_slot *slot, bool lease,
		       const struct task_struct *task);
void kmq_trace_drop(const struct kmq_queue *queue, const struct kmq_slot *slot,
		    u64 sequence, const struct task_struct *task);
void kmq_trace_purge(const struct kmq_queue *queue,
		     const struct kmq_slot *slot);
void kmq_trace_lease(const struct kmq_queue *queue,
		     const struct kmq_slot *slot);
void kmq_trace_ack(const struct kmq_queue *queue, const struct kmq_slot *slot);
void kmq_trace_return(const struct kmq_queue *queue,
		      const struct kmq_slot *slot);
void kmq_trace_put_back(const struct kmq_queue *queue,
			const struct kmq_slot *slot);
void kmq_trace_call(const struct kmq_queue *queue, const struct kmq_slot *slot,
		    const struct task_struct *task);
void kmq_trace_reply(const struct kmq_queue *queue,
		     const struct kmq_slot *slot);
void kmq_trace_block(const struct kmq_queue *queue, enum kmq_trace_side side,
		     u64 deadline);
void kmq_trace_wake(const struct kmq_queue *queue, enum kmq_trace_side side,
		    struct kmq_moment since, int result);
void kmq_trace_reject(const struct kmq_queue *queue, u32 size, int result,
		      const struct task_struct *task);
void kmq_trace_quota(kuid_t uid, u64 asked, u64 charged, u32 queues);

/* @count: of what the event is about; see kmq_trace(7). */
void kmq_trace_ring_attach(const struct kmq_queue *queue, u32 attachment,
			   u32 parties, u64 count);
void kmq_trace_ring_detach(const struct kmq_queue *queue, u32 attachment,
			   u32 parties, u64 count);
void kmq_trace_ring_death(const struct kmq_queue *queue, u32 attachment,
			  u32 parties, u64 count);
void kmq_trace_ring_abandon(const struct kmq_queue *queue, u32 attachment,
			    u32 parties, u64 count);
void kmq_trace_ring_broken(const struct kmq_queue *queue, u32 attachment,
			   u32 parties, u64 count);

/* A record of a ring, by the kernel's door: its sequence and size are known. */
void kmq_trace_ring_send(const struct kmq_queue *queue, u64 sequence, u32 size);
void kmq_trace_ring_receive(const struct kmq_queue *queue, u64 sequence,
			    u32 size, bool redelivered);
void kmq_trace_ring_purge(const struct kmq_queue *queue, u64 sequence,
			  u32 size);

#define kmq_trace(event, ...)						\
do {									\
	if (tracepoint_enabled(kmq_##event))				\
		kmq_trace_##event(__VA_ARGS__);				\
} while (0)

#endif /* _KMQ_TRACE_H */
