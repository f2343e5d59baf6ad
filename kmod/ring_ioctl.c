// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of a queue that has a ring: those of ioctl.c that a ring can do,
 * with the same checks first. What is valid and asks for what a ring does not have
 * (a type, a priority, a selection, a lease) is EOPNOTSUPP.
 */
#include <linux/uaccess.h>
#include <asm/ioctls.h>

#include "attachment.h"
#include "ioctl.h"
#include "message.h"
#include "ring_file.h"
#include "short.h"
#include "stats.h"

/* Of a batch: bounds the stack and the time that a door is held. */
#define KMQ_RING_CHUNK 16

/* As they are valid for a queue of messages. */
#define KMQ_RECEIVE_FLAGS (KMQ_DONTWAIT | KMQ_TRUNCATE | KMQ_PEEK | KMQ_LEASE)

/* Of a single receive, a batch, a purge and a filter. */
static int kmq_ring_check_select(u32 select, s64 type)
{
	if (!kmq_selection_valid(select, type))
		return -EINVAL;
	return select > KMQ_SELECT_ANY ? -EOPNOTSUPP : 0;
}

static int kmq_ring_check_receive(u32 flags, u32 select, s64 type)
{
	if (flags & ~KMQ_RECEIVE_FLAGS ||
	    (flags & KMQ_PEEK && flags & KMQ_LEASE) ||
	    !kmq_selection_valid(select, type))
		return -EINVAL;
	if (flags & (KMQ_PEEK | KMQ_LEASE))
		return -EOPNOTSUPP;
	return kmq_ring_check_select(select, type);
}

/* A message to be sent, as a record. */
static int kmq_ring_source(const struct kmq_ring *ring,
			   const struct kmq_message *message,
			   struct kmq_source *source)
{
	if (message->flags || message->reserved || message->type < 1 ||
	    message->priority > KMQ_PRIORITY_MAX)
		return -EINVAL;
	if (message->type != 1 || message->priority)
		return -EOPNOTSUPP;
	if (message->size > ring->words.max_message)
		return -EMSGSIZE;
	*source = (struct kmq_source){
		.body = u64_to_user_ptr(message->body),
		.size = message->size,
	};
	return 0;
}

static long kmq_ring_ioctl_send(struct file *file,
				struct kmq_ring_handle *handle,
				struct kmq_transfer __user *arg)
{
	struct kmq_patience patience;
	struct kmq_transfer transfer;
	struct kmq_source source;
	int err;

	if (kmq_copy_in(&transfer, arg, sizeof(transfer)))
		return -EFAULT;
	if (transfer.flags & ~KMQ_SEND_FLAGS || transfer.select ||
	    transfer.select_type)
		return -EINVAL;
	err = kmq_ring_source(handle->ring, &transfer.message, &source);
	if (err)
		return err;
	/* Found out now, a bad address cannot make the caller send twice. */
	if (put_user(0, &arg->message.sequence))
		return -EFAULT;
	patience = kmq_patience_of(file, transfer.flags, transfer.deadline);
	err = kmq_ring_send(handle, &source, 1, &patience);
	if (err < 0)
		return err;
	/* Sent is sent: if this page has gone since, only the number is lost. */
	put_user(source.sequence, &arg->message.sequence);
	return 0;
}

static long kmq_ring_ioctl_receive(struct file *file,
				   struct kmq_ring_handle *handle,
				   struct kmq_transfer __user *arg)
{
	struct kmq_patience patience;
	struct kmq_transfer transfer;
	struct kmq_sink sink;
	int err;

	if (kmq_copy_in(&transfer, arg, sizeof(transfer)))
		return -EFAULT;
	if (transfer.message.reserved)
		return -EINVAL;
	err = kmq_ring_check_receive(transfer.flags, transfer.select,
				     transfer.select_type);
	if (err)
		return err;
	sink = (struct kmq_sink){
		.body = u64_to_user_ptr(transfer.message.body),
		.message = &arg->message,
		.room = transfer.message.size,
		.truncate = transfer.flags & KMQ_TRUNCATE,
	};
	patience = kmq_patience_of(file, transfer.flags, transfer.deadline);
	err = kmq_ring_receive(handle, &sink, 1, &patience);
	return err < 0 ? err : 0;
}

static long kmq_ring_ioctl_put(struct file *file,
			       struct kmq_ring_handle *handle,
			       const struct kmq_short __user *arg)
{
	struct kmq_patience patience;
	struct kmq_source source;
	int err;
	const struct kmq_short put = kmq_short_fetch(arg, &err);

	if (err)
		return err;
	if (put.id || !kmq_short_put_valid(&put))
		return -EINVAL;
	if (put.flags & KMQ_HEADS || put.type != 1 || put.priority)
		return -EOPNOTSUPP;
	if (put.size > handle->ring->words.max_message)
		return -EMSGSIZE;
	source = (struct kmq_source){
		.body = u64_to_user_ptr(put.body),
		.size = put.size,
	};
	patience = kmq_short_patience(&put, file->f_flags & O_NONBLOCK);
	err = kmq_ring_send(handle, &source, 1, &patience);
	return err < 0 ? kmq_short_error(&put, err) : 0;
}

static long kmq_ring_ioctl_take(struct file *file,
				struct kmq_ring_handle *handle,
				const struct kmq_short __user *arg)
{
	struct kmq_patience patience;
	u32 __user *priority;
	struct kmq_sink sink;
	int err;
	const struct kmq_short take = kmq_short_fetch(arg, &err);

	if (err)
		return err;
	if (take.id || !kmq_short_take_valid(&take))
		return -EINVAL;
	if (take.flags & (KMQ_HEADS | KMQ_PEEK) || take.select > KMQ_SELECT_ANY)
		return -EOPNOTSUPP;
	if (take.flags & KMQ_WHOLE_ROOM &&
	    take.size < handle->ring->words.max_message)
		return -EMSGSIZE;
	priority = u64_to_user_ptr(take.priority);
	/* Known before, and a record that was claimed cannot go back. */
	if (priority && put_user(0, priority))
		return -EFAULT;
	sink = (struct kmq_sink){
		.body = u64_to_user_ptr(take.body),
		.room = take.size,
		.truncate = take.flags & KMQ_TRUNCATE,
	};
	patience = kmq_short_patience(&take, file->f_flags & O_NONBLOCK);
	err = kmq_ring_receive(handle, &sink, 1, &patience);
	return err < 0 ? kmq_short_error(&take, err) :
			 min(sink.size, sink.room);
}

/* What a batch says about itself, both ways. */
static int kmq_ring_fetch_batch(struct kmq_batch *batch,
				const struct kmq_batch __user *arg)
{
	if (kmq_copy_in(batch, arg, sizeof(*batch)))
		return -EFAULT;
	if (batch->reserved || !batch->count || batch->count > KMQ_BATCH_MAX)
		return -EINVAL;
	return 0;
}

/* Up to @count; how many, or what is wrong with the first. */
static int kmq_ring_fetch_sources(const struct kmq_ring *ring,
				  struct kmq_source *sources,
				  const struct kmq_message __user *from,
				  u32 count)
{
	struct kmq_message message;
	u32 i;

	for (i = 0; i < count; i++) {
		int err = kmq_copy_in(&message, &from[i], sizeof(message));

		if (!err)
			err = kmq_ring_source(ring, &message, &sources[i]);
		if (err)
			return i ? i : err;
	}
	return count;
}

static int kmq_ring_fetch_sinks(struct kmq_sink *sinks,
				struct kmq_message __user *to, u32 count,
				bool truncate)
{
	struct kmq_message message;
	u32 i;

	for (i = 0; i < count; i++) {
		int err = kmq_copy_in(&message, &to[i], sizeof(message));

		if (!err && message.reserved)
			err = -EINVAL;
		if (err)
			return i ? i : err;
		sinks[i] = (struct kmq_sink){
			.body = u64_to_user_ptr(message.body),
			.message = &to[i],
			.room = message.size,
			.truncate = truncate,
		};
	}
	return count;
}

static int kmq_ring_send_chunk(struct kmq_ring_handle *handle,
			       const struct kmq_batch *batch, u32 done,
			       u32 count, const struct kmq_patience *patience)
{
	const struct kmq_message __user *from = u64_to_user_ptr(batch->messages);
	struct kmq_source sources[KMQ_RING_CHUNK];
	int got;

	got = kmq_ring_fetch_sources(handle->ring, sources, from + done, count);
	return got < 0 ? got : kmq_ring_send(handle, sources, got, patience);
}

static int kmq_ring_receive_chunk(struct kmq_ring_handle *handle,
				  const struct kmq_batch *batch, u32 done,
				  u32 count,
				  const struct kmq_patience *patience)
{
	struct kmq_message __user *to = u64_to_user_ptr(batch->messages);
	struct kmq_sink sinks[KMQ_RING_CHUNK];
	int got;

	got = kmq_ring_fetch_sinks(sinks, to + done, count,
				   batch->flags & KMQ_TRUNCATE);
	return got < 0 ? got : kmq_ring_receive(handle, sinks, got, patience);
}

typedef int kmq_ring_chunk(struct kmq_ring_handle *handle,
			   const struct kmq_batch *batch, u32 done, u32 count,
			   const struct kmq_patience *patience);

/* Chunk by chunk, until one is not whole. */
static long kmq_ring_batch(struct file *file, struct kmq_ring_handle *handle,
			   const struct kmq_batch *batch, kmq_ring_chunk *move)
{
	struct kmq_patience patience;
	u32 done = 0, count;
	int moved;

	patience = kmq_patience_of(file, batch->flags, batch->deadline);
	do {
		count = min_t(u32, batch->count - done, KMQ_RING_CHUNK);
		moved = move(handle, batch, done, count, &patience);
		if (moved < 0)
			return done ? done : moved;
		done += moved;
		patience.nonblock = true;	/* it slept for the first */
		patience.continued = true;
	} while (moved == count && done < batch->count);
	return done;
}

static long kmq_ring_ioctl_send_batch(struct file *file,
				      struct kmq_ring_handle *handle,
				      struct kmq_batch __user *arg)
{
	struct kmq_batch batch;
	int err = kmq_ring_fetch_batch(&batch, arg);

	if (err)
		return err;
	if (batch.flags & ~KMQ_SEND_FLAGS || batch.select || batch.select_type)
		return -EINVAL;
	return kmq_ring_batch(file, handle, &batch, kmq_ring_send_chunk);
}

static long kmq_ring_ioctl_receive_batch(struct file *file,
					 struct kmq_ring_handle *handle,
					 struct kmq_batch __user *arg)
{
	struct kmq_batch batch;
	int err = kmq_ring_fetch_batch(&batch, arg);

	if (!err)
		err = kmq_ring_check_receive(batch.flags, batch.select,
					     batch.select_type);
	if (err)
		return err;
	return kmq_ring_batch(file, handle, &batch, kmq_ring_receive_chunk);
}

static long kmq_ring_ioctl_info(struct kmq_ring_handle *handle,
				struct kmq_info __user *arg)
{
	struct kmq_info info;

	kmq_stats_fill(handle->queue, &info);
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long kmq_ring_ioctl_purge(struct kmq_ring_handle *handle,
				 struct kmq_purge __user *arg)
{
	struct kmq_purge purge;
	u64 purged;
	int err;

	if (copy_from_user(&purge, arg, sizeof(purge)))
		return -EFAULT;
	if (purge.flags)
		return -EINVAL;
	err = kmq_ring_check_select(purge.select, purge.select_type);
	if (err)
		return err;
	if (put_user(0, &arg->purged))
		return -EFAULT;
	err = kmq_ring_purge(handle, &purged);
	/* As for a send: what is done is done. */
	if (!err)
		put_user(purged, &arg->purged);
	return err;
}

static long kmq_ring_ioctl_set(struct kmq_ring_handle *handle,
			       struct kmq_descriptor __user *arg)
{
	struct kmq_descriptor set;
	int err;

	if (copy_from_user(&set, arg, sizeof(set)))
		return -EFAULT;
	if (set.flags & ~KMQ_DESCRIPTOR_TRUNCATE || set.last_size ||
	    set.leases || set.reserved[0] || set.reserved[1])
		return -EINVAL;
	err = kmq_ring_check_select(set.select, set.select_type);
	if (err)
		return err;
	WRITE_ONCE(handle->truncate, set.flags & KMQ_DESCRIPTOR_TRUNCATE);
	return 0;
}

static long kmq_ring_ioctl_get(struct kmq_ring_handle *handle,
			       struct kmq_descriptor __user *arg)
{
	struct kmq_descriptor get = {
		.select = KMQ_SELECT_ANY,
		.last_size = READ_ONCE(handle->last_size),
	};

	if (READ_ONCE(handle->truncate))
		get.flags |= KMQ_DESCRIPTOR_TRUNCATE;
	return copy_to_user(arg, &get, sizeof(get)) ? -EFAULT : 0;
}

/* FIONREAD: as for a datagram socket, the length of the next record. */
static long kmq_ring_ioctl_fionread(struct kmq_ring_handle *handle,
				    int __user *arg)
{
	u32 size = 0;
	int err = kmq_ring_peek(handle, &size);

	if (err == -EAGAIN)
		size = 0;
	else if (err)
		return err;
	return put_user((int)size, arg);
}

/**
 * kmq_ring_ioctl() - the commands of a queue that has a ring
 * @file: of the queue
 * @cmd: KMQ_IOC_* or FIONREAD
 * @arg: user pointer to the struct of @cmd
 *
 * The same for 32 and 64 bit callers: the structs have one layout.
 *
 * Context: may sleep.
 * Return: 0, a count, a descriptor, or an error as <linux/kmq.h> says.
 */
long kmq_ring_ioctl(struct file *file, unsigned int cmd, void __user *arg)
{
	struct kmq_ring_handle *handle = file->private_data;
	int err = kmq_ioctl_check(file, handle->queue, cmd);

	if (err)
		return err;

	switch (cmd) {
	case KMQ_IOC_SEND:
		return kmq_ring_ioctl_send(file, handle, arg);
	case KMQ_IOC_RECEIVE:
		return kmq_ring_ioctl_receive(file, handle, arg);
	case KMQ_IOC_PUT:
		return kmq_ring_ioctl_put(file, handle, arg);
	case KMQ_IOC_TAKE:
		return kmq_ring_ioctl_take(file, handle, arg);
	case KMQ_IOC_SEND_BATCH:
		return kmq_ring_ioctl_send_batch(file, handle, arg);
	case KMQ_IOC_RECEIVE_BATCH:
		return kmq_ring_ioctl_receive_batch(file, handle, arg);
	case KMQ_IOC_INFO:
		return kmq_ring_ioctl_info(handle, arg);
	case KMQ_IOC_PURGE:
		return kmq_ring_ioctl_purge(handle, arg);
	case KMQ_IOC_SET_DESCRIPTOR:
		return kmq_ring_ioctl_set(handle, arg);
	case KMQ_IOC_GET_DESCRIPTOR:
		return kmq_ring_ioctl_get(handle, arg);
	case FIONREAD:
		return kmq_ring_ioctl_fionread(handle, arg);
	case KMQ_IOC_RING_ATTACH:
		return kmq_attach(file, handle->queue, arg);
	default:
		return -EOPNOTSUPP;
	}
}
