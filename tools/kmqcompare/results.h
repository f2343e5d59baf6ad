/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results as JSON: what `bench` writes, and what `report` and `check` read.
 * kmqcompare(1) documents the fields.
 */
#ifndef KMQCOMPARE_RESULTS_H
#define KMQCOMPARE_RESULTS_H

#include "campaign.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>

#define RESULTS_SCHEMA	"kmqcompare-bench/2"

/* Owned by the caller (json_object_put). */
struct json_object *results_make(const struct campaign *campaign);

/* What is told of the machine, in every kind of result. Owned by the caller. */
struct json_object *results_machine(const struct machine *machine);

/* Reads and checks a file; NULL, with a sentence on stderr, if it is not one of ours. */
struct json_object *results_read(const char *path);

/**
 * struct results_file - a file while it is written
 * @path: as told
 * @target: what @path stands for, without links
 * @temporary: beside @target, which it replaces when it is whole; "": none, what
 *	is written to is no regular file
 */
struct results_file {
	const char *path;
	FILE *out;
	char target[PATH_MAX];
	char temporary[PATH_MAX];
};

/*
 * Opens it, before the work whose results it is to hold. "-" is standard output. 0,
 * or -1 with a sentence on stderr. To be ended by one of the next two.
 */
int results_begin(struct results_file *file, const char *path);

/* Writes it; what was there before is replaced only if all went well. As above. */
int results_finish(struct results_file *file, struct json_object *json);

void results_abandon(struct results_file *file);

/* Begins and finishes. */
int results_write(struct json_object *json, const char *path);

/* The following look into a file's object; all of them borrow. */

/*
 * One entry of "results", or NULL: of several the first, which is the one at the
 * base point if that has this size. With @size 0: the first of any size.
 */
struct json_object *results_find(struct json_object *file, const char *workload,
				 const char *mechanism, int64_t size);

bool results_ok(struct json_object *result);

/* The median figure of one entry; NAN if it has none. */
double results_figure(struct json_object *file, const char *workload, const char *mechanism,
		      int64_t size);

/* A member by its path, "figure.median"; NULL if there is none. */
struct json_object *json_at(struct json_object *object, const char *path);

/* NAN if there is no such number. */
double json_number(struct json_object *object, const char *path);

/* "" if there is no such text. */
const char *json_text(struct json_object *object, const char *path);

bool json_flag(struct json_object *object, const char *path);

#endif
