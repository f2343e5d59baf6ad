// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trace event format of Chrome, which Perfetto reads, too: a process is a
 * track group, a thread a track, a sleep a slice; a send and a receive are short
 * slices, since an arrow (a flow, "s" to "f") goes from slice to slice.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "memory.h"
#include "trace_write.h"

/* So that a viewer has something to click at, ns. */
#define POINT	200

struct chrome {
	FILE *file;
	const struct timeline *timeline;
	bool any;
};

static void put(struct json_object *object, const char *key, struct json_object *value)
{
	if (json_object_object_add(object, key, memory_check(value)))
		memory_check(NULL);
}

static void put_text(struct json_object *object, const char *key, const char *value)
{
	put(object, key, json_object_new_string(value));
}

static void put_number(struct json_object *object, const char *key, int64_t value)
{
	put(object, key, json_object_new_int64(value));
}

/* Microseconds with all their digits, which a double need not have. */
static void put_time(struct json_object *object, const char *key, uint64_t ns)
{
	char *text = memory_print("%" PRIu64 ".%03" PRIu64, ns / 1000, ns % 1000);

	put(object, key, json_object_new_double_s((double)ns / 1000, text));
	free(text);
}

static struct json_object *event_new(const struct chrome *chrome, const char *phase,
				     const char *name, size_t thread)
{
	const struct timeline *timeline = chrome->timeline;
	const struct trace_thread *of = &timeline->threads[thread];
	struct json_object *event = memory_check(json_object_new_object());

	put_text(event, "ph", phase);
	put_text(event, "name", name);
	put_text(event, "cat", "kmq");
	put_number(event, "pid", timeline->lanes[of->lane].pid);
	put_number(event, "tid", of->tid);
	return event;
}

static void event_print(struct chrome *chrome, struct json_object *event)
{
	fprintf(chrome->file, "%s%s", chrome->any ? ",\n" : "",
		json_object_to_json_string_ext(event, JSON_C_TO_STRING_PLAIN |
					       JSON_C_TO_STRING_NOSLASHESCAPE));
	chrome->any = true;
	json_object_put(event);
}

static void print_name(struct chrome *chrome, const char *what, size_t thread, const char *comm)
{
	struct json_object *event = event_new(chrome, "M", what, thread);
	struct json_object *args = memory_check(json_object_new_object());
	char name[17] = "";

	memcpy(name, comm, 16);
	put_text(args, "name", name);
	put(event, "args", args);
	event_print(chrome, event);
}

static void print_names(struct chrome *chrome)
{
	const struct timeline *timeline = chrome->timeline;

	for (size_t i = 0; i < timeline->thread_count; i++) {
		const struct trace_thread *thread = &timeline->threads[i];

		if (!thread->row)
			print_name(chrome, "process_name", i, timeline->lanes[thread->lane].comm);
		print_name(chrome, "thread_name", i, thread->comm);
	}
}

static const char *queue_name(const struct timeline *timeline, size_t queue)
{
	return timeline_queue(timeline->queues[queue].id, timeline->queues[queue].name);
}

static uint64_t since(const struct timeline *timeline, uint64_t time)
{
	return time - timeline->begin;
}

static void print_span(struct chrome *chrome, const struct trace_span *span)
{
	const struct timeline *timeline = chrome->timeline;
	char *name = memory_print("blocked: %s %s", trace_side_name(span->side),
				  queue_name(timeline, span->queue));
	struct json_object *event = event_new(chrome, "X", name, span->thread);
	struct json_object *args = memory_check(json_object_new_object());

	put_time(event, "ts", since(timeline, span->begin));
	put_time(event, "dur", span->end - span->begin);
	put_text(args, "queue", queue_name(timeline, span->queue));
	put_text(args, "side", trace_side_name(span->side));
	if (span->ended)
		put_number(args, "result", span->result);
	put(event, "args", args);
	event_print(chrome, event);
	free(name);
}

static struct json_object *arrow_args(const struct timeline *timeline,
				      const struct trace_arrow *arrow)
{
	struct json_object *args = memory_check(json_object_new_object());

	put_text(args, "queue", queue_name(timeline, arrow->queue));
	put_number(args, "sequence", (int64_t)arrow->sequence);
	put_number(args, "type", arrow->type);
	put_number(args, "size", arrow->size);
	return args;
}

static void print_point(struct chrome *chrome, const struct trace_arrow *arrow, const char *verb,
			size_t thread, uint64_t time)
{
	const struct timeline *timeline = chrome->timeline;
	char *name = memory_print("%s %s", verb, queue_name(timeline, arrow->queue));
	struct json_object *event = event_new(chrome, "X", name, thread);

	put_time(event, "ts", since(timeline, time));
	put_time(event, "dur", POINT);
	put(event, "args", arrow_args(timeline, arrow));
	event_print(chrome, event);
	free(name);
}

static void print_flow(struct chrome *chrome, const char *phase, size_t id, size_t thread,
		       uint64_t time)
{
	struct json_object *event = event_new(chrome, phase, "message", thread);

	put_time(event, "ts", since(chrome->timeline, time));
	put_number(event, "id", (int64_t)id);
	if (*phase == 'f')
		put_text(event, "bp", "e");
	event_print(chrome, event);
}

static void print_arrow(struct chrome *chrome, size_t index)
{
	const struct timeline *timeline = chrome->timeline;
	const struct trace_arrow *arrow = &timeline->arrows[index];
	bool whole = arrow->from != NO_THREAD && arrow->to != NO_THREAD;

	if (arrow->from != NO_THREAD && !arrow->again)
		print_point(chrome, arrow, arrow->reply ? "reply" : "send", arrow->from,
			    arrow->begin);
	if (arrow->to != NO_THREAD)
		print_point(chrome, arrow, arrow->reply ? "answered" : "receive", arrow->to,
			    arrow->end);
	if (!whole)
		return;
	print_flow(chrome, "s", index + 1, arrow->from, arrow->begin);
	print_flow(chrome, "f", index + 1, arrow->to, arrow->end);
}

static void print_mark(struct chrome *chrome, const struct trace_mark *mark)
{
	const struct timeline *timeline = chrome->timeline;
	const struct trace_event *of = &timeline->events[mark->event];
	struct json_object *event, *args = memory_check(json_object_new_object());

	event = event_new(chrome, "i", trace_kind_name(of->kind), mark->thread);
	put_time(event, "ts", since(timeline, of->time));
	put_text(event, "s", "t");
	if (of->kind != TRACE_QUOTA)
		put_text(args, "queue", timeline_queue(of->queue, of->name));
	put_text(args, "what", timeline_tell(of));
	put(event, "args", args);
	event_print(chrome, event);
}

void trace_write_chrome(FILE *file, const struct timeline *timeline)
{
	struct chrome chrome = { .file = file, .timeline = timeline };

	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", file);
	print_names(&chrome);
	for (size_t i = 0; i < timeline->span_count; i++)
		print_span(&chrome, &timeline->spans[i]);
	for (size_t i = 0; i < timeline->arrow_count; i++)
		print_arrow(&chrome, i);
	for (size_t i = 0; i < timeline->mark_count; i++)
		print_mark(&chrome, &timeline->marks[i]);
	fprintf(file, "\n],\"otherData\":{\"clock\":\"CLOCK_MONOTONIC\",\"begin\":\"%" PRIu64
		"\",\"lost\":\"%" PRIu64 "\"}}\n", timeline->begin, timeline->lost);
}
