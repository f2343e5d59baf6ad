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

/* A trial takes seconds, unless more was asked for. */
#define TRIAL_NS	60000000000u
#define TRIAL_LATE	10	/* times what was expected */
/* A message takes less; if none arrives for so long, it or a wake-up was lost. */
#define STALL_MS	6000
#define LOOKS_PER_STALL	4

struct trial {
	const struct plan *plan;
	struct channel channels[CHANNELS_MAX];
	unsigned int opened;
	struct trial_shared *shared;
	pid_t workers[WORKERS_MAX];
	unsigned int alive;
	bool interrupted;
	bool unavailable;
	char *reason;
};

/* Of the workers, while they are waited for. */
struct watch {
	uint64_t began_ns;
	uint64_t verified;
	unsigned int quiet;	/* looks since a message was seen to have arrived */
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
	static const int signals[] = {
		SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU,
	};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaddset(&set, signals[i]);
	return set;
}

void trial_setup(void)
{
	sigset_t set = awaited_signals();

	sigprocmask(SIG_BLOCK, &set, NULL);
}

unsigned int plan_workers(const struct plan *plan)
{
	return plan->workload->workers ? plan->workload->workers
				       : plan->at.senders + plan->at.receivers;
}

unsigned int plan_channels(const struct plan *plan)
{
	return plan->mechanism->traits & MECHANISM_CALLS ? 1 : plan->workload->channels;
}

static uint32_t wanted_capacity(const struct plan *plan)
{
	return plan->workload->capacity ? plan->workload->capacity(plan) : plan->at.capacity;
}

static struct shape shape_of(const struct plan *plan)
{
	const struct workload *workload = plan->workload;
	bool batches = workload->batches || plan->mechanism->traits & MECHANISM_BATCHES_ONLY;

	return (struct shape){
		.size = plan->at.size,
		.capacity = wanted_capacity(plan),
		.batch = batches ? plan->at.batch : 1,
		.senders = plan->at.senders,
		.receivers = plan->at.receivers,
		.parallel = plan_workers(plan) > 1 &&
			    placement_is_exclusive(workload->placement, plan_workers(plan)),
	};
}

static void close_channels(struct trial *trial)
{
	while (trial->opened)
		trial->plan->mechanism->close(&trial->channels[--trial->opened]);
}

static int open_channel(struct trial *trial, const struct shape *shape)
{
	struct channel *channel = &trial->channels[trial->opened];

	channel->shape = *shape;
	channel->size = shape->size;
	channel->capacity = shape->capacity;
	errno = 0;
	if (trial->plan->mechanism->open(channel)) {
		snprintf(trial->reason, REASON_SIZE, "%s",
			 *channel->reason ? channel->reason : strerror(errno));
		return -1;
	}
	trial->opened++;
	if (!trial->plan->workload->capacity || channel->capacity >= shape->capacity)
		return 0;
	snprintf(trial->reason, REASON_SIZE,
		 "holds %u messages where %u are needed (root may get more)", channel->capacity,
		 shape->capacity);
	return -1;
}

static int open_channels(struct trial *trial)
{
	struct shape shape = shape_of(trial->plan);

	while (trial->opened < plan_channels(trial->plan))
		if (open_channel(trial, &shape))
			return -1;
	return 0;
}

/*
 * Mapped once: every trial makes it anew, but for the histogram, which is cleared
 * where it is used.
 */
static int share_memory(struct trial *trial)
{
	static struct trial_shared *shared = MAP_FAILED;
	pthread_barrierattr_t attributes;

	if (shared == MAP_FAILED)
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -1;
	memset(shared, 0, offsetof(struct trial_shared, latencies));
	shared->latencies.count = 0;
	pthread_barrierattr_init(&attributes);
	pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->barrier, &attributes, plan_workers(trial->plan));
	pthread_barrier_init(&shared->senders, &attributes, trial->plan->at.senders);
	if (sem_init(&shared->stopped, 1, 0))
		return -1;
	trial->shared = shared;
	return 0;
}

/* The child's side of fork. */
static void become_worker(struct trial *trial, unsigned int role, pid_t runner)
{
	sigset_t set = awaited_signals();

	/* These reach the whole group; the runner alone decides what follows. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
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
	for (unsigned int role = 0; role < plan_workers(trial->plan); role++) {
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
		const struct worker_report *report = &trial->shared->reports[role];

		trial->unavailable = report->unavailable;
		if (report->failed)
			snprintf(trial->reason, REASON_SIZE, "%s", report->reason);
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

static uint64_t verified_so_far(const struct trial *trial)
{
	uint64_t verified = 0;

	for (unsigned int role = 0; role < WORKERS_MAX; role++)
		verified += __atomic_load_n(&trial->shared->reports[role].verified,
					    __ATOMIC_RELAXED);
	return verified;
}

static unsigned int stall_ms(const struct plan *plan)
{
	return plan->stall_ms ? plan->stall_ms : STALL_MS;
}

uint64_t trial_limit_ns(const struct plan *plan)
{
	return TRIAL_NS + (uint64_t)(TRIAL_LATE * plan->expected_ns);
}

/*
 * Called now and then: ends a trial in which nothing moves. Looks are counted, and not
 * the time between them: on a machine that stood still neither went on.
 */
static void look_at_progress(struct trial *trial, struct watch *watch)
{
	uint64_t now = worker_clock(), verified = verified_so_far(trial);

	watch->quiet = verified == watch->verified ? watch->quiet + 1 : 0;
	watch->verified = verified;
	if (watch->quiet >= LOOKS_PER_STALL)
		snprintf(trial->reason, REASON_SIZE,
			 "stuck: nothing arrived for %u ms: a message or a wake-up was lost",
			 stall_ms(trial->plan));
	else if (now - watch->began_ns >= trial_limit_ns(trial->plan))
		snprintf(trial->reason, REASON_SIZE, "no end after %llu seconds",
			 (unsigned long long)trial_limit_ns(trial->plan) / 1000000000u);
	else
		return;
	kill_workers(trial);
}

static struct timespec look_interval(const struct plan *plan)
{
	uint64_t ms = stall_ms(plan) / LOOKS_PER_STALL;

	return (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
}

static void await_workers(struct trial *trial)
{
	const struct timespec interval = look_interval(trial->plan);
	struct watch watch = { .began_ns = worker_clock() };
	sigset_t set = awaited_signals();

	for (reap(trial); trial->alive; reap(trial)) {
		int signal = sigtimedwait(&set, NULL, &interval);

		if (signal < 0) {
			if (errno == EAGAIN)
				look_at_progress(trial, &watch);
		} else if (signal != SIGCHLD) {
			trial->interrupted = true;
			kill_workers(trial);
		}
	}
}

static void add_sample(struct sample *total, const struct sample *share)
{
	total->user_ns += share->user_ns;
	total->system_ns += share->system_ns;
	total->voluntary += share->voluntary;
	total->involuntary += share->involuntary;
	total->syscalls += share->syscalls;
	total->copied += share->copied;
	total->instructions += share->instructions;
	total->verified += share->verified;
	total->events_counted |= share->events_counted;
	for (int kind = 0; kind < EVENT_KINDS; kind++)
		total->events[kind] += share->events[kind];
}

static void collect(const struct trial *trial, struct sample *sample)
{
	uint64_t started = UINT64_MAX, ended = 0;

	memset(sample, 0, sizeof(*sample));
	for (unsigned int role = 0; role < plan_workers(trial->plan); role++) {
		const struct worker_report *report = &trial->shared->reports[role];

		started = report->started_ns < started ? report->started_ns : started;
		ended = report->ended_ns > ended ? report->ended_ns : ended;
		add_sample(sample, &report->sample);
	}
	sample->units = trial->plan->units;
	sample->elapsed_ns = ended - started;
	sample->capacity = trial->channels[0].capacity;
	sample->most = trial->channels[0].most;
	sample->latency_ns = histogram_at(&trial->shared->latencies, 50);
}

/* What no single worker can find, from what they all tell. */
static bool audit(struct trial *trial)
{
	const struct workload *workload = trial->plan->workload;
	const char *wrong = workload->audit ? workload->audit(trial->plan, trial->shared->reports)
					    : NULL;

	if (wrong)
		snprintf(trial->reason, REASON_SIZE, "%s", wrong);
	return !wrong;
}

static enum outcome run_workers(struct trial *trial, struct sample *sample,
				struct histogram *latencies)
{
	if (share_memory(trial) || start_workers(trial)) {
		snprintf(trial->reason, REASON_SIZE, "cannot start: %s", strerror(errno));
		kill_workers(trial);
	}
	if (trial->shared)
		await_workers(trial);
	if (trial->interrupted)
		return OUTCOME_INTERRUPTED;
	if (*trial->reason)
		return trial->unavailable ? OUTCOME_UNAVAILABLE : OUTCOME_FAILED;
	if (!audit(trial))
		return OUTCOME_FAILED;
	collect(trial, sample);
	if (latencies)
		histogram_merge(latencies, &trial->shared->latencies);
	return OUTCOME_OK;
}

static const char *why_unfit(const struct plan *plan)
{
	const struct mechanism *mechanism = plan->mechanism;
	const struct workload *workload = plan->workload;
	const struct shape shape = shape_of(plan);
	const char *why = workload->unfit ? workload->unfit(mechanism) : NULL;

	if (why)
		return why;
	if (mechanism->traits & MECHANISM_CALLS && !workload->calls)
		return "answers every message";
	if (!placement_possible(workload->placement))
		return "needs two processors";
	if (mechanism->traits & MECHANISM_SPINS && plan_workers(plan) > 1 && !shape.parallel)
		return "spinning needs a processor of its own";
	return mechanism->unfit ? mechanism->unfit(&shape) : NULL;
}

static enum outcome refuse(char *reason, enum outcome outcome, const char *why)
{
	snprintf(reason, REASON_SIZE, "%s", why);
	return outcome;
}

enum outcome trial_run(const struct plan *plan, struct sample *sample,
		       struct histogram *latencies, char *reason)
{
	struct trial trial = { .plan = plan, .reason = reason };
	const char *why = why_unfit(plan);
	enum outcome outcome;

	*reason = '\0';
	if (why)
		return refuse(reason, OUTCOME_UNFIT, why);
	why = plan->mechanism->unavailable ? plan->mechanism->unavailable() : NULL;
	if (why)
		return refuse(reason, OUTCOME_UNAVAILABLE, why);
	outcome = open_channels(&trial) ? OUTCOME_UNAVAILABLE
					: run_workers(&trial, sample, latencies);
	close_channels(&trial);
	return outcome;
}
