// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "column.h"

static const struct column *column_find(const struct column *columns, const char *name,
					size_t length)
{
	for (; columns->name; columns = column_next(columns)) {
		if (strlen(columns->name) == length && !strncasecmp(columns->name, name, length))
			return columns;
	}
	return NULL;
}

static int column_append(struct column_choice *choice, const struct column *columns,
			 const char *list, char wrong[64])
{
	for (;;) {
		size_t length = strcspn(list, ",");
		const struct column *column = column_find(columns, list, length);

		snprintf(wrong, 64, "%.*s", (int)(length < 63 ? length : 63), list);
		if (!column)
			return -1;
		if (choice->count == COLUMN_CHOICE_MAX) {
			*wrong = '\0';
			return -1;
		}
		choice->columns[choice->count++] = column;
		if (!list[length])
			return 0;
		list += length + 1;
	}
}

int column_choose(struct column_choice *choice, const struct column *columns,
		  const char *list, const char *defaults, char wrong[64])
{
	choice->count = 0;
	if (*list == '+') {
		list++;
		if (column_append(choice, columns, defaults, wrong))
			return -1;
	}
	return column_append(choice, columns, list, wrong);
}

void column_choose_all(struct column_choice *choice, const struct column *columns)
{
	choice->count = 0;
	for (; columns->name && choice->count < COLUMN_CHOICE_MAX; columns = column_next(columns))
		choice->columns[choice->count++] = columns;
}

void column_key(const struct column *column, char key[64])
{
	size_t i;

	for (i = 0; column->name[i] && i < 63; i++) {
		unsigned char letter = (unsigned char)column->name[i];

		key[i] = letter == '-' ? '_' : (char)tolower(letter);
	}
	key[i] = '\0';
}
