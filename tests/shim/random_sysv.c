// SPDX-License-Identifier: GPL-2.0-only
/*
 * System V calls at random. See random_stage.c.
 *
 * Left out is what the pages leave open: which of two sleeping senders a freed place
 * serves (so a queue has one at most), and which of two faults a call is told (so a
 * call has one at most, and none where it lacks the permission; whether it does is
 * asked of the queue, not kept, so that it is not this program's view that is tested).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "random.h"

enum call { GET, SEND, RECEIVE, COPY, STAT, WALK, COUNT, LIMITS, SET, REMOVE };
enum { KEYS = 5, MOST_KNOWN = 14, MOST_ALIVE = 7, FIRST_KEY = 0x6b6d7200, READ = 4, WRITE = 2 };

/* Seconds within which it last happened. */
struct period {
	time_t from, to;
};

/* Queues in the order in which they were made. A number goes on being used for a while when its queue is gone. */
static struct known {
	int id, number;
	bool alive;
	key_t key;
	struct period sent, received, changed;
} known[MOST_KNOWN];
static int known_count, numbers;

static const long types[] = { 1, 2, 3, 7, 1000, LONG_MAX };
static const long sizes[] = { 0, 1, 64, 256, 257, 8192 };
static const long rooms[] = { 0, 1, 64, 256, 257, 8192, 8193, MOST_BYTES };
static const long all_bytes[] = { 16384, 16384, 8192, 8449, 500, 257, 64, 1, 0, 20000 };
static const long modes[] = { 0666, 0666, 0666, 0666, 0666, 0666, 0666, 0666, 0660, 0660, 0664, 0622, 0600, 0640, 0400, 0200, 0 };
static const long ids[] = { ANN, BOB };
static const long groups[] = { ANN, BOB, CROWD };

static int alive_count(void)
{
	int i, count = 0;

	for (i = 0; i < known_count; i++)
		count += known[i].alive;
	return count;
}

static struct known *by_id(int id)
{
	int i;

	for (i = known_count; i--;)
		if (known[i].id == id)
			return &known[i];
	return NULL;
}

/* One that lives, mostly; else one that is gone, or a number that nobody has. */
static void choose_queue(struct request *r, struct chance *chance)
{
	static const long nobodys[] = { -1, INT_MAX, INT_MIN };
	int i, living = alive_count(), nth;

	r->target = -1;
	r->id = ONE_OF(chance, nobodys);
	if (!known_count || percent(chance, 2)) {
		tell("id %ld", r->id);
		return;
	}
	i = chosen(chance, known_count);
	if (living && percent(chance, 93))
		for (i = 0, nth = chosen(chance, living); !known[i].alive || nth--; i++)
			;
	r->target = i;
	r->id = known[i].id;
	tell("queue %d", known[i].number);
}

/* Whether it is permitted, and the queue there: asked by root, who may. */
static bool may(const struct actor *a, long need)
{
	uid_t uid = uid_of(a);
	struct msqid_ds ds;
	long mode;

	if (msgctl((int)a->request.id, IPC_STAT, &ds))
		return false;
	mode = ds.msg_perm.mode;
	if (uid == ds.msg_perm.uid || uid == ds.msg_perm.cuid)
		mode >>= 6;
	else if (in_group(a, ds.msg_perm.gid) || in_group(a, ds.msg_perm.cgid))
		mode >>= 3;
	return (mode & need) == need;
}

static bool has_sleeping_sender(long id)
{
	int i;

	for (i = 0; i < ACTORS; i++)
		if (actors[i]->asleep && actors[i]->request.call == SEND && actors[i]->request.id == id)
			return true;
	return false;
}

static void plan_get(struct actor *a, struct chance *chance)
{
	struct request *r = &a->request;
	bool private = percent(chance, 25) && alive_count() < MOST_ALIVE;

	r->key = private ? IPC_PRIVATE : FIRST_KEY + (long)chosen(chance, KEYS);
	r->mode = ONE_OF(chance, modes);
	r->flags = (percent(chance, 70) ? IPC_CREAT : 0) | (percent(chance, 20) ? IPC_EXCL : 0);
	tell("msgget %ld flags %lo mode %lo\n", private ? 0 : r->key - FIRST_KEY + 1, r->flags, r->mode);
}

static void spoil_send(struct request *r, struct chance *chance)
{
	switch (chosen(chance, 4)) {
	case 0:
		r->size = 8193;
		break;
	case 1:
		r->size = -1;
		break;
	case 2:
		r->type = -(long)chosen(chance, 2);
		break;
	default:
		r->bad_pointer = true;
	}
}

static void plan_send(struct actor *a, struct chance *chance)
{
	struct request *r = &a->request;
	bool spoilt = percent(chance, 5), waits = percent(chance, 40);

	tell("msgsnd ");
	choose_queue(r, chance);
	r->size = ONE_OF(chance, sizes);
	r->type = ONE_OF(chance, types);
	if (spoilt && may(a, WRITE))
		spoil_send(r, chance);
	if (!waits || !r->sleeps_are_allowed || has_sleeping_sender(r->id))
		r->flags = IPC_NOWAIT;
	tell(", %ld bytes, type %ld%s%s\n", r->size, r->type, r->flags ? ", NOWAIT" : "", r->bad_pointer ? ", bad pointer" : "");
}

static void plan_receive(struct actor *a, struct chance *chance)
{
	struct request *r = &a->request;

	tell("msgrcv ");
	choose_queue(r, chance);
	r->size = percent(chance, 60) ? MOST_BYTES : ONE_OF(chance, rooms);
	r->type = percent(chance, 40) ? 0 : ONE_OF(chance, types);
	if (percent(chance, 25))
		r->type = percent(chance, 5) ? LONG_MIN : -r->type;
	r->flags = (percent(chance, 60) || !r->sleeps_are_allowed ? IPC_NOWAIT : 0) |
		   (percent(chance, 30) ? MSG_NOERROR : 0) | (percent(chance, 20) ? MSG_EXCEPT : 0);
	if (percent(chance, 1) && may(a, READ))
		r->size = -1;
	tell(", room %ld, type %ld, flags %lo\n", r->size, r->type, r->flags);
}

static void plan_copy(struct actor *a, struct chance *chance)
{
	struct request *r = &a->request;

	tell("MSG_COPY of ");
	choose_queue(r, chance);
	r->size = percent(chance, 80) ? MOST_BYTES : ONE_OF(chance, rooms);
	r->type = percent(chance, 5) ? -1 : (long)chosen(chance, 6);
	r->flags = MSG_COPY | IPC_NOWAIT | (percent(chance, 30) ? MSG_NOERROR : 0);
	if (percent(chance, 10) && may(a, READ))
		r->flags ^= percent(chance, 50) ? IPC_NOWAIT : MSG_EXCEPT;
	tell(", room %ld, position %ld, flags %lo\n", r->size, r->type, r->flags);
}

static void plan_set(struct actor *a, struct chance *chance)
{
	struct request *r = &a->request;

	tell("IPC_SET of ");
	choose_queue(r, chance);
	r->size = ONE_OF(chance, all_bytes);
	r->mode = ONE_OF(chance, modes);
	r->more[0] = ONE_OF(chance, ids);
	r->more[1] = ONE_OF(chance, groups);
	tell(", %ld bytes, mode %lo, uid %ld, gid %ld\n", r->size, r->mode, r->more[0], r->more[1]);
}

static void plan_on_queue(struct request *r, struct chance *chance, const char *what)
{
	tell("%s of ", what);
	choose_queue(r, chance);
	tell("\n");
}

static enum call choose_call(struct chance *chance)
{
	static const struct {
		enum call call;
		unsigned int share;
	} weights[] = { { SEND, 37 }, { RECEIVE, 35 }, { STAT, 7 }, { GET, 6 }, { SET, 5 }, { COPY, 5 }, { REMOVE, 2 },
			{ WALK, 1 }, { COUNT, 1 }, { LIMITS, 1 } };
	unsigned int n = chosen(chance, 100), i;

	for (i = 0; n >= weights[i].share; i++)
		n -= weights[i].share;
	return weights[i].call;
}

static void plan(struct actor *a, struct chance *chance)
{
	struct request *r = &a->request;

	r->call = choose_call(chance);
	switch ((enum call)r->call) {
	case GET:
		plan_get(a, chance);
		break;
	case SEND:
		plan_send(a, chance);
		break;
	case RECEIVE:
		plan_receive(a, chance);
		break;
	case COPY:
		plan_copy(a, chance);
		break;
	case STAT:
		plan_on_queue(r, chance, "IPC_STAT");
		break;
	case WALK:
		tell("MSG_STAT_ANY of all\n");
		break;
	case COUNT:
		tell("MSG_INFO\n");
		break;
	case LIMITS:
		tell("IPC_INFO\n");
		break;
	case SET:
		plan_set(a, chance);
		break;
	case REMOVE:
		plan_on_queue(r, chance, "IPC_RMID");
	}
}

/*
 * In the actors.
 */

static struct {
	long type;
	char body[MOST_BYTES + BEHIND];
} message, taken;

static void perform_send(const struct request *r, struct answer *answer)
{
	message.type = r->type;
	if (r->size > 0)
		compose(message.body, r->size, r->step);
	answer->value = msgsnd((int)r->id, r->bad_pointer ? (void *)8 : &message, r->size, (int)r->flags);
}

static void perform_receive(const struct request *r, struct answer *answer)
{
	taken.type = -7;
	answer->value = msgrcv((int)r->id, &taken, r->size, r->type, (int)r->flags);
	answer->error = errno;
	answer->type = taken.type;
	take_up(taken.body, answer->value, answer);
}

static void perform_walk(struct answer *answer)
{
	struct msqid_ds ds;
	struct msginfo info;
	int most = msgctl(0, MSG_INFO, (struct msqid_ds *)&info), i, id;

	for (i = 0; i <= most && answer->found < 32; i++) {
		id = msgctl(i, MSG_STAT_ANY, &ds);
		if (id >= 0)
			answer->list[answer->found++] = id;
	}
}

static void perform_info(const struct request *r, struct answer *answer)
{
	struct msginfo info = { 0 };

	answer->value = msgctl(0, r->call == COUNT ? MSG_INFO : IPC_INFO, (struct msqid_ds *)&info);
	/* The highest index is the machine's. */
	if (answer->value > 0)
		answer->value = 0;
	answer->numbers[0] = info.msgpool;
	answer->numbers[1] = info.msgmap;
	answer->numbers[2] = info.msgmax;
	answer->numbers[3] = info.msgmnb;
	answer->numbers[4] = info.msgmni;
	answer->numbers[5] = info.msgssz;
	answer->numbers[6] = info.msgtql;
	answer->numbers[7] = info.msgseg;
}

static void perform_set(const struct request *r, struct answer *answer)
{
	struct msqid_ds ds = { 0 };

	ds.msg_qbytes = r->size;
	ds.msg_perm.mode = r->mode;
	ds.msg_perm.uid = r->more[0];
	ds.msg_perm.gid = r->more[1];
	answer->value = msgctl((int)r->id, IPC_SET, &ds);
}

static void perform(const struct request *r, struct answer *answer)
{
	switch ((enum call)r->call) {
	case GET:
		answer->value = msgget((key_t)r->key, (int)(r->flags | r->mode));
		break;
	case SEND:
		perform_send(r, answer);
		break;
	case RECEIVE:
	case COPY:
		perform_receive(r, answer);
		return;
	case STAT:
		answer->value = msgctl((int)r->id, IPC_STAT, &answer->ds);
		break;
	case WALK:
		perform_walk(answer);
		break;
	case COUNT:
	case LIMITS:
		perform_info(r, answer);
		break;
	case SET:
		perform_set(r, answer);
		break;
	case REMOVE:
		answer->value = msgctl((int)r->id, IPC_RMID, NULL);
	}
	answer->error = errno;
}

/*
 * In the coordinator, with what came of it.
 */

static struct period this_step(void)
{
	return (struct period){ step_begun, step_quiet };
}

static void forget_oldest(void)
{
	int i;

	for (i = 0; i < known_count && known[i].alive; i++)
		;
	if (i == known_count) {
		fprintf(stderr, "random: more queues than there can be\n");
		exit(2);
	}
	memmove(&known[i], &known[i + 1], (known_count - i - 1) * sizeof(known[0]));
	known_count--;
}

static struct known *learn(int id, key_t key)
{
	struct known *q;

	if (known_count == MOST_KNOWN)
		forget_oldest();
	q = &known[known_count++];
	*q = (struct known){ .id = id, .number = ++numbers, .alive = true, .key = key, .changed = this_step() };
	return q;
}

static void tell_get(const struct actor *a)
{
	struct known *q;

	if (a->answer.value < 0) {
		tell("%s\n", outcome(&a->answer));
		reached(error_name(a->answer.error));
		return;
	}
	q = by_id((int)a->answer.value);
	if (!q || !q->alive) {
		q = learn((int)a->answer.value, (key_t)a->request.key);
		reached("new queue");
	}
	tell("queue %d\n", q->number);
}

static void tell_received(const struct actor *a)
{
	const struct answer *answer = &a->answer;

	tell("%s", outcome(answer));
	if (answer->value >= 0)
		tell(" type %ld #%08x", answer->type, answer->hash);
	else if (answer->type != -7)
		tell(" with type %ld", answer->type);
	tell("%s\n", answer->overrun ? " OVERRUN" : "");
}

static const char *when(time_t time, struct period period)
{
	static char text[4][40];
	static unsigned int turn;
	char *at = text[turn++ % 4];

	if (time >= period.from && time <= period.to)
		return time ? "true" : "never";
	snprintf(at, sizeof(text[0]), "%ld s off", (long)(time < period.from ? time - period.from : time - period.to));
	return at;
}

static void tell_stat(const struct actor *a)
{
	const struct msqid_ds *ds = &a->answer.ds;
	const struct known *q = by_id((int)a->request.id);

	tell("%s", outcome(&a->answer));
	if (a->answer.value < 0 || !q) {
		tell("\n");
		return;
	}
	tell(" key %s, %d:%d of %d:%d, mode %o, %lu of %lu bytes, %lu messages", ds->msg_perm.__key == q->key ? "its" : "OTHER",
	     ds->msg_perm.uid, ds->msg_perm.gid, ds->msg_perm.cuid, ds->msg_perm.cgid, ds->msg_perm.mode,
	     (unsigned long)ds->__msg_cbytes, (unsigned long)ds->msg_qbytes, (unsigned long)ds->msg_qnum);
	tell(", from %s", role(ds->msg_lspid));
	tell(", to %s, times %s %s %s\n", role(ds->msg_lrpid), when(ds->msg_stime, q->sent), when(ds->msg_rtime, q->received),
	     when(ds->msg_ctime, q->changed));
}

static void tell_walk(const struct actor *a)
{
	int i, k, strangers = 0;

	for (k = 0; k < known_count; k++)
		for (i = 0; i < a->answer.found; i++)
			if (known[k].alive && a->answer.list[i] == known[k].id)
				tell("%d ", known[k].number);
	for (i = 0; i < a->answer.found; i++)
		strangers += !by_id(a->answer.list[i]);
	tell("and %d others\n", strangers);
}

static void tell_info(const struct actor *a)
{
	int i;

	tell("%s:", outcome(&a->answer));
	for (i = 0; i < 8; i++)
		tell(" %ld", a->answer.numbers[i]);
	tell("\n");
}

static void tell_by_kind(const struct actor *a)
{
	switch ((enum call)a->request.call) {
	case GET:
		tell_get(a);
		break;
	case RECEIVE:
	case COPY:
		tell_received(a);
		break;
	case STAT:
		tell_stat(a);
		break;
	case WALK:
		tell_walk(a);
		break;
	case COUNT:
	case LIMITS:
		tell_info(a);
		break;
	default:
		tell("%s\n", outcome(&a->answer));
	}
}

/* What each kind came to, for the line that says what was reached. */
static void count_kind(const struct actor *a)
{
	static const char *const done[] = { [SEND] = "msgsnd", [RECEIVE] = "msgrcv", [COPY] = "MSG_COPY", [STAT] = "IPC_STAT",
					    [WALK] = "MSG_STAT_ANY", [COUNT] = "MSG_INFO", [LIMITS] = "IPC_INFO",
					    [SET] = "IPC_SET", [REMOVE] = "IPC_RMID" };

	if (a->request.call == GET)
		return;
	reached(a->answer.value < 0 ? error_name(a->answer.error) : done[a->request.call]);
}

static void tell_answer(const struct actor *a)
{
	struct known *q = by_id((int)a->request.id);

	tell_by_kind(a);
	count_kind(a);
	if (a->answer.value < 0 || !q)
		return;
	switch ((enum call)a->request.call) {
	case SEND:
		q->sent = this_step();
		break;
	case RECEIVE:
		q->received = this_step();
		break;
	case SET:
		q->changed = this_step();
		break;
	case REMOVE:
		q->alive = false;
		break;
	default:
		break;
	}
}

static void restarted(const struct actor *a)
{
}

static void enter(void)
{
	memset(taken.body, UNTOUCHED, sizeof(taken.body));
}

static void remove_all(void)
{
	int i;

	for (i = 0; i < known_count; i++)
		if (known[i].alive)
			msgctl(known[i].id, IPC_RMID, NULL);
}

/* The table has a line of headings. */
static int kernels(void)
{
	FILE *table = fopen("/proc/sysvipc/msg", "re");
	int lines = 0, c;

	if (!table)
		return -1;
	while ((c = getc(table)) != EOF)
		lines += c == '\n';
	fclose(table);
	return lines - 1;
}

static const char *const required[] = {
	"new queue", "msgsnd", "msgrcv", "MSG_COPY", "IPC_STAT", "MSG_STAT_ANY", "MSG_INFO", "IPC_INFO", "IPC_SET", "IPC_RMID",
	"sleep", "woken", "EAGAIN", "ENOMSG", "EACCES", "EINVAL", "EIDRM", "EINTR", "E2BIG", "EPERM", "EFAULT", "ENOENT", "EEXIST",
	NULL
};

const struct family sysv = {
	.name = "System V",
	.enter = enter,
	.plan = plan,
	.perform = perform,
	.tell_answer = tell_answer,
	.restarted = restarted,
	.remove_all = remove_all,
	.live = alive_count,
	.kernels = kernels,
	.required = required,
};
