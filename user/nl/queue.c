// SPDX-License-Identifier: LGPL-2.1-or-later
/* Queues: looked at, made, changed, removed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/errno.h>

#include "internal.h"

#define INFO(type, member) FIELD(type, kmq_nl_queue, info.member)
#define QUEUE(type, member) FIELD(type, kmq_nl_queue, member)
#define SETTING(type, member) FIELD(type, kmq_nl_settings, member)

static const libkmq_nl_fields queue_fields = {
	[KMQ_A_UNSPEC] = QUEUE(MORE, has_more),
	[KMQ_A_ID] = INFO(U32, id),
	[KMQ_A_NAME] = INFO(STRING, name),
	[KMQ_A_KIND] = INFO(U32, kind),
	[KMQ_A_POLICY] = INFO(U32, policy),
	[KMQ_A_LIFETIME] = INFO(U32, lifetime),
	[KMQ_A_CAPACITY] = INFO(U32, capacity),
	[KMQ_A_INLINE_SIZE] = INFO(U32, inline_size),
	[KMQ_A_MAX_MESSAGE] = INFO(U32, max_message),
	[KMQ_A_BYTE_LIMIT] = INFO(U64, byte_limit),
	[KMQ_A_MODE] = INFO(U32, mode),
	[KMQ_A_UID] = INFO(U32, uid),
	[KMQ_A_GID] = INFO(U32, gid),
	[KMQ_A_RING_MODE] = INFO(U32, ring_mode),
	[KMQ_A_CREATED] = INFO(U64, created),
	[KMQ_A_BYTES] = INFO(U64, bytes),
	[KMQ_A_QUEUED] = INFO(U64, queued),
	[KMQ_A_LEASED] = INFO(U64, leased),
	[KMQ_A_SENT] = INFO(U64, sent),
	[KMQ_A_RECEIVED] = INFO(U64, received),
	[KMQ_A_DROPPED] = INFO(U64, dropped),
	[KMQ_A_PURGED] = INFO(U64, purged),
	[KMQ_A_RETURNED] = INFO(U64, returned),
	[KMQ_A_REJECTED] = INFO(U64, rejected),
	[KMQ_A_CALLS] = INFO(U64, calls),
	[KMQ_A_REPLIES] = INFO(U64, replies),
	[KMQ_A_PEAK] = INFO(U64, peak),
	[KMQ_A_ABANDONED] = INFO(U64, abandoned),
	[KMQ_A_BLOCKED_SENDERS] = INFO(U32, blocked_senders),
	[KMQ_A_BLOCKED_RECEIVERS] = INFO(U32, blocked_receivers),
	[KMQ_A_BLOCKED_CALLERS] = INFO(U32, blocked_callers),
	[KMQ_A_DESCRIPTORS] = INFO(U32, descriptors),
	[KMQ_A_ATTACHMENTS] = INFO(U32, attachments),
	[KMQ_A_DEATHS] = INFO(U32, deaths),
	[KMQ_A_RING_FLAGS] = INFO(U32, ring_flags),
	[KMQ_A_CREATOR_UID] = QUEUE(U32, creator_uid),
	[KMQ_A_CREATOR_PID] = QUEUE(U32, creator_pid),
	[KMQ_A_HIGH_WATERMARK] = QUEUE(U32, high_watermark),
	[KMQ_A_LOW_WATERMARK] = QUEUE(U32, low_watermark),
	[KMQ_A_LEASE_LIMIT] = QUEUE(U32, lease_limit),
	[KMQ_A_HISTOGRAM] = QUEUE(U32, histogram),
	[KMQ_A_LAST_SEND] = QUEUE(U64, last_send),
	[KMQ_A_LAST_RECEIVE] = QUEUE(U64, last_receive),
	[KMQ_A_LAST_CHANGE] = QUEUE(U64, last_change),
	[KMQ_A_LAST_SEND_PID] = QUEUE(U32, last_send_pid),
	[KMQ_A_LAST_RECEIVE_PID] = QUEUE(U32, last_receive_pid),
	[KMQ_A_SPACE] = QUEUE(U32, space),
	[KMQ_A_KEY] = QUEUE(KEY_SIZE, key_size),
	[KMQ_A_CREATOR_GID] = QUEUE(U32, creator_gid),
	[KMQ_A_NOTIFY_PID] = QUEUE(U32, notify_pid),
	[KMQ_A_NOTIFY_SHOW] = QUEUE(PAIR, notify_show),
};

static const libkmq_nl_fields key_fields = {
	[KMQ_A_UNSPEC] = FIELD(MORE, kmq_nl_key, has_more),
	[KMQ_A_SPACE] = FIELD(U32, kmq_nl_key, space),
	[KMQ_A_KEY] = FIELD(KEY, kmq_nl_key, bytes),
};

_Static_assert(offsetof(struct kmq_nl_key, bytes) == offsetof(struct kmq_nl_key, size) + sizeof(uint32_t),
	       "FIELD_KEY has its number before it");

static const libkmq_nl_fields histograms_fields = {
	[KMQ_A_TIME_QUEUED] = FIELD(BUCKETS, kmq_nl_histograms, queued.bucket),
	[KMQ_A_TIME_BLOCKED] = FIELD(BUCKETS, kmq_nl_histograms, blocked.bucket),
};

static const libkmq_nl_fields settings_fields = {
	[KMQ_A_KIND] = SETTING(U32, kind),
	[KMQ_A_POLICY] = SETTING(U32, policy),
	[KMQ_A_LIFETIME] = SETTING(U32, lifetime),
	[KMQ_A_CAPACITY] = SETTING(U32, capacity),
	[KMQ_A_INLINE_SIZE] = SETTING(U32, inline_size),
	[KMQ_A_MAX_MESSAGE] = SETTING(U32, max_message),
	[KMQ_A_BYTE_LIMIT] = SETTING(U64, byte_limit),
	[KMQ_A_MODE] = SETTING(U32, mode),
	[KMQ_A_UID] = SETTING(U32, uid),
	[KMQ_A_GID] = SETTING(U32, gid),
	[KMQ_A_RING_MODE] = SETTING(U32, ring_mode),
	[KMQ_A_HIGH_WATERMARK] = SETTING(U32, high_watermark),
	[KMQ_A_LOW_WATERMARK] = SETTING(U32, low_watermark),
	[KMQ_A_LEASE_LIMIT] = SETTING(U32, lease_limit),
	[KMQ_A_HISTOGRAM] = SETTING(U32, histogram),
};

static const libkmq_nl_fields filter_fields = {
	[KMQ_A_UID] = FIELD(U32, kmq_nl_filter, uid),
	[KMQ_A_KIND] = FIELD(U32, kmq_nl_filter, kind),
};

int libkmq_nl_parse_queue(const struct nlmsghdr *header, struct kmq_nl_queue *queue)
{
	memset(queue, 0, sizeof(*queue));
	return libkmq_nl_parse(queue_fields, header, KMQ_NL_BIT(KMQ_A_ID), queue);
}

int libkmq_nl_parse_histograms(const struct nlmsghdr *header, struct kmq_nl_histograms *histograms)
{
	memset(histograms, 0, sizeof(*histograms));
	return libkmq_nl_parse(histograms_fields, header, 0, histograms);
}

int libkmq_nl_parse_key(const struct nlmsghdr *header, struct kmq_nl_key *key)
{
	memset(key, 0, sizeof(*key));
	return libkmq_nl_parse(key_fields, header, 0, key);
}

/* One queue, as it was answered. @told: that it was. */
struct one {
	bool told;
	struct kmq_nl_queue queue;
	struct kmq_nl_histograms histograms;
	struct kmq_nl_key key;
};

static int take_one(const struct nlmsghdr *header, void *data)
{
	struct one *one = data;
	int error = libkmq_nl_parse_queue(header, &one->queue);

	if (!error)
		error = libkmq_nl_parse_histograms(header, &one->histograms);
	if (!error)
		error = libkmq_nl_parse_key(header, &one->key);
	one->told = !error;
	return error;
}

static int ask_one(struct kmq_nl *nl, struct nl_msg *msg, int put, struct one *one)
{
	one->told = false;
	if (libkmq_nl_ask(nl, msg, put, take_one, one) < 0)
		return -1;
	return one->told ? 0 : libkmq_nl_fail(nl, EBADMSG, NULL);
}

int kmq_nl_get(struct kmq_nl *nl, const char *name, uint32_t id,
	       struct kmq_nl_queue *queue, struct kmq_nl_histograms *histograms)
{
	struct nl_msg *msg = libkmq_nl_request(nl, KMQ_CMD_QUEUE_GET, 0);
	struct one one;

	if (ask_one(nl, msg, libkmq_nl_put_name(msg, name, id), &one))
		return -1;
	if (queue)
		*queue = one.queue;
	if (histograms)
		*histograms = one.histograms;
	return 0;
}

int kmq_nl_key(struct kmq_nl *nl, uint32_t id, struct kmq_nl_key *key)
{
	struct nl_msg *msg = libkmq_nl_request(nl, KMQ_CMD_QUEUE_GET, 0);
	struct one one;

	if (ask_one(nl, msg, libkmq_nl_put_name(msg, NULL, id), &one))
		return -1;
	*key = one.key;
	return 0;
}

/* Who is told of each queue. */
struct audience {
	int (*each)(const struct kmq_nl_queue *queue, void *data);
	void *data;
};

static int take_each(const struct nlmsghdr *header, void *data)
{
	struct audience *audience = data;
	struct kmq_nl_queue queue;
	int error = libkmq_nl_parse_queue(header, &queue);

	if (error)
		return error;
	return audience->each(&queue, audience->data) ? ECANCELED : 0;
}

static int put_filter(struct nl_msg *msg, const struct kmq_nl_filter *filter)
{
	int result;

	if (!msg)
		return -NLE_NOMEM;
	if (!filter)
		return 0;
	result = libkmq_nl_put(filter_fields, msg, filter);
	if (result < 0 || !filter->pattern)
		return result;
	return nla_put_string(msg, KMQ_A_PATTERN, filter->pattern);
}

int kmq_nl_dump(struct kmq_nl *nl, const struct kmq_nl_filter *filter,
		int (*each)(const struct kmq_nl_queue *queue, void *data), void *data)
{
	struct nl_msg *msg = libkmq_nl_request(nl, KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
	struct audience audience = { each, data };

	return libkmq_nl_ask(nl, msg, put_filter(msg, filter), take_each, &audience);
}

struct list {
	struct kmq_nl_queue *queues;
	size_t count;
	size_t room;
};

static int grow(struct list *list)
{
	struct kmq_nl_queue *queues;
	size_t room = 2 * list->room + 16;

	queues = reallocarray(list->queues, room, sizeof(*queues));
	if (!queues)
		return -1;
	list->queues = queues;
	list->room = room;
	return 0;
}

static int add_to_list(const struct kmq_nl_queue *queue, void *data)
{
	struct list *list = data;

	if (list->count == list->room && grow(list))
		return -1;
	list->queues[list->count++] = *queue;
	return 0;
}

int kmq_nl_list(struct kmq_nl *nl, const struct kmq_nl_filter *filter,
		struct kmq_nl_queue **queues, size_t *count)
{
	struct list list = { .queues = NULL };
	int result = kmq_nl_dump(nl, filter, add_to_list, &list);

	if (result < 0) {
		/* Nothing else stops there. */
		if (errno == ECANCELED)
			libkmq_nl_fail(nl, ENOMEM, NULL);
		free(list.queues);
		return -1;
	}
	*queues = list.queues;
	*count = list.count;
	return result;
}

static int put_settings(struct nl_msg *msg, const struct kmq_nl_settings *settings)
{
	return settings ? libkmq_nl_put(settings_fields, msg, settings) : 0;
}

int kmq_nl_create(struct kmq_nl *nl, const char *name, const struct kmq_nl_settings *settings,
		  unsigned int flags, struct kmq_nl_queue *queue)
{
	struct nl_msg *msg;
	struct one one;
	int put;

	libkmq_nl_begin(nl);
	if (!name || (flags & ~KMQ_CREATE_EXCLUSIVE))
		return libkmq_nl_fail(nl, EINVAL, name ? "unknown flag" : "a queue that is to be made needs a name");
	msg = libkmq_nl_request(nl, KMQ_CMD_QUEUE_NEW, flags ? NLM_F_EXCL : 0);
	put = libkmq_nl_put_name(msg, name, 0);
	if (put >= 0)
		put = put_settings(msg, settings);
	if (ask_one(nl, msg, put, &one))
		return -1;
	if (queue)
		*queue = one.queue;
	return 0;
}

int kmq_nl_set(struct kmq_nl *nl, const char *name, uint32_t id,
	       const struct kmq_nl_settings *settings)
{
	struct nl_msg *msg = libkmq_nl_request(nl, KMQ_CMD_QUEUE_SET, 0);
	int put = libkmq_nl_put_name(msg, name, id);

	if (put >= 0)
		put = put_settings(msg, settings);
	return libkmq_nl_ask(nl, msg, put, NULL, NULL) < 0 ? -1 : 0;
}

int kmq_nl_remove(struct kmq_nl *nl, const char *name, uint32_t id)
{
	struct nl_msg *msg = libkmq_nl_request(nl, KMQ_CMD_QUEUE_DEL, 0);

	return libkmq_nl_ask(nl, msg, libkmq_nl_put_name(msg, name, id), NULL, NULL) < 0 ? -1 : 0;
}
