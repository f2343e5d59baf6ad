// SPDX-License-Identifier: GPL-2.0-only
#include "message_columns.h"
#include "queue_columns.h"
#include "subcommands.h"
#include "table.h"

const struct command commands[] = {
	{
		.name = "create",
		.arguments = "NAME [-- COMMAND [ARGUMENT]...]",
		.help = "Creates a queue, which is then the node /dev/kmq/NAME",
		.run = create_main,
		.options = { create_options },
	},
	{
		.name = "remove",
		.arguments = "NAME...",
		.help = "Removes queues and what is in them",
		.run = remove_main,
		.options = { remove_options },
	},
	{
		.name = "list",
		.arguments = "[PATTERN]",
		.help = "Lists the queues, or those that a shell pattern matches",
		.run = list_main,
		.options = { table_options },
		.columns = queue_columns,
		.default_columns = "NAME,QUEUED,CAPACITY,BYTES,POLICY,MODE,OWNER,OPEN",
	},
	{
		.name = "show",
		.arguments = "NAME",
		.help = "Shows all of one queue: settings, ledger, who has it open",
		.run = show_main,
		.options = { show_options },
	},
	{
		.name = "send",
		.arguments = "NAME [TEXT]",
		.help = "Sends TEXT, a file or standard input as messages",
		.run = send_main,
		.options = { send_options },
	},
	{
		.name = "recv",
		.arguments = "NAME",
		.help = "Receives messages and prints them",
		.run = recv_main,
		.options = { recv_options },
	},
	{
		.name = "peek",
		.arguments = "NAME",
		.help = "Shows the messages that wait in a queue, and leaves them there",
		.run = peek_main,
		.options = { peek_options, table_options },
		.columns = message_columns,
		.default_columns = "SEQUENCE,TYPE,PRIORITY,SIZE,AGE,PID,USER,BODY",
	},
	{
		.name = "purge",
		.arguments = "NAME",
		.help = "Throws away the messages that wait in a queue",
		.run = purge_main,
		.options = { purge_options },
	},
	{
		.name = "stats",
		.arguments = "[NAME]...",
		.help = "Shows what became of the messages of each queue",
		.run = stats_main,
		.options = { stats_options, table_options },
		.columns = queue_columns,
		.default_columns = "NAME,SENT,RECEIVED,QUEUED,LEASED,DROPPED,PURGED,"
				   "ABANDONED,RETURNED,REJECTED",
	},
	{
		.name = "doctor",
		.arguments = "",
		.help = "Says why the module does not load or a queue does not open",
		.run = doctor_main,
		.options = { doctor_options },
	},
	{ 0 },
};
