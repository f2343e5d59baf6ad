// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The program's memory, which may not be there. A system call finds that out without a signal; the two that
 * copy between processes copy within one, too, where anybody may use them. Their pid is asked for
 * each time, since fork() and vfork() change it.
 */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shim.h"

/* What @copied of @size bytes means. 1: there is no such call here, or a filter of system calls forbids it. */
static int verdict(ssize_t copied, size_t size)
{
	if (copied == (ssize_t)size)
		return 0;
	if (copied < 0 && (errno == ENOSYS || errno == EPERM))
		return 1;
	/* Copied up to a page that is not there, or not at all. */
	return shim_fail(EFAULT);
}

int shim_copy_out(void *program, const void *from, size_t size)
{
	struct iovec here = { .iov_base = (void *)from, .iov_len = size };
	struct iovec there = { .iov_base = program, .iov_len = size };
	int saved = errno;
	int answer = verdict(process_vm_writev(getpid(), &here, 1, &there, 1, 0), size);

	if (answer <= 0)
		return answer;
	memcpy(program, from, size);
	errno = saved;
	return 0;
}

int shim_copy_in(void *to, const void *program, size_t size)
{
	struct iovec here = { .iov_base = to, .iov_len = size };
	struct iovec there = { .iov_base = (void *)program, .iov_len = size };
	int saved = errno;
	int answer = verdict(process_vm_readv(getpid(), &here, 1, &there, 1, 0), size);

	if (answer <= 0)
		return answer;
	memcpy(to, program, size);
	errno = saved;
	return 0;
}
