// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plain file with record locks (fcntl(2)): a header with the number and the
 * ring's places, then slots; read and written by pread(2) and pwrite(2). The lock
 * sleeps (F_SETLKW, which notices deadlocks and takes no time limit). Nothing tells of
 * a message: who finds none asks again.
 *
 * Lock n is the byte n of the file. A process has it, not a descriptor: it is
 * not inherited, and to unlock what another holds does nothing.
 */
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <unistd.h>

#define SLOTS		8	/* unless a capacity is asked for */
#define MESSAGE		4096	/* bytes, unless a length is asked for */
#define RING_LOCK	2	/* after the two of the experiments */

struct header {
	char locks[8];		/* what is locked; the bytes mean nothing */
	long number;
	uint32_t slots;
	uint32_t message_max;
	struct places {
		uint32_t first;
		uint32_t filled;
	} ring;
};

static int read_header(struct end *end, struct header *header)
{
	return pread(end->fd[0], header, sizeof(*header), 0) == sizeof(*header) ? 0 : -1;
}

static int write_header(struct end *end, const struct header *header)
{
	end_says(end, "pwrite(%d, header)", end->fd[0]);
	return pwrite(end->fd[0], header, sizeof(*header), 0) == sizeof(*header) ? 0 : -1;
}

/* The ring's own part of it: the number is not ours to write. */
static int write_places(struct end *end, const struct header *header)
{
	const ssize_t size = sizeof(header->ring);

	end_says(end, "pwrite(%d, places)", end->fd[0]);
	return pwrite(end->fd[0], &header->ring, size, offsetof(struct header, ring)) == size
		? 0 : -1;
}

static int file_lock_open(struct end *end, struct object *object, int flags, const char *said)
{
	mode_t mask = mask_off();
	char path[PATH_SIZE];

	end_begin(end, object);
	object_path(object, path);
	end_says(end, "open(%s, %s)", path, said);
	end->fd[0] = open(path, flags | O_RDWR | O_CLOEXEC, object->mode);
	mask_on(mask);
	return end->fd[0] < 0 ? -1 : 0;
}

static int file_lock_create(struct end *end, struct object *object)
{
	struct header header = {
		.slots = object->capacity ? object->capacity : SLOTS,
		.message_max = object->message_max ? object->message_max : MESSAGE,
	};

	if (file_lock_open(end, object, O_CREAT | O_EXCL, "O_CREAT | O_EXCL"))
		return -1;
	object_made(object);
	object_tell_fd(object, 0, end->fd[0]);
	return write_header(end, &header) ? end_fail(end) : 0;
}

static int file_lock_attach(struct end *end, struct object *object, enum way way)
{
	return file_lock_open(end, object, 0, "O_RDWR");
}

static int file_lock_borrow(struct end *end, struct object *object, enum way way)
{
	end_begin(end, object);
	end->fd[0] = borrow_by_path(end, 0, O_RDWR);
	return end->fd[0] < 0 ? -1 : 0;
}

static int set_lock(struct end *end, unsigned int which, short type, bool sleeps)
{
	struct flock range = { .l_type = type, .l_whence = SEEK_SET, .l_start = which, .l_len = 1 };

	return fcntl(end->fd[0], sleeps ? F_SETLKW : F_SETLK, &range);
}

static void say_lock(struct end *end, unsigned int which, bool sleeps)
{
	end_says(end, "fcntl(%d, %s, F_WRLCK, byte %u)", end->fd[0],
		 sleeps ? "F_SETLKW" : "F_SETLK", which);
}

static int file_lock_lock(struct end *end, unsigned int which, enum patience patience,
			  unsigned int wait_ms)
{
	if (patience == PATIENCE_DEADLINE)
		return end_has_no(end, "F_SETLKW takes no time limit");
	say_lock(end, which, patience == PATIENCE_FOREVER);
	return set_lock(end, which, F_WRLCK, patience == PATIENCE_FOREVER);
}

static int file_lock_unlock(struct end *end, unsigned int which)
{
	end_says(end, "fcntl(%d, F_SETLK, F_UNLCK, byte %u)", end->fd[0], which);
	return set_lock(end, which, F_UNLCK, false);
}

static void unlock_ring(struct end *end)
{
	int error = errno;

	file_lock_unlock(end, RING_LOCK);
	errno = error;
}

/* Whether to ask again. */
static bool goes_on(const struct limit *limit)
{
	errno = limit->patience == PATIENCE_NONE ? EAGAIN : ETIMEDOUT;
	if (limit->patience == PATIENCE_NONE || limit_passed(limit))
		return false;
	sched_yield();
	return true;
}

static bool has_room(const struct header *header)
{
	return header->ring.filled < header->slots;
}

static bool has_message(const struct header *header)
{
	return header->ring.filled;
}

/*
 * Returns with the ring locked when it is as wanted; -1/errno. However often it has to
 * ask, that is said once.
 */
static int lock_when(struct end *end, bool (*wanted)(const struct header *header),
		     struct header *header, const struct limit *limit)
{
	bool sleeps = limit->patience == PATIENCE_FOREVER;

	say_lock(end, RING_LOCK, sleeps);
	end_says(end, "pread(%d, header): %s?", end->fd[0],
		 wanted == has_room ? "room" : "messages");
	do {
		if (set_lock(end, RING_LOCK, F_WRLCK, sleeps)) {
			if (errno != EAGAIN && errno != EACCES)
				return -1;
			continue;
		}
		if (!read_header(end, header) && wanted(header))
			return 0;
		set_lock(end, RING_LOCK, F_UNLCK, false);
	} while (goes_on(limit));
	return -1;
}

static off_t slot_at(const struct header *header, uint32_t nth)
{
	uint32_t slot = (header->ring.first + nth) % header->slots;

	return sizeof(*header) + (off_t)slot * (sizeof(uint64_t) + header->message_max);
}

static int put(struct end *end, struct header *header, const struct parcel *parcel)
{
	off_t at = slot_at(header, header->ring.filled);
	uint64_t size = parcel->size;

	if (parcel->size > header->message_max) {
		errno = EMSGSIZE;
		return -1;
	}
	end_says(end, "pwrite(%d, %zu bytes)", end->fd[0], parcel->size);
	if (pwrite(end->fd[0], &size, sizeof(size), at) != sizeof(size) ||
	    pwrite(end->fd[0], parcel->body, size, at + sizeof(size)) != (ssize_t)size)
		return -1;
	header->ring.filled++;
	return write_places(end, header);
}

static ssize_t file_lock_send(struct end *end, struct parcel *parcel)
{
	struct limit limit = limit_of(parcel);
	struct header header;
	int failed;

	if (lock_when(end, has_room, &header, &limit))
		return -1;
	failed = put(end, &header, parcel);
	unlock_ring(end);
	return failed ? -1 : (ssize_t)parcel->size;
}

static ssize_t take(struct end *end, struct header *header, struct parcel *parcel)
{
	off_t at = slot_at(header, 0);
	uint64_t size;

	if (pread(end->fd[0], &size, sizeof(size), at) != sizeof(size))
		return -1;
	parcel->full_size = size;
	if (size > parcel->size) {
		errno = EMSGSIZE;
		return -1;
	}
	end_says(end, "pread(%d, %zu bytes)", end->fd[0], (size_t)size);
	if (pread(end->fd[0], parcel->body, size, at + sizeof(size)) != (ssize_t)size)
		return -1;
	header->ring.first = (header->ring.first + 1) % header->slots;
	header->ring.filled--;
	return write_places(end, header) ? -1 : (ssize_t)size;
}

static ssize_t file_lock_receive(struct end *end, struct parcel *parcel)
{
	struct limit limit = limit_of(parcel);
	struct header header;
	ssize_t got;

	parcel_from_nobody(parcel);
	if (lock_when(end, has_message, &header, &limit))
		return -1;
	got = take(end, &header, parcel);
	unlock_ring(end);
	return got;
}

static ssize_t file_lock_half_send(struct end *end, struct parcel *parcel)
{
	struct limit limit = limit_of(parcel);
	struct header header;

	if (lock_when(end, has_room, &header, &limit))
		return -1;
	end_says(end, "pwrite(%d, %zu bytes of %zu)", end->fd[0], parcel->size / 2, parcel->size);
	return pwrite(end->fd[0], parcel->body, parcel->size / 2,
		      slot_at(&header, header.ring.filled) + sizeof(uint64_t));
}

static int file_lock_load(struct end *end, long *value)
{
	end_says(end, "pread(%d, the number)", end->fd[0]);
	return pread(end->fd[0], value, sizeof(*value), offsetof(struct header, number)) ==
	       sizeof(*value) ? 0 : -1;
}

static int file_lock_store(struct end *end, long value)
{
	end_says(end, "pwrite(%d, %ld)", end->fd[0], value);
	return pwrite(end->fd[0], &value, sizeof(value), offsetof(struct header, number)) ==
	       sizeof(value) ? 0 : -1;
}

const struct subject subject_file_lock = {
	.mechanism = "file-lock",
	.traits = SUBJECT_IS_SHARED | SUBJECT_SPINS,
	.create = file_lock_create,
	.attach = file_lock_attach,
	.borrow = file_lock_borrow,
	.adopt = descriptors_adopt,
	.detach = end_close,
	.remove = file_remove,
	.seen = file_seen,
	.send = file_lock_send,
	.receive = file_lock_receive,
	.lock = file_lock_lock,
	.unlock = file_lock_unlock,
	.lock_is_a = "record lock of fcntl(2), owned by the process",
	.load = file_lock_load,
	.store = file_lock_store,
	.half_send = file_lock_half_send,
};
