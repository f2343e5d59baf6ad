// SPDX-License-Identifier: GPL-2.0-only
#include "shared_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A message in its slot. */
struct record {
	size_t size;
	char bytes[];
};

unsigned int ring_slots(const struct object *object)
{
	return object->capacity ? object->capacity : RING_SLOTS;
}

static size_t message_max(const struct object *object)
{
	return object->message_max ? object->message_max : RING_MESSAGE;
}

static size_t slot_size(const struct object *object)
{
	return (sizeof(struct record) + message_max(object) + 15) / 16 * 16;
}

size_t ring_size(const struct object *object)
{
	return sizeof(struct ring) + ring_slots(object) * slot_size(object);
}

void ring_init(struct ring *ring, const struct object *object)
{
	ring->slots = ring_slots(object);
	ring->message_max = message_max(object);
	ring->slot_size = slot_size(object);
}

static struct record *record_at(struct ring *ring, unsigned int nth)
{
	return (struct record *)(ring->slot + (ring->first + nth) % ring->slots * ring->slot_size);
}

static int too_long(struct end *end, size_t size, size_t room)
{
	end_says(end, "(%zu bytes do not fit into %zu)", size, room);
	errno = EMSGSIZE;
	return -1;
}

ssize_t ring_put(struct end *end, const struct parcel *parcel)
{
	struct ring *ring = ring_of(end);
	struct record *record = record_at(ring, ring->filled);

	if (parcel->size > ring->message_max)
		return too_long(end, parcel->size, ring->message_max);
	end_says(end, "memcpy(into the ring, %zu bytes)", parcel->size);
	memcpy(record->bytes, parcel->body, parcel->size);
	record->size = parcel->size;
	ring->filled++;
	return parcel->size;
}

ssize_t ring_take(struct end *end, struct parcel *parcel)
{
	struct ring *ring = ring_of(end);
	struct record *record = record_at(ring, 0);
	size_t size = record->size;

	parcel->full_size = size;
	if (size > parcel->size)
		return too_long(end, size, parcel->size);
	end_says(end, "memcpy(from the ring, %zu bytes)", size);
	memcpy(parcel->body, record->bytes, size);
	ring->first = (ring->first + 1) % ring->slots;
	ring->filled--;
	return size;
}

ssize_t ring_put_half(struct end *end, const struct parcel *parcel)
{
	struct ring *ring = ring_of(end);

	if (parcel->size > ring->message_max)
		return too_long(end, parcel->size, ring->message_max);
	end_says(end, "memcpy(into the ring, %zu bytes of %zu)", parcel->size / 2, parcel->size);
	memcpy(record_at(ring, ring->filled)->bytes, parcel->body, parcel->size / 2);
	return parcel->size / 2;
}

static int map(struct end *end, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, end->fd[0], 0);

	if (memory == MAP_FAILED)
		return -1;
	end->memory = memory;
	end->memory_size = size;
	return 0;
}

int ring_make(struct end *end)
{
	size_t size = ring_size(end->object);

	end_says(end, "ftruncate(%d, %zu)", end->fd[0], size);
	if (ftruncate(end->fd[0], size))
		return -1;
	end_says(end, "mmap(%d, MAP_SHARED)", end->fd[0]);
	if (map(end, size))
		return -1;
	ring_init(end->memory, end->object);
	return 0;
}

int ring_map(struct end *end)
{
	struct stat file;

	end_says(end, "mmap(%d, MAP_SHARED)", end->fd[0]);
	if (fstat(end->fd[0], &file))
		return -1;
	return map(end, file.st_size);
}

int ring_borrow(struct end *end, struct object *object, enum way way)
{
	end_begin(end, object);
	end->fd[0] = borrow_by_path(end, 0, O_RDWR);
	if (end->fd[0] < 0)
		return -1;
	return ring_map(end) ? end_fail(end) : 0;
}

int ring_adopt(struct end *end, struct object *object, const int *fd, enum way way)
{
	descriptors_adopt(end, object, fd, way);
	return ring_map(end) ? end_fail(end) : 0;
}

int ring_load(struct end *end, long *value)
{
	*value = ring_of(end)->number;
	end_says(end, "reads %ld", *value);
	return 0;
}

int ring_store(struct end *end, long value)
{
	end_says(end, "writes %ld", value);
	ring_of(end)->number = value;
	return 0;
}

/* Gives back what it took, and keeps errno. */
static ssize_t undo(struct end *end, enum ring_count count, const struct ring_means *means)
{
	int error = errno;

	means->give(end, count);
	errno = error;
	return -1;
}

/* Unlocks, and gives one of what has come about, or, if it failed, of what it took. */
static ssize_t conclude(struct end *end, ssize_t result, enum ring_count took,
			enum ring_count brought, const struct ring_means *means)
{
	int error = errno;

	if (means->unlock(end, RING_LOCK))
		return -1;
	if (means->give(end, result < 0 ? took : brought))
		return -1;
	errno = error;
	return result;
}

ssize_t ring_send(struct end *end, struct parcel *parcel, const struct ring_means *means)
{
	struct limit limit = limit_of(parcel);
	ssize_t sent;

	if (means->take(end, RING_ROOM, &limit))
		return -1;
	if (means->lock(end, RING_LOCK, &limit))
		return undo(end, RING_ROOM, means);
	sent = ring_put(end, parcel);
	return conclude(end, sent, RING_ROOM, RING_MESSAGES, means);
}

ssize_t ring_receive(struct end *end, struct parcel *parcel, const struct ring_means *means)
{
	struct limit limit = limit_of(parcel);
	ssize_t got;

	parcel_from_nobody(parcel);
	if (means->take(end, RING_MESSAGES, &limit))
		return -1;
	if (means->lock(end, RING_LOCK, &limit))
		return undo(end, RING_MESSAGES, means);
	got = ring_take(end, parcel);
	return conclude(end, got, RING_MESSAGES, RING_ROOM, means);
}

ssize_t ring_half_send(struct end *end, struct parcel *parcel, const struct ring_means *means)
{
	struct limit limit = limit_of(parcel);

	if (means->take(end, RING_ROOM, &limit))
		return -1;
	if (means->lock(end, RING_LOCK, &limit))
		return undo(end, RING_ROOM, means);
	return ring_put_half(end, parcel);
}

const char *ring_count_name(enum ring_count count)
{
	return count == RING_ROOM ? "room" : "messages";
}

const char *ring_lock_name(unsigned int which)
{
	static const char *const names[RING_LOCKS] = { "lock 0", "lock 1", "ring lock" };

	return which < RING_LOCKS ? names[which] : "no lock";
}
