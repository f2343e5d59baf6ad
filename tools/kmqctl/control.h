/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control plane, as far as kmqctl knows it: this is the one file that
 * creates, changes, removes, finds and enumerates queues: by netlink, and what
 * /dev/kmq/control can do also there, where netlink is not to be had. Everything
 * here says what went wrong, a refusal of netlink in the kernel's own sentence,
 * and returns a STATUS_*, unless its comment tells otherwise.
 *
 * @name and @id: the queue of this name, or, where @name is NULL, of this number.
 * @action: the command's name, for what is said.
 */
#ifndef KMQCTL_CONTROL_H
#define KMQCTL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include <kmq_nl.h>

/*
 * Creates without opening. One that exists is an error, unless @existed is there to
 * be told.
 */
int control_create(const char *name, const struct kmq_create_options *options, bool *existed);

/* Creates and opens; the descriptor, which is close-on-exec, goes to *@fd. */
int control_create_open(const char *name, const struct kmq_create_options *options, int *fd);

/* All of @settings, or nothing. */
int control_set(const char *action, const char *name, uint32_t id,
		const struct kmq_nl_settings *settings);

/* @missing_ok: one that is not there is as good as removed. */
int control_remove(const char *name, bool missing_ok);
int control_remove_id(uint32_t id, bool missing_ok);

/*
 * The queues that a shell @pattern matches (NULL: all) and this user may see, in
 * the order of their numbers; the caller frees *@queues.
 */
int control_list(const char *pattern, struct kmq_nl_queue **queues, size_t *count);

/* Settings and ledger of one queue, and if @histograms is not NULL its times. */
int control_find(const char *action, const char *name, uint32_t id, struct kmq_nl_queue *queue,
		 struct kmq_nl_histograms *histograms);

/* Who keeps a queue, or sleeps in it. Silent; 0 or an errno. The caller frees *@list. */
int control_holders(uint32_t id, struct kmq_nl_holder **list, size_t *count);

/* The handle, to listen with; NULL and errno, silently. */
struct kmq_nl *control_events(void);

/* Says why the last call of netlink, by this file or on its handle, failed. */
int complain_family(const char *action, const char *name);

/* For doctor, which words its own findings: silent; 0 or an errno. */
int control_features(struct kmq_features *features);
int control_family(void);

#endif
