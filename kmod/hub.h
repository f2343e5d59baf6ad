/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/kmq/.hub */
#ifndef _KMQ_HUB_H
#define _KMQ_HUB_H

/* As a device (kmq_node_new()); in sysfs, and in the rules of udev. */
#define KMQ_HUB_NAME "@hub"

int kmq_hub_init(void);
void kmq_hub_exit(void);

#endif /* _KMQ_HUB_H */
