// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "command.h"
#include "complain.h"
#include "output.h"
#include "parse.h"
#include "text.h"

bool output_is_terminal(void)
{
	return isatty(STDOUT_FILENO);
}

const char *output_colour(const char *colour)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	if (!output_is_terminal() || (no_colour && *no_colour))
		return "";
	return term && strcmp(term, "dumb") ? colour : "";
}

unsigned int output_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t width;

	if (columns && !parse_count(columns, 20, 10000, &width))
		return (unsigned int)width;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return 80;
}

bool output_is_unicode(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

unsigned int output_escapes(void)
{
	return output_is_unicode() ? 0 : TEXT_ASCII;
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
