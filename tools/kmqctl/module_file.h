/* SPDX-License-Identifier: GPL-2.0-only */
/* A kmq.ko on disk: where it is, what kernel it was built for, whether signed. */
#ifndef KMQCTL_MODULE_FILE_H
#define KMQCTL_MODULE_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct module_file {
	char vermagic[256];
	bool is_signed;
};

/*
 * The module installed for the kernel @release below the system's /lib/modules:
 * its path as this process sees it, for the caller to free, or NULL.
 */
char *module_file_find(const char *release);

/* Whether modprobe would find it: it stands in modules.dep. */
bool module_file_is_indexed(const char *release);

/* Another release that has the module, for the caller to free; NULL if none. */
char *module_file_other_release(const char *release);

/*
 * Reads the file, through xz, zstd or gzip if its name says so.
 * Returns 0, or -1 if it cannot be read or is not a kernel module.
 */
int module_file_read(const char *path, struct module_file *file);

/* The same from bytes in memory. */
int module_file_parse(const void *bytes, size_t size, struct module_file *file);

#endif
