// SPDX-License-Identifier: GPL-2.0-only
#include "numbers.h"

#include "figures.h"
#include "html.h"
#include "sentences.h"
#include "../results.h"

#include <math.h>
#include <string.h>

#define CELL_SIZE	64

int digits_of(double value)
{
	return value < 10 ? 2 : value < 100 ? 1 : 0;
}

static void put(char text[CELL_SIZE], double value, int digits)
{
	if (isfinite(value))
		snprintf(text, CELL_SIZE, "%.*f", digits, value);
}

static void put_member(char text[CELL_SIZE], const struct row *row, const char *path)
{
	double value = json_number(row->json, path);

	put(text, value, digits_of(value));
}

static void put_size(char text[CELL_SIZE], const struct row *row)
{
	put(text, row->point.size, 0);
}

static void put_capacity(char text[CELL_SIZE], const struct row *row)
{
	double held = json_number(row->json, "held");

	put(text, row->point.capacity, 0);
	if (isfinite(held) && held != row->point.capacity)
		snprintf(text, CELL_SIZE, "%.0f, held %.0f", row->point.capacity, held);
}

static void put_batch(char text[CELL_SIZE], const struct row *row)
{
	put(text, row->point.batch, 0);
}

static void put_fan(char text[CELL_SIZE], const struct row *row)
{
	if (isfinite(row->point.senders) && isfinite(row->point.receivers))
		snprintf(text, CELL_SIZE, "%.0f to %.0f", row->point.senders, row->point.receivers);
}

static void put_load(char text[CELL_SIZE], const struct row *row)
{
	if (isfinite(row->point.load))
		snprintf(text, CELL_SIZE, "%.0f%%", row->point.load);
}

static void put_figure(char text[CELL_SIZE], const struct row *row)
{
	put(text, row->figure, digits_of(row->figure));
}

static void put_spread(char text[CELL_SIZE], const struct row *row)
{
	double min = json_number(row->json, "figure.min");
	double max = json_number(row->json, "figure.max");
	int digits = digits_of(row->figure);

	if (isfinite(min) && isfinite(max))
		snprintf(text, CELL_SIZE, "%.*f–%.*f", digits, min, digits, max);
}

static void put_rate(char text[CELL_SIZE], const struct row *row)
{
	put(text, 1e9 / row->figure, 0);
}

static void put_ratio_of(char text[CELL_SIZE], const struct row *row, const char *key)
{
	put(text, ratio_at(row, key).median, 3);
}

static void put_interval_of(char text[CELL_SIZE], const struct row *row, const char *key)
{
	struct ratio ratio = ratio_at(row, key);

	if (isfinite(ratio.low) && isfinite(ratio.high))
		snprintf(text, CELL_SIZE, "%.3f–%.3f", ratio.low, ratio.high);
}

static void put_ratio(char text[CELL_SIZE], const struct row *row)
{
	put_ratio_of(text, row, "ratio");
}

static void put_interval(char text[CELL_SIZE], const struct row *row)
{
	put_interval_of(text, row, "ratio");
}

static void put_verdict(char text[CELL_SIZE], const struct row *row)
{
	static const char *const words[] = {
		[WORD_NONE] = "", [WORD_FASTER] = "▼ less", [WORD_SLOWER] = "▲ more",
		[WORD_SAME] = "= same",
	};

	snprintf(text, CELL_SIZE, "%s", words[ratio_at(row, "ratio").word]);
}

static void put_base_ratio(char text[CELL_SIZE], const struct row *row)
{
	put_ratio_of(text, row, "base_ratio");
}

static void put_base_interval(char text[CELL_SIZE], const struct row *row)
{
	put_interval_of(text, row, "base_ratio");
}

#define MEMBER(name, path)						\
	static void put_##name(char text[CELL_SIZE], const struct row *row)	\
	{								\
		put_member(text, row, path);				\
	}

MEMBER(cpu, "cost.cpu_ns")
MEMBER(user, "cost.user_ns")
MEMBER(system, "cost.system_ns")
MEMBER(syscalls, "cost.syscalls")
MEMBER(copied, "cost.copied_bytes")
MEMBER(instructions, "cost.instructions")
MEMBER(slabs, "events.slab_allocations")
MEMBER(pages, "events.page_allocations")
MEMBER(least, "latency.min")
MEMBER(mean, "latency.mean")
MEMBER(p50, "latency.p50")
MEMBER(p90, "latency.p90")
MEMBER(p99, "latency.p99")
MEMBER(p999, "latency.p999")
MEMBER(p9999, "latency.p9999")
MEMBER(longest, "latency.max")
MEMBER(saturation, "saturation_per_s")
MEMBER(achieved, "achieved_per_s")
MEMBER(harness, "harness")

static void put_switches(char text[CELL_SIZE], const struct row *row)
{
	put(text, json_number(row->json, "cost.switches"), 3);
}

static void put_involuntary(char text[CELL_SIZE], const struct row *row)
{
	put(text, json_number(row->json, "cost.involuntary_switches"), 3);
}

static void put_count(char text[CELL_SIZE], const struct row *row)
{
	put(text, json_number(row->json, "latency.count"), 0);
}

static void put_repetitions(char text[CELL_SIZE], const struct row *row)
{
	put(text, items_count(row->json, "repetitions"), 0);
}

/* A column is shown if any row has something in it, other than what is usual. */
static const struct column {
	const char *head;
	void (*put)(char text[CELL_SIZE], const struct row *row);
	bool timed_only;
	bool is_place;		/* where it was measured: known of failed rows as well */
} columns[] = {
	{ "bytes", put_size, false, true },
	{ "capacity", put_capacity, false, true },
	{ "batch", put_batch, false, true },
	{ "senders to receivers", put_fan, false, true },
	{ "load", put_load, false, true },
	{ NULL, put_figure, false, false },
	{ "least–most", put_spread, false, false },
	{ "per second", put_rate, true, false },
	{ "ratio", put_ratio, false, false },
	{ "95% interval", put_interval, false, false },
	{ "verdict", put_verdict, false, false },
	{ "to its base", put_base_ratio, false, false },
	{ "95% interval", put_base_interval, false, false },
	{ "CPU ns", put_cpu, true, false },
	{ "user ns", put_user, true, false },
	{ "system ns", put_system, true, false },
	{ "switches", put_switches, false, false },
	{ "forced", put_involuntary, false, false },
	{ "system calls", put_syscalls, false, false },
	{ "copied bytes", put_copied, false, false },
	{ "instructions", put_instructions, false, false },
	{ "slab objects", put_slabs, false, false },
	{ "pages", put_pages, false, false },
	{ "N", put_count, false, false },
	{ "min", put_least, false, false },
	{ "mean", put_mean, false, false },
	{ "p50", put_p50, false, false },
	{ "p90", put_p90, false, false },
	{ "p99", put_p99, false, false },
	{ "p99.9", put_p999, false, false },
	{ "p99.99", put_p9999, false, false },
	{ "max", put_longest, false, false },
	{ "saturation/s", put_saturation, false, false },
	{ "sent/s", put_achieved, false, false },
	{ "harness", put_harness, false, false },
	{ "repeated", put_repetitions, false, false },
};
#define COLUMNS (sizeof(columns) / sizeof(*columns))

/* One table: of one file and one workload, of those that sleep or of those that spin. */
struct table_view {
	const struct input *input;
	const struct source *source;
	const char *workload;
	bool spinning;
	bool shown[COLUMNS];
	FILE *out;
};

static bool belongs(const struct table_view *view, const struct row *row)
{
	const struct subject *subject = input_subject(view->input, row->mechanism);

	return !strcmp(row->workload, view->workload) &&
	       (subject && subject->family == FAMILY_SPINNING) == view->spinning;
}

static bool is_worth_showing(const struct table_view *view, size_t column, const char *text)
{
	if (columns[column].timed_only && view->source->counting)
		return false;
	if (columns[column].put == put_batch)
		return strcmp(text, "1") && *text;
	if (columns[column].put == put_fan)
		return strcmp(text, "1 to 1") && *text;
	return *text;
}

static size_t look_at_columns(struct table_view *view)
{
	size_t rows = 0;

	memset(view->shown, 0, sizeof(view->shown));
	for (size_t i = 0; i < view->source->count; i++) {
		const struct row *row = &view->source->rows[i];

		if (!belongs(view, row))
			continue;
		rows++;
		for (size_t c = 0; c < COLUMNS; c++) {
			char text[CELL_SIZE] = "";

			if (row->ok || columns[c].is_place)
				columns[c].put(text, row);
			view->shown[c] |= is_worth_showing(view, c, text);
		}
	}
	return rows;
}

static void write_head(const struct table_view *view)
{
	struct json_object *workload = workload_of(view->source, view->workload);
	const char *unit = json_text(workload, "unit");

	fputs("<thead><tr><th scope=\"col\">mechanism</th>", view->out);
	for (size_t c = 0; c < COLUMNS; c++) {
		if (!view->shown[c])
			continue;
		fputs("<th scope=\"col\">", view->out);
		if (columns[c].head)
			html_text(view->out, columns[c].head);
		else
			html_say(view->out, "%s per %s",
				 view->source->counting ? "instructions" : "ns",
				 *unit ? unit : "message");
		fputs("</th>", view->out);
	}
	fputs("</tr></thead>\n", view->out);
}

static unsigned int columns_of(const struct table_view *view, bool places)
{
	unsigned int count = 0;

	for (size_t c = 0; c < COLUMNS; c++)
		count += view->shown[c] && columns[c].is_place == places;
	return count;
}

static void write_cell(const struct table_view *view, size_t column, const struct row *row)
{
	char text[CELL_SIZE] = "";

	columns[column].put(text, row);
	fputs("<td>", view->out);
	html_text(view->out, *text ? text : "–");
	fputs("</td>", view->out);
}

static void write_why_not(const struct table_view *view, const struct row *row)
{
	const char *status = json_text(row->json, "status");
	const char *reason = json_text(row->json, "reason");

	fprintf(view->out, "<td class=\"why\" colspan=\"%u\">", columns_of(view, false));
	html_say(view->out, "%s%s%s", !strcmp(status, "failed") ? "FAILED" : status,
		 *reason ? ": " : "", reason);
	fputs("</td>", view->out);
}

static void write_row(const struct table_view *view, const struct row *row)
{
	fputs("<tr><th scope=\"row\">", view->out);
	html_text(view->out, input_title(view->input, row->mechanism));
	fputs("</th>", view->out);
	for (size_t c = 0; c < COLUMNS; c++)
		if (view->shown[c] && (row->ok || columns[c].is_place))
			write_cell(view, c, row);
	if (!row->ok && columns_of(view, false))
		write_why_not(view, row);
	fputs("</tr>\n", view->out);
}

static bool same_refusal(const struct row *a, const struct row *b)
{
	return !a->ok && !b->ok &&
	       !strcmp(json_text(a->json, "status"), json_text(b->json, "status")) &&
	       !strcmp(json_text(a->json, "reason"), json_text(b->json, "reason"));
}

/* How many points a mechanism has here, if all were refused for the same reason; else 0. */
static unsigned int refusals(const struct table_view *view, const struct row *row)
{
	unsigned int count = 0;

	for (size_t i = 0; i < view->source->count; i++) {
		const struct row *other = &view->source->rows[i];

		if (!belongs(view, other) || strcmp(other->mechanism, row->mechanism))
			continue;
		if (!same_refusal(row, other))
			return 0;
		count++;
	}
	return count;
}

static bool is_first(const struct table_view *view, const struct row *row)
{
	for (const struct row *other = view->source->rows; other < row; other++)
		if (belongs(view, other) && !strcmp(other->mechanism, row->mechanism))
			return false;
	return true;
}

/* One line for a mechanism that has nothing but one reason. */
static void write_refusals(const struct table_view *view, const struct row *row,
			   unsigned int count)
{
	FILE *out = view->out;

	if (!is_first(view, row))
		return;
	fputs("<tr><th scope=\"row\">", out);
	html_text(out, input_title(view->input, row->mechanism));
	fprintf(out, "</th><td class=\"why\" colspan=\"%u\">",
		columns_of(view, true) + columns_of(view, false));
	html_say(out, "%s: %s", json_text(row->json, "status"), json_text(row->json, "reason"));
	fprintf(out, " (at %u points)</td></tr>\n", count);
}

static void write_caption(const struct table_view *view)
{
	struct json_object *workload = workload_of(view->source, view->workload);

	fputs("<caption>", view->out);
	html_say(view->out, "%s: %s. %s%s", view->workload, json_text(workload, "title"),
		 view->source->counting ? "Instructions, counted exactly" : "Times",
		 view->spinning ? ", of those that spin while they wait."
				: ", of those that sleep while they wait.");
	if (view->input->count > 2)
		html_say(view->out, " From %s.", source_name(view->source));
	fputs("</caption>\n", view->out);
}

static void write_table(struct table_view *view)
{
	if (!look_at_columns(view))
		return;
	fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table of "
	      "numbers\"><table class=\"numbers\">", view->out);
	write_caption(view);
	write_head(view);
	fputs("<tbody>\n", view->out);
	for (size_t i = 0; i < view->source->count; i++) {
		const struct row *row = &view->source->rows[i];
		unsigned int refused = belongs(view, row) ? refusals(view, row) : 0;

		if (refused > 1)
			write_refusals(view, row, refused);
		else if (belongs(view, row))
			write_row(view, row);
	}
	fputs("</tbody></table></div>\n", view->out);
}

static bool has_rows(const struct input *input, const char *workload)
{
	for (unsigned int s = 0; s < input->count; s++)
		for (size_t i = 0; i < input->sources[s].count; i++)
			if (!strcmp(input->sources[s].rows[i].workload, workload))
				return true;
	return false;
}

void numbers_write(const struct input *input, const char *workload, bool open, FILE *out)
{
	if (!has_rows(input, workload))
		return;
	fprintf(out, "<details class=\"data\"%s><summary>All numbers of <b>", open ? " open" : "");
	html_text(out, workload);
	fputs("</b></summary>\n", out);
	for (unsigned int s = 0; s < input->count; s++)
		for (int spinning = 0; spinning < 2; spinning++) {
			struct table_view view = {
				.input = input, .source = &input->sources[s],
				.workload = workload, .spinning = spinning, .out = out,
			};

			if (!view.source->is_probe)
				write_table(&view);
		}
	fputs("</details>\n", out);
}

/* The largest size that a mechanism carried in any file, and the least that it refused. */
struct limit {
	double carried, refused;
	const char *reason;
};

static struct limit limit_of(const struct input *input, const char *mechanism)
{
	struct limit limit = { NAN, NAN, "" };

	for (unsigned int s = 0; s < input->count; s++)
		for (size_t i = 0; i < input->sources[s].count; i++) {
			const struct row *row = &input->sources[s].rows[i];

			if (strcmp(row->mechanism, mechanism))
				continue;
			if (row->ok)
				limit.carried = fmax(row->point.size, limit.carried);
		}
	for (unsigned int s = 0; s < input->count; s++)
		for (size_t i = 0; i < input->sources[s].count; i++) {
			const struct row *row = &input->sources[s].rows[i];

			if (strcmp(row->mechanism, mechanism) || row->ok ||
			    !(row->point.size > limit.carried) || row->point.size >= limit.refused)
				continue;
			limit.refused = row->point.size;
			limit.reason = json_text(row->json, "reason");
		}
	return limit;
}

static void write_limit(const struct subject *subject, const struct limit *limit, FILE *out)
{
	fputs("<tr><th scope=\"row\">", out);
	html_text(out, subject->title);
	fprintf(out, "</th><td>%.0f</td><td class=\"why\">", limit->carried);
	if (isfinite(limit->refused))
		html_say(out, "not %.0f: %s", limit->refused, limit->reason);
	else
		fputs("as large as was asked for", out);
	fputs("</td></tr>\n", out);
}

static void write_payload_ends(const struct input *input, FILE *out)
{
	fputs("<h3>Where each payload ends</h3>\n<div class=\"scroll\" tabindex=\"0\" "
	      "role=\"region\" aria-label=\"Where each payload ends\"><table><thead><tr><th "
	      "scope=\"col\">mechanism</th><th scope=\"col\">largest message, bytes</th><th "
	      "scope=\"col\">why no larger one</th></tr></thead><tbody>\n", out);
	for (unsigned int i = 0; i < input->subject_count; i++) {
		const struct subject *subject = &input->subjects[i];
		struct limit limit = limit_of(input, subject->name);

		if (subject->family != FAMILY_NONE && isfinite(limit.carried))
			write_limit(subject, &limit, out);
	}
	fputs("</tbody></table></div>\n", out);
}

/* Each mechanism and pair of capacities once, whatever the workload. */
static bool is_told(const struct source *source, size_t index)
{
	const struct row *row = &source->rows[index];
	double held = json_number(row->json, "held");

	for (size_t i = 0; i < index; i++)
		if (!strcmp(source->rows[i].mechanism, row->mechanism) &&
		    source->rows[i].point.capacity == row->point.capacity &&
		    json_number(source->rows[i].json, "held") == held)
			return true;
	return false;
}

static void write_capacities(const struct input *input, FILE *out)
{
	const struct source *source = input_bench(input);
	unsigned int told = 0;

	fputs("<h3>Capacities asked for, and held</h3>\n<ul>\n", out);
	for (size_t i = 0; source && i < source->count; i++) {
		const struct row *row = &source->rows[i];
		double held = json_number(row->json, "held");

		if (!row->ok || isnan(held) || held == row->point.capacity || is_told(source, i))
			continue;
		fputs("<li>", out);
		html_say(out, "%s held %.0f messages, not "
			      "%.0f.", input_title(input, row->mechanism),
			 held, row->point.capacity);
		fputs("</li>\n", out);
		told++;
	}
	fputs(told ? "</ul>\n" : "<li>Each held as many messages as it was asked "
				 "to.</li></ul>\n", out);
}

void numbers_limits(const struct input *input, FILE *out)
{
	if (!input_bench(input))
		return;
	write_payload_ends(input, out);
	write_capacities(input, out);
}

static void write_parts(const struct input *input, const struct subject *subject, double size,
			FILE *out)
{
	struct round_trip parts = round_trip_of(input->counted, subject->name, size);

	if (isnan(parts.handling))
		return;
	fputs("<tr><th scope=\"row\">", out);
	html_text(out, subject->title);
	fprintf(out, "</th><td>%.0f</td><td>%.0f</td><td>%.0f</td><td>%.0f</td></tr>\n", size,
		parts.handling, parts.copying, parts.switching);
}

void numbers_copying(const struct input *input, bool open, FILE *out)
{
	static const double sizes[] = { 64, 4096 };

	if (!has_workload(input->counted, "pair") || !has_workload(input->counted, "pingpong"))
		return;
	fprintf(out, "<details class=\"data\"%s><summary>The parts of a round trip, "
		     "derived</summary>\n",
		open ? " open" : "");
	fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Parts of a round "
	      "trip\"><table><caption>Instructions of a round trip on one "
	      "processor.</caption><thead><tr><th scope=\"col\">mechanism</th><th "
	      "scope=\"col\">bytes</th><th scope=\"col\">handling</th><th "
	      "scope=\"col\">copying</th><th scope=\"col\">sleep, wake, "
	      "switch</th></tr></thead><tbody>\n",
	      out);
	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++)
		for (unsigned int i = 0; i < input->subject_count; i++)
			write_parts(input, &input->subjects[i], sizes[s], out);
	fputs("</tbody></table></div></details>\n", out);
}
