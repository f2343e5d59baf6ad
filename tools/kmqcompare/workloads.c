// SPDX-License-Identifier: GPL-2.0-only
/* The table of workloads, and what their files share. */
#include "workload.h"

#include "mechanism.h"

#include <stddef.h>
#include <string.h>

extern const struct workload workload_pair;
extern const struct workload workload_batch;
extern const struct workload workload_oneway;
extern const struct workload workload_oneway_1cpu;
extern const struct workload workload_oneway_batch;
extern const struct workload workload_fan;
extern const struct workload workload_open_loop;
extern const struct workload workload_pingpong;
extern const struct workload workload_pingpong_2cpu;
extern const struct workload workload_select_any;
extern const struct workload workload_select;

const struct workload *const workloads[] = {
	&workload_pair,
	&workload_batch,
	&workload_oneway,
	&workload_oneway_1cpu,
	&workload_oneway_batch,
	&workload_fan,
	&workload_open_loop,
	&workload_pingpong,
	&workload_pingpong_2cpu,
	&workload_select_any,
	&workload_select,
	NULL
};

const struct workload *workload_find(const char *name)
{
	for (const struct workload *const *w = workloads; *w; w++)
		if (!strcmp((*w)->name, name))
			return *w;
	return NULL;
}

const char *workload_wants_single(const struct mechanism *mechanism)
{
	return mechanism->traits & MECHANISM_BATCHES_ONLY ? "moves batches only" : NULL;
}

const char *workload_wants_carrier(const struct mechanism *mechanism)
{
	return mechanism->traits & MECHANISM_CARRIES_NOTHING ? "carries nothing" : NULL;
}

const char *workload_wants_queue(const struct mechanism *mechanism)
{
	const char *why = workload_wants_carrier(mechanism);

	if (why)
		return why;
	return mechanism->traits & MECHANISM_OVERWRITES ? "overwrites what is not yet received"
							 : NULL;
}

const char *workload_wants_single_carrier(const struct mechanism *mechanism)
{
	const char *why = workload_wants_carrier(mechanism);

	return why ? why : workload_wants_single(mechanism);
}
