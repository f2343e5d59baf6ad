/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RECOVERY of <linux/kmq_ring.h>, mode SPSC: a producer of RECORDS records, a consumer, a ring of SIZE. Either dies
 * before any of its stores, DEATHS times in all, and is replaced when the kernel has repaired.
 *
 * Stands for: produce(), consume(): the library; repair_producer(), repair_consumer(): the kernel, load by load, while
 * the other party goes on.
 *
 * Assumed of memory: as recover.pml: the dead left a prefix of their program; the others' loads and stores are in order
 * (reserve.pml). Records have one size, so that a position is also the number that a record must have.
 *
 * Claimed: each record has the next number, and `expected` is right whenever a consumer begins; none is lost, none
 * released is delivered again; both come to the end, and the counts are equal then.
 *
 * Runs of tests/model/run:
 *	passes	"two deaths"
 *	fails	TAIL_FIRST assertion
 *	fails	EXPECTED_BEFORE_TAIL assertion
 *	fails	SEQUENCE_STAYS assertion
 *	fails	EXPECTED_STAYS assertion
 *	fails	EXPECTED_FROM_SEQUENCE assertion
 */
#ifndef SIZE
#define SIZE		2
#endif
#ifndef RECORDS
#define RECORDS		4
#endif
#ifndef DEATHS
#define DEATHS		2
#endif

byte head, sequence, tail, expected, number[SIZE];
byte deaths;
bit dead_producer, dead_consumer;

/* Who waits may die, too. */
#define WAIT_FOR(condition) \
	if \
	:: condition \
	:: atomic { deaths < DEATHS -> deaths++; goto died } \
	fi
#define STEP(what) \
	if \
	:: atomic { true -> what } \
	:: atomic { deaths < DEATHS -> deaths++; goto died } \
	fi

proctype produce()
{
again:	do
	:: head == RECORDS -> break
	:: else ->
		WAIT_FOR(head + 1 - tail <= SIZE);
		STEP(number[head % SIZE] = sequence);
		STEP(sequence++);
		STEP(head++)
	od;
	goto out;
died:	dead_producer = 1;
	!dead_producer;
	goto again;
out:	skip
}

proctype consume()
{
again:	do
	:: tail == RECORDS -> break
	:: else ->
		WAIT_FOR(tail != head);
		STEP(assert(number[tail % SIZE] == tail); assert(expected == tail));
#ifdef TAIL_FIRST	/* A: tail before expected */
		STEP(tail++);
		STEP(expected++)
#else
		STEP(expected++);
		STEP(tail++)
#endif
	od;
	goto out;
died:	dead_consumer = 1;
	!dead_consumer;
	goto again;
out:	skip
}

inline repair_producer()
{
#ifdef EXPECTED_BEFORE_TAIL	/* expected is loaded before the look whether the ring is empty */
	e = expected;
	t = tail;
#else
	t = tail;
	e = expected;
#endif
	if
#ifdef SEQUENCE_STAYS	/* sequence is not set */
	:: true
#else
	:: t == head -> sequence = e
	:: t != head -> sequence = number[(head - 1) % SIZE] + 1
#endif
	fi;
	atomic { t = 0; e = 0; dead_producer = 0 }
}

inline repair_consumer()
{
	t = head;
	if
#ifdef EXPECTED_STAYS	/* expected is not set */
	:: true
#else
#ifdef EXPECTED_FROM_SEQUENCE	/* expected is set to sequence if the ring is empty */
	:: t == tail -> expected = sequence
#else
	:: t == tail
#endif
	:: t != tail -> expected = number[tail % SIZE]
#endif
	fi;
	atomic { t = 0; dead_consumer = 0 }
}

active proctype kernel()
{
	byte t, e;

	atomic {
		/* How many there are to be: one that may come for ever would help who waits for ever. */
		select(deaths : 0 .. DEATHS);
		run produce();
		run consume()
	};
	do
	:: dead_producer -> repair_producer()
	:: dead_consumer -> repair_consumer()
	:: timeout -> break
	od;
	assert(head == RECORDS && tail == RECORDS && sequence == RECORDS && expected == RECORDS)
}
