// SPDX-License-Identifier: GPL-2.0-only
/*
 * Claims: mq_notify(3).
 *
 * That a notification did *not* come is told by the next one: each registration has a
 * value of its own, real-time signals queue, and the one that must come ends the claim.
 */
#include <pthread.h>
#include <sched.h>

#include "mqueue.h"

#define SIGNAL (SIGRTMIN + 3)

static void block_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGNAL);
	HOLDS(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
}

static int ask(mqd_t q, int method, int signal, int value)
{
	struct sigevent event = {
		.sigev_notify = method, .sigev_signo = signal, .sigev_value = { .sival_int = value }
	};

	return mq_notify(q, &event);
}

static int ask_signal(mqd_t q, int value)
{
	return ask(q, SIGEV_SIGNAL, SIGNAL, value);
}

/* The next signal of a queue has this value. */
static siginfo_t signalled(int value)
{
	struct timespec limit = { patience(), 0 };
	siginfo_t info = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGNAL);
	HOLDS(sigtimedwait(&set, &info, &limit) == SIGNAL);
	tell("code %d, value %d, from %s", info.si_code, info.si_value.sival_int, role(info.si_pid));
	HOLDS(info.si_code == SI_MESGQ && info.si_value.sival_int == value);
	return info;
}

/* None is pending, and none but this one comes. */
static void only_signalled(mqd_t q, int value)
{
	GIVES(0, ask_signal(q, value));
	GIVES(0, say(q, "!", 0));
	signalled(value);
	GIVES(1, hear(q));
}

/* For actors: queue, value. */
static void do_ask(const long *a)
{
	RESULT(ask((mqd_t)a[0], SIGEV_NONE, 0, (int)a[1]));
}

static void do_drop(const long *a)
{
	RESULT(mq_notify((mqd_t)a[0], NULL));
}

static void do_close(const long *a)
{
	RESULT(mq_close((mqd_t)a[0]));
}

/* mq_notify(3) SIGEV_SIGNAL: the signal, with SI_MESGQ, the value, and the sender. */
CLAIM(signal_with_siginfo)
{
	mqd_t q = queue(5, 100);
	struct actor *a = actor();
	siginfo_t info;

	block_signal();
	GIVES(0, ask_signal(q, 42));
	actor_run(a, do_send, q, 3, 1);
	info = signalled(42);
	HOLDS(info.si_pid == actor_pid(a) && info.si_uid == 0);
	GIVES(3, hear(q));
	got("bbb", 1);
}

static void send_as_ann_for_bob(const long *a)
{
	GIVES(0, setresuid(ANN, BOB, BOB));
	GIVES(0, mq_send((mqd_t)a[0], "x", 1, 0));
}

/* mq_notify(3) SIGEV_SIGNAL si_uid: the real user id of the sending process. */
CLAIM(si_uid_is_the_real_uid)
{
	mqd_t q = queue(5, 100);
	struct actor *a = actor();
	siginfo_t info;

	block_signal();
	GIVES(0, ask_signal(q, 1));
	actor_run(a, send_as_ann_for_bob, q);
	info = signalled(1);
	HOLDS(info.si_uid == ANN);
}

static void in_thread(union sigval value)
{
	our->number[1] = value.sival_int;
	our->number[2] = getpid();
	our->number[3] = gettid();
	post_word(0, our->word[0] + 1);
}

static int ask_thread(mqd_t q, int value, pthread_attr_t *attributes, void (*run)(union sigval))
{
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD, .sigev_value = { .sival_int = value }
	};

	event.sigev_notify_function = run;
	event.sigev_notify_attributes = attributes;
	return mq_notify(q, &event);
}

/* mq_notify(3) SIGEV_THREAD: the function is called with the value, in another thread of the process. */
CLAIM(thread_with_value)
{
	mqd_t q = queue(5, 100);
	struct actor *a = actor();

	GIVES(0, ask_thread(q, 42, NULL, in_thread));
	actor_run(a, do_send, q, 3, 1);
	HOLDS(await_word(0, 1));
	HOLDS(our->number[1] == 42);
	HOLDS(our->number[2] == getpid() && our->number[3] != gettid());
	GIVES(3, hear(q));
	GIVES(0, ask_thread(q, 43, NULL, in_thread));
	GIVES(0, say(q, "x", 0));
	HOLDS(await_word(0, 2));
	HOLDS(our->number[1] == 43);
}

static void tell_attributes(union sigval value)
{
	pthread_attr_t attributes;
	struct sched_param param = { 0 };
	size_t stack = 0, guard = 0;
	int state = -1;
	cpu_set_t set;

	pthread_getattr_np(pthread_self(), &attributes);
	pthread_attr_getstacksize(&attributes, &stack);
	pthread_attr_getguardsize(&attributes, &guard);
	pthread_attr_getdetachstate(&attributes, &state);
	pthread_attr_destroy(&attributes);
	our->number[1] = stack;
	our->number[2] = state;
	our->number[3] = guard;
	our->number[4] = sched_getscheduler(0);
	sched_getparam(0, &param);
	our->number[5] = param.sched_priority;
	sched_getaffinity(0, sizeof(set), &set);
	our->number[6] = CPU_COUNT(&set) == 1 && CPU_ISSET(0, &set);
	post_word(0, our->word[0] + 1);
}

/* sigevent(7) sigev_notify_attributes: what the new thread's attributes are. */
CLAIM(thread_attributes)
{
	mqd_t q = queue(5, 100);
	pthread_attr_t attributes;

	GIVES(0, pthread_attr_init(&attributes));
	GIVES(0, pthread_attr_setstacksize(&attributes, 384 * 1024));
	GIVES(0, pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED));
	GIVES(0, pthread_attr_setguardsize(&attributes, 64 * 1024));
	GIVES(0, ask_thread(q, 1, &attributes, tell_attributes));
	GIVES(0, pthread_attr_destroy(&attributes));
	GIVES(0, say(q, "x", 0));
	HOLDS(await_word(0, 1));
	HOLDS(our->number[1] >= 320 * 1024 && our->number[1] <= 448 * 1024);
	HOLDS(our->number[2] == PTHREAD_CREATE_DETACHED);
	HOLDS(our->number[3] == 64 * 1024);
	HOLDS(our->number[4] == SCHED_OTHER && our->number[5] == 0 && !our->number[6]);
}

/* sigevent(7) sigev_notify_attributes: where and how the new thread is scheduled. */
CLAIM(thread_attributes_of_scheduling)
{
	struct sched_param param = { .sched_priority = 7 };
	mqd_t q = queue(5, 100);
	pthread_attr_t attributes;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	GIVES(0, pthread_attr_init(&attributes));
	GIVES(0, pthread_attr_setaffinity_np(&attributes, sizeof(set), &set));
	GIVES(0, pthread_attr_setschedpolicy(&attributes, SCHED_RR));
	GIVES(0, pthread_attr_setschedparam(&attributes, &param));
	/* Inherited, they are not looked at. */
	GIVES(0, ask_thread(q, 1, &attributes, tell_attributes));
	GIVES(0, say(q, "x", 0));
	HOLDS(await_word(0, 1));
	HOLDS(our->number[4] == SCHED_OTHER && our->number[5] == 0 && our->number[6]);
	GIVES(1, hear(q));
	GIVES(0, pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED));
	GIVES(0, ask_thread(q, 1, &attributes, tell_attributes));
	GIVES(0, pthread_attr_destroy(&attributes));
	GIVES(0, say(q, "x", 0));
	HOLDS(await_word(0, 2));
	HOLDS(our->number[4] == SCHED_RR && our->number[5] == 7 && our->number[6]);
}

static struct {
	mqd_t q;
	pthread_attr_t attributes;
	_Alignas(4096) char stack[256 * 1024];
} own;

/* Registers once more, as it was registered itself. */
static void ask_again_on_the_stack(union sigval value)
{
	char here;

	our->number[4] = &here >= own.stack && &here < own.stack + sizeof(own.stack);
	our->number[5] = value.sival_int == 1 ? ask_thread(own.q, 2, &own.attributes, ask_again_on_the_stack) : 0;
	in_thread(value);
}

/* sigevent(7) sigev_notify_attributes: a stack of the program's, which is used when the message comes and not before. */
CLAIM(a_stack_of_its_own_for_one_thread_after_the_other)
{
	own.q = queue(5, 100);
	GIVES(0, pthread_attr_init(&own.attributes));
	GIVES(0, pthread_attr_setstack(&own.attributes, own.stack, sizeof(own.stack)));
	memset(own.stack, 'x', sizeof(own.stack));
	GIVES(0, ask_thread(own.q, 1, &own.attributes, ask_again_on_the_stack));
	HOLDS(own.stack[sizeof(own.stack) - 1] == 'x');
	GIVES(0, say(own.q, "x", 0));
	HOLDS(await_word(0, 1));
	HOLDS(our->number[1] == 1 && our->number[4] == 1 && our->number[5] == 0);
	/* It has left the stack. */
	while (!tgkill(getpid(), our->number[3], 0))
		usleep(1000);
	GIVES(1, hear(own.q));
	GIVES(0, say(own.q, "x", 0));
	HOLDS(await_word(0, 2));
	HOLDS(our->number[1] == 2 && our->number[4] == 1);
}

/* mq_notify(3) SIGEV_NONE: registered, told nothing, and over with the first message. */
CLAIM(NONE_holds_the_place)
{
	mqd_t q = queue(5, 100);
	struct actor *a = actor();

	block_signal();
	GIVES(0, ask(q, SIGEV_NONE, 0, 1));
	actor_do(a, do_ask, q, 2);
	actor_fails(a, EBUSY);
	GIVES(0, say(q, "x", 0));
	actor_do(a, do_ask, q, 2);
	actor_gives(a, 0);
	FAILS(EBUSY, ask_signal(q, 3));
	actor_run(a, do_drop, q);
	GIVES(1, hear(q));
	only_signalled(q, 4);
}

/* mq_notify(3) ERRORS EBUSY: another process has registered. */
CLAIM(second_is_EBUSY)
{
	mqd_t q = queue(5, 100);
	struct actor *a = actor(), *b = actor();

	actor_do(a, do_ask, q, 1);
	actor_gives(a, 0);
	actor_do(b, do_ask, q, 2);
	actor_fails(b, EBUSY);
	FAILS(EBUSY, ask_thread(q, 3, NULL, in_thread));
}

/* mq_notify(3) DESCRIPTION: only one registration; the same process has no second one either. */
CLAIM(own_second_is_EBUSY)
{
	mqd_t q = queue(5, 100), other = OPENED(mq_open(NAME, O_RDWR));

	block_signal();
	GIVES(0, ask_signal(q, 1));
	FAILS(EBUSY, ask_signal(q, 2));
	FAILS(EBUSY, ask(other, SIGEV_NONE, 0, 3));
	GIVES(0, say(q, "x", 0));
	signalled(1);
	GIVES(1, hear(q));
	only_signalled(q, 4);
}

/* mq_notify(3) DESCRIPTION sevp NULL: the caller's registration is removed, and another may come. */
CLAIM(NULL_frees)
{
	mqd_t q = queue(5, 100);
	struct actor *a = actor();

	block_signal();
	GIVES(0, ask_signal(q, 1));
	GIVES(0, mq_notify(q, NULL));
	actor_do(a, do_ask, q, 2);
	actor_gives(a, 0);
	GIVES(0, say(q, "x", 0));
	GIVES(1, hear(q));
	only_signalled(q, 3);
}

/* mq_notify(3) ERRORS: without a registration of one's own NULL removes none, and is no error. */
CLAIM(NULL_of_another_is_0)
{
	mqd_t q = queue(5, 100);
	struct actor *a = actor();

	block_signal();
	GIVES(0, mq_notify(q, NULL));
	GIVES(0, ask_signal(q, 1));
	actor_do(a, do_drop, q);
	actor_gives(a, 0);
	FAILS(EBUSY, ask_signal(q, 2));
	GIVES(0, say(q, "x", 0));
	signalled(1);
}

/* mq_notify(3) DESCRIPTION: notification occurs once. */
CLAIM(once_only)
{
	mqd_t q = queue(5, 100);

	block_signal();
	GIVES(0, ask_signal(q, 1));
	GIVES(0, say(q, "x", 0));
	signalled(1);
	GIVES(1, hear(q));
	GIVES(0, say(q, "y", 0));
	GIVES(1, hear(q));
	only_signalled(q, 2);
}

/* mq_notify(3) DESCRIPTION: only when the queue was empty before. */
CLAIM(not_if_not_empty)
{
	mqd_t q = queue(5, 100);

	block_signal();
	GIVES(0, say(q, "x", 0));
	GIVES(0, ask_signal(q, 1));
	GIVES(0, say(q, "y", 0));
	FAILS(EBUSY, ask_signal(q, 2));
	GIVES(0, mq_notify(q, NULL));
	GIVES(1, hear(q));
	GIVES(1, hear(q));
	only_signalled(q, 3);
}

/* mq_notify(3) DESCRIPTION: registered on a queue that is not empty: once it was emptied. */
CLAIM(after_it_was_emptied)
{
	mqd_t q = queue(5, 100);

	block_signal();
	GIVES(0, say(q, "x", 0));
	GIVES(0, ask_signal(q, 1));
	GIVES(1, hear(q));
	FAILS(EBUSY, ask_signal(q, 2));
	GIVES(0, say(q, "y", 0));
	signalled(1);
	GIVES(1, hear(q));
	only_signalled(q, 3);
}

/* mq_notify(3) DESCRIPTION: a message that a waiting receiver gets notifies nobody, and the registration stays. */
CLAIM(not_if_a_receiver_sleeps)
{
	mqd_t q = queue(5, 100);
	struct actor *a = actor();

	block_signal();
	GIVES(0, ask_signal(q, 1));
	actor_do(a, do_receive, q);
	actor_asleep(a);
	GIVES(0, say(q, "for a", 0));
	actor_gives(a, 5);
	FAILS(EBUSY, ask_signal(q, 2));
	GIVES(0, say(q, "x", 0));
	signalled(1);
}

/* mq_notify(3) DESCRIPTION: a new message on an empty queue; what a sleeping sender brings follows a full one. */
CLAIM(not_for_the_sleeping_sender_of_a_queue_of_one)
{
	mqd_t q = queue(1, 100);
	struct actor *a = actor();

	block_signal();
	GIVES(0, say(q, "first", 0));
	GIVES(0, ask_signal(q, 1));
	actor_do(a, do_send, q, 2, 0);
	actor_asleep(a);
	GIVES(5, hear(q));
	actor_gives(a, 0);
	FAILS(EBUSY, ask_signal(q, 2));
	GIVES(2, hear(q));
	GIVES(0, say(q, "x", 0));
	signalled(1);
}

/* mq_close(3) DESCRIPTION: closing removes the caller's registration. */
CLAIM(close_ends)
{
	mqd_t q = queue(5, 100);
	struct actor *a = actor();

	actor_run(a, do_ask, q, 1);
	FAILS(EBUSY, ask(q, SIGEV_NONE, 0, 2));
	actor_do(a, do_close, q);
	actor_gives(a, 0);
	GIVES(0, ask(q, SIGEV_NONE, 0, 2));
}

static void do_close_another(const long *a)
{
	GIVES(0, ask((mqd_t)a[0], SIGEV_NONE, 0, 1));
	GIVES(0, mq_close((mqd_t)a[1]));
}

/* mq_close(3) DESCRIPTION: closing any descriptor of the queue, though others stay open, removes it. */
CLAIM(close_of_another_descriptor_ends)
{
	mqd_t q = queue(5, 100), other = OPENED(mq_open(NAME, O_RDONLY));
	struct actor *a = actor();

	actor_run(a, do_close_another, q, other);
	GIVES(0, ask(q, SIGEV_NONE, 0, 2));
	actor_do(a, do_ask, q, 3);
	actor_fails(a, EBUSY);
}

static mqd_t inherited;

static void close_in_child(void)
{
	GIVES(0, mq_close(inherited));
}

/* mq_notify(3) DESCRIPTION: the process is registered; a child that closes its copy is another. */
CLAIM(child_close_does_not)
{
	mqd_t q = inherited = queue(5, 100);

	block_signal();
	GIVES(0, ask_signal(q, 1));
	child_done(child(close_in_child));
	FAILS(EBUSY, ask(q, SIGEV_NONE, 0, 2));
	GIVES(0, say(q, "x", 0));
	signalled(1);
}

/* mq_notify(3) DESCRIPTION: the process is registered; when it has exited, nobody is. */
CLAIM(exit_ends)
{
	mqd_t q = queue(5, 100);
	struct actor *a = actor();

	actor_run(a, do_ask, q, 1);
	FAILS(EBUSY, ask(q, SIGEV_NONE, 0, 2));
	actor_end(a);
	GIVES(0, ask(q, SIGEV_NONE, 0, 2));
}

/* mq_notify(3) DESCRIPTION: the process is registered; when it was killed, nobody is. */
CLAIM(kill_ends)
{
	mqd_t q = queue(5, 100);
	struct actor *a = actor();

	actor_run(a, do_ask, q, 1);
	FAILS(EBUSY, ask(q, SIGEV_NONE, 0, 2));
	actor_kill(a);
	GIVES(0, ask(q, SIGEV_NONE, 0, 2));
}

/* mq_notify(3) ERRORS EINVAL: no valid signal number. */
CLAIM(signo_65_EINVAL)
{
	mqd_t q = queue(5, 100);

	FAILS(EINVAL, ask(q, SIGEV_SIGNAL, 65, 1));
	FAILS(EINVAL, ask(q, SIGEV_SIGNAL, -1, 1));
	GIVES(0, ask(q, SIGEV_SIGNAL, 0, 1));
	GIVES(0, say(q, "x", 0));
	GIVES(0, ask(q, SIGEV_SIGNAL, 64, 1));
}

/* mq_notify(3) ERRORS EINVAL: sigev_notify is none of the three. */
CLAIM(method_9_EINVAL)
{
	mqd_t q = queue(5, 100);

	FAILS(EINVAL, ask(q, 9, SIGUSR1, 1));
	FAILS(EINVAL, ask(q, -1, SIGUSR1, 1));
	GIVES(0, ask(q, SIGEV_NONE, 0, 1));
}

/* mq_notify(3) ERRORS EBADF: no descriptor of a queue. */
CLAIM(EBADF)
{
	int file = OPENED(open("/dev/null", O_RDWR));

	FAILS(EBADF, ask(-1, SIGEV_NONE, 0, 1));
	FAILS(EBADF, ask(file, SIGEV_NONE, 0, 1));
	FAILS(EBADF, ask(file, SIGEV_SIGNAL, SIGUSR1, 1));
	FAILS(EBADF, ask_thread(file, 1, NULL, in_thread));
	FAILS(EBADF, mq_notify(-1, NULL));
	FAILS(EBADF, mq_notify(file, NULL));
}

static void wait_for_signal(const long *a)
{
	siginfo_t info = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGNAL);
	RESULT(sigwaitinfo(&set, &info) == SIGNAL);
	tell("code %d, value %d", info.si_code, info.si_value.sival_int);
	HOLDS(info.si_code == SI_MESGQ && info.si_value.sival_int == 7);
}

/* mq_notify(3) DESCRIPTION: the process is notified; whichever thread takes the signal may be another than who asked. */
CLAIM(blocked_in_main_and_sigwait_in_a_thread)
{
	mqd_t q = queue(5, 100);
	struct actor *a;

	block_signal();
	a = actor_thread();
	actor_do(a, wait_for_signal, 0);
	actor_asleep(a);
	GIVES(0, ask_signal(q, 7));
	GIVES(0, say(q, "x", 0));
	actor_gives(a, 1);
	actor_end(a);
}
