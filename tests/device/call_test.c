// SPDX-License-Identifier: GPL-2.0-only
/* Call and reply: a request that waits for its answer. */
#include "kmq_test.h"

static struct kmq_call call_for(const char *request, char *reply, __u32 room)
{
	return (struct kmq_call){
		.request = { .body = ptr(request), .size = strlen(request), .type = 1 },
		.reply = { .body = ptr(reply), .size = room },
	};
}

static int reply_to(int fd, __u64 sequence, const char *text)
{
	struct kmq_transfer transfer = {
		.message = { .body = ptr(text), .size = strlen(text), .type = 1,
			     .sequence = sequence },
	};

	return ioctl(fd, KMQ_IOC_REPLY, &transfer);
}

/* Starts a caller that must get this answer. */
static pid_t start_call(int fd, const char *request, const char *answer)
{
	pid_t pid;

	CHILD(pid) {
		char body[64];
		struct kmq_call call = call_for(request, body, sizeof(body));

		CHECK_OK(ioctl(fd, KMQ_IOC_CALL, &call));
		CHECK_TEXT(body, call.reply.size, answer);
	}
	return pid;
}

/* Starts a caller that must fail with this, and find its pointers as before. */
static pid_t start_failing_call(int fd, const char *request, int code)
{
	pid_t pid;

	CHILD(pid) {
		char body[64];
		struct kmq_call call = call_for(request, body, sizeof(body));

		CHECK_ERRNO(ioctl(fd, KMQ_IOC_CALL, &call), code);
		CHECK_EQ(call.request.body, ptr(request));
		CHECK_EQ(call.request.size, strlen(request));
		CHECK_EQ(call.reply.body, ptr(body));
		CHECK_EQ(call.reply.size, sizeof(body));
	}
	return pid;
}

static struct received serve(int fd, const char *request)
{
	struct received received;

	CHECK_OK(receive_any(fd, 0, &received));
	CHECK_TEXT(received.body, received.message.size, request);
	CHECK_EQ(received.message.flags, KMQ_MESSAGE_CALL);
	info_of(fd);
	return received;
}

TEST(a_call_sends_a_request_and_returns_its_reply)
{
	int fd = QUEUE(.capacity = 4);
	pid_t caller;
	struct received request;
	struct kmq_transfer reply = {
		.message = { .body = ptr("fine, and you?"), .size = 14, .type = 8, .priority = 9 },
	};
	uint64_t before = now();

	CHILD(caller) {
		char body[64];
		struct kmq_call call = call_for("how are you?", body, sizeof(body));

		memset(body, '#', sizeof(body));
		call.request.type = 5;
		call.request.priority = 6;
		memset(&call.reply, 0xa5, sizeof(call.reply));
		call.reply.body = ptr(body);
		call.reply.size = sizeof(body);
		call.reply.reserved = 0;
		CHECK_OK(ioctl(fd, KMQ_IOC_CALL, &call));
		CHECK_TEXT(body, call.reply.size, "fine, and you?");
		CHECK_EQ(call.reply.length, 14);
		CHECK_EQ(body[14], '#');
		CHECK_EQ(call.request.sequence, 1);
		CHECK_EQ(call.reply.type, 8);
		CHECK_EQ(call.reply.priority, 9);
		CHECK_EQ(call.reply.pid, test_pid);
		CHECK_EQ(call.reply.uid, 0);
		CHECK_EQ(call.reply.flags, 0);
		CHECK_EQ(call.reply.redeliveries, 0);
		CHECK(call.reply.time >= before && call.reply.time <= now());
	}
	request = serve(fd, "how are you?");
	CHECK_EQ(request.message.type, 5);
	CHECK_EQ(request.message.priority, 6);
	CHECK_EQ(request.message.pid, caller);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
	wait_blocked_callers(fd, 1);
	CHECK_EQ(info_of(fd).calls, 1);
	CHECK_EQ(info_of(fd).replies, 0);
	reply.message.sequence = request.message.sequence;
	CHECK_OK(ioctl(fd, KMQ_IOC_REPLY, &reply));
	child_join(caller);
	CHECK_EQ(info_of(fd).replies, 1);
	CHECK_EQ(info_of(fd).blocked_callers, 0);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
}

TEST(a_reply_is_no_message_of_the_queue)
{
	int fd = QUEUE(.capacity = 1, .flags = 0);
	pid_t caller = start_call(fd, "q", "a");
	struct received request = serve(fd, "q");

	/* A full queue does not keep the answer out. */
	put(fd, 1, 0, "fills it");
	CHECK_OK(reply_to(fd, request.message.sequence, "a"));
	child_join(caller);
	EXPECT_LEDGER(fd, .sent = 2, .received = 1, .queued = 1);
	CHECK_EQ(take(fd, "fills it").message.flags, 0);
}

TEST(an_empty_reply_is_a_reply)
{
	int fd = QUEUE(.capacity = 1);
	pid_t caller = start_call(fd, "", "");
	struct received request = serve(fd, "");

	CHECK_OK(reply_to(fd, request.message.sequence, ""));
	child_join(caller);
}

TEST(a_long_request_and_a_long_reply_arrive_whole)
{
	enum { SIZE = 50000 };
	int fd = QUEUE(.capacity = 2, .max_message = SIZE);
	static char out[SIZE], in[SIZE];
	pid_t caller;
	struct kmq_transfer transfer = {
		.select = KMQ_SELECT_ANY, .message = { .body = ptr(in), .size = SIZE },
	};

	CHILD(caller) {
		struct kmq_call call = {
			.request = { .body = ptr(out), .size = SIZE, .type = 1 },
			.reply = { .body = ptr(in), .size = SIZE },
		};

		fill(out, SIZE, 1);
		CHECK_OK(ioctl(fd, KMQ_IOC_CALL, &call));
		CHECK_EQ(call.reply.size, SIZE - 1);
		CHECK(filled(in, SIZE - 1, 2));
	}
	CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE, &transfer));
	CHECK_EQ(transfer.message.size, SIZE);
	CHECK(filled(in, SIZE, 1));
	fill(out, SIZE, 2);
	transfer = (struct kmq_transfer){
		.message = { .body = ptr(out), .size = SIZE - 1, .type = 1,
			     .sequence = transfer.message.sequence },
	};
	CHECK_OK(ioctl(fd, KMQ_IOC_REPLY, &transfer));
	child_join(caller);
}

TEST(concurrent_callers_get_their_own_replies_in_any_order)
{
	enum { CALLERS = 8 };
	int fd = QUEUE(.capacity = CALLERS);
	struct received requests[CALLERS];
	pid_t callers[CALLERS];

	for (int i = 0; i < CALLERS; i++) {
		char request[8], answer[16];

		snprintf(request, sizeof(request), "q%d", i);
		snprintf(answer, sizeof(answer), "answer to q%d", i);
		callers[i] = start_call(fd, request, answer);
	}
	wait_blocked_callers(fd, CALLERS);
	for (int i = 0; i < CALLERS; i++)
		CHECK_OK(receive_any(fd, 0, &requests[i]));
	for (int i = 0; i < CALLERS; i++) {
		struct received *request = &requests[i * 5 % CALLERS];
		char answer[32];

		snprintf(answer, sizeof(answer), "answer to %.2s", request->body);
		CHECK_OK(reply_to(fd, request->message.sequence, answer));
	}
	for (int i = 0; i < CALLERS; i++)
		child_join(callers[i]);
	CHECK_EQ(info_of(fd).calls, CALLERS);
	CHECK_EQ(info_of(fd).replies, CALLERS);
	EXPECT_LEDGER(fd, .sent = CALLERS, .received = CALLERS);
}

TEST(a_server_and_a_client_exchange_hundreds_of_calls)
{
	enum { COUNT = 500 };
	int fd = QUEUE(.capacity = 4);
	pid_t client;

	CHILD(client) {
		for (int i = 0; i < COUNT; i++) {
			int answer = -1;
			struct kmq_call call = {
				.request = { .body = ptr(&i), .size = sizeof(i), .type = 1 },
				.reply = { .body = ptr(&answer), .size = sizeof(answer) },
			};

			CHECK_OK(ioctl(fd, KMQ_IOC_CALL, &call));
			CHECK_EQ(call.reply.size, sizeof(answer));
			CHECK_EQ(answer, i * 2);
		}
	}
	for (int i = 0; i < COUNT; i++) {
		struct received request;
		int value;
		struct kmq_transfer reply = {
			.message = { .body = ptr(&value), .size = sizeof(value), .type = 1 },
		};

		CHECK_OK(receive_any(fd, 0, &request));
		memcpy(&value, request.body, sizeof(value));
		CHECK_EQ(value, i);
		value *= 2;
		reply.message.sequence = request.message.sequence;
		CHECK_OK(ioctl(fd, KMQ_IOC_REPLY, &reply));
	}
	child_join(client);
	CHECK_EQ(info_of(fd).replies, COUNT);
}

TEST(a_reply_to_nobody_is_ESRCH)
{
	int fd = QUEUE(.capacity = 4);
	pid_t caller;
	struct received request;

	CHECK_ERRNO(reply_to(fd, 0, "x"), ESRCH);
	CHECK_ERRNO(reply_to(fd, 1, "x"), ESRCH);
	put(fd, 1, 0, "no call");
	CHECK_ERRNO(reply_to(fd, take(fd, "no call").message.sequence, "x"), ESRCH);
	caller = start_call(fd, "q", "a");
	request = serve(fd, "q");
	CHECK_ERRNO(reply_to(fd, request.message.sequence + 1, "x"), ESRCH);
	CHECK_ERRNO(reply_to(fd, ~0ull, "x"), ESRCH);
	CHECK_OK(reply_to(fd, request.message.sequence, "a"));
	child_join(caller);
	/* It is answered; there is no second answer. */
	CHECK_ERRNO(reply_to(fd, request.message.sequence, "b"), ESRCH);
	CHECK_EQ(info_of(fd).replies, 1);
}

TEST(a_reply_longer_than_its_room_is_EMSGSIZE_to_the_server_and_the_caller_goes_on)
{
	int fd = QUEUE(.capacity = 4);
	pid_t caller;
	struct received request;

	CHILD(caller) {
		char body[8];
		struct kmq_call call = call_for("q", body, 4);

		memset(body, '#', sizeof(body));
		CHECK_OK(ioctl(fd, KMQ_IOC_CALL, &call));
		CHECK_TEXT(body, call.reply.size, "four");
		CHECK_EQ(body[4], '#');
	}
	request = serve(fd, "q");
	wait_blocked_callers(fd, 1);
	CHECK_ERRNO(reply_to(fd, request.message.sequence, "fives"), EMSGSIZE);
	CHECK_EQ(info_of(fd).replies, 0);
	CHECK_EQ(info_of(fd).blocked_callers, 1);
	CHECK_OK(reply_to(fd, request.message.sequence, "four"));
	child_join(caller);
}

TEST(a_truncating_call_takes_a_longer_reply)
{
	int fd = QUEUE(.capacity = 4);
	pid_t caller;
	struct received request;

	CHILD(caller) {
		char body[8];
		struct kmq_call call = call_for("q", body, 4);

		memset(body, '#', sizeof(body));
		call.flags = KMQ_TRUNCATE;
		CHECK_OK(ioctl(fd, KMQ_IOC_CALL, &call));
		CHECK(!memcmp(body, "long####", 8));
		CHECK_EQ(call.reply.size, 4);
		CHECK_EQ(call.reply.length, 6);
		CHECK_EQ(call.reply.flags, KMQ_MESSAGE_TRUNCATED);
	}
	request = serve(fd, "q");
	CHECK_OK(reply_to(fd, request.message.sequence, "longer"));
	child_join(caller);
	CHECK_EQ(info_of(fd).replies, 1);
}

TEST(a_reply_longer_than_the_queue_takes_is_EMSGSIZE)
{
	int fd = QUEUE(.capacity = 4, .max_message = 8);
	pid_t caller = start_call(fd, "q", "a");
	struct received request = serve(fd, "q");

	CHECK_ERRNO(reply_to(fd, request.message.sequence, "nine byte"), EMSGSIZE);
	CHECK_OK(reply_to(fd, request.message.sequence, "a"));
	child_join(caller);
}

TEST(a_reply_with_a_bad_body_is_EFAULT_and_the_caller_goes_on)
{
	int fd = QUEUE(.capacity = 4);
	pid_t caller = start_call(fd, "q", "a");
	struct received request = serve(fd, "q");
	struct kmq_transfer bad = {
		.message = { .body = 8, .size = 4, .type = 1,
			     .sequence = request.message.sequence },
	};

	CHECK_ERRNO(ioctl(fd, KMQ_IOC_REPLY, &bad), EFAULT);
	CHECK_EQ(info_of(fd).replies, 0);
	CHECK_OK(reply_to(fd, request.message.sequence, "a"));
	child_join(caller);
}

TEST(a_call_that_nobody_answers_ends_at_its_deadline_and_its_unread_request_is_withdrawn)
{
	int fd = QUEUE(.capacity = 4);
	char body[8];
	struct kmq_call call = call_for("q", body, sizeof(body));

	call.deadline = after_ms(50);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_CALL, &call), ETIMEDOUT);
	CHECK(now() >= call.deadline);
	EXPECT_LEDGER(fd, .sent = 1, .purged = 1);
	CHECK_EQ(info_of(fd).bytes, 0);
	CHECK_EQ(info_of(fd).calls, 1);
	CHECK_EQ(info_of(fd).blocked_callers, 0);
	expect_empty(fd);
	CHECK_ERRNO(reply_to(fd, 1, "late"), ESRCH);
}

TEST(a_call_that_timed_out_after_it_was_read_gets_no_late_reply)
{
	int fd = QUEUE(.capacity = 4);
	struct received request;
	pid_t caller;

	CHILD(caller) {
		char body[8];
		struct kmq_call call = call_for("q", body, sizeof(body));

		call.deadline = after_ms(15000);
		CHECK_ERRNO(ioctl(fd, KMQ_IOC_CALL, &call), ETIMEDOUT);
	}
	request = serve(fd, "q");
	child_join(caller);
	CHECK_ERRNO(reply_to(fd, request.message.sequence, "late"), ESRCH);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
	CHECK_EQ(info_of(fd).replies, 0);
}

TEST(a_call_to_a_full_queue_waits_for_room_until_its_deadline)
{
	int fd = QUEUE(.capacity = 1);
	char body[8];
	struct kmq_call call = call_for("q", body, sizeof(body));

	put(fd, 1, 0, "full");
	call.deadline = after_ms(30);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_CALL, &call), ETIMEDOUT);
	call.deadline = 0;
	call.flags = KMQ_DONTWAIT;
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_CALL, &call), EAGAIN);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	CHECK_EQ(info_of(fd).calls, 0);
	CHECK_EQ(info_of(fd).rejected, 2);
}

TEST(DONTWAIT_and_O_NONBLOCK_do_not_shorten_the_wait_for_a_reply)
{
	int fd = QUEUE(.capacity = 1, .flags = KMQ_CREATE_NONBLOCK);
	pid_t caller;
	struct received request;

	CHILD(caller) {
		char body[8];
		struct kmq_call call = call_for("q", body, sizeof(body));

		call.flags = KMQ_DONTWAIT;
		CHECK_OK(ioctl(fd, KMQ_IOC_CALL, &call));
		CHECK_TEXT(body, call.reply.size, "a");
	}
	wait_blocked_callers(fd, 1);
	CHECK_OK(receive_any(fd, 0, &request));
	CHECK_OK(reply_to(fd, request.message.sequence, "a"));
	child_join(caller);
}

TEST(the_death_of_a_caller_withdraws_its_unread_request)
{
	int fd = QUEUE(.capacity = 4);
	pid_t caller = start_call(fd, "q", "never");

	wait_blocked_callers(fd, 1);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	child_kill(caller);
	WAIT_UNTIL(info_of(fd).blocked_callers == 0);
	EXPECT_LEDGER(fd, .sent = 1, .purged = 1);
	expect_empty(fd);
	CHECK_ERRNO(reply_to(fd, 1, "late"), ESRCH);
}

TEST(a_withdrawn_request_makes_room)
{
	int fd = QUEUE(.capacity = 1);
	pid_t caller = start_call(fd, "q", "never"), writer;

	wait_blocked_callers(fd, 1);
	CHILD(writer)
		CHECK_OK(write(fd, "next", 4));
	wait_blocked_senders(fd, 1);
	child_kill(caller);
	child_join(writer);
	EXPECT_LEDGER(fd, .sent = 2, .purged = 1, .queued = 1);
}

TEST(the_death_of_a_caller_after_its_request_was_read_makes_the_reply_ESRCH)
{
	int fd = QUEUE(.capacity = 4);
	pid_t caller = start_call(fd, "q", "never");
	struct received request = serve(fd, "q");

	wait_blocked_callers(fd, 1);
	child_kill(caller);
	WAIT_UNTIL(info_of(fd).blocked_callers == 0);
	CHECK_ERRNO(reply_to(fd, request.message.sequence, "late"), ESRCH);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
}

TEST(a_purged_request_ends_its_call_with_ECANCELED)
{
	int fd = QUEUE(.capacity = 4);
	pid_t caller = start_failing_call(fd, "q", ECANCELED);
	__u64 purged;

	wait_blocked_callers(fd, 1);
	CHECK_OK(purge(fd, 0, 0, &purged));
	CHECK_EQ(purged, 1);
	child_join(caller);
	EXPECT_LEDGER(fd, .sent = 1, .purged = 1);
}

TEST(a_dropped_request_ends_its_call_with_ECANCELED)
{
	int fd = QUEUE(.capacity = 1, .policy = KMQ_POLICY_DROP_OLDEST);
	pid_t caller = start_failing_call(fd, "q", ECANCELED);

	wait_blocked_callers(fd, 1);
	put(fd, 1, 0, "newer");
	child_join(caller);
	EXPECT_LEDGER(fd, .sent = 2, .dropped = 1, .queued = 1);
}

TEST(a_request_dropped_at_once_is_ECANCELED)
{
	int fd = QUEUE(.capacity = 1, .policy = KMQ_POLICY_DROP_NEWEST);
	char body[8];
	struct kmq_call call = call_for("q", body, sizeof(body));

	put(fd, 1, 0, "older");
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_CALL, &call), ECANCELED);
	EXPECT_LEDGER(fd, .sent = 2, .dropped = 1, .queued = 1);
	CHECK_EQ(info_of(fd).blocked_callers, 0);
}

TEST(a_leased_request_is_answered_then_acked)
{
	int fd = QUEUE(.capacity = 4);
	pid_t caller = start_call(fd, "q", "a");
	struct received request;

	CHECK_OK(receive_any(fd, KMQ_LEASE, &request));
	CHECK_EQ(request.message.flags, KMQ_MESSAGE_CALL);
	CHECK_OK(reply_to(fd, request.message.sequence, "a"));
	child_join(caller);
	CHECK_OK(ack(fd, request.message.sequence));
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
	CHECK_EQ(info_of(fd).replies, 1);
}

TEST(a_server_that_dies_with_a_leased_request_leaves_it_to_another)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 4);
	pid_t caller = start_call(fd, "q", "a"), server;
	struct received request;

	CHILD(server) {
		int own = queue_open(name, O_RDWR);

		CHECK_OK(receive_any(own, KMQ_LEASE, &request));
		pause();
	}
	WAIT_UNTIL(info_of(fd).leased == 1);
	child_kill(server);
	request = serve(fd, "q");
	CHECK_EQ(request.message.redeliveries, 1);
	CHECK_OK(reply_to(fd, request.message.sequence, "a"));
	child_join(caller);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
}

TEST(a_server_that_dies_with_a_read_request_leaves_the_caller_to_its_deadline)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 4);
	pid_t caller, server;

	CHILD(caller) {
		char body[8];
		struct kmq_call call = call_for("q", body, sizeof(body));

		call.deadline = after_ms(15000);
		CHECK_ERRNO(ioctl(fd, KMQ_IOC_CALL, &call), ETIMEDOUT);
		CHECK(now() >= call.deadline);
	}
	CHILD(server) {
		struct received request;

		CHECK_OK(receive_any(queue_open(name, O_RDWR), 0, &request));
	}
	child_join(server);
	child_join(caller);
	EXPECT_LEDGER(fd, .sent = 1, .received = 1);
}

TEST(a_removed_queue_ends_a_call_with_EIDRM)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 4);
	pid_t unread = start_failing_call(fd, "q", EIDRM), read_one;

	wait_blocked_callers(fd, 1);
	read_one = start_failing_call(fd, "r", EIDRM);
	wait_blocked_callers(fd, 2);
	take(fd, "q");
	CHECK_OK(queue_remove(name));
	child_join(unread);
	child_join(read_one);
}

TEST(a_peeked_request_is_not_taken_from_its_caller)
{
	int fd = QUEUE(.capacity = 4);
	pid_t caller = start_call(fd, "q", "a");
	struct received seen, request;

	wait_blocked_callers(fd, 1);
	CHECK_OK(receive_any(fd, KMQ_PEEK, &seen));
	CHECK_EQ(seen.message.flags, KMQ_MESSAGE_CALL);
	/* To look at it is not to have received it. */
	CHECK_ERRNO(reply_to(fd, seen.message.sequence, "a"), ESRCH);
	request = serve(fd, "q");
	CHECK_OK(reply_to(fd, request.message.sequence, "a"));
	child_join(caller);
}

static void ignore_signal(int number)
{
	(void)number;
}

TEST(a_signal_ends_a_call_whose_request_was_accepted_with_EINTR)
{
	int fd = QUEUE(.capacity = 4);
	pid_t caller;

	CHILD(caller) {
		/* Even a handler that restarts what can be restarted. */
		struct sigaction action = { .sa_handler = ignore_signal, .sa_flags = SA_RESTART };
		char body[8];
		struct kmq_call call = call_for("q", body, sizeof(body));

		CHECK_OK(sigaction(SIGUSR1, &action, NULL));
		CHECK_ERRNO(ioctl(fd, KMQ_IOC_CALL, &call), EINTR);
	}
	wait_blocked_callers(fd, 1);
	CHECK_OK(kill(caller, SIGUSR1));
	child_join(caller);
	EXPECT_LEDGER(fd, .sent = 1, .purged = 1);
}

TEST(a_signal_before_the_request_was_accepted_restarts_the_call)
{
	int fd = QUEUE(.capacity = 1);
	pid_t caller;
	struct received request;

	put(fd, 1, 0, "full");
	CHILD(caller) {
		struct sigaction action = { .sa_handler = ignore_signal, .sa_flags = SA_RESTART };
		char body[8];
		struct kmq_call call = call_for("q", body, sizeof(body));

		CHECK_OK(sigaction(SIGUSR1, &action, NULL));
		CHECK_OK(ioctl(fd, KMQ_IOC_CALL, &call));
		CHECK_TEXT(body, call.reply.size, "a");
	}
	wait_blocked_senders(fd, 1);
	CHECK_OK(kill(caller, SIGUSR1));
	wait_asleep(caller);
	wait_blocked_senders(fd, 1);
	take(fd, "full");
	request = serve(fd, "q");
	CHECK_OK(reply_to(fd, request.message.sequence, "a"));
	child_join(caller);
	EXPECT_LEDGER(fd, .sent = 2, .received = 2);
	CHECK_EQ(info_of(fd).calls, 1);
}
