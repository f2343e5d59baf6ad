// SPDX-License-Identifier: GPL-2.0-only
/* What is said of repetitions, and what is not said of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "statistics.h"

#define COUNT	10

static void the_median_of_an_even_count_is_between_the_two(void **state)
{
	const double values[] = { 4, 1, 3, 100 };
	struct spread spread = spread_of(values, 4);

	assert_true(spread.median == 3.5);
	assert_true(spread.min == 1);
	assert_true(spread.max == 100);
	assert_true(spread_of(values, 3).median == 3);
	assert_true(spread_of(values, 1).median == 4);
}

static void an_interval_contains_its_median_and_is_within_the_values(void **state)
{
	const double values[COUNT] = { 7, 3, 9, 1, 5, 2, 8, 10, 4, 6 };
	struct interval interval = interval_of_median(values, COUNT);

	assert_true(interval.median == 5.5);
	assert_true(interval.low >= 1 && interval.low < 5.5);
	assert_true(interval.high > 5.5 && interval.high <= 10);
}

/*
 * The median of 10 lies between the 2nd and the 9th value in 97.9% of all cases,
 * between the 3rd and the 8th in 89% (binomial). So an interval of 95% ends
 * between these.
 */
static void an_interval_is_about_as_wide_as_it_should_be(void **state)
{
	const double values[COUNT] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
	struct interval interval = interval_of_median(values, COUNT);

	assert_true(interval.low >= 2 && interval.low <= 3.5);
	assert_true(interval.high >= 7.5 && interval.high <= 9);
}

static void the_same_values_have_the_same_interval(void **state)
{
	const double values[COUNT] = { 7, 3, 9, 1, 5, 2, 8, 10, 4, 6 };
	struct interval one = interval_of_median(values, COUNT);
	struct interval other = interval_of_median(values, COUNT);

	assert_memory_equal(&one, &other, sizeof(one));
}

static void values_without_spread_have_an_interval_without_width(void **state)
{
	const double values[COUNT] = { 2, 2, 2, 2, 2, 2, 2, 2, 2, 2 };
	struct interval interval = interval_of_median(values, COUNT);

	assert_true(interval.low == 2 && interval.high == 2);
}

static void few_values_allow_no_verdict(void **state)
{
	const double values[] = { 0.5, 0.5, 0.5, 0.5, 0.5 };

	for (size_t count = 1; count <= 5; count++) {
		struct interval interval = interval_of_median(values, count);

		assert_true(interval.median == 0.5);
		assert_true(isnan(interval.low) && isnan(interval.high));
		assert_null(interval_verdict(&interval));
	}
}

static void a_verdict_needs_an_interval_that_excludes_one(void **state)
{
	struct interval interval = { 0.8, 0.7, 0.9999 };

	assert_string_equal(interval_verdict(&interval), "faster");
	interval.high = 1;
	assert_string_equal(interval_verdict(&interval), "same");
	interval = (struct interval){ 1.2, 1, 1.3 };
	assert_string_equal(interval_verdict(&interval), "same");
	interval.low = 1.0001;
	assert_string_equal(interval_verdict(&interval), "slower");
}

static void a_ratio_that_no_costs_can_have_allows_no_verdict(void **state)
{
	struct interval interval = { 0.5, -0.1, 0.9 };

	assert_null(interval_verdict(&interval));
	interval = (struct interval){ -0.5, -INFINITY, 0.9 };
	assert_null(interval_verdict(&interval));
	interval = (struct interval){ 0.5, 0, 0.9 };
	assert_null(interval_verdict(&interval));
}

static void what_is_no_number_has_no_statistics(void **state)
{
	const double values[] = { 0.5, 0.5, 0.5, NAN, 0.5, 0.5 };
	struct interval interval = interval_of_median(values, 6);

	assert_true(isnan(interval.median) && isnan(interval.low) && isnan(interval.high));
	assert_true(isnan(spread_of(values, 6).median));
	assert_true(isnan(spread_of(values, 0).median));
	assert_true(spread_of(values, 3).median == 0.5);
}

static void too_many_values_do_no_harm(void **state)
{
	static double values[VALUES_MAX + 1];

	assert_true(interval_of_median(values, VALUES_MAX).median == 0);
	assert_true(isnan(interval_of_median(values, VALUES_MAX + 1).median));
	assert_true(isnan(interval_of_ratio(values, 10, values, VALUES_MAX + 1).median));
}

/* Unpaired: either side's doubt is in it. */
static void a_ratio_of_two_runs_is_as_doubtful_as_both(void **state)
{
	const double still[COUNT] = { 10, 10, 10, 10, 10, 10, 10, 10, 10, 10 };
	const double wild[COUNT] = { 2, 30, 4, 25, 8, 15, 9, 14, 10, 12 };
	struct interval interval = interval_of_ratio(still, COUNT, wild, COUNT);

	assert_true(interval.low < 1 && interval.high > 1);
	assert_string_equal(interval_verdict(&interval), "same");
	interval = interval_of_ratio(wild, COUNT, still, COUNT);
	assert_true(interval.low < 1 && interval.high > 1);
}

static void twice_the_cost_is_twice_the_cost(void **state)
{
	const double old[COUNT] = { 10, 11, 10, 11, 10, 11, 10, 11, 10, 11 };
	double new[COUNT];
	struct interval interval;

	for (size_t i = 0; i < COUNT; i++)
		new[i] = 2 * old[i];
	interval = interval_of_ratio(new, COUNT, old, COUNT);
	assert_true(interval.median == 2);
	assert_string_equal(interval_verdict(&interval), "slower");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_median_of_an_even_count_is_between_the_two),
		cmocka_unit_test(an_interval_contains_its_median_and_is_within_the_values),
		cmocka_unit_test(an_interval_is_about_as_wide_as_it_should_be),
		cmocka_unit_test(the_same_values_have_the_same_interval),
		cmocka_unit_test(values_without_spread_have_an_interval_without_width),
		cmocka_unit_test(few_values_allow_no_verdict),
		cmocka_unit_test(a_verdict_needs_an_interval_that_excludes_one),
		cmocka_unit_test(a_ratio_that_no_costs_can_have_allows_no_verdict),
		cmocka_unit_test(what_is_no_number_has_no_statistics),
		cmocka_unit_test(too_many_values_do_no_harm),
		cmocka_unit_test(a_ratio_of_two_runs_is_as_doubtful_as_both),
		cmocka_unit_test(twice_the_cost_is_twice_the_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
