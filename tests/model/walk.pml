/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RECOVERY of <linux/kmq_ring.h>: the walk from tail to head that finds what a dead producer had reserved, while another
 * producer and the consumer go on, and without producers.lock. Records take one or two places of SIZE; the second place
 * of one is a body, and bodies look like a header of the dead one's, which is the worst that they can look like.
 *
 * Stands for: walk(): the kernel; produce(), consume(): who lives. What the dead one left is made at the beginning.
 *
 * Assumed of memory: order; the fence between a header and the second look at tail is the twin that looks first.
 *
 * Claimed: what is marked ABANDONED is a header, and the dead one's; all of those are, once; the walk ends, and so do
 * the others.
 *
 * Runs of tests/model/run:
 *	passes	"whole"
 *	fails	NO_FENCE assertion
 *	fails	TAIL_UNSEEN assertion
 */
#ifndef RECORDS
#define RECORDS		3
#endif
#define SIZE		4

/* Odd: one place; even: two. */
#define READY		1
#define DEAD		3	/* BUSY, of the dead one */
#define ABANDONED	5
#define BUSY		7	/* of another */
#define BODY		DEAD
#define PLACES(header)	(2 - (header) % 2)

byte data[SIZE], head, tail;
byte dead_at[2], dead_count, abandoned;
byte done;

proctype produce()
{
	byte at, more, sent;

	do
	:: sent == RECORDS -> break
	:: else ->
		if
		:: more = 0
		:: more = 1
		fi;
		head + 1 + more - tail <= SIZE;
		at = head;
		data[at % SIZE] = BUSY + more;
		head = head + 1 + more;
		if
		:: more -> data[(at + 1) % SIZE] = BODY
		:: else
		fi;
		data[at % SIZE] = READY + more;
		sent++
	od;
	done++
}

proctype consume()
{
	byte header;

end_empty:
	do
	:: tail != head ->
		header = data[tail % SIZE];
		if
		:: header == DEAD || header == DEAD + 1 || header >= BUSY -> data[tail % SIZE] != header
		:: else -> tail = tail + PLACES(header)
		fi;
		header = 0
	od
}

proctype walk()
{
	byte at, end, header, seen;

	at = tail;
	end = head;
	do
	:: at >= end -> break
	:: else ->
#ifdef NO_FENCE		/* A: tail is loaded before the header */
		seen = tail;
		header = data[at % SIZE];
#else
		header = data[at % SIZE];
		seen = tail;
#endif
		if
#ifndef TAIL_UNSEEN	/* A: tail is not looked at again */
		:: seen > at -> at = seen
		:: seen <= at ->
#else
		:: true ->
#endif
			if
			:: header == DEAD || header == DEAD + 1 ->
				d_step {
					assert(dead_count > 0 && (dead_at[0] == at || dead_at[1] == at));
					data[at % SIZE] = ABANDONED + 1 - header % 2;
					abandoned++
				}
			:: else
			fi;
			at = at + PLACES(header)
		fi
	od;
	done++
}

inline put(kind)
{
	if
	:: true -> data[head] = kind; head++
	:: head + 2 <= SIZE -> data[head] = kind + 1; data[head + 1] = BODY; head = head + 2
	fi
}

init {
	byte n;

	atomic {
		/* Of one to three records some are the dead one's. */
		do
		:: n < 3 && head < SIZE ->
			if
			:: put(READY)
			:: dead_count < 2 -> dead_at[dead_count] = head; dead_count++; put(DEAD)
			fi;
			n++
		:: n > 0 -> break
		od;
		run produce();
		run consume();
		run walk()
	};
	timeout;
	assert(done == 2 && tail == head && abandoned == dead_count)
}
