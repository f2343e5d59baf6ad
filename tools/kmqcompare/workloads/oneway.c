// SPDX-License-Identifier: GPL-2.0-only
/*
 * One process sends as fast as it can, another receives: throughput, with
 * whatever sleeping and waking the capacity brings about. By messages of one call
 * each, or by batches where that is asked for or the mechanism knows no other way.
 */
#include "../worker.h"

static uint32_t left_of(uint64_t first, uint64_t end)
{
	return end - first < UINT32_MAX ? end - first : UINT32_MAX;
}

static int send_batches(struct worker *worker, uint64_t first, uint64_t end)
{
	while (first < end) {
		int sent = worker_send_batch(worker, 0, first, left_of(first, end));

		if (sent < 0)
			return -1;
		first += sent;
	}
	return 0;
}

static int receive_batches(struct worker *worker, uint64_t first, uint64_t end)
{
	while (first < end) {
		int received = worker_receive_batch(worker, 0, first, left_of(first, end));

		if (received < 0)
			return -1;
		first += received;
	}
	return 0;
}

static int send_each(struct worker *worker, uint64_t first, uint64_t end)
{
	for (; first < end; first++)
		if (worker_send(worker, 0, first))
			return -1;
	return 0;
}

static int receive_each(struct worker *worker, uint64_t first, uint64_t end)
{
	for (; first < end; first++)
		if (worker_receive(worker, 0, first))
			return -1;
	return 0;
}

static int oneway_run(struct worker *worker, uint64_t first, uint64_t count)
{
	uint64_t end = first + count;

	if (worker->plan->workload->batches || worker_needs_batches(worker))
		return worker->role ? receive_batches(worker, first, end)
				    : send_batches(worker, first, end);
	return worker->role ? receive_each(worker, first, end) : send_each(worker, first, end);
}

static int oneway_work(struct worker *worker)
{
	return worker_measure(worker, oneway_run);
}

const struct workload workload_oneway = {
	.name = "oneway",
	.title = "one process sends, another receives",
	.unit = "message",
	.workers = 2,
	.channels = 1,
	.placement = PLACE_APART,
	.counted = 20000,
	.harness_units = 1,
	.unfit = workload_wants_queue,
	.work = oneway_work,
};

const struct workload workload_oneway_1cpu = {
	.name = "oneway-1cpu",
	.title = "one process sends, another receives, both on one processor",
	.unit = "message",
	.workers = 2,
	.channels = 1,
	.placement = PLACE_ONE_CPU,
	.counted = 20000,
	.harness_units = 1,
	.unfit = workload_wants_queue,
	.work = oneway_work,
};

const struct workload workload_oneway_batch = {
	.name = "oneway-batch",
	.title = "one process sends, another receives, both in batches where they can",
	.unit = "message",
	.workers = 2,
	.channels = 1,
	.placement = PLACE_APART,
	.counted = 20000,
	.harness_units = 1,
	.batches = true,
	.unfit = workload_wants_queue,
	.work = oneway_work,
};
