// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probe's frame: puppets do what they are told, and what they do is seen as
 * it is; a cell ends in time and leaves nothing behind; what differs from the
 * manual pages is told. The claims have tests of their own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "probe/run.h"
#include "results.h"

/* A pipe: what the frame is tried on. */

static int pipe_create(struct end *end, struct object *object)
{
	end_says(end, "pipe2()");
	return pipe2(end->fd, O_CLOEXEC);
}

static int pipe_keep(struct end *end, enum way way)
{
	int *other = &end->fd[way == WAY_SEND ? 0 : 1];

	if (way == WAY_BOTH || *other < 0)
		return 0;
	end_says(end, "close(%d)", *other);
	close(*other);
	*other = -1;
	return 0;
}

static void pipe_detach(struct end *end)
{
	close(end->fd[0]);
	close(end->fd[1]);
}

static void heed_patience(int fd, const struct parcel *parcel)
{
	fcntl(fd, F_SETFL, parcel->patience == PATIENCE_NONE ? O_NONBLOCK : 0);
}

static ssize_t pipe_send(struct end *end, struct parcel *parcel)
{
	end_says(end, "write(%d, %zu bytes)", end->fd[1], parcel->size);
	heed_patience(end->fd[1], parcel);
	return write(end->fd[1], parcel->body, parcel->size);
}

static ssize_t pipe_receive(struct end *end, struct parcel *parcel)
{
	end_says(end, "read(%d, %zu bytes)", end->fd[0], parcel->size);
	heed_patience(end->fd[0], parcel);
	return read(end->fd[0], parcel->body, parcel->size);
}

static const struct subject plain = {
	.mechanism = "pipe",
	.traits = SUBJECT_IS_STREAM,
	.create = pipe_create,
	.keep = pipe_keep,
	.detach = pipe_detach,
	.send = pipe_send,
	.receive = pipe_receive,
};

/* Runs an experiment of the test's own on @subject, which tests may change. */

static struct claim claim;
static struct subject subject;
static struct cell_result result;

static int begin(void **state)
{
	claim = (struct claim){ .name = "test", .group = "messages", .question = "?",
				.experiment = "none" };
	subject = plain;
	return 0;
}

static int end(void **state)
{
	free(result.evidence);
	result.evidence = NULL;
	return 0;
}

static void run(void (*try)(struct cell *cell))
{
	free(result.evidence);
	claim.try = try;
	result = (struct cell_result){ .claim = &claim, .subject = &subject };
	cell_run(&result);
}

/* For experiments: the verdict is whether @holds. */
static void find(struct cell *cell, bool holds)
{
	cell_answer(cell, holds ? VERDICT_YES : VERDICT_NO, "found");
}

#define assert_found() \
	do { \
		if (result.verdict != VERDICT_YES) \
			fail_msg("%s\n%s", result.answer, result.evidence); \
	} while (0)

#define assert_broke(why) \
	do { \
		assert_int_equal(result.verdict, VERDICT_NONE); \
		assert_true(result.broke); \
		assert_non_null(strstr(result.answer, why)); \
	} while (0)

static struct puppet *creator(struct cell *cell)
{
	struct puppet *a = puppet_new(cell, "A");

	must(a, puppet_create(a));
	return a;
}

/* Puppets */

static void send_to_sleeper(struct cell *cell)
{
	struct puppet *a = creator(cell), *b = puppet_fork(a, "B");
	struct outcome_of_task first = puppet_receive(b, 64), second;

	must(a, puppet_send(a, 24, 7));
	second = await(b, PATIENCE_MS);
	find(cell, first.ending == ENDING_ASLEEP && second.ending == ENDING_DONE &&
	     second.result == 24 && second.whole && second.seed == 7);
}

static void a_sleeper_is_seen_asleep_and_then_awake_and_all_is_evidence(void **state)
{
	run(send_to_sleeper);
	assert_found();
	assert_string_equal(result.evidence,
			    "A: pipe2() = 0\n"
			    "A: fork() = B\n"
			    "B: read(3, 64 bytes) = ... asleep\n"
			    "A: write(4, 24 bytes) = 24: message 7\n"
			    "B: goes on: read(3, 64 bytes) = 24: message 7\n");
}

static ssize_t spinning_receive(struct end *end, struct parcel *parcel)
{
	ssize_t got;

	parcel->patience = PATIENCE_NONE;
	while ((got = pipe_receive(end, parcel)) < 0)
		sched_yield();
	return got;
}

static ssize_t napping_receive(struct end *end, struct parcel *parcel)
{
	ssize_t got;

	parcel->patience = PATIENCE_NONE;
	while ((got = pipe_receive(end, parcel)) < 0)
		usleep(500);
	return got;
}

static void receive_busily(struct cell *cell)
{
	struct puppet *a = creator(cell);

	find(cell, puppet_receive(a, 8).ending == ENDING_BUSY);
}

static void who_asks_again_and_again_is_busy_also_with_naps(void **state)
{
	subject.receive = spinning_receive;
	run(receive_busily);
	assert_found();
	subject.receive = napping_receive;
	run(receive_busily);
	assert_found();
}

/* Works for longer than PATIENCE_MS, and comes to an end. */
static long work(struct end *end, void *argument)
{
	for (volatile unsigned int i = 0; i < 200u * 1000 * 1000; i++)
		continue;
	return 5;
}

static void do_work(struct cell *cell)
{
	struct puppet *a = puppet_new(cell, "A");
	struct outcome_of_task done;

	tell(a, &(struct task){ .deed = DEED_FUNCTION, .function = work });
	done = await(a, 50000);
	find(cell, done.ending == ENDING_DONE && done.result == 5);
}

static void who_works_and_ends_is_not_called_busy(void **state)
{
	run(do_work);
	assert_found();
}

static void lose_one(struct cell *cell)
{
	struct puppet *a = creator(cell), *b = puppet_fork(a, "B");

	tell(b, &(struct task){ .deed = DEED_RECEIVE, .size = 8 });
	puppet_kill(b);
	find(cell, await(b, PATIENCE_MS).ending == ENDING_DEAD &&
	     puppet_send(b, 8, 1).ending == ENDING_DEAD);
}

static void the_killed_are_dead_to_every_task(void **state)
{
	run(lose_one);
	assert_found();
	assert_non_null(strstr(result.evidence,
			       "B: is killed (SIGKILL)\nB: is gone\nB: is gone\n"));
}

static void lose_two(struct cell *cell)
{
	struct puppet *a = creator(cell), *b = puppet_new(cell, "B");

	puppet_kill(a);
	puppet_exit(b);
	find(cell, kill(puppet_pid(a), 0) && kill(puppet_pid(b), 0));
}

static void the_number_of_who_is_gone_is_free_at_once(void **state)
{
	run(lose_two);
	assert_found();
}

static long parent_session_and_descriptors(struct end *end, void *argument)
{
	pid_t *told = argument;

	told[0] = getppid();
	told[1] = getsid(0);
	told[2] = fcntl(3, F_GETFD) != -1 || fcntl(4, F_GETFD) != -1;
	return 0;
}

static void look_at_two(struct cell *cell)
{
	struct puppet *a = creator(cell), *b = puppet_new(cell, "B");
	pid_t *told = cell->scratch;
	struct task task = { .deed = DEED_FUNCTION, .function = parent_session_and_descriptors };

	task.argument = told;
	must(a, puppet_do(a, &task));
	task.argument = told + 3;
	must(b, puppet_do(b, &task));
	find(cell, told[0] != told[3] && told[1] == puppet_pid(a) && told[4] == puppet_pid(b) &&
	     told[2] && !told[5]);
}

static void puppets_have_neither_parent_nor_session_nor_descriptors_in_common(void **state)
{
	run(look_at_two);
	assert_found();
}

static void write_to_nobody(struct cell *cell)
{
	struct puppet *a = creator(cell);
	struct outcome_of_task sent;

	puppet_keep(a, WAY_SEND);
	sent = puppet_send(a, 8, 1);
	find(cell, sent.ending == ENDING_DONE && sent.result == -1 && sent.error == EPIPE);
}

static void sigpipe_does_not_kill_and_is_noted(void **state)
{
	run(write_to_nobody);
	assert_found();
	assert_non_null(strstr(result.evidence, "write(4, 8 bytes) = -1 EPIPE, and SIGPIPE\n"));
}

static void tell_twice(struct cell *cell)
{
	struct puppet *a = creator(cell);

	puppet_receive(a, 8);
	puppet_receive(a, 8);
}

static void to_tell_a_sleeper_something_else_breaks_the_experiment(void **state)
{
	run(tell_twice);
	assert_broke("told two things");
}

/* What is not a call of the mechanism says so. */
static void ask_for_everything(struct cell *cell)
{
	static const enum deed missing[] = {
		DEED_ATTACH, DEED_BORROW, DEED_REMOVE, DEED_POLL, DEED_LOCK, DEED_UNLOCK, DEED_LOAD,
		DEED_STORE, DEED_HALF_SEND,
	};
	struct puppet *a = creator(cell);
	bool all = true;

	for (size_t i = 0; i < sizeof(missing) / sizeof(*missing); i++) {
		struct outcome_of_task done = puppet_do(a, &(struct task){ .deed = missing[i] });

		all &= done.ending == ENDING_DONE && done.result == -1 && done.error == ENOSYS;
	}
	find(cell, all);
}

static void what_a_mechanism_has_no_call_for_is_enosys(void **state)
{
	run(ask_for_everything);
	assert_found();
}

static long who_am_i(struct end *end, void *argument)
{
	return geteuid();
}

static void become_another(struct cell *cell)
{
	struct puppet *a = puppet_new(cell, "A");
	struct outcome_of_task became = puppet_do(a, &(struct task){ .deed = DEED_BECOME_USER });
	struct outcome_of_task is = puppet_do(a, &(struct task){ .deed = DEED_FUNCTION,
								  .function = who_am_i });

	find(cell, geteuid() ? became.error == EPERM : !became.result && is.result > 0);
}

static void a_puppet_becomes_another_user(void **state)
{
	run(become_another);
	assert_found();
}

/* Bodies */

static struct outcome_of_task seen;
static char body[512];

static void a_body_is_known_by_its_seed(void **state)
{
	for (size_t size = 2; size < 100; size++) {
		parcel_fill(body, size, 1000 + size);
		parcel_look(body, size, &seen);
		assert_true(seen.intact);
		assert_int_equal(seen.seed, 1000 + size);
		assert_int_equal(seen.whole, size > 4);
	}
}

static void bodies_glued_are_two_pieces(void **state)
{
	parcel_fill(body, 8, 1);
	parcel_fill(body + 8, 20, 2);
	parcel_look(body, 28, &seen);
	assert_int_equal(seen.pieces, 2);
	assert_false(seen.intact);
	assert_int_equal(seen.piece[1].seed, 2);
	assert_int_equal(seen.piece[1].size, 20);
}

static void a_body_that_comes_twice_is_two_pieces(void **state)
{
	parcel_fill(body, 8, 1);
	parcel_fill(body + 8, 8, 1);
	parcel_look(body, 16, &seen);
	assert_int_equal(seen.pieces, 2);
}

static void a_cut_body_is_intact_and_not_whole(void **state)
{
	parcel_fill(body, 24, 3);
	parcel_look(body, 8, &seen);
	assert_true(seen.intact);
	assert_false(seen.whole);
	parcel_look(body, 4, &seen);
	assert_true(seen.intact);
	assert_false(seen.whole);
}

static void the_rest_of_a_body_tells_where_it_was(void **state)
{
	parcel_fill(body, 24, 3);
	parcel_look(body + 8, 16, &seen);
	assert_int_equal(seen.pieces, 1);
	assert_false(seen.intact);
	assert_int_equal(seen.piece[0].offset, 8);
	assert_int_equal(seen.piece[0].size, 16);
}

static void every_changed_bit_of_a_body_is_noticed(void **state)
{
	for (unsigned int bit = 0; bit < 24 * 8; bit++) {
		parcel_fill(body, 24, 3);
		body[bit / 8] ^= 1 << bit % 8;
		parcel_look(body, 24, &seen);
		assert_false(seen.whole);
	}
}

static void bytes_of_nobody_are_no_piece(void **state)
{
	memset(body, 0, sizeof(body));
	parcel_look(body, 64, &seen);
	assert_false(seen.intact);
	assert_int_equal(seen.pieces, PIECES_MAX + 1);
	assert_int_equal(seen.seed, 0);
}

/* Cells */

static void come_to_nothing(struct cell *cell)
{
	cell_note(cell, "hm");
}

static void crash(struct cell *cell)
{
	cell_answer(cell, VERDICT_YES, "not yet");
	abort();
}

static void an_experiment_without_an_answer_broke(void **state)
{
	run(come_to_nothing);
	assert_broke("it came to no answer");
}

static void an_experiment_that_crashes_broke_whatever_it_said(void **state)
{
	run(crash);
	assert_broke("killed by signal 6");
}

static void sleep_for_ever(struct cell *cell)
{
	creator(cell);
	pause();
}

static void an_experiment_that_does_not_end_is_ended(void **state)
{
	claim.seconds = 1;
	run(sleep_for_ever);
	assert_broke("no end after 1 seconds");
	assert_true(result.elapsed_ms >= 1000 && result.elapsed_ms < CELL_SECONDS * 1000);
}

static void fail_a_step(struct cell *cell)
{
	struct puppet *a = puppet_new(cell, "A");

	must(a, puppet_attach(a, WAY_SEND));
	cell_answer(cell, VERDICT_YES, "never");
}

static void a_step_that_must_go_and_does_not_broke_it(void **state)
{
	run(fail_a_step);
	assert_broke("there is no call to attach");
}

static void talk_much(struct cell *cell)
{
	for (unsigned int i = 0; i < EVIDENCE_SIZE; i++)
		cell_note(cell, "line %u of many", i);
	cell_answer(cell, VERDICT_YES, "%0*d", 2 * ANSWER_SIZE, 0);
}

static void too_much_evidence_is_cut_and_says_so(void **state)
{
	const char *cut = "line 1 of many\n";

	run(talk_much);
	assert_found();
	assert_non_null(strstr(result.evidence, cut));
	assert_true(strlen(result.evidence) < EVIDENCE_SIZE);
	assert_non_null(strstr(result.evidence, "many\n(cut here: there was more)\n"));
	assert_int_equal(strlen(result.answer), ANSWER_SIZE - 1);
}

/* Nothing is left */

/* Shared with what may be left: pids, and a path. */
static struct {
	pid_t pids[3];
	char directory[64];
	int removed;
} *left;

static long fork_a_sleeper(struct end *end, void *argument)
{
	pid_t pid = fork();

	if (!pid) {
		setsid();
		for (;;)
			pause();
	}
	return pid;
}

static void leave_all(struct cell *cell)
{
	struct puppet *a = creator(cell), *b = puppet_fork(a, "B");
	struct task task = { .deed = DEED_FUNCTION, .function = fork_a_sleeper };
	char path[100];
	int fd;

	left->pids[0] = puppet_pid(a);
	left->pids[1] = puppet_pid(b);
	left->pids[2] = must(b, puppet_do(b, &task)).result;
	puppet_exit(b);
	snprintf(left->directory, sizeof(left->directory), "%s", cell->objects[0].directory);
	snprintf(path, sizeof(path), "%s/name", left->directory);
	fd = open(path, O_CREAT, 0600);
	puppet_receive(a, 8);
	cell_answer(cell, fd >= 0 ? VERDICT_YES : VERDICT_NO, "left all");
}

static void crash_too(struct cell *cell)
{
	leave_all(cell);
	abort();
}

static int count_removal(struct end *end, struct object *object)
{
	left->removed += !strncmp(object->name, "probe-", 6) && end->fd[0] == -1;
	return 0;
}

static void assert_nothing_left(void)
{
	struct stat status;

	for (int i = 0; i < 3; i++) {
		assert_true(left->pids[i] > 0);
		assert_int_equal(kill(left->pids[i], 0), -1);
	}
	assert_int_equal(stat(left->directory, &status), -1);
	assert_int_equal(left->removed, 1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void a_cell_leaves_no_process_no_file_and_no_object(void **state)
{
	memset(left, 0, sizeof(*left));
	subject.remove = count_removal;
	run(leave_all);
	assert_found();
	assert_nothing_left();
}

static void nor_does_one_that_crashes(void **state)
{
	memset(left, 0, sizeof(*left));
	subject.remove = count_removal;
	run(crash_too);
	assert_broke("killed by signal");
	assert_nothing_left();
}

static void tell_and_sleep(struct cell *cell)
{
	left->pids[0] = puppet_pid(creator(cell));
	pause();
}

/* Up to half a minute. */
static void await_value(const int *value)
{
	for (int i = 0; i < 3000 && !*(volatile const int *)value; i++)
		usleep(10000);
	assert_int_not_equal(*(volatile const int *)value, 0);
}

static void the_death_of_the_runner_ends_the_cell(void **state)
{
	pid_t runner;

	memset(left, 0, sizeof(*left));
	subject.remove = count_removal;
	runner = fork();
	if (!runner) {
		run(tell_and_sleep);
		_exit(0);
	}
	await_value(&left->pids[0]);
	assert_int_equal(left->removed, 0);
	kill(runner, SIGKILL);
	waitpid(runner, NULL, 0);
	await_value(&left->removed);
	assert_int_equal(kill(left->pids[0], 0), -1);
}

/* Runs */

static enum verdict is_yes(const char *name, const char *mechanism, const char **source)
{
	*source = "pipe(7)";
	return VERDICT_YES;
}

static enum verdict is_no(const char *name, const char *mechanism, const char **source)
{
	*source = "pipe(7)";
	return VERDICT_NO;
}

static enum verdict is_silent(const char *name, const char *mechanism, const char **source)
{
	return VERDICT_NONE;
}

static const char *not_here(void)
{
	return "not loaded";
}

static char *printed;
static char json_path[64];

/* Status of a run of one cell; what it printed is in @printed. */
static int probe_one(void (*try)(struct cell *cell),
		     enum verdict (*expected)(const char *, const char *, const char **))
{
	const struct claim *claims_of_run[] = { &claim, NULL };
	const struct subject *subjects_of_run[] = { &subject, NULL };
	size_t size;
	struct probe probe = {
		.claims = claims_of_run, .subjects = subjects_of_run, .expected = expected,
		.json = json_path,
	};
	int status;

	free(printed);
	printed = NULL;
	claim.try = try;
	probe.out = open_memstream(&printed, &size);
	status = probe_all(&probe);
	fclose(probe.out);
	return status;
}

static void assert_tally(unsigned int agree, unsigned int differ, unsigned int not_run)
{
	char line[100];

	snprintf(line, sizeof(line),
		 "\n%u agree with the manual pages, %u differ, %u did not run\n", agree, differ,
		 not_run);
	assert_non_null(strstr(printed, line));
}

static struct json_object *json;

static const char *text(const char *path)
{
	return json_text(json, path);
}

static struct json_object *first(const char *list)
{
	return json_object_array_get_idx(json_at(json, list), 0);
}

static void read_json(void)
{
	json_object_put(json);
	json = json_object_from_file(json_path);
	unlink(json_path);
	assert_non_null(json);
}

static void what_agrees_is_counted_and_the_status_is_0(void **state)
{
	assert_int_equal(probe_one(send_to_sleeper, is_yes), 0);
	assert_non_null(strstr(printed, "\n  test              y \n"));
	assert_tally(1, 0, 0);
	read_json();
	assert_string_equal(text("schema"), "kmqcompare-probe/1");
	assert_int_equal(json_number(json, "agree"), 1);
	assert_string_equal(json_text(first("cells"), "verdict"), "yes");
	assert_string_equal(json_text(first("cells"), "expected"), "yes");
	assert_string_equal(json_text(first("cells"), "source"), "pipe(7)");
	assert_true(json_flag(first("cells"), "agrees"));
	assert_int_equal(json_object_array_length(json_at(first("cells"), "evidence")), 5);
	assert_string_equal(json_text(first("mechanisms"), "status"), "ok");
	assert_string_equal(json_text(first("claims"), "question"), "?");
	assert_true(json_number(json_at(json, "machine"), "processors") >= 1);
}

static void what_differs_is_named_with_its_evidence_and_the_status_is_1(void **state)
{
	assert_int_equal(probe_one(send_to_sleeper, is_no), 1);
	assert_non_null(strstr(printed, "\n  test              y!\n"));
	assert_non_null(strstr(printed, "\ntest: ?\n  pipe: yes, found\n      A: pipe2() = 0\n"));
	assert_non_null(strstr(printed, "  but pipe(7) says no\n"));
	assert_tally(0, 1, 0);
	read_json();
	assert_int_equal(json_number(json, "differ"), 1);
	assert_false(json_flag(first("cells"), "agrees"));
}

static void what_the_pages_do_not_tell_neither_agrees_nor_differs(void **state)
{
	assert_int_equal(probe_one(send_to_sleeper, is_silent), 0);
	assert_non_null(strstr(printed, "1 ran of which the manual pages do not tell\n"));
	assert_tally(0, 0, 0);
	read_json();
	assert_null(json_at(first("cells"), "expected"));
	assert_null(json_at(first("cells"), "agrees"));
}

static void what_broke_did_not_run_and_the_status_is_1(void **state)
{
	assert_int_equal(probe_one(come_to_nothing, is_yes), 1);
	assert_non_null(strstr(printed, "\n  test              -?\n"));
	assert_non_null(strstr(printed, "the experiment broke: it came to no answer"));
	assert_tally(0, 0, 1);
	read_json();
	assert_string_equal(json_text(first("cells"), "reason"),
			    "the experiment broke: it came to no answer");
}

static void what_is_not_to_be_had_here_did_not_run_and_is_no_failure(void **state)
{
	subject.unavailable = not_here;
	assert_int_equal(probe_one(crash, is_yes), 0);
	assert_tally(0, 0, 1);
	read_json();
	assert_string_equal(json_text(first("mechanisms"), "status"), "unavailable");
	assert_string_equal(json_text(first("cells"), "reason"), "not loaded");
	assert_string_equal(json_text(first("cells"), "verdict"), "none");
}

static void interrupt_the_runner(struct cell *cell)
{
	creator(cell);
	kill(left->pids[0], SIGTERM);
	pause();
}

static void an_interrupted_run_writes_what_it_has_and_leaves_nobody(void **state)
{
	memset(left, 0, sizeof(*left));
	left->pids[0] = getpid();
	subject.remove = count_removal;
	assert_int_equal(probe_one(interrupt_the_runner, is_yes), 130);
	assert_int_equal(left->removed, 1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	read_json();
	assert_true(json_flag(json, "interrupted"));
	assert_string_equal(json_text(first("cells"), "reason"), "interrupted");
	assert_int_equal(json_number(json, "not_run"), 1);
}

/* For how long a cell waits for another. */
static unsigned int company_ms;

/* Notes how many run at a time, and the most that did. */
static void count_who_runs(struct cell *cell)
{
	int now = __atomic_add_fetch(&left->pids[0], 1, __ATOMIC_SEQ_CST);

	if (now > left->pids[1])
		left->pids[1] = now;
	for (unsigned int ms = 0; ms < company_ms && *(volatile int *)&left->pids[1] < 2; ms++)
		usleep(1000);
	__atomic_sub_fetch(&left->pids[0], 1, __ATOMIC_SEQ_CST);
	cell_answer(cell, VERDICT_YES, "ran");
}

/* Twelve cells, of three claims and four subjects; the most that ran at a time. */
static int most_at_a_time(bool alone, bool same_subject)
{
	static struct subject many[4];
	static struct claim three[3];
	const struct claim *claims_of_run[] = { &three[0], &three[1], &three[2], NULL };
	const struct subject *subjects_of_run[] = { &many[0], same_subject ? NULL : &many[1],
						    &many[2], &many[3], NULL };
	struct probe probe = { .claims = claims_of_run, .subjects = subjects_of_run,
			       .expected = is_yes };
	struct cells cells;

	memset(left, 0, sizeof(*left));
	for (int i = 0; i < 4; i++)
		many[i] = subject;
	for (int i = 0; i < 3; i++) {
		three[i] = claim;
		three[i].try = count_who_runs;
		three[i].alone = alone;
	}
	assert_true(probe_run(&probe, &cells));
	assert_int_equal(cells_tally(&cells).agree, same_subject ? 3 : 12);
	for (size_t i = 0; i < cells.count; i++)
		free(cells.results[i].evidence);
	free(cells.results);
	return left->pids[1];
}

static void cells_of_several_subjects_run_at_a_time_unless_they_must_be_alone(void **state)
{
	company_ms = 20000;
	assert_true(most_at_a_time(false, false) > 1);
	company_ms = 100;
	assert_int_equal(most_at_a_time(false, true), 1);
	assert_int_equal(most_at_a_time(true, false), 1);
}

static int share_memory(void **state)
{
	snprintf(json_path, sizeof(json_path), "/tmp/kmqcompare_probe_test-%d.json", getpid());
	left = mmap(NULL, sizeof(*left), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return left == MAP_FAILED;
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_sleeper_is_seen_asleep_and_then_awake_and_all_is_evidence),
		TEST(who_asks_again_and_again_is_busy_also_with_naps),
		TEST(who_works_and_ends_is_not_called_busy),
		TEST(the_killed_are_dead_to_every_task),
		TEST(the_number_of_who_is_gone_is_free_at_once),
		TEST(puppets_have_neither_parent_nor_session_nor_descriptors_in_common),
		TEST(sigpipe_does_not_kill_and_is_noted),
		TEST(to_tell_a_sleeper_something_else_breaks_the_experiment),
		TEST(what_a_mechanism_has_no_call_for_is_enosys),
		TEST(a_puppet_becomes_another_user),
		TEST(a_body_is_known_by_its_seed),
		TEST(bodies_glued_are_two_pieces),
		TEST(a_body_that_comes_twice_is_two_pieces),
		TEST(a_cut_body_is_intact_and_not_whole),
		TEST(the_rest_of_a_body_tells_where_it_was),
		TEST(every_changed_bit_of_a_body_is_noticed),
		TEST(bytes_of_nobody_are_no_piece),
		TEST(an_experiment_without_an_answer_broke),
		TEST(an_experiment_that_crashes_broke_whatever_it_said),
		TEST(an_experiment_that_does_not_end_is_ended),
		TEST(a_step_that_must_go_and_does_not_broke_it),
		TEST(too_much_evidence_is_cut_and_says_so),
		TEST(a_cell_leaves_no_process_no_file_and_no_object),
		TEST(nor_does_one_that_crashes),
		TEST(the_death_of_the_runner_ends_the_cell),
		TEST(what_agrees_is_counted_and_the_status_is_0),
		TEST(what_differs_is_named_with_its_evidence_and_the_status_is_1),
		TEST(what_the_pages_do_not_tell_neither_agrees_nor_differs),
		TEST(what_broke_did_not_run_and_the_status_is_1),
		TEST(what_is_not_to_be_had_here_did_not_run_and_is_no_failure),
		TEST(an_interrupted_run_writes_what_it_has_and_leaves_nobody),
		TEST(cells_of_several_subjects_run_at_a_time_unless_they_must_be_alone),
	};

	return cmocka_run_group_tests(tests, share_memory, NULL);
}
