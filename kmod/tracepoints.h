/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracepoints, as kmq_trace(7) tells of them. trace.c alone includes this;
 * the rest of the module goes through trace.h.
 *
 * All fields have a fixed width, and names are arrays in the record, so that a
 * filter, perf or bpftrace reads them without a look anywhere else. @pid, @tid
 * and @comm are of the task that the event is about, which is not always the one
 * that runs: a message is often handed to a receiver that sleeps.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kmq

#if !defined(_KMQ_TRACEPOINTS_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KMQ_TRACEPOINTS_H

#include <linux/sched.h>
#include <linux/tracepoint.h>

#include "queue.h"

#ifndef _KMQ_TRACE_NAMES
#define _KMQ_TRACE_NAMES

/* enum kmq_trace_side, in numbers: it is not the user's. */
#define kmq_show_side(side)					\
	__print_symbolic(side,					\
			 { 0, "send" },				\
			 { 1, "receive" },			\
			 { 2, "reply" },			\
			 { 3, "send-lock" },			\
			 { 4, "receive-lock" })

#define kmq_show_kind(kind)					\
	__print_symbolic(kind,					\
			 { KMQ_KIND_MESSAGE, "message" },	\
			 { KMQ_KIND_RING, "ring" })

#define kmq_show_policy(policy)					\
	__print_symbolic(policy,				\
			 { KMQ_POLICY_BLOCK, "block" },		\
			 { KMQ_POLICY_REJECT, "reject" },	\
			 { KMQ_POLICY_DROP_NEWEST, "drop-newest" }, \
			 { KMQ_POLICY_DROP_OLDEST, "drop-oldest" })

#endif /* _KMQ_TRACE_NAMES */

/* So that those who read the format elsewhere know the numbers. */
TRACE_DEFINE_ENUM(KMQ_KIND_MESSAGE);
TRACE_DEFINE_ENUM(KMQ_KIND_RING);
TRACE_DEFINE_ENUM(KMQ_POLICY_BLOCK);
TRACE_DEFINE_ENUM(KMQ_POLICY_REJECT);
TRACE_DEFINE_ENUM(KMQ_POLICY_DROP_NEWEST);
TRACE_DEFINE_ENUM(KMQ_POLICY_DROP_OLDEST);

DECLARE_EVENT_CLASS(kmq_queue_class,

	TP_PROTO(const struct kmq_queue *queue, const struct task_struct *task),

	TP_ARGS(queue, task),

	TP_STRUCT__entry(
		__field(u32, queue)
		__array(char, name, KMQ_NAME_SIZE)
		__field(u32, kind)
		__field(u32, policy)
		__field(u32, capacity)
		__field(u32, max_message)
		__field(u64, byte_limit)
		__field(s32, pid)
		__field(s32, tid)
		__array(char, comm, TASK_COMM_LEN)
	),

	TP_fast_assign(
		__entry->queue = queue->id;
		memcpy(__entry->name, queue->name, KMQ_NAME_SIZE);
		__entry->kind = queue->ring ? KMQ_KIND_RING : KMQ_KIND_MESSAGE;
		__entry->policy = queue->policy;
		__entry->capacity = queue->capacity;
		__entry->max_message = queue->max_message;
		__entry->byte_limit = queue->byte_limit;
		__entry->pid = task->tgid;
		__entry->tid = task->pid;
		memcpy(__entry->comm, task->comm, TASK_COMM_LEN);
	),

	TP_printk("queue=%u name=%s kind=%s policy=%s capacity=%u max_message=%u byte_limit=%llu pid=%d tid=%d comm=%s",
		  __entry->queue, __entry->name,
		  kmq_show_kind(__entry->kind),
		  kmq_show_policy(__entry->policy),
		  __entry->capacity, __entry->max_message, __entry->byte_limit,
		  __entry->pid, __entry->tid, __entry->comm)
);

DEFINE_EVENT(kmq_queue_class, kmq_create,
	TP_PROTO(const struct kmq_queue *queue, const struct task_struct *task),
	TP_ARGS(queue, task)
);

DEFINE_EVENT(kmq_queue_class, kmq_remove,
	TP_PROTO(const struct kmq_queue *queue, const struct task_struct *task),
	TP_ARGS(queue, task)
);

DECLARE_EVENT_CLASS(kmq_message_class,

	TP_PROTO(const struct kmq_queue *queue, u64 sequence, s64 type,
		 u32 priority, u32 size, const struct task_struct *task),

	TP_ARGS(queue, sequence, type, priority, size, task),

	TP_STRUCT__entry(
		__field(u32, queue)
		__array(char, name, KMQ_NAME_SIZE)
		__field(u64, sequence)
		__field(s64, type)
		__field(u32, priority)
		__field(u32, size)
		__field(s32, pid)
		__field(s32, tid)
		__array(char, comm, TASK_COMM_LEN)
	),

	TP_fast_assign(
		__entry->queue = queue->id;
		memcpy(__entry->name, queue->name, KMQ_NAME_SIZE);
		__entry->sequence = sequence;
		__entry->type = type;
		__entry->priority = priority;
		__entry->size = size;
		__entry->pid = task->tgid;
		__entry->tid = task->pid;
		memcpy(__entry->comm, task->comm, TASK_COMM_LEN);
	),

	TP_printk("queue=%u name=%s sequence=%llu type=%lld priority=%u size=%u pid=%d tid=%d comm=%s",
		  __entry->queue, __entry->name, __entry->sequence,
		  __entry->type, __entry->priority, __entry->size,
		  __entry->pid, __entry->tid, __entry->comm)
);

#define KMQ_MESSAGE_EVENT(name)						\
DEFINE_EVENT(kmq_message_class, name,					\
	TP_PROTO(const struct kmq_queue *queue, u64 sequence, s64 type,	\
		 u32 priority, u32 size, const struct task_struct *task), \
	TP_ARGS(queue, sequence, type, priority, size, task)		\
)

KMQ_MESSAGE_EVENT(kmq_send);
KMQ_MESSAGE_EVENT(kmq_drop);
KMQ_MESSAGE_EVENT(kmq_purge);
KMQ_MESSAGE_EVENT(kmq_lease);
KMQ_MESSAGE_EVENT(kmq_ack);
KMQ_MESSAGE_EVENT(kmq_return);
KMQ_MESSAGE_EVENT(kmq_put_back);
KMQ_MESSAGE_EVENT(kmq_call);
KMQ_MESSAGE_EVENT(kmq_reply);

TRACE_EVENT(kmq_receive,

	TP_PROTO(const struct kmq_queue *queue, u64 sequence, s64 type,
		 u32 size, bool lease, u32 redeliveries, u64 queued,
		 const struct task_struct *task),

	TP_ARGS(queue, sequence, type, size, lease, redeliveries, queued, task),

	TP_STRUCT__entry(
		__field(u32, queue)
		__array(char, name, KMQ_NAME_SIZE)
		__field(u64, sequence)
		__field(s64, type)
		__field(u64, queued)
		__field(u32, size)
		__field(u32, lease)
		__field(u32, redeliveries)
		__field(s32, pid)
		__field(s32, tid)
		__array(char, comm, TASK_COMM_LEN)
	),

	TP_fast_assign(
		__entry->queue = queue->id;
		memcpy(__entry->name, queue->name, KMQ_NAME_SIZE);
		__entry->sequence = sequence;
		__entry->type = type;
		__entry->queued = queued;
		__entry->size = size;
		__entry->lease = lease;
		__entry->redeliveries = redeliveries;
		__entry->pid = task->tgid;
		__entry->tid = task->pid;
		memcpy(__entry->comm, task->comm, TASK_COMM_LEN);
	),

	TP_printk("queue=%u name=%s sequence=%llu type=%lld size=%u lease=%u redeliveries=%u queued=%llu pid=%d tid=%d comm=%s",
		  __entry->queue, __entry->name, __entry->sequence,
		  __entry->type, __entry->size, __entry->lease,
		  __entry->redeliveries, __entry->queued,
		  __entry->pid, __entry->tid, __entry->comm)
);

TRACE_EVENT(kmq_block,

	TP_PROTO(const struct kmq_queue *queue, u32 side, u64 deadline,
		 const struct task_struct *task),

	TP_ARGS(queue, side, deadline, task),

	TP_STRUCT__entry(
		__field(u32, queue)
		__array(char, name, KMQ_NAME_SIZE)
		__field(u64, deadline)
		__field(u32, side)
		__field(s32, pid)
		__field(s32, tid)
		__array(char, comm, TASK_COMM_LEN)
	),

	TP_fast_assign(
		__entry->queue = queue->id;
		memcpy(__entry->name, queue->name, KMQ_NAME_SIZE);
		__entry->deadline = deadline;
		__entry->side = side;
		__entry->pid = task->tgid;
		__entry->tid = task->pid;
		memcpy(__entry->comm, task->comm, TASK_COMM_LEN);
	),

	TP_printk("queue=%u name=%s side=%s deadline=%llu pid=%d tid=%d comm=%s",
		  __entry->queue, __entry->name,
		  kmq_show_side(__entry->side),
		  __entry->deadline, __entry->pid, __entry->tid, __entry->comm)
);

TRACE_EVENT(kmq_wake,

	TP_PROTO(const struct kmq_queue *queue, u32 side, s32 result,
		 u64 blocked, const struct task_struct *task),

	TP_ARGS(queue, side, result, blocked, task),

	TP_STRUCT__entry(
		__field(u32, queue)
		__array(char, name, KMQ_NAME_SIZE)
		__field(u64, blocked)
		__field(u32, side)
		__field(s32, result)
		__field(s32, pid)
		__field(s32, tid)
		__array(char, comm, TASK_COMM_LEN)
	),

	TP_fast_assign(
		__entry->queue = queue->id;
		memcpy(__entry->name, queue->name, KMQ_NAME_SIZE);
		__entry->blocked = blocked;
		__entry->side = side;
		__entry->result = result;
		__entry->pid = task->tgid;
		__entry->tid = task->pid;
		memcpy(__entry->comm, task->comm, TASK_COMM_LEN);
	),

	TP_printk("queue=%u name=%s side=%s result=%d blocked=%llu pid=%d tid=%d comm=%s",
		  __entry->queue, __entry->name,
		  kmq_show_side(__entry->side),
		  __entry->result, __entry->blocked,
		  __entry->pid, __entry->tid, __entry->comm)
);

TRACE_EVENT(kmq_reject,

	TP_PROTO(const struct kmq_queue *queue, u32 size, s32 result,
		 const struct task_struct *task),

	TP_ARGS(queue, size, result, task),

	TP_STRUCT__entry(
		__field(u32, queue)
		__array(char, name, KMQ_NAME_SIZE)
		__field(u32, size)
		__field(s32, result)
		__field(s32, pid)
		__field(s32, tid)
		__array(char, comm, TASK_COMM_LEN)
	),

	TP_fast_assign(
		__entry->queue = queue->id;
		memcpy(__entry->name, queue->name, KMQ_NAME_SIZE);
		__entry->size = size;
		__entry->result = result;
		__entry->pid = task->tgid;
		__entry->tid = task->pid;
		memcpy(__entry->comm, task->comm, TASK_COMM_LEN);
	),

	TP_printk("queue=%u name=%s size=%u result=%d pid=%d tid=%d comm=%s",
		  __entry->queue, __entry->name, __entry->size,
		  __entry->result, __entry->pid, __entry->tid, __entry->comm)
);

TRACE_EVENT(kmq_quota,

	TP_PROTO(u32 uid, u64 asked, u64 charged, u32 queues,
		 const struct task_struct *task),

	TP_ARGS(uid, asked, charged, queues, task),

	TP_STRUCT__entry(
		__field(u64, asked)
		__field(u64, charged)
		__field(u32, queues)
		__field(u32, uid)
		__field(s32, pid)
		__field(s32, tid)
		__array(char, comm, TASK_COMM_LEN)
	),

	TP_fast_assign(
		__entry->asked = asked;
		__entry->charged = charged;
		__entry->queues = queues;
		__entry->uid = uid;
		__entry->pid = task->tgid;
		__entry->tid = task->pid;
		memcpy(__entry->comm, task->comm, TASK_COMM_LEN);
	),

	TP_printk("uid=%u asked=%llu charged=%llu queues=%u pid=%d tid=%d comm=%s",
		  __entry->uid, __entry->asked, __entry->charged,
		  __entry->queues, __entry->pid, __entry->tid, __entry->comm)
);

DECLARE_EVENT_CLASS(kmq_ring_class,

	TP_PROTO(const struct kmq_queue *queue, u32 attachment, u32 parties,
		 u64 count, const struct task_struct *task),

	TP_ARGS(queue, attachment, parties, count, task),

	TP_STRUCT__entry(
		__field(u32, queue)
		__array(char, name, KMQ_NAME_SIZE)
		__field(u64, count)
		__field(u32, attachment)
		__field(u32, parties)
		__field(s32, pid)
		__field(s32, tid)
		__array(char, comm, TASK_COMM_LEN)
	),

	TP_fast_assign(
		__entry->queue = queue->id;
		memcpy(__entry->name, queue->name, KMQ_NAME_SIZE);
		__entry->count = count;
		__entry->attachment = attachment;
		__entry->parties = parties;
		__entry->pid = task->tgid;
		__entry->tid = task->pid;
		memcpy(__entry->comm, task->comm, TASK_COMM_LEN);
	),

	TP_printk("queue=%u name=%s attachment=%u parties=%u count=%llu pid=%d tid=%d comm=%s",
		  __entry->queue, __entry->name, __entry->attachment,
		  __entry->parties, __entry->count,
		  __entry->pid, __entry->tid, __entry->comm)
);

#define KMQ_RING_EVENT(name)						\
DEFINE_EVENT(kmq_ring_class, name,					\
	TP_PROTO(const struct kmq_queue *queue, u32 attachment,		\
		 u32 parties, u64 count, const struct task_struct *task), \
	TP_ARGS(queue, attachment, parties, count, task)		\
)

KMQ_RING_EVENT(kmq_ring_attach);
KMQ_RING_EVENT(kmq_ring_detach);
KMQ_RING_EVENT(kmq_ring_death);
KMQ_RING_EVENT(kmq_ring_abandon);
KMQ_RING_EVENT(kmq_ring_broken);

#endif /* _KMQ_TRACEPOINTS_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE tracepoints
#include <trace/define_trace.h>
