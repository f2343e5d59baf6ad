// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * mq_notify(). The module keeps who is to be told, and that there is one. A signal it sends itself, before anybody can
 * take the message, if there is a thread that does not block it. Else, and for a function, it is a thread of the process
 * that tells it, which sleeps in the module till then: a blocked signal comes from there as from the kernel, to the
 * process, with SI_MESGQ, the value, and who sent the message. No other thread is disturbed, nor is
 * anything to be undone: the registration ends with a close, in the module, and the thread with it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
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

/* The program's function finds a thread as the C library's own mq_notify() makes it: no signal is blocked. */
static void call_function(const struct sigevent *event)
{
	sigset_t none;

	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	event->sigev_notify_function(event->sigev_value);
}

static void *run_errand(void *argument)
{
	struct errand *errand = argument;
	struct kmq_notify told = { .cookie = errand->cookie };
	struct sigevent event = errand->event;
	mqd_t queue = errand->queue;
	int result;

	pthread_detach(pthread_self());
	/* From here on @errand is no more. */
	sem_post(&errand->copied);
	do
		result = kmq_notify_wait(queue, &told);
	while (result < 0 && errno == EINTR);
	/*
	 * ESRCH, EBADF, ENOTTY: it was closed before this thread came to wait, and with it the registration. Or the
	 * signal was sent.
	 */
	if (result < 0 || told.outcome != KMQ_NOTIFY_ARRIVED)
		return NULL;
	if (event.sigev_notify == SIGEV_THREAD)
		call_function(&event);
	else
		send_signal(&event, &told);
	return NULL;
}

/*
 * The stack that run_errand() needs, 0: unknown. The program's thread-local variables lie there, too, and how many those
 * are the C library alone knows. A signal comes though all are blocked: the one by which setuid() reaches all threads.
 */
static size_t small_stack(const pthread_attr_t *attributes)
{
	size_t (*least)(const pthread_attr_t *) = dlsym(RTLD_DEFAULT, "__pthread_get_minstack");

	return least ? least(attributes) + getauxval(AT_MINSIGSTKSZ) + 16384 : 0;
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
	size = small_stack(&small);
	if (size)
		pthread_attr_setstacksize(&small, size);
	error = pthread_create(&thread, &small, run_errand, errand);
	pthread_attr_destroy(&small);
	return error;
}

static int start(struct errand *errand)
{
	pthread_t thread;

	if (errand->event.sigev_notify == SIGEV_SIGNAL)
		return start_small(errand);
	/* Its attributes are looked at now: they need not live until the message comes. */
	return pthread_create(&thread, errand->event.sigev_notify_attributes, run_errand, errand);
}

/* The thread takes no signal that was meant for another: it inherits a mask that blocks all. */
static int start_without_signals(struct errand *errand)
{
	int error, state = shim_uncancelable_begin();
	sigset_t all, before;

	sem_init(&errand->copied, 0, 0);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = start(errand);
	if (!error)
		while (sem_wait(&errand->copied))
			;
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

	if (!valid(event))
		return shim_fail(EINVAL);
	if (silent(event))
		flags = KMQ_NOTIFY_SILENT;
	if (kmq_notify_add(queue, flags, show, &errand.cookie))
		return mqueue_failed(queue, errno);
	if (silent(event) || !start_without_signals(&errand))
		return 0;
	kmq_notify_drop(queue);
	return shim_fail(ENOMEM);
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
