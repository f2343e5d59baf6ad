// SPDX-License-Identifier: GPL-2.0-only
/* PUT and TAKE on a descriptor: every flag, every errno, and what they leave. */
#include <sys/mman.h>
#include <time.h>

#include "lib/disturb.h"
#include "lib/ring.h"

#define PUT(fd, ...) ioctl(fd, KMQ_IOC_PUT, &(struct kmq_short){ __VA_ARGS__ })
#define TAKE(fd, ...) ioctl(fd, KMQ_IOC_TAKE, &(struct kmq_short){ __VA_ARGS__ })
#define BODY(text) .body = ptr(text), .size = strlen(text)
#define HEADS (KMQ_HEAD_TYPE | KMQ_HEAD_TYPE32)

enum { HOUR = 3600 };

static const __u32 put_flags = KMQ_DONTWAIT | KMQ_NO_RESTART | KMQ_REALTIME | HEADS;
static const __u32 take_flags = KMQ_DONTWAIT | KMQ_NO_RESTART | KMQ_REALTIME | HEADS | KMQ_TRUNCATE |
				KMQ_PEEK | KMQ_WHOLE_ROOM;

static void short_put(int fd, __s64 type, __u32 priority, const char *text)
{
	CHECK_EQ(CHECK_OK(PUT(fd, BODY(text), .flags = KMQ_DONTWAIT, .type = type, .priority = priority)), 0);
}

static void short_take(int fd, const char *text)
{
	char got[64];
	long size;

	size = CHECK_OK(TAKE(fd, .body = ptr(got), .size = sizeof(got), .flags = KMQ_DONTWAIT));
	CHECK_TEXT(got, size, text);
}

/* A page of this protection between two that are not there. */
static char *page_with(int protection)
{
	char *memory = mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(memory != MAP_FAILED);
	CHECK_OK(mprotect(memory + 4096, 4096, protection));
	return memory + 4096;
}

TEST(the_module_says_that_it_has_them)
{
	struct kmq_features features = {};

	CHECK_OK(ioctl(control(), KMQ_CTL_FEATURES, &features));
	CHECK(features.features & KMQ_FEATURE_SHORT);
}

TEST(a_message_put_is_received_with_all_that_is_known_of_it)
{
	int fd = QUEUE(.capacity = 4);
	struct received received;
	uint64_t before = now();

	CHECK_EQ(CHECK_OK(PUT(fd, BODY("known"), .type = 1ll << 40, .priority = KMQ_PRIORITY_MAX)), 0);
	received = take(fd, "known");
	CHECK_EQ(received.message.type, 1ll << 40);
	CHECK_EQ(received.message.priority, KMQ_PRIORITY_MAX);
	CHECK_EQ(received.message.sequence, 1);
	CHECK_EQ(received.message.pid, getpid());
	CHECK(received.message.time >= before && received.message.time <= now());
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
}

TEST(a_message_taken_comes_with_its_size_and_priority_and_the_struct_is_not_written)
{
	int fd = QUEUE(.capacity = 4);
	__u32 priority = 77;
	char body[8];
	struct kmq_short message = { .body = ptr(body), .size = sizeof(body), .priority = ptr(&priority) };
	struct kmq_short copy = message;

	put(fd, 3, 4096, "sent");
	CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_TAKE, &message)), 4);
	CHECK_TEXT(body, 4, "sent");
	CHECK_EQ(priority, 4096);
	CHECK(!memcmp(&message, &copy, sizeof(copy)));
	message = (struct kmq_short){ BODY("again"), .type = 1 };
	copy = message;
	CHECK_OK(ioctl(fd, KMQ_IOC_PUT, &message));
	CHECK(!memcmp(&message, &copy, sizeof(copy)));
	expect_read(fd, "again");
	EXPECT_LEDGER(fd, .sent = 2, .received = 2);
}

/* Around each way that a body is copied and kept. */
static const __u32 sizes[] = { 0, 1, 3, 4, 7, 8, 9, 63, 64, 65, 127, 247, 248, 249, 252, 255, 256, 257, 264,
			       4095, 4096, 5000 };

static void there_and_back(int fd, __u32 flags, __u32 head, __u32 size)
{
	unsigned char out[5100], in[5100];
	__s64 type = 1 + size;
	__s32 type32 = 1 + size;

	memcpy(out, head == 8 ? (void *)&type : (void *)&type32, head);
	fill(out + head, size, size);
	memset(in, 0xa5, sizeof(in));
	CHECK_EQ(CHECK_OK(PUT(fd, .body = ptr(out), .size = size, .flags = flags, .type = head ? 0 : type)), 0);
	CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(in), .size = sizeof(in) - head, .flags = flags)), size);
	CHECK(!memcmp(in, out, head));
	CHECK(filled(in + head, size, size));
	for (size_t i = head + size; i < sizeof(in); i++)
		CHECK_EQ(in[i], 0xa5);
}

TEST(every_size_arrives_with_and_without_a_head_and_nothing_behind_it_is_touched)
{
	int fd = QUEUE(.capacity = 4, .max_message = 5000);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		there_and_back(fd, 0, 0, sizes[i]);
		there_and_back(fd, KMQ_HEAD_TYPE, 8, sizes[i]);
		there_and_back(fd, KMQ_HEAD_TYPE32, 4, sizes[i]);
	}
}

TEST(a_head_is_the_type)
{
	int fd = QUEUE(.capacity = 4);
	struct { __s64 type; char body[4]; } wide = { INT64_MAX, "wide" };
	struct { __s32 type; char body[4]; } narrow = { INT32_MAX, "thin" };

	CHECK_OK(PUT(fd, .body = ptr(&wide), .size = 4, .flags = KMQ_HEAD_TYPE));
	CHECK_EQ(take(fd, "wide").message.type, INT64_MAX);
	CHECK_OK(PUT(fd, .body = ptr(&narrow), .size = 4, .flags = KMQ_HEAD_TYPE32));
	CHECK_EQ(take(fd, "thin").message.type, INT32_MAX);
	put(fd, 5, 0, "five");
	CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(&wide), .size = 4, .flags = KMQ_HEAD_TYPE)), 4);
	CHECK_EQ(wide.type, 5);
	CHECK_TEXT(wide.body, 4, "five");
	put(fd, INT32_MAX, 0, "most");
	CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(&narrow), .size = 4, .flags = KMQ_HEAD_TYPE32)), 4);
	CHECK_EQ(narrow.type, INT32_MAX);
	CHECK_TEXT(narrow.body, 4, "most");
}

TEST(a_head_below_1_is_EINVAL)
{
	static const __s64 types[] = { 0, -1, INT64_MIN, (__s64)INT32_MIN };
	int fd = QUEUE(.capacity = 4);

	for (int i = 0; i < 4; i++) {
		__s64 wide[2] = { types[i] };
		__s32 narrow[2] = { (__s32)types[i] };

		CHECK_ERRNO(PUT(fd, .body = ptr(wide), .size = 8, .flags = KMQ_HEAD_TYPE), EINVAL);
		CHECK_ERRNO(PUT(fd, .body = ptr(narrow), .size = 4, .flags = KMQ_HEAD_TYPE32), EINVAL);
	}
	EXPECT_LEDGER(fd, );
}

TEST(a_type_that_does_not_fit_the_head_is_EOVERFLOW_and_stays)
{
	int fd = QUEUE(.capacity = 4);
	struct { __s32 type; char body[8]; } narrow = { -7, "before" };

	put(fd, 1ll << 31, 0, "too wide");
	put(fd, 1, 0, "behind");
	for (int i = 0; i < 3; i++) {
		CHECK_ERRNO(TAKE(fd, .body = ptr(&narrow), .size = 8, .flags = KMQ_HEAD_TYPE32), EOVERFLOW);
		CHECK_ERRNO(TAKE(fd, .body = ptr(&narrow), .size = 8, .flags = KMQ_HEAD_TYPE32 | KMQ_PEEK), EOVERFLOW);
	}
	CHECK_EQ(narrow.type, -7);
	CHECK_TEXT(narrow.body, 6, "before");
	EXPECT_LEDGER(fd, .sent = 2, .queued = 2);
	short_take(fd, "too wide");
	short_take(fd, "behind");
}

TEST(a_sleeper_with_too_narrow_a_head_leaves_what_it_was_handed)
{
	int fd = QUEUE(.capacity = 4);
	char body[16];
	pid_t child;

	CHILD(child)
		CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .flags = KMQ_HEAD_TYPE32), EOVERFLOW);
	wait_blocked_receivers(fd, 1);
	put(fd, INT64_MAX, 0, "too wide");
	child_join(child);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	short_take(fd, "too wide");
}

TEST(an_unknown_flag_is_EINVAL)
{
	int fd = QUEUE(.capacity = 8);
	char body[16] = { 1 };

	for (int bit = 0; bit < 32; bit++) {
		__u32 flag = 1u << bit;

		if (!(put_flags & flag))
			CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 1, .flags = flag, .type = 1), EINVAL);
		if (!(take_flags & flag))
			CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 1, .flags = flag | KMQ_DONTWAIT), EINVAL);
	}
	EXPECT_LEDGER(fd, );
}

TEST(every_known_flag_is_taken)
{
	int fd = QUEUE(.capacity = 2, .max_message = 16);
	__s64 body[4] = { 1 };

	for (int bit = 0; bit < 32; bit++) {
		__u32 flag = 1u << bit;

		check_context("flag %#x", flag);
		if (put_flags & flag) {
			CHECK_OK(PUT(fd, .body = ptr(body), .size = 4, .flags = flag, .type = !(flag & HEADS)));
			CHECK_EQ(CHECK_OK(read(fd, body + 2, 16)), 4);
		}
		if (take_flags & flag) {
			CHECK_OK(PUT(fd, .body = ptr(body), .size = 4, .type = 1));
			CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(body + 1), .size = 16, .flags = flag)), 4);
			CHECK_EQ(info_of(fd).queued, flag == KMQ_PEEK);
			CHECK_OK(purge(fd, KMQ_SELECT_ANY, 0, &(__u64){ 0 }));
		}
	}
}

TEST(both_heads_at_once_are_EINVAL)
{
	int fd = QUEUE(.capacity = 4);
	__s64 body[2] = { 1 };

	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 1, .flags = HEADS), EINVAL);
	put(fd, 1, 0, "x");
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 1, .flags = HEADS), EINVAL);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
}

TEST(an_impossible_put_is_EINVAL)
{
	int fd = QUEUE(.capacity = 4);
	__s64 body[2] = { 1 };

	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 1, .type = 0), EINVAL);
	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 1, .type = -1), EINVAL);
	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 1, .type = INT64_MIN), EINVAL);
	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 1, .type = 1, .flags = KMQ_HEAD_TYPE), EINVAL);
	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 1, .type = 1, .flags = KMQ_HEAD_TYPE32), EINVAL);
	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 1, .type = 1, .priority = KMQ_PRIORITY_MAX + 1), EINVAL);
	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 1, .type = 1, .priority = 1ull << 32), EINVAL);
	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 1, .type = 1, .id = 1), EINVAL);
	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 1, .type = 1, .id = ~0u), EINVAL);
	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 1, .type = 1, .select = KMQ_SELECT_ANY), EINVAL);
	EXPECT_LEDGER(fd, );
}

TEST(an_impossible_take_is_EINVAL)
{
	int fd = QUEUE(.capacity = 4);
	char body[8];

	put(fd, 1, 0, "x");
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .id = 1), EINVAL);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .flags = KMQ_LEASE), EINVAL);
	for (__u32 select = KMQ_SELECT_FILTER; select <= KMQ_SELECT_ANY; select++) {
		CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .select = select, .type = 1), EINVAL);
		CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .select = select, .type = -1), EINVAL);
	}
	for (__u32 select = KMQ_SELECT_EQUAL; select <= KMQ_SELECT_LOWEST; select++) {
		CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .select = select), EINVAL);
		CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .select = select, .type = -1), EINVAL);
		CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .select = select, .type = INT64_MIN), EINVAL);
	}
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .select = 6, .type = 1), EINVAL);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .select = ~0u, .type = 1), EINVAL);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
}

TEST(position_is_for_a_TAKE_that_peeks_and_EINVAL_elsewhere)
{
	int fd = QUEUE(.capacity = 4);
	struct received received;
	char body[8];

	put(fd, 1, 0, "x");
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .select = KMQ_SELECT_POSITION), EINVAL);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .flags = KMQ_PEEK, .select = KMQ_SELECT_POSITION,
			 .type = -1), EINVAL);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .flags = KMQ_PEEK, .select = KMQ_SELECT_POSITION,
			 .type = INT64_MIN), EINVAL);
	CHECK_ERRNO(receive_type(fd, KMQ_PEEK, KMQ_SELECT_POSITION, 0, &received), EINVAL);
	CHECK_ERRNO(receive_type(fd, KMQ_PEEK, KMQ_SELECT_POSITION, 1, &received), EINVAL);
	CHECK_ERRNO(set_filter(fd, 0, KMQ_SELECT_POSITION, 1), EINVAL);
	CHECK_ERRNO(purge(fd, KMQ_SELECT_POSITION, 1, &(__u64){ 0 }), EINVAL);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
}

TEST(a_descriptor_that_is_not_open_for_it_is_EBADF)
{
	char name[KMQ_NAME_SIZE], body[8];
	int fd = NAMED(name, .capacity = 4), reader, writer;

	reader = queue_open(name, O_RDONLY);
	writer = queue_open(name, O_WRONLY);
	CHECK_ERRNO(PUT(reader, BODY("x"), .type = 1), EBADF);
	CHECK_ERRNO(TAKE(writer, .body = ptr(body), .size = 8), EBADF);
	/* Nothing else is looked at before. */
	CHECK_ERRNO(ioctl(reader, KMQ_IOC_PUT, bad_address), EBADF);
	CHECK_ERRNO(ioctl(writer, KMQ_IOC_TAKE, bad_address), EBADF);
	CHECK_OK(PUT(writer, BODY("x"), .type = 1));
	short_take(reader, "x");
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
}

TEST(a_removed_queue_is_EIDRM_at_once_and_for_those_asleep)
{
	char name[KMQ_NAME_SIZE], body[8];
	int fd = NAMED(name, .capacity = 1);
	pid_t child;

	CHILD(child)
		CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .flags = KMQ_NO_RESTART), EIDRM);
	wait_blocked_receivers(fd, 1);
	CHECK_OK(queue_remove(name));
	child_join(child);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8), EIDRM);
	CHECK_ERRNO(PUT(fd, BODY("x"), .type = 1), EIDRM);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_PUT, bad_address), EIDRM);
	fd = NAMED(name, .capacity = 1);
	short_put(fd, 1, 0, "full");
	CHILD(child)
		CHECK_ERRNO(PUT(fd, BODY("x"), .type = 1), EIDRM);
	wait_blocked_senders(fd, 1);
	CHECK_OK(queue_remove(name));
	child_join(child);
}

TEST(a_message_longer_than_the_queue_takes_is_EMSGSIZE)
{
	int fd = QUEUE(.capacity = 4, .max_message = 16);
	__s64 body[4] = { 1 };

	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 17, .type = 1), EMSGSIZE);
	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = ~0u, .type = 1), EMSGSIZE);
	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 17, .flags = KMQ_HEAD_TYPE), EMSGSIZE);
	EXPECT_LEDGER(fd, );
	/* The head does not count. */
	CHECK_OK(PUT(fd, .body = ptr(body), .size = 16, .flags = KMQ_HEAD_TYPE));
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1, .bytes = 16);
}

TEST(a_message_longer_than_the_room_is_EMSGSIZE_and_stays_unless_it_may_be_cut)
{
	int fd = QUEUE(.capacity = 4);
	struct { __s64 type; char body[8]; } got;
	char body[8];

	short_put(fd, 9, 0, "longer");
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 5), EMSGSIZE);
	CHECK_ERRNO(TAKE(fd, .body = ptr(&got), .size = 5, .flags = KMQ_HEAD_TYPE), EMSGSIZE);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 5, .flags = KMQ_PEEK), EMSGSIZE);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	memset(&got, 0xa5, sizeof(got));
	CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(&got), .size = 3, .flags = KMQ_HEAD_TYPE | KMQ_TRUNCATE)), 3);
	CHECK_EQ(got.type, 9);
	CHECK_TEXT(got.body, 3, "lon");
	CHECK_EQ((unsigned char)got.body[3], 0xa5);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
	short_put(fd, 1, 0, "gone");
	CHECK_EQ(CHECK_OK(TAKE(fd, .flags = KMQ_TRUNCATE)), 0);
	EXPECT_LEDGER(fd, .sent = 2, .received = 2);
}

TEST(with_WHOLE_ROOM_less_room_than_max_message_is_EMSGSIZE_whatever_is_queued)
{
	int fd = QUEUE(.capacity = 4, .max_message = 16);
	__s64 body[3];

	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 15, .flags = KMQ_WHOLE_ROOM), EMSGSIZE);
	short_put(fd, 1, 0, "x");
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 15, .flags = KMQ_WHOLE_ROOM), EMSGSIZE);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 15, .flags = KMQ_WHOLE_ROOM | KMQ_TRUNCATE), EMSGSIZE);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 15, .flags = KMQ_WHOLE_ROOM | KMQ_PEEK), EMSGSIZE);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 15, .flags = KMQ_WHOLE_ROOM | KMQ_HEAD_TYPE), EMSGSIZE);
	CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(body), .size = 16, .flags = KMQ_WHOLE_ROOM | KMQ_HEAD_TYPE)), 1);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 16, .flags = KMQ_WHOLE_ROOM | KMQ_DONTWAIT), EAGAIN);
}

TEST(a_body_at_a_bad_address_is_EFAULT_and_nothing_is_sent)
{
	static const __u32 heads[] = { 0, KMQ_HEAD_TYPE, KMQ_HEAD_TYPE32 };
	int fd = QUEUE(.capacity = 4, .max_message = 4096);
	char *page = page_with(PROT_READ | PROT_WRITE);

	memset(page, 1, 4096);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_PUT, bad_address), EFAULT);
	for (int i = 0; i < 3; i++) {
		__u32 head = i ? i == 1 ? 8 : 4 : 0;

		CHECK_ERRNO(PUT(fd, .body = ptr(bad_address), .size = 1, .flags = heads[i], .type = !i), EFAULT);
		for (size_t k = 1; k < sizeof(sizes) / sizeof(*sizes) && sizes[k] <= 4000; k++) {
			char *end = page + 4096 - head - sizes[k];

			CHECK_ERRNO(PUT(fd, .body = ptr(end + 1), .size = sizes[k], .flags = heads[i],
					.type = !i), EFAULT);
			CHECK_OK(PUT(fd, .body = ptr(end), .size = sizes[k], .flags = heads[i], .type = !i));
			CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(page), .size = 4096)), sizes[k]);
		}
		/* Cut within the head, and a head alone. */
		for (__u32 there = 0; there < head; there++)
			CHECK_ERRNO(PUT(fd, .body = ptr(page + 4096 - there), .flags = heads[i]), EFAULT);
	}
	CHECK_EQ(info_of(fd).sent, info_of(fd).received);
	CHECK_EQ(info_of(fd).sent, 3 * 18);
	/* Nothing is read where there is nothing to read. */
	CHECK_OK(PUT(fd, .body = ptr(bad_address), .size = 0, .type = 1));
}

TEST(memory_that_can_be_read_only_will_do_for_PUT_and_is_EFAULT_for_TAKE)
{
	int fd = QUEUE(.capacity = 4);
	char *page = page_with(PROT_READ | PROT_WRITE);
	struct kmq_short *message = (struct kmq_short *)(page + 64);

	memset(page, 1, 64);
	*message = (struct kmq_short){ .body = ptr(page), .size = 4, .flags = KMQ_HEAD_TYPE };
	CHECK_OK(mprotect(page, 4096, PROT_READ));
	CHECK_OK(ioctl(fd, KMQ_IOC_PUT, message));
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_TAKE, message), EFAULT);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1, .bytes = 4);
	short_take(fd, "\1\1\1\1");
}

TEST(a_TAKE_that_meets_a_bad_address_leaves_the_message)
{
	static const __u32 heads[] = { 0, KMQ_HEAD_TYPE, KMQ_HEAD_TYPE32 };
	int fd = QUEUE(.capacity = 4, .max_message = 4096);
	char *page = page_with(PROT_READ | PROT_WRITE), body[4096];

	CHECK_ERRNO(ioctl(fd, KMQ_IOC_TAKE, bad_address), EFAULT);
	for (size_t k = 1; k < sizeof(sizes) / sizeof(*sizes) && sizes[k] <= 4000; k++) {
		__u32 size = sizes[k];

		fill(body, size, k);
		CHECK_OK(PUT(fd, .body = ptr(body), .size = size, .type = 1));
		for (int i = 0; i < 3; i++) {
			__u32 head = i ? i == 1 ? 8 : 4 : 0;

			CHECK_ERRNO(TAKE(fd, .body = ptr(bad_address), .size = 4000, .flags = heads[i]), EFAULT);
			CHECK_ERRNO(TAKE(fd, .body = ptr(page + 4097 - size - head), .size = 4000,
					 .flags = heads[i]), EFAULT);
			CHECK_ERRNO(TAKE(fd, .body = ptr(page + 4097 - size - head), .size = 4000,
					 .flags = heads[i] | KMQ_PEEK), EFAULT);
			for (__u32 there = 0; there < head; there++)
				CHECK_ERRNO(TAKE(fd, .body = ptr(page + 4096 - there), .size = 4000,
						 .flags = heads[i]), EFAULT);
		}
		CHECK_ERRNO(TAKE(fd, .body = ptr(page), .size = 4000, .priority = ptr(bad_address)), EFAULT);
		CHECK_ERRNO(TAKE(fd, .body = ptr(page), .size = 4000, .priority = ptr(page + 4093)), EFAULT);
		EXPECT_LEDGER(fd, .sent = k, .received = k - 1, .queued = 1, .bytes = size);
		CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(page + 4096 - size), .size = size)), size);
		CHECK(filled(page + 4096 - size, size, k));
	}
}

TEST(what_was_left_by_a_bad_address_is_still_before_what_came_later)
{
	int fd = QUEUE(.capacity = 8);

	short_put(fd, 1, 0, "first");
	short_put(fd, 1, 0, "second");
	short_put(fd, 2, 1, "urgent");
	CHECK_ERRNO(TAKE(fd, .body = ptr(bad_address), .size = 64), EFAULT);
	CHECK_ERRNO(TAKE(fd, .body = ptr(bad_address), .size = 64, .select = KMQ_SELECT_EQUAL, .type = 1), EFAULT);
	short_put(fd, 1, 0, "third");
	short_take(fd, "urgent");
	short_take(fd, "first");
	short_take(fd, "second");
	short_take(fd, "third");
}

TEST(a_sleeper_with_a_bad_address_leaves_what_it_was_handed)
{
	int fd = QUEUE(.capacity = 4);
	pid_t child;

	CHILD(child)
		CHECK_ERRNO(TAKE(fd, .body = ptr(bad_address), .size = 64), EFAULT);
	wait_blocked_receivers(fd, 1);
	short_put(fd, 1, 0, "still here");
	child_join(child);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1, .bytes = 10);
	short_take(fd, "still here");
}

TEST(a_bad_address_where_nothing_goes_is_not_looked_at)
{
	int fd = QUEUE(.capacity = 4);

	CHECK_ERRNO(TAKE(fd, .body = ptr(bad_address), .size = 64, .flags = KMQ_DONTWAIT), EAGAIN);
	CHECK_OK(PUT(fd, .type = 1));
	CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(bad_address), .size = 64)), 0);
}

static long take_selected(int fd, __u32 select, __s64 type, char got[64])
{
	return TAKE(fd, .body = ptr(got), .size = 64, .flags = KMQ_DONTWAIT, .select = select, .type = type);
}

TEST(the_selection_is_that_of_RECEIVE)
{
	static const struct { __u32 select; __s64 type; const char *text; } steps[] = {
		{ KMQ_SELECT_EQUAL, 4, NULL },
		{ KMQ_SELECT_NOT_EQUAL, 5, "3a" },
		{ KMQ_SELECT_EQUAL, 5, "5 urgent" },	/* the best of all */
		{ KMQ_SELECT_EQUAL, 3, "3b" },		/* not the best */
		{ KMQ_SELECT_LOWEST, 1, NULL },
		{ KMQ_SELECT_LOWEST, INT64_MAX, "2" },
		{ KMQ_SELECT_NOT_EQUAL, 9, "5" },
		{ KMQ_SELECT_NOT_EQUAL, 7, NULL },
		{ KMQ_SELECT_ANY, 0, "7" },
		{ KMQ_SELECT_ANY, 0, NULL },
	};
	int fd = QUEUE(.capacity = 16);
	char got[64];

	short_put(fd, 5, 0, "5");
	short_put(fd, 3, 1, "3a");
	short_put(fd, 5, 2, "5 urgent");
	short_put(fd, 3, 0, "3b");
	short_put(fd, 7, 0, "7");
	short_put(fd, 2, 0, "2");
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		check_context("step %zu", i);
		if (steps[i].text)
			CHECK_TEXT(got, CHECK_OK(take_selected(fd, steps[i].select, steps[i].type, got)),
				   steps[i].text);
		else
			CHECK_ERRNO(take_selected(fd, steps[i].select, steps[i].type, got), EAGAIN);
	}
}

TEST(FILTER_is_the_filter_of_the_descriptor_and_ANY_is_not)
{
	int fd = QUEUE(.capacity = 4);
	char got[64];

	short_put(fd, 1, 0, "one");
	short_put(fd, 2, 0, "two");
	CHECK_OK(set_filter(fd, 0, KMQ_SELECT_EQUAL, 2));
	CHECK_TEXT(got, CHECK_OK(take_selected(fd, KMQ_SELECT_FILTER, 0, got)), "two");
	CHECK_ERRNO(take_selected(fd, KMQ_SELECT_FILTER, 0, got), EAGAIN);
	CHECK_ERRNO(take_selected(fd, KMQ_SELECT_FILTER, 2, got), EINVAL);
	CHECK_TEXT(got, CHECK_OK(take_selected(fd, KMQ_SELECT_ANY, 0, got)), "one");
}

TEST(a_sleeper_is_woken_by_the_type_it_asked_for_and_by_no_other)
{
	int fd = QUEUE(.capacity = 4);
	pid_t child;

	CHILD(child) {
		struct { __s64 type; char body[8]; } got;

		CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(&got), .size = 8, .flags = KMQ_HEAD_TYPE,
				       .select = KMQ_SELECT_EQUAL, .type = 8)), 5);
		CHECK_EQ(got.type, 8);
		CHECK_TEXT(got.body, 5, "eight");
	}
	wait_blocked_receivers(fd, 1);
	short_put(fd, 7, 0, "seven");
	CHECK_EQ(info_of(fd).blocked_receivers, 1);
	short_put(fd, 8, 0, "eight");
	child_join(child);
	short_take(fd, "seven");
}

TEST(a_peeked_message_stays_and_a_peek_never_sleeps)
{
	int fd = QUEUE(.capacity = 4);
	struct { __s64 type; char body[8]; } got;
	__u32 priority;

	CHECK_ERRNO(TAKE(fd, .body = ptr(&got), .size = 8, .flags = KMQ_PEEK), EAGAIN);
	short_put(fd, 6, 3, "seen");
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(&got), .size = 8, .flags = KMQ_PEEK | KMQ_HEAD_TYPE,
				       .priority = ptr(&priority))), 4);
		CHECK_EQ(got.type, 6);
		CHECK_TEXT(got.body, 4, "seen");
		CHECK_EQ(priority, 3);
	}
	CHECK_ERRNO(TAKE(fd, .body = ptr(&got), .size = 8, .flags = KMQ_PEEK, .select = KMQ_SELECT_EQUAL,
			 .type = 5), EAGAIN);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1, .bytes = 4);
}

static long look_at(int fd, __s64 position, char got[64])
{
	return TAKE(fd, .body = ptr(got), .size = 64, .flags = KMQ_PEEK, .select = KMQ_SELECT_POSITION,
		    .type = position);
}

static void expect_positions(int fd, const char *const *texts, int count)
{
	char got[64];

	for (int i = 0; i < count; i++)
		CHECK_TEXT(got, CHECK_OK(look_at(fd, i, got)), texts[i]);
	CHECK_ERRNO(look_at(fd, count, got), EAGAIN);
	CHECK_ERRNO(look_at(fd, count + 1, got), EAGAIN);
	CHECK_ERRNO(look_at(fd, INT64_MAX, got), EAGAIN);
}

TEST(positions_are_those_of_delivery_over_types_and_priorities)
{
	static const char *const texts[] = { "e", "b", "f", "a", "c", "d", "g" };
	int fd = QUEUE(.capacity = 16);

	expect_positions(fd, NULL, 0);
	short_put(fd, 9, 0, "a");
	short_put(fd, 2, 5, "b");
	short_put(fd, 1, 0, "c");
	short_put(fd, 9, 0, "d");
	short_put(fd, 2, KMQ_PRIORITY_MAX, "e");
	short_put(fd, 9, 5, "f");
	short_put(fd, 1, 0, "g");
	expect_positions(fd, texts, 7);
	EXPECT_LEDGER(fd, .sent = 7, .queued = 7, .bytes = 7);
	/* After a take all others are one nearer. */
	short_take(fd, "e");
	expect_positions(fd, texts + 1, 6);
	/* As is what came back. */
	CHECK_ERRNO(TAKE(fd, .body = ptr(bad_address), .size = 8, .select = KMQ_SELECT_EQUAL, .type = 1), EFAULT);
	expect_positions(fd, texts + 1, 6);
	for (int i = 1; i < 7; i++)
		short_take(fd, texts[i]);
}

TEST(a_position_with_too_little_room_is_EMSGSIZE)
{
	int fd = QUEUE(.capacity = 4);
	char got[8];

	short_put(fd, 1, 0, "a");
	short_put(fd, 1, 0, "longer");
	CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(got), .size = 1, .flags = KMQ_PEEK,
			       .select = KMQ_SELECT_POSITION)), 1);
	CHECK_ERRNO(TAKE(fd, .body = ptr(got), .size = 1, .flags = KMQ_PEEK, .select = KMQ_SELECT_POSITION,
			 .type = 1), EMSGSIZE);
	CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(got), .size = 1, .flags = KMQ_PEEK | KMQ_TRUNCATE,
			       .select = KMQ_SELECT_POSITION, .type = 1)), 1);
	CHECK_EQ(got[0], 'l');
}

TEST(told_not_to_sleep_by_flag_or_descriptor_is_EAGAIN)
{
	char name[KMQ_NAME_SIZE], body[8];
	int fd = NAMED(name, .capacity = 1), impatient = queue_open(name, O_RDWR | O_NONBLOCK);

	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .flags = KMQ_DONTWAIT), EAGAIN);
	CHECK_ERRNO(TAKE(impatient, .body = ptr(body), .size = 8), EAGAIN);
	CHECK_OK(PUT(impatient, BODY("full"), .type = 1));
	CHECK_ERRNO(PUT(fd, BODY("x"), .flags = KMQ_DONTWAIT, .type = 1), EAGAIN);
	CHECK_ERRNO(PUT(impatient, BODY("x"), .type = 1), EAGAIN);
	CHECK_EQ(info_of(fd).rejected, 2);
	CHECK_EQ(CHECK_OK(TAKE(impatient, .body = ptr(body), .size = 8)), 4);
}

TEST(both_sleep_until_the_other_comes)
{
	int fd = QUEUE(.capacity = 1);
	pid_t child;

	CHILD(child) {
		char got[8];

		CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(got), .size = 8)), 4);
		CHECK_TEXT(got, 4, "come");
	}
	wait_blocked_receivers(fd, 1);
	short_put(fd, 1, 0, "come");
	child_join(child);
	short_put(fd, 1, 0, "full");
	CHILD(child)
		CHECK_EQ(CHECK_OK(PUT(fd, BODY("late"), .type = 1)), 0);
	wait_blocked_senders(fd, 1);
	short_take(fd, "full");
	child_join(child);
	short_take(fd, "late");
}

TEST(policy_rules_PUT_as_it_rules_SEND)
{
	int fd = QUEUE(.capacity = 1, .policy = KMQ_POLICY_REJECT);
	struct received received;

	short_put(fd, 1, 0, "full");
	CHECK_ERRNO(PUT(fd, BODY("x"), .type = 1), EAGAIN);
	fd = QUEUE(.capacity = 1, .policy = KMQ_POLICY_DROP_NEWEST);
	short_put(fd, 1, 0, "kept");
	short_put(fd, 1, 0, "lost");
	short_take(fd, "kept");
	EXPECT_LEDGER(fd, .sent = 2, .received = 1, .dropped = 1);
	/* A TAKE does not tell of losses, so the next RECEIVE does. */
	short_put(fd, 1, 0, "next");
	CHECK_OK(receive_any(fd, KMQ_DONTWAIT, &received));
	CHECK_EQ(received.message.lost, 1);
	fd = QUEUE(.capacity = 1, .policy = KMQ_POLICY_DROP_OLDEST);
	short_put(fd, 1, 0, "lost");
	short_put(fd, 1, 0, "kept");
	short_take(fd, "kept");
}

TEST(TAKE_leaves_alone_what_the_descriptor_tells_of_read)
{
	int fd = QUEUE(.capacity = 4);

	short_put(fd, 1, 0, "read");
	short_put(fd, 1, 0, "taken by TAKE");
	expect_read(fd, "read");
	short_take(fd, "taken by TAKE");
	CHECK_EQ(descriptor_of(fd).last_size, 4);
}

TEST(a_deadline_that_has_passed_is_ETIMEDOUT_only_where_it_would_sleep)
{
	int fd = QUEUE(.capacity = 1);
	char body[8];

	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .deadline = 1), ETIMEDOUT);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .deadline = 1, .flags = KMQ_REALTIME), ETIMEDOUT);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .deadline = 1, .flags = KMQ_DONTWAIT), EAGAIN);
	CHECK_OK(PUT(fd, BODY("x"), .type = 1, .deadline = 1));
	CHECK_ERRNO(PUT(fd, BODY("x"), .type = 1, .deadline = 1), ETIMEDOUT);
	CHECK_ERRNO(PUT(fd, BODY("x"), .type = 1, .deadline = 1, .flags = KMQ_REALTIME), ETIMEDOUT);
	CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(body), .size = 8, .deadline = 1, .flags = KMQ_REALTIME)), 1);
}

TEST(a_deadline_is_waited_for)
{
	int fd = QUEUE(.capacity = 1);
	uint64_t deadline = after_ms(50);
	char body[8];

	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .deadline = deadline), ETIMEDOUT);
	CHECK(now() >= deadline);
	short_put(fd, 1, 0, "full");
	deadline = after_ms(50);
	CHECK_ERRNO(PUT(fd, BODY("x"), .type = 1, .deadline = deadline), ETIMEDOUT);
	CHECK(now() >= deadline);
}

static __u64 real_now(void)
{
	struct timespec time;

	CHECK_OK(clock_gettime(CLOCK_REALTIME, &time));
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

/* Sets the machine's clock, to where it would be but for @seconds. */
static void set_clock(int64_t offset, int seconds)
{
	__u64 time = now() + offset + (int64_t)seconds * 1000000000;
	struct timespec set = { .tv_sec = time / 1000000000, .tv_nsec = time % 1000000000 };

	CHECK_OK(clock_settime(CLOCK_REALTIME, &set));
}

/* A sleeper whose deadline is an hour off by @flags' clock; it ends with @code. */
static pid_t sleep_an_hour(int fd, bool sends, __u32 flags, int code)
{
	__u64 deadline = (flags & KMQ_REALTIME ? real_now() : now()) + HOUR * 1000000000ull;
	char body[8];
	pid_t child;

	CHILD(child) {
		if (sends)
			CHECK_ERRNO(PUT(fd, BODY("x"), .type = 1, .flags = flags, .deadline = deadline), code);
		else
			CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .flags = flags,
					 .deadline = deadline), code);
	}
	if (sends)
		wait_blocked_senders(fd, 1);
	else
		wait_blocked_receivers(fd, 1);
	wait_asleep(child);
	return child;
}

static void realtime_moves(int fd, bool sends)
{
	int64_t offset = real_now() - now();
	pid_t real = sleep_an_hour(fd, sends, KMQ_REALTIME, ETIMEDOUT);

	/* Back, and it is further away; forward, and it is over. */
	set_clock(offset, -2 * HOUR);
	wait_asleep(real);
	set_clock(offset, HOUR / 2);
	wait_asleep(real);
	set_clock(offset, 2 * HOUR);
	child_join(real);
	set_clock(offset, 0);
}

TEST(a_REALTIME_deadline_moves_as_the_clock_is_set)
{
	int fd = QUEUE(.capacity = 1);

	realtime_moves(fd, false);
	short_put(fd, 1, 0, "full");
	realtime_moves(fd, true);
	CHECK_EQ(info_of(fd).blocked_senders + info_of(fd).blocked_receivers, 0);
}

TEST(a_deadline_without_REALTIME_does_not)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 1);
	int64_t offset = real_now() - now();
	pid_t child = sleep_an_hour(fd, false, 0, EIDRM);

	set_clock(offset, 2 * HOUR);
	wait_asleep(child);
	set_clock(offset, 0);
	CHECK_OK(queue_remove(name));
	child_join(child);
}

/* TAKE from an empty queue and PUT into a full one: EINTR with @flags, @action. */
static void expect_interrupted(__u32 flags, int action)
{
	int fd = QUEUE(.capacity = 1);
	char body[8];
	pid_t child;

	CHILD(child) {
		handle(action);
		CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .flags = flags), EINTR);
	}
	wait_blocked_receivers(fd, 1);
	CHECK_OK(kill(child, SIGUSR1));
	child_join(child);
	short_put(fd, 1, 0, "full");
	CHILD(child) {
		handle(action);
		CHECK_ERRNO(PUT(fd, BODY("x"), .type = 1, .flags = flags), EINTR);
	}
	wait_blocked_senders(fd, 1);
	CHECK_OK(kill(child, SIGUSR1));
	child_join(child);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1, .bytes = 4);
	CHECK_EQ(*handled, 2);
	*handled = 0;
}

TEST(NO_RESTART_is_EINTR_with_SA_RESTART_and_without)
{
	share_count();
	expect_interrupted(KMQ_NO_RESTART, SA_RESTART);
	expect_interrupted(KMQ_NO_RESTART, 0);
	expect_interrupted(KMQ_NO_RESTART | KMQ_REALTIME, SA_RESTART);
}

TEST(without_NO_RESTART_it_is_EINTR_only_without_SA_RESTART)
{
	int fd = QUEUE(.capacity = 1);
	pid_t child;

	share_count();
	expect_interrupted(0, 0);
	CHILD(child) {
		char got[8];

		handle(SA_RESTART);
		CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(got), .size = 8)), 4);
	}
	wait_blocked_receivers(fd, 1);
	disturb(fd, child, 1);
	short_put(fd, 1, 0, "then");
	child_join(child);
}

static void stop_and_continue(pid_t child)
{
	int status;

	CHECK_OK(kill(child, SIGSTOP));
	CHECK_EQ(CHECK_OK(waitpid(child, &status, WUNTRACED)), child);
	CHECK(WIFSTOPPED(status));
	CHECK_OK(kill(child, SIGCONT));
}

TEST(with_NO_RESTART_to_be_stopped_and_continued_goes_unnoticed)
{
	int fd = QUEUE(.capacity = 1);
	pid_t child;

	CHILD(child) {
		char got[8];

		CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(got), .size = 8, .flags = KMQ_NO_RESTART)), 4);
	}
	wait_blocked_receivers(fd, 1);
	stop_and_continue(child);
	wait_blocked_receivers(fd, 1);
	wait_asleep(child);
	short_put(fd, 1, 0, "then");
	child_join(child);
	short_put(fd, 1, 0, "full");
	CHILD(child)
		CHECK_OK(PUT(fd, BODY("then"), .type = 1, .flags = KMQ_NO_RESTART));
	wait_blocked_senders(fd, 1);
	stop_and_continue(child);
	wait_blocked_senders(fd, 1);
	wait_asleep(child);
	short_take(fd, "full");
	child_join(child);
	short_take(fd, "then");
}

TEST(with_NO_RESTART_an_ignored_signal_goes_unnoticed)
{
	int fd = QUEUE(.capacity = 1);
	pid_t child;

	CHILD(child) {
		char got[8];

		signal(SIGUSR1, SIG_IGN);
		CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(got), .size = 8, .flags = KMQ_NO_RESTART)), 4);
	}
	wait_blocked_receivers(fd, 1);
	CHECK_OK(kill(child, SIGUSR1));
	wait_asleep(child);
	CHECK_EQ(info_of(fd).blocked_receivers, 1);
	short_put(fd, 1, 0, "then");
	child_join(child);
}

TEST(the_flags_of_PUT_and_TAKE_alone_are_EINVAL_elsewhere)
{
	static const __u32 flags[] = { KMQ_NO_RESTART, KMQ_REALTIME, KMQ_HEAD_TYPE, KMQ_HEAD_TYPE32,
				       KMQ_WHOLE_ROOM };
	int fd = QUEUE(.capacity = 4);
	struct received received;

	for (int i = 0; i < 5; i++) {
		CHECK_ERRNO(send_body(fd, flags[i], 1, 0, "x", 1), EINVAL);
		CHECK_ERRNO(receive_any(fd, flags[i] | KMQ_DONTWAIT, &received), EINVAL);
	}
	EXPECT_LEDGER(fd, );
}

TEST(a_ring_puts_and_takes_without_a_head)
{
	int fd = QUEUE(.kind = KMQ_KIND_RING, .ring_mode = KMQ_RING_MPMC);
	__u32 priority = 77, most = info_of(fd).max_message;
	char *body = malloc(most);

	CHECK(body);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .flags = KMQ_DONTWAIT), EAGAIN);
	CHECK_EQ(CHECK_OK(PUT(fd, BODY("record"), .type = 1)), 0);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 5), EMSGSIZE);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = most - 1, .flags = KMQ_WHOLE_ROOM), EMSGSIZE);
	CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(body), .size = most, .flags = KMQ_WHOLE_ROOM,
			       .priority = ptr(&priority))), 6);
	CHECK_TEXT(body, 6, "record");
	CHECK_EQ(priority, 0);
	CHECK_OK(PUT(fd, BODY("record"), .type = 1));
	CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(body), .size = 3, .flags = KMQ_TRUNCATE,
			       .select = KMQ_SELECT_ANY)), 3);
	CHECK_OK(PUT(fd, BODY("left"), .type = 1));
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .priority = ptr(bad_address)), EFAULT);
	CHECK_ERRNO(TAKE(fd, .body = ptr(bad_address), .size = 8), EFAULT);
	expect_read(fd, "left");
	free(body);
}

TEST(what_a_ring_does_not_have_is_EOPNOTSUPP_and_what_nobody_has_EINVAL)
{
	int fd = QUEUE(.kind = KMQ_KIND_RING, .ring_mode = KMQ_RING_MPMC);
	__s64 body[2] = { 1 };

	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 1, .type = 2), EOPNOTSUPP);
	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 1, .type = 1, .priority = 1), EOPNOTSUPP);
	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 1, .flags = KMQ_HEAD_TYPE), EOPNOTSUPP);
	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 1, .flags = KMQ_HEAD_TYPE32), EOPNOTSUPP);
	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 1, .type = 0), EINVAL);
	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = 1, .type = 1, .id = 1), EINVAL);
	CHECK_ERRNO(PUT(fd, .body = ptr(body), .size = ~0u, .type = 1), EMSGSIZE);
	CHECK_OK(PUT(fd, .body = ptr(body), .size = 1, .type = 1));
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .flags = KMQ_HEAD_TYPE), EOPNOTSUPP);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .flags = KMQ_PEEK), EOPNOTSUPP);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .select = KMQ_SELECT_EQUAL, .type = 1), EOPNOTSUPP);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .flags = KMQ_PEEK, .select = KMQ_SELECT_POSITION),
		    EOPNOTSUPP);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .select = KMQ_SELECT_POSITION), EINVAL);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .flags = KMQ_LEASE), EINVAL);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .id = 1), EINVAL);
	CHECK_EQ(CHECK_OK(TAKE(fd, .body = ptr(body), .size = 8)), 1);
}

TEST(on_a_ring_NO_RESTART_and_a_moving_deadline_are_the_same)
{
	int fd = QUEUE(.kind = KMQ_KIND_RING, .ring_mode = KMQ_RING_MPMC);
	char body[8];
	pid_t child;

	share_count();
	CHILD(child) {
		handle(SA_RESTART);
		CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .flags = KMQ_NO_RESTART), EINTR);
	}
	wait_blocked_receivers(fd, 1);
	wait_asleep(child);
	CHECK_OK(kill(child, SIGUSR1));
	child_join(child);
	CHECK_ERRNO(TAKE(fd, .body = ptr(body), .size = 8, .flags = KMQ_REALTIME, .deadline = 1), ETIMEDOUT);
	realtime_moves(fd, false);
}
