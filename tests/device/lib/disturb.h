/* SPDX-License-Identifier: GPL-2.0-only */
/* Signals to who sleeps in a queue: SIGUSR1, of which each is known to be handled before the next. */
#ifndef KMQ_TEST_DISTURB_H
#define KMQ_TEST_DISTURB_H

#include "kmq_test.h"

/* How many a child has handled, where its parent can see it. */
extern volatile sig_atomic_t *handled;

void share_count(void);		/* before the child */
void handle(int flags);		/* in it: sigaction(2)'s flags */

/* Signals the one process that sleeps in the queue, each time until it sleeps again. */
void disturb(int fd, pid_t pid, unsigned int times);

#endif /* KMQ_TEST_DISTURB_H */
