// SPDX-License-Identifier: GPL-2.0-only
#include <json-c/json.h>
#include <stdlib.h>

#include "account.h"
#include "clock.h"
#include "key.h"
#include "memory.h"
#include "queue_columns.h"
#include "ring_mode.h"
#include "text.h"

static const struct kmq_info *info_of(const void *row)
{
	return &((const struct kmq_nl_queue *)row)->info;
}

static const void *member(const struct column *column, const void *row)
{
	return (const char *)row + column->offset;
}

static struct json_object *number32(const struct column *column, const void *row)
{
	return json_object_new_int64(*(const __u32 *)member(column, row));
}

static struct json_object *number64(const struct column *column, const void *row)
{
	return json_object_new_uint64(*(const __u64 *)member(column, row));
}

static struct json_object *name(const struct column *column, const void *row)
{
	const struct kmq_info *info = info_of(row);

	return *info->name ? json_object_new_string(info->name) : NULL;
}

/* A value that a later module knows and this program does not is shown as a number. */
static struct json_object *word(const char *text, uint32_t value)
{
	return text ? json_object_new_string(text) : json_object_new_int64(value);
}

static struct json_object *kind(const struct column *column, const void *row)
{
	const struct kmq_info *info = info_of(row);

	return word(kmq_kind_name(info->kind), info->kind);
}

/* What only a ring has, or only a queue of the other kind. */
static struct json_object *rings_number32(const struct column *column, const void *row)
{
	return queue_is_ring(info_of(row)) ? number32(column, row) : NULL;
}

static struct json_object *messages_number32(const struct column *column, const void *row)
{
	return queue_is_ring(info_of(row)) ? NULL : number32(column, row);
}

static struct json_object *messages_number64(const struct column *column, const void *row)
{
	return queue_is_ring(info_of(row)) ? NULL : number64(column, row);
}

static struct json_object *ring_mode(const struct column *column, const void *row)
{
	const struct kmq_info *info = info_of(row);

	return queue_is_ring(info) ? word(ring_mode_name(info->ring_mode), info->ring_mode) : NULL;
}

static struct json_object *broken(const struct column *column, const void *row)
{
	const struct kmq_info *info = info_of(row);

	return queue_is_ring(info) ? json_object_new_boolean(queue_is_broken(info)) : NULL;
}

static struct json_object *policy(const struct column *column, const void *row)
{
	const struct kmq_info *info = info_of(row);

	return word(kmq_policy_name(info->policy), info->policy);
}

static struct json_object *lifetime(const struct column *column, const void *row)
{
	const struct kmq_info *info = info_of(row);

	return word(kmq_lifetime_name(info->lifetime), info->lifetime);
}

static struct json_object *mode(const struct column *column, const void *row)
{
	char *text = memory_print("%04o", info_of(row)->mode);
	struct json_object *value = json_object_new_string(text);

	free(text);
	return value;
}

static struct json_object *owner(const struct column *column, const void *row)
{
	return account_user(info_of(row)->uid);
}

static struct json_object *group(const struct column *column, const void *row)
{
	return account_group(info_of(row)->gid);
}

static struct json_object *age(const struct column *column, const void *row)
{
	return json_object_new_uint64(clock_since(info_of(row)->created));
}

static struct json_object *use(const struct column *column, const void *row)
{
	const struct kmq_info *info = info_of(row);

	return queue_fills(info) ? json_object_new_int64(queue_use(info)) : NULL;
}

/* ------------------------------------------------------------------------
 * What /dev/kmq/control does not tell: none where netlink was not there.
 */

static bool has(const void *row, unsigned int attribute)
{
	return ((const struct kmq_nl_queue *)row)->has & KMQ_NL_BIT(attribute);
}

static struct json_object *creator(const struct column *column, const void *row)
{
	const struct kmq_nl_queue *queue = row;

	return has(row, KMQ_A_CREATOR_UID) ? account_user(queue->creator_uid) : NULL;
}

static struct json_object *creator_uid(const struct column *column, const void *row)
{
	return has(row, KMQ_A_CREATOR_UID) ? number32(column, row) : NULL;
}

/* The kernel says 0 for a process that is not visible from here, and for none. */
static struct json_object *pid(const struct column *column, const void *row)
{
	pid_t number = *(const pid_t *)member(column, row);

	return number ? json_object_new_int64(number) : NULL;
}

static struct json_object *seconds(const struct column *column, const void *row)
{
	uint64_t when = *(const uint64_t *)member(column, row);

	return when ? json_object_new_uint64(when) : NULL;
}

/* Watches: 0 is off. */
static struct json_object *mark(const struct column *column, const void *row)
{
	return *(const uint32_t *)member(column, row) ? number32(column, row) : NULL;
}

static struct json_object *lease_limit(const struct column *column, const void *row)
{
	uint64_t ms = ((const struct kmq_nl_queue *)row)->lease_limit;

	return ms ? json_object_new_uint64(ms * (NS_PER_SECOND / 1000)) : NULL;
}

/* As it was set: a table shows 100ms, too. */
static char *lease_limit_text(const void *row)
{
	uint64_t ms = ((const struct kmq_nl_queue *)row)->lease_limit;
	uint64_t ns = ms * (NS_PER_SECOND / 1000);

	if (!ms)
		return memory_print("-");
	return ms < 10000 ? text_duration(ns) : text_age(ns);
}

static struct json_object *histogram(const struct column *column, const void *row)
{
	if (!has(row, KMQ_A_HISTOGRAM))
		return NULL;
	return json_object_new_boolean(((const struct kmq_nl_queue *)row)->histogram);
}

/* ------------------------------------------------------------------------
 * Queues of the hub
 */

int (*queue_key_source)(uint32_t id, struct kmq_nl_key *key);

char *queue_key(const struct kmq_nl_queue *queue)
{
	struct kmq_nl_key key;

	if (!queue->key_size || !queue_key_source || queue_key_source(queue->info.id, &key) ||
	    !key.size)
		return NULL;
	return key_text(key.space, key.bytes, key.size);
}

/* Takes the string. */
static struct json_object *string(char *text)
{
	struct json_object *value = text ? json_object_new_string(text) : NULL;

	free(text);
	return value;
}

static struct json_object *space(const struct column *column, const void *row)
{
	uint32_t number = ((const struct kmq_nl_queue *)row)->space;

	return number ? word(space_name(number), number) : NULL;
}

static struct json_object *key(const struct column *column, const void *row)
{
	return string(queue_key(row));
}

static bool has_more(const void *row, unsigned int attribute)
{
	return ((const struct kmq_nl_queue *)row)->has_more & KMQ_NL_BIT_MORE(attribute);
}

static struct json_object *creator_group(const struct column *column, const void *row)
{
	const struct kmq_nl_queue *queue = row;

	return has_more(row, KMQ_A_CREATOR_GID) ? account_group(queue->creator_gid) : NULL;
}

static struct json_object *creator_gid(const struct column *column, const void *row)
{
	return has_more(row, KMQ_A_CREATOR_GID) ? number32(column, row) : NULL;
}

static struct json_object *notify(const struct column *column, const void *row)
{
	const struct kmq_nl_queue *queue = row;

	if (!has_more(row, KMQ_A_NOTIFY_PID))
		return NULL;
	return string(notify_text(queue->space, queue->notify_show));
}

#define AT(member) offsetof(struct kmq_nl_queue, member)
#define COLUMN(name, kind, value, at, help) { name, help, kind, value, at, NULL, NULL }
#define TEXT(name, value, help) COLUMN(name, COLUMN_TEXT, value, 0, help)
#define NUMBER(name, value, member, help) COLUMN(name, COLUMN_NUMBER, value, AT(member), help)
#define NUMBER32(name, member, help) NUMBER(name, number32, info.member, help)
#define NUMBER64(name, member, help) NUMBER(name, number64, info.member, help)
#define SIZE(name, value, member, help) COLUMN(name, COLUMN_SIZE, value, AT(info.member), help)
#define TIME(name, member, help) COLUMN(name, COLUMN_TIME, seconds, AT(member), help)

const struct column queue_columns[] = {
	TEXT("NAME", name, "name; none for a queue without one"),
	NUMBER32("ID", id, "number, given again only after a million others"),
	TEXT("KIND", kind, "message or ring"),
	TEXT("RING-MODE", ring_mode, "of a ring: spsc, mpsc, mpmc or broadcast"),
	TEXT("POLICY", policy,
	     "what a full queue does: block, reject, drop-newest, drop-oldest"),
	TEXT("LIFETIME", lifetime, "persistent or ephemeral"),
	NUMBER("CAPACITY", messages_number32, info.capacity,
	       "most messages, queued and leased; none for a ring"),
	SIZE("INLINE", messages_number32, inline_size,
	     "bodies up to this size cost no allocation; none for a ring"),
	SIZE("MAX-MESSAGE", number32, max_message, "size of the largest message"),
	SIZE("BYTE-LIMIT", number64, byte_limit,
	     "most bytes of bodies, queued and leased; size of a ring"),
	TEXT("MODE", mode, "permissions of the node, octal"),
	TEXT("OWNER", owner, "user who owns it"),
	TEXT("GROUP", group, "group of the node"),
	NUMBER32("UID", uid, "the owner's number"),
	NUMBER32("GID", gid, "the group's number"),
	NUMBER64("QUEUED", queued, "messages waiting now"),
	NUMBER64("LEASED", leased, "messages out on a lease now"),
	SIZE("BYTES", number64, bytes, "bytes of bodies, queued and leased now; taken of a ring"),
	COLUMN("USE", COLUMN_PERCENT, use, 0,
	       "how full it is, by messages or by bytes, whichever is more; none if it never is"),
	NUMBER("PEAK", messages_number64, info.peak, "most messages it ever held; none for a ring"),
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
	NUMBER("ATTACHMENTS", rings_number32, info.attachments, "parties that map the ring"),
	NUMBER("DEATHS", rings_number32, info.deaths,
	       "parties that ended while they held something in the ring"),
	TEXT("BROKEN", broken, "whether the ring was found inconsistent"),
	COLUMN("AGE", COLUMN_SECONDS, age, 0, "time since it was created"),
	TEXT("CREATOR", creator, "user who created it"),
	NUMBER("CREATOR-UID", creator_uid, creator_uid, "the creator's number"),
	NUMBER("CREATOR-PID", pid, creator_pid, "process that created it"),
	TIME("LAST-SEND", last_send, "when the last message was sent; none: never"),
	NUMBER("LAST-SEND-PID", pid, last_send_pid, "process that sent it"),
	TIME("LAST-RECEIVE", last_receive, "when the last message was received; none: never"),
	NUMBER("LAST-RECEIVE-PID", pid, last_receive_pid, "process that received it"),
	TIME("LAST-CHANGE", last_change, "when it was created, or set last"),
	NUMBER("HIGH-WATERMARK", mark, high_watermark,
	       "when it holds so many messages it is told; none: never"),
	NUMBER("LOW-WATERMARK", mark, low_watermark, "and when it is down to so many after that"),
	{ "LEASE-LIMIT", "a message leased for longer is told; none: never", COLUMN_SECONDS,
	  lease_limit, 0, lease_limit_text, NULL },
	TEXT("HISTOGRAM", histogram, "whether the times of its messages are taken; none for a ring"),
	TEXT("SPACE", space,
	     "of the hub: sysv, posix or a number; none if it was not made through the hub"),
	TEXT("KEY", key, "what it is found by there; none: by its id alone"),
	TEXT("CREATOR-GROUP", creator_group, "group of who created it; of the hub alone"),
	NUMBER("CREATOR-GID", creator_gid, creator_gid, "the group's number"),
	TEXT("NOTIFY", notify, "how somebody is to be notified of a message; none: nobody is"),
	NUMBER("NOTIFY-PID", pid, notify_pid, "process that is"),
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
