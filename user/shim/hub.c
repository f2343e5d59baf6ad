// SPDX-License-Identifier: LGPL-2.1-or-later
/* The hub's descriptor. */
#include <errno.h>

#include "shim.h"

int shim_fail(int error)
{
	errno = error;
	return -1;
}

int shim_hub_open(void)
{
	int state = shim_uncancelable_begin();
	int hub = kmq_hub();

	shim_uncancelable_end(state);
	if (hub >= 0 || errno == EMFILE || errno == ENFILE || errno == ENOMEM)
		return hub;
	return shim_fail(ENOSYS);
}
