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

#include <stdbool.h>
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

/* The most processes that may use one channel. */
#define CHANNEL_SENDERS		4
#define CHANNEL_RECEIVERS	4

/* Who a process is to a channel. */
enum side {
	SIDE_SENDER,
	SIDE_RECEIVER,
	SIDE_BOTH,	/* one process that sends to itself */
};

/**
 * struct shape - what a workload asks of a channel
 * @size: bytes of every message, PAYLOAD_MIN to PAYLOAD_MAX
 * @capacity: messages that it should hold
 * @batch: the most messages of one batch; 1: no batches
 * @senders: processes that send, 1 to CHANNEL_SENDERS
 * @receivers: processes that receive, 1 to CHANNEL_RECEIVERS. Whoever asks first
 *	gets the message: each goes to one of them
 * @parallel: the workers run on processors of their own
 */
struct shape {
	uint32_t size;
	uint32_t capacity;
	uint32_t batch;
	unsigned int senders;
	unsigned int receivers;
	bool parallel;
};

/**
 * struct channel - one direction of a mechanism, from any sender to any receiver
 * @shape: what was asked for
 * @size: bytes of every message on it; as in @shape
 * @capacity: in: messages it should hold before a sender waits; out: what it
 *	always holds
 * @most: out: the most that it may hold before a sender waits, where that is more
 *	than @capacity; 0: the same. What a mechanism fills depends on nothing else,
 *	but for TCP and ZeroMQ, which may stop anywhere between the two
 * @syscalls: system calls made on it by this process; counted by SYSCALL()
 * @copied: bytes that were copied from one place in memory to another on behalf
 *	of this process; counted by COPIED()
 * @fd: for mechanisms that need no more than two descriptors
 * @state: anything else that the mechanism keeps
 * @reason: set by a failing open() or attach(), if it knows better than errno
 *
 * Opened before the workers fork, so each process has its own copy of this
 * struct and shares what the mechanism itself shares.
 */
struct channel {
	struct shape shape;
	uint32_t size;
	uint32_t capacity;
	uint32_t most;
	uint64_t syscalls;
	uint64_t copied;
	int fd[2];
	void *state;
	char reason[REASON_SIZE];
};

/* Counts a system call where it is made: SYSCALL(channel, read(...)). */
#define SYSCALL(channel, call)	(++(channel)->syscalls, (call))

/*
 * Counts the copying of @bytes of a body, by the kernel at a system call's behest
 * or by ourselves, where it is made. What the harness does to a body (making and
 * verifying it) is no copy.
 */
#define COPIED(channel, bytes)	((void)((channel)->copied += (bytes)))

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
	/*
	 * Who finds it empty (or full) asks again until it is not, and burns its
	 * processor meanwhile. Never in one table with those that sleep.
	 */
	MECHANISM_SPINS			= 1 << 3,
	/* Each message is a request that is answered before the next is sent. */
	MECHANISM_CALLS			= 1 << 4,
	/* By this project's module; without it: not loaded. */
	MECHANISM_IS_KMQ		= 1 << 5,
	/*
	 * Who sends never waits, and what is not received in time is overwritten: for
	 * workloads that send again only when the last message was received.
	 */
	MECHANISM_OVERWRITES		= 1 << 6,
	/* Another mechanism in another mode: a quick run has it only if it is named. */
	MECHANISM_IS_VARIANT		= 1 << 7,
};

/**
 * struct mechanism - the hooks of one mechanism
 * @name: what --only takes and JSON says
 * @title: for people
 * @about: one sentence for people: what carries the bytes, what makes the
 *	processes wait, by which calls
 * @traits: enum mechanism_trait, or-ed
 * @unavailable: NULL, or returns why it cannot run here (NULL if it can)
 * @unfit: NULL, or returns why it has no such channel (NULL if it has):
 *	"a byte stream: two readers would share a message"
 * @open: makes a channel. 0, or -1 with errno or channel->reason
 * @attach: NULL, or makes the channel ready for this process, a worker after
 *	fork; called once, before the first message, in every worker that will
 *	use the channel, for its own copy of the struct. @nth of those of its
 *	side, from 0. 0, or -1 with errno or channel->reason
 * @count: NULL, or adds to channel->syscalls the calls that were made elsewhere since
 *	it was last called, in the same worker
 * @detach: NULL, or ends what attach() made, in the same worker, when it has done
 *	its work; one that was killed has not called it
 * @close: ends it, in the process that opened it, after the workers are gone;
 *	leaves nothing behind in the system
 * @send: sends one message; waits while the channel is full. 0, or -1/errno
 * @receive: takes the oldest message; waits while there is none. Its length,
 *	or -1/errno
 * @send_typed: as @send, with a type of 1 or more. NULL: has no types
 * @receive_typed: as @receive, the oldest of that type; 0 is any type
 * @send_batch: sends the first messages of several in one system call (or one
 *	passage of the lock), waits for the first only. How many, or -1/errno.
 *	NULL: has no batches
 * @receive_batch: the same for receiving; sets each item's size
 * @reserve: NULL, or waits for room and returns where the next message is to be
 *	made, aligned to 8, so that it need not be copied; NULL/errno. The workloads
 *	that send one message at a time use it, and the three below, rather than
 *	@send and @receive, which are there as well
 * @commit: sends what was made there. 0, or -1/errno
 * @peek: waits for the oldest message and tells where it lies. Its length, or
 *	-1/errno
 * @release: it was read. 0, or -1/errno
 * @call: MECHANISM_CALLS: sends a request and waits for its answer. The
 *	answer's length, or -1/errno
 * @take_request: MECHANISM_CALLS, the other side: waits for a request. Its
 *	length, or -1/errno
 * @answer: answers the request last taken. 0, or -1/errno
 */
struct mechanism {
	const char *name;
	const char *title;
	const char *about;
	unsigned int traits;
	const char *(*unavailable)(void);
	const char *(*unfit)(const struct shape *shape);
	int (*open)(struct channel *channel);
	int (*attach)(struct channel *channel, enum side side, unsigned int nth);
	void (*count)(struct channel *channel);
	void (*detach)(struct channel *channel);
	void (*close)(struct channel *channel);
	int (*send)(struct channel *channel, void *body, uint32_t size);
	ssize_t (*receive)(struct channel *channel, void *body, uint32_t room);
	int (*send_typed)(struct channel *channel, void *body, uint32_t size, long type);
	ssize_t (*receive_typed)(struct channel *channel, void *body, uint32_t room, long type);
	int (*send_batch)(struct channel *channel, struct batch_item *items, unsigned int count);
	int (*receive_batch)(struct channel *channel, struct batch_item *items,
			     unsigned int count);
	void *(*reserve)(struct channel *channel, uint32_t size);
	int (*commit)(struct channel *channel);
	ssize_t (*peek)(struct channel *channel, const void **body);
	int (*release)(struct channel *channel);
	ssize_t (*call)(struct channel *channel, void *request, uint32_t size, void *answer,
			uint32_t room);
	ssize_t (*take_request)(struct channel *channel, void *request, uint32_t room);
	int (*answer)(struct channel *channel, void *answer, uint32_t size);
};

/* The table, in the order of output; ends with NULL. */
extern const struct mechanism *const mechanisms[];

/* Returns the mechanism of that name, or NULL. */
const struct mechanism *mechanism_find(const char *name);

/*
 * For open() and attach(): why it failed, as printf() says it. Returns -1.
 */
__attribute__((format(printf, 2, 3)))
int channel_refuse(struct channel *channel, const char *format, ...);

#endif
