/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the library share. Everything is compiled with hidden
 * visibility but the public header, so that what is not in it is not exported.
 *
 *	kmq.h verbs (send.c, receive.c, lease.c, batch.c, call.c, deadline.c)
 *	-> here: one function per system call, which takes flags and a deadline
 *	-> message.c: the library's types to the kernel's and back
 */
#ifndef LIBKMQ_INTERNAL_H
#define LIBKMQ_INTERNAL_H

#pragma GCC visibility push(default)
#include <kmq.h>
#pragma GCC visibility pop

#include "deadline.h"

/* Deadlines are in the kernel's words: CLOCK_MONOTONIC in ns. */

int libkmq_send(int fd, struct kmq_msg *msg, unsigned int flags, uint64_t deadline);

/* @flags are the caller's, checked; @how are added by the verb. */
int libkmq_receive(int fd, struct kmq_msg *msg, const struct kmq_selection *which,
		   unsigned int flags, unsigned int how, uint64_t deadline);
int libkmq_send_batch(int fd, const struct kmq_message *messages, unsigned int count,
		      unsigned int how, uint64_t deadline);
int libkmq_receive_batch(int fd, struct kmq_message *messages, unsigned int count,
			 const struct kmq_selection *which, unsigned int flags,
			 unsigned int how, uint64_t deadline);
int libkmq_call(int fd, const struct kmq_msg *request, struct kmq_msg *reply,
		unsigned int flags, uint64_t deadline);

/* message.c */
int libkmq_message_to_send(struct kmq_message *to, const struct kmq_msg *from);
int libkmq_message_to_receive(struct kmq_message *to, const struct kmq_msg *from,
			      unsigned int flags);
void libkmq_message_received(struct kmq_msg *to, const struct kmq_message *from);

/* EINVAL and -1 unless @name can be that of a queue; else @to is zero-filled. */
int libkmq_name(char to[KMQ_NAME_SIZE], const char *name);

/* Flags that a caller may give to a receive; the others are said by the verb. */
int libkmq_flags_ok(unsigned int flags);

#endif /* LIBKMQ_INTERNAL_H */
