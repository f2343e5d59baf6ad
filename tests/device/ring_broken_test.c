// SPDX-License-Identifier: GPL-2.0-only
/* What cannot be: EUCLEAN for all who use this ring, and nothing for anybody else. */
#include "lib/ring.h"

/* One word of a shared page and a value that it cannot have. */
enum spoil {
	HEAD_UNALIGNED, HEAD_FAR, HEAD_BEHIND, TAIL_UNALIGNED, TAIL_AHEAD, TAIL_FAR, SIZE_ABOVE,
	SIZE_BEHIND_HEAD, SPOILS,
};

static const char *const names[] = {
	"head unaligned", "head far ahead", "head behind tail", "tail unaligned", "tail ahead of head",
	"tail far behind", "a size above the largest", "a record that ends behind head",
};

static void set_tail(struct ring *ring, __u64 tail)
{
	STORE(ring->consumers->tail, tail);
	/* In the modes with claims tail only says what is free; next is what is read. */
	ring->consumers->cursor[ring->consumers->version % 2].next = tail;
}

static void spoil(struct ring *ring, enum spoil how)
{
	struct kmq_ring_record *record;
	__u64 head = ring->producers->head;

	ring_put(ring, "good");
	ring_put(ring, "good");
	record = (struct kmq_ring_record *)(ring->data + head % ring->size);
	switch (how) {
	case HEAD_UNALIGNED:
		STORE(ring->producers->head, head + 40);
		break;
	case HEAD_FAR:
		STORE(ring->producers->head, head + 4 * ring->size);
		break;
	case HEAD_BEHIND:
		STORE(ring->producers->head, head - 64);
		break;
	case TAIL_UNALIGNED:
		set_tail(ring, head + 4);
		break;
	case TAIL_AHEAD:
		set_tail(ring, head + 4096);
		break;
	case TAIL_FAR:
		set_tail(ring, head - 4 * ring->size);
		break;
	case SIZE_ABOVE:
		STORE(record->word, ring->control->max_message + 1);
		break;
	default:
		STORE(record->word, 1000);
	}
}

/* Both calls end at once; at least one of them finds it. */
static void find(int fd)
{
	char body[64];
	bool found = false;

	if (read(fd, body, sizeof(body)) < 0)
		found = errno == EUCLEAN;
	if (write(fd, "x", 1) < 0)
		found |= errno == EUCLEAN;
	CHECK(found);
}

static void expect_broken(int fd, struct ring *ring)
{
	struct kmq_ring_attach attached;
	struct received received;
	char byte = 0;

	CHECK_EQ(info_of(fd).ring_flags, KMQ_RING_BROKEN);
	CHECK_ERRNO(read(fd, &byte, 1), EUCLEAN);
	CHECK_ERRNO(write(fd, &byte, 1), EUCLEAN);
	CHECK_ERRNO(receive_any(fd, KMQ_DONTWAIT, &received), EUCLEAN);
	CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, 0, "x", 1), EUCLEAN);
	if (info_of(fd).ring_mode != KMQ_RING_BROADCAST)
		CHECK_ERRNO(purge(fd, 0, 0, NULL), EUCLEAN);
	CHECK_ERRNO(attach(fd, KMQ_RING_CONSUMER, &attached), EUCLEAN);
	CHECK_EQ(poll_now(fd) & (POLLHUP | POLLERR), POLLHUP | POLLERR);
	if (!ring)
		return;
	CHECK_EQ(LOAD(ring->control->flags), KMQ_RING_BROKEN);
	CHECK_EQ(poll_now(ring->fd) & (POLLHUP | POLLERR), POLLHUP | POLLERR);
	CHECK_ERRNO(ring_wake(ring, KMQ_RING_CONSUMERS), EUCLEAN);
	CHECK_ERRNO(ring_wait(ring, KMQ_RING_CONSUMERS, &ring->producers->head,
			      ring->producers->head, 0, after_ms(30000)), EUCLEAN);
	/* Every commit and release asks. */
	CHECK((__s64)(ring->producers->sequence - LOAD(ring->control->consumer_wake)) >= 0);
}

TEST(what_a_peer_spoiled_is_EUCLEAN_for_the_system_calls)
{
	for (__u32 mode = 0; mode < KMQ_RING_BROADCAST; mode++) {
		for (enum spoil how = 0; how < SPOILS; how++) {
			int fd = RING(.ring_mode = mode, .byte_limit = 4 * page_bytes(),
				      .flags = KMQ_CREATE_NONBLOCK);
			struct ring ring = ring_open(fd, BOTH);

			check_context("mode %u, %s", mode, names[how]);
			spoil(&ring, how);
			if (mode != KMQ_RING_MPMC)
				ring_close(&ring);
			find(fd);
			expect_broken(fd, mode == KMQ_RING_MPMC ? &ring : NULL);
			if (mode == KMQ_RING_MPMC)
				ring_close(&ring);
			expect_broken(fd, NULL);
			close(fd);
		}
	}
}

TEST(what_a_broadcaster_spoiled_is_EUCLEAN_for_its_readers)
{
	static const enum spoil ways[] = { HEAD_UNALIGNED, HEAD_FAR, SIZE_ABOVE, SIZE_BEHIND_HEAD };

	for (int i = 0; i < 4; i++) {
		int fd = RING(.ring_mode = KMQ_RING_BROADCAST, .byte_limit = 4 * page_bytes(),
			      .flags = KMQ_CREATE_NONBLOCK);
		struct ring ring = ring_open(fd, KMQ_RING_PRODUCER);
		char body[64];

		check_context("%s", names[ways[i]]);
		spoil(&ring, ways[i]);
		CHECK_ERRNO(read(fd, body, sizeof(body)), EUCLEAN);
		CHECK_EQ(info_of(fd).ring_flags, KMQ_RING_BROKEN);
		CHECK_ERRNO(read(fd, body, sizeof(body)), EUCLEAN);
		ring_close(&ring);
		CHECK_ERRNO(write(fd, "x", 1), EUCLEAN);
		close(fd);
	}
}

TEST(sleepers_of_a_ring_that_breaks_are_told)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC, .byte_limit = page_bytes());
	struct ring ring = ring_open(fd, BOTH);
	pid_t sleepers[3];
	char body[64];

	for (int i = 0; i < 3; i++)
		CHILD(sleepers[i]) {
			struct ring mine = ring_open(fd, BOTH);
			struct pollfd entry = { .fd = fd };

			if (i == 0)
				CHECK_ERRNO(ring_wait(&mine, KMQ_RING_CONSUMERS,
						      &mine.producers->lock, 0, 100,
						      after_ms(40000)), EUCLEAN);
			else if (i == 1)
				CHECK_ERRNO(ring_wait(&mine, KMQ_RING_PRODUCERS,
						      &mine.producers->lock, 0, 1 << 20,
						      after_ms(40000)), EUCLEAN);
			else
				CHECK_EQ(CHECK_OK(poll(&entry, 1, 40000)), 1);
		}
	WAIT_UNTIL(info_of(fd).attachments == 4);
	for (int i = 0; i < 3; i++)
		wait_asleep(sleepers[i]);
	pause_ms(20);
	STORE(ring.producers->head, ring.producers->head + 8);
	CHECK_ERRNO(read(fd, body, sizeof(body)), EUCLEAN);
	for (int i = 0; i < 3; i++)
		child_join(sleepers[i]);
}

TEST(a_broken_ring_is_nobody_elses_matter)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC, .flags = KMQ_CREATE_NONBLOCK);
	int good = RING(.ring_mode = KMQ_RING_MPMC), queue = QUEUE(.capacity = 4);
	struct ring ring = ring_open(fd, BOTH), healthy = ring_open(good, BOTH);

	spoil(&ring, HEAD_FAR);
	find(fd);
	ring_put(&healthy, "one");
	expect_read(good, "one");
	put_text(good, "two");
	ring_expect(&healthy, "two");
	put(queue, 1, 0, "three");
	expect_read(queue, "three");
	CHECK_EQ(info_of(good).ring_flags, 0);
	CHECK_EQ(LOAD(healthy.control->flags), 0);
}

TEST(a_party_that_dies_in_a_broken_ring_ends_as_any)
{
	for (__u32 mode = 0; mode < 4; mode++) {
		int fd = RING(.ring_mode = mode, .flags = KMQ_CREATE_NONBLOCK);
		pid_t child;

		CHILD(child) {
			struct ring ring = ring_open(fd, BOTH);

			memset(ring.producers, 0xff, ring.page);
			memset(ring.consumers, 0xff, ring.page);
			memset(ring.data, 0xff, 2 * ring.size);
		}
		child_join(child);
		CHECK_EQ(info_of(fd).attachments, 0);
		find(fd);
		expect_broken(fd, NULL);
		close(fd);
	}
}

TEST(no_value_of_one_word_keeps_a_call_from_ending)
{
	static const __u64 values[] = { 0, 1, 4095, 4096, 4097, 1ull << 31, 1ull << 62, ~0ull };

	for (__u32 mode = 0; mode < 4; mode++) {
		for (int page = KMQ_RING_CONSUMERS_PAGE; page <= KMQ_RING_PRODUCERS_PAGE; page++) {
			/* Each word of what is used of the page. */
			size_t words = page == KMQ_RING_PRODUCERS_PAGE ? 17 : 60;

			for (size_t word = 0; word < words; word++) {
				__u64 value = values[(word * 5 + mode) % 8];
				int fd = RING(.ring_mode = mode, .byte_limit = page_bytes(),
					      .flags = KMQ_CREATE_NONBLOCK);
				struct ring ring = ring_open(fd, BOTH);
				__u32 *there = page == KMQ_RING_PRODUCERS_PAGE ?
					(__u32 *)ring.producers : (__u32 *)ring.consumers;
				struct kmq_info info;
				char body[64];
				__u64 before = now();

				check_context("mode %u, page %d, word %zu is %llx", mode, page, word,
					      (unsigned long long)value);
				ring_put(&ring, "one");
				ring_put(&ring, "two");
				STORE(there[word], (__u32)value);
				(void)poll_now(fd);
				(void)poll_now(ring.fd);
				(void)ring_wake(&ring, KMQ_RING_CONSUMERS);
				(void)ring_wake(&ring, KMQ_RING_PRODUCERS);
				CHECK_OK(ioctl(fd, KMQ_IOC_INFO, &info));
				ring_close(&ring);
				for (int i = 0; i < 4; i++) {
					if (read(fd, body, sizeof(body)) < 0)
						CHECK(errno == EUCLEAN || errno == EAGAIN ||
						      errno == EMSGSIZE);
					if (write(fd, "three", 5) < 0)
						CHECK(errno == EUCLEAN || errno == EAGAIN);
				}
				CHECK_OK(ioctl(fd, KMQ_IOC_INFO, &info));
				CHECK(now() - before < 20000000000ull);
				close(fd);
			}
		}
	}
}
