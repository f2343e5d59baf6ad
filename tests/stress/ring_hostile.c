// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hostile peers: processes that may write pages of a ring write every word of them
 * with what it must not be, while others work there by both doors. Each call of the
 * others ends, with an answer that the ABI knows; a ring that was found inconsistent
 * says so to all; and a ring and a queue beside them exchange what is checked, and
 * notice nothing.
 *
 *	ring_hostile [--writes N] [--seconds N] [--seed N]
 *
 * Goes on until there were both so many writes and so many seconds. Ends with
 * `N passed, N failed`.
 */
#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <kmq.h>
#include <kmq_ring.h>

#include "lib/ring.h"

enum {
	PARTIES = 4,		/* that are honest */
	HOSTILES = 2,
	ROUND_MS = 60,
};

/* No call sleeps for more than some ms: a second is the machine's, ten are a loop. */
#define SLOW_NS	10000000000ull

enum {
	OP_WRITE, OP_SEND_BATCH, OP_READ, OP_RECEIVE_BATCH, OP_POLL, OP_INFO, OP_PURGE, OP_FIONREAD,
	OP_LIBRARY_SEND, OP_LIBRARY_RECEIVE, OP_LIBRARY_BATCH, OP_DIE, OPERATIONS,
};

static const char *const operation_names[OPERATIONS] = {
	"write", "send batch", "read", "receive batch", "poll", "info", "purge", "FIONREAD",
	"library send", "library receive", "library batch", "death",
};

static struct {
	atomic_bool round_over, stop;
	atomic_uint wrong, broken_answers, done[OPERATIONS];
	atomic_ullong writes, slowest, mapped, queued;
} *shared;

static unsigned int seed = 1, seconds = 10, passed, failed, mode;
static unsigned long long wanted = 1100000;
static char name[KMQ_NAME_SIZE];

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
		fprintf(stderr, "# mode %u, %d: %s\n", mode, getpid(), line);
}

/* ---- the hostile ---- */

static __u64 bad_value(__u64 size)
{
	const __u64 values[] = {
		0, 1, size - 1, size, size + 1, 1ull << 31, ~0ull, (__u64)rand_r(&seed) << 33 ^
		(__u64)rand_r(&seed) << 10 ^ rand_r(&seed), chance(2 * size), chance(64) * 16,
	};

	return values[chance(sizeof(values) / sizeof(values[0]))];
}

/* A word of the pages that it may write, the ones in use more often than the rest. */
static __u32 *any_word(const struct ring *ring, __u32 flags)
{
	bool producer = flags & KMQ_RING_PRODUCER &&
			(!(flags & KMQ_RING_CONSUMER) || chance(2));
	size_t page = ring->page / 4;

	if (!producer)
		return (__u32 *)ring->consumers + (chance(4) ? chance(128) : chance(page));
	switch (chance(4)) {
	case 0:
		return (__u32 *)ring->producers + chance(20);
	case 1:
		return (__u32 *)ring->producers + chance(page);
	case 2:
		/* Near what is being read. */
		return (__u32 *)(ring->data + (ring->producers->head / 16 * 16 - chance(8) * 16) %
				 ring->size) + chance(4);
	default:
		return (__u32 *)ring->data + chance(ring->size / 2);
	}
}

static void spoil(struct ring *ring, __u32 flags)
{
	__u32 *word = any_word(ring, flags);
	__u64 value = bad_value(ring->size), *wide = (__u64 *)((uintptr_t)word & ~7ul);

	if (chance(2)) {
		__u32 before = LOAD(*word);

		STORE(*word, chance(4) ? value : before + 16 * (chance(5) - 2));
		/* Put back, the ring lives on, and others meet the next. */
		if (chance(4))
			STORE(*word, before);
	} else {
		__u64 before = LOAD(*wide);

		STORE(*wide, value);
		if (chance(4))
			STORE(*wide, before);
	}
}

static void attack(__u32 flags)
{
	int fd = open(queue_path(name), O_RDWR | O_CLOEXEC);
	struct kmq_ring_attach attached;
	struct ring ring = { .flags = flags };
	unsigned int count = 0;

	if (fd < 0)
		_exit(EXIT_SUCCESS);
	/* The mode's only place may be taken. */
	while ((ring.fd = attach(fd, flags, &attached)) < 0) {
		if (errno != EBUSY || shared->round_over)
			_exit(EXIT_SUCCESS);
		usleep(200);
	}
	ring.id = attached.id;
	ring.size = attached.size;
	ring.mode = attached.mode;
	ring.page = attached.page_size;
	ring_map(&ring);
	while (!shared->round_over) {
		spoil(&ring, flags);
		switch (chance(1000)) {
		case 0:
			sched_yield();
			break;
		case 1:
			ring_wake(&ring, chance(4));
			break;
		case 2: {
			struct kmq_ring_wait wait = {
				.deadline = now() + chance(100000), .side = chance(4),
				.expected = chance(3), .wake = bad_value(ring.size),
				.word = ring.page + chance(2 * ring.page) / 4 * 4,
			};

			(void)ioctl(ring.fd, KMQ_IOC_RING_WAIT, &wait);
			break;
		}
		case 3:
			(void)poll_now(ring.fd);
			break;
		}
		atomic_fetch_add(&shared->writes, 1);
		/* The slower, the more the others come to see of each. */
		if (++count % 1000 == 0)
			usleep(chance(100));
	}
	/* It dies with whatever its words say it held. */
	_exit(EXIT_SUCCESS);
}

/* ---- the honest ---- */

/* Each call: @result, and whether it took longer than it may. */
static void note(int operation, long result, __u64 begun)
{
	__u64 took = now() - begun, slowest = shared->slowest;
	int code = errno;

	while (took > slowest && !atomic_compare_exchange_weak(&shared->slowest, &slowest, took))
		;
	if (took > SLOW_NS)
		wrong("%s took %llu ms", operation_names[operation],
		      (unsigned long long)took / 1000000);
	atomic_fetch_add(&shared->done[operation], 1);
	if (result >= 0)
		return;
	switch (code) {
	case EUCLEAN:
		atomic_fetch_add(&shared->broken_answers, 1);
		return;
	case EAGAIN:
	case ETIMEDOUT:
	case EBUSY:
	case EMSGSIZE:
	case EINVAL:
	case ESTALE:
	case EDQUOT:
		return;
	case EOPNOTSUPP:
		if (operation == OP_PURGE && mode == KMQ_RING_BROADCAST)
			return;
	}
	wrong("%s: %s", operation_names[operation], strerrorname_np(code));
}

static const struct timespec *soon(void)
{
	static struct timespec deadline;
	__u64 instant = now() + chance(3000000);

	deadline.tv_sec = instant / 1000000000;
	deadline.tv_nsec = instant % 1000000000;
	return &deadline;
}

static void library_batch(struct kmq_ring *ring)
{
	struct kmq_ring_part parts[4] = { { .size = 10 }, { .size = 100 }, { .size = 0 }, { .size = 300 } };
	int count = kmq_ring_try_reserve_batch(ring, parts, 4);

	for (int i = 0; i < count; i++)
		memset(parts[i].data, i, parts[i].size);
	if (count > 0 && chance(3))
		(void)kmq_ring_commit(ring);
	else if (count > 0)
		(void)kmq_ring_discard(ring);
	count = kmq_ring_try_peek_batch(ring, parts, 4);
	for (int i = 0; i < count; i++) {
		volatile unsigned char last = 0;

		/* It is all mapped, whatever was said of its size. */
		if (parts[i].size)
			last = ((unsigned char *)parts[i].data)[parts[i].size - 1];
		(void)last;
	}
	if (count > 0)
		(void)kmq_ring_release(ring);
}

static long by_library(struct kmq_ring *ring, int operation)
{
	char body[2048] = "";
	struct kmq_ring_part part = { .data = body, .size = sizeof(body) };

	if (!ring) {
		errno = EBUSY;
		return -1;
	}
	switch (operation) {
	case OP_LIBRARY_SEND:
		return kmq_ring_send_until(ring, body, chance(500), soon());
	case OP_LIBRARY_RECEIVE:
		return kmq_ring_receive_until(ring, &part, soon());
	default:
		library_batch(ring);
		return 0;
	}
}

static long by_system_call(int fd, int operation)
{
	static char bodies[4][2048];
	struct kmq_message messages[4] = {};
	struct kmq_batch batch = { .deadline = now() + chance(3000000), .messages = ptr(messages),
				   .count = 4 };
	struct kmq_info info;
	struct pollfd entry = { .fd = fd, .events = POLLIN | POLLOUT };
	int size;

	for (int i = 0; i < 4; i++)
		messages[i] = (struct kmq_message){ .body = ptr(bodies[i]), .type = 1,
			.size = operation == OP_SEND_BATCH ? chance(600) : sizeof(bodies[i]) };
	switch (operation) {
	case OP_WRITE:
		return write(fd, bodies, chance(2032));
	case OP_SEND_BATCH:
		return ioctl(fd, KMQ_IOC_SEND_BATCH, &batch);
	case OP_READ:
		return read(fd, bodies, sizeof(bodies[0]));
	case OP_RECEIVE_BATCH:
		return ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch);
	case OP_POLL:
		return poll(&entry, 1, chance(3));
	case OP_INFO:
		return ioctl(fd, KMQ_IOC_INFO, &info);
	case OP_PURGE:
		return purge(fd, 0, 0, NULL);
	default:
		return ioctl(fd, FIONREAD, &size);
	}
}

static void take_part(unsigned int number)
{
	int fd = open(queue_path(name), O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct kmq_ring *ring = NULL;

	seed += number * 7919;
	if (fd < 0)
		_exit(EXIT_SUCCESS);
	while (!shared->round_over) {
		int operation = number % 2 ? OP_LIBRARY_SEND + (int)chance(3) : (int)chance(OP_FIONREAD + 1);
		__u64 begun = now();
		long result;

		if (number % 2 && !ring)
			ring = kmq_ring_attach(fd, mode == KMQ_RING_SPSC || mode == KMQ_RING_BROADCAST ?
					       KMQ_RING_CONSUMER : 1 + chance(3));
		if (chance(300) == 0) {
			atomic_fetch_add(&shared->done[OP_DIE], 1);
			_exit(EXIT_SUCCESS);
		}
		errno = 0;
		if (operation >= OP_LIBRARY_SEND)
			result = by_library(ring, operation);
		else
			result = by_system_call(fd, operation);
		/* A half that this attachment does not have. */
		if (result < 0 && errno == EBADF && operation >= OP_LIBRARY_SEND)
			continue;
		note(operation, result, begun);
		if (result < 0 && errno == EUCLEAN)
			usleep(2000);
	}
	_exit(EXIT_SUCCESS);
}

/* ---- a round ---- */

static void start_honest(pid_t *pid, unsigned int number)
{
	seed += 31;
	CHILD(*pid)
		take_part(number);
}

static void start_hostile(pid_t *pid, unsigned int number)
{
	__u32 flags = 1 + (number + chance(3)) % 3;

	seed += 37;
	CHILD(*pid)
		attack(flags);
}

/* Who ends early is followed by another; who dies of a signal has shown something. */
static void check_end(int status, bool honest)
{
	if (WIFSIGNALED(status) && honest)
		wrong("an honest party died of signal %d", WTERMSIG(status));
	else if (WIFSIGNALED(status))
		wrong("a hostile party died of signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		wrong("a party ended with %d", WEXITSTATUS(status));
}

static void expect_told(int fd)
{
	struct kmq_ring_attach attached;
	int received = 0, sent = 0, tried = 0;
	char byte = 0;

	if (read(fd, &byte, 1) < 0)
		received = errno;
	if (write(fd, &byte, 1) < 0)
		sent = errno;
	if (attach(fd, KMQ_RING_CONSUMER, &attached) < 0)
		tried = errno;
	if (received != EUCLEAN || sent != EUCLEAN || tried != EUCLEAN)
		wrong("a broken ring says %s, %s, %s", strerrorname_np(received),
		      strerrorname_np(sent), strerrorname_np(tried));
	if ((poll_now(fd) & (POLLERR | POLLHUP)) != (POLLERR | POLLHUP))
		wrong("poll of a broken ring says %#x", poll_now(fd));
}

/* Returns whether the ring was broken at its end. */
static bool play(void)
{
	int fd = NAMED_RING(name, .ring_mode = mode, .byte_limit = page_bytes() << chance(3),
			    .flags = KMQ_CREATE_NONBLOCK);
	pid_t parties[PARTIES + HOSTILES];
	__u64 end = after_ms(ROUND_MS);
	struct kmq_info info = {};
	bool told = false;
	int status;

	shared->round_over = false;
	for (int i = 0; i < PARTIES; i++)
		start_honest(&parties[i], i);
	for (int i = 0; i < HOSTILES; i++)
		start_hostile(&parties[PARTIES + i], i);
	while (now() < end) {
		usleep(1000);
		CHECK_OK(ioctl(fd, KMQ_IOC_INFO, &info));
		/* A little longer, for those to meet it who did not find it. */
		if (info.ring_flags & KMQ_RING_BROKEN && !told) {
			told = true;
			end = after_ms(5);
		}
		for (int i = 0; i < PARTIES; i++) {
			if (waitpid(parties[i], &status, WNOHANG) <= 0)
				continue;
			check_end(status, true);
			start_honest(&parties[i], i);
		}
	}
	shared->round_over = true;
	for (int i = 0; i < PARTIES + HOSTILES; i++) {
		end = after_ms(20000);
		while (waitpid(parties[i], &status, WNOHANG) == 0) {
			if (now() > end) {
				wrong("party %d does not end", i);
				kill(parties[i], SIGKILL);
				waitpid(parties[i], &status, 0);
				status = 0;
				break;
			}
			usleep(500);
		}
		check_end(status, i < PARTIES);
	}
	CHECK_OK(ioctl(fd, KMQ_IOC_INFO, &info));
	if (info.attachments)
		wrong("%u attachments of nobody", info.attachments);
	if (info.ring_flags & KMQ_RING_BROKEN)
		expect_told(fd);
	close(fd);
	return info.ring_flags & KMQ_RING_BROKEN;
}

/* ---- the neighbours ---- */

struct numbered {
	__u32 number;
	__u32 size;
};

/* Returns false at an interruption. */
static bool exchange(int fd, struct ring *producer, __u32 number, bool last)
{
	char body[400];
	struct numbered head = { number, last ? 0 : sizeof(head) + number % 380 };

	memcpy(body, &head, sizeof(head));
	fill(body + sizeof(head), last ? 0 : number % 380, number);
	if (producer)
		return !ring_send(producer, body, last ? sizeof(head) : head.size, after_ms(20000));
	return write(fd, body, last ? sizeof(head) : head.size) >= 0;
}

static void verify(int fd, struct ring *consumer, atomic_ullong *count)
{
	char body[400];
	struct numbered head;

	for (__u32 number = 0;; number++) {
		int size = consumer ? ring_receive(consumer, body, sizeof(body), after_ms(20000)) :
				      read(fd, body, sizeof(body));

		CHECK_OK(size);
		CHECK(size >= (int)sizeof(head));
		memcpy(&head, body, sizeof(head));
		CHECK_EQ(head.number, number);
		if (!head.size)
			return;
		CHECK_EQ(head.size, size);
		CHECK(filled(body + sizeof(head), size - sizeof(head), number));
		atomic_fetch_add(count, 1);
	}
}

static void start_neighbours(int ring_fd, int queue_fd, pid_t neighbours[4])
{
	for (int i = 0; i < 4; i++)
		CHILD(neighbours[i]) {
			int fd = i < 2 ? ring_fd : queue_fd;
			struct ring mine = {}, *mapped = NULL;
			__u32 number = 0;

			if (i < 2) {
				mine = ring_open(fd, i ? KMQ_RING_CONSUMER : KMQ_RING_PRODUCER);
				mapped = &mine;
			}
			if (i % 2) {
				verify(fd, mapped, i < 2 ? &shared->mapped : &shared->queued);
				continue;
			}
			for (; !shared->stop; number++) {
				CHECK(exchange(fd, mapped, number, false));
				if (number % 16 == 0)
					usleep(500);
			}
			CHECK(exchange(fd, mapped, number, true));
		}
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "writes", required_argument, NULL, 'w' },
		{ "seconds", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'r' },
		{},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		unsigned long long value = optarg ? strtoull(optarg, NULL, 0) : 0;

		if (option == 'w')
			wanted = value;
		else if (option == 's')
			seconds = value;
		else if (option == 'r')
			seed = value;
		else
			exit(2);
	}
	if (optind < argc) {
		fprintf(stderr, "usage: %s [--writes N] [--seconds N] [--seed N]\n", argv[0]);
		exit(2);
	}
}

static void report(unsigned int rounds, unsigned int broken)
{
	bool all = true;

	printf("# %u rounds, %u rings broken, %llu writes, %u times EUCLEAN, slowest call %llu us\n",
	       rounds, broken, (unsigned long long)shared->writes, shared->broken_answers,
	       (unsigned long long)shared->slowest / 1000);
	printf("#");
	for (int i = 0; i < OPERATIONS; i++) {
		printf(" %s %u,", operation_names[i], shared->done[i]);
		all &= shared->done[i] > 0;
	}
	printf(" neighbours %llu by the ring, %llu by the queue\n", (unsigned long long)shared->mapped,
	       (unsigned long long)shared->queued);
	claim(shared->writes >= wanted, "the hostile wrote as often as they were to");
	claim(all, "the others did everything there is to do");
	claim(broken > 0 && broken < rounds && shared->broken_answers > 0,
	      "some rings broke, and not all");
	claim(!shared->wrong, "every call ended in time, with an answer that is known");
}

int main(int argc, char **argv)
{
	unsigned int rounds = 0, broken = 0;
	pid_t neighbours[4];
	bool good = true;
	__u64 end;
	int ring, queue;

	parse(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# %llu writes, %u seconds, seed %u\n", wanted, seconds, seed);
	test_pid = getpid();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	ring = RING(.ring_mode = KMQ_RING_SPSC, .byte_limit = page_bytes());
	queue = QUEUE(.capacity = 8);
	start_neighbours(ring, queue, neighbours);
	end = after_ms(seconds * 1000);
	while ((now() < end || shared->writes < wanted || rounds % 4) && shared->wrong < 20) {
		mode = rounds++ % 4;
		broken += play();
	}
	shared->stop = true;
	for (int i = 0; i < 4; i++) {
		int status;

		CHECK_EQ(CHECK_OK(waitpid(neighbours[i], &status, 0)), neighbours[i]);
		good &= WIFEXITED(status) && !WEXITSTATUS(status);
	}
	claim(good && shared->mapped > 0 && shared->queued > 0,
	      "the ring and the queue beside them noticed nothing");
	report(rounds, broken);
	printf("%u passed, %u failed\n", passed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
