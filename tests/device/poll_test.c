// SPDX-License-Identifier: GPL-2.0-only
/* Readiness: poll, select, epoll, SIGIO. What it says is what read and write do. */
#include <sys/epoll.h>
#include <sys/select.h>

#include "kmq_test.h"

static int watch(int fd, __u32 events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };
	int epoll = CHECK_OK(epoll_create1(EPOLL_CLOEXEC));

	CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	return epoll;
}

/* The events within the time; 0 for none. */
static __u32 events_of(int epoll, int timeout)
{
	struct epoll_event event = { .events = 0 };
	int count = CHECK_OK(epoll_wait(epoll, &event, 1, timeout));

	return count ? event.events : 0;
}

TEST(an_empty_queue_is_writable_a_full_one_readable_between_them_both)
{
	int fd = QUEUE(.capacity = 2);

	CHECK_EQ(poll_now(fd), POLLOUT);
	put(fd, 1, 0, "one");
	CHECK_EQ(poll_now(fd), POLLIN | POLLOUT);
	put(fd, 1, 0, "two");
	CHECK_EQ(poll_now(fd), POLLIN);
	take(fd, "one");
	CHECK_EQ(poll_now(fd), POLLIN | POLLOUT);
	take(fd, "two");
	CHECK_EQ(poll_now(fd), POLLOUT);
}

TEST(a_descriptor_is_not_ready_for_what_would_fail_with_EBADF)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 2);
	int reader = queue_open(name, O_RDONLY), writer = queue_open(name, O_WRONLY);

	put(fd, 1, 0, "one");
	CHECK_EQ(poll_now(reader), POLLIN);
	CHECK_EQ(poll_now(writer), POLLOUT);
}

TEST(writable_means_a_message_of_any_legal_length)
{
	int fd = QUEUE(.capacity = 10, .max_message = 100, .byte_limit = 150,
		       .flags = KMQ_CREATE_NONBLOCK);
	static char body[100];

	CHECK_OK(write(fd, body, 50));
	CHECK_EQ(poll_now(fd), POLLIN | POLLOUT);
	CHECK_OK(write(fd, body, 1));
	CHECK_EQ(poll_now(fd), POLLIN);
	CHECK_ERRNO(write(fd, body, 100), EAGAIN);
	CHECK_OK(write(fd, body, 99));
	CHECK_EQ(poll_now(fd), POLLIN);
	CHECK_OK(read(fd, body, 100));
	CHECK_EQ(poll_now(fd), POLLIN);
	CHECK_OK(read(fd, body, 100));
	CHECK_EQ(poll_now(fd), POLLIN);
	CHECK_OK(read(fd, body, 100));
	CHECK_EQ(poll_now(fd), POLLOUT);
}

TEST(a_random_walk_finds_poll_and_the_nonblocking_calls_agreed)
{
	enum { MAX = 64 };
	int fd = QUEUE(.capacity = 6, .max_message = MAX, .byte_limit = 3 * MAX,
		       .flags = KMQ_CREATE_NONBLOCK);
	static char body[MAX];
	unsigned int seed = 20, readable = 0, writable = 0;

	for (int step = 0; step < 3000; step++) {
		short ready = poll_now(fd);

		CHECK_EQ(ready & ~(POLLIN | POLLOUT), 0);
		if (rand_r(&seed) % 2) {
			bool all = rand_r(&seed) % 2;
			size_t size = all ? MAX : rand_r(&seed) % MAX;
			ssize_t wrote = write(fd, body, size);

			CHECK(wrote == (ssize_t)size || errno == EAGAIN);
			if (ready & POLLOUT)
				CHECK_EQ(wrote, size);
			else if (all)
				CHECK_EQ(wrote, -1);
			writable += wrote >= 0;
		} else {
			ssize_t got = read(fd, body, MAX);

			CHECK(got >= 0 || errno == EAGAIN);
			CHECK_EQ(got >= 0, !!(ready & POLLIN));
			readable += got >= 0;
		}
	}
	CHECK(readable > 500 && writable > 500);
	info_of(fd);
}

TEST(a_blocked_poller_is_woken_by_a_message)
{
	int fd = QUEUE(.capacity = 2);
	pid_t poller;

	CHILD(poller) {
		struct pollfd entry = { .fd = fd, .events = POLLIN };

		CHECK_EQ(CHECK_OK(poll(&entry, 1, 40000)), 1);
		CHECK_EQ(entry.revents, POLLIN);
		expect_read(fd, "wake up");
	}
	wait_asleep(poller);
	pause_ms(20);
	put(fd, 1, 0, "wake up");
	child_join(poller);
}

TEST(a_blocked_poller_is_woken_by_room)
{
	int fd = QUEUE(.capacity = 1);
	pid_t poller;

	put(fd, 1, 0, "full");
	CHILD(poller) {
		struct pollfd entry = { .fd = fd, .events = POLLOUT };

		CHECK_EQ(CHECK_OK(poll(&entry, 1, 40000)), 1);
		CHECK_EQ(entry.revents, POLLOUT);
	}
	wait_asleep(poller);
	pause_ms(20);
	take(fd, "full");
	child_join(poller);
}

TEST(pollers_are_woken_by_every_way_that_makes_room)
{
	for (int way = 0; way < 4; way++) {
		int fd = QUEUE(.capacity = 1, .byte_limit = 1 << 20), epoll;
		struct kmq_resize larger = { .capacity = 2 };
		struct received received;

		put(fd, 1, 0, "full");
		if (way == 0)
			CHECK_OK(receive_any(fd, KMQ_LEASE, &received));
		epoll = watch(fd, EPOLLOUT);
		CHECK_EQ(events_of(epoll, 0), 0);
		switch (way) {
		case 0:
			CHECK_OK(ack(fd, 1));
			break;
		case 1:
			CHECK_OK(purge(fd, 0, 0, NULL));
			break;
		case 2:
			CHECK_OK(ioctl(fd, KMQ_IOC_RESIZE, &larger));
			break;
		case 3:
			CHECK_OK(receive_any(fd, 0, &received));
			break;
		}
		CHECK_EQ(events_of(epoll, 40000), EPOLLOUT);
		close(epoll);
		close(fd);
	}
}

TEST(select_tells_the_same)
{
	int fd = QUEUE(.capacity = 1);
	struct timeval none = {};
	fd_set in, out;

	for (int full = 0; full < 2; full++) {
		FD_ZERO(&in);
		FD_ZERO(&out);
		FD_SET(fd, &in);
		FD_SET(fd, &out);
		CHECK_EQ(CHECK_OK(select(fd + 1, &in, &out, NULL, &none)), 1);
		CHECK_EQ(!!FD_ISSET(fd, &in), full);
		CHECK_EQ(!!FD_ISSET(fd, &out), !full);
		if (!full)
			put(fd, 1, 0, "full");
	}
}

TEST(level_triggered_epoll_tells_as_long_as_it_is_true)
{
	int fd = QUEUE(.capacity = 4), epoll = watch(fd, EPOLLIN);

	CHECK_EQ(events_of(epoll, 0), 0);
	put(fd, 1, 0, "one");
	put(fd, 1, 0, "two");
	CHECK_EQ(events_of(epoll, 0), EPOLLIN);
	CHECK_EQ(events_of(epoll, 0), EPOLLIN);
	take(fd, "one");
	CHECK_EQ(events_of(epoll, 0), EPOLLIN);
	take(fd, "two");
	CHECK_EQ(events_of(epoll, 0), 0);
}

TEST(each_message_is_an_edge)
{
	int fd = QUEUE(.capacity = 8), epoll = watch(fd, EPOLLIN | EPOLLET);

	CHECK_EQ(events_of(epoll, 0), 0);
	for (int i = 0; i < 5; i++) {
		put(fd, 1, 0, "edge");
		CHECK_EQ(events_of(epoll, 0), EPOLLIN);
		CHECK_EQ(events_of(epoll, 0), 0);
	}
	take(fd, "edge");
	CHECK_EQ(events_of(epoll, 0) & EPOLLIN, 0);
	CHECK_OK(write(fd, "", 0));
	CHECK_EQ(events_of(epoll, 0), EPOLLIN);
}

TEST(a_full_queue_that_gets_room_is_an_edge)
{
	int fd = QUEUE(.capacity = 1), epoll = watch(fd, EPOLLOUT | EPOLLET);

	CHECK_EQ(events_of(epoll, 0), EPOLLOUT);
	CHECK_EQ(events_of(epoll, 0), 0);
	for (int i = 0; i < 3; i++) {
		put(fd, 1, 0, "full");
		CHECK_EQ(events_of(epoll, 0), 0);
		take(fd, "full");
		CHECK_EQ(events_of(epoll, 0), EPOLLOUT);
	}
}

TEST(a_message_that_the_filter_bars_is_no_edge)
{
	int fd = QUEUE(.capacity = 8), epoll = watch(fd, EPOLLIN | EPOLLET);

	CHECK_OK(set_filter(fd, 0, KMQ_SELECT_EQUAL, 2));
	put(fd, 1, 0, "barred");
	CHECK_EQ(events_of(epoll, 0), 0);
	put(fd, 2, 0, "admitted");
	CHECK_EQ(events_of(epoll, 0), EPOLLIN);
}

TEST(ONESHOT_tells_once_until_rearmed)
{
	int fd = QUEUE(.capacity = 8), epoll = watch(fd, EPOLLIN | EPOLLONESHOT);
	struct epoll_event again = { .events = EPOLLIN | EPOLLONESHOT };

	put(fd, 1, 0, "one");
	CHECK_EQ(events_of(epoll, 0), EPOLLIN);
	put(fd, 1, 0, "two");
	CHECK_EQ(events_of(epoll, 0), 0);
	CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &again));
	CHECK_EQ(events_of(epoll, 0), EPOLLIN);
}

TEST(an_exclusive_watcher_is_woken_for_a_message)
{
	enum { COUNT = 3 };
	int fd = QUEUE(.capacity = 8);
	pid_t watchers[COUNT];

	for (int i = 0; i < COUNT; i++) {
		CHILD(watchers[i]) {
			int epoll = watch(fd, EPOLLIN | EPOLLEXCLUSIVE);

			CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
			for (;;) {
				char byte;

				CHECK_EQ(events_of(epoll, 50000), EPOLLIN);
				if (read(fd, &byte, 1) == 1)
					break;
				CHECK_EQ(errno, EAGAIN);
			}
		}
		wait_asleep(watchers[i]);
	}
	pause_ms(20);
	for (int i = 0; i < COUNT; i++) {
		put(fd, 1, 0, "x");
		WAIT_UNTIL(info_of(fd).queued == 0);
	}
	for (int i = 0; i < COUNT; i++)
		child_join(watchers[i]);
	EXPECT_LEDGER(fd, .sent = COUNT, .received = COUNT);
}

TEST(an_exclusive_watcher_that_may_not_read_does_not_cost_another_its_message)
{
	char name[KMQ_NAME_SIZE];
	int fd = queue_named(name, (struct kmq_create){ .capacity = 8 });
	pid_t watchers[2];

	for (int i = 0; i < 2; i++) {
		CHILD(watchers[i]) {
			int own = queue_open(name, O_RDWR);
			int epoll;

			CHECK_OK(set_filter(own, 0, KMQ_SELECT_EQUAL, i + 1));
			epoll = watch(own, EPOLLIN | EPOLLEXCLUSIVE);
			CHECK_EQ(events_of(epoll, 20000), EPOLLIN);
		}
		wait_asleep(watchers[i]);
	}
	pause_ms(20);
	put(fd, 2, 0, "for the second");
	child_join(watchers[1]);
	put(fd, 1, 0, "for the first");
	child_join(watchers[0]);
	CHECK_OK(queue_remove(name));
}

TEST(a_new_filter_wakes_who_polls_through_the_descriptor)
{
	int fd = QUEUE(.capacity = 8);
	pid_t poller;

	CHECK_OK(set_filter(fd, 0, KMQ_SELECT_EQUAL, 1));
	put(fd, 2, 0, "barred, for now");
	CHILD(poller) {
		struct pollfd waits = { .fd = fd, .events = POLLIN };

		CHECK_EQ(CHECK_OK(poll(&waits, 1, 20000)), 1);
		CHECK_EQ(waits.revents, POLLIN);
	}
	wait_asleep(poller);
	CHECK_OK(set_filter(fd, 0, KMQ_SELECT_EQUAL, 2));
	child_join(poller);
}

TEST(removal_is_HUP_and_ERR_for_every_kind_of_watcher)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 2);
	int level = watch(fd, EPOLLIN), edge = watch(fd, EPOLLOUT | EPOLLET);

	put(fd, 1, 0, "left");
	CHECK_EQ(events_of(edge, 0), EPOLLOUT);
	CHECK_EQ(events_of(edge, 0), 0);
	CHECK_OK(queue_remove(name));
	CHECK_EQ(events_of(level, 0) & (EPOLLHUP | EPOLLERR), EPOLLHUP | EPOLLERR);
	CHECK_EQ(events_of(edge, 0) & (EPOLLHUP | EPOLLERR), EPOLLHUP | EPOLLERR);
	CHECK_EQ(poll_now(fd) & (POLLHUP | POLLERR), POLLHUP | POLLERR);
}

TEST(a_message_raises_SIGIO)
{
	int fd = QUEUE(.capacity = 4);
	struct timespec patience = { .tv_sec = 40 };
	siginfo_t signal_info;
	sigset_t set;
	pid_t writer;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, SIGRTMIN);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	CHECK_OK(fcntl(fd, F_SETOWN, getpid()));
	CHECK_OK(fcntl(fd, F_SETFL, O_ASYNC));
	CHILD(writer)
		put(fd, 1, 0, "signal");
	CHECK_EQ(CHECK_OK(sigtimedwait(&set, &signal_info, &patience)), SIGIO);
	child_join(writer);
	take(fd, "signal");

	/* With a signal of one's own it says what and where. */
	patience.tv_sec = 0;
	while (sigtimedwait(&set, &signal_info, &patience) > 0)
		;
	patience.tv_sec = 40;
	CHECK_OK(fcntl(fd, F_SETSIG, SIGRTMIN));
	put(fd, 1, 0, "again");
	CHECK_EQ(CHECK_OK(sigtimedwait(&set, &signal_info, &patience)), SIGRTMIN);
	CHECK_EQ(signal_info.si_fd, fd);
	CHECK(signal_info.si_band & POLLIN);

	/* And no more after it was asked to stop. */
	CHECK_OK(fcntl(fd, F_SETFL, 0));
	patience.tv_sec = 0;
	while (sigtimedwait(&set, &signal_info, &patience) > 0)
		;
	put(fd, 1, 0, "silent");
	CHECK_ERRNO(sigtimedwait(&set, &signal_info, &patience), EAGAIN);
}

TEST(a_closed_descriptor_leaves_no_watcher_behind)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 4), watched = queue_open(name, O_RDWR);
	int epoll = watch(watched, EPOLLIN);

	CHECK_OK(fcntl(watched, F_SETOWN, getpid()));
	CHECK_OK(fcntl(watched, F_SETFL, O_ASYNC));
	close(watched);
	/* SIGIO is still deadly here. */
	put(fd, 1, 0, "nobody listens");
	CHECK_EQ(events_of(epoll, 0), 0);
}
