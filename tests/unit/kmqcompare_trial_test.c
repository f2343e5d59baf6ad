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

static const struct mechanism right = {
	.name = "right", .title = "right", .open = fake_open, .close = fake_close,
	.send = right_send, .receive = right_receive,
};

static char reason[REASON_SIZE];
static struct sample sample;

static enum outcome try(const struct mechanism *mechanism, const char *workload)
{
	const struct plan plan = {
		.mechanism = mechanism,
		.workload = workload_find(workload),
		.size = SIZE,
		.capacity = 16,
		.batch = 4,
		.depth = 50,
		.units = 1000,
		.warmup = 10,
	};
	enum outcome outcome;

	opened = closed = 0;
	memset(&sample, 0xa5, sizeof(sample));
	snprintf(reason, sizeof(reason), "poison");
	outcome = trial_run(&plan, &sample, reason);
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
		cmocka_unit_test(a_worker_that_dies_fails_and_the_channel_is_closed),
		cmocka_unit_test(a_mechanism_that_does_not_open_is_unavailable),
		cmocka_unit_test(a_mechanism_that_is_not_there_is_not_opened),
		cmocka_unit_test(a_workload_that_does_not_suit_is_unfit),
		cmocka_unit_test(every_mechanism_of_this_machine_passes_every_workload),
		cmocka_unit_test(an_interrupt_ends_a_trial_and_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
