/* SPDX-License-Identifier: GPL-2.0-only */
/* What the System V claims say again and again. */
#ifndef TWICE_SYSV_H
#define TWICE_SYSV_H

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <time.h>

#include "twice.h"

enum { KEY = 0x6b6d7101, KEY2 = 0x6b6d7102, UNTOUCHED = 0xee, MSGMAX_IS = 8192, MSGMNB_IS = 16384 };

static _Thread_local struct {
	long type;
	unsigned char text[20000];
} out, in;

static inline void forget_queue(long id)
{
	msgctl((int)id, IPC_RMID, NULL);
}

/* It goes when the claim ends. */
static inline int mine(int id)
{
	if (id >= 0)
		finally(forget_queue, id);
	return id;
}

/* A new queue of nobody's key. */
static inline int queue_of(int mode)
{
	return mine(ID(msgget(IPC_PRIVATE, mode)));
}

static inline int queue(void)
{
	return queue_of(0600);
}

static inline int say(int id, long type, const char *text, int flags)
{
	out.type = type;
	memcpy(out.text, text, strlen(text));
	return msgsnd(id, &out, strlen(text), flags);
}

static inline int put(int id, long type, size_t size, int flags)
{
	out.type = type;
	memset(out.text, 'a' + type % 26, sizeof(out.text));
	return msgsnd(id, &out, size, flags);
}

static inline ssize_t take(int id, size_t room, long type, int flags)
{
	in.type = 0;
	memset(in.text, UNTOUCHED, sizeof(in.text));
	return msgrcv(id, &in, room, type, flags);
}

static inline ssize_t hear(int id, long type, int flags)
{
	return take(id, 100, type, flags | IPC_NOWAIT);
}

/* What take() or hear() brought. */
static inline void got(long type, const char *text)
{
	size_t size = strlen(text);

	tell("type %ld, \"%.*s\"", in.type, (int)size, in.text);
	HOLDS(in.type == type);
	if (memcmp(in.text, text, size) || in.text[size] != UNTOUCHED)
		HOLDS(!"the text");
}

static inline struct msqid_ds stat_of(int id)
{
	struct msqid_ds ds;

	memset(&ds, 0, sizeof(ds));
	GIVES(0, msgctl(id, IPC_STAT, &ds));
	return ds;
}

static inline void holds_messages(int id, unsigned long count, unsigned long bytes)
{
	struct msqid_ds ds = stat_of(id);

	tell("%lu messages, %lu bytes", (unsigned long)ds.msg_qnum, (unsigned long)ds.__msg_cbytes);
	HOLDS(ds.msg_qnum == count);
	HOLDS(ds.__msg_cbytes == bytes);
}

static inline int set_mode(int id, int mode)
{
	struct msqid_ds ds;

	if (msgctl(id, IPC_STAT, &ds))
		return -1;
	ds.msg_perm.mode = mode;
	return msgctl(id, IPC_SET, &ds);
}

static inline int set_qbytes(int id, unsigned long qbytes)
{
	struct msqid_ds ds;

	if (msgctl(id, IPC_STAT, &ds))
		return -1;
	ds.msg_qbytes = qbytes;
	return msgctl(id, IPC_SET, &ds);
}

static inline int set_owner(int id, uid_t uid, gid_t gid)
{
	struct msqid_ds ds;

	if (msgctl(id, IPC_STAT, &ds))
		return -1;
	ds.msg_perm.uid = uid;
	ds.msg_perm.gid = gid;
	return msgctl(id, IPC_SET, &ds);
}

/* For actors: id, type, size, flags. */
static inline void do_put(const long *a)
{
	tell("msgsnd of %ld bytes, type %ld, flags %lo", a[2], a[1], a[3]);
	RESULT(put((int)a[0], a[1], a[2], (int)a[3]));
}

/* For actors: id, room, type, flags. What came is told. */
static inline void do_take(const long *a)
{
	tell("msgrcv with room for %ld, type %ld, flags %lo", a[1], a[2], a[3]);
	if (RESULT(take((int)a[0], a[1], a[2], (int)a[3])) >= 0)
		tell("got type %ld, first byte %c", in.type, in.text[0]);
}

static inline void on_signal(int signal)
{
}

/* For actors: SIGUSR1 has a handler, with these flags; SIG_IGN if they are -1. */
static inline void do_handle(const long *a)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)a[0] };

	if (a[0] == -1)
		action = (struct sigaction){ .sa_handler = SIG_IGN };
	RESULT(sigaction(SIGUSR1, &action, NULL));
}

/* Full: two of the longest. */
static inline void fill(int id)
{
	GIVES(0, put(id, 1, 8192, IPC_NOWAIT));
	GIVES(0, put(id, 1, 8192, IPC_NOWAIT));
}

#endif
