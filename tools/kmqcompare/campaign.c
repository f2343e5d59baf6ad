// SPDX-License-Identifier: GPL-2.0-only
#include "campaign.h"

#include "placement.h"
#include "statistics.h"
#include "sweep.h"
#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNITS_MIN	16
#define UNITS_MAX	50000000
#define PROBE_UNITS	64		/* of the first look at how long a unit takes */
#define PROBE_NS	300000		/* a look shorter than this tells little */
#define COUNTED_LESS	8		/* times fewer units in a quick run */
#define COUNTED_SWEEP	4		/* times fewer units away from the base point */
#define EVENT_UNITS	20000

/* How long all repetitions may take, and one of them. */
static const struct budget {
	double seconds;
	double least;
	double most;
} quick_budget = { 120, 0.003, 0.05 }, full_budget = { 1100, 0.02, 0.25 };

static bool is_harness(const struct mechanism *mechanism)
{
	return mechanism->traits & MECHANISM_IS_HARNESS;
}

bool campaign_wants(const struct campaign *campaign, const struct mechanism *mechanism)
{
	if (is_harness(mechanism))
		return true;
	if (!campaign->mechanism_count)
		return !campaign->options.quick || !(mechanism->traits & MECHANISM_IS_VARIANT);
	for (unsigned int i = 0; i < campaign->mechanism_count; i++)
		if (campaign->mechanisms[i] == mechanism)
			return true;
	return false;
}

static bool names_workload(const struct campaign *campaign, const struct workload *workload)
{
	for (unsigned int i = 0; i < campaign->workload_count; i++)
		if (campaign->workloads[i] == workload)
			return true;
	return !campaign->workload_count;
}

static bool is_name(const char *name, const struct workload *workload)
{
	return name && !strcmp(name, workload->name);
}

/* Not asked for, but one that was is compared with it or paced by it. */
static bool is_implied(const struct campaign *campaign, const struct workload *workload)
{
	for (unsigned int i = 0; i < campaign->workload_count; i++)
		if (is_name(campaign->workloads[i]->base, workload) ||
		    is_name(campaign->workloads[i]->paced_by, workload))
			return true;
	return false;
}

static bool add_series(struct campaign *campaign, const struct workload *workload,
		       const struct mechanism *mechanism, const struct point *at, bool at_base)
{
	struct series *grown = reallocarray(campaign->series, campaign->series_count + 1,
					    sizeof(*grown));
	struct series *series;

	if (!grown)
		return false;
	campaign->series = grown;
	series = &grown[campaign->series_count++];
	*series = (struct series){
		.mechanism = mechanism,
		.workload = workload,
		.at = *at,
		.at_base = at_base,
		.outcome = OUTCOME_OK,
		.samples = calloc(campaign->options.repeat, sizeof(*series->samples)),
	};
	if (workload->latency_of)
		series->latencies = histogram_new();
	return series->samples && (series->latencies || !workload->latency_of);
}

static bool add_workload(struct campaign *campaign, const struct workload *workload, bool sweeps)
{
	struct bench_options options = campaign->options;
	struct point points[POINTS_MAX];
	size_t count;

	options.no_sweeps |= !sweeps;
	count = sweep_points(workload, &options, campaign->machine.counting, points);
	for (size_t p = 0; p < count; p++)
		for (const struct mechanism *const *m = mechanisms; *m; m++)
			if (campaign_wants(campaign, *m) &&
			    !add_series(campaign, workload, *m, &points[p], !p))
				return false;
	return true;
}

/* The harness at `pair` is what other workloads subtract: of every size there is. */
static bool add_harness(struct campaign *campaign)
{
	const struct workload *pair = workload_find("pair");
	const struct mechanism *harness = mechanism_find("harness");
	struct point base = sweep_base(pair, &campaign->options);
	size_t count = campaign->series_count;

	for (size_t i = 0; i < count; i++) {
		struct point at = base;

		at.size = campaign->series[i].at.size;
		if (!series_find(campaign->series, campaign->series_count, pair, harness, &at) &&
		    !add_series(campaign, pair, harness, &at, at.size == base.size))
			return false;
	}
	return true;
}

static bool make_series(struct campaign *campaign)
{
	for (const struct workload *const *w = workloads; *w; w++) {
		bool named = names_workload(campaign, *w);

		if ((named || is_implied(campaign, *w)) && !add_workload(campaign, *w, named))
			return false;
	}
	return add_harness(campaign);
}

static struct plan plan_of(const struct campaign *campaign, const struct series *series,
			   uint64_t units)
{
	struct plan plan = {
		.mechanism = series->mechanism,
		.workload = series->workload,
		.at = series->at,
		.depth = campaign->options.depth,
		.units = units,
		.warmup = units / 8 + 16,
		.clocked = !campaign->machine.counting,
	};
	uint32_t batch = sweep_imposed_batch(series->workload, series->mechanism,
					     &campaign->options);

	if (batch)
		plan.at.batch = batch;
	if (series->workload->paced_by)
		plan.interval_ns = series->saturation_ns * 100 / series->at.load;
	plan.expected_ns = (plan.units + plan.warmup) *
			   (series->workload->paced_by ? plan.interval_ns : series->unit_ns);
	return plan;
}

static void run(struct campaign *campaign, struct series *series, const struct plan *plan,
		struct sample *sample, struct histogram *latencies)
{
	uint64_t before = worker_clock();

	series->outcome = trial_run(plan, sample, latencies, series->reason);
	if (series->outcome != OUTCOME_OK)
		return;
	campaign->overhead_ns += worker_clock() - before - sample->elapsed_ns;
	campaign->trials++;
}

static const char *why_left_out(const struct campaign *campaign, const struct series *series)
{
	const struct workload *workload = series->workload;

	if (workload->paced_by && campaign->machine.counting)
		return "a rate needs time, and only instructions are counted here";
	if (!strcmp(workload->name, "oneway-1cpu") && placement_cpus() == 1)
		return "there is one processor: it is `oneway`";
	return NULL;
}

/* Fewer where messages are long: a byte has its price too. */
static uint64_t counted_units(const struct campaign *campaign, const struct series *series)
{
	uint64_t units = series->workload->counted;

	if (!series->at_base)
		units /= COUNTED_SWEEP;
	if (campaign->options.quick)
		units /= COUNTED_LESS;
	units /= 1 + series->at.size / 1024;
	return units < UNITS_MIN ? UNITS_MIN : units;
}

/* Finds what a unit takes, and who cannot run at all. */
static void try_series(struct campaign *campaign, struct series *series)
{
	uint64_t units = PROBE_UNITS / (1 + series->at.size / 4096);
	bool timed = !campaign->options.messages && !campaign->machine.counting;
	struct sample sample;

	for (;; units *= 4) {
		struct plan plan = plan_of(campaign, series, units);

		run(campaign, series, &plan, &sample, NULL);
		if (series->outcome != OUTCOME_OK)
			return;
		if (!timed || sample.elapsed_ns >= PROBE_NS || units >= UNITS_MAX / 4)
			break;
	}
	series->unit_ns = (double)sample.elapsed_ns / units;
}

static void size_series(struct campaign *campaign, struct series *series)
{
	const char *why = why_left_out(campaign, series);

	if (why) {
		snprintf(series->reason, sizeof(series->reason), "%s", why);
		series->outcome = OUTCOME_UNFIT;
		return;
	}
	/* Those are sized when the saturation is known. */
	if (!series->workload->paced_by)
		try_series(campaign, series);
}

static uint64_t units_in_time(const struct campaign *campaign, double unit_ns)
{
	double units = campaign->options.seconds * 1e9 / unit_ns;

	return units < UNITS_MIN ? UNITS_MIN : units > UNITS_MAX ? UNITS_MAX : (uint64_t)units;
}

static void set_units(struct campaign *campaign, struct series *series)
{
	if (campaign->options.messages)
		series->units = campaign->options.messages;
	else if (campaign->machine.counting)
		series->units = counted_units(campaign, series);
	else if (!series->workload->paced_by)
		series->units = units_in_time(campaign, series->unit_ns);
}

static double median_unit_ns(const struct series *series)
{
	double values[VALUES_MAX];

	for (unsigned int i = 0; i < series->repetitions; i++)
		values[i] = (double)series->samples[i].elapsed_ns / series->samples[i].units;
	return spread_of(values, series->repetitions).median;
}

/* What 100% load is: what the same mechanism did as fast as it could. */
static void pace_series(struct campaign *campaign, struct series *series)
{
	struct point at = series->at;
	const struct series *fastest;

	at.load = 0;
	fastest = series_find(campaign->series, campaign->series_count,
			      workload_find(series->workload->paced_by), series->mechanism, &at);
	if (!fastest || !fastest->repetitions) {
		bool known = fastest && fastest->outcome != OUTCOME_FAILED;

		series->outcome = known ? fastest->outcome : OUTCOME_UNFIT;
		snprintf(series->reason, sizeof(series->reason), "%s",
			 known ? fastest->reason : "its own saturation is not known");
		return;
	}
	series->saturation_ns = median_unit_ns(fastest);
	if (!campaign->options.messages)
		series->units = units_in_time(campaign,
					      series->saturation_ns * 100 / series->at.load);
}

static void repeat(struct campaign *campaign, struct series *series)
{
	struct plan plan = plan_of(campaign, series, series->units);

	run(campaign, series, &plan, &series->samples[series->repetitions], series->latencies);
	if (series->outcome == OUTCOME_OK)
		series->repetitions++;
}

/* Kernel events are per unit and need no long run; where they cannot be had, none. */
static void count_events(struct campaign *campaign, struct series *series)
{
	struct plan plan = plan_of(campaign, series,
				   series->units < EVENT_UNITS ? series->units : EVENT_UNITS);

	plan.count_events = true;
	run(campaign, series, &plan, &series->counted, NULL);
}

static bool is_free(const struct series *series)
{
	return !series->workload->paced_by;
}

static bool is_paced(const struct series *series)
{
	return series->workload->paced_by;
}

static bool is_any(const struct series *series)
{
	(void)series;
	return true;
}

static bool has_events(const struct series *series)
{
	return series->at_base;
}

static size_t count_of(const struct campaign *campaign, bool (*which)(const struct series *))
{
	size_t count = 0;

	for (size_t i = 0; i < campaign->series_count; i++)
		count += campaign->series[i].outcome == OUTCOME_OK && which(&campaign->series[i]);
	return count;
}

/* A step for all of a kind that still run. */
struct round {
	const char *what;
	bool (*which)(const struct series *series);
	void (*step)(struct campaign *campaign, struct series *series);
};

static void say(struct campaign *campaign, const char *what, const struct series *series)
{
	progress_step(&campaign->progress, "%s, %s", what, series->workload->name);
	if (campaign->verbose)
		fprintf(stderr, "kmqcompare: %s: %s, %s, %u bytes\n", what, series->workload->name,
			series->mechanism->name, series->at.size);
}

static bool go_round(struct campaign *campaign, size_t first, const struct round *round)
{
	for (size_t i = 0; i < campaign->series_count; i++) {
		struct series *series = &campaign->series[(first + i) % campaign->series_count];

		if (series->outcome != OUTCOME_OK || !round->which(series))
			continue;
		say(campaign, round->what, series);
		round->step(campaign, series);
		if (series->outcome == OUTCOME_INTERRUPTED)
			return false;
	}
	return true;
}

/*
 * Repetition by repetition, not series by series, and beginning at another series
 * each time: what drifts, drifts for all.
 */
static bool repeat_all(struct campaign *campaign, bool (*which)(const struct series *))
{
	for (unsigned int r = 0; r < campaign->options.repeat; r++) {
		size_t first = campaign->series_count * r / campaign->options.repeat;
		char what[64];

		snprintf(what, sizeof(what), "repetition %u of %u", r + 1,
			 campaign->options.repeat);
		if (!go_round(campaign, first, &(struct round){ what, which, repeat }))
			return false;
	}
	return true;
}

/* As long as all of them together may take, less what is spent around them. */
static void choose_seconds(struct campaign *campaign)
{
	const struct budget *budget = campaign->options.quick ? &quick_budget : &full_budget;
	double trials = (double)count_of(campaign, is_any) * campaign->options.repeat;
	double overhead = campaign->trials ? campaign->overhead_ns / 1e9 / campaign->trials : 0;
	/* An eighth is warm-up. */
	double seconds = (budget->seconds / trials - overhead) * 8 / 9;

	if (campaign->options.seconds)
		return;
	campaign->options.seconds = seconds < budget->least ? budget->least
				  : seconds > budget->most ? budget->most : seconds;
}

static bool can_count_events(const struct campaign *campaign)
{
	/* With several emulated processors, tracepoints switched on can hang QEMU. */
	return !campaign->machine.emulated || campaign->machine.counting;
}

static bool run_all(struct campaign *campaign)
{
	size_t events = 0;

	progress_expect(&campaign->progress, count_of(campaign, is_any));
	if (!go_round(campaign, 0, &(struct round){ "sizing", is_any, size_series }))
		return false;
	choose_seconds(campaign);
	for (size_t i = 0; i < campaign->series_count; i++)
		set_units(campaign, &campaign->series[i]);
	if (can_count_events(campaign))
		events = count_of(campaign, has_events);
	progress_expect(&campaign->progress,
			count_of(campaign, is_any) * campaign->options.repeat + events);
	if (!repeat_all(campaign, is_free))
		return false;
	for (size_t i = 0; i < campaign->series_count; i++)
		if (campaign->series[i].outcome == OUTCOME_OK && is_paced(&campaign->series[i]))
			pace_series(campaign, &campaign->series[i]);
	if (!repeat_all(campaign, is_paced))
		return false;
	return !events ||
	       go_round(campaign, 0, &(struct round){ "kernel events", has_events, count_events });
}

/* What has figures keeps them. */
static void settle(struct campaign *campaign)
{
	for (size_t i = 0; i < campaign->series_count; i++) {
		struct series *series = &campaign->series[i];

		if (series->outcome != OUTCOME_OK && series->outcome != OUTCOME_INTERRUPTED)
			continue;
		series->outcome = series->repetitions ? OUTCOME_OK : OUTCOME_INTERRUPTED;
		snprintf(series->reason, sizeof(series->reason), "%s",
			 series->repetitions ? "" : "interrupted before it was run");
	}
}

int campaign_run(struct campaign *campaign)
{
	campaign->options.depth = sweep_depth(&campaign->options);
	if (!make_series(campaign)) {
		fputs("kmqcompare: out of memory\n", stderr);
		return -1;
	}
	campaign->interrupted = !run_all(campaign);
	progress_end(&campaign->progress);
	settle(campaign);
	return 0;
}

bool campaign_any_failed(const struct campaign *campaign)
{
	for (size_t i = 0; i < campaign->series_count; i++)
		if (campaign->series[i].outcome == OUTCOME_FAILED)
			return true;
	return false;
}

void campaign_free(struct campaign *campaign)
{
	for (size_t i = 0; i < campaign->series_count; i++)
		free(campaign->series[i].samples);
	free(campaign->series);
}
