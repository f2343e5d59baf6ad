// SPDX-License-Identifier: GPL-2.0-only
#include "named_memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

#define NAME_SIZE	40

static void memory_name(const struct object *object, char *name)
{
	snprintf(name, NAME_SIZE, "/%s", object->name);
}

int named_memory_create(struct end *end, struct object *object)
{
	mode_t mask = mask_off();
	char name[NAME_SIZE];

	end_begin(end, object);
	memory_name(object, name);
	end_says(end, "shm_open(%s, O_CREAT | O_EXCL, %04o)", name, object->mode);
	end->fd[0] = shm_open(name, O_RDWR | O_CREAT | O_EXCL, object->mode);
	mask_on(mask);
	if (end->fd[0] < 0)
		return -1;
	object_made(object);
	object_tell_fd(object, 0, end->fd[0]);
	return ring_make(end) ? end_fail(end) : 0;
}

int named_memory_attach(struct end *end, struct object *object, enum way way)
{
	char name[NAME_SIZE];

	end_begin(end, object);
	memory_name(object, name);
	end_says(end, "shm_open(%s, O_RDWR)", name);
	end->fd[0] = shm_open(name, O_RDWR, 0);
	if (end->fd[0] < 0)
		return -1;
	return ring_map(end) ? end_fail(end) : 0;
}

int named_memory_remove(struct end *end, struct object *object)
{
	char name[NAME_SIZE];

	if (!object_is_made(object))
		return -1;
	memory_name(object, name);
	end_says(end, "shm_unlink(%s)", name);
	return shm_unlink(name);
}

bool named_memory_seen(const struct object *object, char *where)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/dev/shm/%s", object->name);
	return path_seen(path, where);
}
