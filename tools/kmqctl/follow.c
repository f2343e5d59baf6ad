// SPDX-License-Identifier: GPL-2.0-only
/* Writes are cut so that they do not sleep once poll() said there is room. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "complain.h"
#include "follow.h"

static volatile sig_atomic_t stopped;
static sigset_t signals_while_waiting;

static void stop(int signal)
{
	stopped = signal;
}

void follow_begin(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = stop };
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < 3; i++)
		sigaddset(&blocked, signals[i]);
	sigprocmask(SIG_BLOCK, &blocked, &signals_while_waiting);
	for (size_t i = 0; i < 3; i++) {
		struct sigaction before;

		sigaction(signals[i], NULL, &before);
		if (before.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
		sigdelset(&signals_while_waiting, signals[i]);
	}
	signal(SIGPIPE, SIG_IGN);
}

int follow_die(void)
{
	signal(stopped, SIG_DFL);
	raise(stopped);
	sigprocmask(SIG_SETMASK, &signals_while_waiting, NULL);
	return STATUS_FAILED;
}

int follow_poll(int fd, uint64_t ns)
{
	struct pollfd polled[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = STDOUT_FILENO },	/* its reader may go meanwhile */
	};
	struct timespec left = clock_timespec(ns);
	int ready;

	ready = ppoll(polled, 2, ns == FOLLOW_FOREVER ? NULL : &left, &signals_while_waiting);
	if (ready < 0)
		return stopped ? END_SIGNAL : 0;
	if (polled[1].revents & (POLLERR | POLLHUP))
		return END_PIPE;
	return polled[0].revents != 0;
}

static int wait_for_room(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	if (ppoll(&out, 1, NULL, &signals_while_waiting) < 0 && stopped)
		return END_SIGNAL;
	return STATUS_OK;
}

int follow_write(const char *bytes, size_t size)
{
	while (size) {
		ssize_t written;
		int status = wait_for_room();

		if (status)
			return status;
		written = write(STDOUT_FILENO, bytes, size < PIPE_BUF ? size : PIPE_BUF);
		if (written >= 0) {
			bytes += written;
			size -= (size_t)written;
			continue;
		}
		if (errno == EPIPE)
			return END_PIPE;
		if (errno != EAGAIN && errno != EINTR)
			return complain("cannot write to standard output: %s", strerror(errno));
	}
	return STATUS_OK;
}
