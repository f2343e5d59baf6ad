/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Failure at the nth site that could fail of what a thread does in the kernel: an
 * allocation, or a copy to or from user memory (Documentation/fault-injection in the
 * kernel's source, /proc/thread-self/fail-nth).
 */
#ifndef KMQ_TEST_FAILING_H
#define KMQ_TEST_FAILING_H

#include "kmq_test.h"

/* Whether this kernel can do it. */
bool failing_possible(void);
/* Once, by root: every allocation may fail, not only those that cannot wait; and silently. */
void failing_arm(void);
/* In each process, before its first failing_run(): no page fault is to be a site. */
void failing_begin(void);

/*
 * Runs what returns as a system call does, with its nth site failing. Returns whether
 * there was such a site; *error is the errno that was found behind it.
 */
bool failing_run(long (*run)(void), int nth, long *result, int *error);

/*
 * Repeats what tries one failure, and returns whether its site was there, for the first,
 * the second, ... site, until there is none. Returns how many there were.
 */
int failing_sites(bool (*try_site)(const void *operation, int nth), const void *operation);

/* Runs and tells, in a child: `ok - SUBJECTNAME: each of N sites can fail`. False: not so. */
bool failing_claim(const char *subject, const char *name,
		   bool (*try_site)(const void *operation, int nth), const void *operation);

/* For a kernel that cannot. The exit status. */
int failing_skip_all(void);

#endif /* KMQ_TEST_FAILING_H */
