// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the claims of one file under cmocka, each in a process of its own.
 *
 *	NAME_test [PATTERN]	runs the claims that match (* and ?)
 *
 * KMQ_TEST_TIMEOUT	seconds until a claim that hangs has failed (60)
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "kmq_test.h"

static struct kmq_test *tests;

void test_register(struct kmq_test *test)
{
	struct kmq_test **place = &tests;

	while (*place && (*place)->line < test->line)
		place = &(*place)->next;
	test->next = *place;
	*place = test;
}

static void run_body(const struct kmq_test *test)
{
	static const int deadly[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS };

	/* cmocka's handlers would go on with the next test in here. */
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		signal(deadly[i], SIG_DFL);
	setpgid(0, 0);
	test_pid = getpid();
	test->body();
	/* A child that nobody joined has proved nothing. */
	if (waitpid(-1, NULL, WNOHANG) >= 0)
		FAIL("the test left a child behind");
	_exit(EXIT_SUCCESS);
}

static bool print_stack(pid_t pid, const char *file)
{
	char path[64], line[256];
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	stream = fopen(path, "r");
	if (!stream)
		return false;
	while (fgets(line, sizeof(line), stream))
		fprintf(stderr, "#   %s: %s%s", path, line, strchr(line, '\n') ? "" : "\n");
	fclose(stream);
	return true;
}

/* Says where the processes of a test that hangs are. */
static void print_group(pid_t group)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 0 && getpgid(pid) == group && !print_stack(pid, "stack"))
			print_stack(pid, "wchan");
	}
	if (proc)
		closedir(proc);
}

static unsigned int timeout_seconds(void)
{
	const char *text = getenv("KMQ_TEST_TIMEOUT");

	return text && atoi(text) > 0 ? atoi(text) : 60;
}

/* Returns whether the process ended by itself. */
static bool wait_end(pid_t pid)
{
	struct pollfd entry = { .fd = syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	uint64_t end = after_ms(timeout_seconds() * 1000);
	int ready = 0;

	if (entry.fd < 0)
		fail_msg("pidfd_open: %s", strerror(errno));
	while (ready <= 0 && now() < end)
		ready = poll(&entry, 1, 100);
	close(entry.fd);
	return ready > 0;
}

/* All that the test left: its processes, then its queues. */
static void clean_up(pid_t group)
{
	char prefix[KMQ_NAME_SIZE];

	kill(-group, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	snprintf(prefix, sizeof(prefix), NAME_PREFIX, group);
	queue_remove_prefix(prefix);
}

/* A descriptor's last close may end a little after its process does. */
static bool wait_queue_count(int count)
{
	uint64_t end = after_ms(10000);

	while (queue_count() != count) {
		if (now() > end)
			return false;
		pause_ms(2);
	}
	return true;
}

static void run_isolated(void **state)
{
	const struct kmq_test *test = *state;
	int queues = queue_count();
	int status;
	bool ended;
	pid_t pid;

	/* The test holds the module by what it opens itself. */
	close_control();
	fflush(NULL);
	pid = fork();
	if (!pid)
		run_body(test);
	setpgid(pid, pid);
	ended = wait_end(pid);
	if (!ended) {
		print_group(pid);
		kill(-pid, SIGKILL);
	}
	waitpid(pid, &status, 0);
	clean_up(pid);
	if (!ended)
		fail_msg("no end after %u s", timeout_seconds());
	if (WIFSIGNALED(status))
		fail_msg("died of signal %d", WTERMSIG(status));
	close_control();
	if (!wait_queue_count(queues))
		fail_msg("%d queues before the test, %d after it", queues, queue_count());
	if (WEXITSTATUS(status) == EXIT_SKIP)
		skip();
	if (WEXITSTATUS(status))
		fail_msg("failed");
}

int main(int argc, char **argv)
{
	struct CMUnitTest units[256] = {};
	size_t count = 0;

	if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
		fprintf(stderr, "usage: %s [PATTERN]\n", argv[0]);
		return 2;
	}
	if (argc == 2)
		cmocka_set_test_filter(argv[1]);
	for (struct kmq_test *test = tests; test; test = test->next, count++) {
		if (count == sizeof(units) / sizeof(units[0]))
			abort();
		units[count] = (struct CMUnitTest){
			.name = test->name,
			.test_func = run_isolated,
			.initial_state = test,
		};
	}
	/* What a killed test orphans comes here to be reaped. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return _cmocka_run_group_tests(program_invocation_short_name, units, count,
				       NULL, NULL);
}
