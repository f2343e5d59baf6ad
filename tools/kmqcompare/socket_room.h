/* SPDX-License-Identifier: GPL-2.0-only */
/* What the buffer of a Unix socket holds, in messages. */
#ifndef KMQCOMPARE_SOCKET_ROOM_H
#define KMQCOMPARE_SOCKET_ROOM_H

#include "mechanism.h"

/*
 * Makes a connected pair of Unix sockets of @type in channel->fd (0 receives, 1
 * sends) with room for the channel's messages, as far as may be, and tells in the
 * channel what it has. 0, or -1 with channel->reason or errno.
 */
int socket_open(struct channel *channel, int type);

/* Mechanism hook. */
void socket_close(struct channel *channel);

#endif
