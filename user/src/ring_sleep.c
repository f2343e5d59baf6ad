// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Waiting: a little by looking again and again, then asleep. And waking, if the
 * wake words of the control page say that someone sleeps.
 *
 * The twin's sleepers for records, and for room, wait at a bell that is rung for
 * all of them at once:
 *
 *	sleeper				who wakes
 *	load bell			(commits, or moves tail)
 *	lower the wake word		load wake word: not yet
 *	C, D: barrier on all		or: wake word = far away
 *	look at the word again		bell += 1
 *	futex wait for bell		futex wake all
 *
 * A wake word that is made far away takes a sleeper's with it only if the bell is
 * rung after that, and then the sleeper does not sleep: it had read the bell before.
 */
/* The time of 32-bit programs ends in 2038 otherwise. */
#define _TIME_BITS 64
#define _FILE_OFFSET_BITS 64

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <linux/time_types.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ring.h"

#define NS_PER_SECOND	1000000000

/* Looks of a turn of spinning that never ends. */
#define ROUNDS		256

/* Looks of any other, and returns for another look, between two at the clock. */
#define LOOKS_PER_CLOCK		4096
#define RETURNS_PER_CLOCK	64

/* Who has found that it does not pay tries so much of it now and then, to find out when it does again. */
#define PROBE_PART	32
#define PROBE_EVERY	16

int libkmq_ring_alone(void)
{
	static long processors;

	/* Asked once: threads that do so at a time come to the same. */
	if (!LOAD(processors))
		STORE(processors, sysconf(_SC_NPROCESSORS_ONLN));
	return LOAD(processors) == 1;
}

/* Bound to one processor, where the other side may be, too, or on another. */
static int is_bound(void)
{
	cpu_set_t set;

	return !sched_getaffinity(0, sizeof(set), &set) && CPU_COUNT(&set) == 1;
}

static uint32_t probe_of(uint32_t most)
{
	return most / PROBE_PART ? most / PROBE_PART : !!most;
}

void libkmq_ring_spin_default(struct ring *ring)
{
	uint32_t most = libkmq_ring_alone() ? 0 : SPIN_DEFAULT;

	kmq_ring_set_spin(&ring->hot, most);
	/* To be found out. */
	if (is_bound())
		ring->producing.spin = ring->consuming.spin = probe_of(most);
}

int libkmq_ring_is_late(uint64_t deadline)
{
	struct timespec now;

	if (deadline == NO_DEADLINE)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec >= deadline;
}

/*
 * A header's word that is watched may be another consumer's, who may be done with it,
 * so that a producer writes a body there. It is compared, and nothing else is made
 * of it: no race that ThreadSanitizer should tell of.
 */
__attribute__((no_sanitize("thread")))
static int has_changed(const struct ring_want *want)
{
	return LOAD(*want->word) != want->expected;
}

/* ------------------------------------------------------------------------
 * Spinning
 */

/* A turn of it: what no word tells is for the caller to look at now and then. */
static int spin_for_ever(const struct ring_want *want, uint64_t deadline)
{
	int alone = libkmq_ring_alone();

	for (int i = 0; !alone && i < ROUNDS; i++) {
		if (has_changed(want))
			return 0;
		relax();
	}
	sched_yield();
	return libkmq_ring_is_late(deadline) ? ETIMEDOUT : 0;
}

/* A sleep tells it, too; but there may be many looks before it. */
static int is_over(const struct ring *ring, uint32_t looks, uint64_t deadline)
{
	return looks % LOOKS_PER_CLOCK == LOOKS_PER_CLOCK - 1 && (health(ring) || libkmq_ring_is_late(deadline));
}

/* As long as it pays off, twice as long the next time; if it does not, half as long, and then hardly ever. */
static int spin(const struct ring *ring, struct ring_half *half, const struct ring_want *want, uint64_t deadline)
{
	uint32_t most = LOAD(half->spin_most), rounds = LOAD(half->spin);

	if (!rounds && half->unspun++ % PROBE_EVERY == PROBE_EVERY - 1)
		rounds = probe_of(most);
	for (uint32_t i = 0; i < rounds && !is_over(ring, i, deadline); i++) {
		if (has_changed(want)) {
			STORE(half->spin, rounds < most / 2 ? rounds * 2 : most);
			return 1;
		}
		relax();
	}
	STORE(half->spin, rounds / 2 < probe_of(most) ? 0 : rounds / 2);
	return 0;
}

/* ------------------------------------------------------------------------
 * The kernel's ring
 */

/* As KMQ_IOC_RING_WAIT counts: pages without the gaps between them. */
static uint64_t offset_of(const struct ring *ring, const uint32_t *word)
{
	uint64_t at = (uint64_t)((const char *)word - KMQ_RING_BASE(&ring->hot)) - KMQ_RING_CONTROL_AT;
	uint64_t piece = at / KMQ_RING_PIECE;

	if (piece > KMQ_RING_DATA_PAGE)
		piece = KMQ_RING_DATA_PAGE;
	return piece * ring->page_size + at - piece * KMQ_RING_PIECE;
}

static int queue_sleep(struct ring *ring, const struct ring_want *want, uint64_t deadline)
{
	struct kmq_ring_wait wait = {
		.deadline = deadline,
		.side = want->side,
		.expected = want->expected,
		.word = offset_of(ring, want->word),
		.wake = want->wake,
	};

	return ioctl(ring->fd, KMQ_IOC_RING_WAIT, &wait) ? errno : 0;
}

/* ------------------------------------------------------------------------
 * The twin
 */

static int futex_wait(const uint32_t *word, uint32_t expected, uint64_t deadline)
{
	struct __kernel_timespec until = {
		.tv_sec = (int64_t)(deadline / NS_PER_SECOND),
		.tv_nsec = deadline % NS_PER_SECOND,
	};
#ifdef SYS_futex_time64
	const long call = SYS_futex_time64;
#else
	const long call = SYS_futex;
#endif
	long result = syscall(call, word, FUTEX_WAIT_BITSET, expected,
			      deadline == NO_DEADLINE ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);

	return !result || errno == EAGAIN ? 0 : errno;
}

static void futex_wake(uint32_t *word, int count)
{
	syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

static __u64 *wake_word_of(const struct ring *ring, enum kmq_ring_side side)
{
	struct kmq_ring_control *control = control_of(ring);

	return side == KMQ_RING_CONSUMERS ? &control->consumer_wake : &control->producer_wake;
}

/* To the lowest of all sleepers'. */
static void lower(__u64 *word, uint64_t wake)
{
	__u64 seen = LOAD(*word);

	while ((int64_t)(wake - seen) < 0)
		if (__atomic_compare_exchange_n(word, &seen, wake, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return;
}

/* C, D, of who is about to sleep. */
static void barrier_on_all(const struct ring *ring)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!ring->fenced)
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
}

/*
 * MPMC: has another had what is waited for? Then the header that is watched may be
 * another record's, and look the same, with others before it. As the kernel looks.
 */
static int was_claimed(const struct ring *ring, const struct ring_want *want)
{
	const struct kmq_ring_consumers *consumers = consumers_of(ring);
	uint32_t version;

	if (ring->mode != KMQ_RING_MPMC || want->side != KMQ_RING_CONSUMERS)
		return 0;
	/* After the word: what it says may be because of a claim. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	version = LOAD_ACQUIRE(consumers->version); /* I */
	return (int64_t)(LOAD(consumers->cursor[version % 2].expected) - want->wake) > 0;
}

static int twin_sleep(struct ring *ring, const struct ring_want *want, uint64_t deadline)
{
	int error;

	if (want->side != KMQ_RING_CONSUMERS && want->side != KMQ_RING_PRODUCERS)
		return futex_wait(want->word, want->expected, deadline);
	lower(wake_word_of(ring, want->side), want->wake);
	barrier_on_all(ring);
	if (has_changed(want) || was_claimed(ring, want))
		return 0;
	error = health(ring);
	return error ? error : futex_wait(bell_of(ring, want->side), want->bell, deadline);
}

static uint64_t far_away(const struct ring *ring, enum kmq_ring_side side)
{
	if (side == KMQ_RING_CONSUMERS)
		return LOAD(producers_of(ring)->sequence) + FAR_AWAY;
	return LOAD(consumers_of(ring)->tail) + FAR_AWAY;
}

static void ring_bell(struct ring *ring, enum kmq_ring_side side)
{
	__atomic_fetch_add(bell_of(ring, side), 1, __ATOMIC_ACQ_REL);
	futex_wake((uint32_t *)bell_of(ring, side), INT32_MAX);
}

static int twin_wake(struct ring *ring, enum kmq_ring_side side)
{
	if (side == KMQ_RING_PRODUCERS_LOCK) {
		futex_wake(&producers_of(ring)->lock, 1);
	} else if (side == KMQ_RING_CONSUMERS_LOCK) {
		futex_wake(&consumers_of(ring)->lock, 1);
	} else {
		__atomic_exchange_n(wake_word_of(ring, side), far_away(ring, side), __ATOMIC_ACQ_REL);
		ring_bell(ring, side);
	}
	return 0;
}

/* As the kernel does: every commit and release asks from now on, and is told. */
void libkmq_ring_wake_all(struct ring *ring)
{
	__atomic_fetch_or(&control_of(ring)->flags, KMQ_RING_BROKEN, __ATOMIC_RELEASE);
	STORE(control_of(ring)->consumer_wake, far_away(ring, KMQ_RING_CONSUMERS) - 2 * FAR_AWAY);
	STORE(control_of(ring)->producer_wake, far_away(ring, KMQ_RING_PRODUCERS) - 2 * FAR_AWAY);
	ring_bell(ring, KMQ_RING_CONSUMERS);
	ring_bell(ring, KMQ_RING_PRODUCERS);
	/* Who sleeps for a lock is not to wait for its holder, either. */
	futex_wake(&producers_of(ring)->lock, INT32_MAX);
	futex_wake(&consumers_of(ring)->lock, INT32_MAX);
}

/* ------------------------------------------------------------------------
 * Both
 */

static int spin_or_sleep(struct ring *ring, struct ring_half *half, const struct ring_want *want,
			 uint64_t deadline)
{
	if (LOAD(half->spin_most) == SPIN_FOR_EVER)
		return spin_for_ever(want, deadline);
	if (!want->patient && spin(ring, half, want, deadline))
		return 0;
	STORE(half->sleeps, half->sleeps + 1);
	return ring->twin ? twin_sleep(ring, want, deadline) : queue_sleep(ring, want, deadline);
}

/*
 * Whose word changes each time, though he finds nothing each time, never gets to the
 * sleep that would tell him how late it is. He has looked since: no wake-up is lost.
 */
int libkmq_ring_sleep(struct ring *ring, struct ring_half *half, const struct ring_want *want, uint64_t deadline)
{
	int error;

	if (half->returns >= RETURNS_PER_CLOCK) {
		half->returns = 0;
		if (libkmq_ring_is_late(deadline))
			return ETIMEDOUT;
	}
	error = spin_or_sleep(ring, half, want, deadline);
	half->returns += !error;
	return error;
}

int libkmq_ring_wake(struct ring *ring, struct ring_half *half, enum kmq_ring_side side)
{
	int error = health(ring);

	/* A sleeper for a lock of a broken twin may have come too late to be woken with all the others. */
	if (error && ring->twin && side != KMQ_RING_CONSUMERS && side != KMQ_RING_PRODUCERS)
		twin_wake(ring, side);
	if (error) {
		/* Told here; the inline calls are to find it, too. */
		STORE(half->brief, 0);
		if (half == &ring->producing)
			ring->hot.producer.ceiling = 0;
		else
			ring->hot.consumer.ceiling = 0;
		return error;
	}
	STORE(half->wakes, half->wakes + 1);
	if (ring->twin)
		return twin_wake(ring, side);
	return ioctl(ring->fd, KMQ_IOC_RING_WAKE, side) ? errno : 0;
}

int kmq_ring_wake_slow(struct kmq_ring *handle, unsigned int side)
{
	struct ring *ring = ring_of(handle);
	struct ring_half *half = side == KMQ_RING_CONSUMERS ? &ring->producing : &ring->consuming;

	return fail(libkmq_ring_wake(ring, half, side));
}
