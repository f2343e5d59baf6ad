// SPDX-License-Identifier: GPL-2.0-only
/* Notification: KMQ_IOC_NOTIFY, and what ends a registration. */
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "kmq_test.h"
#include "lib/netlink.h"

/* The process runs the program of this name. */
static bool is_called(pid_t pid, const char *name)
{
	char path[64], comm[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (file) {
		if (!fgets(comm, sizeof(comm), file))
			comm[0] = '\0';
		fclose(file);
	}
	return !strncmp(comm, name, strlen(name)) && comm[strlen(name)] == '\n';
}

static int notify(int fd, struct kmq_notify *request)
{
	return ioctl(fd, KMQ_IOC_NOTIFY, request);
}

static int add(int fd, __u32 flags, __u64 *cookie)
{
	struct kmq_notify request = { .operation = KMQ_NOTIFY_ADD, .flags = flags };
	int result = notify(fd, &request);

	if (cookie)
		*cookie = request.cookie;
	return result;
}

static int drop(int fd)
{
	return notify(fd, &(struct kmq_notify){ .operation = KMQ_NOTIFY_DROP });
}

/* Outputs are poisoned before. */
static int await(int fd, __u64 cookie, struct kmq_notify *got)
{
	*got = (struct kmq_notify){
		.operation = KMQ_NOTIFY_WAIT, .cookie = cookie, .outcome = 99, .pid = -99, .uid = 99,
	};
	return notify(fd, got);
}

static __u64 added(int fd)
{
	__u64 cookie = 0;

	CHECK_OK(add(fd, 0, &cookie));
	CHECK(cookie);
	return cookie;
}

/* It has ended like this, and the outcome is to be had once. */
static struct kmq_notify ended(int fd, __u64 cookie, __u32 outcome)
{
	struct kmq_notify got, again;

	CHECK_OK(await(fd, cookie, &got));
	CHECK_EQ(got.outcome, outcome);
	CHECK_EQ(got.cookie, cookie);
	CHECK_ERRNO(await(fd, cookie, &again), ESRCH);
	return got;
}

static void arrived(int fd, __u64 cookie)
{
	struct kmq_notify got = ended(fd, cookie, KMQ_NOTIFY_ARRIVED);

	CHECK_EQ(got.pid, getpid());
	CHECK_EQ(got.uid, getuid());
}

static void dropped(int fd, __u64 cookie)
{
	struct kmq_notify got = ended(fd, cookie, KMQ_NOTIFY_ENDED);

	CHECK_EQ(got.pid, 0);
	CHECK_EQ(got.uid, 0);
}

/* It lives: nobody else can register, and the next first message ends it. */
static void still_there(int fd, __u64 cookie)
{
	CHECK_ERRNO(add(fd, 0, NULL), EBUSY);
	put(fd, 1, 0, "x");
	arrived(fd, cookie);
	take(fd, "x");
}

/* A thread in WAIT, and how it came back. */
struct waiter {
	pthread_t thread;
	int fd, result, error;
	__u64 cookie;
	struct kmq_notify got;
	volatile pid_t tid;
};

static void *waiter_run(void *argument)
{
	struct waiter *waiter = argument;

	waiter->tid = gettid();
	waiter->result = await(waiter->fd, waiter->cookie, &waiter->got);
	waiter->error = errno;
	return NULL;
}

static void waiter_start(struct waiter *waiter, int fd, __u64 cookie)
{
	*waiter = (struct waiter){ .fd = fd, .cookie = cookie };
	CHECK_EQ(pthread_create(&waiter->thread, NULL, waiter_run, waiter), 0);
	WAIT_UNTIL(waiter->tid);
	wait_asleep(waiter->tid);
}

static void waiter_told(struct waiter *waiter, __u32 outcome)
{
	CHECK_EQ(pthread_join(waiter->thread, NULL), 0);
	if (waiter->result)
		FAIL("WAIT failed with %s", strerrorname_np(waiter->error));
	CHECK_EQ(waiter->got.outcome, outcome);
}

TEST(the_module_says_that_it_notifies)
{
	struct kmq_features features = {};

	CHECK_OK(ioctl(control(), KMQ_CTL_FEATURES, &features));
	CHECK(features.features & KMQ_FEATURE_NOTIFY);
}

TEST(a_message_into_the_empty_queue_is_told_with_its_sender)
{
	int fd = QUEUE(.capacity = 4);
	__u64 cookie = added(fd);
	struct kmq_notify got;
	pid_t child;

	CHILD(child) {
		CHECK_OK(setresuid(1000, 1001, 1001));
		put(fd, 1, 0, "x");
	}
	child_join(child);
	got = ended(fd, cookie, KMQ_NOTIFY_ARRIVED);
	CHECK_EQ(got.pid, child);
	CHECK_EQ(got.uid, 1000);
	take(fd, "x");
}

TEST(every_door_that_sends_notifies)
{
	struct kmq_message message = { .body = ptr("x"), .size = 1, .type = 1 };
	struct kmq_batch batch = { .messages = ptr(&message), .count = 1 };
	struct kmq_short small = { .body = ptr("x"), .size = 1, .type = 1 };
	int fd = QUEUE(.capacity = 4);
	__u64 cookie;

	cookie = added(fd);
	CHECK_EQ(write(fd, "x", 1), 1);
	arrived(fd, cookie);
	take(fd, "x");
	cookie = added(fd);
	CHECK_EQ(ioctl(fd, KMQ_IOC_SEND_BATCH, &batch), 1);
	arrived(fd, cookie);
	take(fd, "x");
	cookie = added(fd);
	CHECK_OK(ioctl(fd, KMQ_IOC_PUT, &small));
	arrived(fd, cookie);
	take(fd, "x");
}

TEST(a_thread_that_waits_is_woken)
{
	int fd = QUEUE(.capacity = 4);
	struct waiter waiter;

	waiter_start(&waiter, fd, added(fd));
	put(fd, 1, 0, "x");
	waiter_told(&waiter, KMQ_NOTIFY_ARRIVED);
	CHECK_EQ(waiter.got.pid, getpid());
	waiter_start(&waiter, fd, added(fd));
	CHECK_OK(drop(fd));
	waiter_told(&waiter, KMQ_NOTIFY_ENDED);
}

TEST(it_is_told_once)
{
	int fd = QUEUE(.capacity = 4);
	__u64 cookie = added(fd), second;

	put(fd, 1, 0, "x");
	take(fd, "x");
	put(fd, 1, 0, "x");
	take(fd, "x");
	arrived(fd, cookie);
	second = added(fd);
	CHECK(second != cookie);
	still_there(fd, second);
}

TEST(a_message_into_a_queue_that_is_not_empty_is_none)
{
	int fd = QUEUE(.capacity = 4);
	__u64 cookie;

	put(fd, 1, 0, "a");
	cookie = added(fd);
	put(fd, 1, 0, "b");
	CHECK_ERRNO(add(fd, 0, NULL), EBUSY);
	take(fd, "a");
	put(fd, 1, 0, "c");
	take(fd, "b");
	take(fd, "c");
	still_there(fd, cookie);
}

TEST(a_message_that_a_sleeping_receiver_gets_is_none)
{
	int fd = QUEUE(.capacity = 4);
	__u64 cookie = added(fd);
	pid_t child;

	CHILD(child)
		expect_read(fd, "for the child");
	wait_blocked_receivers(fd, 1);
	put(fd, 1, 0, "for the child");
	child_join(child);
	still_there(fd, cookie);
}

TEST(a_message_that_no_sleeping_receiver_selects_is_told)
{
	int fd = QUEUE(.capacity = 4);
	__u64 cookie = added(fd);
	struct received got;
	pid_t child;

	CHILD(child)
		CHECK_OK(receive_type(fd, 0, KMQ_SELECT_EQUAL, 7, &got));
	wait_blocked_receivers(fd, 1);
	put(fd, 1, 0, "x");
	arrived(fd, cookie);
	/* Nor is one that is handed over while this is queued. */
	take(fd, "x");
	cookie = added(fd);
	put(fd, 7, 0, "y");
	child_join(child);
	still_there(fd, cookie);
}

TEST(a_sleeping_senders_message_that_follows_a_take_is_none)
{
	int fd = QUEUE(.capacity = 1);
	__u64 cookie;
	pid_t child;

	put(fd, 1, 0, "first");
	cookie = added(fd);
	CHILD(child)
		CHECK_EQ(write(fd, "second", 6), 6);
	wait_blocked_senders(fd, 1);
	take(fd, "first");
	child_join(child);
	CHECK_ERRNO(add(fd, 0, NULL), EBUSY);
	take(fd, "second");
	still_there(fd, cookie);
}

TEST(nor_one_that_follows_a_purge)
{
	int fd = QUEUE(.capacity = 1);
	__u64 cookie, purged;
	pid_t child;

	put(fd, 1, 0, "first");
	cookie = added(fd);
	CHILD(child)
		CHECK_EQ(write(fd, "second", 6), 6);
	wait_blocked_senders(fd, 1);
	CHECK_OK(purge(fd, KMQ_SELECT_ANY, 0, &purged));
	CHECK_EQ(purged, 1);
	child_join(child);
	take(fd, "second");
	still_there(fd, cookie);
}

TEST(a_sleeping_senders_message_that_a_resize_lets_into_the_empty_queue_is_told)
{
	int fd = QUEUE(.capacity = 0, .byte_limit = 0, .max_message = 10, .mode = 0600,
		       .flags = KMQ_CREATE_EXACT);
	struct kmq_resize resize = { .capacity = 1, .byte_limit = 10, .flags = KMQ_RESIZE_EXACT };
	__u64 cookie = added(fd);
	struct kmq_notify got;
	pid_t child;

	CHILD(child) {
		CHECK_OK(setresuid(1000, 1000, 1000));
		CHECK_EQ(write(fd, "x", 1), 1);
	}
	wait_blocked_senders(fd, 1);
	CHECK_OK(ioctl(fd, KMQ_IOC_RESIZE, &resize));
	child_join(child);
	got = ended(fd, cookie, KMQ_NOTIFY_ARRIVED);
	CHECK_EQ(got.pid, child);
	CHECK_EQ(got.uid, 1000);
}

TEST(a_message_that_comes_back_is_none)
{
	int fd = QUEUE(.capacity = 4);
	struct received got;
	__u64 cookie;

	put(fd, 1, 0, "x");
	CHECK_OK(receive_any(fd, KMQ_LEASE, &got));
	cookie = added(fd);
	CHECK_OK(nack(fd, got.message.sequence));
	CHECK_ERRNO(add(fd, 0, NULL), EBUSY);
	/* A receive that fails puts it back, too. */
	CHECK_ERRNO(read(fd, bad_address, 100), EFAULT);
	CHECK_ERRNO(add(fd, 0, NULL), EBUSY);
	take(fd, "x");
	still_there(fd, cookie);
}

TEST(a_message_beside_leased_ones_is_told)
{
	int fd = QUEUE(.capacity = 4);
	struct received got;
	__u64 cookie;

	put(fd, 1, 0, "x");
	CHECK_OK(receive_any(fd, KMQ_LEASE, &got));
	cookie = added(fd);
	put(fd, 1, 0, "y");
	arrived(fd, cookie);
}

TEST(a_message_that_displaces_the_oldest_is_none)
{
	int fd = QUEUE(.capacity = 1, .policy = KMQ_POLICY_DROP_OLDEST);
	__u64 cookie;

	put(fd, 1, 0, "x");
	cookie = added(fd);
	put(fd, 1, 0, "y");
	CHECK_ERRNO(add(fd, 0, NULL), EBUSY);
	take(fd, "y");
	still_there(fd, cookie);
}

TEST(a_second_registration_is_EBUSY_whosever)
{
	int fd = QUEUE(.capacity = 4);
	__u64 cookie = added(fd);
	pid_t child;

	CHECK_ERRNO(add(fd, 0, NULL), EBUSY);
	CHECK_ERRNO(add(fd, KMQ_NOTIFY_SILENT, NULL), EBUSY);
	CHILD(child)
		CHECK_ERRNO(add(fd, 0, NULL), EBUSY);
	child_join(child);
	still_there(fd, cookie);
}

TEST(a_silent_one_holds_the_place_until_a_message_comes)
{
	int fd = QUEUE(.capacity = 4);
	struct kmq_notify got;
	__u64 cookie;

	CHECK_OK(add(fd, KMQ_NOTIFY_SILENT, &cookie));
	CHECK_ERRNO(add(fd, 0, NULL), EBUSY);
	CHECK_ERRNO(await(fd, cookie, &got), ESRCH);
	put(fd, 1, 0, "x");
	CHECK_ERRNO(await(fd, cookie, &got), ESRCH);
	CHECK_OK(add(fd, KMQ_NOTIFY_SILENT, NULL));
	CHECK_OK(drop(fd));
	take(fd, "x");
	still_there(fd, added(fd));
}

TEST(a_drop_ends_ones_own_and_nobody_elses)
{
	int fd = QUEUE(.capacity = 4);
	__u64 cookie;
	pid_t child;

	CHECK_OK(drop(fd));
	cookie = added(fd);
	CHILD(child)
		CHECK_OK(drop(fd));
	child_join(child);
	CHECK_ERRNO(add(fd, 0, NULL), EBUSY);
	CHECK_OK(drop(fd));
	dropped(fd, cookie);
	still_there(fd, added(fd));
}

TEST(a_close_of_any_descriptor_of_the_queue_ends_it)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 4), other = queue_open(name, O_RDONLY), copy = dup(fd);
	__u64 cookie = added(fd);

	close(other);
	dropped(fd, cookie);
	cookie = added(fd);
	close(copy);
	dropped(fd, cookie);
	copy = dup(fd);
	cookie = added(fd);
	CHECK_OK(dup2(0, copy));
	dropped(fd, cookie);
	still_there(fd, added(fd));
}

TEST(a_close_of_another_queue_does_not)
{
	int fd = QUEUE(.capacity = 4), other = QUEUE(.capacity = 4);
	__u64 cookie = added(fd);

	close(other);
	still_there(fd, cookie);
}

TEST(a_close_under_a_waiting_thread_wakes_it)
{
	int fd = QUEUE(.capacity = 4), copy = dup(fd);
	struct waiter waiter;

	waiter_start(&waiter, copy, added(fd));
	close(copy);
	waiter_told(&waiter, KMQ_NOTIFY_ENDED);
	still_there(fd, added(fd));
}

TEST(a_childs_close_and_end_do_not_end_it)
{
	int fd = QUEUE(.capacity = 4);
	__u64 cookie = added(fd);
	pid_t child;

	CHILD(child)
		close(fd);
	child_join(child);
	CHILD(child)
		;
	child_join(child);
	still_there(fd, cookie);
}

TEST(the_end_of_its_process_ends_it)
{
	int fd = QUEUE(.capacity = 4), ready[2];
	pid_t child;
	char byte;

	CHILD(child)
		added(fd);
	child_join(child);
	CHECK_OK(drop(fd));
	still_there(fd, added(fd));

	CHECK_OK(pipe(ready));
	CHILD(child) {
		added(fd);
		CHECK_EQ(write(ready[1], "x", 1), 1);
		pause();
	}
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	CHECK_ERRNO(add(fd, 0, NULL), EBUSY);
	child_kill(child);
	still_there(fd, added(fd));
}

TEST(the_end_of_one_thread_does_not_end_it)
{
	int fd = QUEUE(.capacity = 4);
	struct waiter waiter = { .fd = fd, .cookie = ~0ull };
	__u64 cookie = added(fd);

	CHECK_EQ(pthread_create(&waiter.thread, NULL, waiter_run, &waiter), 0);
	CHECK_EQ(pthread_join(waiter.thread, NULL), 0);
	CHECK_EQ(waiter.result, -1);
	CHECK_EQ(waiter.error, ESRCH);
	still_there(fd, cookie);
}

static void *register_in_a_table_of_its_own(void *argument)
{
	int fd = *(int *)argument;
	__u64 cookie;

	cookie = added(fd);
	put(fd, 1, 0, "x");
	take(fd, "x");
	/* This thread ends with the last of a table; the process goes on. */
	CHECK_OK(unshare(CLONE_FILES));
	return (void *)(uintptr_t)cookie;
}

TEST(an_outcome_outlives_a_thread_with_descriptors_of_its_own)
{
	int fd = QUEUE(.capacity = 4);
	pthread_t thread;
	void *cookie;

	CHECK_EQ(pthread_create(&thread, NULL, register_in_a_table_of_its_own, &fd), 0);
	CHECK_EQ(pthread_join(thread, &cookie), 0);
	arrived(fd, (uintptr_t)cookie);
}

static int register_and_end(void *argument)
{
	added(*(int *)argument);
	return 0;
}

/* Whose close nobody sees: the descriptors live on in another process. */
TEST(a_registrant_gone_without_a_close_is_in_nobodys_way)
{
	static char stack[65536] __attribute__((aligned(16)));
	int fd = QUEUE(.capacity = 4), status;
	pid_t child;

	child = CHECK_OK(clone(register_and_end, stack + sizeof(stack), CLONE_FILES | SIGCHLD, &fd));
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	still_there(fd, added(fd));
}

/* A child that registers and becomes another program. */
static pid_t exec_registered(int fd)
{
	char path[64], name[32] = "";
	pid_t child;
	FILE *file;

	CHILD(child) {
		added(fd);
		execlp("sleep", "sleep", "1000", NULL);
		FAIL("execlp: %s", strerrorname_np(errno));
	}
	snprintf(path, sizeof(path), "/proc/%d/cmdline", child);
	do {
		file = fopen(path, "r");
		CHECK(file);
		CHECK(fgets(name, sizeof(name), file) || feof(file));
		fclose(file);
		pause_ms(1);
	} while (strcmp(name, "sleep"));
	return child;
}

TEST(an_exec_ends_it_where_that_closes_a_descriptor)
{
	int fd = QUEUE(.capacity = 4);	/* O_CLOEXEC */
	pid_t child = exec_registered(fd);

	still_there(fd, added(fd));
	child_kill(child);
}

TEST(an_exec_that_keeps_the_descriptors_keeps_it)
{
	int fd = QUEUE(.capacity = 4);
	pid_t child;

	CHECK_OK(fcntl(fd, F_SETFD, 0));
	child = exec_registered(fd);
	CHECK_ERRNO(add(fd, 0, NULL), EBUSY);
	child_kill(child);
	still_there(fd, added(fd));
}

TEST(outcomes_are_kept_for_who_waits_late)
{
	int fd = QUEUE(.capacity = 4);
	__u64 first = added(fd), second, third;

	put(fd, 1, 0, "x");
	second = added(fd);
	CHECK_OK(drop(fd));
	third = added(fd);
	take(fd, "x");
	dropped(fd, second);
	arrived(fd, first);
	still_there(fd, third);
}

TEST(of_so_many_outcomes_that_nobody_waits_for_the_oldest_is_forgotten)
{
	int fd = QUEUE(.capacity = 4);
	struct kmq_notify got;
	__u64 cookies[66];
	pid_t child;

	for (int i = 0; i < 66; i++) {
		cookies[i] = added(fd);
		CHECK_OK(drop(fd));
	}
	/* Others have as many of their own. */
	CHILD(child)
		still_there(fd, added(fd));
	child_join(child);
	CHECK_ERRNO(await(fd, cookies[0], &got), ESRCH);
	CHECK_ERRNO(await(fd, cookies[1], &got), ESRCH);
	for (int i = 2; i < 66; i++)
		dropped(fd, cookies[i]);
	still_there(fd, added(fd));
}

TEST(of_so_many_outcomes_of_all_processes_the_oldest_is_forgotten)
{
	enum { OTHERS = 16, EACH = 64 };
	int fd = QUEUE(.capacity = 4), ready[2];
	struct kmq_notify got;
	pid_t others[OTHERS];
	__u64 first, second;
	char byte;

	CHECK_OK(pipe(ready));
	first = added(fd);
	CHECK_OK(drop(fd));
	second = added(fd);
	CHECK_OK(drop(fd));
	for (int i = 0; i < OTHERS; i++) {
		/* The last leaves one less: 1025 are asked for, and 1024 are kept. */
		CHILD(others[i]) {
			for (int n = i == OTHERS - 1; n < EACH; n++) {
				added(fd);
				CHECK_OK(drop(fd));
			}
			CHECK_EQ(write(ready[1], "", 1), 1);
			pause();
		}
		CHECK_EQ(read(ready[0], &byte, 1), 1);
	}
	CHECK_ERRNO(await(fd, first, &got), ESRCH);
	dropped(fd, second);
	for (int i = 0; i < OTHERS; i++)
		child_kill(others[i]);
}

TEST(a_cookie_of_another_queue_is_ESRCH)
{
	int first = QUEUE(.capacity = 4), second = QUEUE(.capacity = 4);
	__u64 cookie = added(first);
	struct kmq_notify got;

	CHECK(added(second) != cookie);
	/* The number becomes another queue's before the thread comes to wait. */
	CHECK_EQ(dup2(second, first), first);
	put(second, 1, 0, "x");
	CHECK_ERRNO(await(first, cookie, &got), ESRCH);
}

TEST(a_wait_is_for_ones_own_process_and_one_thread)
{
	int fd = QUEUE(.capacity = 4);
	__u64 cookie = added(fd);
	struct waiter waiter;
	struct kmq_notify got;
	pid_t child;

	CHECK_ERRNO(await(fd, cookie + 1, &got), ESRCH);
	CHECK_ERRNO(await(fd, 0, &got), ESRCH);
	CHILD(child)
		CHECK_ERRNO(await(fd, cookie, &got), ESRCH);
	child_join(child);
	waiter_start(&waiter, fd, cookie);
	CHECK_ERRNO(await(fd, cookie, &got), ESRCH);
	put(fd, 1, 0, "x");
	waiter_told(&waiter, KMQ_NOTIFY_ARRIVED);
	CHECK_ERRNO(await(fd, cookie, &got), ESRCH);
}

TEST(a_wait_works_by_any_descriptor_of_the_queue)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 4), reader = queue_open(name, O_RDONLY),
	    writer = queue_open(name, O_WRONLY);
	__u64 cookie;

	CHECK_OK(add(reader, 0, &cookie));
	put(fd, 1, 0, "x");
	arrived(writer, cookie);
	take(fd, "x");
	CHECK_OK(add(writer, 0, &cookie));
	CHECK_OK(drop(reader));
	dropped(fd, cookie);
}

static volatile sig_atomic_t handled;

static void handle(int signal)
{
	handled++;
}

static void interrupt(struct waiter *waiter, int flags)
{
	struct sigaction action = { .sa_handler = handle, .sa_flags = flags };

	CHECK_OK(sigaction(SIGUSR1, &action, NULL));
	handled = 0;
	CHECK_EQ(pthread_kill(waiter->thread, SIGUSR1), 0);
	WAIT_UNTIL(handled);
}

TEST(a_wait_restarts_as_SA_RESTART_asks)
{
	int fd = QUEUE(.capacity = 4);
	struct waiter waiter;
	__u64 cookie = added(fd);

	waiter_start(&waiter, fd, cookie);
	interrupt(&waiter, SA_RESTART);
	wait_asleep(waiter.tid);
	interrupt(&waiter, 0);
	CHECK_EQ(pthread_join(waiter.thread, NULL), 0);
	CHECK_EQ(waiter.result, -1);
	CHECK_EQ(waiter.error, EINTR);
	/* And the registration is what it was. */
	still_there(fd, cookie);
}

TEST(a_removal_ends_it)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 4);
	__u64 early = added(fd), late;
	struct waiter waiter;
	struct kmq_notify got;

	put(fd, 1, 0, "x");
	late = added(fd);
	waiter_start(&waiter, fd, late);
	CHECK_OK(queue_remove(name));
	waiter_told(&waiter, KMQ_NOTIFY_ENDED);
	CHECK_ERRNO(add(fd, 0, NULL), EIDRM);
	CHECK_ERRNO(drop(fd), EIDRM);
	/* What was not yet waited for is still to be had, and no more than that. */
	CHECK_OK(await(fd, early, &got));
	CHECK_EQ(got.outcome, KMQ_NOTIFY_ARRIVED);
	CHECK_ERRNO(await(fd, early, &got), EIDRM);
	CHECK_ERRNO(await(fd, late, &got), EIDRM);
}

/* ---- the signal that the module sends ---- */

static siginfo_t heard;
static volatile sig_atomic_t signals;

static void hear(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	heard = *info;
	signals++;
}

/* SIGUSR2 with a value, whose handler restarts nothing. */
static __u64 signal_added(int fd)
{
	struct kmq_notify request = {
		.operation = KMQ_NOTIFY_ADD, .flags = KMQ_NOTIFY_SIGNAL, .cookie = 4711, .show = { 0, SIGUSR2 },
	};
	struct sigaction action = { .sa_sigaction = hear, .sa_flags = SA_SIGINFO };

	signals = 0;
	CHECK_OK(sigaction(SIGUSR2, &action, NULL));
	CHECK_OK(notify(fd, &request));
	CHECK(request.cookie);
	return request.cookie;
}

TEST(a_signal_is_sent_with_its_value_and_who_sent_the_message)
{
	int fd = QUEUE(.capacity = 4);
	__u64 cookie = signal_added(fd);
	pid_t child;

	CHILD(child)
		put(fd, 1, 0, "x");
	/* By the end of the send, and not some time after it. */
	child_join(child);
	CHECK_EQ(signals, 1);
	CHECK_EQ(heard.si_signo, SIGUSR2);
	CHECK_EQ(heard.si_code, SI_MESGQ);
	CHECK_EQ(heard.si_pid, child);
	CHECK_EQ(heard.si_uid, getuid());
	CHECK_EQ(heard.si_value.sival_int, 4711);
	CHECK_EQ(ended(fd, cookie, KMQ_NOTIFY_SIGNALLED).pid, child);
	take(fd, "x");
	put(fd, 1, 0, "y");
	CHECK_EQ(signals, 1);
}

TEST(a_signal_never_interrupts_who_waits_for_the_message_after_its_own)
{
	int fd = QUEUE(.capacity = 4), gate[2];
	struct received received;
	pid_t sender;

	CHECK_OK(pipe(gate));
	CHILD(sender) {
		char byte;

		close(gate[1]);
		while (read(gate[0], &byte, 1) == 1)
			put(fd, 1, 0, "x");
	}
	close(gate[0]);
	for (int i = 0; i < 1000; i++) {
		signal_added(fd);
		CHECK_EQ(write(gate[1], "", 1), 1);
		while (!info_of(fd).queued)
			sched_yield();
		CHECK_OK(receive_any(fd, 0, &received));
		CHECK_EQ(signals, 1);
		CHECK_EQ(write(gate[1], "", 1), 1);
		CHECK_OK(receive_any(fd, 0, &received));
		CHECK_EQ(signals, 1);
	}
	close(gate[1]);
	child_join(sender);
}

TEST(a_signal_that_all_threads_block_is_left_to_the_waiter)
{
	int fd = QUEUE(.capacity = 4);
	__u64 cookie = signal_added(fd);
	sigset_t set, pending;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	put(fd, 1, 0, "x");
	arrived(fd, cookie);
	CHECK_OK(sigpending(&pending));
	CHECK(!sigismember(&pending, SIGUSR2));
	CHECK_OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
	CHECK_EQ(signals, 0);
}

static void *end_when_signalled(void *argument)
{
	const int *ready = argument;

	CHECK_EQ(write(*ready, "", 1), 1);
	WAIT_UNTIL(signals);
	_exit(EXIT_SUCCESS);
}

TEST(a_thread_that_a_debugger_has_stopped_is_passed_over)
{
	int fd = QUEUE(.capacity = 4), ready[2];
	pthread_t thread;
	int status;
	pid_t child;
	char byte;

	CHECK_OK(pipe(ready));
	CHILD(child) {
		signal_added(fd);
		CHECK(!pthread_create(&thread, NULL, end_when_signalled, &ready[1]));
		for (;;)
			pause();
	}
	close(ready[1]);
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	/* The leader, whom a look at all threads meets first. */
	CHECK_OK(ptrace(PTRACE_SEIZE, child, NULL, NULL));
	CHECK_OK(ptrace(PTRACE_INTERRUPT, child, NULL, NULL));
	CHECK_EQ(CHECK_OK(waitpid(child, &status, 0)), child);
	CHECK(WIFSTOPPED(status));
	put(fd, 1, 0, "x");
	/* The other thread takes it, and ends them both. */
	CHECK_EQ(read(ready[0], &byte, 1), 0);
	child_join(child);
	close(ready[0]);
}

TEST(another_program_in_the_process_is_not_signalled)
{
	int fd = QUEUE(.capacity = 4), gate[2];
	pid_t child;

	CHECK_OK(pipe(gate));
	CHILD(child) {
		/* SIGUSR2 would end it after the exec, since no handler is left. */
		CHECK_OK(fcntl(fd, F_SETFD, 0));
		CHECK_OK(dup2(gate[0], 0));
		signal_added(fd);
		close(gate[0]);
		close(gate[1]);
		execlp("head", "head", "-c", "1", NULL);
	}
	close(gate[0]);
	/* Its name comes before the rest of it: it is there when it reads. */
	WAIT_UNTIL(is_called(child, "head"));
	wait_asleep(child);
	put(fd, 1, 0, "x");
	CHECK_EQ(CHECK_OK(write(gate[1], "", 1)), 1);
	close(gate[1]);
	child_join(child);
}

TEST(what_is_not_meant_is_EINVAL)
{
	int fd = QUEUE(.capacity = 4);
	const struct kmq_notify wrong[] = {
		{ .operation = 3 },
		{ .operation = ~0u },
		{ .operation = KMQ_NOTIFY_ADD, .flags = 4 },
		{ .operation = KMQ_NOTIFY_ADD, .flags = KMQ_NOTIFY_SIGNAL },
		{ .operation = KMQ_NOTIFY_ADD, .flags = KMQ_NOTIFY_SIGNAL, .show = { 0, 65 } },
		{ .operation = KMQ_NOTIFY_ADD, .flags = KMQ_NOTIFY_SIGNAL | KMQ_NOTIFY_SILENT, .show = { 0, 10 } },
		{ .operation = KMQ_NOTIFY_ADD, .flags = KMQ_NOTIFY_SIGNAL, .show = { 0, 1ull << 32 | 10 } },
		{ .operation = KMQ_NOTIFY_ADD, .reserved = 1 },
		{ .operation = KMQ_NOTIFY_DROP, .flags = KMQ_NOTIFY_SILENT },
		{ .operation = KMQ_NOTIFY_DROP, .cookie = 1 },
		{ .operation = KMQ_NOTIFY_DROP, .reserved = 1 },
		{ .operation = KMQ_NOTIFY_DROP, .show = { 1 } },
		{ .operation = KMQ_NOTIFY_WAIT, .flags = KMQ_NOTIFY_SILENT },
		{ .operation = KMQ_NOTIFY_WAIT, .reserved = 1 },
		{ .operation = KMQ_NOTIFY_WAIT, .show = { 0, 1 } },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct kmq_notify request = wrong[i];

		check_context("request %zu", i);
		CHECK_ERRNO(notify(fd, &request), EINVAL);
	}
	check_context("after all");
	still_there(fd, added(fd));
}

TEST(a_bad_address_changes_nothing)
{
	int fd = QUEUE(.capacity = 4);
	struct kmq_notify *page;
	__u64 cookie;

	CHECK_ERRNO(ioctl(fd, KMQ_IOC_NOTIFY, bad_address), EFAULT);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(page != MAP_FAILED);
	page->operation = KMQ_NOTIFY_ADD;
	CHECK_OK(mprotect(page, 4096, PROT_READ));
	CHECK_ERRNO(notify(fd, page), EFAULT);
	cookie = added(fd);
	put(fd, 1, 0, "x");
	CHECK_OK(mprotect(page, 4096, PROT_READ | PROT_WRITE));
	page->operation = KMQ_NOTIFY_WAIT;
	page->cookie = cookie;
	CHECK_OK(mprotect(page, 4096, PROT_READ));
	CHECK_ERRNO(notify(fd, page), EFAULT);
	/* The outcome has not been lost by it. */
	arrived(fd, cookie);
}

TEST(netlink_shows_who_is_to_be_told_and_what_was_said_of_it)
{
	struct kmq_notify request = { .operation = KMQ_NOTIFY_ADD, .show = { 1, ~0ull } };
	struct nl nl = nl_open();
	struct nl_reply reply;
	char name[KMQ_NAME_SIZE];
	__u64 shown[2];
	int fd = NAMED(name, .capacity = 4);

	CHECK_TAKEN(&nl, nl_get(&nl, name, &reply));
	CHECK(!nl_has(&reply, KMQ_A_NOTIFY_PID));
	CHECK(!nl_has(&reply, KMQ_A_NOTIFY_SHOW));
	CHECK_OK(notify(fd, &request));
	CHECK_TAKEN(&nl, nl_get(&nl, name, &reply));
	CHECK_EQ(nl_number(&reply, KMQ_A_NOTIFY_PID), getpid());
	CHECK_EQ(nl_attribute(&reply, KMQ_A_NOTIFY_SHOW)->nla_len, NLA_HDRLEN + sizeof(shown));
	memcpy(shown, (const char *)nl_attribute(&reply, KMQ_A_NOTIFY_SHOW) + NLA_HDRLEN, sizeof(shown));
	CHECK_EQ(shown[0], 1);
	CHECK_EQ(shown[1], ~0ull);
	put(fd, 1, 0, "x");
	CHECK_TAKEN(&nl, nl_get(&nl, name, &reply));
	CHECK(!nl_has(&reply, KMQ_A_NOTIFY_PID));
	nl_close(&nl);
}

TEST(a_ring_does_not_notify)
{
	int fd = QUEUE(.kind = KMQ_KIND_RING);

	CHECK_ERRNO(add(fd, 0, NULL), EOPNOTSUPP);
	CHECK_ERRNO(drop(fd), EOPNOTSUPP);
}

/* ---- races: what the debug kernel watches ---- */

enum { ROUNDS = 300, RACERS = 3 };

static int race_fd;
static volatile bool race_over;

static void *race_send(void *argument)
{
	char body[8];

	while (!race_over) {
		if (write(race_fd, "x", 1) < 0)
			CHECK(errno == EAGAIN);
		if (read(race_fd, body, sizeof(body)) < 0)
			CHECK(errno == EAGAIN);
	}
	return NULL;
}

static void *race_close(void *argument)
{
	while (!race_over)
		close(CHECK_OK(dup(race_fd)));
	return NULL;
}

static void *race_drop(void *argument)
{
	while (!race_over)
		CHECK_OK(drop(race_fd));
	return NULL;
}

/* Each registration has one end, however many bring it about. */
TEST(registrations_end_once_under_senders_closers_and_droppers)
{
	void *(*const racers[RACERS])(void *) = { race_send, race_close, race_drop };
	pthread_t threads[RACERS];
	struct kmq_notify got, again;

	race_fd = QUEUE(.capacity = 1);
	CHECK_OK(fcntl(race_fd, F_SETFL, O_NONBLOCK));
	for (int i = 0; i < RACERS; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, racers[i], NULL), 0);
	for (int i = 0; i < ROUNDS; i++) {
		__u64 cookie = added(race_fd);

		CHECK_OK(await(race_fd, cookie, &got));
		CHECK(got.outcome == KMQ_NOTIFY_ENDED || got.pid == getpid());
		CHECK_ERRNO(await(race_fd, cookie, &again), ESRCH);
	}
	race_over = true;
	for (int i = 0; i < RACERS; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

static void *wait_for_ever(void *argument)
{
	struct kmq_notify got;

	for (;;) {
		__u64 cookie;

		if (!add(race_fd, 0, &cookie))
			await(race_fd, cookie, &got);
	}
	return NULL;
}

/* Processes killed at any moment between ADD, WAIT and its end leave nothing. */
TEST(killed_registrants_leave_the_place_free)
{
	pthread_t thread;
	pid_t child;

	race_fd = QUEUE(.capacity = 4);
	CHECK_OK(fcntl(race_fd, F_SETFL, O_NONBLOCK));
	for (int i = 0; i < 40; i++) {
		CHILD(child) {
			pthread_create(&thread, NULL, wait_for_ever, NULL);
			pthread_create(&thread, NULL, race_close, NULL);
			race_send(NULL);
		}
		pause_ms(i % 7);
		child_kill(child);
		CHECK_OK(purge(race_fd, KMQ_SELECT_ANY, 0, &(__u64){ 0 }));
		still_there(race_fd, added(race_fd));
	}
}

/* A removal meets who adds and waits at any moment. */
TEST(removals_meet_registrants_at_any_moment)
{
	char name[KMQ_NAME_SIZE];
	pid_t child;

	for (int i = 0; i < 40; i++) {
		int fd = NAMED(name, .capacity = 4);

		CHILD(child) {
			struct kmq_notify got;
			__u64 cookie;

			while (!add(fd, 0, &cookie)) {
				if (!(i & 1) && drop(fd))
					CHECK_EQ(errno, EIDRM);
				CHECK_OK(await(fd, cookie, &got));
				CHECK_EQ(got.outcome, KMQ_NOTIFY_ENDED);
			}
			CHECK_EQ(errno, EIDRM);
		}
		pause_ms(i % 5);
		CHECK_OK(queue_remove(name));
		child_join(child);
		close(fd);
	}
}
