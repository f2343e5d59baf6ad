// SPDX-License-Identifier: GPL-2.0-only
#include "shm_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void *map(int fd, size_t bytes, int flags)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | flags, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void *shm_memory(size_t bytes)
{
	return map(-1, bytes, MAP_ANONYMOUS);
}

void *shm_map_file(int fd, size_t bytes)
{
	/* Reserved, not only made long: a full file system refuses here, not by SIGBUS later. */
	errno = posix_fallocate(fd, 0, bytes);
	return errno ? NULL : map(fd, bytes, 0);
}

void shm_release(void *memory, size_t bytes)
{
	munmap(memory, bytes);
}

void shm_touch(void *memory, size_t bytes)
{
	/* Kernels before 5.14 do not know it: then the warm-up touches what it uses. */
	madvise(memory, bytes, MADV_POPULATE_WRITE);
}

int temporary_file(void)
{
	const char *directory = getenv("TMPDIR");
	char path[256];
	int fd;

	if (!directory || !*directory)
		directory = "/tmp";
	fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	/* Not every file system has files without a name. */
	snprintf(path, sizeof(path), "%s/kmqcompare-XXXXXX", directory);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}
