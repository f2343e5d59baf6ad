/* SPDX-License-Identifier: GPL-2.0-only */
/* Standard output and what it may be shown. */
#ifndef KMQCTL_OUTPUT_H
#define KMQCTL_OUTPUT_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether a person's terminal interprets what is printed. */
bool output_is_terminal(void);

/* Sequences for output_colour(). */
#define COLOUR_NONE	"\033[0m"
#define COLOUR_RED	"\033[31m"
#define COLOUR_GREEN	"\033[32m"
#define COLOUR_YELLOW	"\033[33m"

/* @colour, or "" where standard output is no terminal, a dumb one, or NO_COLOR is set. */
const char *output_colour(const char *colour);

/* Columns of the terminal, or of what COLUMNS says; 80 where there is neither. */
unsigned int output_width(void);

/* Whether the locale has characters beyond ASCII. */
bool output_is_unicode(void);

/* Flags for text_escape() that suit the user's locale. */
unsigned int output_escapes(void);

/*
 * Flushes what stdio holds. Returns @status, or says why it could not be
 * written and returns STATUS_FAILED.
 */
int output_finish(int status);

#endif
