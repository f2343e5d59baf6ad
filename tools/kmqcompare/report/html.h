/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing HTML. Whatever comes from a file goes through html_text() or html_say(),
 * which escape; markup is written by fputs() and fprintf().
 */
#ifndef KMQCOMPARE_REPORT_HTML_H
#define KMQCOMPARE_REPORT_HTML_H

#include <json-c/json.h>
#include <stdio.h>

void html_text(FILE *out, const char *text);

__attribute__((format(printf, 2, 3)))
void html_say(FILE *out, const char *format, ...);

/* A name as it may stand in an id or a class: letters, digits and hyphens. */
void html_name(FILE *out, const char *name);

/* JSON inside of a script element: no < is left in it. */
void html_json(FILE *out, struct json_object *json);

#endif
