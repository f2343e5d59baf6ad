// SPDX-License-Identifier: GPL-2.0-only
/* Both doors of a ring: one order, every size, and the errors of each call. */
#include <sched.h>
#include <sys/uio.h>
#include <time.h>

#include "lib/ring.h"

enum { MODES = KMQ_RING_BROADCAST };	/* those that keep what is sent */

/* One message of @size through one of four doors, in turn with the others. */
static void send_by(struct ring *ring, int fd, int door, const unsigned char *body, __u32 size)
{
	struct iovec parts[2] = { { (void *)body, size / 3 },
				  { (void *)(body + size / 3), size - size / 3 } };

	/* writev(2) of nothing does not reach the driver. */
	if (door == 3 && !size)
		door = 1;
	switch (door) {
	case 0:
		CHECK_OK(ring_reserve(ring, size));
		memcpy(ring->room.body, body, size);
		ring_commit(ring);
		return;
	case 1:
		CHECK_EQ(CHECK_OK(write(fd, body, size)), size);
		return;
	case 2:
		CHECK_OK(send_body(fd, KMQ_DONTWAIT, 1, 0, body, size));
		return;
	default:
		CHECK_EQ(CHECK_OK(writev(fd, parts, 2)), size);
	}
}

static void receive_by(struct ring *ring, int fd, int door, const unsigned char *body, __u32 size)
{
	unsigned char got[2200];
	struct iovec parts[2] = { { got, 100 }, { got + 100, sizeof(got) - 100 } };
	struct kmq_transfer transfer = {
		.message = { .body = ptr(got), .size = sizeof(got) },
	};

	memset(got, 0xa5, sizeof(got));
	switch (door) {
	case 0:
		CHECK_OK(ring_claim(ring));
		CHECK_EQ(ring->claim.size, size);
		CHECK(!memcmp(ring->claim.body, body, size));
		CHECK_OK(ring_release(ring));
		return;
	case 1:
		CHECK_EQ(CHECK_OK(read(fd, got, sizeof(got))), size);
		break;
	case 2:
		CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE, &transfer));
		CHECK_EQ(transfer.message.size, size);
		CHECK_EQ(transfer.message.length, size);
		CHECK_EQ(transfer.message.type, 1);
		CHECK_EQ(transfer.message.priority, 0);
		CHECK_EQ(transfer.message.flags, 0);
		break;
	default:
		CHECK_EQ(CHECK_OK(readv(fd, parts, 2)), size);
	}
	CHECK(!memcmp(got, body, size));
	for (size_t i = size; i < sizeof(got); i++)
		CHECK_EQ(got[i], 0xa5);
}

/* Who attaches while the mode has one party closes before the other door acts. */
static bool alone(__u32 mode, bool producer)
{
	return mode == KMQ_RING_SPSC || (mode == KMQ_RING_MPSC && !producer);
}

static void all_sizes(__u32 mode, int sender, int receiver)
{
	int fd = RING(.ring_mode = mode, .byte_limit = page_bytes(), .flags = KMQ_CREATE_NONBLOCK);
	const __u32 largest = page_bytes() / 2 - sizeof(struct kmq_ring_record);
	struct ring producer = {}, consumer = {};
	static unsigned char body[4096];

	if (!sender)
		producer = ring_open(fd, KMQ_RING_PRODUCER);
	if (!receiver)
		consumer = ring_open(fd, KMQ_RING_CONSUMER);
	for (__u32 i = 0; i <= largest; i = i < 40 || i > largest - 40 ? i + 1 : i + 31) {
		fill(body, i, i);
		check_context("mode %u, doors %d to %d, %u bytes", mode, sender, receiver, i);
		send_by(&producer, fd, sender, body, i);
		CHECK_EQ(info_of(fd).queued, 1);
		receive_by(&consumer, fd, receiver, body, i);
	}
	EXPECT_LEDGER(fd, .sent = info_of(fd).sent, .received = info_of(fd).sent);
	CHECK_EQ(info_of(fd).bytes, 0);
	close(fd);
	if (!sender)
		ring_close(&producer);
	if (!receiver)
		ring_close(&consumer);
}

TEST(every_size_passes_every_pair_of_doors)
{
	for (__u32 mode = 0; mode < MODES; mode++)
		for (int sender = 0; sender < 4; sender++)
			for (int receiver = 0; receiver < 4; receiver++)
				if (!sender || !receiver || sender == receiver)
					all_sizes(mode, sender, receiver);
}

/* Both doors fill it by turns; both drain it by turns: one order. */
static void one_order(__u32 mode)
{
	int fd = RING(.ring_mode = mode, .flags = KMQ_CREATE_NONBLOCK);
	struct ring producer = {}, consumer = {};
	unsigned char body[64];
	unsigned int seed = 7;

	if (!alone(mode, true))
		producer = ring_open(fd, KMQ_RING_PRODUCER);
	if (!alone(mode, false))
		consumer = ring_open(fd, KMQ_RING_CONSUMER);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 50; i++) {
			int door = rand_r(&seed) / 7 % 4;

			if (door == 0 && !producer.id)
				producer = ring_open(fd, KMQ_RING_PRODUCER);
			if (door && producer.id && alone(mode, true))
				ring_close(&producer), producer.id = 0;
			fill(body, i, round * 50 + i);
			send_by(&producer, fd, door, body, i);
		}
		for (int i = 0; i < 50; i++) {
			int door = rand_r(&seed) / 7 % 4;

			if (door == 0 && !consumer.id)
				consumer = ring_open(fd, KMQ_RING_CONSUMER);
			if (door && consumer.id && alone(mode, false))
				ring_close(&consumer), consumer.id = 0;
			fill(body, i, round * 50 + i);
			check_context("mode %u, round %d, message %d, door %d", mode, round, i, door);
			receive_by(&consumer, fd, door, body, i);
		}
	}
	EXPECT_LEDGER(fd, .sent = 1000, .received = 1000);
	close(fd);
}

TEST(the_doors_take_turns_in_one_order)
{
	for (__u32 mode = 0; mode < MODES; mode++)
		one_order(mode);
}

struct stamp {
	__u32 party;
	__u32 number;
	__u32 size;
};

enum { EACH = 400, PARTIES = 4 };

static void produce(int fd, __u32 party, bool mapped)
{
	unsigned char body[700];
	struct ring ring = {};

	if (mapped)
		ring = ring_open(fd, KMQ_RING_PRODUCER);
	for (__u32 i = 0; i < EACH; i++) {
		struct stamp stamp = { party, i, sizeof(stamp) + (i * 37 + party) % 600 };

		memcpy(body, &stamp, sizeof(stamp));
		fill(body + sizeof(stamp), stamp.size - sizeof(stamp), i);
		if (mapped)
			CHECK_OK(ring_send(&ring, body, stamp.size, after_ms(40000)));
		else
			CHECK_EQ(CHECK_OK(write(fd, body, stamp.size)), stamp.size);
	}
}

/* Returns false at the end mark, an empty message. */
static bool check_one(const unsigned char *body, size_t size, __u32 next[PARTIES], _Atomic __u32 *seen)
{
	struct stamp stamp;

	if (!size)
		return false;
	CHECK(size >= sizeof(stamp));
	memcpy(&stamp, body, sizeof(stamp));
	CHECK(stamp.party < PARTIES && stamp.number < EACH);
	CHECK_EQ(stamp.size, size);
	CHECK(filled(body + sizeof(stamp), size - sizeof(stamp), stamp.number));
	CHECK(stamp.number >= next[stamp.party]);
	next[stamp.party] = stamp.number + 1;
	CHECK_EQ(seen[stamp.party * EACH + stamp.number]++, 0);
	return true;
}

static void consume(int fd, bool mapped, _Atomic __u32 *seen)
{
	unsigned char body[700];
	__u32 next[PARTIES] = {};
	struct ring ring = {};
	ssize_t size;

	if (mapped)
		ring = ring_open(fd, KMQ_RING_CONSUMER);
	do {
		if (mapped)
			size = CHECK_OK(ring_receive(&ring, body, sizeof(body), after_ms(40000)));
		else
			size = CHECK_OK(read(fd, body, sizeof(body)));
	} while (check_one(body, size, next, seen));
}

/* @producers and @consumers: bit set: that party maps. */
static void at_once(__u32 mode, int writers, unsigned int producers, int readers,
		    unsigned int consumers)
{
	int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
	_Atomic __u32 *seen = mmap(NULL, PARTIES * EACH * 4, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t writing[PARTIES], reading[PARTIES];

	CHECK(seen != MAP_FAILED);
	check_context("mode %u, producers %x of %d, consumers %x of %d", mode, producers, writers,
		      consumers, readers);
	for (int i = 0; i < readers; i++)
		CHILD(reading[i])
			consume(fd, consumers >> i & 1, seen);
	for (int i = 0; i < writers; i++)
		CHILD(writing[i])
			produce(fd, i, producers >> i & 1);
	for (int i = 0; i < writers; i++)
		child_join(writing[i]);
	for (int i = 0; i < readers; i++)
		CHECK_EQ(CHECK_OK(write(fd, "", 0)), 0);
	for (int i = 0; i < readers; i++)
		child_join(reading[i]);
	for (int i = 0; i < writers * EACH; i++)
		CHECK_EQ(seen[i], 1);
	EXPECT_LEDGER(fd, .sent = writers * EACH + readers, .received = writers * EACH + readers);
	CHECK_EQ(info_of(fd).deaths, 0);
	CHECK_EQ(info_of(fd).attachments, 0);
	close(fd);
	munmap((void *)seen, PARTIES * EACH * 4);
}

TEST(one_producer_and_one_consumer_at_once_by_each_pair_of_doors)
{
	for (int doors = 0; doors < 4; doors++)
		at_once(KMQ_RING_SPSC, 1, doors & 1, 1, doors >> 1);
}

TEST(many_producers_and_one_consumer_at_once_by_both_doors)
{
	static const struct { unsigned int producers, consumer; } cases[] = {
		{ 0xf, 1 }, { 0x3, 1 }, { 0x3, 0 }, { 0xf, 0 }, { 0, 1 },
	};

	for (int i = 0; i < 5; i++)
		at_once(KMQ_RING_MPSC, 4, cases[i].producers, 1, cases[i].consumer);
}

TEST(many_producers_and_many_consumers_at_once_by_both_doors)
{
	static const struct { unsigned int producers, consumers; } cases[] = {
		{ 0x7, 0x7 }, { 0x1, 0x1 }, { 0x2, 0x5 }, { 0x7, 0 }, { 0, 0x7 }, { 0, 0 },
	};

	for (int i = 0; i < 6; i++)
		at_once(KMQ_RING_MPMC, 3, cases[i].producers, 3, cases[i].consumers);
}

/* ---- what comes with a message ---- */

TEST(a_message_of_the_mapped_door_has_no_sender_and_the_time_of_its_receive)
{
	int fd = RING(.ring_mode = KMQ_RING_MPSC);
	struct ring ring = ring_open(fd, KMQ_RING_PRODUCER);
	struct received received;
	__u64 before, sent;

	ring_put(&ring, "mapped");
	pause_ms(2);
	before = now();
	received = take(fd, "mapped");
	CHECK_EQ(received.message.pid, 0);
	CHECK_EQ(received.message.uid, 65534);
	CHECK(received.message.time >= before && received.message.time <= now());
	CHECK_EQ(received.message.sequence, 1);
	CHECK_EQ(received.message.redeliveries, 0);
	CHECK_EQ(received.message.lost, 0);
	CHECK_EQ(received.message.flags, 0);
	CHECK_EQ(received.message.type, 1);
	CHECK_EQ(received.message.priority, 0);
	sent = put(fd, 1, 0, "written");
	CHECK_EQ(sent, 2);
	CHECK_EQ(take(fd, "written").message.sequence, 2);
}

TEST(the_sequence_in_the_record_is_that_of_the_system_calls)
{
	for (__u32 mode = KMQ_RING_MPSC; mode <= KMQ_RING_MPMC; mode++) {
		int fd = RING(.ring_mode = mode);
		struct ring ring = ring_open(fd, BOTH);

		CHECK_EQ(ring.control->first_sequence, 1);
		CHECK_EQ(put(fd, 1, 0, "a"), 1);
		ring_put(&ring, "b");
		CHECK_EQ(put(fd, 1, 0, "c"), 3);
		for (__u64 i = 1; i <= 3; i++) {
			CHECK_OK(ring_claim(&ring));
			CHECK_EQ(ring.claim.sequence, i);
			CHECK_EQ(ring.claim.record->owner, i == 2 ? ring.id : KMQ_RING_KERNEL);
			CHECK_OK(ring_release(&ring));
		}
	}
}

/* ---- sizes and errors ---- */

TEST(a_message_longer_than_the_ring_takes_is_EMSGSIZE)
{
	for (__u32 mode = 0; mode < 4; mode++) {
		int fd = RING(.ring_mode = mode, .max_message = 100);
		char body[101] = "";
		struct kmq_message messages[2] = {
			{ .body = ptr(body), .size = 100, .type = 1 },
			{ .body = ptr(body), .size = 101, .type = 1 },
		};
		struct kmq_batch batch = { .messages = ptr(messages), .count = 2 };

		CHECK_ERRNO(write(fd, body, 101), EMSGSIZE);
		CHECK_ERRNO(send_body(fd, 0, 1, 0, body, 101), EMSGSIZE);
		CHECK_ERRNO(send_body(fd, 0, 1, 0, body, ~0u), EMSGSIZE);
		EXPECT_LEDGER(fd, .sent = 0);
		CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_SEND_BATCH, &batch)), 1);
		CHECK_EQ(info_of(fd).sent, 1);
		close(fd);
	}
}

TEST(a_message_longer_than_the_room_stays_unless_it_may_be_cut)
{
	for (__u32 mode = 0; mode < MODES; mode++) {
		int fd = RING(.ring_mode = mode);
		struct kmq_transfer transfer = {
			.message = { .size = 4 },
		};
		char body[8];

		put_text(fd, "123456");
		put_text(fd, "second");
		put_text(fd, "third.");
		memset(body, 0xa5, sizeof(body));
		CHECK_ERRNO(read(fd, body, 5), EMSGSIZE);
		transfer.message.body = ptr(body);
		CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, &transfer), EMSGSIZE);
		CHECK_EQ(body[0], (char)0xa5);
		EXPECT_LEDGER(fd, .sent = 3, .queued = 3);
		CHECK_EQ(queued_size(fd), 6);

		transfer.flags = KMQ_TRUNCATE;
		CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE, &transfer));
		CHECK_EQ(transfer.message.size, 4);
		CHECK_EQ(transfer.message.length, 6);
		CHECK_EQ(transfer.message.flags, KMQ_MESSAGE_TRUNCATED);
		CHECK(!memcmp(body, "1234\xa5\xa5\xa5\xa5", 8));
		CHECK_OK(set_filter(fd, KMQ_DESCRIPTOR_TRUNCATE, KMQ_SELECT_ANY, 0));
		memset(body, 0xa5, sizeof(body));
		CHECK_EQ(CHECK_OK(read(fd, body, 3)), 3);
		CHECK(!memcmp(body, "sec\xa5\xa5\xa5\xa5\xa5", 8));
		CHECK_EQ(descriptor_of(fd).last_size, 6);
		CHECK_OK(set_filter(fd, 0, KMQ_SELECT_ANY, 0));
		expect_read(fd, "third.");
		EXPECT_LEDGER(fd, .sent = 3, .received = 3);
		close(fd);
	}
}

TEST(an_order_of_its_own_is_kept_over_a_receive_that_failed)
{
	for (__u32 mode = 0; mode < MODES; mode++) {
		int fd = RING(.ring_mode = mode, .flags = KMQ_CREATE_NONBLOCK);
		char *guarded = mmap(NULL, 2 * page_bytes(), PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		char *edge = guarded + page_bytes() - 3;
		struct kmq_transfer transfer = {
			.message = { .body = ptr(edge), .size = 100 },
		};

		CHECK(guarded != MAP_FAILED);
		CHECK_OK(munmap(guarded + page_bytes(), page_bytes()));
		put_text(fd, "first one");
		put_text(fd, "second");
		for (int i = 0; i < 5; i++) {
			CHECK_ERRNO(read(fd, bad_address, 100), EFAULT);
			CHECK_ERRNO(read(fd, edge, 100), EFAULT);
			CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, &transfer), EFAULT);
			CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, bad_address), EFAULT);
			EXPECT_LEDGER(fd, .sent = 2, .queued = 2);
		}
		CHECK_ERRNO(write(fd, bad_address, 10), EFAULT);
		CHECK_ERRNO(write(fd, edge, 10), EFAULT);
		expect_read(fd, "first one");
		put_text(fd, "third");
		expect_read(fd, "second");
		expect_read(fd, "third");
		CHECK_EQ(info_of(fd).received, 3);
		CHECK_EQ(info_of(fd).queued, 0);
		CHECK_EQ(info_of(fd).ring_flags, 0);
		CHECK_EQ(info_of(fd).deaths, 0);
		close(fd);
		munmap(guarded, page_bytes());
	}
}

TEST(a_record_that_a_reader_could_not_have_is_the_next_ones_by_the_other_door)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring ring = ring_open(fd, KMQ_RING_CONSUMER);

	put_text(fd, "first");
	put_text(fd, "second");
	CHECK_ERRNO(read(fd, bad_address, 100), EFAULT);
	ring_expect(&ring, "first");
	CHECK_ERRNO(read(fd, bad_address, 100), EFAULT);
	expect_read(fd, "second");
	EXPECT_LEDGER(fd, .sent = 2, .received = 2);
	/* Nobody died. */
	CHECK_EQ(info_of(fd).deaths, 0);
}

static unsigned int fill_up(int fd, size_t size)
{
	static char body[4096];
	struct kmq_transfer transfer = {
		.flags = KMQ_DONTWAIT,
		.message = { .body = ptr(body), .size = size, .type = 1 },
	};
	unsigned int count = 0;

	while (!ioctl(fd, KMQ_IOC_SEND, &transfer))
		count++;
	CHECK_EQ(errno, EAGAIN);
	return count;
}

TEST(a_full_ring_is_full_to_the_last_byte)
{
	for (__u32 mode = 0; mode < MODES; mode++) {
		int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());

		CHECK_EQ(fill_up(fd, 2032), 2);
		CHECK_EQ(info_of(fd).bytes, page_bytes());
		CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, 0, "", 0), EAGAIN);
		CHECK_OK(purge(fd, 0, 0, NULL));
		CHECK_EQ(fill_up(fd, 0), page_bytes() / 16);
		CHECK_OK(purge(fd, 0, 0, NULL));
		CHECK_EQ(fill_up(fd, 48), page_bytes() / 64);
		close(fd);
	}
}

TEST(EAGAIN_where_it_may_not_sleep)
{
	for (__u32 mode = 0; mode < MODES; mode++) {
		int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
		struct received received;
		char byte;

		CHECK_ERRNO(receive_any(fd, KMQ_DONTWAIT, &received), EAGAIN);
		CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
		CHECK_ERRNO(read(fd, &byte, 1), EAGAIN);
		CHECK_ERRNO(receive_any(fd, 0, &received), EAGAIN);
		fill_up(fd, 2032);
		CHECK_ERRNO(write(fd, "x", 1), EAGAIN);
		CHECK_ERRNO(send_body(fd, 0, 1, 0, "x", 1), EAGAIN);
		close(fd);
	}
}

TEST(REJECT_never_sleeps_to_send)
{
	for (__u32 mode = 0; mode < MODES; mode++) {
		int fd = RING(.ring_mode = mode, .byte_limit = page_bytes(),
			      .policy = KMQ_POLICY_REJECT);
		unsigned int before;

		fill_up(fd, 2032);
		before = info_of(fd).rejected;
		CHECK_ERRNO(write(fd, "x", 1), EAGAIN);
		CHECK_ERRNO(send_body(fd, 0, 1, 0, "x", 1), EAGAIN);
		CHECK_EQ(info_of(fd).rejected, before + 2);
		close(fd);
	}
}

TEST(a_deadline_passes)
{
	for (__u32 mode = 0; mode < MODES; mode++) {
		int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
		struct kmq_transfer transfer = { .message = { .type = 1, .body = ptr("x"), .size = 1 } };
		__u64 deadline = after_ms(30);
		struct received received;

		CHECK_ERRNO(receive_until(fd, deadline, &received), ETIMEDOUT);
		CHECK(now() >= deadline);
		CHECK_ERRNO(receive_until(fd, 1, &received), ETIMEDOUT);
		fill_up(fd, 2032);
		transfer.deadline = after_ms(30);
		CHECK_ERRNO(ioctl(fd, KMQ_IOC_SEND, &transfer), ETIMEDOUT);
		CHECK(now() >= transfer.deadline);
		/* Nobody is left asleep, by either door's account. */
		CHECK_EQ(info_of(fd).blocked_receivers, 0);
		CHECK_EQ(info_of(fd).blocked_senders, 0);
		close(fd);
	}
}

TEST(what_a_ring_cannot_do_is_EOPNOTSUPP)
{
	for (__u32 mode = 0; mode < 4; mode++) {
		int fd = RING(.ring_mode = mode);
		struct received received;
		struct kmq_call call = {
			.request = { .type = 1 }, .reply = { .size = 0 },
		};
		struct kmq_transfer reply = { .message = { .type = 1, .sequence = 1 } };
		struct kmq_resize resize = { .capacity = 1 };

		put_text(fd, "stays");
		CHECK_ERRNO(send_body(fd, 0, 2, 0, "x", 1), EOPNOTSUPP);
		CHECK_ERRNO(send_body(fd, 0, 1, 1, "x", 1), EOPNOTSUPP);
		CHECK_ERRNO(receive_any(fd, KMQ_PEEK, &received), EOPNOTSUPP);
		CHECK_ERRNO(receive_any(fd, KMQ_LEASE, &received), EOPNOTSUPP);
		for (__u32 select = KMQ_SELECT_EQUAL; select <= KMQ_SELECT_LOWEST; select++) {
			CHECK_ERRNO(receive_type(fd, 0, select, 1, &received), EOPNOTSUPP);
			CHECK_ERRNO(set_filter(fd, 0, select, 1), EOPNOTSUPP);
			CHECK_ERRNO(purge(fd, select, 1, NULL), EOPNOTSUPP);
		}
		CHECK_ERRNO(ack(fd, 1), EOPNOTSUPP);
		CHECK_ERRNO(nack(fd, 1), EOPNOTSUPP);
		CHECK_ERRNO(ioctl(fd, KMQ_IOC_CALL, &call), EOPNOTSUPP);
		CHECK_ERRNO(ioctl(fd, KMQ_IOC_REPLY, &reply), EOPNOTSUPP);
		CHECK_ERRNO(ioctl(fd, KMQ_IOC_RESIZE, &resize), EOPNOTSUPP);
		/* What is no legal request at all is that first. */
		CHECK_ERRNO(send_body(fd, 0, 0, 0, "x", 1), EINVAL);
		CHECK_ERRNO(send_body(fd, 0, 1, KMQ_PRIORITY_MAX + 1, "x", 1), EINVAL);
		CHECK_ERRNO(receive_type(fd, 0, 5, 0, &received), EINVAL);
		if (mode != KMQ_RING_BROADCAST)
			EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
		close(fd);
	}
}

TEST(a_batch_of_other_types_is_EOPNOTSUPP_and_sends_nothing_behind_it)
{
	int fd = RING();
	struct kmq_message messages[3] = {
		{ .body = ptr("a"), .size = 1, .type = 1 },
		{ .body = ptr("b"), .size = 1, .type = 2 },
		{ .body = ptr("c"), .size = 1, .type = 1 },
	};
	struct kmq_batch batch = { .messages = ptr(messages), .count = 3 };

	CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_SEND_BATCH, &batch)), 1);
	batch.messages = ptr(messages + 1);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_SEND_BATCH, &batch), EOPNOTSUPP);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
}

TEST(the_open_mode_rules_the_system_calls)
{
	char name[KMQ_NAME_SIZE], byte;
	int fd = NAMED_RING(name), reader = queue_open(name, O_RDONLY);
	int writer = queue_open(name, O_WRONLY);
	struct received received;

	put_text(fd, "x");
	CHECK_ERRNO(write(reader, "x", 1), EBADF);
	CHECK_ERRNO(send_body(reader, 0, 1, 0, "x", 1), EBADF);
	CHECK_ERRNO(read(writer, &byte, 1), EBADF);
	CHECK_ERRNO(receive_any(writer, 0, &received), EBADF);
	CHECK_ERRNO(purge(writer, 0, 0, NULL), EBADF);
}

/* ---- batches ---- */

TEST(a_batch_moves_what_there_is_room_for_and_takes_what_is_there)
{
	for (__u32 mode = 0; mode < MODES; mode++) {
		int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
		struct kmq_message messages[20];
		struct kmq_batch batch = { .messages = ptr(messages), .count = 20 };
		static char bodies[20][500];
		struct ring ring;

		for (int i = 0; i < 20; i++) {
			fill(bodies[i], 496, i);
			messages[i] = (struct kmq_message){ .body = ptr(bodies[i]), .size = 496,
							    .type = 1 };
		}
		CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_SEND_BATCH, &batch)), 8);
		batch.flags = KMQ_DONTWAIT;
		CHECK_ERRNO(ioctl(fd, KMQ_IOC_SEND_BATCH, &batch), EAGAIN);
		/* The first two by the other door. */
		ring = ring_open(fd, KMQ_RING_CONSUMER);
		for (int i = 0; i < 2; i++) {
			CHECK_OK(ring_claim(&ring));
			CHECK(filled(ring.claim.body, 496, i));
			CHECK_OK(ring_release(&ring));
		}
		ring_close(&ring);
		memset(bodies, 0xa5, sizeof(bodies));
		for (int i = 0; i < 20; i++)
			messages[i] = (struct kmq_message){ .body = ptr(bodies[i]), .size = 500 };
		CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch)), 6);
		for (int i = 0; i < 6; i++) {
			CHECK_EQ(messages[i].size, 496);
			CHECK_EQ(messages[i].sequence, i + 3);
			CHECK(filled(bodies[i], 496, i + 2));
		}
		CHECK_EQ((unsigned char)bodies[6][0], 0xa5);
		CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch), EAGAIN);
		EXPECT_LEDGER(fd, .sent = 8, .received = 8);
		close(fd);
	}
}

TEST(a_batch_of_mapped_records_is_found_whole)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC);
	struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
	struct ring consumer = ring_open(fd, KMQ_RING_CONSUMER);
	struct ring_room found = {};
	char text[16];

	for (int i = 0; i < 5; i++) {
		snprintf(text, sizeof(text), "number %d", i);
		ring_put(&producer, text);
	}
	CHECK_OK(ring_claim_to(&consumer, 3, RING_DONE));
	EXPECT_LEDGER(fd, .sent = 5, .received = 3, .queued = 2);
	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "number %d", i);
		CHECK_OK(ring_next(&consumer, &found));
		CHECK_TEXT(found.body, found.size, text);
	}
	CHECK_EQ(ring_next(&consumer, &found), -1);
	/* What is claimed is not another's. */
	expect_read(fd, "number 3");
	CHECK_OK(ring_release(&consumer));
	expect_read(fd, "number 4");
	EXPECT_LEDGER(fd, .sent = 5, .received = 5);
}

TEST(room_behind_an_open_claim_is_not_given_to_producers)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC, .byte_limit = page_bytes());
	struct ring first = ring_open(fd, KMQ_RING_CONSUMER);
	struct ring second = ring_open(fd, KMQ_RING_CONSUMER);

	CHECK_EQ(fill_up(fd, 1008), 4);
	CHECK_OK(ring_claim(&first));
	for (int i = 0; i < 3; i++) {
		CHECK_OK(ring_claim(&second));
		CHECK_OK(ring_release(&second));
	}
	/* The oldest is still being read. */
	CHECK_EQ(info_of(fd).received, 4);
	CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, 0, "x", 1), EAGAIN);
	CHECK_OK(ring_release(&first));
	CHECK_EQ(fill_up(fd, 1008), 4);
}

/* ---- a long way to the next record ---- */

enum { LONG = 8 << 20, GIVEN_UP = LONG / 16 };

static struct watch {
	volatile int stop;
	volatile int ready;
	volatile __u64 latest;
} *watch;

/* Goes first whenever it wants to, which is each millisecond, and notes how late it was. */
static void watch_processor(void)
{
	const struct sched_param first = { .sched_priority = 1 };

	CHECK_OK(sched_setscheduler(0, SCHED_FIFO, &first));
	while (!watch->stop) {
		__u64 due = after_ms(1), late;
		struct timespec until = { due / 1000000000, due % 1000000000 };

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		late = now() - due;
		if (late > watch->latest)
			watch->latest = late;
		watch->ready = true;
	}
}

/* The best of some: of a machine that is busy itself, lateness is not the ring's. */
static double share_of_a_walk_that_others_waited(int fd)
{
	double least = 1;

	for (int i = 0; i < 8; i++) {
		__u64 begin = now();
		int size;

		watch->latest = 0;
		CHECK_OK(ioctl(fd, FIONREAD, &size));
		CHECK_EQ(size, 0);
		if ((double)watch->latest / (now() - begin) < least)
			least = (double)watch->latest / (now() - begin);
	}
	return least;
}

TEST(a_walk_over_many_records_lets_others_run)
{
	int fd = RING(.ring_mode = KMQ_RING_MPSC, .byte_limit = LONG);
	struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
	cpu_set_t here;
	pid_t watcher;

	watch = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(watch != MAP_FAILED);
	for (int i = 0; i < GIVEN_UP; i++) {
		CHECK_OK(ring_reserve(&producer, 0));
		ring_discard(&producer);
	}
	CPU_ZERO(&here);
	CPU_SET(0, &here);
	CHECK_OK(sched_setaffinity(0, sizeof(here), &here));
	CHILD(watcher)
		watch_processor();
	WAIT_UNTIL(watch->ready);
	CHECK(share_of_a_walk_that_others_waited(fd) < 0.25);
	watch->stop = true;
	child_join(watcher);
}
