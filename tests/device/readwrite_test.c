// SPDX-License-Identifier: GPL-2.0-only
/* read(2) and write(2): boundaries, lengths, contents, and what a queue is not. */
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "kmq_test.h"

TEST(boundaries_and_order_hold)
{
	int fd = QUEUE(.capacity = 8);

	CHECK_EQ(CHECK_OK(write(fd, "a", 1)), 1);
	CHECK_EQ(CHECK_OK(write(fd, "bcd", 3)), 3);
	CHECK_EQ(CHECK_OK(write(fd, "ef", 2)), 2);
	EXPECT_LEDGER(fd, .sent = 3, .queued = 3);
	CHECK_EQ(info_of(fd).bytes, 6);
	expect_read(fd, "a");
	expect_read(fd, "bcd");
	expect_read(fd, "ef");
	EXPECT_LEDGER(fd, .sent = 3, .received = 3);
	CHECK_EQ(info_of(fd).peak, 3);
}

TEST(a_written_message_has_type_1_and_priority_0)
{
	int fd = QUEUE(.capacity = 8);
	struct received received;

	CHECK_OK(write(fd, "plain", 5));
	received = take(fd, "plain");
	CHECK_EQ(received.message.type, 1);
	CHECK_EQ(received.message.priority, 0);
	CHECK_EQ(received.message.flags, 0);
}

TEST(an_empty_message_is_a_message_and_reads_as_0)
{
	int fd = QUEUE(.capacity = 8, .flags = KMQ_CREATE_NONBLOCK);
	char body[4] = "poi";

	CHECK_EQ(CHECK_OK(write(fd, "", 0)), 0);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	CHECK_EQ(poll_now(fd), POLLIN | POLLOUT);
	CHECK_EQ(CHECK_OK(read(fd, body, sizeof(body))), 0);
	CHECK(!strcmp(body, "poi"));
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
	/* There is no end-of-file: the next read would wait. */
	CHECK_ERRNO(read(fd, body, sizeof(body)), EAGAIN);
}

TEST(an_empty_message_keeps_its_place_between_others)
{
	int fd = QUEUE(.capacity = 8);

	CHECK_OK(write(fd, "before", 6));
	CHECK_OK(write(fd, "", 0));
	CHECK_OK(write(fd, "after", 5));
	expect_read(fd, "before");
	expect_read(fd, "");
	expect_read(fd, "after");
}

TEST(a_message_longer_than_the_queue_takes_is_EMSGSIZE)
{
	int fd = QUEUE(.capacity = 2, .max_message = 100);
	char body[101] = {};

	CHECK_ERRNO(write(fd, body, 101), EMSGSIZE);
	EXPECT_LEDGER(fd);
	CHECK_EQ(CHECK_OK(write(fd, body, 100)), 100);
	/* Also where there is no room to wait for. */
	CHECK_OK(write(fd, body, 1));
	CHECK_ERRNO(write(fd, body, 101), EMSGSIZE);
	EXPECT_LEDGER(fd, .sent = 2, .queued = 2);
}

TEST(a_huge_length_is_EMSGSIZE_and_asks_for_no_memory)
{
	int fd = QUEUE(.capacity = 2);
	volatile size_t huge = 0x7fff0000;
	/* Not on the stack, behind which there may be less than that. */
	static char byte;

	/* The kernel itself cuts a length to a little below 2 GiB. */
	CHECK_ERRNO(write(fd, &byte, huge), EMSGSIZE);
	EXPECT_LEDGER(fd);
}

TEST(a_read_buffer_too_small_is_EMSGSIZE_and_the_message_stays)
{
	int fd = QUEUE(.capacity = 2);
	char body[8] = "poison";

	put(fd, 1, 0, "four");
	put(fd, 1, 0, "next");
	for (size_t room = 0; room < 4; room++)
		CHECK_ERRNO(read(fd, body, room), EMSGSIZE);
	CHECK(!strcmp(body, "poison"));
	EXPECT_LEDGER(fd, .sent = 2, .queued = 2);
	CHECK_EQ(read(fd, body, 4), 4);
	CHECK(!memcmp(body, "fouron", 7));
	expect_read(fd, "next");
}

TEST(a_read_of_0_bytes_takes_an_empty_message_only)
{
	int fd = QUEUE(.capacity = 2, .flags = KMQ_CREATE_NONBLOCK);

	CHECK_ERRNO(read(fd, NULL, 0), EAGAIN);
	CHECK_OK(write(fd, "", 0));
	CHECK_EQ(CHECK_OK(read(fd, NULL, 0)), 0);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
	put(fd, 1, 0, "x");
	CHECK_ERRNO(read(fd, NULL, 0), EMSGSIZE);
	EXPECT_LEDGER(fd, .sent = 2, .received = 1, .queued = 1);
}

TEST(a_truncating_descriptor_cuts_and_tells_the_full_length)
{
	int fd = QUEUE(.capacity = 4);
	char body[8];

	CHECK_OK(set_filter(fd, KMQ_DESCRIPTOR_TRUNCATE, 0, 0));
	put(fd, 1, 0, "a long one");
	put(fd, 1, 0, "short");
	memset(body, '#', sizeof(body));
	CHECK_EQ(CHECK_OK(read(fd, body, 4)), 4);
	CHECK(!memcmp(body, "a lo####", 8));
	CHECK_EQ(descriptor_of(fd).last_size, 10);
	CHECK_EQ(read(fd, body, sizeof(body)), 5);
	CHECK_EQ(descriptor_of(fd).last_size, 5);
	EXPECT_LEDGER(fd, .sent = 2, .received = 2);
	CHECK_EQ(info_of(fd).bytes, 0);
}

TEST(a_truncating_read_of_0_bytes_takes_the_message)
{
	int fd = QUEUE(.capacity = 4);

	CHECK_OK(set_filter(fd, KMQ_DESCRIPTOR_TRUNCATE, 0, 0));
	put(fd, 1, 0, "gone");
	CHECK_EQ(CHECK_OK(read(fd, NULL, 0)), 0);
	CHECK_EQ(descriptor_of(fd).last_size, 4);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
}

TEST(truncation_is_of_the_descriptor_not_of_the_queue)
{
	char name[KMQ_NAME_SIZE], body[8];
	int fd = NAMED(name, .capacity = 4);
	int other = queue_open(name, O_RDONLY);

	CHECK_OK(set_filter(other, KMQ_DESCRIPTOR_TRUNCATE, 0, 0));
	CHECK_EQ(descriptor_of(fd).flags, 0);
	CHECK_EQ(descriptor_of(other).flags, KMQ_DESCRIPTOR_TRUNCATE);
	put(fd, 1, 0, "too long for it");
	CHECK_ERRNO(read(fd, body, 8), EMSGSIZE);
	CHECK_EQ(CHECK_OK(read(other, body, 8)), 8);
	CHECK_EQ(descriptor_of(other).last_size, 15);
	CHECK_EQ(descriptor_of(fd).last_size, 0);
}

static void round_trip(int fd, char *out, char *in, size_t size)
{
	fill(out, size, size);
	memset(in, 0xa5, size + 16);
	CHECK_EQ(CHECK_OK(write(fd, out, size)), size);
	CHECK_EQ(info_of(fd).bytes, size);
	CHECK_EQ(CHECK_OK(read(fd, in, size + 16)), size);
	CHECK(filled(in, size, size));
	/* Nothing behind the message was touched. */
	for (int i = 0; i < 16; i++)
		CHECK_EQ((unsigned char)in[size + i], 0xa5);
}

TEST(every_byte_of_every_length_arrives)
{
	static const size_t around[] = { 128, 248, 256, 264, 512, 1024, 4000, 4096, 8192,
					 12288, 65536, 131072 };
	size_t max = 1 << 18;
	char *out = malloc(max), *in = malloc(max + 16);
	int fd = QUEUE(.capacity = 2, .max_message = max);

	for (size_t size = 0; size <= 80; size++)
		round_trip(fd, out, in, size);
	for (unsigned int i = 0; i < sizeof(around) / sizeof(around[0]); i++)
		for (int delta = -9; delta <= 9; delta++)
			round_trip(fd, out, in, around[i] + delta);
	round_trip(fd, out, in, max - 1);
	round_trip(fd, out, in, max);
	CHECK_EQ(info_of(fd).queued, 0);
}

TEST(every_byte_arrives_whatever_the_inline_size)
{
	static const __u32 inlines[] = { 8, 16, 64, 1024, 4096 };
	static char out[8192], in[8192 + 16];

	for (unsigned int i = 0; i < sizeof(inlines) / sizeof(inlines[0]); i++) {
		int fd = QUEUE(.capacity = 3, .inline_size = inlines[i]);

		for (size_t size = 0; size <= 8192; size = size * 2 + 1)
			round_trip(fd, out, in, size);
		for (int delta = -1; delta <= 1; delta++)
			round_trip(fd, out, in, inlines[i] + delta);
		close(fd);
	}
}

TEST(a_message_of_the_largest_size_there_is_arrives)
{
	size_t size = KMQ_MESSAGE_MAX;
	char *out = malloc(size + 1), *in = malloc(size + 16);
	int fd = QUEUE(.capacity = 1, .max_message = KMQ_MESSAGE_MAX);

	CHECK(out && in);
	round_trip(fd, out, in, size);
	CHECK_ERRNO(write(fd, out, size + 1), EMSGSIZE);
}

TEST(unaligned_buffers_are_as_good)
{
	static char out[600], in[600];
	int fd = QUEUE(.capacity = 2);

	for (int offset = 0; offset < 16; offset++)
		for (size_t size = 1; size <= 300; size += 23)
			round_trip(fd, out + offset, in + 15 - offset, size);
}

TEST(a_short_message_in_a_used_slot_shows_nothing_of_the_old_one)
{
	int fd = QUEUE(.capacity = 1);
	char body[256];

	memset(body, 's', sizeof(body));
	CHECK_OK(write(fd, body, sizeof(body)));
	CHECK_OK(read(fd, body, sizeof(body)));
	put(fd, 1, 0, "ab");
	memset(body, '#', sizeof(body));
	CHECK_EQ(read(fd, body, sizeof(body)), 2);
	CHECK(!memcmp(body, "ab######", 8));
	CHECK(!memchr(body, 's', sizeof(body)));
}

TEST(writev_gathers_one_message_and_readv_scatters_it)
{
	int fd = QUEUE(.capacity = 4);
	char head[3], middle[4], tail[8];
	struct iovec out[] = {
		{ .iov_base = "one ", .iov_len = 4 },
		{ .iov_base = NULL, .iov_len = 0 },
		{ .iov_base = "message", .iov_len = 7 },
	};
	struct iovec in[] = {
		{ .iov_base = head, .iov_len = 3 },
		{ .iov_base = middle, .iov_len = 4 },
		{ .iov_base = tail, .iov_len = 8 },
	};

	memset(tail, '#', sizeof(tail));
	CHECK_EQ(CHECK_OK(writev(fd, out, 3)), 11);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	CHECK_EQ(CHECK_OK(readv(fd, in, 3)), 11);
	CHECK(!memcmp(head, "one", 3));
	CHECK(!memcmp(middle, " mes", 4));
	CHECK(!memcmp(tail, "sage####", 8));
}

TEST(readv_with_too_little_room_is_EMSGSIZE_and_the_message_stays)
{
	int fd = QUEUE(.capacity = 4);
	char body[4];
	struct iovec in[] = {
		{ .iov_base = body, .iov_len = 2 },
		{ .iov_base = body + 2, .iov_len = 2 },
	};

	put(fd, 1, 0, "fives");
	CHECK_ERRNO(readv(fd, in, 2), EMSGSIZE);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	CHECK_OK(set_filter(fd, KMQ_DESCRIPTOR_TRUNCATE, 0, 0));
	CHECK_EQ(CHECK_OK(readv(fd, in, 2)), 4);
	CHECK(!memcmp(body, "five", 4));
}

TEST(a_message_of_a_thousand_pieces_is_one)
{
	static char out[4096], in[4096];
	struct iovec pieces[1024];
	int fd = QUEUE(.capacity = 4);

	fill(out, sizeof(out), 5);
	for (int i = 0; i < 1024; i++)
		pieces[i] = (struct iovec){ .iov_base = out + i * 4, .iov_len = 4 };
	CHECK_EQ(CHECK_OK(writev(fd, pieces, 1024)), 4096);
	CHECK_EQ(CHECK_OK(read(fd, in, sizeof(in))), 4096);
	CHECK(filled(in, sizeof(in), 5));
}

TEST(O_NONBLOCK_never_sleeps)
{
	int fd = QUEUE(.capacity = 1);
	char byte = 'x';

	CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
	CHECK_ERRNO(read(fd, &byte, 1), EAGAIN);
	CHECK_EQ(CHECK_OK(write(fd, &byte, 1)), 1);
	CHECK_ERRNO(write(fd, &byte, 1), EAGAIN);
	CHECK_EQ(info_of(fd).rejected, 1);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	CHECK_OK(read(fd, &byte, 1));
	CHECK_EQ(CHECK_OK(write(fd, &byte, 1)), 1);
}

TEST(O_NONBLOCK_rules_the_ioctls_too)
{
	int fd = QUEUE(.capacity = 1, .flags = KMQ_CREATE_NONBLOCK);
	struct received received;

	CHECK_ERRNO(receive_any(fd, 0, &received), EAGAIN);
	CHECK_ERRNO(receive_until(fd, after_ms(60000), &received), EAGAIN);
	CHECK_OK(send_body(fd, 0, 1, 0, "x", 1));
	CHECK_ERRNO(send_body(fd, 0, 1, 0, "x", 1), EAGAIN);
}

TEST(RWF_NOWAIT_never_sleeps)
{
	int fd = QUEUE(.capacity = 1);
	char byte = 'x';
	struct iovec piece = { .iov_base = &byte, .iov_len = 1 };

	CHECK_ERRNO(preadv2(fd, &piece, 1, -1, RWF_NOWAIT), EAGAIN);
	CHECK_OK(write(fd, &byte, 1));
	CHECK_EQ(CHECK_OK(preadv2(fd, &piece, 1, -1, RWF_NOWAIT)), 1);
	CHECK_EQ(CHECK_OK(pwritev2(fd, &piece, 1, -1, RWF_NOWAIT)), 1);
	CHECK_ERRNO(pwritev2(fd, &piece, 1, -1, RWF_NOWAIT), EAGAIN);
}

TEST(a_blocked_read_gets_the_next_write)
{
	int fd = QUEUE(.capacity = 2);
	pid_t reader;

	CHILD(reader)
		expect_read(fd, "awaited");
	wait_blocked_receivers(fd, 1);
	put(fd, 1, 0, "awaited");
	child_join(reader);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
	CHECK_EQ(info_of(fd).blocked_receivers, 0);
}

TEST(a_full_queue_blocks_until_a_reader_takes_one)
{
	int fd = QUEUE(.capacity = 2);
	pid_t writer;

	put(fd, 1, 0, "first");
	put(fd, 1, 0, "second");
	CHILD(writer)
		CHECK_EQ(CHECK_OK(write(fd, "third", 5)), 5);
	wait_blocked_senders(fd, 1);
	EXPECT_LEDGER(fd, .sent = 2, .queued = 2);
	expect_read(fd, "first");
	child_join(writer);
	CHECK_EQ(info_of(fd).blocked_senders, 0);
	expect_read(fd, "second");
	expect_read(fd, "third");
	EXPECT_LEDGER(fd, .sent = 3, .received = 3);
	CHECK_EQ(info_of(fd).peak, 2);
}

TEST(a_queue_at_its_byte_limit_blocks_though_it_has_slots)
{
	int fd = QUEUE(.capacity = 10, .max_message = 100, .byte_limit = 150,
		       .flags = KMQ_CREATE_NONBLOCK);
	static char body[100];

	CHECK_OK(write(fd, body, 100));
	CHECK_ERRNO(write(fd, body, 51), EAGAIN);
	CHECK_OK(write(fd, body, 50));
	CHECK_EQ(info_of(fd).bytes, 150);
	CHECK_ERRNO(write(fd, body, 1), EAGAIN);
	/* What has no bytes needs none. */
	CHECK_EQ(CHECK_OK(write(fd, body, 0)), 0);
	CHECK_OK(read(fd, body, 100));
	CHECK_OK(write(fd, body, 100));
	EXPECT_LEDGER(fd, .sent = 4, .received = 1, .queued = 3);
}

TEST(the_open_mode_rules_the_direction)
{
	char name[KMQ_NAME_SIZE], byte = 'x';
	int fd = NAMED(name, .capacity = 2);
	int reader = queue_open(name, O_RDONLY);
	int writer = queue_open(name, O_WRONLY);

	CHECK_ERRNO(write(reader, &byte, 1), EBADF);
	CHECK_OK(write(writer, &byte, 1));
	CHECK_ERRNO(read(writer, &byte, 1), EBADF);
	EXPECT_LEDGER(writer, .sent = 1, .queued = 1);
	CHECK_OK(read(reader, &byte, 1));
	CHECK_EQ(info_of(reader).descriptors, 3);
	close(fd);
}

TEST(a_queue_has_no_position)
{
	char name[KMQ_NAME_SIZE], byte;
	int created = NAMED(name, .capacity = 2);
	int fds[] = { created, queue_open(name, O_RDWR), QUEUE(.capacity = 2) };

	for (int i = 0; i < 3; i++) {
		CHECK_OK(write(fds[i], "x", 1));
		CHECK_ERRNO(lseek(fds[i], 0, SEEK_CUR), ESPIPE);
		CHECK_ERRNO(lseek(fds[i], 0, SEEK_END), ESPIPE);
		CHECK_ERRNO(lseek(fds[i], 5, SEEK_SET), ESPIPE);
		CHECK_ERRNO(pread(fds[i], &byte, 1, 0), ESPIPE);
		CHECK_ERRNO(pwrite(fds[i], "x", 1, 0), ESPIPE);
	}
	EXPECT_LEDGER(fds[0], .sent = 2, .queued = 2);
	EXPECT_LEDGER(fds[2], .sent = 1, .queued = 1);
}

TEST(a_message_queue_cannot_be_mapped)
{
	char name[KMQ_NAME_SIZE];
	int created = NAMED(name, .capacity = 2);
	int fds[] = { created, queue_open(name, O_RDWR), QUEUE(.capacity = 2) };

	for (int i = 0; i < 3; i++) {
		CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fds[i], 0) == MAP_FAILED);
		CHECK_EQ(errno, ENODEV);
		CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fds[i], 0) ==
		      MAP_FAILED);
		CHECK_EQ(errno, ENODEV);
	}
}

TEST(splice_and_sendfile_are_refused_and_take_nothing)
{
	int fd = QUEUE(.capacity = 2), pipes[2];
	int file = CHECK_OK(open("/proc/self/exe", O_RDONLY));

	CHECK_OK(pipe(pipes));
	put(fd, 1, 0, "stays");
	CHECK_ERRNO(splice(fd, NULL, pipes[1], NULL, 5, SPLICE_F_NONBLOCK), EINVAL);
	CHECK_OK(write(pipes[1], "pipe", 4));
	CHECK_ERRNO(splice(pipes[0], NULL, fd, NULL, 4, SPLICE_F_NONBLOCK), EINVAL);
	CHECK_ERRNO(sendfile(fd, file, NULL, 16), EINVAL);
	CHECK_ERRNO(sendfile(pipes[1], fd, NULL, 16), EINVAL);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	expect_read(fd, "stays");
}

TEST(fsync_and_ftruncate_make_no_sense)
{
	int fd = QUEUE(.capacity = 2);

	CHECK_ERRNO(fsync(fd), EINVAL);
	CHECK_ERRNO(ftruncate(fd, 0), EINVAL);
}

TEST(FIONREAD_tells_the_length_of_what_read_would_take)
{
	int fd = QUEUE(.capacity = 4);

	CHECK_EQ(queued_size(fd), 0);
	put(fd, 1, 0, "three");
	CHECK_EQ(queued_size(fd), 5);
	put(fd, 1, 9, "urgent, and so first");
	CHECK_EQ(queued_size(fd), 20);
	expect_read(fd, "urgent, and so first");
	CHECK_EQ(queued_size(fd), 5);
	expect_read(fd, "three");
	CHECK_EQ(queued_size(fd), 0);
	CHECK_OK(write(fd, "", 0));
	CHECK_EQ(queued_size(fd), 0);
}

TEST(a_stream_of_messages_between_processes_arrives_whole_and_in_order)
{
	enum { COUNT = 2000 };
	int fd = QUEUE(.capacity = 16, .max_message = 600);
	char body[600];
	pid_t writer;

	CHILD(writer) {
		for (int i = 0; i < COUNT; i++) {
			size_t size = 4 + i % 590;

			fill(body, size, i);
			CHECK_EQ(CHECK_OK(write(fd, body, size)), size);
		}
	}
	for (int i = 0; i < COUNT; i++) {
		ssize_t size = CHECK_OK(read(fd, body, sizeof(body)));

		CHECK_EQ(size, 4 + i % 590);
		CHECK(filled(body, size, i));
	}
	child_join(writer);
	EXPECT_LEDGER(fd, .sent = COUNT, .received = COUNT);
}

TEST(FIONREAD_needs_a_descriptor_open_for_reading)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 1), writer = queue_open(name, O_WRONLY);
	int size = -1;

	put(fd, 1, 0, "secret");
	CHECK_ERRNO(ioctl(writer, FIONREAD, &size), EBADF);
	CHECK_EQ(size, -1);
	CHECK_OK(queue_remove(name));
}
