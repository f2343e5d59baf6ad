// SPDX-License-Identifier: GPL-2.0-only
/*
 * System V shared memory with System V semaphores: the bounded buffer of the
 * textbooks. `empty` counts free slots, `full` counts filled ones, `mutex`
 * guards the two indices; a message costs each side four semop(2) calls.
 */
#include "../mechanism.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>

enum { EMPTY, FULL, MUTEX, SEMAPHORES };

#define SEMVMX	32767	/* the highest value of a System V semaphore */

/* In the shared segment; slots of slot_size bytes follow it. */
struct ring {
	uint32_t head;		/* next slot to fill; under MUTEX */
	uint32_t tail;		/* next slot to empty; under MUTEX */
	char slots[] __attribute__((aligned(64)));
};

struct slot {
	uint32_t size;
	uint32_t unused;
	char body[];
};

struct sysv_shm {
	int semaphores;
	uint32_t slot_size;
	struct ring *ring;
};

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

static int semaphore_add(struct channel *channel, unsigned short which, short what)
{
	struct sysv_shm *shm = channel->state;
	struct sembuf operation = { .sem_num = which, .sem_op = what };

	return SYSCALL(channel, semop(shm->semaphores, &operation, 1));
}

static struct slot *slot_at(struct sysv_shm *shm, uint32_t index)
{
	return (struct slot *)(shm->ring->slots + (size_t)index * shm->slot_size);
}

static void sysv_shm_close(struct channel *channel)
{
	struct sysv_shm *shm = channel->state;

	if (shm->ring)
		shmdt(shm->ring);
	if (shm->semaphores >= 0)
		semctl(shm->semaphores, 0, IPC_RMID);
	free(shm);
}

static struct ring *attach_ring(size_t bytes)
{
	int id = shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600);
	struct ring *ring;

	if (id < 0)
		return NULL;
	ring = shmat(id, NULL, 0);
	/* Marked now, it goes with its last attachment, however we end. */
	shmctl(id, IPC_RMID, NULL);
	return ring == (void *)-1 ? NULL : ring;
}

static int make_semaphores(uint32_t capacity)
{
	unsigned short values[SEMAPHORES] = { [EMPTY] = capacity, [FULL] = 0, [MUTEX] = 1 };
	int id = semget(IPC_PRIVATE, SEMAPHORES, IPC_CREAT | 0600);

	if (id >= 0)
		semctl(id, 0, SETALL, (union semun){ .array = values });
	return id;
}

static int sysv_shm_open(struct channel *channel)
{
	struct sysv_shm *shm = calloc(1, sizeof(*shm));

	if (!shm)
		return -1;
	if (channel->capacity > SEMVMX)
		channel->capacity = SEMVMX;
	shm->slot_size = (sizeof(struct slot) + channel->size + 63) / 64 * 64;
	shm->semaphores = make_semaphores(channel->capacity);
	shm->ring = attach_ring(sizeof(struct ring) + (size_t)channel->capacity * shm->slot_size);
	channel->state = shm;
	if (shm->semaphores >= 0 && shm->ring)
		return 0;
	sysv_shm_close(channel);
	return channel_refuse(channel, "no semaphores or shared memory to be had");
}

static int sysv_shm_send(struct channel *channel, void *body, uint32_t size)
{
	struct sysv_shm *shm = channel->state;
	struct ring *ring = shm->ring;
	struct slot *slot;

	if (semaphore_add(channel, EMPTY, -1) || semaphore_add(channel, MUTEX, -1))
		return -1;
	slot = slot_at(shm, ring->head);
	slot->size = size;
	memcpy(slot->body, body, size);
	ring->head = ring->head + 1 == channel->capacity ? 0 : ring->head + 1;
	if (semaphore_add(channel, MUTEX, 1) || semaphore_add(channel, FULL, 1))
		return -1;
	return 0;
}

static ssize_t sysv_shm_receive(struct channel *channel, void *body, uint32_t room)
{
	struct sysv_shm *shm = channel->state;
	struct ring *ring = shm->ring;
	struct slot *slot;
	uint32_t size;

	if (semaphore_add(channel, FULL, -1) || semaphore_add(channel, MUTEX, -1))
		return -1;
	slot = slot_at(shm, ring->tail);
	size = slot->size < room ? slot->size : room;
	memcpy(body, slot->body, size);
	ring->tail = ring->tail + 1 == channel->capacity ? 0 : ring->tail + 1;
	if (semaphore_add(channel, MUTEX, 1) || semaphore_add(channel, EMPTY, 1))
		return -1;
	return size;
}

static const char *sysv_shm_unavailable(void)
{
	int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);

	if (id < 0)
		return errno == ENOSYS ? "this kernel has no System V IPC" : "semget is refused";
	semctl(id, 0, IPC_RMID);
	return NULL;
}

const struct mechanism mechanism_sysv_shm = {
	.name = "sysv-shm",
	.title = "System V shm+sem",
	.unavailable = sysv_shm_unavailable,
	.open = sysv_shm_open,
	.close = sysv_shm_close,
	.send = sysv_shm_send,
	.receive = sysv_shm_receive,
};
