// SPDX-License-Identifier: GPL-2.0-only
/* Send and receive by ioctl: order, metadata, deadlines, peeking. */
#include <pthread.h>

#include "kmq_test.h"

TEST(type_and_priority_arrive_with_the_message)
{
	static const __s64 types[] = { 1, 2, 77, 1ll << 32, INT64_MAX };
	static const __u32 priorities[] = { 0, 1, 4096, KMQ_PRIORITY_MAX };
	int fd = QUEUE(.capacity = 4);

	for (int i = 0; i < 5; i++) {
		for (int j = 0; j < 4; j++) {
			struct received received;

			put(fd, types[i], priorities[j], "typed");
			received = take(fd, "typed");
			CHECK_EQ(received.message.type, types[i]);
			CHECK_EQ(received.message.priority, priorities[j]);
		}
	}
}

TEST(higher_priority_comes_first_then_earlier_arrival)
{
	int fd = QUEUE(.capacity = 16);

	put(fd, 1, 0, "low 1");
	put(fd, 2, 5, "middle 1");
	put(fd, 1, KMQ_PRIORITY_MAX, "top 1");
	put(fd, 3, 5, "middle 2");
	put(fd, 9, 0, "low 2");
	put(fd, 1, KMQ_PRIORITY_MAX, "top 2");
	put(fd, 1, 5, "middle 3");
	take(fd, "top 1");
	take(fd, "top 2");
	expect_read(fd, "middle 1");
	take(fd, "middle 2");
	put(fd, 1, 6, "late but urgent");
	take(fd, "late but urgent");
	take(fd, "middle 3");
	expect_read(fd, "low 1");
	take(fd, "low 2");
	expect_empty(fd);
}

TEST(a_sequence_counts_what_was_accepted_from_1)
{
	int fd = QUEUE(.capacity = 4);

	CHECK_EQ(put(fd, 1, 0, "one"), 1);
	CHECK_OK(write(fd, "two", 3));
	CHECK_EQ(put(fd, 1, 9, "three"), 3);
	CHECK_EQ(take(fd, "three").message.sequence, 3);
	CHECK_EQ(put(fd, 1, 0, "four"), 4);
	CHECK_EQ(take(fd, "one").message.sequence, 1);
	CHECK_EQ(take(fd, "two").message.sequence, 2);
	CHECK_EQ(take(fd, "four").message.sequence, 4);
	CHECK_EQ(put(fd, 1, 0, "five"), 5);
}

TEST(a_refused_send_uses_no_sequence)
{
	int fd = QUEUE(.capacity = 1, .max_message = 8);

	CHECK_EQ(put(fd, 1, 0, "one"), 1);
	CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, 0, "full", 4), EAGAIN);
	CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, 0, "too long for it", 15), EMSGSIZE);
	take(fd, "one");
	CHECK_EQ(put(fd, 1, 0, "two"), 2);
}

TEST(the_time_is_that_of_acceptance_and_never_goes_back)
{
	int fd = QUEUE(.capacity = 8);
	uint64_t last = 0;

	for (int i = 0; i < 50; i++) {
		uint64_t before = now(), after;
		struct received received;

		put(fd, 1, 0, "timed");
		after = now();
		received = take(fd, "timed");
		CHECK(received.message.time >= before);
		CHECK(received.message.time <= after);
		CHECK(received.message.time >= last);
		last = received.message.time;
	}
}

TEST(the_pid_is_that_of_the_sending_process)
{
	int fd = QUEUE(.capacity = 4), gate[2];
	pid_t sender;
	char byte;

	CHECK_OK(pipe(gate));
	put(fd, 1, 0, "mine");
	CHILD(sender) {
		close(gate[1]);
		put(fd, 1, 0, "of a child");
		CHECK_EQ(read(gate[0], &byte, 1), 0);
	}
	WAIT_UNTIL(info_of(fd).queued == 2);
	CHECK_EQ(take(fd, "mine").message.pid, getpid());
	CHECK_EQ(take(fd, "of a child").message.pid, sender);
	close(gate[1]);
	child_join(sender);
}

static void *send_from_thread(void *fd)
{
	CHECK_OK(write(*(int *)fd, "threaded", 8));
	return NULL;
}

TEST(the_pid_is_of_the_process_not_of_the_thread)
{
	int fd = QUEUE(.capacity = 4);
	pthread_t thread;

	CHECK_EQ(pthread_create(&thread, NULL, send_from_thread, &fd), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(take(fd, "threaded").message.pid, getpid());
}

TEST(the_pid_is_told_after_the_end_of_its_process)
{
	int fd = QUEUE(.capacity = 4);
	pid_t sender;

	CHILD(sender)
		put(fd, 1, 0, "testament");
	child_join(sender);
	CHECK_EQ(take(fd, "testament").message.pid, sender);
}

TEST(the_uid_is_the_effective_one_at_the_time_of_sending)
{
	int fd = QUEUE(.capacity = 4);
	pid_t sender;

	CHILD(sender) {
		CHECK_OK(seteuid(1234));
		CHECK_OK(write(fd, "as 1234", 7));
		CHECK_OK(seteuid(0));
		CHECK_OK(write(fd, "as root", 7));
	}
	child_join(sender);
	CHECK_EQ(take(fd, "as 1234").message.uid, 1234);
	CHECK_EQ(take(fd, "as root").message.uid, 0);
}

TEST(a_first_delivery_has_no_flags_losses_or_redeliveries)
{
	int fd = QUEUE(.capacity = 4);
	struct received received;

	put(fd, 1, 0, "fresh");
	received = take(fd, "fresh");
	CHECK_EQ(received.message.flags, 0);
	CHECK_EQ(received.message.lost, 0);
	CHECK_EQ(received.message.redeliveries, 0);
	CHECK_EQ(received.message.reserved, 0);
}

TEST(what_is_out_only_is_not_read_on_the_way_in)
{
	int fd = QUEUE(.capacity = 4);
	struct kmq_transfer transfer;

	memset(&transfer, 0xa5, sizeof(transfer));
	transfer.deadline = 0;
	transfer.flags = KMQ_DONTWAIT;
	transfer.select = 0;
	transfer.select_type = 0;
	transfer.message.body = ptr("clean");
	transfer.message.size = 5;
	transfer.message.flags = 0;
	transfer.message.type = 1;
	transfer.message.priority = 0;
	transfer.message.reserved = 0;
	CHECK_OK(ioctl(fd, KMQ_IOC_SEND, &transfer));
	CHECK_EQ(transfer.message.sequence, 1);
	/* receive_any() poisons what a receive does not read. */
	take(fd, "clean");
}

TEST(a_send_changes_nothing_of_its_struct_but_the_sequence)
{
	int fd = QUEUE(.capacity = 4);
	struct kmq_transfer transfer = {
		.deadline = after_ms(60000), .flags = KMQ_DONTWAIT,
		.message = { .body = ptr("same"), .size = 4, .type = 5, .priority = 6,
			     .redeliveries = 7, .time = 8, .lost = 9, .pid = 10, .uid = 11,
			     .length = 12 },
	}, before = transfer;

	CHECK_OK(ioctl(fd, KMQ_IOC_SEND, &transfer));
	before.message.sequence = 1;
	CHECK(!memcmp(&before, &transfer, sizeof(transfer)));
}

TEST(an_empty_body_needs_no_pointer)
{
	int fd = QUEUE(.capacity = 4);
	struct kmq_transfer transfer = { .select = KMQ_SELECT_ANY };

	CHECK_OK(send_body(fd, KMQ_DONTWAIT, 3, 0, NULL, 0));
	CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE, &transfer));
	CHECK_EQ(transfer.message.size, 0);
	CHECK_EQ(transfer.message.type, 3);
}

TEST(a_receive_with_too_little_room_is_EMSGSIZE_and_the_message_stays)
{
	int fd = QUEUE(.capacity = 4);
	char body[4] = "###";
	struct kmq_transfer transfer = {
		.flags = KMQ_DONTWAIT, .select = KMQ_SELECT_ANY,
		.message = { .body = ptr(body), .size = 3 },
	};

	put(fd, 1, 0, "four");
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, &transfer), EMSGSIZE);
	transfer.message.size = 3;
	transfer.flags |= KMQ_LEASE;
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, &transfer), EMSGSIZE);
	CHECK(!strcmp(body, "###"));
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	CHECK_EQ(take(fd, "four").message.redeliveries, 0);
}

TEST(a_truncating_receive_tells_the_full_length)
{
	int fd = QUEUE(.capacity = 4);
	char body[8];
	struct kmq_transfer transfer = {
		.flags = KMQ_DONTWAIT | KMQ_TRUNCATE, .select = KMQ_SELECT_ANY,
		.message = { .body = ptr(body), .size = 3 },
	};

	memset(body, '#', sizeof(body));
	put(fd, 1, 0, "longer");
	put(fd, 1, 0, "abc");
	CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE, &transfer));
	CHECK(!memcmp(body, "lon#####", 8));
	/* The size is what is there, so the struct may be used again as it is. */
	CHECK_EQ(transfer.message.size, 3);
	CHECK_EQ(transfer.message.length, 6);
	CHECK_EQ(transfer.message.flags, KMQ_MESSAGE_TRUNCATED);
	/* A body that fits to the byte was not cut. */
	CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE, &transfer));
	CHECK_EQ(transfer.message.size, 3);
	CHECK_EQ(transfer.message.length, 3);
	CHECK_EQ(transfer.message.flags, 0);
	EXPECT_LEDGER(fd, .sent = 2, .received = 2);
}

TEST(a_truncating_descriptor_does_not_truncate_receives_by_ioctl)
{
	int fd = QUEUE(.capacity = 4);
	char body[4];
	struct kmq_transfer transfer = {
		.flags = KMQ_DONTWAIT,
		.message = { .body = ptr(body), .size = 2 },
	};

	CHECK_OK(set_filter(fd, KMQ_DESCRIPTOR_TRUNCATE, 0, 0));
	put(fd, 1, 0, "abcd");
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, &transfer), EMSGSIZE);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
}

TEST(long_bodies_arrive_whole_by_ioctl)
{
	static const __u32 sizes[] = { 255, 256, 257, 4095, 4096, 4097, 100000 };
	char *out = malloc(100000), *in = malloc(100000);
	int fd = QUEUE(.capacity = 2, .max_message = 100000);

	for (int i = 0; i < 7; i++) {
		struct kmq_transfer transfer = {
			.flags = KMQ_DONTWAIT, .select = KMQ_SELECT_ANY,
			.message = { .body = ptr(in), .size = 100000 },
		};

		fill(out, sizes[i], i);
		memset(in, 0xa5, 100000);
		CHECK_OK(send_body(fd, KMQ_DONTWAIT, 1, 0, out, sizes[i]));
		CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE, &transfer));
		CHECK_EQ(transfer.message.size, sizes[i]);
		CHECK(filled(in, sizes[i], i));
		CHECK(sizes[i] == 100000 || (unsigned char)in[sizes[i]] == 0xa5);
	}
}

TEST(a_deadline_that_has_passed_is_ETIMEDOUT_where_it_would_sleep)
{
	int fd = QUEUE(.capacity = 1);
	struct kmq_transfer send = {
		.deadline = 1,
		.message = { .body = ptr("x"), .size = 1, .type = 1 },
	};
	struct received received;

	CHECK_ERRNO(receive_until(fd, 1, &received), ETIMEDOUT);
	CHECK_ERRNO(receive_until(fd, now(), &received), ETIMEDOUT);
	/* Nobody waits for what is there. */
	CHECK_OK(ioctl(fd, KMQ_IOC_SEND, &send));
	send.deadline = 1;
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_SEND, &send), ETIMEDOUT);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	CHECK_EQ(info_of(fd).rejected, 1);
	CHECK_OK(receive_until(fd, 1, &received));
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
	CHECK_EQ(info_of(fd).blocked_receivers, 0);
	CHECK_EQ(info_of(fd).blocked_senders, 0);
}

TEST(a_deadline_ends_a_sleep_and_never_early)
{
	int fd = QUEUE(.capacity = 1);
	uint64_t deadline = after_ms(50);
	struct received received;
	struct kmq_transfer send = {
		.message = { .body = ptr("x"), .size = 1, .type = 1 },
	};

	CHECK_ERRNO(receive_until(fd, deadline, &received), ETIMEDOUT);
	CHECK(now() >= deadline);
	put(fd, 1, 0, "full");
	send.deadline = deadline = after_ms(50);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_SEND, &send), ETIMEDOUT);
	CHECK(now() >= deadline);
	CHECK_EQ(info_of(fd).rejected, 1);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
}

TEST(a_deadline_to_come_does_not_hold_up_what_arrives)
{
	int fd = QUEUE(.capacity = 1);
	struct received received;
	pid_t reader;

	CHILD(reader) {
		uint64_t deadline = after_ms(50000);

		CHECK_OK(receive_until(fd, deadline, &received));
		CHECK_TEXT(received.body, received.message.size, "in time");
		CHECK(now() < deadline);
	}
	wait_blocked_receivers(fd, 1);
	put(fd, 1, 0, "in time");
	child_join(reader);
}

TEST(a_deadline_beyond_all_time_is_not_in_the_past)
{
	static const __u64 deadlines[] = { INT64_MAX, 1ull << 63, ~0ull };

	for (int i = 0; i < 3; i++) {
		int fd = QUEUE(.capacity = 1);
		struct received received;
		pid_t reader;

		CHILD(reader)
			CHECK_OK(receive_until(fd, deadlines[i], &received));
		wait_blocked_receivers(fd, 1);
		put(fd, 1, 0, "at last");
		child_join(reader);
		close(fd);
	}
}

TEST(DONTWAIT_is_EAGAIN_with_any_deadline)
{
	int fd = QUEUE(.capacity = 1);
	struct kmq_transfer transfer = { .flags = KMQ_DONTWAIT, .select = KMQ_SELECT_ANY };

	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, &transfer), EAGAIN);
	transfer.deadline = after_ms(60000);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, &transfer), EAGAIN);
	transfer.deadline = 1;
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, &transfer), EAGAIN);
}

TEST(DONTWAIT_on_a_full_queue_is_EAGAIN_and_counted)
{
	int fd = QUEUE(.capacity = 1);

	put(fd, 1, 0, "only");
	CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, 0, "x", 1), EAGAIN);
	CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, KMQ_PRIORITY_MAX, "x", 1), EAGAIN);
	CHECK_EQ(info_of(fd).rejected, 2);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
}

TEST(an_empty_queue_is_not_a_rejection)
{
	int fd = QUEUE(.capacity = 1);
	struct received received;

	CHECK_ERRNO(receive_any(fd, KMQ_DONTWAIT, &received), EAGAIN);
	CHECK_ERRNO(receive_until(fd, 1, &received), ETIMEDOUT);
	CHECK_EQ(info_of(fd).rejected, 0);
}

TEST(a_peek_leaves_the_message_and_tells_the_same_again)
{
	int fd = QUEUE(.capacity = 4);
	struct received first, second, taken;

	put(fd, 1, 0, "low");
	put(fd, 7, 3, "seen");
	CHECK_OK(receive_any(fd, KMQ_PEEK | KMQ_DONTWAIT, &first));
	EXPECT_LEDGER(fd, .sent = 2, .queued = 2);
	CHECK_OK(receive_any(fd, KMQ_PEEK | KMQ_DONTWAIT, &second));
	EXPECT_LEDGER(fd, .sent = 2, .queued = 2);
	taken = take(fd, "seen");
	first.message.body = second.message.body = taken.message.body = 0;
	CHECK(!memcmp(&first, &second, sizeof(first)));
	CHECK(!memcmp(&first, &taken, sizeof(first)));
	CHECK_EQ(first.message.type, 7);
	CHECK_EQ(first.message.sequence, 2);
}

TEST(a_peek_selects_truncates_and_refuses_as_a_receive)
{
	int fd = QUEUE(.capacity = 4);
	char body[4] = "###";
	struct kmq_transfer transfer = {
		.flags = KMQ_PEEK | KMQ_DONTWAIT, .select = KMQ_SELECT_EQUAL,
		.select_type = 5, .message = { .body = ptr(body), .size = 3 },
	};

	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, &transfer), EAGAIN);
	put(fd, 1, 9, "other");
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, &transfer), EAGAIN);
	put(fd, 5, 0, "fifth");
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, &transfer), EMSGSIZE);
	transfer.flags |= KMQ_TRUNCATE;
	CHECK_EQ(transfer.message.size, 3);
	CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE, &transfer));
	CHECK(!memcmp(body, "fif", 3));
	CHECK_EQ(transfer.message.size, 3);
	CHECK_EQ(transfer.message.length, 5);
	CHECK_EQ(transfer.message.flags, KMQ_MESSAGE_TRUNCATED);
	EXPECT_LEDGER(fd, .sent = 2, .queued = 2);
}

TEST(a_peek_never_sleeps)
{
	int fd = QUEUE(.capacity = 4);
	struct kmq_transfer transfer = { .flags = KMQ_PEEK };

	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, &transfer), EAGAIN);
	transfer.deadline = after_ms(60000);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, &transfer), EAGAIN);
	transfer.deadline = 1;
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, &transfer), EAGAIN);
}

TEST(a_peek_cannot_lease)
{
	int fd = QUEUE(.capacity = 4);
	struct received received;

	put(fd, 1, 0, "x");
	CHECK_ERRNO(receive_any(fd, KMQ_PEEK | KMQ_LEASE, &received), EINVAL);
	CHECK_ERRNO(receive_any(fd, KMQ_PEEK | KMQ_LEASE | KMQ_DONTWAIT, &received), EINVAL);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
}

TEST(every_ioctl_of_a_receiver_needs_a_descriptor_open_for_reading)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 4);
	int writer = queue_open(name, O_WRONLY);
	struct kmq_message message = { .type = 1 };
	struct kmq_batch batch = { .flags = KMQ_DONTWAIT, .messages = ptr(&message), .count = 1 };
	struct kmq_call call = { .request.type = 1 };
	struct received received;

	put(writer, 1, 0, "written");
	CHECK_ERRNO(receive_any(writer, KMQ_DONTWAIT, &received), EBADF);
	CHECK_ERRNO(receive_any(writer, KMQ_DONTWAIT | KMQ_PEEK, &received), EBADF);
	CHECK_ERRNO(receive_any(writer, KMQ_DONTWAIT | KMQ_LEASE, &received), EBADF);
	CHECK_ERRNO(ioctl(writer, KMQ_IOC_RECEIVE_BATCH, &batch), EBADF);
	CHECK_ERRNO(purge(writer, 0, 0, NULL), EBADF);
	CHECK_ERRNO(ioctl(writer, KMQ_IOC_CALL, &call), EBADF);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	CHECK_EQ(info_of(writer).queued, 1);
}

TEST(every_ioctl_of_a_sender_needs_a_descriptor_open_for_writing)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 4);
	int reader = queue_open(name, O_RDONLY);
	struct kmq_message message = { .type = 1 };
	struct kmq_batch batch = { .flags = KMQ_DONTWAIT, .messages = ptr(&message), .count = 1 };
	struct kmq_call call = { .request.type = 1 };

	CHECK_ERRNO(send_body(reader, KMQ_DONTWAIT, 1, 0, "x", 1), EBADF);
	CHECK_ERRNO(ioctl(reader, KMQ_IOC_SEND_BATCH, &batch), EBADF);
	CHECK_ERRNO(ioctl(reader, KMQ_IOC_CALL, &call), EBADF);
	EXPECT_LEDGER(fd);
	CHECK_EQ(info_of(reader).sent, 0);
}
