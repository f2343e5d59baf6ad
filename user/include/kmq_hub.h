/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kmq: queues reached by key or id, the short transfer, notification.
 *
 * Link with -lkmq. kmq_hub(3), kmq_put(3), kmq_notify(3); the structs, their
 * flags and the errors of each are in <linux/kmq.h>. These calls are what
 * libkmq-sysv and libkmq-mqueue are made of: they add nothing to the system call
 * but its name, so that a caller who counts instructions need not go around
 * them.
 *
 * As in <kmq.h>: 0, or what is said, or -1 with errno set; nothing here
 * allocates memory, keeps state or takes a lock.
 */
#ifndef KMQ_HUB_H
#define KMQ_HUB_H

#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include <linux/kmq.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KMQ_HUB_PATH	"/dev/kmq/.hub"

/**
 * kmq_put() - send one message to the queue of a descriptor
 * @queue: descriptor open for writing
 * @message: see struct kmq_short; @id is 0
 *
 * Sleeps as kmq_send() does, unless told not to. A cancellation point it is not.
 */
static inline int kmq_put(int queue, const struct kmq_short *message)
{
	return ioctl(queue, KMQ_IOC_PUT, message);
}

/**
 * kmq_take() - receive one message from the queue of a descriptor
 * @queue: descriptor open for reading
 * @message: likewise
 *
 * Return: bytes at @message->body, without the head.
 */
static inline ssize_t kmq_take(int queue, const struct kmq_short *message)
{
	return ioctl(queue, KMQ_IOC_TAKE, message);
}

/** kmq_hub_put() - kmq_put() to the queue of @message->id */
static inline int kmq_hub_put(int hub, const struct kmq_short *message)
{
	return ioctl(hub, KMQ_HUB_PUT, message);
}

/** kmq_hub_take() - kmq_take() from the queue of @message->id */
static inline ssize_t kmq_hub_take(int hub, const struct kmq_short *message)
{
	return ioctl(hub, KMQ_HUB_TAKE, message);
}

/**
 * kmq_hub() - open the hub
 *
 * Return: a descriptor (O_CLOEXEC), the caller's to close; or -1: ENOENT, ENXIO
 * the module is not loaded or has no hub, EACCES, EMFILE, ENFILE as open(2).
 */
int kmq_hub(void);

/** kmq_hub_open() - find a queue by its key, or make one; see the struct */
int kmq_hub_open(int hub, struct kmq_hub_open *open);

/** kmq_hub_stat() - what is known of a queue, or of a space */
int kmq_hub_stat(int hub, struct kmq_hub_stat *stat);

/** kmq_hub_set() - owner, mode and limits, all or none */
int kmq_hub_set(int hub, const struct kmq_hub_set *set);

/** kmq_hub_remove() - by id or key */
int kmq_hub_remove(int hub, const struct kmq_hub_remove *remove);

/**
 * kmq_notify_add() - be told once when a message comes into the empty queue
 * @queue: descriptor, open for anything
 * @flags: KMQ_NOTIFY_*
 * @show: what netlink shows of it, or NULL; with KMQ_NOTIFY_SIGNAL the signal
 * @cookie: in: with KMQ_NOTIFY_SIGNAL its value; out: for kmq_notify_wait()
 *
 * Return: 0, or -1: EBUSY if somebody is to be told already; EINVAL if KMQ_NOTIFY_SIGNAL has no signal from 1 to 64
 * in @show[1], or KMQ_NOTIFY_SILENT beside it.
 */
int kmq_notify_add(int queue, uint32_t flags, const uint64_t show[2], uint64_t *cookie);

/** kmq_notify_drop() - end the registration of the caller's process, if there is one */
int kmq_notify_drop(int queue);

/**
 * kmq_notify_wait() - sleep until a registration has ended
 * @queue: descriptor of the same queue
 * @notify: in: @cookie; out: @outcome, @pid, @uid
 */
int kmq_notify_wait(int queue, struct kmq_notify *notify);

#ifdef __cplusplus
}
#endif

#endif /* KMQ_HUB_H */
