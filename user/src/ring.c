// SPDX-License-Identifier: LGPL-2.1-or-later
/* An attachment: how it begins and ends, and what it tells of itself. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "ring.h"

/*
 * The other half may be in use by another thread. Its brief only goes to 0 if it is
 * the consumer's; a producer's comes back with a commit, which would undo it: that
 * half finds the error by itself.
 */
int libkmq_ring_broken(struct ring *ring, struct kmq_ring_half *half)
{
	STORE(ring->error, EUCLEAN);
	half->ceiling = 0;
	STORE(ring->consuming.brief, 0);
	if (half == &ring->hot.producer)
		ring->producing.brief = 0;
	if (ring->twin)
		libkmq_ring_wake_all(ring);
	return EUCLEAN;
}

/* ------------------------------------------------------------------------
 * The beginning of each half: what the words say now, if it can be
 */

static int begin_producing(struct ring *ring)
{
	uint64_t head = LOAD_ACQUIRE(producers_of(ring)->head), tail = LOAD_ACQUIRE(consumers_of(ring)->tail);
	uint64_t oldest = LOAD(producers_of(ring)->oldest);
	struct kmq_ring_half *half = &ring->hot.producer;

	half->id = ring->id;
	half->mask = ring->size - 1;
	ring->producing.seen = tail;
	ring->producing.brief = ring->brief;
	if (!is_exclusive(ring->mode, KMQ_RING_PRODUCER))
		return 0;
	if (ring->mode == KMQ_RING_BROADCAST)
		tail = oldest;
	if (!is_position(ring, head, tail) || tail % KMQ_RING_ALIGN)
		return EUCLEAN;
	half->at = half->end = head;
	half->limit = tail + ring->size;
	half->sequence = LOAD(producers_of(ring)->sequence);
	half->ceiling = ring->ceiling;
	ring->producing.oldest = oldest;
	return 0;
}

/*
 * A follower begins where the kernel says; what that wrote other consumers may have
 * overwritten. In the twin it begins with the record that has the number read here:
 * head is loaded first, so that the number is that of the record there or of a later
 * one, which a producer is about to publish. Those between are passed over.
 */
static int begin_following(struct ring *ring)
{
	struct kmq_ring_claim *claim = &consumers_of(ring)->claims[ring->id];
	struct ring_half *half = &ring->consuming;

	half->fresh = 1;
	if (ring->twin) {
		half->next = LOAD_ACQUIRE(producers_of(ring)->head);
		half->expected = LOAD_ACQUIRE(producers_of(ring)->sequence);
		STORE(claim->start, half->next);
		STORE(claim->sequence, half->expected);
		return 0;
	}
	half->next = LOAD(claim->start);
	half->expected = LOAD(claim->sequence);
	return half->next % KMQ_RING_ALIGN ? EUCLEAN : 0;
}

static int begin_consuming(struct ring *ring)
{
	uint64_t tail = LOAD(consumers_of(ring)->tail);
	struct kmq_ring_half *half = &ring->hot.consumer;

	half->id = ring->id;
	half->mask = ring->size - 1;
	half->deaths = LOAD(control_of(ring)->deaths);
	ring->consuming.seen = LOAD_ACQUIRE(producers_of(ring)->head);
	ring->consuming.brief = ring->brief;
	if (ring->mode == KMQ_RING_BROADCAST)
		return begin_following(ring);
	if (ring->mode != KMQ_RING_SPSC)
		return 0;
	if (tail % KMQ_RING_ALIGN)
		return EUCLEAN;
	half->at = half->end = half->limit = tail;
	half->sequence = LOAD(consumers_of(ring)->expected);
	half->ceiling = ring->ceiling;
	return 0;
}

int libkmq_ring_begin(struct ring *ring)
{
	int error = 0;

	ring->ceiling = ring->fenced ? 0 : ring->max_message + 1;
	if (!is_exclusive(ring->mode, KMQ_RING_PRODUCER))
		ring->brief = (ring->max_message < SHORT_BODY ? ring->max_message : SHORT_BODY) + 1;
	libkmq_ring_spin_default(ring);
	if (ring->roles & KMQ_RING_PRODUCER)
		error = begin_producing(ring);
	if (!error && ring->roles & KMQ_RING_CONSUMER)
		error = begin_consuming(ring);
	return error;
}

/* ------------------------------------------------------------------------
 * The two kinds
 */

/* What is believed: the kernel wrote it. */
static void take_facts(struct ring *ring, const struct kmq_ring_attach *attach)
{
	ring->roles = attach->flags;
	ring->mode = attach->mode;
	ring->id = attach->id;
	ring->page_size = attach->page_size;
}

static int is_known(const struct ring *ring)
{
	const struct kmq_ring_control *control = control_of(ring);

	return control->magic == KMQ_RING_MAGIC && control->version == KMQ_RING_VERSION;
}

/* Maps a new attachment. On failure it is not mapped, and @fd is left to the caller. */
static int queue_ring(const struct kmq_ring_attach *attach, int fd, struct ring **to)
{
	struct ring *ring = libkmq_ring_room(attach->size);
	int error;

	if (!ring)
		return errno;
	take_facts(ring, attach);
	error = attach->page_size > KMQ_RING_PIECE ? ENODEV : libkmq_ring_map(ring, fd);
	if (!error && !is_known(ring))
		error = ENODEV;
	if (!error)
		error = health(ring);
	if (!error) {
		ring->max_message = control_of(ring)->max_message;
		error = libkmq_ring_begin(ring);
	}
	if (error) {
		libkmq_ring_unmap(ring);
		return error;
	}
	ring->fd = fd;
	*to = ring;
	return 0;
}

static int attach_to(int fd, uint32_t roles, struct ring **ring)
{
	struct kmq_ring_attach attach = { .flags = roles };
	int attachment = ioctl(fd, KMQ_IOC_RING_ATTACH, &attach), error;

	if (attachment < 0)
		return errno == ENOTTY ? libkmq_ring_twin(fd, roles, ring) : errno;
	error = queue_ring(&attach, attachment, ring);
	if (error)
		close(attachment);
	return error;
}

struct kmq_ring *kmq_ring_attach(int fd, unsigned int flags)
{
	struct ring *ring;
	int error = EINVAL;

	if (flags && !(flags & ~(KMQ_RING_PRODUCER | KMQ_RING_CONSUMER)))
		error = attach_to(fd, flags, &ring);
	if (error) {
		errno = error;
		return NULL;
	}
	return &ring->hot;
}

/*
 * What is open goes back here where that can be said in the ring, and is repaired
 * by the kernel when the mappings go where it cannot: a claim.
 */
void kmq_ring_detach(struct kmq_ring *handle)
{
	struct ring *ring = ring_of(handle);
	int error = errno, fd, twin;

	if (!ring)
		return;
	twin = ring->twin;
	fd = ring->fd;
	if (ring->roles & KMQ_RING_PRODUCER)
		kmq_ring_discard(handle);
	if (twin)
		libkmq_ring_leave(ring);
	/* A child has a struct of zeroes, and no descriptor there. */
	if (!ring->roles)
		fd = -1;
	libkmq_ring_unmap(ring);
	if (fd >= 0)
		close(fd);
	errno = error;
}

int kmq_ring_fd(const struct kmq_ring *handle)
{
	const struct ring *ring = ring_of(handle);

	return ring->roles ? ring->fd : -1;
}

void kmq_ring_get_info(const struct kmq_ring *handle, struct kmq_ring_info *info)
{
	const struct ring *ring = ring_of(handle);
	const struct kmq_ring_control *control = control_of(ring);

	*info = (struct kmq_ring_info){ .mode = ring->mode };
	if (!ring->roles)
		return;
	info->id = ring->id;
	info->size = ring->size;
	info->max_message = ring->max_message;
	info->flags = LOAD(control->flags) & (KMQ_RING_REMOVED | KMQ_RING_BROKEN | KMQ_RING_TWIN);
	if (LOAD(ring->error))
		info->flags |= KMQ_RING_BROKEN;
	info->deaths = LOAD(control->deaths);
	info->sequence = LOAD(producers_of(ring)->sequence);
	info->abandoned = LOAD(control->abandoned);
	info->sleeps = LOAD(ring->producing.sleeps) + LOAD(ring->consuming.sleeps);
	info->wakes = LOAD(ring->producing.wakes) + LOAD(ring->consuming.wakes);
}

void kmq_ring_set_spin(struct kmq_ring *handle, uint32_t rounds)
{
	struct ring *ring = ring_of(handle);

	STORE(ring->producing.spin_most, rounds);
	STORE(ring->consuming.spin_most, rounds);
	STORE(ring->producing.spin, rounds);
	STORE(ring->consuming.spin, rounds);
}
