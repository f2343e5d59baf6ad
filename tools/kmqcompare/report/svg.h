/* SPDX-License-Identifier: GPL-2.0-only */
/* Making gnuplot's SVG a part of a page. */
#ifndef KMQCOMPARE_REPORT_SVG_H
#define KMQCOMPARE_REPORT_SVG_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Colours are marked for svg_adopt() as rgb(n, 0, n): 1 to 8 are those of lines,
 * then that of the line all others are compared with, and those of the parts of
 * bars. rgb(10, 10, 10) is the grid.
 */
#define SVG_STYLES	8
#define SVG_REFERENCE	9
#define SVG_GRID	10
#define SVG_PARTS	11
#define SVG_PARTS_END	14

/* What gnuplot makes of a script; NULL if it is not there or failed. Freed by the caller. */
char *svg_draw(const char *script);

/*
 * Writes it without prologue, ids and namespaces; black becomes the text's colour,
 * and the marked colours become variables of the style sheet. @label is for those
 * who do not see it. The shapes of the marks are written with the first one.
 */
void svg_adopt(FILE *out, const char *svg, const char *label, bool with_marks);

#endif
