/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Plots, drawn by gnuplot as SVG and made part of the page: text and axes take
 * the page's colours, light or dark. Many lines are spread over panels with the
 * same axes, one for each family of mechanisms.
 */
#ifndef KMQCOMPARE_REPORT_PLOTS_H
#define KMQCOMPARE_REPORT_PLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CURVES_MAX	16
#define PANELS_MAX	8
#define CATEGORIES_MAX	16
#define PARTS_MAX	3
#define NOTES_MAX	3

struct spot {
	double x, y;
};

/* One line of a plot. */
struct curve {
	const char *label;
	unsigned int style;	/* colour, dashes and marks; the same wherever it appears */
	bool thick;
	struct spot *spots;	/* freed by chart_free() */
	size_t count;
};

/* One row of a bar or dot plot. */
struct bar {
	const char *label;
	double parts[PARTS_MAX];	/* of a stack, or places of dots; NAN: none */
	char notes[NOTES_MAX][16];
};

struct panel {
	const char *title;
	struct curve curves[CURVES_MAX];
	struct bar bars[CURVES_MAX];
	unsigned int count;		/* of curves or of bars */
};

enum chart_kind { CHART_LINES, CHART_PERCENTILES, CHART_STACKS, CHART_DOTS };
enum quantity { QUANTITY_NS, QUANTITY_COUNT };
/* What x means: bytes, or a place among categories. */
enum scale { SCALE_BYTES, SCALE_CATEGORIES };

struct chart {
	enum chart_kind kind;
	enum quantity quantity;		/* of y; of the bars */
	enum scale scale;
	const char *title;
	const char *x_label, *y_label;
	const char *parts[PARTS_MAX];
	const char *notes[NOTES_MAX];
	char categories[CATEGORIES_MAX][16];
	unsigned int category_count;
	struct panel panels[PANELS_MAX];
	unsigned int panel_count;
};

/* Adds a place to a line, growing it. */
void curve_add(struct curve *curve, double x, double y);
void chart_free(struct chart *chart);

/* How many lines or bars there are in all. */
unsigned int chart_count(const struct chart *chart);

/* A page's drawings. */
struct drawing {
	FILE *out;
	unsigned int drawn;	/* how many there are; the first brings the shapes of marks */
};

/* Draws all panels; false if gnuplot is not there, or failed at one of them. */
bool chart_draw(const struct chart *chart, struct drawing *drawing);

/* "1.5 µs", "20 k": a number as axes have it. */
void quantity_text(char *text, size_t size, enum quantity quantity, double value);

#endif
