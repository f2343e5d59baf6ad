// SPDX-License-Identifier: GPL-2.0-only
/*
 * A FIFO: a pipe with a name, which each process opens by that name. The name goes
 * when all have opened it, and at the latest when the channel is closed.
 */
#include "../mechanism.h"
#include "../pipe_room.h"
#include "../shm_memory.h"
#include "../stream.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct fifo {
	char directory[200];
	char path[220];
	int held;			/* both ends, so that no open waits for the other */
	_Atomic unsigned int *opened;	/* ends that workers have opened; shared */
};

static void forget_name(const struct fifo *fifo)
{
	unlink(fifo->path);
	rmdir(fifo->directory);
}

static void fifo_close(struct channel *channel)
{
	struct fifo *fifo = channel->state;

	forget_name(fifo);
	if (fifo->held >= 0)
		close(fifo->held);
	if (fifo->opened)
		shm_release(fifo->opened, sizeof(*fifo->opened));
	free(fifo);
}

static bool make_name(struct fifo *fifo)
{
	const char *parent = getenv("TMPDIR");

	snprintf(fifo->directory, sizeof(fifo->directory), "%s/kmqcompare-XXXXXX",
		 parent && *parent ? parent : "/tmp");
	if (!mkdtemp(fifo->directory))
		return false;
	snprintf(fifo->path, sizeof(fifo->path), "%s/fifo", fifo->directory);
	return !mkfifo(fifo->path, 0600);
}

static int fifo_open(struct channel *channel)
{
	struct fifo *fifo = calloc(1, sizeof(*fifo));

	if (!fifo)
		return -1;
	channel->state = fifo;
	fifo->held = -1;
	fifo->opened = shm_memory(sizeof(*fifo->opened));
	if (fifo->opened && make_name(fifo))
		fifo->held = open(fifo->path, O_RDWR | O_CLOEXEC);
	if (fifo->held < 0) {
		fifo_close(channel);
		return channel_refuse(channel, "no FIFO to be made in $TMPDIR or /tmp");
	}
	pipe_set_room(channel, fifo->held);
	return 0;
}

static int open_end(struct channel *channel, int end, int mode)
{
	struct fifo *fifo = channel->state;

	channel->fd[end] = open(fifo->path, mode | O_CLOEXEC);
	if (channel->fd[end] < 0)
		return -1;
	/* Relaxed: only who comes last counts, and an addition has an order of its own. */
	if (atomic_fetch_add_explicit(fifo->opened, 1, memory_order_relaxed) + 1 ==
	    channel->shape.senders + channel->shape.receivers)
		forget_name(fifo);
	return 0;
}

static int fifo_attach(struct channel *channel, enum side side, unsigned int nth)
{
	(void)nth;
	if (side != SIDE_SENDER && open_end(channel, 0, O_RDONLY))
		return -1;
	return side != SIDE_RECEIVER ? open_end(channel, 1, O_WRONLY) : 0;
}

static int fifo_send(struct channel *channel, void *body, uint32_t size)
{
	return stream_send(channel, channel->fd[1], body, size);
}

static ssize_t fifo_receive(struct channel *channel, void *body, uint32_t room)
{
	return stream_receive(channel, channel->fd[0], body, room);
}

static int fifo_send_batch(struct channel *channel, struct batch_item *items, unsigned int count)
{
	return stream_send_batch(channel, channel->fd[1], items, pipe_batch(channel, count));
}

static int fifo_receive_batch(struct channel *channel, struct batch_item *items,
			      unsigned int count)
{
	return stream_receive_batch(channel, channel->fd[0], items, count);
}

const struct mechanism mechanism_fifo = {
	.name = "fifo",
	.title = "FIFO",
	.about = "A pipe with a name in a file system, opened by that name on each side: a "
		 "stream of bytes by write(2) and read(2), which sleep in the kernel; the "
		 "reader knows the size of a message.",
	.unfit = pipe_unfit,
	.open = fifo_open,
	.attach = fifo_attach,
	.close = fifo_close,
	.send = fifo_send,
	.receive = fifo_receive,
	.send_batch = fifo_send_batch,
	.receive_batch = fifo_receive_batch,
};
