// SPDX-License-Identifier: GPL-2.0-only
/*
 * POSIX shared memory (shm_open(3)) with a robust process-shared mutex and two
 * condition variables: the bounded buffer as a monitor. A holder's death is told
 * to the next (EOWNERDEAD), who mends the ring and goes on. The condition variables are
 * not robust: who dies asleep on one may keep a wake-up that was another's, or leave
 * the next to signal it stuck in the library. There is no such thing in POSIX.
 *
 * The library makes the system calls. What is counted: one for each lock that is
 * not free at once, and one for each unlock while somebody waits for it; one for
 * each wait for a condition, and one for each signal to somebody who waits. A lock
 * that is fought over may take more.
 */
#include "../shm_memory.h"
#include "../shm_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* A condition, and how many wait for it; under the mutex. */
struct awaited {
	pthread_cond_t condition;
	unsigned int waiters;
};

/* The shared memory. */
struct monitor {
	pthread_mutex_t mutex;
	_Atomic unsigned int contenders;	/* asleep for the mutex; for counting alone */
	struct awaited room;
	struct awaited message;
	struct shm_ring ring;
};

static size_t monitor_bytes(const struct channel *channel)
{
	return sizeof(struct monitor) - sizeof(struct shm_ring) +
	       shm_ring_bytes(channel->capacity, channel->size);
}

/* What the dead may have left: half a message, and the news of one untold. */
static void mend(struct channel *channel, struct monitor *monitor)
{
	pthread_mutex_consistent(&monitor->mutex);
	shm_ring_repair(&monitor->ring);
	monitor->room.waiters = 0;
	monitor->message.waiters = 0;
	SYSCALL(channel, pthread_cond_broadcast(&monitor->room.condition));
	SYSCALL(channel, pthread_cond_broadcast(&monitor->message.condition));
}

static int lock_slowly(struct channel *channel, struct monitor *monitor)
{
	int error;

	atomic_fetch_add_explicit(&monitor->contenders, 1, memory_order_relaxed);
	error = SYSCALL(channel, pthread_mutex_lock(&monitor->mutex));
	atomic_fetch_sub_explicit(&monitor->contenders, 1, memory_order_relaxed);
	return error;
}

static int lock(struct channel *channel, struct monitor *monitor)
{
	int error = pthread_mutex_trylock(&monitor->mutex);

	if (error == EBUSY)
		error = lock_slowly(channel, monitor);
	if (error == EOWNERDEAD) {
		mend(channel, monitor);
		return 0;
	}
	errno = error;
	return error ? -1 : 0;
}

static void unlock(struct channel *channel, struct monitor *monitor)
{
	if (atomic_load_explicit(&monitor->contenders, memory_order_relaxed))
		channel->syscalls++;
	pthread_mutex_unlock(&monitor->mutex);
}

static int await(struct channel *channel, struct monitor *monitor, struct awaited *awaited)
{
	int error;

	awaited->waiters++;
	error = SYSCALL(channel, pthread_cond_wait(&awaited->condition, &monitor->mutex));
	if (error == EOWNERDEAD) {
		mend(channel, monitor);
		return 0;
	}
	errno = error;
	return error ? -1 : 0;
}

/* Who is told, is off the count, so that nobody is told twice before he runs. */
static void tell(struct channel *channel, struct awaited *awaited, unsigned int count)
{
	for (; count && awaited->waiters; count--) {
		awaited->waiters--;
		SYSCALL(channel, pthread_cond_signal(&awaited->condition));
	}
}

static int posix_shm_send_batch(struct channel *channel, struct batch_item *items,
				unsigned int count)
{
	struct monitor *monitor = channel->state;
	unsigned int sent;

	if (lock(channel, monitor))
		return -1;
	while (!(sent = shm_ring_put_locked(&monitor->ring, items, count)))
		if (await(channel, monitor, &monitor->room))
			return -1;
	tell(channel, &monitor->message, sent);
	unlock(channel, monitor);
	shm_count_copies(channel, items, sent);
	return sent;
}

static int posix_shm_receive_batch(struct channel *channel, struct batch_item *items,
				   unsigned int count)
{
	struct monitor *monitor = channel->state;
	unsigned int got;

	if (lock(channel, monitor))
		return -1;
	while (!(got = shm_ring_take_locked(&monitor->ring, items, count)))
		if (await(channel, monitor, &monitor->message))
			return -1;
	tell(channel, &monitor->room, got);
	unlock(channel, monitor);
	shm_count_copies(channel, items, got);
	return got;
}

static int posix_shm_send(struct channel *channel, void *body, uint32_t size)
{
	return send_as_batch(posix_shm_send_batch, channel, body, size);
}

static ssize_t posix_shm_receive(struct channel *channel, void *body, uint32_t room)
{
	return receive_as_batch(posix_shm_receive_batch, channel, body, room);
}

static void init_monitor(struct monitor *monitor)
{
	pthread_mutexattr_t mutex;
	pthread_condattr_t condition;

	pthread_mutexattr_init(&mutex);
	pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&mutex, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&monitor->mutex, &mutex);
	pthread_mutexattr_destroy(&mutex);
	pthread_condattr_init(&condition);
	pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&monitor->room.condition, &condition);
	pthread_cond_init(&monitor->message.condition, &condition);
	pthread_condattr_destroy(&condition);
}

/* The name goes at once; the mapping holds the memory. */
static int open_memory(void)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "/kmqcompare-%d", (int)getpid());
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd >= 0)
		shm_unlink(name);
	return fd;
}

static int posix_shm_open(struct channel *channel)
{
	size_t bytes = monitor_bytes(channel);
	struct monitor *monitor;
	int fd = open_memory();

	if (fd < 0)
		return -1;
	monitor = shm_map_file(fd, bytes);
	close(fd);
	if (!monitor)
		return channel_refuse(channel, "no %zu bytes in /dev/shm", bytes);
	init_monitor(monitor);
	shm_ring_init(&monitor->ring, channel->capacity, channel->size);
	channel->state = monitor;
	return 0;
}

static int posix_shm_attach(struct channel *channel, enum side side, unsigned int nth)
{
	(void)side;
	(void)nth;
	shm_touch(channel->state, monitor_bytes(channel));
	return 0;
}

static void posix_shm_close(struct channel *channel)
{
	shm_release(channel->state, monitor_bytes(channel));
}

static const char *posix_shm_unavailable(void)
{
	int fd = open_memory();

	if (fd < 0)
		return errno == ENOSYS ? "no /dev/shm" : "shm_open is refused";
	close(fd);
	return NULL;
}

const struct mechanism mechanism_posix_shm = {
	.name = "posix-shm",
	.title = "POSIX shm+mutex",
	.about = "A ring in POSIX shared memory, guarded by a robust process-shared mutex; who "
		 "finds it empty or full sleeps on one of two condition variables. The "
		 "library's system calls are counted where it must make one.",
	.unavailable = posix_shm_unavailable,
	.open = posix_shm_open,
	.attach = posix_shm_attach,
	.close = posix_shm_close,
	.send = posix_shm_send,
	.receive = posix_shm_receive,
	.send_batch = posix_shm_send_batch,
	.receive_batch = posix_shm_receive_batch,
};
