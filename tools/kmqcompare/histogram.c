// SPDX-License-Identifier: GPL-2.0-only
#include "histogram.h"

#include <math.h>
#include <string.h>
#include <sys/mman.h>

#define STEPS_PER_HALVING	5
#define CHUNK			64	/* histograms */

/*
 * Bucket b counts in units of 2^b. Bucket 0 has values below 2048; each other one
 * has the upper half of that only, as its lower half is the bucket before it.
 */
static unsigned int index_of(uint64_t value)
{
	unsigned int bucket = 63 - __builtin_clzll(value | (2 * HISTOGRAM_HALF - 1)) -
			      HISTOGRAM_HALF_BITS;

	return (bucket << HISTOGRAM_HALF_BITS) + (value >> bucket);
}

/* The highest value that has this counter. */
static uint64_t highest_at(unsigned int index)
{
	unsigned int bucket = index >> HISTOGRAM_HALF_BITS;

	bucket -= bucket > 0;
	return ((uint64_t)(index - (bucket << HISTOGRAM_HALF_BITS) + 1) << bucket) - 1;
}

/* Many in one mapping: every fork copies the list of mappings. */
struct histogram *histogram_new(void)
{
	static struct histogram *chunk = MAP_FAILED;
	static unsigned int used;

	if (chunk == MAP_FAILED || used == CHUNK) {
		chunk = mmap(NULL, CHUNK * sizeof(*chunk), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		used = 0;
	}
	return chunk == MAP_FAILED ? NULL : &chunk[used++];
}

void histogram_clear(struct histogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
}

void histogram_record(struct histogram *histogram, uint64_t value)
{
	if (value > HISTOGRAM_HIGHEST)
		value = HISTOGRAM_HIGHEST;
	histogram->counters[index_of(value)]++;
	if (!histogram->count++ || value < histogram->min)
		histogram->min = value;
	if (value > histogram->max)
		histogram->max = value;
	histogram->sum += value;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	if (!from->count)
		return;
	for (unsigned int i = index_of(from->min); i <= index_of(from->max); i++)
		if (from->counters[i])
			into->counters[i] += from->counters[i];
	if (!into->count || from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
	into->count += from->count;
	into->sum += from->sum;
}

/* No value is higher than the highest one seen. */
static uint64_t told(const struct histogram *histogram, unsigned int index)
{
	uint64_t highest = highest_at(index);

	return highest < histogram->max ? highest : histogram->max;
}

/* How many values are up to a percentile. What is a whole number but for rounding, is one. */
static uint64_t values_up_to(const struct histogram *histogram, double percentile)
{
	return ceil(percentile * histogram->count / 100 - 1e-6);
}

uint64_t histogram_at(const struct histogram *histogram, double percentile)
{
	uint64_t wanted = values_up_to(histogram, percentile);
	uint64_t up_to = 0;

	if (!histogram->count)
		return 0;
	for (unsigned int i = index_of(histogram->min); i < HISTOGRAM_COUNTERS; i++) {
		up_to += histogram->counters[i];
		if (up_to && up_to >= wanted)
			return told(histogram, i);
	}
	return histogram->max;
}

double histogram_mean(const struct histogram *histogram)
{
	return histogram->sum / histogram->count;
}

/* How far the next step is from this percentile. */
static double step_at(double percentile)
{
	double halvings = floor(log2(100 / (100 - percentile))) + 1;

	return 100 / (STEPS_PER_HALVING * exp2(halvings));
}

void histogram_each_step(const struct histogram *histogram,
			 void (*take)(void *context, double percentile, uint64_t value,
				      uint64_t up_to),
			 void *context)
{
	unsigned int i = histogram->count ? index_of(histogram->min) : 0;
	uint64_t up_to = histogram->count ? histogram->counters[i] : 0;
	double percentile = 0;

	while (up_to < histogram->count) {
		if (up_to < values_up_to(histogram, percentile)) {
			up_to += histogram->counters[++i];
			continue;
		}
		take(context, percentile, told(histogram, i), up_to);
		percentile += step_at(percentile);
	}
	if (histogram->count)
		take(context, 100, histogram->max, histogram->count);
}
