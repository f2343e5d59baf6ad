// SPDX-License-Identifier: GPL-2.0-only
/* Where two outputs part, and what is shown of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "outputs.h"
#include "preload.h"

static struct difference difference;

static bool differ(const char *left, const char *right)
{
	struct text one = { left, strlen(left) }, other = { right, strlen(right) };

	memset(&difference, 0xa5, sizeof(difference));
	return texts_differ(&one, &other, &difference);
}

static void equal_texts_do_not_differ(void **state)
{
	assert_false(differ("", ""));
	assert_false(differ("a\nb", "a\nb"));
	assert_int_equal(difference.line, 0);
}

static void the_first_line_that_differs_is_told(void **state)
{
	assert_true(differ("one\ntwo\nthree\n", "one\ntwx\nfour\n"));
	assert_int_equal(difference.line, 2);
	assert_string_equal(difference.left, "two");
	assert_string_equal(difference.right, "twx");
	assert_false(difference.left_ends || difference.right_ends);
}

static void an_output_that_ends_early_has_no_such_line(void **state)
{
	assert_true(differ("one\n", "one\ntwo\n"));
	assert_int_equal(difference.line, 2);
	assert_true(difference.left_ends);
	assert_false(difference.right_ends);
	assert_string_equal(difference.right, "two");
	assert_true(differ("x", ""));
	assert_int_equal(difference.line, 1);
	assert_true(difference.right_ends);
}

static void a_missing_newline_is_a_difference(void **state)
{
	assert_true(differ("one\ntwo", "one\ntwo\n"));
	assert_int_equal(difference.line, 2);
	assert_string_equal(difference.left, "two");
	assert_string_equal(difference.right, "two\\n");
}

static void what_is_not_printable_is_escaped(void **state)
{
	assert_true(differ("\033[2J\xff", "x"));
	assert_string_equal(difference.left, "\\x1b[2J\\xff");
}

static void a_long_line_is_cut(void **state)
{
	char line[4096];

	for (int byte = 'x'; byte; byte = byte == 'x' ? 1 : 0) {
		memset(line, byte, sizeof(line));
		line[sizeof(line) - 1] = '\0';
		assert_true(differ(line, ""));
		assert_true(strlen(difference.left) < sizeof(difference.left));
		assert_string_equal(difference.left + strlen(difference.left) - 3, "...");
	}
}

static void bytes_of_zero_are_bytes(void **state)
{
	const struct text one = { "a\0b\nc", 5 }, other = { "a\0b\nd", 5 };

	assert_true(texts_differ(&one, &other, &difference));
	assert_int_equal(difference.line, 2);
	assert_string_equal(difference.left, "c");
}

static void what_was_preloaded_before_stays_behind(void **state)
{
	static const struct { const char *others, *wanted; } cases[] = {
		{ NULL, "/a.so" }, { "", "/a.so" }, { "/b.so:/c.so", "/a.so:/b.so:/c.so" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *value = preload_value("/a.so", cases[i].others);

		assert_string_equal(value, cases[i].wanted);
		free(value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_texts_do_not_differ),
		cmocka_unit_test(the_first_line_that_differs_is_told),
		cmocka_unit_test(an_output_that_ends_early_has_no_such_line),
		cmocka_unit_test(a_missing_newline_is_a_difference),
		cmocka_unit_test(what_is_not_printable_is_escaped),
		cmocka_unit_test(a_long_line_is_cut),
		cmocka_unit_test(bytes_of_zero_are_bytes),
		cmocka_unit_test(what_was_preloaded_before_stays_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
