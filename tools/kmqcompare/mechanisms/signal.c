// SPDX-License-Identifier: GPL-2.0-only
/*
 * A real-time signal with a value: sigqueue(3) to one process, which has the signal
 * blocked and sleeps in sigwaitinfo(2). The value is a pointer long, and that is the
 * message. How many may be queued is the receiver's RLIMIT_SIGPENDING, which counts
 * those of all processes of the user; at the limit sigqueue(3) fails, and the kernel
 * offers nothing to sleep on. So there is a word for futex(2), which counts what the
 * receiver has taken; its lowest bit says that a sender waits.
 *
 * A refused sender sets that bit, asks once more, and sleeps while the word is as it
 * left it. The receiver takes a signal, and in one step counts it and clears the bit;
 * only if it was set does it wake. No wake-up is missed: both steps change the same
 * word, so one comes first (A and B below). If A does, B finds the bit. If B does, the
 * signal was gone from the queue before, and the sender that asks after A has its room;
 * or another sender had it, and then that one's signal is yet to be counted.
 */
#include "../mechanism.h"
#include "../shm_memory.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define WAIT_SECONDS	10	/* for the receiver to come */
#define SLEEP_SECONDS	1	/* signals of others count too, and nobody tells when they go */

#define TAKEN_WAITED	1u	/* the bit; the count is above it */

/* What the processes share. */
struct signal_shared {
	_Atomic int receiver;	/* its process id. 0: not there yet */
	_Atomic uint32_t taken __attribute__((aligned(64)));
};

struct signal_state {
	int number;
	struct signal_shared *shared;
	int to;			/* the receiver, as a sender has found it */
};

static const char *signal_unfit(const struct shape *shape)
{
	if (shape->size > sizeof(union sigval))
		return sizeof(union sigval) == 8 ? "signals carry 8 bytes (sigval)"
						 : "signals carry 4 bytes (sigval)";
	return shape->receivers > 1 ? "a signal goes to one process" : NULL;
}

static rlim_t most_pending(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_SIGPENDING, &limit) ? 0 : limit.rlim_max;
}

static int signal_open(struct channel *channel)
{
	static unsigned int opened;	/* so that a channel's signal is not another's */
	struct signal_state *state = calloc(1, sizeof(*state));

	if (!state)
		return -1;
	state->shared = shm_memory(sizeof(*state->shared));
	if (!state->shared) {
		free(state);
		return -1;
	}
	state->number = SIGRTMIN + opened++ % (SIGRTMAX - SIGRTMIN + 1);
	if (channel->capacity > most_pending())
		channel->capacity = most_pending();
	channel->state = state;
	return 0;
}

static void signal_close(struct channel *channel)
{
	struct signal_state *state = channel->state;

	shm_release(state->shared, sizeof(*state->shared));
	free(state);
}

/* Signals of this user that are queued now, anywhere. */
static rlim_t count_pending(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	unsigned long pending = 0;
	char line[128];

	if (!status)
		return 0;
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "SigQ: %lu", &pending) == 1)
			break;
	fclose(status);
	return pending;
}

static void become_receiver(struct channel *channel)
{
	struct signal_state *state = channel->state;
	struct rlimit limit = { .rlim_max = most_pending() };
	sigset_t set;

	limit.rlim_cur = count_pending() + channel->capacity;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_SIGPENDING, &limit);
	sigemptyset(&set);
	sigaddset(&set, state->number);
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* Release: who reads the id finds the signal blocked. */
	atomic_store_explicit(&state->shared->receiver, getpid(), memory_order_release);
	syscall(SYS_futex, &state->shared->receiver, FUTEX_WAKE, CHANNEL_SENDERS, NULL, NULL, 0);
}

/* Before the first message: the receiver may come after the sender. */
static int find_receiver(struct signal_state *state)
{
	const struct timespec limit = { .tv_sec = WAIT_SECONDS };

	while (!(state->to = atomic_load_explicit(&state->shared->receiver, memory_order_acquire)))
		if (syscall(SYS_futex, &state->shared->receiver, FUTEX_WAIT, 0, &limit, NULL, 0) &&
		    errno == ETIMEDOUT)
			return -1;
	return 0;
}

static int signal_attach(struct channel *channel, enum side side, unsigned int nth)
{
	(void)nth;
	if (side != SIDE_SENDER)
		become_receiver(channel);
	return 0;
}

/* 0; 1: the limit is reached; -1/errno. */
static int ask(struct channel *channel, union sigval value)
{
	const struct signal_state *state = channel->state;

	if (!SYSCALL(channel, sigqueue(state->to, state->number, value)))
		return 0;
	return errno == EAGAIN ? 1 : -1;
}

/* At the limit. As ask(), after some sleep if need be. */
static int wait_for_room(struct channel *channel, union sigval value)
{
	const struct timespec limit = { .tv_sec = SLEEP_SECONDS };
	struct signal_state *state = channel->state;
	_Atomic uint32_t *taken = &state->shared->taken;
	uint32_t seen;
	int refused;

	/* A; acquire: whoever is found to be counted has left the queue before we ask. */
	seen = atomic_fetch_or_explicit(taken, TAKEN_WAITED, memory_order_acq_rel) | TAKEN_WAITED;
	refused = ask(channel, value);
	if (refused != 1)
		return refused;
	SYSCALL(channel, syscall(SYS_futex, taken, FUTEX_WAIT, seen, &limit, NULL, 0));
	return ask(channel, value);
}

static int signal_send(struct channel *channel, void *body, uint32_t size)
{
	struct signal_state *state = channel->state;
	union sigval value = { 0 };
	int refused;

	if (!state->to && find_receiver(state))
		return -1;
	memcpy(&value, body, size);
	refused = ask(channel, value);
	while (refused == 1)
		refused = wait_for_room(channel, value);
	if (refused)
		return -1;
	COPIED(channel, size);
	return 0;
}

/* One was taken off the queue: wakes the senders that wait for that. */
static void count_taken(struct channel *channel)
{
	struct signal_state *state = channel->state;
	_Atomic uint32_t *taken = &state->shared->taken;
	uint32_t before = atomic_load_explicit(taken, memory_order_relaxed);

	/* B; release: the signal left the queue before. Failing, only the word is read anew. */
	while (!atomic_compare_exchange_weak_explicit(taken, &before, (before | TAKEN_WAITED) + 1,
						      memory_order_acq_rel, memory_order_relaxed))
		;
	if (before & TAKEN_WAITED)
		SYSCALL(channel, syscall(SYS_futex, taken, FUTEX_WAKE, CHANNEL_SENDERS, NULL,
					 NULL, 0));
}

static ssize_t signal_receive(struct channel *channel, void *body, uint32_t room)
{
	struct signal_state *state = channel->state;
	siginfo_t info;
	sigset_t set;
	int got;

	sigemptyset(&set);
	sigaddset(&set, state->number);
	do
		got = SYSCALL(channel, sigwaitinfo(&set, &info));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -1;
	count_taken(channel);
	memcpy(body, &info.si_value, room);
	COPIED(channel, room);
	return room;
}

const struct mechanism mechanism_signal = {
	.name = "signal",
	.title = "queued signals",
	.about = "A real-time signal with a value of 8 bytes, by sigqueue(3); the receiver "
		 "sleeps in sigwaitinfo(2), a sender at the limit of queued signals in "
		 "futex(2), on a shared count of those taken. No length travels.",
	.unfit = signal_unfit,
	.open = signal_open,
	.attach = signal_attach,
	.close = signal_close,
	.send = signal_send,
	.receive = signal_receive,
};
