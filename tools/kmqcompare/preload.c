// SPDX-License-Identifier: GPL-2.0-only
#include "preload.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define PHDRS_MAX	64

__attribute__((format(printf, 3, 4)))
static bool refuse(char *why, size_t room, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, room, format, arguments);
	va_end(arguments);
	return false;
}

/* In ../lib of the directory this program is in, where a build has it. */
static bool find_beside(const char *name, char path[PATH_MAX])
{
	char self[PATH_MAX], beside[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (length < 0)
		return false;
	self[length] = '\0';
	if ((size_t)snprintf(beside, sizeof(beside), "%s/../lib/%s", dirname(self), name) >= sizeof(beside))
		return false;
	return realpath(beside, path);
}

/*
 * What a library runs when it is loaded is not for this process: another one loads
 * it, and writes to @out where it was, or '!' and why not.
 */
__attribute__((noreturn))
static void load(const char *name, int out)
{
	void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	struct link_map *map;

	if (library && !dlinfo(library, RTLD_DI_LINKMAP, &map))
		dprintf(out, "%s", map->l_name);
	else
		dprintf(out, "!%s", dlerror());
	_exit(0);
}

/* Its answer. False if it has none: it did not survive the loading. */
static bool load_elsewhere(const char *name, char *answer, size_t room)
{
	size_t used = 0;
	ssize_t count;
	int ends[2];
	pid_t pid;

	*answer = '\0';
	if (pipe2(ends, O_CLOEXEC))
		return false;
	fflush(NULL);
	pid = fork();
	if (!pid)
		load(name, ends[1]);
	close(ends[1]);
	while (pid > 0 && used < room - 1 && (count = read(ends[0], answer + used, room - 1 - used)) > 0)
		used += (size_t)count;
	answer[used] = '\0';
	close(ends[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return used;
}

bool preload_find(const char *name, char path[PATH_MAX], char *why, size_t room)
{
	char answer[2 * PATH_MAX];

	if (strchr(name, '/') && !realpath(name, path))
		return refuse(why, room, "%s: %s", name, strerror(errno));
	if (!strchr(name, '/') && !find_beside(name, path))
		snprintf(path, PATH_MAX, "%s", name);
	if (!load_elsewhere(path, answer, sizeof(answer)))
		return refuse(why, room, "%s: whoever loads it ends at once", path);
	if (*answer == '!')
		return refuse(why, room, "%s", answer + 1);
	/* LD_PRELOAD ends a name at these. */
	if (strpbrk(answer, ": \t"))
		return refuse(why, room, "%s: a path with a colon or a blank cannot be preloaded", answer);
	return realpath(answer, path) || refuse(why, room, "%s: %s", answer, strerror(errno));
}

/* As execvp() does it. */
static bool find_program(const char *name, char path[PATH_MAX])
{
	const char *directories = getenv("PATH");

	if (strchr(name, '/'))
		return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX;
	for (directories = directories ? directories : "/bin:/usr/bin"; *name; directories++) {
		size_t length = strcspn(directories, ":");

		if (snprintf(path, PATH_MAX, "%.*s%s%s", (int)length, directories, length ? "/" : "", name) <
			    PATH_MAX && !access(path, X_OK))
			return true;
		directories += length;
		if (!*directories)
			break;
	}
	return false;
}

/* The dynamic linker reads LD_PRELOAD, and only a program that names one has it. */
static bool has_interpreter(int fd, const ElfW(Ehdr) *header)
{
	ElfW(Phdr) parts[PHDRS_MAX];
	size_t count = header->e_phnum < PHDRS_MAX ? header->e_phnum : PHDRS_MAX;

	if (header->e_phentsize != sizeof(*parts) ||
	    pread(fd, parts, count * sizeof(*parts), (off_t)header->e_phoff) != (ssize_t)(count * sizeof(*parts)))
		return false;
	for (size_t i = 0; i < count; i++)
		if (parts[i].p_type == PT_INTERP)
			return true;
	return false;
}

static bool gains_rights(int fd)
{
	struct stat status;

	if (fstat(fd, &status))
		return false;
	if ((status.st_mode & S_ISUID && status.st_uid != geteuid()) ||
	    ((status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && status.st_gid != getegid()))
		return true;
	return geteuid() && fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

/* This program's own, whose machine is the library's, since it could be loaded here. The linker makes the name. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static bool judge(const char *path, int fd, const ElfW(Ehdr) *header, char *why, size_t room)
{
	const unsigned char class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;

	if (memcmp(header->e_ident, ELFMAG, SELFMAG))
		return refuse(why, room, "%s is neither a program nor a script that names its interpreter", path);
	if (header->e_ident[EI_CLASS] != class)
		return refuse(why, room, "%s is of %u bits, and the library is not", path,
			      class == ELFCLASS64 ? 32 : 64);
	if (header->e_machine != __ehdr_start.e_machine)
		return refuse(why, room, "%s is for another machine (%u) than the library (%u)", path, header->e_machine,
			      __ehdr_start.e_machine);
	if (!has_interpreter(fd, header))
		return refuse(why, room, "%s is linked statically: nothing can be loaded before it", path);
	if (gains_rights(fd))
		return refuse(why, room, "%s runs with more rights than its caller, and then LD_PRELOAD counts for nothing",
			      path);
	return true;
}

static bool look(const char *path, char interpreter[PATH_MAX], char *why, size_t room)
{
	union {
		ElfW(Ehdr) header;
		char text[256];
	} start = { .text = "" };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool fine;

	*interpreter = '\0';
	if (fd < 0)
		/* It may be run all the same: then its output will tell. */
		return errno == EACCES && !access(path, X_OK) ? true : refuse(why, room, "%s: %s", path, strerror(errno));
	if (read(fd, start.text, sizeof(start.text) - 1) > 2 && !memcmp(start.text, "#!", 2)) {
		sscanf(start.text + 2, " %255[^ \t\n]", interpreter);
		close(fd);
		return true;
	}
	fine = judge(path, fd, &start.header, why, room);
	close(fd);
	return fine;
}

bool preload_program(const char *name, char *why, size_t room)
{
	char path[PATH_MAX], interpreter[PATH_MAX];

	if (!find_program(name, path))
		return refuse(why, room, "there is no program %s", name);
	for (int i = 0; i < 4; i++) {
		if (!look(path, interpreter, why, room))
			return false;
		if (!*interpreter)
			return true;
		memcpy(path, interpreter, sizeof(path));
	}
	return refuse(why, room, "%s: interpreters of interpreters", name);
}

char *preload_value(const char *libraries, const char *others)
{
	char *value;

	if (!others || !*others)
		return strdup(libraries);
	return asprintf(&value, "%s:%s", libraries, others) < 0 ? NULL : value;
}
