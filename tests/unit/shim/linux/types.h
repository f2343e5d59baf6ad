/* SPDX-License-Identifier: GPL-2.0-only */
/* What the pure files of kmod/ want of the kernel, in user space. */
#ifndef SHIM_LINUX_TYPES_H
#define SHIM_LINUX_TYPES_H

#include_next <linux/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;

struct list_head {
	struct list_head *next, *prev;
};

#define S64_MAX INT64_MAX
#define __user
#define __aligned(n) __attribute__((aligned(n)))
#define likely(x) (x)
#define unlikely(x) (x)
#define IS_ENABLED(option) 0
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#endif
