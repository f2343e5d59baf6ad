/* SPDX-License-Identifier: GPL-2.0-only */
/* The options by which create and set have a queue watched. */
#ifndef KMQCTL_WATCHES_H
#define KMQCTL_WATCHES_H

#include <stdbool.h>

#include "command.h"
#include "parse.h"

#include <kmq_nl.h>

struct watches {
	struct kmq_nl_settings settings;	/* but for the watermarks, */
	struct parse_mark high, low;		/* which may depend on the queue */
	bool has_high, has_low;
};

extern const struct option_spec watch_options[];

/* Takes one of watch_options[]. False if it is another; *@status is set if true. */
bool watches_option(struct watches *watches, const struct command *self, int code, int *status);

/* Whether there are any. */
bool watches_any(const struct watches *watches);

/* Whether watches_settle() looks at its second argument. */
bool watches_want_whole(const struct watches *watches);

/* Completes the settings for a queue that holds @whole messages at most. */
void watches_settle(struct watches *watches, uint64_t whole);

#endif
