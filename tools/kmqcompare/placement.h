/* SPDX-License-Identifier: GPL-2.0-only */
/* Which processors the workers run on. */
#ifndef KMQCOMPARE_PLACEMENT_H
#define KMQCOMPARE_PLACEMENT_H

#include "workload.h"

#include <stdbool.h>

/* Processors that this process may use. */
unsigned int placement_cpus(void);

/* True if there are enough of them for it. */
bool placement_possible(enum placement placement);

/* True if two workers placed so run at the same time here. */
bool placement_is_parallel(enum placement placement);

/* True if each of so many workers has a processor of its own. */
bool placement_is_exclusive(enum placement placement, unsigned int workers);

/* Pins the calling worker. 0, or -1 with errno. */
int placement_take(enum placement placement, unsigned int role);

#endif
