/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A ring, and what must be true of it.
 *
 * The words that processes write lie where they would be mapped, with nothing
 * around that may be touched. Beside them is a model: what happened to each
 * record, as told by those to whom it happened (world_*() below, called right
 * after the store that makes it so).
 *
 * A process is an actor: a coroutine that stops before each access to a shared
 * word once its budget is spent (step()). It is resumed, or it is dead.
 */
#ifndef RING_WORDS_WORLD_H
#define RING_WORDS_WORLD_H

#include <ucontext.h>

#include "ring_words.h"

enum { RECORDS = 1 << 14, BATCH = 4, RING_SIZE = 4096, NOBODY = 0 };

enum fate { UNSEEN = 0, RESERVED, COMMITTED, DISCARDED, ABANDONED };

struct record {
	enum fate fate;
	u32 size;
	u32 owner;
	u32 claimant;
	bool claimed;	/* ever */
	bool released;
};

struct world {
	struct kmq_words words;
	struct record *records;	/* by sequence number - first */
	u64 sent;
	u64 fresh;		/* all before it were claimed once, or passed */
	u64 live;		/* bit sets of ids */
	u64 producers;
	u64 consumers;
	void (*access)(struct world *world);
	u64 accesses;
};

extern struct world *world;

struct world *world_open(u32 mode, u64 first_sequence, u64 first_position);
void world_close(struct world *w);

/* What happened. */
void world_reserved(u32 id, u64 sequence, u32 size);
void world_committed(u64 sequence);
void world_discarded(u64 sequence);
void world_claimed(u32 id, u64 sequence, bool orphan);
void world_released(u32 id, u64 sequence);
void world_given_back(u32 id);

void body_write(u8 *body, u64 sequence, u32 size);
bool body_is_whole(const u8 *body, u64 sequence, u32 size);

/* When nobody is in the middle of anything. */
void world_check_ledger(void);
void world_check_readable(u32 id);
u64 world_given_up(u64 before);
void world_check_empty(void);

/* Actors. */
struct actor {
	ucontext_t here;
	ucontext_t there;
	u8 *stack;
	struct party *party;
	void (*script)(struct party *party);
	long budget;
	bool started;
	bool blocked;	/* waits for a lock */
	bool between;	/* in the middle of nothing */
	bool done;
};

void actor_start(struct actor *actor, struct party *party, void (*script)(struct party *party));
/* At most @steps accesses. True if it is done. */
bool actor_run(struct actor *actor, long steps);
void actor_end(struct actor *actor);
void step(void);
void step_blocked(void);
/* The script says that it is in the middle of nothing now. */
void step_between(void);

void seed_set(u64 to);
unsigned int below(unsigned int n);

#endif
