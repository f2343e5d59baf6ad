// SPDX-License-Identifier: GPL-2.0-only
#include <unistd.h>

#include "control.h"
#include "parse.h"
#include "subcommands.h"
#include "watches.h"

const struct option_spec set_options[] = {
	{ 'c', "capacity", "N", "most messages" },
	{ OPTION_BYTE_LIMIT, "byte-limit", "SIZE", "most bytes of all messages" },
	{ 'p', "policy", "block|reject|drop-newest|drop-oldest",
	  "what happens to a message sent to a full queue" },
	{ 'm', "mode", "OCTAL", "permissions of the node" },
	{ OPTION_OWNER, "owner", "USER[:GROUP]", "owner and group of the node" },
	{ OPTION_ID, "id", "ID", "the queue of this id, for one without a name" },
	{ 0 },
};

struct setting {
	struct watches watches;
	uint64_t id;
};

static int take_capacity(const struct command *self, struct kmq_nl_settings *settings)
{
	uint64_t count;

	if (parse_count(optarg, 1, KMQ_CAPACITY_MAX, &count))
		return command_bad_argument(self, "capacity", optarg,
					    "a number of messages from 1 to 65536");
	settings->has |= KMQ_NL_BIT(KMQ_A_CAPACITY);
	settings->capacity = (uint32_t)count;
	return STATUS_OK;
}

static int take_byte_limit(const struct command *self, struct kmq_nl_settings *settings)
{
	if (parse_size(optarg, &settings->byte_limit) || !settings->byte_limit)
		return command_bad_argument(self, "byte-limit", optarg,
					    "a size, such as 256, 8K or 1M");
	settings->has |= KMQ_NL_BIT(KMQ_A_BYTE_LIMIT);
	return STATUS_OK;
}

static int take_policy(const struct command *self, struct kmq_nl_settings *settings)
{
	int value = kmq_policy_value(optarg);

	if (value < 0)
		return command_bad_argument(self, "policy", optarg,
					    "block, reject, drop-newest or drop-oldest");
	settings->has |= KMQ_NL_BIT(KMQ_A_POLICY);
	settings->policy = (uint32_t)value;
	return STATUS_OK;
}

static int take_mode(const struct command *self, struct kmq_nl_settings *settings)
{
	if (parse_mode(optarg, &settings->mode))
		return command_bad_argument(self, "mode", optarg, "octal digits from 1 to 777");
	settings->has |= KMQ_NL_BIT(KMQ_A_MODE);
	return STATUS_OK;
}

/* What is not named stays as it is. */
static int take_owner(const struct command *self, struct kmq_nl_settings *settings)
{
	settings->uid = (uid_t)-1;
	settings->gid = (gid_t)-1;
	if (parse_owner(optarg, &settings->uid, &settings->gid))
		return command_bad_argument(self, "owner", optarg,
					    "an existing user or USER:GROUP, by name or number");
	if (settings->uid != (uid_t)-1)
		settings->has |= KMQ_NL_BIT(KMQ_A_UID);
	if (settings->gid != (gid_t)-1)
		settings->has |= KMQ_NL_BIT(KMQ_A_GID);
	return STATUS_OK;
}

static int take_option(const struct command *self, int code, struct setting *setting)
{
	struct kmq_nl_settings *settings = &setting->watches.settings;
	int status;

	if (watches_option(&setting->watches, self, code, &status))
		return status;
	switch (code) {
	case 'c':
		return take_capacity(self, settings);
	case OPTION_BYTE_LIMIT:
		return take_byte_limit(self, settings);
	case 'p':
		return take_policy(self, settings);
	case 'm':
		return take_mode(self, settings);
	case OPTION_OWNER:
		return take_owner(self, settings);
	}
	if (parse_count(optarg, 1, UINT32_MAX, &setting->id))
		return command_bad_argument(self, "id", optarg, "a number from 1");
	return STATUS_OK;
}

/* What a percentage is of: the capacity that it is to have, or has. */
static int find_whole(const char *name, uint32_t id, const struct kmq_nl_settings *settings,
		      uint64_t *whole)
{
	struct kmq_nl_queue queue;
	int status;

	status = control_find("set", name, id, &queue, NULL);
	if (status)
		return status;
	if (settings->has & KMQ_NL_BIT(KMQ_A_CAPACITY))
		*whole = settings->capacity;
	else
		*whole = queue.info.capacity;
	return STATUS_OK;
}

static int set(const char *name, struct setting *setting)
{
	struct watches *watches = &setting->watches;
	uint32_t id = (uint32_t)setting->id;
	uint64_t whole = 0;
	int status;

	if (watches_want_whole(watches)) {
		status = find_whole(name, id, &watches->settings, &whole);
		if (status)
			return status;
	}
	watches_settle(watches, whole);
	return control_set("set", name, id, &watches->settings);
}

int set_main(const struct command *self, int argc, char **argv)
{
	struct setting setting = { .id = 0 };
	struct option_walk walk;
	int code, status;

	option_walk_start(&walk, self);
	while ((code = option_walk_next(&walk, argc, argv, &status)) != -1) {
		if (code != OPTION_STOP)
			status = take_option(self, code, &setting);
		if (code == OPTION_STOP || status)
			return status;
	}
	if (argc - optind != !setting.id)
		return command_misused(self, "it takes one NAME or one --id");
	if (!watches_any(&setting.watches))
		return command_misused(self, "nothing is said that it is to set");
	return set(argv[optind], &setting);
}
