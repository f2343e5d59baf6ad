// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shared ring, and two eventfd(2) counters to sleep by, as semaphores
 * (EFD_SEMAPHORE): one for room, one for messages. As with the futex, only who must
 * sleep reads one, and only who wakes somebody writes one, as who shares memory
 * with a device or a virtual machine does it: the descriptor is a door bell, not the
 * count of the messages. It can be polled, which a futex cannot.
 */
#include "../shm_sleep.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int take_token(struct channel *channel, enum shm_event event)
{
	uint64_t one;
	ssize_t got;

	do
		got = SYSCALL(channel, read(channel->fd[event], &one, sizeof(one)));
	while (got < 0 && errno == EINTR);
	return got < 0 ? -1 : 0;
}

/* The kernel's lock of the counter orders it: what was written before the write is seen. */
static int give_tokens(struct channel *channel, enum shm_event event, unsigned int count)
{
	uint64_t tokens = count;

	return SYSCALL(channel, write(channel->fd[event], &tokens, sizeof(tokens))) < 0 ? -1 : 0;
}

static void close_counters(struct channel *channel)
{
	for (int i = 0; i < SHM_EVENTS; i++)
		if (channel->fd[i] >= 0)
			close(channel->fd[i]);
}

static int eventfd_shm_open(struct channel *channel)
{
	static const struct shm_waiting by_eventfd = {
		.take_token = take_token,
		.give_tokens = give_tokens,
	};

	for (int i = 0; i < SHM_EVENTS; i++)
		channel->fd[i] = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
	if (channel->fd[0] >= 0 && channel->fd[1] >= 0 && !shm_queue_open(channel, &by_eventfd))
		return 0;
	close_counters(channel);
	return -1;
}

static void eventfd_shm_close(struct channel *channel)
{
	shm_queue_close(channel);
	close_counters(channel);
}

const struct mechanism mechanism_eventfd_shm = {
	.name = "eventfd-shm",
	.title = "shm + eventfd",
	.about = "A ring without a lock in shared memory; who finds it empty or full sleeps in "
		 "read(2) of an eventfd, and is woken by write(2) to it only then.",
	.open = eventfd_shm_open,
	.attach = shm_queue_attach,
	.close = eventfd_shm_close,
	.send = shm_queue_send,
	.receive = shm_queue_receive,
	.send_batch = shm_queue_send_batch,
	.receive_batch = shm_queue_receive_batch,
};
