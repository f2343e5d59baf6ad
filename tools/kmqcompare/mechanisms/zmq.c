// SPDX-License-Identifier: GPL-2.0-only
/*
 * ZeroMQ over ipc: a PUSH and a PULL socket, each with a thread of its own that moves
 * messages over a Unix socket. The address is an abstract one, so no file is left.
 * Nothing of it may cross fork(2), so each worker makes its own end. When a sender
 * takes its end down, messages may be lost, those that its thread has passed on and the
 * receiver's has not yet read among them (which stops at its high-water mark, and on a
 * connection that is gone does not begin again). So it waits until all were received.
 *
 * A message waits in the sender's queue, in the receiver's, in both threads' buffers,
 * or in the socket's; what is sure is the sender's queue.
 */
#include "../peer.h"

#include "peers.h"

#ifdef HAVE_ZMQ
#include "../shm_memory.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#define RECONNECT_MS	1
#define THREAD_BYTES	8192	/* of a thread's buffer, and what it writes at once */
#define HALVES		2

/* channel->state; the ends are a worker's own. */
struct zmq_queue {
	char address[64];
	_Atomic uint64_t *received;	/* shared: messages */
	uint64_t sent;
	void *context;
	void *push;
	void *pull;
};

/* Of a Unix socket, in which the bytes that were sent are charged as that many at least. */
static uint64_t socket_bytes(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), bytes = 0;
	socklen_t length = sizeof(bytes);

	if (fd < 0)
		return 0;
	getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, &length);
	close(fd);
	return bytes;
}

static int zmq_mechanism_open(struct channel *channel)
{
	static unsigned int number;
	struct zmq_queue *queue = calloc(1, sizeof(*queue));
	/* The last write into the socket may exceed it. */
	uint64_t elsewhere = socket_bytes() + (HALVES + 1) * THREAD_BYTES;

	if (!queue)
		return -1;
	queue->received = shm_memory(sizeof(*queue->received));
	if (!queue->received) {
		free(queue);
		return channel_refuse(channel, "no shared memory");
	}
	snprintf(queue->address, sizeof(queue->address), "ipc://@kmqcompare-%d-%u", (int)getpid(),
		 number++);
	/* Besides: as much in the receiver's queue, and one message in hand on each side. */
	channel->most = 2 * channel->capacity + HALVES + elsewhere / channel->size;
	channel->state = queue;
	return 0;
}

static void set(void *socket, int option, int value)
{
	zmq_setsockopt(socket, option, &value, sizeof(value));
}

static void *make_socket(const struct channel *channel, int type)
{
	struct zmq_queue *queue = channel->state;
	void *socket = zmq_socket(queue->context, type);

	if (!socket)
		return NULL;
	set(socket, ZMQ_SNDHWM, channel->capacity);
	set(socket, ZMQ_RCVHWM, channel->capacity);
	set(socket, ZMQ_RECONNECT_IVL, RECONNECT_MS);
	set(socket, ZMQ_LINGER, -1);
	return socket;
}

static int zmq_mechanism_attach(struct channel *channel, enum side side, unsigned int nth)
{
	struct zmq_queue *queue = channel->state;

	queue->context = zmq_ctx_new();
	if (!queue->context)
		return -1;
	if (side != SIDE_SENDER) {
		queue->pull = make_socket(channel, ZMQ_PULL);
		if (!queue->pull || zmq_bind(queue->pull, queue->address))
			return channel_refuse(channel, "%s", zmq_strerror(errno));
	}
	if (side != SIDE_RECEIVER) {
		queue->push = make_socket(channel, ZMQ_PUSH);
		if (!queue->push || zmq_connect(queue->push, queue->address))
			return channel_refuse(channel, "%s", zmq_strerror(errno));
	}
	return 0;
}

static void zmq_mechanism_detach(struct channel *channel)
{
	struct zmq_queue *queue = channel->state;

	while (queue->push && atomic_load_explicit(queue->received, memory_order_relaxed) <
			      queue->sent)
		usleep(100);
	if (queue->push)
		zmq_close(queue->push);
	if (queue->pull)
		zmq_close(queue->pull);
	zmq_ctx_term(queue->context);
}

static void zmq_mechanism_close(struct channel *channel)
{
	struct zmq_queue *queue = channel->state;

	shm_release(queue->received, sizeof(*queue->received));
	free(queue);
}

static int zmq_mechanism_send(struct channel *channel, void *body, uint32_t size)
{
	struct zmq_queue *queue = channel->state;

	if (zmq_send(queue->push, body, size, 0) != (int)size)
		return -1;
	queue->sent++;
	COPIED(channel, size);
	return 0;
}

static ssize_t zmq_mechanism_receive(struct channel *channel, void *body, uint32_t room)
{
	struct zmq_queue *queue = channel->state;
	int size = zmq_recv(queue->pull, body, room, 0);

	if (size < 0)
		return -1;
	atomic_fetch_add_explicit(queue->received, 1, memory_order_relaxed);
	COPIED(channel, size);
	return size;
}

#define ZMQ_HOOKS				\
	.open = zmq_mechanism_open,		\
	.attach = zmq_mechanism_attach,		\
	.detach = zmq_mechanism_detach,		\
	.close = zmq_mechanism_close,		\
	.send = zmq_mechanism_send,		\
	.receive = zmq_mechanism_receive
#else
static const char *zmq_left_out(void)
{
	return "not in this build: libzmq3-dev was not installed";
}

#define ZMQ_HOOKS	PEER_LEFT_OUT(zmq_left_out)
#endif

static const char *zmq_unfit(const struct shape *shape)
{
	return shape->senders > 1 || shape->receivers > 1
		       ? "hands messages out in turn, ready or not: no queue that all share" : NULL;
}

const struct mechanism mechanism_zmq = {
	.name = "zmq",
	.title = "ZeroMQ ipc",
	.about = "ZeroMQ's PUSH and PULL sockets over ipc: a thread on each side moves messages "
		 "between the program and a Unix socket. Its system calls and the copies that "
		 "its threads make are not counted.",
	.unfit = zmq_unfit,
	ZMQ_HOOKS,
};
