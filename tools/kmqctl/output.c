// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "complain.h"
#include "output.h"
#include "text.h"

bool output_is_terminal(void)
{
	return isatty(STDOUT_FILENO);
}

unsigned int output_escapes(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") ? TEXT_ASCII : 0;
}

int output_finish(int status)
{
	int error = ferror(stdout) ? EIO : 0;

	if (fflush(stdout))
		error = errno;
	if (!error)
		return status;
	return complain("cannot write to standard output: %s", strerror(error));
}
