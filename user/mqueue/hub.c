// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <unistd.h>

#include "internal.h"

int mqueue_leave(int hub, int result)
{
	int error = errno, state;

	/*
	 * The number is the hub's no more: another thread closes what it did not open. What has the
	 * number now is the program's, and stays.
	 */
	if (result < 0 && (error == EBADF || error == ENOTTY))
		return result;
	state = shim_uncancelable_begin();
	close(hub);
	shim_uncancelable_end(state);
	errno = error;
	return result;
}
