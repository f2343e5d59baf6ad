// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"

/* What is asked of the queue, whoever made it. The access modes are 0, 1 and 2. */
static uint32_t access_of(int flags)
{
	static const uint32_t of[] = {
		[O_RDONLY] = KMQ_HUB_READ,
		[O_WRONLY] = KMQ_HUB_WRITE,
		[O_RDWR] = KMQ_HUB_READ | KMQ_HUB_WRITE,
	};

	/* To read one natively takes no message: it tells how full the queue is. */
	return KMQ_HUB_DESCRIPTOR | KMQ_HUB_CALLS | of[flags & O_ACCMODE];
}

/* Which limit stood in the way: in the words of mq_open(3). */
static int refusal(const struct kmq_hub_open *open)
{
	return open->refused == KMQ_REFUSED_QUEUES ? ENOSPC : EMFILE;
}

static int ask(struct kmq_hub_open *open)
{
	int queue = mqueue_hub_call(KMQ_HUB_OPEN, open);

	if (queue < 0 && errno == EDQUOT)
		errno = refusal(open);
	return queue;
}

/*
 * The maker of the queue would be refused with @error. But one is refused only if there is none yet,
 * and nobody makes one between the question and the answer, which are a single call.
 */
static int find_only(struct kmq_hub_open *open, int flags, int error)
{
	int queue;

	if (flags & O_EXCL || (flags & O_ACCMODE) == O_ACCMODE) {
		open->flags = 0;
		open->create.flags = 0;
	}
	queue = ask(open);
	if (queue < 0)
		return errno == ENOENT ? shim_fail(error) : -1;
	if (flags & O_CREAT && flags & O_EXCL)
		return shim_fail(EEXIST);
	return open->flags ? queue : shim_fail(EINVAL);
}

int mqueue_open(const char *name, int flags, mode_t mode, const struct mq_attr *attributes)
{
	struct kmq_hub_open open = { .space = KMQ_SPACE_POSIX, .key = (uintptr_t)name };
	struct mq_attr copy;
	int error;

	if (flags & O_CREAT && attributes && shim_copy_in(&copy, attributes, sizeof(copy)))
		return -1;
	error = mqueue_name(name, &open.key_size);
	if (error)
		return shim_fail(error);
	if (flags & O_NONBLOCK)
		open.create.flags = KMQ_CREATE_NONBLOCK;
	/* Reading and writing and neither: no queue is opened so, and none is made for it. */
	if ((flags & O_ACCMODE) == O_ACCMODE)
		return find_only(&open, flags, flags & O_CREAT ? EINVAL : ENOENT);
	open.flags = access_of(flags);
	if (!(flags & O_CREAT))
		return ask(&open);
	error = mqueue_describe(&open, attributes ? &copy : NULL);
	if (error)
		return find_only(&open, flags, error);
	open.flags |= KMQ_HUB_CREATE | KMQ_HUB_UMASK;
	open.create.mode = mode & 0777;
	if (flags & O_EXCL)
		open.create.flags |= KMQ_CREATE_EXCLUSIVE;
	return ask(&open);
}

static int open_named(const char *name, int flags, mode_t mode, const struct mq_attr *attributes)
{
	return name[0] == '/' ? mqueue_open(name + 1, flags, mode, attributes) : shim_fail(EINVAL);
}

mqd_t mqueue_open_named(const char *name, int flags, ...) EXPORTED_AS(mq_open);
mqd_t mqueue_open_named(const char *name, int flags, ...)
{
	const struct mq_attr *attributes;
	va_list list;
	mode_t mode;

	if (!(flags & O_CREAT))
		return open_named(name, flags, 0, NULL);
	va_start(list, flags);
	mode = va_arg(list, mode_t);
	attributes = va_arg(list, const struct mq_attr *);
	va_end(list);
	return open_named(name, flags, mode, attributes);
}

/*
 * What <mqueue.h> makes of a call of mq_open() with two arguments and _FORTIFY_SOURCE, if the flags are not known when
 * it is compiled. O_CREAT without the other two is a fault in the program, and its end, as in the C library.
 */
mqd_t mqueue_open_fortified(const char *name, int flags) EXPORTED_AS(__mq_open_2);
mqd_t mqueue_open_fortified(const char *name, int flags)
{
	static const char fault[] = "*** invalid mq_open call: O_CREAT without mode and attr ***\n";

	if (flags & O_CREAT) {
		if (write(STDERR_FILENO, fault, sizeof(fault) - 1) < 0)
			abort();
		abort();
	}
	return open_named(name, flags, 0, NULL);
}

/* No cancellation point, as close() would be. What else ends with the descriptor the module sees to. */
int mqueue_close(mqd_t queue) EXPORTED_AS(mq_close);
int mqueue_close(mqd_t queue)
{
	return (int)syscall(SYS_close, queue);
}
