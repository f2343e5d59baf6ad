// SPDX-License-Identifier: GPL-2.0-only
/* Namespaces: who the sender is depends on who asks. */
#include <sched.h>
#include <sys/syscall.h>

#include "kmq_test.h"
#include "lib/limit.h"

static void unshare_or_skip(int flags, const char *what)
{
	if (unshare(flags))
		skip_test("no %s namespace: %s", what, strerror(errno));
}

/* Seen from inside, the ids given stand for root. Runs in the child. */
static void enter_user_namespace(int ready, int mapped)
{
	char byte = 'r';

	unshare_or_skip(CLONE_NEWUSER, "user");
	CHECK_EQ(CHECK_OK(write(ready, &byte, 1)), 1);
	CHECK_EQ(CHECK_OK(read(mapped, &byte, 1)), 1);
}

static void map_root(pid_t pid, const char *map)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	write_text(path, map);
}

/* A child in a user namespace where uid 0 of here is what the map says. */
static pid_t start_mapped(int fd, const char *map, void (*body)(int fd))
{
	int ready[2], mapped[2], status;
	char byte;
	pid_t pid;

	CHECK_OK(pipe(ready));
	CHECK_OK(pipe(mapped));
	CHILD(pid) {
		close(ready[0]);
		enter_user_namespace(ready[1], mapped[0]);
		body(fd);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1) {
		CHECK_EQ(CHECK_OK(waitpid(pid, &status, 0)), pid);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
	}
	if (map)
		map_root(pid, map);
	CHECK_EQ(CHECK_OK(write(mapped[1], "m", 1)), 1);
	return pid;
}

static void expect_uid_7(int fd)
{
	CHECK_EQ(getuid(), 7);
	CHECK_EQ(take(fd, "from root").message.uid, 7);
}

static void expect_overflow_uid(int fd)
{
	CHECK_EQ(take(fd, "from root").message.uid, 65534);
}

static void send_as_7(int fd)
{
	CHECK_EQ(geteuid(), 7);
	put(fd, 1, 0, "from inside");
}

TEST(a_uid_is_told_as_the_readers_user_namespace_maps_it)
{
	int fd = QUEUE(.capacity = 4);

	put(fd, 1, 0, "from root");
	child_join(start_mapped(fd, "7 0 1", expect_uid_7));
}

TEST(a_uid_that_the_reader_has_no_name_for_is_the_overflow_uid)
{
	int fd = QUEUE(.capacity = 4);

	put(fd, 1, 0, "from root");
	child_join(start_mapped(fd, NULL, expect_overflow_uid));
}

TEST(a_sender_in_a_user_namespace_is_told_by_its_uid_outside)
{
	int fd = QUEUE(.capacity = 4);

	child_join(start_mapped(fd, "7 0 1", send_as_7));
	CHECK_EQ(take(fd, "from inside").message.uid, 0);
}

static siginfo_t heard;

static void hear(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	heard = *info;
}

TEST(a_signal_tells_a_sender_in_a_user_namespace_by_its_uid_outside)
{
	const struct sigaction action = { .sa_sigaction = hear, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct kmq_notify request = { .flags = KMQ_NOTIFY_SIGNAL, .show = { 0, SIGUSR2 } };
	int fd = QUEUE(.capacity = 4);
	pid_t child;

	CHECK_OK(sigaction(SIGUSR2, &action, NULL));
	CHECK_OK(ioctl(fd, KMQ_IOC_NOTIFY, &request));
	child = start_mapped(fd, "7 0 1", send_as_7);
	child_join(child);
	CHECK_EQ(heard.si_signo, SIGUSR2);
	CHECK_EQ(heard.si_pid, child);
	CHECK_EQ(heard.si_uid, 0);
}

static void expect_owner_7(int fd)
{
	CHECK_EQ(info_of(fd).uid, 7);
	CHECK_EQ(info_of(fd).gid, 65534);
}

TEST(info_tells_the_owner_as_the_caller_knows_it)
{
	int fd = QUEUE(.capacity = 4);

	child_join(start_mapped(fd, "7 0 1", expect_owner_7));
	CHECK_EQ(info_of(fd).uid, 0);
}

static void root_inside_only(int fd)
{
	struct kmq_resize resize = { .capacity = 8 };

	/* All capabilities, but of this namespace alone. */
	CHECK_ERRNO(ioctl(fd, KMQ_IOC_RESIZE, &resize), EPERM);
	CHECK_EQ(info_of(fd).capacity, 4);
}

TEST(a_capability_of_a_user_namespace_is_no_capability_here)
{
	int fd = QUEUE(.capacity = 4, .flags = KMQ_CREATE_OWNER, .uid = 1000, .gid = 1000);

	child_join(start_mapped(fd, "0 0 1", root_inside_only));
}

/* Runs the body as process 1 of a new pid namespace. */
static void in_pid_namespace(int fd, void (*body)(int fd))
{
	pid_t outer, inner;

	CHILD(outer) {
		unshare_or_skip(CLONE_NEWPID, "pid");
		CHILD(inner) {
			CHECK_EQ(getpid(), 1);
			body(fd);
		}
		child_join(inner);
	}
	child_join(outer);
}

static void expect_no_pid(int fd)
{
	CHECK_EQ(take(fd, "from outside").message.pid, 0);
}

TEST(a_sender_outside_the_readers_pid_namespace_has_pid_0)
{
	int fd = QUEUE(.capacity = 4);

	put(fd, 1, 0, "from outside");
	in_pid_namespace(fd, expect_no_pid);
}

static void expect_own_pid(int fd)
{
	put(fd, 1, 0, "from inside");
	CHECK_EQ(take(fd, "from inside").message.pid, 1);
}

TEST(a_sender_inside_has_the_pid_it_has_inside)
{
	in_pid_namespace(QUEUE(.capacity = 4), expect_own_pid);
}

TEST(a_sender_in_a_pid_namespace_is_told_by_its_pid_outside)
{
	int fd = QUEUE(.capacity = 4), gate[2], pids[2];
	pid_t outer, inner;

	CHECK_OK(pipe(gate));
	CHECK_OK(pipe(pids));
	CHILD(outer) {
		char byte;

		close(gate[1]);
		unshare_or_skip(CLONE_NEWPID, "pid");
		inner = child_fork();
		if (!inner) {
			put(fd, 1, 0, "from inside");
			CHECK_EQ(read(gate[0], &byte, 1), 0);
			_exit(EXIT_SUCCESS);
		}
		CHECK_OK(write(pids[1], &inner, sizeof(inner)));
		child_join(inner);
	}
	close(gate[0]);
	close(pids[1]);
	if (read(pids[0], &inner, sizeof(inner)) == sizeof(inner)) {
		struct received received;

		CHECK_OK(receive_any(fd, 0, &received));
		CHECK(received.message.pid > 1);
		CHECK_EQ(received.message.pid, inner);
	}
	close(gate[1]);
	child_join(outer);
}
