/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a report is made of: any number of files that `bench --json` and `probe
 * --json` wrote, told apart by what they say of themselves. The JSON stays as it
 * was read; beside it stand its entries in a form that is quick to search.
 */
#ifndef KMQCOMPARE_REPORT_INPUT_H
#define KMQCOMPARE_REPORT_INPUT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#define PROBE_SCHEMA	"kmqcompare-probe/1"
#define SOURCES_MAX	16
#define SUBJECTS_MAX	64

/* What mechanisms are to be compared with; those of one family share a plot. */
enum family {
	FAMILY_KMQ,
	FAMILY_QUEUES,
	FAMILY_STREAMS,
	FAMILY_SHARED,
	FAMILY_OTHER,
	FAMILY_SPINNING,	/* never in one table or plot with those above */
	FAMILY_NONE,		/* the harness and null: they carry nothing */
	FAMILIES
};

/* A mechanism, as the files tell of it. */
struct subject {
	const char *name;
	const char *title;
	const char *about;
	enum family family;
};

/* Where a measurement was made; NAN in what does not apply. */
struct place {
	double size;
	double capacity;
	double batch;
	double senders;
	double receivers;
	double load;
};

/* One entry of a bench file's "results". */
struct row {
	struct json_object *json;
	const char *workload;
	const char *mechanism;
	struct place point;
	bool at_base;		/* the sweeps go around this one */
	bool ok;
	double figure;		/* the median; NAN unless ok */
};

/* One file. */
struct source {
	const char *path;
	struct json_object *json;
	bool is_probe;
	bool counting;
	struct row *rows;	/* of a bench file */
	size_t count;
};

struct input {
	struct source sources[SOURCES_MAX];
	unsigned int count;
	const struct source *timed;	/* the first of its kind, or NULL */
	const struct source *counted;
	struct json_object *probe;
	struct subject subjects[SUBJECTS_MAX];
	unsigned int subject_count;
};

/* false, with a sentence on stderr, if one of them cannot be used. */
bool input_read(struct input *input, const char *const *paths, unsigned int count);
void input_free(struct input *input);

/* The file's name without its folders, which are nobody's business. */
const char *source_name(const struct source *source);

const struct subject *input_subject(const struct input *input, const char *name);
/* The mechanism's title; its name if no file tells one. */
const char *input_title(const struct input *input, const char *name);
const char *family_title(enum family family);

/* The timed run, or the counted one where there is no other; or NULL. */
const struct source *input_bench(const struct input *input);

/* An array below @object, safe for any JSON: 0 and NULL where there is none. */
size_t items_count(struct json_object *object, const char *path);
struct json_object *items_at(struct json_object *object, const char *path, size_t index);

/* The point around which the sweeps of a workload go, one axis at a time. */
struct place base_place(const struct source *source, const char *workload);

/* What was measured just there; NULL if there is nothing or it failed. */
const struct row *find_row(const struct source *source, const char *workload,
			   const char *mechanism, const struct place *point);
/* The same at the base point. */
const struct row *find_base(const struct source *source, const char *workload,
			    const char *mechanism);

bool has_workload(const struct source *source, const char *workload);
struct json_object *workload_of(const struct source *source, const char *workload);

/* A ratio and what may be said of it. */
enum verdict_word { WORD_NONE, WORD_FASTER, WORD_SLOWER, WORD_SAME };
struct ratio {
	double median, low, high;
	enum verdict_word word;
};

/*
 * Of a row ("ratio" or "base_ratio"). Faster or slower only where the interval
 * excludes 1, whatever the file calls it.
 */
struct ratio ratio_at(const struct row *row, const char *key);

/*
 * "0.71", and its interval as "0.70" and "0.72". false if the interval says nothing
 * more than the ratio does: exact counts vary so little.
 */
#define RATIO_SIZE	32
bool ratio_texts(const struct ratio *ratio, char median[RATIO_SIZE], char low[RATIO_SIZE],
		 char high[RATIO_SIZE]);

#endif
