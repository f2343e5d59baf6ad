// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mapped regular file with POSIX semaphores in it (sem_init(3), process-shared):
 * the same bounded buffer as System V's, three semaphores, but one that nobody
 * waits for costs no system call.
 *
 * The library makes the system calls. What is counted: one for each sem_wait(3) of a
 * semaphore that is 0, and one for each sem_post(3) while somebody is in such a wait.
 */
#include "../shm_memory.h"
#include "../shm_ring.h"

#include <errno.h>
#include <semaphore.h>
#include <unistd.h>

/* A semaphore, and how many may sleep for it; that number is for counting alone. */
struct counted_semaphore {
	sem_t semaphore;
	_Atomic unsigned int waiters;
} __attribute__((aligned(SHM_LINE)));

/* In the file. */
struct buffer {
	struct counted_semaphore empty;
	struct counted_semaphore full;
	struct counted_semaphore mutex;
	struct shm_ring ring;
};

static size_t buffer_bytes(const struct channel *channel)
{
	return sizeof(struct buffer) - sizeof(struct shm_ring) +
	       shm_ring_bytes(channel->capacity, channel->size);
}

static int wait_slowly(struct channel *channel, struct counted_semaphore *counted)
{
	int failed;

	atomic_fetch_add_explicit(&counted->waiters, 1, memory_order_relaxed);
	do
		failed = SYSCALL(channel, sem_wait(&counted->semaphore));
	while (failed && errno == EINTR);
	atomic_fetch_sub_explicit(&counted->waiters, 1, memory_order_relaxed);
	return failed;
}

static int take(struct channel *channel, struct counted_semaphore *counted)
{
	return sem_trywait(&counted->semaphore) ? wait_slowly(channel, counted) : 0;
}

/* Waits for one, and takes up to @count. How many, or -1. */
static int take_some(struct channel *channel, struct counted_semaphore *counted,
		     unsigned int count)
{
	unsigned int n = 1;

	if (take(channel, counted))
		return -1;
	while (n < count && !sem_trywait(&counted->semaphore))
		n++;
	return n;
}

static void give(struct channel *channel, struct counted_semaphore *counted, unsigned int count)
{
	for (; count; count--) {
		if (atomic_load_explicit(&counted->waiters, memory_order_relaxed))
			channel->syscalls++;
		sem_post(&counted->semaphore);
	}
}

static int mmap_file_send_batch(struct channel *channel, struct batch_item *items,
				unsigned int count)
{
	struct buffer *buffer = channel->state;
	int room = take_some(channel, &buffer->empty, count);

	if (room < 0 || take(channel, &buffer->mutex))
		return -1;
	shm_ring_put_locked(&buffer->ring, items, room);
	give(channel, &buffer->mutex, 1);
	give(channel, &buffer->full, room);
	shm_count_copies(channel, items, room);
	return room;
}

static int mmap_file_receive_batch(struct channel *channel, struct batch_item *items,
				   unsigned int count)
{
	struct buffer *buffer = channel->state;
	int there = take_some(channel, &buffer->full, count);

	if (there < 0 || take(channel, &buffer->mutex))
		return -1;
	shm_ring_take_locked(&buffer->ring, items, there);
	give(channel, &buffer->mutex, 1);
	give(channel, &buffer->empty, there);
	shm_count_copies(channel, items, there);
	return there;
}

static int mmap_file_send(struct channel *channel, void *body, uint32_t size)
{
	return send_as_batch(mmap_file_send_batch, channel, body, size);
}

static ssize_t mmap_file_receive(struct channel *channel, void *body, uint32_t room)
{
	return receive_as_batch(mmap_file_receive_batch, channel, body, room);
}

static int mmap_file_open(struct channel *channel)
{
	size_t bytes = buffer_bytes(channel);
	struct buffer *buffer;
	int fd = temporary_file();

	if (fd < 0)
		return channel_refuse(channel, "no file in $TMPDIR or /tmp");
	buffer = shm_map_file(fd, bytes);
	close(fd);
	if (!buffer)
		return channel_refuse(channel, "no room for a file of %zu bytes", bytes);
	sem_init(&buffer->empty.semaphore, 1, channel->capacity);
	sem_init(&buffer->full.semaphore, 1, 0);
	sem_init(&buffer->mutex.semaphore, 1, 1);
	shm_ring_init(&buffer->ring, channel->capacity, channel->size);
	channel->state = buffer;
	return 0;
}

static int mmap_file_attach(struct channel *channel, enum side side, unsigned int nth)
{
	(void)side;
	(void)nth;
	shm_touch(channel->state, buffer_bytes(channel));
	return 0;
}

static void mmap_file_close(struct channel *channel)
{
	shm_release(channel->state, buffer_bytes(channel));
}

const struct mechanism mechanism_mmap_file = {
	.name = "mmap-file",
	.title = "mapped file+sem",
	.about = "A ring in a mapped regular file, guarded by three POSIX semaphores in it "
		 "(free, filled, mutex); who finds one at 0 sleeps in sem_wait(3). The "
		 "library's system calls are counted where it must make one.",
	.open = mmap_file_open,
	.attach = mmap_file_attach,
	.close = mmap_file_close,
	.send = mmap_file_send,
	.receive = mmap_file_receive,
	.send_batch = mmap_file_send_batch,
	.receive_batch = mmap_file_receive_batch,
};
