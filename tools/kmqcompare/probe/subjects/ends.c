// SPDX-License-Identifier: GPL-2.0-only
#include "ends.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_SIZE	512
#define NS		1000000000l

void end_begin(struct end *end, struct object *object)
{
	end->object = object;
	for (int i = 0; i < END_FDS; i++)
		end->fd[i] = -1;
	end->memory = NULL;
	end->memory_size = 0;
	end->state = NULL;
}

void end_close(struct end *end)
{
	int error = errno;

	for (int i = 0; i < END_FDS; i++)
		if (end->fd[i] >= 0)
			close(end->fd[i]);
	if (end->memory)
		munmap(end->memory, end->memory_size);
	free(end->state);
	end_begin(end, end->object);
	errno = error;
}

int end_fail(struct end *end)
{
	end_close(end);
	return -1;
}

int end_has_no(struct end *end, const char *why)
{
	end_says(end, "(%s)", why);
	errno = ENOSYS;
	return -1;
}

void object_path(const struct object *object, char *path)
{
	snprintf(path, PATH_SIZE, "%s/%s", object->directory, object->name);
}

/* FNV-1a; never IPC_PRIVATE, which is 0. */
key_t object_key(const struct object *object)
{
	uint32_t hash = 2166136261u;

	for (const char *c = object->name; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return hash ? hash : 1;
}

void object_made(struct object *object)
{
	object->creator = getpid();
}

bool object_is_made(const struct object *object)
{
	errno = ENOENT;
	return object->creator;
}

mode_t mask_off(void)
{
	return umask(0);
}

void mask_on(mode_t mask)
{
	umask(mask);
}

struct limit limit_from(enum patience patience, unsigned int wait_ms)
{
	struct limit limit = { .patience = patience, .wait_ms = wait_ms };

	clock_gettime(CLOCK_MONOTONIC, &limit.at);
	limit.at.tv_sec += wait_ms / 1000;
	limit.at.tv_nsec += wait_ms % 1000 * 1000000l;
	if (limit.at.tv_nsec >= NS) {
		limit.at.tv_nsec -= NS;
		limit.at.tv_sec++;
	}
	return limit;
}

struct limit limit_of(const struct parcel *parcel)
{
	return limit_from(parcel->patience, parcel->wait_ms);
}

const char *limit_words(const struct limit *limit)
{
	static char words[32];

	words[0] = '\0';
	if (limit->patience == PATIENCE_DEADLINE)
		snprintf(words, sizeof(words), ", in %u ms", limit->wait_ms);
	return words;
}

static int64_t left_ns(const struct limit *limit)
{
	struct timespec now;
	int64_t left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left = (int64_t)(limit->at.tv_sec - now.tv_sec) * NS + limit->at.tv_nsec - now.tv_nsec;
	return left > 0 ? left : 0;
}

struct timespec limit_left(const struct limit *limit)
{
	int64_t left = left_ns(limit);

	return (struct timespec){ .tv_sec = left / NS, .tv_nsec = left % NS };
}

bool limit_passed(const struct limit *limit)
{
	return limit->patience == PATIENCE_DEADLINE && !left_ns(limit);
}

struct timespec limit_realtime(const struct limit *limit)
{
	struct timespec at;
	int64_t ns;

	clock_gettime(CLOCK_REALTIME, &at);
	ns = at.tv_nsec + left_ns(limit);
	at.tv_sec += ns / NS;
	at.tv_nsec = ns % NS;
	return at;
}

void parcel_from_nobody(struct parcel *parcel)
{
	parcel->sender_pid = 0;
	parcel->sender_uid = -1;
	parcel->full_size = 0;
}

bool path_seen(const char *path, char *where)
{
	struct stat status;

	snprintf(where, CALL_SIZE, "%s", path);
	return !lstat(path, &status);
}

int file_remove(struct end *end, struct object *object)
{
	char path[PATH_SIZE];

	if (!object_is_made(object))
		return -1;
	object_path(object, path);
	end_says(end, "unlink(%s)", path);
	return unlink(path);
}

bool file_seen(const struct object *object, char *where)
{
	char path[PATH_SIZE];

	object_path(object, path);
	return path_seen(path, where);
}

static bool field_is(const char *line, unsigned int field, const char *wanted)
{
	for (line += strspn(line, " "); field; field--) {
		line += strcspn(line, " ");
		line += strspn(line, " ");
	}
	return !strncmp(line, wanted, strlen(wanted)) && strchr(" \n", line[strlen(wanted)]);
}

/* Columns are there for people; one blank will do. */
static void squeeze(const char *file, const char *line, char *where)
{
	size_t n = snprintf(where, CALL_SIZE, "%s: ", file);

	for (line += strspn(line, " "); *line && *line != '\n' && n < CALL_SIZE - 1; line++)
		if (*line != ' ' || line[1] != ' ')
			where[n++] = *line;
	where[n] = '\0';
}

bool line_seen(const char *file, unsigned int field, const char *wanted, char *where)
{
	FILE *lines = fopen(file, "re");
	char line[LINE_SIZE];
	bool found = false;

	snprintf(where, CALL_SIZE, "%s", file);
	if (!lines)
		return false;
	while (!found && fgets(line, sizeof(line), lines))
		found = field_is(line, field, wanted);
	fclose(lines);
	if (found)
		squeeze(file, line, where);
	return found;
}
