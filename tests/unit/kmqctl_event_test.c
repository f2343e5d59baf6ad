// SPDX-License-Identifier: GPL-2.0-only
/* What kmqctl monitor makes of an event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "event.h"

#define CLAIM(claim) cmocka_unit_test(claim)

static const struct event_row full = {
	.event = { .event = KMQ_EVENT_FULL, .id = 3, .pid = 71, .count = 64, .name = "q" },
	.command = "writer",
};

static void says(const struct event_row *row, const char *wanted)
{
	char *text = event_sentence(row);

	assert_string_equal(text, wanted);
	free(text);
}

static void says_of(uint32_t event, const char *wanted)
{
	struct event_row row = full;

	row.event.event = event;
	says(&row, wanted);
}

static void the_words_are_those_of_the_library(void **state)
{
	for (uint32_t event = 0; event <= KMQ_EVENT_MAX; event++) {
		assert_non_null(event_words[event].name);
		assert_string_equal(event_words[event].name, kmq_event_name(event));
	}
	assert_null(event_words[KMQ_EVENT_MAX + 1].name);
}

static void events_are_chosen_by_a_list_of_names(void **state)
{
	char wrong[64] = "";
	uint32_t events = 0;

	assert_int_equal(event_choose("full", &events, wrong), 0);
	assert_int_equal(events, 1u << KMQ_EVENT_FULL);
	assert_int_equal(event_choose("quota,lease-overdue,full", &events, wrong), 0);
	assert_int_equal(events, 1u << KMQ_EVENT_QUOTA | 1u << KMQ_EVENT_LEASE_OVERDUE |
			 1u << KMQ_EVENT_FULL);
}

static void a_wrong_name_is_told_and_nothing_chosen(void **state)
{
	static const char *const wrongs[] = { "ful", "fulls", "", "Full", " full" };
	uint32_t events = 5;
	char wrong[64];

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(*wrongs); i++) {
		char list[32];

		snprintf(list, sizeof(list), "quota,%s,low", wrongs[i]);
		assert_int_equal(event_choose(list, &events, wrong), -1);
		assert_string_equal(wrong, wrongs[i]);
	}
	assert_int_equal(events, 5);
}

static void each_event_has_a_sentence(void **state)
{
	says_of(KMQ_EVENT_CREATED, "q was created by pid 71 (writer)");
	says_of(KMQ_EVENT_REMOVED, "q was removed by pid 71 (writer)");
	says_of(KMQ_EVENT_CHANGED, "q was set by pid 71 (writer)");
	says_of(KMQ_EVENT_FULL, "q is full: 64 messages; pid 71 (writer) found no room");
	says_of(KMQ_EVENT_DRAINED, "q is empty again");
	says_of(KMQ_EVENT_HIGH, "q is at its high watermark: 64 messages");
	says_of(KMQ_EVENT_LOW, "q is down to its low watermark: 64 messages");
	says_of(KMQ_EVENT_DROPPED, "q dropped 64 messages");
	says_of(KMQ_EVENT_LEASE_OVERDUE, "q has message 64 on a lease for too long; "
		"pid 71 (writer) opened the descriptor");
	says_of(KMQ_EVENT_PEER_DIED,
		"q lost a party: pid 71 (writer) died holding something of the ring");
	says_of(KMQ_EVENT_BROKEN, "q is broken: somebody who maps it wrote nonsense into it");
	says_of(KMQ_EVENT_QUOTA,
		"user root would come over a limit: pid 71 (writer) was refused q");
	says_of(99, "q: event 99, which this program does not know");
}

static void one_is_one(void **state)
{
	struct event_row row = full;

	row.event.count = 1;
	says(&row, "q is full: 1 message; pid 71 (writer) found no room");
}

static void counts(uint32_t event, const char *wanted)
{
	const struct column *column = event_columns;
	struct event_row row = full;
	struct json_object *value;

	while (strcmp(column->name, "COUNT"))
		column++;
	row.event.event = event;
	row.event.has = KMQ_NL_BIT(KMQ_A_COUNT);
	value = column->value(column, &row);
	assert_string_equal(json_object_to_json_string(value), wanted);
	json_object_put(value);
}

static void only_what_counts_has_a_count(void **state)
{
	counts(KMQ_EVENT_FULL, "64");
	counts(KMQ_EVENT_LEASE_OVERDUE, "64");
	counts(KMQ_EVENT_PEER_DIED, "64");
	counts(KMQ_EVENT_CREATED, "null");
	counts(KMQ_EVENT_DRAINED, "null");
	counts(KMQ_EVENT_QUOTA, "null");
}

static void what_is_not_known_is_not_made_up(void **state)
{
	struct event_row row = full;

	row.command[0] = '\0';
	says(&row, "q is full: 64 messages; pid 71 found no room");
	row.event.pid = 0;
	row.event.name[0] = '\0';
	says(&row, "#3 is full: 64 messages; a process that cannot be seen found no room");
	row.event.id = 0;
	row.event.event = KMQ_EVENT_QUOTA;
	says(&row, "user root would come over a limit: a process that cannot be seen was refused "
	     "a queue");
}

static void a_process_cannot_steer_the_terminal_by_its_name(void **state)
{
	struct event_row row = full;

	strcpy(row.command, "\033[2Jx");
	says(&row, "q is full: 64 messages; pid 71 (\\x1b[2Jx) found no room");
}

static void lost_events_are_counted(void **state)
{
	struct event_row row = event_lost(3);

	says(&row, "3 events were lost");
	row = event_lost(1);
	says(&row, "1 event was lost");
	row = event_lost(0);
	says(&row, "events were lost, nobody knows how many");
}

static void json_has_null_for_what_did_not_come(void **state)
{
	const struct event_row lost = event_lost(7);
	const struct column *column;

	for (column = event_columns; column->name; column++) {
		struct json_object *value = column->value(column, &lost);
		const char *json = json_object_to_json_string(value);

		if (!strcmp(column->name, "EVENT"))
			assert_string_equal(json, "\"lost\"");
		else if (!strcmp(column->name, "COUNT"))
			assert_string_equal(json, "7");
		else if (strcmp(column->name, "TIME") && strcmp(column->name, "TEXT"))
			assert_string_equal(json, "null");
		json_object_put(value);
	}
}

int main(void)
{
	static const struct CMUnitTest claims[] = {
		CLAIM(the_words_are_those_of_the_library),
		CLAIM(events_are_chosen_by_a_list_of_names),
		CLAIM(a_wrong_name_is_told_and_nothing_chosen),
		CLAIM(each_event_has_a_sentence),
		CLAIM(one_is_one),
		CLAIM(only_what_counts_has_a_count),
		CLAIM(what_is_not_known_is_not_made_up),
		CLAIM(a_process_cannot_steer_the_terminal_by_its_name),
		CLAIM(lost_events_are_counted),
		CLAIM(json_has_null_for_what_did_not_come),
	};
	int count = sizeof(claims) / sizeof(*claims);
	int failed = cmocka_run_group_tests(claims, NULL, NULL);

	printf("%d passed, %d failed\n", count - failed, failed);
	return failed != 0;
}
