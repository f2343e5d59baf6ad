// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * mq_notify(). The module keeps who is to be told, and that there is one. A signal it sends itself, before anybody can
 * take the message, if there is a thread that does not block it. Else, and for a function, it is a thread of the process
 * that tells it, which sleeps in the module till then: a blocked signal comes from there as from the kernel, to the
 * process, with SI_MESGQ, the value, and who sent the message; and the function's thread is made there, when the
 * message has come, as by the C library's own helper. No other thread is disturbed, nor is
 * anything to be undone: the registration ends with a close, in the module, and the thread with it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"

/* What the caller hands to the thread, which takes a copy before the caller goes on. */
struct errand {
	mqd_t queue;
	uint64_t cookie;
	struct sigevent event;
	int error;	/* why it could not be taken, or 0 */
	sem_t copied;
};

/* What that thread hands to the function's. */
struct visit {
	void (*function)(union sigval value);
	union sigval value;
	sem_t copied;
};

static bool valid(const struct sigevent *event)
{
	if (event->sigev_notify == SIGEV_SIGNAL)
		return event->sigev_signo >= 0 && event->sigev_signo < NSIG;
	return event->sigev_notify == SIGEV_NONE || event->sigev_notify == SIGEV_THREAD;
}

/* Nobody is told: they hold the place, and their registration ends with the first message. */
static bool silent(const struct sigevent *event)
{
	return event->sigev_notify == SIGEV_NONE || (event->sigev_notify == SIGEV_SIGNAL && !event->sigev_signo);
}

static void send_signal(const struct sigevent *event, const struct kmq_notify *told)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = event->sigev_signo;
	info.si_code = SI_MESGQ;
	info.si_pid = told->pid;
	info.si_uid = told->uid;
	info.si_value = event->sigev_value;
	/* To the process, as kill() would. That there are too many signals already is told to nobody natively either. */
	syscall(SYS_rt_sigqueueinfo, getpid(), event->sigev_signo, &info);
}

static void await_copy(sem_t *copied)
{
	while (sem_wait(copied))
		;
}

/* The program's function finds a thread as the C library's own mq_notify() makes it: no signal is blocked. */
static void *run_function(void *argument)
{
	struct visit *visit = argument;
	void (*function)(union sigval value) = visit->function;
	union sigval value = visit->value;
	sigset_t none;

	pthread_detach(pthread_self());
	/* From here on @visit is no more. */
	sem_post(&visit->copied);
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	function(value);
	return NULL;
}

/* That there is no thread to be had by now is told to nobody natively either. */
static void call_function(const struct sigevent *event, const pthread_attr_t *attributes)
{
	struct visit visit = { .function = event->sigev_notify_function, .value = event->sigev_value };
	pthread_t thread;

	sem_init(&visit.copied, 0, 0);
	if (!pthread_create(&thread, attributes, run_function, &visit))
		await_copy(&visit.copied);
	sem_destroy(&visit.copied);
}

/* A stack of the program's, or the size of one. */
static int copy_stack(pthread_attr_t *to, const pthread_attr_t *from)
{
	void *stack;
	size_t size;

	pthread_attr_getstack(from, &stack, &size);
	/* What is told is the end less the size, and of no stack the end is NULL. */
	if ((uintptr_t)stack + size)
		return pthread_attr_setstack(to, stack, size);
	pthread_attr_getstacksize(from, &size);
	return pthread_attr_setstacksize(to, size);
}

static int copy_scheduling(pthread_attr_t *to, const pthread_attr_t *from)
{
	struct sched_param param;
	int inherit, policy, error;

	pthread_attr_getinheritsched(from, &inherit);
	if (inherit == PTHREAD_INHERIT_SCHED)
		return 0;
	pthread_attr_getschedpolicy(from, &policy);
	pthread_attr_getschedparam(from, &param);
	/* The policy first, by which the priority is judged. */
	error = pthread_attr_setinheritsched(to, inherit);
	if (!error)
		error = pthread_attr_setschedpolicy(to, policy);
	return error ? error : pthread_attr_setschedparam(to, &param);
}

static int copy_processors(pthread_attr_t *to, const pthread_attr_t *from)
{
	/* As many as a kernel can have. None named is told as all. */
	cpu_set_t set[8192 / CPU_SETSIZE];
	int error = pthread_attr_getaffinity_np(from, sizeof(set), set);

	if (error || CPU_COUNT_S(sizeof(set), set) == 8192)
		return error;
	return pthread_attr_setaffinity_np(to, sizeof(set), set);
}

/*
 * All that matters of them, since they need not live until the message comes. Nobody joins the thread, and its mask of
 * signals is what it is. 0, and @to is to be destroyed; or an errno.
 */
static int copy_attributes(pthread_attr_t *to, const pthread_attr_t *from)
{
	int error = pthread_attr_init(to);
	size_t guard;

	if (error)
		return error;
	pthread_attr_setdetachstate(to, PTHREAD_CREATE_DETACHED);
	pthread_attr_getguardsize(from, &guard);
	pthread_attr_setguardsize(to, guard);
	error = copy_stack(to, from);
	if (!error)
		error = copy_scheduling(to, from);
	if (!error)
		error = copy_processors(to, from);
	if (error)
		pthread_attr_destroy(to);
	return error;
}

/* 0: the message has come, and the signal, if it is one, was not sent; or -1. */
static int wait_for_news(mqd_t queue, struct kmq_notify *told)
{
	int result;

	do
		result = kmq_notify_wait(queue, told);
	while (result < 0 && errno == EINTR);
	/* ESRCH, EBADF, ENOTTY: it was closed before this thread came to wait, and with it the registration. */
	return result < 0 || told->outcome != KMQ_NOTIFY_ARRIVED ? -1 : 0;
}

static void run_signal(struct errand *errand)
{
	struct kmq_notify told = { .cookie = errand->cookie };
	struct sigevent event = errand->event;
	mqd_t queue = errand->queue;

	/* From here on @errand is no more. */
	sem_post(&errand->copied);
	if (!wait_for_news(queue, &told))
		send_signal(&event, &told);
}

static void run_thread(struct errand *errand)
{
	const pthread_attr_t *wanted = errand->event.sigev_notify_attributes;
	struct kmq_notify told = { .cookie = errand->cookie };
	struct sigevent event = errand->event;
	mqd_t queue = errand->queue;
	pthread_attr_t attributes;
	int error = wanted ? copy_attributes(&attributes, wanted) : 0;

	errand->error = error;
	/* From here on @errand is no more. */
	sem_post(&errand->copied);
	if (error)
		return;
	if (!wait_for_news(queue, &told))
		call_function(&event, wanted ? &attributes : NULL);
	if (wanted)
		pthread_attr_destroy(&attributes);
}

static void *run_errand(void *argument)
{
	struct errand *errand = argument;

	pthread_detach(pthread_self());
	if (errand->event.sigev_notify == SIGEV_THREAD)
		run_thread(errand);
	else
		run_signal(errand);
	return NULL;
}

/* To send a signal; to make a thread, with what a program, its malloc() or a sanitizer may have before that. */
enum { SIGNAL_STACK = 16384, THREAD_STACK = 65536 };

/*
 * The stack that run_errand() needs, 0: unknown. The program's thread-local variables lie there, too, and how many those
 * are the C library alone knows. A signal comes though all are blocked: the one by which setuid() reaches all threads.
 */
static size_t small_stack(const pthread_attr_t *attributes, size_t own)
{
	size_t (*least)(const pthread_attr_t *) = dlsym(RTLD_DEFAULT, "__pthread_get_minstack");

	return least ? least(attributes) + getauxval(AT_MINSIGSTKSZ) + own : 0;
}

/* As small as a thread can be: a program that locks its memory pays for the whole of it. 0 or an errno. */
static int start_small(struct errand *errand)
{
	pthread_attr_t small;
	pthread_t thread;
	size_t size;
	int error = pthread_attr_init(&small);

	if (error)
		return error;
	size = small_stack(&small, errand->event.sigev_notify == SIGEV_THREAD ? THREAD_STACK : SIGNAL_STACK);
	if (size)
		pthread_attr_setstacksize(&small, size);
	error = pthread_create(&thread, &small, run_errand, errand);
	pthread_attr_destroy(&small);
	return error;
}

/* The thread takes no signal that was meant for another: it inherits a mask that blocks all. 0 or an errno of mq_notify(). */
static int start_without_signals(struct errand *errand)
{
	int error, state = shim_uncancelable_begin();
	sigset_t all, before;

	sem_init(&errand->copied, 0, 0);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = start_small(errand) ? ENOMEM : 0;
	if (!error) {
		await_copy(&errand->copied);
		error = errand->error;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	sem_destroy(&errand->copied);
	shim_uncancelable_end(state);
	return error;
}

static int add(mqd_t queue, const struct sigevent *event)
{
	bool signal = event->sigev_notify == SIGEV_SIGNAL;
	uint64_t show[2] = { event->sigev_notify, signal ? event->sigev_signo : 0 };
	struct errand errand = {
		.queue = queue, .event = *event, .cookie = (uintptr_t)event->sigev_value.sival_ptr,
	};
	uint32_t flags = signal ? KMQ_NOTIFY_SIGNAL : 0;
	int error;

	if (!valid(event))
		return shim_fail(EINVAL);
	if (silent(event))
		flags = KMQ_NOTIFY_SILENT;
	if (kmq_notify_add(queue, flags, show, &errand.cookie))
		return mqueue_failed(queue, errno);
	error = silent(event) ? 0 : start_without_signals(&errand);
	if (!error)
		return 0;
	kmq_notify_drop(queue);
	return shim_fail(error);
}

static int drop(mqd_t queue)
{
	return kmq_notify_drop(queue) ? mqueue_failed(queue, errno) : 0;
}

/* By number SIGEV_THREAD is a protocol between the kernel and the C library alone, by a socket. */
int mqueue_notify(mqd_t queue, const struct sigevent *event)
{
	struct sigevent copy;

	if (!event)
		return drop(queue);
	if (shim_copy_in(&copy, event, sizeof(copy)))
		return -1;
	return copy.sigev_notify == SIGEV_THREAD ? shim_fail(EINVAL) : add(queue, &copy);
}

int mqueue_notify_named(mqd_t queue, const struct sigevent *event) EXPORTED_AS(mq_notify);
int mqueue_notify_named(mqd_t queue, const struct sigevent *event)
{
	struct sigevent copy;

	if (!event)
		return drop(queue);
	return shim_copy_in(&copy, event, sizeof(copy)) ? -1 : add(queue, &copy);
}
