// SPDX-License-Identifier: GPL-2.0-only
/* What top makes of two looks at the queues. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "top.h"

#define CLAIM(claim) cmocka_unit_test(claim)
#define SECOND	1000000000ull

static struct kmq_nl_queue queue(uint32_t id, const char *name, uint64_t sent)
{
	struct kmq_nl_queue made = { .info = { .id = id, .sent = sent, .capacity = 100 } };

	strcpy(made.info.name, name);
	return made;
}

static const struct column *column(const char *name)
{
	const struct column *found = top_columns;

	while (found->name && strcmp(found->name, name))
		found = column_next(found);
	assert_non_null(found->name);
	return found;
}

static void shows(const struct top_row *row, const char *name, const char *json, const char *text)
{
	struct json_object *value = column(name)->value(column(name), row);

	assert_string_equal(json_object_to_json_string(value), json);
	json_object_put(value);
	if (text) {
		char *shown = column(name)->text(row);

		assert_string_equal(shown, text);
		free(shown);
	}
}

static void order_is(const struct top *top, const char *wanted)
{
	char ids[64] = "";

	for (size_t i = 0; i < top->count; i++)
		sprintf(ids + strlen(ids), "%u ", top->rows[i].queue.info.id);
	assert_string_equal(ids, wanted);
}

static void the_first_look_knows_no_rates(void **state)
{
	struct kmq_nl_queue first = queue(1, "q", 500);
	struct top top = { .count = 0 };

	top_take(&top, &first, 1, SECOND);
	shows(&top.rows[0], "IN", "null", "-");
	shows(&top.rows[0], "SENT", "500", NULL);
	top_forget(&top);
}

static void rates_are_what_grew_over_what_passed(void **state)
{
	struct kmq_nl_queue queues[] = { queue(1, "q", 500), queue(2, "p", 10) };
	struct top top = { .count = 0 };

	top_take(&top, queues, 2, SECOND);
	queues[0].info.sent = 501;
	queues[0].info.received = 30000;
	queues[1].info.dropped = 5000000;
	top_take(&top, queues, 2, 3 * SECOND);
	shows(&top.rows[0], "IN", "0.5", "0.5");
	shows(&top.rows[0], "OUT", "15000.0", "15.0k");
	shows(&top.rows[1], "IN", "0.0", "0");
	shows(&top.rows[1], "DROPS", "2500000.0", "2.5M");
	top_forget(&top);
}

static void a_queue_is_found_again_by_its_number_not_its_name(void **state)
{
	struct kmq_nl_queue before = queue(1, "q", 500);
	struct kmq_nl_queue after[] = { queue(9, "other", 4), queue(2, "q", 7), queue(1, "r", 510) };
	struct top top = { .count = 0 };

	top_take(&top, &before, 1, SECOND);
	top_take(&top, after, 3, 2 * SECOND);
	shows(&top.rows[0], "IN", "null", NULL);
	shows(&top.rows[1], "IN", "null", NULL);
	shows(&top.rows[2], "IN", "10.0", "10");
	top_forget(&top);
}

static void two_looks_at_one_instant_have_no_rates(void **state)
{
	struct kmq_nl_queue only = queue(1, "q", 500);
	struct top top = { .count = 0 };

	top_take(&top, &only, 1, SECOND);
	top_take(&top, &only, 1, SECOND);
	shows(&top.rows[0], "IN", "null", NULL);
	top_forget(&top);
}

static void who_sleeps_is_told_by_letters(void **state)
{
	struct kmq_nl_queue sleeping = queue(1, "q", 0);
	struct top top = { .count = 0 };

	top_take(&top, &sleeping, 1, SECOND);
	shows(&top.rows[0], "ASLEEP", "0", "");
	sleeping.info.blocked_senders = 3;
	sleeping.info.blocked_callers = 12;
	top_take(&top, &sleeping, 1, SECOND);
	shows(&top.rows[0], "ASLEEP", "15", "3s,12c");
	top_forget(&top);
}

static void numbers_sort_from_the_highest_words_from_the_first(void **state)
{
	struct kmq_nl_queue queues[] = { queue(1, "b", 5), queue(2, "c", 7), queue(3, "a", 5) };
	struct top top = { .count = 0 };

	top_take(&top, queues, 3, SECOND);
	top.sort = column("SENT");
	top_order(&top);
	order_is(&top, "2 1 3 ");
	top.reverse = true;
	top_order(&top);
	order_is(&top, "1 3 2 ");
	top.sort = column("NAME");
	top_order(&top);
	order_is(&top, "2 1 3 ");
	top.reverse = false;
	top_order(&top);
	order_is(&top, "3 1 2 ");
	top_forget(&top);
}

static void what_has_no_value_comes_last_either_way(void **state)
{
	struct kmq_nl_queue queues[] = { queue(1, "", 1), queue(2, "c", 7), queue(3, "a", 5) };
	struct top top = { .count = 0 };

	top_take(&top, queues, 3, SECOND);
	top.sort = column("NAME");
	top_order(&top);
	order_is(&top, "3 2 1 ");
	top.reverse = true;
	top_order(&top);
	order_is(&top, "2 3 1 ");
	top.sort = column("IN");
	top_order(&top);
	order_is(&top, "1 2 3 ");
	top_forget(&top);
}

static void no_queues_are_no_rows(void **state)
{
	struct kmq_nl_queue only = queue(1, "q", 500);
	struct top top = { .sort = column("NAME") };

	top_take(&top, &only, 1, SECOND);
	top_take(&top, NULL, 0, 2 * SECOND);
	top_order(&top);
	assert_int_equal(top.count, 0);
	top_forget(&top);
}

int main(void)
{
	static const struct CMUnitTest claims[] = {
		CLAIM(the_first_look_knows_no_rates),
		CLAIM(rates_are_what_grew_over_what_passed),
		CLAIM(a_queue_is_found_again_by_its_number_not_its_name),
		CLAIM(two_looks_at_one_instant_have_no_rates),
		CLAIM(who_sleeps_is_told_by_letters),
		CLAIM(numbers_sort_from_the_highest_words_from_the_first),
		CLAIM(what_has_no_value_comes_last_either_way),
		CLAIM(no_queues_are_no_rows),
	};
	int count = sizeof(claims) / sizeof(*claims);
	int failed = cmocka_run_group_tests(claims, NULL, NULL);

	printf("%d passed, %d failed\n", count - failed, failed);
	return failed != 0;
}
