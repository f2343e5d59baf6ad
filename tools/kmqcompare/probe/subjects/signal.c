// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real-time signals with a value: sigqueue(3), sigtimedwait(2). The object is the
 * process that created it; it blocks the signals and takes them one by one.
 *
 * A signal's number is all that there is of a type or a priority, and the lower
 * number is taken first: SIGRTMIN + 12 is a message of no type and priority 0, one
 * more for each type, one less for each step of priority. A value is 8 bytes and
 * has no length; what is shorter is filled up. A message of no bytes is a signal
 * of kill(2), which has no value.
 *
 * ids[0]: the receiver's pid. fd[0]: a signalfd(2), for poll(2), once asked for.
 */
#include "ends.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define PLAIN	(SIGRTMIN + 12)

/* The one signal of that type; 0: all of ours. */
static sigset_t signals_of(long type)
{
	sigset_t set;

	sigemptyset(&set);
	if (type && PLAIN + type <= SIGRTMAX)
		sigaddset(&set, PLAIN + type);
	for (int number = SIGRTMIN; !type && number <= SIGRTMAX; number++)
		sigaddset(&set, number);
	return set;
}

static int signal_create(struct end *end, struct object *object)
{
	sigset_t all = signals_of(0);

	end_begin(end, object);
	end_says(end, "sigprocmask(SIG_BLOCK, SIGRTMIN to SIGRTMAX)");
	if (sigprocmask(SIG_BLOCK, &all, NULL))
		return -1;
	object->ids[0] = getpid();
	object_made(object);
	return 0;
}

static int signal_attach(struct end *end, struct object *object, enum way way)
{
	end_begin(end, object);
	end_says(end, "kill(%d, 0)", object->ids[0]);
	return kill(object->ids[0], 0);
}

/* They stay blocked: one that comes later would end the process. */
static void signal_detach(struct end *end)
{
	const struct timespec at_once = { 0 };
	sigset_t all = signals_of(0);
	int error = errno;

	if (end->object && end->object->ids[0] == getpid())
		while (sigtimedwait(&all, NULL, &at_once) > 0)
			;
	errno = error;
	end_close(end);
}

static bool pending_line(const char *path, char *line, size_t size)
{
	FILE *status = fopen(path, "re");
	bool alive = false;

	if (!status)
		return false;
	while (fgets(line, size, status)) {
		if (!strncmp(line, "State:", 6))
			alive = !strchr(line, 'Z') && !strchr(line, 'X');
		if (!strncmp(line, "ShdPnd:", 7))
			break;
	}
	fclose(status);
	line[strcspn(line, "\n")] = '\0';
	line[strcspn(line, "\t")] = ' ';
	return alive;
}

/* The process, and the set of what is pending to it. */
static bool signal_seen(const struct object *object, char *where)
{
	char path[32];
	char line[64];

	snprintf(path, sizeof(path), "/proc/%d/status", object->ids[0]);
	snprintf(where, CALL_SIZE, "%s", path);
	if (!pending_line(path, line, sizeof(line)))
		return false;
	snprintf(where, CALL_SIZE, "%s: %s", path, line);
	return true;
}

static int number_of(const struct parcel *parcel)
{
	long number = PLAIN + parcel->type - (long)parcel->priority;

	return number < SIGRTMIN || number > SIGRTMAX ? -1 : (int)number;
}

static int signal_queue(struct end *end, pid_t pid, int number, const struct parcel *parcel)
{
	union sigval value = { .sival_ptr = NULL };

	if (!parcel->size) {
		end_says(end, "kill(%d, SIGRTMIN+%d)", pid, number - SIGRTMIN);
		return kill(pid, number);
	}
	memcpy(&value, parcel->body, parcel->size);
	end_says(end, "sigqueue(%d, SIGRTMIN+%d, a value of %zu bytes)", pid, number - SIGRTMIN,
		 sizeof(value));
	return sigqueue(pid, number, value);
}

static ssize_t signal_send(struct end *end, struct parcel *parcel)
{
	int number = number_of(parcel);

	if (parcel->patience == PATIENCE_DEADLINE)
		return end_has_no(end, "sigqueue(3) never waits, and takes no time limit");
	if (parcel->size > sizeof(union sigval)) {
		end_says(end, "(a union sigval has %zu bytes, not %zu)", sizeof(union sigval),
			 parcel->size);
		errno = EMSGSIZE;
		return -1;
	}
	if (number < 0) {
		end_says(end, "(there is no signal of that number)");
		errno = EINVAL;
		return -1;
	}
	return signal_queue(end, end->object->ids[0], number, parcel) ? -1 : (ssize_t)parcel->size;
}

static int wait_for_signal(struct end *end, const struct parcel *parcel, siginfo_t *info)
{
	sigset_t set = signals_of(parcel->type);
	struct timespec limit = { 0 };

	if (parcel->patience == PATIENCE_FOREVER) {
		end_says(end, "sigwaitinfo()");
		return sigwaitinfo(&set, info);
	}
	if (parcel->patience == PATIENCE_DEADLINE)
		limit = (struct timespec){ .tv_sec = parcel->wait_ms / 1000,
					   .tv_nsec = parcel->wait_ms % 1000 * 1000000l };
	end_says(end, "sigtimedwait(%ld ms)", limit.tv_sec * 1000 + limit.tv_nsec / 1000000);
	return sigtimedwait(&set, info, &limit);
}

static ssize_t signal_receive(struct end *end, struct parcel *parcel)
{
	siginfo_t info;
	size_t size;

	parcel_from_nobody(parcel);
	if (wait_for_signal(end, parcel, &info) < 0)
		return -1;
	parcel->sender_pid = info.si_pid;
	parcel->sender_uid = info.si_uid;
	if (info.si_code != SI_QUEUE)
		return 0;
	parcel->full_size = sizeof(info.si_value);
	size = parcel->size < sizeof(info.si_value) ? parcel->size : sizeof(info.si_value);
	memcpy(parcel->body, &info.si_value, size);
	return size;
}

static int signal_poll_fd(struct end *end, enum way way)
{
	sigset_t set = signals_of(0);

	if (way == WAY_SEND)
		return -1;
	if (end->fd[0] < 0)
		end->fd[0] = signalfd(-1, &set, SFD_CLOEXEC);
	return end->fd[0];
}

const struct subject subject_signal = {
	.mechanism = "signal",
	.traits = SUBJECT_TO_CREATOR,
	.create = signal_create,
	.attach = signal_attach,
	.detach = signal_detach,
	.seen = signal_seen,
	.send = signal_send,
	.receive = signal_receive,
	.poll_fd = signal_poll_fd,
};
