// SPDX-License-Identifier: GPL-2.0-only
/* KMQ_REMOVE_DEFER: name, node and key at once, the queue with its last descriptor. */
#include <sys/stat.h>

#include "lib/hub.h"

static int defer_name(const char *name)
{
	struct kmq_remove removal = { .flags = KMQ_REMOVE_DEFER };

	memcpy(removal.name, name, strnlen(name, KMQ_NAME_SIZE));
	return ioctl(control(), KMQ_CTL_REMOVE, &removal);
}

static bool node_exists(const char *name)
{
	return !access(queue_path(name), F_OK);
}

/* A persistent queue with a descriptor. */
static int named(char name[KMQ_NAME_SIZE], __u32 kind)
{
	struct kmq_create create = {
		.kind = kind, .flags = KMQ_CREATE_EXCLUSIVE | KMQ_CREATE_OPEN,
		.capacity = kind == KMQ_KIND_MESSAGE ? 4 : 0,
	};

	queue_name(name);
	memcpy(create.name, name, KMQ_NAME_SIZE);
	return queue_create(create);
}

static int keyed(const struct key *key, __u32 *id)
{
	struct kmq_hub_open open = OPENING(key, .flags = KMQ_HUB_CREATE | KMQ_HUB_DESCRIPTOR |
						KMQ_HUB_READ | KMQ_HUB_WRITE);
	int fd = CHECK_OK(hub_open(&open));

	*id = open.id;
	return fd;
}

TEST(name_and_node_go_at_once_and_the_queue_lives)
{
	for (__u32 kind = KMQ_KIND_MESSAGE; kind <= KMQ_KIND_RING; kind++) {
		int queues = queue_count();
		char name[KMQ_NAME_SIZE];
		int fd = named(name, kind);

		CHECK_EQ(write(fd, "before", 6), 6);
		CHECK_OK(defer_name(name));
		CHECK(!node_exists(name));
		CHECK_ERRNO(open(queue_path(name), O_RDWR), ENOENT);
		CHECK_EQ(queue_count(), queues + 1);
		CHECK_EQ(poll_now(fd), POLLIN | POLLOUT);
		expect_read(fd, "before");
		CHECK_EQ(write(fd, "after", 5), 5);
		expect_read(fd, "after");
		close(fd);
		CHECK_EQ(queue_count(), queues);
	}
}

TEST(without_a_descriptor_it_goes_whole)
{
	int queues = queue_count();
	char name[KMQ_NAME_SIZE];
	struct key key = key_new();
	__u32 id;

	close(named(name, KMQ_KIND_MESSAGE));
	close(keyed(&key, &id));
	CHECK_EQ(queue_count(), queues + 2);
	CHECK_OK(defer_name(name));
	CHECK_EQ(queue_count(), queues + 1);
	CHECK_OK(hub_remove_key(&key, KMQ_REMOVE_DEFER));
	CHECK_EQ(queue_count(), queues);
	CHECK_ERRNO(hub_put(id, 1, "x"), ENOENT);
}

TEST(a_new_queue_of_the_name_is_another)
{
	char name[KMQ_NAME_SIZE];
	int old = named(name, KMQ_KIND_MESSAGE), new;
	struct kmq_create create = { .flags = KMQ_CREATE_EXCLUSIVE | KMQ_CREATE_OPEN, .capacity = 4 };

	memcpy(create.name, name, sizeof(create.name));
	CHECK_ERRNO(ioctl(control(), KMQ_CTL_CREATE, &create), EEXIST);
	CHECK_OK(defer_name(name));
	new = queue_create(create);
	CHECK(info_of(old).id != info_of(new).id);
	put(new, 1, 0, "new");
	expect_empty(old);
	put(old, 1, 0, "old");
	expect_read(new, "new");
	/* The end of the old one leaves the new one its node and its name. */
	close(old);
	CHECK(node_exists(name));
	put(queue_open(name, O_WRONLY), 1, 0, "by its node");
	expect_read(new, "by its node");
	CHECK_OK(queue_remove(name));
}

TEST(a_new_queue_of_the_key_is_another)
{
	struct key key = key_new();
	__u32 first, second, third;
	int old = keyed(&key, &first), new;

	CHECK_OK(hub_remove_key(&key, KMQ_REMOVE_DEFER));
	new = keyed(&key, &second);
	CHECK(first != second);
	put(old, 1, 0, "old");
	expect_empty(new);
	close(old);
	close(keyed(&key, &third));
	CHECK_EQ(third, second);
	close(new);
	CHECK_OK(hub_remove(second, 0));
}

TEST(a_second_removal_is_ENOENT)
{
	char name[KMQ_NAME_SIZE];
	struct key key = key_new();
	int fd = named(name, KMQ_KIND_MESSAGE), other;
	__u32 id;

	other = keyed(&key, &id);
	CHECK_OK(defer_name(name));
	CHECK_ERRNO(defer_name(name), ENOENT);
	CHECK_ERRNO(queue_remove(name), ENOENT);
	CHECK_OK(hub_remove(id, KMQ_REMOVE_DEFER));
	CHECK_ERRNO(hub_remove_key(&key, KMQ_REMOVE_DEFER), ENOENT);
	CHECK_ERRNO(hub_remove_key(&key, 0), ENOENT);
	CHECK_ERRNO(hub_remove(id, KMQ_REMOVE_DEFER), ENOENT);
	close(fd);
	close(other);
}

TEST(the_id_ends_it_for_good)
{
	struct key key = key_new();
	__u32 id;
	int fd = keyed(&key, &id);

	CHECK_OK(hub_remove_key(&key, KMQ_REMOVE_DEFER));
	CHECK_EQ(hub_stat_of(id).key_size, 0);
	CHECK_OK(hub_put(id, 1, "by id"));
	expect_read(fd, "by id");
	CHECK_OK(hub_remove(id, 0));
	CHECK_ERRNO(write(fd, "x", 1), EIDRM);
	CHECK_ERRNO(hub_remove(id, 0), ENOENT);
}

TEST(every_kind_of_descriptor_keeps_it)
{
	int queues = queue_count(), sync[2];
	char name[KMQ_NAME_SIZE];
	int fd = named(name, KMQ_KIND_MESSAGE), second, copy;
	pid_t child;

	second = queue_open(name, O_RDONLY);
	copy = CHECK_OK(dup(fd));
	CHECK_OK(pipe(sync));
	CHILD(child) {
		char byte;

		close(second);
		close(copy);
		close(sync[1]);
		CHECK_EQ(read(sync[0], &byte, 1), 0);
		CHECK_EQ(write(fd, "child", 5), 5);
	}
	CHECK_OK(defer_name(name));
	close(fd);
	CHECK_EQ(info_of(second).descriptors, 2);
	close(copy);
	CHECK_EQ(queue_count(), queues + 1);
	close(sync[1]);
	child_join(child);
	expect_read(second, "child");
	WAIT_UNTIL(info_of(second).descriptors == 1);
	close(second);
	CHECK_EQ(queue_count(), queues);
}

TEST(who_sleeps_notices_nothing)
{
	char name[KMQ_NAME_SIZE];
	int fd = named(name, KMQ_KIND_MESSAGE);
	pid_t child;

	CHILD(child) {
		char body[8];

		CHECK_EQ(CHECK_OK(read(fd, body, sizeof(body))), 4);
	}
	wait_blocked_receivers(fd, 1);
	CHECK_OK(defer_name(name));
	CHECK_EQ(info_of(fd).blocked_receivers, 1);
	put(fd, 1, 0, "here");
	child_join(child);
}

TEST(who_sleeps_by_the_id_is_EIDRM_with_the_last_descriptor)
{
	struct key key = key_new();
	__u32 id;
	int fd = keyed(&key, &id);
	pid_t child;

	CHILD(child) {
		close(fd);
		CHECK_ERRNO(hub_wait_take(id, (char[8]){}, 8), EIDRM);
	}
	hub_wait_blocked(id, 0, 1);
	CHECK_OK(hub_remove_key(&key, KMQ_REMOVE_DEFER));
	hub_wait_blocked(id, 0, 1);
	close(fd);
	child_join(child);
}

TEST(its_space_counts_it_until_its_end)
{
	const __u32 before = hub_totals(15).index;
	struct key key = key_new(), other = key_new();
	struct kmq_hub_open open = OPENING(&key, .space = 15, .most_queues = before + 1, .weight = 10,
					   .most_weight = 10,
					   .flags = KMQ_HUB_CREATE | KMQ_HUB_DESCRIPTOR | KMQ_HUB_WRITE);
	struct kmq_hub_remove remove = { .space = 15, .key = ptr(key.bytes), .key_size = key.size,
					 .flags = KMQ_REMOVE_DEFER };
	struct kmq_hub_open more = OPENING(&other, .space = 15, .most_queues = before + 1);
	struct kmq_hub_open heavy = OPENING(&other, .space = 15, .weight = 1, .most_weight = 10);
	int fd = CHECK_OK(hub_open(&open));

	put(fd, 1, 0, "counts");
	CHECK_OK(ioctl(hub(), KMQ_HUB_REMOVE, &remove));
	CHECK_EQ(hub_totals(15).index, before + 1);
	CHECK_EQ(hub_totals(15).info.bytes, 6);
	CHECK_ERRNO(hub_open(&more), EDQUOT);
	CHECK_EQ(more.refused, KMQ_REFUSED_QUEUES);
	CHECK_ERRNO(hub_open(&heavy), EDQUOT);
	CHECK_EQ(heavy.refused, KMQ_REFUSED_WEIGHT);
	close(fd);
	CHECK_EQ(hub_totals(15).index, before);
	CHECK_OK(hub_open(&more));
	CHECK_OK(hub_remove(more.id, 0));
	CHECK_OK(hub_open(&heavy));
	CHECK_OK(hub_remove(heavy.id, 0));
}

TEST(an_ephemeral_queue_is_deferred_like_any)
{
	int queues = queue_count();
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 1);

	CHECK_OK(defer_name(name));
	CHECK(!node_exists(name));
	put(fd, 1, 0, "lives");
	close(fd);
	CHECK_EQ(queue_count(), queues);
}

TEST(its_settings_can_still_be_changed)
{
	char name[KMQ_NAME_SIZE];
	int fd = named(name, KMQ_KIND_MESSAGE), other;
	struct kmq_resize resize = { .capacity = 2 };
	struct key key = key_new();
	__u32 id;

	CHECK_OK(defer_name(name));
	CHECK_OK(ioctl(fd, KMQ_IOC_RESIZE, &resize));
	CHECK_EQ(info_of(fd).capacity, 2);
	CHECK(!node_exists(name));
	other = keyed(&key, &id);
	CHECK_OK(hub_remove(id, KMQ_REMOVE_DEFER));
	CHECK_OK(hub_set_mode(id, 0644));
	CHECK_EQ(info_of(other).mode, 0644);
	close(other);
}

TEST(to_defer_needs_the_right_to_remove)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .mode = 0666);
	pid_t child;

	CHILD(child) {
		control();
		become_user(1000);
		CHECK_ERRNO(defer_name(name), EPERM);
	}
	child_join(child);
	CHECK(node_exists(name));
	close(fd);
}

TEST(an_unknown_flag_removes_nothing)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 1);

	for (int bit = 1; bit < 32; bit++) {
		struct kmq_remove removal = { .flags = 1u << bit };

		memcpy(removal.name, name, sizeof(removal.name));
		CHECK_ERRNO(ioctl(control(), KMQ_CTL_REMOVE, &removal), EINVAL);
		removal.flags |= KMQ_REMOVE_DEFER;
		CHECK_ERRNO(ioctl(control(), KMQ_CTL_REMOVE, &removal), EINVAL);
	}
	CHECK(node_exists(name));
	close(fd);
}
