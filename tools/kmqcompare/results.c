// SPDX-License-Identifier: GPL-2.0-only
#include "results.h"

#include "placement.h"
#include "statistics.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A run as a whole, while it is made into JSON. */
struct run {
	const struct machine *machine;
	const struct bench_options *options;
	const struct series *series;
	size_t count;
};

static void add(struct json_object *object, const char *key, struct json_object *value)
{
	json_object_object_add(object, key, value);
}

static void add_text(struct json_object *object, const char *key, const char *text)
{
	add(object, key, json_object_new_string(text));
}

static void add_count(struct json_object *object, const char *key, uint64_t value)
{
	add(object, key, json_object_new_int64(value));
}

static void add_flag(struct json_object *object, const char *key, bool value)
{
	add(object, key, json_object_new_boolean(value));
}

/* Four digits behind the point do for a ratio, and are few enough to read. */
static struct json_object *new_number(double value)
{
	char text[64];

	if (!isfinite(value))
		return NULL;
	snprintf(text, sizeof(text), "%.4f", value);
	return json_object_new_double_s(value, text);
}

static void add_number(struct json_object *object, const char *key, double value)
{
	add(object, key, new_number(value));
}

static struct json_object *new_spread(const double *values, size_t count)
{
	struct json_object *object = json_object_new_object();
	struct spread spread = spread_of(values, count);

	add_number(object, "median", spread.median);
	add_number(object, "min", spread.min);
	add_number(object, "max", spread.max);
	return object;
}

const struct series *series_find(const struct series *series, size_t count, const char *workload,
				 const char *mechanism, uint32_t size)
{
	for (size_t i = 0; i < count; i++)
		if (series[i].size == size && !strcmp(series[i].workload->name, workload) &&
		    !strcmp(series[i].mechanism->name, mechanism))
			return &series[i];
	return NULL;
}

/* Instructions, or nanoseconds, of one unit, the harness included. */
static double raw_figure(const struct machine *machine, const struct sample *sample)
{
	double ns = (double)sample->elapsed_ns / sample->units;

	return machine->counting ? ns / machine->ns_per_instruction : ns;
}

static double median_raw(const struct run *run, const struct series *series)
{
	double values[series->repetitions];

	for (unsigned int i = 0; i < series->repetitions; i++)
		values[i] = raw_figure(run->machine, &series->samples[i]);
	return spread_of(values, series->repetitions).median;
}

/*
 * What the harness costs in one unit. Where two workers run at the same time
 * its cost overlaps with the mechanism's, and nothing can be subtracted.
 */
static double harness_share(const struct run *run, const struct series *series)
{
	const struct workload *workload = series->workload;
	const char *measured_by = workload->harness_units ? "pair" : workload->name;
	unsigned int units = workload->harness_units ? workload->harness_units : 1;
	const struct series *harness;

	if (workload->workers > 1 && placement_is_parallel(workload->placement))
		return 0;
	if (series->mechanism->traits & MECHANISM_IS_HARNESS)
		return 0;
	harness = series_find(run->series, run->count, measured_by, "harness", series->size);
	if (!harness || harness->outcome != OUTCOME_OK)
		return 0;
	return units * median_raw(run, harness);
}

static double net_figure(const struct run *run, const struct series *series, unsigned int i,
			 double harness)
{
	return raw_figure(run->machine, &series->samples[i]) - harness;
}

/*
 * Repetition by repetition, so that what disturbed both at a time does not
 * count. NULL if the other has no figures.
 */
static struct json_object *new_ratio(const struct run *run, const struct series *series,
				     const struct series *other)
{
	double values[series->repetitions];

	if (!other || other->outcome != OUTCOME_OK || other->repetitions != series->repetitions)
		return NULL;
	for (unsigned int i = 0; i < series->repetitions; i++)
		values[i] = net_figure(run, series, i, harness_share(run, series)) /
			    net_figure(run, other, i, harness_share(run, other));
	return new_spread(values, series->repetitions);
}

static struct json_object *ratio_to_mechanism(const struct run *run, const struct series *series)
{
	const char *to = run->options->relative_to;

	return new_ratio(run, series, series_find(run->series, run->count, series->workload->name,
						  to, series->size));
}

static struct json_object *ratio_to_base(const struct run *run, const struct series *series)
{
	const char *base = series->workload->base;

	return new_ratio(run, series, base ? series_find(run->series, run->count, base,
							 series->mechanism->name, series->size)
					   : NULL);
}

static struct json_object *new_sample(const struct run *run, const struct sample *sample)
{
	struct json_object *object = json_object_new_object();

	add_count(object, "units", sample->units);
	add_count(object, "elapsed_ns", sample->elapsed_ns);
	if (run->machine->counting)
		add_number(object, "instructions",
			   sample->elapsed_ns / run->machine->ns_per_instruction);
	add_count(object, "user_ns", sample->user_ns);
	add_count(object, "system_ns", sample->system_ns);
	add_count(object, "voluntary_switches", sample->voluntary);
	add_count(object, "involuntary_switches", sample->involuntary);
	add_count(object, "syscalls", sample->syscalls);
	add_count(object, "verified_messages", sample->verified);
	return object;
}

static double median_of(const struct series *series, double (*per_unit)(const struct sample *))
{
	double values[series->repetitions];

	for (unsigned int i = 0; i < series->repetitions; i++)
		values[i] = per_unit(&series->samples[i]);
	return spread_of(values, series->repetitions).median;
}

static double cpu_of(const struct sample *sample)
{
	return (double)(sample->user_ns + sample->system_ns) / sample->units;
}

static double system_of(const struct sample *sample)
{
	return (double)sample->system_ns / sample->units;
}

static double switches_of(const struct sample *sample)
{
	return (double)(sample->voluntary + sample->involuntary) / sample->units;
}

static double involuntary_of(const struct sample *sample)
{
	return (double)sample->involuntary / sample->units;
}

static double syscalls_of(const struct sample *sample)
{
	return (double)sample->syscalls / sample->units;
}

static struct json_object *new_cost(const struct series *series)
{
	struct json_object *object = json_object_new_object();

	add_number(object, "cpu_ns", median_of(series, cpu_of));
	add_number(object, "system_ns", median_of(series, system_of));
	add_number(object, "switches", median_of(series, switches_of));
	add_number(object, "involuntary_switches", median_of(series, involuntary_of));
	add_number(object, "syscalls", median_of(series, syscalls_of));
	return object;
}

/* Per unit, counted by the kernel in a repetition of its own. */
static struct json_object *new_events(const struct sample *counted)
{
	struct json_object *object;

	if (!counted->events_counted)
		return NULL;
	object = json_object_new_object();
	for (int kind = 0; kind < EVENT_KINDS; kind++)
		add_number(object, event_name(kind),
			   (double)counted->events[kind] / counted->units);
	return object;
}

static void add_measurements(const struct run *run, const struct series *series,
			     struct json_object *object)
{
	unsigned int n = series->repetitions;
	double harness = harness_share(run, series);
	struct json_object *samples = json_object_new_array();
	double raw[n], net[n];

	for (unsigned int i = 0; i < n; i++) {
		raw[i] = raw_figure(run->machine, &series->samples[i]);
		net[i] = raw[i] - harness;
		json_object_array_add(samples, new_sample(run, &series->samples[i]));
	}
	add_count(object, "capacity", series->samples[0].capacity);
	add(object, "figure", new_spread(net, n));
	add(object, "raw", new_spread(raw, n));
	add_number(object, "harness", harness);
	add(object, "ratio", ratio_to_mechanism(run, series));
	add(object, "base_ratio", ratio_to_base(run, series));
	add(object, "cost", new_cost(series));
	add(object, "events", new_events(&series->counted));
	add(object, "repetitions", samples);
}

static struct json_object *new_result(const struct run *run, const struct series *series)
{
	struct json_object *object = json_object_new_object();

	add_text(object, "workload", series->workload->name);
	add_text(object, "mechanism", series->mechanism->name);
	add_text(object, "title", series->mechanism->title);
	add_count(object, "size", series->size);
	add_text(object, "status", outcome_name(series->outcome));
	if (series->outcome == OUTCOME_OK)
		add_measurements(run, series, object);
	else
		add_text(object, "reason", series->reason);
	return object;
}

static struct json_object *new_machine(const struct machine *machine)
{
	struct json_object *object = json_object_new_object();

	add_text(object, "kernel", machine->kernel);
	add_text(object, "architecture", machine->architecture);
	add_text(object, "processor", machine->processor);
	add_text(object, "hypervisor", machine->hypervisor);
	add_count(object, "processors", machine->processors);
	add_flag(object, "emulated", machine->emulated);
	add_flag(object, "counting", machine->counting);
	add_number(object, "ns_per_instruction",
		   machine->counting ? machine->ns_per_instruction : NAN);
	add_text(object, "kmq", machine->module);
	return object;
}

static struct json_object *new_options(const struct bench_options *options)
{
	struct json_object *object = json_object_new_object();
	struct json_object *sizes = json_object_new_array();

	for (unsigned int i = 0; i < options->size_count; i++)
		json_object_array_add(sizes, json_object_new_int64(options->sizes[i]));
	add(object, "sizes", sizes);
	add_count(object, "capacity", options->capacity);
	add_count(object, "batch", options->batch);
	add_count(object, "depth", options->depth);
	add(object, "messages", options->messages ? json_object_new_int64(options->messages) : NULL);
	add_number(object, "seconds", options->seconds);
	add_count(object, "repeat", options->repeat);
	add_flag(object, "quick", options->quick);
	add_text(object, "relative_to", options->relative_to);
	return object;
}

static struct json_object *new_workloads(void)
{
	struct json_object *array = json_object_new_array();

	for (const struct workload *const *w = workloads; *w; w++) {
		struct json_object *object = json_object_new_object();

		add_text(object, "name", (*w)->name);
		add_text(object, "title", (*w)->title);
		add_text(object, "unit", (*w)->unit);
		add(object, "base", (*w)->base ? json_object_new_string((*w)->base) : NULL);
		add_count(object, "processes", (*w)->workers);
		add_count(object, "processors",
			  placement_is_parallel((*w)->placement) ? (*w)->workers : 1);
		json_object_array_add(array, object);
	}
	return array;
}

struct json_object *results_make(const struct machine *machine,
				 const struct bench_options *options,
				 const struct series *series, size_t count)
{
	const struct run run = { machine, options, series, count };
	struct json_object *object = json_object_new_object();
	struct json_object *results = json_object_new_array();

	for (size_t i = 0; i < count; i++)
		json_object_array_add(results, new_result(&run, &series[i]));
	add_text(object, "schema", RESULTS_SCHEMA);
	add(object, "machine", new_machine(machine));
	add(object, "options", new_options(options));
	add_text(object, "quantity", machine->counting ? "instructions" : "ns");
	add(object, "workloads", new_workloads());
	add(object, "results", results);
	return object;
}

struct json_object *results_read(const char *path)
{
	struct json_object *file = json_object_from_file(path);

	if (!file) {
		fprintf(stderr, "kmqcompare: cannot read %s as JSON\n", path);
		return NULL;
	}
	if (!strcmp(json_text(file, "schema"), RESULTS_SCHEMA) &&
	    json_object_is_type(json_at(file, "results"), json_type_array) &&
	    json_object_is_type(json_at(file, "workloads"), json_type_array))
		return file;
	fprintf(stderr, "kmqcompare: %s is no result of kmqcompare bench\n", path);
	json_object_put(file);
	return NULL;
}

int results_write(struct json_object *json, const char *path)
{
	const int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			  JSON_C_TO_STRING_NOSLASHESCAPE;
	FILE *file = strcmp(path, "-") ? fopen(path, "we") : stdout;
	bool failed;

	if (!file) {
		fprintf(stderr, "kmqcompare: %s: %s\n", path, strerror(errno));
		return -1;
	}
	fprintf(file, "%s\n", json_object_to_json_string_ext(json, flags));
	failed = ferror(file) || fflush(file);
	if (file != stdout)
		failed |= fclose(file) != 0;
	if (failed)
		fprintf(stderr, "kmqcompare: %s: not written whole\n", path);
	return failed ? -1 : 0;
}

struct json_object *json_at(struct json_object *object, const char *path)
{
	while (object && *path) {
		size_t length = strcspn(path, ".");
		char key[64];

		snprintf(key, sizeof(key), "%.*s", (int)length, path);
		if (!json_object_is_type(object, json_type_object) ||
		    !json_object_object_get_ex(object, key, &object))
			return NULL;
		path += length + (path[length] == '.');
	}
	return object;
}

double json_number(struct json_object *object, const char *path)
{
	struct json_object *value = json_at(object, path);

	if (!json_object_is_type(value, json_type_double) &&
	    !json_object_is_type(value, json_type_int))
		return NAN;
	return json_object_get_double(value);
}

const char *json_text(struct json_object *object, const char *path)
{
	struct json_object *value = json_at(object, path);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

bool json_flag(struct json_object *object, const char *path)
{
	return json_object_get_boolean(json_at(object, path));
}

bool results_ok(struct json_object *result)
{
	return !strcmp(json_text(result, "status"), "ok");
}

struct json_object *results_find(struct json_object *file, const char *workload,
				 const char *mechanism, int64_t size)
{
	struct json_object *results = json_at(file, "results");
	size_t count = results ? json_object_array_length(results) : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *result = json_object_array_get_idx(results, i);

		if (!strcmp(json_text(result, "workload"), workload) &&
		    !strcmp(json_text(result, "mechanism"), mechanism) &&
		    (!size || (int64_t)json_number(result, "size") == size))
			return result;
	}
	return NULL;
}

double results_figure(struct json_object *file, const char *workload, const char *mechanism,
		      int64_t size)
{
	return json_number(results_find(file, workload, mechanism, size), "figure.median");
}
