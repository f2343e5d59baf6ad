// SPDX-License-Identifier: GPL-2.0-only
/* Which points a workload is run at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "campaign.h"
#include "mechanism.h"
#include "sweep.h"

static struct point points[POINTS_MAX];
static const struct bench_options full, quick = { .quick = true };

static size_t points_of(const char *workload, const struct bench_options *options)
{
	return sweep_points(workload_find(workload), options, false, points);
}

static bool has(size_t count, enum axis axis, uint32_t value)
{
	for (size_t i = 0; i < count; i++)
		if (point_at(&points[i], axis) == value)
			return true;
	return false;
}

static unsigned int axes_between(const struct point *a, const struct point *b)
{
	unsigned int count = 0;

	for (enum axis axis = 0; axis < AXES; axis++)
		count += point_at(a, axis) != point_at(b, axis);
	return count;
}

static void the_base_point_is_the_first(void **state)
{
	for (const struct workload *const *w = workloads; *w; w++) {
		assert_true(points_of((*w)->name, &full) >= 1);
		assert_int_equal(points[0].size, 64);
		assert_int_equal(points[0].capacity, 64);
		assert_int_equal(points[0].batch, (*w)->batches ? 32 : 1);
	}
}

static void no_point_comes_twice_and_one_axis_is_varied_at_a_time(void **state)
{
	for (const struct workload *const *w = workloads; *w; w++) {
		size_t count = points_of((*w)->name, &full);

		for (size_t i = 1; i < count; i++) {
			if ((*w)->workers)
				assert_int_equal(axes_between(&points[0], &points[i]), 1);
			for (size_t k = 0; k < i; k++)
				assert_false(point_equal(&points[k], &points[i]));
		}
	}
}

static void a_quick_run_has_some_of_the_points_of_a_full_one(void **state)
{
	assert_int_equal(points_of("pingpong", &quick), 5);
	assert_int_equal(points_of("pingpong", &full), 8);
	assert_int_equal(points_of("fan", &quick), 4);
	assert_int_equal(points_of("fan", &full), 9);
}

static void one_way_is_run_at_every_size_and_capacity(void **state)
{
	static const uint32_t sizes[] = { 8, 64, 512, 4096, 65536 };
	static const uint32_t capacities[] = { 1, 16, 64, 256 };
	size_t count = points_of("oneway", &quick);

	for (size_t i = 0; i < 5; i++)
		assert_true(has(count, AXIS_SIZE, sizes[i]));
	for (size_t i = 0; i < 4; i++)
		assert_true(has(count, AXIS_CAPACITY, capacities[i]));
	assert_int_equal(count, 8);
}

static void an_open_loop_has_three_loads_and_nothing_else_has_any(void **state)
{
	size_t count = points_of("open-loop", &quick);

	assert_int_equal(count, 3);
	assert_true(has(count, AXIS_LOAD, 10));
	assert_true(has(count, AXIS_LOAD, 50));
	assert_true(has(count, AXIS_LOAD, 80));
	points_of("oneway", &quick);
	assert_int_equal(points[0].load, 0);
}

static void the_bare_call_is_swept_only_where_instructions_are_counted(void **state)
{
	assert_int_equal(points_of("pair", &full), 1);
	assert_int_equal(sweep_points(workload_find("pair"), &full, true, points), 8);
}

static void what_is_told_takes_the_place_of_a_sweep(void **state)
{
	struct bench_options options = { .axes[AXIS_SIZE] = { { 16, 4096 }, 2 } };

	assert_int_equal(points_of("pair", &options), 2);
	assert_int_equal(points[0].size, 16);
	assert_int_equal(points[1].size, 4096);
	assert_int_equal(points_of("pingpong", &options), 2);
	/* The other axes stay. */
	assert_int_equal(points_of("oneway", &options), 5);
}

static void the_base_point_stays_if_it_is_among_what_is_told(void **state)
{
	struct bench_options options = { .axes[AXIS_SIZE] = { { 16, 64, 4096 }, 3 } };

	points_of("pair", &options);
	assert_int_equal(points[0].size, 64);
}

static void told_senders_go_with_told_receivers(void **state)
{
	struct bench_options options = {
		.axes[AXIS_SENDERS] = { { 1, 4 }, 2 }, .axes[AXIS_RECEIVERS] = { { 2, 3 }, 2 },
	};
	size_t count = points_of("fan", &options);

	assert_int_equal(count, 4);
	assert_true(has(count, AXIS_RECEIVERS, 3));
	assert_int_equal(points_of("oneway", &options), points_of("oneway", &full));
}

static void without_sweeps_there_is_the_base_and_what_is_told(void **state)
{
	struct bench_options options = {
		.no_sweeps = true, .axes[AXIS_CAPACITY] = { { 1, 16 }, 2 },
	};

	assert_int_equal(points_of("pingpong", &options), 2);
	options.axes[AXIS_CAPACITY].count = 0;
	for (const struct workload *const *w = workloads; *w; w++)
		assert_int_equal(points_of((*w)->name, &options), 1);
}

static void the_depth_can_be_told(void **state)
{
	struct bench_options options = { .depth = 7 };

	assert_int_equal(sweep_depth(&options), 7);
	assert_int_equal(sweep_depth(&full), 10000);
}

static void variants_are_for_a_full_run_or_by_name(void **state)
{
	struct campaign campaign = { .options.quick = false };
	const struct mechanism *variant = mechanism_find("kmq-ring-mpsc-spin");
	const struct mechanism *other = mechanism_find("kmq-ring-spin");

	assert_true(variant->traits & MECHANISM_IS_VARIANT);
	assert_false(other->traits & MECHANISM_IS_VARIANT);
	assert_true(campaign_wants(&campaign, variant));
	campaign.options.quick = true;
	assert_false(campaign_wants(&campaign, variant));
	assert_true(campaign_wants(&campaign, other));
	campaign.mechanisms[campaign.mechanism_count++] = variant;
	assert_true(campaign_wants(&campaign, variant));
	assert_false(campaign_wants(&campaign, other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_base_point_is_the_first),
		cmocka_unit_test(no_point_comes_twice_and_one_axis_is_varied_at_a_time),
		cmocka_unit_test(a_quick_run_has_some_of_the_points_of_a_full_one),
		cmocka_unit_test(one_way_is_run_at_every_size_and_capacity),
		cmocka_unit_test(an_open_loop_has_three_loads_and_nothing_else_has_any),
		cmocka_unit_test(the_bare_call_is_swept_only_where_instructions_are_counted),
		cmocka_unit_test(what_is_told_takes_the_place_of_a_sweep),
		cmocka_unit_test(the_base_point_stays_if_it_is_among_what_is_told),
		cmocka_unit_test(told_senders_go_with_told_receivers),
		cmocka_unit_test(without_sweeps_there_is_the_base_and_what_is_told),
		cmocka_unit_test(the_depth_can_be_told),
		cmocka_unit_test(variants_are_for_a_full_run_or_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
