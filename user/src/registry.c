// SPDX-License-Identifier: LGPL-2.1-or-later
/* What goes through the control device. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "internal.h"

/* Flags that a caller may give; KMQ_CREATE_OPEN is said by the verb. */
#define CREATE_FLAGS	(KMQ_CREATE_EXCLUSIVE | KMQ_CREATE_OWNER | KMQ_CREATE_NONBLOCK | \
			 KMQ_CREATE_EXACT | KMQ_CREATE_OVERTAKE)

int kmq_open_control(void)
{
	return open(KMQ_DIRECTORY "/" KMQ_CONTROL_NAME, O_RDWR | O_CLOEXEC | O_NOCTTY);
}

static int control_ioctl(unsigned long command, void *argument)
{
	int control, result, error;

	control = kmq_open_control();
	if (control < 0)
		return -1;
	result = ioctl(control, command, argument);
	error = errno;
	close(control);
	errno = error;
	return result;
}

int kmq_features(struct kmq_features *features)
{
	struct kmq_features answer = { .reserved = 0 };

	if (control_ioctl(KMQ_CTL_FEATURES, &answer))
		return -1;
	*features = answer;
	return 0;
}

int kmq_next_info(int control, struct kmq_info *info)
{
	struct kmq_info next = { .id = info->id };

	if (ioctl(control, KMQ_CTL_NEXT, &next))
		return -1;
	*info = next;
	return 0;
}

static bool known(const struct kmq_create_options *options)
{
	return options->version >= 1 && options->version <= KMQ_CREATE_OPTIONS_VERSION &&
	       !(options->flags & ~CREATE_FLAGS);
}

/* The kernel's words for @options; NULL stands for the defaults. */
static int to_create(struct kmq_create *create, const struct kmq_create_options *options)
{
	*create = (struct kmq_create){ .kind = KMQ_KIND_MESSAGE };
	if (!options)
		return 0;
	if (!known(options)) {
		errno = EINVAL;
		return -1;
	}
	create->kind = options->kind;
	create->policy = options->policy;
	create->lifetime = options->lifetime;
	create->flags = options->flags;
	create->capacity = options->capacity;
	create->inline_size = options->inline_size;
	create->max_message = options->max_message;
	create->byte_limit = options->byte_limit;
	create->mode = options->mode;
	create->uid = options->uid;
	create->gid = options->gid;
	create->ring_mode = options->ring_mode;
	/* What is behind belongs to whoever has no such member. */
	if (options->version < 2)
		return 0;
	create->slots = options->slots;
	create->reserved64 = options->reserved;
	return 0;
}

int kmq_create(const char *name, const struct kmq_create_options *options)
{
	struct kmq_create create;

	if (to_create(&create, options) || libkmq_name(create.name, name))
		return -1;
	return control_ioctl(KMQ_CTL_CREATE, &create);
}

int kmq_create_open(const char *name, const struct kmq_create_options *options)
{
	struct kmq_create create;

	if (to_create(&create, options) || libkmq_name(create.name, name))
		return -1;
	create.flags |= KMQ_CREATE_EXCLUSIVE | KMQ_CREATE_OPEN;
	return control_ioctl(KMQ_CTL_CREATE, &create);
}

int kmq_create_unnamed(const struct kmq_create_options *options)
{
	struct kmq_create create;

	if (to_create(&create, options))
		return -1;
	create.lifetime = KMQ_LIFETIME_EPHEMERAL;
	return control_ioctl(KMQ_CTL_CREATE, &create);
}

int kmq_remove(const char *name)
{
	struct kmq_remove remove = { .flags = 0 };

	if (libkmq_name(remove.name, name))
		return -1;
	return control_ioctl(KMQ_CTL_REMOVE, &remove);
}
