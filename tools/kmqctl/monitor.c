// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each event is one write, so that a line is whole among others' and seen at
 * once. What a reader is too slow for is lost in the kernel, counted, and told.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "control.h"
#include "event.h"
#include "follow.h"
#include "memory.h"
#include "output.h"
#include "parse.h"
#include "subcommands.h"
#include "table.h"

const struct option_spec monitor_options[] = {
	{ 'e', "events", "EVENT,...", "only these events" },
	{ 'n', "count", "N", "stop after N events" },
	{ 'J', "json", NULL, "print each event as JSON on a line of its own" },
	{ 'o', "output", "COL,...", "show these columns; +COL,... adds to the usual ones" },
	{ 0 },
};

struct monitor {
	struct kmq_nl *nl;
	struct table_format format;
	uint32_t events;	/* bits; 0: all */
	uint64_t count, told;	/* @count 0: without end */
	bool words;		/* time and sentence alone, for people */
};

/* ------------------------------------------------------------------------
 * Out
 */

static const char *colour_of(uint32_t event)
{
	switch (event) {
	case KMQ_EVENT_LOST:
	case KMQ_EVENT_BROKEN:
	case KMQ_EVENT_PEER_DIED:
	case KMQ_EVENT_LEASE_OVERDUE:
	case KMQ_EVENT_QUOTA:
		return COLOUR_RED;
	case KMQ_EVENT_FULL:
	case KMQ_EVENT_HIGH:
	case KMQ_EVENT_DROPPED:
		return COLOUR_YELLOW;
	case KMQ_EVENT_DRAINED:
	case KMQ_EVENT_LOW:
		return COLOUR_GREEN;
	}
	return COLOUR_NONE;
}

static char *json_line(const struct monitor *monitor, const struct event_row *row)
{
	struct json_object *object = table_object(&monitor->format, row);
	char *line;

	line = memory_print("%s\n", json_object_to_json_string_ext(object,
				JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	return line;
}

/* The columns with a blank between. */
static char *text_line(const struct monitor *monitor, const struct event_row *row)
{
	char *line = memory_print("%s", "");

	for (size_t i = 0; i < monitor->format.choice.count; i++) {
		char *cell = table_text(&monitor->format, monitor->format.choice.columns[i], row);
		bool last = i + 1 == monitor->format.choice.count;
		char *longer = memory_print("%s%s%s", line, cell, last ? "\n" : " ");

		free(cell);
		free(line);
		line = longer;
	}
	return line;
}

static int tell(struct monitor *monitor, const struct event_row *row)
{
	const char *colour = monitor->words ? output_colour(colour_of(row->event.event)) : "";
	char *line, *shown;
	int status;

	line = monitor->format.json ? json_line(monitor, row) : text_line(monitor, row);
	line[strlen(line) - 1] = '\0';
	shown = memory_print("%s%s%s\n", colour, line, *colour ? output_colour(COLOUR_NONE) : "");
	status = follow_write(shown, strlen(shown));
	free(shown);
	free(line);
	return status;
}

/* ------------------------------------------------------------------------
 * In
 */

static int take(struct monitor *monitor, const struct kmq_nl_event *event)
{
	struct event_row row = event_row(event);
	int status = STATUS_OK;

	if (event->lost || event->event == KMQ_EVENT_LOST) {
		struct event_row lost = event_lost(event->lost);

		status = tell(monitor, &lost);
	}
	if (status || event->event == KMQ_EVENT_LOST)
		return status;
	monitor->told++;
	return tell(monitor, &row);
}

static bool is_done(const struct monitor *monitor)
{
	return monitor->count && monitor->told == monitor->count;
}

/* All that are there. */
static int drain(struct monitor *monitor)
{
	struct kmq_nl_event event;
	int status = STATUS_OK;

	while (!status && !is_done(monitor)) {
		if (!kmq_nl_try_next_event(monitor->nl, &event)) {
			status = take(monitor, &event);
			continue;
		}
		switch (errno) {
		case EAGAIN:
			return STATUS_OK;
		case EINTR:
		case EBADMSG:	/* one that a later module has */
			break;
		case ENODEV:
			return complain("monitor: the module was unloaded");
		default:
			return complain_family("monitor", "");
		}
	}
	return status;
}

static int watch(struct monitor *monitor)
{
	int fd = kmq_nl_fd(monitor->nl), status;

	if (fd < 0)
		return complain_family("monitor", "");
	for (;;) {
		status = drain(monitor);
		if (status || is_done(monitor))
			return status;
		status = follow_poll(fd, FOLLOW_FOREVER);
		if (status < 0)
			return status;
	}
}

static int monitor_events(struct monitor *monitor, const char *pattern)
{
	int status;

	monitor->nl = control_events();
	if (!monitor->nl || kmq_nl_subscribe(monitor->nl, pattern, monitor->events))
		return complain_family("monitor", "");
	follow_begin();
	status = watch(monitor);
	return status < 0 ? STATUS_OK : status;
}

static int take_option(const struct command *self, int code, struct monitor *monitor)
{
	char wrong[64];

	switch (code) {
	case 'e':
		if (event_choose(optarg, &monitor->events, wrong))
			return command_misused(self, "there is no event '%s'", wrong);
		/* It comes to everybody, and is nobody's choice. */
		monitor->events &= ~(1u << KMQ_EVENT_LOST);
		if (!monitor->events)
			return command_misused(self, "'lost' comes whatever is chosen; choose "
					       "what else");
		break;
	case 'n':
		if (parse_count(optarg, 1, UINT64_MAX, &monitor->count))
			return command_bad_argument(self, "count", optarg, "a number from 1");
		break;
	default:
		table_option(&monitor->format, code);
	}
	return STATUS_OK;
}

int monitor_main(const struct command *self, int argc, char **argv)
{
	struct monitor monitor = { .format = { .bytes = true } };
	struct option_walk walk;
	int code, status;

	option_walk_start(&walk, self);
	while ((code = option_walk_next(&walk, argc, argv, &status)) != -1) {
		if (code != OPTION_STOP)
			status = take_option(self, code, &monitor);
		if (code == OPTION_STOP || status)
			return status;
	}
	if (argc - optind > 1)
		return command_misused(self, "one PATTERN is enough; quote it from the shell");
	monitor.words = !monitor.format.json && !monitor.format.output;
	status = table_settle(&monitor.format, self, NULL);
	return status ? status : monitor_events(&monitor, argv[optind]);
}
