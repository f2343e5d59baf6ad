/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hits of the module's tracepoints, recorded in an instance of tracefs that is
 * this program's alone: nobody else's tracing is touched. It goes when the
 * recording is closed, and also if the program dies before.
 */
#ifndef KMQCTL_TRACE_RECORD_H
#define KMQCTL_TRACE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "trace_event.h"

struct trace_record;

struct trace_window {
	struct trace_event *events;	/* the caller's, to be freed */
	size_t count;
	uint64_t lost;			/* the buffers had no room for these */
};

/*
 * Makes everything ready. @pattern: of the names of queues, or NULL for all;
 * @buffer: bytes per processor. Returns STATUS_OK, or says why not in a sentence
 * and returns STATUS_FAILED.
 */
int trace_record_open(struct trace_record **record, const char *pattern, uint64_t buffer);

/* Returns as above. Between start and stop, read at least a few times a second. */
int trace_record_start(struct trace_record *record);
void trace_record_read(struct trace_record *record);

/* Ends the window and hands over what was in it. */
void trace_record_stop(struct trace_record *record, struct trace_window *window);

void trace_record_close(struct trace_record *record);

#endif
