/* SPDX-License-Identifier: GPL-2.0-only */
/* What most subjects do alike: ends, names, and how long a call may wait. */
#ifndef KMQCOMPARE_ENDS_H
#define KMQCOMPARE_ENDS_H

#include "../subject.h"

#include <sys/ipc.h>
#include <time.h>

#define PATH_SIZE	100	/* of a path in an object's directory; fits a sockaddr_un */

/* An end with nothing open. Keeps what was said. */
void end_begin(struct end *end, struct object *object);

/* Closes, unmaps and frees what is open; most subjects' detach(). Keeps errno. */
void end_close(struct end *end);

/* For a create() or attach() that fails half-way: closes all. Returns -1, errno as it was. */
int end_fail(struct end *end);

/* There is no such thing here: says @why. Returns -1/ENOSYS. */
int end_has_no(struct end *end, const char *why);

/* Directory and name: "/tmp/x/name". */
void object_path(const struct object *object, char *path);

/* For System V: a number made of the name. */
key_t object_key(const struct object *object);

/* Its name is in the system from now on, and remove() may take it away. */
void object_made(struct object *object);

/* What a remove() begins with. False, and ENOENT: nobody has made it. */
bool object_is_made(const struct object *object);

/*
 * Permissions are as asked for, between the two. Returns what to give back.
 *	mode_t mask = mask_off();
 *	fd = open(...);
 *	mask_on(mask);
 */
mode_t mask_off(void);
void mask_on(mode_t mask);

/* A patience, from now. */
struct limit {
	enum patience patience;
	struct timespec at;	/* CLOCK_MONOTONIC, with PATIENCE_DEADLINE */
	unsigned int wait_ms;
};

struct limit limit_from(enum patience patience, unsigned int wait_ms);
struct limit limit_of(const struct parcel *parcel);

/* For what is said: ", in 100 ms", or nothing. Good until the next call. */
const char *limit_words(const struct limit *limit);

/* How long it still is; zero if it has passed. */
struct timespec limit_left(const struct limit *limit);
bool limit_passed(const struct limit *limit);

/* The same moment by CLOCK_REALTIME, for the calls that want that. */
struct timespec limit_realtime(const struct limit *limit);

/* The kernel does not tell who sent it. What a receive() begins with. */
void parcel_from_nobody(struct parcel *parcel);

/* Looks whether there is something of that path. */
bool path_seen(const char *path, char *where);

/* As hooks, for objects that are a file in their directory. */
int file_remove(struct end *end, struct object *object);
bool file_seen(const struct object *object, char *where);

/* The first line of a file with @wanted as its field @field, from 0. */
bool line_seen(const char *file, unsigned int field, const char *wanted, char *where);

#endif
