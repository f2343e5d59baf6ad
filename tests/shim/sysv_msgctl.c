// SPDX-License-Identifier: GPL-2.0-only
/* Claims: msgctl(2). */
#include <linux/capability.h>
#include <unistd.h>

#include "sysv.h"

static const char msgmax[] = "/proc/sys/kernel/msgmax", msgmnb[] = "/proc/sys/kernel/msgmnb",
		  msgmni[] = "/proc/sys/kernel/msgmni";

/* For actors: id, or an index, and the command. */
static void do_stat(const long *a)
{
	struct msqid_ds ds;
	long long answer;

	tell("msgctl %ld", a[1]);
	answer = RESULT(msgctl((int)a[0], (int)a[1], &ds) < 0 ? -1 : 0);
	if (!answer)
		tell("mode %o", ds.msg_perm.mode);
}

static void do_set_mode(const long *a)
{
	RESULT(set_mode((int)a[0], (int)a[1]));
}

static void do_set_qbytes(const long *a)
{
	RESULT(set_qbytes((int)a[0], a[1]));
}

/* Asks for nothing that needs read permission. */
static void do_set(const long *a)
{
	struct msqid_ds ds = {
		.msg_perm = { .uid = a[1], .gid = a[1], .mode = 0600 }, .msg_qbytes = a[2]
	};

	RESULT(msgctl((int)a[0], IPC_SET, &ds));
}

static void do_remove(const long *a)
{
	RESULT(msgctl((int)a[0], IPC_RMID, NULL));
}

static void do_make(const long *a)
{
	our->id = msgget((key_t)a[0], (int)a[1]);
	HOLDS(our->id >= 0);
}

static struct actor *made_by_ann(int mode)
{
	struct actor *ann = actor_as(ANN, ANN);

	actor_run(ann, do_make, KEY, IPC_CREAT | mode);
	mine(our->id);
	return ann;
}

/* msgctl(2) IPC_STAT: all that is known of the queue. */
CLAIM(STAT_tells_all_fields)
{
	struct actor *ann = made_by_ann(0622), *bob = actor_as(BOB, BOB);
	time_t begin = time(NULL), end;
	struct msqid_ds ds;

	actor_run(ann, do_put, our->id, 5, 100, 0);
	actor_run(bob, do_put, our->id, 6, 20, 0);
	actor_run(ann, do_take, our->id, 100, 5, 0);
	end = time(NULL);
	ds = stat_of(our->id);
	HOLDS(ds.msg_perm.__key == KEY && ds.msg_perm.mode == 0622);
	HOLDS(ds.msg_perm.uid == ANN && ds.msg_perm.gid == ANN);
	HOLDS(ds.msg_perm.cuid == ANN && ds.msg_perm.cgid == ANN);
	HOLDS(begin <= ds.msg_stime && ds.msg_stime <= end);
	HOLDS(begin <= ds.msg_rtime && ds.msg_rtime <= end);
	HOLDS(begin - 1 <= ds.msg_ctime && ds.msg_ctime <= end);
	HOLDS(ds.__msg_cbytes == 20 && ds.msg_qnum == 1 && ds.msg_qbytes == MSGMNB_IS);
	tell("from %s to %s", role(ds.msg_lspid), role(ds.msg_lrpid));
	HOLDS(ds.msg_lspid == actor_pid(bob) && ds.msg_lrpid == actor_pid(ann));
}

/* msgctl(2) ERRORS EACCES: IPC_STAT without read permission. */
CLAIM(STAT_needs_read)
{
	struct actor *bob = actor_as(BOB, BOB);
	int id = queue_of(0602);

	actor_do(bob, do_stat, id, IPC_STAT);
	actor_fails(bob, EACCES);
	GIVES(0, set_mode(id, 0604));
	actor_do(bob, do_stat, id, IPC_STAT);
	actor_gives(bob, 0);
}

/* msgctl(2) ERRORS EFAULT: IPC_STAT to where nothing can be written. */
CLAIM(STAT_of_bad_buf_is_EFAULT)
{
	int id = queue();

	FAILS(EFAULT, msgctl(id, IPC_STAT, NULL));
	FAILS(EFAULT, msgctl(id, IPC_STAT, (struct msqid_ds *)(page_end() - 8)));
	GIVES(0, msgctl(id, IPC_STAT, (struct msqid_ds *)(page_end() - sizeof(struct msqid_ds))));
}

/* msgctl(2) IPC_SET: msg_qbytes, the owner, the group and the mode are set, and nothing else. */
CLAIM(SET_changes_uid_gid_mode_qbytes)
{
	int id = mine(ID(msgget(KEY, IPC_CREAT | 0600)));
	struct msqid_ds ds = stat_of(id);

	GIVES(0, put(id, 1, 3, 0));
	ds.msg_perm.uid = ANN;
	ds.msg_perm.gid = CROWD;
	ds.msg_perm.mode = 0624;
	ds.msg_qbytes = 4000;
	ds.msg_perm.cuid = ds.msg_perm.cgid = BOB;
	ds.msg_perm.__key = KEY2;
	ds.msg_qnum = 77;
	ds.msg_lspid = 1;
	ds.msg_stime = 1;
	GIVES(0, msgctl(id, IPC_SET, &ds));
	ds = stat_of(id);
	HOLDS(ds.msg_perm.uid == ANN && ds.msg_perm.gid == CROWD);
	HOLDS(ds.msg_perm.mode == 0624 && ds.msg_qbytes == 4000);
	HOLDS(ds.msg_perm.cuid == 0 && ds.msg_perm.cgid == 0 && ds.msg_perm.__key == KEY);
	HOLDS(ds.msg_qnum == 1 && ds.msg_lspid == getpid() && ds.msg_stime > 1);
	FAILS(ENOENT, msgget(KEY2, 0));
}

/* msgctl(2) IPC_SET: of the mode the nine lowest bits. */
CLAIM(SET_ignores_high_mode_bits)
{
	int id = queue();

	GIVES(0, set_mode(id, 07654));
	HOLDS(stat_of(id).msg_perm.mode == 0654);
	GIVES(0, set_mode(id, 0xfe00));
	HOLDS(stat_of(id).msg_perm.mode == 0);
	GIVES(0, set_mode(id, 0777));
	HOLDS(stat_of(id).msg_perm.mode == 0777);
}

/* msgctl(2) msg_ctime: the time of the last IPC_SET; what is sent and received does not move it. */
CLAIM(SET_moves_ctime)
{
	int id = queue();
	time_t made = stat_of(id).msg_ctime, before;

	await_second_after(made);
	GIVES(0, put(id, 1, 1, 0));
	GIVES(1, hear(id, 0, 0));
	HOLDS(stat_of(id).msg_ctime == made);
	before = time(NULL);
	GIVES(0, set_mode(id, 0640));
	HOLDS(stat_of(id).msg_ctime >= before && stat_of(id).msg_ctime <= time(NULL));
}

/* msgctl(2) IPC_SET: the creator may, though the owner be another by now. */
CLAIM(SET_by_creator_after_giving_away)
{
	struct actor *ann = made_by_ann(0600), *bob = actor_as(BOB, BOB);

	GIVES(0, set_owner(our->id, BOB, BOB));
	actor_do(ann, do_set_mode, our->id, 0660);
	actor_gives(ann, 0);
	actor_do(bob, do_set_mode, our->id, 0640);
	actor_gives(bob, 0);
	HOLDS(stat_of(our->id).msg_perm.mode == 0640);
	actor_do(ann, do_stat, our->id, IPC_STAT);
	actor_gives(ann, 0);
}

/* msgctl(2) ERRORS EPERM: IPC_SET by neither owner nor creator nor CAP_SYS_ADMIN. */
CLAIM(SET_by_a_stranger_is_EPERM)
{
	struct actor *bob = actor_as(BOB, BOB);
	int id = queue_of(0666);

	actor_do(bob, do_set_mode, id, 0600);
	actor_fails(bob, EPERM);
	actor_do(bob, do_set, id, BOB, 100);
	actor_fails(bob, EPERM);
	HOLDS(stat_of(id).msg_perm.mode == 0666 && stat_of(id).msg_perm.uid == 0);
}

/* msgctl(2) ERRORS EPERM: msg_qbytes above MSGMNB without CAP_SYS_RESOURCE. */
CLAIM(SET_above_msgmnb_is_EPERM_unprivileged)
{
	struct actor *ann = made_by_ann(0600);

	actor_do(ann, do_set_qbytes, our->id, MSGMNB_IS + 1);
	actor_fails(ann, EPERM);
	actor_do(ann, do_set_qbytes, our->id, 100);
	actor_gives(ann, 0);
	actor_do(ann, do_set_qbytes, our->id, MSGMNB_IS);
	actor_gives(ann, 0);
	sysctl_set(msgmnb, 5000);
	actor_do(ann, do_set_qbytes, our->id, 5001);
	actor_fails(ann, EPERM);
	HOLDS(stat_of(our->id).msg_qbytes == MSGMNB_IS);
}

/* msgctl(2) IPC_SET: CAP_SYS_RESOURCE raises msg_qbytes above MSGMNB. */
CLAIM(SET_above_msgmnb_by_root)
{
	int id, i;

	NEEDS(CAP_SYS_RESOURCE);
	id = queue();
	GIVES(0, set_qbytes(id, 40000));
	for (i = 0; i < 4; i++)
		GIVES(0, put(id, 1, 8192, IPC_NOWAIT));
	HOLDS(stat_of(id).msg_qbytes == 40000);
	holds_messages(id, 4, 32768);
}

/* msgctl(2) msg_qbytes: below what is queued, nothing is lost, and nothing comes in. */
CLAIM(SET_qbytes_below_what_is_queued_keeps_it)
{
	int id = queue();

	GIVES(0, put(id, 1, 100, 0));
	GIVES(0, put(id, 2, 100, 0));
	GIVES(0, set_qbytes(id, 50));
	holds_messages(id, 2, 200);
	FAILS(EAGAIN, put(id, 1, 1, IPC_NOWAIT));
	GIVES(100, hear(id, 0, 0));
	FAILS(EAGAIN, put(id, 1, 1, IPC_NOWAIT));
	GIVES(100, hear(id, 0, 0));
	GIVES(0, put(id, 1, 50, IPC_NOWAIT));
}

/* msgctl(2) msg_qbytes: 0 is one, and under it not even an empty message fits. */
CLAIM(SET_qbytes_0_lets_nothing_in)
{
	struct actor *a = actor();
	int id = queue();

	GIVES(0, put(id, 1, 10, 0));
	GIVES(0, set_qbytes(id, 0));
	HOLDS(stat_of(id).msg_qbytes == 0);
	FAILS(EAGAIN, put(id, 1, 0, IPC_NOWAIT));
	GIVES(10, hear(id, 0, 0));
	FAILS(EAGAIN, put(id, 1, 0, IPC_NOWAIT));
	actor_do(a, do_put, id, 2, 0, 0);
	actor_asleep(a);
	GIVES(0, set_qbytes(id, 1));
	actor_gives(a, 0);
}

/* msgctl(2) ERRORS EFAULT: IPC_SET from where nothing can be read. */
CLAIM(SET_of_bad_buf_is_EFAULT)
{
	int id = queue();

	FAILS(EFAULT, msgctl(id, IPC_SET, NULL));
	FAILS(EFAULT, msgctl(id, IPC_SET, (struct msqid_ds *)(page_end() - 8)));
	HOLDS(stat_of(id).msg_perm.mode == 0600);
}

/* msgctl(2) IPC_RMID: the owner may. */
CLAIM(RMID_by_owner)
{
	struct actor *bob = actor_as(BOB, BOB);
	int id = queue();

	GIVES(0, set_owner(id, BOB, BOB));
	actor_do(bob, do_remove, id);
	actor_gives(bob, 0);
	FAILS(EINVAL, msgctl(id, IPC_RMID, NULL));
}

/* msgctl(2) IPC_RMID: the creator may, whoever owns it, and whatever the mode. */
CLAIM(RMID_by_creator)
{
	struct actor *ann = made_by_ann(0);

	GIVES(0, set_owner(our->id, BOB, BOB));
	actor_do(ann, do_remove, our->id);
	actor_gives(ann, 0);
	FAILS(EINVAL, hear(our->id, 0, 0));
}

/* msgctl(2) ERRORS EPERM: IPC_RMID by neither owner nor creator nor CAP_SYS_ADMIN. */
CLAIM(RMID_by_a_stranger_is_EPERM)
{
	struct actor *ann = made_by_ann(0666), *bob = actor_as(BOB, ANN);

	actor_do(bob, do_remove, our->id);
	actor_fails(bob, EPERM);
	actor_do(ann, do_put, our->id, 1, 1, 0);
	actor_gives(ann, 0);
	GIVES(0, msgctl(our->id, IPC_RMID, NULL));
}

/* msgctl(2) IPC_RMID: at once; the key finds nothing. */
CLAIM(RMID_frees_the_key)
{
	struct actor *a = actor();
	int id = ID(msgget(KEY, IPC_CREAT | 0600));

	actor_do(a, do_take, id, 10, 0, 0);
	actor_asleep(a);
	GIVES(0, msgctl(id, IPC_RMID, NULL));
	FAILS(ENOENT, msgget(KEY, 0));
	actor_fails(a, EIDRM);
	HOLDS(mine(ID(msgget(KEY, IPC_CREAT | IPC_EXCL | 0600))) != id);
}

/* msgctl(2) IPC_RMID: the third argument is not looked at. */
CLAIM(RMID_ignores_buf)
{
	int id = queue();

	GIVES(0, msgctl(id, IPC_RMID, (struct msqid_ds *)16));
	FAILS(EINVAL, msgctl(id, IPC_RMID, NULL));
}

/* msgctl(2) IPC_INFO: the limits, and the constants of <linux/msg.h> for what nothing uses. */
CLAIM(IPC_INFO_tells_the_limits)
{
	struct msginfo info;

	GIVES(0, msgctl(0, IPC_INFO, (struct msqid_ds *)&info));
	HOLDS(info.msgmax == sysctl_get(msgmax));
	HOLDS(info.msgmnb == sysctl_get(msgmnb));
	HOLDS(info.msgmni == sysctl_get(msgmni));
	tell("%d %d %d %d %d", info.msgpool, info.msgmap, info.msgssz, info.msgtql, info.msgseg);
	FAILS(EFAULT, msgctl(0, IPC_INFO, NULL));
}

/* msgctl(2) IPC_INFO: the limits can be changed through the files of /proc. */
CLAIM(limits_follow_proc)
{
	struct msginfo info;
	int id;

	sysctl_set(msgmax, 100);
	sysctl_set(msgmnb, 250);
	sysctl_set(msgmni, 2);
	GIVES(0, msgctl(0, IPC_INFO, (struct msqid_ds *)&info));
	HOLDS(info.msgmax == 100 && info.msgmnb == 250 && info.msgmni == 2);
	id = queue();
	HOLDS(stat_of(id).msg_qbytes == 250);
	FAILS(EINVAL, put(id, 1, 101, 0));
	GIVES(0, put(id, 1, 100, 0));
	GIVES(0, put(id, 1, 100, 0));
	FAILS(EAGAIN, put(id, 1, 51, IPC_NOWAIT));
	GIVES(0, put(id, 1, 50, IPC_NOWAIT));
}

/* msgctl(2) MSG_INFO: the queues there are, and the messages and bytes in all of them. */
CLAIM(MSG_INFO_counts_queues_messages_bytes)
{
	struct msginfo info;
	int first, second;

	GIVES(0, msgctl(0, MSG_INFO, (struct msqid_ds *)&info));
	HOLDS(info.msgpool == 0 && info.msgmap == 0 && info.msgtql == 0);
	first = queue();
	second = queue();
	queue();
	GIVES(0, put(first, 1, 10, 0));
	GIVES(0, put(second, 1, 500, 0));
	GIVES(0, put(second, 1, 0, 0));
	GIVES(2, msgctl(0, MSG_INFO, (struct msqid_ds *)&info));
	HOLDS(info.msgpool == 3 && info.msgmap == 3 && info.msgtql == 510);
	HOLDS(info.msgmax == MSGMAX_IS && info.msgmnb == MSGMNB_IS);
	GIVES(500, take(second, 1000, 0, IPC_NOWAIT));
	GIVES(0, msgctl(first, IPC_RMID, NULL));
	NUMBER(msgctl(0, MSG_INFO, (struct msqid_ds *)&info));
	HOLDS(info.msgpool == 2 && info.msgmap == 1 && info.msgtql == 0);
}

/* msgctl(2) MSG_STAT: with the highest index that MSG_INFO tells, all queues are found. */
CLAIM(MSG_STAT_walk_finds_every_queue)
{
	struct msginfo info;
	struct msqid_ds ds;
	int made[4], i, k, highest, found = 0, others = 0;

	for (i = 0; i < 4; i++)
		made[i] = queue_of(0600 + i);
	highest = NUMBER(msgctl(0, MSG_INFO, (struct msqid_ds *)&info));
	for (i = 0; i <= highest; i++) {
		int id = msgctl(i, MSG_STAT, &ds);

		for (k = 0; k < 4 && made[k] != id; k++)
			;
		if (k < 4 && (int)ds.msg_perm.mode == 0600 + k)
			found++;
		else if (id >= 0)
			others++;
	}
	tell("found %d, others %d", found, others);
	HOLDS(found == 4 && others == 0);
}

/* msgctl(2) RETURN VALUE: MSG_STAT tells the identifier of the queue at the index. */
CLAIM(MSG_STAT_returns_the_id)
{
	struct msqid_ds ds;
	int id = queue();

	GIVES(0, put(id, 1, 44, 0));
	HOLDS(ID(msgctl(0, MSG_STAT, &ds)) == id);
	HOLDS(ds.msg_qnum == 1 && ds.__msg_cbytes == 44);
	HOLDS(ID(msgctl(0, MSG_STAT_ANY, &ds)) == id);
}

/* msgctl(2) ERRORS EACCES: MSG_STAT without read permission. */
CLAIM(MSG_STAT_without_read_is_EACCES)
{
	struct actor *bob = actor_as(BOB, BOB);
	int id = queue_of(0602);

	actor_do(bob, do_stat, 0, MSG_STAT);
	actor_fails(bob, EACCES);
	GIVES(0, set_mode(id, 0604));
	actor_do(bob, do_stat, 0, MSG_STAT);
	actor_gives(bob, 0);
}

/* msgctl(2) MSG_STAT_ANY: as MSG_STAT, and anybody may. */
CLAIM(MSG_STAT_ANY_asks_no_permission)
{
	struct actor *bob = actor_as(BOB, BOB);

	queue_of(0600);
	actor_do(bob, do_stat, 0, MSG_STAT_ANY);
	actor_gives(bob, 0);
	actor_do(bob, do_stat, 0, MSG_STAT);
	actor_fails(bob, EACCES);
}

/* msgctl(2) ERRORS EINVAL: MSG_STAT of an index at which no queue is. */
CLAIM(index_past_the_end_is_EINVAL)
{
	struct msqid_ds ds;

	FAILS(EINVAL, msgctl(0, MSG_STAT, &ds));
	queue();
	FAILS(EINVAL, msgctl(1, MSG_STAT, &ds));
	FAILS(EINVAL, msgctl(1, MSG_STAT_ANY, &ds));
	FAILS(EINVAL, msgctl(30000, MSG_STAT, &ds));
	FAILS(EINVAL, msgctl(-1, MSG_STAT, &ds));
}

/* msgctl(2) ERRORS EINVAL: a command that there is not, and an identifier that no queue has. */
CLAIM(unknown_cmd_is_EINVAL)
{
	struct msqid_ds ds;
	int id = queue(), gone = queue();

	FAILS(EINVAL, msgctl(id, 77, &ds));
	FAILS(EINVAL, msgctl(id, -1, &ds));
	FAILS(EINVAL, msgctl(-1, IPC_STAT, &ds));
	GIVES(0, msgctl(gone, IPC_RMID, NULL));
	FAILS(EINVAL, msgctl(gone, IPC_STAT, &ds));
	FAILS(EINVAL, msgctl(gone, IPC_SET, &ds));
	HOLDS(stat_of(id).msg_perm.mode == 0600);
}
