// SPDX-License-Identifier: GPL-2.0-only
#include "cell.h"

#include "puppet_private.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CLEAN_SECONDS	5	/* for taking away what the experiment left */
#define MESSAGE_MAX	64	/* unless the claim asks for more */
#define CUT		"(cut here: there was more)\n"

/* All that a cell's processes share. */
struct arena {
	struct cell cell;
	struct object objects[OBJECTS];
	struct puppet puppets[PUPPETS_MAX];
	char scratch[SCRATCH_SIZE] __attribute__((aligned(64)));
};

struct cell_job {
	struct cell_result *result;
	struct arena *arena;
	pid_t guard;
	struct timespec begin;
};

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = {
		[VERDICT_NONE] = "none", [VERDICT_YES] = "yes", [VERDICT_NO] = "no",
		[VERDICT_PARTLY] = "partly",
	};

	return names[verdict];
}

static bool is_comparable(const struct cell_result *result)
{
	return result->verdict != VERDICT_NONE && result->expected != VERDICT_NONE;
}

bool cell_agrees(const struct cell_result *result)
{
	return is_comparable(result) && result->verdict == result->expected;
}

bool cell_differs(const struct cell_result *result)
{
	return is_comparable(result) && result->verdict != result->expected;
}

static const struct cell_result *cells_find(const struct cells *cells, const char *claim,
					    const char *mechanism)
{
	for (size_t i = 0; i < cells->count; i++)
		if (!strcmp(cells->results[i].claim->name, claim) &&
		    !strcmp(cells->results[i].subject->mechanism, mechanism))
			return &cells->results[i];
	return NULL;
}

enum verdict cells_verdict(const struct cells *cells, const char *claim, const char *mechanism)
{
	const struct cell_result *result = cells_find(cells, claim, mechanism);

	return result ? result->verdict : VERDICT_NONE;
}

const char *cells_answer(const struct cells *cells, const char *claim, const char *mechanism)
{
	const struct cell_result *result = cells_find(cells, claim, mechanism);

	return result ? result->answer : "";
}

void cell_answer(struct cell *cell, enum verdict verdict, const char *format, ...)
{
	va_list arguments;

	cell->verdict = verdict;
	va_start(arguments, format);
	vsnprintf(cell->answer, sizeof(cell->answer), format, arguments);
	va_end(arguments);
	cell->answered = true;
}

void cell_note(struct cell *cell, const char *format, ...)
{
	size_t used = strlen(cell->evidence);
	/* Room for CUT is always kept. */
	size_t room = sizeof(cell->evidence) - sizeof(CUT) - used;
	va_list arguments;
	int length;

	if (used > strlen(CUT) && !strcmp(cell->evidence + used - strlen(CUT), CUT))
		return;
	va_start(arguments, format);
	length = vsnprintf(cell->evidence + used, room, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length + 2 > room)
		strcpy(cell->evidence + used, CUT);
	else
		strcpy(cell->evidence + used + length, "\n");
}

/* What the experiment's own failure is told as; the first cause stays. */
__attribute__((format(printf, 2, 0)))
static void vbreak(struct cell *cell, const char *format, va_list arguments)
{
	char why[ANSWER_SIZE * 2];

	if (cell->broke)
		return;
	vsnprintf(why, sizeof(why), format, arguments);
	cell_note(cell, "the experiment broke: %s", why);
	cell_answer(cell, VERDICT_NONE, "the experiment broke: %.40s", why);
	cell->broke = true;
}

__attribute__((format(printf, 2, 3)))
static void cell_break(struct cell *cell, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vbreak(cell, format, arguments);
	va_end(arguments);
}

void cell_give_up(struct cell *cell, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vbreak(cell, format, arguments);
	va_end(arguments);
	_exit(1);
}

/* The stage. */
__attribute__((noreturn))
static void run_experiment(struct cell *cell)
{
	cell->claim->try(cell);
	if (!cell->answered)
		cell_break(cell, "it came to no answer");
	_exit(0);
}

/* In a process of its own, because it may hang, too. */
__attribute__((noreturn))
static void remove_objects(struct cell *cell)
{
	const struct subject *subject = cell->subject;

	alarm(CLEAN_SECONDS);
	for (unsigned int i = 0; i < OBJECTS; i++) {
		struct end end = end_closed(&cell->objects[i]);

		if (cell->touched[i] && subject->remove)
			subject->remove(&end, &cell->objects[i]);
	}
	_exit(0);
}

static void remove_directory(const char *path)
{
	DIR *directory = opendir(path);

	for (struct dirent *entry; directory && (entry = readdir(directory));)
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			unlinkat(dirfd(directory), entry->d_name, 0);
	if (directory)
		closedir(directory);
	rmdir(path);
}

static pid_t parent_of(const char *pid)
{
	char path[32];
	pid_t parent = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.10s/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%*d (%*[^)]) %*c %d", &parent) != 1)
		parent = 0;
	fclose(file);
	return parent;
}

static void kill_children(void)
{
	DIR *directory = opendir("/proc");

	for (struct dirent *entry; directory && (entry = readdir(directory));)
		if (atoi(entry->d_name) > 0 && parent_of(entry->d_name) == getpid())
			kill(atoi(entry->d_name), SIGKILL);
	if (directory)
		closedir(directory);
}

/* The guard's alone. Children of who is killed become its own: again, until there are none. */
static void kill_descendants(void)
{
	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0 && errno == ECHILD)
			return;
		if (pid > 0)
			continue;
		kill_children();
		waitpid(-1, NULL, 0);
	}
}

static sigset_t guarded_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	return set;
}

/* Reaps whoever is gone; true if the stage is among them. */
static bool reap(struct cell *cell, pid_t stage)
{
	int status;

	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (pid != stage)
			continue;
		if (WIFSIGNALED(status))
			cell_break(cell, "killed by signal %d", WTERMSIG(status));
		return true;
	}
	return false;
}

static int64_t ms_since(const struct timespec *from)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - from->tv_sec) * 1000ll + (now.tv_nsec - from->tv_nsec) / 1000000;
}

static void await_stage(struct cell *cell, pid_t stage)
{
	unsigned int seconds = cell->claim->seconds ? cell->claim->seconds : CELL_SECONDS;
	sigset_t set = guarded_signals();
	struct timespec begin;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	while (!reap(cell, stage)) {
		int64_t left = seconds * 1000ll - ms_since(&begin);
		struct timespec limit = { .tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000 };

		if (left <= 0) {
			cell_break(cell, "no end after %u seconds", seconds);
			return;
		}
		if (sigtimedwait(&set, NULL, &limit) == SIGTERM) {
			cell_break(cell, "interrupted");
			return;
		}
	}
}

/* Forks what shall end with the guard. */
static pid_t fork_part(struct cell *cell, void (*part)(struct cell *cell))
{
	sigset_t none;
	pid_t guard = getpid();
	pid_t pid = fork();

	if (pid)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != guard)
		_exit(1);
	part(cell);
	_exit(0);
}

__attribute__((noreturn))
static void be_guard(struct cell *cell, pid_t runner)
{
	sigset_t set = guarded_signals();
	pid_t stage;

	sigprocmask(SIG_SETMASK, &set, NULL);
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == runner) {
		stage = fork_part(cell, run_experiment);
		if (stage < 0)
			cell_break(cell, "fork: %s", error_name(errno));
		else
			await_stage(cell, stage);
	}
	kill_descendants();
	waitpid(fork_part(cell, remove_objects), NULL, 0);
	kill_descendants();
	remove_directory(cell->objects[0].directory);
	_exit(0);
}

static void name_objects(struct arena *arena)
{
	static unsigned int serial;

	serial++;
	for (unsigned int i = 0; i < OBJECTS; i++) {
		struct object *object = &arena->objects[i];

		snprintf(object->name, sizeof(object->name), "probe-%d-%u-%u", getpid(), serial, i);
		object->message_max = MESSAGE_MAX;
		object->mode = 0600;
		for (unsigned int id = 0; id < OBJECT_IDS; id++)
			object->ids[id] = -1;
	}
}

/* Open to all, and without the sticky bit, which would forbid more than modes do. */
static int make_directory(struct arena *arena)
{
	char path[] = "/tmp/kmqprobe-XXXXXX";

	if (!mkdtemp(path))
		return -1;
	chmod(path, 0777);
	for (unsigned int i = 0; i < OBJECTS; i++)
		strcpy(arena->objects[i].directory, path);
	return 0;
}

static struct arena *arena_new(const struct cell_result *result)
{
	struct arena *arena = mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (arena == MAP_FAILED)
		return NULL;
	name_objects(arena);
	if (make_directory(arena)) {
		munmap(arena, sizeof(*arena));
		return NULL;
	}
	arena->cell.claim = result->claim;
	arena->cell.subject = result->subject;
	arena->cell.objects = arena->objects;
	arena->cell.puppets = arena->puppets;
	arena->cell.scratch = arena->scratch;
	return arena;
}

/* The runner's side of the end: keeps what the arena says. */
static void keep_result(struct cell_job *job)
{
	const struct cell *cell = &job->arena->cell;
	struct cell_result *result = job->result;

	result->verdict = cell->broke ? VERDICT_NONE : cell->verdict;
	result->broke = cell->broke;
	memcpy(result->answer, cell->answer, sizeof(result->answer));
	result->evidence = strdup(cell->evidence);
	result->elapsed_ms = ms_since(&job->begin);
}

static void job_free(struct cell_job *job)
{
	munmap(job->arena, sizeof(*job->arena));
	free(job);
}

static struct cell_job *fail_to_start(struct cell_job *job, struct cell_result *result)
{
	result->verdict = VERDICT_NONE;
	result->broke = true;
	snprintf(result->answer, sizeof(result->answer), "the experiment broke: %s",
		 error_name(errno));
	free(job);
	return NULL;
}

struct cell_job *cell_start(struct cell_result *result)
{
	struct cell_job *job = calloc(1, sizeof(*job));
	pid_t runner = getpid();

	if (job)
		job->arena = arena_new(result);
	if (!job || !job->arena)
		return fail_to_start(job, result);
	job->result = result;
	clock_gettime(CLOCK_MONOTONIC, &job->begin);
	fflush(NULL);
	job->guard = fork();
	if (!job->guard)
		be_guard(&job->arena->cell, runner);
	if (job->guard > 0)
		return job;
	remove_directory(job->arena->objects[0].directory);
	munmap(job->arena, sizeof(*job->arena));
	return fail_to_start(job, result);
}

static bool collect(struct cell_job *job, int options)
{
	int status;
	pid_t pid = waitpid(job->guard, &status, options);

	if (!pid || (pid < 0 && errno == EINTR))
		return false;
	if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
		cell_break(&job->arena->cell, "its guard died");
	keep_result(job);
	job_free(job);
	return true;
}

bool cell_is_over(struct cell_job *job)
{
	return collect(job, WNOHANG);
}

void cell_stop(struct cell_job *job)
{
	kill(job->guard, SIGTERM);
}

void cell_run(struct cell_result *result)
{
	struct cell_job *job = cell_start(result);

	while (job && !collect(job, 0))
		continue;
}
