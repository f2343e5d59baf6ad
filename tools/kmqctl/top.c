// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "complain.h"
#include "control.h"
#include "output.h"
#include "parse.h"
#include "subcommands.h"
#include "top.h"

const struct option_spec top_options[] = {
	{ OPTION_BATCH, "batch", NULL,
	  "print a plain table each time, as where there is no terminal" },
	{ 'd', "delay", "S", "seconds from one look to the next (1)" },
	{ 'n', "count", "N", "stop after N looks" },
	{ 's', "sort", "COL", "sort by this column: the highest, or the first, above (USE)" },
	{ 'r', "reverse", NULL, "the lowest, or the last, above" },
	{ 0 },
};

int top_look(struct top *top)
{
	struct kmq_nl_queue *queues;
	size_t count;
	int status;

	status = control_list(top->pattern, &queues, &count);
	if (status)
		return status;
	top_take(top, queues, count, clock_now());
	free(queues);
	return STATUS_OK;
}

static void print_rows(struct top *top)
{
	struct table *table = table_new(&top->format, "queues");

	top_order(top);
	for (size_t i = 0; i < top->count; i++)
		table_add(table, &top->rows[i]);
	table_print(table, true);
}

/* The first table comes after one delay: before there are no rates. */
static int print_forever(struct top *top)
{
	uint64_t next = clock_now();
	int status = top_look(top);

	for (uint64_t i = 1; !status; i++) {
		struct timespec then;

		next += top->delay;
		then = clock_timespec(next);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL);
		status = top_look(top);
		if (status)
			break;
		print_rows(top);
		status = output_finish(STATUS_OK);
		if (status || i == top->reports)
			break;
		if (!top->format.json && !top->format.noheadings)
			putchar('\n');
	}
	return status;
}

static int take_sort(const struct command *self, struct top *top)
{
	struct column_choice choice;
	char wrong[64];

	if (column_choose(&choice, self->columns, optarg, "", wrong) || choice.count != 1)
		return command_misused(self, "there is no column '%s'", optarg);
	top->sort = choice.columns[0];
	return STATUS_OK;
}

static int take_option(const struct command *self, int code, struct top *top, bool *batch)
{
	switch (code) {
	case OPTION_BATCH:
		*batch = true;
		break;
	case 'd':
		if (parse_seconds(optarg, &top->delay) || top->delay < NS_PER_SECOND / 10)
			return command_bad_argument(self, "delay", optarg,
						    "seconds from 0.1, such as 2 or 0.5");
		break;
	case 'n':
		if (parse_count(optarg, 1, UINT64_MAX, &top->reports))
			return command_bad_argument(self, "count", optarg, "a number from 1");
		break;
	case 's':
		return take_sort(self, top);
	case 'r':
		top->reverse = true;
		break;
	default:
		table_option(&top->format, code);
	}
	return STATUS_OK;
}

/* What scripts ask for is not for a screen. */
static bool is_plain(const struct top *top)
{
	return top->format.json || top->format.raw || !output_is_terminal() ||
	       !isatty(STDIN_FILENO);
}

int top_main(const struct command *self, int argc, char **argv)
{
	struct top top = { .delay = NS_PER_SECOND };
	struct column_choice usual;
	struct option_walk walk;
	bool batch = false;
	char wrong[64];
	int code, status;

	column_choose(&usual, self->columns, "USE", "", wrong);
	top.sort = usual.columns[0];
	option_walk_start(&walk, self);
	while ((code = option_walk_next(&walk, argc, argv, &status)) != -1) {
		if (code != OPTION_STOP)
			status = take_option(self, code, &top, &batch);
		if (code == OPTION_STOP || status)
			return status;
	}
	if (argc - optind > 1)
		return command_misused(self, "one PATTERN is enough; quote it from the shell");
	top.pattern = argv[optind];
	status = table_settle(&top.format, self, NULL);
	if (status)
		return status;
	status = batch || is_plain(&top) ? print_forever(&top) : top_screen(&top);
	top_forget(&top);
	return status;
}
