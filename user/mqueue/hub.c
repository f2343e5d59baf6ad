// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <unistd.h>

#include "internal.h"

static int leave(int hub, long result)
{
	int state = shim_uncancelable_begin();

	close(hub);
	shim_uncancelable_end(state);
	return result < 0 ? shim_fail((int)-result) : (int)result;
}

/*
 * What fails may have failed because the number is the hub's no more: another thread closes what it did not open. What
 * has the number then is the program's, and stays; and since nothing was asked of the hub, it may be asked again.
 */
int mqueue_hub_call(unsigned long request, void *argument)
{
	int tries, hub;
	long result;

	for (tries = 0; tries < SHIM_HUB_TRIES; tries++) {
		hub = shim_hub_open();
		if (hub < 0)
			return -1;
		result = shim_ioctl(hub, request, argument);
		if (result >= 0 || shim_is_hub(hub))
			return leave(hub, result);
	}
	return shim_fail(ENOSYS);
}
