// SPDX-License-Identifier: GPL-2.0-only
/* io_uring: reads and writes that complete at once, later, or never. */
#include <sys/uio.h>

#include "kmq_test.h"
#include "lib/uring.h"

static void expect_completion(struct uring *ring, __u64 tag, int result)
{
	struct completion completion = uring_reap(ring);

	CHECK_EQ(completion.tag, tag);
	CHECK_EQ(completion.result, result);
}

/* Enough calls into the kernel for anything that was to happen. */
static void expect_none(struct uring *ring)
{
	for (int i = 0; i < 10; i++) {
		pause_ms(1);
		CHECK_EQ(uring_ready(ring), 0);
	}
}

TEST(a_read_and_a_write_complete_at_once)
{
	int fd = QUEUE(.capacity = 4);
	struct uring ring;
	char body[16];

	uring_open(&ring);
	memset(body, '#', sizeof(body));
	uring_write(&ring, fd, "through it", 10, 1);
	CHECK_EQ(uring_ready(&ring), 1);
	expect_completion(&ring, 1, 10);
	uring_read(&ring, fd, body, sizeof(body), 2);
	CHECK_EQ(uring_ready(&ring), 1);
	expect_completion(&ring, 2, 10);
	CHECK(!memcmp(body, "through it######", 16));
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
}

TEST(a_read_that_waits_is_completed_by_a_later_write)
{
	int fd = QUEUE(.capacity = 4);
	struct uring ring;
	char body[16];

	uring_open(&ring);
	uring_read(&ring, fd, body, sizeof(body), 1);
	expect_none(&ring);
	put(fd, 1, 0, "later");
	expect_completion(&ring, 1, 5);
	CHECK(!memcmp(body, "later", 5));
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
}

TEST(a_write_that_waits_is_completed_by_a_later_read)
{
	int fd = QUEUE(.capacity = 1);
	struct uring ring;

	uring_open(&ring);
	put(fd, 1, 0, "full");
	uring_write(&ring, fd, "waits", 5, 1);
	expect_none(&ring);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	take(fd, "full");
	expect_completion(&ring, 1, 5);
	take(fd, "waits");
}

TEST(several_waiting_reads_each_get_one_message)
{
	enum { COUNT = 8 };
	int fd = QUEUE(.capacity = COUNT);
	char bodies[COUNT][4];
	bool seen[COUNT] = {}, done[COUNT] = {};
	struct uring ring;

	uring_open(&ring);
	for (int i = 0; i < COUNT; i++)
		uring_read(&ring, fd, bodies[i], 4, i);
	expect_none(&ring);
	for (int i = 0; i < COUNT; i++) {
		char text[2] = { '0' + i };

		put(fd, 1, 0, text);
	}
	for (int i = 0; i < COUNT; i++) {
		struct completion completion = uring_reap(&ring);
		int value;

		CHECK_EQ(completion.result, 1);
		CHECK(completion.tag < COUNT && !done[completion.tag]);
		done[completion.tag] = true;
		value = bodies[completion.tag][0] - '0';
		CHECK(value >= 0 && value < COUNT && !seen[value]);
		seen[value] = true;
	}
	EXPECT_LEDGER(fd, .sent = COUNT, .received = COUNT);
}

TEST(a_read_obeys_the_filter_while_it_waits)
{
	int fd = QUEUE(.capacity = 4);
	struct uring ring;
	char body[16];

	uring_open(&ring);
	CHECK_OK(set_filter(fd, 0, KMQ_SELECT_EQUAL, 2));
	uring_read(&ring, fd, body, sizeof(body), 1);
	put(fd, 1, 0, "barred");
	expect_none(&ring);
	put(fd, 2, 0, "admitted");
	expect_completion(&ring, 1, 8);
	CHECK(!memcmp(body, "admitted", 8));
	take(fd, "barred");
}

TEST(a_waiting_read_can_be_cancelled_and_takes_nothing)
{
	int fd = QUEUE(.capacity = 4);
	struct uring ring;
	char body[16];
	int results[2] = { 99, 99 };

	uring_open(&ring);
	uring_read(&ring, fd, body, sizeof(body), 0);
	expect_none(&ring);
	uring_cancel(&ring, 0, 1);
	for (int i = 0; i < 2; i++) {
		struct completion completion = uring_reap(&ring);

		CHECK(completion.tag < 2);
		results[completion.tag] = completion.result;
	}
	CHECK_EQ(results[0], -ECANCELED);
	CHECK_EQ(results[1], 0);
	put(fd, 1, 0, "for others");
	expect_none(&ring);
	take(fd, "for others");
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
	CHECK_EQ(info_of(fd).blocked_receivers, 0);
}

TEST(a_removed_queue_completes_a_waiting_read_with_EIDRM)
{
	char name[KMQ_NAME_SIZE], body[16];
	int fd = NAMED(name, .capacity = 4);
	struct uring ring;

	uring_open(&ring);
	uring_read(&ring, fd, body, sizeof(body), 1);
	expect_none(&ring);
	CHECK_OK(queue_remove(name));
	expect_completion(&ring, 1, -EIDRM);
}

TEST(errors_arrive_in_the_completion)
{
	char name[KMQ_NAME_SIZE], body[200] = {};
	int fd = NAMED(name, .capacity = 4, .max_message = 100);
	int reader = queue_open(name, O_RDONLY);
	struct uring ring;

	uring_open(&ring);
	uring_write(&ring, fd, body, 101, 1);
	expect_completion(&ring, 1, -EMSGSIZE);
	uring_write(&ring, fd, bad_address, 8, 2);
	expect_completion(&ring, 2, -EFAULT);
	uring_write(&ring, reader, body, 1, 3);
	expect_completion(&ring, 3, -EBADF);
	put(fd, 1, 0, "four");
	uring_read(&ring, fd, body, 3, 4);
	expect_completion(&ring, 4, -EMSGSIZE);
	uring_read(&ring, fd, bad_address, 8, 5);
	expect_completion(&ring, 5, -EFAULT);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
}

TEST(RWF_NOWAIT_completes_with_EAGAIN_rather_than_wait)
{
	int fd = QUEUE(.capacity = 1);
	struct uring ring;
	char body[8];

	uring_open(&ring);
	uring_submit(&ring, &(struct io_uring_sqe){
		.opcode = IORING_OP_READ, .fd = fd, .addr = ptr(body), .len = 8, .off = -1,
		.rw_flags = RWF_NOWAIT, .user_data = 1 });
	expect_completion(&ring, 1, -EAGAIN);
	put(fd, 1, 0, "full");
	uring_submit(&ring, &(struct io_uring_sqe){
		.opcode = IORING_OP_WRITE, .fd = fd, .addr = ptr(body), .len = 1, .off = -1,
		.rw_flags = RWF_NOWAIT, .user_data = 2 });
	expect_completion(&ring, 2, -EAGAIN);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
}

TEST(O_NONBLOCK_is_no_reason_for_a_read_not_to_wait_in_the_ring)
{
	int fd = QUEUE(.capacity = 1, .flags = KMQ_CREATE_NONBLOCK);
	struct uring ring;
	char body[8];

	/* The submitter does not sleep; the kernel retries when poll says so. */
	uring_open(&ring);
	uring_read(&ring, fd, body, sizeof(body), 1);
	expect_none(&ring);
	put(fd, 1, 0, "later");
	expect_completion(&ring, 1, 5);
}

TEST(vectors_go_through_it_too)
{
	int fd = QUEUE(.capacity = 4);
	char first[2], second[8] = {};
	struct iovec out[] = { { "ab", 2 }, { "cde", 3 } };
	struct iovec in[] = { { first, 2 }, { second, 8 } };
	struct uring ring;

	uring_open(&ring);
	uring_submit(&ring, &(struct io_uring_sqe){
		.opcode = IORING_OP_READV, .fd = fd, .addr = ptr(in), .len = 2, .off = -1,
		.user_data = 1 });
	expect_none(&ring);
	uring_submit(&ring, &(struct io_uring_sqe){
		.opcode = IORING_OP_WRITEV, .fd = fd, .addr = ptr(out), .len = 2, .off = -1,
		.user_data = 2 });
	for (int i = 0; i < 2; i++)
		CHECK_EQ(uring_reap(&ring).result, 5);
	CHECK(!memcmp(first, "ab", 2) && !strcmp(second, "cde"));
}

TEST(a_poll_request_completes_with_readiness)
{
	int fd = QUEUE(.capacity = 4);
	struct uring ring;

	uring_open(&ring);
	uring_submit(&ring, &(struct io_uring_sqe){
		.opcode = IORING_OP_POLL_ADD, .fd = fd, .poll32_events = POLLIN,
		.user_data = 1 });
	expect_none(&ring);
	put(fd, 1, 0, "ready");
	expect_completion(&ring, 1, POLLIN);
}

TEST(a_process_that_dies_with_reads_in_flight_takes_nothing_along)
{
	int fd = QUEUE(.capacity = 4), gate[2];
	pid_t child;
	char byte;

	CHECK_OK(pipe(gate));
	CHILD(child) {
		struct uring ring;
		static char bodies[4][16];

		uring_open(&ring);
		for (int i = 0; i < 4; i++)
			uring_read(&ring, fd, bodies[i], 16, i);
		CHECK_OK(write(gate[1], "r", 1));
		pause();
	}
	close(gate[1]);
	if (read(gate[0], &byte, 1) != 1) {
		child_join(child);
		return;
	}
	child_kill(child);
	put(fd, 1, 0, "survives");
	pause_ms(20);
	take(fd, "survives");
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
}
