// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kmq/control: creates, removes and enumerates queues. Who may open it may
 * create; the node's mode (root's alone, unless a udev rule says otherwise)
 * decides.
 */
#include <linux/capability.h>
#include <linux/cdev.h>
#include <linux/cred.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/kmq.h>
#include <linux/stat.h>
#include <linux/uaccess.h>

#include "control.h"
#include "create.h"
#include "file.h"
#include "registry.h"
#include "stats.h"

#define KMQ_CONTROL_MODE 0600

static struct cdev kmq_control_cdev;
static struct kmq_node *kmq_control_node;

static long kmq_control_features(void __user *arg)
{
	struct kmq_features features;

	if (copy_from_user(&features, arg, sizeof(features)))
		return -EFAULT;
	if (features.reserved)
		return -EINVAL;
	features.abi_version = KMQ_ABI_VERSION;
	features.features = KMQ_FEATURE_MESSAGE | KMQ_FEATURE_LEASE |
			    KMQ_FEATURE_CALL | KMQ_FEATURE_BATCH |
			    KMQ_FEATURE_RING | KMQ_FEATURE_SHORT |
			    KMQ_FEATURE_HUB | KMQ_FEATURE_NOTIFY;
	return copy_to_user(arg, &features, sizeof(features)) ? -EFAULT : 0;
}

static int kmq_create_owner(const struct kmq_create *create, kuid_t *uid,
			    kgid_t *gid)
{
	*uid = current_fsuid();
	*gid = current_fsgid();
	if (!(create->flags & KMQ_CREATE_OWNER))
		return 0;
	*uid = make_kuid(current_user_ns(), create->uid);
	*gid = make_kgid(current_user_ns(), create->gid);
	if (!uid_valid(*uid) || !gid_valid(*gid))
		return -EINVAL;
	if (uid_eq(*uid, current_fsuid()) && in_group_p(*gid))
		return 0;
	return capable(CAP_CHOWN) ? 0 : -EPERM;
}

/* Tell what was chosen; then the descriptor, after which nothing can fail. */
static int kmq_create_deliver(struct kmq_queue *queue,
			      const struct kmq_create *create, bool open,
			      void __user *arg)
{
	unsigned int flags = 0;

	if (copy_to_user(arg, create, sizeof(*create)))
		return -EFAULT;
	if (!open)
		return 0;
	if (create->flags & KMQ_CREATE_NONBLOCK)
		flags = O_NONBLOCK;
	return kmq_file_install(queue, O_RDWR | flags);
}

static long kmq_control_create(void __user *arg)
{
	struct kmq_create create;
	struct kmq_fault fault;
	struct kmq_queue *queue;
	kuid_t uid;
	kgid_t gid;
	bool open;
	int err, fd;

	if (copy_from_user(&create, arg, sizeof(create)))
		return -EFAULT;
	err = kmq_create_check(&create, &fault);
	if (!err)
		err = kmq_create_owner(&create, &uid, &gid);
	if (err)
		return err;

	open = create.flags & KMQ_CREATE_OPEN || !*create.name;
	queue = kmq_registry_create(&create, NULL, uid, gid, open);
	if (PTR_ERR_OR_ZERO(queue) == -EEXIST &&
	    !(create.flags & KMQ_CREATE_EXCLUSIVE))
		return 0;
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	fd = kmq_create_deliver(queue, &create, open, arg);
	if (fd < 0)
		kmq_registry_abort(queue, open);
	else if (!open)
		kmq_queue_put(queue);
	return fd;
}

/* The name in a struct kmq_remove is as valid as its queue exists. */
static long kmq_control_remove(void __user *arg)
{
	struct kmq_remove remove;

	if (copy_from_user(&remove, arg, sizeof(remove)))
		return -EFAULT;
	if (remove.flags & ~KMQ_REMOVE_DEFER || remove.reserved ||
	    !kmq_name_terminated(remove.name) || !*remove.name ||
	    !kmq_name_valid(remove.name))
		return -EINVAL;
	return kmq_registry_remove(remove.name,
				   remove.flags & KMQ_REMOVE_DEFER);
}

static long kmq_control_next(struct kmq_info __user *arg)
{
	struct kmq_queue *queue;
	struct kmq_info info;
	u32 id;

	if (get_user(id, &arg->id))
		return -EFAULT;
	queue = kmq_registry_next(id, NULL);
	if (!queue)
		return -ENOENT;
	kmq_stats_fill(queue, &info);
	kmq_queue_put(queue);
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long kmq_control_ioctl(struct file *file, unsigned int cmd,
			      unsigned long arg)
{
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case KMQ_CTL_FEATURES:
		return kmq_control_features(user);
	case KMQ_CTL_CREATE:
		return kmq_control_create(user);
	case KMQ_CTL_REMOVE:
		return kmq_control_remove(user);
	case KMQ_CTL_NEXT:
		return kmq_control_next(user);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations kmq_control_fops = {
	.owner = THIS_MODULE,
	.open = stream_open,
	.unlocked_ioctl = kmq_control_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

int kmq_control_init(void)
{
	dev_t devt = kmq_devt(KMQ_CONTROL_MINOR);
	int err;

	cdev_init(&kmq_control_cdev, &kmq_control_fops);
	kmq_control_cdev.owner = THIS_MODULE;
	err = cdev_add(&kmq_control_cdev, devt, 1);
	if (err)
		return err;
	kmq_control_node = kmq_node_new(KMQ_CONTROL_NAME, KMQ_CONTROL_MINOR,
					KMQ_CONTROL_MODE, GLOBAL_ROOT_UID,
					GLOBAL_ROOT_GID, NULL);
	if (!IS_ERR(kmq_control_node))
		return 0;
	cdev_del(&kmq_control_cdev);
	return PTR_ERR(kmq_control_node);
}

void kmq_control_exit(void)
{
	kmq_node_free(kmq_control_node);
	cdev_del(&kmq_control_cdev);
}
