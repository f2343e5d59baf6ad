/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages over a byte stream: no length travels, the reader knows the size of every
 * message and reads until it has one.
 */
#ifndef KMQCOMPARE_STREAM_H
#define KMQCOMPARE_STREAM_H

#include "mechanism.h"

/* As the mechanism hooks of these names, on descriptor @fd. */
int stream_send(struct channel *channel, int fd, const void *body, uint32_t size);
ssize_t stream_receive(struct channel *channel, int fd, void *body, uint32_t room);

/* One writev(2); waits until all of it went, so @count should not be above the capacity. */
int stream_send_batch(struct channel *channel, int fd, const struct batch_item *items,
		      unsigned int count);

/* One readv(2) of what is there; and the rest of the last message, if it is cut. */
int stream_receive_batch(struct channel *channel, int fd, struct batch_item *items,
			 unsigned int count);

/* Why a stream that everybody inherits is of no use to several; NULL if it is not several. */
const char *stream_unfit(const struct shape *shape);

#endif
