/* SPDX-License-Identifier: GPL-2.0-only */
/* What the picture and the page that holds it share. */
#ifndef KMQCTL_TRACE_SVG_H
#define KMQCTL_TRACE_SVG_H

#include <stdbool.h>
#include <stdio.h>

#include "trace_model.h"

/* Of queues, by their place in the timeline modulo this. */
#define SVG_COLOURS	8
extern const char *const svg_colours[SVG_COLOURS];

/* @rows: room for a number per thread. @heading: a line that sums it up. */
void svg_draw(FILE *file, const struct timeline *timeline, int *rows, bool heading);

/* Escaped as XML and HTML want it. */
void svg_put_text(FILE *file, const char *text);

#endif
