// SPDX-License-Identifier: GPL-2.0-only
#include "event.h"
#include "message_columns.h"
#include "party.h"
#include "queue_columns.h"
#include "subcommands.h"
#include "table.h"
#include "top.h"
#include "watches.h"

const struct command commands[] = {
	{
		.name = "create",
		.arguments = "NAME [-- COMMAND [ARGUMENT]...]",
		.help = "Creates a queue, which is then the node /dev/kmq/NAME",
		.run = create_main,
		.aliases = "add new",
		.options = { create_options, watch_options },
	},
	{
		.name = "remove",
		.aliases = "rm del delete",
		.arguments = "NAME... | --id ID",
		.help = "Removes queues and what is in them",
		.run = remove_main,
		.options = { remove_options },
	},
	{
		.name = "list",
		.arguments = "[PATTERN]",
		.help = "Lists the queues, or those that a shell pattern matches",
		.run = list_main,
		.aliases = "ls",
		.options = { list_options, table_options },
		.columns = queue_columns,
		.default_columns = "NAME,QUEUED,CAPACITY,BYTES,POLICY,MODE,OWNER,OPEN",
	},
	{
		.name = "show",
		.arguments = "NAME | --id ID",
		.help = "Shows all of one queue: settings, ledger, who has it open",
		.run = show_main,
		.options = { show_options },
	},
	{
		.name = "set",
		.arguments = "NAME | --id ID",
		.help = "Changes a queue: its limits, policy, permissions, what is watched",
		.run = set_main,
		.options = { set_options, watch_options },
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
		.aliases = "receive",
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
		.name = "holders",
		.arguments = "NAME... | --id ID",
		.help = "Shows who keeps queues open or mapped, and who sleeps in them",
		.run = holders_main,
		.options = { holders_options, table_options },
		.columns = party_columns,
		.default_columns = "QUEUE,ROLE,PID,COMMAND,FD,ACCESS,LEASES,WAITS-FOR,SINCE",
	},
	{
		.name = "monitor",
		.arguments = "[PATTERN]",
		.help = "Tells what happens to queues, as it happens",
		.run = monitor_main,
		.options = { monitor_options },
		.columns = event_columns,
		.default_columns = "TIME,TEXT",
		.words = event_words,
		.words_title = "Events",
	},
	{
		.name = "top",
		.arguments = "[PATTERN]",
		.help = "Shows the queues and their traffic live, sorted",
		.run = top_main,
		.options = { top_options, table_options },
		.columns = top_columns,
		.default_columns = "NAME,USE,QUEUED,IN,OUT,ASLEEP,DROPS,BYTES,OPEN",
	},
	{
		.name = "stats",
		.arguments = "[NAME]...",
		.help = "Shows what became of the messages of each queue, and how long it took",
		.run = stats_main,
		.options = { stats_options, table_options },
		.columns = queue_columns,
		.default_columns = "NAME,SENT,RECEIVED,QUEUED,LEASED,DROPPED,PURGED,"
				   "ABANDONED,RETURNED,REJECTED",
	},
	{
		.name = "trace",
		.arguments = "[-- COMMAND [ARGUMENT]...]",
		.help = "Records what happens for a while, and draws who sent what to whom",
		.run = trace_main,
		.options = { trace_options },
	},
	{
		.name = "doctor",
		.arguments = "",
		.help = "Says why the module does not load or a queue does not open",
		.run = doctor_main,
		.options = { doctor_options },
	},
	{
		.name = "help",
		.arguments = "[COMMAND]",
		.help = "Tells what kmqctl, or one command, takes",
		.run = help_main,
		.options = { NULL },
	},
	{ 0 },
};
