// SPDX-License-Identifier: GPL-2.0-only
/* Claims: msgsnd() of msgop(2). */
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sysv.h"

static int absent_id(void)
{
	int id = msgget(IPC_PRIVATE, 0600);

	msgctl(id, IPC_RMID, NULL);
	return id;
}

/* msgop(2) RETURN VALUE: msgsnd() returns 0 on success. */
CLAIM(returns_0)
{
	int id = queue();

	GIVES(0, say(id, 1, "alpha", 0));
	GIVES(5, hear(id, 0, 0));
	got(1, "alpha");
}

/* msgop(2) DESCRIPTION mtext: a message may have no text at all. */
CLAIM(zero_length_is_sent)
{
	int id = queue();

	GIVES(0, say(id, 9, "", 0));
	holds_messages(id, 1, 0);
	GIVES(0, hear(id, 0, 0));
	got(9, "");
	FAILS(ENOMSG, hear(id, 0, 0));
}

/* msgop(2) ERRORS EINVAL msgsz: a text of MSGMAX bytes is not too long. */
CLAIM(msgmax_is_sent)
{
	int id = queue();

	HOLDS(sysctl_get("/proc/sys/kernel/msgmax") == MSGMAX_IS);
	GIVES(0, put(id, 2, MSGMAX_IS, 0));
	GIVES(MSGMAX_IS, take(id, 10000, 0, IPC_NOWAIT));
	HOLDS(in.text[0] == 'c' && in.text[MSGMAX_IS - 1] == 'c' && in.text[MSGMAX_IS] == UNTOUCHED);
	HOLDS(!memcmp(in.text, out.text, MSGMAX_IS));
}

/* msgop(2) ERRORS EINVAL msgsz: greater than MSGMAX. */
CLAIM(above_msgmax_is_EINVAL)
{
	int id = queue();

	FAILS(EINVAL, put(id, 1, MSGMAX_IS + 1, 0));
	FAILS(EINVAL, put(id, 1, 1ul << 32, 0));
	FAILS(EINVAL, put(id, 1, (1ul << 32) + 5, 0));
	holds_messages(id, 0, 0);
}

/* msgop(2) ERRORS EINVAL msgsz: less than 0. */
CLAIM(negative_size_is_EINVAL)
{
	int id = queue();

	FAILS(EINVAL, put(id, 1, (size_t)-1, 0));
	FAILS(EINVAL, put(id, 1, (size_t)LONG_MIN, 0));
	holds_messages(id, 0, 0);
}

/* msgop(2) ERRORS EINVAL mtype: it must be positive; 0 is not. */
CLAIM(type_0_is_EINVAL)
{
	int id = queue();

	FAILS(EINVAL, say(id, 0, "x", 0));
	holds_messages(id, 0, 0);
}

/* msgop(2) ERRORS EINVAL mtype: it must be positive. */
CLAIM(negative_type_is_EINVAL)
{
	int id = queue();

	FAILS(EINVAL, say(id, -1, "x", 0));
	FAILS(EINVAL, say(id, LONG_MIN, "x", 0));
	FAILS(EINVAL, say(id, INT_MIN, "x", 0));
	holds_messages(id, 0, 0);
}

/* msgop(2) DESCRIPTION mtype: any positive number that a long holds. */
CLAIM(LONG_MAX_is_a_type)
{
	int id = queue();

	GIVES(0, say(id, LONG_MAX, "most", 0));
	GIVES(0, say(id, 1l << 32, "2^32", 0));
	GIVES(4, hear(id, LONG_MAX, 0));
	got(LONG_MAX, "most");
	GIVES(4, hear(id, 0, 0));
	got(1l << 32, "2^32");
}

/* msgop(2) ERRORS EINVAL msqid: no queue has it. */
CLAIM(unknown_id_is_EINVAL)
{
	FAILS(EINVAL, say(absent_id(), 1, "x", 0));
	FAILS(EINVAL, say(INT_MAX, 1, "x", 0));
	FAILS(EINVAL, say(INT_MAX, 1, "x", IPC_NOWAIT));
}

/* msgop(2) ERRORS EINVAL msqid: less than 0. */
CLAIM(negative_id_is_EINVAL)
{
	FAILS(EINVAL, say(-1, 1, "x", 0));
	FAILS(EINVAL, say(INT_MIN, 1, "x", 0));
}

/* msgop(2) ERRORS EINVAL msqid: a queue that was removed before the call is not there. */
CLAIM(removed_id_is_EINVAL)
{
	int id = queue();

	GIVES(0, say(id, 1, "x", 0));
	GIVES(0, msgctl(id, IPC_RMID, NULL));
	FAILS(EINVAL, say(id, 1, "x", 0));
}

/* msgop(2) ERRORS EFAULT: what msgp points to is not accessible. */
CLAIM(bad_pointer_is_EFAULT)
{
	int id = queue();

	FAILS(EFAULT, msgsnd(id, NULL, 1, 0));
	FAILS(EFAULT, msgsnd(id, (void *)-4096l, 1, 0));
	FAILS(EFAULT, msgsnd(id, (void *)16, 0, 0));
	holds_messages(id, 0, 0);
}

/* msgop(2) ERRORS EFAULT: the type is, or begins to be, where nothing may be read. */
CLAIM(pointer_into_a_page_that_ends_is_EFAULT)
{
	char *end = page_end();
	long type = 3;
	int id = queue();

	memcpy(end - 12, &type, sizeof(type));
	memcpy(end - 4, "text", 4);
	FAILS(EFAULT, msgsnd(id, end - 12, 5, 0));
	FAILS(EFAULT, msgsnd(id, end - 4, 0, 0));
	holds_messages(id, 0, 0);
	GIVES(0, msgsnd(id, end - 12, 4, 0));
	GIVES(4, hear(id, 0, 0));
	got(3, "text");
}

/* msgop(2) DESCRIPTION msgp: msgsnd() copies from the caller's structure, and only reads it. */
CLAIM(read_only_memory_will_do)
{
	static const struct {
		long type;
		char text[4];
	} constant = { 5, "fix" };
	int id = queue();

	GIVES(0, msgsnd(id, &constant, 3, 0));
	GIVES(3, hear(id, 0, 0));
	got(5, "fix");
}

/* msgop(2) ERRORS EACCES: no write permission, and not CAP_IPC_OWNER. */
CLAIM(without_write_permission_EACCES)
{
	struct actor *bob = actor_as(BOB, BOB);
	int id = queue_of(0604);

	actor_do(bob, do_put, id, 1, 1, IPC_NOWAIT);
	actor_fails(bob, EACCES);
	GIVES(0, set_mode(id, 0602));
	actor_do(bob, do_put, id, 1, 1, IPC_NOWAIT);
	actor_gives(bob, 0);
	GIVES(0, set_mode(id, 0620));
	actor_do(bob, do_put, id, 1, 1, IPC_NOWAIT);
	actor_fails(bob, EACCES);
	GIVES(0, set_owner(id, 0, BOB));
	actor_do(bob, do_put, id, 1, 1, IPC_NOWAIT);
	actor_gives(bob, 0);
	holds_messages(id, 2, 2);
}

/* msgop(2) DESCRIPTION msg_qbytes: without room for its bytes a message waits. */
CLAIM(full_by_bytes_sleeps)
{
	struct actor *a = actor();
	int id = queue();

	fill(id);
	actor_do(a, do_put, id, 2, 1, 0);
	actor_asleep(a);
	holds_messages(id, 2, 16384);
	GIVES(8192, take(id, 10000, 1, IPC_NOWAIT));
	actor_gives(a, 0);
	GIVES(1, hear(id, 2, 0));
	got(2, "c");
}

/* msgop(2) ERRORS EAGAIN: no room for its bytes, and IPC_NOWAIT. */
CLAIM(full_by_bytes_with_NOWAIT_is_EAGAIN)
{
	int id = queue();

	fill(id);
	FAILS(EAGAIN, put(id, 1, 1, IPC_NOWAIT));
	FAILS(EAGAIN, put(id, 1, 8192, IPC_NOWAIT));
	holds_messages(id, 2, 16384);
}

/* msgop(2) DESCRIPTION msg_qbytes: it is the most messages, too, though they be empty. */
CLAIM(full_by_count_of_empty_ones_is_EAGAIN)
{
	int id = queue(), i;

	GIVES(0, set_qbytes(id, 5));
	for (i = 0; i < 5; i++)
		GIVES(0, put(id, 1, 0, IPC_NOWAIT));
	FAILS(EAGAIN, put(id, 1, 0, IPC_NOWAIT));
	holds_messages(id, 5, 0);
	GIVES(0, hear(id, 0, 0));
	GIVES(0, put(id, 1, 0, IPC_NOWAIT));
}

/* msgop(2) DESCRIPTION msg_qbytes: full is what would exceed it; what reaches it fits. */
CLAIM(exactly_full_still_fits)
{
	int id = queue();

	GIVES(0, put(id, 1, 8192, IPC_NOWAIT));
	GIVES(0, put(id, 1, 8191, IPC_NOWAIT));
	FAILS(EAGAIN, put(id, 1, 2, IPC_NOWAIT));
	GIVES(0, put(id, 1, 1, IPC_NOWAIT));
	holds_messages(id, 3, 16384);
}

/* msgop(2) ERRORS EAGAIN: a message longer than msg_qbytes never fits, and is no invalid one. */
CLAIM(longer_than_qbytes_with_NOWAIT_is_EAGAIN)
{
	struct actor *a = actor();
	int id = queue();

	GIVES(0, set_qbytes(id, 10));
	FAILS(EAGAIN, put(id, 1, 11, IPC_NOWAIT));
	actor_do(a, do_put, id, 1, 11, 0);
	actor_asleep(a);
	GIVES(0, set_qbytes(id, 11));
	actor_gives(a, 0);
}

/* msgop(2) DESCRIPTION msg_qbytes: a message that has room is sent at once, whoever waits for more. */
CLAIM(a_short_one_overtakes_a_sleeper)
{
	struct actor *a = actor();
	int id = queue();

	GIVES(0, put(id, 1, 8000, 0));
	GIVES(0, put(id, 1, 8000, 0));
	actor_do(a, do_put, id, 2, 8192, 0);
	actor_asleep(a);
	GIVES(0, put(id, 3, 10, IPC_NOWAIT));
	GIVES(0, put(id, 3, 10, 0));
	actor_asleep(a);
	holds_messages(id, 4, 16020);
	GIVES(8000, take(id, 10000, 1, IPC_NOWAIT));
	actor_gives(a, 0);
}

/* msgop(2) DESCRIPTION msgsnd: it blocks until space becomes available, and a receive makes some. */
CLAIM(woken_by_a_receive)
{
	struct actor *a = actor(), *b = actor();
	int id = queue();

	fill(id);
	actor_do(a, do_put, id, 7, 100, 0);
	actor_asleep(a);
	actor_do(b, do_take, id, 10000, 0, 0);
	actor_gives(b, 8192);
	actor_gives(a, 0);
	holds_messages(id, 2, 8292);
}

/* msgop(2) DESCRIPTION msg_qbytes: it can be raised by msgctl(2), which makes room for who waits. */
CLAIM(woken_by_a_larger_qbytes)
{
	struct actor *a = actor();
	int id = queue();

	GIVES(0, set_qbytes(id, 100));
	GIVES(0, put(id, 1, 100, 0));
	actor_do(a, do_put, id, 2, 50, 0);
	actor_asleep(a);
	GIVES(0, set_qbytes(id, 149));
	actor_asleep(a);
	GIVES(0, set_qbytes(id, 150));
	actor_gives(a, 0);
	holds_messages(id, 2, 150);
}

/* msgop(2) DESCRIPTION msgsnd: it blocks as long as the space is insufficient. */
CLAIM(not_woken_by_a_too_small_one)
{
	struct actor *a = actor();
	int id = queue();

	GIVES(0, put(id, 1, 10, 0));
	GIVES(0, put(id, 2, 8192, 0));
	GIVES(0, put(id, 3, 8182, 0));
	actor_do(a, do_put, id, 4, 11, 0);
	actor_asleep(a);
	GIVES(10, take(id, 10000, 1, IPC_NOWAIT));
	actor_asleep(a);
	GIVES(0, put(id, 5, 1, IPC_NOWAIT));
	GIVES(8192, take(id, 10000, 2, IPC_NOWAIT));
	actor_gives(a, 0);
}

/* msgop(2) ERRORS EIDRM: the queue is removed under a sender that sleeps. */
CLAIM(removal_under_a_sleeper_is_EIDRM)
{
	struct actor *a = actor(), *b = actor();
	int id = queue();

	fill(id);
	actor_do(a, do_put, id, 1, 1, 0);
	actor_asleep(a);
	actor_do(b, do_put, id, 1, 1, 0);
	actor_asleep(b);
	GIVES(0, msgctl(id, IPC_RMID, NULL));
	actor_fails(a, EIDRM);
	actor_fails(b, EIDRM);
	actor_do(a, do_put, id, 1, 1, 0);
	actor_fails(a, EINVAL);
}

static void interrupted(int flags)
{
	struct actor *a = actor();
	int id = queue();

	actor_run(a, do_handle, flags);
	fill(id);
	actor_do(a, do_put, id, 1, 1, 0);
	actor_asleep(a);
	actor_signal(a, SIGUSR1);
	actor_fails(a, EINTR);
	holds_messages(id, 2, 16384);
}

/* msgop(2) ERRORS EINTR: a signal is caught by a sender that sleeps. */
CLAIM(signal_is_EINTR)
{
	interrupted(0);
}

/* msgop(2) DESCRIPTION EINTR: SA_RESTART or not, msgsnd() is not restarted. */
CLAIM(SA_RESTART_does_not_restart)
{
	interrupted(SA_RESTART);
}

/* signal(7) stop signals: msgsnd() is not among the calls that end with EINTR after SIGCONT. */
CLAIM(stop_and_continue_go_unnoticed)
{
	struct actor *a = actor();
	int id = queue();

	fill(id);
	actor_do(a, do_put, id, 2, 1, 0);
	actor_asleep(a);
	actor_signal(a, SIGSTOP);
	actor_stopped(a);
	actor_signal(a, SIGCONT);
	actor_asleep(a);
	GIVES(8192, take(id, 10000, 1, IPC_NOWAIT));
	actor_gives(a, 0);
}

/* msgop(2) ERRORS EINTR: only a signal that is caught; one that is ignored does not count. */
CLAIM(an_ignored_signal_goes_unnoticed)
{
	struct actor *a = actor();
	int id = queue();

	actor_run(a, do_handle, -1);
	fill(id);
	actor_do(a, do_put, id, 2, 1, 0);
	actor_asleep(a);
	actor_signal(a, SIGUSR1);
	actor_asleep(a);
	GIVES(8192, take(id, 10000, 1, IPC_NOWAIT));
	actor_gives(a, 0);
}

/* msgop(2) DESCRIPTION msg_lspid: the caller's process id. */
CLAIM(lspid_is_the_process)
{
	struct actor *a = actor();
	int id = queue();

	GIVES(0, put(id, 1, 1, 0));
	HOLDS(stat_of(id).msg_lspid == getpid());
	actor_run(a, do_put, id, 1, 1, 0);
	tell("last sent by %s", role(stat_of(id).msg_lspid));
	HOLDS(stat_of(id).msg_lspid == actor_pid(a));
	HOLDS(stat_of(id).msg_lrpid == 0);
	FAILS(EINVAL, put(id, 0, 1, 0));
	HOLDS(stat_of(id).msg_lspid == actor_pid(a));
}

/* msgop(2) DESCRIPTION msg_lspid: a thread's process, not the thread. */
CLAIM(lspid_of_a_thread_is_the_process)
{
	struct actor *a = actor_thread();
	int id = queue();

	actor_run(a, do_put, id, 1, 1, 0);
	HOLDS(stat_of(id).msg_lspid == getpid());
	HOLDS(stat_of(id).msg_lspid == actor_pid(a));
	actor_end(a);
}

/* msgop(2) DESCRIPTION msg_stime: the time of the call. */
CLAIM(stime_is_now)
{
	int id = queue();
	time_t before, after;
	struct msqid_ds ds;

	before = time(NULL);
	GIVES(0, put(id, 1, 1, 0));
	after = time(NULL);
	ds = stat_of(id);
	HOLDS(before <= ds.msg_stime && ds.msg_stime <= after);
	HOLDS(ds.msg_rtime == 0);
}

/* msgop(2) DESCRIPTION msg_qnum, msgctl(2) msg_cbytes: each message counts, and each byte of text. */
CLAIM(qnum_and_cbytes_rise)
{
	int id = queue();

	GIVES(0, put(id, 1, 10, 0));
	holds_messages(id, 1, 10);
	GIVES(0, put(id, 1, 300, 0));
	holds_messages(id, 2, 310);
	GIVES(0, put(id, 1, 5000, 0));
	holds_messages(id, 3, 5310);
	GIVES(300 - 290, take(id, 10, 0, IPC_NOWAIT));
	holds_messages(id, 2, 5300);
}

/* msgop(2) DESCRIPTION msgflg: of msgsnd() only IPC_NOWAIT means something. */
CLAIM(unknown_flags_are_ignored)
{
	int id = queue();

	GIVES(0, say(id, 1, "x", MSG_NOERROR | MSG_EXCEPT | MSG_COPY | IPC_CREAT | 1));
	GIVES(1, hear(id, 0, 1 | IPC_CREAT));
	got(1, "x");
}

/* msgctl(2) msg_qnum: messages on the queue; what a sleeping receiver took at once never was on it. */
CLAIM(handed_over_messages_do_not_count)
{
	struct actor *a = actor();
	int id = queue();

	GIVES(0, set_qbytes(id, 4));
	GIVES(0, put(id, 2, 4, 0));
	actor_do(a, do_take, id, 100, 1, 0);
	actor_asleep(a);
	FAILS(EAGAIN, put(id, 1, 1, IPC_NOWAIT));
	GIVES(4, hear(id, 2, 0));
	GIVES(0, put(id, 1, 4, IPC_NOWAIT));
	actor_gives(a, 4);
	holds_messages(id, 0, 0);
	GIVES(0, put(id, 1, 4, IPC_NOWAIT));
}

/*
 * msgop(2) ERRORS EACCES: write permission is needed when the message goes in: a sender
 * that sleeps is asked again when there is room (and sleeps on through the IPC_SET).
 */
CLAIM(chmod_under_a_sleeping_sender_is_EACCES)
{
	struct actor *bob = actor_as(BOB, BOB);
	int id = queue_of(0666);

	fill(id);
	actor_do(bob, do_put, id, 1, 1, 0);
	actor_asleep(bob);
	GIVES(0, set_mode(id, 0664));
	actor_asleep(bob);
	GIVES(8192, take(id, 10000, 0, IPC_NOWAIT));
	actor_fails(bob, EACCES);
	holds_messages(id, 1, 8192);
}
