// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <unistd.h>

#include "complain.h"
#include "memory.h"
#include "parse.h"
#include "subcommands.h"
#include "table.h"

const struct option_spec purge_options[] = {
	{ 't', "type", "T|!T|<=T", "only messages of type T, of others, of T and below" },
	{ 'J', "json", NULL, "print JSON" },
	{ 0 },
};

static void print_purged(const char *name, int count, bool json)
{
	struct json_object *object;

	if (!json) {
		printf("purged %d message%s\n", count, count == 1 ? "" : "s");
		return;
	}
	object = memory_check(json_object_new_object());
	json_object_object_add(object, "name", json_object_new_string(name));
	json_object_object_add(object, "purged", json_object_new_int(count));
	json_print(object, false);
}

static int purge(const char *name, const struct kmq_selection *which, bool json)
{
	int fd, count;

	if (parse_name(name))
		return complain_name(name);
	fd = kmq_open(name, O_RDONLY);
	if (fd < 0)
		return complain_queue("open", name, errno);
	count = kmq_purge(fd, which);
	if (count < 0 && errno == EOPNOTSUPP)
		return complain("cannot purge queue '%s': %s", name,
				which->select == KMQ_SELECT_ANY ?
				"it is a broadcast ring, whose messages are every reader's" :
				"it is a ring, whose messages all have one type");
	if (count < 0)
		return complain_queue("purge", name, errno);
	close(fd);
	print_purged(name, count, json);
	return STATUS_OK;
}

int purge_main(const struct command *self, int argc, char **argv)
{
	struct kmq_selection which = { .select = KMQ_SELECT_ANY };
	struct option_walk walk;
	bool json = false;
	int code, status;

	option_walk_start(&walk, self);
	while ((code = option_walk_next(&walk, argc, argv, &status)) != -1) {
		if (code == OPTION_STOP)
			return status;
		if (code == 'J')
			json = true;
		else if (parse_selection(optarg, &which))
			return command_bad_argument(self, "type", optarg, PARSE_SELECTION_FORM);
	}
	if (argc - optind != 1)
		return command_misused(self, "it takes one NAME");
	return purge(argv[optind], &which, json);
}
