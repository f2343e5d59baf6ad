// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mapped ring over the twin: what kmq_ring.h promises, in one process and with
 * threads and processes as parties. What lies in the memfd is looked at, and spoilt,
 * through a mapping of its own. Built with ASan and UBSan; see tests/unit/unit.mk.
 *
 * In threads and children a check that fails ends the program (REQUIRE).
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring.h"
#include "ring_stream.h"

#include <cmocka.h>

enum { PAGE = 4096, ALL_MODES = 4, MS = 1000000 };

#define PRODUCER	KMQ_RING_PRODUCER
#define CONSUMER	KMQ_RING_CONSUMER
#define BOTH		(PRODUCER | CONSUMER)

/* The call fails with exactly this. */
#define assert_errno(call, code)                       \
	do {                                           \
		errno = 0;                             \
		assert_int_equal((intptr_t)(call), -1); \
		assert_int_equal(errno, code);         \
	} while (0)

#define assert_null_errno(call, code)          \
	do {                                   \
		errno = 0;                     \
		assert_null(call);             \
		assert_int_equal(errno, code); \
	} while (0)

/* ------------------------------------------------------------------------
 * Rings
 */

/**
 * struct bed - a ring under test
 * @fd: of it
 * @pages: its three pages, and @data, as nobody who is a party sees them
 * @one: a party that is both, where a claim needs no more
 */
struct bed {
	int fd;
	uint64_t size;
	char *pages;
	struct kmq_ring_control *control;
	struct kmq_ring_consumers *consumers;
	struct kmq_ring_producers *producers;
	char *data;
	struct kmq_ring *one;
};

static struct bed bed_at(uint32_t mode, uint64_t size, uint64_t sequence, uint64_t position)
{
	struct bed bed = { .fd = libkmq_ring_open_memfd(mode, size, sequence, position), .size = size };

	REQUIRE(bed.fd >= 0);
	bed.pages = mmap(NULL, 3 * PAGE + size, PROT_READ | PROT_WRITE, MAP_SHARED, bed.fd, 0);
	REQUIRE(bed.pages != MAP_FAILED);
	bed.control = (void *)bed.pages;
	bed.consumers = (void *)(bed.pages + PAGE);
	bed.producers = (void *)(bed.pages + 2 * PAGE);
	bed.data = bed.pages + 3 * PAGE;
	bed.one = NULL;
	return bed;
}

static struct kmq_ring *join(const struct bed *bed, unsigned int roles)
{
	struct kmq_ring *ring = kmq_ring_attach(bed->fd, roles);

	REQUIRE(ring);
	return ring;
}

static struct bed bed_of(uint32_t mode, uint64_t size)
{
	struct bed bed = bed_at(mode, size, 1, 0);

	bed.one = join(&bed, BOTH);
	return bed;
}

static void bed_end(struct bed *bed)
{
	kmq_ring_detach(bed->one);
	munmap(bed->pages, 3 * PAGE + bed->size);
	close(bed->fd);
}

static struct kmq_ring_record *record_of(const struct bed *bed, uint64_t position)
{
	return (struct kmq_ring_record *)(bed->data + position % bed->size);
}

static uint64_t sleeps_of(const struct kmq_ring *ring)
{
	struct kmq_ring_info info;

	kmq_ring_get_info(ring, &info);
	return info.sleeps;
}

static uint64_t wakes_of(const struct kmq_ring *ring)
{
	struct kmq_ring_info info;

	kmq_ring_get_info(ring, &info);
	return info.wakes;
}

static int send_text(struct kmq_ring *ring, const char *text)
{
	return kmq_ring_try_send(ring, text, (uint32_t)strlen(text));
}

/* The next record is this text, and is released. */
static void assert_text(struct kmq_ring *ring, const char *text)
{
	struct kmq_ring_part part;

	assert_int_equal(kmq_ring_try_peek(ring, &part), 0);
	assert_int_equal(part.size, strlen(text));
	assert_memory_equal(part.data, text, part.size);
	assert_int_equal(kmq_ring_release(ring), 0);
}

static void assert_empty(struct kmq_ring *ring)
{
	struct kmq_ring_part part;

	assert_errno(kmq_ring_try_peek(ring, &part), EAGAIN);
}

static struct timespec in_ms(int ms)
{
	return kmq_deadline_in(ms);
}

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec + at.tv_nsec / 1e9;
}

static void pause_ms(int ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * MS };

	nanosleep(&time, NULL);
}

/* Until it is so, or half a minute is over. */
#define WAIT_UNTIL(condition)                       \
	do {                                        \
		double end_ = now() + 30;           \
		while (!(condition)) {              \
			REQUIRE(now() < end_);      \
			pause_ms(1);                \
		}                                   \
	} while (0)

/* Someone sleeps for a record, or for room: the wake word is no longer far away. */
static bool awaited(const uint64_t *wake, uint64_t now_at)
{
	return __atomic_load_n(wake, __ATOMIC_RELAXED) - now_at < FAR_AWAY / 2;
}

#define CONSUMER_SLEEPS(bed) awaited((uint64_t *)&(bed)->control->consumer_wake, (bed)->producers->sequence - 1)
#define PRODUCER_SLEEPS(bed) awaited((uint64_t *)&(bed)->control->producer_wake, (bed)->consumers->tail)

/* A child that must succeed. */
static void join_child(pid_t pid)
{
	int status;

	REQUIRE(waitpid(pid, &status, 0) == pid);
	REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ------------------------------------------------------------------------
 * One party
 */

static void a_record_comes_out_as_it_went_in(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		struct kmq_ring_part part;
		char *room;

		room = kmq_ring_try_reserve(bed.one, 5);
		assert_non_null(room);
		assert_int_equal((uintptr_t)room % KMQ_RING_ALIGN, 0);
		memcpy(room, "first", 5);
		assert_empty(bed.one);
		assert_int_equal(kmq_ring_commit(bed.one), 0);
		assert_int_equal(kmq_ring_try_send(bed.one, NULL, 0), 0);
		assert_int_equal(kmq_ring_try_peek(bed.one, &part), 0);
		assert_int_equal(part.size, 5);
		assert_memory_equal(part.data, "first", 5);
		assert_int_equal(part.sequence, 1);
		assert_int_equal(part.flags, 0);
		assert_int_equal(part.lost, 0);
		assert_int_equal(kmq_ring_release(bed.one), 0);
		memset(&part, 0xff, sizeof(part));
		assert_int_equal(kmq_ring_try_peek(bed.one, &part), 0);
		assert_int_equal(part.size, 0);
		assert_int_equal(part.sequence, 2);
		assert_int_equal(part.flags, 0);
		assert_int_equal(part.lost, 0);
		assert_int_equal(kmq_ring_release(bed.one), 0);
		assert_empty(bed.one);
		bed_end(&bed);
	}
}

static void receive_copies_and_tells_what_does_not_fit(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		char room[8] = "poison!";
		struct kmq_ring_part part = { .data = room, .size = 2 };

		assert_errno(kmq_ring_try_receive(bed.one, &part), EAGAIN);
		assert_int_equal(send_text(bed.one, "abc"), 0);
		assert_errno(kmq_ring_try_receive(bed.one, &part), EMSGSIZE);
		assert_errno(kmq_ring_receive(bed.one, &part), EMSGSIZE);
		assert_int_equal(part.size, 2);
		assert_string_equal(room, "poison!");
		part.size = 3;
		assert_int_equal(kmq_ring_receive(bed.one, &part), 0);
		assert_memory_equal(room, "abcson!", 7);
		assert_int_equal(part.size, 3);
		assert_int_equal(part.sequence, 1);
		assert_ptr_equal(part.data, room);
		assert_empty(bed.one);
		bed_end(&bed);
	}
}

static void send_and_receive_copy_every_byte_and_no_other(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		char body[300], room[302];

		for (uint32_t size = 0; size <= sizeof(body); size++) {
			struct kmq_ring_part part = { .data = room + 1, .size = size, .flags = 7, .lost = 7 };
			uint64_t head = bed.producers->head;

			for (uint32_t i = 0; i < size; i++)
				body[i] = (char)(mix(size << 16 ^ i) | 1);
			memset(room, 0, sizeof(room));
			assert_int_equal(kmq_ring_try_send(bed.one, body, size), 0);
			assert_int_equal(bed.producers->head, head + kmq_ring_record_bytes(size));
			if (size) {
				part.size--;
				assert_errno(kmq_ring_try_receive(bed.one, &part), EMSGSIZE);
				assert_int_equal(part.size++, size - 1);
			}
			assert_int_equal(kmq_ring_try_receive(bed.one, &part), 0);
			assert_memory_equal(room + 1, body, size);
			assert_int_equal(room[0], 0);
			assert_int_equal(room[size + 1], 0);
			assert_int_equal(part.size, size);
			assert_int_equal(part.sequence, size + 1);
			assert_int_equal(part.flags, 0);
			assert_int_equal(part.lost, 0);
			assert_ptr_equal(part.data, room + 1);
			assert_errno(kmq_ring_try_receive(bed.one, &part), EAGAIN);
		}
		bed_end(&bed);
	}
}

static void a_second_reservation_or_claim_is_EBUSY(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		struct kmq_ring_part part, parts[2] = { { .size = 1 }, { .size = 1 } };
		struct timespec soon = in_ms(1000);

		assert_non_null(kmq_ring_try_reserve(bed.one, 1));
		assert_null_errno(kmq_ring_try_reserve(bed.one, 1), EBUSY);
		assert_null_errno(kmq_ring_reserve(bed.one, 1), EBUSY);
		assert_null_errno(kmq_ring_reserve_until(bed.one, 1, &soon), EBUSY);
		assert_errno(kmq_ring_try_reserve_batch(bed.one, parts, 2), EBUSY);
		assert_errno(kmq_ring_try_send(bed.one, "x", 1), EBUSY);
		assert_int_equal(kmq_ring_commit(bed.one), 0);
		assert_int_equal(kmq_ring_try_reserve_batch(bed.one, parts, 2), 2);
		assert_null_errno(kmq_ring_try_reserve(bed.one, 1), EBUSY);
		assert_int_equal(kmq_ring_commit(bed.one), 0);

		assert_int_equal(kmq_ring_try_peek(bed.one, &part), 0);
		assert_errno(kmq_ring_try_peek(bed.one, &part), EBUSY);
		assert_errno(kmq_ring_peek(bed.one, &part), EBUSY);
		assert_errno(kmq_ring_peek_until(bed.one, &part, &soon), EBUSY);
		assert_errno(kmq_ring_try_receive(bed.one, &part), EBUSY);
		assert_errno(kmq_ring_wait(bed.one, 1, &soon), EBUSY);
		assert_int_equal(kmq_ring_release(bed.one), 0);
		assert_int_equal(kmq_ring_try_peek_batch(bed.one, parts, 2), 2);
		assert_errno(kmq_ring_try_peek(bed.one, &part), EBUSY);
		assert_int_equal(kmq_ring_release(bed.one), 0);
		bed_end(&bed);
	}
}

static void what_is_not_open_is_EINVAL(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		struct kmq_ring_part part = { .size = 1 };

		for (int i = 0; i < 2; i++) {
			assert_errno(kmq_ring_commit(bed.one), EINVAL);
			assert_errno(kmq_ring_discard(bed.one), EINVAL);
			assert_errno(kmq_ring_release(bed.one), EINVAL);
			/* And again when something was. */
			assert_int_equal(send_text(bed.one, "x"), 0);
			assert_text(bed.one, "x");
		}
		assert_errno(kmq_ring_try_reserve_batch(bed.one, &part, 0), EINVAL);
		assert_errno(kmq_ring_try_peek_batch(bed.one, &part, 0), EINVAL);
		assert_errno(kmq_ring_wait(bed.one, 0, NULL), EINVAL);
		assert_errno(kmq_ring_wait(bed.one, PAGE / 16 + 1, NULL), EINVAL);
		bed_end(&bed);
	}
}

static void a_party_does_what_it_is_for_and_nothing_else(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_at(mode, PAGE, 1, 0);
		struct kmq_ring *producer = join(&bed, PRODUCER), *consumer = join(&bed, CONSUMER);
		struct kmq_ring_part part = { .size = 1 };

		assert_null_errno(kmq_ring_try_reserve(consumer, 1), EBADF);
		assert_null_errno(kmq_ring_reserve(consumer, 1), EBADF);
		assert_errno(kmq_ring_commit(consumer), EBADF);
		assert_errno(kmq_ring_discard(consumer), EBADF);
		assert_errno(kmq_ring_send(consumer, "x", 1), EBADF);
		assert_errno(kmq_ring_try_reserve_batch(consumer, &part, 1), EBADF);
		assert_errno(kmq_ring_try_peek(producer, &part), EBADF);
		assert_errno(kmq_ring_peek(producer, &part), EBADF);
		assert_errno(kmq_ring_release(producer), EBADF);
		assert_errno(kmq_ring_receive(producer, &part), EBADF);
		assert_errno(kmq_ring_wait(producer, 1, NULL), EBADF);
		assert_int_equal(send_text(producer, "x"), 0);
		assert_text(consumer, "x");
		kmq_ring_detach(producer);
		kmq_ring_detach(consumer);
		bed_end(&bed);
	}
}

static void a_discarded_record_is_seen_by_nobody(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		struct kmq_ring_part parts[3] = { { .size = 1 }, { .size = 2 }, { .size = 3 } };

		/* More of them than there is room for: their room comes back. */
		for (int i = 0; i < PAGE / 16; i++) {
			assert_non_null(kmq_ring_try_reserve(bed.one, 1));
			assert_int_equal(kmq_ring_discard(bed.one), 0);
			assert_empty(bed.one);
		}
		assert_int_equal(send_text(bed.one, "before"), 0);
		assert_int_equal(kmq_ring_try_reserve_batch(bed.one, parts, 3), 3);
		assert_int_equal(kmq_ring_discard(bed.one), 0);
		assert_int_equal(send_text(bed.one, "behind"), 0);
		assert_text(bed.one, "before");
		assert_text(bed.one, "behind");
		assert_empty(bed.one);
		if (mode == KMQ_RING_MPSC || mode == KMQ_RING_MPMC) {
			const struct kmq_ring_cursor *cursor = &bed.consumers->cursor[bed.consumers->version % 2];

			assert_int_equal(cursor->skipped, PAGE / 16 + 3);
			assert_int_equal(cursor->received, 2);
		}
		bed_end(&bed);
	}
}

static void what_is_discarded_hides_nothing_behind_it(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_of(mode, PAGE);

		assert_int_equal(send_text(bed.one, "one"), 0);
		assert_non_null(kmq_ring_try_reserve(bed.one, 9));
		assert_int_equal(kmq_ring_discard(bed.one), 0);
		assert_text(bed.one, "one");
		assert_int_equal(send_text(bed.one, "two"), 0);
		assert_text(bed.one, "two");
		bed_end(&bed);
	}
}

static void a_full_ring_is_EAGAIN_until_a_release(void **state)
{
	for (uint32_t mode = 0; mode < KMQ_RING_BROADCAST; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		struct kmq_ring_part part;
		int sent = 0;

		while (!kmq_ring_try_send(bed.one, "0123456789abcdef", 16))
			sent++;
		assert_int_equal(errno, EAGAIN);
		assert_int_equal(sent, PAGE / 32);
		assert_int_equal(kmq_ring_try_peek(bed.one, &part), 0);
		assert_null_errno(kmq_ring_try_reserve(bed.one, 16), EAGAIN);
		assert_int_equal(kmq_ring_release(bed.one), 0);
		assert_null_errno(kmq_ring_try_reserve(bed.one, 17), EAGAIN);
		assert_non_null(kmq_ring_try_reserve(bed.one, 16));
		assert_int_equal(kmq_ring_commit(bed.one), 0);
		bed_end(&bed);
	}
}

static void a_record_is_at_most_half_of_the_ring(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		const uint32_t most = PAGE / 2 - 16;
		struct kmq_ring_info info;
		struct kmq_ring_part part;
		char *room;

		kmq_ring_get_info(bed.one, &info);
		assert_int_equal(info.max_message, most);
		assert_null_errno(kmq_ring_try_reserve(bed.one, most + 1), EMSGSIZE);
		assert_null_errno(kmq_ring_reserve(bed.one, most + 1), EMSGSIZE);
		assert_null_errno(kmq_ring_try_reserve(bed.one, UINT32_MAX), EMSGSIZE);
		assert_null_errno(kmq_ring_try_reserve(bed.one, KMQ_RING_BUSY), EMSGSIZE);
		/* From an odd place, so that each second one goes around the end. */
		assert_int_equal(send_text(bed.one, "odd"), 0);
		assert_text(bed.one, "odd");
		for (int i = 0; i < 20; i++) {
			room = kmq_ring_try_reserve(bed.one, most);
			assert_non_null(room);
			memset(room, 'a' + i, most);
			assert_int_equal(kmq_ring_commit(bed.one), 0);
			assert_int_equal(kmq_ring_try_peek(bed.one, &part), 0);
			assert_int_equal(part.size, most);
			for (uint32_t at = 0; at < most; at++)
				assert_int_equal(((char *)part.data)[at], 'a' + i);
			assert_int_equal(kmq_ring_release(bed.one), 0);
		}
		/* And two of them have room at once. */
		assert_int_equal(kmq_ring_try_send(bed.one, room, most), 0);
		assert_int_equal(kmq_ring_try_send(bed.one, room, most), 0);
		assert_int_equal(kmq_ring_try_peek(bed.one, &part), 0);
		assert_int_equal(kmq_ring_release(bed.one), 0);
		assert_int_equal(kmq_ring_try_peek(bed.one, &part), 0);
		assert_int_equal(kmq_ring_release(bed.one), 0);
		bed_end(&bed);
	}
}

/* ------------------------------------------------------------------------
 * Batches
 */

static void a_batch_is_readable_as_one(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		struct kmq_ring_part in[4] = { { .size = 1 }, { .size = 0 }, { .size = 100 }, { .size = 17 } }, out[8];

		assert_int_equal(kmq_ring_try_reserve_batch(bed.one, in, 4), 4);
		for (int i = 0; i < 4; i++) {
			memset(in[i].data, 'a' + i, in[i].size);
			assert_int_equal((uintptr_t)in[i].data % KMQ_RING_ALIGN, 0);
		}
		assert_errno(kmq_ring_try_peek_batch(bed.one, out, 8), EAGAIN);
		assert_int_equal(kmq_ring_commit(bed.one), 0);
		assert_int_equal(kmq_ring_try_peek_batch(bed.one, out, 3), 3);
		for (int i = 0; i < 3; i++) {
			assert_int_equal(out[i].size, in[i].size);
			assert_int_equal(out[i].sequence, i + 1);
			if (out[i].size)
				assert_int_equal(((char *)out[i].data)[out[i].size - 1], 'a' + i);
		}
		assert_int_equal(kmq_ring_release(bed.one), 0);
		assert_int_equal(kmq_ring_try_peek_batch(bed.one, out, 3), 1);
		assert_int_equal(out[0].sequence, 4);
		assert_int_equal(kmq_ring_release(bed.one), 0);
		assert_empty(bed.one);
		bed_end(&bed);
	}
}

static void a_batch_takes_what_has_room_and_ends_before_what_is_too_long(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		struct kmq_ring_part parts[200];
		/* Of what nobody is waited for, half. */
		int expected = mode == KMQ_RING_BROADCAST ? PAGE / 64 : PAGE / 32;

		for (int i = 0; i < 200; i++)
			parts[i].size = 16;
		assert_int_equal(kmq_ring_try_reserve_batch(bed.one, parts, 200), expected);
		assert_int_equal(kmq_ring_commit(bed.one), 0);
		if (mode != KMQ_RING_BROADCAST)
			assert_errno(kmq_ring_try_reserve_batch(bed.one, parts, 200), EAGAIN);
		assert_int_equal(kmq_ring_try_peek_batch(bed.one, parts, 200), expected);
		assert_int_equal(kmq_ring_release(bed.one), 0);

		for (int i = 0; i < 3; i++)
			parts[i].size = 16;
		parts[2].size = PAGE / 2;
		assert_int_equal(kmq_ring_try_reserve_batch(bed.one, parts, 3), 2);
		assert_int_equal(kmq_ring_commit(bed.one), 0);
		assert_errno(kmq_ring_try_reserve_batch(bed.one, parts + 2, 1), EMSGSIZE);
		assert_int_equal(kmq_ring_try_peek_batch(bed.one, parts, 200), 2);
		assert_int_equal(kmq_ring_release(bed.one), 0);
		bed_end(&bed);
	}
}

static void a_batch_is_of_at_most_KMQ_BATCH_MAX(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_of(mode, 1 << 16);
		static struct kmq_ring_part parts[2 * KMQ_BATCH_MAX];

		memset(parts, 0, sizeof(parts));
		for (int i = 0; i < 2; i++) {
			assert_int_equal(kmq_ring_try_reserve_batch(bed.one, parts, 2 * KMQ_BATCH_MAX),
					 KMQ_BATCH_MAX);
			assert_int_equal(kmq_ring_commit(bed.one), 0);
		}
		for (int i = 0; i < 2; i++) {
			assert_int_equal(kmq_ring_try_peek_batch(bed.one, parts, 2 * KMQ_BATCH_MAX),
					 KMQ_BATCH_MAX);
			assert_int_equal(parts[KMQ_BATCH_MAX - 1].sequence, (i + 1) * KMQ_BATCH_MAX);
			assert_int_equal(kmq_ring_release(bed.one), 0);
		}
		bed_end(&bed);
	}
}

static void a_reserved_record_holds_up_those_behind_it(void **state)
{
	for (uint32_t mode = KMQ_RING_MPSC; mode <= KMQ_RING_MPMC; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		struct kmq_ring *other = join(&bed, PRODUCER);
		struct kmq_ring_part parts[4];
		void *room = kmq_ring_try_reserve(bed.one, 5);

		assert_int_equal(send_text(other, "later"), 0);
		assert_empty(bed.one);
		memcpy(room, "first", 5);
		assert_int_equal(kmq_ring_commit(bed.one), 0);
		assert_int_equal(kmq_ring_try_peek_batch(bed.one, parts, 4), 2);
		assert_memory_equal(parts[0].data, "first", 5);
		assert_memory_equal(parts[1].data, "later", 5);
		assert_int_equal(kmq_ring_release(bed.one), 0);
		kmq_ring_detach(other);
		bed_end(&bed);
	}
}

/* ------------------------------------------------------------------------
 * Beginnings and ends
 */

static void a_ring_is_a_power_of_two_of_pages_in_a_known_mode(void **state)
{
	static const uint64_t bad[] = { 0, 1, PAGE - 1, PAGE + 1, PAGE / 2, 3 * PAGE, 2 * KMQ_RING_SIZE_MAX, -1ull };
	int fd;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_errno(kmq_ring_open_memfd(KMQ_RING_SPSC, bad[i]), EINVAL);
	assert_errno(kmq_ring_open_memfd(ALL_MODES, PAGE), EINVAL);
	fd = kmq_ring_open_memfd(KMQ_RING_MPMC, 2 * PAGE);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_errno(ftruncate(fd, PAGE), EPERM);
	assert_errno(ftruncate(fd, 100 * PAGE), EPERM);
	assert_errno(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	close(fd);
}

static void what_is_not_a_ring_is_ENODEV(void **state)
{
	struct bed bed = bed_of(KMQ_RING_SPSC, PAGE);
	int pipes[2], copy, sealed;
	char path[64];

	assert_int_equal(pipe(pipes), 0);
	assert_null_errno(kmq_ring_attach(pipes[0], BOTH), ENODEV);
	assert_null_errno(kmq_ring_attach(-1, BOTH), EBADF);
	/* The same bytes in a file that could be cut under the mapping. */
	copy = memfd_create("copy", MFD_ALLOW_SEALING);
	assert_int_equal(write(copy, bed.pages, 4 * PAGE), 4 * PAGE);
	assert_null_errno(kmq_ring_attach(copy, BOTH), ENODEV);
	/* Sealed, and not a ring. */
	sealed = memfd_create("sealed", MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(sealed, 4 * PAGE), 0);
	assert_int_equal(fcntl(sealed, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
	assert_null_errno(kmq_ring_attach(sealed, BOTH), ENODEV);
	close(sealed);
	/* Sealed, and too short to be one. */
	sealed = memfd_create("short", MFD_ALLOW_SEALING);
	assert_int_equal(fcntl(sealed, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
	assert_null_errno(kmq_ring_attach(sealed, BOTH), ENODEV);
	close(sealed);
	/* A ring, open for less. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", bed.fd);
	sealed = open(path, O_RDONLY);
	assert_null_errno(kmq_ring_attach(sealed, CONSUMER), EBADF);
	close(sealed);
	close(copy);
	close(pipes[0]);
	close(pipes[1]);
	bed_end(&bed);
}

static void roles_that_are_none_are_EINVAL(void **state)
{
	struct bed bed = bed_of(KMQ_RING_MPMC, PAGE);

	assert_null_errno(kmq_ring_attach(bed.fd, 0), EINVAL);
	assert_null_errno(kmq_ring_attach(bed.fd, 4), EINVAL);
	assert_null_errno(kmq_ring_attach(bed.fd, BOTH | 1u << 31), EINVAL);
	bed_end(&bed);
}

static void a_mode_has_as_many_parties_as_it_says(void **state)
{
	static const struct {
		bool producers, consumers;
	} many[ALL_MODES] = { { false, false }, { true, false }, { true, true }, { false, true } };

	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		struct kmq_ring *other;

		for (int i = 0; i < 2; i++) {
			other = kmq_ring_attach(bed.fd, PRODUCER);
			assert_int_equal(!!other, many[mode].producers);
			if (!other)
				assert_int_equal(errno, EBUSY);
			kmq_ring_detach(other);
			other = kmq_ring_attach(bed.fd, CONSUMER);
			assert_int_equal(!!other, many[mode].consumers);
			if (!other)
				assert_int_equal(errno, EBUSY);
			kmq_ring_detach(other);
		}
		/* Who goes makes room. */
		kmq_ring_detach(bed.one);
		bed.one = join(&bed, BOTH);
		bed_end(&bed);
	}
}

static void when_no_id_is_free_it_is_EDQUOT(void **state)
{
	struct bed bed = bed_at(KMQ_RING_MPMC, PAGE, 1, 0);
	struct kmq_ring *rings[KMQ_RING_IDS - 2];
	struct kmq_ring_info info;

	for (int i = 0; i < KMQ_RING_IDS - 2; i++) {
		rings[i] = join(&bed, BOTH);
		kmq_ring_get_info(rings[i], &info);
		assert_int_equal(info.id, i + 2);
	}
	assert_null_errno(kmq_ring_attach(bed.fd, BOTH), EDQUOT);
	kmq_ring_detach(rings[17]);
	rings[17] = join(&bed, CONSUMER);
	kmq_ring_get_info(rings[17], &info);
	assert_int_equal(info.id, 19);
	for (int i = 0; i < KMQ_RING_IDS - 2; i++)
		kmq_ring_detach(rings[i]);
	assert_int_equal(bed.control->twin_ids, 0);
	bed_end(&bed);
}

static void info_tells_what_it_is(void **state)
{
	struct bed bed = bed_of(KMQ_RING_MPSC, 4 * PAGE);
	struct kmq_ring_info info;

	assert_int_equal(send_text(bed.one, "x"), 0);
	memset(&info, 0xff, sizeof(info));
	kmq_ring_get_info(bed.one, &info);
	assert_int_equal(info.mode, KMQ_RING_MPSC);
	assert_int_equal(info.id, 2);
	assert_int_equal(info.size, 4 * PAGE);
	assert_int_equal(info.max_message, 2 * PAGE - 16);
	assert_int_equal(info.flags, KMQ_RING_TWIN);
	assert_int_equal(info.deaths, 0);
	assert_int_equal(info.abandoned, 0);
	assert_int_equal(info.sequence, 2);
	assert_int_equal(info.sleeps, 0);
	assert_int_equal(info.wakes, 0);
	assert_int_equal(kmq_ring_fd(bed.one), -1);
	bed_end(&bed);
}

static void an_open_reservation_ends_with_its_party(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_at(mode, PAGE, 1, 0);
		struct kmq_ring *producer = join(&bed, PRODUCER), *consumer = join(&bed, CONSUMER);

		assert_non_null(kmq_ring_try_reserve(producer, 7));
		kmq_ring_detach(producer);
		producer = join(&bed, PRODUCER);
		assert_int_equal(send_text(producer, "next"), 0);
		assert_text(consumer, "next");
		assert_empty(consumer);
		kmq_ring_detach(producer);
		kmq_ring_detach(consumer);
		bed_end(&bed);
	}
}

static void an_open_claim_goes_back(void **state)
{
	for (uint32_t mode = 0; mode < KMQ_RING_BROADCAST; mode++) {
		struct bed bed = bed_at(mode, PAGE, 1, 0);
		struct kmq_ring *producer = join(&bed, PRODUCER), *consumer = join(&bed, CONSUMER);
		struct kmq_ring_part parts[2], part;

		for (int i = 0; i < 3; i++)
			assert_int_equal(send_text(producer, &"abc"[i]), 0);
		assert_int_equal(kmq_ring_try_peek_batch(consumer, parts, 2), 2);
		kmq_ring_detach(consumer);
		consumer = join(&bed, CONSUMER);
		for (int i = 0; i < 3; i++) {
			assert_int_equal(kmq_ring_try_peek(consumer, &part), 0);
			assert_int_equal(part.sequence, i + 1);
			assert_int_equal(*(char *)part.data, 'a' + i);
			assert_int_equal(part.flags, mode == KMQ_RING_SPSC || i == 2 ? 0 : KMQ_RING_RECORD_REDELIVERED);
			assert_int_equal(kmq_ring_release(consumer), 0);
		}
		assert_empty(consumer);
		assert_int_equal(bed.consumers->tail, bed.producers->head);
		if (mode != KMQ_RING_SPSC)
			assert_int_equal(bed.consumers->cursor[bed.consumers->version % 2].received, 3);
		kmq_ring_detach(producer);
		kmq_ring_detach(consumer);
		bed_end(&bed);
	}
}

static void an_orphan_goes_before_all_else_and_in_parts(void **state)
{
	struct bed bed = bed_of(KMQ_RING_MPMC, PAGE);
	struct kmq_ring *first = join(&bed, CONSUMER), *second = join(&bed, CONSUMER), *third;
	struct kmq_ring_part parts[8], part;
	struct kmq_ring_info info;

	for (int i = 0; i < 8; i++)
		assert_int_equal(kmq_ring_try_send(bed.one, &i, sizeof(i)), 0);
	assert_int_equal(kmq_ring_try_peek_batch(first, parts, 3), 3);
	assert_int_equal(kmq_ring_try_peek_batch(second, parts, 3), 3);
	/* The later one dies first. */
	kmq_ring_detach(second);
	kmq_ring_detach(first);
	/* Whose claim is an orphan keeps its id from others. */
	third = join(&bed, CONSUMER);
	kmq_ring_get_info(third, &info);
	assert_int_equal(info.id, 5);
	assert_int_equal(kmq_ring_try_peek_batch(third, parts, 2), 2);
	assert_int_equal(parts[0].sequence, 1);
	assert_int_equal(parts[1].sequence, 2);
	assert_int_equal(kmq_ring_try_peek_batch(bed.one, parts, 8), 1);
	assert_int_equal(parts[0].sequence, 3);
	assert_int_equal(parts[0].flags, KMQ_RING_RECORD_REDELIVERED);
	/* A part of an orphan may become one. */
	kmq_ring_detach(third);
	third = join(&bed, CONSUMER);
	assert_int_equal(kmq_ring_try_peek_batch(third, parts, 8), 2);
	assert_int_equal(parts[0].sequence, 1);
	assert_int_equal(kmq_ring_release(bed.one), 0);
	assert_int_equal(bed.consumers->tail, 0);
	assert_int_equal(kmq_ring_release(third), 0);
	for (int i = 4; i <= 8; i++) {
		assert_int_equal(kmq_ring_try_peek(third, &part), 0);
		assert_int_equal(part.sequence, i);
		assert_int_equal(part.flags, i <= 6 ? KMQ_RING_RECORD_REDELIVERED : 0);
		assert_int_equal(kmq_ring_release(third), 0);
	}
	assert_empty(third);
	assert_int_equal(bed.consumers->tail, bed.producers->head);
	assert_int_equal(bed.consumers->claims_used, 0);
	assert_int_equal(bed.consumers->cursor[bed.consumers->version % 2].received, 8);
	kmq_ring_detach(third);
	bed_end(&bed);
}

static void an_orphan_of_what_was_given_up_is_got_out_of_the_way(void **state)
{
	struct bed bed = bed_of(KMQ_RING_MPMC, PAGE);
	struct kmq_ring *other = join(&bed, CONSUMER);
	struct kmq_ring_part parts[3];

	for (int i = 0; i < 3; i++)
		assert_int_equal(send_text(bed.one, "x"), 0);
	assert_int_equal(kmq_ring_try_peek_batch(other, parts, 3), 3);
	kmq_ring_detach(other);
	/* The last two, as if their producer had died: who takes the one takes all. */
	record_of(&bed, 32)->word |= KMQ_RING_ABANDONED;
	record_of(&bed, 64)->word |= KMQ_RING_ABANDONED;
	assert_int_equal(kmq_ring_try_peek(bed.one, parts), 0);
	assert_int_equal(bed.consumers->claims[3].state, KMQ_RING_CLAIM_FREE);
	assert_int_equal(bed.consumers->claims[2].end, 96);
	assert_int_equal(kmq_ring_release(bed.one), 0);
	assert_int_equal(bed.consumers->tail, 96);

	assert_int_equal(send_text(bed.one, "y"), 0);
	other = join(&bed, CONSUMER);
	assert_int_equal(kmq_ring_try_peek(other, parts), 0);
	kmq_ring_detach(other);
	record_of(&bed, 96)->word |= KMQ_RING_DISCARDED;
	assert_empty(bed.one);
	assert_int_equal(bed.consumers->claims_used, 0);
	assert_int_equal(bed.consumers->tail, 128);
	bed_end(&bed);
}

/* Not taken as long as that is so: what a repair goes by. */
static void a_claim_of_an_orphan_begins_where_the_orphan_did(void **state)
{
	struct bed bed = bed_of(KMQ_RING_MPMC, PAGE);
	struct kmq_ring *other = join(&bed, CONSUMER);
	struct kmq_ring_part parts[3];

	for (int i = 0; i < 3; i++)
		assert_int_equal(send_text(bed.one, "x"), 0);
	assert_int_equal(kmq_ring_try_peek_batch(other, parts, 3), 3);
	kmq_ring_detach(other);
	record_of(&bed, 0)->word |= KMQ_RING_ABANDONED;
	assert_int_equal(kmq_ring_try_peek(bed.one, parts), 0);
	assert_int_equal(parts[0].sequence, 2);
	assert_int_equal(bed.consumers->claims[2].start, 0);
	assert_int_equal(bed.consumers->claims[2].end, 64);
	assert_int_equal(bed.consumers->claims[3].state, KMQ_RING_ORPHANED);
	assert_int_equal(bed.consumers->claims[3].start, 64);
	assert_int_equal(bed.consumers->claims[3].records, 2);
	assert_int_equal(kmq_ring_release(bed.one), 0);
	bed_end(&bed);
}

/* Of the words of the consumers, all that a claim and its release leave behind. */
static void what_is_received_is_as_if_claimed_and_released(void **state)
{
	for (uint32_t mode = KMQ_RING_MPSC; mode <= KMQ_RING_MPMC; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		const struct kmq_ring_consumers *consumers = bed.consumers;

		for (uint64_t i = 1; i <= 300; i++) {
			const struct kmq_ring_cursor *cursor;
			char body[100] = { 0 };
			struct kmq_ring_part part = { .data = body, .size = sizeof(body) };

			/* Short and long. */
			assert_int_equal(kmq_ring_try_send(bed.one, body, i % 2 ? 64 : 65), 0);
			assert_non_null(kmq_ring_try_reserve(bed.one, 40));
			assert_int_equal(kmq_ring_receive(bed.one, &part), 0);
			cursor = &consumers->cursor[consumers->version % 2];
			assert_int_equal(cursor->received, i);
			assert_int_equal(cursor->expected, 2 * i);
			assert_int_equal(cursor->next, bed.producers->head - 64);
			assert_int_equal(consumers->tail, cursor->next);
			assert_int_equal(consumers->claims_used, 0);
			assert_int_equal(consumers->claims[ring_of(bed.one)->id].state, KMQ_RING_CLAIM_FREE);
			assert_int_equal(consumers->lock, 0);
			part.size = sizeof(body);
			assert_errno(kmq_ring_try_receive(bed.one, &part), EAGAIN);
			assert_int_equal(kmq_ring_discard(bed.one), 0);
			assert_errno(kmq_ring_try_receive(bed.one, &part), EAGAIN);
		}
		bed_end(&bed);
	}
}

static void who_receives_passes_no_claim_of_another(void **state)
{
	struct bed bed = bed_of(KMQ_RING_MPMC, PAGE);
	struct kmq_ring *holds = join(&bed, CONSUMER);
	char body[8];
	struct kmq_ring_part held, part = { .data = body, .size = sizeof(body) };

	for (int i = 0; i < 3; i++)
		assert_int_equal(send_text(bed.one, "x"), 0);
	assert_int_equal(kmq_ring_try_peek(holds, &held), 0);
	assert_int_equal(kmq_ring_try_receive(bed.one, &part), 0);
	assert_int_equal(part.sequence, 2);
	assert_int_equal(bed.consumers->tail, 0);
	/* What it held goes before the third. */
	kmq_ring_detach(holds);
	part.size = sizeof(body);
	assert_int_equal(kmq_ring_try_receive(bed.one, &part), 0);
	assert_int_equal(part.sequence, 1);
	assert_int_equal(part.flags, KMQ_RING_RECORD_REDELIVERED);
	assert_int_equal(bed.consumers->tail, 64);
	part.size = sizeof(body);
	assert_int_equal(kmq_ring_try_receive(bed.one, &part), 0);
	assert_int_equal(part.sequence, 3);
	assert_int_equal(bed.consumers->tail, 96);
	bed_end(&bed);
}

static void a_death_is_told_once_to_each(void **state)
{
	struct bed bed = bed_of(KMQ_RING_MPMC, PAGE);
	struct kmq_ring *other = join(&bed, CONSUMER);
	struct kmq_ring_part part;

	for (int i = 0; i < 4; i++)
		assert_int_equal(send_text(bed.one, "x"), 0);
	assert_int_equal(kmq_ring_try_peek(bed.one, &part), 0);
	assert_int_equal(part.flags, 0);
	assert_int_equal(kmq_ring_release(bed.one), 0);
	bed.control->deaths = 5;
	assert_int_equal(kmq_ring_try_peek(bed.one, &part), 0);
	assert_int_equal(part.flags, KMQ_RING_RECORD_OWNER_DIED);
	assert_int_equal(kmq_ring_release(bed.one), 0);
	assert_int_equal(kmq_ring_try_peek(bed.one, &part), 0);
	assert_int_equal(part.flags, 0);
	assert_int_equal(kmq_ring_release(bed.one), 0);
	assert_int_equal(kmq_ring_try_peek(other, &part), 0);
	assert_int_equal(part.flags, KMQ_RING_RECORD_OWNER_DIED);
	assert_int_equal(kmq_ring_release(other), 0);
	kmq_ring_detach(other);
	bed_end(&bed);
}

static void a_death_is_told_in_every_mode_and_by_every_call(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		char body[200] = { 0 };
		struct kmq_ring_part part, parts[2];

		for (uint32_t size = 1; size <= sizeof(body); size += sizeof(body) - 1) {
			struct kmq_ring_part into = { .data = body, .size = sizeof(body) };

			for (int told = 1; told >= 0; told--) {
				bed.control->deaths += told;
				assert_int_equal(kmq_ring_try_send(bed.one, body, size), 0);
				assert_int_equal(kmq_ring_try_peek(bed.one, &part), 0);
				assert_int_equal(part.flags, told ? KMQ_RING_RECORD_OWNER_DIED : 0);
				assert_int_equal(kmq_ring_release(bed.one), 0);

				bed.control->deaths += told;
				assert_int_equal(kmq_ring_try_send(bed.one, body, size), 0);
				assert_int_equal(kmq_ring_receive(bed.one, &into), 0);
				assert_int_equal(into.flags, told ? KMQ_RING_RECORD_OWNER_DIED : 0);
				into.size = sizeof(body);

				bed.control->deaths += told;
				for (int i = 0; i < 2; i++)
					assert_int_equal(kmq_ring_try_send(bed.one, body, size), 0);
				assert_int_equal(kmq_ring_try_peek_batch(bed.one, parts, 2), 2);
				assert_int_equal(parts[0].flags, told ? KMQ_RING_RECORD_OWNER_DIED : 0);
				assert_int_equal(parts[1].flags, 0);
				assert_int_equal(kmq_ring_release(bed.one), 0);
			}
		}
		bed_end(&bed);
	}
}

static void a_forked_child_has_no_part_in_it(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		struct kmq_ring_part part = { .size = 1 };
		struct kmq_ring_info info;
		pid_t pid;

		assert_int_equal(send_text(bed.one, "x"), 0);
		pid = fork();
		if (!pid) {
			/* As it is with a queue's ring, whose mappings no child has. */
			REQUIRE(!munmap((char *)bed.one + KMQ_RING_PIECE,
					KMQ_RING_DATA_AT - KMQ_RING_PIECE + 2 * PAGE));
			REQUIRE(!kmq_ring_try_reserve(bed.one, 1) && errno == EBADF);
			REQUIRE(kmq_ring_commit(bed.one) == -1 && errno == EBADF);
			REQUIRE(kmq_ring_discard(bed.one) == -1 && errno == EBADF);
			REQUIRE(kmq_ring_send(bed.one, "x", 1) == -1 && errno == EBADF);
			REQUIRE(kmq_ring_try_peek(bed.one, &part) == -1 && errno == EBADF);
			REQUIRE(kmq_ring_peek(bed.one, &part) == -1 && errno == EBADF);
			REQUIRE(kmq_ring_release(bed.one) == -1 && errno == EBADF);
			REQUIRE(kmq_ring_wait(bed.one, 1, NULL) == -1 && errno == EBADF);
			REQUIRE(kmq_ring_fd(bed.one) == -1);
			kmq_ring_set_spin(bed.one, 7);
			kmq_ring_get_info(bed.one, &info);
			REQUIRE(info.id == 0);
			kmq_ring_detach(bed.one);
			_exit(0);
		}
		join_child(pid);
		assert_text(bed.one, "x");
		assert_int_equal(send_text(bed.one, "y"), 0);
		assert_text(bed.one, "y");
		/* The place of its parent is the parent's still. */
		if (mode == KMQ_RING_SPSC)
			assert_null_errno(kmq_ring_attach(bed.fd, CONSUMER), EBUSY);
		bed_end(&bed);
	}
}

static void detaching_nothing_is_nothing_and_errno_is_kept(void **state)
{
	struct bed bed = bed_of(KMQ_RING_MPMC, PAGE);

	kmq_ring_detach(NULL);
	errno = ENOTUNIQ;
	kmq_ring_detach(bed.one);
	assert_int_equal(errno, ENOTUNIQ);
	bed.one = NULL;
	bed_end(&bed);
}

/* ------------------------------------------------------------------------
 * Broadcast
 */

static void every_consumer_sees_every_record_from_when_it_came(void **state)
{
	struct bed bed = bed_at(KMQ_RING_BROADCAST, PAGE, 1, 0);
	struct kmq_ring *producer = join(&bed, PRODUCER), *early = join(&bed, CONSUMER), *late;

	assert_int_equal(send_text(producer, "one"), 0);
	late = join(&bed, CONSUMER);
	assert_empty(late);
	assert_int_equal(send_text(producer, "two"), 0);
	assert_text(late, "two");
	assert_text(early, "one");
	assert_text(early, "two");
	assert_empty(early);
	assert_empty(late);
	kmq_ring_detach(producer);
	kmq_ring_detach(early);
	kmq_ring_detach(late);
	bed_end(&bed);
}

static void who_is_lapped_is_told_exactly_how_many_it_lost(void **state)
{
	struct bed bed = bed_at(KMQ_RING_BROADCAST, PAGE, 1, 0);
	struct kmq_ring *producer = join(&bed, PRODUCER), *slow = join(&bed, CONSUMER);
	struct kmq_ring_part part;
	uint64_t next = 0, lost;

	/* A record of 100 bytes takes 128: 32 of them have room. */
	for (int round = 1; round < 60; round++) {
		char body[100] = { 0 };
		int sent = round * 7 % 100;

		for (int i = 0; i < sent; i++)
			assert_int_equal(kmq_ring_try_send(producer, body, sizeof(body)), 0);
		lost = sent > 32 ? sent - 32 : 0;
		for (int i = 0; i < sent - (int)lost; i++) {
			assert_int_equal(kmq_ring_try_peek(slow, &part), 0);
			assert_int_equal(part.lost, i ? 0 : lost);
			next += part.lost + 1;
			assert_int_equal(part.sequence, next);
			assert_int_equal(kmq_ring_release(slow), 0);
		}
		assert_empty(slow);
	}
	kmq_ring_detach(producer);
	kmq_ring_detach(slow);
	bed_end(&bed);
}

static void what_was_overwritten_while_it_was_read_is_ESTALE_and_counts_as_lost(void **state)
{
	struct bed bed = bed_at(KMQ_RING_BROADCAST, PAGE, 1, 0);
	struct kmq_ring *producer = join(&bed, PRODUCER), *slow = join(&bed, CONSUMER);
	struct kmq_ring_part part, parts[4];
	char body[1008] = { 0 };

	/* Four have room. */
	for (int i = 0; i < 4; i++)
		assert_int_equal(kmq_ring_try_send(producer, body, sizeof(body)), 0);
	assert_int_equal(kmq_ring_try_peek(slow, &part), 0);
	assert_int_equal(kmq_ring_try_send(producer, body, sizeof(body)), 0);
	assert_errno(kmq_ring_release(slow), ESTALE);
	assert_errno(kmq_ring_release(slow), EINVAL);
	assert_int_equal(kmq_ring_try_peek_batch(slow, parts, 2), 2);
	assert_int_equal(parts[0].sequence, 2);
	assert_int_equal(parts[0].lost, 1);
	assert_int_equal(parts[1].lost, 0);
	/* Of a batch all is void. */
	assert_int_equal(kmq_ring_try_send(producer, body, sizeof(body)), 0);
	assert_errno(kmq_ring_release(slow), ESTALE);
	assert_int_equal(kmq_ring_try_peek_batch(slow, parts, 4), 4);
	assert_int_equal(parts[0].sequence, 3);
	assert_int_equal(parts[0].lost, 2);
	assert_int_equal(kmq_ring_release(slow), 0);
	/* A reservation alone overwrites already. */
	assert_int_equal(kmq_ring_try_send(producer, body, sizeof(body)), 0);
	assert_int_equal(kmq_ring_try_peek(slow, &part), 0);
	assert_int_equal(part.sequence, 7);
	for (int i = 0; i < 3; i++)
		assert_int_equal(kmq_ring_try_send(producer, body, sizeof(body)), 0);
	assert_non_null(kmq_ring_try_reserve(producer, 8));
	assert_errno(kmq_ring_release(slow), ESTALE);
	assert_int_equal(kmq_ring_discard(producer), 0);
	assert_int_equal(kmq_ring_try_peek(slow, &part), 0);
	assert_int_equal(part.sequence, 8);
	assert_int_equal(part.lost, 1);
	assert_int_equal(kmq_ring_release(slow), 0);
	kmq_ring_detach(producer);
	kmq_ring_detach(slow);
	bed_end(&bed);
}

/*
 * Between the two stores of a commit: the sequence number is told, the record is
 * not there yet. Who comes now begins behind it.
 */
static void who_comes_in_the_middle_of_a_commit_is_not_told_of_a_loss(void **state)
{
	for (int lap = 0; lap < 2; lap++) {
		struct bed bed = bed_at(KMQ_RING_BROADCAST, PAGE, 1, 0);
		struct kmq_ring *producer = join(&bed, PRODUCER), *late;
		struct kmq_ring_part part;
		char body[1008] = { 0 };

		assert_int_equal(kmq_ring_try_send(producer, body, sizeof(body)), 0);
		assert_non_null(kmq_ring_try_reserve(producer, sizeof(body)));
		bed.producers->sequence = 3;
		late = join(&bed, CONSUMER);
		assert_empty(late);
		assert_int_equal(kmq_ring_commit(producer), 0);
		assert_empty(late);
		for (int i = 0; i < (lap ? 5 : 1); i++)
			assert_int_equal(kmq_ring_try_send(producer, body, sizeof(body)), 0);
		assert_int_equal(kmq_ring_try_peek(late, &part), 0);
		assert_int_equal(part.sequence, lap ? 4 : 3);
		assert_int_equal(part.lost, lap ? 1 : 0);
		assert_int_equal(kmq_ring_release(late), 0);
		kmq_ring_detach(producer);
		kmq_ring_detach(late);
		bed_end(&bed);
	}
}

/* More of them than one look passes over. */
static void who_comes_in_the_middle_of_a_long_commit_is_told_of_what_comes_after_it(void **state)
{
	struct bed bed = bed_at(KMQ_RING_BROADCAST, PAGE, 1, 0);
	struct kmq_ring *producer = join(&bed, PRODUCER), *late;
	struct kmq_ring_part parts[100] = { 0 };
	struct timespec soon = in_ms(20000);

	assert_int_equal(kmq_ring_try_reserve_batch(producer, parts, 100), 100);
	bed.producers->sequence = 101;
	late = join(&bed, CONSUMER);
	assert_int_equal(kmq_ring_commit(producer), 0);
	assert_int_equal(send_text(producer, "after"), 0);
	assert_int_equal(kmq_ring_wait(late, 1, &soon), 0);
	assert_text(late, "after");
	assert_empty(late);
	kmq_ring_detach(producer);
	kmq_ring_detach(late);
	bed_end(&bed);
}

/*
 * Each record's body is copied over the word oldest, which says then that the record
 * is overwritten, and the next is not; but for the last.
 */
static void who_is_overtaken_again_and_again_is_not_kept_for_ever(void **state)
{
	for (int sleeps = 0; sleeps < 2; sleeps++) {
		struct bed bed = bed_of(KMQ_RING_BROADCAST, PAGE);
		struct kmq_ring_part part = { .data = (void *)&bed.producers->oldest, .size = 8 };
		struct timespec past = { 0, 1 };

		for (uint64_t next = 32; next <= 24 * 32; next += 32) {
			uint64_t body = next < 24 * 32 ? next : 0;

			assert_int_equal(kmq_ring_try_send(bed.one, &body, sizeof(body)), 0);
		}
		if (sleeps)
			assert_errno(kmq_ring_receive_until(bed.one, &part, &past), ETIMEDOUT);
		else
			assert_errno(kmq_ring_try_receive(bed.one, &part), EAGAIN);
		/* As far as it came. */
		assert_int_equal(bed.producers->oldest, 16 * 32);
		assert_int_equal(kmq_ring_try_receive(bed.one, &part), 0);
		assert_int_equal(part.sequence, 24);
		assert_int_equal(part.lost, 23);
		bed_end(&bed);
	}
}

static void a_broadcast_of_several_spares_the_record_before_them(void **state)
{
	struct bed bed = bed_of(KMQ_RING_BROADCAST, PAGE);
	struct kmq_ring_part parts[200], part;
	int taken;

	/* From every place in the ring. */
	for (int turn = 0; turn < PAGE / 16; turn++) {
		memset(parts, 0, sizeof(parts));
		for (int i = 0; i < 200; i++)
			parts[i].size = i % 3 * 16;
		assert_int_equal(send_text(bed.one, "before"), 0);
		taken = kmq_ring_try_reserve_batch(bed.one, parts, 200);
		assert_true(taken > 0);
		assert_int_equal(kmq_ring_commit(bed.one), 0);
		assert_text(bed.one, "before");
		for (int i = 0; i < taken; i++) {
			assert_int_equal(kmq_ring_try_peek(bed.one, &part), 0);
			assert_int_equal(part.lost, 0);
			assert_int_equal(kmq_ring_release(bed.one), 0);
		}
		assert_empty(bed.one);
	}
	/* The longest record is as long as that. */
	assert_int_equal(send_text(bed.one, "before"), 0);
	assert_non_null(kmq_ring_try_reserve(bed.one, PAGE / 2 - 16));
	assert_int_equal(kmq_ring_commit(bed.one), 0);
	assert_text(bed.one, "before");
	bed_end(&bed);
}

static void a_producer_is_never_held_up_by_those_who_follow(void **state)
{
	struct bed bed = bed_at(KMQ_RING_BROADCAST, PAGE, 1, 0);
	struct kmq_ring *producer = join(&bed, PRODUCER), *slow = join(&bed, CONSUMER);
	struct kmq_ring_part part;

	assert_int_equal(send_text(producer, "x"), 0);
	assert_int_equal(kmq_ring_try_peek(slow, &part), 0);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(kmq_ring_send(producer, "0123456789", i % 10), 0);
	assert_int_equal(sleeps_of(producer), 0);
	kmq_ring_detach(producer);
	kmq_ring_detach(slow);
	bed_end(&bed);
}

/* ------------------------------------------------------------------------
 * Streams, as ring_stream.h has them
 */

struct party {
	const struct stream *stream;
	struct kmq_ring *ring;
	struct tally *tally;
	uint32_t producer;
	pthread_t thread;
};

static void *produce_thread(void *argument)
{
	struct party *party = argument;

	produce(party->stream, party->ring, party->producer);
	return NULL;
}

static void *consume_thread(void *argument)
{
	struct party *party = argument;

	consume(party->stream, party->ring, party->tally);
	return NULL;
}

/* Everything was seen, and the ring is as empty as it can be. */
static void settle(const struct stream *stream, const struct bed *bed, const struct tally *tally)
{
	if (stream->mode == KMQ_RING_BROADCAST)
		return;
	for (uint64_t i = 0; i < total(stream); i++)
		assert_int_equal(tally->seen[i], 1);
	if (stream->mode == KMQ_RING_SPSC)
		assert_int_equal(bed->consumers->tail, bed->producers->head);
}

static void run_threads(const struct stream *stream)
{
	struct bed bed = bed_at(stream->mode, stream->size, stream->sequence, stream->position);
	struct party parties[2 * PRODUCERS_MAX];
	unsigned int all = stream->producers + stream->consumers;
	size_t length;
	struct tally *tally = tally_of(stream, &length);

	for (unsigned int i = 0; i < all; i++) {
		bool consumes = i < stream->consumers;

		parties[i] = (struct party){ stream, join(&bed, consumes ? CONSUMER : PRODUCER), tally,
					     i - stream->consumers, 0 };
		kmq_ring_set_spin(parties[i].ring, stream->spin);
	}
	for (unsigned int i = 0; i < all; i++)
		REQUIRE(!pthread_create(&parties[i].thread, NULL,
					i < stream->consumers ? consume_thread : produce_thread, &parties[i]));
	for (unsigned int i = 0; i < all; i++)
		pthread_join(parties[i].thread, NULL);
	for (unsigned int i = 0; i < all; i++)
		kmq_ring_detach(parties[i].ring);
	settle(stream, &bed, tally);
	munmap(tally, length);
	bed_end(&bed);
}

static void run_processes(const struct stream *stream)
{
	struct bed bed = bed_at(stream->mode, stream->size, stream->sequence, stream->position);
	unsigned int all = stream->producers + stream->consumers;
	pid_t pids[2 * PRODUCERS_MAX];
	size_t length;
	struct tally *tally = tally_of(stream, &length);
	int ready[2];
	char byte;

	REQUIRE(!pipe(ready));
	for (unsigned int i = 0; i < all; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			bool consumes = i < stream->consumers;
			struct kmq_ring *ring = join(&bed, consumes ? CONSUMER : PRODUCER);

			kmq_ring_set_spin(ring, stream->spin);
			REQUIRE(write(ready[1], "", 1) == 1);
			if (consumes)
				consume(stream, ring, tally);
			else
				produce(stream, ring, i - stream->consumers);
			kmq_ring_detach(ring);
			_exit(0);
		}
		REQUIRE(read(ready[0], &byte, 1) == 1);
	}
	for (unsigned int i = 0; i < all; i++)
		join_child(pids[i]);
	close(ready[0]);
	close(ready[1]);
	settle(stream, &bed, tally);
	munmap(tally, length);
	bed_end(&bed);
}

/* The modes with as many parties as they are made for, from just before the counters wrap. */
static void run_all(void (*run)(const struct stream *), unsigned int batch, uint32_t spin, uint32_t count,
		    uint64_t size, uint32_t longest)
{
	static const struct {
		uint64_t sequence, position;
	} begin[] = { { 1, 0 }, { (1ull << 32) - 100, (1ull << 32) - 1600 }, { -100ull, -1600ull } };
	static const unsigned int parties[ALL_MODES][2] = { { 1, 1 }, { 3, 1 }, { 3, 3 }, { 1, 3 } };

	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		for (size_t i = 0; i < sizeof(begin) / sizeof(*begin); i++) {
			struct stream stream = {
				.mode = mode, .size = size, .producers = parties[mode][0],
				.consumers = parties[mode][1], .sequence = begin[i].sequence,
				.position = begin[i].position, .count = count, .batch = batch, .spin = spin,
				.longest = longest,
			};

			run(&stream);
		}
	}
}

static void between_threads_nothing_is_lost_doubled_or_out_of_order(void **state)
{
	run_all(run_threads, 0, SPIN_DEFAULT, 20000, 4 * PAGE, 200);
}

static void between_processes_nothing_is_lost_doubled_or_out_of_order(void **state)
{
	run_all(run_processes, 0, SPIN_DEFAULT, 20000, 4 * PAGE, 200);
}

static void nor_if_they_sleep_whenever_they_can(void **state)
{
	run_all(run_threads, 0, 0, 3000, PAGE, 200);
	run_all(run_processes, 0, 0, 3000, PAGE, 200);
}

static void nor_if_they_never_sleep(void **state)
{
	run_all(run_threads, 0, UINT32_MAX, 2000, PAGE, 200);
}

static void nor_in_batches(void **state)
{
	run_all(run_threads, 16, SPIN_DEFAULT, 20000, 4 * PAGE, 200);
	run_all(run_processes, 16, 0, 5000, PAGE, 100);
}

static void nor_if_a_record_is_half_the_ring(void **state)
{
	run_all(run_threads, 0, SPIN_DEFAULT, 3000, PAGE, PAGE / 2 - 16);
}

/* ------------------------------------------------------------------------
 * Sleeping
 */

struct sleeper {
	struct kmq_ring *ring;
	uint64_t count;
	int result;
	int error;
	pthread_t thread;
};

static void *peek_thread(void *argument)
{
	struct sleeper *sleeper = argument;
	struct kmq_ring_part part;

	sleeper->result = kmq_ring_peek(sleeper->ring, &part);
	sleeper->error = errno;
	if (!sleeper->result)
		REQUIRE(!kmq_ring_release(sleeper->ring));
	return NULL;
}

static void *reserve_thread(void *argument)
{
	struct sleeper *sleeper = argument;

	sleeper->result = kmq_ring_reserve(sleeper->ring, 1000) ? 0 : -1;
	sleeper->error = errno;
	if (!sleeper->result)
		REQUIRE(!kmq_ring_commit(sleeper->ring));
	return NULL;
}

static void *wait_thread(void *argument)
{
	struct sleeper *sleeper = argument;

	sleeper->result = kmq_ring_wait(sleeper->ring, sleeper->count, NULL);
	sleeper->error = errno;
	return NULL;
}

static void start(struct sleeper *sleeper, struct kmq_ring *ring, void *(*body)(void *))
{
	sleeper->ring = ring;
	REQUIRE(!pthread_create(&sleeper->thread, NULL, body, sleeper));
}

static void end(struct sleeper *sleeper)
{
	pthread_join(sleeper->thread, NULL);
}

static void a_commit_wakes_who_sleeps_for_it_and_only_then_calls(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_at(mode, PAGE, 1, 0);
		struct kmq_ring *producer = join(&bed, PRODUCER), *consumer = join(&bed, CONSUMER);
		struct sleeper sleeper;

		start(&sleeper, consumer, peek_thread);
		WAIT_UNTIL(CONSUMER_SLEEPS(&bed));
		assert_int_equal(wakes_of(producer), 0);
		assert_int_equal(send_text(producer, "x"), 0);
		end(&sleeper);
		assert_int_equal(sleeper.result, 0);
		assert_int_equal(wakes_of(producer), 1);
		assert_true(sleeps_of(consumer) >= 1);
		for (int i = 0; i < 100; i++) {
			assert_int_equal(send_text(producer, "x"), 0);
			assert_text(consumer, "x");
		}
		assert_int_equal(wakes_of(producer), 1);
		assert_int_equal(wakes_of(consumer), 0);
		kmq_ring_detach(producer);
		kmq_ring_detach(consumer);
		bed_end(&bed);
	}
}

static void a_release_wakes_who_sleeps_for_so_much_room(void **state)
{
	for (uint32_t mode = 0; mode < KMQ_RING_BROADCAST; mode++) {
		struct bed bed = bed_at(mode, PAGE, 1, 0);
		struct kmq_ring *producer = join(&bed, PRODUCER), *consumer = join(&bed, CONSUMER);
		struct kmq_ring_part part;
		struct sleeper sleeper;
		char body[240] = { 0 };

		while (!kmq_ring_try_send(producer, body, sizeof(body)))
			;
		start(&sleeper, producer, reserve_thread);
		WAIT_UNTIL(PRODUCER_SLEEPS(&bed));
		/* Room for 1000 are four of 240. */
		for (int i = 0; i < 4; i++) {
			assert_int_equal(wakes_of(consumer), 0);
			assert_int_equal(kmq_ring_try_peek(consumer, &part), 0);
			assert_int_equal(kmq_ring_release(consumer), 0);
		}
		assert_int_equal(wakes_of(consumer), 1);
		end(&sleeper);
		assert_int_equal(sleeper.result, 0);
		kmq_ring_detach(producer);
		kmq_ring_detach(consumer);
		bed_end(&bed);
	}
}

static void what_is_skipped_wakes_who_sleeps_for_room(void **state)
{
	for (uint32_t mode = KMQ_RING_MPSC; mode <= KMQ_RING_MPMC; mode++) {
		struct bed bed = bed_at(mode, PAGE, 1, 0);
		struct kmq_ring *producer = join(&bed, PRODUCER), *consumer = join(&bed, CONSUMER);
		struct kmq_ring_part parts[2];
		struct sleeper sleeper;

		parts[0].size = parts[1].size = PAGE / 2 - 16;
		assert_int_equal(kmq_ring_try_reserve_batch(producer, parts, 2), 2);
		assert_int_equal(kmq_ring_discard(producer), 0);
		start(&sleeper, producer, reserve_thread);
		WAIT_UNTIL(PRODUCER_SLEEPS(&bed));
		assert_empty(consumer);
		end(&sleeper);
		assert_int_equal(sleeper.result, 0);
		kmq_ring_detach(producer);
		kmq_ring_detach(consumer);
		bed_end(&bed);
	}
}

static void a_wait_makes_room_of_what_was_given_up(void **state)
{
	for (uint32_t mode = KMQ_RING_MPSC; mode <= KMQ_RING_MPMC; mode++) {
		struct bed bed = bed_at(mode, PAGE, 1, 0);
		struct kmq_ring *producer = join(&bed, PRODUCER), *consumer = join(&bed, CONSUMER);
		struct sleeper sleeper, waiter = { .count = 1 };
		struct timespec past = { 0, 1 };
		struct kmq_ring_part parts[2];

		parts[0].size = parts[1].size = PAGE / 2 - 16;
		for (int i = 0; i < 2; i++) {
			assert_int_equal(kmq_ring_try_reserve_batch(producer, parts, 2), 2);
			assert_int_equal(kmq_ring_discard(producer), 0);
			assert_errno(kmq_ring_wait(consumer, 1, &past), ETIMEDOUT);
			assert_int_equal(bed.consumers->tail, (i + 1) * PAGE);
		}
		/* The one for a record, the other for the room for it. */
		assert_int_equal(kmq_ring_try_reserve_batch(producer, parts, 2), 2);
		assert_int_equal(kmq_ring_discard(producer), 0);
		start(&sleeper, producer, reserve_thread);
		WAIT_UNTIL(PRODUCER_SLEEPS(&bed));
		start(&waiter, consumer, wait_thread);
		end(&sleeper);
		assert_int_equal(sleeper.result, 0);
		end(&waiter);
		assert_int_equal(waiter.result, 0);
		kmq_ring_detach(producer);
		kmq_ring_detach(consumer);
		bed_end(&bed);
	}
}

static void a_wait_counts_right_before_and_behind_what_was_given_up(void **state)
{
	struct bed bed = bed_of(KMQ_RING_MPSC, PAGE);
	struct timespec past = { 0, 1 };
	struct kmq_ring_part parts[8];

	for (uint64_t round = 0; round < 20; round++) {
		for (int i = 1; i <= 3; i++) {
			assert_non_null(kmq_ring_try_reserve(bed.one, 40));
			assert_int_equal(kmq_ring_discard(bed.one), 0);
			assert_errno(kmq_ring_wait(bed.one, i, &past), ETIMEDOUT);
			/* Nothing else is before the first, but what is between them stays. */
			assert_int_equal(bed.consumers->tail, round * 288 + 64);
			assert_int_equal(send_text(bed.one, "x"), 0);
			assert_int_equal(kmq_ring_wait(bed.one, i, &past), 0);
		}
		assert_int_equal(kmq_ring_try_peek_batch(bed.one, parts, 8), 3);
		for (int i = 0; i < 3; i++)
			assert_int_equal(parts[i].sequence, 6 * round + 2 * i + 2);
		assert_int_equal(kmq_ring_release(bed.one), 0);
	}
	bed_end(&bed);
}

static void who_could_not_ring_for_room_has_no_claim(void **state)
{
	for (uint32_t mode = KMQ_RING_MPSC; mode <= KMQ_RING_MPMC; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		struct timespec past = { 0, 1 };
		struct kmq_ring_part part;

		for (int i = 0; i < 2; i++) {
			assert_non_null(kmq_ring_try_reserve(bed.one, 1));
			assert_int_equal(kmq_ring_discard(bed.one), 0);
			bed.control->producer_wake = bed.consumers->tail;
			/* As of a queue whose descriptor was closed. */
			ring_of(bed.one)->twin = 0;
			if (i)
				assert_errno(kmq_ring_wait(bed.one, 1, &past), EBADF);
			else
				assert_errno(kmq_ring_try_peek(bed.one, &part), EBADF);
			ring_of(bed.one)->twin = 1;
			assert_errno(kmq_ring_release(bed.one), EINVAL);
		}
		bed_end(&bed);
	}
}

static void an_orphan_wakes_who_sleeps_for_a_record(void **state)
{
	struct bed bed = bed_of(KMQ_RING_MPMC, PAGE);
	struct kmq_ring *dies = join(&bed, CONSUMER), *sleeps = join(&bed, CONSUMER);
	struct kmq_ring_part part;
	struct sleeper sleeper;

	assert_int_equal(send_text(bed.one, "x"), 0);
	assert_int_equal(kmq_ring_try_peek(dies, &part), 0);
	start(&sleeper, sleeps, peek_thread);
	WAIT_UNTIL(CONSUMER_SLEEPS(&bed));
	kmq_ring_detach(dies);
	end(&sleeper);
	assert_int_equal(sleeper.result, 0);
	kmq_ring_detach(sleeps);
	bed_end(&bed);
}

static void who_claims_passes_the_wake_up_on(void **state)
{
	struct bed bed = bed_at(KMQ_RING_MPMC, PAGE, 1, 0);
	struct kmq_ring *producer = join(&bed, PRODUCER), *first = join(&bed, CONSUMER);
	struct kmq_ring_part part;

	for (int i = 0; i < 3; i++)
		assert_int_equal(send_text(producer, "x"), 0);
	/* As if somebody slept for the second. */
	bed.control->consumer_wake = 2;
	assert_int_equal(kmq_ring_try_peek(first, &part), 0);
	assert_int_equal(wakes_of(first), 1);
	assert_int_equal(kmq_ring_release(first), 0);
	/* For one that is not there. */
	bed.control->consumer_wake = 4;
	assert_int_equal(kmq_ring_try_peek(first, &part), 0);
	assert_int_equal(kmq_ring_release(first), 0);
	assert_int_equal(wakes_of(first), 1);
	/* Leaves nothing. */
	bed.control->consumer_wake = 3;
	assert_int_equal(kmq_ring_try_peek(first, &part), 0);
	assert_int_equal(kmq_ring_release(first), 0);
	assert_int_equal(wakes_of(first), 1);
	kmq_ring_detach(producer);
	kmq_ring_detach(first);
	bed_end(&bed);
}

static void who_receives_passes_the_wake_up_on_and_rings_for_room(void **state)
{
	struct bed bed = bed_at(KMQ_RING_MPMC, PAGE, 1, 0);
	struct kmq_ring *producer = join(&bed, PRODUCER), *first = join(&bed, CONSUMER);
	char body[8];

	for (int i = 0; i < 3; i++)
		assert_int_equal(send_text(producer, "x"), 0);
	for (int i = 0; i < 3; i++) {
		/* As if somebody slept for the second; for one that is not there; who leaves nothing. */
		static const uint64_t awaited_one[] = { 2, 4, 3 };
		struct kmq_ring_part part = { .data = body, .size = sizeof(body) };

		bed.control->consumer_wake = awaited_one[i];
		assert_int_equal(kmq_ring_receive(first, &part), 0);
		assert_int_equal(wakes_of(first), 1);
	}
	for (int i = 0; i < 2; i++) {
		struct kmq_ring_part part = { .data = body, .size = sizeof(body) };

		/* For the room of the first of these. */
		assert_int_equal(send_text(producer, "x"), 0);
		bed.control->producer_wake = 128;
		assert_int_equal(kmq_ring_receive(first, &part), 0);
		assert_int_equal(wakes_of(first), 2 + i);
	}
	kmq_ring_detach(producer);
	kmq_ring_detach(first);
	bed_end(&bed);
}

/* Looks, by each call that can end with a record there that it did not take. */
static int wait_for_one(struct kmq_ring *ring)
{
	struct timespec past = { 0, 0 };

	return kmq_ring_wait(ring, 1, &past);
}

static int wait_for_five(struct kmq_ring *ring)
{
	struct timespec past = { 0, 0 };

	return kmq_ring_wait(ring, 5, &past);
}

static int receive_into_nothing(struct kmq_ring *ring)
{
	struct kmq_ring_part part = { .size = 0 };

	assert_errno(kmq_ring_receive(ring, &part), EMSGSIZE);
	return 0;
}

static void who_looks_and_takes_nothing_passes_the_wake_up_on(void **state)
{
	static int (*const looks[])(struct kmq_ring *) = { wait_for_one, wait_for_five, receive_into_nothing };

	for (size_t i = 0; i < sizeof(looks) / sizeof(*looks); i++) {
		struct bed bed = bed_at(KMQ_RING_MPMC, PAGE, 1, 0);
		struct kmq_ring *producer = join(&bed, PRODUCER), *looker = join(&bed, CONSUMER),
				*dies = join(&bed, CONSUMER);
		struct kmq_ring_part part;
		char body[200] = { 0 };

		/* Of a short record, and of a long one. */
		for (uint32_t size = 1; size <= sizeof(body); size += sizeof(body) - 1) {
			uint64_t wakes = wakes_of(looker);

			assert_int_equal(kmq_ring_try_send(producer, body, size), 0);
			/* Nobody sleeps. */
			assert_int_equal(looks[i](looker), 0);
			assert_int_equal(wakes_of(looker), wakes);
			/* As if somebody slept for this one; then, for the next. */
			bed.control->consumer_wake = bed.producers->sequence - 1;
			assert_int_equal(looks[i](looker), 0);
			assert_int_equal(wakes_of(looker), wakes + 1);
			bed.control->consumer_wake = bed.producers->sequence;
			assert_int_equal(looks[i](looker), 0);
			assert_int_equal(wakes_of(looker), wakes + 1);
			bed.control->consumer_wake += FAR_AWAY;
			/* An orphan, whoever sleeps for what. */
			assert_int_equal(kmq_ring_try_peek(dies, &part), 0);
			kmq_ring_detach(dies);
			dies = join(&bed, CONSUMER);
			assert_int_equal(looks[i](looker), 0);
			assert_int_equal(wakes_of(looker), wakes + 2);
			assert_int_equal(kmq_ring_try_peek(looker, &part), 0);
			assert_int_equal(part.flags, KMQ_RING_RECORD_REDELIVERED);
			assert_int_equal(kmq_ring_release(looker), 0);
		}
		kmq_ring_detach(producer);
		kmq_ring_detach(looker);
		kmq_ring_detach(dies);
		bed_end(&bed);
	}
}

static int peek_until(struct kmq_ring *ring, const struct timespec *deadline)
{
	struct kmq_ring_part part;

	return kmq_ring_peek_until(ring, &part, deadline);
}

static int receive_until(struct kmq_ring *ring, const struct timespec *deadline)
{
	char body[8];
	struct kmq_ring_part part = { .data = body, .size = sizeof(body) };

	return kmq_ring_receive_until(ring, &part, deadline);
}

static int wait_until(struct kmq_ring *ring, const struct timespec *deadline)
{
	return kmq_ring_wait(ring, 1, deadline);
}

static void who_gives_up_before_it_could_look_passes_the_wake_up_on(void **state)
{
	static int (*const calls[])(struct kmq_ring *, const struct timespec *) = {
		peek_until, receive_until, wait_until,
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		struct bed bed = bed_of(KMQ_RING_MPMC, PAGE);
		struct kmq_ring *holds = join(&bed, CONSUMER);
		struct timespec soon = in_ms(20);
		uint64_t wakes;

		assert_int_equal(send_text(bed.one, "x"), 0);
		wakes = wakes_of(bed.one);
		bed.control->consumer_wake = 1;
		bed.consumers->lock = ring_of(holds)->id;
		assert_errno(calls[i](bed.one, &soon), ETIMEDOUT);
		assert_int_equal(wakes_of(bed.one), wakes + 1);
		/* Whoever slept was woken. */
		assert_true(bed.control->consumer_wake > FAR_AWAY);
		bed.consumers->lock = 0;
		kmq_ring_detach(holds);
		bed_end(&bed);
	}
}

static void two_that_sleep_for_one_record_do_not_both_stay_asleep(void **state)
{
	struct bed bed = bed_at(KMQ_RING_MPMC, PAGE, 1, 0);
	struct kmq_ring *producer = join(&bed, PRODUCER), *waits = join(&bed, CONSUMER), *peeks = join(&bed, CONSUMER);

	for (int i = 0; i < 50; i++) {
		struct sleeper waiter = { .count = 3 }, peeker;
		uint64_t slept = sleeps_of(waits), slept_too = sleeps_of(peeks);

		start(&waiter, waits, wait_thread);
		start(&peeker, peeks, peek_thread);
		WAIT_UNTIL(sleeps_of(waits) != slept && sleeps_of(peeks) != slept_too && CONSUMER_SLEEPS(&bed));
		/* The one looks, and takes nothing; or finds that the other was faster. */
		assert_int_equal(send_text(producer, "x"), 0);
		end(&peeker);
		assert_int_equal(peeker.result, 0);
		assert_int_equal(send_text(producer, "x"), 0);
		end(&waiter);
		assert_int_equal(waiter.result, 0);
		assert_text(waits, "x");
	}
	kmq_ring_detach(producer);
	kmq_ring_detach(waits);
	kmq_ring_detach(peeks);
	bed_end(&bed);
}

/*
 * What it looked at is BUSY, as it was; but that is another record now, in the same
 * place, and one that is before it nobody would tell it of.
 */
static void who_is_about_to_sleep_for_what_another_had_looks_again(void **state)
{
	struct bed bed = bed_at(KMQ_RING_MPMC, PAGE, 1, 0);
	struct kmq_ring *producer = join(&bed, PRODUCER), *looks = join(&bed, CONSUMER),
			*takes = join(&bed, CONSUMER);
	const uint64_t later = (uint64_t)((now() + 20) * 1e9);
	char body[PAGE / 2 - 16] = { 0 };
	struct kmq_ring_part part = { .data = body, .size = sizeof(body) };
	struct ring_want want;

	kmq_ring_set_spin(looks, 0);
	assert_non_null(kmq_ring_try_reserve(producer, sizeof(body)));
	listen_for(ring_of(looks), &want, KMQ_RING_CONSUMERS);
	assert_int_equal(libkmq_ring_take(ring_of(looks), &part, &want, later), EAGAIN);
	assert_int_equal(kmq_ring_commit(producer), 0);
	assert_int_equal(kmq_ring_try_receive(takes, &part), 0);
	assert_int_equal(kmq_ring_try_send(producer, body, sizeof(body)), 0);
	assert_non_null(kmq_ring_try_reserve(producer, sizeof(body)));
	assert_int_equal(*want.word, want.expected);
	assert_int_equal(libkmq_ring_sleep(ring_of(looks), &ring_of(looks)->consuming, &want, later), 0);
	assert_int_equal(kmq_ring_try_receive(looks, &part), 0);
	assert_int_equal(part.sequence, 2);
	kmq_ring_detach(producer);
	kmq_ring_detach(looks);
	kmq_ring_detach(takes);
	bed_end(&bed);
}

static void in_mpmc_mode_one_record_ends_a_wait_for_many(void **state)
{
	struct bed bed = bed_at(KMQ_RING_MPMC, PAGE, 1, 0);
	struct kmq_ring *producer = join(&bed, PRODUCER), *consumer = join(&bed, CONSUMER);
	struct sleeper sleeper = { .count = 50 };

	start(&sleeper, consumer, wait_thread);
	WAIT_UNTIL(CONSUMER_SLEEPS(&bed));
	assert_int_equal(bed.control->consumer_wake, 1);
	assert_int_equal(send_text(producer, "x"), 0);
	end(&sleeper);
	assert_int_equal(sleeper.result, 0);
	assert_text(consumer, "x");
	kmq_ring_detach(producer);
	kmq_ring_detach(consumer);
	bed_end(&bed);
}

static void an_orphan_ends_a_wait_for_many(void **state)
{
	for (uint32_t mode = KMQ_RING_MPSC; mode <= KMQ_RING_MPMC; mode++) {
		struct bed bed = bed_at(mode, PAGE, 1, 0);
		struct kmq_ring *producer = join(&bed, PRODUCER), *consumer = join(&bed, CONSUMER);
		struct timespec past = { 0, 0 };
		struct kmq_ring_part part;

		assert_int_equal(send_text(producer, "x"), 0);
		assert_int_equal(kmq_ring_try_peek(consumer, &part), 0);
		kmq_ring_detach(consumer);
		consumer = join(&bed, CONSUMER);
		assert_int_equal(kmq_ring_wait(consumer, 50, &past), 0);
		assert_text(consumer, "x");
		assert_errno(kmq_ring_wait(consumer, 50, &past), ETIMEDOUT);
		kmq_ring_detach(producer);
		kmq_ring_detach(consumer);
		bed_end(&bed);
	}
}

static void a_wait_for_many_is_woken_by_the_last_of_them(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		if (mode == KMQ_RING_MPMC)
			continue;
		struct bed bed = bed_at(mode, PAGE, 1, 0);
		struct kmq_ring *producer = join(&bed, PRODUCER), *consumer = join(&bed, CONSUMER);
		struct sleeper sleeper = { .count = 50 };
		struct kmq_ring_part parts[64];

		start(&sleeper, consumer, wait_thread);
		WAIT_UNTIL(CONSUMER_SLEEPS(&bed));
		for (int i = 0; i < 49; i++)
			assert_int_equal(send_text(producer, "x"), 0);
		assert_int_equal(wakes_of(producer), 0);
		assert_int_equal(send_text(producer, "x"), 0);
		assert_int_equal(wakes_of(producer), 1);
		end(&sleeper);
		assert_int_equal(sleeper.result, 0);
		assert_int_equal(sleeps_of(consumer), 1);
		assert_int_equal(kmq_ring_try_peek_batch(consumer, parts, 64), 50);
		assert_int_equal(kmq_ring_release(consumer), 0);
		/* What is there need not be waited for. */
		assert_int_equal(send_text(producer, "x"), 0);
		assert_int_equal(kmq_ring_wait(consumer, 1, NULL), 0);
		assert_int_equal(sleeps_of(consumer), 1);
		kmq_ring_detach(producer);
		kmq_ring_detach(consumer);
		bed_end(&bed);
	}
}

static void a_wait_counts_what_is_there_and_no_more(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		if (mode == KMQ_RING_MPMC)
			continue;
		struct bed bed = bed_of(mode, PAGE);
		struct timespec past = { 0, 0 };
		struct kmq_ring_part part;

		for (int i = 1; i <= 20; i++) {
			assert_errno(kmq_ring_wait(bed.one, i, &past), ETIMEDOUT);
			assert_int_equal(send_text(bed.one, "x"), 0);
			assert_int_equal(kmq_ring_wait(bed.one, i, &past), 0);
			/* One that is never seen. */
			assert_non_null(kmq_ring_try_reserve(bed.one, 3));
			assert_errno(kmq_ring_wait(bed.one, i + 1, &past), ETIMEDOUT);
			assert_int_equal(kmq_ring_discard(bed.one), 0);
		}
		assert_int_equal(kmq_ring_try_peek(bed.one, &part), 0);
		assert_int_equal(kmq_ring_release(bed.one), 0);
		assert_int_equal(kmq_ring_wait(bed.one, 19, &past), 0);
		assert_errno(kmq_ring_wait(bed.one, 20, &past), ETIMEDOUT);
		bed_end(&bed);
	}
}

static void a_wait_for_what_is_committed_out_of_order_ends(void **state)
{
	for (uint32_t mode = KMQ_RING_MPSC; mode <= KMQ_RING_MPMC; mode++) {
		struct bed bed = bed_at(mode, PAGE, 1, 0);
		struct kmq_ring *one = join(&bed, PRODUCER), *two = join(&bed, PRODUCER),
				*consumer = join(&bed, CONSUMER);
		struct sleeper sleeper = { .count = 2 };

		start(&sleeper, consumer, wait_thread);
		WAIT_UNTIL(CONSUMER_SLEEPS(&bed));
		assert_non_null(kmq_ring_try_reserve(one, 1));
		assert_int_equal(send_text(two, "second"), 0);
		/* It was woken, and waits for the first now. */
		WAIT_UNTIL(bed.control->consumer_wake == 1);
		assert_int_equal(kmq_ring_commit(one), 0);
		end(&sleeper);
		assert_int_equal(sleeper.result, 0);
		kmq_ring_detach(one);
		kmq_ring_detach(two);
		kmq_ring_detach(consumer);
		bed_end(&bed);
	}
}

static void a_deadline_ends_each_call_that_sleeps(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		struct kmq_ring_part part = { .size = PAGE / 2 - 16 };
		char body[PAGE / 2];
		struct kmq_ring_part into = { .data = body, .size = sizeof(body) };
		double begun = now();
		struct timespec soon = in_ms(20);

		assert_errno(kmq_ring_peek_until(bed.one, &part, &soon), ETIMEDOUT);
		assert_true(now() - begun >= 0.019 && now() - begun < 10);
		assert_errno(kmq_ring_peek_until(bed.one, &part, &soon), ETIMEDOUT);
		assert_errno(kmq_ring_peek_batch_until(bed.one, &part, 1, &soon), ETIMEDOUT);
		assert_errno(kmq_ring_receive_until(bed.one, &into, &soon), ETIMEDOUT);
		assert_errno(kmq_ring_wait(bed.one, 1, &soon), ETIMEDOUT);
		if (mode != KMQ_RING_BROADCAST) {
			begun = now();
			soon = in_ms(20);
			for (int i = 0; i < 2; i++) {
				assert_int_equal(kmq_ring_send_until(bed.one, body, part.size, &soon), 0);
			}
			assert_null_errno(kmq_ring_reserve_until(bed.one, 1, &soon), ETIMEDOUT);
			assert_true(now() - begun >= 0.019 && now() - begun < 10);
			assert_errno(kmq_ring_reserve_batch_until(bed.one, &part, 1, &soon), ETIMEDOUT);
			assert_errno(kmq_ring_send_until(bed.one, "x", 1, &soon), ETIMEDOUT);
			/* One that has passed lets succeed what need not sleep. */
			assert_int_equal(kmq_ring_peek_until(bed.one, &part, &soon), 0);
			assert_int_equal(kmq_ring_release(bed.one), 0);
		}
		kmq_ring_set_spin(bed.one, UINT32_MAX);
		soon = in_ms(5);
		while (!kmq_ring_try_peek(bed.one, &part))
			assert_int_equal(kmq_ring_release(bed.one), 0);
		assert_errno(kmq_ring_peek_until(bed.one, &part, &soon), ETIMEDOUT);
		soon.tv_nsec = 1000000000;
		assert_errno(kmq_ring_peek_until(bed.one, &part, &soon), EINVAL);
		assert_null_errno(kmq_ring_reserve_until(bed.one, 1, &soon), EINVAL);
		soon.tv_nsec = -1;
		assert_errno(kmq_ring_wait(bed.one, 1, &soon), EINVAL);
		bed_end(&bed);
	}
}

static void a_spin_that_is_long_ends_at_its_deadline_and_with_the_ring(void **state)
{
	struct bed bed = bed_at(KMQ_RING_SPSC, PAGE, 1, 0);
	struct kmq_ring *producer = join(&bed, PRODUCER), *consumer = join(&bed, CONSUMER);
	struct timespec soon = in_ms(20);
	struct kmq_ring_part part;
	struct sleeper sleeper;
	double begun = now();

	kmq_ring_set_spin(consumer, UINT32_MAX - 1);
	assert_errno(kmq_ring_peek_until(consumer, &part, &soon), ETIMEDOUT);
	assert_true(now() - begun >= 0.019 && now() - begun < 10);
	kmq_ring_set_spin(consumer, UINT32_MAX - 1);
	begun = now();
	start(&sleeper, consumer, peek_thread);
	pause_ms(20);
	__atomic_fetch_or(&bed.control->flags, KMQ_RING_REMOVED, __ATOMIC_RELEASE);
	end(&sleeper);
	assert_int_equal(sleeper.result, -1);
	assert_int_equal(sleeper.error, EIDRM);
	assert_true(now() - begun < 10);
	kmq_ring_detach(producer);
	kmq_ring_detach(consumer);
	bed_end(&bed);
}

/* As if it changed each time, and for nothing. */
static void a_word_that_never_rests_does_not_outlast_a_deadline(void **state)
{
	static const uint32_t spins[] = { 0, 2000 };

	for (size_t i = 0; i < sizeof(spins) / sizeof(*spins); i++) {
		struct bed bed = bed_of(KMQ_RING_SPSC, PAGE);
		struct ring *ring = ring_of(bed.one);
		struct ring_want want = { .word = (uint32_t *)&bed.producers->head, .expected = 1, .wake = 1 };
		int returns = 0, error;

		kmq_ring_set_spin(bed.one, spins[i]);
		listen_for(ring, &want, KMQ_RING_CONSUMERS);
		/* The deadline has passed, and no sleep begins that would tell. */
		while (!(error = libkmq_ring_sleep(ring, &ring->consuming, &want, 1)))
			assert_true(++returns < 1000);
		assert_int_equal(error, ETIMEDOUT);
		assert_true(returns > 0);
		/* One that has not passed is waited for. */
		for (returns = 0; returns < 1000; returns++)
			assert_int_equal(libkmq_ring_sleep(ring, &ring->consuming, &want, NO_DEADLINE), 0);
		bed_end(&bed);
	}
}

static void nothing(int signal)
{
}

static void set_handler(int flags)
{
	struct sigaction action = { .sa_handler = nothing, .sa_flags = flags };

	REQUIRE(!sigaction(SIGUSR1, &action, NULL));
}

static void a_signal_ends_a_sleep_unless_it_restarts(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_at(mode, PAGE, 1, 0);
		struct kmq_ring *producer = join(&bed, PRODUCER), *consumer = join(&bed, CONSUMER);
		struct sleeper sleeper;

		set_handler(0);
		start(&sleeper, consumer, peek_thread);
		WAIT_UNTIL(CONSUMER_SLEEPS(&bed));
		pause_ms(20);
		pthread_kill(sleeper.thread, SIGUSR1);
		end(&sleeper);
		assert_int_equal(sleeper.result, -1);
		assert_int_equal(sleeper.error, EINTR);

		set_handler(SA_RESTART);
		start(&sleeper, consumer, peek_thread);
		WAIT_UNTIL(CONSUMER_SLEEPS(&bed));
		pause_ms(20);
		pthread_kill(sleeper.thread, SIGUSR1);
		pause_ms(20);
		assert_int_equal(send_text(producer, "x"), 0);
		end(&sleeper);
		assert_int_equal(sleeper.result, 0);

		if (mode != KMQ_RING_BROADCAST) {
			while (!kmq_ring_try_send(producer, "0123456789", 10))
				;
			set_handler(0);
			start(&sleeper, producer, reserve_thread);
			WAIT_UNTIL(PRODUCER_SLEEPS(&bed));
			pause_ms(20);
			pthread_kill(sleeper.thread, SIGUSR1);
			end(&sleeper);
			assert_int_equal(sleeper.result, -1);
			assert_int_equal(sleeper.error, EINTR);
		}
		kmq_ring_detach(producer);
		kmq_ring_detach(consumer);
		bed_end(&bed);
	}
}

static void spinning_adapts_and_can_be_forbidden(void **state)
{
	struct bed bed = bed_of(KMQ_RING_SPSC, PAGE);
	struct ring *ring = ring_of(bed.one);
	struct timespec past = { 0, 0 };
	struct kmq_ring_part part;

	kmq_ring_set_spin(bed.one, 3200);
	for (uint32_t spin = 3200; spin >= 100; spin /= 2) {
		assert_int_equal(ring->consuming.spin, spin);
		assert_errno(kmq_ring_peek_until(bed.one, &part, &past), ETIMEDOUT);
	}
	for (int i = 0; i < 100; i++) {
		assert_int_equal(ring->consuming.spin, 0);
		assert_errno(kmq_ring_peek_until(bed.one, &part, &past), ETIMEDOUT);
	}
	assert_int_equal(sleeps_of(bed.one), 106);
	kmq_ring_set_spin(bed.one, 0);
	assert_errno(kmq_ring_peek_until(bed.one, &part, &past), ETIMEDOUT);
	assert_int_equal(ring->consuming.spin, 0);
	assert_int_equal(sleeps_of(bed.one), 107);
	kmq_ring_set_spin(bed.one, UINT32_MAX);
	assert_errno(kmq_ring_peek_until(bed.one, &part, &past), ETIMEDOUT);
	assert_int_equal(sleeps_of(bed.one), 107);
	bed_end(&bed);
}

static void *send_later(void *ring)
{
	pause_ms(20);
	REQUIRE(!kmq_ring_try_send(ring, "x", 1));
	return NULL;
}

static void spinning_that_pays_off_grows(void **state)
{
	struct bed bed = bed_of(KMQ_RING_SPSC, PAGE);
	struct ring *ring = ring_of(bed.one);
	struct kmq_ring_part part;
	pthread_t thread;

	kmq_ring_set_spin(bed.one, UINT32_MAX - 1);
	ring->consuming.spin = UINT32_MAX / 4;
	assert_int_equal(pthread_create(&thread, NULL, send_later, bed.one), 0);
	assert_int_equal(kmq_ring_peek(bed.one, &part), 0);
	assert_int_equal(kmq_ring_release(bed.one), 0);
	pthread_join(thread, NULL);
	assert_int_equal(sleeps_of(bed.one), 0);
	assert_int_equal(ring->consuming.spin, UINT32_MAX / 4 * 2);
	bed_end(&bed);
}

/* ------------------------------------------------------------------------
 * Locks
 */

static void a_lock_that_stays_held_is_EAGAIN_or_waited_for(void **state)
{
	struct bed bed = bed_of(KMQ_RING_MPMC, PAGE);
	struct kmq_ring_part part;
	struct sleeper sleeper;
	struct timespec soon;
	uint32_t held = 9;

	bed.producers->lock = bed.consumers->lock = held;
	assert_null_errno(kmq_ring_try_reserve(bed.one, 1), EAGAIN);
	assert_errno(kmq_ring_try_peek(bed.one, &part), EAGAIN);
	assert_int_equal(bed.producers->lock, held);
	soon = in_ms(10);
	assert_null_errno(kmq_ring_reserve_until(bed.one, 1, &soon), ETIMEDOUT);
	assert_errno(kmq_ring_peek_until(bed.one, &part, &soon), ETIMEDOUT);
	assert_int_equal(bed.producers->lock, held | KMQ_RING_CONTENDED);
	assert_int_equal(bed.consumers->lock, held | KMQ_RING_CONTENDED);
	bed.consumers->lock = 0;

	start(&sleeper, bed.one, reserve_thread);
	WAIT_UNTIL(sleeps_of(bed.one) > 2);
	pause_ms(20);
	/* As its holder gives it back. */
	__atomic_store_n(&bed.producers->lock, 0, __ATOMIC_RELEASE);
	WAIT_UNTIL((libkmq_ring_wake(ring_of(bed.one), &ring_of(bed.one)->consuming, KMQ_RING_PRODUCERS_LOCK),
		    bed.producers->lock == 0 && bed.producers->head));
	end(&sleeper);
	assert_int_equal(sleeper.result, 0);
	assert_int_equal(bed.producers->lock, 0);
	bed_end(&bed);
}

/* With a deadline that nobody should see. */
static void *lock_thread(void *argument)
{
	struct sleeper *sleeper = argument;

	sleeper->result = lock_ring(ring_of(sleeper->ring), KMQ_RING_PRODUCERS_LOCK, (uint64_t)((now() + 20) * 1e9));
	return NULL;
}

static void start_for_lock(struct sleeper *sleeper, struct bed *bed)
{
	bed->producers->lock = 9;
	start(sleeper, bed->one, lock_thread);
	WAIT_UNTIL(__atomic_load_n(&bed->producers->lock, __ATOMIC_RELAXED) == (9 | KMQ_RING_CONTENDED));
	pause_ms(20);
}

static void who_waits_for_a_lock_is_told_when_the_ring_is_no_more(void **state)
{
	static const uint32_t spins[] = { 0, UINT32_MAX };

	for (size_t i = 0; i < sizeof(spins) / sizeof(*spins); i++) {
		struct bed bed = bed_of(KMQ_RING_MPMC, PAGE);
		struct kmq_ring *finds = join(&bed, CONSUMER);
		struct sleeper sleeper;

		kmq_ring_set_spin(bed.one, spins[i]);
		start_for_lock(&sleeper, &bed);
		libkmq_ring_broken(ring_of(finds), &finds->consumer);
		end(&sleeper);
		assert_int_equal(sleeper.result, EUCLEAN);
		kmq_ring_detach(finds);
		bed_end(&bed);
	}
	/* The kernel writes it, and wakes nobody who does not sleep there. */
	struct bed bed = bed_of(KMQ_RING_MPMC, PAGE);
	struct sleeper sleeper;

	kmq_ring_set_spin(bed.one, UINT32_MAX);
	start_for_lock(&sleeper, &bed);
	__atomic_fetch_or(&bed.control->flags, KMQ_RING_REMOVED, __ATOMIC_RELEASE);
	end(&sleeper);
	assert_int_equal(sleeper.result, EIDRM);
	bed_end(&bed);
}

static void a_lock_of_a_broken_ring_is_given_back_to_who_sleeps_for_it(void **state)
{
	struct bed bed = bed_of(KMQ_RING_MPMC, PAGE);
	struct kmq_ring *holds = join(&bed, BOTH);
	struct sleeper sleeper;

	kmq_ring_set_spin(bed.one, 0);
	start_for_lock(&sleeper, &bed);
	/* As if it had gone to sleep just after all were woken. */
	__atomic_fetch_or(&bed.control->flags, KMQ_RING_BROKEN, __ATOMIC_RELEASE);
	bed.producers->lock = ring_of(holds)->id | KMQ_RING_CONTENDED;
	assert_int_equal(unlock_ring(ring_of(holds), KMQ_RING_PRODUCERS_LOCK), EUCLEAN);
	end(&sleeper);
	assert_int_equal(sleeper.result, 0);
	kmq_ring_detach(holds);
	bed_end(&bed);
}

static void what_is_too_long_is_EMSGSIZE_whoever_has_the_lock(void **state)
{
	for (uint32_t mode = KMQ_RING_MPSC; mode <= KMQ_RING_MPMC; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		struct kmq_ring_part part = { .size = PAGE / 2 };
		struct timespec past = { 0, 1 };
		char body[PAGE / 2] = { 0 };

		bed.producers->lock = 9;
		assert_errno(kmq_ring_try_send(bed.one, body, sizeof(body)), EMSGSIZE);
		assert_errno(kmq_ring_send_until(bed.one, body, sizeof(body), &past), EMSGSIZE);
		assert_null_errno(kmq_ring_try_reserve(bed.one, sizeof(body)), EMSGSIZE);
		assert_errno(kmq_ring_try_reserve_batch(bed.one, &part, 1), EMSGSIZE);
		assert_int_equal(bed.producers->lock, 9);
		bed.producers->lock = 0;
		bed_end(&bed);
	}
}

static void a_lock_word_that_cannot_be_is_EUCLEAN(void **state)
{
	static const uint32_t bad[] = { KMQ_RING_CONTENDED, 64, 1u << 30, UINT32_MAX, 2 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct bed bed = bed_of(KMQ_RING_MPMC, PAGE);
		struct kmq_ring_part part;

		bed.producers->lock = bad[i];
		assert_null_errno(kmq_ring_try_reserve(bed.one, 1), EUCLEAN);
		bed_end(&bed);
		bed = bed_of(KMQ_RING_MPMC, PAGE);
		bed.consumers->lock = bad[i];
		assert_errno(kmq_ring_try_peek(bed.one, &part), EUCLEAN);
		bed_end(&bed);
	}
}

/* ------------------------------------------------------------------------
 * What cannot be
 */

/* Broken for good, for who found it and for all others. */
static void assert_broken(const struct bed *bed, struct kmq_ring *finder, struct kmq_ring *other)
{
	struct kmq_ring_part part;
	struct kmq_ring_info info;

	assert_true(bed->control->flags & KMQ_RING_BROKEN);
	kmq_ring_get_info(finder, &info);
	assert_true(info.flags & KMQ_RING_BROKEN);
	assert_errno(kmq_ring_try_peek(finder, &part), EUCLEAN);
	assert_errno(kmq_ring_peek(finder, &part), EUCLEAN);
	assert_errno(kmq_ring_wait(finder, 1, NULL), EUCLEAN);
	/* One that was known to have room may be made; its commit tells. */
	if (kmq_ring_try_reserve(other, 1))
		assert_errno(kmq_ring_commit(other), EUCLEAN);
	else
		assert_int_equal(errno, EUCLEAN);
	assert_null_errno(kmq_ring_attach(bed->fd, BOTH), EUCLEAN);
}

static void assert_consumer_finds(uint32_t mode, void (*spoil)(struct bed *))
{
	struct bed bed = bed_at(mode, PAGE, 1, 0);
	struct kmq_ring *producer = join(&bed, PRODUCER), *consumer = join(&bed, CONSUMER);
	struct kmq_ring_part part;

	/* So that there is a middle to be in. */
	for (int i = 0; i < 5; i++) {
		assert_int_equal(send_text(producer, "abc"), 0);
		assert_text(consumer, "abc");
	}
	assert_int_equal(send_text(producer, "abc"), 0);
	spoil(&bed);
	assert_errno(kmq_ring_try_peek(consumer, &part), EUCLEAN);
	assert_broken(&bed, consumer, producer);
	kmq_ring_detach(producer);
	kmq_ring_detach(consumer);
	bed_end(&bed);
}

static uint64_t front(const struct bed *bed)
{
	return bed->producers->head - 32;
}

static void spoil_head_odd(struct bed *bed)
{
	bed->producers->head++;
}

static void spoil_head_back(struct bed *bed)
{
	bed->producers->head = front(bed) - 16;
}

static void spoil_head_far(struct bed *bed)
{
	bed->producers->head = front(bed) + PAGE + 16;
}

static void spoil_size(struct bed *bed)
{
	record_of(bed, front(bed))->word = PAGE / 2;
}

static void spoil_size_behind_head(struct bed *bed)
{
	record_of(bed, front(bed))->word = 17;
}

static void spoil_flags(struct bed *bed)
{
	record_of(bed, front(bed))->word |= 1u << 28;
}

static void spoil_two_flags(struct bed *bed)
{
	record_of(bed, front(bed))->word |= KMQ_RING_ABANDONED | KMQ_RING_DISCARDED;
}

static void spoil_busy(struct bed *bed)
{
	record_of(bed, front(bed))->word |= KMQ_RING_BUSY;
}

static void spoil_sequence(struct bed *bed)
{
	record_of(bed, front(bed))->sequence++;
}

static void spoil_sequence_back(struct bed *bed)
{
	record_of(bed, front(bed))->sequence--;
}

static void spoil_next(struct bed *bed)
{
	bed->consumers->cursor[bed->consumers->version % 2].next -= 8;
}

static void spoil_next_far(struct bed *bed)
{
	bed->consumers->cursor[bed->consumers->version % 2].next += 64;
}

static void spoil_tail(struct bed *bed)
{
	bed->consumers->tail += 64;
}

static void spoil_own_claim(struct bed *bed)
{
	bed->consumers->claims[3].state = KMQ_RING_CLAIMED;
}

static void spoil_orphan(struct bed *bed)
{
	bed->consumers->claims[9] = (struct kmq_ring_claim){ front(bed), front(bed) + 32, 6, 1, KMQ_RING_ORPHANED };
	bed->consumers->claims_used |= 1 << 9;
}

static void spoil_version(struct bed *bed)
{
	bed->consumers->version++;
}

static void a_consumer_finds_what_cannot_be(void **state)
{
	static void (*const everywhere[])(struct bed *) = {
		spoil_head_odd, spoil_head_back, spoil_head_far, spoil_size, spoil_size_behind_head,
		spoil_flags, spoil_two_flags, spoil_sequence, spoil_sequence_back,
	};
	static void (*const claimed[])(struct bed *) = {
		spoil_next, spoil_next_far, spoil_tail, spoil_own_claim, spoil_orphan, spoil_version,
	};

	for (size_t i = 0; i < sizeof(everywhere) / sizeof(*everywhere); i++)
		for (uint32_t mode = 0; mode < ALL_MODES; mode++)
			assert_consumer_finds(mode, everywhere[i]);
	assert_consumer_finds(KMQ_RING_SPSC, spoil_busy);
	assert_consumer_finds(KMQ_RING_BROADCAST, spoil_busy);
	for (size_t i = 0; i < sizeof(claimed) / sizeof(*claimed); i++)
		for (uint32_t mode = KMQ_RING_MPSC; mode <= KMQ_RING_MPMC; mode++)
			assert_consumer_finds(mode, claimed[i]);
}

/* The same in what the inline calls have not looked at yet. */
static void the_inline_calls_believe_nothing_either(void **state)
{
	static void (*const spoils[])(struct bed *) = {
		spoil_size, spoil_size_behind_head, spoil_flags, spoil_busy, spoil_sequence,
	};

	for (size_t i = 0; i < sizeof(spoils) / sizeof(*spoils); i++) {
		struct bed bed = bed_of(KMQ_RING_SPSC, PAGE);
		struct kmq_ring_part part;

		assert_int_equal(send_text(bed.one, "first"), 0);
		assert_int_equal(send_text(bed.one, "abc"), 0);
		/* With this head is known. */
		assert_text(bed.one, "first");
		spoils[i](&bed);
		assert_errno(kmq_ring_try_peek(bed.one, &part), EUCLEAN);
		bed_end(&bed);
	}
}

/* Behind it lies what looks like a record. */
static void a_head_that_goes_back_behind_what_was_counted_is_EUCLEAN(void **state)
{
	for (uint32_t mode = KMQ_RING_SPSC; mode <= KMQ_RING_MPSC; mode++) {
		struct bed bed = bed_at(mode, PAGE, 1, 0);
		struct kmq_ring *producer = join(&bed, PRODUCER), *consumer = join(&bed, CONSUMER);
		struct timespec past = { 0, 1 };

		for (int i = 0; i < 3; i++)
			assert_int_equal(send_text(producer, "abc"), 0);
		assert_errno(kmq_ring_wait(consumer, 4, &past), ETIMEDOUT);
		assert_int_equal(send_text(producer, "abc"), 0);
		bed.producers->head = 32;
		assert_errno(kmq_ring_wait(consumer, 4, &past), EUCLEAN);
		assert_broken(&bed, consumer, producer);
		kmq_ring_detach(producer);
		kmq_ring_detach(consumer);
		bed_end(&bed);
	}
}

/* The producing half may be another thread's, and between two of its words. */
static void who_finds_it_broken_leaves_producing_to_find_out(void **state)
{
	for (uint32_t mode = KMQ_RING_MPSC; mode <= KMQ_RING_MPMC; mode++) {
		for (int half = 0; half < 2; half++) {
			struct bed bed = bed_of(mode, PAGE);
			struct ring *ring = ring_of(bed.one);
			char body[8];
			struct kmq_ring_part part = { .data = body, .size = sizeof(body) };

			assert_int_equal(send_text(bed.one, "x"), 0);
			libkmq_ring_broken(ring, half ? &ring->hot.producer : &ring->hot.consumer);
			assert_int_equal(!!ring->producing.brief, !half);
			assert_int_equal(ring->consuming.brief, 0);
			assert_errno(kmq_ring_try_receive(bed.one, &part), EUCLEAN);
			assert_errno(send_text(bed.one, "x"), EUCLEAN);
			/* And not only afterwards. */
			assert_int_equal(bed.producers->head, 32);
			assert_int_equal(bed.consumers->tail, 0);
			bed_end(&bed);
		}
	}
}

static void a_producer_finds_what_cannot_be(void **state)
{
	static const uint64_t tails[] = { -8ull, 8, 16, -PAGE - 16ull, PAGE, 1ull << 63 };

	for (uint32_t mode = 0; mode < KMQ_RING_BROADCAST; mode++) {
		for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++) {
			struct bed bed = bed_at(mode, PAGE, 1, 1600);
			struct kmq_ring *producer = join(&bed, PRODUCER);
			char body[PAGE / 2 - 16] = { 0 };

			assert_int_equal(kmq_ring_try_send(producer, body, sizeof(body)), 0);
			assert_int_equal(kmq_ring_try_send(producer, body, sizeof(body)), 0);
			bed.consumers->tail = bed.producers->head + tails[i];
			assert_null_errno(kmq_ring_try_reserve(producer, 1), EUCLEAN);
			assert_null_errno(kmq_ring_try_reserve(producer, 1), EUCLEAN);
			assert_true(bed.control->flags & KMQ_RING_BROKEN);
			kmq_ring_detach(producer);
			bed_end(&bed);
		}
	}
}

static void a_broadcaster_finds_what_another_left_behind(void **state)
{
	struct bed bed = bed_at(KMQ_RING_BROADCAST, PAGE, 1, 0);
	struct kmq_ring *producer = join(&bed, PRODUCER);
	char body[PAGE / 2 - 16] = { 0 };

	assert_int_equal(kmq_ring_try_send(producer, body, sizeof(body)), 0);
	assert_int_equal(kmq_ring_try_send(producer, body, sizeof(body)), 0);
	kmq_ring_detach(producer);
	producer = join(&bed, PRODUCER);
	record_of(&bed, 0)->word = UINT32_MAX;
	assert_null_errno(kmq_ring_try_reserve(producer, 1), EUCLEAN);
	kmq_ring_detach(producer);
	bed_end(&bed);
}

static void positions_that_cannot_be_end_an_attach(void **state)
{
	struct bed bed = bed_at(KMQ_RING_SPSC, PAGE, 1, 0);

	bed.producers->head = PAGE + 16;
	assert_null_errno(kmq_ring_attach(bed.fd, PRODUCER), EUCLEAN);
	bed.producers->head = 24;
	assert_null_errno(kmq_ring_attach(bed.fd, PRODUCER), EUCLEAN);
	bed.producers->head = 0;
	bed.consumers->tail = 8;
	assert_null_errno(kmq_ring_attach(bed.fd, CONSUMER), EUCLEAN);
	bed.consumers->tail = 0;
	/* Nothing was kept by those who failed. */
	assert_int_equal(bed.control->twin_ids, 0);
	bed.one = join(&bed, BOTH);
	bed_end(&bed);
}

static void a_control_page_that_cannot_be_is_told(void **state)
{
	struct bed bed = bed_at(KMQ_RING_SPSC, PAGE, 1, 0);
	const struct kmq_ring_control good = *bed.control;

	bed.control->magic++;
	assert_null_errno(kmq_ring_attach(bed.fd, BOTH), ENODEV);
	*bed.control = good;
	bed.control->version++;
	assert_null_errno(kmq_ring_attach(bed.fd, BOTH), ENODEV);
	*bed.control = good;
	bed.control->flags = 0;
	assert_null_errno(kmq_ring_attach(bed.fd, BOTH), ENODEV);
	*bed.control = good;
	bed.control->mode = ALL_MODES;
	assert_null_errno(kmq_ring_attach(bed.fd, BOTH), EUCLEAN);
	*bed.control = good;
	bed.control->size = 2 * PAGE;
	assert_null_errno(kmq_ring_attach(bed.fd, BOTH), EUCLEAN);
	*bed.control = good;
	bed.control->size = 0;
	assert_null_errno(kmq_ring_attach(bed.fd, BOTH), EUCLEAN);
	*bed.control = good;
	bed.control->page_size = 1;
	assert_null_errno(kmq_ring_attach(bed.fd, BOTH), EUCLEAN);
	*bed.control = good;
	bed.control->max_message = PAGE / 2 - 15;
	assert_null_errno(kmq_ring_attach(bed.fd, BOTH), EUCLEAN);
	*bed.control = good;
	bed.control->flags |= KMQ_RING_BROKEN;
	assert_null_errno(kmq_ring_attach(bed.fd, BOTH), EUCLEAN);
	*bed.control = good;
	bed.one = join(&bed, BOTH);
	bed_end(&bed);
}

static void a_broken_ring_wakes_who_sleeps(void **state)
{
	struct bed bed = bed_at(KMQ_RING_MPMC, PAGE, 1, 0);
	struct kmq_ring *producer = join(&bed, PRODUCER), *consumer = join(&bed, CONSUMER);
	struct sleeper sleeper;

	start(&sleeper, consumer, peek_thread);
	WAIT_UNTIL(CONSUMER_SLEEPS(&bed));
	bed.producers->lock = UINT32_MAX;
	assert_null_errno(kmq_ring_try_reserve(producer, 1), EUCLEAN);
	end(&sleeper);
	assert_int_equal(sleeper.result, -1);
	assert_int_equal(sleeper.error, EUCLEAN);
	kmq_ring_detach(producer);
	kmq_ring_detach(consumer);
	bed_end(&bed);
}

static void a_removed_ring_is_EIDRM(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		struct kmq_ring_part part;

		assert_int_equal(send_text(bed.one, "x"), 0);
		assert_non_null(kmq_ring_try_reserve(bed.one, 1));
		/* As the kernel says it. */
		bed.control->consumer_wake -= 1ull << 63;
		bed.control->producer_wake -= 1ull << 63;
		bed.control->flags |= KMQ_RING_REMOVED;
		assert_errno(kmq_ring_commit(bed.one), EIDRM);
		assert_errno(kmq_ring_commit(bed.one), EINVAL);
		/* Inline, one that is there is had, once. */
		if (mode == KMQ_RING_SPSC) {
			assert_int_equal(kmq_ring_try_peek(bed.one, &part), 0);
			assert_errno(kmq_ring_release(bed.one), EIDRM);
		}
		assert_errno(kmq_ring_try_peek(bed.one, &part), EIDRM);
		assert_errno(kmq_ring_peek(bed.one, &part), EIDRM);
		assert_errno(kmq_ring_wait(bed.one, 1, NULL), EIDRM);
		assert_null_errno(kmq_ring_reserve(bed.one, PAGE / 2 - 16), EIDRM);
		bed_end(&bed);
	}
}

static void what_was_at_hand_when_the_ring_was_removed_is_had_once(void **state)
{
	struct bed bed = bed_of(KMQ_RING_SPSC, PAGE);
	struct kmq_ring_part part;

	for (int i = 0; i < 3; i++)
		assert_int_equal(send_text(bed.one, "x"), 0);
	assert_text(bed.one, "x");
	bed.control->consumer_wake -= 1ull << 63;
	bed.control->producer_wake -= 1ull << 63;
	bed.control->flags |= KMQ_RING_REMOVED;
	assert_int_equal(kmq_ring_try_peek(bed.one, &part), 0);
	assert_errno(kmq_ring_release(bed.one), EIDRM);
	assert_errno(kmq_ring_try_peek(bed.one, &part), EIDRM);
	assert_errno(send_text(bed.one, "x"), EIDRM);
	assert_null_errno(kmq_ring_try_reserve(bed.one, 1), EIDRM);
	bed_end(&bed);
}

static void after_a_removal_one_is_received_at_most(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_of(mode, PAGE);
		char body[8];
		struct kmq_ring_part part = { .data = body, .size = sizeof(body) };
		int received = 0;

		for (int i = 0; i < 9; i++)
			assert_int_equal(send_text(bed.one, "x"), 0);
		bed.control->consumer_wake -= 1ull << 63;
		bed.control->producer_wake -= 1ull << 63;
		bed.control->flags |= KMQ_RING_REMOVED;
		while (!kmq_ring_try_receive(bed.one, &part))
			received++;
		assert_int_equal(errno, EIDRM);
		assert_true(received <= (mode != KMQ_RING_BROADCAST));
		assert_errno(kmq_ring_receive(bed.one, &part), EIDRM);
		bed_end(&bed);
	}
}

/*
 * A peer that writes anything anywhere: whatever the calls return they return, and
 * touch nothing that is not theirs. What they are given lies in the ring.
 */
static void spoil_any(struct bed *bed, unsigned int *seed)
{
	static const uint64_t values[] = { 0, 1, 15, 16, PAGE - 1, PAGE, PAGE + 1, 1ull << 31, 1ull << 32, -1ull };
	uint64_t value = rand_r(seed) % 2 ? values[rand_r(seed) % 10] : (uint64_t)rand_r(seed) << 32 ^ rand_r(seed);
	size_t at;

	switch (rand_r(seed) % 4) {
	case 0:
		at = PAGE + rand_r(seed) % 64 * 8;
		break;
	case 1:
		at = 2 * PAGE + rand_r(seed) % 12 * 8;
		break;
	case 2:
		at = 3 * PAGE + rand_r(seed) % (PAGE / 8) * 8;
		break;
	default:
		/* Wake words. */
		at = 128 + rand_r(seed) % 2 * 64;
	}
	if (rand_r(seed) % 2)
		value += *(uint64_t *)(bed->pages + at);
	*(uint64_t *)(bed->pages + at) = value;
}

static void touch(const struct kmq_ring_part *parts, int n, bool write)
{
	for (int i = 0; i < n; i++) {
		volatile char *data = parts[i].data;

		assert_true(parts[i].size <= PAGE / 2 - 16);
		for (uint32_t at = 0; at < parts[i].size; at++)
			data[at] = write ? 1 : data[at];
	}
}

static void garbage_in_any_word_does_no_harm(void **state)
{
	for (unsigned int seed = 0; seed < 3000; seed++) {
		struct bed bed = bed_of(seed % ALL_MODES, PAGE);
		struct kmq_ring_part parts[8];
		unsigned int random = seed;
		char body[PAGE / 2];

		for (int step = 0; step < 60; step++) {
			struct timespec past = { 0, 0 };
			int n;

			if (step > 10 && rand_r(&random) % 3 == 0)
				spoil_any(&bed, &random);
			for (int i = 0; i < 8; i++)
				parts[i].size = rand_r(&random) % (rand_r(&random) % 8 ? 100 : PAGE / 2);
			switch (rand_r(&random) % 7) {
			case 0:
				n = kmq_ring_try_reserve_batch(bed.one, parts, 1 + rand_r(&random) % 8);
				touch(parts, n, true);
				if (rand_r(&random) % 4)
					kmq_ring_commit(bed.one);
				else
					kmq_ring_discard(bed.one);
				break;
			case 1:
				parts[0].data = kmq_ring_try_reserve(bed.one, parts[0].size);
				touch(parts, parts[0].data ? 1 : 0, true);
				kmq_ring_commit(bed.one);
				break;
			case 2:
				n = kmq_ring_peek_batch_until(bed.one, parts, 1 + rand_r(&random) % 8, &past);
				touch(parts, n, false);
				kmq_ring_release(bed.one);
				break;
			case 3:
				n = kmq_ring_try_peek(bed.one, parts);
				touch(parts, n ? 0 : 1, false);
				kmq_ring_release(bed.one);
				break;
			case 4:
				kmq_ring_wait(bed.one, 1 + rand_r(&random) % 20, &past);
				break;
			case 5:
				memset(body, 1, parts[0].size);
				kmq_ring_try_send(bed.one, body, parts[0].size);
				break;
			default:
				parts[0].data = body;
				kmq_ring_receive_until(bed.one, parts, &past);
			}
		}
		/* A lock that names somebody is somebody's, and would be waited for. */
		bed.producers->lock = bed.consumers->lock = 0;
		bed_end(&bed);
	}
}

/* ------------------------------------------------------------------------
 * Without membarrier(2)
 */

static void a_ring_of_fences_works_as_well(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct bed bed = bed_at(mode, PAGE, 1, 0);
		struct stream stream = {
			.mode = mode, .size = PAGE, .producers = 1, .consumers = 1, .count = 2000, .longest = 100,
		};
		struct party parties[2];
		size_t length;
		struct tally *tally = tally_of(&stream, &length);

		bed.control->flags |= KMQ_RING_FENCED;
		for (int i = 0; i < 2; i++) {
			parties[i] = (struct party){ &stream, join(&bed, i ? CONSUMER : PRODUCER), tally, 0, 0 };
			kmq_ring_set_spin(parties[i].ring, 0);
			assert_int_equal(ring_of(parties[i].ring)->hot.producer.ceiling, 0);
			assert_int_equal(ring_of(parties[i].ring)->hot.consumer.ceiling, 0);
		}
		for (int i = 0; i < 2; i++)
			REQUIRE(!pthread_create(&parties[i].thread, NULL, i ? consume_thread : produce_thread,
						&parties[i]));
		for (int i = 0; i < 2; i++) {
			pthread_join(parties[i].thread, NULL);
			kmq_ring_detach(parties[i].ring);
		}
		munmap(tally, length);
		bed_end(&bed);
	}
}

#define claim(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest ring[] = {
		claim(a_record_comes_out_as_it_went_in),
		claim(receive_copies_and_tells_what_does_not_fit),
		claim(send_and_receive_copy_every_byte_and_no_other),
		claim(a_second_reservation_or_claim_is_EBUSY),
		claim(what_is_not_open_is_EINVAL),
		claim(a_party_does_what_it_is_for_and_nothing_else),
		claim(a_discarded_record_is_seen_by_nobody),
		claim(what_is_discarded_hides_nothing_behind_it),
		claim(a_full_ring_is_EAGAIN_until_a_release),
		claim(a_record_is_at_most_half_of_the_ring),
		claim(a_batch_is_readable_as_one),
		claim(a_batch_takes_what_has_room_and_ends_before_what_is_too_long),
		claim(a_batch_is_of_at_most_KMQ_BATCH_MAX),
		claim(a_reserved_record_holds_up_those_behind_it),
		claim(a_ring_is_a_power_of_two_of_pages_in_a_known_mode),
		claim(what_is_not_a_ring_is_ENODEV),
		claim(roles_that_are_none_are_EINVAL),
		claim(a_mode_has_as_many_parties_as_it_says),
		claim(when_no_id_is_free_it_is_EDQUOT),
		claim(info_tells_what_it_is),
		claim(an_open_reservation_ends_with_its_party),
		claim(an_open_claim_goes_back),
		claim(an_orphan_goes_before_all_else_and_in_parts),
		claim(an_orphan_of_what_was_given_up_is_got_out_of_the_way),
		claim(a_claim_of_an_orphan_begins_where_the_orphan_did),
		claim(what_is_received_is_as_if_claimed_and_released),
		claim(who_receives_passes_no_claim_of_another),
		claim(a_death_is_told_once_to_each),
		claim(a_death_is_told_in_every_mode_and_by_every_call),
		claim(a_forked_child_has_no_part_in_it),
		claim(detaching_nothing_is_nothing_and_errno_is_kept),
		claim(every_consumer_sees_every_record_from_when_it_came),
		claim(who_is_lapped_is_told_exactly_how_many_it_lost),
		claim(what_was_overwritten_while_it_was_read_is_ESTALE_and_counts_as_lost),
		claim(who_comes_in_the_middle_of_a_commit_is_not_told_of_a_loss),
		claim(who_comes_in_the_middle_of_a_long_commit_is_told_of_what_comes_after_it),
		claim(who_is_overtaken_again_and_again_is_not_kept_for_ever),
		claim(a_broadcast_of_several_spares_the_record_before_them),
		claim(a_producer_is_never_held_up_by_those_who_follow),
		claim(between_threads_nothing_is_lost_doubled_or_out_of_order),
		claim(between_processes_nothing_is_lost_doubled_or_out_of_order),
		claim(nor_if_they_sleep_whenever_they_can),
		claim(nor_if_they_never_sleep),
		claim(nor_in_batches),
		claim(nor_if_a_record_is_half_the_ring),
		claim(a_commit_wakes_who_sleeps_for_it_and_only_then_calls),
		claim(a_release_wakes_who_sleeps_for_so_much_room),
		claim(what_is_skipped_wakes_who_sleeps_for_room),
		claim(a_wait_makes_room_of_what_was_given_up),
		claim(a_wait_counts_right_before_and_behind_what_was_given_up),
		claim(who_could_not_ring_for_room_has_no_claim),
		claim(an_orphan_wakes_who_sleeps_for_a_record),
		claim(who_claims_passes_the_wake_up_on),
		claim(who_receives_passes_the_wake_up_on_and_rings_for_room),
		claim(who_looks_and_takes_nothing_passes_the_wake_up_on),
		claim(who_gives_up_before_it_could_look_passes_the_wake_up_on),
		claim(two_that_sleep_for_one_record_do_not_both_stay_asleep),
		claim(who_is_about_to_sleep_for_what_another_had_looks_again),
		claim(in_mpmc_mode_one_record_ends_a_wait_for_many),
		claim(an_orphan_ends_a_wait_for_many),
		claim(a_wait_for_many_is_woken_by_the_last_of_them),
		claim(a_wait_counts_what_is_there_and_no_more),
		claim(a_wait_for_what_is_committed_out_of_order_ends),
		claim(a_deadline_ends_each_call_that_sleeps),
		claim(a_spin_that_is_long_ends_at_its_deadline_and_with_the_ring),
		claim(a_word_that_never_rests_does_not_outlast_a_deadline),
		claim(a_signal_ends_a_sleep_unless_it_restarts),
		claim(spinning_adapts_and_can_be_forbidden),
		claim(spinning_that_pays_off_grows),
		claim(a_lock_that_stays_held_is_EAGAIN_or_waited_for),
		claim(who_waits_for_a_lock_is_told_when_the_ring_is_no_more),
		claim(a_lock_of_a_broken_ring_is_given_back_to_who_sleeps_for_it),
		claim(what_is_too_long_is_EMSGSIZE_whoever_has_the_lock),
		claim(a_lock_word_that_cannot_be_is_EUCLEAN),
		claim(a_consumer_finds_what_cannot_be),
		claim(the_inline_calls_believe_nothing_either),
		claim(a_head_that_goes_back_behind_what_was_counted_is_EUCLEAN),
		claim(who_finds_it_broken_leaves_producing_to_find_out),
		claim(a_producer_finds_what_cannot_be),
		claim(a_broadcaster_finds_what_another_left_behind),
		claim(positions_that_cannot_be_end_an_attach),
		claim(a_control_page_that_cannot_be_is_told),
		claim(a_broken_ring_wakes_who_sleeps),
		claim(a_removed_ring_is_EIDRM),
		claim(what_was_at_hand_when_the_ring_was_removed_is_had_once),
		claim(after_a_removal_one_is_received_at_most),
		claim(garbage_in_any_word_does_no_harm),
		claim(a_ring_of_fences_works_as_well),
	};

	return cmocka_run_group_tests(ring, NULL, NULL);
}
