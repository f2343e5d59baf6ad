/* SPDX-License-Identifier: GPL-2.0-only */
/* What the POSIX claims say again and again. */
#ifndef TWICE_MQUEUE_H
#define TWICE_MQUEUE_H

#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "twice.h"

#define NAME "/kmq-claim"
#define NAME2 "/kmq-claim-2"

enum { UNTOUCHED = 0xee };

static _Thread_local struct {
	char text[70000];
	unsigned int priority;
} in;

static inline void forget_name(long name)
{
	mq_unlink((const char *)name);
}

/* It goes when the claim ends; @name is a literal. */
static inline void mine(const char *name)
{
	finally(forget_name, (long)name);
}

static inline mqd_t make(const char *name, int flags, mode_t mode, long most, long size)
{
	struct mq_attr attributes = { .mq_maxmsg = most, .mq_msgsize = size };

	return mq_open(name, flags | O_CREAT, mode, &attributes);
}

/* NUMBER(), and there is one. */
#define OPENED(call) ({ int fd_ = (int)NUMBER(call); HOLDS(fd_ >= 0); fd_; })

static inline mqd_t queue(long most, long size)
{
	mqd_t q = OPENED(make(NAME, O_RDWR | O_EXCL, 0600, most, size));

	mine(NAME);
	return q;
}

static inline int say(mqd_t q, const char *text, unsigned int priority)
{
	return mq_send(q, text, strlen(text), priority);
}

static inline ssize_t hear(mqd_t q)
{
	memset(in.text, UNTOUCHED, sizeof(in.text));
	in.priority = 12345678;
	return mq_receive(q, in.text, sizeof(in.text), &in.priority);
}

static inline void got(const char *text, unsigned int priority)
{
	size_t size = strlen(text);

	tell("priority %u, \"%.*s\"", in.priority, (int)size, in.text);
	HOLDS(in.priority == priority);
	if (memcmp(in.text, text, size) || (unsigned char)in.text[size] != UNTOUCHED)
		HOLDS(!"the text");
}

static inline struct mq_attr attributes_of(mqd_t q)
{
	struct mq_attr attributes;

	memset(&attributes, UNTOUCHED, sizeof(attributes));
	GIVES(0, mq_getattr(q, &attributes));
	return attributes;
}

static inline struct timespec from_now(long ms)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += ms % 1000 * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

/* For actors: queue, bytes, priority. */
static inline void do_send(const long *a)
{
	static _Thread_local char text[8192];

	memset(text, 'a' + a[2] % 26, sizeof(text));
	tell("mq_send of %ld bytes, priority %ld", a[1], a[2]);
	RESULT(mq_send((mqd_t)a[0], text, a[1], (unsigned int)a[2]));
}

/* For actors: queue. What came is told. */
static inline void do_receive(const long *a)
{
	tell("mq_receive");
	if (RESULT(hear((mqd_t)a[0])) >= 0)
		tell("priority %u, first byte %c", in.priority, in.text[0]);
}

/* For actors: queue, milliseconds. */
static inline void do_timed_receive(const long *a)
{
	struct timespec at = from_now(a[1]);

	RESULT(mq_timedreceive((mqd_t)a[0], in.text, sizeof(in.text), NULL, &at));
}

static inline void do_timed_send(const long *a)
{
	struct timespec at = from_now(a[1]);

	RESULT(mq_timedsend((mqd_t)a[0], "x", 1, 0, &at));
}

static inline void on_signal(int signal)
{
}

/* For actors: SIGUSR1 has a handler, with these flags. */
static inline void do_handle(const long *a)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)a[0] };

	RESULT(sigaction(SIGUSR1, &action, NULL));
}

#endif
