// SPDX-License-Identifier: LGPL-2.1-or-later
/* A queue that is open, or to be opened by name. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include "internal.h"

int kmq_open(const char *name, int flags)
{
	char path[sizeof(KMQ_DIRECTORY "/") - 1 + KMQ_NAME_SIZE] = KMQ_DIRECTORY "/";

	/* O_CREAT would leave a plain file where the device is missing. */
	if (flags & ~(O_ACCMODE | O_NONBLOCK | O_CLOEXEC)) {
		errno = EINVAL;
		return -1;
	}
	if (libkmq_name(path + sizeof(KMQ_DIRECTORY "/") - 1, name))
		return -1;
	return open(path, flags | O_CLOEXEC | O_NOCTTY);
}

int kmq_info(int fd, struct kmq_info *info)
{
	return ioctl(fd, KMQ_IOC_INFO, info);
}

int kmq_purge(int fd, const struct kmq_selection *which)
{
	struct kmq_purge purge = { .select = KMQ_SELECT_ANY };

	if (which) {
		purge.select = which->select;
		purge.select_type = which->type;
	}
	if (ioctl(fd, KMQ_IOC_PURGE, &purge))
		return -1;
	/* At most KMQ_CAPACITY_MAX. */
	return (int)purge.purged;
}

int kmq_resize(int fd, uint32_t capacity, uint64_t byte_limit)
{
	struct kmq_resize resize = { .capacity = capacity, .byte_limit = byte_limit };

	return ioctl(fd, KMQ_IOC_RESIZE, &resize);
}
