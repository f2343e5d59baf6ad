// SPDX-License-Identifier: GPL-2.0-only
/* Claims: MSG_COPY of msgop(2). */
#include <unistd.h>

#include "sysv.h"

static int copy(int id, long position)
{
	return hear(id, position, MSG_COPY);
}

/* 3 c, 1 a, 2 b */
static int three(void)
{
	int id = queue();

	GIVES(0, say(id, 3, "c", 0));
	GIVES(0, say(id, 1, "a", 0));
	GIVES(0, say(id, 2, "b", 0));
	return id;
}

/* msgop(2) DESCRIPTION MSG_COPY: messages are numbered from 0. */
CLAIM(position_0_is_the_first)
{
	int id = three();

	GIVES(1, copy(id, 0));
	got(3, "c");
}

/* msgop(2) DESCRIPTION MSG_COPY: the last message has the highest position. */
CLAIM(last_position)
{
	int id = three();

	GIVES(1, copy(id, 2));
	got(2, "b");
	GIVES(0, say(id, 9, "new", 0));
	GIVES(3, copy(id, 3));
	got(9, "new");
}

/* msgop(2) ERRORS ENOMSG MSG_COPY: there is no message at the position. */
CLAIM(past_the_end_is_ENOMSG)
{
	int id = three();

	FAILS(ENOMSG, copy(id, 3));
	FAILS(ENOMSG, copy(id, LONG_MAX));
	FAILS(ENOMSG, copy(id, 1l << 32));
	FAILS(ENOMSG, copy(queue(), 0));
}

/* msgop(2) ERRORS ENOMSG MSG_COPY: there is no message at a negative position. */
CLAIM(negative_is_ENOMSG)
{
	int id = three();

	FAILS(ENOMSG, copy(id, -1));
	FAILS(ENOMSG, copy(id, LONG_MIN));
}

/* msgop(2) DESCRIPTION MSG_COPY: the message is copied, and stays. */
CLAIM(leaves_it_queued)
{
	int id = three();

	GIVES(1, copy(id, 1));
	GIVES(1, copy(id, 1));
	got(1, "a");
	holds_messages(id, 3, 3);
	GIVES(1, hear(id, 0, 0));
	got(3, "c");
	GIVES(1, hear(id, 1, 0));
	got(1, "a");
}

/* msgop(2) DESCRIPTION MSG_COPY: msgtyp is a position in the queue, whatever the types. */
CLAIM(counts_over_types_in_order_of_arrival)
{
	static const long types[] = { 9, 1, 9, 5, 1, 7 };
	int id = queue();
	long i;

	for (i = 0; i < 6; i++)
		GIVES(0, put(id, types[i], i + 1, 0));
	for (i = 5; i >= 0; i--) {
		GIVES(i + 1, copy(id, i));
		tell("type %ld", in.type);
		HOLDS(in.type == types[i]);
	}
}

/* msgop(2) ERRORS EINVAL MSG_COPY: without IPC_NOWAIT. */
CLAIM(without_NOWAIT_is_EINVAL)
{
	int id = three();

	FAILS(EINVAL, take(id, 100, 0, MSG_COPY));
	FAILS(EINVAL, take(id, 100, 7, MSG_COPY));
	holds_messages(id, 3, 3);
}

/* msgop(2) ERRORS EINVAL MSG_COPY: with MSG_EXCEPT. */
CLAIM(with_EXCEPT_is_EINVAL)
{
	int id = three();

	FAILS(EINVAL, hear(id, 0, MSG_COPY | MSG_EXCEPT));
	FAILS(EINVAL, hear(id, 2, MSG_COPY | MSG_EXCEPT));
	holds_messages(id, 3, 3);
}

/* msgop(2) ERRORS E2BIG: of a copy, too. */
CLAIM(too_short_is_E2BIG)
{
	int id = queue();

	GIVES(0, say(id, 1, "long", 0));
	FAILS(E2BIG, take(id, 3, 0, MSG_COPY | IPC_NOWAIT));
	holds_messages(id, 1, 4);
}

/* msgop(2) DESCRIPTION MSG_COPY: a copy is whole or is none; the kernel says EINVAL where MSG_NOERROR would cut it. */
CLAIM(too_short_with_NOERROR_is_EINVAL)
{
	int id = queue();

	GIVES(0, say(id, 1, "long", 0));
	FAILS(EINVAL, take(id, 3, 0, MSG_COPY | IPC_NOWAIT | MSG_NOERROR));
	GIVES(4, take(id, 4, 0, MSG_COPY | IPC_NOWAIT | MSG_NOERROR));
	got(1, "long");
}

/* msgop(2) DESCRIPTION MSG_COPY: nothing is received, so msg_lrpid and msg_rtime stay. */
CLAIM(leaves_lrpid_and_rtime)
{
	int id = three();
	struct msqid_ds ds;

	GIVES(1, copy(id, 2));
	ds = stat_of(id);
	HOLDS(ds.msg_lrpid == 0 && ds.msg_rtime == 0);
	HOLDS(ds.msg_lspid == getpid());
}

/* msgop(2) DESCRIPTION MSG_COPY: positions are those of the moment. */
CLAIM(after_a_take_positions_move)
{
	int id = three();

	GIVES(1, hear(id, 1, 0));
	GIVES(1, copy(id, 1));
	got(2, "b");
	GIVES(1, hear(id, 0, 0));
	GIVES(1, copy(id, 0));
	got(2, "b");
	FAILS(ENOMSG, copy(id, 1));
}
