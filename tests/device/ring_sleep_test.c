// SPDX-License-Identifier: GPL-2.0-only
/* The doorbells: who sleeps is woken, for what was asked, and nobody rings in vain. */
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>

#include "lib/ring.h"
#include "lib/slow_page.h"

enum { PATIENCE = 40000 };

#define HEAD(ring) LOAD((ring).producers->head)

static struct shared {
	volatile int done;
	volatile int handled;
	volatile int stay;
	volatile __u64 value;
} *shared;

static void share(void)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
}

static bool one_producer(__u32 mode)
{
	return mode == KMQ_RING_SPSC || mode == KMQ_RING_BROADCAST;
}

static bool one_consumer(__u32 mode)
{
	return mode == KMQ_RING_SPSC || mode == KMQ_RING_MPSC;
}

static void fill_up(int fd)
{
	static const char body[2032];

	for (int i = 0; i < 2; i++)
		CHECK_EQ(CHECK_OK(write(fd, body, sizeof(body))), sizeof(body));
}

/* ---- both doors wake both ---- */

TEST(a_sleeping_mapped_consumer_is_woken_by_each_door)
{
	for (__u32 mode = 0; mode < 4; mode++) {
		for (int door = 0; door < 2; door++) {
			int fd = RING(.ring_mode = mode);
			pid_t sleeper;

			check_context("mode %u, door %d", mode, door);
			CHILD(sleeper) {
				struct ring mine = ring_open(fd, KMQ_RING_CONSUMER);
				char body[16];

				CHECK_EQ(ring_receive(&mine, body, sizeof(body), after_ms(PATIENCE)), 7);
				CHECK(!memcmp(body, "wake up", 7));
				CHECK(mine.waits >= 1);
			}
			if (door) {
				struct ring mine = ring_open(fd, KMQ_RING_PRODUCER);

				WAIT_UNTIL(ring_consumers_sleep(&mine, 1));
				ring_put(&mine, "wake up");
				CHECK_EQ(mine.wakes, 1);
				child_join(sleeper);
				CHECK(ring_is_quiet(&mine));
				ring_close(&mine);
			} else {
				WAIT_UNTIL(info_of(fd).attachments == 1);
				wait_asleep(sleeper);
				pause_ms(20);
				put_text(fd, "wake up");
				child_join(sleeper);
			}
			close(fd);
		}
	}
}

TEST(a_sleeping_reader_is_woken_by_a_mapped_commit)
{
	for (__u32 mode = 0; mode < 4; mode++) {
		int fd = RING(.ring_mode = mode);
		struct ring mine = ring_open(fd, KMQ_RING_PRODUCER);
		pid_t sleeper;

		check_context("mode %u", mode);
		CHILD(sleeper)
			expect_read(fd, "wake up");
		wait_blocked_receivers(fd, 1);
		WAIT_UNTIL(ring_consumers_sleep(&mine, 1));
		ring_put(&mine, "wake up");
		CHECK_EQ(mine.wakes, 1);
		child_join(sleeper);
		CHECK(ring_is_quiet(&mine));
		close(fd);
		ring_close(&mine);
	}
}

TEST(a_sleeping_mapped_producer_is_woken_by_each_door)
{
	for (__u32 mode = 0; mode < KMQ_RING_BROADCAST; mode++) {
		for (int door = 0; door < 2; door++) {
			int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
			char body[2032];
			pid_t sleeper;

			check_context("mode %u, door %d", mode, door);
			fill_up(fd);
			CHILD(sleeper) {
				struct ring mine = ring_open(fd, KMQ_RING_PRODUCER);

				CHECK_OK(ring_send(&mine, "room", 4, after_ms(PATIENCE)));
				CHECK(mine.waits >= 1);
			}
			if (door) {
				struct ring mine = ring_open(fd, KMQ_RING_CONSUMER);
				__u64 first = mine.control->first_position;

				WAIT_UNTIL(LOAD(mine.control->producer_wake) == first + 32);
				CHECK_OK(ring_claim(&mine));
				CHECK_OK(ring_release(&mine));
				CHECK_EQ(mine.wakes, 1);
				child_join(sleeper);
				CHECK(ring_is_quiet(&mine));
				ring_close(&mine);
			} else {
				WAIT_UNTIL(info_of(fd).attachments == 1);
				wait_asleep(sleeper);
				pause_ms(20);
				CHECK_EQ(CHECK_OK(read(fd, body, sizeof(body))), sizeof(body));
				child_join(sleeper);
			}
			EXPECT_LEDGER(fd, .sent = 3, .received = 1, .queued = 2);
			close(fd);
		}
	}
}

TEST(a_sleeping_writer_is_woken_by_a_mapped_release)
{
	for (__u32 mode = 0; mode < KMQ_RING_BROADCAST; mode++) {
		int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
		struct ring mine = ring_open(fd, KMQ_RING_CONSUMER);
		pid_t sleeper;

		fill_up(fd);
		CHILD(sleeper)
			put_text(fd, "room");
		wait_blocked_senders(fd, 1);
		CHECK_OK(ring_claim(&mine));
		CHECK_EQ(mine.wakes, 0);
		CHECK_OK(ring_release(&mine));
		CHECK_EQ(mine.wakes, 1);
		child_join(sleeper);
		CHECK(ring_is_quiet(&mine));
		close(fd);
		ring_close(&mine);
	}
}

/* ---- room is waited for in large parts ---- */

enum { SMALL = 48 };	/* bytes of a body, of 64 of its record */
enum { LATE = 9 };	/* exit status */

static unsigned int smalls(void)
{
	return page_bytes() / 64;
}

/* On one processor. */
static void stay(void)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(0, &here);
	CHECK_OK(sched_setaffinity(0, sizeof(here), &here));
}

/*
 * Whoever else is on this processor runs when this process sleeps, and not before: so
 * it can be seen who is not among the sleepers any more, and who only may be soon.
 */
static void keep_it(void)
{
	const struct sched_param first = { .sched_priority = 1 };

	CHECK_OK(sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first));
}

static void share_it(void)
{
	const struct sched_param other = { .sched_priority = 0 };

	CHECK_OK(sched_setscheduler(0, SCHED_OTHER, &other));
}

/* Two parties of a ring that is full of small records, of which the producer sleeps. */
struct full {
	int fd;
	bool mapped_producer;
	bool mapped_consumer;
	struct ring consumer;
	pid_t producer;
};

static void full_send(const struct full *full, __u64 deadline)
{
	static const char body[SMALL];

	if (full->mapped_producer) {
		struct ring mine = ring_open(full->fd, KMQ_RING_PRODUCER);

		CHECK_OK(ring_send(&mine, body, sizeof(body), deadline));
		CHECK(mine.waits >= 1);
	} else {
		CHECK_EQ(CHECK_OK(write(full->fd, body, sizeof(body))), sizeof(body));
	}
}

/* @doors: bit 0: the producer's is mapped; bit 1: the consumer's is. Without the producer. */
static struct full full_filled(__u32 mode, int doors)
{
	struct full full = {
		.fd = RING(.ring_mode = mode, .byte_limit = page_bytes()),
		.mapped_producer = doors & 1,
		.mapped_consumer = doors & 2,
	};
	static const char body[SMALL];

	check_context("mode %u, doors %d", mode, doors);
	stay();
	if (full.mapped_consumer)
		full.consumer = ring_open(full.fd, KMQ_RING_CONSUMER);
	for (unsigned int i = 0; i < smalls(); i++)
		CHECK_EQ(CHECK_OK(write(full.fd, body, sizeof(body))), sizeof(body));
	return full;
}

static struct full full_open(__u32 mode, int doors, __u64 deadline)
{
	struct full full = full_filled(mode, doors);

	CHILD(full.producer)
		full_send(&full, deadline);
	wait_blocked_senders(full.fd, 1);
	wait_asleep(full.producer);
	return full;
}

static void full_take(struct full *full)
{
	char body[SMALL];

	if (full->mapped_consumer) {
		CHECK_OK(ring_claim(&full->consumer));
		CHECK_OK(ring_release(&full->consumer));
	} else {
		CHECK_EQ(CHECK_OK(read(full->fd, body, sizeof(body))), sizeof(body));
	}
}

static void full_close(struct full *full)
{
	child_join(full->producer);
	EXPECT_LEDGER(full->fd, .sent = smalls() + 1, .received = info_of(full->fd).received,
		      .queued = smalls() + 1 - info_of(full->fd).received);
	if (full->mapped_consumer)
		ring_close(&full->consumer);
	close(full->fd);
}

TEST(a_producer_asleep_for_room_is_left_so_until_half_of_the_ring_is_free)
{
	for (__u32 mode = 0; mode < KMQ_RING_BROADCAST; mode++) {
		for (int doors = 0; doors < 4; doors++) {
			struct full full = full_open(mode, doors, after_ms(PATIENCE));

			keep_it();
			for (unsigned int i = 1; i < smalls() / 2; i++) {
				full_take(&full);
				CHECK_EQ(info_of(full.fd).blocked_senders, 1);
			}
			full_take(&full);
			CHECK_EQ(info_of(full.fd).blocked_senders, 0);
			if (full.mapped_consumer)
				CHECK_EQ(full.consumer.wakes, 2);
			share_it();
			full_close(&full);
		}
	}
}

TEST(a_producer_asleep_for_room_need_not_hope_for_a_second_record_to_be_taken)
{
	for (__u32 mode = 0; mode < KMQ_RING_BROADCAST; mode++) {
		for (int doors = 0; doors < 4; doors++) {
			struct full full = full_open(mode, doors, after_ms(PATIENCE));

			full_take(&full);
			full_close(&full);
		}
	}
}

/* Sends, or leaves with a status of its own: it was late, as can happen before there is room. */
static void send_or_be_late(const struct full *full, __u64 deadline)
{
	struct ring mine = ring_open(full->fd, KMQ_RING_PRODUCER);
	static const char body[SMALL];

	if (!ring_send(&mine, body, sizeof(body), deadline))
		return;
	CHECK_EQ(errno, ETIMEDOUT);
	_exit(LATE);
}

/* False: it has ended before it was seen asleep. */
static bool is_seen_asleep(const struct full *full)
{
	siginfo_t end = {};

	while (info_of(full->fd).blocked_senders != 1) {
		CHECK_OK(waitid(P_PID, full->producer, &end, WEXITED | WNOHANG | WNOWAIT));
		if (end.si_pid)
			return false;
		pause_ms(1);
	}
	return true;
}

/* There is room, and then the deadline passes, before the producer runs. False: it was too late for that. */
static bool room_is_first(__u32 mode, unsigned int ms)
{
	struct full full = full_filled(mode, 1);
	__u64 deadline = after_ms(ms);
	bool first;
	int status;

	CHILD(full.producer)
		send_or_be_late(&full, deadline);
	first = is_seen_asleep(&full);
	keep_it();
	full_take(&full);
	first = first && now() < deadline;
	while (first && now() <= deadline)
		;
	share_it();
	if (first) {
		full_close(&full);
		return true;
	}
	CHECK_EQ(CHECK_OK(waitpid(full.producer, &status, 0)), full.producer);
	CHECK(WIFEXITED(status));
	CHECK(!WEXITSTATUS(status) || WEXITSTATUS(status) == LATE);
	close(full.fd);
	return false;
}

TEST(a_deadline_that_passes_when_room_has_come_is_not_told)
{
	for (__u32 mode = 0; mode < KMQ_RING_BROADCAST; mode++) {
		/* Less than what the kernel takes away of each second from who keeps a processor. */
		for (int tries = 0; !room_is_first(mode, 600); tries++)
			CHECK(tries < 20);
	}
}

/* ---- nobody rings in vain ---- */

TEST(nobody_is_rung_for_where_nobody_sleeps)
{
	for (__u32 mode = 0; mode < 4; mode++) {
		int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
		struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
		struct ring consumer = ring_open(fd, KMQ_RING_CONSUMER);

		check_context("mode %u", mode);
		CHECK(ring_is_quiet(&producer));
		for (int i = 0; i < 2000; i++) {
			ring_put(&producer, "steady");
			ring_expect(&consumer, "steady");
		}
		CHECK_EQ(producer.wakes + producer.waits + consumer.wakes + consumer.waits, 0);
		CHECK(ring_is_quiet(&producer));
		close(fd);
		ring_close(&producer);
		ring_close(&consumer);
	}
}

TEST(a_sleep_that_timed_out_leaves_nobody_to_ring_for)
{
	for (__u32 mode = 0; mode < 4; mode++) {
		int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
		struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
		struct ring consumer = ring_open(fd, KMQ_RING_CONSUMER);
		static char body[1024];
		__u64 deadline = after_ms(20);

		check_context("mode %u", mode);
		CHECK_ERRNO(ring_receive(&consumer, body, 8, deadline), ETIMEDOUT);
		CHECK(now() >= deadline);
		CHECK(ring_is_quiet(&producer));
		ring_put(&producer, "one");
		CHECK_EQ(producer.wakes, 0);
		if (mode == KMQ_RING_BROADCAST) {
			close(fd);
			ring_close(&producer);
			ring_close(&consumer);
			continue;
		}
		for (int i = 0; i < 2; i++)
			if (!ring_reserve(&producer, 2016))
				ring_commit(&producer);
		deadline = after_ms(20);
		CHECK_ERRNO(ring_send(&producer, body, 1024, deadline), ETIMEDOUT);
		CHECK(now() >= deadline);
		CHECK(ring_is_quiet(&producer));
		ring_expect(&consumer, "one");
		CHECK_EQ(consumer.wakes, 0);
		close(fd);
		ring_close(&producer);
		ring_close(&consumer);
	}
}

/* A child that sleeps until sequence @wake; @done counts those that have returned. */
static pid_t sleep_until(int fd, __u64 wake)
{
	pid_t pid;

	CHILD(pid) {
		struct ring mine = ring_open(fd, KMQ_RING_CONSUMER);
		__u32 head = LOAD(mine.producers->head);

		CHECK_OK(ring_wait(&mine, KMQ_RING_CONSUMERS, &mine.producers->head, head, wake,
				   after_ms(PATIENCE)));
		__atomic_fetch_add(&shared->done, 1, __ATOMIC_RELAXED);
		/* The end of an attachment wakes all others. */
		while (shared->stay)
			pause_ms(1);
	}
	return pid;
}

TEST(a_consumer_may_ask_to_be_woken_after_so_many_records)
{
	for (__u32 mode = 0; mode < 4; mode++) {
		int fd = RING(.ring_mode = mode);
		struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
		pid_t sleeper;

		share();
		check_context("mode %u", mode);
		sleeper = sleep_until(fd, 10);
		wait_blocked_receivers(fd, 1);
		wait_asleep(sleeper);
		CHECK(ring_consumers_sleep(&producer, 10));
		for (int i = 0; i < 9; i++)
			ring_put(&producer, "not yet");
		CHECK_EQ(producer.wakes, 0);
		wait_asleep(sleeper);
		pause_ms(20);
		CHECK_EQ(shared->done, 0);
		ring_put(&producer, "now");
		CHECK_EQ(producer.wakes, 1);
		child_join(sleeper);
		CHECK(ring_is_quiet(&producer));
		close(fd);
		ring_close(&producer);
	}
}

TEST(write_keeps_to_the_number_of_records_that_was_asked_for)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring mine = ring_open(fd, KMQ_RING_PRODUCER);
	pid_t sleeper;

	share();
	sleeper = sleep_until(fd, 5);
	wait_blocked_receivers(fd, 1);
	wait_asleep(sleeper);
	CHECK(ring_consumers_sleep(&mine, 5));
	for (int i = 0; i < 4; i++)
		put_text(fd, "not yet");
	pause_ms(20);
	CHECK_EQ(shared->done, 0);
	put_text(fd, "now");
	child_join(sleeper);
}

TEST(the_wake_word_is_the_lowest_of_all_sleepers)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
	pid_t first, second, third;

	share();
	shared->stay = true;
	first = sleep_until(fd, 9);
	wait_blocked_receivers(fd, 1);
	CHECK(ring_consumers_sleep(&producer, 9));
	second = sleep_until(fd, 3);
	wait_blocked_receivers(fd, 2);
	CHECK(ring_consumers_sleep(&producer, 3));
	third = sleep_until(fd, 6);
	wait_blocked_receivers(fd, 3);
	CHECK(ring_consumers_sleep(&producer, 3));
	wait_asleep(first);
	wait_asleep(second);
	wait_asleep(third);
	for (int i = 0; i < 2; i++)
		ring_put(&producer, "x");
	CHECK_EQ(producer.wakes, 0);
	ring_put(&producer, "3");
	CHECK_EQ(producer.wakes, 1);
	WAIT_UNTIL(shared->done == 1);
	CHECK(ring_consumers_sleep(&producer, 6));
	for (int i = 0; i < 3; i++)
		ring_put(&producer, "x");
	CHECK_EQ(producer.wakes, 2);
	WAIT_UNTIL(shared->done == 2);
	CHECK(ring_consumers_sleep(&producer, 9));
	wait_blocked_receivers(fd, 1);
	/* One that is killed is nobody to ring for. */
	child_kill(first);
	CHECK(ring_is_quiet(&producer));
	shared->stay = false;
	child_join(second);
	child_join(third);
}

TEST(a_commit_out_of_order_wakes_who_waits_for_its_number)
{
	int fd = RING(.ring_mode = KMQ_RING_MPSC);
	struct ring first = ring_open(fd, KMQ_RING_PRODUCER);
	struct ring second = ring_open(fd, KMQ_RING_PRODUCER);
	pid_t sleeper;

	share();
	sleeper = sleep_until(fd, 2);
	wait_blocked_receivers(fd, 1);
	wait_asleep(sleeper);
	CHECK_OK(ring_reserve(&first, 4));
	CHECK_OK(ring_reserve(&second, 4));
	ring_commit(&second);
	child_join(sleeper);
	ring_commit(&first);
}

TEST(one_ring_for_a_batch_wakes_all_that_it_is_enough_for)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
	pid_t sleepers[2];

	for (int i = 0; i < 2; i++)
		CHILD(sleepers[i]) {
			struct ring mine = ring_open(fd, KMQ_RING_CONSUMER);
			char body[8];

			CHECK_EQ(ring_receive(&mine, body, sizeof(body), after_ms(PATIENCE)), 4);
		}
	wait_blocked_receivers(fd, 2);
	for (int i = 0; i < 2; i++)
		wait_asleep(sleepers[i]);
	for (int i = 0; i < 2; i++) {
		CHECK_OK(ring_reserve(&producer, 4));
		ring_commit_silently(&producer);
	}
	CHECK_OK(ring_wake(&producer, KMQ_RING_CONSUMERS));
	for (int i = 0; i < 2; i++)
		child_join(sleepers[i]);
	EXPECT_LEDGER(fd, .sent = 2, .received = 2);
}

TEST(a_wake_up_is_passed_on_to_one_who_waits_for_more)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
	pid_t one, three;

	share();
	CHILD(one) {
		struct ring mine = ring_open(fd, KMQ_RING_CONSUMER);
		char body[8];

		CHECK_EQ(ring_receive(&mine, body, sizeof(body), after_ms(PATIENCE)), 4);
	}
	three = sleep_until(fd, 3);
	wait_blocked_receivers(fd, 2);
	wait_asleep(one);
	wait_asleep(three);
	for (int i = 0; i < 4; i++) {
		CHECK_OK(ring_reserve(&producer, 4));
		ring_commit_silently(&producer);
	}
	CHECK_OK(ring_wake(&producer, KMQ_RING_CONSUMERS));
	child_join(one);
	child_join(three);
}

TEST(readers_of_both_doors_share_what_is_written)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	pid_t mapped[3], reading[3];

	for (int i = 0; i < 3; i++) {
		CHILD(mapped[i]) {
			struct ring mine = ring_open(fd, KMQ_RING_CONSUMER);
			char body[8];

			CHECK_EQ(ring_receive(&mine, body, sizeof(body), after_ms(PATIENCE)), 3);
		}
		CHILD(reading[i])
			expect_read(fd, "one");
	}
	wait_blocked_receivers(fd, 6);
	for (int i = 0; i < 6; i++)
		put_text(fd, "one");
	for (int i = 0; i < 3; i++) {
		child_join(mapped[i]);
		child_join(reading[i]);
	}
	EXPECT_LEDGER(fd, .sent = 6, .received = 6);
}

TEST(a_reader_that_was_woken_and_cannot_have_the_record_wakes_the_next)
{
	for (int way = 0; way < 2; way++) {
		int fd = RING(.ring_mode = KMQ_RING_MPMC);
		pid_t first, second;
		char byte;

		CHILD(first) {
			if (way)
				CHECK_ERRNO(read(fd, bad_address, 100), EFAULT);
			else
				CHECK_ERRNO(read(fd, &byte, 1), EMSGSIZE);
		}
		wait_blocked_receivers(fd, 1);
		wait_asleep(first);
		CHILD(second)
			expect_read(fd, "too long for one");
		wait_blocked_receivers(fd, 2);
		wait_asleep(second);
		put_text(fd, "too long for one");
		child_join(first);
		child_join(second);
		EXPECT_LEDGER(fd, .sent = 1, .received = 1);
		close(fd);
	}
}

TEST(one_broadcast_wakes_all)
{
	int fd = RING(.ring_mode = KMQ_RING_BROADCAST);
	struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
	pid_t mapped[3];

	for (int i = 0; i < 3; i++)
		CHILD(mapped[i]) {
			struct ring mine = ring_open(fd, KMQ_RING_CONSUMER);
			char body[8];

			CHECK_EQ(ring_receive(&mine, body, sizeof(body), after_ms(PATIENCE)), 3);
		}
	wait_blocked_receivers(fd, 3);
	ring_put(&producer, "all");
	for (int i = 0; i < 3; i++)
		child_join(mapped[i]);
}

TEST(room_wakes_all_producers_that_it_is_enough_for)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC, .byte_limit = page_bytes());
	pid_t mapped[3], writing[3];
	char body[2032];

	fill_up(fd);
	for (int i = 0; i < 3; i++) {
		CHILD(mapped[i]) {
			struct ring mine = ring_open(fd, KMQ_RING_PRODUCER);

			CHECK_OK(ring_send(&mine, "one", 3, after_ms(PATIENCE)));
		}
		CHILD(writing[i])
			put_text(fd, "one");
	}
	wait_blocked_senders(fd, 6);
	CHECK_EQ(CHECK_OK(read(fd, body, sizeof(body))), sizeof(body));
	for (int i = 0; i < 3; i++) {
		child_join(mapped[i]);
		child_join(writing[i]);
	}
	EXPECT_LEDGER(fd, .sent = 8, .received = 1, .queued = 7);
}

/* ---- an attachment that ends meanwhile ---- */

struct late {
	int fd;
	void *argument;
	int result;
	int error;
};

static void *wait_late(void *argument)
{
	struct late *late = argument;

	late->result = ioctl(late->fd, KMQ_IOC_RING_WAIT, late->argument);
	late->error = errno;
	return NULL;
}

TEST(a_wait_that_is_on_its_way_when_the_attachment_ends_is_esrch)
{
	want_slow_pages();
	for (__u32 side = KMQ_RING_CONSUMERS; side <= KMQ_RING_PRODUCERS; side++) {
		int fd = RING(.ring_mode = KMQ_RING_MPMC);
		struct ring mine = ring_open(fd, BOTH);
		struct kmq_ring_wait wait = {
			.side = side,
			.word = side == KMQ_RING_CONSUMERS ?
					ring_offset(&mine, &mine.producers->head) :
					ring_offset(&mine, &mine.consumers->tail),
			.wake = side == KMQ_RING_CONSUMERS ? 1 : 1 << 20,
		};
		struct late late = { .fd = mine.fd };
		int slow = slow_page(&late.argument);
		struct uffd_msg fault;
		pthread_t thread;

		check_context("side %u", side);
		CHECK(!pthread_create(&thread, NULL, wait_late, &late));
		CHECK_EQ(CHECK_OK(read(slow, &fault, sizeof(fault))), sizeof(fault));
		CHECK_EQ(fault.event, UFFD_EVENT_PAGEFAULT);
		/* It has passed the first look at whether the attachment goes on. */
		ring_unmap(&mine);
		CHECK_EQ(info_of(fd).attachments, 0);
		fill_page(slow, late.argument, &wait, sizeof(wait));
		CHECK(!pthread_join(thread, NULL));
		CHECK_EQ(late.result, -1);
		CHECK_EQ(late.error, ESRCH);
		CHECK_EQ(info_of(fd).blocked_receivers + info_of(fd).blocked_senders, 0);
		close(slow);
		close(mine.fd);
		close(fd);
	}
}

/* ---- what WAIT and WAKE check ---- */

TEST(a_word_that_has_changed_is_not_slept_for)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring mine = ring_open(fd, BOTH);

	CHECK_OK(ring_wait(&mine, KMQ_RING_CONSUMERS, &mine.producers->head, 1, 1, 0));
	CHECK_OK(ring_wait(&mine, KMQ_RING_PRODUCERS, &mine.consumers->tail, 16, 1 << 20, 0));
	CHECK_OK(ring_wait(&mine, KMQ_RING_PRODUCERS_LOCK, &mine.producers->lock, 5, 0, 0));
	CHECK_OK(ring_wait(&mine, KMQ_RING_CONSUMERS_LOCK, &mine.consumers->lock, 5, 0, 0));
	mine.data[64] = 7;
	CHECK_OK(ring_wait(&mine, KMQ_RING_CONSUMERS, mine.data + 64, 0, 1, 0));
	CHECK(ring_is_quiet(&mine));
}

TEST(each_field_of_a_wait_is_checked)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring mine = ring_open(fd, BOTH);
	const __u64 page = mine.page;
	const __u64 bad[] = {
		0, 64, 128, page - 4, page + 1, page + 2, page + 3, 2 * page + 2,
		3 * page + mine.size, 3 * page + mine.size - 2, 3 * page + 2 * mine.size,
		1ull << 32, 1ull << 63, ~0ull, ~3ull,
	};
	const __u64 good[] = { page, 2 * page - 4, 2 * page, 3 * page - 4, 3 * page,
			       3 * page + mine.size - 4 };
	struct kmq_ring_wait wait = { .side = KMQ_RING_CONSUMERS, .expected = 1, .word = 2 * page };
	struct kmq_ring_wait tried;

	/* Good but for what is changed: the word is 0, so it returns. */
	CHECK_OK(ioctl(mine.fd, KMQ_IOC_RING_WAIT, &wait));
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		check_context("word %llx", (unsigned long long)bad[i]);
		tried = wait;
		tried.word = bad[i];
		CHECK_ERRNO(ioctl(mine.fd, KMQ_IOC_RING_WAIT, &tried), EINVAL);
	}
	for (unsigned int i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		check_context("word %llx", (unsigned long long)good[i]);
		tried = wait;
		tried.word = good[i];
		CHECK_OK(ioctl(mine.fd, KMQ_IOC_RING_WAIT, &tried));
	}
	for (int bit = 0; bit < 32; bit++) {
		tried = wait;
		tried.flags = 1u << bit;
		CHECK_ERRNO(ioctl(mine.fd, KMQ_IOC_RING_WAIT, &tried), EINVAL);
		tried = wait;
		tried.reserved = 1u << bit;
		CHECK_ERRNO(ioctl(mine.fd, KMQ_IOC_RING_WAIT, &tried), EINVAL);
	}
	for (__u32 side = 4; side; side <<= 1) {
		tried = wait;
		tried.side = side;
		CHECK_ERRNO(ioctl(mine.fd, KMQ_IOC_RING_WAIT, &tried), EINVAL);
		CHECK_ERRNO(ioctl(mine.fd, KMQ_IOC_RING_WAKE, side), EINVAL);
	}
	CHECK_ERRNO(ioctl(mine.fd, KMQ_IOC_RING_WAIT, bad_address), EFAULT);
	for (__u32 side = 0; side < 4; side++)
		CHECK_OK(ioctl(mine.fd, KMQ_IOC_RING_WAKE, side));
}

TEST(each_side_waits_for_its_own)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
	struct ring consumer = ring_open(fd, KMQ_RING_CONSUMER);

	CHECK_ERRNO(ring_wait(&producer, KMQ_RING_CONSUMERS, &producer.producers->head, 1, 1, 0),
		    EBADF);
	CHECK_ERRNO(ring_wait(&producer, KMQ_RING_CONSUMERS_LOCK, &producer.consumers->lock, 1, 0, 0),
		    EBADF);
	CHECK_ERRNO(ring_wait(&consumer, KMQ_RING_PRODUCERS, &consumer.consumers->tail, 1, 1, 0),
		    EBADF);
	CHECK_ERRNO(ring_wait(&consumer, KMQ_RING_PRODUCERS_LOCK, &consumer.producers->lock, 1, 0, 0),
		    EBADF);
}

TEST(a_wait_ends_at_its_deadline)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring mine = ring_open(fd, BOTH), other;
	__u64 deadline = after_ms(40);

	CHECK_ERRNO(ring_wait(&mine, KMQ_RING_CONSUMERS, &mine.producers->head, HEAD(mine), 1, deadline),
		    ETIMEDOUT);
	CHECK(now() >= deadline);
	CHECK_ERRNO(ring_wait(&mine, KMQ_RING_CONSUMERS, &mine.producers->head, HEAD(mine), 1, 1), ETIMEDOUT);
	deadline = after_ms(20);
	CHECK_ERRNO(ring_wait(&mine, KMQ_RING_PRODUCERS, &mine.consumers->tail, HEAD(mine), HEAD(mine) + 64, deadline),
		    ETIMEDOUT);
	CHECK(now() >= deadline);
	CHECK(now() >= deadline);
	/* A lock that another holds. */
	other = ring_open(fd, BOTH);
	for (__u32 side = KMQ_RING_PRODUCERS_LOCK; side <= KMQ_RING_CONSUMERS_LOCK; side++) {
		__u32 *word = side == KMQ_RING_PRODUCERS_LOCK ? &mine.producers->lock :
								&mine.consumers->lock;

		CHECK_OK(ring_lock(&other, side));
		STORE(*word, other.id | KMQ_RING_CONTENDED);
		deadline = after_ms(20);
		CHECK_ERRNO(ring_wait(&mine, side, word, other.id | KMQ_RING_CONTENDED, 0, deadline),
			    ETIMEDOUT);
		CHECK(now() >= deadline);
		ring_unlock(&other, side);
	}
	CHECK(ring_is_quiet(&mine));
}

static void count_signal(int number)
{
	(void)number;
	shared->handled++;
}

TEST(a_wait_is_EINTR_or_restarts_as_a_receive_does)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring mine = ring_open(fd, BOTH);
	struct sigaction action = { .sa_handler = count_signal };
	pid_t child;

	share();
	CHILD(child) {
		struct ring theirs = ring_open(fd, KMQ_RING_CONSUMER);

		CHECK_OK(sigaction(SIGUSR1, &action, NULL));
		CHECK_ERRNO(ring_wait(&theirs, KMQ_RING_CONSUMERS, &theirs.producers->head, HEAD(theirs), 1, 0),
			    EINTR);
		action.sa_flags = SA_RESTART;
		CHECK_OK(sigaction(SIGUSR1, &action, NULL));
		shared->done = 1;
		CHECK_OK(ring_wait(&theirs, KMQ_RING_CONSUMERS, &theirs.producers->head, HEAD(theirs), 1, 0));
		CHECK_EQ(shared->handled, 4);
		ring_expect(&theirs, "at last");
	}
	WAIT_UNTIL(ring_consumers_sleep(&mine, 1));
	wait_asleep(child);
	CHECK_OK(kill(child, SIGUSR1));
	WAIT_UNTIL(shared->done == 1);
	for (int i = 0; i < 3; i++) {
		wait_asleep(child);
		WAIT_UNTIL(ring_consumers_sleep(&mine, 1));
		CHECK_OK(kill(child, SIGUSR1));
		WAIT_UNTIL(shared->handled == i + 2);
	}
	wait_asleep(child);
	WAIT_UNTIL(ring_consumers_sleep(&mine, 1));
	ring_put(&mine, "at last");
	child_join(child);
}

/* ---- locks ---- */

TEST(who_sleeps_for_a_lock_gets_it_when_it_is_given_back)
{
	for (__u32 side = KMQ_RING_PRODUCERS_LOCK; side <= KMQ_RING_CONSUMERS_LOCK; side++) {
		int fd = RING(.ring_mode = KMQ_RING_MPMC);
		struct ring mine = ring_open(fd, BOTH);
		__u32 *word = side == KMQ_RING_PRODUCERS_LOCK ? &mine.producers->lock :
								&mine.consumers->lock;
		pid_t waiters[3];

		share();
		CHECK_OK(ring_lock(&mine, side));
		CHECK_EQ(LOAD(*word), mine.id);
		for (int i = 0; i < 3; i++)
			CHILD(waiters[i]) {
				struct ring theirs = ring_open(fd, BOTH);

				CHECK_OK(ring_lock(&theirs, side));
				shared->value = shared->value * 2 + 1;
				ring_unlock(&theirs, side);
			}
		for (int i = 0; i < 3; i++)
			wait_asleep(waiters[i]);
		CHECK_EQ(LOAD(*word), mine.id | KMQ_RING_CONTENDED);
		CHECK_EQ(shared->value, 0);
		ring_unlock(&mine, side);
		CHECK_EQ(mine.wakes, 1);
		for (int i = 0; i < 3; i++)
			child_join(waiters[i]);
		CHECK_EQ(shared->value, 7);
		CHECK_EQ(LOAD(*word), 0);
		close(fd);
		ring_close(&mine);
	}
}

TEST(the_system_calls_wait_for_a_lock_that_a_process_holds)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring mine = ring_open(fd, BOTH);
	struct received received;
	struct kmq_transfer transfer = { .message = { .body = ptr("x"), .size = 1, .type = 1 } };
	pid_t child;

	CHECK_OK(ring_lock(&mine, KMQ_RING_PRODUCERS_LOCK));
	CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, 0, "x", 1), EAGAIN);
	CHECK_EQ(poll_now(fd) & POLLOUT, 0);
	transfer.deadline = after_ms(30);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_SEND, &transfer), ETIMEDOUT);
	CHILD(child)
		put_text(fd, "patient");
	wait_asleep(child);
	pause_ms(20);
	EXPECT_LEDGER(fd, .sent = 0);
	ring_unlock(&mine, KMQ_RING_PRODUCERS_LOCK);
	child_join(child);
	CHECK_EQ(LOAD(mine.producers->lock), 0);

	CHECK_OK(ring_lock(&mine, KMQ_RING_CONSUMERS_LOCK));
	CHECK_ERRNO(receive_any(fd, KMQ_DONTWAIT, &received), EAGAIN);
	CHECK_ERRNO(receive_until(fd, after_ms(30), &received), ETIMEDOUT);
	CHILD(child)
		expect_read(fd, "patient");
	wait_asleep(child);
	pause_ms(20);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	ring_unlock(&mine, KMQ_RING_CONSUMERS_LOCK);
	child_join(child);
	CHECK_EQ(LOAD(mine.consumers->lock), 0);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
}

TEST(a_poller_for_room_is_woken_when_the_lock_is_given_back)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring mine = ring_open(fd, BOTH);
	pid_t child;

	CHECK_OK(ring_lock(&mine, KMQ_RING_PRODUCERS_LOCK));
	CHILD(child) {
		struct pollfd entry = { .fd = fd, .events = POLLOUT };

		CHECK_EQ(CHECK_OK(poll(&entry, 1, PATIENCE)), 1);
		CHECK_EQ(entry.revents, POLLOUT);
	}
	wait_asleep(child);
	pause_ms(20);
	ring_unlock(&mine, KMQ_RING_PRODUCERS_LOCK);
	child_join(child);
}

/* ---- removal ---- */

TEST(removal_wakes_every_sleeper_with_EIDRM)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED_RING(name, .ring_mode = KMQ_RING_MPMC, .byte_limit = page_bytes());
	struct ring mine = ring_open(fd, BOTH);
	pid_t sleepers[7];
	char body[2032];

	CHECK_OK(ring_lock(&mine, KMQ_RING_PRODUCERS_LOCK));
	CHECK_OK(ring_lock(&mine, KMQ_RING_CONSUMERS_LOCK));
	for (int i = 0; i < 7; i++)
		CHILD(sleepers[i]) {
			struct ring theirs = ring_open(fd, BOTH);
			struct pollfd entry = { .fd = theirs.fd };

			switch (i) {
			case 0:
				CHECK_ERRNO(ring_sleep_for_record(&theirs, after_ms(PATIENCE)), EIDRM);
				break;
			case 1:
				CHECK_ERRNO(ring_wait(&theirs, KMQ_RING_PRODUCERS,
						      &theirs.consumers->tail, HEAD(theirs),
						      HEAD(theirs) + 64,
						      after_ms(PATIENCE)), EIDRM);
				break;
			case 2:
			case 3:
				CHECK_ERRNO(ring_lock(&theirs, i), EIDRM);
				break;
			case 4:
				CHECK_ERRNO(read(fd, body, sizeof(body)), EIDRM);
				break;
			case 5:
				CHECK_ERRNO(write(fd, "x", 1), EIDRM);
				break;
			case 6:
				CHECK_EQ(CHECK_OK(poll(&entry, 1, PATIENCE)), 1);
				CHECK_EQ(entry.revents, POLLHUP | POLLERR);
			}
		}
	WAIT_UNTIL(info_of(fd).attachments == 8);
	for (int i = 0; i < 7; i++)
		wait_asleep(sleepers[i]);
	pause_ms(20);
	CHECK_OK(queue_remove(name));
	for (int i = 0; i < 7; i++)
		child_join(sleepers[i]);
	/* Whoever commits or releases asks the kernel from now on, and is told. */
	CHECK((__s64)(1 - LOAD(mine.control->consumer_wake)) >= 0);
	CHECK((__s64)(HEAD(mine) - LOAD(mine.control->producer_wake)) >= 0);
	CHECK_ERRNO(ring_wake(&mine, KMQ_RING_CONSUMERS), EIDRM);
	CHECK_ERRNO(ring_wake(&mine, KMQ_RING_PRODUCERS), EIDRM);
	close(fd);
}

/* ---- a stream in which both sides sleep all the time ---- */

static void stream(__u32 mode, int parties, int each)
{
	int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
	int producers = one_producer(mode) ? 1 : parties, consumers = one_consumer(mode) ? 1 : parties;
	pid_t writing[4], reading[4];

	share();
	check_context("mode %u", mode);
	for (int i = 0; i < consumers; i++)
		CHILD(reading[i]) {
			struct ring mine = ring_open(fd, KMQ_RING_CONSUMER);
			__u32 body[100];

			while (ring_receive(&mine, body, sizeof(body), after_ms(PATIENCE)) != 4)
				__atomic_fetch_add(&shared->value, body[0], __ATOMIC_RELAXED);
		}
	for (int i = 0; i < producers; i++)
		CHILD(writing[i]) {
			struct ring mine = ring_open(fd, KMQ_RING_PRODUCER);
			__u32 body[100] = {};

			for (int j = 0; j < each; j++) {
				body[0] = j;
				CHECK_OK(ring_send(&mine, body, 8 + j * 8 % 390 / 4 * 4,
						   after_ms(PATIENCE)));
			}
		}
	for (int i = 0; i < producers; i++)
		child_join(writing[i]);
	for (int i = 0; i < consumers; i++)
		CHECK_EQ(CHECK_OK(write(fd, "last", 4)), 4);
	for (int i = 0; i < consumers; i++)
		child_join(reading[i]);
	CHECK_EQ(shared->value, (__u64)producers * each * (each - 1) / 2);
	close(fd);
}

TEST(no_wake_up_is_lost_in_a_stream_of_sleepers)
{
	for (__u32 mode = 0; mode < KMQ_RING_BROADCAST; mode++)
		stream(mode, 3, 1500);
}
