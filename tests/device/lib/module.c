// SPDX-License-Identifier: GPL-2.0-only
#include <sys/syscall.h>

#include "kmq_test.h"
#include "lib/module.h"

static const char *module_path(void)
{
	static const char *const places[] = { "/etc/kmq/module.ko", "/kmq.ko" };
	const char *path = getenv("KMQ_MODULE");

	if (path)
		return path;
	for (int i = 0; i < 2; i++)
		if (!access(places[i], R_OK))
			return places[i];
	skip_test("the module's file is at none of the usual places, and KMQ_MODULE is not set");
}

int unload(void)
{
	return syscall(SYS_delete_module, "kmq", O_NONBLOCK);
}

int load_with(int file, const char *parameters)
{
	return syscall(SYS_finit_module, file, parameters, 0);
}

int load(int file)
{
	return load_with(file, "");
}

int take_module(void)
{
	char users[16] = "";
	int count = CHECK_OK(open("/sys/module/kmq/refcnt", O_RDONLY));

	CHECK_OK(read(count, users, sizeof(users) - 1));
	close(count);
	if (atoi(users))
		skip_test("others use the module (%d users)", atoi(users));
	return CHECK_OK(open(module_path(), O_RDONLY | O_CLOEXEC));
}
