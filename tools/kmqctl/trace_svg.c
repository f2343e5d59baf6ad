// SPDX-License-Identifier: GPL-2.0-only
/*
 * The picture. A shape that depends on time says so in attributes (data-a and
 * data-b in ns from the beginning, data-y and data-z), from which the script of
 * the page (trace_html.c) places it anew as a person zooms; place_*() here and
 * the functions of those names there agree.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "trace_svg.h"

/* Pixels. */
#define GUTTER		190	/* for the names of the lanes */
#define MARGIN		24	/* right of the last event */
#define TOP		82	/* heading, legend and scale */
#define LANE_GAP	64	/* between processes, for the arrows */
#define ROW		30	/* of a thread */
#define BOX		14	/* height of a sleep */
#define REACH		9	/* of an arrow's end from the middle of the row */
#define NARROWEST	1180
#define WIDEST		12000
#define PER_MESSAGE	8

/* As many kinds of queue as can be told apart by colour; then they repeat. */
const char *const svg_colours[SVG_COLOURS] = {
	"#1f6fb4", "#c1441f", "#2c8a3c", "#7d4fb2", "#a0761b", "#0f8f8c", "#c2357f", "#5b6770",
};

static const char style[] =
	"svg{font:12px system-ui,'DejaVu Sans',sans-serif;background:#fff}"
	"text{fill:#222}.dim{fill:#666}.band{fill:#f3f5f7}.rail{stroke:#b9c2ca}"
	".grid{stroke:#e3e7ea}.scale text{fill:#666;font-size:11px}"
	".b{stroke:none;opacity:.85}.s0{fill:#e8a33d}.s1{fill:#9fb6c9}.s2{fill:#bda3dd}"
	".s3,.s4{fill:#e07a7a}.open{opacity:.5}"
	".m{fill:none;stroke-width:1.4}.m:hover,.m.on{stroke-width:3.5}"
	".reply{stroke-dasharray:5 3}.redelivered{stroke-dasharray:2 2}"
	".stays{stroke-dasharray:1 3}"
	".k{fill:none;stroke:#333;stroke-width:1.4;pointer-events:all}"
	".drop,.reject,.quota,.ring_death,.ring_broken,.ring_abandon{stroke:#c00;stroke-width:2}";

static void put_escaped(FILE *file, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", file);
			break;
		case '<':
			fputs("&lt;", file);
			break;
		case '>':
			fputs("&gt;", file);
			break;
		case '"':
			fputs("&quot;", file);
			break;
		default:
			fputc(*text, file);
		}
	}
}

void svg_put_text(FILE *file, const char *text)
{
	put_escaped(file, text);
}

static int lane_height(const struct trace_lane *lane)
{
	return (int)lane->threads * ROW;
}

/* The middle of the row of a thread. */
static int row_middle(const struct timeline *timeline, size_t thread)
{
	const struct trace_thread *of = &timeline->threads[thread];
	int y = TOP + LANE_GAP / 2;

	for (size_t i = 0; i < of->lane; i++)
		y += lane_height(&timeline->lanes[i]) + LANE_GAP;
	return y + (int)of->row * ROW + ROW / 2;
}

static int total_height(const struct timeline *timeline)
{
	int y = TOP + LANE_GAP / 2;

	for (size_t i = 0; i < timeline->lane_count; i++)
		y += lane_height(&timeline->lanes[i]) + LANE_GAP;
	return y;
}

static int total_width(const struct timeline *timeline)
{
	size_t width = GUTTER + MARGIN + timeline->arrow_count * PER_MESSAGE;

	return width < NARROWEST ? NARROWEST : width > WIDEST ? WIDEST : (int)width;
}

struct svg {
	FILE *file;
	const struct timeline *timeline;
	int *rows;	/* middle of each thread's */
	int width, height;
};

static double place(const struct svg *svg, uint64_t time)
{
	uint64_t whole = svg->timeline->end - svg->timeline->begin;
	int room = svg->width - GUTTER - MARGIN;

	if (!whole)
		return GUTTER;
	return GUTTER + (double)(time - svg->timeline->begin) / (double)whole * room;
}

static uint64_t since(const struct svg *svg, uint64_t time)
{
	return time - svg->timeline->begin;
}

/* 1, 2 or 5 times a power of ten, so that about @count of them are @span. */
static uint64_t scale_step(uint64_t span, unsigned int count)
{
	static const unsigned int nice[] = { 1, 2, 5 };
	uint64_t power = 1;

	for (;; power *= 10) {
		for (size_t i = 0; i < 3; i++) {
			if (power * nice[i] * count >= span)
				return power * nice[i];
		}
	}
}

/* Without the zeroes that timeline_span() ends with: 50ms, 1.5s. */
static const char *scale_text(uint64_t at)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	static char text[32];
	double value = (double)at;
	size_t unit = 0;

	while (value >= 1000 && unit < 3) {
		value /= 1000;
		unit++;
	}
	snprintf(text, sizeof(text), "%.9g%s", value, at ? units[unit] : "");
	return text;
}

static void draw_scale(const struct svg *svg)
{
	uint64_t span = svg->timeline->end - svg->timeline->begin;
	uint64_t step = scale_step(span ? span : 1, (unsigned int)(svg->width / 120));

	fputs("<g class=\"scale\" id=\"scale\">\n", svg->file);
	for (uint64_t at = 0; at <= span; at += step) {
		double x = place(svg, svg->timeline->begin + at);

		fprintf(svg->file, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
			"<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x, x, TOP,
			svg->height - 8, x, TOP - 6, scale_text(at));
	}
	fputs("</g>\n", svg->file);
}

static void draw_lane_name(const struct svg *svg, size_t index, int y)
{
	const struct trace_lane *lane = &svg->timeline->lanes[index];
	char comm[17] = "";

	memcpy(comm, lane->comm, sizeof(lane->comm));
	fprintf(svg->file, "<text x=\"12\" y=\"%d\" font-weight=\"600\">", y + 4);
	put_escaped(svg->file, comm);
	fprintf(svg->file, "<tspan class=\"dim\" font-weight=\"400\"> %" PRId32 "</tspan></text>\n",
		lane->pid);
}

static void draw_lanes(const struct svg *svg)
{
	const struct timeline *timeline = svg->timeline;

	for (size_t i = 0; i < timeline->thread_count; i++) {
		const struct trace_thread *thread = &timeline->threads[i];
		int y = svg->rows[i];

		if (!thread->row) {
			fprintf(svg->file, "<rect class=\"band\" x=\"4\" y=\"%d\" width=\"%d\" "
				"height=\"%d\" rx=\"4\"/>\n", y - ROW / 2, svg->width - 8,
				lane_height(&timeline->lanes[thread->lane]));
			draw_lane_name(svg, thread->lane, y);
		}
	}
	for (size_t i = 0; i < timeline->thread_count; i++) {
		const struct trace_thread *thread = &timeline->threads[i];
		int y = svg->rows[i];

		fprintf(svg->file, "<line class=\"rail\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>\n",
			GUTTER, svg->width - MARGIN, y, y);
		if (timeline->lanes[thread->lane].threads > 1)
			fprintf(svg->file, "<text class=\"dim\" x=\"%d\" y=\"%d\" "
				"text-anchor=\"end\">%" PRId32 "</text>\n", GUTTER - 10, y + 4,
				thread->tid);
	}
}

static const char *queue_name(const struct svg *svg, size_t queue)
{
	return timeline_queue(svg->timeline->queues[queue].id, svg->timeline->queues[queue].name);
}

static void put_who(const struct svg *svg, size_t thread)
{
	const struct trace_thread *of = &svg->timeline->threads[thread];
	const struct trace_lane *lane = &svg->timeline->lanes[of->lane];
	char comm[17] = "";

	memcpy(comm, of->comm, sizeof(of->comm));
	put_escaped(svg->file, comm);
	fprintf(svg->file, " %" PRId32, lane->pid);
	if (of->tid != lane->pid)
		fprintf(svg->file, "/%" PRId32, of->tid);
}

static void draw_span(const struct svg *svg, const struct trace_span *span)
{
	static const char *const words[TRACE_SIDES] = {
		"sleeps for room", "sleeps for a message", "sleeps for a reply",
		"sleeps for the producers' lock", "sleeps for the consumers' lock",
	};
	double x = place(svg, span->begin), end = place(svg, span->end);
	uint32_t side = span->side < TRACE_SIDES ? span->side : 0;

	fprintf(svg->file, "<rect class=\"b s%" PRIu32 " q%zu%s\" data-a=\"%" PRIu64
		"\" data-b=\"%" PRIu64 "\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"><title>",
		side, span->queue, span->begun && span->ended ? "" : " open",
		since(svg, span->begin), since(svg, span->end), x,
		svg->rows[span->thread] - BOX / 2, end - x < 0.5 ? 0.5 : end - x, BOX);
	put_who(svg, span->thread);
	fprintf(svg->file, " %s in %s: %s%s", words[side], queue_name(svg, span->queue),
		span->begun && span->ended ? "" : "at least ",
		timeline_span(span->end - span->begin));
	if (span->ended && span->result < 0)
		fprintf(svg->file, ", in vain (%s)", strerrorname_np(-span->result) ?
			strerrorname_np(-span->result) : "a signal");
	fputs("</title></rect>\n", svg->file);
}

/* Between two rows a line; to the same row a bow; to or from nobody a short piece of one. */
static void put_path(const struct svg *svg, double x, double end, int y, int z)
{
	if (y == z)
		fprintf(svg->file, "M%.1f %dQ%.1f %d %.1f %d", x, y - REACH, (x + end) / 2, y - 42,
			end, y - REACH);
	else
		fprintf(svg->file, "M%.1f %dL%.1f %d", x, y + (z > y ? REACH : -REACH), end,
			z + (z > y ? -REACH : REACH));
}

static void put_arrow_title(const struct svg *svg, const struct trace_arrow *arrow)
{
	FILE *file = svg->file;

	fprintf(file, "<title>%s #%" PRIu64 "%s\n%" PRIu32 " bytes, type %" PRId64
		", priority %" PRIu32 "\nfrom ", queue_name(svg, arrow->queue), arrow->sequence,
		arrow->reply ? " (reply)" : "", arrow->size, arrow->type, arrow->priority);
	if (arrow->from != NO_THREAD)
		put_who(svg, arrow->from);
	else
		fputs("before the window", file);
	switch (arrow->fate) {
	case FATE_RECEIVED:
		fputs("\nto ", file);
		if (arrow->to != NO_THREAD)
			put_who(svg, arrow->to);
		else
			fputs("a caller of before the window", file);
		fprintf(file, "\n%s after %s", arrow->lease ? "leased" : "received",
			timeline_span(arrow->end - arrow->begin));
		break;
	case FATE_DROPPED:
		fprintf(file, "\ndropped after %s", timeline_span(arrow->end - arrow->begin));
		break;
	case FATE_PURGED:
		fprintf(file, "\npurged after %s", timeline_span(arrow->end - arrow->begin));
		break;
	case FATE_QUEUED:
		fputs("\nstill in the queue", file);
		break;
	}
	if (arrow->redeliveries)
		fprintf(file, "\nredelivery %" PRIu32, arrow->redeliveries);
	fputs("</title>", file);
}

static const char *arrow_class(const struct trace_arrow *arrow)
{
	if (arrow->to == NO_THREAD || arrow->from == NO_THREAD)
		return " stays";
	if (arrow->reply)
		return " reply";
	return arrow->redeliveries ? " redelivered" : "";
}

static void draw_arrow(const struct svg *svg, const struct trace_arrow *arrow)
{
	int y = arrow->from != NO_THREAD ? svg->rows[arrow->from] : 0;
	int z = arrow->to != NO_THREAD ? svg->rows[arrow->to] : 0;
	size_t colour = arrow->queue % SVG_COLOURS;

	if (!y && !z)
		return;
	/* The short piece ends halfway to the next lane. */
	if (!z)
		z = y + ROW / 2 + LANE_GAP / 2;
	if (!y)
		y = z - ROW / 2 - LANE_GAP / 2;
	fprintf(svg->file, "<path class=\"m q%zu%s\" stroke=\"%s\" data-a=\"%" PRIu64
		"\" data-b=\"%" PRIu64 "\" data-y=\"%d\" data-z=\"%d\" marker-start=\"url(#p%zu)\"",
		arrow->queue, arrow_class(arrow), svg_colours[colour], since(svg, arrow->begin),
		since(svg, arrow->end), y, z, colour);
	if (arrow->to != NO_THREAD)
		fprintf(svg->file, " marker-end=\"url(#a%zu)\"", colour);
	fputs(" d=\"", svg->file);
	put_path(svg, place(svg, arrow->begin), place(svg, arrow->end), y, z);
	fputs("\">", svg->file);
	put_arrow_title(svg, arrow);
	fputs("</path>\n", svg->file);
}

static const char *mark_path(enum trace_kind kind)
{
	switch (kind) {
	case TRACE_DROP:
	case TRACE_RING_DEATH:
		return "M-5-5L5 5M-5 5L5-5";
	case TRACE_REJECT:
	case TRACE_QUOTA:
		return "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0M-5 0L5 0";
	case TRACE_PURGE:
		return "M-4-4H4V4H-4Z";
	case TRACE_RETURN:
	case TRACE_PUT_BACK:
		return "M5 0H-5M-5 0L-1-4M-5 0L-1 4";
	case TRACE_CREATE:
	case TRACE_REMOVE:
		return "M0-13V13";
	case TRACE_LEASE:
	case TRACE_ACK:
		return "M0-6V6";
	default:
		return "M0-6L6 0L0 6L-6 0Z";
	}
}

static void draw_mark(const struct svg *svg, const struct trace_mark *mark)
{
	const struct trace_event *event = &svg->timeline->events[mark->event];
	double x = place(svg, event->time);

	fprintf(svg->file, "<path class=\"k %s", trace_kind_name(event->kind));
	if (mark->queue != NO_QUEUE)
		fprintf(svg->file, " q%zu", mark->queue);
	fprintf(svg->file, "\" data-a=\"%" PRIu64 "\" data-y=\"%d\" "
		"transform=\"translate(%.1f %d)\" d=\"%s\"><title>", since(svg, event->time), svg->rows[mark->thread], x, svg->rows[mark->thread],
		mark_path(event->kind));
	put_who(svg, mark->thread);
	fprintf(svg->file, " %s%s%s</title></path>\n", timeline_tell(event),
		event->kind == TRACE_QUOTA ? "" : "\nqueue ",
		event->kind == TRACE_QUOTA ? "" : timeline_queue(event->queue, event->name));
}

static void draw_definitions(const struct svg *svg)
{
	FILE *file = svg->file;

	fprintf(file, "<defs><clipPath id=\"plot\"><rect x=\"%d\" y=\"0\" width=\"%d\" "
		"height=\"%d\"/></clipPath>\n", GUTTER - 8, svg->width - GUTTER + 8 - 4,
		svg->height);
	for (size_t i = 0; i < SVG_COLOURS; i++)
		fprintf(file, "<marker id=\"a%zu\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" "
			"markerWidth=\"8\" markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" "
			"orient=\"auto\"><path d=\"M0 1L10 5L0 9Z\" fill=\"%s\"/></marker>"
			"<marker id=\"p%zu\" viewBox=\"0 0 4 4\" refX=\"2\" refY=\"2\" "
			"markerWidth=\"4\" markerHeight=\"4\" markerUnits=\"userSpaceOnUse\">"
			"<circle cx=\"2\" cy=\"2\" r=\"2\" fill=\"%s\"/></marker>\n", i, svg_colours[i],
			i, svg_colours[i]);
	fputs("</defs>\n", file);
}

/* Where the next entry of the legend goes: in two lines, if it must. */
struct spot {
	int x, y;
};

#define LEGEND_TOP	30
#define LEGEND_LINE	18
/* About what a letter takes. */
#define LETTER		7

/* Makes room for an entry of @width and leaves a gap behind it. Where it begins. */
static struct spot legend_entry(const struct svg *svg, struct spot *next, int width)
{
	struct spot here;

	if (next->x + width > svg->width - MARGIN && next->y == LEGEND_TOP)
		*next = (struct spot){ 12, LEGEND_TOP + LEGEND_LINE };
	here = *next;
	next->x += width + 16;
	return here;
}

static void legend_box(const struct svg *svg, struct spot *next, const char *class, const char *word)
{
	struct spot at = legend_entry(svg, next, 24 + LETTER * (int)strlen(word));

	fprintf(svg->file, "<rect class=\"b %s\" x=\"%d\" y=\"%d\" width=\"18\" height=\"11\"/>"
		"<text x=\"%d\" y=\"%d\">%s</text>", class, at.x, at.y - 5, at.x + 24, at.y + 5, word);
}

static void legend_mark(const struct svg *svg, struct spot *next, enum trace_kind kind,
			const char *word)
{
	struct spot at = legend_entry(svg, next, 18 + LETTER * (int)strlen(word));

	fprintf(svg->file, "<path class=\"k %s\" transform=\"translate(%d %d)\" d=\"%s\"/>"
		"<text x=\"%d\" y=\"%d\">%s</text>", trace_kind_name(kind), at.x + 6, at.y,
		mark_path(kind), at.x + 18, at.y + 5, word);
}

static void legend_queue(const struct svg *svg, struct spot *next, size_t queue)
{
	const struct trace_queue *of = &svg->timeline->queues[queue];
	const char *name = timeline_queue(of->id, of->name);
	struct spot at = legend_entry(svg, next, 32 + LETTER * (int)strlen(name));
	size_t colour = queue % SVG_COLOURS;

	fprintf(svg->file, "<path class=\"m\" stroke=\"%s\" d=\"M%d %dH%d\" "
		"marker-end=\"url(#a%zu)\"/><text x=\"%d\" y=\"%d\">%s</text>",
		svg_colours[colour], at.x, at.y + 1, at.x + 26, colour, at.x + 32, at.y + 5, name);
}

static bool has_side(const struct timeline *timeline, uint32_t low, uint32_t high)
{
	for (size_t i = 0; i < timeline->span_count; i++) {
		if (timeline->spans[i].side >= low && timeline->spans[i].side <= high)
			return true;
	}
	return false;
}

static bool has_mark(const struct timeline *timeline, enum trace_kind kind)
{
	for (size_t i = 0; i < timeline->mark_count; i++) {
		if (timeline->events[timeline->marks[i].event].kind == kind)
			return true;
	}
	return false;
}

/* What there is, and nothing else. */
static void draw_legend(const struct svg *svg)
{
	static const struct {
		enum trace_kind kind;
		const char *word;
	} marks[] = {
		{ TRACE_LEASE, "lease, ack" }, { TRACE_RETURN, "returned" },
		{ TRACE_DROP, "dropped" }, { TRACE_PURGE, "purged" },
		{ TRACE_REJECT, "refused" }, { TRACE_RING_ATTACH, "ring" },
	};
	const struct timeline *timeline = svg->timeline;
	struct spot next = { 12, LEGEND_TOP };

	fputs("<g class=\"legend\">", svg->file);
	if (has_side(timeline, TRACE_SIDE_SEND, TRACE_SIDE_SEND))
		legend_box(svg, &next, "s0", "waits for room");
	if (has_side(timeline, TRACE_SIDE_RECEIVE, TRACE_SIDE_RECEIVE))
		legend_box(svg, &next, "s1", "waits for a message");
	if (has_side(timeline, TRACE_SIDE_REPLY, TRACE_SIDE_REPLY))
		legend_box(svg, &next, "s2", "waits for a reply");
	if (has_side(timeline, TRACE_SIDE_SEND_LOCK, TRACE_SIDE_RECEIVE_LOCK))
		legend_box(svg, &next, "s3", "waits for a lock");
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		if (has_mark(timeline, marks[i].kind))
			legend_mark(svg, &next, marks[i].kind, marks[i].word);
	}
	for (size_t i = 0; i < timeline->queue_count; i++) {
		if (timeline->queues[i].sent || timeline->queues[i].received)
			legend_queue(svg, &next, i);
	}
	fputs("</g>\n", svg->file);
}

static void draw_heading(const struct svg *svg)
{
	const struct timeline *timeline = svg->timeline;

	fprintf(svg->file, "<text x=\"12\" y=\"16\" class=\"dim\">%zu messages, %zu process%s, %s",
		timeline->arrow_count, timeline->lane_count, timeline->lane_count == 1 ? "" : "es",
		timeline_span(timeline->end - timeline->begin));
	if (timeline->lost)
		fprintf(svg->file, "; %" PRIu64 " events lost", timeline->lost);
	fputs("</text>\n", svg->file);
}

void svg_draw(FILE *file, const struct timeline *timeline, int *rows, bool heading)
{
	struct svg svg = {
		.file = file,
		.timeline = timeline,
		.rows = rows,
		.width = total_width(timeline),
		.height = total_height(timeline),
	};

	for (size_t i = 0; i < timeline->thread_count; i++)
		rows[i] = row_middle(timeline, i);
	fprintf(file, "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"picture\" width=\"%d\" "
		"height=\"%d\" viewBox=\"0 0 %d %d\" data-gutter=\"%d\" data-margin=\"%d\" "
		"data-reach=\"%d\" data-top=\"%d\" data-span=\"%" PRIu64 "\">\n<style>%s</style>\n",
		svg.width, svg.height, svg.width, svg.height, GUTTER, MARGIN, REACH, TOP,
		timeline->end - timeline->begin, style);
	draw_definitions(&svg);
	if (heading)
		draw_heading(&svg);
	draw_legend(&svg);
	draw_lanes(&svg);
	fputs("<g clip-path=\"url(#plot)\">\n", file);
	draw_scale(&svg);
	for (size_t i = 0; i < timeline->span_count; i++)
		draw_span(&svg, &timeline->spans[i]);
	for (size_t i = 0; i < timeline->arrow_count; i++)
		draw_arrow(&svg, &timeline->arrows[i]);
	for (size_t i = 0; i < timeline->mark_count; i++)
		draw_mark(&svg, &timeline->marks[i]);
	fputs("</g>\n</svg>\n", file);
}
