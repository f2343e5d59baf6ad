// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many messages in one call.
 *
 * A batch moves in chunks. For each chunk the array of struct kmq_message is
 * read or written in one go, the slots are got or given back under one hold of
 * the pool's lock, and the messages enter or leave the queue under one hold of
 * its own; only the bodies are copied one by one.
 */
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "batch.h"
#include "ioctl.h"
#include "trace.h"

/* Bounds the stack and the time that the locks are held. */
#define KMQ_BATCH_CHUNK 32

/**
 * struct kmq_outline - what a sender says of a message
 * @body: address
 * @type: as told
 * @size: as told
 * @priority: as told
 * @unknown: bits of @flags and @reserved, which must be zero
 */
struct kmq_outline {
	u64 body;
	s64 type;
	u32 size;
	u32 priority;
	u32 unknown;
};

/**
 * struct kmq_identity - a sender as the receiver sees it
 * @pid: whose, with @uid; identities of a batch tend to repeat
 * @kuid: whose
 * @pid_nr: in the receiver's pid namespace
 * @uid: in the receiver's user namespace
 */
struct kmq_identity {
	const struct pid *pid;
	kuid_t kuid;
	s32 pid_nr;
	u32 uid;
};

/* What a batch says about itself, both ways. */
static int kmq_batch_fetch(struct kmq_batch *batch,
			   const struct kmq_batch __user *arg)
{
	if (kmq_copy_in(batch, arg, sizeof(*batch)))
		return -EFAULT;
	if (batch->reserved || !batch->count || batch->count > KMQ_BATCH_MAX)
		return -EINVAL;
	return 0;
}

/* Up to @count of them; how many could be read, or -EFAULT. */
static int kmq_outlines_fetch(struct kmq_outline *outlines,
			      const struct kmq_message __user *from, u32 count)
{
	u32 flags;
	u32 i = 0;

	if (!user_read_access_begin(from, count * sizeof(*from)))
		return -EFAULT;
	for (; i < count; i++) {
		struct kmq_outline *outline = &outlines[i];

		unsafe_get_user(outline->body, &from[i].body, fault);
		unsafe_get_user(outline->size, &from[i].size, fault);
		unsafe_get_user(flags, &from[i].flags, fault);
		unsafe_get_user(outline->type, &from[i].type, fault);
		unsafe_get_user(outline->priority, &from[i].priority, fault);
		unsafe_get_user(outline->unknown, &from[i].reserved, fault);
		outline->unknown |= flags;
	}
fault:
	user_read_access_end();
	return i ? i : -EFAULT;
}

static int kmq_outline_check(const struct kmq_outline *outline,
			     const struct kmq_queue *queue)
{
	if (outline->unknown || outline->type < 1 ||
	    outline->priority > KMQ_PRIORITY_MAX)
		return -EINVAL;
	return outline->size > queue->max_message ? -EMSGSIZE : 0;
}

static inline int kmq_slot_load(struct kmq_slot *slot, struct kmq_pool *pool,
			 const struct kmq_outline *outline)
{
	int err = kmq_slot_fit(slot, pool, outline->size);

	if (err)
		return err;
	slot->type = outline->type;
	slot->priority = outline->priority;
	return kmq_slot_copy_in(slot, u64_to_user_ptr(outline->body));
}

/* Up to @count messages into as many slots; how many, or an error. */
static int kmq_slots_load(struct kmq_queue *queue, struct kmq_slot **slots,
			  const struct kmq_outline *outlines, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		int err = kmq_outline_check(&outlines[i], queue);

		if (!err)
			err = kmq_slot_load(slots[i], &queue->pool,
					    &outlines[i]);
		if (err)
			return i ? i : err;
	}
	return count;
}

/* One chunk; how many were sent, or an error. */
static int kmq_chunk_send(struct kmq_queue *queue,
			  const struct kmq_message __user *from, u32 count,
			  const struct kmq_patience *patience)
{
	struct kmq_outline outlines[KMQ_BATCH_CHUNK];
	struct kmq_slot *slots[KMQ_BATCH_CHUNK];
	int got, sent;
	u64 sequence;

	got = kmq_outlines_fetch(outlines, from, count);
	if (got < 0)
		return got;
	got = kmq_slots_get(&queue->pool, slots, got);
	if (got < 0)
		return got;
	sent = kmq_slots_load(queue, slots, outlines, got);
	if (sent > 0)
		sent = kmq_send(queue, slots, sent, patience, &sequence);
	if (sent < got)
		kmq_slots_put(&queue->pool, slots + max(sent, 0),
			      got - max(sent, 0));
	return sent;
}

long kmq_ioctl_send_batch(struct file *file, struct kmq_handle *handle,
			  struct kmq_batch __user *arg)
{
	const struct kmq_message __user *from;
	struct kmq_patience patience;
	struct kmq_batch batch;
	u32 done = 0, chunk;
	int sent;

	sent = kmq_batch_fetch(&batch, arg);
	if (sent)
		return sent;
	if (batch.flags & ~KMQ_SEND_FLAGS || batch.select || batch.select_type)
		return -EINVAL;
	from = u64_to_user_ptr(batch.messages);
	patience = kmq_patience_of(file, batch.flags, batch.deadline);
	do {
		chunk = min_t(u32, batch.count - done, KMQ_BATCH_CHUNK);
		sent = kmq_chunk_send(handle->queue, from + done, chunk,
				      &patience);
		if (sent < 0)
			return done ? done : sent;
		done += sent;
		patience.nonblock = true;	/* it slept for the first */
		patience.continued = true;
	} while (sent == chunk && done < batch.count);
	return done;
}

/* Where up to @count messages are to go; how many, or an error. */
static int kmq_rooms_fetch(struct kmq_part *parts,
			   const struct kmq_message __user *to, u32 count)
{
	u32 reserved;
	u64 body;
	int err = -EFAULT;
	u32 i = 0;

	if (!user_read_access_begin(to, count * sizeof(*to)))
		return -EFAULT;
	for (; i < count; i++) {
		unsafe_get_user(body, &to[i].body, fault);
		unsafe_get_user(parts[i].room, &to[i].size, fault);
		unsafe_get_user(reserved, &to[i].reserved, fault);
		parts[i].body = u64_to_user_ptr(body);
		if (reserved) {
			err = -EINVAL;
			break;
		}
	}
fault:
	user_read_access_end();
	return i ? i : err;
}

/*
 * Who sent @part, to the eyes of the caller, and its flags: all that is worked
 * out before the metadata are written in one go. @last: who was before, or zero.
 */
static void kmq_identify(struct kmq_part *part, struct kmq_identity *last)
{
	const struct kmq_slot *slot = part->slot;

	if (last->pid != slot->sender || !uid_eq(last->kuid, slot->uid)) {
		last->pid = slot->sender;
		last->kuid = slot->uid;
		last->pid_nr = pid_vnr(slot->sender);
		last->uid = from_kuid_munged(current_user_ns(), slot->uid);
	}
	part->pid = last->pid_nr;
	part->uid = last->uid;
	part->flags = slot->size > part->room ? KMQ_MESSAGE_TRUNCATED : 0;
	if (slot->is_call)
		part->flags |= KMQ_MESSAGE_CALL;
}

/* The bodies, in order; how many could be copied, or -EFAULT. */
static int kmq_bodies_deliver(struct kmq_part *parts, u32 count)
{
	struct kmq_identity last = {};
	u32 i;

	for (i = 0; i < count; i++) {
		const struct kmq_slot *slot = parts[i].slot;

		if (kmq_slot_copy_out(slot, parts[i].body,
				      min(slot->size, parts[i].room)))
			break;
		kmq_identify(&parts[i], &last);
	}
	return i ? i : -EFAULT;
}

/* What is told of them, in order; how many, or -EFAULT. */
static int kmq_metadata_deliver(struct kmq_message __user *to,
				const struct kmq_part *parts, u32 count)
{
	u32 i = 0;

	if (!user_write_access_begin(to, count * sizeof(*to)))
		return -EFAULT;
	for (; i < count; i++, to++) {
		const struct kmq_slot *slot = parts[i].slot;

		unsafe_put_user(min(slot->size, parts[i].room), &to->size,
				fault);
		unsafe_put_user(slot->size, &to->length, fault);
		unsafe_put_user(parts[i].flags, &to->flags, fault);
		unsafe_put_user(slot->type, &to->type, fault);
		unsafe_put_user(slot->priority, &to->priority, fault);
		/* Who peeks has no lock: the next receiver may write these two. */
		unsafe_put_user(READ_ONCE(slot->redeliveries),
				&to->redeliveries, fault);
		unsafe_put_user(slot->sequence, &to->sequence, fault);
		unsafe_put_user(slot->time, &to->time, fault);
		unsafe_put_user(READ_ONCE(slot->lost), &to->lost, fault);
		unsafe_put_user(parts[i].pid, &to->pid, fault);
		unsafe_put_user(parts[i].uid, &to->uid, fault);
	}
fault:
	user_write_access_end();
	return i ? i : -EFAULT;
}

/* @count messages to the caller; how many reached it whole, or -EFAULT. */
static int kmq_parts_deliver(struct kmq_message __user *to,
			     struct kmq_part *parts, u32 count)
{
	int done = kmq_bodies_deliver(parts, count);

	if (done > 0)
		done = kmq_metadata_deliver(to, parts, done);
	return done;
}

/* The caller has these: leased, or done with. */
static void kmq_parts_finish(struct kmq_handle *handle,
			     const struct kmq_want *want,
			     struct kmq_part *parts, u32 count)
{
	struct kmq_slot *slots[KMQ_BATCH_CHUNK];
	u32 i, n = 0;

	for (i = 0; i < count; i++) {
		struct kmq_slot *slot = parts[i].slot;

		if (want->lease) {
			kmq_trace(lease, handle->queue, slot);
			kmq_lease_keep(&handle->leases, slot);
		} else if (kmq_unseen(slot)) {
			slots[n++] = slot;
		} else {
			kmq_discard_peeked(handle->queue, slot);
		}
	}
	if (n)
		kmq_slots_put(&handle->queue->pool, slots, n);
}

/* One chunk; how many were received, or an error. */
static int kmq_chunk_receive(struct kmq_handle *handle,
			     const struct kmq_want *want,
			     struct kmq_message __user *to, u32 count,
			     const struct kmq_patience *patience)
{
	struct kmq_part parts[KMQ_BATCH_CHUNK];
	int taken, done, i;

	taken = kmq_rooms_fetch(parts, to, count);
	if (taken < 0)
		return taken;
	taken = kmq_receive(handle->queue, want, parts, taken, patience);
	if (taken < 0)
		return taken;
	done = kmq_parts_deliver(to, parts, taken);
	for (i = max(done, 0); i < taken; i++)
		kmq_put_back(handle->queue, parts[i].slot, want->lease);
	if (done > 0)
		kmq_parts_finish(handle, want, parts, done);
	return done;
}

/* A batch of peeks: one hold of the lock, so that it is one instant. */
static int kmq_batch_peek(struct kmq_handle *handle,
			  const struct kmq_want *want,
			  struct kmq_message __user *to, u32 count)
{
	struct kmq_part *parts;
	int seen, done;

	parts = kvmalloc_array(count, sizeof(*parts), GFP_KERNEL_ACCOUNT);
	if (!parts)
		return -ENOMEM;
	done = kmq_rooms_fetch(parts, to, count);
	if (done < 0)
		goto free;
	seen = kmq_peek(handle->queue, want, parts, done);
	done = seen;
	if (seen < 0)
		goto free;
	done = kmq_parts_deliver(to, parts, seen);
	kmq_unpeek(handle->queue, parts, seen);
free:
	kvfree(parts);
	return done;
}

long kmq_ioctl_receive_batch(struct file *file, struct kmq_handle *handle,
			     struct kmq_batch __user *arg)
{
	struct kmq_message __user *to;
	struct kmq_patience patience;
	struct kmq_batch batch;
	struct kmq_want want;
	u32 done = 0, chunk;
	int got;

	got = kmq_batch_fetch(&batch, arg);
	if (!got)
		got = kmq_want_of(handle, batch.flags, batch.select,
				  batch.select_type, &want);
	if (got)
		return got;
	to = u64_to_user_ptr(batch.messages);
	if (batch.flags & KMQ_PEEK)
		return kmq_batch_peek(handle, &want, to, batch.count);
	patience = kmq_patience_of(file, batch.flags, batch.deadline);
	do {
		chunk = min_t(u32, batch.count - done, KMQ_BATCH_CHUNK);
		got = kmq_chunk_receive(handle, &want, to + done, chunk,
					&patience);
		if (got < 0)
			return done ? done : got;
		done += got;
		patience.nonblock = true;	/* it slept for the first */
	} while (got == chunk && done < batch.count);
	return done;
}
