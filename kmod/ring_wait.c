// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sleeping for a ring, and waking: the only place that does either, for both
 * doors. ring.h says why nobody sleeps who could go on.
 *
 * MEMORY BARRIERS, beside those of <linux/kmq_ring.h>
 *
 * C and D as seen from here (kmq_ring_fence; kmq_ring_committed,
 * kmq_ring_released)
 *
 *	sleeper, poller			process that commits (releases)
 *	lower consumer_wake		header.word = size
 *	barrier on all processors	compiler barrier
 *	look for a record		load consumer_wake
 *
 *    A process pays nothing: the interrupt finds it before its commit, and then
 *    its load is after ours was made visible; or behind its load, and then we
 *    see the commit. It may also find another task, or none: then the switch
 *    between was a full barrier. The interrupt is spared
 *	- where no process is attached to the other side: the kernel's own commits
 *	  and releases have a full barrier of their own, and a process that
 *	  attaches later takes ring->lock after us, and so knows the wake word;
 *	- where the word is as low as needed and a barrier has been passed since
 *	  it was lowered last (@lowered, @fenced): whatever a process has loaded
 *	  since then was no higher, and what it did before is seen;
 *	- where one processor is online: the process does not run, and the switch
 *	  to it is a full barrier. A processor that comes online after the word
 *	  was lowered sees it before it runs anybody, and one that was online
 *	  before is seen here: the full barrier is between the two.
 *
 * J. The sleeper and its waker (kmq_ring_doze, kmq_ring_rouse)
 *
 *	sleeper				waker, under ring->lock
 *	set_current_state()  [full]	store-release @woken
 *	load-acquire @woken		wake_up_process()  [full]
 *	schedule()
 *
 *    As everywhere. Who sees @woken is not in the list, and may give up the
 *    stack that it lies on: the waker has read @task before, and holds off the
 *    end of that task by RCU: ring->lock makes it a reader. Who does not see it
 *    passes through ring->lock first. The timer of a sleeper (kmq_ring_hurry())
 *    is the same with @due, but that it leaves the list alone, and is waited for.
 *
 * K. Those who give a lock word back and those who sleep for it
 *    (kmq_ring_wake_lock; kmq_ring_may_go)
 *
 *	sleeper				kernel, giving back
 *	join the list			exchange of the word with 0  [full]
 *	full barrier			look at the list, without ring->lock
 *	kmq_words_contend()
 *
 *    The kernel's own lock word is CONTENDED from the beginning, so that
 *    kmq_words_contend() only loads it. A process that gives back comes through
 *    ring->lock.
 */
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>

#include "holder.h"
#include "queue.h"
#include "ring.h"
#include "trace.h"
#include "wait.h"

/* How far ahead, or behind, a wake word is that is nobody's. */
#define KMQ_RING_FAR (1ull << 62)

/* How long a producer that has room is left asleep for more of it, in ns. */
#define KMQ_RING_PATIENCE (100 * NSEC_PER_USEC)

static u64 *kmq_ring_wake_word(struct kmq_ring *ring, enum kmq_ring_side side)
{
	struct kmq_ring_control *control = ring->words.control;

	return side == KMQ_RING_CONSUMERS ? &control->consumer_wake :
					    &control->producer_wake;
}

/* Where the ring is, in the units of the side's wake word; may be a lie. */
static u64 kmq_ring_now(const struct kmq_ring *ring, enum kmq_ring_side side)
{
	return side == KMQ_RING_CONSUMERS ?
		       READ_ONCE(ring->words.producers->sequence) :
		       READ_ONCE(ring->words.consumers->tail);
}

/*
 * Every change is counted that makes the word lower: only what others have loaded
 * before that can be too high.
 */
static void kmq_ring_set_wake(struct kmq_ring *ring, enum kmq_ring_side side,
			      u64 wake)
{
	u64 *word = kmq_ring_wake_word(ring, side);

	lockdep_assert_held(&ring->lock);
	if ((s64)(wake - *word) < 0)
		ring->lowered[side]++;
	WRITE_ONCE(*word, wake);
}

/* What @sleeper is woken at, by now. */
static u64 kmq_ring_target(const struct kmq_sleeper *sleeper)
{
	return sleeper->deferred ? sleeper->enough : sleeper->wake;
}

/* Put the wake word where the sleepers and pollers of @side need it. */
static void kmq_ring_reckon(struct kmq_ring *ring, enum kmq_ring_side side)
{
	u64 now = kmq_ring_now(ring, side), wake = now + KMQ_RING_FAR;
	struct kmq_sleeper *sleeper;

	lockdep_assert_held(&ring->lock);
	if (ring->error || ring->armed[side])
		wake = now - KMQ_RING_FAR;
	else
		list_for_each_entry(sleeper, &ring->sleepers[side], node)
			if ((s64)(kmq_ring_target(sleeper) - wake) < 0)
				wake = kmq_ring_target(sleeper);
	kmq_ring_set_wake(ring, side, wake);
}

/* The same, where all that is new is a sleeper that needs @wake. */
static void kmq_ring_lower(struct kmq_ring *ring, enum kmq_ring_side side,
			   u64 wake)
{
	if ((s64)(wake - *kmq_ring_wake_word(ring, side)) < 0)
		kmq_ring_set_wake(ring, side, wake);
}

static void kmq_ring_fence_here(void *unused)
{
	/* C, D: between the stores and loads of the task interrupted here. */
	smp_mb();
}

static bool kmq_ring_has_peers(const struct kmq_ring *ring,
			       enum kmq_ring_side side)
{
	return READ_ONCE(ring->parties[side == KMQ_RING_CONSUMERS ?
					       KMQ_RING_PRODUCERS :
					       KMQ_RING_CONSUMERS]);
}

/**
 * kmq_ring_fence() - C, D: the sleeper's half
 * @ring: whose lock is not held
 * @side: the sleeper's, whose wake word was put right
 * @lowered: ring->lowered[side] as it was then
 *
 * Of two that pass at a time either may be the last to say how far the barriers
 * reach. If that is the earlier one, there is a barrier more than needed.
 *
 * Context: may sleep.
 */
static void kmq_ring_fence(struct kmq_ring *ring, enum kmq_ring_side side,
			   u32 lowered)
{
	/* C, D: against the kernel's own, and processors that come online. */
	smp_mb();
	/* C, D: the barrier that another has passed, before our look. */
	if ((s32)(smp_load_acquire(&ring->fenced[side]) - lowered) >= 0)
		return;
	if (kmq_ring_has_peers(ring, side) && num_online_cpus() > 1)
		on_each_cpu(kmq_ring_fence_here, NULL, true);
	/* C, D: the barrier above, before another's look. */
	smp_store_release(&ring->fenced[side], lowered);
}

static bool kmq_ring_is_lock(enum kmq_ring_side side)
{
	return side == KMQ_RING_PRODUCERS_LOCK ||
	       side == KMQ_RING_CONSUMERS_LOCK;
}

/* Has the ring come to @wake? */
static bool kmq_ring_passed(const struct kmq_ring *ring,
			    enum kmq_ring_side side, u64 wake)
{
	u64 now = kmq_ring_now(ring, side);

	/* The sequence number is that of the next record. */
	if (side == KMQ_RING_CONSUMERS)
		now--;
	return (s64)(now - wake) >= 0;
}

static bool kmq_ring_reached(const struct kmq_ring *ring,
			     const struct kmq_sleeper *sleeper)
{
	lockdep_assert_held(&ring->lock);
	return kmq_ring_passed(ring, sleeper->side, kmq_ring_target(sleeper));
}

/* 1, 0, or -EUCLEAN with the ring broken. */
static int kmq_ring_readable(struct kmq_ring *ring, u32 id,
			     const struct kmq_reader *reader)
{
	int readable = kmq_words_readable(&ring->words, id, reader);

	return readable < 0 ? kmq_ring_break(ring) : readable;
}

/* The modes that have claims. */
static bool kmq_ring_claims(const struct kmq_ring *ring)
{
	return ring->words.mode == KMQ_RING_MPSC ||
	       ring->words.mode == KMQ_RING_MPMC;
}

static bool kmq_ring_orphaned(const struct kmq_ring *ring)
{
	return kmq_ring_claims(ring) && kmq_words_has_orphan(&ring->words);
}

/* Has the record with number @sequence been claimed by somebody? */
static bool kmq_ring_claimed(const struct kmq_ring *ring, u64 sequence)
{
	const struct kmq_ring_consumers *consumers = ring->words.consumers;
	u32 version = smp_load_acquire(&consumers->version);	/* I */

	return (s64)(READ_ONCE(consumers->cursor[version % 2].expected) -
		     sequence) > 0;
}

/*
 * The look of a process that waits for records, beside its word. That changes
 * neither when an orphan comes to be, nor if the ring went round since the
 * process looked.
 */
static bool kmq_ring_may_claim(struct kmq_ring *ring,
			       const struct kmq_sleeper *sleeper)
{
	return kmq_ring_orphaned(ring) ||
	       (kmq_ring_claims(ring) &&
		kmq_ring_claimed(ring, sleeper->wake));
}

/* The look between joining the list and sleeping. */
static bool kmq_ring_may_go(struct kmq_ring *ring,
			    const struct kmq_sleeper *sleeper)
{
	if (sleeper->word && READ_ONCE(*sleeper->word) != sleeper->expected)
		return true;
	if (kmq_ring_is_lock(sleeper->side)) {
		smp_mb();	/* K */
		return !kmq_words_contend(&ring->words, sleeper->side);
	}
	if (sleeper->side == KMQ_RING_PRODUCERS)
		return kmq_ring_passed(ring, sleeper->side, sleeper->wake);
	if (sleeper->word)
		return kmq_ring_may_claim(ring, sleeper);
	return kmq_ring_readable(ring, sleeper->id, &sleeper->reader) != 0;
}

/*
 * Wake words are compared by the sign of a difference, which what a process asks
 * for must not spoil for others.
 */
static u64 kmq_ring_clamp(const struct kmq_ring *ring, enum kmq_ring_side side,
			  u64 wake)
{
	const s64 most = KMQ_RING_FAR / 2;
	u64 now = kmq_ring_now(ring, side);

	return now + clamp_t(s64, wake - now, -most, most);
}

/*
 * Join the list; or the ring's error. An attachment that has ended (in another
 * thread, since the call began) joins no more: kmq_ring_leave() wakes everyone
 * after @ended is true, and takes ring->lock for it. One that joined behind that
 * would sleep for ever, or take a wake-up that is for another.
 */
static int kmq_ring_join(struct kmq_ring *ring, struct kmq_sleeper *sleeper)
{
	enum kmq_ring_side side = sleeper->side;

	lockdep_assert_held(&ring->lock);
	if (ring->error)
		return ring->error;
	/* Written before kmq_set_policy() wakes everyone under this lock. */
	if (sleeper->obeys &&
	    READ_ONCE(ring->queue->policy) == KMQ_POLICY_REJECT)
		return -EAGAIN;
	if (sleeper->ended && READ_ONCE(*sleeper->ended))
		return -ESRCH;
	sleeper->serial = ++ring->sleeps;
	sleeper->since = kmq_moment(tracepoint_enabled(kmq_wake));
	list_add_tail(&sleeper->node, &ring->sleepers[side]);
	ring->asleep[side]++;
	if (kmq_ring_is_lock(side))
		return 0;
	sleeper->wake = kmq_ring_clamp(ring, side, sleeper->wake);
	kmq_ring_lower(ring, side, sleeper->wake);
	return 0;
}

static void kmq_ring_unlist(struct kmq_ring *ring, struct kmq_sleeper *sleeper)
{
	lockdep_assert_held(&ring->lock);
	list_del_init(&sleeper->node);
	ring->asleep[sleeper->side]--;
}

/* Wake one; the wake word is the caller's to reckon. Barrier J. */
static void kmq_ring_rouse(struct kmq_ring *ring, struct kmq_sleeper *sleeper)
{
	struct task_struct *task = sleeper->task;

	lockdep_assert_held(&ring->lock);
	kmq_ring_unlist(ring, sleeper);
	/* Barrier J. Who has a spinlock is an RCU reader, on PREEMPT_RT as well. */
	smp_store_release(&sleeper->woken, true);
	wake_up_process(task);
}

/**
 * struct kmq_ring_alarm - what ends the patience of a producer
 * @timer: started when there is room, and it is left asleep
 * @sleeper: the producer
 */
struct kmq_ring_alarm {
	struct hrtimer timer;
	struct kmq_sleeper *sleeper;
};

/* A deferred producer has been patient. Barrier J. */
static enum hrtimer_restart kmq_ring_hurry(struct hrtimer *timer)
{
	struct kmq_sleeper *sleeper = container_of(timer, struct kmq_ring_alarm,
						   timer)->sleeper;

	/* Barrier J. */
	smp_store_release(&sleeper->due, true);
	wake_up_process(sleeper->task);
	return HRTIMER_NORESTART;
}

/*
 * Room for one record is seldom worth two switches between tasks: behind it the
 * ring is as full as before, and the producer sleeps again. So a producer that
 * could go on is left asleep until half of the ring is free. But the consumer may
 * be one that takes no more before it hears of the producer, and therefore not
 * for long.
 *
 * Return: true if it is left asleep.
 */
static bool kmq_ring_defer(struct kmq_ring *ring, struct kmq_sleeper *sleeper)
{
	u64 head = READ_ONCE(ring->words.producers->head);
	u64 enough = head - ring->words.size / 2;

	lockdep_assert_held(&ring->lock);
	if (sleeper->deferred ||
	    kmq_ring_passed(ring, KMQ_RING_PRODUCERS, enough))
		return false;
	sleeper->enough = kmq_ring_clamp(ring, KMQ_RING_PRODUCERS, enough);
	sleeper->deferred = true;
	hrtimer_start(sleeper->timer, ns_to_ktime(KMQ_RING_PATIENCE),
		      HRTIMER_MODE_REL);
	return true;
}

/* Sleep until woken, a signal, or the deadline. Barrier J. */
static int kmq_ring_doze(struct kmq_sleeper *sleeper, u64 deadline)
{
	ktime_t expires = ns_to_ktime(min_t(u64, deadline, KTIME_MAX));
	clockid_t clock = sleeper->realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC;
	int err = 0;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		/* Barrier J. */
		if (smp_load_acquire(&sleeper->woken) || err)
			break;
		/* Barrier J. */
		if (smp_load_acquire(&sleeper->due))
			break;
		if (signal_pending(current)) {
			err = -ERESTARTSYS;
			break;
		}
		if (!deadline)
			schedule();
		else if (!schedule_hrtimeout_range_clock(&expires,
							 current->timer_slack_ns,
							 HRTIMER_MODE_ABS,
							 clock))
			err = -ETIMEDOUT;
	}
	__set_current_state(TASK_RUNNING);
	return err;
}

/*
 * There is no need to sleep, say words that processes can write. They may say so
 * again and again, and a call of the kernel's comes back each time: it must stay
 * one that ends.
 */
static int kmq_ring_go(const struct kmq_sleeper *sleeper, u64 deadline)
{
	cond_resched();
	if (sleeper->word)
		return 0;
	if (signal_pending(current))
		return -ERESTARTSYS;
	return kmq_deadline_passed(&(struct kmq_patience){
			.deadline = deadline, .realtime = sleeper->realtime,
	       }) ? -ETIMEDOUT : 0;
}

/* Among the sleepers, with what makes others come and wake. */
static int kmq_ring_lie_down(struct kmq_ring *ring, struct kmq_sleeper *sleeper)
{
	u32 lowered = 0;
	int err;

	INIT_LIST_HEAD(&sleeper->node);
	sleeper->task = current;
	sleeper->deferred = false;
	sleeper->due = false;
	sleeper->woken = false;
	spin_lock(&ring->lock);
	err = kmq_ring_join(ring, sleeper);
	if (!kmq_ring_is_lock(sleeper->side))
		lowered = ring->lowered[sleeper->side];
	spin_unlock(&ring->lock);
	if (err)
		return err;
	if (kmq_ring_is_lock(sleeper->side))
		return kmq_ring_check_holder(ring, sleeper->side);
	kmq_ring_fence(ring, sleeper->side, lowered);
	return 0;
}

/* Out of the list, if still there. @err: as the sleep ended. */
static int kmq_ring_get_up(struct kmq_ring *ring, struct kmq_sleeper *sleeper,
			   int err)
{
	/* Barrier J. */
	if (smp_load_acquire(&sleeper->woken))
		return READ_ONCE(ring->error);
	spin_lock(&ring->lock);
	if (!list_empty(&sleeper->node)) {
		kmq_ring_unlist(ring, sleeper);
		if (!kmq_ring_is_lock(sleeper->side))
			kmq_ring_reckon(ring, sleeper->side);
	}
	/* Deferred: what it waits for has come. */
	if (sleeper->woken || sleeper->deferred)
		err = 0;
	if (ring->error)
		err = ring->error;
	spin_unlock(&ring->lock);
	/* What it would have been woken for may be there for another by now. */
	if (err && sleeper->side == KMQ_RING_CONSUMERS)
		kmq_ring_pass(ring);
	return err;
}

static const enum kmq_trace_side kmq_ring_trace_side[] = {
	[KMQ_RING_CONSUMERS] = KMQ_TRACE_RECEIVE,
	[KMQ_RING_PRODUCERS] = KMQ_TRACE_SEND,
	[KMQ_RING_PRODUCERS_LOCK] = KMQ_TRACE_SEND_LOCK,
	[KMQ_RING_CONSUMERS_LOCK] = KMQ_TRACE_RECEIVE_LOCK,
};

static int kmq_ring_sleep_until(struct kmq_ring *ring,
				struct kmq_sleeper *sleeper, u64 deadline)
{
	enum kmq_trace_side side = kmq_ring_trace_side[sleeper->side];
	int err = kmq_ring_lie_down(ring, sleeper);

	if (err)
		return kmq_ring_get_up(ring, sleeper, err);
	if (kmq_ring_may_go(ring, sleeper)) {
		err = kmq_ring_go(sleeper, deadline);
		return kmq_ring_get_up(ring, sleeper, err);
	}
	kmq_trace(block, ring->queue, side, deadline);
	err = kmq_ring_doze(sleeper, deadline);
	err = kmq_ring_get_up(ring, sleeper, err);
	kmq_trace(wake, ring->queue, side, sleeper->since, err);
	return err;
}

static noinline int kmq_ring_sleep_for_room(struct kmq_ring *ring,
					    struct kmq_sleeper *sleeper,
					    u64 deadline)
{
	struct kmq_ring_alarm alarm = { .sleeper = sleeper };
	int err;

	hrtimer_init_on_stack(&alarm.timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	alarm.timer.function = kmq_ring_hurry;
	sleeper->timer = &alarm.timer;
	err = kmq_ring_sleep_until(ring, sleeper, deadline);
	/* Nobody starts it any more: the sleeper has left the list. */
	hrtimer_cancel(&alarm.timer);
	destroy_hrtimer_on_stack(&alarm.timer);
	return err;
}

/**
 * kmq_ring_sleep() - sleep until it is worth looking again
 * @ring: none of whose locks is held
 * @sleeper: what for: up to @reader, and @realtime; the rest is set here
 * @deadline: absolute, ns, of the clock that @sleeper goes by; 0 for none
 *
 * Who was woken and does not take what it was woken for owes that to the others:
 * kmq_ring_pass().
 *
 * Context: may sleep.
 * Return: 0: look again; -ERESTARTSYS, -ETIMEDOUT: nobody has woken it; -ESRCH;
 * -EIDRM, -EUCLEAN.
 */
int kmq_ring_sleep(struct kmq_ring *ring, struct kmq_sleeper *sleeper,
		   u64 deadline)
{
	if (sleeper->side == KMQ_RING_PRODUCERS)
		return kmq_ring_sleep_for_room(ring, sleeper, deadline);
	return kmq_ring_sleep_until(ring, sleeper, deadline);
}

/*
 * Whose wake comes first, and who came first among those. An orphan is for
 * anyone; a record before those that came may not be committed yet, and then who
 * is woken waits for that one.
 */
static struct kmq_sleeper *kmq_ring_first(const struct kmq_ring *ring,
					  bool orphan)
{
	struct kmq_sleeper *sleeper, *first = NULL;

	list_for_each_entry(sleeper, &ring->sleepers[KMQ_RING_CONSUMERS], node)
		if (!first || (s64)(sleeper->wake - first->wake) < 0)
			first = sleeper;
	return first && (orphan || kmq_ring_reached(ring, first)) ? first :
								    NULL;
}

static void kmq_ring_rouse_readers(struct kmq_ring *ring)
{
	struct kmq_sleeper *sleeper, *next;

	list_for_each_entry_safe(sleeper, next,
				 &ring->sleepers[KMQ_RING_CONSUMERS], node)
		if (kmq_ring_reached(ring, sleeper))
			kmq_ring_rouse(ring, sleeper);
}

static void kmq_ring_rouse_producers(struct kmq_ring *ring)
{
	struct kmq_sleeper *sleeper, *next;

	list_for_each_entry_safe(sleeper, next,
				 &ring->sleepers[KMQ_RING_PRODUCERS], node)
		if (kmq_ring_reached(ring, sleeper) &&
		    !kmq_ring_defer(ring, sleeper))
			kmq_ring_rouse(ring, sleeper);
}

static void kmq_ring_rouse_all(struct kmq_ring *ring, enum kmq_ring_side side)
{
	struct kmq_sleeper *sleeper, *next;

	list_for_each_entry_safe(sleeper, next, &ring->sleepers[side], node)
		kmq_ring_rouse(ring, sleeper);
}

/* Pollers are about to be told. SIGIO's owner never comes back to arm again. */
static void kmq_ring_disarm(struct kmq_ring *ring, enum kmq_ring_side side)
{
	lockdep_assert_held(&ring->lock);
	if (!READ_ONCE(ring->queue->fasync))
		ring->armed[side] = false;
	if (side == KMQ_RING_PRODUCERS)
		ring->armed_tail = kmq_ring_now(ring, side);
}

static void kmq_ring_rouse_consumers(struct kmq_ring *ring, bool orphan)
{
	struct kmq_sleeper *first;

	if (kmq_ring_broadcasts(ring))
		return kmq_ring_rouse_readers(ring);
	first = kmq_ring_first(ring, orphan);
	if (first)
		kmq_ring_rouse(ring, first);
}

static void kmq_ring_wake_consumers(struct kmq_ring *ring)
{
	bool orphan = kmq_ring_orphaned(ring);
	bool tell;

	spin_lock(&ring->lock);
	kmq_ring_rouse_consumers(ring, orphan);
	tell = ring->armed[KMQ_RING_CONSUMERS];
	if (tell)
		kmq_ring_disarm(ring, KMQ_RING_CONSUMERS);
	kmq_ring_reckon(ring, KMQ_RING_CONSUMERS);
	spin_unlock(&ring->lock);
	if (tell)
		kmq_notify(ring->queue, EPOLLIN | EPOLLRDNORM);
}

/*
 * Can the ring have been unwritable since PRODUCERS was armed? Only the edge
 * is told. @armed_tail stays where it was until then, since others produce and
 * release meanwhile: a tail of now might be behind the one that a poller has
 * found the ring full with, and he would never be told.
 */
static bool kmq_ring_was_full(const struct kmq_ring *ring)
{
	u64 head = READ_ONCE(ring->words.producers->head);
	u64 most = kmq_ring_record_bytes(ring->words.max_message);

	return head + most - ring->armed_tail > ring->words.size;
}

/* @locked: they may have been kept out by the lock alone. */
static void kmq_ring_tell_producers(struct kmq_ring *ring, bool locked)
{
	int writable;
	bool tell;

	if (!READ_ONCE(ring->armed[KMQ_RING_PRODUCERS]))
		return;
	writable = kmq_words_writable(&ring->words);
	if (writable < 0)
		kmq_ring_break(ring);
	if (writable <= 0)
		return;
	spin_lock(&ring->lock);
	tell = ring->armed[KMQ_RING_PRODUCERS] &&
	       (locked || kmq_ring_was_full(ring));
	if (tell) {
		kmq_ring_disarm(ring, KMQ_RING_PRODUCERS);
		kmq_ring_reckon(ring, KMQ_RING_PRODUCERS);
	}
	spin_unlock(&ring->lock);
	if (tell)
		kmq_notify(ring->queue, EPOLLOUT | EPOLLWRNORM);
}

static void kmq_ring_wake_producers(struct kmq_ring *ring)
{
	spin_lock(&ring->lock);
	kmq_ring_rouse_producers(ring);
	kmq_ring_reckon(ring, KMQ_RING_PRODUCERS);
	spin_unlock(&ring->lock);
	kmq_ring_tell_producers(ring, false);
}

/*
 * All of them: one that is stopped before it takes the lock would keep the
 * others asleep for a lock that is free.
 */
static void kmq_ring_wake_lock(struct kmq_ring *ring, enum kmq_ring_side lock)
{
	/* Barrier K. */
	if (!list_empty_careful(&ring->sleepers[lock])) {
		spin_lock(&ring->lock);
		kmq_ring_rouse_all(ring, lock);
		spin_unlock(&ring->lock);
	}
	if (lock == KMQ_RING_PRODUCERS_LOCK)
		kmq_ring_tell_producers(ring, true);
}

/**
 * kmq_ring_wake() - something has changed for @side
 * @ring: whose lock is not held
 * @side: whose sleepers and pollers are to look again, if they can go on
 *
 * Context: does not sleep.
 */
void kmq_ring_wake(struct kmq_ring *ring, enum kmq_ring_side side)
{
	switch (side) {
	case KMQ_RING_CONSUMERS:
		return kmq_ring_wake_consumers(ring);
	case KMQ_RING_PRODUCERS:
		return kmq_ring_wake_producers(ring);
	default:
		return kmq_ring_wake_lock(ring, side);
	}
}

/* All of @side, whatever they wait for, and its pollers. Does not sleep. */
void kmq_ring_wake_all(struct kmq_ring *ring, enum kmq_ring_side side)
{
	spin_lock(&ring->lock);
	kmq_ring_rouse_all(ring, side);
	kmq_ring_disarm(ring, side);
	kmq_ring_reckon(ring, side);
	spin_unlock(&ring->lock);
	kmq_notify(ring->queue, side == KMQ_RING_CONSUMERS ?
					EPOLLIN | EPOLLRDNORM :
					EPOLLOUT | EPOLLWRNORM);
}

/* Everyone asleep in the ring, and all pollers. Does not sleep. */
void kmq_ring_wake_everyone(struct kmq_ring *ring, __poll_t events)
{
	spin_lock(&ring->lock);
	kmq_ring_rouse_all(ring, KMQ_RING_CONSUMERS);
	kmq_ring_rouse_all(ring, KMQ_RING_PRODUCERS);
	kmq_ring_rouse_all(ring, KMQ_RING_PRODUCERS_LOCK);
	kmq_ring_rouse_all(ring, KMQ_RING_CONSUMERS_LOCK);
	kmq_ring_disarm(ring, KMQ_RING_CONSUMERS);
	kmq_ring_disarm(ring, KMQ_RING_PRODUCERS);
	kmq_ring_reckon(ring, KMQ_RING_CONSUMERS);
	kmq_ring_reckon(ring, KMQ_RING_PRODUCERS);
	spin_unlock(&ring->lock);
	kmq_notify(ring->queue, events | EPOLLIN | EPOLLRDNORM | EPOLLOUT |
					EPOLLWRNORM);
}

/* What a call into ring_words.c left to wake, after its lock is given back. */
void kmq_ring_kicks(struct kmq_ring *ring)
{
	enum kmq_ring_side side;

	for (side = KMQ_RING_CONSUMERS; side <= KMQ_RING_CONSUMERS_LOCK; side++)
		if (kmq_words_kicked(&ring->words, side))
			kmq_ring_wake(ring, side);
}

/* The kernel has committed or discarded @sequence. */
void kmq_ring_committed(struct kmq_ring *ring, u64 sequence)
{
	/* Barrier C. */
	smp_mb();
	if (kmq_words_wakes_consumers(&ring->words, sequence))
		kmq_ring_wake(ring, KMQ_RING_CONSUMERS);
}

/* The kernel has released, and tail is @tail. */
void kmq_ring_released(struct kmq_ring *ring, u64 tail)
{
	/* Barrier D. */
	smp_mb();
	if (kmq_words_wakes_producers(&ring->words, tail))
		kmq_ring_wake(ring, KMQ_RING_PRODUCERS);
}

/*
 * A consumer goes, having taken its record or not: what is left is for the next
 * sleeper. A process that claims does the same by KMQ_IOC_RING_WAKE.
 */
void kmq_ring_pass(struct kmq_ring *ring)
{
	if (kmq_ring_broadcasts(ring) ||
	    list_empty_careful(&ring->sleepers[KMQ_RING_CONSUMERS]))
		return;
	kmq_ring_wake(ring, KMQ_RING_CONSUMERS);
}

/* The wake words of a new ring, where nobody sleeps. */
void kmq_ring_init_wake(struct kmq_ring *ring)
{
	spin_lock(&ring->lock);
	kmq_ring_reckon(ring, KMQ_RING_CONSUMERS);
	kmq_ring_reckon(ring, KMQ_RING_PRODUCERS);
	spin_unlock(&ring->lock);
}

/**
 * kmq_ring_arm() - let the next change of @side be told to pollers
 * @ring: whose lock is not held; the poller has joined the queue's before
 * @side: CONSUMERS for a record, PRODUCERS for room
 *
 * Who looks after this misses nothing. Every change is asked for, whether or not
 * the ring is ready now: with EPOLLET each record is an edge, and who gets
 * EAGAIN from memory does not pass through poll before it waits.
 *
 * Context: may sleep.
 */
void kmq_ring_arm(struct kmq_ring *ring, enum kmq_ring_side side)
{
	u32 lowered;

	spin_lock(&ring->lock);
	if (!ring->armed[side]) {
		ring->armed[side] = true;
		if (side == KMQ_RING_PRODUCERS)
			ring->armed_tail = kmq_ring_now(ring, side);
		kmq_ring_reckon(ring, side);
	}
	lowered = ring->lowered[side];
	spin_unlock(&ring->lock);
	kmq_ring_fence(ring, side, lowered);
}

static bool kmq_ring_side_ready(struct kmq_ring *ring, enum kmq_ring_side side,
				u32 id, const struct kmq_reader *reader)
{
	int ready;

	/* read() and write() would not sleep, they would fail. */
	if (id == KMQ_RING_KERNEL && kmq_ring_taken(ring, side))
		return true;
	if (side == KMQ_RING_CONSUMERS)
		return kmq_ring_readable(ring, id, reader) > 0;
	ready = kmq_words_writable(&ring->words);
	if (ready < 0)
		kmq_ring_break(ring);
	/* A lock that nobody will give back must not keep a poller. */
	if (!ready && kmq_ring_claims(ring))
		kmq_ring_check_holder(ring, KMQ_RING_PRODUCERS_LOCK);
	return ready > 0;
}

/**
 * kmq_ring_poll() - what poll() of either door reports
 * @ring: whose lock is not held
 * @file: that is polled
 * @table: of the poller
 * @sides: bit set of the sides that the file is of
 * @id: of the attachment, or KMQ_RING_KERNEL
 * @reader: BROADCAST: a copy of the kernel's reader; else NULL
 *
 * Context: may sleep.
 * Return: EPOLL* bits.
 */
__poll_t kmq_ring_poll(struct kmq_ring *ring, struct file *file,
		       poll_table *table, u32 sides, u32 id,
		       const struct kmq_reader *reader)
{
	static const __poll_t events[KMQ_RING_SIDES] = {
		[KMQ_RING_CONSUMERS] = EPOLLIN | EPOLLRDNORM,
		[KMQ_RING_PRODUCERS] = EPOLLOUT | EPOLLWRNORM,
	};
	__poll_t asked = poll_requested_events(table), ready = 0;
	enum kmq_ring_side side;

	poll_wait(file, &ring->queue->pollers, table);
	for (side = KMQ_RING_CONSUMERS; side <= KMQ_RING_PRODUCERS; side++) {
		if (!(sides & BIT(side)) || !(asked & events[side]))
			continue;
		kmq_ring_arm(ring, side);
		if (kmq_ring_side_ready(ring, side, id, reader))
			ready |= events[side];
	}
	return READ_ONCE(ring->error) ? EPOLLHUP | EPOLLERR : ready;
}

/*
 * Those of one list that are behind @after, by serials that begin at @base.
 */
static u32 kmq_ring_list_sleepers(const struct kmq_ring *ring,
				  enum kmq_ring_side side, u64 base, u64 after,
				  u64 last, struct kmq_sleeping *rows,
				  u32 count)
{
	const struct kmq_sleeper *sleeper;
	u32 n = 0;

	lockdep_assert_held(&ring->lock);
	list_for_each_entry(sleeper, &ring->sleepers[side], node) {
		if (n == count || sleeper->serial > last)
			break;
		if (base + sleeper->serial > after)
			kmq_sleeping_note(&rows[n++], sleeper->task,
					  base + sleeper->serial,
					  kmq_moment_ns(sleeper->since));
	}
	return n;
}

/*
 * As kmq_sleepers(). Behind those who wait for records or room come those who
 * wait for the lock.
 */
u32 kmq_ring_sleepers(struct kmq_ring *ring, enum kmq_sleep sleep, u64 after,
		      u64 last, struct kmq_sleeping *rows, u32 count)
{
	enum kmq_ring_side side = KMQ_RING_CONSUMERS;
	enum kmq_ring_side lock = KMQ_RING_CONSUMERS_LOCK;
	const u64 locks = 1ull << 63;
	u32 n;

	if (sleep == KMQ_SLEEP_CALL)
		return 0;
	if (sleep == KMQ_SLEEP_SEND) {
		side = KMQ_RING_PRODUCERS;
		lock = KMQ_RING_PRODUCERS_LOCK;
	}
	spin_lock(&ring->lock);
	n = kmq_ring_list_sleepers(ring, side, 0, after, last, rows, count);
	n += kmq_ring_list_sleepers(ring, lock, locks, after, last, rows + n,
				    count - n);
	spin_unlock(&ring->lock);
	return n;
}

u64 kmq_ring_sleepers_last(struct kmq_ring *ring)
{
	u64 last;

	spin_lock(&ring->lock);
	last = ring->sleeps;
	spin_unlock(&ring->lock);
	return last;
}
