/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only home of kernel-version differences. Each says what changed, when.
 */
#ifndef _KMQ_COMPAT_H
#define _KMQ_COMPAT_H

#include <linux/device.h>
#include <linux/mm.h>
#include <linux/version.h>
#include <net/genetlink.h>

/* 6.4: class_create() lost its owner. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define kmq_class_create(name) class_create(name)
#else
#define kmq_class_create(name) class_create(THIS_MODULE, name)
#endif

/* 6.3: device_type.devnode() takes a const device. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define kmq_devnode_device const struct device
#else
#define kmq_devnode_device struct device
#endif

/* 6.2: class.get_ownership() takes a const device. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define kmq_ownership_device const struct device
#else
#define kmq_ownership_device struct device
#endif

/* 6.3: vm_flags are changed by calls that want mmap_lock. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/* 6.6: what is known of a dump's request is a struct genl_info. */
static inline struct nlattr **kmq_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

#endif /* _KMQ_COMPAT_H */
