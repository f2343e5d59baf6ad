// SPDX-License-Identifier: GPL-2.0-only
#include <sys/mman.h>
#include <sys/syscall.h>

#include "kmq_test.h"
#include "lib/uring.h"

enum { ENTRIES = 32 };

static void *map(int fd, size_t size, off_t offset)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	CHECK(memory != MAP_FAILED);
	return memory;
}

void uring_open(struct uring *ring)
{
	struct io_uring_params parameters = {};
	char *sq, *cq;

	ring->fd = syscall(SYS_io_uring_setup, ENTRIES, &parameters);
	if (ring->fd < 0)
		skip_test("no io_uring: %s", strerror(errno));
	sq = map(ring->fd, parameters.sq_off.array + parameters.sq_entries * sizeof(int),
		 IORING_OFF_SQ_RING);
	cq = map(ring->fd, parameters.cq_off.cqes +
		 parameters.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	ring->sqes = map(ring->fd, parameters.sq_entries * sizeof(struct io_uring_sqe),
			 IORING_OFF_SQES);
	ring->sq_tail = (unsigned int *)(sq + parameters.sq_off.tail);
	ring->sq_mask = (unsigned int *)(sq + parameters.sq_off.ring_mask);
	ring->sq_array = (unsigned int *)(sq + parameters.sq_off.array);
	ring->cq_head = (unsigned int *)(cq + parameters.cq_off.head);
	ring->cq_tail = (unsigned int *)(cq + parameters.cq_off.tail);
	ring->cq_mask = (unsigned int *)(cq + parameters.cq_off.ring_mask);
	ring->cqes = (struct io_uring_cqe *)(cq + parameters.cq_off.cqes);
}

static long enter(struct uring *ring, unsigned int submit, unsigned int wait)
{
	long result;

	do
		result = syscall(SYS_io_uring_enter, ring->fd, submit, wait,
				 wait ? IORING_ENTER_GETEVENTS : 0, NULL, 0);
	while (result < 0 && errno == EINTR);
	return result;
}

void uring_submit(struct uring *ring, const struct io_uring_sqe *sqe)
{
	unsigned int tail = *ring->sq_tail, slot = tail & *ring->sq_mask;

	ring->sqes[slot] = *sqe;
	ring->sq_array[slot] = slot;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
	CHECK_EQ(CHECK_OK(enter(ring, 1, 0)), 1);
}

void uring_read(struct uring *ring, int fd, void *body, unsigned int size, __u64 tag)
{
	uring_submit(ring, &(struct io_uring_sqe){
		.opcode = IORING_OP_READ, .fd = fd, .addr = ptr(body), .len = size,
		.off = -1, .user_data = tag,
	});
}

void uring_write(struct uring *ring, int fd, const void *body, unsigned int size, __u64 tag)
{
	uring_submit(ring, &(struct io_uring_sqe){
		.opcode = IORING_OP_WRITE, .fd = fd, .addr = ptr(body), .len = size,
		.off = -1, .user_data = tag,
	});
}

void uring_cancel(struct uring *ring, __u64 tag, __u64 own_tag)
{
	uring_submit(ring, &(struct io_uring_sqe){
		.opcode = IORING_OP_ASYNC_CANCEL, .fd = -1, .addr = tag,
		.user_data = own_tag,
	});
}

unsigned int uring_ready(struct uring *ring)
{
	return __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) - *ring->cq_head;
}

struct completion uring_reap(struct uring *ring)
{
	struct io_uring_cqe *cqe;
	struct completion completion;

	while (!uring_ready(ring))
		CHECK_OK(enter(ring, 0, 1));
	cqe = &ring->cqes[*ring->cq_head & *ring->cq_mask];
	completion = (struct completion){ .tag = cqe->user_data, .result = cqe->res };
	__atomic_store_n(ring->cq_head, *ring->cq_head + 1, __ATOMIC_RELEASE);
	return completion;
}
