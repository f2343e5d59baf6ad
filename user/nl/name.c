// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names of the constants in <linux/kmq_netlink.h>. */
#include <errno.h>
#include <string.h>

#include "internal.h"

static const char *const events[] = {
	[KMQ_EVENT_LOST] = "lost",
	[KMQ_EVENT_CREATED] = "created",
	[KMQ_EVENT_REMOVED] = "removed",
	[KMQ_EVENT_CHANGED] = "changed",
	[KMQ_EVENT_FULL] = "full",
	[KMQ_EVENT_DRAINED] = "drained",
	[KMQ_EVENT_HIGH] = "high",
	[KMQ_EVENT_LOW] = "low",
	[KMQ_EVENT_DROPPED] = "dropped",
	[KMQ_EVENT_LEASE_OVERDUE] = "lease-overdue",
	[KMQ_EVENT_PEER_DIED] = "peer-died",
	[KMQ_EVENT_BROKEN] = "broken",
	[KMQ_EVENT_QUOTA] = "quota",
};

static const char *const holders[] = {
	[KMQ_HOLDER_DESCRIPTOR] = "descriptor",
	[KMQ_HOLDER_MAPPING] = "mapping",
	[KMQ_HOLDER_SLEEPER] = "sleeper",
};

static const char *const sleeps[] = {
	[KMQ_SLEEP_SEND] = "send",
	[KMQ_SLEEP_RECEIVE] = "receive",
	[KMQ_SLEEP_CALL] = "call",
};

static const char *const attributes[] = {
	[KMQ_A_ID] = "id",
	[KMQ_A_NAME] = "name",
	[KMQ_A_KIND] = "kind",
	[KMQ_A_POLICY] = "policy",
	[KMQ_A_LIFETIME] = "lifetime",
	[KMQ_A_CAPACITY] = "capacity",
	[KMQ_A_INLINE_SIZE] = "inline-size",
	[KMQ_A_MAX_MESSAGE] = "max-message",
	[KMQ_A_BYTE_LIMIT] = "byte-limit",
	[KMQ_A_MODE] = "mode",
	[KMQ_A_UID] = "uid",
	[KMQ_A_GID] = "gid",
	[KMQ_A_RING_MODE] = "ring-mode",
	[KMQ_A_CREATED] = "created",
	[KMQ_A_CREATOR_UID] = "creator-uid",
	[KMQ_A_CREATOR_PID] = "creator-pid",
	[KMQ_A_HIGH_WATERMARK] = "high-watermark",
	[KMQ_A_LOW_WATERMARK] = "low-watermark",
	[KMQ_A_LEASE_LIMIT] = "lease-limit",
	[KMQ_A_HISTOGRAM] = "histogram",
	[KMQ_A_BYTES] = "bytes",
	[KMQ_A_QUEUED] = "queued",
	[KMQ_A_LEASED] = "leased",
	[KMQ_A_SENT] = "sent",
	[KMQ_A_RECEIVED] = "received",
	[KMQ_A_DROPPED] = "dropped",
	[KMQ_A_PURGED] = "purged",
	[KMQ_A_RETURNED] = "returned",
	[KMQ_A_REJECTED] = "rejected",
	[KMQ_A_CALLS] = "calls",
	[KMQ_A_REPLIES] = "replies",
	[KMQ_A_PEAK] = "peak",
	[KMQ_A_ABANDONED] = "abandoned",
	[KMQ_A_BLOCKED_SENDERS] = "blocked-senders",
	[KMQ_A_BLOCKED_RECEIVERS] = "blocked-receivers",
	[KMQ_A_BLOCKED_CALLERS] = "blocked-callers",
	[KMQ_A_DESCRIPTORS] = "descriptors",
	[KMQ_A_ATTACHMENTS] = "attachments",
	[KMQ_A_DEATHS] = "deaths",
	[KMQ_A_RING_FLAGS] = "ring-flags",
	[KMQ_A_LAST_SEND] = "last-send",
	[KMQ_A_LAST_RECEIVE] = "last-receive",
	[KMQ_A_LAST_CHANGE] = "last-change",
	[KMQ_A_LAST_SEND_PID] = "last-send-pid",
	[KMQ_A_LAST_RECEIVE_PID] = "last-receive-pid",
	[KMQ_A_TIME_QUEUED] = "time-queued",
	[KMQ_A_TIME_BLOCKED] = "time-blocked",
	[KMQ_A_PATTERN] = "pattern",
	[KMQ_A_EVENTS] = "events",
	[KMQ_A_HOLDER] = "holder",
	[KMQ_A_PID] = "pid",
	[KMQ_A_TID] = "tid",
	[KMQ_A_COMM] = "comm",
	[KMQ_A_ACCESS] = "access",
	[KMQ_A_LEASES] = "leases",
	[KMQ_A_ATTACHMENT] = "attachment",
	[KMQ_A_SLEEP] = "sleep",
	[KMQ_A_SINCE] = "since",
	[KMQ_A_EVENT] = "event",
	[KMQ_A_EVENT_SEQUENCE] = "event-sequence",
	[KMQ_A_TIME] = "time",
	[KMQ_A_COUNT] = "count",
	[KMQ_A_LOST] = "lost",
	[KMQ_A_SPACE] = "space",
	[KMQ_A_KEY] = "key",
	[KMQ_A_CREATOR_GID] = "creator-gid",
	[KMQ_A_NOTIFY_PID] = "notify-pid",
	[KMQ_A_NOTIFY_SHOW] = "notify-show",
};

_Static_assert(COUNT(events) == __KMQ_EVENT_MAX, "each event has a name");
_Static_assert(COUNT(attributes) == __KMQ_A_MAX, "each attribute has a name");

static const char *name_of(const char *const *names, size_t count, uint32_t value)
{
	return value < count ? names[value] : NULL;
}

static int value_of(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; name && i < count; i++)
		if (names[i] && !strcmp(names[i], name))
			return (int)i;
	errno = EINVAL;
	return -1;
}

const char *kmq_event_name(uint32_t event)
{
	return name_of(events, COUNT(events), event);
}

int kmq_event_value(const char *name)
{
	return value_of(events, COUNT(events), name);
}

const char *kmq_holder_name(uint32_t holder)
{
	return name_of(holders, COUNT(holders), holder);
}

const char *kmq_sleep_name(uint32_t sleep)
{
	return name_of(sleeps, COUNT(sleeps), sleep);
}

const char *kmq_nl_attribute_name(unsigned int attribute)
{
	return name_of(attributes, COUNT(attributes), attribute);
}

int kmq_nl_attribute_value(const char *name)
{
	return value_of(attributes, COUNT(attributes), name);
}
