// SPDX-License-Identifier: GPL-2.0-only
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void nonblocking_on(struct end *end, int fd)
{
	end_says(end, "fcntl(%d, F_SETFL, O_NONBLOCK)", fd);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void nonblocking_off(int fd)
{
	int error = errno;

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	errno = error;
}

ssize_t descriptor_write(struct end *end, int fd, const struct parcel *parcel,
			 const char *no_limit)
{
	ssize_t written;

	if (parcel->patience == PATIENCE_DEADLINE)
		return end_has_no(end, no_limit);
	if (parcel->patience == PATIENCE_NONE)
		nonblocking_on(end, fd);
	end_says(end, "write(%d, %zu bytes)", fd, parcel->size);
	written = write(fd, parcel->body, parcel->size);
	if (parcel->patience == PATIENCE_NONE)
		nonblocking_off(fd);
	return written;
}

ssize_t descriptor_read(struct end *end, int fd, struct parcel *parcel, const char *no_limit)
{
	ssize_t got;

	parcel_from_nobody(parcel);
	if (parcel->patience == PATIENCE_DEADLINE)
		return end_has_no(end, no_limit);
	if (parcel->patience == PATIENCE_NONE)
		nonblocking_on(end, fd);
	end_says(end, "read(%d, %zu bytes)", fd, parcel->size);
	got = read(fd, parcel->body, parcel->size);
	if (parcel->patience == PATIENCE_NONE)
		nonblocking_off(fd);
	return got;
}

ssize_t descriptor_write_half(struct end *end, int fd, const struct parcel *parcel)
{
	end_says(end, "write(%d, %zu bytes of %zu)", fd, parcel->size / 2, parcel->size);
	return write(fd, parcel->body, parcel->size / 2);
}

void object_tell_fd(struct object *object, unsigned int place, int fd)
{
	object->ids[place] = fd;
}

int borrow_by_path(struct end *end, unsigned int place, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", end->object->creator,
		 end->object->ids[place]);
	end_says(end, "open(%s)", path);
	return open(path, flags | O_CLOEXEC);
}

int borrow_by_pidfd(struct end *end, unsigned int place)
{
	int fd = -1;
	int pidfd;

	end_says(end, "pidfd_getfd(pidfd_open(%d), %d)", end->object->creator,
		 end->object->ids[place]);
	pidfd = syscall(SYS_pidfd_open, end->object->creator, 0);
	if (pidfd >= 0)
		fd = syscall(SYS_pidfd_getfd, pidfd, end->object->ids[place], 0);
	if (pidfd >= 0) {
		int error = errno;

		close(pidfd);
		errno = error;
	}
	return fd;
}

int descriptors_adopt(struct end *end, struct object *object, const int *fd, enum way way)
{
	end_begin(end, object);
	end_says(end, "(takes over the descriptors)");
	memcpy(end->fd, fd, sizeof(end->fd));
	return 0;
}

int poll_only_fd(struct end *end, enum way way)
{
	return end->fd[0];
}

int poll_fd_of_way(struct end *end, enum way way)
{
	return end->fd[way == WAY_SEND];
}
