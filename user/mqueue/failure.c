// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include <kmq.h>

#include "internal.h"

/* Answered by every queue, one that was removed, too, and by nothing else. */
static bool is_queue(mqd_t queue)
{
	struct kmq_descriptor descriptor;

	return !kmq_get_descriptor(queue, &descriptor);
}

/*
 * Out of the way of what goes well. What a file that is no queue has against an ioctl
 * that it does not know is its own choice, ENOTTY or EINVAL as a rule: so the file is
 * asked, unless the errno is one that a program meets in its daily work, which none
 * but a queue gives.
 */
__attribute__((cold)) int mqueue_failed(mqd_t queue, int error)
{
	if (error == EAGAIN || error == ETIMEDOUT || error == EINTR || error == EMSGSIZE)
		return shim_fail(error);
	/* EIDRM: removed by other means than mq_unlink(), which nobody notices. */
	if (error == EIDRM || !is_queue(queue))
		return shim_fail(EBADF);
	/* Room for one message more, of the queue's owner or of the machine: all one here. */
	if (error == EDQUOT)
		return shim_fail(ENOMEM);
	/* A ring, opened by its node: it has no priorities. */
	return shim_fail(error == EOPNOTSUPP ? EINVAL : error);
}
