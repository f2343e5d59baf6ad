/* SPDX-License-Identifier: GPL-2.0-only */
/* Only embedded here, never taken: the pure files run under a lock of others. */
#ifndef SHIM_LINUX_SPINLOCK_H
#define SHIM_LINUX_SPINLOCK_H

typedef struct { int unused; } spinlock_t;

#endif
