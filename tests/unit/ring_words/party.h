/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process at a ring, word for word as <linux/kmq_ring.h> says, with a step
 * before each access. It trusts its peers.
 */
#ifndef RING_WORDS_PARTY_H
#define RING_WORDS_PARTY_H

#include "world.h"

struct party {
	u32 id;
	/* The open reservation. */
	unsigned int reserved;
	u64 room[BATCH];
	u64 room_sequence[BATCH];
	u32 room_size[BATCH];
	/* The open claim. */
	unsigned int claimed;
	u64 claim_end;
	u64 found[BATCH];
	u64 found_sequence[BATCH];
	bool orphan;
	/* BROADCAST. */
	u64 cursor;
	u64 expected;
	u64 seen;
	u64 lost;
};

/* How many records; 0: no room. */
unsigned int party_reserve(struct party *party, const u32 *sizes, unsigned int count);
void party_commit(struct party *party);
void party_discard(struct party *party);
/* How many; 0: nothing there. */
unsigned int party_claim(struct party *party, unsigned int count);
void party_release(struct party *party);
/* MPSC, MPMC: claims and releases one as one, where nobody holds a claim; false: there is none, or it is not so simple. */
bool party_take(struct party *party);
/* BROADCAST: one record; false: nothing there. */
bool party_read(struct party *party);

#endif
