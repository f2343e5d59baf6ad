// SPDX-License-Identifier: GPL-2.0-only
/* Selection by type, and the filter of a descriptor. */
#include "kmq_test.h"

/* Types 1 to 5, two priorities, told apart by their text. */
static int mixed_queue(void)
{
	int fd = QUEUE(.capacity = 32);

	put(fd, 3, 0, "3 low a");
	put(fd, 1, 0, "1 low a");
	put(fd, 5, 7, "5 high");
	put(fd, 3, 2, "3 mid");
	put(fd, 2, 0, "2 low");
	put(fd, 3, 0, "3 low b");
	put(fd, 1, 0, "1 low b");
	return fd;
}

static void expect(int fd, __u32 select, __s64 type, const char *text)
{
	struct received received;

	if (receive_type(fd, KMQ_DONTWAIT, select, type, &received))
		FAIL("expected \"%s\": %s", text, strerrorname_np(errno));
	CHECK_TEXT(received.body, received.message.size, text);
	info_of(fd);
}

static void expect_none(int fd, __u32 select, __s64 type)
{
	struct received received;

	CHECK_ERRNO(receive_type(fd, KMQ_DONTWAIT, select, type, &received), EAGAIN);
}

TEST(EQUAL_takes_that_type_by_priority_then_arrival)
{
	int fd = mixed_queue();

	expect(fd, KMQ_SELECT_EQUAL, 3, "3 mid");
	expect(fd, KMQ_SELECT_EQUAL, 3, "3 low a");
	expect(fd, KMQ_SELECT_EQUAL, 3, "3 low b");
	expect_none(fd, KMQ_SELECT_EQUAL, 3);
	expect_none(fd, KMQ_SELECT_EQUAL, 4);
	expect(fd, KMQ_SELECT_EQUAL, 2, "2 low");
	EXPECT_LEDGER(fd, .sent = 7, .received = 4, .queued = 3);
}

TEST(NOT_EQUAL_takes_any_other_type_by_priority_then_arrival)
{
	int fd = mixed_queue();

	expect(fd, KMQ_SELECT_NOT_EQUAL, 5, "3 mid");
	expect(fd, KMQ_SELECT_NOT_EQUAL, 5, "3 low a");
	expect(fd, KMQ_SELECT_NOT_EQUAL, 3, "5 high");
	expect(fd, KMQ_SELECT_NOT_EQUAL, 3, "1 low a");
	expect(fd, KMQ_SELECT_NOT_EQUAL, 77, "2 low");
	expect(fd, KMQ_SELECT_NOT_EQUAL, 1, "3 low b");
	expect_none(fd, KMQ_SELECT_NOT_EQUAL, 1);
	expect(fd, KMQ_SELECT_NOT_EQUAL, 2, "1 low b");
	expect_empty(fd);
}

TEST(LOWEST_takes_the_lowest_type_whatever_the_priority_of_others)
{
	int fd = mixed_queue();

	expect(fd, KMQ_SELECT_LOWEST, 5, "1 low a");
	expect(fd, KMQ_SELECT_LOWEST, 1, "1 low b");
	expect_none(fd, KMQ_SELECT_LOWEST, 1);
	expect(fd, KMQ_SELECT_LOWEST, INT64_MAX, "2 low");
	expect_none(fd, KMQ_SELECT_LOWEST, 2);
	expect(fd, KMQ_SELECT_LOWEST, 3, "3 mid");
	expect(fd, KMQ_SELECT_LOWEST, 4, "3 low a");
	expect(fd, KMQ_SELECT_LOWEST, 5, "3 low b");
	expect_none(fd, KMQ_SELECT_LOWEST, 4);
	expect(fd, KMQ_SELECT_LOWEST, 5, "5 high");
	expect_empty(fd);
}

TEST(ANY_and_an_unset_filter_take_what_order_says)
{
	int fd = mixed_queue();

	expect(fd, KMQ_SELECT_ANY, 0, "5 high");
	expect(fd, KMQ_SELECT_FILTER, 0, "3 mid");
	expect(fd, KMQ_SELECT_ANY, 0, "3 low a");
	expect_read(fd, "1 low a");
}

TEST(the_largest_types_are_told_apart)
{
	int fd = QUEUE(.capacity = 4);

	put(fd, INT64_MAX, 0, "max");
	put(fd, INT64_MAX - 1, 0, "max - 1");
	put(fd, 1ll << 32, 0, "2^32");
	expect_none(fd, KMQ_SELECT_EQUAL, 1);
	expect_none(fd, KMQ_SELECT_LOWEST, (1ll << 32) - 1);
	expect(fd, KMQ_SELECT_LOWEST, 1ll << 32, "2^32");
	expect(fd, KMQ_SELECT_EQUAL, INT64_MAX - 1, "max - 1");
	expect(fd, KMQ_SELECT_LOWEST, INT64_MAX, "max");
}

TEST(a_type_that_came_and_went_is_selected_no_more)
{
	int fd = QUEUE(.capacity = 4);

	for (int i = 0; i < 20; i++) {
		put(fd, 2, 0, "here");
		expect(fd, KMQ_SELECT_EQUAL, 2, "here");
		expect_none(fd, KMQ_SELECT_EQUAL, 2);
		expect_none(fd, KMQ_SELECT_LOWEST, 2);
		expect_none(fd, KMQ_SELECT_NOT_EQUAL, 9);
	}
}

TEST(many_types_are_each_found)
{
	enum { COUNT = 2000 };
	int fd = QUEUE(.capacity = COUNT, .inline_size = 8);
	struct received received;

	for (__s64 i = 0; i < COUNT; i++) {
		__s64 type = i * 701 % COUNT + 1;

		CHECK_OK(send_body(fd, KMQ_DONTWAIT, type, 0, &type, sizeof(type)));
	}
	for (__s64 type = 2; type <= COUNT; type += 2) {
		CHECK_OK(receive_type(fd, KMQ_DONTWAIT, KMQ_SELECT_EQUAL, type, &received));
		CHECK_EQ(received.message.type, type);
		CHECK(!memcmp(received.body, &type, sizeof(type)));
	}
	for (__s64 type = 1; type < COUNT; type += 2) {
		CHECK_OK(receive_type(fd, KMQ_DONTWAIT, KMQ_SELECT_LOWEST, INT64_MAX, &received));
		CHECK_EQ(received.message.type, type);
	}
	expect_empty(fd);
}

TEST(a_filter_rules_read_poll_and_FIONREAD)
{
	int fd = QUEUE(.capacity = 8, .flags = KMQ_CREATE_NONBLOCK);
	char byte;

	CHECK_OK(set_filter(fd, 0, KMQ_SELECT_EQUAL, 2));
	put(fd, 1, 9, "one");
	CHECK_EQ(poll_now(fd), POLLOUT);
	CHECK_EQ(queued_size(fd), 0);
	CHECK_ERRNO(read(fd, &byte, 1), EAGAIN);
	expect_none(fd, KMQ_SELECT_FILTER, 0);

	put(fd, 2, 0, "second");
	CHECK_EQ(poll_now(fd), POLLIN | POLLOUT);
	CHECK_EQ(queued_size(fd), 6);
	expect_read(fd, "second");
	CHECK_EQ(poll_now(fd), POLLOUT);
	/* A receive that says what it wants is not ruled by it. */
	expect(fd, KMQ_SELECT_ANY, 0, "one");
}

TEST(a_filter_of_every_kind_rules_read)
{
	int fd = mixed_queue();

	CHECK_OK(set_filter(fd, 0, KMQ_SELECT_NOT_EQUAL, 5));
	expect_read(fd, "3 mid");
	CHECK_OK(set_filter(fd, 0, KMQ_SELECT_LOWEST, 2));
	expect_read(fd, "1 low a");
	expect_read(fd, "1 low b");
	expect_read(fd, "2 low");
	CHECK_EQ(poll_now(fd), POLLOUT);
	CHECK_EQ(queued_size(fd), 0);
	CHECK_OK(set_filter(fd, 0, KMQ_SELECT_LOWEST, 3));
	expect(fd, KMQ_SELECT_FILTER, 0, "3 low a");
	CHECK_OK(set_filter(fd, 0, KMQ_SELECT_ANY, 0));
	expect_read(fd, "5 high");
	CHECK_OK(set_filter(fd, 0, KMQ_SELECT_FILTER, 0));
	expect_read(fd, "3 low b");
}

TEST(a_filter_is_told_as_set_and_ANY_without_one)
{
	int fd = QUEUE(.capacity = 8);
	struct kmq_descriptor descriptor = descriptor_of(fd);

	CHECK(descriptor.select == KMQ_SELECT_ANY || descriptor.select == KMQ_SELECT_FILTER);
	CHECK_EQ(descriptor.select_type, 0);
	CHECK_EQ(descriptor.flags, 0);
	CHECK_EQ(descriptor.last_size, 0);
	CHECK_EQ(descriptor.leases, 0);
	CHECK_OK(set_filter(fd, KMQ_DESCRIPTOR_TRUNCATE, KMQ_SELECT_LOWEST, 9));
	descriptor = descriptor_of(fd);
	CHECK_EQ(descriptor.select, KMQ_SELECT_LOWEST);
	CHECK_EQ(descriptor.select_type, 9);
	CHECK_EQ(descriptor.flags, KMQ_DESCRIPTOR_TRUNCATE);
}

TEST(a_filter_is_of_the_open_file_description)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 8);
	int other = queue_open(name, O_RDONLY);
	int copy = CHECK_OK(dup(fd));

	CHECK_OK(set_filter(fd, 0, KMQ_SELECT_EQUAL, 2));
	put(fd, 1, 0, "one");
	CHECK_EQ(poll_now(copy), POLLOUT);
	CHECK(poll_now(other) & POLLIN);
	CHECK_EQ(descriptor_of(copy).select_type, 2);
	CHECK_EQ(descriptor_of(other).select_type, 0);
	expect_read(other, "one");
}

TEST(a_changed_filter_wakes_a_poller_that_it_makes_ready)
{
	int fd = QUEUE(.capacity = 8);
	pid_t poller;

	CHECK_OK(set_filter(fd, 0, KMQ_SELECT_EQUAL, 2));
	put(fd, 1, 0, "one");
	CHILD(poller) {
		struct pollfd entry = { .fd = fd, .events = POLLIN };

		CHECK_EQ(CHECK_OK(poll(&entry, 1, 40000)), 1);
		CHECK_EQ(entry.revents, POLLIN);
	}
	wait_asleep(poller);
	pause_ms(20);
	CHECK_OK(set_filter(fd, 0, KMQ_SELECT_ANY, 0));
	child_join(poller);
}

static pid_t start_receiver(int fd, __u32 select, __s64 type, __s64 expected)
{
	pid_t pid;

	CHILD(pid) {
		struct received received;

		CHECK_OK(receive_type(fd, 0, select, type, &received));
		CHECK_EQ(received.message.type, expected);
	}
	return pid;
}

TEST(a_message_wakes_the_receiver_that_selects_it_and_no_other)
{
	int fd = QUEUE(.capacity = 8);
	pid_t receivers[5];

	for (int i = 1; i < 5; i++) {
		receivers[i] = start_receiver(fd, KMQ_SELECT_EQUAL, i, i);
		wait_blocked_receivers(fd, i);
	}
	for (int i = 4; i > 0; i--) {
		put(fd, i, 0, "yours");
		child_join(receivers[i]);
		CHECK_EQ(info_of(fd).blocked_receivers, i - 1);
		EXPECT_LEDGER(fd, .sent = 5 - i, .received = 5 - i);
	}
}

TEST(a_message_that_no_blocked_receiver_selects_stays)
{
	int fd = QUEUE(.capacity = 8);
	pid_t equal = start_receiver(fd, KMQ_SELECT_EQUAL, 4, 4);
	pid_t lowest, other;

	wait_blocked_receivers(fd, 1);
	lowest = start_receiver(fd, KMQ_SELECT_LOWEST, 2, 2);
	wait_blocked_receivers(fd, 2);
	put(fd, 3, 0, "for neither");
	CHECK_EQ(poll_now(fd), POLLIN | POLLOUT);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	CHECK_EQ(info_of(fd).blocked_receivers, 2);

	put(fd, 2, 0, "lowest");
	child_join(lowest);
	CHECK_EQ(info_of(fd).blocked_receivers, 1);
	other = start_receiver(fd, KMQ_SELECT_NOT_EQUAL, 3, 4);
	wait_blocked_receivers(fd, 2);
	put(fd, 4, 0, "one of two");
	put(fd, 4, 0, "two of two");
	child_join(equal);
	child_join(other);
	take(fd, "for neither");
	EXPECT_LEDGER(fd, .sent = 4, .received = 4);
}

TEST(a_burst_reaches_every_blocked_receiver)
{
	enum { COUNT = 12 };
	int fd = QUEUE(.capacity = 32);
	struct kmq_message messages[COUNT] = {};
	struct kmq_batch batch = { .messages = ptr(messages), .count = COUNT };
	pid_t receivers[COUNT];

	for (int i = 0; i < COUNT; i++) {
		receivers[i] = start_receiver(fd, KMQ_SELECT_EQUAL, i % 4 + 1, i % 4 + 1);
		messages[i].type = (COUNT - i) % 4 + 1;
	}
	wait_blocked_receivers(fd, COUNT);
	CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_SEND_BATCH, &batch)), COUNT);
	for (int i = 0; i < COUNT; i++)
		child_join(receivers[i]);
	EXPECT_LEDGER(fd, .sent = COUNT, .received = COUNT);
}

TEST(a_receiver_killed_in_its_sleep_costs_nobody_a_message)
{
	int fd = QUEUE(.capacity = 8);
	pid_t first = start_receiver(fd, KMQ_SELECT_ANY, 0, 1), second;

	wait_blocked_receivers(fd, 1);
	second = start_receiver(fd, KMQ_SELECT_EQUAL, 1, 1);
	wait_blocked_receivers(fd, 2);
	child_kill(first);
	wait_blocked_receivers(fd, 1);
	put(fd, 1, 0, "for the living");
	child_join(second);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
}

TEST(a_receiver_killed_while_a_message_arrives_takes_none_along)
{
	int fd = QUEUE(.capacity = 4);

	for (int i = 0; i < 50; i++) {
		struct received received;
		pid_t victim;

		CHILD(victim) {
			receive_any(fd, 0, &received);
			pause();
		}
		wait_blocked_receivers(fd, 1);
		if (i & 1) {
			put(fd, 1, 0, "raced for");
			child_kill(victim);
		} else {
			child_kill(victim);
			put(fd, 1, 0, "raced for");
		}
		/* It is here, unless the victim was quicker. */
		if (!receive_any(fd, KMQ_DONTWAIT, &received))
			CHECK_TEXT(received.body, received.message.size, "raced for");
		else
			CHECK(errno == EAGAIN && (i & 1));
		EXPECT_LEDGER(fd, .sent = i + 1, .received = i + 1);
	}
}

TEST(random_selections_lose_and_double_nothing)
{
	enum { READERS = 4, COUNT = 600 };
	int fd = QUEUE(.capacity = 8);
	pid_t readers[READERS], writer;

	/* Types 1 to 4 for as many readers, each with another kind of selection. */
	for (int i = 0; i < READERS; i++) {
		CHILD(readers[i]) {
			struct received received;
			int got = 0, last = -1, value;

			while (got < COUNT / READERS) {
				__s64 type = i + 1;

				CHECK_OK(receive_type(fd, 0, i == 0 ? KMQ_SELECT_LOWEST :
						      KMQ_SELECT_EQUAL, type, &received));
				CHECK_EQ(received.message.type, type);
				CHECK_EQ(received.message.size, sizeof(value));
				memcpy(&value, received.body, sizeof(value));
				CHECK(value > last);
				last = value;
				got++;
			}
		}
	}
	CHILD(writer)
		for (int i = 0; i < COUNT; i++)
			CHECK_OK(send_body(fd, 0, i * 7 % READERS + 1, 0, &i, sizeof(i)));
	child_join(writer);
	for (int i = 0; i < READERS; i++)
		child_join(readers[i]);
	EXPECT_LEDGER(fd, .sent = COUNT, .received = COUNT);
	CHECK_EQ(info_of(fd).blocked_receivers, 0);
}
