// SPDX-License-Identifier: GPL-2.0-only
#include "cost_ride.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WARM		RIDE_BATCH	/* messages before those that count */
#define CAPACITY	64
#define BODY_MAX	65536
#define ANSWER		8		/* bytes of an answer to a request */

const struct mechanism *(*ride_mechanism)(const char *name) = mechanism_find;

static char room[RIDE_BATCH][CHANNEL_HEADROOM + BODY_MAX] __attribute__((aligned(64)));

static void *body(unsigned int nth)
{
	return room[nth] + CHANNEL_HEADROOM;
}

static bool calls(const struct ride *ride)
{
	return ride->mechanism->traits & MECHANISM_CALLS;
}

static bool batches(const struct ride *ride)
{
	return ride->mechanism->traits & MECHANISM_BATCHES_ONLY;
}

static const char *why_not(const struct ride *ride)
{
	const struct mechanism *mechanism = ride->mechanism;
	const char *reason = NULL;

	if (mechanism->unavailable)
		reason = mechanism->unavailable();
	if (!reason && mechanism->unfit)
		reason = mechanism->unfit(&ride->channel.shape);
	return reason;
}

bool ride_open(struct ride *ride, struct cell *cell, uint32_t size, unsigned int count)
{
	struct channel *channel = &ride->channel;
	const char *reason;

	*ride = (struct ride){
		.cell = cell,
		.mechanism = ride_mechanism(cell->subject->mechanism),
		.channel = {
			.shape = { .size = size, .capacity = CAPACITY, .batch = 1, .senders = 1,
				   .receivers = 1, .parallel = true },
			.size = size,
			.capacity = CAPACITY,
			.fd = { -1, -1 },
		},
		.count = count,
		.rider = cell->scratch,
	};
	if (!ride->mechanism) {
		snprintf(channel->reason, REASON_SIZE, "the bench does not have it");
		return false;
	}
	if (batches(ride))
		channel->shape.batch = RIDE_BATCH;
	ride->riders = calls(ride) ? 2 : 1;
	reason = why_not(ride);
	if (reason) {
		snprintf(channel->reason, REASON_SIZE, "%s", reason);
		return false;
	}
	if (!ride->mechanism->open(channel))
		return true;
	if (!channel->reason[0])
		snprintf(channel->reason, REASON_SIZE, "%s", error_name(errno));
	return false;
}

static int carry_singles(struct ride *ride, unsigned int count)
{
	const struct mechanism *mechanism = ride->mechanism;
	struct channel *channel = &ride->channel;

	for (unsigned int i = 0; i < count; i++)
		if (mechanism->send(channel, body(0), channel->size) < 0 ||
		    mechanism->receive(channel, body(1), channel->size) < 0)
			return -1;
	return 0;
}

/* Moves a whole batch by as many calls as that takes. */
static int move(struct channel *channel, unsigned int count,
		int (*hook)(struct channel *channel, struct batch_item *items, unsigned int count))
{
	struct batch_item items[RIDE_BATCH];
	int moved;

	for (unsigned int done = 0; done < count; done += moved) {
		for (unsigned int i = 0; i < count; i++)
			items[i] = (struct batch_item){ body(i), channel->size };
		moved = hook(channel, items, count - done);
		if (moved <= 0)
			return -1;
	}
	return 0;
}

static int carry_batches(struct ride *ride, unsigned int count)
{
	for (unsigned int i = 0; i < count; i += RIDE_BATCH)
		if (move(&ride->channel, RIDE_BATCH, ride->mechanism->send_batch) ||
		    move(&ride->channel, RIDE_BATCH, ride->mechanism->receive_batch))
			return -1;
	return 0;
}

static int ask(struct ride *ride, unsigned int count)
{
	struct channel *channel = &ride->channel;

	for (unsigned int i = 0; i < count; i++)
		if (ride->mechanism->call(channel, body(0), channel->size, body(1), BODY_MAX) < 0)
			return -1;
	return 0;
}

static int serve(struct ride *ride, unsigned int count)
{
	struct channel *channel = &ride->channel;

	for (unsigned int i = 0; i < count; i++)
		if (ride->mechanism->take_request(channel, body(0), BODY_MAX) < 0 ||
		    ride->mechanism->answer(channel, body(1), ANSWER) < 0)
			return -1;
	return 0;
}

static int carry(struct ride *ride, unsigned int nth, unsigned int count)
{
	if (calls(ride))
		return nth ? serve(ride, count) : ask(ride, count);
	return batches(ride) ? carry_batches(ride, count) : carry_singles(ride, count);
}

static int attach(struct ride *ride, unsigned int nth)
{
	enum side side = SIDE_BOTH;

	if (calls(ride))
		side = nth ? SIDE_RECEIVER : SIDE_SENDER;
	return ride->mechanism->attach ? ride->mechanism->attach(&ride->channel, side, 0) : 0;
}

static uint64_t cpu_now(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return used.tv_sec * 1000000000ull + used.tv_nsec;
}

static int be_rider(struct ride *ride, unsigned int nth)
{
	struct rider *rider = &ride->rider[nth];
	uint64_t begin;

	if (attach(ride, nth) || carry(ride, nth, WARM))
		return -1;
	if (ride->traced) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
	}
	ride->channel.copied = 0;
	ride->channel.syscalls = 0;
	begin = cpu_now();
	syscall(RIDE_MARK);
	if (carry(ride, nth, ride->count))
		return -1;
	syscall(RIDE_MARK);
	rider->cpu_ns = cpu_now() - begin;
	rider->copied = ride->channel.copied;
	rider->syscalls = ride->channel.syscalls;
	return 0;
}

static void start_rider(struct ride *ride, unsigned int nth)
{
	pid_t stage = getpid();

	ride->rider[nth] = (struct rider){ 0 };
	ride->pid[nth] = fork();
	if (ride->pid[nth])
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != stage)
		_exit(1);
	if (be_rider(ride, nth))
		ride->rider[nth].error = errno ? errno : EPROTO;
	_exit(0);
}

void ride_start(struct ride *ride)
{
	for (unsigned int i = 0; i < ride->riders; i++) {
		start_rider(ride, i);
		if (ride->pid[i] < 0)
			cell_give_up(ride->cell, "fork: %s", error_name(errno));
	}
}

bool ride_finish(struct ride *ride)
{
	bool well = true;

	for (unsigned int i = 0; i < ride->riders; i++) {
		waitpid(ride->pid[i], NULL, 0);
		if (!ride->rider[i].error)
			continue;
		cell_note(ride->cell, "the bench's %s fails: %s", ride->mechanism->name,
			  error_name(ride->rider[i].error));
		well = false;
	}
	return well;
}

void ride_close(struct ride *ride)
{
	ride->mechanism->close(&ride->channel);
}

uint64_t ride_copied(const struct ride *ride)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < ride->riders; i++)
		sum += ride->rider[i].copied;
	return sum;
}

uint64_t ride_syscalls(const struct ride *ride)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < ride->riders; i++)
		sum += ride->rider[i].syscalls;
	return sum;
}

uint64_t ride_cpu_ns(const struct ride *ride)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < ride->riders; i++)
		sum += ride->rider[i].cpu_ns;
	return sum;
}
