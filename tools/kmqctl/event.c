// SPDX-License-Identifier: GPL-2.0-only
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "account.h"
#include "clock.h"
#include "event.h"
#include "memory.h"
#include "output.h"
#include "sysroot.h"
#include "text.h"

/* In the order of enum kmq_event, whose names they are. */
const struct word_spec event_words[] = {
	{ "lost", "events that could not be told; comes whatever is chosen" },
	{ "created", "a queue was created" },
	{ "removed", "a queue was removed" },
	{ "changed", "something was set" },
	{ "full", "a sender found no room, for the first time since it was drained" },
	{ "drained", "it is empty, for the first time since then" },
	{ "high", "it reached its high watermark" },
	{ "low", "and came down to its low one again" },
	{ "dropped", "messages were dropped by its policy" },
	{ "lease-overdue", "a message is leased for longer than its lease limit" },
	{ "peer-died", "a party died holding something of a ring" },
	{ "broken", "a ring was found inconsistent" },
	{ "quota", "a user would have come over a limit" },
	{ 0 },
};

int event_choose(const char *list, uint32_t *events, char wrong[64])
{
	uint32_t chosen = 0;

	for (;;) {
		size_t length = strcspn(list, ",");
		size_t i = 0;

		while (event_words[i].name && (strlen(event_words[i].name) != length ||
					       strncmp(event_words[i].name, list, length)))
			i++;
		if (!event_words[i].name) {
			snprintf(wrong, 64, "%.*s", (int)(length < 63 ? length : 63), list);
			return -1;
		}
		chosen |= 1u << i;
		if (!list[length])
			break;
		list += length + 1;
	}
	*events = chosen;
	return 0;
}

static uint64_t real_time(uint64_t monotonic)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec -
	       clock_since(monotonic);
}

struct event_row event_row(const struct kmq_nl_event *event)
{
	struct event_row row = { .event = *event };
	char path[32];

	if (event->time)
		row.time = real_time(event->time);
	if (event->pid) {
		snprintf(path, sizeof(path), "/proc/%d/comm", event->pid);
		if (sysroot_read(path, row.command, sizeof(row.command)) < 0)
			row.command[0] = '\0';
	}
	return row;
}

struct event_row event_lost(uint64_t count)
{
	struct kmq_nl_event event = {
		.event = KMQ_EVENT_LOST,
		.lost = count,
		.time = clock_now(),
	};

	return event_row(&event);
}

/* ------------------------------------------------------------------------
 * In words
 */

/* "pid 71 (cat)", or "a process that cannot be seen" */
static char *who(const struct event_row *row)
{
	char *name, *text;

	if (!row->event.pid)
		return memory_print("a process that cannot be seen");
	if (!*row->command)
		return memory_print("pid %d", row->event.pid);
	name = text_escape(row->command, strlen(row->command), output_escapes());
	text = memory_print("pid %d (%s)", row->event.pid, name);
	free(name);
	return text;
}

static char *which(const struct event_row *row)
{
	if (*row->event.name)
		return text_escape(row->event.name, strlen(row->event.name), output_escapes());
	return row->event.id ? memory_print("#%u", row->event.id) : memory_print("a queue");
}

/* "64 messages", "1 message" */
static char *amount(const struct event_row *row)
{
	unsigned long long count = row->event.count;

	return memory_print("%llu message%s", count, count == 1 ? "" : "s");
}

static char *lost_sentence(const struct event_row *row)
{
	unsigned long long count = row->event.lost;

	if (!count)
		return memory_print("events were lost, nobody knows how many");
	return memory_print("%llu event%s lost", count, count == 1 ? " was" : "s were");
}

static char *quota_sentence(const struct event_row *row, const char *queue, const char *process)
{
	struct json_object *user = account_user(row->event.uid);
	char *text;

	text = memory_print("user %s would come over a limit: %s was refused %s",
			    json_object_get_string(user), process,
			    *row->event.name ? queue : "a queue");
	json_object_put(user);
	return text;
}

static char *sentence(const struct event_row *row, const char *queue, const char *process,
		      const char *messages)
{
	switch (row->event.event) {
	case KMQ_EVENT_CREATED:
		return memory_print("%s was created by %s", queue, process);
	case KMQ_EVENT_REMOVED:
		return memory_print("%s was removed by %s", queue, process);
	case KMQ_EVENT_CHANGED:
		return memory_print("%s was set by %s", queue, process);
	case KMQ_EVENT_FULL:
		return memory_print("%s is full: %s; %s found no room", queue, messages, process);
	case KMQ_EVENT_DRAINED:
		return memory_print("%s is empty again", queue);
	case KMQ_EVENT_HIGH:
		return memory_print("%s is at its high watermark: %s", queue, messages);
	case KMQ_EVENT_LOW:
		return memory_print("%s is down to its low watermark: %s", queue, messages);
	case KMQ_EVENT_DROPPED:
		return memory_print("%s dropped %s", queue, messages);
	case KMQ_EVENT_LEASE_OVERDUE:
		return memory_print("%s has message %llu on a lease for too long; %s opened the "
				    "descriptor", queue, (unsigned long long)row->event.count,
				    process);
	case KMQ_EVENT_PEER_DIED:
		return memory_print("%s lost a party: %s died holding something of the ring",
				    queue, process);
	case KMQ_EVENT_BROKEN:
		return memory_print("%s is broken: somebody who maps it wrote nonsense into it",
				    queue);
	}
	return memory_print("%s: event %u, which this program does not know", queue,
			    row->event.event);
}

char *event_sentence(const struct event_row *row)
{
	char *queue, *process, *messages, *text;

	if (row->event.event == KMQ_EVENT_LOST)
		return lost_sentence(row);
	queue = which(row);
	process = who(row);
	messages = amount(row);
	if (row->event.event == KMQ_EVENT_QUOTA)
		text = quota_sentence(row, queue, process);
	else
		text = sentence(row, queue, process, messages);
	free(queue);
	free(process);
	free(messages);
	return text;
}

/* ------------------------------------------------------------------------
 * Columns
 */

static const struct kmq_nl_event *event_of(const void *row)
{
	return &((const struct event_row *)row)->event;
}

static bool has(const void *row, unsigned int attribute)
{
	return event_of(row)->has & KMQ_NL_BIT(attribute);
}

/* In JSON with microseconds. */
static struct json_object *when(const struct column *column, const void *row)
{
	uint64_t ns = ((const struct event_row *)row)->time;
	struct json_object *value;
	char *text;

	if (!ns)
		return NULL;
	text = memory_print("%llu.%06llu", (unsigned long long)(ns / NS_PER_SECOND),
			    (unsigned long long)(ns % NS_PER_SECOND / 1000));
	value = json_object_new_double_s((double)ns / 1e9, text);
	free(text);
	return value;
}

static char *when_text(const void *row)
{
	uint64_t ns = ((const struct event_row *)row)->time;
	time_t seconds = (time_t)(ns / NS_PER_SECOND);
	char text[32];
	struct tm tm;

	if (!ns || !localtime_r(&seconds, &tm) || !strftime(text, sizeof(text), "%H:%M:%S", &tm))
		return memory_print("-");
	return memory_print("%s.%06llu", text, (unsigned long long)(ns % NS_PER_SECOND / 1000));
}

static struct json_object *name_of(const struct column *column, const void *row)
{
	const char *name = kmq_event_name(event_of(row)->event);

	return name ? json_object_new_string(name) : json_object_new_int64(event_of(row)->event);
}

static struct json_object *queue_of(const struct column *column, const void *row)
{
	const char *name = event_of(row)->name;

	return *name ? json_object_new_string(name) : NULL;
}

static struct json_object *id(const struct column *column, const void *row)
{
	return event_of(row)->id ? json_object_new_int64(event_of(row)->id) : NULL;
}

static struct json_object *kind(const struct column *column, const void *row)
{
	const char *name = kmq_kind_name(event_of(row)->kind);

	return has(row, KMQ_A_KIND) && name ? json_object_new_string(name) : NULL;
}

static struct json_object *user(const struct column *column, const void *row)
{
	return has(row, KMQ_A_UID) ? account_user(event_of(row)->uid) : NULL;
}

static struct json_object *uid(const struct column *column, const void *row)
{
	return has(row, KMQ_A_UID) ? json_object_new_int64(event_of(row)->uid) : NULL;
}

static struct json_object *pid(const struct column *column, const void *row)
{
	return event_of(row)->pid ? json_object_new_int64(event_of(row)->pid) : NULL;
}

static struct json_object *command(const struct column *column, const void *row)
{
	const char *name = ((const struct event_row *)row)->command;
	struct json_object *value;
	char *text;

	if (!*name)
		return NULL;
	text = text_escape(name, strlen(name), 0);
	value = json_object_new_string(text);
	free(text);
	return value;
}

static struct json_object *count(const struct column *column, const void *row)
{
	const struct kmq_nl_event *event = event_of(row);

	switch (event->event) {
	case KMQ_EVENT_LOST:
		return event->lost ? json_object_new_uint64(event->lost) : NULL;
	case KMQ_EVENT_FULL:
	case KMQ_EVENT_HIGH:
	case KMQ_EVENT_LOW:
	case KMQ_EVENT_DROPPED:
	case KMQ_EVENT_LEASE_OVERDUE:
	case KMQ_EVENT_PEER_DIED:
		return has(row, KMQ_A_COUNT) ? json_object_new_uint64(event->count) : NULL;
	}
	/* It may come with the others, and says nothing. */
	return NULL;
}

static struct json_object *sequence(const struct column *column, const void *row)
{
	return has(row, KMQ_A_EVENT_SEQUENCE) ? json_object_new_uint64(event_of(row)->sequence)
					      : NULL;
}

static struct json_object *text_of(const struct column *column, const void *row)
{
	char *text = event_sentence(row);
	struct json_object *value = json_object_new_string(text);

	free(text);
	return value;
}

static char *text_text(const void *row)
{
	return event_sentence(row);
}

#define COLUMN(name, kind, value, text, help) { name, help, kind, value, 0, text, NULL }
#define TEXT(name, value, help) COLUMN(name, COLUMN_TEXT, value, NULL, help)
#define NUMBER(name, value, help) COLUMN(name, COLUMN_NUMBER, value, NULL, help)

const struct column event_columns[] = {
	COLUMN("TIME", COLUMN_NUMBER, when, when_text, "when; in JSON seconds since 1970"),
	TEXT("EVENT", name_of, "its name, one of those above"),
	TEXT("QUEUE", queue_of, "name of the queue; none for one without"),
	NUMBER("ID", id, "its number"),
	TEXT("KIND", kind, "message or ring"),
	TEXT("OWNER", user, "its owner; quota: who was refused"),
	NUMBER("UID", uid, "the owner's number"),
	NUMBER("PID", pid, "process that did it; none if not visible from here"),
	TEXT("COMMAND", command, "name of the process; none if it is gone"),
	NUMBER("COUNT", count,
	       "messages (full, high, low, dropped), the message's number, the party's; "
	       "events lost"),
	NUMBER("SEQUENCE", sequence, "number of the event"),
	COLUMN("TEXT", COLUMN_TEXT, text_of, text_text, "what happened, in words"),
	{ 0 },
};
