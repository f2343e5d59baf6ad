// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The calls by number, for programs that make them with syscall(2). None is a cancellation point, and what
 * a program's pointer misses is EFAULT. With 64 bits in time_t, so that struct timespec is what the kernel
 * has in the calls that end in time64, and in all of a 64-bit program's.
 */
#define _TIME_BITS 64
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <sys/syscall.h>

#include "internal.h"
#include "../src/deadline.h"

#ifdef SYS_mq_timedsend_time64

/* The older calls of a 32-bit program. */
struct old_timespec {
	long tv_sec, tv_nsec;
};

static int copy_time(struct timespec *time, const void *program, long number)
{
	struct old_timespec old;

	if (number == SYS_mq_timedsend_time64 || number == SYS_mq_timedreceive_time64)
		return shim_copy_in(time, program, sizeof(*time));
	if (shim_copy_in(&old, program, sizeof(old)))
		return -1;
	*time = (struct timespec){ .tv_sec = old.tv_sec, .tv_nsec = old.tv_nsec };
	return 0;
}

#else

static int copy_time(struct timespec *time, const void *program, long number)
{
	return shim_copy_in(time, program, sizeof(*time));
}

#endif

/* 0 or -1 and errno. */
static int until(const void *program, long number, uint64_t *deadline)
{
	struct timespec time;
	int error;

	*deadline = NO_DEADLINE;
	if (!program)
		return 0;
	if (copy_time(&time, program, number))
		return -1;
	error = deadline_ns(&time, deadline);
	return error ? shim_fail(error) : 0;
}

static long put(long number, long queue, long message, long size, long priority, long time)
{
	uint64_t deadline;

	if (until((const void *)time, number, &deadline))
		return -1;
	return mqueue_put((mqd_t)queue, (const char *)message, size, (unsigned int)priority, deadline);
}

static long take(long number, long queue, long message, long room, long priority, long time)
{
	uint64_t deadline;

	if (until((const void *)time, number, &deadline))
		return -1;
	return mqueue_take((mqd_t)queue, (char *)message, room, (unsigned int *)priority, deadline);
}

long shim_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	switch (number) {
	case SYS_mq_open:
		return mqueue_open((const char *)a, (int)b, (mode_t)c, (const struct mq_attr *)d);
	case SYS_mq_unlink:
		return mqueue_unlink((const char *)a);
#ifdef SYS_mq_timedsend_time64
	case SYS_mq_timedsend_time64:
#endif
	case SYS_mq_timedsend:
		return put(number, a, b, c, d, e);
#ifdef SYS_mq_timedreceive_time64
	case SYS_mq_timedreceive_time64:
#endif
	case SYS_mq_timedreceive:
		return take(number, a, b, c, d, e);
	case SYS_mq_notify:
		return mqueue_notify((mqd_t)a, (const struct sigevent *)b);
	case SYS_mq_getsetattr:
		return mqueue_attributes((mqd_t)a, (const struct mq_attr *)b, (struct mq_attr *)c);
	}
	return shim_fail(ENOSYS);
}

#if !defined(__x86_64__) || defined(__ILP32__)

bool shim_has_syscall(long number)
{
#ifdef SYS_mq_timedsend_time64
	if (number == SYS_mq_timedsend_time64 || number == SYS_mq_timedreceive_time64)
		return true;
#endif
	return number >= SYS_mq_open && number <= SYS_mq_getsetattr;
}

#endif
