/* SPDX-License-Identifier: GPL-2.0-only */
/* Failures in one sentence each, on standard error. */
#ifndef KMQCTL_COMPLAIN_H
#define KMQCTL_COMPLAIN_H

/* Returns STATUS_FAILED. */
int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Why a call on a queue failed with @error, in words. Static. */
const char *cause_of(int error);

/*
 * "cannot ACTION queue 'NAME': cause". Returns the status to exit with:
 * STATUS_LATER where waiting longer might have helped, else STATUS_FAILED.
 */
int complain_queue(const char *action, const char *name, int error);

/* For a failure at /dev/kmq/control. Returns STATUS_FAILED. */
int complain_control(int error);

/* For a name no queue can have. Returns STATUS_FAILED. */
int complain_name(const char *name);

#endif
