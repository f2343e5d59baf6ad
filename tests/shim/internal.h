/* SPDX-License-Identifier: GPL-2.0-only */
/* What claim.c and actor.c share behind twice.h. */
#ifndef TWICE_INTERNAL_H
#define TWICE_INTERNAL_H

#include "twice.h"

/*
 * One who tells: the claim itself, or an actor. An actor's lies in memory shared
 * with the claim; @work counts up by one to give work, @ended follows when it is
 * done, and both are futexes.
 */
struct actor {
	char name[8];
	bool slot;
	bool thread;
	pid_t pid;
	pid_t tid;
	uint32_t work;
	uint32_t ended;
	uint32_t in_call;
	void (*run)(const long *argument);
	long argument[6];
	long long value;
	int error;
	int failures;
	bool gone;
	size_t told;
	char text[16384];
};

extern _Thread_local struct actor *self;

const char *errno_name(int error);
void not_as_pinned(void);
void pin_result(const struct actor *a, const char *want);
bool actors_failed(void);
void actors_end(void);
_Noreturn void finish(int status);

#endif
