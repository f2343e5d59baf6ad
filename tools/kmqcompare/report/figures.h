/* SPDX-License-Identifier: GPL-2.0-only */
/* Which plots there are, and how their lines come from the measurements. */
#ifndef KMQCOMPARE_REPORT_FIGURES_H
#define KMQCOMPARE_REPORT_FIGURES_H

#include "input.h"
#include "plots.h"

/**
 * struct figure - a plot of several panels, one for each family
 * @title: of it
 * @text: what it shows and how to read it, in a few sentences
 * @needs: what has to be measured for it: a workload
 * @counted: of a run that counted instructions, not of a timed one
 * @make: the plot; without panels if the files do not have it. Freed by chart_free()
 */
struct figure {
	const char *title;
	const char *text;
	const char *needs;
	bool counted;
	struct chart *(*make)(const struct input *input);
};

extern const struct figure figure_throughput;
extern const struct figure figure_instructions;
extern const struct figure figure_round_trips;
extern const struct figure figure_round_trip_instructions;
extern const struct figure figure_percentiles;
extern const struct figure figure_percentiles_apart;
extern const struct figure figure_open_loop_low;
extern const struct figure figure_open_loop_middle;
extern const struct figure figure_open_loop_high;
extern const struct figure figure_costs;
extern const struct figure figure_round_trip_parts;
extern const struct figure figure_fan;
extern const struct figure figure_capacity;
extern const struct figure figure_batch;
extern const struct figure figure_processors;
extern const struct figure figure_round_trip_processors;
extern const struct figure figure_selection;

/*
 * What a round trip on one processor is made of, in instructions: handling the two
 * messages (measured in one process, that never waits), of which copying (what
 * grows with the size), and the rest: sleeping, waking and switching.
 */
struct round_trip {
	double handling, copying, switching;
};

struct round_trip round_trip_of(const struct source *counted, const char *mechanism, double size);

#endif
