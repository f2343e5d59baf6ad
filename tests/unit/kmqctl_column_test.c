// SPDX-License-Identifier: GPL-2.0-only
/* How the columns of a table are chosen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "column.h"

#define CLAIM(claim) cmocka_unit_test(claim)

static const struct column columns[] = {
	{ .name = "NAME" }, { .name = "QUEUED" }, { .name = "MAX-MESSAGE" }, { 0 },
};

static struct column_choice choice;
static char wrong[64];

static int choose(const char *list)
{
	memset(wrong, 'x', sizeof(wrong));
	return column_choose(&choice, columns, list, "NAME,QUEUED", wrong);
}

static void chosen_are(const char *first, const char *second, const char *third)
{
	const char *const wanted[] = { first, second, third, NULL };
	size_t i;

	for (i = 0; wanted[i]; i++) {
		assert_true(i < choice.count);
		assert_string_equal(choice.columns[i]->name, wanted[i]);
	}
	assert_int_equal(choice.count, i);
}

static void columns_come_in_the_order_asked_for(void **state)
{
	assert_int_equal(choose("QUEUED,NAME"), 0);
	chosen_are("QUEUED", "NAME", NULL);
}

static void case_does_not_matter(void **state)
{
	assert_int_equal(choose("max-Message"), 0);
	chosen_are("MAX-MESSAGE", NULL, NULL);
}

static void a_plus_adds_to_the_usual_ones(void **state)
{
	assert_int_equal(choose("+MAX-MESSAGE"), 0);
	chosen_are("NAME", "QUEUED", "MAX-MESSAGE");
}

static void a_column_may_come_twice(void **state)
{
	assert_int_equal(choose("NAME,NAME"), 0);
	chosen_are("NAME", "NAME", NULL);
}

static void the_wrong_name_is_told(void **state)
{
	assert_int_equal(choose("NAME,SIZE,QUEUED"), -1);
	assert_string_equal(wrong, "SIZE");
	assert_int_equal(choose("NAM"), -1);
	assert_string_equal(wrong, "NAM");
	assert_int_equal(choose("NAMES"), -1);
	assert_string_equal(wrong, "NAMES");
}

static void a_name_too_long_to_tell_is_cut(void **state)
{
	char list[200];

	memset(list, 'A', sizeof(list));
	list[sizeof(list) - 1] = '\0';
	assert_int_equal(choose(list), -1);
	assert_int_equal(strlen(wrong), 63);
}

static void an_empty_name_is_no_column(void **state)
{
	assert_int_equal(choose("+"), -1);
	assert_int_equal(choose("NAME,"), -1);
	assert_int_equal(choose(",NAME"), -1);
	assert_int_equal(choose("NAME,,QUEUED"), -1);
}

static void more_columns_than_there_is_room_for_are_refused(void **state)
{
	char list[5 * (COLUMN_CHOICE_MAX + 1)];

	for (size_t i = 0; i <= COLUMN_CHOICE_MAX; i++)
		memcpy(list + 5 * i, "NAME,", 5);
	list[sizeof(list) - 1] = '\0';
	assert_int_equal(choose(list), -1);
	assert_string_equal(wrong, "");
	list[sizeof(list) - 6] = '\0';
	assert_int_equal(choose(list), 0);
	assert_int_equal(choice.count, COLUMN_CHOICE_MAX);
}

static void all_are_all(void **state)
{
	column_choose_all(&choice, columns);
	chosen_are("NAME", "QUEUED", "MAX-MESSAGE");
}

static void a_key_is_lower_case_with_underscores(void **state)
{
	char key[64];

	column_key(&columns[2], key);
	assert_string_equal(key, "max_message");
}

int main(void)
{
	static const struct CMUnitTest claims[] = {
		CLAIM(columns_come_in_the_order_asked_for),
		CLAIM(case_does_not_matter),
		CLAIM(a_plus_adds_to_the_usual_ones),
		CLAIM(a_column_may_come_twice),
		CLAIM(the_wrong_name_is_told),
		CLAIM(a_name_too_long_to_tell_is_cut),
		CLAIM(an_empty_name_is_no_column),
		CLAIM(more_columns_than_there_is_room_for_are_refused),
		CLAIM(all_are_all),
		CLAIM(a_key_is_lower_case_with_underscores),
	};
	int count = sizeof(claims) / sizeof(*claims);
	int failed = cmocka_run_group_tests(claims, NULL, NULL);

	printf("%d passed, %d failed\n", count - failed, failed);
	return failed != 0;
}
