// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmq through io_uring: every message is a write or a read as in kmq.c, but put into
 * the process's own ring and submitted by io_uring_enter(2), which also sleeps until
 * it is done: one call for one message, or for a batch.
 *
 * A batch waits for its first message only, so its requests have RWF_NOWAIT; if not
 * even the first went, a call for that one alone waits. Writes are linked, so that
 * none goes before one that found the queue full; reads need not be: they are
 * done in their order, and those that found nothing are passed over.
 */
#include "../kmq_queue.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#define ENTRIES	256u	/* the most requests of one batch */

static int make_ring(struct io_uring *ring)
{
	/* Nobody else submits, and completions may wait until we ask for them. */
	struct io_uring_params modern = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	};
	int error = io_uring_queue_init_params(ENTRIES, ring, &modern);

	return error == -EINVAL ? io_uring_queue_init(ENTRIES, ring, 0) : error;
}

static const char *kmq_uring_unavailable(void)
{
	const char *why = kmq_queue_unavailable();
	struct io_uring ring;
	int error;

	if (why)
		return why;
	error = make_ring(&ring);
	if (!error) {
		io_uring_queue_exit(&ring);
		return NULL;
	}
	return error == -ENOSYS ? "this kernel has no io_uring"
				: "io_uring is refused (kernel.io_uring_disabled)";
}

/* Gone with the worker. */
static int kmq_uring_attach(struct channel *channel, enum side side, unsigned int nth)
{
	int error;

	(void)side;
	(void)nth;
	channel->state = calloc(1, sizeof(struct io_uring));
	if (!channel->state)
		return -1;
	error = make_ring(channel->state);
	if (!error)
		error = io_uring_register_files(channel->state, channel->fd, 1);
	errno = -error;
	return error ? -1 : 0;
}

/* The next request, of the queue's descriptor, the first that is registered. */
static struct io_uring_sqe *prepare(struct io_uring *ring, bool writes, void *body, uint32_t size,
				    unsigned int number)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (writes)
		io_uring_prep_write(sqe, 0, body, size, 0);
	else
		io_uring_prep_read(sqe, 0, body, size, 0);
	sqe->flags |= IOSQE_FIXED_FILE;
	io_uring_sqe_set_data64(sqe, number);
	return sqe;
}

/* Submits what is prepared, and sleeps until all @count are done. */
static int submit(struct channel *channel, unsigned int count)
{
	struct io_uring *ring = channel->state;
	int result;

	/* Again if a signal ended the wait. */
	do
		result = SYSCALL(channel, io_uring_submit_and_wait(ring, count));
	while (result == -EINTR || (result >= 0 && io_uring_cq_ready(ring) < count));
	errno = result < 0 ? -result : 0;
	return result < 0 ? -1 : 0;
}

/*
 * Reaps the completions of all requests; what each moved goes to @results, by its
 * number. -EAGAIN and -ECANCELED are no errors here. 0, or -1/errno.
 */
static int reap(struct channel *channel, int *results, unsigned int count)
{
	struct io_uring *ring = channel->state;
	struct io_uring_cqe *cqe;
	unsigned int head, seen = 0;
	int error = 0;

	io_uring_for_each_cqe(ring, head, cqe) {
		results[io_uring_cqe_get_data64(cqe)] = cqe->res;
		if (cqe->res < 0 && cqe->res != -EAGAIN && cqe->res != -ECANCELED)
			error = -cqe->res;
		seen++;
	}
	io_uring_cq_advance(ring, seen);
	if (!error && seen == count)
		return 0;
	errno = error ? error : EIO;
	return -1;
}

static int write_one(struct channel *channel, void *body, uint32_t size)
{
	int result;

	prepare(channel->state, true, body, size, 0);
	if (submit(channel, 1) || reap(channel, &result, 1))
		return -1;
	COPIED(channel, size);
	errno = result < 0 ? -result : EIO;
	return result == (int)size ? 0 : -1;
}

static ssize_t read_one(struct channel *channel, void *body, uint32_t room)
{
	int result;

	prepare(channel->state, false, body, room, 0);
	if (submit(channel, 1) || reap(channel, &result, 1))
		return -1;
	errno = result < 0 ? -result : 0;
	if (result < 0)
		return -1;
	COPIED(channel, result);
	return result;
}

static int kmq_uring_send(struct channel *channel, void *body, uint32_t size)
{
	return write_one(channel, body, size);
}

static ssize_t kmq_uring_receive(struct channel *channel, void *body, uint32_t room)
{
	return read_one(channel, body, room);
}

static void prepare_writes(struct channel *channel, const struct batch_item *items,
			   unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		struct io_uring_sqe *sqe = prepare(channel->state, true, items[i].body,
						   items[i].size, i);

		sqe->rw_flags = RWF_NOWAIT;
		sqe->flags |= i + 1 < count ? IOSQE_IO_LINK : 0;
	}
}

static int kmq_uring_send_batch(struct channel *channel, struct batch_item *items,
				unsigned int count)
{
	int results[ENTRIES];
	unsigned int sent;

	if (count > ENTRIES)
		count = ENTRIES;
	prepare_writes(channel, items, count);
	if (submit(channel, count) || reap(channel, results, count))
		return -1;
	for (sent = 0; sent < count && results[sent] == (int)items[sent].size; sent++)
		COPIED(channel, items[sent].size);
	if (sent)
		return sent;
	return write_one(channel, items[0].body, items[0].size) ? -1 : 1;
}

static void prepare_reads(struct channel *channel, const struct batch_item *items,
			  unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		prepare(channel->state, false, items[i].body, items[i].size, i)->rw_flags =
			RWF_NOWAIT;
}

/* Moves the items that were read to the front, and keeps their order. How many. */
static unsigned int keep_read(struct channel *channel, struct batch_item *items,
			      const int *results, unsigned int count)
{
	unsigned int got = 0;

	for (unsigned int i = 0; i < count; i++) {
		struct batch_item unused = items[got];

		if (results[i] < 0)
			continue;
		items[got] = (struct batch_item){ .body = items[i].body, .size = results[i] };
		if (i != got)
			items[i] = unused;
		COPIED(channel, results[i]);
		got++;
	}
	return got;
}

static int receive_one_item(struct channel *channel, struct batch_item *item)
{
	ssize_t size = read_one(channel, item->body, item->size);

	if (size < 0)
		return -1;
	item->size = size;
	return 1;
}

static int kmq_uring_receive_batch(struct channel *channel, struct batch_item *items,
				   unsigned int count)
{
	int results[ENTRIES];
	unsigned int got;

	if (count > ENTRIES)
		count = ENTRIES;
	prepare_reads(channel, items, count);
	if (submit(channel, count) || reap(channel, results, count))
		return -1;
	got = keep_read(channel, items, results, count);
	return got ? (int)got : receive_one_item(channel, &items[0]);
}

const struct mechanism mechanism_kmq_uring = {
	.name = "kmq-uring",
	.title = "kmq io_uring",
	.about = "A kmq queue by io_uring: each message a write or read request in the "
		 "process's own ring, submitted and waited for by io_uring_enter(2), one at a "
		 "time or a batch.",
	.traits = MECHANISM_IS_KMQ,
	.unavailable = kmq_uring_unavailable,
	.open = kmq_queue_open,
	.attach = kmq_uring_attach,
	.close = kmq_queue_close,
	.send = kmq_uring_send,
	.receive = kmq_uring_receive,
	.send_batch = kmq_uring_send_batch,
	.receive_batch = kmq_uring_receive_batch,
};
