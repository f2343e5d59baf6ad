// SPDX-License-Identifier: GPL-2.0-only
/*
 * POSIX shared memory as a monitor: a robust process-shared mutex, and a condition
 * variable each for room and messages. The death of a holder is told to the next one
 * (EOWNERDEAD), who makes the mutex good; the ring counts a message only when it is
 * whole, so nothing else is to be mended.
 */
#include "named_memory.h"

#include <errno.h>
#include <pthread.h>

struct monitor {
	pthread_mutex_t lock[RING_LOCKS];
	pthread_cond_t count[RING_COUNTS];
};

_Static_assert(sizeof(struct monitor) <= sizeof(((struct ring *)0)->means), "too long");

static struct monitor *monitor_of(const struct end *end)
{
	return (struct monitor *)ring_of(end)->means;
}

static void init_monitor(struct monitor *monitor)
{
	pthread_mutexattr_t mutex;
	pthread_condattr_t condition;

	pthread_mutexattr_init(&mutex);
	pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&mutex, PTHREAD_MUTEX_ROBUST);
	for (int i = 0; i < RING_LOCKS; i++)
		pthread_mutex_init(&monitor->lock[i], &mutex);
	pthread_mutexattr_destroy(&mutex);
	pthread_condattr_init(&condition);
	pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED);
	for (int i = 0; i < RING_COUNTS; i++)
		pthread_cond_init(&monitor->count[i], &condition);
	pthread_condattr_destroy(&condition);
}

static int posix_shm_create(struct end *end, struct object *object)
{
	if (named_memory_create(end, object))
		return -1;
	init_monitor(monitor_of(end));
	return 0;
}

/* What a call for a mutex returned; the mutex is ours if its owner died. */
static int outcome(struct end *end, pthread_mutex_t *mutex, int error)
{
	if (error == EOWNERDEAD) {
		end_says(end, "EOWNERDEAD: its holder has died; pthread_mutex_consistent()");
		error = pthread_mutex_consistent(mutex);
	}
	errno = error;
	return error ? -1 : 0;
}

static int monitor_lock(struct end *end, unsigned int which, const struct limit *limit)
{
	pthread_mutex_t *mutex = &monitor_of(end)->lock[which];
	struct timespec at = limit_realtime(limit);

	switch (limit->patience) {
	case PATIENCE_NONE:
		end_says(end, "pthread_mutex_trylock(%s)", ring_lock_name(which));
		return outcome(end, mutex, pthread_mutex_trylock(mutex));
	case PATIENCE_DEADLINE:
		end_says(end, "pthread_mutex_timedlock(%s%s)", ring_lock_name(which),
			 limit_words(limit));
		return outcome(end, mutex, pthread_mutex_timedlock(mutex, &at));
	default:
		end_says(end, "pthread_mutex_lock(%s)", ring_lock_name(which));
		return outcome(end, mutex, pthread_mutex_lock(mutex));
	}
}

static int monitor_unlock(struct end *end, unsigned int which)
{
	end_says(end, "pthread_mutex_unlock(%s)", ring_lock_name(which));
	errno = pthread_mutex_unlock(&monitor_of(end)->lock[which]);
	return errno ? -1 : 0;
}

/* Within the lock; without it while asleep. */
static int monitor_wait(struct end *end, enum ring_count count, const struct limit *limit)
{
	pthread_mutex_t *mutex = &monitor_of(end)->lock[RING_LOCK];
	pthread_cond_t *condition = &monitor_of(end)->count[count];
	struct timespec at = limit_realtime(limit);

	switch (limit->patience) {
	case PATIENCE_NONE:
		errno = EAGAIN;
		return -1;
	case PATIENCE_DEADLINE:
		end_says(end, "pthread_cond_timedwait(%s%s)", ring_count_name(count),
			 limit_words(limit));
		return outcome(end, mutex, pthread_cond_timedwait(condition, mutex, &at));
	default:
		end_says(end, "pthread_cond_wait(%s)", ring_count_name(count));
		return outcome(end, mutex, pthread_cond_wait(condition, mutex));
	}
}

static bool is_there(const struct end *end, enum ring_count count)
{
	struct ring *ring = ring_of(end);

	return count == RING_ROOM ? ring->filled < ring->slots : ring->filled > 0;
}

static void leave(struct end *end)
{
	int error = errno;

	monitor_unlock(end, RING_LOCK);
	errno = error;
}

/* Returns with the lock when there is what to go on with. */
static int enter(struct end *end, enum ring_count count, const struct parcel *parcel)
{
	struct limit limit = limit_of(parcel);

	if (monitor_lock(end, RING_LOCK, &limit))
		return -1;
	while (!is_there(end, count)) {
		if (!monitor_wait(end, count, &limit))
			continue;
		leave(end);
		return -1;
	}
	return 0;
}

static void tell(struct end *end, enum ring_count count)
{
	end_says(end, "pthread_cond_signal(%s)", ring_count_name(count));
	pthread_cond_signal(&monitor_of(end)->count[count]);
}

static ssize_t posix_shm_send(struct end *end, struct parcel *parcel)
{
	ssize_t sent;

	if (enter(end, RING_ROOM, parcel))
		return -1;
	sent = ring_put(end, parcel);
	if (sent >= 0)
		tell(end, RING_MESSAGES);
	leave(end);
	return sent;
}

static ssize_t posix_shm_receive(struct end *end, struct parcel *parcel)
{
	ssize_t got;

	parcel_from_nobody(parcel);
	if (enter(end, RING_MESSAGES, parcel))
		return -1;
	got = ring_take(end, parcel);
	if (got >= 0)
		tell(end, RING_ROOM);
	else
		tell(end, RING_MESSAGES);
	leave(end);
	return got;
}

static ssize_t posix_shm_half_send(struct end *end, struct parcel *parcel)
{
	return enter(end, RING_ROOM, parcel) ? -1 : ring_put_half(end, parcel);
}

static int posix_shm_lock(struct end *end, unsigned int which, enum patience patience,
			  unsigned int wait_ms)
{
	struct limit limit = limit_from(patience, wait_ms);

	return monitor_lock(end, which, &limit);
}

const struct subject subject_posix_shm = {
	.mechanism = "posix-shm",
	.traits = SUBJECT_IS_SHARED,
	.create = posix_shm_create,
	.attach = named_memory_attach,
	.borrow = ring_borrow,
	.adopt = ring_adopt,
	.detach = end_close,
	.remove = named_memory_remove,
	.seen = named_memory_seen,
	.send = posix_shm_send,
	.receive = posix_shm_receive,
	.lock = posix_shm_lock,
	.unlock = monitor_unlock,
	.lock_is_a = "robust process-shared mutex",
	.load = ring_load,
	.store = ring_store,
	.half_send = posix_shm_half_send,
};
