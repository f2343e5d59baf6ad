// SPDX-License-Identifier: GPL-2.0-only
/*
 * POSIX shared memory whose users ask again and again: no system call is made, and
 * nobody sleeps. With a deadline they look at the clock between.
 */
#include "named_memory.h"

#include <errno.h>
#include <stdatomic.h>

struct spinning {
	atomic_flag lock[RING_LOCKS];
	_Atomic unsigned int count[RING_COUNTS];
};

static struct spinning *spinning_of(const struct end *end)
{
	return (struct spinning *)ring_of(end)->means;
}

static int shm_spin_create(struct end *end, struct object *object)
{
	if (named_memory_create(end, object))
		return -1;
	spinning_of(end)->count[RING_ROOM] = ring_slots(object);
	return 0;
}

/* Whether to ask again. */
static bool goes_on(const struct limit *limit)
{
	if (limit->patience == PATIENCE_NONE) {
		errno = EAGAIN;
		return false;
	}
	if (limit_passed(limit)) {
		errno = ETIMEDOUT;
		return false;
	}
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
	return true;
}

static int spin_lock(struct end *end, unsigned int which, const struct limit *limit)
{
	end_says(end, "(spins for %s%s)", ring_lock_name(which), limit_words(limit));
	while (atomic_flag_test_and_set(&spinning_of(end)->lock[which]))
		if (!goes_on(limit))
			return -1;
	return 0;
}

static int spin_unlock(struct end *end, unsigned int which)
{
	end_says(end, "(frees %s)", ring_lock_name(which));
	atomic_flag_clear(&spinning_of(end)->lock[which]);
	return 0;
}

static int spin_take(struct end *end, enum ring_count count, const struct limit *limit)
{
	_Atomic unsigned int *number = &spinning_of(end)->count[count];
	unsigned int value = atomic_load(number);

	end_says(end, "(spins for %s%s)", ring_count_name(count), limit_words(limit));
	while (!value || !atomic_compare_exchange_strong(number, &value, value - 1)) {
		if (!value && !goes_on(limit))
			return -1;
		value = atomic_load(number);
	}
	return 0;
}

static int spin_give(struct end *end, enum ring_count count)
{
	atomic_fetch_add(&spinning_of(end)->count[count], 1);
	return 0;
}

static const struct ring_means spin_means = {
	.take = spin_take,
	.give = spin_give,
	.lock = spin_lock,
	.unlock = spin_unlock,
};

static ssize_t shm_spin_send(struct end *end, struct parcel *parcel)
{
	return ring_send(end, parcel, &spin_means);
}

static ssize_t shm_spin_receive(struct end *end, struct parcel *parcel)
{
	return ring_receive(end, parcel, &spin_means);
}

static ssize_t shm_spin_half_send(struct end *end, struct parcel *parcel)
{
	return ring_half_send(end, parcel, &spin_means);
}

static int shm_spin_lock(struct end *end, unsigned int which, enum patience patience,
			 unsigned int wait_ms)
{
	struct limit limit = limit_from(patience, wait_ms);

	return spin_lock(end, which, &limit);
}

const struct subject subject_shm_spin = {
	.mechanism = "shm-spin",
	.traits = SUBJECT_IS_SHARED | SUBJECT_SPINS,
	.create = shm_spin_create,
	.attach = named_memory_attach,
	.borrow = ring_borrow,
	.adopt = ring_adopt,
	.detach = end_close,
	.remove = named_memory_remove,
	.seen = named_memory_seen,
	.send = shm_spin_send,
	.receive = shm_spin_receive,
	.lock = shm_spin_lock,
	.unlock = spin_unlock,
	.lock_is_a = "spin lock: an atomic flag, without an owner",
	.load = ring_load,
	.store = ring_store,
	.half_send = shm_spin_half_send,
};
