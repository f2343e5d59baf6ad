// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints, as tracefs shows them: each transition is told once, with what
 * kmq_trace(7) says. What a whole conversation looks like is tests/cli's matter.
 *
 * Switching a tracepoint on rewrites code that runs, which two emulated
 * processors can hang over; all but one are switched off while this runs.
 */
#include <glob.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "kmq_test.h"
#include "lib/ring.h"

#define TRACING "/sys/kernel/tracing"

static pid_t main_process;

static void set_processors(char online)
{
	glob_t processors;

	if (glob("/sys/devices/system/cpu/cpu[1-9]*/online", 0, NULL, &processors))
		return;
	for (size_t i = 0; i < processors.gl_pathc; i++) {
		int fd = open(processors.gl_pathv[i], O_WRONLY);

		if (fd >= 0 && write(fd, &online, 1) != 1)
			fprintf(stderr, "# cannot write to %s\n", processors.gl_pathv[i]);
		close(fd);
	}
	globfree(&processors);
}

__attribute__((constructor)) static void leave_one_processor(void)
{
	main_process = getpid();
	set_processors('0');
}

__attribute__((destructor)) static void give_processors_back(void)
{
	if (getpid() == main_process)
		set_processors('1');
}

/* ---- an instance of tracing for the test ---- */

static char instance[128];

static char *instance_path(const char *below)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", instance, below);
	return path;
}

static void write_to(const char *below, const char *text)
{
	int fd = CHECK_OK(open(instance_path(below), O_WRONLY | O_TRUNC));

	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void stop_tracing(void)
{
	write_to("events/kmq/enable", "0");
	CHECK_OK(rmdir(instance));
}

static void start_tracing(void)
{
	if (access(TRACING "/instances", W_OK))
		skip_test("there is no tracefs at " TRACING);
	if (access(TRACING "/events/kmq", F_OK))
		FAIL("the module has no tracepoints");
	snprintf(instance, sizeof(instance), TRACING "/instances/test-%d", (int)getpid());
	CHECK_OK(mkdir(instance, 0755));
	write_to("events/kmq/enable", "1");
}

static char *trace_text(void)
{
	static char text[65536];
	int fd = CHECK_OK(open(instance_path("trace"), O_RDONLY));
	size_t length = 0;
	ssize_t got;

	while ((got = CHECK_OK(read(fd, text + length, sizeof(text) - 1 - length))) > 0)
		length += got;
	text[length] = '\0';
	close(fd);
	return text;
}

/* The first line of the event with this in it, behind the event's name; or NULL. */
static const char *find_event(const char *text, const char *event, const char *with)
{
	static char line[512];
	char name[64];

	snprintf(name, sizeof(name), ": %s: ", event);
	while ((text = strstr(text, name))) {
		size_t length = strcspn(text += strlen(name), "\n");

		snprintf(line, sizeof(line), "%.*s ", (int)length, text);
		if (strstr(line, with))
			return line;
	}
	return NULL;
}

static unsigned int count_events(const char *event, const char *with)
{
	const char *text = trace_text();
	unsigned int count = 0;
	char name[64];

	snprintf(name, sizeof(name), ": %s: ", event);
	while ((text = strstr(text, name))) {
		char line[512];
		size_t length = strcspn(text += strlen(name), "\n");

		snprintf(line, sizeof(line), "%.*s ", (int)length, text);
		count += !!strstr(line, with);
	}
	return count;
}

#define EXPECT_EVENTS(count, event, with)					\
	do {									\
		unsigned int count_ = count_events(event, with);		\
										\
		if (count_ != (count))						\
			FAIL("%u of %s with '%s', expected %u, in:\n%s", count_, \
			     event, with, (unsigned int)(count), trace_text());	\
	} while (0)

static int64_t value_of(const char *event, const char *with, const char *key)
{
	const char *line = find_event(trace_text(), event, with), *value;
	char word[64];

	if (!line)
		FAIL("no %s with '%s' in:\n%s", event, with, trace_text());
	snprintf(word, sizeof(word), " %s=", key);
	value = strstr(line, word);
	if (!value)
		FAIL("no %s in '%s'", key, line);
	return strtoll(value + strlen(word), NULL, 10);
}

static bool has_field(const char *event, const char *field)
{
	static char format[8192];
	char path[96];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "events/kmq/%s/format", event);
	fd = CHECK_OK(open(instance_path(path), O_RDONLY));
	got = CHECK_OK(read(fd, format, sizeof(format) - 1));
	format[got] = '\0';
	close(fd);
	return strstr(format, field);
}

/* ---- claims ---- */

TEST(every_event_names_its_party_in_fields_of_fixed_width)
{
	static const char *const events[] = {
		"kmq_create", "kmq_remove", "kmq_send", "kmq_receive", "kmq_block", "kmq_wake",
		"kmq_drop", "kmq_purge", "kmq_lease", "kmq_ack", "kmq_return", "kmq_put_back",
		"kmq_call", "kmq_reply", "kmq_reject", "kmq_quota", "kmq_ring_attach",
		"kmq_ring_detach", "kmq_ring_death", "kmq_ring_abandon", "kmq_ring_broken",
	};

	start_tracing();
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		check_context("%s", events[i]);
		CHECK(has_field(events[i], "field:s32 pid;"));
		CHECK(has_field(events[i], "field:s32 tid;"));
		CHECK(has_field(events[i], "field:char comm[16];"));
		CHECK(!has_field(events[i], "__data_loc"));
		/* Names of the kernel's mean nothing to perf. */
		CHECK(!has_field(events[i], "KMQ_"));
		if (strcmp(events[i], "kmq_quota")) {
			CHECK(has_field(events[i], "field:u32 queue;"));
			CHECK(has_field(events[i], "field:char name[32];"));
		}
	}
	stop_tracing();
}

TEST(a_message_is_told_with_all_that_is_known_of_it)
{
	char name[KMQ_NAME_SIZE], with[128];
	int q;

	start_tracing();
	q = NAMED(name);
	CHECK_OK(send_body(q, 0, 42, 7, "abc", 3));
	take(q, "abc");
	snprintf(with, sizeof(with), "queue=%u name=%s sequence=1 type=42 priority=7 size=3 pid=%d ",
		 info_of(q).id, name, (int)getpid());
	EXPECT_EVENTS(1, "kmq_send", with);
	snprintf(with, sizeof(with), "queue=%u name=%s sequence=1 type=42 size=3 lease=0 redeliveries=0 ",
		 info_of(q).id, name);
	EXPECT_EVENTS(1, "kmq_receive", with);
	CHECK(value_of("kmq_receive", name, "queued") > 0);
	EXPECT_EVENTS(1, "kmq_create", "kind=message policy=block ");
	close(q);
	EXPECT_EVENTS(1, "kmq_remove", name);
	stop_tracing();
}

TEST(each_message_of_a_batch_is_told)
{
	struct kmq_message messages[40] = {};
	struct kmq_batch batch = { .messages = ptr(messages), .count = 40 };
	char byte = 'x', room[40];
	int q;

	start_tracing();
	q = QUEUE(.capacity = 64);
	for (unsigned int i = 0; i < 40; i++)
		messages[i] = (struct kmq_message){ .body = ptr(&byte), .size = 1, .type = 1 };
	CHECK_EQ(ioctl(q, KMQ_IOC_SEND_BATCH, &batch), 40);
	for (unsigned int i = 0; i < 40; i++)
		messages[i] = (struct kmq_message){ .body = ptr(&room[i]), .size = 1 };
	batch.select = KMQ_SELECT_ANY;
	CHECK_EQ(ioctl(q, KMQ_IOC_RECEIVE_BATCH, &batch), 40);
	EXPECT_EVENTS(40, "kmq_send", "");
	EXPECT_EVENTS(40, "kmq_receive", "");
	EXPECT_EVENTS(1, "kmq_receive", " sequence=40 ");
	stop_tracing();
}

TEST(a_message_handed_to_a_sleeper_is_the_sleepers)
{
	char with[64];
	pid_t reader;
	int q;

	start_tracing();
	q = QUEUE();
	CHILD(reader)
		expect_read(q, "late");
	wait_blocked_receivers(q, 1);
	put(q, 1, 0, "late");
	child_join(reader);
	snprintf(with, sizeof(with), " pid=%d ", (int)reader);
	EXPECT_EVENTS(1, "kmq_receive", with);
	EXPECT_EVENTS(1, "kmq_block", " side=receive deadline=0 ");
	EXPECT_EVENTS(1, "kmq_wake", " side=receive result=0 ");
	CHECK(value_of("kmq_wake", with, "blocked") > 0);
	snprintf(with, sizeof(with), " pid=%d ", (int)getpid());
	EXPECT_EVENTS(1, "kmq_send", with);
	stop_tracing();
}

TEST(a_message_taken_from_a_sleeping_sender_is_the_senders)
{
	char with[64];
	pid_t writer;
	int q;

	start_tracing();
	q = QUEUE(.capacity = 1);
	put(q, 1, 0, "first");
	CHILD(writer)
		CHECK_EQ(write(q, "second", 6), 6);
	wait_blocked_senders(q, 1);
	take(q, "first");
	child_join(writer);
	snprintf(with, sizeof(with), " sequence=2 type=1 priority=0 size=6 pid=%d ", (int)writer);
	EXPECT_EVENTS(1, "kmq_send", with);
	EXPECT_EVENTS(1, "kmq_block", " side=send deadline=0 ");
	EXPECT_EVENTS(1, "kmq_wake", " side=send result=0 ");
	stop_tracing();
}

TEST(a_wake_tells_why_it_was_in_vain)
{
	char name[KMQ_NAME_SIZE];
	__u64 before, elapsed;
	struct received received;
	pid_t reader;
	int q;

	start_tracing();
	q = NAMED(name);
	before = now();
	CHECK_ERRNO(receive_until(q, after_ms(20), &received), ETIMEDOUT);
	elapsed = now() - before;
	EXPECT_EVENTS(1, "kmq_wake", " side=receive result=-110 ");
	/* Not 20 ms at least: some of them may have passed before it slept. */
	CHECK(value_of("kmq_wake", "result=-110", "blocked") > 0);
	CHECK(value_of("kmq_wake", "result=-110", "blocked") <= (int64_t)elapsed);
	CHILD(reader)
		CHECK_ERRNO(receive_until(q, 0, &received), EIDRM);
	wait_blocked_receivers(q, 1);
	CHECK_OK(queue_remove(name));
	child_join(reader);
	EXPECT_EVENTS(1, "kmq_wake", " side=receive result=-43 ");
	stop_tracing();
}

TEST(a_full_queue_tells_what_its_policy_did)
{
	int reject, newest, oldest;

	start_tracing();
	reject = QUEUE(.capacity = 1, .policy = KMQ_POLICY_REJECT);
	newest = QUEUE(.capacity = 1, .policy = KMQ_POLICY_DROP_NEWEST);
	oldest = QUEUE(.capacity = 1, .policy = KMQ_POLICY_DROP_OLDEST);
	put(reject, 1, 0, "a");
	put(newest, 1, 0, "a");
	put(oldest, 1, 0, "a");
	CHECK_ERRNO(send_body(reject, 0, 1, 0, "b", 1), EAGAIN);
	CHECK_EQ(write(newest, "bb", 2), 2);
	CHECK_EQ(write(oldest, "bb", 2), 2);
	EXPECT_EVENTS(1, "kmq_reject", " size=1 result=-11 ");
	EXPECT_EVENTS(2, "kmq_drop", "");
	/* Of the newest nothing else tells; the oldest had been sent. */
	EXPECT_EVENTS(1, "kmq_drop", " sequence=2 type=1 priority=0 size=2 ");
	EXPECT_EVENTS(1, "kmq_drop", " sequence=1 type=1 priority=0 size=1 ");
	EXPECT_EVENTS(4, "kmq_send", "");
	stop_tracing();
}

TEST(a_lease_is_told_from_its_beginning_to_its_end)
{
	struct received received;
	int q;

	start_tracing();
	q = QUEUE();
	put(q, 1, 0, "job");
	CHECK_OK(receive_any(q, KMQ_LEASE, &received));
	EXPECT_EVENTS(1, "kmq_receive", " lease=1 redeliveries=0 ");
	EXPECT_EVENTS(1, "kmq_lease", " sequence=1 ");
	CHECK_OK(nack(q, 1));
	EXPECT_EVENTS(1, "kmq_return", " sequence=1 ");
	CHECK_OK(receive_any(q, KMQ_LEASE, &received));
	EXPECT_EVENTS(1, "kmq_receive", " lease=1 redeliveries=1 ");
	CHECK_OK(ack(q, 1));
	EXPECT_EVENTS(1, "kmq_ack", " sequence=1 ");
	EXPECT_EVENTS(0, "kmq_put_back", "");
	stop_tracing();
}

TEST(a_receive_that_faults_is_told_as_put_back)
{
	int q;

	start_tracing();
	q = QUEUE();
	put(q, 1, 0, "kept");
	CHECK_ERRNO(read(q, bad_address, 10), EFAULT);
	EXPECT_EVENTS(1, "kmq_put_back", " sequence=1 ");
	EXPECT_EVENTS(0, "kmq_return", "");
	take(q, "kept");
	EXPECT_EVENTS(2, "kmq_receive", " sequence=1 ");
	stop_tracing();
}

TEST(each_message_of_a_purge_is_told)
{
	__u64 purged;
	int q;

	start_tracing();
	q = QUEUE();
	put(q, 1, 0, "a");
	put(q, 2, 0, "b");
	CHECK_OK(purge(q, KMQ_SELECT_ANY, 0, &purged));
	EXPECT_EVENTS(1, "kmq_purge", " sequence=1 ");
	EXPECT_EVENTS(1, "kmq_purge", " sequence=2 ");
	stop_tracing();
}

TEST(a_call_and_its_reply_are_told)
{
	char text[8] = "", with[64];
	struct kmq_call call = {
		.request = { .body = ptr("ask"), .size = 3, .type = 1 },
		.reply = { .body = ptr(text), .size = sizeof(text) },
	};
	struct kmq_transfer answer = {
		.message = { .body = ptr("yes"), .size = 3, .type = 1, .sequence = 1 },
	};
	pid_t caller;
	int q;

	start_tracing();
	q = QUEUE();
	CHILD(caller)
		CHECK_OK(ioctl(q, KMQ_IOC_CALL, &call));
	wait_blocked_callers(q, 1);
	take(q, "ask");
	CHECK_OK(ioctl(q, KMQ_IOC_REPLY, &answer));
	child_join(caller);
	snprintf(with, sizeof(with), " sequence=1 type=1 priority=0 size=3 pid=%d ", (int)caller);
	EXPECT_EVENTS(1, "kmq_call", with);
	snprintf(with, sizeof(with), " sequence=1 type=1 priority=0 size=3 pid=%d ", (int)getpid());
	EXPECT_EVENTS(1, "kmq_reply", with);
	EXPECT_EVENTS(1, "kmq_block", " side=reply ");
	EXPECT_EVENTS(1, "kmq_wake", " side=reply result=0 ");
	stop_tracing();
}

TEST(a_refusal_for_quota_tells_how_much_was_asked)
{
	struct kmq_create create = {
		.flags = KMQ_CREATE_OPEN,
		.max_message = 65536,
		.byte_limit = KMQ_BYTE_LIMIT_MAX,
	};
	int ctl = control();

	start_tracing();
	CHECK_ERRNO(ioctl(ctl, KMQ_CTL_CREATE, &create), EDQUOT);
	EXPECT_EVENTS(1, "kmq_quota", " queues=");
	CHECK(value_of("kmq_quota", "", "asked") >= (int64_t)KMQ_BYTE_LIMIT_MAX);
	stop_tracing();
}

TEST(a_filter_of_the_kernel_reads_the_fields)
{
	char name[KMQ_NAME_SIZE], filter[64];
	int q, other;

	start_tracing();
	q = NAMED(name);
	other = QUEUE();
	snprintf(filter, sizeof(filter), "name == \"%s\" && size >= 2", name);
	write_to("events/kmq/kmq_send/filter", filter);
	put(q, 1, 0, "a");
	put(q, 1, 0, "bb");
	put(other, 1, 0, "cc");
	EXPECT_EVENTS(1, "kmq_send", "");
	EXPECT_EVENTS(1, "kmq_send", " size=2 ");
	stop_tracing();
}

/* ---- rings ---- */

TEST(a_ring_tells_what_goes_through_the_kernel)
{
	char with[64];
	int q;

	start_tracing();
	q = RING(.ring_mode = KMQ_RING_MPMC);
	EXPECT_EVENTS(1, "kmq_create", "kind=ring ");
	put_text(q, "one");
	put_text(q, "three");
	expect_read(q, "one");
	expect_read(q, "three");
	snprintf(with, sizeof(with), " size=5 pid=%d ", (int)getpid());
	EXPECT_EVENTS(1, "kmq_send", with);
	EXPECT_EVENTS(2, "kmq_send", " type=1 priority=0 ");
	EXPECT_EVENTS(2, "kmq_receive", " lease=0 redeliveries=0 queued=0 ");
	/* By its number a receive finds its send. */
	CHECK_EQ(value_of("kmq_receive", " size=5 ", "sequence"),
		 value_of("kmq_send", " size=5 ", "sequence"));
	CHECK_EQ(value_of("kmq_send", " size=5 ", "sequence"),
		 value_of("kmq_send", " size=3 ", "sequence") + 1);
	stop_tracing();
}

static const char zeroes[1000];

TEST(a_purge_and_a_refusal_of_a_ring_are_told)
{
	__u64 purged;
	int q;

	start_tracing();
	q = RING(.policy = KMQ_POLICY_REJECT, .byte_limit = page_bytes(), .max_message = 1024);
	do {
		errno = 0;
	} while (write(q, zeroes, 1000) == 1000);
	CHECK_EQ(errno, EAGAIN);
	EXPECT_EVENTS(1, "kmq_reject", " size=1000 result=-11 ");
	CHECK_OK(purge(q, KMQ_SELECT_ANY, 0, &purged));
	CHECK(purged > 0);
	EXPECT_EVENTS(purged, "kmq_purge", " size=1000 ");
	EXPECT_EVENTS(purged, "kmq_send", " size=1000 ");
	stop_tracing();
}

TEST(sleep_in_a_ring_is_told_at_either_door)
{
	char name[KMQ_NAME_SIZE], with[64];
	pid_t reader, consumer;
	int q, other;

	start_tracing();
	q = NAMED_RING(name);
	CHILD(reader)
		expect_read(q, "late");
	/* It counts as blocked already as it takes its last look. */
	wait_blocked_receivers(q, 1);
	wait_asleep(reader);
	put_text(q, "late");
	child_join(reader);
	snprintf(with, sizeof(with), " side=receive deadline=0 pid=%d ", (int)reader);
	EXPECT_EVENTS(1, "kmq_block", with);
	EXPECT_EVENTS(1, "kmq_wake", " side=receive result=0 ");
	CHECK(value_of("kmq_wake", " side=receive ", "blocked") > 0);

	other = RING();
	CHILD(consumer) {
		struct ring ring = ring_open(other, KMQ_RING_CONSUMER);
		char body[16];

		CHECK_EQ(ring_receive(&ring, body, sizeof(body), 0), 4);
	}
	wait_blocked_receivers(other, 1);
	wait_asleep(consumer);
	put_text(other, "mine");
	child_join(consumer);
	snprintf(with, sizeof(with), " side=receive deadline=0 pid=%d ", (int)consumer);
	EXPECT_EVENTS(1, "kmq_block", with);
	stop_tracing();
}

TEST(the_parties_of_a_ring_are_told_as_they_come_and_go)
{
	char with[96];
	pid_t child;
	int q;

	start_tracing();
	q = RING(.ring_mode = KMQ_RING_MPMC);
	CHILD(child) {
		struct ring ring = ring_open(q, BOTH);

		ring_close(&ring);
	}
	child_join(child);
	snprintf(with, sizeof(with), " parties=3 count=1 pid=%d ", (int)child);
	EXPECT_EVENTS(1, "kmq_ring_attach", with);
	EXPECT_EVENTS(1, "kmq_ring_detach", " parties=3 count=0 ");
	EXPECT_EVENTS(0, "kmq_ring_death", "");
	EXPECT_EVENTS(0, "kmq_ring_abandon", "");
	stop_tracing();
}

TEST(a_death_in_a_ring_tells_what_it_left)
{
	int ready[2];
	pid_t child;
	char byte;
	int q;

	start_tracing();
	q = RING(.ring_mode = KMQ_RING_MPMC);
	CHECK_OK(pipe(ready));
	CHILD(child) {
		struct ring ring = ring_open(q, KMQ_RING_PRODUCER);

		CHECK_OK(ring_reserve(&ring, 16));
		CHECK_EQ(write(ready[1], "", 1), 1);
		pause();
	}
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	child_kill(child);
	EXPECT_EVENTS(1, "kmq_ring_death", " parties=1 count=1 ");
	EXPECT_EVENTS(1, "kmq_ring_abandon", " parties=1 count=1 ");
	EXPECT_EVENTS(1, "kmq_ring_detach", " parties=1 count=0 ");
	stop_tracing();
}

TEST(a_ring_is_told_to_be_broken_once)
{
	struct ring ring;
	char byte;
	int q;

	start_tracing();
	q = RING(.ring_mode = KMQ_RING_MPMC);
	ring = ring_open(q, KMQ_RING_PRODUCER);
	STORE(ring.producers->head, ring.producers->head + 4 * ring.size);
	CHECK_ERRNO(read(q, &byte, 1), EUCLEAN);
	CHECK_ERRNO(read(q, &byte, 1), EUCLEAN);
	EXPECT_EVENTS(1, "kmq_ring_broken", "");
	stop_tracing();
}
