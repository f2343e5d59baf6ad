// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipe(2). A byte stream: the receiver knows the size of a message, and reads
 * until it has one.
 *
 * Its capacity is in pages, a power of two of them, and the page that is being
 * read takes no new messages. So it gets one more than the messages need.
 */
#include "../mechanism.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void pipe_close(struct channel *channel)
{
	close(channel->fd[0]);
	close(channel->fd[1]);
}

static int pipe_open(struct channel *channel)
{
	int page = sysconf(_SC_PAGESIZE);
	int bytes;

	if (pipe2(channel->fd, O_CLOEXEC))
		return -1;
	/* Refused above fs.pipe-max-size for the unprivileged: it keeps what it had. */
	fcntl(channel->fd[1], F_SETPIPE_SZ, (int)(channel->capacity * channel->size) + page);
	bytes = fcntl(channel->fd[1], F_GETPIPE_SZ);
	if (bytes < 0) {
		pipe_close(channel);
		return -1;
	}
	/* A message longer than all of it is written and read in pieces. */
	channel->capacity = bytes - page < (int)channel->size ? 1 : (bytes - page) / channel->size;
	return 0;
}

static int pipe_send(struct channel *channel, void *body, uint32_t size)
{
	/* A blocking write to a pipe is partial only if a signal broke it. */
	return SYSCALL(channel, write(channel->fd[1], body, size)) == (ssize_t)size ? 0 : -1;
}

static ssize_t pipe_receive(struct channel *channel, void *body, uint32_t room)
{
	uint32_t got = 0;
	ssize_t n;

	do {
		n = SYSCALL(channel, read(channel->fd[0], (char *)body + got, room - got));
		if (n < 0)
			return -1;
		if (!n) {
			errno = EPIPE;
			return -1;
		}
		got += n;
	} while (got < room);
	return got;
}

const struct mechanism mechanism_pipe = {
	.name = "pipe",
	.title = "pipe",
	.open = pipe_open,
	.close = pipe_close,
	.send = pipe_send,
	.receive = pipe_receive,
};
