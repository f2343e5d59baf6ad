// SPDX-License-Identifier: GPL-2.0-only
/* What libkmq-nl makes of messages of the kernel, and of what is none. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "internal.h"
#include "nl/wire.h"

/* An attribute, and where the library puts it. */
struct known {
	uint16_t attribute;
	uint16_t size;
	size_t offset;
};

#define KNOWN(attribute, structure, member) \
	{ attribute, sizeof(((struct structure *)0)->member), offsetof(struct structure, member) }
#define Q(attribute, member)	KNOWN(KMQ_A_##attribute, kmq_nl_queue, member)
#define H(attribute, member)	KNOWN(KMQ_A_##attribute, kmq_nl_holder, member)
#define E(attribute, member)	KNOWN(KMQ_A_##attribute, kmq_nl_event, member)

static const struct known queue_numbers[] = {
	Q(ID, info.id), Q(KIND, info.kind), Q(POLICY, info.policy), Q(LIFETIME, info.lifetime),
	Q(CAPACITY, info.capacity), Q(INLINE_SIZE, info.inline_size), Q(MAX_MESSAGE, info.max_message),
	Q(BYTE_LIMIT, info.byte_limit), Q(MODE, info.mode), Q(UID, info.uid), Q(GID, info.gid),
	Q(RING_MODE, info.ring_mode), Q(CREATED, info.created), Q(CREATOR_UID, creator_uid),
	Q(CREATOR_PID, creator_pid), Q(HIGH_WATERMARK, high_watermark), Q(LOW_WATERMARK, low_watermark),
	Q(LEASE_LIMIT, lease_limit), Q(HISTOGRAM, histogram), Q(BYTES, info.bytes),
	Q(QUEUED, info.queued), Q(LEASED, info.leased), Q(SENT, info.sent), Q(RECEIVED, info.received),
	Q(DROPPED, info.dropped), Q(PURGED, info.purged), Q(RETURNED, info.returned),
	Q(REJECTED, info.rejected), Q(CALLS, info.calls), Q(REPLIES, info.replies), Q(PEAK, info.peak),
	Q(ABANDONED, info.abandoned), Q(BLOCKED_SENDERS, info.blocked_senders),
	Q(BLOCKED_RECEIVERS, info.blocked_receivers), Q(BLOCKED_CALLERS, info.blocked_callers),
	Q(DESCRIPTORS, info.descriptors), Q(ATTACHMENTS, info.attachments), Q(DEATHS, info.deaths),
	Q(RING_FLAGS, info.ring_flags), Q(LAST_SEND, last_send), Q(LAST_RECEIVE, last_receive),
	Q(LAST_CHANGE, last_change), Q(LAST_SEND_PID, last_send_pid), Q(LAST_RECEIVE_PID, last_receive_pid),
	Q(SPACE, space), Q(CREATOR_GID, creator_gid), Q(NOTIFY_PID, notify_pid),
};

static const struct known holder_numbers[] = {
	H(HOLDER, holder), H(PID, pid), H(TID, tid), H(ACCESS, access), H(LEASES, leases),
	H(ATTACHMENT, attachment), H(SLEEP, sleep), H(SINCE, since),
};

static const struct known event_numbers[] = {
	E(EVENT, event), E(ID, id), E(KIND, kind), E(UID, uid), E(GID, gid), E(PID, pid),
	E(EVENT_SEQUENCE, sequence), E(TIME, time), E(COUNT, count), E(LOST, lost),
};

static struct wire wire;

static int begin(void **state)
{
	wire.size = 0;
	wire_begin_genl(&wire, KMQ_CMD_QUEUE_GET, 0, 1);
	return 0;
}

/* Parsed from a copy that ends where the message ends, so that no byte behind it is read unseen. */
static int parse_exact(int (*parse)(const struct nlmsghdr *header, void *to), void *to)
{
	struct nlmsghdr *header = wire_header(&wire);
	void *copy = malloc(header->nlmsg_len);
	int error;

	assert_non_null(copy);
	memcpy(copy, header, header->nlmsg_len);
	error = parse(copy, to);
	free(copy);
	return error;
}

static int queue(const struct nlmsghdr *header, void *to) { return libkmq_nl_parse_queue(header, to); }
static int holder(const struct nlmsghdr *header, void *to) { return libkmq_nl_parse_holder(header, to); }
static int event(const struct nlmsghdr *header, void *to) { return libkmq_nl_parse_event(header, to); }
static int histograms(const struct nlmsghdr *header, void *to) { return libkmq_nl_parse_histograms(header, to); }

/* A value of its own for each, in all bytes. */
static uint64_t value_of(const struct known *known)
{
	uint64_t value = known->attribute * 0x0101010101010101ull ^ 0x8000000080000000ull;

	return known->size == 4 ? (uint32_t)value : value;
}

static void put_all(const struct known *known, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = value_of(&known[i]);

		wire_put(&wire, known[i].attribute, &value, known[i].size);
	}
}

static void check_all(const struct known *known, size_t count, const void *parsed)
{
	uint64_t has = 0, found;

	for (size_t i = 0; i < count; i++) {
		found = 0;
		memcpy(&found, (const char *)parsed + known[i].offset, known[i].size);
		assert_int_equal(found, value_of(&known[i]));
		if (known[i].attribute < 64)
			has |= KMQ_NL_BIT(known[i].attribute);
	}
	assert_int_equal(*(const uint64_t *)parsed, has);
}

static void every_number_of_a_queue_comes_to_its_member(void **state)
{
	struct kmq_nl_queue parsed;

	put_all(queue_numbers, COUNT(queue_numbers));
	memset(&parsed, 0xa5, sizeof(parsed));
	assert_int_equal(parse_exact(queue, &parsed), 0);
	check_all(queue_numbers, COUNT(queue_numbers), &parsed);
	assert_string_equal(parsed.info.name, "");
	assert_int_equal(parsed.has_more, KMQ_NL_BIT_MORE(KMQ_A_SPACE) | KMQ_NL_BIT_MORE(KMQ_A_CREATOR_GID) |
			 KMQ_NL_BIT_MORE(KMQ_A_NOTIFY_PID));
	for (size_t i = 0; i < COUNT(parsed.reserved); i++)
		assert_int_equal(parsed.reserved[i], 0);
}

static void every_number_of_a_holder_comes_to_its_member(void **state)
{
	struct kmq_nl_holder parsed;

	put_all(holder_numbers, COUNT(holder_numbers));
	memset(&parsed, 0xa5, sizeof(parsed));
	assert_int_equal(parse_exact(holder, &parsed), 0);
	check_all(holder_numbers, COUNT(holder_numbers), &parsed);
	assert_string_equal(parsed.comm, "");
}

static void every_number_of_an_event_comes_to_its_member(void **state)
{
	struct kmq_nl_event parsed;

	put_all(event_numbers, COUNT(event_numbers));
	memset(&parsed, 0xa5, sizeof(parsed));
	assert_int_equal(parse_exact(event, &parsed), 0);
	check_all(event_numbers, COUNT(event_numbers), &parsed);
	assert_string_equal(parsed.name, "");
}

static void names_come_with_a_nul_and_without(void **state)
{
	struct kmq_nl_queue parsed;
	struct kmq_nl_holder held;

	wire_put_u32(&wire, KMQ_A_ID, 7);
	wire_put_string(&wire, KMQ_A_NAME, "jobs");
	assert_int_equal(parse_exact(queue, &parsed), 0);
	assert_string_equal(parsed.info.name, "jobs");
	assert_true(parsed.has & KMQ_NL_BIT(KMQ_A_NAME));

	begin(NULL);
	wire_put_u32(&wire, KMQ_A_ID, 7);
	wire_put(&wire, KMQ_A_NAME, "abcdefghijklmnopqrstuvwxyz01234", 31);
	assert_int_equal(parse_exact(queue, &parsed), 0);
	assert_string_equal(parsed.info.name, "abcdefghijklmnopqrstuvwxyz01234");

	begin(NULL);
	wire_put_u32(&wire, KMQ_A_HOLDER, KMQ_HOLDER_SLEEPER);
	wire_put_string(&wire, KMQ_A_COMM, "worker");
	assert_int_equal(parse_exact(holder, &held), 0);
	assert_string_equal(held.comm, "worker");
}

static void a_name_that_does_not_fit_is_refused(void **state)
{
	struct kmq_nl_queue parsed;

	wire_put_u32(&wire, KMQ_A_ID, 7);
	wire_put(&wire, KMQ_A_NAME, "abcdefghijklmnopqrstuvwxyz012345", 32);
	assert_int_equal(parse_exact(queue, &parsed), EBADMSG);
}

static void what_is_missing_is_zero_and_not_claimed(void **state)
{
	struct kmq_nl_queue parsed, expected = { .has = KMQ_NL_BIT(KMQ_A_ID), .info.id = 7 };

	wire_put_u32(&wire, KMQ_A_ID, 7);
	memset(&parsed, 0xa5, sizeof(parsed));
	assert_int_equal(parse_exact(queue, &parsed), 0);
	assert_memory_equal(&parsed, &expected, sizeof(parsed));
}

static void what_must_be_there_and_is_not_is_refused(void **state)
{
	struct kmq_nl_queue parsed;
	struct kmq_nl_holder held;
	struct kmq_nl_event happened;

	wire_put_string(&wire, KMQ_A_NAME, "jobs");
	wire_put_u32(&wire, KMQ_A_PID, 1);
	assert_int_equal(parse_exact(queue, &parsed), EBADMSG);
	assert_int_equal(parse_exact(holder, &held), EBADMSG);
	assert_int_equal(parse_exact(event, &happened), EBADMSG);
}

static void attributes_of_a_younger_kernel_are_passed_over(void **state)
{
	struct kmq_nl_queue parsed;

	wire_put(&wire, KMQ_A_PAD, NULL, 0);
	wire_put_u64(&wire, KMQ_A_MAX + 1, ~0ull);
	wire_put(&wire, 0x3fff, "odd", 3);
	/* Known, but not a queue's. */
	wire_put_u32(&wire, KMQ_A_EVENT, 3);
	wire_put_u32(&wire, KMQ_A_ID, 7);
	assert_int_equal(parse_exact(queue, &parsed), 0);
	assert_int_equal(parsed.has, KMQ_NL_BIT(KMQ_A_ID));
	assert_int_equal(parsed.info.id, 7);
}

static void a_number_of_a_wrong_length_is_refused(void **state)
{
	static const char zeroes[16];
	struct kmq_nl_queue parsed;

	for (size_t i = 0; i < COUNT(queue_numbers); i++) {
		for (size_t size = 0; size <= 12; size++) {
			begin(NULL);
			wire_put_u32(&wire, KMQ_A_ID, 7);
			wire_put(&wire, queue_numbers[i].attribute, zeroes, size);
			assert_int_equal(parse_exact(queue, &parsed),
					 size == queue_numbers[i].size ? 0 : EBADMSG);
		}
	}
}

static int key(const struct nlmsghdr *header, void *to) { return libkmq_nl_parse_key(header, to); }

/* A key is bytes: a NUL in it is one of them. */
static void a_key_comes_with_all_its_bytes(void **state)
{
	static const char sysv[] = { 0, 1, 0, '\xff' };
	struct kmq_nl_queue parsed;
	struct kmq_nl_key found;

	wire_put_u32(&wire, KMQ_A_ID, 7);
	wire_put_u32(&wire, KMQ_A_SPACE, KMQ_SPACE_SYSV);
	wire_put(&wire, KMQ_A_KEY, sysv, sizeof(sysv));
	memset(&parsed, 0xa5, sizeof(parsed));
	assert_int_equal(parse_exact(queue, &parsed), 0);
	assert_int_equal(parsed.space, KMQ_SPACE_SYSV);
	assert_int_equal(parsed.key_size, sizeof(sysv));
	assert_int_equal(parsed.has_more, KMQ_NL_BIT_MORE(KMQ_A_SPACE) | KMQ_NL_BIT_MORE(KMQ_A_KEY));
	memset(&found, 0xa5, sizeof(found));
	assert_int_equal(parse_exact(key, &found), 0);
	assert_int_equal(found.space, KMQ_SPACE_SYSV);
	assert_int_equal(found.size, sizeof(sysv));
	assert_memory_equal(found.bytes, sysv, sizeof(sysv));
	assert_int_equal(found.bytes[sizeof(sysv)], 0);
	assert_int_equal(found.has_more, parsed.has_more);
}

static void a_key_that_does_not_fit_is_refused(void **state)
{
	char bytes[KMQ_KEY_MAX + 1];
	struct kmq_nl_queue parsed;
	struct kmq_nl_key found;

	memset(bytes, 'k', sizeof(bytes));
	for (size_t size = KMQ_KEY_MAX; size <= KMQ_KEY_MAX + 1; size++) {
		begin(NULL);
		wire_put_u32(&wire, KMQ_A_ID, 7);
		wire_put(&wire, KMQ_A_KEY, bytes, size);
		assert_int_equal(parse_exact(queue, &parsed), size == KMQ_KEY_MAX ? 0 : EBADMSG);
		assert_int_equal(parse_exact(key, &found), size == KMQ_KEY_MAX ? 0 : EBADMSG);
		assert_int_equal(found.size, size == KMQ_KEY_MAX ? size : 0);
		assert_int_equal(found.bytes[KMQ_KEY_MAX], 0);
	}
}

/* 0 is a process that cannot be seen; nobody is none at all. */
static void who_is_to_be_notified_may_be_out_of_sight(void **state)
{
	static const uint64_t show[] = { 1, 0x1122334455667788 };
	struct kmq_nl_queue parsed;

	wire_put_u32(&wire, KMQ_A_ID, 7);
	wire_put_u32(&wire, KMQ_A_NOTIFY_PID, 0);
	wire_put(&wire, KMQ_A_NOTIFY_SHOW, show, sizeof(show));
	assert_int_equal(parse_exact(queue, &parsed), 0);
	assert_true(parsed.has_more & KMQ_NL_BIT_MORE(KMQ_A_NOTIFY_PID));
	assert_int_equal(parsed.notify_pid, 0);
	assert_memory_equal(parsed.notify_show, show, sizeof(show));

	begin(NULL);
	wire_put_u32(&wire, KMQ_A_ID, 7);
	wire_put(&wire, KMQ_A_NOTIFY_SHOW, show, sizeof(show) - 1);
	assert_int_equal(parse_exact(queue, &parsed), EBADMSG);
}

static void a_histogram_has_all_its_buckets(void **state)
{
	struct kmq_nl_histograms parsed;
	uint64_t buckets[KMQ_HISTOGRAM_BUCKETS + 1];

	for (unsigned int i = 0; i < COUNT(buckets); i++)
		buckets[i] = i * 1000000007ull;
	wire_put(&wire, KMQ_A_TIME_BLOCKED, buckets, sizeof(uint64_t) * KMQ_HISTOGRAM_BUCKETS);
	assert_int_equal(parse_exact(histograms, &parsed), 0);
	assert_int_equal(parsed.has, KMQ_NL_BIT(KMQ_A_TIME_BLOCKED));
	assert_memory_equal(&parsed.blocked, buckets, sizeof(parsed.blocked));
	for (unsigned int i = 0; i < KMQ_HISTOGRAM_BUCKETS; i++)
		assert_int_equal(parsed.queued.bucket[i], 0);

	begin(NULL);
	wire_put(&wire, KMQ_A_TIME_QUEUED, buckets, sizeof(uint64_t) * (KMQ_HISTOGRAM_BUCKETS - 1));
	assert_int_equal(parse_exact(histograms, &parsed), EBADMSG);
	begin(NULL);
	wire_put(&wire, KMQ_A_TIME_QUEUED, buckets, sizeof(buckets));
	assert_int_equal(parse_exact(histograms, &parsed), EBADMSG);
}

static void a_message_that_is_cut_inside_an_attribute_is_refused(void **state)
{
	struct kmq_nl_queue parsed;
	uint32_t whole;

	wire_put_u32(&wire, KMQ_A_ID, 7);
	whole = wire_header(&wire)->nlmsg_len;
	wire_put_u64(&wire, KMQ_A_SENT, 1);
	for (uint32_t length = wire_header(&wire)->nlmsg_len - 1; length >= NLMSG_HDRLEN; length--) {
		wire_header(&wire)->nlmsg_len = length;
		assert_int_equal(parse_exact(queue, &parsed), length == whole ? 0 : EBADMSG);
	}
}

static void an_attribute_that_lies_about_its_length_is_refused(void **state)
{
	struct kmq_nl_queue parsed;
	struct nlattr *last;

	wire_put_u32(&wire, KMQ_A_ID, 7);
	last = (struct nlattr *)(void *)(wire.data + wire.size);
	wire_put_u64(&wire, KMQ_A_SENT, 1);
	for (unsigned int length = 0; length < 0x10000; length++) {
		last->nla_len = (uint16_t)length;
		assert_int_equal(parse_exact(queue, &parsed), length == 12 ? 0 : EBADMSG);
	}
}

static void noise_is_refused_or_parsed_but_never_overruns(void **state)
{
	union {
		struct kmq_nl_queue queue;
		struct kmq_nl_holder holder;
		struct kmq_nl_event event;
		struct kmq_nl_histograms histograms;
	} parsed;
	uint32_t random = 20261121;
	size_t size;

	for (int round = 0; round < 20000; round++) {
		begin(NULL);
		size = round % 61;
		for (size_t i = 0; i < size; i++) {
			random = random * 1664525 + 1013904223;
			/* Small numbers mostly: lengths and types that could be. */
			wire.data[wire.size++] = (char)(random >> 30 ? (random >> 16) % 70 * (i % 2 == 0) : random >> 24);
		}
		wire_header(&wire)->nlmsg_len = (uint32_t)wire.size;
		parse_exact(queue, &parsed);
		parse_exact(holder, &parsed);
		parse_exact(event, &parsed);
		parse_exact(histograms, &parsed);
	}
}

/* As the kernel's header says it: bucket n from 2^(n+9), but the first and the last. */
static void the_bounds_of_the_buckets_leave_no_gap(void **state)
{
	uint64_t lowest, highest, next = 0;

	for (unsigned int i = 0; i < KMQ_HISTOGRAM_BUCKETS; i++) {
		assert_int_equal(kmq_nl_histogram_bounds(i, &lowest, &highest), 0);
		assert_int_equal(lowest, next);
		next = highest + 1;
	}
	assert_int_equal(next, 0);
	assert_int_equal(kmq_nl_histogram_bounds(1, &lowest, &highest), 0);
	assert_int_equal(lowest, 1 << 10);
	assert_int_equal(highest, (1 << 11) - 1);
	errno = 0;
	assert_int_equal(kmq_nl_histogram_bounds(KMQ_HISTOGRAM_BUCKETS, &lowest, &highest), -1);
	assert_int_equal(errno, EINVAL);
}

static void percentiles_are_the_upper_bound_of_their_bucket(void **state)
{
	struct kmq_nl_histogram histogram = { .bucket = { [0] = 50, [3] = 40, [10] = 9, [31] = 1 } };
	static const struct kmq_nl_histogram empty;

	assert_int_equal(kmq_nl_histogram_total(&histogram), 100);
	assert_int_equal(kmq_nl_histogram_percentile(&histogram, 0), 1023);
	assert_int_equal(kmq_nl_histogram_percentile(&histogram, 50), 1023);
	assert_int_equal(kmq_nl_histogram_percentile(&histogram, 50.5), (1 << 13) - 1);
	assert_int_equal(kmq_nl_histogram_percentile(&histogram, 90), (1 << 13) - 1);
	assert_int_equal(kmq_nl_histogram_percentile(&histogram, 99), (1 << 20) - 1);
	assert_int_equal(kmq_nl_histogram_percentile(&histogram, 99.9), UINT64_MAX);
	assert_int_equal(kmq_nl_histogram_percentile(&histogram, 200), UINT64_MAX);
	assert_int_equal(kmq_nl_histogram_percentile(&histogram, -1), 1023);
	assert_int_equal(kmq_nl_histogram_percentile(&empty, 50), 0);
}

static void names_and_values_of_events_go_both_ways(void **state)
{
	for (uint32_t i = 0; i <= KMQ_EVENT_MAX; i++)
		assert_int_equal(kmq_event_value(kmq_event_name(i)), i);
	assert_string_equal(kmq_event_name(KMQ_EVENT_LEASE_OVERDUE), "lease-overdue");
	assert_null(kmq_event_name(KMQ_EVENT_MAX + 1));
	errno = 0;
	assert_int_equal(kmq_event_value("fulll"), -1);
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_int_equal(kmq_event_value(NULL), -1);
	assert_int_equal(errno, EINVAL);
}

static void names_of_attributes_go_both_ways(void **state)
{
	for (unsigned int i = KMQ_A_ID; i <= KMQ_A_MAX; i++)
		assert_int_equal(kmq_nl_attribute_value(kmq_nl_attribute_name(i)), i);
	assert_string_equal(kmq_nl_attribute_name(KMQ_A_LOW_WATERMARK), "low-watermark");
	assert_null(kmq_nl_attribute_name(KMQ_A_UNSPEC));
	assert_null(kmq_nl_attribute_name(KMQ_A_PAD));
	assert_null(kmq_nl_attribute_name(KMQ_A_MAX + 1));
	assert_int_equal(kmq_nl_attribute_value("colour"), -1);
}

static void holders_and_sleeps_have_names(void **state)
{
	assert_string_equal(kmq_holder_name(KMQ_HOLDER_DESCRIPTOR), "descriptor");
	assert_string_equal(kmq_holder_name(KMQ_HOLDER_MAPPING), "mapping");
	assert_string_equal(kmq_holder_name(KMQ_HOLDER_SLEEPER), "sleeper");
	assert_null(kmq_holder_name(KMQ_HOLDER_SLEEPER + 1));
	assert_string_equal(kmq_sleep_name(KMQ_SLEEP_SEND), "send");
	assert_string_equal(kmq_sleep_name(KMQ_SLEEP_RECEIVE), "receive");
	assert_string_equal(kmq_sleep_name(KMQ_SLEEP_CALL), "call");
	assert_null(kmq_sleep_name(KMQ_SLEEP_CALL + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_number_of_a_queue_comes_to_its_member, begin),
		cmocka_unit_test_setup(every_number_of_a_holder_comes_to_its_member, begin),
		cmocka_unit_test_setup(every_number_of_an_event_comes_to_its_member, begin),
		cmocka_unit_test_setup(names_come_with_a_nul_and_without, begin),
		cmocka_unit_test_setup(a_name_that_does_not_fit_is_refused, begin),
		cmocka_unit_test_setup(what_is_missing_is_zero_and_not_claimed, begin),
		cmocka_unit_test_setup(what_must_be_there_and_is_not_is_refused, begin),
		cmocka_unit_test_setup(attributes_of_a_younger_kernel_are_passed_over, begin),
		cmocka_unit_test_setup(a_number_of_a_wrong_length_is_refused, begin),
		cmocka_unit_test_setup(a_key_comes_with_all_its_bytes, begin),
		cmocka_unit_test_setup(a_key_that_does_not_fit_is_refused, begin),
		cmocka_unit_test_setup(who_is_to_be_notified_may_be_out_of_sight, begin),
		cmocka_unit_test_setup(a_histogram_has_all_its_buckets, begin),
		cmocka_unit_test_setup(a_message_that_is_cut_inside_an_attribute_is_refused, begin),
		cmocka_unit_test_setup(an_attribute_that_lies_about_its_length_is_refused, begin),
		cmocka_unit_test_setup(noise_is_refused_or_parsed_but_never_overruns, begin),
		cmocka_unit_test(the_bounds_of_the_buckets_leave_no_gap),
		cmocka_unit_test(percentiles_are_the_upper_bound_of_their_bucket),
		cmocka_unit_test(names_and_values_of_events_go_both_ways),
		cmocka_unit_test(names_of_attributes_go_both_ways),
		cmocka_unit_test(holders_and_sleeps_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
