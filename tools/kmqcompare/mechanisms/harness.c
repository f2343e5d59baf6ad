// SPDX-License-Identifier: GPL-2.0-only
/*
 * No mechanism at all: what the loop, the payload, its verification and the
 * calls through hooks cost by themselves.
 */
#include "../mechanism.h"

static int harness_open(struct channel *channel)
{
	(void)channel;
	return 0;
}

static void harness_close(struct channel *channel)
{
	(void)channel;
}

static int harness_send(struct channel *channel, void *body, uint32_t size)
{
	(void)channel;
	(void)body;
	(void)size;
	return 0;
}

static ssize_t harness_receive(struct channel *channel, void *body, uint32_t room)
{
	(void)channel;
	(void)body;
	return room;
}

static int harness_send_typed(struct channel *channel, void *body, uint32_t size, long type)
{
	(void)type;
	return harness_send(channel, body, size);
}

static ssize_t harness_receive_typed(struct channel *channel, void *body, uint32_t room, long type)
{
	(void)type;
	return harness_receive(channel, body, room);
}

const struct mechanism mechanism_harness = {
	.name = "harness",
	.title = "harness alone",
	.about = "Nothing at all: what making and verifying a message costs by itself, and is "
		 "subtracted from all others.",
	.traits = MECHANISM_CARRIES_NOTHING | MECHANISM_IS_HARNESS,
	.open = harness_open,
	.close = harness_close,
	.send = harness_send,
	.receive = harness_receive,
	.send_typed = harness_send_typed,
	.receive_typed = harness_receive_typed,
};
