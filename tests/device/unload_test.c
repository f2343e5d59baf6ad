// SPDX-License-Identifier: GPL-2.0-only
/* The module's end: not while a descriptor is open, and then without a trace. */
#include "kmq_test.h"
#include "lib/module.h"

static void make_persistent(char name[KMQ_NAME_SIZE])
{
	struct kmq_create request = { .flags = KMQ_CREATE_EXCLUSIVE };

	queue_name(name);
	memcpy(request.name, name, KMQ_NAME_SIZE);
	CHECK_OK(ioctl(control(), KMQ_CTL_CREATE, &request));
}

TEST(the_module_stays_while_a_descriptor_is_open)
{
	char name[KMQ_NAME_SIZE];
	int fd;

	take_module();
	control();
	CHECK_ERRNO(unload(), EWOULDBLOCK);
	make_persistent(name);
	fd = queue_open(name, O_RDONLY);
	close_control();
	CHECK_ERRNO(unload(), EWOULDBLOCK);
	/* Also one of a queue that is no more. */
	CHECK_OK(queue_remove(name));
	close_control();
	CHECK_ERRNO(unload(), EWOULDBLOCK);
	close(fd);
	fd = QUEUE(.capacity = 2);
	close_control();
	CHECK_ERRNO(unload(), EWOULDBLOCK);
	put(fd, 1, 0, "still there");
	take(fd, "still there");
}

TEST(the_module_stays_while_a_caller_sleeps)
{
	int fd;
	pid_t reader;

	take_module();
	fd = QUEUE(.capacity = 2);
	close_control();
	CHILD(reader)
		expect_read(fd, "wake up");
	wait_blocked_receivers(fd, 1);
	CHECK_ERRNO(unload(), EWOULDBLOCK);
	put(fd, 1, 0, "wake up");
	child_join(reader);
}

TEST(the_module_takes_its_queues_along_and_comes_back_empty)
{
	int file = take_module(), fd;

	for (int round = 0; round < 5; round++) {
		char names[3][KMQ_NAME_SIZE];

		for (int i = 0; i < 3; i++) {
			make_persistent(names[i]);
			fd = queue_open(names[i], O_RDWR);
			put(fd, 1, 0, "inline");
			CHECK_OK(send_body(fd, 0, 2, 0, (char[4096]){}, 4096));
			close(fd);
		}
		close_control();
		CHECK_OK(unload());
		CHECK_ERRNO(open("/dev/kmq/control", O_RDWR), ENOENT);
		CHECK_ERRNO(open(queue_path(names[0]), O_RDWR), ENOENT);
		CHECK_OK(load(file));
		CHECK_EQ(queue_count(), 0);
		for (int i = 0; i < 3; i++)
			CHECK_ERRNO(queue_remove(names[i]), ENOENT);
	}
}

TEST(an_unload_that_races_with_opens_succeeds_or_refuses)
{
	int file = take_module(), refused = 0, unloaded = 0;
	pid_t opener;

	CHILD(opener) {
		for (;;) {
			int fd = open("/dev/kmq/control", O_RDWR);
			struct kmq_create request = { .capacity = 2 };

			if (fd < 0)
				continue;
			CHECK_OK(ioctl(fd, KMQ_CTL_CREATE, &request) < 0 && errno != EDQUOT ?
				 -1 : 0);
			close(fd);
			closefrom(3);
		}
	}
	for (int i = 0; i < 20; i++) {
		if (unload()) {
			CHECK(errno == EWOULDBLOCK || errno == EBUSY);
			refused++;
			pause_ms(1);
		} else {
			unloaded++;
			CHECK_OK(load(file));
		}
	}
	child_kill(opener);
	CHECK_EQ(refused + unloaded, 20);
	CHECK_EQ(queue_count(), 0);
}
