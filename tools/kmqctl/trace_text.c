// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "trace_write.h"

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void write_heading(FILE *file, const struct timeline *timeline)
{
	fprintf(file, "# %zu event%s, %zu process%s, %zu queue%s, %s\n", timeline->event_count,
		plural(timeline->event_count), timeline->lane_count,
		timeline->lane_count == 1 ? "" : "es", timeline->queue_count,
		plural(timeline->queue_count), timeline_span(timeline->end - timeline->begin));
	if (timeline->lost)
		fprintf(file, "# %" PRIu64 " event%s lost\n", timeline->lost,
			plural(timeline->lost));
}

/* As wide as its widest, within reason. */
static int width_of(const struct timeline *timeline, const char *(*text)(const struct trace_event *),
		    size_t least)
{
	size_t width = least;

	for (size_t i = 0; i < timeline->event_count; i++) {
		size_t length = strlen(text(&timeline->events[i]));

		if (length > width)
			width = length;
	}
	return (int)width;
}

static const char *queue_text(const struct trace_event *event)
{
	return event->kind == TRACE_QUOTA ? "-" : timeline_queue(event->queue, event->name);
}

void trace_write_text(FILE *file, const struct timeline *timeline)
{
	int who = width_of(timeline, timeline_who, 7), queue = width_of(timeline, queue_text, 5);

	write_heading(file, timeline);
	if (!timeline->event_count)
		return;
	fprintf(file, "%13s  %-*s  %-*s  %s\n", "SECONDS", who, "PROCESS", queue, "QUEUE", "EVENT");
	for (size_t i = 0; i < timeline->event_count; i++) {
		const struct trace_event *event = &timeline->events[i];
		uint64_t time = event->time - timeline->begin;

		fprintf(file, "%3" PRIu64 ".%09" PRIu64 "  %-*s  %-*s  %s\n", time / 1000000000,
			time % 1000000000, who, timeline_who(event), queue, queue_text(event),
			timeline_tell(event));
	}
}
