/* SPDX-License-Identifier: GPL-2.0-only */
/* Unix sockets bound to a path in the object's directory. */
#ifndef KMQCOMPARE_UNIX_SOCKETS_H
#define KMQCOMPARE_UNIX_SOCKETS_H

#include "connections.h"

#include <sys/un.h>

struct sockaddr_un unix_address(const struct object *object);

/* Sees the path, and, while a process has it open, the line of /proc/net/unix. */
bool unix_seen(const struct object *object, char *where);

/* For stream and seqpacket. */
int unix_listen(struct end *end, struct object *object, int type);
int unix_join(struct end *end, struct object *object, int type);

#endif
