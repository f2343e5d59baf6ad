// SPDX-License-Identifier: GPL-2.0-only
/* System calls per message, counted from outside by ptrace(2). */
#include "cost_ride.h"
#include "steps.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define MESSAGES	100
#define KINDS		512	/* numbers of system calls that are told apart */

static const struct { long number; const char *name; } known[] = {
	{ SYS_read, "read" }, { SYS_write, "write" }, { SYS_readv, "readv" },
	{ SYS_writev, "writev" }, { SYS_pread64, "pread64" }, { SYS_pwrite64, "pwrite64" },
	{ SYS_ioctl, "ioctl" }, { SYS_fcntl, "fcntl" }, { SYS_futex, "futex" },
	{ SYS_msgsnd, "msgsnd" }, { SYS_msgrcv, "msgrcv" }, { SYS_semop, "semop" },
	{ SYS_semtimedop, "semtimedop" }, { SYS_preadv, "preadv" }, { SYS_pwritev, "pwritev" },
	{ SYS_rt_sigprocmask, "rt_sigprocmask" },
	{ SYS_mq_timedsend, "mq_timedsend" }, { SYS_mq_timedreceive, "mq_timedreceive" },
	{ SYS_sendto, "sendto" }, { SYS_recvfrom, "recvfrom" }, { SYS_sendmsg, "sendmsg" },
	{ SYS_recvmsg, "recvmsg" }, { SYS_rt_sigtimedwait, "rt_sigtimedwait" },
	{ SYS_rt_sigqueueinfo, "rt_sigqueueinfo" }, { SYS_io_uring_enter, "io_uring_enter" },
	{ SYS_getpid, "getpid" }, { SYS_getuid, "getuid" },
	{ SYS_gettimeofday, "gettimeofday" },
	{ SYS_ppoll, "ppoll" }, { SYS_sched_yield, "sched_yield" },
#ifdef SYS_poll
	{ SYS_poll, "poll" },
#endif
};

/* What the tracer knows of one process. */
struct traced {
	bool counting;
	unsigned int total;
	unsigned int kinds[KINDS];
};

static void note_kind(struct cell *cell, long number, unsigned int count)
{
	for (unsigned int i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i].number == number)
			return cell_note(cell, "%s: %u times", known[i].name, count);
	cell_note(cell, "system call number %ld: %u times", number, count);
}

static void see_call(struct traced *traced, pid_t pid)
{
	struct __ptrace_syscall_info info = { 0 };

	ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return;
	if (info.entry.nr == RIDE_MARK) {
		traced->counting = !traced->counting;
		return;
	}
	if (!traced->counting)
		return;
	traced->total++;
	if (info.entry.nr < KINDS)
		traced->kinds[info.entry.nr]++;
}

static struct traced *traced_of(struct ride *ride, struct traced *traced, pid_t pid)
{
	for (unsigned int i = 0; i < ride->riders; i++)
		if (ride->pid[i] == pid)
			return &traced[i];
	return NULL;
}

/* A stop of a process: a system call, its first stop, or a signal of its own. Its next signal. */
static int see_stop(struct traced *traced, pid_t pid, int status)
{
	int signal = WSTOPSIG(status);

	if (signal == (SIGTRAP | 0x80)) {
		see_call(traced, pid);
		return 0;
	}
	if (signal != SIGSTOP)
		return signal;
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	return 0;
}

/* False: no process could be traced. */
static bool trace(struct ride *ride, struct traced *traced)
{
	unsigned int left = ride->riders;
	int status;

	while (left) {
		pid_t pid = waitpid(-1, &status, __WALL);
		struct traced *one = pid < 0 ? NULL : traced_of(ride, traced, pid);

		if (pid < 0)
			return false;
		if (one && WIFSTOPPED(status))
			ptrace(PTRACE_SYSCALL, pid, NULL, see_stop(one, pid, status));
		else if (one)
			left--;
	}
	return true;
}

static unsigned int sum_up(struct ride *ride, const struct traced *traced)
{
	unsigned int total = 0, count;

	for (long number = 0; number < KINDS; number++) {
		count = traced[0].kinds[number] + traced[1].kinds[number];
		if (count)
			note_kind(ride->cell, number, count);
	}
	for (unsigned int i = 0; i < ride->riders; i++)
		total += traced[i].total;
	return total;
}

static void judge_calls(struct cell *cell, double per_message, bool batches)
{
	if (per_message >= 1)
		cell_answer(cell, VERDICT_YES, "%.3g", per_message);
	else if (per_message > 0)
		cell_answer(cell, VERDICT_PARTLY, batches ? "%.3g: a batch shares them" : "%.3g",
			    per_message);
	else
		cell_answer(cell, VERDICT_NO, "0");
}

static bool count_calls(struct ride *ride)
{
	struct traced traced[RIDERS_MAX] = { 0 };
	struct cell *cell = ride->cell;
	unsigned int total;

	ride->traced = true;
	ride_start(ride);
	if (!trace(ride, traced) || !ride_finish(ride))
		return false;
	cell_note(cell, "%d messages of %d bytes, sent and received, traced by ptrace(2):",
		  MESSAGES, SMALL);
	total = sum_up(ride, traced);
	cell_note(cell, "%u system calls; the bench itself counts %lu", total,
		  (unsigned long)ride_syscalls(ride));
	judge_calls(cell, (double)total / MESSAGES,
		    ride->mechanism->traits & MECHANISM_BATCHES_ONLY);
	return true;
}

static void try_syscalls(struct cell *cell)
{
	struct ride ride;

	if (!ride_open(&ride, cell, SMALL, MESSAGES)) {
		cell_note(cell, "%s", ride.channel.reason);
		return cell_answer(cell, VERDICT_NONE, "%.*s", ANSWER_SIZE - 1,
				   ride.channel.reason);
	}
	if (!count_calls(&ride))
		cell_answer(cell, VERDICT_NONE, "the bench's mechanism cannot be traced");
	ride_close(&ride);
}

const struct claim claim_syscalls = {
	.name = "syscalls",
	.group = "cost",
	.question = "Does each message cost a system call, even if nobody has to wait?",
	.experiment =
		"One process sends itself 100 messages by the bench's hooks (a caller and its "
		"server exchange 100 requests), and ptrace(2) counts every system call.",
	.favour = FAVOUR_NO,
	.try = try_syscalls,
};
