// SPDX-License-Identifier: GPL-2.0-only
/*
 * An unnamed queue: found by nobody else, gone with its last descriptor. Bodies
 * of the benchmark's size lie in slots, as far as the module lets them.
 */
#include "kmq_queue.h"

#include <kmq.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

const char *kmq_queue_unavailable(void)
{
	struct kmq_features features = { 0 };

	if (!kmq_features(&features))
		return NULL;
	return errno == EACCES ? "no permission for /dev/kmq/control" : "not loaded";
}

int kmq_queue_open(struct channel *channel)
{
	struct kmq_create_options options = KMQ_CREATE_OPTIONS_INIT;

	options.capacity = channel->capacity;
	options.max_message = channel->size;
	options.inline_size = channel->size < KMQ_INLINE_MAX ? channel->size : KMQ_INLINE_MAX;
	channel->fd[0] = kmq_create_unnamed(&options);
	return channel->fd[0] < 0 ? -1 : 0;
}

void kmq_queue_close(struct channel *channel)
{
	close(channel->fd[0]);
}
