// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include <errno.h>

#include "world.h"

struct world *world;

static struct actor *running;
static u64 seed = 1;

void seed_set(u64 to)
{
	seed = to;
}

unsigned int below(unsigned int n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned int)(seed >> 33) % n;
}

void shim_access(const volatile void *where)
{
	const u8 *private = (const u8 *)&world->words;

	if (!world || ((const u8 *)where >= private &&
		       (const u8 *)where < private + sizeof(world->words)))
		return;
	world->accesses++;
	if (world->access && !running)
		world->access(world);
}

/* The data twice in a row, and nothing before and behind. Mapped once. */
static u8 *map_data(void)
{
	static u8 *at;
	int fd;

	if (at)
		return memset(at, 0, RING_SIZE);
	fd = memfd_create("ring", 0);
	at = mmap(NULL, 4 * RING_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(fd >= 0 && at != MAP_FAILED);
	assert_int_equal(ftruncate(fd, RING_SIZE), 0);
	at += RING_SIZE;
	for (int i = 0; i < 2; i++)
		assert_ptr_equal(mmap(at + i * RING_SIZE, RING_SIZE, PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_FIXED, fd, 0),
				 at + i * RING_SIZE);
	close(fd);
	return at;
}

static void *zeroed(size_t size)
{
	void *memory = aligned_alloc(64, size);

	assert_non_null(memory);
	return memset(memory, 0, size);
}

struct world *world_open(u32 mode, u64 first_sequence, u64 first_position)
{
	struct world *w = zeroed((sizeof(*w) + 63) & ~63ul);

	w->words = (struct kmq_words){
		.control = zeroed(sizeof(struct kmq_ring_control)),
		.consumers = zeroed(sizeof(struct kmq_ring_consumers)),
		.producers = zeroed(sizeof(struct kmq_ring_producers)),
		.data = map_data(),
		.size = RING_SIZE,
		.mode = mode,
		.max_message = RING_SIZE / 2 - sizeof(struct kmq_ring_record),
	};
	w->records = calloc(RECORDS, sizeof(*w->records));
	assert_non_null(w->records);
	kmq_words_init(&w->words, RING_SIZE, first_sequence, first_position);
	world = w;
	return w;
}

void world_close(struct world *w)
{
	world = NULL;
	free(w->words.control);
	free(w->words.consumers);
	free(w->words.producers);
	free(w->records);
	free(w);
}

static struct record *record_of(u64 sequence)
{
	u64 number = sequence - world->words.first_sequence;

	assert_true(number < RECORDS);
	return &world->records[number];
}

void world_reserved(u32 id, u64 sequence, u32 size)
{
	struct record *record = record_of(sequence);

	assert_int_equal(sequence - world->words.first_sequence, world->sent);
	assert_int_equal(record->fate, UNSEEN);
	*record = (struct record){ .fate = RESERVED, .size = size, .owner = id };
	world->sent++;
}

void world_committed(u64 sequence)
{
	assert_int_equal(record_of(sequence)->fate, RESERVED);
	record_of(sequence)->fate = COMMITTED;
}

void world_discarded(u64 sequence)
{
	assert_int_equal(record_of(sequence)->fate, RESERVED);
	record_of(sequence)->fate = DISCARDED;
}

static bool is_given_up(const struct record *record)
{
	return record->fate == DISCARDED || record->fate == ABANDONED;
}

static bool is_dead(u32 id)
{
	return id != KMQ_RING_KERNEL && !(world->live >> id & 1);
}

/*
 * Fresh records are claimed in order and once, and none is passed that was not
 * given up (by one who is dead, perhaps, and not quite buried).
 */
static void claimed_fresh(struct record *record)
{
	u64 number = record - world->records;

	assert_false(record->claimed);
	for (; world->fresh < number; world->fresh++) {
		struct record *passed = &world->records[world->fresh];

		assert_true(is_given_up(passed) ||
			    (passed->fate == RESERVED && is_dead(passed->owner)));
	}
	world->fresh = number + 1;
}

void world_claimed(u32 id, u64 sequence, bool orphan)
{
	struct record *record = record_of(sequence);

	assert_int_equal(record->fate, COMMITTED);
	assert_false(record->released);
	if (!orphan)
		claimed_fresh(record);
	else
		assert_true(record->claimant == NOBODY || is_dead(record->claimant));
	record->claimed = true;
	record->claimant = id;
}

void world_released(u32 id, u64 sequence)
{
	struct record *record = record_of(sequence);

	assert_int_equal(record->claimant, id);
	assert_false(record->released);
	record->released = true;
}

void world_given_back(u32 id)
{
	for (u64 i = 0; i < world->sent; i++)
		if (!world->records[i].released && world->records[i].claimant == id)
			world->records[i].claimant = NOBODY;
}

void body_write(u8 *body, u64 sequence, u32 size)
{
	for (u32 i = 0; i < size; i++)
		body[i] = (u8)(sequence * 31 + i * 7 + size);
}

bool body_is_whole(const u8 *body, u64 sequence, u32 size)
{
	for (u32 i = 0; i < size; i++)
		if (body[i] != (u8)(sequence * 31 + i * 7 + size))
			return false;
	return true;
}

u64 world_given_up(u64 before)
{
	u64 count = 0;

	for (u64 i = 0; i < before; i++)
		count += is_given_up(&world->records[i]);
	return count;
}

/* What the cursor has passed, which is more than was claimed. */
static u64 passed(void)
{
	struct kmq_ring_consumers *consumers = world->words.consumers;
	u64 expected = consumers->cursor[consumers->version % 2].expected;

	return world->words.mode == KMQ_RING_SPSC ? 0 : expected - world->words.first_sequence;
}

static u64 received(void)
{
	u64 count = 0;

	for (u64 i = 0; i < world->sent; i++) {
		struct record *record = &world->records[i];

		count += record->released ||
			 (record->claimant && world->words.mode != KMQ_RING_SPSC);
	}
	return count;
}

static u64 bytes_queued(void)
{
	u64 bytes = 0;

	for (u64 i = world->sent; i--;) {
		bytes += kmq_ring_record_bytes(world->records[i].size);
		if (bytes > RING_SIZE)
			return bytes - kmq_ring_record_bytes(world->records[i].size);
	}
	return bytes;
}

void world_check_ledger(void)
{
	struct kmq_ring_ledger ledger;
	bool broadcast = world->words.mode == KMQ_RING_BROADCAST;

	memset(&ledger, 0xa5, sizeof(ledger));
	assert_int_equal(kmq_words_ledger(&world->words, &ledger), 0);
	assert_int_equal(ledger.sent, world->sent);
	assert_int_equal(ledger.received, broadcast ? 0 : received());
	assert_int_equal(ledger.abandoned, world_given_up(passed()));
	assert_int_equal(ledger.sent,
			 ledger.received + ledger.queued + ledger.dropped + ledger.abandoned);
	assert_true(ledger.bytes <= RING_SIZE);
	if (!broadcast)
		assert_int_equal(ledger.dropped, 0);
	else
		assert_true(ledger.bytes <= bytes_queued());
}

/* Is there one that can be claimed? */
static bool claimable(void)
{
	for (u64 i = 0; i < world->sent; i++) {
		struct record *record = &world->records[i];

		if (record->fate == COMMITTED && !record->released && !record->claimant)
			return true;
		if (record->fate == RESERVED)
			return false;
	}
	return false;
}

/* Orphans are before everything, and nothing in them is BUSY. */
static bool has_orphan(void)
{
	for (u64 i = 0; i < world->sent; i++) {
		struct record *record = &world->records[i];

		if (record->claimed && !record->released && !record->claimant)
			return true;
	}
	return false;
}

/* What was given up is where the next will be, for a try to pass it. */
static bool passable(void)
{
	return world->words.mode != KMQ_RING_SPSC && passed() < world->sent && is_given_up(&world->records[passed()]);
}

void world_check_readable(u32 id)
{
	struct kmq_found found;
	bool expected = has_orphan() || claimable();

	assert_int_equal(kmq_words_peek(&world->words, NULL, &found), expected ? 0 : -EAGAIN);
	expected |= passable();
	for (u64 i = 0; i < world->sent && world->words.mode != KMQ_RING_SPSC; i++)
		expected |= id != KMQ_RING_KERNEL && world->records[i].claimant == id &&
			    !world->records[i].released;
	assert_int_equal(kmq_words_readable(&world->words, id, NULL), expected);
	if (world->words.mode != KMQ_RING_SPSC)
		assert_int_equal(kmq_words_has_orphan(&world->words), has_orphan());
}

/* All was read, and all the room is there again. */
void world_check_empty(void)
{
	struct kmq_ring_ledger ledger;

	for (u64 i = 0; i < world->sent; i++) {
		struct record *record = &world->records[i];

		assert_true(is_given_up(record) || record->released);
		assert_true(!is_given_up(record) || !record->claimed);
	}
	world_check_ledger();
	assert_int_equal(kmq_words_ledger(&world->words, &ledger), 0);
	assert_int_equal(ledger.queued, 0);
	assert_int_equal(ledger.bytes, 0);
}

/* Actors. */

static void actor_main(void)
{
	struct actor *actor = running;

	actor->script(actor->party);
	actor->done = true;
	actor->between = true;
	swapcontext(&actor->here, &actor->there);
	abort();
}

void actor_start(struct actor *actor, struct party *party, void (*script)(struct party *party))
{
	enum { STACK = 256 << 10 };

	*actor = (struct actor){ .party = party, .script = script, .between = true };
	actor->stack = malloc(STACK);
	assert_non_null(actor->stack);
	getcontext(&actor->here);
	actor->here.uc_stack.ss_sp = actor->stack;
	actor->here.uc_stack.ss_size = STACK;
	makecontext(&actor->here, actor_main, 0);
}

bool actor_run(struct actor *actor, long steps)
{
	struct actor *before = running;

	if (actor->done)
		return true;
	actor->budget = steps;
	actor->blocked = false;
	running = actor;
	swapcontext(&actor->there, &actor->here);
	running = before;
	return actor->done;
}

void actor_end(struct actor *actor)
{
	free(actor->stack);
	actor->stack = NULL;
}

static void leave(void)
{
	struct actor *actor = running;

	swapcontext(&actor->here, &actor->there);
}

void step(void)
{
	if (!running)
		return;
	while (running->budget <= 0)
		leave();
	running->budget--;
	running->between = false;
}

void step_blocked(void)
{
	assert_non_null(running);
	running->blocked = true;
	leave();
}

void step_between(void)
{
	if (!running)
		return;
	running->between = true;
	if (running->budget <= 0)
		leave();
}
