// SPDX-License-Identifier: GPL-2.0-only
#include <json-c/json.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "memory.h"
#include "output.h"
#include "table.h"
#include "text.h"

const struct option_spec table_options[] = {
	{ 'J', "json", NULL, "print JSON, sizes in bytes; all columns without -o" },
	{ 'b', "bytes", NULL, "print sizes in bytes" },
	{ 'o', "output", "COL,...", "show these columns; +COL,... adds to the usual ones" },
	{ OPTION_NOHEADINGS, "noheadings", NULL, "print no heading line" },
	{ OPTION_RAW, "raw", NULL, "one blank between columns, a blank in a cell as \\x20" },
	{ 0 },
};

struct table {
	const struct table_format *format;
	struct json_object *object, *array;	/* in JSON: all, and the rows; */
	struct libscols_table *lines;		/* else, where it is not raw */
};

bool table_option(struct table_format *format, int code)
{
	switch (code) {
	case 'J':
		format->json = true;
		return true;
	case 'b':
		format->bytes = true;
		return true;
	case 'o':
		format->output = optarg;
		return true;
	case OPTION_NOHEADINGS:
		format->noheadings = true;
		return true;
	case OPTION_RAW:
		format->raw = true;
		return true;
	}
	return false;
}

int table_settle(struct table_format *format, const struct command *command, const char *usual)
{
	const char *defaults = usual ? usual : command->default_columns;
	const char *list = format->output ? format->output : defaults;
	char wrong[64];

	if (format->json && !format->output && !usual) {
		column_choose_all(&format->choice, command->columns);
		return STATUS_OK;
	}
	if (!column_choose(&format->choice, command->columns, list, defaults, wrong))
		return STATUS_OK;
	if (!*wrong)
		return command_misused(command, "-o names more than %d columns",
				       COLUMN_CHOICE_MAX);
	return command_misused(command, "there is no column '%s'", wrong);
}

static struct json_object *seconds(uint64_t ns)
{
	char *text = memory_print("%llu.%06llu", (unsigned long long)(ns / NS_PER_SECOND),
				  (unsigned long long)(ns % NS_PER_SECOND / 1000));
	struct json_object *value = json_object_new_double_s((double)ns / 1e9, text);

	free(text);
	return value;
}

struct json_object *table_object(const struct table_format *format, const void *row)
{
	struct json_object *object = memory_check(json_object_new_object());

	for (size_t i = 0; i < format->choice.count; i++) {
		const struct column *column = format->choice.columns[i];
		struct json_object *value = column->value(column, row);
		char key[64];

		if (value && column->kind == COLUMN_SECONDS) {
			uint64_t ns = json_object_get_uint64(value);

			json_object_put(value);
			value = seconds(ns);
		}
		column_key(column, key);
		json_object_object_add(object, key, value);
	}
	return object;
}

static char *string_text(struct json_object *value)
{
	const char *string = json_object_get_string(value);

	return text_escape(string, strlen(string), output_escapes());
}

static char *value_text(const struct table_format *format, const struct column *column,
			struct json_object *value)
{
	switch (column->kind) {
	case COLUMN_SIZE:
		if (!format->bytes)
			return text_size(json_object_get_uint64(value));
		break;
	case COLUMN_SECONDS:
		return text_age(json_object_get_uint64(value));
	case COLUMN_TIME:
		return text_time(json_object_get_uint64(value), (uint64_t)time(NULL));
	case COLUMN_PERCENT:
		return memory_print("%s%%", json_object_get_string(value));
	case COLUMN_TEXT:
	case COLUMN_NUMBER:
		break;
	}
	return string_text(value);
}

static char *cell_text(const struct table_format *format, const struct column *column,
		       const void *row)
{
	struct json_object *value;
	char *text;

	if (column->text)
		return column->text(row);
	value = column->value(column, row);
	text = value ? value_text(format, column, value) : memory_print("-");
	json_object_put(value);
	return text;
}

char *table_text(const struct table_format *format, const struct column *column,
		 const void *row)
{
	char *text = cell_text(format, column, row);

	if (*text)
		return text;
	/* An empty cell would shift the words of a line for awk and cut. */
	free(text);
	return memory_print("-");
}

static void print_headings(const struct table_format *format)
{
	const struct column_choice *choice = &format->choice;

	if (format->noheadings)
		return;
	for (size_t i = 0; i < choice->count; i++)
		printf("%s%s", i ? " " : "", choice->columns[i]->name);
	putchar('\n');
}

static void print_raw(const struct table_format *format, const void *row)
{
	for (size_t i = 0; i < format->choice.count; i++) {
		char *text = table_text(format, format->choice.columns[i], row);

		if (i)
			putchar(' ');
		for (const char *at = text; *at; at++) {
			if (*at == ' ')
				fputs("\\x20", stdout);
			else
				putchar(*at);
		}
		free(text);
	}
	putchar('\n');
}

/*
 * Without headings a table is for a script: columns are no wider than what is
 * in them, and a line does not begin with blanks.
 */
static void add_columns(struct table *table)
{
	const struct column_choice *choice = &table->format->choice;
	bool headings = !table->format->noheadings;

	for (size_t i = 0; i < choice->count; i++) {
		const struct column *column = choice->columns[i];
		int flags = headings && column->kind != COLUMN_TEXT ? SCOLS_FL_RIGHT : 0;

		memory_check(scols_table_new_column(table->lines, headings ? column->name : "", 0,
						    flags));
	}
}

struct table *table_new(const struct table_format *format, const char *key)
{
	struct table *table = memory_get(sizeof(*table));

	table->format = format;
	if (format->json) {
		table->object = memory_check(json_object_new_object());
		table->array = memory_check(json_object_new_array());
		json_object_object_add(table->object, key, table->array);
		return table;
	}
	if (format->raw) {
		print_headings(format);
		return table;
	}
	table->lines = memory_check(scols_new_table());
	scols_table_enable_noheadings(table->lines, format->noheadings);
	/* Cells come escaped already, and lines are cut nowhere. */
	scols_table_enable_noencoding(table->lines, 1);
	scols_table_set_termforce(table->lines, SCOLS_TERMFORCE_NEVER);
	add_columns(table);
	return table;
}

void table_add(struct table *table, const void *row)
{
	const struct column_choice *choice = &table->format->choice;
	struct libscols_line *line;

	if (table->array) {
		json_object_array_add(table->array, table_object(table->format, row));
		return;
	}
	if (!table->lines) {
		print_raw(table->format, row);
		return;
	}
	line = memory_check(scols_table_new_line(table->lines, NULL));
	for (size_t i = 0; i < choice->count; i++)
		scols_line_refer_data(line, i, table_text(table->format, choice->columns[i], row));
}

void json_print(struct json_object *value, bool compact)
{
	int flags = compact ? JSON_C_TO_STRING_PLAIN
			    : JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;

	puts(json_object_to_json_string_ext(value, flags | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(value);
}

void table_tell(struct table *table, const char *key, struct json_object *value)
{
	if (table->object)
		json_object_object_add(table->object, key, value);
	else
		json_object_put(value);
}

/* libsmartcols prints nothing at all for a table without lines. */
static void print_lines(struct table *table)
{
	if (scols_table_is_empty(table->lines))
		print_headings(table->format);
	else
		scols_print_table(table->lines);
}

void table_print(struct table *table, bool compact)
{
	if (table->object) {
		json_print(table->object, compact);
	} else if (table->lines) {
		print_lines(table);
		scols_unref_table(table->lines);
	}
	free(table);
}
