// SPDX-License-Identifier: GPL-2.0-only
/* System V message queue: ids[0] is its id, the key is made of the name. */
#include "ends.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>

static const char *sysv_msg_unavailable(void)
{
	struct msqid_ds none;

	return msgctl(-1, IPC_STAT, &none) && errno == ENOSYS ? "this kernel has no System V IPC"
							       : NULL;
}

/* The queue's limit is one of bytes. */
static int limit_capacity(struct end *end, const struct object *object)
{
	struct msqid_ds settings;

	if (!object->capacity)
		return 0;
	if (msgctl(object->ids[0], IPC_STAT, &settings))
		return -1;
	settings.msg_qbytes = object->capacity * object->message_max;
	end_says(end, "msgctl(%d, IPC_SET, msg_qbytes %zu)", object->ids[0],
		 (size_t)settings.msg_qbytes);
	return msgctl(object->ids[0], IPC_SET, &settings);
}

static int sysv_msg_create(struct end *end, struct object *object)
{
	key_t key = object_key(object);
	int id;

	end_begin(end, object);
	end_says(end, "msgget(0x%x, IPC_CREAT | IPC_EXCL | %04o)", key, object->mode);
	id = msgget(key, IPC_CREAT | IPC_EXCL | object->mode);
	if (id < 0)
		return -1;
	object->ids[0] = id;
	object_made(object);
	return limit_capacity(end, object);
}

static int sysv_msg_attach(struct end *end, struct object *object, enum way way)
{
	int wanted = way == WAY_SEND ? 0200 : way == WAY_RECEIVE ? 0400 : 0600;
	key_t key = object_key(object);

	end_begin(end, object);
	end_says(end, "msgget(0x%x, %04o)", key, wanted);
	return msgget(key, wanted) < 0 ? -1 : 0;
}

static int sysv_msg_remove(struct end *end, struct object *object)
{
	if (!object_is_made(object))
		return -1;
	end_says(end, "msgctl(%d, IPC_RMID)", object->ids[0]);
	return msgctl(object->ids[0], IPC_RMID, NULL);
}

static bool sysv_msg_seen(const struct object *object, char *where)
{
	unsigned int mode = 0;
	unsigned int messages = 0;
	char id[16];

	snprintf(id, sizeof(id), "%d", object->ids[0]);
	if (!line_seen("/proc/sysvipc/msg", 1, id, where))
		return false;
	sscanf(where, "%*s %*d %*d %o %*u %u", &mode, &messages);
	snprintf(where, CALL_SIZE, "/proc/sysvipc/msg (ipcs -q): id %s, mode %04o, %u messages", id,
		 mode, messages);
	return true;
}

static const char *flags_of(const struct parcel *parcel)
{
	return parcel->patience == PATIENCE_NONE ? "IPC_NOWAIT" : "0";
}

/* As msgop(2) wants it. */
struct message {
	long type;
	char bytes[];
};

static struct message *message_room(size_t size)
{
	return malloc(sizeof(struct message) + size);
}

static void free_message(struct message *message)
{
	int error = errno;

	free(message);
	errno = error;
}

static ssize_t sysv_msg_send(struct end *end, struct parcel *parcel)
{
	int id = end->object->ids[0];
	struct message *message;
	int result;

	if (parcel->patience == PATIENCE_DEADLINE)
		return end_has_no(end, "msgsnd(2) takes no time limit");
	message = message_room(parcel->size);
	if (!message)
		return -1;
	message->type = parcel->type ? parcel->type : 1;
	memcpy(message->bytes, parcel->body, parcel->size);
	end_says(end, "msgsnd(%d, type %ld, %zu bytes, %s)", id, message->type, parcel->size,
		 flags_of(parcel));
	result = msgsnd(id, message, parcel->size,
			parcel->patience == PATIENCE_NONE ? IPC_NOWAIT : 0);
	free_message(message);
	return result ? -1 : (ssize_t)parcel->size;
}

/* It keeps who sent last, of all that were sent; not whose the message is. */
static void note_last_sender(int id, struct parcel *parcel)
{
	struct msqid_ds status;

	if (!msgctl(id, IPC_STAT, &status))
		parcel->sender_pid = status.msg_lspid;
}

static ssize_t sysv_msg_receive(struct end *end, struct parcel *parcel)
{
	int id = end->object->ids[0];
	struct message *message;
	ssize_t got;

	parcel_from_nobody(parcel);
	if (parcel->patience == PATIENCE_DEADLINE)
		return end_has_no(end, "msgrcv(2) takes no time limit");
	message = message_room(parcel->size);
	if (!message)
		return -1;
	end_says(end, "msgrcv(%d, %zu bytes, type %ld, %s) and msgctl(IPC_STAT)", id,
		 parcel->size, parcel->type, flags_of(parcel));
	got = msgrcv(id, message, parcel->size, parcel->type,
		     parcel->patience == PATIENCE_NONE ? IPC_NOWAIT : 0);
	if (got > 0)
		memcpy(parcel->body, message->bytes, got);
	if (got >= 0)
		note_last_sender(id, parcel);
	free_message(message);
	return got;
}

const struct subject subject_sysv_msg = {
	.mechanism = "sysv-msg",
	.unavailable = sysv_msg_unavailable,
	.create = sysv_msg_create,
	.attach = sysv_msg_attach,
	.detach = end_close,
	.remove = sysv_msg_remove,
	.seen = sysv_msg_seen,
	.send = sysv_msg_send,
	.receive = sysv_msg_receive,
};
