// SPDX-License-Identifier: GPL-2.0-only
/*
 * A trial finds what a mechanism does wrong, and leaves nothing behind. The
 * mechanisms here misbehave on purpose.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "trial.h"

#define SIZE	64
#define SLOTS	64
#define VICTIM	100	/* the message that something happens to */

static int opened, closed;

/* A queue inside one process, enough for the workload `pair`. */
static struct {
	char bodies[SLOTS][SIZE];
	unsigned int head, tail;
	unsigned int sent;
} queue;

static int fake_open(struct channel *channel)
{
	memset(&queue, 0, sizeof(queue));
	opened++;
	return 0;
}

static void fake_close(struct channel *channel)
{
	closed++;
}

static void put(const void *body)
{
	memcpy(queue.bodies[queue.head++ % SLOTS], body, SIZE);
}

static int right_send(struct channel *channel, void *body, uint32_t size)
{
	put(body);
	return SYSCALL(channel, 0);
}

static ssize_t right_receive(struct channel *channel, void *body, uint32_t room)
{
	if (queue.tail == queue.head) {
		errno = ENOMSG;
		return -1;
	}
	memcpy(body, queue.bodies[queue.tail++ % SLOTS], SIZE);
	return SYSCALL(channel, SIZE);
}

static bool is_victim(void)
{
	return ++queue.sent == VICTIM;
}

/* Loses one, and has another in the queue so that something is received. */
static int losing_send(struct channel *channel, void *body, uint32_t size)
{
	if (!is_victim())
		put(body);
	return 0;
}

static int doubling_send(struct channel *channel, void *body, uint32_t size)
{
	if (is_victim())
		put(body);
	put(body);
	return 0;
}

static int corrupting_send(struct channel *channel, void *body, uint32_t size)
{
	if (is_victim())
		((char *)body)[SIZE / 2] ^= 1;
	put(body);
	return 0;
}

static ssize_t cutting_receive(struct channel *channel, void *body, uint32_t room)
{
	return right_receive(channel, body, room) - (is_victim() ? 8 : 0);
}

static int dying_send(struct channel *channel, void *body, uint32_t size)
{
	if (is_victim())
		abort();
	put(body);
	return 0;
}

static int refusing_open(struct channel *channel)
{
	return channel_refuse(channel, "no room in the %s", "inn");
}

static const char *missing(void)
{
	return "not loaded";
}

/* A wake-up that is lost looks like this. */
static ssize_t sleeping_receive(struct channel *channel, void *body, uint32_t room)
{
	if (is_victim())
		pause();
	return right_receive(channel, body, room);
}

static int refusing_attach(struct channel *channel, enum side side, unsigned int nth)
{
	return channel_refuse(channel, "side %d, number %u", side, nth);
}

static const char *never_fit(const struct shape *shape)
{
	static char why[80];

	snprintf(why, sizeof(why), "not %u bytes, %u messages, batches of %u, %u x %u", shape->size,
		 shape->capacity, shape->batch, shape->senders, shape->receivers);
	return why;
}

static const struct mechanism right = {
	.name = "right", .title = "right", .open = fake_open, .close = fake_close,
	.send = right_send, .receive = right_receive,
};

static char reason[REASON_SIZE];
static struct sample sample;
static unsigned int stall_ms;	/* 0: as the tool has it */
static uint64_t units = 1000;

static enum outcome try(const struct mechanism *mechanism, const char *workload)
{
	const unsigned int each = strcmp(workload, "fan") ? 1 : 2;
	const struct plan plan = {
		.mechanism = mechanism,
		.workload = workload_find(workload),
		.at = {
			.size = SIZE, .capacity = 16, .batch = 4, .senders = each, .receivers = each,
		},
		.interval_ns = 10000,
		.depth = 50,
		.units = units,
		.warmup = 10,
		.stall_ms = stall_ms,
	};
	enum outcome outcome;

	opened = closed = 0;
	memset(&sample, 0xa5, sizeof(sample));
	snprintf(reason, sizeof(reason), "poison");
	outcome = trial_run(&plan, &sample, NULL, reason);
	assert_int_equal(opened, closed);
	return outcome;
}

static enum outcome try_sender(int (*send)(struct channel *, void *, uint32_t))
{
	struct mechanism wrong = right;

	wrong.send = send;
	return try(&wrong, "pair");
}

static void a_right_mechanism_passes_and_is_measured(void **state)
{
	assert_int_equal(try(&right, "pair"), OUTCOME_OK);
	assert_string_equal(reason, "");
	assert_int_equal(sample.units, 1000);
	assert_int_equal(sample.verified, 1000);
	assert_int_equal(sample.syscalls, 2000);
	assert_int_equal(sample.capacity, 16);
	assert_true(sample.elapsed_ns > 0);
	assert_int_equal(opened, 1);
}

static void a_lost_message_fails(void **state)
{
	assert_int_equal(try_sender(losing_send), OUTCOME_FAILED);
	assert_string_equal(reason, "receive: No message of desired type");
}

static void a_doubled_message_fails(void **state)
{
	assert_int_equal(try_sender(doubling_send), OUTCOME_FAILED);
	assert_string_equal(reason, "message 100: doubled or reordered");
}

static void a_corrupt_message_fails(void **state)
{
	assert_int_equal(try_sender(corrupting_send), OUTCOME_FAILED);
	assert_string_equal(reason, "message 99: corrupt");
}

static void a_cut_message_fails(void **state)
{
	struct mechanism wrong = right;

	wrong.receive = cutting_receive;
	assert_int_equal(try(&wrong, "pair"), OUTCOME_FAILED);
	assert_string_equal(reason, "message 99: cut or grown");
}

/* The last message of all, which only the closing unit can find. */
static int doubling_last_send(struct channel *channel, void *body, uint32_t size)
{
	if (++queue.sent == 1010)
		put(body);
	put(body);
	return 0;
}

static void a_message_left_over_at_the_end_fails(void **state)
{
	assert_int_equal(try_sender(doubling_last_send), OUTCOME_FAILED);
	assert_string_equal(reason, "message 1010: doubled or reordered");
}

static void a_trial_in_which_nothing_moves_is_ended(void **state)
{
	struct mechanism wrong = right;

	wrong.receive = sleeping_receive;
	stall_ms = 200;
	assert_int_equal(try(&wrong, "pair"), OUTCOME_FAILED);
	stall_ms = 0;
	assert_non_null(strstr(reason, "stuck: nothing arrived for 200 ms"));
}

static void a_worker_that_cannot_attach_makes_it_unavailable(void **state)
{
	struct mechanism wrong = right;

	wrong.attach = refusing_attach;
	assert_int_equal(try(&wrong, "pair"), OUTCOME_UNAVAILABLE);
	assert_string_equal(reason, "side 2, number 0");
}

static void a_mechanism_is_asked_whether_it_has_such_a_channel(void **state)
{
	struct mechanism wrong = right;

	wrong.unfit = never_fit;
	wrong.unavailable = missing;
	assert_int_equal(try(&wrong, "pair"), OUTCOME_UNFIT);
	assert_string_equal(reason, "not 64 bytes, 16 messages, batches of 1, 1 x 1");
	assert_int_equal(try(&wrong, "batch"), OUTCOME_UNFIT);
	assert_string_equal(reason, "not 64 bytes, 16 messages, batches of 4, 1 x 1");
	assert_int_equal(opened, 0);
}

static void one_that_spins_does_not_share_a_processor(void **state)
{
	struct mechanism spinning = right;

	spinning.traits = MECHANISM_SPINS;
	assert_int_equal(try(&spinning, "pair"), OUTCOME_OK);
	assert_int_equal(try(&spinning, "oneway-1cpu"), OUTCOME_UNFIT);
	assert_string_equal(reason, "spinning needs a processor of its own");
}

static void one_that_answers_does_round_trips_only(void **state)
{
	struct mechanism answering = right;

	answering.traits = MECHANISM_CALLS;
	assert_int_equal(try(&answering, "oneway"), OUTCOME_UNFIT);
	assert_string_equal(reason, "answers every message");
}

static void a_worker_that_dies_fails_and_the_channel_is_closed(void **state)
{
	assert_int_equal(try_sender(dying_send), OUTCOME_FAILED);
	assert_non_null(strstr(reason, "process 0 died"));
	assert_int_equal(closed, 1);
}

static void a_mechanism_that_does_not_open_is_unavailable(void **state)
{
	struct mechanism wrong = right;

	wrong.open = refusing_open;
	assert_int_equal(try(&wrong, "pair"), OUTCOME_UNAVAILABLE);
	assert_string_equal(reason, "no room in the inn");
}

static void a_mechanism_that_is_not_there_is_not_opened(void **state)
{
	struct mechanism wrong = right;

	wrong.unavailable = missing;
	assert_int_equal(try(&wrong, "pair"), OUTCOME_UNAVAILABLE);
	assert_string_equal(reason, "not loaded");
	assert_int_equal(opened, 0);
}

static void a_workload_that_does_not_suit_is_unfit(void **state)
{
	assert_int_equal(try(&right, "select"), OUTCOME_UNFIT);
	assert_int_equal(try(mechanism_find("null"), "pingpong"), OUTCOME_UNFIT);
	assert_int_equal(try(mechanism_find("kmq-batch"), "pair"), OUTCOME_UNFIT);
}

static void every_mechanism_of_this_machine_passes_every_workload(void **state)
{
	/* So many that each channel is full, and empty, some times. */
	units = 200;
	for (const struct mechanism *const *m = mechanisms; *m; m++)
		for (const struct workload *const *w = workloads; *w; w++)
			if (try(*m, (*w)->name) == OUTCOME_FAILED)
				fail_msg("%s, %s: %s", (*m)->name, (*w)->name, reason);
}

/* System V objects of the whole system; this test makes and removes its own. */
static unsigned int sysv_objects(void)
{
	static const char *const lists[] = {
		"/proc/sysvipc/msg", "/proc/sysvipc/sem", "/proc/sysvipc/shm",
	};
	unsigned int lines = 0;

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		FILE *file = fopen(lists[i], "re");
		int c;

		while (file && (c = getc(file)) != EOF)
			lines += c == '\n';
		if (file)
			fclose(file);
	}
	return lines;
}

static void an_interrupt_ends_a_trial_and_leaves_nothing_behind(void **state)
{
	static const char *const names[] = { "sysv-msg", "sysv-shm", "posix-mq", "pipe" };
	unsigned int before = sysv_objects();

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		/* Blocked since trial_setup(): it waits for the trial to look. */
		kill(getpid(), SIGINT);
		assert_int_equal(try(mechanism_find(names[i]), "pingpong"), OUTCOME_INTERRUPTED);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		assert_int_equal(errno, ECHILD);
	}
	assert_int_equal(sysv_objects(), before);
}

static void whatever_would_kill_the_runner_ends_a_trial(void **state)
{
	static const int signals[] = {
		SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU,
	};

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		kill(getpid(), signals[i]);
		assert_int_equal(try(mechanism_find("pipe"), "pingpong"), OUTCOME_INTERRUPTED);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	}
}

/* As a terminal's Ctrl-\ does it, to the whole group: the runner alone decides. */
static int quitting_send(struct channel *channel, void *body, uint32_t size)
{
	if (is_victim())
		raise(SIGQUIT);
	put(body);
	return 0;
}

static void a_quit_does_not_kill_a_worker(void **state)
{
	assert_int_equal(try_sender(quitting_send), OUTCOME_OK);
}

static void the_limit_of_a_trial_grows_with_what_was_asked_for(void **state)
{
	const double minute = 60e9;
	struct plan plan = { .expected_ns = 0 };

	assert_true(trial_limit_ns(&plan) == minute);
	plan.expected_ns = minute * 9 / 8;
	assert_true(trial_limit_ns(&plan) > 5 * minute);
}

static int setup(void **state)
{
	trial_setup();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_right_mechanism_passes_and_is_measured),
		cmocka_unit_test(a_lost_message_fails),
		cmocka_unit_test(a_doubled_message_fails),
		cmocka_unit_test(a_corrupt_message_fails),
		cmocka_unit_test(a_cut_message_fails),
		cmocka_unit_test(a_message_left_over_at_the_end_fails),
		cmocka_unit_test(a_trial_in_which_nothing_moves_is_ended),
		cmocka_unit_test(a_worker_that_cannot_attach_makes_it_unavailable),
		cmocka_unit_test(a_mechanism_is_asked_whether_it_has_such_a_channel),
		cmocka_unit_test(one_that_spins_does_not_share_a_processor),
		cmocka_unit_test(one_that_answers_does_round_trips_only),
		cmocka_unit_test(a_worker_that_dies_fails_and_the_channel_is_closed),
		cmocka_unit_test(a_mechanism_that_does_not_open_is_unavailable),
		cmocka_unit_test(a_mechanism_that_is_not_there_is_not_opened),
		cmocka_unit_test(a_workload_that_does_not_suit_is_unfit),
		cmocka_unit_test(every_mechanism_of_this_machine_passes_every_workload),
		cmocka_unit_test(an_interrupt_ends_a_trial_and_leaves_nothing_behind),
		cmocka_unit_test(whatever_would_kill_the_runner_ends_a_trial),
		cmocka_unit_test(a_quit_does_not_kill_a_worker),
		cmocka_unit_test(the_limit_of_a_trial_grows_with_what_was_asked_for),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
