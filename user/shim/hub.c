// SPDX-License-Identifier: LGPL-2.1-or-later
/* The hub's descriptor. */
#include <errno.h>
#include <unistd.h>

#include "shim.h"

int shim_fail(int error)
{
	errno = error;
	return -1;
}

/*
 * 0 or -errno. Anybody may ask the hub for the totals of a space, and the last one is that of whoever comes last: there
 * is next to nothing to be added up.
 */
static long ask_totals(int hub)
{
	struct kmq_hub_stat totals = { .flags = KMQ_HUB_TOTALS, .space = KMQ_SPACE_MAX };

	return shim_ioctl(hub, KMQ_HUB_STAT, &totals);
}

bool shim_is_hub(int hub)
{
	return ask_totals(hub) == 0;
}

/* @hub has just been opened: some other file, or one that a filter of system calls keeps from us, is given up. */
static int keep_hub(int hub)
{
	long answer = ask_totals(hub);

	/* EBADF: closed by another thread, which leaves nothing to be closed. The caller's call finds it out. */
	if (!answer || answer == -EBADF)
		return hub;
	close(hub);
	return shim_fail(ENOSYS);
}

int shim_hub_open(void)
{
	int state = shim_uncancelable_begin();
	int hub = kmq_hub();

	if (hub >= 0)
		hub = keep_hub(hub);
	shim_uncancelable_end(state);
	if (hub >= 0 || errno == EMFILE || errno == ENFILE || errno == ENOMEM)
		return hub;
	return shim_fail(ENOSYS);
}
