// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kmq/.hub: one descriptor for all queues that were made through it. Who
 * may open the node may make queues and ask for them; what he may do with each
 * is asked of the queue, at each call.
 *
 * A message by the hub goes kmq_hub_put() -> short.c -> wait.c, and the first
 * of these is all that it pays for having no descriptor of its queue: the look
 * at the table (key.h), a reference, and the mode (permit.h). Nothing sleeps
 * until it has its reference.
 */
#include <linux/cdev.h>
#include <linux/cred.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/kmq.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/uaccess.h>

#include "create.h"
#include "file.h"
#include "hub.h"
#include "key.h"
#include "permit.h"
#include "registry.h"
#include "short.h"
#include "stats.h"

static unsigned int hub_mode = 0600;
module_param(hub_mode, uint, 0444);
MODULE_PARM_DESC(hub_mode, "Permission bits of /dev/kmq/.hub (0600)");

static struct cdev kmq_hub_cdev;
static struct kmq_node *kmq_hub_node;

/*
 * The queue with this id.
 *
 * Return: the queue, for kmq_queue_put(); NULL: there is none.
 */
static struct kmq_queue *kmq_hub_find(u32 id)
{
	struct kmq_queue *queue;

	rcu_read_lock_sched();
	queue = kmq_place_find(id);
	if (queue && !kref_get_unless_zero(&queue->ref))
		queue = NULL;
	rcu_read_unlock_sched();
	return queue;
}

/*
 * The queue with this id, for a caller with a message. An RCU reader by
 * preempt_disable(), which is an instruction or two where rcu_read_lock() is a
 * call. @generation is of the permit that grants it, or of an earlier one.
 *
 * Return: the queue, for kmq_queue_put(); or an ERR_PTR of -ENOENT, -EACCES.
 */
static __always_inline struct kmq_queue *kmq_hub_enter(u32 id, u32 need,
						       u32 *generation)
{
	struct kmq_queue *queue;
	bool granted;

	rcu_read_lock_sched();
	queue = kmq_place_find(id);
	if (unlikely(!queue || !kref_get_unless_zero(&queue->ref))) {
		rcu_read_unlock_sched();
		return ERR_PTR(-ENOENT);
	}
	/* First, and the permit after it: a change between the two is seen. */
	*generation = smp_load_acquire(&queue->generation);
	granted = kmq_permit_grants(rcu_dereference_sched(queue->permit), need);
	rcu_read_unlock_sched();
	if (likely(granted) || !kmq_permit_privileged())
		return queue;
	kmq_queue_put(queue);
	return ERR_PTR(-EACCES);
}

/* kmq_queue_put(), here: the call would be a tenth of what the hub costs. */
static __always_inline void kmq_hub_done(struct kmq_queue *queue)
{
	kref_put(&queue->ref, kmq_queue_release);
}

/*
 * Who has to sleep is asked once more, under the lock (wait.c). O_NONBLOCK is not
 * looked at: a child has its parent's file description of the hub, and one of
 * them cannot know of what the other has made of it.
 */
static long kmq_hub_put(const struct kmq_short __user *arg)
{
	int err;
	const struct kmq_short message = kmq_short_fetch(arg, &err);
	struct kmq_queue *queue;
	u32 generation;
	long ret;

	if (unlikely(err))
		return err;
	queue = kmq_hub_enter(message.id, KMQ_MAY_WRITE, &generation);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	ret = kmq_short_put(queue, &message, false, &generation);
	kmq_hub_done(queue);
	return ret;
}

static long kmq_hub_take(const struct kmq_short __user *arg)
{
	int err;
	const struct kmq_short message = kmq_short_fetch(arg, &err);
	struct kmq_queue *queue;
	u32 generation;		/* unused: a TAKE copies nothing in */
	long ret;

	if (unlikely(err))
		return err;
	queue = kmq_hub_enter(message.id, KMQ_MAY_READ, &generation);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	ret = kmq_short_take(queue, &message, false);
	kmq_hub_done(queue);
	return ret;
}

static int kmq_address_fetch(struct kmq_address *address, u32 space, u64 key,
			     u32 size)
{
	if (!space || space > KMQ_SPACE_MAX || size > KMQ_KEY_MAX)
		return -EINVAL;
	address->space = space;
	address->size = size;
	return copy_from_user(address->key, u64_to_user_ptr(key), size) ?
		       -EFAULT : 0;
}

/**
 * struct kmq_opening - an OPEN on its way
 * @open: as asked for
 * @address: of its queue
 * @fd: with DESCRIPTOR: its number, taken before anything is made
 */
struct kmq_opening {
	struct kmq_hub_open open;
	struct kmq_address address;
	int fd;
};

#define KMQ_HUB_ACCESS (KMQ_HUB_READ | KMQ_HUB_WRITE)
#define KMQ_HUB_OPEN_FLAGS (KMQ_HUB_CREATE | KMQ_HUB_DESCRIPTOR | \
			    KMQ_HUB_ACCESS | KMQ_HUB_UMASK | KMQ_HUB_CALLS)

/* Without CREATE there is one thing to be said of the new queue: NONBLOCK. */
static bool kmq_hub_create_empty(const struct kmq_create *create)
{
	struct kmq_create rest = *create;

	rest.flags &= ~KMQ_CREATE_NONBLOCK;
	return !memchr_inv(&rest, 0, sizeof(rest));
}

static int kmq_hub_open_check(const struct kmq_hub_open *open)
{
	bool descriptor = open->flags & KMQ_HUB_DESCRIPTOR;

	if (open->flags & ~KMQ_HUB_OPEN_FLAGS || open->need & ~KMQ_MAY_ALL ||
	    open->reserved32 || open->reserved[0] || open->reserved[1])
		return -EINVAL;
	/* A descriptor for nothing is none, and the reverse. */
	if (descriptor != !!(open->flags & KMQ_HUB_ACCESS))
		return -EINVAL;
	if (open->flags & KMQ_HUB_CALLS && !descriptor)
		return -EINVAL;
	if (open->create.flags & KMQ_CREATE_NONBLOCK && !descriptor)
		return -EINVAL;
	if (!(open->flags & KMQ_HUB_CREATE) &&
	    !kmq_hub_create_empty(&open->create))
		return -EINVAL;
	return 0;
}

/* What the mode of an existing queue must grant. */
static u32 kmq_hub_need(const struct kmq_hub_open *open)
{
	u32 need = open->need;

	if (open->flags & KMQ_HUB_READ)
		need |= KMQ_MAY_READ;
	if (open->flags & KMQ_HUB_WRITE)
		need |= KMQ_MAY_WRITE;
	return need;
}

static void kmq_hub_leave(struct kmq_queue *queue, bool open)
{
	if (open)
		kmq_registry_close(queue);
	else
		kmq_queue_put(queue);
}

/* The queue that exists; or an ERR_PTR of -ENOENT, -EEXIST, -EACCES. */
static struct kmq_queue *kmq_hub_existing(struct kmq_opening *opening)
{
	const struct kmq_hub_open *open = &opening->open;
	bool counted = open->flags & KMQ_HUB_DESCRIPTOR;
	struct kmq_queue *queue;
	int err;

	queue = kmq_registry_find_keyed(&opening->address, counted);
	if (!queue)
		return ERR_PTR(-ENOENT);
	if (open->create.flags & KMQ_CREATE_EXCLUSIVE)
		err = -EEXIST;
	else
		err = kmq_permit_ask(queue, kmq_hub_need(open));
	if (!err)
		return queue;
	kmq_hub_leave(queue, counted);
	return ERR_PTR(err);
}

/* A new one; or an ERR_PTR, of -EEXIST if somebody else was quicker. */
static struct kmq_queue *kmq_hub_make(struct kmq_opening *opening)
{
	const struct kmq_hub_open *open = &opening->open;
	struct kmq_create create = open->create;
	int err = kmq_create_check_keyed(&create);

	if (err)
		return ERR_PTR(err);
	if (open->flags & KMQ_HUB_UMASK)
		create.mode &= ~current_umask();
	return kmq_registry_create_keyed(&create, &opening->address,
					 open->flags & KMQ_HUB_DESCRIPTOR);
}

/* Found or made, whichever there is to be had. */
static struct kmq_queue *kmq_hub_reach(struct kmq_opening *opening, bool *made)
{
	const struct kmq_hub_open *open = &opening->open;
	bool exclusive = open->create.flags & KMQ_CREATE_EXCLUSIVE;
	struct kmq_queue *queue;

	do {
		*made = false;
		queue = kmq_hub_existing(opening);
		if (PTR_ERR_OR_ZERO(queue) != -ENOENT ||
		    !(open->flags & KMQ_HUB_CREATE))
			return queue;
		*made = true;
		queue = kmq_hub_make(opening);
		if (PTR_ERR_OR_ZERO(queue) != -EEXIST || exclusive)
			return queue;
		/* It came and went under us. Those who do that may go on. */
	} while (!fatal_signal_pending(current));
	return ERR_PTR(-EINTR);
}

static struct file *kmq_hub_file(struct kmq_queue *queue,
				 const struct kmq_hub_open *open)
{
	unsigned int flags = O_RDWR;

	if (!(open->flags & KMQ_HUB_WRITE))
		flags = O_RDONLY;
	else if (!(open->flags & KMQ_HUB_READ))
		flags = O_WRONLY;
	if (open->create.flags & KMQ_CREATE_NONBLOCK)
		flags |= O_NONBLOCK;
	return kmq_file_new(queue, flags, open->flags & KMQ_HUB_CALLS);
}

static int kmq_hub_tell(const struct kmq_queue *queue,
			struct kmq_hub_open __user *arg)
{
	return put_user(queue->id, &arg->id) ? -EFAULT : 0;
}

/*
 * The file; then the id, which is told of what succeeds alone; then the
 * descriptor, whose number is there already: nothing is left that could fail.
 */
static long kmq_hub_deliver_file(struct kmq_queue *queue,
				 const struct kmq_opening *opening,
				 struct kmq_hub_open __user *arg)
{
	struct file *file = kmq_hub_file(queue, &opening->open);
	int err;

	if (IS_ERR(file))
		return PTR_ERR(file);
	err = kmq_hub_tell(queue, arg);
	if (!err) {
		fd_install(opening->fd, file);
		return opening->fd;
	}
	/* The file takes the count with it that the caller thinks is his. */
	kmq_registry_hold(queue);
	fput(file);
	return err;
}

static long kmq_hub_open_checked(struct kmq_opening *opening,
				 struct kmq_hub_open __user *arg)
{
	bool counted = opening->open.flags & KMQ_HUB_DESCRIPTOR;
	struct kmq_queue *queue;
	bool made;
	long ret;

	queue = kmq_hub_reach(opening, &made);
	if (PTR_ERR_OR_ZERO(queue) == -EDQUOT &&
	    put_user(opening->address.refused, &arg->refused))
		return -EFAULT;
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	ret = counted ? kmq_hub_deliver_file(queue, opening, arg) :
			kmq_hub_tell(queue, arg);
	if (ret >= 0 && counted)
		return ret;	/* the reference is the descriptor's now */
	if (ret < 0 && made)
		kmq_registry_abort(queue, counted);
	else
		kmq_hub_leave(queue, counted);
	return ret;
}

/* The number first: who has none left makes no queue. */
static long kmq_hub_open_numbered(struct kmq_opening *opening,
				  struct kmq_hub_open __user *arg)
{
	long ret;

	if (!(opening->open.flags & KMQ_HUB_DESCRIPTOR))
		return kmq_hub_open_checked(opening, arg);
	opening->fd = get_unused_fd_flags(O_CLOEXEC);
	if (opening->fd < 0)
		return opening->fd;
	ret = kmq_hub_open_checked(opening, arg);
	if (ret < 0)
		put_unused_fd(opening->fd);
	return ret;
}

static long kmq_hub_open(struct kmq_hub_open __user *arg)
{
	struct kmq_opening *opening;
	const struct kmq_hub_open *open;
	long ret = -EFAULT;

	/* Half a kilobyte, and more below it. */
	opening = kzalloc(sizeof(*opening), GFP_KERNEL_ACCOUNT);
	if (!opening)
		return -ENOMEM;
	open = &opening->open;
	if (copy_from_user(&opening->open, arg, sizeof(*arg)))
		goto free;
	ret = kmq_hub_open_check(open) ?:
	      kmq_address_fetch(&opening->address, open->space, open->key,
				open->key_size);
	if (ret)
		goto free;
	opening->address.most_queues = open->most_queues;
	opening->address.weight = open->weight;
	opening->address.most_weight = open->most_weight;
	ret = kmq_hub_open_numbered(opening, arg);
free:
	kfree(opening);
	return ret;
}

#define KMQ_HUB_STAT_FLAGS (KMQ_HUB_INDEX | KMQ_HUB_ANY | KMQ_HUB_TOTALS)

static int kmq_hub_stat_check(const struct kmq_hub_stat *stat)
{
	bool wide = stat->flags & (KMQ_HUB_INDEX | KMQ_HUB_TOTALS);

	if (stat->flags & ~KMQ_HUB_STAT_FLAGS || stat->key_size ||
	    stat->highest || stat->reserved32 ||
	    memchr_inv(stat->reserved, 0, sizeof(stat->reserved)))
		return -EINVAL;
	if (stat->flags & KMQ_HUB_INDEX && stat->flags & KMQ_HUB_TOTALS)
		return -EINVAL;
	if (wide ? !stat->space || stat->space > KMQ_SPACE_MAX : stat->space)
		return -EINVAL;
	if (wide && stat->id)
		return -EINVAL;
	return stat->index && !(stat->flags & KMQ_HUB_INDEX) ? -EINVAL : 0;
}

static void kmq_hub_stat_totals(struct kmq_hub_stat *stat)
{
	struct kmq_space_totals totals;

	kmq_registry_totals(stat->space, &totals);
	*stat = (struct kmq_hub_stat){
		.flags = stat->flags,
		.space = stat->space,
		.key = stat->key,
		.index = totals.queues,
		.highest = totals.highest,
		.info.queued = totals.queued,
		.info.bytes = totals.bytes,
	};
}

/* The queue that @stat is about; or an ERR_PTR of -ENOENT, -EINVAL, -EACCES. */
static struct kmq_queue *kmq_hub_stat_queue(const struct kmq_hub_stat *stat)
{
	bool index = stat->flags & KMQ_HUB_INDEX;
	struct kmq_queue *queue;
	int err;

	queue = index ? kmq_registry_at(stat->space, stat->index) :
			kmq_hub_find(stat->id);
	if (!queue)
		return ERR_PTR(index ? -EINVAL : -ENOENT);
	err = stat->flags & KMQ_HUB_ANY ?
		      0 : kmq_permit_ask(queue, KMQ_MAY_READ);
	if (!err)
		return queue;
	kmq_queue_put(queue);
	return ERR_PTR(err);
}

static noinline_for_stack void kmq_hub_stat_fill(struct kmq_hub_stat *stat,
						 struct kmq_queue *queue)
{
	struct user_namespace *users = current_user_ns();
	struct kmq_description description;

	kmq_describe_queue(queue, &description);
	stat->info = description.info;
	stat->info.uid = from_kuid_munged(users, description.subject.uid);
	stat->info.gid = from_kgid_munged(users, description.subject.gid);
	stat->id = queue->id;
	stat->space = queue->key->space;
	stat->key_size = kmq_key_size(queue);
	stat->creator_uid = from_kuid_munged(users, queue->creator_uid);
	stat->creator_gid = from_kgid_munged(users, queue->creator_gid);
	stat->last_sender = pid_vnr(description.last_sender);
	stat->last_receiver = pid_vnr(description.last_receiver);
	stat->notify_pid = pid_vnr(description.notified);
	stat->last_send = description.last_send;
	stat->last_receive = description.last_receive;
	stat->last_change = description.last_change;
	kmq_description_put(&description);
}

static int kmq_hub_stat_one(struct kmq_hub_stat *stat)
{
	struct kmq_queue *queue = kmq_hub_stat_queue(stat);
	int err = 0;

	if (IS_ERR(queue))
		return PTR_ERR(queue);
	kmq_hub_stat_fill(stat, queue);
	if (stat->key && copy_to_user(u64_to_user_ptr(stat->key),
				      queue->key->bytes, stat->key_size))
		err = -EFAULT;
	kmq_queue_put(queue);
	return err;
}

static noinline_for_stack long kmq_hub_stat(struct kmq_hub_stat __user *arg)
{
	struct kmq_hub_stat stat;
	int err;

	if (copy_from_user(&stat, arg, sizeof(stat)))
		return -EFAULT;
	err = kmq_hub_stat_check(&stat);
	if (!err && stat.flags & KMQ_HUB_TOTALS)
		kmq_hub_stat_totals(&stat);
	else if (!err)
		err = kmq_hub_stat_one(&stat);
	if (err)
		return err;
	return copy_to_user(arg, &stat, sizeof(stat)) ? -EFAULT : 0;
}

#define KMQ_HUB_SETS (KMQ_HUB_SET_OWNER | KMQ_HUB_SET_MODE | \
		      KMQ_HUB_SET_CAPACITY | KMQ_HUB_SET_BYTES)

static int kmq_hub_set_check(const struct kmq_hub_set *set)
{
	if (!set->what || set->what & ~KMQ_HUB_SETS || set->reserved[0] ||
	    set->reserved[1])
		return -EINVAL;
	if (!(set->what & KMQ_HUB_SET_OWNER) && (set->uid || set->gid))
		return -EINVAL;
	if (!(set->what & KMQ_HUB_SET_MODE) && set->mode)
		return -EINVAL;
	if (!(set->what & KMQ_HUB_SET_CAPACITY) && set->capacity)
		return -EINVAL;
	if (!(set->what & KMQ_HUB_SET_BYTES) && set->byte_limit)
		return -EINVAL;
	return set->mode & ~0777 ? -EINVAL : 0;
}

static int kmq_hub_set_words(const struct kmq_hub_set *set,
			     struct kmq_change *change)
{
	change->what = KMQ_CHANGE_EXACT;
	change->mode = set->mode;
	change->capacity = set->capacity;
	change->byte_limit = set->byte_limit;
	if (set->what & KMQ_HUB_SET_MODE)
		change->what |= KMQ_CHANGE_MODE;
	if (set->what & KMQ_HUB_SET_CAPACITY)
		change->what |= KMQ_CHANGE_CAPACITY;
	if (set->what & KMQ_HUB_SET_BYTES)
		change->what |= KMQ_CHANGE_BYTE_LIMIT;
	if (!(set->what & KMQ_HUB_SET_OWNER))
		return 0;
	change->what |= KMQ_CHANGE_UID | KMQ_CHANGE_GID;
	change->uid = make_kuid(current_user_ns(), set->uid);
	change->gid = make_kgid(current_user_ns(), set->gid);
	return uid_valid(change->uid) && gid_valid(change->gid) ? 0 : -EINVAL;
}

static int kmq_hub_set_judged(struct kmq_queue *queue,
			      struct kmq_change *change)
{
	struct kmq_fault fault;
	int err;

	/* Given away between the judgement and the lock: judged anew. */
	do {
		change->judged_uid = READ_ONCE(queue->uid);
		change->judged_gid = READ_ONCE(queue->gid);
		if (!kmq_owner_is_served(queue, change->judged_uid))
			return -EPERM;
		err = kmq_registry_set(queue, change, &fault);
	} while (err == -ESTALE);
	return err;
}

static long kmq_hub_set(const struct kmq_hub_set __user *arg)
{
	struct kmq_change change = {};
	struct kmq_hub_set set;
	struct kmq_queue *queue;
	int err;

	if (copy_from_user(&set, arg, sizeof(set)))
		return -EFAULT;
	err = kmq_hub_set_check(&set) ?: kmq_hub_set_words(&set, &change);
	if (err)
		return err;
	queue = kmq_hub_find(set.id);
	if (!queue)
		return -ENOENT;
	err = kmq_hub_set_judged(queue, &change);
	kmq_queue_put(queue);
	return err;
}

/* By id or by key; or an ERR_PTR, or NULL: there is none. */
static struct kmq_queue *
kmq_hub_remove_queue(const struct kmq_hub_remove *remove)
{
	struct kmq_address *address;
	struct kmq_queue *queue;
	int err;

	if (remove->id) {
		if (remove->space || remove->key || remove->key_size)
			return ERR_PTR(-EINVAL);
		return kmq_hub_find(remove->id);
	}
	if (!remove->key_size)
		return ERR_PTR(-EINVAL);
	address = kzalloc(sizeof(*address), GFP_KERNEL_ACCOUNT);
	if (!address)
		return ERR_PTR(-ENOMEM);
	err = kmq_address_fetch(address, remove->space, remove->key,
				remove->key_size);
	queue = err ? ERR_PTR(err) : kmq_registry_find_keyed(address, false);
	kfree(address);
	return queue;
}

static long kmq_hub_remove(const struct kmq_hub_remove __user *arg)
{
	struct kmq_hub_remove remove;
	struct kmq_queue *queue;
	int err;

	if (copy_from_user(&remove, arg, sizeof(remove)))
		return -EFAULT;
	if (remove.flags & ~KMQ_REMOVE_DEFER)
		return -EINVAL;
	queue = kmq_hub_remove_queue(&remove);
	if (IS_ERR_OR_NULL(queue))
		return queue ? PTR_ERR(queue) : -ENOENT;
	err = kmq_registry_end_judged(queue, remove.flags & KMQ_REMOVE_DEFER);
	kmq_queue_put(queue);
	return err;
}

static noinline long kmq_hub_other(unsigned int cmd, void __user *user)
{
	switch (cmd) {
	case KMQ_HUB_OPEN:
		return kmq_hub_open(user);
	case KMQ_HUB_STAT:
		return kmq_hub_stat(user);
	case KMQ_HUB_SET:
		return kmq_hub_set(user);
	case KMQ_HUB_REMOVE:
		return kmq_hub_remove(user);
	default:
		return -ENOTTY;
	}
}

static long kmq_hub_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	void __user *user = (void __user *)arg;

	/* Those with a message first: the others can pay for it. */
	if (likely(cmd == KMQ_HUB_PUT))
		return kmq_hub_put(user);
	if (likely(cmd == KMQ_HUB_TAKE))
		return kmq_hub_take(user);
	return kmq_hub_other(cmd, user);
}

/* So that a process which has it open can be told from others. */
static void kmq_hub_show_fdinfo(struct seq_file *seq, struct file *file)
{
	seq_puts(seq, "kmq-hub:\t1\n");
}

static const struct file_operations kmq_hub_fops = {
	.owner = THIS_MODULE,
	.open = stream_open,
	.unlocked_ioctl = kmq_hub_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = kmq_hub_show_fdinfo,
};

int kmq_hub_init(void)
{
	dev_t devt = kmq_devt(KMQ_HUB_MINOR);
	int err;

	if (hub_mode & ~0777) {
		pr_err("kmq: hub_mode has more than permission bits: %#o\n",
		       hub_mode);
		return -EINVAL;
	}
	cdev_init(&kmq_hub_cdev, &kmq_hub_fops);
	kmq_hub_cdev.owner = THIS_MODULE;
	err = cdev_add(&kmq_hub_cdev, devt, 1);
	if (err)
		return err;
	kmq_hub_node = kmq_node_new(KMQ_HUB_NAME, KMQ_HUB_MINOR, hub_mode,
				    GLOBAL_ROOT_UID, GLOBAL_ROOT_GID, NULL);
	if (!IS_ERR(kmq_hub_node))
		return 0;
	cdev_del(&kmq_hub_cdev);
	return PTR_ERR(kmq_hub_node);
}

/* No descriptor is left: the module's count is theirs, too. */
void kmq_hub_exit(void)
{
	kmq_node_free(kmq_hub_node);
	cdev_del(&kmq_hub_cdev);
}
