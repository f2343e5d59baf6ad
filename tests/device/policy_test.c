// SPDX-License-Identifier: GPL-2.0-only
/* Overload: block, reject, drop the newest, drop the oldest; purge and resize. */
#include "kmq_test.h"

TEST(reject_is_EAGAIN_at_once_even_for_a_sender_that_would_wait)
{
	int fd = QUEUE(.capacity = 1, .policy = KMQ_POLICY_REJECT);

	put(fd, 1, 0, "only");
	CHECK_ERRNO(write(fd, "x", 1), EAGAIN);
	CHECK_ERRNO(send_body(fd, 0, 1, 0, "x", 1), EAGAIN);
	CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, 0, "x", 1), EAGAIN);
	CHECK_EQ(info_of(fd).rejected, 3);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	expect_read(fd, "only");
	CHECK_OK(write(fd, "x", 1));
	EXPECT_LEDGER(fd, .sent = 2, .received = 1, .queued = 1);
}

TEST(block_is_the_default_and_drops_nothing)
{
	int fd = QUEUE(.capacity = 1);

	put(fd, 1, 0, "only");
	CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, 0, "x", 1), EAGAIN);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	CHECK_EQ(take(fd, "only").message.lost, 0);
}

TEST(drop_newest_accepts_and_drops_what_does_not_fit)
{
	int fd = QUEUE(.capacity = 2, .policy = KMQ_POLICY_DROP_NEWEST);
	struct received received;

	CHECK_EQ(put(fd, 1, 0, "one"), 1);
	CHECK_EQ(put(fd, 1, 0, "two"), 2);
	CHECK_EQ(put(fd, 1, 9, "three"), 0);
	CHECK_EQ(CHECK_OK(write(fd, "four", 4)), 4);
	EXPECT_LEDGER(fd, .sent = 4, .queued = 2, .dropped = 2);
	CHECK_EQ(info_of(fd).rejected, 0);
	CHECK_EQ(info_of(fd).bytes, 6);
	received = take(fd, "one");
	CHECK_EQ(received.message.lost, 2);
	CHECK_EQ(take(fd, "two").message.lost, 0);
	/* Its place among all that were accepted. */
	CHECK_EQ(put(fd, 1, 0, "five"), 5);
	CHECK_EQ(take(fd, "five").message.lost, 0);
	EXPECT_LEDGER(fd, .sent = 5, .received = 3, .dropped = 2);
}

TEST(drop_oldest_drops_the_longest_queued_whatever_its_priority)
{
	int fd = QUEUE(.capacity = 3, .policy = KMQ_POLICY_DROP_OLDEST);

	CHECK_EQ(put(fd, 1, 9, "one"), 1);
	put(fd, 2, 0, "two");
	put(fd, 3, 5, "three");
	CHECK_EQ(put(fd, 1, 0, "four"), 4);
	EXPECT_LEDGER(fd, .sent = 4, .queued = 3, .dropped = 1);
	put(fd, 1, 0, "five");
	EXPECT_LEDGER(fd, .sent = 5, .queued = 3, .dropped = 2);
	CHECK_EQ(take(fd, "three").message.lost, 2);
	CHECK_EQ(take(fd, "four").message.lost, 0);
	take(fd, "five");
	expect_empty(fd);
	EXPECT_LEDGER(fd, .sent = 5, .received = 3, .dropped = 2);
}

TEST(drop_oldest_makes_room_in_bytes_too)
{
	int fd = QUEUE(.capacity = 10, .max_message = 10, .byte_limit = 12,
		       .policy = KMQ_POLICY_DROP_OLDEST);

	put(fd, 1, 0, "1111");
	put(fd, 1, 0, "2222");
	put(fd, 1, 0, "3333");
	EXPECT_LEDGER(fd, .sent = 3, .queued = 3);
	put(fd, 1, 0, "55555");
	EXPECT_LEDGER(fd, .sent = 4, .queued = 2, .dropped = 2);
	CHECK_EQ(info_of(fd).bytes, 9);
	take(fd, "3333");
	take(fd, "55555");
}

TEST(drop_oldest_leaves_leases_alone)
{
	int fd = QUEUE(.capacity = 2, .policy = KMQ_POLICY_DROP_OLDEST);
	struct received received;

	put(fd, 1, 0, "leased");
	CHECK_OK(receive_any(fd, KMQ_LEASE, &received));
	put(fd, 1, 0, "older");
	put(fd, 1, 0, "newer");
	EXPECT_LEDGER(fd, .sent = 3, .leased = 1, .queued = 1, .dropped = 1);
	CHECK_OK(nack(fd, 1));
	take(fd, "leased");
	take(fd, "newer");
}

TEST(a_loss_is_told_once_and_to_one_reader)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 2, .policy = KMQ_POLICY_DROP_OLDEST);
	int other = queue_open(name, O_RDWR);

	for (int i = 0; i < 5; i++)
		put(fd, 1, 0, "m");
	CHECK_EQ(take(other, "m").message.lost, 3);
	CHECK_EQ(take(fd, "m").message.lost, 0);
	for (int i = 0; i < 3; i++)
		put(fd, 1, 0, "n");
	CHECK_EQ(take(fd, "n").message.lost, 1);
}

TEST(a_loss_that_read_cannot_tell_waits_for_a_receive_that_can)
{
	int fd = QUEUE(.capacity = 2, .policy = KMQ_POLICY_DROP_OLDEST);

	for (int i = 0; i < 5; i++)
		put(fd, 1, 0, "m");
	expect_read(fd, "m");
	CHECK_EQ(take(fd, "m").message.lost, 3);
}

TEST(a_loss_is_told_by_the_first_of_a_batch)
{
	int fd = QUEUE(.capacity = 2, .policy = KMQ_POLICY_DROP_OLDEST);
	char bodies[2][4];
	struct kmq_message messages[2] = {
		{ .body = ptr(bodies[0]), .size = 4 }, { .body = ptr(bodies[1]), .size = 4 },
	};
	struct kmq_batch batch = { .select = KMQ_SELECT_ANY, .messages = ptr(messages), .count = 2 };

	for (int i = 0; i < 6; i++)
		put(fd, 1, 0, "m");
	CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch)), 2);
	CHECK_EQ(messages[0].lost, 4);
	CHECK_EQ(messages[1].lost, 0);
}

TEST(a_receive_that_failed_has_told_no_loss)
{
	int fd = QUEUE(.capacity = 2, .policy = KMQ_POLICY_DROP_OLDEST);
	struct kmq_transfer transfer = {
		.select = KMQ_SELECT_ANY, .message = { .body = 8, .size = 16 },
	};

	for (int i = 0; i < 3; i++)
		put(fd, 1, 0, "m");
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, &transfer), EFAULT);
	transfer.message.size = 0;
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, &transfer), EMSGSIZE);
	CHECK_EQ(take(fd, "m").message.lost, 1);
}

TEST(a_lease_tells_the_loss_too)
{
	int fd = QUEUE(.capacity = 2, .policy = KMQ_POLICY_DROP_NEWEST);
	struct received received;

	for (int i = 0; i < 4; i++)
		put(fd, 1, 0, "m");
	CHECK_OK(receive_any(fd, KMQ_LEASE, &received));
	CHECK_EQ(received.message.lost, 2);
	CHECK_OK(nack(fd, received.message.sequence));
	CHECK_EQ(take(fd, "m").message.lost, 0);
}

TEST(a_message_that_can_never_fit_is_EMSGSIZE_under_every_policy)
{
	for (__u32 policy = KMQ_POLICY_BLOCK; policy <= KMQ_POLICY_DROP_OLDEST; policy++) {
		int fd = QUEUE(.capacity = 2, .max_message = 4, .policy = policy);

		CHECK_ERRNO(write(fd, "fives", 5), EMSGSIZE);
		EXPECT_LEDGER(fd);
		CHECK_EQ(info_of(fd).rejected, 0);
		close(fd);
	}
}

TEST(a_dropping_queue_is_always_writable)
{
	for (__u32 policy = KMQ_POLICY_DROP_NEWEST; policy <= KMQ_POLICY_DROP_OLDEST; policy++) {
		int fd = QUEUE(.capacity = 1, .policy = policy);

		CHECK_EQ(poll_now(fd), POLLOUT);
		put(fd, 1, 0, "full");
		CHECK_EQ(poll_now(fd), POLLIN | POLLOUT);
		close(fd);
	}
}

TEST(a_purge_throws_away_all_that_is_queued)
{
	int fd = QUEUE(.capacity = 4);
	__u64 purged;

	CHECK_OK(purge(fd, KMQ_SELECT_ANY, 0, &purged));
	CHECK_EQ(purged, 0);
	put(fd, 1, 0, "one");
	put(fd, 2, 9, "two");
	put(fd, 3, 0, "three");
	CHECK_OK(purge(fd, KMQ_SELECT_FILTER, 0, &purged));
	CHECK_EQ(purged, 3);
	EXPECT_LEDGER(fd, .sent = 3, .purged = 3);
	CHECK_EQ(info_of(fd).bytes, 0);
	CHECK_EQ(poll_now(fd), POLLOUT);
	expect_empty(fd);
}

TEST(a_purge_goes_by_selection)
{
	int fd = QUEUE(.capacity = 16);
	__u64 purged;

	for (int type = 1; type <= 5; type++) {
		put(fd, type, 0, "a");
		put(fd, type, 5, "bb");
	}
	CHECK_OK(purge(fd, KMQ_SELECT_EQUAL, 4, &purged));
	CHECK_EQ(purged, 2);
	CHECK_OK(purge(fd, KMQ_SELECT_EQUAL, 4, &purged));
	CHECK_EQ(purged, 0);
	/* LOWEST means here: all at or below. */
	CHECK_OK(purge(fd, KMQ_SELECT_LOWEST, 2, &purged));
	CHECK_EQ(purged, 4);
	EXPECT_LEDGER(fd, .sent = 10, .queued = 4, .purged = 6);
	CHECK_EQ(info_of(fd).bytes, 6);
	CHECK_OK(purge(fd, KMQ_SELECT_NOT_EQUAL, 3, &purged));
	CHECK_EQ(purged, 2);
	CHECK_EQ(take(fd, "bb").message.type, 3);
	CHECK_EQ(take(fd, "a").message.type, 3);
	EXPECT_LEDGER(fd, .sent = 10, .received = 2, .purged = 8);
}

TEST(a_purge_ignores_the_filter_of_the_descriptor)
{
	int fd = QUEUE(.capacity = 4);
	__u64 purged;

	put(fd, 1, 0, "one");
	put(fd, 2, 0, "two");
	CHECK_OK(set_filter(fd, 0, KMQ_SELECT_EQUAL, 1));
	CHECK_OK(purge(fd, KMQ_SELECT_FILTER, 0, &purged));
	CHECK_EQ(purged, 2);
}

TEST(a_purge_leaves_leases)
{
	int fd = QUEUE(.capacity = 4);
	struct received received;
	__u64 purged;

	put(fd, 1, 0, "leased");
	put(fd, 1, 0, "queued");
	CHECK_OK(receive_any(fd, KMQ_LEASE, &received));
	CHECK_OK(purge(fd, 0, 0, &purged));
	CHECK_EQ(purged, 1);
	EXPECT_LEDGER(fd, .sent = 2, .leased = 1, .purged = 1);
	CHECK_OK(nack(fd, 1));
	take(fd, "leased");
}

TEST(a_purge_wakes_blocked_senders)
{
	int fd = QUEUE(.capacity = 2);
	pid_t writers[2];

	put(fd, 1, 0, "one");
	put(fd, 1, 0, "two");
	for (int i = 0; i < 2; i++)
		CHILD(writers[i])
			CHECK_OK(write(fd, "new", 3));
	wait_blocked_senders(fd, 2);
	CHECK_OK(purge(fd, 0, 0, NULL));
	child_join(writers[0]);
	child_join(writers[1]);
	EXPECT_LEDGER(fd, .sent = 4, .purged = 2, .queued = 2);
}

static int resize(int fd, __u32 capacity, __u64 byte_limit)
{
	struct kmq_resize request = { .capacity = capacity, .byte_limit = byte_limit };

	return ioctl(fd, KMQ_IOC_RESIZE, &request);
}

TEST(a_larger_capacity_wakes_blocked_senders)
{
	int fd = QUEUE(.capacity = 1);
	pid_t writers[3];

	put(fd, 1, 0, "one");
	for (int i = 0; i < 3; i++)
		CHILD(writers[i])
			CHECK_OK(write(fd, "more", 4));
	wait_blocked_senders(fd, 3);
	CHECK_OK(resize(fd, 4, 0));
	for (int i = 0; i < 3; i++)
		child_join(writers[i]);
	EXPECT_LEDGER(fd, .sent = 4, .queued = 4);
	CHECK_EQ(info_of(fd).capacity, 4);
}

TEST(a_larger_byte_limit_wakes_blocked_senders)
{
	int fd = QUEUE(.capacity = 8, .max_message = 4, .byte_limit = 4);
	pid_t writer;

	put(fd, 1, 0, "four");
	CHILD(writer)
		CHECK_OK(write(fd, "more", 4));
	wait_blocked_senders(fd, 1);
	CHECK_OK(resize(fd, 0, 8));
	child_join(writer);
	CHECK_EQ(info_of(fd).byte_limit, 8);
	CHECK_EQ(info_of(fd).capacity, 8);
	EXPECT_LEDGER(fd, .sent = 2, .queued = 2);
}

TEST(a_smaller_capacity_loses_nothing_and_takes_no_more_until_drained)
{
	int fd = QUEUE(.capacity = 8, .flags = KMQ_CREATE_NONBLOCK);

	for (int i = 0; i < 6; i++) {
		char text[2] = { '0' + i };

		put(fd, 1, 0, text);
	}
	CHECK_OK(resize(fd, 2, 0));
	CHECK_EQ(info_of(fd).capacity, 2);
	EXPECT_LEDGER(fd, .sent = 6, .queued = 6);
	for (int i = 0; i < 6; i++) {
		char text[2] = { '0' + i };

		if (i < 5) {
			CHECK_ERRNO(write(fd, "x", 1), EAGAIN);
			CHECK(!(poll_now(fd) & POLLOUT));
		}
		expect_read(fd, text);
	}
	put(fd, 1, 0, "a");
	put(fd, 1, 0, "b");
	CHECK_ERRNO(write(fd, "x", 1), EAGAIN);
}

TEST(a_smaller_byte_limit_loses_nothing)
{
	int fd = QUEUE(.capacity = 8, .max_message = 4, .byte_limit = 32,
		       .flags = KMQ_CREATE_NONBLOCK);

	for (int i = 0; i < 4; i++)
		put(fd, 1, 0, "four");
	CHECK_OK(resize(fd, 0, 4));
	EXPECT_LEDGER(fd, .sent = 4, .queued = 4);
	for (int i = 0; i < 4; i++) {
		CHECK_ERRNO(write(fd, "x", 1), EAGAIN);
		expect_read(fd, "four");
	}
	CHECK_EQ(CHECK_OK(write(fd, "four", 4)), 4);
}

TEST(a_capacity_is_resized_up_and_down_under_traffic_and_leases)
{
	int fd = QUEUE(.capacity = 3);
	struct received received;
	static const __u32 capacities[] = { 100, 2, 7, 1, 64, 3 };

	put(fd, 1, 0, "leased");
	CHECK_OK(receive_any(fd, KMQ_LEASE, &received));
	for (int round = 0; round < 6; round++) {
		__u32 capacity = capacities[round];
		__u32 sent = 0;

		CHECK_OK(resize(fd, capacity, 0));
		while (!send_body(fd, KMQ_DONTWAIT, 1, 0, "x", 1))
			sent++;
		CHECK_EQ(errno, EAGAIN);
		CHECK_EQ(sent, capacity - 1);
		while (sent--)
			expect_read(fd, "x");
	}
	CHECK_OK(ack(fd, received.message.sequence));
}

TEST(a_resize_to_nothing_new_changes_nothing)
{
	int fd = QUEUE(.capacity = 3, .byte_limit = 10000);

	CHECK_OK(resize(fd, 0, 0));
	CHECK_EQ(info_of(fd).capacity, 3);
	CHECK_EQ(info_of(fd).byte_limit, 10000);
	CHECK_OK(resize(fd, 3, 10000));
	CHECK_EQ(info_of(fd).capacity, 3);
}

TEST(an_impossible_size_is_EINVAL)
{
	int fd = QUEUE(.capacity = 3, .max_message = 100);
	struct kmq_info before = info_of(fd), after;

	CHECK_ERRNO(resize(fd, KMQ_CAPACITY_MAX + 1, 0), EINVAL);
	CHECK_ERRNO(resize(fd, ~0u, 0), EINVAL);
	CHECK_ERRNO(resize(fd, 0, 99), EINVAL);
	CHECK_ERRNO(resize(fd, 0, KMQ_BYTE_LIMIT_MAX + 1), EINVAL);
	CHECK_ERRNO(resize(fd, 0, ~0ull), EINVAL);
	CHECK_ERRNO(resize(fd, 5, 99), EINVAL);
	after = info_of(fd);
	CHECK(!memcmp(&before, &after, sizeof(before)));
}

TEST(only_the_owner_or_CAP_SYS_ADMIN_resizes)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 3, .mode = 0666, .uid = 1000, .gid = 1000,
		       .flags = KMQ_CREATE_OWNER);
	pid_t child;

	CHILD(child) {
		become_user(1001);
		CHECK_ERRNO(resize(queue_open(name, O_RDWR), 5, 0), EPERM);
		CHECK_ERRNO(resize(fd, 5, 0), EPERM);
	}
	child_join(child);
	CHECK_EQ(info_of(fd).capacity, 3);
	CHILD(child) {
		become_user(1000);
		CHECK_OK(resize(queue_open(name, O_RDWR), 5, 0));
	}
	child_join(child);
	CHECK_EQ(info_of(fd).capacity, 5);
	CHECK_OK(resize(fd, 6, 0));
}

TEST(blocked_senders_are_served_in_order_of_arrival)
{
	enum { COUNT = 8 };
	int fd = QUEUE(.capacity = 1);
	pid_t writers[COUNT];
	char text[8];

	put(fd, 1, 0, "full");
	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "w%d", i);
		CHILD(writers[i])
			CHECK_OK(write(fd, text, strlen(text)));
		wait_blocked_senders(fd, i + 1);
	}
	take(fd, "full");
	for (int i = 0; i < COUNT; i++) {
		struct received received;

		snprintf(text, sizeof(text), "w%d", i);
		CHECK_OK(receive_any(fd, 0, &received));
		CHECK_TEXT(received.body, received.message.size, text);
		child_join(writers[i]);
	}
	EXPECT_LEDGER(fd, .sent = COUNT + 1, .received = COUNT + 1);
	CHECK_EQ(info_of(fd).peak, 1);
}

TEST(a_large_and_a_small_blocked_sender_both_get_their_turn)
{
	int fd = QUEUE(.capacity = 8, .max_message = 100, .byte_limit = 100);
	static char large[100];
	pid_t first, second;
	unsigned int sizes = 0;

	CHECK_OK(write(fd, large, 60));
	CHECK_OK(write(fd, large, 40));
	CHILD(first)
		CHECK_OK(write(fd, large, 100));
	wait_blocked_senders(fd, 1);
	CHILD(second)
		CHECK_OK(write(fd, large, 10));
	wait_blocked_senders(fd, 2);
	for (int i = 0; i < 4; i++)
		sizes += CHECK_OK(read(fd, large, 100));
	CHECK_EQ(sizes, 210);
	child_join(first);
	child_join(second);
	EXPECT_LEDGER(fd, .sent = 4, .received = 4);
	CHECK_EQ(info_of(fd).blocked_senders, 0);
}

TEST(a_stream_of_small_messages_does_not_starve_a_large_one)
{
	int fd = QUEUE(.capacity = 64, .max_message = 64, .byte_limit = 64);
	static char body[64];
	pid_t large, small;
	int read_large = 0;

	for (int i = 0; i < 8; i++)
		CHECK_OK(write(fd, body, 8));
	CHILD(large)
		CHECK_OK(write(fd, body, 64));
	wait_blocked_senders(fd, 1);
	CHILD(small)
		for (;;)
			CHECK_OK(write(fd, body, 8));
	wait_blocked_senders(fd, 2);
	for (int i = 0; i < 2000 && !read_large; i++)
		read_large = CHECK_OK(read(fd, body, 64)) == 64;
	CHECK(read_large);
	child_join(large);
	child_kill(small);
}

TEST(a_sender_killed_in_its_sleep_passes_its_turn_on)
{
	int fd = QUEUE(.capacity = 8, .max_message = 100, .byte_limit = 100);
	static char body[100];
	pid_t first, second;

	CHECK_OK(write(fd, body, 50));
	CHILD(first)
		CHECK_OK(write(fd, body, 100));
	wait_blocked_senders(fd, 1);
	CHILD(second) {
		CHECK_OK(write(fd, body, 50));
		CHECK_OK(write(fd, body, 51));
	}
	wait_blocked_senders(fd, 2);
	child_kill(first);
	/* Nothing was read; what stood behind the dead one fits. */
	WAIT_UNTIL(info_of(fd).blocked_senders == 1 && info_of(fd).bytes == 100);
	CHECK_EQ(CHECK_OK(read(fd, body, 100)), 50);
	CHECK_EQ(CHECK_OK(read(fd, body, 100)), 50);
	child_join(second);
	CHECK_EQ(CHECK_OK(read(fd, body, 100)), 51);
	EXPECT_LEDGER(fd, .sent = 3, .received = 3);
}

TEST(drop_oldest_drops_nothing_when_leases_hold_the_room)
{
	int fd = QUEUE(.capacity = 8, .max_message = 1000, .byte_limit = 1000,
		       .policy = KMQ_POLICY_DROP_OLDEST);
	static char body[1000];
	struct received received;

	CHECK_OK(send_body(fd, 0, 1, 0, body, 500));
	CHECK_OK(receive_any(fd, KMQ_LEASE, &received));
	CHECK_OK(send_body(fd, 0, 1, 0, body, 50));
	CHECK_OK(send_body(fd, 0, 1, 0, body, 50));
	/* 600 do not fit beside the lease, whatever is dropped. */
	CHECK_OK(send_body(fd, 0, 1, 0, body, 600));
	EXPECT_LEDGER(fd, .sent = 4, .queued = 2, .leased = 1, .dropped = 1);
	/* 450 do, once the oldest is gone. */
	CHECK_OK(send_body(fd, 0, 1, 0, body, 450));
	EXPECT_LEDGER(fd, .sent = 5, .queued = 2, .leased = 1, .dropped = 2);
}
