// SPDX-License-Identifier: GPL-2.0-only
/*
 * Claims: what libkmq-sysv(7) says is different. They hold under libkmq-sysv alone, and most of them are false of the
 * kernel's own queues: a difference that has gone has to go from the page, too.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/single_threaded.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sysv.h"

static const char hub[] = "/dev/kmq/.hub";

static void find_elsewhere(const long *a)
{
	GIVES(0, unshare(CLONE_NEWIPC));
	HOLDS(msgget(KEY, 0) == our->id);
	GIVES(0, say(our->id, 1, "from elsewhere", 0));
}

/* DIFFERENCES Namespaces: a key is the same queue in all IPC namespaces. */
CLAIM(a_key_is_the_same_in_all_namespaces)
{
	our->id = mine(ID(msgget(KEY, IPC_CREAT | 0600)));
	actor_run(actor(), find_elsewhere, 0);
	GIVES(14, hear(our->id, 0, 0));
}

/* DIFFERENCES Other tools: /proc/sysvipc/msg knows the kernel's queues only. */
CLAIM(proc_does_not_list_them)
{
	char line[256];
	int lines = 0;
	FILE *list = fopen("/proc/sysvipc/msg", "re");

	queue();
	while (list && fgets(line, sizeof(line), list))
		lines++;
	HOLDS(lines == 1);
	if (list)
		fclose(list);
}

/* DIFFERENCES Identifiers: they grow by one, and are never 0. */
CLAIM(identifiers_grow_by_one)
{
	int first = queue(), second = queue();

	HOLDS(first > 0);
	HOLDS(second == first + 1);
	FAILS(EINVAL, msgctl(0, IPC_STAT, &(struct msqid_ds){ }));
	FAILS(EINVAL, msgctl(0, IPC_RMID, NULL));
	FAILS(EINVAL, say(0, 1, "x", IPC_NOWAIT));
}

/* DIFFERENCES msgmax, msgmnb, msgmni: msgmax is as it was when the queue was made. */
CLAIM(msgmax_is_as_of_the_creation)
{
	int id = queue();

	sysctl_set("/proc/sys/kernel/msgmax", 100);
	GIVES(0, put(id, 1, 101, 0));
	FAILS(EINVAL, put(queue(), 1, 101, 0));
}

/* DIFFERENCES Limits of the module: msg_qbytes counts against max_bytes_per_user. */
CLAIM(more_qbytes_than_a_user_may_have_is_ENOMEM)
{
	int id = queue();

	GIVES(0, set_qbytes(id, 1 << 20));
	HOLDS(stat_of(id).msg_qbytes == 1 << 20);
	FAILS(ENOMEM, set_qbytes(id, 1ul << 30));
	HOLDS(stat_of(id).msg_qbytes == 1 << 20);
}

/* DIFFERENCES A msgrcv() to a bad address: EFAULT, and the message stays. */
CLAIM(a_receive_to_a_bad_address_leaves_the_message)
{
	int id = queue();

	GIVES(0, put(id, 3, 4, 0));
	FAILS(EFAULT, msgrcv(id, NULL, 10, 0, 0));
	FAILS(EFAULT, msgrcv(id, page_end() - 11, 10, 0, 0));
	holds_messages(id, 1, 4);
	GIVES(4, hear(id, 3, 0));
	FAILS(ENOMSG, msgrcv(id, NULL, 10, 0, MSG_COPY | IPC_NOWAIT));
}

static void open_nothing(const long *a)
{
	FAILS(ENOSYS, msgget(IPC_PRIVATE, 0600));
	FAILS(ENOSYS, say(5, 1, "x", IPC_NOWAIT));
	FAILS(ENOSYS, hear(5, 0, 0));
	FAILS(ENOSYS, msgctl(5, IPC_RMID, NULL));
}

static void open_mode(long mode)
{
	chmod(hub, mode);
}

/* DESCRIPTION How to load it: who may not open the hub has no such calls. */
CLAIM(without_permission_for_the_hub_ENOSYS)
{
	struct actor *bob = actor_as(BOB, BOB);
	struct stat before;

	GIVES(0, stat(hub, &before));
	finally(open_mode, before.st_mode & 0777);
	GIVES(0, chmod(hub, 0600));
	actor_run(bob, open_nothing, 0);
	GIVES(0, chmod(hub, 0606));
	actor_do(bob, do_take, 1, 1, 0, IPC_NOWAIT);
	actor_fails(bob, EINVAL);
}

static void give_up_the_rights(const long *a)
{
	FAILS(EINVAL, msgctl(0, IPC_RMID, NULL));
	FAILS(ENOMSG, hear(our->id, 0, 0));
	GIVES(0, setresuid(BOB, BOB, BOB));
	FAILS(ENOMSG, hear(our->id, 0, 0));
	closefrom(3);
	FAILS(ENOSYS, hear(our->id, 0, 0));
}

/* DESCRIPTION: who has given up the rights to open the hub goes on, until he closes it. */
CLAIM(rights_given_up_are_missed_when_the_descriptor_is_closed)
{
	struct stat before;

	our->id = queue_of(0666);
	GIVES(0, stat(hub, &before));
	finally(open_mode, before.st_mode & 0777);
	GIVES(0, chmod(hub, 0600));
	actor_run(actor(), give_up_the_rights, 0);
}

static void use_up_all_numbers(const long *a)
{
	struct rlimit few = { 24, 24 };

	GIVES(0, setrlimit(RLIMIT_NOFILE, &few));
	while (dup(1) >= 0)
		;
	FAILS(EMFILE, msgget(IPC_PRIVATE, 0600));
	FAILS(EMFILE, msgctl(5, IPC_RMID, NULL));
	close(23);
	FAILS(EINVAL, msgctl(5, IPC_RMID, NULL));
}

/* DIFFERENCES The descriptor: a program that has used up all numbers before its first call has EMFILE. */
CLAIM(all_numbers_used_up_before_the_first_call_is_EMFILE)
{
	actor_run(actor(), use_up_all_numbers, 0);
}

/* The number of the hub's descriptor, -1: there is none. */
static int hub_number(void)
{
	char path[64], target[64];
	ssize_t size;
	int i;

	for (i = 0; i < 4096; i++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", i);
		size = readlink(path, target, sizeof(target) - 1);
		target[size < 0 ? 0 : size] = 0;
		if (!strcmp(target, hub))
			return i;
	}
	return -1;
}

static void look_at_the_number(const long *a)
{
	struct rlimit limit = { a[0], a[0] };

	GIVES(0, setrlimit(RLIMIT_NOFILE, &limit));
	HOLDS(hub_number() == -1);
	FAILS(EINVAL, msgctl(5, IPC_RMID, NULL));
	HOLDS(hub_number() == a[1]);
	HOLDS(fcntl((int)a[1], F_GETFD) == FD_CLOEXEC);
}

/* DIFFERENCES The descriptor: 1008, or 16 below the limit. */
CLAIM(the_descriptor_has_a_high_number)
{
	actor_run(actor(), look_at_the_number, 1024, 1008);
	actor_run(actor(), look_at_the_number, 4096, 1008);
	actor_run(actor(), look_at_the_number, 100, 84);
}

static void sleep_with_nonblock(const long *a)
{
	FAILS(ENOMSG, hear(our->id, 0, 0));
	GIVES(0, fcntl(hub_number(), F_SETFL, O_NONBLOCK));
	RESULT(take(our->id, 100, 0, 0));
}

/* DIFFERENCES The descriptor: O_NONBLOCK on it makes no difference. */
CLAIM(nonblock_on_the_descriptor_makes_no_difference)
{
	struct actor *a = actor();

	our->id = queue();
	actor_do(a, sleep_with_nonblock, 0);
	actor_asleep(a);
	GIVES(0, say(our->id, 1, "four", 0));
	actor_gives(a, 4);
}

static void cancel_itself(void)
{
	/* To refer to it is to have a copy. */
	our->number[1] = __libc_single_threaded;
	our->number[2] = our->number[3] = -2;
	pthread_cancel(pthread_self());
	our->number[2] = put(our->id, 1, 1, 0);
	pthread_testcancel();
	our->number[3] = 0;
}

/* DIFFERENCES Cancellation: the only thread of a program that refers to __libc_single_threaded cancels itself. */
CLAIM(cancelled_by_itself_it_passes_through_if_it_has_a_copy_of_single_threaded)
{
	our->id = queue();
	child_done(child(cancel_itself));
	HOLDS(our->number[1] == 1);
	HOLDS(our->number[2] == 0);
	HOLDS(our->number[3] == -2);
}

enum { CALLERS = 8, TIMES = 100 };

static pthread_barrier_t closed, called;

static void *call_when_closed(void *id)
{
	int i;

	for (i = 0; i < TIMES; i++) {
		pthread_barrier_wait(&closed);
		msgrcv(*(int *)id, &in, 0, 0, IPC_NOWAIT);
		pthread_barrier_wait(&called);
	}
	return NULL;
}

static int hubs_open(void)
{
	int i, count = 0;

	for (i = 1000; i < 1024; i++)
		count += fcntl(i, F_GETFD) >= 0;
	return count;
}

/* DIFFERENCES The descriptor: there is one, however many threads find together that it was closed. */
CLAIM(threads_that_open_the_hub_together_keep_one)
{
	int id = queue(), i, most = 0;
	pthread_t threads[CALLERS];

	pthread_barrier_init(&closed, NULL, CALLERS + 1);
	pthread_barrier_init(&called, NULL, CALLERS + 1);
	for (i = 0; i < CALLERS; i++)
		pthread_create(&threads[i], NULL, call_when_closed, &id);
	for (i = 0; i < TIMES; i++) {
		closefrom(1000);
		pthread_barrier_wait(&closed);
		pthread_barrier_wait(&called);
		most = hubs_open() > most ? hubs_open() : most;
	}
	for (i = 0; i < CALLERS; i++)
		pthread_join(threads[i], NULL);
	HOLDS(most == 1);
}

static void leave_the_root(const long *a)
{
	if (a[0])
		FAILS(EINVAL, msgctl(5, IPC_RMID, NULL));
	GIVES(0, chroot("/proc/self/fdinfo"));
	if (a[0])
		FAILS(EINVAL, msgctl(5, IPC_RMID, NULL));
	closefrom(3);
	FAILS(ENOSYS, msgctl(5, IPC_RMID, NULL));
}

/* DIFFERENCES chroot: the hub must be there at the first call, and when the descriptor has been closed. */
CLAIM(chroot_must_have_the_hub)
{
	actor_run(actor(), leave_the_root, 0);
	actor_run(actor(), leave_the_root, 1);
}

static void be_root_of_a_namespace(const long *a)
{
	GIVES(0, unshare(CLONE_NEWUSER));
	GIVES(0, put(our->id, 1, 1, IPC_NOWAIT));
	FAILS(EPERM, set_qbytes(our->id, MSGMNB_IS + 1));
}

/* msgctl(2) EPERM, kept by the library: msg_qbytes above msgmnb is for CAP_SYS_RESOURCE of the first user namespace. */
CLAIM(root_of_a_user_namespace_is_not_CAP_SYS_RESOURCE)
{
	our->id = queue_of(0666);
	GIVES(0, set_owner(our->id, BOB, BOB));
	actor_run(actor_as(BOB, BOB), be_root_of_a_namespace, 0);
}
