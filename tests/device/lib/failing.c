// SPDX-License-Identifier: GPL-2.0-only
/* Failure at the nth site. */
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include "failing.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"

enum { SITES = 1000, PATIENCE_S = 300 };

static int fail_nth;
static unsigned int passed, failed;

static void write_setting(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);

	/* Not every kind has every setting. */
	if (file < 0)
		return;
	CHECK_EQ(CHECK_OK(write(file, text, strlen(text))), strlen(text));
	close(file);
}

/* Every allocation may fail, not only those that cannot wait; and silently. */
static void arm(void)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc", "fail_usercopy" };
	static const struct { const char *setting, *value; } settings[] = {
		{ "ignore-gfp-wait", "0" }, { "ignore-gfp-highmem", "0" },
		{ "min-order", "0" }, { "verbose", "0" },
	};
	char path[96];

	mount("none", "/sys/kernel/debug", "debugfs", 0, NULL);
	for (unsigned int i = 0; i < 3; i++) {
		for (unsigned int j = 0; j < 4; j++) {
			snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", kinds[i],
				 settings[j].setting);
			write_setting(path, settings[j].value);
		}
	}
}

static void begin(void)
{
	/* No page fault is to be a site. */
	CHECK_OK(mlockall(MCL_CURRENT | MCL_FUTURE));
	fail_nth = CHECK_OK(open(FAIL_NTH, O_RDWR | O_CLOEXEC));
}

bool failing_run(long (*run)(void), int nth, long *result, int *error)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", nth), left;

	CHECK_EQ(CHECK_OK(pwrite(fail_nth, text, length, 0)), length);
	*result = run();
	*error = errno;
	/*
	 * What is left over says whether the operation was shorter than that.
	 * Reading it copies to user memory, and so may be what fails.
	 */
	memset(text, 0, sizeof(text));
	left = pread(fail_nth, text, sizeof(text) - 1, 0) < 0 ? 1 : atoi(text);
	while (pwrite(fail_nth, "0", 1, 0) != 1)
		CHECK_EQ(errno, EFAULT);
	return left == 0;
}

static int count_sites(bool (*try_site)(const void *operation, int nth), const void *operation)
{
	int nth = 1;

	while (try_site(operation, nth)) {
		nth++;
		if (nth > SITES)
			FAIL("more than %d sites", SITES);
	}
	return nth - 1;
}

static void tell_sites(const char *subject, const char *name, int sites)
{
	if (sites)
		printf("ok - %s%s: each of %d sites can fail\n", subject, name, sites);
	else
		printf("ok - %s%s: meets nothing that could fail\n", subject, name);
	fflush(stdout);
}

void failing_claim(const char *subject, const char *name,
		   bool (*try_site)(const void *operation, int nth), const void *operation)
{
	pid_t child;
	int status;

	CHILD(child) {
		alarm(PATIENCE_S);
		test_pid = getpid();
		begin();
		tell_sites(subject, name, count_sites(try_site, operation));
	}
	CHECK_EQ(CHECK_OK(waitpid(child, &status, 0)), child);
	if (WIFEXITED(status) && !WEXITSTATUS(status)) {
		passed++;
	} else {
		failed++;
		printf("not ok - %s%s (status %#x)\n", subject, name, status);
	}
	queue_remove_prefix("t");
}

int failing_main(int argc, char **argv, void (*try_all)(const char *pattern))
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 2) {
		fprintf(stderr, "usage: %s [PATTERN]\n", argv[0]);
		return 2;
	}
	if (access(FAIL_NTH, W_OK)) {
		printf("# skipped: this kernel cannot make things fail (no " FAIL_NTH ")\n"
		       "0 passed, 0 failed, 1 skipped\n");
		return EXIT_SUCCESS;
	}
	arm();
	/* What a child leaves behind is reaped here. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* All children have it. */
	control();
	try_all(argc == 2 ? argv[1] : "");
	printf("%u passed, %u failed\n", passed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
