// SPDX-License-Identifier: GPL-2.0-only
/* The stage's side of puppets: starts them, tells them, awaits them, ends them. */
#include "puppet_private.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

pid_t puppet_pid(const struct puppet *puppet)
{
	return puppet->pid;
}

static struct puppet *take_slot(struct cell *cell, const char *who)
{
	struct puppet *puppet;

	if (cell->puppet_count == PUPPETS_MAX)
		cell_give_up(cell, "needs more than %d processes", PUPPETS_MAX);
	puppet = &cell->puppets[cell->puppet_count++];
	puppet->cell = cell;
	puppet->pidfd = -1;
	snprintf(puppet->who, sizeof(puppet->who), "%s", who);
	return puppet;
}

/* Once it lives. */
static struct puppet *await_start(struct puppet *puppet)
{
	int64_t limit = puppet_now_ms() + START_MS;

	while (phase_of(puppet) == PHASE_NONE) {
		if (puppet_now_ms() > limit)
			cell_give_up(puppet->cell, "%s does not start", puppet->who);
		phase_wait(puppet, PHASE_NONE, START_MS);
	}
	puppet->pidfd = syscall(SYS_pidfd_open, puppet->pid, 0);
	return puppet;
}

/* In a child of the stage: the parent that each puppet has for itself. */
__attribute__((noreturn))
static void be_parent(struct puppet *puppet, pid_t stage)
{
	pid_t parent = getpid();
	pid_t child;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != stage)
		_exit(1);
	child = fork();
	if (child) {
		waitpid(child, NULL, 0);
		_exit(0);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	puppet_live(puppet);
}

struct puppet *puppet_new(struct cell *cell, const char *who)
{
	struct puppet *puppet = take_slot(cell, who);
	pid_t stage = getpid();
	pid_t pid = fork();

	if (!pid)
		be_parent(puppet, stage);
	if (pid < 0)
		cell_give_up(cell, "fork: %s", error_name(errno));
	return await_start(puppet);
}

struct puppet *puppet_fork(struct puppet *of, const char *who)
{
	struct puppet *child = take_slot(of->cell, who);
	struct task task = { .deed = DEED_FORK, .argument = child };

	child->is_fork = true;
	must(of, puppet_do(of, &task));
	return await_start(child);
}

/* Until its parent has reaped it and its number is free. False if it would not go. */
static bool await_exit(struct puppet *puppet)
{
	struct timespec tick = { .tv_nsec = 1000000 };
	int64_t limit = puppet_now_ms() + START_MS;

	puppet->asked = false;
	if (!puppet_is_gone(puppet, START_MS))
		return false;
	while (!puppet->is_fork && !kill(puppet->pid, 0) && puppet_now_ms() < limit)
		nanosleep(&tick, NULL);
	return true;
}

static bool end_process(struct puppet *puppet)
{
	syscall(SYS_pidfd_send_signal, puppet->pidfd, SIGKILL, NULL, 0);
	return await_exit(puppet);
}

struct puppet *puppet_join(struct puppet *creator, const char *who, enum way way)
{
	struct cell *cell = creator->cell;
	struct outcome_of_task outcome;
	struct puppet *puppet;

	if (cell->subject->attach) {
		puppet = puppet_new(cell, who);
		outcome = puppet_attach(puppet, way);
		if (outcome.ending == ENDING_DONE && outcome.result >= 0)
			return puppet;
		end_process(puppet);
	}
	puppet = puppet_fork(creator, who);
	outcome = puppet_keep(puppet, way);
	errno = outcome.error;
	return outcome.ending == ENDING_DONE && outcome.result >= 0 ? puppet : NULL;
}

void tell(struct puppet *puppet, const struct task *task)
{
	if (puppet->asked)
		cell_give_up(puppet->cell, "%s was told two things at a time", puppet->who);
	if (task->object >= OBJECTS || task->size > PARCEL_MAX)
		cell_give_up(puppet->cell, "%s was told what cannot be", puppet->who);
	puppet->task = *task;
	puppet->told = puppet_look(puppet);
	puppet->asked = true;
	puppet->seen_asleep = false;
	puppet->sigpipe = false;
	/* Before it begins, nobody shall read what it said last. */
	puppet->ends[task->object].call[0] = '\0';
	phase_set(puppet, PHASE_TOLD);
}

static struct outcome_of_task conclude(struct puppet *puppet, enum ending ending)
{
	struct outcome_of_task outcome = { .ending = ENDING_DEAD, .result = -1, .error = ESRCH };

	if (ending == ENDING_DONE)
		outcome = puppet->outcome;
	if (ending == ENDING_ASLEEP || ending == ENDING_BUSY)
		snprintf(outcome.call, sizeof(outcome.call), "%s", puppet_call(puppet));
	outcome.ending = ending;
	puppet_note(puppet, &outcome);
	puppet->seen_asleep = ending == ENDING_ASLEEP || ending == ENDING_BUSY;
	puppet->asked = puppet->seen_asleep;
	return outcome;
}

struct outcome_of_task await(struct puppet *puppet, unsigned int ms)
{
	return conclude(puppet, puppet->asked ? puppet_watch(puppet, ms, false) : ENDING_DEAD);
}

struct outcome_of_task await_work(struct puppet *puppet, unsigned int ms)
{
	return conclude(puppet, puppet->asked ? puppet_watch(puppet, ms, true) : ENDING_DEAD);
}

struct outcome_of_task puppet_do(struct puppet *puppet, const struct task *task)
{
	tell(puppet, task);
	return await(puppet, PATIENCE_MS);
}

static struct outcome_of_task do_deed(struct puppet *puppet, enum deed deed, enum way way)
{
	return puppet_do(puppet, &(struct task){ .deed = deed, .way = way });
}

struct outcome_of_task puppet_create(struct puppet *puppet)
{
	return do_deed(puppet, DEED_CREATE, WAY_BOTH);
}

struct outcome_of_task puppet_attach(struct puppet *puppet, enum way way)
{
	return do_deed(puppet, DEED_ATTACH, way);
}

struct outcome_of_task puppet_keep(struct puppet *puppet, enum way way)
{
	return do_deed(puppet, DEED_KEEP, way);
}

static struct outcome_of_task send_with(struct puppet *puppet, size_t size, uint32_t seed,
					enum patience patience)
{
	return puppet_do(puppet, &(struct task){ .deed = DEED_SEND, .size = size, .seed = seed,
						 .patience = patience });
}

static struct outcome_of_task receive_with(struct puppet *puppet, size_t room,
					   enum patience patience)
{
	return puppet_do(puppet, &(struct task){ .deed = DEED_RECEIVE, .size = room,
						 .patience = patience });
}

struct outcome_of_task puppet_send(struct puppet *puppet, size_t size, uint32_t seed)
{
	return send_with(puppet, size, seed, PATIENCE_FOREVER);
}

struct outcome_of_task puppet_receive(struct puppet *puppet, size_t room)
{
	return receive_with(puppet, room, PATIENCE_FOREVER);
}

struct outcome_of_task puppet_try_send(struct puppet *puppet, size_t size, uint32_t seed)
{
	return send_with(puppet, size, seed, PATIENCE_NONE);
}

struct outcome_of_task puppet_try_receive(struct puppet *puppet, size_t room)
{
	return receive_with(puppet, room, PATIENCE_NONE);
}

struct outcome_of_task puppet_lock(struct puppet *puppet, unsigned int which)
{
	return puppet_do(puppet, &(struct task){ .deed = DEED_LOCK, .lock = which });
}

struct outcome_of_task puppet_unlock(struct puppet *puppet, unsigned int which)
{
	return puppet_do(puppet, &(struct task){ .deed = DEED_UNLOCK, .lock = which });
}

struct outcome_of_task must(struct puppet *puppet, struct outcome_of_task outcome)
{
	/* The machine may be slow; the experiment cannot go on without it. */
	if (outcome.ending == ENDING_ASLEEP || outcome.ending == ENDING_BUSY)
		outcome = await(puppet, START_MS);
	if (outcome.ending != ENDING_DONE)
		cell_give_up(puppet->cell, "%s: %s does not end", puppet->who, puppet_call(puppet));
	if (outcome.result < 0)
		cell_give_up(puppet->cell, "%s: %s: %s", puppet->who, puppet_call(puppet),
			     error_name(outcome.error));
	return outcome;
}

void puppet_kill(struct puppet *puppet)
{
	if (puppet_is_gone(puppet, 0))
		return;
	if (!end_process(puppet))
		cell_give_up(puppet->cell, "%s survived SIGKILL", puppet->who);
	cell_note(puppet->cell, "%s: is killed (SIGKILL)", puppet->who);
}

void puppet_exit(struct puppet *puppet)
{
	tell(puppet, &(struct task){ .deed = DEED_EXIT });
	if (!await_exit(puppet))
		cell_give_up(puppet->cell, "%s does not exit", puppet->who);
	cell_note(puppet->cell, "%s: exit(0)", puppet->who);
}
