// SPDX-License-Identifier: GPL-2.0-only
#include "plots.h"

#include "html.h"
#include "svg.h"
#include "texts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In the SVG's units, which are about a pixel on a wide screen. */
#define WIDTH		420
#define PLOT_HEIGHT	195
#define TITLES_HEIGHT	52	/* of the tics and the title of the x axis */
#define LINE_HEIGHT	16
#define LETTER_WIDTH	6.7	/* about, of the labels' font */
#define TWO_COLUMNS	19	/* legends with longer labels have one column */
#define BAR_HEIGHT	26
#define BARS_END	0.66	/* of the width, where notes stand beside them */

struct range {
	double from, to;
};

void curve_add(struct curve *curve, double x, double y)
{
	struct spot *spots;

	if (!isfinite(x) || !isfinite(y) || y <= 0)
		return;
	spots = reallocarray(curve->spots, curve->count + 1, sizeof(*spots));
	if (!spots)
		return;
	spots[curve->count++] = (struct spot){ x, y };
	curve->spots = spots;
}

void chart_free(struct chart *chart)
{
	for (unsigned int p = 0; p < chart->panel_count; p++)
		for (unsigned int c = 0; c < chart->panels[p].count; c++)
			free(chart->panels[p].curves[c].spots);
	free(chart);
}

unsigned int chart_count(const struct chart *chart)
{
	unsigned int count = 0;

	for (unsigned int p = 0; p < chart->panel_count; p++)
		count += chart->panels[p].count;
	return count;
}

void quantity_text(char *text, size_t size, enum quantity quantity, double value)
{
	static const char *const units[][4] = {
		[QUANTITY_NS] = { " ns", " µs", " ms", " s" },
		[QUANTITY_COUNT] = { "", " k", " M", " G" },
	};
	int unit = 0;

	for (; fabs(value) >= 999.5 && unit < 3; unit++)
		value /= 1000;
	snprintf(text, size, "%.3g%s", value, units[quantity][unit]);
}

/* gnuplot takes nothing in single quotes for its own but the quote and the line's end. */
static void quote(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++)
		if (*text == '\'')
			fputs("''", out);
		else if ((unsigned char)*text >= ' ')
			fputc(*text, out);
	fputc('\'', out);
}

static void widen(struct range *range, double value)
{
	if (!isfinite(value))
		return;
	range->from = isnan(range->from) || value < range->from ? value : range->from;
	range->to = isnan(range->to) || value > range->to ? value : range->to;
}

static bool is_bars(const struct chart *chart)
{
	return chart->kind == CHART_STACKS || chart->kind == CHART_DOTS;
}

static void widen_by_bar(struct range *range, const struct chart *chart, const struct bar *bar)
{
	double sum = 0;

	for (int i = 0; i < PARTS_MAX; i++) {
		if (!isfinite(bar->parts[i]))
			continue;
		sum += bar->parts[i];
		widen(range, chart->kind == CHART_STACKS ? sum : bar->parts[i]);
	}
}

/* Of the values of all panels, which have the same axes so that they can be compared. */
static struct range values_of(const struct chart *chart)
{
	struct range range = { NAN, NAN };

	for (unsigned int p = 0; p < chart->panel_count; p++) {
		const struct panel *panel = &chart->panels[p];

		for (unsigned int c = 0; c < panel->count; c++) {
			if (is_bars(chart))
				widen_by_bar(&range, chart, &panel->bars[c]);
			for (size_t i = 0; i < panel->curves[c].count; i++)
				widen(&range, panel->curves[c].spots[i].y);
		}
	}
	return range;
}

static struct range places_of(const struct chart *chart)
{
	struct range range = { NAN, NAN };

	for (unsigned int p = 0; p < chart->panel_count; p++)
		for (unsigned int c = 0; c < chart->panels[p].count; c++)
			for (size_t i = 0; i < chart->panels[p].curves[c].count; i++)
				widen(&range, chart->panels[p].curves[c].spots[i].x);
	return range;
}

/*
 * Marks of a logarithmic axis: decades, or 1, 2 and 5 where there are few of them. Those
 * of the x axis lie side by side and soon touch.
 */
static void log_tics(FILE *out, const char *axis, enum quantity quantity, struct range *range)
{
	const double steps[] = { 1, 2, 5 };
	double first = floor(log10(range->from)), last = ceil(log10(range->to));
	bool fine = log10(range->to / range->from) < (*axis == 'x' ? 1 : 2.2);
	const char *comma = "";

	range->from = fine ? range->from / 1.25 : pow(10, first);
	range->to = fine ? range->to * 1.25 : pow(10, last);
	fprintf(out, "set %stics (", axis);
	for (double decade = first; decade <= last; decade++)
		for (int i = 0; i < (fine ? 3 : 1); i++) {
			double value = steps[i] * pow(10, decade);
			char text[32];

			if (value < range->from * 0.999 || value > range->to * 1.001)
				continue;
			quantity_text(text, sizeof(text), quantity, value);
			fprintf(out, "%s'%s' %.9g", comma, text, value);
			comma = ", ";
		}
	fputs(")\n", out);
}

/* Two to four marks from zero on; two or three where notes leave the plot little room. */
static void linear_tics(FILE *out, enum quantity quantity, bool narrow, struct range *range)
{
	double most = narrow ? 2.4 : 4.2;
	double step = pow(10, floor(log10(range->to / 2)));
	const char *comma = "";

	while (range->to / step > most)
		step *= range->to / step > 2 * most ? 5 : 2;
	fputs("set xtics (", out);
	for (int i = 0; i * step <= range->to * 1.02; i++) {
		char text[32];

		quantity_text(text, sizeof(text), quantity, i * step);
		fprintf(out, "%s'%s' %.9g", comma, i ? text : "0", i * step);
		comma = ", ";
	}
	fputs(")\n", out);
	range->from = 0;
	range->to *= 1.02;
}

static void byte_tics(FILE *out, struct range *places)
{
	fputs("set logscale x 2\nset xtics ('8' 8, '64' 64, '512' 512, '4 KiB' 4096, '64 KiB' "
	      "65536, '1 MiB' 1048576)\n", out);
	places->from /= 1.4;
	places->to *= 1.6;
}

static void category_tics(FILE *out, const struct chart *chart, struct range *places)
{
	fputs("set xtics (", out);
	for (unsigned int i = 0; i < chart->category_count; i++) {
		fputs(i ? ", " : "", out);
		quote(out, chart->categories[i]);
		fprintf(out, " %u", i);
	}
	fputs(")\n", out);
	*places = (struct range){ -0.35, chart->category_count - 0.65 };
}

static void percentile_tics(FILE *out, struct range *places)
{
	fputs("set logscale x\nset xtics ('0' 1, '90' 10, '99' 100, '99.9' 1000, '99.99' 10000, "
	      "'99.999' 100000)\n", out);
	*places = (struct range){ 1, places->to * 1.3 };
}

static void place_tics(FILE *out, const struct chart *chart)
{
	struct range places = places_of(chart);

	if (chart->kind == CHART_PERCENTILES)
		percentile_tics(out, &places);
	else if (chart->scale == SCALE_CATEGORIES)
		category_tics(out, chart, &places);
	else
		byte_tics(out, &places);
	fprintf(out, "set xrange [%.9g:%.9g]\n", places.from, places.to);
}

static void line_axes(FILE *out, const struct chart *chart)
{
	struct range values = values_of(chart);

	fputs("set logscale y\n", out);
	log_tics(out, "y", chart->quantity, &values);
	fprintf(out, "set yrange [%.9g:%.9g]\nset xlabel ", values.from, values.to);
	quote(out, chart->x_label);
	fputs("\nset ylabel ", out);
	quote(out, chart->y_label);
	fputc('\n', out);
	place_tics(out, chart);
}

/* Percentiles that get a mark: 50, 90, 99 and so on, at the first place that reaches them. */
static bool is_landmark(const struct curve *curve, size_t i)
{
	static const double landmarks[] = { 2, 10, 100, 1000, 10000 };

	for (size_t l = 0; l < sizeof(landmarks) / sizeof(*landmarks); l++)
		if (curve->spots[i].x >= landmarks[l] * 0.999 &&
		    (!i || curve->spots[i - 1].x < landmarks[l] * 0.999))
			return true;
	return false;
}

static void curve_data(FILE *out, const struct curve *curve, unsigned int nth)
{
	fprintf(out, "$d%u << EOD\n", nth);
	for (size_t i = 0; i < curve->count; i++)
		fprintf(out, "%.9g %.9g %d\n", curve->spots[i].x, curve->spots[i].y,
			is_landmark(curve, i));
	fputs("EOD\n", out);
}

/* Dashes and marks tell lines apart where colours do not. */
static void curve_style(FILE *out, const struct curve *curve)
{
	static const int marks[SVG_STYLES + 1] = { 1, 7, 4, 9, 12, 5, 10, 2, 6 };
	static const char *const dashes[SVG_STYLES + 1] = {
		"1", "1", "(9,4)", "(3,3)", "(9,3,2,3)", "(14,4)", "(2,4)", "(9,3,2,3,2,3)",
		"(5,2)",
	};
	unsigned int style = curve->style % SVG_STYLES + 1;

	if (curve->style == SVG_REFERENCE)
		fprintf(out, "lc rgb '#090009' dt 1 lw 3 pt 1");
	else
		fprintf(out, "lc rgb '#%02x00%02x' dt %s lw 1.8 pt %d", style, style, dashes[style],
			marks[style]);
}

static void plot_curve(FILE *out, const struct curve *curve, unsigned int nth, bool dense)
{
	fprintf(out, "%s$d%u using 1:2 with %s ", nth ? ", \\\n" : "plot ", nth,
		dense ? "lines" : "linespoints");
	curve_style(out, curve);
	fputs(" notitle", out);
	if (dense) {
		fprintf(out, ", \\\n$d%u using 1:($3 > 0 ? $2 : NaN) with points ", nth);
		curve_style(out, curve);
		fputs(" notitle", out);
	}
	fputs(", \\\nkeyentry with linespoints ", out);
	curve_style(out, curve);
	fputs(" title ", out);
	quote(out, curve->label);
}

static size_t longest_label(const struct chart *chart, const struct panel *panel)
{
	size_t longest = 0;

	for (unsigned int c = 0; c < panel->count; c++) {
		size_t length = strlen(is_bars(chart) ? panel->bars[c].label
						      : panel->curves[c].label);

		longest = length > longest ? length : longest;
	}
	return longest;
}

/* A single bar has the room of two: the legend's height is bounded by the plot's. */
static unsigned int bar_rows(const struct panel *panel)
{
	return panel->count > 2 ? panel->count : 2;
}

static size_t longest_of_all(const struct chart *chart)
{
	size_t longest = 0;

	for (unsigned int p = 0; p < chart->panel_count; p++) {
		size_t length = longest_label(chart, &chart->panels[p]);

		longest = length > longest ? length : longest;
	}
	return longest;
}

static void canvas(FILE *out, unsigned int height)
{
	fprintf(out, "set terminal svg size %d,%u dynamic font 'sans-serif,12' noenhanced\n", WIDTH,
		height);
}

/* The plot itself has the same height in all panels, whatever its legend needs. */
static void line_frame(FILE *out, const struct chart *chart, const struct panel *panel)
{
	unsigned int columns = longest_label(chart, panel) > TWO_COLUMNS ? 1 : 2;
	unsigned int lines = (panel->count + columns - 1) / columns;
	double legend = LINE_HEIGHT * lines + 6, below = TITLES_HEIGHT + legend;
	double height = PLOT_HEIGHT + below;

	canvas(out, height);
	fprintf(out, "set tmargin at screen %g\nset bmargin at screen %g\n", 1 - 8 / height,
		below / height);
	fprintf(out, "set key at screen 0.02, screen %g left top Left reverse maxrows %u samplen "
		     "3.4 font ',11'\n", legend / height, lines);
}

static void line_panel(FILE *out, const struct chart *chart, const struct panel *panel)
{
	line_frame(out, chart, panel);
	line_axes(out, chart);
	for (unsigned int c = 0; c < panel->count; c++)
		curve_data(out, &panel->curves[c], c);
	for (unsigned int c = 0; c < panel->count; c++)
		plot_curve(out, &panel->curves[c], c, chart->kind == CHART_PERCENTILES);
	fputc('\n', out);
}

static unsigned int parts_of(const struct chart *chart)
{
	unsigned int parts = 0;

	while (parts < PARTS_MAX && chart->parts[parts])
		parts++;
	return parts;
}

/* Bars of all panels have the same room, so that their lengths can be compared. */
static void bar_margins(FILE *out, const struct chart *chart, const struct panel *panel)
{
	double left = (longest_of_all(chart) * LETTER_WIDTH + 16) / WIDTH;
	double legend = LINE_HEIGHT * parts_of(chart) + 4, below = legend + 26, above = 24;
	double height = above + BAR_HEIGHT * bar_rows(panel) + below;

	canvas(out, height);
	fprintf(out, "set lmargin at screen %g\nset rmargin at screen "
		     "%g\n", left < 0.5 ? left : 0.5,
		chart->notes[0] ? BARS_END : 0.95);
	fprintf(out, "set tmargin at screen %g\nset bmargin at screen %g\n", 1 - above / height,
		below / height);
	fprintf(out, "set key at screen 0.02, screen %g left top Left reverse vertical maxcols 1 "
		"samplen 1.2 font ',11'\n", legend / height);
}

/* Rows from the top: a name on the left, the bar, and notes on the right. */
static void bar_frame(FILE *out, const struct chart *chart, const struct panel *panel)
{
	bar_margins(out, chart, panel);
	fprintf(out, "set yrange [%g:-0.6]\nset border 1\nunset grid\n"
		"set grid xtics lc rgb '#0a0a0a' lw 0.6 dt 1\nset ytics scale 0 font ',11' (",
		bar_rows(panel) - 0.4);
	for (unsigned int c = 0; c < panel->count; c++) {
		fputs(c ? ", " : "", out);
		quote(out, panel->bars[c].label);
		fprintf(out, " %u", c);
	}
	fputs(")\n", out);
}

static double note_place(int nth)
{
	static const double places[NOTES_MAX] = { 0.765, 0.885, 0.995 };

	return places[nth];
}

static void bar_notes(FILE *out, const struct chart *chart, const struct panel *panel)
{
	for (int n = 0; n < NOTES_MAX && chart->notes[n]; n++) {
		fputs("set label ", out);
		quote(out, chart->notes[n]);
		fprintf(out, " at screen %g, graph 1.0 right offset 0,0.6 font "
			     "',10'\n", note_place(n));
		for (unsigned int c = 0; c < panel->count; c++) {
			fputs("set label ", out);
			quote(out, panel->bars[c].notes[n]);
			fprintf(out, " at screen %g, first %u right font "
				     "',11'\n", note_place(n), c);
		}
	}
}

static void bar_axes(FILE *out, const struct chart *chart)
{
	struct range values = values_of(chart);

	if (chart->kind == CHART_STACKS) {
		linear_tics(out, chart->quantity, chart->notes[0], &values);
	} else {
		fputs("set logscale x\n", out);
		log_tics(out, "x", chart->quantity, &values);
	}
	fprintf(out, "set xrange [%.9g:%.9g]\n", values.from, values.to);
}

/* One part of the stacks of all rows: from, to, row. */
static void stack_data(FILE *out, const struct panel *panel, int part)
{
	fprintf(out, "$d%d << EOD\n", part);
	for (unsigned int c = 0; c < panel->count; c++) {
		const double *parts = panel->bars[c].parts;
		double from = 0;

		for (int i = 0; i < part; i++)
			from += isfinite(parts[i]) ? parts[i] : 0;
		if (isfinite(parts[part]) && parts[part] > 0)
			fprintf(out, "%.9g %.9g %u\n", from, from + parts[part], c);
	}
	fputs("EOD\n", out);
}

static void dot_data(FILE *out, const struct panel *panel, int part)
{
	fprintf(out, "$d%d << EOD\n", part);
	for (unsigned int c = 0; c < panel->count; c++)
		if (isfinite(panel->bars[c].parts[part]))
			fprintf(out, "%.9g 0 %u\n", panel->bars[c].parts[part], c);
	fputs("EOD\n", out);
}

static bool has_part(const struct panel *panel, int part)
{
	for (unsigned int c = 0; c < panel->count; c++)
		if (isfinite(panel->bars[c].parts[part]) && panel->bars[c].parts[part] > 0)
			return true;
	return false;
}

/* Dark, middle, light: apart in grey as well. */
static void plot_part(FILE *out, const struct chart *chart, int part, const char *before)
{
	static const int dot_marks[PARTS_MAX] = { 7, 4, 9 };
	int colour = SVG_PARTS + part;

	if (chart->kind == CHART_STACKS)
		fprintf(out, "%s$d%d using (($1+$2)/2):3:1:2:($3-0.34):($3+0.34) with boxxyerror "
			"fs solid 1 border lc rgb '#%02x00%02x' fc rgb '#%02x00%02x' "
			"title ", before, part,
			colour, colour, colour, colour);
	else
		fprintf(out, "%s$d%d using 1:3 with points pt %d ps 1.1 lw 1.6 lc rgb "
			     "'#%02x00%02x' title ",
			before, part, dot_marks[part], part + 1, part + 1);
	quote(out, chart->parts[part]);
}

static void bar_panel(FILE *out, const struct chart *chart, const struct panel *panel)
{
	const char *before = "plot ";

	bar_frame(out, chart, panel);
	bar_axes(out, chart);
	bar_notes(out, chart, panel);
	for (int part = 0; part < PARTS_MAX; part++)
		if (chart->kind == CHART_STACKS)
			stack_data(out, panel, part);
		else
			dot_data(out, panel, part);
	for (int part = 0; part < PARTS_MAX; part++) {
		if (!chart->parts[part] || !has_part(panel, part))
			continue;
		plot_part(out, chart, part, before);
		before = ", \\\n";
	}
	fputc('\n', out);
}

static char *script_of(const struct chart *chart, const struct panel *panel)
{
	char *script = NULL;
	size_t size;
	FILE *out = open_memstream(&script, &size);

	if (!out)
		return NULL;
	fputs(plots_gp, out);
	(is_bars(chart) ? bar_panel : line_panel)(out, chart, panel);
	fclose(out);
	return script;
}

/* What the panel shows, for those who do not see it; its table has the numbers. */
static void describe(char *text, size_t size, const struct chart *chart,
		     const struct panel *panel)
{
	size_t length = snprintf(text, size, "%s: %s, of ", chart->title, panel->title);

	for (unsigned int c = 0; c < panel->count && length < size; c++)
		length += snprintf(text + length, size - length, "%s%s", c ? ", " : "",
				   is_bars(chart) ? panel->bars[c].label : panel->curves[c].label);
	if (length < size)
		snprintf(text + length, size - length, ". The numbers are in the table below.");
}

static void draw_panel(const struct chart *chart, const struct panel *panel,
		       struct drawing *drawing)
{
	char *script = script_of(chart, panel);
	char *svg = script ? svg_draw(script) : NULL;
	char label[1024];

	free(script);
	if (!svg)
		return;
	describe(label, sizeof(label), chart, panel);
	fputs("<figure><figcaption>", drawing->out);
	html_text(drawing->out, panel->title);
	fputs("</figcaption>\n", drawing->out);
	svg_adopt(drawing->out, svg, label, !drawing->drawn);
	fputs("</figure>\n", drawing->out);
	drawing->drawn++;
	free(svg);
}

bool chart_draw(const struct chart *chart, struct drawing *drawing)
{
	unsigned int before = drawing->drawn;

	for (unsigned int p = 0; p < chart->panel_count; p++)
		draw_panel(chart, &chart->panels[p], drawing);
	return drawing->drawn == before + chart->panel_count;
}
