// SPDX-License-Identifier: GPL-2.0-only
#include "placement.h"

#include <sched.h>

unsigned int placement_cpus(void)
{
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return 1;
	return CPU_COUNT(&allowed);
}

bool placement_possible(enum placement placement)
{
	return placement != PLACE_TWO_CPUS || placement_cpus() > 1;
}

bool placement_is_parallel(enum placement placement)
{
	return placement != PLACE_ONE_CPU && placement_cpus() > 1;
}

bool placement_is_exclusive(enum placement placement, unsigned int workers)
{
	return workers == 1 || (placement != PLACE_ONE_CPU && placement_cpus() >= workers);
}

/* The number of the nth processor that we may use. */
static int nth_allowed(const cpu_set_t *allowed, unsigned int nth)
{
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, allowed) && !nth--)
			return cpu;
	return -1;
}

int placement_take(enum placement placement, unsigned int role)
{
	cpu_set_t allowed, one;
	int cpu;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return -1;
	if (!placement_is_parallel(placement))
		role = 0;
	cpu = nth_allowed(&allowed, role % CPU_COUNT(&allowed));
	if (cpu < 0)
		return -1;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one);
}
