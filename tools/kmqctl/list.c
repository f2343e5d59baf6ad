// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "control.h"
#include "limits.h"
#include "subcommands.h"
#include "table.h"

const struct option_spec list_options[] = {
	{ 't', "time", NULL, "show when each was sent to, received from and changed, and by whom" },
	{ 'c', "creator", NULL, "show who created each, and whose it is now" },
	{ 'l', "limits", NULL, "show what limits the module sets, and how near they are" },
	{ 0 },
};

#define TIME_COLUMNS	"NAME,ID,LAST-SEND,LAST-SEND-PID,LAST-RECEIVE,LAST-RECEIVE-PID,LAST-CHANGE"
#define CREATOR_COLUMNS	"NAME,ID,MODE,CREATOR,CREATOR-UID,CREATOR-PID,OWNER,UID,GROUP,GID"

static int list_queues(const struct table_format *format, const char *pattern)
{
	struct kmq_nl_queue *queues;
	struct table *table;
	size_t count;
	int status;

	status = control_list(pattern, &queues, &count);
	if (status)
		return status;
	table = table_new(format, "queues");
	for (size_t i = 0; i < count; i++)
		table_add(table, &queues[i]);
	table_print(table, false);
	free(queues);
	return STATUS_OK;
}

int list_main(const struct command *self, int argc, char **argv)
{
	struct table_format format = { 0 };
	const char *usual = NULL;
	struct option_walk walk;
	int code, status;

	option_walk_start(&walk, self);
	while ((code = option_walk_next(&walk, argc, argv, &status)) != -1) {
		if (code == OPTION_STOP)
			return status;
		if (table_option(&format, code))
			continue;
		if (usual)
			return command_misused(self, "--time, --creator and --limits exclude each "
					       "other");
		usual = code == 'l' ? "" : code == 't' ? TIME_COLUMNS : CREATOR_COLUMNS;
	}
	if (argc - optind > 1)
		return command_misused(self, "one PATTERN is enough; quote it from the shell");
	if (usual && !*usual && (format.output || optind < argc))
		return command_misused(self, "--limits takes no PATTERN and no --output");
	if (usual && !*usual)
		return limits_print(&format);
	status = table_settle(&format, self, usual);
	return status ? status : list_queues(&format, argv[optind]);
}
