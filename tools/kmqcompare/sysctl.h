/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel limits that are one number in a file below /proc/sys. */
#ifndef KMQCOMPARE_SYSCTL_H
#define KMQCOMPARE_SYSCTL_H

/* Returns the number (0 or more), or -1 if it cannot be read. */
long sysctl_read(const char *path);

/* 0, or -1 with errno. */
int sysctl_write(const char *path, long value);

#endif
