/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lock word of <linux/kmq_ring.h> (F and G): PARTIES parties take it ROUNDS times each; they die anywhere, DEATHS
 * times in all.
 *
 * Stands for: party(): the library's lock and unlock, with KMQ_IOC_RING_WAIT and KMQ_IOC_RING_WAKE of a lock; the lines
 * behind `died`: the kernel at the end of an attachment.
 *
 * Assumed of memory: nothing: compare-and-swap and exchange are one step on one word, and the kernel's WAIT looks at the
 * word under the lock that its WAKE takes.
 *
 * Claimed: never two at a time; and nobody waits for ever.
 *
 * Runs of tests/model/run:
 *	passes	"three parties"
 *	fails	SLEPT_TAKES_PLAIN deadlock
 *	fails	UNCONTENDED deadlock
 *	fails	NO_LOOK deadlock
 *	fails	LOCK_STAYS deadlock
 *	fails	FLAG_IS_NAME deadlock
 *	fails	DEATH_IS_SILENT deadlock
 */
#ifndef PARTIES
#define PARTIES		3
#endif
#ifndef ROUNDS
#define ROUNDS		2
#endif
#ifndef DEATHS
#define DEATHS		1
#endif
#define CONTENDED	16

byte word, inside, deaths;
bit queued[PARTIES + 1];

#define STEP(what) \
	if \
	:: atomic { true -> what } \
	:: atomic { deaths < DEATHS -> deaths++; goto died } \
	fi

#ifdef SLEPT_TAKES_PLAIN	/* who has slept takes the lock as if nobody else slept */
#define MINE	me
#else
#define MINE	(slept -> me + CONTENDED : me)
#endif

/* One of the sleepers, any. */
inline wake_one()
{
	if
	:: queued[1] -> queued[1] = 0
	:: queued[2] -> queued[2] = 0
	:: queued[3] -> queued[3] = 0
	:: !queued[1] && !queued[2] && !queued[3]
	fi
}

proctype party(byte me)
{
	byte old, rounds;
	bit slept;

	do
	:: rounds == ROUNDS -> break
	:: else ->
		rounds++;
		slept = 0;
take:
		STEP(old = word;
			if
			:: old == 0 -> word = MINE; inside++; assert(inside == 1)
			:: else
			fi);
		if
		:: old == 0
		:: old != 0 ->
#ifndef UNCONTENDED	/* the holder is not told that someone sleeps */
			if
			:: old < CONTENDED ->
				STEP(if
				:: word == old -> word = old + CONTENDED; old = word
				:: else -> old = 0
				fi)
			:: else
			fi;
#endif
			if
			:: old == 0
			:: else ->
#ifdef NO_LOOK		/* WAIT does not look at the word */
				STEP(queued[me] = 1);
#else
				STEP(queued[me] = (word == old));
#endif
				if
				:: !queued[me]
				:: atomic { queued[me] && deaths < DEATHS -> deaths++; goto died }
				fi;
				slept = 1
			fi;
			old = 0;
			goto take
		fi;
		STEP(inside--; old = word; word = 0);
		STEP(if
		:: old >= CONTENDED -> wake_one()
		:: else
		fi);
		old = 0
	od;
	goto out;
died:	atomic {
		queued[me] = 0;
		old = 0
	};
	atomic {
		if
#ifdef LOCK_STAYS	/* the dead one's lock is not given back */
		:: word % CONTENDED == me && 0
#else
#ifdef FLAG_IS_NAME	/* the kernel forgets that a name may have CONTENDED beside it */
		:: word == me -> word = 0; inside--
#else
		:: word % CONTENDED == me -> word = 0; inside--
#endif
#endif
		:: else
		fi
	};
#ifndef DEATH_IS_SILENT	/* the sleepers are not woken: the dead one may have been woken to take it */
	atomic { queued[1] = 0; queued[2] = 0; queued[3] = 0 };
#endif
out:	skip
}

init {
	atomic {
		select(deaths : 0 .. DEATHS);
		run party(1);
		run party(2);
#if PARTIES > 2
		run party(3)
#endif
	}
}
