// SPDX-License-Identifier: GPL-2.0-only
/*
 * What libkmq-sysv and libkmq-mqueue have in common, and how they find the hub, and find out that it is none.
 * The hub is opened by the kmq_hub() below, and is the device of zeros; what a call on it answers, a test says.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/capability.h>

#include "mqueue/internal.h"
#include "sysv/internal.h"

/* Instead of the shim's entry: there is nobody between. */
shim_syscall_function *shim_next_syscall = syscall;

static int opened, hub_error;
static const char *at_its_path;

int kmq_hub(void)
{
	if (hub_error)
		return shim_fail(hub_error);
	opened++;
	return open(at_its_path, O_RDWR | O_CLOEXEC);
}

/* What a filter of system calls says to every ioctl, or 0. */
static int filtered;
/* What another thread does to the number right before a call of this kind, and how often. */
static void (*interferes)(int file);
static unsigned long at_request;
static int interferences;
/* What the hub answers to all but the question whether it is one: a number, or -errno. */
static int hub_answer;

int __real_ioctl(int file, unsigned long request, void *argument);
int __wrap_ioctl(int file, unsigned long request, void *argument);

int __wrap_ioctl(int file, unsigned long request, void *argument)
{
	struct stat is;

	if (request == at_request && interferences) {
		interferences--;
		interferes(file);
	}
	if (filtered)
		return shim_fail(filtered);
	if (fstat(file, &is) || !S_ISCHR(is.st_mode) || is.st_rdev != makedev(1, 5))
		return __real_ioctl(file, request, argument);
	if (request == KMQ_HUB_STAT)
		return 0;
	return hub_answer < 0 ? shim_fail(-hub_answer) : hub_answer;
}

static char *file_with(const char *text)
{
	static char path[] = "/tmp/shim_test.XXXXXX";
	int file;

	strcpy(path + sizeof(path) - 7, "XXXXXX");
	file = mkstemp(path);
	assert_true(file >= 0);
	assert_int_equal(write(file, text, strlen(text)), strlen(text));
	close(file);
	return path;
}

static int open_files(void)
{
	int i, count = 0, saved = errno;

	for (i = 0; i < 1024; i++)
		count += fcntl(i, F_GETFD) >= 0;
	errno = saved;
	return count;
}

static void expect_number(const char *text, long want)
{
	char *path = file_with(text);
	int files = open_files();

	errno = E2BIG;
	assert_int_equal(shim_number(path, 77), want);
	assert_int_equal(errno, E2BIG);
	assert_int_equal(open_files(), files);
	unlink(path);
}

static void a_number_of_proc_is_read(void **state)
{
	expect_number("16384\n", 16384);
	expect_number("0\n", 0);
	expect_number("-1\n", -1);
	expect_number("123", 123);
}

static void what_is_no_number_is_the_other_one(void **state)
{
	expect_number("", 77);
	expect_number("none\n", 77);
	errno = E2BIG;
	assert_int_equal(shim_number("/tmp/there is no such file", 77), 77);
	assert_int_equal(errno, E2BIG);
}

/* The end of a page behind which there is none. */
static char *page_end(int protection)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *at = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(at, MAP_FAILED);
	memset(at, 'o', page);
	assert_int_equal(mprotect(at, page, protection), 0);
	assert_int_equal(mprotect(at + page, page, PROT_NONE), 0);
	return at + page;
}

static void expect_fault(int result)
{
	assert_int_equal(result, -1);
	assert_int_equal(errno, EFAULT);
}

static void memory_that_is_there_is_copied(void **state)
{
	char *end = page_end(PROT_READ | PROT_WRITE), here[16];

	errno = E2BIG;
	assert_int_equal(shim_copy_out(end - 4, "text", 4), 0);
	assert_memory_equal(end - 5, "otext", 5);
	assert_int_equal(shim_copy_in(here, end - 5, 5), 0);
	assert_memory_equal(here, "otext", 5);
	assert_int_equal(errno, E2BIG);
}

static void memory_that_is_not_is_EFAULT(void **state)
{
	char *end = page_end(PROT_READ | PROT_WRITE), here[16];

	expect_fault(shim_copy_out(NULL, "text", 4));
	expect_fault(shim_copy_out(end - 3, "text", 4));
	expect_fault(shim_copy_in(here, NULL, 4));
	expect_fault(shim_copy_in(here, end - 3, 4));
	expect_fault(shim_copy_out(page_end(PROT_READ) - 4, "text", 4));
	assert_int_equal(shim_copy_in(here, page_end(PROT_READ) - 4, 4), 0);
}

static void who_has_no_capability_may_not(void **state)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { };
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (syscall(SYS_capset, &header, none))
			_exit(2);
		errno = E2BIG;
		_exit(shim_may(CAP_SYS_RESOURCE) || errno != E2BIG);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* What the calls answer, one after the other, and on which number they are made. */
static long answers[16];
static int asked[16], calls;

static long answer(int hub, const struct kmq_short *message)
{
	asked[calls] = hub;
	return answers[calls++];
}

static int begin(void **state)
{
	memset(answers, 0, sizeof(answers));
	calls = opened = hub_error = filtered = interferences = hub_answer = 0;
	at_its_path = "/dev/zero";
	sysv_hub = -1;
	errno = E2BIG;
	return 0;
}

static long again(int hub, long result)
{
	long end = sysv_again(answer, hub, NULL, result);

	/* It is told by the result, and the caller's errno is his own. */
	assert_int_equal(errno, E2BIG);
	return end;
}

static void what_a_queue_alone_answers_is_final(void **state)
{
	assert_int_equal(again(7, -EAGAIN), -EAGAIN);
	assert_int_equal(again(7, -EIDRM), -EIDRM);
	assert_int_equal(again(7, -EMSGSIZE), -EMSGSIZE);
	assert_int_equal(again(7, -EINTR), -EINTR);
	assert_int_equal(again(7, 5), 5);
	assert_int_equal(calls, 0);
	assert_int_equal(opened, 0);
}

static void the_first_call_opens_it_out_of_the_way(void **state)
{
	struct rlimit limit;
	int at;

	getrlimit(RLIMIT_NOFILE, &limit);
	at = limit.rlim_cur < 1024 ? (int)limit.rlim_cur - 16 : 1008;
	answers[0] = 64;
	assert_int_equal(again(-1, -EBADF), 64);
	assert_int_equal(calls, 1);
	assert_int_equal(opened, 1);
	assert_int_equal(asked[0], sysv_hub);
	assert_true(sysv_hub >= at);
	assert_int_equal(fcntl(sysv_hub, F_GETFD), FD_CLOEXEC);
	close(sysv_hub);
}

static void a_number_that_is_another_files_is_given_up_and_not_closed(void **state)
{
	int other = open("/dev/null", O_RDWR);

	sysv_hub = other;
	answers[0] = -EAGAIN;
	assert_int_equal(again(other, -ENOTTY), -EAGAIN);
	assert_int_equal(opened, 1);
	assert_int_not_equal(sysv_hub, other);
	assert_int_equal(fcntl(other, F_GETFD), 0);
	close(other);
	close(sysv_hub);
}

/* Some drivers answer so; asked for what only the hub knows, they are found out. */
static void EINVAL_is_believed_of_the_hub_alone(void **state)
{
	int other = open("/dev/null", O_RDWR);

	sysv_hub = other;
	answers[0] = 3;
	assert_int_equal(again(other, -EINVAL), 3);
	assert_int_equal(opened, 1);
	close(other);
	close(sysv_hub);
}

static void what_another_thread_has_opened_is_taken(void **state)
{
	sysv_hub = 900;
	answers[0] = 1;
	assert_int_equal(again(33, -EBADF), 1);
	assert_int_equal(asked[0], 900);
	assert_int_equal(opened, 0);
}

static void closed_over_and_over_it_ends(void **state)
{
	int i;

	for (i = 0; i < 16; i++)
		answers[i] = -EBADF;
	assert_int_equal(again(-1, -EBADF), -ENOSYS);
	assert_in_range(calls, 2, 15);
	for (i = 0; i < calls; i++)
		close(asked[i]);
}

static void without_the_module_each_call_is_ENOSYS(void **state)
{
	static const int errors[] = { ENOENT, ENXIO, ENODEV, EACCES, EPERM, ELOOP };
	unsigned int i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		hub_error = errors[i];
		assert_int_equal(again(-1, -EBADF), -ENOSYS);
	}
	assert_int_equal(calls, 0);
}

static void no_descriptor_is_told_as_it_is(void **state)
{
	hub_error = EMFILE;
	assert_int_equal(again(-1, -EBADF), -EMFILE);
	hub_error = ENFILE;
	assert_int_equal(again(-1, -EBADF), -ENFILE);
	hub_error = ENOMEM;
	assert_int_equal(again(-1, -EBADF), -ENOMEM);
}

/* A mistake of the administrator's, or a trap: what is at the path opens, and is no hub. */
static void what_opens_and_is_no_hub_is_ENOSYS_and_is_closed(void **state)
{
	int files = open_files();

	at_its_path = "/dev/null";
	assert_int_equal(again(-1, -EBADF), -ENOSYS);
	assert_int_equal(sysv_hub_call(KMQ_HUB_STAT, NULL), ENOSYS);
	assert_int_equal(calls, 0);
	assert_int_equal(open_files(), files);
	assert_int_equal(sysv_hub, -1);
}

static void a_filter_that_refuses_every_ioctl_is_ENOSYS_and_no_descriptor_more(void **state)
{
	static const int errors[] = { EPERM, EACCES, EINVAL, ENOSYS };
	int files = open_files(), number;
	unsigned int i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		filtered = errors[i];
		assert_int_equal(sysv_hub_call(KMQ_HUB_SET, NULL), ENOSYS);
	}
	assert_int_equal(open_files(), files);
	/* From now on, as far as the library knows: the number that was lost is not closed. */
	filtered = 0;
	assert_int_equal(sysv_hub_call(KMQ_HUB_SET, NULL), 0);
	number = sysv_hub;
	filtered = EPERM;
	assert_int_equal(sysv_hub_call(KMQ_HUB_SET, NULL), ENOSYS);
	assert_int_equal(sysv_hub, number);
	assert_int_equal(open_files(), files + 1);
	close(number);
}

static void close_it(int file)
{
	close(file);
}

/* The program's own. */
static int program_file = -1;

static void a_file_in_its_place(int file)
{
	int null = open("/dev/null", O_RDWR);

	program_file = dup2(null, file);
	close(null);
}

static void interfere(void (*how)(int file), unsigned long request, int times)
{
	interferes = how;
	at_request = request;
	interferences = times;
}

/* What mq_unlink() says, and how often it opened the hub. */
static void expect_mqueue(int error, int tries)
{
	opened = 0;
	errno = 0;
	assert_int_equal(mqueue_unlink("name"), error ? -1 : 0);
	assert_int_equal(errno, error);
	assert_int_equal(opened, tries);
}

static void the_hub_is_open_for_the_time_of_a_call(void **state)
{
	int files = open_files();

	expect_mqueue(0, 1);
	hub_answer = -EACCES;
	expect_mqueue(EACCES, 1);
	hub_answer = 77;
	assert_int_equal(mqueue_open("name", O_RDONLY, 0, NULL), 77);
	assert_int_equal(open_files(), files);
}

static void what_opens_and_is_no_hub_is_ENOSYS_of_mq_open_and_mq_unlink_and_is_closed(void **state)
{
	int files = open_files();

	at_its_path = "/dev/null";
	expect_mqueue(ENOSYS, 1);
	assert_int_equal(mqueue_open("name", O_RDONLY, 0, NULL), -1);
	assert_int_equal(errno, ENOSYS);
	assert_int_equal(open_files(), files);
}

static void a_filter_that_refuses_every_ioctl_is_ENOSYS_of_mq_open_and_mq_unlink(void **state)
{
	int files = open_files();

	filtered = EPERM;
	expect_mqueue(ENOSYS, 1);
	assert_int_equal(mqueue_open("name", O_RDONLY, 0, NULL), -1);
	assert_int_equal(errno, ENOSYS);
	assert_int_equal(open_files(), files);
}

static void a_hub_that_another_thread_closes_is_opened_again(void **state)
{
	int files = open_files();

	interfere(close_it, KMQ_HUB_REMOVE, 1);
	expect_mqueue(0, 2);
	interfere(close_it, KMQ_HUB_STAT, 1);
	expect_mqueue(0, 2);
	interfere(close_it, KMQ_HUB_OPEN, 1);
	hub_answer = 77;
	assert_int_equal(mqueue_open("name", O_RDONLY, 0, NULL), 77);
	assert_int_equal(open_files(), files);
}

static void a_file_that_takes_the_number_meanwhile_is_not_closed(void **state)
{
	int files = open_files();

	interfere(a_file_in_its_place, KMQ_HUB_REMOVE, 1);
	expect_mqueue(0, 2);
	assert_int_equal(fcntl(program_file, F_GETFD), 0);
	close(program_file);
	assert_int_equal(open_files(), files);
}

static void a_hub_that_is_closed_over_and_over_is_ENOSYS(void **state)
{
	int files = open_files();

	interfere(close_it, KMQ_HUB_REMOVE, 1000);
	errno = 0;
	assert_int_equal(mqueue_unlink("name"), -1);
	assert_int_equal(errno, ENOSYS);
	assert_in_range(opened, 2, 15);
	assert_int_equal(open_files(), files);
}

static void a_call_is_made_on_the_hub_or_not_at_all(void **state)
{
	char at[8] = "before";

	hub_error = ENOENT;
	assert_int_equal(sysv_hub_call(KMQ_HUB_STAT, at), ENOSYS);
	assert_string_equal(at, "before");
	assert_int_equal(errno, E2BIG);
}

static void a_queue_holds_as_many_messages_as_bytes(void **state)
{
	assert_int_equal(sysv_capacity(0), 0);
	assert_int_equal(sysv_capacity(16384), 16384);
	assert_int_equal(sysv_capacity(KMQ_CAPACITY_MAX), KMQ_CAPACITY_MAX);
	assert_int_equal(sysv_capacity(1ull << 40), KMQ_CAPACITY_MAX);
}

static void the_limits_are_those_of_the_kernels_queues(void **state)
{
	struct msginfo info = sysv_limits();

	assert_int_equal(info.msgmax, shim_number("/proc/sys/kernel/msgmax", 8192));
	assert_int_equal(info.msgmnb, shim_number("/proc/sys/kernel/msgmnb", 16384));
	assert_int_equal(info.msgmni, shim_number("/proc/sys/kernel/msgmni", 32000));
	assert_int_equal(info.msgssz, 16);
	assert_int_equal(errno, E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_of_proc_is_read),
		cmocka_unit_test(what_is_no_number_is_the_other_one),
		cmocka_unit_test(memory_that_is_there_is_copied),
		cmocka_unit_test(memory_that_is_not_is_EFAULT),
		cmocka_unit_test(who_has_no_capability_may_not),
		cmocka_unit_test_setup(what_a_queue_alone_answers_is_final, begin),
		cmocka_unit_test_setup(the_first_call_opens_it_out_of_the_way, begin),
		cmocka_unit_test_setup(a_number_that_is_another_files_is_given_up_and_not_closed, begin),
		cmocka_unit_test_setup(EINVAL_is_believed_of_the_hub_alone, begin),
		cmocka_unit_test_setup(what_another_thread_has_opened_is_taken, begin),
		cmocka_unit_test_setup(closed_over_and_over_it_ends, begin),
		cmocka_unit_test_setup(without_the_module_each_call_is_ENOSYS, begin),
		cmocka_unit_test_setup(no_descriptor_is_told_as_it_is, begin),
		cmocka_unit_test_setup(what_opens_and_is_no_hub_is_ENOSYS_and_is_closed, begin),
		cmocka_unit_test_setup(a_filter_that_refuses_every_ioctl_is_ENOSYS_and_no_descriptor_more, begin),
		cmocka_unit_test_setup(the_hub_is_open_for_the_time_of_a_call, begin),
		cmocka_unit_test_setup(what_opens_and_is_no_hub_is_ENOSYS_of_mq_open_and_mq_unlink_and_is_closed, begin),
		cmocka_unit_test_setup(a_filter_that_refuses_every_ioctl_is_ENOSYS_of_mq_open_and_mq_unlink, begin),
		cmocka_unit_test_setup(a_hub_that_another_thread_closes_is_opened_again, begin),
		cmocka_unit_test_setup(a_file_that_takes_the_number_meanwhile_is_not_closed, begin),
		cmocka_unit_test_setup(a_hub_that_is_closed_over_and_over_is_ENOSYS, begin),
		cmocka_unit_test_setup(a_call_is_made_on_the_hub_or_not_at_all, begin),
		cmocka_unit_test(a_queue_holds_as_many_messages_as_bytes),
		cmocka_unit_test_setup(the_limits_are_those_of_the_kernels_queues, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
