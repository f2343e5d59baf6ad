// SPDX-License-Identifier: GPL-2.0-only
/* Attaching: who may, how many, and when an attachment ends. */
#include <sys/socket.h>

#include "lib/ring.h"

/* Fails, and leaves no descriptor, no id and no attachment behind. */
static void expect_refused(int fd, __u32 flags, int code)
{
	struct kmq_ring_attach attached;
	unsigned int before = 0;
	int next = CHECK_OK(dup(0));
	struct kmq_info info;

	close(next);
	if (code != EIDRM && code != ENODEV)
		before = info_of(fd).attachments;
	CHECK_ERRNO(attach(fd, flags, &attached), code);
	CHECK_EQ(attached.id, 0xa5a5a5a5);
	CHECK_EQ(CHECK_OK(dup(0)), next);
	close(next);
	if (code == EIDRM || code == ENODEV)
		return;
	info = info_of(fd);
	CHECK_EQ(info.attachments, before);
}

TEST(the_open_mode_rules_what_one_may_be)
{
	char name[KMQ_NAME_SIZE];
	int both = NAMED_RING(name), reader = queue_open(name, O_RDONLY);
	int writer = queue_open(name, O_WRONLY);
	struct ring ring;

	expect_refused(reader, KMQ_RING_PRODUCER, EBADF);
	expect_refused(reader, BOTH, EBADF);
	expect_refused(writer, KMQ_RING_CONSUMER, EBADF);
	expect_refused(writer, BOTH, EBADF);
	ring = ring_open(reader, KMQ_RING_CONSUMER);
	ring_close(&ring);
	ring = ring_open(writer, KMQ_RING_PRODUCER);
	ring_close(&ring);
	ring = ring_open(both, BOTH);
	ring_close(&ring);
}

TEST(a_message_queue_has_no_mapped_door)
{
	int fd = QUEUE(.capacity = 2);
	struct kmq_ring_attach attached;

	for (__u32 flags = 1; flags <= 3; flags++)
		expect_refused(fd, flags, ENODEV);
	errno = 0;
	CHECK(mmap(NULL, page_bytes(), PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	CHECK_EQ(errno, ENODEV);
	CHECK_ERRNO(attach(control(), BOTH, &attached), ENOTTY);
}

TEST(the_descriptor_of_a_ring_queue_is_not_mapped_itself)
{
	int fd = RING();

	for (int piece = 0; piece < 4; piece++) {
		errno = 0;
		CHECK(mmap(NULL, page_bytes(), PROT_READ, MAP_SHARED, fd, piece * page_bytes()) ==
		      MAP_FAILED);
		CHECK_EQ(errno, ENODEV);
	}
}

TEST(flags_and_reserved_words_are_checked)
{
	int fd = RING();
	struct kmq_ring_attach attached;
	static const __u32 bad[] = { 0, 4, 5, 7, 8, 1u << 31, ~0u };

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_refused(fd, bad[i], EINVAL);
	for (int i = 0; i < 2; i++) {
		for (int bit = 0; bit < 64; bit += 21) {
			memset(&attached, 0, sizeof(attached));
			attached.flags = BOTH;
			attached.reserved[i] = 1ull << bit;
			CHECK_ERRNO(ioctl(fd, KMQ_IOC_RING_ATTACH, &attached), EINVAL);
		}
	}
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RING_ATTACH, bad_address), EFAULT);
	CHECK_EQ(info_of(fd).attachments, 0);
	/* The doorbells are not the queue's, nor is attaching the attachment's. */
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RING_WAKE, 0), ENOTTY);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RING_WAIT, &attached), ENOTTY);
}

TEST(an_attachment_that_cannot_be_told_of_is_none)
{
	/* Readable only: the answer cannot be written back. */
	struct kmq_ring_attach *attached = mmap(NULL, page_bytes(), PROT_READ | PROT_WRITE,
						MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = RING(), next = CHECK_OK(dup(0));

	CHECK(attached != MAP_FAILED);
	close(next);
	attached->flags = BOTH;
	CHECK_OK(mprotect(attached, page_bytes(), PROT_READ));
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RING_ATTACH, attached), EFAULT);
	CHECK_EQ(info_of(fd).attachments, 0);
	CHECK_EQ(CHECK_OK(dup(0)), next);
}

TEST(an_attachment_is_closed_by_exec_and_knows_its_two_ioctls)
{
	int fd = RING();
	struct ring ring = ring_open(fd, BOTH);
	struct kmq_transfer transfer = { .message = { .type = 1 } };
	struct kmq_ring_attach attached;
	char byte = 0;

	CHECK_EQ(CHECK_OK(fcntl(ring.fd, F_GETFD)), FD_CLOEXEC);
	CHECK_ERRNO(ioctl(ring.fd, KMQ_IOC_SEND, &transfer), ENOTTY);
	CHECK_ERRNO(ioctl(ring.fd, KMQ_IOC_INFO, &transfer), ENOTTY);
	CHECK_ERRNO(attach(ring.fd, BOTH, &attached), ENOTTY);
	CHECK_ERRNO(ioctl(ring.fd, _IO(KMQ_IOC_MAGIC, 0x43), 0), ENOTTY);
	CHECK(read(ring.fd, &byte, 1) == -1);
	CHECK(write(ring.fd, &byte, 1) == -1);
	CHECK_OK(ring_wake(&ring, KMQ_RING_CONSUMERS));
}

TEST(one_producer_and_one_consumer_at_a_time_where_the_mode_says_so)
{
	static const bool one_producer[] = { true, false, false, true };
	static const bool one_consumer[] = { true, true, false, false };

	for (__u32 mode = 0; mode < 4; mode++) {
		int fd = RING(.ring_mode = mode);
		struct ring first = ring_open(fd, KMQ_RING_PRODUCER), second, third;

		check_context("mode %u", mode);
		if (one_producer[mode]) {
			expect_refused(fd, KMQ_RING_PRODUCER, EBUSY);
			expect_refused(fd, BOTH, EBUSY);
		} else {
			second = ring_open(fd, KMQ_RING_PRODUCER);
			CHECK(second.id != first.id);
			ring_close(&second);
		}
		second = ring_open(fd, KMQ_RING_CONSUMER);
		CHECK(second.id != first.id);
		if (one_consumer[mode]) {
			expect_refused(fd, KMQ_RING_CONSUMER, EBUSY);
		} else {
			third = ring_open(fd, KMQ_RING_CONSUMER);
			ring_close(&third);
		}
		/* Freed by the end of the one there is, mapped or not. */
		ring_close(&first);
		third = ring_attach(fd, KMQ_RING_PRODUCER);
		if (one_producer[mode])
			expect_refused(fd, KMQ_RING_PRODUCER, EBUSY);
		close(third.fd);
		ring_close(&second);
		third = ring_open(fd, BOTH);
		ring_close(&third);
		close(fd);
	}
}

TEST(read_and_write_are_parties_too)
{
	static const bool one_producer[] = { true, false, false, true };
	static const bool one_consumer[] = { true, true, false, false };

	for (__u32 mode = 0; mode < 4; mode++) {
		char name[KMQ_NAME_SIZE], body[8];
		int fd = NAMED_RING(name, .ring_mode = mode, .flags = KMQ_CREATE_NONBLOCK);
		int reader = queue_open(name, O_RDONLY | O_NONBLOCK);
		struct ring producer, consumer;

		check_context("mode %u", mode);
		producer = ring_open(fd, KMQ_RING_PRODUCER);
		if (one_producer[mode]) {
			CHECK_ERRNO(write(fd, "x", 1), EBUSY);
			CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, 0, "x", 1), EBUSY);
		} else {
			CHECK_EQ(CHECK_OK(write(fd, "x", 1)), 1);
			expect_read(reader, "x");
		}
		/* Reading is another matter. */
		ring_put(&producer, "read it");
		expect_read(reader, "read it");
		ring_close(&producer);
		put_text(fd, "again");
		expect_read(reader, "again");

		consumer = ring_open(fd, KMQ_RING_CONSUMER);
		put_text(fd, "mapped");
		if (one_consumer[mode]) {
			struct received received;

			CHECK_ERRNO(read(reader, body, sizeof(body)), EBUSY);
			CHECK_ERRNO(receive_any(reader, KMQ_DONTWAIT, &received), EBUSY);
			CHECK_ERRNO(purge(fd, 0, 0, NULL), EBUSY);
		}
		ring_expect(&consumer, "mapped");
		ring_close(&consumer);
		close(reader);
		close(fd);
	}
}

TEST(who_attaches_ends_the_sleep_of_a_reader_in_its_place)
{
	for (__u32 mode = KMQ_RING_SPSC; mode <= KMQ_RING_MPSC; mode++) {
		int fd = RING(.ring_mode = mode);
		struct ring ring;
		pid_t child;
		char byte = 0;

		CHILD(child)
			CHECK_ERRNO(read(fd, &byte, 1), EBUSY);
		wait_blocked_receivers(fd, 1);
		ring = ring_open(fd, KMQ_RING_CONSUMER);
		child_join(child);
		CHECK_EQ(info_of(fd).blocked_receivers, 0);
		CHECK(ring_is_quiet(&ring));
		put_text(fd, "mapped");
		ring_expect(&ring, "mapped");
		close(fd);
		ring_close(&ring);
	}
}

TEST(who_attaches_ends_the_sleep_of_a_writer_in_its_place)
{
	int fd = RING(.ring_mode = KMQ_RING_SPSC, .byte_limit = page_bytes());
	char body[2032] = "";
	struct ring ring;
	pid_t child;

	for (int i = 0; i < 2; i++)
		CHECK_EQ(CHECK_OK(write(fd, body, sizeof(body))), sizeof(body));
	CHILD(child)
		CHECK_ERRNO(write(fd, body, sizeof(body)), EBUSY);
	wait_blocked_senders(fd, 1);
	ring = ring_open(fd, KMQ_RING_PRODUCER);
	child_join(child);
	CHECK_EQ(info_of(fd).blocked_senders, 0);
	CHECK(ring_is_quiet(&ring));
	EXPECT_LEDGER(fd, .sent = 2, .queued = 2);
}

TEST(a_reader_that_sleeps_stays_where_the_mode_has_room_for_more)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring ring;
	pid_t child;

	CHILD(child)
		expect_read(fd, "for it");
	wait_blocked_receivers(fd, 1);
	ring = ring_open(fd, BOTH);
	wait_blocked_receivers(fd, 1);
	ring_put(&ring, "for it");
	child_join(child);
}

TEST(there_are_62_ids_and_each_is_given_again)
{
	enum { IDS = KMQ_RING_IDS - 2 };
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring rings[IDS];
	__u64 seen = 0;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < IDS; i++)
			rings[i] = ring_attach(fd, 1 + i % 3);
		CHECK_EQ(info_of(fd).attachments, IDS);
		expect_refused(fd, BOTH, EDQUOT);
		expect_refused(fd, KMQ_RING_CONSUMER, EDQUOT);
		seen = 0;
		for (int i = 0; i < IDS; i++)
			seen |= 1ull << rings[i].id;
		CHECK_EQ(seen, ~3ull);
		/* One goes, one may come. */
		close(rings[17].fd);
		rings[17] = ring_attach(fd, BOTH);
		expect_refused(fd, BOTH, EDQUOT);
		for (int i = 0; i < IDS; i++)
			close(rings[i].fd);
		CHECK_EQ(info_of(fd).attachments, 0);
	}
	CHECK_EQ(info_of(fd).deaths, 0);
}

TEST(an_attachment_lives_as_long_as_its_descriptor_or_one_piece)
{
	int fd = RING();
	struct ring ring = ring_open(fd, BOTH);

	/* The queue's own descriptor is not needed any more. */
	CHECK_OK(close(ring.fd));
	CHECK_EQ(info_of(fd).attachments, 1);
	CHECK_OK(munmap(ring.data, 2 * ring.size));
	CHECK_OK(munmap((void *)ring.control, ring.page));
	CHECK_OK(munmap(ring.consumers, ring.page));
	CHECK_EQ(info_of(fd).attachments, 1);
	CHECK_OK(munmap(ring.producers, ring.page));
	CHECK_EQ(info_of(fd).attachments, 0);
	CHECK_EQ(info_of(fd).deaths, 0);
}

TEST(an_attachment_ends_with_its_last_piece_though_its_descriptor_is_open)
{
	int fd = RING();
	struct ring ring = ring_open(fd, BOTH);

	ring_unmap(&ring);
	CHECK_EQ(info_of(fd).attachments, 0);
	for (int piece = 0; piece < 4; piece++) {
		errno = 0;
		CHECK(map_piece(&ring, piece, PROT_READ, MAP_SHARED) == MAP_FAILED);
		CHECK_EQ(errno, ESRCH);
	}
	/* Its id is free. */
	ring_open(fd, BOTH);
	CHECK_EQ(info_of(fd).attachments, 1);
}

TEST(the_ring_outlives_the_descriptor_that_attached)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
	struct ring consumer = ring_open(fd, KMQ_RING_CONSUMER);

	close(fd);
	ring_put(&producer, "still");
	ring_expect(&consumer, "still");
	ring_close(&producer);
	ring_close(&consumer);
}

TEST(nobody_attaches_to_a_removed_ring)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED_RING(name);
	struct ring ring = ring_open(fd, KMQ_RING_PRODUCER);
	char byte = 0;

	CHECK_EQ(LOAD(ring.control->flags), 0);
	CHECK_OK(queue_remove(name));
	expect_refused(fd, KMQ_RING_CONSUMER, EIDRM);
	CHECK_ERRNO(write(fd, "x", 1), EIDRM);
	CHECK_ERRNO(read(fd, &byte, 1), EIDRM);
	/* What is mapped is told, and stays memory. */
	CHECK_EQ(LOAD(ring.control->flags), KMQ_RING_REMOVED);
	memset(ring.data, 0x5a, 2 * ring.size);
	CHECK((__s64)(ring.producers->sequence - LOAD(ring.control->consumer_wake)) >= 0);
	CHECK_ERRNO(ring_wake(&ring, KMQ_RING_CONSUMERS), EIDRM);
	CHECK_ERRNO(ring_wait(&ring, KMQ_RING_PRODUCERS, &ring.consumers->tail, 0, 0, 0), EIDRM);
	ring_close(&ring);
}

static void send_descriptor(int via, int fd)
{
	char control_space[CMSG_SPACE(sizeof(int))] = {}, byte = 0;
	struct iovec vector = { &byte, 1 };
	struct msghdr header = {
		.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control_space,
		.msg_controllen = sizeof(control_space),
	};
	struct cmsghdr *message = CMSG_FIRSTHDR(&header);

	message->cmsg_level = SOL_SOCKET;
	message->cmsg_type = SCM_RIGHTS;
	message->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(message), &fd, sizeof(int));
	CHECK_EQ(CHECK_OK(sendmsg(via, &header, 0)), 1);
}

static int receive_descriptor(int via)
{
	char control_space[CMSG_SPACE(sizeof(int))], byte;
	struct iovec vector = { &byte, 1 };
	struct msghdr header = {
		.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control_space,
		.msg_controllen = sizeof(control_space),
	};
	int fd;

	CHECK_EQ(CHECK_OK(recvmsg(via, &header, 0)), 1);
	CHECK(CMSG_FIRSTHDR(&header));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(int));
	return fd;
}

/* In an address space that is not the attachment's. */
static void expect_foreign(struct ring ring)
{
	struct kmq_ring_wait wait = { .side = KMQ_RING_PRODUCERS, .word = ring.page };

	for (int piece = 0; piece < 4; piece++) {
		errno = 0;
		CHECK(map_piece(&ring, piece, PROT_READ, MAP_SHARED) == MAP_FAILED);
		CHECK_EQ(errno, EPERM);
	}
	CHECK_ERRNO(ioctl(ring.fd, KMQ_IOC_RING_WAIT, &wait), EPERM);
	CHECK_ERRNO(ioctl(ring.fd, KMQ_IOC_RING_WAKE, KMQ_RING_CONSUMERS), EPERM);
}

TEST(an_attachment_passed_over_a_socket_is_of_no_use_there)
{
	int fd = RING(), pair[2];
	struct ring ring = ring_open(fd, BOTH);
	pid_t child;

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	CHILD(child) {
		close(ring.fd);
		ring.fd = receive_descriptor(pair[1]);
		expect_foreign(ring);
	}
	send_descriptor(pair[0], ring.fd);
	child_join(child);
	/* Nor did it harm. */
	CHECK_EQ(info_of(fd).attachments, 1);
	ring_put(&ring, "mine");
	ring_expect(&ring, "mine");
}

TEST(an_attachment_inherited_by_fork_is_of_no_use_there)
{
	int fd = RING();
	struct ring mapped = ring_open(fd, KMQ_RING_PRODUCER);
	struct ring unmapped = ring_attach(fd, KMQ_RING_CONSUMER);
	pid_t child;

	CHILD(child) {
		expect_foreign(mapped);
		expect_foreign(unmapped);
		/* Attaching by the queue's descriptor is another matter. */
		expect_refused(fd, KMQ_RING_PRODUCER, EBUSY);
	}
	child_join(child);
	ring_map(&unmapped);
	ring_put(&mapped, "mine");
	ring_expect(&unmapped, "mine");
}

TEST(a_descriptor_passed_before_it_was_mapped_is_refused_the_mapping)
{
	int fd = RING(), pair[2];
	pid_t child;

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	CHILD(child) {
		struct ring ring = ring_attach(fd, BOTH);

		send_descriptor(pair[1], ring.fd);
		CHECK_EQ(CHECK_OK(read(pair[1], &(char){ 0 }, 1)), 1);
	}
	{
		struct ring stolen = { .fd = receive_descriptor(pair[0]), .page = page_bytes(),
				       .size = KMQ_RING_SIZE_DEFAULT };

		expect_foreign(stolen);
		CHECK_EQ(CHECK_OK(write(pair[0], "", 1)), 1);
		child_join(child);
		/* It was never mapped, and its address space is gone: it is held by the descriptor. */
		expect_foreign(stolen);
		close(stolen.fd);
	}
	WAIT_UNTIL(info_of(fd).attachments == 0);
}
