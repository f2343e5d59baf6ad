// SPDX-License-Identifier: GPL-2.0-only
/*
 * POSIX message queue. An mq_receive(3) needs room for the longest message that the
 * queue takes, whatever is in it: less is EMSGSIZE.
 */
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>

#define QUEUE_NAME_SIZE	40

static const char *posix_mq_unavailable(void)
{
	return mq_unlink("/kmqcompare-there-is-none") && errno == ENOSYS
		? "this kernel has no POSIX message queues" : NULL;
}

static void queue_name(const struct object *object, char *name)
{
	snprintf(name, QUEUE_NAME_SIZE, "/%s", object->name);
}

/* What mq_open(3) takes without attributes. */
static long default_of(const char *setting, long otherwise)
{
	char path[64];
	FILE *file;
	long value;

	snprintf(path, sizeof(path), "/proc/sys/fs/mqueue/%s", setting);
	file = fopen(path, "re");
	if (!file)
		return otherwise;
	if (fscanf(file, "%ld", &value) != 1)
		value = otherwise;
	fclose(file);
	return value;
}

static mqd_t make_queue(struct end *end, const struct object *object, const char *name)
{
	struct mq_attr attributes = {
		.mq_maxmsg = object->capacity ? object->capacity : default_of("msg_default", 10),
		.mq_msgsize = object->message_max ? (long)object->message_max
						  : default_of("msgsize_default", 8192),
	};
	mode_t mask;
	mqd_t queue;

	if (!object->capacity && !object->message_max)
		end_says(end, "mq_open(%s, O_CREAT | O_EXCL, %04o, NULL)", name, object->mode);
	else
		end_says(end, "mq_open(%s, O_CREAT | O_EXCL, %04o, {%ld of %ld bytes})", name,
			 object->mode, attributes.mq_maxmsg, attributes.mq_msgsize);
	mask = mask_off();
	queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, object->mode,
			object->capacity || object->message_max ? &attributes : NULL);
	mask_on(mask);
	return queue;
}

static int posix_mq_create(struct end *end, struct object *object)
{
	char name[QUEUE_NAME_SIZE];

	end_begin(end, object);
	queue_name(object, name);
	end->fd[0] = make_queue(end, object, name);
	if (end->fd[0] < 0)
		return -1;
	object_made(object);
	object_tell_fd(object, 0, end->fd[0]);
	return 0;
}

static int posix_mq_attach(struct end *end, struct object *object, enum way way)
{
	static const int flags[] = { O_WRONLY, O_RDONLY, O_RDWR };
	static const char *const flag_names[] = { "O_WRONLY", "O_RDONLY", "O_RDWR" };
	char name[QUEUE_NAME_SIZE];

	end_begin(end, object);
	queue_name(object, name);
	end_says(end, "mq_open(%s, %s)", name, flag_names[way]);
	end->fd[0] = mq_open(name, flags[way] | O_CLOEXEC);
	return end->fd[0] < 0 ? -1 : 0;
}

static int posix_mq_borrow(struct end *end, struct object *object, enum way way)
{
	end_begin(end, object);
	end->fd[0] = borrow_by_path(end, 0, O_RDWR);
	return end->fd[0] < 0 ? -1 : 0;
}

static int posix_mq_remove(struct end *end, struct object *object)
{
	char name[QUEUE_NAME_SIZE];

	if (!object_is_made(object))
		return -1;
	queue_name(object, name);
	end_says(end, "mq_unlink(%s)", name);
	return mq_unlink(name);
}

/* Not every machine has the file system of queues mounted; opening one tells it, too. */
static bool opens(const char *name)
{
	mqd_t queue = mq_open(name, O_RDONLY | O_CLOEXEC);

	if (queue < 0)
		return errno == EACCES;
	mq_close(queue);
	return true;
}

static bool posix_mq_seen(const struct object *object, char *where)
{
	char name[QUEUE_NAME_SIZE];
	char path[PATH_SIZE];

	queue_name(object, name);
	snprintf(path, sizeof(path), "/dev/mqueue%s", name);
	if (path_seen(path, where))
		return true;
	snprintf(where, CALL_SIZE, "mq_open(%s)", name);
	return opens(name);
}

static void set_flags(struct end *end, long flags)
{
	struct mq_attr attributes = { .mq_flags = flags };
	int error = errno;

	mq_setattr(end->fd[0], &attributes, NULL);
	errno = error;
}

static int queue_send(struct end *end, const struct parcel *parcel)
{
	end_says(end, "mq_send(%d, %zu bytes, priority %u)", end->fd[0], parcel->size,
		 parcel->priority);
	return mq_send(end->fd[0], parcel->body, parcel->size, parcel->priority);
}

static int queue_send_until(struct end *end, const struct parcel *parcel)
{
	struct limit limit = limit_of(parcel);
	struct timespec at = limit_realtime(&limit);

	end_says(end, "mq_timedsend(%d, %zu bytes, priority %u, in %u ms)", end->fd[0],
		 parcel->size, parcel->priority, parcel->wait_ms);
	return mq_timedsend(end->fd[0], parcel->body, parcel->size, parcel->priority, &at);
}

static int queue_try_send(struct end *end, const struct parcel *parcel)
{
	int result;

	end_says(end, "mq_setattr(%d, O_NONBLOCK)", end->fd[0]);
	set_flags(end, O_NONBLOCK);
	result = queue_send(end, parcel);
	set_flags(end, 0);
	return result;
}

static ssize_t posix_mq_send(struct end *end, struct parcel *parcel)
{
	static int (*const by_patience[])(struct end *end, const struct parcel *parcel) = {
		[PATIENCE_FOREVER] = queue_send,
		[PATIENCE_NONE] = queue_try_send,
		[PATIENCE_DEADLINE] = queue_send_until,
	};

	return by_patience[parcel->patience](end, parcel) ? -1 : (ssize_t)parcel->size;
}

static ssize_t queue_receive(struct end *end, struct parcel *parcel)
{
	end_says(end, "mq_receive(%d, %zu bytes)", end->fd[0], parcel->size);
	return mq_receive(end->fd[0], parcel->body, parcel->size, &parcel->priority);
}

static ssize_t queue_receive_until(struct end *end, struct parcel *parcel)
{
	struct limit limit = limit_of(parcel);
	struct timespec at = limit_realtime(&limit);

	end_says(end, "mq_timedreceive(%d, %zu bytes, in %u ms)", end->fd[0], parcel->size,
		 parcel->wait_ms);
	return mq_timedreceive(end->fd[0], parcel->body, parcel->size, &parcel->priority, &at);
}

static ssize_t queue_try_receive(struct end *end, struct parcel *parcel)
{
	ssize_t got;

	end_says(end, "mq_setattr(%d, O_NONBLOCK)", end->fd[0]);
	set_flags(end, O_NONBLOCK);
	got = queue_receive(end, parcel);
	set_flags(end, 0);
	return got;
}

static ssize_t posix_mq_receive(struct end *end, struct parcel *parcel)
{
	static ssize_t (*const by_patience[])(struct end *end, struct parcel *parcel) = {
		[PATIENCE_FOREVER] = queue_receive,
		[PATIENCE_NONE] = queue_try_receive,
		[PATIENCE_DEADLINE] = queue_receive_until,
	};

	parcel_from_nobody(parcel);
	return by_patience[parcel->patience](end, parcel);
}

const struct subject subject_posix_mq = {
	.mechanism = "posix-mq",
	.unavailable = posix_mq_unavailable,
	.create = posix_mq_create,
	.attach = posix_mq_attach,
	.borrow = posix_mq_borrow,
	.adopt = descriptors_adopt,
	.detach = end_close,
	.remove = posix_mq_remove,
	.seen = posix_mq_seen,
	.send = posix_mq_send,
	.receive = posix_mq_receive,
	.poll_fd = poll_only_fd,
};
