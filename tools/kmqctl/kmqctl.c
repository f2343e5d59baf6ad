// SPDX-License-Identifier: GPL-2.0-only
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include <kmq.h>

#include "command.h"
#include "output.h"

static int misused(const char *option)
{
	fprintf(stderr, "kmqctl: there is no option '%s'; see 'kmqctl --help'\n", option);
	return STATUS_USAGE;
}

static bool is_option(const char *word, const char *name, const char *letter)
{
	return !strcmp(word, name) || !strcmp(word, letter);
}

static int dispatch(int argc, char **argv)
{
	static char list[] = "list";
	static char *bare[] = { list, NULL };
	const struct command *command;

	if (argc < 2) {
		command = command_find(list);
		return command->run(command, 1, bare);
	}
	if (is_option(argv[1], "--help", "-h")) {
		command_print_overview();
		return STATUS_OK;
	}
	if (is_option(argv[1], "--version", "-V")) {
		printf("kmqctl %d.%d\n", KMQ_LIBRARY_MAJOR, KMQ_LIBRARY_MINOR);
		return STATUS_OK;
	}
	if (*argv[1] == '-')
		return misused(argv[1]);
	command = command_find(argv[1]);
	if (!command)
		return STATUS_USAGE;
	return command->run(command, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	/* Not the numbers: scripts read and write those. */
	setlocale(LC_CTYPE, "");
	return output_finish(dispatch(argc, argv));
}
