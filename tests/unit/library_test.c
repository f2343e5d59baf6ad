// SPDX-License-Identifier: GPL-2.0-only
/*
 * What libkmq hands to the kernel and back, without a kernel: ioctl(), open()
 * and close() are replaced at link time (--wrap, see user/build.mk).
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>
#include <kmq.h>

#define QUEUE	7
#define CONTROL	8

/* What the replaced calls saw and are to answer. */
static struct {
	int ioctls, opens, closes;
	unsigned long command;
	char path[64];
	int open_flags;
	int result, error;
	union {
		struct kmq_transfer transfer;
		struct kmq_batch batch;
		struct kmq_call call;
		struct kmq_create create;
		struct kmq_remove remove;
		struct kmq_info info;
		struct kmq_features features;
		struct kmq_settle settle;
		struct kmq_descriptor descriptor;
		struct kmq_resize resize;
		struct kmq_purge purge;
	} in, out;
	int writes;
} kernel;

static size_t size_of_command(unsigned long command)
{
	/* From the definition in the ABI: bits 16 to 29 of the number. */
	return command == FIONREAD ? sizeof(int) : _IOC_SIZE(command);
}

int __wrap_ioctl(int fd, unsigned long command, void *argument);
int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int fd);

int __wrap_ioctl(int fd, unsigned long command, void *argument)
{
	assert_true(fd == QUEUE || fd == CONTROL);
	kernel.ioctls++;
	kernel.command = command;
	memcpy(&kernel.in, argument, size_of_command(command));
	if (kernel.error) {
		errno = kernel.error;
		return -1;
	}
	if (kernel.writes)
		memcpy(argument, &kernel.out, size_of_command(command));
	return kernel.result;
}

int __wrap_open(const char *path, int flags, ...)
{
	kernel.opens++;
	kernel.open_flags = flags;
	snprintf(kernel.path, sizeof(kernel.path), "%s", path);
	return CONTROL;
}

int __wrap_close(int fd)
{
	assert_int_equal(fd, CONTROL);
	kernel.closes++;
	errno = EIO;
	return 0;
}

static int reset(void **state)
{
	memset(&kernel, 0, sizeof(kernel));
	errno = 0;
	return 0;
}

static void a_send_passes_body_type_and_priority_and_nothing_else(void **state)
{
	struct kmq_msg msg = kmq_msg_from(5, "abc", 3);
	struct kmq_transfer expected = { .flags = KMQ_DONTWAIT };

	msg.priority = 9;
	msg.sequence = msg.time = msg.lost = ~0ull;
	msg.flags = ~0u;
	expected.message.body = (uintptr_t)msg.data;
	expected.message.size = 3;
	expected.message.type = 5;
	expected.message.priority = 9;
	kernel.writes = 1;
	kernel.out.transfer.message.sequence = 77;

	assert_int_equal(kmq_try_send(QUEUE, &msg), 0);
	assert_int_equal(kernel.command, KMQ_IOC_SEND);
	assert_memory_equal(&kernel.in.transfer, &expected, sizeof(expected));
	assert_int_equal(msg.sequence, 77);
}

static void a_body_longer_than_any_queue_takes_is_EMSGSIZE(void **state)
{
	char byte = 0;
	struct kmq_msg msg = kmq_msg_from(1, &byte, (size_t)KMQ_MESSAGE_MAX + 1);

	assert_int_equal(kmq_send(QUEUE, &msg), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(kernel.ioctls, 0);
}

static void a_failed_send_leaves_the_message_alone(void **state)
{
	struct kmq_msg msg = kmq_msg_from(1, "x", 1), before;

	msg.sequence = 3;
	before = msg;
	kernel.error = EIDRM;
	assert_int_equal(kmq_send(QUEUE, &msg), -1);
	assert_int_equal(errno, EIDRM);
	assert_memory_equal(&msg, &before, sizeof(msg));
}

static void a_receive_keeps_data_and_room_and_fills_the_rest(void **state)
{
	char buffer[8];
	struct kmq_msg msg = kmq_msg_into(buffer, sizeof(buffer));
	struct kmq_selection which = { KMQ_SELECT_LOWEST, 4 };

	kernel.writes = 1;
	kernel.out.transfer.message = (struct kmq_message){
		.size = 16, .length = 20, .flags = KMQ_MESSAGE_TRUNCATED, .type = 2, .priority = 3,
		.redeliveries = 4, .sequence = 5, .time = 6, .lost = 7, .pid = 8, .uid = 9,
	};
	assert_int_equal(kmq_lease(QUEUE, &msg, &which, KMQ_TRUNCATE), 0);

	assert_int_equal(kernel.command, KMQ_IOC_RECEIVE);
	assert_int_equal(kernel.in.transfer.flags, KMQ_LEASE | KMQ_TRUNCATE);
	assert_int_equal(kernel.in.transfer.select, KMQ_SELECT_LOWEST);
	assert_int_equal(kernel.in.transfer.select_type, 4);
	assert_int_equal(kernel.in.transfer.message.size, sizeof(buffer));

	assert_ptr_equal(msg.data, buffer);
	assert_int_equal(msg.room, sizeof(buffer));
	assert_int_equal(msg.size, 20);
	assert_int_equal(msg.flags, KMQ_MESSAGE_TRUNCATED);
	assert_int_equal(msg.type, 2);
	assert_int_equal(msg.priority, 3);
	assert_int_equal(msg.redeliveries, 4);
	assert_int_equal(msg.sequence, 5);
	assert_int_equal(msg.time, 6);
	assert_int_equal(msg.lost, 7);
	assert_int_equal(msg.pid, 8);
	assert_int_equal(msg.uid, 9);
}

static void each_receiving_verb_says_its_own_flags(void **state)
{
	struct timespec at = { 1, 2 };
	struct kmq_msg msg = kmq_msg_into(NULL, 0);

	kmq_receive(QUEUE, &msg, NULL, 0);
	assert_int_equal(kernel.in.transfer.flags, 0);
	assert_int_equal(kernel.in.transfer.select, KMQ_SELECT_FILTER);
	kmq_try_receive(QUEUE, &msg, NULL, 0);
	assert_int_equal(kernel.in.transfer.flags, KMQ_DONTWAIT);
	kmq_peek(QUEUE, &msg, NULL, 0);
	assert_int_equal(kernel.in.transfer.flags, KMQ_PEEK | KMQ_DONTWAIT);
	kmq_try_lease(QUEUE, &msg, NULL, 0);
	assert_int_equal(kernel.in.transfer.flags, KMQ_LEASE | KMQ_DONTWAIT);
	kmq_lease_until(QUEUE, &msg, NULL, 0, &at);
	assert_int_equal(kernel.in.transfer.flags, KMQ_LEASE);
	assert_int_equal(kernel.in.transfer.deadline, 1000000002);
}

static void a_flag_that_belongs_to_a_verb_is_EINVAL(void **state)
{
	static const unsigned int flags[] = { KMQ_DONTWAIT, KMQ_PEEK, KMQ_LEASE, 1u << 31 };
	struct kmq_msg msg = kmq_msg_into(NULL, 0), request = kmq_msg_from(1, NULL, 0);
	struct kmq_message message;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		errno = 0;
		assert_int_equal(kmq_receive(QUEUE, &msg, NULL, flags[i]), -1);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(kmq_receive_batch(QUEUE, &message, 1, NULL, flags[i]), -1);
		assert_int_equal(kmq_call(QUEUE, &request, &msg, flags[i]), -1);
	}
	assert_int_equal(kernel.ioctls, 0);
}

static uint64_t deadline_of(time_t seconds, long ns)
{
	struct timespec at = { .tv_sec = seconds, .tv_nsec = ns };
	struct kmq_msg msg = kmq_msg_from(1, NULL, 0);

	if (kmq_send_until(QUEUE, &msg, &at))
		return 0;
	return kernel.in.transfer.deadline;
}

static void a_deadline_is_told_in_ns(void **state)
{
	struct kmq_msg msg = kmq_msg_from(1, NULL, 0);

	assert_int_equal(deadline_of(5, 999999999), 5999999999);
	assert_int_equal(kmq_send_until(QUEUE, &msg, NULL), 0);
	assert_int_equal(kernel.in.transfer.deadline, 0);
}

static void the_deadline_0_has_passed_and_is_not_none(void **state)
{
	assert_int_equal(deadline_of(0, 0), 1);
}

static void a_deadline_beyond_the_kernels_time_is_its_end(void **state)
{
	if (sizeof(time_t) < 8)
		skip();
	assert_int_equal(deadline_of((time_t)(INT64_MAX / 2), 0), INT64_MAX);
}

static void a_deadline_that_is_no_time_is_EINVAL(void **state)
{
	assert_int_equal(deadline_of(-1, 0), 0);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(deadline_of(0, -1), 0);
	assert_int_equal(deadline_of(0, 1000000000), 0);
	assert_int_equal(kernel.ioctls, 0);
}

static void a_deadline_in_ms_is_that_far_away(void **state)
{
	static const int64_t ms[] = { 0, 1, 999, 1000, 123456, -1, -999, -1000, -1001 };

	for (size_t i = 0; i < sizeof(ms) / sizeof(ms[0]); i++) {
		struct timespec now, at;
		int64_t away;

		clock_gettime(CLOCK_MONOTONIC, &now);
		at = kmq_deadline_in(ms[i]);
		assert_in_range(at.tv_nsec, 0, 999999999);
		away = (at.tv_sec - now.tv_sec) * 1000000000ll + at.tv_nsec - now.tv_nsec;
		assert_true(away >= ms[i] * 1000000 && away < (ms[i] + 10000) * 1000000);
	}
}

static void a_batch_is_passed_on_as_it_is(void **state)
{
	struct kmq_message messages[3];
	struct kmq_batch expected = { .flags = KMQ_LEASE | KMQ_TRUNCATE, .count = 3 };
	struct kmq_selection which = kmq_select_type(8);
	char buffer[4];

	kmq_message_into(&messages[0], buffer, sizeof(buffer));
	assert_ptr_equal(kmq_message_data(&messages[0]), buffer);
	assert_int_equal(messages[0].size, sizeof(buffer));
	expected.messages = (uintptr_t)messages;
	expected.select = KMQ_SELECT_EQUAL;
	expected.select_type = 8;
	kernel.result = 2;
	assert_int_equal(kmq_lease_batch(QUEUE, messages, 3, &which, KMQ_TRUNCATE), 2);
	assert_int_equal(kernel.command, KMQ_IOC_RECEIVE_BATCH);
	assert_memory_equal(&kernel.in.batch, &expected, sizeof(expected));
}

static void a_call_passes_request_and_room_for_the_reply(void **state)
{
	char buffer[8];
	const struct kmq_msg request = kmq_msg_from(3, "ask", 3);
	struct kmq_msg reply = kmq_msg_into(buffer, sizeof(buffer));

	kernel.writes = 1;
	kernel.out.call.reply = (struct kmq_message){ .size = 6, .length = 6, .type = 4 };
	assert_int_equal(kmq_call(QUEUE, &request, &reply, 0), 0);
	assert_int_equal(kernel.command, KMQ_IOC_CALL);
	assert_int_equal(kernel.in.call.request.type, 3);
	assert_int_equal(kernel.in.call.request.size, 3);
	assert_int_equal(kernel.in.call.reply.size, sizeof(buffer));
	assert_int_equal(reply.size, 6);
	assert_int_equal(reply.type, 4);
}

static void a_reply_names_its_request(void **state)
{
	struct kmq_msg reply = kmq_msg_from(1, "yes", 3);

	assert_int_equal(kmq_reply(QUEUE, 42, &reply), 0);
	assert_int_equal(kernel.command, KMQ_IOC_REPLY);
	assert_int_equal(kernel.in.transfer.message.sequence, 42);
	assert_int_equal(kernel.in.transfer.flags, 0);
}

static void create_without_options_asks_for_the_defaults(void **state)
{
	struct kmq_create expected = { .name = "jobs" };

	assert_int_equal(kmq_create("jobs", NULL), 0);
	assert_string_equal(kernel.path, "/dev/kmq/control");
	assert_int_equal(kernel.command, KMQ_CTL_CREATE);
	assert_memory_equal(&kernel.in.create, &expected, sizeof(expected));
	assert_int_equal(kernel.closes, 1);
}

static void the_initializer_of_the_options_asks_for_the_defaults(void **state)
{
	struct kmq_create_options options = KMQ_CREATE_OPTIONS_INIT;
	struct kmq_create expected = { .name = "jobs" };

	assert_int_equal(kmq_create("jobs", &options), 0);
	assert_memory_equal(&kernel.in.create, &expected, sizeof(expected));
}

static void every_option_reaches_the_kernel(void **state)
{
	struct kmq_create_options options = KMQ_CREATE_OPTIONS_INIT;
	struct kmq_create expected = {
		.name = "jobs", .kind = 1, .policy = 2, .lifetime = 1,
		.flags = KMQ_CREATE_OWNER | KMQ_CREATE_EXCLUSIVE | KMQ_CREATE_OPEN |
			 KMQ_CREATE_EXACT | KMQ_CREATE_OVERTAKE,
		.capacity = 3, .inline_size = 4, .max_message = 5, .mode = 0640,
		.byte_limit = 6, .uid = 7, .gid = 8, .ring_mode = 3, .slots = 9,
	};

	options.kind = 1;
	options.policy = 2;
	options.lifetime = 1;
	options.flags = KMQ_CREATE_OWNER | KMQ_CREATE_EXACT | KMQ_CREATE_OVERTAKE;
	options.capacity = 3;
	options.inline_size = 4;
	options.max_message = 5;
	options.byte_limit = 6;
	options.mode = 0640;
	options.uid = 7;
	options.gid = 8;
	options.ring_mode = 3;
	options.slots = 9;
	kernel.result = 31;
	assert_int_equal(kmq_create_open("jobs", &options), 31);
	assert_memory_equal(&kernel.in.create, &expected, sizeof(expected));
}

static void options_of_version_1_end_before_the_slots(void **state)
{
	struct kmq_create_options options = KMQ_CREATE_OPTIONS_INIT;

	options.version = 1;
	options.slots = 9;
	options.reserved = 9;
	assert_int_equal(kmq_create("jobs", &options), 0);
	assert_int_equal(kernel.in.create.slots, 0);
	assert_int_equal(kernel.in.create.reserved64, 0);
}

static void options_of_another_version_or_with_unknown_flags_are_EINVAL(void **state)
{
	struct kmq_create_options options = KMQ_CREATE_OPTIONS_INIT;

	options.version++;
	assert_int_equal(kmq_create("jobs", &options), -1);
	assert_int_equal(errno, EINVAL);
	options.version = 0;
	assert_int_equal(kmq_create("jobs", &options), -1);
	options.version = KMQ_CREATE_OPTIONS_VERSION;
	options.flags = KMQ_CREATE_OPEN;
	assert_int_equal(kmq_create("jobs", &options), -1);
	assert_int_equal(kernel.opens, 0);
}

static void an_unnamed_queue_has_an_empty_name_and_is_ephemeral(void **state)
{
	kernel.result = 31;
	assert_int_equal(kmq_create_unnamed(NULL), 31);
	assert_int_equal(kernel.in.create.name[0], 0);
	assert_int_equal(kernel.in.create.lifetime, KMQ_LIFETIME_EPHEMERAL);
}

static void a_bad_name_is_EINVAL_and_reaches_nobody(void **state)
{
	static const char *const names[] = {
		NULL, "", ".", "..", ".hidden", "control", "a/b", "a b", "a\n", "\xc3\xa9",
		"12345678901234567890123456789012",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		errno = 0;
		assert_int_equal(kmq_create(names[i], NULL), -1);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(kmq_create_open(names[i], NULL), -1);
		assert_int_equal(kmq_open(names[i], O_RDONLY), -1);
		assert_int_equal(kmq_remove(names[i]), -1);
	}
	assert_int_equal(kernel.opens, 0);
}

static void a_name_of_31_characters_is_good(void **state)
{
	assert_int_equal(kmq_open("A.z_0-8901234567890123456789012", O_WRONLY), CONTROL);
	assert_string_equal(kernel.path, "/dev/kmq/A.z_0-8901234567890123456789012");
	assert_int_equal(kernel.open_flags & (O_ACCMODE | O_CLOEXEC), O_WRONLY | O_CLOEXEC);
}

static void open_refuses_flags_that_could_create_a_file(void **state)
{
	assert_int_equal(kmq_open("jobs", O_RDWR | O_CREAT), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(kernel.opens, 0);
}

static void the_errno_of_a_refusal_survives_closing_the_control_device(void **state)
{
	kernel.error = EEXIST;
	assert_int_equal(kmq_create_open("jobs", NULL), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(kernel.closes, 1);
}

static void setting_one_descriptor_setting_keeps_the_other(void **state)
{
	struct kmq_selection which = { KMQ_SELECT_NOT_EQUAL, 6 };

	/* GET fills, and SET is handed the same, which it ignores. */
	kernel.writes = 1;
	kernel.out.descriptor = (struct kmq_descriptor){
		.flags = KMQ_DESCRIPTOR_TRUNCATE, .select = KMQ_SELECT_EQUAL, .select_type = 5,
		.last_size = 9, .leases = 9,
	};
	assert_int_equal(kmq_set_filter(QUEUE, &which), 0);
	assert_int_equal(kernel.command, KMQ_IOC_SET_DESCRIPTOR);
	assert_int_equal(kernel.in.descriptor.flags, KMQ_DESCRIPTOR_TRUNCATE);
	assert_int_equal(kernel.in.descriptor.select, KMQ_SELECT_NOT_EQUAL);
	assert_int_equal(kernel.in.descriptor.select_type, 6);
	assert_int_equal(kernel.in.descriptor.last_size, 0);
	assert_int_equal(kernel.in.descriptor.leases, 0);

	assert_int_equal(kmq_set_truncate(QUEUE, 0), 0);
	assert_int_equal(kernel.in.descriptor.flags, 0);
	assert_int_equal(kernel.in.descriptor.select, KMQ_SELECT_EQUAL);
	assert_int_equal(kernel.in.descriptor.select_type, 5);
}

static void clearing_the_filter_admits_everything(void **state)
{
	assert_int_equal(kmq_set_filter(QUEUE, NULL), 0);
	assert_int_equal(kernel.in.descriptor.select, KMQ_SELECT_ANY);
	assert_int_equal(kernel.in.descriptor.select_type, 0);
}

static void a_walk_hands_on_only_the_id(void **state)
{
	struct kmq_info info, before;

	memset(&info, 0xff, sizeof(info));
	info.id = 12;
	before = info;
	kernel.error = ENOENT;
	assert_int_equal(kmq_next_info(CONTROL, &info), -1);
	assert_int_equal(errno, ENOENT);
	assert_memory_equal(&info, &before, sizeof(info));
	assert_int_equal(kernel.in.info.id, 12);
	assert_int_equal(kernel.in.info.capacity, 0);

	kernel.error = 0;
	kernel.writes = 1;
	kernel.out.info = (struct kmq_info){ .id = 13, .name = "next" };
	assert_int_equal(kmq_next_info(CONTROL, &info), 0);
	assert_int_equal(info.id, 13);
	assert_string_equal(info.name, "next");
}

static void purge_returns_how_many_there_were(void **state)
{
	kernel.writes = 1;
	kernel.out.purge.purged = KMQ_CAPACITY_MAX;
	assert_int_equal(kmq_purge(QUEUE, NULL), KMQ_CAPACITY_MAX);
	assert_int_equal(kernel.in.purge.select, KMQ_SELECT_ANY);
}

static void each_constant_has_a_name_and_each_name_its_constant(void **state)
{
	for (int i = 0; i <= KMQ_KIND_RING; i++)
		assert_int_equal(kmq_kind_value(kmq_kind_name(i)), i);
	for (int i = 0; i <= KMQ_POLICY_DROP_OLDEST; i++)
		assert_int_equal(kmq_policy_value(kmq_policy_name(i)), i);
	for (int i = 0; i <= KMQ_LIFETIME_EPHEMERAL; i++)
		assert_int_equal(kmq_lifetime_value(kmq_lifetime_name(i)), i);
	for (int i = 0; i <= KMQ_SELECT_LOWEST; i++)
		assert_int_equal(kmq_select_value(kmq_select_name(i)), i);
	assert_string_equal(kmq_policy_name(KMQ_POLICY_DROP_OLDEST), "drop-oldest");
	assert_string_equal(kmq_feature_name(KMQ_FEATURE_BATCH), "batch");
	assert_string_equal(kmq_feature_name(KMQ_FEATURE_RING), "ring");
}

static void unknown_constants_and_names_are_told(void **state)
{
	assert_null(kmq_kind_name(2));
	assert_null(kmq_policy_name(~0u));
	assert_null(kmq_feature_name(KMQ_FEATURE_MESSAGE | KMQ_FEATURE_LEASE));
	assert_int_equal(kmq_policy_value("bloc"), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(kmq_kind_value(NULL), -1);
}

#define CLAIM(claim) cmocka_unit_test_setup(claim, reset)

int main(void)
{
	static const struct CMUnitTest claims[] = {
		CLAIM(a_send_passes_body_type_and_priority_and_nothing_else),
		CLAIM(a_body_longer_than_any_queue_takes_is_EMSGSIZE),
		CLAIM(a_failed_send_leaves_the_message_alone),
		CLAIM(a_receive_keeps_data_and_room_and_fills_the_rest),
		CLAIM(each_receiving_verb_says_its_own_flags),
		CLAIM(a_flag_that_belongs_to_a_verb_is_EINVAL),
		CLAIM(a_deadline_is_told_in_ns),
		CLAIM(the_deadline_0_has_passed_and_is_not_none),
		CLAIM(a_deadline_beyond_the_kernels_time_is_its_end),
		CLAIM(a_deadline_that_is_no_time_is_EINVAL),
		CLAIM(a_deadline_in_ms_is_that_far_away),
		CLAIM(a_batch_is_passed_on_as_it_is),
		CLAIM(a_call_passes_request_and_room_for_the_reply),
		CLAIM(a_reply_names_its_request),
		CLAIM(create_without_options_asks_for_the_defaults),
		CLAIM(the_initializer_of_the_options_asks_for_the_defaults),
		CLAIM(every_option_reaches_the_kernel),
		CLAIM(options_of_version_1_end_before_the_slots),
		CLAIM(options_of_another_version_or_with_unknown_flags_are_EINVAL),
		CLAIM(an_unnamed_queue_has_an_empty_name_and_is_ephemeral),
		CLAIM(a_bad_name_is_EINVAL_and_reaches_nobody),
		CLAIM(a_name_of_31_characters_is_good),
		CLAIM(open_refuses_flags_that_could_create_a_file),
		CLAIM(the_errno_of_a_refusal_survives_closing_the_control_device),
		CLAIM(setting_one_descriptor_setting_keeps_the_other),
		CLAIM(clearing_the_filter_admits_everything),
		CLAIM(a_walk_hands_on_only_the_id),
		CLAIM(purge_returns_how_many_there_were),
		CLAIM(each_constant_has_a_name_and_each_name_its_constant),
		CLAIM(unknown_constants_and_names_are_told),
	};
	int count = sizeof(claims) / sizeof(claims[0]);
	int failed = cmocka_run_group_tests(claims, NULL, NULL);

	printf("%d passed, %d failed\n", count - failed, failed);
	return failed != 0;
}
