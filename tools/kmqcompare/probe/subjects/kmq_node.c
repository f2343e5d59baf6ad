// SPDX-License-Identifier: GPL-2.0-only
#include "kmq_node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

const char *kmq_node_unavailable(void)
{
	struct kmq_features features = { 0 };

	if (!kmq_features(&features))
		return NULL;
	return errno == EACCES ? "no permission for /dev/kmq/control" : "not loaded";
}

int kmq_node_create(struct end *end, struct object *object)
{
	struct kmq_create_options options = KMQ_CREATE_OPTIONS_INIT;

	end_begin(end, object);
	options.capacity = object->capacity;
	options.mode = object->mode;
	if (object->message_max > KMQ_MESSAGE_DEFAULT)
		options.max_message = object->message_max;
	end_says(end, "kmq_create_open(%s, %04o)", object->name, object->mode);
	end->fd[0] = kmq_create_open(object->name, &options);
	if (end->fd[0] < 0)
		return -1;
	object_made(object);
	object_tell_fd(object, 0, end->fd[0]);
	return 0;
}

int kmq_node_attach(struct end *end, struct object *object, enum way way)
{
	static const int flags[] = { O_WRONLY, O_RDONLY, O_RDWR };
	static const char *const names[] = { "O_WRONLY", "O_RDONLY", "O_RDWR" };

	end_begin(end, object);
	end_says(end, "open(/dev/kmq/%s, %s)", object->name, names[way]);
	end->fd[0] = kmq_open(object->name, flags[way]);
	return end->fd[0] < 0 ? -1 : 0;
}

int kmq_node_borrow(struct end *end, struct object *object, enum way way)
{
	end_begin(end, object);
	end->fd[0] = borrow_by_pidfd(end, 0);
	return end->fd[0] < 0 ? -1 : 0;
}

int kmq_node_remove(struct end *end, struct object *object)
{
	if (!object_is_made(object))
		return -1;
	end_says(end, "kmq_remove(%s)", object->name);
	return kmq_remove(object->name);
}

bool kmq_node_seen(const struct object *object, char *where)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/dev/kmq/%s", object->name);
	return path_seen(path, where);
}

struct kmq_selection kmq_selection_of(const struct parcel *parcel)
{
	if (parcel->type)
		return kmq_select_type(parcel->type);
	return (struct kmq_selection){ .select = KMQ_SELECT_ANY };
}

void kmq_note_sender(struct parcel *parcel, pid_t pid, uid_t uid, size_t size)
{
	parcel->sender_pid = pid;
	parcel->sender_uid = uid;
	parcel->full_size = size;
}
