/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A histogram of times in fixed memory: 1 ns to 60 s, each kept to three
 * significant digits. The layout is that of HdrHistogram (Gil Tene,
 * https://hdrhistogram.org/, "HdrHistogram: A High Dynamic Range Histogram"):
 * the first 2048 values have a counter each, and every doubling after them has
 * 1024 counters. Debian 12 has no package of its C library, hence this small one.
 */
#ifndef KMQCOMPARE_HISTOGRAM_H
#define KMQCOMPARE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_HIGHEST	60000000000ull	/* ns; what is longer counts as this */
#define HISTOGRAM_HALF_BITS	10
#define HISTOGRAM_HALF		(1u << HISTOGRAM_HALF_BITS)
#define HISTOGRAM_BUCKETS	26		/* 2048 << 25 is more than the highest */
#define HISTOGRAM_COUNTERS	((HISTOGRAM_BUCKETS + 1) * HISTOGRAM_HALF)

/* All zero: empty. */
struct histogram {
	uint64_t count;
	uint64_t min;
	uint64_t max;
	double sum;
	uint32_t counters[HISTOGRAM_COUNTERS];
};

/*
 * One that processes forked later share, empty. NULL if there is no memory; only
 * what is used of it takes any. Not meant to be given back.
 */
struct histogram *histogram_new(void);

/* Empties it; all of it is in memory afterwards. */
void histogram_clear(struct histogram *histogram);

void histogram_record(struct histogram *histogram, uint64_t value);
void histogram_merge(struct histogram *into, const struct histogram *from);

/*
 * The time that @percentile of 100 values do not exceed: the highest one that
 * falls into the same counter. 0 if it is empty.
 */
uint64_t histogram_at(const struct histogram *histogram, double percentile);

double histogram_mean(const struct histogram *histogram);

/**
 * histogram_each_step() - the curve of percentiles
 * @take: called with a percentile, the time there, and how many values are up to
 *	it; the last one is 100
 *
 * HdrHistogram's steps: five to each halving of what is left up to 100 percent.
 */
void histogram_each_step(const struct histogram *histogram,
			 void (*take)(void *context, double percentile, uint64_t value,
				      uint64_t up_to),
			 void *context);

#endif
