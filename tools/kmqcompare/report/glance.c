// SPDX-License-Identifier: GPL-2.0-only
#include "glance.h"

#include "html.h"
#include "matrix.h"
#include "numbers.h"
#include "sentences.h"
#include "../results.h"

#include <math.h>
#include <string.h>

/* Promises that the table shows beside the costs. */
static const struct promise {
	const char *claim;
	const char *head;
} promises[] = {
	{ "boundaries", "keeps messages apart" },
	{ "lost-update", "loses an update without a lock" },
	{ "holder-dies", "goes on when a holder dies" },
};
#define PROMISES (sizeof(promises) / sizeof(*promises))

/* The table's scale: a ratio's place is its logarithm. */
struct glance {
	const struct input *input;
	struct saying saying;
	struct place base, large;
	bool has_large;
	double low, high;
	FILE *out;
};

static const struct row *row_at(const struct glance *glance, const char *mechanism,
				const struct place *point)
{
	const struct row *row = find_row(glance->saying.source, glance->saying.workload, mechanism,
					 point);

	return ratio_at(row, "ratio").word == WORD_NONE ? NULL : row;
}

static bool sleeps(const struct subject *subject)
{
	return subject->family != FAMILY_SPINNING && subject->family != FAMILY_NONE;
}

/* The largest size that the most mechanisms can be compared at. */
static void find_large(struct glance *glance)
{
	const struct source *source = glance->saying.source;

	glance->large = glance->base;
	for (size_t i = 0; source && i < source->count; i++) {
		struct place point = glance->base;

		point.size = source->rows[i].point.size;
		if (point.size > glance->large.size &&
		    row_at(glance, source->rows[i].mechanism, &point))
			glance->large = point;
	}
	glance->has_large = glance->large.size > glance->base.size;
}

static void widen(struct glance *glance, const struct row *row)
{
	struct ratio ratio = ratio_at(row, "ratio");

	if (ratio.word == WORD_NONE || !(ratio.median > 0))
		return;
	glance->low = fmin(glance->low, ratio.low > 0 ? ratio.low : ratio.median);
	glance->high = fmax(glance->high, isfinite(ratio.high) ? ratio.high : ratio.median);
}

static void find_scale(struct glance *glance)
{
	glance->low = 0.5;
	glance->high = 2;
	for (unsigned int i = 0; i < glance->input->subject_count; i++) {
		const struct subject *subject = &glance->input->subjects[i];

		if (!sleeps(subject))
			continue;
		widen(glance, row_at(glance, subject->name, &glance->base));
		widen(glance, row_at(glance, subject->name, &glance->large));
	}
	glance->low /= 1.15;
	glance->high *= 1.15;
}

static double place(const struct glance *glance, double ratio)
{
	return 100 * log(ratio / glance->low) / log(glance->high / glance->low);
}

static void write_mark(const struct glance *glance, const struct row *row, const char *class)
{
	struct ratio ratio = ratio_at(row, "ratio");

	if (ratio.word == WORD_NONE || !(ratio.median > 0))
		return;
	if (ratio.low > 0 && isfinite(ratio.high))
		fprintf(glance->out, "<i class=\"span\" style=\"left:%.2f%%;width:%.2f%%\"></i>",
			place(glance, ratio.low),
			place(glance, ratio.high) - place(glance, ratio.low));
	fprintf(glance->out, "<i class=\"%s\" style=\"left:%.2f%%\"></i>", class,
		place(glance, ratio.median));
}

static void write_track(const struct glance *glance, const struct row *base,
			const struct row *large)
{
	fputs("<td class=\"trackcell\" aria-hidden=\"true\"><div class=\"track\">", glance->out);
	fprintf(glance->out, "<i class=\"one\" style=\"left:%.2f%%\"></i>", place(glance, 1));
	write_mark(glance, large, "open");
	write_mark(glance, base, "dot");
	fputs("</div></td>", glance->out);
}

static void write_ratio(const struct glance *glance, const struct row *row, double size)
{
	static const char *const classes[] = { "none", "good", "bad", "neutral" };
	const char *words[] = { "", glance->saying.better, glance->saying.worse, "not told apart" };
	struct ratio ratio = ratio_at(row, "ratio");
	char median[RATIO_SIZE], low[RATIO_SIZE], high[RATIO_SIZE];
	bool has_interval = ratio_texts(&ratio, median, low, high);
	bool itself = row && !strcmp(row->mechanism, reference_of(glance->input));

	fprintf(glance->out, "<td class=\"num\" data-head=\"%.0f bytes\">", size);
	if (ratio.word == WORD_NONE) {
		fputs("–</td>", glance->out);
		return;
	}
	fprintf(glance->out, "<b>%s ×</b> <small>", median);
	if (has_interval && !itself)
		fprintf(glance->out, "%s–%s ", low, high);
	fprintf(glance->out, "<span class=\"%s\">%s</span></small></td>",
		itself ? "none" : classes[ratio.word], itself ? "the measure" : words[ratio.word]);
}

/*
 * Why there is no ratio: what the first of its measurements that did not run says;
 * that it is not there at all goes before that it is not made for this.
 */
static const char *why_not(const struct glance *glance, const char *mechanism)
{
	const struct source *source = glance->saying.source;
	const char *why = "not measured here";

	for (size_t i = source ? source->count : 0; i-- > 0;) {
		struct json_object *json = source->rows[i].json;

		if (source->rows[i].ok || strcmp(source->rows[i].mechanism, mechanism))
			continue;
		if (!strcmp(json_text(json, "status"), "unavailable"))
			return json_text(json, "reason");
		if (!strcmp(source->rows[i].workload, glance->saying.workload))
			why = json_text(json, "reason");
	}
	return why;
}

static void write_why_not(const struct glance *glance, const char *mechanism)
{
	fprintf(glance->out, "<td class=\"why\" colspan=\"%d\">", 2 + glance->has_large);
	html_text(glance->out, why_not(glance, mechanism));
	fputs("</td>", glance->out);
}

static void write_ratios(const struct glance *glance, const struct subject *subject)
{
	const struct row *base = row_at(glance, subject->name, &glance->base);
	const struct row *large = glance->has_large
				? row_at(glance, subject->name, &glance->large) : NULL;

	if (!base && !large) {
		write_why_not(glance, subject->name);
		return;
	}
	write_track(glance, base, large);
	write_ratio(glance, base, glance->base.size);
	if (glance->has_large)
		write_ratio(glance, large, glance->large.size);
}

static void write_promise(const struct glance *glance, const struct promise *promise,
			  const char *mechanism)
{
	struct json_object *cell = probe_cell(glance->input, promise->claim, mechanism);
	const char *verdict = json_text(cell, "verdict");
	bool ran = *verdict && strcmp(verdict, "none");

	fprintf(glance->out, "<td class=\"promise %s\" data-head=\"%s\">", verdict_class(cell),
		promise->head);
	if (cell) {
		fputs("<a href=\"#cell-", glance->out);
		html_name(glance->out, promise->claim);
		fputs("--", glance->out);
		html_name(glance->out, mechanism);
		fputs("\">", glance->out);
	}
	fprintf(glance->out, "%s <span class=\"word\">", verdict_sign(verdict));
	html_text(glance->out, ran ? verdict : "not tried");
	fprintf(glance->out, "</span>%s</td>", cell ? "</a>" : "");
}

static void write_promises(const struct glance *glance, const char *mechanism)
{
	for (size_t i = 0; i < PROMISES && glance->input->probe; i++)
		write_promise(glance, &promises[i], mechanism);
}

static void write_row(const struct glance *glance, const struct subject *subject)
{
	fputs("<tr><th scope=\"row\">", glance->out);
	html_text(glance->out, subject->title);
	fputs("</th>", glance->out);
	if (glance->saying.source)
		write_ratios(glance, subject);
	write_promises(glance, subject->name);
	fputs("</tr>\n", glance->out);
}

static unsigned int width_of(const struct glance *glance)
{
	return 1 + (glance->saying.source ? 2 + glance->has_large : 0) +
	       (glance->input->probe ? PROMISES : 0);
}

static bool has_anything(const struct glance *glance, const struct subject *subject)
{
	return row_at(glance, subject->name, &glance->base) ||
	       row_at(glance, subject->name, &glance->large) ||
	       probe_cell(glance->input, promises[0].claim, subject->name);
}

static void write_family(const struct glance *glance, enum family family)
{
	unsigned int rows = 0;

	for (unsigned int i = 0; i < glance->input->subject_count; i++) {
		const struct subject *subject = &glance->input->subjects[i];

		if (subject->family != family || !has_anything(glance, subject))
			continue;
		if (!rows++)
			fprintf(glance->out, "<tr class=\"group\"><th scope=\"colgroup\" "
				"colspan=\"%u\">%s</th></tr>\n", width_of(glance),
				family_title(family));
		write_row(glance, subject);
	}
}

static void write_promise_heads(const struct glance *glance)
{
	for (size_t i = 0; i < PROMISES && glance->input->probe; i++)
		fprintf(glance->out, "<th scope=\"col\" class=\"promise\">%s</th>",
			promises[i].head);
}

static void write_head(const struct glance *glance)
{
	FILE *out = glance->out;

	fputs("<thead><tr><th scope=\"col\">mechanism</th>", out);
	if (glance->saying.source) {
		fprintf(out, "<th scope=\"col\" class=\"trackhead\"><span>◀ %s</span> <span>%s "
			     "▶</span></th>",
			glance->saying.better, glance->saying.worse);
		fprintf(out, "<th scope=\"col\"><i class=\"key dot\"></i> %.0f bytes</th>",
			glance->base.size);
		if (glance->has_large)
			fprintf(out, "<th scope=\"col\"><i class=\"key open\"></i> %.0f bytes</th>",
				glance->large.size);
	}
	write_promise_heads(glance);
	fputs("</tr></thead>\n", out);
}

static void explain(const struct glance *glance)
{
	FILE *out = glance->out;

	fputs("<p>", out);
	if (glance->saying.source)
		html_say(out, "The %s that a message takes, over what %s takes: the vertical line "
			      "is 1. The thin bar around each mark is the 95%% interval; a mark "
			      "whose interval crosses the line is not told apart from "
			      "it. ", glance->saying.what,
			 input_title(glance->input, reference_of(glance->input)));
	else
		fputs("No ratios are among the files; a timed or a counted run of "
		      "<code>kmqcompare bench</code> brings them. ", out);
	if (!glance->input->probe)
		fputs("What each promises is not here: <code>kmqcompare probe --json FILE</code> "
		      "tries it. ", out);
	fputs("Only mechanisms that sleep while they wait are compared here; those that spin have "
	      "their own table, because they buy their speed with a processor.</p>\n", out);
}

static void write_spinning_row(const struct glance *glance, const struct subject *subject,
			       const struct row *row)
{
	fputs("<tr><th scope=\"row\">", glance->out);
	html_text(glance->out, subject->title);
	fprintf(glance->out, "</th><td class=\"num\" data-head=\"ns a message\">%.*f</td>"
		"<td class=\"num\" data-head=\"processor "
		"ns\">", digits_of(row->figure), row->figure);
	if (isfinite(json_number(row->json, "cost.cpu_ns")))
		fprintf(glance->out, "%.0f", json_number(row->json, "cost.cpu_ns"));
	else
		fputs("–", glance->out);
	fputs("</td>", glance->out);
	write_promises(glance, subject->name);
	fputs("</tr>\n", glance->out);
}

static const struct row *spinning_row(const struct glance *glance, const struct subject *subject)
{
	if (subject->family != FAMILY_SPINNING)
		return NULL;
	return find_base(glance->input->timed, "oneway", subject->name);
}

static void write_spinning_head(const struct glance *glance)
{
	fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Those that spin\">"
	      "<table class=\"glance spinning\"><caption>Those that spin, one way, each process on "
	      "a processor of its own that it never gives back</caption><thead><tr>"
	      "<th scope=\"col\">mechanism</th><th scope=\"col\">ns a message</th>"
	      "<th scope=\"col\">processor ns a message</th>", glance->out);
	write_promise_heads(glance);
	fputs("</tr></thead><tbody>\n", glance->out);
}

static void write_spinning(const struct glance *glance)
{
	unsigned int rows = 0;

	for (unsigned int i = 0; i < glance->input->subject_count; i++) {
		const struct subject *subject = &glance->input->subjects[i];
		const struct row *row = spinning_row(glance, subject);

		if (!row)
			continue;
		if (!rows++)
			write_spinning_head(glance);
		write_spinning_row(glance, subject, row);
	}
	if (rows)
		fputs("</tbody></table></div>\n", glance->out);
}

void glance_write(const struct input *input, FILE *out)
{
	struct glance glance = { .input = input, .saying = saying_of(input), .out = out };

	glance.base = base_place(glance.saying.source, glance.saying.workload);
	find_large(&glance);
	find_scale(&glance);
	explain(&glance);
	fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Mechanisms at a "
	      "glance\"><table class=\"glance\">\n", out);
	write_head(&glance);
	fputs("<tbody>\n", out);
	for (enum family family = 0; family < FAMILY_SPINNING; family++)
		write_family(&glance, family);
	fputs("</tbody></table></div>\n", out);
	write_spinning(&glance);
}
