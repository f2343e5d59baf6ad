// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * msgsnd(). The way of a message that goes in is one system call between a few moves to the stack; whatever else there
 * is to be done - threads, an errno, the first call of all - is done out of line.
 */
#include "internal.h"

static int translate(long result)
{
	switch (-result) {
	case ENOENT:
	case EMSGSIZE:
		return EINVAL;
	case EDQUOT:
		return ENOMEM;
	}
	return (int)-result;
}

static long put(int hub, const struct kmq_short *message)
{
	int type = shim_cancelable_begin();
	long result = shim_ioctl(hub, KMQ_HUB_PUT, message);

	shim_cancelable_end(type);
	return result;
}

OUT_OF_LINE static int put_again(int hub, const struct kmq_short *message, long result)
{
	result = sysv_again(put, hub, message, result);
	return result < 0 ? shim_fail(translate(result)) : 0;
}

/* Where a sleeper may be cancelled. */
OUT_OF_LINE static int put_among_threads(int hub, const struct kmq_short *message)
{
	long result = put(hub, message);

	return LIKELY(result >= 0) ? 0 : put_again(hub, message, result);
}

EXPORTED int msgsnd(int id, const void *message, size_t size, int flags)
{
	struct kmq_short mine = {
		.body = (uintptr_t)message, .size = (uint32_t)size,
		.flags = SYSV_HEAD | KMQ_NO_RESTART | sysv_dontwait(flags), .id = (uint32_t)id,
	};
	int hub = sysv_hub_now();
	long result;

	/* Longer than any queue takes; the module knows what this one does. */
	if (size > KMQ_MESSAGE_MAX)
		return shim_fail(EINVAL);
	if (!__libc_single_threaded)
		return put_among_threads(hub, &mine);
	result = shim_ioctl(hub, KMQ_HUB_PUT, &mine);
	return LIKELY(result >= 0) ? 0 : put_again(hub, &mine, result);
}
