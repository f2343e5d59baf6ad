// SPDX-License-Identifier: GPL-2.0-only
/* Removal under whatever is going on: EIDRM, and nothing hangs. */
#include "kmq_test.h"

static int persistent(char name[KMQ_NAME_SIZE], __u32 capacity)
{
	struct kmq_create request = {
		.flags = KMQ_CREATE_EXCLUSIVE | KMQ_CREATE_OPEN, .capacity = capacity,
	};

	queue_name(name);
	memcpy(request.name, name, KMQ_NAME_SIZE);
	return CHECK_OK(ioctl(control(), KMQ_CTL_CREATE, &request));
}

TEST(every_call_on_a_removed_queue_is_EIDRM)
{
	char name[KMQ_NAME_SIZE], byte = 'x';
	int fd = persistent(name, 4), size;
	struct kmq_message message = { .body = ptr(&byte), .size = 1, .type = 1 };
	struct kmq_batch batch = { .messages = ptr(&message), .count = 1 };
	struct kmq_call call = { .request = message, .reply = message };
	struct kmq_transfer reply = { .message = message };
	struct kmq_resize resize = { .capacity = 9 };
	struct kmq_info info;
	struct received received;

	put(fd, 1, 0, "leased");
	put(fd, 1, 0, "queued");
	CHECK_OK(receive_any(fd, KMQ_LEASE, &received));
	CHECK_OK(queue_remove(name));
	CHECK_ERRNO(read(fd, &byte, 1), EIDRM);
	CHECK_ERRNO(write(fd, &byte, 1), EIDRM);
	CHECK_ERRNO(send_body(fd, 0, 1, 0, &byte, 1), EIDRM);
	CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, 0, &byte, 1), EIDRM);
	CHECK_ERRNO(receive_any(fd, 0, &received), EIDRM);
	CHECK_ERRNO(receive_any(fd, KMQ_PEEK, &received), EIDRM);
	CHECK_ERRNO(receive_until(fd, 1, &received), EIDRM);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_SEND_BATCH, &batch), EIDRM);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch), EIDRM);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_CALL, &call), EIDRM);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_REPLY, &reply), EIDRM);
	CHECK_ERRNO(ack(fd, 1), EIDRM);
	CHECK_ERRNO(nack(fd, 1), EIDRM);
	CHECK_ERRNO(purge(fd, 0, 0, NULL), EIDRM);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RESIZE, &resize), EIDRM);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_INFO, &info), EIDRM);
	CHECK_ERRNO(ioctl(fd, FIONREAD, &size), EIDRM);
	CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
	CHECK_ERRNO(read(fd, &byte, 1), EIDRM);
	CHECK_ERRNO(write(fd, &byte, 1), EIDRM);
	CHECK_EQ(poll_now(fd) & (POLLHUP | POLLERR), POLLHUP | POLLERR);
	close(fd);
}

TEST(a_blocked_reader_returns_EIDRM)
{
	char name[KMQ_NAME_SIZE], byte;
	int fd = persistent(name, 4);
	pid_t reader;

	CHILD(reader)
		CHECK_ERRNO(read(fd, &byte, 1), EIDRM);
	wait_blocked_receivers(fd, 1);
	CHECK_OK(queue_remove(name));
	child_join(reader);
}

TEST(every_kind_of_blocked_receiver_returns_EIDRM)
{
	char name[KMQ_NAME_SIZE];
	int fd = persistent(name, 4);
	pid_t children[4];
	struct received received;
	struct kmq_message message = {};
	struct kmq_batch batch = {
		.select = KMQ_SELECT_ANY, .messages = ptr(&message), .count = 1,
	};

	CHILD(children[0])
		CHECK_ERRNO(receive_any(fd, KMQ_LEASE, &received), EIDRM);
	CHILD(children[1])
		CHECK_ERRNO(receive_type(fd, 0, KMQ_SELECT_EQUAL, 5, &received), EIDRM);
	CHILD(children[2])
		CHECK_ERRNO(receive_until(fd, after_ms(100000), &received), EIDRM);
	CHILD(children[3])
		CHECK_ERRNO(ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch), EIDRM);
	wait_blocked_receivers(fd, 4);
	CHECK_OK(queue_remove(name));
	for (int i = 0; i < 4; i++)
		child_join(children[i]);
}

TEST(every_kind_of_blocked_sender_returns_EIDRM)
{
	char name[KMQ_NAME_SIZE], byte = 'x';
	int fd = persistent(name, 1);
	pid_t children[4];
	struct kmq_message message = { .type = 1 };
	struct kmq_batch batch = { .messages = ptr(&message), .count = 1 };
	struct kmq_call call = { .request.type = 1 };

	put(fd, 1, 0, "full");
	CHILD(children[0])
		CHECK_ERRNO(write(fd, &byte, 1), EIDRM);
	CHILD(children[1])
		CHECK_ERRNO(send_body(fd, 0, 1, 0, &byte, 1), EIDRM);
	CHILD(children[2])
		CHECK_ERRNO(ioctl(fd, KMQ_IOC_SEND_BATCH, &batch), EIDRM);
	CHILD(children[3])
		CHECK_ERRNO(ioctl(fd, KMQ_IOC_CALL, &call), EIDRM);
	wait_blocked_senders(fd, 4);
	CHECK_OK(queue_remove(name));
	for (int i = 0; i < 4; i++)
		child_join(children[i]);
}

TEST(a_blocked_poller_sees_HUP_and_ERR)
{
	char name[KMQ_NAME_SIZE];
	int fd = persistent(name, 1);
	pid_t poller;

	CHILD(poller) {
		struct pollfd entry = { .fd = fd, .events = POLLIN };

		CHECK_EQ(CHECK_OK(poll(&entry, 1, 40000)), 1);
		CHECK_EQ(entry.revents & (POLLHUP | POLLERR), POLLHUP | POLLERR);
	}
	wait_asleep(poller);
	pause_ms(20);
	CHECK_OK(queue_remove(name));
	child_join(poller);
}

TEST(a_dead_queue_lets_its_leases_and_descriptors_go_quietly)
{
	char name[KMQ_NAME_SIZE];
	int fd = persistent(name, 4);
	int worker = queue_open(name, O_RDWR), queues = queue_count();
	struct received received;

	put(fd, 1, 0, "one");
	put(fd, 1, 0, "two");
	CHECK_OK(receive_any(worker, KMQ_LEASE, &received));
	CHECK_OK(queue_remove(name));
	CHECK_EQ(queue_count(), queues - 1);
	close(worker);
	CHECK_ERRNO(write(fd, "x", 1), EIDRM);
	close(fd);
}

TEST(a_removal_of_an_open_ephemeral_queue_happens_once)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 2), queues = queue_count();

	CHECK_OK(queue_remove(name));
	CHECK_ERRNO(queue_remove(name), ENOENT);
	CHECK_EQ(queue_count(), queues - 1);
	close(fd);
	CHECK_EQ(queue_count(), queues - 1);
}

TEST(an_open_that_races_with_removal_gets_a_queue_or_an_error)
{
	pid_t opener;

	for (int round = 0; round < 20; round++) {
		char name[KMQ_NAME_SIZE], path[64];
		int fd = persistent(name, 2);

		strcpy(path, queue_path(name));
		CHILD(opener) {
			for (;;) {
				int own = open(path, O_RDWR);

				if (own < 0) {
					CHECK(errno == ENOENT || errno == ENXIO ||
					      errno == ENODEV || errno == EIDRM);
					break;
				}
				if (write(own, "x", 1) < 0)
					CHECK(errno == EIDRM);
				else if (read(own, (char[1]){}, 1) < 0)
					CHECK(errno == EIDRM);
				close(own);
			}
		}
		pause_ms(2);
		CHECK_OK(queue_remove(name));
		child_join(opener);
		close(fd);
	}
}

TEST(a_removal_in_full_traffic_ends_everybody)
{
	for (int round = 0; round < 5; round++) {
		enum { PAIRS = 3 };
		char name[KMQ_NAME_SIZE];
		int fd = persistent(name, 2);
		pid_t children[2 * PAIRS];

		for (int i = 0; i < PAIRS; i++) {
			CHILD(children[2 * i]) {
				while (write(fd, "traffic", 7) == 7)
					;
				CHECK_EQ(errno, EIDRM);
			}
			CHILD(children[2 * i + 1]) {
				char body[16];

				while (read(fd, body, sizeof(body)) == 7)
					;
				CHECK_EQ(errno, EIDRM);
			}
		}
		WAIT_UNTIL(info_of(fd).received > 50);
		CHECK_OK(queue_remove(name));
		for (int i = 0; i < 2 * PAIRS; i++)
			child_join(children[i]);
		close(fd);
	}
}

TEST(removal_and_creation_of_one_name_race_safely)
{
	enum { PROCESSES = 3 };
	struct kmq_create request = { .flags = KMQ_CREATE_EXCLUSIVE };
	pid_t children[PROCESSES];

	queue_name(request.name);
	for (int i = 0; i < PROCESSES; i++) {
		CHILD(children[i]) {
			for (int j = 0; j < 60; j++) {
				struct kmq_create mine = request;

				if (ioctl(control(), KMQ_CTL_CREATE, &mine))
					CHECK_EQ(errno, EEXIST);
				if (queue_remove(request.name))
					CHECK_EQ(errno, ENOENT);
			}
		}
	}
	for (int i = 0; i < PROCESSES; i++)
		child_join(children[i]);
	CHECK_ERRNO(queue_remove(request.name), ENOENT);
	CHECK_ERRNO(open(queue_path(request.name), O_RDWR), ENOENT);
}

TEST(an_unknown_command_is_ENOTTY_on_a_removed_queue_too)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 1);

	CHECK_OK(queue_remove(name));
	CHECK_ERRNO(ioctl(fd, _IO(KMQ_IOC_MAGIC, 0x7f), 0), ENOTTY);
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_INFO, 0), EIDRM);
}
