// SPDX-License-Identifier: GPL-2.0-only
/* The hub: finding, making, asking, changing and removing queues without a name. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "lib/hub.h"

/* An OPEN that must fail changes nothing, and makes nothing. */
static void expect_refused(struct kmq_hub_open open, int code)
{
	struct kmq_hub_open before = open;
	int queues = queue_count();

	CHECK_ERRNO(hub_open(&open), code);
	CHECK(!memcmp(&open, &before, sizeof(open)));
	CHECK_EQ(queue_count(), queues);
}

static __u32 made(struct kmq_hub_open open)
{
	CHECK_EQ(CHECK_OK(hub_open(&open)), 0);
	CHECK(open.id > 0);
	return open.id;
}

/* Without CREATE: the id, or 0. */
static __u32 found(const struct key *key, __u32 space)
{
	struct kmq_hub_open open = { .space = space, .key = ptr(key->bytes), .key_size = key->size };

	if (!hub_open(&open))
		return open.id;
	CHECK_EQ(errno, ENOENT);
	CHECK_EQ(open.id, 0);
	return 0;
}

/* ---- the node ---- */

TEST(the_hub_is_a_node_that_is_roots_alone_unless_told)
{
	struct stat status;

	CHECK_OK(stat(HUB_PATH, &status));
	CHECK(S_ISCHR(status.st_mode));
	CHECK_EQ(status.st_uid, 0);
	CHECK_EQ(status.st_gid, 0);
	CHECK_EQ(status.st_mode & 07777, 0600);
}

TEST(the_module_tells_that_it_has_a_hub)
{
	struct kmq_features features = {};

	CHECK_OK(ioctl(control(), KMQ_CTL_FEATURES, &features));
	CHECK(features.features & KMQ_FEATURE_HUB);
}

TEST(fdinfo_tells_a_descriptor_of_the_hub)
{
	char path[64], text[512] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", hub());
	fd = CHECK_OK(open(path, O_RDONLY));
	CHECK_OK(read(fd, text, sizeof(text) - 1));
	CHECK(strstr(text, "\nkmq-hub:\t1\n"));
}

TEST(no_name_of_a_queue_is_the_hubs)
{
	struct kmq_create create = { .name = ".hub", .flags = KMQ_CREATE_EXCLUSIVE };

	CHECK_ERRNO(ioctl(control(), KMQ_CTL_CREATE, &create), EINVAL);
}

TEST(the_hub_does_everything_whatever_it_was_opened_for)
{
	char body[8];
	__u32 id;

	hub_reopen(O_RDONLY);
	id = HUB_QUEUE(.capacity = 8);
	CHECK_EQ(CHECK_OK(hub_put(id, 1, "a")), 0);
	CHECK_EQ(CHECK_OK(hub_take(id, body, 8)), 1);
	CHECK_OK(hub_set_mode(id, 0644));
	hub_stat_of(id);
	CHECK_OK(hub_remove(id, 0));
}

TEST(commands_of_queues_and_of_the_hub_are_ENOTTY_at_each_other)
{
	static const unsigned int of_queues[] = {
		KMQ_IOC_SEND, KMQ_IOC_RECEIVE, KMQ_IOC_INFO, KMQ_IOC_PUT, KMQ_IOC_TAKE,
		KMQ_IOC_RESIZE, KMQ_CTL_CREATE, KMQ_CTL_NEXT, FIONREAD, 0, ~0u,
		_IOC(_IOC_WRITE, KMQ_IOC_MAGIC, 0x51, 40), _IOC(_IOC_READ, KMQ_IOC_MAGIC, 0x51, 48),
		_IOC(_IOC_WRITE, KMQ_IOC_MAGIC, 0x56, 48),
	};
	static const unsigned int of_hub[] = {
		KMQ_HUB_OPEN, KMQ_HUB_PUT, KMQ_HUB_TAKE, KMQ_HUB_STAT, KMQ_HUB_SET, KMQ_HUB_REMOVE,
	};
	char argument[1024] = "";
	int queue = QUEUE(.capacity = 1);

	for (unsigned int i = 0; i < sizeof(of_queues) / sizeof(of_queues[0]); i++)
		CHECK_ERRNO(ioctl(hub(), of_queues[i], argument), ENOTTY);
	for (unsigned int i = 0; i < sizeof(of_hub) / sizeof(of_hub[0]); i++) {
		CHECK_ERRNO(ioctl(queue, of_hub[i], argument), ENOTTY);
		CHECK_ERRNO(ioctl(control(), of_hub[i], argument), ENOTTY);
	}
}

/* ---- OPEN ---- */

TEST(a_key_finds_the_queue_that_was_made_with_it)
{
	struct key key = key_new();
	__u32 id;

	CHECK_EQ(found(&key, SPACE), 0);
	id = made(OPENING(&key));
	CHECK_EQ(found(&key, SPACE), id);
	CHECK_EQ(made(OPENING(&key)), id);
	CHECK_OK(hub_remove(id, 0));
	CHECK_EQ(found(&key, SPACE), 0);
}

TEST(another_process_finds_it_too)
{
	struct key key = key_new();
	__u32 id = made(OPENING(&key));
	pid_t child;

	CHILD(child) {
		hub_reopen(O_RDWR);
		CHECK_EQ(found(&key, SPACE), id);
		CHECK_OK(hub_put(id, 1, "across"));
	}
	child_join(child);
	CHECK_EQ(hub_stat_of(id).info.queued, 1);
	CHECK_OK(hub_remove(id, 0));
}

TEST(a_key_is_all_its_bytes)
{
	struct key whole = key_of("a\0b", 3), start = key_of("a\0", 2), other = key_of("a\0c", 3);
	__u32 ids[3] = { made(OPENING(&whole)), made(OPENING(&start)), made(OPENING(&other)) };

	CHECK(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
	CHECK_EQ(found(&whole, SPACE), ids[0]);
	CHECK_EQ(found(&start, SPACE), ids[1]);
	CHECK_EQ(found(&other, SPACE), ids[2]);
	for (int i = 0; i < 3; i++)
		CHECK_OK(hub_remove(ids[i], 0));
}

TEST(a_key_has_at_most_255_bytes)
{
	struct key key = { .size = KMQ_KEY_MAX }, back = {};
	struct kmq_hub_stat stat = {};
	char larger[KMQ_KEY_MAX + 1] = "";
	__u32 id;

	fill(key.bytes, sizeof(key.bytes), 5);
	id = made(OPENING(&key));
	CHECK_EQ(found(&key, SPACE), id);
	stat.id = id;
	stat.key = ptr(back.bytes);
	CHECK_OK(ioctl(hub(), KMQ_HUB_STAT, &stat));
	CHECK_EQ(stat.key_size, KMQ_KEY_MAX);
	CHECK(!memcmp(back.bytes, key.bytes, KMQ_KEY_MAX));
	expect_refused(OPENING(&key, .key = ptr(larger), .key_size = KMQ_KEY_MAX + 1), EINVAL);
	expect_refused(OPENING(&key, .key_size = ~0u), EINVAL);
	CHECK_OK(hub_remove(id, 0));
}

TEST(each_space_has_its_own_keys)
{
	struct key key = key_new();
	__u32 ids[KMQ_SPACE_MAX + 1];

	for (__u32 space = 1; space <= KMQ_SPACE_MAX; space++) {
		CHECK_EQ(found(&key, space), 0);
		ids[space] = made(OPENING(&key, .space = space));
	}
	for (__u32 space = 1; space <= KMQ_SPACE_MAX; space++) {
		CHECK_EQ(found(&key, space), ids[space]);
		CHECK_EQ(hub_stat_of(ids[space]).space, space);
		CHECK_OK(hub_remove(ids[space], 0));
		CHECK_EQ(found(&key, space), 0);
	}
}

TEST(without_a_key_it_is_a_new_queue_each_time)
{
	struct key none = {};
	__u32 first = made(OPENING(&none, .key = 0)), second = made(OPENING(&none, .key = 0));
	struct kmq_hub_open exclusive = OPENING(&none, .key = 0);
	struct kmq_hub_open absent = { .space = SPACE };

	exclusive.create.flags = KMQ_CREATE_EXCLUSIVE;
	CHECK(first != second);
	CHECK_OK(hub_put(first, 1, "of the first"));
	CHECK_EQ(hub_stat_of(second).info.queued, 0);
	expect_refused(absent, ENOENT);
	CHECK_OK(hub_remove(made(exclusive), 0));
	CHECK_OK(hub_remove(first, 0));
	CHECK_OK(hub_remove(second, 0));
}

TEST(an_absent_key_without_CREATE_is_ENOENT)
{
	struct key key = key_new();
	struct kmq_hub_open open = { .space = SPACE, .key = ptr(key.bytes), .key_size = key.size };

	expect_refused(open, ENOENT);
	open.flags = KMQ_HUB_DESCRIPTOR | KMQ_HUB_READ;
	expect_refused(open, ENOENT);
}

TEST(EXCLUSIVE_makes_it_or_is_EEXIST)
{
	struct key key = key_new();
	struct kmq_hub_open open = OPENING(&key);
	__u32 id;

	open.create.flags = KMQ_CREATE_EXCLUSIVE;
	id = made(open);
	expect_refused(open, EEXIST);
	open.flags |= KMQ_HUB_DESCRIPTOR | KMQ_HUB_READ;
	expect_refused(open, EEXIST);
	CHECK_OK(hub_remove(id, 0));
}

/* No number is left for a descriptor. */
TEST(EMFILE_makes_nothing_and_tells_nothing)
{
	struct key key = key_new();
	struct kmq_hub_open open = OPENING(&key, .flags = KMQ_HUB_CREATE | KMQ_HUB_DESCRIPTOR | KMQ_HUB_READ);
	struct rlimit before, none;
	__u32 id;

	hub();
	CHECK_OK(getrlimit(RLIMIT_NOFILE, &before));
	/* queue_count() has what it opens by now. */
	queue_count();
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = before.rlim_max };
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &none));
	expect_refused(open, EMFILE);
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &before));
	id = made(OPENING(&key));
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &none));
	expect_refused(open, EMFILE);
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &before));
	CHECK_OK(hub_remove(id, 0));
}

TEST(what_is_wrong_with_an_open_is_EINVAL)
{
	struct key key = key_new();

	expect_refused(OPENING(&key, .space = 0), EINVAL);
	expect_refused(OPENING(&key, .space = KMQ_SPACE_MAX + 1), EINVAL);
	expect_refused(OPENING(&key, .reserved32 = 1), EINVAL);
	expect_refused(OPENING(&key, .reserved = { 1, 0 }), EINVAL);
	expect_refused(OPENING(&key, .reserved = { 0, 1ull << 63 }), EINVAL);
	for (int bit = 6; bit < 32; bit++)
		expect_refused(OPENING(&key, .flags = KMQ_HUB_CREATE | 1u << bit), EINVAL);
	for (int bit = 3; bit < 32; bit++)
		expect_refused(OPENING(&key, .need = 1u << bit), EINVAL);
	expect_refused(OPENING(&key, .flags = KMQ_HUB_CREATE | KMQ_HUB_READ), EINVAL);
	expect_refused(OPENING(&key, .flags = KMQ_HUB_CREATE | KMQ_HUB_WRITE), EINVAL);
	expect_refused(OPENING(&key, .flags = KMQ_HUB_CREATE | KMQ_HUB_DESCRIPTOR), EINVAL);
}

/* What must not be said of a new queue of the hub. */
static void expect_bad_create(struct kmq_create create, int code)
{
	struct key key = key_new();

	expect_refused(OPENING(&key, .create = create), code);
}

TEST(what_is_wrong_with_the_new_queue_is_told)
{
	const __u32 flags = KMQ_CREATE_EXCLUSIVE | KMQ_CREATE_NONBLOCK | KMQ_CREATE_EXACT |
			    KMQ_CREATE_OVERTAKE;

	for (int bit = 0; bit < 32; bit++)
		if (!(flags & 1u << bit))
			expect_bad_create((struct kmq_create){ .flags = 1u << bit }, EINVAL);
	/* There is no descriptor to be so. */
	expect_bad_create((struct kmq_create){ .flags = KMQ_CREATE_NONBLOCK }, EINVAL);
	expect_bad_create((struct kmq_create){ .name = "named" }, EINVAL);
	expect_bad_create((struct kmq_create){ .name = { [31] = 'x' } }, EINVAL);
	expect_bad_create((struct kmq_create){ .kind = KMQ_KIND_RING }, EOPNOTSUPP);
	expect_bad_create((struct kmq_create){ .kind = 2 }, EINVAL);
	expect_bad_create((struct kmq_create){ .policy = 4 }, EINVAL);
	expect_bad_create((struct kmq_create){ .lifetime = KMQ_LIFETIME_EPHEMERAL }, EINVAL);
	expect_bad_create((struct kmq_create){ .lifetime = 2 }, EINVAL);
	expect_bad_create((struct kmq_create){ .capacity = KMQ_CAPACITY_MAX + 1 }, EINVAL);
	expect_bad_create((struct kmq_create){ .capacity = 4, .slots = 5 }, EINVAL);
	expect_bad_create((struct kmq_create){ .inline_size = 7 }, EINVAL);
	expect_bad_create((struct kmq_create){ .max_message = KMQ_MESSAGE_MAX + 1 }, EINVAL);
	expect_bad_create((struct kmq_create){ .max_message = 9, .byte_limit = 8 }, EINVAL);
	expect_bad_create((struct kmq_create){ .byte_limit = KMQ_BYTE_LIMIT_MAX + 1 }, EINVAL);
	expect_bad_create((struct kmq_create){ .mode = 01000 }, EINVAL);
	expect_bad_create((struct kmq_create){ .uid = 1 }, EINVAL);
	expect_bad_create((struct kmq_create){ .gid = 1 }, EINVAL);
	expect_bad_create((struct kmq_create){ .ring_mode = 1 }, EINVAL);
	expect_bad_create((struct kmq_create){ .reserved32 = 1 }, EINVAL);
	expect_bad_create((struct kmq_create){ .reserved64 = 1 }, EINVAL);
	expect_bad_create((struct kmq_create){ .reserved = { 1 } }, EINVAL);
}

TEST(without_CREATE_nothing_may_be_said_of_the_new_queue)
{
	struct key key = key_new();
	__u32 id = made(OPENING(&key));
	struct kmq_hub_open open = {
		.space = SPACE, .flags = KMQ_HUB_DESCRIPTOR | KMQ_HUB_READ,
		.key = ptr(key.bytes), .key_size = key.size,
	};

	open.create.capacity = 8;
	expect_refused(open, EINVAL);
	open.create.capacity = 0;
	open.create.flags = KMQ_CREATE_EXCLUSIVE;
	expect_refused(open, EINVAL);
	open.create.flags = KMQ_CREATE_NONBLOCK;
	CHECK_EQ(fcntl(CHECK_OK(hub_open(&open)), F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	CHECK_OK(hub_remove(id, 0));
}

TEST(settings_are_not_looked_at_if_the_queue_exists)
{
	struct key key = key_new();
	__u32 id = made(OPENING(&key));
	struct kmq_hub_open open = OPENING(&key, .most_queues = 1, .weight = 9, .most_weight = 1);

	open.create = (struct kmq_create){ .kind = 77, .policy = 9, .capacity = ~0u, .reserved32 = 1 };
	CHECK_EQ(made(open), id);
	CHECK_EQ(hub_stat_of(id).info.capacity, 8);
	CHECK_OK(hub_remove(id, 0));
}

TEST(zero_asks_for_the_defaults_and_with_EXACT_for_zero)
{
	__u32 id = HUB_QUEUE(.flags = 0);
	struct kmq_info info = hub_stat_of(id).info;

	CHECK_EQ(info.capacity, KMQ_CAPACITY_DEFAULT);
	CHECK_EQ(info.max_message, KMQ_MESSAGE_DEFAULT);
	CHECK_EQ(info.mode, KMQ_MODE_DEFAULT);
	CHECK_OK(hub_remove(id, 0));
	id = HUB_QUEUE(.flags = KMQ_CREATE_EXACT);
	info = hub_stat_of(id).info;
	CHECK_EQ(info.capacity, 0);
	CHECK_EQ(info.max_message, 0);
	CHECK_EQ(info.byte_limit, 0);
	CHECK_EQ(info.mode, 0);
	CHECK_ERRNO(hub_put(id, 1, ""), EAGAIN);
	CHECK_OK(hub_remove(id, 0));
	id = HUB_QUEUE(.flags = KMQ_CREATE_EXACT, .capacity = 2, .max_message = 100, .byte_limit = 3);
	CHECK_EQ(hub_stat_of(id).info.byte_limit, 3);
	CHECK_ERRNO(hub_put(id, 1, "four"), EAGAIN);
	CHECK_OK(hub_put(id, 1, "two"));
	CHECK_OK(hub_remove(id, 0));
}

TEST(a_named_queue_has_exactly_the_mode_0_too)
{
	char name[KMQ_NAME_SIZE];
	struct stat status;
	int fd = NAMED(name, .flags = KMQ_CREATE_EXACT, .capacity = 1, .max_message = 1, .byte_limit = 1);

	CHECK_OK(stat(queue_path(name), &status));
	CHECK_EQ(status.st_mode & 07777, 0);
	CHECK_EQ(info_of(fd).mode, 0);
}

TEST(a_descriptor_for_calls_takes_no_message_by_read_and_write)
{
	struct key key = key_new();
	struct kmq_hub_open open = OPENING(&key, .flags = KMQ_HUB_CREATE | KMQ_HUB_DESCRIPTOR | KMQ_HUB_READ |
					   KMQ_HUB_WRITE | KMQ_HUB_CALLS);
	struct kmq_notify notify = { .operation = KMQ_NOTIFY_ADD, .flags = KMQ_NOTIFY_SILENT, .show = { 1, 7 } };
	struct pollfd ready = { .events = POLLIN | POLLOUT };
	struct iovec part = { "x", 1 };
	char body[100] = "", want[100];
	int fd;

	expect_refused(OPENING(&key, .flags = KMQ_HUB_CREATE | KMQ_HUB_CALLS), EINVAL);
	fd = ready.fd = CHECK_OK(hub_open(&open));
	CHECK_ERRNO(write(fd, "x", 1), EINVAL);
	CHECK_ERRNO(writev(fd, &part, 1), EINVAL);
	CHECK_EQ(info_of(fd).queued, 0);
	CHECK_OK(ioctl(fd, KMQ_IOC_PUT, &(struct kmq_short){ .body = ptr("abc"), .size = 3, .type = 1 }));
	CHECK_OK(ioctl(fd, KMQ_IOC_NOTIFY, &notify));
	snprintf(want, sizeof(want), "QSIZE:%-10d NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n", 3, 1, 7, getpid());
	/* Once, and then the end; and again from any place. */
	CHECK_EQ(read(fd, body, sizeof(body)), strlen(want));
	CHECK(!memcmp(body, want, strlen(want)));
	CHECK_EQ(read(fd, body, sizeof(body)), 0);
	CHECK_EQ(pread(fd, body, sizeof(body), 6), strlen(want) - 6);
	CHECK(!memcmp(body, want + 6, strlen(want) - 6));
	CHECK_EQ(read(fd, body, sizeof(body)), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), strlen(want));
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(read(fd, body, 5), 5);
	CHECK_EQ(read(fd, body + 5, sizeof(body) - 5), strlen(want) - 5);
	CHECK(!memcmp(body, want, strlen(want)));
	CHECK_ERRNO(pread(fd, bad_address, 5, 0), EFAULT);
	CHECK_ERRNO(pwrite(fd, "x", 1, 0), EINVAL);
	CHECK_EQ(poll(&ready, 1, 0), 1);
	CHECK_EQ(ready.revents, POLLIN | POLLOUT);
	CHECK_EQ(ioctl(fd, KMQ_IOC_TAKE, &(struct kmq_short){ .body = ptr(body), .size = sizeof(body) }), 3);
	CHECK(!memcmp(body, "abc", 3));
	close(fd);
	CHECK_OK(hub_remove(open.id, 0));
}

TEST(the_mode_is_less_the_umask_only_if_told)
{
	struct key key = key_new(), masked = key_new();
	struct kmq_hub_open plain = OPENING(&key, .create = { .mode = 0777 });
	struct kmq_hub_open less = OPENING(&masked, .flags = KMQ_HUB_CREATE | KMQ_HUB_UMASK,
					   .create = { .mode = 0777 });
	__u32 ids[2];

	umask(0027);
	ids[0] = made(plain);
	ids[1] = made(less);
	CHECK_EQ(hub_stat_of(ids[0]).info.mode, 0777);
	CHECK_EQ(hub_stat_of(ids[1]).info.mode, 0750);
	CHECK_OK(hub_remove(ids[0], 0));
	CHECK_OK(hub_remove(ids[1], 0));
}

TEST(a_bad_address_is_EFAULT_and_leaves_no_queue)
{
	struct key key = key_new();
	struct kmq_hub_open open = OPENING(&key, .key = ptr(bad_address));
	struct kmq_hub_open *constant = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(constant != MAP_FAILED);
	expect_refused(open, EFAULT);
	CHECK_ERRNO(ioctl(hub(), KMQ_HUB_OPEN, bad_address), EFAULT);
	*constant = OPENING(&key);
	CHECK_OK(mprotect(constant, 4096, PROT_READ));
	for (int descriptor = 0; descriptor < 2; descriptor++) {
		int queues = queue_count();

		CHECK_ERRNO(hub_open(constant), EFAULT);
		CHECK_EQ(queue_count(), queues);
		CHECK_OK(mprotect(constant, 4096, PROT_READ | PROT_WRITE));
		constant->flags |= KMQ_HUB_DESCRIPTOR | KMQ_HUB_WRITE;
		CHECK_OK(mprotect(constant, 4096, PROT_READ));
	}
	CHECK_EQ(found(&key, SPACE), 0);
}

TEST(a_queue_that_exists_survives_a_bad_address)
{
	struct key key = key_new();
	__u32 id = made(OPENING(&key));
	struct kmq_hub_open *constant = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*constant = OPENING(&key, .flags = KMQ_HUB_DESCRIPTOR | KMQ_HUB_READ, .create = {});
	CHECK_OK(mprotect(constant, 4096, PROT_READ));
	CHECK_ERRNO(hub_open(constant), EFAULT);
	CHECK_EQ(found(&key, SPACE), id);
	CHECK_EQ(hub_stat_of(id).info.descriptors, 0);
	CHECK_OK(hub_remove(id, 0));
}

TEST(a_descriptor_is_open_for_what_was_asked)
{
	static const __u32 access[] = { KMQ_HUB_READ, KMQ_HUB_WRITE, KMQ_HUB_READ | KMQ_HUB_WRITE };
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	struct key key = key_new();
	char byte = 0;
	__u32 id = 0;

	for (int i = 0; i < 6; i++) {
		/* Of a new one, then of one that exists. */
		struct kmq_hub_open open = OPENING(&key, .flags = KMQ_HUB_CREATE | KMQ_HUB_DESCRIPTOR |
							 access[i % 3]);
		int fd;

		open.create.flags = i & 1 ? KMQ_CREATE_NONBLOCK : 0;
		fd = CHECK_OK(hub_open(&open));
		CHECK(!id || id == open.id);
		id = open.id;
		CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK),
			 modes[i % 3] | (i & 1 ? O_NONBLOCK : 0));
		CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
		CHECK_EQ(hub_stat_of(id).info.descriptors, 1);
		if (access[i % 3] & KMQ_HUB_WRITE)
			CHECK_EQ(write(fd, "x", 1), 1);
		else
			CHECK_ERRNO(write(fd, "x", 1), EBADF);
		if (access[i % 3] == KMQ_HUB_WRITE)
			CHECK_ERRNO(read(fd, &byte, 1), EBADF);
		else
			CHECK_EQ(hub_put(id, 1, "y") + read(fd, &byte, 1), 1);
		close(fd);
		if (i == 2) {
			CHECK_OK(hub_remove(id, 0));
			id = 0;
			CHECK_OK(hub_open(&(struct kmq_hub_open){ .space = SPACE, .flags = KMQ_HUB_CREATE,
				 .key = ptr(key.bytes), .key_size = key.size }));
		}
	}
	CHECK_OK(hub_remove_key(&key, 0));
}

TEST(the_queue_outlives_its_descriptors)
{
	struct key key = key_new();
	struct kmq_hub_open open = OPENING(&key, .flags = KMQ_HUB_CREATE | KMQ_HUB_DESCRIPTOR | KMQ_HUB_WRITE);
	int fd = CHECK_OK(hub_open(&open));

	put(fd, 1, 0, "stays");
	close(fd);
	CHECK_EQ(found(&key, SPACE), open.id);
	CHECK_EQ(hub_stat_of(open.id).info.queued, 1);
	CHECK_OK(hub_remove(open.id, 0));
}

TEST(both_doors_lead_to_the_same_messages)
{
	struct key key = key_new();
	struct kmq_hub_open open = OPENING(&key, .flags = KMQ_HUB_CREATE | KMQ_HUB_DESCRIPTOR |
						 KMQ_HUB_READ | KMQ_HUB_WRITE);
	int fd = CHECK_OK(hub_open(&open));
	char body[32];

	put(fd, 3, 0, "by descriptor");
	CHECK_EQ(CHECK_OK(hub_take(open.id, body, sizeof(body))), 13);
	CHECK(!memcmp(body, "by descriptor", 13));
	CHECK_OK(hub_put(open.id, 4, "by id"));
	take(fd, "by id");
	CHECK_EQ(info_of(fd).id, open.id);
	close(fd);
	CHECK_OK(hub_remove(open.id, 0));
}

/* ---- limits ---- */

static void expect_over(struct kmq_hub_open open, __u32 refused)
{
	int queues = queue_count();

	open.refused = 0x5a5a;
	CHECK_ERRNO(hub_open(&open), EDQUOT);
	CHECK_EQ(open.refused, refused);
	CHECK_EQ(queue_count(), queues);
}

TEST(a_space_takes_no_more_queues_than_the_opener_says)
{
	const __u32 before = hub_totals(11).index;
	struct key keys[3] = { key_new(), key_new(), key_new() };
	__u32 ids[3];

	for (int i = 0; i < 2; i++)
		ids[i] = made(OPENING(&keys[i], .space = 11, .most_queues = before + 2));
	expect_over(OPENING(&keys[2], .space = 11, .most_queues = before + 2), KMQ_REFUSED_QUEUES);
	/* An existing one is found all the same, and another space is another. */
	CHECK_EQ(made(OPENING(&keys[0], .space = 11, .most_queues = 1)), ids[0]);
	ids[2] = made(OPENING(&keys[2], .space = 12, .most_queues = hub_totals(12).index + 1));
	CHECK_OK(hub_remove(ids[2], 0));
	CHECK_OK(hub_remove(ids[1], 0));
	ids[1] = made(OPENING(&keys[2], .space = 11, .most_queues = before + 2));
	CHECK_OK(hub_remove(ids[0], 0));
	CHECK_OK(hub_remove(ids[1], 0));
}

TEST(what_a_user_made_in_a_space_weighs_no_more_than_the_opener_says)
{
	struct key keys[3] = { key_new(), key_new(), key_new() };
	__u32 ids[2];

	ids[0] = made(OPENING(&keys[0], .space = 13, .weight = 600, .most_weight = 1000));
	expect_over(OPENING(&keys[1], .space = 13, .weight = 401, .most_weight = 1000), KMQ_REFUSED_WEIGHT);
	expect_over(OPENING(&keys[1], .space = 13, .weight = ~0ull, .most_weight = 1000), KMQ_REFUSED_WEIGHT);
	ids[1] = made(OPENING(&keys[1], .space = 13, .weight = 400, .most_weight = 1000));
	expect_over(OPENING(&keys[2], .space = 13, .weight = 1, .most_weight = 1000), KMQ_REFUSED_WEIGHT);
	/* Not looked at, and nothing. */
	CHECK_OK(hub_remove(made(OPENING(&keys[2], .space = 13, .weight = 1)), 0));
	CHECK_OK(hub_remove(made(OPENING(&keys[2], .space = 13, .most_weight = 1000)), 0));
	CHECK_OK(hub_remove(made(OPENING(&keys[2], .space = 12, .weight = 1000, .most_weight = 1000)), 0));
	CHECK_OK(hub_remove(ids[0], 0));
	ids[0] = made(OPENING(&keys[0], .space = 13, .weight = 600, .most_weight = 1000));
	CHECK_OK(hub_remove(ids[0], 0));
	CHECK_OK(hub_remove(ids[1], 0));
}

TEST(weights_are_of_the_real_user_who_made_the_queue)
{
	struct key mine = key_new(), his = key_new(), more = key_new();
	__u32 id = made(OPENING(&mine, .space = 13, .weight = 1000, .most_weight = 1000));
	pid_t child;

	CHILD(child) {
		__u32 other;

		become(1003, 1003, 0);
		other = made(OPENING(&his, .space = 13, .weight = 1000, .most_weight = 1000));
		expect_over(OPENING(&more, .space = 13, .weight = 1, .most_weight = 1000),
			    KMQ_REFUSED_WEIGHT);
		/* To give it away does not lighten it. */
		CHECK_OK(hub_set_owner(other, 1004, 1004));
		expect_over(OPENING(&more, .space = 13, .weight = 1, .most_weight = 1000),
			    KMQ_REFUSED_WEIGHT);
		CHECK_OK(hub_remove(other, 0));
	}
	child_join(child);
	CHECK_OK(hub_remove(id, 0));
}

TEST(the_modules_own_quota_is_told_as_such)
{
	struct key key = key_new();
	struct kmq_hub_open open = OPENING(&key, .create = { .capacity = KMQ_CAPACITY_MAX,
							     .inline_size = KMQ_INLINE_MAX });

	expect_over(open, KMQ_REFUSED_QUOTA);
	open.create.slots = 8;
	open.create.max_message = KMQ_INLINE_MAX;
	CHECK_OK(hub_remove(made(open), 0));
}

TEST(a_refusal_for_the_space_comes_before_the_modules)
{
	struct key key = key_new(), first = key_new();
	__u32 id = made(OPENING(&first, .space = 14));

	expect_over(OPENING(&key, .space = 14, .most_queues = 1,
			    .create = { .capacity = KMQ_CAPACITY_MAX, .inline_size = KMQ_INLINE_MAX }),
		    KMQ_REFUSED_QUEUES);
	CHECK_OK(hub_remove(id, 0));
}

/* ---- ids ---- */

static void expect_no_queue(__u32 id)
{
	struct kmq_hub_stat stat;
	char body[8];

	CHECK_ERRNO(hub_put(id, 1, "x"), ENOENT);
	CHECK_ERRNO(hub_take(id, body, sizeof(body)), ENOENT);
	CHECK_ERRNO(hub_stat(id, 0, &stat), ENOENT);
	CHECK_ERRNO(hub_stat(id, KMQ_HUB_ANY, &stat), ENOENT);
	CHECK_ERRNO(hub_set_mode(id, 0600), ENOENT);
	if (id)
		CHECK_ERRNO(hub_remove(id, 0), ENOENT);
}

TEST(an_id_that_is_no_queues_is_ENOENT)
{
	static const __u32 ids[] = { 0, 0x7fffffff, 0x80000000, ~0u, (1u << 20) - 1, 1u << 20 };
	__u32 id = HUB_QUEUE(.capacity = 1);

	for (unsigned int i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		expect_no_queue(ids[i]);
	/* The same place in a table is not the same id. */
	expect_no_queue(id + 32768);
	expect_no_queue(id ^ 0x80000000);
	CHECK_OK(hub_remove(id, 0));
}

TEST(the_id_of_a_removed_queue_is_ENOENT)
{
	__u32 id = HUB_QUEUE(.capacity = 1);

	CHECK_OK(hub_put(id, 1, "gone"));
	CHECK_OK(hub_remove(id, 0));
	expect_no_queue(id);
}

TEST(queues_that_were_made_elsewhere_are_not_to_be_reached)
{
	char name[KMQ_NAME_SIZE];
	int named = NAMED(name, .mode = 0666), nameless = QUEUE(.mode = 0666);

	expect_no_queue(info_of(named).id);
	expect_no_queue(info_of(nameless).id);
}

TEST(an_id_is_not_given_anew_while_others_are_unused)
{
	__u32 first = HUB_QUEUE(.capacity = 1), second;

	CHECK_OK(hub_remove(first, 0));
	second = HUB_QUEUE(.capacity = 1);
	CHECK(second != first);
	CHECK_OK(hub_remove(second, 0));
}

TEST(queues_whose_places_in_the_table_collide_have_other_ids)
{
	__u32 first = HUB_QUEUE(.capacity = 1), id = first, second;
	uint64_t end = after_ms(40000);

	/* Ids are given in a circle: up to the one that has the same place. */
	while (id - first < 32767) {
		int fd = QUEUE(.capacity = 1, .inline_size = 8);

		id = info_of(fd).id;
		close(fd);
		if (now() > end || id < first) {
			CHECK_OK(hub_remove(first, 0));
			skip_test(id < first ? "the circle of ids has ended just here" :
					       "32768 ids take longer than 40 s here");
		}
	}
	second = HUB_QUEUE(.capacity = 1);
	CHECK(second - first > 32768);
	CHECK_OK(hub_put(first, 1, "first"));
	CHECK_EQ(hub_stat_of(second).info.queued, 0);
	CHECK_EQ(hub_stat_of(first).info.queued, 1);
	CHECK_OK(hub_remove(first, 0));
	CHECK_OK(hub_put(second, 1, "second"));
	CHECK_OK(hub_remove(second, 0));
}

/* ---- PUT and TAKE ---- */

TEST(a_message_goes_by_the_id)
{
	__u32 id = HUB_QUEUE(.capacity = 8);
	char body[16];
	struct kmq_short typed = { .body = ptr(body), .size = sizeof(body), .id = id,
				   .select = KMQ_SELECT_EQUAL, .type = 5 };

	CHECK_EQ(CHECK_OK(hub_put(id, 4, "four")), 0);
	CHECK_EQ(CHECK_OK(hub_put(id, 5, "fifth")), 0);
	CHECK_EQ(CHECK_OK(ioctl(hub(), KMQ_HUB_TAKE, &typed)), 5);
	CHECK(!memcmp(body, "fifth", 5));
	CHECK_EQ(CHECK_OK(hub_take(id, body, sizeof(body))), 4);
	CHECK_ERRNO(hub_take(id, body, sizeof(body)), EAGAIN);
	CHECK_OK(hub_remove(id, 0));
}

TEST(what_is_wrong_with_a_message_is_told_by_the_hub_too)
{
	__u32 id = HUB_QUEUE(.capacity = 1, .max_message = 8);
	char body[16] = "";
	struct kmq_short good = { .body = ptr(body), .size = 8, .type = 1, .id = id, .flags = KMQ_DONTWAIT };
	struct kmq_short bad = good;

	CHECK_ERRNO(ioctl(hub(), KMQ_HUB_PUT, bad_address), EFAULT);
	CHECK_ERRNO(ioctl(hub(), KMQ_HUB_TAKE, bad_address), EFAULT);
	bad.size = 9;
	CHECK_ERRNO(ioctl(hub(), KMQ_HUB_PUT, &bad), EMSGSIZE);
	bad = good;
	bad.type = 0;
	CHECK_ERRNO(ioctl(hub(), KMQ_HUB_PUT, &bad), EINVAL);
	bad = good;
	bad.flags = 1u << 31;
	CHECK_ERRNO(ioctl(hub(), KMQ_HUB_PUT, &bad), EINVAL);
	CHECK_ERRNO(ioctl(hub(), KMQ_HUB_TAKE, &bad), EINVAL);
	bad = good;
	bad.body = ptr(bad_address);
	CHECK_ERRNO(ioctl(hub(), KMQ_HUB_PUT, &bad), EFAULT);
	CHECK_OK(ioctl(hub(), KMQ_HUB_PUT, &good));
	CHECK_ERRNO(ioctl(hub(), KMQ_HUB_PUT, &good), EAGAIN);
	bad.type = 0;
	CHECK_ERRNO(ioctl(hub(), KMQ_HUB_TAKE, &bad), EFAULT);
	CHECK_ERRNO(hub_take(id, body, 7), EMSGSIZE);
	CHECK_EQ(hub_stat_of(id).info.queued, 1);
	CHECK_OK(hub_remove(id, 0));
}

TEST(O_NONBLOCK_on_the_hub_keeps_nobody_who_shares_it_from_sleeping)
{
	__u32 id = HUB_QUEUE(.capacity = 1);
	pid_t child;

	CHECK_OK(fcntl(hub(), F_SETFL, O_NONBLOCK));
	CHILD(child)
		CHECK_EQ(CHECK_OK(hub_wait_take(id, (char[8]){}, 8)), 1);
	hub_wait_blocked(id, 0, 1);
	CHECK_OK(hub_put(id, 1, "a"));
	child_join(child);
	CHECK_OK(hub_put(id, 1, "b"));
	CHECK_ERRNO(hub_put(id, 1, "c"), EAGAIN);
	CHILD(child)
		CHECK_OK(hub_wait_put(id, 1, "d"));
	hub_wait_blocked(id, 1, 0);
	CHECK_EQ(CHECK_OK(hub_take(id, (char[8]){}, 8)), 1);
	child_join(child);
	CHECK_OK(hub_remove(id, 0));
}

TEST(sleepers_by_the_id_are_woken_by_what_they_wait_for)
{
	__u32 id = HUB_QUEUE(.capacity = 1);
	pid_t child;

	CHILD(child) {
		char body[8];

		CHECK_EQ(CHECK_OK(hub_wait_take(id, body, 8)), 5);
	}
	hub_wait_blocked(id, 0, 1);
	CHECK_OK(hub_put(id, 1, "first"));
	child_join(child);
	CHECK_OK(hub_put(id, 1, "fills"));
	CHILD(child)
		CHECK_OK(hub_wait_put(id, 1, "waits"));
	hub_wait_blocked(id, 1, 0);
	CHECK_EQ(CHECK_OK(hub_take(id, (char[8]){}, 8)), 5);
	child_join(child);
	CHECK_EQ(hub_stat_of(id).info.queued, 1);
	CHECK_OK(hub_remove(id, 0));
}

TEST(removal_under_a_sleeper_is_EIDRM)
{
	__u32 id = HUB_QUEUE(.capacity = 1), full = HUB_QUEUE(.capacity = 1);
	pid_t receiver, sender;

	CHECK_OK(hub_put(full, 1, "full"));
	CHILD(receiver)
		CHECK_ERRNO(hub_wait_take(id, (char[8]){}, 8), EIDRM);
	CHILD(sender)
		CHECK_ERRNO(hub_wait_put(full, 1, "never"), EIDRM);
	hub_wait_blocked(id, 0, 1);
	hub_wait_blocked(full, 1, 0);
	CHECK_OK(hub_remove(id, 0));
	CHECK_OK(hub_remove(full, 0));
	child_join(receiver);
	child_join(sender);
}

/* ---- STAT ---- */

TEST(STAT_tells_what_is_known_of_a_queue)
{
	struct key key = key_new();
	__u64 start = time(NULL);
	__u32 id = made(OPENING(&key, .create = { .capacity = 9, .mode = 0640 }));
	struct kmq_hub_stat stat = hub_stat_of(id);
	pid_t sender, receiver;

	CHECK_EQ(stat.id, id);
	CHECK_EQ(stat.space, SPACE);
	CHECK_EQ(stat.key_size, key.size);
	CHECK_EQ(stat.index, 0);
	CHECK_EQ(stat.highest, 0);
	CHECK_EQ(stat.creator_uid, 0);
	CHECK_EQ(stat.creator_gid, 0);
	CHECK_EQ(stat.info.uid, 0);
	CHECK_EQ(stat.info.gid, 0);
	CHECK_EQ(stat.info.mode, 0640);
	CHECK_EQ(stat.info.capacity, 9);
	CHECK_EQ(stat.info.name[0], 0);
	CHECK_EQ(stat.info.lifetime, KMQ_LIFETIME_PERSISTENT);
	CHECK_EQ(stat.last_sender, 0);
	CHECK_EQ(stat.last_receiver, 0);
	CHECK_EQ(stat.notify_pid, 0);
	CHECK_EQ(stat.last_send, 0);
	CHECK_EQ(stat.last_receive, 0);
	CHECK(stat.last_change >= start && stat.last_change <= (__u64)time(NULL));

	CHILD(sender)
		CHECK_OK(hub_put(id, 1, "told"));
	child_join(sender);
	stat = hub_stat_of(id);
	CHECK_EQ(stat.last_sender, sender);
	CHECK(stat.last_send >= start && stat.last_send <= (__u64)time(NULL));
	CHECK_EQ(stat.last_receive, 0);
	CHECK_EQ(stat.info.queued, 1);
	CHECK_EQ(stat.info.bytes, 4);
	CHILD(receiver)
		CHECK_OK(hub_take(id, (char[8]){}, 8));
	child_join(receiver);
	stat = hub_stat_of(id);
	CHECK_EQ(stat.last_sender, sender);
	CHECK_EQ(stat.last_receiver, receiver);
	CHECK(stat.last_receive >= stat.last_send && stat.last_receive <= (__u64)time(NULL));
	CHECK_OK(hub_remove(id, 0));
}

TEST(STAT_of_a_queue_without_a_key_has_none)
{
	__u32 id = HUB_QUEUE(.capacity = 1);
	char bytes[KMQ_KEY_MAX] = "untouched";
	struct kmq_hub_stat stat = { .id = id, .key = ptr(bytes) };

	CHECK_OK(ioctl(hub(), KMQ_HUB_STAT, &stat));
	CHECK_EQ(stat.key_size, 0);
	CHECK(!strcmp(bytes, "untouched"));
	CHECK_OK(hub_remove(id, 0));
}

static void expect_bad_stat(struct kmq_hub_stat stat, int code)
{
	struct kmq_hub_stat before = stat;

	CHECK_ERRNO(ioctl(hub(), KMQ_HUB_STAT, &stat), code);
	CHECK(!memcmp(&stat, &before, sizeof(stat)));
}

TEST(what_is_wrong_with_a_STAT_is_EINVAL)
{
	struct key key = key_new();
	__u32 id = made(OPENING(&key));

	for (int bit = 3; bit < 32; bit++)
		expect_bad_stat((struct kmq_hub_stat){ .id = id, .flags = 1u << bit }, EINVAL);
	for (int i = 0; i < 2; i++) {
		struct kmq_hub_stat stat = { .id = id };

		stat.reserved[i] = 1ull << 20 * i;
		expect_bad_stat(stat, EINVAL);
	}
	expect_bad_stat((struct kmq_hub_stat){ .id = id, .space = SPACE }, EINVAL);
	expect_bad_stat((struct kmq_hub_stat){ .id = id, .key_size = 1 }, EINVAL);
	expect_bad_stat((struct kmq_hub_stat){ .id = id, .index = 1 }, EINVAL);
	expect_bad_stat((struct kmq_hub_stat){ .id = id, .highest = 1 }, EINVAL);
	expect_bad_stat((struct kmq_hub_stat){ .id = id, .reserved32 = 1 }, EINVAL);
	for (__u32 flag = KMQ_HUB_INDEX; flag <= KMQ_HUB_TOTALS; flag += KMQ_HUB_TOTALS - KMQ_HUB_INDEX) {
		expect_bad_stat((struct kmq_hub_stat){ .flags = flag }, EINVAL);
		expect_bad_stat((struct kmq_hub_stat){ .flags = flag, .space = KMQ_SPACE_MAX + 1 }, EINVAL);
		expect_bad_stat((struct kmq_hub_stat){ .flags = flag, .space = SPACE, .id = id }, EINVAL);
	}
	expect_bad_stat((struct kmq_hub_stat){ .flags = KMQ_HUB_INDEX | KMQ_HUB_TOTALS, .space = SPACE }, EINVAL);
	expect_bad_stat((struct kmq_hub_stat){ .flags = KMQ_HUB_TOTALS, .space = SPACE, .index = 1 }, EINVAL);
	CHECK_ERRNO(ioctl(hub(), KMQ_HUB_STAT, bad_address), EFAULT);
	expect_bad_stat((struct kmq_hub_stat){ .id = id, .key = ptr(bad_address) }, EFAULT);
	CHECK_OK(hub_remove(id, 0));
}

/* By its index in a space that nobody else is in: the id; or 0, which is EINVAL. */
static __u32 at(__u32 space, __u32 index)
{
	struct kmq_hub_stat stat = { .flags = KMQ_HUB_INDEX | KMQ_HUB_ANY, .space = space, .index = index };

	if (!ioctl(hub(), KMQ_HUB_STAT, &stat))
		return stat.id;
	CHECK_EQ(errno, EINVAL);
	return 0;
}

TEST(a_queue_keeps_its_index_while_others_come_and_go)
{
	struct key none = {};
	__u32 ids[4], again;

	CHECK_EQ(hub_totals(13).index, 0);
	CHECK_EQ(hub_totals(13).highest, 0);
	for (int i = 0; i < 4; i++)
		ids[i] = made(OPENING(&none, .space = 13));
	for (int i = 0; i < 4; i++)
		CHECK_EQ(at(13, i), ids[i]);
	CHECK_EQ(at(13, 4), 0);
	CHECK_EQ(at(13, ~0u), 0);
	CHECK_EQ(hub_totals(13).highest, 3);
	CHECK_OK(hub_remove(ids[0], 0));
	CHECK_OK(hub_remove(ids[2], 0));
	CHECK_EQ(at(13, 0), 0);
	CHECK_EQ(at(13, 1), ids[1]);
	CHECK_EQ(at(13, 2), 0);
	CHECK_EQ(at(13, 3), ids[3]);
	CHECK_EQ(hub_totals(13).index, 2);
	CHECK_EQ(hub_totals(13).highest, 3);
	/* The lowest that is free, whatever its id. */
	again = made(OPENING(&none, .space = 13));
	CHECK_EQ(at(13, 0), again);
	CHECK_OK(hub_remove(ids[3], 0));
	CHECK_EQ(hub_totals(13).highest, 1);
	CHECK_OK(hub_remove(ids[1], 0));
	CHECK_OK(hub_remove(again, 0));
	CHECK_EQ(hub_totals(13).highest, 0);
	CHECK_EQ(at(13, 0), 0);
}

TEST(who_walks_by_INDEX_and_removes_leaves_none)
{
	struct key none = {};

	for (int i = 0; i < 5; i++)
		made(OPENING(&none, .space = 14));
	for (__u32 index = 0, highest = hub_totals(14).highest; index <= highest; index++)
		CHECK_OK(hub_remove(at(14, index), 0));
	CHECK_EQ(hub_totals(14).index, 0);
}

TEST(a_creation_that_fails_takes_no_index)
{
	struct key none = {};
	struct kmq_hub_open refused = OPENING(&none, .space = 14, .most_queues = 1);
	__u32 first = made(OPENING(&none, .space = 14)), second;

	CHECK_ERRNO(hub_open(&refused), EDQUOT);
	second = made(OPENING(&none, .space = 14));
	CHECK_EQ(at(14, 1), second);
	CHECK_OK(hub_remove(first, 0));
	CHECK_OK(hub_remove(second, 0));
}

TEST(INDEX_walks_a_space)
{
	struct kmq_hub_stat stat;
	__u32 ids[3], met = 0, index;

	for (int i = 0; i < 3; i++) {
		struct key key = key_new();

		ids[i] = made(OPENING(&key, .space = 9));
		key = key_new();
		/* Of another space, and in between. */
		CHECK_OK(hub_open(&OPENING(&key, .space = 10)));
	}
	for (index = 0;; index++) {
		stat = (struct kmq_hub_stat){ .flags = KMQ_HUB_INDEX, .space = 9, .index = index };
		if (ioctl(hub(), KMQ_HUB_STAT, &stat))
			break;
		CHECK_EQ(stat.index, index);
		CHECK_EQ(stat.space, 9);
		for (int i = 0; i < 3; i++)
			met += stat.id == ids[i];
	}
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(met, 3);
	CHECK_EQ(hub_totals(9).index, index);
	for (int i = 0; i < 3; i++)
		CHECK_OK(hub_remove(ids[i], 0));
	for (int i = 0; i < 3; i++)
		CHECK_OK(hub_remove(at(10, i), 0));
}

TEST(TOTALS_sum_over_a_space)
{
	struct kmq_hub_stat before = hub_totals(8), after;
	struct key keys[2] = { key_new(), key_new() };
	__u32 ids[2] = { made(OPENING(&keys[0], .space = 8)), made(OPENING(&keys[1], .space = 8)) };
	__u32 other = HUB_QUEUE(.capacity = 1);

	CHECK_OK(hub_put(ids[0], 1, "one"));
	CHECK_OK(hub_put(ids[0], 1, "more"));
	CHECK_OK(hub_put(ids[1], 1, ""));
	CHECK_OK(hub_put(other, 1, "elsewhere"));
	after = hub_totals(8);
	CHECK_EQ(after.index, before.index + 2);
	CHECK_EQ(after.info.queued, before.info.queued + 3);
	CHECK_EQ(after.info.bytes, before.info.bytes + 7);
	CHECK_EQ(after.id, 0);
	CHECK_EQ(after.space, 8);
	for (int i = 0; i < 2; i++)
		CHECK_OK(hub_remove(ids[i], 0));
	CHECK_EQ(hub_totals(8).index, before.index);
	CHECK_OK(hub_remove(other, 0));
}

/* ---- SET ---- */

TEST(SET_changes_what_it_is_told_and_nothing_else)
{
	__u32 id = HUB_QUEUE(.capacity = 8, .max_message = 100, .byte_limit = 800);
	struct kmq_info before = hub_stat_of(id).info, after;
	struct kmq_hub_set set = { .id = id, .what = KMQ_HUB_SET_CAPACITY, .capacity = 3 };

	CHECK_OK(hub_set_mode(id, 0));
	CHECK_OK(hub_set_owner(id, 12, 13));
	CHECK_OK(ioctl(hub(), KMQ_HUB_SET, &set));
	after = hub_stat_of(id).info;
	CHECK_EQ(after.mode, 0);
	CHECK_EQ(after.uid, 12);
	CHECK_EQ(after.gid, 13);
	CHECK_EQ(after.capacity, 3);
	CHECK_EQ(after.byte_limit, 800);
	CHECK_EQ(hub_stat_of(id).creator_uid, 0);
	CHECK_OK(hub_set_bytes(id, 5));
	CHECK_EQ(hub_stat_of(id).info.byte_limit, 5);
	after.mode = before.mode;
	after.uid = after.gid = 0;
	after.capacity = 8;
	CHECK(!memcmp(&before, &after, sizeof(before)));
	CHECK_OK(hub_remove(id, 0));
}

TEST(SET_to_zero_lets_nothing_in_and_keeps_what_is_there)
{
	__u32 id = HUB_QUEUE(.capacity = 8, .max_message = 100);
	struct kmq_hub_set set = { .id = id, .what = KMQ_HUB_SET_CAPACITY | KMQ_HUB_SET_BYTES };

	CHECK_OK(hub_put(id, 1, "kept"));
	CHECK_OK(ioctl(hub(), KMQ_HUB_SET, &set));
	CHECK_ERRNO(hub_put(id, 1, "x"), EAGAIN);
	CHECK_EQ(CHECK_OK(hub_take(id, (char[8]){}, 8)), 4);
	CHECK_ERRNO(hub_put(id, 1, ""), EAGAIN);
	set.capacity = 1;
	CHECK_OK(ioctl(hub(), KMQ_HUB_SET, &set));
	CHECK_OK(hub_put(id, 1, ""));
	CHECK_OK(hub_remove(id, 0));
}

TEST(larger_limits_wake_a_sender)
{
	__u32 id = HUB_QUEUE(.flags = KMQ_CREATE_EXACT, .capacity = 8, .max_message = 100, .byte_limit = 3,
			     .mode = 0600);
	pid_t child;

	CHILD(child)
		CHECK_OK(hub_wait_put(id, 1, "four"));
	hub_wait_blocked(id, 1, 0);
	CHECK_OK(hub_set_bytes(id, 2));
	hub_wait_blocked(id, 1, 0);
	CHECK_OK(hub_set_bytes(id, 4));
	child_join(child);
	CHECK_OK(hub_remove(id, 0));
}

TEST(what_is_wrong_with_a_SET_changes_nothing)
{
	__u32 id = HUB_QUEUE(.capacity = 8, .max_message = 100);
	const struct kmq_hub_set bad[] = {
		{ .id = id },
		{ .id = id, .what = KMQ_HUB_SET_MODE | 1u << 4 },
		{ .id = id, .what = KMQ_HUB_SET_MODE | 1u << 31 },
		{ .id = id, .what = KMQ_HUB_SET_MODE, .mode = 01000 },
		{ .id = id, .what = KMQ_HUB_SET_MODE, .uid = 1 },
		{ .id = id, .what = KMQ_HUB_SET_MODE, .gid = 1 },
		{ .id = id, .what = KMQ_HUB_SET_MODE, .capacity = 1 },
		{ .id = id, .what = KMQ_HUB_SET_MODE, .byte_limit = 1 },
		{ .id = id, .what = KMQ_HUB_SET_OWNER, .mode = 1 },
		{ .id = id, .what = KMQ_HUB_SET_MODE, .reserved = { 1, 0 } },
		{ .id = id, .what = KMQ_HUB_SET_MODE, .reserved = { 0, 1 } },
		{ .id = id, .what = KMQ_HUB_SET_OWNER, .uid = ~0u },
		{ .id = id, .what = KMQ_HUB_SET_OWNER, .gid = ~0u },
		/* All or none. */
		{ .id = id, .what = 15, .mode = 0644, .uid = 5, .capacity = KMQ_CAPACITY_MAX + 1, .byte_limit = 9 },
		{ .id = id, .what = 15, .mode = 0644, .uid = 5, .capacity = 1, .byte_limit = KMQ_BYTE_LIMIT_MAX + 1 },
	};
	struct kmq_hub_stat before = hub_stat_of(id), after;

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		check_context("case %u", i);
		CHECK_ERRNO(ioctl(hub(), KMQ_HUB_SET, &bad[i]), EINVAL);
		after = hub_stat_of(id);
		CHECK(!memcmp(&before, &after, sizeof(before)));
	}
	CHECK_ERRNO(ioctl(hub(), KMQ_HUB_SET, bad_address), EFAULT);
	CHECK_OK(hub_remove(id, 0));
}

TEST(a_SET_that_quota_refuses_changes_nothing)
{
	__u32 id = HUB_QUEUE(.capacity = 8, .max_message = 100000, .byte_limit = 100000);
	struct kmq_hub_set set = { .id = id, .what = KMQ_HUB_SET_MODE | KMQ_HUB_SET_BYTES,
				   .mode = 0666, .byte_limit = KMQ_BYTE_LIMIT_MAX };
	struct kmq_hub_stat before = hub_stat_of(id), after;

	CHECK_ERRNO(ioctl(hub(), KMQ_HUB_SET, &set), EDQUOT);
	after = hub_stat_of(id);
	CHECK(!memcmp(&before, &after, sizeof(before)));
	CHECK_OK(hub_remove(id, 0));
}

TEST(SET_moves_the_time_of_the_last_change)
{
	__u32 id = HUB_QUEUE(.capacity = 8);
	__u64 then = hub_stat_of(id).last_change;

	WAIT_UNTIL((__u64)time(NULL) > then + 1);
	CHECK_OK(hub_set_mode(id, 0600));
	CHECK(hub_stat_of(id).last_change > then);
	CHECK_OK(hub_remove(id, 0));
}

/* ---- REMOVE ---- */

TEST(REMOVE_is_by_id_or_by_key)
{
	struct key key = key_new();
	__u32 id = made(OPENING(&key)), other;
	struct kmq_hub_remove both = { .id = id, .space = SPACE, .key = ptr(key.bytes), .key_size = key.size };

	CHECK_ERRNO(ioctl(hub(), KMQ_HUB_REMOVE, &both), EINVAL);
	CHECK_EQ(found(&key, SPACE), id);
	CHECK_OK(hub_remove_key(&key, 0));
	CHECK_ERRNO(hub_remove_key(&key, 0), ENOENT);
	CHECK_ERRNO(hub_remove(id, 0), ENOENT);
	other = made(OPENING(&key));
	CHECK(other != id);
	CHECK_OK(hub_remove(other, 0));
	CHECK_EQ(found(&key, SPACE), 0);
}

TEST(what_is_wrong_with_a_REMOVE_removes_nothing)
{
	struct key key = key_new();
	__u32 id = made(OPENING(&key));
	const struct {
		struct kmq_hub_remove remove;
		int code;
	} bad[] = {
		{ {}, EINVAL },
		{ { .space = SPACE }, EINVAL },
		{ { .space = SPACE, .key = ptr(key.bytes) }, EINVAL },
		{ { .space = 0, .key = ptr(key.bytes), .key_size = key.size }, EINVAL },
		{ { .space = KMQ_SPACE_MAX + 1, .key = ptr(key.bytes), .key_size = key.size }, EINVAL },
		{ { .space = SPACE, .key = ptr(key.bytes), .key_size = KMQ_KEY_MAX + 1 }, EINVAL },
		{ { .space = SPACE, .key = ptr(bad_address), .key_size = key.size }, EFAULT },
		{ { .space = SPACE + 1, .key = ptr(key.bytes), .key_size = key.size }, ENOENT },
		{ { .space = SPACE, .key = ptr(key.bytes), .key_size = key.size - 1 }, ENOENT },
		{ { .id = id, .space = SPACE }, EINVAL },
		{ { .id = id, .key = 1 }, EINVAL },
		{ { .id = id, .key_size = 1 }, EINVAL },
		{ { .id = id, .flags = 1u << 1 }, EINVAL },
		{ { .id = id, .flags = 1u << 31 }, EINVAL },
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		check_context("case %u", i);
		CHECK_ERRNO(ioctl(hub(), KMQ_HUB_REMOVE, &bad[i].remove), bad[i].code);
		CHECK_EQ(found(&key, SPACE), id);
	}
	CHECK_ERRNO(ioctl(hub(), KMQ_HUB_REMOVE, bad_address), EFAULT);
	CHECK_OK(hub_remove(id, 0));
}

TEST(a_descriptor_of_a_removed_queue_is_EIDRM)
{
	struct key key = key_new();
	struct kmq_hub_open open = OPENING(&key, .flags = KMQ_HUB_CREATE | KMQ_HUB_DESCRIPTOR |
						 KMQ_HUB_READ | KMQ_HUB_WRITE);
	int fd = CHECK_OK(hub_open(&open));

	CHECK_OK(hub_remove(open.id, 0));
	CHECK_ERRNO(write(fd, "x", 1), EIDRM);
	CHECK_EQ(poll_now(fd) & (POLLHUP | POLLERR), POLLHUP | POLLERR);
}

/* ---- everybody at once ---- */

enum { RACERS = 6, ROUNDS = 300 };
static struct {
	_Atomic __u32 id;
	atomic_bool stop;
	atomic_uint met;
} race;

/* Whatever happens to it, a message's answer is one of those that the ABI has. */
static void *exchange(void *argument)
{
	char body[16];

	(void)argument;
	while (!race.stop) {
		struct kmq_hub_stat stat;
		__u32 id = race.id;

		if (hub_wait_put(id, 1, "raced") && errno != ENOENT && errno != EIDRM)
			FAIL("put: %s", strerrorname_np(errno));
		if (hub_take(id, body, sizeof(body)) < 0 && errno != ENOENT && errno != EIDRM &&
		    errno != EAGAIN)
			FAIL("take: %s", strerrorname_np(errno));
		if (hub_stat(id, 0, &stat) && errno != ENOENT)
			FAIL("stat: %s", strerrorname_np(errno));
		race.met++;
	}
	return NULL;
}

TEST(calls_by_the_id_race_with_SET_and_REMOVE)
{
	pthread_t threads[RACERS];
	unsigned int queues = queue_count();

	race.id = HUB_QUEUE(.capacity = 2);
	for (int i = 0; i < RACERS; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, exchange, NULL), 0);
	for (int i = 0; i < ROUNDS; i++) {
		__u32 old = race.id;

		for (int j = 0; j < 4; j++)
			CHECK_OK(hub_set_mode(old, j & 1 ? 0600 : 0666));
		race.id = HUB_QUEUE(.capacity = 2);
		CHECK_OK(hub_remove(old, i & 1 ? KMQ_REMOVE_DEFER : 0));
	}
	race.stop = true;
	CHECK_OK(hub_remove(race.id, 0));
	for (int i = 0; i < RACERS; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
	CHECK(race.met > 0);
	CHECK_EQ(queue_count(), queues);
}

static void *open_and_remove(void *argument)
{
	const struct key *key = argument;

	for (int i = 0; i < ROUNDS; i++) {
		struct kmq_hub_open open = OPENING(key);

		if (i & 1) {
			open.flags |= KMQ_HUB_DESCRIPTOR | KMQ_HUB_READ;
			close(CHECK_OK(hub_open(&open)));
		} else {
			CHECK_OK(hub_open(&open));
		}
		if (hub_remove_key(key, i & 2 ? KMQ_REMOVE_DEFER : 0) && errno != ENOENT)
			FAIL("remove: %s", strerrorname_np(errno));
	}
	return NULL;
}

TEST(opens_of_one_key_race_with_its_removal)
{
	struct key key = key_new();
	pthread_t threads[RACERS];
	unsigned int queues = queue_count(), entered = hub_totals(SPACE).index;

	for (int i = 0; i < RACERS; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, open_and_remove, &key), 0);
	for (int i = 0; i < RACERS; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
	if (found(&key, SPACE))
		CHECK_OK(hub_remove_key(&key, 0));
	CHECK_EQ(queue_count(), queues);
	CHECK_EQ(hub_totals(SPACE).index, entered);
}

static void *make_exclusively(void *argument)
{
	struct kmq_hub_open open = OPENING((const struct key *)argument);

	open.create.flags = KMQ_CREATE_EXCLUSIVE;
	if (!hub_open(&open))
		race.met++;
	else
		CHECK_EQ(errno, EEXIST);
	return NULL;
}

TEST(one_of_many_makes_it_exclusively)
{
	for (int round = 0; round < 20; round++) {
		struct key key = key_new();
		pthread_t threads[RACERS];

		race.met = 0;
		for (int i = 0; i < RACERS; i++)
			CHECK_EQ(pthread_create(&threads[i], NULL, make_exclusively, &key), 0);
		for (int i = 0; i < RACERS; i++)
			CHECK_EQ(pthread_join(threads[i], NULL), 0);
		CHECK_EQ(race.met, 1);
		CHECK_OK(hub_remove_key(&key, 0));
	}
}
