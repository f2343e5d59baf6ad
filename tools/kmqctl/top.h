/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What top shows: the queues as of the last look, with what became of their
 * messages since the one before. top.c takes the options and prints plain tables,
 * top_screen.c is the live display.
 */
#ifndef KMQCTL_TOP_H
#define KMQCTL_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue_columns.h"
#include "table.h"

struct top_row {
	struct kmq_nl_queue queue;	/* first: it is a row of queue_columns[], too */
	bool rated;			/* it was there before: the rates are known */
	double in, out, drops;		/* messages a second */
	double number;			/* what it is sorted by: this or */
	char *text;			/* this */
};

struct top {
	struct table_format format;
	const struct column *sort;
	bool reverse;
	const char *pattern;		/* of names, or NULL */
	uint64_t delay;			/* ns */
	uint64_t reports;		/* 0: without end */
	struct top_row *rows;
	size_t count;
	uint64_t taken;			/* when, CLOCK_MONOTONIC, ns; 0: never */
};

extern const struct column top_columns[];

/* Looks at the queues. Returns a STATUS_*; on failure all is as before. */
int top_look(struct top *top);

/* Puts @count queues, as of @now, in the place of those that are there. */
void top_take(struct top *top, const struct kmq_nl_queue *queues, size_t count, uint64_t now);

/*
 * By the column of choice: numbers from the highest, words from the first, or the
 * other way; those without a value last; the rest by number.
 */
void top_order(struct top *top);

void top_forget(struct top *top);

/* The live display, until the user has enough of it. Returns a STATUS_*. */
int top_screen(struct top *top);

#endif
