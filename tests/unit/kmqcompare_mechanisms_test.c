// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a workload relies on, of every mechanism in the table: each message arrives
 * once and whole, capacities are what they are told to be, who waits sleeps, and
 * nothing is left behind. A mechanism that cannot run here says so in the output.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "mechanism.h"
#include "shm_ring.h"

#define SIDES_MAX	4
#define EACH_MAX	200000	/* messages of one sender */
#define MANY		500
#define SOME		150
#define BATCH_MAX	32
#define PATIENCE_S	30
#define REST_MS		60	/* who sleeps for so long, is asleep */
#define TCP_REST_MS	300	/* and an acknowledgement may be 200 ms late */
#define TCP_PACKET	(65536 + 8192)	/* one with the kernel's memory for it, at most: tcp.c */
#define LIFE_S		300	/* of a process that the test has lost sight of */
#define LIVES		100	/* of senders that are killed */
#define LIFETIME	500	/* messages of each, at most */

/* What the processes of a scene share with the test. */
struct shared {
	char reason[200];
	_Atomic unsigned int go;
	_Atomic bool enough;	/* for one who sends on and on */
	_Atomic unsigned int sent[SIDES_MAX];
	_Atomic unsigned int done[SIDES_MAX];
	_Atomic unsigned int received;
	_Atomic uint32_t next[LIVES];	/* the least number that may come of each */
	_Atomic unsigned char seen[SIDES_MAX][EACH_MAX];
	uint64_t syscalls[2];	/* by side */
	uint64_t copied[2];
};

/* One channel and the processes that use it. */
struct scene {
	const struct mechanism *mechanism;
	struct channel channel;
	unsigned int messages;	/* of each sender */
	bool batches;
	bool endless;		/* the test, not its number of messages, ends a receiver */
	struct shared *shared;
	pid_t senders[SIDES_MAX];
	pid_t receivers[SIDES_MAX];
};

static bool is(const struct mechanism *mechanism, const char *name)
{
	return !strcmp(mechanism->name, name);
}

static bool carries(const struct mechanism *mechanism)
{
	return !(mechanism->traits & MECHANISM_CARRIES_NOTHING);
}

static bool carries_one_way(const struct mechanism *mechanism)
{
	return carries(mechanism) &&
	       !(mechanism->traits & (MECHANISM_CALLS | MECHANISM_OVERWRITES));
}

/* Back and forth, also if it keeps no message until it is received. */
static bool carries_in_turn(const struct mechanism *mechanism)
{
	return carries(mechanism) && !(mechanism->traits & MECHANISM_CALLS);
}

static void pause_ms(unsigned int ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000l }, NULL);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Messages: who sent it and its number, then bytes that both determine. */

static uint64_t identity(unsigned int sender, unsigned int number)
{
	return (uint64_t)sender << 32 | number;
}

static void fill(char *body, uint32_t size, uint64_t id)
{
	uint64_t x = (id ^ id >> 29) * 0x9e3779b97f4a7c15u | 1;

	memcpy(body, &id, sizeof(id));
	for (uint32_t i = sizeof(id), n; i < size; i += n) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		n = size - i < sizeof(x) ? size - i : sizeof(x);
		memcpy(body + i, &x, n);
	}
}

static bool is_whole(const char *body, uint32_t size, char *other)
{
	uint64_t id;

	memcpy(&id, body, sizeof(id));
	fill(other, size, id);
	return !memcmp(body, other, size);
}

static char *make_bodies(uint32_t size, unsigned int count, struct batch_item *items)
{
	size_t stride = (CHANNEL_HEADROOM + size + 63) / 64 * 64;
	char *memory = aligned_alloc(64, stride * count);

	for (unsigned int i = 0; items && i < count; i++)
		items[i] = (struct batch_item){ memory + i * stride + CHANNEL_HEADROOM, size };
	return memory + CHANNEL_HEADROOM;
}

/* In the processes of a scene. */

__attribute__((noreturn, format(printf, 2, 3)))
static void give_up(struct scene *scene, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(scene->shared->reason, sizeof(scene->shared->reason), format, arguments);
	va_end(arguments);
	_exit(1);
}

static void attach(struct scene *scene, enum side side, unsigned int nth)
{
	struct channel *channel = &scene->channel;

	if (scene->mechanism->attach && scene->mechanism->attach(channel, side, nth))
		give_up(scene, "attach: %s", *channel->reason ? channel->reason : strerror(errno));
}

static void detach(struct scene *scene)
{
	if (scene->mechanism->detach)
		scene->mechanism->detach(&scene->channel);
}

static void leave_counts(struct scene *scene, enum side side)
{
	if (scene->mechanism->count)
		scene->mechanism->count(&scene->channel);
	scene->shared->syscalls[side] = scene->channel.syscalls;
	scene->shared->copied[side] = scene->channel.copied;
}

static void send_one(struct scene *scene, char *body, uint64_t id)
{
	const struct mechanism *mechanism = scene->mechanism;
	struct channel *channel = &scene->channel;

	fill(body, channel->size, id);
	if (mechanism->send ? mechanism->send(channel, body, channel->size)
			    : send_as_batch(mechanism->send_batch, channel, body, channel->size))
		give_up(scene, "send: %s", strerror(errno));
}

static void send_some(struct scene *scene, struct batch_item *items, unsigned int sender,
		      unsigned int first, unsigned int count)
{
	unsigned int done = 0;

	for (unsigned int i = 0; i < count; i++)
		fill(items[i].body, scene->channel.size, identity(sender, first + i));
	while (done < count) {
		int n = scene->mechanism->send_batch(&scene->channel, items + done, count - done);

		if (n <= 0)
			give_up(scene, "send batch: %d, %s", n, strerror(errno));
		done += n;
	}
}

static void sender_main(struct scene *scene, unsigned int nth)
{
	struct batch_item items[BATCH_MAX];
	char *body = make_bodies(scene->channel.size, BATCH_MAX, items);

	attach(scene, SIDE_SENDER, nth);
	for (unsigned int i = 0; i < scene->messages;) {
		unsigned int n = 1;

		if (scene->batches) {
			n = 1 + (i * 7 + nth) % scene->channel.shape.batch;
			if (n > scene->messages - i)
				n = scene->messages - i;
			send_some(scene, items, nth, i, n);
		} else {
			send_one(scene, body, identity(nth, i));
		}
		i += n;
		scene->shared->sent[nth] = i;
	}
	leave_counts(scene, SIDE_SENDER);
	detach(scene);
}

static void note_message(struct scene *scene, const char *body, ssize_t size, char *other,
			 int64_t last[])
{
	uint32_t wanted = scene->channel.size;
	uint64_t id;
	unsigned int sender, number;

	if (size != (ssize_t)wanted)
		give_up(scene, "a message of %zd bytes, not %u (%s)", size, wanted,
			strerror(errno));
	if (!is_whole(body, wanted, other))
		give_up(scene, "corrupt");
	memcpy(&id, body, sizeof(id));
	sender = id >> 32;
	number = (uint32_t)id;
	if (sender >= SIDES_MAX || number >= EACH_MAX)
		give_up(scene, "nobody sent %#llx", (unsigned long long)id);
	if ((int64_t)number <= last[sender])
		give_up(scene, "%u of sender %u after %d", number, sender, (int)last[sender]);
	last[sender] = number;
	scene->shared->seen[sender][number]++;
	scene->shared->received++;
}

static ssize_t receive_one(struct scene *scene, char *body)
{
	const struct mechanism *mechanism = scene->mechanism;
	struct channel *channel = &scene->channel;

	return mechanism->receive ? mechanism->receive(channel, body, channel->size)
				  : receive_as_batch(mechanism->receive_batch, channel, body,
						     channel->size);
}

static void receive_some(struct scene *scene, struct batch_item *items, char *other,
			 int64_t last[])
{
	int got;

	for (unsigned int i = 0; i < scene->channel.shape.batch; i++)
		items[i].size = scene->channel.size;
	got = scene->mechanism->receive_batch(&scene->channel, items, scene->channel.shape.batch);
	if (got <= 0)
		give_up(scene, "receive batch: %d, %s", got, strerror(errno));
	for (int i = 0; i < got; i++)
		note_message(scene, items[i].body, items[i].size, other, last);
}

static unsigned int expected(const struct scene *scene)
{
	return scene->messages * scene->channel.shape.senders;
}

/* A single receiver ends by itself; of several, the test ends all. */
static void receiver_main(struct scene *scene, unsigned int nth)
{
	int64_t last[SIDES_MAX] = { -1, -1, -1, -1 };
	struct batch_item items[BATCH_MAX];
	char *body = make_bodies(scene->channel.size, BATCH_MAX, items);
	char *other = make_bodies(scene->channel.size, 1, NULL);

	attach(scene, SIDE_RECEIVER, nth);
	while (!scene->shared->go)
		pause_ms(1);
	while (scene->endless || scene->channel.shape.receivers > 1 ||
	       scene->shared->received < expected(scene)) {
		if (scene->batches)
			receive_some(scene, items, other, last);
		else
			note_message(scene, body, receive_one(scene, body), other, last);
	}
	leave_counts(scene, SIDE_RECEIVER);
	detach(scene);
}

/* In the test. */

static pid_t start(struct scene *scene, void (*work)(struct scene *scene, unsigned int nth),
		   unsigned int nth)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(LIFE_S);
	work(scene, nth);
	_exit(0);
}

static void end(pid_t *pid)
{
	if (*pid > 0) {
		kill(*pid, SIGKILL);
		waitpid(*pid, NULL, 0);
	}
	*pid = 0;
}

static void end_scene(struct scene *scene)
{
	for (unsigned int i = 0; i < SIDES_MAX; i++) {
		end(&scene->senders[i]);
		end(&scene->receivers[i]);
	}
	scene->mechanism->close(&scene->channel);
	munmap(scene->shared, sizeof(*scene->shared));
}

/* Why there is no such channel, or NULL: there is. */
static const char *begin_scene(struct scene *scene, const struct mechanism *mechanism,
			       struct shape shape)
{
	static char reason[REASON_SIZE];
	const char *why = mechanism->unavailable ? mechanism->unavailable() : NULL;

	memset(scene, 0, sizeof(*scene));
	scene->mechanism = mechanism;
	scene->channel.shape = shape;
	scene->channel.size = shape.size;
	scene->channel.capacity = shape.capacity;
	if (!why && mechanism->unfit)
		why = mechanism->unfit(&shape);
	if (why)
		return why;
	if (mechanism->open(&scene->channel)) {
		snprintf(reason, sizeof(reason), "%s",
			 *scene->channel.reason ? scene->channel.reason : strerror(errno));
		return reason;
	}
	scene->shared = mmap(NULL, sizeof(*scene->shared), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(scene->shared != MAP_FAILED);
	return NULL;
}

static void start_all(struct scene *scene)
{
	for (unsigned int i = 0; i < scene->channel.shape.receivers; i++)
		scene->receivers[i] = start(scene, receiver_main, i);
	for (unsigned int i = 0; i < scene->channel.shape.senders; i++)
		scene->senders[i] = start(scene, sender_main, i);
}

/* Fails the test, as the process said it. */
static void look_after(struct scene *scene, pid_t *pid)
{
	int status;

	if (*pid <= 0 || waitpid(*pid, &status, WNOHANG) != *pid)
		return;
	*pid = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("%s, %u bytes: %s (status %#x)", scene->mechanism->name,
			 scene->channel.size,
			 *scene->shared->reason ? scene->shared->reason : "a process died", status);
}

/* However slow the machine is: as long as there is progress. */
static void await_received(struct scene *scene)
{
	double limit = seconds() + PATIENCE_S;
	unsigned int received = 0;

	while (received < expected(scene)) {
		if (received != scene->shared->received)
			limit = seconds() + PATIENCE_S;
		received = scene->shared->received;
		for (unsigned int i = 0; i < SIDES_MAX; i++) {
			look_after(scene, &scene->senders[i]);
			look_after(scene, &scene->receivers[i]);
		}
		if (seconds() > limit)
			fail_msg("%s, %u bytes: stuck at %u of %u", scene->mechanism->name,
				 scene->channel.size, scene->shared->received, expected(scene));
		pause_ms(1);
	}
}

static void expect_each_once(const struct scene *scene)
{
	for (unsigned int s = 0; s < scene->channel.shape.senders; s++)
		for (unsigned int i = 0; i < scene->messages; i++)
			if (scene->shared->seen[s][i] != 1)
				fail_msg("%s: message %u of sender %u came %u times",
					 scene->mechanism->name, i, s, scene->shared->seen[s][i]);
}

/* All of it, from start to end. */
static void play(struct scene *scene, unsigned int messages, bool batches)
{
	scene->messages = messages;
	scene->batches = batches;
	scene->shared->go = 1;
	start_all(scene);
	await_received(scene);
	/* Time for one that is too many. */
	pause_ms(2);
	expect_each_once(scene);
}

static void await_exit(struct scene *scene, pid_t *pid)
{
	double limit = seconds() + PATIENCE_S;

	for (; *pid; pause_ms(1)) {
		look_after(scene, pid);
		if (seconds() > limit)
			fail_msg("%s: no end", scene->mechanism->name);
	}
}

/* Who waits, and wakes who waits, by code that is ours, and not an older kernel's. */
static bool waits_by_itself(const struct mechanism *mechanism)
{
	return is(mechanism, "shm-futex") || is(mechanism, "eventfd-shm") ||
	       is(mechanism, "posix-shm") || is(mechanism, "signal") ||
	       !strncmp(mechanism->name, "kmq-", 4) || mechanism->traits & MECHANISM_IS_KMQ;
}

/* Fewer where each is slow, or nothing of it is new: there the number proves nothing more. */
static unsigned int many(const struct mechanism *mechanism)
{
	if (mechanism->traits & MECHANISM_SPINS)
		return MANY / 5;
	return waits_by_itself(mechanism) ? MANY : SOME;
}

static struct shape shape_of(const struct mechanism *mechanism, uint32_t capacity)
{
	return (struct shape){
		.size = is(mechanism, "signal") || is(mechanism, "two-words") ? 8 : 64,
		.capacity = capacity,
		.batch = 1,
		.senders = 1,
		.receivers = 1,
	};
}

static void every_mechanism_describes_itself(void **state)
{
	for (const struct mechanism *const *m = mechanisms; *m; m++) {
		size_t length = (*m)->about ? strlen((*m)->about) : 0;

		if (!length || (*m)->about[length - 1] != '.')
			fail_msg("%s: no sentence about it", (*m)->name);
		if (strlen((*m)->title) > 18)
			fail_msg("%s: the title is too long for a table", (*m)->name);
		assert_ptr_equal(mechanism_find((*m)->name), *m);
		if ((*m)->traits & MECHANISM_CALLS)
			assert_true((*m)->call && (*m)->take_request && (*m)->answer);
		else
			assert_true(((*m)->send && (*m)->receive) ||
				    ((*m)->send_batch && (*m)->receive_batch));
	}
}

static void the_table_has_what_the_issue_asks_for(void **state)
{
	static const char *const names[] = {
		"harness", "null", "kmq", "kmq-ioctl", "kmq-batch", "kmq-call", "kmq-uring",
		"kmq-ring", "kmq-ring-spin", "kmq-ring-in-place", "kmq-ring-mixed",
		"kmq-ring-mpsc", "kmq-ring-mpsc-spin", "kmq-ring-mpmc", "kmq-ring-mpmc-spin",
		"kmq-ring-broadcast", "kmq-ring-broadcast-spin", "kmq-ring-twin",
		"kmq-ring-twin-spin", "kmq-ring-twin-in-place", "kmq-ring-twin-mpsc", "kmq-ring-twin-mpsc-spin",
		"kmq-ring-twin-mpmc", "kmq-ring-twin-mpmc-spin", "kmq-ring-twin-broadcast",
		"kmq-ring-twin-broadcast-spin",
		"sysv-msg", "posix-mq", "pipe", "fifo", "unix-stream", "unix-dgram",
		"unix-seqpacket", "tcp", "rpc", "signal", "sysv-shm", "posix-shm", "shm-futex",
		"shm-spin", "mmap-file", "eventfd-shm", "file-lock", "plain-ring", "two-words",
		"ck-ring", "ck-ring-mpsc", "ck-ring-mpmc", "rte-ring", "rte-ring-mpsc",
		"rte-ring-mpmc", "boost-mq", "zmq",
	};
	const size_t count = sizeof(names) / sizeof(*names);

	for (size_t i = 0; i < count; i++)
		assert_string_equal(mechanisms[i]->name, names[i]);
	assert_null(mechanisms[count]);
}

/* Above all the limits that bind a user: root, unless it has been stripped of that. */
static bool is_unlimited(void)
{
	const unsigned long long needed = 1ull << CAP_SYS_RESOURCE | 1ull << CAP_NET_ADMIN;
	FILE *file = fopen("/proc/self/status", "r");
	unsigned long long has = 0;
	char line[256];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "CapEff: %llx", &has) == 1)
			break;
	fclose(file);
	return (has & needed) == needed;
}

/* Who may refuse a size on a machine that has the mechanism. */
static bool may_refuse(const struct mechanism *mechanism, uint32_t size)
{
	const char *why = mechanism->unavailable ? mechanism->unavailable() : NULL;

	if (is(mechanism, "signal"))
		return size > 8;
	return why || !is_unlimited();
}

static void every_mechanism_carries_every_size_or_says_why(void **state)
{
	static const uint32_t sizes[] = { 8, 9, 64, 1000, 4096, 5000, 65536, 1 << 20 };

	for (const struct mechanism *const *m = mechanisms; *m; m++)
		for (size_t s = 0; carries_one_way(*m) && s < sizeof(sizes) / sizeof(*sizes); s++) {
			struct shape shape = shape_of(*m, sizes[s] > 65536 ? 4 : 16);
			struct scene scene;
			const char *why;

			shape.size = sizes[s];
			why = begin_scene(&scene, *m, shape);
			if (why) {
				print_message("%s, %u bytes: %s\n", (*m)->name, sizes[s], why);
				assert_true(strlen(why) > 8);
				assert_true(may_refuse(*m, sizes[s]));
				continue;
			}
			/* Some times what it holds. */
			play(&scene, 3 * shape.capacity, false);
			end_scene(&scene);
		}
}

/* What a process does, from /proc: 'S' asleep, 'R' running; and how often it was switched. */
static char state_of(pid_t pid)
{
	char path[64], line[256], letter = '?';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "r");
	assert_non_null(file);
	if (fgets(line, sizeof(line), file))
		sscanf(strrchr(line, ')') + 1, " %c", &letter);
	fclose(file);
	return letter;
}

static unsigned long switches_of(pid_t pid)
{
	char path[64], line[256];
	unsigned long sum = 0, n;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "voluntary_ctxt_switches: %lu", &n) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %lu", &n) == 1)
			sum += n;
	fclose(file);
	return sum;
}

/* A process as it is seen from outside. */
struct look {
	char state;
	unsigned long switches;
	unsigned int sent;
};

static struct look look_at(const struct scene *scene, pid_t pid)
{
	return (struct look){ state_of(pid), switches_of(pid), scene->shared->sent[0] };
}

static bool rests(const struct look *before, const struct look *after)
{
	return before->state == 'S' && after->state == 'S' &&
	       before->switches == after->switches && before->sent == after->sent;
}

/*
 * Until it has slept for @ms without a break. It may come to that late, but who asks
 * again and again, if only after naps, never does.
 */
static void await_rest(const struct scene *scene, pid_t pid, unsigned int ms)
{
	double limit = seconds() + PATIENCE_S;
	struct look before, after = look_at(scene, pid);

	do {
		before = after;
		pause_ms(ms);
		after = look_at(scene, pid);
		if (seconds() > limit)
			fail_msg("%s: waits, and does not sleep", scene->mechanism->name);
	} while (!rests(&before, &after));
}

static void expect_asleep(const struct scene *scene, pid_t pid)
{
	await_rest(scene, pid, REST_MS);
}

static void await_sent(struct scene *scene, unsigned int count)
{
	double limit = seconds() + PATIENCE_S;
	unsigned int sent = 0;

	while (sent < count) {
		look_after(scene, &scene->senders[0]);
		if (sent != scene->shared->sent[0])
			limit = seconds() + PATIENCE_S;
		sent = scene->shared->sent[0];
		if (seconds() > limit)
			fail_msg("%s, %u bytes: told to hold %u, a sender waits after %u",
				 scene->mechanism->name, scene->channel.size, count, sent);
		pause_ms(1);
	}
}

/* Messages beyond the most that it tells. What the user had queued elsewhere, may be gone. */
static unsigned int slack(const struct mechanism *mechanism)
{
	return is(mechanism, "signal") ? 8 : 0;
}

static uint64_t socket_buffer(int fd, int option)
{
	int bytes = 0;
	socklen_t length = sizeof(bytes);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, option, &bytes, &length), 0);
	return bytes;
}

/* The most that there may be in TCP's buffers as large as they have become: tcp.c. */
static uint64_t most_buffered(const struct channel *channel)
{
	return socket_buffer(channel->fd[1], SO_SNDBUF) + socket_buffer(channel->fd[0], SO_RCVBUF) +
	       2 * TCP_PACKET;
}

/* Sends, until it is full, and on when there is room again, until the test has seen enough. */
static void filler_main(struct scene *scene, unsigned int nth)
{
	char *body = make_bodies(scene->channel.size, 1, NULL);

	attach(scene, SIDE_SENDER, nth);
	for (unsigned int i = 0; i < EACH_MAX && !scene->shared->enough; i++) {
		send_one(scene, body, identity(nth, i));
		scene->shared->sent[nth] = i + 1;
	}
	detach(scene);
}

/*
 * What goes in before the sender waits. Of TCP that is known only once the sender rests
 * for longer than an acknowledgement may be delayed, and not even then for good; of all
 * others it is the most that was told, however long that takes.
 */
static unsigned int await_full(struct scene *scene, uint32_t most)
{
	if (is(scene->mechanism, "tcp") || is(scene->mechanism, "zmq")) {
		await_sent(scene, scene->channel.capacity);
		await_rest(scene, scene->senders[0], TCP_REST_MS);
	} else {
		await_sent(scene, most);
		if (scene->mechanism->traits & MECHANISM_SPINS)
			pause_ms(REST_MS);
		else
			await_rest(scene, scene->senders[0], REST_MS);
	}
	return scene->shared->sent[0];
}

static void expect_all_to_come(struct scene *scene)
{
	scene->shared->enough = true;
	scene->shared->go = 1;
	await_exit(scene, &scene->senders[0]);
	scene->messages = scene->shared->sent[0];
	await_received(scene);
	expect_each_once(scene);
}

static void expect_to_hold(struct scene *scene, uint32_t asked)
{
	const struct mechanism *mechanism = scene->mechanism;
	struct channel *channel = &scene->channel;
	uint32_t told = channel->capacity, most = channel->most ?: told, held;

	assert_true(most >= told);
	if (told < asked && is_unlimited())
		fail_msg("%s: holds %u, not %u", mechanism->name, told, asked);
	scene->endless = true;
	scene->senders[0] = start(scene, filler_main, 0);
	scene->receivers[0] = start(scene, receiver_main, 0);
	held = await_full(scene, most);
	if (held > most + slack(mechanism))
		fail_msg("%s, %u bytes: told to hold %u to %u, held %u", mechanism->name,
			 channel->size, told, most, held);
	if (is(mechanism, "tcp") && (uint64_t)held * channel->size > most_buffered(channel))
		fail_msg("tcp, %u bytes: held %u, and its buffers %llu bytes", channel->size, held,
			 (unsigned long long)most_buffered(channel));
	expect_all_to_come(scene);
}

static void a_channel_holds_what_it_says_and_a_sender_sleeps_then(void **state)
{
	static const uint32_t capacities[] = { 1, 5, 64, 256 };

	for (const struct mechanism *const *m = mechanisms; *m; m++)
		for (size_t c = 0; carries_one_way(*m) && c < 4; c++) {
			struct scene scene;
			const char *why = begin_scene(&scene, *m, shape_of(*m, capacities[c]));

			if (why) {
				print_message("%s: %s\n", (*m)->name, why);
				break;
			}
			expect_to_hold(&scene, capacities[c]);
			end_scene(&scene);
		}
}

/* Whatever the size, of which pages and packets take a different number. */
static void what_is_held_beyond_is_told(void **state)
{
	static const char *const names[] = { "pipe", "fifo", "tcp" };
	static const uint32_t sizes[] = { 1000, 3000, 4096, 5000, 7000, 65536, 1 << 20 };

	for (size_t i = 0; i < 3 * 7; i++) {
		struct shape shape = shape_of(mechanism_find(names[i / 7]), 16);
		struct scene scene;
		const char *why;

		shape.size = sizes[i % 7];
		why = begin_scene(&scene, mechanism_find(names[i / 7]), shape);
		if (why) {
			print_message("%s: %s\n", names[i / 7], why);
			continue;
		}
		expect_to_hold(&scene, shape.capacity);
		end_scene(&scene);
	}
}

static void a_receiver_asleep_is_woken(void **state)
{
	for (const struct mechanism *const *m = mechanisms; *m; m++) {
		struct scene scene;

		if (!carries_one_way(*m) || (*m)->traits & MECHANISM_SPINS ||
		    begin_scene(&scene, *m, shape_of(*m, 16)))
			continue;
		scene.messages = 3;
		scene.shared->go = 1;
		scene.receivers[0] = start(&scene, receiver_main, 0);
		expect_asleep(&scene, scene.receivers[0]);
		assert_int_equal(scene.shared->received, 0);
		scene.senders[0] = start(&scene, sender_main, 0);
		await_received(&scene);
		end_scene(&scene);
	}
}

static void play_with(const struct mechanism *mechanism, unsigned int senders,
		      unsigned int receivers, uint32_t capacity, bool batches)
{
	struct shape shape = shape_of(mechanism, capacity);
	struct scene scene;
	const char *why;

	shape.senders = senders;
	shape.receivers = receivers;
	shape.batch = batches ? 1 + capacity % BATCH_MAX : 1;
	why = begin_scene(&scene, mechanism, shape);
	if (why) {
		print_message("%s, %u to %u: %s\n", mechanism->name, senders, receivers, why);
		return;
	}
	play(&scene, many(mechanism), batches);
	end_scene(&scene);
}

static void many_senders_and_receivers_get_each_message_once(void **state)
{
	static const uint32_t capacities[] = { 1, 3, 64 };

	for (const struct mechanism *const *m = mechanisms; *m; m++)
		for (size_t c = 0; carries_one_way(*m) && c < 3; c++) {
			play_with(*m, 4, 4, capacities[c], false);
			play_with(*m, 1, 4, capacities[c], false);
			play_with(*m, 4, 1, capacities[c], false);
		}
}

static void batches_of_many_reach_many_once_and_in_order(void **state)
{
	static const uint32_t capacities[] = { 3, 64 };

	for (const struct mechanism *const *m = mechanisms; *m; m++)
		for (size_t c = 0; carries_one_way(*m) && (*m)->send_batch && c < 2; c++) {
			play_with(*m, 1, 1, capacities[c], true);
			play_with(*m, 4, 4, capacities[c], true);
		}
}

/* In one process, so whatever waits for another hangs. */
static void batch_to_oneself(struct scene *scene, unsigned int nth)
{
	int64_t last[SIDES_MAX] = { -1, -1, -1, -1 };
	struct batch_item out[BATCH_MAX], in[BATCH_MAX];
	char *other = make_bodies(scene->channel.size, 1, NULL);
	unsigned int next = 0;

	make_bodies(scene->channel.size, BATCH_MAX, out);
	make_bodies(scene->channel.size, BATCH_MAX, in);
	attach(scene, SIDE_BOTH, 0);
	for (int round = 0; round < 20; round++) {
		int sent;

		for (unsigned int i = 0; i < BATCH_MAX; i++)
			fill(out[i].body, scene->channel.size, identity(0, next + i));
		sent = scene->mechanism->send_batch(&scene->channel, out, BATCH_MAX);
		if (sent < 1)
			give_up(scene, "send batch: %s", strerror(errno));
		next += sent;
		while (scene->shared->received < next)
			receive_some(scene, in, other, last);
	}
	scene->messages = next;
	scene->shared->sent[0] = next;
}

static void a_batch_waits_for_its_first_message_only(void **state)
{
	static const uint32_t capacities[] = { 1, 20, 64 };

	for (const struct mechanism *const *m = mechanisms; *m; m++)
		for (size_t c = 0; (*m)->send_batch && c < 3; c++) {
			struct shape shape = shape_of(*m, capacities[c]);
			struct scene scene;

			shape.batch = BATCH_MAX;
			if (begin_scene(&scene, *m, shape))
				continue;
			scene.senders[0] = start(&scene, batch_to_oneself, 0);
			await_exit(&scene, &scene.senders[0]);
			/* As much as there was room for, not one at a time. */
			if (capacities[c] >= BATCH_MAX && scene.shared->sent[0] != 20 * BATCH_MAX)
				fail_msg("%s: 20 batches of %u were %u messages", (*m)->name,
					 BATCH_MAX, scene.shared->sent[0]);
			end_scene(&scene);
		}
}

/* On one side at least, calls are for who must sleep, and for who wakes him; or a library's. */
static bool is_in_user_space(const struct mechanism *mechanism)
{
	return strstr(mechanism->name, "shm") || strstr(mechanism->name, "ring") ||
	       is(mechanism, "mmap-file") || is(mechanism, "boost-mq") || is(mechanism, "zmq");
}

static void copies_and_system_calls_are_counted(void **state)
{
	for (const struct mechanism *const *m = mechanisms; *m; m++) {
		const struct shared *shared;
		struct scene scene;
		uint64_t bytes;

		if (!carries_one_way(*m) || begin_scene(&scene, *m, shape_of(*m, 16)))
			continue;
		play(&scene, 100, false);
		await_exit(&scene, &scene.senders[0]);
		await_exit(&scene, &scene.receivers[0]);
		shared = scene.shared;
		bytes = 100ull * scene.channel.size;
		if (shared->copied[SIDE_SENDER] != bytes || shared->copied[SIDE_RECEIVER] != bytes)
			fail_msg("%s: copied %llu and %llu bytes of %llu", (*m)->name,
				 (unsigned long long)shared->copied[SIDE_SENDER],
				 (unsigned long long)shared->copied[SIDE_RECEIVER],
				 (unsigned long long)bytes);
		if ((*m)->traits & MECHANISM_SPINS && !is(*m, "file-lock"))
			assert_int_equal(shared->syscalls[0] + shared->syscalls[1], 0);
		else if (!is_in_user_space(*m))
			assert_true(shared->syscalls[0] >= 100 && shared->syscalls[1] >= 100);
		end_scene(&scene);
	}
}

/* Made and read where it lies; the two in one process, and longer than a lap of the ring. */
static void place_to_oneself(struct scene *scene, unsigned int nth)
{
	const struct mechanism *mechanism = scene->mechanism;
	struct channel *channel = &scene->channel;
	char *other = make_bodies(channel->size, 1, NULL);
	const void *body;

	attach(scene, SIDE_BOTH, 0);
	for (unsigned int i = 0; i < scene->messages; i++) {
		void *room = mechanism->reserve(channel, channel->size);

		if (!room || (uintptr_t)room % 8)
			give_up(scene, "reserve: %p, %s", room, strerror(errno));
		fill(room, channel->size, identity(0, i));
		if (mechanism->commit(channel))
			give_up(scene, "commit: %s", strerror(errno));
		if (mechanism->peek(channel, &body) != (ssize_t)channel->size ||
		    !is_whole(body, channel->size, other) || mechanism->release(channel))
			give_up(scene, "message %u: %s", i, strerror(errno));
	}
	leave_counts(scene, SIDE_SENDER);
	detach(scene);
}

static void messages_made_in_place_are_not_copied(void **state)
{
	static const uint32_t sizes[] = { 8, 64, 1000, 65536, 1 << 20 };

	for (const struct mechanism *const *m = mechanisms; *m; m++)
		for (size_t s = 0; (*m)->reserve && s < 5; s++) {
			struct shape shape = shape_of(*m, 1);
			struct scene scene;

			shape.size = sizes[s];
			if (begin_scene(&scene, *m, shape))
				continue;
			scene.messages = 3 * scene.channel.capacity;
			scene.senders[0] = start(&scene, place_to_oneself, 0);
			await_exit(&scene, &scene.senders[0]);
			assert_int_equal(scene.shared->copied[SIDE_SENDER], 0);
			end_scene(&scene);
		}
}

/* Two channels, one process at each end of both. */
struct rally {
	struct scene there, back;
};

static void rally_main(struct rally *rally, bool serves)
{
	struct scene *out = serves ? &rally->there : &rally->back;
	struct scene *in = serves ? &rally->back : &rally->there;
	uint32_t size = out->channel.size;
	char *body = make_bodies(size, 1, NULL), *other = make_bodies(size, 1, NULL);

	attach(in, SIDE_RECEIVER, 0);
	attach(out, SIDE_SENDER, 0);
	/* What is sent before the other is there, a broadcast does not keep for it. */
	rally->there.shared->go++;
	while (rally->there.shared->go < 2)
		pause_ms(1);
	for (unsigned int i = 0; i < out->messages; i++) {
		if (serves)
			send_one(out, body, identity(0, i));
		if (receive_one(in, body) != (ssize_t)size || !is_whole(body, size, other))
			give_up(in, "round %u: wrong", i);
		in->shared->received++;
		if (!serves)
			send_one(out, body, identity(1, i));
	}
	detach(out);
	detach(in);
}

static void serve(struct scene *scene, unsigned int nth)
{
	(void)nth;
	rally_main((struct rally *)scene, true);
}

static void strike_back(struct scene *scene, unsigned int nth)
{
	(void)nth;
	rally_main((struct rally *)scene, false);
}

/* Each waits for the other's message all the time, so one wake-up missed is the end. */
static void no_wakeup_is_missed(void **state)
{
	for (const struct mechanism *const *m = mechanisms; *m; m++) {
		struct shape shape = shape_of(*m, 1);
		struct rally rally;

		if (!carries_in_turn(*m) || begin_scene(&rally.there, *m, shape))
			continue;
		assert_null(begin_scene(&rally.back, *m, shape));
		rally.there.messages = waits_by_itself(*m) ? 2000 : 200;
		rally.back.messages = rally.there.messages;
		rally.there.senders[0] = start(&rally.there, strike_back, 0);
		rally.there.receivers[0] = start(&rally.there, serve, 0);
		await_received(&rally.there);
		await_received(&rally.back);
		end_scene(&rally.there);
		end_scene(&rally.back);
	}
}

/* One message, when told to. The first is long, the second soon after it and short. */
static void send_uneven(struct scene *scene, unsigned int nth)
{
	uint32_t size = nth ? 8 : scene->channel.size;
	char *body = make_bodies(scene->channel.size, 1, NULL);

	attach(scene, SIDE_SENDER, nth);
	fill(body, size, identity(nth, 0));
	scene->shared->sent[nth] = 1;
	while (scene->shared->go < 1 + nth)
		;
	scene->shared->go = 2;
	if (scene->mechanism->send(&scene->channel, body, size))
		give_up(scene, "send: %s", strerror(errno));
}

static void receive_uneven(struct scene *scene, unsigned int nth)
{
	char *body = make_bodies(scene->channel.size, 1, NULL);
	char *other = make_bodies(scene->channel.size, 1, NULL);
	ssize_t size;

	attach(scene, SIDE_RECEIVER, nth);
	size = receive_one(scene, body);
	if (size < 8 || !is_whole(body, size, other))
		give_up(scene, "wrong");
	scene->shared->received++;
}

/*
 * Where messages are put in without a lock, a short one may be there before a long one
 * that goes first; who is woken for it finds nothing, and each receiver takes one only.
 */
static void a_message_behind_a_slow_one_is_not_forgotten(void **state)
{
	static const char *const lockless[] = { "shm-futex", "eventfd-shm" };
	const struct shape shape = {
		.size = 1 << 20, .capacity = 4, .batch = 1, .senders = 2, .receivers = 2,
	};

	for (unsigned int round = 0; round < 40; round++) {
		struct scene scene;

		assert_null(begin_scene(&scene, mechanism_find(lockless[round % 2]), shape));
		scene.messages = 1;
		for (unsigned int i = 0; i < 2; i++) {
			scene.receivers[i] = start(&scene, receive_uneven, i);
			scene.senders[i] = start(&scene, send_uneven, i);
		}
		while (!scene.shared->sent[0] || !scene.shared->sent[1])
			;
		pause_ms(1);
		scene.shared->go = 1;
		await_received(&scene);
		end_scene(&scene);
	}
}

/* As the holder of a lock leaves it who dies after a body was copied, before the end moved. */
static void a_ring_left_half_moved_is_mended(void **state)
{
	struct shm_ring *ring = aligned_alloc(SHM_LINE, shm_ring_bytes(2, 8));
	char in[] = "message", out[8];
	struct batch_item put = { in, 8 }, take = { out, 8 };
	uint64_t before;

	assert_non_null(ring);
	memset(ring, 0, shm_ring_bytes(2, 8));
	shm_ring_init(ring, 2, 8);
	for (int lap = 0; lap < 5; lap++) {
		before = ring->head;
		assert_int_equal(shm_ring_put_locked(ring, &put, 1), 1);
		ring->head = before;
		shm_ring_repair(ring);
		assert_int_equal(shm_ring_put_locked(ring, &put, 1), 1);
		before = ring->tail;
		assert_int_equal(shm_ring_take_locked(ring, &take, 1), 1);
		ring->tail = before;
		shm_ring_repair(ring);
		assert_int_equal(shm_ring_take_locked(ring, &take, 1), 1);
		assert_string_equal(out, in);
		assert_int_equal(shm_ring_take_locked(ring, &take, 1), 0);
		/* Whole as it is, nothing changes. */
		shm_ring_repair(ring);
		assert_false(shm_ring_has_message(ring));
		assert_true(shm_ring_has_room(ring));
	}
	free(ring);
}

/* Requests and answers. */

static void asker_main(struct scene *scene, unsigned int nth)
{
	uint32_t size = scene->channel.size;
	char *request = make_bodies(size, 1, NULL), *answer = make_bodies(size, 1, NULL);
	char *other = make_bodies(size, 1, NULL);

	attach(scene, SIDE_SENDER, nth);
	for (unsigned int i = 0; i < scene->messages; i++) {
		fill(request, size, identity(0, i));
		if (scene->mechanism->call(&scene->channel, request, size, answer, size) !=
		    (ssize_t)size)
			give_up(scene, "call: %s", strerror(errno));
		fill(other, size, identity(1, i));
		if (memcmp(answer, other, size))
			give_up(scene, "another answer to request %u", i);
		scene->shared->received++;
	}
	leave_counts(scene, SIDE_SENDER);
}

static void answerer_main(struct scene *scene, unsigned int nth)
{
	uint32_t size = scene->channel.size;
	char *request = make_bodies(size, 1, NULL), *other = make_bodies(size, 1, NULL);

	attach(scene, SIDE_RECEIVER, nth);
	for (unsigned int i = 0; i < scene->messages; i++) {
		if (scene->mechanism->take_request(&scene->channel, request, size) != (ssize_t)size)
			give_up(scene, "take request: %s", strerror(errno));
		fill(other, size, identity(0, i));
		if (memcmp(request, other, size))
			give_up(scene, "another request than %u", i);
		fill(request, size, identity(1, i));
		if (scene->mechanism->answer(&scene->channel, request, size))
			give_up(scene, "answer: %s", strerror(errno));
	}
	leave_counts(scene, SIDE_RECEIVER);
}

static void every_request_gets_its_answer(void **state)
{
	static const uint32_t sizes[] = { 8, 64, 4096, 65536, 1 << 20 };

	for (const struct mechanism *const *m = mechanisms; *m; m++)
		for (size_t s = 0; (*m)->traits & MECHANISM_CALLS && s < 5; s++) {
			struct shape shape = shape_of(*m, 1);
			struct scene scene;
			const char *why;

			shape.size = sizes[s];
			why = begin_scene(&scene, *m, shape);
			if (why) {
				print_message("%s: %s\n", (*m)->name, why);
				break;
			}
			scene.messages = sizes[s] > 65536 ? 20 : 100;
			scene.receivers[0] = start(&scene, answerer_main, 0);
			expect_asleep(&scene, scene.receivers[0]);
			scene.senders[0] = start(&scene, asker_main, 0);
			await_exit(&scene, &scene.senders[0]);
			await_exit(&scene, &scene.receivers[0]);
			assert_int_equal(scene.shared->received, scene.messages);
			assert_true(scene.shared->copied[0] >= 2ull * scene.messages * sizes[s]);
			assert_true(scene.shared->syscalls[0] >= scene.messages);
			end_scene(&scene);
		}
}

/* Killed at some time; with too few messages to fill the channel. */
static void mortal_sender(struct scene *scene, unsigned int life)
{
	char *body = make_bodies(scene->channel.size, 1, NULL);

	attach(scene, SIDE_SENDER, 0);
	for (unsigned int i = 0; i < LIFETIME; i++) {
		send_one(scene, body, identity(life, i));
		scene->shared->sent[life % 2]++;
	}
	scene->shared->done[life % 2] = life;
	pause();
}

/* So many that none of those who receive finds it empty; a death may have cost each one. */
static bool plenty(const struct scene *scene, unsigned int more)
{
	const struct shared *shared = scene->shared;

	return shared->sent[0] + shared->sent[1] > shared->received + 2 * LIVES + more;
}

static void mortal_receiver(struct scene *scene, unsigned int life)
{
	uint32_t size = scene->channel.size;
	char *body = make_bodies(size, 1, NULL), *other = make_bodies(size, 1, NULL);
	uint64_t id;

	attach(scene, SIDE_RECEIVER, 0);
	for (; plenty(scene, 0); life++) {
		if (receive_one(scene, body) != (ssize_t)size || !is_whole(body, size, other))
			give_up(scene, "half a message");
		memcpy(&id, body, sizeof(id));
		if ((uint32_t)id < scene->shared->next[id >> 32])
			give_up(scene, "a message came twice, or late");
		scene->shared->next[id >> 32] = (uint32_t)id + 1;
		scene->shared->received++;
	}
}

/* Until this life's sender has sent some more, or all that it had. */
static void await_sender(struct scene *scene, unsigned int life)
{
	const struct shared *shared = scene->shared;
	unsigned int before = shared->sent[life % 2];
	double limit = seconds() + PATIENCE_S;

	while (shared->sent[life % 2] < before + 3 && shared->done[life % 2] != life)
		if (seconds() > limit)
			fail_msg("stuck after a death");
}

/* Two send at once; one is killed, and then the other, who must have gone on. */
static void kill_two_senders(struct scene *scene, unsigned int life)
{
	for (unsigned int i = 0; i < 2; i++)
		scene->senders[i] = start(scene, mortal_sender, life + i);
	for (unsigned int i = 0; i < 2; i++) {
		await_sender(scene, life + i);
		end(&scene->senders[i]);
	}
}

/* Until it has taken some, or all that it may, and has left. */
static void await_receiver(struct scene *scene)
{
	unsigned int before = scene->shared->received;
	double limit = seconds() + PATIENCE_S;

	while (scene->receivers[0] && scene->shared->received < before + 3) {
		look_after(scene, &scene->receivers[0]);
		if (seconds() > limit)
			fail_msg("stuck after a death");
	}
}

/* One is killed, the next takes all but a few. */
static void kill_a_receiver(struct scene *scene)
{
	scene->receivers[0] = start(scene, mortal_receiver, 0);
	await_receiver(scene);
	end(&scene->receivers[0]);
	scene->receivers[0] = start(scene, mortal_receiver, 0);
	await_exit(scene, &scene->receivers[0]);
}

/*
 * Killed at any instant, with the lock or without: the next goes on, and nothing is
 * half. There is always room for senders and a message for receivers, for a
 * condition variable is not robust: who dies asleep on one may take others with it.
 */
static void a_robust_mutex_outlives_those_who_die_with_it(void **state)
{
	struct shape shape = {
		.size = 8192,
		.capacity = 3 * LIFETIME + 2 * LIVES,
		.batch = 1,
		.senders = 2,
		.receivers = 2,
	};
	struct scene scene;

	if (begin_scene(&scene, mechanism_find("posix-shm"), shape)) {
		print_message("posix-shm: not here\n");
		skip();
	}
	for (unsigned int life = 1; life < LIVES - 1; life += 2) {
		kill_two_senders(&scene, life);
		if (plenty(&scene, 10))
			kill_a_receiver(&scene);
	}
	assert_true(scene.shared->received > 0);
	end_scene(&scene);
}

/* What is in the system. */

static unsigned int count_entries(const char *path)
{
	DIR *directory = opendir(path);
	unsigned int n = 0;

	while (directory && readdir(directory))
		n++;
	if (directory)
		closedir(directory);
	return n;
}

static unsigned int count_lines(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned int n = 0;
	int c;

	while (file && (c = fgetc(file)) != EOF)
		n += c == '\n';
	if (file)
		fclose(file);
	return n;
}

static long read_number(const char *path)
{
	FILE *file = fopen(path, "r");
	long n = -1;

	if (file && fscanf(file, "%ld", &n) != 1)
		n = -1;
	if (file)
		fclose(file);
	return n;
}

struct traces {
	unsigned int descriptors, files, shm, mqueue, ids;
	long msgmax;
};

static char temporary[] = "/tmp/kmqcompare-test-XXXXXX";

static struct traces look_around(void)
{
	struct traces traces;

	/* The padding, too: they are compared as bytes. */
	memset(&traces, 0, sizeof(traces));
	traces.descriptors = count_entries("/proc/self/fd");
	traces.files = count_entries(temporary);
	traces.shm = count_entries("/dev/shm");
	traces.mqueue = count_entries("/dev/mqueue");
	traces.ids = count_lines("/proc/sysvipc/msg") + count_lines("/proc/sysvipc/sem") +
		     count_lines("/proc/sysvipc/shm");
	traces.msgmax = read_number("/proc/sys/kernel/msgmax");
	return traces;
}

static void expect_same(const char *name, const struct traces *before)
{
	struct traces after = look_around();

	double limit = seconds() + PATIENCE_S;

	/* Others may be at work on this machine; what they have there comes and goes. */
	while (memcmp(&after, before, sizeof(after)) && seconds() < limit) {
		pause_ms(10);
		after = look_around();
	}
	if (after.descriptors != before->descriptors)
		fail_msg("%s: a descriptor stays open", name);
	if (after.files != before->files)
		fail_msg("%s: leaves a file in $TMPDIR", name);
	if (after.shm != before->shm || after.mqueue != before->mqueue)
		fail_msg("%s: leaves a name in /dev/shm or /dev/mqueue", name);
	if (after.ids != before->ids)
		fail_msg("%s: leaves a System V id", name);
	if (after.msgmax != before->msgmax)
		fail_msg("%s: leaves kernel.msgmax at %ld", name, after.msgmax);
}

static void nothing_is_left_behind(void **state)
{
	static const uint32_t sizes[] = { 8, 65536, 1 << 20 };

	for (const struct mechanism *const *m = mechanisms; *m; m++)
		for (size_t s = 0; s < 3; s++) {
			struct shape shape = shape_of(*m, 8);
			struct traces before = look_around();
			struct scene scene;

			shape.size = sizes[s];
			if (!begin_scene(&scene, *m, shape)) {
				if (carries_one_way(*m))
					play(&scene, 10, false);
				end_scene(&scene);
			}
			expect_same((*m)->name, &before);
		}
}

/* The runner, until it is killed: the channel is open and everybody is at it. */
static void killed_runner(struct scene *scene, unsigned int nth)
{
	scene->messages = 1;
	scene->shared->go = 1;
	if (!fork()) {
		receiver_main(scene, 0);
		_exit(0);
	}
	if (!fork()) {
		sender_main(scene, 0);
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	scene->shared->sent[1] = 1;
	pause();
}

/*
 * Of System V, an id stays: there is no way to have it go with its last user. The
 * channel is opened here and closed only then, to have it go after all.
 */
static void nothing_is_left_even_by_a_runner_that_is_killed(void **state)
{
	for (const struct mechanism *const *m = mechanisms; *m; m++) {
		struct traces before = look_around();
		struct scene scene;

		if (!carries_one_way(*m) || begin_scene(&scene, *m, shape_of(*m, 8)))
			continue;
		scene.senders[0] = start(&scene, killed_runner, 0);
		while (!scene.shared->sent[1]) {
			look_after(&scene, &scene.senders[0]);
			pause_ms(1);
		}
		end(&scene.senders[0]);
		/* Our own copy of its descriptors aside. */
		before.descriptors = count_entries("/proc/self/fd");
		if (!is(*m, "sysv-msg") && !is(*m, "sysv-shm"))
			expect_same((*m)->name, &before);
		end_scene(&scene);
	}
}

static int use_own_directory(void **state)
{
	/* And, if that is allowed, System V ids and queues that nobody else makes any of. */
	if (unshare(CLONE_NEWIPC))
		print_message("System V ids are looked for among those of all\n");
	return mkdtemp(temporary) && !setenv("TMPDIR", temporary, 1) ? 0 : -1;
}

static int remove_own_directory(void **state)
{
	return rmdir(temporary);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_has_what_the_issue_asks_for),
		cmocka_unit_test(every_mechanism_describes_itself),
		cmocka_unit_test(every_mechanism_carries_every_size_or_says_why),
		cmocka_unit_test(a_channel_holds_what_it_says_and_a_sender_sleeps_then),
		cmocka_unit_test(what_is_held_beyond_is_told),
		cmocka_unit_test(a_receiver_asleep_is_woken),
		cmocka_unit_test(many_senders_and_receivers_get_each_message_once),
		cmocka_unit_test(batches_of_many_reach_many_once_and_in_order),
		cmocka_unit_test(a_batch_waits_for_its_first_message_only),
		cmocka_unit_test(copies_and_system_calls_are_counted),
		cmocka_unit_test(messages_made_in_place_are_not_copied),
		cmocka_unit_test(no_wakeup_is_missed),
		cmocka_unit_test(a_message_behind_a_slow_one_is_not_forgotten),
		cmocka_unit_test(a_ring_left_half_moved_is_mended),
		cmocka_unit_test(every_request_gets_its_answer),
		cmocka_unit_test(a_robust_mutex_outlives_those_who_die_with_it),
		cmocka_unit_test(nothing_is_left_behind),
		cmocka_unit_test(nothing_is_left_even_by_a_runner_that_is_killed),
	};

	return cmocka_run_group_tests(tests, use_own_directory, remove_own_directory);
}
