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

static int create(const struct channel *channel)
{
	struct kmq_create_options options = KMQ_CREATE_OPTIONS_INIT;

	options.capacity = channel->capacity;
	options.max_message = channel->size;
	options.inline_size = channel->size < KMQ_INLINE_MAX ? channel->size : KMQ_INLINE_MAX;
	options.byte_limit = (uint64_t)channel->capacity * channel->size;
	return kmq_create_unnamed(&options);
}

int kmq_queue_open(struct channel *channel)
{
	/* The module counts bytes, too, and a user's are limited (max_bytes_per_user). */
	while ((channel->fd[0] = create(channel)) < 0) {
		if (errno != EDQUOT || channel->capacity == 1)
			return -1;
		channel->capacity /= 2;
	}
	return 0;
}

void kmq_queue_close(struct channel *channel)
{
	close(channel->fd[0]);
}
