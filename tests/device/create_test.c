// SPDX-License-Identifier: GPL-2.0-only
/* Creating, naming, finding and enumerating queues. */
#include <sys/socket.h>
#include <sys/stat.h>

#include "kmq_test.h"

static int create(struct kmq_create *request)
{
	return ioctl(control(), KMQ_CTL_CREATE, request);
}

/* A create that must fail: untouched struct, no node, no queue. */
static void expect_refused(struct kmq_create request, int code)
{
	struct kmq_create before = request;
	int queues = queue_count();

	CHECK_ERRNO(create(&request), code);
	CHECK(!memcmp(&before, &request, sizeof(request)));
	CHECK_EQ(queue_count(), queues);
}

static bool node_exists(const char *name)
{
	return !access(queue_path(name), F_OK);
}

TEST(the_module_tells_its_abi_version_and_features)
{
	struct kmq_features features;

	memset(&features, 0xa5, sizeof(features));
	features.reserved = 0;
	CHECK_EQ(CHECK_OK(ioctl(control(), KMQ_CTL_FEATURES, &features)), 0);
	CHECK_EQ(features.abi_version, KMQ_ABI_VERSION);
	CHECK_EQ(features.reserved, 0);
	CHECK(features.features & KMQ_FEATURE_MESSAGE);
	CHECK(features.features & KMQ_FEATURE_LEASE);
	CHECK(features.features & KMQ_FEATURE_CALL);
	CHECK(features.features & KMQ_FEATURE_BATCH);
	CHECK(!(features.features & (1ull << 63)));
}

TEST(a_named_queue_gets_a_node_that_goes_with_it)
{
	struct kmq_create request = { .flags = KMQ_CREATE_EXCLUSIVE };
	struct stat status;
	int fd;

	queue_name(request.name);
	CHECK(!node_exists(request.name));
	CHECK_EQ(CHECK_OK(create(&request)), 0);
	CHECK_OK(stat(queue_path(request.name), &status));
	CHECK(S_ISCHR(status.st_mode));
	CHECK_EQ(status.st_mode & 07777, KMQ_MODE_DEFAULT);
	CHECK_EQ(status.st_uid, 0);
	CHECK_EQ(status.st_gid, 0);

	fd = queue_open(request.name, O_RDWR);
	put(fd, 1, 0, "through the node");
	expect_read(fd, "through the node");
	CHECK_OK(queue_remove(request.name));
	CHECK_ERRNO(open(queue_path(request.name), O_RDWR), ENOENT);
	close(fd);
}

TEST(the_node_has_the_mode_asked_for)
{
	static const unsigned int modes[] = { 0600, 0660, 0666, 0777, 0400, 0001 };

	/* Neither umask takes anything away. */
	umask(0077);
	for (unsigned int i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		char name[KMQ_NAME_SIZE];
		struct stat status;
		int fd = NAMED(name, .mode = modes[i]);

		CHECK_OK(stat(queue_path(name), &status));
		CHECK_EQ(status.st_mode & 07777, modes[i]);
		CHECK_EQ(info_of(fd).mode, modes[i]);
		close(fd);
	}
}

TEST(the_node_has_the_owner_asked_for)
{
	char name[KMQ_NAME_SIZE];
	struct stat status;
	int fd = NAMED(name, .flags = KMQ_CREATE_OWNER, .uid = 1000, .gid = 2000);
	struct kmq_info info = info_of(fd);

	CHECK_OK(stat(queue_path(name), &status));
	CHECK_EQ(status.st_uid, 1000);
	CHECK_EQ(status.st_gid, 2000);
	CHECK_EQ(info.uid, 1000);
	CHECK_EQ(info.gid, 2000);
	close(fd);
}

TEST(the_owner_of_a_queue_is_its_creator_unless_told)
{
	pid_t child;

	control();
	CHILD(child) {
		char name[KMQ_NAME_SIZE];
		struct stat status;
		int fd;

		become_user(1000);
		fd = NAMED(name, .capacity = 2);
		CHECK_OK(stat(queue_path(name), &status));
		CHECK_EQ(status.st_uid, 1000);
		CHECK_EQ(status.st_gid, 1000);
		CHECK_EQ(info_of(fd).uid, 1000);
	}
	child_join(child);
}

TEST(giving_a_queue_to_somebody_else_needs_CAP_CHOWN)
{
	pid_t child;

	control();
	CHILD(child) {
		struct kmq_create request = {
			.flags = KMQ_CREATE_OWNER, .uid = 1001, .gid = 1000,
		};
		int fd;

		become_user(1000);
		expect_refused(request, EPERM);
		request.uid = 1000;
		request.gid = 0;
		expect_refused(request, EPERM);
		/* To oneself it needs nothing. */
		request.gid = 1000;
		fd = CHECK_OK(create(&request));
		CHECK_EQ(info_of(fd).uid, 1000);
	}
	child_join(child);
}

TEST(zero_asks_for_the_defaults_which_are_written_back)
{
	struct kmq_create request = {};
	int fd = CHECK_OK(create(&request));
	struct kmq_info info = info_of(fd);

	CHECK_EQ(request.capacity, KMQ_CAPACITY_DEFAULT);
	CHECK_EQ(request.inline_size, KMQ_INLINE_DEFAULT);
	CHECK_EQ(request.max_message, KMQ_MESSAGE_DEFAULT);
	CHECK_EQ(request.mode, KMQ_MODE_DEFAULT);
	CHECK_EQ(request.byte_limit, KMQ_CAPACITY_DEFAULT * KMQ_MESSAGE_DEFAULT);
	CHECK_EQ(request.kind, KMQ_KIND_MESSAGE);
	CHECK_EQ(request.policy, KMQ_POLICY_BLOCK);
	CHECK_EQ(request.name[0], 0);

	CHECK_EQ(info.capacity, KMQ_CAPACITY_DEFAULT);
	CHECK_EQ(info.inline_size, KMQ_INLINE_DEFAULT);
	CHECK_EQ(info.max_message, KMQ_MESSAGE_DEFAULT);
	CHECK_EQ(info.mode, KMQ_MODE_DEFAULT);
	CHECK_EQ(info.byte_limit, KMQ_CAPACITY_DEFAULT * KMQ_MESSAGE_DEFAULT);
	CHECK_EQ(info.descriptors, 1);
	EXPECT_LEDGER(fd);
}

TEST(settings_are_kept_as_given)
{
	struct kmq_create request = {
		.policy = KMQ_POLICY_DROP_OLDEST,
		.lifetime = KMQ_LIFETIME_EPHEMERAL,
		.capacity = 7, .inline_size = 24, .max_message = 1000,
		.byte_limit = 3000, .mode = 0640,
	};
	int fd = CHECK_OK(create(&request));
	uint64_t created = now();
	struct kmq_info info = info_of(fd);

	CHECK_EQ(request.inline_size, 24);
	CHECK_EQ(info.policy, KMQ_POLICY_DROP_OLDEST);
	CHECK_EQ(info.lifetime, KMQ_LIFETIME_EPHEMERAL);
	CHECK_EQ(info.capacity, 7);
	CHECK_EQ(info.inline_size, 24);
	CHECK_EQ(info.max_message, 1000);
	CHECK_EQ(info.byte_limit, 3000);
	CHECK_EQ(info.mode, 0640);
	CHECK(info.id > 0);
	CHECK(info.created && info.created <= created);
}

TEST(an_inline_size_is_rounded_up_to_a_multiple_of_8)
{
	struct kmq_create request = { .inline_size = 9 };
	int fd = CHECK_OK(create(&request));

	CHECK_EQ(request.inline_size, 16);
	CHECK_EQ(info_of(fd).inline_size, 16);
}

TEST(the_extremes_of_each_size_are_taken)
{
	close(QUEUE(.capacity = 1, .inline_size = 8, .max_message = 1, .byte_limit = 1));
	close(QUEUE(.capacity = KMQ_CAPACITY_MAX, .inline_size = 8, .max_message = 8));
	close(QUEUE(.capacity = 2, .inline_size = KMQ_INLINE_MAX));
	close(QUEUE(.capacity = 1, .max_message = KMQ_MESSAGE_MAX));
}

TEST(a_queue_without_a_name_is_returned_open_for_both_and_on_exec_closed)
{
	struct kmq_create request = { .flags = KMQ_CREATE_OPEN };
	int fd = QUEUE(.capacity = 2);
	char body[8];

	CHECK_EQ(CHECK_OK(write(fd, "both", 4)), 4);
	CHECK_EQ(CHECK_OK(read(fd, body, sizeof(body))), 4);
	CHECK_EQ(CHECK_OK(fcntl(fd, F_GETFL)) & O_ACCMODE, O_RDWR);
	CHECK(CHECK_OK(fcntl(fd, F_GETFD)) & FD_CLOEXEC);
	CHECK(!(CHECK_OK(fcntl(fd, F_GETFL)) & O_NONBLOCK));
	CHECK_EQ(info_of(fd).name[0], 0);
	CHECK_EQ(info_of(fd).lifetime, KMQ_LIFETIME_EPHEMERAL);
	/* To say what happens anyway is allowed. */
	close(CHECK_OK(create(&request)));
}

TEST(a_created_descriptor_can_be_nonblocking_from_the_start)
{
	char name[KMQ_NAME_SIZE];
	int unnamed = QUEUE(.flags = KMQ_CREATE_NONBLOCK);
	int named = NAMED(name, .flags = KMQ_CREATE_NONBLOCK);
	char byte;

	CHECK(CHECK_OK(fcntl(unnamed, F_GETFL)) & O_NONBLOCK);
	CHECK_ERRNO(read(unnamed, &byte, 1), EAGAIN);
	CHECK(CHECK_OK(fcntl(named, F_GETFL)) & O_NONBLOCK);
	CHECK_ERRNO(read(named, &byte, 1), EAGAIN);
}

TEST(a_named_queue_created_open_is_the_queue_behind_the_node)
{
	char name[KMQ_NAME_SIZE];
	int created = NAMED(name, .capacity = 3);
	int opened = queue_open(name, O_RDWR);

	CHECK_EQ(CHECK_OK(fcntl(created, F_GETFL)) & O_ACCMODE, O_RDWR);
	CHECK(CHECK_OK(fcntl(created, F_GETFD)) & FD_CLOEXEC);
	put(created, 1, 0, "one queue");
	expect_read(opened, "one queue");
	CHECK_EQ(info_of(created).id, info_of(opened).id);
	CHECK_EQ(info_of(created).descriptors, 2);
	CHECK(!strcmp(info_of(created).name, name));
	close(opened);
	CHECK_EQ(info_of(created).descriptors, 1);
}

TEST(opening_a_named_queue_at_create_needs_EXCLUSIVE)
{
	struct kmq_create request = { .flags = KMQ_CREATE_OPEN };

	queue_name(request.name);
	expect_refused(request, EINVAL);
	CHECK(!node_exists(request.name));
}

TEST(a_mode_of_a_descriptor_that_is_not_asked_for_is_EINVAL)
{
	struct kmq_create request = { .flags = KMQ_CREATE_EXCLUSIVE | KMQ_CREATE_NONBLOCK };

	queue_name(request.name);
	expect_refused(request, EINVAL);
}

TEST(an_unnamed_queue_cannot_be_exclusive)
{
	expect_refused((struct kmq_create){ .flags = KMQ_CREATE_EXCLUSIVE }, EINVAL);
	expect_refused((struct kmq_create){
		.flags = KMQ_CREATE_EXCLUSIVE | KMQ_CREATE_OPEN }, EINVAL);
}

TEST(an_unnamed_queue_cannot_be_reopened_by_another_way)
{
	int fd = QUEUE(.capacity = 2);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_EQ(open(path, O_RDWR), -1);
	CHECK_EQ(info_of(fd).descriptors, 1);
}

TEST(an_exclusive_create_of_an_existing_name_is_EEXIST)
{
	struct kmq_create request = { .flags = KMQ_CREATE_EXCLUSIVE, .capacity = 9 };
	int fd = NAMED(request.name, .capacity = 3);

	expect_refused(request, EEXIST);
	request.flags |= KMQ_CREATE_OPEN;
	expect_refused(request, EEXIST);
	CHECK_EQ(info_of(fd).capacity, 3);
}

TEST(a_create_of_an_existing_name_succeeds_and_leaves_the_struct_untouched)
{
	struct kmq_create request = { .max_message = 77 }, before;
	int fd = NAMED(request.name, .capacity = 3);
	int queues = queue_count();

	before = request;
	CHECK_EQ(CHECK_OK(create(&request)), 0);
	CHECK(!memcmp(&before, &request, sizeof(request)));
	CHECK_EQ(queue_count(), queues);
	CHECK_EQ(info_of(fd).capacity, 3);
	CHECK_EQ(info_of(fd).max_message, KMQ_MESSAGE_DEFAULT);
	CHECK_EQ(info_of(fd).descriptors, 1);
}

TEST(a_create_of_an_existing_name_still_refuses_bad_fields)
{
	struct kmq_create request = { .mode = 01000 };
	int fd = NAMED(request.name, .capacity = 3);

	expect_refused(request, EINVAL);
	close(fd);
}

TEST(a_bad_name_is_EINVAL)
{
	static const char *const names[] = {
		".", "..", ".hidden", "a/b", "/", "control", "a b", "a\n", "\xc3\xa4",
		"a*", "a:b", "a\\b", "a\x7f", "\t", "a,b", "a+b", "@", "[", "`", "{",
		"abcdefghijklmnopqrstuvwxyz012345", /* 32, without an end */
	};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct kmq_create request = { .flags = KMQ_CREATE_EXCLUSIVE };
		struct kmq_remove removal = {};

		memcpy(request.name, names[i], strlen(names[i]));
		expect_refused(request, EINVAL);
		request.flags = 0;
		expect_refused(request, EINVAL);
		memcpy(removal.name, request.name, sizeof(removal.name));
		CHECK_ERRNO(ioctl(control(), KMQ_CTL_REMOVE, &removal), EINVAL);
	}
}

TEST(garbage_behind_the_end_of_a_name_is_EINVAL)
{
	struct kmq_create request = { .flags = KMQ_CREATE_EXCLUSIVE };

	for (int at = 2; at < KMQ_NAME_SIZE; at++) {
		memset(request.name, 0, sizeof(request.name));
		request.name[0] = 'g';
		request.name[at] = 'x';
		expect_refused(request, EINVAL);
	}
	memset(request.name, 0, sizeof(request.name));
	request.name[1] = 'x';
	request.flags = 0;
	expect_refused(request, EINVAL);
}

TEST(every_legal_character_and_a_name_of_31_are_taken)
{
	static const char *const names[] = {
		"abcdefghijklmnopqrstuvwxyz01234", "ABCDEFGHIJKLMNOPQRSTUVWXYZ56789",
		"-", "_", "a.b-c_d", "-.", "0", "a.", "control.", "Control", "controls",
	};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct kmq_create request = {
			.flags = KMQ_CREATE_EXCLUSIVE | KMQ_CREATE_OPEN,
			.lifetime = KMQ_LIFETIME_EPHEMERAL,
		};
		int fd;

		memcpy(request.name, names[i], strlen(names[i]));
		fd = CHECK_OK(create(&request));
		CHECK(node_exists(names[i]));
		CHECK(!memcmp(info_of(fd).name, request.name, KMQ_NAME_SIZE));
		close(fd);
		WAIT_UNTIL(!node_exists(names[i]));
	}
}

TEST(a_persistent_queue_outlives_its_descriptors_and_its_creator)
{
	struct kmq_create request = { .flags = KMQ_CREATE_EXCLUSIVE };
	pid_t child;
	int fd;

	queue_name(request.name);
	CHILD(child) {
		CHECK_OK(create(&request));
		fd = queue_open(request.name, O_RDWR);
		put(fd, 3, 4, "kept");
	}
	child_join(child);
	fd = queue_open(request.name, O_RDWR);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	CHECK_EQ(take(fd, "kept").message.type, 3);
	close(fd);
	CHECK(node_exists(request.name));
	CHECK_OK(queue_remove(request.name));
	CHECK(!node_exists(request.name));
}

TEST(an_ephemeral_queue_goes_with_its_last_descriptor)
{
	char name[KMQ_NAME_SIZE];
	int queues = queue_count();
	int first = NAMED(name, .capacity = 2);
	int second = queue_open(name, O_WRONLY);

	put(first, 1, 0, "lost with it");
	close(first);
	CHECK(node_exists(name));
	CHECK_EQ(queue_count(), queues + 1);
	close(second);
	CHECK(!node_exists(name));
	CHECK_EQ(queue_count(), queues);
	CHECK_ERRNO(queue_remove(name), ENOENT);
}

TEST(an_ephemeral_queue_without_any_descriptor_yet_waits_for_its_first)
{
	struct kmq_create request = {
		.flags = KMQ_CREATE_EXCLUSIVE, .lifetime = KMQ_LIFETIME_EPHEMERAL,
	};
	int fd;

	queue_name(request.name);
	CHECK_EQ(CHECK_OK(create(&request)), 0);
	CHECK(node_exists(request.name));
	fd = queue_open(request.name, O_RDWR);
	CHECK(node_exists(request.name));
	close(fd);
	CHECK(!node_exists(request.name));
}

TEST(a_dup_keeps_an_ephemeral_queue)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 2);
	int copy = CHECK_OK(dup(fd));

	close(fd);
	CHECK(node_exists(name));
	put(copy, 1, 0, "alive");
	CHECK_EQ(info_of(copy).descriptors, 1);
	close(copy);
	CHECK(!node_exists(name));
}

TEST(a_forked_child_keeps_an_ephemeral_queue)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 2), gate[2];
	pid_t child;
	char byte;

	CHECK_OK(pipe(gate));
	CHILD(child) {
		close(gate[1]);
		CHECK_EQ(read(gate[0], &byte, 1), 0);
		put(fd, 1, 0, "alive");
		CHECK(node_exists(name));
	}
	close(fd);
	CHECK(node_exists(name));
	close(gate[1]);
	child_join(child);
	WAIT_UNTIL(!node_exists(name));
}

static void pass_descriptor(int socket, int fd)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } control_data = {};
	struct iovec byte = { .iov_base = (char[1]){}, .iov_len = 1 };
	struct msghdr header = {
		.msg_iov = &byte, .msg_iovlen = 1,
		.msg_control = &control_data, .msg_controllen = sizeof(control_data),
	};
	struct cmsghdr *part = CMSG_FIRSTHDR(&header);

	part->cmsg_level = SOL_SOCKET;
	part->cmsg_type = SCM_RIGHTS;
	part->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(part), &fd, sizeof(fd));
	CHECK_EQ(CHECK_OK(sendmsg(socket, &header, 0)), 1);
}

static int taken_descriptor(int socket)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } control_data = {};
	struct iovec byte = { .iov_base = (char[1]){}, .iov_len = 1 };
	struct msghdr header = {
		.msg_iov = &byte, .msg_iovlen = 1,
		.msg_control = &control_data, .msg_controllen = sizeof(control_data),
	};
	int fd = -1;

	CHECK_EQ(CHECK_OK(recvmsg(socket, &header, 0)), 1);
	CHECK(CMSG_FIRSTHDR(&header));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(fd));
	return fd;
}

TEST(a_descriptor_in_flight_keeps_an_ephemeral_queue)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 2), sockets[2];

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	put(fd, 1, 0, "passed on");
	pass_descriptor(sockets[0], fd);
	close(fd);
	CHECK(node_exists(name));
	fd = taken_descriptor(sockets[1]);
	expect_read(fd, "passed on");
	close(fd);
	CHECK(!node_exists(name));
}

TEST(removing_a_name_that_is_not_there_is_ENOENT)
{
	char name[KMQ_NAME_SIZE];

	queue_name(name);
	CHECK_ERRNO(queue_remove(name), ENOENT);
}

TEST(a_name_is_free_again_after_removal_and_gives_another_queue)
{
	struct kmq_create request = { .flags = KMQ_CREATE_EXCLUSIVE | KMQ_CREATE_OPEN };
	int first, second;
	unsigned int id;

	queue_name(request.name);
	first = CHECK_OK(create(&request));
	id = info_of(first).id;
	put(first, 1, 0, "of the old one");
	CHECK_OK(queue_remove(request.name));
	second = CHECK_OK(create(&request));
	CHECK(info_of(second).id > id);
	EXPECT_LEDGER(second);
	CHECK_ERRNO(write(first, "x", 1), EIDRM);
	expect_empty(second);
	CHECK_OK(queue_remove(request.name));
}

TEST(only_the_owner_or_CAP_SYS_ADMIN_removes)
{
	struct kmq_create request = {
		.flags = KMQ_CREATE_EXCLUSIVE | KMQ_CREATE_OWNER,
		.mode = 0666, .uid = 1000, .gid = 1000,
	};
	pid_t child;

	queue_name(request.name);
	CHECK_OK(create(&request));
	CHILD(child) {
		become_user(1001);
		CHECK_ERRNO(queue_remove(request.name), EPERM);
	}
	child_join(child);
	CHECK(node_exists(request.name));
	CHILD(child) {
		become_user(1000);
		CHECK_OK(queue_remove(request.name));
	}
	child_join(child);
	CHECK(!node_exists(request.name));
	CHECK_OK(create(&request));
	CHECK_OK(queue_remove(request.name));
}

TEST(the_mode_rules_who_may_open)
{
	char mine[KMQ_NAME_SIZE], readable[KMQ_NAME_SIZE];
	int first = NAMED(mine, .capacity = 2);
	int second = NAMED(readable, .mode = 0604);
	pid_t child;

	CHILD(child) {
		int fd;

		become_user(1000);
		CHECK_ERRNO(open(queue_path(mine), O_RDONLY), EACCES);
		CHECK_ERRNO(open(queue_path(mine), O_WRONLY), EACCES);
		CHECK_ERRNO(open(queue_path(mine), O_RDWR), EACCES);
		CHECK_ERRNO(open(queue_path(readable), O_WRONLY), EACCES);
		CHECK_ERRNO(open(queue_path(readable), O_RDWR), EACCES);
		fd = queue_open(readable, O_RDONLY);
		expect_empty(fd);
	}
	child_join(child);
	close(first);
	close(second);
}

TEST(enumeration_meets_every_queue_once_in_order_of_id)
{
	unsigned int ids[3], next = 0;
	char names[2][KMQ_NAME_SIZE];
	int fds[3];
	struct kmq_info info;

	fds[0] = NAMED(names[0], .capacity = 11);
	fds[1] = QUEUE(.capacity = 12);
	fds[2] = NAMED(names[1], .capacity = 13);
	put(fds[2], 1, 0, "counted");
	for (int i = 0; i < 3; i++)
		ids[i] = info_of(fds[i]).id;
	CHECK(ids[0] < ids[1] && ids[1] < ids[2]);

	memset(&info, 0xa5, sizeof(info));
	memset(info.reserved, 0, sizeof(info.reserved));
	for (info.id = 0; !ioctl(control(), KMQ_CTL_NEXT, &info);) {
		CHECK(next == 3 || info.id <= ids[next]);
		if (next < 3 && info.id == ids[next]) {
			CHECK_EQ(info.capacity, 11 + next);
			CHECK(info_balances(&info));
			CHECK_EQ(info.queued, next == 2);
			CHECK(!strcmp(info.name, next == 1 ? "" : names[next / 2]));
			next++;
		}
		/* Outputs of the last are no input of the next. */
		memset((char *)&info + sizeof(info.id), 0xa5,
		       offsetof(struct kmq_info, reserved) - sizeof(info.id));
	}
	CHECK_EQ(errno, ENOENT);
	CHECK_EQ(next, 3);
}

TEST(enumeration_ends_with_ENOENT)
{
	struct kmq_info info = { .id = ~0u };

	CHECK_ERRNO(ioctl(control(), KMQ_CTL_NEXT, &info), ENOENT);
	CHECK_EQ(info.id, ~0u);
}

TEST(the_control_node_is_no_queue)
{
	char byte;

	CHECK(read(control(), &byte, 1) < 0);
	CHECK(write(control(), "x", 1) < 0);
	CHECK_ERRNO(lseek(control(), 0, SEEK_SET), ESPIPE);
}

TEST(a_ring_has_a_node_like_any_queue)
{
	struct kmq_create request = { .kind = KMQ_KIND_RING, .flags = KMQ_CREATE_EXCLUSIVE };
	int fd;

	queue_name(request.name);
	CHECK_OK(create(&request));
	CHECK(node_exists(request.name));
	CHECK_ERRNO(create(&request), EEXIST);
	fd = queue_open(request.name, O_RDWR);
	expect_empty(fd);
	put(fd, 1, 0, "through the node");
	expect_read(fd, "through the node");
	close(fd);
	CHECK_OK(queue_remove(request.name));
	CHECK(!node_exists(request.name));
}

TEST(hundreds_of_queues_come_and_go)
{
	int queues = queue_count(), fds[400];

	for (int i = 0; i < 400; i++)
		fds[i] = QUEUE(.capacity = 2, .inline_size = 8);
	CHECK_EQ(queue_count(), queues + 400);
	for (int i = 0; i < 400; i++)
		close(fds[i]);
	CHECK_EQ(queue_count(), queues);
}
