// SPDX-License-Identifier: GPL-2.0-only
#include "unix_sockets.h"

#include <stdio.h>
#include <sys/stat.h>

struct sockaddr_un unix_address(const struct object *object)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	object_path(object, address.sun_path);
	return address;
}

bool unix_seen(const struct object *object, char *where)
{
	char path[PATH_SIZE];
	bool open;

	object_path(object, path);
	if (!path_seen(path, where))
		return false;
	open = line_seen("/proc/net/unix", 7, path, where);
	snprintf(where, CALL_SIZE, "%s%s", path, open ? " (and in /proc/net/unix)"
						      : " (not in /proc/net/unix: nobody has it)");
	return true;
}

/* The mode of the file: who may write to it, may connect. */
static int set_mode(struct end *end, const struct object *object, const char *path)
{
	end_says(end, "chmod(%s, %04o)", path, object->mode);
	return chmod(path, object->mode) ? end_fail(end) : 0;
}

int unix_listen(struct end *end, struct object *object, int type)
{
	struct sockaddr_un address = unix_address(object);

	if (connections_listen(end, object, type, (struct sockaddr *)&address, sizeof(address),
			       address.sun_path))
		return -1;
	return set_mode(end, object, address.sun_path);
}

int unix_join(struct end *end, struct object *object, int type)
{
	struct sockaddr_un address = unix_address(object);

	return connections_join(end, object, type, (struct sockaddr *)&address, sizeof(address),
				address.sun_path);
}
