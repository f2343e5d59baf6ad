// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Send and receive. What is checked is checked by the module, which knows the queue; a length beyond
 * 32 bits is as much too long, or as much room, as the greatest of 32.
 */
#include "internal.h"

/* sysconf(_SC_MQ_PRIO_MAX) */
enum { PRIORITIES = 32768 };

static inline uint32_t at_most_32_bits(size_t size)
{
	return size <= UINT32_MAX ? size : UINT32_MAX;
}

static inline struct kmq_short sent(const char *message, size_t size, unsigned int priority, uint64_t deadline)
{
	return (struct kmq_short){
		.body = (uintptr_t)message,
		.size = at_most_32_bits(size),
		.flags = KMQ_REALTIME,
		.type = 1,
		.priority = priority,
		.deadline = deadline,
	};
}

static inline struct kmq_short received(char *message, size_t room, unsigned int *priority, uint64_t deadline)
{
	return (struct kmq_short){
		.body = (uintptr_t)message,
		.size = at_most_32_bits(room),
		.flags = KMQ_REALTIME | KMQ_WHOLE_ROOM,
		.priority = (uintptr_t)priority,
		.deadline = deadline,
		.select = KMQ_SELECT_ANY,
	};
}

/* 0 or the size; or -1 and errno. */
static inline long finish(mqd_t queue, long result)
{
	return LIKELY(result >= 0) ? result : mqueue_failed(queue, (int)-result);
}

/* The kernel looks at the priority first of all, at the descriptor after it; the module refuses such a one in its turn. */
static inline long finish_put(long result, unsigned int priority)
{
	return LIKELY(result >= 0) || priority < PRIORITIES ? result : shim_fail(EINVAL);
}

/* Where somebody may cancel a sleeper. Out of line: the program of one thread has no use for the registers. */
OUT_OF_LINE static long call_among_threads(mqd_t queue, unsigned long request, const struct kmq_short *message)
{
	int type = shim_cancelable_begin();
	long result = shim_ioctl(queue, request, message);

	shim_cancelable_end(type);
	return finish(queue, result);
}

static inline long call(mqd_t queue, unsigned long request, const struct kmq_short *message)
{
	if (!__libc_single_threaded)
		return call_among_threads(queue, request, message);
	return finish(queue, shim_ioctl(queue, request, message));
}

int mqueue_put(mqd_t queue, const char *message, size_t size, unsigned int priority, uint64_t deadline)
{
	struct kmq_short put = sent(message, size, priority, deadline);

	return (int)finish_put(finish(queue, shim_ioctl(queue, KMQ_IOC_PUT, &put)), priority);
}

ssize_t mqueue_take(mqd_t queue, char *message, size_t room, unsigned int *priority, uint64_t deadline)
{
	struct kmq_short take = received(message, room, priority, deadline);

	return finish(queue, shim_ioctl(queue, KMQ_IOC_TAKE, &take));
}

int mqueue_send(mqd_t queue, const char *message, size_t size, unsigned int priority, uint64_t deadline)
{
	struct kmq_short put = sent(message, size, priority, deadline);

	return (int)finish_put(call(queue, KMQ_IOC_PUT, &put), priority);
}

ssize_t mqueue_receive(mqd_t queue, char *message, size_t room, unsigned int *priority, uint64_t deadline)
{
	struct kmq_short take = received(message, room, priority, deadline);

	return call(queue, KMQ_IOC_TAKE, &take);
}

int mqueue_send_named(mqd_t queue, const char *message, size_t size, unsigned int priority) EXPORTED_AS(mq_send);
int mqueue_send_named(mqd_t queue, const char *message, size_t size, unsigned int priority)
{
	return mqueue_send(queue, message, size, priority, 0);
}

ssize_t mqueue_receive_named(mqd_t queue, char *message, size_t room, unsigned int *priority) EXPORTED_AS(mq_receive);
ssize_t mqueue_receive_named(mqd_t queue, char *message, size_t room, unsigned int *priority)
{
	return mqueue_receive(queue, message, room, priority, 0);
}
