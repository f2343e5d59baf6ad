/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables behind the plots: every figure of every file. */
#ifndef KMQCOMPARE_REPORT_NUMBERS_H
#define KMQCOMPARE_REPORT_NUMBERS_H

#include "input.h"

#include <stdio.h>

/* All that was measured of a workload; nothing if there is nothing. */
void numbers_write(const struct input *input, const char *workload, bool open, FILE *out);

/* Where each mechanism's payload ends, and whose capacity is another than was asked for. */
void numbers_limits(const struct input *input, FILE *out);

/* What grows with the size, and what does not. */
void numbers_copying(const struct input *input, bool open, FILE *out);

/* Digits behind the point, so that three or four in all mean something. */
int digits_of(double value);

#endif
