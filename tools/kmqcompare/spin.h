/* SPDX-License-Identifier: GPL-2.0-only */
/* What a loop does that waits by asking again. */
#ifndef KMQCOMPARE_SPIN_H
#define KMQCOMPARE_SPIN_H

static inline void spin_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

#endif
