// SPDX-License-Identifier: GPL-2.0-only
#include "input.h"

#include "../results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t items_count(struct json_object *object, const char *path)
{
	struct json_object *array = json_at(object, path);

	return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

struct json_object *items_at(struct json_object *object, const char *path, size_t index)
{
	return json_object_array_get_idx(json_at(object, path), index);
}

const char *source_name(const struct source *source)
{
	const char *slash = strrchr(source->path, '/');

	return slash ? slash + 1 : source->path;
}

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

/* Files tell who spins and who is kmq; the other families are by name. */
static enum family family_of(struct json_object *mechanism)
{
	static const char *const spinning[] = { "shm-spin", "file-lock", "plain-ring", "two-words", NULL };
	static const char *const nothing[] = { "harness", "null", NULL };
	static const char *const queues[] = { "sysv-msg", "posix-mq", "signal", NULL };
	static const char *const streams[] = { "pipe", "fifo", "unix-stream", "unix-dgram",
					       "unix-seqpacket", "tcp", "rpc", "zmq", NULL };
	static const char *const shared[] = { "sysv-shm", "posix-shm", "shm-futex", "mmap-file",
					      "eventfd-shm", "boost-mq", NULL };
	const char *name = json_text(mechanism, "name");
	const char *waits = json_text(mechanism, "waits");

	if (!strcmp(waits, "spins") || is_one_of(name, spinning))
		return FAMILY_SPINNING;
	if (!strcmp(waits, "nothing") || is_one_of(name, nothing))
		return FAMILY_NONE;
	if (json_flag(mechanism, "is_kmq") || !strncmp(name, "kmq", 3))
		return FAMILY_KMQ;
	if (is_one_of(name, queues))
		return FAMILY_QUEUES;
	if (is_one_of(name, streams))
		return FAMILY_STREAMS;
	return is_one_of(name, shared) ? FAMILY_SHARED : FAMILY_OTHER;
}

const char *family_title(enum family family)
{
	static const char *const titles[FAMILIES] = {
		[FAMILY_KMQ] = "kmq, a queue of one's own",
		[FAMILY_QUEUES] = "The kernel's own queues",
		[FAMILY_STREAMS] = "Pipes and sockets",
		[FAMILY_SHARED] = "Shared memory, sleeping",
		[FAMILY_OTHER] = "Others",
		[FAMILY_SPINNING] = "Spinning: never asleep",
		[FAMILY_NONE] = "The zero of the scale",
	};

	return titles[family];
}

const struct subject *input_subject(const struct input *input, const char *name)
{
	for (unsigned int i = 0; i < input->subject_count; i++)
		if (!strcmp(input->subjects[i].name, name))
			return &input->subjects[i];
	return NULL;
}

const char *input_title(const struct input *input, const char *name)
{
	const struct subject *subject = input_subject(input, name);

	return subject && *subject->title ? subject->title : name;
}

const struct source *input_bench(const struct input *input)
{
	return input->timed ? input->timed : input->counted;
}

static void add_subject(struct input *input, struct json_object *mechanism)
{
	const char *name = json_text(mechanism, "name");

	if (!*name || input_subject(input, name) || input->subject_count == SUBJECTS_MAX)
		return;
	input->subjects[input->subject_count++] = (struct subject){
		.name = name,
		.title = json_text(mechanism, "title"),
		.about = json_text(mechanism, "about"),
		.family = family_of(mechanism),
	};
}

/* The bench files' first: they say who spins. */
static void add_subjects(struct input *input, bool of_probes)
{
	for (unsigned int s = 0; s < input->count; s++) {
		const struct source *source = &input->sources[s];

		if (source->is_probe != of_probes)
			continue;
		for (size_t i = 0; i < items_count(source->json, "mechanisms"); i++)
			add_subject(input, items_at(source->json, "mechanisms", i));
	}
}

static void fill_row(struct row *row, struct json_object *json)
{
	*row = (struct row){
		.json = json,
		.workload = json_text(json, "workload"),
		.mechanism = json_text(json, "mechanism"),
		.point = {
			.size = json_number(json, "size"),
			.capacity = json_number(json, "capacity"),
			.batch = json_number(json, "batch"),
			.senders = json_number(json, "senders"),
			.receivers = json_number(json, "receivers"),
			.load = json_number(json, "load"),
		},
		.at_base = json_flag(json, "at_base"),
		.ok = results_ok(json) && isfinite(json_number(json, "figure.median")),
		.figure = NAN,
	};
	if (row->ok)
		row->figure = json_number(json, "figure.median");
}

static bool fill_rows(struct source *source)
{
	source->count = items_count(source->json, "results");
	source->rows = calloc(source->count + 1, sizeof(*source->rows));
	if (!source->rows)
		return false;
	for (size_t i = 0; i < source->count; i++)
		fill_row(&source->rows[i], items_at(source->json, "results", i));
	return true;
}

static bool take_file(struct input *input, struct source *source)
{
	const char *schema = json_text(source->json, "schema");

	if (!strcmp(schema, PROBE_SCHEMA)) {
		source->is_probe = true;
		input->probe = input->probe ? input->probe : source->json;
		return true;
	}
	if (strcmp(schema, RESULTS_SCHEMA)) {
		fprintf(stderr, "kmqcompare: %s is no result of `kmqcompare bench` or "
				"`probe`%s%.40s\n",
			source->path, *schema ? ": its schema is " : "", schema);
		return false;
	}
	if (!fill_rows(source))
		return false;
	source->counting = json_flag(source->json, "machine.counting");
	if (source->counting && !input->counted)
		input->counted = source;
	if (!source->counting && !input->timed)
		input->timed = source;
	return true;
}

bool input_read(struct input *input, const char *const *paths, unsigned int count)
{
	memset(input, 0, sizeof(*input));
	for (unsigned int i = 0; i < count && i < SOURCES_MAX; i++) {
		struct source *source = &input->sources[i];

		source->path = paths[i];
		source->json = json_object_from_file(paths[i]);
		if (!source->json) {
			fprintf(stderr, "kmqcompare: cannot read %s as JSON\n", paths[i]);
			return false;
		}
		input->count = i + 1;
		if (!take_file(input, source))
			return false;
	}
	add_subjects(input, false);
	add_subjects(input, true);
	return true;
}

void input_free(struct input *input)
{
	for (unsigned int i = 0; i < input->count; i++) {
		json_object_put(input->sources[i].json);
		free(input->sources[i].rows);
	}
	memset(input, 0, sizeof(*input));
}

#define DISTINCT_MAX	32

/* How often each value of one axis occurs. */
struct tally {
	double values[DISTINCT_MAX];
	unsigned int times[DISTINCT_MAX];
	unsigned int count;
};

static void tally_add(struct tally *tally, double value)
{
	unsigned int i = 0;

	while (i < tally->count && tally->values[i] != value)
		i++;
	if (isnan(value) || i == DISTINCT_MAX)
		return;
	tally->values[i] = value;
	tally->times[i]++;
	tally->count += i == tally->count;
}

/*
 * The value that most measurements share, since the sweeps of the other axes have
 * it; of several such @preferred, else the first.
 */
static double base_of(const struct source *source, const char *workload, size_t member,
		      double preferred)
{
	struct tally tally = { .count = 0 };
	unsigned int best = 0;

	for (size_t i = 0; source && i < source->count; i++)
		if (!strcmp(source->rows[i].workload, workload))
			tally_add(&tally, *(const double *)((const char *)&source->rows[i].point +
							    member));
	for (unsigned int i = 1; i < tally.count; i++)
		if (tally.times[i] > tally.times[best] ||
		    (tally.times[i] == tally.times[best] && tally.values[i] == preferred))
			best = i;
	return tally.count ? tally.values[best] : NAN;
}

/* The same for files that do not say where their sweeps go around. */
static struct place usual_place(const struct source *source, const char *workload)
{
	return (struct place){
		.size = base_of(source, workload, offsetof(struct place, size), 64),
		.capacity = base_of(source, workload, offsetof(struct place, capacity), 64),
		.batch = base_of(source, workload, offsetof(struct place, batch), 32),
		.senders = base_of(source, workload, offsetof(struct place, senders), 1),
		.receivers = base_of(source, workload, offsetof(struct place, receivers), 1),
		.load = base_of(source, workload, offsetof(struct place, load), 50),
	};
}

struct place base_place(const struct source *source, const char *workload)
{
	for (size_t i = 0; source && i < source->count; i++)
		if (source->rows[i].at_base && !strcmp(source->rows[i].workload, workload))
			return source->rows[i].point;
	return usual_place(source, workload);
}

static bool equal(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static bool is_at(const struct place *a, const struct place *b)
{
	return equal(a->size, b->size) && equal(a->capacity, b->capacity) &&
	       equal(a->batch, b->batch) && equal(a->senders, b->senders) &&
	       equal(a->receivers, b->receivers) && equal(a->load, b->load);
}

const struct row *find_row(const struct source *source, const char *workload,
			   const char *mechanism, const struct place *point)
{
	for (size_t i = 0; source && i < source->count; i++) {
		const struct row *row = &source->rows[i];

		if (row->ok && !strcmp(row->workload, workload) &&
		    !strcmp(row->mechanism, mechanism) && is_at(&row->point, point))
			return row;
	}
	return NULL;
}

const struct row *find_base(const struct source *source, const char *workload,
			    const char *mechanism)
{
	struct place point = base_place(source, workload);

	/* Who has batches only has another base. */
	for (size_t i = 0; source && i < source->count; i++) {
		const struct row *row = &source->rows[i];

		if (row->at_base && row->ok && !strcmp(row->workload, workload) &&
		    !strcmp(row->mechanism, mechanism))
			return row;
	}
	return find_row(source, workload, mechanism, &point);
}

bool has_workload(const struct source *source, const char *workload)
{
	for (size_t i = 0; source && i < source->count; i++)
		if (source->rows[i].ok && !strcmp(source->rows[i].workload, workload))
			return true;
	return false;
}

struct json_object *workload_of(const struct source *source, const char *workload)
{
	for (size_t i = 0; source && i < items_count(source->json, "workloads"); i++) {
		struct json_object *entry = items_at(source->json, "workloads", i);

		if (!strcmp(json_text(entry, "name"), workload))
			return entry;
	}
	return NULL;
}

static enum verdict_word word_of(const struct ratio *ratio, const char *verdict)
{
	if (isnan(ratio->median))
		return WORD_NONE;
	if (ratio->high < 1 && strcmp(verdict, "same"))
		return WORD_FASTER;
	if (ratio->low > 1 && strcmp(verdict, "same"))
		return WORD_SLOWER;
	return WORD_SAME;
}

struct ratio ratio_at(const struct row *row, const char *key)
{
	struct json_object *json = row ? json_at(row->json, key) : NULL;
	struct ratio ratio = {
		.median = json_number(json, "median"),
		.low = json_number(json, "low"),
		.high = json_number(json, "high"),
	};

	ratio.word = word_of(&ratio, json_text(json, "verdict"));
	return ratio;
}

/* One that is nearly 1 and yet told apart from it needs one digit more. */
static int digits_of_ratio(const struct ratio *ratio)
{
	bool close = fabs(ratio->median - 1) < 0.005 && ratio->word != WORD_SAME;

	if (ratio->median < 0.1 || close)
		return 3;
	return ratio->median < 9.995 ? 2 : ratio->median < 99.95 ? 1 : 0;
}

bool ratio_texts(const struct ratio *ratio, char median[RATIO_SIZE], char low[RATIO_SIZE],
		 char high[RATIO_SIZE])
{
	int digits = digits_of_ratio(ratio);

	snprintf(median, RATIO_SIZE, "%.*f", digits, ratio->median);
	snprintf(low, RATIO_SIZE, "%.*f", digits, ratio->low);
	snprintf(high, RATIO_SIZE, "%.*f", digits, ratio->high);
	return isfinite(ratio->low) && isfinite(ratio->high) &&
	       (strcmp(low, median) || strcmp(high, median));
}
