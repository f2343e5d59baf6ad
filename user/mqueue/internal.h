/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libkmq-mqueue: the calls of <mqueue.h> on kmq. libkmq-mqueue(7).
 *
 * Two layers. The calls by number are what the kernel's own system calls are:
 * syscall.c and the assembly reach them when a program makes the call with
 * syscall(2). The calls by name add to them what the C library adds: the slash of a
 * name, the cancellation point, the thread of SIGEV_THREAD.
 *
 * There is no state: a descriptor is the queue, to be inherited, passed, closed and
 * used again as a number without a word to the library. Nor is there a lock, or
 * memory from malloc(), so that a handler of a signal may send as it may natively.
 *
 *	open.c, unlink.c -> name.c, limits.c		by way of the hub, opened for the call
 *	transfer.c, attributes.c, notify.c -> failure.c	on the descriptor
 */
#ifndef LIBKMQ_MQUEUE_INTERNAL_H
#define LIBKMQ_MQUEUE_INTERNAL_H

#include <mqueue.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../shim/shim.h"

/*
 * Defines a function that programs call @name. Not under the declaration of
 * <mqueue.h>, whose word that a pointer is never NULL the compiler would believe:
 * the kernel takes a NULL for the time, the attributes and the priority.
 */
#define EXPORTED_AS(name) __asm__(#name) EXPORTED

/* By number: names are without their slash. 0 or what is said, or -1 and errno. */
int mqueue_open(const char *name, int flags, mode_t mode, const struct mq_attr *attributes);
int mqueue_unlink(const char *name);
int mqueue_put(mqd_t queue, const char *message, size_t size, unsigned int priority, uint64_t deadline);
ssize_t mqueue_take(mqd_t queue, char *message, size_t room, unsigned int *priority, uint64_t deadline);
int mqueue_attributes(mqd_t queue, const struct mq_attr *new, struct mq_attr *old);
int mqueue_notify(mqd_t queue, const struct sigevent *event);

/* 0 and the length of a name, which is the key of its queue; or an errno: what the kernel has against it. */
int mqueue_name(const char *name, uint32_t *size);

/* One ioctl on the hub, which is open for its time alone. What it says; or -1 and errno, ENOSYS where there is no hub. */
int mqueue_hub_call(unsigned long request, void *argument);

/*
 * Fills in of @open what the queue would be, if it has to be made. Returns 0, or the errno that the maker of a queue
 * meets, which one who finds the queue does not.
 */
int mqueue_describe(struct kmq_hub_open *open, const struct mq_attr *attributes);

/* As by number, but for a time that is none (0), and a cancellation point. */
int mqueue_send(mqd_t queue, const char *message, size_t size, unsigned int priority, uint64_t deadline);
ssize_t mqueue_receive(mqd_t queue, char *message, size_t room, unsigned int *priority, uint64_t deadline);

/* -1, with the errno that mq_send(3) has for the @error that an ioctl on @queue failed with. */
int mqueue_failed(mqd_t queue, int error);

#endif /* LIBKMQ_MQUEUE_INTERNAL_H */
