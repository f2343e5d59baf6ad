/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the device tests are written with: claims, checks, children, queues,
 * messages and the ledger. They speak the raw ABI, so that no fault of the
 * library can hide a fault of the module, or the other way round.
 *
 * Each test runs in a process of its own (lib/main.c). It may block, fork and
 * leave descriptors open: what it leaves is killed, closed and counted.
 * A check that fails ends the process it is in with EXIT_FAILURE, so a check
 * in a child fails the test when the child is joined.
 */
#ifndef KMQ_TEST_H
#define KMQ_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kmq.h>

/* Exit status of a process that skips; its reason has been printed. */
#define EXIT_SKIP	77

struct kmq_test {
	const char *name;
	int line;
	void (*body)(void);
	struct kmq_test *next;
};

void test_register(struct kmq_test *test);

/* A test is a claim: TEST(a_full_queue_blocks_until_a_reader_takes_one) { } */
#define TEST(claim)							\
	static void claim(void);					\
	__attribute__((constructor)) static void register_##claim(void)	\
	{								\
		static struct kmq_test test = {				\
			.name = #claim, .line = __LINE__, .body = claim	\
		};							\
		test_register(&test);					\
	}								\
	static void claim(void)

/* ---- checks (lib/check.c) ---- */

_Noreturn void check_failed(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
_Noreturn void skip_test(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* What a failure of this process will say besides: a seed, a step. */
void check_context(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define FAIL(...) check_failed(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(condition)						\
	do {								\
		if (!(condition))					\
			FAIL("not true: %s", #condition);		\
	} while (0)

#define CHECK_EQ(actual, expected)					\
	do {								\
		long long actual_ = (long long)(actual);		\
		long long expected_ = (long long)(expected);		\
									\
		if (actual_ != expected_)				\
			FAIL("%s is %lld, expected %lld (%s)", #actual,	\
			     actual_, expected_, #expected);		\
	} while (0)

/* The call succeeds; its value is the value of the expression. */
#define CHECK_OK(call)							\
	({								\
		long result_ = (call);					\
									\
		if (result_ < 0)					\
			FAIL("%s: %s", #call, strerrorname_np(errno));	\
		result_;						\
	})

/* The call fails with exactly this errno. */
#define CHECK_ERRNO(call, code)						\
	do {								\
		long result_ = (errno = 0, (call));			\
		int errno_ = errno;					\
									\
		if (result_ != -1)					\
			FAIL("%s returned %ld, expected %s", #call,	\
			     result_, strerrorname_np(code));		\
		if (errno_ != (code))					\
			FAIL("%s failed with %s, expected %s", #call,	\
			     strerrorname_np(errno_),			\
			     strerrorname_np(code));			\
	} while (0)

#define CHECK_TEXT(actual, length, expected)				\
	do {								\
		CHECK_EQ(length, strlen(expected));			\
		if (memcmp(actual, expected, strlen(expected)))		\
			FAIL("%s is \"%.*s\", expected \"%s\"", #actual,	\
			     (int)(length), (const char *)(actual), expected); \
	} while (0)

/* Waits for a condition; half a minute without it is a failure. */
#define WAIT_UNTIL(condition)						\
	do {								\
		uint64_t end_ = after_ms(30000);			\
									\
		while (!(condition)) {					\
			if (now() > end_)				\
				FAIL("never came true: %s", #condition); \
			pause_ms(1);					\
		}							\
	} while (0)

uint64_t now(void);			/* CLOCK_MONOTONIC, ns */
uint64_t after_ms(unsigned int ms);	/* a deadline */
void pause_ms(unsigned int ms);

/* ---- children (lib/child.c) ---- */

/* Forks a child that dies with its parent. */
pid_t child_fork(void);
_Noreturn pid_t child_end(void);

/* CHILD(pid) { what the child does; reaching the end is success } */
#define CHILD(pid) for (pid = child_fork(); !pid; pid = child_end())

void child_join(pid_t pid);	/* it must have succeeded */
void child_kill(pid_t pid);	/* SIGKILL, and reaps it */
/* Waits until the child sleeps in the kernel (not in a pipe of this test). */
void wait_asleep(pid_t pid);
void become_user(unsigned int id); /* uid and gid, no capability left */

/* ---- queues (lib/queue.c) ---- */

#define NAME_PREFIX	"t%d."	/* of every name, with test_pid */
extern pid_t test_pid;		/* of the process of the test itself */

int control(void);		/* /dev/kmq/control, opened when needed */
void close_control(void);

static inline size_t page_bytes(void)
{
	return sysconf(_SC_PAGESIZE);
}

static inline __u64 ptr(const void *pointer)
{
	return (uintptr_t)pointer;
}

/* QUEUE(.capacity = 4): a queue without a name, open for both. */
#define QUEUE(...) queue_create((struct kmq_create){ __VA_ARGS__ })
/* NAMED(name, .capacity = 4): the same with a name, for more descriptors. */
#define NAMED(name, ...) queue_named(name, (struct kmq_create){ __VA_ARGS__ })

int queue_create(struct kmq_create create);
/* Fills in an unused name; ephemeral, so it goes with the test. */
int queue_named(char name[KMQ_NAME_SIZE], struct kmq_create create);
void queue_name(char name[KMQ_NAME_SIZE]);
char *queue_path(const char *name);	/* in a static buffer */
int queue_open(const char *name, int flags);
int queue_remove(const char *name);	/* as ioctl */
int queue_count(void);			/* of all queues there are */
void queue_remove_prefix(const char *prefix);

/* Settings and ledger; the identity of the ledger is checked each time. */
struct kmq_info info_of(int fd);
bool info_balances(const struct kmq_info *info);
void info_print(const struct kmq_info *info);

/* EXPECT_LEDGER(fd, .sent = 2, .received = 2): what is not named is zero. */
#define EXPECT_LEDGER(fd, ...)						\
	ledger_expect(__FILE__, __LINE__, fd, (struct kmq_info){ __VA_ARGS__ })
void ledger_expect(const char *file, int line, int fd, struct kmq_info expected);

void wait_blocked_receivers(int fd, unsigned int count);
void wait_blocked_senders(int fd, unsigned int count);
void wait_blocked_callers(int fd, unsigned int count);

/* ---- messages (lib/message.c) ---- */

/* A received message; the body is cut here at what the tests need. */
struct received {
	struct kmq_message message;
	char body[1024];
};

/* Each as ioctl: -1 and errno. Outputs are poisoned before the call. */
int send_body(int fd, __u32 flags, __s64 type, __u32 priority,
	      const void *body, __u32 size);
int receive_any(int fd, __u32 flags, struct received *received);
int receive_type(int fd, __u32 flags, __u32 select, __s64 select_type,
		 struct received *received);
int receive_until(int fd, __u64 deadline, struct received *received);
int ack(int fd, __u64 sequence);
int nack(int fd, __u64 sequence);
int purge(int fd, __u32 select, __s64 select_type, __u64 *purged);
int set_filter(int fd, __u32 flags, __u32 select, __s64 select_type);
struct kmq_descriptor descriptor_of(int fd);
int queued_size(int fd);		/* FIONREAD */

/* Checked: sends at once, returns the sequence. */
__u64 put(int fd, __s64 type, __u32 priority, const char *text);
/* Checked: the next message is this text; take() receives, expect_read() reads. */
struct received take(int fd, const char *text);
void expect_read(int fd, const char *text);
void expect_empty(int fd);

/* Where nothing is; volatile, so that no compiler knows. */
extern char *volatile bad_address;

/* Bodies that tell a byte out of place. */
void fill(void *body, size_t size, unsigned int seed);
bool filled(const void *body, size_t size, unsigned int seed);

/* Exactly what poll(2) says now of POLLIN | POLLOUT and the errors. */
short poll_now(int fd);

#endif /* KMQ_TEST_H */
