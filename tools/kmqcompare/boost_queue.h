/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Boost.Interprocess's message_queue for C: a queue in shared memory that has no name
 * any more, mapped before the workers fork.
 */
#ifndef KMQCOMPARE_BOOST_QUEUE_H
#define KMQCOMPARE_BOOST_QUEUE_H

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct boost_queue;

/* NULL/errno. */
struct boost_queue *boost_queue_open(size_t capacity, size_t size);
void boost_queue_close(struct boost_queue *queue);

/* 0; the length; or -1/errno. */
int boost_queue_send(struct boost_queue *queue, const void *body, size_t size);
ssize_t boost_queue_receive(struct boost_queue *queue, void *body, size_t room);

#ifdef __cplusplus
}
#endif

#endif
