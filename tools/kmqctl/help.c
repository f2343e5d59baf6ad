// SPDX-License-Identifier: GPL-2.0-only
#include "subcommands.h"

int help_main(const struct command *self, int argc, char **argv)
{
	const struct command *command;
	struct option_walk walk;
	int code, status;

	option_walk_start(&walk, self);
	while ((code = option_walk_next(&walk, argc, argv, &status)) != -1) {
		if (code == OPTION_STOP)
			return status;
	}
	if (argc - optind > 1)
		return command_misused(self, "one COMMAND is enough");
	if (optind == argc) {
		command_print_overview();
		return STATUS_OK;
	}
	command = command_find(argv[optind]);
	if (!command)
		return STATUS_USAGE;
	command_print_help(command);
	return STATUS_OK;
}
