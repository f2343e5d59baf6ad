// SPDX-License-Identifier: GPL-2.0-only
/* Limits: per user, for the module, and the memory cgroup. */
#include <sys/stat.h>

#include "kmq_test.h"
#include "lib/limit.h"

static int create(struct kmq_create *request)
{
	return ioctl(control(), KMQ_CTL_CREATE, request);
}

/* EDQUOT, and no trace of it. */
static void expect_over_limit(struct kmq_create request)
{
	int queues = queue_count(), next = dup(0);

	close(next);
	CHECK_ERRNO(create(&request), EDQUOT);
	CHECK_EQ(queue_count(), queues);
	CHECK_EQ(dup(0), next);
	close(next);
	if (request.name[0])
		CHECK(access(queue_path(request.name), F_OK) && errno == ENOENT);
}

TEST(the_limits_are_parameters_that_root_alone_may_change)
{
	static const char *const names[] = {
		"max_queues", "max_queues_per_user", "max_bytes_per_user",
	};

	for (int i = 0; i < 3; i++) {
		char path[96];
		struct stat status;

		snprintf(path, sizeof(path), PARAMETERS "%s", names[i]);
		CHECK_OK(stat(path, &status));
		CHECK_EQ(status.st_mode & 0777, 0644);
		CHECK_EQ(status.st_uid, 0);
		CHECK(parameter(names[i]) > 0);
	}
}

static void two_queues_per_user(void)
{
	struct kmq_create named = { .flags = KMQ_CREATE_EXCLUSIVE, .capacity = 2 };
	int first, second;

	become_user(1000);
	queue_name(named.name);
	first = QUEUE(.capacity = 2);
	second = QUEUE(.capacity = 2);
	/* As often as one likes; a refusal costs nothing. */
	for (int i = 0; i < 5; i++) {
		expect_over_limit((struct kmq_create){ .capacity = 2 });
		expect_over_limit(named);
	}
	close(first);
	CHECK_OK(create(&named));
	expect_over_limit((struct kmq_create){ .capacity = 2 });
	CHECK_OK(queue_remove(named.name));
	first = QUEUE(.capacity = 2);
	close(first);
	close(second);
}

TEST(a_user_may_have_so_many_queues)
{
	with_limit("max_queues_per_user", 2, two_queues_per_user);
}

static void others_are_not_counted(void)
{
	pid_t child;
	int mine = QUEUE(.capacity = 2);

	/* Root, with its own queues, is over the limit of 1 or at it. */
	expect_over_limit((struct kmq_create){ .capacity = 2 });
	CHILD(child) {
		become_user(1000);
		QUEUE(.capacity = 2);
		expect_over_limit((struct kmq_create){ .capacity = 2 });
	}
	child_join(child);
	close(mine);
}

TEST(one_users_queues_are_not_counted_against_another)
{
	if (queue_count())
		skip_test("root has queues that this test did not make");
	with_limit("max_queues_per_user", 1, others_are_not_counted);
}

static int present;

static void module_is_full(void)
{
	int fd = QUEUE(.capacity = 2);
	pid_t child;

	expect_over_limit((struct kmq_create){ .capacity = 2 });
	CHILD(child) {
		become_user(1000);
		expect_over_limit((struct kmq_create){ .capacity = 2 });
	}
	child_join(child);
	close(fd);
	close(QUEUE(.capacity = 2));
}

TEST(the_module_has_so_many_queues)
{
	present = queue_count();
	with_limit("max_queues", present + 1, module_is_full);
}

static void a_megabyte(void)
{
	int fd;

	become_user(1000);
	/* Slots alone, a byte limit alone. */
	expect_over_limit((struct kmq_create){ .capacity = 4096, .inline_size = 512,
					       .max_message = 512 });
	expect_over_limit((struct kmq_create){ .capacity = 2, .inline_size = 8,
					       .max_message = 1 << 20 });
	/* Each half fits, both together do not. */
	fd = QUEUE(.capacity = 1, .inline_size = 8, .max_message = 600 << 10);
	expect_over_limit((struct kmq_create){ .capacity = 1, .inline_size = 8,
					       .max_message = 600 << 10 });
	close(fd);
	fd = QUEUE(.capacity = 1, .inline_size = 8, .max_message = 600 << 10);
	close(fd);
}

TEST(a_user_may_have_so_many_bytes)
{
	with_limit("max_bytes_per_user", 1 << 20, a_megabyte);
}

static void resize_over_it(void)
{
	struct kmq_resize larger = { .capacity = 60000 };
	struct kmq_resize more_bytes = { .byte_limit = 4 << 20 };
	struct kmq_resize slightly = { .capacity = 20 };
	int fd;
	struct kmq_info before, after;

	become_user(1000);
	fd = QUEUE(.capacity = 10, .max_message = 100, .inline_size = 64);
	put(fd, 1, 0, "kept");
	before = info_of(fd);
	for (int i = 0; i < 3; i++) {
		CHECK_ERRNO(ioctl(fd, KMQ_IOC_RESIZE, &larger), EDQUOT);
		CHECK_ERRNO(ioctl(fd, KMQ_IOC_RESIZE, &more_bytes), EDQUOT);
	}
	after = info_of(fd);
	CHECK(!memcmp(&before, &after, sizeof(before)));
	CHECK_OK(ioctl(fd, KMQ_IOC_RESIZE, &slightly));
	CHECK_EQ(info_of(fd).capacity, 20);
	take(fd, "kept");
}

TEST(a_resize_over_the_limit_changes_nothing)
{
	with_limit("max_bytes_per_user", 1 << 20, resize_over_it);
}

static void fill_and_free(void)
{
	become_user(1000);
	/* What was charged comes back to the byte, or this ends early. */
	for (int i = 0; i < 200; i++) {
		struct kmq_resize resize = { .capacity = 1 + i % 32 };
		int fd = QUEUE(.capacity = 32, .inline_size = 8 << i % 8,
			       .max_message = 8 << i % 11);

		CHECK_OK(ioctl(fd, KMQ_IOC_RESIZE, &resize));
		put(fd, 1, 0, "x");
		close(fd);
	}
	close(QUEUE(.capacity = 1, .inline_size = 8, .max_message = 1000 << 10));
}

TEST(a_queue_that_is_gone_costs_nothing)
{
	with_limit("max_bytes_per_user", 1 << 20, fill_and_free);
}

static void the_largest_of_all(void)
{
	struct kmq_create request = { .byte_limit = KMQ_BYTE_LIMIT_MAX, .capacity = 1 };

	CHECK(parameter("max_bytes_per_user") > KMQ_BYTE_LIMIT_MAX);
	close(CHECK_OK(create(&request)));
	CHECK_EQ(request.byte_limit, KMQ_BYTE_LIMIT_MAX);
	request.byte_limit++;
	CHECK_ERRNO(create(&request), EINVAL);
}

TEST(the_largest_byte_limit_is_taken_where_the_user_may_have_it)
{
	with_limit("max_bytes_per_user", 1ull << 34, the_largest_of_all);
}

static void make_capacity_65536(void)
{
	int fd = QUEUE(.capacity = KMQ_CAPACITY_MAX, .inline_size = 8, .max_message = 8);
	struct kmq_message messages[KMQ_BATCH_MAX];
	struct kmq_batch batch = { .messages = ptr(messages), .count = KMQ_BATCH_MAX };

	memset(messages, 0, sizeof(messages));
	for (int i = 0; i < KMQ_BATCH_MAX; i++)
		messages[i].type = 1;
	for (int i = 0; i < KMQ_CAPACITY_MAX / KMQ_BATCH_MAX; i++)
		CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_SEND_BATCH, &batch)), KMQ_BATCH_MAX);
	CHECK_ERRNO(send_body(fd, KMQ_DONTWAIT, 1, 0, "x", 1), EAGAIN);
	EXPECT_LEDGER(fd, .sent = KMQ_CAPACITY_MAX, .queued = KMQ_CAPACITY_MAX);
	CHECK_OK(purge(fd, 0, 0, NULL));
	EXPECT_LEDGER(fd, .sent = KMQ_CAPACITY_MAX, .purged = KMQ_CAPACITY_MAX);
}

TEST(a_queue_of_the_largest_capacity_can_be_filled)
{
	with_limit("max_bytes_per_user", 1ull << 30, make_capacity_65536);
}

static void fill_to(int fd, unsigned int count, size_t size)
{
	char *body = calloc(1, size);

	for (unsigned int i = 0; i < count; i++)
		CHECK_OK(send_body(fd, KMQ_DONTWAIT, 1, 0, body, size));
	free(body);
}

TEST(slots_and_bodies_are_charged_to_the_memory_cgroup)
{
	enum { CAPACITY = 4096, INLINE = 1024, LONG = 16384, COUNT = 128 };
	char path[128], file[160];
	pid_t child;

	cgroup_new(path);
	CHILD(child) {
		unsigned long long before, slots, bodies;
		int fd;

		snprintf(file, sizeof(file), "%s/cgroup.procs", path);
		write_text(file, "0");
		snprintf(file, sizeof(file), "%s/memory.current", path);
		before = read_number(file);
		fd = QUEUE(.capacity = CAPACITY, .inline_size = INLINE, .max_message = LONG,
			   .byte_limit = COUNT * LONG);
		slots = read_number(file);
		if (slots < before + CAPACITY * INLINE * 9ull / 10)
			FAIL("%d slots of %d bytes were charged as %lld bytes", CAPACITY,
			     INLINE, (long long)(slots - before));
		fill_to(fd, COUNT, LONG);
		bodies = read_number(file);
		if (bodies < slots + COUNT * LONG * 9ull / 10)
			FAIL("%d bodies of %d bytes were charged as %lld bytes", COUNT, LONG,
			     (long long)(bodies - slots));
		close(fd);
		/* Frees may be deferred, and some pages stay cached. */
		WAIT_UNTIL(read_number(file) < before + (1 << 20));
	}
	child_join(child);
	WAIT_UNTIL(!rmdir(path));
}

static void shrink_while_full(void)
{
	static char body[400 << 10];
	struct kmq_resize shrink = { .capacity = 1, .byte_limit = sizeof(body) };
	int fd;

	become_user(1000);
	fd = QUEUE(.capacity = 2, .inline_size = 8, .max_message = sizeof(body),
		   .byte_limit = 2 * sizeof(body));
	CHECK_OK(send_body(fd, 0, 1, 0, body, sizeof(body)));
	CHECK_OK(send_body(fd, 0, 1, 0, body, sizeof(body)));
	CHECK_OK(ioctl(fd, KMQ_IOC_RESIZE, &shrink));
	/* Both are still there, and a third would be over the limit. */
	expect_over_limit((struct kmq_create){ .capacity = 1, .inline_size = 8,
		.max_message = sizeof(body), .byte_limit = sizeof(body) });
	CHECK_OK(purge(fd, 0, 0, &(__u64){ 0 }));
	CHECK_OK(ioctl(fd, KMQ_IOC_RESIZE, &shrink));
	close(QUEUE(.capacity = 1, .inline_size = 8, .max_message = sizeof(body),
		    .byte_limit = sizeof(body)));
}

TEST(what_a_shrunken_queue_still_holds_stays_charged)
{
	with_limit("max_bytes_per_user", 1 << 20, shrink_while_full);
}
