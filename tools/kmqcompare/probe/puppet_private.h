/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two sides of a puppet share: puppet.c, in the stage's process, tells,
 * watch.c looks, evidence.c writes it down; deeds.c, in the puppet's, does.
 */
#ifndef KMQCOMPARE_PUPPET_PRIVATE_H
#define KMQCOMPARE_PUPPET_PRIVATE_H

#include "claim.h"

#include <stdint.h>

enum phase {
	PHASE_NONE,		/* there is no such process yet */
	PHASE_IDLE,
	PHASE_TOLD,
	PHASE_DOING,
};

/* What a process does, as far as it is seen from outside. */
struct look {
	char state;		/* as in /proc/PID/stat */
	int64_t cpu_ns;		/* since it began */
	long wakeups;
};

/**
 * struct puppet - in memory shared by the stage and all puppets
 * @phase: enum phase; both sides sleep in futex(2) on it
 * @sigpipe: SIGPIPE came during the task
 * @ends: of the cell's objects, those in @open
 * @pidfd: the stage's
 * @is_fork: of another puppet, who does not wait for it
 * @told: how it looked when it was told its task
 * @asked: a task was told whose end was not yet awaited
 * @seen_asleep: what was awaited last had not ended
 */
struct puppet {
	struct cell *cell;
	char who[4];
	pid_t pid;
	uint32_t phase;
	bool sigpipe;
	struct task task;
	struct outcome_of_task outcome;
	struct end ends[OBJECTS];
	bool open[OBJECTS];
	int pidfd;
	bool is_fork;
	struct look told;
	bool asked;
	bool seen_asleep;
};

enum phase phase_of(const struct puppet *puppet);
void phase_set(struct puppet *puppet, enum phase phase);

/* Sleeps while it is in @phase, up to @ms; -1: without limit. */
void phase_wait(const struct puppet *puppet, enum phase phase, int ms);

/* Becomes the puppet, and does what it is told until it is told to exit. */
__attribute__((noreturn))
void puppet_live(struct puppet *puppet);

/* The same for a process forked from one: it keeps what is open. */
__attribute__((noreturn))
void puppet_live_on(struct puppet *puppet);

/* What follows is on the stage's side: watch.c. */

#define START_MS	5000	/* a process that has not begun or ended by then never will */

int64_t puppet_now_ms(void);

/* Waits for that up to @ms. */
bool puppet_is_gone(const struct puppet *puppet, int ms);

struct look puppet_look(const struct puppet *puppet);

/* Its end, or what it does once @ms are over; of a @worker also when it sleeps before. */
enum ending puppet_watch(struct puppet *puppet, unsigned int ms, bool worker);

/* And evidence.c: what it is in, and what came of it, for the notebook. */
const char *puppet_call(const struct puppet *puppet);
void puppet_note(const struct puppet *puppet, const struct outcome_of_task *outcome);

/* An end that is not open. */
struct end end_closed(struct object *object);

/* Bytes of the array that cell->puppets is. */
#define PUPPETS_BYTES	(PUPPETS_MAX * sizeof(struct puppet))

#endif
