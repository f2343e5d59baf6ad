// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "complain.h"
#include "output.h"
#include "parse.h"
#include "subcommands.h"
#include "trace_record.h"
#include "trace_write.h"

#define STATUS_NOT_EXECUTABLE	126
#define STATUS_NO_COMMAND	127

/* Between two looks into the buffers, ns. */
#define LOOK	50000000

const struct option_spec trace_options[] = {
	{ 'o', "output", "FILE", "write the timeline to FILE, not to standard output" },
	{ 'f', "format", "text|svg|html|chrome", "its form; unless told, as FILE ends: .svg, .html, "
	  ".json (chrome), else text" },
	{ 'q', "queue", "PATTERN", "only queues whose name this shell pattern matches" },
	{ 's', "seconds", "S", "end the window after S seconds" },
	{ OPTION_BUFFER, "buffer", "SIZE", "memory per processor for what is not read yet; 4M unless told" },
	{ 0 },
};

struct format {
	const char *name;
	const char *suffix;
	void (*write)(FILE *file, const struct timeline *timeline);
};

static const struct format formats[] = {
	{ "text", "", trace_write_text },
	{ "svg", ".svg", trace_write_svg },
	{ "html", ".html", trace_write_html },
	{ "chrome", ".json", trace_write_chrome },
};

#define FORMATS	(sizeof(formats) / sizeof(*formats))

struct tracing {
	const char *output;
	const struct format *format;
	const char *pattern;
	uint64_t span;		/* ns; 0: no end */
	uint64_t buffer;
	FILE *file;
	struct trace_record *record;
	sigset_t signals, before;
	pid_t child;		/* 0: there is none (any more) */
	int child_status;	/* to exit with */
};

static const struct format *format_named(const char *name)
{
	for (size_t i = 0; i < FORMATS; i++) {
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	}
	return NULL;
}

static const struct format *format_of_file(const char *file)
{
	size_t length = file ? strlen(file) : 0;

	for (size_t i = FORMATS; --i;) {
		size_t suffix = strlen(formats[i].suffix);

		if (length >= suffix && !strcmp(file + length - suffix, formats[i].suffix))
			return &formats[i];
	}
	return &formats[0];
}

static int take_option(const struct command *self, int code, struct tracing *tracing)
{
	switch (code) {
	case 'o':
		tracing->output = optarg;
		break;
	case 'f':
		tracing->format = format_named(optarg);
		if (!tracing->format)
			return command_bad_argument(self, "format", optarg,
						    "text, svg, html or chrome");
		break;
	case 'q':
		tracing->pattern = optarg;
		break;
	case 's':
		if (parse_seconds(optarg, &tracing->span) || !tracing->span)
			return command_bad_argument(self, "seconds", optarg,
						    "seconds above 0, such as 1 or 0.5");
		break;
	case OPTION_BUFFER:
		if (parse_size(optarg, &tracing->buffer) || tracing->buffer < 4096 ||
		    tracing->buffer > 1 << 30)
			return command_bad_argument(self, "buffer", optarg, "a size from 4K to 1G");
		break;
	}
	return STATUS_OK;
}

static int open_output(struct tracing *tracing)
{
	tracing->file = stdout;
	if (!tracing->output)
		return STATUS_OK;
	tracing->file = fopen(tracing->output, "we");
	if (!tracing->file)
		return complain("cannot write to %s: %s", tracing->output, strerror(errno));
	return STATUS_OK;
}

/* From here on they are waited for, not suffered. */
static void hold_signals(struct tracing *tracing)
{
	sigemptyset(&tracing->signals);
	sigaddset(&tracing->signals, SIGINT);
	sigaddset(&tracing->signals, SIGTERM);
	sigaddset(&tracing->signals, SIGHUP);
	sigaddset(&tracing->signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &tracing->signals, &tracing->before);
}

/* The errno of exec comes through a pipe that a successful one closes. */
static int run_command(struct tracing *tracing, char **command)
{
	int ends[2], error = 0;

	if (pipe2(ends, O_CLOEXEC))
		return complain("cannot make a pipe: %s", strerror(errno));
	fflush(NULL);
	tracing->child = fork();
	if (tracing->child < 0) {
		tracing->child = 0;
		return complain("cannot fork: %s", strerror(errno));
	}
	if (!tracing->child) {
		sigprocmask(SIG_SETMASK, &tracing->before, NULL);
		execvp(*command, command);
		error = errno;
		_exit(write(ends[1], &error, sizeof(error)) < 0);
	}
	close(ends[1]);
	if (read(ends[0], &error, sizeof(error)) != sizeof(error))
		error = 0;
	close(ends[0]);
	if (!error)
		return STATUS_OK;
	waitpid(tracing->child, NULL, 0);
	tracing->child = 0;
	complain("cannot run %s: %s", *command, strerror(error));
	return error == ENOENT ? STATUS_NO_COMMAND : STATUS_NOT_EXECUTABLE;
}

/* Whether the command has ended. */
static bool reap(struct tracing *tracing)
{
	int status;

	if (!tracing->child || waitpid(tracing->child, &status, WNOHANG) != tracing->child)
		return false;
	tracing->child = 0;
	tracing->child_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return true;
}

/* What a terminal sends reaches the command anyway. */
static void hand_on(const struct tracing *tracing, const siginfo_t *info)
{
	if (tracing->child && info->si_code <= 0)
		kill(tracing->child, info->si_signo);
}

/* Until the command ends, the time is up or a signal comes. */
static void record_window(struct tracing *tracing)
{
	uint64_t end = tracing->span ? clock_now() + tracing->span : UINT64_MAX;
	siginfo_t info;

	for (;;) {
		uint64_t now = clock_now();
		struct timespec wait;
		int signal_number;

		if (now >= end)
			return;
		wait = clock_timespec(end - now < LOOK ? end - now : LOOK);
		signal_number = sigtimedwait(&tracing->signals, &info, &wait);
		if (signal_number == SIGCHLD) {
			if (reap(tracing))
				return;
		} else if (signal_number > 0) {
			hand_on(tracing, &info);
			return;
		}
		trace_record_read(tracing->record);
	}
}

/* The window may end before the command does. */
static void await_command(struct tracing *tracing)
{
	siginfo_t info;

	reap(tracing);
	while (tracing->child) {
		int signal_number = sigwaitinfo(&tracing->signals, &info);

		if (signal_number == SIGCHLD)
			reap(tracing);
		else if (signal_number > 0)
			hand_on(tracing, &info);
	}
}

static int finish_output(const struct tracing *tracing)
{
	bool failed;

	if (!tracing->output)
		return output_finish(STATUS_OK);
	failed = ferror(tracing->file);
	if (fclose(tracing->file) || failed)
		return complain("cannot write to %s: %s", tracing->output, strerror(errno));
	return STATUS_OK;
}

static int write_timeline(struct tracing *tracing, struct trace_window *window)
{
	struct timeline timeline;

	timeline_make(&timeline, window->events, window->count, window->lost);
	tracing->format->write(tracing->file, &timeline);
	timeline_free(&timeline);
	free(window->events);
	if (window->lost)
		complain("%llu events were lost; a larger --buffer loses fewer, and --queue asks "
			 "for fewer", (unsigned long long)window->lost);
	return finish_output(tracing);
}

static int trace(struct tracing *tracing, char **command)
{
	struct trace_window window;
	int status;

	hold_signals(tracing);
	status = trace_record_open(&tracing->record, tracing->pattern, tracing->buffer);
	if (status)
		return status;
	status = trace_record_start(tracing->record);
	if (!status && *command)
		status = run_command(tracing, command);
	if (!status && !*command && !tracing->span && isatty(STDERR_FILENO))
		fputs("kmqctl: tracing; ^C ends it\n", stderr);
	if (!status)
		record_window(tracing);
	trace_record_stop(tracing->record, &window);
	trace_record_close(tracing->record);
	if (status) {
		free(window.events);
		return status;
	}
	status = write_timeline(tracing, &window);
	await_command(tracing);
	return tracing->child_status ? tracing->child_status : status;
}

int trace_main(const struct command *self, int argc, char **argv)
{
	struct tracing tracing = { .buffer = 4 << 20 };
	struct option_walk walk;
	int code, status;

	option_walk_start(&walk, self);
	while ((code = option_walk_next(&walk, argc, argv, &status)) != -1) {
		if (code != OPTION_STOP)
			status = take_option(self, code, &tracing);
		if (code == OPTION_STOP || status)
			return status;
	}
	if (!tracing.format)
		tracing.format = format_of_file(tracing.output);
	status = open_output(&tracing);
	return status ? status : trace(&tracing, argv + optind);
}
