// SPDX-License-Identifier: GPL-2.0-only
/* Claims: mq_unlink(3), and mq_overview(7) of descriptors: poll, fork, exec, passing; both families at once. */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "mqueue.h"

/* mq_unlink(3) DESCRIPTION: the name goes at once; who has the queue open works on. */
CLAIM(name_gone_queue_lives)
{
	mqd_t q = queue(2, 100), other = OPENED(mq_open(NAME, O_RDWR));
	struct actor *a = actor();

	GIVES(0, say(q, "before", 1));
	GIVES(0, mq_unlink(NAME));
	FAILS(ENOENT, mq_open(NAME, O_RDWR));
	GIVES(0, say(other, "after", 0));
	GIVES(6, hear(other));
	got("before", 1);
	GIVES(5, hear(q));
	actor_do(a, do_receive, q);
	actor_asleep(a);
	GIVES(0, mq_close(other));
	actor_asleep(a);
	GIVES(0, say(q, "x", 0));
	actor_gives(a, 1);
	HOLDS(attributes_of(q).mq_maxmsg == 2);
}

/* mq_unlink(3) DESCRIPTION: the name is free; a new queue of it is another queue. */
CLAIM(new_queue_of_the_same_name)
{
	mqd_t old = queue(2, 100), new;

	GIVES(0, say(old, "old", 0));
	GIVES(0, mq_unlink(NAME));
	new = OPENED(make(NAME, O_RDWR | O_EXCL | O_NONBLOCK, 0600, 7, 50));
	FAILS(EAGAIN, hear(new));
	HOLDS(attributes_of(new).mq_maxmsg == 7 && attributes_of(old).mq_maxmsg == 2);
	GIVES(0, say(new, "new", 0));
	GIVES(3, hear(old));
	got("old", 0);
	GIVES(3, hear(new));
	got("new", 0);
}

static void weigh(const long *a)
{
	struct rlimit limit = { 1600, 1600 };
	mqd_t q;

	GIVES(0, setrlimit(RLIMIT_MSGQUEUE, &limit));
	q = OPENED(make(NAME, O_RDWR | O_EXCL, 0600, 10, 64));
	GIVES(0, mq_unlink(NAME));
	FAILS(EMFILE, make(NAME, O_RDWR | O_EXCL, 0600, 10, 64));
	GIVES(0, mq_close(q));
	OPENED(make(NAME, O_RDWR | O_EXCL, 0600, 10, 64));
	GIVES(0, mq_unlink(NAME));
}

/* mq_unlink(3) DESCRIPTION: destroyed with the last descriptor, and till then it counts (getrlimit(2) RLIMIT_MSGQUEUE). */
CLAIM(last_close_frees_its_bytes)
{
	actor_run(actor_as(ANN, ANN), weigh, 0);
}

/* mq_unlink(3) ERRORS ENOENT, ENAMETOOLONG: there is no queue of the name, nor could there be. */
CLAIM(ENOENT)
{
	char name[300];

	FAILS(ENOENT, mq_unlink(NAME));
	queue(1, 1);
	GIVES(0, mq_unlink(NAME));
	FAILS(ENOENT, mq_unlink(NAME));
	memset(name, 'n', sizeof(name));
	name[0] = '/';
	name[257] = 0;
	FAILS(ENAMETOOLONG, mq_unlink(name));
	FAILS(EINVAL, mq_unlink("no-slash"));
}

static void make_and_leave(const long *a)
{
	mqd_t q = OPENED(make(NAME, O_RDWR | O_EXCL, 0600, 2, 100));

	GIVES(0, say(q, "left behind", 7));
}

/* mq_overview(7) Persistence: a queue and what is in it stay, whoever made it is gone, until mq_unlink(). */
CLAIM(a_queue_outlives_its_processes)
{
	struct actor *a = actor();
	mqd_t q;

	actor_run(a, make_and_leave, 0);
	mine(NAME);
	actor_end(a);
	q = OPENED(mq_open(NAME, O_RDWR));
	GIVES(11, hear(q));
	got("left behind", 7);
}

static void do_unlink(const long *a)
{
	RESULT(mq_unlink(NAME));
	RESULT(syscall(SYS_mq_unlink, NAME + 1));
}

static void do_make(const long *a)
{
	OPENED(make(NAME, O_RDWR | O_EXCL, 0666, 1, 1));
}

static void do_just_unlink(const long *a)
{
	RESULT(mq_unlink(NAME));
}

/* mq_unlink(3) ERRORS EACCES: neither the queue's owner nor privileged; the bare system call says EPERM. */
CLAIM(EACCES_of_a_stranger)
{
	struct actor *ann = actor_as(ANN, ANN), *bob = actor_as(BOB, ANN);

	umask(0);
	actor_run(ann, do_make, 0);
	mine(NAME);
	actor_do(bob, do_unlink, 0);
	actor_fails(bob, EPERM);
	actor_do(bob, do_just_unlink, 0);
	actor_fails(bob, EACCES);
	OPENED(mq_open(NAME, O_RDWR));
	actor_do(ann, do_just_unlink, 0);
	actor_gives(ann, 0);
	FAILS(ENOENT, mq_open(NAME, O_RDWR));
}

static int ready(mqd_t q)
{
	struct pollfd one = { .fd = q, .events = POLLIN | POLLOUT };

	return poll(&one, 1, 0) < 0 ? -1 : one.revents;
}

/* For actors: queue, events. */
static void do_poll(const long *a)
{
	struct pollfd one = { .fd = (int)a[0], .events = (short)a[1] };

	if (RESULT(poll(&one, 1, -1)) == 1)
		tell("events %x", one.revents);
}

/* mq_overview(7) descriptors: poll(2): readable with a message, writable with room. */
CLAIM(poll_in_and_out)
{
	mqd_t q = queue(1, 100);
	struct actor *a = actor();

	GIVES(POLLOUT, ready(q));
	actor_do(a, do_poll, q, POLLIN);
	actor_asleep(a);
	GIVES(0, say(q, "x", 0));
	actor_gives(a, 1);
	GIVES(POLLIN, ready(q));
	actor_do(a, do_poll, q, POLLOUT);
	actor_asleep(a);
	GIVES(1, hear(q));
	actor_gives(a, 1);
	GIVES(POLLOUT, ready(q));
}

/* mq_overview(7) descriptors: epoll(7), edge-triggered, too: one event for each message that comes to an empty queue. */
CLAIM(epoll_edge)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data = { .u32 = 77 } };
	mqd_t q = queue(3, 100);
	int set = OPENED(epoll_create1(0));

	GIVES(0, epoll_ctl(set, EPOLL_CTL_ADD, q, &event));
	GIVES(0, epoll_wait(set, &event, 1, 0));
	GIVES(0, say(q, "x", 0));
	GIVES(1, epoll_wait(set, &event, 1, 0));
	HOLDS(event.events == EPOLLIN && event.data.u32 == 77);
	GIVES(0, epoll_wait(set, &event, 1, 0));
	GIVES(1, hear(q));
	GIVES(0, epoll_wait(set, &event, 1, 0));
	GIVES(0, say(q, "y", 0));
	GIVES(1, epoll_wait(set, &event, 1, 0));
}

/* mq_overview(7) descriptors: select(2). */
CLAIM(select)
{
	struct timeval now = { 0, 0 };
	mqd_t q = queue(1, 100);
	fd_set in_set, out_set;

	FD_ZERO(&in_set);
	FD_ZERO(&out_set);
	FD_SET(q, &in_set);
	FD_SET(q, &out_set);
	GIVES(1, select(q + 1, &in_set, &out_set, NULL, &now));
	HOLDS(!FD_ISSET(q, &in_set) && FD_ISSET(q, &out_set));
	GIVES(0, say(q, "x", 0));
	FD_SET(q, &in_set);
	FD_SET(q, &out_set);
	GIVES(1, select(q + 1, &in_set, &out_set, NULL, &now));
	HOLDS(FD_ISSET(q, &in_set) && !FD_ISSET(q, &out_set));
}

static mqd_t inherited;

static void answer_in_child(void)
{
	GIVES(4, hear(inherited));
	got("ping", 0);
	GIVES(0, say(inherited, "pong", 1));
	GIVES(0, mq_close(inherited));
}

/* mq_overview(7) DESCRIPTION: a child inherits the descriptors, of the same open descriptions. */
CLAIM(fork_shares)
{
	mqd_t q = inherited = queue(2, 100);

	GIVES(0, say(q, "ping", 0));
	child_done(child(answer_in_child));
	GIVES(4, hear(q));
	got("pong", 1);
}

ACTION(use_number)
{
	mqd_t q = (mqd_t)argument(0);

	if (!argument(1)) {
		FAILS(EBADF, say(q, "pong", 1));
		return;
	}
	GIVES(4, hear(q));
	GIVES(0, say(q, "pong", 1));
}

static bool keeps;

static void exec_in_child(void)
{
	if (keeps)
		GIVES(0, fcntl(inherited, F_SETFD, 0));
	exec_self("use_number", inherited, keeps);
}

/* mq_overview(7) descriptors: close-on-exec; taken away, the descriptor works in the new program. */
CLAIM(exec_without_CLOEXEC_keeps)
{
	mqd_t q = queue(2, 100);

	/* A number that no program opens of itself. */
	inherited = OPENED(fcntl(q, F_DUPFD_CLOEXEC, 500));
	GIVES(0, say(q, "ping", 0));
	child_done(child(exec_in_child));
	keeps = true;
	child_done(child(exec_in_child));
	GIVES(4, hear(q));
	got("pong", 1);
}

static int pass(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 'q';
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(socket, &message, 0) == 1 ? 0 : -1;
}

static int passed(int socket)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *header;
	int fd = -1;

	if (recvmsg(socket, &message, 0) != 1)
		return -1;
	header = CMSG_FIRSTHDR(&message);
	if (header)
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

static void use_passed(const long *a)
{
	int fd = OPENED(passed((int)a[0]));

	FAILS(EBADF, say(fd, "x", 0));
	GIVES(6, hear(fd));
	got("passed", 3);
}

/* unix(7) SCM_RIGHTS, mq_overview(7) descriptors: passed to another process it refers to the same queue, with the same access. */
CLAIM(SCM_RIGHTS)
{
	struct actor *bob;
	mqd_t q = queue(2, 100), reader = OPENED(mq_open(NAME, O_RDONLY));
	int pair[2];

	GIVES(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	bob = actor_as(BOB, BOB);
	GIVES(0, say(q, "passed", 3));
	GIVES(0, pass(pair[0], reader));
	actor_run(bob, use_passed, pair[1]);
	HOLDS(attributes_of(q).mq_curmsgs == 0);
}

/* syscall(2), mq_overview(7) system calls: the numbers of the six calls; names have no slash there. */
CLAIM(syscall_SYS_mq_all)
{
	struct mq_attr attributes = { .mq_maxmsg = 2, .mq_msgsize = 100 }, old;
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	struct timespec past = { 1, 0 };
	mqd_t q, other;

	q = OPENED(syscall(SYS_mq_open, NAME + 1, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes));
	mine(NAME);
	other = OPENED(mq_open(NAME, O_RDWR));
	FAILS(EACCES, syscall(SYS_mq_open, NAME, O_RDWR, 0, NULL));
	FAILS(EEXIST, syscall(SYS_mq_open, NAME + 1, O_RDWR | O_CREAT | O_EXCL, 0600, NULL));
	GIVES(0, syscall(SYS_mq_timedsend, q, "raw", 3ul, 5u, NULL));
	FAILS(EINVAL, syscall(SYS_mq_timedsend, q, "raw", 3ul, 32768u, NULL));
	GIVES(3, hear(other));
	got("raw", 5);
	GIVES(0, say(other, "back", 1));
	GIVES(4, syscall(SYS_mq_timedreceive, q, in.text, 100ul, &in.priority, NULL));
	HOLDS(in.priority == 1 && !memcmp(in.text, "back", 4));
	FAILS(ETIMEDOUT, syscall(SYS_mq_timedreceive, q, in.text, 100ul, NULL, &past));
	attributes.mq_flags = O_NONBLOCK;
	GIVES(0, syscall(SYS_mq_getsetattr, q, &attributes, &old));
	HOLDS(old.mq_flags == 0 && old.mq_maxmsg == 2);
	HOLDS(attributes_of(q).mq_flags == O_NONBLOCK);
	GIVES(0, syscall(SYS_mq_notify, q, &event));
	FAILS(EBUSY, syscall(SYS_mq_notify, q, &event));
	GIVES(0, syscall(SYS_mq_notify, q, NULL));
	GIVES(0, syscall(SYS_mq_unlink, NAME + 1));
	FAILS(ENOENT, mq_open(NAME, O_RDWR));
}

static void forget_queue(long id)
{
	msgctl((int)id, IPC_RMID, NULL);
}

static void answer_by_the_other(const long *a)
{
	struct {
		long type;
		char text[20];
	} message;

	GIVES(5, msgrcv((int)a[0], &message, 20, 0, 0));
	GIVES(0, mq_send((mqd_t)a[1], message.text, 5, (unsigned int)message.type));
}

/* svipc(7) Message queues, mq_overview(7): two kinds of queues; a program may use both, and neither knows the other. */
CLAIM(both_families_at_once)
{
	struct {
		long type;
		char text[20];
	} message = { 3, "hello" };
	mqd_t q = queue(2, 100);
	struct actor *a;
	int id = ID(msgget(IPC_PRIVATE, 0600));

	finally(forget_queue, id);
	a = actor();
	actor_do(a, answer_by_the_other, id, q);
	actor_asleep(a);
	GIVES(0, msgsnd(id, &message, 5, 0));
	GIVES(5, hear(q));
	got("hello", 3);
	actor_done(a);
	FAILS(ENOMSG, msgrcv(id, &message, 20, 0, IPC_NOWAIT));
	HOLDS(attributes_of(q).mq_curmsgs == 0);
}
