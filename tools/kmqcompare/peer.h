/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mechanisms of other projects' libraries. Each is in the table wherever this was
 * built; where its library was not there then (build.mk looks for it), all that is
 * left of it is a line that says so.
 */
#ifndef KMQCOMPARE_PEER_H
#define KMQCOMPARE_PEER_H

#include "mechanism.h"

#include <errno.h>

#define PEER_UNUSED	__attribute__((unused))

static inline int peer_no_open(struct channel *channel)
{
	return channel_refuse(channel, "left out of this build");
}

static inline void peer_no_close(struct channel *channel)
{
}

static inline int peer_no_send(struct channel *channel, void *body, uint32_t size)
{
	errno = ENOSYS;
	return -1;
}

static inline ssize_t peer_no_receive(struct channel *channel, void *body, uint32_t room)
{
	errno = ENOSYS;
	return -1;
}

/* In place of a mechanism's hooks; @why: a function that returns the reason. */
#define PEER_LEFT_OUT(why)		\
	.unavailable = why,		\
	.open = peer_no_open,		\
	.close = peer_no_close,		\
	.send = peer_no_send,		\
	.receive = peer_no_receive

#endif
