// SPDX-License-Identifier: GPL-2.0-only
#include <json-c/json.h>
#include <stdlib.h>

#include "account.h"
#include "clock.h"
#include "message_columns.h"
#include "output.h"
#include "text.h"

static const void *member(const struct column *column, const void *row)
{
	return (const char *)row + column->offset;
}

static struct json_object *number32(const struct column *column, const void *row)
{
	return json_object_new_int64(*(const __u32 *)member(column, row));
}

static struct json_object *signed64(const struct column *column, const void *row)
{
	return json_object_new_int64(*(const __s64 *)member(column, row));
}

static struct json_object *number64(const struct column *column, const void *row)
{
	return json_object_new_uint64(*(const __u64 *)member(column, row));
}

static struct json_object *age(const struct column *column, const void *row)
{
	const struct message_row *message = row;

	return json_object_new_uint64(clock_since(message->message.time));
}

/* The kernel says 0 for a sender that is gone or not visible from here. */
static struct json_object *pid(const struct column *column, const void *row)
{
	const struct message_row *message = row;

	return message->message.pid ? json_object_new_int64(message->message.pid) : NULL;
}

static struct json_object *user(const struct column *column, const void *row)
{
	const struct message_row *message = row;

	return account_user(message->message.uid);
}

static struct json_object *is_call(const struct column *column, const void *row)
{
	const struct message_row *message = row;

	return json_object_new_boolean(message->message.flags & KMQ_MESSAGE_CALL);
}

static struct json_object *redelivered(const struct column *column, const void *row)
{
	const struct message_row *message = row;

	return json_object_new_boolean(message->message.redeliveries ||
				       (message->message.flags & KMQ_MESSAGE_REDELIVERED));
}

static struct json_object *owner_died(const struct column *column, const void *row)
{
	const struct message_row *message = row;

	return json_object_new_boolean(message->message.flags & KMQ_MESSAGE_OWNER_DIED);
}

static struct json_object *body(const struct column *column, const void *row)
{
	const struct message_row *message = row;
	const void *bytes = kmq_message_data(&message->message);

	if (!text_is_utf8(bytes, message->present))
		return NULL;
	return json_object_new_string_len(bytes, (int)message->present);
}

/* A table shows all bytes, legible or not. */
static char *body_text(const void *row)
{
	const struct message_row *message = row;

	return text_escape(kmq_message_data(&message->message), message->present,
			   output_escapes());
}

static struct json_object *body_base64(const struct column *column, const void *row)
{
	const struct message_row *message = row;
	char *text = text_base64(kmq_message_data(&message->message), message->present);
	struct json_object *value = json_object_new_string(text);

	free(text);
	return value;
}

#define OFFSET(member) offsetof(struct message_row, message.member)
#define COLUMN(name, kind, value, at, text, help) { name, help, kind, value, at, text, NULL }

const struct column message_columns[] = {
	COLUMN("SEQUENCE", COLUMN_NUMBER, number64, OFFSET(sequence), NULL,
	       "its number in the queue, from 1"),
	COLUMN("TYPE", COLUMN_NUMBER, signed64, OFFSET(type), NULL, "type, 1 or more"),
	COLUMN("PRIORITY", COLUMN_NUMBER, number32, OFFSET(priority), NULL,
	       "priority, 0 the lowest"),
	COLUMN("SIZE", COLUMN_SIZE, number32, OFFSET(length), NULL, "full length of its body"),
	COLUMN("AGE", COLUMN_SECONDS, age, 0, NULL, "time since the queue accepted it"),
	COLUMN("PID", COLUMN_NUMBER, pid, 0, NULL, "sender's process; none if gone or not visible"),
	COLUMN("USER", COLUMN_TEXT, user, 0, NULL, "sender's user"),
	COLUMN("UID", COLUMN_NUMBER, number32, OFFSET(uid), NULL, "the user's number"),
	COLUMN("LOST", COLUMN_NUMBER, number64, OFFSET(lost), NULL,
	       "messages dropped since the last receive told so"),
	COLUMN("REDELIVERIES", COLUMN_NUMBER, number32, OFFSET(redeliveries), NULL,
	       "how often it was leased and came back"),
	COLUMN("CALL", COLUMN_TEXT, is_call, 0, NULL, "whether a caller waits for a reply"),
	COLUMN("REDELIVERED", COLUMN_TEXT, redelivered, 0, NULL, "whether somebody had it before"),
	COLUMN("OWNER-DIED", COLUMN_TEXT, owner_died, 0, NULL,
	       "ring: whether a party died holding something since the last message"),
	COLUMN("BODY", COLUMN_TEXT, body, 0, body_text, "its bytes; in JSON only if they are UTF-8"),
	COLUMN("BODY-BASE64", COLUMN_TEXT, body_base64, 0, NULL, "its bytes in base 64"),
	{ 0 },
};
