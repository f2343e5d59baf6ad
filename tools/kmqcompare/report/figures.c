// SPDX-License-Identifier: GPL-2.0-only
#include "figures.h"

#include "sentences.h"
#include "svg.h"
#include "../results.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How a row becomes a place in the plot. */
struct lines {
	const struct source *source;
	const char *workload;
	size_t axis;		/* offset of a member of struct place */
	bool rate;		/* messages a second rather than the figure */
};

static struct chart *chart_new(enum chart_kind kind, const char *title)
{
	struct chart *chart = calloc(1, sizeof(*chart));

	if (!chart) {
		fputs("kmqcompare: out of memory\n", stderr);
		exit(1);
	}
	chart->kind = kind;
	chart->title = title;
	return chart;
}

static unsigned int style_of(const struct input *input, const struct subject *subject)
{
	unsigned int nth = 0;

	for (const struct subject *other = input->subjects; other < subject; other++)
		nth += other->family == subject->family;
	return nth % SVG_STYLES;
}

static double value_of(const struct lines *lines, const struct row *row)
{
	return lines->rate ? 1e9 / row->figure : row->figure;
}

static double *axis_of(struct place *point, size_t axis)
{
	return (double *)((char *)point + axis);
}

static unsigned int category_of(struct chart *chart, const char *name)
{
	unsigned int i = 0;

	while (i < chart->category_count && strcmp(chart->categories[i], name))
		i++;
	if (i == CATEGORIES_MAX)
		return i - 1;
	if (i == chart->category_count)
		snprintf(chart->categories[chart->category_count++], sizeof(*chart->categories),
			 "%s", name);
	return i;
}

static int by_place(const void *left, const void *right)
{
	const struct spot *a = left, *b = right;

	return (a->x > b->x) - (a->x < b->x);
}

/* All rows of a mechanism at the base point, whatever they have on the axis. */
static void along_axis(struct curve *curve, const struct lines *lines, const char *mechanism)
{
	const struct row *base = find_base(lines->source, lines->workload, mechanism);
	struct place point = base ? base->point : base_place(lines->source, lines->workload);

	for (size_t i = 0; lines->source && i < lines->source->count; i++) {
		const struct row *row = &lines->source->rows[i];
		struct place own = row->point;

		*axis_of(&point, lines->axis) = *axis_of(&own, lines->axis);
		if (!strcmp(row->mechanism, mechanism) &&
		    find_row(lines->source, lines->workload, mechanism, &point) == row)
			curve_add(curve, *axis_of(&own, lines->axis), value_of(lines, row));
	}
	if (curve->count)
		qsort(curve->spots, curve->count, sizeof(*curve->spots), by_place);
}

/* Adds lines to a panel by whatever @fill makes of a mechanism. */
typedef void (*fill_curve)(struct chart *chart, struct curve *curve, const void *context,
			   const char *mechanism);

static void add_curve(const struct input *input, struct chart *chart, struct panel *panel,
		      const struct subject *subject, bool reference, fill_curve fill,
		      const void *context)
{
	struct curve *curve = &panel->curves[panel->count];

	if (panel->count == CURVES_MAX)
		return;
	*curve = (struct curve){
		.label = subject->title,
		.style = reference ? SVG_REFERENCE : style_of(input, subject),
	};
	fill(chart, curve, context, subject->name);
	panel->count += curve->count > 0;
}

/* The family's panel; what all are compared with is in each of those that sleep. */
static void add_panel(const struct input *input, struct chart *chart, enum family family,
		      fill_curve fill, const void *context)
{
	struct panel *panel = &chart->panels[chart->panel_count];
	const struct subject *reference = input_subject(input, reference_of(input));

	panel->title = family_title(family);
	for (unsigned int i = 0; i < input->subject_count; i++)
		if (input->subjects[i].family == family)
			add_curve(input, chart, panel, &input->subjects[i], false, fill, context);
	if (!panel->count)
		return;
	chart->panel_count++;
	if (reference && reference->family != family && reference->family != FAMILY_SPINNING &&
	    family != FAMILY_SPINNING)
		add_curve(input, chart, panel, reference, true, fill, context);
}

static void add_panels(const struct input *input, struct chart *chart, fill_curve fill,
		       const void *context)
{
	for (enum family family = 0; family < FAMILY_NONE; family++)
		add_panel(input, chart, family, fill, context);
}

static void fill_along_axis(struct chart *chart, struct curve *curve, const void *context,
			    const char *mechanism)
{
	(void)chart;
	along_axis(curve, context, mechanism);
}

/* Places on the axis have the same distance from each other, whatever they are. */
static void fill_categories(struct chart *chart, struct curve *curve, const void *context,
			    const char *mechanism)
{
	along_axis(curve, context, mechanism);
	for (size_t i = 0; i < curve->count; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%.0f", curve->spots[i].x);
		curve->spots[i].x = category_of(chart, name);
	}
}

static bool has_several(const struct panel *panel)
{
	for (unsigned int c = 0; c < panel->count; c++)
		if (panel->curves[c].count > 1 && panel->curves[c].style != SVG_REFERENCE)
			return true;
	return false;
}

/* A sweep with one place only is no line; its table has it. */
static struct chart *of_several(struct chart *chart)
{
	unsigned int kept = 0;

	for (unsigned int p = 0; p < chart->panel_count; p++) {
		struct panel panel = chart->panels[p];

		if (has_several(&panel)) {
			chart->panels[kept++] = panel;
			continue;
		}
		for (unsigned int c = 0; c < panel.count; c++)
			free(panel.curves[c].spots);
	}
	chart->panel_count = kept;
	return chart;
}

static struct chart *payload_chart(const struct input *input, const struct lines *lines,
				   const char *title, const char *label, enum quantity quantity)
{
	struct chart *chart = chart_new(CHART_LINES, title);

	chart->quantity = quantity;
	chart->scale = SCALE_BYTES;
	chart->x_label = "bytes of a message";
	chart->y_label = label;
	add_panels(input, chart, fill_along_axis, lines);
	return of_several(chart);
}

static struct chart *make_throughput(const struct input *input)
{
	const struct lines lines = { input->timed, "oneway", offsetof(struct place, size), true };

	return payload_chart(input, &lines, figure_throughput.title, "messages a second",
			     QUANTITY_COUNT);
}

const struct figure figure_throughput = {
	.title = "How many messages a second, by their size",
	.text = "One process sends as fast as it can, another receives on a processor of its own. "
		"Up is better. A line that falls pays for every byte, one that is flat pays for "
		"the message. Both axes are logarithmic, and the same in all panels.",
	.needs = "oneway",
	.make = make_throughput,
};

static struct chart *make_instructions(const struct input *input)
{
	const struct lines lines = { input->counted, "pair", offsetof(struct place, size), false };

	return payload_chart(input, &lines, figure_instructions.title, "instructions a message",
			     QUANTITY_COUNT);
}

const struct figure figure_instructions = {
	.title = "Instructions to send and receive one message, by its size",
	.text = "One process sends to itself, so that nobody waits: what is left is the work of "
		"carrying, user and kernel, counted exactly. Down is better.",
	.needs = "pair",
	.counted = true,
	.make = make_instructions,
};

static struct chart *make_round_trips(const struct input *input)
{
	const struct lines lines = { input->timed, "pingpong", offsetof(struct place, size),
				     false };

	return payload_chart(input, &lines, figure_round_trips.title, "time of a round trip",
			     QUANTITY_NS);
}

const struct figure figure_round_trips = {
	.title = "A message and its answer, by their size",
	.text = "Two processes on one processor; each sleeps until the other has sent. Down is "
		"better.",
	.needs = "pingpong",
	.make = make_round_trips,
};

static struct chart *make_round_trip_instructions(const struct input *input)
{
	const struct lines lines = { input->counted, "pingpong", offsetof(struct place, size),
				     false };

	return payload_chart(input, &lines, figure_round_trip_instructions.title,
			     "instructions a round trip", QUANTITY_COUNT);
}

const struct figure figure_round_trip_instructions = {
	.title = "The same in instructions",
	.text = "Everything that the machine did for the round trip, the scheduler's work "
		"included.",
	.needs = "pingpong",
	.counted = true,
	.make = make_round_trip_instructions,
};

/* Which percentiles are drawn: of one workload, and of one load. */
struct latencies {
	const struct source *source;
	const char *workload;
	double load;
};

/*
 * x is 1/(1-p): each decade is another nine. The end, of which too few messages
 * tell, is left out.
 */
static void fill_percentiles(struct chart *chart, struct curve *curve, const void *context,
			     const char *mechanism)
{
	const struct latencies *of = context;
	struct place point = base_place(of->source, of->workload);
	const struct row *row;
	double most;

	(void)chart;
	if (isfinite(of->load))
		point.load = of->load;
	row = find_row(of->source, of->workload, mechanism, &point);
	if (!row)
		return;
	most = json_number(row->json, "latency.count") / 10;
	for (size_t i = 0; i < items_count(row->json, "latency.percentiles"); i++) {
		struct json_object *step = items_at(row->json, "latency.percentiles", i);
		double percent, ns;

		if (!json_object_is_type(step, json_type_array))
			continue;
		percent = json_object_get_double(json_object_array_get_idx(step, 0));
		ns = json_object_get_double(json_object_array_get_idx(step, 1));
		if (percent < 100 && 1 / (1 - percent / 100) <= most)
			curve_add(curve, 1 / (1 - percent / 100), ns);
	}
}

static struct chart *percentile_chart(const struct input *input, const char *workload, double load,
				      const char *title)
{
	const struct latencies of = { input->timed, workload, load };
	struct chart *chart = chart_new(CHART_PERCENTILES, title);

	chart->quantity = QUANTITY_NS;
	chart->x_label = "percent of messages that took no longer";
	chart->y_label = "time";
	add_panels(input, chart, fill_percentiles, &of);
	return chart;
}

static struct chart *make_percentiles(const struct input *input)
{
	return percentile_chart(input, "pingpong", NAN, figure_percentiles.title);
}

const struct figure figure_percentiles = {
	.title = "Round trips on one processor: the usual and the rare ones",
	.text = "Read: at 99, one round trip of a hundred took longer than this. A line that rises "
		"at the right has rare long waits, which a mean would hide. A line ends where "
		"fewer than ten round trips tell of it.",
	.needs = "pingpong",
	.make = make_percentiles,
};

static struct chart *make_percentiles_apart(const struct input *input)
{
	return percentile_chart(input, "pingpong-2cpu", NAN, figure_percentiles_apart.title);
}

const struct figure figure_percentiles_apart = {
	.title = "Round trips between two processors",
	.text = "Each process has a processor of its own. Here those that spin can take part as "
		"well; they have a panel for themselves, since they burn both processors for it.",
	.needs = "pingpong-2cpu",
	.make = make_percentiles_apart,
};

static struct chart *make_open_loop_low(const struct input *input)
{
	return percentile_chart(input, "open-loop", 10, figure_open_loop_low.title);
}

const struct figure figure_open_loop_low = {
	.title = "Messages on a schedule, at 10% of what each can carry",
	.text = "The sender keeps to a schedule whatever happens, and the time of a message counts "
		"from the moment it was due, so that a delay is not forgiven because it also "
		"delayed the sender. Each mechanism runs at the same share of its own highest "
		"throughput.",
	.needs = "open-loop",
	.make = make_open_loop_low,
};

static struct chart *make_open_loop_middle(const struct input *input)
{
	return percentile_chart(input, "open-loop", 50, figure_open_loop_middle.title);
}

const struct figure figure_open_loop_middle = {
	.title = "The same at 50%",
	.text = "Half of what it can carry.",
	.needs = "open-loop",
	.make = make_open_loop_middle,
};

static struct chart *make_open_loop_high(const struct input *input)
{
	return percentile_chart(input, "open-loop", 80, figure_open_loop_high.title);
}

const struct figure figure_open_loop_high = {
	.title = "The same at 80%",
	.text = "Close to its limit, where one delay meets the next message.",
	.needs = "open-loop",
	.make = make_open_loop_high,
};

/* Adds a bar of each mechanism by whatever @fill makes of it; false: none. */
typedef bool (*fill_bar)(const struct input *input, struct bar *bar, const char *mechanism);

static void add_bar(const struct input *input, struct panel *panel, const struct subject *subject,
		    fill_bar fill)
{
	struct bar *bar = &panel->bars[panel->count];

	if (panel->count == CURVES_MAX)
		return;
	*bar = (struct bar){ .label = subject->title, .parts = { NAN, NAN, NAN } };
	panel->count += fill(input, bar, subject->name);
}

static void add_bars(const struct input *input, struct chart *chart, fill_bar fill)
{
	for (enum family family = 0; family < FAMILY_NONE; family++) {
		struct panel *panel = &chart->panels[chart->panel_count];

		panel->title = family_title(family);
		for (unsigned int i = 0; i < input->subject_count; i++)
			if (input->subjects[i].family == family)
				add_bar(input, panel, &input->subjects[i], fill);
		chart->panel_count += panel->count > 0;
	}
}

static void note(char text[16], const struct row *row, const char *path, int digits)
{
	double value = json_number(row->json, path);

	if (isfinite(value))
		snprintf(text, 16, "%.*f", digits, value);
	else
		snprintf(text, 16, "-");
}

static bool fill_costs(const struct input *input, struct bar *bar, const char *mechanism)
{
	const struct row *row = find_base(input->timed, "oneway", mechanism);

	if (!row)
		return false;
	bar->parts[0] = json_number(row->json, "cost.user_ns");
	bar->parts[1] = json_number(row->json, "cost.system_ns");
	note(bar->notes[0], row, "cost.syscalls", 2);
	note(bar->notes[1], row, "cost.switches", 2);
	note(bar->notes[2], row, "cost.copied_bytes", 0);
	return isfinite(bar->parts[0]) || isfinite(bar->parts[1]);
}

static struct chart *make_costs(const struct input *input)
{
	struct chart *chart = chart_new(CHART_STACKS, figure_costs.title);

	chart->quantity = QUANTITY_NS;
	chart->parts[0] = "user";
	chart->parts[1] = "system";
	chart->notes[0] = "calls";
	chart->notes[1] = "switches";
	chart->notes[2] = "copied B";
	add_bars(input, chart, fill_costs);
	return chart;
}

const struct figure figure_costs = {
	.title = "What one message costs: processor time, calls, switches, copies",
	.text = "Measured, one way, of both processes together. Bars: processor time in the "
		"program (user) and in the kernel (system). Beside them, for each message: system "
		"calls, times a processor was handed from one process to another (switches), and "
		"bytes copied.",
	.needs = "oneway",
	.make = make_costs,
};

/* The figure of a workload of a mechanism with messages of that size; NAN if it has none. */
static double figure_at(const struct source *source, const char *workload, const char *mechanism,
			double size)
{
	struct place point = base_place(source, workload);
	const struct row *row;

	point.size = size;
	row = find_row(source, workload, mechanism, &point);
	return row ? row->figure : NAN;
}

static double smallest_size(const struct source *source, const char *workload,
			    const char *mechanism)
{
	double smallest = NAN;

	for (size_t i = 0; source && i < source->count; i++) {
		const struct row *row = &source->rows[i];

		if (!row->ok || strcmp(row->workload, workload) ||
		    strcmp(row->mechanism, mechanism))
			continue;
		smallest = row->point.size > smallest ? smallest : row->point.size;
	}
	return smallest;
}

struct round_trip round_trip_of(const struct source *counted, const char *mechanism, double size)
{
	double pair = figure_at(counted, "pair", mechanism, size);
	double least = figure_at(counted, "pair", mechanism,
				 smallest_size(counted, "pair", mechanism));
	double whole = figure_at(counted, "pingpong", mechanism, size);
	struct round_trip parts = { NAN, NAN, NAN };

	if (isnan(pair) || isnan(whole) || isnan(least))
		return parts;
	parts.copying = fmax(0, 2 * (pair - least));
	parts.handling = 2 * pair - parts.copying;
	parts.switching = fmax(0, whole - 2 * pair);
	return parts;
}

#define PARTS_BYTES	4096

static bool fill_round_trip(const struct input *input, struct bar *bar, const char *mechanism)
{
	struct round_trip parts = round_trip_of(input->counted, mechanism, PARTS_BYTES);

	bar->parts[0] = parts.handling;
	bar->parts[1] = parts.copying;
	bar->parts[2] = parts.switching;
	return isfinite(parts.handling);
}

static struct chart *make_round_trip_parts(const struct input *input)
{
	struct chart *chart = chart_new(CHART_STACKS, figure_round_trip_parts.title);

	chart->quantity = QUANTITY_COUNT;
	chart->parts[0] = "handling";
	chart->parts[1] = "copying";
	chart->parts[2] = "sleep, wake, switch";
	add_bars(input, chart, fill_round_trip);
	return chart;
}

const struct figure figure_round_trip_parts = {
	.title = "What a round trip of 4096 bytes is made of",
	.text = "Derived from exact counts of instructions, not measured by itself: handling is "
		"what two of the smallest messages cost in a process that never waits; copying is "
		"what 4096 bytes add to that; sleep, wake, switch is the rest of the round trip.",
	.needs = "pingpong",
	.counted = true,
	.make = make_round_trip_parts,
};

/* "16" behind "2", "2 to 1" behind "1 to 4". */
static double rank_of(const char *category)
{
	double first = 0, second = 0;

	sscanf(category, "%lf to %lf", &first, &second);
	return first + second / 1000;
}

static int by_rank(const void *left, const void *right)
{
	double a = rank_of(left), b = rank_of(right);

	return (a > b) - (a < b);
}

static void reorder(struct chart *chart, struct curve *curve,
		    char before[CATEGORIES_MAX][16])
{
	for (size_t i = 0; i < curve->count; i++)
		curve->spots[i].x = category_of(chart, before[(size_t)curve->spots[i].x]);
	qsort(curve->spots, curve->count, sizeof(*curve->spots), by_place);
}

/* Categories come in the order of the files; numbers belong in their own. */
static struct chart *in_order(struct chart *chart)
{
	char before[CATEGORIES_MAX][16];

	memcpy(before, chart->categories, sizeof(before));
	qsort(chart->categories, chart->category_count, sizeof(*chart->categories), by_rank);
	for (unsigned int p = 0; p < chart->panel_count; p++)
		for (unsigned int c = 0; c < chart->panels[p].count; c++)
			reorder(chart, &chart->panels[p].curves[c], before);
	return chart;
}

/* 1x1 is what `oneway` measures, where `fan` did not. */
static void fill_fan(struct chart *chart, struct curve *curve, const void *context,
		     const char *mechanism)
{
	const struct source *source = context;
	const struct row *single = find_base(source, "oneway", mechanism);

	if (single)
		curve_add(curve, category_of(chart, "1 to 1"), 1e9 / single->figure);
	for (size_t i = 0; source && i < source->count; i++) {
		const struct row *row = &source->rows[i];
		char name[16];

		if (!row->ok || strcmp(row->workload, "fan") || strcmp(row->mechanism, mechanism))
			continue;
		snprintf(name, sizeof(name), "%.0f to %.0f", row->point.senders,
			 row->point.receivers);
		curve_add(curve, category_of(chart, name), 1e9 / row->figure);
	}
}

static struct chart *make_fan(const struct input *input)
{
	struct chart *chart = chart_new(CHART_LINES, figure_fan.title);

	chart->quantity = QUANTITY_COUNT;
	chart->scale = SCALE_CATEGORIES;
	chart->x_label = "senders to receivers";
	chart->y_label = "messages a second";
	if (has_workload(input->timed, "fan"))
		add_panels(input, chart, fill_fan, input->timed);
	return in_order(of_several(chart));
}

const struct figure figure_fan = {
	.title = "Several senders, several receivers",
	.text = "Each message goes to exactly one receiver, and each receiver's messages were "
		"checked. On two processors more processes than two take turns. A mechanism whose "
		"readers would share a message has no points here; the table says so.",
	.needs = "fan",
	.make = make_fan,
};

static struct chart *category_chart(const struct input *input, const struct lines *lines,
				    const char *title, const char *label)
{
	struct chart *chart = chart_new(CHART_LINES, title);

	chart->quantity = QUANTITY_COUNT;
	chart->scale = SCALE_CATEGORIES;
	chart->x_label = label;
	chart->y_label = "messages a second";
	add_panels(input, chart, fill_categories, lines);
	return of_several(chart);
}


static struct chart *make_capacity(const struct input *input)
{
	const struct lines lines = { input->timed, "oneway", offsetof(struct place, capacity),
				     true };

	return in_order(category_chart(input, &lines, figure_capacity.title,
				       "messages that it may hold"));
}

const struct figure figure_capacity = {
	.title = "How much it may hold",
	.text = "With room for one message, sender and receiver must take turns for each; with "
		"room for many each can go on for a while. Comparisons that forget this compare "
		"capacities. What each really held is in the table.",
	.needs = "oneway",
	.make = make_capacity,
};

static struct chart *make_batch(const struct input *input)
{
	const struct lines lines = { input->timed, "oneway-batch", offsetof(struct place, batch),
				     true };

	return in_order(category_chart(input, &lines, figure_batch.title, "messages of a batch"));
}

const struct figure figure_batch = {
	.title = "Many messages in one call",
	.text = "The same one way, but several messages in one system call or one passage of the "
		"lock. A line that stays flat is of a mechanism without such a call: it makes one for "
		"each message.",
	.needs = "oneway-batch",
	.make = make_batch,
};

static bool fill_two(const struct row *first, const struct row *second, struct bar *bar)
{
	bar->parts[0] = first ? first->figure : NAN;
	bar->parts[1] = second ? second->figure : NAN;
	return first || second;
}

static struct chart *dots_chart(const struct input *input, const char *title, const char *first,
				const char *second, fill_bar fill)
{
	struct chart *chart = chart_new(CHART_DOTS, title);

	chart->quantity = QUANTITY_NS;
	chart->parts[0] = first;
	chart->parts[1] = second;
	add_bars(input, chart, fill);
	return chart;
}

static bool fill_processors(const struct input *input, struct bar *bar, const char *mechanism)
{
	const struct row *same = find_base(input->timed, "oneway-1cpu", mechanism);

	return fill_two(same, find_base(input->timed, "oneway", mechanism), bar);
}

static struct chart *make_processors(const struct input *input)
{
	struct chart *chart = dots_chart(input, figure_processors.title, "one processor",
					 "two processors", fill_processors);

	if (!has_workload(input->timed, "oneway-1cpu"))
		chart->panel_count = 0;
	return chart;
}

const struct figure figure_processors = {
	.title = "Both on one processor, or one each: time of a message, one way",
	.text = "Left is better. On one processor the two take turns; on two they overlap, but "
		"each wake-up has to reach the other processor.",
	.needs = "oneway-1cpu",
	.make = make_processors,
};

static bool fill_round_trip_processors(const struct input *input, struct bar *bar,
				       const char *mechanism)
{
	return fill_two(find_base(input->timed, "pingpong", mechanism),
			find_base(input->timed, "pingpong-2cpu", mechanism), bar);
}

static struct chart *make_round_trip_processors(const struct input *input)
{
	return dots_chart(input, figure_round_trip_processors.title, "one processor",
			  "two processors", fill_round_trip_processors);
}

const struct figure figure_round_trip_processors = {
	.title = "The same for a round trip",
	.text = "Only one of the two works at a time, wherever they are; what differs is how the "
		"other one is woken.",
	.needs = "pingpong-2cpu",
	.make = make_round_trip_processors,
};

static const struct source *selection_source(const struct input *input)
{
	return has_workload(input->counted, "select") ? input->counted : input->timed;
}

static bool fill_selection(const struct input *input, struct bar *bar, const char *mechanism)
{
	const struct source *source = selection_source(input);
	const struct row *any = find_base(source, "select-any", mechanism);

	return fill_two(any, find_base(source, "select", mechanism), bar);
}

static struct chart *make_selection(const struct input *input)
{
	struct chart *chart = dots_chart(input, figure_selection.title, "the oldest", "one type",
					 fill_selection);
	const struct source *source = selection_source(input);

	chart->quantity = source && source->counting ? QUANTITY_COUNT : QUANTITY_NS;
	return chart;
}

const struct figure figure_selection = {
	.title = "Receiving one type among many",
	.text = "The queue is full of messages of many types, one of each; the receiver asks for "
		"the oldest, or for one type. Left is better; where the two marks are far apart, "
		"the mechanism looks for it. In instructions where they were counted, else in "
		"time.",
	.needs = "select",
	.make = make_selection,
};
