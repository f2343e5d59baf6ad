// SPDX-License-Identifier: GPL-2.0-only
/*
 * random: calls at random by four processes of two users, on the kernel's own queues and
 * under a preloaded library; the two transcripts must be the same, byte for byte. TAP on
 * stdout, and a last line `N passed, N failed`. As root, for namespaces and SCHED_FIFO.
 *
 *	random --native		both times on the kernel's queues: the test itself
 *	random --preload LIB	the second time with LIB preloaded
 *	random --shim LIB	the same; moreover none of the kernel's queues may be made
 *	random --liar LIAR	each lie of LIAR is told to the second run, of either
 *				family, and must be seen; without one, nothing may be
 *
 *	--sysv, --posix	which calls; System V unless told
 *	--seed N	the first seed, 1 unless told; a seed always gives the same steps
 *	--seeds N	so many, 10 unless told; --steps N of each, 10000 unless told
 *	--only A,B...	these steps of the seed alone, as a cut history names them
 *
 * Where the two differ, the history is cut by leaving out half of its steps, then quarters
 * and so on as long as they still differ, for at most a minute; what is left is shown. The
 * first two are cut.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "random.h"

enum { RUN_SECONDS = 240, CUT_SECONDS = 60, BEFORE = 12, AFTER = 4, MOST_CUT = 2, TIMED_OUT = 124, MOST_TALLIES = 64 };

struct run {
	int status;
	char *text, *said;
	size_t size;
};

static const struct family *family = &sysv;
static const char *preload, *liar;
static bool native_only, prove_use;
static uint64_t first_seed = 1;
static unsigned int seeds = 10, steps = 10000;
static char *only;
static int test_number, failed;

static struct {
	char what[32];
	unsigned long times;
} tallies[MOST_TALLIES];

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "random: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int memory_file(const char *name)
{
	int fd = memfd_create(name, 0);

	if (fd < 0)
		die("memfd_create");
	return fd;
}

static char *contents(int fd, size_t *size)
{
	off_t end = lseek(fd, 0, SEEK_END);
	char *text = malloc(end + 1);

	if (!text || pread(fd, text, end, 0) != end)
		die("a transcript");
	text[end] = 0;
	*size = end;
	close(fd);
	return text;
}

/* The steps left out go by a descriptor: there may be thousands. */
static int hand_left_out(const unsigned char *left_out, unsigned int count)
{
	int fd = memory_file("left out");

	if (left_out && write(fd, left_out, count) != count)
		die("write");
	return fd;
}

_Noreturn static void become_stage(uint64_t seed, unsigned int count, int left_out, const char *library, const char *lie,
				   const int *out)
{
	char seed_text[24], count_text[16], fd_text[16];

	snprintf(seed_text, sizeof(seed_text), "%llu", (unsigned long long)seed);
	snprintf(count_text, sizeof(count_text), "%u", count);
	snprintf(fd_text, sizeof(fd_text), "%d", left_out);
	setpgid(0, 0);
	if (unshare(CLONE_NEWIPC | CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		die("namespaces");
	if (library)
		setenv("LD_PRELOAD", library, 1);
	else
		unsetenv("LD_PRELOAD");
	if (lie)
		setenv("LIE", lie, 1);
	dup2(out[0], STDOUT_FILENO);
	dup2(out[1], STDERR_FILENO);
	execl("/proc/self/exe", "random", "--stage", family == &sysv ? "sysv" : "posix", seed_text, count_text, fd_text,
	      library && prove_use ? "prove" : "", (char *)NULL);
	_exit(2);
}

/* Exit status, 128 and the signal, or TIMED_OUT. */
static int await_end(pid_t pid)
{
	struct timespec patience = { RUN_SECONDS, 0 };
	sigset_t set;
	int status;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (sigtimedwait(&set, NULL, &patience) < 0 && errno == EAGAIN) {
			kill(-pid, SIGKILL);
			waitpid(pid, &status, 0);
			return TIMED_OUT;
		}
	}
	/* Whatever it left behind. */
	kill(-pid, SIGKILL);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static struct run run_once(uint64_t seed, unsigned int count, const unsigned char *left_out, const char *library,
			   const char *lie)
{
	int out[2] = { memory_file("transcript"), memory_file("reached") }, out_of = hand_left_out(left_out, count);
	struct run run;
	size_t unused;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		become_stage(seed, count, out_of, library, lie, out);
	run.status = await_end(pid);
	run.text = contents(out[0], &run.size);
	run.said = contents(out[1], &unused);
	close(out_of);
	return run;
}

static void free_run(struct run *run)
{
	free(run->text);
	free(run->said);
}

/* Where the line begins in which they first differ; -1 if they do not. */
static long first_difference(const struct run *a, const struct run *b)
{
	size_t i = 0, line = 0;

	while (i < a->size && i < b->size && a->text[i] == b->text[i])
		if (a->text[i++] == '\n')
			line = i;
	if (i < a->size || i < b->size || a->status != b->status)
		return (long)line;
	return -1;
}

/* The step that the line belongs to. */
static unsigned int step_at(const char *text, long at)
{
	while (at > 0 && (text[at] == '\t' || !text[at]))
		for (at--; at > 0 && text[at - 1] != '\n'; at--)
			;
	return (unsigned int)strtoul(text + at, NULL, 10);
}

static void show_line(const char *mark, const char *line)
{
	printf("# %s %.*s\n", mark, (int)strcspn(line, "\n"), line);
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

static void show_from(const char *mark, const struct run *run, long at)
{
	const char *line = run->text + at;
	int i;

	for (i = 0; i < AFTER && *line; i++, line = next_line(line))
		show_line(mark, line);
	if (run->status || !*line)
		printf("# %s ended with status %d\n", mark, run->status);
	/* What was said goes with a run that did not end well. */
	if (run->status)
		show_line(mark, run->said);
}

static void show_difference(const struct run *native, const struct run *other, long at, int before)
{
	const char *line = native->text + at;

	while (line > native->text && before--)
		for (line--; line > native->text && line[-1] != '\n'; line--)
			;
	for (; line < native->text + at; line = next_line(line))
		show_line(" ", line);
	show_from("native:", native, at);
	show_from("other: ", other, at);
}

static const char *library(void)
{
	return native_only ? NULL : preload;
}

/* Whether the two still differ without those steps; then how far they have to go for it. */
static bool still_differs(uint64_t seed, unsigned int *count, const unsigned char *left_out)
{
	struct run native = run_once(seed, *count, left_out, NULL, NULL);
	struct run other = run_once(seed, *count, left_out, library(), NULL);
	long at = first_difference(&native, &other);

	if (at >= 0 && !native.status && !other.status)
		*count = step_at(native.text, at) + 1;
	free_run(&native);
	free_run(&other);
	return at >= 0;
}

static bool leaves_something(const unsigned char *left_out, unsigned int from, unsigned int to)
{
	for (; from < to; from++)
		if (!left_out[from])
			return true;
	return false;
}

static void cut(uint64_t seed, unsigned int *count, unsigned char *left_out)
{
	time_t end = time(NULL) + CUT_SECONDS;
	unsigned int chunk, from;
	unsigned char *tried = malloc(*count);

	for (chunk = *count / 2; chunk && tried; chunk /= 2) {
		for (from = 0; from < *count && time(NULL) < end; from += chunk) {
			unsigned int to = from + chunk < *count ? from + chunk : *count;

			if (!leaves_something(left_out, from, to))
				continue;
			memcpy(tried, left_out, *count);
			memset(tried + from, 1, to - from);
			if (still_differs(seed, count, tried))
				memcpy(left_out, tried, *count);
		}
	}
	free(tried);
}

static void show_cut(uint64_t seed, unsigned int count, const unsigned char *left_out)
{
	struct run native = run_once(seed, count, left_out, NULL, NULL);
	struct run other = run_once(seed, count, left_out, library(), NULL);
	long at = first_difference(&native, &other);
	unsigned int i, left = 0;

	for (i = 0; i < count; i++)
		left += !left_out[i];
	printf("# cut to %u steps: random %s --seed %llu --only ", left, family == &sysv ? "--sysv" : "--posix",
	       (unsigned long long)seed);
	for (i = 0, left = 0; i < count; i++)
		if (!left_out[i])
			printf("%s%u", left++ ? "," : "", i);
	printf("\n");
	if (at < 0)
		printf("# ... which do not differ each time\n");
	else
		show_difference(&native, &other, at, 400);
	free_run(&native);
	free_run(&other);
}

static void cut_and_show(uint64_t seed, unsigned int count)
{
	unsigned char *left_out = calloc(count, 1);

	if (!left_out)
		die("memory");
	cut(seed, &count, left_out);
	show_cut(seed, count, left_out);
	free(left_out);
}

static void verdict(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void verdict(bool good, const char *format, ...)
{
	va_list list;

	printf("%s %d - ", good ? "ok" : "not ok", ++test_number);
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	printf("\n");
	fflush(stdout);
	failed += !good;
}

static void add_tally(const char *what, unsigned long times)
{
	int i;

	for (i = 0; i < MOST_TALLIES - 1 && tallies[i].what[0] && strcmp(tallies[i].what, what); i++)
		;
	snprintf(tallies[i].what, sizeof(tallies[i].what), "%s", what);
	tallies[i].times += times;
}

/* Lines of `WHAT TIMES`; a WHAT may have blanks. */
static void add_tallies(char *said)
{
	char *line, *blank;

	while ((line = strsep(&said, "\n"))) {
		blank = strrchr(line, ' ');
		if (!blank)
			continue;
		*blank = 0;
		add_tally(line, strtoul(blank + 1, NULL, 10));
	}
}

/* All steps, or those asked for. */
static unsigned char *choose_steps(unsigned int *count)
{
	unsigned char *left_out;
	char *list = only, *one;
	unsigned int most = 0;

	if (!only)
		return NULL;
	for (one = only; one; one = strchr(one, ',')) {
		one += *one == ',';
		if (strtoul(one, NULL, 10) >= most)
			most = (unsigned int)strtoul(one, NULL, 10) + 1;
	}
	left_out = malloc(most);
	if (!left_out)
		die("memory");
	memset(left_out, 1, most);
	while ((one = strsep(&list, ",")))
		left_out[strtoul(one, NULL, 10)] = 0;
	*count = most;
	return left_out;
}

static void try_seed(uint64_t seed)
{
	unsigned int count = steps;
	unsigned char *left_out = choose_steps(&count);
	struct run native = run_once(seed, count, left_out, NULL, NULL);
	struct run other = run_once(seed, count, left_out, library(), NULL);
	long at = first_difference(&native, &other);
	bool ended = !native.status && !other.status;
	unsigned int last = at < 0 ? 0 : step_at(native.text, at);

	verdict(at < 0 && ended, "%s, seed %llu: %u steps%s", family->name, (unsigned long long)seed, count,
		at < 0 ? "" : " do not agree");
	if (at >= 0 || !ended)
		show_difference(&native, &other, at < 0 ? (long)native.size : at, BEFORE);
	add_tallies(native.said);
	free_run(&native);
	free_run(&other);
	if (at >= 0 && !left_out && failed <= MOST_CUT)
		cut_and_show(seed, last + 1 < count ? last + 1 : count);
	free(left_out);
}

/* A test that never comes where it is about fails. */
static void check_reached(void)
{
	const char *const *what;
	int i;

	printf("# reached:");
	for (i = 0; tallies[i].what[0]; i++)
		printf(" %s %lu%s", tallies[i].what, tallies[i].times, tallies[i + 1].what[0] ? "," : "\n");
	for (what = family->required; *what; what++) {
		for (i = 0; tallies[i].what[0] && strcmp(tallies[i].what, *what); i++)
			;
		if (!tallies[i].times)
			verdict(false, "%s is never reached", *what);
	}
}

static void try_seeds(void)
{
	unsigned int i;

	for (i = 0; i < seeds; i++)
		try_seed(first_seed + i);
	if (!only)
		check_reached();
}

/* The step at which the lie is seen, or -1. */
static long seen_at(const struct run *native, const char *lie)
{
	struct run lied = run_once(first_seed, steps, NULL, liar, lie);
	long at = first_difference(native, &lied);

	if (at >= 0)
		at = step_at(native->text, at);
	free_run(&lied);
	return at;
}

static void tell_lie(const struct run *native, const char *lie)
{
	static const struct family *const families[] = { &sysv, &mqueue };
	long at;
	int i;

	for (i = 0; i < 2; i++) {
		family = families[i];
		at = seen_at(&native[i], lie);
		if (at < 0)
			continue;
		verdict(true, "the lie %s is seen (%s, step %ld)", lie, family->name, at);
		return;
	}
	verdict(false, "the lie %s is not seen", lie);
}

static void hear_lies(void)
{
	void *handle = dlopen(liar, RTLD_NOW | RTLD_LOCAL);
	const char *const *lies = handle ? dlsym(handle, "lies") : NULL;
	struct run native[2];

	if (!lies) {
		fprintf(stderr, "random: %s has no lies\n", liar);
		exit(2);
	}
	family = &sysv;
	native[0] = run_once(first_seed, steps, NULL, NULL, NULL);
	verdict(!native[0].status && seen_at(&native[0], NULL) < 0, "no lie, no difference (%s)", family->name);
	family = &mqueue;
	native[1] = run_once(first_seed, steps, NULL, NULL, NULL);
	verdict(!native[1].status && seen_at(&native[1], NULL) < 0, "no lie, no difference (%s)", family->name);
	for (; *lies; lies++) {
		/* Nothing is executed here; the claims are about that. */
		if (strcmp(*lies, "descriptor_survives_exec"))
			tell_lie(native, *lies);
	}
	free_run(&native[0]);
	free_run(&native[1]);
}

_Noreturn static void usage(void)
{
	fputs("usage: random --native | --preload LIB | --shim LIB | --liar LIAR\n"
	      "              [--sysv | --posix] [--seed N] [--seeds N] [--steps N] [--only A,B...]\n", stderr);
	exit(2);
}

/* --stage FAMILY SEED STEPS LEFT_OUT PROVE: what the driver starts. */
_Noreturn static void stage(char **argument)
{
	unsigned int count = (unsigned int)strtoul(argument[2], NULL, 10);
	int fd = atoi(argument[3]);
	unsigned char *left_out = NULL;

	if (lseek(fd, 0, SEEK_END) > 0) {
		left_out = mmap(NULL, count, PROT_READ, MAP_PRIVATE, fd, 0);
		if (left_out == MAP_FAILED)
			die("mmap");
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	run_stage(strcmp(argument[0], "posix") ? &sysv : &mqueue, strtoull(argument[1], NULL, 10), count, left_out,
		  *argument[4] != 0);
}

static char *absolute(const char *path)
{
	char *whole = realpath(path, NULL);

	if (!whole)
		die(path);
	return whole;
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || end == text || !n)
		usage();
	return n;
}

static void options(int argc, char **argv)
{
	static const struct option list[] = {
		{ "native", no_argument, NULL, 'n' },	     { "preload", required_argument, NULL, 'p' },
		{ "shim", required_argument, NULL, 's' },    { "liar", required_argument, NULL, 'l' },
		{ "sysv", no_argument, NULL, 'v' },	     { "posix", no_argument, NULL, 'x' },
		{ "seed", required_argument, NULL, 'd' },    { "seeds", required_argument, NULL, 'e' },
		{ "steps", required_argument, NULL, 't' },   { "only", required_argument, NULL, 'o' },
		{ }
	};
	int option;

	while ((option = getopt_long(argc, argv, "", list, NULL)) >= 0) {
		switch (option) {
		case 'n': native_only = true; break;
		case 's': prove_use = true; /* fall through */
		case 'p': preload = absolute(optarg); break;
		case 'l': liar = absolute(optarg); break;
		case 'v': family = &sysv; break;
		case 'x': family = &mqueue; break;
		case 'd': first_seed = number(optarg); break;
		case 'e': seeds = (unsigned int)number(optarg); break;
		case 't': steps = (unsigned int)number(optarg); break;
		case 'o': only = optarg; seeds = 1; break;
		default: usage();
		}
	}
	if (optind != argc || native_only + !!preload + !!liar != 1)
		usage();
}

int main(int argc, char **argv)
{
	sigset_t child;

	if (argc == 7 && !strcmp(argv[1], "--stage"))
		stage(argv + 2);
	options(argc, argv);
	/* It waits to be asked for. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	if (liar)
		hear_lies();
	else
		try_seeds();
	printf("1..%d\n%d passed, %d failed\n", test_number, test_number - failed, failed);
	return failed ? 1 : 0;
}
