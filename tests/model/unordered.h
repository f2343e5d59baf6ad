/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A memory without order, for the models that ask what order is needed. WORDS words, PROCESSORS processors; each has a
 * store buffer with one place per word, which drains in any order, and sees its own stores. A release store leaves the
 * buffer after all that were in it before; a fence and a read-modify-write with release wait until it is empty. Loads
 * are done where the program does them: one that may be done earlier, because nothing orders it, is a twin in which
 * the program does it earlier. A store to a word whose last one is still in the buffer waits for that.
 */
byte memory[WORDS];
byte stored[PROCESSORS * WORDS];
short pending[PROCESSORS];		/* bit per word */
short before[PROCESSORS * WORDS];	/* what must leave before this */

#define BIT(w)			(1 << (w))
#define AT(p, w)		((p) * WORDS + (w))
#define LOAD(p, w)		((pending[p] & BIT(w)) -> stored[AT(p, w)] : memory[w])
#define EMPTY(p)		(pending[p] == 0)
/* Release only if `ordered`. */
#define STORE(p, w, value, ordered) \
	atomic { \
		!(pending[p] & BIT(w)) -> \
		stored[AT(p, w)] = value; \
		before[AT(p, w)] = (ordered -> pending[p] : 0); \
		pending[p] = pending[p] | BIT(w) \
	}
#define RELEASE	1
#define PLAIN	0

#define MAY_LEAVE(p, w)		((pending[p] & BIT(w)) && !(pending[p] & before[AT(p, w)]))
#define LEAVES(p, w) \
	d_step { \
		MAY_LEAVE(p, w) -> \
		memory[w] = stored[AT(p, w)]; \
		stored[AT(p, w)] = 0; \
		before[AT(p, w)] = 0; \
		pending[p] = pending[p] & ~BIT(w); \
		i = 0; \
		do \
		:: i < WORDS -> before[AT(p, i)] = before[AT(p, i)] & ~BIT(w); i++ \
		:: else -> break \
		od; \
		i = 0 \
	}

/* Of seven words, which all models here have. */
proctype buffer(byte p)
{
	byte i;

end_drained:
	do
	:: LEAVES(p, 0)
	:: LEAVES(p, 1)
	:: LEAVES(p, 2)
	:: LEAVES(p, 3)
	:: LEAVES(p, 4)
	:: LEAVES(p, 5)
	:: LEAVES(p, 6)
	od
}
