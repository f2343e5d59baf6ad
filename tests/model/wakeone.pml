/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SLEEPING of <linux/kmq_ring.h>, modes MPMC and MPSC: who is woken, and what becomes of a wake-up. Two producers that
 * reserve together and commit in any order, one of them a batch; two consumers, each of which sleeps for one record.
 * DEATHS of them die anywhere, SIGNALS interrupt one that waits. With CONSUMERS=1 it is mode MPSC, and the one sleeps for
 * WANTED records (the event index). With WAITS_ONLY consumer 1 calls kmq_ring_wait() and takes nothing.
 *
 * Stands for: produce(): commit and its doorbell; consume(): claim, passing on, KMQ_IOC_RING_WAIT; ring():
 * KMQ_IOC_RING_WAKE of the consumers' side; the lines behind `died`: what RECOVERY does for those that are asleep.
 *
 * Assumed of memory: order. That a commit and consumer_wake are not missed by both sides is wake.pml's; the claim is
 * one step, as recover.pml has it in many. Records are named by their numbers, from 0.
 *
 * A consumer that took as many times as CLAIMS is busy for ever after, and holds nothing up.
 *
 * Claimed: when nothing moves any more, nobody is asleep for whom there is an orphan or as many records as it wanted.
 *
 * Runs of tests/model/run:
 *	passes	"MPMC" -DCLAIMS=2
 *	passes	"MPMC, busy after one" -DCLAIMS=1
 *	passes	"MPMC, one only waits" -DCLAIMS=2 -DWAITS_ONLY
 *	passes	"MPSC, for two" -DCONSUMERS=1 -DWANTED=2 -DBATCH=1 -DSINGLES=3
 *	passes	"MPSC, for three" -DCONSUMERS=1 -DWANTED=3
 *	fails	NO_SECOND_LOOK assertion -DCLAIMS=1
 *	fails	ORPHAN_UNSEEN assertion -DCLAIMS=2
 *	fails	DEATH_IS_SILENT assertion -DCLAIMS=1
 *	fails	WAKE_DISARMS assertion -DCLAIMS=1
 *	fails	SIGNAL_WINS assertion -DCLAIMS=1
 *	fails	PASS_NOTHING assertion -DCLAIMS=1
 *	fails	NO_PASS_ON_LOOK assertion -DCLAIMS=2 -DWAITS_ONLY
 *	fails	GIVES_UP_SILENTLY assertion -DCLAIMS=2
 *	fails	ONLY_READABLE assertion -DCONSUMERS=1 -DWANTED=3
 *	fails	WAITS_BEYOND assertion -DCONSUMERS=1 -DWANTED=3
 */
#ifndef WANTED
#define WANTED		1
#endif
#ifndef BATCH
#define BATCH		2	/* of producer 0 */
#endif
#ifndef SINGLES
#define SINGLES		1	/* records of producer 1, one by one */
#endif
#ifndef CONSUMERS
#define CONSUMERS	2
#endif
#ifndef DEATHS
#define DEATHS		1
#endif
#ifndef SIGNALS
#define SIGNALS		1
#endif
#ifndef CLAIMS
#define CLAIMS		4	/* each consumer takes so many times, then is busy for ever */
#endif
#define RECORDS		(BATCH + SINGLES)
#define NEVER		100

byte sequence, next;
bit ready[RECORDS + 1], orphan[RECORDS + 1];
byte orphans;
byte consumer_wake = NEVER;
bit queued[2];
byte wake_at[2];
byte deaths, signals, producing = 2;
byte found;	/* scratch of d_steps */

#define MORTAL(what) \
	if \
	:: what \
	:: atomic { deaths < DEATHS -> deaths++; goto died } \
	fi

inline rearm()
{
	consumer_wake = NEVER;
	if
	:: queued[0] && wake_at[0] < consumer_wake -> consumer_wake = wake_at[0]
	:: else
	fi;
	if
	:: queued[1] && wake_at[1] < consumer_wake -> consumer_wake = wake_at[1]
	:: else
	fi
}

/* How many records are ready from next on. */
inline count_ready(result)
{
	result = 0;
	do
	:: next + result < sequence && ready[next + result] -> result++
	:: else -> break
	od
}

/* Consumer 1 waits until there is enough and then is busy with other things, for ever. */
#ifdef WAITS_ONLY
#define LOOKS_ONLY(id)	(id == 1)
#else
#define LOOKS_ONLY(id)	0
#endif
#define WANTS(id)	(id == 1 -> WANTED : 1)
#ifdef ONLY_READABLE	/* WAKE leaves asleep for whom a record is not committed yet */
#define MAY_WAKE(id)	(queued[id] && found >= WANTS(id))
#else
#define MAY_WAKE(id)	(queued[id] && sequence > wake_at[id])
#endif

/* The sleeper with the lowest number; of two with the same, either. */
inline ring()
{
	atomic {
		count_ready(found);
		if
		:: MAY_WAKE(0) && (!MAY_WAKE(1) || wake_at[0] <= wake_at[1]) -> queued[0] = 0
		:: MAY_WAKE(1) && (!MAY_WAKE(0) || wake_at[1] <= wake_at[0]) -> queued[1] = 0
		:: else
		fi;
		found = 0;
#ifdef WAKE_DISARMS	/* who is still asleep after a WAKE is forgotten */
		consumer_wake = NEVER
#else
		rearm()
#endif
	}
}

proctype produce(byte count; byte times)
{
	byte first, i;

	do
	:: times == 0 -> break
	:: else ->
		atomic { first = sequence; sequence = sequence + count };
		i = count;
		do
		:: i > 0 -> i--; ready[first + i] = 1
		:: else -> break
		od;
		if
		:: first + count - 1 >= consumer_wake -> ring()
		:: else
		fi;
		times--
	od;
	atomic { producing--; first = 0 }
}

inline claim()
{
	d_step {
		got = 0;
		o = 0;
		do
		:: o < RECORDS && !orphan[o] -> o++
		:: else -> break
		od;
		count_ready(found);
		if
		:: o < RECORDS && LOOKS_ONLY(me) -> enough = 1
		:: o < RECORDS && !LOOKS_ONLY(me) -> orphan[o] = 0; orphans--; first = o; got = 1
		:: o == RECORDS && found >= WANTS(me) && !LOOKS_ONLY(me) ->
			first = next;
			got = WANTS(me);
			next = next + got
		:: o == RECORDS && found >= WANTS(me) && LOOKS_ONLY(me) ->
			word = next + found;
			enough = 1
		:: else ->
			/* The first that is not there: BUSY, or not even reserved. */
			word = next + found;
			seen = sequence;
#ifdef WAITS_BEYOND	/* it sleeps for its last record, though an earlier one is BUSY */
			word = sequence;
			wake_at[me] = next + WANTS(me) - 1
#else
			wake_at[me] = (word < sequence -> word : next + WANTS(me) - 1)
#endif
		fi;
		left = (next < sequence && ready[next]);
		found = 0;
		o = 0
	}
}

#define ORPHAN_IS_THERE	(orphans > 0)
#ifdef ORPHAN_UNSEEN	/* WAIT looks at the word only, not for an orphan */
#define SEES_ORPHAN	0
#else
#define SEES_ORPHAN	ORPHAN_IS_THERE
#endif
#ifdef NO_SECOND_LOOK	/* WAIT does not look at the word again */
#define SEES_WORD	0
#else
#define SEES_WORD	(word < seen -> ready[word] : sequence != seen)
#endif

proctype consume(byte me; byte claims)
{
	byte first, got, word, seen, o;
	bit left, enough;

	do
	:: claims == 0 -> break
	:: else ->
		if
		:: claim()
		:: atomic { deaths < DEATHS -> deaths++; goto died }
		/* A signal or the deadline, while it waits for consumers.lock. */
		:: atomic { signals < SIGNALS -> signals++ };
#ifndef GIVES_UP_SILENTLY	/* who was woken, and gives up before it looks, does not pass the wake-up on */
			ring();
#endif
			break
		fi;
		if
		:: got ->
			claims--;
			if
#ifdef PASS_NOTHING	/* who leaves a record behind does not pass the wake-up on */
			:: left && 0 ->
#else
			:: left && sequence - 1 >= consumer_wake ->
#endif
				MORTAL(ring())
			:: else
			fi;
			/* Read, released. */
			MORTAL(atomic { got = 0; first = 0; left = 0 })
		:: else ->
#ifndef NO_PASS_ON_LOOK	/* who was woken, looks, and takes nothing does not pass the wake-up on */
			if
			:: left && word - 1 >= consumer_wake -> MORTAL(ring())
			:: else
			fi;
#endif
			if
			:: enough -> break
			:: else
			fi;
			MORTAL(atomic { queued[me] = 1; rearm() });
			if
			:: atomic { SEES_WORD || SEES_ORPHAN -> queued[me] = 0; rearm() }
			:: atomic { !(SEES_WORD || SEES_ORPHAN) -> skip };
end_asleep:			if
				:: !queued[me]
				:: atomic { deaths < DEATHS -> deaths++; goto died }
				:: atomic { queued[me] && signals < SIGNALS -> signals++; queued[me] = 0; rearm() };
					break
#ifdef SIGNAL_WINS	/* WAIT is interrupted although it was woken */
				:: atomic { !queued[me] && signals < SIGNALS -> signals++ };
					break
#endif
				fi
			fi;
			atomic { word = 0; seen = 0; left = 0 }
		fi
	od;
	goto out;
died:	/* The kernel: what it had claimed is an orphan; then all are woken. */
	atomic {
		left = (got != 0);
		queued[me] = 0;
		rearm();
		do
		:: got > 0 -> got--; orphan[first + got] = 1; orphans++
		:: else -> break
		od
	};
	atomic {
		if
#ifdef DEATH_IS_SILENT	/* nobody is woken if the dead one held nothing */
		:: !left
		:: left ->
#else
		:: true ->
#endif
		   queued[0] = 0; queued[1] = 0; consumer_wake = NEVER
		fi
	};
out:	atomic { first = 0; word = 0; seen = 0; left = 0; enough = 0 }
}

active proctype judge()
{
	byte n;

	atomic {
		/* How many there are to be: one that may come for ever would help who sleeps for ever. */
		select(deaths : 0 .. DEATHS);
		select(signals : 0 .. SIGNALS);
		run produce(BATCH, 1);
		run produce(1, SINGLES);
#if CONSUMERS == 2
		run consume(0, CLAIMS);
#endif
		run consume(1, CLAIMS)
	};
	timeout;
	d_step {
		assert(producing == 0);
		count_ready(n);
		assert(!(queued[0] && (n >= 1 || ORPHAN_IS_THERE)));
		assert(!(queued[1] && (n >= WANTED || ORPHAN_IS_THERE)))
	}
}
