// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * BROADCAST: a consumer follows the producer, which does not wait for it. What it
 * reads may be overwritten meanwhile; that it was not is known only afterwards, by
 * the word oldest (H).
 */
#include <string.h>

#include "ring.h"

/* A producer that laps a follower so often while that reads a header is not of this world. */
#define TRIES	64

/*
 * The copy of a race that is lost on purpose: what was torn is thrown away. It is
 * nothing that ThreadSanitizer should tell of, and it follows calls of memcpy().
 */
#ifdef __SANITIZE_THREAD__
__attribute__((no_sanitize("thread")))
void libkmq_ring_copy(void *to, const void *from, uint32_t size)
{
	const volatile char *source = from;
	volatile char *target = to;

	for (uint32_t i = 0; i < size; i++)
		target[i] = source[i];
}
#else
void libkmq_ring_copy(void *to, const void *from, uint32_t size)
{
	if (size)
		memcpy(to, from, size);
}
#endif

static void load_fence(void)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE); /* H: what was read before oldest */
}

/**
 * struct follow - where a follower is while it looks
 * @position: of the next record
 * @sequence: its number, as far as known
 * @lapped: not known: records before it were overwritten
 * @fresh: not known: it may be of before the beginning
 */
struct follow {
	uint64_t position;
	uint64_t sequence;
	int lapped;
	int fresh;
};

/* Was the memory at @position given up when what was read there had been read? */
static int is_lapped(const struct ring *ring, uint64_t position)
{
	load_fence();
	return (int64_t)(LOAD(producers_of(ring)->oldest) - position) > 0;
}

/* To the oldest record. */
static int catch_up(const struct ring *ring, struct follow *follow)
{
	uint64_t oldest = LOAD(producers_of(ring)->oldest);

	if ((int64_t)(oldest - follow->position) <= 0)
		return 0;
	follow->position = oldest;
	follow->lapped = 1;
	return oldest % KMQ_RING_ALIGN ? EUCLEAN : 0;
}

/* What a header says must be, once it is known to be whole. */
static int judge(const struct ring *ring, const struct follow *follow, const struct kmq_ring_record *header,
		 uint64_t head)
{
	int64_t ahead = (int64_t)(header->sequence - follow->sequence);
	uint64_t bytes = kmq_ring_record_bytes(header->word);

	if (header->word > ring->max_message || bytes > head - follow->position)
		return EUCLEAN;
	if (ahead > 0)
		return follow->lapped ? 0 : EUCLEAN;
	return ahead == 0 || follow->fresh ? 0 : EUCLEAN;
}

/*
 * The next record's header, whole. EAGAIN: there is none; @head: what was seen.
 * @follow goes where it is.
 */
static int find(const struct ring *ring, struct follow *follow, struct kmq_ring_record *header, uint64_t *head)
{
	int error;

	for (int i = 0; i < TRIES; i++) {
		error = catch_up(ring, follow);
		if (error)
			return error;
		*head = LOAD_ACQUIRE(producers_of(ring)->head); /* B */
		if (*head == follow->position)
			return EAGAIN;
		libkmq_ring_copy(header, record_at(ring, follow->position), sizeof(*header));
		if (is_lapped(ring, follow->position))
			continue;
		if (!is_position(ring, *head, follow->position))
			return EUCLEAN;
		error = judge(ring, follow, header, *head);
		if (error || (int64_t)(header->sequence - follow->sequence) >= 0)
			return error;
		/* Of before the beginning. */
		follow->position += kmq_ring_record_bytes(header->word);
	}
	/* What head is not: to be looked at again at once. */
	*head = ~*head;
	return EAGAIN;
}

static struct follow here(const struct ring *ring)
{
	const struct ring_half *half = &ring->consuming;

	return (struct follow){ half->next, half->expected, half->lapped, half->fresh };
}

static void pass(struct follow *follow, const struct kmq_ring_record *header)
{
	follow->position += kmq_ring_record_bytes(header->word);
	follow->sequence = header->sequence + 1;
	follow->lapped = follow->fresh = 0;
}

static void want_records(const struct ring *ring, struct ring_want *want, uint64_t head, uint64_t wake)
{
	want->word = lower_half(&producers_of(ring)->head);
	want->expected = (uint32_t)head;
	want->wake = wake;
}

/* Takes what @follow has come to. Until it is released the cursor is where it begins. */
static void take(struct ring *ring, struct kmq_ring_part *part, const struct follow *follow,
		 const struct kmq_ring_record *header)
{
	part->data = record_at(ring, follow->position) + 1;
	part->size = header->word;
	part->flags = 0;
	part->sequence = header->sequence;
	part->lost = header->sequence - follow->sequence;
}

int libkmq_ring_follow(struct ring *ring, struct kmq_ring_part *parts, unsigned int count, uint32_t room,
		       struct ring_want *want)
{
	struct ring_half *half = &ring->consuming;
	struct follow follow = here(ring);
	struct kmq_ring_record header;
	uint64_t head;
	unsigned int n;
	int error = find(ring, &follow, &header, &head);

	half->next = follow.position;
	half->lapped = follow.lapped;
	if (error == EUCLEAN)
		return libkmq_ring_broken(ring, &ring->hot.consumer);
	if (error) {
		want_records(ring, want, head, follow.sequence);
		return error;
	}
	if (header.word > room)
		return EMSGSIZE;
	half->start = follow.position;
	for (n = 0; n < count && !error; n++) {
		take(ring, &parts[n], &follow, &header);
		pass(&follow, &header);
		half->finish = follow.position;
		half->sequence = follow.sequence;
		if (n + 1 < count)
			error = find(ring, &follow, &header, &head);
		/* What comes after a gap is for the next claim, which tells it. */
		if (follow.lapped)
			error = EAGAIN;
	}
	half->records = n;
	parts[0].flags = libkmq_ring_deaths(ring);
	return 0;
}

/* ESTALE: the cursor stays, for the next claim to find out how many were lost. */
int libkmq_ring_followed(struct ring *ring)
{
	struct ring_half *half = &ring->consuming;
	struct kmq_ring_claim *claim = &consumers_of(ring)->claims[ring->id];

	half->records = 0;
	if (is_lapped(ring, half->start))
		return ESTALE;
	half->next = half->finish;
	half->expected = half->sequence;
	half->lapped = half->fresh = 0;
	STORE(claim->start, half->next);
	STORE(claim->sequence, half->expected);
	return 0;
}

int libkmq_ring_followable(struct ring *ring, uint64_t count, struct ring_want *want)
{
	struct follow follow = here(ring);
	struct ring_half *half = &ring->consuming;
	struct kmq_ring_record header;
	uint64_t head;
	int error;

	/* From where the last walk ended, if the cursor has not moved and nothing was lost since. */
	if (half->counted_records && half->counted == follow.position && !is_lapped(ring, follow.position))
		follow = (struct follow){ half->counted_to, half->counted_sequence, 0, 0 };
	else
		half->counted_records = 0;
	while (half->counted_records < count) {
		error = find(ring, &follow, &header, &head);
		if (follow.lapped) {
			half->counted_records = 0;
			half->lapped = 1;
		}
		/* What is of before its beginning is passed for good: find() passes only so many. */
		if (!half->counted_records)
			half->next = follow.position;
		if (error == EUCLEAN)
			return libkmq_ring_broken(ring, &ring->hot.consumer);
		if (error) {
			want_records(ring, want, head, follow.sequence + (count - half->counted_records) - 1);
			want->patient = count - half->counted_records > 1;
			return error;
		}
		if (!half->counted_records++)
			half->counted = follow.position;
		pass(&follow, &header);
		half->counted_to = follow.position;
		half->counted_sequence = follow.sequence;
	}
	return 0;
}
