// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shared ring, and futex(2) to sleep by: a call only by who must sleep, and by
 * who wakes somebody. Which barriers pair with which is told in shm_ring.c (the
 * ring) and shm_sleep.c (who sleeps); the tokens here are a counting semaphore.
 *
 * Every system call is counted: no library makes any.
 */
#include "../shm_sleep.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic uint32_t *tokens_of(struct channel *channel, enum shm_event event)
{
	struct shm_queue *queue = channel->state;

	return &queue->bells[event].tokens;
}

/* Acquire: pairs with the release in give_tokens(), so that the event is seen with its token. */
static bool try_token(_Atomic uint32_t *tokens)
{
	uint32_t n = atomic_load_explicit(tokens, memory_order_relaxed);

	while (n)
		if (atomic_compare_exchange_weak_explicit(tokens, &n, n - 1, memory_order_acquire,
							  memory_order_relaxed))
			return true;
	return false;
}

static int take_token(struct channel *channel, enum shm_event event)
{
	_Atomic uint32_t *tokens = tokens_of(channel, event);

	/* The kernel compares with 0 under its lock: a token given meanwhile is not missed. */
	while (!try_token(tokens))
		if (SYSCALL(channel, syscall(SYS_futex, tokens, FUTEX_WAIT, 0, NULL, NULL, 0)) &&
		    errno != EAGAIN && errno != EINTR)
			return -1;
	return 0;
}

static int give_tokens(struct channel *channel, enum shm_event event, unsigned int count)
{
	_Atomic uint32_t *tokens = tokens_of(channel, event);

	atomic_fetch_add_explicit(tokens, count, memory_order_release);
	return SYSCALL(channel, syscall(SYS_futex, tokens, FUTEX_WAKE, count, NULL, NULL, 0)) < 0
		       ? -1 : 0;
}

static int shm_futex_open(struct channel *channel)
{
	static const struct shm_waiting by_futex = {
		.take_token = take_token,
		.give_tokens = give_tokens,
	};

	return shm_queue_open(channel, &by_futex);
}

const struct mechanism mechanism_shm_futex = {
	.name = "shm-futex",
	.title = "shm + futex",
	.about = "A ring without a lock in shared memory; who finds it empty or full sleeps in "
		 "futex(2), and is woken by futex(2) only then.",
	.open = shm_futex_open,
	.attach = shm_queue_attach,
	.close = shm_queue_close,
	.send = shm_queue_send,
	.receive = shm_queue_receive,
	.send_batch = shm_queue_send_batch,
	.receive_batch = shm_queue_receive_batch,
};
