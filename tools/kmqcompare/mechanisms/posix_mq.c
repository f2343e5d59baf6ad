// SPDX-License-Identifier: GPL-2.0-only
/* POSIX message queue: mq_send(3), mq_receive(3), all of priority 0. */
#include "../mechanism.h"
#include "../sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* The name goes at once; the descriptor holds the queue. */
static mqd_t make_queue(uint32_t capacity, uint32_t size)
{
	struct mq_attr attributes = { .mq_maxmsg = capacity, .mq_msgsize = size };
	char name[64];
	mqd_t queue;

	snprintf(name, sizeof(name), "/kmqcompare-%d", (int)getpid());
	queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attributes);
	if (queue != (mqd_t)-1)
		mq_unlink(name);
	return queue;
}

/* Bytes of all the user's queues; only root may lift it, only this process has it. */
static void lift_queue_limit(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MSGQUEUE, &limit);
}

static int posix_mq_open(struct channel *channel)
{
	long most = sysctl_read("/proc/sys/fs/mqueue/msg_max");

	lift_queue_limit();
	channel->fd[0] = make_queue(channel->capacity, channel->size);
	if (channel->fd[0] < 0 && errno == EINVAL && most > 0 && most < (long)channel->capacity) {
		/* fs.mqueue.msg_max binds the unprivileged. */
		channel->capacity = most;
		channel->fd[0] = make_queue(channel->capacity, channel->size);
	}
	if (channel->fd[0] >= 0)
		return 0;
	if (errno == EINVAL)
		return channel_refuse(channel,
				      "messages of %u bytes need root (fs.mqueue.msgsize_max)",
				      channel->size);
	return -1;
}

static void posix_mq_close(struct channel *channel)
{
	mq_close(channel->fd[0]);
}

static int posix_mq_send(struct channel *channel, void *body, uint32_t size)
{
	if (SYSCALL(channel, mq_send(channel->fd[0], body, size, 0)))
		return -1;
	COPIED(channel, size);
	return 0;
}

static ssize_t posix_mq_receive(struct channel *channel, void *body, uint32_t room)
{
	ssize_t size = SYSCALL(channel, mq_receive(channel->fd[0], body, room, NULL));

	if (size > 0)
		COPIED(channel, size);
	return size;
}

static const char *posix_mq_unavailable(void)
{
	mqd_t queue = make_queue(1, 64);

	if (queue == (mqd_t)-1)
		return errno == ENOSYS ? "this kernel has no POSIX message queues"
				       : "mq_open is refused";
	mq_close(queue);
	return NULL;
}

const struct mechanism mechanism_posix_mq = {
	.name = "posix-mq",
	.title = "POSIX messages",
	.about = "A POSIX message queue in the kernel, by mq_send(3) and mq_receive(3), which "
		 "copy the message in and out and sleep in the kernel. Has no batches.",
	.unavailable = posix_mq_unavailable,
	.open = posix_mq_open,
	.close = posix_mq_close,
	.send = posix_mq_send,
	.receive = posix_mq_receive,
};
