// SPDX-License-Identifier: GPL-2.0-only
/* Claims: msgget(2), and svipc(7) and ftok(3) as far as keys go. */
#include <unistd.h>

#include "sysv.h"

static const char msgmni[] = "/proc/sys/kernel/msgmni", msgmnb[] = "/proc/sys/kernel/msgmnb";

/* For actors: key, flags. */
static void do_get(const long *a)
{
	RESULT(msgget((key_t)a[0], (int)a[1]) >= 0 ? 0 : -1);
}

/* For actors: key, flags; is it our->id? */
static void do_find(const long *a)
{
	HOLDS(msgget((key_t)a[0], (int)a[1]) == our->id);
}

static void do_make(const long *a)
{
	our->id = msgget((key_t)a[0], (int)a[1]);
	HOLDS(our->id >= 0);
}

/* msgget(2) DESCRIPTION IPC_PRIVATE: the key IPC_PRIVATE makes a new queue. */
CLAIM(IPC_PRIVATE_makes_a_new_queue_each_time)
{
	int first = queue(), second = queue();

	HOLDS(first != second);
	GIVES(0, say(first, 1, "to the first", 0));
	FAILS(ENOMSG, hear(second, 0, 0));
	HOLDS(stat_of(first).msg_perm.__key == IPC_PRIVATE);
}

/* msgget(2) DESCRIPTION identifier: whoever asks for a key is told the same identifier. */
CLAIM(a_key_finds_the_same_id_in_another_process)
{
	struct actor *a = actor();

	our->id = mine(ID(msgget(KEY, IPC_CREAT | 0600)));
	actor_run(a, do_find, KEY, 0);
	actor_run(a, do_find, KEY, IPC_CREAT | 0600);
}

/* msgget(2) ERRORS ENOENT: nobody has the key, and IPC_CREAT is not asked for. */
CLAIM(an_absent_key_without_CREAT_is_ENOENT)
{
	FAILS(ENOENT, msgget(KEY, 0));
	FAILS(ENOENT, msgget(KEY, 0600));
}

/* msgget(2) DESCRIPTION IPC_CREAT: with it a queue of an absent key is made. */
CLAIM(CREAT_makes_it)
{
	int id = mine(ID(msgget(KEY, IPC_CREAT | 0600)));

	HOLDS(stat_of(id).msg_perm.__key == KEY);
	GIVES(0, say(id, 1, "works", 0));
}

/* msgget(2) DESCRIPTION IPC_CREAT: a queue that has the key already is found, not made. */
CLAIM(CREAT_of_an_existing_one_gives_its_id)
{
	int id = mine(ID(msgget(KEY, IPC_CREAT | 0600)));

	HOLDS(ID(msgget(KEY, IPC_CREAT | 0600)) == id);
	HOLDS(ID(msgget(KEY, 0)) == id);
}

/* msgget(2) ERRORS EEXIST: IPC_CREAT and IPC_EXCL, and the key has a queue. */
CLAIM(CREAT_EXCL_of_an_existing_one_is_EEXIST)
{
	int id = mine(ID(msgget(KEY, IPC_CREAT | IPC_EXCL | 0600)));

	FAILS(EEXIST, msgget(KEY, IPC_CREAT | IPC_EXCL | 0600));
	HOLDS(ID(msgget(KEY, 0)) == id);
}

/* msgget(2) DESCRIPTION IPC_EXCL: it counts only beside IPC_CREAT. */
CLAIM(EXCL_alone_is_ignored)
{
	int id;

	FAILS(ENOENT, msgget(KEY, IPC_EXCL));
	id = mine(ID(msgget(KEY, IPC_CREAT | 0600)));
	HOLDS(ID(msgget(KEY, IPC_EXCL)) == id);
}

/* msgget(2) DESCRIPTION IPC_PRIVATE: of msgflg only the nine bits of the mode count then. */
CLAIM(IPC_PRIVATE_ignores_CREAT_and_EXCL)
{
	int first = mine(ID(msgget(IPC_PRIVATE, IPC_CREAT | IPC_EXCL | 0600)));
	int second = mine(ID(msgget(IPC_PRIVATE, IPC_CREAT | IPC_EXCL | 0600)));
	int third = mine(ID(msgget(IPC_PRIVATE, IPC_EXCL | 0600)));

	HOLDS(first != second && second != third && third != first);
}

/* msgget(2) DESCRIPTION msg_perm.mode: the nine lowest bits of msgflg. */
CLAIM(the_low_nine_bits_are_the_mode)
{
	static const int modes[] = { 0400, 0640, 0666, 0777, 0111, 0200 };
	unsigned int i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		int id = queue_of(modes[i]);

		tell("mode %o of %o", stat_of(id).msg_perm.mode, modes[i]);
		HOLDS((int)stat_of(id).msg_perm.mode == modes[i]);
	}
}

/* msgget(2) DESCRIPTION msg_perm.mode: no bit at all is a mode, too, and lets nobody in. */
CLAIM(mode_0_is_kept)
{
	struct actor *ann = actor_as(ANN, ANN);

	HOLDS(stat_of(queue_of(0)).msg_perm.mode == 0);
	actor_run(ann, do_make, KEY, IPC_CREAT);
	mine(our->id);
	actor_do(ann, do_put, our->id, 1, 1, IPC_NOWAIT);
	actor_fails(ann, EACCES);
}

/* msgget(2) ERRORS EACCES: each permission that msgflg names must be granted. */
CLAIM(asking_for_execute_is_EACCES_where_the_mode_lacks_it)
{
	struct actor *ann = actor_as(ANN, ANN);

	actor_run(ann, do_make, KEY, IPC_CREAT | 0600);
	mine(our->id);
	actor_do(ann, do_get, KEY, 0700);
	actor_fails(ann, EACCES);
	actor_do(ann, do_get, KEY, 0100);
	actor_fails(ann, EACCES);
	actor_do(ann, do_get, KEY, 0600);
	actor_gives(ann, 0);
}

/* msgget(2) DESCRIPTION msg_perm.uid, gid, cuid, cgid: the caller's effective ids. */
CLAIM(owner_and_creator_are_the_effective_ids)
{
	struct actor *ann = actor_as(ANN, CROWD);
	struct msqid_ds ds;

	actor_run(ann, do_make, KEY, IPC_CREAT | 0600);
	ds = stat_of(mine(our->id));
	HOLDS(ds.msg_perm.uid == ANN && ds.msg_perm.cuid == ANN);
	HOLDS(ds.msg_perm.gid == CROWD && ds.msg_perm.cgid == CROWD);
	GIVES(0, setegid(BOB));
	GIVES(0, seteuid(BOB));
	our->id2 = mine(ID(msgget(IPC_PRIVATE, 0600)));
	GIVES(0, seteuid(0));
	GIVES(0, setegid(0));
	ds = stat_of(our->id2);
	HOLDS(ds.msg_perm.uid == BOB && ds.msg_perm.cuid == BOB);
	HOLDS(ds.msg_perm.gid == BOB && ds.msg_perm.cgid == BOB);
}

/* msgget(2) DESCRIPTION msg_qnum, msg_lspid, msg_lrpid, msg_stime, msg_rtime: 0 at first. */
CLAIM(qnum_pids_and_times_begin_at_0)
{
	struct msqid_ds ds = stat_of(queue());

	HOLDS(ds.msg_qnum == 0 && ds.__msg_cbytes == 0);
	HOLDS(ds.msg_lspid == 0 && ds.msg_lrpid == 0);
	HOLDS(ds.msg_stime == 0 && ds.msg_rtime == 0);
}

/* msgget(2) DESCRIPTION msg_ctime: the time of the creation. */
CLAIM(ctime_is_now)
{
	time_t before = time(NULL), after;
	struct msqid_ds ds = stat_of(queue());

	after = time(NULL);
	HOLDS(before <= ds.msg_ctime && ds.msg_ctime <= after);
}

/* msgget(2) DESCRIPTION msg_qbytes: MSGMNB, as it is when the queue is made. */
CLAIM(qbytes_is_msgmnb)
{
	int id = queue();

	HOLDS(sysctl_get(msgmnb) == MSGMNB_IS);
	HOLDS(stat_of(id).msg_qbytes == MSGMNB_IS);
	sysctl_set(msgmnb, 5000);
	HOLDS(stat_of(queue()).msg_qbytes == 5000);
	HOLDS(stat_of(id).msg_qbytes == MSGMNB_IS);
}

/* msgget(2) ERRORS ENOSPC: one more than MSGMNI. */
CLAIM(more_than_msgmni_is_ENOSPC)
{
	int first;

	sysctl_set(msgmni, 3);
	first = queue();
	queue();
	mine(ID(msgget(KEY, IPC_CREAT | 0600)));
	FAILS(ENOSPC, msgget(IPC_PRIVATE, 0600));
	FAILS(ENOSPC, msgget(KEY2, IPC_CREAT | 0600));
	ID(msgget(KEY, IPC_CREAT | 0600));
	GIVES(0, msgctl(first, IPC_RMID, NULL));
	queue();
	FAILS(ENOSPC, msgget(IPC_PRIVATE, 0600));
}

/* msgget(2) DESCRIPTION permissions: of an existing queue what is asked for is verified; less will do. */
CLAIM(asking_less_than_granted_succeeds)
{
	struct actor *bob = actor_as(BOB, BOB);

	our->id = mine(ID(msgget(KEY, IPC_CREAT | 0606)));
	actor_run(bob, do_find, KEY, 0004);
	actor_run(bob, do_find, KEY, 0002);
	actor_run(bob, do_find, KEY, 0666);
}

/* msgget(2) ERRORS EACCES: the queue's mode does not grant what is asked for. */
CLAIM(asking_more_is_EACCES)
{
	struct actor *bob = actor_as(BOB, BOB), *ann = actor_as(ANN, CROWD);

	mine(ID(msgget(KEY, IPC_CREAT | 0604)));
	actor_do(bob, do_get, KEY, 0006);
	actor_fails(bob, EACCES);
	actor_do(bob, do_get, KEY, 0600);
	actor_fails(bob, EACCES);
	GIVES(0, set_owner(msgget(KEY, 0), 0, CROWD));
	GIVES(0, set_mode(msgget(KEY, 0), 0640));
	actor_do(ann, do_get, KEY, 0040);
	actor_gives(ann, 0);
	actor_do(ann, do_get, KEY, 0060);
	actor_fails(ann, EACCES);
}

/* msgget(2) DESCRIPTION permissions: who asks for none is told the identifier of any queue. */
CLAIM(asking_for_0_succeeds_without_rights)
{
	struct actor *bob = actor_as(BOB, BOB);

	our->id = mine(ID(msgget(KEY, IPC_CREAT | 0)));
	actor_run(bob, do_find, KEY, 0);
	actor_do(bob, do_take, our->id, 10, 0, IPC_NOWAIT);
	actor_fails(bob, EACCES);
}

/* msgget(2) ERRORS EACCES: the capability CAP_IPC_OWNER passes by the mode. */
CLAIM(root_is_granted_all)
{
	struct actor *ann = actor_as(ANN, ANN);

	actor_run(ann, do_make, KEY, IPC_CREAT);
	mine(our->id);
	HOLDS(ID(msgget(KEY, 0777)) == our->id);
	GIVES(0, say(our->id, 1, "by root", 0));
	GIVES(7, hear(our->id, 0, 0));
	got(1, "by root");
}

/* msgget(2) ERRORS EEXIST: told before the permissions are looked at. */
CLAIM(EXCL_beats_EACCES)
{
	struct actor *bob = actor_as(BOB, BOB);

	mine(ID(msgget(KEY, IPC_CREAT | 0600)));
	actor_do(bob, do_get, KEY, IPC_CREAT | IPC_EXCL | 0666);
	actor_fails(bob, EEXIST);
	actor_do(bob, do_get, KEY, IPC_CREAT | 0666);
	actor_fails(bob, EACCES);
}

/* msgget(2) ERRORS EEXIST: told before the permissions are looked at. */
CLAIM(EXCL_beats_EACCES_where_msgmni_is_0)
{
	struct actor *bob = actor_as(BOB, BOB);

	mine(ID(msgget(KEY, IPC_CREAT | 0600)));
	sysctl_set(msgmni, 0);
	actor_do(bob, do_get, KEY, IPC_CREAT | IPC_EXCL | 0666);
	actor_fails(bob, EEXIST);
	actor_do(bob, do_get, KEY, IPC_CREAT | 0666);
	actor_fails(bob, EACCES);
	actor_do(bob, do_get, KEY2, IPC_CREAT | IPC_EXCL | 0666);
	actor_fails(bob, ENOSPC);
	/* For the runner, which makes a queue to see whose numbers went up. */
	sysctl_set(msgmni, 32000);
}

static void find_by_ftok(const long *a)
{
	HOLDS(msgget(ftok("/proc/self/exe", 'q'), 0) == our->id);
	HOLDS(msgget(ftok("/proc/self/exe", 'r'), 0) == -1 && errno == ENOENT);
}

/* ftok(3) DESCRIPTION: the same file and number give the same key, for msgget(), too. */
CLAIM(key_of_ftok_agrees)
{
	key_t key = ftok("/proc/self/exe", 'q');

	HOLDS(key != -1);
	our->id = mine(ID(msgget(key, IPC_CREAT | IPC_EXCL | 0600)));
	actor_run(actor(), find_by_ftok, 0);
	HOLDS(stat_of(our->id).msg_perm.__key == key);
}

/* msgget(2) DESCRIPTION IPC_CREAT: a removed queue has its key no more. */
CLAIM(a_removed_key_is_free_again)
{
	int first = ID(msgget(KEY, IPC_CREAT | IPC_EXCL | 0600)), second;

	GIVES(0, say(first, 1, "old", 0));
	GIVES(0, msgctl(first, IPC_RMID, NULL));
	FAILS(ENOENT, msgget(KEY, 0));
	second = mine(ID(msgget(KEY, IPC_CREAT | IPC_EXCL | 0600)));
	HOLDS(first != second);
	FAILS(ENOMSG, hear(second, 0, 0));
}

/* msgget(2) DESCRIPTION key: any number but IPC_PRIVATE is one. */
CLAIM(negative_keys_work)
{
	int id = mine(ID(msgget(-2, IPC_CREAT | IPC_EXCL | 0600)));
	int least = mine(ID(msgget(INT_MIN, IPC_CREAT | IPC_EXCL | 0600)));

	HOLDS(ID(msgget(-2, 0)) == id);
	HOLDS(ID(msgget(INT_MIN, 0)) == least);
	HOLDS(stat_of(id).msg_perm.__key == -2);
	FAILS(ENOENT, msgget(2, 0));
}
