// SPDX-License-Identifier: GPL-2.0-only
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "memory.h"
#include "top.h"

/* ------------------------------------------------------------------------
 * Columns
 */

static struct json_object *rate(const struct column *column, const void *row)
{
	double value = *(const double *)((const char *)row + column->offset);
	struct json_object *number;
	char *text;

	if (!((const struct top_row *)row)->rated)
		return NULL;
	text = memory_print("%.1f", value);
	number = json_object_new_double_s(value, text);
	free(text);
	return number;
}

/* "1234", "12.5", "98.7k", "1.2M" a second */
static char *rate_text(double value)
{
	if (value >= 1e6)
		return memory_print("%.1fM", value / 1e6);
	if (value >= 1e4)
		return memory_print("%.1fk", value / 1e3);
	return memory_print(value < 100 && value != (double)(long)value ? "%.1f" : "%.0f", value);
}

#define RATE_TEXT(member) \
	static char *member##_text(const void *row) \
	{ \
		const struct top_row *top_row = row; \
\
		return top_row->rated ? rate_text(top_row->member) : memory_print("-"); \
	}

RATE_TEXT(in)
RATE_TEXT(out)
RATE_TEXT(drops)

static unsigned int asleep_of(const struct kmq_info *info)
{
	return info->blocked_senders + info->blocked_receivers + info->blocked_callers;
}

static struct json_object *asleep(const struct column *column, const void *row)
{
	return json_object_new_int64(asleep_of(&((const struct kmq_nl_queue *)row)->info));
}

/* "3s,1r": who sleeps, by the letters of send, receive and call. */
static char *asleep_text(const void *row)
{
	const struct kmq_info *info = &((const struct kmq_nl_queue *)row)->info;
	const unsigned int counts[] = {
		info->blocked_senders, info->blocked_receivers, info->blocked_callers,
	};
	char *text = memory_print("%s", "");

	for (size_t i = 0; i < 3; i++) {
		char *longer;

		if (!counts[i])
			continue;
		longer = memory_print("%s%s%u%c", text, *text ? "," : "", counts[i], "src"[i]);
		free(text);
		text = longer;
	}
	return text;
}

#define RATE(name, member, help) \
	{ name, help, COLUMN_NUMBER, rate, offsetof(struct top_row, member), member##_text, NULL }

const struct column top_columns[] = {
	RATE("IN", in, "messages accepted a second"),
	RATE("OUT", out, "messages received a second"),
	RATE("DROPS", drops, "messages dropped by policy a second"),
	{ "ASLEEP", "tasks asleep: s to send, r to receive, c for the reply to a call",
	  COLUMN_NUMBER, asleep, 0, asleep_text, NULL },
	{ .more = queue_columns },
};

/* ------------------------------------------------------------------------
 * Rates
 */

static const struct top_row *seen_before(const struct top *top, uint32_t id)
{
	for (size_t i = 0; i < top->count; i++) {
		if (top->rows[i].queue.info.id == id)
			return &top->rows[i];
	}
	return NULL;
}

/* Dumps come in the order of ids, and so most are where they are looked for first. */
static const struct top_row *was(const struct top *top, uint32_t id, size_t guess)
{
	if (guess < top->count && top->rows[guess].queue.info.id == id)
		return &top->rows[guess];
	return seen_before(top, id);
}

static void rate_since(struct top_row *row, const struct top_row *before, uint64_t ns)
{
	struct kmq_info grown = row->queue.info;
	double seconds = (double)ns / 1e9;

	queue_since(&grown, &before->queue.info);
	row->rated = true;
	row->in = (double)grown.sent / seconds;
	row->out = (double)grown.received / seconds;
	row->drops = (double)grown.dropped / seconds;
}

void top_forget(struct top *top)
{
	for (size_t i = 0; i < top->count; i++)
		free(top->rows[i].text);
	free(top->rows);
	top->rows = NULL;
	top->count = 0;
}

void top_take(struct top *top, const struct kmq_nl_queue *queues, size_t count, uint64_t now)
{
	struct top_row *rows = memory_get(count * sizeof(*rows));

	for (size_t i = 0; i < count; i++) {
		const struct top_row *before = was(top, queues[i].info.id, i);

		rows[i].queue = queues[i];
		if (before && now > top->taken)
			rate_since(&rows[i], before, now - top->taken);
	}
	top_forget(top);
	top->rows = rows;
	top->count = count;
	top->taken = now;
}

/* ------------------------------------------------------------------------
 * Order
 */

static void note_key(const struct top *top, struct top_row *row)
{
	struct json_object *value = top->sort->value(top->sort, row);

	free(row->text);
	row->text = NULL;
	row->number = -1;
	if (json_object_is_type(value, json_type_string))
		row->text = memory_print("%s", json_object_get_string(value));
	else if (value)
		row->number = json_object_get_double(value);
	json_object_put(value);
}

static int by_key(const void *left, const void *right, void *data)
{
	const struct top_row *a = left, *b = right;
	const struct top *top = data;
	int order = 0;

	if (a->text && b->text)
		order = strcmp(a->text, b->text);
	else if (a->text || b->text)
		return a->text ? -1 : 1;
	else if ((a->number < 0) != (b->number < 0))
		return a->number < 0 ? 1 : -1;
	else
		order = (a->number < b->number) - (a->number > b->number);
	if (order)
		return top->reverse ? -order : order;
	return (a->queue.info.id > b->queue.info.id) - (a->queue.info.id < b->queue.info.id);
}

void top_order(struct top *top)
{
	for (size_t i = 0; i < top->count; i++)
		note_key(top, &top->rows[i]);
	qsort_r(top->rows, top->count, sizeof(*top->rows), by_key, top);
}
