/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who appears in the experiments on messages and waiting: R, who creates the
 * object and receives, S, who sends, and more of both where one does not do.
 *
 * With some mechanisms a sender sleeps until its message is taken. Then the next
 * message needs another sender; cast_post() finds one.
 */
#ifndef KMQCOMPARE_CAST_H
#define KMQCOMPARE_CAST_H

#include "../claim.h"

#define SMALL		8	/* bytes; every mechanism can carry so many */
#define SENDERS_MAX	4

struct cast {
	struct cell *cell;
	struct puppet *receiver;
	struct puppet *senders[SENDERS_MAX];
	bool asleep[SENDERS_MAX];		/* in a send, as far as is known */
	unsigned int sender_count;
};

/* R and S. Set the objects up before. */
struct cast cast_make(struct cell *cell);

/* One more sender, "T" and so on; ready to send. */
struct puppet *cast_add_sender(struct cast *cast);

/* Another receiver. NULL if there cannot be one. */
struct puppet *cast_add_receiver(struct cast *cast, const char *who);

/* A DEED_SEND by whoever is not asleep. It ends done or asleep, or it broke the experiment. */
struct outcome_of_task cast_post(struct cast *cast, const struct task *task);

/* The same for a SMALL message. */
struct outcome_of_task cast_post_small(struct cast *cast, uint32_t seed);

/* Awaits whoever is in a send; those who come out of it may be asked again. */
void cast_wake(struct cast *cast);

/*
 * What to ask for to get one message of SMALL bytes: no more than that of a byte
 * stream, all the room that it may need of a queue, which may insist on it.
 */
size_t cast_room(const struct cast *cast);

/* R waits for a message, and S sends it: connections are made, both have what they need. */
void cast_warm_up(struct cast *cast, uint32_t seed);

/* Lets what is on its way arrive; byte streams may take their time to. */
void cast_settle(struct cast *cast);

/* All senders exit. */
void cast_senders_exit(struct cast *cast);

/* Nobody takes more than this; what takes so much has no end. */
#define MANY_MAX	1000000
/* And this of one whose sender never waits: many times round. */
#define LAPS_MAX	20000

/**
 * struct fill - what came of sending until it is refused
 * @count: messages that it took
 * @ending: ENDING_ASLEEP: S sleeps in a send although told not to wait
 * @error: how the last was refused; ENOSYS: one cannot send without waiting
 */
struct fill {
	unsigned int count;
	enum ending ending;
	int error;
};

/* S sends messages of 64 bytes, or 8 if they have no more, without waiting, until refused. */
struct fill cast_fill(struct cast *cast);

/* It took so many that there is no end to it. */
bool fill_is_endless(const struct cast *cast, const struct fill *fill);

/* R receives up to @count without waiting; how many there were. */
unsigned int cast_take(struct cast *cast, unsigned int count, size_t room);

/* S begins to send @count SMALL messages, from @first on, as cast_wake() then finds. */
void cast_send_row(struct cast *cast, uint32_t first, unsigned int count);

/* R begins to receive as many, and expects them in this order. */
void cast_expect_row(struct cast *cast, uint32_t first, unsigned int count);

/* Both have ended, and what came was as expected. */
bool cast_await_row(struct cast *cast);

#endif
