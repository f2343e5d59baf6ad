// SPDX-License-Identifier: GPL-2.0-only
/* Messages: sent, received, settled, and bodies that prove themselves. */
#include "kmq_test.h"

char *volatile bad_address = (char *)8;

int send_body(int fd, __u32 flags, __s64 type, __u32 priority,
	      const void *body, __u32 size)
{
	struct kmq_transfer transfer = {
		.flags = flags,
		.message = {
			.body = ptr(body),
			.size = size,
			.type = type,
			.priority = priority,
		},
	};

	return ioctl(fd, KMQ_IOC_SEND, &transfer);
}

static int receive(int fd, struct kmq_transfer *transfer, struct received *received)
{
	int result;

	memset(received, 0xa5, sizeof(*received));
	memset(&transfer->message, 0xa5, sizeof(transfer->message));
	transfer->message.body = ptr(received->body);
	transfer->message.size = sizeof(received->body);
	transfer->message.reserved = 0;
	result = ioctl(fd, KMQ_IOC_RECEIVE, transfer);
	received->message = transfer->message;
	return result;
}

int receive_any(int fd, __u32 flags, struct received *received)
{
	return receive_type(fd, flags, KMQ_SELECT_ANY, 0, received);
}

int receive_type(int fd, __u32 flags, __u32 select, __s64 select_type,
		 struct received *received)
{
	struct kmq_transfer transfer = {
		.flags = flags,
		.select = select,
		.select_type = select_type,
	};

	return receive(fd, &transfer, received);
}

int receive_until(int fd, __u64 deadline, struct received *received)
{
	struct kmq_transfer transfer = {
		.deadline = deadline,
		.select = KMQ_SELECT_ANY,
	};

	return receive(fd, &transfer, received);
}

int ack(int fd, __u64 sequence)
{
	struct kmq_settle settle = { .sequence = sequence };

	return ioctl(fd, KMQ_IOC_ACK, &settle);
}

int nack(int fd, __u64 sequence)
{
	struct kmq_settle settle = { .sequence = sequence };

	return ioctl(fd, KMQ_IOC_NACK, &settle);
}

int purge(int fd, __u32 select, __s64 select_type, __u64 *purged)
{
	struct kmq_purge request = {
		.select = select,
		.select_type = select_type,
		.purged = ~0ull,
	};
	int result = ioctl(fd, KMQ_IOC_PURGE, &request);

	if (purged)
		*purged = request.purged;
	return result;
}

int set_filter(int fd, __u32 flags, __u32 select, __s64 select_type)
{
	struct kmq_descriptor descriptor = {
		.flags = flags,
		.select = select,
		.select_type = select_type,
	};

	return ioctl(fd, KMQ_IOC_SET_DESCRIPTOR, &descriptor);
}

struct kmq_descriptor descriptor_of(int fd)
{
	struct kmq_descriptor descriptor;

	memset(&descriptor, 0xa5, sizeof(descriptor));
	CHECK_OK(ioctl(fd, KMQ_IOC_GET_DESCRIPTOR, &descriptor));
	CHECK(!descriptor.reserved[0] && !descriptor.reserved[1]);
	return descriptor;
}

int queued_size(int fd)
{
	int size = -1;

	CHECK_OK(ioctl(fd, FIONREAD, &size));
	return size;
}

__u64 put(int fd, __s64 type, __u32 priority, const char *text)
{
	struct kmq_transfer transfer = {
		.flags = KMQ_DONTWAIT,
		.message = {
			.body = ptr(text),
			.size = strlen(text),
			.type = type,
			.priority = priority,
			.sequence = ~0ull,
		},
	};

	CHECK_OK(ioctl(fd, KMQ_IOC_SEND, &transfer));
	CHECK(transfer.message.sequence != ~0ull);
	info_of(fd);
	return transfer.message.sequence;
}

struct received take(int fd, const char *text)
{
	struct received received;

	if (receive_any(fd, KMQ_DONTWAIT, &received))
		FAIL("receiving \"%s\": %s", text, strerrorname_np(errno));
	CHECK_TEXT(received.body, received.message.size, text);
	CHECK_EQ(received.message.length, received.message.size);
	info_of(fd);
	return received;
}

void expect_read(int fd, const char *text)
{
	char body[1024];
	ssize_t length;

	memset(body, 0xa5, sizeof(body));
	length = CHECK_OK(read(fd, body, sizeof(body)));
	CHECK_TEXT(body, length, text);
	info_of(fd);
}

void expect_empty(int fd)
{
	struct received received;

	CHECK_ERRNO(receive_any(fd, KMQ_DONTWAIT, &received), EAGAIN);
	CHECK_EQ(info_of(fd).queued, 0);
}

void fill(void *body, size_t size, unsigned int seed)
{
	unsigned char *byte = body;

	for (size_t i = 0; i < size; i++)
		byte[i] = seed * 31 + i * 7 + (i >> 8);
}

bool filled(const void *body, size_t size, unsigned int seed)
{
	const unsigned char *byte = body;

	for (size_t i = 0; i < size; i++)
		if (byte[i] != (unsigned char)(seed * 31 + i * 7 + (i >> 8)))
			return false;
	return true;
}

short poll_now(int fd)
{
	struct pollfd entry = { .fd = fd, .events = POLLIN | POLLOUT };

	entry.revents = ~0;
	CHECK_OK(poll(&entry, 1, 0));
	return entry.revents;
}
