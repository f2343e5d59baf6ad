/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What two processes A and B take and give back: a lock where the mechanism has
 * locks, else a message that lies in it as a token. There are two, 0 and 1.
 *
 * Where a message goes to whoever asks, token n lies in object n. Where it goes
 * to the creator alone, each has an object of its own for what comes to it, and
 * giving a token back is sending it to the other.
 */
#ifndef KMQCOMPARE_TOKEN_H
#define KMQCOMPARE_TOKEN_H

#include "steps.h"

struct game {
	struct cell *cell;
	struct puppet *a;
	struct puppet *b;
	unsigned int tokens;	/* objects that are used; 0: it has locks */
	bool locks;		/* the mechanism's own */
	bool mailboxes;		/* object 0 is A's, object 1 is B's */
	struct puppet *giving;	/* its giving waits until the other takes */
};

/* A and B, who have @tokens, 1 or 2. Locks are free, tokens are not there yet. */
struct game game_begin(struct cell *cell, unsigned int tokens);

/* Puts token @which where the other one will take it; not for locks, which are there. */
void game_place(struct game *game, struct puppet *giver, unsigned int which);

struct outcome_of_task game_take(struct game *game, struct puppet *who, unsigned int which,
				 enum patience patience);
struct outcome_of_task game_give(struct game *game, struct puppet *who, unsigned int which);

/* The end of a taking that had to wait. */
struct outcome_of_task game_await(struct game *game, struct puppet *who);

/* As game_take() and game_give(), with a number as the token. */
struct outcome_of_task game_give_number(struct game *game, struct puppet *who, uint32_t number);

#endif
