// SPDX-License-Identifier: GPL-2.0-only
/* Whole runs of `bench`, short ones, and what `diff` says of two of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "placement.h"
#include "results.h"
#include "subcommand.h"

#define ARGUMENTS_MAX	24

static char path[] = "/tmp/kmqcompare-bench-XXXXXX";
static char other_path[] = "/tmp/kmqcompare-bench-other-XXXXXX";

/* A subcommand in a process of its own, as its main() blocks signals. */
static pid_t start(int (*run)(int, char **), const char *line)
{
	sigset_t set, before;
	pid_t child;

	/* What comes before it asks for signals waits for that, and does not end it. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &before);
	child = fork();
	if (child)
		sigprocmask(SIG_SETMASK, &before, NULL);
	if (!child) {
		char words[400], *arguments[ARGUMENTS_MAX], *rest = NULL;
		int count = 0, null = open("/dev/null", O_WRONLY);

		snprintf(words, sizeof(words), "%s", line);
		for (char *word = strtok_r(words, " ", &rest); word && count < ARGUMENTS_MAX - 1;
		     word = strtok_r(NULL, " ", &rest))
			arguments[count++] = word;
		arguments[count] = NULL;
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		_exit(run(count, arguments));
	}
	return child;
}

static int status_of(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int bench(const char *options, const char *json)
{
	char line[400];

	snprintf(line, sizeof(line), "bench %s --json %s", options, json);
	return status_of(start(bench_main, line));
}

static struct json_object *read_results(void)
{
	struct json_object *file = results_read(path);

	assert_non_null(file);
	return file;
}

static struct json_object *nth(struct json_object *file, size_t i)
{
	return json_object_array_get_idx(json_at(file, "results"), i);
}

static size_t count_of(struct json_object *file)
{
	return json_object_array_length(json_at(file, "results"));
}

static size_t repetitions_of(struct json_object *result)
{
	struct json_object *repetitions = result ? json_at(result, "repetitions") : NULL;

	return repetitions ? json_object_array_length(repetitions) : 0;
}

static void every_workload_runs_and_says_where_it_ends(void **state)
{
	struct json_object *file, *larger;

	assert_int_equal(bench("--only pipe,signal,shm-spin --messages 200 --repeat 3 --quick "
			       "--relative-to pipe", path), 0);
	file = read_results();
	assert_string_equal(json_text(file, "schema"), "kmqcompare-bench/2");
	assert_false(json_flag(file, "interrupted"));
	for (size_t i = 0; i < count_of(file); i++) {
		struct json_object *result = nth(file, i);

		if (results_ok(result))
			assert_int_equal(repetitions_of(result), 3);
		else
			assert_true(*json_text(result, "reason"));
	}
	assert_true(results_ok(results_find(file, "oneway", "signal", 8)));
	larger = results_find(file, "oneway", "signal", 64);
	assert_string_equal(json_text(larger, "status"), "unfit");
	assert_true(results_ok(results_find(file, "oneway-1cpu", "pipe", 64)) ||
		    placement_cpus() == 1);
	assert_string_equal(json_text(results_find(file, "oneway-1cpu", "shm-spin", 64), "reason"),
			    placement_cpus() == 1 ? "there is one processor: it is `oneway`"
						  : "spinning needs a processor of its own");
	json_object_put(file);
}

static void an_open_loop_keeps_its_rate_and_tells_its_saturation(void **state)
{
	struct json_object *file;
	unsigned int loads = 0;

	/* Far below what it can, so that a busy machine keeps it too. */
	assert_int_equal(bench("--only pipe --workload open-loop --load 1,2 --repeat 3 "
			       "--seconds 0.05", path), 0);
	file = read_results();
	for (size_t i = 0; i < count_of(file); i++) {
		struct json_object *result = nth(file, i);
		double load = json_number(result, "load") / 100;
		double achieved = json_number(result, "achieved_per_s");
		double saturation = json_number(result, "saturation_per_s");

		if (strcmp(json_text(result, "workload"), "open-loop") || !results_ok(result))
			continue;
		loads++;
		assert_true(saturation > 1000);
		assert_true(achieved < saturation * load * 1.2);
		assert_true(achieved > saturation * load * 0.3);
		assert_string_equal(json_text(result, "latency.of"), "message");
		assert_true(json_number(result, "figure.median") > 0);
	}
	assert_int_equal(loads, 2);
	assert_true(results_ok(results_find(file, "oneway", "pipe", 64)));
	json_object_put(file);
}

static void what_is_asked_for_is_run_and_nothing_else(void **state)
{
	struct json_object *file;

	assert_int_equal(bench("--only pipe --workload pair --size 8,100 --messages 100 --repeat 2",
			       path), 0);
	file = read_results();
	/* The harness comes along. */
	assert_int_equal(count_of(file), 4);
	assert_true(results_ok(results_find(file, "pair", "pipe", 8)));
	assert_true(results_ok(results_find(file, "pair", "pipe", 100)));
	assert_null(results_find(file, "pair", "sysv-msg", 8));
	json_object_put(file);
}

/* Interrupted after so long; how often it had been repeated by then. */
static size_t interrupt_after(time_t seconds, const char *line, int signal)
{
	const struct timespec pause = { .tv_sec = seconds };
	pid_t child = start(bench_main, line);
	struct json_object *file;
	size_t repetitions;

	nanosleep(&pause, NULL);
	assert_int_equal(kill(child, signal), 0);
	assert_int_equal(status_of(child), 130);
	file = read_results();
	assert_true(json_flag(file, "interrupted"));
	repetitions = repetitions_of(results_find(file, "pair", "pipe", 64));
	if (repetitions)
		assert_true(results_figure(file, "pair", "pipe", 64) > 0);
	json_object_put(file);
	return repetitions;
}

static void an_interrupted_run_keeps_what_it_has(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM };
	char line[200];

	snprintf(line, sizeof(line), "bench --only pipe --workload pair --seconds 0.02 "
		 "--repeat 1000 --json %s", path);
	for (size_t i = 0; i < 2; i++) {
		size_t repetitions = 0;

		/* A slow machine may not have come to one in the first second. */
		for (time_t seconds = 1; !repetitions && seconds <= 16; seconds *= 2)
			repetitions = interrupt_after(seconds, line, signals[i]);
		assert_true(repetitions > 0 && repetitions < 1000);
	}
}

/* Ends long before all of it could be run, with that status. */
static void assert_ends_soon(pid_t child, int expected)
{
	const struct timespec tick = { .tv_nsec = 20000000 };
	int status = -1;
	pid_t ended = 0;

	for (int i = 0; i < 1000 && !ended; i++) {
		nanosleep(&tick, NULL);
		ended = waitpid(child, &status, WNOHANG);
	}
	if (!ended) {
		kill(child, SIGTERM);
		waitpid(child, NULL, 0);
	}
	assert_int_equal(ended, child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), expected);
}

static void a_file_that_cannot_be_written_is_told_before_anything_is_run(void **state)
{
	assert_ends_soon(start(bench_main, "bench --only pipe --workload pair --seconds 0.1 "
			       "--repeat 1000 --json /nowhere/at/all"), 1);
}

static void a_file_that_was_not_written_is_a_failure_also_after_an_interrupt(void **state)
{
	const struct timespec second = { .tv_sec = 1 };
	pid_t child = start(bench_main, "bench --only pipe --workload pair --seconds 0.02 "
			    "--repeat 1000 --json /dev/full");

	nanosleep(&second, NULL);
	assert_int_equal(kill(child, SIGINT), 0);
	assert_ends_soon(child, 1);
}

static int diff(const char *options)
{
	char line[400];

	snprintf(line, sizeof(line), "diff %s %s %s", options, path, other_path);
	return status_of(start(diff_main, line));
}

/* A run of one series, with these figures. */
static void store_run(const char *where, const char *quantity, const double figures[10])
{
	struct json_object *file = json_tokener_parse(
		"{\"workloads\": [], \"machine\": {\"kernel\": \"6.1.0\"}, \"results\": [{"
		"\"workload\": \"pair\", \"mechanism\": \"pipe\", \"size\": 64, \"capacity\": 64,"
		"\"batch\": 1, \"senders\": 1, \"receivers\": 1, \"load\": null,"
		"\"status\": \"ok\"}]}");
	struct json_object *repetitions = json_object_new_array();

	for (size_t i = 0; i < 10; i++) {
		struct json_object *repetition = json_object_new_object();

		json_object_object_add(repetition, "figure", isnan(figures[i]) ? NULL :
				       json_object_new_double(figures[i]));
		json_object_array_add(repetitions, repetition);
	}
	json_object_object_add(nth(file, 0), "repetitions", repetitions);
	json_object_object_add(file, "schema", json_object_new_string(RESULTS_SCHEMA));
	json_object_object_add(file, "quantity", json_object_new_string(quantity));
	assert_int_equal(results_write(file, where), 0);
	json_object_put(file);
}

static const double slow[10] = { 20, 21, 22, 20, 21, 22, 20, 21, 22, 21 };
static const double fast[10] = { 10, 11, 12, 10, 11, 12, 10, 11, 12, 11 };
static const double wild[10] = { 10, 41, 12, 40, 11, 42, 13, 39, 10, 41 };

static struct json_object *changes(void)
{
	static char out[] = "/tmp/kmqcompare-diff-XXXXXX";
	int fd = mkstemp(out);
	struct json_object *object;
	char option[80];

	close(fd);
	snprintf(option, sizeof(option), "--json %s", out);
	assert_int_equal(diff(option), 0);
	object = json_object_from_file(out);
	assert_non_null(object);
	unlink(out);
	memcpy(strrchr(out, '-') + 1, "XXXXXX", 6);
	return object;
}

static void assert_verdict(const double *old, const double *new, const char *verdict, double change)
{
	struct json_object *object, *first;

	store_run(path, "ns", old);
	store_run(other_path, "ns", new);
	object = changes();
	first = json_object_array_get_idx(json_at(object, "changes"), 0);
	assert_string_equal(json_text(first, "verdict"), verdict);
	if (isnan(change))
		assert_true(isnan(json_number(first, "change")));
	else
		assert_true(fabs(json_number(first, "change") - change) < 0.01);
	json_object_put(object);
}

static void diff_says_faster_only_where_there_is_no_doubt(void **state)
{
	assert_verdict(slow, fast, "faster", 11.0 / 21);
	assert_verdict(fast, slow, "slower", 21.0 / 11);
	assert_verdict(fast, fast, "same", 1);
	assert_verdict(slow, wild, "same", 26.0 / 21);
}

static void diff_says_nothing_where_a_repetition_has_no_figure(void **state)
{
	const double gap[10] = { 10, 11, 12, NAN, 11, 12, 10, 11, 12, 11 };

	assert_verdict(slow, gap, "", NAN);
}

static void diff_refuses_what_cannot_be_compared(void **state)
{
	store_run(path, "ns", slow);
	store_run(other_path, "instructions", fast);
	assert_int_equal(diff(""), 1);
	assert_int_equal(truncate(other_path, 0), 0);
	assert_int_equal(diff(""), 1);
}

static void diff_of_runs_with_nothing_in_common_fails(void **state)
{
	assert_int_equal(bench("--only pipe --workload pair --size 128 --messages 100 --repeat 3",
			       other_path), 0);
	store_run(path, "ns", slow);
	assert_int_equal(diff(""), 1);
}

static void a_run_is_the_same_as_itself(void **state)
{
	static const char short_run[] = "--only pipe --workload pair --messages 100 --repeat 3";

	assert_int_equal(bench(short_run, path), 0);
	assert_int_equal(bench(short_run, other_path), 0);
	assert_int_equal(diff(""), 0);
}

static int make_paths(void **state)
{
	int one = mkstemp(path), other = mkstemp(other_path);

	close(one);
	close(other);
	return one < 0 || other < 0;
}

static int remove_paths(void **state)
{
	unlink(path);
	unlink(other_path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_workload_runs_and_says_where_it_ends),
		cmocka_unit_test(an_open_loop_keeps_its_rate_and_tells_its_saturation),
		cmocka_unit_test(what_is_asked_for_is_run_and_nothing_else),
		cmocka_unit_test(an_interrupted_run_keeps_what_it_has),
		cmocka_unit_test(a_file_that_cannot_be_written_is_told_before_anything_is_run),
		cmocka_unit_test(a_file_that_was_not_written_is_a_failure_also_after_an_interrupt),
		cmocka_unit_test(diff_says_faster_only_where_there_is_no_doubt),
		cmocka_unit_test(diff_says_nothing_where_a_repetition_has_no_figure),
		cmocka_unit_test(diff_refuses_what_cannot_be_compared),
		cmocka_unit_test(diff_of_runs_with_nothing_in_common_fails),
		cmocka_unit_test(a_run_is_the_same_as_itself),
	};

	return cmocka_run_group_tests(tests, make_paths, remove_paths);
}
