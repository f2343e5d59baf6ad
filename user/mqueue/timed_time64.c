// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The same again for 32-bit programs built with _TIME_BITS=64, where the C library's own
 * time_t has 32 bits: <mqueue.h> gives the calls these names there. Elsewhere this file is empty.
 */
#if __SIZEOF_LONG__ == 4 && __has_include(<bits/timesize.h>)
#include <bits/timesize.h>
#endif

#if defined(__TIMESIZE) && __TIMESIZE == 32
#undef _TIME_BITS
#define _TIME_BITS 64
#undef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#define TIMED_TIME64
#include "timed.c"
#endif
