// SPDX-License-Identifier: GPL-2.0-only
/* Events: each of them once, to whom it may concern, and none lost unsaid. */
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <linux/kmq_ring.h>

#include "lib/netlink.h"
#include "lib/ring.h"

#define BIT(event) (1u << (event))

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* A listener to one queue. */
static struct nl listen_to(const char *pattern, __u32 events)
{
	struct nl nl = nl_open();

	CHECK_TAKEN(&nl, nl_subscribe(&nl, pattern, events));
	return nl;
}

/* The next event is this one. */
static struct nl_reply expect_event(struct nl *nl, enum kmq_event event,
				    const char *name)
{
	struct nl_reply got;

	if (!nl_event(nl, &got, 10000))
		FAIL("no event came, expected %d", event);
	if (nl_number(&got, KMQ_A_EVENT) != event)
		FAIL("event %d came, expected %d",
		     (int)nl_number(&got, KMQ_A_EVENT), event);
	CHECK(nl_number(&got, KMQ_A_EVENT_SEQUENCE) > 0);
	CHECK(nl_number(&got, KMQ_A_TIME) <= now());
	CHECK(!nl_has(&got, KMQ_A_LOST));
	if (name)
		CHECK(!strcmp(nl_text(&got, KMQ_A_NAME), name));
	return got;
}

/* No other: all that has happened has been told when a later event comes. */
static void expect_quiet(struct nl *nl)
{
	struct nl_reply got;

	if (nl_event(nl, &got, 200))
		FAIL("event %d came", (int)nl_number(&got, KMQ_A_EVENT));
}

TEST(created_changed_and_removed_are_told_once_with_who_did_it)
{
	char name[KMQ_NAME_SIZE];
	struct nl nl, other = nl_open();
	struct nl_reply event;
	__u64 id;

	queue_name(name);
	nl = listen_to(name, 0);
	CHECK_TAKEN(&other, nl_new(&other, name));
	event = expect_event(&nl, KMQ_EVENT_CREATED, name);
	CHECK_EQ(nl_number(&event, KMQ_A_PID), getpid());
	CHECK_EQ(nl_number(&event, KMQ_A_KIND), KMQ_KIND_MESSAGE);
	CHECK_EQ(nl_number(&event, KMQ_A_UID), getuid());
	CHECK_EQ(nl_number(&event, KMQ_A_GID), getgid());
	id = nl_number(&event, KMQ_A_ID);
	CHECK_TAKEN(&other, nl_set_u32(&other, name, KMQ_A_CAPACITY, 9));
	event = expect_event(&nl, KMQ_EVENT_CHANGED, name);
	CHECK_EQ(nl_number(&event, KMQ_A_PID), getpid());
	CHECK_EQ(nl_number(&event, KMQ_A_ID), id);
	CHECK_TAKEN(&other, nl_del(&other, name));
	event = expect_event(&nl, KMQ_EVENT_REMOVED, name);
	CHECK_EQ(nl_number(&event, KMQ_A_PID), getpid());
	expect_quiet(&nl);
}

TEST(what_comes_by_control_and_goes_with_its_last_descriptor_is_told)
{
	char name[KMQ_NAME_SIZE], pattern[KMQ_PATTERN_SIZE];
	struct kmq_resize resize = { .capacity = 3 };
	struct nl nl;
	int fd;

	snprintf(pattern, sizeof(pattern), NAME_PREFIX "*", test_pid);
	nl = listen_to(pattern, 0);
	fd = NAMED(name, .capacity = 1);
	expect_event(&nl, KMQ_EVENT_CREATED, name);
	CHECK_OK(ioctl(fd, KMQ_IOC_RESIZE, &resize));
	expect_event(&nl, KMQ_EVENT_CHANGED, name);
	close(fd);
	expect_event(&nl, KMQ_EVENT_REMOVED, name);
	expect_quiet(&nl);
}

TEST(a_queue_without_a_name_is_told_without_one)
{
	struct nl nl = listen_to(NULL, BIT(KMQ_EVENT_CREATED));
	struct nl_reply event;
	int fd = QUEUE(.capacity = 1);

	/* Of others', too, if somebody else is at work here. */
	do
		event = expect_event(&nl, KMQ_EVENT_CREATED, NULL);
	while (nl_number(&event, KMQ_A_ID) != info_of(fd).id);
	CHECK(!nl_has(&event, KMQ_A_NAME));
}

TEST(full_is_told_once_until_the_queue_was_drained)
{
	char name[KMQ_NAME_SIZE];
	struct nl_reply event;
	struct nl nl;
	int fd = NAMED(name, .capacity = 2, .policy = KMQ_POLICY_REJECT);

	nl = listen_to(name, 0);
	for (int round = 0; round < 2; round++) {
		put(fd, 1, 0, "one");
		put(fd, 1, 0, "two");
		expect_quiet(&nl);
		CHECK_ERRNO(write(fd, "x", 1), EAGAIN);
		CHECK_ERRNO(write(fd, "x", 1), EAGAIN);
		event = expect_event(&nl, KMQ_EVENT_FULL, name);
		CHECK_EQ(nl_number(&event, KMQ_A_PID), getpid());
		CHECK_EQ(nl_number(&event, KMQ_A_COUNT), 2);
		take(fd, "one");
		put(fd, 1, 0, "one");
		CHECK_ERRNO(write(fd, "x", 1), EAGAIN);
		expect_quiet(&nl);
		take(fd, "two");
		take(fd, "one");
		event = expect_event(&nl, KMQ_EVENT_DRAINED, name);
		CHECK(!nl_has(&event, KMQ_A_PID));
	}
	expect_quiet(&nl);
}

TEST(a_sender_that_sleeps_makes_a_queue_full)
{
	char name[KMQ_NAME_SIZE];
	struct nl_reply event;
	struct nl nl;
	int fd = NAMED(name, .capacity = 1);
	pid_t pid;

	nl = listen_to(name, 0);
	put(fd, 1, 0, "full");
	CHILD(pid)
		CHECK_EQ(CHECK_OK(write(fd, "late", 4)), 4);
	event = expect_event(&nl, KMQ_EVENT_FULL, name);
	CHECK_EQ(nl_number(&event, KMQ_A_PID), pid);
	wait_blocked_senders(fd, 1);
	/* Its message takes the place at once: it is not drained. */
	take(fd, "full");
	child_join(pid);
	expect_quiet(&nl);
	take(fd, "late");
	expect_event(&nl, KMQ_EVENT_DRAINED, name);
}

TEST(a_leased_message_keeps_a_queue_from_being_drained)
{
	char name[KMQ_NAME_SIZE];
	struct received leased;
	struct nl nl;
	int fd = NAMED(name, .capacity = 1, .policy = KMQ_POLICY_REJECT);

	nl = listen_to(name, 0);
	put(fd, 1, 0, "full");
	CHECK_ERRNO(write(fd, "x", 1), EAGAIN);
	expect_event(&nl, KMQ_EVENT_FULL, name);
	CHECK_OK(receive_any(fd, KMQ_LEASE, &leased));
	expect_quiet(&nl);
	CHECK_OK(ack(fd, leased.message.sequence));
	expect_event(&nl, KMQ_EVENT_DRAINED, name);
}

TEST(purged_is_drained)
{
	char name[KMQ_NAME_SIZE];
	struct nl nl;
	__u64 purged;
	int fd = NAMED(name, .capacity = 1, .policy = KMQ_POLICY_REJECT);

	nl = listen_to(name, 0);
	put(fd, 1, 0, "full");
	CHECK_ERRNO(write(fd, "x", 1), EAGAIN);
	expect_event(&nl, KMQ_EVENT_FULL, name);
	CHECK_OK(purge(fd, KMQ_SELECT_ANY, 0, &purged));
	expect_event(&nl, KMQ_EVENT_DRAINED, name);
}

TEST(watermarks_are_told_when_they_are_crossed_and_not_again)
{
	char name[KMQ_NAME_SIZE];
	struct nl_reply event;
	struct nl nl, other = nl_open();
	int fd = NAMED(name, .capacity = 8);

	CHECK_TAKEN(&other, nl_set_u32(&other, name, KMQ_A_HIGH_WATERMARK, 3));
	CHECK_TAKEN(&other, nl_set_u32(&other, name, KMQ_A_LOW_WATERMARK, 1));
	nl = listen_to(name, BIT(KMQ_EVENT_HIGH) | BIT(KMQ_EVENT_LOW));
	for (int round = 0; round < 2; round++) {
		put(fd, 1, 0, "m");
		put(fd, 1, 0, "m");
		expect_quiet(&nl);
		put(fd, 1, 0, "m");
		event = expect_event(&nl, KMQ_EVENT_HIGH, name);
		CHECK_EQ(nl_number(&event, KMQ_A_COUNT), 3);
		put(fd, 1, 0, "m");
		take(fd, "m");
		take(fd, "m");
		put(fd, 1, 0, "m");
		expect_quiet(&nl);
		take(fd, "m");
		take(fd, "m");
		event = expect_event(&nl, KMQ_EVENT_LOW, name);
		CHECK_EQ(nl_number(&event, KMQ_A_COUNT), 1);
		take(fd, "m");
		expect_quiet(&nl);
	}
}

/* In one step over both marks, and over the peak of before. */
TEST(a_batch_crosses_a_watermark)
{
	struct kmq_message messages[6] = {};
	struct kmq_batch batch = { .messages = ptr(messages), .count = 6 };
	char name[KMQ_NAME_SIZE];
	struct nl_reply event;
	struct nl nl, other = nl_open();
	__u64 purged;
	int fd = NAMED(name, .capacity = 8);

	CHECK_TAKEN(&other, nl_set_u32(&other, name, KMQ_A_HIGH_WATERMARK, 4));
	CHECK_TAKEN(&other, nl_set_u32(&other, name, KMQ_A_LOW_WATERMARK, 2));
	nl = listen_to(name, 0);
	for (int i = 0; i < 6; i++)
		messages[i].type = 1;
	CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_SEND_BATCH, &batch)), 6);
	event = expect_event(&nl, KMQ_EVENT_HIGH, name);
	CHECK_EQ(nl_number(&event, KMQ_A_COUNT), 6);
	CHECK_OK(purge(fd, KMQ_SELECT_ANY, 0, &purged));
	event = expect_event(&nl, KMQ_EVENT_LOW, name);
	CHECK_EQ(nl_number(&event, KMQ_A_COUNT), 0);
	expect_quiet(&nl);
}

TEST(without_a_low_watermark_the_high_one_is_told_each_time)
{
	char name[KMQ_NAME_SIZE];
	struct nl nl, other = nl_open();
	int fd = NAMED(name, .capacity = 8);

	CHECK_TAKEN(&other, nl_set_u32(&other, name, KMQ_A_HIGH_WATERMARK, 2));
	nl = listen_to(name, 0);
	for (int round = 0; round < 3; round++) {
		put(fd, 1, 0, "m");
		put(fd, 1, 0, "m");
		expect_event(&nl, KMQ_EVENT_HIGH, name);
		take(fd, "m");
		take(fd, "m");
	}
	expect_quiet(&nl);
}

TEST(a_high_watermark_below_what_is_held_is_told_at_once_and_off_is_off)
{
	char name[KMQ_NAME_SIZE];
	struct nl nl, other = nl_open();
	int fd = NAMED(name, .capacity = 8);

	put(fd, 1, 0, "m");
	put(fd, 1, 0, "m");
	nl = listen_to(name, BIT(KMQ_EVENT_HIGH) | BIT(KMQ_EVENT_LOW));
	CHECK_TAKEN(&other, nl_set_u32(&other, name, KMQ_A_HIGH_WATERMARK, 2));
	expect_event(&nl, KMQ_EVENT_HIGH, name);
	CHECK_TAKEN(&other, nl_set_u32(&other, name, KMQ_A_LOW_WATERMARK, 1));
	expect_event(&nl, KMQ_EVENT_HIGH, name);
	CHECK_TAKEN(&other, nl_set_u32(&other, name, KMQ_A_HIGH_WATERMARK, 0));
	put(fd, 1, 0, "m");
	take(fd, "m");
	take(fd, "m");
	take(fd, "m");
	expect_quiet(&nl);
}

TEST(drops_are_counted_exactly_however_they_are_put_together)
{
	char name[KMQ_NAME_SIZE];
	struct nl_reply event;
	__u64 dropped = 0;
	struct nl nl;
	int fd = NAMED(name, .capacity = 2, .policy = KMQ_POLICY_DROP_OLDEST);

	nl = listen_to(name, BIT(KMQ_EVENT_DROPPED));
	/* Not more than fit into the socket, if each were told alone. */
	for (int i = 0; i < 102; i++)
		put(fd, 1, 0, "m");
	while (dropped < 100) {
		event = expect_event(&nl, KMQ_EVENT_DROPPED, name);
		dropped += nl_number(&event, KMQ_A_COUNT);
	}
	CHECK_EQ(dropped, 100);
	expect_quiet(&nl);
}

TEST(drop_newest_is_told_too)
{
	char name[KMQ_NAME_SIZE];
	struct nl_reply event;
	struct nl nl;
	int fd = NAMED(name, .capacity = 1, .policy = KMQ_POLICY_DROP_NEWEST);

	nl = listen_to(name, 0);
	put(fd, 1, 0, "m");
	CHECK_EQ(CHECK_OK(write(fd, "x", 1)), 1);
	expect_event(&nl, KMQ_EVENT_FULL, name);
	event = expect_event(&nl, KMQ_EVENT_DROPPED, name);
	CHECK_EQ(nl_number(&event, KMQ_A_COUNT), 1);
	expect_quiet(&nl);
}

TEST(a_lease_that_lasts_too_long_is_told_once)
{
	char name[KMQ_NAME_SIZE];
	struct received first, second;
	struct nl_reply event;
	struct nl nl, other = nl_open();
	int fd = NAMED(name, .capacity = 4);

	nl = listen_to(name, BIT(KMQ_EVENT_LEASE_OVERDUE));
	CHECK_TAKEN(&other, nl_set_u32(&other, name, KMQ_A_LEASE_LIMIT, 50));
	put(fd, 1, 0, "first");
	put(fd, 1, 0, "second");
	CHECK_OK(receive_any(fd, KMQ_LEASE, &first));
	CHECK_OK(receive_any(fd, KMQ_LEASE, &second));
	event = expect_event(&nl, KMQ_EVENT_LEASE_OVERDUE, name);
	CHECK_EQ(nl_number(&event, KMQ_A_COUNT), first.message.sequence);
	CHECK_EQ(nl_number(&event, KMQ_A_PID), getpid());
	event = expect_event(&nl, KMQ_EVENT_LEASE_OVERDUE, name);
	CHECK_EQ(nl_number(&event, KMQ_A_COUNT), second.message.sequence);
	expect_quiet(&nl);
	/* Those that are told can still be settled; a new one is a new lease. */
	CHECK_OK(ack(fd, second.message.sequence));
	CHECK_OK(nack(fd, first.message.sequence));
	CHECK_OK(receive_any(fd, KMQ_LEASE, &first));
	event = expect_event(&nl, KMQ_EVENT_LEASE_OVERDUE, name);
	CHECK_EQ(nl_number(&event, KMQ_A_COUNT), first.message.sequence);
}

TEST(a_lease_limit_is_for_leases_from_before_and_is_not_told_early)
{
	char name[KMQ_NAME_SIZE];
	struct received leased;
	struct nl_reply event;
	struct nl nl, other = nl_open();
	__u64 leased_at;
	int fd = NAMED(name, .capacity = 4);

	nl = listen_to(name, BIT(KMQ_EVENT_LEASE_OVERDUE));
	put(fd, 1, 0, "m");
	leased_at = now();
	CHECK_OK(receive_any(fd, KMQ_LEASE, &leased));
	CHECK_TAKEN(&other, nl_set_u32(&other, name, KMQ_A_LEASE_LIMIT, 300));
	event = expect_event(&nl, KMQ_EVENT_LEASE_OVERDUE, name);
	CHECK(nl_number(&event, KMQ_A_TIME) - leased_at >= 300 * 1000000ull);
}

TEST(a_lease_that_ends_in_time_is_not_told)
{
	char name[KMQ_NAME_SIZE];
	struct received leased;
	struct nl nl, other = nl_open();
	int fd = NAMED(name, .capacity = 4), again;

	nl = listen_to(name, BIT(KMQ_EVENT_LEASE_OVERDUE));
	CHECK_TAKEN(&other, nl_set_u32(&other, name, KMQ_A_LEASE_LIMIT, 100));
	put(fd, 1, 0, "m");
	CHECK_OK(receive_any(fd, KMQ_LEASE, &leased));
	CHECK_OK(ack(fd, leased.message.sequence));
	/* One that ends with its descriptor. */
	put(fd, 1, 0, "m");
	again = queue_open(name, O_RDWR);
	CHECK_OK(receive_any(again, KMQ_LEASE, &leased));
	close(again);
	expect_quiet(&nl);
	/* And one whose limit is taken back. */
	CHECK_OK(receive_any(fd, KMQ_LEASE, &leased));
	CHECK_TAKEN(&other, nl_set_u32(&other, name, KMQ_A_LEASE_LIMIT, 0));
	expect_quiet(&nl);
}

TEST(a_user_over_his_limit_is_told_with_the_name)
{
	struct kmq_create create = { .capacity = KMQ_CAPACITY_MAX,
				     .inline_size = KMQ_INLINE_MAX,
				     .flags = KMQ_CREATE_EXCLUSIVE };
	struct nl nl, other = nl_open();
	char name[KMQ_NAME_SIZE];
	struct nl_request request;
	struct nl_reply event;

	queue_name(name);
	memcpy(create.name, name, KMQ_NAME_SIZE);
	nl = listen_to(name, 0);
	CHECK_ERRNO(ioctl(control(), KMQ_CTL_CREATE, &create), EDQUOT);
	event = expect_event(&nl, KMQ_EVENT_QUOTA, name);
	CHECK_EQ(nl_number(&event, KMQ_A_UID), getuid());
	CHECK_EQ(nl_number(&event, KMQ_A_PID), getpid());
	CHECK(!nl_has(&event, KMQ_A_ID));

	nl_begin(&request, &other, KMQ_CMD_QUEUE_NEW, 0);
	nl_put_text(&request, KMQ_A_NAME, name);
	nl_put_u32(&request, KMQ_A_CAPACITY, KMQ_CAPACITY_MAX);
	nl_put_u32(&request, KMQ_A_INLINE_SIZE, KMQ_INLINE_MAX);
	CHECK_REFUSED(&other, nl_transact(&other, &request, NULL), EDQUOT,
		      "over the limit of queues, or of their bytes, of this user or of the module",
		      0);
	expect_event(&nl, KMQ_EVENT_QUOTA, name);
	expect_quiet(&nl);
}

TEST(a_party_that_dies_holding_something_is_told)
{
	char name[KMQ_NAME_SIZE];
	struct nl_reply event;
	struct nl nl;
	int fd = NAMED(name, .kind = KMQ_KIND_RING, .byte_limit = 4096,
		       .ring_mode = KMQ_RING_MPMC);
	pid_t pid;

	nl = listen_to(name, 0);
	CHILD(pid) {
		struct ring ring = ring_open(fd, KMQ_RING_PRODUCER);

		CHECK_OK(ring_reserve(&ring, 100));
		_exit(0);
	}
	child_join(pid);
	event = expect_event(&nl, KMQ_EVENT_PEER_DIED, name);
	CHECK_EQ(nl_number(&event, KMQ_A_PID), pid);
	CHECK_EQ(nl_number(&event, KMQ_A_COUNT), 2);	/* its number */
	/* One that holds nothing just leaves. */
	CHILD(pid) {
		ring_open(fd, KMQ_RING_PRODUCER);
		_exit(0);
	}
	child_join(pid);
	expect_quiet(&nl);
}

TEST(a_broken_ring_is_told_once)
{
	char name[KMQ_NAME_SIZE], body[8];
	struct ring ring;
	struct nl nl;
	int fd = NAMED(name, .kind = KMQ_KIND_RING, .byte_limit = 4096,
		       .ring_mode = KMQ_RING_MPMC);

	nl = listen_to(name, 0);
	ring = ring_open(fd, KMQ_RING_PRODUCER);
	/* No record is so far ahead. */
	__atomic_store_n(&ring.producers->head, 1ull << 40, __ATOMIC_SEQ_CST);
	CHECK_ERRNO(read(fd, body, sizeof(body)), EUCLEAN);
	expect_event(&nl, KMQ_EVENT_BROKEN, name);
	CHECK_ERRNO(read(fd, body, sizeof(body)), EUCLEAN);
	expect_quiet(&nl);
}

TEST(a_mask_and_a_pattern_narrow_what_comes)
{
	char name[KMQ_NAME_SIZE], other_name[KMQ_NAME_SIZE];
	struct nl nl, other = nl_open();

	queue_name(name);
	queue_name(other_name);
	nl = listen_to(name, BIT(KMQ_EVENT_REMOVED));
	CHECK_TAKEN(&other, nl_new(&other, other_name));
	CHECK_TAKEN(&other, nl_del(&other, other_name));
	CHECK_TAKEN(&other, nl_new(&other, name));
	CHECK_TAKEN(&other, nl_del(&other, name));
	expect_event(&nl, KMQ_EVENT_REMOVED, name);
	/* A second one replaces it. */
	CHECK_TAKEN(&nl, nl_subscribe(&nl, name, BIT(KMQ_EVENT_CREATED)));
	CHECK_TAKEN(&other, nl_new(&other, name));
	CHECK_TAKEN(&other, nl_del(&other, name));
	expect_event(&nl, KMQ_EVENT_CREATED, name);
	expect_quiet(&nl);
	CHECK_TAKEN(&nl, nl_unsubscribe(&nl));
	CHECK_ERRNO(nl_unsubscribe(&nl), ENOENT);
	CHECK_TAKEN(&other, nl_new(&other, name));
	CHECK_TAKEN(&other, nl_del(&other, name));
	expect_quiet(&nl);
}

/* Who may not see a queue hears nothing of it, until its mode is another. */
TEST(a_listener_without_the_right_hears_what_it_may_see_only)
{
	char hidden[KMQ_NAME_SIZE], open[KMQ_NAME_SIZE], pattern[KMQ_PATTERN_SIZE];
	struct nl other = nl_open();
	int ready[2], done[2];
	char byte = 'r';
	pid_t pid;

	CHECK_OK(pipe(ready));
	CHECK_OK(pipe(done));
	queue_name(hidden);
	queue_name(open);
	snprintf(pattern, sizeof(pattern), NAME_PREFIX "*", test_pid);
	CHILD(pid) {
		struct nl_reply event;
		struct nl nl;

		become_user(1000);
		nl = listen_to(pattern, 0);
		CHECK_EQ(CHECK_OK(write(ready[1], &byte, 1)), 1);
		CHECK_EQ(CHECK_OK(read(done[0], &byte, 1)), 1);
		event = expect_event(&nl, KMQ_EVENT_CHANGED, hidden);
		CHECK_EQ(nl_number(&event, KMQ_A_UID), 0);
		expect_event(&nl, KMQ_EVENT_REMOVED, hidden);
		expect_quiet(&nl);
	}
	CHECK_EQ(CHECK_OK(read(ready[0], &byte, 1)), 1);
	CHECK_TAKEN(&other, nl_new(&other, hidden));
	CHECK_TAKEN(&other, nl_set_u32(&other, hidden, KMQ_A_CAPACITY, 3));
	CHECK_TAKEN(&other, nl_set_u32(&other, hidden, KMQ_A_MODE, 0644));
	CHECK_TAKEN(&other, nl_del(&other, hidden));
	/* Another user's quota is nobody else's business. */
	{
		struct kmq_create create = { .capacity = KMQ_CAPACITY_MAX,
					     .inline_size = KMQ_INLINE_MAX,
					     .flags = KMQ_CREATE_EXCLUSIVE };

		memcpy(create.name, open, KMQ_NAME_SIZE);
		CHECK_ERRNO(ioctl(control(), KMQ_CTL_CREATE, &create), EDQUOT);
	}
	CHECK_EQ(CHECK_OK(write(done[1], &byte, 1)), 1);
	child_join(pid);
}

TEST(the_group_carries_what_everyone_may_read)
{
	char hidden[KMQ_NAME_SIZE], open[KMQ_NAME_SIZE];
	struct nl nl = nl_open(), other = nl_open();
	struct nl_reply event;
	__u64 id;

	NAMED(hidden, .mode = 0640);
	id = info_of(NAMED(open, .mode = 0644)).id;
	CHECK_OK(setsockopt(nl.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &nl.group,
			    sizeof(nl.group)));
	CHECK_TAKEN(&other, nl_set_u32(&other, hidden, KMQ_A_CAPACITY, 3));
	CHECK_TAKEN(&other, nl_set_u32(&other, open, KMQ_A_CAPACITY, 3));
	do {
		CHECK(nl_event(&nl, &event, 10000));
		/* Others may be at work here, but not with this one. */
		CHECK(strcmp(nl_text(&event, KMQ_A_NAME), hidden));
	} while (nl_number(&event, KMQ_A_ID) != id);
	CHECK_EQ(nl_number(&event, KMQ_A_EVENT), KMQ_EVENT_CHANGED);
	CHECK_EQ(nl_number(&event, KMQ_A_PID), getpid());
	CHECK_EQ(nl_number(&event, KMQ_A_UID), getuid());
}

TEST(anyone_may_join_the_group)
{
	struct nl nl = nl_open();
	pid_t pid;

	CHILD(pid) {
		struct nl own;

		become_user(1000);
		own = nl_open();
		CHECK_OK(setsockopt(own.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
				    &nl.group, sizeof(nl.group)));
	}
	child_join(pid);
}

/* Ids are those of the listener's namespaces. */
TEST(a_listener_in_a_user_namespace_sees_ids_of_its_own)
{
	char name[KMQ_NAME_SIZE];
	struct nl other = nl_open();
	int ready[2], done[2];
	char byte = 'r';
	pid_t pid;

	CHECK_OK(pipe(ready));
	CHECK_OK(pipe(done));
	NAMED(name, .mode = 0644);
	CHILD(pid) {
		struct nl_request request;
		struct nl_reply event;
		struct nl nl;

		if (unshare(CLONE_NEWUSER))
			skip_test("no user namespace: %s", strerror(errno));
		nl = listen_to(name, 0);
		CHECK_EQ(CHECK_OK(write(ready[1], &byte, 1)), 1);
		CHECK_EQ(CHECK_OK(read(done[0], &byte, 1)), 1);
		event = expect_event(&nl, KMQ_EVENT_CHANGED, name);
		/* Root of outside has no number here. */
		CHECK_EQ(nl_number(&event, KMQ_A_UID), 65534);
		CHECK_EQ(nl_number(&event, KMQ_A_GID), 65534);
		/* All capabilities of here are none of there. */
		CHECK_ERRNO(nl_new(&nl, "by-user-namespace"), EPERM);
		nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
		nl_put_u32(&request, KMQ_A_UID, 0);
		{
			static struct nl_dump dump;

			CHECK_REFUSED(&nl, nl_dump_start(&dump, &nl, &request),
				      EINVAL,
				      "no such user in your user namespace",
				      KMQ_A_UID);
		}
	}
	if (read(ready[0], &byte, 1) == 1) {
		CHECK_TAKEN(&other, nl_set_u32(&other, name, KMQ_A_CAPACITY, 3));
		CHECK_EQ(CHECK_OK(write(done[1], &byte, 1)), 1);
	}
	child_join(pid);
}

TEST(the_family_answers_in_another_network_namespace)
{
	char name[KMQ_NAME_SIZE];
	struct nl other = nl_open();
	pid_t pid;

	NAMED(name, .mode = 0600);
	CHILD(pid) {
		struct nl_reply queue;
		struct nl nl;

		if (unshare(CLONE_NEWNET))
			skip_test("no network namespace: %s", strerror(errno));
		nl = listen_to(name, 0);
		CHECK_TAKEN(&nl, nl_get(&nl, name, &queue));
		CHECK_TAKEN(&other, nl_set_u32(&other, name, KMQ_A_CAPACITY, 3));
		expect_event(&nl, KMQ_EVENT_CHANGED, name);
	}
	child_join(pid);
}

/* A small buffer, so that it is full soon. */
static void shrink(struct nl *nl)
{
	int bytes = 1;

	CHECK_OK(setsockopt(nl->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)));
}

/*
 * What came and what is told to be lost are together what happened. recv() says
 * once that there is a gap.
 */
TEST(a_full_socket_is_told_how_many_events_it_lost)
{
	unsigned int caused = 200, came = 0, lost = 0;
	char name[KMQ_NAME_SIZE];
	struct nl nl, other = nl_open();
	struct nl_reply event;
	uint64_t end;

	NAMED(name, .capacity = 1);
	nl = listen_to(name, BIT(KMQ_EVENT_CHANGED));
	shrink(&nl);
	for (unsigned int i = 0; i < caused; i++)
		CHECK_TAKEN(&other, nl_set_u32(&other, name, KMQ_A_CAPACITY,
					       1 + i % 2));
	end = after_ms(30000);
	while (came + lost < caused) {
		if (now() > end)
			FAIL("%u came, %u were told to be lost, of %u", came,
			     lost, caused);
		if (!nl_event(&nl, &event, 1000))
			continue;
		came += nl_number(&event, KMQ_A_EVENT) != KMQ_EVENT_LOST;
		if (nl_has(&event, KMQ_A_LOST))
			lost += nl_number(&event, KMQ_A_LOST);
	}
	CHECK_EQ(came + lost, caused);
	CHECK(lost > 0);
	CHECK(came > 0);
	CHECK(nl.overruns > 0);
	/* The slate is clean. */
	CHECK_TAKEN(&other, nl_set_u32(&other, name, KMQ_A_CAPACITY, 5));
	expect_event(&nl, KMQ_EVENT_CHANGED, name);
}

/* Who sends never waits for who listens, and does not. */
TEST(a_listener_that_never_reads_stops_nobody)
{
	char name[KMQ_NAME_SIZE];
	struct nl nl;
	int fd = NAMED(name, .capacity = 1, .policy = KMQ_POLICY_DROP_OLDEST);

	nl = listen_to(name, 0);
	shrink(&nl);
	for (int i = 0; i < 20000; i++)
		put(fd, 1, 0, "m");
	CHECK_EQ(info_of(fd).dropped, 19999);
	close(nl.fd);
}

TEST(a_subscription_ends_with_its_socket)
{
	char name[KMQ_NAME_SIZE];
	struct nl nl, other = nl_open();

	NAMED(name, .capacity = 1);
	for (int i = 0; i < 100; i++) {
		nl = listen_to(name, 0);
		CHECK_TAKEN(&other, nl_set_u32(&other, name, KMQ_A_CAPACITY,
					       1 + i % 2));
		nl_close(&nl);
	}
}

TEST(one_user_cannot_take_all_subscriptions)
{
	pid_t pid;

	CHILD(pid) {
		struct nl last;

		become_user(1000);
		for (int i = 0; i < KMQ_SUBSCRIPTIONS_USER_MAX; i++)
			listen_to(NULL, 0);
		last = nl_open();
		CHECK_REFUSED(&last, nl_subscribe(&last, NULL, 0), EUSERS,
			      "there are too many subscriptions", 0);
	}
	child_join(pid);
}

/* Nor can all of them together keep out who has to look after them. */
TEST(the_privileged_can_subscribe_whatever_others_do)
{
	const int users = KMQ_SUBSCRIPTIONS_MAX / KMQ_SUBSCRIPTIONS_USER_MAX;
	struct nl nl = nl_open();
	char byte = 'r';
	pid_t pid[users];
	int ready[2];

	CHECK_OK(pipe(ready));
	for (int i = 0; i < users; i++)
		CHILD(pid[i]) {
			become_user(3000 + i);
			for (int n = 0; n < KMQ_SUBSCRIPTIONS_USER_MAX; n++)
				listen_to(NULL, 0);
			CHECK_EQ(CHECK_OK(write(ready[1], &byte, 1)), 1);
			pause();
		}
	for (int i = 0; i < users; i++)
		CHECK_EQ(CHECK_OK(read(ready[0], &byte, 1)), 1);
	CHECK_TAKEN(&nl, nl_subscribe(&nl, NULL, 0));
	for (int i = 0; i < users; i++)
		child_kill(pid[i]);
}

/*
 * Drops in a row are one event, but not with some from before. The worker has so
 * much to tell of that the last of those is still with it.
 */
TEST(drops_after_a_subscription_are_told_to_it)
{
	char name[2][KMQ_NAME_SIZE];
	struct nl busy[16];
	int fd[2];

	for (int i = 0; i < 2; i++) {
		fd[i] = NAMED(name[i], .capacity = 1,
			      .policy = KMQ_POLICY_DROP_OLDEST);
		put(fd[i], 1, 0, "m");
	}
	for (int i = 0; i < 16; i++)
		busy[i] = listen_to(NULL, 0);
	for (int round = 0; round < 20; round++) {
		struct nl nl = nl_open();
		struct nl_reply event;

		for (int i = 0; i < 101; i++)
			put(fd[i % 2], 1, 0, "before");
		CHECK_TAKEN(&nl, nl_subscribe(&nl, name[0],
					      BIT(KMQ_EVENT_DROPPED)));
		put(fd[0], 1, 0, "after");
		event = expect_event(&nl, KMQ_EVENT_DROPPED, name[0]);
		CHECK_EQ(nl_number(&event, KMQ_A_COUNT), 1);
		nl_close(&nl);
	}
	for (int i = 0; i < 16; i++)
		nl_close(&busy[i]);
}
