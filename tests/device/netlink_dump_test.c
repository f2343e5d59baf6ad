// SPDX-License-Identifier: GPL-2.0-only
/* Dumps: of all queues, of some, and while they come and go. */
#include "lib/netlink.h"

static void number_name(char name[KMQ_NAME_SIZE], const char *prefix, int i)
{
	char wide[KMQ_NAME_SIZE + 16];
	int length = snprintf(wide, sizeof(wide), "%s%d", prefix, i);

	CHECK(length < KMQ_NAME_SIZE);
	memcpy(name, wide, length + 1);
}

static void make_queues(struct nl *nl, const char *prefix, int from, int count)
{
	char name[KMQ_NAME_SIZE];
	struct nl_request request;

	for (int i = from; i < from + count; i++) {
		number_name(name, prefix, i);
		nl_begin(&request, nl, KMQ_CMD_QUEUE_NEW, NLM_F_EXCL);
		nl_put_text(&request, KMQ_A_NAME, name);
		nl_put_u32(&request, KMQ_A_CAPACITY, 1);
		nl_put_u32(&request, KMQ_A_INLINE_SIZE, 8);
		nl_put_u32(&request, KMQ_A_MAX_MESSAGE, 8);
		CHECK_TAKEN(nl, nl_transact(nl, &request, NULL));
	}
}

static void remove_queues(struct nl *nl, const char *prefix, int from, int count)
{
	char name[KMQ_NAME_SIZE];

	for (int i = from; i < from + count; i++) {
		number_name(name, prefix, i);
		CHECK_TAKEN(nl, nl_del(nl, name));
	}
}

static void prefix_of(char prefix[KMQ_NAME_SIZE], char kind)
{
	snprintf(prefix, KMQ_NAME_SIZE, NAME_PREFIX "%c", test_pid, kind);
}

/* How many of a dump have this name's beginning; each has it once. */
static int count_named(struct nl *nl, struct nl_request *request,
		       const char *prefix, bool *interrupted)
{
	static struct nl_dump dump;
	char seen[2000] = "";
	struct nl_reply row;
	__u64 last = 0;
	int found = 0;

	CHECK_TAKEN(nl, nl_dump_start(&dump, nl, request));
	while (nl_dump_next(&dump, &row)) {
		const char *name = nl_has(&row, KMQ_A_NAME) ?
					   nl_text(&row, KMQ_A_NAME) : "";
		int number;

		/* In order of ids, and so none twice. */
		CHECK(nl_number(&row, KMQ_A_ID) > last);
		last = nl_number(&row, KMQ_A_ID);
		if (strncmp(name, prefix, strlen(prefix)))
			continue;
		number = atoi(name + strlen(prefix));
		CHECK(number >= 0 && number < (int)sizeof(seen));
		CHECK(!seen[number]);
		seen[number] = 1;
		found++;
	}
	CHECK_EQ(dump.error, 0);
	if (interrupted)
		*interrupted = dump.interrupted;
	return found;
}

static int count_all(struct nl *nl, const char *prefix, bool *interrupted)
{
	struct nl_request request;

	nl_begin(&request, nl, KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
	return count_named(nl, &request, prefix, interrupted);
}

TEST(a_dump_over_many_messages_has_each_queue_once)
{
	struct nl nl = nl_open();
	char prefix[KMQ_NAME_SIZE];
	bool interrupted = true;

	prefix_of(prefix, 'd');
	make_queues(&nl, prefix, 0, 300);
	CHECK_EQ(count_all(&nl, prefix, &interrupted), 300);
	CHECK(!interrupted);
	remove_queues(&nl, prefix, 0, 300);
	CHECK_EQ(count_all(&nl, prefix, NULL), 0);
}

TEST(a_dump_is_narrowed_by_pattern_owner_and_kind)
{
	struct nl nl = nl_open();
	char prefix[KMQ_NAME_SIZE], pattern[KMQ_PATTERN_SIZE], ring[KMQ_NAME_SIZE];
	struct nl_request request;

	prefix_of(prefix, 'n');
	make_queues(&nl, prefix, 0, 12);
	queue_name(ring);
	CHECK_TAKEN(&nl, nl_set_u32(&nl, strcat(strcpy(pattern, prefix), "3"),
				    KMQ_A_UID, 1234));
	NAMED(ring, .kind = KMQ_KIND_RING);

	nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
	nl_put_text(&request, KMQ_A_PATTERN, strcat(strcpy(pattern, prefix), "?"));
	CHECK_EQ(count_named(&nl, &request, prefix, NULL), 10);
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
	nl_put_text(&request, KMQ_A_PATTERN, strcat(strcpy(pattern, prefix), "1*"));
	CHECK_EQ(count_named(&nl, &request, prefix, NULL), 3);
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
	nl_put_text(&request, KMQ_A_PATTERN, "*no*such*queue*");
	CHECK_EQ(count_named(&nl, &request, "", NULL), 0);
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
	nl_put_u32(&request, KMQ_A_UID, 1234);
	CHECK_EQ(count_named(&nl, &request, prefix, NULL), 1);
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
	nl_put_u32(&request, KMQ_A_KIND, KMQ_KIND_RING);
	CHECK_EQ(count_named(&nl, &request, prefix, NULL), 0);
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
	nl_put_u32(&request, KMQ_A_KIND, KMQ_KIND_RING);
	nl_put_text(&request, KMQ_A_PATTERN, ring);
	CHECK_EQ(count_named(&nl, &request, ring, NULL), 1);
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
	nl_put_u32(&request, KMQ_A_KIND, KMQ_KIND_MESSAGE);
	nl_put_u32(&request, KMQ_A_UID, 0);
	CHECK_EQ(count_named(&nl, &request, prefix, NULL), 11);
	remove_queues(&nl, prefix, 0, 12);
}

TEST(a_dump_leaves_out_what_may_not_be_seen)
{
	char hidden[KMQ_NAME_SIZE], open[KMQ_NAME_SIZE];
	pid_t pid;

	NAMED(hidden, .mode = 0640);
	NAMED(open, .mode = 0604);
	QUEUE(.mode = 0666);
	CHILD(pid) {
		struct nl_request request;
		struct nl nl;

		become_user(1000);
		nl = nl_open();
		nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
		CHECK_EQ(count_named(&nl, &request, hidden, NULL), 0);
		nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
		CHECK_EQ(count_named(&nl, &request, open, NULL), 1);
	}
	child_join(pid);
}

/* The rights are those of who asked, whoever reads the rest. */
TEST(what_comes_or_goes_during_a_dump_shows)
{
	static struct nl_dump dump;
	struct nl nl = nl_open(), other = nl_open();
	char prefix[KMQ_NAME_SIZE], name[KMQ_NAME_SIZE];
	struct nl_request request;
	struct nl_reply row;
	int found = 0;

	prefix_of(prefix, 'i');
	make_queues(&other, prefix, 0, 100);
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
	CHECK_TAKEN(&nl, nl_dump_start(&dump, &nl, &request));
	CHECK(nl_dump_next(&dump, &row));
	/* Far behind what the first answers hold. */
	number_name(name, prefix, 99);
	CHECK_TAKEN(&other, nl_del(&other, name));
	do
		found += nl_has(&row, KMQ_A_NAME) &&
			 !strncmp(nl_text(&row, KMQ_A_NAME), prefix, strlen(prefix));
	while (nl_dump_next(&dump, &row));
	CHECK_EQ(found, 99);
	CHECK(dump.interrupted);
	remove_queues(&other, prefix, 0, 99);
}

#define CHURN	1000
#define STABLE	100
#define DUMPS	10

/*
 * A thousand come and go, over and over, while ten dump: each dump has those
 * that stay, all of them, once.
 */
TEST(ten_dumps_have_all_that_stay_while_a_thousand_come_and_go)
{
	struct nl nl = nl_open();
	char stay[KMQ_NAME_SIZE], go[KMQ_NAME_SIZE];
	pid_t dumpers[DUMPS], churner;

	prefix_of(stay, 's');
	prefix_of(go, 'g');
	make_queues(&nl, stay, 0, STABLE / 2);
	CHILD(churner) {
		struct nl own = nl_open();

		make_queues(&own, go, 0, CHURN / 2);
		remove_queues(&own, go, 0, CHURN / 2);
		make_queues(&own, go, CHURN / 2, CHURN / 2);
		remove_queues(&own, go, CHURN / 2, CHURN / 2);
	}
	make_queues(&nl, stay, STABLE / 2, STABLE / 2);
	for (int i = 0; i < DUMPS; i++)
		CHILD(dumpers[i]) {
			struct nl own = nl_open();

			for (int k = 0; k < 6; k++)
				CHECK_EQ(count_all(&own, stay, NULL), STABLE);
		}
	for (int i = 0; i < DUMPS; i++)
		child_join(dumpers[i]);
	child_join(churner);
	remove_queues(&nl, stay, 0, STABLE);
}

TEST(a_dump_that_nobody_reads_on_leaves_the_queues_alone)
{
	static struct nl_dump dump;
	struct nl nl = nl_open(), other = nl_open();
	char prefix[KMQ_NAME_SIZE];
	struct nl_request request;

	prefix_of(prefix, 'u');
	make_queues(&other, prefix, 0, 100);
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
	CHECK_TAKEN(&nl, nl_dump_start(&dump, &nl, &request));
	remove_queues(&other, prefix, 0, 100);
	nl_close(&nl);
}
