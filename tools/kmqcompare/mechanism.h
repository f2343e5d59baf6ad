/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mechanism: one way to carry messages from one process to another.
 *
 * To add one, write a file in mechanisms/ that defines a struct mechanism, and
 * add its line to the table in mechanisms.c. Everything else (the workloads,
 * verification, costs, tables, JSON) finds it there.
 */
#ifndef KMQCOMPARE_MECHANISM_H
#define KMQCOMPARE_MECHANISM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Every body that send and receive are given has this many writable bytes in
 * front of it, aligned to 64, so that a mechanism whose messages begin with a
 * header of its own needs no second copy.
 */
#define CHANNEL_HEADROOM	64

#define REASON_SIZE		160

/**
 * struct channel - one direction of a mechanism, from any sender to any receiver
 * @size: bytes of every message on it
 * @capacity: in: messages it should hold before a sender sleeps; out: what it
 *	really holds
 * @syscalls: system calls made on it by this process; counted by SYSCALL()
 * @fd: for mechanisms that need no more than two descriptors
 * @state: anything else that the mechanism keeps
 * @reason: set by a failing open(), if it knows better than errno
 *
 * Opened before the workers fork, so each process has its own copy of this
 * struct and shares what the mechanism itself shares.
 */
struct channel {
	uint32_t size;
	uint32_t capacity;
	uint64_t syscalls;
	int fd[2];
	void *state;
	char reason[REASON_SIZE];
};

/* Counts a system call where it is made: SYSCALL(channel, read(...)). */
#define SYSCALL(channel, call)	(++(channel)->syscalls, (call))

/* One of the messages of a batch. */
struct batch_item {
	void *body;
	uint32_t size;
};

enum mechanism_trait {
	/* Nothing travels: it only marks the zero of a scale. */
	MECHANISM_CARRIES_NOTHING	= 1 << 0,
	/* Measures the harness itself; is subtracted from all others. */
	MECHANISM_IS_HARNESS		= 1 << 1,
	/* Messages of one call each are another mechanism's business. */
	MECHANISM_BATCHES_ONLY		= 1 << 2,
};

/**
 * struct mechanism - the hooks of one mechanism
 * @name: what --only takes and JSON says
 * @title: for people
 * @traits: enum mechanism_trait, or-ed
 * @unavailable: NULL, or returns why it cannot run here (NULL if it can)
 * @open: makes a channel. 0, or -1 with errno or channel->reason
 * @close: ends it, in the process that opened it, after the workers are gone;
 *	leaves nothing behind in the system
 * @send: sends one message; sleeps while the channel is full. 0, or -1/errno
 * @receive: takes the oldest message; sleeps while there is none. Its length,
 *	or -1/errno
 * @send_typed: as @send, with a type of 1 or more. NULL: has no types
 * @receive_typed: as @receive, the oldest of that type; 0 is any type
 * @send_batch: sends the first messages of several in one system call, sleeps
 *	for the first only. How many, or -1/errno. NULL: has no batches
 * @receive_batch: the same for receiving; sets each item's size
 */
struct mechanism {
	const char *name;
	const char *title;
	unsigned int traits;
	const char *(*unavailable)(void);
	int (*open)(struct channel *channel);
	void (*close)(struct channel *channel);
	int (*send)(struct channel *channel, void *body, uint32_t size);
	ssize_t (*receive)(struct channel *channel, void *body, uint32_t room);
	int (*send_typed)(struct channel *channel, void *body, uint32_t size, long type);
	ssize_t (*receive_typed)(struct channel *channel, void *body, uint32_t room, long type);
	int (*send_batch)(struct channel *channel, struct batch_item *items, unsigned int count);
	int (*receive_batch)(struct channel *channel, struct batch_item *items,
			     unsigned int count);
};

/* The table, in the order of output; ends with NULL. */
extern const struct mechanism *const mechanisms[];

/* Returns the mechanism of that name, or NULL. */
const struct mechanism *mechanism_find(const char *name);

/*
 * For open(): why it failed, as printf() says it. Returns -1.
 */
__attribute__((format(printf, 2, 3)))
int channel_refuse(struct channel *channel, const char *format, ...);

#endif
