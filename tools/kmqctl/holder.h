/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which processes hold the module: those with a descriptor of a queue, of an
 * attachment to a ring or of control, and those that map a ring.
 */
#ifndef KMQCTL_HOLDER_H
#define KMQCTL_HOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <kmq.h>

struct json_object;

struct holder {
	pid_t pid;
	int fd;				/* -1: it maps a ring, of which no more is known */
	uid_t uid;
	uint32_t id;			/* of the queue; 0: control, or not known */
	bool ring;			/* the descriptor is of an attachment */
	char queue[KMQ_NAME_SIZE];	/* "control"; empty: without a name */
	char command[32];
};

struct holders {
	struct holder *list;
	size_t count;
	bool complete;		/* no process was closed to this user */
};

/* All there are, this process among them, from /proc; freed by holders_free(). */
struct holders holders_find(void);
void holders_free(struct holders *holders);

/* As a JSON object, new. */
struct json_object *holder_json(const struct holder *holder);

#endif
