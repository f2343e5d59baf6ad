/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queues of the hub for people: what their spaces and keys are called, and who is
 * to be notified. Pure; strings are the caller's to free.
 */
#ifndef KMQCTL_KEY_H
#define KMQCTL_KEY_H

#include <stddef.h>
#include <stdint.h>

/* NULL for one that has no name. */
const char *space_name(uint32_t space);

/* By name or number. 0, or -1. */
int space_value(const char *text, uint32_t *space);

/*
 * A key_t as ipcs(1) shows it, a POSIX name with its slash, text as it is, and all
 * else in hexadecimal.
 */
char *key_text(uint32_t space, const void *bytes, size_t size);

/* "SIGUSR1", "thread", "none" of a POSIX queue; else the two numbers. */
char *notify_text(uint32_t space, const uint64_t show[2]);

#endif
