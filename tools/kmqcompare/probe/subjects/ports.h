/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports of 127.0.0.1. An object that listens at one has its number in ids[0]. */
#ifndef KMQCOMPARE_PORTS_H
#define KMQCOMPARE_PORTS_H

#include "../subject.h"

#include <netinet/in.h>

struct sockaddr_in loopback_address(int port);
int port_of(int fd);

/* Hooks. */
const char *loopback_unavailable(void);
bool port_seen(const struct object *object, char *where);

#endif
