// SPDX-License-Identifier: GPL-2.0-only
#include "trial.h"

#include "placement.h"
#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A trial takes seconds; one that takes longer has lost a message or a wake-up. */
#define TRIAL_SECONDS	60

struct trial {
	const struct plan *plan;
	struct channel channels[CHANNELS_MAX];
	unsigned int opened;
	struct trial_shared *shared;
	pid_t workers[WORKERS_MAX];
	unsigned int alive;
	bool interrupted;
	char *reason;
};

const char *outcome_name(enum outcome outcome)
{
	static const char *const names[] = {
		[OUTCOME_OK] = "ok",
		[OUTCOME_FAILED] = "failed",
		[OUTCOME_UNAVAILABLE] = "unavailable",
		[OUTCOME_UNFIT] = "unfit",
		[OUTCOME_INTERRUPTED] = "interrupted",
	};

	return names[outcome];
}

static sigset_t awaited_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return set;
}

void trial_setup(void)
{
	sigset_t set = awaited_signals();

	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void close_channels(struct trial *trial)
{
	while (trial->opened)
		trial->plan->mechanism->close(&trial->channels[--trial->opened]);
}

static int open_channels(struct trial *trial)
{
	const struct plan *plan = trial->plan;
	const struct workload *workload = plan->workload;
	uint32_t wanted = workload->capacity ? workload->capacity(plan) : plan->capacity;

	while (trial->opened < workload->channels) {
		struct channel *channel = &trial->channels[trial->opened];

		channel->size = plan->size;
		channel->capacity = wanted;
		if (plan->mechanism->open(channel)) {
			snprintf(trial->reason, REASON_SIZE, "%s",
				 *channel->reason ? channel->reason : strerror(errno));
			return -1;
		}
		trial->opened++;
		if (workload->capacity && channel->capacity < wanted) {
			snprintf(trial->reason, REASON_SIZE,
				 "holds %u messages where %u are needed (root may get more)",
				 channel->capacity, wanted);
			return -1;
		}
	}
	return 0;
}

static int share_memory(struct trial *trial)
{
	pthread_barrierattr_t attributes;

	trial->shared = mmap(NULL, sizeof(*trial->shared), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (trial->shared == MAP_FAILED)
		return -1;
	pthread_barrierattr_init(&attributes);
	pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&trial->shared->barrier, &attributes, trial->plan->workload->workers);
	return 0;
}

/* The child's side of fork. */
static void become_worker(struct trial *trial, unsigned int role, pid_t runner)
{
	sigset_t set = awaited_signals();

	/* Ctrl-C reaches the whole group; the runner alone decides what follows. */
	signal(SIGINT, SIG_IGN);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != runner)
		_exit(1);
	_exit(worker_main(trial->plan, trial->channels, role, trial->shared));
}

static int start_workers(struct trial *trial)
{
	pid_t runner = getpid();

	fflush(NULL);
	for (unsigned int role = 0; role < trial->plan->workload->workers; role++) {
		pid_t pid = fork();

		if (pid < 0)
			return -1;
		if (!pid)
			become_worker(trial, role, runner);
		trial->workers[role] = pid;
		trial->alive++;
	}
	return 0;
}

static void kill_workers(struct trial *trial)
{
	for (unsigned int i = 0; i < WORKERS_MAX; i++)
		if (trial->workers[i] > 0)
			kill(trial->workers[i], SIGKILL);
}

static void note_end(struct trial *trial, unsigned int role, int status)
{
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return;
	/* The first to fail tells the cause; the others were killed for it. */
	if (!*trial->reason) {
		if (trial->shared->reports[role].failed)
			snprintf(trial->reason, REASON_SIZE, "%s",
				 trial->shared->reports[role].reason);
		else
			snprintf(trial->reason, REASON_SIZE, "process %u died (status %#x)", role,
				 status);
	}
	kill_workers(trial);
}

static void reap(struct trial *trial)
{
	for (unsigned int role = 0; role < WORKERS_MAX; role++) {
		int status;

		if (trial->workers[role] <= 0 ||
		    waitpid(trial->workers[role], &status, WNOHANG) != trial->workers[role])
			continue;
		trial->workers[role] = 0;
		trial->alive--;
		note_end(trial, role, status);
	}
}

static void await_workers(struct trial *trial)
{
	sigset_t set = awaited_signals();
	struct timespec limit = { .tv_sec = TRIAL_SECONDS };

	for (reap(trial); trial->alive; reap(trial)) {
		int signal = sigtimedwait(&set, NULL, &limit);

		if (signal == SIGCHLD)
			continue;
		if (signal < 0 && errno == EINTR)
			continue;
		if (signal < 0)
			snprintf(trial->reason, REASON_SIZE, "stuck: no end after %d seconds",
				 TRIAL_SECONDS);
		else
			trial->interrupted = true;
		kill_workers(trial);
	}
}

static void add_sample(struct sample *total, const struct sample *share)
{
	total->user_ns += share->user_ns;
	total->system_ns += share->system_ns;
	total->voluntary += share->voluntary;
	total->involuntary += share->involuntary;
	total->syscalls += share->syscalls;
	total->verified += share->verified;
	total->events_counted |= share->events_counted;
	for (int kind = 0; kind < EVENT_KINDS; kind++)
		total->events[kind] += share->events[kind];
}

static void collect(const struct trial *trial, struct sample *sample)
{
	uint64_t started = UINT64_MAX, ended = 0;

	memset(sample, 0, sizeof(*sample));
	for (unsigned int role = 0; role < trial->plan->workload->workers; role++) {
		const struct worker_report *report = &trial->shared->reports[role];

		started = report->started_ns < started ? report->started_ns : started;
		ended = report->ended_ns > ended ? report->ended_ns : ended;
		add_sample(sample, &report->sample);
	}
	sample->units = trial->plan->units;
	sample->elapsed_ns = ended - started;
	sample->capacity = trial->channels[0].capacity;
}

static enum outcome run_workers(struct trial *trial, struct sample *sample)
{
	if (share_memory(trial) || start_workers(trial)) {
		snprintf(trial->reason, REASON_SIZE, "cannot start: %s", strerror(errno));
		kill_workers(trial);
	}
	if (trial->shared != MAP_FAILED) {
		await_workers(trial);
		if (!*trial->reason && !trial->interrupted)
			collect(trial, sample);
		munmap(trial->shared, sizeof(*trial->shared));
	}
	if (trial->interrupted)
		return OUTCOME_INTERRUPTED;
	return *trial->reason ? OUTCOME_FAILED : OUTCOME_OK;
}

static enum outcome refuse(char *reason, enum outcome outcome, const char *why)
{
	snprintf(reason, REASON_SIZE, "%s", why);
	return outcome;
}

enum outcome trial_run(const struct plan *plan, struct sample *sample, char *reason)
{
	const struct mechanism *mechanism = plan->mechanism;
	const struct workload *workload = plan->workload;
	struct trial trial = { .plan = plan, .shared = MAP_FAILED, .reason = reason };
	const char *why = workload->unfit ? workload->unfit(mechanism) : NULL;
	enum outcome outcome;

	*reason = '\0';
	if (why)
		return refuse(reason, OUTCOME_UNFIT, why);
	if (!placement_possible(workload->placement))
		return refuse(reason, OUTCOME_UNFIT, "needs two processors");
	why = mechanism->unavailable ? mechanism->unavailable() : NULL;
	if (why)
		return refuse(reason, OUTCOME_UNAVAILABLE, why);
	outcome = open_channels(&trial) ? OUTCOME_UNAVAILABLE : run_workers(&trial, sample);
	close_channels(&trial);
	return outcome;
}
