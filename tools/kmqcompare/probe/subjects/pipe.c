// SPDX-License-Identifier: GPL-2.0-only
/* Pipe: fd[0] is read, fd[1] written, as of pipe(2). */
#include "pipe.h"

#include <fcntl.h>
#include <unistd.h>

static int pipe_create(struct end *end, struct object *object)
{
	end_begin(end, object);
	end_says(end, "pipe()");
	if (pipe2(end->fd, O_CLOEXEC))
		return -1;
	object_tell_fd(object, 0, end->fd[0]);
	object_tell_fd(object, 1, end->fd[1]);
	object_made(object);
	return 0;
}

int pipe_borrow(struct end *end, struct object *object, enum way way)
{
	end_begin(end, object);
	if (way != WAY_SEND)
		end->fd[0] = borrow_by_path(end, 0, O_RDONLY);
	if (way != WAY_SEND && end->fd[0] < 0)
		return -1;
	if (way != WAY_RECEIVE)
		end->fd[1] = borrow_by_path(end, 1, O_WRONLY);
	if (way != WAY_RECEIVE && end->fd[1] < 0)
		return end_fail(end);
	return 0;
}

static int pipe_close_side(struct end *end, int side)
{
	int fd = end->fd[side];

	if (fd < 0)
		return 0;
	end_says(end, "close(%d)", fd);
	end->fd[side] = -1;
	return close(fd);
}

int pipe_keep(struct end *end, enum way way)
{
	if (way == WAY_BOTH)
		return 0;
	return pipe_close_side(end, way == WAY_RECEIVE);
}

void pipe_drained(struct end *end)
{
	pipe_close_side(end, 1);
}

ssize_t pipe_send(struct end *end, struct parcel *parcel)
{
	return descriptor_write(end, end->fd[1], parcel, "write(2) takes no time limit");
}

ssize_t pipe_receive(struct end *end, struct parcel *parcel)
{
	return descriptor_read(end, end->fd[0], parcel, "read(2) takes no time limit");
}

ssize_t pipe_half_send(struct end *end, struct parcel *parcel)
{
	return descriptor_write_half(end, end->fd[1], parcel);
}

const struct subject subject_pipe = {
	.mechanism = "pipe",
	.traits = SUBJECT_IS_STREAM,
	.create = pipe_create,
	.borrow = pipe_borrow,
	.adopt = descriptors_adopt,
	.keep = pipe_keep,
	.detach = end_close,
	.send = pipe_send,
	.receive = pipe_receive,
	.drained = pipe_drained,
	.poll_fd = poll_fd_of_way,
	.half_send = pipe_half_send,
};
