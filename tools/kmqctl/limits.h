/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module lets users have, from its parameters. */
#ifndef KMQCTL_LIMITS_H
#define KMQCTL_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kmq_nl.h>

struct table_format;

#define LIMIT_QUEUES		"max_queues"
#define LIMIT_USERS_QUEUES	"max_queues_per_user"
#define LIMIT_USERS_BYTES	"max_bytes_per_user"

/* Returns false if the module, or /sys, does not tell. */
bool limit_read(const char *name, uint64_t *limit);

/* What one user has, as far as these queues tell. */
uint64_t limit_users_queues(const struct kmq_nl_queue *queues, size_t count, uid_t uid);
/* At least: the module adds what its slots cost. */
uint64_t limit_users_bytes(const struct kmq_nl_queue *queues, size_t count, uid_t uid);

/* Prints all there are. Returns a STATUS_*. */
int limits_print(struct table_format *format);

#endif
