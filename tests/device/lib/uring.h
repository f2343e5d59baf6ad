/* SPDX-License-Identifier: GPL-2.0-only */
/* io_uring by its raw system calls: as little of it as the tests need. */
#ifndef KMQ_TEST_URING_H
#define KMQ_TEST_URING_H

#include <linux/io_uring.h>

struct uring {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

struct completion {
	__u64 tag;
	int result;
};

/* Skips the test where the kernel has no io_uring. */
void uring_open(struct uring *ring);
/* Submits one request; the result of io_uring_enter(2) is checked. */
void uring_submit(struct uring *ring, const struct io_uring_sqe *sqe);
void uring_read(struct uring *ring, int fd, void *body, unsigned int size, __u64 tag);
void uring_write(struct uring *ring, int fd, const void *body, unsigned int size, __u64 tag);
void uring_cancel(struct uring *ring, __u64 tag, __u64 own_tag);
/* How many completions wait to be reaped, now. */
unsigned int uring_ready(struct uring *ring);
/* Waits for the next completion. */
struct completion uring_reap(struct uring *ring);

#endif /* KMQ_TEST_URING_H */
