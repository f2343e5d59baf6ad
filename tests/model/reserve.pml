/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reserve, commit, consume of <linux/kmq_ring.h>, mode MPSC: barriers A, B, E and F. Producer 1 sends FIRST records,
 * producer 2 SECOND, through a ring of SIZE to one consumer (processor 0).
 *
 * Stands for: produce(): reserve under producers.lock, the body, commit; consume(): claim, read, release.
 *
 * Assumed of memory: unordered.h, no order but what the barriers make. A header is one word here: its state, and the
 * record's number. Bodies are one word, with the producer's name and its own count.
 *
 * Claimed, of each record: it has the next number, its body is whole, it is the next of its producer. At the end none
 * is missing, and nobody is stuck.
 *
 * Runs of tests/model/run:
 *	passes	"three records"
 *	passes	"five records" -DFIRST=3 -DSECOND=2
 *	fails	F_NO_LOCK assertion
 *	fails	F_NO_RELEASE assertion
 *	fails	F_NO_ACQUIRE assertion
 *	fails	B_NO_RELEASE assertion
 *	fails	B_NO_ACQUIRE assertion
 *	fails	E_NO_RELEASE assertion
 *	fails	E_NO_ACQUIRE assertion
 *	fails	E_NO_BUSY assertion
 *	fails	A_NO_RELEASE assertion
 *	fails	A_NO_ACQUIRE deadlock
 *	fails	A_NO_LOOK assertion
 */
#ifndef FIRST
#define FIRST		2
#endif
#ifndef SECOND
#define SECOND		1
#endif
#define SIZE		2
#define ALL		(FIRST + SECOND)

#define PROCESSORS	3
#define HEAD		0
#define SEQUENCE	1
#define TAIL		2
#define HEADER(position) (3 + (position) % SIZE)
#define BODY(position)	(3 + SIZE + (position) % SIZE)
#define WORDS		(3 + 2 * SIZE)
#include "unordered.h"

#define BUSY		64
#define READY		32
#define NUMBER(header)	((header) & 31)

bit lock;

#ifdef F_NO_LOCK		/* F: no lock */
#define TAKE_LOCK	skip
#else
#define TAKE_LOCK	atomic { !lock -> lock = 1 }
#endif
#ifdef F_NO_RELEASE		/* F: the lock is free before what it guards can be seen */
#define GIVE_LOCK	lock = 0
#else
#define GIVE_LOCK	atomic { EMPTY(me) -> lock = 0 }
#endif
#ifdef B_NO_RELEASE		/* B: head is seen before the header */
#define HEAD_ORDER	PLAIN
#else
#define HEAD_ORDER	RELEASE
#endif
#ifdef E_NO_RELEASE		/* E: the commit is seen before the body */
#define COMMIT_ORDER	PLAIN
#else
#define COMMIT_ORDER	RELEASE
#endif
#ifdef E_NO_BUSY		/* E: a header that does not tell that the body is not written yet */
#define RESERVED	READY
#else
#define RESERVED	BUSY
#endif

proctype produce(byte me; byte sends)
{
	byte head, number, tail, sent;

	do
	:: sent == sends -> break
	:: else ->
#ifdef F_NO_ACQUIRE		/* F: what the lock guards is loaded before the lock is taken */
		head = LOAD(me, HEAD);
		number = LOAD(me, SEQUENCE);
		TAKE_LOCK;
#else
		TAKE_LOCK;
		head = LOAD(me, HEAD);
		number = LOAD(me, SEQUENCE);
#endif
#ifdef A_NO_ACQUIRE		/* A: the record's first store is done before tail is loaded */
		STORE(me, HEADER(head), RESERVED + number, PLAIN);
#endif
		tail = LOAD(me, TAIL);
		if
#ifdef A_NO_LOOK		/* A: no look at tail */
		:: 0 ->
#else
		:: head + 1 - tail > SIZE ->
#endif
			GIVE_LOCK;
			/* It sleeps, and is woken: wake.pml. */
			memory[TAIL] != tail
		:: else ->
#ifndef A_NO_ACQUIRE
			STORE(me, HEADER(head), RESERVED + number, PLAIN);
#endif
			STORE(me, HEAD, head + 1, HEAD_ORDER);
			STORE(me, SEQUENCE, number + 1, PLAIN);
			GIVE_LOCK;
			sent++;
			STORE(me, BODY(head), me * 16 + sent, PLAIN);
			STORE(me, HEADER(head), READY + number, COMMIT_ORDER)
		fi;
		atomic { head = 0; number = 0; tail = 0 }
	od
}

#define ME		0

proctype consume()
{
	byte next, head, header, body;
	byte got[PROCESSORS];

	do
	:: next == ALL -> break
	:: else ->
#ifdef B_NO_ACQUIRE		/* B: the header is loaded before head */
		header = LOAD(ME, HEADER(next));
#endif
		head = LOAD(ME, HEAD);
		if
		:: head == next -> memory[HEAD] != head
		:: else ->
#ifdef E_NO_ACQUIRE		/* E: the body is loaded before the header */
			body = LOAD(ME, BODY(next));
#endif
#ifndef B_NO_ACQUIRE
			header = LOAD(ME, HEADER(next));
#endif
			if
			:: header & BUSY -> memory[HEADER(next)] != header
			:: else ->
#ifdef A_NO_RELEASE		/* A: tail moves before the body is loaded */
				STORE(ME, TAIL, next + 1, RELEASE);
#endif
#ifndef E_NO_ACQUIRE
				body = LOAD(ME, BODY(next));
#endif
#ifndef A_NO_RELEASE
				STORE(ME, TAIL, next + 1, RELEASE);
#endif
				d_step {
					assert(NUMBER(header) == next);
					assert(body / 16 == 1 || body / 16 == 2);
					got[body / 16]++;
					assert(got[body / 16] == body % 16);
					next++
				}
			fi
		fi;
		atomic { head = 0; header = 0; body = 0 }
	od;
	assert(got[1] == FIRST && got[2] == SECOND)
}

init {
	atomic {
		run buffer(0);
		run buffer(1);
		run buffer(2);
		run produce(1, FIRST);
		run produce(2, SECOND);
		run consume()
	}
}
