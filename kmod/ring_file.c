// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file operations of a queue that has a ring: copy, check, call. A record's
 * way out is kmq_ring_write() -> ring_door.c -> ring_words.c, and its way in
 * ends in kmq_ring_read(); what sleeps between is ring_wait.c.
 *
 * As in file.c the plain calls have doors of their own beside the iterators.
 */
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "registry.h"
#include "ring_file.h"
#include "stats.h"
#include "wait.h"

/**
 * kmq_ring_handle_new() - what a file of a ring has
 * @queue: that has a ring
 *
 * Context: may sleep.
 * Return: the handle, to be freed by kfree(); or ERR_PTR of -ENOMEM,
 * -ERESTARTSYS.
 */
struct kmq_ring_handle *kmq_ring_handle_new(struct kmq_queue *queue)
{
	struct kmq_ring_handle *handle = kzalloc(sizeof(*handle),
						 GFP_KERNEL_ACCOUNT);
	struct kmq_ring *ring = queue->ring;

	if (!handle)
		return ERR_PTR(-ENOMEM);
	handle->queue = queue;
	handle->ring = ring;
	handle->deaths = READ_ONCE(ring->words.control->deaths);
	/* The file of a broken ring can be opened, and tells that it is. */
	if (kmq_ring_broadcasts(ring) &&
	    kmq_ring_subscribe(ring, &handle->reader) == -ERESTARTSYS) {
		kfree(handle);
		return ERR_PTR(-ERESTARTSYS);
	}
	return handle;
}

static int kmq_ring_release(struct inode *inode, struct file *file)
{
	struct kmq_ring_handle *handle = file->private_data;

	kmq_holder_remove(handle->queue, &handle->holder);
	kmq_registry_close(handle->queue);
	kfree(handle);
	return 0;
}

/* Who wants SIGIO does not come by poll(): arm for it, and stay armed. */
static int kmq_ring_fasync(int fd, struct file *file, int on)
{
	struct kmq_ring_handle *handle = file->private_data;
	int err = fasync_helper(fd, file, on, &handle->queue->fasync);

	if (err < 0 || !on)
		return err;
	kmq_ring_arm(handle->ring, KMQ_RING_CONSUMERS);
	kmq_ring_arm(handle->ring, KMQ_RING_PRODUCERS);
	return err;
}

static __poll_t kmq_ring_file_poll(struct file *file, poll_table *table)
{
	struct kmq_ring_handle *handle = file->private_data;
	struct kmq_ring *ring = handle->ring;
	struct kmq_reader reader;
	u32 sides = 0;

	/* Ready is what would succeed, and never what fails with EBADF. */
	if (file->f_mode & FMODE_READ)
		sides |= BIT(KMQ_RING_CONSUMERS);
	if (file->f_mode & FMODE_WRITE)
		sides |= BIT(KMQ_RING_PRODUCERS);
	spin_lock(&ring->lock);
	reader = handle->reader;
	spin_unlock(&ring->lock);
	return kmq_ring_poll(ring, file, table, sides, KMQ_RING_KERNEL,
			     &reader);
}

static ssize_t kmq_ring_write_one(struct kmq_ring_handle *handle,
				  struct iov_iter *iter,
				  const void __user *body, size_t size,
				  const struct kmq_patience *patience)
{
	struct kmq_source source = { .iter = iter, .body = body,
				     .size = size };
	int sent;

	if (size > handle->ring->words.max_message)
		return -EMSGSIZE;
	sent = kmq_ring_send(handle, &source, 1, patience);
	return sent < 0 ? sent : size;
}

static ssize_t kmq_ring_write(struct file *file, const char __user *from,
			      size_t size, loff_t *pos)
{
	const struct kmq_patience patience = {
		.nonblock = file->f_flags & O_NONBLOCK,
	};

	return kmq_ring_write_one(file->private_data, NULL, from, size,
				  &patience);
}

static struct kmq_patience kmq_iocb_patience(const struct kiocb *iocb)
{
	bool nowait = iocb->ki_flags & IOCB_NOWAIT;

	return (struct kmq_patience){
		.nonblock = nowait || iocb->ki_filp->f_flags & O_NONBLOCK,
		.nowait = nowait,
	};
}

static ssize_t kmq_ring_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	const struct kmq_patience patience = kmq_iocb_patience(iocb);

	return kmq_ring_write_one(iocb->ki_filp->private_data, from, NULL,
				  iov_iter_count(from), &patience);
}

static ssize_t kmq_ring_read_one(struct kmq_ring_handle *handle,
				 struct iov_iter *iter, void __user *body,
				 size_t room,
				 const struct kmq_patience *patience)
{
	struct kmq_sink sink = {
		.iter = iter,
		.body = body,
		.room = min_t(size_t, room, U32_MAX),
		.truncate = READ_ONCE(handle->truncate),
	};
	int done = kmq_ring_receive(handle, &sink, 1, patience);

	if (done < 0)
		return done;
	WRITE_ONCE(handle->last_size, sink.size);
	return min(sink.size, sink.room);
}

static ssize_t kmq_ring_read(struct file *file, char __user *to, size_t room,
			     loff_t *pos)
{
	const struct kmq_patience patience = {
		.nonblock = file->f_flags & O_NONBLOCK,
	};

	return kmq_ring_read_one(file->private_data, NULL, to, room, &patience);
}

static ssize_t kmq_ring_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	const struct kmq_patience patience = kmq_iocb_patience(iocb);
	ssize_t size;

	size = kmq_ring_read_one(iocb->ki_filp->private_data, to, NULL,
				 iov_iter_count(to), &patience);
	if (size > 0)
		iov_iter_advance(to, size);
	return size;
}

static long kmq_ring_unlocked_ioctl(struct file *file, unsigned int cmd,
				    unsigned long arg)
{
	return kmq_ring_ioctl(file, cmd, (void __user *)arg);
}

static void kmq_ring_show_fdinfo(struct seq_file *seq, struct file *file)
{
	struct kmq_ring_handle *handle = file->private_data;

	seq_printf(seq, "kmq-queue:\t%s\n", handle->queue->name);
	seq_printf(seq, "kmq-id:\t%u\n", handle->queue->id);
	seq_printf(seq, "kmq-ring-mode:\t%u\n", handle->ring->words.mode);
	kmq_stats_show(seq, handle->queue);
}

const struct file_operations kmq_ring_fops = {
	.owner = THIS_MODULE,
	.release = kmq_ring_release,
	.read = kmq_ring_read,
	.write = kmq_ring_write,
	.read_iter = kmq_ring_read_iter,
	.write_iter = kmq_ring_write_iter,
	.poll = kmq_ring_file_poll,
	.fasync = kmq_ring_fasync,
	.unlocked_ioctl = kmq_ring_unlocked_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = kmq_ring_show_fdinfo,
};
