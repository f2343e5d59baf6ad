// SPDX-License-Identifier: GPL-2.0-only
/* How queues of the hub are shown. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/kmq.h>

#include "key.h"

#define CLAIM(claim) cmocka_unit_test(claim)

static void shown(uint32_t space, const void *bytes, size_t size, const char *wanted)
{
	char *text = key_text(space, bytes, size);

	assert_string_equal(text, wanted);
	free(text);
}

static void a_key_t_is_shown_as_ipcs_does(void **state)
{
	static const int32_t keys[] = { 42, -1, 0x51010001 };
	static const char *const wanted[] = { "0x0000002a", "0xffffffff", "0x51010001" };

	for (size_t i = 0; i < 3; i++)
		shown(KMQ_SPACE_SYSV, &keys[i], sizeof(keys[i]), wanted[i]);
}

static void a_posix_name_has_its_slash(void **state)
{
	char longest[KMQ_KEY_MAX + 2];

	shown(KMQ_SPACE_POSIX, "jobs", 4, "/jobs");
	memset(longest, 'n', sizeof(longest));
	*longest = '/';
	longest[sizeof(longest) - 1] = '\0';
	shown(KMQ_SPACE_POSIX, longest + 1, KMQ_KEY_MAX, longest);
}

static void other_text_is_shown_as_it_is(void **state)
{
	shown(7, "jobs", 4, "jobs");
	shown(KMQ_SPACE_SYSV, "jobs!", 5, "jobs!");
}

static void what_is_no_text_is_shown_in_hexadecimal(void **state)
{
	shown(KMQ_SPACE_POSIX, "a\xff", 2, "0x61ff");
	shown(7, "a\0b", 3, "0x610062");
}

static void spaces_have_names_and_numbers(void **state)
{
	uint32_t space = 99;

	assert_int_equal(space_value("sysv", &space), 0);
	assert_int_equal(space, KMQ_SPACE_SYSV);
	assert_int_equal(space_value("posix", &space), 0);
	assert_int_equal(space, KMQ_SPACE_POSIX);
	assert_int_equal(space_value("15", &space), 0);
	assert_int_equal(space, 15);
	assert_string_equal(space_name(KMQ_SPACE_SYSV), "sysv");
	assert_string_equal(space_name(KMQ_SPACE_POSIX), "posix");
	assert_null(space_name(0));
	assert_null(space_name(3));
}

static void what_is_no_space_is_refused(void **state)
{
	static const char *const wrong[] = { "", "0", "16", "sys", "SYSV", "-1", "1x" };
	uint32_t space = 99;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(space_value(wrong[i], &space), -1);
	assert_int_equal(space, 99);
}

static void told(uint32_t space, uint64_t method, uint64_t number, const char *wanted)
{
	const uint64_t show[2] = { method, number };
	char *text = notify_text(space, show);

	assert_string_equal(text, wanted);
	free(text);
}

static void a_notification_is_its_signal_or_its_method(void **state)
{
	char realtime[32];

	told(KMQ_SPACE_POSIX, SIGEV_SIGNAL, SIGUSR1, "SIGUSR1");
	told(KMQ_SPACE_POSIX, SIGEV_SIGNAL, 0, "signal 0");
	snprintf(realtime, sizeof(realtime), "SIGRTMIN+%d", 3);
	told(KMQ_SPACE_POSIX, SIGEV_SIGNAL, (uint64_t)SIGRTMIN + 3, realtime);
	told(KMQ_SPACE_POSIX, SIGEV_SIGNAL, UINT64_MAX, "signal 18446744073709551615");
	told(KMQ_SPACE_POSIX, SIGEV_THREAD, 0, "thread");
	told(KMQ_SPACE_POSIX, SIGEV_NONE, 0, "none");
	told(KMQ_SPACE_POSIX, 9, 8, "9,8");
	told(5, SIGEV_SIGNAL, SIGUSR1, "0,10");
}

int main(void)
{
	static const struct CMUnitTest claims[] = {
		CLAIM(a_key_t_is_shown_as_ipcs_does),
		CLAIM(a_posix_name_has_its_slash),
		CLAIM(other_text_is_shown_as_it_is),
		CLAIM(what_is_no_text_is_shown_in_hexadecimal),
		CLAIM(spaces_have_names_and_numbers),
		CLAIM(what_is_no_space_is_refused),
		CLAIM(a_notification_is_its_signal_or_its_method),
	};
	int count = sizeof(claims) / sizeof(*claims);
	int failed = cmocka_run_group_tests(claims, NULL, NULL);

	printf("%d passed, %d failed\n", count - failed, failed);
	return failed != 0;
}
