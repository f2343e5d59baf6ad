// SPDX-License-Identifier: GPL-2.0-only
/* Claims: mq_open(3), and the limits and names of mq_overview(7). */
#include <linux/capability.h>
#include <sys/resource.h>

#include "mqueue.h"

static const char msg_max[] = "/proc/sys/fs/mqueue/msg_max",
		  msgsize_max[] = "/proc/sys/fs/mqueue/msgsize_max",
		  msg_default[] = "/proc/sys/fs/mqueue/msg_default",
		  msgsize_default[] = "/proc/sys/fs/mqueue/msgsize_default",
		  queues_max[] = "/proc/sys/fs/mqueue/queues_max";

/* In an actor, what it opened last. */
static mqd_t own = -1;

/* For actors: flags. */
static void do_open(const long *a)
{
	own = (mqd_t)NUMBER(mq_open(NAME, (int)a[0]));
}

/* For actors: flags, mode, most, size. */
static void do_make(const long *a)
{
	own = (mqd_t)NUMBER(make(NAME, (int)a[0], (mode_t)a[1], a[2], a[3]));
}

static void do_make2(const long *a)
{
	NUMBER(make(NAME2, (int)a[0], (mode_t)a[1], a[2], a[3]));
}

static void do_limit(const long *a)
{
	struct rlimit limit = { a[0], a[0] };

	RESULT(setrlimit(RLIMIT_MSGQUEUE, &limit));
}

static void bad_name(const char *name, const char *error)
{
	NUMBER(mq_open(name, O_RDWR | O_CREAT, 0600, NULL));
	pinned(error);
	NUMBER(mq_open(name, O_RDWR));
	pinned(error);
}

/* mq_open(3) ERRORS EINVAL name: it does not begin with a slash. */
CLAIM(name_without_slash_EINVAL)
{
	bad_name("kmq-claim", "EINVAL");
	bad_name("kmq/claim", "EINVAL");
}

/* mq_open(3) ERRORS EINVAL name: there is nothing of a name. */
CLAIM(name_empty_EINVAL)
{
	bad_name("", "EINVAL");
}

/* mq_open(3) ERRORS ENOENT name: only a slash. */
CLAIM(name_of_only_a_slash_ENOENT)
{
	bad_name("/", "ENOENT");
}

/* mq_open(3) ERRORS EACCES name: more than one slash. */
CLAIM(name_with_two_slashes_EACCES)
{
	bad_name("/kmq/claim", "EACCES");
	bad_name("//kmq-claim", "EACCES");
	bad_name("/kmq-claim/", "EACCES");
}

/* mq_overview(7) DESCRIPTION /somename: the directory itself is no queue. */
CLAIM(name_dot_EACCES)
{
	bad_name("/.", "EACCES");
}

/* mq_overview(7) DESCRIPTION /somename: nor is what is above it. */
CLAIM(name_dot_dot_EACCES)
{
	bad_name("/..", "EACCES");
}

static char *long_name(int characters)
{
	static char name[300];

	memset(name, 'n', sizeof(name));
	name[0] = '/';
	name[characters + 1] = 0;
	return name;
}

/* mq_open(3) ERRORS ENAMETOOLONG: more than 255 characters. */
CLAIM(name_of_256_ENAMETOOLONG)
{
	bad_name(long_name(256), "ENAMETOOLONG");
}

/* mq_overview(7) DESCRIPTION /somename: of up to 255 characters behind the slash. */
CLAIM(name_of_255_characters)
{
	char *name = long_name(255);

	OPENED(mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, NULL));
	OPENED(mq_open(name, O_RDWR));
	FAILS(ENOENT, mq_open(long_name(254), O_RDWR));
	GIVES(0, mq_unlink(long_name(255)));
}

/* mq_overview(7) DESCRIPTION: whoever passes the same name operates on the same queue. */
CLAIM(CREAT_and_find)
{
	mqd_t q = queue(5, 100), other;

	GIVES(0, say(q, "alpha", 3));
	other = OPENED(mq_open(NAME, O_RDWR | O_NONBLOCK));
	GIVES(5, hear(other));
	got("alpha", 3);
	FAILS(EAGAIN, hear(other));
	OPENED(mq_open(NAME, O_RDWR | O_CREAT, 0600, NULL));
}

/* mq_open(3) ERRORS EEXIST: O_CREAT and O_EXCL, and the name has a queue. */
CLAIM(EXCL_EEXIST)
{
	queue(5, 100);
	FAILS(EEXIST, make(NAME, O_RDWR | O_EXCL, 0600, 5, 100));
	FAILS(EEXIST, mq_open(NAME, O_RDONLY | O_CREAT | O_EXCL, 0600, NULL));
	OPENED(mq_open(NAME, O_RDWR | O_EXCL));
}

/* mq_open(3) ERRORS ENOENT: no O_CREAT, and nothing has the name. */
CLAIM(ENOENT)
{
	FAILS(ENOENT, mq_open(NAME, O_RDWR));
	FAILS(ENOENT, mq_open(NAME, O_RDONLY | O_EXCL));
}

/* mq_open(3) DESCRIPTION mode: less the umask. */
CLAIM(umask)
{
	struct actor *bob = actor_as(BOB, BOB);

	umask(0006);
	queue(5, 100);
	actor_do(bob, do_open, O_RDONLY);
	actor_fails(bob, EACCES);
	GIVES(0, mq_unlink(NAME));
	GIVES(0006, umask(0002));
	OPENED(make(NAME, O_RDWR, 0666, 5, 100));
	actor_do(bob, do_open, O_WRONLY);
	actor_fails(bob, EACCES);
	actor_run(bob, do_open, O_RDONLY);
	GIVES(0, mq_unlink(NAME));
	GIVES(0002, umask(0));
	OPENED(make(NAME, O_RDWR, 0666, 5, 100));
	actor_run(bob, do_open, O_RDWR);
}

/* mq_open(3) ERRORS EACCES: the queue's mode does not let the caller open it so. */
CLAIM(EACCES_by_mode)
{
	struct actor *ann = actor_as(ANN, CROWD), *bob = actor_as(BOB, BOB);

	umask(0);
	actor_run(ann, do_make, O_RDWR, 0204, 5, 100);
	mine(NAME);
	actor_do(ann, do_open, O_RDONLY);
	actor_fails(ann, EACCES);
	actor_do(ann, do_open, O_RDWR);
	actor_fails(ann, EACCES);
	actor_run(ann, do_open, O_WRONLY);
	actor_do(bob, do_open, O_WRONLY);
	actor_fails(bob, EACCES);
	actor_do(bob, do_open, O_RDWR);
	actor_fails(bob, EACCES);
	actor_run(bob, do_open, O_RDONLY);
	actor_do(bob, do_make, O_RDWR | O_EXCL, 0666, 5, 100);
	actor_fails(bob, EEXIST);
	OPENED(mq_open(NAME, O_RDWR));
}

/* mq_open(3) DESCRIPTION oflag: exactly one of the three access modes. */
CLAIM(mode_3_EINVAL)
{
	queue(5, 100);
	FAILS(EINVAL, mq_open(NAME, O_ACCMODE));
}

/* mq_open(3) ERRORS EINVAL attr: both fields must be greater than 0. */
CLAIM(attr_0_and_negative_EINVAL)
{
	FAILS(EINVAL, make(NAME, O_RDWR, 0600, 0, 100));
	FAILS(EINVAL, make(NAME, O_RDWR, 0600, -1, 100));
	FAILS(EINVAL, make(NAME, O_RDWR, 0600, 5, 0));
	FAILS(EINVAL, make(NAME, O_RDWR, 0600, 5, -100));
	FAILS(ENOENT, mq_open(NAME, O_RDWR));
}

/* mq_open(3) ERRORS EINVAL attr: above msg_max or msgsize_max, without CAP_SYS_RESOURCE. */
CLAIM(above_msg_max_EINVAL_unprivileged)
{
	struct actor *ann = actor_as(ANN, ANN);

	mine(NAME);
	actor_do(ann, do_make, O_RDWR, 0600, 11, 100);
	actor_fails(ann, EINVAL);
	actor_do(ann, do_make, O_RDWR, 0600, 10, 8193);
	actor_fails(ann, EINVAL);
	actor_run(ann, do_make, O_RDWR, 0600, 10, 8192);
	GIVES(0, mq_unlink(NAME));
	sysctl_set(msg_max, 3);
	sysctl_set(msgsize_max, 200);
	actor_do(ann, do_make, O_RDWR, 0600, 4, 200);
	actor_fails(ann, EINVAL);
	actor_do(ann, do_make, O_RDWR, 0600, 3, 201);
	actor_fails(ann, EINVAL);
	actor_run(ann, do_make, O_RDWR, 0600, 3, 200);
}

/* mq_overview(7) /proc interfaces HARD_MSGMAX, HARD_MSGSIZEMAX: privileged creators pass msg_max, and not these. */
CLAIM(HARD_limits_as_root)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	NEEDS(CAP_SYS_RESOURCE);
	GIVES(0, setrlimit(RLIMIT_MSGQUEUE, &all));
	mine(NAME);
	FAILS(EINVAL, make(NAME, O_RDWR, 0600, 65537, 1));
	FAILS(EINVAL, make(NAME, O_RDWR, 0600, 1, (1 << 24) + 1));
	OPENED(make(NAME, O_RDWR, 0600, 65536, 1));
	GIVES(0, mq_unlink(NAME));
	OPENED(make(NAME, O_RDWR, 0600, 1, 1 << 24));
}

static void find_default(long most, long size)
{
	mqd_t q = OPENED(mq_open(NAME, O_RDWR | O_CREAT | O_EXCL, 0600, NULL));
	struct mq_attr is = attributes_of(q);

	tell("%ld messages of %ld bytes", is.mq_maxmsg, is.mq_msgsize);
	HOLDS(is.mq_maxmsg == most && is.mq_msgsize == size);
	GIVES(0, mq_unlink(NAME));
	GIVES(0, mq_close(q));
}

/* mq_overview(7) /proc interfaces msg_default, msgsize_default: of a queue made without attr; at most msg_max, msgsize_max. */
CLAIM(default_attr_follow_proc)
{
	find_default(10, 8192);
	sysctl_set(msg_default, 4);
	sysctl_set(msgsize_default, 300);
	find_default(4, 300);
	sysctl_set(msg_max, 3);
	sysctl_set(msgsize_max, 200);
	find_default(3, 200);
}

/* mq_open(3) ERRORS EINVAL attr: it is looked at by who makes the queue, not by who finds it. */
CLAIM(attr_ignored_when_it_exists)
{
	mqd_t q;

	queue(5, 100);
	q = OPENED(make(NAME, O_RDWR, 0600, 7, 200));
	HOLDS(attributes_of(q).mq_maxmsg == 5 && attributes_of(q).mq_msgsize == 100);
	OPENED(make(NAME, O_RDWR, 0600, -1, 0));
	OPENED(make(NAME, O_RDWR, 0600, 1 << 30, 1 << 30));
}

/* mq_open(3) DESCRIPTION attr: mq_flags and mq_curmsgs are ignored. */
CLAIM(attr_flags_are_ignored)
{
	struct mq_attr attributes = {
		.mq_flags = O_NONBLOCK, .mq_maxmsg = 2, .mq_msgsize = 10, .mq_curmsgs = 9
	};
	mqd_t q = OPENED(mq_open(NAME, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes));

	mine(NAME);
	HOLDS(attributes_of(q).mq_flags == 0 && attributes_of(q).mq_curmsgs == 0);
}

/* mq_open(3) ERRORS ENOSPC: as many queues as queues_max, and no CAP_SYS_RESOURCE. */
CLAIM(queues_max_ENOSPC)
{
	struct actor *ann = actor_as(ANN, ANN);

	sysctl_set(queues_max, 1);
	actor_run(ann, do_make, O_RDWR, 0600, 2, 10);
	mine(NAME);
	mine(NAME2);
	actor_do(ann, do_make2, O_RDWR, 0600, 2, 10);
	actor_fails(ann, ENOSPC);
	actor_run(ann, do_make, O_RDWR, 0600, 2, 10);
	sysctl_set(queues_max, 2);
	actor_run(ann, do_make2, O_RDWR, 0600, 2, 10);
}

/* getrlimit(2) RLIMIT_MSGQUEUE: what a user's queues weigh: their bytes, and two times 48 for each message. */
CLAIM(MSGQUEUE_edge_to_the_byte_EMFILE)
{
	struct actor *ann = actor_as(ANN, ANN), *bob = actor_as(BOB, BOB);

	mine(NAME);
	mine(NAME2);
	actor_run(ann, do_limit, 1599);
	actor_do(ann, do_make, O_RDWR, 0600, 10, 64);
	actor_fails(ann, EMFILE);
	actor_run(bob, do_limit, 1600);
	actor_run(bob, do_make, O_RDWR, 0600, 10, 64);
	actor_do(bob, do_make2, O_RDWR, 0600, 1, 1);
	actor_fails(bob, EMFILE);
	actor_run(ann, do_make2, O_RDWR, 0600, 10, 63);
}

/* mq_overview(7) descriptors: the close-on-exec flag is set, asked for or not. */
CLAIM(descriptor_has_CLOEXEC)
{
	mqd_t q = queue(5, 100), other = OPENED(mq_open(NAME, O_RDWR | O_CLOEXEC));

	GIVES(FD_CLOEXEC, fcntl(q, F_GETFD));
	GIVES(FD_CLOEXEC, fcntl(other, F_GETFD));
}

/* mq_open(3) DESCRIPTION oflag: the access mode is the descriptor's, and O_NONBLOCK is. */
CLAIM(descriptor_has_its_access_mode)
{
	queue(5, 100);
	HOLDS((fcntl(OPENED(mq_open(NAME, O_RDONLY)), F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == O_RDONLY);
	HOLDS((fcntl(OPENED(mq_open(NAME, O_WRONLY)), F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == O_WRONLY);
	HOLDS((fcntl(OPENED(mq_open(NAME, O_RDWR | O_NONBLOCK)), F_GETFL) & (O_ACCMODE | O_NONBLOCK)) ==
	      (O_RDWR | O_NONBLOCK));
}

extern mqd_t __mq_open_2(const char *name, int flags);

/* feature_test_macros(7) _FORTIFY_SOURCE: a fortified program opens by another name of the same call. */
CLAIM(fortified_open)
{
	mqd_t q = queue(5, 100), other;

	GIVES(0, say(q, "alpha", 0));
	other = OPENED(__mq_open_2(NAME, O_RDWR | O_NONBLOCK));
	GIVES(5, hear(other));
	got("alpha", 0);
	FAILS(ENOENT, __mq_open_2(NAME2, O_RDWR));
}
