// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending, receiving, and the sleep between them.
 *
 * A task that must sleep leaves a struct kmq_waiter, which lies on its stack,
 * with the queue. Whoever makes its wish come true does the work for it, under
 * the lock: hands a receiver its message, takes a sender's message into the
 * queue, hands a caller its reply. So the woken task has nothing left to do and
 * nothing to compete for; no wake-up is spent on a task that cannot go on, and
 * none has to be passed on. Receivers are served first come first served among
 * those who select the message; senders strictly first come first served, but
 * where they may be overtaken (KMQ_CREATE_OVERTAKE): there the first whose message
 * fits.
 *
 * Two things hold at every unlock of a queue (but between the chunks of
 * kmq_return(), which serves receivers at its end), and are why nobody sleeps
 * who could go on:
 *
 *	- no queued message is selected by a sleeping receiver;
 *	- the first sleeping sender's message does not fit, and where they may be
 *	  overtaken no sleeping sender's does.
 *
 * A sender whose message does not fit sleeps even if a receiver sleeps for just
 * such a message; System V queues do the same. What a change costs under the
 * lock is bounded by the tasks asleep in the queue, and by KMQ_CHUNK messages.
 *
 * The life of a waiter:
 *
 *	WAITING	 linked to the queue; guarded by queue->lock
 *	CLAIMED	 unlinked, @result is set; it belongs to the task that claimed
 *		 it, which will wake the sleeper after its unlock
 *	DONE	 it belongs to the sleeper again, who may return and take the
 *		 stack it lies on along
 *
 * A sleeper whose deadline passes or that is signalled may go only if it finds
 * itself WAITING under the lock. If CLAIMED, its message is on its way and it
 * stays for the moment until DONE.
 *
 * MEMORY BARRIERS
 *
 * A. The sleeper and its waker (kmq_sleep, kmq_wake)
 *
 *	sleeper				waker
 *	set_current_state()  [full]	write @result, @slot, ...
 *	load-acquire @state		store-release @state = DONE
 *	schedule()			wake_up_process()  [full]
 *
 *    Release pairs with acquire: who reads DONE sees the result. The two full
 *    barriers make it impossible that the sleeper misses DONE *and* the waker
 *    misses the sleeping state. The waker cannot touch the waiter after DONE;
 *    it has read @task before, and holds off the end of that task by RCU.
 *
 * B. Pollers (kmq_readiness; kmq_tell, kmq_set_filter)
 *
 *	poller				changer
 *	poll_wait(): joins pollers	lock; change
 *	lock; look; unlock		waitqueue_active(): look for pollers
 *					unlock; wake them
 *
 *    No barrier beside the lock. If the poller locks first, its joining is
 *    before the changer's look (unlock -> lock orders them) and it is woken;
 *    if it locks second, it sees the change.
 *
 * C. Who peeks and who discards (kmq_unpeek, kmq_unseen)
 *
 *	peeker				receiver
 *	read the body			load-acquire @peekers == 0
 *	store-release @peekers - 1	give the slot to its next message
 *
 *    The receiver has taken the message, so @peekers can only fall. Release
 *    pairs with acquire: the slot is written again after it was read.
 */
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>

#include "event.h"
#include "holder.h"
#include "moment.h"
#include "notify.h"
#include "ring.h"
#include "trace.h"
#include "wait.h"
#include "watch.h"

enum kmq_waiter_state { KMQ_WAITING, KMQ_CLAIMED, KMQ_DONE };

struct kmq_waiter {
	struct list_head node;	/* in senders, receivers, or claimed */
	struct rb_node by_sequence;	/* in callers */
	struct task_struct *task;
	enum kmq_waiter_state state;
	int result;
	u64 serial;		/* among all who ever slept in the queue */
	struct kmq_moment since;
	u32 *blocked;		/* the queue's count of its like */
	struct kmq_slot *slot;	/* sender: to send. Others, out: handed over */
	u64 sequence;		/* sender, caller, out: of what was accepted */
	bool by_id;		/* to be asked again when the permit changes */
	bool doubted;		/* sender: it has, since he was asked */

	/* Receiver and caller. */
	const struct kmq_want *want;
	u32 room;

	/* Caller: its request while that is queued. */
	struct kmq_slot *request;
};

/**
 * struct kmq_wakeups - what is left to do after the unlock
 * @claimed: waiters to wake
 * @dead: chain of slots to give back
 * @told: a registration that has ended
 * @events: what pollers are told
 * @left: messages have left since the lock was taken, so that a queue which is
 *	empty now has not been found so by anybody
 */
struct kmq_wakeups {
	struct list_head claimed;
	struct kmq_slot *dead;
	struct kmq_registration *told;
	__poll_t events;
	bool left;
};

#define DEFINE_WAKEUPS(name) \
	struct kmq_wakeups name = { .claimed = LIST_HEAD_INIT(name.claimed) }

#define KMQ_READABLE (EPOLLIN | EPOLLRDNORM)
#define KMQ_WRITABLE (EPOLLOUT | EPOLLWRNORM)

/* Messages moved under one hold of the lock by purge and retire. */
#define KMQ_CHUNK 64

static inline void kmq_waiter_init(struct kmq_waiter *waiter, u32 *blocked)
{
	*waiter = (struct kmq_waiter) {
		.node = LIST_HEAD_INIT(waiter->node),
		.task = current,
		.state = KMQ_WAITING,
		.blocked = blocked,
	};
	RB_CLEAR_NODE(&waiter->by_sequence);
}

/* Who is about to sleep, to those who ask. */
static void kmq_waiter_sign(struct kmq_queue *queue, struct kmq_waiter *waiter)
{
	lockdep_assert_held(&queue->lock);
	waiter->serial = ++queue->sleeps;
	waiter->since = kmq_moment(queue->histograms ||
				   tracepoint_enabled(kmq_wake));
}

/* WAITING -> CLAIMED. Callers of kmq_call() leave their tree by hand. */
static void kmq_claim(struct kmq_waiter *waiter, int result,
		      struct kmq_wakeups *wakeups)
{
	waiter->result = result;
	WRITE_ONCE(waiter->state, KMQ_CLAIMED);
	(*waiter->blocked)--;
	list_move_tail(&waiter->node, &wakeups->claimed);
}

/* CLAIMED -> DONE. Barrier A. */
static void kmq_wake(struct kmq_waiter *waiter)
{
	struct task_struct *task = waiter->task;

	rcu_read_lock();
	/* Barrier A: the result before the state. */
	smp_store_release(&waiter->state, KMQ_DONE);
	wake_up_process(task);
	rcu_read_unlock();
}

/*
 * All of them, also those that asked to be woken one at a time
 * (EPOLLEXCLUSIVE): readiness differs from descriptor to descriptor, and the
 * one that is woken might not be the one that can go on.
 *
 * A ring's are not told what for: io_uring believes that and stays in the queue
 * without a call of poll, which is what would arm the ring for the next change
 * (kmq_ring_arm()).
 */
static void kmq_wake_pollers(struct kmq_queue *queue, __poll_t events)
{
	void *key = queue->ring ? NULL : poll_to_key(events);

	__wake_up(&queue->pollers, TASK_INTERRUPTIBLE, 0, key);
}

/* Tell pollers and SIGIO owners, after the unlock. Does not sleep. */
void kmq_notify(struct kmq_queue *queue, __poll_t events)
{
	kmq_wake_pollers(queue, events);
	/* fasync has a lock of its own; here is only a cheap way past it. */
	if (!READ_ONCE(queue->fasync))
		return;
	if (events & EPOLLIN)
		kill_fasync(&queue->fasync, SIGIO, POLL_IN);
	if (events & EPOLLOUT)
		kill_fasync(&queue->fasync, SIGIO, POLL_OUT);
	if (events & EPOLLHUP)
		kill_fasync(&queue->fasync, SIGIO, POLL_HUP);
}

static noinline void kmq_finish_slow(struct kmq_queue *queue,
				     struct kmq_wakeups *wakeups)
{
	struct kmq_waiter *waiter, *next;

	/* @next is read before @waiter is let go. */
	list_for_each_entry_safe(waiter, next, &wakeups->claimed, node)
		kmq_wake(waiter);
	if (wakeups->events)
		kmq_notify(queue, wakeups->events);
	kmq_notify_tell(wakeups->told);
	if (wakeups->dead)
		kmq_slots_put_chain(&queue->pool, wakeups->dead);
}

/* After the unlock: what was collected under the lock. May sleep. */
static inline void kmq_finish(struct kmq_queue *queue,
			      struct kmq_wakeups *wakeups)
{
	if (unlikely(!list_empty(&wakeups->claimed) || wakeups->events ||
		     wakeups->dead || wakeups->told))
		kmq_finish_slow(queue, wakeups);
}

/* Under the lock: pollers are to be told, if there are any. Barrier B. */
static inline void kmq_tell(struct kmq_queue *queue, __poll_t events,
			    struct kmq_wakeups *wakeups)
{
	/* Barrier B. */
	if (unlikely(waitqueue_active(&queue->pollers) ||
		     READ_ONCE(queue->fasync)))
		wakeups->events |= events;
}

/* Long work under the lock: let go of it, do what was collected, take it again. */
static void kmq_break(struct kmq_queue *queue, struct kmq_wakeups *wakeups)
	__must_hold(&queue->lock)
{
	spin_unlock(&queue->lock);
	kmq_finish(queue, wakeups);
	INIT_LIST_HEAD(&wakeups->claimed);
	wakeups->dead = NULL;
	wakeups->told = NULL;
	wakeups->events = 0;
	wakeups->left = false;
	cond_resched();
	spin_lock(&queue->lock);
}

static void kmq_bury(struct kmq_slot *slot, struct kmq_wakeups *wakeups)
{
	if (slot->peekers) {
		slot->doomed = true;
		return;
	}
	slot->next = wakeups->dead;
	wakeups->dead = slot;
}

/*
 * Sleep until DONE, a signal, or the deadline. Barrier A.
 *
 * Return: 0 if DONE; else -ERESTARTSYS or -ETIMEDOUT, and the waiter is in
 * whatever state it is in.
 */
static int kmq_sleep(struct kmq_waiter *waiter,
		     const struct kmq_patience *patience)
{
	u64 deadline = patience->deadline;
	ktime_t expires = ns_to_ktime(min_t(u64, deadline, KTIME_MAX));
	clockid_t clock = patience->realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC;
	int err = 0;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE | TASK_FREEZABLE);
		/* Barrier A: the state before the result. */
		if (smp_load_acquire(&waiter->state) == KMQ_DONE) {
			err = 0;
			break;
		}
		if (err)
			break;
		if (signal_pending(current)) {
			err = -ERESTARTSYS;
			break;
		}
		/* One more look at the state after the time has passed. */
		if (!schedule_hrtimeout_range_clock(deadline ? &expires : NULL,
						    current->timer_slack_ns,
						    HRTIMER_MODE_ABS, clock))
			err = -ETIMEDOUT;
	}
	__set_current_state(TASK_RUNNING);
	return err;
}

/* The claimer is between its unlock and kmq_wake(): a few instructions. */
static void kmq_sleep_claimed(struct kmq_waiter *waiter)
{
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		/* Barrier A, likewise. */
		if (smp_load_acquire(&waiter->state) == KMQ_DONE)
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

static struct kmq_waiter *kmq_caller_find(const struct kmq_queue *queue,
					  u64 sequence)
{
	struct rb_node *node = queue->callers.rb_node;

	while (node) {
		struct kmq_waiter *caller = rb_entry(node, struct kmq_waiter,
						     by_sequence);

		if (caller->sequence == sequence)
			return caller;
		node = sequence < caller->sequence ? node->rb_left :
						     node->rb_right;
	}
	return NULL;
}

/* The request of a call was accepted: from now on it can be answered. */
static void kmq_caller_enroll(struct kmq_queue *queue, struct kmq_slot *request)
{
	struct rb_node **link = &queue->callers.rb_node, *parent = NULL;
	struct kmq_waiter *caller = request->caller;

	caller->sequence = request->sequence;
	caller->request = request;
	while (*link) {
		parent = *link;
		link = caller->sequence < rb_entry(parent, struct kmq_waiter,
						   by_sequence)->sequence ?
			       &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&caller->by_sequence, parent, link);
	rb_insert_color(&caller->by_sequence, &queue->callers);
	kmq_waiter_sign(queue, caller);
	queue->blocked_callers++;
	queue->ledger.calls++;
	kmq_trace(call, queue, request, caller->task);
}

static void kmq_caller_strike(struct kmq_queue *queue,
			      struct kmq_waiter *caller)
{
	rb_erase(&caller->by_sequence, &queue->callers);
	RB_CLEAR_NODE(&caller->by_sequence);
}

/* The request left the queue for a receiver; it cannot be withdrawn now. */
static void kmq_caller_taken(struct kmq_queue *queue, struct kmq_slot *request)
{
	struct kmq_waiter *caller = kmq_caller_find(queue, request->sequence);

	if (caller)
		caller->request = NULL;
}

/* The request left the queue unread. */
static void kmq_caller_cancel(struct kmq_queue *queue, struct kmq_slot *request,
			      struct kmq_wakeups *wakeups)
{
	struct kmq_waiter *caller = kmq_caller_find(queue, request->sequence);

	if (!caller)
		return;
	kmq_caller_strike(queue, caller);
	kmq_claim(caller, -ECANCELED, wakeups);
}

static noinline void kmq_stamp_sender(struct kmq_queue *queue,
				      struct pid *sender)
{
	put_pid(queue->last_sender);
	queue->last_sender = get_pid(sender);
}

static noinline void kmq_stamp_receiver(struct kmq_queue *queue,
					struct pid *receiver)
{
	put_pid(queue->last_receiver);
	queue->last_receiver = get_pid(receiver);
}

/*
 * Who sent last, and when: in seconds, for which a load does and no clock is read.
 */
static inline void kmq_stamp_send(struct kmq_queue *queue,
				  const struct kmq_slot *slot)
{
	lockdep_assert_held(&queue->lock);
	queue->last_send = ktime_get_real_seconds();
	if (unlikely(queue->last_sender != slot->sender))
		kmq_stamp_sender(queue, slot->sender);
}

/* Likewise of who received. */
static inline void kmq_stamp_receive(struct kmq_queue *queue,
				     struct task_struct *receiver)
{
	struct pid *pid = task_tgid(receiver);

	lockdep_assert_held(&queue->lock);
	queue->last_receive = ktime_get_real_seconds();
	if (unlikely(queue->last_receiver != pid))
		kmq_stamp_receiver(queue, pid);
}

/* @slot, in hand, goes to the first sleeping receiver that selects it. */
static bool kmq_hand_over(struct kmq_queue *queue, struct kmq_slot *slot,
			  struct kmq_wakeups *wakeups)
{
	struct kmq_waiter *waiter, *next;

	list_for_each_entry_safe(waiter, next, &queue->receivers, node) {
		const struct kmq_want *want = waiter->want;

		if (!kmq_selects(&want->selection, slot->type))
			continue;
		if (slot->size > waiter->room && !want->truncate) {
			kmq_claim(waiter, -EMSGSIZE, wakeups);
			continue;
		}
		kmq_queue_pass(queue, slot, want->lease);
		if (want->metadata) {
			WRITE_ONCE(slot->lost, queue->lost);
			queue->lost = 0;
		}
		kmq_trace(receive, queue, slot, want->lease, waiter->task);
		if (slot->is_call)
			kmq_caller_taken(queue, slot);
		kmq_watch_queued(queue, slot, slot->time);
		kmq_stamp_receive(queue, waiter->task);
		waiter->slot = slot;
		kmq_claim(waiter, 0, wakeups);
		return true;
	}
	return false;
}

/*
 * Nobody sleeps in the queue or watches it: a message that goes is no concern of
 * anybody's, nor is one that comes if it is not a mark more (kmq_watch_rise()),
 * and there will be nothing to do after the unlock.
 */
static inline bool kmq_quiet(const struct kmq_queue *queue)
{
	lockdep_assert_held(&queue->lock);
	/* Barrier B. */
	if (waitqueue_active((wait_queue_head_t *)&queue->pollers))
		return false;
	/* As many as are in the two lists, and cheaper to look at. */
	if (queue->blocked_senders | queue->blocked_receivers)
		return false;
	return !queue->loud && !READ_ONCE(queue->fasync);
}

/* A message of @sender that fits is accepted, and goes where it is wanted. */
static inline void kmq_place(struct kmq_queue *queue, struct kmq_slot *slot,
			     const struct task_struct *sender, u64 now,
			     struct kmq_wakeups *wakeups)
{
	kmq_queue_accept(queue, slot, now);
	kmq_stamp_send(queue, slot);
	kmq_trace(send, queue, slot, sender);
	if (unlikely(slot->is_call))
		kmq_caller_enroll(queue, slot);
	if (unlikely(!list_empty(&queue->receivers)) &&
	    kmq_hand_over(queue, slot, wakeups))
		return;
	kmq_queue_push(queue, slot);
	kmq_queue_note_peak(queue);
	kmq_tell(queue, KMQ_READABLE, wakeups);
}

/*
 * kmq_place() of a message that comes now, and who waits to hear of one in the
 * empty queue is told. Not so of one that displaces another, or that follows one
 * which was taken out under the same hold of the lock: nobody saw that queue empty.
 */
static inline void kmq_bring(struct kmq_queue *queue, struct kmq_slot *slot,
			     struct task_struct *sender, u64 now,
			     struct kmq_wakeups *wakeups)
{
	bool empty = !queue->queued && !wakeups->left;

	kmq_place(queue, slot, sender, now, wakeups);
	/* Still empty: it was handed to a sleeping receiver. */
	if (unlikely(queue->registration) && empty && queue->queued)
		wakeups->told = kmq_notify_arrived(queue, sender);
}

/*
 * Room was made: take in the messages of sleeping senders. One pass does, as
 * what it takes in makes the room smaller. Who may not be allowed to send any
 * more is sent to ask, and does not hold up the others.
 */
static void kmq_place_senders(struct kmq_queue *queue,
			      struct kmq_wakeups *wakeups)
{
	struct kmq_waiter *waiter, *next;

	list_for_each_entry_safe(waiter, next, &queue->senders, node) {
		if (!kmq_queue_admits(queue, waiter->slot->size)) {
			if (!queue->overtake || !kmq_queue_admits(queue, 0))
				return;
			continue;
		}
		if (waiter->doubted) {
			kmq_claim(waiter, -ESTALE, wakeups);
			continue;
		}
		kmq_bring(queue, waiter->slot, waiter->task, ktime_get_ns(),
			  wakeups);
		waiter->sequence = queue->sequence;
		kmq_claim(waiter, 0, wakeups);
	}
}

/*
 * To be called after messages left, with what kmq_queue_writable() said before:
 * only the edge is told.
 */
static inline void kmq_room_made(struct kmq_queue *queue, bool was_writable,
				 struct kmq_wakeups *wakeups)
{
	if (unlikely(!was_writable)) {	/* and so some may sleep for room */
		kmq_place_senders(queue, wakeups);
		if (kmq_queue_writable(queue))
			kmq_tell(queue, KMQ_WRITABLE, wakeups);
	}
	kmq_queue_note_left(queue);
}

/*
 * Make room for @size bytes, a chunk of messages at a time.
 *
 * Return: 0, or -EXFULL: there is more to drop, after a break.
 */
static int kmq_drop_oldest(struct kmq_queue *queue, u32 size,
			   struct kmq_wakeups *wakeups)
{
	u32 dropped;

	for (dropped = 0; !kmq_queue_admits(queue, size); dropped++) {
		struct kmq_slot *oldest = kmq_order_oldest(&queue->order);

		if (dropped == KMQ_CHUNK)
			break;
		kmq_queue_drop(queue, oldest);
		kmq_trace(drop, queue, oldest, oldest->sequence, current);
		if (oldest->is_call)
			kmq_caller_cancel(queue, oldest, wakeups);
		kmq_bury(oldest, wakeups);
	}
	if (dropped)
		kmq_event(queue, KMQ_EVENT_DROPPED, NULL, dropped);
	return kmq_queue_admits(queue, size) ? 0 : -EXFULL;
}

/* There is no room for @slot: what policy says. */
static int kmq_apply_policy(struct kmq_queue *queue, struct kmq_slot *slot,
			    const struct task_struct *sender, u64 now,
			    u64 *sequence, struct kmq_wakeups *wakeups)
{
	if (queue->policy == KMQ_POLICY_BLOCK ||
	    queue->policy == KMQ_POLICY_REJECT)
		return -EAGAIN;
	/* Where leases hold the room, nothing is gained by dropping the oldest. */
	if (queue->policy == KMQ_POLICY_DROP_OLDEST &&
	    kmq_queue_can_drop(queue, slot->size)) {
		if (kmq_drop_oldest(queue, slot->size, wakeups))
			return -EXFULL;
		kmq_place(queue, slot, sender, now, wakeups);
		*sequence = queue->sequence;
		kmq_queue_note_left(queue);
		return 0;
	}
	kmq_queue_drop_newest(queue);
	kmq_trace(drop, queue, slot, queue->sequence, sender);
	kmq_event(queue, KMQ_EVENT_DROPPED, NULL, 1);
	kmq_bury(slot, wakeups);
	*sequence = 0;
	return 0;
}

/* Its sender, who is `current`, comes and finds no room. */
static noinline int kmq_overflow(struct kmq_queue *queue, struct kmq_slot *slot,
				 u64 now, u64 *sequence,
				 struct kmq_wakeups *wakeups)
{
	kmq_watch_full(queue);
	return kmq_apply_policy(queue, slot, current, now, sequence, wakeups);
}

/*
 * Accept @slot, or do with it what policy says.
 *
 * Return: 0 if it is no longer the caller's; -EAGAIN; -EXFULL: try again after
 * a break, room is being made.
 */
static inline int kmq_try_place(struct kmq_queue *queue, struct kmq_slot *slot,
				u64 now, u64 *sequence,
				struct kmq_wakeups *wakeups)
{
	lockdep_assert_held(&queue->lock);
	if (unlikely((!list_empty(&queue->senders) && !queue->overtake) ||
		     !kmq_queue_admits(queue, slot->size)))
		return kmq_overflow(queue, slot, now, sequence, wakeups);
	kmq_bring(queue, slot, current, now, wakeups);
	*sequence = queue->sequence;
	return 0;
}

/* The policy may change: who goes to sleep looks again under the lock. */
static inline bool kmq_send_sleeps(const struct kmq_queue *queue,
			    const struct kmq_patience *patience)
{
	return READ_ONCE(queue->policy) == KMQ_POLICY_BLOCK &&
	       !patience->nonblock;
}

/*
 * Into a quiet queue: how many of @slots found room.
 */
static inline u32 kmq_send_quietly(struct kmq_queue *queue,
				   struct kmq_slot **slots, u32 count)
{
	const struct kmq_slot *last = NULL;
	u64 now = ktime_get_ns();
	u32 sent;

	for (sent = 0; sent < count; sent++) {
		struct kmq_slot *slot = slots[sent];

		if (unlikely(!kmq_queue_admits(queue, slot->size) ||
			     slot->is_call))
			break;
		kmq_queue_accept(queue, slot, now);
		kmq_queue_push(queue, slot);
		last = slot;
	}
	kmq_queue_note_peak(queue);
	if (likely(last))
		kmq_stamp_send(queue, last);
	return sent;
}

/*
 * Send what can be sent now, after @sent that have been. Entered with the lock
 * held, so that a look for the way past it costs no second lock.
 */
static noinline int kmq_send_locked(struct kmq_queue *queue,
				    struct kmq_slot **slots, u32 count,
				    const struct kmq_patience *patience,
				    u64 *sequence, u32 sent)
	__releases(&queue->lock)
{
	DEFINE_WAKEUPS(wakeups);
	u64 now = ktime_get_ns();
	int err = -EIDRM;

	while (sent < count) {
		err = -EIDRM;
		if (unlikely(queue->removed))
			break;
		err = kmq_try_place(queue, slots[sent], now, sequence,
				    &wakeups);
		if (unlikely(err == -EXFULL)) {
			kmq_break(queue, &wakeups);
			continue;
		}
		if (err)
			break;
		sent++;
	}
	/* Judged once: the policy may be another after the unlock. */
	if (err == -EAGAIN && !sent && kmq_send_sleeps(queue, patience)) {
		err = -EINPROGRESS;
	} else if (err == -EAGAIN && !sent && !patience->continued) {
		queue->ledger.rejected++;
		kmq_trace(reject, queue, slots[0]->size, err, current);
	}
	spin_unlock(&queue->lock);
	kmq_finish(queue, &wakeups);
	return sent ? sent : err;
}

/*
 * A sleeper gives up, unless it has been claimed meanwhile.
 *
 * Return: true, with the waiter unlinked.
 */
static bool kmq_give_up(struct kmq_queue *queue, struct kmq_waiter *waiter)
{
	lockdep_assert_held(&queue->lock);
	if (waiter->state != KMQ_WAITING)
		return false;
	list_del_init(&waiter->node);
	(*waiter->blocked)--;
	return true;
}

/*
 * Under the lock that kmq_disturb() takes after the permit has changed: who asks
 * here and sleeps has seen the change, or is found asleep by it.
 */
static int kmq_ask(const struct kmq_queue *queue,
		   const struct kmq_patience *patience, u32 need)
{
	lockdep_assert_held(&queue->lock);
	if (likely(!patience->by_id) || queue->removed)
		return 0;
	return queue->permits(queue, need);
}

static int kmq_send_wait(struct kmq_queue *queue, struct kmq_slot *slot,
			 const struct kmq_patience *patience, u64 *sequence)
{
	struct kmq_waiter waiter;
	DEFINE_WAKEUPS(wakeups);
	int err = -EIDRM;
	bool sleeps;

	kmq_waiter_init(&waiter, &queue->blocked_senders);
	waiter.slot = slot;
	waiter.by_id = patience->by_id;

	spin_lock(&queue->lock);
	while (!queue->removed) {
		err = kmq_ask(queue, patience, KMQ_MAY_WRITE);
		if (err)
			break;
		err = kmq_try_place(queue, slot, ktime_get_ns(), sequence,
				    &wakeups);
		if (err != -EXFULL)
			break;
		/* The policy has changed since the first look. */
		kmq_break(queue, &wakeups);
		err = -EIDRM;
	}
	sleeps = err == -EAGAIN && queue->policy == KMQ_POLICY_BLOCK;
	if (sleeps) {
		kmq_waiter_sign(queue, &waiter);
		list_add_tail(&waiter.node, &queue->senders);
		queue->blocked_senders++;
		kmq_trace(block, queue, KMQ_TRACE_SEND, patience->deadline);
	} else if (err == -EAGAIN) {
		queue->ledger.rejected++;
		kmq_trace(reject, queue, slot->size, err, current);
	}
	spin_unlock(&queue->lock);
	kmq_finish(queue, &wakeups);
	if (!sleeps)
		return err;

	err = kmq_sleep(&waiter, patience);
	kmq_watch_slept(queue, waiter.since);
	if (!err)
		goto done;
	spin_lock(&queue->lock);
	if (kmq_give_up(queue, &waiter)) {
		DEFINE_WAKEUPS(others);

		kmq_trace(wake, queue, KMQ_TRACE_SEND, waiter.since, err);
		if (err == -ETIMEDOUT) {
			queue->ledger.rejected++;
			kmq_trace(reject, queue, slot->size, err, current);
		}
		/* It may have stood before a shorter message that fits. */
		kmq_place_senders(queue, &others);
		if (kmq_queue_writable(queue))
			kmq_tell(queue, KMQ_WRITABLE, &others);
		spin_unlock(&queue->lock);
		kmq_finish(queue, &others);
		return err;
	}
	spin_unlock(&queue->lock);
	kmq_sleep_claimed(&waiter);
done:
	kmq_trace(wake, queue, KMQ_TRACE_SEND, waiter.since, waiter.result);
	*sequence = waiter.sequence;
	return waiter.result;
}

/* Sleep for the first, then send what else can be sent at once. */
static noinline int kmq_send_slow(struct kmq_queue *queue,
				  struct kmq_slot **slots, u32 count,
				  const struct kmq_patience *patience,
				  u64 *sequence)
{
	int err;

	do {
		err = kmq_send_wait(queue, slots[0], patience, sequence);
	} while (err == -ESTALE);
	if (err)
		return err;
	if (count == 1)
		return 1;
	spin_lock(&queue->lock);
	return kmq_send_locked(queue, slots, count, patience, sequence, 1);
}

/**
 * kmq_send() - give messages to a queue
 * @queue: whose lock is not held
 * @slots: messages of the caller, complete, each at most max_message long
 * @count: of @slots, at least 1
 * @patience: how long to sleep for the first; the others are sent at once or
 *	not at all
 * @sequence: out: of the last one accepted; 0 if policy dropped it
 *
 * Context: may sleep.
 * Return: how many are no longer the caller's, at least 1; or -EAGAIN,
 * -ETIMEDOUT, -EIDRM, -ERESTARTSYS, -EACCES (the permit changed), and all are
 * still the caller's.
 */
int kmq_send(struct kmq_queue *queue, struct kmq_slot **slots, u32 count,
	     const struct kmq_patience *patience, u64 *sequence)
{
	int sent = 0;

	spin_lock(&queue->lock);
	/* Who traces is told on the slower way only. */
	if (likely(kmq_quiet(queue)) && !tracepoint_enabled(kmq_send)) {
		sent = kmq_send_quietly(queue, slots, count);
		*sequence = queue->sequence;
	}
	if (likely(sent == count)) {
		spin_unlock(&queue->lock);
		return sent;
	}
	sent = kmq_send_locked(queue, slots, count, patience, sequence, sent);
	if (likely(sent != -EINPROGRESS))
		return sent;
	return kmq_send_slow(queue, slots, count, patience, sequence);
}

static inline struct kmq_slot *kmq_take(struct kmq_queue *queue,
				 const struct kmq_want *want,
				 struct kmq_slot *slot)
{
	kmq_queue_take(queue, slot, want->lease);
	if (want->metadata) {
		WRITE_ONCE(slot->lost, queue->lost);
		queue->lost = 0;
	}
	if (unlikely(slot->is_call))
		kmq_caller_taken(queue, slot);
	return slot;
}

/*
 * Take what there is.
 *
 * Return: how many, at least 1; -EAGAIN, -EMSGSIZE, -EIDRM.
 */
static __always_inline int kmq_take_ready(struct kmq_queue *queue,
				 const struct kmq_want *want,
				 struct kmq_part *parts, u32 count)
{
	u32 taken;

	for (taken = 0; taken < count; taken++) {
		struct kmq_slot *slot = kmq_order_find(&queue->order,
						       &want->selection);

		if (unlikely(!slot))
			return taken ? taken : -EAGAIN;
		if (unlikely(slot->size > parts[taken].room &&
			     !want->truncate))
			return taken ? taken : -EMSGSIZE;
		parts[taken].slot = kmq_take(queue, want, slot);
	}
	return taken;
}

/* How long those in @parts have been in the queue. */
static inline void kmq_watch_parts(struct kmq_queue *queue,
				   const struct kmq_part *parts, u32 count)
{
	u64 now;
	u32 i;

	if (likely(!queue->histograms))
		return;
	now = ktime_get_ns();
	for (i = 0; i < count; i++)
		kmq_watch_queued(queue, parts[i].slot, now);
}

/* Who listens is told of what was taken: @taken messages, or an error. */
static noinline void kmq_trace_taken(const struct kmq_queue *queue,
				     const struct kmq_want *want,
				     const struct kmq_part *parts, int taken)
{
	int i;

	for (i = 0; i < taken; i++)
		kmq_trace_receive(queue, parts[i].slot, want->lease, current);
}

/* The same in a queue that may be removed, or not quiet. */
static int kmq_try_take(struct kmq_queue *queue, const struct kmq_want *want,
			struct kmq_part *parts, u32 count,
			struct kmq_wakeups *wakeups)
{
	bool was_writable;
	int taken;

	lockdep_assert_held(&queue->lock);
	if (unlikely(queue->removed))
		return -EIDRM;
	was_writable = kmq_queue_writable(queue);
	taken = kmq_take_ready(queue, want, parts, count);
	if (tracepoint_enabled(kmq_receive))
		kmq_trace_taken(queue, want, parts, taken);
	if (taken <= 0)
		return taken;
	kmq_watch_parts(queue, parts, taken);
	kmq_stamp_receive(queue, current);
	wakeups->left = true;
	kmq_room_made(queue, was_writable, wakeups);
	return taken;
}

/*
 * Nothing is there: sleep until something is handed over. Entered with the lock
 * held, so that nothing can have come since the look.
 */
static noinline int kmq_receive_sleep(struct kmq_queue *queue,
				      const struct kmq_want *want,
				      struct kmq_part *part,
				      const struct kmq_patience *patience)
	__releases(&queue->lock)
{
	struct kmq_waiter waiter;
	int err;

	kmq_waiter_init(&waiter, &queue->blocked_receivers);
	waiter.want = want;
	waiter.room = part->room;
	waiter.by_id = patience->by_id;
	kmq_waiter_sign(queue, &waiter);
	list_add_tail(&waiter.node, &queue->receivers);
	queue->blocked_receivers++;
	kmq_trace(block, queue, KMQ_TRACE_RECEIVE, patience->deadline);
	spin_unlock(&queue->lock);

	err = kmq_sleep(&waiter, patience);
	kmq_watch_slept(queue, waiter.since);
	if (err) {
		spin_lock(&queue->lock);
		if (kmq_give_up(queue, &waiter)) {
			spin_unlock(&queue->lock);
			kmq_trace(wake, queue, KMQ_TRACE_RECEIVE,
				  waiter.since, err);
			return err;
		}
		spin_unlock(&queue->lock);
		kmq_sleep_claimed(&waiter);
	}
	kmq_trace(wake, queue, KMQ_TRACE_RECEIVE, waiter.since, waiter.result);
	part->slot = waiter.slot;
	return waiter.result ? waiter.result : 1;
}

/* Take, or sleep if there is nothing. Entered with the lock held. */
static int kmq_receive_once(struct kmq_queue *queue,
			    const struct kmq_want *want,
			    struct kmq_part *parts, u32 count,
			    const struct kmq_patience *patience)
	__releases(&queue->lock)
{
	DEFINE_WAKEUPS(wakeups);
	int taken = kmq_ask(queue, patience, KMQ_MAY_READ);

	if (!taken)
		taken = kmq_try_take(queue, want, parts, count, &wakeups);
	if (taken == -EAGAIN && !patience->nonblock)
		return kmq_receive_sleep(queue, want, parts, patience);
	spin_unlock(&queue->lock);
	kmq_finish(queue, &wakeups);
	return taken;
}

/* A queue that is not quiet. Entered with the lock held. */
static noinline int kmq_receive_locked(struct kmq_queue *queue,
				       const struct kmq_want *want,
				       struct kmq_part *parts, u32 count,
				       const struct kmq_patience *patience)
	__releases(&queue->lock)
{
	int taken;

	for (;;) {
		taken = kmq_receive_once(queue, want, parts, count, patience);
		if (likely(taken != -ESTALE))
			return taken;
		spin_lock(&queue->lock);
	}
}

/* The first came after a sleep; take what else is there. */
static noinline int kmq_receive_more(struct kmq_queue *queue,
				     const struct kmq_want *want,
				     struct kmq_part *parts, u32 count)
{
	const struct kmq_patience at_once = { .nonblock = true };
	int more;

	spin_lock(&queue->lock);
	more = kmq_receive_locked(queue, want, parts + 1, count - 1, &at_once);
	return more > 0 ? 1 + more : 1;
}

/**
 * kmq_receive() - take messages from a queue
 * @queue: whose lock is not held
 * @want: which, and how
 * @parts: room in, messages out; those are the caller's until kmq_discard(),
 *	kmq_put_back() or, if leased, kmq_lease_keep()
 * @count: of @parts, at least 1
 * @patience: how long to sleep for the first; the others are taken at once or
 *	not at all
 *
 * Context: may sleep.
 * Return: how many, at least 1; or -EAGAIN, -EMSGSIZE (the message that is due
 * is longer than the room, and stays), -ETIMEDOUT, -EIDRM, -ERESTARTSYS, -EACCES
 * (the permit changed).
 */
int kmq_receive(struct kmq_queue *queue, const struct kmq_want *want,
		struct kmq_part *parts, u32 count,
		const struct kmq_patience *patience)
{
	int taken = -EAGAIN;

	spin_lock(&queue->lock);
	/* As kmq_send(). */
	if (likely(kmq_quiet(queue)) && !tracepoint_enabled(kmq_receive)) {
		taken = kmq_take_ready(queue, want, parts, count);
		if (likely(taken > 0))
			kmq_stamp_receive(queue, current);
	}
	if (likely(taken != -EAGAIN)) {
		spin_unlock(&queue->lock);
		return taken;
	}
	taken = kmq_receive_locked(queue, want, parts, count, patience);
	if (taken == 1 && unlikely(count > 1))
		return kmq_receive_more(queue, want, parts, count);
	return taken;
}

/* Where kmq_peek() begins, or NULL. */
static struct kmq_slot *kmq_peek_first(const struct kmq_queue *queue,
				       const struct kmq_selection *selection,
				       u32 count)
{
	lockdep_assert_held(&queue->lock);
	if (count > 1)
		return kmq_order_first(&queue->order, selection);
	if (unlikely(selection->mode == KMQ_SELECT_POSITION))
		return kmq_order_at(&queue->order, selection->type,
				    queue->queued, queue->sequence);
	return kmq_order_find(&queue->order, selection);
}

/**
 * kmq_peek() - look at messages that stay queued
 * @queue: whose lock is not held
 * @want: which; a single one is the one that a receive would take, more than
 *	one come in the order of a walk
 * @parts: room in, messages out; to be let go by kmq_unpeek()
 * @count: of @parts, 1 to KMQ_BATCH_MAX
 *
 * @count bounds the hold of the lock, but not with KMQ_SELECT_POSITION: then it is
 * kmq_order_at()'s, a few walks over what is queued.
 *
 * Context: does not sleep.
 * Return: how many, at least 1; -EAGAIN, -EMSGSIZE, -EIDRM.
 */
int kmq_peek(struct kmq_queue *queue, const struct kmq_want *want,
	     struct kmq_part *parts, u32 count)
{
	struct kmq_slot *slot;
	int err = -EAGAIN;
	u32 seen = 0;

	spin_lock(&queue->lock);
	if (queue->removed) {
		spin_unlock(&queue->lock);
		return -EIDRM;
	}
	slot = kmq_peek_first(queue, &want->selection, count);
	while (slot && seen < count) {
		if (slot->size > parts[seen].room && !want->truncate) {
			err = -EMSGSIZE;
			break;
		}
		slot->peekers++;
		parts[seen++].slot = slot;
		slot = kmq_order_next(&queue->order, slot, &want->selection);
	}
	spin_unlock(&queue->lock);
	return seen ? seen : err;
}

/**
 * kmq_unpeek() - end a peek
 * @queue: whose lock is not held
 * @parts: from kmq_peek()
 * @count: what it returned
 *
 * Context: may sleep.
 */
void kmq_unpeek(struct kmq_queue *queue, struct kmq_part *parts, u32 count)
{
	DEFINE_WAKEUPS(wakeups);
	u32 i;

	spin_lock(&queue->lock);
	for (i = 0; i < count; i++) {
		struct kmq_slot *slot = parts[i].slot;
		u32 left = slot->peekers - 1;
		bool bury = !left && slot->doomed;

		/* Barrier C. If it is not doomed, its receiver may free it now. */
		smp_store_release(&slot->peekers, left);
		if (bury)
			kmq_bury(slot, &wakeups);
	}
	spin_unlock(&queue->lock);
	kmq_finish(queue, &wakeups);
}

/* kmq_discard() of a message that someone peeks at, or did a moment ago. */
void kmq_discard_peeked(struct kmq_queue *queue, struct kmq_slot *slot)
{
	DEFINE_WAKEUPS(wakeups);

	spin_lock(&queue->lock);
	kmq_bury(slot, &wakeups);
	spin_unlock(&queue->lock);
	kmq_finish(queue, &wakeups);
}

/*
 * @slot, in hand again, goes to its old place in the order. A request whose
 * caller has given up, and any message of a removed queue, goes nowhere and is
 * counted as purged.
 */
static void kmq_place_again(struct kmq_queue *queue, struct kmq_slot *slot,
			    struct kmq_wakeups *wakeups)
{
	struct kmq_waiter *caller = NULL;

	lockdep_assert_held(&queue->lock);
	queue->lost += slot->lost;
	WRITE_ONCE(slot->lost, 0);
	if (slot->is_call)
		caller = kmq_caller_find(queue, slot->sequence);
	if (queue->removed || (slot->is_call && !caller)) {
		queue->ledger.purged++;
		kmq_trace(purge, queue, slot);
		kmq_bury(slot, wakeups);
		return;
	}
	if (caller)
		caller->request = slot;
	kmq_queue_restore(queue, slot);
	kmq_tell(queue, KMQ_READABLE, wakeups);
}

/*
 * Messages came back: each sleeping receiver, first come first served, is given
 * the best of what it selects. To be called before the unlock at which no
 * queued message may be selected by a sleeping receiver any more.
 */
static void kmq_serve_receivers(struct kmq_queue *queue,
				struct kmq_wakeups *wakeups)
{
	struct kmq_waiter *waiter, *next;

	list_for_each_entry_safe(waiter, next, &queue->receivers, node) {
		const struct kmq_want *want = waiter->want;
		struct kmq_slot *slot = kmq_order_find(&queue->order,
						       &want->selection);

		if (!slot)
			continue;
		if (slot->size > waiter->room && !want->truncate) {
			kmq_claim(waiter, -EMSGSIZE, wakeups);
			continue;
		}
		waiter->slot = kmq_take(queue, want, slot);
		kmq_watch_queued(queue, slot, ktime_get_ns());
		kmq_stamp_receive(queue, waiter->task);
		kmq_trace(receive, queue, slot, want->lease, waiter->task);
		kmq_claim(waiter, 0, wakeups);
	}
}

/**
 * kmq_put_back() - a receive failed
 * @queue: whose lock is not held
 * @slot: owned by the caller
 * @leased: it is counted as leased, not as received
 *
 * Context: may sleep.
 */
void kmq_put_back(struct kmq_queue *queue, struct kmq_slot *slot, bool leased)
{
	DEFINE_WAKEUPS(wakeups);
	bool was_writable;

	spin_lock(&queue->lock);
	was_writable = kmq_queue_writable(queue);
	kmq_queue_untake(queue, slot, leased);
	kmq_trace(put_back, queue, slot);
	kmq_place_again(queue, slot, &wakeups);
	kmq_serve_receivers(queue, &wakeups);
	/* A lease holds room, and what becomes of it may not. */
	if (!queue->removed)
		kmq_room_made(queue, was_writable, &wakeups);
	spin_unlock(&queue->lock);
	kmq_finish(queue, &wakeups);
}

/* One lease back into the order. */
static void kmq_return_one(struct kmq_queue *queue, struct kmq_slot *slot,
			   struct kmq_wakeups *wakeups)
{
	queue->ledger.returned++;
	WRITE_ONCE(slot->redeliveries, slot->redeliveries + 1);
	WRITE_ONCE(slot->lost, 0);	/* its holder was told */
	kmq_queue_untake(queue, slot, true);
	kmq_trace(return, queue, slot);
	kmq_place_again(queue, slot, wakeups);
}

/**
 * kmq_return() - leases ended without being confirmed
 * @queue: whose lock is not held
 * @chain: slots owned by the caller, counted as leased, linked through @next
 *
 * All are back in the order before a sleeping receiver is served, so that it is
 * given the best of them. The lock is dropped between chunks.
 *
 * Context: may sleep.
 */
void kmq_return(struct kmq_queue *queue, struct kmq_slot *chain)
{
	DEFINE_WAKEUPS(wakeups);
	u32 done = 0;

	spin_lock(&queue->lock);
	while (chain) {
		struct kmq_slot *slot = chain;

		chain = slot->next;
		kmq_return_one(queue, slot, &wakeups);
		if (++done % KMQ_CHUNK == 0 && chain)
			kmq_break(queue, &wakeups);
	}
	if (!queue->removed) {
		kmq_serve_receivers(queue, &wakeups);
		kmq_place_senders(queue, &wakeups);
		if (kmq_queue_writable(queue))
			kmq_tell(queue, KMQ_WRITABLE, &wakeups);
		kmq_queue_note_left(queue);
	}
	spin_unlock(&queue->lock);
	kmq_finish(queue, &wakeups);
}

/**
 * kmq_settle() - a leased message is done with
 * @queue: whose lock is not held
 * @slot: owned by the caller, counted as leased
 *
 * Context: may sleep.
 */
void kmq_settle(struct kmq_queue *queue, struct kmq_slot *slot)
{
	DEFINE_WAKEUPS(wakeups);
	bool was_writable;

	spin_lock(&queue->lock);
	was_writable = kmq_queue_writable(queue);
	kmq_queue_settle(queue, slot);
	kmq_trace(ack, queue, slot);
	kmq_bury(slot, &wakeups);
	if (!queue->removed)
		kmq_room_made(queue, was_writable, &wakeups);
	spin_unlock(&queue->lock);
	kmq_finish(queue, &wakeups);
}

/* A caller gives up: its request, if nobody has read it, goes with it. */
static void kmq_call_withdraw(struct kmq_queue *queue, struct kmq_waiter *caller,
			      struct kmq_wakeups *wakeups)
{
	bool was_writable = kmq_queue_writable(queue);

	kmq_caller_strike(queue, caller);
	if (!caller->request)
		return;
	kmq_queue_purge(queue, caller->request);
	kmq_trace(purge, queue, caller->request);
	kmq_bury(caller->request, wakeups);
	wakeups->left = true;
	kmq_room_made(queue, was_writable, wakeups);
}

static int kmq_call_sleep(struct kmq_queue *queue, struct kmq_waiter *caller,
			  const struct kmq_patience *patience)
{
	int err = kmq_sleep(caller, patience);
	DEFINE_WAKEUPS(wakeups);

	if (!err)
		return caller->result;
	spin_lock(&queue->lock);
	if (kmq_give_up(queue, caller)) {
		kmq_call_withdraw(queue, caller, &wakeups);
		spin_unlock(&queue->lock);
		kmq_finish(queue, &wakeups);
		/* Restarting would ask a second time. */
		return err == -ERESTARTSYS ? -EINTR : err;
	}
	spin_unlock(&queue->lock);
	kmq_sleep_claimed(caller);
	return caller->result;
}

static int kmq_call_wait(struct kmq_queue *queue, struct kmq_waiter *caller,
			 const struct kmq_patience *patience)
{
	int err;

	kmq_trace(block, queue, KMQ_TRACE_REPLY, patience->deadline);
	err = kmq_call_sleep(queue, caller, patience);
	kmq_trace(wake, queue, KMQ_TRACE_REPLY, caller->since, err);
	return err;
}

/**
 * kmq_call() - send a request and sleep until its reply
 * @queue: whose lock is not held
 * @request: message of the caller, who loses it whatever comes
 * @patience: how long to sleep; @nonblock rules the sending only
 * @room: bytes of reply that the caller takes
 * @truncate: a longer reply is welcome
 * @sequence: out: of the request, once it was accepted
 * @reply: out: a slot that is the caller's to put
 *
 * Context: may sleep.
 * Return: 0; before the request was accepted -EAGAIN, -ERESTARTSYS; after it
 * -EINTR, -ECANCELED (it was dropped or purged unread); in both halves
 * -ETIMEDOUT, -EIDRM.
 */
int kmq_call(struct kmq_queue *queue, struct kmq_slot *request,
	     const struct kmq_patience *patience, u32 room, bool truncate,
	     u64 *sequence, struct kmq_slot **reply)
{
	const struct kmq_want want = { .truncate = truncate };
	struct kmq_waiter caller;
	int err;

	kmq_waiter_init(&caller, &queue->blocked_callers);
	caller.want = &want;
	caller.room = room;
	request->is_call = true;
	request->caller = &caller;
	err = kmq_send(queue, &request, 1, patience, sequence);
	if (err < 0) {
		kmq_slot_put(&queue->pool, request);
		return err;
	}
	if (!*sequence)
		return -ECANCELED;
	err = kmq_call_wait(queue, &caller, patience);
	*reply = caller.slot;
	return err;
}

/**
 * kmq_reply() - answer a call
 * @queue: whose lock is not held
 * @sequence: of the request
 * @reply: message of the caller
 *
 * Context: does not sleep.
 * Return: 0, and the message is no longer the caller's; or -ESRCH, -EMSGSIZE,
 * -EIDRM, and it still is.
 */
int kmq_reply(struct kmq_queue *queue, u64 sequence, struct kmq_slot *reply)
{
	struct kmq_waiter *caller;
	DEFINE_WAKEUPS(wakeups);
	int err = 0;

	spin_lock(&queue->lock);
	caller = kmq_caller_find(queue, sequence);
	if (queue->removed)
		err = -EIDRM;
	else if (!caller || caller->request)
		err = -ESRCH;	/* gone, or nobody has read the request */
	else if (reply->size > caller->room && !caller->want->truncate)
		err = -EMSGSIZE;
	if (err)
		goto unlock;
	reply->sequence = sequence;
	reply->time = ktime_get_ns();
	caller->slot = reply;
	kmq_trace(reply, queue, reply);
	kmq_caller_strike(queue, caller);
	kmq_claim(caller, 0, &wakeups);
	queue->ledger.replies++;
unlock:
	spin_unlock(&queue->lock);
	kmq_finish(queue, &wakeups);
	return err;
}

/* Throw away up to @count queued messages. */
static u32 kmq_purge_chunk(struct kmq_queue *queue,
			   const struct kmq_selection *selection, u32 count,
			   struct kmq_wakeups *wakeups)
{
	struct kmq_slot *slot;
	u32 purged;

	lockdep_assert_held(&queue->lock);
	for (purged = 0; purged < count; purged++) {
		slot = kmq_order_find(&queue->order, selection);
		if (!slot)
			break;
		kmq_queue_purge(queue, slot);
		kmq_trace(purge, queue, slot);
		if (slot->is_call)
			kmq_caller_cancel(queue, slot, wakeups);
		kmq_bury(slot, wakeups);
	}
	return purged;
}

/**
 * kmq_purge() - throw away queued messages
 * @queue: whose lock is not held
 * @selection: which
 *
 * At most as many as were queued when it began, so that busy senders cannot
 * keep it for ever; the lock is dropped between chunks.
 *
 * Context: may sleep.
 * Return: how many.
 */
u64 kmq_purge(struct kmq_queue *queue, const struct kmq_selection *selection)
{
	u32 left = READ_ONCE(queue->queued);
	bool was_writable;
	u64 purged = 0;
	u32 chunk;

	do {
		DEFINE_WAKEUPS(wakeups);

		spin_lock(&queue->lock);
		was_writable = kmq_queue_writable(queue);
		chunk = kmq_purge_chunk(queue, selection,
					min_t(u32, left, KMQ_CHUNK), &wakeups);
		wakeups.left = chunk;
		if (chunk)
			kmq_room_made(queue, was_writable, &wakeups);
		spin_unlock(&queue->lock);
		kmq_finish(queue, &wakeups);
		purged += chunk;
		left -= chunk;
		cond_resched();
	} while (chunk == KMQ_CHUNK);
	return purged;
}

/**
 * kmq_set_limits() - change how much a queue takes
 * @queue: whose lock is not held, whose pool has the slots
 * @capacity: messages; out: what it holds, if that is more
 * @byte_limit: bytes; out: likewise
 *
 * Context: may sleep.
 * Return: 0 or -EIDRM.
 */
int kmq_set_limits(struct kmq_queue *queue, u32 *capacity, u64 *byte_limit)
{
	DEFINE_WAKEUPS(wakeups);
	bool was_writable;
	int err = -EIDRM;

	spin_lock(&queue->lock);
	if (!queue->removed) {
		was_writable = kmq_queue_writable(queue);
		queue->capacity = *capacity;
		queue->byte_limit = *byte_limit;
		kmq_room_made(queue, was_writable, &wakeups);
		*capacity = max(*capacity, queue->queued + queue->leased);
		*byte_limit = max(*byte_limit, queue->bytes);
		err = 0;
	}
	spin_unlock(&queue->lock);
	kmq_finish(queue, &wakeups);
	return err;
}

/*
 * The first sleeping sender goes the way that a policy without sleep has for it.
 *
 * Return: 0; or -EXFULL: room is being made for it, after a break.
 */
static int kmq_evict_sender(struct kmq_queue *queue,
			    struct kmq_wakeups *wakeups)
{
	struct kmq_waiter *waiter = list_first_entry(&queue->senders,
						     struct kmq_waiter, node);
	int err;

	lockdep_assert_held(&queue->lock);
	if (waiter->doubted) {
		kmq_claim(waiter, -ESTALE, wakeups);
		return 0;
	}
	err = kmq_apply_policy(queue, waiter->slot, waiter->task,
			       ktime_get_ns(), &waiter->sequence, wakeups);
	if (err == -EXFULL)
		return err;
	if (err) {
		queue->ledger.rejected++;
		kmq_trace(reject, queue, waiter->slot->size, err,
			  waiter->task);
	}
	kmq_claim(waiter, err, wakeups);
	return 0;
}

/**
 * kmq_set_policy() - what becomes of messages that do not fit
 * @queue: whose lock is not held
 * @policy: enum kmq_policy, one that the queue can have
 *
 * Who sleeps for room and may not any more is woken: by KMQ_POLICY_REJECT with
 * -EAGAIN, by the others as if it had come now.
 *
 * Context: may sleep.
 */
void kmq_set_policy(struct kmq_queue *queue, u32 policy)
{
	DEFINE_WAKEUPS(wakeups);

	spin_lock(&queue->lock);
	/* Rings' senders read it without this lock, and are woken to look again. */
	WRITE_ONCE(queue->policy, policy);
	while (queue->policy != KMQ_POLICY_BLOCK) {
		/* Room may have been made in a break. */
		kmq_place_senders(queue, &wakeups);
		if (list_empty(&queue->senders))
			break;
		if (kmq_evict_sender(queue, &wakeups))
			kmq_break(queue, &wakeups);
	}
	if (!queue->ring && !queue->removed && kmq_queue_writable(queue))
		kmq_tell(queue, KMQ_WRITABLE, &wakeups);
	spin_unlock(&queue->lock);
	kmq_finish(queue, &wakeups);
	if (queue->ring)
		kmq_ring_wake_all(queue->ring, KMQ_RING_PRODUCERS);
}

static void kmq_claim_all(struct list_head *waiters,
			  struct kmq_wakeups *wakeups)
{
	struct kmq_waiter *waiter, *next;

	list_for_each_entry_safe(waiter, next, waiters, node)
		kmq_claim(waiter, -EIDRM, wakeups);
}

/**
 * kmq_disturb() - the permit of a queue has changed
 * @queue: whose lock is not held
 *
 * Those asleep in it who came by its id ask again whether they may
 * (queue->permits), each for itself, since it depends on who it is. Receivers do
 * so at once, and then sleep on behind the others. Senders do so when their
 * message would fit, and until then keep their place; so this has to come before
 * a change of the limits that belongs to the same whole.
 *
 * Context: may sleep.
 */
void kmq_disturb(struct kmq_queue *queue)
{
	struct kmq_waiter *waiter, *next;
	DEFINE_WAKEUPS(wakeups);

	spin_lock(&queue->lock);
	list_for_each_entry(waiter, &queue->senders, node)
		waiter->doubted = waiter->by_id;
	list_for_each_entry_safe(waiter, next, &queue->receivers, node)
		if (waiter->by_id)
			kmq_claim(waiter, -ESTALE, &wakeups);
	spin_unlock(&queue->lock);
	kmq_finish(queue, &wakeups);
}

/**
 * kmq_retire() - end a queue that nobody can find any more
 * @queue: whose lock is not held
 *
 * Everyone asleep in it is woken with -EIDRM and every later call gets that
 * (@removed is set first, under the lock, and looked at under it); pollers see
 * EPOLLHUP|EPOLLERR. The messages are freed. Those in the hands of a receiver
 * reach it; those on a lease end with it.
 *
 * Context: may sleep.
 */
void kmq_retire(struct kmq_queue *queue)
{
	static const struct kmq_selection any = { .mode = KMQ_SELECT_ANY };
	DEFINE_WAKEUPS(wakeups);
	struct rb_node *node;
	u32 chunk;

	spin_lock(&queue->lock);
	queue->removed = true;
	queue->loud |= KMQ_LOUD_REMOVED;
	kmq_claim_all(&queue->senders, &wakeups);
	kmq_claim_all(&queue->receivers, &wakeups);
	wakeups.told = kmq_notify_retire(queue);
	while ((node = queue->callers.rb_node)) {
		struct kmq_waiter *caller = rb_entry(node, struct kmq_waiter,
						     by_sequence);

		kmq_caller_strike(queue, caller);
		kmq_claim(caller, -EIDRM, &wakeups);
	}
	spin_unlock(&queue->lock);
	wakeups.events = EPOLLHUP | EPOLLERR | KMQ_READABLE | KMQ_WRITABLE;
	kmq_finish(queue, &wakeups);

	do {
		DEFINE_WAKEUPS(buried);

		spin_lock(&queue->lock);
		chunk = kmq_purge_chunk(queue, &any, KMQ_CHUNK, &buried);
		spin_unlock(&queue->lock);
		kmq_finish(queue, &buried);
		cond_resched();
	} while (chunk == KMQ_CHUNK);
}

/* Those in a list, first come first told. */
static u32 kmq_list_sleepers(const struct list_head *waiters, u64 after,
			     u64 last, struct kmq_sleeping *rows, u32 count)
{
	const struct kmq_waiter *waiter;
	u32 n = 0;

	list_for_each_entry(waiter, waiters, node) {
		if (n == count || waiter->serial > last)
			break;
		if (waiter->serial > after)
			kmq_sleeping_note(&rows[n++], waiter->task,
					  waiter->serial,
					  kmq_moment_ns(waiter->since));
	}
	return n;
}

/* The first whose request came after that one; or NULL. */
static struct rb_node *kmq_caller_after(const struct kmq_queue *queue,
					u64 sequence)
{
	struct rb_node *node = queue->callers.rb_node, *found = NULL;

	lockdep_assert_held(&queue->lock);
	while (node) {
		if (rb_entry(node, struct kmq_waiter, by_sequence)->sequence >
		    sequence) {
			found = node;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

/* Those who wait for a reply, in the order of their requests. */
static u32 kmq_list_callers(const struct kmq_queue *queue, u64 after,
			    u64 last, struct kmq_sleeping *rows, u32 count)
{
	struct rb_node *node = kmq_caller_after(queue, after);
	u32 n = 0;

	for (; node && n < count; node = rb_next(node)) {
		struct kmq_waiter *caller = rb_entry(node, struct kmq_waiter,
						     by_sequence);

		if (caller->sequence > last)
			break;
		kmq_sleeping_note(&rows[n++], caller->task, caller->sequence,
				  kmq_moment_ns(caller->since));
	}
	return n;
}

/**
 * kmq_sleepers() - who sleeps in a queue
 * @queue: whose lock is not held
 * @sleep: for what
 * @after: the serial of the row before; 0: from the first
 * @last: from kmq_sleepers_last(), before the first was asked for
 * @rows: out: pids for put_pid()
 * @count: room
 *
 * Context: does not sleep.
 * Return: how many rows; 0: there are no more.
 */
u32 kmq_sleepers(struct kmq_queue *queue, enum kmq_sleep sleep, u64 after,
		 u64 last, struct kmq_sleeping *rows, u32 count)
{
	u32 n;

	if (queue->ring)
		return kmq_ring_sleepers(queue->ring, sleep, after, last,
					 rows, count);
	spin_lock(&queue->lock);
	if (sleep == KMQ_SLEEP_CALL)
		n = kmq_list_callers(queue, after, last, rows, count);
	else
		n = kmq_list_sleepers(sleep == KMQ_SLEEP_SEND ?
					      &queue->senders :
					      &queue->receivers,
				      after, last, rows, count);
	spin_unlock(&queue->lock);
	return n;
}

/*
 * The serial of the youngest sleeper that there may be now: who joins later is
 * beyond it. Does not sleep.
 */
u64 kmq_sleepers_last(struct kmq_queue *queue, enum kmq_sleep sleep)
{
	u64 last;

	if (queue->ring)
		return kmq_ring_sleepers_last(queue->ring);
	spin_lock(&queue->lock);
	last = sleep == KMQ_SLEEP_CALL ? queue->sequence : queue->sleeps;
	spin_unlock(&queue->lock);
	return last;
}

/**
 * kmq_set_filter() - change what a descriptor may read
 * @queue: whose lock is not held
 * @filter: of the descriptor
 * @selection: what it is to be
 *
 * Whoever polls through the descriptor is woken to look again.
 *
 * Context: does not sleep.
 */
void kmq_set_filter(struct kmq_queue *queue, struct kmq_selection *filter,
		    const struct kmq_selection *selection)
{
	bool watched;

	spin_lock(&queue->lock);
	filter->type = selection->type;
	/* Read without the lock, too, by kmq_handle_filter(). */
	WRITE_ONCE(filter->mode, selection->mode);
	/* Barrier B: the filter is a part of what pollers look at. */
	watched = waitqueue_active(&queue->pollers);
	spin_unlock(&queue->lock);
	if (watched)
		kmq_wake_pollers(queue, KMQ_READABLE);
}

/**
 * kmq_readiness() - what poll() reports
 * @queue: whose lock is not held; the poller has joined @queue->pollers before
 *	(barrier B)
 * @filter: the descriptor's, looked at under the lock
 *
 * Context: does not sleep.
 * Return: EPOLL* bits, whatever the mode of the descriptor.
 */
__poll_t kmq_readiness(struct kmq_queue *queue,
		       const struct kmq_selection *filter)
{
	__poll_t events = 0;

	spin_lock(&queue->lock);
	if (queue->removed)
		events = EPOLLHUP | EPOLLERR;
	else if (kmq_order_find(&queue->order, filter))
		events = KMQ_READABLE;
	if (!queue->removed && kmq_queue_writable(queue))
		events |= KMQ_WRITABLE;
	spin_unlock(&queue->lock);
	return events;
}
