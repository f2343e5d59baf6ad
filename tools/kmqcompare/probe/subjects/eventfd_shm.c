// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared memory without a name (memfd_create(2)), with eventfds as semaphores
 * (EFD_SEMAPHORE: a read takes one, and sleeps while there is none). All is held by
 * descriptors, which are inherited, or passed.
 */
#include "shared_ring.h"

#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

/* Places in end->fd[] and object->ids[]; COUNTS + RING_ROOM, LOCKS + 1. */
enum { MEMORY, COUNTS, LOCKS = COUNTS + RING_COUNTS };

_Static_assert(LOCKS + RING_LOCKS <= END_FDS, "no place for all eventfds");

static int open_eventfds(struct end *end, unsigned int room)
{
	for (int i = COUNTS; i < END_FDS; i++) {
		unsigned int units = i >= LOCKS ? 1 : i == COUNTS + RING_ROOM ? room : 0;

		end->fd[i] = eventfd(units, EFD_SEMAPHORE | EFD_CLOEXEC);
		if (end->fd[i] < 0)
			return -1;
	}
	return 0;
}

static int eventfd_shm_create(struct end *end, struct object *object)
{
	end_begin(end, object);
	end_says(end, "memfd_create()");
	end->fd[MEMORY] = memfd_create(object->name, MFD_CLOEXEC);
	if (end->fd[MEMORY] < 0 || ring_make(end))
		return end_fail(end);
	end_says(end, "eventfd(EFD_SEMAPHORE) for room, messages and each lock");
	if (open_eventfds(end, ring_slots(object)))
		return end_fail(end);
	memcpy(object->ids, end->fd, sizeof(object->ids));
	object_made(object);
	return 0;
}

static int eventfd_shm_borrow(struct end *end, struct object *object, enum way way)
{
	end_begin(end, object);
	for (int i = 0; i < END_FDS; i++) {
		end->fd[i] = borrow_by_pidfd(end, i);
		if (end->fd[i] < 0)
			return end_fail(end);
	}
	return ring_map(end) ? end_fail(end) : 0;
}

static int take_unit(struct end *end, int fd, const char *name, const struct limit *limit)
{
	uint64_t unit;
	ssize_t got;

	if (limit->patience == PATIENCE_DEADLINE)
		return end_has_no(end, "read(2) of an eventfd takes no time limit");
	if (limit->patience == PATIENCE_NONE)
		nonblocking_on(end, fd);
	end_says(end, "read(%d: %s)", fd, name);
	got = read(fd, &unit, sizeof(unit));
	if (limit->patience == PATIENCE_NONE)
		nonblocking_off(fd);
	return got == sizeof(unit) ? 0 : -1;
}

static int give_unit(struct end *end, int fd, const char *name)
{
	const uint64_t unit = 1;

	end_says(end, "write(%d: %s)", fd, name);
	return write(fd, &unit, sizeof(unit)) == sizeof(unit) ? 0 : -1;
}

static int eventfd_take(struct end *end, enum ring_count count, const struct limit *limit)
{
	return take_unit(end, end->fd[COUNTS + count], ring_count_name(count), limit);
}

static int eventfd_give(struct end *end, enum ring_count count)
{
	return give_unit(end, end->fd[COUNTS + count], ring_count_name(count));
}

static int eventfd_lock(struct end *end, unsigned int which, const struct limit *limit)
{
	return take_unit(end, end->fd[LOCKS + which], ring_lock_name(which), limit);
}

static int eventfd_unlock(struct end *end, unsigned int which)
{
	return give_unit(end, end->fd[LOCKS + which], ring_lock_name(which));
}

static const struct ring_means eventfd_means = {
	.take = eventfd_take,
	.give = eventfd_give,
	.lock = eventfd_lock,
	.unlock = eventfd_unlock,
};

static ssize_t eventfd_shm_send(struct end *end, struct parcel *parcel)
{
	return ring_send(end, parcel, &eventfd_means);
}

static ssize_t eventfd_shm_receive(struct end *end, struct parcel *parcel)
{
	return ring_receive(end, parcel, &eventfd_means);
}

static ssize_t eventfd_shm_half_send(struct end *end, struct parcel *parcel)
{
	return ring_half_send(end, parcel, &eventfd_means);
}

static int eventfd_shm_lock(struct end *end, unsigned int which, enum patience patience,
			    unsigned int wait_ms)
{
	struct limit limit = limit_from(patience, wait_ms);

	return eventfd_lock(end, which, &limit);
}

/* An eventfd is readable while it has a unit. */
static int eventfd_shm_poll_fd(struct end *end, enum way way)
{
	return way == WAY_RECEIVE ? end->fd[COUNTS + RING_MESSAGES] : -1;
}

const struct subject subject_eventfd_shm = {
	.mechanism = "eventfd-shm",
	.traits = SUBJECT_IS_SHARED,
	.create = eventfd_shm_create,
	.borrow = eventfd_shm_borrow,
	.adopt = ring_adopt,
	.detach = end_close,
	.send = eventfd_shm_send,
	.receive = eventfd_shm_receive,
	.poll_fd = eventfd_shm_poll_fd,
	.lock = eventfd_shm_lock,
	.unlock = eventfd_unlock,
	.lock_is_a = "eventfd with EFD_SEMAPHORE",
	.load = ring_load,
	.store = ring_store,
	.half_send = eventfd_shm_half_send,
};
