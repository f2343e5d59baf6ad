/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libkmq-sysv: System V's four calls on queues of kmq.
 *
 *	send.c, receive.c: msgsnd(), msgrcv(): one ioctl on the hub's descriptor
 *	get.c, control.c: msgget(), msgctl() -> limits.c
 *	syscall.c, syscall_x86_64.S: the same by number
 *	-> hub.c: the descriptor, and what to do when it is not there any more
 *
 * An identifier is the queue's id in the module, so that all processes have the same, and the rights are asked for
 * by the module at each call: there is no state here but the number of one descriptor.
 */
#ifndef SYSV_INTERNAL_H
#define SYSV_INTERNAL_H

#include <errno.h>
#include <limits.h>
#include <sys/ipc.h>
#include <sys/msg.h>

#include "../shim/shim.h"

/* A struct msgbuf begins with a long, which is the caller's. */
#if LONG_MAX > INT32_MAX
#define SYSV_HEAD	KMQ_HEAD_TYPE
#else
#define SYSV_HEAD	KMQ_HEAD_TYPE32
#endif

/* IPC_NOWAIT of @flags, as PUT and TAKE have it. */
static inline uint32_t sysv_dontwait(int flags)
{
	return flags & IPC_NOWAIT ? KMQ_DONTWAIT : 0;
}

/* hub.c */

/*
 * The number of the hub's descriptor; -1 before the first call. It may be closed behind our back, and then it is
 * some other file's: a call there says EBADF or ENOTTY, and nothing else happens to that file.
 */
extern int sysv_hub;

static inline int sysv_hub_now(void)
{
	return __atomic_load_n(&sysv_hub, __ATOMIC_RELAXED);
}

/* One ioctl on the number given: what came of it, or -errno. */
typedef long sysv_ioctl(int hub, const struct kmq_short *message);

/*
 * @call has come to @result, below 0, on @hub: unless that was the hub's own answer it is made again, on a descriptor
 * that is one. What came of it in the end: the module's, or -ENOSYS, -EMFILE and the like where there is no hub.
 */
long sysv_again(sysv_ioctl *call, int hub, const struct kmq_short *message, long result);

/* An ioctl on the hub, wherever it is by now. 0 or an errno. */
int sysv_hub_call(unsigned long request, void *argument);

/* limits.c */

/* The limits of the caller's IPC namespace, as the kernel has them for its own queues, and constants of no use. */
struct msginfo sysv_limits(void);

/* The messages that a queue with this msg_qbytes may hold, empty ones among them. */
uint32_t sysv_capacity(unsigned long long qbytes);

#endif
