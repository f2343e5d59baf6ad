/* SPDX-License-Identifier: GPL-2.0-only */
/* The forms of a timeline. Whether the file took it all is the caller's to ask. */
#ifndef KMQCTL_TRACE_WRITE_H
#define KMQCTL_TRACE_WRITE_H

#include <stdio.h>

#include "trace_model.h"

/* A line per event. */
void trace_write_text(FILE *file, const struct timeline *timeline);

/* A picture: processes are lanes, messages are arrows. */
void trace_write_svg(FILE *file, const struct timeline *timeline);

/* The same in a page of its own, which zooms and tells more. */
void trace_write_html(FILE *file, const struct timeline *timeline);

/* For ui.perfetto.dev and chrome://tracing. */
void trace_write_chrome(FILE *file, const struct timeline *timeline);

#endif
