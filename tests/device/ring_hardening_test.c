// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a peer stores neither holds a call of another for ever nor keeps it from
 * a signal; and a poll request that stays in io_uring is told of each change.
 */
#include <sys/time.h>

#include "lib/ring.h"
#include "lib/uring.h"

static long read_it(int fd)
{
	char body[64];

	return read(fd, body, sizeof(body));
}

static long write_it(int fd)
{
	return write(fd, "room", 4);
}

static long receive_it(int fd)
{
	struct received received;

	return receive_until(fd, after_ms(50000), &received);
}

/* ---- a broadcaster that gives up what it never made ---- */

static long (*const receivers[])(int fd) = { read_it, receive_it };

enum { RECEIVERS = 2, ENOUGH_MS = 10000 };

/* The last record is never given up, so an honest ring cannot show this. */
static void lie(struct ring *liar)
{
	const __u64 position = liar->control->first_position + 64;

	STORE(liar->producers->sequence, liar->control->first_sequence + 1);
	STORE(liar->producers->head, position);
	STORE(liar->producers->oldest, position);
}

/* A reader that turns round and round in the kernel finds an empty ring, and sleeps. */
static void tell_the_truth(struct ring *liar)
{
	STORE(liar->producers->oldest, liar->control->first_position);
	STORE(liar->producers->head, liar->control->first_position);
	STORE(liar->producers->sequence, liar->control->first_sequence);
}

/* It must have ended by itself, with EXIT_SUCCESS or of SIGKILL. */
static void wait_gone(pid_t child, struct ring *liar)
{
	uint64_t end = after_ms(ENOUGH_MS);
	int status;

	while (waitpid(child, &status, WNOHANG) != child) {
		if (now() > end) {
			tell_the_truth(liar);
			FAIL("the reader is not gone");
		}
		pause_ms(1);
	}
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		CHECK_EQ(status, EXIT_SUCCESS);
}

TEST(a_reader_that_was_lapped_with_nothing_there_is_told_EUCLEAN)
{
	for (int i = 0; i < RECEIVERS; i++) {
		for (int asleep = 0; asleep < 2; asleep++) {
			int fd = RING(.ring_mode = KMQ_RING_BROADCAST, .byte_limit = page_bytes());
			struct ring liar = ring_open(fd, KMQ_RING_PRODUCER);
			pid_t child;

			check_context("receiver %d, %s", i, asleep ? "asleep" : "later");
			if (!asleep)
				lie(&liar);
			CHILD(child)
				CHECK_ERRNO(receivers[i](fd), EUCLEAN);
			if (asleep) {
				wait_asleep(child);
				lie(&liar);
				CHECK_OK(ring_wake(&liar, KMQ_RING_CONSUMERS));
			}
			wait_gone(child, &liar);
			CHECK_EQ(info_of(fd).ring_flags, KMQ_RING_BROKEN);
			ring_close(&liar);
			close(fd);
		}
	}
}

TEST(a_reader_of_a_lying_broadcast_ring_dies_of_SIGKILL)
{
	for (int i = 0; i < RECEIVERS; i++) {
		int fd = RING(.ring_mode = KMQ_RING_BROADCAST, .byte_limit = page_bytes());
		struct ring liar = ring_open(fd, KMQ_RING_PRODUCER);
		pid_t child;

		check_context("receiver %d", i);
		lie(&liar);
		CHILD(child)
			for (;;)
				(void)receivers[i](fd);
		pause_ms(20);
		CHECK_OK(kill(child, SIGKILL));
		wait_gone(child, &liar);
		ring_close(&liar);
		close(fd);
	}
}

/* ---- any two words ---- */

enum { BATCH = 50 };

struct word {
	const char *name;
	size_t offset;		/* in the page that its side writes */
	size_t bytes;
};

#define WORD(side, member)						\
	{ #member, offsetof(struct kmq_ring_##side, member),		\
	  sizeof(((struct kmq_ring_##side *)0)->member) }

static const struct word producer_words[] = {
	WORD(producers, head), WORD(producers, sequence), WORD(producers, oldest),
	WORD(producers, lock), {},
};

/* Those that a reader beside the liar believes, if any; and a writer. */
static const struct word consumer_words[] = {
	WORD(consumers, lock), WORD(consumers, version), WORD(consumers, cursor[0].next),
	WORD(consumers, claims_used), WORD(consumers, claims[1].state), {},
};

static const struct word room_words[] = {
	WORD(consumers, tail), WORD(consumers, lock), WORD(consumers, version), {},
};

/* Who is to be held, the side of the one who lies, and where the two may meet. */
struct victim {
	const char *name;
	long (*call)(int fd);
	__u32 liar;
	const struct word *words;
	__u32 modes;
};

#define MODE(name)	(1u << KMQ_RING_##name)
#define LOCKED		(MODE(MPSC) | MODE(MPMC))

enum value { AS_IT_IS, OWN_ID, NEAR, WHOLE, FAR_OFF, VALUES };

static const char *const value_names[] = {
	"as it is", "the liar's id", "48", "the size", "2^62",
};

static __u64 value_of(const struct ring *liar, enum value value)
{
	switch (value) {
	case OWN_ID:
		return liar->id;
	case NEAR:
		return 48;	/* a position, a number, and an id that is nobody's */
	case WHOLE:
		return liar->size;
	default:
		return 1ull << 62;
	}
}

static void *word_at(const struct ring *liar, const struct word *word)
{
	char *page = liar->flags & KMQ_RING_PRODUCER ? (char *)liar->producers :
						       (char *)liar->consumers;

	return page + word->offset;
}

static __u64 load_word(const struct ring *liar, const struct word *word)
{
	void *there = word_at(liar, word);

	return word->bytes == sizeof(__u32) ? LOAD(*(__u32 *)there) : LOAD(*(__u64 *)there);
}

static void store_word(const struct ring *liar, const struct word *word, __u64 value)
{
	void *there = word_at(liar, word);

	if (word->bytes == sizeof(__u32))
		STORE(*(__u32 *)there, (__u32)value);
	else
		STORE(*(__u64 *)there, value);
}

/* Rings with lies in them, and how far their victim has come. */
static struct {
	const struct victim *victim;
	unsigned int count;
	struct trap {
		int fd;
		struct ring liar;
		const struct word *words[2];
		enum value values[2];
		__u64 was[2];
	} traps[BATCH];
	volatile unsigned int *progress;
} batch;

static void name_trap(const struct trap *trap)
{
	check_context("%s, mode %u, %s: %s, %s: %s", batch.victim->name, trap->liar.mode,
		      trap->words[0]->name, value_names[trap->values[0]],
		      trap->words[1]->name, value_names[trap->values[1]]);
}

static void tell_lies(struct trap *trap)
{
	for (int i = 0; i < 2; i++) {
		trap->was[i] = load_word(&trap->liar, trap->words[i]);
		if (trap->values[i] != AS_IT_IS)
			store_word(&trap->liar, trap->words[i],
				   value_of(&trap->liar, trap->values[i]));
	}
}

/* Who turns round and round in it finds nothing to do, and sleeps. */
static void take_back_lies(struct trap *trap)
{
	for (int i = 0; i < 2; i++)
		store_word(&trap->liar, trap->words[i], trap->was[i]);
}

static void interrupt(int signal)
{
}

/* Calls each once, with a signal every few ms. */
static void walk_into_traps(void)
{
	const struct itimerval often = { { 0, 3000 }, { 0, 3000 } };
	struct sigaction action = { .sa_handler = interrupt };

	CHECK_OK(sigaction(SIGALRM, &action, NULL));
	CHECK_OK(setitimer(ITIMER_REAL, &often, NULL));
	for (unsigned int i = 0; i < batch.count; i++) {
		name_trap(&batch.traps[i]);
		if (batch.victim->call(batch.traps[i].fd) < 0 && errno != EINTR)
			CHECK_EQ(errno, EUCLEAN);
		*batch.progress = i + 1;
	}
}

static bool has_ended(pid_t child)
{
	siginfo_t info = {};

	CHECK_OK(waitid(P_PID, child, &info, WEXITED | WNOHANG | WNOWAIT));
	return info.si_pid == child;
}

static void spring_traps(void)
{
	unsigned int seen = *batch.progress = 0;
	uint64_t end = after_ms(ENOUGH_MS);
	pid_t child;

	if (!batch.count)
		return;
	CHILD(child)
		walk_into_traps();
	while (!has_ended(child)) {
		if (*batch.progress != seen)
			end = after_ms(ENOUGH_MS);
		seen = *batch.progress;
		if (now() > end) {
			name_trap(&batch.traps[seen]);
			take_back_lies(&batch.traps[seen]);
			FAIL("neither the call ends nor a signal ends it");
		}
		pause_ms(1);
	}
	child_join(child);
	for (unsigned int i = 0; i < batch.count; i++) {
		ring_close(&batch.traps[i].liar);
		close(batch.traps[i].fd);
	}
	batch.count = 0;
}

/* With writers the ring is full, with readers empty: who is not lied to sleeps. */
static void set_trap(__u32 mode, const struct word *first, const struct word *second,
		     enum value first_value, enum value second_value)
{
	struct trap *trap = &batch.traps[batch.count++];
	static char half[2032];

	trap->fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
	for (int i = 0; i < 2 && batch.victim->call == write_it; i++)
		CHECK_EQ(CHECK_OK(write(trap->fd, half, sizeof(half))), sizeof(half));
	trap->liar = ring_open(trap->fd, batch.victim->liar);
	trap->words[0] = first;
	trap->words[1] = second;
	trap->values[0] = first_value;
	trap->values[1] = second_value;
	tell_lies(trap);
	if (batch.count == BATCH)
		spring_traps();
}

static void try_each_two_words(__u32 mode)
{
	const struct word *first, *second;

	for (first = batch.victim->words; first->name; first++)
		for (second = first + 1; second->name; second++)
			for (int values = 0; values < VALUES * VALUES; values++)
				set_trap(mode, first, second, values % VALUES, values / VALUES);
	spring_traps();
}

static void try_victim(const struct victim *victim)
{
	batch.victim = victim;
	for (__u32 mode = 0; mode <= KMQ_RING_BROADCAST; mode++)
		if (victim->modes >> mode & 1)
			try_each_two_words(mode);
}

static void share_progress(void)
{
	batch.progress = mmap(NULL, page_bytes(), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(batch.progress != MAP_FAILED);
}

TEST(no_two_words_of_a_peer_keep_a_reader_from_a_signal)
{
	static const struct victim of_producers = {
		"read", read_it, KMQ_RING_PRODUCER, producer_words,
		MODE(SPSC) | LOCKED | MODE(BROADCAST),
	};
	static const struct victim of_consumers = {
		"read", read_it, KMQ_RING_CONSUMER, consumer_words,
		MODE(MPMC) | MODE(BROADCAST),
	};

	share_progress();
	try_victim(&of_producers);
	try_victim(&of_consumers);
}

TEST(no_two_words_of_a_peer_keep_a_writer_from_a_signal)
{
	/* A broadcaster waits for nobody. */
	static const struct victim of_consumers = {
		"write", write_it, KMQ_RING_CONSUMER, room_words, MODE(SPSC) | LOCKED,
	};
	static const struct victim of_producers = {
		"write", write_it, KMQ_RING_PRODUCER, producer_words, LOCKED,
	};

	share_progress();
	try_victim(&of_consumers);
	try_victim(&of_producers);
}

/* ---- requests that stay ---- */

enum { CHANGES = 4 };

static void poll_and_stay(struct uring *uring, int fd, short events)
{
	uring_submit(uring, &(struct io_uring_sqe){
		.opcode = IORING_OP_POLL_ADD, .fd = fd, .poll32_events = events,
		.len = IORING_POLL_ADD_MULTI, .user_data = events,
	});
}

/* A completion comes, of a request that stays. */
static void expect_told(struct uring *uring, short events)
{
	struct completion completion;
	unsigned int flags;

	WAIT_UNTIL(uring_ready(uring));
	flags = uring->cqes[*uring->cq_head & *uring->cq_mask].flags;
	completion = uring_reap(uring);
	CHECK_EQ(completion.tag, events);
	CHECK_EQ(completion.result & events, events);
	CHECK_EQ(flags & IORING_CQE_F_MORE, IORING_CQE_F_MORE);
}

static void expect_untold(struct uring *uring)
{
	for (int i = 0; i < 5; i++) {
		pause_ms(1);
		CHECK_EQ(uring_ready(uring), 0);
	}
}

static struct ring open_other_door(int fd, __u32 flags, bool mapped)
{
	return mapped ? ring_open(fd, flags) : (struct ring){ .fd = -1 };
}

static void put_through(struct ring *mapped, int fd, const char *text)
{
	if (mapped->fd >= 0)
		ring_put(mapped, text);
	else
		put_text(fd, text);
}

TEST(a_multishot_poll_of_a_ring_is_told_of_each_record)
{
	for (__u32 mode = 0; mode <= KMQ_RING_BROADCAST; mode++) {
		for (int mapped = 0; mapped < 2; mapped++) {
			int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
			struct ring producer = open_other_door(fd, KMQ_RING_PRODUCER, mapped);
			struct uring uring;

			check_context("mode %u, %s", mode, mapped ? "mapped" : "written");
			uring_open(&uring);
			poll_and_stay(&uring, fd, POLLIN);
			expect_untold(&uring);
			for (int i = 0; i < CHANGES; i++) {
				put_through(&producer, fd, "record");
				expect_told(&uring, POLLIN);
				expect_read(fd, "record");
				expect_untold(&uring);
			}
			close(uring.fd);
			if (mapped)
				ring_close(&producer);
			close(fd);
		}
	}
}

TEST(a_multishot_poll_of_an_attachment_is_told_of_each_record)
{
	for (__u32 mode = 0; mode <= KMQ_RING_BROADCAST; mode++) {
		for (int mapped = 0; mapped < 2; mapped++) {
			int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
			struct ring producer = open_other_door(fd, KMQ_RING_PRODUCER, mapped);
			struct ring consumer = ring_open(fd, KMQ_RING_CONSUMER);
			struct uring uring;

			check_context("mode %u, %s", mode, mapped ? "mapped" : "written");
			uring_open(&uring);
			poll_and_stay(&uring, consumer.fd, POLLIN);
			expect_untold(&uring);
			for (int i = 0; i < CHANGES; i++) {
				put_through(&producer, fd, "record");
				expect_told(&uring, POLLIN);
				ring_expect(&consumer, "record");
				expect_untold(&uring);
			}
			close(uring.fd);
			ring_close(&consumer);
			if (mapped)
				ring_close(&producer);
			close(fd);
		}
	}
}

TEST(a_multishot_poll_of_a_ring_is_told_each_time_there_is_room)
{
	static char half[2032], back[2032];

	for (__u32 mode = 0; mode < KMQ_RING_BROADCAST; mode++) {
		for (int mapped = 0; mapped < 2; mapped++) {
			int fd = RING(.ring_mode = mode, .byte_limit = page_bytes());
			struct ring consumer = open_other_door(fd, KMQ_RING_CONSUMER, mapped);
			struct uring uring;

			check_context("mode %u, %s", mode, mapped ? "mapped" : "read");
			for (int i = 0; i < 2; i++)
				CHECK_OK(write(fd, half, sizeof(half)));
			uring_open(&uring);
			poll_and_stay(&uring, fd, POLLOUT);
			expect_untold(&uring);
			for (int i = 0; i < CHANGES; i++) {
				if (mapped) {
					CHECK_OK(ring_claim(&consumer));
					CHECK_OK(ring_release(&consumer));
				} else {
					CHECK_OK(read(fd, back, sizeof(back)));
				}
				expect_told(&uring, POLLOUT);
				CHECK_OK(write(fd, half, sizeof(half)));
				expect_untold(&uring);
			}
			close(uring.fd);
			if (mapped)
				ring_close(&consumer);
			close(fd);
		}
	}
}
