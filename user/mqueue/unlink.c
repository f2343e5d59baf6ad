// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include "internal.h"

int mqueue_unlink(const char *name)
{
	struct kmq_hub_remove remove = {
		.space = KMQ_SPACE_POSIX,
		.key = (uintptr_t)name,
		.flags = KMQ_REMOVE_DEFER,
	};
	int error = mqueue_name(name, &remove.key_size);

	return error ? shim_fail(error) : mqueue_hub_call(KMQ_HUB_REMOVE, &remove);
}

int mqueue_unlink_named(const char *name) EXPORTED_AS(mq_unlink);
int mqueue_unlink_named(const char *name)
{
	int result;

	if (name[0] != '/')
		return shim_fail(EINVAL);
	result = mqueue_unlink(name + 1);
	/* Who is not the owner: the C library's word for the kernel's. */
	if (result < 0 && errno == EPERM)
		errno = EACCES;
	return result;
}
