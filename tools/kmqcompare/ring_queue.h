/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mapped ring below its mechanisms, by <kmq_ring.h>: of the module or of the
 * user-space twin, in any mode, by those who sleep and by those who spin.
 */
#ifndef KMQCOMPARE_RING_QUEUE_H
#define KMQCOMPARE_RING_QUEUE_H

#include "mechanism.h"

#include <kmq_ring.h>

struct ring_kind {
	enum kmq_ring_mode mode;
	bool twin;	/* in a memfd, without the module */
	bool spins;	/* never sleeps; else spins as long as that pays off */
};

/* channel->state. */
struct ring_queue {
	struct ring_kind kind;
	struct kmq_ring *ring;		/* this worker's; NULL: it is no party */
	uint64_t counted;		/* of its system calls */
	struct kmq_ring_part *parts;	/* of a batch */
};

/* Mechanism hooks, but for the second one's last argument. */
const char *ring_queue_unavailable(void);
int ring_queue_open(struct channel *channel, struct ring_kind kind);
int ring_queue_attach(struct channel *channel, enum side side, unsigned int nth);
void ring_queue_count(struct channel *channel);
void ring_queue_detach(struct channel *channel);
void ring_queue_close(struct channel *channel);
int ring_queue_send(struct channel *channel, void *body, uint32_t size);
ssize_t ring_queue_receive(struct channel *channel, void *body, uint32_t room);
int ring_queue_send_batch(struct channel *channel, struct batch_item *items, unsigned int count);
int ring_queue_receive_batch(struct channel *channel, struct batch_item *items,
			     unsigned int count);
const char *ring_queue_unfit_single(const struct shape *shape);
const char *ring_queue_unfit_mpsc(const struct shape *shape);

/* Without copies. */
const char *ring_queue_unfit_in_place(const struct shape *shape);
void *ring_queue_reserve(struct channel *channel, uint32_t size);
int ring_queue_commit(struct channel *channel);
ssize_t ring_queue_peek(struct channel *channel, const void **body);
int ring_queue_release(struct channel *channel);

/* Attaches for these, KMQ_RING_PRODUCER, KMQ_RING_CONSUMER or both. */
int ring_queue_attach_as(struct channel *channel, unsigned int flags);

#endif
