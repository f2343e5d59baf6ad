// SPDX-License-Identifier: GPL-2.0-only
/*
 * Goes wrong in the way that `what` names, so that the runner can be seen to notice.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

static char *what = "nothing";
module_param(what, charp, 0);
MODULE_PARM_DESC(what, "nothing, warn, oops, leak, overrun, sleep, deadlock or stay");

static DEFINE_SPINLOCK(spin);
static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static void leak(void)
{
	char *lost = kmalloc(100, GFP_KERNEL);

	pr_info("kmq: lost %d bytes\n", lost ? 100 : 0);
}

static void overrun(void)
{
	char *bytes = kmalloc(13, GFP_KERNEL);
	volatile char *past = bytes;

	if (bytes)
		past[13] = 1;
	kfree(bytes);
}

static void sleep_under_spinlock(void)
{
	spin_lock(&spin);
	msleep(1);
	spin_unlock(&spin);
}

static void lock_in_both_orders(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static int __init start(void)
{
	pr_info("kmq: %s\n", what);
	if (!strcmp(what, "warn"))
		WARN(1, "kmq: asked to warn\n");
	if (!strcmp(what, "oops"))
		READ_ONCE(*(int *)8L);
	if (!strcmp(what, "leak"))
		leak();
	if (!strcmp(what, "overrun"))
		overrun();
	if (!strcmp(what, "sleep"))
		sleep_under_spinlock();
	if (!strcmp(what, "deadlock"))
		lock_in_both_orders();
	if (!strcmp(what, "stay"))
		__module_get(THIS_MODULE);
	return 0;
}

static void __exit stop(void)
{
}

module_init(start);
module_exit(stop);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Goes wrong on purpose");
