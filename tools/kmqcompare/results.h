/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results as JSON: what `bench` writes, and what `report` and `check` read.
 * kmqcompare(1) documents the fields.
 */
#ifndef KMQCOMPARE_RESULTS_H
#define KMQCOMPARE_RESULTS_H

#include "machine.h"
#include "series.h"

#include <json-c/json.h>

#define RESULTS_SCHEMA	"kmqcompare-bench/1"

/* Owned by the caller (json_object_put). */
struct json_object *results_make(const struct machine *machine,
				 const struct bench_options *options,
				 const struct series *series, size_t count);

/* Reads and checks a file; NULL, with a sentence on stderr, if it is not one of ours. */
struct json_object *results_read(const char *path);

/* 0, or -1 with a sentence on stderr. "-" is standard output. */
int results_write(struct json_object *json, const char *path);

/* The following look into a file's object; all of them borrow. */

/* One entry of "results", or NULL. With @size 0: the first of any size. */
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
