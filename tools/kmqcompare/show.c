// SPDX-License-Identifier: GPL-2.0-only
#include "show.h"

#include "results.h"
#include "sweep.h"
#include "table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* One table, while it is made. */
struct view {
	struct json_object *file;
	struct json_object *workload;
	struct json_object *base;	/* any result of it at its base point */
	bool spins;			/* of those that spin, or of all others */
	bool counting;
	bool throughput;		/* one way between processes: a rate says more */
	struct table *table;
};

static void cell_number(struct table *table, double value, int digits)
{
	if (isnan(value))
		table_cell(table, "-");
	else
		table_cell(table, "%.*f", digits, value);
}

/* Few digits: three or four that mean something. */
static int digits_of(double value)
{
	return value < 10 ? 2 : value < 100 ? 1 : 0;
}

static void cell_figure(struct table *table, double value)
{
	cell_number(table, value, digits_of(value));
}

static void cell_range(struct table *table, double low, double high, int digits)
{
	if (isnan(low) || isnan(high))
		table_cell(table, "-");
	else
		table_cell(table, "%.*f-%.*f", digits, low, digits, high);
}

static void cell_spread(struct table *table, struct json_object *result, const char *key)
{
	struct json_object *spread = json_at(result, key);
	double median = json_number(spread, "median");

	cell_figure(table, median);
	cell_range(table, json_number(spread, "min"), json_number(spread, "max"),
		   digits_of(median));
}

static bool is_told_apart(struct json_object *ratio)
{
	const char *verdict = json_text(ratio, "verdict");

	return !strcmp(verdict, "faster") || !strcmp(verdict, "slower");
}

/* A ratio that may as well be 1 is marked; that of a mechanism to itself is 1. */
static void cell_ratio(struct table *table, struct json_object *result, const char *key)
{
	struct json_object *ratio = json_at(result, key);
	double median = json_number(ratio, "median");

	if (!strcmp(json_text(ratio, "to"), json_text(result, "mechanism"))) {
		table_cell(table, "1");
		table_cell(table, "-");
		return;
	}
	if (isnan(median))
		table_cell(table, "-");
	else
		table_cell(table, "%s%.2f", is_told_apart(ratio) ? "" : "~", median);
	cell_range(table, json_number(ratio, "low"), json_number(ratio, "high"), 2);
}

static void cell_allocations(struct table *table, struct json_object *result)
{
	cell_number(table, json_number(result, "events.slab_allocations") +
			   json_number(result, "events.page_allocations"), 2);
}

static const char *name_of(const struct view *view)
{
	return json_text(view->workload, "name");
}

static bool is_status(struct json_object *result, const char *status)
{
	return !strcmp(json_text(result, "status"), status);
}

static bool spins(struct json_object *file, const char *mechanism)
{
	struct json_object *all = json_at(file, "mechanisms");
	size_t count = all ? json_object_array_length(all) : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *one = json_object_array_get_idx(all, i);

		if (!strcmp(json_text(one, "name"), mechanism))
			return !strcmp(json_text(one, "waits"), "spins");
	}
	return false;
}

/* Of this workload, and of this way to wait. */
static bool belongs(const struct view *view, struct json_object *result)
{
	return !strcmp(json_text(result, "workload"), name_of(view)) &&
	       spins(view->file, json_text(result, "mechanism")) == view->spins;
}

static bool fits(const struct view *view, struct json_object *result)
{
	return belongs(view, result) && json_flag(result, "at_base") &&
	       !is_status(result, "unfit");
}

static size_t result_count(const struct view *view)
{
	return json_object_array_length(json_at(view->file, "results"));
}

static struct json_object *result_nth(const struct view *view, size_t nth)
{
	return json_object_array_get_idx(json_at(view->file, "results"), nth);
}

/* Whether anything but the harness was run at it. */
static bool has_results(const struct view *view)
{
	for (size_t i = 0; i < result_count(view); i++) {
		struct json_object *result = result_nth(view, i);

		if (fits(view, result) && strcmp(json_text(result, "mechanism"), "harness"))
			return true;
	}
	return false;
}

static struct json_object *find_base(const struct view *view)
{
	for (size_t i = 0; i < result_count(view); i++) {
		struct json_object *result = result_nth(view, i);

		if (!strcmp(json_text(result, "workload"), name_of(view)) &&
		    json_flag(result, "at_base"))
			return result;
	}
	return NULL;
}

static void fill(const struct view *view,
		 void (*fill_row)(const struct view *view, struct json_object *result))
{
	for (size_t i = 0; i < result_count(view); i++) {
		struct json_object *result = result_nth(view, i);

		if (!fits(view, result))
			continue;
		table_row(view->table);
		table_cell(view->table, "%s", json_text(result, "title"));
		if (results_ok(result))
			fill_row(view, result);
		else
			table_rest(view->table, "%s%s",
				   is_status(result, "failed") ? "FAILED: " : "",
				   json_text(result, "reason"));
	}
}

static const char *quantity(const struct view *view)
{
	return view->counting ? "instructions" : "ns";
}

static void head(const struct view *view)
{
	struct table *table = view->table;

	table_row(table);
	table_cell(table, "mechanism");
	table_cell(table, "%s per\n%s", quantity(view), json_text(view->workload, "unit"));
	table_cell(table, "\nmin-max");
	if (view->throughput)
		table_cell(table, "1000\nmessages/s");
	table_cell(table, "x\n%s", json_text(view->file, "options.relative_to"));
	table_cell(table, "\n95%%");
	if (!view->counting) {
		table_cell(table, "CPU\nns");
		table_cell(table, "\nuser");
		table_cell(table, "\nsystem");
	}
	table_cell(table, "\nswitches");
	table_cell(table, "\nsyscalls");
	table_cell(table, "bytes\ncopied");
	if (!view->counting)
		table_cell(table, "instruc-\ntions");
	table_cell(table, "alloca-\ntions");
}

static void row(const struct view *view, struct json_object *result)
{
	struct table *table = view->table;

	cell_spread(table, result, "figure");
	if (view->throughput)
		cell_figure(table, 1e6 / json_number(result, "figure.median"));
	cell_ratio(table, result, "ratio");
	if (!view->counting) {
		cell_figure(table, json_number(result, "cost.cpu_ns"));
		cell_figure(table, json_number(result, "cost.user_ns"));
		cell_figure(table, json_number(result, "cost.system_ns"));
	}
	cell_number(table, json_number(result, "cost.switches"), 3);
	cell_number(table, json_number(result, "cost.syscalls"), 2);
	cell_number(table, json_number(result, "cost.copied_bytes"), 0);
	if (!view->counting)
		cell_figure(table, json_number(result, "cost.instructions"));
	cell_allocations(table, result);
}

/* A workload beside the one it is to be compared with. */
static void based_head(const struct view *view)
{
	struct table *table = view->table;

	table_row(table);
	table_cell(table, "mechanism");
	table_cell(table, "%s\n%s", quantity(view), json_text(view->workload, "base"));
	table_cell(table, "\nmin-max");
	table_cell(table, "%s\n%s", quantity(view), name_of(view));
	table_cell(table, "\nmin-max");
	table_cell(table, "%s /\n%s", name_of(view), json_text(view->workload, "base"));
	table_cell(table, "\n95%%");
}

static void based_row(const struct view *view, struct json_object *result)
{
	struct table *table = view->table;
	struct json_object *base = results_find(view->file, json_text(view->workload, "base"),
						json_text(result, "mechanism"),
						json_number(result, "size"));

	cell_spread(table, base, "figure");
	cell_spread(table, result, "figure");
	cell_ratio(table, result, "base_ratio");
}

/* No more than @held, which is not what was asked for; or @held always, and up to @most. */
static void show_capacity(struct json_object *result, FILE *out)
{
	double wanted = json_number(result, "capacity"), held = json_number(result, "held");
	double most = json_number(result, "held_most");

	if (most > held)
		fprintf(out, "%s holds %.0f to %.0f messages, not %.0f.\n",
			json_text(result, "title"), held, most, wanted);
	else if (held != wanted)
		fprintf(out, "%s held %.0f messages, not %.0f.\n", json_text(result, "title"),
			held, wanted);
}

/* Capacities that are not what was asked for. */
static void show_capacities(const struct view *view, FILE *out)
{
	for (size_t i = 0; i < result_count(view); i++) {
		struct json_object *result = result_nth(view, i);

		if (fits(view, result) && results_ok(result))
			show_capacity(result, out);
	}
}

/* Who moved batches where the others moved one message at a time. */
static void show_batches(const struct view *view, FILE *out)
{
	for (size_t i = 0; i < result_count(view); i++) {
		struct json_object *result = result_nth(view, i);
		double batch = json_number(result, "moved_in_batches_of");

		if (fits(view, result) && !isnan(batch))
			fprintf(out, "%s: batches of %.0f here, all others one by one.\n",
				json_text(result, "title"), batch);
	}
}

static void show_title(const struct view *view, FILE *out)
{
	fprintf(out, "\n%s: %s%s\n", name_of(view), json_text(view->workload, "title"),
		view->spins ? "; waiting by spinning" : "");
}

static void show_conditions(const struct view *view, FILE *out)
{
	double processors = json_number(view->workload, "processors");
	double processes = json_number(view->base, "senders") +
			   json_number(view->base, "receivers");

	if (json_number(view->workload, "processes") == 1)
		processes = 1;
	fprintf(out, "%.0f bytes", json_number(view->base, "size"));
	if (*json_text(view->workload, "base"))
		fprintf(out, ", %.0f types queued", json_number(view->file, "options.depth"));
	else
		fprintf(out, ", capacity %.0f", json_number(view->base, "capacity"));
	if (json_number(view->base, "batch") > 1)
		fprintf(out, ", batches of %.0f", json_number(view->base, "batch"));
	if (processes > 2)
		fprintf(out, ", %.0f senders, %.0f receivers", json_number(view->base, "senders"),
			json_number(view->base, "receivers"));
	if (!isnan(json_number(view->base, "load")))
		fprintf(out, ", %.0f%% load", json_number(view->base, "load"));
	fprintf(out, ", %.0f process%s on %.0f processor%s; median of %.0f repetitions\n\n",
		processes, processes == 1 ? "" : "es", processors, processors == 1 ? "" : "s",
		json_number(view->file, "options.repeat"));
}

static void show_base_table(struct view *view, FILE *out)
{
	bool based = *json_text(view->workload, "base");

	view->throughput = !view->counting && (!strncmp(name_of(view), "oneway", 6) ||
					       !strcmp(name_of(view), "fan"));
	view->table = table_new();
	(based ? based_head : head)(view);
	fill(view, based ? based_row : row);
	show_title(view, out);
	show_conditions(view, out);
	table_print(view->table, out);
	table_free(view->table);
	if (!based)
		show_capacities(view, out);
	show_batches(view, out);
}

/* What is varied: one axis, or senders and receivers together. */
struct sweep_view {
	enum axis axis;
	const char *title;
	struct json_object *columns[POINTS_MAX];	/* a result at each of its points */
	size_t count;
};

static double coordinate(struct json_object *result, enum axis axis)
{
	double value = json_number(result, axis_name(axis));

	return isnan(value) ? 0 : value;
}

static bool is_with(enum axis axis, enum axis other)
{
	return other == axis || (axis == AXIS_SENDERS && other == AXIS_RECEIVERS);
}

/* On the line through @base along the axis. */
static bool is_on_line(struct json_object *base, struct json_object *result, enum axis axis)
{
	for (enum axis other = 0; other < AXES; other++)
		if (!is_with(axis, other) && coordinate(base, other) != coordinate(result, other))
			return false;
	return true;
}

static bool is_same_point(struct json_object *a, struct json_object *b)
{
	for (enum axis axis = 0; axis < AXES; axis++)
		if (coordinate(a, axis) != coordinate(b, axis))
			return false;
	return true;
}

static bool comes_before(struct json_object *a, struct json_object *b)
{
	for (enum axis axis = 0; axis < AXES; axis++)
		if (coordinate(a, axis) != coordinate(b, axis))
			return coordinate(a, axis) < coordinate(b, axis);
	return false;
}

/* Kept in order. */
static void add_column(struct sweep_view *sweep, struct json_object *result)
{
	size_t i = sweep->count;

	for (size_t c = 0; c < sweep->count; c++)
		if (is_same_point(sweep->columns[c], result))
			return;
	if (sweep->count + 1 >= TABLE_COLUMNS)
		return;
	for (; i && comes_before(result, sweep->columns[i - 1]); i--)
		sweep->columns[i] = sweep->columns[i - 1];
	sweep->columns[i] = result;
	sweep->count++;
}

static void find_columns(const struct view *view, struct sweep_view *sweep)
{
	for (size_t i = 0; i < result_count(view); i++) {
		struct json_object *result = result_nth(view, i);

		/* The harness is run at every size that anything has. */
		if (belongs(view, result) && is_on_line(view->base, result, sweep->axis) &&
		    strcmp(json_text(result, "mechanism"), "harness"))
			add_column(sweep, result);
	}
}

static struct json_object *find_at(const struct view *view, const char *mechanism,
				   struct json_object *point)
{
	for (size_t i = 0; i < result_count(view); i++) {
		struct json_object *result = result_nth(view, i);

		if (belongs(view, result) && !strcmp(json_text(result, "mechanism"), mechanism) &&
		    is_same_point(result, point))
			return result;
	}
	return NULL;
}

static void name_column(const struct view *view, const struct sweep_view *sweep,
			struct json_object *column)
{
	if (sweep->axis == AXIS_SENDERS)
		table_cell(view->table, "%.0fx%.0f", coordinate(column, AXIS_SENDERS),
			   coordinate(column, AXIS_RECEIVERS));
	else
		table_cell(view->table, "%.0f", coordinate(column, sweep->axis));
}

static bool runs_anywhere(const struct view *view, const struct sweep_view *sweep,
			  const char *mechanism)
{
	for (size_t c = 0; c < sweep->count; c++)
		if (results_ok(find_at(view, mechanism, sweep->columns[c])))
			return true;
	return false;
}

static void sweep_row(const struct view *view, const struct sweep_view *sweep,
		      struct json_object *first)
{
	table_row(view->table);
	table_cell(view->table, "%s", json_text(first, "title"));
	for (size_t c = 0; c < sweep->count; c++) {
		struct json_object *result = find_at(view, json_text(first, "mechanism"),
						     sweep->columns[c]);

		if (is_status(result, "failed"))
			table_cell(view->table, "FAILED");
		else
			cell_figure(view->table, json_number(result, "figure.median"));
	}
}

/* Where a mechanism has no figure at some points only: why, at the first of them. */
static void show_end(const struct view *view, const struct sweep_view *sweep,
		     struct json_object *first, FILE *out)
{
	for (size_t c = 0; c < sweep->count; c++) {
		struct json_object *result = find_at(view, json_text(first, "mechanism"),
						     sweep->columns[c]);

		if (!result || results_ok(result))
			continue;
		fprintf(out, "%s, %s %.0f", json_text(result, "title"), axis_name(sweep->axis),
			coordinate(result, sweep->axis));
		if (sweep->axis == AXIS_SENDERS)
			fprintf(out, " and receivers %.0f", coordinate(result, AXIS_RECEIVERS));
		fprintf(out, ": %s\n", json_text(result, "reason"));
		return;
	}
}

static void each_at_base(const struct view *view, const struct sweep_view *sweep, FILE *out)
{
	for (size_t i = 0; i < result_count(view); i++) {
		struct json_object *result = result_nth(view, i);

		if (!belongs(view, result) || !json_flag(result, "at_base") ||
		    !runs_anywhere(view, sweep, json_text(result, "mechanism")))
			continue;
		if (out)
			show_end(view, sweep, result, out);
		else
			sweep_row(view, sweep, result);
	}
}

static void show_sweep(struct view *view, enum axis axis, FILE *out)
{
	static const char *const titles[AXES] = {
		[AXIS_SIZE] = "by bytes of a message",
		[AXIS_CAPACITY] = "by capacity",
		[AXIS_BATCH] = "by messages of a batch",
		[AXIS_SENDERS] = "by senders x receivers",
		[AXIS_LOAD] = "by load, percent of each one's own saturation",
	};
	struct sweep_view sweep = { .axis = axis };

	find_columns(view, &sweep);
	if (!titles[axis] || sweep.count < 2)
		return;
	view->table = table_new();
	table_row(view->table);
	table_cell(view->table, "mechanism");
	for (size_t c = 0; c < sweep.count; c++)
		name_column(view, &sweep, sweep.columns[c]);
	each_at_base(view, &sweep, NULL);
	fprintf(out, "\n%s %s%s: %s per %s\n\n", name_of(view), titles[axis],
		view->spins ? ", waiting by spinning" : "",
		view->counting ? "instructions" : "nanoseconds", json_text(view->workload, "unit"));
	table_print(view->table, out);
	table_free(view->table);
	each_at_base(view, &sweep, out);
	show_batches(view, out);
}

static void latency_head(const struct view *view)
{
	static const char *const heads[] = {
		"mechanism", "\ncount", "us\np50", "\np90", "\np99", "\np99.9", "\np99.99", "\nmax",
	};

	table_row(view->table);
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		table_cell(view->table, "%s", heads[i]);
}

static void latency_row(const struct view *view, struct json_object *result)
{
	static const char *const keys[] = { "p50", "p90", "p99", "p999", "p9999", "max" };
	struct json_object *latency = json_at(result, "latency");

	table_row(view->table);
	table_cell(view->table, "%s", json_text(result, "title"));
	table_cell(view->table, "%.0f", json_number(latency, "count"));
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		cell_figure(view->table, json_number(latency, keys[i]) / 1e3);
}

/* Of one load; 0: of a workload that has none. */
static void show_latencies(struct view *view, double load, FILE *out)
{
	size_t rows = 0;

	view->table = table_new();
	latency_head(view);
	for (size_t i = 0; i < result_count(view); i++) {
		struct json_object *result = result_nth(view, i);

		if (!belongs(view, result) || coordinate(result, AXIS_LOAD) != load ||
		    !json_at(result, "latency") || !is_on_line(view->base, result, AXIS_LOAD))
			continue;
		latency_row(view, result);
		rows++;
	}
	if (rows) {
		fprintf(out, "\n%s, latency of a %s", name_of(view),
			json_text(view->workload, "unit"));
		if (load)
			fprintf(out, " at %.0f%% load, from when it was meant to be sent", load);
		fprintf(out, "%s\n\n", view->spins ? "; waiting by spinning" : "");
		table_print(view->table, out);
		show_batches(view, out);
	}
	table_free(view->table);
}

static void show_all_latencies(struct view *view, FILE *out)
{
	struct json_object *loads = json_at(view->file, "options.loads");
	size_t count = loads ? json_object_array_length(loads) : 0;

	if (!coordinate(view->base, AXIS_LOAD)) {
		show_latencies(view, 0, out);
		return;
	}
	for (size_t i = 0; i < count; i++)
		show_latencies(view, json_object_get_double(json_object_array_get_idx(loads, i)),
			       out);
}

/* A workload that another one has as its base is shown there. */
static bool is_shown_elsewhere(const struct view *view)
{
	struct json_object *all = json_at(view->file, "workloads");

	for (size_t i = 0; i < json_object_array_length(all); i++) {
		struct view other = *view;

		other.workload = json_object_array_get_idx(all, i);
		if (!strcmp(json_text(other.workload, "base"), name_of(view)) &&
		    has_results(&other))
			return true;
	}
	return false;
}

static void show_workload(struct view *view, FILE *out)
{
	view->base = find_base(view);
	if (!has_results(view) || is_shown_elsewhere(view))
		return;
	show_base_table(view, out);
	for (enum axis axis = 0; axis < AXES; axis++)
		show_sweep(view, axis, out);
	show_all_latencies(view, out);
}

static void show_legend(const struct view *view, FILE *out)
{
	fputs("\nEvery message carried a sequence number and a checksum, and its receiver verified every bit of it.\n"
	      "x: the ratio to that mechanism, repetition by repetition, and where it lies with 95% (bootstrap);\n"
	      "~ marks one that may as well be 1, or was repeated too seldom: no difference is claimed.\n"
	      "Where the harness alone took as long in a repetition, there is no figure: -.\n"
	      "Per message or round trip: switches (context switches of all processes), syscalls and bytes copied\n"
	      "(counted where the mechanism makes them), allocations (slab objects and pages, counted by the\n"
	      "kernel in a repetition of its own; - where it was not asked). min-max: of the repetitions.\n", out);
	if (view->counting)
		fputs("Instructions: user and kernel, of everything on the machine's one processor, less those of the\n"
		      "harness (the loop, making and verifying the message), which its own line tells.\n", out);
	else
		fputs("ns: nanoseconds of wall clock, and CPU ns of processor time of all processes. Where only one\n"
		      "process runs at a time, ns is less that of the harness (making and verifying the message),\n"
		      "which its own line tells; CPU ns is not. open-loop: ns is the median latency, and CPU ns has\n"
		      "the sender's waiting for the next message's time in it.\n", out);
}

void show_machine(struct json_object *file, FILE *out)
{
	const char *hypervisor = json_text(file, "machine.hypervisor");

	fprintf(out, "Linux %s on %s, %.0f processor%s%s%s; kmq %s.\n",
		json_text(file, "machine.kernel"), json_text(file, "machine.processor"),
		json_number(file, "machine.processors"),
		json_number(file, "machine.processors") == 1 ? "" : "s",
		*hypervisor ? ", hypervisor " : "", hypervisor, json_text(file, "machine.kmq"));
	if (json_flag(file, "machine.counting"))
		fputs("INSTRUCTIONS are counted here, exactly; there are no times.\n", out);
	else if (json_flag(file, "machine.emulated"))
		fputs("EMULATED: ratios and counts are the result, times are not. Where two processors work at once, even\n"
		      "the ratios are the emulator's.\n", out);
	if (json_flag(file, "interrupted"))
		fputs("INTERRUPTED: not everything was run, and not as often as it was meant to be.\n", out);
}

void show_tables(struct json_object *file, FILE *out)
{
	struct json_object *all = json_at(file, "workloads");
	struct view view = { .file = file, .counting = json_flag(file, "machine.counting") };

	for (size_t w = 0; w < json_object_array_length(all); w++) {
		view.workload = json_object_array_get_idx(all, w);
		view.spins = false;
		show_workload(&view, out);
		view.spins = true;
		show_workload(&view, out);
	}
	show_legend(&view, out);
}
