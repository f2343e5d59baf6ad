// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "complain.h"
#include "control.h"
#include "memory.h"
#include "parse.h"
#include "queue_columns.h"

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

int control_create(const char *name, const struct kmq_create_options *options, bool *existed)
{
	struct kmq_create_options exclusive = *options;

	if (parse_name(name))
		return complain_name(name);
	exclusive.flags |= KMQ_CREATE_EXCLUSIVE;
	if (!kmq_create(name, &exclusive))
		return STATUS_OK;
	if (errno != EEXIST || !existed)
		return say_not_created(name, options, errno);
	*existed = true;
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

/* ------------------------------------------------------------------------
 * The netlink family, which an older module does not have, and a sandbox may
 * forbid: then what /dev/kmq/control can do is done there.
 */

static struct kmq_nl *handle;

static int find_key(uint32_t id, struct kmq_nl_key *key)
{
	return kmq_nl_key(handle, id, key) ? errno : 0;
}

/* NULL and errno. One handle for all; it lives as long as the program. */
static struct kmq_nl *family(void)
{
	if (!handle)
		handle = kmq_nl_open();
	if (handle)
		queue_key_source = find_key;
	return handle;
}

/* Whether, after family() failed with @error, the device is worth a try. */
static bool is_closed(int error)
{
	switch (error) {
	case ENODEV:		/* no such family */
	case EAFNOSUPPORT:	/* the others: a sandbox has its reasons */
	case EPROTONOSUPPORT:
	case EPERM:
	case EACCES:
		return true;
	}
	return false;
}

static bool is_gone(int error)
{
	return handle && error == ENODEV;
}

int complain_family(const char *action, const char *name)
{
	int error = errno;

	if (!handle && access(KMQ_DIRECTORY "/" KMQ_CONTROL_NAME, F_OK))
		return complain_control(ENOENT);
	if (!handle)
		return complain("%s%s%s: it takes the module's netlink family, which cannot be "
				"reached (%s); try 'kmqctl doctor'", action, *name ? " " : "", name,
				strerror(error));
	return complain("%s%s%s: %s", action, *name ? " " : "", name, kmq_nl_error(handle));
}

/* "#5" for a queue that was named by its id. */
static int refused(const char *action, const char *name, uint32_t id)
{
	char number[16];

	if (name)
		return complain_family(action, name);
	snprintf(number, sizeof(number), "#%u", id);
	return complain_family(action, number);
}

struct kmq_nl *control_events(void)
{
	return family();
}

/* ------------------------------------------------------------------------
 * Removal
 */

static int remove_by_device(const char *name, bool missing_ok)
{
	struct kmq_features features;

	if (!kmq_remove(name))
		return STATUS_OK;
	if (errno == EACCES)
		return complain_control(errno);
	/* The node may be missing because the module is, which is another story. */
	if (errno == ENOENT && missing_ok && control_features(&features) != ENOENT)
		return STATUS_OK;
	return complain_queue("remove", name, errno);
}

int control_remove(const char *name, bool missing_ok)
{
	if (parse_name(name))
		return complain_name(name);
	if (!family())
		return remove_by_device(name, missing_ok);
	if (!kmq_nl_remove(handle, name, 0) || (errno == ENOENT && missing_ok))
		return STATUS_OK;
	return refused("remove", name, 0);
}

int control_remove_id(uint32_t id, bool missing_ok)
{
	if (family() && (!kmq_nl_remove(handle, NULL, id) || (errno == ENOENT && missing_ok)))
		return STATUS_OK;
	return refused("remove", NULL, id);
}

/* ------------------------------------------------------------------------
 * What there is
 */

/* 0 and *@info, ENOENT behind the last, or what went wrong. */
static int next_queue(int control, struct kmq_info *info)
{
	return kmq_next_info(control, info) ? errno : 0;
}

static int list_by_device(struct kmq_nl_queue **queues, size_t *count)
{
	struct kmq_info info = { .id = 0 };
	struct kmq_nl_queue *list = NULL;
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
		list[used++] = (struct kmq_nl_queue){ .info = info };
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

/* The kernel knows less of patterns, and none as long as this may be. */
static bool is_for_kernel(const char *pattern)
{
	return pattern && strlen(pattern) < KMQ_PATTERN_SIZE && *pattern &&
	       !strpbrk(pattern, "[]\\");
}

static int list_all(const char *pattern, struct kmq_nl_queue **queues, size_t *count)
{
	struct kmq_nl_filter filter = { .pattern = is_for_kernel(pattern) ? pattern : NULL };

	if (!family()) {
		if (is_closed(errno))
			return list_by_device(queues, count);
		return complain_family("list", "");
	}
	if (kmq_nl_list(handle, &filter, queues, count) < 0)
		return is_gone(errno) ? complain_control(ENOENT) : complain_family("list", "");
	return STATUS_OK;
}

int control_list(const char *pattern, struct kmq_nl_queue **queues, size_t *count)
{
	size_t kept = 0;
	int status = list_all(pattern, queues, count);

	if (status || !pattern)
		return status;
	for (size_t i = 0; i < *count; i++) {
		if (!fnmatch(pattern, (*queues)[i].info.name, 0))
			(*queues)[kept++] = (*queues)[i];
	}
	*count = kept;
	return STATUS_OK;
}

/* ------------------------------------------------------------------------
 * One queue
 */

/*
 * A user who may use a queue may look at it, also one who may neither read it nor
 * open control. Returns whether that was so; the descriptor used is not counted.
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

static bool is_named(const struct kmq_info *info, const char *name, uint32_t id)
{
	return name ? !strcmp(info->name, name) : info->id == id;
}

static int find_by_device(const char *name, uint32_t id, struct kmq_nl_queue *queue)
{
	struct kmq_nl_queue *queues;
	size_t count, i;
	int status;

	if (name && control_is_closed() && find_by_opening(name, &queue->info))
		return STATUS_OK;
	status = list_by_device(&queues, &count);
	if (status)
		return status;
	for (i = 0; i < count && !is_named(&queues[i].info, name, id); i++)
		;
	if (i < count)
		*queue = queues[i];
	free(queues);
	if (i < count)
		return STATUS_OK;
	return name ? complain_queue("find", name, ENOENT)
		    : complain("there is no queue with the id %u", id);
}

int control_find(const char *action, const char *name, uint32_t id, struct kmq_nl_queue *queue,
		 struct kmq_nl_histograms *histograms)
{
	memset(queue, 0, sizeof(*queue));
	if (histograms)
		memset(histograms, 0, sizeof(*histograms));
	if (name && parse_name(name))
		return complain_name(name);
	if (!family())
		return is_closed(errno) ? find_by_device(name, id, queue)
					: refused(action, name, id);
	if (!kmq_nl_get(handle, name, id, queue, histograms))
		return STATUS_OK;
	if (is_gone(errno))
		return complain_control(ENOENT);
	if (errno == EACCES && name && find_by_opening(name, &queue->info))
		return STATUS_OK;
	return refused(action, name, id);
}

int control_set(const char *action, const char *name, uint32_t id,
		const struct kmq_nl_settings *settings)
{
	if (name && parse_name(name))
		return complain_name(name);
	if (family() && !kmq_nl_set(handle, name, id, settings))
		return STATUS_OK;
	return refused(action, name, id);
}

/* ------------------------------------------------------------------------
 * Who has it
 */

struct holder_list {
	struct kmq_nl_holder *list;
	size_t count;
};

static int keep_holder(const struct kmq_nl_holder *holder, void *data)
{
	struct holder_list *holders = data;

	holders->list = memory_resize(holders->list, holders->count + 1, sizeof(*holder));
	holders->list[holders->count++] = *holder;
	return 0;
}

int control_holders(uint32_t id, struct kmq_nl_holder **list, size_t *count)
{
	struct holder_list holders = { NULL, 0 };
	int error = 0;

	if (!family() || kmq_nl_holders(handle, NULL, id, keep_holder, &holders) < 0)
		error = errno;
	*list = holders.list;
	*count = holders.count;
	return error;
}

int control_features(struct kmq_features *features)
{
	return kmq_features(features) ? errno : 0;
}

int control_family(void)
{
	return family() ? 0 : errno;
}
