// SPDX-License-Identifier: GPL-2.0-only
#include "boost_queue.h"

#include <boost/interprocess/ipc/message_queue.hpp>
#include <cerrno>
#include <cstdio>
#include <new>
#include <unistd.h>

using boost::interprocess::create_only;
using boost::interprocess::interprocess_exception;
using boost::interprocess::message_queue;

struct boost_queue {
	message_queue queue;

	boost_queue(const char *name, size_t capacity, size_t size)
		: queue(create_only, name, capacity, size)
	{
	}
};

static int error_of(const interprocess_exception &exception)
{
	return exception.get_native_error() ? exception.get_native_error() : EIO;
}

struct boost_queue *boost_queue_open(size_t capacity, size_t size)
{
	static unsigned int number;
	struct boost_queue *queue = nullptr;
	char name[64];

	snprintf(name, sizeof(name), "kmqcompare-%d-%u", (int)getpid(), number++);
	try {
		queue = new boost_queue(name, capacity, size);
	} catch (const interprocess_exception &exception) {
		errno = error_of(exception);
	} catch (const std::bad_alloc &) {
		errno = ENOMEM;
	}
	/* It is mapped; nobody else shall find it, and nothing is left of it whatever happens. */
	message_queue::remove(name);
	return queue;
}

void boost_queue_close(struct boost_queue *queue)
{
	delete queue;
}

int boost_queue_send(struct boost_queue *queue, const void *body, size_t size)
{
	try {
		queue->queue.send(body, size, 0);
		return 0;
	} catch (const interprocess_exception &exception) {
		errno = error_of(exception);
		return -1;
	}
}

ssize_t boost_queue_receive(struct boost_queue *queue, void *body, size_t room)
{
	message_queue::size_type size = 0;
	unsigned int priority;

	try {
		queue->queue.receive(body, room, size, priority);
		return size;
	} catch (const interprocess_exception &exception) {
		errno = error_of(exception);
		return -1;
	}
}
