/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libkmq-sysv and libkmq-mqueue have in common. Each has a copy of its own, hidden.
 *
 * A program's calls come from signal handlers, children of vfork() and threads that may be
 * cancelled: nothing here allocates memory, takes a lock or uses stdio.
 */
#ifndef SHIM_H
#define SHIM_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#else
enum { __libc_single_threaded = 0 };
#endif

#include <kmq_hub.h>

/* What the libraries export, and nothing else is: everything is compiled with hidden visibility. */
#define EXPORTED	__attribute__((visibility("default")))

#define LIKELY(condition)	__builtin_expect(!!(condition), 1)
/* Not to burden those who go the straight way with the registers of those who do not. */
#define OUT_OF_LINE		__attribute__((noinline))

/* -1 with errno. */
int shim_fail(int error);

/*
 * ioctl() whose errors come as the kernel has them, -errno: errno stays as it was where the caller goes on, and a
 * call costs the system call alone. Also, what else is loaded before the program may have an ioctl() of its own.
 */
static inline long shim_ioctl(int file, unsigned long request, const void *argument)
{
	/* A test stands in for the kernel at the C library's function, if told so. */
#if defined(__x86_64__) && !defined(__ILP32__) && !defined(SHIM_IOCTL_OF_LIBC)
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"((long)SYS_ioctl), "D"((long)file), "S"(request), "d"(argument)
			 : "rcx", "r11", "memory");
	return result;
#else
	int saved = errno;
	long result = ioctl(file, request, argument);

	if (result < 0) {
		result = -errno;
		errno = saved;
	}
	return result;
#endif
}

/* hub.c */

/* A thread that closes everything over and over may win; it does not get to do so for ever. */
#define SHIM_HUB_TRIES	8

/*
 * A descriptor of the hub (O_CLOEXEC), the caller's to close. Where there is none to be had,
 * because the module is not there, the caller may not, or what is there does not answer as the hub, the calls
 * answer ENOSYS, as those of a kernel that has none. EMFILE, ENFILE and ENOMEM are told as they are.
 *
 * Another thread may have closed the number when this returns, and have a file of its own there: what a call on it
 * says is the hub's word if shim_is_hub() holds after it.
 */
int shim_hub_open(void);

/* Does this number lead to the hub? errno stays. */
bool shim_is_hub(int hub);

/* limits.c */

/* The number in a file of /proc; @otherwise if there is none to be read. errno stays. */
long shim_number(const char *path, long otherwise);

/*
 * Has the caller this capability (CAP_*), and in the first user namespace, as the kernel's own queues ask for
 * it? errno stays.
 */
bool shim_may(int capability);

/* memory.c: what a program handed over may not be there, which is EFAULT and no SIGSEGV. 0, or -1 with errno. */

int shim_copy_out(void *program, const void *from, size_t size);
int shim_copy_in(void *to, const void *program, size_t size);

/*
 * Cancellation. Between the two nothing may be done but one system call that sleeps: a thread that
 * pthread_cancel() is called for ends there and then, as in the C library's own calls of this
 * kind. A program of one thread pays for one look at a variable. It may cancel itself, upon which the C library
 * changes that variable; but where the program refers to it, too, what it changes is not the copy that is looked at
 * here and there, and the cancellation goes by, as the pages say.
 */
#define SHIM_UNTOUCHED	-1

static inline int shim_cancelable_begin(void)
{
	int type = SHIM_UNTOUCHED;

	if (!__libc_single_threaded)
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
	return type;
}

static inline void shim_cancelable_end(int type)
{
	if (type != SHIM_UNTOUCHED)
		pthread_setcanceltype(type, NULL);
}

/*
 * The contrary: around calls of the C library that are cancellation points where the program's call is none,
 * or that would leave a descriptor behind.
 */
static inline int shim_uncancelable_begin(void)
{
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	return state;
}

static inline void shim_uncancelable_end(int state)
{
	pthread_setcancelstate(state, NULL);
}

/*
 * syscall(). The library says which numbers are its own and what they do; all others go to who
 * has a syscall() behind this library (the other one, the C library). On x86-64 the entry is
 * syscall_x86_64.h's.
 */

typedef long shim_syscall_function(long number, ...);

/* Whoever stands behind, for the library's own calls: by the name it would meet itself. */
extern shim_syscall_function *shim_next_syscall;

/* Arguments as the system call has them; what is beyond its number of them is not looked at. */
long shim_syscall(long number, long a, long b, long c, long d, long e, long f);
#if !defined(__x86_64__) || defined(__ILP32__)
bool shim_has_syscall(long number);
#endif

#endif
