/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_MINMAX_H
#define SHIM_LINUX_MINMAX_H

#define min_t(type, a, b) \
	({ type shim_a = (a), shim_b = (b); shim_a < shim_b ? shim_a : shim_b; })

#define swap(a, b) \
	do { __auto_type shim_a = (a); (a) = (b); (b) = shim_a; } while (0)

#endif
