// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mapped ring under ThreadSanitizer: its sources, the inline calls and the bodies
 * of the records; see tests/unit/unit.mk. Threads are the parties.
 *
 * ThreadSanitizer knows memory by its address, so two mappings of one page are two
 * memories to it, and a race between them is none. Here all parties share one
 * mapping: their structs lie side by side in the place of one, and KMQ_RING_BASE finds
 * the ring behind them by the alignment of the whole. What begins and ends an attachment is
 * replaced by that; the rest is as it is.
 */
#include <linux/membarrier.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "ring.h"
#include "ring_stream.h"

#include <cmocka.h>

enum {
	PAGE = 4096,
	/* Of struct ring; as many as have room before the first piece. */
	STRIDE = 8192,
	PARTIES = KMQ_RING_PIECE / STRIDE,
	ALL_MODES = 4,
};

_Static_assert(sizeof(struct ring) <= STRIDE, "the structs lie side by side");

/* The first report is the last, and the program has failed. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "halt_on_error=1 exitcode=1";
}

struct shared {
	char *base;
	struct kmq_ring_control control;
};

static void map(char *to, size_t length, int fd, off_t from)
{
	REQUIRE(mmap(to, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, from) == to);
}

static struct shared share(const struct stream *stream)
{
	int fd = libkmq_ring_open_memfd(stream->mode, stream->size, stream->sequence, stream->position);
	char *space = mmap(NULL, 2 * RING_SPACE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct shared shared;

	REQUIRE(fd >= 0 && space != MAP_FAILED);
	REQUIRE(KMQ_RING_DATA_AT + 2 * stream->size <= RING_SPACE);
	shared.base = (char *)(((uintptr_t)space + RING_SPACE - 1) & -(uintptr_t)RING_SPACE);
	map(shared.base + KMQ_RING_CONTROL_AT, PAGE, fd, 0);
	map(shared.base + KMQ_RING_CONSUMERS_AT, PAGE, fd, PAGE);
	map(shared.base + KMQ_RING_PRODUCERS_AT, PAGE, fd, 2 * PAGE);
	map(shared.base + KMQ_RING_DATA_AT, stream->size, fd, 3 * PAGE);
	map(shared.base + KMQ_RING_DATA_AT + stream->size, stream->size, fd, 3 * PAGE);
	shared.control = *(struct kmq_ring_control *)(shared.base + KMQ_RING_CONTROL_AT);
	close(fd);
	return shared;
}

static struct kmq_ring *attach(const struct shared *shared, unsigned int nth, uint32_t roles)
{
	struct ring *ring = (struct ring *)(shared->base + nth * STRIDE);

	REQUIRE(nth < PARTIES);
	memset(ring, 0, sizeof(*ring));
	ring->twin = 1;
	ring->fd = -1;
	ring->roles = roles;
	ring->mode = shared->control.mode;
	ring->size = shared->control.size;
	ring->max_message = shared->control.max_message;
	ring->page_size = PAGE;
	REQUIRE(!libkmq_ring_join(ring));
	REQUIRE(!libkmq_ring_begin(ring));
	return &ring->hot;
}

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

static void run(const struct stream *stream)
{
	struct shared shared = share(stream);
	unsigned int all = stream->producers + stream->consumers;
	struct party parties[PARTIES];
	size_t length;
	struct tally *tally = tally_of(stream, &length);

	REQUIRE(!syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0));
	for (unsigned int i = 0; i < all; i++) {
		bool consumes = i < stream->consumers;
		struct kmq_ring *ring = attach(&shared, i, consumes ? KMQ_RING_CONSUMER : KMQ_RING_PRODUCER);

		kmq_ring_set_spin(ring, stream->spin);
		parties[i] = (struct party){ stream, ring, tally, i - stream->consumers, 0 };
	}
	for (unsigned int i = 0; i < all; i++)
		REQUIRE(!pthread_create(&parties[i].thread, NULL,
					i < stream->consumers ? consume_thread : produce_thread, &parties[i]));
	for (unsigned int i = 0; i < all; i++)
		pthread_join(parties[i].thread, NULL);
	for (uint64_t i = 0; stream->mode != KMQ_RING_BROADCAST && i < total(stream); i++)
		assert_int_equal(tally->seen[i], 1);
	munmap(tally, length);
	munmap(shared.base, RING_SPACE);
}

/* From just before the counters wrap. */
static void run_at(uint32_t mode, unsigned int producers, unsigned int consumers, uint32_t count)
{
	static const uint64_t wraps[] = { 1ull << 32, 0 };

	for (size_t i = 0; i < 2; i++) {
		for (unsigned int batch = 0; batch <= 16; batch += 16) {
			for (uint32_t spin = 0; spin <= SPIN_DEFAULT; spin += SPIN_DEFAULT) {
				struct stream stream = {
					.mode = mode, .size = 2 * PAGE, .producers = producers,
					.consumers = consumers, .sequence = wraps[i] - 100,
					.position = wraps[i] - 1600, .count = count, .batch = batch,
					.spin = spin, .longest = 200,
				};

				run(&stream);
			}
		}
	}
}

static void one_producer_and_one_consumer_race_for_nothing(void **state)
{
	run_at(KMQ_RING_SPSC, 1, 1, 10000);
}

static void many_producers_and_one_consumer_race_for_nothing(void **state)
{
	run_at(KMQ_RING_MPSC, 3, 1, 3000);
}

static void many_producers_and_many_consumers_race_for_nothing(void **state)
{
	run_at(KMQ_RING_MPMC, 3, 3, 3000);
}

/* But for what is overwritten while it is read; see libkmq_ring_copy(). */
static void a_producer_and_those_who_follow_race_for_nothing_else(void **state)
{
	run_at(KMQ_RING_BROADCAST, 1, 3, 5000);
}

static void the_two_halves_of_one_party_are_for_two_threads(void **state)
{
	for (uint32_t mode = 0; mode < ALL_MODES; mode++) {
		struct stream stream = {
			.mode = mode, .size = 2 * PAGE, .producers = 1, .consumers = 1, .sequence = 1,
			.count = 5000, .longest = 200, .spin = SPIN_DEFAULT,
		};
		struct shared shared = share(&stream);
		struct kmq_ring *both = attach(&shared, 0, KMQ_RING_PRODUCER | KMQ_RING_CONSUMER);
		size_t length;
		struct tally *tally = tally_of(&stream, &length);
		struct party producer = { &stream, both, tally, 0, 0 }, consumer = producer;

		REQUIRE(!pthread_create(&producer.thread, NULL, produce_thread, &producer));
		REQUIRE(!pthread_create(&consumer.thread, NULL, consume_thread, &consumer));
		pthread_join(producer.thread, NULL);
		pthread_join(consumer.thread, NULL);
		munmap(tally, length);
		munmap(shared.base, RING_SPACE);
	}
}

int main(void)
{
	const struct CMUnitTest ring[] = {
		cmocka_unit_test(one_producer_and_one_consumer_race_for_nothing),
		cmocka_unit_test(many_producers_and_one_consumer_race_for_nothing),
		cmocka_unit_test(many_producers_and_many_consumers_race_for_nothing),
		cmocka_unit_test(a_producer_and_those_who_follow_race_for_nothing_else),
		cmocka_unit_test(the_two_halves_of_one_party_are_for_two_threads),
	};

	return cmocka_run_group_tests(ring, NULL, NULL);
}
