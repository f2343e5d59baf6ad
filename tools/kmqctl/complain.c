// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kmq.h>

#include "command.h"
#include "complain.h"
#include "output.h"
#include "text.h"

#define CONTROL_PATH	KMQ_DIRECTORY "/" KMQ_CONTROL_NAME

int complain(const char *format, ...)
{
	va_list arguments;

	fputs("kmqctl: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return STATUS_FAILED;
}

const char *cause_of(int error)
{
	switch (error) {
	case ENOENT:
	case ENXIO:
		return "there is no such queue; 'kmqctl list' shows those there are";
	case EEXIST:
		return "a queue of this name exists already";
	case EACCES:
		return "its owner and mode do not allow it to this user; see 'ls -l /dev/kmq'";
	case EPERM:
		return "only its owner and root may";
	case EIDRM:
		return "the queue was removed";
	case EAGAIN:
		return "it would have to wait";
	case ETIMEDOUT:
		return "the time is over";
	case EDQUOT:
		return "the user's or the module's limit is reached; 'kmqctl doctor' tells more";
	case ENOMEM:
		return "the kernel has no memory for it";
	case EOPNOTSUPP:
		return "this kind of queue cannot do it";
	case EBUSY:
		return "the ring has one such party at a time, and a process that maps it is it; "
		       "'kmqctl show' tells who";
	case EUCLEAN:
		return "somebody wrote nonsense into the ring, which is broken for good; remove it";
	case ENOTTY:
		return "the loaded module does not know this call; 'kmqctl doctor' tells more";
	}
	return strerror(error);
}

static bool module_is_there(void)
{
	return !access(CONTROL_PATH, F_OK);
}

int complain_control(int error)
{
	switch (error) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return complain("cannot open %s: the module is not loaded; try 'kmqctl doctor'",
				CONTROL_PATH);
	case EACCES:
	case EPERM:
		return complain("cannot open %s: its owner and mode do not allow it to this user; "
				"try 'kmqctl doctor'", CONTROL_PATH);
	}
	return complain("cannot use %s: %s", CONTROL_PATH, cause_of(error));
}

int complain_queue(const char *action, const char *name, int error)
{
	if ((error == ENOENT || error == ENXIO) && !module_is_there())
		return complain_control(ENOENT);
	complain("cannot %s queue '%s': %s", action, name, cause_of(error));
	return error == EAGAIN || error == ETIMEDOUT ? STATUS_LATER : STATUS_FAILED;
}

int complain_name(const char *name)
{
	char *shown = text_escape(name, strlen(name), output_escapes());

	complain("'%s' cannot be the name of a queue: it takes 1 to %d of A-Z a-z 0-9 . _ -, "
		 "the first not a dot, and not the name '%s'", shown, KMQ_NAME_SIZE - 1,
		 KMQ_CONTROL_NAME);
	free(shown);
	return STATUS_FAILED;
}
