// SPDX-License-Identifier: GPL-2.0-only
#include "sweep.h"

#include <string.h>

#define LIST(...)	{ { __VA_ARGS__ }, sizeof((uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t) }
#define SAME_IN_FULL	{ { 0 }, 0 }

/* Which axis has which values, in a quick run and in a full one. */
static const struct sweep {
	const char *workload;
	enum axis axis;
	struct list quick;
	struct list full;
	bool only_counted;	/* only where instructions are counted */
} sweeps[] = {
	{ "pair", AXIS_SIZE, LIST(8, 64, 512, 4096, 65536),
	  LIST(8, 16, 64, 256, 1024, 4096, 16384, 65536), true },
	{ "oneway", AXIS_SIZE, LIST(8, 64, 512, 4096, 65536),
	  LIST(8, 16, 64, 256, 1024, 4096, 16384, 65536), false },
	{ "oneway", AXIS_CAPACITY, LIST(1, 16, 256), SAME_IN_FULL, false },
	{ "oneway-batch", AXIS_BATCH, LIST(1, 8, 32, 256), SAME_IN_FULL, false },
	{ "open-loop", AXIS_LOAD, LIST(10, 50, 80), SAME_IN_FULL, false },
	{ "pingpong", AXIS_SIZE, LIST(8, 64, 512, 4096, 65536),
	  LIST(8, 16, 64, 256, 1024, 4096, 16384, 65536), false },
};

/* Senders and receivers; one each is `oneway` as well. */
static const struct point fans_quick[] = {
	{ .senders = 2, .receivers = 1 }, { .senders = 1, .receivers = 2 },
	{ .senders = 2, .receivers = 2 }, { .senders = 4, .receivers = 4 },
};

static const struct point fans_full[] = {
	{ .senders = 1, .receivers = 1 }, { .senders = 1, .receivers = 2 },
	{ .senders = 1, .receivers = 4 }, { .senders = 2, .receivers = 1 },
	{ .senders = 2, .receivers = 2 }, { .senders = 2, .receivers = 4 },
	{ .senders = 4, .receivers = 1 }, { .senders = 4, .receivers = 2 },
	{ .senders = 4, .receivers = 4 },
};

const char *axis_name(enum axis axis)
{
	static const char *const names[AXES] = {
		[AXIS_SIZE] = "size",
		[AXIS_CAPACITY] = "capacity",
		[AXIS_BATCH] = "batch",
		[AXIS_SENDERS] = "senders",
		[AXIS_RECEIVERS] = "receivers",
		[AXIS_LOAD] = "load",
	};

	return names[axis];
}

static uint32_t *value_at(struct point *point, enum axis axis)
{
	switch (axis) {
	case AXIS_SIZE:
		return &point->size;
	case AXIS_CAPACITY:
		return &point->capacity;
	case AXIS_BATCH:
		return &point->batch;
	case AXIS_SENDERS:
		return &point->senders;
	case AXIS_RECEIVERS:
		return &point->receivers;
	default:
		return &point->load;
	}
}

uint32_t point_at(const struct point *point, enum axis axis)
{
	struct point copy = *point;

	return *value_at(&copy, axis);
}

/* Whether the workload knows this axis at all. */
static bool has_axis(const struct workload *workload, enum axis axis)
{
	switch (axis) {
	case AXIS_SIZE:
		return true;
	case AXIS_CAPACITY:
		return !workload->capacity;
	case AXIS_BATCH:
		return workload->batches;
	case AXIS_SENDERS:
	case AXIS_RECEIVERS:
		return !workload->workers;
	default:
		return workload->paced_by;
	}
}

/* The default, unless the command line has other values only. */
static uint32_t base_value(const struct list *told, uint32_t fallback)
{
	for (unsigned int i = 0; i < told->count; i++)
		if (told->values[i] == fallback)
			return fallback;
	return told->count ? told->values[0] : fallback;
}

struct point sweep_base(const struct workload *workload, const struct bench_options *options)
{
	static const struct point defaults = {
		.size = 64, .capacity = 64, .batch = 32, .senders = 2, .receivers = 2, .load = 50,
	};
	struct point point = { .capacity = 64, .batch = 1, .senders = 1, .receivers = 1 };

	for (enum axis axis = 0; axis < AXES; axis++)
		if (has_axis(workload, axis))
			*value_at(&point, axis) = base_value(&options->axes[axis],
							     point_at(&defaults, axis));
	return point;
}

static size_t add(struct point *points, size_t count, const struct point *point)
{
	for (size_t i = 0; i < count; i++)
		if (point_equal(&points[i], point))
			return count;
	if (count < POINTS_MAX)
		points[count++] = *point;
	return count;
}

static size_t add_values(struct point *points, size_t count, enum axis axis,
			 const struct list *values)
{
	for (unsigned int i = 0; i < values->count; i++) {
		struct point point = points[0];

		*value_at(&point, axis) = values->values[i];
		count = add(points, count, &point);
	}
	return count;
}

static size_t add_sweeps(struct point *points, size_t count, const struct workload *workload,
			 const struct bench_options *options, bool counting)
{
	for (size_t i = 0; i < sizeof(sweeps) / sizeof(*sweeps); i++) {
		const struct sweep *sweep = &sweeps[i];

		if (strcmp(sweep->workload, workload->name) || options->axes[sweep->axis].count ||
		    (sweep->only_counted && !counting))
			continue;
		count = add_values(points, count, sweep->axis,
				   options->quick || !sweep->full.count ? &sweep->quick
									: &sweep->full);
	}
	return count;
}

static size_t add_fan(struct point *points, size_t count, uint32_t senders, uint32_t receivers)
{
	struct point point = points[0];

	point.senders = senders;
	point.receivers = receivers;
	return add(points, count, &point);
}

static size_t add_all_fans(struct point *points, size_t count, const struct bench_options *options)
{
	const struct point *fans = options->quick ? fans_quick : fans_full;
	size_t fan_count = options->quick ? sizeof(fans_quick) / sizeof(*fans_quick)
					  : sizeof(fans_full) / sizeof(*fans_full);

	for (size_t i = 0; i < fan_count; i++)
		count = add_fan(points, count, fans[i].senders, fans[i].receivers);
	return count;
}

/* Every one told with every other; if only one of the two was told, with the base. */
static size_t add_told_fans(struct point *points, size_t count, const struct bench_options *options)
{
	struct list senders = options->axes[AXIS_SENDERS];
	struct list receivers = options->axes[AXIS_RECEIVERS];

	if (!senders.count)
		senders = (struct list){ { points[0].senders }, 1 };
	if (!receivers.count)
		receivers = (struct list){ { points[0].receivers }, 1 };
	for (unsigned int s = 0; s < senders.count; s++)
		for (unsigned int r = 0; r < receivers.count; r++)
			count = add_fan(points, count, senders.values[s], receivers.values[r]);
	return count;
}

size_t sweep_points(const struct workload *workload, const struct bench_options *options,
		    bool counting, struct point *points)
{
	bool fans = has_axis(workload, AXIS_SENDERS);
	bool told_fans = options->axes[AXIS_SENDERS].count || options->axes[AXIS_RECEIVERS].count;
	size_t count = 1;

	points[0] = sweep_base(workload, options);
	for (enum axis axis = 0; axis < AXES; axis++)
		if (axis != AXIS_SENDERS && axis != AXIS_RECEIVERS && has_axis(workload, axis))
			count = add_values(points, count, axis, &options->axes[axis]);
	if (fans && told_fans)
		count = add_told_fans(points, count, options);
	if (options->no_sweeps)
		return count;
	count = add_sweeps(points, count, workload, options, counting);
	return fans && !told_fans ? add_all_fans(points, count, options) : count;
}

uint32_t sweep_imposed_batch(const struct workload *workload, const struct mechanism *mechanism,
			     const struct bench_options *options)
{
	if (!(mechanism->traits & MECHANISM_BATCHES_ONLY) || workload->batches)
		return 0;
	return sweep_base(workload_find("batch"), options).batch;
}

uint32_t sweep_depth(const struct bench_options *options)
{
	if (options->depth)
		return options->depth;
	return options->quick ? 1000 : 10000;
}
