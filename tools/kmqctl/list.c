// SPDX-License-Identifier: GPL-2.0-only
#include <fnmatch.h>
#include <stdlib.h>

#include "control.h"
#include "subcommands.h"
#include "table.h"

static int list_queues(const struct table_format *format, const char *pattern)
{
	struct kmq_info *queues;
	struct table *table;
	size_t count;
	int status;

	status = control_list(&queues, &count);
	if (status)
		return status;
	table = table_new(format, "queues");
	for (size_t i = 0; i < count; i++) {
		if (!pattern || !fnmatch(pattern, queues[i].name, 0))
			table_add(table, &queues[i]);
	}
	table_print(table, false);
	free(queues);
	return STATUS_OK;
}

int list_main(const struct command *self, int argc, char **argv)
{
	struct table_format format = { 0 };
	struct option_walk walk;
	int code, status;

	option_walk_start(&walk, self);
	while ((code = option_walk_next(&walk, argc, argv, &status)) != -1) {
		if (code == OPTION_STOP)
			return status;
		table_option(&format, code);
	}
	if (argc - optind > 1)
		return command_misused(self, "one PATTERN is enough; quote it from the shell");
	status = table_settle(&format, self);
	return status ? status : list_queues(&format, argv[optind]);
}
