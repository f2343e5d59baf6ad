/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control plane, as far as kmqctl knows it: this is the one file that
 * creates, removes, finds and enumerates queues. Everything here says what went
 * wrong and returns a STATUS_*, unless its comment tells otherwise.
 */
#ifndef KMQCTL_CONTROL_H
#define KMQCTL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include <kmq.h>

/* Creates without opening. */
int control_create(const char *name, const struct kmq_create_options *options);

/* Creates and opens; the descriptor, which is close-on-exec, goes to *@fd. */
int control_create_open(const char *name, const struct kmq_create_options *options, int *fd);

/* @missing_ok: one that is not there is as good as removed. */
int control_remove(const char *name, bool missing_ok);

/* All queues, in the order of their creation; the caller frees *@queues. */
int control_list(struct kmq_info **queues, size_t *count);

/* Settings and ledger of a queue, by its name or by its id. */
int control_find(const char *name, struct kmq_info *info);
int control_find_id(uint32_t id, struct kmq_info *info);

/* For doctor, which words its own findings: silent; 0 or an errno. */
int control_features(struct kmq_features *features);

#endif
