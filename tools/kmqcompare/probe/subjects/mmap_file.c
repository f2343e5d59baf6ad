// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mapped regular file with POSIX semaphores in it (sem_init(3), shared between
 * processes). Messages, numbers and semaphores stay in the file.
 */
#include "shared_ring.h"

#include <fcntl.h>
#include <semaphore.h>

struct semaphores {
	sem_t lock[RING_LOCKS];
	sem_t count[RING_COUNTS];
};

static struct semaphores *semaphores_of(const struct end *end)
{
	return (struct semaphores *)ring_of(end)->means;
}

static void init_semaphores(struct semaphores *semaphores, unsigned int slots)
{
	for (int i = 0; i < RING_LOCKS; i++)
		sem_init(&semaphores->lock[i], 1, 1);
	sem_init(&semaphores->count[RING_ROOM], 1, slots);
	sem_init(&semaphores->count[RING_MESSAGES], 1, 0);
}

static int mmap_file_create(struct end *end, struct object *object)
{
	mode_t mask = mask_off();
	char path[PATH_SIZE];

	end_begin(end, object);
	object_path(object, path);
	end_says(end, "open(%s, O_CREAT | O_EXCL, %04o)", path, object->mode);
	end->fd[0] = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, object->mode);
	mask_on(mask);
	if (end->fd[0] < 0)
		return -1;
	object_made(object);
	object_tell_fd(object, 0, end->fd[0]);
	if (ring_make(end))
		return end_fail(end);
	init_semaphores(semaphores_of(end), ring_slots(object));
	return 0;
}

static int mmap_file_attach(struct end *end, struct object *object, enum way way)
{
	char path[PATH_SIZE];

	end_begin(end, object);
	object_path(object, path);
	end_says(end, "open(%s, O_RDWR)", path);
	end->fd[0] = open(path, O_RDWR | O_CLOEXEC);
	if (end->fd[0] < 0)
		return -1;
	return ring_map(end) ? end_fail(end) : 0;
}

static int wait_for(struct end *end, sem_t *semaphore, const char *name, const struct limit *limit)
{
	struct timespec at = limit_realtime(limit);

	switch (limit->patience) {
	case PATIENCE_NONE:
		end_says(end, "sem_trywait(%s)", name);
		return sem_trywait(semaphore);
	case PATIENCE_DEADLINE:
		end_says(end, "sem_timedwait(%s%s)", name, limit_words(limit));
		return sem_timedwait(semaphore, &at);
	default:
		end_says(end, "sem_wait(%s)", name);
		return sem_wait(semaphore);
	}
}

static int sem_take(struct end *end, enum ring_count count, const struct limit *limit)
{
	return wait_for(end, &semaphores_of(end)->count[count], ring_count_name(count), limit);
}

static int sem_give(struct end *end, enum ring_count count)
{
	end_says(end, "sem_post(%s)", ring_count_name(count));
	return sem_post(&semaphores_of(end)->count[count]);
}

static int sem_lock(struct end *end, unsigned int which, const struct limit *limit)
{
	return wait_for(end, &semaphores_of(end)->lock[which], ring_lock_name(which), limit);
}

static int sem_unlock(struct end *end, unsigned int which)
{
	end_says(end, "sem_post(%s)", ring_lock_name(which));
	return sem_post(&semaphores_of(end)->lock[which]);
}

static const struct ring_means semaphore_means = {
	.take = sem_take,
	.give = sem_give,
	.lock = sem_lock,
	.unlock = sem_unlock,
};

static ssize_t mmap_file_send(struct end *end, struct parcel *parcel)
{
	return ring_send(end, parcel, &semaphore_means);
}

static ssize_t mmap_file_receive(struct end *end, struct parcel *parcel)
{
	return ring_receive(end, parcel, &semaphore_means);
}

static ssize_t mmap_file_half_send(struct end *end, struct parcel *parcel)
{
	return ring_half_send(end, parcel, &semaphore_means);
}

static int mmap_file_lock(struct end *end, unsigned int which, enum patience patience,
			  unsigned int wait_ms)
{
	struct limit limit = limit_from(patience, wait_ms);

	return sem_lock(end, which, &limit);
}

const struct subject subject_mmap_file = {
	.mechanism = "mmap-file",
	.traits = SUBJECT_IS_SHARED,
	.create = mmap_file_create,
	.attach = mmap_file_attach,
	.borrow = ring_borrow,
	.adopt = ring_adopt,
	.detach = end_close,
	.remove = file_remove,
	.seen = file_seen,
	.send = mmap_file_send,
	.receive = mmap_file_receive,
	.lock = mmap_file_lock,
	.unlock = sem_unlock,
	.lock_is_a = "POSIX semaphore in the mapped file",
	.load = ring_load,
	.store = ring_store,
	.half_send = mmap_file_half_send,
};
