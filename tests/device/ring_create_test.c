// SPDX-License-Identifier: GPL-2.0-only
/* Creating rings: sizes, modes, policies, limits, and what INFO says of them. */
#include "lib/ring.h"

static int create(struct kmq_create *request)
{
	return ioctl(control(), KMQ_CTL_CREATE, request);
}

/* A create that must fail: untouched struct, no queue, no descriptor. */
static void expect_refused(struct kmq_create request, int code)
{
	struct kmq_create before;
	int queues = queue_count(), next = CHECK_OK(dup(0));

	close(next);
	request.kind = KMQ_KIND_RING;
	before = request;
	CHECK_ERRNO(create(&request), code);
	CHECK(!memcmp(&before, &request, sizeof(request)));
	CHECK_EQ(queue_count(), queues);
	CHECK_EQ(CHECK_OK(dup(0)), next);
	close(next);
}

/* What was chosen. */
static struct kmq_create created(struct kmq_create request)
{
	int fd;

	request.kind = KMQ_KIND_RING;
	fd = CHECK_OK(create(&request));
	close(fd);
	return request;
}

TEST(the_layout_is_the_same_for_32_and_64_bit_callers)
{
	_Static_assert(sizeof(struct kmq_create) == 112, "create");
	_Static_assert(offsetof(struct kmq_create, ring_mode) == 80, "create");
	_Static_assert(offsetof(struct kmq_info, abandoned) + 32 == sizeof(struct kmq_info), "info");
	_Static_assert(sizeof(struct kmq_ring_record) == 16, "record");
	_Static_assert(sizeof(struct kmq_ring_attach) == 40, "attach");
	_Static_assert(sizeof(struct kmq_ring_wait) == 40, "wait");
	_Static_assert(offsetof(struct kmq_ring_control, flags) == 64, "control");
	_Static_assert(offsetof(struct kmq_ring_control, abandoned) == 72, "control");
	_Static_assert(offsetof(struct kmq_ring_control, consumer_wake) == 128, "control");
	_Static_assert(offsetof(struct kmq_ring_control, producer_wake) == 192, "control");
	_Static_assert(offsetof(struct kmq_ring_producers, oldest) == 16, "producers");
	_Static_assert(offsetof(struct kmq_ring_producers, lock) == 64, "producers");
	_Static_assert(offsetof(struct kmq_ring_consumers, lock) == 64, "consumers");
	_Static_assert(offsetof(struct kmq_ring_consumers, cursor) == 128, "consumers");
	_Static_assert(offsetof(struct kmq_ring_consumers, claims_used) == 192, "consumers");
	_Static_assert(offsetof(struct kmq_ring_consumers, claims) == 200, "consumers");
	_Static_assert(sizeof(struct kmq_ring_claim) == 32, "claim");
	_Static_assert(sizeof(struct kmq_ring_consumers) <= 4096, "one page");
	CHECK_EQ(kmq_ring_record_bytes(0), 16);
	CHECK_EQ(kmq_ring_record_bytes(1), 32);
	CHECK_EQ(kmq_ring_record_bytes(16), 32);
	CHECK_EQ(kmq_ring_record_bytes(~0u), 0x100000010);
}

TEST(the_module_has_the_feature_of_rings)
{
	struct kmq_features features;

	memset(&features, 0xa5, sizeof(features));
	features.reserved = 0;
	CHECK_OK(ioctl(control(), KMQ_CTL_FEATURES, &features));
	CHECK(features.features & KMQ_FEATURE_RING);
}

TEST(what_is_left_out_is_chosen_and_written_back)
{
	struct kmq_create chosen = created((struct kmq_create){});

	CHECK_EQ(chosen.byte_limit, KMQ_RING_SIZE_DEFAULT);
	CHECK_EQ(chosen.max_message, KMQ_RING_SIZE_DEFAULT / 2 - sizeof(struct kmq_ring_record));
	CHECK_EQ(chosen.ring_mode, KMQ_RING_SPSC);
	CHECK_EQ(chosen.policy, KMQ_POLICY_BLOCK);
	CHECK_EQ(chosen.capacity, 0);
	CHECK_EQ(chosen.inline_size, 0);
	CHECK_EQ(chosen.mode, KMQ_MODE_DEFAULT);

	chosen = created((struct kmq_create){ .byte_limit = page_bytes() });
	CHECK_EQ(chosen.byte_limit, page_bytes());
	CHECK_EQ(chosen.max_message, page_bytes() / 2 - sizeof(struct kmq_ring_record));
	/* Of a large one, too. */
	chosen = created((struct kmq_create){ .byte_limit = 1 << 25 });
	CHECK_EQ(chosen.max_message, (1 << 24) - sizeof(struct kmq_ring_record));
}

TEST(the_data_are_a_power_of_two_of_pages_up_to_a_maximum)
{
	const __u64 page = page_bytes();
	const __u64 bad[] = {
		1, page - 1, page + 1, page / 2, 3 * page, 5 * page, 65535, 65537, 1 << 17 | 1 << 16,
		KMQ_RING_SIZE_MAX * 2, KMQ_RING_SIZE_MAX + page, 1ull << 32, 1ull << 63, ~0ull,
		1ull << 32 | page,
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		check_context("%llu bytes", (unsigned long long)bad[i]);
		expect_refused((struct kmq_create){ .byte_limit = bad[i] }, EINVAL);
		expect_refused((struct kmq_create){ .byte_limit = bad[i], .max_message = 1 }, EINVAL);
	}
	for (__u64 size = page; size <= 1 << 20; size *= 2)
		CHECK_EQ(created((struct kmq_create){ .byte_limit = size }).byte_limit, size);
}

TEST(the_largest_message_is_half_of_the_data_less_a_header)
{
	const __u32 half = page_bytes() / 2 - sizeof(struct kmq_ring_record);
	const __u32 bad[] = { half + 1, half + 16, page_bytes(), 1u << 28, 1u << 31, ~0u };
	const __u32 good[] = { 1, 15, 16, 17, half - 1, half };

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_refused((struct kmq_create){
			.byte_limit = page_bytes(), .max_message = bad[i] }, EINVAL);
	for (unsigned int i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK_EQ(created((struct kmq_create){
			.byte_limit = page_bytes(), .max_message = good[i] }).max_message, good[i]);
}

TEST(a_ring_has_no_capacity_and_no_inline_size)
{
	static const __u32 bad[] = { 1, 8, 64, 1u << 31, ~0u };

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect_refused((struct kmq_create){ .capacity = bad[i] }, EINVAL);
		expect_refused((struct kmq_create){ .inline_size = bad[i] }, EINVAL);
	}
}

TEST(there_are_four_modes_and_a_message_queue_has_none)
{
	static const __u32 bad[] = { 4, 5, 255, 256, 1u << 16, 1u << 31, ~0u };
	struct kmq_create message = { .kind = KMQ_KIND_MESSAGE };

	for (__u32 mode = 0; mode <= KMQ_RING_BROADCAST; mode++)
		CHECK_EQ(created((struct kmq_create){ .ring_mode = mode }).ring_mode, mode);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_refused((struct kmq_create){ .ring_mode = bad[i] }, EINVAL);
	for (__u32 mode = 1; mode <= 4; mode++) {
		message.ring_mode = mode;
		CHECK_ERRNO(create(&message), EINVAL);
	}
}

TEST(a_ring_blocks_or_rejects_and_a_broadcast_does_neither)
{
	for (__u32 mode = 0; mode < KMQ_RING_BROADCAST; mode++) {
		struct kmq_create request = { .ring_mode = mode, .policy = KMQ_POLICY_REJECT };

		CHECK_EQ(created(request).policy, KMQ_POLICY_REJECT);
		request.policy = KMQ_POLICY_DROP_NEWEST;
		expect_refused(request, EINVAL);
		request.policy = KMQ_POLICY_DROP_OLDEST;
		expect_refused(request, EINVAL);
	}
	for (__u32 policy = 1; policy < 5; policy++)
		expect_refused((struct kmq_create){
			.ring_mode = KMQ_RING_BROADCAST, .policy = policy }, EINVAL);
}

TEST(each_reserved_word_of_a_create_must_be_zero)
{
	static const int bits[] = { 0, 31 };

	for (int i = 0; i < 2; i++) {
		struct kmq_create request = {};

		request.reserved32 = 1u << bits[i];
		expect_refused(request, EINVAL);
		request.kind = KMQ_KIND_MESSAGE;
		CHECK_ERRNO(create(&request), EINVAL);
		request.reserved32 = 0;
		request.reserved64 = 1u << bits[i];
		CHECK_ERRNO(create(&request), EINVAL);
		request.reserved64 = 0;
		for (int j = 0; j < 2; j++) {
			request.reserved[j] = 1ull << (2 * bits[i] + 1);
			expect_refused(request, EINVAL);
			request.reserved[j] = 0;
		}
	}
}

TEST(info_tells_what_a_ring_is)
{
	for (__u32 mode = 0; mode <= KMQ_RING_BROADCAST; mode++) {
		char name[KMQ_NAME_SIZE];
		int fd = NAMED_RING(name, .ring_mode = mode, .byte_limit = 1 << 15,
				    .max_message = 1000, .mode = 0640);
		struct kmq_info info = info_of(fd);
		struct ring ring;

		CHECK_EQ(info.kind, KMQ_KIND_RING);
		CHECK(!strcmp(info.name, name));
		CHECK_EQ(info.ring_mode, mode);
		CHECK_EQ(info.byte_limit, 1 << 15);
		CHECK_EQ(info.max_message, 1000);
		CHECK_EQ(info.mode, 0640);
		CHECK_EQ(info.capacity, 0);
		CHECK_EQ(info.inline_size, 0);
		CHECK_EQ(info.policy, KMQ_POLICY_BLOCK);
		CHECK_EQ(info.bytes, 0);
		CHECK_EQ(info.attachments, 0);
		CHECK_EQ(info.ring_flags, 0);
		CHECK_EQ(info.deaths, 0);
		CHECK_EQ(info.descriptors, 1);
		EXPECT_LEDGER(fd, .sent = 0);
		ring = ring_open(fd, BOTH);
		CHECK_EQ(ring.control->max_message, 1000);
		CHECK_EQ(info_of(fd).attachments, 1);
		ring_close(&ring);
		CHECK_EQ(info_of(fd).attachments, 0);
		CHECK_EQ(info_of(fd).deaths, 0);
		close(fd);
	}
}

TEST(the_ledger_follows_records_of_both_doors)
{
	for (__u32 mode = 0; mode < KMQ_RING_BROADCAST; mode++) {
		int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
		struct ring ring;
		char body[16];

		/* The kernel's own. */
		put_text(fd, "12345678901234567");
		EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
		CHECK_EQ(info_of(fd).bytes, 48);
		put_text(fd, "1");
		CHECK_EQ(info_of(fd).bytes, 80);
		expect_read(fd, "12345678901234567");
		EXPECT_LEDGER(fd, .sent = 2, .queued = 1, .received = 1);
		CHECK_EQ(info_of(fd).bytes, 32);
		CHECK_EQ(CHECK_OK(read(fd, body, sizeof(body))), 1);
		EXPECT_LEDGER(fd, .sent = 2, .received = 2);
		CHECK_EQ(info_of(fd).bytes, 0);
		close(fd);

		fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
		ring = ring_open(fd, BOTH);
		ring_put(&ring, "1234567890");
		ring_put(&ring, "");
		EXPECT_LEDGER(fd, .sent = 2, .queued = 2);
		CHECK_EQ(info_of(fd).bytes, 48);
		ring_expect(&ring, "1234567890");
		EXPECT_LEDGER(fd, .sent = 2, .queued = 1, .received = 1);
		CHECK_EQ(info_of(fd).bytes, 16);
		ring_expect(&ring, "");
		EXPECT_LEDGER(fd, .sent = 2, .received = 2);
		ring_close(&ring);
		EXPECT_LEDGER(fd, .sent = 2, .received = 2);
		close(fd);
	}
}

TEST(what_is_reserved_is_sent_and_queued_and_what_is_discarded_is_abandoned)
{
	for (__u32 mode = KMQ_RING_MPSC; mode <= KMQ_RING_MPMC; mode++) {
		int fd = RING(.ring_mode = mode);
		struct ring ring = ring_open(fd, BOTH);

		CHECK_OK(ring_reserve(&ring, 100));
		EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
		CHECK(info_of(fd).bytes >= 116);
		ring_discard(&ring);
		ring_put(&ring, "behind it");
		ring_expect(&ring, "behind it");
		EXPECT_LEDGER(fd, .sent = 2, .received = 1, .abandoned = 1);
		CHECK_EQ(info_of(fd).bytes, 0);
		/* Given up, not died of. */
		CHECK_EQ(LOAD(ring.control->abandoned), 0);
		CHECK_EQ(LOAD(ring.control->deaths), 0);
		ring_close(&ring);
	}
}

TEST(purge_throws_away_what_is_queued)
{
	for (__u32 mode = 0; mode < KMQ_RING_BROADCAST; mode++) {
		int fd = RING(.ring_mode = mode, .flags = KMQ_CREATE_NONBLOCK);
		__u64 purged = ~0ull;
		char byte;

		for (int i = 0; i < 5; i++)
			put_text(fd, "gone");
		CHECK_OK(purge(fd, 0, 0, &purged));
		CHECK_EQ(purged, 5);
		EXPECT_LEDGER(fd, .sent = 5, .purged = 5);
		CHECK_EQ(info_of(fd).bytes, 0);
		CHECK_ERRNO(read(fd, &byte, 1), EAGAIN);
		CHECK_OK(purge(fd, 0, 0, &purged));
		CHECK_EQ(purged, 0);
		put_text(fd, "stays");
		expect_read(fd, "stays");
		EXPECT_LEDGER(fd, .sent = 6, .purged = 5, .received = 1);
		CHECK_ERRNO(purge(fd, KMQ_SELECT_EQUAL, 1, &purged), EOPNOTSUPP);
		close(fd);
	}
}

TEST(purge_of_mapped_records_makes_room_for_a_mapped_producer)
{
	for (__u32 mode = 0; mode < KMQ_RING_BROADCAST; mode++) {
		int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
		struct ring ring = ring_open(fd, KMQ_RING_PRODUCER);
		__u64 purged = ~0ull;

		while (!ring_reserve(&ring, 496))
			ring_commit(&ring);
		EXPECT_LEDGER(fd, .sent = 8, .queued = 8);
		CHECK_OK(purge(fd, 0, 0, &purged));
		CHECK_EQ(purged, 8);
		for (int i = 0; i < 8; i++)
			ring_put(&ring, "again");
		EXPECT_LEDGER(fd, .sent = 16, .queued = 8, .purged = 8);
		ring_close(&ring);
		close(fd);
	}
}

#define LIMIT	"/sys/module/kmq/parameters/max_bytes_per_user"

static void set_limit(unsigned long long value)
{
	int fd = CHECK_OK(open(LIMIT, O_WRONLY | O_CLOEXEC));
	char text[32];
	int length = snprintf(text, sizeof(text), "%llu", value);

	CHECK_EQ(CHECK_OK(write(fd, text, length)), length);
	close(fd);
}

static unsigned long long limit(void)
{
	int fd = CHECK_OK(open(LIMIT, O_RDONLY | O_CLOEXEC));
	char text[32] = "";

	CHECK_OK(read(fd, text, sizeof(text) - 1));
	close(fd);
	return strtoull(text, NULL, 10);
}

TEST(the_memory_of_a_ring_counts_against_its_user)
{
	unsigned long long before = limit();
	int status;
	pid_t child;

	control();
	/* Room for one of 64 KiB and what goes with it, not for two. */
	set_limit(100000);
	CHILD(child) {
		become_user(1000);
		for (int i = 0; i < 3; i++) {
			int fd = RING(.byte_limit = 1 << 16);

			expect_refused((struct kmq_create){ .byte_limit = 1 << 16 }, EDQUOT);
			expect_refused((struct kmq_create){ .byte_limit = KMQ_RING_SIZE_MAX },
				       EDQUOT);
			close(fd);
		}
		expect_refused((struct kmq_create){ .byte_limit = 1 << 17 }, EDQUOT);
	}
	CHECK_EQ(CHECK_OK(waitpid(child, &status, 0)), child);
	set_limit(before);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 0);
}

TEST(the_mode_of_the_node_rules_both_doors)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED_RING(name, .ring_mode = KMQ_RING_MPMC, .mode = 0604);
	pid_t child;

	put_text(fd, "for all");
	CHILD(child) {
		struct kmq_ring_attach attached;
		struct ring ring;
		int reader;

		become_user(1000);
		CHECK_ERRNO(open(queue_path(name), O_RDWR), EACCES);
		CHECK_ERRNO(open(queue_path(name), O_WRONLY), EACCES);
		reader = queue_open(name, O_RDONLY);
		CHECK_ERRNO(attach(reader, KMQ_RING_PRODUCER, &attached), EBADF);
		ring = ring_open(reader, KMQ_RING_CONSUMER);
		ring_expect(&ring, "for all");
	}
	child_join(child);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
}
