// SPDX-License-Identifier: GPL-2.0-only
/* Claims: System V queues beside fork, exec, threads, signals and closed descriptors; svipc(7), fork(2). */
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sysv.h"

static void answer_in_child(void)
{
	GIVES(4, hear(our->id, 1, 0));
	GIVES(0, say(our->id, 2, "pong", 0));
	HOLDS(stat_of(our->id).msg_lspid == getpid());
}

/* svipc(7) Message queues: an identifier is the system's, so a child's, too. */
CLAIM(fork_child_uses_the_id)
{
	our->id = queue();
	GIVES(0, say(our->id, 1, "ping", 0));
	child_done(child(answer_in_child));
	GIVES(4, hear(our->id, 2, 0));
	got(2, "pong");
}

ACTION(answer_after_exec)
{
	int id = (int)argument(0);

	HOLDS(msgget(KEY, 0) == id);
	GIVES(4, hear(id, 1, 0));
	GIVES(0, say(id, 2, "pong", 0));
}

static void exec_in_child(void)
{
	exec_self("answer_after_exec", our->id, 0);
}

/* svipc(7) Message queues: an identifier is the system's, so it means the same after execve(2). */
CLAIM(exec_child_uses_the_id)
{
	our->id = mine(ID(msgget(KEY, IPC_CREAT | 0600)));
	GIVES(0, say(our->id, 1, "ping", 0));
	child_done(child(exec_in_child));
	GIVES(4, hear(our->id, 2, 0));
	got(2, "pong");
}

/* svipc(7) Message queues: a queue needs no descriptor; close_range(2) of all takes nothing from it. */
CLAIM(close_range_of_all_loses_nothing)
{
	int id = queue();

	GIVES(0, say(id, 1, "before", 0));
	GIVES(0, close_range(3, ~0u, 0));
	GIVES(0, say(id, 2, "after", 0));
	GIVES(0, close_range(3, ~0u, 0));
	GIVES(6, hear(id, 0, 0));
	got(1, "before");
	GIVES(0, close_range(3, ~0u, 0));
	HOLDS(stat_of(id).msg_qnum == 1);
	GIVES(0, close_range(3, ~0u, 0));
	queue();
	GIVES(5, hear(id, 0, 0));
	got(2, "after");
}

/* Free for who must open something; all other numbers are the program's. */
static bool spared(int fd)
{
	return fd >= 20 && fd < 30;
}

/* msgop(2) DESCRIPTION msgsnd: a message goes to the queue; descriptors of the program, of any number, get none. */
CLAIM(closefrom_then_open_is_not_written_to)
{
	int id = queue(), i, fd, closed = 0;

	GIVES(0, say(id, 1, "before", 0));
	closefrom(3);
	fd = memfd_create("the program's own", 0);
	HOLDS(fd == 3);
	for (i = 4; i < 1024; i++)
		if (!spared(i))
			dup2(fd, i);
	GIVES(0, say(id, 2, "after", 0));
	GIVES(6, hear(id, 0, 0));
	GIVES(5, hear(id, 0, 0));
	for (i = 3; i < 1024; i++)
		closed += !spared(i) && fcntl(i, F_GETFD) < 0;
	HOLDS(closed == 0);
	GIVES(0, lseek(fd, 0, SEEK_END));
	GIVES(0, set_mode(id, 0640));
	GIVES(0, lseek(fd, 0, SEEK_END));
	closefrom(3);
}

/* A terminal whose other end is gone says EIO to whatever is asked of it. */
static int hung_up_terminal(void)
{
	int other, unlocked = 0, terminal;

	GIVES(0, unshare(CLONE_NEWNS));
	GIVES(0, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	GIVES(0, mount("devpts", "/sys", "devpts", 0, "newinstance,ptmxmode=0666"));
	other = open("/sys/ptmx", O_RDWR | O_NOCTTY);
	GIVES(0, ioctl(other, TIOCSPTLCK, &unlocked));
	terminal = ioctl(other, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	HOLDS(terminal >= 0);
	close(other);
	FAILS(EIO, ioctl(terminal, FIONREAD, &unlocked));
	return terminal;
}

/* msgop(2) DESCRIPTION: what a call says is said of the queue; a terminal that was hung up has no part in it, at any number. */
CLAIM(a_hung_up_terminal_at_any_number_says_nothing)
{
	int id = queue(), terminal, i;

	NEEDS(CAP_SYS_ADMIN);
	GIVES(0, say(id, 1, "before", 0));
	terminal = hung_up_terminal();
	for (i = 30; i < 1024; i++)
		dup2(terminal, i);
	GIVES(0, say(id, 2, "after", 0));
	for (i = 30; i < 1024; i++)
		dup2(terminal, i);
	GIVES(6, hear(id, 0, 0));
	for (i = 30; i < 1024; i++)
		dup2(terminal, i);
	HOLDS(stat_of(id).msg_qnum == 1);
	closefrom(30);
}

/* syscall(2) DESCRIPTION: the numbers of the four calls do what the functions do. */
CLAIM(syscall_SYS_msg_all_four)
{
	struct msqid_ds ds;
	int id = mine(ID((int)syscall(SYS_msgget, KEY, IPC_CREAT | 0600)));

	HOLDS(ID(msgget(KEY, 0)) == id);
	FAILS(EEXIST, syscall(SYS_msgget, KEY, IPC_CREAT | IPC_EXCL | 0600));
	out.type = 4;
	memcpy(out.text, "raw", 3);
	GIVES(0, syscall(SYS_msgsnd, id, &out, 3ul, 0));
	FAILS(EINVAL, syscall(SYS_msgsnd, id, &out, -1l, 0));
	holds_messages(id, 1, 3);
	memset(in.text, UNTOUCHED, sizeof(in.text));
	GIVES(3, syscall(SYS_msgrcv, id, &in, 100ul, 0l, IPC_NOWAIT));
	got(4, "raw");
	FAILS(ENOMSG, syscall(SYS_msgrcv, id, &in, 100ul, 0l, IPC_NOWAIT));
	GIVES(0, syscall(SYS_msgctl, id, IPC_STAT, &ds));
	HOLDS(ds.msg_perm.__key == KEY && ds.msg_lspid == getpid());
	HOLDS(syscall(SYS_getpid) == getpid());
	GIVES(0, syscall(SYS_msgctl, id, IPC_RMID, NULL));
	FAILS(EINVAL, syscall(SYS_msgctl, id, IPC_STAT, &ds));
}

/* vfork(2) DESCRIPTION: a child in its parent's memory; what it did, parent and queue know. */
CLAIM(vfork_child)
{
	int id = queue(), status = -1;
	pid_t pid;

	out.type = 1;
	memcpy(out.text, "v", 1);
	pid = vfork();
	if (!pid)
		_exit(msgsnd(id, &out, 1, IPC_NOWAIT) ? 1 : 0);
	HOLDS(waitpid(pid, &status, 0) == pid);
	HOLDS(status == 0);
	GIVES(0, say(id, 2, "parent", 0));
	GIVES(1, hear(id, 0, 0));
	got(1, "v");
	GIVES(6, hear(id, 0, 0));
	got(2, "parent");
}

static void send_in_handler(int signal)
{
	int saved = errno;

	our->number[0] = say(our->id, 3, "handler", IPC_NOWAIT);
	our->number[1] = msgrcv(our->id, &in, 0, 99, IPC_NOWAIT) == -1 && errno == ENOMSG;
	errno = saved;
}

static void take_with_handler(const long *a)
{
	struct sigaction action = { .sa_handler = send_in_handler };

	sigaction(SIGUSR1, &action, NULL);
	RESULT(take(our->id, 100, 5, 0));
}

/* svipc(7) Message queues: the calls are system calls, so a handler may make them, even while one sleeps. */
CLAIM(in_a_signal_handler)
{
	struct actor *a = actor();

	our->id = queue();
	actor_do(a, take_with_handler, 0);
	actor_asleep(a);
	actor_signal(a, SIGUSR1);
	actor_fails(a, EINTR);
	HOLDS(our->number[0] == 0 && our->number[1] == 1);
	GIVES(7, hear(our->id, 0, 0));
	got(3, "handler");
}

static void make_and_leave(const long *a)
{
	our->id = msgget(KEY, IPC_CREAT | IPC_EXCL | 0600);
	GIVES(0, say(our->id, 7, "left behind", 0));
	our->number[0] = getpid();
}

/* svipc(7) Message queues: a queue and what is in it stay, whoever made it is gone, until IPC_RMID. */
CLAIM(a_queue_outlives_its_processes)
{
	struct actor *a = actor();
	int id;

	actor_run(a, make_and_leave, 0);
	id = mine(our->id);
	actor_end(a);
	HOLDS(msgget(KEY, 0) == id);
	HOLDS(stat_of(id).msg_lspid == our->number[0]);
	GIVES(11, hear(id, 0, 0));
	got(7, "left behind");
}

enum { EACH = 2500 };

static void send_many(const long *a)
{
	long i, bad = 0;

	for (i = 0; i < EACH; i++) {
		out.type = a[0];
		memcpy(out.text, &i, sizeof(i));
		bad += msgsnd(our->id, &out, sizeof(i), 0) != 0;
	}
	tell("%ld were not sent", bad);
	HOLDS(bad == 0);
}

static void receive_many(const long *a)
{
	long i, is, bad = 0;

	for (i = 0; i < EACH; i++) {
		if (msgrcv(our->id, &in, 100, a[0], 0) != sizeof(is))
			bad++;
		memcpy(&is, in.text, sizeof(is));
		bad += is != i || in.type != a[0];
	}
	tell("%ld were not as sent", bad);
	HOLDS(bad == 0);
}

/* msgop(2) DESCRIPTION msgtyp: of a type, messages arrive in their order, each once, however many send. */
CLAIM(8_threads_exchange_10000)
{
	struct actor *a[8];
	int i;

	our->id = queue();
	for (i = 0; i < 8; i++)
		a[i] = actor_thread();
	for (i = 0; i < 8; i++)
		actor_do(a[i], i < 4 ? send_many : receive_many, i % 4 + 1);
	for (i = 0; i < 8; i++)
		actor_done(a[i]);
	holds_messages(our->id, 0, 0);
	for (i = 0; i < 8; i++)
		actor_end(a[i]);
}

static void *take_and_be_cancelled(void *unused)
{
	static struct {
		long type;
		char text[100];
	} own;

	our->number[3] = gettid();
	post_word(1, 1);
	our->number[0] = msgrcv(our->id, &own, 100, 1, 0);
	return NULL;
}

static void cancel_a_sleeper(const long *a)
{
	void *result = NULL;
	pthread_t thread;

	pthread_create(&thread, NULL, take_and_be_cancelled, NULL);
	await_word(1, 1);
	if (a[0]) {
		char path[64], text[64];
		int seen = 0;

		/* In the call, as far as can be seen from here; cancelled before it, it ends all the same. */
		snprintf(path, sizeof(path), "/proc/self/task/%ld/stat", our->number[3]);
		while (seen < 3) {
			int fd = open(path, O_RDONLY | O_CLOEXEC);
			ssize_t n = read(fd, text, sizeof(text) - 1);

			close(fd);
			text[n > 0 ? n : 0] = 0;
			seen += strstr(text, ") S ") != NULL;
			sched_yield();
		}
	}
	pthread_cancel(thread);
	RESULT(pthread_join(thread, &result));
	HOLDS(result == PTHREAD_CANCELED);
	HOLDS(our->number[0] == 77);
}

/* pthreads(7) cancelation points: msgrcv() is one, asleep or about to. */
CLAIM(pthread_cancel_in_msgrcv)
{
	struct actor *a = actor();

	our->id = queue();
	our->number[0] = 77;
	actor_run(a, cancel_a_sleeper, 1);
	post_word(1, 0);
	actor_run(a, cancel_a_sleeper, 0);
	GIVES(0, say(our->id, 1, "still here", 0));
	GIVES(10, hear(our->id, 0, 0));
}

static void give_up_root(const long *a)
{
	GIVES(0, put(our->id, 1, 1, IPC_NOWAIT));
	GIVES(0, setresgid(BOB, BOB, BOB));
	GIVES(0, setresuid(BOB, BOB, BOB));
	FAILS(EACCES, put(our->id, 1, 1, IPC_NOWAIT));
	FAILS(EACCES, take(our->id, 10, 0, IPC_NOWAIT));
	FAILS(EPERM, msgctl(our->id, IPC_RMID, NULL));
}

static void cancel_itself(void)
{
	our->number[1] = our->number[2] = -2;
	pthread_cancel(pthread_self());
	our->number[1] = take(our->id, 100, 0, 0);
	our->number[2] = 0;
}

/* pthreads(7) cancelation points: the only thread of a program, which has cancelled itself, ends in msgrcv(). */
CLAIM(the_only_thread_that_cancelled_itself_ends_in_msgrcv)
{
	our->id = queue();
	GIVES(0, say(our->id, 1, "not taken", 0));
	child_done(child(cancel_itself));
	HOLDS(our->number[1] == -2 && our->number[2] == -2);
	GIVES(9, hear(our->id, 0, 0));
}

/* msgctl(2) msg_perm.mode: asked of the process as it is at the call. */
CLAIM(setuid_takes_rights_away_at_once)
{
	our->id = queue();
	actor_run(actor(), give_up_root, 0);
	holds_messages(our->id, 1, 1);
}

/* msgop(2) DESCRIPTION msgp: a structure of just the size of the message will do. */
CLAIM(static_buffer_exact_size)
{
	static struct {
		struct {
			long type;
			char text[24];
		} message;
		unsigned char guard[8];
	} exact;
	char *end = page_end();
	int id = queue();

	memset(exact.guard, UNTOUCHED, sizeof(exact.guard));
	GIVES(0, put(id, 1, 24, 0));
	GIVES(24, msgrcv(id, &exact.message, 24, 0, IPC_NOWAIT));
	HOLDS(exact.guard[0] == UNTOUCHED && exact.guard[7] == UNTOUCHED);
	HOLDS(exact.message.text[23] == 'b');
	GIVES(0, put(id, 1, 24, 0));
	GIVES(24, msgrcv(id, end - 32, 24, 0, IPC_NOWAIT));
	HOLDS(end[-1] == 'b');
}

/* svipc(7) Message queues: a queue needs no descriptor; when all are used up it goes on. */
CLAIM(descriptors_used_up_after_the_first_call)
{
	struct rlimit few = { 24, 24 };
	int id = queue();

	GIVES(0, say(id, 1, "first", 0));
	GIVES(0, setrlimit(RLIMIT_NOFILE, &few));
	while (dup(1) >= 0)
		;
	HOLDS(errno == EMFILE);
	GIVES(0, say(id, 2, "second", 0));
	GIVES(5, hear(id, 0, 0));
	GIVES(6, hear(id, 0, 0));
	HOLDS(stat_of(id).msg_qnum == 0);
	GIVES(0, set_mode(id, 0640));
	closefrom(3);
}
