// SPDX-License-Identifier: LGPL-2.1-or-later
/* msgget() */
#include "internal.h"

/* Room that a queue takes at once; the sender's room comes as it sends, as on the kernel's own queues. */
#define SLOTS		16
#define INLINE_SIZE	256

/* Any three bits that msgflg names, for whom ever, are asked for; which three apply is the module's to know. */
static uint32_t needed(int flags)
{
	return (flags >> 6 | flags >> 3 | flags) & 7;
}

static void describe(struct kmq_create *create, int flags, const struct msginfo *limits)
{
	create->flags = KMQ_CREATE_EXACT | KMQ_CREATE_OVERTAKE;
	create->mode = flags & 0777;
	create->capacity = sysv_capacity(limits->msgmnb);
	create->byte_limit = limits->msgmnb;
	create->max_message = (uint32_t)limits->msgmax < KMQ_MESSAGE_MAX ? (uint32_t)limits->msgmax : KMQ_MESSAGE_MAX;
	create->slots = create->capacity < SLOTS ? create->capacity : SLOTS;
	create->inline_size = INLINE_SIZE;
}

/*
 * Whichever limit it was, System V knows one. A space of which nobody may make a queue cannot be told to the
 * module, to which no limit is none: there the queue is looked for only.
 */
static int translate(int error, bool none_allowed)
{
	return error == EDQUOT || (error == ENOENT && none_allowed) ? ENOSPC : error;
}

EXPORTED int msgget(key_t key, int flags)
{
	struct kmq_hub_open open = {
		.space = KMQ_SPACE_SYSV, .key = (uintptr_t)&key, .key_size = sizeof(key), .need = needed(flags),
	};
	bool make = flags & IPC_CREAT, none_allowed = false;
	struct msginfo limits;
	int error;

	if (key == IPC_PRIVATE) {
		open.key_size = 0;
		make = true;
	}
	if (make) {
		limits = sysv_limits();
		none_allowed = limits.msgmni <= 0;
	}
	if (make && !none_allowed) {
		open.flags = KMQ_HUB_CREATE;
		open.most_queues = limits.msgmni;
		describe(&open.create, flags, &limits);
		if (key != IPC_PRIVATE && flags & IPC_EXCL)
			open.create.flags |= KMQ_CREATE_EXCLUSIVE;
	}
	/* Whoever finds a queue where there must be none is told that, whatever its mode. */
	if (none_allowed && flags & IPC_EXCL)
		open.need = 0;
	error = sysv_hub_call(KMQ_HUB_OPEN, &open);
	if (error)
		return shim_fail(translate(error, make && none_allowed));
	if (make && none_allowed && flags & IPC_EXCL)
		return shim_fail(EEXIST);
	return (int)open.id;
}
