/* SPDX-License-Identifier: GPL-2.0-only */
/* Standard output and what it may be shown. */
#ifndef KMQCTL_OUTPUT_H
#define KMQCTL_OUTPUT_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether a person's terminal interprets what is printed. */
bool output_is_terminal(void);

/* Flags for text_escape() that suit the user's locale. */
unsigned int output_escapes(void);

/*
 * Flushes what stdio holds. Returns @status, or says why it could not be
 * written and returns STATUS_FAILED.
 */
int output_finish(int status);

#endif
