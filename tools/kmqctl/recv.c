// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nothing that was received is lost on its way out: a message is leased, then
 * written, and acknowledged when all of it was written. If the output fails, or
 * a signal ends the program, the lease ends and the message is queued again.
 * A ring has no leases: what is received from it is gone from it.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "complain.h"
#include "follow.h"
#include "memory.h"
#include "message_columns.h"
#include "output.h"
#include "parse.h"
#include "queue_columns.h"
#include "subcommands.h"
#include "table.h"
#include "text.h"

const struct option_spec recv_options[] = {
	{ 'n', "count", "N", "receive N messages (1)" },
	{ 'f', "follow", NULL, "receive until interrupted" },
	{ 't', "type", "T|!T|<=T", "only messages of type T, not T, the lowest up to T" },
	{ OPTION_TIMEOUT, "timeout", "S", "wait S seconds at most for a message" },
	{ OPTION_NONBLOCK, "nonblock", NULL, "do not wait; with --follow: take what is there" },
	{ OPTION_META, "meta", NULL, "print a line with all but the body before each message" },
	{ 'J', "json", NULL, "print each message as JSON on a line of its own" },
	{ OPTION_RAW, "raw", NULL, "print the bytes and nothing else" },
	{ '0', "null", NULL, "print a NUL behind each message, no newline" },
	{ 0 },
};

struct receiver {
	const char *name;
	int fd;
	struct kmq_selection which;
	uint64_t count, taken;
	uint64_t timeout;	/* ns; meaningful with @has_timeout */
	bool has_timeout;
	bool has_count;
	bool follow;
	bool nonblock;
	bool meta;
	bool json;
	bool raw;
	bool null;
	bool leases;		/* the queue can */
	struct table_format format;
	struct kmq_msg msg;
};

/* ------------------------------------------------------------------------
 * Out
 */

static struct message_row row_of(const struct kmq_msg *msg)
{
	return (struct message_row){
		.message = {
			.body = (uintptr_t)msg->data,
			.size = (uint32_t)msg->size,
			.length = (uint32_t)msg->size,
			.flags = msg->flags,
			.type = msg->type,
			.priority = msg->priority,
			.redeliveries = msg->redeliveries,
			.sequence = msg->sequence,
			.time = msg->time,
			.lost = msg->lost,
			.pid = msg->pid,
			.uid = msg->uid,
		},
		.present = msg->size,
	};
}

static void print_json(const struct receiver *receiver, FILE *out)
{
	struct message_row row = row_of(&receiver->msg);
	struct json_object *object = table_object(&receiver->format, &row);

	fputs(json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE), out);
	fputc(receiver->null ? '\0' : '\n', out);
	json_object_put(object);
}

static bool is_body(const struct column *column)
{
	return !strncmp(column->name, "BODY", 4);
}

/* sequence=1 type=1 ... */
static void print_meta(const struct receiver *receiver, FILE *out)
{
	struct message_row row = row_of(&receiver->msg);
	const char *blank = "";

	for (size_t i = 0; i < receiver->format.choice.count; i++) {
		const struct column *column = receiver->format.choice.columns[i];
		char key[64], *text;

		if (is_body(column))
			continue;
		column_key(column, key);
		text = table_text(&receiver->format, column, &row);
		fprintf(out, "%s%s=%s", blank, key, text);
		blank = " ";
		free(text);
	}
	fputc('\n', out);
}

/* A terminal is shown nothing that steers it, and no needless empty line. */
static void print_for_terminal(const struct kmq_msg *msg, FILE *out)
{
	char *text = text_escape(msg->data, msg->size, TEXT_KEEP_LINES | output_escapes());
	size_t length = strlen(text);

	fputs(text, out);
	if (!length || text[length - 1] != '\n')
		fputc('\n', out);
	free(text);
}

static void print_body(const struct receiver *receiver, FILE *out)
{
	const struct kmq_msg *msg = &receiver->msg;

	if (!receiver->raw && !receiver->null && output_is_terminal()) {
		print_for_terminal(msg, out);
		return;
	}
	fwrite(msg->data, 1, msg->size, out);
	if (receiver->null)
		fputc('\0', out);
	else if (!receiver->raw)
		fputc('\n', out);
}

/* Composed first, so that a short message is one write, whole among others'. */
static int print_message(const struct receiver *receiver)
{
	char *bytes = NULL;
	size_t size = 0;
	FILE *out = memory_check(open_memstream(&bytes, &size));
	int status;

	if (receiver->json) {
		print_json(receiver, out);
	} else {
		if (receiver->meta)
			print_meta(receiver, out);
		print_body(receiver, out);
	}
	memory_check(fclose(out) ? NULL : bytes);
	status = follow_write(bytes, size);
	free(bytes);
	return status;
}

/* ------------------------------------------------------------------------
 * In
 */

static int say_nothing_came(const struct receiver *receiver, const char *why)
{
	if (receiver->follow && !receiver->has_count && receiver->taken)
		return END_DRAINED;
	complain("no message from queue '%s': %s (%llu received before)", receiver->name, why,
		 (unsigned long long)receiver->taken);
	return STATUS_LATER;
}

/* Sleeps until it may be worth to look again. STATUS_OK, or how it ended. */
static int wait_for_message(const struct receiver *receiver, uint64_t deadline)
{
	uint64_t now = clock_now(), left = FOLLOW_FOREVER;
	int ready;

	if (receiver->has_timeout)
		left = deadline > now ? deadline - now : 0;
	ready = follow_poll(receiver->fd, left);
	if (ready < 0)
		return ready;
	/* Without a limit: something else than the time's end woke it. */
	if (!ready && receiver->has_timeout && clock_now() >= deadline)
		return say_nothing_came(receiver, "none came in time");
	return STATUS_OK;
}

static int try_message(struct receiver *receiver)
{
	return receiver->leases ? kmq_try_lease(receiver->fd, &receiver->msg, NULL, 0)
				: kmq_try_receive(receiver->fd, &receiver->msg, NULL, 0);
}

static int take_message(struct receiver *receiver)
{
	uint64_t deadline = clock_now() + receiver->timeout;
	int status = STATUS_OK;

	while (!status) {
		if (!try_message(receiver))
			return STATUS_OK;
		if (errno != EAGAIN)
			return complain_queue("receive from", receiver->name, errno);
		if (receiver->nonblock)
			return say_nothing_came(receiver, "none is there");
		status = wait_for_message(receiver, deadline);
	}
	return status;
}

static int settle_message(const struct receiver *receiver, int status)
{
	if (!receiver->leases)
		return status;
	if (status) {
		kmq_nack(receiver->fd, receiver->msg.sequence);
		return status;
	}
	/* Printed is received, also when the queue was removed meanwhile. */
	if (kmq_ack(receiver->fd, receiver->msg.sequence) && errno != EIDRM)
		return complain_queue("acknowledge to", receiver->name, errno);
	return STATUS_OK;
}

static int receive_message(struct receiver *receiver)
{
	int status = take_message(receiver);

	if (!status)
		status = settle_message(receiver, print_message(receiver));
	if (!status)
		receiver->taken++;
	return status;
}

static bool is_done(const struct receiver *receiver)
{
	return (receiver->has_count || !receiver->follow) && receiver->taken == receiver->count;
}

static int receive_messages(struct receiver *receiver)
{
	int status = STATUS_OK;

	while (!status && !is_done(receiver))
		status = receive_message(receiver);
	return status;
}

static int open_queue(struct receiver *receiver)
{
	struct kmq_info info;

	if (parse_name(receiver->name))
		return complain_name(receiver->name);
	receiver->fd = kmq_open(receiver->name, O_RDONLY);
	if (receiver->fd < 0)
		return complain_queue("open", receiver->name, errno);
	if (kmq_info(receiver->fd, &info))
		return complain_queue("receive from", receiver->name, errno);
	receiver->leases = !queue_is_ring(&info);
	if (!receiver->leases && receiver->which.select != KMQ_SELECT_ANY)
		return complain("cannot receive from queue '%s' by type: it is a ring, which gives "
				"its messages in one order", receiver->name);
	/* On the descriptor, for poll() to heed it too. */
	if (kmq_set_filter(receiver->fd, &receiver->which))
		return complain_queue("receive from", receiver->name, errno);
	receiver->msg = kmq_msg_into(memory_get(info.max_message), info.max_message);
	return STATUS_OK;
}

static int receive(struct receiver *receiver)
{
	int status;

	status = open_queue(receiver);
	if (status)
		return status;
	follow_begin();
	status = receive_messages(receiver);
	close(receiver->fd);
	free(receiver->msg.data);
	if (status == END_SIGNAL && !receiver->follow)
		return follow_die();
	return status < 0 ? STATUS_OK : status;
}

static int take_option(const struct command *self, int code, struct receiver *receiver)
{
	switch (code) {
	case 'n':
		if (parse_count(optarg, 1, UINT64_MAX, &receiver->count))
			return command_bad_argument(self, "count", optarg, "a number from 1");
		receiver->has_count = true;
		break;
	case 'f':
		receiver->follow = true;
		break;
	case 't':
		if (parse_selection(optarg, &receiver->which))
			return command_bad_argument(self, "type", optarg, PARSE_SELECTION_FORM);
		break;
	case OPTION_TIMEOUT:
		if (parse_seconds(optarg, &receiver->timeout))
			return command_bad_argument(self, "timeout", optarg,
						    "seconds, such as 2 or 0.5");
		receiver->has_timeout = true;
		break;
	case OPTION_NONBLOCK:
		receiver->nonblock = true;
		break;
	case OPTION_META:
		receiver->meta = true;
		break;
	case 'J':
		receiver->json = true;
		break;
	case OPTION_RAW:
		receiver->raw = true;
		break;
	case '0':
		receiver->null = true;
		break;
	}
	return STATUS_OK;
}

static int check_arguments(const struct command *self, const struct receiver *receiver, int count)
{
	if (count != 1)
		return command_misused(self, "it takes one NAME");
	if (receiver->nonblock && receiver->has_timeout)
		return command_misused(self, "--nonblock and --timeout exclude each other");
	if (receiver->raw && receiver->null)
		return command_misused(self, "--raw and --null exclude each other");
	if (receiver->json && (receiver->raw || receiver->meta))
		return command_misused(self, "--json excludes --raw and --meta");
	return STATUS_OK;
}

int recv_main(const struct command *self, int argc, char **argv)
{
	struct receiver receiver = {
		.which = { .select = KMQ_SELECT_ANY },
		.count = 1,
		.format = { .bytes = true },
	};
	struct option_walk walk;
	int code, status;

	option_walk_start(&walk, self);
	while ((code = option_walk_next(&walk, argc, argv, &status)) != -1) {
		if (code != OPTION_STOP)
			status = take_option(self, code, &receiver);
		if (code == OPTION_STOP || status)
			return status;
	}
	status = check_arguments(self, &receiver, argc - optind);
	if (status)
		return status;
	column_choose_all(&receiver.format.choice, message_columns);
	receiver.name = argv[optind];
	return receive(&receiver);
}
