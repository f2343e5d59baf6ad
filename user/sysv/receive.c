// SPDX-License-Identifier: LGPL-2.1-or-later
/* msgrcv(); see send.c. */
#include "internal.h"

/* A copy is whole or is none: what MSG_NOERROR would cut is refused, and by another name. */
static int translate(long result, int flags)
{
	switch (-result) {
	case EAGAIN:
		return ENOMSG;
	case EMSGSIZE:
		return flags & MSG_COPY && flags & MSG_NOERROR ? EINVAL : E2BIG;
	case ENOENT:
		return EINVAL;
	}
	return (int)-result;
}

static long take(int hub, const struct kmq_short *message)
{
	int type = shim_cancelable_begin();
	long result = shim_ioctl(hub, KMQ_HUB_TAKE, message);

	shim_cancelable_end(type);
	return result;
}

OUT_OF_LINE static ssize_t take_again(int hub, const struct kmq_short *message, long result, int flags)
{
	result = sysv_again(take, hub, message, result);
	return result < 0 ? shim_fail(translate(result, flags)) : result;
}

OUT_OF_LINE static ssize_t take_among_threads(int hub, const struct kmq_short *message, int flags)
{
	long result = take(hub, message);

	return LIKELY(result >= 0) ? result : take_again(hub, message, result, flags);
}

/* Which message @type asks for; MSG_EXCEPT counts with a type alone. */
static inline void choose(struct kmq_short *mine, long type, int flags)
{
	if (!type) {
		mine->select = KMQ_SELECT_ANY;
		return;
	}
	if (type > 0) {
		mine->select = flags & MSG_EXCEPT ? KMQ_SELECT_NOT_EQUAL : KMQ_SELECT_EQUAL;
		mine->type = type;
		return;
	}
	mine->select = KMQ_SELECT_LOWEST;
	mine->type = type == LONG_MIN ? LONG_MAX : -type;
}

/* MSG_COPY: @position from 0; a negative one is where no message ever is. */
OUT_OF_LINE static bool choose_copy(struct kmq_short *mine, long position, int flags)
{
	if (flags & MSG_EXCEPT || !(flags & IPC_NOWAIT))
		return false;
	mine->select = KMQ_SELECT_POSITION;
	mine->type = position < 0 ? 1ll << 62 : position;
	mine->flags = (mine->flags | KMQ_PEEK) & ~KMQ_TRUNCATE;
	return true;
}

EXPORTED ssize_t msgrcv(int id, void *message, size_t room, long type, int flags)
{
	struct kmq_short mine = {
		.body = (uintptr_t)message,
		/* No message is longer: more room than this makes no difference. */
		.size = room < KMQ_MESSAGE_MAX ? (uint32_t)room : KMQ_MESSAGE_MAX,
		.flags = SYSV_HEAD | KMQ_NO_RESTART | sysv_dontwait(flags) | (flags & MSG_NOERROR ? KMQ_TRUNCATE : 0),
		.id = (uint32_t)id,
	};
	int hub = sysv_hub_now();
	long result;

	if ((ssize_t)room < 0)
		return shim_fail(EINVAL);
	if (LIKELY(!(flags & MSG_COPY)))
		choose(&mine, type, flags);
	else if (!choose_copy(&mine, type, flags))
		return shim_fail(EINVAL);
	if (!__libc_single_threaded)
		return take_among_threads(hub, &mine, flags);
	result = shim_ioctl(hub, KMQ_HUB_TAKE, &mine);
	return LIKELY(result >= 0) ? result : take_again(hub, &mine, result, flags);
}
