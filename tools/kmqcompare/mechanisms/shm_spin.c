// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shared ring, and nothing to sleep by: who finds it empty or full asks again
 * until it is not. The orders are those of shm_ring.c; there is no sleeper to be
 * missed, so there is no fence either. No system call at all.
 */
#include "../shm_sleep.h"

static void pause_a_little(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

static int shm_spin_send_batch(struct channel *channel, struct batch_item *items,
			       unsigned int count)
{
	struct shm_queue *queue = channel->state;
	unsigned int sent;

	while (!(sent = shm_ring_put(queue->ring, items, count)))
		pause_a_little();
	shm_count_copies(channel, items, sent);
	return sent;
}

static int shm_spin_receive_batch(struct channel *channel, struct batch_item *items,
				  unsigned int count)
{
	struct shm_queue *queue = channel->state;
	unsigned int got;

	while (!(got = shm_ring_take(queue->ring, items, count)))
		pause_a_little();
	shm_count_copies(channel, items, got);
	return got;
}

static int shm_spin_open(struct channel *channel)
{
	return shm_queue_open(channel, NULL);
}

static int shm_spin_send(struct channel *channel, void *body, uint32_t size)
{
	struct shm_queue *queue = channel->state;

	while (!shm_ring_put_one(queue->ring, body, size))
		pause_a_little();
	COPIED(channel, size);
	return 0;
}

static ssize_t shm_spin_receive(struct channel *channel, void *body, uint32_t room)
{
	struct shm_queue *queue = channel->state;
	uint32_t size = room;

	while (!shm_ring_take_one(queue->ring, body, &size))
		pause_a_little();
	COPIED(channel, size);
	return size;
}

const struct mechanism mechanism_shm_spin = {
	.name = "shm-spin",
	.title = "shm, spinning",
	.about = "A ring without a lock in shared memory; who finds it empty or full looks "
		 "again and again, and never sleeps. No system calls.",
	.traits = MECHANISM_SPINS,
	.open = shm_spin_open,
	.attach = shm_queue_attach,
	.close = shm_queue_close,
	.send = shm_spin_send,
	.receive = shm_spin_receive,
	.send_batch = shm_spin_send_batch,
	.receive_batch = shm_spin_receive_batch,
};
