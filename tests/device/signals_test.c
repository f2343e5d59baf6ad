// SPDX-License-Identifier: GPL-2.0-only
/* Signals: what restarts, what is interrupted, and what deadlines make of it. */
#include <sys/mman.h>

#include "kmq_test.h"
#include "lib/disturb.h"

TEST(read_and_write_restart_where_the_handler_says_so)
{
	int fd = QUEUE(.capacity = 1);
	pid_t child;

	share_count();
	CHILD(child) {
		handle(SA_RESTART);
		expect_read(fd, "patient");
	}
	wait_blocked_receivers(fd, 1);
	disturb(fd, child, 3);
	put(fd, 1, 0, "patient");
	child_join(child);

	put(fd, 1, 0, "full");
	CHILD(child) {
		handle(SA_RESTART);
		CHECK_EQ(CHECK_OK(write(fd, "patient", 7)), 7);
	}
	wait_blocked_senders(fd, 1);
	disturb(fd, child, 3);
	take(fd, "full");
	child_join(child);
	take(fd, "patient");
	EXPECT_LEDGER(fd, .sent = 3, .received = 3);
}

TEST(read_and_write_are_EINTR_where_it_does_not)
{
	int fd = QUEUE(.capacity = 1);
	pid_t child;
	char byte;

	share_count();
	CHILD(child) {
		handle(0);
		CHECK_ERRNO(read(fd, &byte, 1), EINTR);
	}
	wait_blocked_receivers(fd, 1);
	CHECK_OK(kill(child, SIGUSR1));
	child_join(child);

	put(fd, 1, 0, "full");
	CHILD(child) {
		handle(0);
		CHECK_ERRNO(write(fd, "x", 1), EINTR);
	}
	wait_blocked_senders(fd, 1);
	CHECK_OK(kill(child, SIGUSR1));
	child_join(child);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	CHECK_EQ(info_of(fd).blocked_senders, 0);
}

TEST(send_and_receive_restart_where_the_handler_says_so)
{
	int fd = QUEUE(.capacity = 1);
	pid_t child;

	share_count();
	CHILD(child) {
		struct received received;

		handle(SA_RESTART);
		CHECK_OK(receive_type(fd, KMQ_LEASE, KMQ_SELECT_EQUAL, 2, &received));
		CHECK_TEXT(received.body, received.message.size, "patient");
		CHECK_OK(ack(fd, received.message.sequence));
	}
	wait_blocked_receivers(fd, 1);
	disturb(fd, child, 2);
	put(fd, 2, 0, "patient");
	child_join(child);

	put(fd, 1, 0, "full");
	CHILD(child) {
		handle(SA_RESTART);
		CHECK_OK(send_body(fd, 0, 1, 0, "once", 4));
	}
	wait_blocked_senders(fd, 1);
	disturb(fd, child, 2);
	take(fd, "full");
	child_join(child);
	take(fd, "once");
	EXPECT_LEDGER(fd, .sent = 3, .received = 3);
}

TEST(send_and_receive_are_EINTR_where_it_does_not)
{
	int fd = QUEUE(.capacity = 1);
	pid_t child;

	share_count();
	CHILD(child) {
		struct received received;

		handle(0);
		CHECK_ERRNO(receive_any(fd, 0, &received), EINTR);
	}
	wait_blocked_receivers(fd, 1);
	CHECK_OK(kill(child, SIGUSR1));
	child_join(child);

	put(fd, 1, 0, "full");
	CHILD(child) {
		handle(0);
		CHECK_ERRNO(send_body(fd, 0, 1, 0, "x", 1), EINTR);
	}
	wait_blocked_senders(fd, 1);
	CHECK_OK(kill(child, SIGUSR1));
	child_join(child);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	/* It was neither refused nor too late. */
	CHECK_EQ(info_of(fd).rejected, 0);
}

TEST(batches_restart_or_are_EINTR_alike)
{
	int fd = QUEUE(.capacity = 1);
	char body[8];
	struct kmq_message message = { .body = ptr(body), .size = sizeof(body) };
	struct kmq_batch batch = {
		.select = KMQ_SELECT_ANY, .messages = ptr(&message), .count = 1,
	};
	pid_t child;

	share_count();
	CHILD(child) {
		handle(0);
		CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch), EINTR);
		handle(SA_RESTART);
		CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch)), 1);
		CHECK_EQ(message.size, 4);
	}
	wait_blocked_receivers(fd, 1);
	/* The first ends one call, the others do not end the next. */
	disturb(fd, child, 3);
	put(fd, 1, 0, "last");
	child_join(child);
}

TEST(a_deadline_survives_restarts_and_is_neither_shortened_nor_prolonged)
{
	int fd = QUEUE(.capacity = 1);
	uint64_t deadline = after_ms(15000);
	pid_t child;

	share_count();
	CHILD(child) {
		struct received received;

		handle(SA_RESTART);
		CHECK_ERRNO(receive_until(fd, deadline, &received), ETIMEDOUT);
		CHECK(now() >= deadline);
	}
	wait_blocked_receivers(fd, 1);
	disturb(fd, child, 5);
	/* A sleep that began anew with each signal would never end now. */
	while (now() < deadline + 20000000000ull && info_of(fd).blocked_receivers) {
		CHECK_OK(kill(child, SIGUSR1));
		pause_ms(100);
	}
	CHECK(now() < deadline + 20000000000ull);
	child_join(child);
}

TEST(a_deadline_without_SA_RESTART_is_EINTR)
{
	int fd = QUEUE(.capacity = 1);
	pid_t child;

	share_count();
	CHILD(child) {
		struct received received;

		handle(0);
		CHECK_ERRNO(receive_until(fd, after_ms(50000), &received), EINTR);
	}
	wait_blocked_receivers(fd, 1);
	CHECK_OK(kill(child, SIGUSR1));
	child_join(child);
}

TEST(a_stopped_and_continued_sleeper_sleeps_on)
{
	int fd = QUEUE(.capacity = 1);
	pid_t child;
	int status;

	CHILD(child)
		expect_read(fd, "after the stop");
	wait_blocked_receivers(fd, 1);
	CHECK_OK(kill(child, SIGSTOP));
	CHECK_EQ(CHECK_OK(waitpid(child, &status, WUNTRACED)), child);
	CHECK(WIFSTOPPED(status));
	CHECK_OK(kill(child, SIGCONT));
	wait_blocked_receivers(fd, 1);
	put(fd, 1, 0, "after the stop");
	child_join(child);
}

TEST(a_stopped_sleeper_delays_nobody_else)
{
	int fd = QUEUE(.capacity = 2);
	pid_t stopped, other;
	int status;

	CHILD(stopped)
		expect_read(fd, "for one");
	wait_blocked_receivers(fd, 1);
	CHECK_OK(kill(stopped, SIGSTOP));
	CHECK_EQ(CHECK_OK(waitpid(stopped, &status, WUNTRACED)), stopped);
	CHILD(other)
		expect_read(fd, "for one");
	wait_asleep(other);
	put(fd, 1, 0, "for one");
	put(fd, 1, 0, "for one");
	WAIT_UNTIL(info_of(fd).received >= 1);
	CHECK_OK(kill(stopped, SIGCONT));
	child_join(stopped);
	child_join(other);
	EXPECT_LEDGER(fd, .sent = 2, .received = 2);
}

TEST(a_fatal_signal_ends_every_sleep)
{
	int fd = QUEUE(.capacity = 1);
	struct received received;
	char byte = 'x';
	pid_t child;

	CHILD(child)
		_exit(read(fd, &byte, 1) < 0 ? 2 : 3);
	wait_blocked_receivers(fd, 1);
	child_kill(child);
	CHILD(child) {
		receive_until(fd, after_ms(100000), &received);
		abort();
	}
	wait_blocked_receivers(fd, 1);
	child_kill(child);
	CHECK_EQ(info_of(fd).blocked_receivers, 0);
	put(fd, 1, 0, "full");
	CHILD(child) {
		send_body(fd, 0, 1, 0, "x", 1);
		abort();
	}
	wait_blocked_senders(fd, 1);
	child_kill(child);
	CHECK_EQ(info_of(fd).blocked_senders, 0);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
}

TEST(a_storm_of_signals_loses_and_doubles_nothing)
{
	enum { COUNT = 400 };
	int fd = QUEUE(.capacity = 2);
	pid_t reader, writer;

	share_count();
	/* Inherited, so that no signal comes before it is handled. */
	handle(SA_RESTART);
	CHILD(reader) {
		for (int i = 0; i < COUNT; i++) {
			int value = -1;

			CHECK_EQ(CHECK_OK(read(fd, &value, sizeof(value))), sizeof(value));
			CHECK_EQ(value, i);
		}
	}
	handle(0);
	CHILD(writer) {
		for (int i = 0; i < COUNT; i++)
			while (write(fd, &i, sizeof(i)) < 0)
				CHECK_EQ(errno, EINTR);
	}
	while (info_of(fd).sent < COUNT) {
		kill(reader, SIGUSR1);
		kill(writer, SIGUSR1);
	}
	child_join(reader);
	child_join(writer);
	EXPECT_LEDGER(fd, .sent = COUNT, .received = COUNT);
}
