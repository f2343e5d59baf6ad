// SPDX-License-Identifier: GPL-2.0-only
/* Claims: mq_getattr(3), mq_setattr(3). */
#include "mqueue.h"

static int set_flags(mqd_t q, long flags)
{
	struct mq_attr attributes = { .mq_flags = flags, .mq_maxmsg = 77, .mq_msgsize = 77, .mq_curmsgs = 77 };

	return mq_setattr(q, &attributes, NULL);
}

/* mq_getattr(3) DESCRIPTION mq_attr: flags, most messages, their size, how many there are. */
CLAIM(getattr_all)
{
	struct mq_attr is = attributes_of(queue(5, 100));

	HOLDS(is.mq_flags == 0 && is.mq_maxmsg == 5 && is.mq_msgsize == 100 && is.mq_curmsgs == 0);
	is = attributes_of(OPENED(mq_open(NAME, O_RDONLY | O_NONBLOCK)));
	HOLDS(is.mq_flags == O_NONBLOCK && is.mq_maxmsg == 5 && is.mq_msgsize == 100);
}

/* mq_getattr(3) DESCRIPTION mq_curmsgs: the messages in the queue. */
CLAIM(curmsgs)
{
	mqd_t q = queue(5, 100);
	struct actor *a = actor();

	GIVES(0, say(q, "a", 0));
	GIVES(0, say(q, "", 5));
	HOLDS(attributes_of(q).mq_curmsgs == 2);
	GIVES(0, hear(q));
	HOLDS(attributes_of(q).mq_curmsgs == 1);
	GIVES(1, hear(q));
	actor_do(a, do_receive, q);
	actor_asleep(a);
	GIVES(0, say(q, "handed over", 0));
	actor_gives(a, 11);
	HOLDS(attributes_of(q).mq_curmsgs == 0);
}

static void flags_in_child(const long *a)
{
	HOLDS(attributes_of((mqd_t)a[0]).mq_flags == a[1]);
	FAILS(EAGAIN, hear((mqd_t)a[0]));
	GIVES(0, set_flags((mqd_t)a[0], 0));
}

/* mq_getattr(3) DESCRIPTION mq_flags: of the open description, which dup() and fork() share. */
CLAIM(setattr_NONBLOCK_is_shared_by_dup_and_fork)
{
	mqd_t q = queue(5, 100), copy = OPENED(dup(q));
	struct actor *a = actor();

	GIVES(0, set_flags(q, O_NONBLOCK));
	HOLDS(attributes_of(copy).mq_flags == O_NONBLOCK);
	FAILS(EAGAIN, hear(copy));
	actor_run(a, flags_in_child, q, O_NONBLOCK);
	HOLDS(attributes_of(q).mq_flags == 0);
}

/* mq_getattr(3) DESCRIPTION mq_flags: not of the queue; another mq_open() has its own. */
CLAIM(not_by_a_second_open)
{
	mqd_t q = queue(5, 100), second = OPENED(mq_open(NAME, O_RDWR));
	struct actor *a = actor();

	GIVES(0, set_flags(q, O_NONBLOCK));
	HOLDS(attributes_of(second).mq_flags == 0);
	actor_do(a, do_receive, second);
	actor_asleep(a);
	GIVES(0, say(q, "x", 0));
	actor_gives(a, 1);
}

/* mq_getattr(3) ERRORS EINVAL: mq_flags has other bits than O_NONBLOCK. */
CLAIM(other_flags_EINVAL)
{
	mqd_t q = queue(5, 100);

	FAILS(EINVAL, set_flags(q, O_APPEND));
	FAILS(EINVAL, set_flags(q, O_NONBLOCK | 1));
	FAILS(EINVAL, set_flags(q, -1));
	HOLDS(attributes_of(q).mq_flags == 0);
}

/* mq_getattr(3) DESCRIPTION mq_setattr: fields other than mq_flags are ignored. */
CLAIM(setattr_ignores_the_rest)
{
	mqd_t q = queue(5, 100);
	struct mq_attr is;

	GIVES(0, set_flags(q, O_NONBLOCK));
	is = attributes_of(q);
	HOLDS(is.mq_flags == O_NONBLOCK && is.mq_maxmsg == 5 && is.mq_msgsize == 100 && is.mq_curmsgs == 0);
}

/* mq_getattr(3) DESCRIPTION oldattr: what it was before. */
CLAIM(old_attr_out)
{
	struct mq_attr new = { .mq_flags = O_NONBLOCK }, old;
	mqd_t q = queue(5, 100);

	GIVES(0, say(q, "x", 0));
	memset(&old, UNTOUCHED, sizeof(old));
	GIVES(0, mq_setattr(q, &new, &old));
	HOLDS(old.mq_flags == 0 && old.mq_maxmsg == 5 && old.mq_msgsize == 100 && old.mq_curmsgs == 1);
	new.mq_flags = 0;
	GIVES(0, mq_setattr(q, &new, &old));
	HOLDS(old.mq_flags == O_NONBLOCK && old.mq_curmsgs == 1);
}

/* mq_overview(7) descriptors: it is a file descriptor; its O_NONBLOCK is that of fcntl(2). */
CLAIM(fcntl_agrees)
{
	mqd_t q = queue(5, 100);

	HOLDS((fcntl(q, F_GETFL) & O_NONBLOCK) == 0);
	GIVES(0, set_flags(q, O_NONBLOCK));
	HOLDS((fcntl(q, F_GETFL) & (O_NONBLOCK | O_ACCMODE)) == (O_NONBLOCK | O_RDWR));
	GIVES(0, fcntl(q, F_SETFL, 0));
	HOLDS(attributes_of(q).mq_flags == 0);
	GIVES(0, fcntl(q, F_SETFL, O_NONBLOCK));
	HOLDS(attributes_of(q).mq_flags == O_NONBLOCK);
	FAILS(EAGAIN, hear(q));
}

/* mq_getattr(3) ERRORS EBADF: mq_getattr() of what is no queue's descriptor. */
CLAIM(getattr_EBADF)
{
	int file = OPENED(open("/dev/null", O_RDWR));
	struct mq_attr attributes;

	FAILS(EBADF, mq_getattr(-1, &attributes));
	FAILS(EBADF, mq_getattr(file, &attributes));
	FAILS(EBADF, mq_getattr(1000, &attributes));
}

/* mq_getattr(3) ERRORS EBADF: mq_setattr() of what is no queue's descriptor; a file's flags are left alone. */
CLAIM(setattr_EBADF)
{
	int file = OPENED(open("/dev/null", O_RDWR));

	FAILS(EBADF, set_flags(-1, 0));
	FAILS(EBADF, set_flags(file, O_NONBLOCK));
	HOLDS((fcntl(file, F_GETFL) & O_NONBLOCK) == 0);
	FAILS(EBADF, set_flags(1000, 0));
}
