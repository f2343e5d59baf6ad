/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The short transfer: one message with what most callers know of it, and no more,
 * by a descriptor or by the hub. What SEND and RECEIVE say beyond the message (its
 * sequence, its time, who sent it) is what a short message spends a third of its
 * way on; here nobody asks for it.
 *
 * PUT and TAKE are inline in their doors, and so is the fetching of the struct. It
 * then lies in registers, unless somebody takes its address: what is out of line
 * is given its fields.
 */
#ifndef _KMQ_SHORT_H
#define _KMQ_SHORT_H

#include <linux/err.h>
#include <linux/fault-inject-usercopy.h>
#include <linux/kernel.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <linux/kmq.h>

#include "wait.h"

#define KMQ_HEADS (KMQ_HEAD_TYPE | KMQ_HEAD_TYPE32)
#define KMQ_PUT_FLAGS (KMQ_DONTWAIT | KMQ_NO_RESTART | KMQ_REALTIME | KMQ_HEADS)
#define KMQ_TAKE_FLAGS (KMQ_PUT_FLAGS | KMQ_TRUNCATE | KMQ_PEEK | KMQ_WHOLE_ROOM)

long kmq_short_peek(struct kmq_queue *queue, const struct kmq_want *want,
		    u64 body, u32 room, u64 priority, u32 flags);

/* Two fields that lie in one word: one load, where each has to be looked after. */
union kmq_short_pair {
	u64 word;
	struct {
		u32 first;
		u32 second;
	};
};

/**
 * kmq_short_fetch() - the caller's struct
 * @from: user address
 * @err: out: 0, or -EFAULT
 *
 * Returned, and not written through a pointer: a struct that is declared without
 * a value is filled with zeros first by kernels that harden their stacks, and
 * lies in memory for it.
 *
 * Context: may sleep.
 * Return: the struct; zeros if there is an error.
 */
static __always_inline struct kmq_short
kmq_short_fetch(const struct kmq_short __user *from, int *err)
{
	u64 body, type, priority, deadline;
	union kmq_short_pair room, queue;

	*err = -EFAULT;
	might_fault();
	if (should_fail_usercopy() ||
	    !user_read_access_begin(from, sizeof(*from)))
		return (struct kmq_short){};
	unsafe_get_user(body, &from->body, fault);
	unsafe_get_user(room.word, (const u64 __user *)&from->size, fault);
	unsafe_get_user(type, (const u64 __user *)&from->type, fault);
	unsafe_get_user(priority, &from->priority, fault);
	unsafe_get_user(deadline, &from->deadline, fault);
	unsafe_get_user(queue.word, (const u64 __user *)&from->id, fault);
	user_read_access_end();
	*err = 0;
	return (struct kmq_short) {
		.body = body,
		.size = room.first,
		.flags = room.second,
		.type = type,
		.priority = priority,
		.deadline = deadline,
		.id = queue.first,
		.select = queue.second,
	};

fault:
	user_read_access_end();
	return (struct kmq_short){};
}

/* A handler is to end the call, whatever its SA_RESTART says, and nothing else. */
static inline long kmq_short_error(const struct kmq_short *message, long err)
{
	if (err == -ERESTARTSYS && message->flags & KMQ_NO_RESTART)
		return -ERESTARTNOHAND;
	return err;
}

/* True if @message is one that a PUT takes, whatever the kind of the queue. */
static inline bool kmq_short_put_valid(const struct kmq_short *message)
{
	/* As few branches as will do: each costs as much as the check. */
	if ((message->flags & ~KMQ_PUT_FLAGS) | message->select ||
	    message->priority > KMQ_PRIORITY_MAX)
		return false;
	if (!(message->flags & KMQ_HEADS))
		return message->type > 0;
	return (message->flags & KMQ_HEADS) != KMQ_HEADS && !message->type;
}

/* Likewise of a TAKE. */
static inline bool kmq_short_take_valid(const struct kmq_short *message)
{
	if (message->flags & ~KMQ_TAKE_FLAGS ||
	    (message->flags & KMQ_HEADS) == KMQ_HEADS)
		return false;
	if (message->select <= KMQ_SELECT_ANY)
		return !message->type;
	if (message->select <= KMQ_SELECT_LOWEST)
		return message->type > 0;
	return message->select == KMQ_SELECT_POSITION &&
	       message->flags & KMQ_PEEK && message->type >= 0;
}

static __always_inline struct kmq_patience
kmq_short_patience(const struct kmq_short *message, bool nonblock)
{
	return (struct kmq_patience) {
		.deadline = message->deadline,
		.realtime = message->flags & KMQ_REALTIME,
		.by_id = message->id,	/* through the hub */
		.nonblock = nonblock || message->flags & KMQ_DONTWAIT,
	};
}

/* Type, priority and body of the message into @slot. */
static __always_inline int kmq_short_fill(struct kmq_slot *slot,
					  const struct kmq_short *message)
{
	const void __user *from = u64_to_user_ptr(message->body);
	int err;

	slot->priority = message->priority;
	if (!(message->flags & KMQ_HEADS)) {
		slot->type = message->type;
		return kmq_copy_in(slot->body, from, message->size);
	}
	if (message->flags & KMQ_HEAD_TYPE)
		err = kmq_slot_copy_in_type(slot, from);
	else
		err = kmq_slot_copy_in_type32(slot, from);
	if (!err && unlikely(slot->type < 1))
		return -EINVAL;
	return err;
}

/**
 * kmq_short_put() - send one message
 * @queue: of KMQ_KIND_MESSAGE; whose lock is not held
 * @message: as it came from the caller; its id is the door's business
 * @nonblock: the descriptor says so
 * @generation: by the id: of the queue's permit, from before the caller was found
 *	to be granted it; NULL: who has a descriptor keeps what it was opened for
 *
 * Context: may sleep.
 * Return: 0, or an error as <linux/kmq.h> says.
 */
static __always_inline long kmq_short_put(struct kmq_queue *queue,
					  const struct kmq_short *message,
					  bool nonblock, const u32 *generation)
{
	const struct kmq_patience patience = kmq_short_patience(message,
								nonblock);
	struct kmq_slot *slot;
	u64 sequence;
	int err;

	if (unlikely(!kmq_short_put_valid(message)))
		return -EINVAL;
	if (unlikely(message->size > queue->max_message))
		return -EMSGSIZE;
	slot = kmq_slot_get(&queue->pool, message->size);
	if (IS_ERR(slot))
		return PTR_ERR(slot);
	err = kmq_short_fill(slot, message);
	/*
	 * The copy has lasted for as long as the sender liked (message.c), and
	 * who sees another generation is to see its permit: hence the acquire.
	 */
	if (generation && /* pairs with the release of kmq_set_permit() */
	    unlikely(smp_load_acquire(&queue->generation) != *generation))
		err = err ?: queue->permits(queue, KMQ_MAY_WRITE);
	if (likely(!err)) {
		err = kmq_send(queue, &slot, 1, &patience, &sequence);
		if (likely(err > 0))
			return 0;
	}
	kmq_slot_put(&queue->pool, slot);
	return kmq_short_error(message, err);
}

/*
 * What the caller wants of @slot, which is received or peeked at.
 *
 * Return: bytes of the body; -EFAULT, -EOVERFLOW, and @slot is to stay queued.
 */
static __always_inline long kmq_short_deliver(const struct kmq_slot *slot,
					      u64 body, u32 room, u64 priority,
					      u32 flags)
{
	void __user *to = u64_to_user_ptr(body);
	u32 size = min(slot->size, room);
	int err;

	if (!(flags & KMQ_HEADS))
		err = kmq_slot_copy_out(slot, to, size);
	else if (flags & KMQ_HEAD_TYPE)
		err = kmq_slot_copy_out_type(slot, to, size);
	else
		err = kmq_slot_copy_out_type32(slot, to, size);
	if (unlikely(err))
		return err;
	if (priority &&
	    unlikely(put_user(slot->priority, (u32 __user *)
					      u64_to_user_ptr(priority))))
		return -EFAULT;
	return size;
}

/**
 * kmq_short_take() - receive one message
 * @queue: of KMQ_KIND_MESSAGE; whose lock is not held
 * @message: as it came from the caller, but that KMQ_SELECT_FILTER stands for ANY;
 *	its id is the door's business
 * @nonblock: the descriptor says so
 *
 * Context: may sleep.
 * Return: bytes at @message->body, or an error as <linux/kmq.h> says.
 */
static __always_inline long kmq_short_take(struct kmq_queue *queue,
					   const struct kmq_short *message,
					   bool nonblock)
{
	const struct kmq_patience patience = kmq_short_patience(message,
								nonblock);
	struct kmq_part part = { .room = message->size };
	const struct kmq_want want = {
		.selection.mode = message->select ?: KMQ_SELECT_ANY,
		.selection.type = message->type,
		.truncate = message->flags & KMQ_TRUNCATE,
	};
	long ret;

	if (unlikely(!kmq_short_take_valid(message)))
		return -EINVAL;
	if (message->flags & KMQ_WHOLE_ROOM &&
	    unlikely(message->size < queue->max_message))
		return -EMSGSIZE;
	if (unlikely(message->flags & KMQ_PEEK))
		return kmq_short_peek(queue, &want, message->body,
				      message->size, message->priority,
				      message->flags);
	ret = kmq_receive(queue, &want, &part, 1, &patience);
	if (unlikely(ret < 0))
		return kmq_short_error(message, ret);
	ret = kmq_short_deliver(part.slot, message->body, message->size,
				message->priority, message->flags);
	if (unlikely(ret < 0))
		kmq_put_back(queue, part.slot, false);
	else
		kmq_discard(queue, part.slot);
	return ret;
}

#endif /* _KMQ_SHORT_H */
