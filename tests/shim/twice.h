/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Claims: what the manual pages promise of System V and POSIX queues, in plain C
 * against <sys/msg.h> and <mqueue.h>. A claim writes a transcript in which nothing
 * depends on the machine; the runner, twice, makes it write one on the kernel's
 * queues and one under a preloaded library, and compares them byte for byte. What
 * is pinned must also be as the claim says, so that equal and wrong fails, too.
 *
 * A claim runs as root in an IPC namespace of its own, so that it may set limits.
 * It cites above its name the page, the place and the promise it is for.
 *
 * Others that act are actors: processes (with a uid, if told) or threads under
 * command. What they tell is shown when they are collected, with their name, so
 * that the order of a transcript is the claim's order and not the scheduler's.
 */
#ifndef TWICE_H
#define TWICE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

struct listed {
	const char *name;
	void (*run)(void);
};

#define CLAIM(name)                                                            \
	static void claim_##name(void);                                        \
	static const struct listed listed_##name = { #name, claim_##name };    \
	static const struct listed *const entry_##name                         \
		__attribute__((section("claims"), used)) = &listed_##name;     \
	static void claim_##name(void)

/* What exec_self() runs in a new image of the same program: argument() has its numbers. */
#define ACTION(name)                                                           \
	static void action_##name(void);                                       \
	static const struct listed action_listed_##name = { #name, action_##name }; \
	static const struct listed *const action_entry_##name                  \
		__attribute__((section("actions"), used)) = &action_listed_##name; \
	static void action_##name(void)

/* One line of the transcript. */
void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says why and ends the claim as skipped. */
_Noreturn void skip(const char *reason);

/* The value and the errno of a call, told and kept for pinned(). */
#define RESULT(call)                                                           \
	({                                                                     \
		begin_call();                                                  \
		long long value_ = (long long)(call);                          \
		end_call(#call, value_);                                       \
		value_;                                                        \
	})
/* The same for a call whose number is the machine's: told is only that there is one. */
#define NUMBER(call)                                                           \
	({                                                                     \
		begin_call();                                                  \
		long long value_ = (long long)(call);                          \
		end_number(#call, value_);                                     \
		value_;                                                        \
	})
void begin_call(void);
void end_call(const char *text, long long value);
void end_number(const char *text, long long value);

/* The last result must be this: "EACCES", or a value, "0". */
void pinned(const char *want);

#define GIVES(value, call) ({ long long v_ = RESULT(call); pin_value(value); v_; })
#define FAILS(error, call) ({ RESULT(call); pinned(#error); })
#define HOLDS(condition) holds(#condition, (condition))
void pin_value(long long want);
void holds(const char *text, bool condition);

/* Ids in the order in which they appear: "queue 1". One that is -1 is told with its errno, and fails. */
int id_of(const char *text, int id);
#define ID(call) ({ begin_call(); id_of(#call, (call)); })

/* "claim", "A", "B", "nobody" for 0, "?" */
const char *role(pid_t pid);

/* Called when the claim has ended, the last first; not told. */
void finally(void (*undo)(long), long argument);

/* Shared between the claim and its actors, and zero at first. */
struct together {
	int id, id2;
	long number[16];
	volatile uint32_t word[8];
	char bytes[65536];
};
extern struct together *our;

struct actor;
struct actor *actor(void);
struct actor *actor_as(uid_t uid, gid_t gid);
struct actor *actor_thread(void);

/* Gives it work; up to six numbers are handed over. */
#define actor_do(a, run, ...)                                                  \
	actor_start(a, run, (const long[6]){ __VA_ARGS__ })
void actor_start(struct actor *a, void (*run)(const long *), const long *argument);
/* Waits until it has ended what it does; tells what it told. */
void actor_done(struct actor *a);
#define actor_run(a, run, ...)                                                 \
	do {                                                                   \
		struct actor *a_ = (a);                                        \
		actor_do(a_, run, ##__VA_ARGS__);                              \
		actor_done(a_);                                                \
	} while (0)
/* Collected, and its last result must be this. */
void actor_gives(struct actor *a, long long value);
#define actor_fails(a, error) actor_failed(a, #error)
void actor_failed(struct actor *a, const char *error);
/* It must be asleep in a call: neither ended nor on its way. */
void actor_asleep(struct actor *a);
/* It must have been stopped. */
void actor_stopped(struct actor *a);
pid_t actor_pid(const struct actor *a);
void actor_signal(struct actor *a, int signal);
/* It ends, or is killed, and is reaped. */
void actor_end(struct actor *a);
void actor_kill(struct actor *a);

/* Seconds after which what has not come does not come. */
long patience(void);

/* Waits for a word of our->word[] to become this; false when patience is at its end. */
bool await_word(int index, uint32_t value);
void post_word(int index, uint32_t value);

/* The program anew, running an ACTION; does not return. */
_Noreturn void exec_self(const char *action, long first, long second);
long argument(int index);

/* Forks, and the child runs; collected, its status must be 0. */
pid_t child(void (*run)(void));
void child_done(pid_t pid);

/* A number of /proc/sys. */
long sysctl_get(const char *path);
void sysctl_set(const char *path, long value);

/* The clock shows a later second when it returns. */
void await_second_after(time_t second);

/* Skips the claim if the claim's process lacks a capability, as a container's root may. */
void needs_capability(int capability, const char *name);
#define NEEDS(capability) needs_capability(capability, #capability)

/* Two pages, of which the second may not be touched; returns the end of the first. */
char *page_end(void);

/* Whom the claims know: two strangers to each other, and a group. */
enum { ANN = 61001, BOB = 61002, CROWD = 61900 };

#endif
