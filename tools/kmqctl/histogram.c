// SPDX-License-Identifier: GPL-2.0-only
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "histogram.h"
#include "memory.h"
#include "text.h"

#define BAR_MIN		10
#define BAR_MAX		60
#define EIGHTHS		8
#define BLOCK_BYTES	3	/* of one of the characters below */

/* One to eight eighths of a cell. */
static const char *const blocks[EIGHTHS] = {
	"▏", "▎", "▍", "▌", "▋", "▊", "▉", "█",
};

static const struct {
	double percent;
	const char *label, *key;
} percentiles[] = {
	{ 50, "50%", "p50" }, { 90, "90%", "p90" },
	{ 99, "99%", "p99" },
	{ 99.9, "99.9%", "p99_9" }, { 100, "all", "max" },
};

#define PERCENTILES (sizeof(percentiles) / sizeof(*percentiles))

char *bar_draw(double part, double whole, unsigned int cells, bool unicode)
{
	unsigned int steps = unicode ? EIGHTHS : 1;
	double share = whole > 0 ? part / whole : 0;
	unsigned int filled = (unsigned int)((share < 1 ? share : 1) * cells * steps);
	char *bar = memory_get(cells * BLOCK_BYTES + 1), *out = bar;

	if (!filled && part > 0)
		filled = 1;
	for (unsigned int i = 0; i < filled / steps; i++)
		out = stpcpy(out, unicode ? blocks[EIGHTHS - 1] : "#");
	if (filled % steps)
		stpcpy(out, blocks[filled % steps - 1]);
	return bar;
}

/* The bound of a bucket as people say it: 1023 ns is where 1us begins. */
static char *bound(uint64_t highest)
{
	if (highest == UINT64_MAX)
		return memory_print("longer");
	return text_duration(highest + 1);
}

static void draw_percentiles(const struct kmq_nl_histogram *histogram, FILE *out)
{
	for (size_t i = 0; i < PERCENTILES; i++) {
		uint64_t ns = kmq_nl_histogram_percentile(histogram, percentiles[i].percent);
		bool bounded = ns != UINT64_MAX;
		uint64_t lowest = 0, highest;
		char *text;

		if (!bounded)
			kmq_nl_histogram_bounds(KMQ_HISTOGRAM_BUCKETS - 1, &lowest, &highest);
		text = text_duration(bounded ? ns + 1 : lowest);
		fprintf(out, "%s %s %s %s", i ? "," : " ", percentiles[i].label,
			bounded ? "<" : ">", text);
		free(text);
	}
	fputc('\n', out);
}

static void draw_bucket(const struct kmq_nl_histogram *histogram, unsigned int bucket,
			uint64_t most, int digits, unsigned int cells, bool unicode, FILE *out)
{
	uint64_t count = histogram->bucket[bucket], lowest, highest;
	char *from, *to, *bar;

	if (kmq_nl_histogram_bounds(bucket, &lowest, &highest))
		return;
	from = text_duration(lowest);
	to = bound(highest);
	bar = bar_draw((double)count, (double)most, cells, unicode);
	fprintf(out, "%8s - %-8s %*llu%s%s\n", from, to, digits, (unsigned long long)count,
		*bar ? " " : "", bar);
	free(from);
	free(to);
	free(bar);
}

static void draw_buckets(const struct kmq_nl_histogram *histogram, unsigned int width,
			 bool unicode, FILE *out)
{
	unsigned int first = KMQ_HISTOGRAM_BUCKETS, last = 0, cells;
	uint64_t most = 0;
	int digits;

	for (unsigned int i = 0; i < KMQ_HISTOGRAM_BUCKETS; i++) {
		if (!histogram->bucket[i])
			continue;
		if (first == KMQ_HISTOGRAM_BUCKETS)
			first = i;
		last = i;
		if (histogram->bucket[i] > most)
			most = histogram->bucket[i];
	}
	digits = snprintf(NULL, 0, "%llu", (unsigned long long)most);
	cells = width > 21u + (unsigned int)digits + BAR_MIN ? width - 21u - (unsigned int)digits
							     : BAR_MIN;
	if (cells > BAR_MAX)
		cells = BAR_MAX;
	for (unsigned int i = first; i <= last && i < KMQ_HISTOGRAM_BUCKETS; i++)
		draw_bucket(histogram, i, most, digits, cells, unicode, out);
}

char *histogram_draw(const struct kmq_nl_histogram *histogram, const char *title,
		     const char *what, unsigned int width, bool unicode)
{
	uint64_t total = kmq_nl_histogram_total(histogram);
	char *text = NULL;
	size_t size = 0;
	FILE *out = memory_check(open_memstream(&text, &size));

	fprintf(out, "%s: %llu %s%s\n", title, (unsigned long long)total, what,
		total == 1 ? "" : "s");
	if (total) {
		draw_percentiles(histogram, out);
		draw_buckets(histogram, width, unicode, out);
	}
	memory_check(fclose(out) ? NULL : text);
	return text;
}

/* ------------------------------------------------------------------------
 * JSON
 */

/* The bound itself, exclusive; null where there is none. */
static struct json_object *seconds_json(uint64_t ns)
{
	struct json_object *value;
	char *text;

	if (ns == UINT64_MAX)
		return NULL;
	text = memory_print("%llu.%09llu", (unsigned long long)(ns / NS_PER_SECOND),
			    (unsigned long long)(ns % NS_PER_SECOND));
	value = json_object_new_double_s((double)ns / 1e9, text);
	free(text);
	return value;
}

static uint64_t exclusive(uint64_t highest)
{
	return highest == UINT64_MAX ? highest : highest + 1;
}

static struct json_object *buckets_json(const struct kmq_nl_histogram *histogram)
{
	struct json_object *array = memory_check(json_object_new_array());

	for (unsigned int i = 0; i < KMQ_HISTOGRAM_BUCKETS; i++) {
		struct json_object *object;
		uint64_t lowest, highest;

		if (!histogram->bucket[i] || kmq_nl_histogram_bounds(i, &lowest, &highest))
			continue;
		object = memory_check(json_object_new_object());
		json_object_object_add(object, "from", seconds_json(lowest));
		json_object_object_add(object, "below", seconds_json(exclusive(highest)));
		json_object_object_add(object, "count",
				       json_object_new_uint64(histogram->bucket[i]));
		json_object_array_add(array, object);
	}
	return array;
}

struct json_object *histogram_json(const struct kmq_nl_histogram *histogram)
{
	struct json_object *object = memory_check(json_object_new_object());
	uint64_t total = kmq_nl_histogram_total(histogram);

	json_object_object_add(object, "count", json_object_new_uint64(total));
	for (size_t i = 0; i < PERCENTILES; i++) {
		uint64_t ns = kmq_nl_histogram_percentile(histogram, percentiles[i].percent);

		json_object_object_add(object, percentiles[i].key,
				       total ? seconds_json(exclusive(ns)) : NULL);
	}
	json_object_object_add(object, "buckets", buckets_json(histogram));
	return object;
}
