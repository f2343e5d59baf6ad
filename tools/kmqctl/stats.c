// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>
#include <stdio.h>

#include "clock.h"
#include "complain.h"
#include "control.h"
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
	struct kmq_info *before;
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

static int check_names(char **names, const struct kmq_info *queues, size_t count)
{
	for (; *names; names++) {
		size_t i = 0;

		if (parse_name(*names))
			return complain_name(*names);
		while (i < count && strcmp(queues[i].name, *names))
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
		if (stats->before[i].id == id)
			return &stats->before[i];
	}
	return NULL;
}

static int report(struct stats *stats)
{
	struct kmq_info *queues;
	struct table *table;
	size_t count;
	int status;

	status = control_list(&queues, &count);
	if (status)
		return status;
	status = check_names(stats->names, queues, count);
	if (status)
		goto out;
	table = table_new(&stats->format, "queues");
	for (size_t i = 0; i < count; i++) {
		const struct kmq_info *before = seen_before(stats, queues[i].id);
		struct kmq_info shown = queues[i];

		if (!is_named(stats->names, shown.name))
			continue;
		if (before)
			queue_since(&shown, before);
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
	status = table_settle(&stats.format, self);
	if (status)
		return status;
	stats.names = argv + optind;
	if (!stats.interval)
		stats.reports = 1;
	status = report_forever(&stats);
	free(stats.before);
	return status;
}
