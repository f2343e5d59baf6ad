// SPDX-License-Identifier: GPL-2.0-only
#include "results.h"

#include "statistics.h"

#include <errno.h>
#include <math.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many as `bench` makes; and entries of anything else have none. */
static bool are_sound(struct json_object *results)
{
	for (size_t i = 0; i < json_object_array_length(results); i++) {
		struct json_object *repetitions = json_at(json_object_array_get_idx(results, i),
							  "repetitions");

		if (json_object_is_type(repetitions, json_type_array) &&
		    json_object_array_length(repetitions) > VALUES_MAX)
			return false;
	}
	return true;
}

struct json_object *results_read(const char *path)
{
	struct json_object *file = json_object_from_file(path);

	if (!file) {
		fprintf(stderr, "kmqcompare: cannot read %s as JSON\n", path);
		return NULL;
	}
	if (!strcmp(json_text(file, "schema"), RESULTS_SCHEMA) &&
	    json_object_is_type(json_at(file, "results"), json_type_array) &&
	    json_object_is_type(json_at(file, "workloads"), json_type_array) &&
	    are_sound(json_at(file, "results")))
		return file;
	fprintf(stderr, "kmqcompare: %s is no result of kmqcompare bench\n", path);
	json_object_put(file);
	return NULL;
}

static int complain(const char *path)
{
	fprintf(stderr, "kmqcompare: %s: %s\n", path, strerror(errno));
	return -1;
}

/* With the mode of the file that is there, or that a new one gets. */
static int open_temporary(struct results_file *file, const struct stat *old)
{
	mode_t mask = umask(0);
	int fd;

	umask(mask);
	if (snprintf(file->temporary, sizeof(file->temporary), "%s.XXXXXX", file->target) >=
	    (int)sizeof(file->temporary)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(file->temporary, O_CLOEXEC);
	if (fd < 0)
		return -1;
	fchmod(fd, old ? old->st_mode & 0777 : 0666 & ~mask);
	file->out = fdopen(fd, "w");
	if (file->out)
		return 0;
	close(fd);
	unlink(file->temporary);
	return -1;
}

/* Nothing was there: a link to nothing is replaced itself. */
static int begin_new(struct results_file *file)
{
	if (!*file->path)
		return -1;
	if (strlen(file->path) >= sizeof(file->target)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(file->target, file->path);
	return open_temporary(file, NULL);
}

static int begin_file(struct results_file *file)
{
	struct stat old;

	if (stat(file->path, &old))
		return errno == ENOENT ? begin_new(file) : -1;
	if (!S_ISREG(old.st_mode)) {
		file->out = fopen(file->path, "we");
		return file->out ? 0 : -1;
	}
	if (access(file->path, W_OK) || !realpath(file->path, file->target))
		return -1;
	return open_temporary(file, &old);
}

int results_begin(struct results_file *file, const char *path)
{
	*file = (struct results_file){ .path = path };
	if (!strcmp(path, "-")) {
		file->out = stdout;
		return 0;
	}
	return begin_file(file) ? complain(path) : 0;
}

/* What standard output still has to say, is said. */
static int close_file(struct results_file *file)
{
	bool failed = ferror(file->out) || fflush(file->out);

	if (file->out != stdout)
		failed |= fclose(file->out) != 0;
	file->out = NULL;
	return failed ? -1 : 0;
}

int results_finish(struct results_file *file, struct json_object *json)
{
	const int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			  JSON_C_TO_STRING_NOSLASHESCAPE;

	fprintf(file->out, "%s\n", json_object_to_json_string_ext(json, flags));
	if (close_file(file)) {
		fprintf(stderr, "kmqcompare: %s: not written whole\n", file->path);
		results_abandon(file);
		return -1;
	}
	if (!*file->temporary || !rename(file->temporary, file->target))
		return 0;
	complain(file->path);
	results_abandon(file);
	return -1;
}

void results_abandon(struct results_file *file)
{
	if (file->out)
		close_file(file);
	if (*file->temporary)
		unlink(file->temporary);
}

int results_write(struct json_object *json, const char *path)
{
	struct results_file file;

	return results_begin(&file, path) ? -1 : results_finish(&file, json);
}

struct json_object *json_at(struct json_object *object, const char *path)
{
	while (object && *path) {
		size_t length = strcspn(path, ".");
		char key[64];

		snprintf(key, sizeof(key), "%.*s", (int)length, path);
		if (!json_object_is_type(object, json_type_object) ||
		    !json_object_object_get_ex(object, key, &object))
			return NULL;
		path += length + (path[length] == '.');
	}
	return object;
}

double json_number(struct json_object *object, const char *path)
{
	struct json_object *value = json_at(object, path);

	if (!json_object_is_type(value, json_type_double) &&
	    !json_object_is_type(value, json_type_int))
		return NAN;
	return json_object_get_double(value);
}

const char *json_text(struct json_object *object, const char *path)
{
	struct json_object *value = json_at(object, path);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

bool json_flag(struct json_object *object, const char *path)
{
	return json_object_get_boolean(json_at(object, path));
}

bool results_ok(struct json_object *result)
{
	return !strcmp(json_text(result, "status"), "ok");
}

struct json_object *results_find(struct json_object *file, const char *workload,
				 const char *mechanism, int64_t size)
{
	struct json_object *results = json_at(file, "results");
	size_t count = results ? json_object_array_length(results) : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *result = json_object_array_get_idx(results, i);

		if (!strcmp(json_text(result, "workload"), workload) &&
		    !strcmp(json_text(result, "mechanism"), mechanism) &&
		    (!size || (int64_t)json_number(result, "size") == size))
			return result;
	}
	return NULL;
}

double results_figure(struct json_object *file, const char *workload, const char *mechanism,
		      int64_t size)
{
	return json_number(results_find(file, workload, mechanism, size), "figure.median");
}
