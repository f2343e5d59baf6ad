// SPDX-License-Identifier: GPL-2.0-only
#include "program_run.h"

#include "events.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_INTERRUPTED	130

/* Between parent and child, before and at the exec. */
struct meeting {
	int streams[STREAMS];
	int gate[2];	/* the child goes on when a byte has come */
	int fault[2];	/* an errno comes if there is no exec, else the end */
};

struct counters {
	int instructions;
	int syscalls;
};

static volatile sig_atomic_t group;

static void end_group(int signal)
{
	(void)signal;
	if (group)
		kill(-group, SIGKILL);
	_exit(EXIT_INTERRUPTED);
}

void program_catch(void)
{
	struct sigaction action = { .sa_handler = end_group };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t ns_of(const struct timeval *time)
{
	return ((uint64_t)time->tv_sec * 1000000u + (uint64_t)time->tv_usec) * 1000u;
}

static void close_meeting(struct meeting *meeting)
{
	int *const all[] = { &meeting->gate[0], &meeting->gate[1], &meeting->fault[0], &meeting->fault[1] };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (*all[i] >= 0)
			close(*all[i]);
}

static bool open_meeting(struct meeting *meeting)
{
	*meeting = (struct meeting){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
	for (int i = 0; i < STREAMS; i++) {
		meeting->streams[i] = memfd_create("output", MFD_CLOEXEC);
		/* Behind what another process of the program has written meanwhile. */
		if (meeting->streams[i] < 0 || fcntl(meeting->streams[i], F_SETFL, O_APPEND))
			return false;
	}
	return !pipe2(meeting->gate, O_CLOEXEC) && !pipe2(meeting->fault, O_CLOEXEC);
}

__attribute__((noreturn))
static void become(const struct program *program, const struct meeting *meeting)
{
	char byte;
	int error;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	close(STDIN_FILENO);
	if (open("/dev/null", O_RDONLY) == STDIN_FILENO &&
	    dup2(meeting->streams[STREAM_OUTPUT], STDOUT_FILENO) >= 0 &&
	    dup2(meeting->streams[STREAM_ERROR], STDERR_FILENO) >= 0 &&
	    (!program->preload || !setenv("LD_PRELOAD", program->preload, 1)) &&
	    read(meeting->gate[0], &byte, 1) == 1)
		execvp(program->arguments[0], program->arguments);
	error = errno;
	while (write(meeting->fault[1], &error, sizeof(error)) < 0 && errno == EINTR)
		;
	_exit(127);
}

/* From the exec on, with all processes that it makes; -1: cannot be had. */
static int counter_on(pid_t pid, uint32_t type, uint64_t config)
{
	struct perf_event_attr attributes = {
		.type = type,
		.size = sizeof(attributes),
		.config = config,
		.disabled = 1,
		.inherit = 1,
		.enable_on_exec = 1,
		.exclude_hv = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attributes, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static void open_counters(const struct program *program, pid_t pid, struct counters *counters)
{
	long id = program->counting ? event_tracepoint("raw_syscalls/sys_enter") : -1;

	counters->instructions = counter_on(pid, PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS);
	counters->syscalls = id < 0 ? -1 : counter_on(pid, PERF_TYPE_TRACEPOINT, (uint64_t)id);
}

static uint64_t take_counter(int fd)
{
	uint64_t count = 0;

	if (fd < 0)
		return 0;
	if (read(fd, &count, sizeof(count)) != sizeof(count))
		count = 0;
	close(fd);
	return count;
}

/* True when it has ended; false: it is late. */
static bool ends_in_time(pid_t pid, uint64_t timeout_ns)
{
	struct pollfd ended = { .events = POLLIN };
	uint64_t deadline = now_ns() + timeout_ns, now;
	int ready = 0;

	if (!timeout_ns)
		return true;
	ended.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (ended.fd < 0)
		return true;
	do {
		now = now_ns();
		ready = now < deadline ? poll(&ended, 1, (int)((deadline - now + 999999) / 1000000)) : 0;
	} while ((ready < 0 && errno == EINTR) || (!ready && now < deadline));
	close(ended.fd);
	return ready > 0;
}

static void await(const struct program *program, pid_t pid, uint64_t from, struct program_run *run)
{
	struct rusage usage;
	siginfo_t ended;

	run->late = !ends_in_time(pid, program->timeout_ns);
	if (run->late)
		kill(-pid, SIGKILL);
	while (waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	run->elapsed_ns = now_ns() - from;
	/* Those it has left behind would run into the next run; its number is still its own. */
	kill(-pid, SIGKILL);
	group = 0;
	while (wait4(pid, &run->status, 0, &usage) < 0 && errno == EINTR)
		;
	run->user_ns = ns_of(&usage.ru_utime);
	run->system_ns = ns_of(&usage.ru_stime);
	run->switches = (uint64_t)(usage.ru_nvcsw + usage.ru_nivcsw);
}

static bool take_stream(int fd, struct text *text)
{
	struct stat status;
	void *bytes;

	*text = (struct text){ "", 0 };
	if (fstat(fd, &status) || !status.st_size)
		return true;
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return false;
	*text = (struct text){ bytes, (size_t)status.st_size };
	return true;
}

static bool cannot(const char *what, const char *name, int error)
{
	fprintf(stderr, "kmqcompare: %s %s: %s\n", what, name, strerror(error));
	return false;
}

/* What the child, which waits at the gate, does from now on. */
static bool follow(const struct program *program, struct meeting *meeting, pid_t pid, struct program_run *run)
{
	struct counters counters;
	int error = 0;
	uint64_t from;

	/* Also done there: whoever comes second finds it done. */
	setpgid(pid, pid);
	group = pid;
	open_counters(program, pid, &counters);
	close(meeting->fault[1]);
	meeting->fault[1] = -1;
	from = now_ns();
	if (write(meeting->gate[1], "", 1) != 1)
		kill(pid, SIGKILL);
	if (read(meeting->fault[0], &error, sizeof(error)) != sizeof(error))
		error = 0;
	await(program, pid, from, run);
	run->instructions = take_counter(counters.instructions);
	run->syscalls = take_counter(counters.syscalls);
	return error ? cannot("cannot run", program->arguments[0], error) : true;
}

bool program_run(const struct program *program, struct program_run *run)
{
	struct meeting meeting;
	bool done = false;
	pid_t pid = -1;

	*run = (struct program_run){ .status = 0 };
	fflush(NULL);
	if (open_meeting(&meeting))
		pid = fork();
	if (!pid)
		become(program, &meeting);
	if (pid < 0)
		cannot("cannot start", program->arguments[0], errno);
	else
		done = follow(program, &meeting, pid, run);
	for (int i = 0; i < STREAMS; i++) {
		if (done && !take_stream(meeting.streams[i], &run->streams[i]))
			done = cannot("cannot read the output of", program->arguments[0], errno);
		if (meeting.streams[i] >= 0)
			close(meeting.streams[i]);
	}
	close_meeting(&meeting);
	return done;
}

void program_forget(struct program_run *run)
{
	for (int i = 0; i < STREAMS; i++)
		if (run->streams[i].size)
			munmap((void *)run->streams[i].bytes, run->streams[i].size);
	memset(run->streams, 0, sizeof(run->streams));
}
