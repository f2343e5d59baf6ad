// SPDX-License-Identifier: GPL-2.0-only
#include "control.h"
#include "subcommands.h"

const struct option_spec remove_options[] = {
	{ OPTION_MISSING_OK, "missing-ok", NULL,
	  "a queue that does not exist is as good as removed" },
	{ 0 },
};

int remove_main(const struct command *self, int argc, char **argv)
{
	struct option_walk walk;
	bool missing_ok = false;
	int code, status, result = STATUS_OK;

	option_walk_start(&walk, self);
	while ((code = option_walk_next(&walk, argc, argv, &status)) != -1) {
		if (code == OPTION_STOP)
			return status;
		missing_ok = true;
	}
	if (optind == argc)
		return command_misused(self, "the NAME of the queue is missing");
	/* One that fails does not keep the others. */
	for (; optind < argc; optind++) {
		status = control_remove(argv[optind], missing_ok);
		if (status)
			result = status;
	}
	return result;
}
