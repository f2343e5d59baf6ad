// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "party.h"

#define GET(word) ({ step(); __atomic_load_n(&(word), __ATOMIC_ACQUIRE); })
#define PUT(word, value) ({ step(); __atomic_store_n(&(word), value, __ATOMIC_RELEASE); })

static struct kmq_ring_producers *producers(void)
{
	return world->words.producers;
}

static struct kmq_ring_consumers *consumers(void)
{
	return world->words.consumers;
}

static bool is_mode(u32 mode)
{
	return world->words.mode == mode;
}

static struct kmq_ring_record *record_at(u64 position)
{
	return (struct kmq_ring_record *)(world->words.data + position % RING_SIZE);
}

static bool compare_and_swap(u32 *word, u32 seen, u32 value)
{
	step();
	return __atomic_compare_exchange_n(word, &seen, value, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

/* Says that it sleeps for it, half of the time, and then takes it as such. */
static void lock(u32 *word, u32 id)
{
	u32 mine = id;

	while (!compare_and_swap(word, 0, mine)) {
		u32 seen = GET(*word);

		if (seen && below(2) && compare_and_swap(word, seen, seen | KMQ_RING_CONTENDED))
			mine = id | KMQ_RING_CONTENDED;
		step_blocked();
	}
}

static void unlock(u32 *word, u32 id)
{
	u32 seen;

	step();
	seen = __atomic_exchange_n(word, 0, __ATOMIC_SEQ_CST);
	assert_int_equal(seen & ~KMQ_RING_CONTENDED, id);
}

/* Producing. */

static bool has_room(u64 head, u64 bytes)
{
	return head + bytes - GET(consumers()->tail) <= RING_SIZE;
}

/* BROADCAST. */
static void make_room(u64 head, u64 bytes)
{
	u64 oldest = GET(producers()->oldest);

	while (head + bytes - oldest > RING_SIZE) {
		oldest += kmq_ring_record_bytes(GET(record_at(oldest)->word));
		PUT(producers()->oldest, oldest);
	}
}

static void header_write(const struct party *party, unsigned int i, u32 flags)
{
	struct kmq_ring_record *record = record_at(party->room[i]);

	PUT(record->word, party->room_size[i] | flags);
	PUT(record->owner, party->id);
	PUT(record->sequence, party->room_sequence[i]);
}

static void bodies_write(const struct party *party, unsigned int i)
{
	step();
	body_write((u8 *)(record_at(party->room[i]) + 1), party->room_sequence[i],
		   party->room_size[i]);
}

static u64 head_after(const struct party *party)
{
	unsigned int last = party->reserved - 1;

	return party->room[last] + kmq_ring_record_bytes(party->room_size[last]);
}

static void reserve_rooms(struct party *party, const u32 *sizes, unsigned int count)
{
	u64 head = GET(producers()->head), start = head;
	u64 sequence = GET(producers()->sequence);

	party->reserved = 0;
	for (unsigned int i = 0; i < count; i++) {
		u64 bytes = kmq_ring_record_bytes(sizes[i]);

		if (is_mode(KMQ_RING_BROADCAST) && head + bytes - start > RING_SIZE / 2)
			return;
		if (is_mode(KMQ_RING_BROADCAST))
			make_room(head, bytes);
		else if (!has_room(head, bytes))
			return;
		party->room[i] = head;
		party->room_sequence[i] = sequence++;
		party->room_size[i] = sizes[i];
		party->reserved++;
		head += bytes;
	}
}

static void all_reserved(const struct party *party)
{
	for (unsigned int i = 0; i < party->reserved; i++)
		world_reserved(party->id, party->room_sequence[i], party->room_size[i]);
}

static void reserve_locked(struct party *party)
{
	if (!party->reserved)
		return;
	for (unsigned int i = 0; i < party->reserved; i++)
		header_write(party, i, KMQ_RING_BUSY);
	PUT(producers()->head, head_after(party));
	all_reserved(party);
	PUT(producers()->sequence, party->room_sequence[0] + party->reserved);
}

unsigned int party_reserve(struct party *party, const u32 *sizes, unsigned int count)
{
	if (is_mode(KMQ_RING_SPSC) || is_mode(KMQ_RING_BROADCAST)) {
		reserve_rooms(party, sizes, count);
		return party->reserved;
	}
	lock(&producers()->lock, party->id);
	reserve_rooms(party, sizes, count);
	reserve_locked(party);
	unlock(&producers()->lock, party->id);
	return party->reserved;
}

static void commit_single(struct party *party)
{
	for (unsigned int i = 0; i < party->reserved; i++) {
		header_write(party, i, 0);
		bodies_write(party, i);
	}
	PUT(producers()->sequence, party->room_sequence[0] + party->reserved);
	PUT(producers()->head, head_after(party));
	all_reserved(party);
	for (unsigned int i = 0; i < party->reserved; i++)
		world_committed(party->room_sequence[i]);
}

void party_commit(struct party *party)
{
	if (is_mode(KMQ_RING_SPSC) || is_mode(KMQ_RING_BROADCAST)) {
		commit_single(party);
		party->reserved = 0;
		return;
	}
	while (party->reserved) {
		unsigned int i = party->reserved - 1;

		bodies_write(party, i);
		PUT(record_at(party->room[i])->word, party->room_size[i]);
		world_committed(party->room_sequence[i]);
		party->reserved--;
	}
}

void party_discard(struct party *party)
{
	if (is_mode(KMQ_RING_SPSC) || is_mode(KMQ_RING_BROADCAST))
		party->reserved = 0;
	while (party->reserved) {
		unsigned int i = party->reserved - 1;

		PUT(record_at(party->room[i])->word, party->room_size[i] | KMQ_RING_DISCARDED);
		world_discarded(party->room_sequence[i]);
		party->reserved--;
	}
}

/* Consuming. */

static bool is_given_up(u32 word)
{
	return word & (KMQ_RING_DISCARDED | KMQ_RING_ABANDONED);
}

static u64 bytes_of(u32 word)
{
	return kmq_ring_record_bytes(word & KMQ_RING_RECORD_SIZE);
}

static void check_body(u64 position)
{
	struct kmq_ring_record *record = record_at(position);
	u32 word = GET(record->word);

	assert_int_equal(word & ~KMQ_RING_RECORD_SIZE, 0);
	assert_true(body_is_whole((u8 *)(record + 1), GET(record->sequence), word));
}

/* From @position to @end at most; where it stopped. @skipped: before the last. */
static u64 collect(struct party *party, u64 position, u64 end, unsigned int count, u64 *skipped)
{
	u64 passed = 0;

	*skipped = 0;
	party->claimed = 0;
	party->claim_end = position;
	while (position != end && party->claimed < count) {
		struct kmq_ring_record *record = record_at(position);
		u32 word = GET(record->word);

		if (word & KMQ_RING_BUSY)
			break;
		if (is_given_up(word)) {
			passed++;
		} else {
			party->found[party->claimed] = position;
			party->found_sequence[party->claimed++] = GET(record->sequence);
			party->claim_end = position + bytes_of(word);
			*skipped = passed;
		}
		position += bytes_of(word);
	}
	if (!party->claimed)
		*skipped = passed;
	return party->claimed ? party->claim_end : position;
}

static void set_used(u32 id, bool use)
{
	u64 used = GET(consumers()->claims_used);

	PUT(consumers()->claims_used, use ? used | 1ull << id : used & ~(1ull << id));
}

static void write_claim(const struct party *party, u64 start, u64 end)
{
	struct kmq_ring_claim *claim = &consumers()->claims[party->id];

	PUT(claim->start, start);
	PUT(claim->end, end);
	PUT(claim->sequence, party->found_sequence[0]);
	PUT(claim->records, party->claimed);
	PUT(claim->state, KMQ_RING_CLAIMED);
	set_used(party->id, true);
}

static void write_cursor(u32 version, struct kmq_ring_cursor value)
{
	struct kmq_ring_cursor *cursor = &consumers()->cursor[(version + 1) % 2];

	PUT(cursor->next, value.next);
	PUT(cursor->expected, value.expected);
	PUT(cursor->received, value.received);
	PUT(cursor->skipped, value.skipped);
	PUT(consumers()->version, version + 1);
}

static struct kmq_ring_cursor read_cursor(u32 *version)
{
	struct kmq_ring_cursor *cursor;

	*version = GET(consumers()->version);
	cursor = &consumers()->cursor[*version % 2];
	return (struct kmq_ring_cursor){ GET(cursor->next), GET(cursor->expected),
					 GET(cursor->received), GET(cursor->skipped) };
}

static void write_tail(void)
{
	u32 version;
	u64 lowest = read_cursor(&version).next;
	u64 base = GET(consumers()->tail);
	u64 used = GET(consumers()->claims_used);

	for (; used; used &= used - 1) {
		u64 start = GET(consumers()->claims[__builtin_ctzll(used)].start);

		if (start - base < lowest - base)
			lowest = start;
	}
	PUT(consumers()->tail, lowest);
}

static void all_claimed(const struct party *party)
{
	for (unsigned int i = 0; i < party->claimed; i++)
		world_claimed(party->id, party->found_sequence[i], party->orphan);
}

static u32 lowest_orphan(void)
{
	u64 used = GET(consumers()->claims_used);
	u32 lowest = 0;

	for (; used; used &= used - 1) {
		u32 id = __builtin_ctzll(used);
		struct kmq_ring_claim *claim = &consumers()->claims[id];

		if (GET(claim->state) != KMQ_RING_ORPHANED)
			continue;
		if (!lowest || (s64)(GET(claim->start) -
				     GET(consumers()->claims[lowest].start)) < 0)
			lowest = id;
	}
	return lowest;
}

static void claim_orphan(struct party *party, u32 id, unsigned int count)
{
	struct kmq_ring_claim *orphan = &consumers()->claims[id];
	u64 start = GET(orphan->start), end = GET(orphan->end), skipped;
	u32 records = GET(orphan->records);
	bool whole;

	collect(party, start, end, count, &skipped);
	party->orphan = true;
	whole = party->claimed == records;
	assert_true(party->claimed && party->claimed <= records);
	write_claim(party, start, whole ? end : party->claim_end);
	if (whole) {
		PUT(orphan->state, KMQ_RING_CLAIM_FREE);
		all_claimed(party);
		set_used(id, false);
		return;
	}
	PUT(orphan->start, party->claim_end);
	all_claimed(party);
	PUT(orphan->sequence, party->found_sequence[party->claimed - 1] + 1);
	PUT(orphan->records, records - party->claimed);
}

static void claim_fresh(struct party *party, unsigned int count)
{
	u32 version;
	struct kmq_ring_cursor cursor = read_cursor(&version);
	u64 skipped, end;

	end = collect(party, cursor.next, GET(producers()->head), count, &skipped);
	party->orphan = false;
	if (end == cursor.next)
		return;
	if (party->claimed)
		write_claim(party, party->found[0], end);
	write_cursor(version, (struct kmq_ring_cursor){
		.next = end,
		.expected = cursor.expected + party->claimed + skipped,
		.received = cursor.received + party->claimed,
		.skipped = cursor.skipped + skipped,
	});
	all_claimed(party);
	if (!party->claimed)
		write_tail();
}

static unsigned int claim_single(struct party *party, unsigned int count)
{
	u64 skipped;

	collect(party, GET(consumers()->tail), GET(producers()->head), count, &skipped);
	return party->claimed;
}

unsigned int party_claim(struct party *party, unsigned int count)
{
	u32 orphan;

	if (is_mode(KMQ_RING_SPSC))
		return claim_single(party, count);
	if (is_mode(KMQ_RING_MPMC))
		lock(&consumers()->lock, party->id);
	orphan = lowest_orphan();
	if (orphan)
		claim_orphan(party, orphan, count);
	else
		claim_fresh(party, count);
	if (is_mode(KMQ_RING_MPMC))
		unlock(&consumers()->lock, party->id);
	return party->claimed;
}

static void all_released(struct party *party)
{
	for (unsigned int i = 0; i < party->claimed; i++) {
		if (is_mode(KMQ_RING_SPSC))
			world_claimed(party->id, party->found_sequence[i], false);
		world_released(party->id, party->found_sequence[i]);
	}
	party->claimed = 0;
}

static void release_single(struct party *party)
{
	PUT(consumers()->expected, party->found_sequence[0] + party->claimed);
	PUT(consumers()->tail, party->claim_end);
	all_released(party);
}

void party_release(struct party *party)
{
	for (unsigned int i = 0; i < party->claimed; i++)
		check_body(party->found[i]);
	if (is_mode(KMQ_RING_SPSC)) {
		release_single(party);
		return;
	}
	if (is_mode(KMQ_RING_MPMC))
		lock(&consumers()->lock, party->id);
	PUT(consumers()->claims[party->id].state, KMQ_RING_CLAIM_FREE);
	all_released(party);
	set_used(party->id, false);
	write_tail();
	if (is_mode(KMQ_RING_MPMC))
		unlock(&consumers()->lock, party->id);
}

static bool take_front(struct party *party)
{
	u32 version, word;
	struct kmq_ring_cursor cursor = read_cursor(&version);
	struct kmq_ring_record *record = record_at(cursor.next);

	if (GET(consumers()->claims_used) || GET(consumers()->tail) != cursor.next)
		return false;
	if (GET(producers()->head) == cursor.next)
		return false;
	word = GET(record->word);
	if (word & KMQ_RING_BUSY || is_given_up(word))
		return false;
	party->claimed = 1;
	party->orphan = false;
	party->found[0] = cursor.next;
	party->found_sequence[0] = GET(record->sequence);
	check_body(cursor.next);
	party->claim_end = cursor.next + bytes_of(word);
	write_cursor(version, (struct kmq_ring_cursor){
		.next = party->claim_end,
		.expected = cursor.expected + 1,
		.received = cursor.received + 1,
		.skipped = cursor.skipped,
	});
	all_claimed(party);
	all_released(party);
	PUT(consumers()->tail, party->claim_end);
	return true;
}

bool party_take(struct party *party)
{
	bool taken;

	if (is_mode(KMQ_RING_SPSC))
		return false;
	if (is_mode(KMQ_RING_MPMC))
		lock(&consumers()->lock, party->id);
	taken = take_front(party);
	if (is_mode(KMQ_RING_MPMC))
		unlock(&consumers()->lock, party->id);
	return taken;
}

static bool is_lapped(u64 position)
{
	return (s64)(GET(producers()->oldest) - position) > 0;
}

bool party_read(struct party *party)
{
	for (;;) {
		u64 oldest = GET(producers()->oldest), position = party->cursor, sequence;
		u32 word;
		bool whole;

		if (is_lapped(position))
			position = oldest;
		if (position == GET(producers()->head))
			return false;
		word = GET(record_at(position)->word);
		sequence = GET(record_at(position)->sequence);
		if (is_lapped(position))
			continue;
		whole = body_is_whole((u8 *)(record_at(position) + 1), sequence, word);
		if (is_lapped(position))
			continue;
		assert_true(whole);
		party->lost += sequence - party->expected;
		party->seen++;
		party->cursor = position + bytes_of(word);
		party->expected = sequence + 1;
		PUT(consumers()->claims[party->id].start, party->cursor);
		PUT(consumers()->claims[party->id].sequence, party->expected);
		return true;
	}
}
