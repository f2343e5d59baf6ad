// SPDX-License-Identifier: GPL-2.0-only
/* Queues of the hub. */
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "hub.h"

int hub(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = CHECK_OK(open(HUB_PATH, O_RDWR | O_CLOEXEC));
	return fd;
}

void hub_reopen(int flags)
{
	int fd = CHECK_OK(open(HUB_PATH, flags | O_CLOEXEC));

	CHECK_OK(dup2(fd, hub()));
	close(fd);
}

struct key key_of(const void *bytes, __u32 size)
{
	struct key key = { .size = size };

	memcpy(key.bytes, bytes, size);
	return key;
}

struct key key_new(void)
{
	static unsigned int count;
	struct key key;

	key.size = snprintf(key.bytes, sizeof(key.bytes), "k%d.%u", test_pid, ++count);
	return key;
}

int hub_open(struct kmq_hub_open *open)
{
	return ioctl(hub(), KMQ_HUB_OPEN, open);
}

__u32 hub_new(struct kmq_create create)
{
	struct kmq_hub_open open = { .space = SPACE, .flags = KMQ_HUB_CREATE, .create = create };

	CHECK_EQ(CHECK_OK(hub_open(&open)), 0);
	return open.id;
}

static int put_short(__u32 id, __u32 flags, __s64 type, const char *text)
{
	struct kmq_short message = {
		.body = ptr(text), .size = strlen(text), .type = type, .id = id, .flags = flags,
	};

	return ioctl(hub(), KMQ_HUB_PUT, &message);
}

static int take_short(__u32 id, __u32 flags, char *body, __u32 room)
{
	struct kmq_short message = {
		.body = ptr(body), .size = room, .id = id, .flags = flags,
	};

	return ioctl(hub(), KMQ_HUB_TAKE, &message);
}

int hub_put(__u32 id, __s64 type, const char *text)
{
	return put_short(id, KMQ_DONTWAIT, type, text);
}

int hub_take(__u32 id, char *body, __u32 room)
{
	return take_short(id, KMQ_DONTWAIT, body, room);
}

int hub_wait_put(__u32 id, __s64 type, const char *text)
{
	return put_short(id, 0, type, text);
}

int hub_wait_take(__u32 id, char *body, __u32 room)
{
	return take_short(id, 0, body, room);
}

int hub_stat(__u32 id, __u32 flags, struct kmq_hub_stat *stat)
{
	memset(stat, 0xa5, sizeof(*stat));
	stat->id = id;
	stat->flags = flags;
	stat->space = stat->key_size = stat->index = stat->highest = stat->reserved32 = 0;
	stat->key = 0;
	memset(stat->reserved, 0, sizeof(stat->reserved));
	return ioctl(hub(), KMQ_HUB_STAT, stat);
}

static int set(struct kmq_hub_set set)
{
	return ioctl(hub(), KMQ_HUB_SET, &set);
}

int hub_set_mode(__u32 id, __u32 mode)
{
	return set((struct kmq_hub_set){ .id = id, .what = KMQ_HUB_SET_MODE, .mode = mode });
}

int hub_set_owner(__u32 id, __u32 uid, __u32 gid)
{
	return set((struct kmq_hub_set){ .id = id, .what = KMQ_HUB_SET_OWNER, .uid = uid, .gid = gid });
}

int hub_set_bytes(__u32 id, __u64 bytes)
{
	return set((struct kmq_hub_set){ .id = id, .what = KMQ_HUB_SET_BYTES, .byte_limit = bytes });
}

int hub_remove(__u32 id, __u32 flags)
{
	struct kmq_hub_remove remove = { .id = id, .flags = flags };

	return ioctl(hub(), KMQ_HUB_REMOVE, &remove);
}

int hub_remove_key(const struct key *key, __u32 flags)
{
	struct kmq_hub_remove remove = {
		.space = SPACE, .key = ptr(key->bytes), .key_size = key->size, .flags = flags,
	};

	return ioctl(hub(), KMQ_HUB_REMOVE, &remove);
}

struct kmq_hub_stat hub_stat_of(__u32 id)
{
	struct kmq_hub_stat stat;

	CHECK_EQ(CHECK_OK(hub_stat(id, KMQ_HUB_ANY, &stat)), 0);
	CHECK(info_balances(&stat.info));
	return stat;
}

struct kmq_hub_stat hub_totals(__u32 space)
{
	struct kmq_hub_stat stat = { .flags = KMQ_HUB_TOTALS, .space = space };

	CHECK_EQ(CHECK_OK(ioctl(hub(), KMQ_HUB_STAT, &stat)), 0);
	return stat;
}

void hub_wait_blocked(__u32 id, unsigned int senders, unsigned int receivers)
{
	struct kmq_hub_stat stat;

	WAIT_UNTIL((stat = hub_stat_of(id), stat.info.blocked_senders == senders &&
					    stat.info.blocked_receivers == receivers));
}

static void set_ids(unsigned int uid, unsigned int gid, unsigned int group)
{
	CHECK_OK(setgroups(group ? 1 : 0, &group));
	CHECK_OK(setresgid(gid, gid, gid));
	CHECK_OK(setresuid(uid, uid, uid));
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void become(unsigned int uid, unsigned int gid, unsigned int group)
{
	/* It is not the right to open them that is asked about here. */
	hub();
	control();
	set_ids(uid, gid, group);
}

void become_capable(unsigned int uid, int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};

	hub();
	CHECK_OK(prctl(PR_SET_KEEPCAPS, 1));
	set_ids(uid, uid, 0);
	data[capability / 32].effective = data[capability / 32].permitted = 1u << capability % 32;
	CHECK_OK(syscall(SYS_capset, &header, data));
}
