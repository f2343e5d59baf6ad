/* SPDX-License-Identifier: GPL-2.0-only */
/* A table for the terminal: cells are text, columns are as wide as they must be. */
#ifndef KMQCOMPARE_TABLE_H
#define KMQCOMPARE_TABLE_H

#include <stdio.h>

#define TABLE_COLUMNS	16

struct table;

/* The first column is flush left, the others right. Exits if there is no memory. */
struct table *table_new(void);
void table_free(struct table *table);

/* Begins a row. The first one is the head; its cells may have two lines ("a\nb"). */
void table_row(struct table *table);

/* Adds a cell to the row begun last, as printf() says it. */
__attribute__((format(printf, 2, 3)))
void table_cell(struct table *table, const char *format, ...);

/* A text that fills the rest of the row, flush left, however long. */
__attribute__((format(printf, 2, 3)))
void table_rest(struct table *table, const char *format, ...);

void table_print(const struct table *table, FILE *file);

#endif
