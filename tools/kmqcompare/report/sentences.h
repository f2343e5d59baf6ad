/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The five sentences that say what the figures mean, for someone who has never
 * heard of IPC. They are made from the data alone, once, for the page and for the
 * terminal. "Faster" and "slower" are said only of ratios whose interval
 * excludes 1.
 */
#ifndef KMQCOMPARE_REPORT_SENTENCES_H
#define KMQCOMPARE_REPORT_SENTENCES_H

#include "input.h"

#define SENTENCES	5

struct sentence {
	const char *lead;	/* the question that it answers */
	char *text;
	char *basis;		/* what it rests on, or how to get what is missing */
};

/*
 * The measurement that the saying is held against. Under emulation exact counts
 * are better than times, of which on two processors even the ratios are the
 * emulator's.
 */
struct saying {
	const struct source *source;	/* NULL if nothing was measured */
	const char *workload;
	const char *better, *worse;	/* "faster"; "cheaper" where instructions are counted */
	const char *what;		/* "time", "instructions" */
};

struct saying saying_of(const struct input *input);
/* The mechanism that ratios are to. */
const char *reference_of(const struct input *input);

void sentences_make(const struct input *input, struct sentence sentences[SENTENCES]);
void sentences_free(struct sentence sentences[SENTENCES]);

/* The probe's cell, or NULL. */
struct json_object *probe_cell(const struct input *input, const char *claim,
			       const char *mechanism);

/* Messages that receivers verified, in all files; and measurements that failed. */
double verified_messages(const struct input *input);
unsigned int failed_measurements(const struct input *input);

#endif
