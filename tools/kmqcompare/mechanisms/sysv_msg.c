// SPDX-License-Identifier: GPL-2.0-only
/*
 * System V message queue: msgsnd(2), msgrcv(2). Its id outlives a runner killed by
 * SIGKILL (ipcrm(1) removes it).
 */
#include "../mechanism.h"
#include "../sysctl.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/msg.h>

#define MSGMAX_FILE	"/proc/sys/kernel/msgmax"

struct sysv_msg {
	int id;
	long old_msgmax;	/* 0: was not changed */
};

static void sysv_msg_close(struct channel *channel)
{
	struct sysv_msg *queue = channel->state;

	msgctl(queue->id, IPC_RMID, NULL);
	if (queue->old_msgmax)
		sysctl_write(MSGMAX_FILE, queue->old_msgmax);
	free(queue);
}

/* The limit of one message is the system's, not the queue's. */
static int raise_msgmax(struct channel *channel, struct sysv_msg *queue)
{
	long msgmax = sysctl_read(MSGMAX_FILE);

	if (msgmax < 0 || (long)channel->size <= msgmax)
		return 0;
	if (sysctl_write(MSGMAX_FILE, channel->size))
		return channel_refuse(channel, "messages above %ld bytes (kernel.msgmax) need root",
				      msgmax);
	queue->old_msgmax = msgmax;
	return 0;
}

/* Capacity is in bytes there; set it to the messages that were asked for. */
static int set_capacity(struct channel *channel, struct sysv_msg *queue)
{
	struct msqid_ds settings;
	msglen_t wanted = (msglen_t)channel->capacity * channel->size;

	if (msgctl(queue->id, IPC_STAT, &settings))
		return -1;
	if (settings.msg_qbytes != wanted) {
		msglen_t had = settings.msg_qbytes;

		settings.msg_qbytes = wanted;
		/* EPERM above kernel.msgmnb: stay with what there is. */
		if (msgctl(queue->id, IPC_SET, &settings))
			wanted = had;
	}
	channel->capacity = wanted / channel->size;
	if (!channel->capacity)
		return channel_refuse(channel,
				      "a queue holds %lu bytes (kernel.msgmnb), not one message",
				      (unsigned long)wanted);
	return 0;
}

static int sysv_msg_open(struct channel *channel)
{
	struct sysv_msg *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return -1;
	queue->id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	if (queue->id < 0) {
		free(queue);
		return -1;
	}
	channel->state = queue;
	if (!raise_msgmax(channel, queue) && !set_capacity(channel, queue))
		return 0;
	sysv_msg_close(channel);
	return -1;
}

static int sysv_msg_send_typed(struct channel *channel, void *body, uint32_t size, long type)
{
	struct sysv_msg *queue = channel->state;
	long *message = (long *)body - 1;

	*message = type;
	if (SYSCALL(channel, msgsnd(queue->id, message, size, 0)))
		return -1;
	COPIED(channel, size);
	return 0;
}

static ssize_t sysv_msg_receive_typed(struct channel *channel, void *body, uint32_t room, long type)
{
	struct sysv_msg *queue = channel->state;

	ssize_t size = SYSCALL(channel, msgrcv(queue->id, (long *)body - 1, room, type, 0));

	if (size > 0)
		COPIED(channel, size);
	return size;
}

static int sysv_msg_send(struct channel *channel, void *body, uint32_t size)
{
	return sysv_msg_send_typed(channel, body, size, 1);
}

static ssize_t sysv_msg_receive(struct channel *channel, void *body, uint32_t room)
{
	return sysv_msg_receive_typed(channel, body, room, 0);
}

static const char *sysv_msg_unavailable(void)
{
	int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);

	if (id < 0)
		return errno == ENOSYS ? "this kernel has no System V IPC" : "msgget is refused";
	msgctl(id, IPC_RMID, NULL);
	return NULL;
}

const struct mechanism mechanism_sysv_msg = {
	.name = "sysv-msg",
	.title = "System V messages",
	.about = "A System V message queue in the kernel, by msgsnd(2) and msgrcv(2), which "
		 "copy the message in and out and sleep in the kernel. Has no batches.",
	.unavailable = sysv_msg_unavailable,
	.open = sysv_msg_open,
	.close = sysv_msg_close,
	.send = sysv_msg_send,
	.receive = sysv_msg_receive,
	.send_typed = sysv_msg_send_typed,
	.receive_typed = sysv_msg_receive_typed,
};
