// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Settings of an open file description. The kernel sets all of them at once,
 * so what is to stay is read first.
 */
#include <sys/ioctl.h>

#include "internal.h"

int kmq_get_descriptor(int fd, struct kmq_descriptor *descriptor)
{
	return ioctl(fd, KMQ_IOC_GET_DESCRIPTOR, descriptor);
}

int kmq_set_filter(int fd, const struct kmq_selection *which)
{
	struct kmq_descriptor now;
	struct kmq_descriptor next = { .select = KMQ_SELECT_ANY };

	if (kmq_get_descriptor(fd, &now))
		return -1;
	next.flags = now.flags;
	if (which && which->select != KMQ_SELECT_FILTER) {
		next.select = which->select;
		next.select_type = which->type;
	}
	return ioctl(fd, KMQ_IOC_SET_DESCRIPTOR, &next);
}

int kmq_get_filter(int fd, struct kmq_selection *which)
{
	struct kmq_descriptor now;

	if (kmq_get_descriptor(fd, &now))
		return -1;
	which->select = now.select;
	which->type = now.select_type;
	return 0;
}

int kmq_set_truncate(int fd, int on)
{
	struct kmq_descriptor now;
	struct kmq_descriptor next = { .flags = 0 };

	if (kmq_get_descriptor(fd, &now))
		return -1;
	next.flags = on ? now.flags | KMQ_DESCRIPTOR_TRUNCATE :
			  now.flags & ~KMQ_DESCRIPTOR_TRUNCATE;
	next.select = now.select;
	next.select_type = now.select_type;
	return ioctl(fd, KMQ_IOC_SET_DESCRIPTOR, &next);
}
