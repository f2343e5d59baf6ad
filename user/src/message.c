// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The one place where the library's message and the kernel's meet.
 *
 * They differ on purpose: a pointer rather than 64 bits, and two members where
 * the kernel has one for both room and length, which is easily passed back
 * with the wrong meaning. It costs a few moves beside a system call. Batches
 * do not pass here.
 */
#include <errno.h>

#include "internal.h"

int libkmq_flags_ok(unsigned int flags)
{
	if (!(flags & ~KMQ_TRUNCATE))
		return 1;
	errno = EINVAL;
	return 0;
}

int libkmq_message_to_send(struct kmq_message *to, const struct kmq_msg *from)
{
	if (from->size > KMQ_MESSAGE_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	*to = (struct kmq_message){
		.body = (uintptr_t)from->data,
		.size = from->size,
		.type = from->type,
		.priority = from->priority,
	};
	return 0;
}

int libkmq_message_to_receive(struct kmq_message *to, const struct kmq_msg *from,
			      unsigned int flags)
{
	if (!libkmq_flags_ok(flags))
		return -1;
	*to = (struct kmq_message){
		.body = (uintptr_t)from->data,
		.size = from->room > UINT32_MAX ? UINT32_MAX : from->room,
	};
	return 0;
}

void libkmq_message_received(struct kmq_msg *to, const struct kmq_message *from)
{
	to->size = from->length;
	to->type = from->type;
	to->priority = from->priority;
	to->flags = from->flags;
	to->sequence = from->sequence;
	to->time = from->time;
	to->lost = from->lost;
	to->redeliveries = from->redeliveries;
	to->pid = from->pid;
	to->uid = from->uid;
}
