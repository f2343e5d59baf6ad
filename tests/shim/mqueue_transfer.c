// SPDX-License-Identifier: GPL-2.0-only
/* Claims: mq_send(3), mq_timedsend(3), mq_receive(3), mq_timedreceive(3). */
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "mqueue.h"

/* mq_send(3), mq_receive(3) DESCRIPTION: the highest priority first, of one priority the oldest. */
CLAIM(order_of_priorities_then_arrival)
{
	mqd_t q = queue(10, 100);

	GIVES(0, say(q, "2a", 2));
	GIVES(0, say(q, "0a", 0));
	GIVES(0, say(q, "9a", 9));
	GIVES(0, say(q, "2b", 2));
	GIVES(0, say(q, "0b", 0));
	GIVES(0, say(q, "9b", 9));
	GIVES(2, hear(q));
	got("9a", 9);
	GIVES(2, hear(q));
	got("9b", 9);
	GIVES(2, hear(q));
	got("2a", 2);
	GIVES(2, hear(q));
	got("2b", 2);
	GIVES(2, hear(q));
	got("0a", 0);
	GIVES(2, hear(q));
	got("0b", 0);
}

/* mq_overview(7) DESCRIPTION priority: from 0 to _SC_MQ_PRIO_MAX - 1, which is 32767. */
CLAIM(priority_32767_and_32768)
{
	mqd_t q = queue(10, 100);

	GIVES(32768, sysconf(_SC_MQ_PRIO_MAX));
	GIVES(0, say(q, "most", 32767));
	FAILS(EINVAL, say(q, "more", 32768));
	FAILS(EINVAL, say(q, "more", UINT_MAX));
	FAILS(EINVAL, mq_send(q, in.text, 101, 32768));
	FAILS(EINVAL, mq_send(q, (const char *)16, 1, 32768));
	FAILS(EINVAL, say(-1, "more", 32768));
	FAILS(EINVAL, syscall(SYS_mq_timedsend, -1, "more", 4ul, 32768u, NULL));
	HOLDS(attributes_of(q).mq_curmsgs == 1);
	GIVES(4, hear(q));
	got("most", 32767);
}

/* mq_send(3) DESCRIPTION msg_len: a message may be empty. */
CLAIM(zero_length)
{
	mqd_t q = queue(10, 100);

	GIVES(0, say(q, "", 4));
	HOLDS(attributes_of(q).mq_curmsgs == 1);
	GIVES(0, hear(q));
	got("", 4);
}

/* mq_send(3) DESCRIPTION msg_len: a message of mq_msgsize bytes is not too long. */
CLAIM(exactly_msgsize_fits)
{
	mqd_t q = queue(10, 5);

	GIVES(0, say(q, "12345", 0));
	GIVES(5, mq_receive(q, in.text, 5, NULL));
	GIVES(0, memcmp(in.text, "12345", 5));
}

/* mq_send(3) ERRORS EMSGSIZE: msg_len is greater than mq_msgsize. */
CLAIM(too_long_EMSGSIZE)
{
	mqd_t q = queue(10, 5);

	FAILS(EMSGSIZE, say(q, "123456", 0));
	FAILS(EMSGSIZE, mq_send(q, "x", SIZE_MAX, 0));
	HOLDS(attributes_of(q).mq_curmsgs == 0);
}

/* mq_receive(3) ERRORS EMSGSIZE: msg_len is less than mq_msgsize, however short the message. */
CLAIM(room_below_msgsize_EMSGSIZE_even_if_it_fits)
{
	mqd_t q = queue(10, 100);

	FAILS(EMSGSIZE, mq_receive(q, in.text, 99, NULL));
	GIVES(0, say(q, "x", 0));
	FAILS(EMSGSIZE, mq_receive(q, in.text, 99, NULL));
	FAILS(EMSGSIZE, mq_receive(q, in.text, 0, NULL));
	HOLDS(attributes_of(q).mq_curmsgs == 1);
	GIVES(1, mq_receive(q, in.text, 100, NULL));
}

/* mq_send(3) ERRORS EBADF: the descriptor is not open for writing. */
CLAIM(send_EBADF_by_mode)
{
	mqd_t q;

	queue(10, 100);
	q = OPENED(mq_open(NAME, O_RDONLY));
	FAILS(EBADF, say(q, "x", 0));
	HOLDS(attributes_of(q).mq_curmsgs == 0);
}

/* mq_receive(3) ERRORS EBADF: the descriptor is not open for reading. */
CLAIM(receive_EBADF_by_mode)
{
	mqd_t q = queue(10, 100), other = OPENED(mq_open(NAME, O_WRONLY));

	GIVES(0, say(other, "x", 0));
	FAILS(EBADF, hear(other));
	GIVES(1, hear(q));
}

/* mq_send(3), mq_receive(3) ERRORS EBADF: it is no descriptor of a queue. */
CLAIM(EBADF_of_a_file_a_socket_a_closed_number)
{
	int file = OPENED(open("/dev/null", O_RDWR)), pair[2];

	FAILS(EBADF, say(file, "x", 0));
	FAILS(EBADF, hear(file));
	GIVES(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	FAILS(EBADF, say(pair[0], "x", 0));
	FAILS(EBADF, hear(pair[1]));
	FAILS(EAGAIN, recv(pair[1], in.text, 10, MSG_DONTWAIT));
	GIVES(0, close(file));
	FAILS(EBADF, say(file, "x", 0));
	FAILS(EBADF, hear(file));
	FAILS(EBADF, say(-1, "x", 0));
	FAILS(EBADF, hear(-1));
	FAILS(EBADF, mq_close(-1));
	FAILS(EBADF, mq_close(file));
}

/* mq_send(3), mq_receive(3) ERRORS EFAULT (of the system calls): the bytes are not accessible. */
CLAIM(bad_pointer_EFAULT)
{
	mqd_t q = queue(10, 100);

	FAILS(EFAULT, mq_send(q, (const char *)16, 5, 0));
	FAILS(EFAULT, mq_send(q, page_end() - 2, 5, 0));
	HOLDS(attributes_of(q).mq_curmsgs == 0);
}

/* mq_send(3) ERRORS EAGAIN: full, and O_NONBLOCK. */
CLAIM(full_EAGAIN)
{
	mqd_t q = queue(2, 100), impatient = OPENED(mq_open(NAME, O_RDWR | O_NONBLOCK));

	GIVES(0, say(q, "a", 0));
	GIVES(0, say(impatient, "b", 0));
	FAILS(EAGAIN, say(impatient, "c", 5));
	HOLDS(attributes_of(q).mq_curmsgs == 2);
	GIVES(1, hear(q));
	GIVES(0, say(impatient, "c", 0));
}

/* mq_receive(3) ERRORS EAGAIN: empty, and O_NONBLOCK. */
CLAIM(empty_EAGAIN)
{
	mqd_t q;

	queue(2, 100);
	q = OPENED(mq_open(NAME, O_RDWR | O_NONBLOCK));
	FAILS(EAGAIN, hear(q));
	GIVES(0, say(q, "a", 0));
	GIVES(1, hear(q));
	FAILS(EAGAIN, hear(q));
}

/* mq_send(3) DESCRIPTION: on a full queue it blocks until there is space. */
CLAIM(send_sleeps_and_is_woken)
{
	mqd_t q = queue(1, 100);
	struct actor *a = actor();

	GIVES(0, say(q, "first", 0));
	actor_do(a, do_send, q, 7, 3);
	actor_asleep(a);
	HOLDS(attributes_of(q).mq_curmsgs == 1);
	GIVES(5, hear(q));
	got("first", 0);
	actor_gives(a, 0);
	GIVES(7, hear(q));
	got("ddddddd", 3);
}

/* mq_receive(3) DESCRIPTION: on an empty queue it blocks until there is a message. */
CLAIM(receive_sleeps_and_is_woken)
{
	mqd_t q = queue(1, 100);
	struct actor *a = actor();

	actor_do(a, do_receive, q);
	actor_asleep(a);
	GIVES(0, say(q, "hello", 6));
	actor_gives(a, 5);
	HOLDS(attributes_of(q).mq_curmsgs == 0);
}

/* mq_send(3) DESCRIPTION: what a sleeping sender has takes its place by its priority. */
CLAIM(a_sleeping_sender_keeps_its_priority)
{
	mqd_t q = queue(2, 100);
	struct actor *a = actor();

	GIVES(0, say(q, "five", 5));
	GIVES(0, say(q, "one", 1));
	actor_do(a, do_send, q, 2, 3);
	actor_asleep(a);
	GIVES(4, hear(q));
	actor_gives(a, 0);
	GIVES(2, hear(q));
	got("dd", 3);
	GIVES(3, hear(q));
	got("one", 1);
}

/* signal(7) SA_RESTART: mq_receive() and mq_send() are restarted by it. */
CLAIM(SA_RESTART_restarts)
{
	mqd_t q = queue(1, 100);
	struct actor *a = actor();

	actor_run(a, do_handle, SA_RESTART);
	actor_do(a, do_receive, q);
	actor_asleep(a);
	actor_signal(a, SIGUSR1);
	actor_asleep(a);
	GIVES(0, say(q, "hello", 0));
	actor_gives(a, 5);
	GIVES(0, say(q, "full", 0));
	actor_do(a, do_send, q, 1, 0);
	actor_asleep(a);
	actor_signal(a, SIGUSR1);
	actor_asleep(a);
	GIVES(4, hear(q));
	actor_gives(a, 0);
}

/* mq_send(3), mq_receive(3) ERRORS EINTR: a handler ran, without SA_RESTART. */
CLAIM(EINTR_without)
{
	mqd_t q = queue(1, 100);
	struct actor *a = actor();

	actor_run(a, do_handle, 0);
	actor_do(a, do_receive, q);
	actor_asleep(a);
	actor_signal(a, SIGUSR1);
	actor_fails(a, EINTR);
	GIVES(0, say(q, "full", 0));
	actor_do(a, do_send, q, 1, 0);
	actor_asleep(a);
	actor_signal(a, SIGUSR1);
	actor_fails(a, EINTR);
	actor_do(a, do_timed_send, q, 100000);
	actor_asleep(a);
	actor_signal(a, SIGUSR1);
	actor_fails(a, EINTR);
	HOLDS(attributes_of(q).mq_curmsgs == 1);
}

/* mq_receive(3) DESCRIPTION msg_prio: NULL, for who does not want it. */
CLAIM(NULL_priority)
{
	mqd_t q = queue(2, 100);

	GIVES(0, say(q, "x", 9));
	GIVES(1, mq_receive(q, in.text, 100, NULL));
	FAILS(ETIMEDOUT, mq_timedreceive(q, in.text, 100, NULL, &(struct timespec){ 1, 0 }));
}

/* mq_send(3), mq_receive(3) DESCRIPTION abs_timeout: it counts only if the call would block. */
CLAIM(timed_past_with_a_message_succeeds)
{
	struct timespec past = { 1, 0 };
	mqd_t q = queue(1, 100);

	GIVES(0, mq_timedsend(q, "early", 5, 2, &past));
	GIVES(5, mq_timedreceive(q, in.text, 100, &in.priority, &past));
	HOLDS(in.priority == 2);
}

/* mq_send(3) ERRORS ETIMEDOUT: full, and the time has come, or comes. */
CLAIM(send_timed_past_ETIMEDOUT)
{
	struct timespec past = { 1, 0 }, soon;
	mqd_t q = queue(1, 100);

	GIVES(0, say(q, "full", 0));
	FAILS(ETIMEDOUT, mq_timedsend(q, "x", 1, 0, &past));
	soon = from_now(50);
	FAILS(ETIMEDOUT, mq_timedsend(q, "x", 1, 0, &soon));
	past = from_now(0);
	HOLDS(past.tv_sec > soon.tv_sec || (past.tv_sec == soon.tv_sec && past.tv_nsec >= soon.tv_nsec));
	HOLDS(attributes_of(q).mq_curmsgs == 1);
}

/* mq_receive(3) ERRORS ETIMEDOUT: empty, and the time has come, or comes. */
CLAIM(receive_timed_past_ETIMEDOUT)
{
	struct timespec past = { 1, 0 }, soon;
	mqd_t q = queue(1, 100);

	FAILS(ETIMEDOUT, mq_timedreceive(q, in.text, 100, NULL, &past));
	soon = from_now(50);
	FAILS(ETIMEDOUT, mq_timedreceive(q, in.text, 100, NULL, &soon));
	past = from_now(0);
	HOLDS(past.tv_sec > soon.tv_sec || (past.tv_sec == soon.tv_sec && past.tv_nsec >= soon.tv_nsec));
}

/* mq_send(3) DESCRIPTION abs_timeout: who waits with one is woken as who waits without. */
CLAIM(timed_is_woken_before_its_time)
{
	mqd_t q = queue(1, 100);
	struct actor *a = actor();

	actor_do(a, do_timed_receive, q, 1000000);
	actor_asleep(a);
	GIVES(0, say(q, "hello", 0));
	actor_gives(a, 5);
	GIVES(0, say(q, "full", 0));
	actor_do(a, do_timed_send, q, 1000000);
	actor_asleep(a);
	GIVES(4, hear(q));
	actor_gives(a, 0);
}

/* mq_send(3), mq_receive(3) ERRORS EINVAL abs_timeout: fields out of range; the kernel says so even if it would not block. */
CLAIM(bad_nsec_EINVAL_though_ready)
{
	static const struct timespec bad[] = { { 1, -1 }, { 1, 1000000000 }, { -1, 0 } };
	mqd_t q = queue(2, 100);
	unsigned int i;

	GIVES(0, say(q, "ready", 0));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		FAILS(EINVAL, mq_timedsend(q, "x", 1, 0, &bad[i]));
		FAILS(EINVAL, mq_timedreceive(q, in.text, 100, NULL, &bad[i]));
	}
	HOLDS(attributes_of(q).mq_curmsgs == 1);
}

/* mq_send(3), mq_receive(3) DESCRIPTION abs_timeout: O_NONBLOCK goes before it. */
CLAIM(timed_with_NONBLOCK_EAGAIN)
{
	struct timespec late = from_now(1000000);
	mqd_t q;

	queue(1, 100);
	q = OPENED(mq_open(NAME, O_RDWR | O_NONBLOCK));
	FAILS(EAGAIN, mq_timedreceive(q, in.text, 100, NULL, &late));
	GIVES(0, mq_timedsend(q, "full", 4, 0, &late));
	FAILS(EAGAIN, mq_timedsend(q, "x", 1, 0, &late));
}

static struct timespec true_monotonic, true_realtime;

static void restore_clock(long unused)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now.tv_sec += true_realtime.tv_sec - true_monotonic.tv_sec;
	clock_settime(CLOCK_REALTIME, &now);
}

static void may_set_clock(void)
{
	if (!getenv("TWICE_SET_CLOCK"))
		skip("the clock is set only where --set-clock says that the machine is the test's own");
	clock_gettime(CLOCK_MONOTONIC, &true_monotonic);
	clock_gettime(CLOCK_REALTIME, &true_realtime);
	finally(restore_clock, 0);
}

static int move_clock(long seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += seconds;
	return clock_settime(CLOCK_REALTIME, &now);
}

/* clock_settime(2) DESCRIPTION CLOCK_REALTIME: absolute times of CLOCK_REALTIME are those of the clock as it is set. */
CLAIM(clock_set_forward_ends_the_wait)
{
	struct actor *a;
	mqd_t q;

	may_set_clock();
	q = queue(1, 100);
	a = actor();
	actor_do(a, do_timed_receive, q, 1000000);
	actor_asleep(a);
	GIVES(0, move_clock(500));
	actor_asleep(a);
	GIVES(0, move_clock(600));
	actor_fails(a, ETIMEDOUT);
}

/* clock_settime(2) DESCRIPTION CLOCK_REALTIME: set back, a wait lasts longer; that time passes is told by another wait. */
CLAIM(clock_set_back_prolongs_it)
{
	struct actor *a, *b;
	mqd_t q, other;

	may_set_clock();
	q = queue(1, 100);
	other = OPENED(make(NAME2, O_RDWR | O_EXCL, 0600, 1, 100));
	mine(NAME2);
	a = actor();
	b = actor();
	actor_do(a, do_timed_receive, q, 20000);
	actor_asleep(a);
	GIVES(0, move_clock(-500));
	actor_do(b, do_timed_receive, other, 21000);
	actor_fails(b, ETIMEDOUT);
	actor_asleep(a);
	GIVES(0, move_clock(600));
	actor_fails(a, ETIMEDOUT);
}

/* mq_send(3), mq_receive(3) DESCRIPTION abs_timeout: 0 is a time like others, and past. */
CLAIM(deadline_0)
{
	struct timespec zero = { 0, 0 };
	mqd_t q = queue(1, 100);

	FAILS(ETIMEDOUT, mq_timedreceive(q, in.text, 100, NULL, &zero));
	GIVES(0, mq_timedsend(q, "full", 4, 0, &zero));
	FAILS(ETIMEDOUT, mq_timedsend(q, "x", 1, 0, &zero));
	GIVES(4, mq_timedreceive(q, in.text, 100, NULL, &zero));
}

enum { RECEIVE, TIMED_RECEIVE, SEND, TIMED_SEND };

static long which;
static volatile long returned;
static mqd_t slept_on;

static void *sleep_and_be_cancelled(void *unused)
{
	struct timespec late = from_now(1000000);
	static char room[100];

	our->number[0] = gettid();
	post_word(1, 1);
	switch (which) {
	case RECEIVE:
		returned = mq_receive(slept_on, room, 100, NULL);
		break;
	case TIMED_RECEIVE:
		returned = mq_timedreceive(slept_on, room, 100, NULL, &late);
		break;
	case SEND:
		returned = mq_send(slept_on, "x", 1, 0);
		break;
	case TIMED_SEND:
		returned = mq_timedsend(slept_on, "x", 1, 0, &late);
		break;
	}
	return NULL;
}

/* In the call, as far as can be seen from here; cancelled before it, it ends all the same. */
static void await_sleep(long thread)
{
	char path[64], text[64];
	int seen = 0, fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/stat", thread);
	while (seen < 3) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		text[n > 0 ? n : 0] = 0;
		seen += strstr(text, ") S ") != NULL;
		sched_yield();
	}
}

static void cancel_in(const long *a)
{
	void *result = NULL;
	pthread_t thread;

	which = a[0];
	slept_on = (mqd_t)a[1];
	returned = 77;
	GIVES(0, pthread_create(&thread, NULL, sleep_and_be_cancelled, NULL));
	HOLDS(await_word(1, 1));
	await_sleep(our->number[0]);
	GIVES(0, pthread_cancel(thread));
	GIVES(0, pthread_join(thread, &result));
	HOLDS(result == PTHREAD_CANCELED && returned == 77);
	post_word(1, 0);
}

/* pthreads(7) cancelation points: mq_receive(), mq_timedreceive(), mq_send(), mq_timedsend() are some. */
CLAIM(pthread_cancel_of_a_sleeper)
{
	mqd_t q = queue(1, 100);
	struct actor *a = actor();

	actor_run(a, cancel_in, RECEIVE, q);
	actor_run(a, cancel_in, TIMED_RECEIVE, q);
	GIVES(0, say(q, "full", 0));
	actor_run(a, cancel_in, SEND, q);
	actor_run(a, cancel_in, TIMED_SEND, q);
	HOLDS(attributes_of(q).mq_curmsgs == 1);
	GIVES(4, hear(q));
	got("full", 0);
}
