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

/* Of @count values, 1 or more. With an even count the median is a mean of two. */
struct spread spread_of(const double *values, size_t count);

#endif
