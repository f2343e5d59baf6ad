// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attachments: what a process maps a ring by, and sleeps and wakes by.
 *
 * An attachment is for one address space, that which asked for it, and has an
 * id in the ring as long as it can write there:
 *
 *	attached	the file exists; nothing is mapped yet, or some pieces are
 *	ended		the last piece was unmapped, or the file was released
 *			with none: kmq_ring_leave() has repaired what it held, and
 *			nothing can be mapped any more
 *
 * It ends in the close() of its last mapping and not in the file's release(),
 * because the file may live on: in a forked child, in a message on a socket. A
 * mapping does not: fork does not copy it (VM_DONTCOPY, and VM_IO so that
 * MADV_DOFORK cannot say otherwise), and no other address space can make one. By
 * the time of close() the page tables know nothing of the pages; nor does anyone
 * else: they are mapped as raw frames, so that they cannot be pinned, and no
 * transfer that the dead have started can write to them later.
 *
 * close() runs under mmap_lock. What it takes (words_lock of the ring) must never
 * be held across a copy from or to user memory.
 */
#include <linux/anon_inodes.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "attachment.h"
#include "compat.h"
#include "holder.h"
#include "queue.h"
#include "registry.h"
#include "ring.h"

#define KMQ_ATTACH_FLAGS (KMQ_RING_PRODUCER | KMQ_RING_CONSUMER)

/**
 * struct kmq_attachment - file->private_data
 * @queue: referenced and counted as open
 * @holder: of it
 * @ring: of @queue
 * @mm: the address space it is for; only its address is used
 * @flags: KMQ_RING_PRODUCER, KMQ_RING_CONSUMER
 * @id: in the ring, until it has ended
 * @lock: guards the following
 * @mappings: pieces mapped now
 * @ended: it has left the ring; written under @lock, and read without by calls
 *	that need no more than soon to be told
 */
struct kmq_attachment {
	struct kmq_queue *queue;
	struct kmq_keeper holder;
	struct kmq_ring *ring;
	struct mm_struct *mm;
	u32 flags;
	u32 id;
	spinlock_t lock;
	u32 mappings;
	bool ended;
};

/* Leave the ring, once. May sleep, but never for long; under mmap_lock. */
static void kmq_attachment_end(struct kmq_attachment *attachment)
{
	bool ends;

	spin_lock(&attachment->lock);
	ends = !attachment->ended;
	WRITE_ONCE(attachment->ended, true);
	spin_unlock(&attachment->lock);
	if (!ends)
		return;
	kmq_ring_leave(attachment->ring, attachment->flags, attachment->id,
		       attachment->holder.opener);
	/* What is left is a descriptor. */
	WRITE_ONCE(attachment->holder.attachment, 0);
}

static void kmq_attachment_free(struct kmq_attachment *attachment)
{
	mmdrop(attachment->mm);
	kfree(attachment);
}

/* Descriptors and mappings are gone. */
static int kmq_attachment_release(struct inode *inode, struct file *file)
{
	struct kmq_attachment *attachment = file->private_data;
	struct kmq_queue *queue = attachment->queue;

	kmq_attachment_end(attachment);
	kmq_holder_remove(queue, &attachment->holder);
	kmq_attachment_free(attachment);
	kmq_registry_close(queue);
	return 0;
}

/* mremap() moves by making a second mapping. */
static void kmq_vm_open(struct vm_area_struct *vma)
{
	struct kmq_attachment *attachment = vma->vm_private_data;

	spin_lock(&attachment->lock);
	attachment->mappings++;
	spin_unlock(&attachment->lock);
}

static void kmq_vm_close(struct vm_area_struct *vma)
{
	struct kmq_attachment *attachment = vma->vm_private_data;
	bool last;

	spin_lock(&attachment->lock);
	last = !--attachment->mappings;
	spin_unlock(&attachment->lock);
	if (last)
		kmq_attachment_end(attachment);
}

/* A piece is mapped, protected and unmapped whole. */
static int kmq_vm_may_split(struct vm_area_struct *vma, unsigned long address)
{
	return -EINVAL;
}

/* For debuggers, who may look: there are no pages for them to pin. */
static int kmq_vm_access(struct vm_area_struct *vma, unsigned long address,
			 void *buffer, int size, int write)
{
	struct kmq_attachment *attachment = vma->vm_private_data;
	const u8 *base = (u8 *)attachment->ring->words.control;
	unsigned long offset = address - vma->vm_start;

	if (write)
		return -EACCES;
	size = min_t(unsigned long, size, vma->vm_end - address);
	memcpy(buffer, base + (vma->vm_pgoff << PAGE_SHIFT) + offset, size);
	return size;
}

static const struct vm_operations_struct kmq_vm_ops = {
	.open = kmq_vm_open,
	.close = kmq_vm_close,
	.may_split = kmq_vm_may_split,
	.access = kmq_vm_access,
};

/* Pages of the piece that begins at page @first; 0: none does. */
static unsigned long kmq_piece_pages(const struct kmq_ring *ring,
				     unsigned long first)
{
	switch (first) {
	case KMQ_RING_CONTROL_PAGE:
	case KMQ_RING_CONSUMERS_PAGE:
	case KMQ_RING_PRODUCERS_PAGE:
		return 1;
	case KMQ_RING_DATA_PAGE:
		return 2 * ring->data_pages;
	default:
		return 0;
	}
}

static bool kmq_piece_writable(const struct kmq_attachment *attachment,
			       unsigned long first)
{
	switch (first) {
	case KMQ_RING_CONSUMERS_PAGE:
		return attachment->flags & KMQ_RING_CONSUMER;
	case KMQ_RING_PRODUCERS_PAGE:
	case KMQ_RING_DATA_PAGE:
		return attachment->flags & KMQ_RING_PRODUCER;
	default:
		return false;
	}
}

static int kmq_mmap_check(const struct kmq_attachment *attachment,
			  struct vm_area_struct *vma)
{
	unsigned long pages = kmq_piece_pages(attachment->ring, vma->vm_pgoff);

	if (vma->vm_mm != attachment->mm)
		return -EPERM;
	/* The file is open for writing, so this is what MAP_SHARED left. */
	if (!pages || vma_pages(vma) != pages || !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC ||
	    (vma->vm_flags & VM_WRITE &&
	     !kmq_piece_writable(attachment, vma->vm_pgoff)))
		return -EACCES;
	return 0;
}

/*
 * All frames at once: nothing faults later, and nothing can be unmapped alone.
 * Not by remap_pfn_range(), whose own undoing on x86 warns of a piece of one page
 * when memory for its page table was wanting.
 */
static int kmq_mmap_pages(const struct kmq_ring *ring,
			  struct vm_area_struct *vma)
{
	struct page **page = &ring->pages[vma->vm_pgoff];
	unsigned long address;

	for (address = vma->vm_start; address < vma->vm_end;
	     address += PAGE_SIZE, page++) {
		if (vmf_insert_pfn(vma, address, page_to_pfn(*page)) &
		    VM_FAULT_ERROR)
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

static int kmq_attachment_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct kmq_attachment *attachment = file->private_data;
	int err;

	err = kmq_mmap_check(attachment, vma);
	if (err)
		return err;
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTCOPY | VM_DONTEXPAND |
			  VM_DONTDUMP);
	vm_flags_clear(vma, VM_MAYEXEC);
	if (!kmq_piece_writable(attachment, vma->vm_pgoff))
		vm_flags_clear(vma, VM_MAYWRITE);
	/* Counted first, so that it cannot end under what is being mapped. */
	spin_lock(&attachment->lock);
	err = attachment->ended ? -ESRCH : 0;
	attachment->mappings += !err;
	spin_unlock(&attachment->lock);
	if (err)
		return err;
	vma->vm_private_data = attachment;
	err = kmq_mmap_pages(attachment->ring, vma);
	if (err) {
		/* The first piece that fails leaves the attachment as it was. */
		spin_lock(&attachment->lock);
		attachment->mappings--;
		spin_unlock(&attachment->lock);
		return err;
	}
	vma->vm_ops = &kmq_vm_ops;
	return 0;
}

static __poll_t kmq_attachment_poll(struct file *file, poll_table *table)
{
	struct kmq_attachment *attachment = file->private_data;
	u32 sides = 0;
	__poll_t ready;

	if (attachment->flags & KMQ_RING_CONSUMER)
		sides |= BIT(KMQ_RING_CONSUMERS);
	if (attachment->flags & KMQ_RING_PRODUCER)
		sides |= BIT(KMQ_RING_PRODUCERS);
	ready = kmq_ring_poll(attachment->ring, file, table, sides,
			      attachment->id, NULL);
	return READ_ONCE(attachment->ended) ? EPOLLHUP | EPOLLERR : ready;
}

/* May the attachment wait for @side? */
static bool kmq_side_allowed(const struct kmq_attachment *attachment, u32 side)
{
	switch (side) {
	case KMQ_RING_CONSUMERS:
	case KMQ_RING_CONSUMERS_LOCK:
		return attachment->flags & KMQ_RING_CONSUMER;
	default:
		return attachment->flags & KMQ_RING_PRODUCER;
	}
}

/* Where the lock of @side is, in bytes from page 0. */
static u64 kmq_lock_offset(u32 side)
{
	return side == KMQ_RING_PRODUCERS_LOCK ?
		       KMQ_RING_PRODUCERS_PAGE * PAGE_SIZE +
			       offsetof(struct kmq_ring_producers, lock) :
		       KMQ_RING_CONSUMERS_PAGE * PAGE_SIZE +
			       offsetof(struct kmq_ring_consumers, lock);
}

static int kmq_wait_check(const struct kmq_attachment *attachment,
			  const struct kmq_ring_wait *wait)
{
	u64 end = KMQ_RING_DATA_PAGE * PAGE_SIZE + attachment->ring->words.size;

	if (wait->flags || wait->reserved ||
	    wait->side > KMQ_RING_CONSUMERS_LOCK ||
	    wait->word % sizeof(u32) || wait->word < PAGE_SIZE ||
	    wait->word >= end)
		return -EINVAL;
	if (wait->side > KMQ_RING_PRODUCERS &&
	    (wait->wake || wait->word != kmq_lock_offset(wait->side)))
		return -EINVAL;
	return kmq_side_allowed(attachment, wait->side) ? 0 : -EBADF;
}

/*
 * As copy_from_user(), which takes more instructions before its first byte than
 * these are: it is done in each turn of a conversation.
 */
static int kmq_wait_fetch(struct kmq_ring_wait *wait,
			  const struct kmq_ring_wait __user *arg)
{
	if (!user_read_access_begin(arg, sizeof(*arg)))
		return -EFAULT;
	unsafe_get_user(wait->deadline, &arg->deadline, fault);
	unsafe_get_user(wait->side, &arg->side, fault);
	unsafe_get_user(wait->expected, &arg->expected, fault);
	unsafe_get_user(wait->word, &arg->word, fault);
	unsafe_get_user(wait->wake, &arg->wake, fault);
	unsafe_get_user(wait->flags, &arg->flags, fault);
	unsafe_get_user(wait->reserved, &arg->reserved, fault);
	user_read_access_end();
	return 0;
fault:
	user_read_access_end();
	return -EFAULT;
}

static long kmq_ioctl_ring_wait(struct kmq_attachment *attachment,
				const struct kmq_ring_wait __user *arg)
{
	struct kmq_ring *ring = attachment->ring;
	struct kmq_sleeper sleeper;
	struct kmq_ring_wait wait;
	int err;

	if (kmq_wait_fetch(&wait, arg))
		return -EFAULT;
	err = kmq_wait_check(attachment, &wait);
	if (err)
		return err;
	sleeper.side = wait.side;
	sleeper.wake = wait.wake;
	sleeper.word = (u32 *)((u8 *)ring->words.control + wait.word);
	sleeper.expected = wait.expected;
	sleeper.id = attachment->id;
	sleeper.ended = &attachment->ended;
	return kmq_ring_sleep(ring, &sleeper, wait.deadline);
}

static long kmq_ioctl_ring_wake(struct kmq_attachment *attachment,
				unsigned long side)
{
	struct kmq_ring *ring = attachment->ring;

	if (side > KMQ_RING_CONSUMERS_LOCK)
		return -EINVAL;
	if (side == KMQ_RING_CONSUMERS_LOCK)
		kmq_ring_lock_freed(ring);
	kmq_ring_wake(ring, side);
	return READ_ONCE(ring->error);
}

static long kmq_attachment_ioctl(struct file *file, unsigned int cmd,
				 unsigned long arg)
{
	struct kmq_attachment *attachment = file->private_data;

	if (cmd != KMQ_IOC_RING_WAIT && cmd != KMQ_IOC_RING_WAKE)
		return -ENOTTY;
	if (current->mm != attachment->mm)
		return -EPERM;
	if (READ_ONCE(attachment->ended))
		return -ESRCH;

	switch (cmd) {
	case KMQ_IOC_RING_WAIT:
		return kmq_ioctl_ring_wait(attachment, (void __user *)arg);
	case KMQ_IOC_RING_WAKE:
		return kmq_ioctl_ring_wake(attachment, arg);
	default:
		return -ENOTTY;
	}
}

static void kmq_attachment_show_fdinfo(struct seq_file *seq, struct file *file)
{
	struct kmq_attachment *attachment = file->private_data;

	seq_printf(seq, "kmq-queue:\t%s\n", attachment->queue->name);
	seq_printf(seq, "kmq-id:\t%u\n", attachment->queue->id);
	seq_printf(seq, "kmq-attachment:\t%u\n", attachment->id);
	seq_printf(seq, "kmq-parties:\t%s%s\n",
		   attachment->flags & KMQ_RING_PRODUCER ? "producer " : "",
		   attachment->flags & KMQ_RING_CONSUMER ? "consumer" : "");
	seq_printf(seq, "kmq-mappings:\t%u\n", READ_ONCE(attachment->mappings));
	seq_printf(seq, "kmq-ended:\t%u\n", READ_ONCE(attachment->ended));
}

static const struct file_operations kmq_attachment_fops = {
	.owner = THIS_MODULE,
	.release = kmq_attachment_release,
	.mmap = kmq_attachment_mmap,
	.poll = kmq_attachment_poll,
	.unlocked_ioctl = kmq_attachment_ioctl,
	/* The argument of WAKE is a number, but a small one. */
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = kmq_attachment_show_fdinfo,
};

/* A party of the ring that has no file yet. */
static struct kmq_attachment *kmq_attachment_new(struct kmq_queue *queue,
						 u32 flags)
{
	struct kmq_attachment *attachment;
	int err;

	attachment = kzalloc(sizeof(*attachment), GFP_KERNEL_ACCOUNT);
	if (!attachment)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&attachment->lock);
	attachment->queue = queue;
	attachment->ring = queue->ring;
	attachment->flags = flags;
	attachment->mm = current->mm;
	err = kmq_ring_enter(queue->ring, flags, &attachment->id);
	if (err) {
		kfree(attachment);
		return ERR_PTR(err);
	}
	attachment->holder.attachment = attachment->id;
	mmgrab(attachment->mm);
	return attachment;
}

static u32 kmq_attachment_access(const struct kmq_attachment *attachment)
{
	u32 access = 0;

	if (attachment->flags & KMQ_RING_CONSUMER)
		access |= KMQ_ACCESS_READ;
	if (attachment->flags & KMQ_RING_PRODUCER)
		access |= KMQ_ACCESS_WRITE;
	return access;
}

/* The queue is held as by any other descriptor. */
static struct file *kmq_attachment_file(struct kmq_queue *queue, u32 flags,
					u32 *id)
{
	struct kmq_attachment *attachment = kmq_attachment_new(queue, flags);
	struct file *file;

	if (IS_ERR(attachment))
		return ERR_CAST(attachment);
	*id = attachment->id;
	kmq_registry_hold(queue);
	/* Open for both, whatever its pieces are: see kmq_mmap_check(). */
	file = anon_inode_getfile("[kmq-ring]", &kmq_attachment_fops,
				  attachment, O_RDWR);
	if (!IS_ERR(file)) {
		kmq_holder_add(queue, &attachment->holder, file,
			       kmq_attachment_access(attachment));
		return file;
	}
	kmq_attachment_end(attachment);
	kmq_attachment_free(attachment);
	kmq_registry_close(queue);
	return file;
}

static int kmq_attach_check(const struct file *file,
			    const struct kmq_ring_attach *attach)
{
	if (!attach->flags || attach->flags & ~KMQ_ATTACH_FLAGS ||
	    attach->reserved[0] || attach->reserved[1])
		return -EINVAL;
	if (attach->flags & KMQ_RING_PRODUCER && !(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (attach->flags & KMQ_RING_CONSUMER && !(file->f_mode & FMODE_READ))
		return -EBADF;
	return 0;
}

/**
 * kmq_attach() - KMQ_IOC_RING_ATTACH
 * @file: of the queue
 * @queue: that has a ring
 * @arg: user pointer
 *
 * Context: may sleep.
 * Return: a descriptor, or an error as <linux/kmq_ring.h> says.
 */
long kmq_attach(struct file *file, struct kmq_queue *queue,
		struct kmq_ring_attach __user *arg)
{
	struct kmq_ring_attach attach;
	struct file *attached;
	int err, fd;

	if (copy_from_user(&attach, arg, sizeof(attach)))
		return -EFAULT;
	err = kmq_attach_check(file, &attach);
	if (err)
		return err;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	attached = kmq_attachment_file(queue, attach.flags, &attach.id);
	if (IS_ERR(attached)) {
		put_unused_fd(fd);
		return PTR_ERR(attached);
	}
	attach.size = queue->ring->words.size;
	attach.mode = queue->ring->words.mode;
	attach.page_size = PAGE_SIZE;
	if (copy_to_user(arg, &attach, sizeof(attach))) {
		fput(attached);
		put_unused_fd(fd);
		return -EFAULT;
	}
	fd_install(fd, attached);
	return fd;
}
