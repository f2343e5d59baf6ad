/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that is there or the program is not: a tool this small has nothing
 * better to do without memory than to say so and exit 1.
 */
#ifndef KMQCTL_MEMORY_H
#define KMQCTL_MEMORY_H

#include <stddef.h>

void *memory_get(size_t size);
/* @old may be NULL; it is gone after the call. */
void *memory_resize(void *old, size_t count, size_t size);
char *memory_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the program if @pointer, fresh from a library, is NULL; else returns it. */
void *memory_check(void *pointer);

#endif
