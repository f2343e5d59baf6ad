// SPDX-License-Identifier: GPL-2.0-only
/* A queue that was made with fewer slots than it takes messages. */
#include <sys/mman.h>

#include "kmq_test.h"
#include "lib/limit.h"

/* Of the queues here; and slots are charged for so many at a time. */
enum { CAPACITY = 4096, SLOTS = 16, STEP = 64 };

#define FEW(...) QUEUE(.capacity = CAPACITY, .slots = SLOTS, .max_message = 8, .inline_size = 8, __VA_ARGS__)

static void (*users_part)(void);

static void as_user(void)
{
	become_user(1000);
	users_part();
}

/* Runs a user's part of a test while he may have @bytes, and puts the limit back. */
static void with_bytes(unsigned long long bytes, void (*body)(void))
{
	users_part = body;
	with_limit("max_bytes_per_user", bytes, as_user);
}

static int send_now(int fd)
{
	return send_body(fd, KMQ_DONTWAIT, 1, 0, "x", 1);
}

/* Sends until nothing goes any more, which is @code: how many went. */
static unsigned int fill_until(int fd, int code)
{
	unsigned int sent = 0;

	while (!send_now(fd))
		sent++;
	CHECK_EQ(errno, code);
	return sent;
}

static void drain(int fd, unsigned int count)
{
	struct received got;

	while (count--)
		CHECK_OK(receive_any(fd, KMQ_DONTWAIT, &got));
}

TEST(the_capacity_is_reached_whatever_the_slots)
{
	const unsigned int slots[] = { 0, 1, 7, 99, 100 };

	for (int i = 0; i < 5; i++) {
		int fd = QUEUE(.capacity = 100, .slots = slots[i]);

		check_context("%u slots", slots[i]);
		for (int round = 0; round < 3; round++) {
			CHECK_EQ(fill_until(fd, EAGAIN), 100);
			CHECK_EQ(info_of(fd).queued, 100);
			drain(fd, 100);
		}
		close(fd);
	}
}

TEST(messages_keep_their_bytes_and_their_order)
{
	static char body[700];
	int fd = QUEUE(.capacity = 300, .slots = 2, .max_message = sizeof(body), .inline_size = 64);
	struct received got;

	for (int i = 0; i < 300; i++) {
		fill(body, sizeof(body), i);
		CHECK_OK(send_body(fd, KMQ_DONTWAIT, 1, 0, body, i * 2));
	}
	for (int i = 0; i < 300; i++) {
		CHECK_OK(receive_any(fd, KMQ_DONTWAIT, &got));
		CHECK_EQ(got.message.length, i * 2);
		CHECK(filled(got.body, i * 2, i));
	}
}

TEST(more_slots_than_capacity_are_EINVAL)
{
	struct kmq_create create = { .capacity = 10, .slots = 11 };

	CHECK_ERRNO(ioctl(control(), KMQ_CTL_CREATE, &create), EINVAL);
	/* The default's capacity counts, too. */
	create = (struct kmq_create){ .slots = KMQ_CAPACITY_DEFAULT + 1 };
	CHECK_ERRNO(ioctl(control(), KMQ_CTL_CREATE, &create), EINVAL);
	create = (struct kmq_create){ .flags = KMQ_CREATE_EXACT, .slots = 1 };
	CHECK_ERRNO(ioctl(control(), KMQ_CTL_CREATE, &create), EINVAL);
}

TEST(a_ring_has_no_slots)
{
	struct kmq_create create = { .kind = KMQ_KIND_RING, .slots = 1 };

	CHECK_ERRNO(ioctl(control(), KMQ_CTL_CREATE, &create), EINVAL);
}

static void only_the_slots_are_charged(void)
{
	struct kmq_create all = { .capacity = CAPACITY, .max_message = 8, .inline_size = 8 };

	CHECK_ERRNO(ioctl(control(), KMQ_CTL_CREATE, &all), EDQUOT);
	FEW();
}

TEST(only_the_slots_are_charged_for_at_creation)
{
	with_bytes(64 << 10, only_the_slots_are_charged);
}

static void the_send_pays(void)
{
	struct kmq_message messages[10];
	struct kmq_batch batch = { .flags = KMQ_DONTWAIT, .messages = ptr(messages), .count = 10 };
	unsigned int sent;
	int fd = FEW();

	sent = fill_until(fd, EDQUOT);
	if (sent <= SLOTS || sent >= CAPACITY || (sent - SLOTS) % STEP)
		FAIL("%u messages were accepted", sent);
	CHECK_ERRNO(write(fd, "x", 1), EDQUOT);
	EXPECT_LEDGER(fd, .sent = sent, .queued = sent, .bytes = sent, .peak = sent);
	/* What has left makes way for as many, and for no more. */
	drain(fd, 3);
	for (int i = 0; i < 10; i++)
		messages[i] = (struct kmq_message){ .body = ptr("x"), .size = 1, .type = 1 };
	CHECK_EQ(ioctl(fd, KMQ_IOC_SEND_BATCH, &batch), 3);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_SEND_BATCH, &batch), EDQUOT);
	EXPECT_LEDGER(fd, .sent = sent + 3, .queued = sent, .received = 3, .bytes = sent, .peak = sent);
}

TEST(the_send_that_needs_a_slot_is_EDQUOT_a_step_at_a_time)
{
	with_bytes(64 << 10, the_send_pays);
}

/* Each round two send at once where the slots that are paid for end, and the user may have one step more. */
static void two_at_the_edge(void)
{
	enum { ROUNDS = 1000, BESIDE = STEP / 2 };
	struct {
		int come, go, done, error;
	} *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = FEW(), refused = 0;
	pid_t child;

	CHECK(shared != MAP_FAILED);
	/* A step is given back as half a one more than it is free: then all that are paid for are in use. */
	CHECK(fill_until(fd, EDQUOT) >= SLOTS + 2 * STEP);
	drain(fd, STEP + BESIDE);
	for (int i = 0; i < BESIDE; i++)
		CHECK_OK(send_now(fd));
	CHILD(child) {
		for (int round = 1; round <= ROUNDS; round++) {
			__atomic_store_n(&shared->come, round, __ATOMIC_SEQ_CST);
			while (__atomic_load_n(&shared->go, __ATOMIC_SEQ_CST) < round)
				;
			shared->error = send_now(fd) ? errno : 0;
			__atomic_store_n(&shared->done, round, __ATOMIC_SEQ_CST);
		}
	}
	for (int round = 1; round <= ROUNDS; round++) {
		int mine;

		while (__atomic_load_n(&shared->come, __ATOMIC_SEQ_CST) < round)
			;
		__atomic_store_n(&shared->go, round, __ATOMIC_SEQ_CST);
		mine = send_now(fd) ? errno : 0;
		while (__atomic_load_n(&shared->done, __ATOMIC_SEQ_CST) < round)
			;
		refused += mine || shared->error;
		drain(fd, !mine + !shared->error + BESIDE);
		for (int i = 0; i < BESIDE; i++)
			CHECK_OK(send_now(fd));
	}
	child_join(child);
	CHECK_EQ(refused, 0);
	munmap(shared, 4096);
}

TEST(nobody_is_EDQUOT_for_a_slot_that_another_is_paying_for)
{
	with_bytes(96 << 10, two_at_the_edge);
}

static void what_is_freed_is_given_back(void)
{
	unsigned int alone, beside, after;
	int first = FEW(), second;

	/* As much as there is beside a queue that never held anything. */
	second = FEW();
	beside = fill_until(second, EDQUOT);
	drain(second, beside);
	close(second);
	alone = fill_until(first, EDQUOT);
	CHECK(alone >= beside);
	CHECK(alone > SLOTS + STEP);
	drain(first, alone);
	/* It has kept 32 slots more, and the step that they are of. */
	second = FEW();
	after = fill_until(second, EDQUOT);
	CHECK_EQ(after, beside - STEP);
	close(first);
	CHECK_EQ(after + fill_until(second, EDQUOT), alone);
	/* What it held is given back with its end. */
	close(second);
	first = FEW();
	CHECK_EQ(fill_until(first, EDQUOT), alone);
}

TEST(what_is_freed_is_given_back_but_for_a_step)
{
	with_bytes(128 << 10, what_is_freed_is_given_back);
}

static int roots_fd, roots_other;

static void send_as_another_user(void)
{
	/* He has nothing charged to him; root has too much already. */
	CHECK_EQ(fill_until(roots_fd, EDQUOT), SLOTS);
}

static void send_one_as_another_user(void)
{
	CHECK_OK(send_now(roots_fd));
}

TEST(the_owner_of_the_queue_is_charged_and_not_the_sender)
{
	if (queue_count())
		skip_test("root has queues that this test did not make");
	roots_fd = FEW();
	roots_other = QUEUE(.capacity = CAPACITY, .max_message = 8, .inline_size = 8);
	with_bytes(128 << 10, send_as_another_user);
	/* What root has is within the limit by now. */
	close(roots_other);
	with_bytes(128 << 10, send_one_as_another_user);
}

static void resized(void)
{
	int fd = FEW();
	struct kmq_resize larger = { .capacity = 2 * CAPACITY }, smaller = { .capacity = 8 };

	/* All of them would be far over the limit. */
	CHECK_OK(ioctl(fd, KMQ_IOC_RESIZE, &larger));
	CHECK_EQ(info_of(fd).capacity, 2 * CAPACITY);
	for (int i = 0; i < 100; i++)
		CHECK_OK(send_now(fd));
	CHECK_OK(ioctl(fd, KMQ_IOC_RESIZE, &smaller));
	CHECK_EQ(info_of(fd).queued, 100);
	CHECK_ERRNO(send_now(fd), EAGAIN);
	drain(fd, 93);
	CHECK_OK(send_now(fd));
	CHECK_ERRNO(send_now(fd), EAGAIN);
	drain(fd, 8);
	CHECK_EQ(fill_until(fd, EAGAIN), 8);
	CHECK_OK(ioctl(fd, KMQ_IOC_RESIZE, &larger));
	CHECK((fill_until(fd, EDQUOT) + 8 - SLOTS) % STEP == 0);
}

TEST(a_resize_takes_no_slots_and_loses_none)
{
	with_bytes(128 << 10, resized);
}

TEST(a_resize_of_a_queue_with_all_its_slots_takes_them_at_once)
{
	int fd = QUEUE(.capacity = 4);
	struct kmq_resize larger = { .capacity = 200 };

	CHECK_OK(ioctl(fd, KMQ_IOC_RESIZE, &larger));
	CHECK_EQ(fill_until(fd, EAGAIN), 200);
}

enum { PEOPLE = 4, ROUNDS = 40 };

static void fill_and_drain(int fd)
{
	struct received got;

	for (int i = 0; i < ROUNDS; i++) {
		int there = 0;

		while (there < 150 && !send_now(fd))
			there++;
		CHECK(there || errno == EDQUOT || errno == EAGAIN);
		while (there--)
			CHECK_OK(receive_any(fd, KMQ_DONTWAIT, &got));
	}
}

static void many_at_once(void)
{
	pid_t children[PEOPLE];
	unsigned int alone;
	int fd = FEW();

	alone = fill_until(fd, EDQUOT);
	drain(fd, alone);
	for (int i = 0; i < PEOPLE; i++)
		CHILD(children[i])
			fill_and_drain(fd);
	for (int i = 0; i < PEOPLE; i++)
		child_join(children[i]);
	/* Nothing has been charged for twice and kept. */
	CHECK_EQ(fill_until(fd, EDQUOT), alone);
	close(fd);
	fd = FEW();
	CHECK_EQ(fill_until(fd, EDQUOT), alone);
}

TEST(slots_that_come_and_go_under_many_are_charged_for_once)
{
	with_bytes(96 << 10, many_at_once);
}

TEST(the_senders_memory_cgroup_is_charged_for_what_it_takes)
{
	enum { COUNT = 2048, INLINE = 1024 };
	char path[128], file[160];
	pid_t child;
	int fd;

	cgroup_new(path);
	/* Made outside of the group. */
	fd = QUEUE(.capacity = COUNT, .slots = SLOTS, .max_message = INLINE, .inline_size = INLINE);
	CHILD(child) {
		unsigned long long before, after;

		snprintf(file, sizeof(file), "%s/cgroup.procs", path);
		write_text(file, "0");
		snprintf(file, sizeof(file), "%s/memory.current", path);
		before = read_number(file);
		CHECK_EQ(fill_until(fd, EAGAIN), COUNT);
		after = read_number(file);
		if (after < before + (COUNT - SLOTS) * INLINE * 9ull / 10)
			FAIL("%d slots of %d bytes were charged as %lld bytes", COUNT - SLOTS, INLINE,
			     (long long)(after - before));
		drain(fd, COUNT);
		/* All but the few that are kept. */
		WAIT_UNTIL(read_number(file) < before + (1 << 20));
	}
	child_join(child);
	close(fd);
	WAIT_UNTIL(!rmdir(path));
}
