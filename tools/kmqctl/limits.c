// SPDX-License-Identifier: GPL-2.0-only
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "complain.h"
#include "control.h"
#include "limits.h"
#include "parse.h"
#include "sysroot.h"
#include "table.h"
#include "text.h"

struct limit {
	const char *resource;
	const char *description;
	bool bytes;
	bool counted;		/* @used is known */
	uint64_t limit;
	uint64_t used;
};

bool limit_read(const char *name, uint64_t *limit)
{
	char path[128], value[32];

	snprintf(path, sizeof(path), "/sys/module/kmq/parameters/%s", name);
	return sysroot_read(path, value, sizeof(value)) > 0 &&
	       !parse_count(value, 0, UINT64_MAX, limit);
}

uint64_t limit_users_queues(const struct kmq_nl_queue *queues, size_t count, uid_t uid)
{
	uint64_t used = 0;

	for (size_t i = 0; i < count; i++)
		used += queues[i].info.uid == uid;
	return used;
}

static uint64_t charge_of(const struct kmq_info *info)
{
	uint64_t bytes = (uint64_t)info->capacity * info->inline_size;

	return info->max_message > info->inline_size ? bytes + info->byte_limit : bytes;
}

uint64_t limit_users_bytes(const struct kmq_nl_queue *queues, size_t count, uid_t uid)
{
	uint64_t used = 0;

	for (size_t i = 0; i < count; i++)
		used += queues[i].info.uid == uid ? charge_of(&queues[i].info) : 0;
	return used;
}

static struct json_object *resource(const struct column *column, const void *row)
{
	return json_object_new_string(((const struct limit *)row)->resource);
}

static struct json_object *description(const struct column *column, const void *row)
{
	return json_object_new_string(((const struct limit *)row)->description);
}

static struct json_object *most(const struct column *column, const void *row)
{
	return json_object_new_uint64(((const struct limit *)row)->limit);
}

static struct json_object *used(const struct column *column, const void *row)
{
	const struct limit *limit = row;

	return limit->counted ? json_object_new_uint64(limit->used) : NULL;
}

static struct json_object *use(const struct column *column, const void *row)
{
	const struct limit *limit = row;

	if (!limit->counted || !limit->limit)
		return NULL;
	return json_object_new_uint64((uint64_t)(100.0 * (double)limit->used /
						 (double)limit->limit));
}

/* Bytes for people, if this limit has bytes. */
static char *quantity(const struct limit *limit, uint64_t value)
{
	char *text = NULL;

	if (limit->bytes)
		return text_size(value);
	return asprintf(&text, "%llu", (unsigned long long)value) < 0 ? NULL : text;
}

static char *most_text(const void *row)
{
	return quantity(row, ((const struct limit *)row)->limit);
}

static char *used_text(const void *row)
{
	const struct limit *limit = row;

	return limit->counted ? quantity(limit, limit->used) : text_escape("-", 1, 0);
}

/* The last two stand for LIMIT and USED where sizes are for people. */
static const struct column limit_columns[] = {
	{ .name = "RESOURCE", .value = resource },
	{ .name = "DESCRIPTION", .value = description },
	{ .name = "LIMIT", .kind = COLUMN_NUMBER, .value = most },
	{ .name = "USED", .kind = COLUMN_NUMBER, .value = used },
	{ .name = "USE", .kind = COLUMN_PERCENT, .value = use },
	{ .name = "LIMIT", .kind = COLUMN_NUMBER, .value = most, .text = most_text },
	{ .name = "USED", .kind = COLUMN_NUMBER, .value = used, .text = used_text },
	{ 0 },
};

static void choose_columns(struct table_format *format)
{
	for (size_t i = 0; i < 5; i++)
		format->choice.columns[i] = &limit_columns[i];
	format->choice.count = 5;
	if (format->bytes || format->json)
		return;
	format->choice.columns[2] = &limit_columns[5];
	format->choice.columns[3] = &limit_columns[6];
}

static void add_parameter(struct table *table, struct limit limit, const char *parameter)
{
	if (limit_read(parameter, &limit.limit))
		table_add(table, &limit);
}

int limits_print(struct table_format *format)
{
	struct kmq_nl_queue *queues;
	uid_t uid = geteuid();
	struct table *table;
	size_t count;
	int status;

	status = control_list(NULL, &queues, &count);
	if (status)
		return status;
	choose_columns(format);
	table = table_new(format, "limits");
	add_parameter(table, (struct limit){ LIMIT_QUEUES, "queues, of all users", false,
		      /* Another user does not see them all. */
		      !uid, 0, count }, LIMIT_QUEUES);
	add_parameter(table, (struct limit){ LIMIT_USERS_QUEUES, "queues of a user; yours",
		      false, true, 0, limit_users_queues(queues, count, uid) },
		      LIMIT_USERS_QUEUES);
	add_parameter(table, (struct limit){ LIMIT_USERS_BYTES,
		      "memory of a user's queues; yours, at least",
		      true, true, 0, limit_users_bytes(queues, count, uid) }, LIMIT_USERS_BYTES);
	table_add(table, &(struct limit){ "capacity", "messages in a queue", false, false,
					  KMQ_CAPACITY_MAX, 0 });
	table_add(table, &(struct limit){ "max_message", "size of a message", true, false,
					  KMQ_MESSAGE_MAX, 0 });
	table_add(table, &(struct limit){ "byte_limit", "bytes of all messages in a queue", true,
					  false, KMQ_BYTE_LIMIT_MAX, 0 });
	table_add(table, &(struct limit){ "ring_size", "size of a ring", true, false,
					  KMQ_RING_SIZE_MAX, 0 });
	table_print(table, false);
	free(queues);
	return STATUS_OK;
}
