// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel lets a new queue of its own be, and so this one: mq_overview(7), getrlimit(2). Of the caller's IPC
 * namespace, as its /proc shows it; where there is none, as the kernel begins.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sys/resource.h>

#include "internal.h"

/* Whoever has CAP_SYS_RESOURCE is bound by these alone. */
enum { HARD_MESSAGES = 65536, HARD_SIZE = 1 << 24 };

/* A message costs this besides its bytes, and so does each priority that could be in use. */
enum { MESSAGE_COST = 48, PRIORITY_COST = 48, PRIORITIES = 32768 };

/* A queue begins with room for so many messages, and grows as they come. Each is so many bytes, or costs an allocation. */
enum { SLOTS = 16, INLINE_LEAST = 8, INLINE_MOST = 256 };

#define LIMIT(name, otherwise) shim_number("/proc/sys/fs/mqueue/" #name, otherwise)

static long lesser(long a, long b)
{
	return a < b ? a : b;
}

static int check(const struct mq_attr *is, bool privileged)
{
	long most = HARD_MESSAGES, size = HARD_SIZE;

	if (is->mq_maxmsg <= 0 || is->mq_msgsize <= 0)
		return EINVAL;
	if (!privileged) {
		most = LIMIT(msg_max, 10);
		size = LIMIT(msgsize_max, 8192);
	}
	/* Beyond the hard limits the files of /proc do not go. */
	return is->mq_maxmsg > most || is->mq_msgsize > size ? EINVAL : 0;
}

/* As getrlimit(2) says how RLIMIT_MSGQUEUE is reckoned. */
static void weigh(struct kmq_hub_open *open, uint64_t messages, uint64_t size)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	open->weight = messages * size + messages * MESSAGE_COST +
		       (messages < PRIORITIES ? messages : PRIORITIES) * PRIORITY_COST;
	getrlimit(RLIMIT_MSGQUEUE, &limit);
	if (limit.rlim_cur == RLIM_INFINITY)
		return;
	/* 0 would say that there is no limit; no queue weighs as little as 1. */
	open->most_weight = limit.rlim_cur ? limit.rlim_cur : 1;
}

int mqueue_describe(struct kmq_hub_open *open, const struct mq_attr *attributes)
{
	struct kmq_create *create = &open->create;
	bool privileged = shim_may(CAP_SYS_RESOURCE);
	struct mq_attr is;
	uint64_t bytes;
	long queues;
	int error;

	if (attributes) {
		is = *attributes;
	} else {
		is.mq_maxmsg = lesser(LIMIT(msg_max, 10), LIMIT(msg_default, 10));
		is.mq_msgsize = lesser(LIMIT(msgsize_max, 8192), LIMIT(msgsize_default, 8192));
	}
	error = check(&is, privileged);
	if (error)
		return error;
	if (!privileged) {
		queues = LIMIT(queues_max, 256);
		/* To the module, 0 is no limit. */
		if (queues <= 0)
			return ENOSPC;
		open->most_queues = queues;
	}
	weigh(open, is.mq_maxmsg, is.mq_msgsize);
	bytes = (uint64_t)is.mq_maxmsg * is.mq_msgsize;
	create->flags |= KMQ_CREATE_EXACT;
	create->capacity = is.mq_maxmsg;
	create->max_message = is.mq_msgsize;
	create->byte_limit = bytes < KMQ_BYTE_LIMIT_MAX ? bytes : KMQ_BYTE_LIMIT_MAX;
	create->inline_size = is.mq_msgsize < INLINE_LEAST ? INLINE_LEAST : lesser(is.mq_msgsize, INLINE_MOST);
	create->slots = lesser(is.mq_maxmsg, SLOTS);
	return 0;
}
