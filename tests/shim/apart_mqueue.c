// SPDX-License-Identifier: GPL-2.0-only
/*
 * Claims: what libkmq-mqueue(7) says is different; and of the thread that waits for a notification, in a program that
 * has just so many thread-local variables that the least stack of a thread is all but used up by them.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "twice.h"

#define NAME "/kmq-apart"

/* On x86-64 6 KiB less than 32 KiB: a thread with a stack of that size can just be made. */
static _Thread_local volatile char local[26400];

static void forget_queue(long unused)
{
	mq_unlink(NAME);
}

/* Not before the thread sleeps in the module: the rest of its way needs less. */
static void let_it_sleep(void)
{
	usleep(100000);
}

/* DIFFERENCES Notification: the thread has the stack that it needs, for the signal, too, by which setuid(2) reaches it. */
CLAIM(setuid_reaches_the_thread_of_a_program_with_much_thread_local_data)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	mqd_t q = mq_open(NAME, O_CREAT | O_EXCL | O_RDWR, 0600, NULL);

	HOLDS(q >= 0);
	finally(forget_queue, 0);
	local[0] = local[sizeof(local) - 1] = 1;
	GIVES(0, mq_notify(q, &event));
	let_it_sleep();
	GIVES(0, setuid(getuid()));
	GIVES(0, mq_notify(q, NULL));
}

/* DIFFERENCES Descriptors: with EPOLLET a receive that leaves messages is no event anew. */
CLAIM(a_receive_that_leaves_messages_is_no_edge)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	mqd_t q = mq_open(NAME, O_CREAT | O_EXCL | O_RDWR, 0600, NULL);
	int set = epoll_create1(0);
	char text[8192];

	HOLDS(q >= 0 && set >= 0);
	finally(forget_queue, 0);
	GIVES(0, epoll_ctl(set, EPOLL_CTL_ADD, q, &event));
	GIVES(0, mq_send(q, "one", 3, 0));
	GIVES(0, mq_send(q, "two", 3, 0));
	GIVES(1, epoll_wait(set, &event, 1, 0));
	GIVES(3, mq_receive(q, text, sizeof(text), NULL));
	GIVES(0, epoll_wait(set, &event, 1, 0));
	GIVES(0, mq_send(q, "three", 5, 0));
	GIVES(1, epoll_wait(set, &event, 1, 0));
}
