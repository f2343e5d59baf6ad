/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Failure at the nth site that could fail of what a thread does in the kernel: an
 * allocation, or a copy to or from user memory (Documentation/fault-injection in the
 * kernel's source, /proc/thread-self/fail-nth).
 */
#ifndef KMQ_TEST_FAILING_H
#define KMQ_TEST_FAILING_H

#include "kmq_test.h"

/*
 * A program's main(): `PROGRAM [PATTERN]`. @try_all calls failing_claim() for each operation that
 * the pattern, "" without one, is about. Ends with `N passed, N failed`, or with a skip where
 * the kernel cannot do it.
 */
int failing_main(int argc, char **argv, void (*try_all)(const char *pattern));

/*
 * Runs what returns as a system call does, with its nth site failing. Returns whether
 * there was such a site; *error is the errno that was found behind it.
 */
bool failing_run(long (*run)(void), int nth, long *result, int *error);

/*
 * Repeats what tries one failure, and returns whether its site was there, for the first, the
 * second, ... site, until there is none. In a child; told and counted: `ok - SUBJECTNAME: each
 * of N sites can fail`.
 */
void failing_claim(const char *subject, const char *name,
		   bool (*try_site)(const void *operation, int nth), const void *operation);

#endif /* KMQ_TEST_FAILING_H */
