// SPDX-License-Identifier: GPL-2.0-only
/*
 * Actors: processes and threads under command.
 *
 * That somebody sleeps is not guessed from time gone by. An actor says by a word that
 * it is in the call; then /proc has to show it in interruptible sleep twice, with
 * the same count of switches, so that it did not run between. What wakes it makes it
 * runnable before the waker's call returns, so the same look says that it was *not*
 * woken. Between two looks the claim waits for the actor's end, a millisecond at most.
 */
#include <fcntl.h>
#include <grp.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

enum { MOST_ACTORS = 16, LEAVE = 0x80000000u };

static struct actor *actors[MOST_ACTORS];
static pthread_t threads[MOST_ACTORS];
static int actor_count;

/* syscall() is one of the calls under test, and a lying one must not mislead the frame. */
static long futex(volatile uint32_t *word, int operation, uint32_t value,
		  const struct timespec *timeout)
{
	register long r10 __asm__("r10") = (long)timeout;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"((long)SYS_futex), "D"(word), "S"((long)operation),
			   "d"((long)value), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}

static void set_word(volatile uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
	futex(word, FUTEX_WAKE, INT32_MAX, NULL);
}

static uint32_t get_word(volatile uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

long patience(void)
{
	const char *seconds = getenv("TWICE_PATIENCE");

	return seconds ? atol(seconds) : 60;
}

static long patience_ms(void)
{
	return patience() * 1000;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the word is not @value, or @ms have passed. */
static void wait_word(volatile uint32_t *word, uint32_t value, long ms)
{
	struct timespec timeout = { ms / 1000, ms % 1000 * 1000000 };

	if (get_word(word) == value)
		futex(word, FUTEX_WAIT, value, &timeout);
}

bool await_word(int index, uint32_t value)
{
	long end = now_ms() + patience_ms();
	uint32_t is;

	while ((is = get_word(&our->word[index])) != value) {
		if (now_ms() > end)
			return false;
		wait_word(&our->word[index], is, 100);
	}
	return true;
}

void post_word(int index, uint32_t value)
{
	set_word(&our->word[index], value);
}

static void serve(struct actor *a)
{
	uint32_t work;

	self = a;
	while (1) {
		while ((work = get_word(&a->work)) == get_word(&a->ended))
			wait_word(&a->work, work, 1000);
		if (work == LEAVE)
			return;
		a->run(a->argument);
		set_word(&a->ended, work);
	}
}

static struct actor *new_actor(void)
{
	struct actor *a = mmap(NULL, sizeof(*a), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (a == MAP_FAILED || actor_count == MOST_ACTORS)
		abort();
	snprintf(a->name, sizeof(a->name), "%c", 'A' + actor_count);
	a->slot = true;
	actors[actor_count++] = a;
	return a;
}

static void become(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid))
		_exit(2);
}

static struct actor *start_process(bool change, uid_t uid, gid_t gid)
{
	struct actor *a = new_actor();
	pid_t pid = fork();

	if (pid < 0)
		abort();
	if (!pid) {
		a->tid = a->pid = getpid();
		if (change)
			become(uid, gid);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(a);
		_exit(0);
	}
	a->tid = a->pid = pid;
	return a;
}

struct actor *actor(void)
{
	return start_process(false, 0, 0);
}

struct actor *actor_as(uid_t uid, gid_t gid)
{
	return start_process(true, uid, gid);
}

static void *serve_thread(void *a)
{
	((struct actor *)a)->tid = gettid();
	serve(a);
	return NULL;
}

static void nothing(const long *unused)
{
}

/* Thread or process, it has run once when it is handed out: what starts it late is over. */
struct actor *actor_thread(void)
{
	struct actor *a = new_actor();

	a->thread = true;
	a->pid = getpid();
	if (pthread_create(&threads[actor_count - 1], NULL, serve_thread, a))
		abort();
	actor_run(a, nothing, 0);
	return a;
}

void actor_start(struct actor *a, void (*run)(const long *), const long *numbers)
{
	if (get_word(&a->work) != get_word(&a->ended))
		abort();
	a->run = run;
	memcpy(a->argument, numbers, sizeof(a->argument));
	a->told = 0;
	a->value = 0;
	a->error = 0;
	set_word(&a->work, get_word(&a->work) + 1);
}

static void show(struct actor *a)
{
	char *at = a->text, *end = a->text + a->told, *line;

	for (; at < end; at = line + 1) {
		line = memchr(at, '\n', end - at);
		if (!line)
			break;
		tell("%s: %.*s", a->name, (int)(line - at), at);
	}
	a->told = 0;
}

static bool died(struct actor *a)
{
	int status;

	if (a->thread || waitpid(a->pid, &status, WNOHANG) != a->pid)
		return false;
	a->gone = true;
	show(a);
	tell("%s died, status %d", a->name, status);
	not_as_pinned();
	return true;
}

/* Who does not come back spoils all that follows. */
_Noreturn static void give_up(struct actor *a, const char *why)
{
	show(a);
	tell("%s %s", a->name, why);
	not_as_pinned();
	finish(1);
}

void actor_done(struct actor *a)
{
	uint32_t work = get_word(&a->work), ended;
	long end = now_ms() + patience_ms();

	while ((ended = get_word(&a->ended)) != work) {
		wait_word(&a->ended, ended, 100);
		if (get_word(&a->ended) == work)
			break;
		if (died(a))
			finish(1);
		if (now_ms() > end)
			give_up(a, "does not come back");
	}
	show(a);
}

void actor_gives(struct actor *a, long long value)
{
	char want[32];

	actor_done(a);
	snprintf(want, sizeof(want), "%lld", value);
	pin_result(a, want);
}

void actor_failed(struct actor *a, const char *error)
{
	actor_done(a);
	pin_result(a, error);
}

static char look(struct actor *a, unsigned long *switches)
{
	char path[64], text[4096], state = '?', *at;
	unsigned long forced = 0, own = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", a->pid, a->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return '?';
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return '?';
	text[n] = 0;
	at = strstr(text, "\nState:\t");
	if (at)
		state = at[8];
	at = strstr(text, "\nvoluntary_ctxt_switches:\t");
	if (at)
		own = strtoul(at + 26, NULL, 10);
	at = strstr(text, "\nnonvoluntary_ctxt_switches:\t");
	if (at)
		forced = strtoul(at + 29, NULL, 10);
	*switches = own + forced;
	return state;
}

/* Waits until it is in @state for good, in a call. */
static bool settled(struct actor *a, char state)
{
	uint32_t work = get_word(&a->work), ended;
	unsigned long first = 0, second = 0;
	long end = now_ms() + patience_ms();

	while ((ended = get_word(&a->ended)) != work) {
		bool in = __atomic_load_n(&a->in_call, __ATOMIC_SEQ_CST);

		if (in && look(a, &first) == state) {
			wait_word(&a->ended, ended, 1);
			if (get_word(&a->ended) == ended &&
			    __atomic_load_n(&a->in_call, __ATOMIC_SEQ_CST) &&
			    look(a, &second) == state && first == second)
				return true;
		} else {
			wait_word(&a->ended, ended, 1);
		}
		if (died(a))
			finish(1);
		if (now_ms() > end)
			give_up(a, "neither sleeps nor comes back");
	}
	return false;
}

void actor_asleep(struct actor *a)
{
	if (settled(a, 'S')) {
		tell("%s sleeps", a->name);
		return;
	}
	show(a);
	tell("%s does NOT sleep", a->name);
	not_as_pinned();
	finish(1);
}

void actor_stopped(struct actor *a)
{
	if (settled(a, 'T')) {
		tell("%s is stopped", a->name);
		return;
	}
	tell("%s is NOT stopped", a->name);
	not_as_pinned();
}

pid_t actor_pid(const struct actor *a)
{
	return a->pid;
}

void actor_signal(struct actor *a, int signal)
{
	if (a->thread)
		tgkill(a->pid, a->tid, signal);
	else
		kill(a->pid, signal);
}

static void reap(struct actor *a)
{
	while (waitpid(a->pid, NULL, 0) < 0 && errno == EINTR)
		;
	a->gone = true;
}

void actor_end(struct actor *a)
{
	int i;

	if (a->gone)
		return;
	set_word(&a->work, LEAVE);
	if (!a->thread) {
		reap(a);
		return;
	}
	for (i = 0; actors[i] != a; i++)
		;
	pthread_join(threads[i], NULL);
	a->gone = true;
}

void actor_kill(struct actor *a)
{
	if (a->gone)
		return;
	kill(a->pid, SIGKILL);
	reap(a);
}

bool actors_failed(void)
{
	bool failed = false;
	int i;

	for (i = 0; i < actor_count; i++)
		failed |= actors[i]->failures;
	return failed;
}

/* A thread that still is in its call ends with the process. */
void actors_end(void)
{
	int i;

	for (i = 0; i < actor_count; i++)
		if (!actors[i]->thread)
			actor_kill(actors[i]);
}

const char *role(pid_t pid)
{
	int i;

	if (!pid)
		return "nobody";
	for (i = 0; i < actor_count; i++)
		if (!actors[i]->thread && actors[i]->pid == pid)
			return actors[i]->name;
	return pid == getpid() ? "claim" : "?";
}
