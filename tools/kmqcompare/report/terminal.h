/* SPDX-License-Identifier: GPL-2.0-only */
/* The report for the terminal: the sentences, the overview and the matrix. */
#ifndef KMQCOMPARE_REPORT_TERMINAL_H
#define KMQCOMPARE_REPORT_TERMINAL_H

#include "input.h"

void terminal_report(const struct input *input);

#endif
