// SPDX-License-Identifier: GPL-2.0-only
/*
 * One process sends as fast as it can, another receives: throughput, with
 * whatever sleeping and waking the capacity brings about. Mechanisms that have
 * batches use them.
 */
#include "../worker.h"

static int send_all(struct worker *worker, uint64_t first, uint64_t end)
{
	while (first < end) {
		uint32_t left = end - first < UINT32_MAX ? end - first : UINT32_MAX;
		int sent = worker_send_batch(worker, 0, first, left);

		if (sent < 0)
			return -1;
		first += sent;
	}
	return 0;
}

static int receive_all(struct worker *worker, uint64_t first, uint64_t end)
{
	while (first < end) {
		uint32_t left = end - first < UINT32_MAX ? end - first : UINT32_MAX;
		int received = worker_receive_batch(worker, 0, first, left);

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

	if (worker->mechanism->send_batch)
		return worker->role ? receive_all(worker, first, end)
				    : send_all(worker, first, end);
	return worker->role ? receive_each(worker, first, end) : send_each(worker, first, end);
}

static int oneway_work(struct worker *worker)
{
	return worker_measure(worker, oneway_run);
}

static const char *oneway_unfit(const struct mechanism *mechanism)
{
	return mechanism->traits & MECHANISM_CARRIES_NOTHING ? "carries nothing" : NULL;
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
	.unfit = oneway_unfit,
	.work = oneway_work,
};
