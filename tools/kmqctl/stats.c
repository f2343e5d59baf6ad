// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>
#include <stdio.h>

#include "clock.h"
#include "complain.h"
#include "control.h"
#include "histogram.h"
#include "memory.h"
#include "output.h"
#include "parse.h"
#include "queue_columns.h"
#include "subcommands.h"
#include "table.h"

const struct option_spec stats_options[] = {
	{ 'i', "interval", "S", "again every S seconds, counts then being those of the interval" },
	{ 'n', "count", "N", "stop after N reports" },
	{ 0 },
};

struct stats {
	struct table_format format;
	uint64_t interval;	/* ns; 0: one report */
	uint64_t reports;	/* 0: without end */
	char **names;		/* NULL at the end; none: all queues */
	struct kmq_nl_queue *before;
	size_t before_count;
};

static bool is_named(char **names, const char *name)
{
	if (!*names)
		return true;
	for (; *names; names++) {
		if (!strcmp(*names, name))
			return true;
	}
	return false;
}

static int check_names(char **names, const struct kmq_nl_queue *queues, size_t count)
{
	for (; *names; names++) {
		size_t i = 0;

		if (parse_name(*names))
			return complain_name(*names);
		while (i < count && strcmp(queues[i].info.name, *names))
			i++;
		if (i == count)
			return complain("there is no queue '%s'", *names);
	}
	return STATUS_OK;
}

/* By id: a name may have gone to another queue since. */
static const struct kmq_info *seen_before(const struct stats *stats, uint32_t id)
{
	for (size_t i = 0; i < stats->before_count; i++) {
		if (stats->before[i].info.id == id)
			return &stats->before[i].info;
	}
	return NULL;
}

static void print_times(const struct kmq_nl_histograms *times)
{
	char *text;

	text = histogram_draw(&times->queued, "time queued", "message", output_width(),
			      output_is_unicode());
	printf("\n%s", text);
	free(text);
	text = histogram_draw(&times->blocked, "time blocked", "sleep", output_width(),
			      output_is_unicode());
	printf("\n%s", text);
	free(text);
}

static int draw_times(const char *name)
{
	struct kmq_nl_histograms times;
	struct kmq_nl_queue queue;
	int status;

	status = control_find("stats", name, 0, &queue, &times);
	if (status)
		return status;
	if (times.has)
		print_times(&times);
	else if (queue.has & KMQ_NL_BIT(KMQ_A_HISTOGRAM))
		printf("\nThe times of its messages are not taken; 'kmqctl set %s --histogram on' "
		       "has them taken.\n", name);
	return STATUS_OK;
}

/* One queue in JSON, with its times: null where they are not taken. */
static int print_json(const struct stats *stats, const char *name)
{
	struct json_object *object, *array, *row;
	struct kmq_nl_histograms times;
	struct kmq_nl_queue queue;
	int status;

	status = control_find("stats", name, 0, &queue, &times);
	if (status)
		return status;
	row = table_object(&stats->format, &queue);
	json_object_object_add(row, "time_queued",
			       times.has ? histogram_json(&times.queued) : NULL);
	json_object_object_add(row, "time_blocked",
			       times.has ? histogram_json(&times.blocked) : NULL);
	array = memory_check(json_object_new_array());
	json_object_array_add(array, row);
	object = memory_check(json_object_new_object());
	json_object_object_add(object, "queues", array);
	json_print(object, false);
	return STATUS_OK;
}

static int report(struct stats *stats)
{
	struct kmq_nl_queue *queues;
	struct table *table;
	size_t count;
	int status;

	status = control_list(NULL, &queues, &count);
	if (status)
		return status;
	status = check_names(stats->names, queues, count);
	if (status)
		goto out;
	table = table_new(&stats->format, "queues");
	for (size_t i = 0; i < count; i++) {
		const struct kmq_info *before = seen_before(stats, queues[i].info.id);
		struct kmq_nl_queue shown = queues[i];

		if (!is_named(stats->names, shown.info.name))
			continue;
		if (before)
			queue_since(&shown.info, before);
		table_add(table, &shown);
	}
	table_print(table, stats->interval);
	free(stats->before);
	stats->before = queues;
	stats->before_count = count;
	return output_finish(STATUS_OK);
out:
	free(queues);
	return status;
}

static int report_forever(struct stats *stats)
{
	uint64_t next = clock_now();
	int status;

	for (uint64_t i = 1;; i++) {
		struct timespec then;

		status = report(stats);
		if (status || i == stats->reports)
			return status;
		next += stats->interval;
		then = clock_timespec(next);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL);
		if (!stats->format.json)
			putchar('\n');
	}
}

static int take_option(const struct command *self, int code, struct stats *stats)
{
	switch (code) {
	case 'i':
		if (parse_seconds(optarg, &stats->interval) || !stats->interval)
			return command_bad_argument(self, "interval", optarg,
						    "seconds above 0, such as 1 or 0.5");
		break;
	case 'n':
		if (parse_count(optarg, 1, UINT64_MAX, &stats->reports))
			return command_bad_argument(self, "count", optarg, "a number from 1");
		break;
	default:
		table_option(&stats->format, code);
	}
	return STATUS_OK;
}

int stats_main(const struct command *self, int argc, char **argv)
{
	struct stats stats = { 0 };
	struct option_walk walk;
	bool whole;
	int code, status;

	option_walk_start(&walk, self);
	while ((code = option_walk_next(&walk, argc, argv, &status)) != -1) {
		if (code != OPTION_STOP)
			status = take_option(self, code, &stats);
		if (code == OPTION_STOP || status)
			return status;
	}
	if (stats.reports && !stats.interval)
		return command_misused(self, "--count goes with --interval");
	status = table_settle(&stats.format, self, NULL);
	if (status)
		return status;
	stats.names = argv + optind;
	/* Of one queue all is told, unless less was asked for. */
	whole = argc - optind == 1 && !stats.interval && !stats.format.output &&
		      !stats.format.noheadings && !stats.format.raw;
	if (whole && stats.format.json)
		return print_json(&stats, argv[optind]);
	if (!stats.interval)
		stats.reports = 1;
	status = report_forever(&stats);
	if (!status && whole)
		status = draw_times(argv[optind]);
	free(stats.before);
	return status;
}
