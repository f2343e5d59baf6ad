// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmq by io_uring(7): a write or a read is submitted, and its completion waited
 * for. A ring belongs to one process; a forked one makes its own.
 *
 * Without patience: RWF_NOWAIT. With a deadline: a timeout that is linked to the
 * request and cancels it.
 */
#include "kmq_node.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <unistd.h>

#define ENTRIES	4

struct uring {
	struct io_uring ring;
	pid_t owner;
};

static const char *kmq_uring_unavailable(void)
{
	const char *reason = kmq_node_unavailable();
	struct io_uring ring;

	if (reason)
		return reason;
	if (io_uring_queue_init(ENTRIES, &ring, 0))
		return "this kernel refuses io_uring";
	io_uring_queue_exit(&ring);
	return NULL;
}

static void close_ring(struct end *end)
{
	struct uring *uring = end->state;

	if (!uring)
		return;
	io_uring_queue_exit(&uring->ring);
	free(uring);
	end->state = NULL;
}

static void kmq_uring_detach(struct end *end)
{
	close_ring(end);
	end_close(end);
}

static struct io_uring *own_ring(struct end *end)
{
	struct uring *uring = end->state;
	int error;

	if (uring && uring->owner == getpid())
		return &uring->ring;
	close_ring(end);
	uring = calloc(1, sizeof(*uring));
	if (!uring)
		return NULL;
	error = io_uring_queue_init(ENTRIES, &uring->ring, 0);
	if (error) {
		free(uring);
		errno = -error;
		return NULL;
	}
	uring->owner = getpid();
	end->state = uring;
	return &uring->ring;
}

/* Waits for all completions. The request's result (1), or, if it was cancelled, the limit's (2). */
static int collect(struct io_uring *ring, unsigned int count)
{
	int results[3] = { 0 };

	for (unsigned int i = 0; i < count; i++) {
		struct io_uring_cqe *completion;
		int error;

		do
			error = io_uring_wait_cqe(ring, &completion);
		while (error == -EINTR);
		if (error)
			return error;
		results[completion->user_data] = completion->res;
		io_uring_cqe_seen(ring, completion);
	}
	return results[1] == -ECANCELED || results[1] == -EINTR ? results[2] : results[1];
}

static ssize_t submit(struct end *end, struct io_uring *ring, struct io_uring_sqe *request,
		      const struct parcel *parcel)
{
	struct __kernel_timespec limit = { .tv_sec = parcel->wait_ms / 1000,
					   .tv_nsec = parcel->wait_ms % 1000 * 1000000ll };
	bool limited = parcel->patience == PATIENCE_DEADLINE;
	int result;

	request->user_data = 1;
	if (parcel->patience == PATIENCE_NONE)
		request->rw_flags = RWF_NOWAIT;
	if (limited) {
		struct io_uring_sqe *timeout = io_uring_get_sqe(ring);

		request->flags |= IOSQE_IO_LINK;
		io_uring_prep_link_timeout(timeout, &limit, 0);
		timeout->user_data = 2;
		end_says(end, "linked timeout of %u ms", parcel->wait_ms);
	}
	result = io_uring_submit(ring);
	if (result >= 0)
		result = collect(ring, 1 + limited);
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
}

static const char *flag_name(const struct parcel *parcel)
{
	return parcel->patience == PATIENCE_NONE ? ", RWF_NOWAIT" : "";
}

static ssize_t kmq_uring_send(struct end *end, struct parcel *parcel)
{
	struct io_uring *ring = own_ring(end);
	struct io_uring_sqe *request;

	if (!ring)
		return -1;
	request = io_uring_get_sqe(ring);
	io_uring_prep_write(request, end->fd[0], parcel->body, parcel->size, 0);
	end_says(end, "io_uring_enter(IORING_OP_WRITE, %d, %zu bytes%s)", end->fd[0], parcel->size,
		 flag_name(parcel));
	return submit(end, ring, request, parcel);
}

static ssize_t kmq_uring_receive(struct end *end, struct parcel *parcel)
{
	struct io_uring *ring = own_ring(end);
	struct io_uring_sqe *request;

	parcel_from_nobody(parcel);
	if (!ring)
		return -1;
	request = io_uring_get_sqe(ring);
	io_uring_prep_read(request, end->fd[0], parcel->body, parcel->size, 0);
	end_says(end, "io_uring_enter(IORING_OP_READ, %d, %zu bytes%s)", end->fd[0], parcel->size,
		 flag_name(parcel));
	return submit(end, ring, request, parcel);
}

const struct subject subject_kmq_uring = {
	.mechanism = "kmq-uring",
	.unavailable = kmq_uring_unavailable,
	.create = kmq_node_create,
	.attach = kmq_node_attach,
	.borrow = kmq_node_borrow,
	.adopt = descriptors_adopt,
	.detach = kmq_uring_detach,
	.remove = kmq_node_remove,
	.seen = kmq_node_seen,
	.send = kmq_uring_send,
	.receive = kmq_uring_receive,
	.poll_fd = poll_only_fd,
};
