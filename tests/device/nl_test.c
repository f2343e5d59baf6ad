// SPDX-License-Identifier: GPL-2.0-only
/*
 * libkmq-nl and the module's control plane together: what the one says the other
 * understands. What the library does with bad answers is in tests/unit/nl_*;
 * what the module does with bad requests is in netlink_*_test.c.
 */
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <kmq_nl.h>

#include "kmq_test.h"
#include "lib/module.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static struct kmq_nl *nl;

/* A call that must succeed; the kernel's sentence if it does not. */
#define CHECK_NL(call)							\
	({								\
		int result_ = (call);					\
									\
		if (result_ < 0)					\
			FAIL("%s: %s: %s", #call, strerrorname_np(errno), kmq_nl_error(nl)); \
		result_;						\
	})

/* One that the kernel must refuse, with a sentence of its own. */
#define CHECK_REFUSED(call, code)					\
	do {								\
		CHECK_ERRNO(call, code);				\
		CHECK(kmq_nl_error(nl)[0]);				\
		CHECK(strcmp(kmq_nl_error(nl), strerror(code)));	\
	} while (0)

static void open_handle(void)
{
	nl = kmq_nl_open();
	if (!nl)
		FAIL("kmq_nl_open: %s", strerrorname_np(errno));
}

static struct kmq_nl_queue get(const char *name)
{
	struct kmq_nl_queue queue;

	memset(&queue, 0xa5, sizeof(queue));
	CHECK_NL(kmq_nl_get(nl, name, 0, &queue, NULL));
	return queue;
}

/* A pattern of this test's names alone. */
static const char *ours(void)
{
	static char pattern[KMQ_PATTERN_SIZE];

	snprintf(pattern, sizeof(pattern), NAME_PREFIX "*", test_pid);
	return pattern;
}

/* ------------------------------------------------------------------------
 * One queue
 */

TEST(a_queue_is_told_as_the_ioctl_tells_it)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 7, .mode = 0640);
	struct kmq_nl_queue queue;
	struct kmq_info info;

	open_handle();
	put(fd, 3, 5, "one");
	put(fd, 4, 0, "three");
	take(fd, "one");
	queue = get(name);
	info = info_of(fd);
	CHECK(!memcmp(&queue.info, &info, sizeof(info)));
	CHECK_EQ(queue.info.queued, 1);
	CHECK_EQ(queue.creator_uid, 0);
	CHECK_EQ(queue.creator_pid, getpid());
	CHECK_EQ(queue.last_send_pid, getpid());
	CHECK_EQ(queue.last_receive_pid, getpid());
	CHECK_EQ(queue.high_watermark, 0);
	CHECK_EQ(queue.low_watermark, 0);
	CHECK_EQ(queue.lease_limit, 0);
	CHECK_EQ(queue.histogram, 0);
}

TEST(a_message_queue_has_every_attribute_that_is_one)
{
	char name[KMQ_NAME_SIZE];
	uint64_t missing;

	NAMED(name, .capacity = 7);
	open_handle();
	missing = (KMQ_NL_BIT(KMQ_A_LAST_RECEIVE_PID + 1) - KMQ_NL_BIT(KMQ_A_ID)) & ~get(name).has;
	/* Those of rings. */
	missing &= ~(KMQ_NL_BIT(KMQ_A_RING_MODE) | KMQ_NL_BIT(KMQ_A_ATTACHMENTS) |
		     KMQ_NL_BIT(KMQ_A_DEATHS) | KMQ_NL_BIT(KMQ_A_RING_FLAGS) | KMQ_NL_BIT(KMQ_A_ABANDONED));
	CHECK_EQ(missing, 0);
}

TEST(a_ring_is_told_with_what_only_rings_have)
{
	const uint64_t rings = KMQ_NL_BIT(KMQ_A_RING_MODE) | KMQ_NL_BIT(KMQ_A_ATTACHMENTS) |
			       KMQ_NL_BIT(KMQ_A_DEATHS) | KMQ_NL_BIT(KMQ_A_RING_FLAGS);
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .kind = KMQ_KIND_RING, .ring_mode = 2);
	struct kmq_nl_queue queue;
	struct kmq_info info;

	open_handle();
	put(fd, 1, 0, "one");
	queue = get(name);
	info = info_of(fd);
	CHECK_EQ(queue.has & rings, rings);
	CHECK_EQ(queue.info.kind, KMQ_KIND_RING);
	CHECK_EQ(queue.info.ring_mode, 2);
	CHECK(!memcmp(&queue.info, &info, sizeof(info)));
}

TEST(times_of_the_last_messages_are_of_the_wall_clock)
{
	struct timespec before, after;
	char name[KMQ_NAME_SIZE];
	struct kmq_nl_queue queue;
	int fd = NAMED(name, .capacity = 2);

	open_handle();
	queue = get(name);
	CHECK_EQ(queue.last_send, 0);
	CHECK_EQ(queue.last_receive, 0);
	CHECK_EQ(queue.last_send_pid, 0);
	clock_gettime(CLOCK_REALTIME, &before);
	put(fd, 1, 0, "one");
	take(fd, "one");
	clock_gettime(CLOCK_REALTIME, &after);
	queue = get(name);
	/* The kernel's coarse clock may be one tick behind. */
	CHECK(queue.last_send + 1 >= (uint64_t)before.tv_sec && queue.last_send <= (uint64_t)after.tv_sec);
	CHECK(queue.last_receive >= queue.last_send && queue.last_receive <= (uint64_t)after.tv_sec);
	CHECK(queue.last_change <= queue.last_send);
}

TEST(a_queue_without_a_name_is_found_by_its_number)
{
	int fd = QUEUE(.capacity = 3);
	struct kmq_nl_queue queue;

	open_handle();
	CHECK_NL(kmq_nl_get(nl, NULL, info_of(fd).id, &queue, NULL));
	CHECK_EQ(queue.info.capacity, 3);
	CHECK_EQ(queue.info.name[0], 0);
	CHECK(!(queue.has & KMQ_NL_BIT(KMQ_A_NAME)));
}

TEST(what_is_not_there_is_refused_in_a_sentence)
{
	struct kmq_nl_queue queue;

	open_handle();
	CHECK_REFUSED(kmq_nl_get(nl, "no-such-queue", 0, &queue, NULL), ENOENT);
	CHECK_EQ(kmq_nl_error_attribute(nl), KMQ_A_NAME);
	CHECK_REFUSED(kmq_nl_get(nl, NULL, 0xfffffff0, &queue, NULL), ENOENT);
	CHECK_EQ(kmq_nl_error_attribute(nl), KMQ_A_ID);
	CHECK_REFUSED(kmq_nl_remove(nl, "no-such-queue", 0), ENOENT);
	/* A success forgets it. */
	CHECK_NL(kmq_nl_dump(nl, &(struct kmq_nl_filter){ .pattern = "no-such-queue" }, NULL, NULL));
	CHECK_EQ(kmq_nl_error(nl)[0], 0);
	CHECK_EQ(kmq_nl_error_attribute(nl), 0);
}

/* ------------------------------------------------------------------------
 * All queues
 */

#define MANY	300

static bool has_number(const struct kmq_nl_queue *queues, size_t count, uint32_t id)
{
	for (size_t i = 0; i < count; i++)
		if (queues[i].info.id == id)
			return true;
	return false;
}

TEST(a_list_has_every_queue_once_and_in_order)
{
	struct rlimit limit = { 2 * MANY, 2 * MANY };
	struct kmq_nl_queue *queues;
	char name[KMQ_NAME_SIZE];
	size_t count;
	int fds[MANY];

	CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
	for (int i = 0; i < MANY; i++)
		fds[i] = NAMED(name, .capacity = 1, .inline_size = 8, .max_message = 8);
	open_handle();
	CHECK_EQ(CHECK_NL(kmq_nl_list(nl, NULL, &queues, &count)), 0);
	CHECK(count >= MANY);
	for (size_t i = 1; i < count; i++)
		CHECK(queues[i - 1].info.id < queues[i].info.id);
	for (int i = 0; i < MANY; i++)
		CHECK(has_number(queues, count, info_of(fds[i]).id));
	free(queues);
}

static void expect_count(const struct kmq_nl_filter *filter, size_t expected)
{
	struct kmq_nl_queue *queues;
	size_t count;

	CHECK_NL(kmq_nl_list(nl, filter, &queues, &count));
	CHECK_EQ(count, expected);
	free(queues);
}

TEST(a_filter_leaves_out_what_does_not_pass)
{
	char a[KMQ_NAME_SIZE], b[KMQ_NAME_SIZE], c[KMQ_NAME_SIZE];
	struct kmq_nl_filter filter = { .pattern = ours() };

	NAMED(a, .capacity = 1);
	NAMED(b, .kind = KMQ_KIND_RING);
	NAMED(c, .capacity = 1, .flags = KMQ_CREATE_OWNER, .uid = 1234, .gid = 1234);
	QUEUE(.capacity = 1);
	open_handle();
	expect_count(&filter, 3);
	filter.has = KMQ_NL_BIT(KMQ_A_KIND);
	filter.kind = KMQ_KIND_RING;
	expect_count(&filter, 1);
	filter.kind = KMQ_KIND_MESSAGE;
	expect_count(&filter, 2);
	filter.has |= KMQ_NL_BIT(KMQ_A_UID);
	filter.uid = 1234;
	expect_count(&filter, 1);
	filter.uid = 1235;
	expect_count(&filter, 0);
	filter = (struct kmq_nl_filter){ .pattern = b };
	expect_count(&filter, 1);
	filter.pattern = "no-*-such?queue";
	expect_count(&filter, 0);
}

static int stop_at_once(const struct kmq_nl_queue *queue, void *data)
{
	++*(int *)data;
	return 1;
}

TEST(a_dump_that_was_stopped_is_out_of_the_way)
{
	char name[KMQ_NAME_SIZE];
	int calls = 0;

	for (int i = 0; i < 100; i++)
		NAMED(name, .capacity = 1, .inline_size = 8, .max_message = 8);
	open_handle();
	for (int i = 0; i < 10; i++) {
		CHECK_ERRNO(kmq_nl_dump(nl, NULL, stop_at_once, &calls), ECANCELED);
		CHECK_EQ(get(name).info.capacity, 1);
	}
	CHECK_EQ(calls, 10);
}

TEST(a_dump_among_queues_that_come_and_go_has_those_that_stay)
{
	struct kmq_nl_filter filter = { .pattern = ours() };
	char name[KMQ_NAME_SIZE];
	int interrupted = 0;
	uint32_t ids[100];
	pid_t churn;

	for (int i = 0; i < 100; i++)
		ids[i] = info_of(NAMED(name, .capacity = 1, .inline_size = 8, .max_message = 8)).id;
	open_handle();
	CHILD(churn) {
		for (;;)
			close(NAMED(name, .capacity = 1));
	}
	for (int i = 0; i < 100; i++) {
		struct kmq_nl_queue *queues;
		size_t count;

		interrupted += CHECK_NL(kmq_nl_list(nl, &filter, &queues, &count));
		for (size_t k = 1; k < count; k++)
			CHECK(queues[k - 1].info.id < queues[k].info.id);
		for (int k = 0; k < 100; k++)
			CHECK(has_number(queues, count, ids[k]));
		free(queues);
		sched_yield();
	}
	child_kill(churn);
	printf("# %d of 100 dumps were interrupted\n", interrupted);
}

/* ------------------------------------------------------------------------
 * Settings
 */

TEST(settings_are_changed_and_told)
{
	struct kmq_nl_settings settings = {
		.has = KMQ_NL_BIT(KMQ_A_CAPACITY) | KMQ_NL_BIT(KMQ_A_BYTE_LIMIT) | KMQ_NL_BIT(KMQ_A_POLICY) |
		       KMQ_NL_BIT(KMQ_A_MODE) | KMQ_NL_BIT(KMQ_A_UID) | KMQ_NL_BIT(KMQ_A_GID) |
		       KMQ_NL_BIT(KMQ_A_HIGH_WATERMARK) | KMQ_NL_BIT(KMQ_A_LOW_WATERMARK) |
		       KMQ_NL_BIT(KMQ_A_LEASE_LIMIT) | KMQ_NL_BIT(KMQ_A_HISTOGRAM),
		.capacity = 20, .byte_limit = 100000, .policy = KMQ_POLICY_REJECT, .mode = 0664, .uid = 1001,
		.gid = 1002, .high_watermark = 15, .low_watermark = 5, .lease_limit = 60000, .histogram = 1,
	};
	char name[KMQ_NAME_SIZE];
	struct kmq_nl_queue queue;
	struct stat status;
	int fd = NAMED(name, .capacity = 4);

	put(fd, 1, 0, "kept");
	open_handle();
	CHECK_EQ(CHECK_NL(kmq_nl_set(nl, name, 0, &settings)), 0);
	queue = get(name);
	CHECK_EQ(queue.info.capacity, 20);
	CHECK_EQ(queue.info.byte_limit, 100000);
	CHECK_EQ(queue.info.policy, KMQ_POLICY_REJECT);
	CHECK_EQ(queue.info.mode, 0664);
	CHECK_EQ(queue.info.uid, 1001);
	CHECK_EQ(queue.info.gid, 1002);
	CHECK_EQ(queue.high_watermark, 15);
	CHECK_EQ(queue.low_watermark, 5);
	CHECK_EQ(queue.lease_limit, 60000);
	CHECK_EQ(queue.histogram, 1);
	CHECK_OK(stat(queue_path(name), &status));
	CHECK_EQ(status.st_mode & 07777, 0664);
	CHECK_EQ(status.st_uid, 1001);
	CHECK_EQ(status.st_gid, 1002);
	take(fd, "kept");
}

TEST(a_change_that_is_refused_in_part_is_refused_in_whole)
{
	struct kmq_nl_settings settings = {
		.has = KMQ_NL_BIT(KMQ_A_POLICY) | KMQ_NL_BIT(KMQ_A_CAPACITY),
		.policy = KMQ_POLICY_REJECT, .capacity = KMQ_CAPACITY_MAX + 1,
	};
	struct kmq_nl_queue before, after;
	char name[KMQ_NAME_SIZE];

	NAMED(name, .capacity = 4);
	open_handle();
	before = get(name);
	CHECK_ERRNO(kmq_nl_set(nl, name, 0, &settings), EINVAL);
	CHECK_EQ(kmq_nl_error_attribute(nl), KMQ_A_CAPACITY);
	CHECK(kmq_nl_error(nl)[0]);
	after = get(name);
	CHECK(!memcmp(&before, &after, sizeof(before)));
}

TEST(watermarks_that_cross_are_refused_in_a_sentence)
{
	struct kmq_nl_settings settings = {
		.has = KMQ_NL_BIT(KMQ_A_HIGH_WATERMARK) | KMQ_NL_BIT(KMQ_A_LOW_WATERMARK),
		.high_watermark = 2, .low_watermark = 3,
	};
	char name[KMQ_NAME_SIZE];

	NAMED(name, .capacity = 4);
	open_handle();
	CHECK_REFUSED(kmq_nl_set(nl, name, 0, &settings), EINVAL);
	CHECK_EQ(kmq_nl_error_attribute(nl), KMQ_A_LOW_WATERMARK);
}

TEST(a_ring_refuses_what_it_does_not_have)
{
	struct kmq_nl_settings settings = { .has = KMQ_NL_BIT(KMQ_A_LEASE_LIMIT), .lease_limit = 10 };
	char name[KMQ_NAME_SIZE];

	NAMED(name, .kind = KMQ_KIND_RING);
	open_handle();
	CHECK_REFUSED(kmq_nl_set(nl, name, 0, &settings), EOPNOTSUPP);
	CHECK_EQ(kmq_nl_error_attribute(nl), KMQ_A_LEASE_LIMIT);
}

TEST(a_queue_is_made_with_its_settings_and_told)
{
	struct kmq_nl_settings settings = {
		.has = KMQ_NL_BIT(KMQ_A_CAPACITY) | KMQ_NL_BIT(KMQ_A_MODE) | KMQ_NL_BIT(KMQ_A_UID) |
		       KMQ_NL_BIT(KMQ_A_LEASE_LIMIT),
		.capacity = 5, .mode = 0606, .uid = 1001, .lease_limit = 1000,
	};
	struct kmq_nl_queue queue, again;
	char name[KMQ_NAME_SIZE];

	queue_name(name);
	open_handle();
	CHECK_NL(kmq_nl_create(nl, name, &settings, KMQ_CREATE_EXCLUSIVE, &queue));
	CHECK(!strcmp(queue.info.name, name));
	CHECK_EQ(queue.info.capacity, 5);
	CHECK_EQ(queue.info.max_message, KMQ_MESSAGE_DEFAULT);
	CHECK_EQ(queue.info.mode, 0606);
	CHECK_EQ(queue.info.uid, 1001);
	CHECK_EQ(queue.lease_limit, 1000);
	CHECK_EQ(queue.creator_uid, 0);
	CHECK_REFUSED(kmq_nl_create(nl, name, NULL, KMQ_CREATE_EXCLUSIVE, &again), EEXIST);
	CHECK_EQ(kmq_nl_error_attribute(nl), KMQ_A_NAME);
	CHECK_NL(kmq_nl_create(nl, name, NULL, 0, &again));
	CHECK_EQ(again.info.id, queue.info.id);
	CHECK_EQ(again.info.capacity, 5);
	CHECK_NL(kmq_nl_remove(nl, NULL, queue.info.id));
	CHECK_REFUSED(kmq_nl_remove(nl, NULL, queue.info.id), ENOENT);
	CHECK_ERRNO(access(queue_path(name), F_OK), ENOENT);
}

TEST(a_ring_is_made_with_its_mode)
{
	struct kmq_nl_settings settings = {
		.has = KMQ_NL_BIT(KMQ_A_KIND) | KMQ_NL_BIT(KMQ_A_RING_MODE) | KMQ_NL_BIT(KMQ_A_BYTE_LIMIT) |
		       KMQ_NL_BIT(KMQ_A_LIFETIME),
		.kind = KMQ_KIND_RING, .ring_mode = 3, .byte_limit = 1 << 17, .lifetime = KMQ_LIFETIME_PERSISTENT,
	};
	struct kmq_nl_queue queue;
	char name[KMQ_NAME_SIZE];

	queue_name(name);
	open_handle();
	CHECK_NL(kmq_nl_create(nl, name, &settings, 0, &queue));
	CHECK_EQ(queue.info.kind, KMQ_KIND_RING);
	CHECK_EQ(queue.info.ring_mode, 3);
	CHECK_EQ(queue.info.byte_limit, 1 << 17);
	CHECK_NL(kmq_nl_remove(nl, name, 0));
}

TEST(a_bad_name_is_refused_by_its_attribute)
{
	open_handle();
	CHECK_REFUSED(kmq_nl_create(nl, ".hidden", NULL, 0, NULL), EINVAL);
	CHECK_EQ(kmq_nl_error_attribute(nl), KMQ_A_NAME);
	CHECK_REFUSED(kmq_nl_create(nl, "control", NULL, 0, NULL), EINVAL);
	CHECK_EQ(kmq_nl_error_attribute(nl), KMQ_A_NAME);
	CHECK_REFUSED(kmq_nl_create(nl, "a-name-of-32-characters-is-longer", NULL, 0, NULL), EINVAL);
	CHECK_EQ(kmq_nl_error_attribute(nl), KMQ_A_NAME);
	CHECK_REFUSED(kmq_nl_create(nl, "", NULL, 0, NULL), EINVAL);
	CHECK_EQ(kmq_nl_error_attribute(nl), KMQ_A_NAME);
}

/* ------------------------------------------------------------------------
 * Other users
 */

TEST(another_user_sees_and_changes_only_what_it_may)
{
	struct kmq_nl_settings settings = { .has = KMQ_NL_BIT(KMQ_A_CAPACITY), .capacity = 8 };
	char private[KMQ_NAME_SIZE], public[KMQ_NAME_SIZE], own[KMQ_NAME_SIZE];
	struct kmq_nl_filter filter = { .pattern = ours() };
	pid_t child;

	NAMED(private, .mode = 0660);
	NAMED(public, .mode = 0664);
	NAMED(own, .mode = 0600, .flags = KMQ_CREATE_OWNER, .uid = 1234, .gid = 1234);
	CHILD(child) {
		become_user(1234);
		open_handle();
		expect_count(&filter, 2);
		CHECK_REFUSED(kmq_nl_get(nl, private, 0, NULL, NULL), EACCES);
		CHECK_NL(kmq_nl_get(nl, public, 0, NULL, NULL));
		CHECK_REFUSED(kmq_nl_set(nl, public, 0, &settings), EPERM);
		CHECK_REFUSED(kmq_nl_remove(nl, public, 0), EPERM);
		CHECK_NL(kmq_nl_set(nl, own, 0, &settings));
		CHECK_REFUSED(kmq_nl_create(nl, "another", NULL, 0, NULL), EPERM);
		CHECK_NL(kmq_nl_remove(nl, own, 0));
	}
	child_join(child);
	open_handle();
	expect_count(&filter, 2);
	CHECK_EQ(get(public).info.capacity, KMQ_CAPACITY_DEFAULT);
}

/* ------------------------------------------------------------------------
 * Holders
 */

struct held {
	int count;
	struct kmq_nl_holder holders[16];
};

static int note(const struct kmq_nl_holder *holder, void *data)
{
	struct held *held = data;

	CHECK(held->count < (int)COUNT(held->holders));
	held->holders[held->count++] = *holder;
	return 0;
}

static const struct kmq_nl_holder *find_holder(const struct held *held, uint32_t kind, pid_t pid)
{
	for (int i = 0; i < held->count; i++)
		if (held->holders[i].holder == kind && held->holders[i].pid == pid)
			return &held->holders[i];
	FAIL("no holder of kind %u and process %d", kind, pid);
}

TEST(holders_are_told_with_what_they_do)
{
	const struct kmq_nl_holder *holder;
	struct held held = { .count = 0 };
	char name[KMQ_NAME_SIZE];
	struct received received;
	pid_t child;
	int fd = NAMED(name, .capacity = 4);

	CHILD(child) {
		receive_any(queue_open(name, O_RDONLY), 0, &received);
	}
	wait_blocked_receivers(fd, 1);
	open_handle();
	CHECK_NL(kmq_nl_holders(nl, name, 0, note, &held));
	holder = find_holder(&held, KMQ_HOLDER_DESCRIPTOR, getpid());
	CHECK_EQ(holder->access & (KMQ_ACCESS_READ | KMQ_ACCESS_WRITE), KMQ_ACCESS_READ | KMQ_ACCESS_WRITE);
	CHECK(holder->comm[0]);
	holder = find_holder(&held, KMQ_HOLDER_DESCRIPTOR, child);
	CHECK_EQ(holder->access, KMQ_ACCESS_READ);
	holder = find_holder(&held, KMQ_HOLDER_SLEEPER, child);
	CHECK_EQ(holder->tid, child);
	CHECK_EQ(holder->sleep, KMQ_SLEEP_RECEIVE);
	CHECK(holder->since > 0 && holder->since <= now() + 10000000);
	CHECK_EQ(held.count, 3);
	child_kill(child);
	CHECK_REFUSED(kmq_nl_holders(nl, "no-such-queue", 0, note, &held), ENOENT);
}

TEST(holders_have_their_leases_and_those_of_a_ring_their_mapping)
{
	struct kmq_ring_attach attach = { .flags = KMQ_RING_CONSUMER };
	const struct kmq_nl_holder *holder;
	struct held held = { .count = 0 };
	char name[KMQ_NAME_SIZE];
	struct received received;
	int fd = NAMED(name, .capacity = 4);

	put(fd, 1, 0, "one");
	put(fd, 1, 0, "two");
	CHECK_OK(receive_any(fd, KMQ_LEASE, &received));
	open_handle();
	CHECK_NL(kmq_nl_holders(nl, name, 0, note, &held));
	CHECK_EQ(held.count, 1);
	CHECK_EQ(held.holders[0].leases, 1);

	fd = NAMED(name, .kind = KMQ_KIND_RING);
	CHECK_OK(ioctl(fd, KMQ_IOC_RING_ATTACH, &attach));
	held.count = 0;
	CHECK_NL(kmq_nl_holders(nl, NULL, info_of(fd).id, note, &held));
	find_holder(&held, KMQ_HOLDER_DESCRIPTOR, getpid());
	holder = find_holder(&held, KMQ_HOLDER_MAPPING, getpid());
	CHECK_EQ(holder->attachment, attach.id);
	CHECK(holder->has & KMQ_NL_BIT(KMQ_A_ATTACHMENT));
}

/* ------------------------------------------------------------------------
 * Events
 */

static struct kmq_nl_event next(void)
{
	struct timespec deadline = kmq_deadline_in(30000);
	struct kmq_nl_event event;

	memset(&event, 0xa5, sizeof(event));
	CHECK_NL(kmq_nl_next_event_until(nl, &event, &deadline));
	return event;
}

static struct kmq_nl_event expect_event(uint32_t kind)
{
	struct kmq_nl_event event = next();

	if (event.event != kind)
		FAIL("the event is %s, expected %s", kmq_event_name(event.event), kmq_event_name(kind));
	return event;
}

static void expect_no_event(void)
{
	struct timespec deadline = kmq_deadline_in(200);
	struct kmq_nl_event event;

	CHECK_ERRNO(kmq_nl_next_event_until(nl, &event, &deadline), ETIMEDOUT);
}

TEST(a_queues_life_is_told_in_order)
{
	struct kmq_nl_event event;
	char name[KMQ_NAME_SIZE];
	uint64_t began = now(), sequence;
	uint32_t id;
	int fd;

	open_handle();
	CHECK_NL(kmq_nl_subscribe(nl, ours(), 0));
	fd = NAMED(name, .capacity = 2, .mode = 0604);
	id = info_of(fd).id;
	put(fd, 1, 0, "one");
	put(fd, 1, 0, "two");
	CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, 0, "three", 5), EAGAIN);
	take(fd, "one");
	take(fd, "two");
	close(fd);

	event = expect_event(KMQ_EVENT_CREATED);
	CHECK_EQ(event.id, id);
	CHECK(!strcmp(event.name, name));
	CHECK_EQ(event.kind, KMQ_KIND_MESSAGE);
	CHECK_EQ(event.uid, 0);
	CHECK_EQ(event.gid, 0);
	CHECK_EQ(event.pid, getpid());
	CHECK_EQ(event.lost, 0);
	CHECK(event.time >= began && event.time <= now());
	sequence = event.sequence;
	event = expect_event(KMQ_EVENT_FULL);
	CHECK_EQ(event.id, id);
	CHECK_EQ(event.count, 2);
	CHECK_EQ(event.pid, getpid());
	CHECK(event.sequence > sequence);
	expect_event(KMQ_EVENT_DRAINED);
	event = expect_event(KMQ_EVENT_REMOVED);
	CHECK_EQ(event.id, id);
	expect_no_event();
}

TEST(watermarks_tell_when_they_are_crossed)
{
	struct kmq_nl_settings settings = {
		.has = KMQ_NL_BIT(KMQ_A_HIGH_WATERMARK) | KMQ_NL_BIT(KMQ_A_LOW_WATERMARK),
		.high_watermark = 3, .low_watermark = 1,
	};
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 8);

	open_handle();
	CHECK_NL(kmq_nl_set(nl, name, 0, &settings));
	CHECK_NL(kmq_nl_subscribe(nl, ours(), 1u << KMQ_EVENT_HIGH | 1u << KMQ_EVENT_LOW));
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 5; i++)
			put(fd, 1, 0, "text");
		CHECK_EQ(expect_event(KMQ_EVENT_HIGH).count, 3);
		for (int i = 0; i < 5; i++)
			take(fd, "text");
		CHECK_EQ(expect_event(KMQ_EVENT_LOW).count, 1);
	}
	expect_no_event();
}

TEST(a_subscription_is_narrowed_by_names_and_by_events)
{
	char a[KMQ_NAME_SIZE], b[KMQ_NAME_SIZE];
	int fd;

	open_handle();
	fd = NAMED(a, .capacity = 1);
	CHECK_NL(kmq_nl_subscribe(nl, a, 1u << KMQ_EVENT_FULL | 1u << KMQ_EVENT_REMOVED));
	close(NAMED(b, .capacity = 1));
	put(fd, 1, 0, "one");
	CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, 0, "two", 3), EAGAIN);
	take(fd, "one");
	close(fd);
	CHECK(!strcmp(expect_event(KMQ_EVENT_FULL).name, a));
	expect_event(KMQ_EVENT_REMOVED);
	expect_no_event();

	/* Another takes its place. */
	CHECK_NL(kmq_nl_subscribe(nl, ours(), 1u << KMQ_EVENT_CREATED));
	close(NAMED(b, .capacity = 1));
	CHECK(!strcmp(expect_event(KMQ_EVENT_CREATED).name, b));
	expect_no_event();
}

TEST(a_subscription_that_ended_is_silent)
{
	struct kmq_nl_event event;
	char name[KMQ_NAME_SIZE];

	open_handle();
	CHECK_NL(kmq_nl_subscribe(nl, ours(), 1u << KMQ_EVENT_CREATED));
	close(NAMED(name, .capacity = 1));
	expect_event(KMQ_EVENT_CREATED);
	CHECK_NL(kmq_nl_unsubscribe(nl));
	close(NAMED(name, .capacity = 1));
	pause_ms(200);
	CHECK_ERRNO(kmq_nl_try_next_event(nl, &event), ENOENT);
}

TEST(requests_go_between_events)
{
	char name[KMQ_NAME_SIZE];

	open_handle();
	CHECK_NL(kmq_nl_subscribe(nl, ours(), 1u << KMQ_EVENT_CREATED));
	for (int i = 0; i < 50; i++) {
		int fd = NAMED(name, .capacity = 1);

		CHECK(!strcmp(get(name).info.name, name));
		CHECK_NL(kmq_nl_subscribe(nl, ours(), 1u << KMQ_EVENT_CREATED));
		if (i % 5 == 4)
			for (int k = 0; k < 5; k++)
				expect_event(KMQ_EVENT_CREATED);
		close(fd);
	}
	expect_no_event();
}

TEST(a_watcher_is_woken_and_finds_the_event)
{
	char name[KMQ_NAME_SIZE];
	struct pollfd pollfd;
	pid_t child;

	open_handle();
	pollfd = (struct pollfd){ .fd = kmq_nl_fd(nl), .events = POLLIN };
	CHECK_NL(kmq_nl_subscribe(nl, ours(), 1u << KMQ_EVENT_CREATED));
	CHECK_EQ(poll(&pollfd, 1, 0), 0);
	queue_name(name);
	CHILD(child) {
		struct kmq_create create = { .flags = KMQ_CREATE_EXCLUSIVE | KMQ_CREATE_OPEN, .lifetime = KMQ_LIFETIME_EPHEMERAL };

		pause_ms(100);
		memcpy(create.name, name, KMQ_NAME_SIZE);
		queue_create(create);
	}
	CHECK_EQ(poll(&pollfd, 1, 30000), 1);
	CHECK_EQ(pollfd.revents, POLLIN);
	CHECK_EQ(expect_event(KMQ_EVENT_CREATED).pid, child);
	child_join(child);
}

TEST(another_user_is_told_only_what_it_may_see)
{
	char private[KMQ_NAME_SIZE], public[KMQ_NAME_SIZE];
	int ready[2];
	pid_t child;
	char byte;

	CHECK_OK(pipe(ready));
	CHILD(child) {
		become_user(1234);
		open_handle();
		CHECK_NL(kmq_nl_subscribe(nl, ours(), 1u << KMQ_EVENT_CREATED));
		CHECK_EQ(write(ready[1], "", 1), 1);
		for (int i = 0; i < 3; i++)
			CHECK_EQ(next().kind, KMQ_KIND_RING);
		expect_no_event();
	}
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	for (int i = 0; i < 3; i++) {
		NAMED(private, .mode = 0660);
		NAMED(public, .mode = 0664, .kind = KMQ_KIND_RING);
	}
	child_join(child);
}

/* As many events as were made have come or were counted as lost. */
TEST(events_that_find_no_room_are_counted)
{
	uint64_t told = 0, lost = 0;
	char name[KMQ_NAME_SIZE];
	int room = 1, quiet = 0, sock;

	open_handle();
	sock = CHECK_NL(kmq_nl_fd(nl));
	CHECK_OK(setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)));
	CHECK_NL(kmq_nl_subscribe(nl, ours(), 1u << KMQ_EVENT_CREATED | 1u << KMQ_EVENT_REMOVED));
	for (int i = 0; i < 500; i++)
		close(NAMED(name, .capacity = 1, .inline_size = 8, .max_message = 8));
	while (told + lost < 1000 && quiet < 100) {
		struct timespec deadline = kmq_deadline_in(100);
		struct kmq_nl_event event;

		if (kmq_nl_next_event_until(nl, &event, &deadline)) {
			CHECK_EQ(errno, ETIMEDOUT);
			quiet++;
			continue;
		}
		lost += event.lost;
		told += event.event != KMQ_EVENT_LOST;
	}
	printf("# %llu told, %llu lost\n", (unsigned long long)told, (unsigned long long)lost);
	CHECK(lost > 0);
	CHECK_EQ(told + lost, 1000);
	/* And it goes on. */
	close(NAMED(name, .capacity = 1));
	CHECK_EQ(expect_event(KMQ_EVENT_CREATED).lost, 0);
}

/* ------------------------------------------------------------------------
 * Histograms
 */

TEST(histograms_count_every_message_once)
{
	struct kmq_nl_settings settings = { .has = KMQ_NL_BIT(KMQ_A_HISTOGRAM), .histogram = 1 };
	struct kmq_nl_histograms times;
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 4);

	open_handle();
	CHECK_NL(kmq_nl_get(nl, name, 0, NULL, &times));
	CHECK_EQ(times.has, 0);
	CHECK_NL(kmq_nl_set(nl, name, 0, &settings));
	for (int i = 0; i < 10; i++) {
		put(fd, 1, 0, "text");
		take(fd, "text");
	}
	put(fd, 1, 0, "slow");
	pause_ms(20);
	take(fd, "slow");
	CHECK_NL(kmq_nl_get(nl, name, 0, NULL, &times));
	CHECK_EQ(times.has, KMQ_NL_BIT(KMQ_A_TIME_QUEUED) | KMQ_NL_BIT(KMQ_A_TIME_BLOCKED));
	CHECK_EQ(kmq_nl_histogram_total(&times.queued), 11);
	CHECK_EQ(kmq_nl_histogram_total(&times.blocked), 0);
	CHECK(kmq_nl_histogram_percentile(&times.queued, 100) >= 20000000);
}

/* ------------------------------------------------------------------------
 * The module's end
 */

TEST(the_modules_end_is_told_and_a_handle_outlives_it)
{
	struct kmq_nl_queue queue;
	struct kmq_nl_event event;
	char name[KMQ_NAME_SIZE];
	int file = take_module();

	open_handle();
	CHECK_NL(kmq_nl_subscribe(nl, NULL, 0));
	queue_name(name);
	CHECK_NL(kmq_nl_create(nl, name, NULL, 0, NULL));
	expect_event(KMQ_EVENT_CREATED);
	CHECK_OK(unload());
	do
		errno = 0;
	while (!kmq_nl_next_event(nl, &event));
	CHECK_EQ(errno, ENODEV);
	CHECK_ERRNO(kmq_nl_next_event(nl, &event), ENOENT);
	CHECK_ERRNO(kmq_nl_get(nl, name, 0, &queue, NULL), ENODEV);
	CHECK_ERRNO(kmq_nl_subscribe(nl, NULL, 0), ENODEV);
	CHECK(kmq_nl_error(nl)[0]);

	CHECK_OK(load(file));
	CHECK_REFUSED(kmq_nl_get(nl, name, 0, &queue, NULL), ENOENT);
	CHECK_NL(kmq_nl_subscribe(nl, NULL, 0));
	CHECK_NL(kmq_nl_create(nl, name, NULL, 0, &queue));
	CHECK(!strcmp(expect_event(KMQ_EVENT_CREATED).name, name));
	CHECK_NL(kmq_nl_remove(nl, name, 0));
	expect_event(KMQ_EVENT_REMOVED);
}

TEST(the_modules_end_is_told_behind_its_return)
{
	struct kmq_nl_event event;
	char name[KMQ_NAME_SIZE];
	int file = take_module();

	open_handle();
	CHECK_NL(kmq_nl_subscribe(nl, NULL, 0));
	CHECK_OK(unload());
	CHECK_OK(load(file));
	queue_name(name);
	CHECK_NL(kmq_nl_create(nl, name, NULL, 0, NULL));
	CHECK_NL(kmq_nl_remove(nl, name, 0));
	CHECK_ERRNO(kmq_nl_next_event(nl, &event), ENODEV);
	CHECK_ERRNO(kmq_nl_next_event(nl, &event), ENOENT);
}

/* The kernel's word of it may be among what was lost. */
TEST(the_modules_end_is_told_though_the_socket_was_full)
{
	struct kmq_nl_event event;
	int file = take_module(), room = 1, sock;
	char name[KMQ_NAME_SIZE];

	open_handle();
	sock = CHECK_NL(kmq_nl_fd(nl));
	CHECK_OK(setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)));
	CHECK_NL(kmq_nl_subscribe(nl, NULL, 0));
	queue_name(name);
	for (int i = 0; i < 20; i++) {
		CHECK_NL(kmq_nl_create(nl, name, NULL, 0, NULL));
		CHECK_NL(kmq_nl_remove(nl, name, 0));
	}
	CHECK_OK(unload());
	do
		errno = 0;
	while (!kmq_nl_next_event(nl, &event));
	CHECK_EQ(errno, ENODEV);
	CHECK_OK(load(file));
}
