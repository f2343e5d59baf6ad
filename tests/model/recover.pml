/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RECOVERY of <linux/kmq_ring.h>, mode MPMC: two producers and two consumers of a ring of SIZE records. Any of them dies
 * before any of its stores, DEATHS times in all; the kernel repairs, an attachment with a free id takes its place.
 *
 * Stands for: produce(): reserve, commit, discard. consume(): claim (orphans first), read, release, the skip at the
 * front. kernel(): the repair of a producer, whose walk takes no lock, and of a consumer, when consumers.lock is free or
 * the dead one's; one at a time.
 *
 * Assumed of memory: a party is seen as it left off. It died, so its processor has passed through the kernel, which
 * drains it; what was stored is a prefix of what the program says. What order the program may have is thus the
 * compiler's matter, and release stores bind it: the twins *_FIRST are the other order. The orders that processors
 * see of each other are reserve.pml and wake.pml. Steps under a lock that touch only what it guards are one step unless
 * a death between them matters. Nobody sleeps here: who waits, waits for the condition itself.
 *
 * Claimed, at each repair and at the end: expected = received + skipped; received, less what the orphans hold, is what
 * was released or is held. At each delivery: a committed record, of the right number, not released before, held by
 * nobody else. At the end: all producers are through, all that was committed was released.
 *
 * Records are all of one size here, so that a position is also the number that a record must have: walk.pml has others.
 *
 * Runs of tests/model/run:
 *	passes	"one death" -DDEATHS=1 -DSENDS=2
 *	passes	"two deaths" -DDEATHS=2 -DSENDS=1
 *	fails	NAME_LATER assertion -DDEATHS=1 -DSENDS=2
 *	fails	HEAD_FIRST assertion -DDEATHS=1 -DSENDS=2
 *	fails	SEQUENCE_STAYS assertion -DDEATHS=1 -DSENDS=2
 *	fails	TAIL_AGAIN assertion -DDEATHS=1 -DSENDS=2
 *	fails	NOT_ABANDONED assertion -DDEATHS=1 -DSENDS=2
 *	fails	LOCK_STAYS_PRODUCER assertion -DDEATHS=1 -DSENDS=2
 *	fails	STATE_FIRST assertion -DDEATHS=1 -DSENDS=2
 *	fails	VERSION_FIRST assertion -DDEATHS=1 -DSENDS=2
 *	fails	TAIL_FIRST assertion -DDEATHS=1 -DSENDS=2
 *	fails	TAKEN_AT_NEXT assertion -DDEATHS=1 -DSENDS=2
 *	fails	TAKEN_AT_ORPHAN assertion -DDEATHS=2 -DSENDS=1
 *	fails	NOT_ORPHANED assertion -DDEATHS=1 -DSENDS=2
 *	fails	COUNT_ORPHANS assertion -DDEATHS=2 -DSENDS=1
 *	fails	EMPTY_ORPHAN assertion -DDEATHS=2 -DSENDS=1
 *	fails	TAIL_STAYS assertion -DDEATHS=1 -DSENDS=2
 *	fails	LOCK_STAYS_CONSUMER assertion -DDEATHS=1 -DSENDS=2
 *	fails	ID_OF_AN_ORPHAN assertion -DDEATHS=1 -DSENDS=2
 */
#ifndef SIZE
#define SIZE		2
#endif
#ifndef DEATHS
#define DEATHS		2
#endif
#ifndef SENDS
#define SENDS		2	/* of producer 0; producer 1 sends one */
#endif
#define POSITIONS	(SENDS + 1 + DEATHS)

#define BUSY		1
#define READY		2
#define DISCARDED	3
#define ABANDONED	4

#define FREE		0
#define CLAIMED		1
#define ORPHANED	2

#define NOBODY		0	/* of a lock */
#define KERNEL		9
#define NAMELESS	8

#define IDS		3	/* of consumers: two, and one more while one is an orphan */

byte word[SIZE], owner[SIZE], number[SIZE];
byte head, sequence, producers_lock;

byte tail, consumers_lock;
bit version;
byte next[2], expected[2], received[2], skipped[2];
bit used[IDS];
byte start[IDS], finish[IDS], records[IDS], state[IDS];

byte abandoned, deaths, done;
/* Who is there, who is dead and not yet repaired. Producers have the ids 1 and 2 of their own lock's. */
bit attached[IDS], dead_consumer[IDS], dead_producer[3];
/* Known to the model only. */
bit committed[POSITIONS], released[POSITIONS];

#define STEP(what) \
	if \
	:: atomic { true -> what } \
	:: atomic { deaths < DEATHS -> deaths++; goto died } \
	fi
#define TAKE(lock, id) \
	if \
	:: atomic { lock == NOBODY -> lock = id } \
	:: atomic { deaths < DEATHS -> deaths++; goto died } \
	fi
#define SLOT(position)	((position) % SIZE)
#define CURSOR		version
#define NEXT		next[version]

#define ORPHAN_IS_THERE	(state[0] == ORPHANED || state[1] == ORPHANED || state[2] == ORPHANED)
#define RECORD_IS_THERE	(NEXT != head && word[SLOT(NEXT)] != BUSY)

inline lowest_start(result)
{
	result = NEXT;
	i = 0;
	do
	:: i < IDS && used[i] && start[i] < result -> result = start[i]; i++
	:: i < IDS && !(used[i] && start[i] < result) -> i++
	:: i == IDS -> break
	od;
	i = 0
}

proctype produce(byte me; byte sends)
{
	byte position;

	do
	:: sends == 0 -> break
	:: else ->
again:
#ifdef NAME_LATER	/* F: the lock is taken first, and named then */
		TAKE(producers_lock, NAMELESS);
		STEP(producers_lock = me);
#else
		TAKE(producers_lock, me);
#endif
		if
		:: head + 1 - tail > SIZE ->
			STEP(producers_lock = NOBODY);
			head + 1 - tail <= SIZE;
			goto again
		:: else
		fi;
#ifdef HEAD_FIRST	/* B: head before the header */
		STEP(position = head; head++);
		STEP(word[SLOT(position)] = BUSY; owner[SLOT(position)] = me; number[SLOT(position)] = sequence);
#else
		STEP(position = head;
			word[SLOT(position)] = BUSY; owner[SLOT(position)] = me; number[SLOT(position)] = sequence);
		STEP(head++);
#endif
		STEP(sequence++);
		STEP(producers_lock = NOBODY);
		if
		:: STEP(word[SLOT(position)] = READY; committed[position] = 1)
		:: me == 2 -> STEP(word[SLOT(position)] = DISCARDED)
		fi;
		position = 0;
		sends--
	od;
	done++;
	goto out;
died:	/* The same program, again: what it had committed it does not send again. */
	position = 0;
	dead_producer[me] = 1;
	!dead_producer[me];
	goto again;
out:	skip
}

/* One record, or two (an orphan is taken in one piece or in two). */
inline take_orphan()
{
	from = start[o];
	to = finish[o];
	count = records[o];
	if
	:: count > 1 -> to = from + 1; count = 1
	:: true
	fi
}

inline take_next()
{
	from = NEXT;
	skips = 0;
	do
	:: from != head && word[SLOT(from)] >= DISCARDED -> from++; skips++
	:: else -> break
	od;
	to = from;
	count = 0;
	do
	:: to != head && word[SLOT(to)] == READY && count < 2 -> to++; count++
	:: else -> break
	od;
	if
	:: count > 1 -> to = from + 1; count = 1
	:: true
	fi
}

inline write_claim()
{
#ifdef STATE_FIRST	/* G: the claim's state before its start */
	STEP(state[me] = CLAIMED);
	STEP(start[me] = from; finish[me] = to; records[me] = count);
#else
	STEP(start[me] = from; finish[me] = to; records[me] = count);
	STEP(state[me] = CLAIMED);
#endif
	STEP(used[me] = 1)
}

/* The cursor that is not current; then it is (I). */
inline write_cursor()
{
	STEP(next[1 - version] = to; expected[1 - version] = expected[version] + (to - NEXT);
		received[1 - version] = received[version] + count; skipped[1 - version] = skipped[version] + skips);
	STEP(version = 1 - version)
}

inline move_tail()
{
	STEP(lowest_start(t); tail = t; t = 0)
}

inline deliver()
{
	assert(from < to);
	i = from;
	do
	:: i < to ->
		assert(word[SLOT(i)] == READY);
		assert(number[SLOT(i)] == i);
		assert(!released[i]);
		i++
	:: else -> break
	od;
	i = 0
}

inline mark_released()
{
	i = from;
	do
	:: i < to -> assert(!released[i]); released[i] = 1; i++
	:: else -> break
	od;
	i = 0
}

inline find_orphan()
{
	o = IDS;
	i = 0;
	do
	:: i < IDS && state[i] == ORPHANED && (o == IDS || start[i] < start[o]) -> o = i; i++
	:: i < IDS && !(state[i] == ORPHANED && (o == IDS || start[i] < start[o])) -> i++
	:: i == IDS -> break
	od;
	i = 0
}

inline attach()
{
	if
#ifdef ID_OF_AN_ORPHAN	/* an id may be given out while its claim is an orphan */
#define GIVEN(id) (!attached[id])
#else
#define GIVEN(id) (!attached[id] && state[id] == FREE)
#endif
	:: GIVEN(0) -> me = 0
	:: !GIVEN(0) && GIVEN(1) -> me = 1
	:: !GIVEN(0) && !GIVEN(1) && GIVEN(2) -> me = 2
	fi;
	attached[me] = 1
}

proctype consume(byte me)
{
	byte from, to, count, skips, o, i, t;

	goto works;
attaches:
	atomic { attach() };
works:	do
	:: true ->
end_idle:	ORPHAN_IS_THERE || RECORD_IS_THERE;
		TAKE(consumers_lock, me + 1);
		d_step { find_orphan() };
		if
		:: o != IDS ->
			atomic { take_orphan() };
			write_claim();
#ifdef COUNT_ORPHANS	/* who takes an orphan counts it as received again */
			STEP(next[1 - version] = NEXT; expected[1 - version] = expected[version];
				received[1 - version] = received[version] + count;
				skipped[1 - version] = skipped[version]);
			STEP(version = 1 - version);
#endif
			if
			:: to != finish[o] -> STEP(start[o] = to)
#ifdef EMPTY_ORPHAN	/* the start of an orphan moves to its end before it is free */
			:: to == finish[o] -> STEP(start[o] = to); STEP(state[o] = FREE)
#else
			:: to == finish[o] -> STEP(state[o] = FREE)
#endif
			fi;
			/* What depends on the start; a death before it: the kernel counts again. */
			STEP(if
			:: state[o] == FREE -> used[o] = 0
			:: else -> records[o] = finish[o] - start[o]
			fi)
		:: else ->
			atomic { take_next() };
			if
			:: count == 0 && skips == 0 ->
				STEP(consumers_lock = NOBODY);
				goto again
			:: count == 0 && skips != 0 ->
				write_cursor();
				move_tail();
				STEP(consumers_lock = NOBODY);
				goto again
			:: else
			fi;
#ifdef VERSION_FIRST	/* I: the cursor before the claim */
			write_cursor();
			write_claim()
#else
			write_claim();
			write_cursor()
#endif
		fi;
		STEP(consumers_lock = NOBODY);
		STEP(deliver());
		TAKE(consumers_lock, me + 1);
#ifdef TAIL_FIRST	/* A, G: tail before the claim is free */
		STEP(used[me] = 0);
		move_tail();
		STEP(state[me] = FREE; mark_released());
#else
		STEP(state[me] = FREE; mark_released());
		STEP(used[me] = 0);
		move_tail();
#endif
		STEP(consumers_lock = NOBODY);
again:		atomic { from = 0; to = 0; count = 0; skips = 0; o = 0 }
	od;
died:	atomic { from = 0; to = 0; count = 0; skips = 0; o = 0; i = 0; t = 0; dead_consumer[me] = 1 };
	!dead_consumer[me];
	atomic { attached[me] = 0; me = 0 };
	goto attaches
}

/* By the kernel, with both locks still. */
inline ledger()
{
	n = received[CURSOR];
	i = 0;
#ifndef COUNT_ORPHANS
	do
	:: i < IDS && state[i] == ORPHANED -> n = n - records[i]; i++
	:: i < IDS && state[i] != ORPHANED -> i++
	:: i == IDS -> break
	od;
#endif
	assert(expected[CURSOR] == NEXT);
	/* What was released, or is in a live claim that was taken. */
	i = 0;
	do
	:: i < POSITIONS && released[i] -> n--; i++
	:: i < POSITIONS && !released[i] -> i++
	:: i == POSITIONS -> break
	od;
	i = 0;
	do
	:: i < IDS && state[i] == CLAIMED && !dead_consumer[i] -> n = n - (finish[i] - start[i]); i++
	:: i < IDS && !(state[i] == CLAIMED && !dead_consumer[i]) -> i++
	:: i == IDS -> break
	od;
	i = 0
}

inline repair_producer(dead)
{
	d_step { p = tail; end = head; vacant = (p == end) };
	do
	:: p < end ->
		mine = (word[SLOT(p)] == BUSY && owner[SLOT(p)] == dead);
		if
		:: atomic { tail > p -> p = tail }
#ifdef NOT_ABANDONED	/* what the dead one reserved stays reserved */
		:: atomic { tail <= p -> p++ }
#else
		:: atomic { tail <= p && mine -> word[SLOT(p)] = ABANDONED; abandoned++; p++ }
		:: atomic { tail <= p && !mine -> p++ }
#endif
		fi
	:: else -> break
	od;
#ifdef TAIL_AGAIN	/* empty or not is asked again, when what was abandoned may have been skipped */
	vacant = (tail == head);
#endif
#ifndef SEQUENCE_STAYS	/* sequence is not set */
	if
	:: held && !vacant -> sequence = number[SLOT(head - 1)] + 1
	:: else
	fi;
#endif
#ifndef LOCK_STAYS_PRODUCER	/* F: the dead one's lock is not given back */
	if
	:: held -> producers_lock = NOBODY
	:: else
	fi;
#endif
	atomic { p = 0; end = 0; mine = 0; held = 0; vacant = 0; dead_producer[dead] = 0 }
}

/* Is it the claim of one that died before it had taken it? */
inline was_taken(dead)
{
	t = 1;
#ifndef TAKEN_AT_NEXT	/* a claim that starts at next counts as taken */
	if
	:: start[dead] >= NEXT -> t = 0
	:: else
	fi;
#endif
#ifndef TAKEN_AT_ORPHAN	/* a claim where an orphan still starts counts as taken */
	i = 0;
	do
	:: i < IDS && i != dead && state[i] == ORPHANED && start[i] == start[dead] -> t = 0; i++
	:: i < IDS && !(i != dead && state[i] == ORPHANED && start[i] == start[dead]) -> i++
	:: i == IDS -> break
	od;
	i = 0
#endif
}

inline count_orphans()
{
	i = 0;
	do
	:: i < IDS && state[i] == ORPHANED -> records[i] = finish[i] - start[i]; used[i] = 1; i++
	:: i < IDS && state[i] == FREE -> used[i] = 0; i++
	:: i < IDS && state[i] == CLAIMED -> i++
	:: i == IDS -> break
	od;
	i = 0
}

inline repair_consumer(dead)
{
	d_step {
		if
		:: state[dead] == CLAIMED ->
			was_taken(dead);
			if
#ifdef NOT_ORPHANED	/* what the dead one had claimed is free */
			:: t -> state[dead] = FREE
#else
			:: t -> state[dead] = ORPHANED
#endif
			:: !t -> state[dead] = FREE
			fi;
#ifdef COUNT_ORPHANS
			if
			:: t -> received[version] = received[version] - records[dead]
			:: else
			fi;
#endif
			t = 0
		:: else
		fi;
		count_orphans()
	};
#ifndef TAIL_STAYS	/* A: tail is not set again */
	d_step { lowest_start(t); tail = t; t = 0 };
#endif
#ifdef LOCK_STAYS_CONSUMER	/* G: the dead one's lock is not given back */
	if
	:: held
	:: else -> consumers_lock = NOBODY
	fi;
#else
	d_step {
		if
		:: dead_consumer[0] + dead_consumer[1] + dead_consumer[2] == 1 -> ledger(); assert(n == 0)
		:: else
		fi;
		n = 0;
		consumers_lock = NOBODY
	};
#endif
	atomic { held = 0; dead_consumer[dead] = 0 }
}

/* The lock is the dead one's, or free and taken now; if a live one holds it, or another dead one, then after that. */
#define MAY_REPAIR(dead, lock, id) \
	atomic { dead && (lock == id || lock == NOBODY) -> held = (lock == id); lock = (held -> id : KERNEL) }

active proctype kernel()
{
	byte p, end, i, t;
	short n;
	bit held, vacant, mine;

	atomic {
		/* How many there are to be: one that may come for ever would help who waits for ever. */
		select(deaths : 0 .. DEATHS);
		run produce(1, SENDS);
		run produce(2, 1);
		attached[0] = 1;
		run consume(0);
		attached[1] = 1;
		run consume(1)
	};
	do
	:: atomic { dead_producer[1] -> held = (producers_lock == 1) }; repair_producer(1)
	:: atomic { dead_producer[2] -> held = (producers_lock == 2) }; repair_producer(2)
	:: MAY_REPAIR(dead_consumer[0], consumers_lock, 1); repair_consumer(0)
	:: MAY_REPAIR(dead_consumer[1], consumers_lock, 2); repair_consumer(1)
	:: MAY_REPAIR(dead_consumer[2], consumers_lock, 3); repair_consumer(2)
	:: timeout -> break
	od;
	skip;
	d_step {
		assert(done == 2);
		assert(NEXT == head && tail == head && sequence == head);
		assert(expected[CURSOR] == received[CURSOR] + skipped[CURSOR]);
		ledger();
		assert(n == 0);
		i = 0;
		do
		:: i < POSITIONS -> assert(committed[i] == released[i]); i++
		:: else -> break
		od
	}
}
