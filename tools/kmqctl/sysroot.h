/* SPDX-License-Identifier: GPL-2.0-only */
/* The files of the system that is examined: the running one, or one below a directory. */
#ifndef KMQCTL_SYSROOT_H
#define KMQCTL_SYSROOT_H

#include <stdbool.h>
#include <stddef.h>

/* Where the system lies; "" (the start) is the running one. */
void sysroot_set(const char *directory);
bool sysroot_is_running(void);

/* A path of the system as this process sees it; the caller frees it. */
char *sysroot_path(const char *format, ...) __attribute__((format(printf, 1, 2)));

bool sysroot_exists(const char *path);

/*
 * The file's content, NUL-terminated, at most @room - 1 bytes of it, without a
 * newline at the end. Returns its length, or -1 if it cannot be read.
 */
long sysroot_read(const char *path, char *content, size_t room);

#endif
