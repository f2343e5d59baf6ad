// SPDX-License-Identifier: GPL-2.0-only
/*
 * `kmqcompare diff`: two stored runs, point by point. A change is told where the
 * repetitions of both, resampled, leave no doubt that there is one.
 */
#include "results.h"
#include "statistics.h"
#include "subcommand.h"
#include "sweep.h"
#include "table.h"

#include <argp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIFF_SCHEMA	"kmqcompare-diff/1"

struct diff {
	const char *paths[2];
	struct json_object *files[2];
	unsigned int count;
	const char *json;
	struct json_object *changes;
	unsigned int faster;
	unsigned int slower;
	unsigned int same;
	unsigned int unknown;	/* too few repetitions, or one without a figure */
};

static const struct argp_option diff_argp_options[] = {
	{ "json", 'j', "FILE", 0, "write it to FILE as JSON; - is standard output, and then no tables", 0 },
	{ 0 }
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct diff *diff = state->input;

	switch (key) {
	case 'j':
		diff->json = value;
		return 0;
	case ARGP_KEY_ARG:
		if (diff->count == 2)
			argp_error(state, "two files are compared, not more");
		diff->paths[diff->count++] = value;
		return 0;
	case ARGP_KEY_END:
		if (diff->count < 2)
			argp_error(state, "two files are needed, as `kmqcompare bench --json FILE` writes them");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp diff_argp = {
	.options = diff_argp_options,
	.parser = parse,
	.args_doc = "OLD NEW",
	.doc = "Tell what differs between two stored runs: of each series that both have, NEW over OLD, "
	       "with the interval that it lies in with 95%."
	       "\vExit status: 0; 1 if a file cannot be read or they have nothing in common; 2 for a wrong usage.",
};

static bool is_same_series(struct json_object *a, struct json_object *b)
{
	if (strcmp(json_text(a, "workload"), json_text(b, "workload")) ||
	    strcmp(json_text(a, "mechanism"), json_text(b, "mechanism")))
		return false;
	for (enum axis axis = 0; axis < AXES; axis++) {
		double one = json_number(a, axis_name(axis));
		double other = json_number(b, axis_name(axis));

		if (one != other && !(isnan(one) && isnan(other)))
			return false;
	}
	return true;
}

static struct json_object *find_same(struct json_object *file, struct json_object *result)
{
	struct json_object *results = json_at(file, "results");

	for (size_t i = 0; i < json_object_array_length(results); i++) {
		struct json_object *other = json_object_array_get_idx(results, i);

		if (is_same_series(other, result))
			return other;
	}
	return NULL;
}

static size_t repetitions_of(struct json_object *result)
{
	struct json_object *repetitions = json_at(result, "repetitions");

	return json_object_is_type(repetitions, json_type_array)
	       ? json_object_array_length(repetitions) : 0;
}

static void take_figures(struct json_object *result, double *figures)
{
	struct json_object *repetitions = json_at(result, "repetitions");

	for (size_t i = 0; i < repetitions_of(result); i++)
		figures[i] = json_number(json_object_array_get_idx(repetitions, i), "figure");
}

static struct interval change_of(struct json_object *old, struct json_object *new)
{
	size_t old_count = repetitions_of(old), new_count = repetitions_of(new);
	double old_figures[VALUES_MAX], new_figures[VALUES_MAX];

	take_figures(old, old_figures);
	take_figures(new, new_figures);
	return interval_of_ratio(new_figures, new_count, old_figures, old_count);
}

static void count_verdict(struct diff *diff, const char *verdict)
{
	if (!verdict)
		diff->unknown++;
	else if (!strcmp(verdict, "faster"))
		diff->faster++;
	else if (!strcmp(verdict, "slower"))
		diff->slower++;
	else
		diff->same++;
}

static void add_number(struct json_object *object, const char *key, double value)
{
	json_object_object_add(object, key, isfinite(value) ? json_object_new_double(value) : NULL);
}

static void add_change(struct diff *diff, struct json_object *old, struct json_object *new)
{
	struct interval change = change_of(old, new);
	const char *verdict = interval_verdict(&change);
	struct json_object *object = json_object_new_object();
	static const char *const names[] = { "workload", "mechanism", "title" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		json_object_object_add(object, names[i], json_object_get(json_at(new, names[i])));
	for (enum axis axis = 0; axis < AXES; axis++)
		json_object_object_add(object, axis_name(axis),
				       json_object_get(json_at(new, axis_name(axis))));
	add_number(object, "old", json_number(old, "figure.median"));
	add_number(object, "new", json_number(new, "figure.median"));
	add_number(object, "change", change.median);
	add_number(object, "low", change.low);
	add_number(object, "high", change.high);
	json_object_object_add(object, "verdict", verdict ? json_object_new_string(verdict) : NULL);
	json_object_array_add(diff->changes, object);
	count_verdict(diff, verdict);
}

static void compare(struct diff *diff)
{
	struct json_object *results = json_at(diff->files[1], "results");

	for (size_t i = 0; i < json_object_array_length(results); i++) {
		struct json_object *new = json_object_array_get_idx(results, i);
		struct json_object *old = find_same(diff->files[0], new);

		if (results_ok(old) && results_ok(new) && repetitions_of(old) &&
		    repetitions_of(new))
			add_change(diff, old, new);
	}
}

/* Runs whose figures do not mean the same cannot be compared at all. */
static bool are_comparable(const struct diff *diff)
{
	const char *old = json_text(diff->files[0], "quantity");
	const char *new = json_text(diff->files[1], "quantity");

	if (!strcmp(old, new))
		return true;
	fprintf(stderr, "kmqcompare: %s has %s and %s has %s\n", diff->paths[0], old,
		diff->paths[1], new);
	return false;
}

static void warn_of_machines(const struct diff *diff)
{
	static const char *const keys[] = { "kernel", "architecture", "processor", "hypervisor" };
	char path[32];

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const char *old, *new;

		snprintf(path, sizeof(path), "machine.%s", keys[i]);
		old = json_text(diff->files[0], path);
		new = json_text(diff->files[1], path);
		if (strcmp(old, new))
			fprintf(stderr, "kmqcompare: warning: another %s: '%s', now '%s'\n",
				keys[i], old, new);
	}
	if (json_number(diff->files[0], "machine.processors") !=
	    json_number(diff->files[1], "machine.processors"))
		fputs("kmqcompare: warning: another number of processors\n", stderr);
}

/* What makes the point, but for what all workloads have alike. */
static void cell_point(struct table *table, struct json_object *change)
{
	char text[80];
	int length = snprintf(text, sizeof(text), "%.0f B, %.0f", json_number(change, "size"),
			      json_number(change, "capacity"));

	if (json_number(change, "batch") > 1)
		length += snprintf(text + length, sizeof(text) - length, ", batch %.0f",
				   json_number(change, "batch"));
	if (json_number(change, "senders") + json_number(change, "receivers") > 2)
		length += snprintf(text + length, sizeof(text) - length, ", %.0fx%.0f",
				   json_number(change, "senders"),
				   json_number(change, "receivers"));
	if (!isnan(json_number(change, "load")))
		snprintf(text + length, sizeof(text) - length, ", %.0f%%",
			 json_number(change, "load"));
	table_cell(table, "%s", text);
}

static void cell_number(struct table *table, struct json_object *change, const char *key,
			int digits)
{
	double value = json_number(change, key);

	if (isnan(value))
		table_cell(table, "-");
	else
		table_cell(table, "%.*f", digits, value);
}

static void row(struct table *table, struct json_object *change)
{
	double low = json_number(change, "low"), high = json_number(change, "high");

	table_row(table);
	table_cell(table, "%s", json_text(change, "workload"));
	table_cell(table, "%s", json_text(change, "mechanism"));
	cell_point(table, change);
	cell_number(table, change, "old", 1);
	cell_number(table, change, "new", 1);
	cell_number(table, change, "change", 3);
	if (isnan(low))
		table_cell(table, "-");
	else
		table_cell(table, "%.3f-%.3f", low, high);
	table_cell(table, "%s", json_text(change, "verdict"));
}

static void show(const struct diff *diff)
{
	static const char *const heads[] = {
		"workload", "mechanism", "point", "old", "new", "new/old", "95%", "verdict",
	};
	struct table *table = table_new();

	table_row(table);
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		table_cell(table, "%s", heads[i]);
	for (size_t i = 0; i < json_object_array_length(diff->changes); i++)
		row(table, json_object_array_get_idx(diff->changes, i));
	printf("%s per message or round trip (open-loop: median latency); a point is size, capacity, and what else is varied\n\n",
	       json_text(diff->files[1], "quantity"));
	table_print(table, stdout);
	table_free(table);
	printf("\n%u faster, %u slower, %u the same within chance", diff->faster, diff->slower,
	       diff->same);
	if (diff->unknown)
		printf(", %u with too few figures to say", diff->unknown);
	putchar('\n');
}

static int write_json(const struct diff *diff)
{
	struct json_object *object = json_object_new_object();
	static const char *const names[] = { "old", "new" };
	int status;

	json_object_object_add(object, "schema", json_object_new_string(DIFF_SCHEMA));
	for (size_t i = 0; i < 2; i++)
		json_object_object_add(object, names[i],
				       json_object_get(json_at(diff->files[i], "machine")));
	json_object_object_add(object, "quantity",
			       json_object_get(json_at(diff->files[1], "quantity")));
	json_object_object_add(object, "changes", json_object_get(diff->changes));
	status = results_write(object, diff->json);
	json_object_put(object);
	return status;
}

static int run(struct diff *diff)
{
	if (!are_comparable(diff))
		return 1;
	warn_of_machines(diff);
	compare(diff);
	if (!json_object_array_length(diff->changes)) {
		fputs("kmqcompare: the two runs have no series in common\n", stderr);
		return 1;
	}
	if (!diff->json || strcmp(diff->json, "-"))
		show(diff);
	return diff->json && write_json(diff) ? 1 : 0;
}

int diff_main(int argc, char **argv)
{
	struct diff diff = { .changes = NULL };
	int status = 1;

	argp_parse(&diff_argp, argc, argv, 0, NULL, &diff);
	diff.changes = json_object_new_array();
	diff.files[0] = results_read(diff.paths[0]);
	diff.files[1] = diff.files[0] ? results_read(diff.paths[1]) : NULL;
	if (diff.files[1])
		status = run(&diff);
	json_object_put(diff.changes);
	json_object_put(diff.files[0]);
	json_object_put(diff.files[1]);
	return status;
}
