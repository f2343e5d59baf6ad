// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Producing, in all modes.
 *
 * SPSC and BROADCAST: what is reserved lies behind head, where nobody looks, and
 * one reservation of one record is left as the inline calls leave theirs. MPSC and
 * MPMC: what is reserved is in the ring at once, BUSY.
 */
#include <string.h>

#include "ring.h"

static int is_shared(const struct ring *ring)
{
	return !is_exclusive(ring->mode, KMQ_RING_PRODUCER);
}

/* Either kind of reservation. */
static int is_open(const struct ring *ring)
{
	return ring->producing.records || ring->hot.producer.end != ring->hot.producer.at;
}

/*
 * How many of @parts fit into @room, and how many bytes they take. EAGAIN: not even
 * the first. One further on that is too long ends the batch before it.
 */
static int fit(const struct ring *ring, const struct kmq_ring_part *parts, unsigned int count, uint64_t room,
	       unsigned int *taken, uint64_t *bytes)
{
	unsigned int n;

	*bytes = 0;
	for (n = 0; n < count && parts[n].size <= ring->max_message; n++) {
		uint64_t more = kmq_ring_record_bytes(parts[n].size);

		if (more > room - *bytes)
			break;
		*bytes += more;
	}
	*taken = n;
	return n ? 0 : EAGAIN;
}

/* Writes the headers; @state: 0 or KMQ_RING_BUSY. */
static inline void lay_out(struct ring *ring, struct kmq_ring_part *parts, unsigned int count, uint64_t position,
		    uint64_t sequence, uint32_t state)
{
	for (unsigned int i = 0; i < count; i++) {
		struct kmq_ring_record *record = record_at(ring, position);
		uint32_t size = parts[i].size;

		STORE(record->word, size | state);
		STORE(record->owner, ring->id);
		STORE(record->sequence, sequence + i);
		ring->sizes[i] = size;
		parts[i].data = record + 1;
		position += kmq_ring_record_bytes(size);
	}
}

static void opened(struct ring *ring, uint64_t start, uint64_t bytes, uint64_t sequence, unsigned int records)
{
	ring->producing.start = start;
	ring->producing.finish = start + bytes;
	ring->producing.sequence = sequence;
	ring->producing.records = records;
	/* The inline calls are to come here. */
	ring->hot.producer.ceiling = 0;
	ring->producing.brief = 0;
}

static void closed(struct ring *ring)
{
	ring->producing.records = 0;
	if (LOAD(ring->error))
		return;
	ring->producing.brief = ring->brief;
	if (!is_shared(ring))
		ring->hot.producer.ceiling = ring->ceiling;
}

static void want_room(struct ring *ring, struct ring_want *want, uint64_t tail, uint64_t end)
{
	want->word = lower_half(&consumers_of(ring)->tail);
	want->expected = (uint32_t)tail;
	want->wake = end - ring->size;
}

/* ------------------------------------------------------------------------
 * One producer
 */

/* Looks at tail again. */
static int look_at_tail(struct ring *ring, uint64_t head, uint64_t *tail)
{
	*tail = LOAD_ACQUIRE(consumers_of(ring)->tail); /* A */
	return is_position(ring, head, *tail) && *tail % KMQ_RING_ALIGN == 0 ? 0 : EUCLEAN;
}

/* SPSC: room for @parts, of which the consumer may have made more meanwhile. */
static int make_room(struct ring *ring, const struct kmq_ring_part *parts, unsigned int count,
		     struct ring_want *want, unsigned int *taken, uint64_t *bytes)
{
	struct kmq_ring_half *half = &ring->hot.producer;
	uint64_t tail;
	int error;

	error = fit(ring, parts, count, half->limit - half->at, taken, bytes);
	if (!error && *taken == count)
		return 0;
	if (look_at_tail(ring, half->at, &tail))
		return libkmq_ring_broken(ring, half);
	half->limit = tail + ring->size;
	error = fit(ring, parts, count, half->limit - half->at, taken, bytes);
	if (error == EAGAIN)
		want_room(ring, want, tail, half->at + kmq_ring_record_bytes(parts[0].size));
	return error;
}

/* BROADCAST: gives up the oldest records until there is room for @bytes. */
static int overwrite(struct ring *ring, uint64_t bytes)
{
	struct kmq_ring_half *half = &ring->hot.producer;
	uint64_t oldest = ring->producing.oldest, head = half->at;

	while (head + bytes - oldest > ring->size) {
		/* Perhaps of another producer, before this one. */
		uint32_t word = LOAD(record_at(ring, oldest)->word);

		oldest += kmq_ring_record_bytes(word);
		if (word > ring->max_message || head - oldest > ring->size)
			return libkmq_ring_broken(ring, half);
	}
	if (oldest == ring->producing.oldest)
		return 0;
	ring->producing.oldest = oldest;
	half->limit = oldest + ring->size;
	STORE(producers_of(ring)->oldest, oldest);
	/* H: oldest before all that is written over it. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return 0;
}

static int make_any_room(struct ring *ring, const struct kmq_ring_part *parts, unsigned int count,
			 unsigned int *taken, uint64_t *bytes)
{
	/* Half of the data: the record before these is not overwritten. */
	int error = fit(ring, parts, count, ring->size / 2, taken, bytes);

	return error ? error : overwrite(ring, *bytes);
}

static int reserve_alone(struct ring *ring, struct kmq_ring_part *parts, unsigned int count,
			 struct ring_want *want, unsigned int *taken)
{
	struct kmq_ring_half *half = &ring->hot.producer;
	uint64_t bytes;
	int error;

	if (ring->mode == KMQ_RING_BROADCAST)
		error = make_any_room(ring, parts, count, taken, &bytes);
	else
		error = make_room(ring, parts, count, want, taken, &bytes);
	if (error)
		return error;
	lay_out(ring, parts, *taken, half->at, half->sequence, 0);
	/* What has no ceiling is not for the inline commit. */
	if (*taken == 1 && half->ceiling)
		half->end = half->at + bytes;
	else
		opened(ring, half->at, bytes, half->sequence, *taken);
	return 0;
}

static int commit_alone(struct ring *ring, uint64_t end, unsigned int records)
{
	struct kmq_ring_half *half = &ring->hot.producer;
	uint64_t last = half->sequence + records - 1;

	half->at = half->end = end;
	half->sequence = last + 1;
	STORE(producers_of(ring)->sequence, last + 1);
	STEP();
	STORE_RELEASE(producers_of(ring)->head, end); /* B */
	return committed(ring, &ring->producing, last);
}

/* ------------------------------------------------------------------------
 * Many producers
 */

/* Room behind @head, by the tail seen last or, if that is not enough for all, the one of now. */
static int share_room(struct ring *ring, const struct kmq_ring_part *parts, unsigned int count, uint64_t head,
		      struct ring_want *want, unsigned int *taken, uint64_t *bytes)
{
	struct ring_half *half = &ring->producing;
	uint64_t tail = half->seen;
	int error = EAGAIN;

	if (head % KMQ_RING_ALIGN)
		return EUCLEAN;
	if (head - tail <= ring->size)
		error = fit(ring, parts, count, ring->size - (head - tail), taken, bytes);
	if (!error && *taken == count)
		return 0;
	if (look_at_tail(ring, head, &tail))
		return EUCLEAN;
	half->seen = tail;
	error = fit(ring, parts, count, ring->size - (head - tail), taken, bytes);
	if (error == EAGAIN)
		want_room(ring, want, tail, head + kmq_ring_record_bytes(parts[0].size));
	return error;
}

static int reserve_locked(struct ring *ring, struct kmq_ring_part *parts, unsigned int count,
			  struct ring_want *want, unsigned int *taken)
{
	struct kmq_ring_producers *producers = producers_of(ring);
	uint64_t head = LOAD(producers->head), sequence = LOAD(producers->sequence), bytes;
	int error = share_room(ring, parts, count, head, want, taken, &bytes);

	if (error)
		return error;
	lay_out(ring, parts, *taken, head, sequence, KMQ_RING_BUSY);
	opened(ring, head, bytes, sequence, *taken);
	STORE_RELEASE(producers->head, head + bytes); /* B */
	STEP();
	STORE(producers->sequence, sequence + *taken);
	return 0;
}

static int reserve_shared(struct ring *ring, struct kmq_ring_part *parts, unsigned int count,
			  struct ring_want *want, unsigned int *taken, uint64_t deadline)
{
	int error = lock_ring(ring, KMQ_RING_PRODUCERS_LOCK, deadline);

	if (error)
		return error;
	error = reserve_locked(ring, parts, count, want, taken);
	/* Told by the commit, if what was reserved is to be kept: removed, or broken. */
	unlock_ring(ring, KMQ_RING_PRODUCERS_LOCK);
	return error == EUCLEAN ? libkmq_ring_broken(ring, &ring->hot.producer) : error;
}

/* From the last to the first, so that who finds the first finds all. @state: 0 or KMQ_RING_DISCARDED. */
static int commit_shared(struct ring *ring, uint32_t state)
{
	uint64_t position = ring->producing.finish, last;
	unsigned int i = ring->producing.records;

	last = ring->producing.sequence + i - 1;
	while (i--) {
		position -= kmq_ring_record_bytes(ring->sizes[i]);
		STORE_RELEASE(record_at(ring, position)->word, ring->sizes[i] | state); /* E */
	}
	closed(ring);
	return committed(ring, &ring->producing, last);
}

/* ------------------------------------------------------------------------
 * The calls
 */

static int check(const struct ring *ring, unsigned int count)
{
	if (!(ring->roles & KMQ_RING_PRODUCER))
		return EBADF;
	if (!count)
		return EINVAL;
	return is_open(ring) ? EBUSY : 0;
}

static int reserve_once(struct ring *ring, struct kmq_ring_part *parts, unsigned int count,
			struct ring_want *want, unsigned int *taken, uint64_t deadline)
{
	int error = health(ring);

	if (error)
		return error;
	/* Before the lock, which another may keep: nothing that he does helps. */
	if (parts[0].size > ring->max_message)
		return EMSGSIZE;
	listen_for(ring, want, KMQ_RING_PRODUCERS);
	if (is_shared(ring))
		return reserve_shared(ring, parts, count, want, taken, deadline);
	return reserve_alone(ring, parts, count, want, taken);
}

static int reserve(struct ring *ring, struct kmq_ring_part *parts, unsigned int count, unsigned int *taken,
		   uint64_t deadline)
{
	struct ring_want want;
	int error = check(ring, count);

	if (count > BATCH_MAX)
		count = BATCH_MAX;
	while (!error) {
		error = reserve_once(ring, parts, count, &want, taken, deadline);
		if (error != EAGAIN || deadline == NEVER_SLEEP)
			break;
		error = libkmq_ring_sleep(ring, &ring->producing, &want, deadline);
	}
	return error;
}

int libkmq_ring_reserve(struct kmq_ring *handle, struct kmq_ring_part *parts, unsigned int count,
			uint64_t deadline)
{
	unsigned int taken;

	if (fail(reserve(ring_of(handle), parts, count, &taken, deadline)))
		return -1;
	return (int)taken;
}

/*
 * The common case of one record, in few steps: where it is; NULL if it is not that
 * one, and nothing was done.
 */
IN_ONE_PIECE struct kmq_ring_record *reserve_shortly(struct ring *ring, uint32_t size, uint64_t *start,
						     uint64_t *sequence)
{
	struct kmq_ring_producers *producers = producers_of(ring);
	uint64_t bytes = kmq_ring_record_bytes(size), head;
	struct kmq_ring_record *record = NULL;

	if (!try_lock(&producers->lock, ring->id))
		return NULL;
	head = LOAD(producers->head);
	if (__builtin_expect(head % KMQ_RING_ALIGN == 0 && head - ring->producing.seen <= ring->size - bytes, 1)) {
		*start = head;
		*sequence = LOAD(producers->sequence);
		record = record_at(ring, head);
		STORE(record->word, size | KMQ_RING_BUSY);
		STORE(record->owner, ring->id);
		STORE(record->sequence, *sequence);
		STORE_RELEASE(producers->head, head + bytes); /* B */
		STEP();
		STORE(producers->sequence, *sequence + 1);
	}
	/* Told by the commit, if it failed. */
	unlock_ring(ring, KMQ_RING_PRODUCERS_LOCK);
	return record;
}

static void *reserve_one_shared(struct ring *ring, uint32_t size)
{
	struct kmq_ring_record *record;
	uint64_t start, sequence;

	record = reserve_shortly(ring, size, &start, &sequence);
	if (!record)
		return NULL;
	ring->sizes[0] = size;
	opened(ring, start, kmq_ring_record_bytes(size), sequence, 1);
	return record + 1;
}

static void *reserve_one_alone(struct ring *ring, uint32_t size)
{
	uint64_t tail;

	if (ring->mode == KMQ_RING_BROADCAST)
		return overwrite(ring, kmq_ring_record_bytes(size)) ? NULL : kmq_ring_reserve_fast(&ring->hot, size);
	if (look_at_tail(ring, ring->hot.producer.at, &tail))
		return NULL;
	ring->hot.producer.limit = tail + ring->size;
	return kmq_ring_reserve_fast(&ring->hot, size);
}

void *libkmq_ring_reserve_one(struct kmq_ring *handle, uint32_t size, uint64_t deadline)
{
	struct kmq_ring_part part = { .size = size };
	struct ring *ring = ring_of(handle);

	if (!check(ring, 1) && size <= ring->max_message && !health(ring))
		part.data = is_shared(ring) ? reserve_one_shared(ring, size) : reserve_one_alone(ring, size);
	if (part.data)
		return part.data;
	return libkmq_ring_reserve(handle, &part, 1, deadline) < 0 ? NULL : part.data;
}

void *kmq_ring_reserve(struct kmq_ring *handle, uint32_t size)
{
	void *room = kmq_ring_reserve_fast(handle, size);

	return room ? room : libkmq_ring_reserve_one(handle, size, NO_DEADLINE);
}

void *kmq_ring_try_reserve_slow(struct kmq_ring *handle, uint32_t size)
{
	return libkmq_ring_reserve_one(handle, size, NEVER_SLEEP);
}

int kmq_ring_reserve_batch(struct kmq_ring *handle, struct kmq_ring_part *parts, unsigned int count)
{
	return libkmq_ring_reserve(handle, parts, count, NO_DEADLINE);
}

int kmq_ring_try_reserve_batch(struct kmq_ring *handle, struct kmq_ring_part *parts, unsigned int count)
{
	return libkmq_ring_reserve(handle, parts, count, NEVER_SLEEP);
}

int kmq_ring_commit_slow(struct kmq_ring *handle)
{
	struct ring *ring = ring_of(handle);
	uint32_t records = ring->producing.records;

	if (!(ring->roles & KMQ_RING_PRODUCER))
		return fail(EBADF);
	if (!is_open(ring))
		return fail(EINVAL);
	if (is_shared(ring))
		return fail(commit_shared(ring, 0));
	if (!records)
		return fail(commit_alone(ring, ring->hot.producer.end, 1));
	closed(ring);
	return fail(commit_alone(ring, ring->producing.finish, records));
}

int kmq_ring_discard(struct kmq_ring *handle)
{
	struct ring *ring = ring_of(handle);

	if (!(ring->roles & KMQ_RING_PRODUCER))
		return fail(EBADF);
	if (!is_open(ring))
		return fail(EINVAL);
	if (is_shared(ring))
		return fail(commit_shared(ring, KMQ_RING_DISCARDED));
	/* Nobody has seen it. */
	ring->hot.producer.end = ring->hot.producer.at;
	closed(ring);
	return 0;
}

static int __attribute__((noinline)) send_slowly(struct kmq_ring *handle, const void *data, uint32_t size,
						 uint64_t deadline)
{
	struct ring *ring = ring_of(handle);
	void *room = kmq_ring_reserve_fast(handle, size);

	/* Full by what was seen last, which in BROADCAST mode it always is. */
	if (!room && size < handle->producer.ceiling && !is_open(ring))
		room = reserve_one_alone(ring, size);
	if (!room)
		room = libkmq_ring_reserve_one(handle, size, deadline);
	if (!room)
		return -1;
	if (size)
		memcpy(room, data, size);
	return kmq_ring_commit(handle);
}

/* MPSC, MPMC and a short body, which need not be kept in mind. Others go on. */
static int __attribute__((noinline)) send_shared(struct kmq_ring *handle, const void *data, uint32_t size,
						 uint64_t deadline)
{
	struct ring *ring = ring_of(handle);
	struct kmq_ring_record *record = NULL;
	uint64_t start, sequence;

	if (__builtin_expect(size < ring->producing.brief && !LOAD(ring->error), 1))
		record = reserve_shortly(ring, size, &start, &sequence);
	if (__builtin_expect(!record, 0))
		return send_slowly(handle, data, size, deadline);
	copy_short(record + 1, data, size);
	STORE_RELEASE(record->word, size); /* E */
	return fail(committed(ring, &ring->producing, sequence));
}

/* SPSC and a short body: as reserve and commit, but that nothing is kept in the struct between them. */
IN_ONE_PIECE int send(struct kmq_ring *handle, const void *data, uint32_t size, uint64_t deadline)
{
	struct kmq_ring_half *half = &handle->producer;
	uint64_t at = half->at, end = at + kmq_ring_record_bytes(size), sequence = half->sequence;
	struct kmq_ring_record *record;

	if (__builtin_expect(size > SHORT_BODY || size >= half->ceiling || half->end != at ||
			     (int64_t)(half->limit - end) < 0, 0))
		return send_shared(handle, data, size, deadline);
	record = kmq_ring_record_of(handle, at, half->mask);
	STORE(record->word, size);
	STORE(record->owner, half->id);
	record->sequence = sequence;
	copy_short(record + 1, data, size);
	STORE(half->end, end); /* By itself, as in receive_fast(). */
	return kmq_ring_publish(handle, end, sequence);
}

int libkmq_ring_send(struct kmq_ring *handle, const void *data, uint32_t size, uint64_t deadline)
{
	return send(handle, data, size, deadline);
}

int kmq_ring_send(struct kmq_ring *handle, const void *data, uint32_t size)
{
	return send(handle, data, size, NO_DEADLINE);
}

int kmq_ring_try_send(struct kmq_ring *handle, const void *data, uint32_t size)
{
	return send(handle, data, size, NEVER_SLEEP);
}
