// SPDX-License-Identifier: GPL-2.0-only
/*
 * POSIX shared memory whose users sleep in futex(2). A lock is free, taken, or taken
 * and waited for; nobody is its owner. A semaphore is a number.
 */
#include "named_memory.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

enum lock_state { FREE, TAKEN, CONTENDED };

struct futexes {
	_Atomic uint32_t lock[RING_LOCKS];
	_Atomic uint32_t count[RING_COUNTS];
};

static struct futexes *futexes_of(const struct end *end)
{
	return (struct futexes *)ring_of(end)->means;
}

static int shm_futex_create(struct end *end, struct object *object)
{
	if (named_memory_create(end, object))
		return -1;
	futexes_of(end)->count[RING_ROOM] = ring_slots(object);
	return 0;
}

/* Sleeps while it is @value. 0: woken, or it was another already. */
static int futex_wait(struct end *end, _Atomic uint32_t *futex, uint32_t value, const char *name,
		      const struct limit *limit)
{
	struct timespec left = limit_left(limit);

	if (limit->patience == PATIENCE_NONE) {
		end_says(end, "(looks at %s, without futex(2))", name);
		errno = EAGAIN;
		return -1;
	}
	end_says(end, "futex(%s, FUTEX_WAIT, %u%s)", name, value, limit_words(limit));
	if (!syscall(SYS_futex, futex, FUTEX_WAIT, value,
		     limit->patience == PATIENCE_DEADLINE ? &left : NULL, NULL, 0))
		return 0;
	return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static void futex_wake(struct end *end, _Atomic uint32_t *futex, const char *name)
{
	end_says(end, "futex(%s, FUTEX_WAKE, 1)", name);
	syscall(SYS_futex, futex, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static int futex_lock(struct end *end, unsigned int which, const struct limit *limit)
{
	_Atomic uint32_t *lock = &futexes_of(end)->lock[which];
	uint32_t state = FREE;

	if (atomic_compare_exchange_strong(lock, &state, TAKEN)) {
		end_says(end, "(takes %s)", ring_lock_name(which));
		return 0;
	}
	if (limit->patience == PATIENCE_NONE)
		return futex_wait(end, lock, state, ring_lock_name(which), limit);
	while (atomic_exchange(lock, CONTENDED) != FREE)
		if (futex_wait(end, lock, CONTENDED, ring_lock_name(which), limit))
			return -1;
	return 0;
}

static int futex_unlock(struct end *end, unsigned int which)
{
	_Atomic uint32_t *lock = &futexes_of(end)->lock[which];

	end_says(end, "(frees %s)", ring_lock_name(which));
	if (atomic_exchange(lock, FREE) == CONTENDED)
		futex_wake(end, lock, ring_lock_name(which));
	return 0;
}

static int futex_take(struct end *end, enum ring_count count, const struct limit *limit)
{
	_Atomic uint32_t *futex = &futexes_of(end)->count[count];
	uint32_t value = atomic_load(futex);

	for (;;) {
		if (value && atomic_compare_exchange_strong(futex, &value, value - 1))
			return 0;
		if (value)
			continue;
		if (futex_wait(end, futex, 0, ring_count_name(count), limit))
			return -1;
		value = atomic_load(futex);
	}
}

static int futex_give(struct end *end, enum ring_count count)
{
	atomic_fetch_add(&futexes_of(end)->count[count], 1);
	futex_wake(end, &futexes_of(end)->count[count], ring_count_name(count));
	return 0;
}

static const struct ring_means futex_means = {
	.take = futex_take,
	.give = futex_give,
	.lock = futex_lock,
	.unlock = futex_unlock,
};

static ssize_t shm_futex_send(struct end *end, struct parcel *parcel)
{
	return ring_send(end, parcel, &futex_means);
}

static ssize_t shm_futex_receive(struct end *end, struct parcel *parcel)
{
	return ring_receive(end, parcel, &futex_means);
}

static ssize_t shm_futex_half_send(struct end *end, struct parcel *parcel)
{
	return ring_half_send(end, parcel, &futex_means);
}

static int shm_futex_lock(struct end *end, unsigned int which, enum patience patience,
			  unsigned int wait_ms)
{
	struct limit limit = limit_from(patience, wait_ms);

	return futex_lock(end, which, &limit);
}

const struct subject subject_shm_futex = {
	.mechanism = "shm-futex",
	.traits = SUBJECT_IS_SHARED,
	.create = shm_futex_create,
	.attach = named_memory_attach,
	.borrow = ring_borrow,
	.adopt = ring_adopt,
	.detach = end_close,
	.remove = named_memory_remove,
	.seen = named_memory_seen,
	.send = shm_futex_send,
	.receive = shm_futex_receive,
	.lock = shm_futex_lock,
	.unlock = futex_unlock,
	.lock_is_a = "lock made of a futex, without an owner",
	.load = ring_load,
	.store = ring_store,
	.half_send = shm_futex_half_send,
};
