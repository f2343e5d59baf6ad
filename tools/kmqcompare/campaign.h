/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A campaign: all series of one run of `bench`, planned, sized, and repeated
 * interleaved.
 */
#ifndef KMQCOMPARE_CAMPAIGN_H
#define KMQCOMPARE_CAMPAIGN_H

#include "machine.h"
#include "progress.h"
#include "series.h"

#define NAMES_MAX	64

/**
 * struct campaign
 * @options: as told; campaign_run() completes them
 * @mechanisms: to run; none: all, or without the variants in a quick run
 * @workloads: the same
 * @interrupted: ended before its time; what there is, is right
 */
struct campaign {
	struct bench_options options;
	const struct mechanism *mechanisms[NAMES_MAX];
	unsigned int mechanism_count;
	const struct workload *workloads[NAMES_MAX];
	unsigned int workload_count;
	bool verbose;
	struct machine machine;
	struct progress progress;
	struct series *series;
	size_t series_count;
	uint64_t overhead_ns;	/* of trials, for what is not measured in them */
	uint64_t trials;
	bool interrupted;
};

/* What was asked for; else all. The harness is always needed. */
bool campaign_wants(const struct campaign *campaign, const struct mechanism *mechanism);

/* Runs it; the machine was looked at, trial_setup() called. 0, or -1 with a sentence on stderr. */
int campaign_run(struct campaign *campaign);

bool campaign_any_failed(const struct campaign *campaign);

void campaign_free(struct campaign *campaign);

#endif
