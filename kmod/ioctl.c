// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of a queue: one switch, and one silhouette for every handler:
 * copy in, check, call, copy out. Reserved fields and unknown flags are refused
 * before any work.
 */
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/kmq_ring.h>
#include <asm/ioctls.h>

#include "batch.h"
#include "create.h"
#include "file.h"
#include "ioctl.h"
#include "notify.h"
#include "registry.h"
#include "short.h"
#include "stats.h"
#include "trace.h"

#define KMQ_RECEIVE_FLAGS (KMQ_DONTWAIT | KMQ_TRUNCATE | KMQ_PEEK | KMQ_LEASE)
#define KMQ_CALL_FLAGS (KMQ_DONTWAIT | KMQ_TRUNCATE)

bool kmq_selection_valid(u32 select, s64 type)
{
	switch (select) {
	case KMQ_SELECT_FILTER:
	case KMQ_SELECT_ANY:
		return !type;
	case KMQ_SELECT_EQUAL:
	case KMQ_SELECT_NOT_EQUAL:
	case KMQ_SELECT_LOWEST:
		return type > 0;
	default:
		return false;
	}
}

/* KMQ_SELECT_FILTER stands for @filter. */
static struct kmq_selection kmq_selection_of(u32 select, s64 type,
					     struct kmq_selection filter)
{
	struct kmq_selection selection = { .mode = select, .type = type };

	return select == KMQ_SELECT_FILTER ? filter : selection;
}

static const struct kmq_selection kmq_any = { .mode = KMQ_SELECT_ANY };

struct kmq_patience kmq_patience_of(const struct file *file, u32 flags,
				    u64 deadline)
{
	return (struct kmq_patience) {
		.deadline = deadline,
		.nonblock = flags & KMQ_DONTWAIT ||
			    file->f_flags & O_NONBLOCK,
	};
}

/* What both a single receive and a batch say about themselves. */
int kmq_want_of(struct kmq_handle *handle, u32 flags, u32 select,
		       s64 type, struct kmq_want *want)
{
	if (flags & ~KMQ_RECEIVE_FLAGS ||
	    (flags & KMQ_PEEK && flags & KMQ_LEASE) ||
	    !kmq_selection_valid(select, type))
		return -EINVAL;
	want->selection = kmq_selection_of(select, type,
					   kmq_handle_filter(handle));
	want->truncate = flags & KMQ_TRUNCATE;
	want->lease = flags & KMQ_LEASE;
	want->metadata = !(flags & KMQ_PEEK);
	return 0;
}

/* A slot for the message that @message describes, its body copied in. */
static struct kmq_slot *kmq_slot_from(struct kmq_queue *queue,
				      const struct kmq_message *message)
{
	struct kmq_slot *slot;
	int err;

	if (message->flags || message->reserved || message->type < 1 ||
	    message->priority > KMQ_PRIORITY_MAX)
		return ERR_PTR(-EINVAL);
	if (message->size > queue->max_message)
		return ERR_PTR(-EMSGSIZE);
	slot = kmq_slot_get(&queue->pool, message->size);
	if (IS_ERR(slot))
		return slot;
	slot->type = message->type;
	slot->priority = message->priority;
	err = kmq_slot_copy_in(slot, u64_to_user_ptr(message->body));
	if (!err)
		return slot;
	kmq_slot_put(&queue->pool, slot);
	return ERR_PTR(err);
}

/*
 * What the kernel knows of @slot, as seen by the caller. While it is only
 * peeked at, another may take it and change what READ_ONCE() reads.
 */
static void kmq_describe(struct kmq_message *message,
			 const struct kmq_slot *slot, u32 room)
{
	message->size = min(slot->size, room);
	message->length = slot->size;
	message->flags = slot->size > room ? KMQ_MESSAGE_TRUNCATED : 0;
	if (slot->is_call)
		message->flags |= KMQ_MESSAGE_CALL;
	message->type = slot->type;
	message->priority = slot->priority;
	/* Who peeks has no lock: the next receiver may write this, and @lost. */
	message->redeliveries = READ_ONCE(slot->redeliveries);
	message->sequence = slot->sequence;
	message->time = slot->time;
	message->lost = READ_ONCE(slot->lost);
	message->pid = pid_vnr(slot->sender);
	message->uid = from_kuid_munged(current_user_ns(), slot->uid);
	message->reserved = 0;
}

/* Body and metadata of @part to the caller. */
static int kmq_deliver(const struct kmq_part *part,
		       struct kmq_message __user *to)
{
	const struct kmq_slot *slot = part->slot;
	struct kmq_message message;
	int err;

	err = kmq_slot_copy_out(slot, part->body, min(slot->size, part->room));
	if (err)
		return err;
	message.body = (uintptr_t)part->body;
	kmq_describe(&message, slot, part->room);
	return kmq_copy_out(to, &message, sizeof(message));
}

/* The caller has @slot. */
static void kmq_delivered(struct kmq_handle *handle,
			  const struct kmq_want *want, struct kmq_slot *slot)
{
	if (want->lease) {
		kmq_trace(lease, handle->queue, slot);
		kmq_lease_keep(&handle->leases, slot);
	} else {
		kmq_discard(handle->queue, slot);
	}
}

/*
 * What kmq_ioctl_check() asks of every command, for the two that would not have
 * it looked up: 0, -EBADF, -EIDRM.
 */
static inline int kmq_ioctl_check_short(const struct file *file,
					const struct kmq_queue *queue,
					fmode_t mode)
{
	if (unlikely(!(file->f_mode & mode)))
		return -EBADF;
	/* Not a lock, likewise. */
	return unlikely(READ_ONCE(queue->removed)) ? -EIDRM : 0;
}

/* A function of its own, as kmq_ioctl_take(): see kmq_ioctl(). */
static noinline long kmq_ioctl_put(struct file *file,
				   const struct kmq_short __user *arg)
{
	struct kmq_handle *handle = file->private_data;
	struct kmq_queue *queue = handle->queue;
	int fault;
	const struct kmq_short message = kmq_short_fetch(arg, &fault);
	int err = kmq_ioctl_check_short(file, queue, FMODE_WRITE) ?: fault;

	if (unlikely(err))
		return err;
	if (unlikely(message.id))
		return -EINVAL;
	return kmq_short_put(queue, &message, file->f_flags & O_NONBLOCK, NULL);
}

static noinline long kmq_ioctl_take(struct file *file,
				    const struct kmq_short __user *arg)
{
	struct kmq_handle *handle = file->private_data;
	struct kmq_queue *queue = handle->queue;
	int fault;
	struct kmq_short message = kmq_short_fetch(arg, &fault);
	int err = kmq_ioctl_check_short(file, queue, FMODE_READ) ?: fault;

	if (unlikely(err))
		return err;
	if (unlikely(message.id))
		return -EINVAL;
	/* Invalid with a type, which is left to be found there. */
	if (message.select == KMQ_SELECT_FILTER && !message.type) {
		const struct kmq_selection filter = kmq_handle_filter(handle);

		message.select = filter.mode;
		message.type = filter.type;
	}
	return kmq_short_take(queue, &message, file->f_flags & O_NONBLOCK);
}

static long kmq_ioctl_send(struct file *file, struct kmq_handle *handle,
			   struct kmq_transfer __user *arg)
{
	struct kmq_patience patience;
	struct kmq_transfer transfer;
	struct kmq_slot *slot;
	u64 sequence;
	int sent;

	if (kmq_copy_in(&transfer, arg, sizeof(transfer)))
		return -EFAULT;
	if (transfer.flags & ~KMQ_SEND_FLAGS || transfer.select ||
	    transfer.select_type)
		return -EINVAL;
	/* Found out now, a bad address cannot make the caller send twice. */
	if (put_user(0, &arg->message.sequence))
		return -EFAULT;
	slot = kmq_slot_from(handle->queue, &transfer.message);
	if (IS_ERR(slot))
		return PTR_ERR(slot);
	patience = kmq_patience_of(file, transfer.flags, transfer.deadline);
	sent = kmq_send(handle->queue, &slot, 1, &patience, &sequence);
	if (sent < 0) {
		kmq_slot_put(&handle->queue->pool, slot);
		return sent;
	}
	/* Sent is sent: if this page has gone since, only the number is lost. */
	put_user(sequence, &arg->message.sequence);
	return 0;
}

static int kmq_peek_one(struct kmq_handle *handle, const struct kmq_want *want,
			struct kmq_part *part, struct kmq_message __user *to)
{
	int err = kmq_peek(handle->queue, want, part, 1);

	if (err < 0)
		return err;
	err = kmq_deliver(part, to);
	kmq_unpeek(handle->queue, part, 1);
	return err;
}

static long kmq_ioctl_receive(struct file *file, struct kmq_handle *handle,
			      struct kmq_transfer __user *arg)
{
	struct kmq_patience patience;
	struct kmq_transfer transfer;
	struct kmq_part part = {};
	struct kmq_want want;
	int err;

	if (kmq_copy_in(&transfer, arg, sizeof(transfer)))
		return -EFAULT;
	if (transfer.message.reserved)
		return -EINVAL;
	err = kmq_want_of(handle, transfer.flags, transfer.select,
			  transfer.select_type, &want);
	if (err)
		return err;
	part.body = u64_to_user_ptr(transfer.message.body);
	part.room = transfer.message.size;
	if (transfer.flags & KMQ_PEEK)
		return kmq_peek_one(handle, &want, &part, &arg->message);
	patience = kmq_patience_of(file, transfer.flags, transfer.deadline);
	err = kmq_receive(handle->queue, &want, &part, 1, &patience);
	if (err < 0)
		return err;
	err = kmq_deliver(&part, &arg->message);
	if (err)
		kmq_put_back(handle->queue, part.slot, want.lease);
	else
		kmq_delivered(handle, &want, part.slot);
	return err;
}

static int kmq_settle_fetch(struct kmq_settle *settle,
			    const struct kmq_settle __user *arg)
{
	if (copy_from_user(settle, arg, sizeof(*settle)))
		return -EFAULT;
	return settle->flags || settle->reserved ? -EINVAL : 0;
}

static long kmq_ioctl_ack(struct file *file, struct kmq_handle *handle,
			  struct kmq_settle __user *arg)
{
	struct kmq_settle settle;
	int err = kmq_settle_fetch(&settle, arg);

	if (err)
		return err;
	return kmq_lease_ack(&handle->leases, handle->queue, settle.sequence);
}

static long kmq_ioctl_nack(struct file *file, struct kmq_handle *handle,
			   struct kmq_settle __user *arg)
{
	struct kmq_settle settle;
	int err = kmq_settle_fetch(&settle, arg);

	if (err)
		return err;
	return kmq_lease_nack(&handle->leases, handle->queue, settle.sequence);
}

/* True if all pages of @size bytes at @to can be written; leaves them alone. */
static bool kmq_writeable(u8 __user *to, size_t size)
{
	u8 __user *end = to + size;
	u8 byte;

	while (to < end) {
		if (get_user(byte, to) || put_user(byte, to))
			return false;
		to = (u8 __user *)(((uintptr_t)to | ~PAGE_MASK) + 1);
	}
	return true;
}

/*
 * Once asked, a reply that has nowhere to go is lost: find out before. The
 * bytes are written as they were, since the request may yet be refused, and
 * the call restarted; they are the call's until it returns.
 */
static bool kmq_reply_fits(const struct kmq_call *call,
			   const struct kmq_queue *queue,
			   struct kmq_call __user *arg)
{
	u32 room = min(call->reply.size, queue->max_message);
	u8 __user *body = u64_to_user_ptr(call->reply.body);

	return access_ok(body, room) && kmq_writeable(body, room) &&
	       kmq_writeable((u8 __user *)arg, sizeof(*arg));
}

static long kmq_ioctl_call(struct file *file, struct kmq_handle *handle,
			   struct kmq_call __user *arg)
{
	struct kmq_queue *queue = handle->queue;
	struct kmq_patience patience;
	struct kmq_slot *request;
	struct kmq_part part = {};
	struct kmq_call call;
	u64 sequence;
	int err;

	if (kmq_copy_in(&call, arg, sizeof(call)))
		return -EFAULT;
	if (call.flags & ~KMQ_CALL_FLAGS || call.reserved ||
	    call.reply.reserved)
		return -EINVAL;
	request = kmq_slot_from(queue, &call.request);
	if (IS_ERR(request))
		return PTR_ERR(request);
	part.body = u64_to_user_ptr(call.reply.body);
	part.room = call.reply.size;
	if (!kmq_reply_fits(&call, queue, arg)) {
		kmq_slot_put(&queue->pool, request);
		return -EFAULT;
	}
	patience = kmq_patience_of(file, call.flags, call.deadline);
	err = kmq_call(queue, request, &patience, part.room,
		       call.flags & KMQ_TRUNCATE, &sequence, &part.slot);
	if (err)
		return err;
	err = kmq_deliver(&part, &arg->reply);
	if (!err)
		err = put_user(sequence, &arg->request.sequence);
	kmq_discard(queue, part.slot);
	return err;
}

static long kmq_ioctl_reply(struct file *file, struct kmq_handle *handle,
			    struct kmq_transfer __user *arg)
{
	struct kmq_transfer transfer;
	struct kmq_slot *slot;
	int err;

	if (kmq_copy_in(&transfer, arg, sizeof(transfer)))
		return -EFAULT;
	if (transfer.flags || transfer.select || transfer.select_type ||
	    transfer.deadline)
		return -EINVAL;
	slot = kmq_slot_from(handle->queue, &transfer.message);
	if (IS_ERR(slot))
		return PTR_ERR(slot);
	err = kmq_reply(handle->queue, transfer.message.sequence, slot);
	if (err)
		kmq_slot_put(&handle->queue->pool, slot);
	return err;
}

static long kmq_ioctl_info(struct file *file, struct kmq_handle *handle,
			   struct kmq_info __user *arg)
{
	struct kmq_info info;

	kmq_stats_fill(handle->queue, &info);
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long kmq_ioctl_purge(struct file *file, struct kmq_handle *handle,
			    struct kmq_purge __user *arg)
{
	struct kmq_selection selection;
	struct kmq_purge purge;

	if (copy_from_user(&purge, arg, sizeof(purge)))
		return -EFAULT;
	if (purge.flags || !kmq_selection_valid(purge.select,
						purge.select_type))
		return -EINVAL;
	if (put_user(0, &arg->purged))
		return -EFAULT;
	selection = kmq_selection_of(purge.select, purge.select_type, kmq_any);
	/* As for a send: what is done is done. */
	put_user(kmq_purge(handle->queue, &selection), &arg->purged);
	return 0;
}

static long kmq_ioctl_resize(struct file *file, struct kmq_handle *handle,
			     struct kmq_resize __user *arg)
{
	struct kmq_change change = {};
	struct kmq_resize resize;
	struct kmq_fault fault;
	bool exact;
	int err;

	if (copy_from_user(&resize, arg, sizeof(resize)))
		return -EFAULT;
	exact = resize.flags & KMQ_RESIZE_EXACT;
	if (resize.flags & ~KMQ_RESIZE_EXACT || resize.reserved[0] || resize.reserved[1] ||
	    resize.capacity > KMQ_CAPACITY_MAX ||
	    resize.byte_limit > KMQ_BYTE_LIMIT_MAX)
		return -EINVAL;
	if (!exact && resize.byte_limit &&
	    resize.byte_limit < handle->queue->max_message)
		return -EINVAL;
	change.capacity = resize.capacity;
	change.byte_limit = resize.byte_limit;
	if (exact)
		change.what |= KMQ_CHANGE_EXACT;
	if (exact || resize.capacity)
		change.what |= KMQ_CHANGE_CAPACITY;
	if (exact || resize.byte_limit)
		change.what |= KMQ_CHANGE_BYTE_LIMIT;
	/* Given away between the judgement and the lock: judged anew. */
	do {
		change.judged_uid = READ_ONCE(handle->queue->uid);
		change.judged_gid = READ_ONCE(handle->queue->gid);
		if (!kmq_owner_is_served(handle->queue, change.judged_uid))
			return -EPERM;
		err = kmq_registry_set(handle->queue, &change, &fault);
	} while (err == -ESTALE);
	return err;
}

static long kmq_ioctl_set_descriptor(struct file *file,
				     struct kmq_handle *handle,
				     struct kmq_descriptor __user *arg)
{
	struct kmq_selection selection;
	struct kmq_descriptor set;

	if (copy_from_user(&set, arg, sizeof(set)))
		return -EFAULT;
	if (set.flags & ~KMQ_DESCRIPTOR_TRUNCATE || set.last_size ||
	    set.leases || set.reserved[0] || set.reserved[1] ||
	    !kmq_selection_valid(set.select, set.select_type))
		return -EINVAL;
	selection = kmq_selection_of(set.select, set.select_type, kmq_any);
	WRITE_ONCE(handle->truncate, set.flags & KMQ_DESCRIPTOR_TRUNCATE);
	kmq_set_filter(handle->queue, &handle->filter, &selection);
	return 0;
}

static long kmq_ioctl_get_descriptor(struct file *file,
				     struct kmq_handle *handle,
				     struct kmq_descriptor __user *arg)
{
	struct kmq_selection filter = kmq_handle_filter(handle);
	struct kmq_descriptor get = {
		.select = filter.mode,
		.select_type = filter.type,
		.last_size = READ_ONCE(handle->last_size),
		.leases = READ_ONCE(handle->leases.count),
	};

	if (READ_ONCE(handle->truncate))
		get.flags |= KMQ_DESCRIPTOR_TRUNCATE;
	return copy_to_user(arg, &get, sizeof(get)) ? -EFAULT : 0;
}

/* FIONREAD: as for a datagram socket, the length of the next message. */
static long kmq_ioctl_fionread(struct file *file, struct kmq_handle *handle,
			       int __user *arg)
{
	const struct kmq_want want = {
		.selection = kmq_handle_filter(handle),
		.truncate = true,
	};
	struct kmq_part part = {};
	int size = 0;
	int seen = kmq_peek(handle->queue, &want, &part, 1);

	if (seen > 0) {
		size = part.slot->size;
		kmq_unpeek(handle->queue, &part, 1);
	} else if (seen != -EAGAIN) {
		return seen;
	}
	return put_user(size, arg);
}

/* The modes that a command needs of its descriptor; -1: there is no such. */
static int kmq_ioctl_mode(unsigned int cmd)
{
	switch (cmd) {
	case KMQ_IOC_SEND:
	case KMQ_IOC_SEND_BATCH:
	case KMQ_IOC_PUT:
		return (__force int)FMODE_WRITE;
	case KMQ_IOC_RECEIVE:
	case KMQ_IOC_RECEIVE_BATCH:
	case KMQ_IOC_TAKE:
	case KMQ_IOC_ACK:
	case KMQ_IOC_NACK:
	case KMQ_IOC_REPLY:
	case KMQ_IOC_PURGE:
	case FIONREAD:
		return (__force int)FMODE_READ;
	case KMQ_IOC_CALL:
		return (__force int)(FMODE_READ | FMODE_WRITE);
	case KMQ_IOC_INFO:
	case KMQ_IOC_RESIZE:
	case KMQ_IOC_NOTIFY:
	case KMQ_IOC_SET_DESCRIPTOR:
	case KMQ_IOC_GET_DESCRIPTOR:
	case KMQ_IOC_RING_ATTACH:	/* it depends on what for */
		return 0;
	default:
		return -1;
	}
}

/**
 * kmq_ioctl_check() - what every command of a queue needs, of either kind
 * @file: of the queue
 * @queue: of @file
 * @cmd: of the caller
 *
 * Context: does not sleep.
 * Return: 0, -ENOTTY, -EBADF, -EIDRM.
 */
int kmq_ioctl_check(const struct file *file, const struct kmq_queue *queue,
		    unsigned int cmd)
{
	int mode = kmq_ioctl_mode(cmd);

	if (mode < 0)
		return -ENOTTY;
	if (((__force int)file->f_mode & mode) != mode)
		return -EBADF;
	/* Not a lock: those who must not miss it look again under theirs. */
	if (!READ_ONCE(queue->removed) || cmd == KMQ_IOC_GET_DESCRIPTOR)
		return 0;
	/* An outcome is still to be had: kmq_notify_ioctl() looks itself. */
	if (cmd == KMQ_IOC_NOTIFY && !queue->ring)
		return 0;
	return -EIDRM;
}

/* All but PUT and TAKE. */
static noinline long kmq_ioctl_other(struct file *file, unsigned int cmd,
				     void __user *arg)
{
	struct kmq_handle *handle = file->private_data;
	int err = kmq_ioctl_check(file, handle->queue, cmd);

	if (err)
		return err;

	switch (cmd) {
	case KMQ_IOC_SEND:
		return kmq_ioctl_send(file, handle, arg);
	case KMQ_IOC_RECEIVE:
		return kmq_ioctl_receive(file, handle, arg);
	case KMQ_IOC_SEND_BATCH:
		return kmq_ioctl_send_batch(file, handle, arg);
	case KMQ_IOC_RECEIVE_BATCH:
		return kmq_ioctl_receive_batch(file, handle, arg);
	case KMQ_IOC_ACK:
		return kmq_ioctl_ack(file, handle, arg);
	case KMQ_IOC_NACK:
		return kmq_ioctl_nack(file, handle, arg);
	case KMQ_IOC_CALL:
		return kmq_ioctl_call(file, handle, arg);
	case KMQ_IOC_REPLY:
		return kmq_ioctl_reply(file, handle, arg);
	case KMQ_IOC_INFO:
		return kmq_ioctl_info(file, handle, arg);
	case KMQ_IOC_PURGE:
		return kmq_ioctl_purge(file, handle, arg);
	case KMQ_IOC_RESIZE:
		return kmq_ioctl_resize(file, handle, arg);
	case KMQ_IOC_NOTIFY:
		return kmq_notify_ioctl(handle->queue, arg);
	case KMQ_IOC_SET_DESCRIPTOR:
		return kmq_ioctl_set_descriptor(file, handle, arg);
	case KMQ_IOC_GET_DESCRIPTOR:
		return kmq_ioctl_get_descriptor(file, handle, arg);
	case FIONREAD:
		return kmq_ioctl_fionread(file, handle, arg);
	case KMQ_IOC_RING_ATTACH:
		return -ENODEV;
	default:
		return -ENOTTY;
	}
}

/**
 * kmq_ioctl() - the commands of a queue
 * @file: of the queue
 * @cmd: KMQ_IOC_* or FIONREAD
 * @arg: user pointer to the struct of @cmd
 *
 * The same for 32 and 64 bit callers: the structs have one layout. PUT and TAKE
 * are called to be quick: they come before the switch, and do not save the
 * registers and set up the stack that the other commands need.
 *
 * Context: may sleep.
 * Return: 0, a count, or an error as <linux/kmq.h> says.
 */
long kmq_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	if (cmd == KMQ_IOC_PUT)
		return kmq_ioctl_put(file, user);
	if (cmd == KMQ_IOC_TAKE)
		return kmq_ioctl_take(file, user);
	return kmq_ioctl_other(file, cmd, user);
}
