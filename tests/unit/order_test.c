// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmod/order.c against a model that looks at everything: an array of what is
 * queued, searched from end to end. The tree below it is shim/rbtree.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "order.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum { SLOTS = 400, STEPS = 200000 };

struct world {
	struct kmq_order order;
	struct kmq_slot *queued[SLOTS];
	struct kmq_slot *taken[SLOTS];
	size_t queued_count;
	size_t taken_count;
	u64 sequence;
};

static int below(int n)
{
	return rand() % n;
}

static bool first(const struct kmq_slot *a, const struct kmq_slot *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return a->sequence < b->sequence;
}

/* LOWEST is the best of the lowest type; the others the best of what they admit. */
static struct kmq_slot *expected(const struct world *world, const struct kmq_selection *which)
{
	struct kmq_slot *best = NULL;

	for (size_t i = 0; i < world->queued_count; i++) {
		struct kmq_slot *slot = world->queued[i];

		if (!kmq_selects(which, slot->type))
			continue;
		if (!best || (which->mode == KMQ_SELECT_LOWEST && slot->type != best->type ?
				      slot->type < best->type : first(slot, best)))
			best = slot;
	}
	return best;
}

static struct kmq_slot *oldest(const struct world *world)
{
	struct kmq_slot *found = NULL;

	for (size_t i = 0; i < world->queued_count; i++)
		if (!found || world->queued[i]->sequence < found->sequence)
			found = world->queued[i];
	return found;
}

static void drop(struct kmq_slot **slots, size_t *count, size_t i)
{
	slots[i] = slots[--*count];
}

static size_t index_of(struct kmq_slot *const *slots, size_t count, const struct kmq_slot *slot)
{
	size_t i = 0;

	while (i < count && slots[i] != slot)
		i++;
	assert_true(i < count);
	return i;
}

/* Arrives when @gap - 1 others have come and gone. */
static void arrive_after(struct world *world, u64 gap, int types, int priorities)
{
	struct kmq_slot *slot = calloc(1, sizeof(*slot));

	assert_non_null(slot);
	slot->type = 1 + below(types);
	slot->priority = below(priorities);
	world->sequence += gap;
	slot->sequence = world->sequence;
	kmq_order_append(&world->order, slot);
	world->queued[world->queued_count++] = slot;
}

static void arrive(struct world *world, int types, int priorities)
{
	arrive_after(world, 1, types, priorities);
}

static void take(struct world *world, struct kmq_slot *slot)
{
	kmq_order_remove(&world->order, slot);
	drop(world->queued, &world->queued_count,
	     index_of(world->queued, world->queued_count, slot));
}

static struct kmq_selection any_selection(int types)
{
	struct kmq_selection which = { .mode = KMQ_SELECT_ANY + below(4) };

	if (which.mode != KMQ_SELECT_ANY)
		which.type = 1 + below(types + 1);
	return which;
}

static void receive(struct world *world, int types)
{
	struct kmq_selection which = any_selection(types);
	struct kmq_slot *slot = expected(world, &which);

	assert_ptr_equal(kmq_order_find(&world->order, &which), slot);
	if (!slot)
		return;
	take(world, slot);
	if (below(2))
		world->taken[world->taken_count++] = slot;
	else
		free(slot);
}

/* A lease ends, or a receive faults: in any order. */
static void come_back(struct world *world)
{
	size_t i = world->taken_count ? below(world->taken_count) : 0;

	if (!world->taken_count)
		return;
	kmq_order_restore(&world->order, world->taken[i]);
	world->queued[world->queued_count++] = world->taken[i];
	drop(world->taken, &world->taken_count, i);
}

/* The request of a call is withdrawn: from anywhere, and never to come back. */
static void withdraw(struct world *world)
{
	struct kmq_slot *slot;

	if (!world->queued_count)
		return;
	slot = world->queued[below(world->queued_count)];
	take(world, slot);
	free(slot);
}

static void drop_oldest(struct world *world)
{
	struct kmq_slot *slot = oldest(world);

	assert_ptr_equal(kmq_order_oldest(&world->order), slot);
	if (!slot)
		return;
	take(world, slot);
	free(slot);
}

/* By type, then priority, then arrival; each that is selected, once. */
static void walk(const struct world *world, int types)
{
	struct kmq_selection which = any_selection(types);
	const struct kmq_slot *before = NULL;
	size_t seen = 0, selected = 0;
	struct kmq_slot *slot;

	for (size_t i = 0; i < world->queued_count; i++)
		selected += kmq_selects(&which, world->queued[i]->type);
	for (slot = kmq_order_first(&world->order, &which); slot;
	     slot = kmq_order_next(&world->order, slot, &which)) {
		assert_true(kmq_selects(&which, slot->type));
		if (before)
			assert_true(before->type < slot->type ||
				    (before->type == slot->type && first(before, slot)));
		before = slot;
		seen++;
	}
	assert_int_equal(seen, selected);
}

static int by_delivery(const void *a, const void *b)
{
	return first(*(struct kmq_slot *const *)a, *(struct kmq_slot *const *)b) ? -1 : 1;
}

static void check_place(const struct world *world, u64 place, struct kmq_slot *slot)
{
	assert_ptr_equal(kmq_order_at(&world->order, place, world->queued_count, world->sequence), slot);
}

static void check_places_behind_the_last(const struct world *world)
{
	check_place(world, world->queued_count, NULL);
	check_place(world, world->queued_count + 1, NULL);
	check_place(world, world->queued_count + (1ull << 32), NULL);
	check_place(world, 1ull << 62, NULL);
	check_place(world, INT64_MAX, NULL);
}

static void sort(const struct world *world, struct kmq_slot **sorted)
{
	memcpy(sorted, world->queued, world->queued_count * sizeof(*sorted));
	qsort(sorted, world->queued_count, sizeof(*sorted), by_delivery);
}

/* A few places, among them the last one and those behind it. */
static void look_at_places(const struct world *world)
{
	struct kmq_slot *sorted[SLOTS];
	size_t count = world->queued_count;

	sort(world, sorted);
	for (int i = 0; i < 5 && count; i++) {
		size_t place = below(count);

		check_place(world, place, sorted[place]);
	}
	if (count)
		check_place(world, count - 1, sorted[count - 1]);
	check_places_behind_the_last(world);
}

static void clear(struct world *world)
{
	while (world->queued_count)
		withdraw(world);
	assert_null(world->order.runs.rb_node);
	while (world->taken_count)
		free(world->taken[--world->taken_count]);
}

static void run(unsigned int seed, int types, int priorities)
{
	struct world world = { .sequence = 0 };

	srand(seed);
	kmq_order_init(&world.order);
	for (int step = 0; step < STEPS; step++) {
		int what = below(100);

		if (what < 42 && world.queued_count + world.taken_count < SLOTS)
			arrive(&world, types, priorities);
		else if (what < 75)
			receive(&world, types);
		else if (what < 92)
			come_back(&world);
		else if (what < 95)
			withdraw(&world);
		else if (what < 98)
			drop_oldest(&world);
		else if (what < 99)
			walk(&world, types);
		else
			look_at_places(&world);
	}
	clear(&world);
}

static void one_type_and_one_priority_is_a_fifo_that_takes_back_what_it_gave(void **state)
{
	run(1, 1, 1);
}

static void few_types_and_priorities_are_delivered_as_the_model_says(void **state)
{
	run(2, 3, 3);
}

static void one_type_with_many_priorities_is_delivered_as_the_model_says(void **state)
{
	run(3, 1, 100);
}

static void many_types_are_delivered_as_the_model_says(void **state)
{
	run(4, 300, 2);
}

static u64 random64(void)
{
	return (u64)rand() << 62 ^ (u64)rand() << 31 ^ rand();
}

/* 1 to 2^@bits, or one of a few lengths that such steps come in. */
static u64 random_gap(int bits)
{
	return below(2) ? 1 + (random64() & ((1ull << bits) - 1)) : 1ull << below(bits + 1);
}

/* Some come back, and so are runs of their own. */
static void take_and_restore_some(struct world *world, int types)
{
	for (size_t i = world->queued_count / 3; i; i--)
		receive(world, types);
	while (world->taken_count)
		come_back(world);
}

static void check_each_place(const struct world *world)
{
	struct kmq_slot *sorted[SLOTS];

	sort(world, sorted);
	for (size_t i = 0; i < world->queued_count; i++)
		check_place(world, i, sorted[i]);
	check_places_behind_the_last(world);
}

/* All of the sequences are below 2^64, and those that @late are the last there are. */
static void check_random_queue(int types, int priorities, int gap_bits, bool late)
{
	struct world world = { .sequence = 0 };
	size_t count = 1 + below(SLOTS);
	u64 gaps[SLOTS];
	u64 span = 0;

	for (size_t i = 0; i < count; i++) {
		gaps[i] = below(4) ? random_gap(gap_bits) : 1;
		span += gaps[i];
	}
	world.sequence = late ? UINT64_MAX - span : (u64)below(300);
	kmq_order_init(&world.order);
	for (size_t i = 0; i < count; i++)
		arrive_after(&world, gaps[i], types, priorities);
	check_each_place(&world);
	take_and_restore_some(&world, types);
	/* The sequences above those queued are of messages that are gone. */
	world.sequence += late ? 0 : random_gap(gap_bits);
	check_each_place(&world);
	clear(&world);
}

static void each_place_of_random_queues_is_as_sorted(void **state)
{
	const int types[] = { 1, 2, 7, 300, 1 << 30 };
	const int priorities[] = { 1, 2, 30, 257, KMQ_PRIORITY_MAX + 1 };
	/* Up to where 400 of them may just not pass 2^64. */
	const int gap_bits[] = { 0, 1, 3, 8, 20, 33, 48, 55 };

	srand(5);
	for (size_t t = 0; t < COUNT(types); t++)
		for (size_t p = 0; p < COUNT(priorities); p++)
			for (size_t g = 0; g < COUNT(gap_bits); g++)
				for (int late = 0; late < 2; late++)
					check_random_queue(types[t], priorities[p], gap_bits[g], late);
}

/* One old message, and a crowd that is told apart by its lowest bits alone. */
static void a_crowd_far_from_the_oldest_is_told_apart(void **state)
{
	for (int bits = 8; bits < 64; bits++) {
		struct world world = { .sequence = 0 };

		kmq_order_init(&world.order);
		arrive(&world, 1 << 30, 1);
		arrive_after(&world, (1ull << bits) - below(SLOTS), 1 << 30, 1);
		while (world.queued_count < SLOTS)
			arrive(&world, 1 << 30, 1);
		check_each_place(&world);
		clear(&world);
	}
}

static void a_place_behind_the_last_is_answered_without_a_look(void **state)
{
	const struct kmq_order unreadable = { .runs = { (struct rb_node *)64 } };

	assert_null(kmq_order_at(&unreadable, 5, 5, 5));
	assert_null(kmq_order_at(&unreadable, 6, 5, 5));
	assert_null(kmq_order_at(&unreadable, 1ull << 32, 5, 5));
	assert_null(kmq_order_at(&unreadable, 1ull << 62, 5, 5));
}

static void the_first_place_is_answered_by_the_root(void **state)
{
	struct kmq_slot first = { .sequence = 1 };
	struct kmq_slot root = {
		.node = { .rb_left = (struct rb_node *)64, .rb_right = (struct rb_node *)64 },
		.newer = (struct kmq_slot *)64,
		.bounds = { .best = &first, .oldest = &first },
	};
	const struct kmq_order order = { .runs = { &root.node } };

	assert_ptr_equal(kmq_order_at(&order, 0, 3, 3), &first);
}

static void a_plain_fifo_is_a_tree_of_one_node(void **state)
{
	struct world world = { .sequence = 0 };

	kmq_order_init(&world.order);
	for (int i = 0; i < 100; i++) {
		arrive(&world, 1, 1);
		assert_null(world.order.runs.rb_node->rb_left);
		assert_null(world.order.runs.rb_node->rb_right);
	}
	clear(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_type_and_one_priority_is_a_fifo_that_takes_back_what_it_gave),
		cmocka_unit_test(few_types_and_priorities_are_delivered_as_the_model_says),
		cmocka_unit_test(one_type_with_many_priorities_is_delivered_as_the_model_says),
		cmocka_unit_test(many_types_are_delivered_as_the_model_says),
		cmocka_unit_test(each_place_of_random_queues_is_as_sorted),
		cmocka_unit_test(a_crowd_far_from_the_oldest_is_told_apart),
		cmocka_unit_test(a_place_behind_the_last_is_answered_without_a_look),
		cmocka_unit_test(the_first_place_is_answered_by_the_root),
		cmocka_unit_test(a_plain_fifo_is_a_tree_of_one_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
