/* SPDX-License-Identifier: GPL-2.0-only */
/* What each user's queues take, and how much they may. */
#ifndef _KMQ_QUOTA_H
#define _KMQ_QUOTA_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct kmq_account;

struct kmq_account *kmq_quota_open(kuid_t uid, u64 bytes, u32 *refused);
int kmq_quota_change(struct kmq_account *account, u64 from, u64 to);
void kmq_quota_close(struct kmq_account *account, u64 bytes);

#endif /* _KMQ_QUOTA_H */
