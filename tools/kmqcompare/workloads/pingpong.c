// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two processes, two channels: a message there, a message back, and each side
 * sleeps until the other has answered. On one processor every message costs a
 * switch; on two it costs waking the other.
 */
#include "../worker.h"

static int serve(struct worker *worker, uint64_t first, uint64_t end)
{
	for (uint64_t sequence = first; sequence < end; sequence++)
		if (worker_send(worker, 0, sequence) || worker_receive(worker, 1, sequence))
			return -1;
	return 0;
}

static int answer(struct worker *worker, uint64_t first, uint64_t end)
{
	for (uint64_t sequence = first; sequence < end; sequence++)
		if (worker_receive(worker, 0, sequence) || worker_send(worker, 1, sequence))
			return -1;
	return 0;
}

static int pingpong_run(struct worker *worker, uint64_t first, uint64_t count)
{
	return worker->role ? answer(worker, first, first + count)
			    : serve(worker, first, first + count);
}

static int pingpong_work(struct worker *worker)
{
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
	.unfit = workload_wants_carrier,
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
	.unfit = workload_wants_carrier,
	.work = pingpong_work,
};
