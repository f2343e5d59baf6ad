/* SPDX-License-Identifier: GPL-2.0-only */
/* Hooks that a FIFO shares with the pipe: once open, it is one. */
#ifndef KMQCOMPARE_PIPE_H
#define KMQCOMPARE_PIPE_H

#include "descriptors.h"

int pipe_keep(struct end *end, enum way way);
void pipe_drained(struct end *end);
ssize_t pipe_send(struct end *end, struct parcel *parcel);
ssize_t pipe_receive(struct end *end, struct parcel *parcel);
ssize_t pipe_half_send(struct end *end, struct parcel *parcel);
int pipe_borrow(struct end *end, struct object *object, enum way way);

#endif
