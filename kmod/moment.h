/* SPDX-License-Identifier: GPL-2.0-only */
/* When a sleep began: exactly where it is measured, to a tick where it is not. */
#ifndef _KMQ_MOMENT_H
#define _KMQ_MOMENT_H

#include <linux/jiffies.h>
#include <linux/timekeeping.h>
#include <linux/types.h>

/**
 * struct kmq_moment - a point in time
 * @exact: CLOCK_MONOTONIC, ns; 0 if the clock was not read: it costs as much as
 *	two locks, and most sleeps are nobody's concern
 * @tick: jiffies
 */
struct kmq_moment {
	u64 exact;
	unsigned long tick;
};

static inline struct kmq_moment kmq_moment(bool exact)
{
	return (struct kmq_moment){
		.exact = unlikely(exact) ? ktime_get_ns() : 0,
		.tick = jiffies,
	};
}

/* CLOCK_MONOTONIC in ns, give or take a tick if the clock was not read. */
static inline u64 kmq_moment_ns(struct kmq_moment moment)
{
	return moment.exact ?:
	       ktime_get_ns() - jiffies64_to_nsecs(jiffies - moment.tick);
}

#endif /* _KMQ_MOMENT_H */
