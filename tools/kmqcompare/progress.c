// SPDX-License-Identifier: GPL-2.0-only
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define EVERY_NS	2000000000u

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

void progress_begin(struct progress *progress, bool lines)
{
	bool terminal = isatty(STDERR_FILENO);

	*progress = (struct progress){
		.shown = lines || terminal,
		.in_place = terminal && !lines,
		.began_ns = now_ns(),
		.said_ns = now_ns(),
	};
}

void progress_expect(struct progress *progress, uint64_t total)
{
	progress->total = total;
	progress->done = 0;
	progress->began_ns = now_ns();
}

void progress_duration(char *text, unsigned int size, double seconds)
{
	unsigned int whole = seconds + 0.5;

	if (whole < 60)
		snprintf(text, size, "%u s", whole);
	else
		snprintf(text, size, "%u min %u s", whole / 60, whole % 60);
}

static double seconds_left(const struct progress *progress, uint64_t now)
{
	uint64_t left = progress->total > progress->done ? progress->total - progress->done : 0;

	return (double)(now - progress->began_ns) / 1e9 / progress->done * left;
}

static void say(const struct progress *progress, const char *what, uint64_t now)
{
	char left[32];

	progress_duration(left, sizeof(left), seconds_left(progress, now));
	fprintf(stderr, "%skmqcompare: progress %u%% %s", progress->in_place ? "\r" : "",
		(unsigned int)(progress->done * 100 / progress->total), what);
	if (!progress->timeless)
		fprintf(stderr, ", about %s left", left);
	fputs(progress->in_place ? "\033[K" : "\n", stderr);
}

void progress_step(struct progress *progress, const char *what, ...)
{
	uint64_t now = now_ns();
	va_list arguments;
	char text[80];

	if (progress->shown && progress->done && now - progress->said_ns >= EVERY_NS) {
		va_start(arguments, what);
		vsnprintf(text, sizeof(text), what, arguments);
		va_end(arguments);
		say(progress, text, now);
		progress->said_ns = now;
	}
	progress->done += progress->done < progress->total;
}

void progress_end(struct progress *progress)
{
	if (progress->in_place)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}
