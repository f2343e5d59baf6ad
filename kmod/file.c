// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file operations of a queue: copy, check, call. A message's way out is
 * kmq_write() -> message.c -> wait.c -> queue.c; its way in ends in kmq_read().
 *
 * There are two pairs of doors: read and write for the plain system calls,
 * read_iter and write_iter for readv, writev and io_uring. The plain ones are
 * not a duplicate to be removed: they save each call the setting up of an
 * iterator, which is a tenth of a short message's cost. The price is that
 * kernel_read() and kernel_write() refuse such a file.
 */
#include <linux/anon_inodes.h>
#include <linux/cdev.h>
#include <linux/file.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "file.h"
#include "ioctl.h"
#include "notify.h"
#include "registry.h"
#include "ring_file.h"
#include "stats.h"

static struct cdev kmq_cdev;
static const struct file_operations kmq_fops;

static struct kmq_handle *kmq_handle_new(struct kmq_queue *queue)
{
	struct kmq_handle *handle = kzalloc(sizeof(*handle),
					    GFP_KERNEL_ACCOUNT);

	if (!handle)
		return ERR_PTR(-ENOMEM);
	handle->queue = queue;
	handle->filter.mode = KMQ_SELECT_ANY;
	kmq_leases_init(&handle->leases, queue);
	handle->holder.leases = &handle->leases;
	return handle;
}

/* What a file of this kind of queue has; or an ERR_PTR. */
static void *kmq_handle_of_kind(struct kmq_queue *queue)
{
	return queue->ring ? (void *)kmq_ring_handle_new(queue) :
			     (void *)kmq_handle_new(queue);
}

/* The reverse, where the file did not come to be. */
static void kmq_handle_free(const struct kmq_queue *queue, void *handle)
{
	if (!queue->ring)
		kmq_leases_end(&((struct kmq_handle *)handle)->leases);
	kfree(handle);
}

static struct kmq_keeper *kmq_holder_of_kind(const struct kmq_queue *queue,
					     void *handle)
{
	return queue->ring ? &((struct kmq_ring_handle *)handle)->holder :
			     &((struct kmq_handle *)handle)->holder;
}

/* From here on its release is the file's end. */
static void kmq_file_prepare(struct file *file, struct kmq_queue *queue)
{
	file->f_mode |= FMODE_NOWAIT;
	kmq_holder_add(queue, kmq_holder_of_kind(queue, file->private_data),
		       file, kmq_file_access(file));
}

static const struct file_operations *
kmq_fops_of_kind(const struct kmq_queue *queue)
{
	return queue->ring ? &kmq_ring_fops : &kmq_fops;
}

static int kmq_open(struct inode *inode, struct file *file)
{
	struct kmq_queue *queue = kmq_registry_open(iminor(inode));
	const struct file_operations *fops;
	void *handle;

	if (IS_ERR(queue))
		return PTR_ERR(queue);
	handle = kmq_handle_of_kind(queue);
	if (IS_ERR(handle)) {
		kmq_registry_close(queue);
		return PTR_ERR(handle);
	}
	file->private_data = handle;
	/* A queue has no position: pread, pwrite and lseek get ESPIPE. */
	stream_open(inode, file);
	kmq_file_prepare(file, queue);
	fops = kmq_fops_of_kind(queue);
	if (fops != file->f_op)
		replace_fops(file, fops_get(fops));
	return 0;
}

/* One of the descriptors is closed, by a process that may keep others. */
static int kmq_flush(struct file *file, fl_owner_t id)
{
	struct kmq_handle *handle = file->private_data;

	kmq_notify_flush(handle->queue);
	return 0;
}

/* The last descriptor and the last call through it are gone. */
static int kmq_release(struct inode *inode, struct file *file)
{
	struct kmq_handle *handle = file->private_data;

	/* Before the leases: who is listed may be asked to look after his. */
	kmq_holder_remove(handle->queue, &handle->holder);
	kmq_leases_end(&handle->leases);
	kmq_registry_close(handle->queue);
	kfree(handle);
	return 0;
}

static int kmq_fasync(int fd, struct file *file, int on)
{
	struct kmq_handle *handle = file->private_data;

	return fasync_helper(fd, file, on, &handle->queue->fasync);
}

static __poll_t kmq_poll(struct file *file, poll_table *table)
{
	struct kmq_handle *handle = file->private_data;
	__poll_t mask = EPOLLHUP | EPOLLERR;

	/* Ready is what would succeed, and never what fails with EBADF. */
	if (file->f_mode & FMODE_READ)
		mask |= EPOLLIN | EPOLLRDNORM;
	if (file->f_mode & FMODE_WRITE)
		mask |= EPOLLOUT | EPOLLWRNORM;
	/* Joins before it looks: barrier B in wait.c. */
	poll_wait(file, &handle->queue->pollers, table);
	return kmq_readiness(handle->queue, &handle->filter) & mask;
}

/* A message of @size bytes from the caller's memory, type 1, priority 0. */
static struct kmq_slot *kmq_plain_slot(struct kmq_queue *queue, size_t size)
{
	struct kmq_slot *slot;

	if (size > queue->max_message)
		return ERR_PTR(-EMSGSIZE);
	slot = kmq_slot_get(&queue->pool, size);
	if (IS_ERR(slot))
		return slot;
	slot->type = 1;
	slot->priority = 0;
	return slot;
}

static ssize_t kmq_write_slot(struct kmq_queue *queue, struct kmq_slot *slot,
			      int err, bool nonblock)
{
	const struct kmq_patience patience = { .nonblock = nonblock };
	ssize_t size = slot->size;
	u64 sequence;

	if (!err)
		err = kmq_send(queue, &slot, 1, &patience, &sequence);
	if (err > 0)
		return size;
	kmq_slot_put(&queue->pool, slot);
	return err;
}

static ssize_t kmq_write(struct file *file, const char __user *from,
			 size_t size, loff_t *pos)
{
	struct kmq_handle *handle = file->private_data;
	struct kmq_slot *slot = kmq_plain_slot(handle->queue, size);

	if (IS_ERR(slot))
		return PTR_ERR(slot);
	return kmq_write_slot(handle->queue, slot, kmq_slot_copy_in(slot, from),
			      file->f_flags & O_NONBLOCK);
}

static bool kmq_iocb_nonblock(const struct kiocb *iocb)
{
	return (iocb->ki_flags & IOCB_NOWAIT) ||
	       (iocb->ki_filp->f_flags & O_NONBLOCK);
}

static ssize_t kmq_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct kmq_handle *handle = iocb->ki_filp->private_data;
	struct kmq_slot *slot = kmq_plain_slot(handle->queue,
					       iov_iter_count(from));

	if (IS_ERR(slot))
		return PTR_ERR(slot);
	return kmq_write_slot(handle->queue, slot,
			      kmq_slot_copy_in_iter(slot, from),
			      kmq_iocb_nonblock(iocb));
}

/* Take one message for @room bytes: 0, or an error. */
static __always_inline int kmq_read_slot(struct kmq_handle *handle, size_t room,
					 bool nonblock, struct kmq_slot **slot)
{
	const struct kmq_patience patience = { .nonblock = nonblock };
	const struct kmq_want want = {
		.selection = kmq_handle_filter(handle),
		.truncate = READ_ONCE(handle->truncate),
	};
	struct kmq_part part = { .room = min_t(size_t, room, U32_MAX) };
	int taken = kmq_receive(handle->queue, &want, &part, 1, &patience);

	*slot = part.slot;
	return taken < 0 ? taken : 0;
}

static inline ssize_t kmq_read_done(struct kmq_handle *handle, struct kmq_slot *slot,
			     u32 size, int err)
{
	if (unlikely(err)) {
		kmq_put_back(handle->queue, slot, false);
		return err;
	}
	WRITE_ONCE(handle->last_size, slot->size);
	kmq_discard(handle->queue, slot);
	return size;
}

static ssize_t kmq_read(struct file *file, char __user *to, size_t room,
			loff_t *pos)
{
	struct kmq_handle *handle = file->private_data;
	struct kmq_slot *slot;
	u32 size;
	int err;

	err = kmq_read_slot(handle, room, file->f_flags & O_NONBLOCK, &slot);
	if (err)
		return err;
	size = min_t(size_t, slot->size, room);
	return kmq_read_done(handle, slot, size,
			     kmq_slot_copy_out(slot, to, size));
}

static ssize_t kmq_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct kmq_handle *handle = iocb->ki_filp->private_data;
	size_t room = iov_iter_count(to);
	struct kmq_slot *slot;
	u32 size;
	int err;

	err = kmq_read_slot(handle, room, kmq_iocb_nonblock(iocb), &slot);
	if (err)
		return err;
	size = min_t(size_t, slot->size, room);
	return kmq_read_done(handle, slot, size,
			     kmq_slot_copy_out_iter(slot, to, size));
}

static void kmq_show_fdinfo(struct seq_file *seq, struct file *file)
{
	struct kmq_handle *handle = file->private_data;
	struct kmq_selection filter = kmq_handle_filter(handle);

	seq_printf(seq, "kmq-queue:\t%s\n", handle->queue->name);
	seq_printf(seq, "kmq-id:\t%u\n", handle->queue->id);
	seq_printf(seq, "kmq-filter:\t%u %lld\n", filter.mode, filter.type);
	seq_printf(seq, "kmq-leases:\t%u\n", READ_ONCE(handle->leases.count));
	kmq_stats_show(seq, handle->queue);
}

static const struct file_operations kmq_fops = {
	.owner = THIS_MODULE,
	.open = kmq_open,
	.flush = kmq_flush,
	.release = kmq_release,
	.read = kmq_read,
	.write = kmq_write,
	.read_iter = kmq_read_iter,
	.write_iter = kmq_write_iter,
	.poll = kmq_poll,
	.fasync = kmq_fasync,
	.unlocked_ioctl = kmq_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = kmq_show_fdinfo,
};

/*
 * What programs read of a queue of POSIX to see how full it is: mq_overview(7) has
 * the words. Out of line, for its stack.
 */
static noinline_for_stack int kmq_calls_tell(struct kmq_queue *queue,
					     char *line, size_t room)
{
	struct kmq_description description;
	int length;

	kmq_describe_queue(queue, &description);
	length = scnprintf(line, room,
			   "QSIZE:%-10llu NOTIFY:%-5llu SIGNO:%-5llu NOTIFY_PID:%-6d\n",
			   description.info.bytes, description.notify_show[0],
			   description.notify_show[1],
			   pid_vnr(description.notified));
	kmq_description_put(&description);
	return length;
}

static ssize_t kmq_calls_read(struct file *file, char __user *to, size_t room,
			      loff_t *pos)
{
	struct kmq_handle *handle = file->private_data;
	char line[128];
	int size = kmq_calls_tell(handle->queue, line, sizeof(line));

	return simple_read_from_buffer(to, room, pos, line, size);
}

/*
 * Of a descriptor whose messages go by calls alone. It has operations of its own, so
 * that no read or write of the others has to ask which file it is.
 */
static const struct file_operations kmq_calls_fops = {
	.owner = THIS_MODULE,
	.flush = kmq_flush,
	.llseek = default_llseek,
	.read = kmq_calls_read,
	.release = kmq_release,
	.poll = kmq_poll,
	.fasync = kmq_fasync,
	.unlocked_ioctl = kmq_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = kmq_show_fdinfo,
};

/*
 * What is read of a descriptor for calls has a position and an end, as with a queue
 * of POSIX, so that who copies a file stops. A file without a node is given no more
 * of it than its operations say.
 */
static void kmq_file_position(struct file *file, bool calls)
{
	if (calls)
		file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE |
				FMODE_ATOMIC_POS;
	else
		stream_open(file_inode(file), file);
}

/**
 * kmq_file_new() - an open file of a queue, without its node
 * @queue: from kmq_registry_create() with @open; on success it belongs to the
 *	file
 * @flags: O_RDONLY, O_WRONLY or O_RDWR, and O_NONBLOCK or not
 * @calls: messages go by ioctl alone; of KMQ_KIND_MESSAGE
 *
 * Context: may sleep.
 * Return: the file, for fd_install() or fput(); or an ERR_PTR.
 */
struct file *kmq_file_new(struct kmq_queue *queue, unsigned int flags,
			  bool calls)
{
	const struct file_operations *fops = calls ? &kmq_calls_fops :
						     kmq_fops_of_kind(queue);
	void *handle = kmq_handle_of_kind(queue);
	struct file *file;

	if (IS_ERR(handle))
		return ERR_CAST(handle);
	file = anon_inode_getfile("[kmq]", fops, handle, flags);
	if (IS_ERR(file)) {
		kmq_handle_free(queue, handle);
		return file;
	}
	kmq_file_position(file, calls);
	kmq_file_prepare(file, queue);
	return file;
}

/**
 * kmq_file_install() - a descriptor of a queue, without its node
 * @queue: as kmq_file_new()
 * @flags: likewise
 *
 * Context: may sleep.
 * Return: the descriptor; or an error.
 */
int kmq_file_install(struct kmq_queue *queue, unsigned int flags)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);
	struct file *file;

	if (fd < 0)
		return fd;
	file = kmq_file_new(queue, flags, false);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

int kmq_file_init(void)
{
	cdev_init(&kmq_cdev, &kmq_fops);
	kmq_cdev.owner = THIS_MODULE;
	return cdev_add(&kmq_cdev, kmq_devt(1), KMQ_ID_MAX);
}

void kmq_file_exit(void)
{
	cdev_del(&kmq_cdev);
}
