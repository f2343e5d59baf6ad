// SPDX-License-Identifier: GPL-2.0-only
/*
 * System V shared memory and semaphores, under one key; ids[0] is the memory's,
 * ids[1] the semaphores'.
 *
 * The locks are taken and given with SEM_UNDO: what a process took and did not give
 * back, the kernel gives back when it ends. The counts of room and messages must not
 * have it: a sender takes room and gives a message, and its end would undo both while
 * the message lies there.
 */
#include "shared_ring.h"

#include <errno.h>
#include <stdio.h>
#include <sys/sem.h>
#include <sys/shm.h>

enum { MEMORY_ID, SEMAPHORES_ID };

/* Numbers in the set: the locks, then the counts. */
#define COUNTS		RING_LOCKS
#define SEMAPHORES	(RING_LOCKS + RING_COUNTS)

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

static const char *sysv_shm_unavailable(void)
{
	struct shmid_ds none;

	return shmctl(-1, IPC_STAT, &none) && errno == ENOSYS ? "this kernel has no System V IPC"
							       : NULL;
}

static int map_memory(struct end *end)
{
	struct shmid_ds status;
	void *memory;

	end_says(end, "shmat(%d)", end->object->ids[MEMORY_ID]);
	if (shmctl(end->object->ids[MEMORY_ID], IPC_STAT, &status))
		return -1;
	memory = shmat(end->object->ids[MEMORY_ID], NULL, 0);
	if (memory == (void *)-1)
		return -1;
	end->memory = memory;
	end->memory_size = status.shm_segsz;
	return 0;
}

static int make_semaphores(struct end *end, struct object *object, key_t key)
{
	unsigned short values[SEMAPHORES] = { 1, 1, 1, ring_slots(object), 0 };
	int id;

	end_says(end, "semget(0x%x, %d, IPC_CREAT | IPC_EXCL)", key, SEMAPHORES);
	id = semget(key, SEMAPHORES, IPC_CREAT | IPC_EXCL | object->mode);
	if (id < 0)
		return -1;
	object->ids[SEMAPHORES_ID] = id;
	return semctl(id, 0, SETALL, (union semun){ .array = values });
}

static void sysv_shm_detach(struct end *end)
{
	int error = errno;

	if (end->memory)
		shmdt(end->memory);
	end_begin(end, end->object);
	errno = error;
}

static int sysv_shm_remove(struct end *end, struct object *object)
{
	int failed;

	if (!object_is_made(object))
		return -1;
	end_says(end, "semctl(%d, IPC_RMID)", object->ids[SEMAPHORES_ID]);
	failed = semctl(object->ids[SEMAPHORES_ID], 0, IPC_RMID);
	end_says(end, "shmctl(%d, IPC_RMID)", object->ids[MEMORY_ID]);
	return shmctl(object->ids[MEMORY_ID], IPC_RMID, NULL) || failed ? -1 : 0;
}

static int sysv_shm_create(struct end *end, struct object *object)
{
	key_t key = object_key(object);
	int id;

	end_begin(end, object);
	end_says(end, "shmget(0x%x, IPC_CREAT | IPC_EXCL | %04o)", key, object->mode);
	id = shmget(key, ring_size(object), IPC_CREAT | IPC_EXCL | object->mode);
	if (id < 0)
		return -1;
	object->ids[MEMORY_ID] = id;
	object_made(object);
	if (map_memory(end))
		return -1;
	ring_init(end->memory, object);
	if (!make_semaphores(end, object, key))
		return 0;
	sysv_shm_detach(end);
	return -1;
}

static int sysv_shm_attach(struct end *end, struct object *object, enum way way)
{
	key_t key = object_key(object);

	end_begin(end, object);
	end_says(end, "shmget(0x%x, 0600)", key);
	if (shmget(key, 0, 0600) < 0)
		return -1;
	end_says(end, "semget(0x%x, 0600)", key);
	if (semget(key, 0, 0600) < 0)
		return -1;
	return map_memory(end);
}

/* What is removed and still attached, is listed, but found by nobody. */
static bool sysv_shm_seen(const struct object *object, char *where)
{
	char id[16];
	unsigned int mode;

	snprintf(id, sizeof(id), "%d", object->ids[MEMORY_ID]);
	if (line_seen("/proc/sysvipc/shm", 1, id, where) &&
	    sscanf(where, "%*s %*d %*d %o", &mode) == 1 && !(mode & SHM_DEST)) {
		snprintf(where, CALL_SIZE, "/proc/sysvipc/shm (ipcs -m): id %s, mode %04o", id,
			 mode);
		return true;
	}
	snprintf(id, sizeof(id), "%d", object->ids[SEMAPHORES_ID]);
	if (!line_seen("/proc/sysvipc/sem", 1, id, where))
		return false;
	snprintf(where, CALL_SIZE, "/proc/sysvipc/sem (ipcs -s): id %s", id);
	return true;
}

static int operate(struct end *end, struct sembuf operation, const char *name,
		   const struct limit *limit)
{
	int id = end->object->ids[SEMAPHORES_ID];
	struct timespec left = limit_left(limit);
	bool limited = limit->patience == PATIENCE_DEADLINE;

	if (limit->patience == PATIENCE_NONE)
		operation.sem_flg |= IPC_NOWAIT;
	end_says(end, "%s(%d, %s %+d%s%s%s)", limited ? "semtimedop" : "semop", id, name,
		 operation.sem_op, operation.sem_flg & SEM_UNDO ? ", SEM_UNDO" : "",
		 operation.sem_flg & IPC_NOWAIT ? ", IPC_NOWAIT" : "", limit_words(limit));
	return semtimedop(id, &operation, 1, limited ? &left : NULL);
}

static const struct limit no_limit = { .patience = PATIENCE_FOREVER };

static int sysv_take(struct end *end, enum ring_count count, const struct limit *limit)
{
	struct sembuf operation = { .sem_num = COUNTS + count, .sem_op = -1 };

	return operate(end, operation, ring_count_name(count), limit);
}

static int sysv_give(struct end *end, enum ring_count count)
{
	struct sembuf operation = { .sem_num = COUNTS + count, .sem_op = 1 };

	return operate(end, operation, ring_count_name(count), &no_limit);
}

static int sysv_lock(struct end *end, unsigned int which, const struct limit *limit)
{
	struct sembuf operation = { .sem_num = which, .sem_op = -1, .sem_flg = SEM_UNDO };

	return operate(end, operation, ring_lock_name(which), limit);
}

static int sysv_unlock(struct end *end, unsigned int which)
{
	struct sembuf operation = { .sem_num = which, .sem_op = 1, .sem_flg = SEM_UNDO };

	return operate(end, operation, ring_lock_name(which), &no_limit);
}

static const struct ring_means sysv_means = {
	.take = sysv_take,
	.give = sysv_give,
	.lock = sysv_lock,
	.unlock = sysv_unlock,
};

static ssize_t sysv_shm_send(struct end *end, struct parcel *parcel)
{
	return ring_send(end, parcel, &sysv_means);
}

static ssize_t sysv_shm_receive(struct end *end, struct parcel *parcel)
{
	return ring_receive(end, parcel, &sysv_means);
}

static ssize_t sysv_shm_half_send(struct end *end, struct parcel *parcel)
{
	return ring_half_send(end, parcel, &sysv_means);
}

static int sysv_shm_lock(struct end *end, unsigned int which, enum patience patience,
			 unsigned int wait_ms)
{
	struct limit limit = limit_from(patience, wait_ms);

	return sysv_lock(end, which, &limit);
}

const struct subject subject_sysv_shm = {
	.mechanism = "sysv-shm",
	.traits = SUBJECT_IS_SHARED,
	.unavailable = sysv_shm_unavailable,
	.create = sysv_shm_create,
	.attach = sysv_shm_attach,
	.detach = sysv_shm_detach,
	.remove = sysv_shm_remove,
	.seen = sysv_shm_seen,
	.send = sysv_shm_send,
	.receive = sysv_shm_receive,
	.lock = sysv_shm_lock,
	.unlock = sysv_unlock,
	.lock_is_a = "System V semaphore with SEM_UNDO",
	.load = ring_load,
	.store = ring_store,
	.half_send = sysv_shm_half_send,
};
