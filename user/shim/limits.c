// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the system allows: numbers of /proc, and the caller's capabilities. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim.h"

static ssize_t read_file(const char *path, char *text, size_t room)
{
	int state = shim_uncancelable_begin();
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t size = -1;

	if (file >= 0) {
		do
			size = read(file, text, room);
		while (size < 0 && errno == EINTR);
		close(file);
	}
	shim_uncancelable_end(state);
	return size;
}

long shim_number(const char *path, long otherwise)
{
	int saved = errno;
	ssize_t size;
	char text[32], *end;
	long number;

	size = read_file(path, text, sizeof(text) - 1);
	if (size <= 0) {
		errno = saved;
		return otherwise;
	}
	text[size] = '\0';
	number = strtol(text, &end, 10);
	errno = saved;
	return end == text ? otherwise : number;
}

/*
 * Root of a user namespace of its own has all capabilities there, and none of those meant here. What
 * cannot be found out (no /proc) is taken for the first namespace: the module has limits of its own.
 */
static bool in_first_namespace(void)
{
	static const char first[] = "user:[4026531837]"; /* <linux/proc_ns.h>: PROC_USER_INIT_INO */
	char name[sizeof(first)];
	ssize_t size = readlink("/proc/self/ns/user", name, sizeof(name));

	return size < 0 || (size == sizeof(first) - 1 && !memcmp(name, first, size));
}

bool shim_may(int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	int saved = errno;
	bool may;

	memset(data, 0, sizeof(data));
	may = shim_next_syscall(SYS_capget, &header, data) == 0 &&
	      data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability) && in_first_namespace();
	errno = saved;
	return may;
}
