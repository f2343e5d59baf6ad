// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The calls with a time, apart because all that touches struct timespec is compiled twice
 * where time_t has two sizes: see timed_time64.c.
 */
#ifndef TIMED_TIME64
#undef _TIME_BITS
#define TIMED(name) mqueue_##name
#define TIMED_SEND	mq_timedsend
#define TIMED_RECEIVE	mq_timedreceive
#else
#define TIMED(name) mqueue_##name##_time64
#define TIMED_SEND	__mq_timedsend_time64
#define TIMED_RECEIVE	__mq_timedreceive_time64
#endif

#include "internal.h"
#include "../src/deadline.h"

#define EXPORTED_AS_THE(name)	EXPORTED_AS(name)

/* Out of range is EINVAL before anything is looked at, though the call would not sleep. */

int TIMED(timedsend)(mqd_t queue, const char *message, size_t size, unsigned int priority,
		     const struct timespec *until) EXPORTED_AS_THE(TIMED_SEND);
int TIMED(timedsend)(mqd_t queue, const char *message, size_t size, unsigned int priority,
		     const struct timespec *until)
{
	uint64_t deadline;
	int error = deadline_ns(until, &deadline);

	return error ? shim_fail(error) : mqueue_send(queue, message, size, priority, deadline);
}

ssize_t TIMED(timedreceive)(mqd_t queue, char *message, size_t room, unsigned int *priority,
			    const struct timespec *until) EXPORTED_AS_THE(TIMED_RECEIVE);
ssize_t TIMED(timedreceive)(mqd_t queue, char *message, size_t room, unsigned int *priority,
			    const struct timespec *until)
{
	uint64_t deadline;
	int error = deadline_ns(until, &deadline);

	return error ? shim_fail(error) : mqueue_receive(queue, message, room, priority, deadline);
}
