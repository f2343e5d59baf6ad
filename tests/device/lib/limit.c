// SPDX-License-Identifier: GPL-2.0-only
#include <sys/mount.h>
#include <sys/stat.h>

#include "limit.h"

void write_text(const char *path, const char *text)
{
	int fd = CHECK_OK(open(path, O_WRONLY | O_CLOEXEC));

	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		FAIL("writing %s to %s: %s", text, path, strerrorname_np(errno));
	close(fd);
}

unsigned long long read_number(const char *path)
{
	char text[64] = "";
	int fd = CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));

	CHECK_OK(read(fd, text, sizeof(text) - 1));
	close(fd);
	return strtoull(text, NULL, 10);
}

unsigned long long parameter(const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	return read_number(path);
}

void set_parameter(const char *name, unsigned long long value)
{
	char path[96], text[32];

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	snprintf(text, sizeof(text), "%llu", value);
	write_text(path, text);
}

void with_limit(const char *name, unsigned long long value, void (*body)(void))
{
	unsigned long long before = parameter(name);
	int status;
	pid_t child;

	control();
	set_parameter(name, value);
	CHILD(child)
		body();
	CHECK_EQ(CHECK_OK(waitpid(child, &status, 0)), child);
	set_parameter(name, before);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 0);
}

void cgroup_new(char path[128])
{
	static const char root[] = "/sys/fs/cgroup";
	char controllers[512] = "", file[128];
	int fd;

	snprintf(file, sizeof(file), "%s/cgroup.controllers", root);
	if (access(file, F_OK) && mount("none", root, "cgroup2", 0, NULL))
		skip_test("no cgroup v2: %s", strerror(errno));
	fd = CHECK_OK(open(file, O_RDONLY));
	CHECK_OK(read(fd, controllers, sizeof(controllers) - 1));
	close(fd);
	if (!strstr(controllers, "memory"))
		skip_test("this kernel has no memory controller for cgroup v2");
	snprintf(file, sizeof(file), "%s/cgroup.subtree_control", root);
	write_text(file, "+memory");
	snprintf(path, 128, "%s/kmq-test-%d", root, getpid());
	CHECK_OK(mkdir(path, 0755));
}
