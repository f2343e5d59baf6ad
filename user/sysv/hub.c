// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One descriptor for all queues. It is opened by the first call that needs it, and whatever a program does to it
 * is found out by a call that fails: closing all (a daemon's closefrom()), a file of its own
 * at that number, a child of vfork() that opened it in its own table and noted it in memory that is its
 * parent's. The cure is the same each time: to open it anew. The number that was lost is never closed, since
 * what is there now is the program's.
 */
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "internal.h"

/* Below this, so that the table of descriptors need not grow. */
#define HIGH_NUMBERS	1024
/* So far below the end, where descriptors are counted out that a program wants by number. */
#define HIGH_ROOM	16

int sysv_hub = -1;

/* Out of the way of programs that count on the lowest number being theirs. */
static int move_up(int low)
{
	struct rlimit limit = { .rlim_cur = HIGH_NUMBERS };
	int high, at;

	getrlimit(RLIMIT_NOFILE, &limit);
	at = limit.rlim_cur < HIGH_NUMBERS ? (int)limit.rlim_cur - HIGH_ROOM : HIGH_NUMBERS - HIGH_ROOM;
	if (at <= low)
		return low;
	high = fcntl(low, F_DUPFD_CLOEXEC, at);
	if (high < 0)
		return low;
	close(low);
	return high;
}

/* Unless somebody else has just done so, at the same number maybe; -1 with errno. */
static int open_anew(int lost)
{
	int now = sysv_hub_now(), hub;

	if (now != lost || shim_is_hub(now))
		return now;
	hub = shim_hub_open();
	if (hub < 0)
		return -1;
	hub = move_up(hub);
	/* Whoever was faster has the number that was lost: to publish another would leave that one open for ever. */
	if (hub != now && shim_is_hub(now)) {
		close(hub);
		return now;
	}
	/* Threads may come here together, and a handler in the midst of this: the first to publish its own wins. */
	if (__atomic_compare_exchange_n(&sysv_hub, &now, hub, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return hub;
	close(hub);
	return now;
}

/*
 * What a file has against a command that is not its own is its own choice: ENOTTY as a rule, EINVAL, EIO of a terminal
 * that was hung up, EOPNOTSUPP. So the number is asked whose it is, unless the errno is one that a program meets in
 * its daily work and that none but a queue gives.
 */
static bool is_lost(int hub, long result)
{
	switch (-result) {
	case EAGAIN:
	case EINTR:
	case EIDRM:
	case EMSGSIZE:
		return false;
	case EBADF:
	case ENOTTY:
		return true;
	}
	return !shim_is_hub(hub);
}

/* @hub is another one now. 0 or -errno. */
static int find_again(int *hub)
{
	int state = shim_uncancelable_begin(), saved = errno, error = 0;

	*hub = open_anew(*hub);
	if (*hub < 0)
		error = -errno;
	errno = saved;
	shim_uncancelable_end(state);
	return error;
}

long sysv_again(sysv_ioctl *call, int hub, const struct kmq_short *message, long result)
{
	int tries, error;

	for (tries = 0; result < 0 && is_lost(hub, result); tries++) {
		error = tries < SHIM_HUB_TRIES ? find_again(&hub) : -ENOSYS;
		if (error)
			return error;
		result = call(hub, message);
	}
	return result;
}

int sysv_hub_call(unsigned long request, void *argument)
{
	int hub = sysv_hub_now(), tries, error;
	long result = shim_ioctl(hub, request, argument);

	for (tries = 0; result < 0 && is_lost(hub, result); tries++) {
		error = tries < SHIM_HUB_TRIES ? find_again(&hub) : -ENOSYS;
		if (error)
			return -error;
		result = shim_ioctl(hub, request, argument);
	}
	return result < 0 ? (int)-result : 0;
}
