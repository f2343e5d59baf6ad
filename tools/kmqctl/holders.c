// SPDX-License-Identifier: GPL-2.0-only
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "control.h"
#include "memory.h"
#include "parse.h"
#include "party.h"
#include "subcommands.h"
#include "table.h"

const struct option_spec holders_options[] = {
	{ OPTION_ID, "id", "ID", "the queue of this id, for one without a name" },
	{ 0 },
};

static int find_queues(char **names, uint32_t id, struct kmq_nl_queue *queues, size_t count)
{
	int status = STATUS_OK;

	for (size_t i = 0; i < count && !status; i++)
		status = control_find("holders", id ? NULL : names[i], id, &queues[i], NULL);
	return status;
}

static void print_parties(const struct table_format *format, const struct parties *parties)
{
	struct table *table = table_new(format, "holders");

	for (size_t i = 0; i < parties->count; i++)
		table_add(table, &parties->list[i]);
	table_tell(table, "complete", json_object_new_boolean(parties->complete));
	table_print(table, false);
	if (!format->json && !format->noheadings && !parties->complete)
		puts("(not all processes can be seen by this user)");
}

static int print_holders(const struct table_format *format, char **names, uint32_t id,
			 size_t count)
{
	struct kmq_nl_queue *queues = memory_get(count * sizeof(*queues));
	struct parties parties = { .complete = true };
	struct holders seen;
	int status;

	status = find_queues(names, id, queues, count);
	if (!status) {
		seen = holders_find();
		for (size_t i = 0; i < count; i++)
			parties_add(&parties, &queues[i].info, &seen);
		print_parties(format, &parties);
		parties_free(&parties);
		holders_free(&seen);
	}
	free(queues);
	return status;
}

int holders_main(const struct command *self, int argc, char **argv)
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
	if (!id == (optind == argc))
		return command_misused(self, "it takes NAMEs or one --id");
	status = table_settle(&format, self, NULL);
	if (status)
		return status;
	return print_holders(&format, argv + optind, (uint32_t)id,
			     id ? 1 : (size_t)(argc - optind));
}
