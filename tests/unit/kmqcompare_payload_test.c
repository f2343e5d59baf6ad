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
		assert_int_equal(payload_sequence(body), (uint32_t)(1234567890123ull + size));
	}
}

/* Of every size up to 200, and of large ones; whatever its sequence number. */
static void every_changed_bit_is_noticed(void **state)
{
	static const uint64_t sequences[] = { 0, 7, 1ull << 32, 0xfedcba9876543210u };

	for (size_t s = 0; s < sizeof(sequences) / sizeof(*sequences); s++)
		for (uint32_t size = PAYLOAD_MIN; size <= LARGEST; size++)
			for (uint32_t bit = 0; bit < size * 8; bit++) {
				payload_fill(body, size, sequences[s]);
				((uint8_t *)body)[bit / 8] ^= 1 << bit % 8;
				assert_string_equal(payload_check(body, size, size, sequences[s]),
						    "corrupt");
			}
}

static void a_changed_bit_of_a_large_message_is_noticed(void **state)
{
	static uint64_t large[65536 / 8];

	payload_fill(large, sizeof(large), 7);
	for (uint32_t bit = 0; bit < sizeof(large) * 8; bit += 61) {
		((uint8_t *)large)[bit / 8] ^= 1 << bit % 8;
		assert_string_equal(payload_check(large, sizeof(large), sizeof(large), 7),
				    "corrupt");
		((uint8_t *)large)[bit / 8] ^= 1 << bit % 8;
	}
	assert_null(payload_check(large, sizeof(large), sizeof(large), 7));
}

static void words_that_changed_places_are_noticed(void **state)
{
	for (uint32_t i = 1; i < 7; i++) {
		uint64_t word;

		payload_fill(body, 64, 7);
		word = body[i];
		body[i] = body[i + 1];
		body[i + 1] = word;
		assert_string_equal(payload_check(body, 64, 64, 7), "corrupt");
	}
}

static void two_messages_torn_into_one_are_noticed(void **state)
{
	uint64_t other[8];

	for (uint32_t words = 1; words < 8; words++) {
		payload_fill(body, 64, 7);
		payload_fill(other, 64, 8);
		memcpy(body, other, words * 8);
		assert_string_equal(payload_check(body, 64, 64, 7), "corrupt");
		assert_string_equal(payload_check(body, 64, 64, 8), "corrupt");
	}
}

/* The header has the lower half of the number only. */
static void a_message_of_another_upper_half_is_not_the_one(void **state)
{
	payload_fill(body, 8, 7 + (1ull << 32));
	assert_non_null(payload_check(body, 8, 8, 7));
}

static void the_lower_half_of_the_number_may_wrap(void **state)
{
	payload_fill(body, 8, 1ull << 32);
	assert_null(payload_check(body, 8, 8, 1ull << 32));
	assert_string_equal(payload_check(body, 8, 8, (1ull << 32) - 1), "lost or reordered");
	payload_fill(body, 8, (1ull << 32) - 1);
	assert_string_equal(payload_check(body, 8, 8, 1ull << 32), "doubled or reordered");
}

static void a_number_says_who_sent_it(void **state)
{
	uint64_t sequence = payload_sequence_of(3, 123456789);

	payload_fill(body, 8, sequence);
	assert_int_equal(payload_sequence(body), sequence);
	assert_int_equal(payload_sender(payload_sequence(body)), 3);
	assert_int_equal(payload_number(payload_sequence(body)), 123456789);
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
		cmocka_unit_test(a_changed_bit_of_a_large_message_is_noticed),
		cmocka_unit_test(words_that_changed_places_are_noticed),
		cmocka_unit_test(two_messages_torn_into_one_are_noticed),
		cmocka_unit_test(a_message_of_another_upper_half_is_not_the_one),
		cmocka_unit_test(the_lower_half_of_the_number_may_wrap),
		cmocka_unit_test(a_number_says_who_sent_it),
		cmocka_unit_test(a_message_of_another_length_is_cut_or_grown),
		cmocka_unit_test(a_later_message_means_that_one_was_lost_or_reordered),
		cmocka_unit_test(an_earlier_message_means_that_it_was_doubled_or_reordered),
		cmocka_unit_test(zeroes_are_no_message),
		cmocka_unit_test(nothing_is_written_behind_a_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
