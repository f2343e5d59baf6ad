// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"
#include "control.h"
#include "memory.h"
#include "parse.h"
#include "ring_mode.h"
#include "subcommands.h"
#include "watches.h"

/* As a shell has it, for a program that is not there or cannot be run. */
#define STATUS_NO_COMMAND	127
#define STATUS_NOT_EXECUTABLE	126

const struct option_spec create_options[] = {
	{ 'k', "kind", "message|ring", "who holds the messages: the kernel, or memory that "
	  "processes map (message)" },
	{ 'c', "capacity", "N", "most messages (64)" },
	{ OPTION_INLINE, "inline", "SIZE", "bodies up to SIZE cost no allocation (256)" },
	{ OPTION_MAX_MESSAGE, "max-message", "SIZE", "size of the largest message (8K)" },
	{ OPTION_BYTE_LIMIT, "byte-limit", "SIZE",
	  "most bytes of all messages (capacity x max-message, 16M at most)" },
	{ OPTION_RING_MODE, "ring-mode", "spsc|mpsc|mpmc|broadcast",
	  "of a ring: one or many producers, one or many consumers, or all see all (spsc)" },
	{ 's', "size", "SIZE", "bytes of a ring: a power of two from 4K to 256M (64K)" },
	{ 'p', "policy", "block|reject|drop-newest|drop-oldest",
	  "what happens to a message sent to a full queue (block)" },
	{ 'm', "mode", "OCTAL", "permissions of the node (600)" },
	{ OPTION_OWNER, "owner", "USER[:GROUP]", "owner and group of the node" },
	{ 'e', "ephemeral", NULL, "run COMMAND; the queue lives until it ends" },
	{ OPTION_EXIST_OK, "exist-ok", NULL, "succeed if the queue exists, whatever its settings" },
	{ 0 },
};

struct creation {
	struct kmq_create_options options;
	struct watches watches;
	bool exist_ok;
	bool has_ring_mode;
	bool has_size;
};

/* Not 0, which asks the kernel for its default. */
static int take_size(const struct command *self, const char *option, uint64_t low,
		     uint64_t high, uint64_t *to)
{
	uint64_t bytes;

	if (!parse_size(optarg, &bytes) && bytes >= low && bytes <= high) {
		*to = bytes;
		return STATUS_OK;
	}
	return command_misused(self, "--%s takes a size from %llu to %llu bytes, such as 256, 8K "
			       "or 1M, not '%s'", option, (unsigned long long)low,
			       (unsigned long long)high, optarg);
}

static int take_size32(const struct command *self, const char *option, uint32_t low,
		       uint32_t high, uint32_t *to)
{
	uint64_t bytes = *to;
	int status = take_size(self, option, low, high, &bytes);

	*to = (uint32_t)bytes;
	return status;
}

static int take_capacity(const struct command *self, uint32_t *to)
{
	uint64_t count;

	if (parse_count(optarg, 1, KMQ_CAPACITY_MAX, &count))
		return command_bad_argument(self, "capacity", optarg,
					    "a number of messages from 1 to 65536");
	*to = (uint32_t)count;
	return STATUS_OK;
}

static int take_policy(const struct command *self, uint32_t *to)
{
	int value = kmq_policy_value(optarg);

	if (value < 0)
		return command_bad_argument(self, "policy", optarg,
					    "block, reject, drop-newest or drop-oldest");
	*to = (uint32_t)value;
	return STATUS_OK;
}

static int take_kind(const struct command *self, uint32_t *to)
{
	int value = kmq_kind_value(optarg);

	if (value < 0)
		return command_bad_argument(self, "kind", optarg, "message or ring");
	*to = (uint32_t)value;
	return STATUS_OK;
}

static int take_ring_mode(const struct command *self, uint32_t *to)
{
	int value = ring_mode_value(optarg);

	if (value < 0)
		return command_bad_argument(self, "ring-mode", optarg,
					    "spsc, mpsc, mpmc or broadcast");
	*to = (uint32_t)value;
	return STATUS_OK;
}

static int take_mode(const struct command *self, uint32_t *to)
{
	if (parse_mode(optarg, to))
		return command_bad_argument(self, "mode", optarg, "octal digits from 1 to 777");
	return STATUS_OK;
}

static int take_owner(const struct command *self, struct kmq_create_options *options)
{
	options->uid = geteuid();
	options->gid = getegid();
	options->flags |= KMQ_CREATE_OWNER;
	if (parse_owner(optarg, &options->uid, &options->gid))
		return command_bad_argument(self, "owner", optarg,
					    "an existing user or USER:GROUP, by name or number");
	return STATUS_OK;
}

static int take_option(const struct command *self, int code, struct creation *creation)
{
	struct kmq_create_options *options = &creation->options;
	int status;

	if (watches_option(&creation->watches, self, code, &status))
		return status;
	switch (code) {
	case 'k':
		return take_kind(self, &options->kind);
	case OPTION_RING_MODE:
		creation->has_ring_mode = true;
		return take_ring_mode(self, &options->ring_mode);
	case 's':
		creation->has_size = true;
		return take_size(self, "size", 1, KMQ_RING_SIZE_MAX, &options->byte_limit);
	case 'c':
		return take_capacity(self, &options->capacity);
	case OPTION_INLINE:
		return take_size32(self, "inline", 8, KMQ_INLINE_MAX, &options->inline_size);
	case OPTION_MAX_MESSAGE:
		return take_size32(self, "max-message", 1, KMQ_MESSAGE_MAX,
				   &options->max_message);
	case OPTION_BYTE_LIMIT:
		return take_size(self, "byte-limit", 1, KMQ_BYTE_LIMIT_MAX,
				 &options->byte_limit);
	case 'p':
		return take_policy(self, &options->policy);
	case 'm':
		return take_mode(self, &options->mode);
	case OPTION_OWNER:
		return take_owner(self, options);
	case 'e':
		options->lifetime = KMQ_LIFETIME_EPHEMERAL;
		break;
	case OPTION_EXIST_OK:
		creation->exist_ok = true;
		break;
	}
	return STATUS_OK;
}

/*
 * Becomes the command, which thereby holds the descriptor that holds the queue;
 * so do its children unless they close it.
 */
static int run_command(int fd, char **command)
{
	char *number = memory_print("%d", fd);
	int error;

	if (fcntl(fd, F_SETFD, 0) || setenv("KMQ_FD", number, 1))
		return complain("cannot hand the queue to %s: %s", *command, strerror(errno));
	free(number);
	execvp(*command, command);
	error = errno;
	complain("cannot run %s: %s", *command, strerror(error));
	return error == ENOENT ? STATUS_NO_COMMAND : STATUS_NOT_EXECUTABLE;
}

static int set_watches(const char *name, struct watches *watches)
{
	struct kmq_nl_queue queue = { .has = 0 };
	int status;

	if (!watches_any(watches))
		return STATUS_OK;
	if (watches_want_whole(watches)) {
		status = control_find("create", name, 0, &queue, NULL);
		if (status)
			return status;
	}
	watches_settle(watches, queue.info.capacity);
	return control_set("create", name, 0, &watches->settings);
}

/* With its descriptor the queue goes, too, if it is not to be. */
static int create_ephemeral(const char *name, struct creation *creation, char **command)
{
	int fd, status;

	status = control_create_open(name, &creation->options, &fd);
	if (!status)
		status = set_watches(name, &creation->watches);
	return status ? status : run_command(fd, command);
}

/*
 * All that was asked for or nothing: what cannot be watched is removed again. An
 * existing queue that is good enough stays as it is.
 */
static int create(const char *name, struct creation *creation)
{
	bool existed = false;
	int status;

	status = control_create(name, &creation->options, creation->exist_ok ? &existed : NULL);
	if (status || existed)
		return status;
	status = set_watches(name, &creation->watches);
	if (status)
		control_remove(name, true);
	return status;
}

/* Each kind has options that mean nothing to the other. */
static int check_kind(const struct command *self, const struct creation *creation)
{
	const struct kmq_create_options *options = &creation->options;

	if (options->kind != KMQ_KIND_RING && (creation->has_ring_mode || creation->has_size))
		return command_misused(self, "--ring-mode and --size go with --kind ring");
	if (options->kind == KMQ_KIND_RING && (options->capacity || options->inline_size))
		return command_misused(self, "a ring has no --capacity and no --inline; --size says "
				       "how much it holds");
	return STATUS_OK;
}

static int check_arguments(const struct command *self, const struct creation *creation, int count)
{
	bool ephemeral = creation->options.lifetime == KMQ_LIFETIME_EPHEMERAL;

	if (count < 1)
		return command_misused(self, "the NAME of the queue is missing");
	if (ephemeral && count < 2)
		return command_misused(self, "--ephemeral needs a COMMAND that holds the queue "
				       "open, as in 'kmqctl create NAME --ephemeral -- COMMAND'");
	if (ephemeral && creation->exist_ok)
		return command_misused(self, "--ephemeral and --exist-ok exclude each other");
	if (!ephemeral && count > 1)
		return command_misused(self, "one NAME is enough; a COMMAND goes with --ephemeral");
	return STATUS_OK;
}

int create_main(const struct command *self, int argc, char **argv)
{
	struct creation creation = { .options = KMQ_CREATE_OPTIONS_INIT };
	struct option_walk walk;
	int code, status;

	option_walk_start(&walk, self);
	while ((code = option_walk_next(&walk, argc, argv, &status)) != -1) {
		if (code != OPTION_STOP)
			status = take_option(self, code, &creation);
		if (code == OPTION_STOP || status)
			return status;
	}
	argv += optind;
	status = check_arguments(self, &creation, argc - optind);
	if (!status)
		status = check_kind(self, &creation);
	if (status)
		return status;
	if (creation.options.lifetime == KMQ_LIFETIME_EPHEMERAL)
		return create_ephemeral(argv[0], &creation, argv + 1);
	return create(argv[0], &creation);
}
