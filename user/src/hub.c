// SPDX-License-Identifier: LGPL-2.1-or-later
/* The hub, and notification: a system call each, and nothing else. */
#include <fcntl.h>

#include "internal.h"

#pragma GCC visibility push(default)
#include <kmq_hub.h>
#pragma GCC visibility pop

int kmq_hub(void)
{
	return open(KMQ_HUB_PATH, O_RDWR | O_CLOEXEC | O_NOCTTY);
}

int kmq_hub_open(int hub, struct kmq_hub_open *request)
{
	return ioctl(hub, KMQ_HUB_OPEN, request);
}

int kmq_hub_stat(int hub, struct kmq_hub_stat *stat)
{
	return ioctl(hub, KMQ_HUB_STAT, stat);
}

int kmq_hub_set(int hub, const struct kmq_hub_set *set)
{
	return ioctl(hub, KMQ_HUB_SET, set);
}

int kmq_hub_remove(int hub, const struct kmq_hub_remove *remove)
{
	return ioctl(hub, KMQ_HUB_REMOVE, remove);
}

int kmq_notify_add(int queue, uint32_t flags, const uint64_t show[2], uint64_t *cookie)
{
	struct kmq_notify notify = { .operation = KMQ_NOTIFY_ADD, .flags = flags };

	if (flags & KMQ_NOTIFY_SIGNAL)
		notify.cookie = *cookie;
	if (show) {
		notify.show[0] = show[0];
		notify.show[1] = show[1];
	}
	if (ioctl(queue, KMQ_IOC_NOTIFY, &notify))
		return -1;
	*cookie = notify.cookie;
	return 0;
}

int kmq_notify_drop(int queue)
{
	struct kmq_notify notify = { .operation = KMQ_NOTIFY_DROP };

	return ioctl(queue, KMQ_IOC_NOTIFY, &notify);
}

int kmq_notify_wait(int queue, struct kmq_notify *notify)
{
	struct kmq_notify wait = { .operation = KMQ_NOTIFY_WAIT, .cookie = notify->cookie };

	if (ioctl(queue, KMQ_IOC_NOTIFY, &wait))
		return -1;
	notify->outcome = wait.outcome;
	notify->pid = wait.pid;
	notify->uid = wait.uid;
	return 0;
}
