/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows on standard output: a table for people, or JSON for scripts. */
#ifndef KMQCTL_TABLE_H
#define KMQCTL_TABLE_H

#include <stdbool.h>

#include "column.h"
#include "command.h"

/* How the user wants it: the options that every command with a table has. */
struct table_format {
	bool json;
	bool bytes;
	bool noheadings;
	bool raw;
	const char *output;	/* argument of -o, or NULL */
	struct column_choice choice;
};

extern const struct option_spec table_options[];

/* Takes one of table_options[]. Returns false if it is another option. */
bool table_option(struct table_format *format, int code);

/*
 * Settles which columns are shown, once all options are known: those of -o, else
 * those of @usual; where it is NULL, all in JSON and the command's defaults in a
 * table. Returns STATUS_OK, or STATUS_USAGE when -o is wrong, which has been said.
 */
int table_settle(struct table_format *format, const struct command *command, const char *usual);

/* One row as a JSON object, new; only the columns of the choice. */
struct json_object *table_object(const struct table_format *format, const void *row);

/* What one cell of a table shows; the caller frees it. */
char *table_text(const struct table_format *format, const struct column *column,
		 const void *row);

/* Rows to be printed together. They may change once they were added. */
struct table;

/* @key names the array in JSON. */
struct table *table_new(const struct table_format *format, const char *key);
void table_add(struct table *table, const void *row);
/* In JSON, a member beside the array; @value is the table's from now on. Else nothing. */
void table_tell(struct table *table, const char *key, struct json_object *value);
/* Prints all and frees the table; JSON on one line if @compact. */
void table_print(struct table *table, bool compact);

/* Prints a JSON value and a newline, and frees it. */
void json_print(struct json_object *value, bool compact);

#endif
