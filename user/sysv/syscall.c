// SPDX-License-Identifier: LGPL-2.1-or-later
/* System V's calls by number. The structure of msgctl() is the kernel's, whatever time_t this is built for. */
#undef _TIME_BITS
#include <sys/syscall.h>

#include "internal.h"

/* Not a cancellation point, by whatever name it sleeps. */
static long call(long number, long a, long b, long c, long d, long e)
{
	switch (number) {
	case SYS_msgget:
		return msgget((key_t)a, (int)b);
	case SYS_msgsnd:
		return msgsnd((int)a, (const void *)b, (size_t)c, (int)d);
	case SYS_msgrcv:
		return msgrcv((int)a, (void *)b, (size_t)c, d, (int)e);
	case SYS_msgctl:
		return msgctl((int)a, (int)b, (struct msqid_ds *)c);
	}
	return shim_fail(ENOSYS);
}

static long call_uncancelably(long number, long a, long b, long c, long d, long e)
{
	int state = shim_uncancelable_begin();
	long result = call(number, a, b, c, d, e);

	shim_uncancelable_end(state);
	return result;
}

#ifdef SYS_ipc

/* The old door of 32-bit programs: all of System V behind one number. <linux/ipc.h> */
enum { OLD_MSGSND = 11, OLD_MSGRCV = 12, OLD_MSGGET = 13, OLD_MSGCTL = 14, OLD_IPC_64 = 0x100 };

struct old_receive {
	void *message;
	long type;
};

static long old_call(long what, long id, long second, long third, long pointer, long fifth)
{
	struct old_receive receive = { (void *)pointer, fifth };

	switch (what & 0xffff) {
	case OLD_MSGSND:
		return call_uncancelably(SYS_msgsnd, id, pointer, second, third, 0);
	case OLD_MSGRCV:
		if (!(what >> 16) && shim_copy_in(&receive, (void *)pointer, sizeof(receive)))
			return -1;
		return call_uncancelably(SYS_msgrcv, id, (long)receive.message, second, receive.type, third);
	case OLD_MSGGET:
		return call_uncancelably(SYS_msgget, id, second, 0, 0, 0);
	case OLD_MSGCTL:
		return call_uncancelably(SYS_msgctl, id, second & ~OLD_IPC_64, pointer, 0, 0);
	}
	/* Semaphores and shared memory are not kmq's. */
	return shim_next_syscall(SYS_ipc, what, id, second, third, pointer, fifth);
}

#endif

long shim_syscall(long number, long a, long b, long c, long d, long e, long f)
{
#ifdef SYS_ipc
	if (number == SYS_ipc)
		return old_call(a, b, c, d, e, f);
#endif
	return call_uncancelably(number, a, b, c, d, e);
}

#if !defined(__x86_64__) || defined(__ILP32__)

bool shim_has_syscall(long number)
{
	switch (number) {
	case SYS_msgget:
	case SYS_msgsnd:
	case SYS_msgrcv:
	case SYS_msgctl:
#ifdef SYS_ipc
	case SYS_ipc:
#endif
		return true;
	}
	return false;
}

#endif
