/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_ATOMIC_H
#define SHIM_LINUX_ATOMIC_H

#include <linux/compiler.h>

#define smp_load_acquire(p) \
	({ SHIM_ACCESS(p); __atomic_load_n(p, __ATOMIC_ACQUIRE); })
#define smp_store_release(p, value) \
	({ SHIM_ACCESS(p); __atomic_store_n(p, value, __ATOMIC_RELEASE); })
#define xchg(p, value) \
	({ SHIM_ACCESS(p); __atomic_exchange_n(p, value, __ATOMIC_SEQ_CST); })
#define cmpxchg(p, old, value)						\
({									\
	__typeof__(*(p)) shim_old = (old);				\
									\
	SHIM_ACCESS(p);							\
	__atomic_compare_exchange_n(p, &shim_old, value, false,		\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);	\
	shim_old;							\
})
#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)

#endif
