// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may do what with a queue of the hub: every class of user with every mode,
 * the privileges, and what a change means to those who sleep.
 */
#include <linux/capability.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "lib/hub.h"
#include "lib/slow_page.h"
#include "lib/netlink.h"

enum { OWNER = 1001, CREATOR = 1002, OTHER = 1003, GROUP = 1004, CREATOR_GROUP = 1005, NOBODY = 1006 };

/* Made by CREATOR, and given to OWNER and GROUP. */
static __u32 given_queue(__u32 mode)
{
	struct kmq_hub_open open = { .space = SPACE, .flags = KMQ_HUB_CREATE };
	int told[2];
	pid_t child;
	__u32 id;

	CHECK_OK(pipe(told));
	CHILD(child) {
		become(CREATOR, CREATOR_GROUP, 0);
		CHECK_OK(hub_open(&open));
		CHECK_EQ(write(told[1], &open.id, sizeof(open.id)), sizeof(open.id));
	}
	child_join(child);
	CHECK_EQ(read(told[0], &id, sizeof(id)), sizeof(id));
	close(told[0]);
	close(told[1]);
	CHECK_OK(hub_set_owner(id, OWNER, GROUP));
	CHECK_OK(hub_set_mode(id, mode));
	return id;
}

static __u32 id_of(const struct key *key)
{
	struct kmq_hub_open find = { .space = SPACE, .key = ptr(key->bytes), .key_size = key->size };

	CHECK_OK(hub_open(&find));
	return find.id;
}

/* Who asks, and by how much the mode is shifted for him. */
static const struct {
	unsigned int uid, gid, group;
	int shift;
} askers[] = {
	{ OWNER, NOBODY, 0, 6 },
	{ OWNER, GROUP, 0, 6 },
	{ CREATOR, NOBODY, 0, 6 },
	{ CREATOR, GROUP, 0, 6 },
	{ OTHER, GROUP, 0, 3 },
	{ OTHER, NOBODY, GROUP, 3 },
	{ OTHER, CREATOR_GROUP, 0, 3 },
	{ OTHER, NOBODY, CREATOR_GROUP, 3 },
	{ OTHER, NOBODY, 0, 0 },
	/* The number of a user is not that of a group. */
	{ OTHER, OWNER, CREATOR, 0 },
	{ GROUP, NOBODY, 0, 0 },
};
enum { ASKERS = sizeof(askers) / sizeof(askers[0]) };

static void expect_granted(bool granted, long result, const char *what)
{
	if (granted && result < 0)
		FAIL("%s is not granted: %s", what, strerrorname_np(errno));
	if (!granted && result >= 0)
		FAIL("%s is granted", what);
	if (!granted)
		CHECK_EQ(errno, EACCES);
}

/* What @bits of the mode let the caller do, at every door that asks. */
static void expect_bits(__u32 id, const struct key *key, __u32 bits)
{
	struct kmq_hub_open open = { .space = SPACE, .key = ptr(key->bytes), .key_size = key->size };
	struct kmq_hub_stat stat;
	char body[8];

	expect_granted(bits & 2, hub_put(id, 1, "x"), "PUT");
	expect_granted(bits & 4, hub_stat(id, 0, &stat), "STAT");
	expect_granted(true, hub_stat(id, KMQ_HUB_ANY, &stat), "STAT of ANY");
	if (bits & 4 && !(bits & 2))
		CHECK_ERRNO(hub_take(id, body, sizeof(body)), EAGAIN);
	else
		expect_granted(bits & 4, hub_take(id, body, sizeof(body)), "TAKE");
	for (open.need = 0; open.need < 8; open.need++)
		expect_granted(!(open.need & ~bits), hub_open(&open), "OPEN");
	open.need = 0;
	for (__u32 access = 1; access < 4; access++) {
		const __u32 wanted = (access & 1 ? 4 : 0) | (access & 2 ? 2 : 0);
		int fd;

		open.flags = KMQ_HUB_DESCRIPTOR | (access & 1 ? KMQ_HUB_READ : 0) |
			     (access & 2 ? KMQ_HUB_WRITE : 0);
		fd = hub_open(&open);
		expect_granted(!(wanted & ~bits), fd, "a descriptor");
		if (fd >= 0)
			close(fd);
		/* Both count. */
		open.need = 1;
		fd = hub_open(&open);
		expect_granted(!((wanted | 1) & ~bits), fd, "a descriptor, and to execute");
		if (fd >= 0)
			close(fd);
		open.need = 0;
	}
}

static void empty(__u32 id)
{
	char body[8];

	while (hub_take(id, body, sizeof(body)) >= 0)
		;
	CHECK_EQ(errno, EAGAIN);
}

TEST(each_class_has_its_bits_of_the_mode_and_no_others)
{
	struct key key = key_new();
	pid_t child;
	__u32 id;

	CHILD(child) {
		become(CREATOR, CREATOR_GROUP, 0);
		CHECK_OK(hub_open(&OPENING(&key, .create = { .capacity = 1000 })));
	}
	child_join(child);
	id = id_of(&key);
	CHECK_OK(hub_set_owner(id, OWNER, GROUP));
	for (int i = 0; i < ASKERS; i++) {
		int go[2], done[2];
		__u32 mode;

		CHECK_OK(pipe(go));
		CHECK_OK(pipe(done));
		CHILD(child) {
			close(go[1]);
			become(askers[i].uid, askers[i].gid, askers[i].group);
			while (read(go[0], &mode, sizeof(mode)) == sizeof(mode)) {
				check_context("asker %d, mode %03o", i, mode);
				expect_bits(id, &key, mode >> askers[i].shift & 7);
				CHECK_EQ(write(done[1], "", 1), 1);
			}
		}
		close(go[0]);
		close(done[1]);
		/* Each class with each three bits, the others with none and with all. */
		for (int shift = 0; shift <= 6; shift += 3) {
			for (__u32 bits = 0; bits < 16; bits++) {
				const __u32 own = 7u << shift;
				char byte;

				mode = (bits & 7) << shift;
				if (bits & 8)
					mode |= 0777 & ~own;
				CHECK_OK(hub_set_mode(id, mode));
				empty(id);
				CHECK_EQ(write(go[1], &mode, sizeof(mode)), sizeof(mode));
				if (read(done[0], &byte, 1) != 1)
					break;
			}
		}
		close(go[1]);
		close(done[0]);
		child_join(child);
	}
	CHECK_OK(hub_remove(id, 0));
}

TEST(CAP_IPC_OWNER_is_granted_everything_and_other_privileges_nothing)
{
	static const struct {
		int capability;
		bool granted;
	} cases[] = {
		{ CAP_IPC_OWNER, true }, { CAP_SYS_ADMIN, false }, { CAP_DAC_OVERRIDE, false },
		{ CAP_CHOWN, false }, { CAP_FOWNER, false },
	};
	struct key key = key_new();
	__u32 id;

	CHECK_OK(hub_open(&OPENING(&key, .create = { .flags = KMQ_CREATE_EXACT, .capacity = 1000,
						     .byte_limit = 1000, .max_message = 10 })));
	id = id_of(&key);
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t child;

		CHILD(child) {
			become_capable(OTHER, cases[i].capability);
			expect_bits(id, &key, cases[i].granted ? 7 : 0);
		}
		child_join(child);
	}
	CHECK_OK(hub_remove(id, 0));
}

TEST(root_without_capabilities_is_one_user_among_others)
{
	__u32 id = given_queue(0660);
	pid_t child;

	CHILD(child) {
		become_capable(0, CAP_SYS_NICE);
		CHECK_ERRNO(hub_put(id, 1, "x"), EACCES);
	}
	child_join(child);
	CHECK_OK(hub_remove(id, 0));
}

TEST(a_privilege_of_another_user_namespace_is_none)
{
	__u32 id = given_queue(0600);
	pid_t child;

	CHILD(child) {
		struct kmq_hub_stat stat;

		become(OTHER, NOBODY, 0);
		if (unshare(CLONE_NEWUSER))
			skip_test("no user namespaces: %s", strerrorname_np(errno));
		CHECK_ERRNO(hub_put(id, 1, "x"), EACCES);
		CHECK_ERRNO(hub_set_mode(id, 0666), EPERM);
		CHECK_ERRNO(hub_remove(id, 0), EPERM);
		/* Nor do users have a name there. */
		CHECK_OK(hub_stat(id, KMQ_HUB_ANY, &stat));
		CHECK_EQ(stat.info.uid, 65534);
		CHECK_EQ(stat.info.gid, 65534);
		CHECK_EQ(stat.creator_uid, 65534);
		CHECK_EQ(stat.creator_gid, 65534);
		id = HUB_QUEUE(.capacity = 1);
		CHECK_ERRNO(hub_set_owner(id, 0, 0), EINVAL);
		CHECK_OK(hub_remove(id, 0));
	}
	child_join(child);
	CHECK_OK(hub_remove(id, 0));
}

TEST(owner_and_creator_are_the_effective_ids)
{
	pid_t child;

	CHILD(child) {
		struct kmq_hub_stat stat;
		__u32 id;

		hub();
		CHECK_OK(setresgid(CREATOR_GROUP, GROUP, GROUP));
		CHECK_OK(setresuid(CREATOR, OWNER, OWNER));
		id = HUB_QUEUE(.capacity = 2);
		stat = hub_stat_of(id);
		CHECK_EQ(stat.creator_uid, OWNER);
		CHECK_EQ(stat.creator_gid, GROUP);
		CHECK_EQ(stat.info.uid, OWNER);
		CHECK_EQ(stat.info.gid, GROUP);
		/* And it is they that are asked for, at each call. */
		CHECK_OK(hub_put(id, 1, "x"));
		CHECK_OK(setresuid(OWNER, CREATOR, OWNER));
		CHECK_ERRNO(hub_put(id, 1, "x"), EACCES);
		CHECK_OK(setresuid(CREATOR, OWNER, OWNER));
		CHECK_OK(hub_put(id, 1, "x"));
		CHECK_OK(hub_remove(id, 0));
	}
	child_join(child);
}

TEST(EXCLUSIVE_is_EEXIST_even_to_who_may_nothing)
{
	struct key key = key_new();
	struct kmq_hub_open open = OPENING(&key);
	pid_t child;

	CHECK_OK(hub_open(&open));
	CHILD(child) {
		become(OTHER, NOBODY, 0);
		open.create.flags = KMQ_CREATE_EXCLUSIVE;
		open.need = 4;
		CHECK_ERRNO(hub_open(&open), EEXIST);
		open.create.flags = 0;
		CHECK_ERRNO(hub_open(&open), EACCES);
		open.need = 0;
		CHECK_OK(hub_open(&open));
	}
	child_join(child);
	CHECK_OK(hub_remove(open.id, 0));
}

TEST(a_new_queue_is_opened_whatever_its_mode)
{
	pid_t child;

	CHILD(child) {
		struct key key = key_new();
		struct kmq_hub_open open = OPENING(&key, .flags = KMQ_HUB_CREATE | KMQ_HUB_DESCRIPTOR |
							 KMQ_HUB_READ | KMQ_HUB_WRITE, .need = 7);

		open.create = (struct kmq_create){ .flags = KMQ_CREATE_EXACT, .capacity = 1,
						   .max_message = 8, .byte_limit = 8 };
		become(OTHER, NOBODY, 0);
		put(CHECK_OK(hub_open(&open)), 1, 0, "granted");
		CHECK_ERRNO(hub_open(&open), EACCES);
		CHECK_OK(hub_remove(open.id, 0));
	}
	child_join(child);
}

struct late {
	__u32 id;
	void *page;
	int result, error;
};

static void *put_late(void *argument)
{
	struct late *late = argument;
	struct kmq_short message = {
		.body = ptr(late->page), .size = 1, .type = 1, .id = late->id, .flags = KMQ_DONTWAIT,
	};

	late->result = ioctl(hub(), KMQ_HUB_PUT, &message);
	late->error = errno;
	return NULL;
}

/* OTHER's PUT stalls in the copy of its body while the mode goes from 0666 through @modes. */
static void expect_put_through(const __u32 *modes, int count, int code)
{
	__u32 id = given_queue(0666);
	int stalled[2], go[2];
	char byte;
	pid_t child;

	CHECK_OK(pipe(stalled));
	CHECK_OK(pipe(go));
	CHILD(child) {
		struct late late = { .id = id };
		/* By root still, who may. */
		int slow = slow_page(&late.page);
		struct uffd_msg fault;
		pthread_t thread;

		become(OTHER, NOBODY, 0);
		CHECK(!pthread_create(&thread, NULL, put_late, &late));
		CHECK_EQ(CHECK_OK(read(slow, &fault, sizeof(fault))), sizeof(fault));
		CHECK_EQ(write(stalled[1], "", 1), 1);
		CHECK_EQ(read(go[0], &byte, 1), 1);
		fill_page(slow, late.page, "", 1);
		CHECK(!pthread_join(thread, NULL));
		CHECK_EQ(late.result, code ? -1 : 0);
		if (code)
			CHECK_EQ(late.error, code);
	}
	close(stalled[1]);
	CHECK_EQ(read(stalled[0], &byte, 1), 1);
	for (int i = 0; i < count; i++)
		CHECK_OK(hub_set_mode(id, modes[i]));
	CHECK_EQ(write(go[1], "", 1), 1);
	child_join(child);
	CHECK_EQ(hub_stat_of(id).info.queued, code ? 0 : 1);
	close(stalled[0]);
	close(go[0]);
	close(go[1]);
	CHECK_OK(hub_remove(id, 0));
}

TEST(a_PUT_that_stalls_in_its_copy_while_its_permission_goes_is_EACCES)
{
	want_slow_pages();
	expect_put_through((__u32[]){ 0600 }, 1, EACCES);
	/* And goes on where the change leaves it, or gives it back. */
	expect_put_through((__u32[]){ 0622 }, 1, 0);
	expect_put_through((__u32[]){ 0600, 0666 }, 2, 0);
	expect_put_through(NULL, 0, 0);
}

/* ---- SET and REMOVE ---- */

TEST(SET_and_REMOVE_are_for_owner_creator_and_CAP_SYS_ADMIN)
{
	static const struct {
		unsigned int uid;
		int capability;		/* or -1 */
		bool granted;
	} cases[] = {
		{ OWNER, -1, true }, { CREATOR, -1, true }, { OTHER, -1, false },
		{ OTHER, CAP_SYS_ADMIN, true }, { OTHER, CAP_IPC_OWNER, false },
		{ OTHER, CAP_CHOWN, false }, { OTHER, CAP_FOWNER, false },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* The mode has no say in it. */
		__u32 id = given_queue(cases[i].granted ? 0 : 0777);
		struct kmq_hub_set set = { .id = id, .what = 15, .uid = OWNER, .gid = GROUP, .mode = 0777,
					   .capacity = 4, .byte_limit = 100 };
		pid_t child;

		check_context("case %u", i);
		CHILD(child) {
			if (cases[i].capability >= 0)
				become_capable(cases[i].uid, cases[i].capability);
			else
				become(cases[i].uid, GROUP, CREATOR_GROUP);
			if (!cases[i].granted) {
				CHECK_ERRNO(ioctl(hub(), KMQ_HUB_SET, &set), EPERM);
				CHECK_ERRNO(hub_remove(id, 0), EPERM);
				CHECK_ERRNO(hub_remove(id, KMQ_REMOVE_DEFER), EPERM);
			} else {
				CHECK_OK(ioctl(hub(), KMQ_HUB_SET, &set));
				CHECK_OK(hub_remove(id, i & 1 ? KMQ_REMOVE_DEFER : 0));
			}
		}
		child_join(child);
		if (!cases[i].granted)
			CHECK_OK(hub_remove(id, 0));
	}
}

TEST(an_owner_gives_it_away_without_CAP_CHOWN_and_is_none_any_more)
{
	__u32 id = given_queue(0600);
	pid_t child;

	CHILD(child) {
		become(OWNER, GROUP, 0);
		CHECK_OK(hub_put(id, 1, "mine"));
		CHECK_OK(hub_set_owner(id, OTHER, NOBODY));
		CHECK_ERRNO(hub_put(id, 1, "his"), EACCES);
		CHECK_ERRNO(hub_set_owner(id, OWNER, GROUP), EPERM);
	}
	child_join(child);
	/* The creator is never rid of. */
	CHILD(child) {
		become(CREATOR, NOBODY, 0);
		CHECK_EQ(CHECK_OK(hub_take(id, (char[8]){}, 8)), 4);
		CHECK_OK(hub_set_owner(id, CREATOR, CREATOR_GROUP));
	}
	child_join(child);
	CHECK_OK(hub_remove(id, 0));
}

TEST(the_creator_resizes_by_a_descriptor_too)
{
	struct key key = key_new();
	pid_t child;

	CHILD(child) {
		struct kmq_hub_open open = OPENING(&key, .flags = KMQ_HUB_CREATE | KMQ_HUB_DESCRIPTOR | KMQ_HUB_READ);
		struct kmq_resize resize = { .capacity = 3 };
		int fd;

		become(CREATOR, CREATOR_GROUP, 0);
		fd = CHECK_OK(hub_open(&open));
		CHECK_OK(hub_set_owner(open.id, OWNER, GROUP));
		CHECK_OK(ioctl(fd, KMQ_IOC_RESIZE, &resize));
		CHECK_EQ(info_of(fd).capacity, 3);
	}
	child_join(child);
	CHECK_OK(hub_remove_key(&key, 0));
}

TEST(what_netlink_changes_the_hub_heeds)
{
	__u32 id = given_queue(0600);
	struct nl nl = nl_open();
	struct nl_request request;
	pid_t child;

	nl_begin(&request, &nl, KMQ_CMD_QUEUE_SET, 0);
	nl_put_u32(&request, KMQ_A_ID, id);
	nl_put_u32(&request, KMQ_A_MODE, 0602);
	nl_put_u32(&request, KMQ_A_UID, NOBODY);
	CHECK_EQ(nl_transact(&nl, &request, NULL), 0);
	CHILD(child) {
		become(OTHER, NOBODY, 0);
		CHECK_OK(hub_put(id, 1, "granted by netlink"));
		CHECK_ERRNO(hub_take(id, (char[32]){}, 32), EACCES);
	}
	child_join(child);
	CHILD(child) {
		become(OWNER, NOBODY, 0);
		CHECK_ERRNO(hub_take(id, (char[32]){}, 32), EACCES);
		CHECK_ERRNO(hub_set_mode(id, 0666), EPERM);
	}
	child_join(child);
	CHILD(child) {
		become(NOBODY, NOBODY, 0);
		CHECK_OK(hub_take(id, (char[32]){}, 32));
		CHECK_OK(hub_set_mode(id, 0666));
	}
	child_join(child);
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_DEL, 0);
	nl_put_u32(&request, KMQ_A_ID, id);
	CHECK_EQ(nl_transact(&nl, &request, NULL), 0);
	CHECK_ERRNO(hub_put(id, 1, "x"), ENOENT);
	nl_close(&nl);
}

/* ---- those who sleep ---- */

static pid_t sleeping_receiver(__u32 id, unsigned int uid, int code)
{
	pid_t child;

	CHILD(child) {
		char body[16];

		become(uid, NOBODY, 0);
		if (code)
			CHECK_ERRNO(hub_wait_take(id, body, sizeof(body)), code);
		else
			CHECK_EQ(CHECK_OK(hub_wait_take(id, body, sizeof(body))), 5);
	}
	hub_wait_blocked(id, 0, 1);
	return child;
}

TEST(a_receiver_that_may_no_longer_is_EACCES_at_once)
{
	__u32 id = given_queue(0666);
	pid_t child = sleeping_receiver(id, OTHER, EACCES);

	CHECK_OK(hub_set_mode(id, 0662));
	child_join(child);
	CHECK_OK(hub_set_mode(id, 0600));
	child = sleeping_receiver(id, OWNER, EACCES);
	CHECK_OK(hub_set_owner(id, NOBODY, GROUP));
	child_join(child);
	CHECK_OK(hub_remove(id, 0));
}

TEST(a_receiver_that_still_may_sleeps_on)
{
	__u32 id = given_queue(0666);
	pid_t child = sleeping_receiver(id, OTHER, 0);

	for (int i = 0; i < 20; i++)
		CHECK_OK(hub_set_mode(id, i & 1 ? 0666 : 0664));
	hub_wait_blocked(id, 0, 1);
	CHECK_OK(hub_put(id, 1, "later"));
	child_join(child);
	CHECK_OK(hub_remove(id, 0));
}

TEST(the_privileged_sleep_on_whatever_the_mode)
{
	__u32 id = given_queue(0666);
	pid_t child;

	CHILD(child) {
		become_capable(OTHER, CAP_IPC_OWNER);
		CHECK_EQ(CHECK_OK(hub_wait_take(id, (char[8]){}, 8)), 5);
	}
	hub_wait_blocked(id, 0, 1);
	CHECK_OK(hub_set_mode(id, 0));
	hub_wait_blocked(id, 0, 1);
	CHECK_OK(hub_put(id, 1, "rises"));
	child_join(child);
	CHECK_OK(hub_remove(id, 0));
}

static pid_t sleeping_sender(__u32 id, unsigned int uid, int code)
{
	pid_t child;

	CHILD(child) {
		become(uid, NOBODY, 0);
		if (code)
			CHECK_ERRNO(hub_wait_put(id, 1, "waits"), code);
		else
			CHECK_OK(hub_wait_put(id, 1, "waits"));
	}
	return child;
}

TEST(a_sender_that_may_no_longer_is_EACCES_when_its_message_would_fit)
{
	__u32 id = given_queue(0666);
	struct kmq_hub_stat stat;
	pid_t child;

	while (!hub_put(id, 1, "fills"))
		;
	CHECK_EQ(errno, EAGAIN);
	child = sleeping_sender(id, OTHER, EACCES);
	hub_wait_blocked(id, 1, 0);
	CHECK_OK(hub_set_mode(id, 0664));
	hub_wait_blocked(id, 1, 0);
	stat = hub_stat_of(id);
	CHECK_OK(hub_take(id, (char[8]){}, 8));
	child_join(child);
	CHECK_EQ(hub_stat_of(id).info.queued, stat.info.queued - 1);
	CHECK_EQ(hub_stat_of(id).info.sent, stat.info.sent);
	CHECK_OK(hub_remove(id, 0));
}

TEST(a_sender_behind_one_that_may_no_longer_goes_on)
{
	__u32 id = given_queue(0666);
	pid_t refused, granted;

	while (!hub_put(id, 1, "fills"))
		;
	refused = sleeping_sender(id, OTHER, EACCES);
	hub_wait_blocked(id, 1, 0);
	granted = sleeping_sender(id, OWNER, 0);
	hub_wait_blocked(id, 2, 0);
	CHECK_OK(hub_set_mode(id, 0664));
	CHECK_OK(hub_take(id, (char[8]){}, 8));
	child_join(refused);
	child_join(granted);
	hub_wait_blocked(id, 0, 0);
	CHECK_OK(hub_remove(id, 0));
}

TEST(larger_limits_do_not_let_in_who_may_no_longer)
{
	__u32 id = given_queue(0666);
	struct kmq_hub_set set = { .id = id, .what = KMQ_HUB_SET_MODE | KMQ_HUB_SET_CAPACITY, .mode = 0664,
				   .capacity = 1000 };
	__u64 sent;
	pid_t child;

	while (!hub_put(id, 1, "fills"))
		;
	sent = hub_stat_of(id).info.sent;
	child = sleeping_sender(id, OTHER, EACCES);
	hub_wait_blocked(id, 1, 0);
	CHECK_OK(ioctl(hub(), KMQ_HUB_SET, &set));
	child_join(child);
	CHECK_EQ(hub_stat_of(id).info.sent, sent);
	CHECK_OK(hub_remove(id, 0));
}

TEST(who_sleeps_by_a_descriptor_is_not_asked_again)
{
	struct key key = key_new();
	struct kmq_hub_open open = OPENING(&key, .flags = KMQ_HUB_CREATE | KMQ_HUB_DESCRIPTOR | KMQ_HUB_READ,
					   .create = { .mode = 0666, .capacity = 1 });
	int fd = CHECK_OK(hub_open(&open));
	pid_t child;

	CHILD(child) {
		char body[8];

		become(OTHER, NOBODY, 0);
		CHECK_EQ(CHECK_OK(read(fd, body, sizeof(body))), 5);
	}
	hub_wait_blocked(open.id, 0, 1);
	CHECK_OK(hub_set_mode(open.id, 0600));
	hub_wait_blocked(open.id, 0, 1);
	CHECK_OK(hub_put(open.id, 1, "comes"));
	child_join(child);
	CHECK_OK(hub_remove(open.id, 0));
}
