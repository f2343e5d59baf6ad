/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Puppets: the processes of an experiment. Each does what it is told, one call
 * at a time, and tells what came of it; so an experiment is a script of who
 * does what after whom, and a race happens each time, not by luck.
 *
 * Every call comes in two halves: tell() starts it, await() waits for its end a
 * while and says whether the puppet is still in it. The plain forms below do
 * both. All of it is written down as evidence, a line for each call:
 *
 *	A: write(4, 5 bytes) = 5
 *	B: read(3, 100 bytes) = ... asleep
 *
 * A puppet is a process of its own session, whose parent is not the other
 * puppets' (they are unrelated), unless it was forked from one.
 */
#ifndef KMQCOMPARE_PUPPET_H
#define KMQCOMPARE_PUPPET_H

#include "subject.h"

#define PUPPETS_MAX	10
#define PARCEL_MAX	(1u << 20)	/* bytes of a message that a puppet sends */
#define PIECES_MAX	4
#define SEED_MAX	65535
/* A call that has not ended after this long, and does not get on, waits for someone. */
#define PATIENCE_MS	100

struct cell;
struct puppet;

enum deed {
	DEED_CREATE, DEED_ATTACH, DEED_BORROW, DEED_DETACH, DEED_REMOVE, DEED_SEND, DEED_RECEIVE,
	DEED_DRAINED, DEED_POLL, DEED_LOCK, DEED_UNLOCK, DEED_LOAD, DEED_STORE, DEED_HALF_SEND,
	DEED_BECOME_USER, DEED_FUNCTION, DEED_EXIT, DEED_KEEP,
	DEED_FORK,			/* puppet_fork()'s own */
};

/* What a puppet is told. */
struct task {
	enum deed deed;
	enum way way;			/* ATTACH, BORROW, POLL, KEEP */
	unsigned int object;		/* which of the cell's objects, 0 or 1 */
	unsigned int lock;
	long value;			/* STORE */
	size_t size;			/* SEND: of the body; RECEIVE: room */
	uint32_t seed;			/* SEND: what the bytes are made of, 1 to SEED_MAX */
	long type;
	unsigned int priority;
	enum patience patience;
	unsigned int wait_ms;		/* PATIENCE_DEADLINE; POLL: its time limit */
	/* FUNCTION: anything else, in the puppet's process; its result is the outcome's. */
	long (*function)(struct end *end, void *argument);
	void *argument;			/* memory that was there before the puppet was */
};

/*
 * The bytes of a body tell whose they are: words of 8 bytes, each with the seed,
 * its number in the body, and the body's size. A piece is a run of them.
 */
struct piece {
	uint32_t seed;
	size_t offset;		/* in the body, of the first byte */
	size_t size;		/* of the piece */
	size_t body_size;
};

enum ending {
	ENDING_DONE,
	ENDING_ASLEEP,		/* still in the call, and its process sleeps */
	ENDING_BUSY,		/* still in the call, and burns its processor */
	ENDING_DEAD,		/* the process is gone */
};

/* What came of it. */
struct outcome_of_task {
	enum ending ending;
	long result;			/* as the call returned it; LOAD: 0 */
	int error;			/* errno, if result is -1 */
	long value;			/* LOAD; POLL: revents */
	bool intact;			/* RECEIVE: the first bytes of a body with @seed */
	bool whole;			/* RECEIVE: and all of it, and nothing else */
	uint32_t seed;			/* RECEIVE: of the body that it begins as */
	unsigned int pieces;		/* RECEIVE; PIECES_MAX + 1: more, or unknown bytes */
	struct piece piece[PIECES_MAX];
	double elapsed_ms;		/* in the call */
	double ticking_ms;		/* the same by a clock that goes by ticks */
	pid_t sender_pid;
	uid_t sender_uid;
	size_t full_size;
	uint64_t lost;
	char call[CALL_SIZE];
};

/* A process unrelated to the others. @who: one capital letter for the evidence. */
struct puppet *puppet_new(struct cell *cell, const char *who);

/* A child that @of forks: it has all that @of has open. */
struct puppet *puppet_fork(struct puppet *of, const char *who);

/*
 * One that has object 0 open for @way: a new puppet that attaches where that is
 * possible, else a fork of @creator. NULL if neither goes; errno tells why.
 */
struct puppet *puppet_join(struct puppet *creator, const char *who, enum way way);

pid_t puppet_pid(const struct puppet *puppet);

void tell(struct puppet *puppet, const struct task *task);

/* Waits up to @ms for its end; may be called again for the same task. */
struct outcome_of_task await(struct puppet *puppet, unsigned int ms);

/* The same for a task that is long because it is much: who sleeps is not waited for. */
struct outcome_of_task await_work(struct puppet *puppet, unsigned int ms);

/* tell(), then await() for PATIENCE_MS. */
struct outcome_of_task puppet_do(struct puppet *puppet, const struct task *task);

/* The same for object 0, in a line each. */
struct outcome_of_task puppet_create(struct puppet *puppet);
struct outcome_of_task puppet_attach(struct puppet *puppet, enum way way);
struct outcome_of_task puppet_send(struct puppet *puppet, size_t size, uint32_t seed);
struct outcome_of_task puppet_receive(struct puppet *puppet, size_t room);
struct outcome_of_task puppet_try_send(struct puppet *puppet, size_t size, uint32_t seed);
struct outcome_of_task puppet_try_receive(struct puppet *puppet, size_t room);
struct outcome_of_task puppet_keep(struct puppet *puppet, enum way way);
struct outcome_of_task puppet_lock(struct puppet *puppet, unsigned int which);
struct outcome_of_task puppet_unlock(struct puppet *puppet, unsigned int which);

/*
 * The same outcome, if its call was done and was no error; else the experiment
 * broke. What is not done yet gets much more time.
 */
struct outcome_of_task must(struct puppet *puppet, struct outcome_of_task outcome);

/* For DEED_FUNCTION: makes a body, and looks at one that came. */
void parcel_fill(void *body, size_t size, uint32_t seed);
void parcel_look(const void *body, size_t size, struct outcome_of_task *outcome);

/* "EAGAIN" */
const char *error_name(int error);

/* SIGKILL, and waits until it is gone. Written down. */
void puppet_kill(struct puppet *puppet);

/* Tells it to exit(0), and waits. */
void puppet_exit(struct puppet *puppet);

#endif
