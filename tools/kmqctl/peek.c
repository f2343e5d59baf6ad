// SPDX-License-Identifier: GPL-2.0-only
/*
 * A batch peek has no cursor and gives the messages sorted by type, so all that
 * one batch holds are looked at twice: the first look learns the sizes and which
 * of them are to be shown, the second fetches their bodies.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"
#include "memory.h"
#include "message_columns.h"
#include "parse.h"
#include "subcommands.h"
#include "table.h"

/* Bytes of a body that a table shows unless all are asked for. */
#define PREVIEW		64
/* Looks at a queue that keeps changing before what came of it is shown. */
#define ATTEMPTS	20

const struct option_spec peek_options[] = {
	{ 'n', "count", "N", "the N messages that would be received next (all, up to 1024)" },
	{ 't', "type", "T|!T|<=T", "only messages of type T, of others, of T and below" },
	{ OPTION_FULL, "full", NULL, "show whole bodies in a table, not the first 64 bytes" },
	{ 0 },
};

struct peeker {
	const char *name;
	int fd;
	struct kmq_selection which;
	size_t wanted;			/* messages to show */
	bool full;
	struct table_format format;
	struct kmq_message messages[KMQ_BATCH_MAX];
	size_t rooms[KMQ_BATCH_MAX];
	size_t order[KMQ_BATCH_MAX];	/* indices of messages[], next one first */
	size_t count;
	char *bodies;
};

static int by_delivery(const void *a, const void *b, void *context)
{
	const struct kmq_message *messages = context;
	const struct kmq_message *x = &messages[*(const size_t *)a];
	const struct kmq_message *y = &messages[*(const size_t *)b];

	if (x->priority != y->priority)
		return x->priority > y->priority ? -1 : 1;
	return x->sequence < y->sequence ? -1 : 1;
}

static void sort_by_delivery(struct peeker *peeker)
{
	for (size_t i = 0; i < peeker->count; i++)
		peeker->order[i] = i;
	qsort_r(peeker->order, peeker->count, sizeof(*peeker->order), by_delivery,
		peeker->messages);
}

static size_t shown(const struct peeker *peeker)
{
	return peeker->wanted < peeker->count ? peeker->wanted : peeker->count;
}

static int look(struct peeker *peeker)
{
	int count = kmq_peek_batch(peeker->fd, peeker->messages, KMQ_BATCH_MAX, &peeker->which,
				   KMQ_TRUNCATE);

	if (count < 0 && errno == EOPNOTSUPP)
		return complain("cannot peek into queue '%s': it is a ring, whose messages only a "
				"process that maps it can look at", peeker->name);
	if (count < 0 && errno != EAGAIN)
		return complain_queue("peek into", peeker->name, errno);
	peeker->count = count < 0 ? 0 : (size_t)count;
	sort_by_delivery(peeker);
	return STATUS_OK;
}

static int look_at_sizes(struct peeker *peeker)
{
	for (size_t i = 0; i < KMQ_BATCH_MAX; i++)
		kmq_message_into(&peeker->messages[i], NULL, 0);
	return look(peeker);
}

static size_t room_for(const struct peeker *peeker, const struct kmq_message *message)
{
	return peeker->full || message->length < PREVIEW ? message->length : PREVIEW;
}

static void make_room(struct peeker *peeker)
{
	size_t total = 0, at = 0;

	memset(peeker->rooms, 0, sizeof(peeker->rooms));
	for (size_t i = 0; i < shown(peeker); i++) {
		size_t index = peeker->order[i];

		peeker->rooms[index] = room_for(peeker, &peeker->messages[index]);
		total += peeker->rooms[index];
	}
	peeker->bodies = memory_resize(peeker->bodies, total, 1);
	for (size_t i = 0; i < KMQ_BATCH_MAX; i++) {
		kmq_message_into(&peeker->messages[i], peeker->bodies + at, peeker->rooms[i]);
		at += peeker->rooms[i];
	}
}

/* Whether the queue changed between the looks, so that a body has no room. */
static bool is_cut(const struct peeker *peeker)
{
	for (size_t i = 0; i < shown(peeker); i++) {
		size_t index = peeker->order[i];

		if (peeker->rooms[index] < room_for(peeker, &peeker->messages[index]))
			return true;
	}
	return false;
}

static int look_twice(struct peeker *peeker)
{
	int status;

	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		status = look_at_sizes(peeker);
		if (status)
			return status;
		make_room(peeker);
		status = look(peeker);
		if (status || !is_cut(peeker))
			return status;
	}
	return STATUS_OK;
}

static void print_messages(struct peeker *peeker)
{
	size_t count = shown(peeker);
	struct message_row *rows = memory_get(count * sizeof(*rows));
	struct table *table = table_new(&peeker->format, "messages");

	for (size_t i = 0; i < count; i++) {
		size_t index = peeker->order[i];
		size_t size = peeker->messages[index].size;

		rows[i].message = peeker->messages[index];
		rows[i].present = size < peeker->rooms[index] ? size : peeker->rooms[index];
		table_add(table, &rows[i]);
	}
	table_print(table, false);
	free(rows);
}

static int peek(struct peeker *peeker)
{
	int status;

	if (parse_name(peeker->name))
		return complain_name(peeker->name);
	peeker->fd = kmq_open(peeker->name, O_RDONLY);
	if (peeker->fd < 0)
		return complain_queue("open", peeker->name, errno);
	status = look_twice(peeker);
	close(peeker->fd);
	if (!status)
		print_messages(peeker);
	free(peeker->bodies);
	return status;
}

static int take_option(const struct command *self, int code, struct peeker *peeker)
{
	uint64_t count;

	switch (code) {
	case 'n':
		if (parse_count(optarg, 1, UINT64_MAX, &count))
			return command_bad_argument(self, "count", optarg, "a number from 1");
		peeker->wanted = count;
		break;
	case 't':
		if (parse_selection(optarg, &peeker->which))
			return command_bad_argument(self, "type", optarg, PARSE_SELECTION_FORM);
		break;
	case OPTION_FULL:
		peeker->full = true;
		break;
	default:
		table_option(&peeker->format, code);
	}
	return STATUS_OK;
}

int peek_main(const struct command *self, int argc, char **argv)
{
	static struct peeker peeker = {
		.which = { .select = KMQ_SELECT_ANY },
		.wanted = KMQ_BATCH_MAX,
	};
	struct option_walk walk;
	int code, status;

	option_walk_start(&walk, self);
	while ((code = option_walk_next(&walk, argc, argv, &status)) != -1) {
		if (code != OPTION_STOP)
			status = take_option(self, code, &peeker);
		if (code == OPTION_STOP || status)
			return status;
	}
	if (argc - optind != 1)
		return command_misused(self, "it takes one NAME");
	status = table_settle(&peeker.format, self, NULL);
	if (status)
		return status;
	/* Scripts get all there is. */
	peeker.full |= peeker.format.json;
	peeker.name = argv[optind];
	return peek(&peeker);
}
