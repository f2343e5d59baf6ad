// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "memory.h"

void *memory_check(void *pointer)
{
	if (pointer)
		return pointer;
	fputs("kmqctl: there is no memory left\n", stderr);
	exit(1);
}

void *memory_get(size_t size)
{
	return memory_check(calloc(1, size ? size : 1));
}

void *memory_resize(void *old, size_t count, size_t size)
{
	return memory_check(reallocarray(old, count ? count : 1, size));
}

char *memory_print(const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	return memory_check(length < 0 ? NULL : text);
}
