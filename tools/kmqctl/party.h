/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who keeps a queue, or sleeps in it: what the kernel knows (who opened, who maps,
 * who sleeps) joined with what /proc shows (who has a descriptor by now, and by
 * which number).
 */
#ifndef KMQCTL_PARTY_H
#define KMQCTL_PARTY_H

#include <stdbool.h>
#include <stddef.h>

#include <kmq_nl.h>

#include "column.h"
#include "holder.h"

enum party_role {
	PARTY_DESCRIPTOR,
	PARTY_MAPPING,
	PARTY_SLEEPER,
	PARTY_INHERITED,	/* a descriptor that another process opened */
};

struct party {
	const char *queue;	/* its name; NULL: without one */
	uint32_t id;		/* of the queue */
	enum party_role role;
	pid_t pid;		/* 0: not visible from here */
	int fd;			/* -1: not known, or closed since in this process */
	struct kmq_nl_holder holder;	/* zero where only /proc tells of it */
	char command[32];
};

struct parties {
	struct party *list;
	size_t count;
	bool complete;		/* no process was closed to this user */
};

extern const struct column party_columns[];

/*
 * Adds those of @queue, which has to stay, to @parties. @seen is what /proc shows.
 * Returns 0, or the errno of netlink: then it is only what /proc shows.
 */
int parties_add(struct parties *parties, const struct kmq_info *queue,
		const struct holders *seen);
void parties_free(struct parties *parties);

#endif
