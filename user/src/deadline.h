/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a caller's struct timespec is to the kernel: for both libraries. */
#ifndef LIBKMQ_DEADLINE_H
#define LIBKMQ_DEADLINE_H

#include <errno.h>
#include <stdint.h>
#include <time.h>

/* As the kernel's structs have it. */
#define NO_DEADLINE	0

/*
 * CLOCK_MONOTONIC in ns; NO_DEADLINE for NULL. Inline, since what includes this is
 * compiled twice where time_t has two sizes: see deadline_time64.c.
 * Returns 0 or EINVAL.
 */
static inline int deadline_ns(const struct timespec *deadline, uint64_t *ns)
{
	const int64_t second = 1000000000;
	/* The end of the kernel's time, some 292 years after boot. */
	const int64_t most = INT64_MAX / second;
	int64_t seconds;

	*ns = NO_DEADLINE;
	if (!deadline)
		return 0;
	if (deadline->tv_sec < 0 || deadline->tv_nsec < 0 || deadline->tv_nsec >= second)
		return EINVAL;
	seconds = deadline->tv_sec;
	*ns = seconds >= most ? INT64_MAX : seconds * second + deadline->tv_nsec;
	/* Time 0 has passed, but to the kernel it says that there is none. */
	if (*ns == NO_DEADLINE)
		*ns = 1;
	return 0;
}

#endif
