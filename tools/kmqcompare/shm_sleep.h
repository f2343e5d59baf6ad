/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A shared ring whose users sleep while it is full or empty, and are woken only
 * if they do. How a process sleeps is given as two hooks; all else is here:
 * who is asleep, who wakes whom, and that no wake-up is missed.
 */
#ifndef KMQCOMPARE_SHM_SLEEP_H
#define KMQCOMPARE_SHM_SLEEP_H

#include "shm_ring.h"

enum shm_event { EVENT_ROOM, EVENT_MESSAGE, SHM_EVENTS };

/* One for each event, in shared memory. */
struct shm_bell {
	_Atomic uint32_t sleepers;	/* asleep, or about to be, and owed no token yet */
	_Atomic uint32_t tokens;	/* for hooks that keep them in memory */
} __attribute__((aligned(SHM_LINE)));

/**
 * struct shm_waiting - how to sleep
 * @take_token: sleeps until there is a token of that event, and takes it. 0 or -1/errno
 * @give_tokens: makes @count of them. 0 or -1/errno
 */
struct shm_waiting {
	int (*take_token)(struct channel *channel, enum shm_event event);
	int (*give_tokens)(struct channel *channel, enum shm_event event, unsigned int count);
};

/* One process's view; channel->state. */
struct shm_queue {
	const struct shm_waiting *waiting;
	struct shm_bell *bells;		/* SHM_EVENTS of them */
	struct shm_ring *ring;
	size_t bytes;
};

/* Mechanism hooks, but for the first one's argument: how it sleeps; NULL: it does not. */
int shm_queue_open(struct channel *channel, const struct shm_waiting *waiting);
int shm_queue_attach(struct channel *channel, enum side side, unsigned int nth);
void shm_queue_close(struct channel *channel);
int shm_queue_send_batch(struct channel *channel, struct batch_item *items, unsigned int count);
int shm_queue_receive_batch(struct channel *channel, struct batch_item *items, unsigned int count);
int shm_queue_send(struct channel *channel, void *body, uint32_t size);
ssize_t shm_queue_receive(struct channel *channel, void *body, uint32_t room);

#endif
