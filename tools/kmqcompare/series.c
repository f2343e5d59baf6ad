// SPDX-License-Identifier: GPL-2.0-only
#include "series.h"

bool point_equal(const struct point *a, const struct point *b)
{
	return a->size == b->size && a->capacity == b->capacity && a->batch == b->batch &&
	       a->senders == b->senders && a->receivers == b->receivers && a->load == b->load;
}

const struct series *series_find(const struct series *series, size_t count,
				 const struct workload *workload, const struct mechanism *mechanism,
				 const struct point *at)
{
	for (size_t i = 0; i < count; i++)
		if (series[i].workload == workload && series[i].mechanism == mechanism &&
		    point_equal(&series[i].at, at))
			return &series[i];
	return NULL;
}
