/* SPDX-License-Identifier: GPL-2.0-only */
/* POSIX shared memory by a name, /dev/shm/NAME, with a ring in it; fd[0] is it. */
#ifndef KMQCOMPARE_NAMED_MEMORY_H
#define KMQCOMPARE_NAMED_MEMORY_H

#include "shared_ring.h"

/* Opens it, new, and maps it. The caller fills in the ring's means. -1/errno, nothing open. */
int named_memory_create(struct end *end, struct object *object);

/* Hooks. */
int named_memory_attach(struct end *end, struct object *object, enum way way);
int named_memory_remove(struct end *end, struct object *object);
bool named_memory_seen(const struct object *object, char *where);

#endif
