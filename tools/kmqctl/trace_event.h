/* SPDX-License-Identifier: GPL-2.0-only */
/* One tracepoint that was hit, as kmq_trace(7) tells of it. */
#ifndef KMQCTL_TRACE_EVENT_H
#define KMQCTL_TRACE_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include <linux/kmq.h>

enum trace_kind {
	TRACE_CREATE, TRACE_REMOVE, TRACE_SEND, TRACE_RECEIVE, TRACE_BLOCK, TRACE_WAKE,
	TRACE_DROP, TRACE_PURGE, TRACE_LEASE, TRACE_ACK, TRACE_RETURN, TRACE_PUT_BACK,
	TRACE_CALL, TRACE_REPLY, TRACE_REJECT, TRACE_QUOTA,
	TRACE_RING_ATTACH, TRACE_RING_DETACH, TRACE_RING_DEATH, TRACE_RING_ABANDON,
	TRACE_RING_BROKEN,
	TRACE_KINDS
};

/* What a task sleeps for. */
enum trace_side {
	TRACE_SIDE_SEND, TRACE_SIDE_RECEIVE, TRACE_SIDE_REPLY, TRACE_SIDE_SEND_LOCK,
	TRACE_SIDE_RECEIVE_LOCK,
	TRACE_SIDES
};

/* Zero where the tracepoint has no such field. */
struct trace_event {
	uint64_t time;		/* CLOCK_MONOTONIC, ns */
	size_t order;		/* as read; set by timeline_make() */
	enum trace_kind kind;
	uint32_t queue;		/* id */
	char name[KMQ_NAME_SIZE];
	int32_t pid, tid;	/* whom it is about */
	char comm[16];
	uint64_t sequence;
	int64_t type;
	uint32_t priority, size;
	uint32_t side;
	int32_t result;
	uint64_t span;		/* ns: receive: in the queue; wake: asleep */
	uint32_t lease, redeliveries;
	uint32_t attachment, parties;
	uint64_t count;		/* ring; quota: bytes asked for */
	uint32_t queue_kind, policy, capacity;
};

/* The name of the tracepoint, without "kmq_". */
const char *trace_kind_name(enum trace_kind kind);

const char *trace_side_name(uint32_t side);

#endif
