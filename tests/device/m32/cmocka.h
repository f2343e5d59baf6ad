/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few names of cmocka that lib/main.c uses, for the 32-bit build alone:
 * a 64-bit Debian has no 32-bit cmocka unless a whole architecture is added to
 * it. Prints TAP, as cmocka does with CMOCKA_MESSAGE_OUTPUT=TAP.
 */
#ifndef KMQ_TEST_CMOCKA_H
#define KMQ_TEST_CMOCKA_H

#include <fnmatch.h>
#include <stdio.h>

struct CMUnitTest {
	const char *name;
	void (*test_func)(void **state);
	void *setup_func;
	void *teardown_func;
	void *initial_state;
};

static jmp_buf cmocka_return;
static const char *cmocka_pattern = "*";

enum { CMOCKA_FAILED = 1, CMOCKA_SKIPPED };

#define skip() longjmp(cmocka_return, CMOCKA_SKIPPED)
#define fail_msg(...)							\
	do {								\
		fprintf(stderr, "# " __VA_ARGS__);			\
		fputc('\n', stderr);					\
		longjmp(cmocka_return, CMOCKA_FAILED);			\
	} while (0)

static inline void cmocka_set_test_filter(const char *pattern)
{
	cmocka_pattern = pattern;
}

/* Returns whether it failed. */
static inline int cmocka_run_one(const struct CMUnitTest *test, unsigned int number)
{
	void *state = test->initial_state;
	int jump = setjmp(cmocka_return);

	if (!jump)
		test->test_func(&state);
	printf("%s %u %s %s\n", jump == CMOCKA_FAILED ? "not ok" : "ok", number,
	       jump == CMOCKA_SKIPPED ? "# SKIP" : "-", test->name);
	fflush(stdout);
	return jump == CMOCKA_FAILED;
}

static inline int _cmocka_run_group_tests(const char *group,
					  const struct CMUnitTest *tests, size_t count,
					  void *setup, void *teardown)
{
	unsigned int number = 0, failed = 0, selected = 0;

	for (size_t i = 0; i < count; i++)
		selected += !fnmatch(cmocka_pattern, tests[i].name, 0);
	printf("1..%u\n", selected);
	for (size_t i = 0; i < count; i++)
		if (!fnmatch(cmocka_pattern, tests[i].name, 0))
			failed += cmocka_run_one(&tests[i], ++number);
	return failed;
}

#endif /* KMQ_TEST_CMOCKA_H */
