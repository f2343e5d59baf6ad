// SPDX-License-Identifier: GPL-2.0-only
/* Checks: how a claim fails, skips and waits. */
#include <stdarg.h>
#include <time.h>

#include "kmq_test.h"

/* In one write, so that the lines of several processes do not mix. */
static void say(const char *where, const char *format, va_list arguments)
{
	char line[1024];
	int length = snprintf(line, sizeof(line), "# %s", where);

	length += vsnprintf(line + length, sizeof(line) - length - 1, format, arguments);
	if (length > (int)sizeof(line) - 2)
		length = sizeof(line) - 2;
	line[length++] = '\n';
	if (write(STDERR_FILENO, line, length) < 0)
		abort();
}

static char context[256];

void check_context(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(context, sizeof(context), format, arguments);
	va_end(arguments);
}

void check_failed(const char *file, int line, const char *format, ...)
{
	char where[512];
	va_list arguments;

	snprintf(where, sizeof(where), "%s:%d: %s%s", file, line, context,
		 context[0] ? ": " : "");
	va_start(arguments, format);
	say(where, format, arguments);
	va_end(arguments);
	_exit(EXIT_FAILURE);
}

void skip_test(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say("skipped: ", format, arguments);
	va_end(arguments);
	_exit(EXIT_SKIP);
}

uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

uint64_t after_ms(unsigned int ms)
{
	return now() + ms * 1000000ull;
}

void pause_ms(unsigned int ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l };

	while (nanosleep(&time, &time) && errno == EINTR)
		;
}
