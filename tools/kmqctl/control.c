// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "complain.h"
#include "control.h"
#include "memory.h"
#include "parse.h"

static int say_ring_not_created(const char *name, const struct kmq_create_options *options)
{
	if (options->policy != KMQ_POLICY_BLOCK &&
	    (options->policy != KMQ_POLICY_REJECT || options->ring_mode == KMQ_RING_BROADCAST))
		return complain("cannot create queue '%s': a full ring can block or reject, and a "
				"broadcast ring is never full", name);
	return complain("cannot create queue '%s': a ring's size is a power of two from 4K to 256M, "
			"and its largest message at most half of that less 16 bytes", name);
}

static int say_not_created(const char *name, const struct kmq_create_options *options, int error)
{
	switch (error) {
	case ENOENT:
	case ENXIO:
	case EACCES:
		return complain_control(error);
	case EPERM:
		return complain("cannot create queue '%s': only root may give it to another user "
				"or group", name);
	case EDQUOT:
		return complain("cannot create queue '%s': it would take its owner or the module "
				"over a limit, which 'kmqctl doctor' tells; a lower --byte-limit or "
				"%s asks for less", name,
				options->kind == KMQ_KIND_RING ? "--size" : "--capacity");
	case EOPNOTSUPP:
		return complain("cannot create queue '%s': the loaded module has no queues of kind "
				"%s", name, kmq_kind_name(options->kind));
	case EINVAL:
		if (options->kind == KMQ_KIND_RING)
			return say_ring_not_created(name, options);
		return complain("cannot create queue '%s': its byte limit is less than its largest "
				"message, or another size or the mode is out of range", name);
	}
	return complain_queue("create", name, error);
}

int control_create(const char *name, const struct kmq_create_options *options)
{
	if (parse_name(name))
		return complain_name(name);
	if (kmq_create(name, options))
		return say_not_created(name, options, errno);
	return STATUS_OK;
}

int control_create_open(const char *name, const struct kmq_create_options *options, int *fd)
{
	int opened;

	if (parse_name(name))
		return complain_name(name);
	opened = kmq_create_open(name, options);
	if (opened < 0)
		return say_not_created(name, options, errno);
	*fd = opened;
	return STATUS_OK;
}

/* The node may be missing because the module is, which is another story. */
static bool control_is_there(void)
{
	struct kmq_features features;

	return control_features(&features) != ENOENT;
}

int control_remove(const char *name, bool missing_ok)
{
	if (parse_name(name))
		return complain_name(name);
	if (!kmq_remove(name))
		return STATUS_OK;
	if (errno == EACCES)
		return complain_control(errno);
	if (errno == ENOENT && missing_ok && control_is_there())
		return STATUS_OK;
	return complain_queue("remove", name, errno);
}

/* 0 and *@info, ENOENT behind the last, or what went wrong. */
static int next_queue(int control, struct kmq_info *info)
{
	return kmq_next_info(control, info) ? errno : 0;
}

int control_list(struct kmq_info **queues, size_t *count)
{
	struct kmq_info info = { .id = 0 };
	struct kmq_info *list = NULL;
	size_t used = 0, room = 0;
	int control, error;

	control = kmq_open_control();
	if (control < 0)
		return complain_control(errno);
	while (!(error = next_queue(control, &info))) {
		if (used == room) {
			room = room ? 2 * room : 16;
			list = memory_resize(list, room, sizeof(*list));
		}
		list[used++] = info;
	}
	close(control);
	if (error != ENOENT) {
		free(list);
		return complain_control(error);
	}
	*queues = list;
	*count = used;
	return STATUS_OK;
}

/*
 * A user who may use a queue may look at it, also one who may not open control.
 * Returns whether that was so; the descriptor used is not counted.
 */
static bool find_by_opening(const char *name, struct kmq_info *info)
{
	int fd = kmq_open(name, O_RDONLY);
	bool found;

	if (fd < 0)
		fd = kmq_open(name, O_WRONLY);
	if (fd < 0)
		return false;
	found = !kmq_info(fd, info);
	close(fd);
	info->descriptors--;
	return found;
}

static bool control_is_closed(void)
{
	struct kmq_features features;
	int error = control_features(&features);

	return error == EACCES || error == EPERM;
}

int control_find(const char *name, struct kmq_info *info)
{
	struct kmq_info *queues;
	size_t count, i;
	int status;

	if (parse_name(name))
		return complain_name(name);
	if (control_is_closed() && find_by_opening(name, info))
		return STATUS_OK;
	status = control_list(&queues, &count);
	if (status)
		return status;
	for (i = 0; i < count && strcmp(queues[i].name, name); i++)
		;
	if (i < count)
		*info = queues[i];
	free(queues);
	return i < count ? STATUS_OK : complain_queue("find", name, ENOENT);
}

int control_find_id(uint32_t id, struct kmq_info *info)
{
	struct kmq_info *queues;
	size_t count, i;
	int status;

	status = control_list(&queues, &count);
	if (status)
		return status;
	for (i = 0; i < count && queues[i].id != id; i++)
		;
	if (i < count)
		*info = queues[i];
	free(queues);
	return i < count ? STATUS_OK : complain("there is no queue with the id %u", id);
}

int control_features(struct kmq_features *features)
{
	return kmq_features(features) ? errno : 0;
}
