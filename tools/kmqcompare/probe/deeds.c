// SPDX-License-Identifier: GPL-2.0-only
/* The inner side of a puppet: it waits for a task, does it, and says what came of it. */
#include "puppet_private.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/futex.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NOBODY	65534

static struct puppet *self;

enum phase phase_of(const struct puppet *puppet)
{
	return __atomic_load_n(&puppet->phase, __ATOMIC_ACQUIRE);
}

void phase_set(struct puppet *puppet, enum phase phase)
{
	__atomic_store_n(&puppet->phase, phase, __ATOMIC_RELEASE);
	syscall(SYS_futex, &puppet->phase, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void phase_wait(const struct puppet *puppet, enum phase phase, int ms)
{
	struct timespec limit = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l };

	if (phase_of(puppet) == phase)
		syscall(SYS_futex, &puppet->phase, FUTEX_WAIT, phase, ms < 0 ? NULL : &limit, NULL,
			0);
}

struct end end_closed(struct object *object)
{
	struct end end = { .object = object };

	for (size_t i = 0; i < sizeof(end.fd) / sizeof(*end.fd); i++)
		end.fd[i] = -1;
	return end;
}

/* For what a mechanism has no call for. */
static int has_none(struct end *end, const char *what)
{
	end_says(end, "(there is no call to %s)", what);
	errno = ENOSYS;
	return -1;
}

static const struct subject *subject_of(const struct puppet *puppet)
{
	return puppet->cell->subject;
}

static struct object *object_of(const struct puppet *puppet)
{
	return &puppet->cell->objects[puppet->task.object];
}

static long let_go(struct puppet *puppet, struct end *end)
{
	if (!puppet->open[puppet->task.object])
		return 0;
	puppet->open[puppet->task.object] = false;
	if (subject_of(puppet)->detach)
		subject_of(puppet)->detach(end);
	return 0;
}

/* Makes an end anew; what was open is let go before. */
static struct end *fresh_end(struct puppet *puppet, struct end *end)
{
	let_go(puppet, end);
	*end = end_closed(object_of(puppet));
	return end;
}

static long opened(struct puppet *puppet, long result)
{
	puppet->open[puppet->task.object] = result >= 0;
	return result;
}

static long do_create(struct puppet *puppet, struct end *end)
{
	struct object *object = object_of(puppet);
	long result;

	puppet->cell->touched[puppet->task.object] = true;
	result = opened(puppet, subject_of(puppet)->create(fresh_end(puppet, end), object));
	if (result >= 0 && !object->creator)
		object->creator = getpid();
	return result;
}

static long do_attach(struct puppet *puppet, struct end *end)
{
	const struct subject *subject = subject_of(puppet);

	if (!subject->attach)
		return has_none(end, "attach to it");
	return opened(puppet, subject->attach(fresh_end(puppet, end), object_of(puppet),
					      puppet->task.way));
}

static long do_borrow(struct puppet *puppet, struct end *end)
{
	const struct subject *subject = subject_of(puppet);

	if (!subject->borrow)
		return has_none(end, "borrow it by a descriptor");
	return opened(puppet, subject->borrow(fresh_end(puppet, end), object_of(puppet),
					      puppet->task.way));
}

static long do_remove(struct puppet *puppet, struct end *end)
{
	if (!subject_of(puppet)->remove)
		return has_none(end, "remove it");
	return subject_of(puppet)->remove(end, object_of(puppet));
}

static long do_drained(struct puppet *puppet, struct end *end)
{
	if (!subject_of(puppet)->drained)
		return let_go(puppet, end);
	subject_of(puppet)->drained(end);
	return 0;
}

static long do_keep(struct puppet *puppet, struct end *end)
{
	return subject_of(puppet)->keep ? subject_of(puppet)->keep(end, puppet->task.way) : 0;
}

/* Room for the longest body; a process needs one at a time. */
static void *body_room(void)
{
	static void *room;

	if (!room)
		room = malloc(PARCEL_MAX);
	return room;
}

static struct parcel parcel_of(const struct task *task)
{
	return (struct parcel){
		.body = body_room(),
		.size = task->size,
		.type = task->type,
		.priority = task->priority,
		.patience = task->patience,
		.wait_ms = task->wait_ms,
		.sender_uid = -1,
	};
}

static long do_send(struct puppet *puppet, struct end *end)
{
	struct parcel parcel = parcel_of(&puppet->task);

	parcel_fill(parcel.body, parcel.size, puppet->task.seed);
	return subject_of(puppet)->send(end, &parcel);
}

static long do_half_send(struct puppet *puppet, struct end *end)
{
	struct parcel parcel = parcel_of(&puppet->task);

	if (!subject_of(puppet)->half_send)
		return has_none(end, "send a half");
	parcel_fill(parcel.body, parcel.size, puppet->task.seed);
	return subject_of(puppet)->half_send(end, &parcel);
}

static long do_receive(struct puppet *puppet, struct end *end)
{
	struct parcel parcel = parcel_of(&puppet->task);
	struct outcome_of_task *outcome = &puppet->outcome;
	long result;

	/* What was there before must not pass for what came. */
	memset(parcel.body, 0, parcel.size);
	result = subject_of(puppet)->receive(end, &parcel);
	outcome->sender_pid = parcel.sender_pid;
	outcome->sender_uid = parcel.sender_uid;
	outcome->full_size = parcel.full_size;
	outcome->lost = parcel.lost;
	if (result > 0)
		parcel_look(parcel.body, result, outcome);
	return result;
}

static long do_poll(struct puppet *puppet, struct end *end)
{
	enum way way = puppet->task.way;
	struct pollfd ready = { .fd = -1, .events = way == WAY_SEND ? POLLOUT : POLLIN };
	int result;

	if (subject_of(puppet)->poll_fd)
		ready.fd = subject_of(puppet)->poll_fd(end, way);
	if (ready.fd < 0)
		return has_none(end, "poll it: no descriptor");
	end->call[0] = '\0';
	end_says(end, "poll({%d, %s}, %d%s)", ready.fd, way == WAY_SEND ? "POLLOUT" : "POLLIN",
		 (int)puppet->task.wait_ms, (int)puppet->task.wait_ms < 0 ? "" : " ms");
	result = poll(&ready, 1, puppet->task.wait_ms);
	puppet->outcome.value = ready.revents;
	return result;
}

static long do_lock(struct puppet *puppet, struct end *end)
{
	const struct task *task = &puppet->task;

	if (!subject_of(puppet)->lock)
		return has_none(end, "lock");
	return subject_of(puppet)->lock(end, task->lock, task->patience, task->wait_ms);
}

static long do_unlock(struct puppet *puppet, struct end *end)
{
	if (!subject_of(puppet)->unlock)
		return has_none(end, "unlock");
	return subject_of(puppet)->unlock(end, puppet->task.lock);
}

static long do_load(struct puppet *puppet, struct end *end)
{
	if (!subject_of(puppet)->load)
		return has_none(end, "load a number");
	return subject_of(puppet)->load(end, &puppet->outcome.value);
}

static long do_store(struct puppet *puppet, struct end *end)
{
	if (!subject_of(puppet)->store)
		return has_none(end, "store a number");
	return subject_of(puppet)->store(end, puppet->task.value);
}

/* As one who logged in: no other group, and its own /proc/PID belongs to it. */
static long do_become_user(struct puppet *puppet, struct end *end)
{
	const struct passwd *user = getpwnam("user");
	uid_t uid = user ? user->pw_uid : NOBODY;
	gid_t gid = user ? user->pw_gid : NOBODY;

	end_says(end, "setresuid(%u, %u, %u)", uid, uid, uid);
	if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		return -1;
	prctl(PR_SET_DUMPABLE, 1);
	return 0;
}

static long do_function(struct puppet *puppet, struct end *end)
{
	return puppet->task.function(end, puppet->task.argument);
}

static long do_exit(struct puppet *puppet, struct end *end)
{
	_exit(0);
}

static long do_fork(struct puppet *puppet, struct end *end)
{
	struct puppet *child = puppet->task.argument;
	pid_t pid;

	end_says(end, "fork()");
	memcpy(child->ends, puppet->ends, sizeof(child->ends));
	memcpy(child->open, puppet->open, sizeof(child->open));
	pid = fork();
	if (!pid)
		puppet_live_on(child);
	return pid;
}

static long do_detach(struct puppet *puppet, struct end *end)
{
	return let_go(puppet, end);
}

static long (*const deeds[])(struct puppet *puppet, struct end *end) = {
	[DEED_CREATE] = do_create,
	[DEED_ATTACH] = do_attach,
	[DEED_BORROW] = do_borrow,
	[DEED_DETACH] = do_detach,
	[DEED_REMOVE] = do_remove,
	[DEED_SEND] = do_send,
	[DEED_RECEIVE] = do_receive,
	[DEED_DRAINED] = do_drained,
	[DEED_POLL] = do_poll,
	[DEED_LOCK] = do_lock,
	[DEED_UNLOCK] = do_unlock,
	[DEED_LOAD] = do_load,
	[DEED_STORE] = do_store,
	[DEED_HALF_SEND] = do_half_send,
	[DEED_BECOME_USER] = do_become_user,
	[DEED_FUNCTION] = do_function,
	[DEED_EXIT] = do_exit,
	[DEED_KEEP] = do_keep,
	[DEED_FORK] = do_fork,
};

static double ms_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static void perform(struct puppet *puppet)
{
	struct end *end = &puppet->ends[puppet->task.object];
	struct outcome_of_task *outcome = &puppet->outcome;
	double exact, ticking;

	memset(outcome, 0, sizeof(*outcome));
	outcome->sender_uid = -1;
	end->call[0] = '\0';
	exact = ms_of(CLOCK_MONOTONIC);
	ticking = ms_of(CLOCK_MONOTONIC_COARSE);
	errno = 0;
	outcome->result = deeds[puppet->task.deed](puppet, end);
	outcome->error = outcome->result < 0 ? errno : 0;
	outcome->elapsed_ms = ms_of(CLOCK_MONOTONIC) - exact;
	outcome->ticking_ms = ms_of(CLOCK_MONOTONIC_COARSE) - ticking;
	memcpy(outcome->call, end->call, sizeof(outcome->call));
}

static void note_sigpipe(int signal)
{
	self->sigpipe = true;
}

void puppet_live_on(struct puppet *puppet)
{
	struct sigaction action = { .sa_handler = note_sigpipe };

	self = puppet;
	sigaction(SIGPIPE, &action, NULL);
	setsid();
	puppet->pid = getpid();
	for (phase_set(puppet, PHASE_IDLE);; phase_set(puppet, PHASE_IDLE)) {
		while (phase_of(puppet) == PHASE_IDLE)
			phase_wait(puppet, PHASE_IDLE, -1);
		phase_set(puppet, PHASE_DOING);
		perform(puppet);
	}
}

/* Libraries that write to standard error are no evidence, and would disturb the matrix. */
static void be_silent(void)
{
	int nowhere = open("/dev/null", O_RDWR);

	for (int fd = 0; nowhere >= 0 && fd < 3; fd++)
		dup2(nowhere, fd);
	close_range(3, ~0u, 0);
}

void puppet_live(struct puppet *puppet)
{
	be_silent();
	for (unsigned int i = 0; i < OBJECTS; i++)
		puppet->ends[i] = end_closed(&puppet->cell->objects[i]);
	puppet_live_on(puppet);
}
