// SPDX-License-Identifier: GPL-2.0-only
/*
 * The body of every program of claims: the list, the transcript, and one claim run.
 *
 *	PROGRAM --list			the claims' names
 *	PROGRAM CLAIM			the transcript on stdout
 *	PROGRAM --action NAME A B	what exec_self() starts
 *
 * Exit status: 0 as pinned, 1 not as pinned, 2 usage, 3 a library that TWICE_WITH
 * names is not in this process, or one that TWICE_WITHOUT names is, 77 skipped.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

extern const struct listed *const __start_claims[], *const __stop_claims[];
extern const struct listed *const __start_actions[] __attribute__((weak));
extern const struct listed *const __stop_actions[] __attribute__((weak));

struct together *our;
_Thread_local struct actor *self;

static struct actor main_actor = { .name = "claim" };
static int ids[256], id_count;
static struct {
	void (*run)(long);
	long argument;
} undo[256];
static int undo_count;
static long arguments[2];

/* A line goes out whole, and at once: claims fork, exec, close descriptors and die. */
static void put_line(const char *line, size_t length)
{
	if (self->slot) {
		if (self->told + length < sizeof(self->text)) {
			memcpy(self->text + self->told, line, length);
			self->told += length;
		}
		return;
	}
	while (length) {
		ssize_t n = write(STDOUT_FILENO, line, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			_exit(2);
		line += n;
		length -= n;
	}
}

void tell(const char *format, ...)
{
	int saved = errno, length;
	char line[1024];
	va_list list;

	va_start(list, format);
	length = vsnprintf(line, sizeof(line) - 1, format, list);
	va_end(list);
	if (length > (int)sizeof(line) - 2)
		length = sizeof(line) - 2;
	line[length++] = '\n';
	put_line(line, length);
	errno = saved;
}

void not_as_pinned(void)
{
	self->failures++;
}

void skip(const char *reason)
{
	tell("skipped: %s", reason);
	finish(77);
}

void begin_call(void)
{
	__atomic_store_n(&self->in_call, 1, __ATOMIC_SEQ_CST);
	errno = 0;
}

static void keep(long long value)
{
	self->error = value == -1 ? errno : 0;
	self->value = value;
	__atomic_store_n(&self->in_call, 0, __ATOMIC_SEQ_CST);
}

void end_call(const char *text, long long value)
{
	keep(value);
	if (value == -1)
		tell("%s -> %s", text, errno_name(self->error));
	else
		tell("%s -> %lld", text, value);
}

void end_number(const char *text, long long value)
{
	keep(value);
	if (value == -1)
		tell("%s -> %s", text, errno_name(self->error));
	else
		tell("%s -> a number", text);
}

const char *errno_name(int error)
{
	const char *name = strerrorname_np(error);

	if (!error)
		return "-1";
	return name ? name : "an errno without a name";
}

void pin_result(const struct actor *a, const char *want)
{
	char is[32];

	if (a->value == -1 && a->error)
		snprintf(is, sizeof(is), "%s", errno_name(a->error));
	else
		snprintf(is, sizeof(is), "%lld", a->value);
	if (!strcmp(is, want))
		return;
	tell("NOT AS PINNED: %s, not %s", is, want);
	not_as_pinned();
}

void pinned(const char *want)
{
	pin_result(self, want);
}

void pin_value(long long want)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", want);
	pin_result(self, text);
}

void holds(const char *text, bool condition)
{
	tell("%s: %s", text, condition ? "yes" : "NO");
	if (!condition)
		not_as_pinned();
}

int id_of(const char *text, int id)
{
	int i;

	keep(id);
	if (id < 0) {
		tell("%s -> %s", text, errno_name(self->error));
		not_as_pinned();
		return id;
	}
	for (i = 0; i < id_count && ids[i] != id; i++)
		;
	if (i == id_count && id_count < (int)(sizeof(ids) / sizeof(ids[0])))
		ids[id_count++] = id;
	tell("%s -> queue %d", text, i + 1);
	return id;
}

void finally(void (*run)(long), long value)
{
	if (undo_count == sizeof(undo) / sizeof(undo[0]))
		abort();
	undo[undo_count].run = run;
	undo[undo_count++].argument = value;
}

/* Actors first: a sleeper would see what is undone. */
void finish(int status)
{
	bool failed = self->failures || actors_failed();

	actors_end();
	while (undo_count--)
		undo[undo_count].run(undo[undo_count].argument);
	if (!status && failed)
		status = 1;
	exit(status);
}

pid_t child(void (*run)(void))
{
	pid_t pid = fork();

	if (pid)
		return pid;
	self->failures = 0;
	run();
	_exit(self->failures ? 1 : 0);
}

void child_done(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	tell("the child ended with %d", status);
	if (status)
		not_as_pinned();
}

long argument(int index)
{
	return arguments[index];
}

void exec_self(const char *action, long first, long second)
{
	char a[32], b[32];

	snprintf(a, sizeof(a), "%ld", first);
	snprintf(b, sizeof(b), "%ld", second);
	execl("/proc/self/exe", "claims", "--action", action, a, b, (char *)NULL);
	tell("exec -> %s", errno_name(errno));
	_exit(1);
}

long sysctl_get(const char *path)
{
	FILE *file = fopen(path, "re");
	long value = -1;

	if (!file || fscanf(file, "%ld", &value) != 1)
		tell("%s cannot be read", path);
	if (file)
		fclose(file);
	return value;
}

void sysctl_set(const char *path, long value)
{
	FILE *file = fopen(path, "we");
	bool done = file && fprintf(file, "%ld\n", value) > 0;

	if (file && fclose(file))
		done = false;
	tell("%s = %ld%s", path, value, done ? "" : " is refused");
	if (!done)
		not_as_pinned();
}

/* time() may lag behind the clock by a tick, and both have to show it. */
void await_second_after(time_t second)
{
	struct timespec tick = { 0, 10000000 };

	while (time(NULL) <= second)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &tick, NULL);
}

void needs_capability(int capability, const char *name)
{
	unsigned long long effective = 0;
	char line[256];
	FILE *status = fopen("/proc/self/status", "re");

	while (status && fgets(line, sizeof(line), status))
		sscanf(line, "CapEff: %llx", &effective);
	if (status)
		fclose(status);
	if (effective >> capability & 1)
		return;
	snprintf(line, sizeof(line), "%s is not among this machine's root's capabilities", name);
	skip(line);
}

char *page_end(void)
{
	long page = sysconf(_SC_PAGESIZE);
	char *at = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || mprotect(at + page, page, PROT_NONE))
		abort();
	return at + page;
}

static bool mapped(const char *name)
{
	char line[4352];
	bool found = false;
	FILE *maps = fopen("/proc/self/maps", "re");

	while (maps && fgets(line, sizeof(line), maps))
		found |= strstr(line, name) != NULL;
	if (maps)
		fclose(maps);
	return found;
}

/* Every library of a list as LD_PRELOAD has it is in this process, or none is. */
static void check_libraries(const char *variable, bool wanted)
{
	const char *names = getenv(variable);
	char list[8192], *at = list, *name;

	snprintf(list, sizeof(list), "%s", names ? names : "");
	while ((name = strsep(&at, ":"))) {
		if (!*name || mapped(name) == wanted)
			continue;
		tell("%s is %s this process", name, wanted ? "not in" : "in");
		exit(3);
	}
}

static const struct listed *find(const struct listed *const *from,
				 const struct listed *const *to, const char *name)
{
	for (; from < to; from++)
		if (!strcmp((*from)->name, name))
			return *from;
	fprintf(stderr, "there is no %s\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	const struct listed *const *at;

	self = &main_actor;
	self->pid = getpid();
	if (argc == 2 && !strcmp(argv[1], "--list")) {
		for (at = __start_claims; at < __stop_claims; at++)
			puts((*at)->name);
		return 0;
	}
	if (argc == 5 && !strcmp(argv[1], "--action")) {
		arguments[0] = atol(argv[3]);
		arguments[1] = atol(argv[4]);
		check_libraries("TWICE_WITH", true);
		check_libraries("TWICE_WITHOUT", false);
		find(__start_actions, __stop_actions, argv[2])->run();
		return self->failures ? 1 : 0;
	}
	if (argc != 2) {
		fprintf(stderr, "usage: %s --list | CLAIM\n", argv[0]);
		return 2;
	}
	check_libraries("TWICE_WITH", true);
	check_libraries("TWICE_WITHOUT", false);
	our = mmap(NULL, sizeof(*our), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (our == MAP_FAILED)
		return 2;
	find(__start_claims, __stop_claims, argv[1])->run();
	finish(0);
}
