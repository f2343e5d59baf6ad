/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SLEEPING of <linux/kmq_ring.h>, barriers C and D: one producer, one consumer, mode SPSC. RECORDS records go through a
 * ring of SIZE; both sleep when they cannot go on, the consumer until WANTED records are there (the event index).
 *
 * Stands for: produce(): the library's commit and its doorbell; consume(): release and its doorbell; wait_*():
 * KMQ_IOC_RING_WAIT; ring_*(): KMQ_IOC_RING_WAKE. Position and number are the same here: records have one size.
 *
 * Assumed of memory: each processor has a store buffer without order among words (weaker than x86, where it is a
 * queue), which drains at any time: `head` is what memory has, `own_head` what its writer stored. A processor sees its
 * own stores. A load is not done before a load or an interrupt that the program has before it, and a store not before
 * the load it follows; a load that passes a store is the store being late. What the
 * compiler may do without a compiler barrier is a twin of its own. The kernel's lists are under its lock: who takes it
 * sees what the last holder stored.
 *
 * With FENCED there is a fence between a commit and the load of consumer_wake (a release and producer_wake), as the twin
 * in a memfd has it where it may not interrupt others: C and D hold then without the interrupt.
 *
 * Claimed: no deadlock, so that nobody sleeps who could go on and whom nobody will wake.
 *
 * Runs of tests/model/run:
 *	passes	"two places"
 *	passes	"one place" -DSIZE=1
 *	passes	"event index" -DWANTED=2 -DSIZE=3 -DRECORDS=6
 *	passes	"both sides fence" -DFENCED -DC_NO_INTERRUPT -DD_NO_INTERRUPT
 *	fails	C_NO_COMPILER_BARRIER deadlock
 *	fails	C_NO_INTERRUPT deadlock
 *	fails	C_NO_OWN_BARRIER deadlock
 *	fails	C_LOOK_FIRST deadlock
 *	fails	C_NO_LOOK deadlock
 *	fails	C_LATE deadlock
 *	fails	C_SILENT deadlock
 *	fails	D_NO_COMPILER_BARRIER deadlock -DSIZE=1
 *	fails	D_NO_INTERRUPT deadlock -DSIZE=1
 *	fails	D_NO_OWN_BARRIER deadlock -DSIZE=1
 *	fails	D_LOOK_FIRST deadlock -DSIZE=1
 *	fails	D_NO_LOOK deadlock -DSIZE=1
 *	fails	D_LATE deadlock -DSIZE=1
 *	fails	D_SILENT deadlock -DSIZE=1
 */
#ifndef SIZE
#define SIZE		2
#endif
#ifndef RECORDS
#define RECORDS		4
#endif
#ifndef WANTED
#define WANTED		1
#endif
#define NEVER		100	/* 2^62 ahead */

byte head, own_head, tail, own_tail;
byte consumer_wake = NEVER, own_consumer_wake = NEVER;
byte producer_wake = NEVER, own_producer_wake = NEVER;
bit consumer_queued, producer_queued;

/* The buffers drain, word by word, each word's stores in their order. */
active proctype buffers()
{
end_drained:
	do
	:: d_step { head != own_head -> head++ }
	:: d_step { tail != own_tail -> tail++ }
	:: d_step { consumer_wake != own_consumer_wake -> consumer_wake = own_consumer_wake }
	:: d_step { producer_wake != own_producer_wake -> producer_wake = own_producer_wake }
	od
}

/* Takes the kernel's lock: the wake words' last stores have arrived. */
#define KERNEL_LOCK (consumer_wake == own_consumer_wake && producer_wake == own_producer_wake)

inline ring_consumers()
{
	atomic {
		KERNEL_LOCK ->
		consumer_queued = 0;
		consumer_wake = NEVER;
		own_consumer_wake = NEVER
	}
}

inline ring_producers()
{
	atomic {
		KERNEL_LOCK ->
		producer_queued = 0;
		producer_wake = NEVER;
		own_producer_wake = NEVER
	}
}

/* What each processor does when the interrupt comes. */
inline drain_producer()
{
	d_step { head = own_head; producer_wake = own_producer_wake }
}

inline drain_consumer()
{
	d_step { tail = own_tail; consumer_wake = own_consumer_wake }
}

inline wait_for_records(seen, wake)
{
#ifdef C_LOOK_FIRST	/* C: the word is looked at again before consumer_wake is stored */
	again = head;
	atomic { KERNEL_LOCK -> consumer_queued = 1; own_consumer_wake = wake };
	drain_consumer();
	drain_producer();
#else
	atomic { KERNEL_LOCK -> consumer_queued = 1; own_consumer_wake = wake };
#ifndef C_NO_OWN_BARRIER	/* C: the barrier leaves out the processor that asks for it */
	drain_consumer();
#endif
#ifndef C_NO_INTERRUPT	/* C: the barrier is only on the processor that asks for it */
	drain_producer();
#endif
#ifdef C_NO_LOOK	/* C: the word is not looked at again */
	again = seen;
#else
	again = head;
#endif
#endif
	if
	:: again != seen -> ring_consumers()
	:: else -> !consumer_queued
	fi;
	again = 0
}

inline wait_for_room(seen, wake)
{
#ifdef D_LOOK_FIRST	/* D: likewise */
	again = tail;
	atomic { KERNEL_LOCK -> producer_queued = 1; own_producer_wake = wake };
	drain_producer();
	drain_consumer();
#else
	atomic { KERNEL_LOCK -> producer_queued = 1; own_producer_wake = wake };
#ifndef D_NO_OWN_BARRIER	/* D: likewise */
	drain_producer();
#endif
#ifndef D_NO_INTERRUPT	/* D: likewise */
	drain_consumer();
#endif
#ifdef D_NO_LOOK	/* D: likewise */
	again = seen;
#else
	again = tail;
#endif
#endif
	if
	:: again != seen -> ring_producers()
	:: else -> !producer_queued
	fi;
	again = 0
}

active proctype produce()
{
	byte seen, wake, again;

	do
	:: own_head == RECORDS -> break
	:: else ->
		seen = tail;
		if
		:: own_head + 1 - seen > SIZE ->
			wait_for_room(seen, own_head + 1 - SIZE)
		:: else ->
#ifdef C_NO_COMPILER_BARRIER	/* C: consumer_wake is loaded before the commit */
			wake = consumer_wake;
			own_head++;
#else
			own_head++;
#ifdef FENCED
			drain_producer();
#endif
			wake = consumer_wake;
#endif
			if
#ifdef C_LATE		/* the commit of the very number that is slept for does not ring */
			:: own_head - 1 > wake ->
#else
			:: own_head - 1 >= wake ->
#endif
#ifndef C_SILENT	/* who commits does not ring */
				ring_consumers()
#else
				skip
#endif
			:: else
			fi;
			wake = 0
		fi;
		seen = 0
	od
}

active proctype consume()
{
	byte seen, wake, again;

	do
	:: own_tail == RECORDS -> break
	:: else ->
		seen = head;
		if
		:: seen - own_tail < WANTED && own_tail % WANTED == 0 ->
			wait_for_records(seen, own_tail + WANTED - 1)
		:: else ->
#ifdef D_NO_COMPILER_BARRIER	/* D: producer_wake is loaded before the release */
			wake = producer_wake;
			own_tail++;
#else
			own_tail++;
#ifdef FENCED
			drain_consumer();
#endif
			wake = producer_wake;
#endif
			if
#ifdef D_LATE		/* the release up to the very position that is slept for does not ring */
			:: own_tail > wake ->
#else
			:: own_tail >= wake ->
#endif
#ifndef D_SILENT	/* who releases does not ring */
				ring_producers()
#else
				skip
#endif
			:: else
			fi;
			wake = 0
		fi;
		seen = 0
	od
}
