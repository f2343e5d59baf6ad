// SPDX-License-Identifier: GPL-2.0-only
/* Results as JSON: made from the series of a campaign. */
#include "results.h"

#include "placement.h"
#include "statistics.h"
#include "sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct json_object *object, const char *key, struct json_object *value)
{
	json_object_object_add(object, key, value);
}

static struct json_object *new_text(const char *text)
{
	return text ? json_object_new_string(text) : NULL;
}

static void add_text(struct json_object *object, const char *key, const char *text)
{
	add(object, key, new_text(text));
}

static void add_count(struct json_object *object, const char *key, uint64_t value)
{
	add(object, key, json_object_new_int64(value));
}

static void add_flag(struct json_object *object, const char *key, bool value)
{
	add(object, key, json_object_new_boolean(value));
}

/*
 * Four digits behind the point do for a ratio, and are few enough to read. The same
 * number is in the file and here.
 */
static struct json_object *new_number(double value)
{
	char text[64];

	if (!isfinite(value))
		return NULL;
	snprintf(text, sizeof(text), "%.4f", value);
	return json_object_new_double_s(strtod(text, NULL), text);
}

static void add_number(struct json_object *object, const char *key, double value)
{
	add(object, key, new_number(value));
}

/* Has this object written on one line of the file: there are many like it. */
static struct json_object *in_one_line(struct json_object *object)
{
	const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_SPACED);

	json_object_set_serializer(object, json_object_userdata_to_json_string, strdup(text),
				   json_object_free_userdata);
	return object;
}

/* NULL if one of them is no number. */
static struct json_object *new_spread(const double *values, size_t count)
{
	struct spread spread = spread_of(values, count);
	struct json_object *object;

	if (isnan(spread.median))
		return NULL;
	object = json_object_new_object();
	add_number(object, "median", spread.median);
	add_number(object, "min", spread.min);
	add_number(object, "max", spread.max);
	return in_one_line(object);
}

/* Instructions, or nanoseconds, of one unit, the harness included. */
static double raw_figure(const struct campaign *campaign, const struct series *series,
			 unsigned int i)
{
	const struct sample *sample = &series->samples[i];
	double ns = (double)sample->elapsed_ns / sample->units;

	/* How long sending at a rate takes is the rate; what matters is how late it is. */
	if (series->workload->paced_by)
		return sample->latency_ns;
	return campaign->machine.counting ? ns / campaign->machine.ns_per_instruction : ns;
}

static double median_raw(const struct campaign *campaign, const struct series *series)
{
	double values[VALUES_MAX];

	for (unsigned int i = 0; i < series->repetitions; i++)
		values[i] = raw_figure(campaign, series, i);
	return spread_of(values, series->repetitions).median;
}

static const struct series *find(const struct campaign *campaign, const struct workload *workload,
				 const struct mechanism *mechanism, const struct point *at)
{
	const struct series *series = series_find(campaign->series, campaign->series_count,
						  workload, mechanism, at);

	return series && series->outcome == OUTCOME_OK && series->repetitions ? series : NULL;
}

/* What measured the harness's part in this series, or NULL. */
static const struct series *harness_of(const struct campaign *campaign,
				       const struct series *series)
{
	const struct workload *workload = series->workload;
	const struct mechanism *harness = mechanism_find("harness");
	const struct workload *pair = workload_find("pair");
	struct point at;

	if (!workload->harness_units)
		return find(campaign, workload, harness, &series->at);
	at = sweep_base(pair, &campaign->options);
	at.size = series->at.size;
	return find(campaign, pair, harness, &at);
}

/**
 * struct share - what the harness costs in one unit of a series
 * @series: that measured it; NULL: nothing is subtracted
 * @units: of it in one unit here
 * @median: of all its repetitions, times @units
 */
struct share {
	const struct series *series;
	unsigned int units;
	double median;
};

/*
 * Where workers run at the same time the harness's cost overlaps with the
 * mechanism's, and nothing can be subtracted.
 */
static struct share harness_share(const struct campaign *campaign, const struct series *series)
{
	const struct workload *workload = series->workload;
	unsigned int units = workload->harness_units ? workload->harness_units : 1;
	const struct series *harness;

	if (workload->paced_by || series->mechanism->traits & MECHANISM_IS_HARNESS)
		return (struct share){ .series = NULL };
	if (workload->workers != 1 && placement_is_parallel(workload->placement))
		return (struct share){ .series = NULL };
	harness = harness_of(campaign, series);
	if (!harness)
		return (struct share){ .series = NULL };
	return (struct share){ harness, units, units * median_raw(campaign, harness) };
}

/* In the same repetition, so that what disturbed both at a time does not count. */
static double share_in(const struct campaign *campaign, const struct share *share, unsigned int i)
{
	if (!share->series || i >= share->series->repetitions)
		return share->median;
	return share->units * raw_figure(campaign, share->series, i);
}

/* The mechanism's own; NAN if the harness alone took as much: that is no figure. */
static double net_figure(const struct campaign *campaign, const struct series *series,
			 const struct share *share, unsigned int i)
{
	double net = raw_figure(campaign, series, i) - share_in(campaign, share, i);

	return net > 0 ? net : NAN;
}

/* Into @net, VALUES_MAX of them. */
static void net_figures(const struct campaign *campaign, const struct series *series, double *net)
{
	const struct share share = harness_share(campaign, series);

	for (unsigned int i = 0; i < series->repetitions; i++)
		net[i] = net_figure(campaign, series, &share, i);
}

static unsigned int fewer(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Repetition by repetition. NULL if either has no figure in any of them. */
static struct json_object *new_ratio(const struct campaign *campaign, const struct series *series,
				     const struct series *other, const char *to)
{
	unsigned int n = other ? fewer(series->repetitions, other->repetitions) : 0;
	double values[VALUES_MAX], others[VALUES_MAX];
	struct json_object *object;
	struct interval interval;

	if (!n)
		return NULL;
	net_figures(campaign, series, values);
	net_figures(campaign, other, others);
	for (unsigned int i = 0; i < n; i++)
		values[i] /= others[i];
	interval = interval_of_median(values, n);
	if (isnan(interval.median))
		return NULL;
	object = json_object_new_object();
	if (to)
		add_text(object, "to", to);
	add_number(object, "median", interval.median);
	add_number(object, "low", interval.low);
	add_number(object, "high", interval.high);
	add_text(object, "verdict", interval_verdict(&interval));
	return in_one_line(object);
}

static struct json_object *ratio_to_mechanism(const struct campaign *campaign,
					      const struct series *series)
{
	const char *to = campaign->options.relative_to;

	return new_ratio(campaign, series,
			 find(campaign, series->workload, mechanism_find(to), &series->at), to);
}

static struct json_object *ratio_to_base(const struct campaign *campaign,
					 const struct series *series)
{
	const char *base = series->workload->base;

	return new_ratio(campaign, series,
			 base ? find(campaign, workload_find(base), series->mechanism, &series->at)
			      : NULL, NULL);
}

static struct json_object *new_sample(const struct campaign *campaign, const struct series *series,
				      unsigned int i, double net)
{
	const struct sample *sample = &series->samples[i];
	struct json_object *object = json_object_new_object();

	add_number(object, "figure", net);
	add_count(object, "units", sample->units);
	add_count(object, "elapsed_ns", sample->elapsed_ns);
	if (campaign->machine.counting)
		add_number(object, "instructions",
			   sample->elapsed_ns / campaign->machine.ns_per_instruction);
	else if (sample->instructions)
		add_count(object, "instructions", sample->instructions);
	add_count(object, "user_ns", sample->user_ns);
	add_count(object, "system_ns", sample->system_ns);
	add_count(object, "voluntary_switches", sample->voluntary);
	add_count(object, "involuntary_switches", sample->involuntary);
	add_count(object, "syscalls", sample->syscalls);
	add_count(object, "copied_bytes", sample->copied);
	add_count(object, "verified_messages", sample->verified);
	return in_one_line(object);
}

/*
 * Of all repetitions together: the kernel tells user from system time by ticks,
 * of which a short repetition has few.
 */
static double per_unit(const struct series *series, uint64_t (*what)(const struct sample *))
{
	double sum = 0, units = 0;

	for (unsigned int i = 0; i < series->repetitions; i++) {
		sum += what(&series->samples[i]);
		units += series->samples[i].units;
	}
	return sum / units;
}

static uint64_t cpu_of(const struct sample *sample)
{
	return sample->user_ns + sample->system_ns;
}

static uint64_t user_of(const struct sample *sample)
{
	return sample->user_ns;
}

static uint64_t system_of(const struct sample *sample)
{
	return sample->system_ns;
}

static uint64_t switches_of(const struct sample *sample)
{
	return sample->voluntary + sample->involuntary;
}

static uint64_t involuntary_of(const struct sample *sample)
{
	return sample->involuntary;
}

static uint64_t syscalls_of(const struct sample *sample)
{
	return sample->syscalls;
}

static uint64_t copied_of(const struct sample *sample)
{
	return sample->copied;
}

static uint64_t instructions_of(const struct sample *sample)
{
	return sample->instructions;
}

/* Counted by the machine as a whole, or by the processor for the workers; or not. */
static double instructions_per_unit(const struct campaign *campaign, const struct series *series)
{
	double net[VALUES_MAX], counted;

	net_figures(campaign, series, net);
	if (campaign->machine.counting)
		return spread_of(net, series->repetitions).median;
	counted = per_unit(series, instructions_of);
	return counted > 0 ? counted : NAN;
}

static struct json_object *new_cost(const struct campaign *campaign, const struct series *series)
{
	struct json_object *object = json_object_new_object();

	add_number(object, "cpu_ns", per_unit(series, cpu_of));
	add_number(object, "user_ns", per_unit(series, user_of));
	add_number(object, "system_ns", per_unit(series, system_of));
	add_number(object, "switches", per_unit(series, switches_of));
	add_number(object, "involuntary_switches", per_unit(series, involuntary_of));
	add_number(object, "syscalls", per_unit(series, syscalls_of));
	add_number(object, "copied_bytes", per_unit(series, copied_of));
	add_number(object, "instructions", instructions_per_unit(campaign, series));
	return in_one_line(object);
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
	return in_one_line(object);
}

static void add_step(void *context, double percentile, uint64_t value, uint64_t up_to)
{
	struct json_object *step = json_object_new_array();

	json_object_array_add(step, new_number(percentile));
	json_object_array_add(step, json_object_new_int64(value));
	json_object_array_add(step, json_object_new_int64(up_to));
	json_object_array_add(context, step);
}

/* Null where too few values are beyond it to know. */
static void add_percentile(struct json_object *object, const char *key,
			   const struct histogram *histogram, double percentile)
{
	bool known = histogram->count * (100 - percentile) / 100 >= 9.9999;

	add(object, key, known ? json_object_new_int64(histogram_at(histogram, percentile)) : NULL);
}

static struct json_object *new_latency(const struct series *series)
{
	const struct histogram *histogram = series->latencies;
	struct json_object *object, *steps;

	if (!histogram || !histogram->count)
		return NULL;
	object = json_object_new_object();
	steps = json_object_new_array();
	histogram_each_step(histogram, add_step, steps);
	add_text(object, "of", series->workload->latency_of);
	add_count(object, "count", histogram->count);
	add_count(object, "min", histogram->min);
	add_number(object, "mean", histogram_mean(histogram));
	add_percentile(object, "p50", histogram, 50);
	add_percentile(object, "p90", histogram, 90);
	add_percentile(object, "p99", histogram, 99);
	add_percentile(object, "p999", histogram, 99.9);
	add_percentile(object, "p9999", histogram, 99.99);
	add_count(object, "max", histogram->max);
	add(object, "percentiles", in_one_line(steps));
	return object;
}

static double achieved_per_s(const struct series *series)
{
	double values[VALUES_MAX];

	for (unsigned int i = 0; i < series->repetitions; i++)
		values[i] = series->samples[i].units * 1e9 / series->samples[i].elapsed_ns;
	return spread_of(values, series->repetitions).median;
}

static void add_measurements(const struct campaign *campaign, const struct series *series,
			     struct json_object *object)
{
	unsigned int n = series->repetitions;
	uint32_t batch = sweep_imposed_batch(series->workload, series->mechanism,
					     &campaign->options);
	struct json_object *samples = json_object_new_array();
	double raw[VALUES_MAX], net[VALUES_MAX];

	net_figures(campaign, series, net);
	for (unsigned int i = 0; i < n; i++) {
		raw[i] = raw_figure(campaign, series, i);
		json_object_array_add(samples, new_sample(campaign, series, i, net[i]));
	}
	if (batch)
		add_count(object, "moved_in_batches_of", batch);
	add_count(object, "held", series->samples[0].capacity);
	add_count(object, "held_most", series->samples[0].most ?: series->samples[0].capacity);
	add(object, "figure", new_spread(net, n));
	add(object, "raw", new_spread(raw, n));
	add_number(object, "harness", harness_share(campaign, series).median);
	add(object, "ratio", ratio_to_mechanism(campaign, series));
	add(object, "base_ratio", ratio_to_base(campaign, series));
	add(object, "cost", new_cost(campaign, series));
	add(object, "events", new_events(&series->counted));
	add(object, "latency", new_latency(series));
	if (series->workload->paced_by) {
		add_number(object, "saturation_per_s", 1e9 / series->saturation_ns);
		add_number(object, "achieved_per_s", achieved_per_s(series));
	}
	add(object, "repetitions", samples);
}

static void add_point(struct json_object *object, const struct point *at)
{
	for (enum axis axis = 0; axis < AXES; axis++)
		add_count(object, axis_name(axis), point_at(at, axis));
	if (!at->load)
		add(object, axis_name(AXIS_LOAD), NULL);
}

static struct json_object *new_result(const struct campaign *campaign, const struct series *series)
{
	struct json_object *object = json_object_new_object();

	add_text(object, "workload", series->workload->name);
	add_text(object, "mechanism", series->mechanism->name);
	add_text(object, "title", series->mechanism->title);
	add_point(object, &series->at);
	add_flag(object, "at_base", series->at_base);
	add_text(object, "status", outcome_name(series->outcome));
	if (series->outcome == OUTCOME_OK)
		add_measurements(campaign, series, object);
	else
		add_text(object, "reason", series->reason);
	return object;
}

struct json_object *results_machine(const struct machine *machine)
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

static int by_value(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* Every value that any series of this workload, or of any if NULL, has on an axis. */
static struct json_object *values_of(const struct campaign *campaign,
				     const struct workload *workload, enum axis axis)
{
	struct json_object *array = json_object_new_array();
	uint32_t values[POINTS_MAX];
	unsigned int count = 0, v;

	for (size_t i = 0; i < campaign->series_count; i++) {
		const struct series *series = &campaign->series[i];
		uint32_t value = point_at(&series->at, axis);

		/* The harness is run at every size that anything has. */
		if (workload && (series->workload != workload ||
				 series->mechanism->traits & MECHANISM_IS_HARNESS))
			continue;
		for (v = 0; v < count && values[v] != value; v++)
			;
		if (v == count && count < POINTS_MAX)
			values[count++] = value;
	}
	qsort(values, count, sizeof(*values), by_value);
	for (v = 0; v < count; v++)
		if (values[v])
			json_object_array_add(array, json_object_new_int64(values[v]));
	return array;
}

static struct json_object *new_options(const struct campaign *campaign)
{
	static const char *const keys[AXES] = {
		[AXIS_SIZE] = "sizes",
		[AXIS_CAPACITY] = "capacities",
		[AXIS_BATCH] = "batches",
		[AXIS_SENDERS] = "senders",
		[AXIS_RECEIVERS] = "receivers",
		[AXIS_LOAD] = "loads",
	};
	const struct bench_options *options = &campaign->options;
	struct point base = sweep_base(workload_find("batch"), options);
	struct json_object *object = json_object_new_object();

	add_count(object, "size", base.size);
	add_count(object, "capacity", base.capacity);
	add_count(object, "batch", base.batch);
	for (enum axis axis = 0; axis < AXES; axis++)
		add(object, keys[axis], in_one_line(values_of(campaign, NULL, axis)));
	add_count(object, "depth", options->depth);
	add(object, "messages",
	    options->messages ? json_object_new_int64(options->messages) : NULL);
	add_number(object, "seconds", options->seconds > 0 ? options->seconds : NAN);
	add_count(object, "repeat", options->repeat);
	add_flag(object, "quick", options->quick);
	add_flag(object, "sweeps", !options->no_sweeps);
	add_text(object, "relative_to", options->relative_to);
	return object;
}

static const char *waits_of(const struct mechanism *mechanism)
{
	if (mechanism->traits & MECHANISM_CARRIES_NOTHING)
		return "nothing";
	return mechanism->traits & MECHANISM_SPINS ? "spins" : "sleeps";
}

static struct json_object *new_mechanisms(const struct campaign *campaign)
{
	struct json_object *array = json_object_new_array();

	for (const struct mechanism *const *m = mechanisms; *m; m++) {
		struct json_object *object;

		if (!campaign_wants(campaign, *m))
			continue;
		object = json_object_new_object();
		add_text(object, "name", (*m)->name);
		add_text(object, "title", (*m)->title);
		add_text(object, "about", (*m)->about);
		add_text(object, "waits", waits_of(*m));
		add_flag(object, "is_kmq", (*m)->traits & MECHANISM_IS_KMQ);
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *varied_in(const struct campaign *campaign,
				     const struct workload *workload)
{
	struct json_object *array = json_object_new_array();

	for (enum axis axis = 0; axis < AXES; axis++) {
		struct json_object *values = values_of(campaign, workload, axis);

		if (json_object_array_length(values) > 1)
			json_object_array_add(array, new_text(axis_name(axis)));
		json_object_put(values);
	}
	return in_one_line(array);
}

static unsigned int processors_of(const struct workload *workload)
{
	unsigned int most = workload->workers ? workload->workers : WORKERS_MAX;

	return placement_is_parallel(workload->placement) ? fewer(most, placement_cpus()) : 1;
}

static struct json_object *new_workloads(const struct campaign *campaign)
{
	struct json_object *array = json_object_new_array();

	for (const struct workload *const *w = workloads; *w; w++) {
		struct json_object *object = json_object_new_object();

		add_text(object, "name", (*w)->name);
		add_text(object, "title", (*w)->title);
		add_text(object, "unit", (*w)->unit);
		add_text(object, "base", (*w)->base);
		add(object, "processes",
		    (*w)->workers ? json_object_new_int64((*w)->workers) : NULL);
		add_count(object, "processors", processors_of(*w));
		add(object, "varies", varied_in(campaign, *w));
		json_object_array_add(array, object);
	}
	return array;
}

struct json_object *results_make(const struct campaign *campaign)
{
	struct json_object *object = json_object_new_object();
	struct json_object *results = json_object_new_array();

	for (size_t i = 0; i < campaign->series_count; i++)
		json_object_array_add(results, new_result(campaign, &campaign->series[i]));
	add_text(object, "schema", RESULTS_SCHEMA);
	add(object, "machine", results_machine(&campaign->machine));
	add(object, "options", new_options(campaign));
	add_text(object, "quantity", campaign->machine.counting ? "instructions" : "ns");
	add_flag(object, "interrupted", campaign->interrupted);
	add(object, "mechanisms", new_mechanisms(campaign));
	add(object, "workloads", new_workloads(campaign));
	add(object, "results", results);
	return object;
}
