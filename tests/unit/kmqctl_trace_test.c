// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kmqctl trace makes of the events it has read. kmqctl_trace/events is what
 * tracefs showed of tests/cli/trace_scene; beside it lies what it is to become.
 * Run at the top of the tree; with KMQ_GOLDEN=write it writes those files anew.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "trace_write.h"

#define CLAIM(claim) cmocka_unit_test(claim)
#define FOLDER	"tests/unit/kmqctl_trace/"
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* ---- the recorded events ---- */

/* The index of @word among @words, or the number that it is. */
static uint64_t word_or_number(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(word, words[i]))
			return i;
	}
	return strtoull(word, NULL, 10);
}

static void take_field(struct trace_event *event, const char *key, const char *value)
{
	static const char *const kinds[] = { "message", "ring" };
	static const char *const policies[] = { "block", "reject", "drop-newest", "drop-oldest" };
	static const char *const sides[] = { "send", "receive", "reply", "send-lock",
					     "receive-lock" };
	uint64_t number = strtoull(value, NULL, 10);

	if (!strcmp(key, "queue"))
		event->queue = (uint32_t)number;
	else if (!strcmp(key, "name"))
		strncpy(event->name, value, sizeof(event->name) - 1);
	else if (!strcmp(key, "comm"))
		strncpy(event->comm, value, sizeof(event->comm) - 1);
	else if (!strcmp(key, "pid"))
		event->pid = (int32_t)number;
	else if (!strcmp(key, "tid"))
		event->tid = (int32_t)number;
	else if (!strcmp(key, "sequence"))
		event->sequence = number;
	else if (!strcmp(key, "type"))
		event->type = (int64_t)number;
	else if (!strcmp(key, "priority"))
		event->priority = (uint32_t)number;
	else if (!strcmp(key, "size"))
		event->size = (uint32_t)number;
	else if (!strcmp(key, "lease"))
		event->lease = (uint32_t)number;
	else if (!strcmp(key, "redeliveries"))
		event->redeliveries = (uint32_t)number;
	else if (!strcmp(key, "queued") || !strcmp(key, "blocked"))
		event->span = number;
	else if (!strcmp(key, "result"))
		event->result = (int32_t)strtol(value, NULL, 10);
	else if (!strcmp(key, "capacity"))
		event->capacity = (uint32_t)number;
	else if (!strcmp(key, "side"))
		event->side = (uint32_t)word_or_number(value, sides, COUNT(sides));
	else if (!strcmp(key, "kind"))
		event->queue_kind = (uint32_t)word_or_number(value, kinds, COUNT(kinds));
	else if (!strcmp(key, "policy"))
		event->policy = (uint32_t)word_or_number(value, policies, COUNT(policies));
}

/* "scene-115 [000] ...1. 3.388519: kmq_send: queue=1 name=q ..." */
static void parse_line(char *line, struct trace_event *event)
{
	char *colon = strstr(line, ": kmq_"), *time = colon, *rest = NULL, *word, *equals;
	unsigned long long seconds, micro;
	size_t kind = 0;

	assert_non_null(colon);
	while (time[-1] != ' ')
		time--;
	assert_int_equal(sscanf(time, "%llu.%6llu:", &seconds, &micro), 2);
	event->time = seconds * 1000000000 + micro * 1000;
	word = strtok_r(colon + 2, " ", &rest);
	word[strlen(word) - 1] = '\0';
	while (kind < TRACE_KINDS && strcmp(word + strlen("kmq_"), trace_kind_name(kind)))
		kind++;
	assert_true(kind < TRACE_KINDS);
	event->kind = kind;
	while ((word = strtok_r(NULL, " \n", &rest))) {
		equals = strchr(word, '=');
		assert_non_null(equals);
		*equals = '\0';
		take_field(event, word, equals + 1);
	}
}

static size_t recorded(struct trace_event *events, size_t room)
{
	FILE *file = fopen(FOLDER "events", "r");
	char line[512];
	size_t count = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		assert_true(count < room);
		memset(&events[count], 0, sizeof(*events));
		parse_line(line, &events[count++]);
	}
	fclose(file);
	return count;
}

static char *written(void (*write)(FILE *, const struct timeline *),
		     const struct timeline *timeline)
{
	size_t length;
	char *text;
	FILE *file = open_memstream(&text, &length);

	assert_non_null(file);
	write(file, timeline);
	fclose(file);
	return text;
}

static char *contents(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t length;
	char *text;

	if (!file)
		fail_msg("there is no %s", path);
	text = calloc(1, 1 << 20);
	assert_non_null(text);
	length = fread(text, 1, (1 << 20) - 1, file);
	text[length] = '\0';
	fclose(file);
	return text;
}

static void is_golden(const char *path, void (*write)(FILE *, const struct timeline *))
{
	struct trace_event events[100];
	struct timeline timeline;
	char *text, *golden;
	FILE *file;

	timeline_make(&timeline, events, recorded(events, COUNT(events)), 0);
	text = written(write, &timeline);
	if (getenv("KMQ_GOLDEN")) {
		file = fopen(path, "w");
		assert_non_null(file);
		fputs(text, file);
		fclose(file);
	}
	golden = contents(path);
	assert_string_equal(text, golden);
	free(golden);
	free(text);
	timeline_free(&timeline);
}

static void a_recording_reads_as_a_text(void **state)
{
	is_golden(FOLDER "text", trace_write_text);
}

static void a_recording_is_what_trace_viewers_read(void **state)
{
	is_golden(FOLDER "chrome.json", trace_write_chrome);
}

/* ---- events by hand: times in ns, processes 1 and 2, queue 7 ---- */

#define EVENT(at, of, process, ...)						\
	{ .time = (at), .kind = (of), .pid = (process), .tid = (process),	\
	  .comm = "p", .queue = 7, .name = "q", .type = 1, __VA_ARGS__ }

#define MAKE(timeline, events) timeline_make(&(timeline), events, COUNT(events), 0)

static void a_message_is_an_arrow_from_its_send_to_its_receive(void **state)
{
	struct trace_event events[] = {
		EVENT(100, TRACE_SEND, 1, .sequence = 5, .size = 64, .priority = 3),
		EVENT(180, TRACE_RECEIVE, 2, .sequence = 5, .size = 64, .span = 80),
	};
	struct timeline timeline;
	const struct trace_arrow *arrow;

	MAKE(timeline, events);
	assert_int_equal(timeline.arrow_count, 1);
	arrow = &timeline.arrows[0];
	assert_int_equal(timeline.lanes[timeline.threads[arrow->from].lane].pid, 1);
	assert_int_equal(timeline.lanes[timeline.threads[arrow->to].lane].pid, 2);
	assert_int_equal(arrow->begin, 100);
	assert_int_equal(arrow->end, 180);
	assert_int_equal(arrow->fate, FATE_RECEIVED);
	assert_int_equal(arrow->priority, 3);
	assert_int_equal(timeline_median(&timeline.queues[0]), 80);
	timeline_free(&timeline);
}

static void the_same_number_in_another_queue_is_another_message(void **state)
{
	struct trace_event events[] = {
		EVENT(100, TRACE_SEND, 1, .sequence = 5),
		EVENT(180, TRACE_RECEIVE, 2, .sequence = 5),
	};
	struct timeline timeline;

	events[1].queue = 8;
	MAKE(timeline, events);
	assert_int_equal(timeline.arrow_count, 2);
	assert_int_equal(timeline.arrows[0].fate, FATE_QUEUED);
	assert_int_equal(timeline.arrows[1].from, NO_THREAD);
	timeline_free(&timeline);
}

static void what_nobody_received_is_still_in_the_queue_at_the_end(void **state)
{
	struct trace_event events[] = {
		EVENT(100, TRACE_SEND, 1, .sequence = 5),
		EVENT(300, TRACE_SEND, 1, .sequence = 6),
	};
	struct timeline timeline;

	MAKE(timeline, events);
	assert_int_equal(timeline.arrows[0].fate, FATE_QUEUED);
	assert_int_equal(timeline.arrows[0].to, NO_THREAD);
	assert_int_equal(timeline.arrows[0].end, 300);
	timeline_free(&timeline);
}

static void what_was_sent_before_the_window_comes_from_nobody(void **state)
{
	struct trace_event events[] = {
		EVENT(1000, TRACE_WAKE, 1, .span = 50),
		EVENT(1100, TRACE_RECEIVE, 2, .sequence = 5, .span = 900),
		EVENT(1200, TRACE_RECEIVE, 2, .sequence = 6, .span = 150),
	};
	struct timeline timeline;

	MAKE(timeline, events);
	assert_int_equal(timeline.arrows[0].from, NO_THREAD);
	assert_int_equal(timeline.arrows[0].begin, 1000);
	/* Nor is it lost what the receive tells. */
	assert_int_equal(timeline_worst(&timeline.queues[0]), 900);
	timeline_free(&timeline);
}

static void the_oldest_and_the_newest_are_dropped_where_they_were(void **state)
{
	struct trace_event events[] = {
		EVENT(100, TRACE_SEND, 1, .sequence = 5),
		EVENT(200, TRACE_DROP, 2, .sequence = 5),
		EVENT(300, TRACE_DROP, 2, .sequence = 6),
	};
	struct timeline timeline;

	MAKE(timeline, events);
	assert_int_equal(timeline.queues[0].sent, 1);
	assert_int_equal(timeline.queues[0].dropped, 2);
	assert_int_equal(timeline.arrow_count, 2);
	assert_int_equal(timeline.arrows[0].fate, FATE_DROPPED);
	assert_int_equal(timeline.arrows[0].end, 200);
	assert_int_equal(timeline.arrows[1].fate, FATE_DROPPED);
	assert_int_equal(timeline.arrows[1].begin, 300);
	assert_int_equal(timeline.lanes[timeline.threads[timeline.arrows[1].from].lane].pid, 2);
	timeline_free(&timeline);
}

static void a_redelivered_message_has_an_arrow_for_each_receiver(void **state)
{
	struct trace_event events[] = {
		EVENT(100, TRACE_SEND, 1, .sequence = 5),
		EVENT(200, TRACE_RECEIVE, 2, .sequence = 5, .lease = 1),
		EVENT(300, TRACE_RETURN, 2, .sequence = 5),
		EVENT(400, TRACE_RECEIVE, 3, .sequence = 5, .lease = 1, .redeliveries = 1),
	};
	struct timeline timeline;

	MAKE(timeline, events);
	assert_int_equal(timeline.arrow_count, 2);
	assert_false(timeline.arrows[0].again);
	assert_true(timeline.arrows[1].again);
	assert_int_equal(timeline.arrows[1].begin, 100);
	assert_int_equal(timeline.arrows[1].from, timeline.arrows[0].from);
	assert_int_equal(timeline.arrows[1].redeliveries, 1);
	timeline_free(&timeline);
}

static void a_reply_goes_to_who_asked_as_it_wakes(void **state)
{
	struct trace_event events[] = {
		EVENT(100, TRACE_SEND, 1, .sequence = 5),
		EVENT(101, TRACE_CALL, 1, .sequence = 5),
		EVENT(102, TRACE_BLOCK, 1, .side = TRACE_SIDE_REPLY),
		EVENT(200, TRACE_RECEIVE, 2, .sequence = 5),
		EVENT(300, TRACE_REPLY, 2, .sequence = 5, .size = 3),
		EVENT(350, TRACE_WAKE, 1, .side = TRACE_SIDE_REPLY, .span = 248),
	};
	struct timeline timeline;

	MAKE(timeline, events);
	assert_int_equal(timeline.arrow_count, 2);
	assert_true(timeline.arrows[1].reply);
	assert_int_equal(timeline.arrows[1].from, timeline.arrows[0].to);
	assert_int_equal(timeline.arrows[1].to, timeline.arrows[0].from);
	assert_int_equal(timeline.arrows[1].begin, 300);
	assert_int_equal(timeline.arrows[1].end, 350);
	timeline_free(&timeline);
}

static void a_sleep_lasts_from_block_to_wake(void **state)
{
	struct trace_event events[] = {
		EVENT(100, TRACE_BLOCK, 1, .side = TRACE_SIDE_SEND),
		EVENT(170, TRACE_WAKE, 1, .side = TRACE_SIDE_SEND, .result = -110, .span = 70),
	};
	struct timeline timeline;

	MAKE(timeline, events);
	assert_int_equal(timeline.span_count, 1);
	assert_int_equal(timeline.spans[0].begin, 100);
	assert_int_equal(timeline.spans[0].end, 170);
	assert_int_equal(timeline.spans[0].result, -110);
	assert_true(timeline.spans[0].begun && timeline.spans[0].ended);
	assert_int_equal(timeline.queues[0].blocked, 70);
	timeline_free(&timeline);
}

static void a_sleep_may_reach_beyond_the_window_at_either_end(void **state)
{
	struct trace_event events[] = {
		EVENT(1000, TRACE_SEND, 3, .sequence = 1),
		EVENT(1100, TRACE_WAKE, 1, .side = TRACE_SIDE_RECEIVE, .span = 5000),
		EVENT(1200, TRACE_WAKE, 3, .side = TRACE_SIDE_RECEIVE, .span = 50),
		EVENT(1300, TRACE_BLOCK, 2, .side = TRACE_SIDE_RECEIVE),
		EVENT(1500, TRACE_SEND, 3, .sequence = 2),
	};
	struct timeline timeline;

	MAKE(timeline, events);
	assert_int_equal(timeline.spans[0].begin, 1000);
	assert_false(timeline.spans[0].begun);
	assert_int_equal(timeline.spans[1].begin, 1150);
	assert_int_equal(timeline.spans[2].end, 1500);
	assert_false(timeline.spans[2].ended);
	timeline_free(&timeline);
}

static void threads_of_a_process_are_rows_of_one_lane(void **state)
{
	struct trace_event events[] = {
		EVENT(100, TRACE_SEND, 1, .sequence = 1),
		EVENT(200, TRACE_SEND, 1, .sequence = 2),
		EVENT(300, TRACE_SEND, 2, .sequence = 3),
	};
	struct timeline timeline;

	events[1].tid = 9;
	strcpy(events[1].comm, "worker");
	MAKE(timeline, events);
	assert_int_equal(timeline.lane_count, 2);
	assert_int_equal(timeline.thread_count, 3);
	assert_int_equal(timeline.lanes[0].threads, 2);
	assert_int_equal(timeline.threads[1].row, 1);
	/* The lane has the name of the process, not of its threads. */
	assert_string_equal(timeline.lanes[0].comm, "p");
	assert_string_equal(timeline_who(&events[1]), "worker/1/9");
	timeline_free(&timeline);
}

static void events_are_put_in_order_and_equals_stay_as_they_came(void **state)
{
	struct trace_event events[] = {
		EVENT(200, TRACE_RECEIVE, 2, .sequence = 5),
		EVENT(100, TRACE_SEND, 1, .sequence = 5),
		EVENT(200, TRACE_RETURN, 2, .sequence = 5),
	};
	struct timeline timeline;

	MAKE(timeline, events);
	assert_int_equal(events[0].kind, TRACE_SEND);
	assert_int_equal(events[1].kind, TRACE_RECEIVE);
	assert_int_equal(events[2].kind, TRACE_RETURN);
	assert_int_equal(timeline.arrow_count, 1);
	timeline_free(&timeline);
}

static void thousands_of_messages_find_their_ends(void **state)
{
	enum { MESSAGES = 20000 };
	struct trace_event *events = calloc(2 * MESSAGES, sizeof(*events));
	struct timeline timeline;

	assert_non_null(events);
	for (size_t i = 0; i < 2 * MESSAGES; i++)
		events[i] = (struct trace_event)EVENT(1 + i, i < MESSAGES ? TRACE_SEND : TRACE_RECEIVE,
						      i < MESSAGES ? 1 : 2,
						      .sequence = i % MESSAGES + 1);
	timeline_make(&timeline, events, 2 * MESSAGES, 0);
	assert_int_equal(timeline.arrow_count, MESSAGES);
	for (size_t i = 0; i < MESSAGES; i++) {
		assert_int_equal(timeline.arrows[i].fate, FATE_RECEIVED);
		assert_int_equal(timeline.arrows[i].end - timeline.arrows[i].begin, MESSAGES);
	}
	assert_int_equal(timeline_worst(&timeline.queues[0]), MESSAGES);
	timeline_free(&timeline);
	free(events);
}

static void a_window_without_events_is_written_all_the_same(void **state)
{
	void (*const writers[])(FILE *, const struct timeline *) = {
		trace_write_text, trace_write_svg, trace_write_html, trace_write_chrome,
	};
	struct timeline timeline;

	timeline_make(&timeline, NULL, 0, 3);
	for (size_t i = 0; i < COUNT(writers); i++) {
		char *text = written(writers[i], &timeline);

		assert_true(strlen(text) > 0);
		free(text);
	}
	timeline_free(&timeline);
}

static void spans_of_time_have_three_digits(void **state)
{
	assert_string_equal(timeline_span(0), "0ns");
	assert_string_equal(timeline_span(999), "999ns");
	assert_string_equal(timeline_span(1000), "1.00us");
	assert_string_equal(timeline_span(12345), "12.3us");
	assert_string_equal(timeline_span(999499), "999us");
	assert_string_equal(timeline_span(999500), "1.00ms");
	assert_string_equal(timeline_span(99960000), "100ms");
	assert_string_equal(timeline_span(61000000000), "61.0s");
}

static void lost_events_are_told_in_every_form(void **state)
{
	void (*const writers[])(FILE *, const struct timeline *) = {
		trace_write_text, trace_write_svg, trace_write_html, trace_write_chrome,
	};
	static const char *const words[] = {
		"# 42 events lost\n", "42 events lost", "42 events were lost", "\"lost\":\"42\"",
	};
	struct trace_event events[] = { EVENT(100, TRACE_SEND, 1, .sequence = 1) };
	struct timeline timeline;

	timeline_make(&timeline, events, 1, 42);
	for (size_t i = 0; i < COUNT(writers); i++) {
		char *text = written(writers[i], &timeline);

		assert_non_null(strstr(text, words[i]));
		free(text);
	}
	timeline_free(&timeline);
}

/* ---- what the forms promise ---- */

static size_t occurrences(const char *text, const char *word)
{
	size_t count = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		count++;
	return count;
}

static void the_page_needs_nothing_from_elsewhere(void **state)
{
	struct trace_event events[100];
	struct timeline timeline;
	char *page;

	timeline_make(&timeline, events, recorded(events, COUNT(events)), 0);
	page = written(trace_write_html, &timeline);
	assert_null(strstr(page, "src="));
	assert_null(strstr(page, "href="));
	assert_null(strstr(page, "import"));
	assert_null(strstr(page, "https:"));
	/* The name of the format, in the picture and in the script, fetches nothing. */
	assert_int_equal(occurrences(page, "http:"), 2);
	free(page);
	timeline_free(&timeline);
}

static void every_arrow_and_every_sleep_is_in_the_picture(void **state)
{
	struct trace_event events[100];
	struct timeline timeline;
	char *picture;

	timeline_make(&timeline, events, recorded(events, COUNT(events)), 0);
	picture = written(trace_write_svg, &timeline);
	assert_int_equal(occurrences(picture, "<path class=\"m q"), timeline.arrow_count);
	assert_int_equal(occurrences(picture, "<path class=\"k "),
			 timeline.mark_count + 5 /* in the legend */);
	assert_int_equal(occurrences(picture, "data-b=") - timeline.arrow_count,
			 timeline.span_count);
	assert_int_equal(occurrences(picture, "<rect class=\"band\""), timeline.lane_count);
	assert_null(strstr(picture, "nan"));
	free(picture);
	timeline_free(&timeline);
}

static void a_process_may_call_itself_anything(void **state)
{
	struct trace_event events[] = {
		EVENT(100, TRACE_SEND, 1, .sequence = 1),
		EVENT(200, TRACE_REMOVE, 1),
	};
	struct json_object *parsed;
	struct timeline timeline;
	char *text;

	strcpy(events[0].comm, "</svg>&\"\033");
	strcpy(events[1].comm, "</svg>&\"\033");
	MAKE(timeline, events);
	text = written(trace_write_html, &timeline);
	assert_int_equal(occurrences(text, "</svg>"), 1);
	assert_non_null(strstr(text, "&lt;/svg&gt;&amp;&quot;?"));
	assert_null(strchr(text, '\033'));
	free(text);
	text = written(trace_write_chrome, &timeline);
	parsed = json_tokener_parse(text);
	assert_non_null(parsed);
	json_object_put(parsed);
	free(text);
	text = written(trace_write_text, &timeline);
	assert_null(strchr(text, '\033'));
	free(text);
	timeline_free(&timeline);
}

/* Each flow that starts ends, later, and has a slice to start from and end at. */
static void the_flows_of_the_json_lead_from_slice_to_slice(void **state)
{
	struct json_object *parsed, *list, *event, *value;
	double starts[200] = { 0 };
	size_t begun = 0, ended = 0, slices = 0;
	struct trace_event events[100];
	struct timeline timeline;
	char *text;

	timeline_make(&timeline, events, recorded(events, COUNT(events)), 0);
	text = written(trace_write_chrome, &timeline);
	parsed = json_tokener_parse(text);
	assert_non_null(parsed);
	assert_true(json_object_object_get_ex(parsed, "traceEvents", &list));
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *phase;
		double ts = 0;
		int id = 0;

		event = json_object_array_get_idx(list, i);
		assert_true(json_object_object_get_ex(event, "ph", &value));
		phase = json_object_get_string(value);
		if (json_object_object_get_ex(event, "ts", &value))
			ts = json_object_get_double(value);
		if (json_object_object_get_ex(event, "id", &value))
			id = json_object_get_int(value);
		slices += *phase == 'X';
		if (*phase == 's') {
			starts[id] = ts + 1;
			begun++;
		} else if (*phase == 'f') {
			assert_true(starts[id] > 0 && starts[id] - 1 <= ts);
			ended++;
		}
	}
	assert_int_equal(begun, ended);
	assert_int_equal(begun, 10);
	assert_true(slices >= 2 * begun);
	json_object_put(parsed);
	free(text);
	timeline_free(&timeline);
}

int main(void)
{
	const struct CMUnitTest claims[] = {
		CLAIM(a_recording_reads_as_a_text),
		CLAIM(a_recording_is_what_trace_viewers_read),
		CLAIM(a_message_is_an_arrow_from_its_send_to_its_receive),
		CLAIM(the_same_number_in_another_queue_is_another_message),
		CLAIM(what_nobody_received_is_still_in_the_queue_at_the_end),
		CLAIM(what_was_sent_before_the_window_comes_from_nobody),
		CLAIM(the_oldest_and_the_newest_are_dropped_where_they_were),
		CLAIM(a_redelivered_message_has_an_arrow_for_each_receiver),
		CLAIM(a_reply_goes_to_who_asked_as_it_wakes),
		CLAIM(a_sleep_lasts_from_block_to_wake),
		CLAIM(a_sleep_may_reach_beyond_the_window_at_either_end),
		CLAIM(threads_of_a_process_are_rows_of_one_lane),
		CLAIM(events_are_put_in_order_and_equals_stay_as_they_came),
		CLAIM(thousands_of_messages_find_their_ends),
		CLAIM(a_window_without_events_is_written_all_the_same),
		CLAIM(spans_of_time_have_three_digits),
		CLAIM(lost_events_are_told_in_every_form),
		CLAIM(the_page_needs_nothing_from_elsewhere),
		CLAIM(every_arrow_and_every_sleep_is_in_the_picture),
		CLAIM(a_process_may_call_itself_anything),
		CLAIM(the_flows_of_the_json_lead_from_slice_to_slice),
	};

	return cmocka_run_group_tests(claims, NULL, NULL);
}
