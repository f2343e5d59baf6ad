// SPDX-License-Identifier: GPL-2.0-only
/*
 * Boost.Interprocess's message_queue: in shared memory, guarded by a mutex that all
 * processes share, with condition variables to sleep by. The mutex is not robust: who
 * dies with it leaves the others waiting for good.
 */
#include "../peer.h"

#include "peers.h"

#ifdef HAVE_BOOST_INTERPROCESS
#include "../boost_queue.h"

static int boost_mq_open(struct channel *channel)
{
	channel->state = boost_queue_open(channel->capacity, channel->size);
	return channel->state ? 0 : -1;
}

static void boost_mq_close(struct channel *channel)
{
	boost_queue_close(channel->state);
}

static int boost_mq_send(struct channel *channel, void *body, uint32_t size)
{
	if (boost_queue_send(channel->state, body, size))
		return -1;
	COPIED(channel, size);
	return 0;
}

static ssize_t boost_mq_receive(struct channel *channel, void *body, uint32_t room)
{
	ssize_t size = boost_queue_receive(channel->state, body, room);

	if (size > 0)
		COPIED(channel, size);
	return size;
}

#define BOOST_HOOKS			\
	.open = boost_mq_open,		\
	.close = boost_mq_close,	\
	.send = boost_mq_send,		\
	.receive = boost_mq_receive
#else
static const char *boost_left_out(void)
{
	return "not in this build: libboost-dev or g++ was not installed";
}

#define BOOST_HOOKS	PEER_LEFT_OUT(boost_left_out)
#endif

const struct mechanism mechanism_boost_mq = {
	.name = "boost-mq",
	.title = "Boost queue",
	.about = "Boost.Interprocess's message_queue in shared memory: a mutex around every "
		 "message, condition variables to sleep by. Its system calls are not counted.",
	BOOST_HOOKS,
};
