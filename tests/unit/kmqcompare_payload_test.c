// SPDX-License-Identifier: GPL-2.0-only
/* Whatever happens to a message on its way, its receiver notices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "payload.h"

#define LARGEST	200

static uint64_t body[LARGEST / 8];

static void a_message_is_right_as_it_was_made(void **state)
{
	for (uint32_t size = PAYLOAD_MIN; size <= LARGEST; size++) {
		payload_fill(body, size, 1234567890123ull + size);
		assert_null(payload_check(body, size, size, 1234567890123ull + size));
		assert_int_equal(payload_sequence(body), 1234567890123ull + size);
	}
}

static void every_changed_bit_is_noticed(void **state)
{
	static const uint32_t sizes[] = { 16, 17, 23, 24, 64, 65 };

	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++)
		for (uint32_t bit = 0; bit < sizes[s] * 8; bit++) {
			payload_fill(body, sizes[s], 7);
			((uint8_t *)body)[bit / 8] ^= 1 << bit % 8;
			assert_string_equal(payload_check(body, sizes[s], sizes[s], 7), "corrupt");
		}
}

static void a_message_of_another_length_is_cut_or_grown(void **state)
{
	payload_fill(body, 64, 7);
	assert_string_equal(payload_check(body, 64, 63, 7), "cut or grown");
	assert_string_equal(payload_check(body, 64, 0, 7), "cut or grown");
	assert_string_equal(payload_check(body, 64, 65, 7), "cut or grown");
}

static void a_later_message_means_that_one_was_lost_or_reordered(void **state)
{
	payload_fill(body, 64, 8);
	assert_string_equal(payload_check(body, 64, 64, 7), "lost or reordered");
}

static void an_earlier_message_means_that_it_was_doubled_or_reordered(void **state)
{
	payload_fill(body, 64, 6);
	assert_string_equal(payload_check(body, 64, 64, 7), "doubled or reordered");
}

static void zeroes_are_no_message(void **state)
{
	memset(body, 0, sizeof(body));
	assert_string_equal(payload_check(body, 64, 64, 0), "corrupt");
}

static void nothing_is_written_behind_a_message(void **state)
{
	for (uint32_t size = PAYLOAD_MIN; size < LARGEST; size++) {
		memset(body, 0xa5, sizeof(body));
		payload_fill(body, size, 3);
		assert_int_equal(((uint8_t *)body)[size], 0xa5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_right_as_it_was_made),
		cmocka_unit_test(every_changed_bit_is_noticed),
		cmocka_unit_test(a_message_of_another_length_is_cut_or_grown),
		cmocka_unit_test(a_later_message_means_that_one_was_lost_or_reordered),
		cmocka_unit_test(an_earlier_message_means_that_it_was_doubled_or_reordered),
		cmocka_unit_test(zeroes_are_no_message),
		cmocka_unit_test(nothing_is_written_behind_a_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
