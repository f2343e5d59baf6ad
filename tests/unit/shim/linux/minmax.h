/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_MINMAX_H
#define SHIM_LINUX_MINMAX_H

#define min_t(type, a, b) \
	({ type shim_a = (a), shim_b = (b); shim_a < shim_b ? shim_a : shim_b; })

#endif
