// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * All that touches the caller's struct timespec; compiled twice where time_t has
 * two sizes: see deadline_time64.c.
 */
#ifndef DEADLINE_TIME64
#undef _TIME_BITS
#endif

#include <errno.h>

#include "internal.h"

#define NS_PER_SECOND	1000000000

/* The end of the kernel's time, some 292 years after boot. */
#define SECONDS_MAX	(INT64_MAX / NS_PER_SECOND)

int kmq_nl_next_event_until(struct kmq_nl *nl, struct kmq_nl_event *event,
			    const struct timespec *deadline)
{
	int64_t seconds;
	uint64_t ns;

	if (!deadline)
		return libkmq_nl_next_event(nl, event, NO_DEADLINE);
	if (deadline->tv_sec < 0 || deadline->tv_nsec < 0 || deadline->tv_nsec >= NS_PER_SECOND)
		return libkmq_nl_fail(nl, EINVAL, "not a valid time");
	seconds = deadline->tv_sec;
	ns = seconds >= SECONDS_MAX ? INT64_MAX : seconds * NS_PER_SECOND + deadline->tv_nsec;
	/* Time 0 has passed, and is not the lack of a deadline. */
	return libkmq_nl_next_event(nl, event, ns == NO_DEADLINE ? 1 : ns);
}
