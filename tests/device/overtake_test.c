// SPDX-License-Identifier: GPL-2.0-only
/* Limits that are meant as they are, and senders that may be overtaken. */
#include <sys/stat.h>

#include "kmq_test.h"
#include "lib/netlink.h"

#define EXACTLY(...) QUEUE(.flags = KMQ_CREATE_EXACT, __VA_ARGS__)
/* Ten bytes, of as many messages as one likes. */
#define TEN_BYTES(...) QUEUE(.capacity = 64, .byte_limit = 10, .max_message = 10, __VA_ARGS__)

static const char text[] = "0123456789";

static int resize(int fd, __u32 flags, __u32 capacity, __u64 byte_limit)
{
	struct kmq_resize request = { .flags = flags, .capacity = capacity, .byte_limit = byte_limit };

	return ioctl(fd, KMQ_IOC_RESIZE, &request);
}

static int send_now(int fd, __u32 size)
{
	return send_body(fd, KMQ_DONTWAIT, 1, 0, text, size);
}

/* A child that sends @size bytes of type @size, and sleeps for room. */
static pid_t sleeper(int fd, __u32 size)
{
	unsigned int before = info_of(fd).blocked_senders;
	pid_t child;

	CHILD(child)
		CHECK_OK(send_body(fd, 0, size, 0, text, size));
	wait_blocked_senders(fd, before + 1);
	return child;
}

/* The next message has this many bytes. */
static void takes(int fd, __u32 size)
{
	struct received got;

	CHECK_OK(receive_any(fd, KMQ_DONTWAIT, &got));
	CHECK_EQ(got.message.length, size);
}

/* ---- KMQ_CREATE_EXACT ---- */

TEST(exact_zeros_are_no_defaults)
{
	int fd = EXACTLY(.capacity = 0);
	struct kmq_info info = info_of(fd);

	CHECK_EQ(info.capacity, 0);
	CHECK_EQ(info.byte_limit, 0);
	CHECK_EQ(info.max_message, 0);
	CHECK_EQ(info.mode, 0);
	CHECK_EQ(info.inline_size, KMQ_INLINE_DEFAULT);
}

TEST(exact_is_told_by_the_struct_that_comes_back)
{
	struct kmq_create create = { .flags = KMQ_CREATE_EXACT, .max_message = 9 };

	CHECK_OK(ioctl(control(), KMQ_CTL_CREATE, &create));
	CHECK_EQ(create.capacity, 0);
	CHECK_EQ(create.byte_limit, 0);
	CHECK_EQ(create.max_message, 9);
	CHECK_EQ(create.mode, 0);
}

TEST(an_exact_mode_of_0_is_the_nodes)
{
	char name[KMQ_NAME_SIZE];
	struct stat status;
	int fd = NAMED(name, .flags = KMQ_CREATE_EXACT, .capacity = 1);

	CHECK_OK(stat(queue_path(name), &status));
	CHECK_EQ(status.st_mode & 07777, 0);
	close(fd);
}

TEST(a_largest_message_of_0_takes_empty_ones)
{
	int fd = EXACTLY(.capacity = 1);

	CHECK_OK(send_now(fd, 0));
	CHECK_ERRNO(send_now(fd, 0), EAGAIN);
	CHECK_ERRNO(send_now(fd, 1), EMSGSIZE);
	takes(fd, 0);
}

TEST(a_capacity_of_0_takes_none)
{
	int fd = EXACTLY(.byte_limit = 10, .max_message = 10);

	CHECK_ERRNO(send_now(fd, 1), EAGAIN);
	CHECK_ERRNO(send_now(fd, 0), EAGAIN);
	CHECK_EQ(poll_now(fd), 0);
	CHECK_EQ(info_of(fd).rejected, 2);
	CHECK_OK(resize(fd, KMQ_RESIZE_EXACT, 1, 10));
	CHECK_EQ(poll_now(fd), POLLOUT);
	CHECK_OK(send_now(fd, 1));
}

TEST(a_byte_limit_of_0_takes_empty_messages)
{
	int fd = EXACTLY(.capacity = 2, .max_message = 10);

	CHECK_ERRNO(send_now(fd, 1), EAGAIN);
	CHECK_EQ(poll_now(fd), 0);
	CHECK_OK(send_now(fd, 0));
	CHECK_OK(send_now(fd, 0));
	CHECK_ERRNO(send_now(fd, 0), EAGAIN);
	takes(fd, 0);
}

TEST(a_message_above_the_byte_limit_is_EAGAIN_and_no_EMSGSIZE)
{
	int fd = EXACTLY(.capacity = 4, .byte_limit = 5, .max_message = 10);

	CHECK_ERRNO(send_now(fd, 6), EAGAIN);
	CHECK_ERRNO(send_now(fd, 11), EMSGSIZE);
	CHECK_OK(send_now(fd, 5));
	CHECK_ERRNO(send_now(fd, 1), EAGAIN);
}

TEST(what_can_never_fit_sleeps_until_the_limits_are_raised)
{
	int fd = EXACTLY(.capacity = 0, .byte_limit = 5, .max_message = 10);
	pid_t child = sleeper(fd, 10);

	CHECK_OK(resize(fd, KMQ_RESIZE_EXACT, 4, 9));
	CHECK_EQ(info_of(fd).blocked_senders, 1);
	CHECK_OK(resize(fd, KMQ_RESIZE_EXACT, 4, 10));
	child_join(child);
	takes(fd, 10);
}

TEST(what_can_never_fit_is_dropped_where_policy_drops)
{
	int newest = EXACTLY(.byte_limit = 5, .max_message = 10, .policy = KMQ_POLICY_DROP_NEWEST);
	int oldest = EXACTLY(.capacity = 2, .byte_limit = 5, .max_message = 10,
			     .policy = KMQ_POLICY_DROP_OLDEST);

	CHECK_OK(send_now(newest, 1));
	EXPECT_LEDGER(newest, .sent = 1, .dropped = 1);
	CHECK_OK(send_now(oldest, 5));
	/* Nothing is gained by dropping what is there. */
	CHECK_OK(send_now(oldest, 6));
	EXPECT_LEDGER(oldest, .sent = 2, .queued = 1, .dropped = 1, .bytes = 5, .peak = 1);
	takes(oldest, 5);
}

TEST(exact_limits_have_a_maximum_all_the_same)
{
	const struct kmq_create wrong[] = {
		{ .capacity = KMQ_CAPACITY_MAX + 1 },
		{ .max_message = KMQ_MESSAGE_MAX + 1 },
		{ .byte_limit = KMQ_BYTE_LIMIT_MAX + 1 },
		{ .mode = 01000 },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct kmq_create create = wrong[i];

		create.flags = KMQ_CREATE_EXACT;
		check_context("request %zu", i);
		CHECK_ERRNO(ioctl(control(), KMQ_CTL_CREATE, &create), EINVAL);
	}
}

TEST(without_exact_a_byte_limit_below_the_largest_message_is_EINVAL)
{
	struct kmq_create create = { .byte_limit = 5, .max_message = 10 };

	CHECK_ERRNO(ioctl(control(), KMQ_CTL_CREATE, &create), EINVAL);
}

/* ---- KMQ_RESIZE_EXACT ---- */

TEST(an_exact_resize_to_0_loses_nothing_and_lets_nothing_in)
{
	int fd = QUEUE(.capacity = 4, .max_message = 10);

	CHECK_OK(send_now(fd, 3));
	CHECK_OK(send_now(fd, 0));
	CHECK_OK(resize(fd, KMQ_RESIZE_EXACT, 0, 0));
	CHECK_EQ(info_of(fd).capacity, 0);
	CHECK_EQ(info_of(fd).byte_limit, 0);
	CHECK_EQ(info_of(fd).queued, 2);
	CHECK_ERRNO(send_now(fd, 0), EAGAIN);
	takes(fd, 3);
	takes(fd, 0);
	CHECK_ERRNO(send_now(fd, 0), EAGAIN);
	CHECK_OK(resize(fd, KMQ_RESIZE_EXACT, 1, 0));
	CHECK_OK(send_now(fd, 0));
}

TEST(an_exact_resize_takes_a_byte_limit_below_the_largest_message)
{
	int fd = QUEUE(.capacity = 4, .max_message = 10);

	CHECK_ERRNO(resize(fd, 0, 4, 5), EINVAL);
	CHECK_OK(resize(fd, KMQ_RESIZE_EXACT, 4, 5));
	CHECK_ERRNO(send_now(fd, 6), EAGAIN);
	/* What a plain one keeps need not make sense to it. */
	CHECK_OK(resize(fd, 0, 3, 0));
	CHECK_EQ(info_of(fd).byte_limit, 5);
	CHECK_EQ(info_of(fd).capacity, 3);
}

TEST(a_resize_with_an_unknown_flag_or_above_a_maximum_is_EINVAL)
{
	int fd = QUEUE(.capacity = 4);

	CHECK_ERRNO(resize(fd, 2, 4, 0), EINVAL);
	CHECK_ERRNO(resize(fd, ~0u, 4, 0), EINVAL);
	CHECK_ERRNO(resize(fd, KMQ_RESIZE_EXACT, KMQ_CAPACITY_MAX + 1, 0), EINVAL);
	CHECK_ERRNO(resize(fd, KMQ_RESIZE_EXACT, 1, KMQ_BYTE_LIMIT_MAX + 1), EINVAL);
	CHECK_EQ(info_of(fd).capacity, 4);
}

TEST(a_ring_is_neither_exact_nor_overtaken_nor_resized)
{
	const __u32 flags[] = { KMQ_CREATE_EXACT, KMQ_CREATE_OVERTAKE };
	int fd = QUEUE(.kind = KMQ_KIND_RING);

	for (int i = 0; i < 2; i++) {
		struct kmq_create create = { .kind = KMQ_KIND_RING, .flags = flags[i] };

		CHECK_ERRNO(ioctl(control(), KMQ_CTL_CREATE, &create), EOPNOTSUPP);
	}
	CHECK_ERRNO(resize(fd, KMQ_RESIZE_EXACT, 0, 0), EOPNOTSUPP);
}

/* ---- KMQ_CREATE_OVERTAKE ---- */

TEST(a_message_that_fits_overtakes_a_sleeper)
{
	int fd = TEN_BYTES(.flags = KMQ_CREATE_OVERTAKE);
	pid_t child;

	CHECK_OK(send_now(fd, 6));
	child = sleeper(fd, 5);
	CHECK_ERRNO(send_now(fd, 5), EAGAIN);
	CHECK_OK(send_now(fd, 4));
	takes(fd, 6);
	child_join(child);
	takes(fd, 4);
	takes(fd, 5);
}

TEST(without_the_flag_it_does_not)
{
	int fd = TEN_BYTES();
	pid_t child;

	CHECK_OK(send_now(fd, 6));
	child = sleeper(fd, 5);
	CHECK_ERRNO(send_now(fd, 4), EAGAIN);
	takes(fd, 6);
	child_join(child);
}

TEST(of_the_sleepers_whose_message_fits_the_first_goes_first)
{
	int fd = TEN_BYTES(.flags = KMQ_CREATE_OVERTAKE);
	pid_t big, four, three, other;

	CHECK_OK(send_now(fd, 6));
	CHECK_OK(send_now(fd, 4));
	big = sleeper(fd, 8);
	four = sleeper(fd, 4);
	other = sleeper(fd, 4);
	three = sleeper(fd, 3);
	takes(fd, 6);
	/* Six bytes of room: past the 8, the first 4; then nobody's fits in two. */
	child_join(four);
	CHECK_EQ(info_of(fd).blocked_senders, 3);
	takes(fd, 4);
	child_join(other);
	CHECK_EQ(info_of(fd).blocked_senders, 2);
	takes(fd, 4);
	child_join(three);
	CHECK_EQ(info_of(fd).blocked_senders, 1);
	takes(fd, 4);
	CHECK_EQ(info_of(fd).blocked_senders, 1);
	takes(fd, 3);
	child_join(big);
	takes(fd, 8);
	EXPECT_LEDGER(fd, .sent = 6, .received = 6, .rejected = 0, .peak = info_of(fd).peak);
}

TEST(without_the_flag_the_first_sleeper_holds_up_the_others)
{
	int fd = TEN_BYTES();
	pid_t big, small;

	CHECK_OK(send_now(fd, 6));
	CHECK_OK(send_now(fd, 4));
	big = sleeper(fd, 8);
	small = sleeper(fd, 2);
	takes(fd, 6);
	CHECK_EQ(info_of(fd).blocked_senders, 2);
	takes(fd, 4);
	child_join(big);
	child_join(small);
	takes(fd, 8);
	takes(fd, 2);
}

TEST(one_event_lets_in_all_whose_messages_fit)
{
	int fd = TEN_BYTES(.flags = KMQ_CREATE_OVERTAKE);
	pid_t children[4];
	__u64 purged;

	CHECK_OK(send_now(fd, 10));
	children[0] = sleeper(fd, 5);
	children[1] = sleeper(fd, 7);
	children[2] = sleeper(fd, 1);
	children[3] = sleeper(fd, 4);
	CHECK_OK(purge(fd, KMQ_SELECT_ANY, 0, &purged));
	CHECK_EQ(purged, 1);
	child_join(children[0]);
	child_join(children[2]);
	child_join(children[3]);
	CHECK_EQ(info_of(fd).blocked_senders, 1);
	takes(fd, 5);
	takes(fd, 1);
	CHECK_EQ(info_of(fd).blocked_senders, 1);
	takes(fd, 4);
	child_join(children[1]);
	takes(fd, 7);
}

TEST(nobody_overtakes_where_the_capacity_is_reached)
{
	int fd = QUEUE(.capacity = 1, .byte_limit = 10, .max_message = 10, .flags = KMQ_CREATE_OVERTAKE);
	pid_t first, second;

	CHECK_OK(send_now(fd, 1));
	first = sleeper(fd, 9);
	second = sleeper(fd, 1);
	CHECK_ERRNO(send_now(fd, 0), EAGAIN);
	takes(fd, 1);
	child_join(first);
	CHECK_EQ(info_of(fd).blocked_senders, 1);
	takes(fd, 9);
	child_join(second);
}

TEST(a_larger_limit_lets_in_whom_it_makes_room_for)
{
	int fd = QUEUE(.capacity = 64, .byte_limit = 2, .max_message = 10,
		       .flags = KMQ_CREATE_EXACT | KMQ_CREATE_OVERTAKE);
	pid_t big = sleeper(fd, 10), small = sleeper(fd, 4);

	CHECK_OK(send_now(fd, 2));
	CHECK_OK(resize(fd, KMQ_RESIZE_EXACT, 64, 5));
	CHECK_EQ(info_of(fd).blocked_senders, 2);
	CHECK_OK(resize(fd, KMQ_RESIZE_EXACT, 64, 6));
	child_join(small);
	CHECK_EQ(info_of(fd).blocked_senders, 1);
	takes(fd, 2);
	takes(fd, 4);
	CHECK_EQ(info_of(fd).blocked_senders, 1);
	CHECK_OK(resize(fd, KMQ_RESIZE_EXACT, 64, 10));
	child_join(big);
}

TEST(poll_says_out_only_where_the_largest_message_fits)
{
	int fd = QUEUE(.capacity = 64, .byte_limit = 20, .max_message = 10, .flags = KMQ_CREATE_OVERTAKE);
	pid_t child;

	CHECK_EQ(poll_now(fd), POLLOUT);
	CHECK_OK(send_now(fd, 10));
	CHECK_OK(send_now(fd, 2));
	child = sleeper(fd, 10);
	CHECK_EQ(poll_now(fd), POLLIN);
	takes(fd, 10);
	child_join(child);
	CHECK_EQ(poll_now(fd), POLLIN);
	takes(fd, 2);
	CHECK_EQ(poll_now(fd), POLLIN | POLLOUT);
}

TEST(a_killed_sleeper_leaves_the_others_where_they_are)
{
	int fd = TEN_BYTES(.flags = KMQ_CREATE_OVERTAKE);
	pid_t first, second;

	CHECK_OK(send_now(fd, 8));
	first = sleeper(fd, 9);
	second = sleeper(fd, 3);
	child_kill(first);
	wait_blocked_senders(fd, 1);
	takes(fd, 8);
	child_join(second);
	takes(fd, 3);
}

TEST(a_policy_that_does_not_block_ends_every_sleep)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 64, .byte_limit = 10, .max_message = 10, .mode = 0600,
		       .flags = KMQ_CREATE_OVERTAKE);
	const __u32 sizes[] = { 9, 3, 5 };
	struct nl nl = nl_open();
	pid_t children[3];

	CHECK_OK(send_now(fd, 8));
	for (int i = 0; i < 3; i++) {
		CHILD(children[i])
			CHECK_ERRNO(send_body(fd, 0, 1, 0, text, sizes[i]), EAGAIN);
		wait_blocked_senders(fd, i + 1);
	}
	CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_POLICY, KMQ_POLICY_REJECT));
	for (int i = 0; i < 3; i++)
		child_join(children[i]);
	CHECK_OK(send_now(fd, 2));
	nl_close(&nl);
}

/* ---- nobody sleeps whose message fits, whatever happens ---- */

enum { SENDERS = 6, MESSAGES = 150 };

static void send_many(int fd, unsigned int seed)
{
	for (int i = 0; i < MESSAGES; i++) {
		__u32 size = rand_r(&seed) % 11;

		CHECK_OK(send_body(fd, 0, 1 + size, 0, text, size));
	}
}

/* If one were forgotten, the last of them would never end. */
TEST(many_senders_of_all_sizes_all_come_through)
{
	int fd = TEN_BYTES(.flags = KMQ_CREATE_OVERTAKE);
	pid_t children[SENDERS];
	struct received got;

	for (int i = 0; i < SENDERS; i++)
		CHILD(children[i])
			send_many(fd, i + 1);
	for (int i = 0; i < SENDERS * MESSAGES; i++)
		CHECK_OK(receive_until(fd, after_ms(30000), &got));
	for (int i = 0; i < SENDERS; i++)
		child_join(children[i]);
	expect_empty(fd);
}
