// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Consuming: the calls, and SPSC. A claim of one record in SPSC mode is left as the
 * inline calls leave theirs.
 */
#include <string.h>

#include "ring.h"

/* So often in a row a producer may overwrite what is copied before the clock is looked at. */
#define LAPS	16

static int is_open(const struct ring *ring)
{
	return ring->consuming.records || ring->hot.consumer.end != ring->hot.consumer.at;
}

uint32_t libkmq_ring_deaths(struct ring *ring)
{
	uint32_t deaths = LOAD(control_of(ring)->deaths);

	if (deaths == ring->hot.consumer.deaths)
		return 0;
	ring->hot.consumer.deaths = deaths;
	return KMQ_RING_RECORD_OWNER_DIED;
}

/* ------------------------------------------------------------------------
 * SPSC
 */

static int look_at_head(struct ring *ring, struct ring_want *want)
{
	struct kmq_ring_half *half = &ring->hot.consumer;
	uint64_t head = LOAD_ACQUIRE(producers_of(ring)->head); /* B */

	if (!is_position(ring, head, half->at))
		return libkmq_ring_broken(ring, half);
	half->limit = head;
	want->word = lower_half(&producers_of(ring)->head);
	want->expected = (uint32_t)head;
	want->wake = half->sequence;
	return head == half->at ? EAGAIN : 0;
}

static int look_alone(struct ring *ring, uint64_t position, uint64_t sequence, struct ring_found *found)
{
	int error = look_at_record(ring, position, sequence, ring->hot.consumer.limit, found);

	return error || found->state ? libkmq_ring_broken(ring, &ring->hot.consumer) : 0;
}

static int take_alone(struct ring *ring, struct kmq_ring_part *parts, unsigned int count, uint32_t room,
		      uint64_t *end, unsigned int *taken)
{
	struct kmq_ring_half *half = &ring->hot.consumer;
	uint64_t position = half->at;
	struct ring_found found;
	unsigned int n;
	int error;

	for (n = 0; n < count && position != half->limit; n++) {
		error = look_alone(ring, position, half->sequence + n, &found);
		if (!error && !n && found.size > room)
			error = EMSGSIZE;
		if (error)
			return error;
		parts[n] = (struct kmq_ring_part){
			.data = record_at(ring, position) + 1,
			.size = found.size,
			.sequence = half->sequence + n,
		};
		position = found.end;
	}
	*end = position;
	*taken = n;
	return 0;
}

static int claim_alone(struct ring *ring, struct kmq_ring_part *parts, unsigned int count, uint32_t room,
		       struct ring_want *want)
{
	struct kmq_ring_half *half = &ring->hot.consumer;
	unsigned int taken;
	uint64_t end;
	int error = look_at_head(ring, want);

	if (!error)
		error = take_alone(ring, parts, count, room, &end, &taken);
	if (error)
		return error;
	parts[0].flags = libkmq_ring_deaths(ring);
	/* What has no ceiling is not for the inline release. */
	if (taken == 1 && half->ceiling) {
		half->end = end;
		return 0;
	}
	ring->consuming.finish = end;
	ring->consuming.records = taken;
	half->ceiling = 0;
	return 0;
}

static int unclaim_alone(struct ring *ring)
{
	struct kmq_ring_half *half = &ring->hot.consumer;
	uint32_t records = ring->consuming.records;
	uint64_t end = records ? ring->consuming.finish : half->end;

	ring->consuming.records = 0;
	if (!LOAD(ring->error))
		half->ceiling = ring->ceiling;
	half->at = half->end = end;
	half->sequence += records ? records : 1;
	STORE(consumers_of(ring)->expected, half->sequence);
	STEP();
	STORE_RELEASE(consumers_of(ring)->tail, end); /* A */
	return released(ring, end);
}

static int claimable_alone(struct ring *ring, uint64_t count, struct ring_want *want)
{
	struct ring_half *cold = &ring->consuming;
	struct kmq_ring_half *half = &ring->hot.consumer;
	struct ring_found found;
	int error = look_at_head(ring, want);

	if (error && error != EAGAIN)
		return error;
	if (!cold->counted_records || cold->counted != half->at) {
		cold->counted = cold->counted_to = half->at;
		cold->counted_records = 0;
	}
	/* Head was believed for that one look; it may have gone back. */
	if (cold->counted_to - half->at > half->limit - half->at)
		return libkmq_ring_broken(ring, half);
	for (; cold->counted_records < count && cold->counted_to != half->limit; cold->counted_records++) {
		error = look_alone(ring, cold->counted_to, half->sequence + cold->counted_records, &found);
		if (error)
			return error;
		cold->counted_to = found.end;
	}
	want->wake = half->sequence + count - 1;
	want->patient = count - cold->counted_records > 1;
	return cold->counted_records < count ? EAGAIN : 0;
}

/* ------------------------------------------------------------------------
 * By mode
 */

static int claim_once(struct ring *ring, struct kmq_ring_part *parts, unsigned int count, uint32_t room,
		      struct ring_want *want, uint64_t deadline)
{
	int error = health(ring);

	if (error)
		return error;
	listen_for(ring, want, KMQ_RING_CONSUMERS);
	if (ring->mode == KMQ_RING_SPSC)
		return claim_alone(ring, parts, count, room, want);
	if (ring->mode == KMQ_RING_BROADCAST)
		return libkmq_ring_follow(ring, parts, count, room, want);
	return libkmq_ring_claim(ring, parts, count, room, want, deadline);
}

static int claimable_once(struct ring *ring, uint64_t count, struct ring_want *want, uint64_t deadline)
{
	int error = health(ring);

	if (error)
		return error;
	listen_for(ring, want, KMQ_RING_CONSUMERS);
	if (ring->mode == KMQ_RING_SPSC)
		return claimable_alone(ring, count, want);
	if (ring->mode == KMQ_RING_BROADCAST)
		return libkmq_ring_followable(ring, count, want);
	return libkmq_ring_claimable(ring, count, want, deadline);
}

/* ------------------------------------------------------------------------
 * The calls
 */

static int check(const struct ring *ring, uint64_t count)
{
	if (!(ring->roles & KMQ_RING_CONSUMER))
		return EBADF;
	if (!count)
		return EINVAL;
	return is_open(ring) ? EBUSY : 0;
}

/* What was claimed inline stays if it is longer. */
static int fits(struct ring *ring, const struct kmq_ring_part *part, uint32_t room)
{
	if (part->size <= room)
		return 0;
	ring->hot.consumer.end = ring->hot.consumer.at;
	return EMSGSIZE;
}

static int claim(struct ring *ring, struct kmq_ring_part *parts, unsigned int count, uint32_t room,
		 uint64_t deadline)
{
	struct ring_want want;
	int error = check(ring, count);

	if (count > BATCH_MAX)
		count = BATCH_MAX;
	while (!error) {
		/* Soonest, for who comes back from a sleep. */
		if (count == 1 && ring->hot.consumer.ceiling && kmq_ring_peek_fast(&ring->hot, parts))
			return fits(ring, parts, room);
		error = claim_once(ring, parts, count, room, &want, deadline);
		if (error != EAGAIN || deadline == NEVER_SLEEP)
			break;
		error = libkmq_ring_sleep(ring, &ring->consuming, &want, deadline);
	}
	return error;
}

int libkmq_ring_peek(struct kmq_ring *handle, struct kmq_ring_part *parts, unsigned int count, uint64_t deadline)
{
	struct ring *ring = ring_of(handle);

	if (fail(claim(ring, parts, count, UINT32_MAX, deadline)))
		return -1;
	return ring->consuming.records ? (int)ring->consuming.records : 1;
}

static int peek_one(struct kmq_ring *handle, struct kmq_ring_part *part, uint64_t deadline)
{
	return libkmq_ring_peek(handle, part, 1, deadline) < 0 ? -1 : 0;
}

int kmq_ring_peek(struct kmq_ring *handle, struct kmq_ring_part *part)
{
	if (kmq_ring_peek_fast(handle, part))
		return 0;
	return peek_one(handle, part, NO_DEADLINE);
}

int kmq_ring_try_peek_slow(struct kmq_ring *handle, struct kmq_ring_part *part)
{
	return peek_one(handle, part, NEVER_SLEEP);
}

int kmq_ring_peek_batch(struct kmq_ring *handle, struct kmq_ring_part *parts, unsigned int count)
{
	return libkmq_ring_peek(handle, parts, count, NO_DEADLINE);
}

int kmq_ring_try_peek_batch(struct kmq_ring *handle, struct kmq_ring_part *parts, unsigned int count)
{
	return libkmq_ring_peek(handle, parts, count, NEVER_SLEEP);
}

static int release(struct ring *ring)
{
	if (!(ring->roles & KMQ_RING_CONSUMER))
		return EBADF;
	if (!is_open(ring))
		return EINVAL;
	if (ring->mode == KMQ_RING_SPSC)
		return unclaim_alone(ring);
	if (ring->mode == KMQ_RING_BROADCAST)
		return libkmq_ring_followed(ring);
	return libkmq_ring_unclaim(ring);
}

int kmq_ring_release_slow(struct kmq_ring *handle)
{
	return fail(release(ring_of(handle)));
}

int libkmq_ring_wait(struct kmq_ring *handle, uint64_t count, uint64_t deadline)
{
	struct ring *ring = ring_of(handle);
	struct ring_want want;
	int error = check(ring, count);

	if (!error && count > ring->size / sizeof(struct kmq_ring_record))
		error = EINVAL;
	while (!error) {
		error = claimable_once(ring, count, &want, deadline);
		if (error != EAGAIN)
			break;
		error = libkmq_ring_sleep(ring, &ring->consuming, &want, deadline);
	}
	return fail(error);
}

/* MPSC, MPMC and a short body: all in one, as long as it is that simple. */
static int receive_shared(struct ring *ring, struct kmq_ring_part *to, uint64_t deadline)
{
	struct ring_want want;
	int error = check(ring, 1);

	while (!error) {
		error = health(ring);
		if (error)
			break;
		listen_for(ring, &want, KMQ_RING_CONSUMERS);
		error = libkmq_ring_take(ring, to, &want, deadline);
		if (error != EAGAIN || deadline == NEVER_SLEEP)
			break;
		error = libkmq_ring_sleep(ring, &ring->consuming, &want, deadline);
	}
	return error;
}

/* ESTALE: it was overwritten meanwhile. */
static int receive_one(struct ring *ring, struct kmq_ring_part *to, uint64_t deadline)
{
	struct kmq_ring_part part;
	int error = claim(ring, &part, 1, to->size, deadline);

	if (error)
		return error;
	libkmq_ring_copy(to->data, part.data, part.size);
	if (release(ring) == ESTALE)
		return ESTALE;
	/* It was taken: what else is wrong the next call tells. */
	part.data = to->data;
	*to = part;
	return 0;
}

/* What was torn counts as lost, and the next is taken, unless that goes on and on. */
static int receive(struct ring *ring, struct kmq_ring_part *to, uint64_t deadline)
{
	int error, laps = 0;

	while ((error = receive_one(ring, to, deadline)) == ESTALE) {
		if (++laps < LAPS)
			continue;
		if (deadline == NEVER_SLEEP)
			return EAGAIN;
		if (libkmq_ring_is_late(deadline))
			return ETIMEDOUT;
		laps = 0;
	}
	return error;
}

static int __attribute__((noinline)) receive_slowly(struct kmq_ring *handle, struct kmq_ring_part *part,
						    uint64_t deadline, int error)
{
	struct ring *ring = ring_of(handle);

	if (error != ENOTSUP)
		error = receive_shared(ring, part, deadline);
	return fail(error == ENOTSUP ? receive(ring, part, deadline) : error);
}

/* MPSC, MPMC, and one that is there. Others go on. */
static int __attribute__((noinline)) receive_at_once(struct kmq_ring *handle, struct kmq_ring_part *part,
						     uint64_t deadline)
{
	struct ring *ring = ring_of(handle);
	int error = ENOTSUP;

	if (LOAD(ring->consuming.brief) && !ring->consuming.records)
		error = libkmq_ring_take_now(ring, part);
	return error ? receive_slowly(handle, part, deadline, error) : 0;
}

/* SPSC and a short body: as peek and release, but that nothing is kept in the struct between them. */
IN_ONE_PIECE int receive_fast(struct kmq_ring *handle, struct kmq_ring_part *part, uint64_t deadline)
{
	struct kmq_ring_half *half = &handle->consumer;
	struct kmq_ring_record *record;
	uint64_t end, sequence;
	uint32_t size;

	record = kmq_ring_find_fast(handle, &size, &end);
	if (__builtin_expect(!record || size > SHORT_BODY || size > part->size, 0))
		return receive_at_once(handle, part, deadline);
	sequence = half->sequence;
	copy_short(part->data, record + 1, size);
	part->size = size;
	part->flags = 0;
	part->sequence = sequence;
	part->lost = 0;
	/* As a word of its own: of two words at a time the compiler makes more than it saves. */
	STORE(half->end, end);
	/* It was taken: what is wrong the next call tells. */
	kmq_ring_pass(handle, end, sequence + 1);
	return 0;
}

int libkmq_ring_receive(struct kmq_ring *handle, struct kmq_ring_part *part, uint64_t deadline)
{
	return receive_fast(handle, part, deadline);
}

int kmq_ring_receive(struct kmq_ring *handle, struct kmq_ring_part *part)
{
	return receive_fast(handle, part, NO_DEADLINE);
}

int kmq_ring_try_receive(struct kmq_ring *handle, struct kmq_ring_part *part)
{
	return receive_fast(handle, part, NEVER_SLEEP);
}
