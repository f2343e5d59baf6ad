/* SPDX-License-Identifier: GPL-2.0-only */
/* Results for people: tables on the terminal. */
#ifndef KMQCOMPARE_SHOW_H
#define KMQCOMPARE_SHOW_H

#include <json-c/json.h>
#include <stdio.h>

/* What one run was made on, and what its figures therefore mean. */
void show_machine(struct json_object *file, FILE *out);

/* Every workload's table, and one legend. */
void show_tables(struct json_object *file, FILE *out);

#endif
