// SPDX-License-Identifier: GPL-2.0-only
/*
 * One process sends a batch of messages and receives them: in one system call
 * each way where the mechanism has one, else in one per message.
 */
#include "../worker.h"

static int batch_run(struct worker *worker, uint64_t first, uint64_t count)
{
	/* Nobody takes anything while we send: no more than fits. */
	uint64_t capacity = worker->channels[0].capacity;
	uint64_t sent = first, received = first;

	while (received < first + count) {
		uint64_t left = first + count - sent;
		int moved = worker_send_batch(worker, 0, sent, left < capacity ? left : capacity);

		if (moved < 0)
			return -1;
		sent += moved;
		moved = worker_receive_batch(worker, 0, received, sent - received);
		if (moved < 0)
			return -1;
		received += moved;
	}
	return 0;
}

static int batch_work(struct worker *worker)
{
	return worker_measure(worker, batch_run);
}

const struct workload workload_batch = {
	.name = "batch",
	.title = "one process sends a batch of messages and receives them",
	.unit = "message",
	.workers = 1,
	.channels = 1,
	.placement = PLACE_ONE_CPU,
	.counted = 20000,
	.batches = true,
	.work = batch_work,
};
