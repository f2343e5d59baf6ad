// SPDX-License-Identifier: GPL-2.0-only
/* Three digits of every time, percentiles as they are defined, and their curve. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "histogram.h"

static struct histogram histogram;

static int empty(void **state)
{
	histogram_clear(&histogram);
	return 0;
}

static void every_time_keeps_three_digits(void **state)
{
	for (double value = 1; value < HISTOGRAM_HIGHEST; value *= 1.0137) {
		uint64_t exact = value, told;

		histogram_clear(&histogram);
		histogram_record(&histogram, exact);
		/* A higher one, so that the highest seen does not help. */
		histogram_record(&histogram, HISTOGRAM_HIGHEST);
		told = histogram_at(&histogram, 50);
		assert_true(told >= exact);
		assert_true(told - exact <= exact / 1000);
	}
}

static void small_times_are_exact(void **state)
{
	for (uint64_t value = 0; value < 2048; value++) {
		histogram_clear(&histogram);
		histogram_record(&histogram, value);
		histogram_record(&histogram, 5000);
		assert_int_equal(histogram_at(&histogram, 50), value);
	}
}

static void what_is_too_long_counts_as_the_longest(void **state)
{
	histogram_record(&histogram, UINT64_MAX);
	assert_int_equal(histogram_at(&histogram, 100), HISTOGRAM_HIGHEST);
	assert_int_equal(histogram.max, HISTOGRAM_HIGHEST);
}

static void percentiles_are_those_of_the_sorted_values(void **state)
{
	/* 1 to 1000, in no order. */
	for (uint64_t i = 0; i < 1000; i++)
		histogram_record(&histogram, 1 + i * 7919 % 1000);
	assert_int_equal(histogram.count, 1000);
	assert_int_equal(histogram.min, 1);
	assert_int_equal(histogram.max, 1000);
	assert_true(fabs(histogram_mean(&histogram) - 500.5) < 0.001);
	assert_int_equal(histogram_at(&histogram, 0), 1);
	assert_int_equal(histogram_at(&histogram, 50), 500);
	assert_int_equal(histogram_at(&histogram, 90), 900);
	assert_int_equal(histogram_at(&histogram, 99.9), 999);
	assert_int_equal(histogram_at(&histogram, 100), 1000);
}

static void an_empty_one_has_no_percentiles(void **state)
{
	assert_int_equal(histogram_at(&histogram, 99), 0);
}

static void merged_ones_are_as_if_all_was_in_one(void **state)
{
	static struct histogram one, other, none;

	for (uint64_t i = 0; i < 5000; i++) {
		uint64_t value = i * i * 13 % 1000003;

		histogram_record(&histogram, value);
		histogram_record(i % 3 ? &one : &other, value);
	}
	histogram_merge(&one, &other);
	histogram_merge(&one, &none);
	assert_memory_equal(&one, &histogram, sizeof(one));
}

struct curve {
	unsigned int steps;
	double percentile;
	uint64_t value;
	uint64_t up_to;
};

static void follow(void *context, double percentile, uint64_t value, uint64_t up_to)
{
	struct curve *curve = context;

	if (curve->steps++) {
		assert_true(percentile > curve->percentile);
		assert_true(value >= curve->value);
		assert_true(up_to >= curve->up_to);
	}
	assert_int_equal(value, histogram_at(&histogram, percentile));
	assert_true(up_to * 100.0 >= percentile * histogram.count);
	curve->percentile = percentile;
	curve->value = value;
	curve->up_to = up_to;
}

static void the_curve_rises_to_the_highest_in_halving_steps(void **state)
{
	struct curve curve = { 0 };

	for (uint64_t i = 1; i <= 10000; i++)
		histogram_record(&histogram, i * 37);
	histogram_each_step(&histogram, follow, &curve);
	assert_true(curve.percentile == 100);
	assert_int_equal(curve.value, 370000);
	assert_int_equal(curve.up_to, 10000);
	/* Five for each halving; 10000 can be halved 13 times. */
	assert_in_range(curve.steps, 60, 75);
}

static void an_empty_one_has_no_curve(void **state)
{
	struct curve curve = { 0 };

	histogram_each_step(&histogram, follow, &curve);
	assert_int_equal(curve.steps, 0);
}

static void what_a_child_records_its_parent_sees(void **state)
{
	struct histogram *one = histogram_new(), *other = histogram_new();
	int status;
	pid_t child;

	assert_non_null(one);
	assert_true(one != other);
	child = fork();
	if (!child) {
		histogram_record(one, 77);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(histogram_at(one, 100), 77);
	assert_int_equal(other->count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_time_keeps_three_digits, empty),
		cmocka_unit_test_setup(small_times_are_exact, empty),
		cmocka_unit_test_setup(what_is_too_long_counts_as_the_longest, empty),
		cmocka_unit_test_setup(percentiles_are_those_of_the_sorted_values, empty),
		cmocka_unit_test_setup(an_empty_one_has_no_percentiles, empty),
		cmocka_unit_test_setup(merged_ones_are_as_if_all_was_in_one, empty),
		cmocka_unit_test_setup(the_curve_rises_to_the_highest_in_halving_steps, empty),
		cmocka_unit_test_setup(an_empty_one_has_no_curve, empty),
		cmocka_unit_test_setup(what_a_child_records_its_parent_sees, empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
