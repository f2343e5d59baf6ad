// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "memory.h"
#include "sysroot.h"

static const char *root = "";

void sysroot_set(const char *directory)
{
	root = directory;
}

bool sysroot_is_running(void)
{
	return !*root;
}

char *sysroot_path(const char *format, ...)
{
	char *path = NULL, *whole;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&path, format, arguments);
	va_end(arguments);
	memory_check(length < 0 ? NULL : path);
	whole = memory_print("%s%s", root, path);
	free(path);
	return whole;
}

bool sysroot_exists(const char *path)
{
	char *whole = sysroot_path("%s", path);
	bool exists = !access(whole, F_OK);

	free(whole);
	return exists;
}

long sysroot_read(const char *path, char *content, size_t room)
{
	char *whole = sysroot_path("%s", path);
	FILE *file = fopen(whole, "re");
	size_t length;
	bool failed;

	free(whole);
	if (!file)
		return -1;
	length = fread(content, 1, room - 1, file);
	failed = ferror(file);
	fclose(file);
	if (failed)
		return -1;
	if (length && content[length - 1] == '\n')
		length--;
	content[length] = '\0';
	return (long)length;
}
