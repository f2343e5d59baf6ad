/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Barrier I of <linux/kmq_ring.h>: the two cursors and their version. The one consumer of mode MPSC moves on CLAIMS
 * times without a lock; the kernel reads the cursor meanwhile, for poll and the ledger.
 *
 * Stands for: claim(): the end of a claim; look(): the kernel's load of the cursor, once; it may try again.
 *
 * Assumed of memory: unordered.h. The consumer is processor 0, the kernel 1. Of a cursor there are two words, which
 * belong together if they are equal.
 *
 * Claimed: what the kernel accepts is one cursor, and not older than one that it accepted before.
 *
 * Runs of tests/model/run:
 *	passes	"whole"
 *	fails	I_NO_RELEASE assertion
 *	fails	I_NO_ACQUIRE assertion
 *	fails	I_LOOK_FIRST assertion
 *	fails	I_NO_LOOK assertion
 *	fails	I_NO_FENCE assertion
 */
#ifndef CLAIMS
#define CLAIMS		4
#endif
#define PROCESSORS	2
#define VERSION		0
#define NEXT(version)	(1 + (version) % 2)
#define EXPECTED(version) (3 + (version) % 2)
#define WORDS		7
#include "unordered.h"

#define ME		0
#define KERNEL		1

#ifdef I_NO_RELEASE		/* I: the version is seen before the cursor */
#define VERSION_ORDER	PLAIN
#else
#define VERSION_ORDER	RELEASE
#endif

proctype claim()
{
	byte version;

	do
	:: version == CLAIMS -> break
	:: else ->
		STORE(ME, NEXT(version + 1), version + 1, PLAIN);
		STORE(ME, EXPECTED(version + 1), version + 1, PLAIN);
		STORE(ME, VERSION, version + 1, VERSION_ORDER);
#ifndef I_NO_FENCE		/* I: no fence between the version and the next cursor */
		EMPTY(ME);
#endif
		version++
	od
}

proctype look()
{
	byte version, again, next, expected, last;

end_looks:
	do
	:: last < CLAIMS ->
#ifdef I_NO_ACQUIRE		/* I: the cursor is loaded before its version */
		if
		:: version = 0
		:: version = 1
		fi;
		next = LOAD(KERNEL, NEXT(version));
		expected = LOAD(KERNEL, EXPECTED(version));
		again = LOAD(KERNEL, VERSION);
		version = (again % 2 == version -> again : 100);
		again = LOAD(KERNEL, VERSION);
#else
		version = LOAD(KERNEL, VERSION);
#ifdef I_LOOK_FIRST		/* I: the version is loaded again before the cursor */
		again = LOAD(KERNEL, VERSION);
#endif
		next = LOAD(KERNEL, NEXT(version));
		expected = LOAD(KERNEL, EXPECTED(version));
#ifndef I_LOOK_FIRST
		again = LOAD(KERNEL, VERSION);
#endif
#endif
		if
#ifdef I_NO_LOOK		/* I: the version is not loaded again */
		:: 0
#else
		:: version != again
#endif
		:: else ->
			d_step {
				assert(next == expected);
				assert(next >= last);
				last = next
			}
		fi;
		atomic { version = 0; again = 0; next = 0; expected = 0 }
	od
}

init {
	atomic {
		run buffer(ME);
		run claim();
		run look()
	}
}
