/* SPDX-License-Identifier: GPL-2.0-only */
/* How many lasted how long, drawn and as JSON. */
#ifndef KMQCTL_HISTOGRAM_H
#define KMQCTL_HISTOGRAM_H

#include <stdbool.h>

#include <kmq_nl.h>

struct json_object;

/*
 * Lines, each ended: how many @what ("message") there are; percentiles; and a bar
 * for each bucket from the first to the last that has any, in @width columns, or
 * 50 where there are less. The caller frees it.
 */
char *histogram_draw(const struct kmq_nl_histogram *histogram, const char *title,
		     const char *what, unsigned int width, bool unicode);

/* Count, percentiles and the buckets that have any; times in seconds. New. */
struct json_object *histogram_json(const struct kmq_nl_histogram *histogram);

/*
 * A bar of @cells cells, of which @part of @whole are filled; rounded down, but
 * something if there is something. The caller frees it.
 */
char *bar_draw(double part, double whole, unsigned int cells, bool unicode);

#endif
