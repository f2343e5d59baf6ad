// SPDX-License-Identifier: GPL-2.0-only
/* Who keeps a queue, or sleeps in it; and what files tell of it. */
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/kmq_ring.h>

#include "lib/netlink.h"
#include "lib/ring.h"

#define ROWS 300

/* All holders of a queue, in the order in which they were told. */
static int holders_of(struct nl *nl, const char *name, struct nl_reply *rows)
{
	static struct nl_dump dump;
	struct nl_request request;
	int count = 0;

	nl_begin(&request, nl, KMQ_CMD_HOLDER_GET, NLM_F_DUMP);
	nl_put_text(&request, KMQ_A_NAME, name);
	CHECK_TAKEN(nl, nl_dump_start(&dump, nl, &request));
	while (count < ROWS && nl_dump_next(&dump, &rows[count])) {
		CHECK_EQ(rows[count].command, KMQ_CMD_HOLDER_GET);
		count++;
	}
	CHECK(count < ROWS);
	CHECK_EQ(dump.error, 0);
	return count;
}

static struct nl_reply rows[ROWS];

static void check_process(const struct nl_reply *row, enum kmq_holder kind, pid_t pid)
{
	CHECK_EQ(nl_number(row, KMQ_A_HOLDER), kind);
	CHECK_EQ(nl_number(row, KMQ_A_PID), pid);
}

TEST(each_descriptor_is_told_with_its_mode_and_leases)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE], comm[64] = "";
	struct received leased;
	int fd = NAMED(name, .capacity = 4), self;

	queue_open(name, O_RDONLY | O_NONBLOCK);
	queue_open(name, O_WRONLY);
	put(fd, 1, 0, "m");
	CHECK_OK(receive_any(fd, KMQ_LEASE, &leased));
	CHECK_EQ(holders_of(&nl, name, rows), 3);
	for (int i = 0; i < 3; i++)
		check_process(&rows[i], KMQ_HOLDER_DESCRIPTOR, getpid());
	CHECK_EQ(nl_number(&rows[0], KMQ_A_ACCESS), KMQ_ACCESS_READ | KMQ_ACCESS_WRITE);
	CHECK_EQ(nl_number(&rows[0], KMQ_A_LEASES), 1);
	CHECK_EQ(nl_number(&rows[1], KMQ_A_ACCESS),
		 KMQ_ACCESS_READ | KMQ_ACCESS_NONBLOCK);
	CHECK_EQ(nl_number(&rows[1], KMQ_A_LEASES), 0);
	CHECK_EQ(nl_number(&rows[2], KMQ_A_ACCESS), KMQ_ACCESS_WRITE);
	self = CHECK_OK(open("/proc/self/comm", O_RDONLY));
	comm[CHECK_OK(read(self, comm, sizeof(comm) - 1)) - 1] = '\0';
	CHECK(!strcmp(nl_text(&rows[0], KMQ_A_COMM), comm));
	/* As it is now, not as it was opened. */
	CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
	CHECK_EQ(holders_of(&nl, name, rows), 3);
	CHECK_EQ(nl_number(&rows[0], KMQ_A_ACCESS),
		 KMQ_ACCESS_READ | KMQ_ACCESS_WRITE | KMQ_ACCESS_NONBLOCK);
}

TEST(a_closed_descriptor_is_not_told_and_one_of_a_dead_opener_is)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 4), other = queue_open(name, O_RDONLY);

	CHECK_EQ(holders_of(&nl, name, rows), 2);
	close(other);
	CHECK_EQ(holders_of(&nl, name, rows), 1);
	close(fd);
}

/* To which a sleep is stamped. */
static __u64 tick(void)
{
	struct timespec time;

	clock_getres(CLOCK_MONOTONIC_COARSE, &time);
	return time.tv_nsec;
}

TEST(each_sleeper_is_told_with_what_it_sleeps_for_and_since_when)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE], body[16];
	struct kmq_call call = {
		.request = { .type = 7, .body = ptr("ask"), .size = 3 },
		.reply = { .body = ptr(body), .size = sizeof(body) },
	};
	int fd = NAMED(name, .capacity = 1), before, asleep = 0;
	pid_t caller, sender, receiver;
	__u64 start = now();

	CHILD(receiver) {
		struct received got;

		receive_type(fd, 0, KMQ_SELECT_EQUAL, 99, &got);
	}
	wait_blocked_receivers(fd, 1);
	CHILD(caller)
		ioctl(fd, KMQ_IOC_CALL, &call);
	wait_blocked_callers(fd, 1);
	CHILD(sender)
		if (write(fd, "late", 4) < 0)
			_exit(0);
	wait_blocked_senders(fd, 1);

	before = holders_of(&nl, name, rows);
	for (int i = 0; i < before; i++) {
		const struct nl_reply *row = &rows[i];

		if (nl_number(row, KMQ_A_HOLDER) != KMQ_HOLDER_SLEEPER)
			continue;
		asleep++;
		switch (nl_number(row, KMQ_A_SLEEP)) {
		case KMQ_SLEEP_SEND:
			check_process(row, KMQ_HOLDER_SLEEPER, sender);
			break;
		case KMQ_SLEEP_RECEIVE:
			check_process(row, KMQ_HOLDER_SLEEPER, receiver);
			break;
		case KMQ_SLEEP_CALL:
			check_process(row, KMQ_HOLDER_SLEEPER, caller);
			break;
		default:
			FAIL("asleep for %d", (int)nl_number(row, KMQ_A_SLEEP));
		}
		CHECK_EQ(nl_number(row, KMQ_A_TID), nl_number(row, KMQ_A_PID));
		CHECK(nl_number(row, KMQ_A_SINCE) + tick() >= start);
		CHECK(nl_number(row, KMQ_A_SINCE) <= now() + tick());
	}
	CHECK_EQ(asleep, 3);
	/* In this order: the caller's request, withdrawn, would make room. */
	child_kill(sender);
	child_kill(receiver);
	child_kill(caller);
	CHECK_EQ(holders_of(&nl, name, rows), before - 3);
}

static int shared_fd;

static void *sleep_in_queue(void *unused)
{
	char body[8];

	(void)unused;
	return (void *)(intptr_t)read(shared_fd, body, sizeof(body));
}

/* More than fit into one answer, and more than are taken down at a time. */
TEST(two_hundred_threads_asleep_are_told_once_each)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	pthread_attr_t small;
	pthread_t threads[200];
	int count;

	shared_fd = NAMED(name, .capacity = 4);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	for (int i = 0; i < 200; i++)
		CHECK_EQ(pthread_create(&threads[i], &small, sleep_in_queue, NULL), 0);
	wait_blocked_receivers(shared_fd, 200);
	count = holders_of(&nl, name, rows);
	CHECK_EQ(count, 201);
	for (int i = 1; i < count; i++) {
		check_process(&rows[i], KMQ_HOLDER_SLEEPER, getpid());
		CHECK(nl_number(&rows[i], KMQ_A_TID) != (__u64)getpid());
		for (int k = 1; k < i; k++)
			CHECK(nl_number(&rows[i], KMQ_A_TID) !=
			      nl_number(&rows[k], KMQ_A_TID));
	}
	CHECK_OK(queue_remove(name));
	for (int i = 0; i < 200; i++)
		pthread_join(threads[i], NULL);
}

/* More than are taken down at a time. */
#define SLEEPERS 600

static void *sleep_again_and_again(void *unused)
{
	char body[8];

	while (read(shared_fd, body, sizeof(body)) == 1)
		;
	return unused;
}

static void begin_holders(struct nl *nl, struct nl_dump *dump, const char *name)
{
	struct nl_request request;

	nl_begin(&request, nl, KMQ_CMD_HOLDER_GET, NLM_F_DUMP);
	nl_put_text(&request, KMQ_A_NAME, name);
	CHECK_TAKEN(nl, nl_dump_start(dump, nl, &request));
}

/* Each sleeper wakes, and sleeps again, when the dump has begun. */
static void check_no_sleeper_twice(const char *name)
{
	static unsigned int told[SLEEPERS + 2];
	static struct nl_dump dump;
	static struct nl_reply row;
	pthread_t threads[SLEEPERS];
	struct nl nl = nl_open();
	pthread_attr_t small;
	int count = 0;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	for (int i = 0; i < SLEEPERS; i++)
		CHECK_EQ(pthread_create(&threads[i], &small,
					sleep_again_and_again, NULL), 0);
	wait_blocked_receivers(shared_fd, SLEEPERS);
	begin_holders(&nl, &dump, name);
	for (int i = 0; i < SLEEPERS; i++)
		CHECK_EQ(CHECK_OK(write(shared_fd, "m", 1)), 1);
	WAIT_UNTIL(info_of(shared_fd).received == SLEEPERS);
	wait_blocked_receivers(shared_fd, SLEEPERS);
	while (nl_dump_next(&dump, &row)) {
		if (!nl_has(&row, KMQ_A_TID))
			continue;
		CHECK(count <= SLEEPERS);
		told[count] = nl_number(&row, KMQ_A_TID);
		for (int i = 0; i < count; i++)
			CHECK(told[i] != told[count]);
		count++;
	}
	CHECK(count > 0);
	CHECK_EQ(dump.error, 0);
	CHECK_OK(queue_remove(name));
	for (int i = 0; i < SLEEPERS; i++)
		pthread_join(threads[i], NULL);
}

TEST(a_sleeper_that_sleeps_again_is_not_told_again)
{
	char name[KMQ_NAME_SIZE];

	shared_fd = NAMED(name, .capacity = 4);
	check_no_sleeper_twice(name);
}

TEST(a_sleeper_of_a_ring_that_sleeps_again_is_not_told_again)
{
	char name[KMQ_NAME_SIZE];

	shared_fd = NAMED(name, .kind = KMQ_KIND_RING, .byte_limit = 4096,
			  .ring_mode = KMQ_RING_MPMC);
	check_no_sleeper_twice(name);
}

/* Or a dump would not end as long as somebody opens. */
TEST(who_opens_a_queue_after_a_dump_has_begun_is_not_told)
{
	static struct nl_dump dump;
	static struct nl_reply row;
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	int count = 0;

	NAMED(name, .capacity = 4);
	/* More than fit into one answer. */
	for (int i = 1; i < 800; i++)
		queue_open(name, O_RDONLY);
	begin_holders(&nl, &dump, name);
	for (int i = 0; i < 10; i++)
		queue_open(name, O_WRONLY);
	while (nl_dump_next(&dump, &row)) {
		CHECK(nl_number(&row, KMQ_A_ACCESS) != KMQ_ACCESS_WRITE);
		count++;
	}
	CHECK_EQ(dump.error, 0);
	CHECK_EQ(count, 800);
}

TEST(a_mapping_is_told_with_its_number_and_one_that_ended_as_a_descriptor)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	struct ring ring;

	ring = ring_open(NAMED(name, .kind = KMQ_KIND_RING, .byte_limit = 4096),
			 KMQ_RING_PRODUCER);
	CHECK_EQ(holders_of(&nl, name, rows), 2);
	check_process(&rows[0], KMQ_HOLDER_DESCRIPTOR, getpid());
	check_process(&rows[1], KMQ_HOLDER_MAPPING, getpid());
	CHECK_EQ(nl_number(&rows[1], KMQ_A_ATTACHMENT), ring.id);
	CHECK_EQ(nl_number(&rows[1], KMQ_A_ACCESS), KMQ_ACCESS_WRITE);
	ring_unmap(&ring);
	CHECK_EQ(holders_of(&nl, name, rows), 2);
	check_process(&rows[1], KMQ_HOLDER_DESCRIPTOR, getpid());
	close(ring.fd);
	CHECK_EQ(holders_of(&nl, name, rows), 1);
}

TEST(a_sleeper_of_a_ring_is_told_whichever_door_it_came_by)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE], body[8];
	int fd = NAMED(name, .kind = KMQ_KIND_RING, .byte_limit = 4096,
		       .ring_mode = KMQ_RING_MPMC);
	pid_t reader, mapped;
	int count, asleep = 0;

	CHILD(reader)
		read(fd, body, sizeof(body));
	CHILD(mapped) {
		struct ring ring = ring_open(fd, KMQ_RING_CONSUMER);

		ring_wait(&ring, KMQ_RING_CONSUMERS, &ring.producers->sequence,
			  (__u32)ring.producers->sequence, 1, 0);
	}
	wait_blocked_receivers(fd, 2);
	count = holders_of(&nl, name, rows);
	for (int i = 0; i < count; i++) {
		if (nl_number(&rows[i], KMQ_A_HOLDER) != KMQ_HOLDER_SLEEPER)
			continue;
		CHECK_EQ(nl_number(&rows[i], KMQ_A_SLEEP), KMQ_SLEEP_RECEIVE);
		CHECK(nl_number(&rows[i], KMQ_A_PID) == (__u64)reader ||
		      nl_number(&rows[i], KMQ_A_PID) == (__u64)mapped);
		asleep++;
	}
	CHECK_EQ(asleep, 2);
	child_kill(reader);
	child_kill(mapped);
}

TEST(holders_can_be_told_while_they_come_and_go)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	pid_t churners[4];

	NAMED(name, .capacity = 4);
	for (int i = 0; i < 4; i++)
		CHILD(churners[i])
			for (;;) {
				char body[8];
				int fd = queue_open(name, O_RDONLY | O_NONBLOCK);

				CHECK_ERRNO(read(fd, body, sizeof(body)), EAGAIN);
				close(fd);
			}
	for (int i = 0; i < 300; i++) {
		int count = holders_of(&nl, name, rows);

		/* The one that stays is the first. */
		CHECK(count >= 1 && count <= 5);
		check_process(&rows[0], KMQ_HOLDER_DESCRIPTOR, getpid());
	}
	for (int i = 0; i < 4; i++)
		child_kill(churners[i]);
}

static char *sysfs_path(const char *name, const char *word)
{
	static char path[128];

	snprintf(path, sizeof(path), "/sys/class/kmq/%s/%s", name, word);
	return path;
}

static void expect_word(const char *name, const char *word, const char *expected)
{
	char text[64] = "";
	int fd = CHECK_OK(open(sysfs_path(name, word), O_RDONLY | O_CLOEXEC));
	ssize_t length = CHECK_OK(read(fd, text, sizeof(text) - 1));

	close(fd);
	CHECK(length > 0 && text[length - 1] == '\n');
	text[length - 1] = '\0';
	if (strcmp(text, expected))
		FAIL("%s is \"%s\", expected \"%s\"", word, text, expected);
}

TEST(sysfs_has_a_file_for_each_word)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 7, .policy = KMQ_POLICY_DROP_OLDEST,
		       .mode = 0640);

	put(fd, 1, 0, "three");
	put(fd, 1, 0, "m");
	take(fd, "three");
	CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_HIGH_WATERMARK, 5));
	expect_word(name, "kind", "message");
	expect_word(name, "policy", "drop-oldest");
	expect_word(name, "lifetime", "ephemeral");
	expect_word(name, "capacity", "7");
	expect_word(name, "mode", "0640");
	expect_word(name, "high_watermark", "5");
	expect_word(name, "low_watermark", "0");
	expect_word(name, "histogram", "0");
	expect_word(name, "sent", "2");
	expect_word(name, "received", "1");
	expect_word(name, "queued", "1");
	expect_word(name, "bytes", "1");
	expect_word(name, "peak", "2");
	expect_word(name, "descriptors", "1");
	CHECK_ERRNO(access(sysfs_path(name, "ring_mode"), F_OK), ENOENT);
	CHECK_ERRNO(open(sysfs_path(name, "capacity"), O_WRONLY | O_TRUNC), EACCES);
	/* control is not a queue. */
	CHECK_ERRNO(access(sysfs_path("control", "capacity"), F_OK), ENOENT);
}

TEST(sysfs_of_a_ring_has_its_own_words)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .kind = KMQ_KIND_RING, .byte_limit = 4096,
		       .ring_mode = KMQ_RING_BROADCAST);

	CHECK_EQ(CHECK_OK(write(fd, "m", 1)), 1);
	expect_word(name, "kind", "ring");
	expect_word(name, "ring_mode", "broadcast");
	expect_word(name, "byte_limit", "4096");
	expect_word(name, "sent", "1");
	expect_word(name, "deaths", "0");
	CHECK_ERRNO(access(sysfs_path(name, "capacity"), F_OK), ENOENT);
}

TEST(counts_in_sysfs_are_for_whom_the_mode_lets_read)
{
	char name[KMQ_NAME_SIZE];
	struct stat status;
	pid_t pid;

	NAMED(name, .mode = 0640, .flags = KMQ_CREATE_OWNER, .uid = 1000,
	      .gid = 1001);
	CHECK_OK(stat(sysfs_path(name, "sent"), &status));
	CHECK_EQ(status.st_mode & 07777, 0440);
	CHECK_EQ(status.st_uid, 1000);
	CHECK_EQ(status.st_gid, 1001);
	CHECK_OK(stat(sysfs_path(name, "capacity"), &status));
	CHECK_EQ(status.st_mode & 07777, 0444);
	CHILD(pid) {
		become_user(1000);
		expect_word(name, "sent", "0");
	}
	child_join(pid);
	CHILD(pid) {
		become_user(2000);
		expect_word(name, "capacity", "64");
		CHECK_ERRNO(open(sysfs_path(name, "sent"), O_RDONLY), EACCES);
	}
	child_join(pid);
}

/* A read that is at work, or a file that is open, does not keep a queue. */
TEST(a_file_of_sysfs_outlives_its_queue_and_says_so)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE], text[16];
	pid_t readers[3];
	int file;

	queue_name(name);
	CHECK_TAKEN(&nl, nl_new(&nl, name));
	file = CHECK_OK(open(sysfs_path(name, "sent"), O_RDONLY));
	CHECK_TAKEN(&nl, nl_del(&nl, name));
	CHECK_ERRNO(read(file, text, sizeof(text)), ENODEV);
	for (int i = 0; i < 3; i++)
		CHILD(readers[i])
			for (;;) {
				int fd = open(sysfs_path(name, "bytes"), O_RDONLY);

				if (fd >= 0 && read(fd, text, sizeof(text)) < 0)
					CHECK_EQ(errno, ENODEV);
				close(fd);
			}
	for (int i = 0; i < 40; i++) {
		CHECK_TAKEN(&nl, nl_new(&nl, name));
		CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_MODE, 0644));
		CHECK_TAKEN(&nl, nl_del(&nl, name));
	}
	for (int i = 0; i < 3; i++)
		child_kill(readers[i]);
}

TEST(fdinfo_has_the_counts)
{
	char path[64], text[2048] = "";
	int fd = QUEUE(.capacity = 4), file;

	put(fd, 1, 0, "one");
	put(fd, 1, 0, "two");
	take(fd, "one");
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = CHECK_OK(open(path, O_RDONLY));
	CHECK(CHECK_OK(read(file, text, sizeof(text) - 1)) > 0);
	CHECK(strstr(text, "kmq-queued:\t1\n"));
	CHECK(strstr(text, "kmq-sent:\t2\n"));
	CHECK(strstr(text, "kmq-received:\t1\n"));
	CHECK(strstr(text, "kmq-bytes:\t3\n"));
	CHECK(strstr(text, "kmq-blocked:\t0 0 0\n"));
}
