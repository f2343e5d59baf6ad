// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include <kmq.h>

#include "internal.h"

/* No queue has other flags, and what is no queue has no attributes: EBADF. */
static int look(mqd_t queue, struct mq_attr *is)
{
	struct kmq_info info;
	int flags;

	if (kmq_info(queue, &info))
		return shim_fail(EBADF);
	flags = fcntl(queue, F_GETFL);
	if (flags < 0)
		return -1;
	*is = (struct mq_attr){
		.mq_flags = flags & O_NONBLOCK,
		.mq_maxmsg = info.capacity,
		.mq_msgsize = info.max_message,
		.mq_curmsgs = info.queued,
	};
	return 0;
}

/* FIONBIO, not F_SETFL: it changes this flag alone, whatever another thread does to the others. */
static int set_nonblock(mqd_t queue, long flags)
{
	int on = flags & O_NONBLOCK ? 1 : 0;

	return ioctl(queue, FIONBIO, &on);
}

int mqueue_attributes(mqd_t queue, const struct mq_attr *new, struct mq_attr *old)
{
	struct mq_attr wanted, is;

	if (new && shim_copy_in(&wanted, new, sizeof(wanted)))
		return -1;
	if (new && wanted.mq_flags & ~(long)O_NONBLOCK)
		return shim_fail(EINVAL);
	if (look(queue, &is) || (new && set_nonblock(queue, wanted.mq_flags)))
		return -1;
	return old ? shim_copy_out(old, &is, sizeof(is)) : 0;
}

int mqueue_getattr(mqd_t queue, struct mq_attr *is) EXPORTED_AS(mq_getattr);
int mqueue_getattr(mqd_t queue, struct mq_attr *is)
{
	return mqueue_attributes(queue, NULL, is);
}

int mqueue_setattr(mqd_t queue, const struct mq_attr *new, struct mq_attr *old) EXPORTED_AS(mq_setattr);
int mqueue_setattr(mqd_t queue, const struct mq_attr *new, struct mq_attr *old)
{
	return mqueue_attributes(queue, new, old);
}
