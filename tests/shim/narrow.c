// SPDX-License-Identifier: GPL-2.0-only
/*
 * Claims of a 32-bit program, for twice. Of System V queues: a long of 32 bits at the head of a message, structures of
 * their own, and a third door, ipc(2). Of POSIX queues: attributes of such longs, and two calls for each with a time.
 * It is built twice, with a time_t of each size. The frame
 * (claim.c, actor.c) is of 64 bits, so this one has the least that twice asks for: --list, and NAME.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(long) == 4, "made with -m32");

/* ipc(2): what it multiplexes. */
enum { OLD_SEMCTL = 3, OLD_MSGSND = 11, OLD_MSGRCV = 12, OLD_MSGGET = 13, OLD_MSGCTL = 14, OLD_IPC_64 = 0x100 };

static struct {
	long type;
	char text[8192];
} out = { 1, "text" }, in;
static int failures;

static long tell(const char *text, long result)
{
	printf("%s -> %ld %s\n", text, result, result == -1 ? strerrorname_np(errno) : "");
	return result;
}

#define RESULT(call)	({ errno = 0; tell(#call, (long)(call)); })
#define HOLDS(condition) holds(#condition, condition)

static void holds(const char *text, int condition)
{
	printf("%s: %s\n", text, condition ? "yes" : "NO");
	failures += !condition;
}

static int queue(void)
{
	int id = msgget(IPC_PRIVATE, 0600);

	HOLDS(id >= 0);
	return id;
}

static void forget(int id)
{
	HOLDS(RESULT(msgctl(id, IPC_RMID, NULL)) == 0);
}

static void the_head_is_a_long_of_32_bits(void)
{
	int id = queue();

	out.type = LONG_MAX;
	HOLDS(RESULT(msgsnd(id, &out, 4, 0)) == 0);
	out.type = 7;
	memcpy(out.text, "more", 4);
	HOLDS(RESULT(msgsnd(id, &out, 4, 0)) == 0);
	memset(&in, 'u', sizeof(in));
	HOLDS(RESULT(msgrcv(id, &in, 100, 7, 0)) == 4);
	HOLDS(in.type == 7 && !memcmp(in.text, "moreu", 5));
	HOLDS(RESULT(msgrcv(id, &in, 100, LONG_MIN, IPC_NOWAIT)) == 4);
	HOLDS(in.type == LONG_MAX && !memcmp(in.text, "textu", 5));
	out.type = 0;
	RESULT(msgsnd(id, &out, 4, 0));
	out.type = -1;
	RESULT(msgsnd(id, &out, 4, 0));
	RESULT(msgsnd(id, &out, -1, 0));
	RESULT(msgrcv(id, &in, -1, 0, IPC_NOWAIT));
	RESULT(msgrcv(id, &in, LONG_MAX, 0, IPC_NOWAIT));
	forget(id);
}

static void the_structure_is_filled(void)
{
	time_t begin = time(NULL), end;
	struct msqid_ds ds;
	int id;

	id = msgget(0x6b6d7103, IPC_CREAT | IPC_EXCL | 0640);
	HOLDS(id >= 0);
	out.type = 1;
	HOLDS(RESULT(msgsnd(id, &out, 30, 0)) == 0);
	HOLDS(RESULT(msgsnd(id, &out, 12, 0)) == 0);
	HOLDS(RESULT(msgrcv(id, &in, 100, 0, 0)) == 30);
	end = time(NULL);
	memset(&ds, 'u', sizeof(ds));
	HOLDS(RESULT(msgctl(id, IPC_STAT, &ds)) == 0);
	HOLDS(ds.msg_perm.__key == 0x6b6d7103);
	HOLDS(ds.msg_perm.mode == 0640);
	HOLDS(ds.msg_perm.uid == geteuid() && ds.msg_perm.cuid == geteuid());
	HOLDS(ds.msg_perm.gid == getegid() && ds.msg_perm.cgid == getegid());
	HOLDS(begin <= ds.msg_stime && ds.msg_stime <= end);
	HOLDS(begin <= ds.msg_rtime && ds.msg_rtime <= end);
	HOLDS(begin <= ds.msg_ctime && ds.msg_ctime <= end);
	HOLDS(ds.msg_qnum == 1 && ds.__msg_cbytes == 12 && ds.msg_qbytes == 16384);
	HOLDS(ds.msg_lspid == getpid() && ds.msg_lrpid == getpid());
	ds.msg_qbytes = 5000;
	ds.msg_perm.mode = 0604;
	ds.msg_perm.gid = 77;
	HOLDS(RESULT(msgctl(id, IPC_SET, &ds)) == 0);
	memset(&ds, 'u', sizeof(ds));
	HOLDS(RESULT(msgctl(id, IPC_STAT, &ds)) == 0);
	HOLDS(ds.msg_qbytes == 5000 && ds.msg_perm.mode == 0604 && ds.msg_perm.gid == 77);
	RESULT(msgctl(id, IPC_STAT, NULL));
	RESULT(msgctl(id, IPC_SET, NULL));
	forget(id);
}

static void the_limits_are_told(void)
{
	struct msginfo info;
	int id = queue();

	HOLDS(RESULT(msgctl(0, IPC_INFO, (struct msqid_ds *)&info)) == 0);
	printf("%d %d %d %d %d\n", info.msgmax, info.msgmnb, info.msgmni, info.msgssz, info.msgseg);
	HOLDS(RESULT(msgctl(0, MSG_INFO, (struct msqid_ds *)&info)) == 0);
	HOLDS(info.msgpool == 1 && info.msgmap == 0 && info.msgtql == 0);
	forget(id);
}

static void calls_by_number(void)
{
	int id = (int)syscall(SYS_msgget, IPC_PRIVATE, 0600);

	HOLDS(id >= 0);
	out.type = 3;
	HOLDS(RESULT(syscall(SYS_msgsnd, id, &out, 4, 0)) == 0);
	HOLDS(RESULT(syscall(SYS_msgrcv, id, &in, 100, 3, IPC_NOWAIT)) == 4);
	HOLDS(in.type == 3);
	RESULT(syscall(SYS_msgrcv, id, &in, 100, 3, IPC_NOWAIT));
	HOLDS(RESULT(syscall(SYS_msgctl, id, IPC_RMID, NULL)) == 0);
	RESULT(syscall(SYS_msgctl, id, IPC_RMID, NULL));
}

static void calls_by_the_old_number(void)
{
	struct {
		void *message;
		long type;
	} old = { &in, 5 };
	int id = (int)syscall(SYS_ipc, OLD_MSGGET, IPC_PRIVATE, 0600, 0, 0, 0);

	HOLDS(id >= 0);
	HOLDS(msgctl(id, IPC_STAT, &(struct msqid_ds){ }) == 0);
	out.type = 5;
	HOLDS(RESULT(syscall(SYS_ipc, OLD_MSGSND, id, 4, 0, &out, 0)) == 0);
	HOLDS(RESULT(syscall(SYS_ipc, OLD_MSGSND, id, 9, 0, &out, 0)) == 0);
	HOLDS(RESULT(syscall(SYS_ipc, OLD_MSGRCV, id, 100, IPC_NOWAIT, &old, 0)) == 4);
	HOLDS(in.type == 5);
	RESULT(syscall(SYS_ipc, OLD_MSGRCV | 1 << 16, id, 100, IPC_NOWAIT, &in, 6));
	HOLDS(RESULT(syscall(SYS_ipc, OLD_MSGRCV | 1 << 16, id, 100, IPC_NOWAIT, &in, 5)) == 9);
	RESULT(syscall(SYS_ipc, OLD_MSGRCV, id, 100, IPC_NOWAIT, 16, 0));
	RESULT(syscall(SYS_ipc, OLD_SEMCTL, -1, 0, 0, &old, 0));
	HOLDS(RESULT(syscall(SYS_ipc, OLD_MSGCTL, id, IPC_RMID | OLD_IPC_64, 0, NULL, 0)) == 0);
	RESULT(syscall(SYS_ipc, OLD_MSGCTL, id, IPC_RMID, 0, NULL, 0));
	HOLDS(syscall(SYS_getpid) == getpid());
}

#define NAME "/kmq-narrow"

/* Of two messages of 64 bytes; it has no name any more. */
static mqd_t posix_queue(int flags)
{
	struct mq_attr attributes = { .mq_maxmsg = 2, .mq_msgsize = 64 };
	mqd_t q = mq_open(NAME, O_CREAT | O_EXCL | O_RDWR | flags, 0600, &attributes);

	HOLDS(q >= 0);
	HOLDS(RESULT(mq_unlink(NAME)) == 0);
	return q;
}

static void posix_attributes_are_of_32_bit_longs(void)
{
	mqd_t q = posix_queue(0);
	struct mq_attr is, was;

	HOLDS(RESULT(mq_send(q, "text", 4, 9)) == 0);
	memset(&is, 'u', sizeof(is));
	HOLDS(RESULT(mq_getattr(q, &is)) == 0);
	HOLDS(is.mq_flags == 0 && is.mq_maxmsg == 2 && is.mq_msgsize == 64 && is.mq_curmsgs == 1);
	is.mq_flags = O_NONBLOCK;
	memset(&was, 'u', sizeof(was));
	HOLDS(RESULT(mq_setattr(q, &is, &was)) == 0);
	HOLDS(was.mq_flags == 0 && was.mq_maxmsg == 2);
	memset(&is, 'u', sizeof(is));
	HOLDS(RESULT(syscall(SYS_mq_getsetattr, q, NULL, &is)) == 0);
	HOLDS(is.mq_flags == O_NONBLOCK && is.mq_maxmsg == 2 && is.mq_msgsize == 64 && is.mq_curmsgs == 1);
}

static void posix_times_are_of_the_program_s_time_t(void)
{
	struct timespec past = { 1, 0 }, bad = { 1, 1000000000 }, soon;
	mqd_t q = posix_queue(0);
	unsigned int priority = 0;

	HOLDS(RESULT(mq_timedreceive(q, in.text, 64, NULL, &past)) == -1 && errno == ETIMEDOUT);
	HOLDS(RESULT(mq_timedreceive(q, in.text, 64, NULL, &bad)) == -1 && errno == EINVAL);
	HOLDS(RESULT(mq_timedsend(q, "text", 4, 3, &past)) == 0);
	HOLDS(RESULT(mq_timedsend(q, "more", 4, 7, &past)) == 0);
	HOLDS(RESULT(mq_timedsend(q, "full", 4, 7, &past)) == -1 && errno == ETIMEDOUT);
	HOLDS(RESULT(mq_timedreceive(q, in.text, 64, &priority, &past)) == 4);
	HOLDS(priority == 7 && !memcmp(in.text, "more", 4));
	HOLDS(RESULT(mq_timedreceive(q, in.text, 64, &priority, &past)) == 4);
	HOLDS(priority == 3 && !memcmp(in.text, "text", 4));
	clock_gettime(CLOCK_REALTIME, &soon);
	past.tv_sec = ++soon.tv_sec;
	HOLDS(RESULT(mq_timedreceive(q, in.text, 64, NULL, &soon)) == -1 && errno == ETIMEDOUT);
	clock_gettime(CLOCK_REALTIME, &soon);
	HOLDS(soon.tv_sec >= past.tv_sec);
}

static void posix_calls_by_number(void)
{
	struct { long s, ns; } old = { 1, 0 }, bad = { 1, -1 };
	struct { long long s, ns; } wide = { 1, 0 }, far = { 1ll << 33, 1000000000 };
	mqd_t q = (mqd_t)syscall(SYS_mq_open, NAME + 1, O_CREAT | O_EXCL | O_RDWR, 0600, NULL);

	HOLDS(q >= 0);
	HOLDS(RESULT(syscall(SYS_mq_unlink, NAME + 1)) == 0);
	HOLDS(RESULT(syscall(SYS_mq_timedsend, q, "old", 3, 1, &old)) == 0);
	HOLDS(RESULT(syscall(SYS_mq_timedsend_time64, q, "wide", 4, 2, &wide)) == 0);
	RESULT(syscall(SYS_mq_timedsend, q, "x", 1, 0, &bad));
	RESULT(syscall(SYS_mq_timedsend_time64, q, "x", 1, 0, &far));
	RESULT(syscall(SYS_mq_timedsend, q, "x", 1, 0, 16));
	HOLDS(RESULT(syscall(SYS_mq_timedreceive, q, in.text, 8192, NULL, NULL)) == 4);
	HOLDS(RESULT(syscall(SYS_mq_timedreceive_time64, q, in.text, 8192, NULL, NULL)) == 3);
	HOLDS(RESULT(syscall(SYS_mq_timedreceive, q, in.text, 8192, NULL, &old)) == -1 && errno == ETIMEDOUT);
	HOLDS(RESULT(syscall(SYS_mq_timedreceive_time64, q, in.text, 8192, NULL, &wide)) == -1 && errno == ETIMEDOUT);
}

static void posix_signal_has_its_value(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 77 };
	struct timespec patience = { 60, 0 };
	mqd_t q = posix_queue(0);
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	HOLDS(RESULT(mq_notify(q, &event)) == 0);
	HOLDS(RESULT(mq_send(q, "x", 1, 0)) == 0);
	HOLDS(sigtimedwait(&set, &info, &patience) == SIGRTMIN);
	HOLDS(info.si_code == SI_MESGQ && info.si_value.sival_int == 77);
	HOLDS(info.si_pid == getpid() && info.si_uid == getuid());
}

static const struct {
	const char *name;
	void (*run)(void);
} claims[] = {
#define CLAIM(name) { #name, name }
	CLAIM(the_head_is_a_long_of_32_bits),
	CLAIM(the_structure_is_filled),
	CLAIM(the_limits_are_told),
	CLAIM(calls_by_number),
	CLAIM(calls_by_the_old_number),
	CLAIM(posix_attributes_are_of_32_bit_longs),
	CLAIM(posix_times_are_of_the_program_s_time_t),
	CLAIM(posix_calls_by_number),
	CLAIM(posix_signal_has_its_value),
};

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc != 2)
		return 2;
	for (i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		if (!strcmp(argv[1], "--list")) {
			puts(claims[i].name);
		} else if (!strcmp(argv[1], claims[i].name)) {
			claims[i].run();
			return failures ? 1 : 0;
		}
	}
	return strcmp(argv[1], "--list") ? 2 : 0;
}
