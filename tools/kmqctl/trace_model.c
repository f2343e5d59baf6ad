// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "trace_model.h"

/* One of a message that the window has seen sent, by queue and sequence. */
struct message {
	size_t queue;
	uint64_t sequence;
	size_t sender, caller;	/* threads, or NO_THREAD */
	uint64_t sent;
	uint32_t priority;
	size_t arrow;		/* its last, or NO_THREAD */
	size_t next;		/* in the bucket */
};

struct builder {
	struct timeline *timeline;
	struct message *messages;
	size_t message_count;
	size_t *buckets;
	size_t bucket_count;	/* a power of two */
};

static const char *const kind_names[TRACE_KINDS] = {
	[TRACE_CREATE] = "create", [TRACE_REMOVE] = "remove", [TRACE_SEND] = "send",
	[TRACE_RECEIVE] = "receive", [TRACE_BLOCK] = "block", [TRACE_WAKE] = "wake",
	[TRACE_DROP] = "drop", [TRACE_PURGE] = "purge", [TRACE_LEASE] = "lease",
	[TRACE_ACK] = "ack", [TRACE_RETURN] = "return", [TRACE_PUT_BACK] = "put_back",
	[TRACE_CALL] = "call", [TRACE_REPLY] = "reply", [TRACE_REJECT] = "reject",
	[TRACE_QUOTA] = "quota", [TRACE_RING_ATTACH] = "ring_attach",
	[TRACE_RING_DETACH] = "ring_detach", [TRACE_RING_DEATH] = "ring_death",
	[TRACE_RING_ABANDON] = "ring_abandon", [TRACE_RING_BROKEN] = "ring_broken",
};

static const char *const side_names[TRACE_SIDES] = {
	[TRACE_SIDE_SEND] = "send", [TRACE_SIDE_RECEIVE] = "receive",
	[TRACE_SIDE_REPLY] = "reply", [TRACE_SIDE_SEND_LOCK] = "send-lock",
	[TRACE_SIDE_RECEIVE_LOCK] = "receive-lock",
};

const char *trace_kind_name(enum trace_kind kind)
{
	return kind_names[kind];
}

const char *trace_side_name(uint32_t side)
{
	return side < TRACE_SIDES ? side_names[side] : "?";
}

/* Room for one more in an array that grows by doubling. */
static void *grown(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	return memory_resize(array, count ? 2 * count : 1, size);
}

#define APPEND(array, count)							\
	((array) = grown(array, count, sizeof(*(array))),			\
	 memset(&(array)[count], 0, sizeof(*(array))), &(array)[(count)++])

static size_t lane_of(struct timeline *timeline, const struct trace_event *event)
{
	struct trace_lane *lane;
	size_t i;

	for (i = timeline->lane_count; i--;) {
		if (timeline->lanes[i].pid == event->pid)
			return i;
	}
	lane = APPEND(timeline->lanes, timeline->lane_count);
	lane->pid = event->pid;
	return timeline->lane_count - 1;
}

/* The latest name counts: a child is called as its parent until it is another program. */
static size_t thread_of(struct timeline *timeline, const struct trace_event *event)
{
	struct trace_thread *thread;
	size_t lane, i;

	for (i = timeline->thread_count; i--;) {
		thread = &timeline->threads[i];
		if (thread->tid == event->tid && timeline->lanes[thread->lane].pid == event->pid)
			break;
	}
	if (i == SIZE_MAX) {
		lane = lane_of(timeline, event);
		thread = APPEND(timeline->threads, timeline->thread_count);
		thread->tid = event->tid;
		thread->lane = lane;
		thread->row = timeline->lanes[lane].threads++;
		thread->span = NO_THREAD;
		thread->reply = NO_THREAD;
		i = timeline->thread_count - 1;
	}
	memcpy(thread->comm, event->comm, sizeof(thread->comm));
	if (event->tid == event->pid || !*timeline->lanes[thread->lane].comm)
		memcpy(timeline->lanes[thread->lane].comm, event->comm, sizeof(event->comm));
	return i;
}

static size_t queue_of(struct timeline *timeline, const struct trace_event *event)
{
	struct trace_queue *queue;
	size_t i;

	for (i = timeline->queue_count; i--;) {
		if (timeline->queues[i].id == event->queue)
			return i;
	}
	queue = APPEND(timeline->queues, timeline->queue_count);
	queue->id = event->queue;
	memcpy(queue->name, event->name, sizeof(queue->name));
	return timeline->queue_count - 1;
}

static size_t bucket_of(const struct builder *builder, size_t queue, uint64_t sequence)
{
	uint64_t hash = (sequence + queue * 0x10001) * 0x9e3779b97f4a7c15u;

	return hash >> 32 & (builder->bucket_count - 1);
}

static struct message *message_find(struct builder *builder, size_t queue, uint64_t sequence)
{
	size_t i = builder->buckets[bucket_of(builder, queue, sequence)];

	while (i != NO_THREAD) {
		struct message *message = &builder->messages[i];

		if (message->queue == queue && message->sequence == sequence)
			return message;
		i = message->next;
	}
	return NULL;
}

/* The one there is, or one of which the window knows nothing yet. */
static struct message *message_get(struct builder *builder, size_t queue, uint64_t sequence)
{
	struct message *message = message_find(builder, queue, sequence);
	size_t *bucket = &builder->buckets[bucket_of(builder, queue, sequence)];

	if (message)
		return message;
	message = APPEND(builder->messages, builder->message_count);
	*message = (struct message){
		.queue = queue,
		.sequence = sequence,
		.sender = NO_THREAD,
		.caller = NO_THREAD,
		.sent = builder->timeline->begin,
		.arrow = NO_THREAD,
		.next = *bucket,
	};
	*bucket = builder->message_count - 1;
	return message;
}

static struct trace_arrow *arrow_add(struct builder *builder, const struct message *message,
				     const struct trace_event *event, enum trace_fate fate)
{
	struct timeline *timeline = builder->timeline;
	struct trace_arrow *arrow = APPEND(timeline->arrows, timeline->arrow_count);

	*arrow = (struct trace_arrow){
		.queue = message->queue,
		.sequence = message->sequence,
		.type = event->type,
		.priority = message->priority,
		.size = event->size,
		.fate = fate,
		.from = message->sender,
		.to = NO_THREAD,
		.begin = message->sent,
		.end = event->time,
	};
	return arrow;
}

/* Until its end is known, as if it stayed in the queue. */
static void note_send(struct builder *builder, const struct trace_event *event, size_t queue,
		      size_t thread)
{
	struct timeline *timeline = builder->timeline;
	struct message *message = message_get(builder, queue, event->sequence);

	message->sender = thread;
	message->sent = event->time;
	message->priority = event->priority;
	message->arrow = timeline->arrow_count;
	arrow_add(builder, message, event, FATE_QUEUED)->end = timeline->end;
	timeline->queues[queue].sent++;
}

/* The arrow that waits for an end, or one more from where the message was sent. */
static struct trace_arrow *arrow_to_end(struct builder *builder, struct message *message,
					const struct trace_event *event)
{
	struct timeline *timeline = builder->timeline;
	bool again = message->arrow != NO_THREAD;
	struct trace_arrow *arrow;

	if (again && timeline->arrows[message->arrow].fate == FATE_QUEUED)
		return &timeline->arrows[message->arrow];
	message->arrow = timeline->arrow_count;
	arrow = arrow_add(builder, message, event, FATE_QUEUED);
	arrow->again = again;
	return arrow;
}

static void note_end(struct builder *builder, const struct trace_event *event, size_t queue,
		     size_t to, enum trace_fate fate)
{
	struct message *message = message_get(builder, queue, event->sequence);
	struct trace_arrow *arrow = arrow_to_end(builder, message, event);

	/* What was sent before the window still tells how long ago that was. */
	if (arrow->from == NO_THREAD && event->span && event->span < event->time)
		arrow->begin = event->time - event->span;
	if (arrow->begin < builder->timeline->begin)
		arrow->begin = builder->timeline->begin;
	arrow->end = event->time;
	arrow->to = to;
	arrow->fate = fate;
	arrow->lease = event->lease;
	arrow->redeliveries = event->redeliveries;
}

static void note_receive(struct builder *builder, const struct trace_event *event, size_t queue,
			 size_t thread)
{
	struct trace_queue *of = &builder->timeline->queues[queue];
	const struct message *message = message_find(builder, queue, event->sequence);
	uint64_t wait = event->span;

	/* A ring does not know: then it is as long as the window has seen. */
	if (!wait && message && message->sender != NO_THREAD)
		wait = event->time - message->sent;
	note_end(builder, event, queue, thread, FATE_RECEIVED);
	of->received++;
	of->waits = grown(of->waits, of->wait_count, sizeof(*of->waits));
	of->waits[of->wait_count++] = wait;
}

static void note_drop(struct builder *builder, const struct trace_event *event, size_t queue,
		      size_t thread)
{
	builder->timeline->queues[queue].dropped++;
	/* The newest is dropped as it is sent, which nothing else tells. */
	if (!message_find(builder, queue, event->sequence)) {
		struct message *message = message_get(builder, queue, event->sequence);

		message->sender = thread;
		message->sent = event->time;
	}
	note_end(builder, event, queue, NO_THREAD, FATE_DROPPED);
}

static void note_reply(struct builder *builder, const struct trace_event *event, size_t queue,
		       size_t thread)
{
	struct timeline *timeline = builder->timeline;
	const struct message *request = message_find(builder, queue, event->sequence);
	struct trace_arrow *arrow;

	arrow = APPEND(timeline->arrows, timeline->arrow_count);
	*arrow = (struct trace_arrow){
		.queue = queue,
		.sequence = event->sequence,
		.type = event->type,
		.size = event->size,
		.reply = true,
		.fate = FATE_RECEIVED,
		.from = thread,
		.to = request ? request->caller : NO_THREAD,
		.begin = event->time,
		.end = event->time,
	};
	if (arrow->to != NO_THREAD)
		timeline->threads[arrow->to].reply = timeline->arrow_count - 1;
}

static void note_block(struct timeline *timeline, const struct trace_event *event, size_t queue,
		       size_t thread)
{
	struct trace_span *span = APPEND(timeline->spans, timeline->span_count);

	*span = (struct trace_span){
		.thread = thread,
		.queue = queue,
		.begin = event->time,
		.end = timeline->end,
		.side = event->side,
		.begun = true,
	};
	timeline->threads[thread].span = timeline->span_count - 1;
}

static struct trace_span *span_to_end(struct timeline *timeline, const struct trace_event *event,
				      size_t queue, size_t thread)
{
	size_t open = timeline->threads[thread].span;
	struct trace_span *span;

	if (open != NO_THREAD)
		return &timeline->spans[open];
	span = APPEND(timeline->spans, timeline->span_count);
	span->thread = thread;
	span->queue = queue;
	span->side = event->side;
	/* It fell asleep before the window. */
	span->begin = timeline->begin;
	if (event->span && event->time - timeline->begin > event->span)
		span->begin = event->time - event->span;
	return span;
}

static void note_wake(struct timeline *timeline, const struct trace_event *event, size_t queue,
		      size_t thread)
{
	struct trace_span *span = span_to_end(timeline, event, queue, thread);
	struct trace_thread *sleeper = &timeline->threads[thread];

	span->end = event->time;
	span->result = event->result;
	span->ended = true;
	timeline->queues[queue].blocked += span->end - span->begin;
	sleeper->span = NO_THREAD;
	if (event->side == TRACE_SIDE_REPLY && sleeper->reply != NO_THREAD) {
		timeline->arrows[sleeper->reply].end = event->time;
		sleeper->reply = NO_THREAD;
	}
}

static void note_mark(struct timeline *timeline, size_t event, size_t queue, size_t thread)
{
	struct trace_mark *mark = APPEND(timeline->marks, timeline->mark_count);

	mark->thread = thread;
	mark->queue = queue;
	mark->event = event;
}

static void note(struct builder *builder, size_t index)
{
	struct timeline *timeline = builder->timeline;
	const struct trace_event *event = &timeline->events[index];
	size_t thread = thread_of(timeline, event), queue;

	if (event->kind == TRACE_QUOTA)		/* of no queue */
		return note_mark(timeline, index, NO_QUEUE, thread);
	queue = queue_of(timeline, event);
	switch (event->kind) {
	case TRACE_SEND:
		return note_send(builder, event, queue, thread);
	case TRACE_RECEIVE:
		return note_receive(builder, event, queue, thread);
	case TRACE_BLOCK:
		return note_block(timeline, event, queue, thread);
	case TRACE_WAKE:
		return note_wake(timeline, event, queue, thread);
	case TRACE_CALL:
		message_get(builder, queue, event->sequence)->caller = thread;
		return;
	case TRACE_REPLY:
		return note_reply(builder, event, queue, thread);
	case TRACE_DROP:
		note_drop(builder, event, queue, thread);
		break;
	case TRACE_PURGE:
		timeline->queues[queue].purged++;
		note_end(builder, event, queue, NO_THREAD, FATE_PURGED);
		break;
	case TRACE_REJECT:
		timeline->queues[queue].rejected++;
		break;
	default:
		break;
	}
	note_mark(timeline, index, queue, thread);
}

static int by_time(const void *left, const void *right)
{
	const struct trace_event *a = left, *b = right;

	if (a->time != b->time)
		return a->time > b->time ? 1 : -1;
	return (a->order > b->order) - (a->order < b->order);
}

static int by_size(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* A process may call itself anything, and terminals, XML and JSON obey that. */
static void tame(char *name)
{
	for (; *name; name++) {
		if (*name < ' ' || *name > '~')
			*name = '?';
	}
}

/* The order of what one processor has told stays, whatever the clock's grain. */
static void sort_events(struct trace_event *events, size_t count)
{
	for (size_t i = 0; i < count; i++)
		events[i].order = i;
	if (count)
		qsort(events, count, sizeof(*events), by_time);
}

void timeline_make(struct timeline *timeline, struct trace_event *events, size_t count,
		   uint64_t lost)
{
	struct builder builder = { .timeline = timeline, .bucket_count = 1024 };

	sort_events(events, count);
	*timeline = (struct timeline){
		.events = events,
		.event_count = count,
		.begin = count ? events[0].time : 0,
		.end = count ? events[count - 1].time : 0,
		.lost = lost,
	};
	while (builder.bucket_count < count)
		builder.bucket_count *= 2;
	builder.buckets = memory_get(builder.bucket_count * sizeof(*builder.buckets));
	memset(builder.buckets, 0xff, builder.bucket_count * sizeof(*builder.buckets));
	for (size_t i = 0; i < count; i++) {
		tame(events[i].comm);
		note(&builder, i);
	}
	for (size_t i = 0; i < timeline->queue_count; i++) {
		struct trace_queue *queue = &timeline->queues[i];

		if (queue->wait_count)
			qsort(queue->waits, queue->wait_count, sizeof(*queue->waits), by_size);
	}
	free(builder.buckets);
	free(builder.messages);
}

void timeline_free(struct timeline *timeline)
{
	for (size_t i = 0; i < timeline->queue_count; i++)
		free(timeline->queues[i].waits);
	free(timeline->lanes);
	free(timeline->threads);
	free(timeline->queues);
	free(timeline->spans);
	free(timeline->arrows);
	free(timeline->marks);
	memset(timeline, 0, sizeof(*timeline));
}

uint64_t timeline_median(const struct trace_queue *queue)
{
	return queue->wait_count ? queue->waits[(queue->wait_count - 1) / 2] : 0;
}

uint64_t timeline_worst(const struct trace_queue *queue)
{
	return queue->wait_count ? queue->waits[queue->wait_count - 1] : 0;
}
