// SPDX-License-Identifier: GPL-2.0-only
/* How kmqctl shows bytes, sizes and times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text.h"

#define CLAIM(claim) cmocka_unit_test(claim)

static void escapes_to(const char *bytes, size_t length, unsigned int flags, const char *wanted)
{
	char *text = text_escape(bytes, length, flags);

	assert_string_equal(text, wanted);
	free(text);
}

#define ESCAPES_TO(bytes, flags, wanted) escapes_to(bytes, sizeof(bytes) - 1, flags, wanted)

static void plain_text_is_shown_as_it_is(void **state)
{
	ESCAPES_TO("", 0, "");
	ESCAPES_TO("disk full: 90%", 0, "disk full: 90%");
	ESCAPES_TO("\303\244\342\202\254", 0, "\303\244\342\202\254");
	ESCAPES_TO("\360\237\220\247", 0, "\360\237\220\247");
}

static void nothing_that_steers_a_terminal_gets_through(void **state)
{
	ESCAPES_TO("\033[2J", 0, "\\x1b[2J");
	ESCAPES_TO("a\0b", 0, "a\\x00b");
	ESCAPES_TO("\177\r\a", 0, "\\x7f\\x0d\\x07");
	/* CSI as one character, in UTF-8 and as a bare byte. */
	ESCAPES_TO("\302\233m", 0, "\\xc2\\x9bm");
	ESCAPES_TO("\233m", 0, "\\x9bm");
	ESCAPES_TO("\033[2J", TEXT_KEEP_LINES, "\\x1b[2J");
}

static void one_line_stays_one_line(void **state)
{
	ESCAPES_TO("a\tb\nc\\d", 0, "a\\tb\\nc\\\\d");
	ESCAPES_TO("a\tb\nc\\d", TEXT_KEEP_LINES, "a\tb\nc\\d");
}

static void an_ascii_terminal_gets_ascii(void **state)
{
	ESCAPES_TO("\303\244a", TEXT_ASCII, "\\xc3\\xa4a");
}

static void what_is_not_utf8_is_shown_byte_by_byte(void **state)
{
	ESCAPES_TO("\377\376", 0, "\\xff\\xfe");
	ESCAPES_TO("\303", 0, "\\xc3");
	ESCAPES_TO("\303(", 0, "\\xc3(");
}

static bool is_utf8(const char *text)
{
	return text_is_utf8(text, strlen(text));
}

static void utf8_is_told_from_other_bytes(void **state)
{
	assert_true(text_is_utf8("", 0));
	assert_true(text_is_utf8("a\0b", 3));
	assert_true(is_utf8("\303\244"));
	assert_true(is_utf8("\355\237\277"));		/* U+D7FF */
	assert_true(is_utf8("\364\217\277\277"));	/* U+10FFFF */
	assert_false(is_utf8("\200"));
	assert_false(is_utf8("\300\257"));		/* overlong / */
	assert_false(is_utf8("\340\200\257"));		/* overlong / */
	assert_false(is_utf8("\360\200\200\257"));	/* overlong / */
	assert_false(is_utf8("\355\240\200"));		/* U+D800 */
	assert_false(is_utf8("\364\220\200\200"));	/* U+110000 */
	assert_false(is_utf8("\342\202"));
	assert_false(is_utf8("\342\202a"));
}

static void base64_is(const char *bytes, const char *wanted)
{
	char *text = text_base64(bytes, strlen(bytes));

	assert_string_equal(text, wanted);
	free(text);
}

static void base64_is_that_of_rfc_4648(void **state)
{
	base64_is("", "");
	base64_is("f", "Zg==");
	base64_is("fo", "Zm8=");
	base64_is("foo", "Zm9v");
	base64_is("foobar", "Zm9vYmFy");
	base64_is("\377\376\375", "//79");
}

static void size_is(uint64_t bytes, const char *wanted)
{
	char *text = text_size(bytes);

	assert_string_equal(text, wanted);
	free(text);
}

static void a_size_has_one_decimal_at_most(void **state)
{
	size_is(0, "0B");
	size_is(1023, "1023B");
	size_is(1024, "1K");
	size_is(1536, "1.5K");
	size_is(8192, "8K");
	size_is((1 << 20) - 1, "1023.9K");
	size_is(1ull << 32, "4G");
	size_is(UINT64_MAX, "15.9E");
}

static void age_is(uint64_t ns, const char *wanted)
{
	char *text = text_age(ns);

	assert_string_equal(text, wanted);
	free(text);
}

static void an_age_has_two_units_at_most(void **state)
{
	const uint64_t second = 1000000000;

	age_is(0, "0.0s");
	age_is(999999999, "0.9s");
	age_is(12 * second, "12s");
	age_is(200 * second, "3m20s");
	age_is((5 * 60 + 7) * 60 * second, "5h07m");
	age_is(51 * 3600 * second, "2d03h");
}

static void duration_is(uint64_t ns, const char *wanted)
{
	char *text = text_duration(ns);

	assert_string_equal(text, wanted);
	free(text);
}

static void a_short_time_has_the_unit_that_fits(void **state)
{
	duration_is(0, "0ns");
	duration_is(999, "999ns");
	duration_is(1024, "1us");
	duration_is(1536, "1.5us");
	duration_is(262144, "262us");
	duration_is(1ull << 22, "4.1ms");
	duration_is(1ull << 40, "1099s");
}

static void time_is(uint64_t seconds, uint64_t now, const char *wanted)
{
	char *text = text_time(seconds, now);

	assert_string_equal(text, wanted);
	free(text);
}

static void a_time_of_today_is_a_time_of_day(void **state)
{
	const uint64_t noon = 1763726400;	/* of 2025-11-21 */

	setenv("TZ", "UTC", 1);
	time_is(noon, noon, "12:00:00");
	time_is(noon - 86399, noon, "12:00:01");
	time_is(noon - 86400, noon, "2025-11-20");
	/* A clock that was set back. */
	time_is(noon + 1, noon, "2025-11-21");
}

int main(void)
{
	static const struct CMUnitTest claims[] = {
		CLAIM(plain_text_is_shown_as_it_is),
		CLAIM(nothing_that_steers_a_terminal_gets_through),
		CLAIM(one_line_stays_one_line),
		CLAIM(an_ascii_terminal_gets_ascii),
		CLAIM(what_is_not_utf8_is_shown_byte_by_byte),
		CLAIM(utf8_is_told_from_other_bytes),
		CLAIM(base64_is_that_of_rfc_4648),
		CLAIM(a_size_has_one_decimal_at_most),
		CLAIM(an_age_has_two_units_at_most),
		CLAIM(a_short_time_has_the_unit_that_fits),
		CLAIM(a_time_of_today_is_a_time_of_day),
	};
	int count = sizeof(claims) / sizeof(*claims);
	int failed = cmocka_run_group_tests(claims, NULL, NULL);

	printf("%d passed, %d failed\n", count - failed, failed);
	return failed != 0;
}
