// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmq's rings by the mapped door, in each mode, sleeping and spinning; one whose
 * messages are never copied, and one whose consumer comes in by the other door.
 */
#include "../ring_queue.h"

#include <unistd.h>

static int open_spsc(struct channel *channel)
{
	return ring_queue_open(channel, (struct ring_kind){ .mode = KMQ_RING_SPSC });
}

static int open_spsc_spin(struct channel *channel)
{
	return ring_queue_open(channel, (struct ring_kind){ .mode = KMQ_RING_SPSC, .spins = true });
}

static int open_mpsc(struct channel *channel)
{
	return ring_queue_open(channel, (struct ring_kind){ .mode = KMQ_RING_MPSC });
}

static int open_mpsc_spin(struct channel *channel)
{
	return ring_queue_open(channel, (struct ring_kind){ .mode = KMQ_RING_MPSC, .spins = true });
}

static int open_mpmc(struct channel *channel)
{
	return ring_queue_open(channel, (struct ring_kind){ .mode = KMQ_RING_MPMC });
}

static int open_mpmc_spin(struct channel *channel)
{
	return ring_queue_open(channel, (struct ring_kind){ .mode = KMQ_RING_MPMC, .spins = true });
}

static int open_broadcast(struct channel *channel)
{
	return ring_queue_open(channel, (struct ring_kind){ .mode = KMQ_RING_BROADCAST });
}

static int open_broadcast_spin(struct channel *channel)
{
	return ring_queue_open(channel, (struct ring_kind){ .mode = KMQ_RING_BROADCAST, .spins = true });
}

const struct mechanism mechanism_kmq_ring = {
	.name = "kmq-ring",
	.title = "kmq ring",
	.about = "A kmq ring, mapped: for one producer and one consumer, who copy messages "
		 "in and out of shared memory; who finds it empty or full spins as long as "
		 "that has paid off, then sleeps in the module.",
	.traits = MECHANISM_IS_KMQ,
	.unavailable = ring_queue_unavailable,
	.unfit = ring_queue_unfit_single,
	.open = open_spsc,
	.attach = ring_queue_attach,
	.count = ring_queue_count,
	.detach = ring_queue_detach,
	.close = ring_queue_close,
	.send = ring_queue_send,
	.receive = ring_queue_receive,
	.send_batch = ring_queue_send_batch,
	.receive_batch = ring_queue_receive_batch,
};

const struct mechanism mechanism_kmq_ring_spin = {
	.name = "kmq-ring-spin",
	.title = "kmq ring, spinning",
	.about = "A kmq ring, mapped: for one producer and one consumer, who copy messages "
		 "in and out of shared memory; who finds it empty or full spins.",
	.traits = MECHANISM_SPINS | MECHANISM_IS_KMQ,
	.unavailable = ring_queue_unavailable,
	.unfit = ring_queue_unfit_single,
	.open = open_spsc_spin,
	.attach = ring_queue_attach,
	.count = ring_queue_count,
	.detach = ring_queue_detach,
	.close = ring_queue_close,
	.send = ring_queue_send,
	.receive = ring_queue_receive,
	.send_batch = ring_queue_send_batch,
	.receive_batch = ring_queue_receive_batch,
};

const struct mechanism mechanism_kmq_ring_in_place = {
	.name = "kmq-ring-in-place",
	.title = "kmq ring, in place",
	.about = "A kmq ring, mapped: for one producer and one consumer, who make and verify "
		 "each message where it lies; nothing is copied.",
	.traits = MECHANISM_IS_KMQ,
	.unavailable = ring_queue_unavailable,
	.unfit = ring_queue_unfit_in_place,
	.open = open_spsc,
	.attach = ring_queue_attach,
	.count = ring_queue_count,
	.detach = ring_queue_detach,
	.close = ring_queue_close,
	.send = ring_queue_send,
	.receive = ring_queue_receive,
	.reserve = ring_queue_reserve,
	.commit = ring_queue_commit,
	.peek = ring_queue_peek,
	.release = ring_queue_release,
};

static int ring_mixed_attach(struct channel *channel, enum side side, unsigned int nth)
{
	return side == SIDE_RECEIVER ? 0 : ring_queue_attach_as(channel, KMQ_RING_PRODUCER);
}

static ssize_t ring_mixed_receive(struct channel *channel, void *body, uint32_t room)
{
	ssize_t size = SYSCALL(channel, read(channel->fd[0], body, room));

	if (size > 0)
		COPIED(channel, size);
	return size;
}

const struct mechanism mechanism_kmq_ring_mixed = {
	.name = "kmq-ring-mixed",
	.title = "kmq ring + read",
	.about = "A kmq ring by both doors: a mapped producer, and a consumer who knows "
		 "nothing of rings and calls read(2).",
	.traits = MECHANISM_IS_KMQ,
	.unavailable = ring_queue_unavailable,
	.unfit = ring_queue_unfit_single,
	.open = open_spsc,
	.attach = ring_mixed_attach,
	.count = ring_queue_count,
	.detach = ring_queue_detach,
	.close = ring_queue_close,
	.send = ring_queue_send,
	.receive = ring_mixed_receive,
};

const struct mechanism mechanism_kmq_ring_mpsc = {
	.name = "kmq-ring-mpsc",
	.title = "kmq ring mpsc",
	.about = "A kmq ring, mapped: for many producers and one consumer, who copy messages "
		 "in and out of shared memory; who finds it empty or full spins as long as "
		 "that has paid off, then sleeps in the module.",
	.traits = MECHANISM_IS_KMQ | MECHANISM_IS_VARIANT,
	.unavailable = ring_queue_unavailable,
	.unfit = ring_queue_unfit_mpsc,
	.open = open_mpsc,
	.attach = ring_queue_attach,
	.count = ring_queue_count,
	.detach = ring_queue_detach,
	.close = ring_queue_close,
	.send = ring_queue_send,
	.receive = ring_queue_receive,
	.send_batch = ring_queue_send_batch,
	.receive_batch = ring_queue_receive_batch,
};

const struct mechanism mechanism_kmq_ring_mpsc_spin = {
	.name = "kmq-ring-mpsc-spin",
	.title = "kmq mpsc spinning",
	.about = "A kmq ring, mapped: for many producers and one consumer, who copy messages "
		 "in and out of shared memory; who finds it empty or full spins.",
	.traits = MECHANISM_SPINS | MECHANISM_IS_KMQ | MECHANISM_IS_VARIANT,
	.unavailable = ring_queue_unavailable,
	.unfit = ring_queue_unfit_mpsc,
	.open = open_mpsc_spin,
	.attach = ring_queue_attach,
	.count = ring_queue_count,
	.detach = ring_queue_detach,
	.close = ring_queue_close,
	.send = ring_queue_send,
	.receive = ring_queue_receive,
	.send_batch = ring_queue_send_batch,
	.receive_batch = ring_queue_receive_batch,
};

const struct mechanism mechanism_kmq_ring_mpmc = {
	.name = "kmq-ring-mpmc",
	.title = "kmq ring mpmc",
	.about = "A kmq ring, mapped: for many producers and many consumers, who copy "
		 "messages in and out of shared memory; who finds it empty or full spins as "
		 "long as that has paid off, then sleeps in the module.",
	.traits = MECHANISM_IS_KMQ,
	.unavailable = ring_queue_unavailable,
	.open = open_mpmc,
	.attach = ring_queue_attach,
	.count = ring_queue_count,
	.detach = ring_queue_detach,
	.close = ring_queue_close,
	.send = ring_queue_send,
	.receive = ring_queue_receive,
	.send_batch = ring_queue_send_batch,
	.receive_batch = ring_queue_receive_batch,
};

const struct mechanism mechanism_kmq_ring_mpmc_spin = {
	.name = "kmq-ring-mpmc-spin",
	.title = "kmq mpmc spinning",
	.about = "A kmq ring, mapped: for many producers and many consumers, who copy "
		 "messages in and out of shared memory; who finds it empty or full spins.",
	.traits = MECHANISM_SPINS | MECHANISM_IS_KMQ | MECHANISM_IS_VARIANT,
	.unavailable = ring_queue_unavailable,
	.open = open_mpmc_spin,
	.attach = ring_queue_attach,
	.count = ring_queue_count,
	.detach = ring_queue_detach,
	.close = ring_queue_close,
	.send = ring_queue_send,
	.receive = ring_queue_receive,
	.send_batch = ring_queue_send_batch,
	.receive_batch = ring_queue_receive_batch,
};

const struct mechanism mechanism_kmq_ring_broadcast = {
	.name = "kmq-ring-broadcast",
	.title = "kmq ring broadcast",
	.about = "A kmq ring, mapped: for one producer and consumers that each see every "
		 "message, who copy messages in and out of shared memory; who finds it empty "
		 "or full spins as long as that has paid off, then sleeps in the module; "
		 "nobody waits for room, which overwrites what was not read.",
	.traits = MECHANISM_IS_KMQ | MECHANISM_OVERWRITES | MECHANISM_IS_VARIANT,
	.unavailable = ring_queue_unavailable,
	.unfit = ring_queue_unfit_single,
	.open = open_broadcast,
	.attach = ring_queue_attach,
	.count = ring_queue_count,
	.detach = ring_queue_detach,
	.close = ring_queue_close,
	.send = ring_queue_send,
	.receive = ring_queue_receive,
	.send_batch = ring_queue_send_batch,
	.receive_batch = ring_queue_receive_batch,
};

const struct mechanism mechanism_kmq_ring_broadcast_spin = {
	.name = "kmq-ring-broadcast-spin",
	.title = "kmq bcast spinning",
	.about = "A kmq ring, mapped: for one producer and consumers that each see every "
		 "message, who copy messages in and out of shared memory; who finds it empty "
		 "or full spins; nobody waits for room, which overwrites what was not read.",
	.traits = MECHANISM_SPINS | MECHANISM_IS_KMQ | MECHANISM_OVERWRITES | MECHANISM_IS_VARIANT,
	.unavailable = ring_queue_unavailable,
	.unfit = ring_queue_unfit_single,
	.open = open_broadcast_spin,
	.attach = ring_queue_attach,
	.count = ring_queue_count,
	.detach = ring_queue_detach,
	.close = ring_queue_close,
	.send = ring_queue_send,
	.receive = ring_queue_receive,
	.send_batch = ring_queue_send_batch,
	.receive_batch = ring_queue_receive_batch,
};
