/* SPDX-License-Identifier: GPL-2.0-only */
/* The report as one page of HTML that needs nothing beside itself. */
#ifndef KMQCOMPARE_REPORT_PAGE_H
#define KMQCOMPARE_REPORT_PAGE_H

#include "input.h"

/* 0, or -1 with a sentence on stderr. "-" is standard output. */
int page_write(const struct input *input, const char *path);

#endif
