/* SPDX-License-Identifier: GPL-2.0-only */
/* What is said of several repetitions of one measurement. */
#ifndef KMQCOMPARE_STATISTICS_H
#define KMQCOMPARE_STATISTICS_H

#include <stddef.h>

struct spread {
	double median;
	double min;
	double max;
};

/* More values than these are none of ours, and have no statistics: NAN. */
#define VALUES_MAX	1000

/*
 * With an even count the median is a mean of two. NAN of no values, or if one of
 * them is no number.
 */
struct spread spread_of(const double *values, size_t count);

/*
 * Fewer values than these have no interval: of two equal mechanisms, three values
 * of each are all on one side of 1 in a quarter of all cases.
 */
#define INTERVAL_VALUES	6

/* Where a median lies, at 95%. NAN where it has no interval. */
struct interval {
	double median;
	double low;
	double high;
};

/*
 * By the percentile bootstrap: of 2000 resamples, what is between the lowest and
 * the highest 2.5%. The same values always have the same interval.
 */
struct interval interval_of_median(const double *values, size_t count);

/* The same of the median of one over that of the other, drawn apart. */
struct interval interval_of_ratio(const double *values, size_t count, const double *others,
				  size_t other_count);

/*
 * What the interval of a ratio of costs allows to say: "faster" or "slower" only
 * if 1 is outside, else "same"; NULL if there is no interval, or one that no ratio of
 * costs can have.
 */
const char *interval_verdict(const struct interval *interval);

#endif
