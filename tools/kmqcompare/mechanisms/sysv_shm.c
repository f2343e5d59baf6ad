// SPDX-License-Identifier: GPL-2.0-only
/*
 * System V shared memory with System V semaphores: the bounded buffer of the
 * textbooks. `empty` counts free slots, `full` counts filled ones, `mutex`
 * guards the ring. semop(2) does several operations in one step, all or none: one
 * call waits for a slot and the mutex together, another gives back the mutex and
 * tells of the slot. Textbooks often write four calls, one an operation.
 *
 * The set of semaphores has an id that outlives a runner killed by SIGKILL
 * (ipcrm(1) removes it); the memory goes with its last user.
 */
#include "../shm_memory.h"
#include "../shm_ring.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>

enum { EMPTY, FULL, MUTEX, SEMAPHORES };

#define SEMVMX	32767	/* the highest value of a System V semaphore */

struct sysv_shm {
	int semaphores;
	struct shm_ring *ring;
};

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

/* Waits until the semaphore is at least 1 and the mutex free, and takes one of each. */
static int enter(struct channel *channel, unsigned short which)
{
	struct sysv_shm *shm = channel->state;
	struct sembuf both[] = { { .sem_num = which, .sem_op = -1 },
				 { .sem_num = MUTEX, .sem_op = -1 } };

	return SYSCALL(channel, semop(shm->semaphores, both, 2));
}

/* Gives the mutex back, and adds @count to the other side's semaphore. */
static int leave(struct channel *channel, unsigned short which, short count)
{
	struct sysv_shm *shm = channel->state;
	struct sembuf both[] = { { .sem_num = MUTEX, .sem_op = 1 },
				 { .sem_num = which, .sem_op = count } };

	return SYSCALL(channel, semop(shm->semaphores, both, 2));
}

/*
 * After enter(), which keeps all others out: takes up to @count - 1 more off the
 * semaphore. A call looks how many there are, another takes them. How many in all.
 */
static int take_more(struct channel *channel, unsigned short which, unsigned int count)
{
	struct sysv_shm *shm = channel->state;
	struct sembuf rest = { .sem_num = which, .sem_flg = IPC_NOWAIT };
	int more;

	if (count == 1)
		return 1;
	more = SYSCALL(channel, semctl(shm->semaphores, which, GETVAL));
	if (more > (int)count - 1)
		more = count - 1;
	rest.sem_op = -more;
	if (more <= 0 || SYSCALL(channel, semop(shm->semaphores, &rest, 1)))
		return 1;
	return 1 + more;
}

static int sysv_shm_send_batch(struct channel *channel, struct batch_item *items,
			       unsigned int count)
{
	struct sysv_shm *shm = channel->state;
	int room;

	if (enter(channel, EMPTY))
		return -1;
	room = take_more(channel, EMPTY, count);
	shm_ring_put_locked(shm->ring, items, room);
	if (leave(channel, FULL, room))
		return -1;
	shm_count_copies(channel, items, room);
	return room;
}

static int sysv_shm_receive_batch(struct channel *channel, struct batch_item *items,
				  unsigned int count)
{
	struct sysv_shm *shm = channel->state;
	int there;

	if (enter(channel, FULL))
		return -1;
	there = take_more(channel, FULL, count);
	shm_ring_take_locked(shm->ring, items, there);
	if (leave(channel, EMPTY, there))
		return -1;
	shm_count_copies(channel, items, there);
	return there;
}

static int sysv_shm_send(struct channel *channel, void *body, uint32_t size)
{
	return send_as_batch(sysv_shm_send_batch, channel, body, size);
}

static ssize_t sysv_shm_receive(struct channel *channel, void *body, uint32_t room)
{
	return receive_as_batch(sysv_shm_receive_batch, channel, body, room);
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

static struct shm_ring *attach_ring(uint32_t capacity, uint32_t size)
{
	int id = shmget(IPC_PRIVATE, shm_ring_bytes(capacity, size), IPC_CREAT | 0600);
	struct shm_ring *ring;

	if (id < 0)
		return NULL;
	ring = shmat(id, NULL, 0);
	/* Marked now, it goes with its last attachment, however we end. */
	shmctl(id, IPC_RMID, NULL);
	if (ring == (void *)-1)
		return NULL;
	shm_ring_init(ring, capacity, size);
	return ring;
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
	shm->semaphores = make_semaphores(channel->capacity);
	shm->ring = attach_ring(channel->capacity, channel->size);
	channel->state = shm;
	if (shm->semaphores >= 0 && shm->ring)
		return 0;
	sysv_shm_close(channel);
	return channel_refuse(channel, "no semaphores or shared memory to be had");
}

static int sysv_shm_attach(struct channel *channel, enum side side, unsigned int nth)
{
	struct sysv_shm *shm = channel->state;

	(void)side;
	(void)nth;
	shm_touch(shm->ring, shm_ring_bytes(channel->capacity, channel->size));
	return 0;
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
	.about = "A ring in System V shared memory, guarded by three System V semaphores "
		 "(free, filled, mutex): every send and receive makes two semop(2) calls, of two "
		 "operations each, and sleeps in the first.",
	.unavailable = sysv_shm_unavailable,
	.open = sysv_shm_open,
	.attach = sysv_shm_attach,
	.close = sysv_shm_close,
	.send = sysv_shm_send,
	.receive = sysv_shm_receive,
	.send_batch = sysv_shm_send_batch,
	.receive_batch = sysv_shm_receive_batch,
};
