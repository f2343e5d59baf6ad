// SPDX-License-Identifier: GPL-2.0-only
#include "worker.h"

#include "placement.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

uint64_t worker_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static uint64_t timeval_ns(struct timeval time)
{
	return time.tv_sec * 1000000000ull + time.tv_usec * 1000ull;
}

int worker_fail(struct worker *worker, const char *format, ...)
{
	struct worker_report *report = worker->report;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(report->reason, sizeof(report->reason), format, arguments);
	va_end(arguments);
	report->failed = true;
	return -1;
}

int worker_fail_call(struct worker *worker, const char *call)
{
	return worker_fail(worker, "%s: %s", call, strerror(errno));
}

/* Everything that is counted, as it stands now. */
static void take_counts(const struct worker *worker, struct sample *counts)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	counts->user_ns = timeval_ns(usage.ru_utime);
	counts->system_ns = timeval_ns(usage.ru_stime);
	counts->voluntary = usage.ru_nvcsw;
	counts->involuntary = usage.ru_nivcsw;
	counts->verified = worker->report->verified;
	counts->syscalls = counts->copied = 0;
	for (unsigned int i = 0; i < plan_channels(worker->plan); i++) {
		if (worker->mechanism->count)
			worker->mechanism->count(&worker->channels[i]);
		counts->syscalls += worker->channels[i].syscalls;
		counts->copied += worker->channels[i].copied;
	}
}

static void subtract_counts(struct sample *counts, const struct sample *before)
{
	counts->user_ns -= before->user_ns;
	counts->system_ns -= before->system_ns;
	counts->voluntary -= before->voluntary;
	counts->involuntary -= before->involuntary;
	counts->verified -= before->verified;
	counts->syscalls -= before->syscalls;
	counts->copied -= before->copied;
}

static int measure_run(struct worker *worker, worker_run run)
{
	const struct plan *plan = worker->plan;
	struct worker_report *report = worker->report;
	struct instructions instructions;
	struct sample before;
	int failed;

	instructions_open(&instructions);
	pthread_barrier_wait(&worker->shared->barrier);
	take_counts(worker, &before);
	worker->measuring = true;
	instructions_start(&instructions);
	report->started_ns = worker_clock();
	failed = run(worker, plan->warmup, plan->units);
	report->ended_ns = worker_clock();
	worker->measuring = false;
	report->sample.instructions = instructions_finish(&instructions);
	take_counts(worker, &report->sample);
	subtract_counts(&report->sample, &before);
	return failed;
}

static int measure_events(struct worker *worker, worker_run run)
{
	struct sample *sample = &worker->report->sample;
	struct events events;
	int failed;

	if (!events_open(&events))
		return measure_run(worker, run);
	events_start(&events);
	failed = measure_run(worker, run);
	events_stop(&events);
	events_finish(&events, sample->events);
	sample->events_counted = true;
	return failed;
}

int worker_measure(struct worker *worker, worker_run run)
{
	const struct plan *plan = worker->plan;
	int failed = run(worker, 0, plan->warmup);

	if (!failed && plan->count_events)
		failed = measure_events(worker, run);
	else if (!failed)
		failed = measure_run(worker, run);
	return failed ? -1 : run(worker, plan->warmup + plan->units, 1);
}

/* Touched, so that no page fault is measured. Never freed: the process ends. */
static void *make_bodies(uint32_t size, unsigned int count, size_t *stride)
{
	char *bodies;

	*stride = (CHANNEL_HEADROOM + size + 63) / 64 * 64;
	bodies = aligned_alloc(64, *stride * count);
	if (!bodies)
		return NULL;
	memset(bodies, 0, *stride * count);
	return bodies + CHANNEL_HEADROOM;
}

static struct batch_item *make_items(uint32_t size, unsigned int count)
{
	struct batch_item *items = calloc(count, sizeof(*items));
	size_t stride;
	char *bodies = make_bodies(size, count, &stride);

	if (!items || !bodies)
		return NULL;
	for (unsigned int i = 0; i < count; i++)
		items[i] = (struct batch_item){ .body = bodies + i * stride, .size = size };
	return items;
}

static bool make_buffers(struct worker *worker)
{
	uint32_t size = worker->plan->at.size;
	bool nothing = worker->mechanism->traits & MECHANISM_CARRIES_NOTHING;

	worker->items_out = make_items(size, worker->batch);
	worker->items_in = make_items(size, worker->batch);
	if (!worker->items_out || !worker->items_in)
		return false;
	worker->items_seen = nothing ? worker->items_out : worker->items_in;
	worker->outgoing = worker->items_out[0].body;
	worker->incoming = worker->items_in[0].body;
	worker->seen = worker->items_seen[0].body;
	return true;
}

/* The senders of the first channel are the receivers of the second, and the other way round. */
static enum side side_of(const struct worker *worker, unsigned int channel)
{
	if (plan_workers(worker->plan) == 1)
		return SIDE_BOTH;
	return worker_is_sender(worker) == !channel ? SIDE_SENDER : SIDE_RECEIVER;
}

static int attach(struct worker *worker)
{
	const struct mechanism *mechanism = worker->mechanism;
	unsigned int nth = worker->role - (worker_is_sender(worker) ? 0 : worker->plan->at.senders);

	for (unsigned int i = 0; mechanism->attach && i < plan_channels(worker->plan); i++) {
		struct channel *channel = &worker->channels[i];

		if (!mechanism->attach(channel, side_of(worker, i), nth))
			continue;
		worker->report->unavailable = true;
		return *channel->reason ? worker_fail(worker, "%s", channel->reason)
					: worker_fail_call(worker, "attach");
	}
	return 0;
}

static void detach(struct worker *worker)
{
	for (unsigned int i = 0; i < plan_channels(worker->plan); i++)
		if (worker->mechanism->detach)
			worker->mechanism->detach(&worker->channels[i]);
}

int worker_main(const struct plan *plan, struct channel *channels, unsigned int role,
		struct trial_shared *shared)
{
	struct worker worker = {
		.plan = plan,
		.mechanism = plan->mechanism,
		.channels = channels,
		.role = role,
		.batch = channels[0].shape.batch,
		.shared = shared,
		.report = &shared->reports[role],
	};
	int failed;

	if (placement_take(plan->workload->placement, role))
		return -worker_fail_call(&worker, "sched_setaffinity");
	if (!make_buffers(&worker))
		return -worker_fail_call(&worker, "malloc");
	if (attach(&worker))
		return 1;
	pthread_barrier_wait(&shared->barrier);
	failed = plan->workload->work(&worker);
	/* Others may wait for one who failed; the runner ends them then. */
	if (!failed)
		detach(&worker);
	return failed ? 1 : 0;
}

int worker_send_batch(struct worker *worker, unsigned int channel, uint64_t first,
		      unsigned int count)
{
	const struct mechanism *mechanism = worker->mechanism;
	struct channel *to = &worker->channels[channel];
	struct batch_item *items = worker->items_out;
	uint32_t size = worker->plan->at.size;
	unsigned int i;
	int sent;

	if (count > worker->batch)
		count = worker->batch;
	for (i = 0; i < count; i++)
		payload_fill(items[i].body, size, first + i);
	if (mechanism->send_batch) {
		sent = mechanism->send_batch(to, items, count);
		return sent < 0 ? worker_fail_call(worker, "send batch") : sent;
	}
	for (i = 0; i < count; i++)
		if (mechanism->send(to, items[i].body, size))
			return worker_fail_call(worker, "send");
	return count;
}

/* One message each: the mechanism has no batches. */
static int take_each(struct worker *worker, struct channel *from, unsigned int count)
{
	struct batch_item *items = worker->items_in;

	for (unsigned int i = 0; i < count; i++) {
		ssize_t size = worker->mechanism->receive(from, items[i].body, items[i].size);

		if (size < 0)
			return worker_fail_call(worker, "receive");
		items[i].size = size;
	}
	return count;
}

/* The room is set for all, so that it is in the harness as well. */
int worker_take_batch(struct worker *worker, unsigned int channel, unsigned int count)
{
	struct channel *from = &worker->channels[channel];
	struct batch_item *items = worker->items_in;
	uint32_t size = worker->plan->at.size;
	int received;

	if (count > worker->batch)
		count = worker->batch;
	for (unsigned int i = 0; i < count; i++)
		items[i].size = size;
	if (!worker->mechanism->receive_batch)
		return take_each(worker, from, count);
	received = worker->mechanism->receive_batch(from, items, count);
	if (received > 0)
		return received;
	return received ? worker_fail_call(worker, "receive batch")
			: worker_fail(worker, "receive batch: nothing, and no error");
}

int worker_receive_batch(struct worker *worker, unsigned int channel, uint64_t first,
			 unsigned int count)
{
	int received = worker_take_batch(worker, channel, count);

	for (int i = 0; i < received; i++)
		if (worker_verify(worker, worker->items_seen[i].body, worker->items_in[i].size,
				  first + i))
			return -1;
	return received;
}
