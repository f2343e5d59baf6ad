/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory for rings, mapped before the workers fork. None of it has a name that stays. */
#ifndef KMQCOMPARE_SHM_MEMORY_H
#define KMQCOMPARE_SHM_MEMORY_H

#include "mechanism.h"

/* Zeroed bytes that forked processes share, of no file. NULL: none to be had. */
void *shm_memory(size_t bytes);

/* The same, of the file that @fd is: made that long, and its room reserved. */
void *shm_map_file(int fd, size_t bytes);

void shm_release(void *memory, size_t bytes);

/* Has this process's page table filled, so that no first touch of a page is measured. */
void shm_touch(void *memory, size_t bytes);

/* A new file in $TMPDIR or /tmp without a name: gone with its last user. -1/errno. */
int temporary_file(void);

#endif
