// SPDX-License-Identifier: GPL-2.0-only
/* What kmqctl takes from a command line, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "parse.h"

#define CLAIM(claim) cmocka_unit_test(claim)

#define POISON	0xdeadbeefcafeull

static uint64_t size_of(const char *text)
{
	uint64_t bytes = POISON;

	return parse_size(text, &bytes) ? POISON : bytes;
}

static void a_size_is_digits_and_perhaps_a_suffix(void **state)
{
	assert_int_equal(size_of("0"), 0);
	assert_int_equal(size_of("256"), 256);
	assert_int_equal(size_of("8K"), 8192);
	assert_int_equal(size_of("8k"), 8192);
	assert_int_equal(size_of("3M"), 3 << 20);
	assert_int_equal(size_of("4g"), 4ull << 30);
	assert_int_equal(size_of("18446744073709551615"), UINT64_MAX);
}

static void a_size_of_another_form_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", " 1", "+1", "-1", "1 ", "K", "1KB", "1T", "0x10", "1.5K", "1,5K",
		"18446744073709551616", "17179869184G", "99999999999999999999",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(size_of(wrong[i]), POISON);
}

static void a_count_keeps_to_its_bounds(void **state)
{
	uint64_t count = POISON;

	assert_int_equal(parse_count("0", 1, 5, &count), -1);
	assert_int_equal(parse_count("6", 1, 5, &count), -1);
	assert_int_equal(parse_count("5x", 1, 5, &count), -1);
	assert_int_equal(count, POISON);
	assert_int_equal(parse_count("5", 1, 5, &count), 0);
	assert_int_equal(count, 5);
}

static uint64_t seconds_of(const char *text)
{
	uint64_t ns = POISON;

	return parse_seconds(text, &ns) ? POISON : ns;
}

static void seconds_may_have_a_fraction(void **state)
{
	assert_int_equal(seconds_of("0"), 0);
	assert_int_equal(seconds_of("2"), 2000000000);
	assert_int_equal(seconds_of("0.5"), 500000000);
	assert_int_equal(seconds_of(".25"), 250000000);
	assert_int_equal(seconds_of("1.000000001"), 1000000001);
	assert_int_equal(seconds_of("1.0000000019"), 1000000001);
}

static void seconds_of_another_form_are_refused(void **state)
{
	static const char *const wrong[] = {
		"", ".", "1.", "-1", "1s", "1e3", "inf", "nan", "1.2.3", " 1", "1000000001",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(seconds_of(wrong[i]), POISON);
}

static void a_mode_is_octal_and_not_zero(void **state)
{
	uint32_t mode = 7;

	assert_int_equal(parse_mode("0", &mode), -1);
	assert_int_equal(parse_mode("1000", &mode), -1);
	assert_int_equal(parse_mode("680", &mode), -1);
	assert_int_equal(parse_mode("u+r", &mode), -1);
	assert_int_equal(mode, 7);
	assert_int_equal(parse_mode("0640", &mode), 0);
	assert_int_equal(mode, 0640);
	assert_int_equal(parse_mode("777", &mode), 0);
	assert_int_equal(mode, 0777);
}

static void selection_is(const char *text, uint32_t select, int64_t type)
{
	struct kmq_selection selection = { .select = 99, .type = 99 };

	assert_int_equal(parse_selection(text, &selection), 0);
	assert_int_equal(selection.select, select);
	assert_int_equal(selection.type, type);
}

static void a_selection_is_a_type_with_a_sign_before_it(void **state)
{
	selection_is("7", KMQ_SELECT_EQUAL, 7);
	selection_is("!7", KMQ_SELECT_NOT_EQUAL, 7);
	selection_is("<=7", KMQ_SELECT_LOWEST, 7);
	selection_is("any", KMQ_SELECT_ANY, 0);
	selection_is("9223372036854775807", KMQ_SELECT_EQUAL, INT64_MAX);
}

static void a_selection_of_another_form_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "0", "-1", "!", "!0", "<=", "<7", ">7", "=7", "<=!7", "7,8", "all",
		"9223372036854775808",
	};
	struct kmq_selection selection = { .select = 99, .type = 99 };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(parse_selection(wrong[i], &selection), -1);
	assert_int_equal(selection.select, 99);
	assert_int_equal(selection.type, 99);
}

static void a_name_is_as_the_device_takes_it(void **state)
{
	assert_int_equal(parse_name("q"), 0);
	assert_int_equal(parse_name("A-z_0.9"), 0);
	assert_int_equal(parse_name("-"), 0);
	assert_int_equal(parse_name("1234567890123456789012345678901"), 0);
	assert_int_equal(parse_name("12345678901234567890123456789012"), -1);
	assert_int_equal(parse_name(""), -1);
	assert_int_equal(parse_name("."), -1);
	assert_int_equal(parse_name(".q"), -1);
	assert_int_equal(parse_name("control"), -1);
	assert_int_equal(parse_name("a/b"), -1);
	assert_int_equal(parse_name("a b"), -1);
	assert_int_equal(parse_name("a\n"), -1);
	assert_int_equal(parse_name("\303\244"), -1);
}

static void an_owner_is_user_or_group_or_both(void **state)
{
	uid_t uid = 11;
	gid_t gid = 12;

	assert_int_equal(parse_owner("0", &uid, &gid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(gid, 12);
	uid = 11;
	assert_int_equal(parse_owner(":34", &uid, &gid), 0);
	assert_int_equal(uid, 11);
	assert_int_equal(gid, 34);
	assert_int_equal(parse_owner("root:0", &uid, &gid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(gid, 0);
}

static void an_owner_nobody_knows_changes_nothing(void **state)
{
	static const char *const wrong[] = {
		"", ":", "no such user", "root:no such group", "-1", "4294967295", "0:",
	};
	uid_t uid = 11;
	gid_t gid = 12;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(parse_owner(wrong[i], &uid, &gid), -1);
	assert_int_equal(uid, 11);
	assert_int_equal(gid, 12);
}

static uint64_t duration_of(const char *text)
{
	uint64_t ns = POISON;

	return parse_duration(text, &ns) ? POISON : ns;
}

static void a_duration_is_a_number_with_a_unit(void **state)
{
	assert_int_equal(duration_of("2"), 2000000000);
	assert_int_equal(duration_of("0"), 0);
	assert_int_equal(duration_of("500ms"), 500000000);
	assert_int_equal(duration_of("1.5s"), 1500000000);
	assert_int_equal(duration_of(".25m"), 15000000000);
	assert_int_equal(duration_of("7ns"), 7);
	assert_int_equal(duration_of("3us"), 3000);
	assert_int_equal(duration_of("1h"), 3600000000000);
	assert_int_equal(duration_of("1d"), 86400000000000);
}

static void a_duration_of_another_form_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "s", "-1s", "1 s", "1sec", "1.s", "1.", ".", ".s", "1.5.5s", "1S", "1e3",
		"99999999999s", "99999999999999999999",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(duration_of(wrong[i]), POISON);
}

static void a_mark_is_a_number_or_a_percentage_or_off(void **state)
{
	struct parse_mark mark = { POISON, false };

	assert_int_equal(parse_mark("64", &mark), 0);
	assert_int_equal(mark.value, 64);
	assert_false(mark.percent);
	assert_int_equal(parse_mark("100%", &mark), 0);
	assert_int_equal(mark.value, 100);
	assert_true(mark.percent);
	assert_int_equal(parse_mark("4K", &mark), 0);
	assert_int_equal(mark.value, 4096);
	assert_false(mark.percent);
	assert_int_equal(parse_mark("off", &mark), 0);
	assert_int_equal(mark.value, 0);
}

static void a_mark_of_another_form_is_refused(void **state)
{
	static const char *const wrong[] = { "", "%", "101%", "5%%", "-1", "x", "OFF", "1.5", "5 %" };
	struct parse_mark mark = { POISON, false };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(parse_mark(wrong[i], &mark), -1);
	assert_int_equal(mark.value, POISON);
}

int main(void)
{
	static const struct CMUnitTest claims[] = {
		CLAIM(a_size_is_digits_and_perhaps_a_suffix),
		CLAIM(a_size_of_another_form_is_refused),
		CLAIM(a_count_keeps_to_its_bounds),
		CLAIM(seconds_may_have_a_fraction),
		CLAIM(seconds_of_another_form_are_refused),
		CLAIM(a_mode_is_octal_and_not_zero),
		CLAIM(a_selection_is_a_type_with_a_sign_before_it),
		CLAIM(a_selection_of_another_form_is_refused),
		CLAIM(a_name_is_as_the_device_takes_it),
		CLAIM(an_owner_is_user_or_group_or_both),
		CLAIM(an_owner_nobody_knows_changes_nothing),
		CLAIM(a_duration_is_a_number_with_a_unit),
		CLAIM(a_duration_of_another_form_is_refused),
		CLAIM(a_mark_is_a_number_or_a_percentage_or_off),
		CLAIM(a_mark_of_another_form_is_refused),
	};
	int count = sizeof(claims) / sizeof(*claims);
	int failed = cmocka_run_group_tests(claims, NULL, NULL);

	printf("%d passed, %d failed\n", count - failed, failed);
	return failed != 0;
}
