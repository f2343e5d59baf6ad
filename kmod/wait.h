/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sending and receiving: the only place that sleeps for a queue, and the only
 * one that wakes. Everything here takes and drops queue->lock itself.
 */
#ifndef _KMQ_WAIT_H
#define _KMQ_WAIT_H

#include <linux/poll.h>
#include <linux/timekeeping.h>

#include <linux/kmq_netlink.h>

#include "queue.h"

struct kmq_sleeping;

/**
 * struct kmq_patience - how long a caller sleeps
 * @deadline: absolute, ns; 0 for none
 * @realtime: of CLOCK_REALTIME, and moves as that is set; else CLOCK_MONOTONIC
 * @by_id: who sleeps has no descriptor of the queue, and is to be asked again
 *	whether he may when its permit has changed: kmq_disturb()
 * @nonblock: not at all: -EAGAIN
 * @nowait: nor for another who is at work here; only a ring has those
 * @continued: the call has sent something before, so that no room now is the
 *	end of it and not a refusal
 */
struct kmq_patience {
	u64 deadline;
	bool realtime;
	bool by_id;
	bool nonblock;
	bool nowait;
	bool continued;
};

/**
 * struct kmq_want - what a receiver asks for
 * @selection: which messages
 * @truncate: a message that is longer than the room is welcome
 * @lease: count it as leased, not as received
 * @metadata: the receiver will be told of losses
 */
struct kmq_want {
	struct kmq_selection selection;
	bool truncate;
	bool lease;
	bool metadata;
};

/**
 * struct kmq_part - one message of a receive
 * @body: user buffer; not used here
 * @room: bytes at @body
 * @slot: out: the message
 * @pid: room for what the caller finds out; not used here
 * @uid: likewise
 * @flags: likewise
 */
struct kmq_part {
	void __user *body;
	struct kmq_slot *slot;
	u32 room;
	s32 pid;
	u32 uid;
	u32 flags;
};

int kmq_send(struct kmq_queue *queue, struct kmq_slot **slots, u32 count,
	     const struct kmq_patience *patience, u64 *sequence);
int kmq_receive(struct kmq_queue *queue, const struct kmq_want *want,
		struct kmq_part *parts, u32 count,
		const struct kmq_patience *patience);
int kmq_peek(struct kmq_queue *queue, const struct kmq_want *want,
	     struct kmq_part *parts, u32 count);
void kmq_unpeek(struct kmq_queue *queue, struct kmq_part *parts, u32 count);

void kmq_discard_peeked(struct kmq_queue *queue, struct kmq_slot *slot);
void kmq_put_back(struct kmq_queue *queue, struct kmq_slot *slot, bool leased);
void kmq_return(struct kmq_queue *queue, struct kmq_slot *chain);
void kmq_settle(struct kmq_queue *queue, struct kmq_slot *slot);

int kmq_call(struct kmq_queue *queue, struct kmq_slot *request,
	     const struct kmq_patience *patience, u32 room, bool truncate,
	     u64 *sequence, struct kmq_slot **reply);
int kmq_reply(struct kmq_queue *queue, u64 sequence, struct kmq_slot *reply);

u64 kmq_purge(struct kmq_queue *queue, const struct kmq_selection *selection);
int kmq_set_limits(struct kmq_queue *queue, u32 *capacity, u64 *byte_limit);
void kmq_set_policy(struct kmq_queue *queue, u32 policy);
void kmq_disturb(struct kmq_queue *queue);
void kmq_retire(struct kmq_queue *queue);
u32 kmq_sleepers(struct kmq_queue *queue, enum kmq_sleep sleep, u64 after,
		 u64 last, struct kmq_sleeping *rows, u32 count);
u64 kmq_sleepers_last(struct kmq_queue *queue, enum kmq_sleep sleep);

void kmq_notify(struct kmq_queue *queue, __poll_t events);
__poll_t kmq_readiness(struct kmq_queue *queue,
		       const struct kmq_selection *filter);
void kmq_set_filter(struct kmq_queue *queue, struct kmq_selection *filter,
		    const struct kmq_selection *selection);

/* For those who do not sleep: who does is told by its timer. */
static inline bool kmq_deadline_passed(const struct kmq_patience *patience)
{
	if (!patience->deadline)
		return false;
	return (patience->realtime ? ktime_get_real_ns() : ktime_get_ns()) >=
	       patience->deadline;
}

/*
 * True if nobody peeks at @slot, which the caller has received. Only what is
 * queued can win new peekers, so it stays true. The acquire is of barrier C in
 * wait.c.
 */
static inline bool kmq_unseen(const struct kmq_slot *slot)
{
	/* Barrier C. */
	return !smp_load_acquire(&slot->peekers);
}

/**
 * kmq_discard() - a receiver is done with its message
 * @queue: whose lock is not held
 * @slot: owned by the caller, counted as received
 *
 * Context: may sleep.
 */
static inline void kmq_discard(struct kmq_queue *queue, struct kmq_slot *slot)
{
	if (likely(kmq_unseen(slot)))
		kmq_slot_put(&queue->pool, slot);
	else
		kmq_discard_peeked(queue, slot);
}

#endif /* _KMQ_WAIT_H */
