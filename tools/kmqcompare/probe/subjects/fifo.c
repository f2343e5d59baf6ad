// SPDX-License-Identifier: GPL-2.0-only
/*
 * FIFO. Its creator opens both sides, the reader's first and without waiting for
 * a writer, so that neither open(2) sleeps. Who attaches to write sleeps in
 * open(2) until there is a reader; who attaches to read does not.
 */
#include "pipe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_to_read(struct end *end, const char *path)
{
	end_says(end, "open(%s, O_RDONLY | O_NONBLOCK)", end->object->name);
	end->fd[0] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (end->fd[0] < 0)
		return -1;
	nonblocking_off(end->fd[0]);
	return 0;
}

static int open_to_write(struct end *end, const char *path)
{
	end_says(end, "open(%s, O_WRONLY)", end->object->name);
	end->fd[1] = open(path, O_WRONLY | O_CLOEXEC);
	return end->fd[1] < 0 ? -1 : 0;
}

static int fifo_attach(struct end *end, struct object *object, enum way way)
{
	char path[PATH_SIZE];

	end_begin(end, object);
	object_path(object, path);
	if (way != WAY_SEND && open_to_read(end, path))
		return end_fail(end);
	if (way != WAY_RECEIVE && open_to_write(end, path))
		return end_fail(end);
	return 0;
}

static int make_fifo(struct end *end, struct object *object)
{
	mode_t mask = mask_off();
	char path[PATH_SIZE];
	int result;

	object_path(object, path);
	end_says(end, "mkfifo(%s, %04o)", path, object->mode);
	result = mkfifo(path, object->mode);
	mask_on(mask);
	return result;
}

static int fifo_create(struct end *end, struct object *object)
{
	end_begin(end, object);
	if (make_fifo(end, object))
		return -1;
	object_made(object);
	if (fifo_attach(end, object, WAY_BOTH))
		return -1;
	object_tell_fd(object, 0, end->fd[0]);
	object_tell_fd(object, 1, end->fd[1]);
	return 0;
}

const struct subject subject_fifo = {
	.mechanism = "fifo",
	.traits = SUBJECT_IS_STREAM,
	.create = fifo_create,
	.attach = fifo_attach,
	.borrow = pipe_borrow,
	.adopt = descriptors_adopt,
	.keep = pipe_keep,
	.detach = end_close,
	.remove = file_remove,
	.seen = file_seen,
	.send = pipe_send,
	.receive = pipe_receive,
	.drained = pipe_drained,
	.poll_fd = poll_fd_of_way,
	.half_send = pipe_half_send,
};
