// SPDX-License-Identifier: GPL-2.0-only
#include "show.h"

#include "results.h"
#include "table.h"

#include <math.h>
#include <string.h>

/* One table, while it is made. */
struct view {
	struct json_object *file;
	struct json_object *workload;
	int64_t size;
	bool counting;
	bool throughput;	/* two processes, one way: a rate says more */
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

static void cell_range(struct table *table, struct json_object *spread, int digits)
{
	if (spread)
		table_cell(table, "%.*f-%.*f", digits, json_number(spread, "min"), digits,
			   json_number(spread, "max"));
	else
		table_cell(table, "-");
}

static void cell_spread(struct table *table, struct json_object *result, const char *key)
{
	struct json_object *spread = json_at(result, key);
	double median = json_number(spread, "median");

	cell_figure(table, median);
	cell_range(table, spread, digits_of(median));
}

static void cell_ratio(struct table *table, struct json_object *result, const char *key)
{
	struct json_object *spread = json_at(result, key);

	cell_number(table, json_number(spread, "median"), 2);
	cell_range(table, spread, 2);
}

static void cell_allocations(struct table *table, struct json_object *result)
{
	cell_number(table, json_number(result, "events.slab_allocations") +
			   json_number(result, "events.page_allocations"), 2);
}

static void head(const struct view *view)
{
	struct table *table = view->table;

	table_row(table);
	table_cell(table, "mechanism");
	table_cell(table, "%s per\n%s", view->counting ? "instructions" : "ns",
		   json_text(view->workload, "unit"));
	table_cell(table, "\nmin-max");
	if (view->throughput)
		table_cell(table, "1000\nmessages/s");
	table_cell(table, "x\n%s", json_text(view->file, "options.relative_to"));
	table_cell(table, "\nmin-max");
	if (!view->counting)
		table_cell(table, "CPU\nns");
	table_cell(table, "\nswitches");
	table_cell(table, "\nsyscalls");
	table_cell(table, "alloca-\ntions");
}

static void row(const struct view *view, struct json_object *result)
{
	struct table *table = view->table;

	cell_spread(table, result, "figure");
	if (view->throughput)
		cell_figure(table, 1e6 / json_number(result, "figure.median"));
	cell_ratio(table, result, "ratio");
	if (!view->counting)
		cell_figure(table, json_number(result, "cost.cpu_ns"));
	cell_number(table, json_number(result, "cost.switches"), 3);
	cell_number(table, json_number(result, "cost.syscalls"), 2);
	cell_allocations(table, result);
}

/* A workload beside the one it is to be compared with. */
static void based_head(const struct view *view)
{
	struct table *table = view->table;

	table_row(table);
	table_cell(table, "mechanism");
	table_cell(table, "%s\n%s", view->counting ? "instructions" : "ns",
		   json_text(view->workload, "base"));
	table_cell(table, "\nmin-max");
	table_cell(table, "%s\n%s", view->counting ? "instructions" : "ns",
		   json_text(view->workload, "name"));
	table_cell(table, "\nmin-max");
	table_cell(table, "%s /\n%s", json_text(view->workload, "name"),
		   json_text(view->workload, "base"));
	table_cell(table, "\nmin-max");
}

static void based_row(const struct view *view, struct json_object *result)
{
	struct table *table = view->table;
	struct json_object *base = results_find(view->file, json_text(view->workload, "base"),
						json_text(result, "mechanism"), view->size);

	cell_spread(table, base, "figure");
	cell_spread(table, result, "figure");
	cell_ratio(table, result, "base_ratio");
}

static bool fits(const struct view *view, struct json_object *result)
{
	return !strcmp(json_text(result, "workload"), json_text(view->workload, "name")) &&
	       (int64_t)json_number(result, "size") == view->size &&
	       strcmp(json_text(result, "status"), "unfit");
}

static void fill(const struct view *view,
		 void (*fill_row)(const struct view *view, struct json_object *result))
{
	struct json_object *results = json_at(view->file, "results");

	for (size_t i = 0; i < json_object_array_length(results); i++) {
		struct json_object *result = json_object_array_get_idx(results, i);

		if (!fits(view, result))
			continue;
		table_row(view->table);
		table_cell(view->table, "%s", json_text(result, "title"));
		if (results_ok(result))
			fill_row(view, result);
		else if (!strcmp(json_text(result, "status"), "failed"))
			table_rest(view->table, "FAILED: %s", json_text(result, "reason"));
		else
			table_rest(view->table, "%s", json_text(result, "reason"));
	}
}

/* Whether anything but the harness was run at it. */
static bool has_results(const struct view *view)
{
	struct json_object *results = json_at(view->file, "results");

	for (size_t i = 0; i < json_object_array_length(results); i++) {
		struct json_object *result = json_object_array_get_idx(results, i);

		if (fits(view, result) && strcmp(json_text(result, "mechanism"), "harness"))
			return true;
	}
	return false;
}

/* Capacities that are not what was asked for. */
static void show_capacities(const struct view *view, FILE *out)
{
	struct json_object *results = json_at(view->file, "results");
	double wanted = json_number(view->file, "options.capacity");

	if (*json_text(view->workload, "base"))
		return;
	for (size_t i = 0; i < json_object_array_length(results); i++) {
		struct json_object *result = json_object_array_get_idx(results, i);
		double had = json_number(result, "capacity");

		if (fits(view, result) && results_ok(result) && had != wanted)
			fprintf(out, "%s held %.0f messages, not %.0f.\n",
				json_text(result, "title"), had, wanted);
	}
}

/* A workload that another one has as its base is shown there. */
static bool is_shown_elsewhere(const struct view *view)
{
	struct json_object *all = json_at(view->file, "workloads");

	for (size_t i = 0; i < json_object_array_length(all); i++) {
		struct view other = *view;

		other.workload = json_object_array_get_idx(all, i);
		if (!strcmp(json_text(other.workload, "base"), json_text(view->workload, "name")) &&
		    has_results(&other))
			return true;
	}
	return false;
}

static void show_title(const struct view *view, FILE *out)
{
	double processors = json_number(view->workload, "processors");

	fprintf(out, "\n%s: %s\n", json_text(view->workload, "name"),
		json_text(view->workload, "title"));
	fprintf(out, "%lld bytes", (long long)view->size);
	if (*json_text(view->workload, "base"))
		fprintf(out, ", %.0f types queued", json_number(view->file, "options.depth"));
	else
		fprintf(out, ", capacity %.0f", json_number(view->file, "options.capacity"));
	if (strstr(json_text(view->workload, "name"), "batch"))
		fprintf(out, ", batches of %.0f", json_number(view->file, "options.batch"));
	fprintf(out, ", %.0f process%s on %.0f processor%s; median of %.0f repetitions\n\n",
		json_number(view->workload, "processes"),
		json_number(view->workload, "processes") == 1 ? "" : "es", processors,
		processors == 1 ? "" : "s", json_number(view->file, "options.repeat"));
}

static void show_workload(struct view *view, FILE *out)
{
	bool based = *json_text(view->workload, "base");

	if (!has_results(view) || is_shown_elsewhere(view))
		return;
	view->throughput = !view->counting && !strcmp(json_text(view->workload, "name"), "oneway");
	view->table = table_new();
	(based ? based_head : head)(view);
	fill(view, based ? based_row : row);
	show_title(view, out);
	table_print(view->table, out);
	table_free(view->table);
	show_capacities(view, out);
}

static void show_legend(const struct view *view, FILE *out)
{
	fputs("\nEvery message carried a sequence number and a checksum, and its receiver verified both.\n"
	      "Per message or round trip: switches (context switches of all processes), syscalls (counted\n"
	      "where the mechanism makes them), allocations (slab objects and pages, counted by the kernel in\n"
	      "a repetition of its own; - where it was not asked). min-max: of the repetitions.\n", out);
	if (view->counting)
		fputs("Instructions: user and kernel, of everything on the machine's one processor, less those of the\n"
		      "harness (the loop, making and verifying the message), which its own line tells.\n", out);
	else
		fputs("ns: nanoseconds of wall clock, and CPU ns of processor time of all processes. Where only one\n"
		      "process runs at a time, ns is less that of the harness (making and verifying the message),\n"
		      "which its own line tells; CPU ns is not.\n", out);
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
}

void show_tables(struct json_object *file, FILE *out)
{
	struct json_object *sizes = json_at(file, "options.sizes");
	struct json_object *all = json_at(file, "workloads");
	struct view view = { .file = file, .counting = json_flag(file, "machine.counting") };
	size_t size_count = sizes ? json_object_array_length(sizes) : 0;

	for (size_t s = 0; s < size_count; s++) {
		view.size = json_object_get_int64(json_object_array_get_idx(sizes, s));
		for (size_t w = 0; w < json_object_array_length(all); w++) {
			view.workload = json_object_array_get_idx(all, w);
			show_workload(&view, out);
		}
	}
	show_legend(&view, out);
}
