// SPDX-License-Identifier: GPL-2.0-only
/* Requests of libkmq-nl: what goes out, and what comes of each kind of answer. The kernel is tests/unit/nl/kernel.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "nl/kernel.h"

#define OFFSET_OF_FIRST	(NLMSG_HDRLEN + GENL_HDRLEN)

static struct wire wire;

/* ------------------------------------------------------------------------
 * Answers
 */

static void ack(uint32_t sequence)
{
	wire.size = 0;
	wire_error(&wire, 0, NLM_F_CAPPED, sequence);
	kernel_reply(&wire);
}

static void put_queue(uint32_t id, const char *name, uint16_t flags, uint32_t sequence)
{
	wire_begin_genl(&wire, KMQ_CMD_QUEUE_NEW, flags, sequence);
	wire_put_u32(&wire, KMQ_A_ID, id);
	wire_put_string(&wire, KMQ_A_NAME, name);
	wire_put_u64(&wire, KMQ_A_SENT, id * 10ull);
}

static void one_queue(uint32_t sequence)
{
	wire.size = 0;
	put_queue(7, "jobs", 0, sequence);
	kernel_reply(&wire);
	ack(sequence);
}

static void refuse(int error, uint16_t flags, uint32_t sequence)
{
	wire.size = 0;
	wire_error(&wire, -error, flags, sequence);
}

static void refused_with_a_reason(uint32_t sequence)
{
	refuse(ERANGE, NLM_F_CAPPED | NLM_F_ACK_TLVS, sequence);
	wire_put_string(&wire, NLMSGERR_ATTR_MSG, "that is too much");
	wire_put_u32(&wire, NLMSGERR_ATTR_OFFS, OFFSET_OF_FIRST + 12);
	kernel_reply(&wire);
}

static void refused_with_the_request_repeated(uint32_t sequence)
{
	uint32_t body = kernel.request.header.nlmsg_len - NLMSG_HDRLEN;

	refuse(ERANGE, NLM_F_ACK_TLVS, sequence);
	((struct nlmsgerr *)NLMSG_DATA(wire_header(&wire)))->msg = kernel.request.header;
	wire_bytes(&wire, kernel.request.bytes + NLMSG_HDRLEN, body);
	wire_put_string(&wire, NLMSGERR_ATTR_MSG, "that is too much");
	wire_put_u32(&wire, NLMSGERR_ATTR_OFFS, OFFSET_OF_FIRST + 12);
	kernel_reply(&wire);
}

static void refused_for_what_is_missing(uint32_t sequence)
{
	refuse(EINVAL, NLM_F_CAPPED | NLM_F_ACK_TLVS, sequence);
	wire_put_u32(&wire, NLMSGERR_ATTR_MISS_TYPE, KMQ_A_NAME);
	wire_put_string(&wire, NLMSGERR_ATTR_MSG, "a queue needs a name");
	kernel_reply(&wire);
}

static void refused_without_a_word(uint32_t sequence)
{
	refuse(EPERM, NLM_F_CAPPED, sequence);
	kernel_reply(&wire);
}

static void refused_at_no_attribute(uint32_t sequence)
{
	refuse(EINVAL, NLM_F_CAPPED | NLM_F_ACK_TLVS, sequence);
	wire_put_string(&wire, NLMSGERR_ATTR_MSG, "somewhere else");
	wire_put_u32(&wire, NLMSGERR_ATTR_OFFS, kernel.request.header.nlmsg_len - 2);
	kernel_reply(&wire);
}

static void refused_at_length(uint32_t sequence)
{
	char sentence[1000];

	memset(sentence, 'x', sizeof(sentence));
	refuse(EINVAL, NLM_F_CAPPED | NLM_F_ACK_TLVS, sequence);
	wire_put(&wire, NLMSGERR_ATTR_MSG, sentence, sizeof(sentence));
	kernel_reply(&wire);
}

static void refused_in_half_a_message(uint32_t sequence)
{
	int error = -EPERM;

	wire.size = 0;
	wire_begin(&wire, NLMSG_ERROR, 0, sequence);
	wire_bytes(&wire, &error, sizeof(error));
	kernel_reply(&wire);
}

static void nothing_at_all(uint32_t sequence)
{
}

static void half_a_queue(uint32_t sequence)
{
	wire.size = 0;
	wire_begin_genl(&wire, KMQ_CMD_QUEUE_NEW, 0, sequence);
	wire_put_string(&wire, KMQ_A_NAME, "jobs");
	kernel_reply(&wire);
	ack(sequence);
}

static void an_answer_to_another_before_it(uint32_t sequence)
{
	wire.size = 0;
	put_queue(3, "others", 0, sequence - 1);
	kernel_reply(&wire);
	refuse(EPERM, NLM_F_CAPPED, sequence + 1);
	kernel_reply(&wire);
	one_queue(sequence);
}

static void three_queues_in_two_datagrams(uint32_t sequence)
{
	wire.size = 0;
	put_queue(1, "one", NLM_F_MULTI, sequence);
	put_queue(2, "two", NLM_F_MULTI, sequence);
	kernel_reply(&wire);
	wire.size = 0;
	put_queue(3, "three", NLM_F_MULTI, sequence);
	wire_done(&wire, 0, 0, sequence);
	kernel_reply(&wire);
}

static void three_queues_while_others_came(uint32_t sequence)
{
	wire.size = 0;
	put_queue(1, "one", NLM_F_MULTI, sequence);
	put_queue(2, "two", NLM_F_MULTI | NLM_F_DUMP_INTR, sequence);
	kernel_reply(&wire);
	wire.size = 0;
	put_queue(3, "three", NLM_F_MULTI, sequence);
	wire_done(&wire, 0, 0, sequence);
	kernel_reply(&wire);
}

static void others_came_at_the_very_end(uint32_t sequence)
{
	wire.size = 0;
	put_queue(1, "one", NLM_F_MULTI, sequence);
	wire_done(&wire, 0, NLM_F_DUMP_INTR, sequence);
	kernel_reply(&wire);
}

static void a_dump_that_fails(uint32_t sequence)
{
	wire.size = 0;
	put_queue(1, "one", NLM_F_MULTI, sequence);
	wire_done(&wire, -ENOMEM, NLM_F_ACK_TLVS, sequence);
	wire_put_string(&wire, NLMSGERR_ATTR_MSG, "no memory for the rest");
	kernel_reply(&wire);
}

static void a_dump_with_a_bad_row(uint32_t sequence)
{
	wire.size = 0;
	put_queue(1, "one", NLM_F_MULTI, sequence);
	wire_begin_genl(&wire, KMQ_CMD_QUEUE_NEW, NLM_F_MULTI, sequence);
	put_queue(3, "three", NLM_F_MULTI, sequence);
	wire_done(&wire, 0, 0, sequence);
	kernel_reply(&wire);
}

static void a_dump_that_is_cut(uint32_t sequence)
{
	wire.size = 0;
	put_queue(1, "one", NLM_F_MULTI, sequence);
	put_queue(2, "two", NLM_F_MULTI, sequence);
	wire.size -= 4;
	kernel_reply(&wire);
	wire.size = 0;
	wire_done(&wire, 0, 0, sequence);
	kernel_reply(&wire);
}

/* More than any buffer that a program would bring, in one datagram. */
#define MANY	3000

static void many_queues_in_one_datagram(uint32_t sequence)
{
	wire.size = 0;
	for (uint32_t id = 1; id <= MANY; id++)
		put_queue(id, "a-name-that-is-longer-than-most", NLM_F_MULTI, sequence);
	kernel_reply(&wire);
	wire.size = 0;
	wire_done(&wire, 0, 0, sequence);
	kernel_reply(&wire);
}

static void two_holders(uint32_t sequence)
{
	wire.size = 0;
	wire_begin_genl(&wire, KMQ_CMD_HOLDER_GET, NLM_F_MULTI, sequence);
	wire_put_u32(&wire, KMQ_A_HOLDER, KMQ_HOLDER_DESCRIPTOR);
	wire_put_u32(&wire, KMQ_A_PID, 100);
	wire_begin_genl(&wire, KMQ_CMD_HOLDER_GET, NLM_F_MULTI, sequence);
	wire_put_u32(&wire, KMQ_A_HOLDER, KMQ_HOLDER_SLEEPER);
	wire_put_u32(&wire, KMQ_A_TID, 101);
	wire_done(&wire, 0, 0, sequence);
	kernel_reply(&wire);
}

/* ------------------------------------------------------------------------
 * What the request had
 */

static void assert_asked(uint8_t command, uint16_t flags)
{
	const struct genlmsghdr *genl = NLMSG_DATA(&kernel.request.header);

	assert_int_equal(kernel.requests, 1);
	assert_int_equal(genl->cmd, command);
	assert_int_equal(genl->version, KMQ_GENL_VERSION);
	assert_int_equal(kernel.request.header.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | flags);
}

static void assert_has(uint16_t attribute, const void *value, size_t size)
{
	const struct nlattr *found = wire_find(&kernel.request, attribute);

	assert_non_null(found);
	assert_int_equal(found->nla_len, NLA_HDRLEN + size);
	assert_memory_equal(found + 1, value, size);
}

static void assert_has_u32(uint16_t attribute, uint32_t value)
{
	assert_has(attribute, &value, sizeof(value));
}

/* Bytes of attributes. */
static size_t room_of_attributes(void)
{
	return kernel.request.header.nlmsg_len - OFFSET_OF_FIRST;
}

#define assert_fails(call, with) do { \
	errno = 0; \
	assert_int_equal(call, -1); \
	assert_int_equal(errno, with); \
} while (0)

/* ------------------------------------------------------------------------
 * One queue
 */

static void a_queue_is_asked_for_by_name(void **state)
{
	struct kmq_nl_queue queue;

	kernel.answer = one_queue;
	assert_int_equal(kmq_nl_get(kernel.nl, "jobs", 99, &queue, NULL), 0);
	assert_asked(KMQ_CMD_QUEUE_GET, 0);
	assert_has(KMQ_A_NAME, "jobs", 5);
	assert_int_equal(room_of_attributes(), 12);
	assert_int_equal(queue.info.id, 7);
	assert_string_equal(queue.info.name, "jobs");
	assert_int_equal(queue.info.sent, 70);
	assert_string_equal(kmq_nl_error(kernel.nl), "");
}

static void a_queue_is_asked_for_by_number(void **state)
{
	kernel.answer = one_queue;
	assert_int_equal(kmq_nl_get(kernel.nl, NULL, 7, NULL, NULL), 0);
	assert_has_u32(KMQ_A_ID, 7);
	assert_int_equal(room_of_attributes(), 8);
}

static void a_refusal_has_its_sentence_and_its_attribute(void **state)
{
	struct kmq_nl_settings settings = { .has = KMQ_NL_BIT(KMQ_A_CAPACITY), .capacity = 1 << 30 };

	kernel.answer = refused_with_a_reason;
	assert_fails(kmq_nl_set(kernel.nl, "jobs", 0, &settings), ERANGE);
	assert_string_equal(kmq_nl_error(kernel.nl), "that is too much");
	assert_int_equal(kmq_nl_error_attribute(kernel.nl), KMQ_A_CAPACITY);
}

static void reasons_are_found_behind_a_repeated_request(void **state)
{
	struct kmq_nl_settings settings = { .has = KMQ_NL_BIT(KMQ_A_CAPACITY), .capacity = 1 << 30 };

	kernel.answer = refused_with_the_request_repeated;
	assert_fails(kmq_nl_set(kernel.nl, "jobs", 0, &settings), ERANGE);
	assert_string_equal(kmq_nl_error(kernel.nl), "that is too much");
	assert_int_equal(kmq_nl_error_attribute(kernel.nl), KMQ_A_CAPACITY);
}

static void a_missing_attribute_is_named(void **state)
{
	kernel.answer = refused_for_what_is_missing;
	assert_fails(kmq_nl_remove(kernel.nl, NULL, 0), EINVAL);
	assert_string_equal(kmq_nl_error(kernel.nl), "a queue needs a name");
	assert_int_equal(kmq_nl_error_attribute(kernel.nl), KMQ_A_NAME);
}

static void a_refusal_without_a_word_says_what_errno_says(void **state)
{
	kernel.answer = refused_without_a_word;
	assert_fails(kmq_nl_remove(kernel.nl, "jobs", 0), EPERM);
	assert_string_equal(kmq_nl_error(kernel.nl), strerror(EPERM));
	assert_int_equal(kmq_nl_error_attribute(kernel.nl), 0);
}

static void a_place_that_is_no_attribute_is_none(void **state)
{
	kernel.answer = refused_at_no_attribute;
	assert_fails(kmq_nl_remove(kernel.nl, "jobs", 0), EINVAL);
	assert_string_equal(kmq_nl_error(kernel.nl), "somewhere else");
	assert_int_equal(kmq_nl_error_attribute(kernel.nl), 0);
}

static void a_sentence_without_an_end_gets_one(void **state)
{
	size_t length;

	kernel.answer = refused_at_length;
	assert_fails(kmq_nl_remove(kernel.nl, "jobs", 0), EINVAL);
	length = strlen(kmq_nl_error(kernel.nl));
	assert_in_range(length, 200, 999);
	assert_int_equal(strspn(kmq_nl_error(kernel.nl), "x"), length);
}

static void half_a_refusal_is_no_answer(void **state)
{
	kernel.answer = refused_in_half_a_message;
	assert_fails(kmq_nl_remove(kernel.nl, "jobs", 0), EBADMSG);
}

static void success_forgets_the_last_error(void **state)
{
	kernel.answer = refused_for_what_is_missing;
	assert_fails(kmq_nl_remove(kernel.nl, "jobs", 0), EINVAL);
	kernel.answer = ack;
	assert_int_equal(kmq_nl_remove(kernel.nl, "jobs", 0), 0);
	assert_string_equal(kmq_nl_error(kernel.nl), "");
	assert_int_equal(kmq_nl_error_attribute(kernel.nl), 0);
}

static void an_answer_that_was_lost_hangs_nobody(void **state)
{
	kernel.answer = nothing_at_all;
	assert_fails(kmq_nl_remove(kernel.nl, "jobs", 0), ENOBUFS);
	assert_string_equal(kmq_nl_error(kernel.nl), strerror(ENOBUFS));
}

static void a_failing_receive_is_told(void **state)
{
	kernel.answer = one_queue;
	kernel.failing = ENOBUFS;
	assert_fails(kmq_nl_get(kernel.nl, "jobs", 0, NULL, NULL), ENOBUFS);
}

static void an_acknowledgement_alone_is_no_queue(void **state)
{
	struct kmq_nl_queue queue, before;

	memset(&queue, 0xa5, sizeof(queue));
	before = queue;
	kernel.answer = ack;
	assert_fails(kmq_nl_get(kernel.nl, "jobs", 0, &queue, NULL), EBADMSG);
	kernel.answer = half_a_queue;
	assert_fails(kmq_nl_get(kernel.nl, "jobs", 0, &queue, NULL), EBADMSG);
	assert_memory_equal(&queue, &before, sizeof(queue));
}

static void answers_to_others_are_passed_over(void **state)
{
	struct kmq_nl_queue queue;

	kernel.answer = an_answer_to_another_before_it;
	assert_int_equal(kmq_nl_get(kernel.nl, "jobs", 0, &queue, NULL), 0);
	assert_string_equal(queue.info.name, "jobs");
}

static void what_another_process_sent_is_thrown_away(void **state)
{
	kernel.answer = one_queue;
	kernel.sender = 4711;
	assert_fails(kmq_nl_get(kernel.nl, "jobs", 0, NULL, NULL), ENOBUFS);
}

static void a_string_that_is_too_long_is_not_sent(void **state)
{
	char name[8192];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_fails(kmq_nl_remove(kernel.nl, name, 0), EINVAL);
	assert_string_equal(kmq_nl_error(kernel.nl), "a string is too long");
	assert_int_equal(kernel.requests, 0);
}

/* ------------------------------------------------------------------------
 * Settings
 */

static const struct kmq_nl_settings all_settings = {
	.kind = 1, .policy = 2, .lifetime = 3, .capacity = 4, .inline_size = 5, .max_message = 6,
	.byte_limit = 0x700000008ull, .mode = 9, .uid = 10, .gid = 11, .ring_mode = 12,
	.high_watermark = 13, .low_watermark = 14, .lease_limit = 15, .histogram = 16,
};

static void each_setting_has_its_attribute(void **state)
{
	static const struct {
		uint16_t attribute;
		uint32_t value;
	} expected[] = {
		{ KMQ_A_KIND, 1 }, { KMQ_A_POLICY, 2 }, { KMQ_A_LIFETIME, 3 }, { KMQ_A_CAPACITY, 4 },
		{ KMQ_A_INLINE_SIZE, 5 }, { KMQ_A_MAX_MESSAGE, 6 }, { KMQ_A_MODE, 9 }, { KMQ_A_UID, 10 },
		{ KMQ_A_GID, 11 }, { KMQ_A_RING_MODE, 12 }, { KMQ_A_HIGH_WATERMARK, 13 },
		{ KMQ_A_LOW_WATERMARK, 14 }, { KMQ_A_LEASE_LIMIT, 15 }, { KMQ_A_HISTOGRAM, 16 },
	};
	struct kmq_nl_settings settings = all_settings;

	kernel.answer = one_queue;
	for (size_t i = 0; i < COUNT(expected); i++) {
		settings.has = KMQ_NL_BIT(expected[i].attribute);
		assert_int_equal(kmq_nl_create(kernel.nl, "jobs", &settings, 0, NULL), 0);
		assert_has_u32(expected[i].attribute, expected[i].value);
		assert_int_equal(room_of_attributes(), 12 + 8);
	}
	settings.has = KMQ_NL_BIT(KMQ_A_BYTE_LIMIT);
	assert_int_equal(kmq_nl_create(kernel.nl, "jobs", &settings, 0, NULL), 0);
	assert_has(KMQ_A_BYTE_LIMIT, &all_settings.byte_limit, 8);
	assert_int_equal(room_of_attributes(), 12 + 12);
	assert_int_equal(kernel.request.header.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
}

static bool is_setting(unsigned int attribute)
{
	switch (attribute) {
	case KMQ_A_KIND ... KMQ_A_RING_MODE:
	case KMQ_A_HIGH_WATERMARK ... KMQ_A_HISTOGRAM:
		return true;
	default:
		return false;
	}
}

static void what_is_no_setting_is_not_sent(void **state)
{
	struct kmq_nl_settings settings = all_settings;

	for (unsigned int attribute = 0; attribute < 64; attribute++) {
		if (is_setting(attribute))
			continue;
		settings.has = KMQ_NL_BIT(KMQ_A_MODE) | KMQ_NL_BIT(attribute);
		assert_fails(kmq_nl_set(kernel.nl, "jobs", 0, &settings), EINVAL);
		assert_string_equal(kmq_nl_error(kernel.nl), "not a setting");
	}
	assert_int_equal(kernel.requests, 0);
}

static void a_queue_is_made_and_told(void **state)
{
	struct kmq_nl_queue queue;

	kernel.answer = one_queue;
	assert_int_equal(kmq_nl_create(kernel.nl, "jobs", NULL, KMQ_CREATE_EXCLUSIVE, &queue), 0);
	assert_asked(KMQ_CMD_QUEUE_NEW, NLM_F_EXCL);
	assert_has(KMQ_A_NAME, "jobs", 5);
	assert_int_equal(room_of_attributes(), 12);
	assert_int_equal(queue.info.id, 7);
}

static void a_queue_is_not_made_without_a_name_or_with_odd_flags(void **state)
{
	assert_fails(kmq_nl_create(kernel.nl, NULL, NULL, 0, NULL), EINVAL);
	assert_fails(kmq_nl_create(kernel.nl, "jobs", NULL, KMQ_CREATE_OPEN, NULL), EINVAL);
	assert_int_equal(kernel.requests, 0);
}

static void a_change_goes_by_name_or_number(void **state)
{
	struct kmq_nl_settings settings = { .has = KMQ_NL_BIT(KMQ_A_LEASE_LIMIT) };

	kernel.answer = ack;
	assert_int_equal(kmq_nl_set(kernel.nl, NULL, 7, &settings), 0);
	assert_asked(KMQ_CMD_QUEUE_SET, 0);
	assert_has_u32(KMQ_A_ID, 7);
	/* 0 is a value. */
	assert_has_u32(KMQ_A_LEASE_LIMIT, 0);
}

static void a_queue_is_removed_by_name_or_number(void **state)
{
	kernel.answer = ack;
	assert_int_equal(kmq_nl_remove(kernel.nl, NULL, 7), 0);
	assert_asked(KMQ_CMD_QUEUE_DEL, 0);
	assert_has_u32(KMQ_A_ID, 7);
}

/* ------------------------------------------------------------------------
 * Dumps
 */

struct seen {
	int count;
	int stop_after;
	int nested;
	uint32_t ids[MANY];
};

static int see(const struct kmq_nl_queue *queue, void *data)
{
	struct seen *seen = data;

	seen->ids[seen->count++] = queue->info.id;
	return seen->count == seen->stop_after;
}

static void a_dump_tells_each_queue_and_that_they_are_of_one_instant(void **state)
{
	struct seen seen = { .count = 0 };

	kernel.answer = three_queues_in_two_datagrams;
	assert_int_equal(kmq_nl_dump(kernel.nl, NULL, see, &seen), 0);
	assert_asked(KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
	assert_int_equal(room_of_attributes(), 0);
	assert_int_equal(seen.count, 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(seen.ids[i], i + 1);
}

static void an_interrupted_dump_says_so_and_tells_all_the_same(void **state)
{
	struct seen seen = { .count = 0 };

	kernel.answer = three_queues_while_others_came;
	assert_int_equal(kmq_nl_dump(kernel.nl, NULL, see, &seen), 1);
	assert_int_equal(seen.count, 3);
	seen.count = 0;
	kernel.answer = others_came_at_the_very_end;
	assert_int_equal(kmq_nl_dump(kernel.nl, NULL, see, &seen), 1);
	assert_int_equal(seen.count, 1);
	kernel.answer = three_queues_in_two_datagrams;
	seen.count = 0;
	assert_int_equal(kmq_nl_dump(kernel.nl, NULL, see, &seen), 0);
}

static void a_dump_is_narrowed_by_its_filter(void **state)
{
	struct kmq_nl_filter filter = {
		.has = KMQ_NL_BIT(KMQ_A_UID) | KMQ_NL_BIT(KMQ_A_KIND),
		.pattern = "job*", .uid = 0, .kind = KMQ_KIND_RING,
	};
	struct seen seen = { .count = 0 };

	kernel.answer = three_queues_in_two_datagrams;
	assert_int_equal(kmq_nl_dump(kernel.nl, &filter, see, &seen), 0);
	assert_has(KMQ_A_PATTERN, "job*", 5);
	assert_has_u32(KMQ_A_UID, 0);
	assert_has_u32(KMQ_A_KIND, KMQ_KIND_RING);
	assert_int_equal(room_of_attributes(), 12 + 8 + 8);

	filter = (struct kmq_nl_filter){ .pattern = NULL, .uid = 5 };
	assert_int_equal(kmq_nl_dump(kernel.nl, &filter, see, &seen), 0);
	assert_int_equal(room_of_attributes(), 0);
}

static void a_dump_that_fails_says_why(void **state)
{
	struct seen seen = { .count = 0 };

	kernel.answer = a_dump_that_fails;
	assert_fails(kmq_nl_dump(kernel.nl, NULL, see, &seen), ENOMEM);
	assert_string_equal(kmq_nl_error(kernel.nl), "no memory for the rest");
	assert_int_equal(seen.count, 1);
}

static void a_row_that_is_none_fails_the_dump(void **state)
{
	struct seen seen = { .count = 0 };

	kernel.answer = a_dump_with_a_bad_row;
	assert_fails(kmq_nl_dump(kernel.nl, NULL, see, &seen), EBADMSG);
	assert_int_equal(seen.count, 1);
	kernel.answer = a_dump_that_is_cut;
	assert_fails(kmq_nl_dump(kernel.nl, NULL, see, &seen), EBADMSG);
}

static void a_dump_can_be_stopped_and_leaves_the_handle_usable(void **state)
{
	struct seen seen = { .stop_after = 2 };

	kernel.answer = three_queues_in_two_datagrams;
	assert_fails(kmq_nl_dump(kernel.nl, NULL, see, &seen), ECANCELED);
	assert_int_equal(seen.count, 2);
	kernel.answer = one_queue;
	assert_int_equal(kmq_nl_get(kernel.nl, "jobs", 0, NULL, NULL), 0);
}

static int ask_in_between(const struct kmq_nl_queue *queue, void *data)
{
	struct seen *seen = data;

	seen->count++;
	assert_fails(kmq_nl_get(kernel.nl, "jobs", 0, NULL, NULL), EBUSY);
	assert_fails(kmq_nl_remove(kernel.nl, "jobs", 0), EBUSY);
	return 0;
}

static void a_request_within_a_dump_is_refused(void **state)
{
	struct seen seen = { .count = 0 };

	kernel.answer = three_queues_in_two_datagrams;
	assert_int_equal(kmq_nl_dump(kernel.nl, NULL, ask_in_between, &seen), 0);
	assert_int_equal(seen.count, 3);
	assert_int_equal(kernel.requests, 1);
}

static void a_datagram_longer_than_the_buffer_is_read_whole(void **state)
{
	static struct seen seen;

	kernel.answer = many_queues_in_one_datagram;
	seen.count = 0;
	assert_int_equal(kmq_nl_dump(kernel.nl, NULL, see, &seen), 0);
	assert_true(MANY * 64 > 4 * 32768);
	assert_int_equal(seen.count, MANY);
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(seen.ids[i], i + 1);
}

static void a_list_is_the_dump_as_an_array(void **state)
{
	struct kmq_nl_queue *queues = NULL;
	size_t count = 0;

	kernel.answer = many_queues_in_one_datagram;
	assert_int_equal(kmq_nl_list(kernel.nl, NULL, &queues, &count), 0);
	assert_int_equal(count, MANY);
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(queues[i].info.id, i + 1);
	free(queues);

	kernel.answer = three_queues_while_others_came;
	assert_int_equal(kmq_nl_list(kernel.nl, NULL, &queues, &count), 1);
	assert_int_equal(count, 3);
	assert_string_equal(queues[2].info.name, "three");
	free(queues);
}

static void a_list_that_fails_leaves_what_was_there(void **state)
{
	struct kmq_nl_queue *queues = (void *)16;
	size_t count = 99;

	kernel.answer = a_dump_that_fails;
	assert_fails(kmq_nl_list(kernel.nl, NULL, &queues, &count), ENOMEM);
	assert_ptr_equal(queues, (void *)16);
	assert_int_equal(count, 99);
}

static void a_list_without_memory_is_enomem(void **state)
{
	struct kmq_nl_queue *queues = (void *)16;
	size_t count = 99;

	kernel.answer = three_queues_in_two_datagrams;
	kernel.no_memory = true;
	assert_fails(kmq_nl_list(kernel.nl, NULL, &queues, &count), ENOMEM);
	assert_string_equal(kmq_nl_error(kernel.nl), strerror(ENOMEM));
	assert_ptr_equal(queues, (void *)16);
}

static int see_holder(const struct kmq_nl_holder *holder, void *data)
{
	struct kmq_nl_holder **next = data;

	*(*next)++ = *holder;
	return 0;
}

static void holders_are_asked_for_and_told(void **state)
{
	struct kmq_nl_holder holders[3], *next = holders;

	kernel.answer = two_holders;
	assert_int_equal(kmq_nl_holders(kernel.nl, "jobs", 0, see_holder, &next), 0);
	assert_asked(KMQ_CMD_HOLDER_GET, NLM_F_DUMP);
	assert_has(KMQ_A_NAME, "jobs", 5);
	assert_int_equal(next - holders, 2);
	assert_int_equal(holders[0].holder, KMQ_HOLDER_DESCRIPTOR);
	assert_int_equal(holders[0].pid, 100);
	assert_int_equal(holders[1].holder, KMQ_HOLDER_SLEEPER);
	assert_int_equal(holders[1].tid, 101);
}

/* ------------------------------------------------------------------------
 * Handles
 */

static void closing_keeps_errno_and_takes_null(void **state)
{
	errno = E2BIG;
	kmq_nl_close(NULL);
	/* Not a descriptor: close(2) fails. */
	kmq_nl_close(libkmq_nl_on(1 << 30, -1, FAMILY));
	assert_int_equal(errno, E2BIG);
}

static void without_the_module_there_is_no_handle(void **state)
{
	if (!access("/sys/module/kmq", F_OK)) {
		print_message("# skipped: the module is loaded\n");
		skip();
	}
	errno = 0;
	assert_null(kmq_nl_open());
	if (errno == EPROTONOSUPPORT || errno == EAFNOSUPPORT) {
		print_message("# skipped: no netlink here\n");
		skip();
	}
	assert_int_equal(errno, ENODEV);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, kernel_begin, kernel_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_queue_is_asked_for_by_name),
		TEST(a_queue_is_asked_for_by_number),
		TEST(a_refusal_has_its_sentence_and_its_attribute),
		TEST(reasons_are_found_behind_a_repeated_request),
		TEST(a_missing_attribute_is_named),
		TEST(a_refusal_without_a_word_says_what_errno_says),
		TEST(a_place_that_is_no_attribute_is_none),
		TEST(a_sentence_without_an_end_gets_one),
		TEST(half_a_refusal_is_no_answer),
		TEST(success_forgets_the_last_error),
		TEST(an_answer_that_was_lost_hangs_nobody),
		TEST(a_failing_receive_is_told),
		TEST(an_acknowledgement_alone_is_no_queue),
		TEST(answers_to_others_are_passed_over),
		TEST(what_another_process_sent_is_thrown_away),
		TEST(a_string_that_is_too_long_is_not_sent),
		TEST(each_setting_has_its_attribute),
		TEST(what_is_no_setting_is_not_sent),
		TEST(a_queue_is_made_and_told),
		TEST(a_queue_is_not_made_without_a_name_or_with_odd_flags),
		TEST(a_change_goes_by_name_or_number),
		TEST(a_queue_is_removed_by_name_or_number),
		TEST(a_dump_tells_each_queue_and_that_they_are_of_one_instant),
		TEST(an_interrupted_dump_says_so_and_tells_all_the_same),
		TEST(a_dump_is_narrowed_by_its_filter),
		TEST(a_dump_that_fails_says_why),
		TEST(a_row_that_is_none_fails_the_dump),
		TEST(a_dump_can_be_stopped_and_leaves_the_handle_usable),
		TEST(a_request_within_a_dump_is_refused),
		TEST(a_datagram_longer_than_the_buffer_is_read_whole),
		TEST(a_list_is_the_dump_as_an_array),
		TEST(a_list_that_fails_leaves_what_was_there),
		TEST(a_list_without_memory_is_enomem),
		TEST(holders_are_asked_for_and_told),
		cmocka_unit_test(closing_keeps_errno_and_takes_null),
		cmocka_unit_test(without_the_module_there_is_no_handle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
