// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is watched of a queue: marks that its fill crosses, and times.
 *
 * On a message's way there is one compare for all of it. Whoever puts messages
 * in compares what the queue holds with @rise, which is where something happens
 * next: a new peak, or the high mark. Whoever takes some out compares with @fall,
 * but only in a queue that is not quiet, and that is what KMQ_LOUD_FALLING says
 * from FULL to DRAINED, and from HIGH to LOW. Nobody reads a clock for a
 * histogram that is off: one that is on makes the queue loud, too.
 *
 * FULL is told only where somebody listens, and so nobody else pays for watching
 * the queue drain after it.
 */
#include <linux/log2.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "create.h"
#include "event.h"
#include "watch.h"

/* Nanoseconds of the first bucket, as a power of two. */
#define KMQ_BUCKET_SHIFT 10

static u32 kmq_held(const struct kmq_queue *queue)
{
	return queue->queued + queue->leased;
}

static void kmq_loud(struct kmq_queue *queue, u8 reason, bool on)
{
	lockdep_assert_held(&queue->lock);
	if (on)
		queue->loud |= reason;
	else
		queue->loud &= ~reason;
}

/* Where does something happen next? */
static void kmq_watch_reckon(struct kmq_queue *queue)
{
	const struct kmq_watch *watch = &queue->watch;

	lockdep_assert_held(&queue->lock);
	queue->rise = queue->ledger.peak + 1;
	if (watch->high && !queue->above)
		queue->rise = min(queue->rise, watch->high);
	queue->fall = queue->full ? 1 : 0;
	if (queue->above)
		queue->fall = watch->low ? watch->low + 1 : watch->high;
	kmq_loud(queue, KMQ_LOUD_FALLING, queue->fall);
}

/* It holds @rise messages or more: a new peak, the high mark, or both. */
void kmq_watch_rise(struct kmq_queue *queue)
{
	const struct kmq_watch *watch = &queue->watch;
	u32 held = kmq_held(queue);

	lockdep_assert_held(&queue->lock);
	queue->ledger.peak = max_t(u64, queue->ledger.peak, held);
	if (watch->high && held >= watch->high && !queue->above) {
		queue->above = true;
		kmq_event(queue, KMQ_EVENT_HIGH, NULL, held);
	}
	kmq_watch_reckon(queue);
}

/* It holds fewer than @fall. Without a low mark HIGH is armed again, untold. */
void kmq_watch_fall(struct kmq_queue *queue)
{
	const struct kmq_watch *watch = &queue->watch;
	u32 held = kmq_held(queue);

	lockdep_assert_held(&queue->lock);
	if (queue->above && !watch->low && held < watch->high)
		queue->above = false;
	if (queue->above && held <= watch->low) {
		queue->above = false;
		kmq_event(queue, KMQ_EVENT_LOW, NULL, held);
	}
	if (queue->full && !held) {
		queue->full = false;
		kmq_event(queue, KMQ_EVENT_DRAINED, NULL, 0);
	}
	kmq_watch_reckon(queue);
}

/* A sender, who is `current`, finds no room. */
void kmq_watch_full(struct kmq_queue *queue)
{
	lockdep_assert_held(&queue->lock);
	if (queue->full || !kmq_event_wanted())
		return;
	queue->full = true;
	kmq_event(queue, KMQ_EVENT_FULL, task_tgid(current), kmq_held(queue));
	kmq_watch_reckon(queue);
}

/**
 * kmq_watch_check() - can a queue be watched like that?
 * @watch: as asked for
 * @kind: of the queue
 * @fault: out: what is wrong, when it is wrong
 *
 * Context: does not sleep.
 * Return: 0, -EINVAL, -EOPNOTSUPP.
 */
int kmq_watch_check(const struct kmq_watch *watch, u32 kind,
		    struct kmq_fault *fault)
{
	if (kind == KMQ_KIND_RING && (watch->high || watch->low))
		return kmq_refuse(fault, watch->high ? KMQ_A_HIGH_WATERMARK :
						       KMQ_A_LOW_WATERMARK,
				  "who maps a ring fills it unseen: it has no watermarks",
				  -EOPNOTSUPP);
	if (kind == KMQ_KIND_RING && watch->lease_limit)
		return kmq_refuse(fault, KMQ_A_LEASE_LIMIT,
				  "a ring has no leases", -EOPNOTSUPP);
	if (kind == KMQ_KIND_RING && watch->histogram)
		return kmq_refuse(fault, KMQ_A_HISTOGRAM,
				  "a ring's records carry no times",
				  -EOPNOTSUPP);
	if (watch->high > KMQ_CAPACITY_MAX)
		return kmq_refuse(fault, KMQ_A_HIGH_WATERMARK,
				  "the high watermark is above any capacity",
				  -EINVAL);
	if (watch->low && watch->low >= watch->high)
		return kmq_refuse(fault, KMQ_A_LOW_WATERMARK,
				  "the low watermark must be below the high one",
				  -EINVAL);
	if (watch->lease_limit > KMQ_LEASE_LIMIT_MAX)
		return kmq_refuse(fault, KMQ_A_LEASE_LIMIT,
				  "the lease limit is longer than a day",
				  -EINVAL);
	return 0;
}

/**
 * kmq_watch_prepare() - what kmq_watch_set() may need
 * @watch: checked
 * @histograms: out: for kmq_watch_set() or kfree(); may be NULL
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int kmq_watch_prepare(const struct kmq_watch *watch,
		      struct kmq_histograms **histograms)
{
	*histograms = NULL;
	if (!watch->histogram)
		return 0;
	*histograms = kzalloc(sizeof(**histograms), GFP_KERNEL_ACCOUNT);
	return *histograms ? 0 : -ENOMEM;
}

static void kmq_watch_marks(struct kmq_queue *queue, u32 high, u32 low)
{
	lockdep_assert_held(&queue->lock);
	if (queue->watch.high == high && queue->watch.low == low)
		return;
	queue->watch.high = high;
	queue->watch.low = low;
	queue->above = false;
	kmq_watch_reckon(queue);
	kmq_queue_note_peak(queue);
}

/**
 * kmq_watch_set() - watch a queue like that
 * @queue: whose lock is held
 * @watch: checked
 * @histograms: from kmq_watch_prepare(); out: for kfree()
 *
 * Histograms that are on stay as they are. A high mark that the queue has
 * reached by now is told at once.
 *
 * Context: does not sleep.
 */
void kmq_watch_set(struct kmq_queue *queue, const struct kmq_watch *watch,
		   struct kmq_histograms **histograms)
{
	lockdep_assert_held(&queue->lock);
	if (watch->histogram != queue->watch.histogram)
		swap(queue->histograms, *histograms);
	kmq_loud(queue, KMQ_LOUD_HISTOGRAM, watch->histogram);
	queue->watch.histogram = watch->histogram;
	/* Read by lease.c without the lock. */
	WRITE_ONCE(queue->watch.lease_limit, watch->lease_limit);
	kmq_watch_marks(queue, watch->high, watch->low);
}

static void kmq_histogram_add(u64 *histogram, u64 ns)
{
	u64 scaled = ns >> KMQ_BUCKET_SHIFT;
	u32 bucket = scaled ? ilog2(scaled) + 1 : 0;

	histogram[min_t(u32, bucket, KMQ_HISTOGRAM_BUCKETS - 1)]++;
}

/*
 * @slot has been received. What is put back and received again is counted again:
 * it has waited for that one, too.
 */
void kmq_watch_queued(struct kmq_queue *queue, const struct kmq_slot *slot,
		      u64 now)
{
	lockdep_assert_held(&queue->lock);
	if (queue->histograms)
		kmq_histogram_add(queue->histograms->queued, now - slot->time);
}

/**
 * kmq_watch_slept() - somebody is back from a sleep in a queue
 * @queue: whose lock is not held
 * @since: when it began; not counted if histograms were off then
 *
 * Context: does not sleep.
 */
void kmq_watch_slept(struct kmq_queue *queue, struct kmq_moment since)
{
	if (likely(!since.exact))
		return;
	spin_lock(&queue->lock);
	if (queue->histograms)
		kmq_histogram_add(queue->histograms->blocked,
				  ktime_get_ns() - since.exact);
	spin_unlock(&queue->lock);
}

/**
 * kmq_watch_times() - the histograms of a queue
 * @queue: whose lock is not held
 * @copy: out
 *
 * Context: does not sleep.
 * Return: false: they are off.
 */
bool kmq_watch_times(struct kmq_queue *queue, struct kmq_histograms *copy)
{
	bool on;

	spin_lock(&queue->lock);
	on = queue->histograms;
	if (on)
		*copy = *queue->histograms;
	spin_unlock(&queue->lock);
	return on;
}
