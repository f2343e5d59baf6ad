// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * msgctl(), and on 32-bit machines __msgctl64(), which it is to programs that have a 64-bit time_t: the same but for
 * where the times stand. Each is there by its own name and with its own structure, whatever time_t this is built for.
 */
#undef _TIME_BITS
#include <linux/capability.h>
#include <string.h>

#include "internal.h"

/* What IPC_SET sets. */
struct wanted {
	uid_t uid;
	gid_t gid;
	mode_t mode;
	unsigned long long qbytes;
};

/* How the program's structure is laid out. */
struct layout {
	int (*tell)(void *buffer, const struct kmq_hub_stat *stat, key_t key);
	int (*ask)(struct wanted *wanted, const void *buffer);
};

/* All that both structures have by the same names. */
#define FILL(ds, stat, key)									\
	do {											\
		memset(ds, 0, sizeof(*(ds)));							\
		(ds)->msg_perm.__key = (key);							\
		(ds)->msg_perm.uid = (stat)->info.uid;						\
		(ds)->msg_perm.gid = (stat)->info.gid;						\
		(ds)->msg_perm.cuid = (stat)->creator_uid;					\
		(ds)->msg_perm.cgid = (stat)->creator_gid;					\
		(ds)->msg_perm.mode = (stat)->info.mode;					\
		(ds)->msg_perm.__seq = (unsigned short)((stat)->id >> 15);			\
		(ds)->msg_stime = (time_t)(stat)->last_send;					\
		(ds)->msg_rtime = (time_t)(stat)->last_receive;					\
		(ds)->msg_ctime = (time_t)(stat)->last_change;					\
		(ds)->__msg_cbytes = (stat)->info.bytes;					\
		(ds)->msg_qnum = (stat)->info.queued;						\
		(ds)->msg_qbytes = (stat)->info.byte_limit;					\
		(ds)->msg_lspid = (stat)->last_sender;						\
		(ds)->msg_lrpid = (stat)->last_receiver;					\
	} while (0)

#define WANTED(ds)										\
	((struct wanted){									\
		.uid = (ds)->msg_perm.uid, .gid = (ds)->msg_perm.gid, .mode = (ds)->msg_perm.mode,	\
		.qbytes = (ds)->msg_qbytes,							\
	})

static int tell(void *buffer, const struct kmq_hub_stat *stat, key_t key)
{
	struct msqid_ds ds;

	FILL(&ds, stat, key);
#if __TIMESIZE == 32
	ds.__msg_stime_high = stat->last_send >> 32;
	ds.__msg_rtime_high = stat->last_receive >> 32;
	ds.__msg_ctime_high = stat->last_change >> 32;
#endif
	return shim_copy_out(buffer, &ds, sizeof(ds));
}

static int ask(struct wanted *wanted, const void *buffer)
{
	struct msqid_ds ds;

	if (shim_copy_in(&ds, buffer, sizeof(ds)))
		return -1;
	*wanted = WANTED(&ds);
	return 0;
}

static const struct layout native = { .tell = tell, .ask = ask };

/* STAT, SET and RMID have one thing in common: a queue that is gone, or never was. */
static int answer(int error)
{
	switch (error) {
	case 0:
		return 0;
	case ENOENT:
		return shim_fail(EINVAL);
	case EDQUOT:
		return shim_fail(ENOMEM);
	}
	return shim_fail(error);
}

/* IPC_STAT: @flags is 0; MSG_STAT: KMQ_HUB_INDEX, and @at an index; the identifier is told. */
static int stat_queue(int at, uint32_t flags, void *buffer, const struct layout *layout)
{
	bool index = flags & KMQ_HUB_INDEX;
	unsigned char key[KMQ_KEY_MAX] = { 0 };
	struct kmq_hub_stat stat = { .flags = flags, .key = (uintptr_t)key };
	key_t number = IPC_PRIVATE;

	if (index) {
		stat.space = KMQ_SPACE_SYSV;
		stat.index = (uint32_t)at;
	} else {
		stat.id = (uint32_t)at;
	}
	if (answer(sysv_hub_call(KMQ_HUB_STAT, &stat)))
		return -1;
	/* An identifier of another space is none of System V's. */
	if (stat.space != KMQ_SPACE_SYSV)
		return shim_fail(EINVAL);
	if (stat.key_size == sizeof(number))
		memcpy(&number, key, sizeof(number));
	if (layout->tell(buffer, &stat, number))
		return -1;
	return index ? (int)stat.id : 0;
}

static bool exists(int id)
{
	struct kmq_hub_stat stat = { .id = (uint32_t)id, .flags = KMQ_HUB_ANY };

	return sysv_hub_call(KMQ_HUB_STAT, &stat) == 0;
}

static int set_queue(int id, const void *buffer, const struct layout *layout)
{
	struct kmq_hub_set set = {
		.id = (uint32_t)id,
		.what = KMQ_HUB_SET_OWNER | KMQ_HUB_SET_MODE | KMQ_HUB_SET_CAPACITY | KMQ_HUB_SET_BYTES,
	};
	struct wanted wanted;

	if (layout->ask(&wanted, buffer))
		return -1;
	/* msgmnb is of System V, not of kmq: above it is for who may raise it, too. */
	if (wanted.qbytes > (unsigned long long)sysv_limits().msgmnb && !shim_may(CAP_SYS_RESOURCE))
		return shim_fail(exists(id) ? EPERM : EINVAL);
	set.uid = wanted.uid;
	set.gid = wanted.gid;
	set.mode = wanted.mode & 0777;
	set.capacity = sysv_capacity(wanted.qbytes);
	set.byte_limit = wanted.qbytes < KMQ_BYTE_LIMIT_MAX ? wanted.qbytes : KMQ_BYTE_LIMIT_MAX;
	return answer(sysv_hub_call(KMQ_HUB_SET, &set));
}

static int remove_queue(int id)
{
	struct kmq_hub_remove remove = { .id = (uint32_t)id };

	/* To the module 0 is no id but says that there is a key. */
	if (!id)
		return shim_fail(EINVAL);
	return answer(sysv_hub_call(KMQ_HUB_REMOVE, &remove));
}

static int bounded(uint64_t number)
{
	return number < INT_MAX ? (int)number : INT_MAX;
}

/* IPC_INFO, MSG_INFO. The answer is the highest index that a queue has, 0 where there is no queue at all. */
static int tell_info(int command, void *buffer)
{
	struct kmq_hub_stat totals = { .flags = KMQ_HUB_TOTALS, .space = KMQ_SPACE_SYSV };
	struct msginfo info = sysv_limits();

	if (answer(sysv_hub_call(KMQ_HUB_STAT, &totals)))
		return -1;
	if (command == MSG_INFO) {
		info.msgpool = (int)totals.index;
		info.msgmap = bounded(totals.info.queued);
		info.msgtql = bounded(totals.info.bytes);
	}
	if (shim_copy_out(buffer, &info, sizeof(info)))
		return -1;
	return (int)totals.highest;
}

static int control(int id, int command, void *buffer, const struct layout *layout)
{
	if (id < 0)
		return shim_fail(EINVAL);
	switch (command) {
	case IPC_RMID:
		return remove_queue(id);
	case IPC_SET:
		return set_queue(id, buffer, layout);
	case IPC_STAT:
		return stat_queue(id, 0, buffer, layout);
	case MSG_STAT:
		return stat_queue(id, KMQ_HUB_INDEX, buffer, layout);
	case MSG_STAT_ANY:
		return stat_queue(id, KMQ_HUB_INDEX | KMQ_HUB_ANY, buffer, layout);
	case IPC_INFO:
	case MSG_INFO:
		return tell_info(command, buffer);
	}
	return shim_fail(EINVAL);
}

EXPORTED int msgctl(int id, int command, struct msqid_ds *buffer)
{
	return control(id, command, buffer, &native);
}

#if __TIMESIZE == 32

static int tell64(void *buffer, const struct kmq_hub_stat *stat, key_t key)
{
	struct __msqid64_ds ds;

	FILL(&ds, stat, key);
	return shim_copy_out(buffer, &ds, sizeof(ds));
}

static int ask64(struct wanted *wanted, const void *buffer)
{
	struct __msqid64_ds ds;

	if (shim_copy_in(&ds, buffer, sizeof(ds)))
		return -1;
	*wanted = WANTED(&ds);
	return 0;
}

static const struct layout wide = { .tell = tell64, .ask = ask64 };

EXPORTED int __msgctl64(int id, int command, struct __msqid64_ds *buffer);

int __msgctl64(int id, int command, struct __msqid64_ds *buffer)
{
	return control(id, command, buffer, &wide);
}

#endif
