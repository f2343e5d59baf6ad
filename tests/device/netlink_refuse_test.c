// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control plane says no: what is wrong, in a sentence, and which attribute is
 * to blame. Sentences of this module are pinned to the letter; those of netlink
 * itself, which refuses by policy, have to be there.
 */
#include <sys/socket.h>

#include <linux/kmq_ring.h>

#include "lib/netlink.h"

/* What each command takes; the rest of all there is it has to refuse. */
struct command {
	int number;
	int flags;
	const int *takes;	/* up to 0 */
};

static const int get_takes[] = { KMQ_A_ID, KMQ_A_NAME, KMQ_A_KIND, KMQ_A_UID,
				 KMQ_A_PATTERN, 0 };
static const int new_takes[] = {
	KMQ_A_NAME, KMQ_A_KIND, KMQ_A_POLICY, KMQ_A_LIFETIME, KMQ_A_CAPACITY,
	KMQ_A_INLINE_SIZE, KMQ_A_MAX_MESSAGE, KMQ_A_BYTE_LIMIT, KMQ_A_MODE,
	KMQ_A_UID, KMQ_A_GID, KMQ_A_RING_MODE, KMQ_A_HIGH_WATERMARK,
	KMQ_A_LOW_WATERMARK, KMQ_A_LEASE_LIMIT, KMQ_A_HISTOGRAM, 0
};
static const int set_takes[] = {
	KMQ_A_ID, KMQ_A_NAME, KMQ_A_POLICY, KMQ_A_CAPACITY, KMQ_A_BYTE_LIMIT,
	KMQ_A_MODE, KMQ_A_UID, KMQ_A_GID, KMQ_A_HIGH_WATERMARK,
	KMQ_A_LOW_WATERMARK, KMQ_A_LEASE_LIMIT, KMQ_A_HISTOGRAM, 0
};
static const int name_takes[] = { KMQ_A_ID, KMQ_A_NAME, 0 };
static const int subscribe_takes[] = { KMQ_A_PATTERN, KMQ_A_EVENTS, 0 };
static const int nothing[] = { 0 };

static const struct command commands[] = {
	{ KMQ_CMD_QUEUE_GET, 0, get_takes },
	{ KMQ_CMD_QUEUE_GET, NLM_F_DUMP, get_takes },
	{ KMQ_CMD_QUEUE_NEW, 0, new_takes },
	{ KMQ_CMD_QUEUE_SET, 0, set_takes },
	{ KMQ_CMD_QUEUE_DEL, 0, name_takes },
	{ KMQ_CMD_HOLDER_GET, NLM_F_DUMP, name_takes },
	{ KMQ_CMD_SUBSCRIBE, 0, subscribe_takes },
	{ KMQ_CMD_UNSUBSCRIBE, 0, nothing },
};

#define EACH_COMMAND(command)						\
	for (const struct command *command = commands;			\
	     command < commands + sizeof(commands) / sizeof(*commands); command++)

static bool takes(const struct command *command, int attribute)
{
	for (const int *taken = command->takes; *taken; taken++)
		if (*taken == attribute)
			return true;
	return false;
}

/* 0, or -1 and errno; of a dump, too. */
static int ask(struct nl *nl, struct nl_request *request)
{
	static struct nl_dump dump;
	struct nl_reply row;

	nl->refused_at_end = false;
	if (!(request->header.nlmsg_flags & NLM_F_DUMP))
		return nl_transact(nl, request, NULL);
	if (nl_dump_start(&dump, nl, request))
		return -1;
	while (nl_dump_next(&dump, &row))
		;
	return 0;
}

static const char *context(const struct command *command, int attribute,
			   size_t length)
{
	static char text[64];

	snprintf(text, sizeof(text), "command %d%s, attribute %d, length %zu",
		 command->number, command->flags ? " dump" : "", attribute,
		 length);
	return text;
}

/* EINVAL, or ERANGE where netlink says so, with sentence and attribute. */
static void expect_refused(struct nl *nl, const struct command *command,
			   int attribute, const void *bytes, size_t length)
{
	struct nl_request request;

	check_context("%s", context(command, attribute, length));
	nl_begin(&request, nl, command->number, command->flags);
	nl_put_bytes(&request, attribute, bytes, length);
	if (!ask(nl, &request))
		FAIL("it was taken");
	if (errno != EINVAL && errno != ERANGE)
		FAIL("it failed with %s", strerrorname_np(errno));
	CHECK(nl->sentence[0]);
	CHECK_EQ(nl->attribute, attribute);
	check_context("%s", "");
}

TEST(attributes_of_other_commands_are_refused_by_name)
{
	struct nl nl = nl_open();
	__u64 value = 1;

	EACH_COMMAND(command)
		for (int attribute = 1; attribute <= KMQ_A_MAX + 3; attribute++)
			if (!takes(command, attribute)) {
				expect_refused(&nl, command, attribute, &value, 4);
				expect_refused(&nl, command, attribute, &value, 8);
			}
}

static bool is_text(int attribute)
{
	return attribute == KMQ_A_NAME || attribute == KMQ_A_PATTERN;
}

TEST(attributes_of_a_wrong_length_are_refused_by_name)
{
	static const char bytes[256];
	struct nl nl = nl_open();

	EACH_COMMAND(command)
		for (const int *taken = command->takes; *taken; taken++)
			for (size_t length = 0; length <= 16; length++) {
				size_t right = *taken == KMQ_A_BYTE_LIMIT ? 8 : 4;

				if (!is_text(*taken) && length != right)
					expect_refused(&nl, command, *taken,
						       bytes, length);
			}
}

TEST(texts_without_an_end_empty_or_too_long_are_refused_by_name)
{
	struct nl nl = nl_open();
	char text[256];

	memset(text, 'x', sizeof(text));
	EACH_COMMAND(command)
		for (const int *taken = command->takes; *taken; taken++) {
			size_t size = *taken == KMQ_A_NAME ? KMQ_NAME_SIZE :
							     KMQ_PATTERN_SIZE;

			if (!is_text(*taken))
				continue;
			expect_refused(&nl, command, *taken, text, 0);
			expect_refused(&nl, command, *taken, text, 1);
			expect_refused(&nl, command, *taken, text, size - 1);
			expect_refused(&nl, command, *taken, text, size);
			text[size] = '\0';
			expect_refused(&nl, command, *taken, text, size + 1);
			text[size] = 'x';
			text[3] = '\0';
			expect_refused(&nl, command, *taken, text, size + 20);
			text[3] = 'x';
		}
}

/* Or somebody would remove "t" who meant another. */
TEST(bytes_behind_the_end_of_a_text_are_refused)
{
	struct nl nl = nl_open();
	struct nl_request request;

	EACH_COMMAND(command) {
		static const int texts[] = { KMQ_A_NAME, KMQ_A_PATTERN };

		for (int i = 0; i < 2; i++) {
			bool of_dump = command->flags & NLM_F_DUMP;

			if (!takes(command, texts[i]))
				continue;
			/* What narrows a dump is refused by a get anyway. */
			if (command->number == KMQ_CMD_QUEUE_GET &&
			    (texts[i] == KMQ_A_PATTERN) != of_dump)
				continue;
			nl_begin(&request, &nl, command->number, command->flags);
			nl_put_bytes(&request, texts[i], "t\0more", 7);
			CHECK_REFUSED(&nl, ask(&nl, &request), EINVAL,
				      "there are bytes behind the end of the text",
				      texts[i]);
		}
	}
}

TEST(a_nested_or_foreign_attribute_is_refused)
{
	struct nl nl = nl_open();
	struct nl_request request;

	nl_begin(&request, &nl, KMQ_CMD_QUEUE_DEL, 0);
	nl_put_text(&request, KMQ_A_NAME | NLA_F_NESTED, "x");
	CHECK_ERRNO(nl_transact(&nl, &request, NULL), EINVAL);
	CHECK(nl.sentence[0]);
	/* What is left at the end is not an attribute. */
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_DEL, 0);
	nl_put_text(&request, KMQ_A_NAME, "x");
	request.header.nlmsg_len += 2;
	CHECK_ERRNO(nl_transact(&nl, &request, NULL), EINVAL);
	CHECK(nl.sentence[0]);
}

TEST(a_request_says_which_queue_and_says_it_once)
{
	static const int of_one[] = { KMQ_CMD_QUEUE_GET, KMQ_CMD_QUEUE_SET,
				      KMQ_CMD_QUEUE_DEL };
	struct nl nl = nl_open();
	struct nl_request request;

	for (int i = 0; i < 3; i++) {
		nl_begin(&request, &nl, of_one[i], 0);
		CHECK_REFUSED(&nl, nl_transact(&nl, &request, NULL), EINVAL,
			      "which queue? a name or an id is needed", 0);
		CHECK_EQ(nl.missing, KMQ_A_NAME);
		nl_begin(&request, &nl, of_one[i], 0);
		nl_put_text(&request, KMQ_A_NAME, "x");
		nl_put_u32(&request, KMQ_A_ID, 1);
		CHECK_REFUSED(&nl, nl_transact(&nl, &request, NULL), EINVAL,
			      "a name and an id: one of them", KMQ_A_ID);
		nl_begin(&request, &nl, of_one[i], 0);
		nl_put_u32(&request, KMQ_A_ID, 0);
		CHECK_REFUSED(&nl, nl_transact(&nl, &request, NULL), ENOENT,
			      "no such queue", KMQ_A_ID);
		nl_begin(&request, &nl, of_one[i], 0);
		nl_put_text(&request, KMQ_A_NAME, "");
		CHECK_REFUSED(&nl, nl_transact(&nl, &request, NULL), ENOENT,
			      "no such queue", KMQ_A_NAME);
	}
	nl_begin(&request, &nl, KMQ_CMD_HOLDER_GET, NLM_F_DUMP);
	CHECK_REFUSED(&nl, ask(&nl, &request), EINVAL,
		      "which queue? a name or an id is needed", 0);
	nl_begin(&request, &nl, KMQ_CMD_HOLDER_GET, NLM_F_DUMP);
	nl_put_text(&request, KMQ_A_NAME, "no-such-queue");
	CHECK_REFUSED(&nl, ask(&nl, &request), ENOENT, "no such queue",
		      KMQ_A_NAME);
}

TEST(what_narrows_a_dump_is_not_for_a_get_and_the_other_way_round)
{
	static const int narrows[] = { KMQ_A_PATTERN, KMQ_A_UID, KMQ_A_KIND };
	struct nl nl = nl_open();
	struct nl_request request;

	for (int i = 0; i < 3; i++) {
		nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, 0);
		nl_put_text(&request, KMQ_A_NAME, "x");
		if (narrows[i] == KMQ_A_PATTERN)
			nl_put_text(&request, KMQ_A_PATTERN, "*");
		else
			nl_put_u32(&request, narrows[i], 0);
		CHECK_REFUSED(&nl, nl_transact(&nl, &request, NULL), EINVAL,
			      "this narrows a dump, not a get", narrows[i]);
	}
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
	nl_put_text(&request, KMQ_A_NAME, "x");
	CHECK_REFUSED(&nl, ask(&nl, &request), EINVAL,
		      "a dump is of all queues; a get is of one", KMQ_A_NAME);
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
	nl_put_u32(&request, KMQ_A_KIND, 2);
	CHECK_REFUSED(&nl, ask(&nl, &request), EINVAL, "no such kind of queue",
		      KMQ_A_KIND);
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
	nl_put_u32(&request, KMQ_A_UID, -1);
	CHECK_REFUSED(&nl, ask(&nl, &request), EINVAL,
		      "no such user in your user namespace", KMQ_A_UID);
}

/* One wrong word in a request that makes a queue. */
struct wrong {
	int attribute;
	__u64 value;
	const char *sentence;
};

static void put_number(struct nl_request *request, int attribute, __u64 value)
{
	if (attribute == KMQ_A_BYTE_LIMIT)
		nl_put_u64(request, attribute, value);
	else
		nl_put_u32(request, attribute, value);
}

static void expect_wrong(struct nl *nl, struct nl_request *request,
			 const struct wrong *wrong)
{
	check_context("attribute %d of %llu", wrong->attribute,
		      (unsigned long long)wrong->value);
	put_number(request, wrong->attribute, wrong->value);
	CHECK_REFUSED(nl, nl_transact(nl, request, NULL), EINVAL,
		      wrong->sentence, wrong->attribute);
	check_context("%s", "");
}

TEST(new_says_which_word_is_wrong)
{
	static const struct wrong wrongs[] = {
		{ KMQ_A_KIND, 2, "no such kind of queue" },
		{ KMQ_A_POLICY, 4, "no such policy" },
		{ KMQ_A_LIFETIME, 2, "no such lifetime" },
		{ KMQ_A_CAPACITY, KMQ_CAPACITY_MAX + 1,
		  "the capacity is above its maximum" },
		{ KMQ_A_INLINE_SIZE, 7, "the inline size is out of its range" },
		{ KMQ_A_INLINE_SIZE, KMQ_INLINE_MAX + 1,
		  "the inline size is out of its range" },
		{ KMQ_A_MAX_MESSAGE, KMQ_MESSAGE_MAX + 1,
		  "the largest message is above its maximum" },
		{ KMQ_A_BYTE_LIMIT, 100,
		  "the byte limit is below the largest message" },
		{ KMQ_A_BYTE_LIMIT, KMQ_BYTE_LIMIT_MAX + 1,
		  "the byte limit is above its maximum" },
		{ KMQ_A_MODE, 01000, "a mode has permission bits only" },
		{ KMQ_A_UID, -1, "no such user in your user namespace" },
		{ KMQ_A_GID, -1, "no such group in your user namespace" },
		{ KMQ_A_RING_MODE, 1, "only a ring has a ring mode" },
		{ KMQ_A_HIGH_WATERMARK, KMQ_CAPACITY_MAX + 1,
		  "the high watermark is above any capacity" },
		{ KMQ_A_LOW_WATERMARK, 1,
		  "the low watermark must be below the high one" },
		{ KMQ_A_LEASE_LIMIT, KMQ_LEASE_LIMIT_MAX + 1,
		  "the lease limit is longer than a day" },
		{ KMQ_A_HISTOGRAM, 2, "a histogram is on (1) or off (0)" },
	};
	struct nl nl = nl_open();
	struct nl_request request;

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(*wrongs); i++) {
		nl_begin(&request, &nl, KMQ_CMD_QUEUE_NEW, 0);
		nl_put_text(&request, KMQ_A_NAME, "never-made");
		expect_wrong(&nl, &request, &wrongs[i]);
	}
	CHECK_ERRNO(access("/dev/kmq/never-made", F_OK), ENOENT);
}

TEST(new_says_what_a_ring_has_not)
{
	static const struct wrong wrongs[] = {
		{ KMQ_A_RING_MODE, 4, "no such ring mode" },
		{ KMQ_A_POLICY, KMQ_POLICY_DROP_NEWEST,
		  "a ring blocks or rejects, it does not drop" },
		{ KMQ_A_CAPACITY, 1, "a ring has a byte limit, no capacity" },
		{ KMQ_A_INLINE_SIZE, 8, "a ring has no inline size" },
		{ KMQ_A_BYTE_LIMIT, 4097,
		  "a ring's byte limit is a power of two of pages, up to its maximum" },
		{ KMQ_A_MAX_MESSAGE, KMQ_RING_SIZE_MAX,
		  "a record of a ring takes at most half of it" },
	};
	struct nl nl = nl_open();
	struct nl_request request;

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(*wrongs); i++) {
		nl_begin(&request, &nl, KMQ_CMD_QUEUE_NEW, 0);
		nl_put_text(&request, KMQ_A_NAME, "never-made");
		nl_put_u32(&request, KMQ_A_KIND, KMQ_KIND_RING);
		expect_wrong(&nl, &request, &wrongs[i]);
	}
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_NEW, 0);
	nl_put_text(&request, KMQ_A_NAME, "never-made");
	nl_put_u32(&request, KMQ_A_KIND, KMQ_KIND_RING);
	nl_put_u32(&request, KMQ_A_RING_MODE, KMQ_RING_BROADCAST);
	nl_put_u32(&request, KMQ_A_POLICY, KMQ_POLICY_REJECT);
	CHECK_REFUSED(&nl, nl_transact(&nl, &request, NULL), EINVAL,
		      "a broadcast ring is never full", KMQ_A_POLICY);
}

TEST(a_ring_has_no_low_mark_either)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];

	NAMED(name, .kind = KMQ_KIND_RING);
	CHECK_REFUSED(&nl, nl_set_u32(&nl, name, KMQ_A_LOW_WATERMARK, 5),
		      EOPNOTSUPP,
		      "who maps a ring fills it unseen: it has no watermarks",
		      KMQ_A_LOW_WATERMARK);
}

TEST(a_ring_is_not_watched)
{
	static const struct wrong watches[] = {
		{ KMQ_A_HIGH_WATERMARK, 1,
		  "who maps a ring fills it unseen: it has no watermarks" },
		{ KMQ_A_LEASE_LIMIT, 1, "a ring has no leases" },
		{ KMQ_A_HISTOGRAM, 1, "a ring's records carry no times" },
	};
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	struct nl_request request;

	NAMED(name, .kind = KMQ_KIND_RING);
	for (size_t i = 0; i < sizeof(watches) / sizeof(*watches); i++) {
		nl_begin(&request, &nl, KMQ_CMD_QUEUE_NEW, 0);
		nl_put_text(&request, KMQ_A_NAME, "never-made");
		nl_put_u32(&request, KMQ_A_KIND, KMQ_KIND_RING);
		nl_put_u32(&request, watches[i].attribute, 1);
		CHECK_REFUSED(&nl, nl_transact(&nl, &request, NULL), EOPNOTSUPP,
			      watches[i].sentence, watches[i].attribute);
		CHECK_REFUSED(&nl, nl_set_u32(&nl, name, watches[i].attribute, 1),
			      EOPNOTSUPP, watches[i].sentence,
			      watches[i].attribute);
	}
	CHECK_REFUSED(&nl, nl_set_u32(&nl, name, KMQ_A_CAPACITY, 1), EOPNOTSUPP,
		      "a ring keeps its size", KMQ_A_CAPACITY);
	CHECK_REFUSED(&nl, nl_set_u32(&nl, name, KMQ_A_POLICY,
				      KMQ_POLICY_DROP_OLDEST),
		      EINVAL, "a ring blocks or rejects, it does not drop",
		      KMQ_A_POLICY);
}

TEST(new_says_what_is_wrong_with_a_name)
{
	static const char *const bad[] = { ".hidden", "control", "a/b", "a b",
					   "\303\244" };
	struct nl nl = nl_open();
	struct nl_request request;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_REFUSED(&nl, nl_new(&nl, bad[i]), EINVAL,
			      "a name is of letters, digits and ._-, does not begin with a dot and is not \"control\"",
			      KMQ_A_NAME);
	CHECK_REFUSED(&nl, nl_new(&nl, ""), EINVAL, "the name is empty",
		      KMQ_A_NAME);
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_NEW, 0);
	CHECK_REFUSED(&nl, nl_transact(&nl, &request, NULL), EINVAL,
		      "a queue that is made here has a name", 0);
	CHECK_EQ(nl.missing, KMQ_A_NAME);
}

TEST(set_says_which_word_is_wrong)
{
	static const struct wrong wrongs[] = {
		{ KMQ_A_POLICY, 4, "no such policy" },
		{ KMQ_A_CAPACITY, 0, "the capacity is out of its range" },
		{ KMQ_A_CAPACITY, KMQ_CAPACITY_MAX + 1,
		  "the capacity is out of its range" },
		{ KMQ_A_BYTE_LIMIT, 15,
		  "the byte limit is below the largest message" },
		{ KMQ_A_BYTE_LIMIT, KMQ_BYTE_LIMIT_MAX + 1,
		  "the byte limit is above its maximum" },
		{ KMQ_A_MODE, 010000, "a mode has permission bits only" },
		{ KMQ_A_UID, -1, "no such user in your user namespace" },
		{ KMQ_A_GID, -1, "no such group in your user namespace" },
		{ KMQ_A_HIGH_WATERMARK, KMQ_CAPACITY_MAX + 1,
		  "the high watermark is above any capacity" },
		{ KMQ_A_LOW_WATERMARK, 3,
		  "the low watermark must be below the high one" },
		{ KMQ_A_LEASE_LIMIT, KMQ_LEASE_LIMIT_MAX + 1,
		  "the lease limit is longer than a day" },
		{ KMQ_A_HISTOGRAM, 2, "a histogram is on (1) or off (0)" },
	};
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	struct nl_request request;

	NAMED(name, .capacity = 4, .max_message = 16);
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(*wrongs); i++) {
		nl_begin(&request, &nl, KMQ_CMD_QUEUE_SET, 0);
		nl_put_text(&request, KMQ_A_NAME, name);
		expect_wrong(&nl, &request, &wrongs[i]);
	}
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_SET, 0);
	nl_put_text(&request, KMQ_A_NAME, name);
	CHECK_REFUSED(&nl, nl_transact(&nl, &request, NULL), EINVAL,
		      "nothing to be set", 0);
}

TEST(unknown_commands_and_bits_are_refused)
{
	struct nl nl = nl_open();
	struct nl_request request;
	char name[KMQ_NAME_SIZE];

	NAMED(name, .capacity = 1);
	nl_begin(&request, &nl, KMQ_CMD_MAX + 1, 0);
	CHECK_ERRNO(nl_transact(&nl, &request, NULL), EOPNOTSUPP);
	nl_begin(&request, &nl, KMQ_CMD_UNSPEC, 0);
	CHECK_ERRNO(nl_transact(&nl, &request, NULL), EOPNOTSUPP);
	/* From the kernel only. */
	nl_begin(&request, &nl, KMQ_CMD_EVENT, 0);
	CHECK_ERRNO(nl_transact(&nl, &request, NULL), EOPNOTSUPP);
	/* There are no dumps of these, and no get of that. */
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_NEW, NLM_F_DUMP);
	CHECK_ERRNO(nl_transact(&nl, &request, NULL), EOPNOTSUPP);
	nl_begin(&request, &nl, KMQ_CMD_HOLDER_GET, 0);
	nl_put_text(&request, KMQ_A_NAME, name);
	CHECK_ERRNO(nl_transact(&nl, &request, NULL), EOPNOTSUPP);

	EACH_COMMAND(command) {
		nl_begin(&request, &nl, command->number, command->flags);
		request.command.reserved = 1;
		CHECK_ERRNO(ask(&nl, &request), EINVAL);
		CHECK(nl.sentence[0]);
	}
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, NLM_F_CREATE);
	nl_put_text(&request, KMQ_A_NAME, name);
	CHECK_REFUSED(&nl, nl_transact(&nl, &request, NULL), EINVAL,
		      "flags that this command does not have", 0);
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_NEW, NLM_F_APPEND);
	nl_put_text(&request, KMQ_A_NAME, name);
	CHECK_REFUSED(&nl, nl_transact(&nl, &request, NULL), EINVAL,
		      "flags that this command does not have", 0);
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_DEL, NLM_F_EXCL);
	nl_put_text(&request, KMQ_A_NAME, name);
	CHECK_ERRNO(nl_transact(&nl, &request, NULL), EINVAL);
}

TEST(events_to_subscribe_to_exist)
{
	struct nl nl = nl_open();
	struct nl_request request;

	CHECK_REFUSED(&nl, nl_subscribe(&nl, NULL, 1u << KMQ_EVENT_LOST), EINVAL,
		      "no event, or one that there is not", KMQ_A_EVENTS);
	CHECK_REFUSED(&nl, nl_subscribe(&nl, NULL, 1u << (KMQ_EVENT_MAX + 1)),
		      EINVAL, "no event, or one that there is not", KMQ_A_EVENTS);
	nl_begin(&request, &nl, KMQ_CMD_SUBSCRIBE, 0);
	nl_put_u32(&request, KMQ_A_EVENTS, 0);
	CHECK_REFUSED(&nl, nl_transact(&nl, &request, NULL), EINVAL,
		      "no event, or one that there is not", KMQ_A_EVENTS);
	CHECK_REFUSED(&nl, nl_unsubscribe(&nl), ENOENT,
		      "this socket has no subscription", 0);
}

/* Pure noise: nothing may be made of it, and nothing may break. */
TEST(random_bytes_are_refused_or_harmless)
{
	int before = queue_count();
	struct nl nl = nl_open();
	unsigned int seed = getpid();

	check_context("seed %u", seed);
	for (int i = 0; i < 3000; i++) {
		struct nl_request request;
		unsigned char bytes[64];
		size_t length = rand_r(&seed) % sizeof(bytes);

		nl_begin(&request, &nl, rand_r(&seed) % (KMQ_CMD_MAX + 2),
			 rand_r(&seed) % 4 ? 0 : NLM_F_DUMP);
		/* A name that is too long for NEW to take. */
		for (size_t k = 0; k < length; k++)
			bytes[k] = rand_r(&seed);
		memcpy(request.attributes, bytes, length);
		request.header.nlmsg_len += length;
		if (request.command.cmd == KMQ_CMD_SUBSCRIBE)
			continue;
		ask(&nl, &request);
	}
	CHECK_EQ(queue_count(), before);
}

TEST(another_user_makes_changes_and_removes_nothing)
{
	char name[KMQ_NAME_SIZE];
	pid_t pid;

	NAMED(name, .capacity = 1, .mode = 0644);
	CHILD(pid) {
		struct nl_reply queue;
		struct nl nl;

		become_user(1000);
		nl = nl_open();
		CHECK_REFUSED(&nl, nl_new(&nl, "not-mine"), EPERM,
			      "to make queues needs CAP_SYS_ADMIN here; /dev/kmq/control may let you",
			      0);
		/* It may see it, and no more. */
		CHECK_TAKEN(&nl, nl_get(&nl, name, &queue));
		CHECK_REFUSED(&nl, nl_set_u32(&nl, name, KMQ_A_CAPACITY, 2),
			      EPERM,
			      "you neither own this queue nor have CAP_SYS_ADMIN",
			      KMQ_A_NAME);
		CHECK_REFUSED(&nl, nl_del(&nl, name), EPERM,
			      "you neither own this queue nor have CAP_SYS_ADMIN",
			      KMQ_A_NAME);
	}
	child_join(pid);
}

TEST(an_owner_sets_and_removes_his_queue_and_gives_it_to_nobody)
{
	char name[KMQ_NAME_SIZE];
	pid_t pid;

	NAMED(name, .capacity = 1, .flags = KMQ_CREATE_OWNER, .uid = 1000,
	      .gid = 1000);
	CHILD(pid) {
		struct nl nl;

		become_user(1000);
		nl = nl_open();
		CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_CAPACITY, 2));
		CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_MODE, 0660));
		CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_GID, 1000));
		CHECK_REFUSED(&nl, nl_set_u32(&nl, name, KMQ_A_UID, 1001), EPERM,
			      "another owner needs CAP_CHOWN", KMQ_A_UID);
		CHECK_REFUSED(&nl, nl_set_u32(&nl, name, KMQ_A_GID, 1001), EPERM,
			      "a group that you are not in needs CAP_CHOWN",
			      KMQ_A_GID);
		CHECK_TAKEN(&nl, nl_del(&nl, name));
	}
	child_join(pid);
}

TEST(a_mode_that_forbids_reading_hides_the_queue)
{
	char hidden[KMQ_NAME_SIZE], group[KMQ_NAME_SIZE];
	int unnamed = QUEUE(.mode = 0666);
	pid_t pid;

	NAMED(hidden, .mode = 0640);
	NAMED(group, .mode = 0640, .flags = KMQ_CREATE_OWNER, .gid = 1000);
	CHILD(pid) {
		struct nl_request request;
		struct nl_reply queue;
		struct nl nl;

		become_user(1000);
		nl = nl_open();
		CHECK_REFUSED(&nl, nl_get(&nl, hidden, &queue), EACCES,
			      "its mode does not let you read this queue",
			      KMQ_A_NAME);
		CHECK_TAKEN(&nl, nl_get(&nl, group, &queue));
		/* What has no name is nobody's business, whatever its mode. */
		nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, 0);
		nl_put_u32(&request, KMQ_A_ID, info_of(unnamed).id);
		CHECK_REFUSED(&nl, nl_transact(&nl, &request, &queue), EACCES,
			      "its mode does not let you read this queue",
			      KMQ_A_ID);
		nl_begin(&request, &nl, KMQ_CMD_HOLDER_GET, NLM_F_DUMP);
		nl_put_text(&request, KMQ_A_NAME, hidden);
		CHECK_REFUSED(&nl, ask(&nl, &request), EACCES,
			      "its mode does not let you read this queue",
			      KMQ_A_NAME);
	}
	child_join(pid);
}

/* A socket that a user opened gains nothing in the hands of root. */
TEST(a_socket_has_no_more_rights_than_who_opened_it)
{
	char name[KMQ_NAME_SIZE];
	struct msghdr message = {};
	char control[CMSG_SPACE(sizeof(int))], byte = 's';
	struct iovec part = { &byte, 1 };
	struct nl_reply queue;
	int pair[2], fd;
	struct nl nl;
	pid_t pid;

	NAMED(name, .mode = 0600);
	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	message.msg_iov = &part;
	message.msg_iovlen = 1;
	message.msg_control = control;
	message.msg_controllen = sizeof(control);
	CHILD(pid) {
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);

		become_user(1000);
		nl = nl_open();
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &nl.fd, sizeof(int));
		CHECK_EQ(CHECK_OK(sendmsg(pair[1], &message, 0)), 1);
	}
	CHECK_EQ(CHECK_OK(recvmsg(pair[0], &message, 0)), 1);
	child_join(pid);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	nl = nl_open();
	close(nl.fd);
	nl.fd = fd;
	CHECK_REFUSED(&nl, nl_get(&nl, name, &queue), EACCES,
		      "its mode does not let you read this queue", KMQ_A_NAME);
	CHECK_REFUSED(&nl, nl_del(&nl, name), EPERM,
		      "you neither own this queue nor have CAP_SYS_ADMIN",
		      KMQ_A_NAME);
	CHECK_ERRNO(nl_new(&nl, "by-proxy"), EPERM);
}

/* PF_SUPERPRIV of <linux/sched.h>: has this process used a capability? */
static bool has_used_a_privilege(void)
{
	unsigned int flags;
	char line[512] = "";
	int fd = CHECK_OK(open("/proc/self/stat", O_RDONLY | O_CLOEXEC));

	CHECK(CHECK_OK(read(fd, line, sizeof(line) - 1)) > 0);
	close(fd);
	CHECK_EQ(sscanf(strrchr(line, ')'), ") %*c %*d %*d %*d %*d %*d %u", &flags), 1);
	return flags & 0x100;
}

TEST(an_owner_needs_no_privilege_even_if_he_has_it)
{
	char own[KMQ_NAME_SIZE], other[KMQ_NAME_SIZE];
	pid_t pid;

	NAMED(own, .capacity = 4, .mode = 0600);
	NAMED(other, .mode = 0600, .flags = KMQ_CREATE_OWNER, .uid = 1000,
	      .gid = 1000);
	/* A child begins without the mark. */
	CHILD(pid) {
		struct nl nl = nl_open();
		struct nl_reply queue;

		CHECK_TAKEN(&nl, nl_get(&nl, own, &queue));
		CHECK_TAKEN(&nl, nl_set_u32(&nl, own, KMQ_A_CAPACITY, 3));
		CHECK_TAKEN(&nl, nl_del(&nl, own));
		CHECK(!has_used_a_privilege());
		CHECK_TAKEN(&nl, nl_get(&nl, other, &queue));
		CHECK(has_used_a_privilege());
	}
	child_join(pid);
}
