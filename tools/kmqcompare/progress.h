/* SPDX-License-Identifier: GPL-2.0-only */
/* How far a run is, on standard error: one line every now and then. */
#ifndef KMQCOMPARE_PROGRESS_H
#define KMQCOMPARE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct progress
 * @shown: at all
 * @in_place: each line takes the place of the one before
 * @timeless: the clock says nothing of how long it will take
 * @done: steps, of @total; a step is a trial
 */
struct progress {
	bool shown;
	bool in_place;
	bool timeless;
	uint64_t done;
	uint64_t total;
	uint64_t began_ns;
	uint64_t said_ns;
};

/* With @lines one line each time, for scripts; else in place, if it is a terminal. */
void progress_begin(struct progress *progress, bool lines);

/* From here on, so many steps. */
void progress_expect(struct progress *progress, uint64_t total);

/* A step begins; @what it is about, as printf() says it. */
__attribute__((format(printf, 2, 3)))
void progress_step(struct progress *progress, const char *what, ...);

void progress_end(struct progress *progress);

/* "45 s", "3 min 20 s" */
void progress_duration(char *text, unsigned int size, double seconds);

#endif
