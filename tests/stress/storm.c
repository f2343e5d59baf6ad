// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at once: many processes do everything that can be done to a few
 * shared queues, and some of them are killed in the middle of it. Beside them
 * two writers and two readers exchange numbered messages through a queue that
 * nobody else touches. At the end every ledger is exact, every message of that
 * queue was received once, and nobody saw a damaged message or an answer that
 * the ABI does not know.
 *
 *	storm [--processes N] [--seconds N] [--seed N]
 *
 * Ends with `N passed, N failed`.
 */
#include <getopt.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "kmq_test.h"

enum {
	SHARED = 4,		/* queues of the storm */
	MAX = 3000,		/* bytes of a message there */
	PAIRS = 2,		/* writers and readers of the exact queue */
	STAMPS = 1 << 22,	/* messages of one writer at most */
	WORKERS = 256,
};

enum {
	OP_CREATE, OP_REMOVE, OP_UNNAMED, OP_WRITE, OP_SEND, OP_SEND_BATCH, OP_READ,
	OP_RECEIVE, OP_RECEIVE_BATCH, OP_LEASE, OP_PEEK, OP_POLL, OP_CALL, OP_SERVE,
	OP_PURGE, OP_RESIZE, OP_FILTER, OP_INFO, OPERATIONS,
};

static const char *const operation_names[OPERATIONS] = {
	"create", "remove", "unnamed", "write", "send", "send batch", "read", "receive",
	"receive batch", "lease", "peek", "poll", "call", "serve", "purge", "resize",
	"filter", "info",
};

/* What all processes see. */
static struct {
	atomic_bool stop, drained;
	atomic_uint done[OPERATIONS];	/* that had an effect */
	atomic_uint wrong;
	atomic_uint written[PAIRS];
	_Atomic unsigned char seen[PAIRS][STAMPS];
} *shared;

static unsigned int seed = 1, seconds = 60, processes = 16;
static char names[SHARED][KMQ_NAME_SIZE];
static unsigned int passed, failed;

static unsigned int chance(unsigned int below)
{
	return rand_r(&seed) / 7 % below;
}

static void claim(bool holds, const char *what)
{
	if (holds)
		passed++;
	else
		failed++;
	printf("%s - %s\n", holds ? "ok" : "not ok", what);
}

__attribute__((format(printf, 1, 2)))
static void wrong(const char *format, ...)
{
	char line[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (atomic_fetch_add(&shared->wrong, 1) < 20)
		fprintf(stderr, "# %d: %s\n", getpid(), line);
}

/* ---- messages that prove themselves ---- */

struct stamp {
	__u32 magic;
	__u32 size;
	__u32 salt;
};

#define MAGIC 0x6b6d7121

static __u32 make_body(char *body)
{
	__u32 size = chance(3) ? chance(200) : chance(MAX);
	struct stamp stamp = { .magic = MAGIC, .salt = chance(1000) };

	if (size < sizeof(stamp))
		size = sizeof(stamp);
	stamp.size = size;
	fill(body, size, stamp.salt);
	memcpy(body, &stamp, sizeof(stamp));
	return size;
}

static void check_body(const char *body, __u32 size, __u32 there)
{
	struct stamp stamp;
	static char expected[MAX];

	if (there < sizeof(stamp))
		return;
	memcpy(&stamp, body, sizeof(stamp));
	if (stamp.magic != MAGIC || stamp.size != size) {
		wrong("a message of %u bytes says it has %u (magic %#x)", size, stamp.size,
		      stamp.magic);
		return;
	}
	fill(expected, size, stamp.salt);
	if (memcmp(body + sizeof(stamp), expected + sizeof(stamp), there - sizeof(stamp)))
		wrong("a message of %u bytes is damaged", size);
}

/* ---- one worker ---- */

static void note(int operation, long result, const char *call)
{
	if (result >= 0) {
		atomic_fetch_add(&shared->done[operation], 1);
		return;
	}
	switch (errno) {
	case EAGAIN:
	case ETIMEDOUT:
	case EIDRM:
	case EINTR:
	case EMSGSIZE:
		return;
	}
	wrong("%s: %s", call, strerrorname_np(errno));
}

#define NOTE(operation, call) note(operation, call, #call)

static struct kmq_create random_settings(void)
{
	return (struct kmq_create){
		.policy = chance(4), .capacity = 1 + chance(12), .max_message = MAX,
		.inline_size = 8 << chance(8), .byte_limit = MAX * (1 + chance(6)),
	};
}

static void do_create(void)
{
	struct kmq_create create = random_settings();

	memcpy(create.name, names[chance(SHARED)], KMQ_NAME_SIZE);
	create.flags = chance(2) ? KMQ_CREATE_EXCLUSIVE : 0;
	create.lifetime = chance(8) ? KMQ_LIFETIME_PERSISTENT : KMQ_LIFETIME_EPHEMERAL;
	if (!ioctl(control(), KMQ_CTL_CREATE, &create))
		atomic_fetch_add(&shared->done[OP_CREATE], 1);
	else if (errno != EEXIST)
		wrong("create: %s", strerrorname_np(errno));
}

static void do_remove(void)
{
	if (!queue_remove(names[chance(SHARED)]))
		atomic_fetch_add(&shared->done[OP_REMOVE], 1);
	else if (errno != ENOENT)
		wrong("remove: %s", strerrorname_np(errno));
}

static void do_unnamed(void)
{
	struct kmq_create create = random_settings();
	char body[MAX], back[MAX];
	int fd = ioctl(control(), KMQ_CTL_CREATE, &create);
	__u32 size = make_body(body);

	if (fd < 0) {
		wrong("create unnamed: %s", strerrorname_np(errno));
		return;
	}
	NOTE(OP_UNNAMED, write(fd, body, size));
	if (read(fd, back, MAX) == (ssize_t)size)
		check_body(back, size, size);
	else
		wrong("a queue of one's own lost a message");
	close(fd);
}

/* Mostly not for long, sometimes until somebody does something. */
static __u64 deadline(void)
{
	return chance(6) ? after_ms(chance(30)) : 0;
}

static void do_write(int fd)
{
	char body[MAX];
	__u32 size = make_body(body);

	NOTE(OP_WRITE, write(fd, body, size));
}

static void do_send(int fd)
{
	char body[MAX];
	struct kmq_transfer transfer = {
		.deadline = deadline(), .flags = chance(2) ? KMQ_DONTWAIT : 0,
		.message = { .body = ptr(body), .size = make_body(body),
			     .type = 1 + chance(4), .priority = chance(3) },
	};

	NOTE(OP_SEND, ioctl(fd, KMQ_IOC_SEND, &transfer));
}

static void do_send_batch(int fd)
{
	static char bodies[20][MAX];
	struct kmq_message messages[20] = {};
	struct kmq_batch batch = {
		.deadline = deadline(), .messages = ptr(messages), .count = 1 + chance(20),
	};

	for (__u32 i = 0; i < batch.count; i++)
		messages[i] = (struct kmq_message){
			.body = ptr(bodies[i]), .size = make_body(bodies[i]),
			.type = 1 + chance(4),
		};
	NOTE(OP_SEND_BATCH, ioctl(fd, KMQ_IOC_SEND_BATCH, &batch));
}

static void do_read(int fd)
{
	char body[MAX];
	ssize_t size = read(fd, body, MAX);

	NOTE(OP_READ, size);
	if (size > 0)
		check_body(body, size, size);
}

/* Returns the sequence, 0 for none. */
static __u64 receive_some(int fd, int operation, __u32 flags, __u32 *message_flags)
{
	char body[MAX];
	__u32 room = chance(4) ? MAX : 100, select = chance(5);
	struct kmq_transfer transfer = {
		.deadline = deadline(), .flags = flags | (chance(2) ? KMQ_TRUNCATE : 0),
		.select = select,
		.select_type = select >= KMQ_SELECT_EQUAL ? 1 + chance(5) : 0,
		.message = { .body = ptr(body), .size = room },
	};
	int result = ioctl(fd, KMQ_IOC_RECEIVE, &transfer);

	NOTE(operation, result);
	if (result)
		return 0;
	check_body(body, transfer.message.length, transfer.message.size);
	*message_flags = transfer.message.flags;
	return transfer.message.sequence;
}

static void do_receive(int fd)
{
	__u32 flags;

	receive_some(fd, OP_RECEIVE, chance(2) ? KMQ_DONTWAIT : 0, &flags);
}

static void do_receive_batch(int fd)
{
	static char bodies[20][MAX];
	struct kmq_message messages[20] = {};
	struct kmq_batch batch = {
		.deadline = deadline(), .flags = chance(4) ? 0 : KMQ_PEEK,
		.select = KMQ_SELECT_ANY, .messages = ptr(messages), .count = 1 + chance(20),
	};
	int count;

	for (__u32 i = 0; i < batch.count; i++)
		messages[i] = (struct kmq_message){ .body = ptr(bodies[i]), .size = MAX };
	count = ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch);
	NOTE(OP_RECEIVE_BATCH, count);
	for (int i = 0; i < count; i++)
		check_body(bodies[i], messages[i].length, messages[i].size);
}

static void do_lease(int fd)
{
	__u32 flags;
	__u64 sequence = receive_some(fd, OP_LEASE, KMQ_LEASE | KMQ_DONTWAIT, &flags);

	if (!sequence)
		return;
	switch (chance(4)) {
	case 0:
		return;		/* left to close() */
	case 1:
		NOTE(OP_LEASE, nack(fd, sequence));
		return;
	default:
		NOTE(OP_LEASE, ack(fd, sequence));
	}
}

static void do_peek(int fd)
{
	__u32 flags;

	receive_some(fd, OP_PEEK, KMQ_PEEK | KMQ_DONTWAIT, &flags);
}

static void do_poll(int fd)
{
	struct pollfd entry = { .fd = fd, .events = chance(2) ? POLLIN : POLLOUT };

	NOTE(OP_POLL, poll(&entry, 1, chance(20)));
}

static void do_call(int fd)
{
	char body[MAX], reply[MAX];
	struct kmq_call call = {
		.deadline = after_ms(chance(100)), .flags = chance(2) ? KMQ_DONTWAIT : 0,
		.request = { .body = ptr(body), .size = make_body(body), .type = 1 + chance(4) },
		.reply = { .body = ptr(reply), .size = MAX },
	};
	int result = ioctl(fd, KMQ_IOC_CALL, &call);

	/* Purged, dropped, or read by one who does not answer. */
	if (result < 0 && errno == ECANCELED)
		return;
	NOTE(OP_CALL, result);
	if (!result)
		check_body(reply, call.reply.size, call.reply.size);
}

static void do_serve(int fd)
{
	char body[MAX];
	__u32 flags = 0;
	struct kmq_transfer reply = {
		.message = { .body = ptr(body), .size = make_body(body), .type = 1 },
	};

	for (int i = 0; i < 10; i++) {
		reply.message.sequence = receive_some(fd, OP_RECEIVE, KMQ_DONTWAIT, &flags);
		if (!reply.message.sequence || !(flags & KMQ_MESSAGE_CALL))
			continue;
		/* Its caller may have gone. */
		if (ioctl(fd, KMQ_IOC_REPLY, &reply) < 0 && errno == ESRCH)
			continue;
		atomic_fetch_add(&shared->done[OP_SERVE], 1);
	}
}

static void do_purge(int fd)
{
	__u32 select = chance(5);

	NOTE(OP_PURGE, purge(fd, select, select >= KMQ_SELECT_EQUAL ? 1 + chance(4) : 0, NULL));
}

static void do_resize(int fd)
{
	struct kmq_resize resize = {
		.capacity = 1 + chance(20), .byte_limit = MAX * (1 + chance(6)),
	};

	NOTE(OP_RESIZE, ioctl(fd, KMQ_IOC_RESIZE, &resize));
}

static void do_filter(int fd)
{
	__u32 select = chance(5);

	NOTE(OP_FILTER, set_filter(fd, chance(2), select,
				   select >= KMQ_SELECT_EQUAL ? 1 + chance(4) : 0));
}

static void do_info(int fd)
{
	struct kmq_info info;
	int result = ioctl(fd, KMQ_IOC_INFO, &info);

	NOTE(OP_INFO, result);
	if (!result && !info_balances(&info)) {
		wrong("a ledger does not balance");
		info_print(&info);
	}
}

static void (*const operations[OPERATIONS])(int fd) = {
	[OP_WRITE] = do_write, [OP_SEND] = do_send, [OP_SEND_BATCH] = do_send_batch,
	[OP_READ] = do_read, [OP_RECEIVE] = do_receive, [OP_RECEIVE_BATCH] = do_receive_batch,
	[OP_LEASE] = do_lease, [OP_PEEK] = do_peek, [OP_POLL] = do_poll, [OP_CALL] = do_call,
	[OP_SERVE] = do_serve, [OP_PURGE] = do_purge, [OP_RESIZE] = do_resize,
	[OP_FILTER] = do_filter, [OP_INFO] = do_info,
};

static void use_queue(void)
{
	const char *name = names[chance(SHARED)];
	int fd = open(queue_path(name), O_RDWR | O_CLOEXEC | (chance(3) ? 0 : O_NONBLOCK));

	if (fd < 0) {
		if (errno != ENOENT && errno != ENXIO && errno != ENODEV && errno != EINTR)
			wrong("open: %s", strerrorname_np(errno));
		do_create();
		return;
	}
	for (int i = 1 + chance(20); i && !shared->stop; i--) {
		int operation = chance(OPERATIONS);

		/* What empties or closes a queue is rare, or nothing is ever in it. */
		if ((operation == OP_PURGE || operation == OP_RESIZE) && chance(4))
			operation = OP_SEND;
		if (operations[operation])
			operations[operation](fd);
	}
	close(fd);
}

static void interrupt(int number)
{
	(void)number;
}

/* Without SA_RESTART, so that the end of the storm ends every sleep. */
static void handle_interrupts(void)
{
	struct sigaction action = { .sa_handler = interrupt };

	CHECK_OK(sigaction(SIGUSR1, &action, NULL));
}

static pid_t start_worker(unsigned int number)
{
	pid_t pid;

	CHILD(pid) {
		seed += number * 7919 + 1;
		while (!shared->stop) {
			use_queue();
			switch (chance(40)) {
			case 0:
				do_remove();
				break;
			case 1 ... 2:
				do_unnamed();
				break;
			}
		}
	}
	return pid;
}

/* ---- the exact queue ---- */

struct numbered {
	__u32 writer;
	__u32 number;
	__u32 size;
};

static pid_t start_writer(int fd, __u32 writer)
{
	pid_t pid;

	CHILD(pid) {
		char body[600];
		struct numbered *stamp = (struct numbered *)body;

		for (__u32 i = 0; i < STAMPS && !shared->stop; i++) {
			*stamp = (struct numbered){ writer, i, sizeof(*stamp) + i % 500 };
			fill(body + sizeof(*stamp), i % 500, i);
			/* Interrupted is not sent; all or nothing. */
			if (write(fd, body, stamp->size) < 0) {
				if (errno == EINTR)
					break;
				FAIL("the exact queue: write: %s", strerrorname_np(errno));
			}
			shared->written[writer] = i + 1;
		}
	}
	return pid;
}

static void check_numbered(const char *body, size_t size, __u32 last[PAIRS])
{
	struct numbered stamp;

	CHECK(size >= sizeof(stamp));
	memcpy(&stamp, body, sizeof(stamp));
	CHECK(stamp.writer < PAIRS && stamp.number < STAMPS);
	CHECK_EQ(stamp.size, size);
	CHECK(filled(body + sizeof(stamp), size - sizeof(stamp), stamp.number));
	/* What one reader sees of one writer is in order. */
	CHECK(!last[stamp.writer] || stamp.number >= last[stamp.writer]);
	last[stamp.writer] = stamp.number + 1;
	atomic_fetch_add(&shared->seen[stamp.writer][stamp.number], 1);
}

static pid_t start_reader(int fd)
{
	pid_t pid;

	CHILD(pid) {
		char bodies[8][600];
		struct kmq_message messages[8];
		__u32 last[PAIRS] = {};

		for (;;) {
			struct kmq_batch batch = {
				.select = KMQ_SELECT_ANY, .messages = ptr(messages),
				.count = 1 + chance(8),
			};
			int count;

			for (int i = 0; i < 8; i++)
				messages[i] = (struct kmq_message){ .body = ptr(bodies[i]),
								    .size = 600 };
			count = ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch);
			if (count < 0 && errno == EINTR && shared->drained)
				break;
			if (count < 0 && errno == EINTR)
				continue;
			CHECK_OK(count);
			for (int i = 0; i < count; i++)
				check_numbered(bodies[i], messages[i].size, last);
		}
	}
	return pid;
}

/* Signals a process until it ends; returns whether it succeeded. */
static bool finish(pid_t pid)
{
	uint64_t end = after_ms(60000);
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (now() > end) {
			fprintf(stderr, "# %d does not end\n", pid);
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return false;
		}
		kill(pid, SIGUSR1);
		pause_ms(2);
	}
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static bool all_seen_once(void)
{
	unsigned int total = 0, bad = 0;

	for (int writer = 0; writer < PAIRS; writer++) {
		unsigned int written = shared->written[writer];

		total += written;
		for (unsigned int i = 0; i < STAMPS; i++) {
			unsigned int expected = i < written;

			if (shared->seen[writer][i] == expected)
				continue;
			if (bad++ < 10)
				fprintf(stderr, "# message %u of writer %d was received %u times\n",
					i, writer, shared->seen[writer][i]);
		}
	}
	printf("# %u numbered messages\n", total);
	return total > 0 && !bad;
}

/* ---- the end ---- */

/* Drains a queue that nobody else uses: the ledger must foretell what comes. */
static bool drain_exactly(int fd)
{
	struct kmq_info info = info_of(fd);
	char body[MAX];
	__u64 got = 0;

	if (info.leased || info.blocked_senders || info.blocked_receivers ||
	    info.blocked_callers || info.descriptors != 1) {
		info_print(&info);
		return false;
	}
	CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
	while (read(fd, body, sizeof(body)) >= 0)
		got++;
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(got, info.queued);
	CHECK_EQ(info_of(fd).received, info.received + got);
	CHECK_EQ(info_of(fd).bytes, 0);
	return true;
}

static void check_shared_queues(void)
{
	for (int i = 0; i < SHARED; i++) {
		int fd = open(queue_path(names[i]), O_RDWR | O_CLOEXEC);
		char what[64];
		pid_t child;
		int status;

		if (fd < 0)
			continue;
		CHILD(child)
			CHECK(drain_exactly(fd));
		waitpid(child, &status, 0);
		snprintf(what, sizeof(what), "the ledger of %.31s is exact", names[i]);
		claim(WIFEXITED(status) && !WEXITSTATUS(status), what);
		close(fd);
		queue_remove(names[i]);
	}
}

static void check_operations(void)
{
	bool all = true;

	printf("#");
	for (int i = 0; i < OPERATIONS; i++) {
		printf(" %s %u,", operation_names[i], shared->done[i]);
		all &= shared->done[i] > 0;
	}
	printf(" answers no one should see %u\n", shared->wrong);
	/* Everything happened at least once, or the storm proves little. */
	if (seconds >= 5)
		claim(all, "every operation had its effect");
}

static void blow(pid_t *workers, unsigned int count)
{
	uint64_t end = now() + seconds * 1000000000ull;
	unsigned int kills = 0;

	while (now() < end) {
		unsigned int victim = chance(count);

		pause_ms(20 + chance(80));
		/* Half of them live on, so that something is ever done. */
		if (victim % 2)
			continue;
		kill(workers[victim], SIGKILL);
		waitpid(workers[victim], NULL, 0);
		workers[victim] = start_worker(count + kills++);
	}
	printf("# %u processes killed\n", kills);
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "processes", required_argument, NULL, 'p' },
		{ "seconds", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'r' },
		{},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		unsigned int value = optarg ? strtoul(optarg, NULL, 0) : 0;

		switch (option) {
		case 'p':
			processes = value;
			break;
		case 's':
			seconds = value;
			break;
		case 'r':
			seed = value;
			break;
		default:
			exit(2);
		}
	}
	if (optind < argc || processes < 6 || processes > WORKERS || !seconds) {
		fprintf(stderr, "usage: %s [--processes 6..%d] [--seconds N] [--seed N]\n",
			argv[0], WORKERS);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	pid_t workers[WORKERS], writers[PAIRS], readers[PAIRS];
	unsigned int count;
	bool ended = true;
	int exact;

	parse(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# %u processes, %u seconds, seed %u\n", processes, seconds, seed);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	test_pid = getpid();
	count = processes - 2 * PAIRS;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	handle_interrupts();
	for (int i = 0; i < SHARED; i++)
		queue_name(names[i]);
	exact = QUEUE(.capacity = 16, .max_message = 600);
	for (int i = 0; i < PAIRS; i++) {
		writers[i] = start_writer(exact, i);
		readers[i] = start_reader(exact);
	}
	for (unsigned int i = 0; i < count; i++)
		workers[i] = start_worker(i);

	blow(workers, count);

	shared->stop = true;
	for (unsigned int i = 0; i < count; i++)
		ended &= finish(workers[i]);
	claim(ended, "every process of the storm ends when it is told to");
	ended = true;
	for (int i = 0; i < PAIRS; i++)
		ended &= finish(writers[i]);
	WAIT_UNTIL(info_of(exact).queued == 0 && info_of(exact).blocked_receivers == PAIRS);
	shared->drained = true;
	for (int i = 0; i < PAIRS; i++)
		ended &= finish(readers[i]);
	claim(ended, "the writers and readers of the exact queue saw nothing wrong");
	claim(all_seen_once(), "every numbered message was received exactly once");
	claim(info_of(exact).received == info_of(exact).sent && !info_of(exact).queued &&
	      !info_of(exact).bytes, "the ledger of the exact queue is exact");
	check_shared_queues();
	claim(!shared->wrong, "nobody saw a damaged message or an unknown answer");
	check_operations();
	printf("%u passed, %u failed\n", passed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
