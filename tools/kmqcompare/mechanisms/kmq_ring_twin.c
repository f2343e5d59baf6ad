// SPDX-License-Identifier: GPL-2.0-only
/*
 * The user-space twin of kmq's rings, in each mode, sleeping and spinning: the same
 * code in a memfd, by futex(2) in place of the module, which need not be loaded. The
 * price is trust: nobody divides what a process may write, or repairs what one that
 * dies leaves behind.
 */
#include "../ring_queue.h"

static int open_spsc(struct channel *channel)
{
	return ring_queue_open(channel, (struct ring_kind){ .mode = KMQ_RING_SPSC, .twin = true });
}

static int open_spsc_spin(struct channel *channel)
{
	return ring_queue_open(channel, (struct ring_kind){ .mode = KMQ_RING_SPSC, .twin = true, .spins = true });
}

static int open_mpsc(struct channel *channel)
{
	return ring_queue_open(channel, (struct ring_kind){ .mode = KMQ_RING_MPSC, .twin = true });
}

static int open_mpsc_spin(struct channel *channel)
{
	return ring_queue_open(channel, (struct ring_kind){ .mode = KMQ_RING_MPSC, .twin = true, .spins = true });
}

static int open_mpmc(struct channel *channel)
{
	return ring_queue_open(channel, (struct ring_kind){ .mode = KMQ_RING_MPMC, .twin = true });
}

static int open_mpmc_spin(struct channel *channel)
{
	return ring_queue_open(channel, (struct ring_kind){ .mode = KMQ_RING_MPMC, .twin = true, .spins = true });
}

static int open_broadcast(struct channel *channel)
{
	return ring_queue_open(channel, (struct ring_kind){ .mode = KMQ_RING_BROADCAST, .twin = true });
}

static int open_broadcast_spin(struct channel *channel)
{
	return ring_queue_open(channel, (struct ring_kind){ .mode = KMQ_RING_BROADCAST, .twin = true, .spins = true });
}

const struct mechanism mechanism_kmq_ring_twin = {
	.name = "kmq-ring-twin",
	.title = "kmq twin",
	.about = "kmq's mapped ring without the module, in a memfd, for one producer and one "
		 "consumer; who finds it empty or full spins as long as that has paid off, "
		 "then sleeps by futex(2).",
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

const struct mechanism mechanism_kmq_ring_twin_spin = {
	.name = "kmq-ring-twin-spin",
	.title = "kmq twin, spinning",
	.about = "kmq's mapped ring without the module, in a memfd, for one producer and one "
		 "consumer; who finds it empty or full spins.",
	.traits = MECHANISM_SPINS,
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

const struct mechanism mechanism_kmq_ring_twin_in_place = {
	.name = "kmq-ring-twin-in-place",
	.title = "kmq twin, in place",
	.about = "kmq's mapped ring without the module, for one producer and one consumer, "
		 "who make and verify each message where it lies; nothing is copied.",
	.traits = MECHANISM_IS_VARIANT,
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

const struct mechanism mechanism_kmq_ring_twin_mpsc = {
	.name = "kmq-ring-twin-mpsc",
	.title = "kmq twin mpsc",
	.about = "kmq's mapped ring without the module, in a memfd, for many producers and "
		 "one consumer; who finds it empty or full spins as long as that has paid "
		 "off, then sleeps by futex(2).",
	.traits = MECHANISM_IS_VARIANT,
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

const struct mechanism mechanism_kmq_ring_twin_mpsc_spin = {
	.name = "kmq-ring-twin-mpsc-spin",
	.title = "twin mpsc spinning",
	.about = "kmq's mapped ring without the module, in a memfd, for many producers and "
		 "one consumer; who finds it empty or full spins.",
	.traits = MECHANISM_SPINS | MECHANISM_IS_VARIANT,
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

const struct mechanism mechanism_kmq_ring_twin_mpmc = {
	.name = "kmq-ring-twin-mpmc",
	.title = "kmq twin mpmc",
	.about = "kmq's mapped ring without the module, in a memfd, for many producers and "
		 "many consumers; who finds it empty or full spins as long as that has paid "
		 "off, then sleeps by futex(2).",
	.traits = MECHANISM_IS_VARIANT,
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

const struct mechanism mechanism_kmq_ring_twin_mpmc_spin = {
	.name = "kmq-ring-twin-mpmc-spin",
	.title = "twin mpmc spinning",
	.about = "kmq's mapped ring without the module, in a memfd, for many producers and "
		 "many consumers; who finds it empty or full spins.",
	.traits = MECHANISM_SPINS | MECHANISM_IS_VARIANT,
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

const struct mechanism mechanism_kmq_ring_twin_broadcast = {
	.name = "kmq-ring-twin-broadcast",
	.title = "kmq twin broadcast",
	.about = "kmq's mapped ring without the module, in a memfd, for one producer and "
		 "consumers that each see every message; who finds it empty or full spins as "
		 "long as that has paid off, then sleeps by futex(2); nobody waits for room, "
		 "which overwrites what was not read.",
	.traits = MECHANISM_OVERWRITES | MECHANISM_IS_VARIANT,
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

const struct mechanism mechanism_kmq_ring_twin_broadcast_spin = {
	.name = "kmq-ring-twin-broadcast-spin",
	.title = "twin bcast, spins",
	.about = "kmq's mapped ring without the module, in a memfd, for one producer and "
		 "consumers that each see every message; who finds it empty or full spins; "
		 "nobody waits for room, which overwrites what was not read.",
	.traits = MECHANISM_SPINS | MECHANISM_OVERWRITES | MECHANISM_IS_VARIANT,
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
