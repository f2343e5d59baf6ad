// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The ring without the module: in a memfd that cannot change its size, so that no
 * peer can take the memory from under another. What the kernel does for a queue's
 * ring its parties do here, and nobody does it for one that dies.
 *
 * control.twin_ids has a bit for each id in use. The ids 0 and 1 are nobody's here:
 * their bits say that there is a producer, and a consumer, where the mode has one.
 */
#include <fcntl.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ring.h"

#define THE_PRODUCER	(1ull << 0)
#define THE_CONSUMER	(1ull << 1)
#define FIRST_ID	2

#define SEALS		(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL	0x0008U
#endif

static uint64_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

static uint64_t file_size(uint64_t size)
{
	return KMQ_RING_DATA_PAGE * page_size() + size;
}

static int size_ok(uint64_t size)
{
	return size >= page_size() && size <= KMQ_RING_SIZE_MAX && !(size & (size - 1));
}

/* ------------------------------------------------------------------------
 * C and D, as <linux/kmq_ring.h> has them: the sleeper's barrier on all processors
 */

static int can_barrier(void)
{
	const int needed = MEMBARRIER_CMD_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED;
	long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	return commands >= 0 && (commands & needed) == needed;
}

/* Lets this process be reached by the barriers of others. Whether it can make its own is asked, too. */
static int register_barrier(void)
{
	return can_barrier() && !syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0);
}

/* ------------------------------------------------------------------------
 * Making one
 */

static void write_pages(char *pages, uint32_t mode, uint64_t size, uint64_t first_sequence,
			uint64_t first_position)
{
	struct kmq_ring_control *control = (struct kmq_ring_control *)pages;
	struct kmq_ring_consumers *consumers;
	struct kmq_ring_producers *producers;

	consumers = (struct kmq_ring_consumers *)(pages + KMQ_RING_CONSUMERS_PAGE * page_size());
	producers = (struct kmq_ring_producers *)(pages + KMQ_RING_PRODUCERS_PAGE * page_size());
	*control = (struct kmq_ring_control){
		.magic = KMQ_RING_MAGIC,
		.version = KMQ_RING_VERSION,
		.mode = mode,
		.size = size,
		.max_message = (uint32_t)(size / 2 - sizeof(struct kmq_ring_record)),
		.page_size = (uint32_t)page_size(),
		.first_sequence = first_sequence,
		.first_position = first_position,
		.flags = KMQ_RING_TWIN | (can_barrier() ? 0 : KMQ_RING_FENCED),
		.consumer_wake = first_sequence + FAR_AWAY,
		.producer_wake = first_position + FAR_AWAY,
	};
	producers->head = producers->oldest = first_position;
	producers->sequence = first_sequence;
	consumers->tail = consumers->cursor[0].next = first_position;
	consumers->expected = consumers->cursor[0].expected = first_sequence;
}

static int create_file(uint64_t bytes)
{
	const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("kmq_ring", flags | MFD_NOEXEC_SEAL);

	/* Before Linux 6.3. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("kmq_ring", flags);
	if (fd < 0)
		return -1;
	/* All of its memory now, and not when it is written to for the first time. */
	if (ftruncate(fd, (off_t)bytes) || fallocate(fd, 0, 0, (off_t)bytes)) {
		if (errno == ENOSPC)
			errno = ENOMEM;
		close(fd);
		return -1;
	}
	return fd;
}

int libkmq_ring_open_memfd(uint32_t mode, uint64_t size, uint64_t first_sequence, uint64_t first_position)
{
	size_t length = KMQ_RING_DATA_PAGE * page_size();
	void *pages;
	int fd;

	if (mode > KMQ_RING_BROADCAST || !size_ok(size) || first_position % KMQ_RING_ALIGN)
		return fail(EINVAL);
	fd = create_file(file_size(size));
	if (fd < 0)
		return -1;
	pages = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (pages != MAP_FAILED) {
		write_pages(pages, mode, size, first_sequence, first_position);
		munmap(pages, length);
		if (!fcntl(fd, F_ADD_SEALS, SEALS))
			return fd;
	}
	close(fd);
	return fail(ENOMEM);
}

int kmq_ring_open_memfd(uint32_t mode, uint64_t size)
{
	return libkmq_ring_open_memfd(mode, size, 1, 0);
}

/* ------------------------------------------------------------------------
 * Attaching
 */

/* A memfd whose pages stay, and so can be read without fear; EBADF: open for less than both. */
static int is_whole(int fd, uint64_t *bytes)
{
	int seals = fcntl(fd, F_GET_SEALS), flags = fcntl(fd, F_GETFL);
	struct stat status;

	if (flags < 0)
		return EBADF;
	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &status) ||
	    (uint64_t)status.st_size < file_size(page_size()))
		return ENODEV;
	*bytes = status.st_size;
	return (flags & O_ACCMODE) == O_RDWR ? 0 : EBADF;
}

static int read_control(int fd, struct kmq_ring_control *control)
{
	size_t length = page_size();
	void *page = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED)
		return ENODEV;
	memcpy(control, page, sizeof(*control));
	munmap(page, length);
	return 0;
}

/* What the others may have written, copied and then checked. */
static int check_control(const struct kmq_ring_control *control, uint64_t bytes)
{
	if (control->magic != KMQ_RING_MAGIC || control->version != KMQ_RING_VERSION ||
	    !(control->flags & KMQ_RING_TWIN))
		return ENODEV;
	if (control->mode > KMQ_RING_BROADCAST || control->page_size != page_size() ||
	    control->page_size > KMQ_RING_PIECE || !size_ok(control->size) ||
	    file_size(control->size) != bytes || control->flags & KMQ_RING_BROKEN ||
	    control->max_message > control->size / 2 - sizeof(struct kmq_ring_record))
		return EUCLEAN;
	return 0;
}

static uint64_t exclusive_roles(const struct ring *ring)
{
	uint64_t roles = 0;

	if (ring->roles & KMQ_RING_PRODUCER && is_exclusive(ring->mode, KMQ_RING_PRODUCER))
		roles |= THE_PRODUCER;
	if (ring->roles & KMQ_RING_CONSUMER && is_exclusive(ring->mode, KMQ_RING_CONSUMER))
		roles |= THE_CONSUMER;
	return roles;
}

/* Bits of the ids that nobody may have now: whose claims are orphans. */
static uint64_t orphans(const struct ring *ring)
{
	uint64_t bits = 0;

	for (uint32_t id = FIRST_ID; id < KMQ_RING_IDS; id++)
		if (LOAD(consumers_of(ring)->claims[id].state) != KMQ_RING_CLAIM_FREE)
			bits |= 1ull << id;
	return bits;
}

int libkmq_ring_join(struct ring *ring)
{
	__u64 *ids = &control_of(ring)->twin_ids, seen = LOAD(*ids);
	uint64_t roles = exclusive_roles(ring), unusable, free_id;

	do {
		unusable = seen | orphans(ring) | THE_PRODUCER | THE_CONSUMER;
		if (seen & roles)
			return EBUSY;
		if (!~unusable)
			return EDQUOT;
		free_id = ~unusable & -~unusable;
	} while (!__atomic_compare_exchange_n(ids, &seen, seen | roles | free_id, 0, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	ring->id = (uint32_t)__builtin_ctzll(free_id);
	return 0;
}

void libkmq_ring_leave(struct ring *ring)
{
	uint64_t mine = exclusive_roles(ring) | 1ull << ring->id;

	if (ring->roles & KMQ_RING_CONSUMER)
		libkmq_ring_orphan(ring);
	/* With all that it did before, for who takes its place. */
	__atomic_fetch_and(&control_of(ring)->twin_ids, ~mine, __ATOMIC_ACQ_REL);
}

static int twin_begin(struct ring *ring)
{
	int error = libkmq_ring_join(ring);

	if (error)
		return error;
	error = libkmq_ring_begin(ring);
	if (error)
		libkmq_ring_leave(ring);
	return error;
}

int libkmq_ring_twin(int fd, uint32_t roles, struct ring **to)
{
	struct kmq_ring_control control;
	struct ring *ring;
	uint64_t bytes;
	int error = is_whole(fd, &bytes);

	if (!error)
		error = read_control(fd, &control);
	if (!error)
		error = check_control(&control, bytes);
	if (!error && !(control.flags & KMQ_RING_FENCED) && !register_barrier())
		error = EOPNOTSUPP;
	if (error)
		return error;
	ring = libkmq_ring_room(control.size);
	if (!ring)
		return ENOMEM;
	ring->twin = 1;
	ring->roles = roles;
	ring->mode = control.mode;
	ring->fenced = !!(control.flags & KMQ_RING_FENCED);
	ring->max_message = control.max_message;
	ring->page_size = control.page_size;
	error = libkmq_ring_map(ring, fd);
	if (!error)
		error = twin_begin(ring);
	if (error) {
		libkmq_ring_unmap(ring);
		return error;
	}
	*to = ring;
	return 0;
}
