/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_BITOPS_H
#define SHIM_LINUX_BITOPS_H

#define __ffs64(word) ((unsigned long)__builtin_ctzll(word))
#define BIT_ULL(n) (1ull << (n))

/* Which bit is the highest that is set, from 1; 0: none. */
static inline int fls64(unsigned long long word)
{
	return word ? 64 - __builtin_clzll(word) : 0;
}

#endif
