// SPDX-License-Identifier: GPL-2.0-only
#include "table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define GAP	2	/* spaces between columns */

struct row {
	char *cells[TABLE_COLUMNS];
	unsigned int count;
	char *rest;
};

struct table {
	struct row *rows;
	size_t count;
};

static void *or_exit(void *memory)
{
	if (memory)
		return memory;
	fputs("kmqcompare: out of memory\n", stderr);
	exit(1);
}

struct table *table_new(void)
{
	return or_exit(calloc(1, sizeof(struct table)));
}

void table_free(struct table *table)
{
	for (size_t r = 0; r < table->count; r++) {
		for (unsigned int c = 0; c < table->rows[r].count; c++)
			free(table->rows[r].cells[c]);
		free(table->rows[r].rest);
	}
	free(table->rows);
	free(table);
}

void table_row(struct table *table)
{
	table->rows = or_exit(reallocarray(table->rows, table->count + 1, sizeof(*table->rows)));
	table->rows[table->count++] = (struct row){ .count = 0 };
}

__attribute__((format(printf, 1, 0)))
static char *text_of(const char *format, va_list arguments)
{
	char *text;

	return vasprintf(&text, format, arguments) < 0 ? or_exit(NULL) : text;
}

void table_cell(struct table *table, const char *format, ...)
{
	struct row *row = &table->rows[table->count - 1];
	va_list arguments;

	if (row->count == TABLE_COLUMNS)
		return;
	va_start(arguments, format);
	row->cells[row->count++] = text_of(format, arguments);
	va_end(arguments);
}

void table_rest(struct table *table, const char *format, ...)
{
	struct row *row = &table->rows[table->count - 1];
	va_list arguments;

	va_start(arguments, format);
	free(row->rest);
	row->rest = text_of(format, arguments);
	va_end(arguments);
}

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	for (;;) {
		size_t length = strcspn(text, "\n");

		longest = length > longest ? length : longest;
		if (!text[length])
			return longest;
		text += length + 1;
	}
}

static unsigned int lines_of(const char *text)
{
	unsigned int lines = 1;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void measure(const struct table *table, size_t widths[TABLE_COLUMNS])
{
	memset(widths, 0, TABLE_COLUMNS * sizeof(*widths));
	for (size_t r = 0; r < table->count; r++)
		for (unsigned int c = 0; c < table->rows[r].count; c++) {
			size_t length = longest_line(table->rows[r].cells[c]);

			widths[c] = length > widths[c] ? length : widths[c];
		}
}

/*
 * Line @line, of @lines, of a text; one with fewer lines hangs at the bottom.
 * The length is in @length.
 */
static const char *line_of(const char *text, unsigned int line, unsigned int lines, int *length)
{
	unsigned int above = lines - lines_of(text);

	*length = 0;
	if (line < above)
		return "";
	for (line -= above; line; line--)
		text = strchr(text, '\n') + 1;
	*length = strcspn(text, "\n");
	return text;
}

static void print_line(const struct row *row, unsigned int line, unsigned int lines,
		       const size_t *widths, FILE *file)
{
	for (unsigned int c = 0; c < row->count; c++) {
		int length, width = widths[c];
		const char *text = line_of(row->cells[c], line, lines, &length);
		int pad = width - length;

		if (c)
			fprintf(file, "%*s%.*s", GAP + pad, "", length, text);
		else if (row->count > 1 || row->rest)
			fprintf(file, "%.*s%*s", length, text, pad, "");
		else
			fprintf(file, "%.*s", length, text);
	}
	if (row->rest)
		fprintf(file, "%*s%s", GAP, "", row->rest);
	fputc('\n', file);
}

static void print_rule(const size_t *widths, FILE *file)
{
	for (unsigned int c = 0; c < TABLE_COLUMNS && (widths[c] || !c); c++)
		for (size_t i = 0; i < widths[c] + (c ? GAP : 0); i++)
			fputc('-', file);
	fputc('\n', file);
}

void table_print(const struct table *table, FILE *file)
{
	size_t widths[TABLE_COLUMNS];

	measure(table, widths);
	for (size_t r = 0; r < table->count; r++) {
		const struct row *row = &table->rows[r];
		unsigned int lines = 1;

		for (unsigned int c = 0; c < row->count; c++)
			lines = lines_of(row->cells[c]) > lines ? lines_of(row->cells[c]) : lines;
		for (unsigned int line = 0; line < lines; line++)
			print_line(row, line, lines, widths, file);
		if (!r)
			print_rule(widths, file);
	}
}
