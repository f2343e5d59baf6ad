// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kills without end: producers and consumers of rings, by each door, are killed at
 * whatever instruction they have come to, thousands of times, and each message is
 * accounted for. Every party writes down in shared memory what it is about to do
 * and what it has done, so that there is one right answer but for what was under
 * way in that moment.
 *
 *	ring_kill [--kills N] [--seed N] [--mode spsc|mpsc|mpmc|broadcast] [--wait MS]
 *
 * N is of all four modes together. MS is how long a survivor may wait until it goes
 * on, a matter of some scheduling and no more; it is a claim where the clock is the
 * machine's own (tools/vm/run --icount), not that of a host with other things to do.
 * Anywhere ten seconds without progress are a failure. Ends with `N passed, N failed`.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include <kmq.h>
#include <kmq_ring.h>

#include "lib/ring.h"

enum {
	NUMBERS = 1 << 22,	/* messages of one mode at most */
	SLOTS = 8,
	HELD = 4,		/* records in one claim at most */
	BODY = 240,
};

enum door { SYSTEM_CALLS, WORDS, LIBRARY, DOORS };

/* What is known of a message. */
enum {
	INTENT = 1,		/* its producer was about to send it */
	DONE = 2,		/* it was committed */
	DISCARDED = 4,		/* it was to be discarded: nobody may see it */
	SEEN = 8,		/* a consumer had it */
	RELEASING = 16,		/* and was about to release it */
	RELEASED = 32,		/* and had done so */
	SWALLOWED = 64,		/* it lay before a reader that was killed */
};

struct stamp {
	__u32 magic;
	__u32 number;
	__u32 size;
};

#define MAGIC	0x6b6d7172
#define HANG_NS	10000000000ull

/* One party: what it is doing, where the one that kills it can see it. */
struct slot {
	bool consumer;
	bool immortal;
	enum door door;
	unsigned int life;	/* number of this incarnation */
	pid_t pid;
	_Atomic unsigned int progress;
	_Atomic bool running;
	_Atomic __u32 held[HELD];	/* number + 1 */
	struct kmq_transfer transfer;
	unsigned char body[256];
};

static struct {
	atomic_bool stop;
	atomic_uint next, wrong;
	_Atomic unsigned char state[NUMBERS];
	_Atomic unsigned char times[NUMBERS];	/* seen */
	unsigned char again[NUMBERS];		/* holders that were killed */
	unsigned short producer[NUMBERS];	/* life */
	_Atomic __u32 sequence[NUMBERS];
	struct slot slots[SLOTS];
} *shared;

static const char *const mode_names[] = { "spsc", "mpsc", "mpmc", "broadcast" };
static const char *const door_names[] = { "system calls", "words", "library" };

static unsigned int seed = 1, kills = 10000, only = ~0u, wait_ms;
static unsigned int passed, failed, mode, lives, killed_by_door[2][DOORS];
static char name[KMQ_NAME_SIZE];
static __u64 worst_wait;

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
	printf("%s - %s: %s\n", holds ? "ok" : "not ok", mode_names[mode], what);
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
		fprintf(stderr, "# %s, %d: %s\n", mode_names[mode], getpid(), line);
}

static void interrupt(int number)
{
	(void)number;
}

/* ---- producers ---- */

/* One in so many is left open for a moment, so that death finds it. */
static void linger(void)
{
	if (chance(12) == 0)
		usleep(chance(200));
}

static __u32 next_message(struct slot *slot, unsigned char body[BODY], unsigned char intent)
{
	struct stamp stamp = { .magic = MAGIC };

	stamp.number = atomic_fetch_add(&shared->next, 1);
	if (stamp.number >= NUMBERS)
		_exit(EXIT_SUCCESS);
	stamp.size = sizeof(stamp) + chance(BODY - sizeof(stamp));
	shared->producer[stamp.number] = slot->life;
	atomic_fetch_or(&shared->state[stamp.number], intent);
	memcpy(body, &stamp, sizeof(stamp));
	fill(body + sizeof(stamp), stamp.size - sizeof(stamp), stamp.number);
	return stamp.size;
}

static __u32 number_of(const void *body)
{
	struct stamp stamp;

	memcpy(&stamp, body, sizeof(stamp));
	return stamp.number;
}

static void sent(struct slot *slot, __u32 number)
{
	atomic_fetch_or(&shared->state[number], DONE);
	atomic_fetch_add(&slot->progress, 1);
}

static bool is_over(void)
{
	if (errno != EINTR)
		wrong("a call failed with %s", strerrorname_np(errno));
	return shared->stop || errno != EINTR;
}

static void produce_by_write(struct slot *slot, int fd)
{
	unsigned char body[BODY];

	while (!shared->stop) {
		__u32 size = next_message(slot, body, INTENT);

		while (write(fd, body, size) < 0)
			if (is_over())
				return;
		sent(slot, number_of(body));
	}
}

static void produce_by_words(struct slot *slot, struct ring *ring)
{
	unsigned char body[BODY];

	while (!shared->stop) {
		bool discard = chance(20) == 0;
		__u32 size = next_message(slot, body, discard ? DISCARDED : INTENT);

		while (ring_reserve(ring, size)) {
			if (errno == EAGAIN && !ring_sleep_for_room(ring, size, 0))
				continue;
			if (is_over())
				return;
		}
		linger();
		memcpy(ring->room.body, body, size);
		if (discard) {
			ring_discard(ring);
			continue;
		}
		ring_commit(ring);
		sent(slot, number_of(body));
	}
}

static void produce_by_library(struct slot *slot, struct kmq_ring *ring)
{
	unsigned char bodies[HELD][BODY];

	while (!shared->stop) {
		bool discard = chance(20) == 0;
		struct kmq_ring_part parts[HELD] = {};
		int count = 1 + chance(HELD), got;

		for (int i = 0; i < count; i++)
			parts[i].size = next_message(slot, bodies[i], discard ? DISCARDED : INTENT);
		while ((got = kmq_ring_reserve_batch(ring, parts, count)) < 0)
			if (is_over())
				return;
		linger();
		for (int i = 0; i < got; i++)
			memcpy(parts[i].data, bodies[i], parts[i].size);
		if (discard ? kmq_ring_discard(ring) : kmq_ring_commit(ring))
			wrong("the end of a reservation: %s", strerrorname_np(errno));
		for (int i = 0; i < got && !discard; i++)
			sent(slot, number_of(bodies[i]));
	}
}

/* ---- consumers ---- */

/* A reader's own view: what it may see next. */
struct view {
	__u64 last;		/* sequence */
	__u32 number;		/* BROADCAST: of the last, + 1 */
};

/* BROADCAST: what is between two that were seen was lost, or never sent. */
static void check_gap(struct view *view, __u32 number, __u64 sequence, __u64 lost)
{
	__u64 surely = 0, perhaps = 0;

	if (view->last && sequence != view->last + 1 + lost)
		wrong("sequence %llu after %llu with %llu lost", (unsigned long long)sequence,
		      (unsigned long long)view->last, (unsigned long long)lost);
	if (view->number) {
		if (number < view->number)
			wrong("number %u after %u", number, view->number - 1);
		for (__u32 i = view->number; i < number; i++) {
			surely += !!(shared->state[i] & DONE);
			perhaps += !!(shared->state[i] & INTENT);
		}
		if (lost < surely || lost > perhaps)
			wrong("%llu lost before number %u, of %llu to %llu there were",
			      (unsigned long long)lost, number, (unsigned long long)surely,
			      (unsigned long long)perhaps);
	}
	view->last = sequence;
	view->number = number + 1;
}

static bool check_body(const unsigned char *body, __u32 size)
{
	struct stamp stamp;

	if (size >= sizeof(stamp)) {
		memcpy(&stamp, body, sizeof(stamp));
		if (stamp.magic == MAGIC && stamp.size == size && stamp.number < NUMBERS &&
		    filled(body + sizeof(stamp), size - sizeof(stamp), stamp.number))
			return true;
	}
	wrong("a message of %u bytes is damaged", size);
	return false;
}

static void check_message(struct view *view, const unsigned char *body, __u32 size, __u64 sequence,
			  __u64 lost, bool again)
{
	__u32 number = number_of(body);
	unsigned char before, times;

	if (!check_body(body, size))
		return;
	before = atomic_fetch_or(&shared->state[number], SEEN);
	if (before & DISCARDED || !(before & INTENT))
		wrong("number %u was %s", number, before & DISCARDED ? "discarded" : "never sent");
	if (mode == KMQ_RING_BROADCAST) {
		check_gap(view, number, sequence, lost);
		return;
	}
	if (before & RELEASED)
		wrong("number %u was released, and comes again", number);
	times = atomic_fetch_add(&shared->times[number], 1);
	/* SPSC has no claims to tell it by. */
	if (times && !again && mode != KMQ_RING_SPSC)
		wrong("number %u comes again, unflagged", number);
	if (!again && view->last && (__s64)(sequence - view->last) <= 0)
		wrong("sequence %llu after %llu", (unsigned long long)sequence,
		      (unsigned long long)view->last);
	if (!again)
		view->last = sequence;
	shared->sequence[number] = sequence;
}

static void hold(struct slot *slot, int index, const unsigned char *body)
{
	slot->held[index] = number_of(body) + 1;
}

static void begin_release(struct slot *slot)
{
	linger();
	for (int i = 0; i < HELD; i++)
		if (slot->held[i])
			atomic_fetch_or(&shared->state[slot->held[i] - 1], RELEASING);
}

static void end_release(struct slot *slot)
{
	for (int i = 0; i < HELD; i++) {
		if (slot->held[i])
			atomic_fetch_or(&shared->state[slot->held[i] - 1], RELEASED);
		slot->held[i] = 0;
	}
	atomic_fetch_add(&slot->progress, 1);
}

/* What it receives lies in its slot, so that it is known what a dead one had. */
static void consume_by_receive(struct slot *slot, int fd)
{
	struct view view = {};

	while (!shared->stop) {
		struct kmq_message *message = &slot->transfer.message;

		memset(slot->body, 0, sizeof(slot->body));
		slot->transfer = (struct kmq_transfer){
			.message = { .body = ptr(slot->body), .size = sizeof(slot->body) },
		};
		if (ioctl(fd, KMQ_IOC_RECEIVE, &slot->transfer)) {
			if (is_over())
				return;
			continue;
		}
		check_message(&view, slot->body, message->size, message->sequence, message->lost,
			      message->flags & KMQ_MESSAGE_REDELIVERED);
		atomic_fetch_or(&shared->state[number_of(slot->body)], RELEASED);
		atomic_fetch_add(&slot->progress, 1);
	}
}

/* BROADCAST: a copy first, which counts if it was whole. */
static void consume_copy(struct slot *slot, struct ring *ring, struct view *view)
{
	struct ring_room found = ring->claim;
	__u64 lost = ring->lost;
	__u32 size = found.size < sizeof(slot->body) ? found.size : sizeof(slot->body);

	memcpy(slot->body, found.body, size);
	linger();
	if (ring_release(ring))
		return;
	check_message(view, slot->body, size, found.sequence, lost, false);
	atomic_fetch_add(&slot->progress, 1);
}

static void consume_by_words(struct slot *slot, struct ring *ring)
{
	struct view view = {};

	while (!shared->stop) {
		struct ring_room found = {};
		bool again;

		while (ring_claim_to(ring, 1 + chance(HELD), RING_DONE)) {
			if (errno == EAGAIN && !ring_sleep_for_record(ring, 0))
				continue;
			if (is_over())
				return;
		}
		if (mode == KMQ_RING_BROADCAST) {
			consume_copy(slot, ring, &view);
			continue;
		}
		again = ring->claim.from;
		if (mode == KMQ_RING_SPSC) {
			hold(slot, 0, ring->claim.body);
			check_message(&view, ring->claim.body, ring->claim.size, ring->claim.sequence,
				      0, false);
		}
		for (int i = 0; mode != KMQ_RING_SPSC && !ring_next(ring, &found); i++) {
			hold(slot, i, found.body);
			check_message(&view, found.body, found.size, found.sequence, 0, again);
		}
		begin_release(slot);
		ring_release(ring);
		end_release(slot);
	}
}

static void library_copy(struct slot *slot, struct kmq_ring *ring, struct view *view,
			 const struct kmq_ring_part *part)
{
	__u32 size = part->size < sizeof(slot->body) ? part->size : sizeof(slot->body);

	memcpy(slot->body, part->data, size);
	linger();
	if (kmq_ring_release(ring)) {
		if (errno != ESTALE)
			wrong("kmq_ring_release: %s", strerrorname_np(errno));
		return;
	}
	check_message(view, slot->body, size, part->sequence, part->lost, false);
	atomic_fetch_add(&slot->progress, 1);
}

static void consume_by_library(struct slot *slot, struct kmq_ring *ring)
{
	struct view view = {};

	while (!shared->stop) {
		struct kmq_ring_part parts[HELD];
		int count = mode == KMQ_RING_BROADCAST ? 1 : 1 + chance(HELD);

		count = kmq_ring_peek_batch(ring, parts, count);
		if (count < 0) {
			if (is_over())
				return;
			continue;
		}
		if (mode == KMQ_RING_BROADCAST) {
			library_copy(slot, ring, &view, parts);
			continue;
		}
		for (int i = 0; i < count; i++) {
			hold(slot, i, parts[i].data);
			check_message(&view, parts[i].data, parts[i].size, parts[i].sequence, 0,
				      parts[i].flags & KMQ_RING_RECORD_REDELIVERED);
		}
		begin_release(slot);
		if (kmq_ring_release(ring))
			wrong("kmq_ring_release: %s", strerrorname_np(errno));
		end_release(slot);
	}
}

/* ---- the parties ---- */

static void run(struct slot *slot)
{
	__u32 role = slot->consumer ? KMQ_RING_CONSUMER : KMQ_RING_PRODUCER;
	int fd = queue_open(name, slot->consumer ? O_RDONLY : O_WRONLY);
	struct kmq_ring *attached;
	struct ring ring;

	switch (slot->door) {
	case SYSTEM_CALLS:
		slot->running = true;
		if (slot->consumer)
			consume_by_receive(slot, fd);
		else
			produce_by_write(slot, fd);
		return;
	case WORDS:
		ring = ring_open(fd, role);
		slot->running = true;
		if (slot->consumer)
			consume_by_words(slot, &ring);
		else
			produce_by_words(slot, &ring);
		return;
	default:
		attached = kmq_ring_attach(fd, role);
		if (!attached)
			FAIL("kmq_ring_attach: %s", strerrorname_np(errno));
		slot->running = true;
		if (slot->consumer)
			consume_by_library(slot, attached);
		else
			produce_by_library(slot, attached);
	}
}

static void start(struct slot *slot)
{
	pid_t pid;

	slot->life = ++lives;
	slot->door = chance(DOORS);
	slot->running = false;
	memset(slot->body, 0, sizeof(slot->body));
	for (int i = 0; i < HELD; i++)
		slot->held[i] = 0;
	seed += 7919;
	/* Not in the slot: the child would write its own there. */
	CHILD(pid) {
		CHECK_OK(setpriority(PRIO_PROCESS, 0, 0));
		run(slot);
	}
	slot->pid = pid;
}

/* After its death: what it held may come once more, what lay before it may be gone. */
static void settle(struct slot *slot)
{
	const struct stamp *stamp = (struct stamp *)slot->body;

	if (!slot->consumer)
		return;
	for (int i = 0; i < HELD; i++)
		if (slot->held[i])
			shared->again[slot->held[i] - 1]++;
	if (slot->door == SYSTEM_CALLS && stamp->magic == MAGIC && stamp->number < NUMBERS)
		atomic_fetch_or(&shared->state[stamp->number], SWALLOWED);
}

static void reap(struct slot *slot)
{
	int status;

	CHECK_EQ(CHECK_OK(waitpid(slot->pid, &status, 0)), slot->pid);
	if (!WIFSIGNALED(status))
		wrong("a %s by %s ended by itself with %d", slot->consumer ? "consumer" : "producer",
		      door_names[slot->door], WEXITSTATUS(status));
	else if (WTERMSIG(status) != SIGKILL)
		wrong("a %s by %s died of signal %d", slot->consumer ? "consumer" : "producer",
		      door_names[slot->door], WTERMSIG(status));
	killed_by_door[slot->consumer][slot->door]++;
	settle(slot);
}

/* Slots 0 and 1 are the living; with one party of a kind it is a victim, too. */
static unsigned int make_parties(void)
{
	static const unsigned int producers[] = { 1, 4, 3, 1 }, consumers[] = { 1, 1, 3, 3 };
	unsigned int count = producers[mode] + consumers[mode];

	memset(shared->slots, 0, sizeof(shared->slots));
	for (unsigned int i = 0; i < count; i++) {
		struct slot *slot = &shared->slots[i];
		unsigned int peers;

		slot->consumer = i >= producers[mode];
		peers = slot->consumer ? consumers[mode] : producers[mode];
		slot->immortal = peers > 1 && (i == 0 || i == producers[mode]);
		start(slot);
	}
	return count;
}

/* ---- how long the living wait ---- */

static struct {
	unsigned int progress;
	__u64 since;
} watched[SLOTS];

static bool runs(unsigned int count, bool consumer)
{
	for (unsigned int i = 0; i < count; i++)
		if (shared->slots[i].consumer == consumer && shared->slots[i].running)
			return true;
	return false;
}

/* Who runs beside one of the other side has something to do, and does it. */
static void watch(unsigned int count)
{
	__u64 instant = now();

	for (unsigned int i = 0; i < count; i++) {
		struct slot *slot = &shared->slots[i];
		unsigned int progress = slot->progress;
		__u64 waited = instant - watched[i].since;
		bool able = slot->running && runs(count, !slot->consumer);

		if (able && waited > worst_wait)
			worst_wait = waited;
		if (able && progress == watched[i].progress) {
			if (waited > HANG_NS)
				wrong("slot %u, a %s by %s, does not go on", i,
				      slot->consumer ? "consumer" : "producer",
				      door_names[slot->door]);
			continue;
		}
		watched[i].progress = progress;
		watched[i].since = instant;
	}
}

/* Kills some of them at once, and starts others in their places. */
static unsigned int kill_some(unsigned int count)
{
	unsigned int victims[SLOTS], chosen = 0;

	for (unsigned int i = 0; i < count; i++)
		/* Seldom one that is just beginning. */
		if (!shared->slots[i].immortal && chance(shared->slots[i].running ? 2 : 20) == 0)
			victims[chosen++] = i;
	for (unsigned int i = 0; i < chosen; i++)
		kill(shared->slots[victims[i]].pid, SIGKILL);
	for (unsigned int i = 0; i < chosen; i++)
		reap(&shared->slots[victims[i]]);
	for (unsigned int i = 0; i < chosen; i++)
		start(&shared->slots[victims[i]]);
	return chosen;
}

static unsigned int kill_all_the_time(unsigned int count, unsigned int total)
{
	unsigned int done = 0;

	memset(watched, 0, sizeof(watched));
	for (unsigned int i = 0; i < count; i++)
		watched[i].since = now();
	while (done < total && !shared->wrong) {
		done += kill_some(count);
		watch(count);
		for (unsigned int i = 1 + chance(4); i; i--) {
			usleep(chance(600));
			watch(count);
		}
	}
	return done;
}

/* ---- the account ---- */

static bool end_parties(unsigned int count)
{
	bool good = true;

	shared->stop = true;
	for (unsigned int i = 0; i < count; i++) {
		uint64_t end = after_ms(30000);
		int status;

		while (waitpid(shared->slots[i].pid, &status, WNOHANG) == 0) {
			kill(shared->slots[i].pid, now() > end ? SIGKILL : SIGUSR1);
			pause_ms(1);
		}
		if (!WIFEXITED(status) || WEXITSTATUS(status)) {
			wrong("slot %u ended with %#x", i, status);
			good = false;
		}
		settle(&shared->slots[i]);
	}
	return good;
}

/* What is left in the ring, by one who reads all. */
static void drain(int fd)
{
	struct view view = {};
	unsigned char body[256];
	struct kmq_transfer transfer;

	for (;;) {
		transfer = (struct kmq_transfer){
			.flags = KMQ_DONTWAIT,
			.message = { .body = ptr(body), .size = sizeof(body) },
		};
		if (ioctl(fd, KMQ_IOC_RECEIVE, &transfer))
			break;
		if (mode != KMQ_RING_BROADCAST)
			check_message(&view, body, transfer.message.size, transfer.message.sequence, 0,
				      transfer.message.flags & KMQ_MESSAGE_REDELIVERED);
	}
	CHECK_EQ(errno, EAGAIN);
}

static bool all_delivered(void)
{
	unsigned int missing = 0;

	for (__u32 i = 0; i < shared->next && i < NUMBERS; i++) {
		unsigned char state = shared->state[i];

		if (!(state & DONE) || state & (SEEN | SWALLOWED))
			continue;
		if (missing++ < 10)
			fprintf(stderr, "# number %u of life %u was committed and never seen\n", i,
				shared->producer[i]);
	}
	return !missing;
}

static bool once_per_kill(void)
{
	unsigned int bad = 0, again = 0;

	for (__u32 i = 0; i < shared->next && i < NUMBERS; i++) {
		if (shared->times[i] > 1)
			again++;
		if (shared->times[i] > 1 + shared->again[i] && bad++ < 10)
			fprintf(stderr, "# number %u was seen %u times, and %u of its holders were killed\n",
				i, shared->times[i], shared->again[i]);
	}
	printf("# %u messages were delivered again\n", again);
	return !bad;
}

static bool in_order(void)
{
	__u32 *last = calloc(lives + 1, sizeof(*last));
	unsigned int bad = 0;

	CHECK(last);
	for (__u32 i = 0; i < shared->next && i < NUMBERS; i++) {
		__u32 *mine = &last[shared->producer[i]];

		if (!shared->sequence[i])
			continue;
		if (*mine && (__s32)(shared->sequence[i] - *mine) <= 0 && bad++ < 10)
			fprintf(stderr, "# number %u of life %u has sequence %u after %u\n", i,
				shared->producer[i], shared->sequence[i], *mine);
		*mine = shared->sequence[i];
	}
	free(last);
	return !bad;
}

static __u64 count_state(unsigned char any)
{
	__u64 count = 0;

	for (__u32 i = 0; i < shared->next && i < NUMBERS; i++)
		count += !!(shared->state[i] & any);
	return count;
}

static void check_ledger(const struct kmq_info *info)
{
	__u64 done = count_state(DONE), delivered = count_state(SEEN | SWALLOWED);

	info_print(info);
	printf("# %u numbers, %llu committed, %llu delivered, %u deaths, %llu abandoned\n",
	       shared->next, (unsigned long long)done, (unsigned long long)delivered, info->deaths,
	       (unsigned long long)info->abandoned);
	if (mode == KMQ_RING_BROADCAST) {
		claim(info->sent >= done && info->sent <= count_state(INTENT) &&
		      info->sent == info->dropped + info->queued, "the ledger is exact");
		return;
	}
	claim(!info->queued && !info->bytes && info->received == delivered &&
	      info->sent == delivered + info->abandoned && !info->purged && !info->dropped,
	      "the ledger is exact");
	/* Or the kills were none that mattered. */
	if (mode != KMQ_RING_SPSC)
		claim(info->deaths > kills / 400 && info->abandoned > 0,
		      "parties died holding something");
}

static void storm(unsigned int total)
{
	int fd = NAMED_RING(name, .ring_mode = mode, .byte_limit = page_bytes(), .max_message = 256);
	unsigned int count, done;
	__u64 begun = now();
	struct kmq_info info;
	char what[64];
	bool good;

	worst_wait = 0;
	memset(killed_by_door, 0, sizeof(killed_by_door));
	count = make_parties();
	for (unsigned int i = 0; i < count; i++)
		WAIT_UNTIL(shared->slots[i].running);
	done = kill_all_the_time(count, total);
	good = end_parties(count);
	drain(fd);
	info = info_of(fd);
	printf("# %s: %u kills in %llu ms; producers by system calls %u, words %u, library %u; consumers %u, %u, %u\n",
	       mode_names[mode], done, (unsigned long long)(now() - begun) / 1000000,
	       killed_by_door[0][0], killed_by_door[0][1], killed_by_door[0][2],
	       killed_by_door[1][0], killed_by_door[1][1], killed_by_door[1][2]);
	printf("# the longest wait for progress was %llu us\n", (unsigned long long)worst_wait / 1000);
	claim(good && !shared->wrong, "nobody saw what should not be");
	if (mode != KMQ_RING_BROADCAST) {
		claim(all_delivered(), "every committed message was delivered");
		claim(once_per_kill(), "what came again came once per kill");
		claim(in_order(), "the messages of each producer came in order");
	}
	snprintf(what, sizeof(what), "no survivor waited more than %u ms", wait_ms);
	if (wait_ms)
		claim(worst_wait <= wait_ms * 1000000ull, what);
	check_ledger(&info);
	close(fd);
	memset(shared, 0, sizeof(*shared));
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "kills", required_argument, NULL, 'k' },
		{ "seed", required_argument, NULL, 's' },
		{ "mode", required_argument, NULL, 'm' },
		{ "wait", required_argument, NULL, 'w' },
		{},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'k')
			kills = strtoul(optarg, NULL, 0);
		else if (option == 's')
			seed = strtoul(optarg, NULL, 0);
		else if (option == 'w')
			wait_ms = strtoul(optarg, NULL, 0);
		else if (option != 'm')
			exit(2);
		for (unsigned int i = 0; option == 'm' && i < 4; i++)
			if (!strcmp(optarg, mode_names[i]))
				only = i;
	}
	if (optind < argc || kills < 4) {
		fprintf(stderr, "usage: %s [--kills N] [--seed N] [--mode MODE] [--wait MS]\n", argv[0]);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = interrupt };

	parse(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# %u kills, seed %u\n", kills, seed);
	test_pid = getpid();
	CHECK_OK(sigaction(SIGUSR1, &action, NULL));
	/* So that it kills in the midst of what they do, and sees them wait. */
	CHECK_OK(setpriority(PRIO_PROCESS, 0, -10));
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	for (mode = 0; mode < 4; mode++)
		if (only == ~0u || only == mode)
			storm(only == ~0u ? kills / 4 : kills);
	printf("%u passed, %u failed\n", passed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
