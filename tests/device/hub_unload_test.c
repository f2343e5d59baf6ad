// SPDX-License-Identifier: GPL-2.0-only
/* The hub at the module's beginning and end. */
#include <sys/stat.h>

#include "lib/hub.h"
#include "lib/module.h"

TEST(the_module_stays_while_the_hub_is_open)
{
	take_module();
	hub();
	close_control();
	CHECK_ERRNO(unload(), EWOULDBLOCK);
	close(hub());
}

TEST(the_module_takes_the_hubs_queues_along)
{
	int file = take_module();

	for (int round = 0; round < 3; round++) {
		int fd = CHECK_OK(open(HUB_PATH, O_RDWR | O_CLOEXEC));

		for (int i = 0; i < 40; i++) {
			char key[8], text[300] = "left behind";
			struct kmq_hub_open open = {
				.space = 1 + i % KMQ_SPACE_MAX, .flags = KMQ_HUB_CREATE, .key = ptr(key),
				.key_size = snprintf(key, sizeof(key), "%d", i), .weight = i,
				.create = { .capacity = 8, .slots = 2 },
			};
			struct kmq_short message = { .body = ptr(text), .size = sizeof(text), .type = 1 };

			CHECK_OK(ioctl(fd, KMQ_HUB_OPEN, &open));
			message.id = open.id;
			for (int j = 0; j < i % 8; j++)
				CHECK_OK(ioctl(fd, KMQ_HUB_PUT, &message));
		}
		close(fd);
		CHECK_OK(unload());
		CHECK_OK(load(file));
		CHECK_EQ(queue_count(), 0);
		close_control();
	}
}

TEST(hub_mode_is_the_mode_of_the_node)
{
	static const struct {
		const char *parameters;
		unsigned int mode;
	} cases[] = { { "hub_mode=0666", 0666 }, { "hub_mode=0660", 0660 }, { "hub_mode=0", 0 }, { "", 0600 } };
	int file = take_module();

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stat status;

		CHECK_OK(unload());
		CHECK_OK(load_with(file, cases[i].parameters));
		CHECK_OK(stat(HUB_PATH, &status));
		CHECK_EQ(status.st_mode & 07777, cases[i].mode);
	}
}

TEST(a_hub_mode_beyond_permission_bits_is_refused)
{
	int file = take_module();

	CHECK_OK(unload());
	CHECK_ERRNO(load_with(file, "hub_mode=01666"), EINVAL);
	CHECK_ERRNO(load_with(file, "hub_mode=-1"), EINVAL);
	CHECK_OK(load(file));
}
