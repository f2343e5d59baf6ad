// SPDX-License-Identifier: GPL-2.0-only
/* A timeline's events in words. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "trace_model.h"

const char *timeline_who(const struct trace_event *event)
{
	static char who[64];

	if (event->tid == event->pid)
		snprintf(who, sizeof(who), "%.15s/%d", event->comm, event->pid);
	else
		snprintf(who, sizeof(who), "%.15s/%d/%d", event->comm, event->pid, event->tid);
	return who;
}

const char *timeline_queue(uint32_t id, const char *name)
{
	static char text[KMQ_NAME_SIZE + 16];

	if (*name)
		snprintf(text, sizeof(text), "%.31s", name);
	else
		snprintf(text, sizeof(text), "#%" PRIu32, id);
	return text;
}

const char *timeline_span(uint64_t ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	static char texts[4][32];
	static unsigned int turn;
	char *text = texts[turn++ % 4];
	double value = (double)ns;
	size_t unit = 0;

	/* Not 1000us where it would be 1.00ms. */
	while (value >= 999.5 && unit < 3) {
		value /= 1000;
		unit++;
	}
	snprintf(text, sizeof(texts[0]), "%.*f%s", unit == 0 || value >= 99.95 ? 0 :
		 value >= 9.995 ? 1 : 2, value, units[unit]);
	return text;
}

/* 4095 -> EAGAIN and the like; 0 is nothing to tell. */
static const char *error_word(int32_t result)
{
	static char text[16];
	const char *name = result < 0 ? strerrorname_np(-result) : NULL;

	/* Restarting is between the kernel and the signal's handler. */
	if (result == -512)
		return "a signal";
	if (name)
		return name;
	snprintf(text, sizeof(text), "%" PRId32, result);
	return text;
}

static const char *sleeps_for(uint32_t side)
{
	static const char *const words[TRACE_SIDES] = {
		[TRACE_SIDE_SEND] = "room", [TRACE_SIDE_RECEIVE] = "a message",
		[TRACE_SIDE_REPLY] = "a reply", [TRACE_SIDE_SEND_LOCK] = "the producers' lock",
		[TRACE_SIDE_RECEIVE_LOCK] = "the consumers' lock",
	};

	return side < TRACE_SIDES ? words[side] : "?";
}

static const char *parties_of(uint32_t parties)
{
	switch (parties) {
	case 1:
		return "producer";
	case 2:
		return "consumer";
	case 3:
		return "producer and consumer";
	default:
		return "party";
	}
}

static const char *policy_of(uint32_t policy)
{
	static const char *const names[] = { "block", "reject", "drop-newest", "drop-oldest" };

	return policy < sizeof(names) / sizeof(*names) ? names[policy] : "?";
}

static void tell_message(char *text, size_t room, const struct trace_event *event,
			 const char *verb)
{
	int length = snprintf(text, room, "%s #%" PRIu64 ", %" PRIu32 " B", verb,
			      event->sequence, event->size);

	if (event->type != 1)
		length += snprintf(text + length, room - length, ", type %" PRId64, event->type);
	if (event->priority)
		snprintf(text + length, room - length, ", priority %" PRIu32, event->priority);
}

static void tell_receive(char *text, size_t room, const struct trace_event *event)
{
	size_t length;

	tell_message(text, room, event, event->lease ? "leases" : "receives");
	length = strlen(text);
	if (event->span)
		length += snprintf(text + length, room - length, ", after %s in the queue",
				   timeline_span(event->span));
	if (event->redeliveries)
		snprintf(text + length, room - length, ", redelivery %" PRIu32,
			 event->redeliveries);
}

static void tell_wake(char *text, size_t room, const struct trace_event *event)
{
	int length = snprintf(text, room, "wakes");

	if (event->span)
		length += snprintf(text + length, room - length, " after %s",
				   timeline_span(event->span));
	if (event->result < 0)
		snprintf(text + length, room - length, ": %s", error_word(event->result));
}

static void tell_create(char *text, size_t room, const struct trace_event *event)
{
	if (event->queue_kind == KMQ_KIND_RING)
		snprintf(text, room, "creates it: ring, %s", policy_of(event->policy));
	else
		snprintf(text, room, "creates it: %s, capacity %" PRIu32,
			 policy_of(event->policy), event->capacity);
}

const char *timeline_tell(const struct trace_event *event)
{
	static char text[160];
	const size_t room = sizeof(text);

	switch (event->kind) {
	case TRACE_CREATE:
		tell_create(text, room, event);
		break;
	case TRACE_REMOVE:
		return "removes it";
	case TRACE_SEND:
		tell_message(text, room, event, "sends");
		break;
	case TRACE_RECEIVE:
		tell_receive(text, room, event);
		break;
	case TRACE_BLOCK:
		snprintf(text, room, "sleeps for %s", sleeps_for(event->side));
		break;
	case TRACE_WAKE:
		tell_wake(text, room, event);
		break;
	case TRACE_DROP:
		tell_message(text, room, event, "drops");
		break;
	case TRACE_PURGE:
		tell_message(text, room, event, "purges");
		break;
	case TRACE_LEASE:
		tell_message(text, room, event, "holds");
		break;
	case TRACE_ACK:
		tell_message(text, room, event, "acknowledges");
		break;
	case TRACE_RETURN:
		tell_message(text, room, event, "returns");
		break;
	case TRACE_PUT_BACK:
		tell_message(text, room, event, "could not take");
		break;
	case TRACE_CALL:
		tell_message(text, room, event, "asks with");
		break;
	case TRACE_REPLY:
		tell_message(text, room, event, "answers");
		break;
	case TRACE_REJECT:
		snprintf(text, room, "is refused, %" PRIu32 " B: %s", event->size,
			 error_word(event->result));
		break;
	case TRACE_QUOTA:
		snprintf(text, room, "is over its limits with %" PRIu64 " B more", event->count);
		break;
	case TRACE_RING_ATTACH:
		snprintf(text, room, "maps it as %s %" PRIu32, parties_of(event->parties),
			 event->attachment);
		break;
	case TRACE_RING_DETACH:
		snprintf(text, room, "ends as %s %" PRIu32, parties_of(event->parties),
			 event->attachment);
		break;
	case TRACE_RING_DEATH:
		snprintf(text, room, "died as %s %" PRIu32 " holding something",
			 parties_of(event->parties), event->attachment);
		break;
	case TRACE_RING_ABANDON:
		snprintf(text, room, "left %" PRIu64 " record%s unfinished", event->count,
			 event->count == 1 ? "" : "s");
		break;
	case TRACE_RING_BROKEN:
		return "finds it broken";
	default:
		return "";
	}
	return text;
}
