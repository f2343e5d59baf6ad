// SPDX-License-Identifier: GPL-2.0-only
/* What kmqctl doctor reads out of a kmq.ko. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "module_file.h"

#define CLAIM(claim) cmocka_unit_test(claim)

static char bytes[1024];
static struct module_file file;

/* As an ELF file of that size with the text in the middle of it. */
static int parse(const char *text, size_t length, size_t size)
{
	memset(bytes, 0, sizeof(bytes));
	memset(&file, 'x', sizeof(file));
	memcpy(bytes, ELFMAG, SELFMAG);
	memcpy(bytes + 100, text, length);
	return module_file_parse(bytes, size, &file);
}

static void the_vermagic_ends_at_its_nul(void **state)
{
	static const char text[] = "license=GPL\0vermagic=6.1.0-44-amd64 SMP mod_unload \0name=kmq";

	assert_int_equal(parse(text, sizeof(text), 512), 0);
	assert_string_equal(file.vermagic, "6.1.0-44-amd64 SMP mod_unload ");
	assert_false(file.is_signed);
}

static void a_vermagic_cut_by_the_end_of_the_file_is_read_no_further(void **state)
{
	static const char text[] = "vermagic=6.1.0";

	assert_int_equal(parse(text, sizeof(text), 100 + 11), 0);
	assert_string_equal(file.vermagic, "6.");
}

static void a_vermagic_longer_than_any_is_cut(void **state)
{
	char text[600] = "vermagic=";

	memset(text + 9, '6', sizeof(text) - 9);
	assert_int_equal(parse(text, sizeof(text), sizeof(bytes)), 0);
	assert_int_equal(strlen(file.vermagic), sizeof(file.vermagic) - 1);
}

static void a_signature_is_told_by_its_mark_at_the_end(void **state)
{
	static const char text[] = "vermagic=6.1.0\0~Module signature appended~\n";

	assert_int_equal(parse(text, sizeof(text) - 1, 100 + sizeof(text) - 1), 0);
	assert_true(file.is_signed);
	assert_int_equal(parse(text, sizeof(text) - 1, 512), 0);
	assert_false(file.is_signed);
}

static void what_is_no_module_is_refused(void **state)
{
	assert_int_equal(parse("nothing", 8, 512), -1);
	assert_int_equal(parse("vermagic=6.1.0", 15, 10), -1);
	parse("vermagic=6.1.0", 15, 512);
	bytes[0] = 'X';
	assert_int_equal(module_file_parse(bytes, 512, &file), -1);
}

int main(void)
{
	static const struct CMUnitTest claims[] = {
		CLAIM(the_vermagic_ends_at_its_nul),
		CLAIM(a_vermagic_cut_by_the_end_of_the_file_is_read_no_further),
		CLAIM(a_vermagic_longer_than_any_is_cut),
		CLAIM(a_signature_is_told_by_its_mark_at_the_end),
		CLAIM(what_is_no_module_is_refused),
	};
	int count = sizeof(claims) / sizeof(*claims);
	int failed = cmocka_run_group_tests(claims, NULL, NULL);

	printf("%d passed, %d failed\n", count - failed, failed);
	return failed != 0;
}
