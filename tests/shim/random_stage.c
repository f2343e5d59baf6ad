// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stage of the random differential test: a coordinator and four actors.
 *
 * The coordinator gives an actor a call and goes on when everybody is quiet: each actor
 * has answered or sleeps in its call. Nothing is polled for that. All are bound to one
 * processor under SCHED_FIFO, the actors above the coordinator: while any of them can
 * run, the coordinator does not, and when it is back from the futex call that gave the
 * work, there is nobody left to wait for. One look at /proc then tells a call's sleep from
 * another (of the allocator, say), which is waited out.
 *
 * So the order in which things happen is that of the steps, and who was woken has
 * answered before the next step begins: two runs of one seed tell the same if the calls do.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "random.h"

enum { ABOVE = 2, BELOW = 1, NOTICE_SIGNAL = 40, MOST_ROLES = 4096 };

struct actor *actors[ACTORS];
time_t step_begun, step_quiet;

static const struct family *family;
static struct actor *self;

static struct {
	pid_t pid;
	char name[24];
} roles[MOST_ROLES];
static unsigned int role_count;

static struct {
	const char *what;
	unsigned int times;
} tally[64];

unsigned int chosen(struct chance *chance, unsigned int count)
{
	uint64_t z = chance->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % count;
}

bool percent(struct chance *chance, unsigned int share)
{
	return chosen(chance, 100) < share;
}

/* Never through libc's syscall(), which is one of the calls under test. */
static long futex(uint32_t *word, int operation, uint32_t value, const struct timespec *timeout)
{
	register long r10 __asm__("r10") = (long)timeout;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"((long)SYS_futex), "D"(word), "S"((long)operation), "d"((long)value), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}

static uint32_t get(uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static void set(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
	futex(word, FUTEX_WAKE, 1, NULL);
}

_Noreturn static void give_up(const char *why)
{
	fflush(stdout);
	fprintf(stderr, "random: %s: %s\n", why, strerror(errno));
	exit(2);
}

static void schedule(int priority)
{
	struct sched_param parameter = { .sched_priority = priority };

	if (sched_setscheduler(0, SCHED_FIFO, &parameter))
		give_up("SCHED_FIFO");
}

void tell(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vprintf(format, list);
	va_end(list);
}

const char *error_name(int error)
{
	const char *name = strerrorname_np(error);

	return name && error ? name : "no errno";
}

const char *outcome(const struct answer *answer)
{
	static char text[32];

	if (answer->value == -1)
		return error_name(answer->error);
	snprintf(text, sizeof(text), "%lld", answer->value);
	return text;
}

void reached(const char *what)
{
	unsigned int i;

	for (i = 0; i < sizeof(tally) / sizeof(tally[0]); i++) {
		if (!tally[i].what)
			tally[i].what = what;
		if (tally[i].what == what || !strcmp(tally[i].what, what)) {
			tally[i].times++;
			return;
		}
	}
}

/* In words, as is the hash: emulated, bytes would take longer than the calls. */
void compose(char *body, size_t size, unsigned int step)
{
	uint64_t word = step * 0x9e3779b97f4a7c15;
	size_t i;

	for (i = 0; i + sizeof(word) <= size; i += sizeof(word), word++)
		memcpy(body + i, &word, sizeof(word));
	memcpy(body + i, &word, size - i);
}

static uint32_t hash_of(const char *body, size_t size)
{
	uint64_t hash = size, word;
	size_t i;

	for (i = 0; i + sizeof(word) <= size; i += sizeof(word)) {
		memcpy(&word, body + i, sizeof(word));
		hash = (hash ^ word) * 0x100000001b3;
	}
	word = 0;
	memcpy(&word, body + i, size - i);
	return (uint32_t)((hash ^ word) * 0x9e3779b97f4a7c15 >> 32);
}

void take_up(char *body, ssize_t n, struct answer *answer)
{
	int i;

	if (n < 0)
		n = 0;
	answer->hash = hash_of(body, n);
	for (i = 0; i < BEHIND; i++)
		answer->overrun |= body[n + i] != (char)UNTOUCHED;
	memset(body, UNTOUCHED, n + BEHIND);
}

uid_t uid_of(const struct actor *a)
{
	return a->index < 2 ? ANN : BOB;
}

/* D is in ANN's group, too, and B in one more. */
static gid_t also_in(const struct actor *a)
{
	return a->index == 3 ? ANN : a->index == 1 ? CROWD : 0;
}

bool in_group(const struct actor *a, gid_t gid)
{
	return gid && (gid == uid_of(a) || gid == also_in(a));
}

/* A number used anew is its last owner's. */
static void has_role(pid_t pid, const char *format, const struct actor *a)
{
	char name[24];

	if (role_count == MOST_ROLES)
		give_up("roles");
	snprintf(name, sizeof(name), "%c%u", 'A' + a->index, a->generation);
	roles[role_count].pid = pid;
	snprintf(roles[role_count++].name, sizeof(name), format, name);
}

const char *role(pid_t pid)
{
	unsigned int i;

	if (!pid)
		return "nobody";
	for (i = role_count; i--;)
		if (roles[i].pid == pid)
			return roles[i].name;
	return "?";
}

/*
 * In the actors.
 */

static void take_notice(int signal, siginfo_t *info, void *unused)
{
	struct notice *notice = &self->notices[self->noticed % 8];

	notice->code = info->si_code;
	notice->value = info->si_value.sival_int;
	notice->pid = info->si_pid;
	notice->uid = info->si_uid;
	self->noticed++;
}

static void interrupted(int signal)
{
}

/* A and C have their calls restarted, where the call allows it. */
static void handle_signals(void)
{
	struct sigaction action = { .sa_handler = interrupted };

	if (self->index % 2 == 0)
		action.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &action, NULL);
	action.sa_flags |= SA_SIGINFO;
	action.sa_sigaction = take_notice;
	sigaction(NOTICE_SIGNAL, &action, NULL);
}

static void become(void)
{
	gid_t group = also_in(self);
	uid_t uid = uid_of(self);

	if (setgroups(group ? 1 : 0, &group) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		_exit(3);
	umask(self->index % 2 ? 022 : 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void perform_forked(void)
{
	pid_t pid = fork();

	if (!pid) {
		__atomic_store_n(&self->child, getpid(), __ATOMIC_SEQ_CST);
		errno = 0;
		family->perform(&self->request, &self->answer);
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void perform(void)
{
	if (self->request.forked) {
		perform_forked();
		return;
	}
	errno = 0;
	family->perform(&self->request, &self->answer);
}

_Noreturn static void serve(void)
{
	uint32_t work;

	schedule(ABOVE);
	handle_signals();
	become();
	family->enter();
	set(&self->ready, 1);
	while (1) {
		while ((work = get(&self->work)) == get(&self->ended))
			futex(&self->work, FUTEX_WAIT, work, NULL);
		perform();
		/* Somebody waits for it only where a call ends by itself. */
		set(&self->ended, work);
	}
}

/*
 * In the coordinator.
 */

static void start_actor(struct actor *a)
{
	char path[64];
	pid_t pid;

	a->work = a->ended = a->ready = a->noticed = 0;
	a->asleep = false;
	a->generation++;
	/* What is not written yet is not the child's to write. */
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		give_up("fork");
	if (!pid) {
		self = a;
		serve();
	}
	a->pid = pid;
	while (!get(&a->ready))
		futex(&a->ready, FUTEX_WAIT, 0, NULL);
	has_role(a->pid, "%s", a);
	snprintf(path, sizeof(path), "/proc/%d/stat", a->pid);
	if (a->stat >= 0)
		close(a->stat);
	a->stat = open(path, O_RDONLY | O_CLOEXEC);
	if (a->stat < 0)
		give_up(path);
	family->restarted(a);
}

static char state_of(const struct actor *a)
{
	char text[512], *at;
	ssize_t n = pread(a->stat, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return '?';
	text[n] = 0;
	at = strrchr(text, ')');
	return at ? at[2] : '?';
}

static time_t now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec;
}

/*
 * It does not run, as the coordinator does: it has ended, or sleeps. That may be for a while
 * only, for the kernel's own sake or until a deadline. One that is missed is not waited for
 * for ever, and once: the transcripts differ by then.
 */
static bool sleeps(struct actor *a)
{
	static const struct timespec while_at_it = { 0, 1000000 };
	static bool one_was_missed;
	bool ends = a->request.ends_by_itself && !one_was_missed;
	time_t late = ends ? now() + 10 : 0;
	uint32_t ended;

	while ((ended = get(&a->ended)) != a->work) {
		char state = state_of(a);

		if (state == 'S' && (!ends || now() > late)) {
			one_was_missed |= ends;
			return true;
		}
		if (state == 'Z' || state == '?')
			give_up("an actor has died of a call");
		futex(&a->ended, FUTEX_WAIT, ended, &while_at_it);
	}
	return false;
}

static void tell_notices(struct actor *a)
{
	unsigned int i;

	for (i = 0; i < a->noticed && i < 8; i++) {
		const struct notice *n = &a->notices[i];

		tell("\t%c is notified: code %d, value %d, %s of uid %d\n", 'A' + a->index, n->code, n->value, role(n->pid), n->uid);
		reached("notice");
	}
	a->noticed = 0;
}

/* Everybody is quiet: who answered, in the order of the alphabet. */
static void collect(void)
{
	int i;

	step_quiet = time(NULL);
	for (i = 0; i < ACTORS; i++) {
		struct actor *a = actors[i];
		bool was = a->asleep;

		if (a->asleep || a->work != get(&a->ended))
			a->asleep = sleeps(a);
		else
			continue;
		if (!was && a->asleep) {
			tell("\t%c sleeps\n", 'A' + i);
			reached("sleep");
		}
	}
	for (i = 0; i < ACTORS; i++)
		tell_notices(actors[i]);
}

static void hand_over(struct actor *a)
{
	bool waiting[ACTORS];
	int i;

	for (i = 0; i < ACTORS; i++)
		waiting[i] = actors[i]->asleep;
	if (a) {
		waiting[a->index] = true;
		a->child = 0;
		memset(&a->answer, 0, sizeof(a->answer));
		set(&a->work, a->work + 1);
	}
	collect();
	if (a && a->child)
		has_role(a->child, "child of %s", a);
	for (i = 0; i < ACTORS; i++) {
		if (!waiting[i] || actors[i]->asleep)
			continue;
		tell("\t%c: ", 'A' + i);
		family->tell_answer(actors[i]);
		if (actors[i] != a)
			reached("woken");
	}
}

static void kill_and_restart(struct actor *a)
{
	tell("%c is killed%s\n", 'A' + a->index, a->asleep ? " asleep" : "");
	kill(a->pid, SIGKILL);
	while (waitpid(a->pid, NULL, 0) < 0 && errno == EINTR)
		;
	/* It owes no answer any more. */
	a->asleep = false;
	a->work = a->ended;
	hand_over(NULL);
	start_actor(a);
}

static void interrupt(struct actor *a)
{
	tell("%c gets a signal\n", 'A' + a->index);
	kill(a->pid, SIGUSR1);
	hand_over(NULL);
}

static void stop_and_continue(struct actor *a)
{
	tell("%c is stopped and continued\n", 'A' + a->index);
	kill(a->pid, SIGSTOP);
	kill(a->pid, SIGCONT);
	hand_over(NULL);
}

/* The actor chosen, or the next who is awake. */
static struct actor *awake(int first)
{
	int i;

	for (i = 0; i < ACTORS; i++)
		if (!actors[(first + i) % ACTORS]->asleep)
			return actors[(first + i) % ACTORS];
	return NULL;
}

static void disturb(struct actor *a, struct chance *chance)
{
	unsigned int what = chosen(chance, 10);

	if (what < 6)
		interrupt(a);
	else if (what < 8)
		stop_and_continue(a);
	else
		kill_and_restart(a);
}

static void play(unsigned int step, struct chance *chance)
{
	int first = chosen(chance, ACTORS);
	struct actor *a = awake(first);

	step_begun = time(NULL);
	tell("%u ", step);
	if (!a || (actors[first]->asleep && percent(chance, 12))) {
		disturb(actors[first], chance);
		return;
	}
	if (percent(chance, 1)) {
		kill_and_restart(a);
		return;
	}
	memset(&a->request, 0, sizeof(a->request));
	a->request.step = step;
	a->request.forked = percent(chance, 1);
	a->request.sleeps_are_allowed = !a->request.forked;
	tell("%c%s ", 'A' + a->index, a->request.forked ? "'s child" : "");
	family->plan(a, chance);
	hand_over(a);
}

static void take_the_stage(void)
{
	cpu_set_t set_of_one;
	int i;

	CPU_ZERO(&set_of_one);
	CPU_SET(sched_getcpu(), &set_of_one);
	if (sched_setaffinity(0, sizeof(set_of_one), &set_of_one))
		give_up("sched_setaffinity");
	schedule(BELOW);
	for (i = 0; i < ACTORS; i++) {
		actors[i] = mmap(NULL, sizeof(struct actor), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (actors[i] == MAP_FAILED)
			give_up("mmap");
		actors[i]->index = i;
		actors[i]->stat = -1;
		start_actor(actors[i]);
	}
}

static void leave_the_stage(void)
{
	int i;

	for (i = 0; i < ACTORS; i++) {
		kill(actors[i]->pid, SIGKILL);
		while (waitpid(actors[i]->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	family->remove_all();
}

/* To the driver, not into the transcript. */
static void say_what_was_reached(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(tally) / sizeof(tally[0]) && tally[i].what; i++)
		fprintf(stderr, "%s %u\n", tally[i].what, tally[i].times);
}

/* The queues made under the shim are not the kernel's. */
static void check_use(void)
{
	int own = family->kernels();

	if (!own)
		return;
	fprintf(stderr, "random: %d queues are the kernel's own\n", own);
	exit(3);
}

void run_stage(const struct family *of, uint64_t seed, unsigned int steps, const unsigned char *left_out,
	       bool prove_use)
{
	bool proven = false;
	unsigned int i;

	family = of;
	take_the_stage();
	for (i = 0; i < steps; i++) {
		struct chance chance = { seed * 0x100000001b3 + i * 0xd1342543de82ef95 };

		if (left_out && left_out[i])
			continue;
		play(i, &chance);
		if (prove_use && !proven && family->live()) {
			check_use();
			proven = true;
		}
	}
	if (prove_use)
		check_use();
	leave_the_stage();
	say_what_was_reached();
	fflush(stdout);
	exit(0);
}
