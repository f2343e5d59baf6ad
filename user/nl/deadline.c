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

int kmq_nl_next_event_until(struct kmq_nl *nl, struct kmq_nl_event *event,
			    const struct timespec *deadline)
{
	uint64_t ns;

	if (deadline_ns(deadline, &ns))
		return libkmq_nl_fail(nl, EINVAL, "not a valid time");
	return libkmq_nl_next_event(nl, event, ns);
}
