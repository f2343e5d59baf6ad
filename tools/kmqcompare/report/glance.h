/* SPDX-License-Identifier: GPL-2.0-only */
/* The one table that says most: what each mechanism costs, and three of its promises. */
#ifndef KMQCOMPARE_REPORT_GLANCE_H
#define KMQCOMPARE_REPORT_GLANCE_H

#include "input.h"

#include <stdio.h>

void glance_write(const struct input *input, FILE *out);

#endif
