// SPDX-License-Identifier: GPL-2.0-only
/* The module: init in order, exit in exact reverse. */
#include <linux/module.h>

#include "control.h"
#include "file.h"
#include "hub.h"
#include "netlink.h"
#include "registry.h"

static int __init kmq_init(void)
{
	int err;

	err = kmq_registry_init();
	if (err)
		return err;
	err = kmq_file_init();
	if (err)
		goto registry;
	err = kmq_control_init();
	if (err)
		goto file;
	err = kmq_hub_init();
	if (err)
		goto control;
	err = kmq_netlink_init();
	if (err)
		goto hub;
	return 0;

hub:
	kmq_hub_exit();
control:
	kmq_control_exit();
file:
	kmq_file_exit();
registry:
	kmq_registry_exit();
	return err;
}

static void __exit kmq_exit(void)
{
	kmq_netlink_exit();
	kmq_hub_exit();
	kmq_control_exit();
	kmq_file_exit();
	kmq_registry_exit();
}

module_init(kmq_init);
module_exit(kmq_exit);

MODULE_DESCRIPTION("Message queues behind character devices");
MODULE_LICENSE("GPL");
