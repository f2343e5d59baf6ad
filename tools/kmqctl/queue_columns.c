// SPDX-License-Identifier: GPL-2.0-only
#include <json-c/json.h>
#include <stdlib.h>

#include "account.h"
#include "clock.h"
#include "memory.h"
#include "queue_columns.h"

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
	return json_object_new_int64(queue_use(row));
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
	{ "POLICY", "what a full queue does: block, reject, drop-newest, drop-oldest",
	  COLUMN_TEXT, policy, 0, NULL },
	{ "LIFETIME", "persistent or ephemeral", COLUMN_TEXT, lifetime, 0, NULL },
	NUMBER32("CAPACITY", capacity, "most messages, queued and leased"),
	SIZE32("INLINE", inline_size, "bodies up to this size cost no allocation"),
	SIZE32("MAX-MESSAGE", max_message, "size of the largest message"),
	SIZE64("BYTE-LIMIT", byte_limit, "most bytes of bodies, queued and leased"),
	{ "MODE", "permissions of the node, octal", COLUMN_TEXT, mode, 0, NULL },
	{ "OWNER", "user who owns it", COLUMN_TEXT, owner, 0, NULL },
	{ "GROUP", "group of the node", COLUMN_TEXT, group, 0, NULL },
	NUMBER32("UID", uid, "the owner's number"),
	NUMBER32("GID", gid, "the group's number"),
	NUMBER64("QUEUED", queued, "messages waiting now"),
	NUMBER64("LEASED", leased, "messages out on a lease now"),
	SIZE64("BYTES", bytes, "bytes of bodies, queued and leased now"),
	{ "USE", "how full it is, by messages or by bytes, whichever is more",
	  COLUMN_PERCENT, use, 0, NULL },
	NUMBER64("PEAK", peak, "most messages it ever held"),
	NUMBER64("SENT", sent, "messages accepted"),
	NUMBER64("RECEIVED", received, "messages taken for good"),
	NUMBER64("DROPPED", dropped, "messages dropped by policy"),
	NUMBER64("PURGED", purged, "messages purged or withdrawn"),
	NUMBER64("RETURNED", returned, "leases that ended without an ack"),
	NUMBER64("REJECTED", rejected, "sends refused because it was full"),
	NUMBER64("CALLS", calls, "requests accepted"),
	NUMBER64("REPLIES", replies, "replies delivered"),
	NUMBER32("SENDERS", blocked_senders, "tasks asleep for room"),
	NUMBER32("RECEIVERS", blocked_receivers, "tasks asleep for a message"),
	NUMBER32("CALLERS", blocked_callers, "tasks asleep for a reply"),
	NUMBER32("OPEN", descriptors, "open file descriptions"),
	{ "AGE", "time since it was created", COLUMN_SECONDS, age, 0, NULL },
	{ 0 },
};

void queue_since(struct kmq_info *now, const struct kmq_info *before)
{
	now->sent -= before->sent;
	now->received -= before->received;
	now->dropped -= before->dropped;
	now->purged -= before->purged;
	now->returned -= before->returned;
	now->rejected -= before->rejected;
	now->calls -= before->calls;
	now->replies -= before->replies;
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
