/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For commands that run until they are told to stop: by SIGINT, SIGTERM or
 * SIGHUP, or by a reader of their output that goes. Signals come only inside
 * follow_poll() and follow_write(), so none comes between looking and sleeping.
 */
#ifndef KMQCTL_FOLLOW_H
#define KMQCTL_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How it ended, beside the STATUS_* that are complained about. */
enum {
	END_SIGNAL = -1,	/* asked to stop */
	END_PIPE = -2,		/* nobody reads the output any more */
	END_DRAINED = -3,	/* took what was there, as it was asked to */
};

#define FOLLOW_FOREVER	UINT64_MAX

/* From now on. Signals that were ignored (nohup, a script's job) stay so. */
void follow_begin(void);

/*
 * Sleeps until @fd (-1: none) is readable, for @ns at most. 1: it is; 0: not;
 * or END_*.
 */
int follow_poll(int fd, uint64_t ns);

/* All bytes to standard output. STATUS_OK, END_*, or STATUS_FAILED, which was said. */
int follow_write(const char *bytes, size_t size);

/* Dies as if the signal had not been caught: the shell wants to know. */
int follow_die(void);

#endif
