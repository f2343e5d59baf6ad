// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names, in the order in which the kernel finds fault with them. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "internal.h"

int mqueue_name(const char *name, uint32_t *size)
{
	size_t length = strnlen(name, PATH_MAX);

	if (!length)
		return ENOENT;
	if (length == PATH_MAX)
		return ENAMETOOLONG;
	if (memchr(name, '/', length) || !strcmp(name, ".") || !strcmp(name, ".."))
		return EACCES;
	if (length > KMQ_KEY_MAX)
		return ENAMETOOLONG;
	*size = length;
	return 0;
}
