// SPDX-License-Identifier: GPL-2.0-only
/* Claims: msgrcv() of msgop(2), without MSG_COPY. */
#include <unistd.h>

#include "sysv.h"

/* 3 c, 1 a, 2 b, 1 d, 5 e */
static int mixed(void)
{
	int id = queue();

	GIVES(0, say(id, 3, "c", 0));
	GIVES(0, say(id, 1, "a", 0));
	GIVES(0, say(id, 2, "b", 0));
	GIVES(0, say(id, 1, "d", 0));
	GIVES(0, say(id, 5, "e", 0));
	return id;
}

/* msgop(2) DESCRIPTION msgtyp 0: the first message of the queue. */
CLAIM(first_in_order_for_0)
{
	int id = mixed();

	GIVES(1, hear(id, 0, 0));
	got(3, "c");
	GIVES(1, hear(id, 0, 0));
	got(1, "a");
	GIVES(1, hear(id, 0, 0));
	got(2, "b");
	GIVES(1, hear(id, 0, 0));
	got(1, "d");
	GIVES(1, hear(id, 0, 0));
	got(5, "e");
	FAILS(ENOMSG, hear(id, 0, 0));
}

/* msgop(2) DESCRIPTION msgtyp positive: the first message of that type. */
CLAIM(first_of_a_type)
{
	int id = mixed();

	GIVES(1, hear(id, 1, 0));
	got(1, "a");
	GIVES(1, hear(id, 5, 0));
	got(5, "e");
	GIVES(1, hear(id, 1, 0));
	got(1, "d");
	GIVES(1, hear(id, 0, 0));
	got(3, "c");
}

/* msgop(2) DESCRIPTION msgtyp negative: the lowest type that is not above its absolute value. */
CLAIM(lowest_type_for_negative)
{
	int id = mixed();

	GIVES(1, hear(id, -3, 0));
	got(1, "a");
	GIVES(1, hear(id, -1, 0));
	got(1, "d");
	FAILS(ENOMSG, hear(id, -1, 0));
	GIVES(1, hear(id, -2, 0));
	got(2, "b");
	GIVES(1, hear(id, -4, 0));
	got(3, "c");
	FAILS(ENOMSG, hear(id, -4, 0));
	GIVES(1, hear(id, -5, 0));
	got(5, "e");
}

/* msgop(2) DESCRIPTION msgtyp negative: of several of the lowest type the first. */
CLAIM(first_among_the_lowest)
{
	int id = queue();

	GIVES(0, say(id, 4, "other", 0));
	GIVES(0, say(id, 2, "one", 0));
	GIVES(0, say(id, 3, "other", 0));
	GIVES(0, say(id, 2, "two", 0));
	GIVES(0, say(id, 2, "three", 0));
	GIVES(3, hear(id, -10, 0));
	got(2, "one");
	GIVES(3, hear(id, -10, 0));
	got(2, "two");
	GIVES(5, hear(id, -10, 0));
	got(2, "three");
}

/* msgop(2) DESCRIPTION msgtyp negative: LONG_MIN, whose absolute value no long holds, is as LONG_MAX. */
CLAIM(LONG_MIN_takes_any)
{
	int id = queue();

	GIVES(0, say(id, LONG_MAX, "most", 0));
	GIVES(0, say(id, 7, "seven", 0));
	GIVES(5, hear(id, LONG_MIN, 0));
	got(7, "seven");
	GIVES(4, hear(id, LONG_MIN, 0));
	got(LONG_MAX, "most");
	FAILS(ENOMSG, hear(id, LONG_MIN, 0));
}

/* msgop(2) DESCRIPTION MSG_EXCEPT: the first message of another type. */
CLAIM(EXCEPT_takes_another_type)
{
	int id = mixed();

	GIVES(1, hear(id, 3, MSG_EXCEPT));
	got(1, "a");
	GIVES(1, hear(id, 1, MSG_EXCEPT));
	got(3, "c");
	GIVES(1, hear(id, 2, MSG_EXCEPT));
	got(1, "d");
	GIVES(1, hear(id, 5, MSG_EXCEPT));
	got(2, "b");
	FAILS(ENOMSG, hear(id, 5, MSG_EXCEPT));
}

/* msgop(2) DESCRIPTION MSG_EXCEPT: it counts with a positive msgtyp; 0 takes the first. */
CLAIM(EXCEPT_with_0_is_ANY)
{
	int id = mixed();

	GIVES(1, hear(id, 0, MSG_EXCEPT));
	got(3, "c");
	GIVES(1, hear(id, 0, MSG_EXCEPT));
	got(1, "a");
}

/* msgop(2) DESCRIPTION MSG_EXCEPT: it counts with a positive msgtyp; a negative one means what it means. */
CLAIM(EXCEPT_with_negative_is_LOWEST)
{
	int id = mixed();

	GIVES(1, hear(id, -2, MSG_EXCEPT));
	got(1, "a");
	GIVES(1, hear(id, -9, MSG_EXCEPT));
	got(1, "d");
	GIVES(1, hear(id, -9, MSG_EXCEPT));
	got(2, "b");
}

/* msgop(2) DESCRIPTION msgbuf: the type of the message is written before the text. */
CLAIM(type_is_written)
{
	static const long types[] = { 1, 255, 65536, 1l << 31, LONG_MAX };
	int id = queue();
	unsigned int i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		GIVES(0, say(id, types[i], "t", 0));
		GIVES(1, hear(id, 0, 0));
		got(types[i], "t");
	}
}

/* msgop(2) DESCRIPTION msgsz: what is behind the text of the message stays as it was. */
CLAIM(bytes_behind_the_message_are_untouched)
{
	int id = queue(), i, changed = 0;

	GIVES(0, say(id, 1, "five!", 0));
	GIVES(5, take(id, sizeof(in.text), 0, IPC_NOWAIT));
	for (i = 5; i < (int)sizeof(in.text); i++)
		changed += in.text[i] != UNTOUCHED;
	HOLDS(changed == 0);
	got(1, "five!");
}

/* msgop(2) ERRORS E2BIG: the text is longer than msgsz, without MSG_NOERROR; the message stays. */
CLAIM(too_long_is_E2BIG_and_stays)
{
	int id = queue();

	GIVES(0, say(id, 1, "twelve bytes", 0));
	FAILS(E2BIG, take(id, 11, 0, IPC_NOWAIT));
	FAILS(E2BIG, take(id, 0, 0, 0));
	holds_messages(id, 1, 12);
	GIVES(12, take(id, 12, 0, IPC_NOWAIT));
	got(1, "twelve bytes");
}

/* msgop(2) DESCRIPTION MSG_NOERROR: a longer text is cut, and what is cut off is lost. */
CLAIM(NOERROR_truncates_and_loses_the_rest)
{
	int id = queue();

	GIVES(0, say(id, 1, "twelve bytes", 0));
	GIVES(6, take(id, 6, 0, IPC_NOWAIT | MSG_NOERROR));
	got(1, "twelve");
	FAILS(ENOMSG, hear(id, 0, 0));
	holds_messages(id, 0, 0);
	GIVES(0, put(id, 1, 8192, 0));
	GIVES(4000, take(id, 4000, 0, IPC_NOWAIT | MSG_NOERROR));
	HOLDS(in.text[3999] == 'b' && in.text[4000] == UNTOUCHED);
	GIVES(0, say(id, 1, "short", 0));
	GIVES(5, take(id, 6, 0, IPC_NOWAIT | MSG_NOERROR));
	got(1, "short");
}

/* msgop(2) DESCRIPTION MSG_NOERROR: to no bytes at all, too. */
CLAIM(NOERROR_to_0_bytes)
{
	int id = queue();

	GIVES(0, say(id, 8, "lost", 0));
	GIVES(0, take(id, 0, 0, IPC_NOWAIT | MSG_NOERROR));
	got(8, "");
	FAILS(ENOMSG, hear(id, 0, 0));
}

/* msgop(2) ERRORS ENOMSG: IPC_NOWAIT, and the queue is empty. */
CLAIM(NOWAIT_empty_is_ENOMSG)
{
	int id = queue();

	FAILS(ENOMSG, take(id, 10, 0, IPC_NOWAIT));
	FAILS(ENOMSG, take(id, 10, 5, IPC_NOWAIT));
	FAILS(ENOMSG, take(id, 10, -5, IPC_NOWAIT));
}

/* msgop(2) ERRORS ENOMSG: IPC_NOWAIT, and no message is of the type. */
CLAIM(NOWAIT_no_such_type_is_ENOMSG)
{
	int id = queue();

	GIVES(0, say(id, 5, "x", 0));
	FAILS(ENOMSG, hear(id, 4, 0));
	FAILS(ENOMSG, hear(id, 6, 0));
	FAILS(ENOMSG, hear(id, -4, 0));
	FAILS(ENOMSG, hear(id, 5, MSG_EXCEPT));
	holds_messages(id, 1, 1);
}

/* msgop(2) ERRORS EINVAL msgsz: less than 0. */
CLAIM(negative_size_is_EINVAL)
{
	int id = queue();

	GIVES(0, say(id, 1, "x", 0));
	FAILS(EINVAL, take(id, (size_t)-1, 0, IPC_NOWAIT));
	FAILS(EINVAL, take(id, (size_t)LONG_MIN, 0, MSG_NOERROR));
	holds_messages(id, 1, 1);
}

/* msgop(2) DESCRIPTION msgsz: it is the most that may come; MSGMAX does not bound it. */
CLAIM(huge_size_is_fine)
{
	int id = queue();

	GIVES(0, say(id, 1, "x", 0));
	GIVES(0, say(id, 2, "yy", 0));
	GIVES(1, take(id, MSGMAX_IS + 1, 0, IPC_NOWAIT));
	got(1, "x");
	GIVES(2, take(id, LONG_MAX, 0, IPC_NOWAIT));
	got(2, "yy");
	GIVES(0, say(id, 3, "zzz", 0));
	GIVES(3, take(id, 1l << 32, 0, IPC_NOWAIT | MSG_NOERROR));
	got(3, "zzz");
}

/* msgop(2) ERRORS EINVAL msqid: no queue has it. */
CLAIM(unknown_id_is_EINVAL)
{
	int id = queue();

	GIVES(0, msgctl(id, IPC_RMID, NULL));
	FAILS(EINVAL, take(id, 10, 0, IPC_NOWAIT));
	FAILS(EINVAL, take(id, 10, 0, 0));
	FAILS(EINVAL, take(-1, 10, 0, 0));
	FAILS(EINVAL, take(INT_MAX, 10, 0, 0));
}

/* msgop(2) ERRORS EACCES: no read permission, and not CAP_IPC_OWNER. */
CLAIM(without_read_permission_EACCES)
{
	struct actor *bob = actor_as(BOB, BOB);
	int id = queue_of(0622);

	GIVES(0, say(id, 1, "secret", 0));
	actor_do(bob, do_take, id, 100, 0, IPC_NOWAIT);
	actor_fails(bob, EACCES);
	actor_do(bob, do_take, id, 100, 0, 0);
	actor_fails(bob, EACCES);
	GIVES(0, set_mode(id, 0604));
	actor_do(bob, do_take, id, 100, 0, IPC_NOWAIT);
	actor_gives(bob, 6);
}

/* msgop(2) DESCRIPTION msgrcv: without a message it blocks until there is one. */
CLAIM(empty_sleeps)
{
	struct actor *a = actor();
	int id = queue();

	actor_do(a, do_take, id, 100, 0, 0);
	actor_asleep(a);
	GIVES(0, put(id, 4, 10, 0));
	actor_gives(a, 10);
	holds_messages(id, 0, 0);
}

/* msgop(2) DESCRIPTION msgrcv: it blocks while no message of the requested type is there. */
CLAIM(other_types_do_not_wake)
{
	struct actor *a = actor();
	int id = queue();

	GIVES(0, put(id, 9, 1, 0));
	actor_do(a, do_take, id, 100, 5, 0);
	actor_asleep(a);
	GIVES(0, put(id, 4, 10, 0));
	GIVES(0, put(id, 6, 10, 0));
	actor_asleep(a);
	holds_messages(id, 3, 21);
	GIVES(0, put(id, 5, 2, 0));
	actor_gives(a, 2);
}

/* msgop(2) DESCRIPTION msgrcv: it ends when a message of the desired type is placed in the queue. */
CLAIM(the_right_type_wakes)
{
	struct actor *a = actor(), *b = actor();
	int id = queue();

	actor_do(a, do_take, id, 100, 5, 0);
	actor_asleep(a);
	actor_do(b, do_take, id, 100, 6, 0);
	actor_asleep(b);
	GIVES(0, put(id, 6, 6, 0));
	actor_gives(b, 6);
	actor_asleep(a);
	GIVES(0, put(id, 5, 5, 0));
	actor_gives(a, 5);
}

/* msgop(2) DESCRIPTION MSG_EXCEPT: the desired type of a sleeper is every other one. */
CLAIM(EXCEPT_sleeper_is_woken_by_another_type)
{
	struct actor *a = actor();
	int id = queue();

	actor_do(a, do_take, id, 100, 5, MSG_EXCEPT);
	actor_asleep(a);
	GIVES(0, put(id, 5, 1, 0));
	actor_asleep(a);
	GIVES(0, put(id, 6, 2, 0));
	actor_gives(a, 2);
	holds_messages(id, 1, 1);
}

/* msgop(2) DESCRIPTION msgtyp negative: the desired type of a sleeper is any that is not above. */
CLAIM(LOWEST_sleeper_is_woken)
{
	struct actor *a = actor();
	int id = queue();

	actor_do(a, do_take, id, 100, -5, 0);
	actor_asleep(a);
	GIVES(0, put(id, 6, 1, 0));
	actor_asleep(a);
	GIVES(0, put(id, 5, 2, 0));
	actor_gives(a, 2);
	actor_do(a, do_take, id, 100, LONG_MIN, 0);
	actor_gives(a, 1);
}

/* msgop(2) ERRORS E2BIG: of a sleeper, too, and the message stays. */
CLAIM(a_sleeper_with_too_little_room_is_E2BIG_and_the_message_stays)
{
	struct actor *a = actor(), *b = actor();
	int id = queue();

	actor_do(a, do_take, id, 3, 0, 0);
	actor_asleep(a);
	GIVES(0, say(id, 1, "four", 0));
	actor_fails(a, E2BIG);
	holds_messages(id, 1, 4);
	GIVES(4, hear(id, 0, 0));
	actor_do(a, do_take, id, 3, 0, 0);
	actor_asleep(a);
	actor_do(b, do_take, id, 3, 0, MSG_NOERROR);
	actor_asleep(b);
	GIVES(0, say(id, 1, "four", 0));
	actor_fails(a, E2BIG);
	actor_gives(b, 3);
	holds_messages(id, 0, 0);
}

/* msgop(2) DESCRIPTION msgrcv: sleepers that want the same are served in the order of their coming. */
CLAIM(first_sleeper_is_served_first)
{
	struct actor *a = actor(), *b = actor(), *c = actor();
	int id = queue();

	actor_do(a, do_take, id, 100, 0, 0);
	actor_asleep(a);
	actor_do(b, do_take, id, 100, 0, 0);
	actor_asleep(b);
	actor_do(c, do_take, id, 100, 0, 0);
	actor_asleep(c);
	GIVES(0, put(id, 1, 1, 0));
	actor_gives(a, 1);
	actor_asleep(b);
	actor_asleep(c);
	GIVES(0, put(id, 2, 2, 0));
	actor_gives(b, 2);
	actor_asleep(c);
	GIVES(0, put(id, 3, 3, 0));
	actor_gives(c, 3);
}

/* msgop(2) ERRORS EIDRM: the queue is removed under a receiver that sleeps. */
CLAIM(EIDRM_of_all_sleepers)
{
	struct actor *a = actor(), *b = actor(), *c = actor();
	int id = queue();

	actor_do(a, do_take, id, 100, 0, 0);
	actor_asleep(a);
	actor_do(b, do_take, id, 100, 7, MSG_EXCEPT);
	actor_asleep(b);
	actor_do(c, do_take, id, 100, -3, 0);
	actor_asleep(c);
	GIVES(0, msgctl(id, IPC_RMID, NULL));
	actor_fails(a, EIDRM);
	actor_fails(b, EIDRM);
	actor_fails(c, EIDRM);
}

static void interrupted(int flags)
{
	struct actor *a = actor();
	int id = queue();

	actor_run(a, do_handle, flags);
	actor_do(a, do_take, id, 100, 0, 0);
	actor_asleep(a);
	actor_signal(a, SIGUSR1);
	actor_fails(a, EINTR);
	GIVES(0, put(id, 1, 1, 0));
	holds_messages(id, 1, 1);
}

/* msgop(2) ERRORS EINTR: a signal is caught by a receiver that sleeps. */
CLAIM(EINTR)
{
	interrupted(0);
}

/* msgop(2) DESCRIPTION EINTR: SA_RESTART or not, msgrcv() is not restarted. */
CLAIM(SA_RESTART_does_not_restart)
{
	interrupted(SA_RESTART);
}

/* msgop(2) ERRORS EACCES: a receiver that sleeps is asked again after IPC_SET. */
CLAIM(chmod_under_a_sleeper_is_EACCES)
{
	struct actor *bob = actor_as(BOB, BOB);
	int id = queue_of(0666);

	actor_do(bob, do_take, id, 100, 0, 0);
	actor_asleep(bob);
	GIVES(0, set_mode(id, 0662));
	actor_fails(bob, EACCES);
}

/* msgop(2) DESCRIPTION msgrcv: it sleeps on through an IPC_SET that takes nothing away. */
CLAIM(IPC_SET_that_still_grants_goes_unnoticed)
{
	struct actor *bob = actor_as(BOB, BOB);
	int id = queue_of(0666);

	actor_do(bob, do_take, id, 100, 0, 0);
	actor_asleep(bob);
	GIVES(0, set_mode(id, 0604));
	actor_asleep(bob);
	GIVES(0, set_qbytes(id, 100));
	actor_asleep(bob);
	GIVES(0, put(id, 1, 5, 0));
	actor_gives(bob, 5);
}

/* msgop(2) DESCRIPTION msg_lrpid, msg_rtime: the caller's process id, and the time of the call. */
CLAIM(lrpid_and_rtime)
{
	struct actor *a = actor();
	time_t before, after;
	struct msqid_ds ds;
	int id = queue();

	GIVES(0, put(id, 1, 1, 0));
	GIVES(0, put(id, 1, 1, 0));
	before = time(NULL);
	actor_run(a, do_take, id, 100, 0, 0);
	after = time(NULL);
	ds = stat_of(id);
	tell("last received by %s, last sent by %s", role(ds.msg_lrpid), role(ds.msg_lspid));
	HOLDS(ds.msg_lrpid == actor_pid(a) && ds.msg_lspid == getpid());
	HOLDS(before <= ds.msg_rtime && ds.msg_rtime <= after);
	HOLDS(ds.msg_qnum == 1);
	GIVES(1, hear(id, 0, 0));
	HOLDS(stat_of(id).msg_lrpid == getpid());
}

/* msgop(2) DESCRIPTION msg_lrpid: of a receiver that slept the sleeper's, not the sender's. */
CLAIM(lrpid_when_handed_over)
{
	struct actor *a = actor(), *b = actor();
	time_t before, after;
	struct msqid_ds ds;
	int id = queue();

	actor_do(a, do_take, id, 100, 0, 0);
	actor_asleep(a);
	before = time(NULL);
	actor_run(b, do_put, id, 1, 3, 0);
	actor_gives(a, 3);
	after = time(NULL);
	ds = stat_of(id);
	tell("last received by %s, last sent by %s", role(ds.msg_lrpid), role(ds.msg_lspid));
	HOLDS(ds.msg_lrpid == actor_pid(a) && ds.msg_lspid == actor_pid(b));
	HOLDS(before <= ds.msg_rtime && ds.msg_rtime <= after);
	HOLDS(before <= ds.msg_stime && ds.msg_stime <= after);
}

/* msgop(2) DESCRIPTION msg_lrpid, msg_rtime: they change upon success, and not else. */
CLAIM(ENOMSG_changes_nothing)
{
	int id = queue();
	struct msqid_ds ds;

	GIVES(0, put(id, 2, 4, 0));
	FAILS(ENOMSG, hear(id, 1, 0));
	FAILS(E2BIG, take(id, 1, 0, IPC_NOWAIT));
	ds = stat_of(id);
	HOLDS(ds.msg_lrpid == 0 && ds.msg_rtime == 0);
	HOLDS(ds.msg_qnum == 1 && ds.__msg_cbytes == 4);
}

/* msgop(2) RETURN VALUE: a call that fails delivers nothing, and the buffer is as it was. */
CLAIM(errno_leaves_the_buffer_alone)
{
	int id = queue(), i, changed = 0;

	GIVES(0, put(id, 2, 50, 0));
	FAILS(E2BIG, take(id, 20, 0, IPC_NOWAIT));
	FAILS(ENOMSG, msgrcv(id, &in, 100, 1, IPC_NOWAIT));
	for (i = 0; i < 200; i++)
		changed += in.text[i] != UNTOUCHED;
	HOLDS(changed == 0 && in.type == 0);
}

/* msgop(2) ERRORS ENOMSG: where msgp points to does not matter while there is nothing to deliver. */
CLAIM(bad_pointer_with_an_empty_queue_is_ENOMSG)
{
	int id = queue();

	FAILS(ENOMSG, msgrcv(id, NULL, 10, 0, IPC_NOWAIT));
	FAILS(ENOMSG, msgrcv(id, (void *)16, 10, 3, IPC_NOWAIT));
	GIVES(0, put(id, 1, 1, 0));
	FAILS(EFAULT, msgrcv(id, NULL, 10, 0, IPC_NOWAIT));
}
