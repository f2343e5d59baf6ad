// SPDX-License-Identifier: GPL-2.0-only
/*
 * The liar: stands between a claim and the calls it makes and falsifies the one thing
 * that LIE names; without LIE it hands everything through. What every claim must see
 * through, and what the frame must find: `twice --liar`. One lie, one thing.
 *
 * It lies about every call of that kind, not once, so that a run is the same each time.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIES(lie)                                                              \
	lie(errno_is_the_next)                                                 \
	lie(refusal_is_success)                                                \
	lie(success_is_EIO)                                                    \
	lie(remove_does_nothing)                                               \
	lie(unlink_does_nothing)                                               \
	lie(get_makes_another)                                                 \
	lie(mode_is_0666)                                                      \
	lie(send_drops_the_last_byte)                                          \
	lie(send_is_lost)                                                      \
	lie(send_does_not_sleep)                                               \
	lie(receive_does_not_sleep)                                            \
	lie(signals_are_shrugged_off)                                          \
	lie(receive_ignores_the_type)                                          \
	lie(receive_ignores_EXCEPT)                                            \
	lie(receive_always_truncates)                                          \
	lie(receive_never_truncates)                                           \
	lie(receive_writes_one_byte_more)                                      \
	lie(received_type_is_one_more)                                         \
	lie(copy_takes)                                                        \
	lie(stat_counts_one_more)                                              \
	lie(stat_pid_is_1)                                                     \
	lie(stat_times_are_old)                                                \
	lie(set_does_nothing)                                                  \
	lie(limits_are_others)                                                 \
	lie(priority_is_lost)                                                  \
	lie(deadline_is_not_seen)                                              \
	lie(nonblock_is_not_seen)                                              \
	lie(attributes_are_others)                                             \
	lie(notify_is_forgotten)                                               \
	lie(notify_is_always_free)                                             \
	lie(descriptor_survives_exec)

enum lie {
	NONE,
#define NUMBER(name) name,
	LIES(NUMBER)
#undef NUMBER
};

extern const char *const lies[];
const char *const lies[] = {
#define NAME(name) #name,
	LIES(NAME)
#undef NAME
	NULL
};

/* So many of them, the first, break what makes any call, or any queue. */
extern const int blunt;
const int blunt = unlink_does_nothing;

static enum lie told(void)
{
	static enum lie lie = (enum lie)-1;
	const char *name;
	int i;

	if (lie != (enum lie)-1)
		return lie;
	name = getenv("LIE");
	for (i = 0; name && lies[i]; i++)
		if (!strcmp(lies[i], name))
			return lie = (enum lie)(i + 1);
	return lie = NONE;
}

static void *next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

#define TRUE_CALL(name) ((__typeof__(&(name)))next(#name))

/* How a call went, falsified in what all calls have. */
static long answer(long result)
{
	if (result == -1 && told() == errno_is_the_next)
		errno++;
	if (result == -1 && told() == refusal_is_success)
		return 0;
	if (result != -1 && told() == success_is_EIO) {
		errno = EIO;
		return -1;
	}
	return result;
}

int msgget(key_t key, int flags)
{
	if (told() == get_makes_another)
		key = IPC_PRIVATE;
	if (told() == mode_is_0666)
		flags |= 0666;
	return (int)answer(TRUE_CALL(msgget)(key, flags));
}

/* Sends again what a signal ended. */
static int send_on(int id, const void *message, size_t size, int flags)
{
	int result;

	do
		result = TRUE_CALL(msgsnd)(id, message, size, flags);
	while (result < 0 && errno == EINTR && told() == signals_are_shrugged_off);
	return result;
}

int msgsnd(int id, const void *message, size_t size, int flags)
{
	if (told() == send_does_not_sleep)
		flags |= IPC_NOWAIT;
	if (told() == send_is_lost && size <= 8192)
		return 0;
	if (told() == send_drops_the_last_byte && size && size <= 8192)
		size--;
	return (int)answer(send_on(id, message, size, flags));
}

static ssize_t receive_on(int id, void *message, size_t room, long type, int flags)
{
	ssize_t result;

	do
		result = TRUE_CALL(msgrcv)(id, message, room, type, flags);
	while (result < 0 && errno == EINTR && told() == signals_are_shrugged_off);
	return result;
}

ssize_t msgrcv(int id, void *message, size_t room, long type, int flags)
{
	ssize_t result;

	if (told() == receive_does_not_sleep)
		flags |= IPC_NOWAIT;
	if (told() == receive_ignores_the_type && !(flags & MSG_COPY))
		type = 0;
	if (told() == receive_ignores_EXCEPT)
		flags &= ~MSG_EXCEPT;
	if (told() == receive_always_truncates)
		flags |= MSG_NOERROR;
	if (told() == receive_never_truncates)
		flags &= ~MSG_NOERROR;
	if (told() == copy_takes && flags & MSG_COPY && flags & IPC_NOWAIT) {
		flags &= ~MSG_COPY;
		type = 0;
	}
	result = receive_on(id, message, room, type, flags);
	if (result >= 0 && told() == receive_writes_one_byte_more && result < 4096 &&
	    (uintptr_t)message % 4096 + sizeof(long) + result < 4096)
		((char *)message)[sizeof(long) + result] = 'L';
	if (result >= 0 && told() == received_type_is_one_more)
		++*(long *)message;
	return answer(result);
}

static void falsify(int command, struct msqid_ds *ds)
{
	struct msginfo *info = (struct msginfo *)ds;

	if (command == IPC_INFO || command == MSG_INFO) {
		if (told() == limits_are_others)
			info->msgmax = info->msgmnb = info->msgmni = 77;
		if (told() == stat_counts_one_more && command == MSG_INFO)
			info->msgpool++, info->msgmap++;
		return;
	}
	if (command != IPC_STAT && command != MSG_STAT && command != MSG_STAT_ANY)
		return;
	if (told() == limits_are_others)
		ds->msg_qbytes++;
	if (told() == stat_counts_one_more)
		ds->msg_qnum++, ds->__msg_cbytes++;
	if (told() == stat_pid_is_1)
		ds->msg_lspid = ds->msg_lrpid = 1;
	if (told() == stat_times_are_old)
		ds->msg_stime = ds->msg_rtime = ds->msg_ctime = 7;
}

int msgctl(int id, int command, struct msqid_ds *ds)
{
	int result;

	if (command == IPC_SET && told() == set_does_nothing)
		return 0;
	if (command == IPC_RMID && told() == remove_does_nothing)
		return 0;
	result = TRUE_CALL(msgctl)(id, command, ds);
	if (result >= 0)
		falsify(command, ds);
	return (int)answer(result);
}

static mqd_t opened(mqd_t q)
{
	if (q >= 0 && told() == descriptor_survives_exec)
		fcntl(q, F_SETFD, 0);
	if (q >= 0 && told() == success_is_EIO)
		close(q);
	return (mqd_t)answer(q);
}

mqd_t mq_open(const char *name, int flags, ...)
{
	struct mq_attr other, *attributes;
	va_list list;
	mode_t mode;

	if (told() == nonblock_is_not_seen)
		flags &= ~O_NONBLOCK;
	if (!(flags & O_CREAT))
		return opened(TRUE_CALL(mq_open)(name, flags));
	va_start(list, flags);
	mode = va_arg(list, mode_t);
	attributes = va_arg(list, struct mq_attr *);
	va_end(list);
	if (told() == mode_is_0666)
		mode |= 0666;
	if (attributes && told() == limits_are_others) {
		other = *attributes;
		other.mq_msgsize += 1;
		attributes = &other;
	}
	return opened(TRUE_CALL(mq_open)(name, flags, mode, attributes));
}

mqd_t __mq_open_2(const char *name, int flags);
mqd_t __mq_open_2(const char *name, int flags)
{
	return mq_open(name, flags);
}

/* Without the headers' word that no pointer is NULL: the deadline may be. */
typedef int send_call(mqd_t, const char *, size_t, unsigned int, const struct timespec *);
typedef ssize_t receive_call(mqd_t, char *, size_t, unsigned int *, const struct timespec *);

static int send_until(mqd_t q, const char *message, size_t size, unsigned int priority,
		      const struct timespec *deadline)
{
	send_call *call = (send_call *)next("mq_timedsend");
	static const struct timespec past = { 1, 0 };
	int result;

	if (told() == send_is_lost && size <= 8192)
		return 0;
	if (told() == send_drops_the_last_byte && size && size <= 8192)
		size--;
	if (told() == send_does_not_sleep)
		deadline = &past;
	if (told() == deadline_is_not_seen)
		deadline = NULL;
	if (told() == priority_is_lost)
		priority = 0;
	do
		result = call(q, message, size, priority, deadline);
	while (result < 0 && errno == EINTR && told() == signals_are_shrugged_off);
	return (int)answer(result);
}

int mq_timedsend(mqd_t q, const char *message, size_t size, unsigned int priority,
		 const struct timespec *deadline)
{
	return send_until(q, message, size, priority, deadline);
}

int mq_send(mqd_t q, const char *message, size_t size, unsigned int priority)
{
	return send_until(q, message, size, priority, NULL);
}

static ssize_t receive_until(mqd_t q, char *buffer, size_t room, unsigned int *priority,
			     const struct timespec *deadline)
{
	receive_call *call = (receive_call *)next("mq_timedreceive");
	static const struct timespec past = { 1, 0 };
	ssize_t result;

	if (told() == receive_does_not_sleep)
		deadline = &past;
	if (told() == deadline_is_not_seen)
		deadline = NULL;
	if (told() == receive_always_truncates)
		room = 70000;
	do
		result = call(q, buffer, room, priority, deadline);
	while (result < 0 && errno == EINTR && told() == signals_are_shrugged_off);
	if (result >= 0 && priority && told() == received_type_is_one_more)
		++*priority;
	if (result >= 0 && told() == receive_writes_one_byte_more)
		buffer[result] = 'L';
	return answer(result);
}

ssize_t mq_timedreceive(mqd_t q, char *buffer, size_t room, unsigned int *priority,
			const struct timespec *deadline)
{
	return receive_until(q, buffer, room, priority, deadline);
}

ssize_t mq_receive(mqd_t q, char *buffer, size_t room, unsigned int *priority)
{
	return receive_until(q, buffer, room, priority, NULL);
}

int mq_setattr(mqd_t q, const struct mq_attr *new, struct mq_attr *old)
{
	int result;

	if (told() == set_does_nothing)
		return 0;
	result = TRUE_CALL(mq_setattr)(q, new, old);
	if (!result && old && told() == attributes_are_others)
		old->mq_flags ^= O_NONBLOCK;
	return (int)answer(result);
}

int mq_getattr(mqd_t q, struct mq_attr *attributes)
{
	int result = TRUE_CALL(mq_getattr)(q, attributes);

	if (!result && told() == attributes_are_others)
		attributes->mq_flags ^= O_NONBLOCK, attributes->mq_maxmsg++;
	if (!result && told() == stat_counts_one_more)
		attributes->mq_curmsgs++;
	return (int)answer(result);
}

int mq_notify(mqd_t q, const struct sigevent *event)
{
	int result;

	if (told() == notify_is_forgotten)
		return 0;
	if (told() == notify_is_always_free && event)
		TRUE_CALL(mq_notify)(q, NULL);
	result = TRUE_CALL(mq_notify)(q, event);
	if (result < 0 && errno == EBUSY && told() == notify_is_always_free)
		result = 0;
	return (int)answer(result);
}

int mq_unlink(const char *name)
{
	if (told() == unlink_does_nothing)
		return 0;
	return (int)answer(TRUE_CALL(mq_unlink)(name));
}

/* The same calls by number; others as they are. It cannot be vfork, which no claim calls so. */
long syscall(long number, ...)
{
	long a[6], result;
	va_list list;
	int i;

	va_start(list, number);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	switch (number) {
	case SYS_msgget:
		return msgget((key_t)a[0], (int)a[1]);
	case SYS_msgsnd:
		return msgsnd((int)a[0], (void *)a[1], a[2], (int)a[3]);
	case SYS_msgrcv:
		return msgrcv((int)a[0], (void *)a[1], a[2], a[3], (int)a[4]);
	case SYS_msgctl:
		return msgctl((int)a[0], (int)a[1], (void *)a[2]);
	}
	result = TRUE_CALL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (number >= SYS_mq_open && number <= SYS_mq_getsetattr)
		return answer(result);
	return result;
}
