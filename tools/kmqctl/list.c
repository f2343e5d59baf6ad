// SPDX-License-Identifier: GPL-2.0-only
#include <fnmatch.h>
#include <stdlib.h>

#include "control.h"
#include "key.h"
#include "limits.h"
#include "queue_columns.h"
#include "subcommands.h"
#include "table.h"

const struct option_spec list_options[] = {
	{ 't', "time", NULL, "show when each was sent to, received from and changed, and by whom" },
	{ 'c', "creator", NULL, "show who created each, and whose it is now" },
	{ OPTION_SPACE, "space", "sysv|posix|N",
	  "the queues that programs made through the hub, with the keys that they have" },
	{ 'l', "limits", NULL, "show what limits the module sets, and how near they are" },
	{ 0 },
};

#define TIME_COLUMNS	"NAME,ID,LAST-SEND,LAST-SEND-PID,LAST-RECEIVE,LAST-RECEIVE-PID,LAST-CHANGE"
#define CREATOR_COLUMNS	"NAME,ID,MODE,CREATOR,CREATOR-UID,CREATOR-PID,OWNER,UID,GROUP,GID"
/* As ipcs(1) has them with -q. */
#define SYSV_COLUMNS	"KEY,ID,OWNER,MODE,BYTES,QUEUED,LAST-SEND-PID,LAST-RECEIVE-PID"
#define POSIX_COLUMNS	"KEY,ID,OWNER,MODE,QUEUED,CAPACITY,MAX-MESSAGE,NOTIFY,NOTIFY-PID"
#define HUB_TIME_COLUMNS \
	"KEY,ID,LAST-SEND,LAST-SEND-PID,LAST-RECEIVE,LAST-RECEIVE-PID,LAST-CHANGE"
#define HUB_CREATOR_COLUMNS \
	"KEY,ID,MODE,CREATOR,CREATOR-UID,CREATOR-GROUP,CREATOR-GID,OWNER,UID,GROUP,GID"

/* What was asked for: @code is that of --time and its like, or 0. */
struct wish {
	struct table_format format;
	int code;
	uint32_t space;
	const char *pattern;
};

static bool is_wanted(const struct wish *wish, const struct kmq_nl_queue *queue)
{
	bool wanted;
	char *key;

	if (queue->space != wish->space)
		return false;
	if (!wish->pattern)
		return true;
	key = queue_key(queue);
	wanted = key && !fnmatch(wish->pattern, key, 0);
	free(key);
	return wanted;
}

/* The device knows nothing of spaces. */
static int list_space(const struct wish *wish)
{
	struct kmq_nl_queue *queues;
	struct table *table;
	size_t count;
	int status;

	if (control_family())
		return complain_family("list", "");
	status = control_list(NULL, &queues, &count);
	if (status)
		return status;
	table = table_new(&wish->format, "queues");
	for (size_t i = 0; i < count; i++) {
		if (is_wanted(wish, &queues[i]))
			table_add(table, &queues[i]);
	}
	table_print(table, false);
	free(queues);
	return STATUS_OK;
}

static const char *usual_columns(const struct wish *wish)
{
	switch (wish->code) {
	case 't':
		return wish->space ? HUB_TIME_COLUMNS : TIME_COLUMNS;
	case 'c':
		return wish->space ? HUB_CREATOR_COLUMNS : CREATOR_COLUMNS;
	}
	/* In JSON all there is. */
	if (!wish->space || (wish->format.json && !wish->format.output))
		return NULL;
	return wish->space == KMQ_SPACE_POSIX ? POSIX_COLUMNS : SYSV_COLUMNS;
}

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

static int take_option(const struct command *self, int code, struct wish *wish)
{
	if (table_option(&wish->format, code))
		return STATUS_OK;
	if (code == OPTION_SPACE) {
		if (space_value(optarg, &wish->space))
			return command_bad_argument(self, "space", optarg,
						    "sysv, posix or a number from 1 to 15");
		return STATUS_OK;
	}
	if (wish->code)
		return command_misused(self, "--time, --creator and --limits exclude each "
				       "other");
	wish->code = code;
	return STATUS_OK;
}

static int check_wish(const struct command *self, const struct wish *wish)
{
	if (wish->code != 'l')
		return STATUS_OK;
	if (wish->format.output || wish->pattern || wish->space)
		return command_misused(self, "--limits takes no PATTERN, no --space and no "
				       "--output");
	return STATUS_OK;
}

int list_main(const struct command *self, int argc, char **argv)
{
	struct wish wish = { .code = 0 };
	struct option_walk walk;
	int code, status;

	option_walk_start(&walk, self);
	while ((code = option_walk_next(&walk, argc, argv, &status)) != -1) {
		if (code != OPTION_STOP)
			status = take_option(self, code, &wish);
		if (code == OPTION_STOP || status)
			return status;
	}
	if (argc - optind > 1)
		return command_misused(self, "one PATTERN is enough; quote it from the shell");
	wish.pattern = argv[optind];
	status = check_wish(self, &wish);
	if (status)
		return status;
	if (wish.code == 'l')
		return limits_print(&wish.format);
	status = table_settle(&wish.format, self, usual_columns(&wish));
	if (status)
		return status;
	return wish.space ? list_space(&wish) : list_queues(&wish.format, wish.pattern);
}
