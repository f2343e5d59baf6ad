// SPDX-License-Identifier: GPL-2.0-only
#include <stddef.h>
#include <string.h>

#include <linux/kmq_ring.h>

#include "ring_mode.h"

static const char *const names[] = {
	[KMQ_RING_SPSC] = "spsc",
	[KMQ_RING_MPSC] = "mpsc",
	[KMQ_RING_MPMC] = "mpmc",
	[KMQ_RING_BROADCAST] = "broadcast",
};

#define MODES	(sizeof(names) / sizeof(*names))

const char *ring_mode_name(uint32_t mode)
{
	return mode < MODES ? names[mode] : NULL;
}

int ring_mode_value(const char *name)
{
	for (size_t i = 0; i < MODES; i++) {
		if (!strcmp(names[i], name))
			return (int)i;
	}
	return -1;
}
