// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The limits. The kernel tells its own by IPC_INFO, which needs no /proc and no descriptor, and those are the ones
 * that an administrator sets. Where it has no queues of its own, what it would begin with.
 */
#include <sys/syscall.h>

#include "internal.h"

struct msginfo sysv_limits(void)
{
	struct msginfo info = {
		.msgpool = 512000, .msgmap = 16384, .msgmax = 8192, .msgmnb = 16384, .msgmni = 32000,
		.msgssz = 16, .msgtql = 16384, .msgseg = 0xffff,
	};
	int saved = errno;

	shim_next_syscall(SYS_msgctl, 0, IPC_INFO, &info);
	errno = saved;
	return info;
}

uint32_t sysv_capacity(unsigned long long qbytes)
{
	return qbytes < KMQ_CAPACITY_MAX ? (uint32_t)qbytes : KMQ_CAPACITY_MAX;
}
