// SPDX-License-Identifier: GPL-2.0-only
/* Broadcast: each reader has all, is lapped and told exactly, and delays nobody. */
#include "lib/ring.h"

#define BROADCAST(...) RING(.ring_mode = KMQ_RING_BROADCAST, __VA_ARGS__)

static struct received take_any(int fd)
{
	struct received received;

	CHECK_OK(receive_any(fd, KMQ_DONTWAIT, &received));
	return received;
}

TEST(every_reader_of_either_door_has_every_record)
{
	for (int door = 0; door < 2; door++) {
		char name[KMQ_NAME_SIZE], text[16];
		int fd = NAMED_RING(name, .ring_mode = KMQ_RING_BROADCAST);
		int readers[3];
		struct ring mapped[3], producer = {};

		for (int i = 0; i < 3; i++) {
			readers[i] = queue_open(name, O_RDONLY | O_NONBLOCK);
			mapped[i] = ring_open(fd, KMQ_RING_CONSUMER);
		}
		if (door)
			producer = ring_open(fd, KMQ_RING_PRODUCER);
		for (int i = 0; i < 10; i++) {
			snprintf(text, sizeof(text), "record %d", i);
			if (door)
				ring_put(&producer, text);
			else
				put_text(fd, text);
		}
		for (int reader = 0; reader < 3; reader++) {
			char byte;

			for (int i = 0; i < 10; i++) {
				snprintf(text, sizeof(text), "record %d", i);
				expect_read(readers[reader], text);
				ring_expect(&mapped[reader], text);
				CHECK_EQ(mapped[reader].lost, 0);
			}
			CHECK_ERRNO(read(readers[reader], &byte, 1), EAGAIN);
			ring_expect_empty(&mapped[reader]);
		}
		EXPECT_LEDGER(fd, .sent = 10, .queued = 10);
		for (int i = 0; i < 3; i++) {
			close(readers[i]);
			ring_close(&mapped[i]);
		}
		if (door)
			ring_close(&producer);
		close(fd);
	}
}

TEST(a_reader_begins_with_the_first_record_after_it_came)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED_RING(name, .ring_mode = KMQ_RING_BROADCAST), reader;
	struct ring attached, producer;

	put_text(fd, "too early");
	reader = queue_open(name, O_RDONLY | O_NONBLOCK);
	attached = ring_attach(fd, KMQ_RING_CONSUMER);
	producer = ring_open(fd, KMQ_RING_PRODUCER);
	/* Between attaching and mapping, too. */
	ring_put(&producer, "in time");
	ring_map(&attached);
	expect_read(reader, "in time");
	ring_expect(&attached, "in time");
	CHECK_EQ(attached.lost, 0);
	ring_expect_empty(&attached);
	/* Who created it was there from the beginning. */
	expect_read(fd, "too early");
	expect_read(fd, "in time");
}

TEST(a_shared_descriptor_is_one_reader)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED_RING(name, .ring_mode = KMQ_RING_BROADCAST), copy = CHECK_OK(dup(fd));
	pid_t child;

	put_text(fd, "one");
	put_text(fd, "two");
	put_text(fd, "three");
	expect_read(fd, "one");
	expect_read(copy, "two");
	CHILD(child)
		expect_read(fd, "three");
	child_join(child);
	CHECK_EQ(poll_now(fd) & POLLIN, 0);
}

TEST(a_slow_reader_is_lapped_and_told_exactly)
{
	for (int door = 0; door < 2; door++) {
		char name[KMQ_NAME_SIZE];
		int fd = NAMED_RING(name, .ring_mode = KMQ_RING_BROADCAST,
				    .byte_limit = page_bytes());
		int reader = queue_open(name, O_RDONLY);
		struct ring mapped = ring_open(fd, KMQ_RING_CONSUMER), producer = {};
		unsigned char body[496];
		struct received received;

		if (door)
			producer = ring_open(fd, KMQ_RING_PRODUCER);
		/* Eight have room. */
		for (int i = 0; i < 20; i++) {
			fill(body, sizeof(body), i);
			if (door)
				CHECK_OK(ring_send(&producer, body, sizeof(body), 0));
			else
				CHECK_EQ(CHECK_OK(write(fd, body, sizeof(body))), sizeof(body));
		}
		EXPECT_LEDGER(fd, .sent = 20, .queued = 8, .dropped = 12);
		CHECK_EQ(info_of(fd).bytes, page_bytes());
		for (int i = 12; i < 20; i++) {
			received = take_any(reader);
			CHECK_EQ(received.message.lost, i == 12 ? 12 : 0);
			CHECK_EQ(received.message.sequence, i + 1);
			CHECK_EQ(received.message.size, sizeof(body));
			CHECK(filled(received.body, sizeof(body), i));
			CHECK_OK(ring_claim(&mapped));
			CHECK_EQ(mapped.lost, i == 12 ? 12 : 0);
			CHECK(filled(mapped.claim.body, sizeof(body), i));
			CHECK_OK(ring_release(&mapped));
		}
		/* Once more, by another number. */
		for (int i = 0; i < 11; i++)
			if (door)
				CHECK_OK(ring_send(&producer, body, sizeof(body), 0));
			else
				CHECK_EQ(CHECK_OK(write(fd, body, sizeof(body))), sizeof(body));
		received = take_any(reader);
		CHECK_EQ(received.message.lost, 3);
		CHECK_EQ(received.message.sequence, 24);
		CHECK_OK(ring_claim(&mapped));
		CHECK_EQ(mapped.lost, 3);
		close(reader);
		ring_close(&mapped);
		if (door)
			ring_close(&producer);
		close(fd);
	}
}

TEST(what_read_does_not_tell_of_a_lapping_the_next_ioctl_does)
{
	int fd = BROADCAST(.byte_limit = page_bytes());
	char body[2032];

	for (int i = 0; i < 5; i++)
		CHECK_EQ(CHECK_OK(write(fd, body, sizeof(body))), sizeof(body));
	CHECK_EQ(CHECK_OK(read(fd, body, sizeof(body))), sizeof(body));
	put_text(fd, "next");
	CHECK_EQ(CHECK_OK(read(fd, body, sizeof(body))), sizeof(body));
	CHECK_EQ(take_any(fd).message.lost, 3);
	put_text(fd, "next");
	CHECK_EQ(take_any(fd).message.lost, 0);
}

TEST(the_producer_never_waits)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED_RING(name, .ring_mode = KMQ_RING_BROADCAST, .byte_limit = page_bytes(),
			    .flags = KMQ_CREATE_NONBLOCK);
	int reader = queue_open(name, O_RDONLY);
	struct ring mapped = ring_open(fd, KMQ_RING_CONSUMER);
	static unsigned char body[2032];
	__u64 sent = 0;

	/* With readers of both doors that hold what they read. */
	put_text(fd, "held");
	CHECK_OK(ring_claim(&mapped));
	for (int i = 0; i < 3000; i++) {
		size_t size = (i * 131) % 2033;

		CHECK_EQ(poll_now(fd) & POLLOUT, POLLOUT);
		CHECK_EQ(CHECK_OK(write(fd, body, size)), size);
		sent++;
	}
	CHECK_EQ(info_of(fd).sent, sent + 1);
	CHECK_EQ(info_of(fd).received, 0);
	CHECK_EQ(info_of(fd).purged, 0);
	CHECK_EQ(info_of(fd).rejected, 0);
	CHECK_ERRNO(ring_release(&mapped), ESTALE);
	close(reader);
}

TEST(a_record_that_was_overwritten_while_it_was_read_is_void)
{
	int fd = BROADCAST(.byte_limit = page_bytes());
	struct ring mapped = ring_open(fd, KMQ_RING_CONSUMER);
	static unsigned char body[2032];

	put_text(fd, "first");
	CHECK_OK(ring_claim(&mapped));
	CHECK_TEXT(mapped.claim.body, mapped.claim.size, "first");
	CHECK_EQ(CHECK_OK(write(fd, body, 1000)), 1000);
	CHECK_OK(ring_release(&mapped));
	CHECK_OK(ring_claim(&mapped));
	for (int i = 0; i < 3; i++)
		CHECK_EQ(CHECK_OK(write(fd, body, 2032)), 2032);
	CHECK_ERRNO(ring_release(&mapped), ESTALE);
	CHECK_OK(ring_claim(&mapped));
	CHECK_EQ(mapped.lost, 2);
	CHECK_EQ(mapped.claim.sequence, 4);
}

TEST(each_reader_is_ready_for_itself)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED_RING(name, .ring_mode = KMQ_RING_BROADCAST);
	int first = queue_open(name, O_RDONLY), second = queue_open(name, O_RDONLY);
	struct ring mapped = ring_open(fd, KMQ_RING_CONSUMER);
	struct ring other = ring_open(fd, KMQ_RING_CONSUMER);

	CHECK_EQ(poll_now(first), 0);
	CHECK_EQ(poll_now(mapped.fd), 0);
	put_text(fd, "one");
	CHECK_EQ(poll_now(first), POLLIN);
	CHECK_EQ(poll_now(second), POLLIN);
	CHECK_EQ(poll_now(mapped.fd), POLLIN);
	CHECK_EQ(queued_size(first), 3);
	expect_read(first, "one");
	ring_expect(&mapped, "one");
	CHECK_EQ(poll_now(first), 0);
	CHECK_EQ(queued_size(first), 0);
	CHECK_EQ(poll_now(mapped.fd), 0);
	CHECK_EQ(poll_now(second), POLLIN);
	CHECK_EQ(poll_now(other.fd), POLLIN);
}

TEST(a_failed_read_keeps_the_record_for_its_reader)
{
	int fd = BROADCAST();
	char byte;

	put_text(fd, "stays");
	CHECK_ERRNO(read(fd, bad_address, 100), EFAULT);
	CHECK_ERRNO(read(fd, &byte, 1), EMSGSIZE);
	expect_read(fd, "stays");
}

TEST(a_batch_of_a_lapped_reader_tells_the_lost_at_its_first)
{
	int fd = BROADCAST(.byte_limit = page_bytes());
	struct kmq_message messages[16];
	struct kmq_batch batch = {
		.messages = ptr(messages), .count = 16, .flags = KMQ_DONTWAIT,
	};
	static char bodies[16][496];

	for (int i = 0; i < 16; i++)
		messages[i] = (struct kmq_message){ .body = ptr(bodies[i]), .size = 496, .type = 1 };
	CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_SEND_BATCH, &batch)), 16);
	CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch)), 8);
	for (int i = 0; i < 8; i++) {
		CHECK_EQ(messages[i].lost, i ? 0 : 8);
		CHECK_EQ(messages[i].sequence, i + 9);
	}
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch), EAGAIN);
}

/* ---- at once ---- */

enum { RECORDS = 6000 };

struct stamp {
	__u32 number;
	__u32 size;
};

static void check_stamp(const unsigned char *body, size_t size, __u64 sequence)
{
	struct stamp stamp;

	CHECK(size >= sizeof(stamp));
	memcpy(&stamp, body, sizeof(stamp));
	CHECK_EQ(stamp.size, size);
	CHECK_EQ(stamp.number, sequence);
	CHECK(filled(body + sizeof(stamp), size - sizeof(stamp), stamp.number));
}

/* Seen and lost are all there were; what is seen is whole and in order. */
static void read_all(int fd, int tempo)
{
	static unsigned char body[2048];
	__u64 seen = 0, lost = 0, last = 0;

	while (last < RECORDS) {
		struct kmq_transfer transfer = {
			.deadline = after_ms(40000),
			.message = { .body = ptr(body), .size = sizeof(body) },
		};

		CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE, &transfer));
		check_stamp(body, transfer.message.size, transfer.message.sequence);
		lost += transfer.message.lost;
		seen++;
		last = transfer.message.sequence;
		CHECK_EQ(seen + lost, last);
		if (tempo && seen % 64 == 0)
			pause_ms(tempo);
	}
}

static void read_mapped(struct ring *ring, int tempo)
{
	static unsigned char body[2048];
	__u64 seen = 0, lost = 0, last = 0;

	while (last < RECORDS) {
		__u64 before;
		__u32 size;

		while (ring_claim(ring))
			CHECK_OK(ring_sleep_for_record(ring, after_ms(40000)));
		size = ring->claim.size;
		before = ring->lost;
		if (size <= sizeof(body))
			memcpy(body, ring->claim.body, size);
		if (ring_release(ring))
			continue;
		CHECK(size <= sizeof(body));
		check_stamp(body, size, ring->claim.sequence);
		lost += before;
		seen++;
		last = ring->claim.sequence;
		CHECK_EQ(seen + lost, last);
		if (tempo && seen % 64 == 0)
			pause_ms(tempo);
	}
}

TEST(readers_of_each_tempo_account_for_every_record)
{
	for (int door = 0; door < 2; door++) {
		char name[KMQ_NAME_SIZE];
		int fd = NAMED_RING(name, .ring_mode = KMQ_RING_BROADCAST,
				    .byte_limit = 4 * page_bytes());
		static unsigned char body[2048];
		struct ring producer = {};
		pid_t readers[6];

		for (int i = 0; i < 6; i++) {
			struct ring mapped = {};
			int reader = -1;

			if (i % 2)
				reader = queue_open(name, O_RDONLY);
			CHILD(readers[i]) {
				if (i % 2) {
					read_all(reader, i / 2);
				} else {
					mapped = ring_open(fd, KMQ_RING_CONSUMER);
					read_mapped(&mapped, i / 2);
				}
			}
			if (reader >= 0)
				close(reader);
		}
		WAIT_UNTIL(info_of(fd).attachments == 3);
		pause_ms(20);
		if (door)
			producer = ring_open(fd, KMQ_RING_PRODUCER);
		for (__u32 i = 1; i <= RECORDS; i++) {
			struct stamp stamp = { i, sizeof(stamp) + i * 29 % 700 };

			memcpy(body, &stamp, sizeof(stamp));
			fill(body + sizeof(stamp), stamp.size - sizeof(stamp), i);
			if (door)
				CHECK_OK(ring_send(&producer, body, stamp.size, 0));
			else
				CHECK_EQ(CHECK_OK(write(fd, body, stamp.size)), stamp.size);
			/* Bursts, so that some sleep and some are lapped. */
			if (i % 500 == 0)
				pause_ms(3);
		}
		for (int i = 0; i < 6; i++)
			child_join(readers[i]);
		CHECK_EQ(info_of(fd).sent, RECORDS);
		if (door)
			ring_close(&producer);
		close(fd);
	}
}

TEST(removal_ends_the_sleep_of_each_reader)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED_RING(name, .ring_mode = KMQ_RING_BROADCAST);
	pid_t readers[2];
	char byte;

	for (int i = 0; i < 2; i++)
		CHILD(readers[i]) {
			if (i) {
				struct ring mapped = ring_open(fd, KMQ_RING_CONSUMER);

				CHECK_ERRNO(ring_sleep_for_record(&mapped, after_ms(40000)), EIDRM);
			} else {
				CHECK_ERRNO(read(fd, &byte, 1), EIDRM);
			}
		}
	WAIT_UNTIL(info_of(fd).attachments == 1);
	for (int i = 0; i < 2; i++)
		wait_asleep(readers[i]);
	pause_ms(20);
	CHECK_OK(queue_remove(name));
	for (int i = 0; i < 2; i++)
		child_join(readers[i]);
}
