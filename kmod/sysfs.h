/* SPDX-License-Identifier: GPL-2.0-only */
/* /sys/class/kmq/NAME/ */
#ifndef _KMQ_SYSFS_H
#define _KMQ_SYSFS_H

#include <linux/sysfs.h>

extern const struct attribute_group *kmq_sysfs_groups[];

#endif /* _KMQ_SYSFS_H */
