// SPDX-License-Identifier: GPL-2.0-only
/* Bad input: every command times every field, from tables. */
#include <linux/kmq_ring.h>

#include "kmq_test.h"

#define CONTROL	1
#define QUEUE_FD 2

/* One command, a good argument for it, and where its fields are. */
struct command {
	const char *name;
	unsigned int number;
	int where;
	size_t size;
	void (*good)(void *argument);
};

/* Larger than any length that chance may make of ROOM. */
static char body[8192];
#define ROOM	64
static struct kmq_message batched[KMQ_BATCH_MAX];
static int queue;

static void good_features(void *argument)
{
	(void)argument;
}

static void good_create(void *argument)
{
	struct kmq_create *create = argument;

	create->flags = KMQ_CREATE_EXCLUSIVE;
	queue_name(create->name);
	create->lifetime = KMQ_LIFETIME_EPHEMERAL;
}

static void good_remove(void *argument)
{
	struct kmq_remove *removal = argument;

	queue_name(removal->name);
}

static void good_next(void *argument)
{
	(void)argument;
}

static void good_send(void *argument)
{
	struct kmq_transfer *transfer = argument;

	transfer->flags = KMQ_DONTWAIT;
	transfer->message = (struct kmq_message){ .body = ptr(body), .size = 4, .type = 1 };
}

static void good_receive(void *argument)
{
	struct kmq_transfer *transfer = argument;

	transfer->flags = KMQ_DONTWAIT;
	transfer->message = (struct kmq_message){ .body = ptr(body), .size = ROOM };
}

static void good_send_batch(void *argument)
{
	struct kmq_batch *batch = argument;

	batched[0] = (struct kmq_message){ .body = ptr(body), .size = 4, .type = 1 };
	*batch = (struct kmq_batch){
		.flags = KMQ_DONTWAIT, .messages = ptr(batched), .count = 1,
	};
}

static void good_receive_batch(void *argument)
{
	good_send_batch(argument);
	batched[0] = (struct kmq_message){ .body = ptr(body), .size = ROOM };
}

static void good_put(void *argument)
{
	struct kmq_short *message = argument;

	*message = (struct kmq_short){
		.body = ptr(body), .size = 4, .flags = KMQ_DONTWAIT, .type = 1,
	};
}

static void good_take(void *argument)
{
	struct kmq_short *message = argument;

	*message = (struct kmq_short){
		.body = ptr(body), .size = ROOM, .flags = KMQ_DONTWAIT,
	};
}

static void good_settle(void *argument)
{
	struct kmq_settle *settle = argument;

	settle->sequence = ~0ull;
}

static void good_call(void *argument)
{
	struct kmq_call *call = argument;

	call->deadline = 1;
	call->request = (struct kmq_message){ .body = ptr(body), .size = 4, .type = 1 };
	call->reply = (struct kmq_message){ .body = ptr(body), .size = ROOM };
}

static void good_reply(void *argument)
{
	good_send(argument);
	((struct kmq_transfer *)argument)->flags = 0;
	((struct kmq_transfer *)argument)->message.sequence = ~0ull;
}

static void good_resize(void *argument)
{
	((struct kmq_resize *)argument)->capacity = 8;
}

static void good_zero(void *argument)
{
	(void)argument;
}

static const struct command commands[] = {
	{ "FEATURES", KMQ_CTL_FEATURES, CONTROL, sizeof(struct kmq_features), good_features },
	{ "CREATE", KMQ_CTL_CREATE, CONTROL, sizeof(struct kmq_create), good_create },
	{ "REMOVE", KMQ_CTL_REMOVE, CONTROL, sizeof(struct kmq_remove), good_remove },
	{ "NEXT", KMQ_CTL_NEXT, CONTROL, sizeof(struct kmq_info), good_next },
	{ "SEND", KMQ_IOC_SEND, QUEUE_FD, sizeof(struct kmq_transfer), good_send },
	{ "RECEIVE", KMQ_IOC_RECEIVE, QUEUE_FD, sizeof(struct kmq_transfer), good_receive },
	{ "SEND_BATCH", KMQ_IOC_SEND_BATCH, QUEUE_FD, sizeof(struct kmq_batch),
	  good_send_batch },
	{ "RECEIVE_BATCH", KMQ_IOC_RECEIVE_BATCH, QUEUE_FD, sizeof(struct kmq_batch),
	  good_receive_batch },
	{ "PUT", KMQ_IOC_PUT, QUEUE_FD, sizeof(struct kmq_short), good_put },
	{ "TAKE", KMQ_IOC_TAKE, QUEUE_FD, sizeof(struct kmq_short), good_take },
	{ "ACK", KMQ_IOC_ACK, QUEUE_FD, sizeof(struct kmq_settle), good_settle },
	{ "NACK", KMQ_IOC_NACK, QUEUE_FD, sizeof(struct kmq_settle), good_settle },
	{ "CALL", KMQ_IOC_CALL, QUEUE_FD, sizeof(struct kmq_call), good_call },
	{ "REPLY", KMQ_IOC_REPLY, QUEUE_FD, sizeof(struct kmq_transfer), good_reply },
	{ "INFO", KMQ_IOC_INFO, QUEUE_FD, sizeof(struct kmq_info), good_zero },
	{ "PURGE", KMQ_IOC_PURGE, QUEUE_FD, sizeof(struct kmq_purge), good_zero },
	{ "RESIZE", KMQ_IOC_RESIZE, QUEUE_FD, sizeof(struct kmq_resize), good_resize },
	{ "SET_DESCRIPTOR", KMQ_IOC_SET_DESCRIPTOR, QUEUE_FD, sizeof(struct kmq_descriptor),
	  good_zero },
	{ "GET_DESCRIPTOR", KMQ_IOC_GET_DESCRIPTOR, QUEUE_FD, sizeof(struct kmq_descriptor),
	  good_zero },
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

/* Room for any struct, and for one that is said to be larger. */
union argument {
	char bytes[1024];
	__u64 align;
};

static const struct command *command_of(unsigned int number)
{
	for (int i = 0; i < COMMANDS; i++)
		if (commands[i].number == number)
			return &commands[i];
	FAIL("no command %#x", number);
}

static void make_good(const struct command *command, union argument *argument)
{
	memset(argument, 0, sizeof(*argument));
	command->good(argument);
}

/* What the good argument itself leads to: 0, or the errno of the situation. */
static int good_outcome(const struct command *command)
{
	union argument argument;
	int fd = command->where == CONTROL ? control() : queue;

	make_good(command, &argument);
	return ioctl(fd, command->number, &argument) < 0 ? errno : 0;
}

/* A field of a command set to a value leads to this errno and to nothing else. */
static void expect_bad(unsigned int number, size_t offset, size_t size, __u64 value, int code)
{
	const struct command *command = command_of(number);
	int fd = command->where == CONTROL ? control() : queue;
	union argument argument, before;
	struct kmq_info info = info_of(queue), after;
	int queues = queue_count();

	make_good(command, &argument);
	/* Little endian. */
	memcpy(argument.bytes + offset, &value, size);
	before = argument;
	if (ioctl(fd, command->number, &argument) >= 0)
		FAIL("%s took %#llx at offset %zu", command->name, (unsigned long long)value,
		     offset);
	if (errno != code)
		FAIL("%s with %#llx at offset %zu is %s, expected %s", command->name,
		     (unsigned long long)value, offset, strerrorname_np(errno),
		     strerrorname_np(code));
	if (memcmp(&argument, &before, sizeof(argument)))
		FAIL("%s failed and changed its struct", command->name);
	after = info_of(queue);
	/* A refused call of a full queue is counted, a bad one is not. */
	CHECK(!memcmp(&info, &after, sizeof(info)));
	CHECK_EQ(queue_count(), queues);
}

#define BAD(number, type, field, value, code)				\
	expect_bad(number, offsetof(type, field),			\
		   sizeof(((type *)0)->field), value, code)

/* A queue with one message, so that nothing fails for want of one. */
static void make_queue(void)
{
	queue = QUEUE(.capacity = 8, .max_message = 4096);
	put(queue, 1, 0, "good");
}

TEST(every_good_argument_is_good)
{
	for (int i = 0; i < COMMANDS; i++) {
		int outcome, expected = 0;

		make_queue();
		outcome = good_outcome(&commands[i]);
		switch (commands[i].number) {
		case KMQ_CTL_REMOVE:
			expected = ENOENT;
			break;
		case KMQ_IOC_ACK:
		case KMQ_IOC_NACK:
		case KMQ_IOC_REPLY:
			expected = ESRCH;
			break;
		case KMQ_IOC_CALL:
			expected = ETIMEDOUT;
			break;
		}
		if (outcome != expected)
			FAIL("%s: %s, expected %s", commands[i].name,
			     outcome ? strerrorname_np(outcome) : "success",
			     expected ? strerrorname_np(expected) : "success");
		close(queue);
	}
}

TEST(an_unknown_command_is_ENOTTY)
{
	union argument argument = {};

	make_queue();
	for (unsigned int number = 0; number < 256; number++) {
		bool known = false;

		for (int i = 0; i < COMMANDS; i++)
			known |= _IOC_NR(commands[i].number) == number;
		if (known)
			continue;
		for (unsigned int direction = 0; direction < 4; direction++) {
			unsigned int command = _IOC(direction, KMQ_IOC_MAGIC, number, 64);

			CHECK_ERRNO(ioctl(queue, command, &argument), ENOTTY);
			CHECK_ERRNO(ioctl(control(), command, &argument), ENOTTY);
		}
	}
}

TEST(a_foreign_command_is_ENOTTY)
{
	static const unsigned int foreign[] = {
		0x5401 /* TCGETS */, 0x5411 /* TIOCOUTQ */, 0x1260 /* BLKGETSIZE */,
		_IOWR('k', 0x20, struct kmq_transfer), _IOWR(KMQ_IOC_MAGIC ^ 1, 0x20, struct kmq_transfer),
		0, ~0u,
	};
	union argument argument = {};

	make_queue();
	for (unsigned int i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		CHECK_ERRNO(ioctl(queue, foreign[i], &argument), ENOTTY);
		CHECK_ERRNO(ioctl(control(), foreign[i], &argument), ENOTTY);
	}
	CHECK_ERRNO(ioctl(control(), FIONREAD, &argument), ENOTTY);
}

TEST(a_command_with_another_size_or_direction_is_ENOTTY)
{
	make_queue();
	for (int i = 0; i < COMMANDS; i++) {
		const struct command *command = &commands[i];
		unsigned int direction = _IOC_DIR(command->number);
		unsigned int number = _IOC_NR(command->number);
		int fd = command->where == CONTROL ? control() : queue;
		size_t sizes[] = { 0, 1, command->size - 8, command->size - 1,
				   command->size + 1, command->size + 8, 1000 };
		union argument argument;

		for (unsigned int j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			make_good(command, &argument);
			CHECK_ERRNO(ioctl(fd, _IOC(direction, KMQ_IOC_MAGIC, number, sizes[j]),
					  &argument), ENOTTY);
		}
		make_good(command, &argument);
		CHECK_ERRNO(ioctl(fd, _IOC(direction ^ _IOC_READ, KMQ_IOC_MAGIC, number,
					   command->size), &argument), ENOTTY);
	}
	EXPECT_LEDGER(queue, .sent = 1, .queued = 1);
}

TEST(a_command_at_the_wrong_node_is_ENOTTY)
{
	make_queue();
	for (int i = 0; i < COMMANDS; i++) {
		union argument argument;

		make_good(&commands[i], &argument);
		CHECK_ERRNO(ioctl(commands[i].where == CONTROL ? queue : control(),
				  commands[i].number, &argument), ENOTTY);
	}
	EXPECT_LEDGER(queue, .sent = 1, .queued = 1);
}

/* Each byte of it, at its lowest and its highest bit. */
static void expect_reserved(unsigned int number, size_t offset, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		expect_bad(number, offset + i, 1, 0x01, EINVAL);
		expect_bad(number, offset + i, 1, 0x80, EINVAL);
	}
}

#define RESERVED(number, type, field)					\
	expect_reserved(number, offsetof(type, field), sizeof(((type *)0)->field))

TEST(each_reserved_field_must_be_zero)
{
	make_queue();
	RESERVED(KMQ_CTL_FEATURES, struct kmq_features, reserved);
	RESERVED(KMQ_CTL_CREATE, struct kmq_create, reserved64);
	RESERVED(KMQ_CTL_CREATE, struct kmq_create, reserved);
	RESERVED(KMQ_CTL_REMOVE, struct kmq_remove, reserved);
	RESERVED(KMQ_IOC_SEND, struct kmq_transfer, message.reserved);
	RESERVED(KMQ_IOC_RECEIVE, struct kmq_transfer, message.reserved);
	RESERVED(KMQ_IOC_REPLY, struct kmq_transfer, message.reserved);
	RESERVED(KMQ_IOC_REPLY, struct kmq_transfer, deadline);
	RESERVED(KMQ_IOC_SEND_BATCH, struct kmq_batch, reserved);
	RESERVED(KMQ_IOC_RECEIVE_BATCH, struct kmq_batch, reserved);
	RESERVED(KMQ_IOC_ACK, struct kmq_settle, flags);
	RESERVED(KMQ_IOC_ACK, struct kmq_settle, reserved);
	RESERVED(KMQ_IOC_PUT, struct kmq_short, id);
	RESERVED(KMQ_IOC_PUT, struct kmq_short, select);
	RESERVED(KMQ_IOC_TAKE, struct kmq_short, id);
	RESERVED(KMQ_IOC_NACK, struct kmq_settle, flags);
	RESERVED(KMQ_IOC_NACK, struct kmq_settle, reserved);
	RESERVED(KMQ_IOC_CALL, struct kmq_call, reserved);
	RESERVED(KMQ_IOC_CALL, struct kmq_call, request.reserved);
	RESERVED(KMQ_IOC_CALL, struct kmq_call, reply.reserved);
	RESERVED(KMQ_IOC_PURGE, struct kmq_purge, flags);
	RESERVED(KMQ_IOC_RESIZE, struct kmq_resize, reserved);
	RESERVED(KMQ_IOC_SET_DESCRIPTOR, struct kmq_descriptor, reserved);
	RESERVED(KMQ_IOC_SET_DESCRIPTOR, struct kmq_descriptor, last_size);
	RESERVED(KMQ_IOC_SET_DESCRIPTOR, struct kmq_descriptor, leases);
}

static void expect_only(unsigned int number, size_t offset, __u32 known, __u32 with)
{
	for (int bit = 0; bit < 32; bit++)
		if (!(known & 1u << bit))
			expect_bad(number, offset, 4, 1u << bit | with, EINVAL);
}

#define FLAGS(number, type, field, known, with)				\
	expect_only(number, offsetof(type, field), known, with)

TEST(each_unknown_flag_is_EINVAL)
{
	const __u32 receive = KMQ_DONTWAIT | KMQ_TRUNCATE | KMQ_PEEK | KMQ_LEASE;
	const __u32 heads = KMQ_HEAD_TYPE | KMQ_HEAD_TYPE32;

	make_queue();
	FLAGS(KMQ_CTL_CREATE, struct kmq_create, flags,
	      KMQ_CREATE_EXCLUSIVE | KMQ_CREATE_OPEN | KMQ_CREATE_OWNER | KMQ_CREATE_NONBLOCK |
	      KMQ_CREATE_EXACT | KMQ_CREATE_OVERTAKE, KMQ_CREATE_EXCLUSIVE);
	FLAGS(KMQ_CTL_REMOVE, struct kmq_remove, flags, KMQ_REMOVE_DEFER, 0);
	FLAGS(KMQ_IOC_RESIZE, struct kmq_resize, flags, KMQ_RESIZE_EXACT, 0);
	FLAGS(KMQ_IOC_SEND, struct kmq_transfer, flags, KMQ_DONTWAIT, 0);
	FLAGS(KMQ_IOC_SEND, struct kmq_transfer, message.flags, 0, 0);
	FLAGS(KMQ_IOC_RECEIVE, struct kmq_transfer, flags, receive, KMQ_DONTWAIT);
	FLAGS(KMQ_IOC_REPLY, struct kmq_transfer, flags, 0, 0);
	FLAGS(KMQ_IOC_REPLY, struct kmq_transfer, message.flags, 0, 0);
	FLAGS(KMQ_IOC_SEND_BATCH, struct kmq_batch, flags, KMQ_DONTWAIT, 0);
	FLAGS(KMQ_IOC_RECEIVE_BATCH, struct kmq_batch, flags, receive, KMQ_DONTWAIT);
	FLAGS(KMQ_IOC_PUT, struct kmq_short, flags, heads | KMQ_DONTWAIT | KMQ_NO_RESTART | KMQ_REALTIME, 0);
	FLAGS(KMQ_IOC_PUT, struct kmq_short, flags, ~heads, heads);
	FLAGS(KMQ_IOC_TAKE, struct kmq_short, flags, heads | KMQ_DONTWAIT | KMQ_NO_RESTART | KMQ_REALTIME |
	      KMQ_TRUNCATE | KMQ_PEEK | KMQ_WHOLE_ROOM, KMQ_DONTWAIT);
	FLAGS(KMQ_IOC_TAKE, struct kmq_short, flags, ~heads, heads);
	FLAGS(KMQ_IOC_CALL, struct kmq_call, flags, KMQ_DONTWAIT | KMQ_TRUNCATE, 0);
	FLAGS(KMQ_IOC_CALL, struct kmq_call, request.flags, 0, 0);
	FLAGS(KMQ_IOC_SET_DESCRIPTOR, struct kmq_descriptor, flags, KMQ_DESCRIPTOR_TRUNCATE, 0);
}

TEST(each_enumeration_has_its_bounds)
{
	static const __u32 beyond[] = { 4, 5, 255, 256, 1u << 31, ~0u };

	make_queue();
	for (int i = 0; i < 6; i++) {
		BAD(KMQ_CTL_CREATE, struct kmq_create, policy, beyond[i], EINVAL);
		if (beyond[i] > 4) {
			BAD(KMQ_IOC_RECEIVE, struct kmq_transfer, select, beyond[i], EINVAL);
			BAD(KMQ_IOC_RECEIVE_BATCH, struct kmq_batch, select, beyond[i], EINVAL);
			BAD(KMQ_IOC_PURGE, struct kmq_purge, select, beyond[i], EINVAL);
			BAD(KMQ_IOC_SET_DESCRIPTOR, struct kmq_descriptor, select, beyond[i],
			    EINVAL);
		}
		BAD(KMQ_CTL_CREATE, struct kmq_create, lifetime, beyond[i], EINVAL);
	}
	BAD(KMQ_CTL_CREATE, struct kmq_create, lifetime, 2, EINVAL);
}

TEST(there_are_two_kinds_of_queues)
{
	make_queue();
	BAD(KMQ_CTL_CREATE, struct kmq_create, kind, 2, EINVAL);
	BAD(KMQ_CTL_CREATE, struct kmq_create, kind, ~0u, EINVAL);
	BAD(KMQ_CTL_CREATE, struct kmq_create, ring_mode, KMQ_RING_MPSC, EINVAL);
	BAD(KMQ_CTL_CREATE, struct kmq_create, reserved32, 1, EINVAL);
}

TEST(each_size_of_a_queue_has_its_bounds)
{
	make_queue();
	BAD(KMQ_CTL_CREATE, struct kmq_create, capacity, KMQ_CAPACITY_MAX + 1, EINVAL);
	BAD(KMQ_CTL_CREATE, struct kmq_create, capacity, 1u << 31, EINVAL);
	BAD(KMQ_CTL_CREATE, struct kmq_create, capacity, ~0u, EINVAL);
	for (__u32 size = 1; size < 8; size++)
		BAD(KMQ_CTL_CREATE, struct kmq_create, inline_size, size, EINVAL);
	BAD(KMQ_CTL_CREATE, struct kmq_create, inline_size, KMQ_INLINE_MAX + 1, EINVAL);
	BAD(KMQ_CTL_CREATE, struct kmq_create, inline_size, ~0u, EINVAL);
	BAD(KMQ_CTL_CREATE, struct kmq_create, inline_size, ~0u - 6, EINVAL);
	BAD(KMQ_CTL_CREATE, struct kmq_create, max_message, KMQ_MESSAGE_MAX + 1, EINVAL);
	BAD(KMQ_CTL_CREATE, struct kmq_create, max_message, ~0u, EINVAL);
	BAD(KMQ_CTL_CREATE, struct kmq_create, mode, 01000, EINVAL);
	BAD(KMQ_CTL_CREATE, struct kmq_create, mode, 04755, EINVAL);
	BAD(KMQ_CTL_CREATE, struct kmq_create, mode, ~0u, EINVAL);
	BAD(KMQ_CTL_CREATE, struct kmq_create, byte_limit, 1, EINVAL);
	BAD(KMQ_CTL_CREATE, struct kmq_create, byte_limit, KMQ_MESSAGE_DEFAULT - 1, EINVAL);
	BAD(KMQ_CTL_CREATE, struct kmq_create, byte_limit, KMQ_BYTE_LIMIT_MAX + 1, EINVAL);
	BAD(KMQ_CTL_CREATE, struct kmq_create, byte_limit, ~0ull, EINVAL);
	/* The owner, where none was to be given. */
	BAD(KMQ_CTL_CREATE, struct kmq_create, uid, 1, EINVAL);
	BAD(KMQ_CTL_CREATE, struct kmq_create, gid, 1, EINVAL);
	BAD(KMQ_CTL_CREATE, struct kmq_create, uid, ~0u, EINVAL);
}

TEST(an_owner_that_cannot_be_is_EINVAL)
{
	struct kmq_create request = {
		.flags = KMQ_CREATE_EXCLUSIVE | KMQ_CREATE_OWNER, .uid = ~0u,
	};

	queue_name(request.name);
	CHECK_ERRNO(ioctl(control(), KMQ_CTL_CREATE, &request), EINVAL);
	request.uid = 0;
	request.gid = ~0u;
	CHECK_ERRNO(ioctl(control(), KMQ_CTL_CREATE, &request), EINVAL);
}

TEST(a_default_byte_limit_is_bounded_and_never_wraps)
{
	/* 2^16 messages of 2^24 bytes. */
	struct kmq_create many = { .capacity = KMQ_CAPACITY_MAX, .inline_size = 8,
				   .max_message = KMQ_MESSAGE_MAX };
	struct kmq_create plain = { .capacity = 3, .max_message = 1000 };

	close(CHECK_OK(ioctl(control(), KMQ_CTL_CREATE, &many)));
	CHECK_EQ(many.byte_limit, KMQ_BYTE_LIMIT_DEFAULT > KMQ_MESSAGE_MAX ?
				  KMQ_BYTE_LIMIT_DEFAULT : KMQ_MESSAGE_MAX);
	close(CHECK_OK(ioctl(control(), KMQ_CTL_CREATE, &plain)));
	CHECK_EQ(plain.byte_limit, 3000);
}

TEST(each_type_and_priority_has_its_bounds)
{
	static const __u64 types[] = { 0, ~0ull, 1ull << 63, (__u64)INT64_MIN + 1 };

	make_queue();
	for (int i = 0; i < 4; i++) {
		BAD(KMQ_IOC_SEND, struct kmq_transfer, message.type, types[i], EINVAL);
		BAD(KMQ_IOC_REPLY, struct kmq_transfer, message.type, types[i], EINVAL);
		BAD(KMQ_IOC_CALL, struct kmq_call, request.type, types[i], EINVAL);
	}
	BAD(KMQ_IOC_SEND, struct kmq_transfer, message.priority, KMQ_PRIORITY_MAX + 1, EINVAL);
	BAD(KMQ_IOC_SEND, struct kmq_transfer, message.priority, ~0u, EINVAL);
	BAD(KMQ_IOC_CALL, struct kmq_call, request.priority, KMQ_PRIORITY_MAX + 1, EINVAL);
	BAD(KMQ_IOC_REPLY, struct kmq_transfer, message.priority, KMQ_PRIORITY_MAX + 1, EINVAL);
}

TEST(each_selection_must_make_sense)
{
	make_queue();
	for (__u32 select = KMQ_SELECT_EQUAL; select <= KMQ_SELECT_LOWEST; select++) {
		/* A selection by type without one. */
		BAD(KMQ_IOC_RECEIVE, struct kmq_transfer, select, select, EINVAL);
		BAD(KMQ_IOC_RECEIVE_BATCH, struct kmq_batch, select, select, EINVAL);
		BAD(KMQ_IOC_PURGE, struct kmq_purge, select, select, EINVAL);
		BAD(KMQ_IOC_SET_DESCRIPTOR, struct kmq_descriptor, select, select, EINVAL);
	}
	/* A type without a selection by type. */
	BAD(KMQ_IOC_RECEIVE, struct kmq_transfer, select_type, 1, EINVAL);
	BAD(KMQ_IOC_RECEIVE_BATCH, struct kmq_batch, select_type, 1, EINVAL);
	BAD(KMQ_IOC_PURGE, struct kmq_purge, select_type, 1, EINVAL);
	BAD(KMQ_IOC_SET_DESCRIPTOR, struct kmq_descriptor, select_type, 1, EINVAL);
	/* A selection where nothing is selected. */
	for (__u32 select = 1; select <= 5; select++) {
		BAD(KMQ_IOC_SEND, struct kmq_transfer, select, select, EINVAL);
		BAD(KMQ_IOC_REPLY, struct kmq_transfer, select, select, EINVAL);
		BAD(KMQ_IOC_SEND_BATCH, struct kmq_batch, select, select, EINVAL);
	}
	BAD(KMQ_IOC_SEND, struct kmq_transfer, select_type, 1, EINVAL);
	BAD(KMQ_IOC_REPLY, struct kmq_transfer, select_type, 1, EINVAL);
	BAD(KMQ_IOC_SEND_BATCH, struct kmq_batch, select_type, 1, EINVAL);
}

static void expect_selection(__u32 select, __s64 type, int code)
{
	struct received received;

	if (code) {
		CHECK_ERRNO(receive_type(queue, KMQ_DONTWAIT, select, type, &received), code);
		CHECK_ERRNO(purge(queue, select, type, NULL), code);
		CHECK_ERRNO(set_filter(queue, 0, select, type), code);
		return;
	}
	CHECK_OK(receive_type(queue, KMQ_DONTWAIT | KMQ_PEEK, select, type, &received));
	CHECK_OK(set_filter(queue, 0, select, type));
}

TEST(a_select_type_is_1_or_more_where_it_is_used)
{
	make_queue();
	for (__u32 select = KMQ_SELECT_EQUAL; select <= KMQ_SELECT_LOWEST; select++) {
		expect_selection(select, 0, EINVAL);
		expect_selection(select, -1, EINVAL);
		expect_selection(select, INT64_MIN, EINVAL);
	}
	expect_selection(KMQ_SELECT_ANY, 1, EINVAL);
	expect_selection(KMQ_SELECT_ANY, -1, EINVAL);
	expect_selection(KMQ_SELECT_FILTER, 1, EINVAL);
	expect_selection(KMQ_SELECT_EQUAL, 1, 0);
	expect_selection(KMQ_SELECT_NOT_EQUAL, INT64_MAX, 0);
	expect_selection(KMQ_SELECT_LOWEST, INT64_MAX, 0);
	expect_selection(KMQ_SELECT_ANY, 0, 0);
	EXPECT_LEDGER(queue, .sent = 1, .queued = 1);
}

TEST(each_message_length_has_its_bound)
{
	make_queue();
	BAD(KMQ_IOC_SEND, struct kmq_transfer, message.size, 4097, EMSGSIZE);
	BAD(KMQ_IOC_SEND, struct kmq_transfer, message.size, 1u << 31, EMSGSIZE);
	BAD(KMQ_IOC_SEND, struct kmq_transfer, message.size, ~0u, EMSGSIZE);
	BAD(KMQ_IOC_CALL, struct kmq_call, request.size, 4097, EMSGSIZE);
	BAD(KMQ_IOC_CALL, struct kmq_call, request.size, ~0u, EMSGSIZE);
}

TEST(bad_fields_of_a_batched_message_are_as_bad)
{
	struct kmq_message bad[] = {
		{ .body = ptr(body), .size = 4, .type = 0 },
		{ .body = ptr(body), .size = 4, .type = -1 },
		{ .body = ptr(body), .size = 4, .type = 1, .flags = 1 },
		{ .body = ptr(body), .size = 4, .type = 1, .flags = 1u << 31 },
		{ .body = ptr(body), .size = 4, .type = 1, .priority = KMQ_PRIORITY_MAX + 1 },
		{ .body = ptr(body), .size = 4, .type = 1, .reserved = 1 },
		{ .body = ptr(body), .size = 4, .type = 1, .reserved = 1u << 31 },
	};
	struct kmq_message room = { .body = ptr(body), .size = ROOM, .reserved = 1 };
	struct kmq_batch batch = { .flags = KMQ_DONTWAIT, .count = 1 };

	make_queue();
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		batch.messages = ptr(&bad[i]);
		CHECK_ERRNO(ioctl(queue, KMQ_IOC_SEND_BATCH, &batch), EINVAL);
	}
	batch.messages = ptr(&room);
	CHECK_ERRNO(ioctl(queue, KMQ_IOC_RECEIVE_BATCH, &batch), EINVAL);
	EXPECT_LEDGER(queue, .sent = 1, .queued = 1);
}

TEST(room_larger_than_any_message_is_room_enough)
{
	make_queue();
	for (int i = 0; i < 3; i++) {
		static const __u32 rooms[] = { KMQ_MESSAGE_MAX, KMQ_MESSAGE_MAX + 1, 1u << 30 };
		struct kmq_transfer transfer = {
			.flags = KMQ_DONTWAIT | KMQ_PEEK,
			.message = { .body = ptr(body), .size = rooms[i] },
		};

		CHECK_OK(ioctl(queue, KMQ_IOC_RECEIVE, &transfer));
		CHECK_EQ(transfer.message.size, 4);
	}
}

TEST(bad_input_is_refused_before_anything_is_waited_for)
{
	struct kmq_transfer receive = { .message = { .body = ptr(body), .reserved = 1 } };
	struct kmq_transfer send = { .message = { .type = 0 } };
	struct kmq_call call = { .request = { .type = 1 }, .reply = { .reserved = 1 } };

	queue = QUEUE(.capacity = 1);
	CHECK_ERRNO(ioctl(queue, KMQ_IOC_RECEIVE, &receive), EINVAL);
	CHECK_ERRNO(ioctl(queue, KMQ_IOC_CALL, &call), EINVAL);
	EXPECT_LEDGER(queue);
	put(queue, 1, 0, "full");
	CHECK_ERRNO(ioctl(queue, KMQ_IOC_SEND, &send), EINVAL);
	CHECK_EQ(info_of(queue).rejected, 0);
}

/* The kernel writes where they point: not into this test. */
static void keep_pointers(const struct command *command, union argument *argument)
{
	struct kmq_transfer *transfer = (void *)argument;
	struct kmq_batch *batch = (void *)argument;
	struct kmq_short *message = (void *)argument;

	if (command->size == sizeof(*message))
		message->body = ptr(body);
	if (command->number == KMQ_IOC_TAKE && message->priority)
		message->priority = ptr(body);
	if (command->size == sizeof(*transfer))
		transfer->message.body = ptr(body);
	if (command->size == sizeof(*batch))
		batch->messages = ptr(batched);
}

TEST(random_commands_and_arguments_break_nothing)
{
	unsigned int seed = 77;
	union argument argument;

	queue = QUEUE(.capacity = 4, .max_message = 512, .flags = KMQ_CREATE_NONBLOCK);
	for (int i = 0; i < 4000; i++) {
		const struct command *command = &commands[rand_r(&seed) % COMMANDS];
		size_t at = rand_r(&seed) % command->size;

		/* Creating by chance would leave queues, calling would wait. */
		if (command->where == CONTROL || command->number == KMQ_IOC_CALL)
			continue;
		make_good(command, &argument);
		for (int j = rand_r(&seed) % 4; j; j--)
			argument.bytes[(at + j * 8) % command->size] ^= 1 << rand_r(&seed) % 8;
		keep_pointers(command, &argument);
		ioctl(queue, command->number, &argument);
		if (i % 16 == 0)
			info_of(queue);
	}
	info_of(queue);
}
