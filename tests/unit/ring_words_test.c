// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmod/ring_words.c: the kernel's part in a shared ring, among processes that
 * work, stop, die at any of their accesses (ring_words/party.c), or write what
 * they like. Positions and sequence numbers start before they wrap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>

#include "ring_words/party.h"

enum { MAX = RING_SIZE / 2 - sizeof(struct kmq_ring_record) };

static const u32 all_modes[] = { KMQ_RING_SPSC, KMQ_RING_MPSC, KMQ_RING_MPMC,
				 KMQ_RING_BROADCAST };

static const struct start {
	u64 sequence;
	u64 position;
} starts[] = {
	{ 1, 0 },
	{ (1ull << 32) - 3, (1ull << 32) - 192 },
	{ 0ull - 3, 0ull - 192 },
};

#define for_each(item, array) \
	for (const __typeof__((array)[0]) *item = (array); \
	     item < (array) + sizeof(array) / sizeof((array)[0]); item++)

static struct kmq_words *words(void)
{
	return &world->words;
}

static bool has_locks(void)
{
	return words()->mode == KMQ_RING_MPSC || words()->mode == KMQ_RING_MPMC;
}

/* The kernel at work, with what it does told to the model. */

static int kernel_reserve(u32 size, struct kmq_room *room, u64 *wake)
{
	int ret;

	memset(room, 0xa5, sizeof(*room));
	ret = kmq_words_reserve(words(), size, room, wake);
	if (ret)
		return ret;
	if (has_locks())
		world_reserved(KMQ_RING_KERNEL, room->sequence, size);
	body_write(room->body, room->sequence, size);
	return 0;
}

static void kernel_commit(const struct kmq_room *room)
{
	u64 sequence;

	kmq_words_commit(words(), room, &sequence);
	assert_int_equal(sequence, room->sequence);
	if (!has_locks())
		world_reserved(KMQ_RING_KERNEL, sequence, room->size);
	world_committed(sequence);
}

static void kernel_discard(const struct kmq_room *room)
{
	kmq_words_discard(words(), room);
	if (has_locks())
		world_discarded(room->sequence);
}

static int kernel_send(u32 size)
{
	struct kmq_room room;
	u64 wake;
	int ret = kernel_reserve(size, &room, &wake);

	if (!ret)
		kernel_commit(&room);
	return ret;
}

static int kernel_claim(struct kmq_found *found, u64 *wake)
{
	int ret;

	memset(found, 0xa5, sizeof(*found));
	ret = kmq_words_claim(words(), NULL, found, wake);
	if (ret)
		return ret;
	assert_int_equal(found->end - found->position, kmq_ring_record_bytes(found->size));
	assert_int_equal(found->lost, 0);
	assert_true(body_is_whole(found->body, found->sequence, found->size));
	if (has_locks())
		world_claimed(KMQ_RING_KERNEL, found->sequence,
			      world->records[found->sequence - words()->first_sequence].claimed);
	return 0;
}

static int kernel_release(const struct kmq_found *found)
{
	u64 tail;
	int ret = kmq_words_release(words(), NULL, found, &tail);

	if (ret)
		return ret;
	assert_int_equal(tail, words()->consumers->tail);
	if (!has_locks())
		world_claimed(KMQ_RING_KERNEL, found->sequence, false);
	world_released(KMQ_RING_KERNEL, found->sequence);
	return 0;
}

static int kernel_unclaim(const struct kmq_found *found)
{
	int ret = kmq_words_unclaim(words(), NULL, found);

	assert_int_equal(ret, 0);
	assert_true(kmq_words_kicked(words(), KMQ_RING_CONSUMERS));
	if (has_locks())
		world_given_back(KMQ_RING_KERNEL);
	return ret;
}

static int kernel_receive(void)
{
	struct kmq_found found;
	u64 wake;
	int ret = kernel_claim(&found, &wake);

	return ret ?: kernel_release(&found);
}

static void bury_producer(u32 id, struct kmq_repair *repair)
{
	u64 abandoned = 0;

	assert_int_equal(kmq_words_repair_producer(words(), id, repair), 0);
	for (u64 i = 0; i < world->sent; i++) {
		struct record *record = &world->records[i];

		if (record->fate != RESERVED || record->owner != id)
			continue;
		record->fate = ABANDONED;
		abandoned++;
	}
	assert_int_equal(repair->abandoned, abandoned);
	assert_true(repair->held || !abandoned);
}

static void bury_consumer(u32 id, struct kmq_repair *repair)
{
	bool claimed = has_locks() && !kmq_words_id_is_free(words(), id);

	assert_int_equal(kmq_words_repair_consumer(words(), id, repair), 0);
	world_given_back(id);
	assert_true(repair->held || !claimed);
}

/* The end of an attachment, which may have been both. */
static struct kmq_repair bury(u32 id)
{
	struct kmq_repair repair = {};

	world->live &= ~(1ull << id);
	if (world->producers >> id & 1)
		bury_producer(id, &repair);
	if (world->consumers >> id & 1)
		bury_consumer(id, &repair);
	world->producers &= ~(1ull << id);
	world->consumers &= ~(1ull << id);
	assert_int_not_equal(kmq_words_lock_holder(words(), KMQ_RING_PRODUCERS_LOCK), id);
	assert_int_not_equal(kmq_words_lock_holder(words(), KMQ_RING_CONSUMERS_LOCK), id);
	return repair;
}

static void party_join(struct party *party, u32 id, u32 roles)
{
	*party = (struct party){ .id = id };
	assert_true(kmq_words_id_is_free(words(), id));
	world->live |= 1ull << id;
	if (roles & KMQ_RING_PRODUCER)
		world->producers |= 1ull << id;
	if (roles & KMQ_RING_CONSUMER)
		world->consumers |= 1ull << id;
	if (words()->mode == KMQ_RING_BROADCAST) {
		struct kmq_reader reader;

		assert_int_equal(kmq_words_subscribe(words(), &reader), 0);
		assert_int_equal(reader.expected - words()->first_sequence, world->sent);
		kmq_words_set_cursor(words(), id, &reader);
		party->cursor = words()->consumers->claims[id].start;
		party->expected = words()->consumers->claims[id].sequence;
	}
}

static bool party_send(struct party *party, u32 size)
{
	if (!party_reserve(party, &size, 1))
		return false;
	party_commit(party);
	return true;
}

static bool party_receive(struct party *party, unsigned int count)
{
	if (words()->mode == KMQ_RING_BROADCAST)
		return party_read(party);
	if (count == 1 && party_take(party))
		return true;
	if (!party_claim(party, count))
		return false;
	party_release(party);
	return true;
}

static void drain_by_kernel(void)
{
	int ret;

	while (!(ret = kernel_receive()))
		world_check_ledger();
	assert_int_equal(ret, -EAGAIN);
}

static void drain_by(struct party *party)
{
	while (party_receive(party, 1 + below(3)))
		world_check_ledger();
}

/* It is as good as new. */
static void check_room(void)
{
	struct kmq_room room;
	u64 wake;

	if (kmq_words_lock_holder(words(), KMQ_RING_PRODUCERS_LOCK) ||
	    kmq_words_lock_holder(words(), KMQ_RING_CONSUMERS_LOCK))
		fail();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(kmq_words_writable(words()), 1);
		assert_int_equal(kernel_send(MAX), 0);
	}
	assert_int_equal(kmq_words_writable(words()), 0);
	assert_int_equal(kernel_reserve(0, &room, &wake), -EAGAIN);
	drain_by_kernel();
	world_check_empty();
}

/* One at a time. */

static void a_new_ring_is_empty_and_says_so(void **state)
{
	for_each(mode, all_modes) for_each(start, starts) {
		struct kmq_ring_control *control;
		struct kmq_reader reader;
		struct kmq_found found;
		u64 wake = 7;

		world_open(*mode, start->sequence, start->position);
		control = words()->control;
		assert_true(control->magic == KMQ_RING_MAGIC);
		assert_int_equal(control->version, KMQ_RING_VERSION);
		assert_int_equal(control->mode, *mode);
		assert_int_equal(control->size, RING_SIZE);
		assert_int_equal(control->max_message, MAX);
		assert_true(control->first_sequence == start->sequence);
		assert_true(control->first_position == start->position);
		assert_false(kmq_words_wakes_consumers(words(), start->sequence + 1000));
		assert_false(kmq_words_wakes_producers(words(), start->position + 1000));
		assert_int_equal(kmq_words_subscribe(words(), &reader), 0);
		assert_int_equal(kmq_words_readable(words(), KMQ_RING_KERNEL, &reader), 0);
		assert_int_equal(kmq_words_peek(words(), &reader, &found), -EAGAIN);
		assert_int_equal(kmq_words_claim(words(), &reader, &found, &wake), -EAGAIN);
		assert_true(wake == start->sequence);
		assert_int_equal(kmq_words_writable(words()), 1);
		world_check_empty();
		world_close(world);
	}
}

static void records_of_any_size_come_out_as_they_went_in(void **state)
{
	for_each(mode, all_modes) for_each(start, starts) {
		if (*mode == KMQ_RING_BROADCAST)
			continue;
		world_open(*mode, start->sequence, start->position);
		for (int i = 0; i < 2000; i++) {
			u32 size = below(10) ? below(300) : below(MAX + 1);

			while (kernel_send(size))
				assert_int_equal(kernel_receive(), 0);
			if (!below(3))
				kernel_receive();
			world_check_ledger();
			world_check_readable(KMQ_RING_KERNEL);
		}
		drain_by_kernel();
		check_room();
		world_close(world);
	}
}

static void a_record_beyond_half_of_the_ring_is_refused(void **state)
{
	for_each(mode, all_modes) {
		struct kmq_room room;
		u64 wake;

		world_open(*mode, 1, 0);
		assert_int_equal(kmq_words_reserve(words(), MAX + 1, &room, &wake), -EMSGSIZE);
		assert_int_equal(kmq_words_reserve(words(), ~0u, &room, &wake), -EMSGSIZE);
		assert_int_equal(kmq_words_reserve(words(), MAX, &room, &wake), 0);
		world_close(world);
	}
}

static void a_full_ring_says_which_release_to_wait_for(void **state)
{
	for_each(mode, all_modes) for_each(start, starts) {
		struct kmq_found found;
		struct kmq_room room;
		u64 wake, tail;

		if (*mode == KMQ_RING_BROADCAST)
			continue;
		world_open(*mode, start->sequence, start->position);
		for (int i = 0; i < 4; i++)
			assert_int_equal(kernel_send(1024 - 16), 0);
		assert_int_equal(kernel_reserve(1024, &room, &wake), -EAGAIN);
		assert_true(wake == start->position + 1040);
		assert_int_equal(kmq_words_claim(words(), NULL, &found, &tail), 0);
		assert_int_equal(kmq_words_release(words(), NULL, &found, &tail), 0);
		assert_true((s64)(tail - wake) < 0);
		assert_int_equal(kmq_words_reserve(words(), 1024, &room, &wake), -EAGAIN);
		assert_int_equal(kmq_words_claim(words(), NULL, &found, &tail), 0);
		assert_int_equal(kmq_words_release(words(), NULL, &found, &tail), 0);
		assert_true((s64)(tail - wake) >= 0);
		assert_int_equal(kmq_words_reserve(words(), 1024, &room, &wake), 0);
		world_close(world);
	}
}

static void what_is_busy_blocks_and_is_what_to_wait_for(void **state)
{
	static const u32 modes[] = { KMQ_RING_MPSC, KMQ_RING_MPMC };

	for_each(mode, modes) for_each(start, starts) {
		struct kmq_room first, second;
		struct kmq_found found;
		u64 wake, sequence;

		world_open(*mode, start->sequence, start->position);
		assert_int_equal(kernel_reserve(10, &first, &wake), 0);
		assert_int_equal(kernel_reserve(20, &second, &wake), 0);
		kernel_commit(&second);
		world_check_ledger();
		world_check_readable(KMQ_RING_KERNEL);
		assert_int_equal(kernel_claim(&found, &sequence), -EAGAIN);
		assert_true(sequence == first.sequence);
		kernel_commit(&first);
		drain_by_kernel();
		check_room();
		world_close(world);
	}
}

static void what_is_discarded_is_passed_and_its_room_wakes_producers(void **state)
{
	static const u32 modes[] = { KMQ_RING_MPSC, KMQ_RING_MPMC };

	for_each(mode, modes) for_each(start, starts) {
		struct kmq_room rooms[4];
		u64 wake;

		world_open(*mode, start->sequence, start->position);
		for (int i = 0; i < 4; i++)
			assert_int_equal(kernel_reserve(1008, &rooms[i], &wake), 0);
		assert_int_equal(kernel_reserve(1, &rooms[0], &wake), -EAGAIN);
		for (int i = 0; i < 4; i++)
			kernel_discard(&(struct kmq_room){
				.position = start->position + i * 1024,
				.sequence = start->sequence + i, .size = 1008 });
		kmq_words_kicked(words(), KMQ_RING_PRODUCERS);
		words()->control->producer_wake = start->position + 4096;
		assert_int_equal(kernel_receive(), -EAGAIN);
		assert_true(kmq_words_kicked(words(), KMQ_RING_PRODUCERS));
		assert_false(kmq_words_kicked(words(), KMQ_RING_PRODUCERS));
		assert_int_equal(kernel_receive(), -EAGAIN);
		assert_false(kmq_words_kicked(words(), KMQ_RING_PRODUCERS));
		world_check_empty();
		check_room();
		world_close(world);
	}
}

/* A poller that nobody tells of it would wait for producers who wait for its room. */
static void what_is_given_up_is_readable_until_someone_tries(void **state)
{
	static const u32 modes[] = { KMQ_RING_MPSC, KMQ_RING_MPMC };

	for_each(mode, modes) for_each(start, starts) {
		struct kmq_room room, busy;
		struct kmq_found found;
		u64 wake;

		world_open(*mode, start->sequence, start->position);
		for (int i = 0; i < 2; i++) {
			assert_int_equal(kernel_reserve(1008, &room, &wake), 0);
			assert_int_equal(kmq_words_readable(words(), KMQ_RING_KERNEL, NULL), 0);
			/* In front of all, and of one that is BUSY. */
			if (i)
				assert_int_equal(kernel_reserve(8, &busy, &wake), 0);
			kernel_discard(&room);
			world_check_readable(KMQ_RING_KERNEL);
			assert_int_equal(kmq_words_readable(words(), KMQ_RING_KERNEL, NULL), 1);
			assert_int_equal(kmq_words_peek(words(), NULL, &found), -EAGAIN);
			assert_int_equal(kernel_receive(), -EAGAIN);
			assert_int_equal(kmq_words_readable(words(), KMQ_RING_KERNEL, NULL), 0);
			world_check_readable(KMQ_RING_KERNEL);
		}
		kernel_commit(&busy);
		assert_int_equal(kernel_receive(), 0);
		world_check_empty();
		check_room();
		world_close(world);
	}
}

static void nobody_is_woken_for_room_that_is_not_waited_for(void **state)
{
	struct kmq_room room;
	u64 wake;

	world_open(KMQ_RING_MPMC, 1, 0);
	assert_int_equal(kernel_reserve(1008, &room, &wake), 0);
	kernel_discard(&room);
	words()->control->producer_wake = 1040;
	assert_int_equal(kernel_receive(), -EAGAIN);
	assert_false(kmq_words_kicked(words(), KMQ_RING_PRODUCERS));
	world_close(world);
}

static void what_is_given_back_is_found_again_before_all_later_ones(void **state)
{
	for_each(mode, all_modes) for_each(start, starts) {
		struct kmq_found found, again;
		struct party other;
		u64 wake;

		if (*mode == KMQ_RING_BROADCAST)
			continue;
		world_open(*mode, start->sequence, start->position);
		party_join(&other, 3, KMQ_RING_CONSUMER);
		for (u32 i = 0; i < 4; i++)
			assert_int_equal(kernel_send(100 + i), 0);
		assert_int_equal(kernel_claim(&found, &wake), 0);
		if (*mode == KMQ_RING_MPMC)
			assert_int_equal(party_claim(&other, 1), 1);
		kernel_unclaim(&found);
		world_check_ledger();
		world_check_readable(KMQ_RING_KERNEL);
		assert_int_equal(kernel_claim(&again, &wake), 0);
		assert_true(again.sequence == found.sequence);
		assert_false(again.redelivered);
		kernel_unclaim(&again);
		if (*mode == KMQ_RING_MPMC) {
			party_release(&other);
			assert_int_equal(party_claim(&other, 2), 1);
			assert_true(other.found_sequence[0] == found.sequence);
			party_release(&other);
		}
		drain_by_kernel();
		check_room();
		world_close(world);
	}
}

/* Else its place would be needed for the other, and the record be lost. */
static void the_kernel_takes_what_it_gave_back_before_a_lower_orphan(void **state)
{
	for_each(start, starts) {
		struct kmq_found found, again;
		struct party other;
		u64 wake;

		world_open(KMQ_RING_MPMC, start->sequence, start->position);
		party_join(&other, 3, KMQ_RING_CONSUMER);
		for (u32 i = 0; i < 5; i++)
			assert_int_equal(kernel_send(i), 0);
		assert_int_equal(party_claim(&other, 2), 2);
		assert_int_equal(kernel_claim(&found, &wake), 0);
		kernel_unclaim(&found);
		bury(3);
		world_check_ledger();
		assert_int_equal(kernel_claim(&again, &wake), 0);
		assert_true(again.sequence == found.sequence);
		assert_int_equal(kernel_release(&again), 0);
		assert_int_equal(kernel_claim(&again, &wake), 0);
		assert_true(again.sequence == start->sequence);
		assert_true(again.redelivered);
		assert_int_equal(kernel_release(&again), 0);
		drain_by_kernel();
		check_room();
		world_close(world);
	}
}

/* A purge that takes as many as there were would take others for those that went elsewhere. */
static void what_is_claimed_before_a_number_came_before_it(void **state)
{
	for_each(mode, all_modes) for_each(start, starts) {
		u64 end = start->sequence + 2, wake;
		struct kmq_found found;

		if (*mode == KMQ_RING_BROADCAST)
			continue;
		world_open(*mode, start->sequence, start->position);
		for (u32 i = 0; i < 3; i++)
			assert_int_equal(kernel_send(i), 0);
		for (u32 i = 0; i < 2; i++) {
			assert_int_equal(kmq_words_claim_before(words(), end, &found), 0);
			assert_true(found.sequence == start->sequence + i);
			if (has_locks())
				world_claimed(KMQ_RING_KERNEL, found.sequence, false);
			assert_int_equal(kernel_release(&found), 0);
		}
		assert_int_equal(kmq_words_claim_before(words(), end, &found), -EAGAIN);
		/* As well if it was claimed and given back. */
		assert_int_equal(kernel_claim(&found, &wake), 0);
		kernel_unclaim(&found);
		assert_int_equal(kmq_words_claim_before(words(), end, &found), -EAGAIN);
		world_check_ledger();
		world_check_readable(KMQ_RING_KERNEL);
		assert_int_equal(kmq_words_claim_before(words(), end + 1, &found), 0);
		assert_true(found.sequence == end);
		if (has_locks())
			world_claimed(KMQ_RING_KERNEL, found.sequence, true);
		assert_int_equal(kernel_release(&found), 0);
		assert_int_equal(kmq_words_claim_before(words(), end + 1, &found), -EAGAIN);
		check_room();
		world_close(world);
	}
}

static void an_orphan_behind_a_number_is_not_claimed_before_it(void **state)
{
	for_each(start, starts) {
		struct kmq_found found;
		struct party other;

		world_open(KMQ_RING_MPMC, start->sequence, start->position);
		party_join(&other, 3, KMQ_RING_CONSUMER);
		for (u32 i = 0; i < 2; i++)
			assert_int_equal(kernel_send(i), 0);
		assert_int_equal(party_claim(&other, 1), 1);
		bury(3);
		assert_int_equal(kmq_words_claim_before(words(), start->sequence, &found),
				 -EAGAIN);
		world_check_ledger();
		assert_int_equal(kmq_words_claim_before(words(), start->sequence + 1, &found), 0);
		assert_true(found.sequence == start->sequence);
		assert_true(found.redelivered);
		world_claimed(KMQ_RING_KERNEL, found.sequence, true);
		assert_int_equal(kernel_release(&found), 0);
		drain_by_kernel();
		world_close(world);
	}
}

static void an_id_with_an_orphan_is_not_free(void **state)
{
	struct party other;

	world_open(KMQ_RING_MPMC, 1, 0);
	party_join(&other, 3, KMQ_RING_CONSUMER);
	assert_int_equal(kernel_send(1), 0);
	assert_int_equal(party_claim(&other, 1), 1);
	assert_false(kmq_words_id_is_free(words(), 3));
	assert_true(bury(3).held);
	assert_false(kmq_words_id_is_free(words(), 3));
	assert_true(kmq_words_has_orphan(words()));
	assert_int_equal(kernel_receive(), 0);
	assert_true(kmq_words_id_is_free(words(), 3));
	assert_false(kmq_words_has_orphan(words()));
	world_close(world);
}

/* Who ends of its own will may have given back what it claimed. */
static void a_claim_may_be_an_orphan_before_its_consumer_ends(void **state)
{
	static const u32 modes[] = { KMQ_RING_MPSC, KMQ_RING_MPMC };

	for_each(mode, modes) {
		struct party other;

		world_open(*mode, 1, 0);
		party_join(&other, 3, KMQ_RING_CONSUMER);
		assert_int_equal(kernel_send(1), 0);
		assert_int_equal(kernel_send(2), 0);
		assert_int_equal(party_claim(&other, 1), 1);
		words()->consumers->claims[3].state = KMQ_RING_ORPHANED;
		bury(3);
		drain_by_kernel();
		check_room();
		world_close(world);
	}
}

static void a_lock_that_a_process_holds_is_not_waited_for(void **state)
{
	struct kmq_found found;
	struct kmq_room room;
	u64 wake;

	world_open(KMQ_RING_MPMC, 1, 0);
	assert_int_equal(kernel_send(1), 0);
	assert_true(kmq_words_kicked(words(), KMQ_RING_PRODUCERS_LOCK));
	assert_false(kmq_words_kicked(words(), KMQ_RING_PRODUCERS_LOCK));
	words()->producers->lock = 5;
	words()->consumers->lock = 6;
	assert_int_equal(kmq_words_reserve(words(), 1, &room, &wake), -EINPROGRESS);
	assert_int_equal(kmq_words_claim(words(), NULL, &found, &wake), -EINPROGRESS);
	assert_int_equal(words()->producers->lock, 5);
	assert_int_equal(kmq_words_writable(words()), 0);
	assert_int_equal(words()->producers->lock, 5 | KMQ_RING_CONTENDED);
	assert_true(kmq_words_contend(words(), KMQ_RING_PRODUCERS_LOCK));
	assert_true(kmq_words_contend(words(), KMQ_RING_CONSUMERS_LOCK));
	assert_int_equal(words()->consumers->lock, 6 | KMQ_RING_CONTENDED);
	assert_int_equal(kmq_words_lock_holder(words(), KMQ_RING_PRODUCERS_LOCK), 5);
	assert_int_equal(kmq_words_lock_holder(words(), KMQ_RING_CONSUMERS_LOCK), 6);
	assert_false(kmq_words_kicked(words(), KMQ_RING_PRODUCERS_LOCK));
	words()->producers->lock = 0;
	words()->consumers->lock = 0;
	assert_false(kmq_words_contend(words(), KMQ_RING_PRODUCERS_LOCK));
	assert_false(kmq_words_contend(words(), KMQ_RING_CONSUMERS_LOCK));
	assert_int_equal(kernel_receive(), 0);
	assert_true(kmq_words_kicked(words(), KMQ_RING_CONSUMERS_LOCK));
	world_close(world);
}

static void a_release_waits_for_the_lock_and_is_then_done_once(void **state)
{
	struct kmq_found found;
	u64 wake, tail;

	world_open(KMQ_RING_MPMC, 1, 0);
	assert_int_equal(kernel_send(1), 0);
	assert_int_equal(kernel_claim(&found, &wake), 0);
	words()->consumers->lock = 6;
	assert_int_equal(kmq_words_release(words(), NULL, &found, &tail), -EINPROGRESS);
	assert_int_equal(words()->consumers->tail, 0);
	world_check_ledger();
	words()->consumers->lock = 0;
	assert_int_equal(kernel_release(&found), 0);
	world_check_empty();
	world_close(world);
}

static void who_claims_and_leaves_something_passes_the_wake_up_on(void **state)
{
	struct kmq_found found;
	struct party other;
	u64 wake;

	world_open(KMQ_RING_MPMC, 1, 0);
	party_join(&other, 3, KMQ_RING_CONSUMER);
	for (u32 i = 0; i < 5; i++)
		assert_int_equal(kernel_send(i), 0);
	/* Sequence numbers 1 to 5; somebody sleeps for 6, then for 5. */
	words()->control->consumer_wake = 6;
	assert_int_equal(kernel_receive(), 0);
	assert_false(kmq_words_kicked(words(), KMQ_RING_CONSUMERS));
	words()->control->consumer_wake = 5;
	assert_int_equal(kernel_receive(), 0);
	assert_true(kmq_words_kicked(words(), KMQ_RING_CONSUMERS));
	assert_int_equal(party_claim(&other, 2), 2);
	assert_int_equal(kernel_claim(&found, &wake), 0);
	assert_false(kmq_words_kicked(words(), KMQ_RING_CONSUMERS));
	assert_int_equal(kernel_release(&found), 0);
	/* An orphan is for anyone, whatever his number. */
	words()->control->consumer_wake = 1ull << 40;
	bury(3);
	assert_int_equal(kernel_receive(), 0);
	assert_true(kmq_words_kicked(words(), KMQ_RING_CONSUMERS));
	assert_int_equal(kernel_receive(), 0);
	assert_false(kmq_words_kicked(words(), KMQ_RING_CONSUMERS));
	world_check_empty();
	world_close(world);
}

static void the_wake_words_are_compared_across_the_wrap(void **state)
{
	world_open(KMQ_RING_SPSC, 1, 0);
	words()->control->consumer_wake = 2;
	assert_false(kmq_words_wakes_consumers(words(), 0ull - 5));
	assert_true(kmq_words_wakes_consumers(words(), 2));
	words()->control->producer_wake = 0ull - 16;
	assert_true(kmq_words_wakes_producers(words(), 16));
	assert_false(kmq_words_wakes_producers(words(), 0ull - 32));
	world_close(world);
}

/* Broadcast. */

static u64 broadcast_read(struct kmq_reader *reader, u64 *lost)
{
	struct kmq_found found;
	u64 wake, tail, count = 0;
	int ret;

	*lost = 0;
	while (!(ret = kmq_words_claim(words(), reader, &found, &wake))) {
		assert_true(body_is_whole(found.body, found.sequence, found.size));
		assert_int_equal(kmq_words_release(words(), reader, &found, &tail), 0);
		*lost += found.lost;
		count++;
	}
	assert_int_equal(ret, -EAGAIN);
	assert_true(wake == reader->expected);
	return count;
}

static void a_reader_that_is_lapped_is_told_how_many_it_lost(void **state)
{
	for_each(start, starts) {
		struct kmq_reader quick, slow;
		u64 seen = 0, seen_slowly = 0, lost, lost_slowly = 0, lost_now;

		world_open(KMQ_RING_BROADCAST, start->sequence, start->position);
		assert_int_equal(kmq_words_subscribe(words(), &quick), 0);
		assert_int_equal(kmq_words_subscribe(words(), &slow), 0);
		for (int i = 0; i < 5000; i++) {
			assert_int_equal(kernel_send(below(10) ? below(200) : below(MAX + 1)), 0);
			assert_int_equal(kmq_words_writable(words()), 1);
			world_check_ledger();
			seen += broadcast_read(&quick, &lost);
			assert_int_equal(lost, 0);
			if (below(50))
				continue;
			seen_slowly += broadcast_read(&slow, &lost_now);
			lost_slowly += lost_now;
		}
		seen_slowly += broadcast_read(&slow, &lost_now);
		lost_slowly += lost_now;
		assert_int_equal(seen, world->sent);
		assert_true(lost_slowly > 0 && seen_slowly > 0);
		assert_int_equal(seen_slowly + lost_slowly, world->sent);
		world_close(world);
	}
}

static void what_is_overwritten_while_it_is_read_is_stale_and_told_as_lost(void **state)
{
	struct kmq_reader reader;
	struct kmq_found found;
	u64 wake, tail, lost;

	world_open(KMQ_RING_BROADCAST, 0ull - 2, 0ull - 192);
	assert_int_equal(kmq_words_subscribe(words(), &reader), 0);
	assert_int_equal(kernel_send(MAX), 0);
	assert_int_equal(kernel_send(MAX), 0);
	assert_int_equal(kmq_words_claim(words(), &reader, &found, &wake), 0);
	assert_int_equal(kernel_send(0), 0);
	assert_int_equal(kmq_words_release(words(), &reader, &found, &tail), -ESTALE);
	assert_int_equal(kmq_words_claim(words(), &reader, &found, &wake), 0);
	assert_int_equal(found.lost, 1);
	assert_int_equal(kmq_words_release(words(), &reader, &found, &tail), 0);
	assert_int_equal(broadcast_read(&reader, &lost), 1);
	assert_int_equal(lost, 0);
	world_close(world);
}

/* Death at every access. */

static void produce_some(struct party *party)
{
	static const u32 batch[] = { 0, 100, 17 };

	party_send(party, 40);
	step_between();
	if (party_reserve(party, batch, 3))
		party_commit(party);
	step_between();
	if (party_reserve(party, batch + 1, 2))
		party_discard(party);
	step_between();
	party_reserve(party, &(u32){ 600 }, 1);
}

static void consume_some(struct party *party)
{
	party_receive(party, 1);
	step_between();
	party_receive(party, 3);
	step_between();
	/* What was an orphan is gone: these are taken at once. */
	party_receive(party, 1);
	party_receive(party, 1);
	step_between();
	party_receive(party, 2);
	step_between();
	party_claim(party, 2);
}

enum { SENDER = 2, RECEIVER, OLD, PRODUCER, CONSUMER, LATER };
enum { BOTH = KMQ_RING_PRODUCER | KMQ_RING_CONSUMER };

/* Records, some discarded; and one that has died with a claim. */
static void set_the_scene(void)
{
	static const u32 sizes[] = { 30, 5, 200, 64 };
	struct party sender, receiver;

	party_join(&sender, SENDER, KMQ_RING_PRODUCER);
	party_join(&receiver, RECEIVER, KMQ_RING_CONSUMER);
	for (int i = 0; i < 3; i++) {
		party_reserve(&sender, sizes, 4);
		party_commit(&sender);
		if (i == 1 || !has_locks())
			continue;
		party_reserve(&sender, sizes + i, 2);
		party_discard(&sender);
	}
	party_receive(&receiver, 1);
	party_receive(&receiver, 1);
	if (has_locks()) {
		party_claim(&receiver, 4);
		bury(RECEIVER);
	}
	bury(SENDER);
	if (!has_locks())
		bury(RECEIVER);
	world_check_ledger();
}

/* Others go on, and everything comes out. */
static void check_survivors(bool by_kernel)
{
	struct party later;

	world_check_ledger();
	world_check_readable(KMQ_RING_KERNEL);
	party_join(&later, LATER, BOTH);
	party_send(&later, 77);
	if (has_locks() || by_kernel)
		kernel_send(78);
	world_check_ledger();
	if (by_kernel)
		drain_by_kernel();
	else
		drain_by(&later);
	world_check_empty();
	check_room();
}

static void die_at_every_step(u32 id, void (*script)(struct party *party), u32 mode,
			      const struct start *start, bool by_kernel)
{
	bool done = false;

	for (long steps = 0; !done; steps++) {
		struct actor actor;
		struct party party;

		world_open(mode, start->sequence, start->position);
		set_the_scene();
		party_join(&party, id, id == PRODUCER ? KMQ_RING_PRODUCER : KMQ_RING_CONSUMER);
		actor_start(&actor, &party, script);
		done = actor_run(&actor, steps);
		bury(id);
		check_survivors(by_kernel);
		actor_end(&actor);
		world_close(world);
	}
}

static void a_producer_may_die_at_any_access(void **state)
{
	for_each(mode, all_modes) for_each(start, starts) {
		if (*mode == KMQ_RING_BROADCAST)
			continue;
		die_at_every_step(PRODUCER, produce_some, *mode, start, true);
		die_at_every_step(PRODUCER, produce_some, *mode, start, false);
	}
}

static void a_consumer_may_die_at_any_access(void **state)
{
	for_each(mode, all_modes) for_each(start, starts) {
		if (*mode == KMQ_RING_BROADCAST)
			continue;
		die_at_every_step(CONSUMER, consume_some, *mode, start, true);
		die_at_every_step(CONSUMER, consume_some, *mode, start, false);
	}
}

static void a_broadcaster_may_die_at_any_access(void **state)
{
	for_each(start, starts) {
		bool done = false;

		for (long steps = 0; !done; steps++) {
			struct kmq_reader reader, late;
			struct actor actor;
			struct party party, old;
			u64 seen, lost, before;

			world_open(KMQ_RING_BROADCAST, start->sequence, start->position);
			assert_int_equal(kmq_words_subscribe(words(), &reader), 0);
			party_join(&old, OLD, KMQ_RING_CONSUMER);
			if (below(2))
				set_the_scene();
			if (below(2))
				kernel_send(MAX);
			party_join(&party, PRODUCER, KMQ_RING_PRODUCER);
			actor_start(&actor, &party, produce_some);
			done = actor_run(&actor, steps);
			/* Whoever comes now is told the right number. */
			assert_int_equal(kmq_words_subscribe(words(), &late), 0);
			assert_int_equal(late.expected - words()->first_sequence, world->sent);
			bury(PRODUCER);
			world_check_ledger();
			before = world->sent;
			for (u32 i = 0; i < 7; i++)
				assert_int_equal(kernel_send(i), 0);
			assert_int_equal(broadcast_read(&late, &lost), world->sent - before);
			assert_int_equal(lost, 0);
			seen = broadcast_read(&reader, &lost);
			assert_int_equal(seen + lost, world->sent);
			while (party_read(&old))
				;
			assert_int_equal(old.seen + old.lost, world->sent);
			actor_end(&actor);
			world_close(world);
		}
	}
}

enum end { BURY_PRODUCER_FIRST, BURY_CONSUMER_FIRST, PRODUCER_LIVES, CONSUMER_LIVES, ENDS };

/* The two of them, stopped anywhere; one or both are dead, the other goes on. */
static void meet(u32 mode, const struct start *start, long produced, long consumed, enum end end,
		 bool *all)
{
	struct actor producer, consumer;
	struct party parties[2];

	world_open(mode, start->sequence, start->position);
	if (below(2))
		set_the_scene();
	party_join(&parties[0], PRODUCER, KMQ_RING_PRODUCER);
	party_join(&parties[1], CONSUMER, KMQ_RING_CONSUMER);
	actor_start(&producer, &parties[0], produce_some);
	actor_start(&consumer, &parties[1], consume_some);
	all[0] = actor_run(&producer, produced);
	all[1] = actor_run(&consumer, consumed);
	if (end == CONSUMER_LIVES || end == BURY_PRODUCER_FIRST)
		bury(PRODUCER);
	if (end != CONSUMER_LIVES)
		bury(CONSUMER);
	if (end == BURY_CONSUMER_FIRST)
		bury(PRODUCER);
	if (end == PRODUCER_LIVES) {
		assert_true(actor_run(&producer, 10000));
		world_check_ledger();
		bury(PRODUCER);
	}
	if (end == CONSUMER_LIVES) {
		assert_true(actor_run(&consumer, 10000));
		world_check_ledger();
		bury(CONSUMER);
	}
	check_survivors(below(2));
	actor_end(&producer);
	actor_end(&consumer);
	world_close(world);
}

static void one_may_die_while_the_other_is_anywhere(void **state)
{
	for_each(mode, all_modes) {
		bool all[2] = { false, false };

		if (*mode == KMQ_RING_BROADCAST)
			continue;
		for (long produced = 0; !all[0]; produced++) {
			all[1] = false;
			for (long consumed = 0; !all[1]; consumed++)
				for (enum end end = 0; end < ENDS; end++)
					meet(*mode, &starts[below(3)], produced, consumed, end,
					     all);
		}
	}
}

/* Everybody at once. */

enum { ACTORS = 6, IDS = 14 };

static struct storm {
	struct actor actors[ACTORS];
	struct party parties[ACTORS];
	bool producer[ACTORS];
	bool there[ACTORS];
	bool kernel_produces;
	bool kernel_consumes;
	bool owes;		/* a release */
	struct kmq_found owed;
	struct kmq_reader reader;
	u64 reader_seen;
	u64 reader_lost;
} storm;

static void produce_for_ever(struct party *party)
{
	for (;;) {
		u32 sizes[BATCH];
		unsigned int count = 1 + below(BATCH);

		for (unsigned int i = 0; i < count; i++)
			sizes[i] = below(40) ? below(150) : below(MAX + 1);
		if (party_reserve(party, sizes, count)) {
			step_between();
			if (below(8))
				party_commit(party);
			else
				party_discard(party);
		}
		step_between();
	}
}

static void consume_for_ever(struct party *party)
{
	for (;;) {
		if (words()->mode == KMQ_RING_BROADCAST) {
			party_receive(party, 1);
		} else if (party_claim(party, 1 + below(BATCH))) {
			step_between();
			party_release(party);
		}
		step_between();
	}
}

static void run_others(struct world *w)
{
	unsigned int i = below(ACTORS);

	if (storm.there[i] && !below(3))
		actor_run(&storm.actors[i], 1 + below(12));
}

static u32 free_id(void)
{
	u32 id = 2 + below(IDS);

	if (world->live >> id & 1 || !kmq_words_id_is_free(words(), id))
		return 0;
	return id;
}

static void join(unsigned int i)
{
	u32 id = free_id();

	if (!id)
		return;
	world->access = NULL;
	party_join(&storm.parties[i], id,
		   storm.producer[i] ? KMQ_RING_PRODUCER : KMQ_RING_CONSUMER);
	world->access = run_others;
	actor_start(&storm.actors[i], &storm.parties[i],
		    storm.producer[i] ? produce_for_ever : consume_for_ever);
	storm.there[i] = true;
}

static void die(unsigned int i)
{
	storm.there[i] = false;
	bury(storm.parties[i].id);
	actor_end(&storm.actors[i]);
}

static bool is_quiet(void)
{
	for (unsigned int i = 0; i < ACTORS; i++)
		if (storm.there[i] && !storm.actors[i].between)
			return false;
	return true;
}

static void quieten(void)
{
	world->access = NULL;
	for (int round = 0; !is_quiet(); round++) {
		unsigned int i = round % ACTORS;

		assert_true(round < 1000000);
		if (storm.there[i] && !storm.actors[i].between)
			actor_run(&storm.actors[i], 1);
	}
	world_check_ledger();
	if (words()->mode != KMQ_RING_BROADCAST)
		world_check_readable(storm.parties[below(ACTORS)].id ?: KMQ_RING_KERNEL);
	world->access = run_others;
}

static void storm_send(void)
{
	struct kmq_room room;
	u64 wake;
	int ret;

	if (!storm.kernel_produces)
		return;
	ret = kernel_reserve(below(20) ? below(150) : below(MAX + 1), &room, &wake);
	if (!ret && below(8))
		kernel_commit(&room);
	else if (!ret)
		kernel_discard(&room);
	else
		assert_true(ret == -EAGAIN || (ret == -EINPROGRESS && has_locks()));
}

static void storm_read(void)
{
	static u8 copy[MAX];
	struct kmq_found found;
	u64 wake, tail;
	int ret;

	ret = kmq_words_claim(words(), &storm.reader, &found, &wake);
	if (ret) {
		assert_int_equal(ret, -EAGAIN);
		return;
	}
	memcpy(copy, found.body, found.size / 2);
	run_others(world);
	memcpy(copy + found.size / 2, found.body + found.size / 2, found.size - found.size / 2);
	ret = kmq_words_release(words(), &storm.reader, &found, &tail);
	if (ret) {
		assert_int_equal(ret, -ESTALE);
		return;
	}
	assert_true(body_is_whole(copy, found.sequence, found.size));
	storm.reader_seen++;
	storm.reader_lost += found.lost;
}

static void storm_receive(void)
{
	u64 wake;
	int ret;

	if (words()->mode == KMQ_RING_BROADCAST) {
		if (!below(40))
			storm_read();
		return;
	}
	if (!storm.kernel_consumes)
		return;
	ret = storm.owes ? 0 : kernel_claim(&storm.owed, &wake);
	assert_true(!ret || ret == -EAGAIN || (ret == -EINPROGRESS && has_locks()));
	if (ret)
		return;
	if (!storm.owes && !below(5)) {
		kernel_unclaim(&storm.owed);
		return;
	}
	ret = kernel_release(&storm.owed);
	assert_true(!ret || (ret == -EINPROGRESS && has_locks()));
	storm.owes = ret;
}

/* None of these may find fault with an honest ring, whenever they look. */
static void storm_look(void)
{
	struct kmq_ring_ledger ledger;
	struct kmq_reader reader;
	struct kmq_found found;
	int ret;

	ret = kmq_words_peek(words(), &storm.reader, &found);
	assert_true(!ret || ret == -EAGAIN);
	ret = kmq_words_readable(words(), storm.parties[0].id ?: KMQ_RING_KERNEL, &storm.reader);
	assert_true(ret >= 0);
	assert_true(kmq_words_writable(words()) >= 0);
	assert_int_equal(kmq_words_ledger(words(), &ledger), 0);
	assert_int_equal(ledger.sent,
			 ledger.received + ledger.queued + ledger.dropped + ledger.abandoned);
	assert_true(ledger.received <= world->sent && ledger.sent <= world->sent + 2 * BATCH);
	if (words()->mode == KMQ_RING_BROADCAST)
		assert_int_equal(kmq_words_subscribe(words(), &reader), 0);
	kmq_words_has_orphan(words());
}

static void storm_once(void)
{
	unsigned int i = below(ACTORS);

	switch (below(12)) {
	case 0:
	case 1:
		storm_send();
		break;
	case 2:
	case 3:
	case 4:
		storm_receive();
		break;
	case 5:
		storm_look();
		break;
	case 6:
		if (storm.there[i] && !below(3))
			die(i);
		break;
	case 7:
		if (!below(10))
			quieten();
		break;
	default:
		if (storm.there[i])
			actor_run(&storm.actors[i], 1 + below(60));
	}
}

static void storm_end(void)
{
	u64 lost;

	world->access = NULL;
	for (unsigned int i = 0; i < ACTORS; i++)
		if (storm.there[i])
			die(i);
	if (words()->mode == KMQ_RING_BROADCAST) {
		storm.reader_seen += broadcast_read(&storm.reader, &lost);
		assert_int_equal(storm.reader_seen + storm.reader_lost + lost, world->sent);
		assert_true(storm.reader_lost > 0);
		world_check_ledger();
		return;
	}
	if (storm.owes)
		assert_int_equal(kernel_release(&storm.owed), 0);
	drain_by_kernel();
	world_check_empty();
	check_room();
}

/* The first @producers actors produce, the next @consumers consume. */
static void rage(u32 mode, unsigned int producers, unsigned int consumers, bool kernel_produces,
		 bool kernel_consumes, const struct start *start)
{
	world_open(mode, start->sequence, start->position);
	storm = (struct storm){ .kernel_produces = kernel_produces,
				.kernel_consumes = kernel_consumes };
	if (mode == KMQ_RING_BROADCAST)
		assert_int_equal(kmq_words_subscribe(words(), &storm.reader), 0);
	world->access = run_others;
	for (int round = 0; round < 60000 && world->sent < RECORDS - 1000; round++) {
		for (unsigned int i = 0; i < producers + consumers; i++) {
			storm.producer[i] = i < producers;
			if (!storm.there[i])
				join(i);
		}
		storm_once();
	}
	assert_true(world->sent > 1000);
	storm_end();
	world_close(world);
}

static void one_to_one_survives_a_storm(void **state)
{
	for_each(start, starts) {
		rage(KMQ_RING_SPSC, 1, 1, false, false, start);
		rage(KMQ_RING_SPSC, 1, 0, false, true, start);
		rage(KMQ_RING_SPSC, 0, 1, true, false, start);
	}
}

static void many_to_one_survives_a_storm(void **state)
{
	for_each(start, starts) {
		rage(KMQ_RING_MPSC, 4, 1, true, false, start);
		rage(KMQ_RING_MPSC, 4, 0, true, true, start);
	}
}

static void many_to_many_survives_a_storm(void **state)
{
	for_each(start, starts) {
		rage(KMQ_RING_MPMC, 3, 3, true, true, start);
		rage(KMQ_RING_MPMC, 3, 3, false, false, start);
	}
}

static void broadcast_survives_a_storm(void **state)
{
	for_each(start, starts) {
		rage(KMQ_RING_BROADCAST, 1, 3, false, true, start);
		rage(KMQ_RING_BROADCAST, 0, 3, true, true, start);
	}
}

/* The hostile. */

struct word {
	void *at;
	bool wide;
};

enum { WORDS = 128 };

static struct word all_words[WORDS];
static unsigned int word_count;

static void add_word(void *at, size_t size)
{
	assert_true(word_count < WORDS);
	all_words[word_count++] = (struct word){ at, size == 8 };
}

#define ADD(word) add_word(&(word), sizeof(word))

static void add_claim(struct kmq_ring_claim *claim)
{
	ADD(claim->start);
	ADD(claim->end);
	ADD(claim->sequence);
	ADD(claim->records);
	ADD(claim->state);
}

static void list_words(void)
{
	static const u32 ids[] = { 0, 1, 2, RECEIVER, CONSUMER, 63 };
	struct kmq_ring_producers *producers = words()->producers;
	struct kmq_ring_consumers *consumers = words()->consumers;

	word_count = 0;
	ADD(producers->head);
	ADD(producers->sequence);
	ADD(producers->oldest);
	ADD(producers->lock);
	ADD(consumers->tail);
	ADD(consumers->expected);
	ADD(consumers->lock);
	ADD(consumers->version);
	for (int i = 0; i < 2; i++) {
		ADD(consumers->cursor[i].next);
		ADD(consumers->cursor[i].expected);
		ADD(consumers->cursor[i].received);
		ADD(consumers->cursor[i].skipped);
	}
	ADD(consumers->claims_used);
	for_each(id, ids)
		add_claim(&consumers->claims[*id]);
}

/* Those of the records from @position on. */
static void list_headers(u64 position)
{
	for (int i = 0; i < 16; i++) {
		struct kmq_ring_record *record =
			(struct kmq_ring_record *)(words()->data + position % RING_SIZE);

		ADD(record->word);
		ADD(record->owner);
		ADD(record->sequence);
		position += kmq_ring_record_bytes(record->word & KMQ_RING_RECORD_SIZE);
	}
}

static u64 random64(void)
{
	return (u64)below(1u << 31) << 40 ^ (u64)below(1u << 31) << 20 ^ below(1u << 31);
}

enum { VALUES = 22 };

static u64 garbage(unsigned int which, u64 now)
{
	switch (which) {
	case 0: return 0;
	case 1: return 1;
	case 2: return RING_SIZE - 1;
	case 3: return RING_SIZE;
	case 4: return RING_SIZE + 1;
	case 5: return 1ull << 31;
	case 6: return ~0ull;
	case 7: return 1ull << 63;
	case 8: return now + 1;
	case 9: return now - 1;
	case 10: return now + 16;
	case 11: return now - 16;
	case 12: return now + RING_SIZE;
	case 13: return now - RING_SIZE;
	case 14: return now + RING_SIZE + 16;
	case 15: return 2;
	case 16: return KMQ_RING_KERNEL | KMQ_RING_CONTENDED;
	case 17: return now ^ KMQ_RING_DISCARDED;
	case 18: return now ^ KMQ_RING_ABANDONED;
	case 19: return random64() & (RING_SIZE - 16);
	case 20: return now + (below(512) - 256) * 16;
	default: return random64();
	}
}

static void spoil(const struct word *word, unsigned int which)
{
	u64 now = word->wide ? *(u64 *)word->at : *(u32 *)word->at;

	if (word->wide)
		__atomic_store_n((u64 *)word->at, garbage(which, now), __ATOMIC_RELAXED);
	else
		__atomic_store_n((u32 *)word->at, (u32)garbage(which, now), __ATOMIC_RELAXED);
}

/* Tries, each of which may look at every claim, and three times at every record. */
enum { WORK = 16 * (KMQ_RING_IDS * 8 + 3 * 4 * RING_SIZE / KMQ_RING_ALIGN) };

enum { OPERATIONS = 11 };

static struct hostile {
	struct kmq_reader reader;
	struct kmq_room room;
	struct kmq_found found;
	bool has_room;
	bool has_found;
	u64 euclean;
} hostile;

static void check_found(const struct kmq_found *found)
{
	volatile u8 sink;

	assert_true(found->size <= MAX);
	assert_int_equal(found->end - found->position, kmq_ring_record_bytes(found->size));
	for (u32 i = 0; i < found->size; i++)
		sink = found->body[i];
	(void)sink;
}

static int hostile_produce(unsigned int what)
{
	u64 out;
	int ret = 0;

	if (!hostile.has_room) {
		ret = kmq_words_reserve(words(), below(MAX + 1), &hostile.room, &out);
		hostile.has_room = !ret;
		if (!ret)
			memset(hostile.room.body, 0x5a, hostile.room.size);
		return ret;
	}
	hostile.has_room = false;
	if (what % 2)
		kmq_words_commit(words(), &hostile.room, &out);
	else
		kmq_words_discard(words(), &hostile.room);
	return 0;
}

static int hostile_consume(unsigned int what)
{
	u64 out;
	int ret;

	if (!hostile.has_found) {
		ret = kmq_words_claim(words(), &hostile.reader, &hostile.found, &out);
		hostile.has_found = !ret;
		if (!ret)
			check_found(&hostile.found);
		return ret;
	}
	if (what % 3)
		ret = kmq_words_release(words(), &hostile.reader, &hostile.found, &out);
	else
		ret = kmq_words_unclaim(words(), &hostile.reader, &hostile.found);
	hostile.has_found = ret == -EINPROGRESS;
	return ret;
}

static int hostile_look(unsigned int what)
{
	struct kmq_ring_ledger ledger;
	struct kmq_reader reader;
	struct kmq_found found;
	int ret;

	switch (what) {
	case 0:
		ret = kmq_words_peek(words(), &hostile.reader, &found);
		if (!ret)
			assert_true(found.size <= MAX);
		return ret;
	case 1:
		return kmq_words_readable(words(), below(KMQ_RING_IDS - 1) + 1, &hostile.reader);
	case 2:
		return kmq_words_writable(words());
	case 3:
		ret = kmq_words_ledger(words(), &ledger);
		if (!ret)
			assert_int_equal(ledger.sent, ledger.received + ledger.queued +
						      ledger.dropped + ledger.abandoned);
		return ret;
	case 4:
		return kmq_words_subscribe(words(), &reader);
	default:
		kmq_words_has_orphan(words());
		kmq_words_contend(words(), KMQ_RING_PRODUCERS_LOCK);
		kmq_words_contend(words(), KMQ_RING_CONSUMERS_LOCK);
		return 0;
	}
}

static int hostile_operation(unsigned int what)
{
	struct kmq_repair repair = {};

	if (what < 2)
		return hostile_produce(below(6));
	if (what < 4)
		return hostile_consume(below(6));
	if (what == 4)
		return kmq_words_repair_producer(words(), below(8), &repair);
	if (what == 5)
		return kmq_words_repair_consumer(words(), 2 + below(6), &repair);
	return hostile_look(what - 6 + below(2));
}

static int hostile_bounded(unsigned int what)
{
	u64 before = world->accesses;
	int ret = hostile_operation(what);

	assert_true(world->accesses - before <= WORK);
	switch (ret) {
	case -EUCLEAN:
		hostile.euclean++;
		return ret;
	case 0:
	case 1:
	case -EAGAIN:
	case -EINPROGRESS:
	case -ESTALE:
		return ret;
	}
	fail();
	return ret;
}

static void hostile_open(u32 mode, const struct start *start)
{
	struct party party;

	world_open(mode, start->sequence, start->position);
	hostile = (struct hostile){ .euclean = hostile.euclean };
	if (mode == KMQ_RING_BROADCAST)
		assert_int_equal(kmq_words_subscribe(words(), &hostile.reader), 0);
	set_the_scene();
	party_join(&party, CONSUMER, BOTH);
	if (mode == KMQ_RING_MPMC)
		party_claim(&party, 1);
	if (has_locks())
		party_reserve(&party, &(u32){ 50 }, 1);
	list_words();
	list_headers(start->position);
}

static void any_garbage_in_any_word_is_found_or_does_no_harm(void **state)
{
	for_each(mode, all_modes) for (unsigned int word = 0; word < WORDS; word++) {
		for (unsigned int value = 0; value < VALUES; value++) {
			hostile_open(*mode, &starts[below(3)]);
			if (word < word_count) {
				spoil(&all_words[word], value);
				for (unsigned int i = 0; i < 3 * OPERATIONS; i++)
					hostile_bounded((i * 7 + word + value) % OPERATIONS);
			}
			world_close(world);
			if (word >= word_count)
				break;
		}
	}
	assert_true(hostile.euclean > 1000);
}

static u64 hostile_writes;

static void write_garbage(struct world *w)
{
	if (below(3) == 0)
		return;
	hostile_writes++;
	if (below(4))
		spoil(&all_words[below(word_count)], below(VALUES));
	else
		((u64 *)w->words.data)[below(RING_SIZE / 8)] = garbage(below(VALUES), w->sent);
}

static void a_million_hostile_writes_do_the_kernel_no_harm(void **state)
{
	hostile_writes = 0;
	for (int round = 0; hostile_writes < 1200000; round++) {
		hostile_open(all_modes[round % 4], &starts[below(3)]);
		if (below(2))
			world->access = write_garbage;
		for (int i = 0; i < 40; i++) {
			if (!world->access && !below(4))
				write_garbage(world);
			hostile_bounded(below(OPERATIONS));
		}
		world_close(world);
	}
}

/* What is impossible is said by whoever meets it. */

enum operation { RESERVE, CLAIM, PEEK, WRITABLE, READABLE, LEDGER, SUBSCRIBE, REPAIR_PRODUCER,
		 REPAIR_CONSUMER };

static int operate(enum operation operation)
{
	struct kmq_repair repair = {};
	struct kmq_ring_ledger ledger;
	struct kmq_reader reader;
	struct kmq_found found;
	struct kmq_room room;
	u64 wake;

	switch (operation) {
	case RESERVE: return kmq_words_reserve(words(), 10, &room, &wake);
	case CLAIM: return kmq_words_claim(words(), &hostile.reader, &found, &wake);
	case PEEK: return kmq_words_peek(words(), &hostile.reader, &found);
	case WRITABLE: return kmq_words_writable(words());
	case READABLE: return kmq_words_readable(words(), KMQ_RING_KERNEL, &hostile.reader);
	case LEDGER: return kmq_words_ledger(words(), &ledger);
	case SUBSCRIBE: return kmq_words_subscribe(words(), &reader);
	case REPAIR_PRODUCER: return kmq_words_repair_producer(words(), LATER, &repair);
	case REPAIR_CONSUMER: return kmq_words_repair_consumer(words(), LATER, &repair);
	}
	return 0;
}

/* Three records are there, of 100, 0 and 200 bytes; the position of the first. */
enum { FIRST = 128, TWO = FIRST + 16, THREE = TWO + 224 };

static u64 open_three_at(u32 mode, const struct start *start)
{
	struct party gone;

	world_open(mode, start->sequence, start->position);
	party_join(&gone, LATER, BOTH);
	assert_int_equal(kmq_words_subscribe(words(), &hostile.reader), 0);
	assert_int_equal(kernel_send(100), 0);
	assert_int_equal(kernel_send(0), 0);
	assert_int_equal(kernel_send(200), 0);
	return start->position;
}

static u64 open_three(u32 mode)
{
	return open_three_at(mode, &starts[below(3)]);
}

struct impossible {
	u32 mode;
	enum operation operation;
	size_t offset;	/* of the word, in the pages one behind the other */
	u64 added;
	u32 set;	/* 32 bit, instead */
};

enum { CONSUMERS = 0, PRODUCERS = 1 << 16, RECORD = 1 << 17 };

#define P(member) (PRODUCERS + offsetof(struct kmq_ring_producers, member))
#define C(member) (CONSUMERS + offsetof(struct kmq_ring_consumers, member))
#define R(member) (RECORD + offsetof(struct kmq_ring_record, member))

static void *word_at(size_t offset, u64 position)
{
	if (offset >= RECORD)
		return words()->data + position % RING_SIZE + offset - RECORD;
	if (offset >= PRODUCERS)
		return (u8 *)words()->producers + offset - PRODUCERS;
	return (u8 *)words()->consumers + offset;
}

#define ADDED(mode, operation, word, value) { mode, operation, word, value, 0 }
#define SET(mode, operation, word, value) { mode, operation, word, 0, value }

static const struct impossible impossibles[] = {
	/* Positions that are not aligned, or too far apart. */
	ADDED(KMQ_RING_SPSC, RESERVE, P(head), 8),
	ADDED(KMQ_RING_SPSC, RESERVE, P(head), RING_SIZE),
	ADDED(KMQ_RING_SPSC, RESERVE, C(tail), 4),
	ADDED(KMQ_RING_SPSC, RESERVE, C(tail), 0ull - RING_SIZE),
	ADDED(KMQ_RING_SPSC, RESERVE, C(tail), 1024),
	ADDED(KMQ_RING_MPSC, RESERVE, P(head), 1),
	ADDED(KMQ_RING_MPMC, RESERVE, C(tail), 4096),
	ADDED(KMQ_RING_BROADCAST, RESERVE, P(oldest), 8),
	ADDED(KMQ_RING_BROADCAST, RESERVE, P(oldest), 1024),
	ADDED(KMQ_RING_BROADCAST, RESERVE, P(head), RING_SIZE),
	ADDED(KMQ_RING_SPSC, WRITABLE, P(head), 8),
	ADDED(KMQ_RING_MPMC, WRITABLE, C(tail), 1024),
	ADDED(KMQ_RING_SPSC, CLAIM, P(head), 8),
	ADDED(KMQ_RING_SPSC, CLAIM, P(head), RING_SIZE),
	ADDED(KMQ_RING_SPSC, CLAIM, C(tail), 1024),
	ADDED(KMQ_RING_SPSC, PEEK, C(tail), 1024),
	ADDED(KMQ_RING_SPSC, READABLE, C(tail), 8),
	ADDED(KMQ_RING_MPSC, CLAIM, C(cursor[0].next), 8),
	ADDED(KMQ_RING_MPMC, CLAIM, C(cursor[0].next), 1024),
	ADDED(KMQ_RING_MPMC, PEEK, C(cursor[0].next), 1024),
	ADDED(KMQ_RING_MPMC, READABLE, C(cursor[0].next), 8),
	ADDED(KMQ_RING_MPMC, CLAIM, P(head), 0ull - 1024),
	ADDED(KMQ_RING_BROADCAST, CLAIM, P(oldest), 8),
	ADDED(KMQ_RING_BROADCAST, CLAIM, P(oldest), 16),
	ADDED(KMQ_RING_BROADCAST, CLAIM, P(oldest), THREE),
	ADDED(KMQ_RING_BROADCAST, CLAIM, P(head), RING_SIZE),
	ADDED(KMQ_RING_BROADCAST, SUBSCRIBE, P(head), 8),
	ADDED(KMQ_RING_BROADCAST, SUBSCRIBE, P(oldest), 8),
	ADDED(KMQ_RING_BROADCAST, SUBSCRIBE, P(oldest), THREE),
	ADDED(KMQ_RING_BROADCAST, LEDGER, P(oldest), 8),
	ADDED(KMQ_RING_SPSC, LEDGER, P(head), RING_SIZE),
	ADDED(KMQ_RING_MPMC, LEDGER, C(tail), 1024),
	/* Numbers that do not follow. */
	ADDED(KMQ_RING_SPSC, CLAIM, C(expected), 1),
	ADDED(KMQ_RING_SPSC, PEEK, C(expected), 4096),
	ADDED(KMQ_RING_MPSC, CLAIM, C(cursor[0].expected), 1),
	ADDED(KMQ_RING_MPSC, CLAIM, C(cursor[0].received), 1),
	ADDED(KMQ_RING_MPMC, CLAIM, C(cursor[0].skipped), 0ull - 1),
	ADDED(KMQ_RING_SPSC, LEDGER, C(expected), 4),
	ADDED(KMQ_RING_SPSC, LEDGER, P(sequence), 1024),
	ADDED(KMQ_RING_MPSC, LEDGER, P(sequence), 0ull - 1024),
	ADDED(KMQ_RING_SPSC, CLAIM, R(sequence), 1),
	ADDED(KMQ_RING_MPSC, CLAIM, R(sequence), 0ull - 1),
	ADDED(KMQ_RING_MPMC, PEEK, R(sequence), 1),
	ADDED(KMQ_RING_BROADCAST, CLAIM, R(sequence), 1),
	/* Headers. */
	SET(KMQ_RING_SPSC, CLAIM, R(word), MAX + 1),
	SET(KMQ_RING_SPSC, CLAIM, R(word), 1024),
	SET(KMQ_RING_SPSC, CLAIM, R(word), 100 | KMQ_RING_BUSY),
	SET(KMQ_RING_SPSC, CLAIM, R(word), 100 | KMQ_RING_DISCARDED),
	SET(KMQ_RING_SPSC, CLAIM, R(owner), ~0u),
	ADDED(KMQ_RING_SPSC, CLAIM, R(word), 0ull - (1ull << 32)),	/* owner 0 */
	SET(KMQ_RING_MPSC, CLAIM, R(owner), KMQ_RING_IDS),
	SET(KMQ_RING_MPSC, CLAIM, R(word), 100 | 1u << 28),
	SET(KMQ_RING_MPSC, CLAIM, R(word), 100 | KMQ_RING_BUSY | KMQ_RING_ABANDONED),
	SET(KMQ_RING_MPMC, CLAIM, R(word), 100 | KMQ_RING_DISCARDED | KMQ_RING_ABANDONED),
	SET(KMQ_RING_MPMC, CLAIM, R(word), 1024),
	SET(KMQ_RING_MPMC, PEEK, R(word), KMQ_RING_RECORD_SIZE),
	SET(KMQ_RING_BROADCAST, CLAIM, R(word), 100 | KMQ_RING_BUSY),
	SET(KMQ_RING_BROADCAST, CLAIM, R(word), 1024),
	SET(KMQ_RING_BROADCAST, SUBSCRIBE, R(word), KMQ_RING_RECORD_SIZE),
	/* Locks and claims. */
	SET(KMQ_RING_MPSC, RESERVE, P(lock), KMQ_RING_CONTENDED),
	SET(KMQ_RING_MPSC, RESERVE, P(lock), KMQ_RING_KERNEL),
	SET(KMQ_RING_MPMC, RESERVE, P(lock), KMQ_RING_IDS),
	SET(KMQ_RING_MPMC, CLAIM, C(lock), KMQ_RING_CONTENDED),
	SET(KMQ_RING_MPMC, CLAIM, C(lock), KMQ_RING_KERNEL | KMQ_RING_CONTENDED),
	ADDED(KMQ_RING_MPMC, CLAIM, C(claims_used), 1),
	SET(KMQ_RING_MPMC, CLAIM, C(claims[KMQ_RING_KERNEL].state), KMQ_RING_CLAIMED),
	SET(KMQ_RING_MPMC, CLAIM, C(claims[KMQ_RING_KERNEL].state), 7),
	/* Recovery. */
	ADDED(KMQ_RING_SPSC, REPAIR_PRODUCER, P(head), 8),
	SET(KMQ_RING_SPSC, REPAIR_PRODUCER, R(word), 1024),
	ADDED(KMQ_RING_SPSC, REPAIR_PRODUCER, C(tail), 1024),
	ADDED(KMQ_RING_SPSC, REPAIR_CONSUMER, C(tail), 8),
	SET(KMQ_RING_SPSC, REPAIR_CONSUMER, R(word), 1024),
	ADDED(KMQ_RING_MPSC, REPAIR_PRODUCER, C(tail), 8),
	SET(KMQ_RING_MPSC, REPAIR_PRODUCER, R(word), 1024),
	ADDED(KMQ_RING_MPSC, REPAIR_PRODUCER, P(head), RING_SIZE),
	ADDED(KMQ_RING_MPSC, REPAIR_CONSUMER, C(cursor[0].next), 1024),
	ADDED(KMQ_RING_MPSC, REPAIR_CONSUMER, C(tail), 1024),
	SET(KMQ_RING_MPSC, REPAIR_CONSUMER, C(claims[9].state), 3),
	SET(KMQ_RING_MPMC, REPAIR_CONSUMER, C(claims[LATER].state), 9),
	ADDED(KMQ_RING_BROADCAST, REPAIR_PRODUCER, P(oldest), 8),
	ADDED(KMQ_RING_BROADCAST, REPAIR_PRODUCER, P(oldest), THREE),
	ADDED(KMQ_RING_BROADCAST, REPAIR_PRODUCER, R(sequence), 1),
};

static void what_is_impossible_is_euclean_to_who_meets_it(void **state)
{
	for_each(it, impossibles) for_each(start, starts) {
		u64 position = open_three_at(it->mode, start);
		void *word = word_at(it->offset, position);

		if (it->set)
			*(u32 *)word = it->set;
		else
			*(u64 *)word += it->added;
		if (operate(it->operation) != -EUCLEAN)
			fail_msg("impossibles[%td] was not found", it - impossibles);
		world_close(world);
	}
}

static int set_seed(void **state)
{
	seed_set(20261121);
	return 0;
}

#define claim(name) cmocka_unit_test_setup(name, set_seed)

static void an_orphan_of_one_record_has_a_number_that_was_passed(void **state)
{
	u64 position = open_three(KMQ_RING_MPMC);
	struct party other;

	party_join(&other, RECEIVER, KMQ_RING_CONSUMER);
	assert_int_equal(party_claim(&other, 1), 1);
	bury(RECEIVER);
	*(u64 *)word_at(R(sequence), position) += 1024;
	assert_int_equal(operate(CLAIM), -EUCLEAN);
	world_close(world);
}

/* It would be delivered twice. */
static void an_orphan_does_not_reach_what_was_not_claimed(void **state)
{
	struct kmq_ring_claim *claim;
	struct kmq_found found;
	struct party other;
	u64 out;

	open_three(KMQ_RING_MPMC);
	party_join(&other, RECEIVER, KMQ_RING_CONSUMER);
	assert_int_equal(party_claim(&other, 2), 2);
	bury(RECEIVER);
	claim = &words()->consumers->claims[RECEIVER];
	claim->end += THREE - TWO;
	claim->records++;
	assert_int_equal(kmq_words_claim(words(), NULL, &found, &out), -EUCLEAN);
	world_close(world);
}

static void a_claim_that_starts_before_tail_is_euclean(void **state)
{
	struct kmq_ring_consumers *consumers;
	struct kmq_found found;
	u64 out;

	open_three(KMQ_RING_MPMC);
	consumers = words()->consumers;
	consumers->claims[9] = (struct kmq_ring_claim){ consumers->tail - 16, consumers->tail, 1,
							1, KMQ_RING_CLAIMED };
	consumers->claims_used = 1ull << 9;
	assert_int_equal(kmq_words_claim(words(), NULL, &found, &out), 0);
	assert_int_equal(kmq_words_release(words(), NULL, &found, &out), -EUCLEAN);
	world_close(world);
}

static void a_bit_without_a_claim_holds_no_room(void **state)
{
	open_three(KMQ_RING_MPMC);
	words()->consumers->claims_used = 1ull << 9;
	words()->consumers->claims[9].start = words()->consumers->tail;
	drain_by_kernel();
	world_check_empty();
	world_close(world);
}

static void the_kernel_has_one_claim_of_one_record(void **state)
{
	struct kmq_found found, second;
	struct party other;
	u64 out;

	open_three(KMQ_RING_MPMC);
	party_join(&other, RECEIVER, KMQ_RING_CONSUMER);
	assert_int_equal(kernel_claim(&found, &out), 0);
	assert_int_equal(kmq_words_claim(words(), NULL, &second, &out), -EUCLEAN);
	kernel_unclaim(&found);
	assert_int_equal(kernel_claim(&found, &out), 0);
	assert_int_equal(party_claim(&other, 1), 1);
	kernel_unclaim(&found);
	words()->consumers->claims[KMQ_RING_KERNEL].end += TWO - FIRST;
	assert_int_equal(kmq_words_claim(words(), NULL, &second, &out), -EUCLEAN);
	world_close(world);
}

/* What a reader waits for would never come. */
static void a_number_to_wait_for_that_is_out_of_reach_is_euclean(void **state)
{
	static const u32 modes[] = { KMQ_RING_SPSC, KMQ_RING_MPSC, KMQ_RING_MPMC };
	static const u64 wrong[] = { 1ull << 20, 1ull << 62, 0ull - 1000 };

	for_each(mode, modes) for_each(by, wrong) {
		struct kmq_ring_consumers *consumers;

		open_three(*mode);
		drain_by_kernel();
		consumers = words()->consumers;
		consumers->expected += *by;
		for (int i = 0; i < 2; i++) {
			consumers->cursor[i].expected += *by;
			consumers->cursor[i].received += *by;
		}
		assert_int_equal(operate(CLAIM), -EUCLEAN);
		world_close(world);
	}
}

static void more_cannot_be_lost_than_had_room(void **state)
{
	struct kmq_ring_producers *producers;

	open_three(KMQ_RING_BROADCAST);
	producers = words()->producers;
	assert_int_equal(kernel_send(MAX), 0);
	assert_int_equal(kernel_send(MAX), 0);
	*(u64 *)word_at(R(sequence), producers->oldest) += RING_SIZE;
	assert_int_equal(operate(CLAIM), -EUCLEAN);
	world_close(world);
}

/* Orphans as others may leave them. */

static void of_two_orphans_the_one_that_starts_lower_is_taken_first(void **state)
{
	for_each(start, starts) for (int swap = 0; swap < 2; swap++) {
		struct party one, two;
		struct kmq_found found;
		u64 out;

		world_open(KMQ_RING_MPMC, start->sequence, start->position);
		for (u32 i = 0; i < 4; i++)
			assert_int_equal(kernel_send(i), 0);
		party_join(&one, swap ? OLD : RECEIVER, KMQ_RING_CONSUMER);
		party_join(&two, swap ? RECEIVER : OLD, KMQ_RING_CONSUMER);
		assert_int_equal(party_claim(&one, 2), 2);
		assert_int_equal(party_claim(&two, 2), 2);
		bury(RECEIVER);
		bury(OLD);
		assert_int_equal(kmq_words_peek(words(), NULL, &found), 0);
		assert_true(found.sequence == start->sequence && found.redelivered);
		for (u32 i = 0; i < 4; i++) {
			assert_int_equal(kernel_claim(&found, &out), 0);
			assert_true(found.sequence == start->sequence + i);
			assert_int_equal(kernel_release(&found), 0);
		}
		world_check_empty();
		world_close(world);
	}
}

/* Of two records the second was given up; a claim has them both. */
static void what_is_given_up_at_the_end_of_an_orphan_goes_with_its_last_record(void **state)
{
	static const u32 modes[] = { KMQ_RING_MPSC, KMQ_RING_MPMC };

	for_each(mode, modes) for (int all = 0; all < 2; all++) {
		struct kmq_ring_consumers *consumers;
		struct kmq_room first, second;
		u64 wake;

		world_open(*mode, 1, 0);
		consumers = words()->consumers;
		assert_int_equal(kernel_reserve(10, &first, &wake), 0);
		assert_int_equal(kernel_reserve(20, &second, &wake), 0);
		if (all)
			kernel_discard(&first);
		else
			kernel_commit(&first);
		kernel_discard(&second);
		consumers->cursor[0] = (struct kmq_ring_cursor){ 80, 3, !all, 1 + all };
		consumers->claims[9] = (struct kmq_ring_claim){ 0, 80, 1, !all, KMQ_RING_ORPHANED };
		consumers->claims_used = 1ull << 9;
		world->records[0].claimed = !all;
		world->fresh = 2;
		world_check_ledger();
		if (!all)
			assert_int_equal(kernel_receive(), 0);
		assert_int_equal(kernel_receive(), -EAGAIN);
		assert_false(kmq_words_has_orphan(words()));
		world_check_empty();
		check_room();
		world_close(world);
	}
}

/* Looks, with everything turned over in the middle. */

static struct {
	u64 at;		/* access */
	bool done;
	bool orphans;	/* alone; which changes no version */
	struct party producer;
	struct party consumer;
} upset;

static bool more_to_read(void)
{
	return !upset.orphans || kmq_words_has_orphan(words());
}

/* All, or what is orphaned, is read, and the ring filled with other records. */
static void turn_over(struct world *w)
{
	u32 size;

	if (upset.done || w->accesses < upset.at)
		return;
	upset.done = true;
	w->access = NULL;
	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < 20 && more_to_read(); j++)
			party_receive(&upset.consumer, BATCH);
		size = 8 + below(90);
		for (int j = 0; j < 70; j++)
			party_send(&upset.producer, size);
	}
}

enum look { LOOK_PEEK, LOOK_READABLE, LOOK_WRITABLE, LOOK_LEDGER, LOOK_SUBSCRIBE, LOOK_READ,
	    LOOK_REPAIR, LOOKS };

/* It is one that is there, when the words were last looked at. */
static int look_at_record(const struct kmq_reader *reader)
{
	const struct record *record;
	struct kmq_found found;
	int ret;

	ret = kmq_words_peek(words(), reader, &found);
	if (ret)
		return ret;
	record = &world->records[found.sequence - words()->first_sequence];
	assert_int_equal(record->fate, COMMITTED);
	assert_int_equal(record->size, found.size);
	assert_false(record->released);
	return 0;
}

static int look(enum look what, struct kmq_reader *reader)
{
	struct kmq_repair repair = {};
	struct kmq_ring_ledger ledger;
	struct kmq_reader other;
	struct kmq_found found;
	u64 wake;

	switch (what) {
	case LOOK_PEEK: return look_at_record(reader);
	case LOOK_READABLE: return kmq_words_readable(words(), KMQ_RING_KERNEL, reader);
	case LOOK_WRITABLE: return kmq_words_writable(words());
	case LOOK_LEDGER: return kmq_words_ledger(words(), &ledger);
	case LOOK_SUBSCRIBE: return kmq_words_subscribe(words(), &other);
	case LOOK_READ: return kmq_words_claim(words(), reader, &found, &wake);
	default: return kmq_words_repair_producer(words(), 60, &repair);
	}
}

static bool means(u32 mode, enum look what)
{
	if (what == LOOK_SUBSCRIBE || what == LOOK_READ)
		return mode == KMQ_RING_BROADCAST;
	if (what == LOOK_REPAIR)
		return mode == KMQ_RING_MPSC || mode == KMQ_RING_MPMC;
	return true;
}

static void no_look_is_misled_when_all_is_turned_over_meanwhile(void **state)
{
	for_each(mode, all_modes) for (unsigned int i = 0; i < 2 * LOOKS; i++) {
		enum look what = i / 2;
		bool orphans = i % 2;

		if (!means(*mode, what))
			continue;
		for (u64 at = 1;; at++) {
			struct kmq_reader reader = {};
			int ret;

			world_open(*mode, starts[at % 3].sequence, starts[at % 3].position);
			if (*mode == KMQ_RING_BROADCAST)
				assert_int_equal(kmq_words_subscribe(words(), &reader), 0);
			set_the_scene();
			party_join(&upset.producer, PRODUCER, KMQ_RING_PRODUCER);
			party_join(&upset.consumer, CONSUMER, KMQ_RING_CONSUMER);
			upset.done = false;
			upset.orphans = orphans;
			upset.at = world->accesses + at;
			world->access = turn_over;
			ret = look(what, &reader);
			world->access = NULL;
			if (ret < 0 && ret != -EAGAIN)
				fail_msg("mode %u, look %u, access %llu: %d", *mode, what,
					 (unsigned long long)at, ret);
			if (what != LOOK_REPAIR)
				world_check_ledger();
			world_close(world);
			if (!upset.done)
				break;
		}
	}
}

/* Each says that it has all of the ring, in which nothing can be read. */
static void sixty_orphans_of_the_same_records_are_not_walked_sixty_times(void **state)
{
	enum { ALL = RING_SIZE / KMQ_RING_ALIGN };
	struct kmq_ring_consumers *consumers;
	struct kmq_room room;
	u64 wake, before;

	world_open(KMQ_RING_MPMC, 1, 0);
	consumers = words()->consumers;
	for (int i = 0; i < ALL; i++) {
		assert_int_equal(kernel_reserve(0, &room, &wake), 0);
		kernel_discard(&room);
	}
	consumers->cursor[0] = (struct kmq_ring_cursor){ RING_SIZE, 1 + ALL, 0, ALL };
	for (u32 id = 2; id < KMQ_RING_IDS; id++) {
		consumers->claims[id] = (struct kmq_ring_claim){
			0, RING_SIZE, 1, ALL, KMQ_RING_ORPHANED };
		consumers->claims_used |= 1ull << id;
	}
	before = world->accesses;
	assert_int_equal(operate(CLAIM), -EUCLEAN);
	assert_true(world->accesses - before < KMQ_RING_IDS * 8 + 4 * ALL);
	before = world->accesses;
	assert_int_equal(kmq_words_repair_consumer(words(), 63, &(struct kmq_repair){}), 0);
	consumers->lock = 63;
	assert_int_equal(kmq_words_repair_consumer(words(), 63, &(struct kmq_repair){}), -EUCLEAN);
	assert_int_equal(consumers->lock, 0);
	assert_true(world->accesses - before < KMQ_RING_IDS * 8 + 4 * ALL);
	world_close(world);
}

/* Two orphans are there: of the first two records, and of the third. */
static void an_orphan_that_cannot_be_is_euclean(void **state)
{
	static const struct impossible orphans[] = {
		ADDED(KMQ_RING_MPMC, CLAIM, C(claims[RECEIVER].start), 8),
		ADDED(KMQ_RING_MPMC, CLAIM, C(claims[RECEIVER].start), 0ull - 4096),
		ADDED(KMQ_RING_MPMC, CLAIM, C(claims[RECEIVER].start), 1024),
		ADDED(KMQ_RING_MPMC, CLAIM, C(claims[RECEIVER].end), 16),
		ADDED(KMQ_RING_MPMC, CLAIM, C(claims[RECEIVER].end), 4096),
		ADDED(KMQ_RING_MPMC, CLAIM, C(claims[RECEIVER].end), 0ull - 1024),
		ADDED(KMQ_RING_MPMC, CLAIM, C(claims[OLD].end), 512),
		SET(KMQ_RING_MPMC, CLAIM, C(claims[RECEIVER].records), 1),
		ADDED(KMQ_RING_MPMC, CLAIM, R(sequence), 1),
		ADDED(KMQ_RING_MPMC, CLAIM, R(sequence), 1024),
		SET(KMQ_RING_MPMC, CLAIM, R(word), 100 | KMQ_RING_BUSY),
		SET(KMQ_RING_MPMC, CLAIM, R(word), MAX),
	};

	for_each(it, orphans) {
		u64 position = open_three(it->mode);
		struct party receiver, old;
		void *word = word_at(it->offset, position);
		struct kmq_found found;
		u64 out;
		int ret;

		party_join(&receiver, RECEIVER, KMQ_RING_CONSUMER);
		party_join(&old, OLD, KMQ_RING_CONSUMER);
		assert_int_equal(party_claim(&receiver, 2), 2);
		assert_int_equal(party_claim(&old, 2), 1);
		bury(RECEIVER);
		bury(OLD);
		if (it->set)
			*(u32 *)word = it->set;
		else
			*(u64 *)word += it->added;
		/* One claim need not look at all of an orphan. */
		do
			ret = kmq_words_claim(words(), NULL, &found, &out) ?:
			      kmq_words_release(words(), NULL, &found, &out);
		while (!ret);
		if (ret != -EUCLEAN)
			fail_msg("orphans[%td] was not found", it - orphans);
		world_close(world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		claim(a_new_ring_is_empty_and_says_so),
		claim(records_of_any_size_come_out_as_they_went_in),
		claim(a_record_beyond_half_of_the_ring_is_refused),
		claim(a_full_ring_says_which_release_to_wait_for),
		claim(what_is_busy_blocks_and_is_what_to_wait_for),
		claim(what_is_discarded_is_passed_and_its_room_wakes_producers),
		claim(what_is_given_up_is_readable_until_someone_tries),
		claim(nobody_is_woken_for_room_that_is_not_waited_for),
		claim(what_is_given_back_is_found_again_before_all_later_ones),
		claim(the_kernel_takes_what_it_gave_back_before_a_lower_orphan),
		claim(what_is_claimed_before_a_number_came_before_it),
		claim(an_orphan_behind_a_number_is_not_claimed_before_it),
		claim(an_id_with_an_orphan_is_not_free),
		claim(a_claim_may_be_an_orphan_before_its_consumer_ends),
		claim(a_lock_that_a_process_holds_is_not_waited_for),
		claim(a_release_waits_for_the_lock_and_is_then_done_once),
		claim(who_claims_and_leaves_something_passes_the_wake_up_on),
		claim(the_wake_words_are_compared_across_the_wrap),
		claim(a_reader_that_is_lapped_is_told_how_many_it_lost),
		claim(what_is_overwritten_while_it_is_read_is_stale_and_told_as_lost),
		claim(what_is_impossible_is_euclean_to_who_meets_it),
		claim(an_orphan_that_cannot_be_is_euclean),
		claim(an_orphan_of_one_record_has_a_number_that_was_passed),
		claim(an_orphan_does_not_reach_what_was_not_claimed),
		claim(a_claim_that_starts_before_tail_is_euclean),
		claim(a_bit_without_a_claim_holds_no_room),
		claim(the_kernel_has_one_claim_of_one_record),
		claim(a_number_to_wait_for_that_is_out_of_reach_is_euclean),
		claim(more_cannot_be_lost_than_had_room),
		claim(of_two_orphans_the_one_that_starts_lower_is_taken_first),
		claim(what_is_given_up_at_the_end_of_an_orphan_goes_with_its_last_record),
		claim(no_look_is_misled_when_all_is_turned_over_meanwhile),
		claim(sixty_orphans_of_the_same_records_are_not_walked_sixty_times),
		claim(a_producer_may_die_at_any_access),
		claim(a_consumer_may_die_at_any_access),
		claim(a_broadcaster_may_die_at_any_access),
		claim(one_may_die_while_the_other_is_anywhere),
		claim(one_to_one_survives_a_storm),
		claim(many_to_one_survives_a_storm),
		claim(many_to_many_survives_a_storm),
		claim(broadcast_survives_a_storm),
		claim(any_garbage_in_any_word_is_found_or_does_no_harm),
		claim(a_million_hostile_writes_do_the_kernel_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
