// SPDX-License-Identifier: GPL-2.0-only
/*
 * The harness notices lies. Every mechanism that runs here is wrapped by one that
 * does something to one message in 2,000: it loses it, hands it out twice, hands
 * it out after the next of the same sender, or changes a bit of it. The trial must
 * fail, and say which it was; unwrapped, it must pass.
 *
 * Where a request is answered before the next is sent, no two can change places.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "payload.h"
#include "trial.h"

#define SIZE		64
#define SMALL		8	/* for those that carry no more */
#define MESSAGES	2000
#define STALL_MS	1000	/* of a trial that stalls because of a lie */

enum lie { LOSE, DOUBLE, SWAP, CORRUPT, LIES };

static const struct {
	const char *name;
	const char *told;	/* in the reason */
} lies[LIES] = {
	[LOSE] = { "loses", "lost" },
	[DOUBLE] = { "doubles", "doubled" },
	[SWAP] = { "swaps", "reordered" },
	[CORRUPT] = { "corrupts", "corrupt" },
};

static const struct mechanism *honest;
static uint32_t message_size;
static enum lie lie;
static uint64_t victim;		/* the message that it is about */

/* Of one process: every trial has new ones. */
static bool told;		/* the lie */
static bool holding;		/* a message, until another of its sender has come */
static bool due;		/* it has */
static char held[SIZE] __attribute__((aligned(8)));
static uint32_t held_size;

static void hold(const void *body, uint32_t size)
{
	memcpy(held, body, message_size);
	held_size = size;
}

static uint32_t hand_out(void *body)
{
	memcpy(body, held, message_size);
	due = holding = false;
	return held_size;
}

static void corrupt(void *body)
{
	((char *)body)[message_size / 2] ^= 0x10;
}

static bool is_victim(const void *body)
{
	return !told && payload_sequence(body) == victim;
}

/* The held one comes after the next of the same sender. */
static void look_for_next(const void *body)
{
	due |= holding && payload_sender(payload_sequence(body)) == payload_sender(victim);
}

/* A message at a time, by either hook. */
static ssize_t lie_about(struct channel *channel, void *body, uint32_t room,
			 ssize_t (*take)(struct channel *, void *, uint32_t))
{
	ssize_t size;

	if (due)
		return hand_out(body);
	size = take(channel, body, room);
	look_for_next(body);
	if (size < 0 || !is_victim(body))
		return size;
	told = true;
	switch (lie) {
	case LOSE:
		return take(channel, body, room);
	case SWAP:
		hold(body, size);
		holding = true;
		size = take(channel, body, room);
		look_for_next(body);
		return size;
	case DOUBLE:
		hold(body, size);
		due = true;
		return size;
	default:
		corrupt(body);
		return size;
	}
}

static ssize_t lying_receive(struct channel *channel, void *body, uint32_t room)
{
	return lie_about(channel, body, room, honest->receive);
}

static ssize_t lying_take_request(struct channel *channel, void *request, uint32_t room)
{
	return lie_about(channel, request, room, honest->take_request);
}

static void copy_item(struct batch_item *to, const struct batch_item *from)
{
	memcpy(to->body, from->body, message_size);
	to->size = from->size;
}

static int lose_item(struct channel *channel, struct batch_item *items, int got, int which)
{
	for (int i = which; i + 1 < got; i++)
		copy_item(&items[i], &items[i + 1]);
	return got > 1 ? got - 1 : honest->receive_batch(channel, items, got);
}

/* The last one has to wait for the next batch. */
static int double_item(struct batch_item *items, int got, int which)
{
	hold(items[got - 1].body, items[got - 1].size);
	due = true;
	for (int i = got - 1; i > which; i--)
		copy_item(&items[i], &items[i - 1]);
	return got;
}

/* With the next of the same sender, if that is in the batch too. */
static bool swap_item(struct batch_item *items, int got, int which)
{
	char body[SIZE];

	for (int i = which + 1; i < got; i++) {
		if (payload_sender(payload_sequence(items[i].body)) != payload_sender(victim))
			continue;
		memcpy(body, items[i].body, message_size);
		memcpy(items[i].body, items[which].body, message_size);
		memcpy(items[which].body, body, message_size);
		return true;
	}
	return false;
}

/* The victim; to be swapped it may be a later one too, as not every batch has two. */
static int find_victim(const struct batch_item *items, int got)
{
	for (int i = 0; i < got; i++) {
		uint64_t sequence = payload_sequence(items[i].body);

		if (!told && (sequence == victim ||
			      (lie == SWAP && sequence > victim &&
			       payload_sender(sequence) == payload_sender(victim))))
			return i;
	}
	return -1;
}

static int lying_receive_batch(struct channel *channel, struct batch_item *items,
			       unsigned int count)
{
	int got, which;

	if (due) {
		items[0].size = hand_out(items[0].body);
		return 1;
	}
	got = honest->receive_batch(channel, items, count);
	which = find_victim(items, got);
	if (which < 0)
		return got;
	told = true;
	switch (lie) {
	case LOSE:
		return lose_item(channel, items, got, which);
	case DOUBLE:
		return double_item(items, got, which);
	case SWAP:
		told = swap_item(items, got, which);
		return got;
	default:
		corrupt(items[which].body);
		return got;
	}
}

/* In place, too; what is shown then lies elsewhere. */
static ssize_t lying_peek(struct channel *channel, const void **body)
{
	static uint64_t shown[SIZE / sizeof(uint64_t)];

	*body = shown;
	return lying_receive(channel, shown, message_size);
}

static int lying_release(struct channel *channel)
{
	return 0;
}

static struct mechanism liar_of(const struct mechanism *mechanism)
{
	struct mechanism liar = *mechanism;

	honest = mechanism;
	liar.receive = mechanism->receive ? lying_receive : NULL;
	liar.receive_batch = mechanism->receive_batch ? lying_receive_batch : NULL;
	liar.peek = mechanism->peek ? lying_peek : NULL;
	liar.release = mechanism->release ? lying_release : NULL;
	liar.take_request = mechanism->take_request ? lying_take_request : NULL;
	return liar;
}

static char reason[REASON_SIZE];
static struct sample sample;

/* One that is lost may be the last that can come, and then only time tells. */
static bool may_stall(const struct mechanism *mechanism)
{
	return mechanism != honest && lie == LOSE;
}

static enum outcome try(const struct mechanism *mechanism, const char *workload)
{
	bool fan = !strcmp(workload, "fan");
	const struct plan plan = {
		.mechanism = mechanism,
		.workload = workload_find(workload),
		.at = {
			.size = message_size, .capacity = 64, .batch = 32,
			.senders = fan ? 2 : 1, .receivers = fan ? 2 : 1,
		},
		.units = MESSAGES,
		.warmup = 16,
		.stall_ms = may_stall(mechanism) ? STALL_MS : 0,
	};

	victim = fan ? payload_sequence_of(1, 691) : 1401;
	return trial_run(&plan, &sample, NULL, reason);
}

static enum outcome try_sizes(const struct mechanism *mechanism, const char *workload)
{
	char why[REASON_SIZE];
	enum outcome outcome;

	honest = mechanism;
	message_size = SIZE;
	outcome = try(mechanism, workload);
	if (outcome != OUTCOME_UNFIT)
		return outcome;
	snprintf(why, sizeof(why), "%s", reason);
	message_size = SMALL;
	outcome = try(mechanism, workload);
	if (outcome == OUTCOME_UNFIT)
		snprintf(reason, sizeof(reason), "%s", why);
	return outcome;
}

/* Lies that were told. */
static unsigned int try_lies(const struct mechanism *mechanism, const char *workload)
{
	struct mechanism liar = liar_of(mechanism);
	bool calls = mechanism->traits & MECHANISM_CALLS;
	unsigned int count = 0;

	for (lie = 0; lie < LIES; lie++) {
		if (lie == SWAP && calls)
			continue;
		count++;
		if (try(&liar, workload) != OUTCOME_FAILED)
			fail_msg("%s that %s one message at %s passes", liar.name, lies[lie].name,
				 workload);
		if (!strstr(reason, lies[lie].told))
			fail_msg("%s that %s one message at %s: %s", liar.name, lies[lie].name,
				 workload, reason);
	}
	return count;
}

static void try_all(const char *workload)
{
	unsigned int count = 0;

	for (const struct mechanism *const *m = mechanisms; *m; m++) {
		enum outcome outcome;

		if ((*m)->traits & MECHANISM_CARRIES_NOTHING)
			continue;
		outcome = try_sizes(*m, workload);
		if (outcome == OUTCOME_FAILED)
			fail_msg("%s at %s: %s", (*m)->name, workload, reason);
		if (outcome == OUTCOME_OK)
			count += try_lies(*m, workload);
		else
			printf("           not at %s: %s: %s\n", workload, (*m)->name, reason);
	}
	printf("           %u lies at %s\n", count, workload);
	assert_true(count > 0);
}

static void lies_are_noticed_one_way(void **state)
{
	try_all("oneway");
}

static void lies_are_noticed_among_many(void **state)
{
	try_all("fan");
}

static void lies_are_noticed_in_batches(void **state)
{
	try_all("batch");
}

/* The others' round trips are what they do one way, twice. */
static void lies_are_noticed_in_answered_requests(void **state)
{
	for (const struct mechanism *const *m = mechanisms; *m; m++) {
		enum outcome outcome;

		if (!((*m)->traits & MECHANISM_CALLS))
			continue;
		outcome = try_sizes(*m, "pingpong");
		if (outcome == OUTCOME_FAILED)
			fail_msg("%s at pingpong: %s", (*m)->name, reason);
		if (outcome == OUTCOME_OK)
			try_lies(*m, "pingpong");
		else
			printf("           not at pingpong: %s: %s\n", (*m)->name, reason);
	}
}

/* Calls that another project's library makes, are not counted. */
static bool counts_calls(const struct mechanism *mechanism)
{
	return strcmp(mechanism->name, "boost-mq") && strcmp(mechanism->name, "zmq");
}

/* Whoever sleeps and wakes another asks the kernel to; a body is copied in and out. */
static void what_a_mechanism_counts_of_itself_is_plausible(void **state)
{
	for (const struct mechanism *const *m = mechanisms; *m; m++) {
		const char *name = (*m)->name;

		if ((*m)->traits & (MECHANISM_CARRIES_NOTHING | MECHANISM_SPINS))
			continue;
		if (try_sizes(*m, (*m)->traits & MECHANISM_BATCHES_ONLY ? "oneway"
									: "pingpong") != OUTCOME_OK)
			continue;
		if (!sample.syscalls && counts_calls(*m))
			fail_msg("%s makes no system calls", name);
		if ((*m)->reserve)
			assert_int_equal(sample.copied, 0);
		else if (sample.copied < sample.verified * 2 * message_size)
			fail_msg("%s copied %llu bytes for %llu messages", name,
				 (unsigned long long)sample.copied,
				 (unsigned long long)sample.verified);
	}
}

static int setup(void **state)
{
	trial_setup();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lies_are_noticed_one_way),
		cmocka_unit_test(lies_are_noticed_among_many),
		cmocka_unit_test(lies_are_noticed_in_batches),
		cmocka_unit_test(lies_are_noticed_in_answered_requests),
		cmocka_unit_test(what_a_mechanism_counts_of_itself_is_plausible),
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	return cmocka_run_group_tests(tests, setup, NULL);
}
