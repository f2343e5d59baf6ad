// SPDX-License-Identifier: GPL-2.0-only
/*
 * mq_* calls at random. See random_stage.c.
 *
 * Each actor has a few places for descriptors. That sleepers are served first come first
 * served holds on both sides here, since all actors have one priority. Left out: POLLIN of
 * a descriptor that cannot receive, POLLOUT of one that cannot send.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "random.h"

enum call { OPEN, CLOSE, UNLINK, SEND, RECEIVE, ATTRIBUTES, SET, NOTIFY, POLL };
enum deadline { NONE, PAST, BAD };
enum { NAMES = 5, PLACES = 4, NOBODYS = 1000, NOTICE_SIGNAL = 40 };

/* What is open where, as the answers told. */
static struct place {
	bool open;
	int name, access;
} places[ACTORS][PLACES];

static bool linked[NAMES];

static const long most_messages[] = { 1, 1, 1, 2, 2, 3, 3, 10, 10, 10, 0, 11 };
static const long message_sizes[] = { 64, 64, 64, 64, 64, 256, 256, 8192, 8192, 1, 0, 8193 };
static const long modes[] = { 0666, 0666, 0666, 0666, 0666, 0660, 0622, 0644, 0600, 0400, 0 };
static const long priorities[] = { 0, 1, 1, 5, 31, 32767, 32768 };
static const long sizes[] = { 0, 1, 64, 64, 65, 256, 8192 };

static void choose_name(struct request *r, struct chance *chance)
{
	r->key = chosen(chance, NAMES);
	snprintf(r->name, sizeof(r->name), "/kmq-random-%ld", r->key);
	tell("name %ld", r->key);
}

static bool choose_place(struct actor *a, struct chance *chance, bool open)
{
	int first = chosen(chance, PLACES), i;

	for (i = 0; i < PLACES; i++) {
		a->request.slot = (first + i) % PLACES;
		if (places[a->index][a->request.slot].open == open)
			return true;
	}
	return false;
}

/* An open descriptor, if there is one, and now and then none. */
static void choose_descriptor(struct actor *a, struct chance *chance)
{
	struct request *r = &a->request;
	const struct place *place;

	if (!choose_place(a, chance, true) || percent(chance, 2))
		r->slot = -1;
	if (r->slot < 0) {
		tell("nothing");
		return;
	}
	place = &places[a->index][r->slot];
	tell("place %d (name %d)", r->slot, place->name);
}

static void plan_close(struct actor *a, struct chance *chance)
{
	a->request.call = CLOSE;
	tell("mq_close ");
	choose_descriptor(a, chance);
	tell("\n");
}

static void plan_open(struct actor *a, struct chance *chance)
{
	static const int accesses[] = { O_RDWR, O_RDWR, O_RDWR, O_RDONLY, O_WRONLY };
	struct request *r = &a->request;

	if (!choose_place(a, chance, false)) {
		plan_close(a, chance);
		return;
	}
	tell("mq_open at %d ", r->slot);
	choose_name(r, chance);
	r->type = ONE_OF(chance, accesses);
	r->flags = r->type | (percent(chance, 60) ? O_CREAT : 0) | (percent(chance, 15) ? O_EXCL : 0) |
		   (percent(chance, 40) ? O_NONBLOCK : 0);
	r->mode = ONE_OF(chance, modes);
	r->bad_pointer = percent(chance, 10);
	r->more[0] = ONE_OF(chance, most_messages);
	r->more[1] = ONE_OF(chance, message_sizes);
	tell(" flags %lo mode %lo", r->flags, r->mode);
	if (r->bad_pointer)
		tell(" without attributes\n");
	else
		tell(" of %ld times %ld\n", r->more[0], r->more[1]);
}

static void plan_deadline(struct request *r, struct chance *chance)
{
	unsigned int n = chosen(chance, 100);

	r->more[0] = n < 3 ? BAD : n < 45 || !r->sleeps_are_allowed ? PAST : NONE;
	r->ends_by_itself = r->more[0] == PAST;
	tell("%s\n", r->more[0] == BAD ? ", bad deadline" : r->more[0] == PAST ? ", deadline past" : "");
}

static void plan_send(struct actor *a, struct chance *chance)
{
	struct request *r = &a->request;

	tell("mq_send to ");
	choose_descriptor(a, chance);
	r->size = ONE_OF(chance, sizes);
	r->type = ONE_OF(chance, priorities);
	tell(", %ld bytes, priority %ld", r->size, r->type);
	plan_deadline(r, chance);
}

static void plan_receive(struct actor *a, struct chance *chance)
{
	struct request *r = &a->request;

	tell("mq_receive from ");
	choose_descriptor(a, chance);
	r->size = percent(chance, 90) ? 8192 : ONE_OF(chance, sizes);
	r->bad_pointer = percent(chance, 10);
	tell(", room %ld%s", r->size, r->bad_pointer ? ", no priority wanted" : "");
	plan_deadline(r, chance);
}

static void plan_set(struct actor *a, struct chance *chance)
{
	struct request *r = &a->request;

	tell("mq_setattr of ");
	choose_descriptor(a, chance);
	r->flags = percent(chance, 50) ? O_NONBLOCK : 0;
	if (percent(chance, 5))
		r->flags |= O_APPEND;
	tell(" to %lo\n", r->flags);
}

static void plan_notify(struct actor *a, struct chance *chance)
{
	struct request *r = &a->request;
	unsigned int n = chosen(chance, 100);

	tell("mq_notify of ");
	choose_descriptor(a, chance);
	r->type = n < 60 ? SIGEV_SIGNAL : n < 70 ? SIGEV_NONE : -1;
	r->size = percent(chance, 3) ? 65 : NOTICE_SIGNAL;
	/* A child's registration ends with it, and its signal with that. */
	if (r->forked)
		r->type = -1;
	tell(", method %ld, signal %ld\n", r->type, r->size);
}

static void plan_on_descriptor(struct actor *a, struct chance *chance, const char *what)
{
	struct request *r = &a->request;

	tell("%s of ", what);
	choose_descriptor(a, chance);
	tell("\n");
	if (r->slot >= 0)
		r->type = places[a->index][r->slot].access;
}

static enum call choose_call(struct chance *chance)
{
	static const struct {
		enum call call;
		unsigned int share;
	} weights[] = { { SEND, 33 }, { RECEIVE, 31 }, { OPEN, 9 }, { CLOSE, 3 }, { ATTRIBUTES, 7 }, { SET, 4 }, { NOTIFY, 6 },
			{ POLL, 5 }, { UNLINK, 2 } };
	unsigned int n = chosen(chance, 100), i;

	for (i = 0; n >= weights[i].share; i++)
		n -= weights[i].share;
	return weights[i].call;
}

static void plan(struct actor *a, struct chance *chance)
{
	struct request *r = &a->request;

	r->call = choose_call(chance);
	if (!choose_place(a, chance, true) && percent(chance, 85))
		r->call = OPEN;
	/* What a child opens or closes is its own. */
	if (r->forked && (r->call == OPEN || r->call == CLOSE))
		r->call = ATTRIBUTES;
	switch ((enum call)r->call) {
	case OPEN:
		plan_open(a, chance);
		break;
	case CLOSE:
		plan_close(a, chance);
		break;
	case UNLINK:
		tell("mq_unlink ");
		choose_name(r, chance);
		tell("\n");
		break;
	case SEND:
		plan_send(a, chance);
		break;
	case RECEIVE:
		plan_receive(a, chance);
		break;
	case ATTRIBUTES:
		plan_on_descriptor(a, chance, "mq_getattr");
		break;
	case SET:
		plan_set(a, chance);
		break;
	case NOTIFY:
		plan_notify(a, chance);
		break;
	case POLL:
		plan_on_descriptor(a, chance, "poll");
	}
}

/*
 * In the actors.
 */

static mqd_t descriptors[PLACES];

static mqd_t descriptor_of(const struct request *r)
{
	return r->slot < 0 ? NOBODYS : descriptors[r->slot];
}

static void perform_open(const struct request *r, struct answer *answer)
{
	struct mq_attr attributes = { .mq_maxmsg = r->more[0], .mq_msgsize = r->more[1] };
	mqd_t q = mq_open(r->name, (int)r->flags, (mode_t)r->mode, r->bad_pointer ? NULL : &attributes);

	answer->value = q < 0 ? -1 : 0;
	if (q >= 0)
		descriptors[r->slot] = q;
}

static const struct timespec *deadline_of(const struct request *r)
{
	static const struct timespec past = { 1, 0 }, bad = { 1, 1000000000 };

	return r->more[0] == PAST ? &past : r->more[0] == BAD ? &bad : NULL;
}

/* Without the headers' word that no pointer is NULL: the deadline may be. */
typedef int send_call(mqd_t, const char *, size_t, unsigned int, const struct timespec *);
typedef ssize_t receive_call(mqd_t, char *, size_t, unsigned int *, const struct timespec *);
static send_call *volatile timed_send = (send_call *)mq_timedsend;
static receive_call *volatile timed_receive = (receive_call *)mq_timedreceive;

static char body[MOST_BYTES], taken[MOST_BYTES + BEHIND];

static void perform_send(const struct request *r, struct answer *answer)
{
	const struct timespec *deadline = deadline_of(r);

	compose(body, r->size, r->step);
	if (deadline)
		answer->value = timed_send(descriptor_of(r), body, r->size, (unsigned int)r->type, deadline);
	else
		answer->value = mq_send(descriptor_of(r), body, r->size, (unsigned int)r->type);
}

static void perform_receive(const struct request *r, struct answer *answer)
{
	const struct timespec *deadline = deadline_of(r);
	unsigned int priority = 77777, *to = r->bad_pointer ? NULL : &priority;

	if (deadline)
		answer->value = timed_receive(descriptor_of(r), taken, r->size, to, deadline);
	else
		answer->value = mq_receive(descriptor_of(r), taken, r->size, to);
	answer->error = errno;
	answer->type = priority;
	take_up(taken, answer->value, answer);
}

static void perform_set(const struct request *r, struct answer *answer)
{
	struct mq_attr new = { .mq_flags = r->flags, .mq_maxmsg = 77, .mq_msgsize = 77, .mq_curmsgs = 77 }, old = { 0 };

	answer->value = mq_setattr(descriptor_of(r), &new, &old);
	answer->numbers[0] = old.mq_flags;
	answer->numbers[1] = old.mq_maxmsg;
	answer->numbers[2] = old.mq_msgsize;
	answer->numbers[3] = old.mq_curmsgs;
}

static void perform_getattr(const struct request *r, struct answer *answer)
{
	struct mq_attr is = { 0 };

	answer->value = mq_getattr(descriptor_of(r), &is);
	answer->numbers[0] = is.mq_flags;
	answer->numbers[1] = is.mq_maxmsg;
	answer->numbers[2] = is.mq_msgsize;
	answer->numbers[3] = is.mq_curmsgs;
}

static void perform_notify(const struct request *r, struct answer *answer)
{
	struct sigevent event = { .sigev_notify = (int)r->type, .sigev_signo = (int)r->size, .sigev_value.sival_int = (int)r->step };

	answer->value = mq_notify(descriptor_of(r), r->type < 0 ? NULL : &event);
}

static void perform_poll(const struct request *r, struct answer *answer)
{
	struct pollfd on = { .fd = descriptor_of(r), .events = POLLIN | POLLOUT };
	short mask = r->type == O_RDONLY ? (short)~POLLOUT : r->type == O_WRONLY ? (short)~POLLIN : -1;

	answer->value = poll(&on, 1, 0);
	answer->numbers[0] = on.revents & mask;
	/* It counts what the mask leaves out. */
	if (answer->value > 0)
		answer->value = answer->numbers[0] != 0;
}

static void perform(const struct request *r, struct answer *answer)
{
	switch ((enum call)r->call) {
	case OPEN:
		perform_open(r, answer);
		break;
	case CLOSE:
		answer->value = mq_close(descriptor_of(r));
		break;
	case UNLINK:
		answer->value = mq_unlink(r->name);
		break;
	case SEND:
		perform_send(r, answer);
		break;
	case RECEIVE:
		perform_receive(r, answer);
		return;
	case ATTRIBUTES:
		perform_getattr(r, answer);
		break;
	case SET:
		perform_set(r, answer);
		break;
	case NOTIFY:
		perform_notify(r, answer);
		break;
	case POLL:
		perform_poll(r, answer);
	}
	answer->error = errno;
}

/*
 * In the coordinator, with what came of it.
 */

static void tell_details(const struct actor *a)
{
	const struct answer *answer = &a->answer;

	switch ((enum call)a->request.call) {
	case RECEIVE:
		tell(" priority %ld #%08x", answer->type, answer->hash);
		break;
	case ATTRIBUTES:
	case SET:
		tell(" flags %lo, %ld times %ld, %ld there", answer->numbers[0], answer->numbers[1], answer->numbers[2],
		     answer->numbers[3]);
		break;
	case POLL:
		tell(" events %lx", answer->numbers[0]);
		break;
	default:
		break;
	}
}

static void keep(const struct actor *a)
{
	const struct request *r = &a->request;

	switch ((enum call)r->call) {
	case OPEN:
		places[a->index][r->slot] = (struct place){ true, (int)r->key, (int)r->type };
		linked[r->key] = true;
		break;
	case CLOSE:
		if (r->slot >= 0)
			places[a->index][r->slot].open = false;
		break;
	case UNLINK:
		linked[r->key] = false;
		break;
	default:
		break;
	}
}

static void tell_answer(const struct actor *a)
{
	static const char *const done[] = { "mq_open", "mq_close", "mq_unlink", "mq_send", "mq_receive", "mq_getattr", "mq_setattr",
					    "mq_notify", "poll" };
	const struct answer *answer = &a->answer;

	tell("%s", outcome(answer));
	if (answer->value >= 0) {
		tell_details(a);
		keep(a);
	}
	tell("%s\n", answer->overrun ? " OVERRUN" : "");
	reached(answer->value < 0 ? error_name(answer->error) : done[a->request.call]);
}

static void enter(void)
{
	memset(taken, UNTOUCHED, sizeof(taken));
}

static void restarted(const struct actor *a)
{
	memset(places[a->index], 0, sizeof(places[0]));
}

static int live(void)
{
	int i, count = 0;

	for (i = 0; i < NAMES; i++)
		count += linked[i];
	return count;
}

static void remove_all(void)
{
	char name[32];
	int i;

	for (i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "/kmq-random-%d", i);
		if (linked[i])
			mq_unlink(name);
	}
}

/* Those in the kernel's own place for them: mounted anew, it shows this namespace's. */
static int kernels(void)
{
	char path[] = "/tmp/random.XXXXXX";
	int count = -2;
	DIR *directory;

	if (!mkdtemp(path) || mount("mqueue", path, "mqueue", 0, NULL))
		return -1;
	directory = opendir(path);
	while (directory && readdir(directory))
		count++;
	if (directory)
		closedir(directory);
	umount(path);
	rmdir(path);
	return count;
}

static const char *const required[] = {
	"mq_open", "mq_close", "mq_unlink", "mq_send", "mq_receive", "mq_getattr", "mq_setattr", "mq_notify", "poll", "notice",
	"sleep", "woken", "EAGAIN", "ETIMEDOUT", "EACCES", "EINVAL", "EINTR", "EMSGSIZE", "EBADF", "EBUSY", "ENOENT", "EEXIST",
	NULL
};

const struct family mqueue = {
	.name = "POSIX",
	.enter = enter,
	.plan = plan,
	.perform = perform,
	.tell_answer = tell_answer,
	.restarted = restarted,
	.remove_all = remove_all,
	.live = live,
	.kernels = kernels,
	.required = required,
};
