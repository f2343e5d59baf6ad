/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the random differential test share: see random.c and random_stage.c. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/types.h>
#include <time.h>

enum { ACTORS = 4, ANN = 61001, BOB = 61002, CROWD = 61900, MOST_BYTES = 20000, BEHIND = 16 };

/* The numbers of a step come from its seed and its place alone, whatever other steps there are. */
struct chance {
	uint64_t state;
};
unsigned int chosen(struct chance *chance, unsigned int count);
bool percent(struct chance *chance, unsigned int share);
#define ONE_OF(chance, list) ((list)[chosen(chance, sizeof(list) / sizeof((list)[0]))])

/* What an actor is to do; the family says what the numbers mean. */
struct request {
	int call;
	bool forked;
	bool sleeps_are_allowed;
	/* It sleeps only until a deadline that is past. */
	bool ends_by_itself;
	unsigned int step;
	int target, slot;
	long id, size, type, flags, mode, key;
	long more[4];
	char name[32];
	bool bad_pointer;
};

/* What came of it. The coordinator tells it, so that an actor is quick. */
struct answer {
	long long value;
	int error;
	long type;
	uint32_t hash;
	bool overrun;
	struct msqid_ds ds;
	long numbers[8];
	int found, list[32];
};

struct notice {
	int code, value;
	pid_t pid;
	uid_t uid;
};

/* Shared with its process. @work counts up by one to give work; @ended follows: futexes. */
struct actor {
	uint32_t work, ended, ready;
	int index;
	unsigned int generation;
	pid_t pid, child;
	bool asleep;
	int stat;
	struct request request;
	struct answer answer;
	unsigned int noticed;
	struct notice notices[8];
};

/* A kind of queues. Only enter() and perform() run in the actors. */
struct family {
	const char *name;
	void (*enter)(void);
	void (*plan)(struct actor *a, struct chance *chance);
	void (*perform)(const struct request *request, struct answer *answer);
	void (*tell_answer)(const struct actor *a);
	void (*restarted)(const struct actor *a);
	void (*remove_all)(void);
	/* Of what it made: how many live, and how many of them are the kernel's own. */
	int (*live)(void);
	int (*kernels)(void);
	/* What a test of some length has to come to. */
	const char *const *required;
};
extern const struct family sysv, mqueue;

/* The body of the message that a step sends. */
void compose(char *body, size_t size, unsigned int step);
/*
 * Where messages are received to: UNTOUCHED all over. take_up() tells what @n bytes came
 * by a hash of them, and whether more was written than that; and it is untouched again.
 */
enum { UNTOUCHED = 0xee };
void take_up(char *body, ssize_t n, struct answer *answer);

extern struct actor *actors[ACTORS];
/* The second at which the step began, and the one in which all were quiet again. */
extern time_t step_begun, step_quiet;

uid_t uid_of(const struct actor *a);
bool in_group(const struct actor *a, gid_t gid);
const char *role(pid_t pid);
void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *outcome(const struct answer *answer);
const char *error_name(int error);
/* How often it happened, for the line that says what was reached. */
void reached(const char *what);

/* One run of the steps of a seed, on stdout; does not return. */
_Noreturn void run_stage(const struct family *family, uint64_t seed, unsigned int steps,
			 const unsigned char *left_out, bool prove_use);

#endif
