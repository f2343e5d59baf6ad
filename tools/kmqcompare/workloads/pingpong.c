// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two processes, two channels: a message there, a message back, and each side
 * waits until the other has answered. On one processor every message costs a
 * switch; on two it costs waking the other. A mechanism whose messages are
 * requests with answers needs one channel.
 */
#include "../worker.h"

static bool calls(const struct worker *worker)
{
	return worker->mechanism->traits & MECHANISM_CALLS;
}

static int call(struct worker *worker, uint64_t sequence)
{
	uint32_t size = worker->plan->at.size;
	ssize_t received;

	payload_fill(worker->outgoing, size, sequence);
	received = worker->mechanism->call(&worker->channels[0], worker->outgoing, size,
					   worker->incoming, size);
	return received < 0 ? worker_fail_call(worker, "call")
			    : worker_verify(worker, worker->seen, received, sequence);
}

static int answer_call(struct worker *worker, uint64_t sequence)
{
	uint32_t size = worker->plan->at.size;
	ssize_t received = worker->mechanism->take_request(&worker->channels[0], worker->incoming,
							   size);

	if (received < 0)
		return worker_fail_call(worker, "take a request");
	if (worker_verify(worker, worker->seen, received, sequence))
		return -1;
	payload_fill(worker->outgoing, size, sequence);
	if (worker->mechanism->answer(&worker->channels[0], worker->outgoing, size))
		return worker_fail_call(worker, "answer");
	return 0;
}

static int go_round(struct worker *worker, uint64_t sequence)
{
	if (calls(worker))
		return call(worker, sequence);
	return worker_send(worker, 0, sequence) || worker_receive(worker, 1, sequence) ? -1 : 0;
}

static int serve(struct worker *worker, uint64_t first, uint64_t end)
{
	for (uint64_t sequence = first; sequence < end; sequence++)
		if (go_round(worker, sequence))
			return -1;
	return 0;
}

/* One look at the clock per round trip, which is in that round trip. */
static int serve_clocked(struct worker *worker, uint64_t first, uint64_t end)
{
	uint64_t before = worker_clock();

	for (uint64_t sequence = first; sequence < end; sequence++) {
		uint64_t now;

		if (go_round(worker, sequence))
			return -1;
		now = worker_clock();
		worker_record(worker, now - before);
		before = now;
	}
	return 0;
}

static int answer(struct worker *worker, uint64_t first, uint64_t end)
{
	for (uint64_t sequence = first; sequence < end; sequence++)
		if (calls(worker) ? answer_call(worker, sequence)
				  : worker_receive(worker, 0, sequence) ||
				    worker_send(worker, 1, sequence))
			return -1;
	return 0;
}

static int pingpong_run(struct worker *worker, uint64_t first, uint64_t count)
{
	if (worker->role)
		return answer(worker, first, first + count);
	return worker->measuring && worker->plan->clocked
	       ? serve_clocked(worker, first, first + count) : serve(worker, first, first + count);
}

static int pingpong_work(struct worker *worker)
{
	if (!worker->role && worker->plan->clocked)
		histogram_clear(&worker->shared->latencies);
	return worker_measure(worker, pingpong_run);
}

const struct workload workload_pingpong = {
	.name = "pingpong",
	.title = "a message there and one back, two processes on one processor",
	.unit = "round trip",
	.workers = 2,
	.channels = 2,
	.placement = PLACE_ONE_CPU,
	.counted = 5000,
	.harness_units = 2,
	.latency_of = "round trip",
	.calls = true,
	.unfit = workload_wants_single_carrier,
	.work = pingpong_work,
};

const struct workload workload_pingpong_2cpu = {
	.name = "pingpong-2cpu",
	.title = "a message there and one back, two processes on two processors",
	.unit = "round trip",
	.workers = 2,
	.channels = 2,
	.placement = PLACE_TWO_CPUS,
	.counted = 5000,
	.harness_units = 2,
	.latency_of = "round trip",
	.calls = true,
	.unfit = workload_wants_single_carrier,
	.work = pingpong_work,
};
