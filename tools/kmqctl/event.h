/* SPDX-License-Identifier: GPL-2.0-only */
/* Events, as columns and in words. */
#ifndef KMQCTL_EVENT_H
#define KMQCTL_EVENT_H

#include <stdint.h>

#include <kmq_nl.h>

#include "column.h"
#include "command.h"

struct event_row {
	struct kmq_nl_event event;
	uint64_t time;		/* ns since 1970; 0: not known */
	char command[32];	/* of the process; empty: it is gone, or not visible */
};

extern const struct column event_columns[];
extern const struct word_spec event_words[];

/* The event, with what this machine knows beside. */
struct event_row event_row(const struct kmq_nl_event *event);

/* One that was lost, as an event of its own. */
struct event_row event_lost(uint64_t count);

/*
 * Bits 1 << enum kmq_event of the names in @list, between commas. 0, or -1 with
 * the bad name in @wrong.
 */
int event_choose(const char *list, uint32_t *events, char wrong[64]);

/* What happened, a sentence without a full stop; the caller frees it. */
char *event_sentence(const struct event_row *row);

#endif
