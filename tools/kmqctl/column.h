/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What can be shown of a thing: one table of columns per kind of thing. The
 * names are promised to scripts; what a cell looks like in a table is not, what
 * it is in JSON is.
 */
#ifndef KMQCTL_COLUMN_H
#define KMQCTL_COLUMN_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;

enum column_kind {
	COLUMN_TEXT,
	COLUMN_NUMBER,
	COLUMN_SIZE,	/* bytes; a table shows 8K unless told otherwise */
	COLUMN_SECONDS,	/* value in ns; JSON has seconds, a table 3m20s */
	COLUMN_PERCENT,
	COLUMN_TIME,	/* value in s since 1970; a table shows local time */
};

struct column {
	const char *name;	/* upper case; the JSON key is it in lower case */
	const char *help;
	enum column_kind kind;
	/* The value as JSON, new; NULL for none. A time is an integer, in ns. */
	struct json_object *(*value)(const struct column *column, const void *row);
	size_t offset;		/* for value(), of the member in a row */
	/* What a table shows instead, to be freed; NULL: what the value says. */
	char *(*text)(const void *row);
	/* In the empty element that ends an array: where it goes on, or NULL. */
	const struct column *more;
};

/* The one behind it; one without a name behind the last. */
static inline const struct column *column_next(const struct column *column)
{
	column++;
	return column->name || !column->more ? column : column->more;
}

#define COLUMN_CHOICE_MAX	64

struct column_choice {
	const struct column *columns[COLUMN_CHOICE_MAX];
	size_t count;
};

/*
 * Columns by their names in @list, separated by commas, in any case; a leading
 * plus sign puts them behind those of @defaults. An empty list is an error.
 * Returns 0, or -1 with the bad name in @wrong (empty: too many).
 */
int column_choose(struct column_choice *choice, const struct column *columns,
		  const char *list, const char *defaults, char wrong[64]);

/* All of them. */
void column_choose_all(struct column_choice *choice, const struct column *columns);

/* Key of a column in JSON: letters in lower case, '-' as '_'. */
void column_key(const struct column *column, char key[64]);

#endif
