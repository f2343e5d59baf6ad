// SPDX-License-Identifier: GPL-2.0-only
#include "statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define RESAMPLES	2000
#define TAIL		50	/* resamples: 2.5% */

static int ascending(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static void sort(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), ascending);
}

/* False if they have no statistics. */
static bool copy_sorted(double sorted[VALUES_MAX], const double *values, size_t count)
{
	if (!count || count > VALUES_MAX)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!isfinite(values[i]))
			return false;
	memcpy(sorted, values, count * sizeof(*values));
	sort(sorted, count);
	return true;
}

static double median_of_sorted(const double *sorted, size_t count)
{
	return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

struct spread spread_of(const double *values, size_t count)
{
	double sorted[VALUES_MAX];

	if (!copy_sorted(sorted, values, count))
		return (struct spread){ NAN, NAN, NAN };
	return (struct spread){
		.median = median_of_sorted(sorted, count),
		.min = sorted[0],
		.max = sorted[count - 1],
	};
}

static uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 32;
}

/*
 * The median of as many values drawn, with replacement, as there are: how often
 * each of the sorted ones was drawn says where it is.
 */
static double resampled_median(const double *sorted, size_t count, uint64_t *state)
{
	size_t drawn[VALUES_MAX], i = 0, up_to;
	double lower;

	memset(drawn, 0, count * sizeof(*drawn));
	for (size_t n = 0; n < count; n++)
		drawn[draw(state) * count >> 32]++;
	for (up_to = drawn[0]; up_to <= (count - 1) / 2; up_to += drawn[i])
		i++;
	lower = sorted[i];
	for (; up_to <= count / 2; up_to += drawn[i])
		i++;
	return (lower + sorted[i]) / 2;
}

static struct interval none(double median)
{
	return (struct interval){ median, NAN, NAN };
}

/* Of the statistics of all resamples, which it sorts. */
static struct interval percentiles(double median, double *resampled)
{
	sort(resampled, RESAMPLES);
	return (struct interval){ median, resampled[TAIL], resampled[RESAMPLES - 1 - TAIL] };
}

struct interval interval_of_median(const double *values, size_t count)
{
	double sorted[VALUES_MAX], resampled[RESAMPLES];
	uint64_t state = 88172645463325252u;

	if (!copy_sorted(sorted, values, count))
		return none(NAN);
	if (count < INTERVAL_VALUES)
		return none(median_of_sorted(sorted, count));
	for (size_t i = 0; i < RESAMPLES; i++)
		resampled[i] = resampled_median(sorted, count, &state);
	return percentiles(median_of_sorted(sorted, count), resampled);
}

struct interval interval_of_ratio(const double *values, size_t count, const double *others,
				  size_t other_count)
{
	double sorted[VALUES_MAX], other_sorted[VALUES_MAX], resampled[RESAMPLES];
	uint64_t state = 88172645463325252u;
	double ratio;

	if (!copy_sorted(sorted, values, count) ||
	    !copy_sorted(other_sorted, others, other_count))
		return none(NAN);
	ratio = median_of_sorted(sorted, count) / median_of_sorted(other_sorted, other_count);
	if (count < INTERVAL_VALUES || other_count < INTERVAL_VALUES)
		return none(ratio);
	for (size_t i = 0; i < RESAMPLES; i++) {
		double one = resampled_median(sorted, count, &state);

		resampled[i] = one / resampled_median(other_sorted, other_count, &state);
	}
	return percentiles(ratio, resampled);
}

const char *interval_verdict(const struct interval *interval)
{
	if (!(isfinite(interval->low) && isfinite(interval->high)) || interval->low <= 0)
		return NULL;
	if (interval->high < 1)
		return "faster";
	return interval->low > 1 ? "slower" : "same";
}
