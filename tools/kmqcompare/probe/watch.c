// SPDX-License-Identifier: GPL-2.0-only
/* Looks at puppets from outside: is it gone, asleep, busy, or just slow? */
#include "puppet_private.h"

#include <poll.h>
#include <stdio.h>
#include <time.h>

#define SLICE_MS	20	/* between looks whether it still lives */
#define LOOK_MS		10	/* between two looks at what it does */
#define LATE_MS		(3 * LOOK_MS)
#define OTHERS_MS	3000	/* for others to come to rest; who spins never does */
#define BUSY_NS		200000000	/* of its processor, in one call */
#define BUSY_WAKEUPS	40
#define BUSY_LOOKS	5
#define RESTLESS	2	/* wake-ups between two looks */

int64_t puppet_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

bool puppet_is_gone(const struct puppet *puppet, int ms)
{
	struct pollfd process = { .fd = puppet->pidfd, .events = POLLIN };

	return puppet->pidfd < 0 || poll(&process, 1, ms) > 0;
}

static char state_of(pid_t pid)
{
	char path[32], state = '?';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return state;
	/* Its own name is kmqcompare's: it has no parenthesis. */
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = '?';
	fclose(file);
	return state;
}

static long wakeups_of(pid_t pid)
{
	char path[32], line[128];
	long wakeups = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &wakeups) == 1)
			break;
	fclose(file);
	return wakeups;
}

struct look puppet_look(const struct puppet *puppet)
{
	struct look look = { .state = state_of(puppet->pid), .wakeups = wakeups_of(puppet->pid) };
	struct timespec used = { 0 };
	clockid_t clock;

	if (!clock_getcpuclockid(puppet->pid, &clock))
		clock_gettime(clock, &used);
	look.cpu_ns = used.tv_sec * 1000000000ll + used.tv_nsec;
	return look;
}

/* Whoever of the others has something to do, may be about to wake it. */
static bool others_run(const struct puppet *puppet)
{
	const struct cell *cell = puppet->cell;

	for (unsigned int i = 0; i < cell->puppet_count; i++) {
		const struct puppet *other = &cell->puppets[i];
		enum phase phase = phase_of(other);

		if (other == puppet || !other->asked || puppet_is_gone(other, 0))
			continue;
		if (phase == PHASE_TOLD || (phase == PHASE_DOING && state_of(other->pid) != 'S'))
			return true;
	}
	return false;
}

/* What two looks soon after each other tell. */
enum activity {
	ACTIVITY_UNKNOWN,	/* the machine has so much to do that they came too late */
	ACTIVITY_NONE,		/* sleeps */
	ACTIVITY_SOME,
};

static enum activity activity_of(const struct puppet *puppet)
{
	int64_t begin = puppet_now_ms();
	struct look before = puppet_look(puppet), after;
	bool quiet;

	phase_wait(puppet, PHASE_DOING, LOOK_MS);
	after = puppet_look(puppet);
	quiet = before.state == 'S' && after.state == 'S' && before.cpu_ns == after.cpu_ns &&
		after.wakeups - before.wakeups < RESTLESS;
	if (!quiet)
		return ACTIVITY_SOME;
	return puppet_now_ms() - begin > LATE_MS ? ACTIVITY_UNKNOWN : ACTIVITY_NONE;
}

static bool is_asleep(const struct puppet *puppet)
{
	return activity_of(puppet) == ACTIVITY_NONE && phase_of(puppet) == PHASE_DOING;
}

static bool has_done_much(const struct puppet *puppet)
{
	struct look look = puppet_look(puppet);

	return look.cpu_ns - puppet->told.cpu_ns > BUSY_NS ||
	       look.wakeups - puppet->told.wakeups > BUSY_WAKEUPS;
}

/*
 * It does something, and has done much since it was told. Once is not enough: an
 * emulator counts as a process' time also what it did not run.
 */
static bool is_busy(const struct puppet *puppet)
{
	for (int i = 0; i < BUSY_LOOKS; i++)
		if (activity_of(puppet) != ACTIVITY_SOME)
			return false;
	return phase_of(puppet) == PHASE_DOING && has_done_much(puppet);
}

/* It may end and die between two looks, so the end is looked for once more. */
static enum ending see_death(const struct puppet *puppet)
{
	bool ended = phase_of(puppet) == PHASE_IDLE && puppet->task.deed != DEED_EXIT;

	return ended ? ENDING_DONE : ENDING_DEAD;
}

/*
 * What it does once its time is over. Who neither sleeps nor does anything much
 * has to wait for a processor, or others have; that is no answer yet. If looks come too
 * late for very long, the machine is as slow as that, and who sleeps at each sleeps.
 */
static bool see_state(struct puppet *puppet, int64_t late_ms, enum ending *ending)
{
	enum activity activity = activity_of(puppet);

	*ending = ENDING_ASLEEP;
	if (activity != ACTIVITY_SOME && phase_of(puppet) == PHASE_DOING) {
		if (late_ms >= START_MS)
			return true;
		return activity == ACTIVITY_NONE &&
		       (late_ms > OTHERS_MS || !others_run(puppet));
	}
	*ending = ENDING_BUSY;
	if (is_busy(puppet))
		return true;
	if (late_ms < START_MS)
		return false;
	cell_give_up(puppet->cell, "%s gets nowhere", puppet->who);
}

enum ending puppet_watch(struct puppet *puppet, unsigned int ms, bool worker)
{
	int64_t begin = puppet_now_ms();
	int64_t limit = begin + ms;
	enum ending ending;

	for (enum phase phase; (phase = phase_of(puppet)) != PHASE_IDLE;) {
		int64_t now = puppet_now_ms();

		if (puppet_is_gone(puppet, 0))
			return see_death(puppet);
		if (now >= limit && see_state(puppet, now - limit, &ending))
			return ending;
		if (worker && now > begin + PATIENCE_MS && is_asleep(puppet))
			return ENDING_ASLEEP;
		if (now < limit)
			phase_wait(puppet, phase, limit - now < SLICE_MS ? limit - now : SLICE_MS);
	}
	return ENDING_DONE;
}

