// SPDX-License-Identifier: GPL-2.0-only
/* The control plane: a queue is described, made, changed and removed. */
#include <sys/stat.h>
#include <time.h>

#include <linux/kmq_ring.h>

#include "lib/netlink.h"

static void check_same(const struct nl_reply *queue, int attribute, __u64 expected)
{
	if (nl_number(queue, attribute) != expected)
		FAIL("attribute %d is %llu, expected %llu", attribute,
		     (unsigned long long)nl_number(queue, attribute),
		     (unsigned long long)expected);
}

/* take() that sleeps for it. */
static void await_text(int fd, const char *text)
{
	char body[64];

	CHECK_TEXT(body, CHECK_OK(read(fd, body, sizeof(body))), text);
}

static struct nl_reply get(struct nl *nl, const char *name)
{
	struct nl_reply queue;

	CHECK_TAKEN(nl, nl_get(nl, name, &queue));
	return queue;
}

/* A queue that a request makes; persistent, so it is removed by the test. */
static void new_queue(struct nl *nl, char name[KMQ_NAME_SIZE],
		      struct nl_request *request)
{
	queue_name(name);
	nl_begin(request, nl, KMQ_CMD_QUEUE_NEW, NLM_F_EXCL);
	nl_put_text(request, KMQ_A_NAME, name);
}

static void check_ledger(const struct nl_reply *queue, const struct kmq_info *info)
{
	check_same(queue, KMQ_A_SENT, info->sent);
	check_same(queue, KMQ_A_RECEIVED, info->received);
	check_same(queue, KMQ_A_QUEUED, info->queued);
	check_same(queue, KMQ_A_LEASED, info->leased);
	check_same(queue, KMQ_A_BYTES, info->bytes);
	check_same(queue, KMQ_A_DROPPED, info->dropped);
	check_same(queue, KMQ_A_PURGED, info->purged);
	check_same(queue, KMQ_A_RETURNED, info->returned);
	check_same(queue, KMQ_A_REJECTED, info->rejected);
	check_same(queue, KMQ_A_CALLS, info->calls);
	check_same(queue, KMQ_A_REPLIES, info->replies);
	check_same(queue, KMQ_A_PEAK, info->peak);
	check_same(queue, KMQ_A_ABANDONED, info->abandoned);
	check_same(queue, KMQ_A_BLOCKED_SENDERS, info->blocked_senders);
	check_same(queue, KMQ_A_BLOCKED_RECEIVERS, info->blocked_receivers);
	check_same(queue, KMQ_A_BLOCKED_CALLERS, info->blocked_callers);
	check_same(queue, KMQ_A_DESCRIPTORS, info->descriptors);
}

static void check_settings(const struct nl_reply *queue, const struct kmq_info *info)
{
	CHECK(!strcmp(nl_text(queue, KMQ_A_NAME), info->name));
	check_same(queue, KMQ_A_ID, info->id);
	check_same(queue, KMQ_A_KIND, info->kind);
	check_same(queue, KMQ_A_POLICY, info->policy);
	check_same(queue, KMQ_A_LIFETIME, info->lifetime);
	check_same(queue, KMQ_A_MAX_MESSAGE, info->max_message);
	check_same(queue, KMQ_A_BYTE_LIMIT, info->byte_limit);
	check_same(queue, KMQ_A_MODE, info->mode);
	check_same(queue, KMQ_A_UID, info->uid);
	check_same(queue, KMQ_A_GID, info->gid);
	check_same(queue, KMQ_A_CREATED, info->created);
}

TEST(a_get_describes_a_queue_as_info_does)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	struct received leased;
	struct nl_reply queue;
	struct kmq_info info;
	int fd = NAMED(name, .capacity = 4, .policy = KMQ_POLICY_REJECT,
		       .mode = 0640);

	put(fd, 3, 5, "one");
	put(fd, 3, 5, "second");
	put(fd, 3, 5, "third");
	take(fd, "one");
	CHECK_OK(receive_any(fd, KMQ_LEASE, &leased));
	info = info_of(fd);
	queue = get(&nl, name);
	CHECK_EQ(queue.command, KMQ_CMD_QUEUE_GET);
	check_settings(&queue, &info);
	check_ledger(&queue, &info);
	check_same(&queue, KMQ_A_CAPACITY, info.capacity);
	check_same(&queue, KMQ_A_INLINE_SIZE, info.inline_size);
	check_same(&queue, KMQ_A_CREATOR_UID, getuid());
	check_same(&queue, KMQ_A_CREATOR_PID, getpid());
	check_same(&queue, KMQ_A_HIGH_WATERMARK, 0);
	check_same(&queue, KMQ_A_LOW_WATERMARK, 0);
	check_same(&queue, KMQ_A_LEASE_LIMIT, 0);
	check_same(&queue, KMQ_A_HISTOGRAM, 0);
	CHECK(!nl_has(&queue, KMQ_A_RING_MODE));
	CHECK(!nl_has(&queue, KMQ_A_TIME_QUEUED));
	CHECK(!nl_has(&queue, KMQ_A_TIME_BLOCKED));
}

TEST(a_get_describes_a_ring)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	struct nl_reply queue;
	struct kmq_info info;
	int fd = NAMED(name, .kind = KMQ_KIND_RING, .ring_mode = KMQ_RING_MPMC);

	CHECK_EQ(CHECK_OK(write(fd, "record", 6)), 6);
	info = info_of(fd);
	queue = get(&nl, name);
	check_settings(&queue, &info);
	check_ledger(&queue, &info);
	check_same(&queue, KMQ_A_RING_MODE, KMQ_RING_MPMC);
	check_same(&queue, KMQ_A_ATTACHMENTS, 0);
	check_same(&queue, KMQ_A_DEATHS, 0);
	check_same(&queue, KMQ_A_RING_FLAGS, 0);
	CHECK(!nl_has(&queue, KMQ_A_CAPACITY));
	CHECK(!nl_has(&queue, KMQ_A_INLINE_SIZE));
	CHECK(!nl_has(&queue, KMQ_A_HIGH_WATERMARK));
	CHECK(!nl_has(&queue, KMQ_A_HISTOGRAM));
	CHECK(!nl_has(&queue, KMQ_A_LAST_SEND));
}

TEST(a_get_by_id_finds_a_queue_without_a_name)
{
	struct nl nl = nl_open();
	struct nl_request request;
	struct nl_reply queue;
	int fd = QUEUE(.capacity = 1);

	nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, 0);
	nl_put_u32(&request, KMQ_A_ID, info_of(fd).id);
	CHECK_TAKEN(&nl, nl_transact(&nl, &request, &queue));
	check_same(&queue, KMQ_A_ID, info_of(fd).id);
	CHECK(!nl_has(&queue, KMQ_A_NAME));
}

/* As msg_lspid, msg_stime and their kin of System V. */
TEST(who_sent_and_received_last_is_told_and_when)
{
	__u64 before = time(NULL);
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	struct nl_reply queue;
	int fd = NAMED(name, .capacity = 4);
	pid_t pid;

	queue = get(&nl, name);
	check_same(&queue, KMQ_A_LAST_SEND, 0);
	check_same(&queue, KMQ_A_LAST_RECEIVE, 0);
	check_same(&queue, KMQ_A_LAST_SEND_PID, 0);
	check_same(&queue, KMQ_A_LAST_RECEIVE_PID, 0);
	CHECK(nl_number(&queue, KMQ_A_LAST_CHANGE) + 1 >= before);
	CHECK(nl_number(&queue, KMQ_A_LAST_CHANGE) <= (__u64)time(NULL));
	CHILD(pid)
		put(fd, 1, 0, "from a child");
	child_join(pid);
	queue = get(&nl, name);
	check_same(&queue, KMQ_A_LAST_SEND_PID, pid);
	check_same(&queue, KMQ_A_LAST_RECEIVE_PID, 0);
	CHECK(nl_number(&queue, KMQ_A_LAST_SEND) >= before);
	CHECK(nl_number(&queue, KMQ_A_LAST_SEND) <= (__u64)time(NULL));
	take(fd, "from a child");
	put(fd, 1, 0, "from here");
	queue = get(&nl, name);
	check_same(&queue, KMQ_A_LAST_SEND_PID, getpid());
	check_same(&queue, KMQ_A_LAST_RECEIVE_PID, getpid());
	CHECK(nl_number(&queue, KMQ_A_LAST_RECEIVE) >= before);
	CHECK(nl_number(&queue, KMQ_A_LAST_RECEIVE) <= (__u64)time(NULL));
}

TEST(a_message_handed_to_a_sleeper_was_received_by_it)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	struct nl_reply queue;
	int fd = NAMED(name, .capacity = 4);
	pid_t pid;

	CHILD(pid)
		await_text(fd, "for the sleeper");
	wait_blocked_receivers(fd, 1);
	put(fd, 1, 0, "for the sleeper");
	child_join(pid);
	queue = get(&nl, name);
	check_same(&queue, KMQ_A_LAST_SEND_PID, getpid());
	check_same(&queue, KMQ_A_LAST_RECEIVE_PID, pid);
}

TEST(new_makes_a_queue_with_all_its_settings)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	struct nl_request request;
	struct nl_reply queue;
	struct stat node;

	new_queue(&nl, name, &request);
	nl_put_u32(&request, KMQ_A_POLICY, KMQ_POLICY_DROP_OLDEST);
	nl_put_u32(&request, KMQ_A_CAPACITY, 12);
	nl_put_u32(&request, KMQ_A_INLINE_SIZE, 60);
	nl_put_u32(&request, KMQ_A_MAX_MESSAGE, 100);
	nl_put_u64(&request, KMQ_A_BYTE_LIMIT, 500);
	nl_put_u32(&request, KMQ_A_MODE, 0660);
	nl_put_u32(&request, KMQ_A_UID, 1000);
	nl_put_u32(&request, KMQ_A_GID, 1001);
	nl_put_u32(&request, KMQ_A_HIGH_WATERMARK, 9);
	nl_put_u32(&request, KMQ_A_LOW_WATERMARK, 3);
	nl_put_u32(&request, KMQ_A_LEASE_LIMIT, 5000);
	nl_put_u32(&request, KMQ_A_HISTOGRAM, 1);
	CHECK_TAKEN(&nl, nl_transact(&nl, &request, &queue));
	CHECK(!strcmp(nl_text(&queue, KMQ_A_NAME), name));
	check_same(&queue, KMQ_A_KIND, KMQ_KIND_MESSAGE);
	check_same(&queue, KMQ_A_POLICY, KMQ_POLICY_DROP_OLDEST);
	check_same(&queue, KMQ_A_LIFETIME, KMQ_LIFETIME_PERSISTENT);
	check_same(&queue, KMQ_A_CAPACITY, 12);
	check_same(&queue, KMQ_A_INLINE_SIZE, 64);
	check_same(&queue, KMQ_A_MAX_MESSAGE, 100);
	check_same(&queue, KMQ_A_BYTE_LIMIT, 500);
	check_same(&queue, KMQ_A_MODE, 0660);
	check_same(&queue, KMQ_A_UID, 1000);
	check_same(&queue, KMQ_A_GID, 1001);
	check_same(&queue, KMQ_A_HIGH_WATERMARK, 9);
	check_same(&queue, KMQ_A_LOW_WATERMARK, 3);
	check_same(&queue, KMQ_A_LEASE_LIMIT, 5000);
	check_same(&queue, KMQ_A_HISTOGRAM, 1);
	CHECK(nl_has(&queue, KMQ_A_TIME_QUEUED));
	CHECK_OK(stat(queue_path(name), &node));
	CHECK_EQ(node.st_mode & 07777, 0660);
	CHECK_EQ(node.st_uid, 1000);
	CHECK_EQ(node.st_gid, 1001);
	CHECK_TAKEN(&nl, nl_del(&nl, name));
}

TEST(new_without_settings_has_the_defaults_of_control)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE], other[KMQ_NAME_SIZE];
	struct nl_request request;
	struct nl_reply queue;
	struct kmq_info info;
	int fd = NAMED(other, .lifetime = KMQ_LIFETIME_EPHEMERAL);

	new_queue(&nl, name, &request);
	CHECK_TAKEN(&nl, nl_transact(&nl, &request, &queue));
	info = info_of(fd);
	check_same(&queue, KMQ_A_CAPACITY, info.capacity);
	check_same(&queue, KMQ_A_INLINE_SIZE, info.inline_size);
	check_same(&queue, KMQ_A_MAX_MESSAGE, info.max_message);
	check_same(&queue, KMQ_A_BYTE_LIMIT, info.byte_limit);
	check_same(&queue, KMQ_A_MODE, info.mode);
	check_same(&queue, KMQ_A_UID, getuid());
	check_same(&queue, KMQ_A_GID, getgid());
	CHECK_TAKEN(&nl, nl_del(&nl, name));
}

TEST(new_makes_a_ring)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	struct nl_request request;
	struct nl_reply queue;

	new_queue(&nl, name, &request);
	nl_put_u32(&request, KMQ_A_KIND, KMQ_KIND_RING);
	nl_put_u32(&request, KMQ_A_RING_MODE, KMQ_RING_BROADCAST);
	nl_put_u64(&request, KMQ_A_BYTE_LIMIT, 8192);
	CHECK_TAKEN(&nl, nl_transact(&nl, &request, &queue));
	check_same(&queue, KMQ_A_KIND, KMQ_KIND_RING);
	check_same(&queue, KMQ_A_RING_MODE, KMQ_RING_BROADCAST);
	check_same(&queue, KMQ_A_BYTE_LIMIT, 8192);
	CHECK_TAKEN(&nl, nl_del(&nl, name));
}

TEST(new_of_an_existing_name_describes_it_unless_it_is_to_be_new)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	struct nl_request request;
	struct nl_reply queue;

	NAMED(name, .capacity = 3);
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_NEW, NLM_F_CREATE);
	nl_put_text(&request, KMQ_A_NAME, name);
	nl_put_u32(&request, KMQ_A_CAPACITY, 99);
	CHECK_TAKEN(&nl, nl_transact(&nl, &request, &queue));
	check_same(&queue, KMQ_A_CAPACITY, 3);
	CHECK_REFUSED(&nl, nl_new(&nl, name), EEXIST,
		      "a queue of this name exists", KMQ_A_NAME);
}

TEST(del_ends_a_queue_and_wakes_who_sleeps_in_it)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	struct nl_reply queue;
	int fd = NAMED(name, .capacity = 1);
	pid_t pid;

	CHILD(pid) {
		char body[8];

		CHECK_ERRNO(read(fd, body, sizeof(body)), EIDRM);
	}
	wait_blocked_receivers(fd, 1);
	CHECK_TAKEN(&nl, nl_del(&nl, name));
	child_join(pid);
	CHECK_ERRNO(access(queue_path(name), F_OK), ENOENT);
	CHECK_REFUSED(&nl, nl_get(&nl, name, &queue), ENOENT, "no such queue",
		      KMQ_A_NAME);
	CHECK_REFUSED(&nl, nl_del(&nl, name), ENOENT, "no such queue",
		      KMQ_A_NAME);
}

TEST(del_by_id_ends_a_queue_without_a_name)
{
	struct nl nl = nl_open();
	struct nl_request request;
	int fd = QUEUE(.capacity = 1);

	nl_begin(&request, &nl, KMQ_CMD_QUEUE_DEL, 0);
	nl_put_u32(&request, KMQ_A_ID, info_of(fd).id);
	CHECK_TAKEN(&nl, nl_transact(&nl, &request, NULL));
	CHECK_ERRNO(write(fd, "x", 1), EIDRM);
}

TEST(set_changes_limits)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	struct nl_request request;
	struct nl_reply queue;
	int fd = NAMED(name, .capacity = 1, .max_message = 16,
		       .policy = KMQ_POLICY_REJECT);

	put(fd, 1, 0, "full");
	CHECK_ERRNO(write(fd, "x", 1), EAGAIN);
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_SET, 0);
	nl_put_text(&request, KMQ_A_NAME, name);
	nl_put_u32(&request, KMQ_A_CAPACITY, 3);
	nl_put_u64(&request, KMQ_A_BYTE_LIMIT, 1000);
	CHECK_TAKEN(&nl, nl_transact(&nl, &request, NULL));
	queue = get(&nl, name);
	check_same(&queue, KMQ_A_CAPACITY, 3);
	check_same(&queue, KMQ_A_BYTE_LIMIT, 1000);
	put(fd, 1, 0, "not full");
}

/* Nothing of it happens: neither the capacity nor the policy is another. */
TEST(set_is_all_or_nothing)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	struct nl_request request;
	struct nl_reply queue;

	NAMED(name, .capacity = 2, .max_message = 16, .mode = 0600);
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_SET, 0);
	nl_put_text(&request, KMQ_A_NAME, name);
	nl_put_u32(&request, KMQ_A_CAPACITY, 5);
	nl_put_u32(&request, KMQ_A_POLICY, KMQ_POLICY_REJECT);
	nl_put_u32(&request, KMQ_A_MODE, 0644);
	nl_put_u32(&request, KMQ_A_HISTOGRAM, 1);
	nl_put_u64(&request, KMQ_A_BYTE_LIMIT, 15);
	CHECK_REFUSED(&nl, nl_transact(&nl, &request, NULL), EINVAL,
		      "the byte limit is below the largest message",
		      KMQ_A_BYTE_LIMIT);
	queue = get(&nl, name);
	check_same(&queue, KMQ_A_CAPACITY, 2);
	check_same(&queue, KMQ_A_POLICY, KMQ_POLICY_BLOCK);
	check_same(&queue, KMQ_A_MODE, 0600);
	check_same(&queue, KMQ_A_HISTOGRAM, 0);
}

/* Over the user's bytes: refused before the node is touched. */
TEST(set_beyond_the_quota_changes_nothing)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	struct nl_request request;
	struct nl_reply queue;
	struct stat before, after;

	NAMED(name, .capacity = 2);
	CHECK_OK(stat(queue_path(name), &before));
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_SET, 0);
	nl_put_text(&request, KMQ_A_NAME, name);
	nl_put_u32(&request, KMQ_A_MODE, 0666);
	nl_put_u64(&request, KMQ_A_BYTE_LIMIT, 1ull << 31);
	CHECK_REFUSED(&nl, nl_transact(&nl, &request, NULL), EDQUOT,
		      "over the limit of bytes of the user who made the queue", 0);
	queue = get(&nl, name);
	check_same(&queue, KMQ_A_MODE, 0600);
	CHECK_OK(stat(queue_path(name), &after));
	CHECK_EQ(after.st_ino, before.st_ino);
}

TEST(set_gives_a_queue_to_another_and_open_descriptors_stay)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	struct nl_request request;
	struct nl_reply queue;
	struct stat node;
	int fd = NAMED(name, .capacity = 2);

	put(fd, 1, 0, "from before");
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_SET, 0);
	nl_put_text(&request, KMQ_A_NAME, name);
	nl_put_u32(&request, KMQ_A_MODE, 0060);
	nl_put_u32(&request, KMQ_A_UID, 1000);
	nl_put_u32(&request, KMQ_A_GID, 1000);
	CHECK_TAKEN(&nl, nl_transact(&nl, &request, NULL));
	CHECK_OK(stat(queue_path(name), &node));
	CHECK_EQ(node.st_mode & 07777, 0060);
	CHECK_EQ(node.st_uid, 1000);
	CHECK_EQ(node.st_gid, 1000);
	queue = get(&nl, name);
	check_same(&queue, KMQ_A_MODE, 0060);
	check_same(&queue, KMQ_A_UID, 1000);
	take(fd, "from before");
	CHECK_EQ(info_of(fd).uid, 1000);
	/* The node leads to the same queue. */
	put(fd, 1, 0, "to the new node");
	take(queue_open(name, O_RDWR), "to the new node");
	CHECK_TAKEN(&nl, nl_del(&nl, name));
}

TEST(a_policy_without_sleep_wakes_those_asleep_with_eagain)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 1);
	pid_t pid;

	put(fd, 1, 0, "full");
	CHILD(pid)
		CHECK_ERRNO(write(fd, "late", 4), EAGAIN);
	wait_blocked_senders(fd, 1);
	CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_POLICY, KMQ_POLICY_REJECT));
	child_join(pid);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1, .bytes = 4, .rejected = 1,
		      .peak = 1);
}

TEST(a_policy_that_drops_takes_the_messages_of_those_asleep)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 1);
	pid_t pid;

	put(fd, 1, 0, "old");
	CHILD(pid)
		CHECK_EQ(CHECK_OK(write(fd, "new", 3)), 3);
	wait_blocked_senders(fd, 1);
	CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_POLICY,
				    KMQ_POLICY_DROP_OLDEST));
	child_join(pid);
	take(fd, "new");
	CHECK_EQ(info_of(fd).dropped, 1);

	CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_POLICY, KMQ_POLICY_BLOCK));
	put(fd, 1, 0, "old");
	CHILD(pid)
		CHECK_EQ(CHECK_OK(write(fd, "new", 3)), 3);
	wait_blocked_senders(fd, 1);
	CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_POLICY,
				    KMQ_POLICY_DROP_NEWEST));
	child_join(pid);
	take(fd, "old");
	expect_empty(fd);
	CHECK_EQ(info_of(fd).dropped, 2);
}

TEST(a_policy_of_a_ring_wakes_those_asleep)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	static char body[1024];
	int fd = NAMED(name, .kind = KMQ_KIND_RING, .byte_limit = 4096);
	pid_t pid;

	CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
	while (write(fd, body, sizeof(body)) > 0)
		;
	CHECK_OK(fcntl(fd, F_SETFL, 0));
	CHILD(pid)
		CHECK_ERRNO(write(fd, body, sizeof(body)), EAGAIN);
	wait_blocked_senders(fd, 1);
	CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_POLICY, KMQ_POLICY_REJECT));
	child_join(pid);
}

TEST(a_change_of_settings_is_remembered)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	struct nl_reply queue;
	__u64 before;

	NAMED(name, .capacity = 2);
	before = time(NULL);
	pause_ms(1100);
	CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_POLICY, KMQ_POLICY_REJECT));
	queue = get(&nl, name);
	CHECK(nl_number(&queue, KMQ_A_LAST_CHANGE) > before);
}

/* The sum of a histogram's buckets. */
static __u64 sum(const struct nl_reply *queue, int attribute)
{
	const struct nlattr *found = nl_attribute(queue, attribute);
	__u64 bucket, total = 0;

	CHECK_EQ(found->nla_len, NLA_HDRLEN + KMQ_HISTOGRAM_BUCKETS * sizeof(bucket));
	for (int i = 0; i < KMQ_HISTOGRAM_BUCKETS; i++) {
		memcpy(&bucket, (const char *)found + NLA_HDRLEN + i * sizeof(bucket),
		       sizeof(bucket));
		total += bucket;
	}
	return total;
}

/* Messages in buckets that begin at 2^shift ns or above. */
static __u64 sum_above(const struct nl_reply *queue, int attribute, int shift)
{
	const struct nlattr *found = nl_attribute(queue, attribute);
	__u64 bucket, total = 0;

	for (int i = shift - 9; i < KMQ_HISTOGRAM_BUCKETS; i++) {
		memcpy(&bucket, (const char *)found + NLA_HDRLEN + i * sizeof(bucket),
		       sizeof(bucket));
		total += bucket;
	}
	return total;
}

TEST(a_histogram_has_the_time_that_a_message_was_queued)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	struct nl_reply queue;
	int fd = NAMED(name, .capacity = 4);

	put(fd, 1, 0, "untimed");
	take(fd, "untimed");
	CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_HISTOGRAM, 1));
	queue = get(&nl, name);
	CHECK_EQ(sum(&queue, KMQ_A_TIME_QUEUED), 0);
	put(fd, 1, 0, "slow");
	pause_ms(20);
	take(fd, "slow");
	queue = get(&nl, name);
	CHECK_EQ(sum(&queue, KMQ_A_TIME_QUEUED), 1);
	/* 20 ms are more than 2^24 ns. */
	CHECK_EQ(sum_above(&queue, KMQ_A_TIME_QUEUED, 24), 1);
	CHECK_EQ(sum(&queue, KMQ_A_TIME_BLOCKED), 0);
	/* Off and on: from the beginning. */
	CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_HISTOGRAM, 0));
	queue = get(&nl, name);
	CHECK(!nl_has(&queue, KMQ_A_TIME_QUEUED));
	CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_HISTOGRAM, 1));
	queue = get(&nl, name);
	CHECK_EQ(sum(&queue, KMQ_A_TIME_QUEUED), 0);
}

TEST(a_histogram_has_the_time_that_receivers_and_senders_slept)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	struct nl_reply queue;
	int fd = NAMED(name, .capacity = 1);
	pid_t pid;

	CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_HISTOGRAM, 1));
	CHILD(pid)
		await_text(fd, "awaited");
	wait_blocked_receivers(fd, 1);
	pause_ms(20);
	put(fd, 1, 0, "awaited");
	child_join(pid);
	queue = get(&nl, name);
	CHECK_EQ(sum(&queue, KMQ_A_TIME_BLOCKED), 1);
	CHECK_EQ(sum_above(&queue, KMQ_A_TIME_BLOCKED, 24), 1);
	/* Handed over: it did not lie in the queue. */
	CHECK_EQ(sum(&queue, KMQ_A_TIME_QUEUED), 1);
	CHECK_EQ(sum_above(&queue, KMQ_A_TIME_QUEUED, 10), 0);
	put(fd, 1, 0, "full");
	CHILD(pid)
		CHECK_EQ(CHECK_OK(write(fd, "for room", 8)), 8);
	wait_blocked_senders(fd, 1);
	take(fd, "full");
	child_join(pid);
	queue = get(&nl, name);
	CHECK_EQ(sum(&queue, KMQ_A_TIME_BLOCKED), 2);
}

TEST(a_batch_counts_each_message_in_the_histogram)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE], bodies[3][8];
	struct kmq_message messages[3] = {};
	struct kmq_batch batch = { .messages = ptr(messages), .count = 3 };
	struct nl_reply queue;
	int fd = NAMED(name, .capacity = 4);

	CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_HISTOGRAM, 1));
	for (int i = 0; i < 3; i++) {
		messages[i].body = ptr(bodies[i]);
		messages[i].size = sizeof(bodies[i]);
		put(fd, 1, 0, "batch");
	}
	batch.select = KMQ_SELECT_ANY;
	CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch)), 3);
	queue = get(&nl, name);
	CHECK_EQ(sum(&queue, KMQ_A_TIME_QUEUED), 3);
}
