// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * syscall(), for programs that call by number. Who stands behind this library is found when it is
 * loaded; a bare system call in a program's own text passes by all of this.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>

#include "shim.h"

#if defined(__x86_64__) && !defined(__ILP32__)

/* syscall_x86_64.h; until the constructor has run, the bare instruction. */
shim_syscall_function shim_bare_syscall;
shim_syscall_function *shim_next_syscall = shim_bare_syscall;

#else

static shim_syscall_function find_and_call;
shim_syscall_function *shim_next_syscall = find_and_call;

#endif

__attribute__((constructor)) static void find_next_syscall(void)
{
	void *next = dlsym(RTLD_NEXT, "syscall");

	if (next)
		shim_next_syscall = (shim_syscall_function *)next;
}

#if !defined(__x86_64__) || defined(__ILP32__)

/* Six arguments are read whether they were given or not, as the C library does. */
#define ARGUMENTS(a, number)				\
	do {						\
		va_list list_;				\
		int i_;					\
							\
		va_start(list_, number);		\
		for (i_ = 0; i_ < 6; i_++)		\
			(a)[i_] = va_arg(list_, long);	\
		va_end(list_);				\
	} while (0)

/* For a constructor of another library that runs before this one's. */
static long find_and_call(long number, ...)
{
	long a[6];

	ARGUMENTS(a, number);
	find_next_syscall();
	if (shim_next_syscall == find_and_call)
		return shim_fail(ENOSYS);
	return shim_next_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

shim_syscall_function EXPORTED syscall;

long syscall(long number, ...)
{
	long a[6];

	ARGUMENTS(a, number);
	if (shim_has_syscall(number))
		return shim_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	return shim_next_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

#endif
