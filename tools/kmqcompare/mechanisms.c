// SPDX-License-Identifier: GPL-2.0-only
/* The table of mechanisms, and what their files share. */
#include "mechanism.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

extern const struct mechanism mechanism_harness;
extern const struct mechanism mechanism_null;
extern const struct mechanism mechanism_kmq;
extern const struct mechanism mechanism_kmq_ioctl;
extern const struct mechanism mechanism_kmq_batch;
extern const struct mechanism mechanism_sysv_msg;
extern const struct mechanism mechanism_sysv_shm;
extern const struct mechanism mechanism_posix_mq;
extern const struct mechanism mechanism_pipe;

const struct mechanism *const mechanisms[] = {
	&mechanism_harness,
	&mechanism_null,
	&mechanism_kmq,
	&mechanism_kmq_ioctl,
	&mechanism_kmq_batch,
	&mechanism_sysv_msg,
	&mechanism_sysv_shm,
	&mechanism_posix_mq,
	&mechanism_pipe,
	NULL
};

const struct mechanism *mechanism_find(const char *name)
{
	for (const struct mechanism *const *m = mechanisms; *m; m++)
		if (!strcmp((*m)->name, name))
			return *m;
	return NULL;
}

int channel_refuse(struct channel *channel, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(channel->reason, sizeof(channel->reason), format, arguments);
	va_end(arguments);
	return -1;
}
