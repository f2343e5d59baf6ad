// SPDX-License-Identifier: GPL-2.0-only
/* The control plane and queues of the hub: what is told of them, and who may change them. */
#include <linux/capability.h>
#include <sys/syscall.h>

#include "lib/netlink.h"

#define HUB	"/dev/kmq/.hub"
#define OWNER	1234
#define OTHER	4321

static int hub(void)
{
	return CHECK_OK(open(HUB, O_RDWR | O_CLOEXEC));
}

/* Makes one, and tells its id. @size 0: without a key. */
static __u32 make(int fd, __u32 space, const void *key, __u32 size, __u32 mode)
{
	struct kmq_hub_open request = {
		.space = space,
		.flags = KMQ_HUB_CREATE,
		.key = ptr(key),
		.key_size = size,
		.create = { .mode = mode, .flags = KMQ_CREATE_EXCLUSIVE },
	};

	CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_HUB_OPEN, &request)), 0);
	return request.id;
}

static __u32 make_private(int fd, __u32 mode)
{
	return make(fd, KMQ_SPACE_SYSV, NULL, 0, mode);
}

static void end(int fd, __u32 id)
{
	struct kmq_hub_remove request = { .id = id };

	CHECK_OK(ioctl(fd, KMQ_HUB_REMOVE, &request));
}

static int ask_id(struct nl *nl, int command, __u32 id, struct nl_reply *reply)
{
	struct nl_request request;

	nl_begin(&request, nl, command, 0);
	nl_put_u32(&request, KMQ_A_ID, id);
	return nl_transact(nl, &request, reply);
}

static int get_id(struct nl *nl, __u32 id, struct nl_reply *reply)
{
	return ask_id(nl, KMQ_CMD_QUEUE_GET, id, reply);
}

static int del_id(struct nl *nl, __u32 id)
{
	return ask_id(nl, KMQ_CMD_QUEUE_DEL, id, NULL);
}

static int set_id(struct nl *nl, __u32 id, int attribute, __u32 value)
{
	struct nl_request request;

	nl_begin(&request, nl, KMQ_CMD_QUEUE_SET, 0);
	nl_put_u32(&request, KMQ_A_ID, id);
	nl_put_u32(&request, attribute, value);
	return nl_transact(nl, &request, NULL);
}

/* Its user, who is root, stays. */
static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { .effective = 0 } };

	CHECK_OK(syscall(SYS_capset, &header, none));
}

static void give(int fd, __u32 id, __u32 uid, __u32 gid)
{
	struct kmq_hub_set set = { .id = id, .what = KMQ_HUB_SET_OWNER, .uid = uid, .gid = gid };

	CHECK_OK(ioctl(fd, KMQ_HUB_SET, &set));
}

static int take_short(int fd, __u32 id)
{
	char body[16];
	struct kmq_short message = {
		.body = ptr(body), .size = sizeof(body), .flags = KMQ_DONTWAIT, .id = id,
	};

	return ioctl(fd, KMQ_HUB_TAKE, &message);
}

static void check_key(struct nl *nl, __u32 id, __u32 space, const void *key, __u32 size)
{
	struct nl_reply queue;

	CHECK_TAKEN(nl, get_id(nl, id, &queue));
	CHECK_EQ(nl_number(&queue, KMQ_A_SPACE), space);
	CHECK_EQ(nl_number(&queue, KMQ_A_CREATOR_GID), getegid());
	CHECK(!nl_has(&queue, KMQ_A_NAME));
	CHECK_EQ(nl_has(&queue, KMQ_A_KEY), !!size);
	if (!size)
		return;
	CHECK_EQ(nl_attribute(&queue, KMQ_A_KEY)->nla_len - NLA_HDRLEN, size);
	CHECK(!memcmp((const char *)nl_attribute(&queue, KMQ_A_KEY) + NLA_HDRLEN, key, size));
}

TEST(a_queue_of_the_hub_tells_its_space_and_its_key)
{
	static const char zeroes[4] = { 0, 1, 0, 0 };
	struct nl nl = nl_open();
	char longest[KMQ_KEY_MAX];
	int fd = hub();
	__u32 ids[3];

	memset(longest, 'k', sizeof(longest));
	ids[0] = make(fd, KMQ_SPACE_SYSV, zeroes, sizeof(zeroes), 0600);
	ids[1] = make(fd, KMQ_SPACE_POSIX, longest, sizeof(longest), 0600);
	ids[2] = make(fd, KMQ_SPACE_MAX, NULL, 0, 0600);
	check_key(&nl, ids[0], KMQ_SPACE_SYSV, zeroes, sizeof(zeroes));
	check_key(&nl, ids[1], KMQ_SPACE_POSIX, longest, sizeof(longest));
	check_key(&nl, ids[2], KMQ_SPACE_MAX, NULL, 0);
	for (int i = 0; i < 3; i++)
		end(fd, ids[i]);
}

TEST(a_dump_tells_it_too)
{
	struct nl nl = nl_open();
	struct nl_request request;
	unsigned int found = 0;
	struct nl_dump dump;
	struct nl_reply row;
	int fd = hub();
	__u32 id = make(fd, KMQ_SPACE_POSIX, "t.dump", 6, 0600);

	nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
	CHECK_OK(nl_dump_start(&dump, &nl, &request));
	while (nl_dump_next(&dump, &row)) {
		if (nl_number(&row, KMQ_A_ID) != id)
			continue;
		found++;
		CHECK_EQ(nl_number(&row, KMQ_A_SPACE), KMQ_SPACE_POSIX);
		CHECK_EQ(nl_attribute(&row, KMQ_A_KEY)->nla_len - NLA_HDRLEN, 6);
	}
	CHECK_EQ(found, 1);
	end(fd, id);
}

TEST(other_queues_have_no_space)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	struct nl_reply queue;
	int named = NAMED(name, .capacity = 4), nameless = QUEUE(.capacity = 4);

	CHECK_TAKEN(&nl, nl_get(&nl, name, &queue));
	CHECK(!nl_has(&queue, KMQ_A_SPACE) && !nl_has(&queue, KMQ_A_KEY) &&
	      !nl_has(&queue, KMQ_A_CREATOR_GID) && !nl_has(&queue, KMQ_A_NOTIFY_PID));
	CHECK_TAKEN(&nl, get_id(&nl, info_of(nameless).id, &queue));
	CHECK(!nl_has(&queue, KMQ_A_SPACE) && !nl_has(&queue, KMQ_A_KEY));
	CHECK_EQ(info_of(named).mode, 0600);
}

TEST(a_key_that_was_given_up_is_not_told)
{
	struct kmq_hub_open request = {
		.space = KMQ_SPACE_POSIX,
		.flags = KMQ_HUB_CREATE | KMQ_HUB_DESCRIPTOR | KMQ_HUB_READ,
		.key = ptr("t.gone"),
		.key_size = 6,
		.create = { .mode = 0600 },
	};
	struct kmq_hub_remove remove = { .flags = KMQ_REMOVE_DEFER };
	struct nl nl = nl_open();
	struct nl_reply queue;
	int fd = hub(), open_one;

	open_one = CHECK_OK(ioctl(fd, KMQ_HUB_OPEN, &request));
	check_key(&nl, request.id, KMQ_SPACE_POSIX, "t.gone", 6);
	remove.id = request.id;
	CHECK_OK(ioctl(fd, KMQ_HUB_REMOVE, &remove));
	check_key(&nl, request.id, KMQ_SPACE_POSIX, NULL, 0);
	CHECK_OK(close(open_one));
	CHECK_ERRNO(get_id(&nl, request.id, &queue), ENOENT);
}

TEST(its_mode_says_who_sees_it)
{
	int fd = hub();
	__u32 secret = make_private(fd, 0600), open_one = make_private(fd, 0604);
	pid_t pid;

	CHILD(pid) {
		struct nl_reply queue;
		struct nl nl;

		become_user(OTHER);
		nl = nl_open();
		CHECK_REFUSED(&nl, get_id(&nl, secret, &queue), EACCES,
			      "its mode does not let you read this queue", KMQ_A_ID);
		CHECK_TAKEN(&nl, get_id(&nl, open_one, &queue));
		CHECK_EQ(nl_number(&queue, KMQ_A_SPACE), KMQ_SPACE_SYSV);
	}
	child_join(pid);
	end(fd, secret);
	end(fd, open_one);
}

TEST(its_owner_may_remove_it)
{
	int fd = hub();
	__u32 id = make_private(fd, 0600);
	pid_t pid;

	give(fd, id, OWNER, OWNER);
	CHILD(pid) {
		struct nl nl;

		become_user(OWNER);
		nl = nl_open();
		CHECK_TAKEN(&nl, del_id(&nl, id));
		CHECK_ERRNO(del_id(&nl, id), ENOENT);
	}
	child_join(pid);
	CHECK_ERRNO(take_short(fd, id), ENOENT);
}

TEST(its_creator_may_set_and_remove_it_when_it_is_another_s)
{
	int fd = hub();
	pid_t pid;

	CHILD(pid) {
		struct nl_reply queue;
		struct nl nl;
		__u32 id;

		become_user(OWNER);
		id = make_private(fd, 0600);
		give(fd, id, OTHER, OTHER);
		nl = nl_open();
		CHECK_TAKEN(&nl, set_id(&nl, id, KMQ_A_CAPACITY, 7));
		CHECK_TAKEN(&nl, set_id(&nl, id, KMQ_A_MODE, 0640));
		CHECK_TAKEN(&nl, del_id(&nl, id));
		CHECK_ERRNO(get_id(&nl, id, &queue), ENOENT);
	}
	child_join(pid);
}

TEST(nobody_else_may)
{
	int fd = hub();
	__u32 id = make_private(fd, 0666);
	pid_t pid;

	give(fd, id, OWNER, OWNER);
	CHILD(pid) {
		struct nl nl;

		become_user(OTHER);
		nl = nl_open();
		CHECK_REFUSED(&nl, del_id(&nl, id), EPERM,
			      "you neither own this queue nor have CAP_SYS_ADMIN", KMQ_A_ID);
		CHECK_REFUSED(&nl, set_id(&nl, id, KMQ_A_MODE, 0600), EPERM,
			      "you neither own this queue nor have CAP_SYS_ADMIN", KMQ_A_ID);
	}
	child_join(pid);
	end(fd, id);
}

/* Of a queue that is none of the hub's its creator keeps no right. */
TEST(the_creator_of_a_queue_with_a_name_that_is_another_s_may_not)
{
	char name[KMQ_NAME_SIZE];
	struct nl nl = nl_open();
	int fd = NAMED(name, .capacity = 4);
	pid_t pid;

	CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_UID, OWNER));
	CHILD(pid) {
		struct nl mine;

		drop_capabilities();
		mine = nl_open();
		CHECK_ERRNO(nl_set_u32(&mine, name, KMQ_A_CAPACITY, 5), EPERM);
	}
	child_join(pid);
	CHECK_EQ(info_of(fd).capacity, 4);
}

TEST(a_mode_that_is_set_here_is_felt_on_the_hub)
{
	int fd = hub();
	__u32 id = make_private(fd, 0600);
	struct nl nl = nl_open();
	pid_t pid;

	for (int granted = 0; granted < 2; granted++) {
		CHECK_TAKEN(&nl, set_id(&nl, id, KMQ_A_MODE, granted ? 0604 : 0602));
		CHILD(pid) {
			become_user(OTHER);
			CHECK_ERRNO(take_short(fd, id), granted ? EAGAIN : EACCES);
		}
		child_join(pid);
	}
	end(fd, id);
}

TEST(an_owner_that_is_set_here_is_felt_on_the_hub)
{
	struct kmq_hub_stat stat = { 0 };
	int fd = hub();
	__u32 id = make_private(fd, 0600);
	struct nl nl = nl_open();
	pid_t pid;

	CHECK_TAKEN(&nl, set_id(&nl, id, KMQ_A_UID, OTHER));
	CHILD(pid) {
		become_user(OTHER);
		CHECK_ERRNO(take_short(fd, id), EAGAIN);
	}
	child_join(pid);
	stat.id = id;
	CHECK_OK(ioctl(fd, KMQ_HUB_STAT, &stat));
	CHECK_EQ(stat.info.uid, OTHER);
	end(fd, id);
}

TEST(a_removal_here_wakes_who_sleeps_by_id)
{
	int fd = hub();
	__u32 id = make_private(fd, 0600);
	struct nl nl = nl_open();
	pid_t pid;

	CHILD(pid) {
		char body[16];
		struct kmq_short message = { .body = ptr(body), .size = sizeof(body), .id = id };

		CHECK_ERRNO(ioctl(fd, KMQ_HUB_TAKE, &message), EIDRM);
	}
	wait_asleep(pid);
	CHECK_TAKEN(&nl, del_id(&nl, id));
	child_join(pid);
}

/* What is to be told of a queue; with @show where somebody is to be notified, else absent. */
static void check_notified(struct nl *nl, __u32 id, const __u64 *show, __u32 pid)
{
	struct nl_reply queue;

	CHECK_TAKEN(nl, get_id(nl, id, &queue));
	CHECK_EQ(nl_has(&queue, KMQ_A_NOTIFY_PID), !!show);
	CHECK_EQ(nl_has(&queue, KMQ_A_NOTIFY_SHOW), !!show);
	if (!show)
		return;
	CHECK_EQ(nl_number(&queue, KMQ_A_NOTIFY_PID), pid);
	CHECK_EQ(nl_attribute(&queue, KMQ_A_NOTIFY_SHOW)->nla_len - NLA_HDRLEN, 16);
	CHECK(!memcmp((const char *)nl_attribute(&queue, KMQ_A_NOTIFY_SHOW) + NLA_HDRLEN, show, 16));
}

TEST(who_is_to_be_notified_is_told_until_it_was)
{
	struct kmq_notify notify = {
		.flags = KMQ_NOTIFY_SILENT, .show = { 1, 0x1122334455667788 },
	}, drop = { .operation = KMQ_NOTIFY_DROP };
	struct kmq_hub_open request = {
		.space = KMQ_SPACE_POSIX,
		.flags = KMQ_HUB_CREATE | KMQ_HUB_DESCRIPTOR | KMQ_HUB_WRITE,
		.create = { .mode = 0600 },
	};
	struct nl nl = nl_open();
	int fd = hub(), queue = CHECK_OK(ioctl(fd, KMQ_HUB_OPEN, &request));

	check_notified(&nl, request.id, NULL, 0);
	CHECK_OK(ioctl(queue, KMQ_IOC_NOTIFY, &notify));
	check_notified(&nl, request.id, (__u64[]){ 1, 0x1122334455667788 }, getpid());
	CHECK_OK(ioctl(queue, KMQ_IOC_NOTIFY, &drop));
	check_notified(&nl, request.id, NULL, 0);
	CHECK_OK(ioctl(queue, KMQ_IOC_NOTIFY, &notify));
	CHECK_EQ(CHECK_OK(write(queue, "text", 4)), 4);
	check_notified(&nl, request.id, NULL, 0);
	end(fd, request.id);
}

TEST(a_queue_with_a_name_tells_it_too)
{
	struct kmq_notify notify = { .flags = KMQ_NOTIFY_SILENT, .show = { 7, 8 } };
	char name[KMQ_NAME_SIZE];
	struct nl nl = nl_open();
	int fd = NAMED(name, .capacity = 4);

	CHECK_OK(ioctl(fd, KMQ_IOC_NOTIFY, &notify));
	check_notified(&nl, info_of(fd).id, (__u64[]){ 7, 8 }, getpid());
}
