/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mode BROADCAST of <linux/kmq_ring.h>, barriers H and B: one producer of RECORDS records, which waits for nobody, in a
 * ring of SIZE, and one reader, which may be lapped at any time. The producer dies up to DEATHS times.
 *
 * Stands for: produce(): the same of the library and of the kernel; read(): peek and release, one record; the lines
 * behind `died`: the repair of a dead producer, when its stores have arrived.
 *
 * Assumed of memory: unordered.h, no order but what the barriers make. The producer is processor 1. Header and body are
 * one word each. Records have one size, so that a position is also the number that a record must have.
 *
 * Claimed: what is believed is whole and has the number of its place; what was read and what was told as lost is, at each
 * record, all that was sent before it; the reader comes to the end.
 *
 * Runs of tests/model/run:
 *	passes	"four records"
 *	passes	"six records, two deaths" -DRECORDS=6 -DDEATHS=2
 *	fails	H_OLDEST_LAST assertion
 *	fails	H_NO_WRITE_FENCE assertion
 *	fails	H_NO_READ_FENCE assertion
 *	fails	H_NO_LOOK assertion
 *	fails	B_NO_RELEASE assertion
 *	fails	B_NO_ACQUIRE assertion
 *	fails	SEQUENCE_STAYS assertion
 */
#ifndef RECORDS
#define RECORDS		4
#endif
#ifndef DEATHS
#define DEATHS		1
#endif
#define SIZE		2

#define PROCESSORS	2
#define HEAD		0
#define SEQUENCE	1
#define OLDEST		2
#define HEADER(position) (3 + (position) % SIZE)
#define BODY(position)	(3 + SIZE + (position) % SIZE)
#define WORDS		(3 + 2 * SIZE)
#include "unordered.h"

#define ME		1
#define READER		0

#ifdef B_NO_RELEASE		/* B: head is seen before the record */
#define HEAD_ORDER	PLAIN
#else
#define HEAD_ORDER	RELEASE
#endif

byte deaths;

#define STEP(what) \
	if \
	:: what \
	:: atomic { deaths < DEATHS -> deaths++; goto died } \
	fi

inline move_oldest()
{
	oldest = LOAD(ME, OLDEST);
	if
	:: head + 1 - oldest > SIZE -> STEP(STORE(ME, OLDEST, oldest + 1, PLAIN))
	:: else
	fi
}

proctype produce()
{
	byte head, oldest, number;

again:	do
	:: LOAD(ME, HEAD) == RECORDS -> break
	:: else ->
		head = LOAD(ME, HEAD);
		number = LOAD(ME, SEQUENCE);
#ifdef H_OLDEST_LAST		/* H: oldest moves after the record is written */
		STEP(STORE(ME, HEADER(head), number, PLAIN));
		STEP(STORE(ME, BODY(head), 16 + number, PLAIN));
		move_oldest();
#else
		move_oldest();
#ifndef H_NO_WRITE_FENCE	/* H: no fence between oldest and the data */
		EMPTY(ME);
#endif
		STEP(STORE(ME, HEADER(head), number, PLAIN));
		STEP(STORE(ME, BODY(head), 16 + number, PLAIN));
#endif
		STEP(STORE(ME, SEQUENCE, number + 1, PLAIN));
		STEP(STORE(ME, HEAD, head + 1, HEAD_ORDER));
		atomic { head = 0; oldest = 0; number = 0 }
	od;
	goto out;
died:	/* The kernel; then another producer. */
	atomic {
		EMPTY(ME) ->
#ifndef SEQUENCE_STAYS		/* sequence is not set */
		memory[SEQUENCE] = (memory[HEAD] == 0 -> 0 : memory[HEADER(memory[HEAD] + SIZE - 1)] + 1);
#endif
		head = 0;
		oldest = 0;
		number = 0
	};
	goto again;
out:	skip
}

proctype read()
{
	byte cursor, expected, seen, lost, head, header, body, oldest;

	do
	:: cursor == RECORDS -> break
	:: else ->
#ifdef B_NO_ACQUIRE		/* B: the record is loaded before head */
		header = LOAD(READER, HEADER(cursor));
		body = LOAD(READER, BODY(cursor));
#endif
		head = LOAD(READER, HEAD);
		if
		:: head == cursor -> memory[HEAD] != head
		:: else ->
#ifdef H_NO_READ_FENCE		/* H: oldest is loaded before the data */
			oldest = LOAD(READER, OLDEST);
#endif
#ifndef B_NO_ACQUIRE
			header = LOAD(READER, HEADER(cursor));
			body = LOAD(READER, BODY(cursor));
#endif
#ifndef H_NO_READ_FENCE
			oldest = LOAD(READER, OLDEST);
#endif
			if
#ifdef H_NO_LOOK		/* H: oldest is not looked at */
			:: 0 ->
#else
			:: oldest > cursor ->
#endif
				cursor = oldest
			:: else ->
				d_step {
					assert(body == 16 + header);
					assert(header == cursor);
					assert(header >= expected);
					lost = lost + header - expected;
					seen++;
					cursor++;
					expected = header + 1;
					assert(seen + lost == cursor)
				}
			fi
		fi;
		atomic { head = 0; header = 0; body = 0; oldest = 0 }
	od
}

init {
	atomic {
		run buffer(ME);
		run produce();
		run read()
	}
}
