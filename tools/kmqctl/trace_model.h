/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a window of events amounts to: who took part, who slept when, which
 * message went from whom to whom. Pure: the same events make the same timeline,
 * and each of the writers shows one.
 */
#ifndef KMQCTL_TRACE_MODEL_H
#define KMQCTL_TRACE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace_event.h"

/* Nobody: who sent, or received, did so outside the window. */
#define NO_THREAD	SIZE_MAX
#define NO_QUEUE	SIZE_MAX

struct trace_lane {		/* a process */
	int32_t pid;
	char comm[16];
	size_t threads;
};

struct trace_thread {
	int32_t tid;
	char comm[16];
	size_t lane;
	size_t row;		/* within its lane */
	/* Of use while the timeline is made. */
	size_t span;		/* that is open, or NO_THREAD */
	size_t reply;		/* arrow that ends as it wakes, or NO_THREAD */
};

struct trace_queue {
	uint32_t id;
	char name[KMQ_NAME_SIZE];
	uint64_t sent, received, dropped, purged, rejected;
	uint64_t *waits;	/* ns in the queue of each received, in order */
	size_t wait_count;
	uint64_t blocked;	/* ns, of all together */
};

struct trace_span {		/* a sleep */
	size_t thread, queue;
	uint64_t begin, end;
	uint32_t side;
	int32_t result;
	bool begun, ended;	/* within the window */
};

enum trace_fate {
	FATE_QUEUED,		/* still there as the window ends */
	FATE_RECEIVED,
	FATE_DROPPED,
	FATE_PURGED,
};

struct trace_arrow {		/* a message on its way, or a reply */
	size_t queue;
	uint64_t sequence;
	int64_t type;
	uint32_t priority, size;
	uint32_t lease, redeliveries;
	bool reply;
	bool again;		/* not the first of its message */
	enum trace_fate fate;
	size_t from, to;	/* threads, or NO_THREAD */
	uint64_t begin, end;
};

struct trace_mark {		/* anything else of note */
	size_t thread;
	size_t queue;		/* NO_QUEUE: of none */
	size_t event;		/* its index */
};

struct timeline {
	const struct trace_event *events;	/* not its own; in order of time */
	size_t event_count;
	uint64_t begin, end;
	uint64_t lost;
	struct trace_lane *lanes;
	size_t lane_count;
	struct trace_thread *threads;
	size_t thread_count;
	struct trace_queue *queues;
	size_t queue_count;
	struct trace_span *spans;
	size_t span_count;
	struct trace_arrow *arrows;
	size_t arrow_count;
	struct trace_mark *marks;
	size_t mark_count;
};

/*
 * Sorts the events by time and works out what they mean. @lost: how many the
 * window has missed. To be freed by timeline_free(), before the events.
 */
void timeline_make(struct timeline *timeline, struct trace_event *events, size_t count,
		   uint64_t lost);
void timeline_free(struct timeline *timeline);

/* "producer/123", with the thread behind it if it is not the first. Static. */
const char *timeline_who(const struct trace_event *event);

/* The queue's name, or "#7" for one without. Static. */
const char *timeline_queue(uint32_t id, const char *name);

/* 12ns, 3.4us, 56.7ms, 1.23s: three digits. Static, four at a time. */
const char *timeline_span(uint64_t ns);

/* What happened, for people: "sends #3, 64 bytes". Static. */
const char *timeline_tell(const struct trace_event *event);

/* Median and worst of @queue's waits; 0 without any. */
uint64_t timeline_median(const struct trace_queue *queue);
uint64_t timeline_worst(const struct trace_queue *queue);

#endif
