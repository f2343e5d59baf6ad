/* SPDX-License-Identifier: GPL-2.0-only */
/* Mechanism hooks for sockets that keep messages apart; channel->fd as of socket_open(). */
#ifndef KMQCOMPARE_PACKETS_H
#define KMQCOMPARE_PACKETS_H

#include "mechanism.h"

int packets_send(struct channel *channel, void *body, uint32_t size);
ssize_t packets_receive(struct channel *channel, void *body, uint32_t room);

/* sendmmsg(2) and recvmmsg(2). */
int packets_send_batch(struct channel *channel, struct batch_item *items, unsigned int count);
int packets_receive_batch(struct channel *channel, struct batch_item *items, unsigned int count);

#endif
