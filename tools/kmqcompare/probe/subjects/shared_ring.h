/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lies in the memory of the shared kinds: a number, a ring of slots for
 * messages, and whatever they wait and lock by. The ring itself knows no waiting.
 *
 * Nothing here is atomic: whoever touches the ring has its lock, and the number is
 * there to be raced for.
 */
#ifndef KMQCOMPARE_SHARED_RING_H
#define KMQCOMPARE_SHARED_RING_H

#include "descriptors.h"

#define RING_SLOTS	8	/* unless a capacity is asked for */
#define RING_MESSAGE	4096	/* bytes, unless a length is asked for */

/* Three locks of a kind: two for the experiments, one for the ring. */
#define RING_LOCK	2
#define RING_LOCKS	3

/* What a process waits for. */
enum ring_count { RING_ROOM, RING_MESSAGES, RING_COUNTS };

struct ring {
	char means[512];	/* the subject's own: semaphores, mutexes */
	volatile long number;
	unsigned int slots;
	unsigned int first;	/* the oldest message's slot */
	unsigned int filled;
	size_t message_max;
	size_t slot_size;
	char slot[];
} __attribute__((aligned(64)));

static inline struct ring *ring_of(const struct end *end)
{
	return end->memory;
}

size_t ring_size(const struct object *object);
unsigned int ring_slots(const struct object *object);

/* Fills in a ring of zeroes, as the object wants it. */
void ring_init(struct ring *ring, const struct object *object);

/* Says so, and copies. The caller has the lock, and there is room. -1/EMSGSIZE: too long. */
ssize_t ring_put(struct end *end, const struct parcel *parcel);

/* The same for taking. -1/EMSGSIZE: longer than the room; it stays. */
ssize_t ring_take(struct end *end, struct parcel *parcel);

/* Copies a half, and leaves it at that: the slot does not count as filled. */
ssize_t ring_put_half(struct end *end, const struct parcel *parcel);

/* Memory behind fd[0]: made as long as it must be, and mapped; mapped as it is. -1/errno. */
int ring_make(struct end *end);
int ring_map(struct end *end);

/* Hooks, for those with memory behind fd[0] and nothing else open. */
int ring_borrow(struct end *end, struct object *object, enum way way);
int ring_adopt(struct end *end, struct object *object, const int *fd, enum way way);

/* Hooks. */
int ring_load(struct end *end, long *value);
int ring_store(struct end *end, long value);

/*
 * Sending and receiving by counting semaphores, of room and of messages, and a
 * lock: the bounded buffer of the textbooks.
 * @take: waits until there is one, and takes it. 0, or -1/errno
 * @give: one more
 */
struct ring_means {
	int (*take)(struct end *end, enum ring_count count, const struct limit *limit);
	int (*give)(struct end *end, enum ring_count count);
	int (*lock)(struct end *end, unsigned int which, const struct limit *limit);
	int (*unlock)(struct end *end, unsigned int which);
};

ssize_t ring_send(struct end *end, struct parcel *parcel, const struct ring_means *means);
ssize_t ring_receive(struct end *end, struct parcel *parcel, const struct ring_means *means);

/* Takes room and the lock, and stops in the middle of the copy. */
ssize_t ring_half_send(struct end *end, struct parcel *parcel, const struct ring_means *means);

/* Names for what is said. */
const char *ring_count_name(enum ring_count count);
const char *ring_lock_name(unsigned int which);

#endif
