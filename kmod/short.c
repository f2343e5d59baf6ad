// SPDX-License-Identifier: GPL-2.0-only
/* What of PUT and TAKE is not on the way of a message. */
#include "short.h"

/**
 * kmq_short_peek() - kmq_short_take() with KMQ_PEEK
 * @queue: whose lock is not held
 * @want: what the caller asks for
 * @body: of a valid struct kmq_short, and so below
 * @room: its size
 * @priority: pointer or 0
 * @flags: of it
 *
 * Context: may sleep, but not for a message.
 * Return: bytes at @body; -EAGAIN, -EMSGSIZE, -EIDRM, -EFAULT, -EOVERFLOW.
 */
long kmq_short_peek(struct kmq_queue *queue, const struct kmq_want *want,
		    u64 body, u32 room, u64 priority, u32 flags)
{
	struct kmq_part part = { .room = room };
	long ret = kmq_peek(queue, want, &part, 1);

	if (ret < 0)
		return ret;
	ret = kmq_short_deliver(part.slot, body, room, priority, flags);
	kmq_unpeek(queue, &part, 1);
	return ret;
}
