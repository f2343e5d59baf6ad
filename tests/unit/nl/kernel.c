// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "nl/kernel.h"

struct test_kernel kernel;

ssize_t __real_recv(int fd, void *data, size_t size, int flags);
ssize_t __real_recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *length);
void *__real_reallocarray(void *array, size_t count, size_t size);
ssize_t __wrap_send(int fd, const void *data, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t size, int flags);
ssize_t __wrap_recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *length);
void *__wrap_reallocarray(void *array, size_t count, size_t size);

ssize_t __wrap_send(int fd, const void *data, size_t size, int flags)
{
	kernel.requests++;
	assert_true(size <= sizeof(kernel.request));
	memcpy(&kernel.request, data, size);
	assert_int_equal(kernel.request.header.nlmsg_len, size);
	assert_int_equal(kernel.request.header.nlmsg_type, FAMILY);
	if (kernel.answer)
		kernel.answer(kernel.request.header.nlmsg_seq);
	return (ssize_t)size;
}

ssize_t __wrap_recv(int fd, void *data, size_t size, int flags)
{
	if (kernel.failing) {
		errno = kernel.failing;
		kernel.failing = 0;
		return -1;
	}
	return __real_recv(fd, data, size, flags);
}

ssize_t __wrap_recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *length)
{
	struct sockaddr_nl sender = { .nl_family = AF_NETLINK, .nl_pid = kernel.sender };
	ssize_t got = __real_recvfrom(fd, data, size, flags, NULL, NULL);

	assert_true(*length >= sizeof(sender));
	memcpy(from, &sender, sizeof(sender));
	*length = sizeof(sender);
	return got;
}

void *__wrap_reallocarray(void *array, size_t count, size_t size)
{
	if (!kernel.no_memory)
		return __real_reallocarray(array, count, size);
	errno = ENOMEM;
	return NULL;
}

int kernel_begin(void **state)
{
	int requests[2], events[2], room = 1 << 20;

	memset(&kernel, 0, sizeof(kernel));
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, requests), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, events), 0);
	setsockopt(requests[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	kernel.peers[0] = requests[1];
	kernel.peers[1] = events[1];
	kernel.nl = libkmq_nl_on(requests[0], events[0], FAMILY);
	assert_non_null(kernel.nl);
	/* Nothing here may sleep for long. */
	alarm(60);
	return 0;
}

int kernel_end(void **state)
{
	kmq_nl_close(kernel.nl);
	close(kernel.peers[0]);
	close(kernel.peers[1]);
	return 0;
}

void kernel_reply(const struct wire *wire)
{
	assert_int_equal(write(kernel.peers[0], wire->data, wire->size), wire->size);
}

void kernel_emit(const struct wire *wire)
{
	assert_int_equal(write(kernel.peers[1], wire->data, wire->size), wire->size);
}
