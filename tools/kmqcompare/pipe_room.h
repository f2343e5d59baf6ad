/* SPDX-License-Identifier: GPL-2.0-only */
/* What pipes and FIFOs hold: pages, and messages in them. */
#ifndef KMQCOMPARE_PIPE_ROOM_H
#define KMQCOMPARE_PIPE_ROOM_H

#include "mechanism.h"

/*
 * Gives the pipe of @fd room for the channel's messages, as far as it may, and tells
 * in the channel what it has: what it always holds, and the most that it may hold.
 */
void pipe_set_room(struct channel *channel, int fd);

/* Mechanism hook. */
const char *pipe_unfit(const struct shape *shape);

/* How many messages of @count may be written at once so that others' do not come between. */
unsigned int pipe_batch(const struct channel *channel, unsigned int count);

#endif
