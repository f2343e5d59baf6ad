/* SPDX-License-Identifier: GPL-2.0-only */
/* CLOCK_MONOTONIC, which is the time kmq stamps with, in nanoseconds. */
#ifndef KMQCTL_CLOCK_H
#define KMQCTL_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_SECOND	1000000000ull

uint64_t clock_now(void);

/* How long ago @then was; 0 if it is yet to come. */
uint64_t clock_since(uint64_t then);

struct timespec clock_timespec(uint64_t ns);

#endif
