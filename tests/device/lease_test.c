// SPDX-License-Identifier: GPL-2.0-only
/* Leases: received, and to be confirmed. */
#include "kmq_test.h"

static struct received lease(int fd, const char *text)
{
	struct received received;

	if (receive_any(fd, KMQ_LEASE | KMQ_DONTWAIT, &received))
		FAIL("leasing \"%s\": %s", text, strerrorname_np(errno));
	CHECK_TEXT(received.body, received.message.size, text);
	info_of(fd);
	return received;
}

TEST(an_acked_lease_is_received_for_good)
{
	int fd = QUEUE(.capacity = 4);
	struct received received;

	put(fd, 1, 0, "work");
	received = lease(fd, "work");
	EXPECT_LEDGER(fd, .sent = 1, .leased = 1);
	CHECK_EQ(descriptor_of(fd).leases, 1);
	CHECK_EQ(received.message.redeliveries, 0);
	CHECK_OK(ack(fd, received.message.sequence));
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
	CHECK_EQ(descriptor_of(fd).leases, 0);
	CHECK_EQ(info_of(fd).bytes, 0);
	CHECK_EQ(info_of(fd).returned, 0);
}

TEST(a_leased_message_is_seen_by_nobody_else)
{
	int fd = QUEUE(.capacity = 4, .flags = KMQ_CREATE_NONBLOCK);
	struct received received;
	char byte;

	put(fd, 1, 0, "work");
	lease(fd, "work");
	CHECK_EQ(poll_now(fd), POLLOUT);
	CHECK_EQ(queued_size(fd), 0);
	CHECK_ERRNO(read(fd, &byte, 1), EAGAIN);
	CHECK_ERRNO(receive_any(fd, KMQ_PEEK, &received), EAGAIN);
	CHECK_ERRNO(receive_any(fd, KMQ_LEASE, &received), EAGAIN);
}

TEST(a_nacked_lease_comes_again_and_tells_how_often)
{
	int fd = QUEUE(.capacity = 4);

	put(fd, 1, 0, "work");
	for (unsigned int i = 0; i < 5; i++) {
		struct received received = lease(fd, "work");

		CHECK_EQ(received.message.redeliveries, i);
		CHECK_EQ(received.message.sequence, 1);
		CHECK_OK(nack(fd, 1));
		EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
		CHECK_EQ(info_of(fd).returned, i + 1);
	}
	CHECK_EQ(take(fd, "work").message.redeliveries, 5);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
}

TEST(a_returned_message_takes_its_old_place_in_the_order)
{
	int fd = QUEUE(.capacity = 8);

	put(fd, 1, 1, "first");
	put(fd, 1, 1, "second");
	put(fd, 1, 1, "third");
	lease(fd, "first");
	lease(fd, "second");
	put(fd, 1, 0, "last");
	put(fd, 1, 1, "fourth");
	put(fd, 1, 2, "urgent");
	CHECK_OK(nack(fd, 2));
	CHECK_OK(nack(fd, 1));
	EXPECT_LEDGER(fd, .sent = 6, .queued = 6);
	take(fd, "urgent");
	take(fd, "first");
	take(fd, "second");
	take(fd, "third");
	take(fd, "fourth");
	take(fd, "last");
}

TEST(a_returned_message_takes_its_old_place_in_its_type)
{
	int fd = QUEUE(.capacity = 8);
	struct received received;

	put(fd, 7, 0, "first");
	put(fd, 3, 0, "other");
	put(fd, 7, 0, "second");
	CHECK_OK(receive_type(fd, KMQ_LEASE, KMQ_SELECT_EQUAL, 7, &received));
	CHECK_OK(nack(fd, received.message.sequence));
	CHECK_OK(receive_type(fd, KMQ_DONTWAIT, KMQ_SELECT_EQUAL, 7, &received));
	CHECK_TEXT(received.body, received.message.size, "first");
	CHECK_EQ(received.message.redeliveries, 1);
	take(fd, "other");
	take(fd, "second");
}

TEST(a_message_keeps_its_sender_and_time_over_a_redelivery)
{
	int fd = QUEUE(.capacity = 4);
	struct received first, second;

	put(fd, 5, 6, "work");
	first = lease(fd, "work");
	CHECK_OK(nack(fd, 1));
	second = take(fd, "work");
	CHECK_EQ(second.message.time, first.message.time);
	CHECK_EQ(second.message.type, 5);
	CHECK_EQ(second.message.priority, 6);
	CHECK_EQ(second.message.pid, getpid());
}

TEST(closing_the_descriptor_returns_its_leases)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 4);
	int worker = queue_open(name, O_RDONLY);
	int copy = CHECK_OK(dup(worker));

	put(fd, 1, 0, "one");
	put(fd, 1, 0, "two");
	lease(worker, "one");
	lease(worker, "two");
	close(worker);
	EXPECT_LEDGER(fd, .sent = 2, .leased = 2);
	close(copy);
	EXPECT_LEDGER(fd, .sent = 2, .queued = 2);
	CHECK_EQ(info_of(fd).returned, 2);
	CHECK_EQ(take(fd, "one").message.redeliveries, 1);
	CHECK_EQ(take(fd, "two").message.redeliveries, 1);
}

TEST(the_death_of_a_holder_returns_its_lease_and_wakes_a_blocked_reader)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 4);
	pid_t holder, reader;

	put(fd, 1, 0, "inherited");
	CHILD(holder) {
		int own = queue_open(name, O_RDWR);

		lease(own, "inherited");
		pause();
	}
	WAIT_UNTIL(info_of(fd).leased == 1);
	CHILD(reader) {
		struct received received;

		CHECK_OK(receive_any(fd, 0, &received));
		CHECK_TEXT(received.body, received.message.size, "inherited");
		CHECK_EQ(received.message.redeliveries, 1);
	}
	wait_blocked_receivers(fd, 1);
	child_kill(holder);
	child_join(reader);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
	CHECK_EQ(info_of(fd).returned, 1);
}

TEST(a_return_is_an_edge_for_pollers)
{
	int fd = QUEUE(.capacity = 4);
	pid_t poller;

	put(fd, 1, 0, "back");
	lease(fd, "back");
	CHILD(poller) {
		struct pollfd entry = { .fd = fd, .events = POLLIN };

		CHECK_EQ(CHECK_OK(poll(&entry, 1, 40000)), 1);
		CHECK_EQ(entry.revents, POLLIN);
	}
	wait_asleep(poller);
	pause_ms(20);
	CHECK_OK(nack(fd, 1));
	child_join(poller);
}

TEST(a_lease_is_settled_once_and_by_its_descriptor_only)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 4);
	int other = queue_open(name, O_RDWR);

	put(fd, 1, 0, "mine");
	lease(fd, "mine");
	CHECK_ERRNO(ack(other, 1), ESRCH);
	CHECK_ERRNO(nack(other, 1), ESRCH);
	EXPECT_LEDGER(fd, .sent = 1, .leased = 1);
	CHECK_OK(ack(fd, 1));
	CHECK_ERRNO(ack(fd, 1), ESRCH);
	CHECK_ERRNO(nack(fd, 1), ESRCH);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
}

TEST(what_was_never_leased_cannot_be_settled)
{
	int fd = QUEUE(.capacity = 4);
	static const __u64 sequences[] = { 0, 1, 2, 3, ~0ull, 1ull << 32 | 1 };

	put(fd, 1, 0, "queued");
	put(fd, 1, 0, "received");
	take(fd, "queued");
	for (int i = 0; i < 6; i++) {
		CHECK_ERRNO(ack(fd, sequences[i]), ESRCH);
		CHECK_ERRNO(nack(fd, sequences[i]), ESRCH);
	}
	EXPECT_LEDGER(fd, .sent = 2, .received = 1, .queued = 1);
}

TEST(leases_are_settled_in_any_order)
{
	enum { COUNT = 40 };
	int fd = QUEUE(.capacity = COUNT);
	char text[8];

	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "m%d", i);
		put(fd, 1, 0, text);
	}
	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "m%d", i);
		lease(fd, text);
	}
	CHECK_EQ(descriptor_of(fd).leases, COUNT);
	for (int i = 0; i < COUNT; i++) {
		__u64 sequence = i * 17 % COUNT + 1;

		if (sequence % 3)
			CHECK_OK(ack(fd, sequence));
		else
			CHECK_OK(nack(fd, sequence));
		info_of(fd);
	}
	EXPECT_LEDGER(fd, .sent = COUNT, .received = COUNT - COUNT / 3, .queued = COUNT / 3);
	for (int i = 3; i <= COUNT; i += 3) {
		snprintf(text, sizeof(text), "m%d", i - 1);
		CHECK_EQ(take(fd, text).message.sequence, i);
	}
}

TEST(leases_count_in_the_capacity)
{
	int fd = QUEUE(.capacity = 2, .flags = KMQ_CREATE_NONBLOCK);
	pid_t writer;

	put(fd, 1, 0, "one");
	put(fd, 1, 0, "two");
	lease(fd, "one");
	CHECK_ERRNO(write(fd, "three", 5), EAGAIN);
	CHECK_EQ(poll_now(fd), POLLIN);
	CHECK_OK(fcntl(fd, F_SETFL, 0));
	CHILD(writer)
		CHECK_OK(write(fd, "three", 5));
	wait_blocked_senders(fd, 1);
	/* An ack makes room; a nack would not. */
	CHECK_OK(nack(fd, 1));
	CHECK_EQ(info_of(fd).blocked_senders, 1);
	lease(fd, "one");
	CHECK_OK(ack(fd, 1));
	child_join(writer);
	EXPECT_LEDGER(fd, .sent = 3, .received = 1, .queued = 2);
}

TEST(leases_count_in_the_byte_limit)
{
	int fd = QUEUE(.capacity = 8, .max_message = 10, .byte_limit = 10,
		       .flags = KMQ_CREATE_NONBLOCK);

	put(fd, 1, 0, "0123456789");
	lease(fd, "0123456789");
	CHECK_EQ(info_of(fd).bytes, 10);
	CHECK_ERRNO(write(fd, "x", 1), EAGAIN);
	CHECK_OK(ack(fd, 1));
	CHECK_EQ(info_of(fd).bytes, 0);
	CHECK_EQ(CHECK_OK(write(fd, "x", 1)), 1);
}

TEST(a_batch_leases_each_of_its_messages)
{
	int fd = QUEUE(.capacity = 8);
	struct kmq_message messages[4] = {};
	struct kmq_batch batch = {
		.flags = KMQ_LEASE | KMQ_DONTWAIT, .select = KMQ_SELECT_ANY,
		.messages = ptr(messages), .count = 4,
	};
	char bodies[4][8];

	for (int i = 0; i < 4; i++) {
		messages[i].body = ptr(bodies[i]);
		messages[i].size = sizeof(bodies[i]);
	}
	put(fd, 1, 0, "one");
	put(fd, 1, 0, "two");
	put(fd, 1, 0, "three");
	CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch)), 3);
	EXPECT_LEDGER(fd, .sent = 3, .leased = 3);
	CHECK_EQ(descriptor_of(fd).leases, 3);
	CHECK_EQ(messages[2].sequence, 3);
	CHECK_OK(ack(fd, 2));
	CHECK_OK(nack(fd, 3));
	CHECK_OK(nack(fd, 1));
	EXPECT_LEDGER(fd, .sent = 3, .received = 1, .queued = 2);
	take(fd, "one");
	take(fd, "three");
}

TEST(a_lease_waits_for_a_message)
{
	int fd = QUEUE(.capacity = 4);
	pid_t worker;

	CHILD(worker) {
		struct received received;

		CHECK_OK(receive_any(fd, KMQ_LEASE, &received));
		CHECK_TEXT(received.body, received.message.size, "task");
		EXPECT_LEDGER(fd, .sent = 1, .leased = 1);
		CHECK_OK(ack(fd, received.message.sequence));
	}
	wait_blocked_receivers(fd, 1);
	put(fd, 1, 0, "task");
	child_join(worker);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
}

TEST(a_forked_child_settles_a_lease_of_the_shared_descriptor)
{
	int fd = QUEUE(.capacity = 4);
	pid_t child;

	put(fd, 1, 0, "task");
	lease(fd, "task");
	CHILD(child)
		CHECK_OK(ack(fd, 1));
	child_join(child);
	CHECK_ERRNO(ack(fd, 1), ESRCH);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
}

TEST(settling_needs_no_room_in_a_queue_that_filled_up_meanwhile)
{
	int fd = QUEUE(.capacity = 2);

	put(fd, 1, 0, "one");
	lease(fd, "one");
	put(fd, 1, 0, "two");
	CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, 0, "x", 1), EAGAIN);
	CHECK_OK(nack(fd, 1));
	EXPECT_LEDGER(fd, .sent = 2, .queued = 2);
	take(fd, "one");
	take(fd, "two");
}

TEST(a_truncating_lease_gives_the_whole_message_back)
{
	int fd = QUEUE(.capacity = 2);
	char body[4];
	struct kmq_transfer transfer = {
		.flags = KMQ_LEASE | KMQ_TRUNCATE, .select = KMQ_SELECT_ANY,
		.message = { .body = ptr(body), .size = 2 },
	};

	put(fd, 1, 0, "whole");
	CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE, &transfer));
	CHECK_EQ(transfer.message.size, 2);
	CHECK_EQ(transfer.message.length, 5);
	CHECK_EQ(transfer.message.flags, KMQ_MESSAGE_TRUNCATED);
	CHECK_OK(nack(fd, 1));
	take(fd, "whole");
}

TEST(a_sleeping_receiver_gets_the_best_of_the_leases_that_come_back)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 8), holder = queue_open(name, O_RDWR);
	struct received received;
	pid_t receiver;

	put(fd, 1, 0, "arrived first");
	put(fd, 1, 9, "more urgent");
	CHECK_OK(receive_any(holder, KMQ_LEASE, &received));
	CHECK_OK(receive_any(holder, KMQ_LEASE, &received));
	CHILD(receiver) {
		close(holder);
		CHECK_OK(receive_any(fd, 0, &received));
		CHECK(!memcmp(received.body, "more urgent", 11));
	}
	wait_blocked_receivers(fd, 1);
	close(holder);
	child_join(receiver);
	take(fd, "arrived first");
	CHECK_OK(queue_remove(name));
}
