// SPDX-License-Identifier: GPL-2.0-only
/* Batches: many messages in one call, each way. */
#include <sys/mman.h>

#include "kmq_test.h"

#define MANY	KMQ_BATCH_MAX

/* Messages whose bodies are their own number. */
struct numbered {
	struct kmq_message messages[MANY + 1];
	int bodies[MANY + 1];
};

static struct numbered *numbered(void)
{
	struct numbered *numbers = calloc(1, sizeof(*numbers));

	CHECK(numbers);
	for (int i = 0; i <= MANY; i++) {
		numbers->bodies[i] = i;
		numbers->messages[i] = (struct kmq_message){
			.body = ptr(&numbers->bodies[i]), .size = sizeof(int), .type = 1,
		};
	}
	return numbers;
}

static struct numbered *poisoned(void)
{
	struct numbered *numbers = malloc(sizeof(*numbers));

	CHECK(numbers);
	memset(numbers, 0xa5, sizeof(*numbers));
	for (int i = 0; i <= MANY; i++) {
		numbers->messages[i].body = ptr(&numbers->bodies[i]);
		numbers->messages[i].size = sizeof(int);
		numbers->messages[i].reserved = 0;
	}
	return numbers;
}

static int send_batch(int fd, __u32 flags, struct kmq_message *messages, __u32 count)
{
	struct kmq_batch batch = {
		.flags = flags, .messages = ptr(messages), .count = count,
	};

	return ioctl(fd, KMQ_IOC_SEND_BATCH, &batch);
}

static int receive_batch(int fd, __u32 flags, struct kmq_message *messages, __u32 count)
{
	struct kmq_batch batch = {
		.flags = flags, .select = KMQ_SELECT_ANY,
		.messages = ptr(messages), .count = count,
	};

	return ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch);
}

static void expect_numbers(const struct numbered *in, int count, int first)
{
	for (int i = 0; i < count; i++) {
		CHECK_EQ(in->messages[i].size, sizeof(int));
		CHECK_EQ(in->messages[i].type, 1);
		CHECK_EQ(in->messages[i].sequence, first + i + 1);
		CHECK_EQ(in->messages[i].flags, 0);
		CHECK_EQ(in->bodies[i], first + i);
	}
}

TEST(a_batch_of_1024_goes_each_way)
{
	int fd = QUEUE(.capacity = MANY + 1);
	struct numbered *out = numbered(), *in = poisoned();

	CHECK_EQ(CHECK_OK(send_batch(fd, 0, out->messages, MANY)), MANY);
	EXPECT_LEDGER(fd, .sent = MANY, .queued = MANY);
	CHECK_EQ(CHECK_OK(receive_batch(fd, 0, in->messages, MANY)), MANY);
	expect_numbers(in, MANY, 0);
	CHECK_EQ(in->bodies[MANY], (int)0xa5a5a5a5);
	EXPECT_LEDGER(fd, .sent = MANY, .received = MANY);
}

TEST(a_batch_of_0_or_1025_is_EINVAL)
{
	int fd = QUEUE(.capacity = 8);
	struct numbered *messages = numbered();
	static const __u32 counts[] = { 0, MANY + 1, 1u << 31, ~0u };

	put(fd, 1, 0, "here");
	for (int i = 0; i < 4; i++) {
		CHECK_ERRNO(send_batch(fd, KMQ_DONTWAIT, messages->messages, counts[i]), EINVAL);
		CHECK_ERRNO(receive_batch(fd, KMQ_DONTWAIT, messages->messages, counts[i]), EINVAL);
	}
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
}

TEST(a_batch_sends_as_many_as_there_is_room_for)
{
	int fd = QUEUE(.capacity = 5);
	struct numbered *out = numbered(), *in = poisoned();

	CHECK_EQ(CHECK_OK(send_batch(fd, KMQ_DONTWAIT, out->messages, 8)), 5);
	CHECK_ERRNO(send_batch(fd, KMQ_DONTWAIT, out->messages + 5, 3), EAGAIN);
	EXPECT_LEDGER(fd, .sent = 5, .queued = 5);
	CHECK_EQ(CHECK_OK(receive_batch(fd, KMQ_DONTWAIT, in->messages, 2)), 2);
	expect_numbers(in, 2, 0);
	/* Without DONTWAIT as well: it sleeps for the first only. */
	CHECK_EQ(CHECK_OK(send_batch(fd, 0, out->messages + 5, 3)), 2);
	CHECK_EQ(CHECK_OK(receive_batch(fd, 0, in->messages, 100)), 5);
	expect_numbers(in, 5, 2);
	EXPECT_LEDGER(fd, .sent = 7, .received = 7);
}

TEST(a_batch_is_cut_by_the_byte_limit_too)
{
	int fd = QUEUE(.capacity = 50, .max_message = 8, .byte_limit = 18);
	struct numbered *out = numbered();

	CHECK_EQ(CHECK_OK(send_batch(fd, 0, out->messages, 10)), 4);
	CHECK_EQ(info_of(fd).bytes, 16);
	EXPECT_LEDGER(fd, .sent = 4, .queued = 4);
}

TEST(a_batch_that_sent_something_was_not_rejected)
{
	static const __u32 capacities[] = { 1, 31, 32, 33, 64 };

	for (int i = 0; i < 5; i++) {
		int fd = QUEUE(.capacity = capacities[i]);

		CHECK_EQ(CHECK_OK(send_batch(fd, 0, numbered()->messages, 100)), capacities[i]);
		CHECK_EQ(info_of(fd).rejected, 0);
		CHECK_ERRNO(send_batch(fd, KMQ_DONTWAIT, numbered()->messages, 100), EAGAIN);
		CHECK_EQ(info_of(fd).rejected, 1);
		close(fd);
	}
}

TEST(an_empty_queue_gives_a_batch_EAGAIN)
{
	int fd = QUEUE(.capacity = 5);
	struct numbered *in = poisoned();

	CHECK_ERRNO(receive_batch(fd, KMQ_DONTWAIT, in->messages, 4), EAGAIN);
	CHECK_ERRNO(receive_batch(fd, KMQ_DONTWAIT | KMQ_PEEK, in->messages, 4), EAGAIN);
	CHECK_EQ(in->bodies[0], (int)0xa5a5a5a5);
}

TEST(a_receiving_batch_waits_for_the_first_only)
{
	int fd = QUEUE(.capacity = 8);
	pid_t reader;

	CHILD(reader) {
		struct numbered *in = poisoned();
		int count = CHECK_OK(receive_batch(fd, 0, in->messages, 8));

		CHECK_EQ(count, 1);
		CHECK(!memcmp(&in->bodies[0], "one", 3));
	}
	wait_blocked_receivers(fd, 1);
	put(fd, 1, 0, "one");
	child_join(reader);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
}

TEST(a_sending_batch_waits_for_the_first_only)
{
	int fd = QUEUE(.capacity = 2);
	pid_t writer;

	put(fd, 1, 0, "old 1");
	put(fd, 1, 0, "old 2");
	CHILD(writer) {
		struct numbered *out = numbered();

		CHECK_EQ(CHECK_OK(send_batch(fd, 0, out->messages, 8)), 1);
	}
	wait_blocked_senders(fd, 1);
	take(fd, "old 1");
	child_join(writer);
	EXPECT_LEDGER(fd, .sent = 3, .received = 1, .queued = 2);
}

TEST(a_batch_obeys_its_deadline)
{
	int fd = QUEUE(.capacity = 1);
	struct numbered *in = poisoned();
	struct kmq_batch batch = {
		.deadline = 1, .select = KMQ_SELECT_ANY,
		.messages = ptr(in->messages), .count = 2,
	};

	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch), ETIMEDOUT);
	put(fd, 1, 0, "full");
	batch.select = 0;
	batch.messages = ptr(numbered()->messages);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_SEND_BATCH, &batch), ETIMEDOUT);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	CHECK_EQ(info_of(fd).rejected, 1);
}

TEST(a_batch_receives_in_order_and_by_selection)
{
	int fd = QUEUE(.capacity = 16);
	struct numbered *out = numbered(), *in = poisoned();
	struct kmq_batch batch = {
		.flags = KMQ_DONTWAIT, .select = KMQ_SELECT_EQUAL, .select_type = 2,
		.messages = ptr(in->messages), .count = 16,
	};
	static const int equal[] = { 9, 1, 5 };
	static const int rest[] = { 3, 6, 0, 2, 4, 7, 8 };

	for (int i = 0; i < 10; i++) {
		out->messages[i].type = i % 4 == 1 ? 2 : 1;
		out->messages[i].priority = i && i % 3 == 0;
	}
	CHECK_EQ(CHECK_OK(send_batch(fd, 0, out->messages, 10)), 10);
	CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch)), 3);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(in->bodies[i], equal[i]);
	CHECK_EQ(CHECK_OK(receive_batch(fd, 0, in->messages + 3, 16)), 7);
	for (int i = 0; i < 7; i++)
		CHECK_EQ(in->bodies[3 + i], rest[i]);
}

TEST(a_batch_goes_by_the_filter_of_the_descriptor)
{
	int fd = QUEUE(.capacity = 16);
	struct numbered *out = numbered(), *in = poisoned();
	struct kmq_batch batch = {
		.flags = KMQ_DONTWAIT, .messages = ptr(in->messages), .count = 16,
	};

	for (int i = 0; i < 9; i++)
		out->messages[i].type = i % 3 + 1;
	CHECK_EQ(CHECK_OK(send_batch(fd, 0, out->messages, 9)), 9);
	CHECK_OK(set_filter(fd, 0, KMQ_SELECT_NOT_EQUAL, 2));
	CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch)), 6);
	EXPECT_LEDGER(fd, .sent = 9, .received = 6, .queued = 3);
}

TEST(a_LOWEST_batch_takes_each_lowest_in_turn)
{
	int fd = QUEUE(.capacity = 16);
	struct numbered *out = numbered(), *in = poisoned();
	struct kmq_batch batch = {
		.flags = KMQ_DONTWAIT, .select = KMQ_SELECT_LOWEST, .select_type = 2,
		.messages = ptr(in->messages), .count = 16,
	};
	static const int expected[] = { 2, 5, 1, 4 };

	for (int i = 0; i < 6; i++)
		out->messages[i].type = 3 - i % 3;
	CHECK_EQ(CHECK_OK(send_batch(fd, 0, out->messages, 6)), 6);
	CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch)), 4);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(in->bodies[i], expected[i]);
}

TEST(a_message_without_room_ends_the_batch_before_it)
{
	int fd = QUEUE(.capacity = 16);
	struct numbered *in = poisoned();

	put(fd, 1, 0, "aaa");
	put(fd, 1, 0, "bbb");
	put(fd, 1, 0, "too long for four");
	put(fd, 1, 0, "ddd");
	CHECK_EQ(CHECK_OK(receive_batch(fd, 0, in->messages, 8)), 2);
	CHECK(!memcmp(&in->bodies[1], "bbb", 3));
	EXPECT_LEDGER(fd, .sent = 4, .received = 2, .queued = 2);
	in->messages[0].size = sizeof(int);
	CHECK_ERRNO(receive_batch(fd, 0, in->messages, 8), EMSGSIZE);
	EXPECT_LEDGER(fd, .sent = 4, .received = 2, .queued = 2);
}

TEST(a_truncating_batch_tells_each_full_length)
{
	int fd = QUEUE(.capacity = 16);
	struct numbered *in = poisoned();

	put(fd, 1, 0, "a");
	put(fd, 1, 0, "longer");
	put(fd, 1, 0, "");
	CHECK_EQ(CHECK_OK(receive_batch(fd, KMQ_TRUNCATE, in->messages, 8)), 3);
	CHECK_EQ(in->messages[0].size, 1);
	CHECK_EQ(in->messages[0].length, 1);
	CHECK_EQ(in->messages[0].flags, 0);
	CHECK_EQ(in->messages[1].size, 4);
	CHECK_EQ(in->messages[1].length, 6);
	CHECK_EQ(in->messages[1].flags, KMQ_MESSAGE_TRUNCATED);
	CHECK(!memcmp(&in->bodies[1], "long", 4));
	CHECK_EQ(in->messages[2].size, 0);
	CHECK_EQ(in->messages[2].length, 0);
	CHECK_EQ(in->messages[2].flags, 0);
	CHECK_EQ(in->bodies[2], (int)0xa5a5a5a5);
}

TEST(a_bad_message_ends_a_sending_batch_before_it_and_meets_the_next)
{
	int fd = QUEUE(.capacity = 16, .max_message = 8);
	struct numbered *out = numbered();

	out->messages[3].type = 0;
	CHECK_EQ(CHECK_OK(send_batch(fd, 0, out->messages, 6)), 3);
	CHECK_ERRNO(send_batch(fd, 0, out->messages + 3, 3), EINVAL);
	EXPECT_LEDGER(fd, .sent = 3, .queued = 3);
	out->messages[5].size = 9;
	CHECK_EQ(CHECK_OK(send_batch(fd, 0, out->messages + 4, 3)), 1);
	CHECK_ERRNO(send_batch(fd, 0, out->messages + 5, 2), EMSGSIZE);
	EXPECT_LEDGER(fd, .sent = 4, .queued = 4);
}

TEST(a_bad_body_ends_a_sending_batch_before_it)
{
	int fd = QUEUE(.capacity = 64);
	struct numbered *out = numbered();

	for (int bad = 0; bad < 40; bad += 13) {
		__u64 body = out->messages[bad].body;
		__u64 sent = info_of(fd).sent;

		out->messages[bad].body = 8;
		if (bad)
			CHECK_EQ(CHECK_OK(send_batch(fd, 0, out->messages, 40)), bad);
		else
			CHECK_ERRNO(send_batch(fd, 0, out->messages, 40), EFAULT);
		CHECK_EQ(info_of(fd).sent, sent + bad);
		out->messages[bad].body = body;
		CHECK_OK(purge(fd, 0, 0, NULL));
	}
}

TEST(a_bad_body_ends_a_receiving_batch_before_it_and_nothing_is_lost)
{
	int fd = QUEUE(.capacity = 64);
	struct numbered *out = numbered(), *in = poisoned();

	CHECK_EQ(CHECK_OK(send_batch(fd, 0, out->messages, 40)), 40);
	in->messages[7].body = 8;
	CHECK_EQ(CHECK_OK(receive_batch(fd, 0, in->messages, 40)), 7);
	expect_numbers(in, 7, 0);
	EXPECT_LEDGER(fd, .sent = 40, .received = 7, .queued = 33);
	in->messages[0].body = 8;
	CHECK_ERRNO(receive_batch(fd, 0, in->messages, 40), EFAULT);
	EXPECT_LEDGER(fd, .sent = 40, .received = 7, .queued = 33);
	free(in);
	in = poisoned();
	CHECK_EQ(CHECK_OK(receive_batch(fd, 0, in->messages, 40)), 33);
	expect_numbers(in, 33, 7);
}

/* The array ends at a page that is not there. */
static struct kmq_message *array_before_a_hole(int count)
{
	size_t size = count * sizeof(struct kmq_message), pages = (size + 4095) / 4096;
	char *memory = mmap(NULL, (pages + 1) * 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(memory != MAP_FAILED);
	CHECK_OK(mprotect(memory + pages * 4096, 4096, PROT_NONE));
	return (struct kmq_message *)(memory + pages * 4096 - size);
}

TEST(an_array_that_ends_early_sends_what_is_there)
{
	int fd = QUEUE(.capacity = 64);
	struct numbered *out = numbered();
	struct kmq_message *array = array_before_a_hole(20);

	memcpy(array, out->messages, 20 * sizeof(*array));
	CHECK_EQ(CHECK_OK(send_batch(fd, 0, array, 50)), 20);
	EXPECT_LEDGER(fd, .sent = 20, .queued = 20);
	CHECK_ERRNO(send_batch(fd, 0, array + 20, 1), EFAULT);
	EXPECT_LEDGER(fd, .sent = 20, .queued = 20);
}

TEST(an_array_that_ends_early_receives_what_fits)
{
	int fd = QUEUE(.capacity = 64);
	struct numbered *out = numbered(), *in = poisoned();
	struct kmq_message *array = array_before_a_hole(20);

	CHECK_EQ(CHECK_OK(send_batch(fd, 0, out->messages, 30)), 30);
	memcpy(array, in->messages, 20 * sizeof(*array));
	CHECK_EQ(CHECK_OK(receive_batch(fd, 0, array, 50)), 20);
	EXPECT_LEDGER(fd, .sent = 30, .received = 20, .queued = 10);
	CHECK_ERRNO(receive_batch(fd, 0, array + 20, 1), EFAULT);
	EXPECT_LEDGER(fd, .sent = 30, .received = 20, .queued = 10);
	CHECK_EQ(CHECK_OK(receive_batch(fd, 0, in->messages, 50)), 10);
	expect_numbers(in, 10, 20);
}

TEST(an_array_that_cannot_be_written_back_takes_nothing)
{
	int fd = QUEUE(.capacity = 64);
	struct numbered *out = numbered(), *in = poisoned();
	struct kmq_message *array = array_before_a_hole(4096 / sizeof(*array));
	char *page = (char *)((uintptr_t)array & ~4095ul);

	CHECK_EQ(CHECK_OK(send_batch(fd, 0, out->messages, 10)), 10);
	memcpy(array, in->messages, 10 * sizeof(*array));
	CHECK_OK(mprotect(page, 4096, PROT_READ));
	CHECK_ERRNO(receive_batch(fd, 0, array, 10), EFAULT);
	CHECK_ERRNO(receive_batch(fd, KMQ_LEASE, array, 10), EFAULT);
	EXPECT_LEDGER(fd, .sent = 10, .queued = 10);
	CHECK_EQ(descriptor_of(fd).leases, 0);
	CHECK_EQ(CHECK_OK(receive_batch(fd, 0, in->messages, 10)), 10);
	expect_numbers(in, 10, 0);
}

TEST(a_peeking_batch_goes_by_type_then_priority_then_arrival)
{
	int fd = QUEUE(.capacity = 16);
	struct numbered *in = poisoned();
	static const struct { __s64 type; __u32 priority; const char *text; } sent[] = {
		{ 2, 0, "2l1" }, { 1, 0, "1l1" }, { 2, 5, "2h1" }, { 1, 7, "1h1" },
		{ 2, 5, "2h2" }, { 1, 0, "1l2" }, { 9, 9, "9h1" },
	};
	static const char *const expected[] = {
		"1h1", "1l1", "1l2", "2h1", "2h2", "2l1", "9h1",
	};

	for (int i = 0; i < 7; i++)
		put(fd, sent[i].type, sent[i].priority, sent[i].text);
	CHECK_EQ(CHECK_OK(receive_batch(fd, KMQ_PEEK, in->messages, 16)), 7);
	for (int i = 0; i < 7; i++)
		CHECK_TEXT((char *)&in->bodies[i], in->messages[i].size, expected[i]);
	EXPECT_LEDGER(fd, .sent = 7, .queued = 7);
	/* What is delivered goes by priority all the same. */
	take(fd, "9h1");
}

TEST(a_peeking_batch_selects)
{
	int fd = QUEUE(.capacity = 16);
	struct numbered *in = poisoned();
	struct kmq_batch batch = {
		.flags = KMQ_DONTWAIT | KMQ_PEEK, .select = KMQ_SELECT_EQUAL,
		.select_type = 2, .messages = ptr(in->messages), .count = 16,
	};

	put(fd, 2, 0, "2a");
	put(fd, 1, 0, "1a");
	put(fd, 2, 0, "2b");
	put(fd, 3, 0, "3a");
	CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch)), 2);
	CHECK(!memcmp(&in->bodies[0], "2a", 2) && !memcmp(&in->bodies[1], "2b", 2));
	free(in);
	in = poisoned();
	batch.messages = ptr(in->messages);
	batch.select = KMQ_SELECT_NOT_EQUAL;
	CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch)), 2);
	CHECK(!memcmp(&in->bodies[0], "1a", 2) && !memcmp(&in->bodies[1], "3a", 2));
	EXPECT_LEDGER(fd, .sent = 4, .queued = 4);
}

TEST(a_peeking_batch_cannot_lease)
{
	int fd = QUEUE(.capacity = 16);
	struct numbered *in = poisoned();

	put(fd, 1, 0, "x");
	CHECK_ERRNO(receive_batch(fd, KMQ_PEEK | KMQ_LEASE, in->messages, 4), EINVAL);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
}

TEST(long_bodies_go_in_batches_too)
{
	enum { COUNT = 6, SIZE = 9000 };
	int fd = QUEUE(.capacity = 8, .max_message = SIZE);
	struct kmq_message out[COUNT] = {}, in[COUNT] = {};
	char *bodies = malloc(2 * COUNT * SIZE);

	for (int i = 0; i < COUNT; i++) {
		fill(bodies + i * SIZE, SIZE, i);
		out[i] = (struct kmq_message){
			.body = ptr(bodies + i * SIZE), .size = SIZE - i, .type = 1,
		};
		in[i] = (struct kmq_message){
			.body = ptr(bodies + (COUNT + i) * SIZE), .size = SIZE,
		};
	}
	CHECK_EQ(CHECK_OK(send_batch(fd, 0, out, COUNT)), COUNT);
	CHECK_EQ(CHECK_OK(receive_batch(fd, 0, in, COUNT)), COUNT);
	for (int i = 0; i < COUNT; i++) {
		CHECK_EQ(in[i].size, SIZE - i);
		CHECK(filled(bodies + (COUNT + i) * SIZE, SIZE - i, i));
	}
	CHECK_EQ(info_of(fd).bytes, 0);
}

TEST(a_batch_wakes_as_many_receivers_as_it_feeds)
{
	int fd = QUEUE(.capacity = 16);
	struct numbered *out = numbered();
	pid_t readers[6];

	for (int i = 0; i < 6; i++) {
		CHILD(readers[i]) {
			int body;

			CHECK_EQ(CHECK_OK(read(fd, &body, sizeof(body))), sizeof(body));
		}
	}
	wait_blocked_receivers(fd, 6);
	CHECK_EQ(CHECK_OK(send_batch(fd, 0, out->messages, 6)), 6);
	for (int i = 0; i < 6; i++)
		child_join(readers[i]);
	EXPECT_LEDGER(fd, .sent = 6, .received = 6);
}

TEST(a_batch_wakes_as_many_senders_as_it_makes_room_for)
{
	int fd = QUEUE(.capacity = 6);
	struct numbered *out = numbered(), *in = poisoned();
	pid_t writers[6];

	CHECK_EQ(CHECK_OK(send_batch(fd, 0, out->messages, 6)), 6);
	for (int i = 0; i < 6; i++)
		CHILD(writers[i])
			CHECK_OK(write(fd, "more", 4));
	wait_blocked_senders(fd, 6);
	CHECK_EQ(CHECK_OK(receive_batch(fd, 0, in->messages, 6)), 6);
	for (int i = 0; i < 6; i++)
		child_join(writers[i]);
	EXPECT_LEDGER(fd, .sent = 12, .received = 6, .queued = 6);
}
