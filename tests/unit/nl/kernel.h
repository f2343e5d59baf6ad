/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel for libkmq-nl: the other ends of its two sockets. It answers while a
 * request is being sent, as the real one does.
 */
#ifndef TESTS_UNIT_NL_KERNEL_H
#define TESTS_UNIT_NL_KERNEL_H

#include "internal.h"
#include "nl/wire.h"

/**
 * struct test_kernel
 * @nl: the handle
 * @answer: called in each send
 * @requests: how many were sent
 * @request: the last of them, and its length
 * @failing: errno that the next receive is to fail with
 * @sender: port of who sent what is received; 0: the kernel
 * @no_memory: for arrays
 */
struct test_kernel {
	struct kmq_nl *nl;
	void (*answer)(uint32_t sequence);
	int requests;
	union {
		struct nlmsghdr header;
		char bytes[8192];
	} request;
	int failing;
	uint32_t sender;
	bool no_memory;
	int peers[2];
};

extern struct test_kernel kernel;

/* Setup and teardown of each test. */
int kernel_begin(void **state);
int kernel_end(void **state);

/* One datagram to the socket of requests, or of events. */
void kernel_reply(const struct wire *wire);
void kernel_emit(const struct wire *wire);

#endif /* TESTS_UNIT_NL_KERNEL_H */
