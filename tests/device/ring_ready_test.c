// SPDX-License-Identifier: GPL-2.0-only
/* Readiness of a ring by both its descriptors, signals, and io_uring. */
#include <sys/epoll.h>

#include "lib/disturb.h"
#include "lib/ring.h"
#include "lib/uring.h"

enum { MODES = KMQ_RING_BROADCAST };
static const unsigned char zeros[2032];

static int watch(int fd, __u32 events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };
	int epoll = CHECK_OK(epoll_create1(EPOLL_CLOEXEC));

	CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	return epoll;
}

static __u32 events_of(int epoll, int timeout)
{
	struct epoll_event event = { .events = 0 };
	int count = CHECK_OK(epoll_wait(epoll, &event, 1, timeout));

	return count ? event.events : 0;
}

TEST(poll_says_what_read_and_write_would_do)
{
	for (__u32 mode = 0; mode < MODES; mode++) {
		char name[KMQ_NAME_SIZE];
		int fd = NAMED_RING(name, .ring_mode = mode, .byte_limit = page_bytes(),
				    .flags = KMQ_CREATE_NONBLOCK);
		int reader = queue_open(name, O_RDONLY), writer = queue_open(name, O_WRONLY);

		CHECK_EQ(poll_now(fd), POLLOUT);
		CHECK_EQ(poll_now(reader), 0);
		CHECK_EQ(poll_now(writer), POLLOUT);
		put_text(fd, "one");
		/* Room, and for the largest. */
		CHECK_EQ(poll_now(fd), POLLIN | POLLOUT);
		CHECK_EQ(poll_now(reader), POLLIN);
		CHECK_EQ(CHECK_OK(write(fd, zeros, 2032)), 2032);
		CHECK_EQ(poll_now(fd), POLLIN);
		CHECK_EQ(poll_now(writer), 0);
		expect_read(fd, "one");
		CHECK_EQ(poll_now(fd), POLLIN | POLLOUT);
		CHECK_OK(purge(fd, 0, 0, NULL));
		CHECK_EQ(poll_now(fd), POLLOUT);
		close(fd);
		close(reader);
		close(writer);
	}
}

TEST(poll_of_an_attachment_says_what_it_could_do)
{
	for (__u32 mode = 0; mode < MODES; mode++) {
		int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
		struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
		struct ring consumer = ring_open(fd, KMQ_RING_CONSUMER);

		check_context("mode %u", mode);
		CHECK_EQ(poll_now(producer.fd), POLLOUT);
		CHECK_EQ(poll_now(consumer.fd), 0);
		ring_put(&producer, "one");
		CHECK_EQ(poll_now(producer.fd), POLLOUT);
		CHECK_EQ(poll_now(consumer.fd), POLLIN);
		CHECK_OK(ring_reserve(&producer, 2032));
		CHECK_EQ(poll_now(consumer.fd), POLLIN);
		ring_commit(&producer);
		CHECK_EQ(poll_now(producer.fd), 0);
		ring_expect(&consumer, "one");
		CHECK_EQ(poll_now(consumer.fd), POLLIN);
		CHECK_EQ(poll_now(producer.fd), POLLOUT);
		CHECK_OK(ring_claim(&consumer));
		CHECK_OK(ring_release(&consumer));
		CHECK_EQ(poll_now(consumer.fd), 0);
		close(fd);
		ring_close(&producer);
		ring_close(&consumer);
	}
}

TEST(what_is_reserved_is_not_readable)
{
	for (__u32 mode = 0; mode < MODES; mode++) {
		int fd = RING(.ring_mode = mode, .flags = KMQ_CREATE_NONBLOCK);
		struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
		char body[8];

		CHECK_OK(ring_reserve(&producer, 5));
		memcpy(producer.room.body, "later", 5);
		CHECK(!(poll_now(fd) & POLLIN));
		CHECK_ERRNO(read(fd, body, sizeof(body)), EAGAIN);
		CHECK_EQ(queued_size(fd), 0);
		ring_commit(&producer);
		CHECK(poll_now(fd) & POLLIN);
		expect_read(fd, "later");
		close(fd);
		ring_close(&producer);
	}
}

TEST(FIONREAD_is_the_length_of_the_next)
{
	for (__u32 mode = 0; mode < MODES; mode++) {
		int fd = RING(.ring_mode = mode);
		struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);

		CHECK_EQ(queued_size(fd), 0);
		ring_put(&producer, "12345");
		ring_put(&producer, "1");
		CHECK_EQ(queued_size(fd), 5);
		expect_read(fd, "12345");
		CHECK_EQ(queued_size(fd), 1);
		expect_read(fd, "1");
		CHECK_EQ(queued_size(fd), 0);
		close(fd);
		ring_close(&producer);
	}
}

TEST(a_blocked_poller_is_woken_by_the_mapped_door)
{
	for (__u32 mode = 0; mode < MODES; mode++) {
		int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
		struct ring producer = ring_open(fd, KMQ_RING_PRODUCER), consumer;
		pid_t poller;

		CHILD(poller) {
			struct pollfd entry = { .fd = fd, .events = POLLIN };

			CHECK_EQ(CHECK_OK(poll(&entry, 1, 40000)), 1);
			CHECK_EQ(entry.revents, POLLIN);
		}
		wait_asleep(poller);
		pause_ms(20);
		ring_put(&producer, "wake up");
		child_join(poller);
		while (!ring_reserve(&producer, 200))
			ring_commit(&producer);
		ring_close(&producer);
		consumer = ring_open(fd, KMQ_RING_CONSUMER);
		CHILD(poller) {
			struct pollfd entry = { .fd = fd, .events = POLLOUT };

			CHECK_EQ(CHECK_OK(poll(&entry, 1, 40000)), 1);
			CHECK_EQ(entry.revents, POLLOUT);
		}
		wait_asleep(poller);
		pause_ms(20);
		while (!ring_claim(&consumer))
			CHECK_OK(ring_release(&consumer));
		child_join(poller);
		close(fd);
		ring_close(&consumer);
	}
}

/* Else the two would sleep for each other: only a consumer that tries makes the room. */
TEST(a_poller_is_woken_to_make_room_of_what_was_given_up)
{
	for (int i = 0; i < 4; i++) {
		__u32 mode = i & 1 ? KMQ_RING_MPMC : KMQ_RING_MPSC;
		int fd = RING(.ring_mode = mode, .byte_limit = page_bytes(), .flags = KMQ_CREATE_NONBLOCK);
		struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
		bool mapped = i & 2;
		pid_t poller;

		CHILD(poller) {
			struct ring mine;
			struct pollfd entry = { .fd = fd, .events = POLLIN };
			char byte;

			if (mapped) {
				mine = ring_open(fd, KMQ_RING_CONSUMER);
				entry.fd = mine.fd;
			}
			CHECK_EQ(CHECK_OK(poll(&entry, 1, 40000)), 1);
			CHECK_EQ(entry.revents, POLLIN);
			if (mapped)
				CHECK_ERRNO(ring_claim(&mine), EAGAIN);
			else
				CHECK_ERRNO(read(fd, &byte, 1), EAGAIN);
			CHECK_EQ(CHECK_OK(poll(&entry, 1, 0)), 0);
		}
		wait_asleep(poller);
		pause_ms(20);
		CHECK_OK(ring_reserve(&producer, 2032));
		ring_discard(&producer);
		child_join(poller);
		for (int half = 0; half < 2; half++) {
			CHECK_OK(ring_reserve(&producer, 2032));
			ring_commit(&producer);
		}
		close(fd);
		ring_close(&producer);
	}
}

TEST(who_polled_once_is_not_rung_for_ever)
{
	for (__u32 mode = KMQ_RING_MPSC; mode < MODES; mode++) {
		int fd = RING(.ring_mode = mode);
		struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
		struct pollfd entry = { .fd = fd, .events = POLLIN };
		char body[8];

		CHECK_EQ(CHECK_OK(poll(&entry, 1, 0)), 0);
		for (int i = 0; i < 50; i++) {
			ring_put(&producer, "x");
			CHECK_EQ(CHECK_OK(read(fd, body, sizeof(body))), 1);
		}
		CHECK(ring_is_quiet(&producer));
		CHECK_EQ(producer.wakes, 1);
		close(fd);
		ring_close(&producer);
	}
}

TEST(what_would_fail_with_EBUSY_does_not_sleep_in_poll)
{
	int fd = RING(.ring_mode = KMQ_RING_SPSC);
	struct ring ring = ring_open(fd, BOTH);
	char byte = 0;

	CHECK_EQ(poll_now(fd), POLLIN | POLLOUT);
	CHECK_ERRNO(read(fd, &byte, 1), EBUSY);
	CHECK_ERRNO(write(fd, &byte, 1), EBUSY);
	ring_close(&ring);
	CHECK_EQ(poll_now(fd), POLLOUT);
}

TEST(a_poller_of_an_attachment_is_woken_by_both_doors)
{
	for (int door = 0; door < 2; door++) {
		int fd = RING(.ring_mode = KMQ_RING_MPMC, .byte_limit = page_bytes());
		struct ring ring = ring_open(fd, BOTH);
		pid_t poller;

		CHILD(poller) {
			struct ring mine = ring_open(fd, KMQ_RING_CONSUMER);
			struct pollfd entry = { .fd = mine.fd, .events = POLLIN | POLLOUT };

			CHECK_EQ(CHECK_OK(poll(&entry, 1, 40000)), 1);
			CHECK_EQ(entry.revents, POLLIN);
			ring_expect(&mine, "wake up");
		}
		wait_asleep(poller);
		pause_ms(20);
		if (door)
			ring_put(&ring, "wake up");
		else
			put_text(fd, "wake up");
		child_join(poller);
		while (!ring_reserve(&ring, 200))
			ring_commit(&ring);
		CHILD(poller) {
			struct ring mine = ring_open(fd, KMQ_RING_PRODUCER);
			struct pollfd entry = { .fd = mine.fd, .events = POLLIN | POLLOUT };

			CHECK_EQ(CHECK_OK(poll(&entry, 1, 40000)), 1);
			CHECK_EQ(entry.revents, POLLOUT);
		}
		wait_asleep(poller);
		pause_ms(20);
		for (int i = 0; i < 12; i++) {
			unsigned char body[200];

			if (door)
				CHECK_EQ(ring_receive(&ring, body, sizeof(body), 0), 200);
			else
				CHECK_EQ(CHECK_OK(read(fd, body, sizeof(body))), 200);
		}
		child_join(poller);
		close(fd);
		ring_close(&ring);
	}
}

TEST(epoll_level_triggered_tells_as_long_as_it_is_so)
{
	int fd = RING(.ring_mode = KMQ_RING_MPSC);
	struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
	int epoll = watch(fd, EPOLLIN);

	CHECK_EQ(events_of(epoll, 0), 0);
	ring_put(&producer, "one");
	ring_put(&producer, "two");
	CHECK_EQ(events_of(epoll, 40000), EPOLLIN);
	CHECK_EQ(events_of(epoll, 0), EPOLLIN);
	expect_read(fd, "one");
	CHECK_EQ(events_of(epoll, 0), EPOLLIN);
	expect_read(fd, "two");
	CHECK_EQ(events_of(epoll, 0), 0);
}

/* The usual loop: wait for an edge, then take until EAGAIN; nothing is left lying. */
static void edges(int watched, int fd, struct ring *ring, int door)
{
	int epoll = watch(watched, EPOLLIN | EPOLLET);
	char body[16];

	CHECK_EQ(events_of(epoll, 0) & EPOLLIN, 0);
	for (int i = 0; i < 50; i++) {
		if (i % 2 == door)
			put_text(fd, "edge");
		else
			ring_put(ring, "edge");
		CHECK_EQ(events_of(epoll, 40000), EPOLLIN);
		CHECK_EQ(CHECK_OK(read(fd, body, sizeof(body))), 4);
		CHECK_ERRNO(read(fd, body, sizeof(body)), EAGAIN);
		CHECK_EQ(events_of(epoll, 0), 0);
	}
	close(epoll);
}

TEST(epoll_edge_triggered_misses_no_edge_of_either_door)
{
	for (__u32 mode = KMQ_RING_MPSC; mode <= KMQ_RING_MPMC; mode++) {
		char name[KMQ_NAME_SIZE];
		int fd = NAMED_RING(name, .ring_mode = mode, .flags = KMQ_CREATE_NONBLOCK);
		int watched = queue_open(name, O_RDONLY);
		struct ring ring = ring_open(fd, KMQ_RING_PRODUCER);

		for (int door = 0; door < 2; door++)
			edges(watched, fd, &ring, door);
		close(fd);
		close(watched);
		ring_close(&ring);
	}
}

TEST(epoll_edge_triggered_misses_no_edge_of_an_attachment)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC, .flags = KMQ_CREATE_NONBLOCK);
	struct ring ring = ring_open(fd, KMQ_RING_PRODUCER);
	struct ring consumer = ring_open(fd, KMQ_RING_CONSUMER);

	for (int door = 0; door < 2; door++)
		edges(consumer.fd, fd, &ring, door);
}

TEST(removal_is_told_to_pollers_of_both_descriptors)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED_RING(name, .ring_mode = KMQ_RING_MPMC);
	struct ring ring = ring_open(fd, KMQ_RING_CONSUMER);
	pid_t pollers[2];

	for (int i = 0; i < 2; i++)
		CHILD(pollers[i]) {
			struct ring mine = ring_open(fd, KMQ_RING_CONSUMER);
			struct pollfd entry = { .fd = i ? mine.fd : fd, .events = POLLIN };

			CHECK_EQ(CHECK_OK(poll(&entry, 1, 40000)), 1);
			CHECK_EQ(entry.revents & ~(POLLIN | POLLOUT), POLLHUP | POLLERR);
		}
	WAIT_UNTIL(info_of(fd).attachments == 3);
	for (int i = 0; i < 2; i++)
		wait_asleep(pollers[i]);
	pause_ms(20);
	CHECK_OK(queue_remove(name));
	for (int i = 0; i < 2; i++)
		child_join(pollers[i]);
	CHECK_EQ(poll_now(ring.fd) & (POLLHUP | POLLERR), POLLHUP | POLLERR);
	CHECK_EQ(poll_now(fd) & (POLLHUP | POLLERR), POLLHUP | POLLERR);
}

TEST(a_mapped_commit_raises_SIGIO)
{
	int fd = RING(.ring_mode = KMQ_RING_MPSC);
	struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
	struct timespec patience = { .tv_sec = 40 };
	siginfo_t signal_info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	CHECK_OK(fcntl(fd, F_SETOWN, getpid()));
	CHECK_OK(fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK));
	for (int i = 0; i < 3; i++) {
		ring_put(&producer, "signal");
		CHECK_EQ(CHECK_OK(sigtimedwait(&set, &signal_info, &patience)), SIGIO);
		expect_read(fd, "signal");
	}
	put_text(fd, "signal");
	CHECK_EQ(CHECK_OK(sigtimedwait(&set, &signal_info, &patience)), SIGIO);
}

/* ---- signals ---- */

TEST(sleepers_of_a_ring_are_EINTR_or_restart)
{
	for (__u32 mode = 0; mode < MODES; mode++) {
		int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
		pid_t child;

		share_count();
		CHILD(child) {
			char byte;

			handle(0);
			CHECK_ERRNO(read(fd, &byte, 1), EINTR);
			handle(SA_RESTART);
			expect_read(fd, "patient");
		}
		wait_blocked_receivers(fd, 1);
		/* The first ends one call, the others do not end the next. */
		disturb(fd, child, 4);
		put_text(fd, "patient");
		child_join(child);
		CHECK_EQ(CHECK_OK(write(fd, zeros, 2032)), 2032);
		CHECK_EQ(CHECK_OK(write(fd, zeros, 2032)), 2032);
		CHILD(child) {
			handle(0);
			CHECK_ERRNO(write(fd, "x", 1), EINTR);
		}
		wait_blocked_senders(fd, 1);
		CHECK_OK(kill(child, SIGUSR1));
		child_join(child);
		EXPECT_LEDGER(fd, .sent = 3, .received = 1, .queued = 2);
		close(fd);
	}
}

TEST(a_killed_sleeper_leaves_nothing_behind)
{
	for (__u32 mode = 0; mode < MODES; mode++) {
		int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
		struct ring ring;
		pid_t child;
		char byte;

		CHILD(child)
			_exit(read(fd, &byte, 1) < 0);
		wait_blocked_receivers(fd, 1);
		child_kill(child);
		CHECK_EQ(info_of(fd).blocked_receivers, 0);
		ring = ring_open(fd, BOTH);
		CHECK(ring_is_quiet(&ring));
		ring_put(&ring, "for nobody else");
		ring_expect(&ring, "for nobody else");
		CHECK_EQ(ring.wakes, 0);
		close(fd);
		ring_close(&ring);
	}
}

/* ---- io_uring ---- */

TEST(io_uring_reads_and_writes_a_ring)
{
	for (__u32 mode = 0; mode < MODES; mode++) {
		int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
		struct uring uring;
		struct completion completion;
		char body[16];

		uring_open(&uring);
		memset(body, '#', sizeof(body));
		uring_write(&uring, fd, "through it", 10, 1);
		completion = uring_reap(&uring);
		CHECK_EQ(completion.result, 10);
		uring_read(&uring, fd, body, sizeof(body), 2);
		completion = uring_reap(&uring);
		CHECK_EQ(completion.tag, 2);
		CHECK_EQ(completion.result, 10);
		CHECK(!memcmp(body, "through it######", 16));
		/* Those that wait. */
		uring_read(&uring, fd, body, sizeof(body), 3);
		pause_ms(5);
		CHECK_EQ(uring_ready(&uring), 0);
		put_text(fd, "later");
		completion = uring_reap(&uring);
		CHECK_EQ(completion.tag, 3);
		CHECK_EQ(completion.result, 5);
		EXPECT_LEDGER(fd, .sent = 2, .received = 2);
		close(uring.fd);
		close(fd);
	}
}

TEST(io_uring_is_woken_by_the_mapped_door)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC, .byte_limit = page_bytes());
	struct ring ring = ring_open(fd, BOTH);
	struct completion completion;
	struct uring uring;
	char body[16];

	uring_open(&uring);
	uring_read(&uring, fd, body, sizeof(body), 1);
	pause_ms(5);
	CHECK_EQ(uring_ready(&uring), 0);
	ring_put(&ring, "mapped");
	completion = uring_reap(&uring);
	CHECK_EQ(completion.result, 6);
	CHECK(!memcmp(body, "mapped", 6));
	for (int i = 0; i < 2; i++) {
		CHECK_OK(ring_reserve(&ring, 2032));
		ring_commit(&ring);
	}
	uring_write(&uring, fd, "waits", 5, 2);
	pause_ms(5);
	CHECK_EQ(uring_ready(&uring), 0);
	CHECK_OK(ring_claim(&ring));
	CHECK_OK(ring_release(&ring));
	completion = uring_reap(&uring);
	CHECK_EQ(completion.tag, 2);
	CHECK_EQ(completion.result, 5);
	CHECK_OK(ring_claim(&ring));
	CHECK_OK(ring_release(&ring));
	ring_expect(&ring, "waits");
}
