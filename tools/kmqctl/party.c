// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "control.h"
#include "memory.h"
#include "party.h"
#include "text.h"

static struct party *append(struct parties *parties, const struct kmq_info *queue)
{
	struct party *party;

	parties->list = memory_resize(parties->list, parties->count + 1, sizeof(*party));
	party = &parties->list[parties->count++];
	memset(party, 0, sizeof(*party));
	party->queue = *queue->name ? queue->name : NULL;
	party->id = queue->id;
	party->fd = -1;
	return party;
}

static void append_known(struct parties *parties, const struct kmq_info *queue,
			 const struct kmq_nl_holder *holder)
{
	static const enum party_role roles[] = {
		[KMQ_HOLDER_DESCRIPTOR] = PARTY_DESCRIPTOR,
		[KMQ_HOLDER_MAPPING] = PARTY_MAPPING,
		[KMQ_HOLDER_SLEEPER] = PARTY_SLEEPER,
	};
	struct party *party;

	/* A later module may know others. */
	if (holder->holder > KMQ_HOLDER_SLEEPER)
		return;
	party = append(parties, queue);
	party->role = roles[holder->holder];
	party->pid = holder->pid;
	party->holder = *holder;
	snprintf(party->command, sizeof(party->command), "%s", holder->comm);
}

/* One of the process that the kernel knows by the opener alone: it gets the number. */
static struct party *find_opener(struct parties *parties, size_t first,
				 const struct holder *seen)
{
	enum party_role role = seen->ring ? PARTY_MAPPING : PARTY_DESCRIPTOR;

	for (size_t i = first; i < parties->count; i++) {
		struct party *party = &parties->list[i];

		if (party->role == role && party->pid == seen->pid && party->fd < 0)
			return party;
	}
	return NULL;
}

/* Of those that /proc shows: the rest came by fork, dup or a socket. */
static void join(struct parties *parties, const struct kmq_info *queue, size_t first,
		 const struct holder *seen, bool known)
{
	struct party *party = find_opener(parties, first, seen);

	if (!party) {
		party = append(parties, queue);
		party->role = known ? PARTY_INHERITED
				    : seen->ring ? PARTY_MAPPING : PARTY_DESCRIPTOR;
		party->pid = seen->pid;
	}
	party->fd = seen->fd;
	/* As the process calls itself now. */
	snprintf(party->command, sizeof(party->command), "%s", seen->command);
}

int parties_add(struct parties *parties, const struct kmq_info *queue,
		const struct holders *seen)
{
	size_t first = parties->count, count;
	struct kmq_nl_holder *list;
	int error;

	error = control_holders(queue->id, &list, &count);
	for (size_t i = 0; i < count; i++)
		append_known(parties, queue, &list[i]);
	free(list);
	for (size_t i = 0; i < seen->count; i++) {
		if (seen->list[i].id == queue->id)
			join(parties, queue, first, &seen->list[i], !error);
	}
	parties->complete = seen->complete;
	return error;
}

void parties_free(struct parties *parties)
{
	free(parties->list);
	parties->list = NULL;
	parties->count = 0;
}

/* ------------------------------------------------------------------------
 * Columns
 */

static bool has(const void *row, unsigned int attribute)
{
	return ((const struct party *)row)->holder.has & KMQ_NL_BIT(attribute);
}

static struct json_object *queue(const struct column *column, const void *row)
{
	const struct party *party = row;

	return party->queue ? json_object_new_string(party->queue) : NULL;
}

static struct json_object *id(const struct column *column, const void *row)
{
	return json_object_new_int64(((const struct party *)row)->id);
}

static struct json_object *role(const struct column *column, const void *row)
{
	static const char *const names[] = {
		[PARTY_DESCRIPTOR] = "descriptor", [PARTY_MAPPING] = "mapping",
		[PARTY_SLEEPER] = "sleeper", [PARTY_INHERITED] = "inherited",
	};

	return json_object_new_string(names[((const struct party *)row)->role]);
}

static struct json_object *pid(const struct column *column, const void *row)
{
	const struct party *party = row;

	return party->pid ? json_object_new_int64(party->pid) : NULL;
}

static struct json_object *tid(const struct column *column, const void *row)
{
	const struct party *party = row;

	return party->holder.tid ? json_object_new_int64(party->holder.tid) : NULL;
}

/* A process may call itself anything; JSON is UTF-8. */
static struct json_object *command(const struct column *column, const void *row)
{
	const char *name = ((const struct party *)row)->command;
	struct json_object *value;
	char *text;

	if (!*name)
		return NULL;
	if (text_is_utf8(name, strlen(name)))
		return json_object_new_string(name);
	text = text_escape(name, strlen(name), 0);
	value = json_object_new_string(text);
	free(text);
	return value;
}

static struct json_object *fd(const struct column *column, const void *row)
{
	const struct party *party = row;

	return party->fd >= 0 ? json_object_new_int(party->fd) : NULL;
}

static struct json_object *access_of(const struct column *column, const void *row)
{
	uint32_t bits = ((const struct party *)row)->holder.access;
	char text[32];

	if (!has(row, KMQ_A_ACCESS))
		return NULL;
	snprintf(text, sizeof(text), "%s%s%s", bits & KMQ_ACCESS_READ ? "r" : "",
		 bits & KMQ_ACCESS_WRITE ? "w" : "",
		 bits & KMQ_ACCESS_NONBLOCK ? ",nonblock" : "");
	return json_object_new_string(text);
}

static struct json_object *leases(const struct column *column, const void *row)
{
	if (!has(row, KMQ_A_LEASES))
		return NULL;
	return json_object_new_int64(((const struct party *)row)->holder.leases);
}

static struct json_object *attachment(const struct column *column, const void *row)
{
	if (!has(row, KMQ_A_ATTACHMENT))
		return NULL;
	return json_object_new_int64(((const struct party *)row)->holder.attachment);
}

static struct json_object *waits_for(const struct column *column, const void *row)
{
	static const char *const names[] = {
		[KMQ_SLEEP_SEND] = "room", [KMQ_SLEEP_RECEIVE] = "message",
		[KMQ_SLEEP_CALL] = "reply",
	};
	uint32_t sleep = ((const struct party *)row)->holder.sleep;

	if (!has(row, KMQ_A_SLEEP))
		return NULL;
	return sleep <= KMQ_SLEEP_CALL ? json_object_new_string(names[sleep])
				       : json_object_new_int64(sleep);
}

static struct json_object *since(const struct column *column, const void *row)
{
	if (!has(row, KMQ_A_SINCE))
		return NULL;
	return json_object_new_uint64(clock_since(((const struct party *)row)->holder.since));
}

#define COLUMN(name, kind, value, help) { name, help, kind, value, 0, NULL, NULL }

const struct column party_columns[] = {
	COLUMN("QUEUE", COLUMN_TEXT, queue, "name of the queue; none for one without"),
	COLUMN("ID", COLUMN_NUMBER, id, "its number"),
	COLUMN("ROLE", COLUMN_TEXT, role,
	       "descriptor (who opened it), inherited, mapping, or sleeper"),
	COLUMN("PID", COLUMN_NUMBER, pid, "process; none if not visible from here"),
	COLUMN("TID", COLUMN_NUMBER, tid, "of a sleeper: the thread"),
	COLUMN("COMMAND", COLUMN_TEXT, command, "name of the process"),
	COLUMN("FD", COLUMN_NUMBER, fd, "number of the descriptor in the process; none if closed"),
	COLUMN("ACCESS", COLUMN_TEXT, access_of, "r to receive, w to send, nonblock"),
	COLUMN("LEASES", COLUMN_NUMBER, leases, "messages that the descriptor has on a lease"),
	COLUMN("ATTACHMENT", COLUMN_NUMBER, attachment, "of a mapping: its number in the ring"),
	COLUMN("WAITS-FOR", COLUMN_TEXT, waits_for, "of a sleeper: room, message or reply"),
	COLUMN("SINCE", COLUMN_SECONDS, since, "of a sleeper: for how long"),
	{ 0 },
};
