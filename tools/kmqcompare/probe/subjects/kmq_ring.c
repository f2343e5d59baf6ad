// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmq's rings by the mapped door, through libkmq: of the module, by name, for many
 * and many and in broadcast; and the user-space twin, which is a memfd and has none.
 *
 * fd[0] is the queue, or the memfd. An end attaches when it first sends, and when it
 * first receives; one in broadcast, which sees only what is sent from then on, as soon
 * as it is open for receiving, and to send for a while. A forked child has nothing of its parent's
 * attachments and makes its own.
 */
#include "kmq_node.h"

#include "../../ring_room.h"

#include <errno.h>
#include <kmq_ring.h>
#include <stdlib.h>
#include <unistd.h>

#define BUSY_US		200	/* until one who finds another producer there asks again */

struct attachments {
	pid_t pid;		/* whose they are */
	struct kmq_ring *producer;
	struct kmq_ring *consumer;
};

static const char *ring_unavailable(void)
{
	struct kmq_features features = { 0 };
	const char *why = kmq_node_unavailable();

	if (why || kmq_features(&features))
		return why;
	return features.features & KMQ_FEATURE_RING ? NULL : "the module that is loaded has no rings";
}

/* 0: as it comes. */
static uint64_t bytes_for(const struct object *object)
{
	if (!object->capacity && !object->message_max)
		return 0;
	return ring_bytes(object->capacity ? object->capacity : 1,
			  object->message_max ? object->message_max : 64);
}

static struct attachments *own_attachments(struct end *end)
{
	struct attachments *own = end->state;

	if (own && own->pid == getpid())
		return own;
	/* A parent's, which are not to be touched: what is mapped is not even here. */
	own = calloc(1, sizeof(*own));
	if (own)
		own->pid = getpid();
	end->state = own;
	return own;
}

static struct kmq_ring *attach(struct end *end, struct kmq_ring **ring, unsigned int as,
			       const char *name)
{
	if (!*ring) {
		end_says(end, "kmq_ring_attach(%d, %s)", end->fd[0], name);
		*ring = kmq_ring_attach(end->fd[0], as);
	}
	return *ring;
}

static struct kmq_ring *producer_of(struct end *end)
{
	struct attachments *own = own_attachments(end);

	return own ? attach(end, &own->producer, KMQ_RING_PRODUCER, "KMQ_RING_PRODUCER") : NULL;
}

static struct kmq_ring *consumer_of(struct end *end)
{
	struct attachments *own = own_attachments(end);

	return own ? attach(end, &own->consumer, KMQ_RING_CONSUMER, "KMQ_RING_CONSUMER") : NULL;
}

static void give_up_producing(struct end *end)
{
	struct attachments *own = own_attachments(end);
	int error = errno;

	kmq_ring_detach(own->producer);
	own->producer = NULL;
	errno = error;
}

static void ring_detach(struct end *end)
{
	struct attachments *own = end->state;

	if (own && own->pid == getpid()) {
		kmq_ring_detach(own->producer);
		kmq_ring_detach(own->consumer);
	}
	end_close(end);
}

static int create(struct end *end, struct object *object, enum kmq_ring_mode mode,
		  const char *name)
{
	struct kmq_create_options options = KMQ_CREATE_OPTIONS_INIT;

	end_begin(end, object);
	options.kind = KMQ_KIND_RING;
	options.ring_mode = mode;
	options.byte_limit = bytes_for(object);
	options.mode = object->mode;
	end_says(end, "kmq_create_open(%s, %s, %04o)", object->name, name, object->mode);
	end->fd[0] = kmq_create_open(object->name, &options);
	if (end->fd[0] < 0)
		return -1;
	object_made(object);
	object_tell_fd(object, 0, end->fd[0]);
	return 0;
}

static int mpmc_create(struct end *end, struct object *object)
{
	return create(end, object, KMQ_RING_MPMC, "KMQ_RING_MPMC");
}

/* From here on it sees what is sent. */
static int subscribe(struct end *end)
{
	if (consumer_of(end))
		return 0;
	ring_detach(end);
	return -1;
}

static int broadcast_create(struct end *end, struct object *object)
{
	return create(end, object, KMQ_RING_BROADCAST, "KMQ_RING_BROADCAST") ? -1 : subscribe(end);
}

static int broadcast_attach(struct end *end, struct object *object, enum way way)
{
	if (kmq_node_attach(end, object, way))
		return -1;
	return way == WAY_SEND ? 0 : subscribe(end);
}

static int broadcast_borrow(struct end *end, struct object *object, enum way way)
{
	if (kmq_node_borrow(end, object, way))
		return -1;
	return way == WAY_SEND ? 0 : subscribe(end);
}

static int broadcast_adopt(struct end *end, struct object *object, const int *fd, enum way way)
{
	if (descriptors_adopt(end, object, fd, way))
		return -1;
	return way == WAY_SEND ? 0 : subscribe(end);
}

static int twin_create(struct end *end, struct object *object)
{
	uint64_t bytes = bytes_for(object);

	end_begin(end, object);
	end_says(end, "kmq_ring_open_memfd(KMQ_RING_MPMC)");
	end->fd[0] = kmq_ring_open_memfd(KMQ_RING_MPMC, bytes ? bytes : KMQ_RING_SIZE_DEFAULT);
	if (end->fd[0] < 0)
		return -1;
	object_made(object);
	object_tell_fd(object, 0, end->fd[0]);
	return 0;
}

static int send_by(struct end *end, struct kmq_ring *ring, const struct parcel *parcel)
{
	struct timespec deadline = kmq_deadline_in(parcel->wait_ms);

	switch (parcel->patience) {
	case PATIENCE_NONE:
		end_says(end, "kmq_ring_try_send(%zu bytes)", parcel->size);
		return kmq_ring_try_send(ring, parcel->body, parcel->size);
	case PATIENCE_DEADLINE:
		end_says(end, "kmq_ring_send_until(%zu bytes, in %u ms)", parcel->size,
			 parcel->wait_ms);
		return kmq_ring_send_until(ring, parcel->body, parcel->size, &deadline);
	default:
		end_says(end, "kmq_ring_send(%zu bytes)", parcel->size);
		return kmq_ring_send(ring, parcel->body, parcel->size);
	}
}

static ssize_t ring_send(struct end *end, struct parcel *parcel)
{
	struct kmq_ring *ring = producer_of(end);

	return ring && !send_by(end, ring, parcel) ? (ssize_t)parcel->size : -1;
}

static int receive_by(struct end *end, struct kmq_ring *ring, struct kmq_ring_part *part,
		      const struct parcel *parcel)
{
	struct timespec deadline = kmq_deadline_in(parcel->wait_ms);

	switch (parcel->patience) {
	case PATIENCE_NONE:
		end_says(end, "kmq_ring_try_receive(%zu bytes)", parcel->size);
		return kmq_ring_try_receive(ring, part);
	case PATIENCE_DEADLINE:
		end_says(end, "kmq_ring_receive_until(%zu bytes, in %u ms)", parcel->size,
			 parcel->wait_ms);
		return kmq_ring_receive_until(ring, part, &deadline);
	default:
		end_says(end, "kmq_ring_receive(%zu bytes)", parcel->size);
		return kmq_ring_receive(ring, part);
	}
}

static ssize_t ring_receive(struct end *end, struct parcel *parcel)
{
	struct kmq_ring_part part = { .data = parcel->body, .size = parcel->size };
	struct kmq_ring *ring = consumer_of(end);

	parcel_from_nobody(parcel);
	if (!ring || receive_by(end, ring, &part, parcel))
		return -1;
	parcel->lost = part.lost;
	return part.size;
}

/*
 * One producer at a time. Who waits for another to be done is one himself for as long as
 * he sends; who does not wait stays one.
 */
static ssize_t broadcast_send(struct end *end, struct parcel *parcel)
{
	ssize_t sent;

	if (parcel->patience == PATIENCE_NONE)
		return ring_send(end, parcel);
	while (!producer_of(end)) {
		if (errno != EBUSY)
			return -1;
		usleep(BUSY_US);
		end->call[0] = '\0';
	}
	sent = ring_send(end, parcel);
	give_up_producing(end);
	return sent;
}

/* Reserved, the half of it written, not committed. */
static ssize_t ring_half_send(struct end *end, struct parcel *parcel)
{
	struct kmq_ring *ring = producer_of(end);
	char *room;

	if (!ring)
		return -1;
	end_says(end, "kmq_ring_reserve(%zu bytes); writes %zu of them", parcel->size,
		 parcel->size / 2);
	room = kmq_ring_reserve(ring, parcel->size);
	if (!room)
		return -1;
	for (size_t i = 0; i < parcel->size / 2; i++)
		room[i] = ((char *)parcel->body)[i];
	return parcel->size / 2;
}

/* Claimed, not released. */
static ssize_t ring_half_receive(struct end *end, struct parcel *parcel)
{
	struct kmq_ring *ring = consumer_of(end);
	struct kmq_ring_part part;

	if (!ring)
		return -1;
	end_says(end, "kmq_ring_peek()");
	return kmq_ring_peek(ring, &part) ? -1 : (ssize_t)part.size;
}

static int ring_poll_fd(struct end *end, enum way way)
{
	struct kmq_ring *ring = way == WAY_SEND ? producer_of(end) : consumer_of(end);

	return ring ? kmq_ring_fd(ring) : -1;
}

const struct subject subject_kmq_ring_mpmc = {
	.mechanism = "kmq-ring-mpmc",
	.traits = SUBJECT_IS_MAPPED,
	.unavailable = ring_unavailable,
	.create = mpmc_create,
	.attach = kmq_node_attach,
	.borrow = kmq_node_borrow,
	.adopt = descriptors_adopt,
	.detach = ring_detach,
	.remove = kmq_node_remove,
	.seen = kmq_node_seen,
	.send = ring_send,
	.receive = ring_receive,
	.poll_fd = ring_poll_fd,
	.half_send = ring_half_send,
	.half_receive = ring_half_receive,
};

const struct subject subject_kmq_ring_broadcast = {
	.mechanism = "kmq-ring-broadcast",
	.traits = SUBJECT_IS_MAPPED | SUBJECT_TO_ALL,
	.unavailable = ring_unavailable,
	.create = broadcast_create,
	.attach = broadcast_attach,
	.borrow = broadcast_borrow,
	.adopt = broadcast_adopt,
	.detach = ring_detach,
	.remove = kmq_node_remove,
	.seen = kmq_node_seen,
	.send = broadcast_send,
	.receive = ring_receive,
	.poll_fd = ring_poll_fd,
	.half_send = ring_half_send,
};

const struct subject subject_kmq_ring_twin_mpmc = {
	.mechanism = "kmq-ring-twin-mpmc",
	.traits = SUBJECT_IS_MAPPED,
	.create = twin_create,
	.borrow = kmq_node_borrow,
	.adopt = descriptors_adopt,
	.detach = ring_detach,
	.send = ring_send,
	.receive = ring_receive,
	.half_send = ring_half_send,
	.half_receive = ring_half_receive,
};
