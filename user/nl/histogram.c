// SPDX-License-Identifier: LGPL-2.1-or-later
/* What histograms say. */
#include <errno.h>

#include "internal.h"

/* Of bucket 0: it has all times below 1 << this. */
#define FIRST_SHIFT	10

uint64_t kmq_nl_histogram_total(const struct kmq_nl_histogram *histogram)
{
	uint64_t total = 0;

	for (unsigned int i = 0; i < KMQ_HISTOGRAM_BUCKETS; i++)
		total += histogram->bucket[i];
	return total;
}

int kmq_nl_histogram_bounds(unsigned int bucket, uint64_t *lowest, uint64_t *highest)
{
	if (bucket >= KMQ_HISTOGRAM_BUCKETS) {
		errno = EINVAL;
		return -1;
	}
	*lowest = bucket ? 1ull << (bucket + FIRST_SHIFT - 1) : 0;
	*highest = bucket < KMQ_HISTOGRAM_BUCKETS - 1 ? (1ull << (bucket + FIRST_SHIFT)) - 1 : UINT64_MAX;
	return 0;
}

uint64_t kmq_nl_histogram_percentile(const struct kmq_nl_histogram *histogram, double percent)
{
	double wanted = (double)kmq_nl_histogram_total(histogram) * percent / 100, seen = 0;
	uint64_t lowest, highest = 0;

	for (unsigned int i = 0; i < KMQ_HISTOGRAM_BUCKETS; i++) {
		if (!histogram->bucket[i])
			continue;
		kmq_nl_histogram_bounds(i, &lowest, &highest);
		seen += (double)histogram->bucket[i];
		if (seen >= wanted)
			break;
	}
	return highest;
}
