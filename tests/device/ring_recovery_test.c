// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recovery: parties that die between any two steps of the protocol, each in each
 * way, and what the living find the moment after.
 */
#include "lib/ring.h"

enum { PATIENCE = 40000 };
enum death { KILLED, EXITED, EXECED, UNMAPPED, DEATHS };

static const char *const death_names[] = { "killed", "exited", "execed", "unmapped" };

/* ---- the victim ---- */

struct victim {
	pid_t pid;
	int ready;	/* readable when it has done what it was to do */
	int go;		/* written to let it go on */
};

static void tell(int fd)
{
	CHECK_EQ(CHECK_OK(write(fd, "", 1)), 1);
}

static void hear(int fd)
{
	char byte;

	CHECK_EQ(CHECK_OK(read(fd, &byte, 1)), 1);
}

/* Ends the child in one of the ways; after UNMAPPED it lives on until it is told. */
static void die(struct ring *ring, enum death death, int ready, int go)
{
	if (death == UNMAPPED)
		ring_unmap(ring);
	tell(ready);
	hear(go);
	if (death == EXECED) {
		CHECK_OK(fcntl(ring->fd, F_SETFD, 0));
		CHECK_OK(dup2(go, STDIN_FILENO));
		execl("/bin/cat", "cat", NULL);
		_exit(EXIT_FAILURE);
	}
	_exit(EXIT_SUCCESS);
}

#define VICTIM(victim, fd, flags, ring, death)				\
	for (struct ring *ring = victim_begin(&(victim), fd, flags); ring; \
	     die(ring, death, (victim).ready, (victim).go), ring = NULL)

static struct ring victims_ring;

static struct ring *victim_begin(struct victim *victim, int fd, __u32 flags)
{
	int ready[2], go[2];

	CHECK_OK(pipe(ready));
	CHECK_OK(pipe(go));
	victim->pid = child_fork();
	if (!victim->pid) {
		close(ready[0]);
		close(go[1]);
		victim->ready = ready[1];
		victim->go = go[0];
		victims_ring = ring_open(fd, flags);
		return &victims_ring;
	}
	close(ready[1]);
	close(go[0]);
	victim->ready = ready[0];
	victim->go = go[1];
	hear(victim->ready);
	return NULL;
}

/* Returns at the moment after; unmapped and execed ones are still there. */
static void let_die(struct victim *victim, int fd, enum death death)
{
	switch (death) {
	case KILLED:
		child_kill(victim->pid);
		break;
	case EXITED:
		tell(victim->go);
		child_join(victim->pid);
		break;
	case EXECED: {
		unsigned int before = info_of(fd).attachments;

		tell(victim->go);
		WAIT_UNTIL(info_of(fd).attachments < before);
		break;
	}
	default:
		break;
	}
}

static void bury(struct victim *victim, enum death death)
{
	if (death == UNMAPPED)
		tell(victim->go);
	close(victim->go);
	close(victim->ready);
	if (death >= EXECED)
		child_join(victim->pid);
}

/* ---- producers of MPSC and MPMC ---- */

static void producer_dies(__u32 mode, enum ring_step step, enum death death)
{
	int fd = RING(.ring_mode = mode);
	struct ring mine = ring_open(fd, BOTH);
	bool lost = step == RING_HEAD || step == RING_SEQUENCE || step == RING_DONE;
	struct victim victim;

	check_context("mode %u, step %d, %s", mode, step, death_names[death]);
	ring_put(&mine, "before");
	VICTIM(victim, fd, KMQ_RING_PRODUCER, ring, death)
		CHECK_OK(ring_reserve_to(ring, 100, step));
	if (step == RING_DONE)
		ring_put(&mine, "behind it");
	let_die(&victim, fd, death);

	/* At once. */
	CHECK_EQ(LOAD(mine.producers->lock), 0);
	CHECK_EQ(LOAD(mine.control->deaths), 1);
	CHECK_EQ(LOAD(mine.control->abandoned), lost);
	CHECK_EQ(info_of(fd).deaths, 1);
	CHECK_EQ(info_of(fd).attachments, 1);
	CHECK_EQ(LOAD(mine.producers->sequence), 2 + lost + (step == RING_DONE));
	ring_put(&mine, "after");
	put_text(fd, "and by the other door");
	CHECK_EQ(mine.waits, 0);

	ring_expect(&mine, "before");
	if (step == RING_DONE)
		ring_expect(&mine, "behind it");
	CHECK_OK(ring_claim(&mine));
	CHECK_TEXT(mine.claim.body, mine.claim.size, "after");
	CHECK_EQ(mine.claim.sequence, 2 + lost + (step == RING_DONE));
	CHECK_OK(ring_release(&mine));
	ring_expect(&mine, "and by the other door");
	ring_expect_empty(&mine);
	EXPECT_LEDGER(fd, .sent = 3 + lost + (step == RING_DONE),
		      .received = 3 + (step == RING_DONE), .abandoned = lost);
	CHECK_EQ(info_of(fd).bytes, 0);
	CHECK_EQ(info_of(fd).ring_flags, 0);
	bury(&victim, death);
	ring_close(&mine);
	close(fd);
}

static void producer_dies_everywhere(__u32 mode, enum death death)
{
	static const enum ring_step steps[] = { RING_LOCKED, RING_HEADER, RING_HEAD, RING_SEQUENCE,
						RING_DONE };

	for (int i = 0; i < 5; i++)
		producer_dies(mode, steps[i], death);
}

TEST(a_producer_killed_at_any_step_is_repaired_at_once)
{
	producer_dies_everywhere(KMQ_RING_MPSC, KILLED);
	producer_dies_everywhere(KMQ_RING_MPMC, KILLED);
}

TEST(a_producer_that_exits_at_any_step_is_repaired_at_once)
{
	producer_dies_everywhere(KMQ_RING_MPSC, EXITED);
	producer_dies_everywhere(KMQ_RING_MPMC, EXITED);
}

TEST(a_producer_that_execs_at_any_step_is_repaired_at_once)
{
	producer_dies_everywhere(KMQ_RING_MPSC, EXECED);
	producer_dies_everywhere(KMQ_RING_MPMC, EXECED);
}

TEST(a_producer_that_unmaps_at_any_step_is_repaired_at_once)
{
	producer_dies_everywhere(KMQ_RING_MPSC, UNMAPPED);
	producer_dies_everywhere(KMQ_RING_MPMC, UNMAPPED);
}

TEST(a_producer_with_nothing_open_dies_of_nothing)
{
	for (__u32 mode = 0; mode < 4; mode++) {
		int fd = RING(.ring_mode = mode);
		struct victim victim;
		struct kmq_info info;

		VICTIM(victim, fd, KMQ_RING_PRODUCER, ring, KILLED) {
			ring_put(ring, "one");
			ring_put(ring, "two");
		}
		let_die(&victim, fd, KILLED);
		info = info_of(fd);
		CHECK_EQ(info.deaths, 0);
		CHECK_EQ(info.abandoned, 0);
		CHECK_EQ(info.sent, 2);
		CHECK_EQ(info.queued, 2);
		bury(&victim, KILLED);
		close(fd);
	}
}

TEST(only_the_records_of_the_dead_are_abandoned)
{
	for (__u32 mode = KMQ_RING_MPSC; mode <= KMQ_RING_MPMC; mode++) {
		int fd = RING(.ring_mode = mode);
		struct ring first = ring_open(fd, KMQ_RING_PRODUCER);
		struct ring second = ring_open(fd, BOTH);
		struct victim victim;

		CHECK_OK(ring_reserve(&first, 5));
		memcpy(first.room.body, "first", 5);
		VICTIM(victim, fd, KMQ_RING_PRODUCER, ring, KILLED) {
			ring_put(ring, "committed");
			CHECK_OK(ring_reserve(ring, 1000));
		}
		CHECK_OK(ring_reserve(&second, 6));
		memcpy(second.room.body, "second", 6);
		let_die(&victim, fd, KILLED);
		/* Neither living reservation was touched. */
		ring_expect_empty(&second);
		ring_commit(&second);
		ring_expect_empty(&second);
		ring_commit(&first);
		ring_expect(&second, "first");
		ring_expect(&second, "committed");
		ring_expect(&second, "second");
		EXPECT_LEDGER(fd, .sent = 4, .received = 3, .abandoned = 1);
		bury(&victim, KILLED);
		close(fd);
		ring_close(&first);
		ring_close(&second);
	}
}

TEST(a_reservation_of_several_records_is_abandoned_whole)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring mine = ring_open(fd, BOTH);
	struct victim victim;

	VICTIM(victim, fd, KMQ_RING_PRODUCER, ring, KILLED) {
		for (int i = 0; i < 10; i++) {
			CHECK_OK(ring_reserve(ring, 20));
			if (i % 2)
				ring_commit_silently(ring);
			else
				ring->room.record = NULL;
		}
	}
	let_die(&victim, fd, KILLED);
	CHECK_EQ(LOAD(mine.control->abandoned), 5);
	CHECK_EQ(LOAD(mine.control->deaths), 1);
	for (int i = 0; i < 5; i++) {
		CHECK_OK(ring_claim(&mine));
		CHECK_EQ(mine.claim.sequence, 2 * i + 2);
		CHECK_OK(ring_release(&mine));
	}
	ring_expect_empty(&mine);
	EXPECT_LEDGER(fd, .sent = 10, .received = 5, .abandoned = 5);
	bury(&victim, KILLED);
}

TEST(a_reader_skips_what_was_abandoned)
{
	int fd = RING(.ring_mode = KMQ_RING_MPSC, .flags = KMQ_CREATE_NONBLOCK);
	struct victim victim;
	char byte;

	VICTIM(victim, fd, KMQ_RING_PRODUCER, ring, KILLED)
		CHECK_OK(ring_reserve(ring, 1000));
	CHECK_ERRNO(read(fd, &byte, 1), EAGAIN);
	let_die(&victim, fd, KILLED);
	CHECK_ERRNO(read(fd, &byte, 1), EAGAIN);
	CHECK_EQ(queued_size(fd), 0);
	CHECK_EQ(poll_now(fd), POLLOUT);
	put_text(fd, "after");
	CHECK_EQ(queued_size(fd), 5);
	expect_read(fd, "after");
	EXPECT_LEDGER(fd, .sent = 2, .received = 1, .abandoned = 1);
	CHECK_EQ(info_of(fd).bytes, 0);
	bury(&victim, KILLED);
}

/* ---- the one producer of SPSC and BROADCAST ---- */

TEST(an_open_reservation_of_an_only_producer_never_was)
{
	for (__u32 mode = 0; mode < 4; mode += 3) {
		int fd = RING(.ring_mode = mode);
		struct ring reader = ring_open(fd, KMQ_RING_CONSUMER), mine;
		struct victim victim;

		VICTIM(victim, fd, KMQ_RING_PRODUCER, ring, KILLED) {
			ring_put(ring, "before");
			CHECK_OK(ring_reserve(ring, 100));
			memset(ring->room.body, 'x', 100);
		}
		let_die(&victim, fd, KILLED);
		mine = ring_open(fd, KMQ_RING_PRODUCER);
		ring_put(&mine, "after");
		ring_expect(&reader, "before");
		CHECK_OK(ring_claim(&reader));
		CHECK_TEXT(reader.claim.body, reader.claim.size, "after");
		CHECK_EQ(reader.claim.sequence, 2);
		CHECK_EQ(reader.lost, 0);
		CHECK_OK(ring_release(&reader));
		CHECK_EQ(info_of(fd).deaths, 0);
		CHECK_EQ(info_of(fd).sent, 2);
		bury(&victim, KILLED);
		close(fd);
		ring_close(&mine);
		ring_close(&reader);
	}
}

TEST(a_number_that_was_taken_for_nothing_is_given_back)
{
	for (int records = 0; records < 3; records++) {
		for (__u32 mode = 0; mode < 4; mode += 3) {
			int fd = RING(.ring_mode = mode);
			struct ring reader = ring_open(fd, KMQ_RING_CONSUMER), mine;
			struct victim victim;

			check_context("mode %u, behind %d records", mode, records);
			VICTIM(victim, fd, KMQ_RING_PRODUCER, ring, KILLED) {
				for (int i = 0; i < records; i++)
					ring_put(ring, "before");
				CHECK_OK(ring_reserve(ring, 10));
				/* sequence has moved, head has not. */
				STORE(ring->producers->sequence, ring->room.sequence + 1);
			}
			/* Read, or still there. */
			if (records == 2)
				for (int i = 0; i < 2; i++)
					ring_expect(&reader, "before");
			let_die(&victim, fd, KILLED);
			CHECK_EQ(LOAD(reader.producers->sequence), records + 1);
			mine = ring_open(fd, KMQ_RING_PRODUCER);
			ring_put(&mine, "after");
			if (records == 1)
				ring_expect(&reader, "before");
			CHECK_OK(ring_claim(&reader));
			CHECK_EQ(reader.claim.sequence, records + 1);
			CHECK_EQ(reader.lost, 0);
			CHECK_OK(ring_release(&reader));
			CHECK_EQ(info_of(fd).sent, records + 1);
			bury(&victim, KILLED);
			close(fd);
			ring_close(&mine);
			ring_close(&reader);
		}
	}
}

TEST(a_broadcaster_that_died_over_an_old_record_left_the_others_whole)
{
	int fd = RING(.ring_mode = KMQ_RING_BROADCAST, .byte_limit = page_bytes());
	struct ring reader = ring_open(fd, KMQ_RING_CONSUMER), mine;
	struct victim victim;

	VICTIM(victim, fd, KMQ_RING_PRODUCER, ring, KILLED) {
		for (int i = 0; i < 4; i++) {
			CHECK_OK(ring_reserve(ring, 1008));
			fill(ring->room.body, 1008, i);
			ring_commit(ring);
		}
		/* The first is no longer whole, the new one not yet there. */
		CHECK_OK(ring_reserve(ring, 500));
		memset(ring->room.body, 'x', 500);
	}
	let_die(&victim, fd, KILLED);
	for (int i = 1; i < 4; i++) {
		CHECK_OK(ring_claim(&reader));
		CHECK_EQ(reader.lost, i == 1);
		CHECK_EQ(reader.claim.sequence, i + 1);
		CHECK(filled(reader.claim.body, 1008, i));
		CHECK_OK(ring_release(&reader));
	}
	mine = ring_open(fd, KMQ_RING_PRODUCER);
	ring_put(&mine, "after");
	CHECK_OK(ring_claim(&reader));
	CHECK_EQ(reader.claim.sequence, 5);
	CHECK_EQ(reader.lost, 0);
	bury(&victim, KILLED);
}

/* ---- the one consumer of SPSC ---- */

TEST(an_only_consumer_that_died_has_received_what_it_released)
{
	for (int half = 0; half < 2; half++) {
		int fd = RING(.ring_mode = KMQ_RING_SPSC);
		struct ring producer = ring_open(fd, KMQ_RING_PRODUCER), mine;
		struct victim victim;

		ring_put(&producer, "first");
		ring_put(&producer, "second");
		ring_put(&producer, "third");
		VICTIM(victim, fd, KMQ_RING_CONSUMER, ring, KILLED) {
			ring_expect(ring, "first");
			CHECK_OK(ring_claim(ring));
			/* expected has moved, tail has not. */
			if (half)
				CHECK_OK(ring_release_to(ring, RING_SEQUENCE));
		}
		let_die(&victim, fd, KILLED);
		CHECK_EQ(LOAD(producer.consumers->expected), 2);
		EXPECT_LEDGER(fd, .sent = 3, .received = 1, .queued = 2);
		mine = ring_open(fd, KMQ_RING_CONSUMER);
		ring_expect(&mine, "second");
		ring_close(&mine);
		expect_read(fd, "third");
		EXPECT_LEDGER(fd, .sent = 3, .received = 3);
		/* A claim is private here; a release cut in half is not. */
		CHECK_EQ(info_of(fd).deaths, half);
		bury(&victim, KILLED);
		close(fd);
		ring_close(&producer);
	}
}

TEST(the_number_expected_stays_where_the_ring_is_empty)
{
	int fd = RING(.ring_mode = KMQ_RING_SPSC);
	struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
	struct victim victim;

	ring_put(&producer, "one");
	VICTIM(victim, fd, KMQ_RING_CONSUMER, ring, KILLED)
		ring_expect(ring, "one");
	/* A live producer between its two stores. */
	CHECK_OK(ring_reserve(&producer, 3));
	STORE(producer.producers->sequence, 3);
	let_die(&victim, fd, KILLED);
	CHECK_EQ(LOAD(producer.consumers->expected), 2);
	ring_commit(&producer);
	EXPECT_LEDGER(fd, .sent = 2, .received = 1, .queued = 1);
	bury(&victim, KILLED);
}

/* ---- consumers of MPSC and MPMC ---- */

static void consumer_dies(__u32 mode, enum ring_step step, enum death death, int door)
{
	int fd = RING(.ring_mode = mode);
	struct ring producer = ring_open(fd, KMQ_RING_PRODUCER), mine;
	bool taken = step == RING_VERSION || step == RING_DONE;
	bool held = taken || mode == KMQ_RING_MPMC;
	struct victim victim;

	check_context("mode %u, step %d, %s, door %d", mode, step, death_names[death], door);
	for (int i = 0; i < 4; i++)
		ring_put(&producer, (const char *[]){ "zero", "one", "two", "three" }[i]);
	VICTIM(victim, fd, KMQ_RING_CONSUMER, ring, death) {
		ring_expect(ring, "zero");
		CHECK_OK(ring_claim_to(ring, 2, step));
	}
	let_die(&victim, fd, death);

	CHECK_EQ(LOAD(producer.consumers->lock), 0);
	CHECK_EQ(LOAD(producer.control->abandoned), 0);
	if (held)
		CHECK_EQ(LOAD(producer.control->deaths), 1);
	EXPECT_LEDGER(fd, .sent = 4, .received = 1, .queued = 3);
	if (door) {
		mine = ring_open(fd, KMQ_RING_CONSUMER);
		CHECK_OK(ring_claim(&mine));
		CHECK_TEXT(mine.claim.body, mine.claim.size, "one");
		CHECK_EQ(mine.claim.from != 0, taken);
		EXPECT_LEDGER(fd, .sent = 4, .received = 2, .queued = 2);
		CHECK_OK(ring_release(&mine));
		CHECK_OK(ring_claim(&mine));
		CHECK_TEXT(mine.claim.body, mine.claim.size, "two");
		CHECK_EQ(mine.claim.from != 0, taken);
		CHECK_OK(ring_release(&mine));
		CHECK_OK(ring_claim(&mine));
		CHECK_TEXT(mine.claim.body, mine.claim.size, "three");
		CHECK_EQ(mine.claim.from, 0);
		CHECK_OK(ring_release(&mine));
		ring_expect_empty(&mine);
		CHECK_EQ(mine.waits, 0);
		ring_close(&mine);
	} else {
		struct received received;
		__u32 again = taken ? KMQ_MESSAGE_REDELIVERED : 0;

		received = take(fd, "one");
		CHECK_EQ(received.message.flags & KMQ_MESSAGE_REDELIVERED, again);
		EXPECT_LEDGER(fd, .sent = 4, .received = 2, .queued = 2);
		received = take(fd, "two");
		CHECK_EQ(received.message.flags & KMQ_MESSAGE_REDELIVERED, again);
		received = take(fd, "three");
		CHECK_EQ(received.message.flags & KMQ_MESSAGE_REDELIVERED, 0);
	}
	EXPECT_LEDGER(fd, .sent = 4, .received = 4);
	CHECK_EQ(info_of(fd).bytes, 0);
	CHECK_EQ(info_of(fd).ring_flags, 0);
	bury(&victim, death);
	close(fd);
	ring_close(&producer);
}

static void consumer_dies_everywhere(enum death death)
{
	static const enum ring_step steps[] = { RING_LOCKED, RING_CLAIM, RING_BIT, RING_CURSOR,
						RING_VERSION, RING_DONE };

	for (__u32 mode = KMQ_RING_MPSC; mode <= KMQ_RING_MPMC; mode++)
		for (int i = 0; i < 6; i++)
			for (int door = 0; door < 2; door++)
				consumer_dies(mode, steps[i], death, door);
}

TEST(a_consumer_killed_at_any_step_of_a_claim_loses_nothing)
{
	consumer_dies_everywhere(KILLED);
}

TEST(a_consumer_that_exits_at_any_step_of_a_claim_loses_nothing)
{
	consumer_dies_everywhere(EXITED);
}

TEST(a_consumer_that_execs_at_any_step_of_a_claim_loses_nothing)
{
	consumer_dies_everywhere(EXECED);
}

TEST(a_consumer_that_unmaps_at_any_step_of_a_claim_loses_nothing)
{
	consumer_dies_everywhere(UNMAPPED);
}

static void releaser_dies(__u32 mode, enum ring_step step)
{
	int fd = RING(.ring_mode = mode, .byte_limit = page_bytes(), .flags = KMQ_CREATE_NONBLOCK);
	struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
	struct victim victim;
	char body[1008];

	check_context("mode %u, step %d", mode, step);
	for (int i = 0; i < 4; i++) {
		CHECK_OK(ring_reserve(&producer, 1008));
		ring_commit(&producer);
	}
	VICTIM(victim, fd, KMQ_RING_CONSUMER, ring, KILLED) {
		/* All there is, so that no later release moves tail. */
		CHECK_OK(ring_claim_to(ring, 4, RING_DONE));
		CHECK_OK(ring_release_to(ring, step));
	}
	let_die(&victim, fd, KILLED);
	CHECK_EQ(LOAD(producer.consumers->lock), 0);
	if (step == RING_LOCKED) {
		/* Nothing of it was released. */
		EXPECT_LEDGER(fd, .sent = 4, .queued = 4);
		for (int i = 0; i < 4; i++)
			CHECK_EQ(CHECK_OK(read(fd, body, sizeof(body))), 1008);
	}
	/* Before another consumer could have done it. */
	CHECK_EQ(LOAD(producer.consumers->tail), producer.producers->head);
	EXPECT_LEDGER(fd, .sent = 4, .received = 4);
	CHECK_EQ(info_of(fd).bytes, 0);
	CHECK_EQ(LOAD(producer.consumers->claims_used), 0);
	for (int i = 0; i < 4; i++) {
		CHECK_OK(ring_reserve(&producer, 1008));
		ring_commit(&producer);
	}
	EXPECT_LEDGER(fd, .sent = 8, .received = 4, .queued = 4);
	CHECK_EQ(poll_now(fd), POLLIN);
	bury(&victim, KILLED);
	close(fd);
	ring_close(&producer);
}

TEST(a_consumer_killed_at_any_step_of_a_release_gives_its_room_back)
{
	static const enum ring_step steps[] = { RING_LOCKED, RING_FREE, RING_BIT, RING_TAIL };

	for (__u32 mode = KMQ_RING_MPSC; mode <= KMQ_RING_MPMC; mode++)
		for (int i = mode == KMQ_RING_MPSC; i < 4; i++)
			releaser_dies(mode, steps[i]);
}

TEST(a_consumer_killed_behind_skipped_records_gives_their_room_back)
{
	int fd = RING(.ring_mode = KMQ_RING_MPSC, .byte_limit = page_bytes());
	struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
	struct victim victim;

	for (int i = 0; i < 4; i++) {
		CHECK_OK(ring_reserve(&producer, 1008));
		ring_discard(&producer);
	}
	VICTIM(victim, fd, KMQ_RING_CONSUMER, ring, KILLED) {
		struct kmq_ring_consumers *consumers = ring->consumers;

		/* The cursor has moved over them, tail has not. */
		consumers->cursor[1] = (struct kmq_ring_cursor){
			.next = ring->producers->head, .expected = ring->producers->sequence,
			.skipped = 4,
		};
		STORE(consumers->version, consumers->version + 1);
	}
	let_die(&victim, fd, KILLED);
	EXPECT_LEDGER(fd, .sent = 4, .abandoned = 4);
	for (int i = 0; i < 4; i++) {
		CHECK_OK(ring_reserve(&producer, 1008));
		ring_commit(&producer);
	}
	bury(&victim, KILLED);
}

/* ---- orphans ---- */

static void heir_dies(enum ring_step step, unsigned int count)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring mine = ring_open(fd, BOTH);
	struct victim first, heir;
	static const char *const texts[] = { "zero", "one", "two", "three", "four" };

	check_context("step %d, %u records", step, count);
	for (int i = 0; i < 5; i++)
		ring_put(&mine, texts[i]);
	VICTIM(first, fd, KMQ_RING_CONSUMER, ring, KILLED)
		CHECK_OK(ring_claim_to(ring, 4, RING_DONE));
	EXPECT_LEDGER(fd, .sent = 5, .received = 4, .queued = 1);
	let_die(&first, fd, KILLED);
	EXPECT_LEDGER(fd, .sent = 5, .queued = 5);
	VICTIM(heir, fd, KMQ_RING_CONSUMER, ring, KILLED) {
		CHECK_OK(ring_claim_to(ring, count, step));
		CHECK(ring->claim.from != 0);
	}
	let_die(&heir, fd, KILLED);
	CHECK_EQ(LOAD(mine.control->deaths), 2);
	EXPECT_LEDGER(fd, .sent = 5, .queued = 5);
	/* All of it again, in order, and counted once. */
	for (int i = 0; i < 5; i++) {
		CHECK_OK(ring_claim(&mine));
		CHECK_TEXT(mine.claim.body, mine.claim.size, texts[i]);
		CHECK_EQ(mine.claim.from != 0, i < 4);
		EXPECT_LEDGER(fd, .sent = 5, .received = i + 1, .queued = 4 - i);
		CHECK_OK(ring_release(&mine));
	}
	ring_expect_empty(&mine);
	EXPECT_LEDGER(fd, .sent = 5, .received = 5);
	CHECK_EQ(LOAD(mine.consumers->claims_used), 0);
	CHECK_EQ(info_of(fd).bytes, 0);
	bury(&first, KILLED);
	bury(&heir, KILLED);
	close(fd);
	ring_close(&mine);
}

TEST(an_heir_killed_at_any_step_loses_nothing_either)
{
	static const enum ring_step steps[] = { RING_LOCKED, RING_CLAIM, RING_BIT, RING_CURSOR,
						RING_VERSION, RING_DONE };

	for (int i = 1; i < 6; i++)
		for (unsigned int count = 1; count <= 5; count++)
			heir_dies(steps[i], count);
}

TEST(what_the_dead_had_comes_before_all_later_records_the_oldest_first)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring mine = ring_open(fd, BOTH);
	struct victim victims[3];
	char text[8];

	for (int i = 0; i < 6; i++) {
		snprintf(text, sizeof(text), "%d", i);
		ring_put(&mine, text);
	}
	for (int i = 0; i < 3; i++)
		VICTIM(victims[i], fd, KMQ_RING_CONSUMER, ring, KILLED)
			CHECK_OK(ring_claim(ring));
	/* The last first. */
	for (int i = 2; i >= 0; i--)
		let_die(&victims[i], fd, KILLED);
	for (int i = 0; i < 6; i += 2) {
		struct received received;

		snprintf(text, sizeof(text), "%d", i);
		ring_expect(&mine, text);
		snprintf(text, sizeof(text), "%d", i + 1);
		received = take(fd, text);
		CHECK_EQ(received.message.flags & KMQ_MESSAGE_REDELIVERED,
			 i < 2 ? KMQ_MESSAGE_REDELIVERED : 0);
	}
	EXPECT_LEDGER(fd, .sent = 6, .received = 6);
	for (int i = 0; i < 3; i++)
		bury(&victims[i], KILLED);
}

TEST(an_orphan_is_not_slept_over)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring mine = ring_open(fd, BOTH);
	struct victim victim;
	char body[8];

	ring_put(&mine, "one");
	VICTIM(victim, fd, KMQ_RING_CONSUMER, ring, KILLED)
		CHECK_OK(ring_claim(ring));
	let_die(&victim, fd, KILLED);
	CHECK_OK(ring_wait(&mine, KMQ_RING_CONSUMERS, &mine.producers->head, mine.producers->head,
			   2, after_ms(PATIENCE)));
	CHECK_EQ(poll_now(fd) & POLLIN, POLLIN);
	CHECK_EQ(poll_now(mine.fd) & POLLIN, POLLIN);
	CHECK_EQ(queued_size(fd), 3);
	CHECK_EQ(CHECK_OK(read(fd, body, sizeof(body))), 3);
	bury(&victim, KILLED);
}

TEST(a_record_that_read_could_not_copy_is_not_lost_beside_an_orphan)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring mine = ring_open(fd, BOTH);
	struct received received;
	struct victim victim;

	put_text(fd, "one");
	put_text(fd, "two");
	VICTIM(victim, fd, KMQ_RING_CONSUMER, ring, KILLED)
		CHECK_OK(ring_claim(ring));
	CHECK_ERRNO(read(fd, bad_address, 8), EFAULT);
	let_die(&victim, fd, KILLED);
	CHECK_ERRNO(read(fd, bad_address, 8), EFAULT);
	CHECK_ERRNO(read(fd, bad_address, 8), EFAULT);
	EXPECT_LEDGER(fd, .sent = 2, .queued = 2);
	/* Its own first, which no one died of. */
	received = take(fd, "two");
	CHECK_EQ(received.message.flags, KMQ_MESSAGE_OWNER_DIED);
	EXPECT_LEDGER(fd, .sent = 2, .received = 1, .queued = 1);
	CHECK_OK(ring_claim(&mine));
	CHECK_TEXT(mine.claim.body, mine.claim.size, "one");
	CHECK_EQ(mine.claim.from != 0, 1);
	CHECK_OK(ring_release(&mine));
	EXPECT_LEDGER(fd, .sent = 2, .received = 2);
	bury(&victim, KILLED);
}

/* ---- who sleeps is woken by a death ---- */

TEST(a_death_wakes_those_who_wait_for_the_dead)
{
	for (int what = 0; what < 6; what++) {
		int fd = RING(.ring_mode = KMQ_RING_MPMC, .byte_limit = page_bytes());
		__u32 role = what < 4 ? KMQ_RING_PRODUCER : KMQ_RING_CONSUMER;
		struct victim victim;
		pid_t sleeper;
		__u64 killed;

		check_context("case %d", what);
		if (what >= 4)
			put_text(fd, "only");
		VICTIM(victim, fd, role, ring, KILLED) {
			if (what < 2)
				CHECK_OK(ring_lock(ring, KMQ_RING_PRODUCERS_LOCK));
			else if (what < 4)
				CHECK_OK(ring_reserve(ring, 10));
			else
				CHECK_OK(ring_claim(ring));
		}
		CHILD(sleeper) {
			char body[16];
			struct ring mine;

			if (what % 2 == 0)
				mine = ring_open(fd, BOTH);
			switch (what) {
			case 0:
				CHECK_OK(ring_send(&mine, "only", 4, after_ms(PATIENCE)));
				break;
			case 1:
				put_text(fd, "only");
				break;
			case 2:
				CHECK_OK(ring_sleep_for_record(&mine, after_ms(PATIENCE)));
				ring_expect_empty(&mine);
				break;
			case 3:
				expect_read(fd, "later");
				break;
			case 4:
				CHECK_EQ(ring_receive(&mine, body, 16, after_ms(PATIENCE)), 4);
				break;
			case 5:
				expect_read(fd, "only");
			}
		}
		wait_asleep(sleeper);
		pause_ms(30);
		killed = now();
		let_die(&victim, fd, KILLED);
		/* What the dead reserved is nothing to read. */
		if (what == 3)
			put_text(fd, "later");
		child_join(sleeper);
		/* Not by its own patience. */
		CHECK(now() - killed < PATIENCE * 1000000ull * 3 / 4);
		bury(&victim, KILLED);
		close(fd);
	}
}

/* ---- the stopped ---- */

static void stop(pid_t pid)
{
	int status;

	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(CHECK_OK(waitpid(pid, &status, WUNTRACED)), pid);
	CHECK(WIFSTOPPED(status));
}

TEST(a_stopped_holder_of_the_producers_lock_is_not_dead)
{
	int fd = RING(.ring_mode = KMQ_RING_MPSC);
	struct ring mine = ring_open(fd, BOTH);
	struct victim victim;
	__u32 holder;
	pid_t waiter;

	VICTIM(victim, fd, KMQ_RING_PRODUCER, ring, EXITED) {
		CHECK_OK(ring_reserve_to(ring, 7, RING_HEAD));
		tell(victim.ready);
		hear(victim.go);
		STORE(ring->producers->sequence, ring->room.sequence + 1);
		ring_unlock(ring, KMQ_RING_PRODUCERS_LOCK);
		memcpy(ring->room.body, "stopped", 7);
		ring_commit(ring);
	}
	stop(victim.pid);
	holder = LOAD(mine.producers->lock);
	CHECK(holder != 0);
	CHILD(waiter)
		put_text(fd, "waiting");
	CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, 0, "x", 1), EAGAIN);
	pause_ms(300);
	/* Attachments come and go meanwhile. */
	for (int i = 0; i < 5; i++) {
		struct ring other = ring_open(fd, KMQ_RING_PRODUCER);

		ring_close(&other);
	}
	CHECK_EQ(LOAD(mine.producers->lock) & ~KMQ_RING_CONTENDED, holder & ~KMQ_RING_CONTENDED);
	CHECK_EQ(LOAD(mine.control->deaths), 0);
	CHECK_EQ(LOAD(mine.control->abandoned), 0);
	ring_expect_empty(&mine);
	CHECK_OK(kill(victim.pid, SIGCONT));
	tell(victim.go);
	child_join(waiter);
	hear(victim.ready);
	ring_expect(&mine, "stopped");
	ring_expect(&mine, "waiting");
	EXPECT_LEDGER(fd, .sent = 2, .received = 2);
	let_die(&victim, fd, EXITED);
	CHECK_EQ(LOAD(mine.control->deaths), 0);
	bury(&victim, EXITED);
}

TEST(a_stopped_producer_keeps_its_reservation)
{
	for (__u32 mode = KMQ_RING_MPSC; mode <= KMQ_RING_MPMC; mode++) {
		int fd = RING(.ring_mode = mode, .flags = KMQ_CREATE_NONBLOCK);
		struct victim victim;
		char byte;

		VICTIM(victim, fd, KMQ_RING_PRODUCER, ring, EXITED) {
			CHECK_OK(ring_reserve(ring, 7));
			tell(victim.ready);
			hear(victim.go);
			memcpy(ring->room.body, "stopped", 7);
			ring_commit(ring);
		}
		stop(victim.pid);
		put_text(fd, "behind it");
		pause_ms(200);
		CHECK_ERRNO(read(fd, &byte, 1), EAGAIN);
		EXPECT_LEDGER(fd, .sent = 2, .queued = 2);
		CHECK_EQ(info_of(fd).deaths, 0);
		CHECK_OK(kill(victim.pid, SIGCONT));
		tell(victim.go);
		hear(victim.ready);
		expect_read(fd, "stopped");
		expect_read(fd, "behind it");
		let_die(&victim, fd, EXITED);
		bury(&victim, EXITED);
		close(fd);
	}
}

TEST(a_stopped_consumer_keeps_its_claim_and_delays_no_other)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring mine = ring_open(fd, BOTH);
	struct victim victim;

	for (int i = 0; i < 3; i++)
		ring_put(&mine, (const char *[]){ "zero", "one", "two" }[i]);
	VICTIM(victim, fd, KMQ_RING_CONSUMER, ring, EXITED) {
		CHECK_OK(ring_claim(ring));
		tell(victim.ready);
		hear(victim.go);
		CHECK_TEXT(ring->claim.body, ring->claim.size, "zero");
		CHECK_OK(ring_release(ring));
	}
	stop(victim.pid);
	ring_expect(&mine, "one");
	expect_read(fd, "two");
	pause_ms(200);
	ring_expect_empty(&mine);
	CHECK(info_of(fd).bytes > 0);
	CHECK_OK(kill(victim.pid, SIGCONT));
	tell(victim.go);
	hear(victim.ready);
	CHECK_EQ(info_of(fd).bytes, 0);
	EXPECT_LEDGER(fd, .sent = 3, .received = 3);
	CHECK_EQ(info_of(fd).deaths, 0);
	let_die(&victim, fd, EXITED);
	bury(&victim, EXITED);
}

TEST(a_stopped_holder_of_the_consumers_lock_is_not_dead)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring mine = ring_open(fd, BOTH);
	struct victim victim;
	struct received received;
	pid_t waiter;

	put_text(fd, "one");
	VICTIM(victim, fd, KMQ_RING_CONSUMER, ring, EXITED) {
		CHECK_OK(ring_lock(ring, KMQ_RING_CONSUMERS_LOCK));
		tell(victim.ready);
		hear(victim.go);
		ring_unlock(ring, KMQ_RING_CONSUMERS_LOCK);
	}
	stop(victim.pid);
	CHILD(waiter)
		expect_read(fd, "one");
	CHECK_ERRNO(receive_any(fd, KMQ_DONTWAIT, &received), EAGAIN);
	pause_ms(200);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	CHECK_EQ(LOAD(mine.control->deaths), 0);
	CHECK_OK(kill(victim.pid, SIGCONT));
	tell(victim.go);
	child_join(waiter);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
	hear(victim.ready);
	let_die(&victim, fd, EXITED);
	bury(&victim, EXITED);
}

/* A holder that is stopped, and another that dies: what waits for the lock is repaired later. */
TEST(a_death_beside_a_stopped_holder_is_repaired_without_waiting)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring mine = ring_open(fd, BOTH);
	struct victim holder, victim;
	__u64 before;

	put_text(fd, "one");
	put_text(fd, "two");
	VICTIM(victim, fd, BOTH, ring, KILLED) {
		CHECK_OK(ring_reserve(ring, 10));
		CHECK_OK(ring_claim(ring));
	}
	VICTIM(holder, fd, BOTH, ring, EXITED) {
		CHECK_OK(ring_lock(ring, KMQ_RING_PRODUCERS_LOCK));
		CHECK_OK(ring_lock(ring, KMQ_RING_CONSUMERS_LOCK));
		tell(holder.ready);
		hear(holder.go);
		ring_unlock(ring, KMQ_RING_CONSUMERS_LOCK);
		ring_unlock(ring, KMQ_RING_PRODUCERS_LOCK);
	}
	stop(holder.pid);
	before = now();
	let_die(&victim, fd, KILLED);
	/* The dead is gone: its exit did not wait for the stopped. */
	CHECK(now() - before < 10000000000ull);
	CHECK_OK(kill(holder.pid, SIGCONT));
	tell(holder.go);
	hear(holder.ready);
	WAIT_UNTIL(LOAD(mine.control->abandoned) == 1 && LOAD(mine.control->deaths) == 1);
	ring_put(&mine, "three");
	ring_expect(&mine, "one");
	ring_expect(&mine, "two");
	ring_expect(&mine, "three");
	EXPECT_LEDGER(fd, .sent = 4, .received = 3, .abandoned = 1);
	let_die(&holder, fd, EXITED);
	bury(&holder, EXITED);
	bury(&victim, KILLED);
}

/* ---- told ---- */

TEST(a_death_is_told_once_to_each_descriptor)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED_RING(name, .ring_mode = KMQ_RING_MPMC), other = queue_open(name, O_RDWR);

	for (int round = 0; round < 2; round++) {
		struct received received;
		struct victim victim;

		put(fd, 1, 0, "before");
		CHECK_EQ(take(fd, "before").message.flags, 0);
		put(fd, 1, 0, "before");
		CHECK_EQ(take(other, "before").message.flags, 0);
		VICTIM(victim, fd, KMQ_RING_PRODUCER, ring, KILLED)
			CHECK_OK(ring_reserve(ring, 10));
		let_die(&victim, fd, KILLED);
		for (int i = 0; i < 4; i++)
			put(fd, 1, 0, "after");
		received = take(fd, "after");
		CHECK_EQ(received.message.flags, KMQ_MESSAGE_OWNER_DIED);
		CHECK_EQ(take(fd, "after").message.flags, 0);
		CHECK_EQ(take(other, "after").message.flags, KMQ_MESSAGE_OWNER_DIED);
		CHECK_EQ(take(other, "after").message.flags, 0);
		bury(&victim, KILLED);
	}
	CHECK_EQ(info_of(fd).deaths, 2);
}

TEST(a_batch_tells_of_a_death_once)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct kmq_message messages[3];
	struct kmq_batch batch = { .messages = ptr(messages), .count = 3 };
	struct victim victim;
	char bodies[3][8];

	VICTIM(victim, fd, KMQ_RING_PRODUCER, ring, KILLED)
		CHECK_OK(ring_reserve(ring, 10));
	let_die(&victim, fd, KILLED);
	for (int i = 0; i < 3; i++) {
		put(fd, 1, 0, "after");
		messages[i] = (struct kmq_message){ .body = ptr(bodies[i]), .size = 8 };
	}
	CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch)), 3);
	CHECK_EQ(messages[0].flags, KMQ_MESSAGE_OWNER_DIED);
	CHECK_EQ(messages[1].flags, 0);
	CHECK_EQ(messages[2].flags, 0);
	bury(&victim, KILLED);
}

/* ---- ids ---- */

TEST(the_id_of_the_dead_is_given_again_after_its_repair)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring mine = ring_open(fd, BOTH);
	unsigned int rounds = 3 * KMQ_RING_IDS;

	for (unsigned int i = 0; i < rounds; i++) {
		pid_t child;

		CHILD(child) {
			struct ring ring = ring_open(fd, BOTH);

			CHECK_OK(ring_reserve(&ring, 100));
			_exit(EXIT_SUCCESS);
		}
		child_join(child);
		ring_put(&mine, "between");
		ring_expect(&mine, "between");
	}
	CHECK_EQ(LOAD(mine.control->abandoned), rounds);
	CHECK_EQ(LOAD(mine.control->deaths), rounds);
	EXPECT_LEDGER(fd, .sent = 2 * rounds, .received = rounds, .abandoned = rounds);
	CHECK_EQ(info_of(fd).bytes, 0);
}

TEST(two_attachments_of_one_process_are_two_parties)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring first = ring_open(fd, BOTH), second = ring_open(fd, BOTH);

	CHECK_OK(ring_reserve(&first, 5));
	CHECK_OK(ring_reserve(&second, 6));
	memcpy(second.room.body, "second", 6);
	ring_close(&first);
	CHECK_EQ(LOAD(second.control->abandoned), 1);
	ring_expect_empty(&second);
	ring_commit(&second);
	ring_expect(&second, "second");
	EXPECT_LEDGER(fd, .sent = 2, .received = 1, .abandoned = 1);
}

TEST(everything_at_once_held_by_one_dead)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring mine = ring_open(fd, BOTH);
	struct victim victim;

	ring_put(&mine, "one");
	ring_put(&mine, "two");
	VICTIM(victim, fd, BOTH, ring, KILLED) {
		CHECK_OK(ring_claim(ring));
		CHECK_OK(ring_reserve(ring, 10));
		CHECK_OK(ring_lock(ring, KMQ_RING_CONSUMERS_LOCK));
		CHECK_OK(ring_lock(ring, KMQ_RING_PRODUCERS_LOCK));
	}
	let_die(&victim, fd, KILLED);
	CHECK_EQ(LOAD(mine.control->deaths), 1);
	CHECK_EQ(LOAD(mine.control->abandoned), 1);
	ring_expect(&mine, "one");
	ring_expect(&mine, "two");
	ring_expect_empty(&mine);
	EXPECT_LEDGER(fd, .sent = 3, .received = 2, .abandoned = 1);
	bury(&victim, KILLED);
}
