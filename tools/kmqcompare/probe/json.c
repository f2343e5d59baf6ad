// SPDX-License-Identifier: GPL-2.0-only
/* The probe's result as JSON; kmqcompare(1) documents the fields. */
#include "run.h"

#include "../mechanism.h"
#include "../results.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCHEMA	"kmqcompare-probe/1"

static void add(struct json_object *object, const char *key, struct json_object *value)
{
	json_object_object_add(object, key, value);
}

static void add_text(struct json_object *object, const char *key, const char *text)
{
	add(object, key, text ? json_object_new_string(text) : NULL);
}

static void add_count(struct json_object *object, const char *key, int64_t count)
{
	add(object, key, json_object_new_int64(count));
}

static void add_flag(struct json_object *object, const char *key, bool flag)
{
	add(object, key, json_object_new_boolean(flag));
}

static struct json_object *machine_json(void)
{
	char user[32] = "root";
	struct json_object *object;
	struct machine machine;

	machine_look(&machine);
	object = results_machine(&machine);
	if (geteuid())
		snprintf(user, sizeof(user), "uid %u", geteuid());
	add_text(object, "user", user);
	return object;
}

/* The experiment `capacity` found it; 0 if that did not run. */
static long capacity_of(const struct cells *cells, const char *mechanism)
{
	return strtol(cells_answer(cells, "capacity", mechanism), NULL, 10);
}

static struct json_object *mechanism_json(const struct subject *subject, const struct cells *cells)
{
	const struct mechanism *mechanism = mechanism_find(subject->mechanism);
	const char *why = subject->unavailable ? subject->unavailable() : NULL;
	long capacity = capacity_of(cells, subject->mechanism);
	struct json_object *object = json_object_new_object();

	add_text(object, "name", subject->mechanism);
	add_text(object, "title", mechanism ? mechanism->title : subject->mechanism);
	add_text(object, "about", mechanism ? mechanism->about : NULL);
	add_text(object, "status", why ? "unavailable" : "ok");
	add_text(object, "reason", why);
	add(object, "capacity_default", capacity > 0 ? json_object_new_int64(capacity) : NULL);
	return object;
}

static void add_textbook(struct json_object *object, const struct claim *claim,
			 const struct cells *cells)
{
	const struct textbook *textbook = textbook_of(claim->name);
	char finding[FINDING_SIZE] = "";
	bool contradicted = textbook && textbook->finding(cells, finding);

	add_text(object, "textbook", textbook ? textbook->sentence : NULL);
	add_text(object, "finding", *finding ? finding : NULL);
	add_flag(object, "contradicted", *finding && contradicted);
}

static struct json_object *claim_json(const struct claim *claim, const struct cells *cells)
{
	struct json_object *object = json_object_new_object();

	add_text(object, "name", claim->name);
	add_text(object, "group", claim->group);
	add_text(object, "question", claim->question);
	add_text(object, "experiment", claim->experiment);
	add_textbook(object, claim, cells);
	return object;
}

static struct json_object *lines_json(const char *text)
{
	struct json_object *lines = json_object_new_array();

	while (text && *text) {
		int length = strcspn(text, "\n");

		json_object_array_add(lines, json_object_new_string_len(text, length));
		text += length + (text[length] == '\n');
	}
	return lines;
}

/* Of the verdict as such, whatever the manual pages say. */
static const char *good(const struct cell_result *result)
{
	enum favour favour = result->claim->favour;
	enum verdict verdict = result->verdict;

	if (favour == FAVOUR_NEUTRAL || (verdict != VERDICT_YES && verdict != VERDICT_NO))
		return "neutral";
	return (verdict == VERDICT_YES) == (favour == FAVOUR_YES) ? "good" : "bad";
}

static struct json_object *cell_json(const struct cell_result *result)
{
	struct json_object *object = json_object_new_object();

	add_text(object, "claim", result->claim->name);
	add_text(object, "mechanism", result->subject->mechanism);
	add_text(object, "verdict", verdict_name(result->verdict));
	add_text(object, "answer", result->answer);
	add(object, "evidence", lines_json(result->evidence));
	if (result->expected != VERDICT_NONE) {
		add_text(object, "expected", verdict_name(result->expected));
		add_text(object, "source", result->source);
		if (result->verdict != VERDICT_NONE)
			add_flag(object, "agrees", cell_agrees(result));
	}
	add_text(object, "good", good(result));
	add_count(object, "elapsed_ms", result->elapsed_ms);
	if (result->verdict == VERDICT_NONE)
		add_text(object, "reason", result->answer);
	return object;
}

struct json_object *probe_json(const struct probe *probe, const struct cells *cells,
			       bool interrupted)
{
	struct json_object *object = json_object_new_object();
	struct json_object *mechanisms_array = json_object_new_array();
	struct json_object *claims_array = json_object_new_array();
	struct json_object *cells_array = json_object_new_array();
	struct tally tally = cells_tally(cells);

	for (const struct subject *const *s = probe->subjects; *s; s++)
		json_object_array_add(mechanisms_array, mechanism_json(*s, cells));
	for (const struct claim *const *c = probe->claims; *c; c++)
		json_object_array_add(claims_array, claim_json(*c, cells));
	for (size_t i = 0; i < cells->count; i++)
		json_object_array_add(cells_array, cell_json(&cells->results[i]));
	add_text(object, "schema", SCHEMA);
	add_flag(object, "interrupted", interrupted);
	add(object, "machine", machine_json());
	add(object, "mechanisms", mechanisms_array);
	add(object, "claims", claims_array);
	add(object, "cells", cells_array);
	add_count(object, "agree", tally.agree);
	add_count(object, "differ", tally.differ);
	add_count(object, "not_run", tally.not_run);
	add_count(object, "silent", tally.silent);
	add_count(object, "broke", tally.broke);
	return object;
}
