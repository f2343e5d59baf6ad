// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel as a party of a ring: records from user memory into it, and out of
 * it. Between the reservation and the commit, and between the claim and the
 * release, is a copy that may fault; the door of the side is held across it, and
 * nothing else (ring.h).
 *
 * A step that cannot be made leaves in a struct kmq_sleeper what to wait for; the
 * door is left for that, and entered again.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/user_namespace.h>

#include "message.h"
#include "queue.h"
#include "ring_file.h"
#include "trace.h"
#include "wait.h"

/* Looks at a lock that a process is about to give back, before EAGAIN. */
#define KMQ_LOCK_LOOKS 128

/* Times that a BROADCAST record may be overwritten under one hold of the door. */
#define KMQ_LAPS 16

/* -ERESTARTSYS, or -EAGAIN where not even the door may be waited for. */
static int kmq_door_enter(struct kmq_ring *ring, enum kmq_ring_side side,
			  const struct kmq_patience *patience)
{
	struct mutex *door = &ring->door[side];

	if (patience->nowait)
		return mutex_trylock(door) ? 0 : -EAGAIN;
	return mutex_lock_interruptible(door) ? -ERESTARTSYS : 0;
}

static void kmq_door_leave(struct kmq_ring *ring, enum kmq_ring_side side)
{
	mutex_unlock(&ring->door[side]);
}

/* What keeps everyone out, or one who came by this door. */
static int kmq_door_check(const struct kmq_ring *ring, enum kmq_ring_side side)
{
	int err = READ_ONCE(ring->error);

	lockdep_assert_held(&ring->door[side]);
	if (err)
		return err;
	return kmq_ring_taken(ring, side) ? -EBUSY : 0;
}

/* The step met a lock that a process holds. */
static void kmq_wait_for_lock(struct kmq_sleeper *sleeper,
			      enum kmq_ring_side lock)
{
	*sleeper = (struct kmq_sleeper){ .side = lock };
}

/* How a step ends that may be made later. */
static bool kmq_is_waiting(int err)
{
	return err == -EAGAIN || err == -EINPROGRESS || err == -ESTALE;
}

/* Who may not sleep looks a little longer: a lock is not held for long. */
static bool kmq_lock_is_free(struct kmq_ring *ring, enum kmq_ring_side lock)
{
	u32 looks;

	for (looks = 0; looks < KMQ_LOCK_LOOKS; looks++) {
		if (!kmq_words_lock_holder(&ring->words, lock))
			return true;
		cpu_relax();
	}
	return false;
}

/*
 * A step ended with @why, and is not slept over.
 *
 * Return: 0: try again; or an error.
 */
static int kmq_at_once(struct kmq_ring *ring, const struct kmq_sleeper *sleeper,
		       int why, const struct kmq_patience *patience)
{
	/* It may be free whenever it is looked at, and never be had. */
	if (why == -EINPROGRESS && kmq_lock_is_free(ring, sleeper->side)) {
		cond_resched();
		return fatal_signal_pending(current) ? -ERESTARTSYS : 0;
	}
	if (why == -EINPROGRESS)
		return kmq_ring_check_holder(ring, sleeper->side) ?: -EAGAIN;
	if (why != -ESTALE || patience->nonblock)
		return -EAGAIN;
	/* The producer is faster than we are. */
	cond_resched();
	if (signal_pending(current))
		return -ERESTARTSYS;
	return kmq_deadline_passed(patience) ? -ETIMEDOUT : 0;
}

/* Room for @size bytes; 0, -EAGAIN, -EINPROGRESS, -EUCLEAN. */
static int kmq_reserve(struct kmq_ring *ring, u32 size, struct kmq_room *room,
		       struct kmq_sleeper *sleeper)
{
	u64 wake;
	int err;

	mutex_lock(&ring->words_lock[KMQ_RING_PRODUCERS]);
	err = kmq_words_reserve(&ring->words, size, room, &wake);
	mutex_unlock(&ring->words_lock[KMQ_RING_PRODUCERS]);
	kmq_ring_kicks(ring);
	if (err == -EAGAIN)
		*sleeper = (struct kmq_sleeper){ .side = KMQ_RING_PRODUCERS,
						 .wake = wake, .obeys = true };
	else if (err == -EINPROGRESS)
		kmq_wait_for_lock(sleeper, KMQ_RING_PRODUCERS_LOCK);
	else if (err == -EUCLEAN)
		kmq_ring_break(ring);
	return err;
}

static int kmq_source_copy(const struct kmq_source *source, u8 *body)
{
	if (!source->iter)
		return kmq_copy_in(body, source->body, source->size);
	return copy_from_iter_full(body, source->size, source->iter) ? 0 :
								       -EFAULT;
}

/* One record; the door is held. */
static int kmq_send_one(struct kmq_ring *ring, struct kmq_source *source,
			struct kmq_sleeper *sleeper)
{
	struct kmq_room room;
	int err;

	err = kmq_door_check(ring, KMQ_RING_PRODUCERS);
	if (!err)
		err = kmq_reserve(ring, source->size, &room, sleeper);
	if (err)
		return err;
	err = kmq_source_copy(source, room.body);
	if (err) {
		kmq_words_discard(&ring->words, &room);
		source->sequence = room.sequence;
	} else {
		/* Before: a consumer may have it at once. */
		if (tracepoint_enabled(kmq_send))
			kmq_trace_ring_send(ring->queue, room.sequence,
					    source->size);
		kmq_words_commit(&ring->words, &room, &source->sequence);
	}
	kmq_ring_committed(ring, source->sequence);
	return err;
}

/* As many as go in without a sleep; how many, or what became of the first. */
static int kmq_send_ready(struct kmq_ring *ring, struct kmq_source *sources,
			  u32 count, struct kmq_sleeper *sleeper)
{
	u32 sent;

	for (sent = 0; sent < count; sent++) {
		int err = kmq_send_one(ring, &sources[sent], sleeper);

		if (err)
			return sent ? sent : err;
		cond_resched();
	}
	return sent;
}

static void kmq_count_rejected(struct kmq_ring *ring, u32 size, int err,
			       const struct kmq_patience *patience)
{
	if (patience->continued || (err != -EAGAIN && err != -ETIMEDOUT))
		return;
	spin_lock(&ring->lock);
	ring->rejected++;
	spin_unlock(&ring->lock);
	kmq_trace(reject, ring->queue, size, err, current);
}

/* Is the end of a step, -EAGAIN or -EINPROGRESS, to be slept over? */
static bool kmq_send_sleeps(const struct kmq_ring *ring, int done,
			    const struct kmq_patience *patience)
{
	/* The policy may change: who joins the sleepers looks again. */
	if (done == -EAGAIN &&
	    READ_ONCE(ring->queue->policy) == KMQ_POLICY_REJECT)
		return false;
	return kmq_is_waiting(done) && !patience->nonblock;
}

/**
 * kmq_ring_send() - records into the ring
 * @handle: of the file
 * @sources: each at most max_message long
 * @count: of @sources, at least 1
 * @patience: how long to sleep for the first; the others go at once or not at
 *	all
 *
 * Context: may sleep.
 * Return: how many were committed, at least 1; or -EAGAIN, -EBUSY, -EFAULT,
 * -ETIMEDOUT, -EIDRM, -EUCLEAN, -ERESTARTSYS.
 */
int kmq_ring_send(struct kmq_ring_handle *handle, struct kmq_source *sources,
		  u32 count, const struct kmq_patience *patience)
{
	const enum kmq_ring_side side = KMQ_RING_PRODUCERS;
	struct kmq_ring *ring = handle->ring;
	struct kmq_sleeper sleeper;
	int done, err;

	for (;;) {
		err = kmq_door_enter(ring, side, patience);
		if (err)
			return err;
		done = kmq_send_ready(ring, sources, count, &sleeper);
		kmq_door_leave(ring, side);
		if (!kmq_is_waiting(done))
			return done;
		sleeper.realtime = patience->realtime;
		if (kmq_send_sleeps(ring, done, patience))
			err = kmq_ring_sleep(ring, &sleeper,
					     patience->deadline);
		else
			err = kmq_at_once(ring, &sleeper, done, patience);
		if (err)
			break;
	}
	kmq_count_rejected(ring, sources->size, err, patience);
	return err;
}

/*
 * The next record, if it is before *@end or that is NULL. 0, -EAGAIN,
 * -EINPROGRESS, -EUCLEAN.
 */
static int kmq_claim(struct kmq_ring *ring, struct kmq_reader *reader,
		     const u64 *end, struct kmq_found *found,
		     struct kmq_sleeper *sleeper)
{
	u64 wake = 0;
	int err;

	mutex_lock(&ring->words_lock[KMQ_RING_CONSUMERS]);
	err = kmq_ring_settle(ring);
	if (!err && end)
		err = kmq_words_claim_before(&ring->words, *end, found);
	else if (!err)
		err = kmq_words_claim(&ring->words, reader, found, &wake);
	mutex_unlock(&ring->words_lock[KMQ_RING_CONSUMERS]);
	kmq_ring_kicks(ring);
	if (err == -EAGAIN)
		*sleeper = (struct kmq_sleeper){ .side = KMQ_RING_CONSUMERS,
						 .id = KMQ_RING_KERNEL,
						 .wake = wake };
	else if (err == -EINPROGRESS)
		kmq_wait_for_lock(sleeper, KMQ_RING_CONSUMERS_LOCK);
	else if (err == -EUCLEAN)
		kmq_ring_break(ring);
	return err;
}

/*
 * It was read. That a process holds the lock now is no concern of the reader's.
 *
 * Return: 0, -ESTALE, -EUCLEAN.
 */
static int kmq_release(struct kmq_ring *ring, struct kmq_reader *reader,
		       const struct kmq_found *found)
{
	u64 tail;
	int err;

	mutex_lock(&ring->words_lock[KMQ_RING_CONSUMERS]);
	err = kmq_ring_release_claim(ring, reader, found, &tail);
	if (err == -EINPROGRESS) {
		WRITE_ONCE(ring->owes, true);
		ring->owed = *found;
	}
	mutex_unlock(&ring->words_lock[KMQ_RING_CONSUMERS]);
	kmq_ring_kicks(ring);
	if (!err && !kmq_ring_broadcasts(ring))
		kmq_ring_released(ring, tail);
	if (err == -EUCLEAN)
		return kmq_ring_break(ring);
	return err == -ESTALE ? err : 0;
}

/* It could not be read, and is for the next who asks. */
static void kmq_unclaim(struct kmq_ring *ring, struct kmq_reader *reader,
			const struct kmq_found *found)
{
	int err;

	mutex_lock(&ring->words_lock[KMQ_RING_CONSUMERS]);
	err = kmq_words_unclaim(&ring->words, reader, found);
	mutex_unlock(&ring->words_lock[KMQ_RING_CONSUMERS]);
	kmq_ring_kicks(ring);
	if (err)
		kmq_ring_break(ring);
}

/* What the kernel knows of a record, which is little: its bytes are all it has. */
static struct kmq_message kmq_describe(const struct kmq_ring_handle *handle,
				       const struct kmq_found *found,
				       const struct kmq_sink *sink, u32 deaths)
{
	struct kmq_message message = {
		.body = (uintptr_t)sink->body,
		.size = min(found->size, sink->room),
		.length = found->size,
		.type = 1,
		.sequence = found->sequence,
		.time = ktime_get_ns(),
		.lost = handle->lost + found->lost,
		.uid = from_kuid_munged(current_user_ns(), INVALID_UID),
	};

	if (found->size > sink->room)
		message.flags |= KMQ_MESSAGE_TRUNCATED;
	if (found->redelivered)
		message.flags |= KMQ_MESSAGE_REDELIVERED;
	if (deaths != handle->deaths)
		message.flags |= KMQ_MESSAGE_OWNER_DIED;
	return message;
}

static int kmq_sink_body(const struct kmq_sink *sink,
			 const struct kmq_found *found)
{
	u32 size = min(found->size, sink->room);
	struct iov_iter to;

	if (!sink->iter)
		return kmq_copy_out(sink->body, found->body, size);
	/* A copy, since the record may have to be read once more. */
	to = *sink->iter;
	return copy_to_iter(found->body, size, &to) == size ? 0 : -EFAULT;
}

static int kmq_deliver(const struct kmq_ring_handle *handle,
		       const struct kmq_found *found,
		       const struct kmq_sink *sink, u32 deaths)
{
	struct kmq_message message;
	int err;

	if (found->size > sink->room && !sink->truncate)
		return -EMSGSIZE;
	err = kmq_sink_body(sink, found);
	if (err || !sink->message)
		return err;
	message = kmq_describe(handle, found, sink, deaths);
	return kmq_copy_out(sink->message, &message, sizeof(message));
}

/* The reader has it. */
static void kmq_received(struct kmq_ring_handle *handle,
			 const struct kmq_found *found,
			 const struct kmq_reader *reader,
			 struct kmq_sink *sink, u32 deaths)
{
	if (tracepoint_enabled(kmq_receive))
		kmq_trace_ring_receive(handle->ring->queue, found->sequence,
				       found->size, found->redelivered);
	sink->size = found->size;
	handle->lost = sink->message ? 0 : handle->lost + found->lost;
	if (sink->message)
		handle->deaths = deaths;
	if (!reader)
		return;
	spin_lock(&handle->ring->lock);
	handle->reader = *reader;
	spin_unlock(&handle->ring->lock);
}

/*
 * A first look at the next record, so that one that is too long need not be
 * claimed and given back, which others would notice.
 */
static int kmq_check_room(struct kmq_ring *ring,
			  const struct kmq_reader *reader,
			  const struct kmq_sink *sink)
{
	struct kmq_found found;

	if (sink->truncate || sink->room >= ring->words.max_message)
		return 0;
	if (kmq_words_peek(&ring->words, reader, &found))
		return 0;	/* the claim will tell */
	return found.size > sink->room ? -EMSGSIZE : 0;
}

/*
 * One record; the door is held. What a reader of a BROADCAST ring has got is
 * known when the record is found whole behind it, and then the handle's reader
 * moves.
 */
static int kmq_receive_one(struct kmq_ring_handle *handle,
			   struct kmq_sink *sink, struct kmq_reader *reader,
			   struct kmq_sleeper *sleeper)
{
	struct kmq_ring *ring = handle->ring;
	u32 deaths = READ_ONCE(ring->words.control->deaths);
	struct kmq_found found;
	int err;

	err = kmq_door_check(ring, KMQ_RING_CONSUMERS);
	if (!err)
		err = kmq_check_room(ring, reader, sink);
	if (!err)
		err = kmq_claim(ring, reader, NULL, &found, sleeper);
	if (err)
		return err;
	err = kmq_deliver(handle, &found, sink, deaths);
	if (err) {
		kmq_unclaim(ring, reader, &found);
		return err;
	}
	err = kmq_release(ring, reader, &found);
	if (!err)
		kmq_received(handle, &found, reader, sink, deaths);
	return err;
}

/* The same, until it was not overwritten while it was copied. */
static int kmq_receive_whole(struct kmq_ring_handle *handle,
			     struct kmq_sink *sink, struct kmq_sleeper *sleeper)
{
	struct kmq_reader reader = handle->reader;
	u32 laps;
	int err;

	if (!kmq_ring_broadcasts(handle->ring))
		return kmq_receive_one(handle, sink, NULL, sleeper);
	for (laps = 0; laps < KMQ_LAPS; laps++) {
		err = kmq_receive_one(handle, sink, &reader, sleeper);
		if (err != -ESTALE)
			break;
	}
	sleeper->reader = reader;
	return err;
}

static int kmq_receive_ready(struct kmq_ring_handle *handle,
			     struct kmq_sink *sinks, u32 count,
			     struct kmq_sleeper *sleeper)
{
	u32 done;

	for (done = 0; done < count; done++) {
		int err = kmq_receive_whole(handle, &sinks[done], sleeper);

		if (err)
			return done ? done : err;
		cond_resched();
	}
	return done;
}

static bool kmq_receive_sleeps(int done, const struct kmq_patience *patience)
{
	return done != -ESTALE && kmq_is_waiting(done) && !patience->nonblock;
}

/**
 * kmq_ring_receive() - records out of the ring
 * @handle: of the file
 * @sinks: where they are to go
 * @count: of @sinks, at least 1
 * @patience: how long to sleep for the first; the others come at once or not at
 *	all
 *
 * Context: may sleep.
 * Return: how many were received, at least 1; or -EAGAIN, -EMSGSIZE (the record
 * that is due is longer than the room, and stays), -EBUSY, -EFAULT, -ETIMEDOUT,
 * -EIDRM, -EUCLEAN, -ERESTARTSYS.
 */
int kmq_ring_receive(struct kmq_ring_handle *handle, struct kmq_sink *sinks,
		     u32 count, const struct kmq_patience *patience)
{
	const enum kmq_ring_side side = KMQ_RING_CONSUMERS;
	struct kmq_ring *ring = handle->ring;
	struct kmq_sleeper sleeper;
	int done, err;

	do {
		err = kmq_door_enter(ring, side, patience);
		if (err)
			break;
		done = kmq_receive_ready(handle, sinks, count, &sleeper);
		kmq_door_leave(ring, side);
		err = done;
		if (!kmq_is_waiting(done))
			break;
		sleeper.realtime = patience->realtime;
		if (kmq_receive_sleeps(done, patience))
			err = kmq_ring_sleep(ring, &sleeper,
					     patience->deadline);
		else
			err = kmq_at_once(ring, &sleeper, done, patience);
	} while (!err);
	/* Whatever it was woken for, what is left is for the next. */
	kmq_ring_pass(ring);
	return err;
}

/**
 * kmq_ring_peek() - how long the record is that a receive would take
 * @handle: of the file
 * @size: out: bytes
 *
 * Context: may sleep, but waits for nobody.
 * Return: 0, -EAGAIN, -EBUSY, -EIDRM, -EUCLEAN.
 */
int kmq_ring_peek(struct kmq_ring_handle *handle, u32 *size)
{
	struct kmq_ring *ring = handle->ring;
	struct kmq_reader reader;
	struct kmq_found found;
	int err = READ_ONCE(ring->error);

	if (err)
		return err;
	if (kmq_ring_taken(ring, KMQ_RING_CONSUMERS))
		return -EBUSY;
	spin_lock(&ring->lock);
	reader = handle->reader;
	spin_unlock(&ring->lock);
	err = kmq_words_peek(&ring->words,
			     kmq_ring_broadcasts(ring) ? &reader : NULL,
			     &found);
	if (err == -EUCLEAN)
		return kmq_ring_break(ring);
	if (!err)
		*size = found.size;
	return err;
}

/* One record is thrown away, if it is older than @end. */
static int kmq_purge_one(struct kmq_ring *ring, u64 end,
			 struct kmq_sleeper *sleeper)
{
	struct kmq_found found;
	int err;

	if (signal_pending(current))
		return -ERESTARTSYS;
	err = kmq_door_check(ring, KMQ_RING_CONSUMERS);
	if (!err)
		err = kmq_claim(ring, NULL, &end, &found, sleeper);
	if (!err)
		err = kmq_release(ring, NULL, &found);
	if (err)
		return err;
	if (tracepoint_enabled(kmq_purge))
		kmq_trace_ring_purge(ring->queue, found.sequence, found.size);
	/* Counted as received by now in any mode, and taken from that. */
	mutex_lock(&ring->words_lock[KMQ_RING_CONSUMERS]);
	ring->purged++;
	mutex_unlock(&ring->words_lock[KMQ_RING_CONSUMERS]);
	return 0;
}

/**
 * kmq_ring_purge() - throw away what is in the ring
 * @handle: of the file
 * @purged: out: how many
 *
 * Nothing that came after it began, whoever else consumes: busy producers cannot
 * keep it for ever, nor lose what they send later. Less if a signal comes.
 *
 * Context: may sleep, for a lock that a process holds.
 * Return: 0; -EOPNOTSUPP: in a BROADCAST ring the records are all readers'; or,
 * if nothing was purged, -EBUSY, -EIDRM, -EUCLEAN, -ERESTARTSYS.
 */
int kmq_ring_purge(struct kmq_ring_handle *handle, u64 *purged)
{
	static const struct kmq_patience patience = {};
	struct kmq_ring *ring = handle->ring;
	u64 end = READ_ONCE(ring->words.producers->sequence);
	struct kmq_sleeper sleeper;
	int err;

	*purged = 0;
	if (kmq_ring_broadcasts(ring))
		return -EOPNOTSUPP;
	do {
		err = kmq_door_enter(ring, KMQ_RING_CONSUMERS, &patience);
		if (err)
			break;
		do {
			err = kmq_purge_one(ring, end, &sleeper);
			*purged += !err;
			cond_resched();
		} while (!err);
		kmq_door_leave(ring, KMQ_RING_CONSUMERS);
		if (err == -EINPROGRESS)
			err = kmq_ring_sleep(ring, &sleeper, 0);
	} while (!err);
	kmq_ring_pass(ring);
	return *purged || err == -EAGAIN ? 0 : err;
}
