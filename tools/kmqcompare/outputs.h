/* SPDX-License-Identifier: GPL-2.0-only */
/* What programs have written, and the first line in which two of them differ. */
#ifndef KMQCOMPARE_OUTPUTS_H
#define KMQCOMPARE_OUTPUTS_H

#include <stdbool.h>
#include <stddef.h>

/* @bytes is not NULL, if it is one. */
struct text {
	const char *bytes;
	size_t size;
};

/* A line is shown up to here. */
#define LINE_SHOWN	160

/**
 * struct difference - where two texts part
 * @line: from 1; 0: nowhere
 * @left: the line of the one, for people: what is not printable is escaped; "" if
 *	it has ended before
 * @right: of the other
 * @left_ends: it has no such line
 */
struct difference {
	size_t line;
	bool left_ends;
	bool right_ends;
	char left[LINE_SHOWN + 8];
	char right[LINE_SHOWN + 8];
};

/* False, and @difference->line is 0, if they are equal byte for byte. */
bool texts_differ(const struct text *left, const struct text *right, struct difference *difference);

#endif
