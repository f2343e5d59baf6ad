// SPDX-License-Identifier: GPL-2.0-only
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "holder.h"
#include "memory.h"
#include "output.h"
#include "parse.h"
#include "queue_columns.h"
#include "subcommands.h"
#include "table.h"
#include "text.h"

const struct option_spec show_options[] = {
	{ OPTION_ID, "id", "ID", "the queue of this id, for one without a name" },
	{ 'J', "json", NULL, "print JSON, sizes in bytes" },
	{ 'b', "bytes", NULL, "print sizes in bytes" },
	{ 0 },
};

/* One line per column, its key first. */
static void print_settings(const struct table_format *format, const struct kmq_info *info)
{
	for (size_t i = 0; i < format->choice.count; i++) {
		const struct column *column = format->choice.columns[i];
		char *text = table_text(format, column, info);
		char key[64];

		column_key(column, key);
		printf("%-13s%s\n", key, text);
		free(text);
	}
}

static void print_ledger(const struct kmq_info *info)
{
	printf("\n%llu sent = %llu received + %llu queued + %llu leased + %llu dropped + "
	       "%llu purged",
	       (unsigned long long)info->sent, (unsigned long long)info->received,
	       (unsigned long long)info->queued, (unsigned long long)info->leased,
	       (unsigned long long)info->dropped, (unsigned long long)info->purged);
	if (queue_is_ring(info))
		printf(" + %llu abandoned", (unsigned long long)info->abandoned);
	putchar('\n');
}

static void print_holders(const struct holders *holders, uint32_t id)
{
	bool any = false;

	putchar('\n');
	for (size_t i = 0; i < holders->count; i++) {
		const struct holder *holder = &holders->list[i];
		char *command;

		if (holder->id != id)
			continue;
		command = text_escape(holder->command, strlen(holder->command), output_escapes());
		printf("open in process %d (%s) as descriptor %d\n", holder->pid, command,
		       holder->fd);
		free(command);
		any = true;
	}
	if (!any)
		puts("open in no process that can be seen");
	if (!holders->complete)
		puts("(not all processes can be seen by this user)");
}

static struct json_object *holders_json(const struct holders *holders, uint32_t id)
{
	struct json_object *array = memory_check(json_object_new_array());

	for (size_t i = 0; i < holders->count; i++) {
		if (holders->list[i].id == id)
			json_object_array_add(array, holder_json(&holders->list[i]));
	}
	return array;
}

static void print_queue_json(const struct table_format *format, const struct kmq_info *info,
			     const struct holders *holders)
{
	struct json_object *object = memory_check(json_object_new_object());

	json_object_object_add(object, "queue", table_object(format, info));
	json_object_object_add(object, "holders", holders_json(holders, info->id));
	json_object_object_add(object, "holders_complete",
			       json_object_new_boolean(holders->complete));
	json_print(object, false);
}

static int show(const struct table_format *format, const char *name, uint32_t id)
{
	struct holders holders;
	struct kmq_info info;
	int status;

	status = name ? control_find(name, &info) : control_find_id(id, &info);
	if (status)
		return status;
	holders = holders_find();
	if (format->json) {
		print_queue_json(format, &info, &holders);
	} else {
		print_settings(format, &info);
		print_ledger(&info);
		print_holders(&holders, info.id);
	}
	holders_free(&holders);
	return STATUS_OK;
}

int show_main(const struct command *self, int argc, char **argv)
{
	struct table_format format = { 0 };
	struct option_walk walk;
	uint64_t id = 0;
	int code, status;

	option_walk_start(&walk, self);
	while ((code = option_walk_next(&walk, argc, argv, &status)) != -1) {
		if (code == OPTION_STOP)
			return status;
		if (table_option(&format, code))
			continue;
		if (parse_count(optarg, 1, UINT32_MAX, &id))
			return command_bad_argument(self, "id", optarg, "a number from 1");
	}
	if (argc - optind != !id)
		return command_misused(self, "it takes one NAME or one --id");
	column_choose_all(&format.choice, queue_columns);
	return show(&format, argv[optind], (uint32_t)id);
}
