/* SPDX-License-Identifier: GPL-2.0-only */
/* The page's files that are no C; build.mk makes strings of them. */
#ifndef KMQCOMPARE_REPORT_TEXTS_H
#define KMQCOMPARE_REPORT_TEXTS_H

extern const char page_css[];
extern const char page_js[];
extern const char plots_gp[];

#endif
