// SPDX-License-Identifier: GPL-2.0-only
/*
 * One process sends a message and receives it: nobody sleeps, nobody is woken,
 * so this is the bare path in and out. The unit of the budgets.
 */
#include "../worker.h"

static int pair_run(struct worker *worker, uint64_t first, uint64_t count)
{
	for (uint64_t sequence = first; sequence < first + count; sequence++)
		if (worker_send(worker, 0, sequence) || worker_receive(worker, 0, sequence))
			return -1;
	return 0;
}

static int pair_work(struct worker *worker)
{
	return worker_measure(worker, pair_run);
}

const struct workload workload_pair = {
	.name = "pair",
	.title = "one process sends a message and receives it",
	.unit = "message",
	.workers = 1,
	.channels = 1,
	.placement = PLACE_ONE_CPU,
	.counted = 20000,
	.unfit = workload_wants_single,
	.work = pair_work,
};
