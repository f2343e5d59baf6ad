// SPDX-License-Identifier: GPL-2.0-only
#include "stream.h"

#include <errno.h>
#include <limits.h>
#include <sys/uio.h>
#include <unistd.h>

const char *stream_unfit(const struct shape *shape)
{
	if (shape->senders > 1)
		return "a byte stream: the messages of two senders would mix";
	if (shape->receivers > 1)
		return "a byte stream: two receivers would share a message";
	return NULL;
}

int stream_send(struct channel *channel, int fd, const void *body, uint32_t size)
{
	/* A blocking write is partial only if a signal broke it. */
	if (SYSCALL(channel, write(fd, body, size)) != (ssize_t)size)
		return -1;
	COPIED(channel, size);
	return 0;
}

/* Reads until all of it is there. */
static int read_rest(struct channel *channel, int fd, char *body, uint32_t size)
{
	ssize_t n;

	for (; size; body += n, size -= n) {
		n = SYSCALL(channel, read(fd, body, size));
		if (n > 0)
			continue;
		errno = n ? errno : EPIPE;
		return -1;
	}
	return 0;
}

ssize_t stream_receive(struct channel *channel, int fd, void *body, uint32_t room)
{
	if (read_rest(channel, fd, body, room))
		return -1;
	COPIED(channel, room);
	return room;
}

static int set_vector(struct iovec *vector, const struct batch_item *items, unsigned int count)
{
	unsigned int n;

	for (n = 0; n < count && n < IOV_MAX; n++)
		vector[n] = (struct iovec){ .iov_base = items[n].body, .iov_len = items[n].size };
	return n;
}

int stream_send_batch(struct channel *channel, int fd, const struct batch_item *items,
		      unsigned int count)
{
	struct iovec vector[IOV_MAX];
	int n = set_vector(vector, items, count);
	ssize_t bytes = (ssize_t)n * channel->size;

	if (SYSCALL(channel, writev(fd, vector, n)) != bytes)
		return -1;
	COPIED(channel, bytes);
	return n;
}

int stream_receive_batch(struct channel *channel, int fd, struct batch_item *items,
			 unsigned int count)
{
	struct iovec vector[IOV_MAX];
	int n = set_vector(vector, items, count);
	ssize_t bytes = SYSCALL(channel, readv(fd, vector, n));
	uint32_t cut;

	if (bytes <= 0) {
		errno = bytes ? errno : EPIPE;
		return -1;
	}
	n = bytes / channel->size;
	cut = bytes % channel->size;
	if (cut) {
		if (read_rest(channel, fd, (char *)items[n].body + cut, channel->size - cut))
			return -1;
		n++;
	}
	COPIED(channel, (uint64_t)n * channel->size);
	return n;
}
