// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits per user and for the module.
 *
 * A queue is charged, when it is made, with the most memory that it may come to
 * hold: its slots, and if it takes messages that do not fit into them its byte
 * limit. So no send can fail for quota, and no count is kept per message; but for
 * a queue that was made with fewer slots than capacity, which is charged for the
 * others as it comes to need them, 64 at a time (message.c). The memory itself is
 * charged to the memory cgroup when it is allocated.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/kmq.h>

#include "quota.h"
#include "trace.h"

static unsigned int max_queues = 4096;
module_param(max_queues, uint, 0644);
MODULE_PARM_DESC(max_queues, "Queues in existence (4096)");

static unsigned int max_queues_per_user = 1024;
module_param(max_queues_per_user, uint, 0644);
MODULE_PARM_DESC(max_queues_per_user, "Queues of one user (1024)");

static ulong max_bytes_per_user = 64 << 20;
module_param(max_bytes_per_user, ulong, 0644);
MODULE_PARM_DESC(max_bytes_per_user,
		 "Bytes that the queues of one user may come to hold (64 MiB)");

/**
 * struct kmq_account - a user who has queues
 * @link: in kmq_accounts
 * @uid: who
 * @queues: of the user; the account lives while there are any
 * @bytes: charged for them
 */
struct kmq_account {
	struct list_head link;
	kuid_t uid;
	u32 queues;
	u64 bytes;
};

static DEFINE_MUTEX(kmq_quota_lock);
/* Guarded by kmq_quota_lock. */
static LIST_HEAD(kmq_accounts);
static u32 kmq_queues;

static struct kmq_account *kmq_account_find(kuid_t uid)
{
	struct kmq_account *account;

	lockdep_assert_held(&kmq_quota_lock);
	list_for_each_entry(account, &kmq_accounts, link)
		if (uid_eq(account->uid, uid))
			return account;
	return NULL;
}

static struct kmq_account *kmq_account_get(kuid_t uid)
{
	struct kmq_account *account = kmq_account_find(uid);

	if (account)
		return account;
	account = kzalloc(sizeof(*account), GFP_KERNEL_ACCOUNT);
	if (!account)
		return ERR_PTR(-ENOMEM);
	account->uid = uid;
	list_add(&account->link, &kmq_accounts);
	return account;
}

static void kmq_account_drop_unused(struct kmq_account *account)
{
	lockdep_assert_held(&kmq_quota_lock);
	if (account->queues)
		return;
	list_del(&account->link);
	kfree(account);
}

static bool kmq_account_affords(const struct kmq_account *account, u64 bytes)
{
	u64 limit = READ_ONCE(max_bytes_per_user);

	return account->bytes <= limit && bytes <= limit - account->bytes;
}

/**
 * kmq_quota_open() - charge a user with a queue more
 * @uid: who
 * @bytes: that the queue may come to hold
 * @refused: out, with -EDQUOT: enum kmq_refused
 *
 * Context: may sleep.
 * Return: the account, to be closed once; or ERR_PTR of -EDQUOT, -ENOMEM.
 */
struct kmq_account *kmq_quota_open(kuid_t uid, u64 bytes, u32 *refused)
{
	struct kmq_account *account;
	bool many;

	mutex_lock(&kmq_quota_lock);
	account = kmq_account_get(uid);
	if (IS_ERR(account))
		goto unlock;
	many = kmq_queues >= READ_ONCE(max_queues) ||
	       account->queues >= READ_ONCE(max_queues_per_user);
	if (many || !kmq_account_affords(account, bytes)) {
		*refused = many ? KMQ_REFUSED_QUEUES : KMQ_REFUSED_QUOTA;
		kmq_trace(quota, uid, bytes, account->bytes, account->queues);
		kmq_account_drop_unused(account);
		account = ERR_PTR(-EDQUOT);
		goto unlock;
	}
	kmq_queues++;
	account->queues++;
	account->bytes += bytes;
unlock:
	mutex_unlock(&kmq_quota_lock);
	return account;
}

/**
 * kmq_quota_change() - charge more or less for a queue
 * @account: of its user
 * @from: bytes charged so far
 * @to: bytes to charge
 *
 * Context: may sleep.
 * Return: 0, or -EDQUOT with nothing changed (never when @to <= @from).
 */
int kmq_quota_change(struct kmq_account *account, u64 from, u64 to)
{
	int err = 0;

	mutex_lock(&kmq_quota_lock);
	if (to > from && !kmq_account_affords(account, to - from)) {
		kmq_trace(quota, account->uid, to - from, account->bytes,
			  account->queues);
		err = -EDQUOT;
	} else {
		account->bytes += to - from;
	}
	mutex_unlock(&kmq_quota_lock);
	return err;
}

/* The end of a queue: the reverse of kmq_quota_open(). May sleep. */
void kmq_quota_close(struct kmq_account *account, u64 bytes)
{
	mutex_lock(&kmq_quota_lock);
	kmq_queues--;
	account->queues--;
	account->bytes -= bytes;
	kmq_account_drop_unused(account);
	mutex_unlock(&kmq_quota_lock);
}
