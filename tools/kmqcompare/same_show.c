// SPDX-License-Identifier: GPL-2.0-only
/* What `same` found, for people and as JSON. */
#include "same.h"

#include "results.h"
#include "show.h"
#include "table.h"

#include <math.h>
#include <string.h>
#include <sys/wait.h>

static const struct {
	const char *name;	/* in JSON */
	const char *title;
	int digits;
} quantities[QUANTITIES] = {
	[QUANTITY_ELAPSED] = { "elapsed_ms", "elapsed, ms", 2 },
	[QUANTITY_CPU] = { "cpu_ms", "CPU, ms", 2 },
	[QUANTITY_USER] = { "user_ms", "  user, ms", 2 },
	[QUANTITY_SYSTEM] = { "system_ms", "  system, ms", 2 },
	[QUANTITY_SWITCHES] = { "switches", "context switches", 0 },
	[QUANTITY_INSTRUCTIONS] = { "instructions", "instructions", 0 },
};

static const char *const agreements[] = {
	[AGREE] = "same", [VARY] = "varies", [DIFFER] = "differs",
};

static const char *const stream_names[] = {
	[STREAM_OUTPUT] = "standard output", [STREAM_ERROR] = "standard error",
};

void same_status(const struct same *same, enum way way, char *text, size_t room)
{
	int status = same->status[way];

	if (same->late[way])
		snprintf(text, room, "too late");
	else if (WIFSIGNALED(status))
		snprintf(text, room, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(text, room, "exit %d", WEXITSTATUS(status));
}

static struct spread spread_at(const struct same *same, enum way way, enum quantity quantity)
{
	return spread_of(same->values[way][quantity], same->runs);
}

static struct interval ratio_at(const struct same *same, enum quantity quantity)
{
	return interval_of_ratio(same->values[SHIM][quantity], same->runs, same->values[NATIVE][quantity],
				 same->runs);
}

/* Of a ratio of whatever is counted. */
static const char *verdict_of(const struct interval *ratio)
{
	const char *verdict = interval_verdict(ratio);

	if (!verdict)
		return NULL;
	return !strcmp(verdict, "faster") ? "less" : !strcmp(verdict, "slower") ? "more" : "same";
}

static void cell_spread(struct table *table, const struct spread *spread, int digits)
{
	table_cell(table, "%.*f (%.*f-%.*f)", digits, spread->median, digits, spread->min, digits, spread->max);
}

/* Of nothing there is no ratio. */
static void cell_ratio(struct table *table, const struct interval *ratio)
{
	if (isfinite(ratio->median))
		table_cell(table, "%.3f", ratio->median);
	else
		table_cell(table, "-");
	if (isfinite(ratio->median) && isfinite(ratio->low) && isfinite(ratio->high))
		table_cell(table, "%.3f-%.3f", ratio->low, ratio->high);
	else
		table_cell(table, "-");
}

static void row(struct table *table, const struct same *same, enum quantity quantity)
{
	struct spread native = spread_at(same, NATIVE, quantity), shim = spread_at(same, SHIM, quantity);
	struct interval ratio = ratio_at(same, quantity);
	const char *verdict = verdict_of(&ratio);

	if (isnan(native.median) || isnan(shim.median))
		return;
	table_row(table);
	table_cell(table, "%s", quantities[quantity].title);
	cell_spread(table, &native, quantities[quantity].digits);
	cell_spread(table, &shim, quantities[quantity].digits);
	cell_ratio(table, &ratio);
	table_cell(table, "%s", verdict ? verdict : "-");
}

static void row_of_counts(struct table *table, const char *title, double native, double shim)
{
	table_row(table);
	table_cell(table, "%s", title);
	table_cell(table, "%.0f", native);
	table_cell(table, "%.0f", shim);
	if (native > 0)
		table_cell(table, "%.3f", shim / native);
}

static void show_table(const struct same *same, FILE *out)
{
	static const char *const heads[] = { "", "native", "shim", "shim/native", "95%", "verdict" };
	struct table *table = table_new();

	table_row(table);
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		table_cell(table, "%s", heads[i]);
	for (enum quantity quantity = 0; quantity < QUANTITIES; quantity++)
		row(table, same, quantity);
	if (same->syscalls[NATIVE] && same->syscalls[SHIM])
		row_of_counts(table, "system calls", (double)same->syscalls[NATIVE], (double)same->syscalls[SHIM]);
	if (same->queues[NATIVE] >= 0 && same->queues[SHIM] >= 0)
		row_of_counts(table, "queues made in kmq", (double)same->queues[NATIVE], (double)same->queues[SHIM]);
	table_print(table, out);
	table_free(table);
}

/* With those that warm up. */
static unsigned int all_runs(const struct same *same)
{
	return WAYS * (same->runs + 1);
}

static void show_ends(const struct same *same, FILE *out)
{
	char native[64], shim[64];

	same_status(same, NATIVE, native, sizeof(native));
	same_status(same, SHIM, shim, sizeof(shim));
	if (same->ends == AGREE)
		fprintf(out, "Status: the same in all %u runs, %s.\n", all_runs(same), native);
	else if (same->ends == VARY)
		fputs("Status: not always the same natively, so that nothing can be said.\n", out);
	else
		fprintf(out, "STATUS DIFFERS: %s natively, %s under the shim (of the first run of each).\n", native,
			shim);
}

static void show_line(const char *who, const char *line, bool ends, FILE *out)
{
	if (ends)
		fprintf(out, "  %-8s(has no such line)\n", who);
	else
		fprintf(out, "  %-8s%s\n", who, line);
}

static void show_outputs(const struct same *same, FILE *out)
{
	const struct difference *difference = &same->difference;

	if (same->outputs == AGREE) {
		fprintf(out, "Output: the same in all %u runs.\n", all_runs(same));
		return;
	}
	fprintf(out, same->outputs == VARY ?
		"Output: not always the same natively, so that nothing can be said: line %zu of %s:\n" :
		"OUTPUT DIFFERS from line %zu of %s on:\n", difference->line, stream_names[same->stream]);
	show_line("native", difference->left, difference->left_ends, out);
	show_line(same->outputs == VARY ? "native" : "shim", difference->right, difference->right_ends, out);
}

static void show_command(const struct same *same, FILE *out)
{
	for (char **argument = same->arguments; *argument; argument++)
		fprintf(out, "%s%s", argument == same->arguments ? "" : " ", *argument);
	fprintf(out, ": %u run%s natively and as many with", same->runs, same->runs == 1 ? "" : "s");
	for (unsigned int i = 0; i < same->shim_count; i++)
		fprintf(out, "%s %s", i ? " and" : "", same->shims[i]);
	fputs(" preloaded, in turn.\n\n", out);
}

void same_show(const struct same *same, FILE *out)
{
	struct json_object *file = json_object_new_object();

	json_object_object_add(file, "machine", results_machine(&same->machine));
	show_machine(file, out);
	json_object_put(file);
	show_command(same, out);
	show_table(same, out);
	fputc('\n', out);
	show_ends(same, out);
	show_outputs(same, out);
	if (!same->queues[SHIM])
		fputs("No queue was made in kmq under the shim: either the program makes none, or not by the C "
		      "library's functions.\n", out);
}

static struct json_object *number(double value)
{
	return isfinite(value) ? json_object_new_double(value) : NULL;
}

static struct json_object *spread_json(struct spread spread)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "median", number(spread.median));
	json_object_object_add(object, "min", number(spread.min));
	json_object_object_add(object, "max", number(spread.max));
	return object;
}

static struct json_object *ratio_json(struct interval ratio)
{
	struct json_object *object = json_object_new_object();
	const char *verdict = verdict_of(&ratio);

	json_object_object_add(object, "median", number(ratio.median));
	json_object_object_add(object, "low", number(ratio.low));
	json_object_object_add(object, "high", number(ratio.high));
	json_object_object_add(object, "verdict", verdict ? json_object_new_string(verdict) : NULL);
	return object;
}

static struct json_object *values_json(const struct same *same, enum way way, enum quantity quantity)
{
	struct json_object *array = json_object_new_array();

	for (unsigned int i = 0; i < same->runs; i++)
		json_object_array_add(array, number(same->values[way][quantity][i]));
	return array;
}

static struct json_object *quantity_json(const struct same *same, enum quantity quantity)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "native", spread_json(spread_at(same, NATIVE, quantity)));
	json_object_object_add(object, "shim", spread_json(spread_at(same, SHIM, quantity)));
	json_object_object_add(object, "ratio", ratio_json(ratio_at(same, quantity)));
	json_object_object_add(object, "native_runs", values_json(same, NATIVE, quantity));
	json_object_object_add(object, "shim_runs", values_json(same, SHIM, quantity));
	return object;
}

static struct json_object *pair_json(double native, double shim, bool known)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "native", known ? json_object_new_int64((int64_t)native) : NULL);
	json_object_object_add(object, "shim", known ? json_object_new_int64((int64_t)shim) : NULL);
	return object;
}

static struct json_object *status_json(const struct same *same)
{
	struct json_object *object = json_object_new_object();
	char text[64];

	json_object_object_add(object, "verdict", json_object_new_string(agreements[same->ends]));
	same_status(same, NATIVE, text, sizeof(text));
	json_object_object_add(object, "native", json_object_new_string(text));
	same_status(same, SHIM, text, sizeof(text));
	json_object_object_add(object, "shim", json_object_new_string(text));
	return object;
}

static struct json_object *line_json(const char *line, bool ends)
{
	return ends ? NULL : json_object_new_string(line);
}

/* Where it varies, both lines are of native runs. */
static struct json_object *output_json(const struct same *same)
{
	static const char *const streams[] = { [STREAM_OUTPUT] = "stdout", [STREAM_ERROR] = "stderr" };
	const struct difference *difference = &same->difference;
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "verdict", json_object_new_string(agreements[same->outputs]));
	if (same->outputs == AGREE)
		return object;
	json_object_object_add(object, "stream", json_object_new_string(streams[same->stream]));
	json_object_object_add(object, "line", json_object_new_int64((int64_t)difference->line));
	json_object_object_add(object, "native", line_json(difference->left, difference->left_ends));
	json_object_object_add(object, "other", line_json(difference->right, difference->right_ends));
	return object;
}

struct json_object *same_json(const struct same *same)
{
	struct json_object *object = json_object_new_object();
	struct json_object *program = json_object_new_array(), *shims = json_object_new_array();
	struct json_object *figures = json_object_new_object();

	for (char **argument = same->arguments; *argument; argument++)
		json_object_array_add(program, json_object_new_string(*argument));
	for (unsigned int i = 0; i < same->shim_count; i++)
		json_object_array_add(shims, json_object_new_string(same->shims[i]));
	for (enum quantity quantity = 0; quantity < QUANTITIES; quantity++)
		json_object_object_add(figures, quantities[quantity].name, quantity_json(same, quantity));
	json_object_object_add(object, "schema", json_object_new_string(SAME_SCHEMA));
	json_object_object_add(object, "machine", results_machine(&same->machine));
	json_object_object_add(object, "program", program);
	json_object_object_add(object, "shims", shims);
	json_object_object_add(object, "runs", json_object_new_int64(same->runs));
	json_object_object_add(object, "status", status_json(same));
	json_object_object_add(object, "output", output_json(same));
	json_object_object_add(object, "figures", figures);
	json_object_object_add(object, "syscalls", pair_json((double)same->syscalls[NATIVE],
			       (double)same->syscalls[SHIM], same->syscalls[NATIVE] && same->syscalls[SHIM]));
	json_object_object_add(object, "queues_made", pair_json((double)same->queues[NATIVE],
			       (double)same->queues[SHIM], same->queues[NATIVE] >= 0 && same->queues[SHIM] >= 0));
	return object;
}
