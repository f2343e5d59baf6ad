// SPDX-License-Identifier: GPL-2.0-only
#include "control.h"
#include "parse.h"
#include "subcommands.h"

const struct option_spec remove_options[] = {
	{ OPTION_MISSING_OK, "missing-ok", NULL,
	  "a queue that does not exist is as good as removed" },
	{ OPTION_ID, "id", "ID", "the queue of this id, for one without a name" },
	{ 0 },
};

int remove_main(const struct command *self, int argc, char **argv)
{
	struct option_walk walk;
	bool missing_ok = false;
	uint64_t id = 0;
	int code, status, result = STATUS_OK;

	option_walk_start(&walk, self);
	while ((code = option_walk_next(&walk, argc, argv, &status)) != -1) {
		if (code == OPTION_STOP)
			return status;
		if (code == OPTION_MISSING_OK)
			missing_ok = true;
		else if (parse_count(optarg, 1, UINT32_MAX, &id))
			return command_bad_argument(self, "id", optarg, "a number from 1");
	}
	if (id && optind < argc)
		return command_misused(self, "NAME and --id exclude each other");
	if (id)
		return control_remove_id((uint32_t)id, missing_ok);
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
