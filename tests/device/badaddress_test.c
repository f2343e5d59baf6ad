// SPDX-License-Identifier: GPL-2.0-only
/* Bad addresses: EFAULT, and no message lost or doubled. */
#include <sys/mman.h>
#include <sys/uio.h>

#include "kmq_test.h"

/* A page of this protection between two that are not there. */
static char *page_with(int protection)
{
	char *memory = mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(memory != MAP_FAILED);
	CHECK_OK(mprotect(memory + 4096, 4096, protection));
	return memory + 4096;
}

/* Addresses at which nothing can be: unmapped, the kernel's, beyond all. */
static const __u64 nowhere[] = {
	8, 0xffff800000000000ull, 0xffffffff81000000ull, ~0ull - 4095, 0x7ffffffff000ull,
	1ull << 63,
};
enum { NOWHERE = sizeof(nowhere) / sizeof(nowhere[0]) };

TEST(a_write_from_a_bad_address_sends_nothing)
{
	int fd = QUEUE(.capacity = 8, .max_message = 16384);
	char *page = page_with(PROT_READ | PROT_WRITE);

	CHECK_ERRNO(write(fd, bad_address, 1), EFAULT);
	CHECK_ERRNO(write(fd, bad_address, 300), EFAULT);
	/* Short, inline, allocated: cut by the end of the page. */
	for (size_t size = 1; size <= 8192; size = size * 2 + 1) {
		size_t there = size / 2 < 4096 ? size / 2 : 4095;

		CHECK_ERRNO(write(fd, page + 4096 - there, size), EFAULT);
	}
	EXPECT_LEDGER(fd);
	CHECK_EQ(info_of(fd).bytes, 0);
	CHECK_EQ(CHECK_OK(write(fd, page + 4096 - 20, 20)), 20);
	CHECK_EQ(CHECK_OK(write(fd, page, 4096)), 4096);
}

TEST(a_write_after_a_failed_one_shows_nothing_of_it)
{
	int fd = QUEUE(.capacity = 1);
	char *page = page_with(PROT_READ | PROT_WRITE), body[64];

	memset(page, 's', 4096);
	CHECK_ERRNO(write(fd, page + 4096 - 40, 50), EFAULT);
	put(fd, 1, 0, "clean");
	memset(body, '#', sizeof(body));
	CHECK_EQ(read(fd, body, sizeof(body)), 5);
	CHECK(!memcmp(body, "clean###", 8));
}

TEST(a_read_to_a_bad_address_leaves_the_message)
{
	int fd = QUEUE(.capacity = 8, .max_message = 16384);
	char *page = page_with(PROT_READ | PROT_WRITE);
	static char body[8192], back[8192];
	__u64 sent = 0;

	for (size_t size = 1; size <= 8192; size = size * 2 + 1) {
		size_t there = size / 2 < 4096 ? size / 2 : 4095;

		fill(body, size, size);
		CHECK_OK(write(fd, body, size));
		sent++;
		CHECK_ERRNO(read(fd, bad_address, 16384), EFAULT);
		CHECK_ERRNO(read(fd, page + 4096 - there, size), EFAULT);
		CHECK_ERRNO(read(fd, page + 4096 - there, size + 100), EFAULT);
		EXPECT_LEDGER(fd, .sent = sent, .received = sent - 1, .queued = 1);
		CHECK_EQ(info_of(fd).bytes, size);
		CHECK_EQ(CHECK_OK(read(fd, back, sizeof(back))), size);
		CHECK(filled(back, size, size));
	}
	EXPECT_LEDGER(fd, .sent = sent, .received = sent);
}

TEST(a_message_keeps_its_place_over_a_failed_read)
{
	int fd = QUEUE(.capacity = 8);
	struct received received;

	put(fd, 5, 3, "first");
	put(fd, 5, 3, "second");
	put(fd, 5, 0, "third");
	CHECK_ERRNO(read(fd, bad_address, 64), EFAULT);
	put(fd, 5, 3, "after second");
	CHECK_ERRNO(read(fd, bad_address, 64), EFAULT);
	received = take(fd, "first");
	CHECK_EQ(received.message.redeliveries, 0);
	CHECK_EQ(received.message.sequence, 1);
	take(fd, "second");
	take(fd, "after second");
	take(fd, "third");
	CHECK_EQ(info_of(fd).returned, 0);
}

TEST(vectors_with_one_bad_piece_move_nothing)
{
	int fd = QUEUE(.capacity = 8);
	char good[4] = "good";
	struct iovec pieces[] = {
		{ .iov_base = good, .iov_len = 4 },
		{ .iov_base = bad_address, .iov_len = 4 },
		{ .iov_base = good, .iov_len = 4 },
	};

	CHECK_ERRNO(writev(fd, pieces, 3), EFAULT);
	EXPECT_LEDGER(fd);
	put(fd, 1, 0, "0123456789");
	CHECK_ERRNO(readv(fd, pieces, 3), EFAULT);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	take(fd, "0123456789");
}

TEST(every_ioctl_with_its_struct_nowhere_is_EFAULT)
{
	static const unsigned int on_control[] = {
		KMQ_CTL_FEATURES, KMQ_CTL_CREATE, KMQ_CTL_REMOVE, KMQ_CTL_NEXT,
	};
	static const unsigned int on_queue[] = {
		KMQ_IOC_SEND, KMQ_IOC_RECEIVE, KMQ_IOC_SEND_BATCH, KMQ_IOC_RECEIVE_BATCH,
		KMQ_IOC_ACK, KMQ_IOC_NACK, KMQ_IOC_CALL, KMQ_IOC_REPLY, KMQ_IOC_INFO,
		KMQ_IOC_PURGE, KMQ_IOC_RESIZE, KMQ_IOC_SET_DESCRIPTOR,
		KMQ_IOC_GET_DESCRIPTOR, FIONREAD,
	};
	int fd = QUEUE(.capacity = 8), queues = queue_count();
	struct kmq_info before, after;

	put(fd, 1, 0, "stays");
	before = info_of(fd);
	for (int i = 0; i < NOWHERE; i++) {
		/* As the caller's pointer can say it. */
		void *address = (void *)(uintptr_t)nowhere[i];

		/* A 32-bit caller's may be anywhere in its own space. */
		if (sizeof(void *) < 8 && i)
			break;
		for (unsigned int j = 0; j < sizeof(on_control) / sizeof(on_control[0]); j++)
			CHECK_ERRNO(ioctl(control(), on_control[j], address), EFAULT);
		for (unsigned int j = 0; j < sizeof(on_queue) / sizeof(on_queue[0]); j++)
			CHECK_ERRNO(ioctl(fd, on_queue[j], address), EFAULT);
	}
	after = info_of(fd);
	CHECK(!memcmp(&before, &after, sizeof(before)));
	CHECK_EQ(queue_count(), queues);
}

/* Every way in which a struct can lie across the end of a page. */
TEST(every_ioctl_with_its_struct_cut_is_EFAULT)
{
	struct kmq_message message = { .type = 1 };
	struct {
		unsigned int command;
		size_t size;
		union {
			struct kmq_transfer transfer;
			struct kmq_batch batch;
			struct kmq_call call;
			struct kmq_short shorter;
			struct kmq_settle settle;
			struct kmq_purge purge;
			struct kmq_resize resize;
			struct kmq_descriptor descriptor;
		} value;
	} commands[] = {
		{ KMQ_IOC_SEND, sizeof(struct kmq_transfer), { .transfer.message.type = 1 } },
		{ KMQ_IOC_RECEIVE, sizeof(struct kmq_transfer), { .transfer.flags = KMQ_DONTWAIT } },
		{ KMQ_IOC_SEND_BATCH, sizeof(struct kmq_batch),
		  { .batch = { .messages = ptr(&message), .count = 1 } } },
		{ KMQ_IOC_RECEIVE_BATCH, sizeof(struct kmq_batch),
		  { .batch = { .messages = ptr(&message), .count = 1 } } },
		{ KMQ_IOC_PUT, sizeof(struct kmq_short), { .shorter.type = 1 } },
		{ KMQ_IOC_TAKE, sizeof(struct kmq_short), { .shorter.flags = KMQ_DONTWAIT } },
		{ KMQ_IOC_ACK, sizeof(struct kmq_settle), { .settle.sequence = 1 } },
		{ KMQ_IOC_CALL, sizeof(struct kmq_call), { .call.request.type = 1 } },
		{ KMQ_IOC_REPLY, sizeof(struct kmq_transfer), { .transfer.message.type = 1 } },
		{ KMQ_IOC_PURGE, sizeof(struct kmq_purge), {} },
		{ KMQ_IOC_RESIZE, sizeof(struct kmq_resize), { .resize.capacity = 9 } },
		{ KMQ_IOC_SET_DESCRIPTOR, sizeof(struct kmq_descriptor), {} },
	};
	int fd = QUEUE(.capacity = 8);
	char *page = page_with(PROT_READ | PROT_WRITE);
	struct kmq_info before, after;

	put(fd, 1, 0, "");
	before = info_of(fd);
	for (unsigned int i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		for (size_t there = 0; there < commands[i].size; there += 4) {
			char *place = page + 4096 - there;

			memcpy(place, &commands[i].value, there);
			CHECK_ERRNO(ioctl(fd, commands[i].command, place), EFAULT);
		}
	}
	after = info_of(fd);
	CHECK(!memcmp(&before, &after, sizeof(before)));
}

TEST(structs_at_any_alignment_are_as_good)
{
	int fd = QUEUE(.capacity = 8);
	char *page = page_with(PROT_READ | PROT_WRITE);

	for (size_t shift = 0; shift < 16; shift++) {
		char *place = page + 4096 - sizeof(struct kmq_transfer) - shift, body[8];
		struct kmq_transfer transfer = {
			.message = { .body = ptr("odd"), .size = 3, .type = 1 },
		};

		memcpy(place, &transfer, sizeof(transfer));
		CHECK_OK(ioctl(fd, KMQ_IOC_SEND, place));
		transfer.message.body = ptr(body);
		transfer.message.size = sizeof(body);
		memcpy(place, &transfer, sizeof(transfer));
		CHECK_OK(ioctl(fd, KMQ_IOC_RECEIVE, place));
		memcpy(&transfer, place, sizeof(transfer));
		CHECK_EQ(transfer.message.sequence, shift + 1);
		CHECK_TEXT(body, transfer.message.size, "odd");
	}
}

TEST(a_send_from_a_bad_address_sends_nothing)
{
	int fd = QUEUE(.capacity = 8, .max_message = 16384);
	char *page = page_with(PROT_READ | PROT_WRITE);

	for (int i = 0; i < NOWHERE; i++) {
		struct kmq_transfer transfer = {
			.message = { .body = nowhere[i], .size = 8, .type = 1 },
		};

		CHECK_ERRNO(ioctl(fd, KMQ_IOC_SEND, &transfer), EFAULT);
		transfer.message.size = 5000;
		CHECK_ERRNO(ioctl(fd, KMQ_IOC_SEND, &transfer), EFAULT);
	}
	for (__u32 size = 1; size <= 80; size++)
		CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, 0, page + 4097 - size, size), EFAULT);
	for (__u32 size = 250; size <= 262; size++)
		CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, 0, page + 4097 - size, size), EFAULT);
	CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, 0, page, 4097), EFAULT);
	EXPECT_LEDGER(fd);
	CHECK_EQ(info_of(fd).bytes, 0);
	CHECK_OK(send_body(fd, KMQ_DONTWAIT, 1, 0, page, 4096));
}

TEST(a_failed_send_drops_nothing)
{
	int fd = QUEUE(.capacity = 1, .policy = KMQ_POLICY_DROP_OLDEST);

	put(fd, 1, 0, "survivor");
	CHECK_ERRNO(write(fd, bad_address, 4), EFAULT);
	CHECK_ERRNO(send_body(fd, 0, 1, 0, bad_address, 4), EFAULT);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	take(fd, "survivor");
}

TEST(a_receive_to_a_bad_address_leaves_the_message)
{
	static const __u32 flags[] = { 0, KMQ_LEASE, KMQ_PEEK, KMQ_TRUNCATE };
	int fd = QUEUE(.capacity = 8, .max_message = 16384);
	char *page = page_with(PROT_READ | PROT_WRITE);
	static char body[5000], back[5000];

	for (__u32 size = 1; size <= 5000; size = size < 80 ? size + 1 : size * 2) {
		fill(body, size, size);
		CHECK_OK(send_body(fd, 0, 1, 0, body, size));
		for (int i = 0; i < 4; i++) {
			__u32 there = size <= 4096 ? size - 1 : 4095;
			struct kmq_transfer transfer = {
				.flags = flags[i], .select = KMQ_SELECT_ANY,
				.message = { .body = ptr(page + 4096 - there), .size = size },
			};

			CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, &transfer), EFAULT);
			transfer.message.body = nowhere[size % NOWHERE];
			transfer.message.size = size;
			CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, &transfer), EFAULT);
			CHECK_EQ(info_of(fd).queued, 1);
			CHECK_EQ(info_of(fd).leased, 0);
		}
		CHECK_EQ(descriptor_of(fd).leases, 0);
		CHECK_EQ(CHECK_OK(read(fd, back, sizeof(back))), size);
		CHECK(filled(back, size, size));
	}
	CHECK_EQ(info_of(fd).returned, 0);
}

TEST(a_receive_that_cannot_write_its_struct_back_leaves_the_message)
{
	int fd = QUEUE(.capacity = 8);
	char *page = page_with(PROT_READ | PROT_WRITE), body[16];
	struct kmq_transfer transfer = {
		.select = KMQ_SELECT_ANY, .message = { .body = ptr(body), .size = 16 },
	};

	put(fd, 3, 2, "kept");
	memcpy(page, &transfer, sizeof(transfer));
	CHECK_OK(mprotect(page, 4096, PROT_READ));
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, page), EFAULT);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	CHECK_OK(mprotect(page, 4096, PROT_READ | PROT_WRITE));
	transfer.flags = KMQ_LEASE;
	memcpy(page, &transfer, sizeof(transfer));
	CHECK_OK(mprotect(page, 4096, PROT_READ));
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE, page), EFAULT);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	CHECK_EQ(descriptor_of(fd).leases, 0);
	CHECK_EQ(take(fd, "kept").message.redeliveries, 0);
}

TEST(a_send_that_cannot_write_its_struct_back_sends_nothing)
{
	int fd = QUEUE(.capacity = 8);
	char *page = page_with(PROT_READ | PROT_WRITE);
	struct kmq_transfer transfer = {
		.message = { .body = ptr("never"), .size = 5, .type = 1 },
	};

	memcpy(page, &transfer, sizeof(transfer));
	CHECK_OK(mprotect(page, 4096, PROT_READ));
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_SEND, page), EFAULT);
	EXPECT_LEDGER(fd);
}

TEST(a_create_that_cannot_be_written_back_creates_nothing)
{
	char *page = page_with(PROT_READ | PROT_WRITE);
	struct kmq_create request = { .flags = KMQ_CREATE_EXCLUSIVE };
	int queues = queue_count(), next;

	queue_name(request.name);
	memcpy(page, &request, sizeof(request));
	CHECK_OK(mprotect(page, 4096, PROT_READ));
	CHECK_ERRNO(ioctl(control(), KMQ_CTL_CREATE, page), EFAULT);
	CHECK_EQ(queue_count(), queues);
	CHECK_ERRNO(open(queue_path(request.name), O_RDWR), ENOENT);

	CHECK_OK(mprotect(page, 4096, PROT_READ | PROT_WRITE));
	memset(page, 0, sizeof(request));
	CHECK_OK(mprotect(page, 4096, PROT_READ));
	next = dup(0);
	close(next);
	CHECK_ERRNO(ioctl(control(), KMQ_CTL_CREATE, page), EFAULT);
	CHECK_EQ(queue_count(), queues);
	/* No descriptor was left behind either. */
	CHECK_EQ(dup(0), next);
}

TEST(outputs_that_cannot_be_written_are_EFAULT)
{
	int fd = QUEUE(.capacity = 8);
	char *page = page_with(PROT_READ);

	put(fd, 1, 0, "x");
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_INFO, page), EFAULT);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_GET_DESCRIPTOR, page), EFAULT);
	CHECK_ERRNO(ioctl(fd, FIONREAD, page), EFAULT);
	CHECK_ERRNO(ioctl(control(), KMQ_CTL_FEATURES, page), EFAULT);
	CHECK_ERRNO(ioctl(control(), KMQ_CTL_NEXT, page), EFAULT);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_PURGE, page), EFAULT);
	info_of(fd);
}

TEST(a_call_from_a_bad_address_sends_no_request)
{
	int fd = QUEUE(.capacity = 8);
	char body[8];
	struct kmq_call call = {
		.request = { .body = 8, .size = 4, .type = 1 },
		.reply = { .body = ptr(body), .size = sizeof(body) },
	};

	CHECK_ERRNO(ioctl(fd, KMQ_IOC_CALL, &call), EFAULT);
	EXPECT_LEDGER(fd);
	CHECK_EQ(info_of(fd).calls, 0);
}

TEST(a_call_that_could_not_take_its_reply_sends_no_request)
{
	int fd = QUEUE(.capacity = 8);
	char *page = page_with(PROT_READ | PROT_WRITE);
	struct kmq_call call = {
		.deadline = after_ms(1000), .request = { .type = 1 },
		.reply = { .body = ptr(bad_address), .size = 100 },
	};

	CHECK_ERRNO(ioctl(fd, KMQ_IOC_CALL, &call), EFAULT);
	call.reply.body = ptr(page + 4096 - 50);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_CALL, &call), EFAULT);
	call.reply.body = ptr(page);
	call.reply.size = 4;
	memcpy(page + 1024, &call, sizeof(call));
	CHECK_OK(mprotect(page, 4096, PROT_READ));
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_CALL, page + 1024), EFAULT);
	EXPECT_LEDGER(fd);
	CHECK_EQ(info_of(fd).calls, 0);
}

TEST(a_receiver_that_faults_after_its_sleep_leaves_the_message_to_others)
{
	int fd = QUEUE(.capacity = 8);
	pid_t clumsy, good;

	CHILD(clumsy)
		CHECK_ERRNO(read(fd, bad_address, 64), EFAULT);
	wait_blocked_receivers(fd, 1);
	CHILD(good)
		expect_read(fd, "for either");
	wait_blocked_receivers(fd, 2);
	put(fd, 1, 0, "for either");
	child_join(good);
	/* The clumsy one met it first, or still waits for the next. */
	if (info_of(fd).blocked_receivers)
		put(fd, 1, 0, "another");
	child_join(clumsy);
	CHECK_EQ(info_of(fd).received, 1);
}
