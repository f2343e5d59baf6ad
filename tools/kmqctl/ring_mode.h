/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of the modes of a ring, as options and columns have them. */
#ifndef KMQCTL_RING_MODE_H
#define KMQCTL_RING_MODE_H

#include <stdint.h>

/* NULL for one that this program does not know. */
const char *ring_mode_name(uint32_t mode);

/* enum kmq_ring_mode, or -1. */
int ring_mode_value(const char *name);

#endif
