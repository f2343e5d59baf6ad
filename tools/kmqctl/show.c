// SPDX-License-Identifier: GPL-2.0-only
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "control.h"
#include "holder.h"
#include "memory.h"
#include "output.h"
#include "parse.h"
#include "queue_columns.h"
#include "subcommands.h"
#include "table.h"
#include "text.h"

/* Of the longest key, and a blank. */
#define KEY_WIDTH	17

const struct option_spec show_options[] = {
	{ OPTION_ID, "id", "ID", "the queue of this id, for one without a name" },
	{ 'J', "json", NULL, "print JSON, sizes in bytes" },
	{ 'b', "bytes", NULL, "print sizes in bytes" },
	{ 0 },
};

/* One line per column, its key first. */
static void print_settings(const struct table_format *format, const struct kmq_nl_queue *queue)
{
	for (size_t i = 0; i < format->choice.count; i++) {
		const struct column *column = format->choice.columns[i];
		char *text = table_text(format, column, queue);
		char key[64];

		column_key(column, key);
		printf("%-*s%s\n", KEY_WIDTH, key, text);
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

/* "process 71 (cat) has waited for a message for 3.2s" */
static void print_sleepers(uint32_t id)
{
	static const char *const what[] = {
		[KMQ_SLEEP_SEND] = "room", [KMQ_SLEEP_RECEIVE] = "a message",
		[KMQ_SLEEP_CALL] = "a reply",
	};
	struct kmq_nl_holder *list;
	size_t count;

	/* Without netlink they are the counts above. */
	control_holders(id, &list, &count);
	for (size_t i = 0; i < count; i++) {
		char *command, *time;

		if (list[i].holder != KMQ_HOLDER_SLEEPER || list[i].sleep > KMQ_SLEEP_CALL)
			continue;
		command = text_escape(list[i].comm, strlen(list[i].comm), output_escapes());
		time = text_age(clock_since(list[i].since));
		printf("process %d (%s) has waited for %s for %s\n", list[i].pid, command,
		       what[list[i].sleep], time);
		free(command);
		free(time);
	}
	free(list);
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

static void print_queue_json(const struct table_format *format, const struct kmq_nl_queue *queue,
			     const struct holders *holders)
{
	struct json_object *object = memory_check(json_object_new_object());

	json_object_object_add(object, "queue", table_object(format, queue));
	json_object_object_add(object, "holders", holders_json(holders, queue->info.id));
	json_object_object_add(object, "holders_complete",
			       json_object_new_boolean(holders->complete));
	json_print(object, false);
}

static int show(const struct table_format *format, const char *name, uint32_t id)
{
	struct kmq_nl_queue queue;
	struct holders holders;
	int status;

	status = control_find("show", name, id, &queue, NULL);
	if (status)
		return status;
	holders = holders_find();
	if (format->json) {
		print_queue_json(format, &queue, &holders);
	} else {
		print_settings(format, &queue);
		print_ledger(&queue.info);
		print_holders(&holders, queue.info.id);
		print_sleepers(queue.info.id);
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
