// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each hook of each subject of the probe does what it says, by itself: this process
 * creates, forked ones attach. What a mechanism answers, is pinned in a table.
 *
 * Where a mechanism cannot be had, its tests are skipped, and say so; kmq's run in
 * the virtual machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "mechanism.h"
#include "probe/subject.h"

#define BODY		8	/* signals carry no more */
#define ROOM		64
#define SHORT_MS	60
#define STUCK_SECONDS	60
#define ASLEEP_SECONDS	30	/* until who is to fall asleep has */
#define LOOK_MS		5
#define ASLEEP_LOOKS	10	/* without a break, and it is asleep */
#define SPINNING_LOOKS	20	/* and who spins was never asleep for so long */
#define ENOUGH_SENDS	1000000
#define PENDING_SIGNALS	200
#define SLEEPS		(-1)	/* in place of an errno: it does not return */
#define NEVER		0	/* it succeeds; or there is no such hook */

/**
 * struct facts - what is pinned of a subject
 * @empty: errno of a receive without patience, while there is nothing
 * @full: errno of a send without patience, when it is full
 * @late: errno of a receive whose time has run out
 * @late_send: the same of a send to a full one
 * @held: errno of a lock without patience that another has; NEVER: no locks
 * @late_lock: errno of a lock whose time has run out
 * @dead: the same as @held when its holder was killed; NEVER: it is ours
 * @half: what a receive without patience has of a sender killed in the middle: bytes,
 *	or minus errno; NEVER: it does not come to that
 */
struct facts {
	const char *mechanism;
	int empty, full, late, late_send, held, late_lock, dead, half;
	bool types, priorities, tells_sender, tells_last_sender, named, polls;
};

static const struct facts facts[] = {
	{ "kmq", EAGAIN, EAGAIN, ENOSYS, ENOSYS, .named = true, .polls = true },
	{ "kmq-ioctl", EAGAIN, EAGAIN, ETIMEDOUT, ETIMEDOUT, .types = true, .priorities = true,
	  .tells_sender = true, .named = true, .polls = true },
	{ "kmq-batch", EAGAIN, EAGAIN, ETIMEDOUT, ETIMEDOUT, .types = true, .priorities = true,
	  .tells_sender = true, .named = true, .polls = true },
	{ "kmq-call", EAGAIN, SLEEPS, ETIMEDOUT, ETIMEDOUT, .tells_sender = true, .named = true,
	  .polls = true },
	{ "kmq-uring", EAGAIN, EAGAIN, ETIME, ETIME, .named = true, .polls = true },
	{ "kmq-ring-mpmc", EAGAIN, EAGAIN, ETIMEDOUT, ETIMEDOUT, .half = -EAGAIN, .named = true,
	  .polls = true },
	{ "kmq-ring-broadcast", EAGAIN, SLEEPS, ETIMEDOUT, NEVER, .half = -EAGAIN, .named = true,
	  .polls = true },	/* never full */
	{ "kmq-ring-twin-mpmc", EAGAIN, EAGAIN, ETIMEDOUT, ETIMEDOUT, .half = -EAGAIN },
	{ "sysv-msg", ENOMSG, EAGAIN, ENOSYS, ENOSYS, .types = true, .tells_last_sender = true,
	  .named = true },
	{ "posix-mq", EAGAIN, EAGAIN, ETIMEDOUT, ETIMEDOUT, .priorities = true, .named = true,
	  .polls = true },
	{ "pipe", EAGAIN, EAGAIN, ENOSYS, ENOSYS, .half = BODY / 2, .polls = true },
	{ "fifo", EAGAIN, EAGAIN, ENOSYS, ENOSYS, .half = BODY / 2, .named = true, .polls = true },
	{ "unix-stream", EAGAIN, EAGAIN, EAGAIN, EAGAIN, .half = BODY / 2, .tells_sender = true,
	  .named = true, .polls = true },
	{ "unix-dgram", EAGAIN, EAGAIN, EAGAIN, EAGAIN, .tells_sender = true, .named = true,
	  .polls = true },
	{ "unix-seqpacket", EAGAIN, EAGAIN, EAGAIN, EAGAIN, .tells_sender = true, .named = true,
	  .polls = true },
	{ "tcp", EAGAIN, EAGAIN, EAGAIN, EAGAIN, .half = BODY / 2, .polls = true },
	{ "rpc", EAGAIN, ENOSYS, EAGAIN, ETIMEDOUT, .half = -EAGAIN, .polls = true },
	{ "signal", EAGAIN, EAGAIN, EAGAIN, ENOSYS, .types = true, .priorities = true,
	  .tells_sender = true, .polls = true },
	{ "sysv-shm", EAGAIN, EAGAIN, EAGAIN, EAGAIN, EAGAIN, EAGAIN, NEVER, -EAGAIN,
	  .named = true },
	{ "posix-shm", EAGAIN, EAGAIN, ETIMEDOUT, ETIMEDOUT, EBUSY, ETIMEDOUT, NEVER, -EAGAIN,
	  .named = true },
	{ "shm-futex", EAGAIN, EAGAIN, ETIMEDOUT, ETIMEDOUT, EAGAIN, ETIMEDOUT, EAGAIN, -EAGAIN,
	  .named = true },
	{ "shm-spin", EAGAIN, EAGAIN, ETIMEDOUT, ETIMEDOUT, EAGAIN, ETIMEDOUT, EAGAIN, -EAGAIN,
	  .named = true },
	{ "mmap-file", EAGAIN, EAGAIN, ETIMEDOUT, ETIMEDOUT, EAGAIN, ETIMEDOUT, EAGAIN, -EAGAIN,
	  .named = true },
	{ "eventfd-shm", EAGAIN, EAGAIN, ENOSYS, ENOSYS, EAGAIN, ENOSYS, EAGAIN, -EAGAIN,
	  .polls = true },
	{ "file-lock", EAGAIN, EAGAIN, ETIMEDOUT, ETIMEDOUT, EAGAIN, ENOSYS, NEVER, -EAGAIN,
	  .named = true },
};

#define SUBJECTS	(sizeof(facts) / sizeof(*facts))

/* What a test works on; set up anew for each. */
static const struct facts *fact;
static const struct subject *subject;
static struct object *object;
static struct end end;
static char directory[] = "/tmp/kmqcompare-subjects-XXXXXX";
static unsigned int run;
static int descriptors_before;

static int entries_of(const char *path)
{
	DIR *entries = opendir(path);
	int count = 0;

	if (!entries)
		return -1;
	while (readdir(entries))
		count++;
	closedir(entries);
	return count;
}

static int open_descriptors(void)
{
	return entries_of("/proc/self/fd");
}

static void close_end(struct end *of)
{
	memset(of, 0, sizeof(*of));
	for (int i = 0; i < END_FDS; i++)
		of->fd[i] = -1;
}

/* A test is stuck. What it made must not stay in the system all the same. */
static void give_up(int number)
{
	struct end none;

	close_end(&none);
	if (subject->remove)
		subject->remove(&none, object);
	print_error("%s: stuck in: %s\n", subject->mechanism, end.call);
	_exit(1);
}

static int set_up(void **state)
{
	fact = *state;
	subject = subject_find(fact->mechanism);
	memset(object, 0, sizeof(*object));
	memset(object->ids, -1, sizeof(object->ids));
	snprintf(object->name, sizeof(object->name), "subject-%d-%u", (int)getpid(), run++);
	snprintf(object->directory, sizeof(object->directory), "%s", directory);
	object->message_max = ROOM;
	object->mode = 0600;
	close_end(&end);
	descriptors_before = open_descriptors();
	alarm(STUCK_SECONDS);
	return 0;
}

/* Leaves nothing: no descriptor here, no name in the directory, nothing that seen() sees. */
static int tear_down(void **state)
{
	struct end none;
	char where[CALL_SIZE];

	alarm(0);
	if (!subject || (subject->unavailable && subject->unavailable()))
		return 0;
	subject->detach(&end);
	close_end(&none);
	if (subject->remove)
		subject->remove(&none, object);
	if (subject->seen && strcmp(subject->mechanism, "signal") && subject->seen(object, where)) {
		print_error("%s is still there\n", where);
		return -1;
	}
	if (entries_of(directory) != 2 || open_descriptors() != descriptors_before) {
		print_error("%s: left %d files and %d descriptors behind\n", subject->mechanism,
			    entries_of(directory) - 2, open_descriptors() - descriptors_before);
		return -1;
	}
	return 0;
}

/* For every test's beginning. */
static void create_or_skip(void)
{
	const char *reason = subject->unavailable ? subject->unavailable() : NULL;

	if (reason) {
		print_message("%s: %s\n", subject->mechanism, reason);
		skip();
	}
	if (subject->create(&end, object))
		fail_msg("%s: %s: %s", subject->mechanism, end.call, strerror(errno));
	assert_true(end.call[0]);
}

static void fill(char *body, uint32_t seed)
{
	for (int i = 0; i < BODY; i++)
		body[i] = seed + i;
}

static ssize_t send_with(struct end *by, uint32_t seed, enum patience patience, long type,
			 unsigned int priority)
{
	char body[BODY];
	struct parcel parcel = { .body = body, .size = BODY, .patience = patience,
				 .wait_ms = SHORT_MS, .type = type, .priority = priority };

	fill(body, seed);
	by->call[0] = '\0';
	return subject->send(by, &parcel);
}

static ssize_t receive_with(struct end *by, char *body, enum patience patience, long type,
			    struct parcel *told)
{
	struct parcel parcel = { .body = body, .size = ROOM, .patience = patience,
				 .wait_ms = SHORT_MS, .type = type };
	ssize_t got;

	by->call[0] = '\0';
	got = subject->receive(by, &parcel);
	if (told)
		*told = parcel;
	return got;
}

/* Receives the message of that seed, and no other. */
static void receives(uint32_t seed, enum patience patience, long type)
{
	char expected[BODY];
	char body[ROOM];
	ssize_t got = receive_with(&end, body, patience, type, NULL);

	if (got != BODY)
		fail_msg("%s: %s = %zd: %s", subject->mechanism, end.call, got, strerror(errno));
	fill(expected, seed);
	assert_memory_equal(body, expected, BODY);
}

/* Run in a child of its own: attached where it can be, else with what was inherited. */
static int join(struct end *by, enum way way)
{
	if (!subject->attach)
		return subject->keep ? subject->keep(by, way) : 0;
	close_end(by);
	return subject->attach(by, object, way);
}

/* In a child: ends it, as the number of the failure. */
static void child_ends(bool right)
{
	if (!right)
		print_error("%s: child: %s: %s\n", subject->mechanism, end.call, strerror(errno));
	_exit(!right);
}

static pid_t child_does(void (*deed)(void))
{
	pid_t child = fork();

	if (child)
		return child;
	signal(SIGALRM, SIG_DFL);
	alarm(STUCK_SECONDS);
	deed();
	child_ends(true);
	return 0;
}

static void child_was_right(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void killed(pid_t child)
{
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static double ms_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

/*
 * Sockets' limits are counted in ticks. Where one comes late, because the machine has
 * other things to do, several come at once, and the time is up earlier than the exact
 * clock says; the coarse one goes by the same ticks.
 */
struct start {
	double exact, ticking;
};

static struct start start_now(void)
{
	return (struct start){ ms_of(CLOCK_MONOTONIC), ms_of(CLOCK_MONOTONIC_COARSE) };
}

/* By one clock or the other, but for a tick at each end, which counts as a whole one. */
static bool has_taken(const struct start *start, double ms)
{
	double exact = ms_of(CLOCK_MONOTONIC) - start->exact;
	double ticking = ms_of(CLOCK_MONOTONIC_COARSE) - start->ticking;
	struct timespec tick;

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	if ((exact > ticking ? exact : ticking) >= ms - 2 * tick.tv_nsec / 1e6)
		return true;
	print_error("%s: %s: took %.1f ms of %.0f, %.0f by ticks\n", subject->mechanism, end.call,
		    exact, ms, ticking);
	return false;
}

static void pause_ms(long ms)
{
	const struct timespec while_ms = { .tv_nsec = ms * 1000000 };

	nanosleep(&while_ms, NULL);
}

static char state_of(pid_t process)
{
	char path[32];
	char state = '?';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", process);
	file = fopen(path, "r");
	if (!file)
		return state;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = '?';
	fclose(file);
	return state;
}

/* Looks on until it has slept for a while, or up to so many times. */
static bool falls_asleep(pid_t process, int looks)
{
	int asleep = 0;

	while (looks-- && asleep < ASLEEP_LOOKS) {
		pause_ms(LOOK_MS);
		asleep = state_of(process) == 'S' ? asleep + 1 : 0;
	}
	return asleep == ASLEEP_LOOKS;
}

static bool waits(pid_t process, bool by_spinning)
{
	return by_spinning ? !falls_asleep(process, SPINNING_LOOKS)
			   : falls_asleep(process, ASLEEP_SECONDS * 1000 / LOOK_MS);
}

static bool waits_for_message(pid_t process)
{
	return waits(process, subject->traits & SUBJECT_SPINS);
}

static bool waits_for_lock(pid_t process)
{
	return waits(process, !strcmp(subject->mechanism, "shm-spin"));
}

static void attach_and_send(void)
{
	child_ends(!join(&end, WAY_SEND) && send_with(&end, 7, PATIENCE_FOREVER, 0, 0) == BODY &&
		   end.call[0]);
}

static void what_another_process_sends_arrives(void **state)
{
	pid_t child;

	create_or_skip();
	child = child_does(attach_and_send);
	receives(7, PATIENCE_FOREVER, 0);
	assert_true(end.call[0]);
	child_was_right(child);
}

static void its_sender_is_told_where_the_kernel_knows_it(void **state)
{
	struct parcel told;
	char body[ROOM];
	pid_t child;

	create_or_skip();
	child = child_does(attach_and_send);
	assert_int_equal(receive_with(&end, body, PATIENCE_FOREVER, 0, &told), BODY);
	assert_int_equal(told.sender_pid,
			 fact->tells_sender || fact->tells_last_sender ? child : 0);
	assert_int_equal(told.sender_uid, fact->tells_sender ? geteuid() : (uid_t)-1);
	child_was_right(child);
}

static void an_empty_one_refuses_who_does_not_wait(void **state)
{
	char body[ROOM];

	create_or_skip();
	assert_int_equal(receive_with(&end, body, PATIENCE_NONE, 0, NULL), -1);
	assert_int_equal(errno, fact->empty);
}

static void a_receive_with_a_time_limit_returns(void **state)
{
	struct start start;
	char body[ROOM];

	create_or_skip();
	start = start_now();
	assert_int_equal(receive_with(&end, body, PATIENCE_DEADLINE, 0, NULL), -1);
	assert_int_equal(errno, fact->late);
	if (errno != ENOSYS)
		assert_true(has_taken(&start, SHORT_MS));
}

/* Nobody reads. Returns the errno that ended it. */
static int fill_up(void)
{
	for (int i = 0; i < ENOUGH_SENDS; i++)
		if (send_with(&end, 7, PATIENCE_NONE, 0, 0) < 0)
			return errno;
	return NEVER;
}

/* A full TCP connection may find some more room by itself; then it is filled again, to its end. */
static void fill_and_wait(void)
{
	struct start start;

	if (join(&end, WAY_SEND))
		child_ends(false);
	do {
		if (fill_up() != fact->full)
			child_ends(false);
		start = start_now();
	} while (send_with(&end, 7, PATIENCE_DEADLINE, 0, 0) >= 0);
	if (errno != fact->late_send)
		child_ends(false);
	child_ends(errno == ENOSYS || has_taken(&start, SHORT_MS));
}

static void a_full_one_refuses_who_does_not_wait(void **state)
{
	struct rlimit pending;

	create_or_skip();
	/* Or there would be a hundred thousand of them. */
	getrlimit(RLIMIT_SIGPENDING, &pending);
	if (pending.rlim_cur > PENDING_SIGNALS)
		pending.rlim_cur = PENDING_SIGNALS;
	setrlimit(RLIMIT_SIGPENDING, &pending);
	child_was_right(child_does(fill_and_wait));
}

static void attach_and_receive(void)
{
	char body[ROOM];

	child_ends(receive_with(&end, body, PATIENCE_FOREVER, 0, NULL) == BODY);
}

static void a_receiver_waits_for_a_message(void **state)
{
	pid_t receiver, sender;

	create_or_skip();
	receiver = child_does(attach_and_receive);
	assert_true(waits_for_message(receiver));
	sender = child_does(attach_and_send);
	child_was_right(receiver);
	child_was_right(sender);
}

static void send_when_it_waits(void)
{
	pid_t parent = getppid();

	child_ends(!join(&end, WAY_SEND) && waits_for_message(parent) &&
		   send_with(&end, 7, PATIENCE_FOREVER, 0, 0) == BODY);
}

static void the_creator_waits_for_a_message(void **state)
{
	pid_t child;

	create_or_skip();
	child = child_does(send_when_it_waits);
	receives(7, PATIENCE_FOREVER, 0);
	child_was_right(child);
}

static void send_of_types(void)
{
	child_ends(!join(&end, WAY_SEND) && send_with(&end, 1, PATIENCE_FOREVER, 1, 0) == BODY &&
		   send_with(&end, 2, PATIENCE_FOREVER, 2, 0) == BODY);
}

static void a_type_is_received_past_another(void **state)
{
	create_or_skip();
	child_was_right(child_does(send_of_types));
	receives(2, PATIENCE_FOREVER, 2);
	receives(1, PATIENCE_FOREVER, 0);
}

static void send_of_priorities(void)
{
	child_ends(!join(&end, WAY_SEND) && send_with(&end, 1, PATIENCE_FOREVER, 0, 1) == BODY &&
		   send_with(&end, 2, PATIENCE_FOREVER, 0, 5) == BODY);
}

static void a_higher_priority_comes_first(void **state)
{
	create_or_skip();
	child_was_right(child_does(send_of_priorities));
	receives(2, PATIENCE_FOREVER, 0);
	receives(1, PATIENCE_FOREVER, 0);
}

static void a_descriptor_is_readable_when_there_is_a_message(void **state)
{
	struct pollfd ready = { .fd = -1, .events = POLLIN };
	pid_t child;

	create_or_skip();
	ready.fd = subject->poll_fd(&end, WAY_RECEIVE);
	assert_true(ready.fd >= 0);
	assert_int_equal(poll(&ready, 1, 0), 0);
	child = child_does(attach_and_send);
	assert_int_equal(poll(&ready, 1, STUCK_SECONDS * 1000), 1);
	receives(7, PATIENCE_FOREVER, 0);
	child_was_right(child);
}

static int try_lock(unsigned int which)
{
	end.call[0] = '\0';
	return subject->lock(&end, which, PATIENCE_NONE, 0);
}

static void find_one_lock_held(void)
{
	struct start start;

	if (join(&end, WAY_BOTH) || !try_lock(0) || errno != fact->held)
		child_ends(false);
	start = start_now();
	if (!subject->lock(&end, 0, PATIENCE_DEADLINE, SHORT_MS) || errno != fact->late_lock)
		child_ends(false);
	if (errno != ENOSYS && !has_taken(&start, SHORT_MS))
		child_ends(false);
	child_ends(!try_lock(1) && !subject->unlock(&end, 1));
}

static void find_lock_free(void)
{
	child_ends(!join(&end, WAY_BOTH) && !try_lock(0) && !subject->unlock(&end, 0));
}

static void wait_for_lock(void)
{
	child_ends(!join(&end, WAY_BOTH) && !subject->lock(&end, 0, PATIENCE_FOREVER, 0) &&
		   !subject->unlock(&end, 0));
}

static void a_lock_keeps_others_out_until_it_is_given_back(void **state)
{
	pid_t child;

	create_or_skip();
	assert_int_equal(subject->lock(&end, 0, PATIENCE_FOREVER, 0), 0);
	child_was_right(child_does(find_one_lock_held));
	child = child_does(wait_for_lock);
	assert_true(waits_for_lock(child));
	assert_int_equal(subject->unlock(&end, 0), 0);
	child_was_right(child);
	child_was_right(child_does(find_lock_free));
}

static void lock_and_stay(void)
{
	if (join(&end, WAY_BOTH) || subject->lock(&end, 0, PATIENCE_FOREVER, 0))
		child_ends(false);
	raise(SIGSTOP);
	pause();
}

static void stopped(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	assert_true(WIFSTOPPED(status));
}

static void a_dead_holders_lock_is_free_where_the_system_sees_to_it(void **state)
{
	pid_t child;

	create_or_skip();
	child = child_does(lock_and_stay);
	stopped(child);
	killed(child);
	assert_int_equal(try_lock(0), fact->dead ? -1 : 0);
	if (fact->dead)
		assert_int_equal(errno, fact->dead);
	if (!strcmp(subject->mechanism, "posix-shm"))
		assert_non_null(strstr(end.call, "EOWNERDEAD"));
}

static void half_send_and_stay(void)
{
	char body[BODY];
	struct parcel parcel = { .body = body, .size = BODY };

	fill(body, 7);
	if (join(&end, WAY_SEND) || subject->half_send(&end, &parcel) < BODY / 2)
		child_ends(false);
	raise(SIGSTOP);
	pause();
}

static void half_a_message_is_a_half_in_a_stream_and_none_elsewhere(void **state)
{
	char body[ROOM];
	ssize_t got;
	pid_t child;

	create_or_skip();
	child = child_does(half_send_and_stay);
	stopped(child);
	killed(child);
	got = receive_with(&end, body, PATIENCE_NONE, 0, NULL);
	assert_int_equal(got < 0 ? -errno : got, fact->half);
}

static void store_42(void)
{
	child_ends(!join(&end, WAY_BOTH) && !subject->store(&end, 42));
}

static void a_shared_number_is_one_number(void **state)
{
	long value = -1;

	create_or_skip();
	assert_int_equal(subject->load(&end, &value), 0);
	assert_int_equal(value, 0);
	child_was_right(child_does(store_42));
	assert_int_equal(subject->load(&end, &value), 0);
	assert_int_equal(value, 42);
}

static void messages_do_not_touch_the_number(void **state)
{
	long value = -1;
	pid_t child;

	create_or_skip();
	assert_int_equal(subject->store(&end, 42), 0);
	child = child_does(attach_and_send);
	receives(7, PATIENCE_FOREVER, 0);
	child_was_right(child);
	assert_int_equal(subject->load(&end, &value), 0);
	assert_int_equal(value, 42);
}

static void it_is_seen_until_it_is_removed(void **state)
{
	char where[CALL_SIZE] = "";
	struct end other;

	create_or_skip();
	assert_true(subject->seen(object, where));
	assert_true(where[0]);
	close_end(&other);
	assert_int_equal(subject->create(&other, object), -1);
	assert_int_equal(errno, !strncmp(subject->mechanism, "unix", 4) ? EADDRINUSE : EEXIST);
	assert_int_equal(subject->remove(&other, object), 0);
	assert_false(subject->seen(object, where));
	assert_int_equal(subject->remove(&other, object), -1);
	assert_int_equal(subject->attach(&other, object, WAY_RECEIVE), -1);
}

static void what_was_never_made_is_not_removed(void **state)
{
	struct end none;

	close_end(&none);
	assert_int_equal(subject->remove(&none, object), -1);
}

/* By copies of the descriptors, as they come over a socket. */
static void adopt_and_send(void)
{
	struct end adopted;
	int fd[END_FDS];

	if (subject->traits & SUBJECT_TO_CREATOR && join(&end, WAY_SEND))
		child_ends(false);
	for (int i = 0; i < END_FDS; i++)
		fd[i] = end.fd[i] < 0 ? -1 : dup(end.fd[i]);
	close_end(&adopted);
	if (subject->adopt(&adopted, object, fd, WAY_SEND))
		child_ends(false);
	subject->detach(&end);
	end = adopted;
	child_ends(send_with(&end, 7, PATIENCE_FOREVER, 0, 0) == BODY);
}

static void an_end_can_be_adopted_by_its_descriptors(void **state)
{
	pid_t child;

	create_or_skip();
	child = child_does(adopt_and_send);
	receives(7, PATIENCE_FOREVER, 0);
	child_was_right(child);
}

static void borrow_and_send(void)
{
	subject->detach(&end);
	close_end(&end);
	child_ends(!subject->borrow(&end, object, WAY_SEND) &&
		   send_with(&end, 7, PATIENCE_FOREVER, 0, 0) == BODY);
}

static void borrow_and_receive(void)
{
	char body[ROOM];

	subject->detach(&end);
	close_end(&end);
	child_ends(!subject->borrow(&end, object, WAY_RECEIVE) &&
		   receive_with(&end, body, PATIENCE_FOREVER, 0, NULL) == BODY);
}

static void an_end_can_be_borrowed_from_a_living_process(void **state)
{
	pid_t sender, receiver;

	create_or_skip();
	receiver = child_does(borrow_and_receive);
	/* In broadcast it hears what is sent from then on. */
	assert_true(waits_for_message(receiver));
	sender = child_does(subject->traits & SUBJECT_TO_CREATOR ? attach_and_send
								 : borrow_and_send);
	child_was_right(receiver);
	child_was_right(sender);
}

static void join_and_receive(void)
{
	char body[ROOM];

	child_ends(!join(&end, WAY_BOTH) && send_with(&end, 7, PATIENCE_FOREVER, 0, 0) == BODY &&
		   receive_with(&end, body, PATIENCE_FOREVER, 0, NULL) == BODY);
}

static void sockets_carry_both_ways(void **state)
{
	pid_t child;

	create_or_skip();
	child = child_does(join_and_receive);
	receives(7, PATIENCE_FOREVER, 0);
	assert_int_equal(send_with(&end, 8, PATIENCE_FOREVER, 0, 0), BODY);
	child_was_right(child);
}

static void its_hooks_are_complete(void **state)
{
	assert_non_null(subject->create);
	assert_non_null(subject->detach);
	assert_non_null(subject->send);
	assert_non_null(subject->receive);
	assert_int_equal(!!subject->lock, fact->held != NEVER);
	assert_int_equal(!!subject->half_send, fact->half != NEVER);
	assert_int_equal(!!subject->poll_fd, fact->polls);
	assert_int_equal(!!subject->remove, fact->named);
	assert_true(!subject->remove || (subject->seen && subject->attach));
	assert_int_equal(!!subject->lock, !!subject->unlock);
	assert_int_equal(!!subject->lock, !!subject->lock_is_a);
	assert_int_equal(!!subject->load, !!subject->store);
	assert_int_equal(!!subject->load, !!(subject->traits & SUBJECT_IS_SHARED));
	assert_int_equal(!!subject->lock, !!(subject->traits & SUBJECT_IS_SHARED));
}

/*
 * A ring is tried in the modes that have the most to show, by who sleeps. What another
 * project promises, and what promises nothing, is measured only.
 */
static bool is_only_measured(const struct mechanism *mechanism)
{
	static const char *const peers[] = {
		"plain-ring", "two-words", "ck-ring", "ck-ring-mpsc", "ck-ring-mpmc", "rte-ring",
		"rte-ring-mpsc", "rte-ring-mpmc", "boost-mq", "zmq",
	};

	for (size_t i = 0; i < sizeof(peers) / sizeof(*peers); i++)
		if (!strcmp(mechanism->name, peers[i]))
			return true;
	return !strncmp(mechanism->name, "kmq-ring", 8) && !subject_find(mechanism->name);
}

static void each_mechanism_that_carries_has_a_subject(void **state)
{
	size_t n = 0;

	for (const struct mechanism *const *m = mechanisms; *m; m++) {
		if ((*m)->traits & (MECHANISM_IS_HARNESS | MECHANISM_CARRIES_NOTHING) ||
		    is_only_measured(*m))
			continue;
		assert_non_null(subjects[n]);
		assert_string_equal(subjects[n]->mechanism, (*m)->name);
		assert_ptr_equal(subject_find((*m)->name), subjects[n++]);
	}
	assert_null(subjects[n]);
	assert_int_equal(n, SUBJECTS);
	assert_null(subject_find("harness"));
}

static void what_is_called_is_kept_as_far_as_there_is_room(void **state)
{
	struct end speaker = { 0 };

	end_says(&speaker, "read(%d)", 3);
	end_says(&speaker, "close(%d)", 3);
	assert_string_equal(speaker.call, "read(3); close(3)");
	for (int i = 0; i < CALL_SIZE; i++)
		end_says(&speaker, "more");
	assert_int_equal(strlen(speaker.call), CALL_SIZE - 1);
}

/* Which subjects a claim is about. */
static bool has_types(void)
{
	return fact->types;
}

static bool has_priorities(void)
{
	return fact->priorities;
}

static bool refuses_when_full(void)
{
	return fact->full != SLEEPS;
}

static bool polls(void)
{
	return fact->polls;
}

static bool has_half(void)
{
	return subject->half_send;
}

static bool has_locks(void)
{
	return subject->lock;
}

static bool has_number(void)
{
	return subject->load;
}

static bool can_be_removed(void)
{
	return subject->remove;
}

static bool can_be_adopted(void)
{
	return subject->adopt;
}

static bool can_be_borrowed(void)
{
	return subject->borrow && !geteuid();
}

/* A signal is for one process, which the others are not. */
static bool has_many_receivers(void)
{
	return strcmp(subject->mechanism, "signal");
}

static bool is_connected(void)
{
	return !strncmp(subject->mechanism, "unix", 4) || !strcmp(subject->mechanism, "tcp");
}

#define OF_EACH(claim)		{ #claim, claim, NULL }
#define OF_THOSE(claim, that)	{ #claim, claim, that }

static const struct {
	const char *name;
	CMUnitTestFunction function;
	bool (*that)(void);
} of_each[] = {
	OF_EACH(its_hooks_are_complete),
	OF_EACH(what_another_process_sends_arrives),
	OF_EACH(its_sender_is_told_where_the_kernel_knows_it),
	OF_EACH(an_empty_one_refuses_who_does_not_wait),
	OF_EACH(a_receive_with_a_time_limit_returns),
	OF_EACH(the_creator_waits_for_a_message),
	OF_THOSE(a_full_one_refuses_who_does_not_wait, refuses_when_full),
	OF_THOSE(a_receiver_waits_for_a_message, has_many_receivers),
	OF_THOSE(a_type_is_received_past_another, has_types),
	OF_THOSE(a_higher_priority_comes_first, has_priorities),
	OF_THOSE(a_descriptor_is_readable_when_there_is_a_message, polls),
	OF_THOSE(a_lock_keeps_others_out_until_it_is_given_back, has_locks),
	OF_THOSE(a_dead_holders_lock_is_free_where_the_system_sees_to_it, has_locks),
	OF_THOSE(half_a_message_is_a_half_in_a_stream_and_none_elsewhere, has_half),
	OF_THOSE(a_shared_number_is_one_number, has_number),
	OF_THOSE(messages_do_not_touch_the_number, has_number),
	OF_THOSE(it_is_seen_until_it_is_removed, can_be_removed),
	OF_THOSE(what_was_never_made_is_not_removed, can_be_removed),
	OF_THOSE(an_end_can_be_adopted_by_its_descriptors, can_be_adopted),
	OF_THOSE(an_end_can_be_borrowed_from_a_living_process, can_be_borrowed),
	OF_THOSE(sockets_carry_both_ways, is_connected),
};

#define CLAIMS	(sizeof(of_each) / sizeof(*of_each))

static struct CMUnitTest tests[SUBJECTS * CLAIMS + 2];
static char names[SUBJECTS * CLAIMS][100];

static size_t list_tests_of(size_t n, size_t nth)
{
	fact = &facts[nth];
	subject = subject_find(fact->mechanism);
	for (size_t c = 0; c < CLAIMS; c++) {
		if (!subject || (of_each[c].that && !of_each[c].that()))
			continue;
		snprintf(names[n], sizeof(names[n]), "%s: %s", fact->mechanism, of_each[c].name);
		tests[n] = (struct CMUnitTest){ names[n], of_each[c].function, set_up, tear_down,
						(void *)fact };
		n++;
	}
	return n;
}

static size_t list_tests(void)
{
	size_t n = 0;

	for (size_t nth = 0; nth < SUBJECTS; nth++)
		n = list_tests_of(n, nth);
	tests[n++] = (struct CMUnitTest)
		cmocka_unit_test(each_mechanism_that_carries_has_a_subject);
	tests[n++] = (struct CMUnitTest)
		cmocka_unit_test(what_is_called_is_kept_as_far_as_there_is_room);
	return n;
}

static int make_directory(void **state)
{
	object = mmap(NULL, sizeof(*object), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, give_up);
	return object == MAP_FAILED || !mkdtemp(directory) ? -1 : 0;
}

static int remove_directory(void **state)
{
	return rmdir(directory);
}

int main(int argc, char **argv)
{
	size_t count = list_tests();

	/* For people: the tests of one mechanism, or of one claim. */
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return _cmocka_run_group_tests("kmqcompare_subjects", tests, count, make_directory,
				       remove_directory);
}
