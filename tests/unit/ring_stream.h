/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parties that send and receive until all was seen, for the tests of the ring. Each
 * record says who sent it and as which one, and the rest of it follows from that.
 */
#ifndef RING_STREAM_H
#define RING_STREAM_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ring.h"

/* Ends the program, from any thread and any child of it. */
#define REQUIRE(condition)                                                                        \
	do {                                                                                      \
		if (!(condition)) {                                                               \
			fprintf(stderr, "# %s:%d: not true: %s (errno %d)\n", __FILE__, __LINE__, \
				#condition, errno);                                               \
			_exit(1);                                                                 \
		}                                                                                 \
	} while (0)

/**
 * struct stream - parties that send and receive
 * @mode: of the ring
 * @size: likewise
 * @producers: how many
 * @consumers: how many
 * @sequence: of the first record
 * @position: likewise
 * @count: records of each producer
 * @batch: most at a time
 * @spin: see kmq_ring_set_spin()
 * @longest: body
 */
struct stream {
	uint32_t mode;
	uint64_t size;
	unsigned int producers;
	unsigned int consumers;
	uint64_t sequence;
	uint64_t position;
	uint32_t count;
	unsigned int batch;
	uint32_t spin;
	uint32_t longest;
};

/* What a record says, before so much that is made from it. */
struct note {
	uint32_t producer;
	uint32_t number;
};

/* What all consumers have seen; shared. */
struct tally {
	uint64_t received;
	uint64_t lost;
	uint8_t seen[];
};

enum { PRODUCERS_MAX = 4 };

static inline uint32_t mix(uint32_t x)
{
	x = (x ^ x >> 16) * 0x45d9f3b;
	return x ^ x >> 13;
}

static inline uint32_t length_of(const struct stream *stream, struct note note)
{
	return sizeof(note) + mix(note.producer << 24 ^ note.number) % (stream->longest - sizeof(note) + 1);
}

static inline void fill_in(void *room, uint32_t size, struct note note)
{
	memcpy(room, &note, sizeof(note));
	for (uint32_t i = sizeof(note); i < size; i++)
		((uint8_t *)room)[i] = (uint8_t)(mix(note.number) + i);
}

static inline bool is_whole(const void *body, uint32_t size, struct note note)
{
	for (uint32_t i = sizeof(note); i < size; i++)
		if (((const uint8_t *)body)[i] != (uint8_t)(mix(note.number) + i))
			return false;
	return true;
}

static inline void produce(const struct stream *stream, struct kmq_ring *ring, uint32_t producer)
{
	struct kmq_ring_part parts[16];
	uint8_t body[1 << 14];
	uint32_t number = 0;

	while (number < stream->count) {
		unsigned int n = stream->batch ? 1 + mix(number) % stream->batch : 1;

		/* Every so often one that nobody is to see. */
		if (mix(number ^ 0x55) % 64 == 0) {
			REQUIRE(kmq_ring_reserve(ring, number % stream->longest));
			REQUIRE(!kmq_ring_discard(ring));
		}
		if (n > stream->count - number)
			n = stream->count - number;
		for (unsigned int i = 0; i < n; i++)
			parts[i].size = length_of(stream, (struct note){ producer, number + i });
		if (n == 1 && number % 4 == 2) {
			fill_in(body, parts[0].size, (struct note){ producer, number });
			REQUIRE(!kmq_ring_send(ring, body, parts[0].size));
			number++;
			continue;
		}
		if (n == 1 && number % 2) {
			parts[0].data = kmq_ring_reserve(ring, parts[0].size);
			REQUIRE(parts[0].data);
		} else {
			int reserved = kmq_ring_reserve_batch(ring, parts, n);

			REQUIRE(reserved > 0);
			n = reserved;
		}
		for (unsigned int i = 0; i < n; i++)
			fill_in(parts[i].data, parts[i].size, (struct note){ producer, number + i });
		REQUIRE(!kmq_ring_commit(ring));
		number += n;
	}
}

/* One record. In BROADCAST mode it may be overwritten until it is released. */
static inline struct note read_note(const struct stream *stream, const struct kmq_ring_part *part, bool *whole)
{
	const void *body = part->data;
	struct note note = { 0, 0 };
	uint8_t copy[1 << 14];

	REQUIRE(part->size <= sizeof(copy));
	if (stream->mode == KMQ_RING_BROADCAST) {
		libkmq_ring_copy(copy, body, part->size);
		body = copy;
	}
	*whole = part->size >= sizeof(note);
	if (*whole)
		memcpy(&note, body, sizeof(note));
	*whole = *whole && note.producer < stream->producers && note.number < stream->count &&
		 part->size == length_of(stream, note) && is_whole(body, part->size, note);
	return note;
}

static inline uint64_t total(const struct stream *stream)
{
	return (uint64_t)stream->count * stream->producers;
}

static inline struct tally *tally_of(const struct stream *stream, size_t *length)
{
	struct tally *tally;

	*length = sizeof(*tally) + total(stream);
	tally = mmap(NULL, *length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(tally != MAP_FAILED);
	return tally;
}

static inline bool is_over(const struct stream *stream, const struct tally *tally, uint64_t own)
{
	if (stream->mode == KMQ_RING_BROADCAST)
		return own == total(stream);
	return __atomic_load_n(&tally->received, __ATOMIC_RELAXED) == total(stream);
}

/* Some where they lie, for the caller to release; others, one at a time, into @body. */
static inline int get(const struct stream *stream, struct kmq_ring *ring, struct kmq_ring_part *parts,
		      void *body, uint32_t size, bool copy)
{
	struct timespec soon = kmq_deadline_in(50);

	if (!copy)
		return kmq_ring_peek_batch_until(ring, parts, stream->batch ? stream->batch : 1, &soon);
	parts[0].data = body;
	parts[0].size = size;
	return kmq_ring_receive_until(ring, parts, &soon) ? -1 : 1;
}

static inline void consume(const struct stream *stream, struct kmq_ring *ring, struct tally *tally)
{
	uint64_t own = 0, expected = 0;
	uint8_t body[1 << 14];
	uint32_t next[PRODUCERS_MAX] = { 0 };
	struct kmq_ring_part parts[16];
	struct note notes[16];
	bool whole[16];

	for (bool copy = false; !is_over(stream, tally, own); copy = !copy) {
		int n = get(stream, ring, parts, body, sizeof(body), copy);

		if (n < 0) {
			REQUIRE(errno == ETIMEDOUT);
			continue;
		}
		for (int i = 0; i < n; i++)
			notes[i] = read_note(stream, &parts[i], &whole[i]);
		if (!copy && kmq_ring_release(ring)) {
			REQUIRE(stream->mode == KMQ_RING_BROADCAST && errno == ESTALE);
			continue;
		}
		for (int i = 0; i < n; i++) {
			REQUIRE(whole[i]);
			REQUIRE(!parts[i].flags);
			/* In order, for each producer; without a gap if nobody else takes what is between. */
			REQUIRE(notes[i].number >= next[notes[i].producer]);
			if (stream->consumers == 1 && stream->mode != KMQ_RING_BROADCAST)
				REQUIRE(notes[i].number == next[notes[i].producer]);
			if (stream->mode == KMQ_RING_BROADCAST)
				REQUIRE(notes[i].number == next[0] + parts[i].lost);
			next[notes[i].producer] = notes[i].number + 1;
			if (expected)
				REQUIRE((int64_t)(parts[i].sequence - expected) >= 0);
			expected = parts[i].sequence + 1;
			own += 1 + parts[i].lost;
			if (stream->mode != KMQ_RING_BROADCAST)
				REQUIRE(!__atomic_exchange_n(&tally->seen[notes[i].producer * stream->count +
									  notes[i].number],
							     1, __ATOMIC_RELAXED));
		}
		__atomic_fetch_add(&tally->received, n, __ATOMIC_RELAXED);
	}
}

#endif
