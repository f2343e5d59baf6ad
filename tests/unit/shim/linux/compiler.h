/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accesses to memory that others change meanwhile. SHIM_ACCESS() is called before
 * each, so that a test can be one of these others at any point, and count.
 */
#ifndef SHIM_LINUX_COMPILER_H
#define SHIM_LINUX_COMPILER_H

#ifdef SHIM_ACCESS_HOOK
void shim_access(const volatile void *where);
#define SHIM_ACCESS(where) shim_access(where)
#else
#define SHIM_ACCESS(where) ((void)0)
#endif

#define READ_ONCE(x) \
	({ SHIM_ACCESS(&(x)); __atomic_load_n(&(x), __ATOMIC_RELAXED); })
#define WRITE_ONCE(x, value) \
	({ SHIM_ACCESS(&(x)); __atomic_store_n(&(x), value, __ATOMIC_RELAXED); })

#endif
