// SPDX-License-Identifier: GPL-2.0-only
#include <json-c/json.h>
#include <stdlib.h>

#include "account.h"
#include "clock.h"
#include "memory.h"
#include "queue_columns.h"
#include "ring_mode.h"

static struct json_object *number32(const struct column *column, const void *row)
{
	return json_object_new_int64(*(const __u32 *)((const char *)row + column->offset));
}

static struct json_object *number64(const struct column *column, const void *row)
{
	return json_object_new_uint64(*(const __u64 *)((const char *)row + column->offset));
}

static struct json_object *name(const struct column *column, const void *row)
{
	const struct kmq_info *info = row;

	return *info->name ? json_object_new_string(info->name) : NULL;
}

/* A value that a later module knows and this program does not is shown as a number. */
static struct json_object *word(const char *text, uint32_t value)
{
	return text ? json_object_new_string(text) : json_object_new_int64(value);
}

static struct json_object *kind(const struct column *column, const void *row)
{
	const struct kmq_info *info = row;

	return word(kmq_kind_name(info->kind), info->kind);
}

/* What only a ring has, or only a queue of the other kind. */
static struct json_object *rings_number32(const struct column *column, const void *row)
{
	return queue_is_ring(row) ? number32(column, row) : NULL;
}

static struct json_object *messages_number32(const struct column *column, const void *row)
{
	return queue_is_ring(row) ? NULL : number32(column, row);
}

static struct json_object *messages_number64(const struct column *column, const void *row)
{
	return queue_is_ring(row) ? NULL : number64(column, row);
}

static struct json_object *ring_mode(const struct column *column, const void *row)
{
	const struct kmq_info *info = row;

	return queue_is_ring(info) ? word(ring_mode_name(info->ring_mode), info->ring_mode) : NULL;
}

static struct json_object *broken(const struct column *column, const void *row)
{
	return queue_is_ring(row) ? json_object_new_boolean(queue_is_broken(row)) : NULL;
}

static struct json_object *policy(const struct column *column, const void *row)
{
	const struct kmq_info *info = row;

	return word(kmq_policy_name(info->policy), info->policy);
}

static struct json_object *lifetime(const struct column *column, const void *row)
{
	const struct kmq_info *info = row;

	return word(kmq_lifetime_name(info->lifetime), info->lifetime);
}

static struct json_object *mode(const struct column *column, const void *row)
{
	const struct kmq_info *info = row;
	char *text = memory_print("%04o", info->mode);
	struct json_object *value = json_object_new_string(text);

	free(text);
	return value;
}

static struct json_object *owner(const struct column *column, const void *row)
{
	return account_user(((const struct kmq_info *)row)->uid);
}

static struct json_object *group(const struct column *column, const void *row)
{
	return account_group(((const struct kmq_info *)row)->gid);
}

static struct json_object *age(const struct column *column, const void *row)
{
	return json_object_new_uint64(clock_since(((const struct kmq_info *)row)->created));
}

static struct json_object *use(const struct column *column, const void *row)
{
	return queue_fills(row) ? json_object_new_int64(queue_use(row)) : NULL;
}

#define NUMBER32(name, member, help) \
	{ name, help, COLUMN_NUMBER, number32, offsetof(struct kmq_info, member), NULL }
#define NUMBER64(name, member, help) \
	{ name, help, COLUMN_NUMBER, number64, offsetof(struct kmq_info, member), NULL }
#define SIZE32(name, member, help) \
	{ name, help, COLUMN_SIZE, number32, offsetof(struct kmq_info, member), NULL }
#define SIZE64(name, member, help) \
	{ name, help, COLUMN_SIZE, number64, offsetof(struct kmq_info, member), NULL }

const struct column queue_columns[] = {
	{ "NAME", "name; none for a queue without one", COLUMN_TEXT, name, 0, NULL },
	NUMBER32("ID", id, "number, unique while the module is loaded"),
	{ "KIND", "message or ring", COLUMN_TEXT, kind, 0, NULL },
	{ "RING-MODE", "of a ring: spsc, mpsc, mpmc or broadcast", COLUMN_TEXT, ring_mode, 0,
	  NULL },
	{ "POLICY", "what a full queue does: block, reject, drop-newest, drop-oldest",
	  COLUMN_TEXT, policy, 0, NULL },
	{ "LIFETIME", "persistent or ephemeral", COLUMN_TEXT, lifetime, 0, NULL },
	{ "CAPACITY", "most messages, queued and leased; none for a ring", COLUMN_NUMBER,
	  messages_number32, offsetof(struct kmq_info, capacity), NULL },
	{ "INLINE", "bodies up to this size cost no allocation; none for a ring", COLUMN_SIZE,
	  messages_number32, offsetof(struct kmq_info, inline_size), NULL },
	SIZE32("MAX-MESSAGE", max_message, "size of the largest message"),
	SIZE64("BYTE-LIMIT", byte_limit, "most bytes of bodies, queued and leased; size of a ring"),
	{ "MODE", "permissions of the node, octal", COLUMN_TEXT, mode, 0, NULL },
	{ "OWNER", "user who owns it", COLUMN_TEXT, owner, 0, NULL },
	{ "GROUP", "group of the node", COLUMN_TEXT, group, 0, NULL },
	NUMBER32("UID", uid, "the owner's number"),
	NUMBER32("GID", gid, "the group's number"),
	NUMBER64("QUEUED", queued, "messages waiting now"),
	NUMBER64("LEASED", leased, "messages out on a lease now"),
	SIZE64("BYTES", bytes, "bytes of bodies, queued and leased now; taken of a ring"),
	{ "USE", "how full it is, by messages or by bytes, whichever is more; none if it never is",
	  COLUMN_PERCENT, use, 0, NULL },
	{ "PEAK", "most messages it ever held; none for a ring", COLUMN_NUMBER, messages_number64,
	  offsetof(struct kmq_info, peak), NULL },
	NUMBER64("SENT", sent, "messages accepted"),
	NUMBER64("RECEIVED", received, "messages taken for good"),
	NUMBER64("DROPPED", dropped, "messages dropped by policy"),
	NUMBER64("PURGED", purged, "messages purged or withdrawn"),
	NUMBER64("ABANDONED", abandoned, "messages of a ring that their producer gave up"),
	NUMBER64("RETURNED", returned, "leases that ended without an ack"),
	NUMBER64("REJECTED", rejected, "sends refused because it was full"),
	NUMBER64("CALLS", calls, "requests accepted"),
	NUMBER64("REPLIES", replies, "replies delivered"),
	NUMBER32("SENDERS", blocked_senders, "tasks asleep for room"),
	NUMBER32("RECEIVERS", blocked_receivers, "tasks asleep for a message"),
	NUMBER32("CALLERS", blocked_callers, "tasks asleep for a reply"),
	NUMBER32("OPEN", descriptors, "open file descriptions, attachments among them"),
	{ "ATTACHMENTS", "parties that map the ring", COLUMN_NUMBER, rings_number32,
	  offsetof(struct kmq_info, attachments), NULL },
	{ "DEATHS", "parties that ended while they held something in the ring", COLUMN_NUMBER,
	  rings_number32, offsetof(struct kmq_info, deaths), NULL },
	{ "BROKEN", "whether the ring was found inconsistent", COLUMN_TEXT, broken, 0, NULL },
	{ "AGE", "time since it was created", COLUMN_SECONDS, age, 0, NULL },
	{ 0 },
};

/* A ring takes back what it counted as received when its consumer dies. */
static uint64_t growth(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

void queue_since(struct kmq_info *now, const struct kmq_info *before)
{
	now->sent -= before->sent;
	now->received = growth(now->received, before->received);
	now->dropped -= before->dropped;
	now->purged -= before->purged;
	now->abandoned -= before->abandoned;
	now->returned -= before->returned;
	now->rejected -= before->rejected;
	now->calls -= before->calls;
	now->replies -= before->replies;
	now->deaths -= before->deaths;
}

bool queue_is_ring(const struct kmq_info *info)
{
	return info->kind == KMQ_KIND_RING;
}

bool queue_is_broken(const struct kmq_info *info)
{
	return queue_is_ring(info) && (info->ring_flags & KMQ_RING_BROKEN);
}

bool queue_fills(const struct kmq_info *info)
{
	return !queue_is_ring(info) || info->ring_mode != KMQ_RING_BROADCAST;
}

static unsigned int percent(uint64_t part, uint64_t whole)
{
	return whole ? (unsigned int)(part * 100 / whole) : 0;
}

unsigned int queue_use(const struct kmq_info *info)
{
	unsigned int messages = percent(info->queued + info->leased, info->capacity);
	unsigned int bytes = percent(info->bytes, info->byte_limit);

	return messages > bytes ? messages : bytes;
}
