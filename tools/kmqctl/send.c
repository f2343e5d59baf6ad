// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "complain.h"
#include "memory.h"
#include "parse.h"
#include "subcommands.h"

/* What no queue takes is longer than this: a message, or half of a ring. */
#define SEND_MAX	(KMQ_RING_SIZE_MAX / 2)

const struct option_spec send_options[] = {
	{ 'f', "file", "FILE", "send what FILE holds (-: standard input)" },
	{ 'l', "lines", NULL, "each line is a message, without its newline" },
	{ '0', "null", NULL, "each string that ends in a NUL is a message, without it" },
	{ 't', "type", "T", "type of the messages (1)" },
	{ 'p', "priority", "P", "their priority, 0 to 32767 (0)" },
	{ OPTION_TIMEOUT, "timeout", "S", "wait S seconds at most for room for a message" },
	{ OPTION_NONBLOCK, "nonblock", NULL, "do not wait for room" },
	{ 0 },
};

struct sender {
	const char *name;
	int fd;
	int64_t type;
	uint32_t priority;
	uint64_t timeout;	/* ns; meaningful with @has_timeout */
	bool has_timeout;
	bool nonblock;
	const char *file;
	int separator;		/* between messages; -1: all is one message */
	uint64_t sent;
};

static int send_message(const struct sender *sender, struct kmq_msg *msg)
{
	struct timespec deadline;

	if (sender->nonblock)
		return kmq_try_send(sender->fd, msg);
	if (!sender->has_timeout)
		return kmq_send(sender->fd, msg);
	deadline = clock_timespec(clock_now() + sender->timeout);
	return kmq_send_until(sender->fd, msg, &deadline);
}

static int say_too_long(const struct sender *sender, size_t size)
{
	struct kmq_info info;

	if (kmq_info(sender->fd, &info))
		return complain_queue("send to", sender->name, EMSGSIZE);
	return complain("cannot send to queue '%s': message %llu has %zu bytes and the queue takes "
			"%u at most", sender->name, (unsigned long long)sender->sent + 1, size,
			info.max_message);
}

static int say_full(const struct sender *sender, const char *how)
{
	complain("cannot send to queue '%s': it is full%s (%llu sent before)", sender->name, how,
		 (unsigned long long)sender->sent);
	return STATUS_LATER;
}

static int send_bytes(struct sender *sender, const void *bytes, size_t size)
{
	struct kmq_msg msg = kmq_msg_from(sender->type, bytes, size);

	msg.priority = sender->priority;
	if (!send_message(sender, &msg)) {
		sender->sent++;
		return STATUS_OK;
	}
	switch (errno) {
	case EMSGSIZE:
		return say_too_long(sender, size);
	case EAGAIN:
		return say_full(sender, "");
	case ETIMEDOUT:
		return say_full(sender, " and stayed so until the time was over");
	case EOPNOTSUPP:
		return complain("cannot send to queue '%s': it is a ring, whose messages all have "
				"type 1 and priority 0", sender->name);
	}
	return complain_queue("send to", sender->name, errno);
}

static int say_unread(const struct sender *sender)
{
	return complain("cannot read %s: %s", sender->file, strerror(errno));
}

/* No more than what no queue would take is ever held. */
static int send_whole(struct sender *sender, FILE *from)
{
	size_t limit = SEND_MAX + 1, room = 4096, used = 0;
	char *bytes = memory_get(room);
	int status;

	for (;;) {
		used += fread(bytes + used, 1, room - used, from);
		if (used < room || room == limit)
			break;
		room = 2 * room < limit ? 2 * room : limit;
		bytes = memory_resize(bytes, room, 1);
	}
	status = ferror(from) ? say_unread(sender) : send_bytes(sender, bytes, used);
	free(bytes);
	return status;
}

static int send_pieces(struct sender *sender, FILE *from)
{
	char *piece = NULL;
	size_t room = 0;
	ssize_t length;
	int status = STATUS_OK;

	while (!status && (length = getdelim(&piece, &room, sender->separator, from)) > 0) {
		/* The last may lack its separator. */
		if (piece[length - 1] == sender->separator)
			length--;
		status = send_bytes(sender, piece, (size_t)length);
	}
	if (!status && ferror(from))
		status = say_unread(sender);
	free(piece);
	return status;
}

static int send_stream(struct sender *sender, FILE *from)
{
	return sender->separator < 0 ? send_whole(sender, from) : send_pieces(sender, from);
}

static int send_file(struct sender *sender)
{
	FILE *from;
	int status;

	if (!sender->file || !strcmp(sender->file, "-")) {
		sender->file = "standard input";
		return send_stream(sender, stdin);
	}
	from = fopen(sender->file, "re");
	if (!from)
		return complain("cannot open %s: %s", sender->file, strerror(errno));
	status = send_stream(sender, from);
	fclose(from);
	return status;
}

static int send_to(struct sender *sender, const char *text)
{
	int status;

	if (parse_name(sender->name))
		return complain_name(sender->name);
	sender->fd = kmq_open(sender->name, O_WRONLY);
	if (sender->fd < 0)
		return complain_queue("open", sender->name, errno);
	status = text ? send_bytes(sender, text, strlen(text)) : send_file(sender);
	close(sender->fd);
	return status;
}

static int take_priority(const struct command *self, struct sender *sender)
{
	uint64_t priority;

	if (parse_count(optarg, 0, KMQ_PRIORITY_MAX, &priority))
		return command_bad_argument(self, "priority", optarg, "a number from 0 to 32767");
	sender->priority = (uint32_t)priority;
	return STATUS_OK;
}

static int take_option(const struct command *self, int code, struct sender *sender)
{
	switch (code) {
	case 'f':
		sender->file = optarg;
		break;
	case 'l':
		sender->separator = '\n';
		break;
	case '0':
		sender->separator = '\0';
		break;
	case 't':
		if (parse_type(optarg, &sender->type))
			return command_bad_argument(self, "type", optarg, "a number from 1");
		break;
	case 'p':
		return take_priority(self, sender);
	case OPTION_TIMEOUT:
		if (parse_seconds(optarg, &sender->timeout))
			return command_bad_argument(self, "timeout", optarg,
						    "seconds, such as 2 or 0.5");
		sender->has_timeout = true;
		break;
	case OPTION_NONBLOCK:
		sender->nonblock = true;
		break;
	}
	return STATUS_OK;
}

static int check_arguments(const struct command *self, const struct sender *sender, int count)
{
	if (count < 1)
		return command_misused(self, "the NAME of the queue is missing");
	if (count > 2)
		return command_misused(self, "it takes one TEXT; quote it if it has blanks");
	if (count == 2 && sender->file)
		return command_misused(self, "TEXT and --file exclude each other");
	if (count == 2 && sender->separator >= 0)
		return command_misused(self, "--lines and --null divide a file, not TEXT");
	if (sender->nonblock && sender->has_timeout)
		return command_misused(self, "--nonblock and --timeout exclude each other");
	return STATUS_OK;
}

int send_main(const struct command *self, int argc, char **argv)
{
	struct sender sender = { .type = 1, .separator = -1 };
	struct option_walk walk;
	int code, status;

	option_walk_start(&walk, self);
	while ((code = option_walk_next(&walk, argc, argv, &status)) != -1) {
		if (code != OPTION_STOP)
			status = take_option(self, code, &sender);
		if (code == OPTION_STOP || status)
			return status;
	}
	status = check_arguments(self, &sender, argc - optind);
	if (status)
		return status;
	sender.name = argv[optind];
	return send_to(&sender, argv[optind + 1]);
}
